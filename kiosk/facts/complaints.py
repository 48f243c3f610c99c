"""Complaints: the form, its rules, and the fact that one was filed.

The form's content never enters a journal. It is sealed to the hub's key in memory; the fact carries the
hash of the sealed blob, so the blob can be deleted on its date without breaking the chain.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, reduce
from itertools import count
from typing import Annotated, Any, Literal

import msgspec

from kiosk import crockford
from kiosk.facts.kinds import REGISTRY, Body, kind
from kiosk.values import Hex32, Id, derived_id

#: The notice shown before the first field; a changed wording takes a new version.
NOTICE_VERSION = "2026-12b"

CaseNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}\Z")]
_OtherCase = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5})?\Z")]


Matter = Literal["complaint", "report"]  # 投诉, 举报
Intake = Literal["regulator", "association", "other"]  # who takes it in at the desk
Standing = Literal["window", "pre"]  # the desk is a published channel; or this is a pre-registration (预登记)
FormYear = Literal["2026", "2019"]  # which set of fields was asked


@kind("complaint.filed", 2)
class ComplaintFiled(Body, frozen=True):
    case: CaseNumber
    blob: Hex32  # of the sealed content
    size: Annotated[int, msgspec.Meta(ge=1, le=64 * 1024)]  # bytes of the sealed content
    channel: Literal["volunteer", "phone", "wifi", "paper"]
    notice: Annotated[str, msgspec.Meta(max_length=20)]  # version of the notice the person agreed to
    matter: Matter
    intake: Intake
    standing: Standing
    form: FormYear
    code: Annotated[str, msgspec.Meta(max_length=128)]  # Argon2id of the query code (查询码), as its own string; or ""
    linked: _OtherCase  # the other record of the same visit, or ""


@REGISTRY.upcaster("complaint.filed", 1)
def _first_complaints(body: dict[str, Any]) -> dict[str, Any]:
    """Release 1 knew complaints to the regulator only, and gave no code to ask by."""
    told = {"matter": "complaint", "intake": "regulator", "standing": "window", "form": "2019"}
    return {**body, **told, "code": "", "linked": ""}


@kind("complaint.evidence")
class ComplaintEvidence(Body, frozen=True):
    """A photo of a complaint. Its sealed content is a line of JSON, saying whose it is, and the picture as taken."""

    case: CaseNumber
    blob: Hex32  # of the sealed content
    size: Annotated[int, msgspec.Meta(ge=1, le=8 * 1024 * 1024)]  # bytes of the sealed content
    number: Annotated[int, msgspec.Meta(ge=1, le=9)]  # among the photos of its complaint


#: Photos of one complaint.
PHOTOS = 9


class PhotoContext(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first line of a photo's sealed content, compared after opening, so that none can stand in for another."""

    fair: str
    fact: Id  # that names the content
    case: CaseNumber
    number: int
    type: Literal["image/jpeg", "image/png", "image/webp", "image/heic"]


def evidence_id(filed: Id, number: int) -> Id:
    """The id of the fact of a photo, from that of the filing: handing it in again is the same fact."""
    return derived_id(b"kiosk/evidence/1/%d" % number, filed)


def join_photo(context: PhotoContext, photo: bytes) -> bytes:
    """What is sealed of a photo, byte for byte as it was taken: evidence stays evidence."""
    return msgspec.json.encode(context) + b"\n" + photo


def split_photo(content: bytes) -> tuple[PhotoContext, bytes]:
    """The two parts of what was sealed. Raises `msgspec.MsgspecError` or `UnicodeDecodeError` for what is no photo."""
    line, _, photo = content.partition(b"\n")
    return msgspec.json.decode(line, type=PhotoContext), photo


