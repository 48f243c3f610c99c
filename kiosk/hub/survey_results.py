"""Pages: what surveys come to; answers as files; the words people wrote, opened by a named person with a reason."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, Row, Select, func, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import PAGE_NOT_FOUND, SEAL_BROKEN, SEAL_LOCKED, SURVEY_ROWS, Problem
from kiosk.facts.surveys import DESK, OPENINGS, Opening, SurveyOpened, Words
from kiosk.hub import exports, journal, seals, surveys
from kiosk.hub.context import hub, reading, signed_in, writing
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import Session
from kiosk.hub.store import Store
from kiosk.hub.tables import blobs, erased, survey_rows
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.packs.surveys import ANSWERED, Choice, Question, Survey
from kiosk.reports import surveys as reckoning
from kiosk.reports.surveys import CAVEAT, Cross, Given, Results, Told

views = Blueprint("survey_results", __name__)
CHANNELS = ("booth", "assisted", "wifi", "phone")
#: Answers a workbook is made of at most: it is made in memory, cell by cell.
WORKBOOK_LIMIT = 10_000
_WORDS_PAGE = 50
_REMEMBERED = 40  # results
_words = msgspec.json.Decoder(Words)


class Part(msgspec.Struct, frozen=True):
    """What is looked at of a survey."""

    survey: str
    version: str
    venue: str = ""  # "" all of them
    channel: str = ""


class ResultsPage(msgspec.Struct, frozen=True):
    fair: Fair
    part: Part
    results: Results
    versions: list[tuple[str, int]]  # and how many answered it
    is_worded: bool  # the words of this version are here
    cross: Cross | None
    down: str
    across: str
    can_open: bool
    has_filter: bool

    @property
    def caveat(self) -> Text:
        return CAVEAT


class Said(msgspec.Struct, frozen=True):
    """What one person wrote."""

    at: str
    words: list[tuple[Text, str]]  # question → what was written


class WordsPage(msgspec.Struct, frozen=True):
    fair: Fair
    survey: Survey
    said: list[Said]  # of those that are here
    erased: int
    missing: int  # not arrived yet, or sealed to another hub
    openings: tuple[Opening, ...]
    is_open: bool
    can_open: bool
    count: int
    number: int  # of the page
    pages: int

    @property
    def caveat(self) -> Text:
        return CAVEAT


# --- what is there ------------------------------------------------------------------------------------


def versions_of(tx: Connection, fair_id: str, survey_id: str) -> list[tuple[str, int]]:
    """The versions that were answered, the one that was answered last first."""
    query = (
        select(survey_rows.c.version, func.count(), func.max(survey_rows.c.at))
        .where(survey_rows.c.fair == fair_id, survey_rows.c.survey == survey_id)
        .group_by(survey_rows.c.version)
    )
    found = sorted(tx.execute(query), key=lambda row: (str(row[2]), row[0]), reverse=True)
    return [(version, n) for version, n, _ in found]


def counts(tx: Connection, fair_id: str) -> dict[str, int]:
    """Survey → how many answered it, whatever version."""
    query = select(survey_rows.c.survey, func.count()).where(survey_rows.c.fair == fair_id)
    return {row[0]: row[1] for row in tx.execute(query.group_by(survey_rows.c.survey))}


def _worded(tx: Connection, fair: Fair, part: Part) -> tuple[Survey | None, bool]:
    """A survey as it was asked; else as it is asked now; and whether the words are those of this version."""
    known = [one.survey for one in surveys.versions(tx, fair.id, part.survey)]
    known += [one for one in hub().pack.surveys if one.id == part.survey]
    exact = next((one for one in known if one.version == part.version), None)
    return exact or next(iter(known), None), exact is not None


def _stand_in(part: Part, answers: Iterable[str]) -> Survey:
    """A survey whose words are not here, as far as its answers tell: by names and codes."""
    found = reckoning.names_in(answers)
    asked = list(found)[:300] or ["none"]
    questions = [Question(name=name, kind="select_multiple", label=Text(name, name), list_name=name) for name in asked]
    lists = {name: [Choice(code, Text(code, code)) for code in list(found.get(name, ()))[:500]] for name in asked}
    title = Text(part.survey, part.survey)
    return Survey(id=part.survey, version=part.version, title=title, questions=questions, lists=lists)


def _rows(fair: Fair, part: Part, *columns: Any) -> Select[Any]:
    query = select(*columns).where(
        survey_rows.c.fair == fair.id, survey_rows.c.survey == part.survey, survey_rows.c.version == part.version
    )
    if part.venue:
        query = query.where(survey_rows.c.desk.in_([desk.id for desk in fair.desks if desk.venue == part.venue]))
    return query.where(survey_rows.c.channel == part.channel) if part.channel else query


def read_told(tx: Connection, fair: Fair, part: Part) -> Told:
    """What was answered, in the order of the journals."""
    return reckoning.told(tx.execute(_given(fair, part)))


def _given(fair: Fair, part: Part) -> Select[Any]:
    """As `Given` has its members."""
    at = survey_rows.c
    return _rows(fair, part, at.journal, at.desk, at.channel, at.phase, at.play, at.valid, at.blob != "", at.answers)


_remembered: WeakKeyDictionary[Store, dict[Any, tuple[Any, Results, bool]]] = WeakKeyDictionary()
_lock = Lock()


def results_of(tx: Connection, fair: Fair, part: Part) -> tuple[Results, bool]:
    """What it comes to, remembered until an answer is added or gone; and whether its words are of this version."""
    at = survey_rows.c
    mark = select(func.count(), func.sum(at.seq), func.max(at.at), func.min(at.fact), func.max(at.fact))
    of_version = (at.fair == fair.id, at.survey == part.survey, at.version == part.version)
    state = tuple(tx.execute(mark.where(*of_version)).one())
    worded, is_worded = _worded(tx, fair, part)
    venues = {desk.id: desk.venue for desk in fair.desks}
    seen = (state, worded and surveys.digest(worded), venues)
    key = (fair.id, part)
    with _lock:
        found = _remembered.setdefault(hub().store, {}).get(key)
    if found is None or found[0] != seen:
        told = read_told(tx, fair, part)
        found = (seen, reckoning.results(worded or _stand_in(part, told.answers), told, venues), is_worded)
        with _lock:
            kept = _remembered[hub().store]
            kept.pop(key, None)
            while len(kept) >= _REMEMBERED:
                del kept[next(iter(kept))]
            kept[key] = found
    return found[1], found[2]


# --- pages --------------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/surveys/<survey_id>")
def one(fair_id: str, survey_id: str) -> Response:
    """What a survey comes to; `version`, `venue` and `channel` choose a part, `down` and `across` two questions."""
    session = signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        part, versions = _part(tx, fair, survey_id)
        found, is_worded = results_of(tx, fair, part)
        closed = {question.name: question for question in found.closed}
        down, across = (closed.get(request.args.get(name, "")) for name in ("down", "across"))
        held = None
        if down and across and down != across:
            held = reckoning.cross(found.survey, read_told(tx, fair, part), down, across)
    page = ResultsPage(
        fair=fair,
        part=part,
        results=found,
        versions=versions,
        is_worded=is_worded,
        cross=held,
        down=down.name if down else "",
        across=across.name if across else "",
        can_open=session.key is not None,
        has_filter=bool(part.venue or part.channel),
    )
    return web.page("hub/surveys/results.html", page=page, fair=fair, channels=CHANNELS, percent=reckoning.percent,
                    number=reckoning.number)  # fmt: skip


def _part(tx: Connection, fair: Fair, survey_id: str) -> tuple[Part, list[tuple[str, int]]]:
    """What an address asks for. Raises `page.not_found` of a survey that is neither here nor was answered."""
    answered = versions_of(tx, fair.id, survey_id)
    known = [one.survey.version for one in surveys.versions(tx, fair.id, survey_id)]
    known += [one.version for one in hub().pack.surveys if one.id == survey_id]
    versions = [*answered, *((version, 0) for version in dict.fromkeys(known) if version not in dict(answered))]
    if not versions:
        raise Problem(PAGE_NOT_FOUND)
    version, venue = request.args.get("version", ""), request.args.get("venue", "")
    part = Part(
        survey=survey_id,
        version=version if version in dict(versions) else versions[0][0],
        venue=venue if any(one.id == venue for one in fair.venues) else "",
        channel=next((one for one in CHANNELS if one == request.args.get("channel")), ""),
    )
    return part, versions


# --- files --------------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/surveys/<survey_id>/answers.csv")
def as_csv(fair_id: str, survey_id: str) -> Response:
    return exports.csv_file(_table(fair_id, survey_id), f"{survey_id}-answers.csv")


@views.get("/fairs/<fair_id>/surveys/<survey_id>/answers.xlsx")
def as_xlsx(fair_id: str, survey_id: str) -> Response:
    return exports.xlsx_file("答卷", _table(fair_id, survey_id, WORKBOOK_LIMIT), f"{survey_id}-answers.xlsx")


def _table(fair_id: str, survey_id: str, limit: int | None = None) -> list[list[str | int | float]]:
    """The caveat, headings, a row a person. Nothing says when exactly somebody answered, and nothing they wrote."""
    signed_in()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        part, _ = _part(tx, fair, survey_id)
        count = tx.execute(_rows(fair, part, func.count())).scalar_one()
        if limit is not None and count > limit:
            raise Problem(SURVEY_ROWS, count=count, limit=limit)
        given = [Given(*row) for row in tx.execute(_given(fair, part).order_by(survey_rows.c.at))]
        survey = _worded(tx, fair, part)[0] or _stand_in(part, (one.answers for one in given))
    lang = web.language()
    asked = [one for one in survey.questions if one.kind in ANSWERED and one.kind != "text"]
    labels = {one.name: {choice.code: choice.label.in_(lang) for choice in survey.choices(one)} for one in asked}
    title = f"{survey.title.in_(lang)} · {part.version}"
    heads = _HEADS_EN if lang == "en" else _HEADS
    rows: list[list[str | int | float]] = [[f"{title} · {CAVEAT.in_(lang)}"]]
    rows.append([*heads, *((one.label or Text(one.name, one.name)).in_(lang) for one in asked)])
    venues = {desk.id: fair.venue(desk.venue).name.in_(lang) for desk in fair.desks}
    for place, answer in enumerate(given, 1):
        values = reckoning.read(answer.answers)
        cells = [_cell(labels[one.name], values.get(one.name, ())) for one in asked]
        where = venues.get(answer.desk, "")
        rows.append([place, where, answer.desk, answer.channel, answer.phase, int(answer.is_valid), *cells])
    return rows


_HEADS = ("序号", "会场", "服务台", "渠道", "答题前后", "有效")
_HEADS_EN = ("No.", "Venue", "Desk", "Channel", "Around a quiz", "Valid")


def _cell(labels: Mapping[str, str], values: Sequence[str]) -> str | int | float:
    if not labels and len(values) == 1:
        with_point = values[0].removeprefix("-")
        if with_point.isascii() and with_point.isdigit() and len(with_point) < 16:
            return int(values[0])
    return "；".join(labels.get(value, value) for value in values)


# --- what people wrote --------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/surveys/<survey_id>/words")
def words(fair_id: str, survey_id: str) -> Response:
    """How much was written; sealed."""
    session = signed_in()
    with reading() as tx:
        page = _words_page(tx, find_fair(tx, fair_id), survey_id, session, is_open=False)
    return web.page("hub/surveys/words.html", page=page, fair=page.fair)


@views.post("/fairs/<fair_id>/surveys/<survey_id>/words")
def open_words(fair_id: str, survey_id: str) -> Response:
    """A page of what was written, for a reason. Each opening is a fact with the name of the person."""
    reason = web.read_choice(web.read_form("reason", limit=40), "reason", OPENINGS)
    session, here = signed_in(), hub()
    if session.key is None:
        raise Problem(SEAL_LOCKED)
    with writing() as tx:
        page = _words_page(tx, find_fair(tx, fair_id), survey_id, session, is_open=True)
        if page.said:
            body = SurveyOpened(survey=survey_id, reason=reason)
            by = session.person.id
            journal.append(tx, page.fair.id, body, desk=DESK, by=by, now=here.clock.now(), mono=here.clock.monotonic())
    return web.page("hub/surveys/words.html", page=page, fair=page.fair)


def _words_page(tx: Connection, fair: Fair, survey_id: str, session: Session, *, is_open: bool) -> WordsPage:
    at = survey_rows.c
    part, versions = _part(tx, fair, survey_id)
    worded = {version: _worded(tx, fair, msgspec.structs.replace(part, version=version))[0] for version, _ in versions}
    written = select(survey_rows).where(at.fair == fair.id, at.survey == survey_id, at.blob != "")
    count = tx.execute(select(func.count()).select_from(written.subquery())).scalar_one()
    pages = web.pages_of(count, _WORDS_PAGE)
    number = web.read_page(pages)
    here = (
        written.join(blobs, blobs.c.sha256 == at.blob, isouter=True)
        .join(erased, erased.c.sha256 == at.blob, isouter=True)
        .add_columns(blobs.c.received_at, erased.c.at.label("erased_at"))
        .order_by(at.at.desc(), at.journal, at.seq)
    )
    rows = tx.execute(here.limit(_WORDS_PAGE).offset((number - 1) * _WORDS_PAGE)).all()
    there = [row for row in rows if row.erased_at is None and row.received_at is not None]
    gone = sum(row.erased_at is not None for row in rows)
    said = list(_said(tx, there, worded, session)) if is_open else []
    return WordsPage(
        fair=fair,
        survey=worded[part.version] or _stand_in(part, ()),
        said=said,
        erased=gone,
        missing=len(rows) - gone - len(there) + (len(there) - len(said) if is_open else 0),
        openings=OPENINGS,
        is_open=is_open,
        can_open=session.key is not None,
        count=count,
        number=number,
        pages=pages,
    )


def _said(
    tx: Connection, rows: Sequence[Row[Any]], worded: Mapping[str, Survey | None], session: Session
) -> Iterator[Said]:
    """What was written, checked to be of its fact; what cannot be opened here is left out, and counted."""
    key = session.key
    assert key is not None
    for row in rows:
        try:
            found = seals.decode(_words.decode, seals.open_from(tx, hub(), key, row.journal, row.blob), "survey")
            if (found.survey, found.fair, found.fact) != (row.survey, row.fair, row.fact):
                raise Problem(SEAL_BROKEN, reason="it belongs to another survey")
        except Problem:
            continue
        yield Said(to_minute(row.at), [(_label(worded[row.version], name), text) for name, text in found.words.items()])


def _label(survey: Survey | None, name: str) -> Text:
    question = survey.question(name) if survey else None
    return question.label if question and question.label else Text(name or "?", name or "?")
