"""What real fairs printed can be entered here and comes out as printed; where print was wrong, the doubt says so.

The numbers are facts out of published reports; each place and year stands beside its own.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from kiosk.facts.cases import CaseAccepted, CaseEnded
from kiosk.facts.figures import DESK, FigureTyped, RecordListed, Window
from kiosk.hub import fairs, journal, statements, words
from kiosk.hub.context import Hub
from kiosk.hub.people import Person
from kiosk.hub.tables import fairs as fairs_table
from kiosk.packs.codelists import newest
from kiosk.packs.fairs import OwnFigure
from kiosk.packs.model import Text
from kiosk.reports import checks
from kiosk.reports.catalogue import BY_KEY
from kiosk.reports.records import LISTS, by_measure, made
from kiosk.reports.rounding import rounded
from kiosk.reports.statement import Statement

#: What says nothing of the database is tried on one: that both say the same is `test_two_engines`.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
DAY = "2027-03-15"
#: Where → window → figure → as it was printed; "about" words (余, 近, 多) stand in `ROUNDED`.
PRINTED: Mapping[str, Mapping[Window, Mapping[str, int | str]]] = {
    "Ningxia, a city, 2019": {
        "day": {
            "venues": 4, "headcount": 9863, "leaflets": 20416, "boards": 96, "consultations": 256, "complaints": 1,
            "reports": 1, "quicktest_batches": 18, "fakes_on_tables": 16, "hotline_calls": 56,
        },
        "period": {"messages": 300_000, "contests": 1, "contest_teams": 8, "meetings": 1},
    },
    "Changxing": {
        "period": {"sessions": 2, "venues": 7, "leaflets": 18_670, "contests": 2, "trainings": 2, "media_reports": 29},
    },
    "Shaoguan": {
        "day": {
            "complaints": 28, "leaflets": 5_530, "destroyed_pieces": 13_408, "destroyed_weight": "180000.00",
        },
        "period": {"units_departments": 26, "press_conferences": 1},
    },
    "Guizhou, quality inspection": {
        "period": {
            "inspections": 1730, "cases_decided": 158, "case_value": "5115000.00", "cases_major": 5,
            "press_conferences": 1, "materials": 10_000, "messages": 100_000, "leaflets": 30_000, "consultations": 1200,
            "media_outlets": 16, "complaints": 398, "complaints_closed": 349,
        },
    },
    "A city's consumer council": {"period": {"units_businesses": 21}},
    "Inner Mongolia, that day and all through it": {
        "day": {
            "venues": 201, "headcount": 250_000, "leaflets": 1_100_000, "consultations": 65_000, "complaints": 960,
        },
        "period": {
            "leaflets": 3_500_000, "trainings": 75, "meetings": 58, "press_conferences": 11, "media_reports": 530,
            "destroyed_categories": 6, "destroyed_kinds": 50, "destroyed_value": "10000000.00", "pledges": 2000,
        },
    },
    "Inner Mongolia, the main venue": {"day": {"headcount": 4_000, "consultations": 130, "complaints": 25}},
    "Jinan": {"period": {"boards": 21, "leaflets": 70_000, "media_reports": 20}},
    "Hubei, 2010": {
        "day": {"leaders": 1450},
        "period": {"meetings": 1, "meeting_people": 150, "media_outlets": 20, "contests": 3, "contest_teams": 230},
    },
    "Gaoping, 2021": {"period": {"online_views": 5}},
    "Shanxi, 2019": {
        "period": {
            "leaflets": 980_481, "into_people": 300_334, "merchants": 12_724, "sessions": 410, "meetings": 246,
            "press_conferences": 109, "open_days": 286, "broadcasts": 3347, "destroyed_categories": 12,
            "destroyed_pieces": 109_622, "destroyed_value": "3150000.00",
        },
    },
    "Duji, a street, 2026": {"day": {"leaflets": 400, "banners": 7, "headcount": 300}},
    "Yunmeng, 2025": {
        "day": {"units_departments": 17, "leaflets": 1000, "consultations": 60, "quicktest_batches": 18},
        "period": {"online_players": 100},
    },
    "Rangtang, 2024": {"day": {"leaflets": 1200, "consultations": 370, "duty_turns": 26, "pledges": 200}},
    "Cangxi, 2024": {
        "day": {"desks": 26, "leaflets": 5000, "consultations": 300},
        "period": {"officers": 120, "inspections": 130, "complaints_accepted": 311, "recovered": "50000.00"},
    },
    "Tongcheng, 2024": {"day": {"units_departments": 6, "leaflets": 3000, "consultations": 400}},
    "Wushan, 2023": {"day": {"leaflets": 2600, "consultations": 800, "boards": 50}, "period": {"broadcasts": 320}},
    "Ningnan, 2023": {"day": {"units_departments": 14, "leaflets": 10_000, "boards": 2, "banners": 15}},
    "Inner Mongolia, 2023": {"day": {"units_businesses": 155, "fakes_on_tables": 1154}},
    "Mazhang, 2021": {"day": {"units_departments": 20, "leaflets": 560, "consultations": 1000, "complaints": 5}},
    "Aohan, 2016": {"day": {"venues": 18, "leaflets": 10_000, "consultations": 1500}},
    "Luogang, 2015": {"day": {"units_departments": 17, "units_businesses": 19, "consultations": 146, "complaints": 2}},
    "Nanchong, 2022": {"period": {"leaflets": 80_000, "duty_turns": 600}},
    "Jilin, 2016": {
        "period": {
            "units_businesses": 500, "media_outlets": 70, "sessions": 73, "complaints_accepted": 700,
            "complaints_closed": 660, "leaflets": 1_000_000, "headcount": 100_000,
        },
    },
    "Alashan, 2020": {"period": {"destroyed_value": "120000.00"}},
}  # fmt: skip


def smallest(key: str, printed: int | str) -> int:
    """In the unit that is kept: 分, 克, seconds."""
    return round(float(printed) * BY_KEY[key].scale)


def say(hub: Hub, key: str, n: int, window: Window = "period") -> None:
    told = {"source": "公开报道", "unit": "", "blob": "", "day": DAY, "hour": 9, "before": None}
    with hub.store.begin() as tx:
        body = FigureTyped(figure=key, window=window, n=n, **told)
        journal.append(tx, "demo", body, desk=DESK, by="p-1", now=hub.clock.now(), mono=1)


def list_(hub: Hub, name: str, title: str, texts: dict[str, str], **amounts: int) -> None:
    """Put something on a list, as its form would."""
    words = {"title": title, **texts, **{key: str(n) for key, n in amounts.items()}}
    found = made(LISTS[name], words)
    assert not found.faults, found.faults
    body = RecordListed(
        day=DAY, hour=0, list=name, texts=found.texts, keys=found.keys, amounts=found.amounts, title=found.title,
        source="公开报道", unit="", host="", joint=False, blob="",
    )  # fmt: skip
    with hub.store.begin() as tx:
        journal.append(tx, "demo", body, desk=DESK, by="p-1", now=hub.clock.now(), mono=1)


def write_summary(hub: Hub, section: str, text: str) -> None:
    with hub.store.begin() as tx:
        words.keep(tx, hub, "demo", section, text, Person("p-1", "chen", frozenset({"organiser"})))


def doubts(hub: Hub, check: str) -> list[str]:
    return [one.says.zh for one in draft(hub).findings if one.check == check]


def values(hub: Hub) -> dict[str, int | str | None]:
    return {cell.key: cell.value for cell in draft(hub).period}


def draft(hub: Hub) -> Statement:
    with hub.store.reading() as tx:
        return statements.draft(tx, hub, fairs.find_fair(tx, "demo"))


@on_sqlite
@pytest.mark.parametrize("place", PRINTED)
def test_what_was_printed_is_entered_and_comes_out_as_printed(hub: Hub, place: str):
    day = PRINTED[place].get("day", {})
    for key, printed in day.items():
        say(hub, key, smallest(key, printed), "day")
    for key, printed in PRINTED[place].get("period", {}).items():  # of which the day is a part
        say(hub, key, smallest(key, printed) - smallest(key, day.get(key, 0)))

    told = draft(hub)

    of_day = {cell.key: cell.value for one in told.days if one.day == DAY for cell in one.cells}
    of_period = {cell.key: cell.value for cell in told.period}
    assert {key: of_day[key] for key in day} == day
    whole = {**day, **PRINTED[place].get("period", {})}
    assert {key: of_period[key] for key in whole} == whole


# --- lists --------------------------------------------------------------------------------------------


@on_sqlite
def test_goods_destroyed_of_mixed_units_keep_them(hub: Hub):
    """Alashan 2020 and Guizhou: masks by the piece, quilts by the bed; no one sum is made of both."""
    for title, category, n, measure in (
        ("口罩", "医疗器械", 2663, "只"), ("化妆品", "化妆品", 696, "件"), ("烟花爆竹", "烟花", 154, "件"),
        ("食品", "食品", 2280, "件"), ("药品", "药品", 1680, "件"),
    ):  # fmt: skip
        list_(hub, "destroyed", title, {"category": category, "measure": measure}, quantity=n)
    list_(hub, "destroyed", "黑心棉", {"category": "纺织品", "measure": "床"}, quantity=1530, value=70_000)
    told = draft(hub)
    found = {cell.key: cell.value for cell in told.period}
    assert (found["destroyed_categories"], found["destroyed_kinds"]) == (6, 6)
    assert found["destroyed_pieces"] == 696 + 154 + 2280 + 1680, "masks and beds are no pieces"
    assert found["destroyed_value"] == "70000.00"
    sums = by_measure((one.texts, one.amounts) for one in told.records)
    assert sums == [("只", 2663), ("件", 4810), ("床", 1530)]


@on_sqlite
def test_units_that_took_part_add_up_by_their_sorts(hub: Hub):
    """21 businesses on the square: 3 banks, 3 advertisers, 1 hospital, 3 of telecoms, 10 shops, 1 producer."""
    for sort, n in (("银行", 3), ("广告", 3), ("医院", 1), ("通讯", 3), ("商贸", 10), ("生产", 1)):
        for number in range(n):
            list_(hub, "units", f"{sort}企业{number}", {"type": "business"})
    for outlet, medium in [*((f"平面{n}", "press") for n in range(6)), *((f"网络{n}", "online") for n in range(10))]:
        list_(hub, "outlets", outlet, {"medium": medium})
    found = values(hub)
    assert (found["units_businesses"], found["units"], found["media_outlets"]) == (21, 21, 16)


@on_sqlite
def test_a_county_s_own_figures_stand_beside_those_everybody_has(hub: Hub):
    """Changxing printed plaques and performances, Shaoguan batches of frozen goods: no row of the table is theirs."""
    own = [
        OwnFigure(key, Text(zh, zh), unit, Text(zh, zh), "own", "sum")
        for key, zh, unit in (("plaques", "牌匾", "块"), ("shows", "文艺演出", "场"), ("frozen", "冻品批次", "批"))
    ]
    with hub.store.begin() as tx:
        fair = msgspec.structs.replace(fairs.find_fair(tx, "demo"), own_figures=own)
        tx.execute(update(fairs_table).values(document=msgspec.json.encode(fair).decode()))
    for key, n in (("own.plaques", 35), ("own.shows", 1), ("own.frozen", 7)):
        say(hub, key, n)
    found = values(hub)
    assert (found["own.plaques"], found["own.shows"], found["own.frozen"]) == (35, 1, 7)


# --- words that are round, and true ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "style", "printed"),
    [
        (9_863, "near:1万", "近1万"), (20_416, "over", "2万余"), (5_530, "多:5500", "5500多"),
        (410, "over:400", "400余"), (249_000, "near:25万", "近25万"), (65_012, "多:65000", "6.5万多"),
        (1_450, "多:1450", "1450"), (560, "near:560", "560"), (105_000, "over:10万", "10万余"),
        (980_481, "about", "近100万"),
    ],
)  # fmt: skip
def test_round_words_of_print_are_said_where_they_are_true(n: int, style: str, printed: str):
    said = rounded(Decimal(n), style)
    assert said.before + said.number + said.after == printed


# --- where print was wrong ------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize(
    ("closed", "of", "printed", "right"),
    [(349, 398, "88", "87.69"), (969, 1103, "92", "87.85"), (167_785, 219_909, "76.3", "76.30")],
)
def test_a_rate_is_divided_anew_and_one_written_wrongly_is_doubted(
    hub: Hub, closed: int, of: int, printed: str, right: str
):
    """Two were printed as 88 % and about 92 %; the third, of all consumer councils in a quarter, as it is."""
    say(hub, "complaints", of)
    say(hub, "complaints_accepted", of)
    say(hub, "complaints_closed", closed)
    rate = next(cell for cell in draft(hub).period if cell.key == "closing_rate")
    assert (rate.value, rate.parts) == (right, {"numerator": closed, "denominator": of})
    write_summary(hub, "casework", f"受理投诉{of}件，办结{closed}件，办结率约{printed}%。")
    found = doubts(hub, "rate-in-words")
    if printed == "76.3":
        assert found == []
    else:
        assert [f"{printed}%" in one and f"{right}%" in one for one in found] == [True]


@on_sqlite
def test_complaints_settled_of_those_accepted_are_as_printed(hub: Hub):
    """Zhongxiang: 414 of 434 accepted were settled by mediation, 95.39 %."""
    with hub.store.begin() as tx:
        for number in range(434):
            case = f"7KQ2-{number:05d}"
            steps: list[Any] = [CaseAccepted(case=case)]
            if number < 414:
                steps.append(
                    CaseEnded(case=case, matter="complaint", outcome="mediated", reasons=[], recovered=0, doubled=0,
                              on_site=False)
                )  # fmt: skip
            for body in steps:
                journal.append(tx, "demo", body, desk=DESK, by="p-1", now=hub.clock.now(), mono=1)
    rate = next(cell for cell in draft(hub).period if cell.key == "mediation_rate")
    assert (rate.value, rate.parts) == ("95.39", {"numerator": 414, "denominator": 434})


@on_sqlite
def test_advice_and_complaints_in_one_number_are_doubted(hub: Hub):
    """Zhuzhou 2024 printed 200 of both together."""
    write_summary(hub, "onsite", "现场接待咨询投诉200余人次。")
    assert "咨询投诉200" in doubts(hub, "merged")[0]


@on_sqlite
def test_what_was_left_to_fill_in_is_doubted(hub: Hub):
    """A county sent “×××人次” up."""
    write_summary(hub, "enforcement", "出动执法车辆4车次、执法人员×××人次。")
    assert "×××" in doubts(hub, "words-left")[0]


@on_sqlite
def test_a_share_of_goods_that_was_divided_by_everything_is_doubted(hub: Hub):
    """Hunan 2025: 2,148 of all 10,461 complaints are 20.53 %; of those about goods, as it was printed, 30.90 %."""
    goods, service = [one.id for one in newest().goods[:2]], newest().services[0].id
    sums = {goods[0]: 2_148, goods[1]: 4_803, service: 3_510}
    cells = {"complaints_accepted": 10_461, "goods_services": 10_461}
    found = draft(hub)
    period = [
        msgspec.structs.replace(cell, value=cells[cell.key], parts=sums if cell.key == "goods_services" else {})
        if cell.key in cells else cell
        for cell in found.period
    ]  # fmt: skip
    written = {"casework": "食品类占商品类投诉总量的20.53%。"}
    says = [
        one.says.zh
        for one in checks.findings(msgspec.structs.replace(found, period=period), words=written)
        if one.check == "share-denominator"
    ]
    assert ["30.90%" in one for one in says] == [True]


def test_a_day_and_a_month_of_the_same_figure_never_meet(hub: Hub):
    """One report printed 1.1 million leaflets of the day and 3.5 million of the month, both as "handed out"."""
    say(hub, "leaflets", 1_100_000, "day")
    say(hub, "leaflets", 2_400_000)
    told = draft(hub)
    by_window = {
        "day": next(cell.value for cell in told.days[0].cells if cell.key == "leaflets"),
        "period": next(cell.value for cell in told.period if cell.key == "leaflets"),
    }
    assert by_window == {"day": 1_100_000, "period": 3_500_000}


def test_more_closed_than_were_taken_in_is_doubted_with_both_numbers(hub: Hub):
    say(hub, "complaints_accepted", 700)
    say(hub, "complaints_closed", 760)
    doubts = [one for one in draft(hub).findings if {"complaints_accepted", "complaints_closed"} <= set(one.figures)]
    assert doubts
    assert all(number in doubts[0].says.zh for number in ("700", "760"))


def test_the_hotline_is_never_added_to_what_booths_took_in(hub: Hub):
    """In 2019 a desk took in two while the line took 56 on the same day."""
    say(hub, "complaints", 2, "day")
    say(hub, "hotline_calls", 56, "day")
    told = {cell.key: cell.value for cell in draft(hub).period}
    assert (told["complaints"], told["hotline_calls"]) == (2, 56)


def test_every_number_of_a_statement_says_how_it_got_there(hub: Hub):
    for key, printed in PRINTED["Ningxia, a city, 2019"]["day"].items():
        say(hub, key, smallest(key, printed), "day")
    for cell in draft(hub).period:
        if isinstance(cell.value, int) and cell.value:
            assert sum(cell.by.values()) == cell.value, msgspec.to_builtins(cell)
