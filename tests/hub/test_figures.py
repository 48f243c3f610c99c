"""What a hub says figures are is what the reference fold says of the same facts, on both databases."""

from collections import Counter, defaultdict
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from kiosk.facts import envelope
from kiosk.facts.cases import CaseAccepted, CaseAssigned, CaseClassified, CaseReceived
from kiosk.facts.envelope import Fact
from kiosk.facts.figures import DESK, FigureTyped, RecordListed, RecordStruck, strike_id
from kiosk.facts.galleries import ExhibitViewed
from kiosk.facts.lives import State
from kiosk.facts.surveys import SurveyAnswered
from kiosk.facts.tallies import TallyCorrected, TallyCounted
from kiosk.hub import fairs, journal, ledger, totals
from kiosk.hub.context import Hub
from kiosk.hub.fairs import figures_by_desk, figures_by_venue, figures_of
from kiosk.hub.tables import facts, journals
from kiosk.packs.fairs import Fair, OwnFigure
from kiosk.packs.model import Text
from kiosk.reports import catalogue, courses, crowds
from kiosk.reports.amounts import Bucket, fold
from kiosk.reports.crowds import Flow
from kiosk.reports.figures import Figure, day_window, figures, period_window, totals_by_metric, year_window
from kiosk.reports.places import Places, visited_by
from tests.hub.tablets import PERSON, a_tablet, deliver, law
from tests.makers import a_filing, an_answer, an_id

DAYS = ("2027-03-13", "2027-03-14", "2027-03-15")


def fair_of(hub: Hub) -> Fair:
    with hub.store.reading() as tx:
        return fairs.find_fair(tx, "demo")


def write(hub: Hub, body: Any, fact_id: str = "") -> Fact:
    """Into the hub's own journal."""
    now = hub.clock.now()
    with hub.store.begin() as tx:
        return journal.append(tx, "demo", body, desk=DESK, by=PERSON, now=now, mono=1, fact_id=fact_id)


def typed(
    figure: str, n: int | None, before: int | None = None, window: str = "day", day: str = DAYS[0]
) -> FigureTyped:
    return FigureTyped(
        figure=figure, window=window, n=n, before=before, source="回执", unit="", blob="", day=day, hour=9
    )


def listed(name: str = "棉被", day: str = DAYS[2], **amounts: int) -> RecordListed:
    told = {"source": "清单", "unit": "", "host": "", "joint": False, "blob": "", "day": day, "hour": 9}
    return RecordListed(
        list="destroyed", title=name, texts={"kind": name, "category": "日用品"}, keys=["kind", "category"],
        amounts=amounts, **told,
    )  # fmt: skip


def struck(record: Fact) -> RecordStruck:
    body = record.body
    told = {name: body[name] for name in ("list", "texts", "keys", "amounts", "day", "hour")}
    return RecordStruck(record=record.id, reason="登记了两次", **told)


def told(hub: Hub, day: str | None = None, **how: Any) -> dict[str, Figure]:
    with hub.store.reading() as tx:
        return {one.key: one for one in figures_of(tx, fairs.find_fair(tx, "demo"), day, **how)}


# --- the reference --------------------------------------------------------------------------------


def all_buckets(hub: Hub) -> Counter[Bucket]:
    """Straight from the stored lines, in plain Python."""
    found: Counter[Bucket] = Counter()
    with hub.store.reading() as tx:
        rows = tx.execute(
            select(facts.c.journal, facts.c.line)
            .join(journals, journals.c.journal == facts.c.journal)
            .where(facts.c.problem.is_(None), facts.c.seq <= journals.c.seq)
            .order_by(facts.c.journal, facts.c.seq)
        )
        lines = defaultdict(list)
        for one, line in rows:
            lines[one].append(envelope.decode(bytes(line)))
    for some in lines.values():
        found.update(fold(some))
    return found


def reference(hub: Hub, day: str | None = None, window: str = "period") -> dict[str, Figure]:
    fair, buckets = fair_of(hub), all_buckets(hub)
    sums = totals_by_metric({bucket: n for bucket, n in buckets.items() if day in (None, bucket[0])})
    if window == "year":
        frame = year_window(fair)
    elif day:
        frame = day_window(day)
    else:
        days = [on for on, _, _, metric in buckets if not metric.startswith(("typed.p", "typed.y", "said.p", "said.y"))]
        frame = period_window(fair, (min(days), max(days)) if days else None)
    laid = {} if window == "year" else laid_over(fair, buckets, day)
    found = figures({**sums, **laid}, frame, {"kind": "fair", "id": "demo"}, catalogue.definitions(fair))
    return {one.key: one for one in found}


