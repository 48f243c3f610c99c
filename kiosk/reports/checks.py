"""Doubts about the figures of a statement, before anybody sends it up. Pure; a doubt never stops anything.

Each rule looks at a statement alone, or beside last year's and those of peers, and says in one sentence what does not
fit, with both numbers. A doubt is known by a digest of what it says: answered is this one, not one of other numbers.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from statistics import median

import msgspec

from kiosk.facts.figures import key_of
from kiosk.packs.codelists import codelists
from kiosk.packs.model import Text
from kiosk.reports.catalogue import BY_KEY, SCALES
from kiosk.reports.figures import percent
from kiosk.reports.records import LISTS
from kiosk.reports.statement import Cell, Column, Finding, Place, Record, Statement

#: A rate of fewer cases says more about chance.
SMALL = 30
#: A figure that is so many times another's of the same kind, and at least so much, is asked about.
TIMES, LEAST = 10, 100
#: From here on a round number that was typed looks like an estimate.
ROUND = 1_000
_MOST = 200  # doubts; whoever has more has one problem, not so many


class Look(msgspec.Struct, frozen=True):
    """What the rules look at."""

    statement: Statement
    last: Statement | None = None  # of last year
    peers: Sequence[Statement] = ()  # of offices alike, of the same fair
    sums: Mapping[str, int] = {}  # of the fair's metrics: what stands in no figure
    words: Mapping[str, str] = {}  # section → text of the summary


Doubt = tuple[tuple[str, ...], str, str]  # figures, in Chinese, in English
Rule = Callable[[Look], Iterator[Doubt]]
_RULES: dict[str, Rule] = {}
_Cells = Mapping[str, Cell]
_WINDOWS = {"period": Text("活动期间", "of the period"), "year": Text("全年", "of the year")}


def _rule(check: str) -> Callable[[Rule], Rule]:
    def keep(rule: Rule) -> Rule:
        _RULES[check] = rule
        return rule

    return keep


def findings(
    statement: Statement,
    last: Statement | None = None,
    *,
    peers: Sequence[Statement] = (),
    sums: Mapping[str, int] | None = None,
    words: Mapping[str, str] | None = None,
) -> list[Finding]:
    """All doubts about a statement, rule by rule, without answers; at most 200.

    `last`: last year's; `peers`: those of offices alike; `sums`: the fair's metrics; `words`: the summary's text.
    """
    look = Look(statement, last, peers, sums or {}, words or {})
    found = [_finding(check, doubt) for check, rule in _RULES.items() for doubt in rule(look)]
    return found[:_MOST]


def _finding(check: str, doubt: Doubt) -> Finding:
    figures, zh, en = doubt
    told = "\0".join((check, *figures, zh))
    return Finding(check, figures, Text(zh, en), hashlib.sha256(told.encode()).hexdigest(), "", "")


# --- reading cells ------------------------------------------------------------------------------------


def _n(cell: Cell | None) -> Decimal | None:
    """A cell's number, as it is shown; None where there is none."""
    if cell is None or cell.value is None:
        return None
    try:
        return Decimal(str(cell.value))
    except InvalidOperation:
        return None


def _says(n: Decimal) -> str:
    return f"{n:,f}"


def _cells(cells: Sequence[Cell]) -> dict[str, Cell]:
    return {cell.key: cell for cell in cells}


def _windows(statement: Statement) -> Iterator[tuple[Text, _Cells]]:
    yield _WINDOWS["period"], _cells(statement.period)
    yield _WINDOWS["year"], _cells(statement.year)


def _each_day(statement: Statement) -> Iterator[tuple[Text, _Cells]]:
    """Of a fair of one day none: it is the period."""
    for day in statement.days if len(statement.days) > 1 else ():
        yield Text(f"{day.day} 当天", f"on {day.day}"), _cells(day.cells)


def _column(statement: Statement, key: str) -> Column:
    """What a figure is called, whether the office wants it in its table or not."""
    for column in statement.columns:
        if column.key == key:
            return column
    known = BY_KEY.get(key)
    label = known.label if known else Text(key, key)
    return Column(key, label, known.unit if known else "", "", Text("—", "—"), "sum")