class Consents(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Each asked by itself, and refused without consequence. False where it was not asked, too: which were asked
    `Complaint.consents_said` tells.
    """

    forward: bool = False  # 单独同意转交: to whoever has jurisdiction
    mediation: bool = False  # 同意委托调解
    publicity: bool = False  # 同意公示投诉信息


class Complaint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content, in memory only: what Order 121 asks of a complaint (投诉, article 10) and a report (举报, 28).

    What has a default was not asked by the first release.
    """

    name: str  # of the consumer; a report may leave name, phone and address empty
    phone: str
    address: str
    respondent: str  # the merchant's name
    respondent_address: str
    bought_on: str  # ISO date, or "" when the person does not know
    amount: int | None  # in fen (分); None when not known
    facts: str  # what happened
    request: str  # what the person wants, in words; may be empty beside `requests`
    context: "Context"
    matter: Matter = "complaint"
    form: FormYear = "2019"
    respondent_code: str = ""  # 统一社会信用代码, checked
    what: str = ""  # goods or service
    place: str = ""  # where it was bought, or happened
    grounds: str = ""  # what it can be proven by (事实依据)
    requests: list[str] = msgspec.field(default_factory=list)  # codes of REQUESTS
    guardian: str = ""  # who speaks for somebody under 18
    on_behalf: str = ""  # who acts for the consumer with a written authority (受托人)
    on_behalf_phone: str = ""
    relation: str = ""  # of theirs to the consumer, one of RELATIONS
    authority: bool = False  # whether that authority (授权委托书) is written and signed already
    consents: Consents | None = None
    photos: int = 0

    def consents_said(self) -> dict[str, bool]:
        """The consents this record was asked for, in the order of the form, and whether each was given."""
        if self.consents is None:
            return {}
        values = {"matter": self.matter, "form": self.form, "anonymous": "no" if self.name else "yes"}
        asked = (field for step in steps_of(values) if step.name == "consents" for field in step.fields)
        return {field.name: getattr(self.consents, field.name) for field in asked if field.asked(values)}


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sealed with the content and compared after opening, so no blob can stand in for another."""

    fair: str
    fact: Id
    case: CaseNumber


#: What a person may ask for, as codes of `Complaint.requests`; the words stand in the templates.
REQUESTS = ("repair", "redo", "replace", "return", "make_up", "refund", "compensate", "other")
#: What somebody may be to the consumer for whom they act, as `Complaint.relation`.
RELATIONS = ("family", "friend", "lawyer", "other")


def draw_case_number(random_index: Callable[[int], int] = secrets.randbelow) -> str:
    """Eight random symbols and a check symbol that is a letter or digit, e.g. `7KQ2-M0ZRT`.

    Random, not sequential: a number says nothing about how many came before it.
    """
    numbers = (reduce(lambda number, _: number * 32 + random_index(32), range(8), 0) for _ in count())
    return crockford.write_checked(numbers, 9)


def normal_case_number(typed: str) -> str | None:
    """What a person typed as a case number, or None when it cannot be one (its check symbol fails)."""
    return crockford.normal_checked(typed, 9)


def draw_query_code(random_index: Callable[[int], int] = secrets.randbelow) -> str:
    """Thirteen random symbols, 65 bits: with the number, what a person asks by how their case stands."""
    return query_code(crockford.write(reduce(lambda code, _: code * 32 + random_index(32), range(13), 0), 13)) or ""


def query_code(typed: str) -> str | None:
    """What a person typed as a query code, as they copy it: `7KQ2-M0ZR-8XDPA`. None where it cannot be one."""
    text = crockford.normal(typed)
    return f"{text[:4]}-{text[4:8]}-{text[8:]}" if crockford.read(text, 13) is not None else None


# --- the form -------------------------------------------------------------------------------------

#: What was typed, by field; and beside it `matter` and `form`, which say what is asked.
Values = Mapping[str, str]
Rule = Callable[[str, date], bool]


def _always(_values: Values) -> bool:
    return True


def _never(_values: Values) -> bool:
    return False


def _of_complaint(values: Values) -> bool:
    return values.get("matter") == "complaint"


def _of_report(values: Values) -> bool:
    return values.get("matter") == "report"


def _is_named(values: Values) -> bool:
    """A complaint has a real name; who reports may leave theirs out."""
    return _of_complaint(values) or values.get("anonymous") == "no"


def _is_minor(values: Values) -> bool:
    return values.get("consumer") == "minor"


def _is_for_another(values: Values) -> bool:
    """Whether somebody acts for a consumer of age; for one under age their guardian does, by law."""
    return _of_complaint(values) and values.get("consumer") == "other"


def _of_2026(values: Values) -> bool:
    return values.get("form") == "2026"


def _of_complaint_2026(values: Values) -> bool:
    return _of_complaint(values) and _of_2026(values)


def _says_nothing_else(values: Values) -> bool:
    """Whether no request is ticked, or one that says nothing without words."""
    return not any(values.get(f"want_{code}") == "yes" for code in REQUESTS if code != "other")


def clean(value: str) -> str:
    """One person's typing made storable: no control characters, no outer blanks, CRLF as newline."""
    if value.isprintable():
        return value.strip()
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in value if c == "\n" or c.isprintable() or c == "\u3000").strip()


