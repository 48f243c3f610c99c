"""Pages: the facts behind a figure, and one fact with its proof. What was sealed stays sealed; what would let anybody
take something that is another's, a voucher's code, is not shown either.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, select

from kiosk import web
from kiosk.clock import BEIJING, stamp, to_minute
from kiosk.errors import PAGE_NOT_FOUND, Problem
from kiosk.facts import envelope, papers
from kiosk.facts.cases import Step
from kiosk.facts.clocks import Clocks
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.duty import DutyCalled, DutyUndone, ExposureClosed, ExposureListed, ExposureReopened
from kiosk.facts.envelope import Fact
from kiosk.facts.figures import FigureTyped, RecordListed, RecordStruck, strike_id
from kiosk.facts.kinds import Body, Dated
from kiosk.facts.papers import SheetCounted
from kiosk.facts.tallies import TallyCorrected, TallyCounted, TallyUndone, undo_id
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import behind, figures, people, totals
from kiosk.hub.behind import Found
from kiosk.hub.context import Hub, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.figures import FACT_ROLES, Place
from kiosk.hub.keying import KEYERS
from kiosk.hub.people import Person
from kiosk.hub.quicktests import TRUSTED
from kiosk.hub.tables import calls, corrections, devices, facts, fairs, journals, quicktests, records, typed_figures
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.packs.reader import Pack
from kiosk.reports import catalogue
from kiosk.reports.catalogue import CATALOGUE, Definition
from kiosk.reports.figures import shown
from kiosk.reports.statement import Cell
from kiosk.reports.telling import told

views = Blueprint("traces", __name__)
#: Of which kinds a fact has a page: those that figures are made of. What else happens at a hub is told elsewhere.
_SHOWN = frozenset(kind for one in CATALOGUE for kind in one.sources)
#: Of a body not shown: what opens a case or fetches a prize, and an answer that is one person's.
_HIDDEN: Mapping[str, tuple[str, ...]] = {
    "complaint.filed": ("code",), "advice.answered": ("answer",), "advice.asked": ("number",),
}  # fmt: skip
#: A tap is taken back within seconds: so many facts later at the most.
_NEAR = 2_000
_LAST_PLACE = 2**53
#: A certificate that ends after this does not end, 1 January 2900.
_FOR_EVER = 29_347_920_000


class FactRow(msgspec.Struct, frozen=True):
    """One fact behind a figure, in words."""

    journal: str
    seq: int
    at: str  # by Beijing time, as well as its journal can tell
    stamp: str  # what the tablet's own clock said, where that was another minute; else ""
    is_dated: bool  # it says itself which day and hour it counts to
    day: str  # that it counts to
    hour: int
    says: Text
    place: Text
    by: str
    device: str  # "" of this hub itself
    sheet: str  # number of the sheet of paper it stands on, as it is printed there; or ""
    n: str  # what it adds; "" where nothing is added up
    over: str


class FactsPage(msgspec.Struct, frozen=True):
    fair: Fair
    place: Place
    definition: Definition
    cell: Cell  # of the place
    rows: list[FactRow]
    sum: str  # of what the page adds
    is_sum: bool
    is_any: bool
    days: list[str]
    first: bool
    further: str
    is_cut: bool
    has_facts: bool
    elsewhere: tuple[str, Text] | None  # as of the figure's own page


class Added(msgspec.Struct, frozen=True):
    """A figure that a fact is part of."""

    definition: Definition
    n: str  # "" where it is one of the facts the figure is reckoned from


class Related(msgspec.Struct, frozen=True):
    """Another fact that has to do with it."""

    how: str  # "undone", "undoes", "corrected", "replaced", "struck", "strikes", "voided", "released"
    journal: str
    seq: int


class Proof(msgspec.Struct, frozen=True):
    """Whose journal it stands in."""

    device: str  # "" of this hub's own
    desk: Text | None
    until: str  # its certificate's last moment
    key: str  # public key, hex
    state: str


class FactPage(msgspec.Struct, frozen=True):
    fair: Fair
    of: Definition | None  # the figure whose facts led here, …
    place: Place  # … at this place
    see: tuple[str, Text] | None  # the page of the fair where such things are worked on
    row: FactRow
    kind: str
    fact: str  # its id
    line: str
    hidden: bool
    hash: str
    before: str  # hash it follows from
    is_sound: bool  # line and hash belong together
    proof: Proof
    added: list[Added]
    related: list[Related]
    received: str


# --- the facts behind a figure ----------------------------------------------------------------------


@views.get("/fairs/<fair_id>/figures/<figure>/facts")
def listing(fair_id: str, figure: str) -> Response:
    """`window=`, `day=`, `venue=`, `desk=` as of the figure; `after=JOURNAL:SEQ`: the page that follows."""
    signed_in(*FACT_ROLES)
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _facts(tx, here, fair, figures.find(fair, figure))
    return web.page("hub/figures/facts.html", page=page, fair=fair)


def _facts(tx: Connection, here: Hub, fair: Fair, one: Definition) -> FactsPage:
    days = totals.all_days(tx, fair.id)
    place = figures.place_of(fair, days, request.args)
    wanted = behind.adding(fair, one, place.window)
    after = behind.read_place(request.args.get("after", ""))
    found = behind.page(tx, fair, wanted, figures.scope_of(fair, place), after)
    names, is_added = _Names(tx, fair, here.pack), wanted.is_sum or bool(wanted.over)
    return FactsPage(
        fair=fair,
        place=place,
        definition=one,
        cell=figures.cell_at(tx, here, fair, one, place),
        rows=[_row(names, each, one.scale, is_sum=is_added) for each in found.facts],
        sum=_amount(sum(each.n for each in found.facts), one.scale),
        is_sum=wanted.is_sum,
        is_any=wanted.is_any,
        days=days,
        first=not after[0],
        further=found.further,
        is_cut=found.is_cut,
        has_facts=behind.has_facts(one),
        elsewhere=figures.elsewhere(one),
    )


class _Names:
    """Whatever a fact names by an id."""

    def __init__(self, tx: Connection, fair: Fair, pack: Pack) -> None:
        self.fair = fair
        self._people = people.names_at(tx, fair.id)
        self._devices: dict[str, str] = {
            row.journal: row.device
            for row in tx.execute(select(devices.c.journal, devices.c.device).where(devices.c.fair == fair.id))
        }
        self.things = {
            **{one.key: one.label for one in catalogue.definitions(fair)},
            **{exhibit.id: exhibit.title for exhibit in pack.exhibits},
            **{prize.id: prize.name for prize in fair.prizes},
            **figures.counter_names(fair),
        }

    def person(self, one: str) -> str:
        """A name, or ""; a visitor has none."""
        return "" if one == "visitor" else self._people.get(one, one)

    def device(self, journal: str) -> str:
        return self._devices.get(journal, "")


def _row(names: _Names, one: Found, scale: int, *, is_sum: bool) -> FactRow:
    fact = envelope.decode(one.line)
    body, stamped = REGISTRY.read(fact), to_minute(fact.at)
    return FactRow(
        journal=one.journal,
        seq=one.seq,
        at=one.at,
        stamp="" if one.at == stamped else stamped,
        is_dated=isinstance(body, Dated),
        day=one.day,
        hour=one.hour,
        says=told(fact.kind, body, names.things, names.fair.id),
        place=figures.desk_name(names.fair, fact.desk),
        by=names.person(fact.by),
        device=names.device(one.journal),
        sheet=papers.write_number(names.fair.id, body.number) if isinstance(body, SheetCounted) else "",
        n=_amount(one.n, scale) if is_sum or one.n else "",
        over=_amount(one.over, 1) if one.over else "",
    )


def _amount(n: int, scale: int) -> str:
    """With its sign: `+5`, `−2`."""
    size = shown(abs(n), scale) if scale > 1 else f"{abs(n):,}"
    return f"{'−' if n < 0 else '+' if n else ''}{size}"


# --- one fact ---------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/facts/<journal>/<int:seq>")
def one(fair_id: str, journal: str, seq: int) -> Response:
    """One fact that counts: in words, as it is stored, what it adds to, who vouches for it."""
    session = signed_in(*FACT_ROLES)
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _fact(tx, here, fair, journal, seq, session.person)
    return web.page("hub/figures/fact.html", page=page, fair=fair)


def _fact(tx: Connection, here: Hub, fair: Fair, journal: str, seq: int, person: Person) -> FactPage:
    held = tx.execute(select(journals).where(journals.c.journal == journal, journals.c.fair == fair.id)).one_or_none()
    row = _stored(tx, journal, seq) if held is not None and 0 < seq <= min(held.seq, _LAST_PLACE) else None
    if held is None or row is None or row.kind not in _SHOWN or row.problem is not None:
        raise Problem(PAGE_NOT_FOUND)
    fact = envelope.decode(bytes(row.line))
    body = REGISTRY.read(fact)
    earlier = _stored(tx, journal, seq - 1) if seq > 1 else None
    before = bytes(earlier.hash) if earlier is not None else bytes(held.root)
    clocks = Clocks.load(held.clocks)
    day, hour = _counts_to(clocks, fact, body)
    at = behind.true_minute(clocks, fact.boot, fact.at, fact.mono)
    line, hidden = _as_stored(fact, bytes(row.line), person)
    found = Found(journal, seq, bytes(row.line), at, day, hour, 0, 0)
    return FactPage(
        fair=fair,
        of=catalogue.find(fair, request.args.get("of", "")),
        place=figures.place_of(fair, totals.all_days(tx, fair.id), request.args),
        see=_see(fair, body, person),
        row=_row(_Names(tx, fair, here.pack), found, 1, is_sum=False),
        kind=fact.kind,
        fact=fact.id,
        line=line,
        hidden=hidden,
        hash=bytes(row.hash).hex(),
        before=before.hex(),
        is_sound=envelope.chain(before, bytes(row.line)) == bytes(row.hash),
        proof=_proof(tx, fair, journal),
        added=_added(fair, fact, body),
        related=_related(tx, fair, journal, seq, fact, body),
        received=to_minute(_moment(row.received_at)),
    )


def _see(fair: Fair, body: Body, person: Person) -> tuple[str, Text] | None:
    """Where what a fact is about is worked on: the sheet, the case, the list; for whoever may go there."""
    if isinstance(body, SheetCounted) and any(person.may(role) for role in KEYERS):
        return f"papers/sheets/{papers.write_number(fair.id, body.number)}", Text("看这张纸质单", "The sheet of paper")
    if isinstance(body, Step | ComplaintFiled):
        return f"cases/{body.case}", Text("看这件投诉举报", "The case")
    if isinstance(body, DutyCalled | DutyUndone):
        return "duty", Text("看热线值班", "The hotline")
    if isinstance(body, ExposureListed | ExposureClosed | ExposureReopened):
        return "exposures", Text("看曝光排查", "What was exposed")
    if not person.may("organiser"):
        return None
    if isinstance(body, TallyCorrected):
        return "corrections", Text("看全部更正", "All corrections")
    if isinstance(body, FigureTyped):
        return f"typed/figures/{body.figure}", Text("看这一项的补录和附件", "All that was typed of it")
    if isinstance(body, RecordListed | RecordStruck):
        return f"typed/lists/{body.list}", Text("看这份清单", "The list")
    return None


def _stored(tx: Connection, journal: str, seq: int) -> Row[Any] | None:
    return tx.execute(select(facts).where(facts.c.journal == journal, facts.c.seq == seq)).one_or_none()


def _moment(at: float) -> str:
    return stamp(datetime.fromtimestamp(at, BEIJING))


def _counts_to(clocks: Clocks, fact: Fact, body: Body) -> tuple[str, int]:
    return body.bucket if isinstance(body, Dated) else clocks.day_and_hour(fact.boot, fact.at, fact.mono)


def _as_stored(fact: Fact, line: bytes, person: Person) -> tuple[str, bool]:
    """The line as it stands, or with dots for what is not shown to this person."""
    hidden = [name for name in _HIDDEN.get(fact.kind, ()) if fact.body.get(name)]
    if fact.kind.startswith("quicktest.") and not any(person.may(role) for role in TRUSTED):
        hidden = list(fact.body)
    if not hidden:
        return line.decode(), False
    body = {name: "…" if name in hidden else value for name, value in fact.body.items()}
    return envelope.encode(msgspec.structs.replace(fact, body=body)).decode(), True


def _proof(tx: Connection, fair: Fair, journal: str) -> Proof:
    row = tx.execute(select(devices).where(devices.c.journal == journal)).one_or_none()
    if row is None:
        return Proof("", None, "", "", "own" if _is_own(tx, journal) else "")
    until = _moment(row.not_after)[:10] if row.not_after < _FOR_EVER else ""
    return Proof(row.device, figures.desk_name(fair, row.desk), until, row.public_key, row.state)


def _is_own(tx: Connection, journal: str) -> bool:
    return tx.execute(select(fairs.c.id).where(fairs.c.journal == journal)).first() is not None


def _added(fair: Fair, fact: Fact, body: Body) -> list[Added]:
    """Every figure it is part of, in the catalogue's order."""
    adds, found = behind.amounts_of(body), []
    for one in catalogue.definitions(fair):
        window = body.window if isinstance(body, FigureTyped) else "period"
        wanted = behind.adding(fair, one, window)
        n, over = wanted.of(adds)
        if fact.kind in wanted.kinds and (
            n or over or (wanted.is_any and fact.kind in one.sources and not one.metric.startswith("figures."))
        ):
            found.append(Added(one, _amount(n, one.scale) if wanted.is_sum else ""))
    return found