def _label(statement: Statement, key: str) -> Text:
    return _column(statement, key).label


def _typed(cell: Cell, unit: str) -> Decimal:
    """How much of a cell was typed, as it is shown: money stands in 分 among the sources."""
    return Decimal(cell.by.get("typed", 0)) / SCALES.get(unit, 1)


# --- one not more than another ------------------------------------------------------------------------


def _not_more(look: Look, less: str, more: Sequence[str]) -> Iterator[Doubt]:
    """A figure against the sum of others; where one of them cannot be said, nothing is.

    Day by day only where the period looks well: else each of its days would say the same once more.
    """
    found = list(_more_of(look.statement, _windows(look.statement), less, more))
    yield from found or _more_of(look.statement, _each_day(look.statement), less, more)


def _more_of(
    statement: Statement, windows: Iterator[tuple[Text, _Cells]], less: str, more: Sequence[str]
) -> Iterator[Doubt]:
    for window, cells in windows:
        n, others = _n(cells.get(less)), [_n(cells.get(key)) for key in more]
        if n is None or others[0] is None:
            continue
        most = sum((one for one in others if one is not None), Decimal())
        if n > most:
            a, b = _label(statement, less), [_label(statement, key) for key in more]
            yield (
                (less, *more),
                f"{window.zh}：“{a.zh}”{_says(n)}，多于“{'”加“'.join(one.zh for one in b)}”{_says(most)}。",
                f"{a.en} {_says(n)}, more than {' plus '.join(one.en for one in b)} {_says(most)} ({window.en}).",
            )


@_rule("closed-accepted")
def _closed(look: Look) -> Iterator[Doubt]:
    """办结 ≤ 受理; what was not accepted can be closed as well, where the office counts it so."""
    yield from _not_more(look, "complaints_closed", ("complaints_accepted", "complaints_refused"))


@_rule("leaflets-stock")
def _leaflets(look: Look) -> Iterator[Doubt]:
    """发放 ≤ 领取, where anybody noted what was brought."""
    if _n(_cells(look.statement.period).get("leaflets_opened")):
        yield from _not_more(look, "leaflets", ("leaflets_opened",))


@_rule("consultations-visitors")
def _consultations(look: Look) -> Iterator[Doubt]:
    """咨询 ≤ 参与, where anybody counted heads."""
    if _n(_cells(look.statement.period).get("headcount")):
        yield from _not_more(look, "consultations", ("headcount",))


@_rule("prizes-issued")
def _prizes(look: Look) -> Iterator[Doubt]:
    given, issued = look.sums.get("prize.redeemed", 0), look.sums.get("prize.issued", 0)
    if given > issued:
        yield (
            ("prizes_redeemed",),
            f"兑出奖品 {given:,} 份，多于发出的奖券 {issued:,} 张。",
            f"{given:,} prizes were given for {issued:,} vouchers.",
        )
    elif not look.sums and _n(_cells(look.statement.period).get("quiz_finished")):
        yield from _not_more(look, "prizes_redeemed", ("quiz_finished",))


@_rule("within")
def _subsets(look: Look) -> Iterator[Doubt]:
    """“其中” is never more than what it is part of."""
    for column in look.statement.columns:
        known = BY_KEY.get(column.key)
        if known and known.within and (known.within, column.key) != ("complaints_accepted", "complaints_closed"):
            yield from _not_more(look, column.key, (known.within,))


# --- parts that make a whole --------------------------------------------------------------------------


def _adds_up(look: Look, parts: Mapping[str, Decimal], whole: str, what: Text) -> Iterator[Doubt]:
    n = _n(_cells(look.statement.period).get(whole))
    total = sum(parts.values(), Decimal())
    if n is None or not parts or total == n:
        return
    label = _label(look.statement, whole)
    yield (
        (whole, *(key for key in parts if key in BY_KEY)),
        f"{what.zh}相加是 {_says(total)}，“{label.zh}”是 {_says(n)}，差 {_says(abs(total - n))}。",
        f"{what.en} come to {_says(total)}, {label.en} are {_says(n)}: {_says(abs(total - n))} apart.",
    )


