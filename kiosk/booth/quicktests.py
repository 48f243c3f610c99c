"""Pages: the quick-test desk: a batch written down with cold hands, today's batches, the board visitors see.

The board knows only what passed. What failed stays with the staff: what becomes of it is said at the hub, of which this
tablet hears nothing. The board names no batch either, for a number left out would tell as much.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
from flask import Blueprint, Response

from kiosk import crockford, web
from kiosk.booth import days, derived, staff
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Draft, of_kind, stored
from kiosk.clock import BEIJING
from kiosk.errors import FACT_CONFLICT, QUICKTEST_LATE, QUICKTEST_POSITIVE, TEXT_UNFIT, Problem
from kiosk.facts.complaints import clean
from kiosk.facts.envelope import Fact, day_and_hour
from kiosk.facts.quicktests import (
    AGENCY_LIMIT,
    ITEM_LIMIT,
    LOT_LIMIT,
    METHOD_LIMIT,
    MOST_ITEMS,
    PLACE_LIMIT,
    REASON_LIMIT,
    RESULTS,
    SAMPLE_LIMIT,
    SOURCES,
    VALUE_LIMIT,
    QuicktestRecorded,
    QuicktestVoided,
    Screened,
    void_id,
)
from kiosk.packs.model import Text
from kiosk.packs.quicktests import offer

views = Blueprint("quicktests", __name__)
views.before_request(staff.ask_for_pin)
public = Blueprint("quicktest_board", __name__)

AT = "/staff/quicktests"
#: Why a batch is taken back. The Chinese words go into the fact: the office reads them.
REASONS = {
    "typed": Text("录错了", "Typed wrong"),
    "doubled": Text("重复录了", "Entered twice"),
    "mixed": Text("样品弄混了", "Samples mixed up"),
    "redone": Text("重新检测", "Tested again"),
}
_WORDS_LIMIT = 100
#: Rows for what is on no list.
OWN = ("own-1", "own-2")
_NOTHING = ("", "none")  # a key that says: not tested
_RECENT = 6
_ON_BOARD = 60  # batches, the newest
_TEXTS = {
    "other": SAMPLE_LIMIT,
    "place": PLACE_LIMIT,
    "lot": LOT_LIMIT,
    "agency": AGENCY_LIMIT,
    **{f"item.{row}": ITEM_LIMIT for row in OWN},
    **{f"method.{row}": METHOD_LIMIT for row in OWN},
}


def rows() -> list[str]:
    """The rows of the form: of each kit one, and a few of one's own."""
    return [*(kit.id for kit in offer().kits), *OWN]


def optional_fields() -> tuple[str, ...]:
    """What the form may send beside its id."""
    of_rows = [f"{what}.{row}" for row in rows() for what in ("result", "value", "limit")]
    return ("source", "sample", "made_on", "sure", *_TEXTS, *of_rows)


class Batch(msgspec.Struct, frozen=True):
    """One batch of today, as the staff see it."""

    fact: Fact
    body: QuicktestRecorded
    at: str  # "10:31"
    void: str  # why it was taken back; "" while it stands

    @property
    def is_restricted(self) -> bool:
        return self.body.verdict == "fail"


class ListPage(msgspec.Struct, frozen=True):
    batches: list[Batch]  # the newest first
    counts: Mapping[str, int]  # that stand, by verdict
    reasons: list[tuple[str, Text]]
    problem: str
    of: str  # the batch it is about


class Row(msgspec.Struct, frozen=True):
    id: str
    item: Text | None  # None: to be typed
    method: Text | None


class FormPage(msgspec.Struct, frozen=True):
    fact_id: str
    samples: list[str]  # as they go into the fact
    names: Mapping[str, Text]  # of those that have a name in English
    rows: list[Row]
    typed: Mapping[str, str]
    faults: Mapping[str, str]  # field → "missing", "long", "personal", "invalid", "many"
    limits: Mapping[str, int]
    value_limit: int
    failed: str  # items that did: the desk is asked once more; or ""


class BoardPage(msgspec.Struct, frozen=True):
    batches: list[Batch]
    count: int


# --- what there is --------------------------------------------------------------------------------


def of_today(connection: sqlite3.Connection, here: Booth) -> list[Batch]:
    """The batches of today by the tablet's clock, the newest first."""
    day, _ = day_and_hour(here.clock.now())
    voids = {fact.body["fact"]: fact.body["reason"] for fact in of_kind(connection, "quicktest.voided")}
    found = []
    for fact in of_kind(connection, "quicktest.recorded"):
        if fact.at[:10] == day:
            at = days.of(here, fact).astimezone(BEIJING).strftime("%H:%M")
            body = msgspec.convert(fact.body, QuicktestRecorded)
            found.append(Batch(fact, body, at, voids.get(fact.id, "")))
    return found[::-1]