def _narrow(text: str) -> str:
    """Digits and signs of full width as those of a keyboard."""
    return unicodedata.normalize("NFKC", text).strip()


def _tidy_code(text: str) -> str:
    return _GAPS.sub("", _narrow(text)).upper()


_GAPS = re.compile(r"[\s-]")
_COMMAS = re.compile(r"[,，\s]")
_TEN_THOUSANDS = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,4})?)万")
_YUAN = re.compile(r"^(?:[¥￥]|人民币|RMB|CNY)|(?:[元块圆]整?)$", re.IGNORECASE)


def _tidy_amount(text: str) -> str:
    """`１，２８０．５０元` → `1280.50`, `1.2万` → `12000`; what is no amount stays as it is."""
    bare = _YUAN.sub("", _COMMAS.sub("", _narrow(text)))
    ten_thousands = _TEN_THOUSANDS.fullmatch(bare)
    if ten_thousands:
        return str(int(Decimal(ten_thousands[1]) * 10_000))
    return bare if _AMOUNT.match(bare) else _narrow(text)


#: A mobile, a line with its area code, a service line; in groups as they are spoken, the last one an extension.
_PHONE_SHAPES = (
    re.compile(r"(1[3-9][0-9])-?([0-9]{4})-?([0-9]{4})()"),
    re.compile(r"(0[0-9]{2,3})-?([0-9]{3,4})-?([0-9]{4})(?:-([0-9]{1,6}))?"),
    re.compile(r"([48]00)-?([0-9]{3})-?([0-9]{4})(?:-([0-9]{1,6}))?"),
    re.compile(r"([48]00)-?([0-9]{4})-?([0-9]{3})(?:-([0-9]{1,6}))?"),
)
_BRACKETS = re.compile(r"[\s().·]")
_DASHES = re.compile(r"[\u2010-\u2015—－−]")
_EXTENSION = re.compile(r"-*(?:转|分机|ext|[#x,，])-*", re.IGNORECASE)
_ABROAD = re.compile(r"(?:\+|00)86-?(.+)|86-?(1[3-9][0-9-]{9,11})")
_OF_HERE = re.compile(r"0|1[3-9][0-9]|[48]00")


def tidy_phone(text: str) -> str:
    """As people write it → digits alone, an extension after a hyphen; what is no telephone number stays as it is."""
    bare = _EXTENSION.sub("-", _DASHES.sub("-", _BRACKETS.sub("", _narrow(text))))
    abroad = _ABROAD.fullmatch(bare)
    if abroad:
        bare = abroad[1] or abroad[2]
        bare = bare if _OF_HERE.match(bare) else f"0{bare}"
    for shape in _PHONE_SHAPES:
        found = shape.fullmatch(bare)
        if found:
            *number, extension = found.groups("")
            return "".join(number) + (f"-{extension}" if extension else "")
    return clean(text)