@_rule("natures-accepted")
def _natures(look: Look) -> Iterator[Doubt]:
    """Σ性质 = 受理."""
    cell = _cells(look.statement.period).get("natures")
    parts = {name: Decimal(n) for name, n in cell.parts.items()} if cell else {}
    yield from _adds_up(look, parts, "complaints_accepted", Text("各类投诉性质", "The natures of complaints"))


@_rule("goods-accepted")
def _goods(look: Look) -> Iterator[Doubt]:
    """商品 + 服务 + 其他 = 受理."""
    cell = _cells(look.statement.period).get("goods_services")
    parts = {name: Decimal(n) for name, n in cell.parts.items()} if cell else {}
    yield from _adds_up(look, parts, "complaints_accepted", Text("各大类投诉", "Complaints by goods and services"))


_OUTCOMES = ("quicktest_passed", "quicktest_failed", "quicktest_pending", "quicktest_invalid")


@_rule("quicktests-outcomes")
def _quicktests(look: Look) -> Iterator[Doubt]:
    """合格 + 不合格 + 待复检 + 无效 = 批次."""
    cells = _cells(look.statement.period)
    parts = {key: n for key in _OUTCOMES if (n := _n(cells.get(key))) is not None}
    what = Text("快检合格、不合格、待复检、无效", "Passed, failed, waiting and unreadable")
    yield from _adds_up(look, parts, "quicktest_batches", what)


# --- rates --------------------------------------------------------------------------------------------


def _rates(statement: Statement) -> Iterator[tuple[Column, Cell, int, int]]:
    """Every rate that says what it was divided from: (column, cell, numerator, denominator)."""
    for _window, cells in _windows(statement):
        for column in statement.columns:
            cell = cells.get(column.key)
            if column.unit == "%" and cell and cell.parts.keys() >= {"numerator", "denominator"}:
                yield column, cell, cell.parts["numerator"], cell.parts["denominator"]


@_rule("rate-recomputed")
def _recomputed(look: Look) -> Iterator[Doubt]:
    """A rate is what its parts come to: 349 of 398 are 87.69 %, not 88."""
    for column, cell, above, below in _rates(look.statement):
        value = _n(cell)
        right = percent(above, below)
        if value is not None and right is not None and value != Decimal(right):
            yield (
                (column.key,),
                f"“{column.label.zh}”写的是 {_says(value)}%，{above:,}÷{below:,} 是 {right}%。",
                f"{column.label.en} says {_says(value)} %; {above:,} of {below:,} are {right} %.",
            )


@_rule("rate-above-whole")
def _above_whole(look: Look) -> Iterator[Doubt]:
    for column, _cell, above, below in _rates(look.statement):
        if below and above > below:
            yield (
                (column.key,),
                f"“{column.label.zh}”的分子 {above:,} 大于分母 {below:,}。",
                f"{column.label.en} divides {above:,} by the smaller {below:,}.",
            )


@_rule("rate-small")
def _small(look: Look) -> Iterator[Doubt]:
    for column, cell, _above, below in _rates(look.statement):
        if cell.value is not None and 0 < below < SMALL:
            yield (
                (column.key,),
                f"“{column.label.zh}”{cell.value}% 只由 {below:,} 件算出，少于 {SMALL}，多一件少一件差很多。",
                f"{column.label.en}, {cell.value} %, is of {below:,} cases only, fewer than {SMALL}.",
            )


