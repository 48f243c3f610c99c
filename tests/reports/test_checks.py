"""Doubts about figures: each rule says both numbers, is quiet where all is well, and knows its doubt again."""

import inspect
import re
import time
from collections.abc import Mapping
from decimal import Decimal
from statistics import median
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.packs.codelists import newest
from kiosk.packs.model import Text
from kiosk.reports import catalogue, checks
from kiosk.reports.checks import CHECKS, findings
from kiosk.reports.statement import Cell, Column, Day, Finding, Place, Record, Statement
from tests.reports.statements import a_statement, few


def cell(key: str, value: int | str | None, parts: Mapping[str, int] | None = None, **by: int) -> Cell:
    counted = {"auto": value} if isinstance(value, int) and not by else by
    return Cell(key, value, parts or {}, counted)


def said(*cells: Cell, **changes: Any) -> Statement:
    """A statement of these figures alone, with nothing else to doubt."""
    base = few(a_statement(), *(one.key for one in cells))
    plain = {"period": list(cells), "year": [], "days": [], "places": [], "records": [], "findings": [], "missing": []}
    return msgspec.structs.replace(base, **{**plain, **changes})


def doubts(statement: Statement, **more: Any) -> dict[str, list[str]]:
    """Check → what its doubts say in Chinese."""
    found: dict[str, list[str]] = {}
    for one in findings(statement, **more):
        found.setdefault(one.check, []).append(one.says.zh)
    return found


def only(statement: Statement, check: str, **more: Any) -> str:
    """What the one doubt of a check says; no other check has any."""
    found = doubts(statement, **more)
    assert list(found) == [check], found
    assert len(found[check]) == 1
    return found[check][0]


def test_what_fits_is_not_doubted():
    cells = [
        cell("headcount", 9863), cell("consultations", 256), cell("complaints_accepted", 12),
        cell("complaints_closed", 11), cell("leaflets", 20_000, tapped=20_000), cell("leaflets_opened", 20_416),
        cell("quicktest_batches", 18), cell("quicktest_passed", 17), cell("quicktest_pending", 1),
        cell("natures", 12, {"quality": 7, "price": 5}),
        cell("accuracy", "87.69", {"numerator": 349, "denominator": 398}),
    ]  # fmt: skip
    assert doubts(said(*cells)) == {}


@pytest.mark.parametrize(
    ("check", "cells", "numbers"),
    [
        ("closed-accepted", [cell("complaints_closed", 5), cell("complaints_accepted", 3)], "5，多于"),
        ("leaflets-stock", [cell("leaflets", 1_200), cell("leaflets_opened", 1_000)], "1,200，多于"),
        ("consultations-visitors", [cell("consultations", 300), cell("headcount", 200)], "300，多于"),
        ("natures-accepted", [cell("natures", 9, {"quality": 4, "price": 5}), cell("complaints_accepted", 10)], "差 1"),
        ("goods-accepted", [cell("goods_services", 9, {"x": 9}), cell("complaints_accepted", 10)], "差 1"),
        ("within", [cell("quiz_passed", 120), cell("quiz_finished", 100)], "120，多于"),
        ("rate-above-whole", [cell("closing_rate", "110.00", {"numerator": 33, "denominator": 30})], "33 大于分母 30"),
        ("rate-small", [cell("content", "80.00", {"numerator": 8, "denominator": 10})], "10 件"),
        ("round-number", [cell("messages", 300_000, typed=300_000)], "300,000"),
        ("merged", [cell("own.both", 200, typed=200)], "分开报"),
    ],
)  # fmt: skip
def test_each_rule_names_both_numbers(check, cells, numbers):
    columns = [Column("own.both", Text("咨询投诉人次", "Both"), "人次", "own", Text("—", "—"), "sum")]
    statement = said(*cells)
    if check == "merged":
        statement = msgspec.structs.replace(statement, columns=columns)
    assert numbers in only(statement, check)


def test_batches_are_what_became_of_them():
    cells = [cell("quicktest_batches", 18), cell("quicktest_passed", 16), cell("quicktest_failed", 1)]
    assert "17" in only(said(*cells), "quicktests-outcomes")
    cells[1] = cell("quicktest_passed", 17)
    assert doubts(said(*cells)) == {}


