"""The parts of a fair as forms: what stands in their fields, and what they make of the fair when they come back.

A form holds what one part is, and a mark of how it was when the form was drawn: who saves what somebody else has
changed meanwhile is told so, and who saves the same twice changes nothing.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import msgspec

from kiosk import web
from kiosk.errors import FIELD_INVALID, PAGE_NOT_FOUND, Problem
from kiosk.packs import themes
from kiosk.packs.drafts import clean
from kiosk.packs.fair_forms import EARNED, INTAKES, STANDINGS, TYPES
from kiosk.packs.fairs import Board, Desk, Entrance, Fair, Leaflet, Material, Organiser, OwnFigure, Prize, Unit, Venue
from kiosk.packs.model import Item, Text
from kiosk.packs.quizzes import ALL_MODES, MODES, offered
from kiosk.packs.surveys import Survey
from kiosk.reports import catalogue

#: Saved whole, in one form.
PLAIN = ("basics", "theme", "slogans", "organiser", "switches", "quiz", "surveys", "figures", "deadline")
#: Lists, of which one thing is saved at a time, and what ids of new things begin with.
LISTS = {
    "venues": "v", "desks": "d", "units": "u", "leaflets": "l", "materials": "m", "prizes": "p", "boards": "b",
    "own_figures": "f",
}  # fmt: skip
_MOST = {
    "venues": 500, "desks": 5_000, "units": 500, "leaflets": 30, "materials": 30, "prizes": 10, "boards": 200,
    "own_figures": 30,
}  # fmt: skip
ENTRANCES = 12
NAME_LIMIT, NAME_EN_LIMIT = 60, 120
SLOGANS, SLOGAN_LIMIT = 30, 60
CONTACT_LIMIT, CONTACT_EN_LIMIT = 120, 240
UNIT_LIMIT, MEANS_LIMIT = 8, 200  # of a figure the fair has for itself
#: How several units' figures may be put together, of those a fair has for itself.
RULES: tuple[Literal["sum", "max", "none"], ...] = ("sum", "max", "none")
_HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]")
Fault = Literal["missing", "long", "personal", "number", "day", "order", "hour", "many", "twice", "few", "second"]
Words = dict[str, str]  # field → what stands in it


def mark(thing: object) -> str:
    """The same for things that are the same."""
    return hashlib.sha256(msgspec.json.encode(thing)).hexdigest()[:16]


class Typed:
    """What came with a form, read field by field; what is wrong is kept by field, and something fitting is given."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = words
        self.faults: dict[str, Fault] = {}

    def line(self, name: str, limit: int, *, needed: bool = True) -> str:
        said = " ".join(clean(self.words.get(name, "")).split())
        fault: Any = web.text_fault(said, limit, is_needed=needed)
        if fault:
            self.faults[name] = fault
        return said

    def text(self, name: str, *, needed: bool = True) -> Text | None:
        """Words in both languages; English that nobody wrote is the Chinese. None where there are none."""
        zh = self.line(name, NAME_LIMIT, needed=needed)
        en = self.line(f"{name}_en", NAME_EN_LIMIT, needed=False)
        return Text(zh[:600], (en or zh)[:1200]) if zh else None

    def number(self, name: str, low: int, high: int, *, needed: bool = True) -> int | None:
        said = clean(self.words.get(name, ""))
        if not said and not needed:
            return None
        number = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else low - 1
        if not low <= number <= high:
            self.faults[name] = "number"
        return min(max(number, low), high)

    def day(self, name: str, before: str) -> str:
        said = self.words.get(name, "")
        try:
            return date.fromisoformat(said).isoformat() if len(said) == 10 else self._no_day(name, before)
        except ValueError:
            return self._no_day(name, before)

    def _no_day(self, name: str, before: str) -> str:
        self.faults[name] = "day"
        return before

    def hour(self, name: str) -> str:
        said = self.words.get(name, "")[:5]
        if said and not _HOUR.fullmatch(said):
            self.faults[name] = "hour"
            return ""
        return said

    def moment(self, name: str) -> str:
        """A moment, as an input for a date and time of day spells it; or nothing."""
        said = self.words.get(name, "")[:16]
        if not said:
            return ""
        if not _MINUTE.fullmatch(said) or self.day_of(said) is None:
            self.faults[name] = "day"
            return ""
        return f"{said}:00.000+08:00"

    @staticmethod
    def day_of(moment: str) -> date | None:
        try:
            return date.fromisoformat(moment[:10])
        except ValueError:
            return None

    def choice(self, name: str, choices: Iterable[str]) -> str:
        return web.read_choice(self.words, name, choices)

    def ticked(self, name: str) -> bool:
        return self.words.get(name, "") == "yes"