@_rule("rate-in-words")
def _rates_in_words(look: Look) -> Iterator[Doubt]:
    """A rate that somebody wrote into the summary by hand: 349 of 398 are 87.69 % or 87.7 %, and not 88 %."""
    known: dict[str, list[tuple[Column, Cell, int, int]]] = {
        name: [] for one in BY_KEY.values() if one.unit == "%" for name in _names(one.label.zh)
    }
    for one in _rates(look.statement):
        if _n(one[1]) is not None:
            for name in _names(one[0].label.zh):
                known.setdefault(name, []).append(one)
    names = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    written = re.compile(rf"({names})[^，。；、0-9%％]{{0,8}}([0-9]{{1,3}}(?:\.[0-9]{{1,4}})?)\s*[%％]")
    for section, text in look.words.items():
        for found in written.finditer(text):
            rates = known[found[1]]
            if rates and not any(_is_rounded(found[2], cell) for _, cell, _, _ in rates):
                column, cell, above, below = rates[0]
                yield (
                    (column.key,),
                    f"总结“{section}”里写{found[1]} {found[2]}%，{above:,}÷{below:,} 是 {cell.value}%。",
                    f"{column.label.en}: section {section} says {found[2]} %; {above:,} of {below:,} is {cell.value}.",
                )


def _names(label: str) -> set[str]:
    """What people call a rate: `投诉办结率（办结和并案÷登记）` → 投诉办结率, 办结率."""
    name = label.partition("（")[0]
    return {name, name.removeprefix("投诉").removeprefix("平均")}


def _is_rounded(written: str, cell: Cell) -> bool:
    """Whether a rate is written as it is, or to one place. Without any place it is only what it is exactly."""
    said, value = Decimal(written), Decimal(str(cell.value))
    places = Decimal("0.1") if len(written.partition(".")[2]) == 1 else None
    return said == (value.quantize(places, ROUND_HALF_UP) if places else value)


@_rule("share-denominator")
def _shares(look: Look) -> Iterator[Doubt]:
    """A share of the complaints about goods that was divided by all complaints."""
    cells = _cells(look.statement.period)
    cell, accepted = cells.get("goods_services"), _n(cells.get("complaints_accepted"))
    if cell is None or not accepted:
        return
    for name, kinds in (("商品", _ids("goods")), ("服务", _ids("services"))):
        whole = sum(n for code, n in cell.parts.items() if code in kinds)
        for n in {n for code, n in cell.parts.items() if code in kinds}:
            wrong, right = percent(n, int(accepted)), percent(n, whole)
            if right and wrong and wrong != right and _says_share(look, name, wrong):
                yield (
                    ("goods_services",),
                    f"{wrong}% 是 {n:,}÷{int(accepted):,}（全部投诉）；占{name}类投诉应是 {n:,}÷{whole:,}，{right}%。",
                    f"{wrong} % is {n:,} of all {int(accepted):,}; of the {whole:,} of its sort they are {right} %.",
                )


def _ids(which: str) -> frozenset[str]:
    return frozenset(code.id for one in codelists() for code in getattr(one, which))


def _says_share(look: Look, name: str, share: str) -> bool:
    """Whether the summary, or the name of a rate, calls it the share of a sort."""
    said = re.compile(rf"占{name}类[^。；;]{{0,12}}?{re.escape(share)}\s*[%％]")
    if any(said.search(text) for text in look.words.values()):
        return True
    return any(
        f"占{name}类" in column.label.zh and str((look.statement.cell(column.key) or _NOTHING).value) == share
        for column in look.statement.columns
    )


_NOTHING = Cell("", None, {}, {})


# --- windows ------------------------------------------------------------------------------------------


@_rule("day-above-period")
def _days(look: Look) -> Iterator[Doubt]:
    """A day is never more than the period it is in."""
    statement = look.statement
    days = [(day, _cells(day.cells)) for day in statement.days]
    for cell in statement.period:
        whole = _n(cell)
        for day, cells in days:
            n = _n(cells.get(cell.key))
            if n is not None and whole is not None and n > whole and _column(statement, cell.key).unit != "%":
                label = _label(statement, cell.key)
                yield (
                    (cell.key,),
                    f"“{label.zh}”{day.day} 当天 {_says(n)}，多于活动期间 {_says(whole)}。",
                    f"{label.en}: {_says(n)} on {day.day}, more than {_says(whole)} of the whole period.",
                )


