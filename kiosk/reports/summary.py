"""The summary (活动总结) as words people may change, in which every number stays tied to its figure. Pure.

A section's text holds tokens: `{leaflets}` is the figure of the whole fair with its unit, `{leaflets@2027-03-15}` that
of a day, `{complaints_accepted@year}` that of the year, `{closing_rate:numerator}` a part of it, `{destroyed_kinds:箱}`
what was destroyed in boxes; behind a bar stands how it is worded: `{leaflets|about}`, `{leaflets|余:2万}`,
`{headcount|near}` (`reports.rounding`). What a token says is looked up whenever the text is shown, so it follows the
figures until a version is frozen.

What cannot be said is left out with the clause it stands in: a summary never has a gap.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import msgspec

from kiosk.packs.model import Text
from kiosk.reports import catalogue, records, rounding
from kiosk.reports.figures import LEAST_DENOMINATOR, shown
from kiosk.reports.statement import Cell, Column, Record, Statement
from kiosk.reports.wording import OWN_IN, SECTIONS, SENTENCES, WORTH_A_NOUGHT, Clause, Sentence

#: Most characters of a section that people write.
TEXT_LIMIT = 20_000
#: Money below this is said in 元: as 万元 with two places it would not be what it is.
_SMALL_MONEY = 10_000
_MISSING_NAMED = 8


class Section(msgspec.Struct, frozen=True):
    """A part of the summary; its number is given where it is laid out, for sections without words have none."""

    id: str
    heading: Text
    level: int  # 1: printed as 一、…; 2: as （一）…; 0: the heading is not printed, it only names the section
    text: str  # with tokens; paragraphs end with a line break
    hint: Text  # what belongs there


class Piece(msgspec.Struct, frozen=True):
    """A run of a text that was filled in. Joined, the `text` of all pieces is what is printed."""

    kind: Literal["text", "figure", "number"]  # "number": digits somebody typed, tied to nothing
    text: str  # "" of a figure that cannot be said
    token: str = ""  # as it was written, without braces
    key: str = ""  # of the figure; of a number, of one with that value, if there is any
    part: str = ""
    window: str = ""  # "period", "year" or a day
    value: int | str | None = None
    unit: str = ""
    # "unknown", "window", "part": there is none; "missing": it has no value; "small": a rate of too few; "refused": it
    # is exact though something else was asked for; "loose": a typed number.
    fault: str = ""
    says: Text | None = None  # what is the matter, or worth knowing


class Paragraph(msgspec.Struct, frozen=True):
    """A line of the summary as it is laid out."""

    kind: Literal["title", "addressee", "heading1", "heading2", "body", "attachment", "signature", "date"]
    pieces: Sequence[Piece]

    @property
    def text(self) -> str:
        return said(self.pieces)


def said(pieces: Iterable[Piece]) -> str:
    """What is printed."""
    return "".join(piece.text for piece in pieces)


def faults(pieces: Iterable[Piece]) -> list[Piece]:
    """Those somebody should look at, the mildest (`loose`) among them."""
    return [piece for piece in pieces if piece.fault]


def with_words(sections: Iterable[Section], words: Mapping[str, str]) -> list[Section]:
    """The sections with what people wrote of some of them, by id; "" is a section they want left out."""
    return [msgspec.structs.replace(one, text=words.get(one.id, one.text)) for one in sections]


# --- filling in -----------------------------------------------------------------------------------

_TOKEN = re.compile(r"\{([^{}\n]{1,120})\}")
_WRITTEN = re.compile(
    r"(?P<key>[a-z0-9][a-z0-9._-]{0,79})(?::(?P<part>[^@|{}]{1,80}))?"
    r"(?:@(?P<window>[^@|{}]{1,20}))?(?:\|(?P<style>[^@|{}]{1,40}))?(?:@(?P<later>[^@|{}]{1,20}))?"
)
#: Where a clause or a sentence ends, and what stands in brackets. A point or comma between digits is neither.
_MARKS = re.compile(r"([（）()，；。！？;]|[,.!?](?=\s|$))")
_CLAUSE, _SENTENCE = frozenset("，；,;"), frozenset("。！？.!?")
_BRACKETS = {"（": "）", "(": ")"}
#: Brackets in brackets in brackets are words.
_DEEPEST = 8
#: What hangs on the clause before it, and falls with it.
_HANGING = re.compile(r"\s*(?:其中|包括|占|of which|of these)")
_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
#: Digits that are no figure: days, years, the name of the day, the hotline, numbers of documents and telephones.
_NO_FIGURE = re.compile(
    r"[0-9]{4}\s*年(?:度)?|[0-9]{1,2}\s*月(?!份?间)|[0-9]{1,2}\s*[日时](?:[0-9]{1,2}分)?|[0-9]{1,2}[:：][0-9]{2}"
    r"|3\s*[·.•・]\s*15|(?<![0-9])315(?![0-9])|123(?:15|45|65)|[〔\[(（][0-9]{4}[〕\])）]\s*[0-9]+\s*号?|第\s*[0-9]+\s*[条款项版届次号]"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{3,4}-[0-9]{5,8}|Order\s+[0-9]+|[A-Z]+/?T?\s?[0-9]+-[0-9]{4}"
    r"|^\s*[0-9]{1,2}[.．、](?=\D)"
)


@dataclass(frozen=True)
class _Mark:
    """What ends a clause or a sentence, or is half a pair of brackets."""

    text: str


@dataclass(frozen=True)
class _Bracket:
    opened: str
    nodes: list[Any]  # of `_Node`: msgspec reads every struct once, and no union of such
    closed: str


_Node = Piece | _Mark | _Bracket


def fill(text: str, statement: Statement, lang: str = "zh") -> list[Piece]:
    """The words with their figures. A clause whose figure cannot be said is gone; behind its line a piece without text
    tells which figure, and why.

    Paragraphs end with a line break, as in the text.
    """
    source = _Source(statement, lang)
    pieces: list[Piece] = []
    for number, line in enumerate(text[:TEXT_LIMIT].split("\n")):
        if number:
            pieces.append(Piece("text", "\n"))
        pieces.extend(_line(line, source))
    return pieces


def _line(line: str, source: "_Source") -> Iterator[Piece]:
    lost: list[Piece] = []
    run = ""
    for piece in _sentences(_tree(_nodes(line, source)), lost):
        if piece.kind == "text":
            run += piece.text
        else:
            yield from _loose(run, source)
            run = ""
            yield piece
    yield from _loose(run, source)
    yield from lost


def _nodes(line: str, source: "_Source") -> Iterator[Piece | _Mark]:
    """Figures, marks, and the words between them."""
    for number, one in enumerate(_TOKEN.split(line)):
        if number % 2:
            yield source.piece(one)
        else:
            for words in filter(None, _MARKS.split(one)):
                yield _Mark(words) if _MARKS.fullmatch(words) else Piece("text", words)


def _tree(nodes: Iterable[Piece | _Mark]) -> list[_Node]:
    """Brackets that open and close in this line become one node; others are words."""
    stack: list[tuple[str, list[_Node]]] = [("", [])]
    for node in nodes:
        mark = node.text if isinstance(node, _Mark) else ""
        if mark in _BRACKETS and len(stack) <= _DEEPEST:
            stack.append((mark, []))
        elif mark and mark == _BRACKETS.get(stack[-1][0]):
            opened, inner = stack.pop()
            stack[-1][1].append(_Bracket(opened, inner, mark))
        else:
            is_half = mark in _BRACKETS or mark in _BRACKETS.values()
            stack[-1][1].append(Piece("text", mark) if is_half else node)
    while len(stack) > 1:
        opened, inner = stack.pop()
        stack[-1][1].extend([Piece("text", opened), *inner])
    return stack[0][1]


def _split(nodes: Sequence[_Node], marks: frozenset[str]) -> Iterator[tuple[list[_Node], str]]:
    """(what stands before a mark, the mark); of the rest the mark is ""."""
    some: list[_Node] = []
    for node in nodes:
        if isinstance(node, _Mark) and node.text in marks:
            yield some, node.text
            some = []
        else:
            some.append(node)
    yield some, ""


def _sentences(nodes: Sequence[_Node], lost: list[Piece]) -> list[Piece]:
    """What can be said; what cannot is added to `lost`."""
    return [piece for some, end in _split(nodes, _SENTENCE) for piece in _sentence(some, end, lost)]


def _sentence(nodes: Sequence[_Node], end: str, lost: list[Piece]) -> list[Piece]:
    """The clauses that can be said, and behind the last of them the mark that ended the sentence.

    A sentence in which there were figures and is none left says nothing.
    """
    kept: list[tuple[list[Piece], str]] = []
    had_figures = was_lost = is_last_lost = False
    for some, mark in _split(nodes, _CLAUSE):
        gaps: list[Piece] = []
        pieces = _clause(some, gaps, lost)
        had_figures |= bool(gaps) or _has_figure(pieces)
        was_lost = bool(gaps) or (was_lost and bool(_HANGING.match(said(pieces))))
        is_last_lost = was_lost
        lost.extend(gaps)
        if not was_lost:
            kept.append((pieces, mark))
    if not kept or (had_figures and not any(_has_figure(pieces) for pieces, _ in kept)):
        return []
    *first, (last, mark) = kept
    joined = [piece for pieces, comma in first for piece in [*pieces, Piece("text", comma)]]
    return [*joined, *last, Piece("text", end or ("" if is_last_lost else mark))]


def _clause(nodes: Sequence[_Node], gaps: list[Piece], lost: list[Piece]) -> list[Piece]:
    """Its pieces; figures without a value are `gaps`. A bracket that says nothing costs the clause nothing."""
    pieces: list[Piece] = []
    for node in nodes:
        if isinstance(node, _Bracket):
            before = len(lost)
            inner = _sentences(node.nodes, lost)
            if said(inner) or len(lost) == before:
                pieces.extend([Piece("text", node.opened), *inner, Piece("text", node.closed)])
        elif isinstance(node, _Mark):
            pieces.append(Piece("text", node.text))
        elif node.kind == "figure" and not node.text:
            gaps.append(node)
        else:
            pieces.append(node)
    return pieces


def _has_figure(pieces: Iterable[Piece]) -> bool:
    return any(piece.kind == "figure" for piece in pieces)


def _loose(run: str, source: "_Source") -> Iterator[Piece]:
    """Words, with the numbers in them that somebody typed and that are no day, year or name."""
    taken = [found.span() for found in _NO_FIGURE.finditer(run)]
    at = following = 0
    for found in _NUMBER.finditer(run):
        while following < len(taken) and taken[following][1] <= found.start():
            following += 1
        if following < len(taken) and taken[following][0] < found.end():
            continue
        if found.start() > at:
            yield Piece("text", run[at : found.start()])
        yield source.typed(found[0])
        at = found.end()
    if run[at:]:
        yield Piece("text", run[at:])


# --- one figure -----------------------------------------------------------------------------------

_UNKNOWN = Text("没有“{0}”这项指标，或者本单位的统计表不要它。", "There is no figure “{0}” in this office's table.")
_NO_WINDOW = Text("没有“{0}”这个时段；可以写日期或 year。", "There is no window “{0}”; write a day, or year.")
_NO_PART = Text("这项指标没有“{0}”这个部分。", "The figure has no part “{0}”.")
_TOO_FEW = Text("分母不到{0}，不写比率。", "It is of fewer than {0}: no rate is told.")
_NOTHING = Text("还没有数据，这一句不写。", "There is nothing yet; the clause is left out.")
_NO_ROUNDING = Text("比率写两位小数，不写约数。", "A rate has two places and is not rounded.")
_LOOSE = Text("这个数没有和任何指标关联。", "This number is linked to nothing.")
_EQUAL = Text("和“{0}”相同；写成 {{{1}}} 就会跟着指标更新。", "It equals {0}; written {{{1}}} it follows the figure.")


def _say(text: Text, *words: object) -> Text:
    return Text(text.zh.format(*words), text.en.format(*words))


class _Source:
    """A statement as tokens ask for it."""

    def __init__(self, statement: Statement, lang: str) -> None:
        self._lang = lang
        self._columns: Mapping[str, Column] = {column.key: column for column in statement.columns}
        windows = [("period", statement.period), ("year", statement.year)]
        windows += [(day.day, day.cells) for day in statement.days]
        self._cells = {window: {cell.key: cell for cell in cells} for window, cells in windows}
        self._records = statement.records

    def piece(self, token: str) -> Piece:
        """What a token says; without text where it cannot be said."""
        found = _WRITTEN.fullmatch(token.strip())
        named = Piece("figure", "", token.strip())
        if not found or found["key"] not in self._columns:
            return _faulty(named, "unknown", _say(_UNKNOWN, found["key"] if found else token.strip()))
        column = self._columns[found["key"]]
        window = found["window"] or found["later"] or "period"
        named = msgspec.structs.replace(named, key=column.key, window=window, part=found["part"] or "")
        if window not in self._cells:
            return _faulty(named, "window", _say(_NO_WINDOW, window))
        cell = self._cells[window].get(column.key)
        if cell is None or cell.value is None:
            return _faulty(named, "missing", (cell.note if cell else None) or _NOTHING)
        if named.part:
            return self._part(named, column, cell)
        if _is_of_too_few(cell):
            return _faulty(named, "small", _say(_TOO_FEW, LEAST_DENOMINATOR))
        return self._whole(named, column, cell.value, found["style"] or "")

    def _whole(self, named: Piece, column: Column, value: int | str, style: str) -> Piece:
        n, refused = Decimal(value), None
        is_rate = column.unit == "%" or column.rule == "ratio"
        words = rounding.rounded(n, style) if style and not is_rate else rounding.exact(n)
        if style and is_rate:
            refused = _NO_ROUNDING
        if is_rate:
            text = f"{value}" if self._lang == "en" and column.unit != "%" else f"{value}{column.unit}"
        else:
            text = self._words(words, column)
        filled = msgspec.structs.replace(named, text=text, value=value, unit=column.unit)
        refused = refused or words.refused
        return _faulty(filled, "refused", refused) if refused else filled

    def _words(self, words: rounding.Rounded, column: Column) -> str:
        if self._lang == "en":
            return _english(words, column)
        if words.is_exact and column.unit == "元":
            text = _money(words.base)
        else:
            text = f"{words.before}{words.number}{words.after}{column.unit}"
        if not _is_estimate(column):
            return text
        return f"{text}（估算）" if not words.is_exact else f"约{text}（估算）"

    def _part(self, named: Piece, column: Column, cell: Cell) -> Piece:
        if column.key == _DESTROYED and (listed := measures(self._records, named.window).get(named.part)):
            return msgspec.structs.replace(named, text=f"{listed}{named.part}", value=listed, unit=named.part)
        n = cell.parts.get(named.part)
        if n is None:
            return _faulty(named, "part", _say(_NO_PART, named.part))
        if column.key == "worst_questions":  # of 10,000
            return msgspec.structs.replace(named, text=f"{shown(n, 100)}%", value=shown(n, 100), unit="%")
        unit = "" if column.rule == "ratio" or self._lang == "en" else column.unit
        return msgspec.structs.replace(named, text=f"{n}{unit}", value=n, unit=unit)

    def typed(self, digits: str) -> Piece:
        """A number that stands there by itself."""
        n = Decimal(digits.replace(",", ""))
        for window, cells in self._cells.items():
            for cell in cells.values():
                if cell.value is not None and Decimal(cell.value) == n and cell.key in self._columns:
                    token = cell.key if window == "period" else f"{cell.key}@{window}"
                    says = _say(_EQUAL, self._columns[cell.key].label.in_(self._lang), token)
                    return Piece("number", digits, "", cell.key, "", window, fault="loose", says=says)
        return Piece("number", digits, fault="loose", says=_LOOSE)


#: Goods destroyed are told in the measures they were listed in, as parts of this figure.
_DESTROYED = "destroyed_kinds"


def measures(found: Sequence[Record], window: str = "period") -> dict[str, int]:
    """Measure → how much of it was destroyed, in that window: beds and boxes never become pieces."""
    listed = [one for one in found if one.list == "destroyed" and window in ("period", one.day)]
    return dict(records.by_measure((one.texts, one.amounts) for one in listed))


def _faulty(piece: Piece, fault: str, says: Text) -> Piece:
    return msgspec.structs.replace(piece, fault=fault, says=says)


def _is_of_too_few(cell: Cell) -> bool:
    return cell.parts.get("denominator", LEAST_DENOMINATOR) < LEAST_DENOMINATOR


def _is_estimate(column: Column) -> bool:
    known = catalogue.BY_KEY.get(column.key)
    return known.is_estimate if known else "估算" in column.label.zh


def _money(yuan: Decimal) -> str:
    return f"{rounding.plain(yuan)}元" if abs(yuan) < _SMALL_MONEY else f"{rounding.wan(yuan)}万元"


def _english(words: rounding.Rounded, column: Column) -> str:
    number = f"{words.base.quantize(Decimal(1)) if words.base == words.base.to_integral_value() else words.base:,}"
    said_so = {"": number}.get(words.before + words.after) or f"{'nearly' if words.before else 'more than'} {number}"
    unit = f" {catalogue.unit_word(column.unit, 'en')}" if column.unit in catalogue.SCALES else ""
    return f"{said_so}{unit} (estimate)" if _is_estimate(column) else f"{said_so}{unit}"


# --- the first draft ------------------------------------------------------------------------------

_ANNOUNCED_LATER = re.compile(r"待公布|待定|待发布|to be announced", re.IGNORECASE)
#: Whose "whole" it is, by the last word for a place in the unit's name.
_PLACES = {
    "自治区": "全区", "省": "全省", "师市": "全师市", "自治州": "全州", "州": "全州", "盟": "全盟", "旗": "全旗",
    "市": "全市", "县": "全县", "区": "全区", "街道": "全街道", "镇": "全镇", "乡": "全乡",
}  # fmt: skip
_PLACE = re.compile("|".join(_PLACES))
_OFFICE = re.compile(r"市场监督管理局?|市场监管局?|市场")
_MEASURE = re.compile(r"[^\W\d_]{1,6}")
_MEASURES = 6
_IN_TEXT = re.compile(r"\{([a-z0-9._-]+)")


def draft(statement: Statement, lang: str = "zh", questions: Mapping[str, Text] | None = None) -> list[Section]:
    """Every section as it follows from the figures; "" where nothing does, and somebody may write something.

    `questions`: id → wording, to name the least known ones.
    """
    made = _Draft(statement, lang, questions or {})
    return [Section(one.id, one.heading, one.level, made.text(one.id), one.hint) for one in SECTIONS]


class _Draft:
    def __init__(self, statement: Statement, lang: str, questions: Mapping[str, Text]) -> None:
        self._said, self._lang, self._questions = statement, lang, questions
        windows = [("period", statement.period), ("year", statement.year)]
        windows += [(day.day, day.cells) for day in statement.days]
        self._cells = {window: {cell.key: cell for cell in cells} for window, cells in windows}
        self._columns = {column.key: column for column in statement.columns}
        units = [place for place in statement.places if place.kind == "unit"]
        self._has_units = bool(units) or any(cell.by.get("below") for cell in statement.period)
        # What has no sources of its own, a rate, is of the whole city if any unit tells anything of it.
        self._told_below = {cell.key for place in units for cell in place.cells if cell.value not in (None, 0)}

    def text(self, section: str) -> str:
        return getattr(self, f"_{section}", lambda: "")() or self._figures(section)

    def _t(self, zh: str, en: str) -> str:
        return en if self._lang == "en" else zh

    # --- head and foot

    def _title(self) -> str:
        said = self._said
        name, unit = said.title.in_(self._lang), said.unit.in_(self._lang)
        return self._t(f"{unit}关于{name.removesuffix('活动')}活动情况的报告", f"{unit}: report on {name}")

    def _lead(self) -> str:
        said, lang = self._said, self._lang
        theme = said.theme.in_(lang)
        under = self._t(f"围绕“{theme}”主题，", f"Under the theme “{theme}”, ")
        name, unit = said.title.in_(lang), said.unit.in_(lang)
        zh = f"{unit}于{self._days()}组织开展了{name}。现将有关情况报告如下。"
        en = f"{unit} held {name}, {said.days_sayable}. This is what was done."
        return ("" if _ANNOUNCED_LATER.search(said.theme.zh) else under) + self._t(zh, en)

    def _days(self) -> str:
        first, last = self._said.starts, self._said.ends
        if first == last:
            return chinese_day(first)
        same = 1 if first[:7] == last[:7] else 5 if first[:4] == last[:4] else 0
        until = chinese_day(last)
        until = until.split("月", 1)[1] if same == 1 else until.split("年", 1)[1] if same else until
        return f"{chinese_day(first)}至{until}"

    def _attachment(self) -> str:
        name = self._said.title.in_(self._lang)
        return self._t(f"{name.removesuffix('活动')}活动情况统计表", f"Statistics table of {name}")

    def _signature(self) -> str:
        day = self._said.made_at[:10]
        return f"{self._said.unit.in_(self._lang)}\n{self._t(chinese_day(day), day)}"

    # --- what was measured

    def _figures(self, section: str) -> str:
        """A paragraph for each sentence that has anything to say; what the office counts by itself comes last."""
        own = [
            column
            for column in self._said.columns
            if column.key.startswith("own.") and OWN_IN.get(column.group, "onsite") == section
        ]
        sentences = [self._with_measures(one) for one in SENTENCES if one.section == section]
        if own:
            sentences.append(Sentence(section, tuple(Clause(f"{one.label.zh}{{{one.key}}}") for one in own)))
        return "\n".join(paragraph for one in sentences for paragraph in self._sentence(one))

    def _with_measures(self, sentence: Sentence) -> Sentence:
        """What was destroyed in boxes and beds, behind what was in pieces; of units below there are no lists here."""
        if sentence.section != "destruction" or self._has_units or self._lang == "en":
            return sentence
        found = [one for one in measures(self._said.records) if one != "件" and _MEASURE.fullmatch(one)]
        told = [Clause(f"按{one}计{{{_DESTROYED}:{one}}}") for one in found[:_MEASURES]]
        return msgspec.structs.replace(sentence, clauses=(*sentence.clauses[:3], *told, *sentence.clauses[3:]))

    def _sentence(self, sentence: Sentence) -> Iterator[str]:
        window = self._main_day() if sentence.window == "main" else sentence.window
        if window not in self._cells:
            return
        for is_wide in (True, False):
            clauses = [text for one in sentence.clauses if (text := self._clause(one, window, is_wide=is_wide))]
            if clauses:
                begins = self._begins(window, is_wide=is_wide)
                ends = sentence.after if self._lang != "en" else ""
                yield self._t(f"{begins}{'，'.join(clauses)}。{ends}", f"{begins}{', '.join(clauses)}.")

    def _main_day(self) -> str:
        """15 March, where it is one of several days with figures."""
        days = [day.day for day in self._said.days]
        return next((day for day in days if day.endswith("-03-15") and len(days) > 1), "")

    def _begins(self, window: str, *, is_wide: bool) -> str:
        """Window and scope: without them a number means nothing."""
        whole = self._whole() if is_wide else "本级"
        if window == "period":
            is_one_day = self._said.starts == self._said.ends
            zh = f"{short_day(self._said.starts)}活动当天，" if is_one_day else "活动期间，"
        else:
            zh = f"{self._said.starts[:4]}年度，" if window == "year" else f"{short_day(window)}当天，"
        when = {"period": "Over the whole fair", "year": "Over the year"}.get(window, f"On {window}")
        return self._t(zh + whole, f"{when}, {'all units' if is_wide else 'this office alone'}: ")

    def _whole(self) -> str:
        name = _OFFICE.sub("", self._said.unit.zh)
        places = _PLACE.findall(name)
        return _PLACES[places[-1]] if places else "本级及下级"

    def _clause(self, clause: Clause, window: str, *, is_wide: bool) -> str:
        keys = _IN_TEXT.findall(clause.text)
        if not self._is_said(keys[0], window, is_wide=is_wide):
            return ""
        of = [one for one in clause.of if self._is_said(_IN_TEXT.findall(one)[0], window, is_wide=is_wide)]
        if self._lang == "en":
            return ", ".join(self._in_english(one, window) for one in (keys[0], *(_IN_TEXT.findall(o)[0] for o in of)))
        brackets = f"（{clause.before}{'，'.join(of)}）" if of else ""
        return _at(clause.text + brackets, window)

    def _in_english(self, key: str, window: str) -> str:
        label = self._columns[key].label.en
        return f"{label[:1].lower()}{label[1:]} {_at(f'{{{key}}}', window)}"

    def _is_said(self, key: str, window: str, *, is_wide: bool) -> bool:
        cell = self._cells[window].get(key)
        if cell is None or cell.value is None or self._is_wide(cell, window) is not is_wide or _is_of_too_few(cell):
            return False
        n = Decimal(cell.value)
        return n > 0 or (n == 0 and key in WORTH_A_NOUGHT and key not in self._said.missing)

    def _is_wide(self, cell: Cell, window: str) -> bool:
        """Whether units below are in it."""
        return bool(cell.by.get("below")) or (window == "period" and not cell.by and cell.key in self._told_below)

    def _learning(self) -> str:
        told = self._figures("learning")
        worst = self._cells["period"].get("worst_questions")
        known = sorted((n, one) for one, n in (worst.parts if worst else {}).items() if one in self._questions)
        if not known:
            return told
        named = [
            f"“{self._questions[one].in_(self._lang).rstrip('？?。.')}”{self._t('', ' ')}{{worst_questions:{one}}}"
            for _, one in known[:3]
        ]
        begins = self._begins("period", is_wide=False)
        zh = f"{begins}首次答对率最低的题目及其正确率：{'；'.join(named)}。"
        en = f"{begins}questions least often right at the first try: {'; '.join(named)}."
        return f"{told}\n{self._t(zh, en)}"

    # --- what fell short

    def _problems(self) -> str:
        """From doubts that were answered, and from what nobody counted."""
        points = [point for one in self._said.findings if (point := self._answered(one.figures, one.note))]
        # A part by itself has no name of its own: “其中部门”. Of what it is part the same is said already.
        parts = {one.key for one in catalogue.CATALOGUE if one.within}
        if missing := [self._name(key) for key in self._said.missing if key in self._columns.keys() - parts]:
            names = self._t("", ", ").join(missing[:_MISSING_NAMED])
            more = self._t("等", " and others") if len(missing) > _MISSING_NAMED else ""
            points.append(
                self._t(f"{names}{more}没有统计数据，本报告未写。", f"There are no figures for {names}{more}.")
            )
        if self._said.unsent:
            points.append(
                self._t(
                    "部分平板的记录尚未传到，本报告未计入。",
                    "Facts of some tablets had not arrived and are not counted.",
                )
            )
        return "\n".join(points)

    def _answered(self, figures: Sequence[str], note: str) -> str:
        """What was said to a doubt, under the names of its figures: the doubt's own numbers are no figures."""
        note = " ".join(note.split()).rstrip("。.")
        if not note:
            return ""
        names = self._t("", ", ").join(self._name(key) for key in figures if key in self._columns)
        zh = f"关于{names}，核对时的说明是：{note}。" if names else f"核对时的说明：{note}。"
        return self._t(zh, f"On {names or 'the figures'}, it was noted: {note}.")

    def _name(self, key: str) -> str:
        """Between names in quotation marks stands no other mark."""
        return self._t(f"“{self._columns[key].label.zh}”", self._columns[key].label.en)

    def _next(self) -> str:
        """What follows from the figures; everything else is for people to say."""
        points = []
        if self._n("complaints_accepted") > self._n("complaints_closed"):
            points.append(
                self._t(
                    "继续办理已受理、尚未办结的投诉，依法按时反馈。",
                    "Complaints that were accepted and are still open will be carried to their end.",
                )
            )
        if self._n("quicktest_pending") > 0:
            points.append(
                self._t(
                    "跟踪快检待复检批次的实验室结果。",
                    "Batches that wait for a laboratory will be followed up.",
                )
            )
        if self._n("worst_questions") > 0:
            points.append(
                self._t(
                    "针对首次答对率低的知识点，补充宣传内容。",
                    "What people knew least will be explained again.",
                )
            )
        return "\n".join(points)

    def _n(self, key: str) -> Decimal:
        cell = self._cells["period"].get(key)
        return Decimal(cell.value) if cell and cell.value is not None else Decimal(0)


