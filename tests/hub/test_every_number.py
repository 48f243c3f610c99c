"""Every number of both documents is traced back: to one figure of the statement, in its own window and place, and from
there to the ledger of the simulated fair. What is no figure is a date, a name or a place in an order, and is known.

A fair like a city's (few venues side by side) and one like a province's (many, one a line, desks last).
"""

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import msgspec
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from kiosk.config import HubConfig
from kiosk.facts.figures import DESK, CheckNoted, FigureTyped, RecordListed
from kiosk.hub import carrying, fairs, journal, statement_files, statements
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.hub.people import Person
from kiosk.reports import catalogue, records
from kiosk.reports.records import LISTS, made
from kiosk.reports.statement import Cell, Place, Statement
from kiosk.reports.wording import SENTENCES
from kiosk.simulation.fleet import Fleet
from kiosk.simulation.folder import write_folder
from kiosk.simulation.sizes import Size
from tests.clocks import FakeClock
from tests.makers import HUB_URL, an_id
from tests.proof import share

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
EVENING = datetime.fromisoformat("2027-03-17T16:20:05+08:00")
DAY = "2027-03-15"
LI = Person("p-1", "李主任", frozenset({"organiser"}))
SIZES = {
    "city": Size("few", 4, 20, 900, 2_300, 70, 6, 31, 900, 250, (150, 900)),
    "province": Size("many", 9, 108, 1_300, 3_100, 140, 13, 47, 500, 220, (150, 900)),
}
#: Figure → (what it is, of which window), in the smallest unit.
TYPED = {
    "messages": (300_417, "period"), "leaders": (9, "day"), "vehicles": (6, "day"), "people_estimated": (813, "day"),
    "hotline_calls": (56, "day"), "hotline_complaints": (41, "day"), "hotline_reports": (4, "day"),
    "hotline_advice": (11, "day"), "complaints_accepted": (12, "day"), "complaints_closed": (7, "day"),
    "recovered": (1_234_567, "day"), "fakes_on_tables": (16, "day"), "case_value": (511_500_050, "period"),
    "leaflets": (203, "period"),
}  # fmt: skip
OF_THE_YEAR = {"complaints_accepted": 1637, "complaints_closed": 1402, "recovered": 238_712_345}
LISTED = (
    ("destroyed", "过期辣条", {"category": "食品", "quantity": "120", "measure": "箱", "value": "5600"}),
    (
        "destroyed",
        "假冒白酒",
        {"category": "烟酒", "quantity": "13408", "measure": "件", "weight": "1800.5", "value": "7"},
    ),
    ("meetings", "动员部署会", {"kind": "meeting", "people": "42"}),
    ("units", "示范市消费者协会", {"type": "society"}),
    ("media", "=1+1 放心消费365天", {"outlet": "示范日报", "medium": "press", "kind": "original"}),
)


class Sent(NamedTuple):
    """What an office sends, and what is true of it."""

    said: Statement
    ledger: Mapping[str, Any]
    files: Mapping[str, bytes]
    questions: Mapping[str, str]  # wording → id
    unsaid: frozenset[str]  # figures whose nought is nobody's


@pytest.fixture(scope="module", params=share([*SIZES], ["city"]))
def sent(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, hub_folder) -> Sent:
    home = tmp_path_factory.mktemp(request.param)
    write_folder(home / "simulated", fleet := Fleet(SIZES[request.param], 315))
    shutil.copytree(hub_folder, home / "hub")
    with closing(open_hub(HubConfig(home / "hub", public_url=HUB_URL), FakeClock(EVENING))) as hub:
        for one in carrying.import_files(hub, [home / "simulated"], lambda *_: None):
            assert one.problem is None
        said = frozen(hub, fleet.fair.id)
        names = ("table.xlsx", "table-en.xlsx", "summary.docx", "table.csv")
        files = {name: statement_files.made(hub, said, statement_files.BY_ID[name]).content for name in names}
        questions = {one.text.zh.rstrip("？?。."): one.id for one in hub.pack.questions}
    return Sent(said, json.loads((home / "simulated" / "ledger.json").read_bytes()), files, questions, said.unsaid)