# --- parts that are one form ----------------------------------------------------------------------


class Known(msgspec.Struct, frozen=True):
    """What a fair may choose from."""

    surveys: Sequence[Survey]
    topics: Sequence[str]  # of the pack's quiz
    figures: Sequence[str] = ()  # keys, those of the fair itself too


class Part(msgspec.Struct, frozen=True):
    """One part: its names of fields, what stands in them, what they make of a fair."""

    names: Callable[[Known], Sequence[str]]
    words: Callable[[Fair], Words]
    made: Callable[[Fair, Typed], Fair]


def both(name: str, text: Text | None) -> Words:
    if text is None:
        return {name: "", f"{name}_en": ""}
    return {name: text.zh, f"{name}_en": "" if text.en == text.zh else text.en}


def _ticks(prefix: str, every: Iterable[str], chosen: Iterable[str]) -> Words:
    held = set(chosen)
    return {f"{prefix}.{one}": "yes" if one in held else "" for one in every}


def _basics(fair: Fair, typed: Typed) -> Fair:
    title = typed.text("title") or fair.title
    starts, ends = typed.day("starts", fair.starts), typed.day("ends", fair.ends)
    if not typed.faults and ends < starts:
        typed.faults["ends"] = "order"
    return _with(fair, title=title, starts=starts, ends=ends)


def _theme(fair: Fair, typed: Typed) -> Fair:
    return _with(fair, theme=typed.text("theme", needed=False) or themes.UNKNOWN)


def _slogans(fair: Fair, typed: Typed) -> Fair:
    """One a line; what stands behind a bar is its English."""
    said = clean(typed.words.get("slogans", "")).replace("｜", "|").splitlines()
    lines = [[" ".join(half.split()) for half in line.partition("|")[::2]] for line in said if line.strip(" |")]
    if any(not zh or len(zh) > SLOGAN_LIMIT or len(en) > NAME_EN_LIMIT for zh, en in lines):
        typed.faults["slogans"] = "long"
    elif len(lines) > SLOGANS:
        typed.faults["slogans"] = "many"
    return fair if typed.faults else _with(fair, slogans=[Text(zh, en or zh) for zh, en in lines])


def _organiser(fair: Fair, typed: Typed) -> Fair:
    name = typed.text("name") or fair.organiser.name
    contact = " ".join(clean(typed.words.get("contact", "")).split())
    if not contact or len(contact) > CONTACT_LIMIT:  # an office's own number is meant to be read
        typed.faults["contact"] = "long" if contact else "missing"
    in_english = " ".join(clean(typed.words.get("contact_en", "")).split())
    if len(in_english) > CONTACT_EN_LIMIT:
        typed.faults["contact_en"] = "long"
    return _with(fair, organiser=Organiser(name, contact[:CONTACT_LIMIT], in_english[:CONTACT_EN_LIMIT]))


def _switches(fair: Fair, typed: Typed) -> Fair:
    return _with(
        fair,
        leaderboard=typed.ticked("leaderboard"),
        public_screen=typed.ticked("public_screen"),
        answer_days=typed.number("answer_days", 1, 90),
        retention_months=typed.number("retention_months", 1, 120),
        form=typed.choice("form", ("2026", "2019")),
    )


def _quiz(fair: Fair, typed: Typed) -> Fair:
    """The length that is given, those one may change to, and topics, of which none ticked are all."""
    first: Any = typed.choice("first", MODES)
    modes: list[Any] = [first, *(one for one in ALL_MODES if one != first and typed.ticked(f"mode.{one}"))]
    known = [name.removeprefix("topic.") for name in typed.words if name.startswith("topic.")]
    chosen = [one for one in known if typed.ticked(f"topic.{one}")]
    return _with(
        fair,
        quiz_modes=[] if modes == list(ALL_MODES) else modes,
        quiz_topics=[] if len(chosen) == len(known) else sorted(chosen),
    )


def _quiz_words(fair: Fair) -> Words:
    modes = [mode.id for mode in offered(fair.quiz_modes)]
    return {"first": modes[0], **_ticks("mode", MODES, modes), **_ticks("topic", fair.quiz_topics, fair.quiz_topics)}


