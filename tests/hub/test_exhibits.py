"""What people see of the fakes: folded beside the answers, and told by exhibit and by marked place."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from kiosk.cli import main
from kiosk.facts.galleries import ExhibitJudged, ExhibitSearched, ExhibitViewed
from kiosk.facts.kinds import Body
from kiosk.hub import exhibits, fairs, ledger, schema, totals
from kiosk.hub.app import create_hub_app
from kiosk.hub.context import Hub
from kiosk.hub.exhibits import Report
from kiosk.hub.tables import desk_totals, exhibit_sums, schema_version
from kiosk.hub.tables import totals as totals_table
from kiosk.reports.exhibits import LOOKS
from kiosk.reports.figures import figures
from tests.hub.tablets import Tablet, a_tablet, deliver, law, rows, withdraw
from tests.makers import CASEWORKER, Browser, a_fact, an_id
from tests.proof import share


def report(hub: Hub, **wanted: str) -> Report:
    with hub.store.reading() as tx:
        demo = fairs.find_fair(tx, "demo")
    hub.answers.fold(demo)
    with hub.store.reading() as tx:
        return exhibits.report(tx, demo, hub.pack, wanted)


def judged(exhibit: str = "e01", *, right: bool = True) -> ExhibitJudged:
    return ExhibitJudged(session=an_id(1), exhibit=exhibit, right=right)


def searched(found: list[str], missed: list[str], exhibit: str = "e01", hints: int = 0, **beside: int) -> Body:
    """`beside`: touches where nothing is wrong, by the region they came down beside."""
    return ExhibitSearched(
        session=an_id(1),
        exhibit=exhibit,
        found=found,
        missed=missed,
        hints=hints,
        false=sum(beside.values()),
        strays=beside,
    )


def telling(tablet: Tablet, *bodies: Body) -> Tablet:
    for body in bodies:
        tablet.record(body)
    return tablet


def many(tablet: Tablet, exhibit: str, n: int, right: int) -> Tablet:
    return telling(tablet, *(judged(exhibit, right=number < right) for number in range(n)))


def told(hub: Hub, venue: str = "") -> dict[tuple[str, str], dict[str, int]]:
    report(hub)
    stored = [row for row in rows(hub, exhibit_sums) if row[:2] == ("demo", venue)]
    return {row[2:4]: dict(zip(LOOKS, row[4:], strict=True)) for row in stored}


def test_each_look_is_counted_where_it_belongs(hub):
    tablet = a_tablet(hub)
    viewed = ExhibitViewed(session=an_id(1), exhibit="e01", ms=5_000, first=True)
    telling(tablet, viewed, judged(right=False), judged("e02"))
    telling(tablet, searched(["r1", "r2"], ["r3"], hints=2, r1=1, r3=4), searched(["r1"], ["r2", "r3"], r3=2))
    deliver(hub, tablet.batch())
    [first, second] = [row.exhibit for row in report(hub).rows[:2]]
    assert (first.viewed, first.judged.n, first.judged.correct, first.searched) == (1, 1, 0, 2)
    assert (first.hints, first.astray) == (2, 7)
    assert first.strays == {"r1": 1, "r2": 0, "r3": 6}
    assert [(one.id, one.n, one.correct) for one in first.regions] == [("r1", 2, 2), ("r2", 2, 1), ("r3", 2, 0)]
    assert (second.id, second.judged.correct, second.viewed) == ("e02", 1, 0)


def test_of_a_tablet_of_before_touches_beside_count_at_the_exhibit_alone(hub):
    fact = a_fact(searched(["r1"], ["r2"], r2=4))
    body = {name: told for name, told in fact.body.items() if name != "strays"}
    deliver(hub, a_tablet(hub).record(msgspec.structs.replace(fact, v=1, body=body)).batch())
    [first] = [row.exhibit for row in report(hub).rows[:1]]
    assert (first.astray, first.strays) == (4, {"r1": 0, "r2": 0})


def test_touches_beside_a_place_nobody_searched_are_no_fault_of_the_page(hub):
    deliver(hub, a_tablet(hub).record(searched([], [], r1=3, r99=1)).batch())
    office = Browser(create_hub_app(hub).test_client()).sign_in(*CASEWORKER)
    report(hub)
    page = office.get("/fairs/demo/exhibits")
    assert page.status == 200
    assert "点在旁边 3" in page
    assert "r99" in page


def test_a_database_of_the_release_before_tells_it_once_it_is_folded_again(hub):
    deliver(hub, a_tablet(hub).record(searched(["r1"], ["r2"], r2=4)).batch())
    after = told(hub)
    with hub.store.begin() as tx:
        tx.exec_driver_sql("ALTER TABLE exhibit_sums DROP COLUMN strays")
        tx.execute(delete(schema_version).where(schema_version.c.version > schema.STEPS.index(schema._strays)))
    schema.migrate(hub.store)
    assert told(hub) == after
    assert ledger.verify(hub) == []


def kinds_shown(hub: Hub) -> dict[str, object]:
    """The figure of the fair, and of its first two desks."""
    with hub.store.reading() as tx:
        demo = fairs.find_fair(tx, "demo")
        every = {"": fairs.figures_of(tx, demo)}
        for desk in ("d01", "d02"):
            every[desk] = figures(totals.sums(tx, "demo", desks=[desk]), {}, {"kind": "desk", "id": desk})
    return {desk: next(one.value for one in found if one.key == "exhibit_kinds") for desk, found in every.items()}


def test_kinds_on_show_are_those_somebody_looked_at_each_once_wherever(hub):
    """A database of the release before says the same."""
    for desk, looks in (("d01", ("e01", "e01", "e02")), ("d02", ("e02", "e03"))):
        bodies = [ExhibitViewed(session=an_id(1), exhibit=one, ms=5_000, first=True) for one in looks]
        deliver(hub, telling(a_tablet(hub, desk), *bodies, judged("e09")).batch())
    assert kinds_shown(hub) == {"": 3, "d01": 2, "d02": 2}
    with hub.store.begin() as tx:
        for table in (totals_table, desk_totals):
            tx.execute(delete(table).where(table.c.metric.like("exhibit.shown.%")))
        tx.execute(delete(schema_version).where(schema_version.c.version > schema.STEPS.index(schema._fair_days)))
    schema.migrate(hub.store)
    assert kinds_shown(hub) == {"": 3, "d01": 2, "d02": 2}
    assert ledger.verify(hub) == []


def test_a_region_told_twice_or_as_found_and_missed_counts_once_and_as_found(hub):
    tablet = a_tablet(hub).record(searched(["r1", "r1"], ["r1", "r2", "r2"]))
    deliver(hub, tablet.batch())
    assert {key: (row["found"], row["missed"]) for key, row in told(hub).items() if key[1]} == {
        ("e01", "r1"): (1, 0),
        ("e01", "r2"): (0, 1),
    }


_bodies = st.lists(
    st.one_of(
        st.builds(judged, st.sampled_from(["e01", "e02"]), right=st.booleans()),
        st.builds(
            searched, st.sampled_from([[], ["r1"], ["r1", "r2"]]), st.sampled_from([[], ["r3"]]), r3=st.integers(1, 9)
        ),
    ),
    max_size=12,
)


@settings(law, max_examples=share(50, 5))
@given(st.data(), st.lists(_bodies, min_size=1, max_size=2))
def test_sums_are_those_of_the_facts_whatever_was_folded_between_and_whoever_is_withdrawn(hub, data, journals):
    before = told(hub)
    for bodies in journals:
        tablet = telling(a_tablet(hub), *bodies)
        for at in range(0, len(bodies), 5):
            deliver(hub, tablet.batch(at + 1, 5))
            if data.draw(st.booleans()):
                report(hub)
        if data.draw(st.booleans()):
            withdraw(hub, tablet, 0)
    after = told(hub)
    assert ledger.verify(hub) == []
    ledger.rebuild(hub)
    assert told(hub) == after
    assert all(after[key]["judged"] >= row["judged"] for key, row in before.items())


@pytest.mark.parametrize("is_whole", [True, False])
def test_sums_that_somebody_changed_are_found_and_a_rebuild_mends_them(hub, is_whole):
    deliver(hub, telling(a_tablet(hub), judged(), searched(["r1"], ["r2"])).batch())
    before = told(hub)
    with hub.store.begin() as tx:
        here = exhibit_sums.c.venue == "" if is_whole else exhibit_sums.c.venue != ""
        tx.execute(update(exhibit_sums).where(here).values(judged=exhibit_sums.c.judged + 1))
    assert ledger.verify(hub) != []
    ledger.rebuild(hub)
    assert told(hub) == before


def test_the_fakes_most_taken_for_real_come_first_and_none_on_too_few(hub):
    tablet = many(many(many(a_tablet(hub), "e01", 40, 30), "e02", 40, 10), "e03", 29, 0)
    deliver(hub, tablet.batch())
    found = report(hub)
    assert [row.exhibit.id for row in found.mistaken] == ["e02", "e01"]
    assert found.mistaken[0].name.zh in found.sentence("zh")
    assert "75.0%" in found.sentence("zh")
    assert "75.0%" in found.sentence("en")


def test_kinds_on_show_and_kinds_that_were_looked_at_are_told_apart_by_venue(hub):
    deliver(hub, telling(a_tablet(hub), judged("e01"), judged("e02")).batch())
    found = report(hub)
    assert (found.on_show, found.looked_at) == (len(hub.pack.exhibits), 2)
    assert found.kinds_on_show == len({one.category for one in hub.pack.exhibits})
    elsewhere = [one for one in fair_of(hub).venues if not report(hub, venue=one.id).looked_at]
    assert len(elsewhere) == len(fair_of(hub).venues) - 1


def fair_of(hub: Hub):
    with hub.store.reading() as tx:
        return fairs.find_fair(tx, "demo")


def test_visits_are_told_apart_from_views(hub):
    looked = [("e01", True), ("e02", False), ("e03", False)]
    bodies = [ExhibitViewed(session=an_id(1), exhibit=one, ms=4_000, first=first) for one, first in looked]
    another = ExhibitViewed(session=an_id(2), exhibit="e02", ms=4_000, first=True)
    deliver(hub, telling(a_tablet(hub), *bodies, another).batch())
    found = report(hub)
    assert (found.views, found.visits) == (4, 2)


def test_a_tablet_s_own_exhibits_are_told_beside_those_of_the_pack(hub):
    own = ExhibitViewed(session=an_id(1), exhibit="o315a0b1c", ms=4_000, first=True)
    deliver(hub, telling(a_tablet(hub), own, judged("e01")).batch())
    found = report(hub)
    assert (found.looked_at, found.own_looked_at, found.kinds_looked_at) == (1, 1, 1)
    office = Browser(create_hub_app(hub).test_client()).sign_in(*CASEWORKER)
    page = office.get("/fairs/demo/exhibits")
    assert "另有各台自己的展品 1 件有人看" in page
    assert "一台平板的展品 o315a0b1c" in page


def test_an_exhibit_nobody_knows_is_told_by_its_id(hub):
    deliver(hub, telling(a_tablet(hub), judged("e999"), searched(["r77"], [], "e999")).batch())
    row = report(hub).rows[-1]
    assert (row.name.zh, row.region("r77").zh, row.shown) == ("e999", "r77", None)


def test_of_very_many_regions_the_packs_are_shown_and_a_few_others(hub):
    made_up = [searched([f"x{number:03d}"], [], "e01") for number in range(40)]
    deliver(hub, telling(a_tablet(hub), searched(["r1"], ["r2"]), *made_up).batch())
    row = next(row for row in report(hub).rows if row.exhibit.id == "e01")
    ids = [region.id for region in row.exhibit.regions]
    assert ids[:2] == ["r1", "r2"]
    assert len(ids) == 2 + 6


def test_an_organiser_sees_the_page_and_whoever_is_not_does_not(hub):
    deliver(hub, many(a_tablet(hub), "e02", 40, 10).batch())
    report(hub)
    office = Browser(create_hub_app(hub).test_client()).sign_in(*CASEWORKER)
    page = office.get("/fairs/demo/exhibits")
    assert page.status == 200
    assert hub.pack.exhibit_by_id["e02"].title.zh in page
    assert "25.0%" in page
    stranger = Browser(create_hub_app(hub).test_client()).get("/fairs/demo/exhibits")
    assert 'type="password"' in stranger
    assert "25.0%" not in stranger


def test_the_command_tells_the_same(hub, runner):
    deliver(hub, many(a_tablet(hub), "e02", 40, 10).batch())
    where = ["--data", str(hub.config.data), "--database", hub.config.database]
    told_by = json.loads(runner.invoke(main, ["hub", "exhibits", "--json", *where]).stdout)
    [row] = [one for one in told_by["exhibits"] if one["id"] == "e02"]
    assert (row["judged"]["n"], row["judged"]["rate"], row["judged"]["ranked"]) == (40, 0.25, True)
    assert hub.pack.exhibit_by_id["e02"].title.zh in runner.invoke(main, ["hub", "exhibits", *where]).stdout