def _at(text: str, window: str) -> str:
    """The tokens of a text, of a window."""
    if window == "period":
        return text
    return re.sub(r"\{([^{}|]+)", rf"{{\g<1>@{window}", text)


def chinese_day(day: str) -> str:
    """`2027-03-05` → `2027年3月5日`: no noughts before."""
    year, month, number = day.split("-")
    return f"{year}年{int(month)}月{int(number)}日"


def short_day(day: str) -> str:
    return chinese_day(day).split("年", 1)[1]


# --- laid out -------------------------------------------------------------------------------------

_NUMERALS = "〇一二三四五六七八九十"


def laid_out(sections: Sequence[Section], statement: Statement, lang: str = "zh") -> list[Paragraph]:
    """The lines of the summary, in order: headings numbered, sections that say nothing left out."""
    filled = {one.id: _lines(one, statement, lang) for one in sections}
    lines: list[Paragraph] = []
    big = small = 0
    for place, section in enumerate(sections):
        body = filled[section.id]
        if section.level == 1:
            below = [one.id for one in _below(sections[place + 1 :])]
            if not body and not any(filled[one] for one in below):
                continue
            big, small = big + 1, 0
            lines.append(_heading(section, f"{_numeral(big)}、" if lang != "en" else f"{big}. ", lang))
        elif section.level == 2 and body:
            small += 1
            lines.append(_heading(section, f"（{_numeral(small)}）" if lang != "en" else f"{big}.{small} ", lang))
        lines.extend(Paragraph(_kind(section.id, number), pieces) for number, pieces in enumerate(body))
    return lines


