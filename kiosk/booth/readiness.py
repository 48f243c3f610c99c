"""The evening before: what was looked at on this tablet, what a volunteer tries on it, and whether it may open."""

import shutil
from typing import TypeVar

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.booth import closing, days, staff
from kiosk.booth.context import Booth, booth
from kiosk.errors import FIELD_INVALID, FIELD_MISSING, Problem
from kiosk.reports import readiness
from kiosk.reports.readiness import Check, Tablet

views = Blueprint("readiness", __name__)
views.before_request(staff.ask_for_pin)
#: What the page itself tells, with nobody signed in.
told = Blueprint("health", __name__)
_ANSWERS = {"camera": ("works", "none"), "printer": ("works", "fails"), "sound": ("works", "fails")}


class ReadyPage(msgspec.Struct, frozen=True):
    level: readiness.Level
    headline: str
    checks: list[Check]  # what the tablet itself knows
    trials: list[Check]  # what a person has to try


@views.get("/staff/ready")
def ready() -> Response:
    found = readiness.checks(look(booth()))
    page = ReadyPage(
        level=readiness.worst(found),
        headline=readiness.one_headline(found, web.language()),
        checks=[check for check in found if check.key not in readiness.TRIED],
        trials=[check for check in found if check.key in readiness.TRIED],
    )
    return web.with_camera(web.page("booth/readiness/ready.html", page=page))


@views.post("/staff/ready")
def tried() -> Response:
    """A volunteer tried something, and says how it went."""
    form = web.read_form("what", "answer")
    what = web.read_choice(form, "what", readiness.TRIED)
    booth().health.learn(**{what: web.read_choice(form, "answer", _ANSWERS[what])})
    return web.see_other("readiness.ready")


@told.post("/health")
def learn() -> Response:
    """The page on the screen tells what its browser knows: `battery` in per cent, `charging`, `camera`."""
    form = web.read_form(optional=("battery", "charging", "camera"), limit=8)
    found: dict[str, object] = {}
    if form["battery"]:
        found["battery"] = _percent(form["battery"])
        found["charging"] = web.read_choice(form, "charging", ("1", "0")) == "1"
    if form["camera"]:
        found["camera"] = web.read_choice(form, "camera", ("seen", "none"))
    if not found:
        raise Problem(FIELD_MISSING, field="battery")
    booth().health.learn(**found)
    return Response(status=204)


def _percent(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 100):
        raise Problem(FIELD_INVALID, field="battery")
    return int(text)


def look(here: Booth) -> Tablet:
    """What is known of this tablet, here and now."""
    joined, health = here.enrolled, here.health.told()
    notice = here.journal.identity().notice
    return Tablet(
        trouble="revoked" if joined.is_revoked else "forked" if here.is_forked else closing.certificate_trouble(here),
        is_asked_here=True,
        heard=here.health.minutes_since_hub,
        pack=here.pack.version,
        pack_wanted=notice.pack if notice else "",
        volunteers=len(joined.volunteers),
        canary=joined.canary,
        takes_complaints=joined.desk.type == "complaints",
        battery=_known(health.battery),
        charging=_known(health.charging),
        skew_ms=_skew(here),
        free_mb=shutil.disk_usage(here.config.data).free // 2**20 if here.storage.level == "ample" else 0,
        unsent=here.journal.unsent(),
        camera=_known(health.camera),
        printer=_known(health.printer),
        sound=_known(health.sound),
    )


def _skew(here: Booth) -> int | None:
    """Milliseconds the hub's time is ahead of the tablet's clock; None where they were not compared in this boot."""
    compared = here.journal.newest("clock.compared")
    if compared is None or compared.boot != here.journal.boot:
        return None
    return round((days.now(here).moment - here.clock.now()).total_seconds() * 1000)


_Value = TypeVar("_Value")


def _known(value: _Value | msgspec.UnsetType) -> _Value | None:
    return None if isinstance(value, msgspec.UnsetType) else value
