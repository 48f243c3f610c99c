"""Whether everything is here: for every tablet what it holds against what the hub holds.

The board, the page of completeness and the command all speak from these rows; none of them judges for itself.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Select, case, exists, func, or_, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.errors import DEVICE_REVOKED, Problem
from kiosk.facts import envelope
from kiosk.facts.clocks import TOLERANCE, Clocks
from kiosk.facts.days import HOUSEKEEPING
from kiosk.hub import blobs, slips
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import SILENT_SECONDS, ago, find_fair
from kiosk.hub.slips import Verdict
from kiosk.hub.tables import blobs as blobs_table
from kiosk.hub.tables import contents, decisions, devices, erased, facts, fairs, forks, journals
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.packs.model import Text
from kiosk.reports import completeness as words
from kiosk.reports.completeness import Lack, Standing

views = Blueprint("completeness", __name__)
_PAGE = 50  # rows
#: How far back from the end of a journal its closing is looked for: behind it come only locks and clocks.
_NEAR = 8
#: Why a tablet may need somebody, the worst first.
WORRIES = ("forked", "differs", "behind", "never", "silent", "blobs", "doubtful", "quarantined", "pack")
_CLOSING = b'"kind":"day.closed"'
Gap = tuple[int, int]  # first and last fact that is not here


class BoothRow(msgspec.Struct, frozen=True, gc=False):
    """One desk and a tablet on it, in use or not; two rows where two were enrolled, none of them hidden."""

    desk: Desk
    venue: Venue
    state: str  # "whole", "behind", "silent", "forked"; "none" for a desk without a tablet
    device: str = ""
    journal: str = ""
    use: str = "active"  # or "replaced", "revoked"
    cutoff: int | None = None  # of a revoked one: no fact after this counts
    reason: str = ""
    held: int = 0  # facts of it the hub holds without a gap
    known: int = 0  # facts it is known to hold, whoever said so
    absent: int = 0  # of these, not here at all; the rest may wait behind a gap or a fork
    unsent: int = 0  # more than are held here, by its own word
    forked_at: int | None = None  # first place where two facts are known, as far as that is known
    heard_at: float | None = None  # epoch seconds
    quarantined: int = 0  # kept, not usable, and nobody has dismissed them
    blobs: int = 0  # sealed contents its facts name and the hub lacks
    skew_ms: int | None = None  # hub's time less its own, when it last told
    is_dated: bool | None = None  # of one whose clock is off: its facts are dated by the hub's time in its journal
    doubtful: int = 0  # boots whose time nothing vouches for
    slip: Verdict | None = None
    closed: str | None = None  # the day it closed, when nothing was recorded after that
    pack: str = ""
    pack_ok: bool = True

    @property
    def worries(self) -> list[str]:
        """Why it may need somebody, the worst first."""
        found = {
            "forked": self.state == "forked",
            "differs": self.slip is not None and self.slip.state != "agrees",
            "behind": self.state == "behind",
            "never": self.state == "silent" and self.heard_at is None,
            "silent": self.state == "silent" and self.heard_at is not None,
            "blobs": self.blobs > 0,
            "doubtful": self.doubtful > 0,
            "quarantined": self.quarantined > 0,
            "pack": not self.pack_ok,
        }
        return [worry for worry in WORRIES if found[worry]]

    @property
    def is_worried(self) -> bool:
        return bool(self.worries)

    @property
    def is_retired(self) -> bool:
        """Whether it is out of use and nothing of it is expected any more."""
        return self.use != "active" and self.known == 0

    @property
    def place(self) -> Text:
        return Text(f"{self.venue.name.zh} {self.desk.id}", f"{self.venue.name.en} {self.desk.id}")


def booths(tx: Connection, fair: Fair, now: datetime, pack: str) -> list[BoothRow]:
    """Every desk of the fair with the state of its tablets, those that need somebody first."""
    look = _Look.at(tx, fair, now, pack)
    found = [_booth(look, _Held(*row)) for row in tx.execute(_devices(fair.id, now)).all()]
    served = {row.desk.id for row in found if row.use == "active"}
    found += [BoothRow(*look.places[desk.id], "none") for desk in fair.desks if desk.id not in served]
    place = {desk.id: number for number, desk in enumerate(fair.desks)}
    return sorted(found, key=lambda row: (_rank(row), place[row.desk.id], row.use != "active", row.device))


def _rank(row: BoothRow) -> int:
    if row.state == "none":
        return len(WORRIES) + 1
    return WORRIES.index(row.worries[0]) if row.worries else len(WORRIES)


def standing(rows: Sequence[BoothRow]) -> Standing:
    """All rows of a fair, summed up."""
    here = [row for row in rows if row.device and not row.is_retired]
    return Standing(
        tablets=len(here),
        facts=sum(row.held for row in here),
        lacks=[Lack(row.place, row.absent) for row in here if row.absent],
        forked=sum(row.state == "forked" for row in here),
        differing=sum(row.slip is not None and row.slip.is_typed and row.slip.state != "agrees" for row in here),
        never=sum("never" in row.worries for row in here),
        silent=sum("silent" in row.worries for row in here),
        blobs=sum(row.blobs for row in here),
        slips=sum(row.slip is not None and row.slip.state == "agrees" for row in here),
        quarantined=sum(row.quarantined for row in here),
        bare=sum(row.state == "none" for row in rows),
    )


def gaps(tx: Connection, row: BoothRow) -> list[Gap]:
    """The stretches of a tablet's facts that are not here."""
    if not row.absent:
        return []
    stored = (facts.c.journal == row.journal) & (facts.c.seq > row.held) & (facts.c.seq <= row.known)
    number = func.row_number().over(order_by=facts.c.seq)
    runs = select(facts.c.seq, (facts.c.seq - number).label("run")).where(stored).subquery()
    query = select(func.min(runs.c.seq), func.max(runs.c.seq)).group_by(runs.c.run)
    found, at = [], row.held + 1
    for first, last in [*sorted((int(a), int(b)) for a, b in tx.execute(query)), (row.known + 1, 0)]:
        if first > at:
            found.append((at, first - 1))
        at = last + 1
    return found