def _surveys(fair: Fair, typed: Typed) -> Fair:
    chosen = [name.removeprefix("survey.") for name in typed.words if name.startswith("survey.") and typed.ticked(name)]
    if len(chosen) > 10:
        typed.faults["surveys"] = "many"
    known = [name.removeprefix("survey.") for name in typed.words if name.startswith("survey.")]
    return _with(fair, surveys=chosen[:10], quiz_pair=typed.choice("quiz_pair", ["", *known]))


def every_figure(fair: Fair) -> list[catalogue.Definition]:
    """All there are to choose from, in the catalogue's own order."""
    return catalogue.columns(_with(fair, wanted=[one.key for one in catalogue.CATALOGUE]))


def _figures(fair: Fair, typed: Typed) -> Fair:
    """Those that are ticked, by the numbers beside them; a figure that was given another's number takes its place.

    The fair's own are always among them: who does not want one takes it off their list.
    """
    usual, held = [one.key for one in catalogue.columns(_with(fair, wanted=[]))], _places(fair)
    ranks: dict[str, tuple[int, int]] = {}
    for key in (one.key for one in every_figure(fair)):
        place = typed.number(f"place.{key}", 1, _MOST_PLACE, needed=False)
        before = int(held[f"place.{key}"] or 0)
        if typed.ticked(f"figure.{key}") or key.startswith(catalogue.OWN):
            ranks[key] = (_MOST_PLACE, 1) if place is None else (place, 1 + (place > before) - (place < before))
    chosen = sorted(ranks, key=lambda key: ranks[key])
    is_usual = chosen == usual or all(key.startswith(catalogue.OWN) for key in chosen)
    return _with(fair, wanted=[] if is_usual else chosen)


_MOST_PLACE = 999


def _places(fair: Fair) -> Words:
    """Beside each figure the place it has in the table; beside those that are not wanted none."""
    wanted = [one.key for one in catalogue.columns(fair)]
    places = {key: str(number) for number, key in enumerate(wanted, 1)}
    return {f"place.{one.key}": places.get(one.key, "") for one in every_figure(fair)}


def _figure_words(fair: Fair) -> Words:
    every = [one.key for one in every_figure(fair)]
    return {**_ticks("figure", every, (one.key for one in catalogue.columns(fair))), **_places(fair)}


def _deadline(fair: Fair, typed: Typed) -> Fair:
    moment = typed.moment("deadline")
    if moment and moment[:10] < fair.starts:
        typed.faults["deadline"] = "order"
    limit = typed.number("correction_limit", 1, 1_000_000)
    return _with(fair, deadline=moment, correction_limit=limit)


def _with(fair: Fair, **changes: Any) -> Fair:
    return msgspec.structs.replace(fair, **changes)


PARTS: Mapping[str, Part] = {
    "basics": Part(
        lambda _: ("title", "title_en", "starts", "ends"),
        lambda fair: {**both("title", fair.title), "starts": fair.starts, "ends": fair.ends},
        _basics,
    ),
    "theme": Part(
        lambda _: ("theme", "theme_en"),
        lambda fair: both("theme", None if fair.theme == themes.UNKNOWN else fair.theme),
        _theme,
    ),
    "slogans": Part(
        lambda _: ("slogans",),
        lambda fair: {
            "slogans": "\n".join(one.zh if one.en == one.zh else f"{one.zh} | {one.en}" for one in fair.slogans)
        },
        _slogans,
    ),
    "organiser": Part(
        lambda _: ("name", "name_en", "contact", "contact_en"),
        lambda fair: {
            **both("name", fair.organiser.name),
            "contact": fair.organiser.contact,
            "contact_en": fair.organiser.contact_en,
        },
        _organiser,
    ),
    "switches": Part(
        lambda _: ("leaderboard", "public_screen", "answer_days", "retention_months", "form"),
        lambda fair: {
            "leaderboard": "yes" if fair.leaderboard else "",
            "public_screen": "yes" if fair.public_screen else "",
            "answer_days": str(fair.answer_days),
            "retention_months": str(fair.retention_months),
            "form": fair.form,
        },
        _switches,
    ),
    "quiz": Part(
        lambda known: ("first", *(f"mode.{one}" for one in MODES), *(f"topic.{one}" for one in known.topics)),
        _quiz_words,
        _quiz,
    ),
    "surveys": Part(
        lambda known: ("quiz_pair", *(f"survey.{one.id}" for one in known.surveys)),
        lambda fair: {"quiz_pair": fair.quiz_pair, **_ticks("survey", fair.surveys, fair.surveys)},
        _surveys,
    ),
    "figures": Part(
        lambda known: [f"{what}.{key}" for key in known.figures for what in ("figure", "place")],
        _figure_words,
        _figures,
    ),
    "deadline": Part(
        lambda _: ("deadline", "correction_limit", "second", "second_password"),
        lambda fair: {"deadline": fair.deadline[:16], "correction_limit": str(fair.correction_limit)},
        _deadline,
    ),
}