def test_what_was_refused_may_be_closed_too():
    cells = [cell("complaints_closed", 5), cell("complaints_accepted", 3), cell("complaints_refused", 2)]
    assert doubts(said(*cells)) == {}


def test_no_more_prizes_are_given_than_vouchers():
    cells = [cell("prizes_redeemed", 30)]
    assert "30 份" in only(said(*cells), "prizes-issued", sums={"prize.redeemed": 30, "prize.issued": 28})
    assert doubts(said(*cells), sums={"prize.redeemed": 28, "prize.issued": 28}) == {}


# --- what stood in print ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "above", "below", "right"), [("88", 349, 398, "87.69"), ("92", 969, 1103, "87.85")]
)
def test_rates_in_print_are_reckoned_anew(printed, above, below, right):
    rate = cell("closing_rate", printed, {"numerator": above, "denominator": below})
    says = only(said(rate), "rate-recomputed")
    assert f"{printed}%" in says
    assert f"{right}%" in says


def test_a_share_of_goods_is_not_divided_by_all_complaints():
    """2,148 of 10,461 are 20.53 % of all; of the complaints about goods they are 30.90 %."""
    goods, service = [one.id for one in newest().goods[:2]], newest().services[0].id
    parts = {goods[0]: 2_148, goods[1]: 6_951 - 2_148, service: 10_461 - 6_951}
    cells = [cell("goods_services", 10_461, parts), cell("complaints_accepted", 10_461)]
    words = {"投诉": "食品类投诉占商品类投诉总量的20.53%。"}
    says = only(said(*cells), "share-denominator", words=words)
    assert "30.90%" in says
    assert doubts(said(*cells), words={"投诉": "食品类投诉占投诉总量的20.53%。"}) == {}
    assert doubts(said(*cells), words={"投诉": "食品类投诉占商品类投诉总量的30.90%。"}) == {}


def test_advice_and_complaints_in_one_number_are_two():
    assert "咨询投诉200" in only(said(cell("headcount", 900)), "merged", words={"现场": "接待咨询投诉200余人次"})
    assert doubts(said(cell("headcount", 900)), words={"现场": "接受咨询200人次、投诉3件"}) == {}


@pytest.mark.parametrize(
    ("says", "doubted"),
    [
        ("受理398件，办结349件，办结率88%", "87.69%"),  # as one report printed it
        ("投诉办结率约88％", "87.69%"),
        ("办结率达到92.1%", "349÷398"),
        ("办结率为87.7%", ""),
        ("投诉办结率87.69%", ""),
        ("按时办结率100%", ""),  # another rate, of which nothing is known
        ("目标办结率由各单位自定，占88%", ""),
    ],
)
def test_a_rate_written_by_hand_is_what_its_parts_come_to(says: str, doubted: str):
    rate = cell("closing_rate", "87.69", {"numerator": 349, "denominator": 398})
    found = doubts(said(rate), words={"投诉": says})
    assert list(found) == (["rate-in-words"] if doubted else [])
    assert doubted in "".join(found.get("rate-in-words", []))


def test_a_whole_rate_is_written_whole_and_one_of_a_year_is_looked_at_too():
    whole = cell("closing_rate", "100.00", {"numerator": 40, "denominator": 40})
    assert doubts(said(whole), words={"投诉": "办结率100%"}) == {}
    wrong = cell("closing_rate", "92", {"numerator": 969, "denominator": 1103})
    right = msgspec.structs.replace(wrong, value="87.85")
    found = doubts(said(cell("closing_rate", None), year=[wrong]))
    assert "87.85%" in found["rate-recomputed"][0]
    assert "87.85%" in only(
        said(cell("closing_rate", None), year=[right]), "rate-in-words", words={"年": "办结率约92%"}
    )


@pytest.mark.parametrize("left", ["出动4车次×××人次", "发放XX份", "发放***份", "参加____人", "情况待补"])
def test_what_was_never_filled_in_is_seen(left):
    assert "没填" in only(said(cell("headcount", 900)), "words-left", words={"现场": left})
    record = Record("media", left, "2027-03-15", {}, {}, "剪报", "", "31" * 16)
    assert "没填" in only(said(cell("headcount", 900), records=[record]), "words-left")


