"""The form of a complaint or report, one decision a screen, for the tablet and for the visitor's phone alike.

What was typed on earlier screens travels in the page as hidden fields, never in a session, a cookie or an
address: the server keeps nothing between two screens, and any of several hub processes can answer.
"""

import hashlib
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from datetime import date
from operator import attrgetter
from typing import Literal

import msgspec
from flask import Response
from markupsafe import Markup, escape

from kiosk import crockford, errors
from kiosk.codes import arithmetic, personal
from kiosk.errors import Problem
from kiosk.facts import complaints
from kiosk.facts.complaints import OF_MERCHANT, ComplaintFiled, Field, FormYear, Matter, Step, Values, steps_of
from kiosk.packs.fairs import Desk, Fair, Organiser
from kiosk.sync import keys
from kiosk.web import layout, stencils
from kiosk.web.case_receipts import Also
from kiosk.web.forms import read_form, read_id

_NAMES = tuple(field.name for field in complaints.FIELDS)
#: What people are asked first, as it stands in addresses → the matter.
WAYS: Mapping[str, Matter] = {"settle": "complaint", "report": "report"}


class Posted(msgspec.Struct, frozen=True):
    """The form as a screen sent it, or as the next screen will show it."""

    fact_id: str
    case: str
    query: str  # the query code (查询码), drawn with the number
    code: str  # for picking a half-filled form up again; empty on the phone
    linked: str  # case number of the record made in the same visit, or ""
    step: str  # name of the screen to show; "" after the last
    go: str  # "next" or "back": the button touched
    values: Values
    faults: Mapping[str, str] = msgspec.field(default_factory=dict)
    takes_photos: bool = True

    @property
    def steps(self) -> tuple[Step, ...]:
        """The screens, as far as what was said tells."""
        steps = steps_of(self.values)
        return steps if self.takes_photos else tuple(step for step in steps if step.name != "photos")

    def without_photos(self) -> "Posted":
        """The same form where no photo would count: that screen is left out."""
        step = "facts" if self.step == "photos" else self.step
        return msgspec.structs.replace(self, takes_photos=False, step=step)

    @property
    def may_have_photos(self) -> bool:
        """Whether the screen that was sent is the one with the photos or comes after it."""
        names = [step.name for step in self.steps]
        return "photos" in names[: names.index(self.step) + 1]

    @property
    def is_complete(self) -> bool:
        return not self.step

    @property
    def matter(self) -> Matter:
        return "report" if self.values["matter"] == "report" else "complaint"

    @property
    def consumer(self) -> Literal["", "minor", "other"]:
        """For whom who speaks does not speak for themselves; "" where they do, or it was not asked."""
        said = self.values.get("consumer") if self.matter == "complaint" else ""
        return "minor" if said == "minor" else "other" if said == "other" else ""

    def turn(self, today: date) -> "Posted":
        """Check the screen that was sent and turn to the next one; back is always allowed.

        After the last screen everything is checked again: hidden fields come from outside too.
        """
        steps = self.steps
        at = [step.name for step in steps].index(self.step)
        if self.go == "back":
            return msgspec.structs.replace(self, step=steps[max(0, at - 1)].name)
        found = faults(self.values, steps[at].fields, today)
        if found:
            return msgspec.structs.replace(self, faults=found)
        if at + 1 < len(steps):
            return msgspec.structs.replace(self, step=steps[at + 1].name)
        for step in steps:
            found = faults(self.values, step.fields, today)
            if found:
                return msgspec.structs.replace(self, step=step.name, faults=found)
        return msgspec.structs.replace(self, step="")

    def as_fields(self) -> dict[str, str]:
        """The fields of the screen, as `read` reads them."""
        values = {name: text for name, text in self.values.items() if name != "form"}
        return {
            "id": self.fact_id,
            "case": self.case,
            "query": self.query,
            "code": self.code,
            "linked": self.linked,
            "step": self.step,
            "go": self.go,
            **values,
        }

    def hashed_query(self) -> str:
        """The query code as it is kept. It takes longer than all else of a filing, by design."""
        return keys.hash_password(crockford.normal(self.query))

    def filed(
        self,
        fair: Fair,
        desk: str,
        channel: Literal["volunteer", "phone", "wifi", "paper"],
        blob: bytes,
        hashed_query: str = "",
    ) -> ComplaintFiled:
        """The fact of this form, sealed as `blob`, at a desk. `hashed_query`: if it was hashed ahead."""
        there = fair.desk(desk)
        return ComplaintFiled(
            case=self.case,
            blob=hashlib.sha256(blob).hexdigest(),
            size=len(blob),
            channel=channel,
            notice=complaints.NOTICE_VERSION,
            matter=self.matter,
            intake=there.intake,
            standing=there.standing,
            form=fair.form,
            code=hashed_query or self.hashed_query(),
            linked=self.linked,
        )