@_rule("period-above-year")
def _years(look: Look) -> Iterator[Doubt]:
    cells = _cells(look.statement.period)
    for cell in look.statement.year:
        n, year = _n(cells.get(cell.key)), _n(cell)
        if n is not None and year is not None and n > year:
            label = _label(look.statement, cell.key)
            yield (
                (cell.key,),
                f"“{label.zh}”活动期间 {_says(n)}，多于全年 {_says(year)}。",
                f"{label.en}: {_says(n)} in the period, more than {_says(year)} in the year.",
            )


@_rule("typed-twice")
def _twice(look: Look) -> Iterator[Doubt]:
    """What was typed equals what was counted, or the period what was typed of its days: it was likely added twice. Or
    the year the period: one of the two is likely of the other window.
    """
    statement = look.statement
    days, year = [_cells(day.cells) for day in statement.days], _cells(statement.year)
    for cell in statement.period:
        label, unit = _label(statement, cell.key), _column(statement, cell.key).unit
        typed = _typed(cell, unit)
        counted = sum((Decimal(n) for source, n in cell.by.items() if source != "typed"), Decimal())
        counted /= SCALES.get(unit, 1)
        of_days = sum((_typed(day[cell.key], unit) for day in days if cell.key in day), Decimal())
        if typed >= SMALL and typed == counted:
            yield (
                (cell.key,),
                f"“{label.zh}”平板数了 {_says(counted)}，又补录了同样的 {_says(typed)}，加起来是两倍。",
                f"{label.en}: {_says(counted)} were counted and the same {_says(typed)} typed: together twice as many.",
            )
        elif (of_year := year.get(cell.key)) is not None and SMALL <= typed == _typed(of_year, unit):
            yield (
                (cell.key,),
                f"“{label.zh}”活动期间和全年都补录了 {_says(typed)}，请核对是不是把一个时段的数填进了另一个。",
                f"{label.en}: {_says(typed)} were typed of the period and of the year alike.",
            )
        elif of_days >= SMALL and typed == 2 * of_days:
            yield (
                (cell.key,),
                f"“{label.zh}”各天补录了 {_says(of_days)}，活动期间又补录了 {_says(of_days)}，可能是同一个数。",
                f"{label.en}: {_says(of_days)} were typed day by day, and {_says(of_days)} of the period once more.",
            )


# --- beside others ------------------------------------------------------------------------------------


def _far(a: Decimal, b: Decimal) -> bool:
    """Whether one of two is ten times the other, and neither a trifle."""
    low, high = sorted((a, b))
    return high >= LEAST and low > 0 and high >= TIMES * low


@_rule("last-year")
def _beside_last(look: Look) -> Iterator[Doubt]:
    if look.last is None or look.last.starts[:4] >= look.statement.starts[:4]:
        return  # an older version of this fair's own is no other year
    before = _cells(look.last.period)
    for cell in look.statement.period:
        n, old = _n(cell), _n(before.get(cell.key))
        if n is not None and old is not None and _far(n, old):
            label = _label(look.statement, cell.key)
            yield (
                (cell.key,),
                f"“{label.zh}”今年 {_says(n)}，去年 {_says(old)}，差 {TIMES} 倍以上。",
                f"{label.en}: {_says(n)} this year, {_says(old)} last year, {TIMES} times apart or more.",
            )


@_rule("peers")
def _beside_peers(look: Look) -> Iterator[Doubt]:
    """Against the median of offices alike."""
    for cell in look.statement.period:
        n = _n(cell)
        others = [v for one in look.peers if (v := _n(_cells(one.period).get(cell.key))) is not None]
        if n is None or len(others) < 2 or not _far(n, middle := Decimal(median(others))):
            continue
        label = _label(look.statement, cell.key)
        yield (
            (cell.key,),
            f"“{label.zh}”{_says(n)}，同类单位的中位数是 {_says(middle)}，差 {TIMES} 倍以上。",
            f"{label.en}: {_says(n)}; the median of offices alike is {_says(middle)}.",
        )