def differing(old: Fair, new: Fair) -> list[Any]:
    """The sections in which two fairs differ."""
    plain = [section for section, part in PARTS.items() if part.words(old) != part.words(new)]
    return plain + [section for section in LISTS if getattr(old, section) != getattr(new, section)]


# --- lists ----------------------------------------------------------------------------------------


def find(fair: Fair, section: str, item_id: str) -> Any:
    """A thing of a list. Raises `page.not_found`."""
    found = next((one for one in getattr(fair, section) if one.id == item_id), None)
    if found is None:
        raise Problem(PAGE_NOT_FOUND)
    return found


def free_id(fair: Fair, section: str) -> str:
    """An id for the next new thing of a list, e.g. d21."""
    prefix, taken = LISTS[section], {one.id for one in getattr(fair, section)}
    numbers = (f"{prefix}{n:02d}" if section == "desks" else f"{prefix}{n}" for n in range(1, 100_000))
    return next(one for one in numbers if one not in taken)


_NAMED = ("id", "name", "name_en")
ITEM_NAMES: Mapping[str, Sequence[str]] = {
    "venues": (*_NAMED, *(f"way{n}{rest}" for n in range(1, ENTRANCES + 1) for rest in ("", "_en", "_id"))),
    "desks": (*_NAMED, "venue", "type", "opens", "closes", "unit", "intake", "standing"),
    "units": _NAMED,
    "leaflets": (*_NAMED, "bundle"),
    "materials": (*_NAMED, "unit", "unit_en", "bundle"),
    "prizes": (*_NAMED, "earned_by", "quota", "per_hour"),
    "boards": (*_NAMED, "venue", "n"),
    "own_figures": (*_NAMED, "unit", "means", "means_en", "group", "rule"),
}


def item_words(fair: Fair, section: str, item: Any) -> Words:
    """What stands in the form of a thing; of None, one that is to be added."""
    if item is None:
        return {"id": free_id(fair, section), **both("name", None), **_new_words(fair, section)}
    words = {"id": item.id, **both("name", item.name)}
    match item:
        case Venue():
            return words | _way_words(item.entrances)
        case Desk():
            plain = ("venue", "type", "opens", "closes", "unit", "intake", "standing")
            return words | {name: str(getattr(item, name)) for name in plain}
        case Leaflet():
            return words | {"bundle": str(item.bundle)}
        case Material():
            return words | {**both("unit", item.unit), "bundle": str(item.bundle)}
        case Prize():
            per_hour = str(item.per_hour or "")
            return words | {"earned_by": item.earned_by, "quota": str(item.quota), "per_hour": per_hour}
        case Board():
            return words | {"venue": item.venue, "n": str(item.n)}
        case OwnFigure():
            return words | {"unit": item.unit, **both("means", item.means), "group": item.group, "rule": item.rule}
    return words


def _new_words(fair: Fair, section: str) -> Words:
    last = fair.desks[-1]
    return {
        "venues": _way_words([]),
        "desks": {
            "venue": last.venue, "type": "advice", "opens": last.opens, "closes": last.closes, "unit": "",
            "intake": last.intake, "standing": last.standing,
        },
        "leaflets": {"bundle": "100"},
        "materials": {"unit": "个", "unit_en": "pieces", "bundle": "50"},
        "prizes": {"earned_by": "passed", "quota": "100", "per_hour": ""},
        "boards": {"venue": "", "n": "1"},
        "own_figures": {"unit": "", **both("means", None), "group": "own", "rule": "sum"},
    }.get(section, {})  # fmt: skip


def _way_words(entrances: Sequence[Entrance]) -> Words:
    """Rows for those there are, and two more; each new row has its id already, so that sending it twice adds one."""
    words: Words = {}
    taken = {one.id for one in entrances}
    free = (f"e{n}" for n in range(1, 100) if f"e{n}" not in taken)
    for place in range(1, min(len(entrances) + 2, ENTRANCES) + 1):
        known = entrances[place - 1] if place <= len(entrances) else None
        words |= both(f"way{place}", known.name if known else None)
        words[f"way{place}_id"] = known.id if known else next(free)
    return words