def _today(here: Booth) -> list[Batch]:
    with here.journal.reading() as connection:
        return of_today(connection, here)


# --- today's batches ------------------------------------------------------------------------------


@views.get("/staff/quicktests")
def listing() -> Response:
    return _listing()


def _listing(problem: Problem | None = None, of: str = "") -> Response:
    batches = _today(booth())
    standing = [batch.body.verdict for batch in batches if not batch.void]
    page = ListPage(
        batches=batches,
        counts={verdict: standing.count(verdict) for verdict in RESULTS},
        reasons=list(REASONS.items()),
        problem=problem.sentence(web.language()) if problem else "",
        of=of,
    )
    return web.page("booth/quicktests/list.html", problem.status if problem else 200, page=page)


@views.post("/staff/quicktests/void")
def void() -> Response:
    """Take a batch of today back, with a reason. One that failed only a supervisor takes off the list."""
    form = web.read_form("fact", "why", optional=("words",))
    here, volunteer, fact_id = booth(), staff.signed_in(), web.read_id(form, "fact")
    try:
        reason = _reason(form)

        def make(connection: sqlite3.Connection) -> Draft | Fact:
            at = derived.place(connection, void_id(fact_id), "quicktest.voided")
            return at.fact or Draft(at.id, _voided(connection, here, fact_id, reason), volunteer.volunteer)

        here.journal.append_made(make)
    except Problem as problem:
        if problem.kind not in (TEXT_UNFIT, QUICKTEST_POSITIVE, QUICKTEST_LATE):
            raise
        return _listing(problem, fact_id)
    return web.see_other("quicktests.listing")


def _voided(connection: sqlite3.Connection, here: Booth, fact_id: str, reason: str) -> QuicktestVoided:
    """Raises `quicktest.late` for a batch that is not of today, `quicktest.positive` for one that failed."""
    batch = next((one for one in of_today(connection, here) if one.fact.id == fact_id), None)
    if batch is None or days.of(here, batch.fact).astimezone(BEIJING).date() != days.now(here).date:
        raise Problem(QUICKTEST_LATE)
    body = batch.body
    if body.verdict == "fail":
        raise Problem(QUICKTEST_POSITIVE)
    return QuicktestVoided(
        batch=body.batch, fact=fact_id, verdict=body.verdict, items=len(body.tests), source=body.source, reason=reason
    )


def _reason(form: Mapping[str, str]) -> str:
    """Raises `field.invalid`, or `text.unfit` for words that may not stand there."""
    words = clean(form["words"])
    if web.text_fault(words, _WORDS_LIMIT, is_needed=False):
        raise Problem(TEXT_UNFIT, limit=_WORDS_LIMIT)
    why = REASONS[web.read_choice(form, "why", REASONS)].zh
    return "：".join(one for one in (why, words) if one)[:REASON_LIMIT]


# --- one more batch -------------------------------------------------------------------------------


@views.get("/staff/quicktests/new")
def new() -> Response:
    here = booth()
    return _form_page(here, new_id(), _remembered(_today(here)), {})


@views.post("/staff/quicktests/new")
def record() -> Response:
    """Write a batch down. Where something failed the desk is asked once more: nobody can take that back here."""
    form = web.read_form("id", optional=optional_fields())
    here, volunteer, fact_id = booth(), staff.signed_in(), web.read_id(form, "id")
    typed = {name: clean(value) for name, value in form.items()}
    tests, faults = _tests(typed)
    sample = typed["other"] or typed["sample"]
    faults |= _faults(here, typed, sample)
    if faults:
        return _form_page(here, fact_id, typed, faults, 422)
    body = QuicktestRecorded(
        batch="X-0000-00-000",  # drawn when it is written
        sample=sample,
        place=typed["place"],
        made_on=typed["made_on"],
        source=web.read_choice(form, "source", SOURCES),
        tests=tests,
        lot=typed["lot"],
        agency=typed["agency"],
        tester=volunteer.volunteer,
    )
    if body.verdict == "fail" and form["sure"] != "yes" and here.journal.fact(fact_id) is None:
        return _form_page(
            here, fact_id, typed, {}, 422, failed="、".join(test.item for test in tests if test.result == "fail")
        )
    here.journal.append_made(lambda connection: _draft(connection, here, fact_id, body))
    return web.to(f"{AT}#b-{fact_id}")


