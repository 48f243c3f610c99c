"""A fair's roster as a workbook: what offices fill in, read with every fault at once, and written again.

A row is known again by its id, or without one by its name, so importing the same file twice changes nothing.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import ModuleType
from typing import Any, TypeVar

import msgspec

from kiosk.errors import IMPORT_NO_WORKBOOKS, Problem
from kiosk.packs.drafts import Fault, Place, day_of, narrow
from kiosk.packs.fair_forms import (
    DESKS,
    EARNED,
    FAIR_FORM,
    FORMS,
    HELP,
    INTAKES,
    LEAFLETS,
    MATERIALS,
    MOST_VOLUNTEERS,
    PRIZES,
    STANDINGS,
    TYPES,
    UNITS,
    VENUES,
    VOLUNTEERS,
    choices_of,
    rows_of,
)
from kiosk.packs.fairs import Desk, Entrance, Fair, Leaflet, Material, Organiser, Prize, Unit, Venue
from kiosk.packs.model import Text
from kiosk.packs.sheets import Cell, Column, Form, Row, Tables
from kiosk.packs.themes import UNKNOWN, theme_of

#: Bytes of a file that is read at all.
FILE_LIMIT = 5 * 1024 * 1024
NAME_LIMIT = 40  # characters of a volunteer's name


class Change(msgspec.Struct, frozen=True):
    """What an import does to one list: names, in the order of the file."""

    section: str
    added: Sequence[str] = ()
    changed: Sequence[str] = ()
    removed: Sequence[str] = ()


class Edit(msgspec.Struct, frozen=True):
    """One cell of what is there already, as it is and as it would be; "" is blank."""

    section: str
    name: str  # of the row
    column: Column
    old: str
    new: str


class Plan(msgspec.Struct, frozen=True):
    """What importing a roster would come to."""

    fair: Fair  # as it would be; worth nothing where there are faults
    changes: Sequence[Change]  # of what changes anything
    new_volunteers: Sequence[str]  # names
    renamed: Mapping[str, str]  # id of a volunteer → new name
    faults: Sequence[Fault]  # in the order of the file
    notes: Sequence[Fault]
    rows: Mapping[str, int]  # sheet → rows that were read
    edits: Sequence[Edit] = ()  # cell by cell, where there are no faults

    @property
    def is_ready(self) -> bool:
        return not self.faults

    @property
    def sections(self) -> list[Any]:
        return [change.section for change in self.changes]


# --- in -------------------------------------------------------------------------------------------


def read(data: bytes) -> Tables:
    """The rows of a file. Raises `import.no_workbooks` alone: what cannot be read is a fault."""
    if len(data) > FILE_LIMIT:
        megabytes = FILE_LIMIT // 1024 // 1024
        return _refused(
            f"文件超过 {megabytes} MB，没有读。请删去不用的工作表。",
            f"the file has more than {megabytes} MB and was not read; delete the sheets you do not need",
        )
    if not data.startswith(b"PK"):
        return _refused(
            "这不是 .xlsx 文件（也许是旧版 .xls、CSV 或 PDF，只是改了名字，或者加了密码）。"
            "请用 Excel 或 WPS 打开，另存为 .xlsx，再导入。",
            "this is no .xlsx file (an old .xls, CSV or PDF by another name, or one with a password); "
            "open it, save it as .xlsx and import that",
        )
    tables: Tables = _workbooks().read_tables(data, FORMS)
    return tables


def _refused(zh: str, en: str) -> Tables:
    return Tables(faults=[Fault(Place(), zh, en)])


def _workbooks() -> ModuleType:
    try:
        from kiosk.packs import workbooks  # noqa: PLC0415 (a tablet has no openpyxl, and reads no workbooks)
    except ImportError:
        raise Problem(IMPORT_NO_WORKBOOKS) from None
    return workbooks


def plan(
    tables: Tables, fair: Fair, volunteers: Mapping[str, str], *, only: bool = False, is_untouched: bool = False
) -> Plan:
    """What a file comes to in a fair. `volunteers`: id → name. `only`: what is not in a list of the file goes.

    A blank cell leaves what is there; with `only` it clears it, unless it has to be filled in anyway. A sheet that is
    not there, or has no rows, leaves its list as it is; volunteers never go. `is_untouched`: nobody has used an id of
    the fair yet, so that with `only` those of what goes are given again.
    """
    return _Planner(tables, fair, volunteers, only=only, is_untouched=only and is_untouched).plan()


_Thing = TypeVar("_Thing", Venue, Unit, Desk, Leaflet, Material, Prize)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HOUR = re.compile(r"([01]?[0-9]|2[0-3])[:点时]([0-5]?[0-9])?分?(?::00)?")
_LONG_NUMBER = re.compile(r"[0-9]{11}")


class _Planner:
    def __init__(
        self, tables: Tables, fair: Fair, volunteers: Mapping[str, str], *, only: bool, is_untouched: bool
    ) -> None:
        self.tables, self.old, self.volunteers, self.only = tables, fair, volunteers, only
        self.is_untouched = is_untouched
        self.given_again: set[tuple[str, str]] = set()  # (section, id) of what went, and of what has that id now
        self.faults = list(tables.faults)
        self.notes: list[Fault] = []
        self._taken = {_cell(fault) for fault in tables.faults}
        self._named: dict[int, dict[str, Any]] = {}  # of lists that live as long as this
        self.rows = {form.id: tables.rows.get(form.id, []) for form in FORMS}

    def plan(self) -> Plan:
        fair = self._head(self.old)
        fair = msgspec.structs.replace(fair, venues=self._merged(VENUES, fair.venues, "v", self._venue))
        fair = msgspec.structs.replace(fair, units=self._merged(UNITS, fair.units, "u", self._unit))
        # References are looked up in what the lists will then be.
        self.new = fair
        desks = self._merged(DESKS, fair.desks, "d", self._desk)
        leaflets = self._merged(LEAFLETS, fair.leaflets, "l", self._leaflet)
        materials = self._merged(MATERIALS, fair.materials, "m", self._material)
        prizes = self._merged(PRIZES, fair.prizes, "p", self._prize)
        fair = msgspec.structs.replace(fair, desks=desks, leaflets=leaflets, materials=materials, prizes=prizes)
        names, renamed = self._volunteers()
        if not self.faults:
            self.faults += [
                Fault(
                    Place(), f"导入后活动不合规则（{one}）。请改正。", f"the fair would then be faulty ({one}); mend it"
                )
                for one in fair.faults()
            ]
        self.faults.sort(key=lambda one: (_turn(one.place.sheet), one.place.row, len(one.place.column)))
        return Plan(
            fair,
            changes_between(self.old, fair, names, renamed, self.given_again),
            names,
            renamed,
            self.faults,
            [*self.tables.notes, *self.notes],
            {form.id: len(self.rows[form.id]) for form in FORMS if self.rows[form.id]},
            [] if self.faults else edits_between(self.old, fair, self.volunteers, renamed, self.given_again),
        )

    # --- the fair itself --------------------------------------------------------------------------

    def _head(self, fair: Fair) -> Fair:
        for row in self.rows["fair"][:1]:
            starts = self._day(row, "starts") or fair.starts
            ends = self._day(row, "ends") or max(starts, fair.ends if "starts" not in row.cells else starts)
            if ends < starts:
                self._wrong(row, "ends", "结束日期早于开始日期。请改正。", "it ends before it starts; mend it")
            moved = starts[:4] != fair.starts[:4]
            theme = self._text(row, "theme", fair.theme) or (theme_of(starts) or UNKNOWN if moved else fair.theme)
            return msgspec.structs.replace(
                fair,
                title=self._text(row, "title", fair.title) or fair.title,
                starts=starts,
                ends=ends,
                theme=theme,
                organiser=Organiser(
                    self._text(row, "organiser", fair.organiser.name) or fair.organiser.name,
                    self._words(row, "contact", 120) or fair.organiser.contact,
                    self._words(row, "contact_en", 240) or fair.organiser.contact_en,
                ),
                deadline=self._moment(row, "deadline") or fair.deadline,
            )
        return fair

    # --- lists ------------------------------------------------------------------------------------

    def _merged(
        self, form: Form, old: Sequence[_Thing], prefix: str, build: Callable[[Row, str, Any], _Thing | None]
    ) -> list[_Thing]:
        """The list as it is after the import."""
        rows = self.rows[form.id]
        if not rows:
            return list(old)
        held = {one.id: one for one in old}
        named = {_key(one): one.id for one in reversed(old)}
        ids = self._ids(form, rows, held, named, prefix)
        built = {}
        for row, one_id in zip(rows, ids, strict=True):
            before = held.get(one_id) if (form.id, one_id) not in self.given_again else None
            thing = build(row, one_id, before) if one_id else None
            if thing is not None:
                built[one_id] = thing
        self._refuse_namesakes(rows, ids, built, () if self.only else old)
        if self.only:
            return list(built.values()) or list(old)
        return [built.pop(one.id, one) for one in old] + list(built.values())

    def _refuse_namesakes(
        self, rows: Sequence[Row], ids: Sequence[str], built: Mapping[str, Any], old: Sequence[Any]
    ) -> None:
        """Two of one name, told apart by their ids alone, nobody can tell apart on a screen."""
        holders: dict[tuple[str, ...], str] = {}
        for one in [*(built.get(one.id, one) for one in old), *built.values()]:
            holders.setdefault(_key(one), one.id)
        for row, one_id in zip(rows, ids, strict=True):
            if one_id in built and holders[_key(built[one_id])] != one_id:
                self._wrong(
                    row,
                    "name",
                    "已经有一个同名的，编号不同。请改一个名称。",
                    "there is another of this name, with another id; call one of them otherwise",
                )

    def _ids(
        self, form: Form, rows: Sequence[Row], held: Mapping[str, object], named: Mapping[Any, str], prefix: str
    ) -> list[str]:
        """An id for each row: the one it has, that of what is called so, or a new one; "" where it cannot have any."""
        given: dict[str, Row] = {}
        found = []
        typed = [self._typed_id(row) for row in rows]
        taken = self._stay(form, held, {named.get(self._row_key(form, row), "") for row in rows})
        taken |= set(filter(None, typed))
        numbers = (f"{prefix}{n:02d}" if form is DESKS else f"{prefix}{n}" for n in range(1, 100_000))
        free = (one for one in numbers if one not in taken)
        names: dict[Any, Row] = {}
        for row, own in zip(rows, typed, strict=True):
            key = self._row_key(form, row)
            if own is None or (not own and not key[-1]):
                found.append("")
                if own is not None:
                    self._missing(row, "name")
                continue
            one_id = own or named.get(key, "") or ""
            if one_id in given or (key in names and not (own and self._typed_id(names[key]))):
                first = given.get(one_id) or names[key]
                where = "id" if own and one_id in given else "name"
                self._wrong(
                    row,
                    where,
                    f"和第 {first.place.row} 行的重复了。请改一个，或删去一行。",
                    f"this stands in row {first.place.row} too; change one, or delete a row",
                )
                found.append("")
                continue
            if not one_id:
                one_id = next(free)
                self.given_again |= {(form.id, one_id)} & {(form.id, one) for one in held}
            given[one_id] = names[key] = row
            found.append(one_id)
        return found

    def _stay(self, form: Form, held: Collection[str], named: set[str]) -> set[str]:
        """Of the ids that are there those no new row may have: all of them, once anybody has used one.

        Before that, those the file names something by, and those of what something that stays is at or run by.
        """
        if not self.is_untouched:
            return set(held)
        if form is VENUES:
            at = [*self.old.boards, *(() if self.rows["desks"] else self.old.desks)]
            return named | {one.venue for one in at}
        return named | {desk.unit for desk in self.old.desks} if form is UNITS else named

    def _typed_id(self, row: Row) -> str | None:
        """The id as it is written; "" for none, None for one that is none."""
        words = narrow(_said(row.cells.get("id", "")))
        if words and not _SLUG.fullmatch(words):
            if (row.place.sheet, row.place.row, row.letters.get("id", "")) not in self._taken:
                self._wrong(
                    row,
                    "id",
                    f"编号“{words[:20]}”只能用小写字母、数字和连字符。请改正，或留空。",
                    f"the id “{words[:20]}” may hold small letters, digits and hyphens; change it or leave it blank",
                )
            return None
        return words

    def _row_key(self, form: Form, row: Row) -> tuple[str, ...]:
        name = narrow(_said(row.cells.get("name", "")))
        if form is not DESKS:
            return (name,)
        venue = self._find(self.new.venues, _said(row.cells.get("venue", "")))
        return (venue.id if venue else narrow(_said(row.cells.get("venue", ""))), name)

    def _venue(self, row: Row, one_id: str, old: Venue | None) -> Venue | None:
        name = self._name(row, old)
        entrances = self._entrances(row, old)
        return Venue(one_id, name, entrances) if name else None

    def _entrances(self, row: Row, old: Venue | None) -> list[Entrance]:
        held = old.entrances if old else []
        if "entrances" not in row.letters or self._keeps(row, "entrances"):
            return held
        zh, en = _parts(row.cells.get("entrances", "")), _parts(row.cells.get("entrances_en", ""))
        if len(zh) > 12 or len(set(zh)) < len(zh) or (en and len(en) != len(zh)):
            self._wrong(
                row,
                "entrances",
                "入口最多 12 个，不能重名；英文要么不写，要么一样多。请改正。",
                "at most 12 entrances of different names; as many in English, or none",
            )
            return held
        by_name = {one.name.zh: one for one in held}
        taken = {one.id for one in held}
        free = (f"e{n}" for n in range(1, 100) if f"e{n}" not in taken)
        found = []
        for place, name in enumerate(zh):
            same = by_name.get(name)
            english = en[place] if en else same.name.en if same else name
            found.append(Entrance(same.id if same else next(free), Text(name[:600], english[:1200])))
        return found

    def _unit(self, row: Row, one_id: str, old: Unit | None) -> Unit | None:
        name = self._name(row, old)
        return Unit(one_id, name) if name else None

    def _desk(self, row: Row, one_id: str, old: Desk | None) -> Desk | None:
        name = self._name(row, old)
        venue = self._reference(row, "venue", self.new.venues, "会场", "venue")
        kind = self._choice(row, "type", TYPES)
        unit = self._reference(row, "unit", self.new.units, "单位", "unit")
        opens, closes = self._hour(row, "opens"), self._hour(row, "closes")
        if old is not None:
            opens = old.opens if self._keeps(row, "opens") else opens
            closes = old.closes if self._keeps(row, "closes") else closes
        if opens and closes and closes <= opens:
            self._wrong(row, "closes", "结束时间要晚于开始时间。请改正。", "it has to close after it opens; mend it")
        intake = self._choice(row, "intake", INTAKES, needed=False)
        standing = self._choice(row, "standing", STANDINGS, needed=False)
        if not name or venue is None or not kind:
            return None
        return msgspec.convert(
            {
                "id": one_id,
                "venue": venue.id,
                "type": kind,
                "name": name,
                "intake": intake or (old.intake if old else "regulator"),
                "standing": standing or (old.standing if old else "pre"),
                "opens": opens,
                "closes": closes,
                "unit": unit.id if unit else old.unit if old and self._keeps(row, "unit") else "",
            },
            Desk,
            from_attributes=True,
        )

    def _leaflet(self, row: Row, one_id: str, old: Leaflet | None) -> Leaflet | None:
        name, bundle = self._name(row, old), self._number(row, "bundle", 2, 1_000)
        return Leaflet(one_id, name, bundle) if name and bundle else None

    def _material(self, row: Row, one_id: str, old: Material | None) -> Material | None:
        name, bundle = self._name(row, old), self._number(row, "bundle", 2, 1_000)
        unit = self._text(row, "unit", old.unit if old else None) or Text("个", "pieces")
        return Material(one_id, name, unit, bundle) if name and bundle else None

    def _prize(self, row: Row, one_id: str, old: Prize | None) -> Prize | None:
        name, earned = self._name(row, old), self._choice(row, "earned_by", EARNED)
        quota = self._number(row, "quota", 1, 10_000)
        per_hour = self._number(row, "per_hour", 1, 1_000, needed=False)
        if not name or not earned or not quota:
            return None
        if old is not None and self._keeps(row, "per_hour"):
            per_hour = old.per_hour or 0
        plain = {"id": one_id, "name": name, "earned_by": earned, "quota": quota, "per_hour": per_hour or None}
        return msgspec.convert(plain, Prize, from_attributes=True)

    def _volunteers(self) -> tuple[list[str], dict[str, str]]:
        """Names that are new; and those who are now called otherwise."""
        rows = self.rows["volunteers"]
        names, renamed, there = list[str](), dict[str, str](), list[str]()
        told = {own for row in rows if (own := self._typed_id(row))}  # by id: they may be called otherwise from now on
        known = {narrow(name) for own, name in self.volunteers.items() if own not in told}
        seen: dict[str, Row] = {}
        for row in rows:
            name, own = self._words(row, "name", NAME_LIMIT), self._typed_id(row)
            if not name:
                self._missing(row, "name")
            elif _LONG_NUMBER.search(unicodedata.normalize("NFKC", name)):
                self._wrong(row, "name", "这里只写姓名，请删去电话、证件号。", "write the name alone, and no numbers")
            elif own and own not in self.volunteers:
                self._wrong(
                    row,
                    "id",
                    "名单里没有这个编号。新志愿者请留空。",
                    "nobody has this id; leave it blank for who is new",
                )
            elif (own or narrow(name)) in seen:
                first = seen[own or narrow(name)]
                self._wrong(
                    row,
                    "name",
                    f"和第 {first.place.row} 行的重复了。同名的人请加注，如“李明（二队）”。",
                    f"this stands in row {first.place.row} too; tell people of one name apart",
                )
            elif own:
                seen[own] = row
                if self.volunteers[own] != name:
                    renamed[own] = name
            elif own is not None:
                seen[narrow(name)] = row
                (there if narrow(name) in known else names).append(name)
        self._say_who_is_known(there)
        called = Counter(narrow(name) for name in (*({**self.volunteers, **renamed}).values(), *names))
        for own in renamed:
            if called[narrow(renamed[own])] > 1:
                self._wrong(
                    seen[own],
                    "name",
                    "名单里已经有同名的人。请加注，如“李明（二队）”。",
                    "somebody of this name is on the list; tell people of one name apart",
                )
        if len(names) + len(self.volunteers) > MOST_VOLUNTEERS and not self.faults:
            self.faults.append(
                Fault(
                    Place(sheet=VOLUNTEERS.title),
                    f"志愿者最多 {MOST_VOLUNTEERS} 人。请先去掉不来的。",
                    f"there may be {MOST_VOLUNTEERS} volunteers; take off who is not coming",
                )
            )
        return names, renamed

    def _say_who_is_known(self, there: Sequence[str]) -> None:
        """That rows without an id are of those who are on the list under that name."""
        if there:
            zh, en = "、".join(there[:8]), ", ".join(there[:8])
            more = "……" if len(there) > 8 else ""
            self.notes.append(
                Fault(
                    Place(sheet=VOLUNTEERS.title),
                    f"{zh}{more}（{len(there)} 人）没有写编号，名单里已有同名的人，当作同一个人，PIN 不变。"
                    "如果是另一个人，请加注，如“李明（二队）”。",
                    f"{en}{more} ({len(there)}) stand here without an id; people of these names are on the list and "
                    "are taken to be them, and keep their PINs; tell somebody else of that name apart",
                )
            )

    # --- cells ------------------------------------------------------------------------------------

    def _keeps(self, row: Row, column: str) -> bool:
        """Whether what is there stays because nothing is written: with `only`, where there is no such column."""
        return column not in row.cells and not (self.only and column in row.letters)

    def _wrong(self, row: Row, column: str, zh: str, en: str, *, is_missing: bool = False) -> None:
        fault = row.fault(column, zh, en)
        self._taken.add(_cell(fault))
        self.faults.append(msgspec.structs.replace(fault, is_missing=is_missing))

    def _missing(self, row: Row, column: str) -> None:
        """Nothing is said twice of a cell, such as one with a formula in it."""
        if (row.place.sheet, row.place.row, row.letters.get(column, "")) not in self._taken:
            self._wrong(row, column, "这一格要填。", "this has to be filled in", is_missing=True)

    def _words(self, row: Row, column: str, limit: int) -> str:
        value = row.cells.get(column, "")
        if isinstance(value, (date, time, timedelta, bool)):
            self._wrong(
                row,
                column,
                "这一格要写文字，这里是日期或时间。请把单元格设为“文本”，重新写。",
                "words are wanted, and this is a day or a time; set the cell to text and write it again",
            )
            return ""
        words = " ".join(_said(value).split())
        if len(words) > limit or not words.isprintable():
            self._wrong(row, column, f"最多 {limit} 个字，不能有特殊符号。", f"at most {limit} plain characters")
            return ""
        return words

    def _text(self, row: Row, column: str, old: Text | None) -> Text | None:
        """A text in both languages; English that is not written is what it was, or the Chinese."""
        zh, en = self._words(row, column, 100), self._words(row, f"{column}_en", 200)
        if not zh:
            return None
        return Text(zh, en or (old.en if old and old.zh == zh else zh))

    def _name(self, row: Row, old: Any) -> Text | None:
        name = self._text(row, "name", old.name if old else None)
        if name is None:
            self._missing(row, "name")
        return name

    def _choice(self, row: Row, column: str, texts: Mapping[str, Text], *, needed: bool = True) -> str:
        words = narrow(_said(row.cells.get(column, "")))
        if not words:
            if needed:
                self._missing(row, column)
            return ""
        if id(texts) not in self._named:
            named = {word: one for one, text in texts.items() for word in (one, narrow(text.zh), narrow(text.en))}
            self._named[id(texts)] = named
        if words in self._named[id(texts)]:
            return str(self._named[id(texts)][words])
        listed = "、".join(choices_of(texts))
        self._wrong(
            row,
            column,
            f"“{words[:20]}”不在下拉列表里。请选：{listed}。",
            f"“{words[:20]}” is not on the list: {', '.join(text.en for text in texts.values())}",
        )
        return ""

    def _find(self, things: Sequence[Any], words: str) -> Any:
        """The first thing of that id or name; the names of a list are looked at once, however many rows ask."""
        plain = narrow(words)
        if id(things) not in self._named:
            every = [(word, one) for one in things for word in (one.id, narrow(one.name.zh), narrow(one.name.en))]
            self._named[id(things)] = dict(reversed(every))
        return self._named[id(things)].get(plain) if plain else None

    def _reference(self, row: Row, column: str, things: Sequence[Any], zh: str, en: str) -> Any:
        words = _said(row.cells.get(column, ""))
        found = self._find(things, words)
        if not words and DESKS.column(column).needed:
            self._missing(row, column)
        elif words and found is None:
            self._wrong(
                row,
                column,
                f"没有叫“{words[:20]}”的{zh}。请核对“{zh}”那张表。",
                f"there is no {en} called “{words[:20]}”; look at the sheet of {en}s",
            )
        return found

    def _number(self, row: Row, column: str, low: int, high: int, *, needed: bool = True) -> int:
        value = row.cells.get(column, "")
        if value == "":
            if needed:
                self._missing(row, column)
            return 0
        words = unicodedata.normalize("NFKC", _said(value)).replace(",", "").strip()
        number = int(words) if words.isascii() and words.isdigit() and len(words) < 10 else 0
        if isinstance(value, bool) or not low <= number <= high:
            self._wrong(row, column, f"请写 {low} 到 {high} 的整数。", f"write a whole number from {low} to {high}")
            return 0
        return number

    def _hour(self, row: Row, column: str) -> str:
        """An hour such as 09:30, from a text or any of the ways in which Excel keeps a time."""
        return self._read(row, column, _hour_of, "时间请写成 09:30 这样。", "write the hour like 09:30")

    def _day(self, row: Row, column: str) -> str:
        return self._read(row, column, _day_of, "日期请写成 2027-03-15 这样。", "write the day like 2027-03-15")

    def _read(self, row: Row, column: str, read: Callable[[Cell], str], zh: str, en: str) -> str:
        """A cell as `read` understands it; "" where it is empty, and where it is wrong, which is said."""
        value = row.cells.get(column, "")
        found = read(value) if value != "" else ""
        if value != "" and not found:
            self._wrong(row, column, zh, en)
        return found

    def _moment(self, row: Row, column: str) -> str:
        value = row.cells.get(column, "")
        if value == "":
            return ""
        words = unicodedata.normalize("NFKC", _said(value)).strip()
        day, _, hour = words.rpartition(" ")
        if isinstance(value, datetime):
            day, hour = value.date().isoformat(), value.strftime("%H:%M")
        found = _day_of(day), _hour_of(hour)
        if not all(found):
            self._wrong(row, column, "请写成 2027-03-18 18:00 这样。", "write it like 2027-03-18 18:00")
            return ""
        return f"{found[0]}T{found[1]}:00.000+08:00"


def _cell(fault: Fault) -> tuple[str, int, str]:
    return (fault.place.sheet, fault.place.row, fault.place.column)


def _turn(sheet: str) -> int:
    """Which sheet comes first."""
    return next((number for number, form in enumerate(FORMS, 1) if form.is_called(sheet)), 0)


def _key(one: Any) -> tuple[str, ...]:
    """What a thing is known by where its id is not written."""
    return (one.venue, narrow(one.name.zh)) if isinstance(one, Desk) else (narrow(one.name.zh),)


def _said(value: Cell) -> str:
    """A cell as a person reads it: 12.0 is 12."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _parts(value: Cell) -> list[str]:
    return [one.strip() for one in re.split(r"[、,，;；\n]", _said(value)) if one.strip()]