def _related(tx: Connection, fair: Fair, journal: str, seq: int, fact: Fact, body: Body) -> list[Related]:
    """What took it back or put it right, and what it takes back itself."""
    if isinstance(body, TallyCounted):
        return [*_near(tx, journal, seq, fact.id), *_put_right(tx, fair, fact, body)]
    if isinstance(body, TallyUndone):
        found = _with_id(tx, journal, range(max(1, seq - _NEAR), seq), "tally.counted", body.undoes)
        return [Related("undoes", journal, found)] if found else []
    if isinstance(body, FigureTyped):
        return _replaced(tx, fair, seq, body)
    return _by_rows(tx, journal, fact)


def _near(tx: Connection, journal: str, seq: int, fact_id: str) -> list[Related]:
    found = _with_id(tx, journal, range(seq + 1, seq + 1 + _NEAR), "tally.undone", undo_id(fact_id))
    return [Related("undone", journal, found)] if found else []


def _with_id(tx: Connection, journal: str, places: range, kind: str, fact_id: str) -> int:
    """Where among some places a fact of a kind stands; 0 where it does not."""
    query = select(facts.c.seq, facts.c.line).where(
        facts.c.journal == journal, facts.c.seq.between(places.start, places.stop - 1), facts.c.kind == kind,
        facts.c.problem.is_(None),
    )  # fmt: skip
    mark = f'"{fact_id}"'.encode()
    return next((int(row.seq) for row in tx.execute(query) if mark in bytes(row.line)), 0)