def laid_over(fair: Fair, buckets: Counter[Bucket], day: str | None) -> dict[str, int]:
    by_desk: Counter[tuple[str, str, str]] = Counter()
    venues, wanted = {desk.id: desk.venue for desk in fair.desks}, {*visited_by(fair)}
    flows = []
    for (on, hour, desk, metric), n in buckets.items():
        if day not in (None, on):
            continue
        if metric in wanted:
            by_desk[on, desk, metric] += n
        if metric in crowds.METRICS:
            flows.append(Flow(venues[desk], on, hour, metric, n))
    visited = [(on, desk) for (on, desk, _), n in by_desk.items() if n > 0]
    whole = {} if day else {"health.unsent": 0, "health.forked": 0}
    return {**Places(fair).at_work(visited), **crowds.peaks(flows), **whole}


def same(hub: Hub) -> None:
    """Corrections are counted by the row, not by the sum: they are looked at elsewhere."""
    for day, window in ((None, "period"), (None, "year"), *((day, "period") for day in DAYS)):
        ours, theirs = reference(hub, day, window), told(hub, day, window=window)
        ours["corrections"] = theirs["corrections"]
        assert {**theirs, "measured_share": None} == {**ours, "measured_share": None}, (day, window)


# --- equal, whatever happened ---------------------------------------------------------------------

_AT = st.tuples(st.sampled_from(DAYS), st.integers(8, 17)).map(lambda at: f"{at[0]}T{at[1]:02d}:30:00.000+08:00")
_COUNTERS = st.sampled_from(["headcount", "headout", "leaflet.law", "consultation", "board"])
_BOOTH = st.one_of(
    st.builds(TallyCounted, counter=_COUNTERS, n=st.integers(1, 9)),
    st.builds(
        TallyCorrected, counter=_COUNTERS, n=st.sampled_from([-3, 2]), reason=st.just("重数"), second=st.just(""),
        day=st.sampled_from(DAYS), hour=st.just(9),
    ),
    st.builds(an_answer, right=st.booleans(), helped=st.booleans(), lang=st.sampled_from(["zh", "en"])),
    st.builds(ExhibitViewed, session=st.just(an_id(7)), exhibit=st.sampled_from(["e01", "e02"]), ms=st.just(4_000),
              first=st.booleans()),
    st.builds(
        SurveyAnswered, survey=st.just("fair-satisfaction"), version=st.sampled_from(["1", "2"]),
        answers=st.sampled_from([{"overall": ["5"], "clear": ["3"]}, {"overall": ["4"]}, {}]), asked=st.just(3),
        ms=st.just(9_000), valid=st.booleans(), lang=st.sampled_from(["zh", "en"]), large=st.booleans(),
        channel=st.sampled_from(["booth", "assisted"]), phase=st.sampled_from(["", "before"]), play=st.just(""),
        blob=st.just(""), size=st.just(0),
    ),
)  # fmt: skip
_SAYING = st.tuples(
    st.sampled_from(["headcount", "messages", "recovered", "service_hours", "exhibit_kinds"]),
    st.sampled_from(["day", "period", "year"]),
    st.sampled_from(DAYS),
    st.sampled_from([None, 0, 7, 350]),
)


@settings(law, max_examples=6)
@given(
    st.lists(st.tuples(_BOOTH, _AT), max_size=10),
    st.lists(_SAYING, max_size=5),
    st.lists(st.booleans(), max_size=3),
    st.integers(1, 6),
)
def test_the_hub_says_what_the_reference_fold_says(hub, happened, sayings, records, late):
    tablet = a_tablet(hub, "d01")
    for body, at in happened:
        tablet.record(body, at=at)
    if len(happened) > late:
        deliver(hub, tablet.batch(first=late + 1))  # what came before it comes later
        same(hub)
    for figure, window, day, n in sayings:
        where = (figure, window, day if window == "day" else DAYS[0])
        write(hub, typed(figure, n, _said_before(hub, where), *where[1:]))
    for is_struck in records:
        fact = write(hub, listed(pieces=30, weight=1_500))
        if is_struck:
            write(hub, struck(fact), strike_id(fact.id))
    deliver(hub, tablet.batch())
    same(hub)