def as_json(
    fair: Fair, summed: Standing, rows: Sequence[BoothRow], lacking: Mapping[str, Sequence[Gap]]
) -> dict[str, Any]:
    """The whole fair and every tablet, for programs."""
    return {
        "fair": fair.id,
        "complete": summed.is_whole,
        "sentence": {language: words.sentence(summed, language) for language in ("zh", "en")},
        "tablets": summed.tablets,
        "facts": summed.facts,
        "missing": summed.missing,
        "booths": [_row_as_json(row, lacking.get(row.device, ())) for row in rows],
    }


def _row_as_json(row: BoothRow, lacking: Sequence[Gap]) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in row.__struct_fields__ if name not in ("desk", "venue", "slip")}
    slip = row.slip and {"state": row.slip.state, "seq": row.slip.seq, "day": row.slip.day, "typed": row.slip.is_typed}
    return {
        "desk": row.desk.id, "venue": row.venue.id, **plain, "slip": slip,
        "gaps": [list(gap) for gap in lacking], "worries": row.worries,
    }  # fmt: skip


class Words(msgspec.Struct, frozen=True):
    """What is said of a row, in the language of the request."""

    now: datetime

    def heard(self, row: BoothRow) -> str | None:
        """When it was last heard of; None for never."""
        return ago(row.heard_at, self.now)

    def clock(self, row: BoothRow) -> str:
        """How its clock goes, where that matters."""
        return words.clock(row.skew_ms, web.language())

    def stretches(self, found: Sequence[Gap]) -> str:
        return words.stretches(found, web.language())


# --- the page ---------------------------------------------------------------------------------------


class CompletenessPage(msgspec.Struct, frozen=True):
    fair: Fair
    updated: str
    standing: Standing
    sentence: str
    counts: Mapping[str, int]  # rows in each choice of what to show
    show: str  # "all", "care", "whole" or "none"
    rows: list[BoothRow]  # of this page, those that need somebody first
    gaps: Mapping[str, list[Gap]]  # by device
    page: int
    pages: int