_PHONE = re.compile(r"^(?:1[3-9][0-9]{9}|0[0-9]{9,11}(?:-[0-9]{1,6})?|[48]00[0-9]{7}(?:-[0-9]{1,6})?)\Z")
_AMOUNT = re.compile(r"^[0-9]{1,9}(?:\.[0-9]{1,2})?\Z")


def _is_phone(text: str, _today: date) -> bool:
    return bool(_PHONE.match(text))


def _is_past_date(text: str, today: date) -> bool:
    try:
        day = date.fromisoformat(text)
        return date(1990, 1, 1) <= day <= today and day.isoformat() == text
    except ValueError:
        return False


def _is_amount(text: str, _today: date) -> bool:
    return bool(_AMOUNT.match(text))


class Field(msgspec.Struct, frozen=True):
    """One field of the form. Labels and help stand in the templates."""

    name: str
    longest: int  # characters
    needed: Callable[[Values], bool] = _always  # whether it must not be left empty
    asked: Callable[[Values], bool] = _always
    choices: tuple[str, ...] = ()  # what can be chosen; empty where it is typed
    tidy: Callable[[str], str] = clean  # what was typed as it is kept
    rule: Rule = lambda _text, _today: True


class Step(msgspec.Struct, frozen=True):
    """One screen: one decision. Its template is `complaints/steps/<name>.html`."""

    name: str
    fields: tuple[Field, ...]
    asked: Callable[[Values], bool] = _always


_YES = ("yes",)
_YES_OR_NO = ("yes", "no")


def _wish(code: str) -> Field:
    return Field(f"want_{code}", 3, needed=_never, choices=_YES)


#: The form in order. Which of it is asked depends on the matter, the set of fields, and what was said before.
STEPS: tuple[Step, ...] = (
    Step("notice", (Field("notice", 3, choices=_YES),)),
    Step(
        "who",
        (
            Field("consumer", 5, choices=("adult", "minor", "other")),
            Field("guardian", 40, needed=_is_minor, asked=_is_minor),
        ),
        _of_complaint,
    ),
    Step(
        "agent",
        (
            Field("on_behalf", 40),
            Field("on_behalf_phone", 24, tidy=tidy_phone, rule=_is_phone),
            Field("relation", 6, choices=RELATIONS),
        ),
        _is_for_another,
    ),
    Step("authority", (Field("authority", 3, choices=_YES_OR_NO),), _is_for_another),
    Step("sign", (Field("anonymous", 3, choices=_YES_OR_NO),), _of_report),
    Step(
        "respondent",
        (
            Field("respondent", 80),
            Field("respondent_address", 120),
            Field("respondent_code", 18, needed=_never, asked=_of_2026, tidy=_tidy_code),
        ),
    ),
    Step(
        "what",
        (
            Field("what", 80, needed=_of_complaint, asked=_of_2026),
            Field("place", 120, needed=_never, asked=_of_2026),
            Field("bought_on", 10, needed=_never, tidy=_narrow, rule=_is_past_date),
            Field("amount", 14, needed=_never, tidy=_tidy_amount, rule=_is_amount),
        ),
    ),
    Step(
        "facts",
        (
            Field("facts", 1000),
            Field("grounds", 500, needed=_never, asked=_of_2026),
        ),
    ),
    Step("photos", ()),
    Step(
        "request",
        (
            *(_wish(code) for code in REQUESTS),
            Field("request", 300, needed=_says_nothing_else),
        ),
        _of_complaint,
    ),
    Step(
        "consents",
        (
            Field("forward", 3, choices=_YES_OR_NO),
            Field("mediation", 3, asked=_of_complaint_2026, choices=_YES_OR_NO),
            Field("publicity", 3, asked=_of_complaint_2026, choices=_YES_OR_NO),
        ),
        _is_named,
    ),
    Step(
        "identity",
        (
            Field("name", 40),
            Field("phone", 24, tidy=tidy_phone, rule=_is_phone),
            Field("address", 120),
        ),
        _is_named,
    ),
)
FIELDS = tuple(field for step in STEPS for field in step.fields)
_LONGEST = {field.name: field.longest for field in FIELDS}
_TIDY = tuple((field.name, field.tidy) for field in FIELDS)
#: What a report of the same visit takes over from a complaint.
OF_MERCHANT = ("respondent", "respondent_address", "respondent_code", "what", "place", "bought_on", "facts", "grounds")