def frozen(hub: Hub, fair_id: str) -> Statement:
    """The version after everything that only people know was typed, listed and answered."""
    with hub.store.begin() as tx:
        fair = fairs.find_fair(tx, fair_id)
        of_year = [(key, (n, "year")) for key, n in OF_THE_YEAR.items()]
        for key, (n, window) in [*TYPED.items(), *of_year]:
            told = {"figure": key, "window": window, "n": n, "before": None, "source": "台账", "unit": "", "blob": ""}
            write(hub, tx, fair_id, FigureTyped(**told, day=DAY if window == "day" else fair.starts, hour=9))
        for number, (list_id, title, words) in enumerate(LISTED):
            one = made(LISTS[list_id], {"title": title, **words})
            told = {"keys": one.keys, "texts": one.texts, "amounts": one.amounts, "title": one.title, "day": DAY}
            write(hub, tx, fair_id, RecordListed(**told, list=list_id, hour=number, source="第7号清单", unit="",
                                                 host="", joint=False, blob=""))  # fmt: skip
    hub.answers.fold(fair)
    with hub.store.begin() as tx:
        for one in statements.draft(tx, hub, fair).findings[:3]:
            write(hub, tx, fair_id, CheckNoted(check=one.check, found=one.digest, note="和平板记录核对过3遍"))
        return statements.freeze(tx, hub, fair, LI, "", an_id(77))


def write(hub: Hub, tx: Any, fair: str, body: Any) -> None:
    journal.append(tx, fair, body, desk=DESK, by=LI.id, now=hub.clock.now(), mono=hub.clock.monotonic())


# --- what is expected -----------------------------------------------------------------------------


def expected(one: Sent, cell: Cell | None) -> Decimal | str:
    """What a table says of a cell: a number, or a dash where there is none or nobody stands for it."""
    if cell is None or cell.value is None:
        return "—"
    is_nobodys = Decimal(cell.value) == 0 and not cell.by and cell.key in one.unsaid
    return "—" if is_nobodys else Decimal(cell.value)


def is_as(found: object, wanted: Decimal | str) -> bool:
    if isinstance(wanted, str) or not isinstance(found, int | float | Decimal):
        return str(found) == str(wanted)
    return Decimal(str(found)) == wanted


def by_key(cells: Sequence[Cell]) -> dict[str, Cell]:
    return {cell.key: cell for cell in cells}


def chinese(day: str) -> str:
    year, month, number = day.split("-")
    return f"{year}年{int(month)}月{int(number)}日"


# --- words ----------------------------------------------------------------------------------------

TOKEN = re.compile(r"\{([a-z0-9._]+)(?::([a-z]+))?\}")
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
RUN = re.compile(r"[^，。；：、（）()“”0-9\s]*$")
MARKS = "甲乙丙丁"
SCOPE = re.compile(r"^(?:本级及下级|本级|其中|全[市省区县])")


def named_by() -> dict[str, set[tuple[str, str]]]:
    """Words before a number → figures (and parts of them) they name."""
    found: dict[str, set[tuple[str, str]]] = {}
    for one in SENTENCES:
        for clause in one.clauses:
            for text in (clause.text, *clause.of):
                at = 0
                for token in TOKEN.finditer(text):
                    words = RUN.search(text[at : token.start()])
                    found.setdefault(words[0], set()).add((token[1], token[2] or ""))
                    at = token.end()
    return found


NAMED = named_by()