def beside(work: Callable[[], str]) -> Callable[[], str]:
    """Begin some work on another thread; what is returned waits for it. For hashing, which needs no interpreter."""
    done: Future[str] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 (raised where it is waited for)
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done.result


def faults(values: Values, fields: tuple[Field, ...], today: date) -> dict[str, str]:
    """What is wrong, by field: "missing", "long", "invalid", or "personal" for an identity or bank card number."""
    found = complaints.faults(values, fields, today)
    for field in fields:
        text = values[field.name]
        if field.name in found or not text or field.choices or not field.asked(values):
            continue
        if field.name == "respondent_code":
            if not arithmetic.credit_code(text):
                found[field.name] = "invalid"
        elif personal.is_told(text):
            found[field.name] = "personal"
    return found


def blank(fact_id: str, matter: Matter, form: FormYear, *, code: str = "", linked: str = "") -> Posted:
    """A new form, with a number and a query code of its own."""
    return Posted(
        fact_id=fact_id,
        case=complaints.draw_case_number(),
        query=complaints.draw_query_code(),
        code=code,
        linked=linked,
        step=complaints.STEPS[0].name,
        go="next",
        values={**dict.fromkeys(_NAMES, ""), "matter": matter, "form": form},
    )


def read_also(fact_id: str, form: FormYear, *, code: str = "") -> Posted:
    """A new form of the other matter, about the same merchant. Raises `field.*`."""
    posted = read_form("matter", "linked", optional=OF_MERCHANT)
    if posted["matter"] not in WAYS.values():
        raise Problem(errors.FIELD_INVALID, field="matter")
    if complaints.normal_case_number(posted["linked"]) != posted["linked"]:
        raise Problem(errors.FIELD_INVALID, field="linked")
    matter: Matter = "report" if posted["matter"] == "report" else "complaint"
    new = blank(fact_id, matter, form, code=code, linked=posted["linked"])
    merchant = {name: complaints.clean(posted[name]) for name in OF_MERCHANT}
    return msgspec.structs.replace(new, values=complaints.tidied({**new.values, **merchant}))


def from_draft(draft: Mapping[str, str], form: FormYear) -> Posted:
    """A form that was kept as `as_fields` gives it. Raises `complaint.draft_unknown` for one of another release."""
    fixed = ("id", "case", "query", "code", "linked", "step", "matter")
    if any(name not in draft for name in fixed):
        raise Problem(errors.DRAFT_UNKNOWN)
    values = {**{name: draft.get(name, "") for name in _NAMES}, "matter": draft["matter"], "form": form}
    names = [step.name for step in steps_of(values)]
    return Posted(
        fact_id=draft["id"],
        case=draft["case"],
        query=draft["query"],
        code=draft["code"],
        linked=draft["linked"],
        step=draft["step"] if draft["step"] in names else names[0],
        go="next",
        values=values,
    )


def read(
    form: FormYear, *more: str, with_code: bool, goes: Sequence[str] = ("next", "back"), photos: Sequence[str] = ()
) -> Posted:
    """The posted screen, with `more` fields beside it. Raises `field.*` for what no screen of ours would send.

    `goes`: what its buttons may say; `photos`: the name under which files may come with it.
    """
    code_field = ("code",) if with_code else ()
    posted = read_form(
        "id", "case", "query", "matter", "step", "go", *code_field, *more, optional=("linked", *_NAMES), many=photos
    )
    fact_id = read_id(posted, "id")
    _refuse_unless(complaints.normal_case_number(posted["case"]) == posted["case"], "case")
    _refuse_unless(complaints.query_code(posted["query"]) == posted["query"], "query")
    linked = posted["linked"]
    _refuse_unless(not linked or complaints.normal_case_number(linked) == linked != posted["case"], "linked")
    _refuse_unless(posted["matter"] in WAYS.values(), "matter")
    _refuse_unless(posted["go"] in goes, "go")
    if with_code:
        _refuse_unless(crockford.read(crockford.normal(posted["code"]), 8) is not None, "code")
    values = complaints.tidied({**posted, "form": form})
    _refuse_unless(posted["step"] in {step.name for step in steps_of(values)}, "step")
    return Posted(
        fact_id=fact_id,
        case=posted["case"],
        query=posted["query"],
        code=posted.get("code", ""),
        linked=linked,
        step=posted["step"],
        go=posted["go"],
        values=values,
    )


def _refuse_unless(is_ours: bool, field: str) -> None:
    if not is_ours:
        raise Problem(errors.FIELD_INVALID, field=field)


class TriagePage(msgspec.Struct, frozen=True):
    """What `templates/complaints/triage.html` shows: one question, three answers."""

    root: str  # of the addresses of the answers
    organiser: Organiser
    intake: str
    standing: str