@_rule("venues")
def _venues(look: Look) -> Iterator[Doubt]:
    """One venue far above the others; one unit far above or below them: a square may well be small."""
    for kind in ("venue", "unit"):
        places = [one for one in look.statement.places if one.kind == kind]
        values: dict[str, list[tuple[Place, Decimal]]] = {}
        for place in places:
            for cell in place.cells:
                if (n := _n(cell)) is not None:
                    values.setdefault(cell.key, []).append((place, n))
        for key, found in values.items():
            yield from _outliers(look.statement, key, found, is_either=kind == "unit")


def _outliers(
    statement: Statement, key: str, found: Sequence[tuple[Place, Decimal]], *, is_either: bool
) -> Iterator[Doubt]:
    if len(found) < 3:
        return
    ordered = sorted(n for _, n in found)
    for place, n in found:
        middle = _median_without(ordered, n)
        if _far(n, middle) and (is_either or n > middle):
            label = _label(statement, key)
            yield (
                (key,),
                f"“{label.zh}”{place.name.zh} {_says(n)}，其他地方的中位数是 {_says(middle)}，差 {TIMES} 倍以上。",
                f"{label.en}: {place.name.en} has {_says(n)}, the median of the others is {_says(middle)}.",
            )


def _median_without(ordered: Sequence[Decimal], n: Decimal) -> Decimal:
    """The median of ordered numbers but one of those that are `n`, without ordering them anew."""
    gap = bisect_left(ordered, n)
    half, is_odd = divmod(len(ordered) - 1, 2)
    low, high = (ordered[place + (place >= gap)] for place in (half if is_odd else half - 1, half))
    return (low + high) / 2


# --- what was typed -----------------------------------------------------------------------------------


@_rule("round-number")
def _rounds(look: Look) -> Iterator[Doubt]:
    """A figure that was only typed, and has nothing but zeros behind its first two digits. What lists come to is
    exact, however round.
    """
    listed = {record.list for record in look.statement.records}
    for cell in look.statement.period:
        column, n = _column(look.statement, cell.key), _n(cell)
        if n is None or not _is_round(n) or set(cell.by) != {"typed"} or _list_of(cell.key) in listed:
            continue
        label = column.label
        yield (
            (cell.key,),
            f"“{label.zh}”{_says(n)} 是补录的整数。有回执、清单请写准数；没有请在这里写明是估算。",
            f"{label.en}, {_says(n)}, was typed and is round. Type the exact number, or say it is an estimate.",
        )


def _is_round(n: Decimal) -> bool:
    return n >= ROUND and n % 10 ** (len(str(int(n))) - 2) == 0


def _list_of(key: str) -> str:
    known = BY_KEY.get(key)
    return known.list if known else ""


@_rule("same-number")
def _same(look: Look) -> Iterator[Doubt]:
    """The same number in two figures of different units, one of them typed: 人次 taken for 份."""
    seen: dict[Decimal, tuple[Column, Cell]] = {}
    for cell in look.statement.period:
        column, n = _column(look.statement, cell.key), _n(cell)
        if n is None or n < LEAST or column.unit in ("%", "元"):
            continue
        if n not in seen:
            seen[n] = column, cell
            continue
        other, held = seen[n]
        if other.unit != column.unit and "typed" in {*cell.by, *held.by}:
            yield (
                (other.key, column.key),
                f"“{other.label.zh}”（{other.unit}）和“{column.label.zh}”（{column.unit}）都是 {_says(n)}，请核对。",
                f"{other.label.en} and {column.label.en} are both {_says(n)}, in different units.",
            )


@_rule("listed-twice")
def _listed_twice(look: Look) -> Iterator[Doubt]:
    """Two lines of a list that say the same of the same day: two people put one thing down."""
    seen: dict[tuple[object, ...], Record] = {}
    for record in look.statement.records:
        said = (
            record.list,
            record.day,
            key_of(record.title),
            sorted(record.texts.items()),
            sorted(record.amounts.items()),
        )
        key = tuple(map(str, said))
        if key not in seen:
            seen[key] = record
            continue
        name = LISTS[record.list].label if record.list in LISTS else Text(record.list, record.list)
        yield (
            (),
            f"“{name.zh}”清单上有两条一样的：{record.title}（{record.day}）。是同一件事，请划掉一条。",
            f"The list “{name.en}” has two lines alike: {record.title} ({record.day}). Strike one if it is the same.",
        )