class Words:
    """The paragraphs of a summary, number by number."""

    def __init__(self, one: Sent) -> None:
        self._said, self._questions = one.said, one.questions
        self._windows = {"period": by_key(one.said.period), "year": by_key(one.said.year)}
        self._windows |= {day.day: by_key(day.cells) for day in one.said.days}
        self._measures = dict(records.by_measure((r.texts, r.amounts) for r in one.said.records))
        self.numbers = 0

    def faults(self, text: str) -> Iterator[str]:
        plain = self._without_names(text)
        for found in NUMBER.finditer(plain):
            self.numbers += 1
            if not self._is_told(plain, found):
                yield f"{found[0]} in “{text}”"

    def _is_told(self, text: str, found: re.Match[str]) -> bool:
        before, after, n = text[: found.start()], text[found.end() :], Decimal(found[0])
        cells = self._windows[self._window(text)]
        if asked := re.search(r"“([^”]*)”$", before):
            part = self._questions.get(asked[1], "")
            return after.startswith("%") and n * 100 == cells["worst_questions"].parts.get(part)
        words = SCOPE.sub("", RUN.search(before)[0]).removesuffix("约")
        measure = words.removeprefix("按").removesuffix("计")
        if measure != "件" and measure in self._measures:
            return n == self._measures[measure] and after.startswith(measure)
        return any(self._is_of(cells.get(key), part, n, after) for key, part in NAMED.get(words, ()))

    def _is_of(self, cell: Cell | None, part: str, n: Decimal, after: str) -> bool:
        if cell is None or cell.value is None:
            return False
        if part:
            return n == cell.parts.get(part)
        unit = next(one.unit for one in self._said.columns if one.key == cell.key)
        if unit == "元" and Decimal(cell.value) >= 10_000:
            return after.startswith("万元") and n == (Decimal(cell.value) / 10_000).quantize(Decimal("0.01"))
        return n == Decimal(cell.value) and after.startswith(unit)

    def _window(self, text: str) -> str:
        """The window a sentence says it is of; where it says none, there may be no number in it."""
        for mark, day in zip(MARKS, self._said.days, strict=False):
            if text.startswith(f"{mark}当天"):
                return day.day
        return "year" if text.startswith("年度") else "period"

    def _without_names(self, text: str) -> str:
        """Names and dates are no figures: those of this fair, and no others. A day of it gets a mark."""
        said = self._said
        notes = [one.note for one in said.findings if one.note]
        labels = [f"“{one.label.zh}”" for one in said.columns]
        for name in sorted([said.title.zh, said.theme.zh, said.unit.zh, *notes, *labels], key=len, reverse=True):
            text = text.replace(name, "名")
        text = text.replace(f"{chinese(said.starts)}至{int(said.ends[8:])}日", "日")
        for day in (said.starts, said.ends, said.made_at[:10], *(one.day for one in said.days)):
            text = text.replace(chinese(day), "日").replace(day, "日")
        for mark, day in zip(MARKS, said.days, strict=False):
            text = text.replace(f"{chinese(day.day).split('年')[1]}当天", f"{mark}当天")
        return text.replace(f"{said.starts[:4]}年度", "年度").replace("12315热线", "热线")


def test_words_before_a_number_name_one_figure():
    """Else a number could be taken for another's."""
    assert {words: keys for words, keys in NAMED.items() if len(keys) > 1} == {}


# --- the summary ----------------------------------------------------------------------------------


Parts = Mapping[str, ET.Element]
DOCUMENT = "word/document.xml"


def parts_of(docx: bytes) -> dict[str, ET.Element]:
    """What numbers may stand in: the text, and the charts in their order."""
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        names = [name for name in sorted(package.namelist()) if name == DOCUMENT or name.startswith("word/charts/")]
        return {name: ET.fromstring(package.read(name)) for name in names}


def words_of(element: ET.Element) -> str:
    return "".join(one.text or "" for one in element.iter(f"{W}t"))


def docx_faults(parts: Parts, one: Sent) -> list[str]:
    """Numbers that are no figure, or not the one they are said to be."""
    body = parts[DOCUMENT][0]
    reader = Words(one)
    faults: list[str] = []
    for child in body:
        if child.tag == f"{W}tbl":
            rows = [[words_of(cell) for cell in row.iter(f"{W}tc")] for row in child.iter(f"{W}tr")]
            faults += table_faults(rows, one)
        elif (text := words_of(child)) and not is_of_the_table(text, one.said):
            faults += [text] if text.startswith(AROUND) else reader.faults(text)
    assert reader.numbers >= 30
    return [*faults, *chart_faults(parts, one)]


#: What begins so stands around table and charts, and is what it is word for word.
AROUND = ("填报", "统计时段", "注：", "参与群众最多")