class FormPage(msgspec.Struct, frozen=True):
    """What `templates/complaints/form.html` and every `templates/complaints/steps/*.html` shows."""

    step: str
    number: int  # of the screen, from 1
    steps: int
    here: tuple[str, ...]  # names of the fields of this screen
    values: Values
    faults: Mapping[str, str]  # field → "missing", "long", "invalid" or "personal"
    action: str
    hidden: Markup  # what travels in the page: the fields of other screens, and what tells this form from others
    code: str | None
    matter: str
    form: str
    consumer: Literal["", "minor", "other"]  # as it is worded: for somebody under 18, for another, or ""
    intake: str
    standing: str
    organiser: Organiser
    retention_months: int
    today: str
    problem: str  # a sentence over the fields, or ""
    takes_photos: bool
    photos: tuple[int, ...]  # numbers of those that are sealed and wait for the filing
    most_photos: int = complaints.PHOTOS

    @property
    def is_last(self) -> bool:
        return self.number == self.steps

    @classmethod
    def of(
        cls,
        posted: Posted,
        *,
        action: str,
        fair: Fair,
        desk: Desk,
        today: date,
        problem: str = "",
        photos: tuple[int, ...] = (),
    ) -> "FormPage":
        steps = posted.steps
        at = [step.name for step in steps].index(posted.step)
        here = _shown(steps[at], posted.values)
        return cls(
            step=posted.step,
            number=at + 1,
            steps=len(steps),
            here=here,
            values=posted.values,
            faults=posted.faults,
            action=action,
            hidden=_hidden(posted, here),
            code=posted.code or None,
            matter=posted.matter,
            form=fair.form,
            consumer=posted.consumer,
            intake=desk.intake,
            standing=desk.standing,
            organiser=fair.organiser,
            retention_months=fair.retention_months,
            today=today.isoformat(),
            problem=problem,
            takes_photos=posted.takes_photos,
            photos=photos,
        )

    def shown(self, status: int = 200, **around: Hashable) -> Response:
        """The screen as an answer; `around`: what the pages of this side ask for beside it.

        One without a fault differs from others in a visitor's values only: it is a stencil, filled in.
        """
        if self.faults or self.problem:
            return layout.page("complaints/form.html", status, page=self, **around)
        look = (_LOOK(self), self.code is None, *around.items())
        return stencils.page("complaints/form.html", look, self._fill, lambda: {"page": _blank(self), **around}, status)

    def _fill(self, slot: str) -> str:
        return getattr(self, slot) if slot in _OF_VISITORS else stencils.fill(self.values, slot)


#: What a stencil of a screen has slots for, beside what was typed.
_OF_VISITORS = ("action", "hidden", "code")
#: All else but what a screen with a stencil has not: whatever is added to a page makes another stencil.
_LOOK = attrgetter(*({*FormPage.__struct_fields__} - {*_OF_VISITORS, "values", "faults", "problem"}))


def _blank(page: FormPage) -> FormPage:
    """A page without what is a visitor's."""
    slots = {name: stencils.Slot(name) for name in _OF_VISITORS if getattr(page, name) is not None}
    return msgspec.structs.replace(page, values=stencils.SLOTS, **slots)


#: Of these every screen tells, whether there is anything to tell.
_ALWAYS = ("id", "case", "query", "matter", "linked", "step")


def _hidden(posted: Posted, here: Sequence[str]) -> Markup:
    fields = posted.as_fields()
    told = [(name, fields.pop(name)) for name in _ALWAYS]
    told += [(name, text) for name, text in fields.items() if text and name != "go" and name not in here]
    # All at once: one by one takes longer than the rest of this. There is no NUL in what was read as a form.
    escaped = str(escape("\0".join([text for _, text in told]))).split("\0")
    pairs = zip(told, escaped, strict=True)
    lines = [f'<input type="hidden" name="{name}" value="{text}">' for (name, _), text in pairs]
    return Markup("\n".join(lines))  # noqa: S704 (escaped above; the names are our own)


def _shown(step: Step, values: Values) -> tuple[str, ...]:
    """The fields of a screen, with those that appear on it with a choice made there."""
    choices = {field.name: choice for field in step.fields for choice in field.choices}
    return tuple(field.name for field in step.fields if field.asked(values) or field.asked({**values, **choices}))


def also_of(posted: Posted, action: str) -> Also | None:
    """What the receipt of a complaint hands on, in the page alone, to a report of the same merchant. One a visit."""
    if posted.matter != "complaint" or posted.linked:
        return None
    merchant = {name: posted.values[name] for name in OF_MERCHANT}
    return Also(action, {"matter": "report", "linked": posted.case, **merchant})
