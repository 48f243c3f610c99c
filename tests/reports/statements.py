"""A statement of a made-up city: 4 venues, 20 desks, three days."""

from collections.abc import Sequence
from typing import Any

import msgspec

from kiosk.packs.model import Text
from kiosk.reports import catalogue
from kiosk.reports.statement import Cell, Column, Day, Finding, Place, Record, Statement

DAYS = ("2027-03-13", "2027-03-14", "2027-03-15")
VENUES = ("人民广场", "万达广场", "清真寺街农贸市场", "大学城")
DESKS = ("咨询台", "投诉举报台", "假冒展示台", "食品快检台", "讲解台")


def columns() -> list[Column]:
    return [Column(one.key, one.label, one.unit, one.group, one.means, one.rule) for one in catalogue.CATALOGUE]


def cells(scale: int, **said: int | str | None) -> list[Cell]:
    """Every figure of the catalogue: a number that follows from its place and `scale`, unless it is `said`."""
    made = []
    for place, one in enumerate(catalogue.CATALOGUE):
        n = scale * (place % 17 + 1)
        if one.key in said:
            value = said[one.key]
            by = {"typed" if one.typed == "only" else "tapped": value} if isinstance(value, int) else {}
            made.append(Cell(one.key, value, {}, by))
        elif one.over:
            made.append(Cell(one.key, "87.69", {"numerator": 349, "denominator": 398}, {}))
        elif one.typed == "only":
            made.append(Cell(one.key, None, {}, {}, Text("没有人填报", "nobody said")))
        elif one.scale > 1:
            made.append(Cell(one.key, f"{n}.50", {}, {"auto": n * one.scale + one.scale // 2}))
        else:
            made.append(Cell(one.key, n, {}, {"auto": n - n // 3, "tapped": n // 3}))
    return made


def a_statement(**changes: Any) -> Statement:
    """The city's statement; any of its fields may be said otherwise."""
    hours = {
        "headcount": {"09": 812, "10": 1430, "11": 1207, "12": 640},
        "consultations": {"09": 40, "10": 96, "11": 80},
    }
    places = [Place("venue", f"v{n}", Text(name, f"Square {n}"), "", cells(n)) for n, name in enumerate(VENUES, 1)]
    places += [
        Place("desk", f"d{5 * v + n:02d}", Text(name, f"Desk {n}"), f"v{v + 1}", cells(n))
        for v in range(len(VENUES))
        for n, name in enumerate(DESKS, 1)
    ]
    made = Statement(
        fair="demo",
        title=Text("2027年“3·15”国际消费者权益日宣传活动", "Consumer Rights Day 2027"),
        theme=Text("（年主题待公布）", "(theme to be announced)"),
        unit=Text("示范市市场监督管理局", "Market Regulation Bureau of Shifan"),
        contact="0000-12315",
        starts=DAYS[0],
        ends=DAYS[-1],
        deadline="2027-03-18T18:00:00.000+08:00",
        venues=4,
        version=1,
        made_at="2027-03-17T16:20:05.000+08:00",
        made_by="张科员",
        why="",
        columns=columns(),
        period=cells(
            30, headcount=9863, leaflets=20416, boards=96, consultations=256, complaints=1, reports=1,
            quicktest_batches=18, exhibit_kinds=16,
        ),
        year=[Cell(one.key, None, {}, {}) for one in catalogue.CATALOGUE],
        days=[Day(day, cells(10), hours) for day in DAYS],
        places=places,
        records=[
            Record("destroyed", "过期辣条", DAYS[-1], {"category": "食品", "variety": "辣条", "measure": "箱"},
                   {"quantity": 120, "value": 560_000}, "销毁清单", "", "31500000000000000000000000000101"),
        ],
        findings=[
            Finding("leaflets-stock", ["leaflets"], Text("发放比领取多 12 份。", "12 more were handed out than came."),
                    "ab" * 32, "有一捆没有登记领取", "张科员"),
        ],
        missing=["messages"],
        changes=[],
        facts=41_230,
        unsent=0,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def few(said: Statement, *keys: str) -> Statement:
    """The same with some of its figures: whatever is made of it is made soon."""

    def of(cells: Sequence[Cell]) -> list[Cell]:
        return [cell for cell in cells if cell.key in keys]

    days = [msgspec.structs.replace(day, cells=of(day.cells)) for day in said.days]
    places = [msgspec.structs.replace(place, cells=of(place.cells)) for place in said.places]
    columns = [column for column in said.columns if column.key in keys]
    whole = {"columns": columns, "period": of(said.period), "year": of(said.year), "days": days, "places": places}
    return msgspec.structs.replace(said, **whole)