# --- windows ------------------------------------------------------------------------------------------


def test_a_day_is_not_more_than_the_period():
    days = [Day("2027-03-15", [cell("headcount", 1_100_000)], {})]
    assert "2027-03-15" in only(said(cell("headcount", 350_000), days=days), "day-above-period")


def test_a_day_is_looked_at_where_the_period_looks_well():
    """300 were advised on a day with 200 visitors; over both days there were enough."""
    days = [
        Day("2027-03-14", [cell("headcount", 800), cell("consultations", 20)], {}),
        Day("2027-03-15", [cell("headcount", 200), cell("consultations", 300)], {}),
    ]
    period = [cell("headcount", 1_000), cell("consultations", 320)]
    assert "2027-03-15 当天：“接受咨询”300" in only(said(*period, days=days), "consultations-visitors")
    worse = [cell("headcount", 300), cell("consultations", 320)]
    only_period = doubts(said(*worse, days=[days[1]]))["consultations-visitors"]
    assert only_period == ["活动期间：“接受咨询”320，多于“参与群众”300。"], "and not once more for the day"


def test_a_period_typed_as_its_year_once_more_is_asked_about():
    year = [cell("complaints_accepted", 434, typed=434)]
    assert "全年都补录了 434" in only(said(cell("complaints_accepted", 434, typed=434), year=year), "typed-twice")
    assert doubts(said(cell("complaints_accepted", 400, typed=400), year=year)) == {}


def test_a_period_is_not_more_than_its_year():
    year = [cell("recovered", "100.00")]
    assert "200.00" in only(said(cell("recovered", "200.00"), year=year), "period-above-year")


def test_what_was_counted_and_typed_once_more_is_asked_about():
    assert "两倍" in only(said(cell("headcount", 10_000, tapped=5_000, typed=5_000)), "typed-twice")


def test_days_and_their_sum_typed_both_are_asked_about():
    days = [Day(day, [cell("vehicles", 20, typed=20)], {}) for day in ("2027-03-14", "2027-03-15")]
    assert "同一个数" in only(said(cell("vehicles", 80, typed=80), days=days), "typed-twice")


# --- beside others ------------------------------------------------------------------------------------


def test_ten_times_last_year_is_asked_about_and_an_older_version_is_no_last_year():
    now, old = said(cell("leaflets", 20_000, tapped=20_000)), said(cell("leaflets", 1_900, tapped=1_900))
    before = msgspec.structs.replace(old, starts="2026-03-15", ends="2026-03-15")
    assert "去年 1,900" in only(now, "last-year", last=before)
    assert doubts(now, last=old) == {}
    assert doubts(said(cell("leaflets", 2_000)), last=before) == {}


def test_ten_times_the_middle_of_one_s_peers_is_asked_about():
    peers = [said(cell("leaflets", n)) for n in (900, 1_000, 1_100)]
    assert "中位数是 1,000" in only(said(cell("leaflets", 10_000)), "peers", peers=peers)
    assert doubts(said(cell("leaflets", 9_000)), peers=peers) == {}


def test_a_venue_far_above_the_others_is_named():
    places = [
        Place("venue", f"v{n}", Text(f"会场{n}", f"Venue {n}"), "", [cell("leaflets", many)])
        for n, many in enumerate((300, 320, 3_300))
    ]
    assert "会场2" in only(said(cell("leaflets", 3_920), places=places), "venues")


def test_a_unit_far_below_the_others_is_named_and_a_small_square_is_not():
    """Three of the fourth 10,000: somebody typed 万 where others typed copies."""

    def places(kind: str) -> list[Place]:
        return [
            Place(kind, f"u{n}", Text(f"单位{n}", f"Unit {n}"), "", [cell("leaflets", many)])  # type: ignore[arg-type]
            for n, many in enumerate((30_000, 28_000, 31_000, 3))
        ]  # fmt: skip

    assert "单位3 3，" in only(said(cell("leaflets", 89_003), places=places("unit")), "venues")
    assert doubts(said(cell("leaflets", 89_003), places=places("venue"))) == {}


# --- what was typed -----------------------------------------------------------------------------------