def _draft(connection: sqlite3.Connection, here: Booth, fact_id: str, body: QuicktestRecorded) -> Draft | Fact:
    """The batch with a number, or what was kept of it. Raises `fact.conflict`."""
    before = stored(connection, fact_id)
    if before is not None:
        if before.kind != "quicktest.recorded" or before.body != _as_stored(body, before.body["batch"]):
            raise Problem(FACT_CONFLICT)
        return before
    number = msgspec.structs.replace(body, batch=_next_number(connection, here))
    return Draft(fact_id, number, body.tester)


def _as_stored(body: QuicktestRecorded, batch: str) -> object:
    return msgspec.to_builtins(msgspec.structs.replace(body, batch=batch))


def _next_number(connection: sqlite3.Connection, here: Booth) -> str:
    """Desk, day, a mark of this tablet for there may be two at a desk, and how many there were."""
    mark = crockford.write(int(here.journal.identity().journal[:8], 16) % 1024, 2)
    start = f"{here.enrolled.desk.id.upper()}-{days.now(here).date:%m%d}-{mark}-"
    taken = [fact.body["batch"] for fact in of_kind(connection, "quicktest.recorded")]
    last = max((int(one.removeprefix(start)) for one in taken if one.startswith(start)), default=0)
    return f"{start}{last + 1:03d}"


def _tests(typed: Mapping[str, str]) -> tuple[list[Screened], dict[str, str]]:
    """The items that were tested for, and what is wrong with them, by field."""
    kits = {kit.id: kit for kit in offer().kits}
    found: list[Screened] = []
    faults: dict[str, str] = {}
    for row in rows():
        if typed[f"result.{row}"] in _NOTHING:
            continue
        kit = kits.get(row)
        item = kit.item.zh if kit else typed[f"item.{row}"]
        if not item:
            faults[f"item.{row}"] = "missing"
            continue
        for name in (f"value.{row}", f"limit.{row}"):
            if fault := web.text_fault(typed[name], VALUE_LIMIT, is_needed=False):
                faults[name] = fault
        found.append(
            Screened(
                item=item,
                method=kit.method.zh if kit else typed[f"method.{row}"],
                value=typed[f"value.{row}"],
                limit=typed[f"limit.{row}"],
                result=web.read_choice(typed, f"result.{row}", RESULTS),
            )
        )
    if len(found) > MOST_ITEMS:
        faults["tests"] = "many"
    elif not found and not faults:
        faults["tests"] = "missing"
    return found, faults


def _faults(here: Booth, typed: Mapping[str, str], sample: str) -> dict[str, str]:
    found = {name: web.text_fault(typed[name], limit, is_needed=False) for name, limit in _TEXTS.items()}
    found["sample"] = web.text_fault(sample, SAMPLE_LIMIT)
    found["source"] = "" if typed["source"] in SOURCES else "missing"
    if typed["made_on"]:
        found["made_on"] = "" if _is_past(typed["made_on"], days.now(here).date) else "invalid"
    return {name: fault for name, fault in found.items() if fault}


def _is_past(text: str, today: date) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text) <= today
    except ValueError:
        return False


def _remembered(batches: Sequence[Batch]) -> dict[str, str]:
    """What stays the same from batch to batch of a day: where, with which reagent, and each item's limit as typed."""
    if not batches:
        return {}
    last = batches[0].body
    found = {"source": last.source, "place": last.place, "lot": last.lot, "agency": last.agency}
    limits = {test.item: test.limit for batch in reversed(batches) for test in batch.body.tests if test.limit}
    return found | {f"limit.{kit.id}": limits[kit.item.zh] for kit in offer().kits if kit.item.zh in limits}


def _form_page(
    here: Booth,
    fact_id: str,
    typed: Mapping[str, str],
    faults: Mapping[str, str],
    status: int = 200,
    *,
    failed: str = "",
) -> Response:
    offered = offer()
    names = {sample.zh: sample for sample in offered.samples}
    recent = list(dict.fromkeys(batch.body.sample for batch in _today(here)))[:_RECENT]
    page = FormPage(
        fact_id=fact_id,
        samples=[*recent, *(name for name in names if name not in recent)],
        names=names,
        rows=[*(Row(kit.id, kit.item, kit.method) for kit in offered.kits), *(Row(row, None, None) for row in OWN)],
        typed=typed,
        faults=faults,
        limits=_TEXTS,
        value_limit=VALUE_LIMIT,
        failed=failed,
    )
    return web.page("booth/quicktests/form.html", status, page=page)


# --- the board ------------------------------------------------------------------------------------


@public.get("/quicktests")
def board() -> Response:
    """For visitors: today's batches that passed, and nothing of any other."""
    passed = [batch for batch in _today(booth()) if batch.body.verdict == "pass" and not batch.void]
    return web.page("booth/quicktests/board.html", page=BoardPage(passed[:_ON_BOARD], len(passed)))