def item_made(fair: Fair, section: str, typed: Typed) -> Item | None:
    """The thing a form describes; None where there are faults. Raises `field.invalid`."""
    one_id, name = typed.words["id"], typed.text("name")
    made = {
        "venues": _venue, "desks": _desk, "units": _unit, "leaflets": _leaflet, "materials": _material,
        "prizes": _prize,
        "boards": _board, "own_figures": _own_figure,
    }[section](fair, typed, one_id, name or Text("-", "-"))  # fmt: skip
    same = [one for one in getattr(fair, section) if one.id != one_id and name and one.name.zh == name.zh]
    if any(not isinstance(made, Desk | Board) or one.venue == made.venue for one in same):
        typed.faults.setdefault("name", "twice")
    if typed.faults:
        return None
    try:
        return msgspec.json.decode(msgspec.json.encode(made), type=type(made))
    except msgspec.ValidationError:  # its id is none
        raise Problem(FIELD_INVALID, field="id") from None


def _venue(_fair: Fair, typed: Typed, one_id: str, name: Text) -> Venue:
    ways = []
    for place in range(1, ENTRANCES + 1):
        said = typed.text(f"way{place}", needed=False)
        if said:
            ways.append(Entrance(typed.words[f"way{place}_id"], said))
    if len({way.name.zh for way in ways}) < len(ways) or len({way.id for way in ways}) < len(ways):
        typed.faults["ways"] = "twice"
    return Venue(one_id, name, ways)


def _desk(fair: Fair, typed: Typed, one_id: str, name: Text) -> Desk:
    opens, closes = typed.hour("opens"), typed.hour("closes")
    if opens and closes and closes <= opens:
        typed.faults["closes"] = "order"
    kind: Any = typed.choice("type", TYPES)
    intake: Any = typed.choice("intake", INTAKES)
    standing: Any = typed.choice("standing", STANDINGS)
    venue = typed.choice("venue", [venue.id for venue in fair.venues])
    unit = typed.choice("unit", ["", *(unit.id for unit in fair.units)])
    return Desk(one_id, venue, kind, name, intake, standing, opens, closes, unit)


def _unit(_fair: Fair, _typed: Typed, one_id: str, name: Text) -> Unit:
    return Unit(one_id, name)


def _leaflet(_fair: Fair, typed: Typed, one_id: str, name: Text) -> Leaflet:
    return Leaflet(one_id, name, typed.number("bundle", 2, 1_000) or 2)


def _material(_fair: Fair, typed: Typed, one_id: str, name: Text) -> Material:
    return Material(one_id, name, typed.text("unit") or Text("-", "-"), typed.number("bundle", 2, 1_000) or 2)


def _prize(_fair: Fair, typed: Typed, one_id: str, name: Text) -> Prize:
    earned: Any = typed.choice("earned_by", EARNED)
    per_hour = typed.number("per_hour", 1, 1_000, needed=False)
    return Prize(id=one_id, name=name, earned_by=earned, quota=typed.number("quota", 1, 10_000) or 1, per_hour=per_hour)


def _board(fair: Fair, typed: Typed, one_id: str, name: Text) -> Board:
    venue = typed.choice("venue", ["", *(venue.id for venue in fair.venues)])
    return Board(one_id, name, typed.number("n", 1, 1_000) or 1, venue)


def _own_figure(_fair: Fair, typed: Typed, one_id: str, name: Text) -> OwnFigure:
    """What it means stands under the table, so it is asked for."""
    unit, means = typed.line("unit", UNIT_LIMIT), typed.line("means", MEANS_LIMIT)
    means_en = typed.line("means_en", MEANS_LIMIT, needed=False)
    rule: Any = typed.choice("rule", RULES)
    group = typed.choice("group", [one.id for one in catalogue.GROUPS])
    return OwnFigure(one_id, name, unit or "-", Text(means or "-", means_en or means or "-"), group, rule)


def with_item(fair: Fair, section: str, item: Any) -> Fair:
    """The fair with a thing in the place of that of its id, or behind the others. Raises `field.invalid`."""
    held = getattr(fair, section)
    known = [one.id for one in held]
    things = [item if one.id == item.id else one for one in held] if item.id in known else [*held, item]
    if len(things) > _MOST[section]:
        raise Problem(FIELD_INVALID, field=section)
    return _with(fair, **{section: things})


def without_item(fair: Fair, section: str, item_id: str) -> Fair:
    kept = {section: [one for one in getattr(fair, section) if one.id != item_id]}
    if section == "own_figures":
        kept["wanted"] = [key for key in fair.wanted if key != f"{catalogue.OWN}{item_id}"]
    return _with(fair, **kept)
