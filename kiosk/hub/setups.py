"""Setting a fair up: what is done, what is missing, and a small form for each part of it."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, func, select

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import FAIR_STALE, FIELD_INVALID, LOGIN_WRONG, PAGE_NOT_FOUND, Problem
from kiosk.facts.fairs import FairChanged, Section
from kiosk.facts.tallies import BOARD
from kiosk.hub import codes, people, sections, signin, surveys, totals, uses
from kiosk.hub.context import acting, client_mark, hub, reading, signed_in, today, writing
from kiosk.hub.fairs import find_fair, hold_fair, keep_fair, note_change
from kiosk.hub.journal import own_journal
from kiosk.hub.sections import ITEM_NAMES, LISTS, PARTS, Known, Typed, Words, mark
from kiosk.hub.tables import devices, facts, fairs, volunteers
from kiosk.packs import themes
from kiosk.packs.fair_forms import EARNED, INTAKES, STANDINGS, TYPES
from kiosk.packs.fair_sheets import called
from kiosk.packs.fairs import Fair, Venue
from kiosk.packs.model import Text
from kiosk.packs.quizzes import MODES, Mode, offered
from kiosk.packs.reader import not_in_force
from kiosk.packs.surveys import Survey
from kiosk.reports.catalogue import GROUPS, RULES

views = Blueprint("setups", __name__)
_CHANGES_SHOWN = 6
_PART_LIMIT = 6_000  # characters of a field: thirty slogans in two languages
PRINTED_AT_ONCE = 200  # desks


def known_surveys(tx: Connection, fair: Fair) -> list[Survey]:
    """The surveys a fair may choose from: those of the pack, and those kept here."""
    return surveys.known(tx, fair, hub().pack)


def questions_on(fair: Fair, topics: Collection[str]) -> int:
    """How many questions of the pack on some topics, or on all, hold on the fair's first day and on its last."""
    return min(hub().pack.bank(day).about(topics).size for day in (fair.starts, fair.ends))


class Quiz(msgspec.Struct, frozen=True):
    """What a fair's quiz is, held against the pack."""

    lengths: list[Mode]  # the one that is given first
    topics: list[Text]  # names, of those the pack has; [] where all are asked about
    questions: int  # to draw from

    @property
    def needed(self) -> int:
        """Questions in the longest play."""
        return max(mode.questions for mode in self.lengths)

    @property
    def is_short(self) -> bool:
        return bool(self.topics) and self.questions < self.needed


def quiz_of(fair: Fair) -> Quiz:
    known = hub().pack.topics
    chosen = [one for one in fair.quiz_topics if one in known]
    return Quiz(offered(fair.quiz_modes), [known[one] for one in chosen], questions_on(fair, chosen))


class Change(msgspec.Struct, frozen=True):
    at: str
    by: str
    what: list[Section]


class SetupPage(msgspec.Struct, frozen=True):
    fair: Fair
    missing: list[str]  # words for what is still to be done; the page has the sentences
    lapsed: list[str]  # laws the pack cites that are not in force on the fair's first or last day
    theme_year: int  # of whose year the theme is, where it is that of another
    volunteers: int
    tablets: int  # in use
    slogans: int  # of the pack
    quiz: Quiz
    surveys: dict[str, Text]  # id → title, of those chosen
    changes: list[Change]
    elsewhere: bool  # run at another hub: nothing can be changed here
    bare_venues: list[str]  # names of venues without a desk
    unset_hours: int  # desks
    bare_desks: list[str]  # ids of those without a tablet
    sheet_until: str  # as the form for a sheet of codes spells it
    is_new: bool = False  # made just now

    @property
    def prints_at_once(self) -> bool:
        """Whether one touch prints a code for each desk that has no tablet."""
        return 0 < len(self.bare_desks) <= PRINTED_AT_ONCE


class PartPage(msgspec.Struct, frozen=True):
    """One part of the fair as a form."""

    fair: Fair
    section: str
    words: Words
    was: str
    faults: dict[str, sections.Fault]
    surveys: list[Survey]
    topics: list[tuple[str, Text, int]]  # of the pack's quiz, with how many questions, those with most first
    quiz: Quiz  # as it would be
    needs_second: bool  # another organiser's password goes with this
    year: str
    theme: Text | None  # of that year
    themes: list[tuple[int, Text]]  # of the years before, newest first