def _said_before(hub: Hub, where: tuple[str, str, str]) -> int | None:
    """What was said last: the hub is one for all examples."""
    held = None
    with hub.store.reading() as tx:
        own = journal.own_journal(tx, "demo")
        lines = tx.execute(select(facts.c.line).where(facts.c.journal == own).order_by(facts.c.seq)).scalars().all()
    for line in lines:
        fact = envelope.decode(bytes(line))
        if fact.kind == "figure.typed" and (fact.body["figure"], fact.body["window"], fact.body["day"]) == where:
            held = fact.body["n"]
    return held


def test_folded_anew_it_says_the_same(hub):
    tablet = a_tablet(hub).record(TallyCounted(counter="headcount", n=9), at=f"{DAYS[1]}T10:00:00.000+08:00")
    deliver(hub, tablet.record(an_answer(helped=True, lang="en")).batch())
    write(hub, typed("messages", 500))
    write(hub, typed("messages", 300, 500))
    write(hub, struck(write(hub, listed(pieces=8))))
    before = {day: told(hub, day) for day in (None, *DAYS)}
    ledger.rebuild(hub)
    assert {day: told(hub, day) for day in (None, *DAYS)} == before
    assert before[None]["messages"].value == 300
    assert before[None]["answers_helped"].value == before[None]["answers_english"].value == 1
    same(hub)


# --- windows ----------------------------------------------------------------------------------------


def test_what_is_said_of_a_period_or_year_is_in_no_day_and_widens_nothing(hub):
    deliver(
        hub, a_tablet(hub).record(TallyCounted(counter="headcount", n=9), at=f"{DAYS[2]}T10:00:00.000+08:00").batch()
    )
    for window, n in (("day", 1), ("period", 20), ("year", 300)):
        write(hub, typed("complaints_accepted", n, None, window, DAYS[2] if window == "day" else DAYS[0]))
    key = "complaints_accepted"
    assert (told(hub, DAYS[2])[key].value, told(hub, DAYS[0])[key].value) == (1, 0)
    assert (told(hub)[key].value, told(hub, window="year")[key].value) == (21, 300)
    assert told(hub)[key].by == {"typed": 21}
    with hub.store.reading() as tx:
        days = totals.days(tx, "demo")
        assert days is not None
        assert days[0] > DAYS[0]  # the enrolments' own day may be later
        assert DAYS[0] not in totals.all_days(tx, "demo")


def test_a_fair_s_own_figures_stand_among_the_others(hub):
    own = OwnFigure(
        "tea", Text("发放姜茶", "Tea given away"), "杯", Text("发出的杯数", "Cups given"), "publicity", "sum"
    )
    fair = msgspec.structs.replace(fair_of(hub), own_figures=[own])
    with hub.store.reading() as tx:
        found = {one.key: one for one in figures_of(tx, fair)}
    assert found["own.tea"].value is None
    write(hub, typed("own.tea", 80, None, "period"))
    with hub.store.reading() as tx:
        found = {one.key: one for one in figures_of(tx, fair)}
    assert (found["own.tea"].value, found["own.tea"].unit, found["own.tea"].by) == (80, "杯", {"typed": 80})


# --- places -----------------------------------------------------------------------------------------


def test_venues_and_desks_say_their_own_and_together_the_fair_s(hub):
    for desk, n in (("d01", 5), ("d02", 7), ("d06", 11)):
        body = TallyCounted(counter="headcount", n=n)
        deliver(hub, a_tablet(hub, desk).record(body, at=f"{DAYS[1]}T10:00:00.000+08:00").batch())
    with hub.store.reading() as tx:
        fair = fairs.find_fair(tx, "demo")
        by_desk, by_venue = figures_by_desk(tx, fair), figures_by_venue(tx, fair)
        some = {one.key: one.value for one in figures_of(tx, fair, desks=["d01", "d06"])}
    assert set(by_desk) == {desk.id for desk in fair.desks}
    assert set(by_venue) == {venue.id for venue in fair.venues}
    of_desk = {desk: {one.key: one.value for one in found} for desk, found in by_desk.items()}
    of_venue = {venue: {one.key: one.value for one in found} for venue, found in by_venue.items()}
    assert of_desk["d06"]["headcount"] == 11
    for places in (of_desk, of_venue):
        assert sum(values["headcount"] for values in places.values()) == told(hub)["headcount"].value == 23
        assert sum(values["desks"] for values in places.values()) == told(hub)["desks"].value == 3
    assert (some["headcount"], some["desks"]) == (16, 2)
    assert told(hub)["sessions"].value == len({desk.venue for desk in fair.desks if desk.id in ("d01", "d02", "d06")})
    assert told(hub, DAYS[0])["sessions"].value == 0