def is_of_the_table(text: str, said: Statement) -> bool:
    """What stands around table and charts, word for word."""
    counted = len([one for one in said.places if one.kind == "venue"])
    fixed = {
        f"第 {said.version} 版", f"{said.starts}—{said.ends}", f"填报日期：{said.made_at[:10]}", said.contact,
        f"{chinese(DAY).split('年')[1]}各时段参与群众（人次）", "0 表示统计过、结果是零",
        *(["参与群众最多的10个会场（人次）"] if counted > 10 else []),
    }  # fmt: skip
    for words in fixed:
        text = text.replace(words, "")
    return not NUMBER.search(text)


def table_faults(rows: list[list[str]], one: Sent) -> Iterator[str]:
    said = one.said
    windows = [*(by_key(day.cells) for day in said.days), by_key(said.period), by_key(said.year)]
    heads = [*(chinese(day.day).split("年")[1] for day in said.days), "活动期间", "全年"]
    if rows[0] != ["序号", "指标", "计量单位", *heads]:
        yield f"{rows[0]}"
    lines = [row for row in rows[1:] if len(row) > 1]
    for number, (row, column) in enumerate(zip(lines, said.columns, strict=True), 1):
        wanted = [expected(one, window.get(column.key)) for window in windows]
        told = [str(number), column.label.zh, column.unit]
        if row[:3] != told or not all(map(is_as, map(_read, row[3:]), wanted)):
            yield f"{row}, and not {wanted}"


def _read(text: str) -> Decimal | str:
    return Decimal(text) if NUMBER.fullmatch(text) else text


def chart_faults(parts: Parts, one: Sent) -> Iterator[str]:
    """Hours, venues, the three questions least known, steps of complaints: nobody classified one."""
    said, period = one.said, by_key(one.said.period)
    hours = max((day.hours.get("headcount", {}) for day in said.days), key=lambda one: sum(one.values()))
    venues = {one.name.zh: by_key(one.cells)["headcount"].value for one in said.places if one.kind == "venue"}
    first = sorted(((n, name) for name, n in venues.items() if n), key=lambda one: -one[0])[:10]
    rates = period["worst_questions"].parts
    least = sorted((rates[key], key, name) for name, key in one.questions.items() if key in rates)[:3]
    steps = {"登记": "complaints", "受理": "complaints_accepted", "办结": "complaints_closed"}
    wanted = [
        [(f"{int(hour)}时", str(hours[hour])) for hour in sorted(hours)],
        [(name, str(n)) for n, name in first],
        [(name, f"{Decimal(n) / 100:.2f}") for n, _, name in least],
        [(name, str(period[key].value)) for name, key in steps.items()],
    ]
    charts = [element for name, element in parts.items() if name != DOCUMENT]
    for chart, bars in zip(charts, wanted, strict=True):
        literals = [[v.text for v in lit.iter(f"{C}v")] for kind in ("str", "num")
                    for lit in chart.iter(f"{C}{kind}Lit")]  # fmt: skip
        shown = [(name if len(name) <= 18 else f"{name[:17]}…", n) for name, n in bars]
        if list(zip(*literals, strict=True)) != shown:
            yield f"{literals}, and not {bars}"
    titles = {words_of(one) for one in parts[DOCUMENT].iter(f"{W}p")}
    yield from (name for chart in charts if (name := chart.find(f".//{C}tx/{C}v").text) not in titles)
    told = [one.get("descr", "") for one in parts[DOCUMENT].iter() if one.tag.endswith("}docPr")]
    for words, bars in zip(told, wanted, strict=True):
        if NUMBER.findall(words.partition("）：")[2]) != [d for name, n in bars for d in NUMBER.findall(name + n)]:
            yield words


def test_every_number_of_the_summary_is_the_figure_it_is_said_to_be(sent: Sent):
    assert docx_faults(parts_of(sent.files["summary.docx"]), sent) == []


