"""A kind of code, and what one looked at turned out to be."""

import msgspec

from kiosk.packs.model import Text


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of code is written.

    A code is a head, which a pattern finds, and a body of so many characters out of an alphabet. `layout` cuts the
    whole of it into parts, one a group; where `is_rule` is not set, it is only how such codes are usually written, and
    a code that differs is not called wrong.
    """

    id: str  # a slug: what the fact and the metric say
    name: Text
    where: Text  # on the packet
    drawing: str
    example: str  # made up, and right
    layout: str
    captions: tuple[Text, ...]  # of its groups
    lengths: tuple[int, ...]  # of the body
    head: str = ""
    bare: str = ""  # a pattern of bodies people type without the head; of look-alikes already turned into digits
    own_head: str = ""  # the head that then belongs before it
    signs: str = "0123456789"
    check: str = ""  # the check character's arithmetic, by name; "" where none is known
    check_part: int = -1  # which part it is
    is_rule: bool = True
    law: Text | None = None  # what a law says of it, in our words
    cite: str = ""  # that law


class Part(msgspec.Struct, frozen=True):
    text: str
    caption: Text
    is_check: bool


class Sign(msgspec.Struct, frozen=True):
    """One character of a code that is not of its form."""

    text: str
    is_wrong: bool


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of what was typed."""

    kind: Kind
    code: str
    form: bool  # whether it is written as such codes are
    check: bool | None  # whether the check character is right; None where there is none, or the form does not hold
    parts: tuple[Part, ...] = ()  # of a code of the right form
    signs: tuple[Sign, ...] = ()  # of any other
    faults: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    is_open: bool = False  # what speaks against it is no proof: it may be something else, or only unusual
    suggestion: str = ""  # the code with look-alikes read as what can stand there: a question, not an answer

    @property
    def is_right(self) -> bool:
        return self.form and self.check is not False
