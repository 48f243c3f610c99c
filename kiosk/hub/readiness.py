"""Whether the fair may open: every desk's tablet, what is missing on it, and all of it in one sentence."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, func, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.hub import completeness, rehearsals
from kiosk.hub.board import MANY_DESKS
from kiosk.hub.completeness import BoothRow
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.rehearsals import Rehearsal
from kiosk.hub.tables import devices, volunteers
from kiosk.packs.fairs import Desk, Fair, Venue
from kiosk.reports import readiness as rules
from kiosk.reports.readiness import Check, Level, Tablet, Verdict

views = Blueprint("readiness", __name__)
_PAGE = 60  # rows
#: What stands in columns of its own; the rest is said under the desk's name.
COLUMNS = ("heard", "pack", "canary", "battery", "clock", "disk", "unsent", "camera", "printer", "sound", "rehearsal")
_ORDER: tuple[Level, ...] = ("stop", "care", "good")


class DeskRow(msgspec.Struct, frozen=True, gc=False):
    """One desk and the tablet on it; two rows where two are in use."""

    desk: Desk
    venue: Venue
    device: str  # "" for a desk without one
    level: Level
    checks: Mapping[str, Check]


class Summary(msgspec.Struct, frozen=True):
    """All desks, and what they come to."""

    rows: list[DeskRow]  # what cannot be opened first
    verdict: Verdict


class ReadyPage(msgspec.Struct, frozen=True):
    fair: Fair
    updated: str
    verdict: Verdict
    counts: Counter[str]  # rows in each choice of what to show
    show: str  # "all", "stop", "care" or "good"
    venue: str  # only desks of this venue, or ""
    rows: list[DeskRow]
    bare: list[DeskRow]  # desks without a tablet, of all pages
    page: int
    pages: int

    @property
    def headline(self) -> str:
        return rules.headline(self.verdict, web.language())

    @property
    def query(self) -> str:
        """What of the address says which rows are shown."""
        parts = [("show", self.show if self.show != "all" else ""), ("venue", self.venue)]
        return "&".join(f"{name}={value}" for name, value in parts if value)


@views.get("/fairs/<fair_id>/readiness")
def readiness(fair_id: str) -> Response:
    signed_in()
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)

    def looked_at() -> Summary:
        with here.store.reading() as tx:
            return summary(tx, fair, here.clock.now(), here.pack.version)

    found = here.lookout.see(f"readiness {fair.id}", looked_at) if len(fair.desks) > MANY_DESKS else looked_at()
    page = _page(fair, found, here.clock.now())
    return web.page("hub/readiness/list.html", page=page, fair=fair, columns=[rules.NAMES[key] for key in COLUMNS],
                    keys=COLUMNS)  # fmt: skip


def _page(fair: Fair, found: Summary, now: datetime) -> ReadyPage:
    wanted = request.args.get("venue", "")
    venue = wanted if any(one.id == wanted for one in fair.venues) else ""
    of_venue = [row for row in found.rows if venue in ("", row.venue.id)]
    counts = Counter(str(row.level) for row in of_venue)
    counts["all"] = len(of_venue)
    show = request.args.get("show", "all")
    show = show if show in _ORDER else "all"
    wanted_rows = [row for row in of_venue if show in ("all", row.level)]
    rows = [row for row in wanted_rows if row.device]
    pages = web.pages_of(len(rows), _PAGE)
    at = web.read_page(pages)
    return ReadyPage(
        fair=fair,
        updated=now.astimezone(BEIJING).strftime("%H:%M:%S"),
        verdict=found.verdict,
        counts=counts,
        show=show,
        venue=venue,
        rows=rows[(at - 1) * _PAGE : at * _PAGE],
        bare=[row for row in wanted_rows if not row.device],
        page=at,
        pages=pages,
    )


def summary(tx: Connection, fair: Fair, now: datetime, pack: str) -> Summary:
    """Every desk of a fair, judged."""
    booths = [row for row in completeness.booths(tx, fair, now, pack) if row.use == "active"]
    told = {row.device: row for row in tx.execute(_TOLD.where(devices.c.fair == fair.id)).all()}
    people = select(func.count()).select_from(volunteers).where(volunteers.c.fair == fair.id)
    known = _Known(now, pack, int(tx.execute(people).scalar_one()), told,
                   {one.desk.id: one for one in rehearsals.rehearsals(tx, fair, now)})  # fmt: skip
    rows = [_row(known, booth) for booth in booths]
    place = {desk.id: number for number, desk in enumerate(fair.desks)}
    rows.sort(key=lambda row: (_ORDER.index(row.level), place[row.desk.id], row.device))
    return Summary(rows, rules.verdict([list(row.checks.values()) for row in rows]))


#: What a tablet said of itself, and until when it may.
_TOLD = select(*(devices.c[name] for name in ("device", "not_after", "canary_state", "battery", "charging",
                                              "free_mb", "camera", "printer", "sound")))  # fmt: skip


class _Known(msgspec.Struct, frozen=True):
    """What the tablets are judged by."""

    now: datetime
    pack: str
    volunteers: int
    told: Mapping[str, Row[Any]]  # by device: what it said of itself
    rehearsals: Mapping[str, Rehearsal]  # by desk


def _row(known: _Known, booth: BoothRow) -> DeskRow:
    checks = rules.checks(_tablet(known, booth))
    return DeskRow(booth.desk, booth.venue, booth.device, rules.worst(checks), {one.key: one for one in checks})


def _tablet(known: _Known, booth: BoothRow) -> Tablet:
    if not booth.device:
        return Tablet(is_enrolled=False)
    told, rehearsal = known.told[booth.device], known.rehearsals.get(booth.desk.id)
    is_expired = known.now.timestamp() > told.not_after
    return Tablet(
        trouble="forked" if booth.state == "forked" else "expired" if is_expired else "",
        heard=_heard(known, booth, rehearsal),
        pack=booth.pack,
        pack_wanted=known.pack,
        volunteers=known.volunteers,
        canary=told.canary_state,
        takes_complaints=booth.desk.type == "complaints",
        battery=told.battery,
        charging=told.charging,
        skew_ms=booth.skew_ms,
        free_mb=told.free_mb,
        unsent=max(booth.unsent, booth.known - booth.held),
        camera=told.camera,
        printer=told.printer,
        sound=told.sound,
        rehearsal=_rehearsed(rehearsal),
    )


def _heard(known: _Known, booth: BoothRow, rehearsal: Rehearsal | None) -> int | None:
    """Minutes since somebody heard of the tablet; while it rehearses, it speaks under another name."""
    times = [booth.heard_at, rehearsal.seen_at if rehearsal else None]
    heard = [at for at in times if at is not None]
    return max(0, int(known.now.timestamp() - max(heard))) // 60 if heard else None


def _rehearsed(rehearsal: Rehearsal | None) -> str:
    if rehearsal is None:
        return "none"
    if rehearsal.is_on:
        return "on"
    return "done" if rehearsal.is_whole else "partly"
