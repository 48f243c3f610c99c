"""Pages: a survey on a visitor's own phone over mobile data. Nothing of it is kept before its end."""

import secrets

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.errors import REHEARSAL_FORM, SURVEY_UNKNOWN, TOO_MANY_REQUESTS, Problem
from kiosk.facts.surveys import DESK
from kiosk.hub import blobs, journal, rehearsals, surveys
from kiosk.hub.context import client_mark, hub, reading, refuse_exposed, today, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import throttle
from kiosk.hub.tables import devices, survey_rows
from kiosk.packs.fairs import Fair
from kiosk.packs.surveys import ANSWERED, Survey
from kiosk.values import is_id
from kiosk.web import surveys as form
from kiosk.web.surveys import Posted, StartPage

views = Blueprint("survey_phones", __name__)
# From one address in ten minutes; a whole square, or all phones of a carrier, may share one.
HANDED_IN = 300
SCREENS = 12_000  # which cost next to nothing


class _Place(msgspec.Struct, frozen=True):
    """A survey of a fair, and the desk whose tablet showed the code."""

    fair: Fair
    survey: Survey
    desk: str = DESK  # where nobody knows
    query: str = ""  # so that it is known on the next screen, too

    @property
    def address(self) -> str:
        return f"/m/survey/{self.fair.id}/{self.survey.id}"


def _place(fair_id: str, survey_id: str) -> _Place:
    """Raises `fair.unknown`; `survey.unknown` where the fair did not choose it or is long over; `rehearsal.form`."""
    refuse_exposed()
    device_id = request.args.get("at", "")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        place = _Place(fair, _chosen(tx, fair, survey_id))
        query = select(devices).where(devices.c.device == device_id)
        device = tx.execute(query).one_or_none() if is_id(device_id) else None
    if device is None or rehearsals.is_report(device.fair) or rehearsals.fair_of(device.fair) != fair.id:
        return place
    if rehearsals.is_rehearsal(device.fair):
        raise Problem(REHEARSAL_FORM)
    return msgspec.structs.replace(place, desk=device.desk, query=f"?at={device_id}")


def _chosen(tx: Connection, fair: Fair, survey_id: str) -> Survey:
    if survey_id in fair.surveys and today() <= fair.keeps_until:
        for survey in surveys.known(tx, fair, hub().pack):
            if survey.id == survey_id:
                return survey
    raise Problem(SURVEY_UNKNOWN)


@views.get("/m/survey/<fair_id>/<survey_id>")
def start(fair_id: str, survey_id: str) -> Response:
    place = _place(fair_id, survey_id)
    page = StartPage(
        survey=place.survey,
        action=f"{place.address}/begin{place.query}",
        questions=sum(question.kind in ANSWERED for question in place.survey.questions),
        fact_id=secrets.token_hex(16),
    )
    return web.page("survey/start.html", page=page)


@views.post("/m/survey/<fair_id>/<survey_id>/begin")
def begin(fair_id: str, survey_id: str) -> Response:
    """The first question."""
    place = _place(fair_id, survey_id)
    fact_id = web.read_id(web.read_form("id"), "id")
    _count("survey.screen", SCREENS)
    first = form.first(place.survey, fact_id, _now(), today())
    return _end(place, first) if first.is_over else _question(place, first)


@views.post("/m/survey/<fair_id>/<survey_id>")
def answer(fair_id: str, survey_id: str) -> Response:
    """One screen: checked, and on to the next; after the last one fact, on the disk before anybody is thanked."""
    place = _place(fair_id, survey_id)
    sent = form.read(place.survey, today())
    try:
        _count("survey.screen", SCREENS)
        posted = sent.turn(today(), web.language())
        return _end(place, posted) if posted.is_over else _question(place, posted)
    except Problem as problem:
        if problem.kind is not TOO_MANY_REQUESTS:
            raise
        return _question(place, sent, problem)  # nothing is lost: the same screen, and when to try again


def _count(what: str, most: int) -> None:
    """One more of these from this address. Raises `request.too_many`."""
    with writing() as tx:
        throttle(tx, what, client_mark(), most, 600, hub().clock.now())


def _now() -> int:
    """Milliseconds, the same for every process of this hub."""
    return int(hub().clock.now().timestamp() * 1000)


def _question(place: _Place, posted: Posted, problem: Problem | None = None) -> Response:
    page = form.screen(posted, today(), web.language(), f"{place.address}{place.query}", problem=problem)
    status = problem.status if problem else 422 if posted.fault else 200
    return web.page("survey/question.html", status, page=page)


def _end(place: _Place, posted: Posted) -> Response:
    """One fact however often the last screen is sent."""
    here = hub()
    body = posted.body(today(), _now(), "phone", web.language(), large=web.is_large())
    body, blob = form.sealed(here.sealing_key, posted.fact_id, place.fair.id, body, posted.words)
    with writing() as tx:
        own, now = journal.lock(tx, place.fair.id), here.clock.now()
        known = select(survey_rows.c.seq).where(survey_rows.c.journal == own, survey_rows.c.fact == posted.fact_id)
        if tx.execute(known).first() is None:
            throttle(tx, "survey", client_mark(), HANDED_IN, 600, now)
            if blob is not None:
                blobs.keep(tx, blob, now)
            journal.append(
                tx, place.fair.id, body,
                desk=place.desk, by="visitor", now=now, mono=here.clock.monotonic(), fact_id=posted.fact_id,
            )  # fmt: skip
    return web.page("survey/thanks.html", title=place.survey.title)