def _put_right(tx: Connection, fair: Fair, fact: Fact, body: TallyCounted) -> list[Related]:
    """Corrections of that counter, at that desk on that day: not of this tap alone."""
    there = corrections.c
    query = select(there.journal, there.seq).where(
        there.fair == fair.id, there.step == "made", there.day == fact.at[:10], there.desk == fact.desk,
        there.counter == body.counter,
    )  # fmt: skip
    return [Related("corrected", row.journal, row.seq) for row in tx.execute(query.order_by(there.at).limit(20))]


def _replaced(tx: Connection, fair: Fair, seq: int, body: FigureTyped) -> list[Related]:
    """The next saying of the same place."""
    there = typed_figures.c
    query = select(there.journal, there.seq).where(
        there.fair == fair.id, there.figure == body.figure, there.window == body.window, there.day == body.day,
        there.unit == body.unit, there.seq > seq,
    )  # fmt: skip
    row = tx.execute(query.order_by(there.seq).limit(1)).one_or_none()
    return [Related("replaced", row.journal, row.seq)] if row else []


def _by_rows(tx: Connection, journal: str, fact: Fact) -> list[Related]:
    """Of calls, lists and quick tests a read model says what became of them."""
    undone = select(calls.c.journal, calls.c.seq).where(calls.c.journal == journal, calls.c.undoes == fact.id)
    struck = select(records.c.journal, records.c.seq).where(
        records.c.journal == journal, records.c.fact == strike_id(fact.id)
    )
    released = select(quicktests.c.journal, quicktests.c.seq).where(
        quicktests.c.of_journal == journal, quicktests.c.of_fact == fact.id, quicktests.c.step == "released"
    )
    voided = select(quicktests.c.journal, quicktests.c.seq).where(
        quicktests.c.journal == journal, quicktests.c.of_fact == fact.id, quicktests.c.step == "voided"
    )
    asked: Mapping[str, Sequence[tuple[str, Any]]] = {
        "duty.called": [("undone", undone)],
        "record.listed": [("struck", struck)],
        "quicktest.recorded": [("voided", voided), ("released", released)],
    }
    return [Related(how, row.journal, row.seq) for how, query in asked.get(fact.kind, ()) for row in tx.execute(query)]
