"""Quick tests: each field's limits, verdicts, and sums in which every batch stands exactly once."""

from typing import Any

import msgspec
import pytest

from kiosk.errors import FACT_MALFORMED, Problem
from kiosk.facts.kinds import Body
from kiosk.facts.quicktests import QuicktestRecorded, QuicktestReleased, QuicktestVoided, Screened
from kiosk.facts.vocabulary import REGISTRY
from kiosk.packs import quicktests
from kiosk.reports.amounts import amounts
from tests.makers import a_fact, an_id


def screened(result: Any = "pass", **told: Any) -> Screened:
    return Screened(**{"item": "农药残留", "method": "", "value": "", "limit": "", "result": result, **told})


def a_batch(*results: str, **told: Any) -> QuicktestRecorded:
    return QuicktestRecorded(**{
        "batch": "D04-0315-7K-001", "sample": "芹菜", "place": "", "made_on": "", "source": "brought",
        "tests": [screened(result) for result in results or ("pass",)], "lot": "", "agency": "", "tester": "li", **told,
    })  # fmt: skip


def is_read(body: Body, **changes: Any) -> bool:
    fact = a_fact(body)
    try:
        REGISTRY.read(msgspec.structs.replace(fact, body={**fact.body, **changes}))
    except Problem as problem:
        if problem.kind is not FACT_MALFORMED:
            raise
        return False
    return True


TOLD = msgspec.to_builtins(screened())


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("batch", ["D04-0315-7K-1000", "A.B-1-0315-00-001"], ["", "d04-0315-7K-001", "D04-0315-7K-01", "D04-0315-001"]),
        ("sample", ["菜", "菜" * 60], ["", "菜" * 61]),
        ("place", ["", "市" * 60], ["市" * 61]),
        ("made_on", ["", "2028-02-29"], ["2027-02-29", "2027-3-1", "昨天"]),
        ("source", ["chosen", "sampled"], ["", "bought"]),
        ("tests", [[TOLD] * 12], [[], [TOLD] * 13]),
        ("tests", [[{**TOLD, "item": "项" * 40}]], [[{**TOLD, "item": ""}], [{**TOLD, "item": "项" * 41}]]),
        ("tests", [[{**TOLD, "result": "invalid"}]], [[{**TOLD, "result": "阳性"}], [{**TOLD, "value": "值" * 41}]]),
        ("tests", [[{**TOLD, "method": "法" * 40}]], [[{**TOLD, "method": "法" * 41}], [{**TOLD, "limit": "限" * 41}]]),
        ("lot", ["批" * 40], ["批" * 41]),
        ("agency", ["所" * 60], ["所" * 61]),
        ("tester", ["li"], ["", "l" * 65]),
    ],
)  # fmt: skip
def test_each_field_has_its_limits(field: str, good: list[Any], bad: list[Any]):
    assert [is_read(a_batch(), **{field: value}) for value in good] == [True] * len(good)
    assert [is_read(a_batch(), **{field: value}) for value in bad] == [False] * len(bad)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        (("pass", "pass"), "pass"),
        (("pass", "invalid"), "invalid"),
        (("invalid", "fail", "pass"), "fail"),
    ],
)
def test_one_that_failed_decides_and_else_one_that_could_not_be_read(results: tuple[str, ...], verdict: str):
    assert a_batch(*results).verdict == verdict


def sums(*bodies: Body) -> dict[str, int]:
    found: dict[str, int] = {}
    for body in bodies:
        for metric, n in amounts(body).items():
            found[metric.removeprefix("quicktest.")] = found.get(metric.removeprefix("quicktest."), 0) + n
    return {metric: n for metric, n in found.items() if n}


def released(outcome: Any) -> QuicktestReleased:
    return QuicktestReleased(
        day="2027-03-15", hour=10, batch="D04-0315-7K-001", journal=an_id(2), fact=an_id(), outcome=outcome, items=2,
        source="brought", reason="报告",
    )  # fmt: skip


def test_a_batch_is_one_whatever_it_was_tested_for():
    assert sums(a_batch("pass", "pass", "pass")) == {"batches": 1, "passed": 1, "items": 3, "brought": 1}


@pytest.mark.parametrize(
    ("outcome", "rest"),
    [
        ("confirmed", {"batches": 1, "failed": 1, "items": 2, "brought": 1}),
        ("cleared", {"batches": 1, "passed": 1, "cleared": 1, "items": 2, "brought": 1}),
        ("withdrawn", {}),
    ],
)
def test_what_failed_waits_until_it_is_released(outcome: str, rest: dict[str, int]):
    positive = a_batch("fail", "pass")
    assert sums(positive) == {"batches": 1, "pending": 1, "items": 2, "brought": 1}
    assert sums(positive, released(outcome)) == rest


def test_what_is_taken_back_leaves_nothing():
    void = QuicktestVoided(
        batch="D04-0315-7K-001", fact=an_id(), verdict="invalid", items=2, source="brought", reason="录错了"
    )
    assert sums(a_batch("pass", "invalid"), void) == {}
    assert not is_read(void, verdict="fail")


def test_what_the_desk_offers_fits_a_batch_and_names_no_limit():
    offered = quicktests.offer()
    for kit in offered.kits:
        assert is_read(a_batch(), tests=[{**TOLD, "item": kit.item.zh, "method": kit.method.zh}])
    assert all(is_read(a_batch(), sample=sample.zh) for sample in offered.samples)
    assert not any(sign.isdigit() for sign in quicktests.FILE.read_text("utf-8"))


def test_an_offer_with_an_id_twice_is_refused(tmp_path):
    offered = msgspec.to_builtins(quicktests.offer())
    file = tmp_path / "quicktests.json"
    file.write_bytes(msgspec.json.encode({**offered, "kits": offered["kits"] * 2}))
    with pytest.raises(Problem) as caught:
        quicktests.offer.__wrapped__(file)
    assert caught.value.details["count"] == len(offered["kits"])