class Standing(msgspec.Struct, frozen=True):
    """Display boards at a venue."""

    venue: Venue
    planned: int
    counted: int  # there, corrections and all


class ListPage(msgspec.Struct, frozen=True):
    """A list, and the form for one thing of it or a new one."""

    fair: Fair
    section: str
    item: str  # id of the thing that is being changed; empty: a new one
    words: Words
    was: str
    faults: dict[str, sections.Fault]
    standing: list[Standing]  # where it is boards

    @property
    def things(self) -> list[tuple[str, list[Any]]]:
        """(venue or "", its things), in order."""
        if self.section != "desks":
            return [("", list(getattr(self.fair, self.section)))]
        return [(venue.id, [desk for desk in self.fair.desks if desk.venue == venue.id]) for venue in self.fair.venues]

    @property
    def unset_hours(self) -> int:
        """Desks without opening hours, where it is desks."""
        return sum(not (one.opens and one.closes) for one in self.fair.desks) if self.section == "desks" else 0

    @property
    def ways(self) -> list[int]:
        return [n for n in range(1, sections.ENTRANCES + 1) if f"way{n}_id" in self.words]

    @property
    def name(self) -> str:
        return called(self.fair, sections.find(self.fair, self.section, self.item)) if self.item else ""


_NAMES = {
    "types": TYPES, "intakes": INTAKES, "standings": STANDINGS, "earned": EARNED,
    "groups": {one.id: one.label for one in GROUPS}, "rules": {rule: RULES[rule] for rule in sections.RULES},
}  # fmt: skip


# --- what is done, what is missing ------------------------------------------------------------------