def _day_of(value: Cell) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else ""
    if isinstance(value, date):
        return value.isoformat()
    found = day_of(unicodedata.normalize("NFKC", value)) if isinstance(value, str) else None
    return found or ""


def _hour_of(value: Cell) -> str:
    if isinstance(value, float) and 0 <= value < 1:  # a time in a cell that does not say it is one
        value = timedelta(days=value)
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}" if 0 <= minutes < 1440 else ""
    if isinstance(value, datetime):
        if value.time() == time():  # a day, and no hour of it
            return ""
        value = value.time()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if not isinstance(value, str):
        return ""
    found = _HOUR.fullmatch(narrow(value))
    return f"{int(found[1]):02d}:{int(found[2] or 0):02d}" if found else ""


# --- what has changed -----------------------------------------------------------------------------

_LISTS = ("venues", "units", "desks", "leaflets", "materials", "prizes")


def changes_between(
    old: Fair,
    new: Fair,
    volunteers: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
    given_again: Collection[tuple[str, str]] = (),
) -> list[Change]:
    """What makes one fair another, section by section. `given_again`: (section, id) of what is another thing now."""
    found = []
    if (old.title, old.starts, old.ends) != (new.title, new.starts, new.ends):
        found.append(Change("basics", changed=[new.title.zh]))
    if old.theme != new.theme:
        found.append(Change("theme", changed=[new.theme.zh]))
    if old.organiser != new.organiser:
        found.append(Change("organiser", changed=[new.organiser.name.zh]))
    if old.deadline != new.deadline:
        found.append(Change("deadline", changed=[new.deadline[:16].replace("T", " ")]))
    for section in _LISTS:
        before = {one.id: one for one in getattr(old, section)}
        after = {one.id: one for one in getattr(new, section)}
        both = {one for one in before if one in after and (section, one) not in given_again}
        change = Change(
            section,
            [called(new, one) for one in after.values() if one.id not in both],
            [called(new, one) for one in after.values() if one.id in both and before[one.id] != one],
            [called(old, one) for one in before.values() if one.id not in both],
        )
        if change != Change(section, [], [], []) or list(before) != list(after):
            found.append(change)
    if volunteers or renamed:
        found.append(Change("volunteers", list(volunteers), list((renamed or {}).values())))
    return found