def test_a_number_of_the_summary_that_is_changed_is_noticed_wherever_it_stands(sent: Sent):
    """Every number in words and charts, and some of the table."""
    parts = parts_of(sent.files["summary.docx"])
    table = {id(one) for one in parts[DOCUMENT].find(f".//{W}tbl").iter(f"{W}t")}
    written = [one for one in parts[DOCUMENT].iter(f"{W}t") if id(one) not in table]
    written += [one for one in parts[DOCUMENT].find(f".//{W}tbl").iter(f"{W}t") if NUMBER.search(one.text)][::40]
    written += [one for name in parts if name != DOCUMENT for one in parts[name].iter(f"{C}v")]
    numbers = [(one, found) for one in written for found in NUMBER.finditer(one.text)]
    assert len(numbers) > 100
    for one, found in numbers:
        before, last = one.text, found.end() - 1
        one.text = f"{before[:last]}{(int(before[last]) + 1) % 10}{before[last + 1 :]}"
        assert docx_faults(parts, sent), one.text
        one.text = before


# --- the table ------------------------------------------------------------------------------------


class Table:
    """A workbook, cell by cell: whatever has a digit in it is known, or is a fault."""

    def __init__(self, book: Workbook, one: Sent, lang: str) -> None:
        self._book, self._sent, self._said, self._lang = book, one, one.said, lang
        said = one.said
        self._columns = {one.label.in_(lang): one for one in said.columns}
        self._period = by_key(said.period)
        self.numbers = 0

    def faults(self) -> Iterator[str]:
        readers = [self._main, *[self._places] * 3, self._days, self._hours, self._lists, self._sources, self._doubts]
        titles = ["统计表", "分会场", "分服务台", "分单位", "分日期", "分时段", "清单", "数据来源", "核对"]
        english = ["Table", "Venues", "Desks", "Units", "Days", "Hours", "Lists", "Sources", "Doubts"]
        known = dict(zip(english if self._lang == "en" else titles, readers, strict=True))
        last = "Meanings" if self._lang == "en" else "指标解释"
        for sheet in self._book.worksheets:
            reader = self._meanings if sheet.title == last else known[sheet.title]
            for fault in reader(sheet):
                yield f"{sheet.title}: {fault}"

    def _is(self, found: object, wanted: Decimal | str) -> bool:
        self.numbers += 1
        return is_as(found, wanted)

    def _main(self, sheet: Worksheet) -> Iterator[str]:
        said = self._said
        windows = [*(by_key(day.cells) for day in said.days), self._period, by_key(said.year)]
        rows = list(sheet.iter_rows(values_only=True))
        head = "".join(str(one) for row in rows[:3] for one in row if one)
        for words in (said.title.in_(self._lang), said.contact, said.starts, said.ends, said.made_at[:10]):
            head = head.replace(words.removesuffix("活动"), "")
        if NUMBER.findall(head) != [str(said.version)]:
            yield head
        days = [day.day[5:] for day in said.days]
        if [re.findall(r"[0-9-]{5}", str(one)) for one in rows[3] if re.search("[0-9]", str(one))] != [
            [d] for d in days
        ]:
            yield str(rows[3])
        lines = [row for row in rows[4:] if isinstance(row[0], int)]
        for number, (row, column) in enumerate(zip(lines, said.columns, strict=True), 1):
            wanted = [expected(self._sent, window.get(column.key)) for window in windows]
            is_right = row[:2] == (number, column.label.in_(self._lang)) and column.unit in str(row[2])
            if not is_right or not all(map(self._is, row[3:-1], wanted)) or not self._is_remark(row[-1], column.key):
                yield f"{row}, and not {wanted}"

    def _is_remark(self, remark: object, key: str) -> bool:
        cell = self._period[key]
        shares = {str(abs(n)) for n in (*cell.by.values(), *cell.parts.values())}
        return set(NUMBER.findall(str(remark or ""))) <= shares

    def _places(self, sheet: Worksheet) -> Iterator[str]:
        kinds = {
            "分会场": "venue",
            "分服务台": "desk",
            "分单位": "unit",
            "Venues": "venue",
            "Desks": "desk",
            "Units": "unit",
        }
        some = [one for one in self._said.places if one.kind == kinds[sheet.title]]
        yield from self._matrix(sheet, [self._place(one) for one in some], [by_key(one.cells) for one in some])

    def _place(self, one: Place) -> str:
        venue = next((v for v in self._said.places if v.kind == "venue" and v.id == one.of), None)
        return f"{venue.name.in_(self._lang)} · {one.name.in_(self._lang)}" if venue else one.name.in_(self._lang)

    def _days(self, sheet: Worksheet) -> Iterator[str]:
        yield from self._matrix(sheet, [day.day for day in self._said.days], [by_key(d.cells) for d in self._said.days])

    def _matrix(self, sheet: Worksheet, names: list[str], told: list[dict[str, Cell]]) -> Iterator[str]:
        whole = "All" if self._lang == "en" else "合计"
        rows = list(sheet.iter_rows(values_only=True))
        if rows[0][0] == sheet.title:  # one a line
            grid = [[rows[1][n], *(row[n] for row in rows[3:-1])] for n in range(1, len(rows[1]))]
            heads = [row[0] for row in rows[3:-1]]
        else:
            grid = [[row[0], *row[2:-1]] for row in rows[1:] if row[1]]
            heads = list(rows[0][2:-1])
        if heads != [*names, whole]:
            yield str(heads)
        for label, *values in grid:
            key = self._columns[label].key
            wanted = [expected(self._sent, cells.get(key)) for cells in [*told, self._period]]
            if not all(map(self._is, values, wanted)):
                yield f"{label}: {values}, and not {wanted}"

    def _hours(self, sheet: Worksheet) -> Iterator[str]:
        rows = list(sheet.iter_rows(values_only=True))
        hours = [f"{int(re.findall('[0-9]+', str(head))[0]):02d}" for head in rows[0][2:]]
        curves = {day.day: day.hours for day in self._said.days}
        if hours != sorted({hour for of in curves.values() for found in of.values() for hour in found}):
            yield str(hours)
        for day, label, *values in (row for row in rows[1:] if row[0]):
            found = curves[day][self._columns[label].key]
            if not all(map(self._is, values, [Decimal(found[one]) if one in found else "—" for one in hours])):
                yield f"{day} {label}: {values}, and not {found}"

    def _lists(self, sheet: Worksheet) -> Iterator[str]:
        for row, one in zip(sheet.iter_rows(min_row=2, values_only=True), self._said.records, strict=True):
            units = {field.id: {"money": 100, "weight": 1000}.get(field.kind, 1) for field in LISTS[one.list].fields}
            known = {Decimal(n) / units[name] for name, n in one.amounts.items() if name in units}
            numbers = {Decimal(n.replace(",", "")) for n in re.findall(r"[0-9][0-9,.]*", str(row[3]))}
            self.numbers += len(numbers)
            if row[1:3] != (one.day, one.title) or row[4] != one.source or not numbers <= known:
                yield f"{row}, and not {one}"

    def _sources(self, sheet: Worksheet) -> Iterator[str]:
        for label, _, value, *by in sheet.iter_rows(min_row=2, values_only=True):
            column = self._columns[label]
            cell, scale = self._period[column.key], catalogue.SCALES.get(column.unit, 1)
            of = ("auto", "tapped", "paper", "typed", "corrected", "below")
            wanted = [Decimal(cell.by[one]) / scale if one in cell.by else "—" for one in of]
            if not self._is(value, Decimal(cell.value or 0)) or not all(map(is_as_shown, by, wanted)):
                yield f"{label}: {value} {by}, and not {wanted}"

    def _doubts(self, sheet: Worksheet) -> Iterator[str]:
        for row, one in zip(sheet.iter_rows(min_row=2, values_only=True), self._said.findings, strict=True):
            if row[0] != one.says.in_(self._lang) or (one.note and row[2] != one.note):
                yield str(row)

    def _meanings(self, sheet: Worksheet) -> Iterator[str]:
        for row, column in zip(sheet.iter_rows(min_row=2, values_only=True), self._said.columns, strict=True):
            if (row[1], row[3]) != (column.label.in_(self._lang), column.means.in_(self._lang)):
                yield str(row)