def test_one_thing_put_on_a_list_by_two_is_asked_about():
    def listed(title: str, **amounts: int) -> Record:
        texts = {"category": "食品", "measure": "件"}
        return Record("destroyed", title, "2027-03-15", texts, amounts, "清单", "", title[:1] * 32)

    two = [listed("假冒白酒", quantity=1_200), listed("假冒 白酒", quantity=1_200)]
    assert "假冒 白酒（2027-03-15）" in only(said(cell("headcount", 900), records=two), "listed-twice")
    two[1] = listed("假冒白酒", quantity=1_300)
    assert doubts(said(cell("headcount", 900), records=two)) == {}


@pytest.mark.parametrize(
    ("n", "is_round"), [(1_000, True), (18_000, True), (312_000, False), (900, False), (1_730, False)]
)
def test_a_number_of_one_or_two_digits_and_zeros_looks_like_an_estimate(n: int, is_round: bool):
    assert list(doubts(said(cell("messages", n, typed=n)))) == (["round-number"] if is_round else [])


def test_what_a_list_comes_to_is_no_estimate_however_round():
    goods = Record("destroyed", "假烟", "2027-03-15", {}, {"value": 14_000_000}, "清单", "", "31" * 16)
    value = cell("destroyed_value", "140000.00", {"fen": 14_000_000}, typed=14_000_000)
    assert doubts(said(value, records=[goods])) == {}
    assert "140,000.00" in only(said(value), "round-number")


def test_one_number_in_two_units_is_asked_about():
    cells = [cell("headcount", 4_321), cell("merchants", 4_321, typed=4_321)]
    assert "4,321" in only(said(*cells), "same-number")
    assert doubts(said(cell("headcount", 4_321), cell("leaflets", 4_321))) == {}, "both were counted"


def test_calls_typed_into_the_booths_number_are_asked_about():
    cells = [cell("complaints", 58, auto=2, typed=56), cell("hotline_complaints", 56)]
    assert "热线" in only(said(*cells), "hotline-merged")


def test_what_is_still_on_tablets_or_forked_is_said():
    assert "1,234 条" in only(said(cell("headcount", 5), unsent=1_234), "not-here")
    assert "2 台" in only(said(cell("journals_forked", 2)), "not-here")


# --- doubts themselves --------------------------------------------------------------------------------


def test_a_doubt_is_known_again_until_its_numbers_change():
    def digest(n: int) -> str:
        found = findings(said(cell("consultations", n), cell("headcount", 200)))
        return found[0].digest

    assert digest(300) == digest(300)
    assert digest(300) != digest(301)


def test_every_doubt_has_english_and_no_answer():
    found = findings(a_statement(unsent=3), sums={"prize.redeemed": 2})
    assert found
    assert all(one.check in CHECKS and one.says.en != one.says.zh and not one.note for one in found)
    assert all(isinstance(one, Finding) for one in found)


def test_a_month_at_a_thousand_desks_is_looked_at_soon():
    """Seconds of this thread, at best: others may use the machine, too."""
    cells = a_statement().period
    places = [Place("desk", f"d{n}", Text("台", "desk"), "v1", cells) for n in range(1_000)]
    days = [Day(f"2027-03-{n:02d}", cells, {}) for n in range(1, 32)]
    big, took = a_statement(places=places, days=days), []
    for _ in range(3):
        began = time.thread_time()
        findings(big)
        took.append(time.thread_time() - began)
    assert min(took) < 1


def test_every_key_a_rule_speaks_of_is_of_the_catalogue():
    begins = "complaints|leaflets|headcount|consult|prizes|quicktest|hotline_|natures|goods_"
    spoken = set(re.findall(rf'"((?:{begins})[a-z_]*)"', inspect.getsource(checks)))
    assert len(spoken) > 15
    assert spoken <= set(catalogue.BY_KEY)


@given(st.lists(st.integers(0, 50).map(Decimal), min_size=2, max_size=12))
def test_the_median_of_the_others_is_what_it_is_without_the_one(numbers):
    ordered = sorted(numbers)
    for place, n in enumerate(numbers):
        assert checks._median_without(ordered, n) == median(numbers[:place] + numbers[place + 1 :])