#: Where a cell of the fair itself belongs.
_HEADS = {
    "title": "basics", "title_en": "basics", "starts": "basics", "ends": "basics",
    "theme": "theme", "theme_en": "theme",
    "organiser": "organiser", "organiser_en": "organiser", "contact": "organiser", "contact_en": "organiser",
    "deadline": "deadline",
}  # fmt: skip


def edits_between(
    old: Fair,
    new: Fair,
    volunteers: Mapping[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
    given_again: Collection[tuple[str, str]] = (),
) -> list[Edit]:
    """Every cell in which what is in both fairs differs, in the order of the sheets."""
    people = volunteers or {}
    before, after = rows_of(old, people), rows_of(new, {**people, **(renamed or {})})
    names = {(section, one.id): called(old, one) for section in _LISTS for one in getattr(old, section)}
    found = []
    for form in FORMS:
        held = {row.get("id", ""): row for row in before[form.id] if (form.id, row.get("id", "")) not in given_again}
        for row in after[form.id]:
            was = held.get(row.get("id", ""), row)
            name = names.get((form.id, str(row.get("id", ""))), str(was.get("name", new.title.zh)))
            found += [
                Edit(_HEADS.get(column.id, "") if form is FAIR_FORM else form.id, name, column,
                     str(was.get(column.id, "")), str(row.get(column.id, "")))
                for column in form.columns
                if was.get(column.id, "") != row.get(column.id, "")
            ]  # fmt: skip
    return found


def called(fair: Fair, thing: Any) -> str:
    """A thing of a fair by name; a desk with its venue."""
    if not isinstance(thing, Desk):
        return str(thing.name.zh)
    venue = next((one.name.zh for one in fair.venues if one.id == thing.venue), thing.venue)
    return f"{venue} · {thing.name.zh}"


# --- out ------------------------------------------------------------------------------------------


def write(fair: Fair | None = None, volunteers: Mapping[str, str] | None = None) -> bytes:
    """The roster as a workbook: that of a fair, or an empty one to fill in. Raises `import.no_workbooks`."""
    rows = rows_of(fair, volunteers or {}) if fair else {}
    return bytes(_workbooks().write_tables(FORMS, rows, HELP))
