"""Pages: what is sent up. The table as it is now, what is missing or in doubt, versions, files, to whom they went."""

import secrets
from collections.abc import Mapping, Sequence

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import PAGE_NOT_FOUND, STATEMENT_SAME, Problem
from kiosk.facts.figures import NOTE_LIMIT, TEXT_LIMIT
from kiosk.hub import completeness, drafts, journal, statement_files, statements, upward
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.exports import attachment
from kiosk.hub.fairs import find_fair
from kiosk.hub.items import looked_at
from kiosk.hub.people import Session
from kiosk.hub.statement_files import Photos, Sort
from kiosk.hub.statements import Version
from kiosk.hub.summary_photos import opened
from kiosk.hub.typed import shown
from kiosk.hub.upward import State
from kiosk.packs.drafts import clean
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports.catalogue import GROUPS, Group
from kiosk.reports.completeness import Standing
from kiosk.reports.statement import Cell, Change, Column, Statement

views = Blueprint("statement", __name__)
#: Who may look. What is sent up is the office's own until it was sent.
READERS = ("organiser", "supervisor", "auditor")
#: So many changes stand on the page; all of them are in the file.
_CHANGES_SHOWN = 60
#: What a version says otherwise, as people say it.
DIFFERENCES: Mapping[str, Text] = {
    "figures": Text("数字", "figures"),
    "makeup": Text("数字的来源或时段", "where figures come from, or when"),
    "places": Text("会场、服务台或下级单位的数", "figures of venues, desks or units"),
    "records": Text("名录", "lists"),
    "words": Text("总结的文字", "words of the summary"),
    "photos": Text("照片", "photos"),
    "notes": Text("存疑的答复", "doubts or their answers"),
    "head": Text("名称、期限或表的栏目", "names, deadline or columns"),
}
#: Figures of the quality of the data have pages of their own.
_OWN_PAGES = ("quality",)


class ChangeRow(msgspec.Struct, frozen=True):
    column: Column
    change: Change


class HomePage(msgspec.Struct, frozen=True):
    fair: Fair
    now: Statement
    standing: Standing
    versions: Sequence[Version]
    changes: Sequence[ChangeRow]  # what the next version would say otherwise
    is_new: bool  # there is something to freeze
    differs: Sequence[str]  # what the next version would say otherwise, of `statements.DIFFERENCES`
    groups: Sequence[tuple[Group, Sequence[tuple[Column, Cell]]]]
    missing: Sequence[Column]
    doubt_ids: Mapping[str, str]  # digest of a doubt → id of the fact that would answer it
    fact_id: str
    up: State | None
    edited: int  # sections of the summary that somebody wrote anew
    photos: int  # that go along
    why: str = ""
    fault: str = ""
    limit: int = NOTE_LIMIT
    at_once: int = 18  # of what is missing; the rest behind a touch

    @property
    def sorts(self) -> Sequence[Sort]:
        return statement_files.sorts()

    @property
    def unanswered(self) -> int:
        return sum(not one.note for one in self.now.findings)

    @property
    def next(self) -> int:
        return (self.versions[0].number if self.versions else 0) + 1


class VersionPage(msgspec.Struct, frozen=True):
    fair: Fair
    said: Statement
    version: Version
    changes: Sequence[ChangeRow]
    groups: Sequence[tuple[Group, Sequence[tuple[Column, Cell]]]]
    differs: Sequence[str]  # from the version before, of `statements.DIFFERENCES`
    fact_id: str
    may_open: bool  # photos
    told: Mapping[str, str] = {}
    faults: Mapping[str, str] = {}
    limit: int = TEXT_LIMIT

    @property
    def sorts(self) -> Sequence[Sort]:
        return statement_files.sorts()


# --- looking ----------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/statement")
def home(fair_id: str) -> Response:
    signed_in(*READERS)
    fair = looked_at(hub(), fair_id)
    with reading() as tx:
        return _home(tx, fair)


def _home(tx: Connection, fair: Fair, why: str = "", fault: str = "", fact_id: str = "") -> Response:
    here = hub()
    rows = completeness.booths(tx, fair, here.clock.now(), here.pack.version)
    draft = drafts.of(tx, here, fair, rows)
    now = draft.now
    columns = {one.key: one for one in now.columns}
    page = HomePage(
        fair=fair,
        now=now,
        standing=completeness.standing(rows),
        versions=statements.versions(tx, fair.id),
        changes=_changes(now, now.changes)[:_CHANGES_SHOWN],
        is_new=draft.is_new,
        differs=draft.differs,
        groups=_groups(now),
        missing=[columns[key] for key in now.missing],
        doubt_ids={one.digest: secrets.token_hex(16) for one in now.findings},
        fact_id=fact_id or secrets.token_hex(16),
        up=upward.state_of(tx, fair.id),
        edited=len(now.words),
        photos=len(now.photos),
        why=why,
        fault=fault,
    )
    return web.page("hub/statements/home.html", 422 if fault else 200, page=page, fair=fair, **_shown(fair))