def is_as_shown(found: object, wanted: Decimal | str) -> bool:
    """Two places, halves up."""
    if isinstance(wanted, str) or isinstance(found, str):
        return found == wanted
    return abs(Decimal(str(found)) - wanted) <= Decimal("0.005")


@pytest.mark.parametrize(("name", "lang"), [("table.xlsx", "zh"), ("table-en.xlsx", "en")])
def test_every_number_of_the_table_is_the_figure_of_its_line_place_and_window(sent: Sent, name: str, lang: str):
    table = Table(load_workbook(io.BytesIO(sent.files[name])), sent, lang)
    assert list(table.faults()) == []
    assert table.numbers > 1_000


def test_a_number_of_the_table_that_is_changed_is_noticed_on_every_sheet(sent: Sent):
    book = load_workbook(io.BytesIO(sent.files["table.xlsx"]))
    for sheet in book.worksheets:
        numbers = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, int | float)]
        written = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)
                   and sheet.title in ("清单", "核对", "指标解释") and re.search("[0-9]", cell.value)]  # fmt: skip
        for cell in [*numbers[:: len(numbers) // 3 + 1], *written[:2]]:
            before = cell.value
            cell.value = before + 1 if not isinstance(before, str) else re.sub("[0-9]", wrong, before)
            assert list(Table(book, sent, "zh").faults()), (sheet.title, cell.coordinate)
            cell.value = before


def wrong(found: re.Match[str]) -> str:
    return str((int(found[0]) + 1) % 10)


def test_every_line_of_the_csv_is_a_figure(sent: Sent):
    said = sent.said
    scopes: dict[tuple[str, str], list[dict[str, Cell]]] = {}
    for window, cells in [("活动期间", said.period), ("全年", said.year), *((d.day, d.cells) for d in said.days)]:
        scopes.setdefault((said.unit.zh, window), []).append(by_key(cells))
    for one in said.places:
        scopes.setdefault((one.name.zh, "活动期间"), []).append(by_key(one.cells))
    rows = list(csv.DictReader(io.StringIO(sent.files["table.csv"].decode("utf-8-sig"))))
    assert len(rows) > 1_000
    for row in rows:
        wanted = [expected(sent, cells.get(row["key"])) for cells in scopes[row["范围"], row["时段"]]]
        assert any(is_as(_read(row["数值"]) if row["数值"] else "—", one) for one in wanted), (row, wanted)


# --- from the statement to the fair ---------------------------------------------------------------


def test_what_was_counted_is_what_the_simulated_people_did(sent: Sent):
    """The truth was written down while their journals were made, by nobody who reads them."""
    truth = {one["key"]: one["value"] for one in sent.ledger["figures"]}
    counted = {
        cell.key: cell.value for cell in sent.said.period if cell.by.keys() and cell.by.keys() <= {"auto", "tapped"}
    }
    assert len(counted) >= 8
    assert {key: value for key, value in counted.items() if key in truth} == {
        key: truth[key] for key in counted if key in truth
    }
    assert counted["headcount"] == truth["headcount"]


def test_what_was_typed_is_in_its_window_and_nowhere_else(sent: Sent):
    period, year = by_key(sent.said.period), by_key(sent.said.year)
    day = next(by_key(one.cells) for one in sent.said.days if one.day == DAY)
    for key, (n, window) in TYPED.items():
        scale = catalogue.BY_KEY[key].scale
        assert period[key].by["typed"] == n
        if window == "day":
            assert Decimal(day[key].value) == (Decimal(n) / scale).quantize(Decimal("0.01")), key
    assert {key: Decimal(year[key].value) for key in OF_THE_YEAR} == {
        key: (Decimal(n) / catalogue.BY_KEY[key].scale).quantize(Decimal("0.01")) for key, n in OF_THE_YEAR.items()
    }


def test_sources_of_a_whole_number_add_up_to_it(sent: Sent):
    for cell in sent.said.period:
        if isinstance(cell.value, int) and cell.value and catalogue.BY_KEY[cell.key].rule != "recompute":
            assert sum(cell.by.values()) == cell.value, msgspec.to_builtins(cell)