@views.get("/fairs/<fair_id>/setup")
def home(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        page = _setup_page(tx, fair)
    page = msgspec.structs.replace(page, is_new=request.args.get("made") == "1")
    return web.page("hub/setups/home.html", page=page, fair=fair)


def _setup_page(tx: Connection, fair: Fair) -> SetupPage:
    helpers = tx.execute(select(func.count()).where(volunteers.c.fair == fair.id)).scalar_one()
    in_use = select(devices.c.desk).where(devices.c.fair == fair.id, devices.c.state == "active")
    taken = set(tx.execute(in_use).scalars())
    elsewhere = bool(tx.execute(select(fairs.c.origin).where(fairs.c.id == fair.id)).scalar())
    stood_at = {desk.venue for desk in fair.desks}
    lapsed = not_in_force(hub().pack, (fair.starts, fair.ends))
    chosen = {one.id: one.title for one in known_surveys(tx, fair) if one.id in (*fair.surveys, fair.quiz_pair)}
    return SetupPage(
        fair=fair,
        missing=missing(fair, helpers, today().isoformat(), lapsed, is_quiz_short=quiz_of(fair).is_short),
        lapsed=lapsed,
        theme_year=_theme_year(fair),
        volunteers=helpers,
        tablets=len(taken),
        slogans=len(hub().pack.slogans),
        quiz=quiz_of(fair),
        surveys=chosen,
        changes=_changes(tx, fair),
        elsewhere=elsewhere,
        bare_venues=[venue.name.in_(web.language()) for venue in fair.venues if venue.id not in stood_at],
        unset_hours=sum(not (desk.opens and desk.closes) for desk in fair.desks),
        bare_desks=[desk.id for desk in fair.desks if desk.id not in taken],
        sheet_until=codes.usual_until(hub().clock.now()),
    )


def missing(
    fair: Fair, helpers: int, day: str, lapsed: Sequence[str] = (), *, is_quiz_short: bool = False
) -> list[str]:
    """What is still to be done before the day, in the order of the page. `lapsed`: laws that do not hold then."""
    stood_at = {desk.venue for desk in fair.desks}
    checks = {
        "past": fair.ends < day,
        "laws": bool(lapsed) and fair.ends >= day,
        "theme": fair.theme == themes.UNKNOWN or bool(_theme_year(fair)),
        "contact": not fair.organiser.contact.strip(),
        "venues": any(venue.id not in stood_at for venue in fair.venues),
        "hours": any(not (desk.opens and desk.closes) for desk in fair.desks),
        "complaints": all(desk.type != "complaints" for desk in fair.desks),
        "volunteers": not helpers,
        "quiz": is_quiz_short,
        "deadline": not fair.deadline,
    }
    return [word for word, is_missing in checks.items() if is_missing]


def _theme_year(fair: Fair) -> int:
    """The other year whose theme the fair still has; or 0."""
    year = int(fair.starts[:4])
    return next((one for one, text in themes.THEMES.items() if text.zh == fair.theme.zh and one != year), 0)


def _changes(tx: Connection, fair: Fair) -> list[Change]:
    """Who changed what last."""
    own = own_journal(tx, fair.id)
    query = select(facts.c.line).where(facts.c.journal == own, facts.c.kind == "fair.changed")
    names = people.names(tx)
    found = []
    for line in tx.execute(query.order_by(facts.c.seq.desc()).limit(_CHANGES_SHOWN)).scalars():
        fact = msgspec.json.decode(bytes(line))
        body = msgspec.convert(fact["body"], FairChanged)
        found.append(Change(to_minute(fact["at"]), names.get(fact["by"], fact["by"]), body.what))
    return found


# --- one part ---------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/setup/<section>")
def part(fair_id: str, section: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        return _show(tx, fair, section)


@views.get("/fairs/<fair_id>/setup/<section>/<part_id>")
def item(fair_id: str, section: str, part_id: str) -> Response:
    """One thing of a list, to be changed."""
    signed_in("organiser")
    if section not in LISTS:
        raise Problem(PAGE_NOT_FOUND)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        sections.find(fair, section, part_id)
        return _show_list(tx, fair, section, part_id)


@views.post("/fairs/<fair_id>/setup/<section>")
def save(fair_id: str, section: str) -> Response:
    """One part, or one thing of a list: kept if it fits, shown again if it does not."""
    signed_in("organiser")
    second = _proven_second() if section == "deadline" else ""
    with acting("organiser") as (tx, session):
        fair = hold_fair(tx, fair_id)
        if section in LISTS:
            return _save_item(tx, fair, section, session.person.id)
        return _save_part(tx, fair, section, session.person.id, second)


def _proven_second() -> str:
    """The organiser who stands at the same screen and typed their password; "" for nobody, or a wrong one.

    Raises `request.too_many`.
    """
    name, password = (request.form.get(field, "")[:200] for field in ("second", "second_password"))
    if not name.strip() or not password:
        return ""
    with writing() as tx:
        people.throttle(tx, "login", f"{client_mark()} {name.strip()}", signin.TRIES, 60, hub().clock.now())
    try:
        with reading() as tx:
            person = people.prove(tx, name.strip(), password).person
    except Problem as problem:
        if problem.kind is not LOGIN_WRONG:
            raise
        return ""
    return person.id if person.may("organiser") else ""


@views.post("/fairs/<fair_id>/setup/desks/hours")
def hours(fair_id: str) -> Response:
    """The same opening hours for every desk that has none."""
    typed = Typed(web.read_form("opens", "closes"))
    opens, closes = typed.hour("opens"), typed.hour("closes")
    if typed.faults or not opens < closes:
        raise Problem(FIELD_INVALID, field="closes")
    with acting("organiser") as (tx, session):
        fair = hold_fair(tx, fair_id)
        desks = [
            desk if desk.opens and desk.closes else msgspec.structs.replace(desk, opens=opens, closes=closes)
            for desk in fair.desks
        ]
        if desks != fair.desks:
            keep_fair(tx, hub(), msgspec.structs.replace(fair, desks=desks), ["desks"], session.person.id)
    return web.see_other("setups.part", fair_id=fair.id, section="desks")


@views.post("/fairs/<fair_id>/setup/<section>/remove")
def remove(fair_id: str, section: str) -> Response:
    """Take a thing off a list. What is in use stays: `fair.in_use`."""
    if section not in LISTS:
        raise Problem(PAGE_NOT_FOUND)
    form = web.read_form("id")
    with acting("organiser") as (tx, session):
        fair = hold_fair(tx, fair_id)
        if any(one.id == form["id"] for one in getattr(fair, section)):  # otherwise it is gone already
            _keep(tx, fair, sections.without_item(fair, section, form["id"]), section, session.person.id)
    return web.see_other("setups.part", fair_id=fair.id, section=section)


def _save_part(tx: Connection, fair: Fair, section: str, by: str, second: str) -> Response:
    if section not in PARTS:
        raise Problem(PAGE_NOT_FOUND)
    here = PARTS[section]
    names = here.names(
        Known(known_surveys(tx, fair), list(hub().pack.topics), [one.key for one in sections.every_figure(fair)])
    )
    typed = Typed(web.read_form("was", optional=names, limit=_PART_LIMIT))
    new = here.made(fair, typed)
    if section == "quiz" and quiz_of(new).is_short:
        typed.faults["topics"] = "few"
    takes_two = new.correction_limit > fair.correction_limit and uses.is_counted(tx, fair.id)
    if takes_two and second in ("", by):
        typed.faults["second"] = "second"
    if typed.faults:
        return _show(tx, new if section == "quiz" else fair, section, typed)
    if new != fair:
        if typed.words["was"] != mark(here.words(fair)):
            raise Problem(FAIR_STALE)
        _keep(tx, fair, new, section, by)
        if takes_two:
            note_change(tx, hub(), new, ["deadline"], second)  # who stands for it beside the first
    return web.see_other("setups.home", fair_id=fair.id)


def _save_item(tx: Connection, fair: Fair, section: str, by: str) -> Response:
    typed = Typed(web.read_form("id", "was", optional=[name for name in ITEM_NAMES[section] if name != "id"]))
    made: Any = sections.item_made(fair, section, typed)
    if made is None:
        known = any(one.id == typed.words["id"] for one in getattr(fair, section))
        return _show_list(tx, fair, section, typed.words["id"] if known else "", typed)
    new = sections.with_item(fair, section, made)
    if new != fair:
        if typed.words["was"] != _was(fair, section, made.id):
            raise Problem(FAIR_STALE)
        _keep(tx, fair, new, section, by)
    return web.see_other("setups.part", fair_id=fair.id, section=section)


def _was(fair: Fair, section: str, item_id: str) -> str:
    return mark(next((one for one in getattr(fair, section) if one.id == item_id), None))


def _keep(tx: Connection, old: Fair, new: Fair, section: Any, by: str) -> None:
    """Raises `fair.in_use`, `desk.in_use` or `fair.faulty`."""
    uses.change(tx, hub(), old, new, [section], by)


def _show(tx: Connection, fair: Fair, section: str, typed: Typed | None = None) -> Response:
    if section in LISTS:
        return _show_list(tx, fair, section, "")
    if section not in PARTS:
        raise Problem(PAGE_NOT_FOUND)
    topics = [(one, name, questions_on(fair, [one])) for one, name in hub().pack.topics.items()]
    held = PARTS[section].words(fair)
    page = PartPage(
        fair=fair,
        section=section,
        words={**held, **typed.words} if typed else held,
        was=typed.words["was"] if typed else mark(held),
        faults=typed.faults if typed else {},
        surveys=known_surveys(tx, fair),
        topics=sorted(topics, key=lambda topic: -topic[2]),
        quiz=quiz_of(fair),
        needs_second=uses.is_counted(tx, fair.id),
        year=fair.starts[:4],
        theme=themes.theme_of(fair.starts),
        themes=sorted(themes.THEMES.items(), reverse=True)[:4],
    )
    return web.page(
        "hub/setups/part.html",
        422 if typed else 200,
        page=page,
        fair=fair,
        modes=MODES,
        groups=GROUPS,
        figures=sections.every_figure(fair),
    )


def _show_list(tx: Connection, fair: Fair, section: str, item_id: str, typed: Typed | None = None) -> Response:
    chosen = sections.find(fair, section, item_id) if item_id else None
    held = sections.item_words(fair, section, chosen)
    page = ListPage(
        fair=fair,
        section=section,
        item=item_id,
        words={**held, **typed.words} if typed else held,
        was=typed.words["was"] if typed else mark(chosen),
        faults=typed.faults if typed else {},
        standing=_standing(tx, fair) if section == "boards" else [],
    )
    return web.page("hub/setups/list.html", 422 if typed else 200, page=page, fair=fair, names=_NAMES)


def _standing(tx: Connection, fair: Fair) -> list[Standing]:
    """The boards of each venue, as planned and as its desks counted them."""
    venue_of = {desk.id: desk.venue for desk in fair.desks}
    counted = Counter[str]()
    for desk, n in totals.sums_of_metric(tx, fair.id, f"tally.{BOARD}").items():
        counted[venue_of.get(desk, "")] += n
    return [Standing(venue, fair.boards_at(venue.id), counted[venue.id]) for venue in fair.venues]