@_rule("hotline-merged")
def _hotline(look: Look) -> Iterator[Doubt]:
    """What the hotline took is never added to what the booths took."""
    cells, statement = _cells(look.statement.period), look.statement
    for booth, line in (("complaints", "hotline_complaints"), ("reports", "hotline_reports"),
                        ("consultations", "hotline_advice"), ("complaints", "hotline_calls")):  # fmt: skip
        cell, calls = cells.get(booth), _n(cells.get(line))
        if cell and calls and cell.by.get("typed", 0) == calls:
            a, b = _label(statement, booth), _label(statement, line)
            yield (
                (booth, line),
                f"“{a.zh}”里补录的 {_says(calls)} 和“{b.zh}”{_says(calls)} 一样：热线的不能并到现场。",
                f"The {_says(calls)} typed of {a.en} are as many as {b.en}: calls are never added to the booths'.",
            )


_MERGED = re.compile(r"咨询[、和及与]?投诉|投诉[、和及与]?咨询")


@_rule("merged")
def _merged(look: Look) -> Iterator[Doubt]:
    """咨询 and 投诉 in one number."""
    for column in look.statement.columns:
        if column.key.startswith("own.") and _MERGED.search(column.label.zh):
            yield (
                (column.key,),
                f"“{column.label.zh}”把咨询和投诉合成一个数，请分开报。",
                f"{column.label.en} makes one number of advice and complaints; report them apart.",
            )
    for section, text in look.words.items():
        if found := re.search(rf"(?:{_MERGED.pattern})[^，。；、0-9]{{0,6}}[0-9][0-9,]*", text):
            yield (
                (),
                f"总结“{section}”里的“{found[0]}”把咨询和投诉合成一个数，请分开写。",
                f"The summary's section {section} makes one number of advice and complaints: {found[0]}.",
            )


# --- what is not ready --------------------------------------------------------------------------------

_LEFT = re.compile(
    r"[×✕Ｘ＊]{2,}|(?<![A-Za-z])[xX]{2,}(?![A-Za-z])|\*{2,}|_{3,}|＿{2,}|…{2,}\s*[份件次人]|待填|待补|TODO"
)


@_rule("words-left")
def _left(look: Look) -> Iterator[Doubt]:
    """“×××人次” that nobody filled in."""
    for where, text in _texts(look):
        if found := _LEFT.search(text):
            piece = text[max(0, found.start() - 8) : found.end() + 4]
            yield (
                (),
                f"“{where}”里还有没填的：“{piece}”。",
                f"Something is left to fill in ({where}): {piece}",
            )


def _texts(look: Look) -> Iterator[tuple[str, str]]:
    """(where it stands, words) of all that people wrote."""
    statement = look.statement
    yield from (("活动名称", statement.title.zh), ("年主题", statement.theme.zh), ("填报单位", statement.unit.zh))
    yield from (("联系方式", statement.contact), ("为什么改", statement.why))
    yield from (("统计指标", column.label.zh) for column in statement.columns)
    for record in statement.records:
        for text in (record.title, record.source, *record.texts.values()):
            yield record.title[:20], text
    yield from look.words.items()


@_rule("not-here")
def _not_here(look: Look) -> Iterator[Doubt]:
    if look.statement.unsent > 0:
        yield (
            (),
            f"平板上还有 {look.statement.unsent:,} 条记录没有传到，现在的数还不全。",
            f"{look.statement.unsent:,} facts are still on tablets: the figures are not whole.",
        )
    forks = _n(_cells(look.statement.period).get("journals_forked")) or Decimal(look.sums.get("health.forked", 0))
    if forks > 0:
        yield (
            ("journals_forked",),
            f"有 {_says(forks)} 台平板的流水分了叉，还没有人决定算哪一支。",
            f"The journals of {_says(forks)} tablets are forked, and nobody has decided which branch counts.",
        )


#: All there are, in their order.
CHECKS = tuple(_RULES)
