"""The complaint form, one decision a screen, for the tablet and for the visitor's phone alike.

What was typed on earlier screens travels in the page as hidden fields, never in a session, a cookie or an
address: the server keeps nothing between two screens, and any of several hub processes can answer.
"""

from collections.abc import Mapping
from datetime import date

import msgspec

from kiosk import crockford, errors
from kiosk.errors import Problem
from kiosk.facts import complaints
from kiosk.facts.complaints import STEPS
from kiosk.packs.fairs import Organiser
from kiosk.packs.model import Text
from kiosk.web.forms import read_form, read_id

_NAMES = tuple(field.name for field in complaints.FIELDS)


class Posted(msgspec.Struct, frozen=True):
    """The form as a screen sent it, or as the next screen will show it."""

    fact_id: str
    case: str
    code: str  # for picking a half-filled form up again; empty on the phone
    step: int  # the screen to show, from 1
    go: str  # "next" or "back": the button touched
    values: Mapping[str, str]
    faults: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return self.step > len(STEPS)

    def turn(self, today: date) -> "Posted":
        """Check the screen that was sent and turn to the next one; back is always allowed.

        After the last screen everything is checked again: hidden fields come from outside too.
        """
        if self.go == "back":
            return msgspec.structs.replace(self, step=max(1, self.step - 1))
        faults = complaints.faults(self.values, STEPS[self.step - 1], today)
        if faults:
            return msgspec.structs.replace(self, faults=faults)
        if self.step < len(STEPS):
            return msgspec.structs.replace(self, step=self.step + 1)
        for number, fields in enumerate(STEPS, 1):
            faults = complaints.faults(self.values, fields, today)
            if faults:
                return msgspec.structs.replace(self, step=number, faults=faults)
        return msgspec.structs.replace(self, step=len(STEPS) + 1)

    def as_fields(self) -> dict[str, str]:
        """The fields of the screen, as `read` reads them."""
        fixed = {"id": self.fact_id, "case": self.case, "code": self.code, "step": str(self.step), "go": self.go}
        return {**fixed, **self.values}

    def as_draft(self) -> dict[str, str]:
        return {
            "fact_id": self.fact_id,
            "case": self.case,
            "code": self.code,
            "step": str(self.step),
            **{f"value.{name}": value for name, value in self.values.items()},
        }


def blank(fact_id: str, case: str, code: str = "") -> Posted:
    return Posted(fact_id, case, code, 1, "next", dict.fromkeys(_NAMES, ""))


def from_draft(draft: Mapping[str, str]) -> Posted:
    values = {name: draft.get(f"value.{name}", "") for name in _NAMES}
    return Posted(draft["fact_id"], draft["case"], draft["code"], int(draft["step"]), "next", values)


def read(*more: str, with_code: bool) -> Posted:
    """The posted screen, with `more` fields beside it. Raises `field.*` for what no screen of ours would send."""
    code_field = ("code",) if with_code else ()
    form = read_form("id", "case", "step", "go", *code_field, *more, optional=_NAMES)
    fact_id = read_id(form, "id")
    if complaints.normal_case_number(form["case"]) != form["case"]:
        raise Problem(errors.FIELD_INVALID, field="case")
    if form["step"] not in {str(number) for number in range(1, len(STEPS) + 1)}:
        raise Problem(errors.FIELD_INVALID, field="step")
    if form["go"] not in ("next", "back"):
        raise Problem(errors.FIELD_INVALID, field="go")
    if with_code and crockford.read(crockford.normal(form["code"]), 8) is None:
        raise Problem(errors.FIELD_INVALID, field="code")
    values = {name: complaints.clean(form[name]) for name in _NAMES}
    return Posted(fact_id, form["case"], form.get("code", ""), int(form["step"]), form["go"], values)


class FormPage(msgspec.Struct, frozen=True):
    """What `templates/complaints/form.html` shows."""

    step: int
    steps: int
    values: Mapping[str, str]
    faults: Mapping[str, str]  # field → "missing", "long" or "invalid"
    action: str
    fact_id: str
    case: str
    code: str | None
    organiser: Organiser
    retention_months: int
    today: str
    problem: str  # a sentence over the fields, or ""

    @classmethod
    def of(
        cls,
        posted: Posted,
        *,
        action: str,
        organiser: Organiser,
        retention_months: int,
        today: date,
        problem: str = "",
    ) -> "FormPage":
        return cls(
            step=posted.step,
            steps=len(STEPS),
            values=posted.values,
            faults=posted.faults,
            action=action,
            fact_id=posted.fact_id,
            case=posted.case,
            code=posted.code or None,
            organiser=organiser,
            retention_months=retention_months,
            today=today.isoformat(),
            problem=problem,
        )


class ReceiptPage(msgspec.Struct, frozen=True):
    """What `templates/complaints/receipt.html` shows."""

    case: str
    at: str
    place: Text
    organiser: Organiser