@views.get("/fairs/<fair_id>/completeness")
def completeness(fair_id: str) -> Response:
    signed_in()
    here = hub()
    now = here.clock.now()
    with reading() as tx:
        page = _page(tx, find_fair(tx, fair_id), now, here.pack.version)
    return web.page("hub/completeness/list.html", page=page, fair=page.fair, words=Words(now))


def _page(tx: Connection, fair: Fair, now: datetime, pack: str) -> CompletenessPage:
    found = booths(tx, fair, now, pack)
    counts = Counter(_choice(row) for row in found)
    counts["all"] = len(found) - counts["none"]
    show = request.args.get("show", "all")
    show = show if counts[show] else "all"
    rows = [row for row in found if show == _choice(row) or (show == "all" and row.device)]
    pages = web.pages_of(len(rows), _PAGE)
    at = web.read_page(pages)
    shown = rows[(at - 1) * _PAGE : at * _PAGE]
    standing_ = standing(found)
    return CompletenessPage(
        fair=fair,
        updated=now.astimezone(BEIJING).strftime("%H:%M:%S"),
        standing=standing_,
        sentence=words.sentence(standing_, web.language()),
        counts=counts,
        show=show,
        rows=shown,
        gaps={row.device: gaps(tx, row) for row in shown if row.absent},
        page=at,
        pages=pages,
    )


def _choice(row: BoothRow) -> str:
    return "none" if row.state == "none" else "care" if row.worries else "whole"


# --- one row ----------------------------------------------------------------------------------------


class _Held(msgspec.Struct, gc=False):
    """What the tables say of one tablet, in the order of `_devices`."""

    device: str
    desk: str
    state: str
    cutoff: int | None
    reason: str
    seen_at: float | None
    told_seq: int | None
    told_hash: str | None
    skew_ms: int | None
    pack: str | None
    journal: str
    seq: int
    hash: bytes
    root: bytes
    forked_at: int | None
    doubtful: int
    told_here: bytes | None  # chain hash here where it says its head is, if that is not the end of the run
    came_at: float | None  # when the end of the run arrived, of one that never spoke for itself
    ending: bytes | None  # last fact of a silent one, but for locks and clocks
    clocks: str | None  # where its clock is off


class _Look(msgspec.Struct, frozen=True):
    """What one row is judged by, beside what stands in it."""

    fair: Fair
    now: datetime
    pack: str
    is_adopted: bool  # run at another hub: its tablets never speak to this one
    today: str
    places: Mapping[str, tuple[Desk, Venue]]
    slips: Mapping[str, Verdict]
    beyond: Mapping[str, tuple[int, int]]  # journal → facts stored behind its counted run: how many, and the last
    quarantined: Mapping[str, int]
    blobs: Mapping[str, int]
    lost: AbstractSet[tuple[str, int, str]]  # places of branches that a person decided against: journal, seq, hash

    @classmethod
    def at(cls, tx: Connection, fair: Fair, now: datetime, pack: str) -> "_Look":
        venues = {venue.id: venue for venue in fair.venues}
        origin = tx.execute(select(fairs.c.origin).where(fairs.c.id == fair.id)).scalar()
        return cls(
            fair=fair,
            now=now,
            pack=pack,
            is_adopted=bool(origin),
            today=envelope.day_and_hour(now)[0],
            places={desk.id: (desk, venues[desk.venue]) for desk in fair.desks},
            slips=slips.of_fair(tx, fair.id),
            beyond=_beyond(tx, fair.id),
            quarantined=_quarantined(tx),
            blobs=_missing_blobs(tx, fair.id),
            lost=_lost_branches(tx),
        )


