"""Joining a fair at the tablet: scan, type or choose a code; compare six digits; wait until the canary was opened."""

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import outbox
from kiosk.booth.context import Booth, Enrolment, booth
from kiosk.errors import (
    BOOTH_ENROLLED,
    BOOTH_REVOKED,
    BOOTH_UNENROLLED,
    ENROL_UNREACHABLE,
    SYNC_UNREACHABLE,
    Problem,
)
from kiosk.sync import tickets
from kiosk.sync.push import Result

views = Blueprint("enrolment", __name__)
#: Problems that belong on the page they came from; the person there can do something about them.
_SHOWN = ("enrol.", "sync.")
#: What a withdrawn tablet still shows: how it is, and what its pages are made of.
_OPEN_TO_THE_REVOKED = ("/health", "/static/", "/preferences")


class StartPage(msgspec.Struct, frozen=True):
    hub: str
    code: str
    problem: str | None


class WaitPage(msgspec.Struct, frozen=True):
    digits: str
    hub_url: str
    problem: str | None  # why the hub could not be asked just now


class DonePage(msgspec.Struct, frozen=True):
    enrolment: Enrolment


@views.get("/enrol")
def enrol() -> Response:
    """Where the tablet stands on its way into a fair. Looking asks the hub whether somebody has decided meanwhile."""
    here = booth()
    problem = carry_on(here)
    if here.enrolment is not None:
        return web.page("booth/enrolment/done.html", page=DonePage(here.enrolment))
    waiting = outbox.pending(here.journal)
    if waiting is not None:
        page = WaitPage(waiting.digits, waiting.hub_url, _sentence(problem))
        return web.with_camera(web.page("booth/enrolment/waiting.html", page=page))  # it may turn into the next
    problem, here.turned_down = here.turned_down, None
    return _start_page("", "", problem)


@views.post("/enrol")
def begin() -> Response:
    """A code was scanned, typed or taken from a file."""
    form = web.read_form(optional=("ticket", "hub", "code"))
    here = booth()
    if here.enrolment is not None:
        raise Problem(BOOTH_ENROLLED)
    hub, code = form["hub"], form["code"]
    try:
        hub, code = _read_ticket(form["ticket"] or code) or (tickets.address(hub), code)
        outbox.begin(here.journal, outbox.load_key(here.config.data), here.road(hub), hub, code)
    except Problem as problem:
        if not problem.code.startswith(_SHOWN):
            raise
        return _start_page(hub, code, problem, problem.status)
    return web.see_other("enrolment.enrol")


@views.post("/enrol/cancel")
def cancel() -> Response:
    """Forget the request; the next code begins a new one."""
    web.read_form()
    here = booth()
    with here.asking:
        here.journal.keep_pending(None)
    return web.see_other("enrolment.enrol")


def _read_ticket(text: str) -> tuple[str, str] | None:
    """(address, code) where the text is a ticket, None where it is a bare code. Raises `enrol.code`."""
    return tickets.read(text) if tickets.PREFIX in text else None


def _start_page(hub: str, code: str, problem: Problem | None, status: int = 200) -> Response:
    page = StartPage(hub, code, _sentence(problem))
    return web.with_camera(web.page("booth/enrolment/start.html", status, page=page))


def _sentence(problem: Problem | None) -> str | None:
    if problem is not None and problem.kind is SYNC_UNREACHABLE:
        problem = Problem(ENROL_UNREACHABLE, **problem.details)  # there is nothing here yet that could be sent later
    return problem.sentence(web.language()) if problem else None


# --- on the way -----------------------------------------------------------------------------------


def carry_on(here: Booth) -> Problem | None:
    """Ask the hub for what is still missing: the certificate, or that the canary was opened.

    Returns why it could not be asked, or why it is over. Whoever comes while it is being asked sees what is known.
    """
    if not here.asking.acquire(blocking=False):
        return None
    try:
        _ask(here)
    except Problem as problem:
        if here.enrolment is None and here.journal.pending() is None:
            here.turned_down = problem
        return problem
    finally:
        here.asking.release()
    return None


def _ask(here: Booth) -> None:
    enrolment = here.enrolment
    if enrolment is not None and (enrolment.is_ready or enrolment.is_revoked):
        return
    waiting = outbox.pending(here.journal) if enrolment is None else None
    address = enrolment.hub_url if enrolment else waiting.hub_url if waiting else ""
    if not address:
        return
    key, road = outbox.load_key(here.config.data), here.road(address)
    if enrolment is None:
        outbox.ask(here.journal, key, road)
    else:
        outbox.learn(here.journal, key, road)
    here.look_again()


def errand(here: Booth) -> Result:
    """What the courier does on each round: finish an enrolment that waits, then send.

    What is kept of the fair may be of no use: it is asked for again, so sending needs none of it.
    """
    if not _is_certified(here) and (problem := carry_on(here)) is not None:
        raise problem
    if not _is_certified(here):
        raise Problem(BOOTH_UNENROLLED)
    result = here.sync()
    here.look_again()
    return result


def _is_certified(here: Booth) -> bool:
    return here.journal.identity().certificate is not None


def refuse_if_revoked() -> None:
    """Before every page: a withdrawn tablet records nothing, and says so. Raises `booth.revoked`."""
    enrolment = booth().enrolment
    if enrolment is not None and enrolment.is_revoked and not request.path.startswith(_OPEN_TO_THE_REVOKED):
        raise Problem(BOOTH_REVOKED)