#: What decides which screens there are, and what of it makes a difference.
_DECIDING: Mapping[str, Collection[str]] = {
    "matter": ("complaint", "report"),
    "form": ("2026", "2019"),
    **{field.name: field.choices for field in FIELDS if field.name in ("consumer", "anonymous")},
}


def steps_of(values: Values) -> tuple[Step, ...]:
    """The screens of a form, as far as what was said tells."""
    return _steps_of(*[text if (text := values.get(name)) in some else "" for name, some in _DECIDING.items()])


@cache
def _steps_of(*said: str) -> tuple[Step, ...]:
    """A screen asks several times; of what there is to say there is little, and nothing of it is anybody's own."""
    values = dict(zip(_DECIDING, said, strict=True))
    return tuple(step for step in STEPS if step.asked(values))


def tidied(values: Values) -> dict[str, str]:
    """Every field as it is kept, and what says what is asked."""
    given = {name: tidy(text) if (text := values.get(name)) else "" for name, tidy in _TIDY}
    return {**given, "matter": values.get("matter", "complaint"), "form": values.get("form", "2026")}


def longest(name: str) -> int:
    """How many characters a field takes."""
    return _LONGEST[name]


def faults(values: Values, fields: tuple[Field, ...], today: date) -> dict[str, str]:
    """What is wrong with tidied values, by field: "missing", "long" or "invalid"."""
    found = {}
    for field in fields:
        text = values.get(field.name, "")
        if not field.asked(values):
            continue
        if not text:
            if field.needed(values):
                found[field.name] = "missing"
        elif len(text) > field.longest:
            found[field.name] = "long"
        elif (field.choices and text not in field.choices) or not field.rule(text, today):
            found[field.name] = "invalid"
    return found


def fen(amount: str) -> int | None:
    """Yuan as kept (`128`, `1280.5`) → fen."""
    if not amount:
        return None
    yuan, _, cents = amount.partition(".")
    return int(yuan) * 100 + int(cents.ljust(2, "0") or 0)


def fen_typed(text: str) -> int | None:
    """Yuan as people type them → fen; None where it is no amount."""
    tidy = _tidy_amount(text)
    return fen(tidy) if _AMOUNT.match(tidy) else None


def compose(values: Values, context: Context, photos: int = 0) -> Complaint:
    """The content from a form without faults. What is not asked any more, after a change of mind, is left out."""
    given = tidied(values)
    asked = {field.name for step in steps_of(given) for field in step.fields if field.asked(given)}
    told = {name: text if name in asked else "" for name, text in given.items() if name not in ("matter", "form")}
    return Complaint(
        name=told["name"],
        phone=told["phone"],
        address=told["address"],
        respondent=told["respondent"],
        respondent_address=told["respondent_address"],
        bought_on=told["bought_on"],
        amount=fen(told["amount"]),
        facts=told["facts"],
        request=told["request"],
        context=context,
        matter="report" if _of_report(given) else "complaint",
        form="2026" if _of_2026(given) else "2019",
        respondent_code=told["respondent_code"],
        what=told["what"],
        place=told["place"],
        grounds=told["grounds"],
        requests=[code for code in REQUESTS if told[f"want_{code}"]],
        guardian=told["guardian"],
        on_behalf=told["on_behalf"],
        on_behalf_phone=told["on_behalf_phone"],
        relation=told["relation"],
        authority=told["authority"] == "yes",
        consents=Consents(**{name: told[name] == "yes" for name in ("forward", "mediation", "publicity")}),
        photos=photos,
    )