def _booth(look: _Look, row: _Held) -> BoothRow:
    slip = look.slips.get(row.journal)
    stored, last = look.beyond.get(row.journal, (0, 0))
    heard_at = row.seen_at if row.seen_at is not None else row.came_at
    known = max(row.seq, last, row.told_seq or 0, slip.vouched if slip else 0)
    held = row.seq
    if row.cutoff is not None:
        held, known = min(held, row.cutoff), min(known, row.cutoff)
    forked_at = row.forked_at or _contradiction(look, row, slip)
    closed = _closed(row, slip, known)
    is_silent = row.state == "active" and _is_silent(look, row, heard_at) and not _is_over(look, closed)
    if forked_at is not None and not (row.state == "revoked" and held == known):
        state = "forked"
    else:
        state = "behind" if known > held else "silent" if is_silent else "whole"
    desk, venue = look.places[row.desk]
    return BoothRow(
        desk=desk,
        venue=venue,
        state=state,
        device=row.device,
        journal=row.journal,
        use=row.state,
        cutoff=row.cutoff,
        reason=row.reason,
        held=held,
        known=known,
        absent=max(0, known - held - stored),
        unsent=max(0, min(row.told_seq or 0, known) - held),
        forked_at=forked_at,
        heard_at=heard_at,
        quarantined=look.quarantined.get(row.journal, 0),
        blobs=look.blobs.get(row.journal, 0),
        skew_ms=row.skew_ms,
        is_dated=None if row.clocks is None else _was_compared(row.clocks),
        doubtful=row.doubtful,
        slip=slip,
        closed=closed,
        pack=row.pack or "",
        pack_ok=row.state != "active" or not row.pack or row.pack == look.pack,
    )


def _was_compared(clocks: str) -> bool:
    return any(boot.hub is not None for boot in Clocks.load(clocks).boots.values())


def _contradiction(look: _Look, row: _Held, slip: Verdict | None) -> int | None:
    """A place where the tablet itself says it has another fact than the hub, and nobody has decided about that."""
    if slip is not None and slip.is_conflict and (row.journal, slip.seq, slip.hash) not in look.lost:
        return slip.seq
    if row.told_hash is None or row.told_seq is None:
        return None
    here = row.hash if row.told_seq == row.seq else row.root if row.told_seq == 0 else row.told_here
    if here is None or bytes(here).hex() == row.told_hash or (row.journal, row.told_seq, row.told_hash) in look.lost:
        return None
    return row.told_seq


def _is_silent(look: _Look, row: _Held, heard_at: float | None) -> bool:
    if look.is_adopted:
        return heard_at is None and row.told_seq is None
    return heard_at is None or look.now.timestamp() - heard_at > SILENT_SECONDS


def _closed(row: _Held, slip: Verdict | None, known: int) -> str | None:
    """The day on which the tablet closed, by the hub's time, if nothing that counts was recorded after that."""
    days = []
    if slip is not None and slip.state == "agrees" and slip.seq >= known:
        days.append(envelope.day_and_hour(datetime.fromtimestamp(slip.received_at, BEIJING))[0])
    if row.ending and _CLOSING in bytes(row.ending):
        days += _closing_day(bytes(row.ending), row.skew_ms or 0)
    return max(days, default=None)


@lru_cache(4096)  # the same line again and again, for as long as its tablet is silent
def _closing_day(line: bytes, skew_ms: int) -> tuple[str, ...]:
    """The day that a fact closed; none where it closes nothing."""
    try:
        fact = envelope.decode(line)
        is_closing = fact.kind == "day.closed"
        return (envelope.day_and_hour(fact.moment + timedelta(milliseconds=skew_ms))[0],) if is_closing else ()
    except (Problem, OverflowError):
        return ()  # what cannot be read closes nothing, nor does a moment that does not exist


def _is_over(look: _Look, closed: str | None) -> bool:
    """Whether nobody has to be heard from it any more: it closed today, or the fair is over."""
    return closed is not None and (closed >= look.today or look.today > look.fair.ends)


# --- asking the database ----------------------------------------------------------------------------