def test_a_desk_whose_only_tap_was_taken_back_was_not_at_work(hub):
    tablet = a_tablet(hub).record(TallyCounted(counter="headcount", n=1), at=f"{DAYS[1]}T10:00:00.000+08:00")
    put_right = TallyCorrected(counter="headcount", n=-1, reason="误触", second="", day=DAYS[1], hour=10)
    deliver(hub, tablet.record(put_right, at=f"{DAYS[1]}T11:00:00.000+08:00").batch())
    assert (told(hub)["desks"].value, told(hub, DAYS[1])["sessions"].value) == (0, 0)
    assert (told(hub)["corrections"].value, told(hub, DAYS[0])["corrections"].value) == (1, 0)


# --- cases ------------------------------------------------------------------------------------------


def test_accepted_complaints_stand_under_one_nature_each():
    states = [
        State(accepted_at=f"{DAYS[0]}T10:00:00.000+08:00", grievances=("quality", "price"), goods="food"),
        State(accepted_at=f"{DAYS[1]}T10:00:00.000+08:00", ended_at="2027-06-01T10:00:00.000+08:00"),
        State(grievances=("fakes",)),
    ]
    found = courses.sums(states, lambda begun: begun.replace(month=5))
    assert found == {
        "case.nature.quality": 1, "case.nature.none": 1, "case.goods.food": 1, "case.goods.none": 1, "case.timed": 1,
        "case.on_time": 0,
    }  # fmt: skip
    assert courses.sums(states, lambda begun: date(2028, 1, 1), "2027-06-01") == {"case.timed": 1, "case.on_time": 1}


def test_natures_add_up_to_those_accepted(hub):
    case = "7KQ2-M0ZRT"
    for body in (
        CaseReceived(case=case),
        CaseAccepted(case=case),
        CaseClassified(case=case, version="2026.1", goods="food", service="", grievances=["quality", "price"]),
    ):
        write(hub, body)
    found = told(hub)
    assert (found["complaints_accepted"].value, found["natures"].value) == (1, 1)
    assert (found["natures"].parts, found["goods_services"].parts) == ({"quality": 1}, {"food": 1})


def test_the_middle_time_of_a_step_is_told_in_hours_once_a_case_took_it(hub, clock):
    filed = a_filing(standing="pre")
    deliver(hub, a_tablet(hub, "d03").record(filed).batch())
    assert told(hub)["hours_to_end"].value is None
    assert "还没有" in told(hub)["hours_to_end"].note.zh
    write(hub, CaseReceived(case=filed.case))
    clock.tick(90 * 60)
    write(hub, CaseAssigned(case=filed.case, unit="", handler="p-1"))
    found = told(hub)
    assert (found["hours_to_sort"].value, found["hours_to_sort"].parts) == ("1.50", {"seconds": 5_400})
    assert found["hours_to_end"].value is None
    assert told(hub, DAYS[0])["hours_to_sort"].value is None  # of the whole fair only


@pytest.mark.parametrize("tablets", [1, 3])
def test_however_many_tablets_a_figure_asks_the_same_few_questions(hub, tablets):
    for number in range(tablets):
        deliver(hub, a_tablet(hub, f"d{number + 1:02d}").record(TallyCounted(counter="headcount", n=1)).batch())
    asked: list[str] = []
    with hub.store.reading() as tx:
        fair = fairs.find_fair(tx, "demo")
        event.listen(tx, "before_cursor_execute", lambda *told: asked.append(told[2]))
        figures_of(tx, fair)
    assert len(asked) <= 14
