"""What a person decided about facts that did not count, as the hub writes it down. The envelope's `by` says who.

A fact is named by its place and its chain hash: the hash stands for that very line, and for everything before it.
Of several decisions about one fact the last in the hub's journal counts.
"""

from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Hex32, Id, Seq

#: Why, in a few words; never a person's name.
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
#: Facts, or branches, that one decision can name: more would not fit into a line.
MOST_AT_ONCE = 120


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact of some journal."""

    seq: Seq
    hash: Hex32


HashOrNone = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
Places = Annotated[list[Place], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)]


@kind("fact.released")
class FactReleased(Body, frozen=True):
    """They were not to be recorded by that tablet, or not any more; a person says that they count all the same."""

    journal: Id
    facts: Places
    reason: Reason


@kind("fact.dismissed")
class FactDismissed(Body, frozen=True):
    """A person looked at them. They stay kept, and do not count, whatever a later release makes of them."""

    journal: Id
    facts: Places
    reason: Reason


@kind("fork.decided")
class ForkDecided(Body, frozen=True):
    """Of the branches of a forked journal one counts, or none. A branch that is not named was not known yet."""

    journal: Id
    seq: Seq  # where they part
    kept: HashOrNone  # chain hash of the first fact of the branch that counts; empty: none does
    lost: Annotated[list[Hex32], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)]  # of those that do not
    reason: Reason