def _devices(fair: str, now: datetime) -> Select[Any]:
    """What stands in the tables of each tablet. What costs a look at its facts is looked at only where it matters."""
    of_journal = facts.c.journal == journals.c.journal
    told_here = select(facts.c.hash).where(of_journal, facts.c.seq == devices.c.told_seq).scalar_subquery()
    came_at = select(facts.c.received_at).where(of_journal, facts.c.seq == journals.c.seq).scalar_subquery()
    ending = (
        select(facts.c.line)
        .where(
            of_journal,
            facts.c.seq.between(journals.c.seq - _NEAR, journals.c.seq),
            func.coalesce(facts.c.kind, "").not_in(HOUSEKEEPING),
        )
        .order_by(facts.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    is_silent = or_(devices.c.seen_at.is_(None), devices.c.seen_at < now.timestamp() - SILENT_SECONDS)
    is_off = or_(devices.c.skew_ms >= TOLERANCE * 1000, devices.c.skew_ms <= -TOLERANCE * 1000, journals.c.doubtful > 0)
    told = (devices.c.device, devices.c.desk, devices.c.state, devices.c.cutoff, devices.c.reason, devices.c.seen_at,
            devices.c.told_seq, devices.c.told_hash, devices.c.skew_ms, devices.c.pack)  # fmt: skip
    held = (journals.c.journal, journals.c.seq, journals.c.hash, journals.c.root, journals.c.forked_at,
            journals.c.doubtful)  # fmt: skip
    return (
        select(
            *told,
            *held,
            case((devices.c.told_seq < journals.c.seq, told_here)).label("told_here"),
            case((devices.c.seen_at.is_(None), came_at)).label("came_at"),
            case((is_silent, ending)).label("ending"),
            case((is_off, journals.c.clocks)).label("clocks"),
        )
        .join(journals, journals.c.journal == devices.c.journal)
        .where(devices.c.fair == fair)
    )


def _beyond(tx: Connection, fair: str) -> dict[str, tuple[int, int]]:
    """Journal → how many facts are stored behind its counted run, and the last of them."""
    top = select(func.max(facts.c.seq)).where(facts.c.journal == journals.c.journal).scalar_subquery()
    found = {}
    for journal, seq, last in tx.execute(
        select(journals.c.journal, journals.c.seq, top).where(journals.c.fair == fair)
    ).all():
        if last is not None and last > seq:
            behind = select(func.count()).where(facts.c.journal == journal, facts.c.seq > seq)
            found[journal] = (int(tx.execute(behind).scalar_one()), int(last))
    return found


#: Whether a person decided that a fact does not count.
_DISMISSED = exists().where(
    decisions.c.journal == facts.c.journal,
    decisions.c.seq == facts.c.seq,
    decisions.c.hash == facts.c.hash,
    decisions.c.verdict == "dismissed",
)


def _quarantined(tx: Connection) -> dict[str, int]:
    """Journal → facts kept that could not be used, and about which nobody has decided: by them, or by their tablet."""
    query = select(facts.c.journal, func.count()).where(
        facts.c.problem.is_not(None), facts.c.problem != DEVICE_REVOKED.code, ~_DISMISSED
    )
    return {journal: int(n) for journal, n in tx.execute(query.group_by(facts.c.journal))}


def _missing_blobs(tx: Connection, fair: str) -> dict[str, int]:
    """Journal → sealed contents its facts name that nobody has brought yet; not those of facts that were dismissed.

    What a fact names that does not count is missing too: a person may let it count, and then its content must be here.
    """
    query = select(contents.c.journal, func.count()).where(
        contents.c.fair == fair,
        contents.c.blob.not_in(select(blobs_table.c.sha256)),
        contents.c.blob.not_in(select(erased.c.sha256)),
    )
    found = Counter({journal: int(n) for journal, n in tx.execute(query.group_by(contents.c.journal))})
    # Asked of each unusable fact, of which there are few: asked for journals, SQLite would read all facts of each.
    of_fair = exists().where(journals.c.journal == facts.c.journal, journals.c.fair == fair)
    found.update(one.journal for one in blobs.lacking_unusable(tx, of_fair, ~_DISMISSED))
    return found


def _lost_branches(tx: Connection) -> set[tuple[str, int, str]]:
    query = select(forks.c.journal, forks.c.seq, forks.c.hash).where(forks.c.decided)
    return {(journal, seq, bytes(digest).hex()) for journal, seq, digest in tx.execute(query)}