def _below(sections: Iterable[Section]) -> Iterator[Section]:
    """The second level, until another heading of the first."""
    for section in sections:
        if section.level != 2:
            return
        yield section


def _kind(section: str, number: int) -> Literal["title", "addressee", "body", "attachment", "signature", "date"]:
    if section == "signature":
        return "signature" if number == 0 else "date"
    if section in ("title", "addressee", "attachment"):
        return section  # type: ignore[return-value]
    return "body"


def _heading(section: Section, number: str, lang: str) -> Paragraph:
    kind: Literal["heading1", "heading2"] = "heading1" if section.level == 1 else "heading2"
    return Paragraph(kind, [Piece("text", f"{number}{section.heading.in_(lang)}")])


def _numeral(n: int) -> str:
    """1 to 20."""
    return _NUMERALS[n] if n <= 10 else f"十{_NUMERALS[n - 10]}"


def _lines(section: Section, statement: Statement, lang: str) -> list[list[Piece]]:
    """What a section says, line by line; lines that say nothing left out."""
    lines: list[list[Piece]] = [[]]
    for piece in fill(section.text, statement, lang):
        if piece.kind == "text" and piece.text == "\n":
            lines.append([])
        else:
            lines[-1].append(piece)
    return [line for line in lines if said(line).strip()]
