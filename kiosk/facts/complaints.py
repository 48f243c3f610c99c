"""Complaints: the form, its rules, and the fact that one was filed.

The form's content never enters a journal. It is sealed to the hub's key in memory; the fact carries the
hash of the sealed blob, so the blob can be deleted on its date without breaking the chain.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import date
from functools import reduce
from itertools import count
from typing import Annotated, Literal

import msgspec

from kiosk import crockford
from kiosk.facts.kinds import Body, kind
from kiosk.values import Hex32, Id

#: The notice shown before the first field; a changed wording takes a new version.
NOTICE_VERSION = "2026-11"

CaseNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}\Z")]


@kind("complaint.filed")
class ComplaintFiled(Body, frozen=True):
    case: CaseNumber
    blob: Hex32  # of the sealed content
    size: Annotated[int, msgspec.Meta(ge=1, le=64 * 1024)]  # bytes of the sealed content
    channel: Literal["volunteer", "phone"]
    notice: Annotated[str, msgspec.Meta(max_length=20)]  # version of the notice the person agreed to


class Complaint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content, in memory only: what Order 121, article 10 asks of a complaint (投诉)."""

    name: str
    phone: str
    address: str
    respondent: str  # the merchant's name
    respondent_address: str
    bought_on: str  # ISO date, or "" when the person does not know
    amount: int | None  # in fen (分); None when not known
    facts: str  # what happened
    request: str  # what the person wants
    context: "Context"


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sealed with the content and compared after opening, so no blob can stand in for another."""

    fair: str
    fact: Id
    case: CaseNumber


def draw_case_number(random_index: Callable[[int], int] = secrets.randbelow) -> str:
    """Eight random symbols and a check symbol that is a letter or digit, e.g. `7KQ2-M0ZRT`.

    Random, not sequential: a number says nothing about how many came before it.
    """
    numbers = (reduce(lambda number, _: number * 32 + random_index(32), range(8), 0) for _ in count())
    return crockford.write_checked(numbers, 9)


def normal_case_number(typed: str) -> str | None:
    """What a person typed as a case number, or None when it cannot be one (its check symbol fails)."""
    return crockford.normal_checked(typed, 9)


# --- the form -------------------------------------------------------------------------------------

Rule = Callable[[str, date], bool]


class Field(msgspec.Struct, frozen=True):
    """One field of the form. Labels and help stand in the templates."""

    name: str
    required: bool
    longest: int  # characters
    rule: Rule = lambda _text, _today: True


_PHONE = re.compile(r"^(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(?:-\d{1,6})?|[48]00-?\d{3}-?\d{4})\Z")
_AMOUNT = re.compile(r"^\d{1,9}(?:\.\d{1,2})?\Z")


def _is_phone(text: str, _today: date) -> bool:
    return bool(_PHONE.match(re.sub(r"[\s()（）]", "", text)))


def _is_past_date(text: str, today: date) -> bool:
    try:
        day = date.fromisoformat(text)
        return date(1990, 1, 1) <= day <= today and day.isoformat() == text
    except ValueError:
        return False


def _is_amount(text: str, _today: date) -> bool:
    return bool(_AMOUNT.match(text.replace(",", "")))


def _is_agreed(text: str, _today: date) -> bool:
    return text == "yes"


#: The form, one tuple a screen: one decision at a time.
STEPS: tuple[tuple[Field, ...], ...] = (
    (Field("notice", required=True, longest=3, rule=_is_agreed),),
    (
        Field("respondent", required=True, longest=80),
        Field("respondent_address", required=True, longest=120),
    ),
    (
        Field("bought_on", required=False, longest=10, rule=_is_past_date),
        Field("amount", required=False, longest=14, rule=_is_amount),
        Field("facts", required=True, longest=1000),
    ),
    (Field("request", required=True, longest=300),),
    (
        Field("name", required=True, longest=40),
        Field("phone", required=True, longest=24, rule=_is_phone),
        Field("address", required=True, longest=120),
    ),
)
FIELDS = tuple(field for step in STEPS for field in step)


def clean(value: str) -> str:
    """One person's typing made storable: no control characters, no outer blanks, CRLF as newline."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in value if c == "\n" or c.isprintable() or c == "\u3000").strip()


def faults(values: Mapping[str, str], fields: tuple[Field, ...], today: date) -> dict[str, str]:
    """What is wrong, by field: "missing", "long" or "invalid"."""
    found = {}
    for field in fields:
        text = values.get(field.name, "")
        if not text:
            if field.required:
                found[field.name] = "missing"
        elif len(text) > field.longest:
            found[field.name] = "long"
        elif not field.rule(text, today):
            found[field.name] = "invalid"
    return found


def fen(amount: str) -> int | None:
    """Yuan as typed (`128`, `1,280.5`) → fen."""
    if not amount:
        return None
    yuan, _, cents = amount.replace(",", "").partition(".")
    return int(yuan) * 100 + int(cents.ljust(2, "0") or 0)


def compose(values: Mapping[str, str], context: Context) -> Complaint:
    """The complaint from a form without faults."""
    return Complaint(
        name=values["name"],
        phone=re.sub(r"[\s()（）]", "", values["phone"]),
        address=values["address"],
        respondent=values["respondent"],
        respondent_address=values["respondent_address"],
        bought_on=values.get("bought_on", ""),
        amount=fen(values.get("amount", "")),
        facts=values["facts"],
        request=values["request"],
        context=context,
    )