def _shown(fair: Fair) -> dict[str, object]:
    said = {"to_minute": to_minute, "sayable": _sayable, "window_of": _window_of, "differences": DIFFERENCES}
    return {**shown(fair), **said}


def _sayable(value: object) -> str:
    """A figure's value as people read it."""
    if value is None:
        return "—"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _window_of(window: str) -> Text | None:
    """What a window is called; None of a day."""
    return {"period": Text("活动期间", "whole fair"), "year": Text("全年", "year")}.get(window)


def _groups(said: Statement) -> list[tuple[Group, list[tuple[Column, Cell]]]]:
    cells = {cell.key: cell for cell in said.period}
    found = []
    for group in GROUPS:
        some = [(one, cells[one.key]) for one in said.columns if one.group == group.id and group.id not in _OWN_PAGES]
        if some := [(column, cell) for column, cell in some if cell.value not in (None, 0, "0.00")]:
            found.append((group, some))
    return found


def _changes(said: Statement, changes: Sequence[Change]) -> list[ChangeRow]:
    columns = {one.key: one for one in said.columns}
    return [ChangeRow(columns[one.key], one) for one in changes if one.key in columns]


@views.get("/fairs/<fair_id>/statement/versions/<int:version>")
def one(fair_id: str, version: int) -> Response:
    session = signed_in(*READERS)
    with reading() as tx:
        return _one(tx, find_fair(tx, fair_id), version, session)


def _one(
    tx: Connection, fair: Fair, number: int, session: Session, told: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    said = statements.held(tx, fair.id, number, whole=False)
    version = next(one for one in statements.versions(tx, fair.id) if one.number == number)
    page = VersionPage(
        fair=fair,
        said=said,
        version=version,
        changes=_changes(said, said.changes)[:_CHANGES_SHOWN],
        groups=_groups(said),
        differs=drafts.differing(tx, hub(), fair.id, number),
        fact_id=(told or {}).get("id") or secrets.token_hex(16),
        may_open=session.key is not None,
        told=told or {},
        faults=faults or {},
    )
    status = 422 if faults else 200
    return web.page("hub/statements/version.html", status, page=page, fair=fair, **_shown(fair))


@views.get("/fairs/<fair_id>/statement/versions/<int:version>/<sort>")
def file(fair_id: str, version: int, sort: str) -> Response:
    """One of the files; of version 0, a draft with the figures of this moment."""
    session = signed_in(*READERS)
    if sort not in statement_files.BY_ID:
        raise Problem(PAGE_NOT_FOUND)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        said = statements.held(tx, fair.id, version) if version else statements.draft(tx, hub(), fair)
        photos: Photos = opened(tx, session.key, said) if session.key is not None else ()
    made = statement_files.made(hub(), said, statement_files.BY_ID[sort], photos)
    return attachment(made.content, made.type, made.name, made.called)


# --- freezing, sending ------------------------------------------------------------------------------


@views.post("/fairs/<fair_id>/statement/freeze")
def freeze(fair_id: str) -> Response:
    """Keep the figures of this moment as the next version. Sent twice it is one."""
    signed_in("organiser")
    told = web.read_form("id", optional=("why",))
    fact_id, why = web.read_id(told, "id"), " ".join(clean(told["why"]).split())
    with reading() as tx:
        fair = find_fair(tx, fair_id)
    hub().answers.fold(fair)  # what people know is in the summary
    seen = statements.snapshot(hub(), fair)
    with acting("organiser") as (tx, session):
        journal.lock(tx, fair.id)
        is_later = bool(statements.versions(tx, fair.id)) and not statements.is_made(tx, fair.id, fact_id)
        fault = web.text_fault(why, NOTE_LIMIT, is_needed=is_later)
        if not fault:
            try:
                made = statements.freeze(tx, hub(), fair, session.person, why, fact_id, seen)
            except Problem as problem:
                if problem.kind is not STATEMENT_SAME:
                    raise
                fault = "same"
    if fault:
        with reading() as tx:
            return _home(tx, find_fair(tx, fair_id), why, fault, "" if fault == "same" else fact_id)
    return web.see_other("statement.one", fair_id=fair.id, version=made.version)


@views.post("/fairs/<fair_id>/statement/versions/<int:version>/sent")
def sent(fair_id: str, version: int) -> Response:
    """Write down to whom a version went, and how. Sent twice it is one."""
    signed_in("organiser")
    told = web.read_form("id", "to", "how")
    fact_id = web.read_id(told, "id")
    given = {name: " ".join(clean(told[name]).split()) for name in ("to", "how")}
    faults = {name: fault for name, text in given.items() if (fault := web.text_fault(text, TEXT_LIMIT))}
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        if faults:
            return _one(tx, fair, version, session, {"id": fact_id, **given}, faults)
        statements.send(tx, hub(), fair, version, given["to"], given["how"], session.person, fact_id)
    return web.see_other("statement.one", fair_id=fair.id, version=version)
