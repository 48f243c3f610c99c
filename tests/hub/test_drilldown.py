"""Where does 256 come from? Every figure of the table, taken apart, down to the facts behind it and back again."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from html import unescape
from itertools import product

import msgspec
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from kiosk.facts.cases import CaseAccepted, CaseClassified, CaseReceived
from kiosk.facts.figures import DESK, FigureTyped, RecordListed, RecordStruck, strike_id
from kiosk.facts.papers import SheetCounted, write_number
from kiosk.facts.prizes import PrizeIssued, code_of
from kiosk.facts.tallies import TallyCorrected, TallyCounted, TallyUndone, undo_id
from kiosk.hub import behind, fairs, figures, journal, people, rehearsals, statements, totals, units
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.behind import Scope
from kiosk.hub.context import Hub
from kiosk.hub.figures import Place
from kiosk.hub.tables import facts, journals
from kiosk.hub.tables import fairs as fairs_table
from kiosk.packs.codelists import newest
from kiosk.packs.fairs import Fair
from kiosk.reports.catalogue import CATALOGUE, Definition, find
from kiosk.reports.statement import Cell
from kiosk.reports.statement import Day as StatedDay
from kiosk.sync.keys import PrivateKey
from tests.clocks import FakeClock
from tests.conftest import CopyHub
from tests.facts.test_quicktests import a_batch
from tests.hub.hierarchy import Network, a_city_fair, freeze, set_fair
from tests.hub.tablets import PERSON, Tablet, a_tablet, deliver, deliveries, entries, law
from tests.hub.test_units import make  # noqa: F401 (a fixture)
from tests.makers import CASEWORKER, Browser, Page, a_filing, an_answer, an_id
from tests.proof import share

AT = "/fairs/demo/figures"
DAYS = ("2027-03-14", "2027-03-15")
#: What says nothing of the database is tried on one.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
seen_on_sqlite = pytest.mark.parametrize("day", ["sqlite"], indirect=True)


def at(day: str, hour: int) -> str:
    return f"{day}T{hour:02d}:30:00.000+08:00"


def write(hub: Hub, body: object, desk: str = DESK, fact_id: str = "") -> object:
    with hub.store.begin() as tx:
        now = hub.clock.now()
        return journal.append(tx, "demo", body, desk=desk, by=PERSON, now=now, mono=1, fact_id=fact_id)


def typed(figure: str, n: int, before: int | None = None, window: str = "period", day: str = DAYS[0]) -> FigureTyped:
    return FigureTyped(
        figure=figure, window=window, n=n, before=before, source="运营商回执", unit="", blob="", day=day, hour=12
    )


@dataclass
class Day:
    """A hub with two days at two desks, its tablet, and somebody of its office."""

    hub: Hub
    app: Flask
    tablet: Tablet
    office: Browser


def a_day(hub: Hub) -> Day:
    app = create_hub_app(hub)
    return Day(hub, app, live(hub), Browser(app.test_client()).sign_in(*CASEWORKER))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def day(request: pytest.FixtureRequest, hub_copied: CopyHub, tmp_path_factory) -> Iterator[Day]:
    """Looked at, and never changed."""
    with ExitStack() as stack:
        settings = stack.enter_context(hub_copied(request.param, tmp_path_factory.mktemp("day") / "hub"))
        hub = stack.enter_context(closing(open_hub(settings, FakeClock())))
        for role in people.ROLES:
            with hub.store.begin() as tx:
                sealing = PrivateKey.generate() if role in people.KEY_ROLES else None
                people.add_person(tx, role, "a-made-up-password", {role}, sealing)
        yield a_day(hub)


@pytest.fixture
def changing(hub: Hub) -> Day:
    """One that a test may change."""
    return a_day(hub)


def live(hub: Hub) -> Tablet:
    """Two days at two desks: taps, one taken back, answers, a complaint, sheets, corrections, sayings, a list."""
    tablet, other = a_tablet(hub, "d01"), a_tablet(hub, "d06")
    for number, (day, hour) in enumerate([(DAYS[0], 9), (DAYS[1], 9), (DAYS[1], 10), (DAYS[1], 10)], 1):
        tablet.record(TallyCounted(counter="headcount", n=number * 5), at=at(day, hour), id=an_id(0xA0 + number))
        other.record(TallyCounted(counter="leaflet.law", n=10), at=at(day, hour))
    tablet.record(
        TallyUndone(undoes=an_id(0xA4), counter="headcount", n=20), at=at(DAYS[1], 10), id=undo_id(an_id(0xA4))
    )
    for number in range(12):
        tablet.record(an_answer(right=number % 3 > 0), at=at(DAYS[1], 11))
    other.record(a_filing(code="argon-of-a-code"), at=at(DAYS[1], 11)).record(a_batch("fail"), at=at(DAYS[1], 11))
    deliver(hub, tablet.batch())
    deliver(hub, other.batch())
    fixed = {"counter": "headcount", "day": DAYS[1], "hour": 10}
    write(hub, TallyCorrected(n=-3, reason="重数了一次", second="", **fixed), "d01")
    write(hub, SheetCounted(number=7, n=40, **fixed), "d01")
    write(hub, typed("headcount", 100))
    write(hub, typed("headcount", 120, 100))
    write(hub, typed("headcount", 9, window="day", day=DAYS[1]))
    write(hub, typed("complaints_closed", 900, window="year"))
    told = {"list": "destroyed", "texts": {"kind": "棉被"}, "keys": ["kind"], "amounts": {"pieces": 30}, "day": DAYS[1],
            "hour": 9}  # fmt: skip
    record = write(hub, RecordListed(title="棉被", source="清单", unit="", host="", joint=False, blob="", **told))
    write(hub, RecordListed(title="又一批", source="清单", unit="", host="", joint=False, blob="", **told))
    write(hub, RecordStruck(record=record.id, reason="登记了两次", **told), fact_id=strike_id(record.id))
    return tablet


def somebody(day: Day, role: str) -> Browser:
    return Browser(day.app.test_client()).sign_in(role, "a-made-up-password")


def fair_of(hub: Hub) -> Fair:
    with hub.store.reading() as tx:
        return fairs.find_fair(tx, "demo")


def text_of(page: Page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


# --- the same number everywhere ------------------------------------------------------------------------


PLACES = [
    Place(), Place("day", DAYS[1]), Place("year"), Place(venue="v1"), Place("day", DAYS[1], venue="v2"),
    Place(desk="d01"),
]  # fmt: skip


ENGINES = ("sqlite", "postgresql")


def at_places(places: list[Place]) -> pytest.MarkDecorator:
    """On both databases, in `make test` by turns: `test_two_engines` compares the two."""
    tried = share([*product(ENGINES, places)], [(ENGINES[n % 2], place) for n, place in enumerate(places[::2])])
    return pytest.mark.parametrize(("day", "place"), tried, indirect=["day"], ids=str)


def catalogue_says(hub: Hub, place: Place) -> dict[str, object]:
    """What `fairs` says of all figures at a place."""
    fair = fair_of(hub)
    desks = [one.id for one in fair.desks if place.desk == one.id or (place.venue and place.venue == one.venue)]
    with hub.store.reading() as tx:
        if place.venue and place.window == "period":
            found = fairs.figures_by_venue(tx, fair)[place.venue]
        elif place.desk:
            found = fairs.figures_by_desk(tx, fair)[place.desk]
        else:
            told = {} if place.venue else units.metrics(tx, hub, fair)
            some = desks if place.venue else None
            found = fairs.figures_of(tx, fair, place.day or None, window=place.window, desks=some, over=told)
    return {one.key: (one.value, dict(one.by)) for one in found}


@at_places(PLACES)
def test_every_figure_taken_apart_is_what_the_catalogue_says(day, place):
    theirs = catalogue_says(day.hub, place)
    fair = fair_of(day.hub)
    with day.hub.store.reading() as tx:
        ours = {one.key: figures.cell_at(tx, day.hub, fair, one, place) for one in CATALOGUE}
    wrong = {key: (cell.value, theirs[key]) for key, cell in ours.items() if (cell.value, dict(cell.by)) != theirs[key]}
    wrong.pop("measured_share", None)  # of a venue it is made of the others, as they are there
    assert wrong == {}


def test_the_table_says_what_the_page_of_each_figure_says(day):
    table = text_of(day.office.get(AT))
    for key, value in (("headcount", "196"), ("accuracy", "66.67"), ("leaflets", "40")):
        assert f'id="value">{value}' in day.office.get(f"{AT}/{key}"), key
        assert value in table


def links_of(page: Page) -> Iterator[tuple[str, str]]:
    """(address, number beside it) of the rows of a figure's page: venues, desks, days."""
    row = r'<th scope="row"><a href="([^"]+)">[^<]*</a></th><td>(.*?)</td>'
    for address, cell in re.findall(row, page.text):
        yield unescape(address), re.sub(r"<[^>]+>", "", cell).strip()


def value_on(page: Page) -> str:
    whole = re.search(r'id="value">(.*?)</p>', page.text, re.DOTALL)[1]
    return re.sub(r"<[^>]+>", "", re.sub(r"<small>.*?</small>", "", whole, flags=re.DOTALL)).strip()


@seen_on_sqlite
@pytest.mark.parametrize("key", ["headcount", "leaflets", "accuracy", "complaints", "sessions", "destroyed_pieces"])
def test_every_number_that_leads_on_is_what_stands_where_it_leads(day, key):
    for query in ("", f"?day={DAYS[1]}", "?venue=v1"):
        rows = list(links_of(day.office.get(f"{AT}/{key}{query}")))
        assert rows or key == "destroyed_pieces"
        assert {address: value_on(day.office.get(address)) for address, _ in rows} == dict(rows)


def test_days_come_to_the_whole_with_what_was_said_of_no_day(day):
    page = text_of(day.office.get(f"{AT}/headcount"))
    assert f"{DAYS[0]} 5 {DAYS[1]} 71 不分天的（整期补录、下级上报） 120" in page


def test_the_table_says_as_many_are_missing_as_the_statement_does(day):
    with day.hub.store.reading() as tx:
        owed = statements.draft(tx, day.hub, fair_of(day.hub), whole=False).missing
    table = day.office.get(AT)
    assert f"还缺 {len(owed)} 项" in table
    row = rf'<tr[^>]*><th scope="row"><a href="{AT}/([a-z_]+)">(?:(?!</tr>).)*?is-missing'
    assert sorted(re.findall(row, table.text, re.DOTALL)) == sorted(owed)
    assert "还缺" not in day.office.get(f"{AT}?venue=v1")


@seen_on_sqlite
@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.key)
def test_every_figure_leads_to_its_facts_or_says_where_else_it_comes_from(day, one):
    page, facts_page = day.office.get(f"{AT}/{one.key}"), day.office.get(f"{AT}/{one.key}/facts")
    assert (page.status, facts_page.status) == (200, 200)
    if behind.has_facts(one):
        assert f'href="{AT}/{one.key}/facts"' in page
    else:
        assert figures.elsewhere(one) or "由其他指标算出来" in page
        assert "/facts/" not in facts_page
    assert ("没有平板能数到它" in page) is (one.typed == "only")


def test_what_no_fact_is_behind_is_told_by_another_page(day):
    late, unsent = day.office.get(f"{AT}/units_late"), day.office.get(f"{AT}/facts_unsent")
    assert 'href="/fairs/demo/units"' in late
    assert value_on(late) == "0"
    assert 'href="/fairs/demo/completeness"' in unsent
    share = day.office.get(f"{AT}/measured_share")
    assert f'href="{AT}/headcount"' in share
    assert f'href="{AT}/answers"' not in share


@on_sqlite
def test_with_what_units_below_sent_up_it_is_what_the_statement_says_of_period_day_and_year(hub, make):  # noqa: F811
    set_fair(hub, a_city_fair())
    road, east = Network(hub), make("east")
    road.join(east, "east")
    told = [Cell("headcount", 700, {}, {"tapped": 700})]
    freeze(east, {"headcount": 2_000}, days=[StatedDay(DAYS[1], told, {})], year=told)
    road.report(east)
    tablet = a_tablet(hub, "d01")
    for day in DAYS:
        tablet.record(TallyCounted(counter="headcount", n=30), at=at(day, 9))
    deliver(hub, tablet.batch())
    fair = fair_of(hub)
    with hub.store.reading() as tx:
        said = statements.draft(tx, hub, fair, whole=False)
        told = [
            (Place(), said.period),
            (Place("year"), said.year),
            *((Place("day", one.day), one.cells) for one in said.days),
        ]
        for place, cells in told:
            found = {cell.key: figures.cell_at(tx, hub, fair, find(fair, cell.key), place).value for cell in cells}
            assert found == {cell.key: cell.value for cell in cells}, place
    assert said.cell("headcount").value == 2_060
    page = Browser(create_hub_app(hub).test_client()).sign_in(*CASEWORKER).get(f"{AT}/headcount")
    assert "下级单位上报 2,000" in text_of(page)
    assert f"{DAYS[0]} 30 {DAYS[1]} 730 不分天的（整期补录、下级上报） 1,300" in text_of(page)


# --- the facts behind it add up ------------------------------------------------------------------------


def all_behind(hub: Hub, one: Definition, place: Place, size: int = 7) -> tuple[int, int, int]:
    """(numerator, denominator, facts) of all pages together."""
    fair, after, n, over, count = fair_of(hub), ("", 0), 0, 0, 0
    with hub.store.reading() as tx:
        while True:
            wanted = behind.adding(fair, one, place.window)
            page = behind.page(tx, fair, wanted, figures.scope_of(fair, place), after, size)
            n, over = n + sum(each.n for each in page.facts), over + sum(each.over for each in page.facts)
            count += len(page.facts)
            if not page.further:
                return n, over, count
            after = behind.read_place(page.further)


@at_places([*PLACES, Place(desk=figures.NO_DESK)])
def test_the_facts_listed_add_up_to_the_figure(day, place):
    fair = fair_of(day.hub)
    counts = [adds_up(day.hub, fair, one, place) for one in CATALOGUE]
    assert any(counts) or place.desk or place.venue


@on_sqlite
@law
@given(
    st.lists(entries, max_size=4), st.lists(entries, min_size=2, max_size=5), st.lists(entries, max_size=4), st.data()
)
def test_whatever_happened_the_facts_listed_add_up_to_every_figure(hub, first, more, astray, data):
    """Any facts, in any order and split; some that cannot count, and a journal that parts in two."""
    one, other = a_tablet(hub, "d01"), a_tablet(hub, "d06")
    for entry in first:
        one.record(entry)
        other.record(entry)
    clone = one.clone().record()
    for tablet, some in ((one, more), (clone, astray)):
        for entry in some:
            tablet.record(entry)
    parts = [(tablet, *part) for tablet in (one, other, clone) for part in data.draw(deliveries(len(tablet.lines)))]
    for tablet, start, count in data.draw(st.permutations([part for part in parts if part[2]])):
        deliver(hub, tablet.batch(start, count))
    fair = fair_of(hub)
    with hub.store.reading() as tx:
        days, metrics = totals.all_days(tx, fair.id), behind.all_metrics(tx, fair.id)
    some_day = st.sampled_from(days).map(lambda day: Place("day", day)) if days else st.just(Place("year"))
    place = data.draw(st.sampled_from([Place(), Place(venue="v1"), Place(desk="d01")]) | some_day)
    for definition in CATALOGUE:
        if any(behind.matches(metric, behind.adding(fair, definition).all_metrics) for metric in metrics):
            adds_up(hub, fair, definition, place)


def adds_up(hub: Hub, fair: Fair, one: Definition, place: Place) -> int:
    """The facts behind a figure come to what it says, which is by them. How many they are."""
    with hub.store.reading() as tx:
        cell = figures.cell_at(tx, hub, fair, one, place)
    n, over, count = all_behind(hub, one, place)
    if one.over and place.window != "year" and behind.adding(fair, one).over:
        assert (n, over) == (cell.parts["numerator"], cell.parts["denominator"]), one.key
    elif behind.is_summed(one) and cell.value is not None:
        assert n == sum(cell.by.values()), one.key
    return count


def test_of_a_day_only_what_counts_to_that_day_is_listed(day):
    page = text_of(day.office.get(f"{AT}/headcount/facts?day={DAYS[0]}"))
    assert "这一页合计 +5" in page
    assert "重数了一次" not in page
    later = text_of(day.office.get(f"{AT}/headcount/facts?window=day&day={DAYS[1]}"))
    assert "这一页合计 +71" in later  # 10 + 15 + 20 − 20 − 3 + 40 + 9
    assert f"{write_number('demo', 7)} 号单" in later


@on_sqlite
def test_pages_follow_one_another_and_every_fact_is_on_one(changing):
    for _ in range(60):
        changing.tablet.record(TallyCounted(counter="headcount", n=2), at=at(DAYS[1], 12))
    deliver(changing.hub, changing.tablet.batch())
    seen: list[str] = []
    address = f"{AT}/headcount/facts?desk=d01"
    while address:
        page = changing.office.get(address)
        seen += re.findall(r'href="(/fairs/demo/facts/[0-9a-f]+/\d+)', page.text)
        onward = re.search(r'href="([^"]+after=[^"]+)"', page.text)
        address = unescape(onward[1]) if onward else ""
    assert len(seen) == len(set(seen)) == 60 + 4 + 1 + 1 + 1


@on_sqlite
def test_what_a_rehearsal_or_the_quarantine_holds_is_behind_no_figure(changing):
    with changing.hub.store.begin() as tx:
        held = tx.execute(select(journals).where(journals.c.journal == changing.tablet.journal)).one()
        tx.execute(
            update(journals).where(journals.c.journal == changing.tablet.journal).values(fair=rehearsals.aside("demo"))
        )
        fair = fairs.find_fair(tx, "demo")
        wanted = behind.adding(fair, next(one for one in CATALOGUE if one.key == "answers"))
        assert behind.page(tx, fair, wanted, Scope()).facts == []
        tx.execute(update(journals).where(journals.c.journal == changing.tablet.journal).values(fair=held.fair))
        tx.execute(update(facts).where(facts.c.kind == "quiz.answered").values(problem="device.revoked"))
        assert behind.page(tx, fair, wanted, Scope()).facts == []


# --- two clicks, and back --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["headcount", "leaflets", "answers", "complaints", "destroyed_pieces", "sessions"])
def test_from_the_table_to_the_facts_it_is_two_touches_and_each_leads_back(day, key):
    table = day.office.get(AT)
    [first] = set(re.findall(rf'href="({AT}/{key})"', table.text))
    one = day.office.get(first)
    assert f'href="{first}/facts"' in one
    listed = day.office.get(f"{first}/facts")
    fact = unescape(re.search(r'href="(/fairs/demo/facts/[0-9a-f]+/\d+[^"]*)"', listed.text)[1])
    assert f'href="{first}"' in day.office.get(fact)
    assert f'href="{first}/facts"' in day.office.get(fact)


def test_from_the_board_it_is_two_touches_as_well(day):
    board = day.office.get("/fairs/demo")
    assert f'href="{AT}/headcount"' in board
    assert f'href="{AT}/leaflets?venue=v2"' in board
    assert 'href="/fairs/demo/figures/headcount/facts' in day.office.get(f"{AT}/headcount")


def test_a_rate_is_shown_as_its_parts_each_leading_to_its_own_figure(day):
    page = day.office.get(f"{AT}/accuracy?venue=v1")
    assert f'href="{AT}/answers_right?venue=v1"><b>8</b>' in page
    assert f'href="{AT}/answers?venue=v1"><b>12</b>' in page


def test_what_was_typed_and_put_right_stands_there_with_who_when_and_why(day):
    page = text_of(day.office.get(f"{AT}/headcount"))
    for words in ("120 人次 整个活动", "后来重填了", "运营商回执", "重数了一次", "−3 人次", "纸质补录 40", "更正 -3"):
        assert words in page, words
    year = text_of(day.office.get(f"{AT}/complaints_closed?window=year"))
    assert "900" in year


def test_marks_say_how_a_figure_came_about_and_what_nobody_said_is_missing(day):
    table = day.office.get(AT).text
    row = re.search(r'figures/headcount".*?</tr>', table, re.DOTALL)[0]
    assert {"is-corrected", "is-paper", "is-typed"} == set(re.findall(r"is-[a-z]+", row))
    assert "is-missing" in re.search(r'figures/messages".*?</tr>', table, re.DOTALL)[0]
    assert "is-estimate" in re.search(r'figures/most_present".*?</tr>', table, re.DOTALL)[0]


@on_sqlite
def test_a_frozen_version_says_beside_a_figure_what_it_said_and_leads_back(changing):
    changing.office.send(changing.office.get("/fairs/demo/statement").form("/fairs/demo/statement/freeze"))
    same = changing.office.get(f"{AT}/headcount")
    assert "第 1 版定稿里是 196 ，和现在一样" in text_of(same)
    assert 'href="/fairs/demo/statement/versions/1"' in same
    write(changing.hub, typed("headcount", 200, 120))
    later = text_of(changing.office.get(f"{AT}/headcount"))
    assert "276 人次" in later
    assert "第 1 版定稿里是 196 ，现在变了" in later
    assert "第 1 版定稿里是 71" in text_of(changing.office.get(f"{AT}/headcount?day={DAYS[1]}"))
    assert "第 1 版" not in changing.office.get(f"{AT}/headcount?venue=v1")


# --- one fact ---------------------------------------------------------------------------------------------


def fact_page(office: Browser, hub: Hub, kind: str, nth: int = 0) -> Page:
    with hub.store.reading() as tx:
        query = select(facts.c.journal, facts.c.seq).where(facts.c.kind == kind).order_by(facts.c.journal, facts.c.seq)
        row = tx.execute(query).all()[nth]
    return office.get(f"/fairs/demo/facts/{row.journal}/{row.seq}")


def test_a_tap_that_was_taken_back_says_so_and_both_lead_to_one_another(day):
    page = day.office.get(f"/fairs/demo/facts/{day.tablet.journal}/4")
    assert "这一下被撤销了" in page
    assert f'href="/fairs/demo/facts/{day.tablet.journal}/5"' in page
    undone = day.office.get(f"/fairs/demo/facts/{day.tablet.journal}/5")
    assert f'href="/fairs/demo/facts/{day.tablet.journal}/4"' in undone
    assert "被撤销" not in day.office.get(f"/fairs/demo/facts/{day.tablet.journal}/1")


def test_a_fact_shows_its_line_its_chain_and_who_vouches_for_it(day):
    page = day.office.get(f"/fairs/demo/facts/{day.tablet.journal}/2")
    assert unescape(page.text).count(day.tablet.lines[1].decode()) == 1
    for words in (
        day.tablet.hash_at(1).hex(),
        day.tablet.hash_at(2).hex(),
        day.tablet.certificate.public_key,
        "和流水对得上",
    ):
        assert words in page
    assert "李志愿" in page


def test_a_fact_leads_to_the_sheet_the_case_and_the_list_it_is_about(day):
    sheet = fact_page(day.office, day.hub, "sheet.counted")
    assert f'href="/fairs/demo/papers/sheets/{write_number("demo", 7)}"' in sheet
    assert write_number("demo", 7) in text_of(day.office.get(f"{AT}/headcount/facts?desk=d01"))
    assert 'href="/fairs/demo/cases/7KQ2-M0ZRT"' in fact_page(day.office, day.hub, "complaint.filed")
    for kind, address in (
        ("record.listed", "typed/lists/destroyed"),
        ("figure.typed", "typed/figures/headcount"),
        ("tally.corrected", "corrections"),
    ):
        assert f'href="/fairs/demo/{address}"' in fact_page(day.office, day.hub, kind), kind
        assert f'href="/fairs/demo/{address}"' not in fact_page(somebody(day, "auditor"), day.hub, kind), kind


@on_sqlite
def test_a_line_somebody_changed_in_the_database_does_not_fit_its_journal(changing):
    changed = changing.tablet.lines[1].replace(b'"n":10', b'"n":99')
    with changing.hub.store.begin() as tx:
        there = (facts.c.journal == changing.tablet.journal) & (facts.c.seq == 2)
        tx.execute(update(facts).where(there).values(line=changed))
    assert "和流水对不上" in changing.office.get(f"/fairs/demo/facts/{changing.tablet.journal}/2")


def test_what_opens_a_case_and_what_only_a_few_may_see_is_not_shown(day):
    filed = fact_page(day.office, day.hub, "complaint.filed")
    assert "argon-of-a-code" not in filed
    assert "不显示的内容" in filed
    batch = fact_page(day.office, day.hub, "quicktest.recorded").text
    auditor = somebody(day, "auditor")
    assert "sample" in batch
    hidden = unescape(fact_page(auditor, day.hub, "quicktest.recorded").text)
    assert '"sample":"…"' in hidden


@on_sqlite
def test_a_fact_no_figure_is_made_of_has_no_page(changing):
    changing.tablet.record(PrizeIssued(prize="bag", session=an_id(7), code=code_of(an_id(7))))
    deliver(changing.hub, changing.tablet.batch())
    assert (
        changing.office.get(f"/fairs/demo/facts/{changing.tablet.journal}/{len(changing.tablet.lines)}").status == 404
    )


# --- who may look, and what is asked wrongly -----------------------------------------------------------------


@seen_on_sqlite
@pytest.mark.parametrize(("role", "status"), [("organiser", 200), ("auditor", 200), ("supervisor", 200),
                                              ("viewer", 403), ("handler", 403), ("intake", 403)])  # fmt: skip
def test_whoever_only_looks_sees_figures_and_no_facts(day, role, status):
    one = somebody(day, role)
    for path in (AT, f"{AT}/headcount", f"{AT}/charts"):
        assert one.get(path).status == 200
    assert one.get(f"{AT}/headcount/facts").status == status
    assert one.get(f"/fairs/demo/facts/{day.tablet.journal}/1").status == status
    assert ("/facts" in one.get(f"{AT}/headcount")) is (status == 200)


@pytest.mark.parametrize("path", [
    f"{AT}/nothing", f"{AT}/nothing/facts", f"{AT}/own.nothing", "/fairs/none/figures", "/fairs/demo/facts/{own}/0",
    "/fairs/demo/facts/{own}/99999", "/fairs/demo/facts/{own}/99999999999999999999999", "/fairs/demo/facts/{own}/x",
    f"/fairs/demo/facts/{an_id(3)}/1", "/fairs/demo/facts/%00/1",
])  # fmt: skip
def test_what_is_not_there_is_not_found(day, path):
    assert day.office.get(path.format(own=day.tablet.journal)).status == 404


@pytest.mark.parametrize("query", [
    "window=week", "day=2027-02-31", "day=%00", "day=2027-03-14&window=year", "venue=v99", "desk=%27--",
    "desk=-&venue=v1", "after=x", "after=:", f"after={'f' * 32}:{'9' * 40}", f"after={'f' * 32}:1",
    "after=%F0%9F%92%A3:1", "page=-1", "window=day", f"venue={'v' * 4000}",
])  # fmt: skip
def test_an_odd_address_shows_what_there_is(day, query):
    for path in (AT, f"{AT}/headcount", f"{AT}/accuracy/facts", f"{AT}/charts"):
        assert day.office.get(f"{path}?{query}").status == 200, path


@on_sqlite
def test_an_odd_title_is_shown_as_the_text_it_is(changing):
    fair = msgspec.structs.replace(
        fair_of(changing.hub), title=msgspec.structs.replace(fair_of(changing.hub).title, zh="<x315>&𠮷")
    )
    with changing.hub.store.begin() as tx:
        tx.execute(update(fairs_table).values(document=msgspec.json.encode(fair).decode()))
    for path in (AT, f"{AT}/charts"):
        assert "<x315>" not in changing.office.get(path)
        assert "&lt;x315&gt;&amp;𠮷" in changing.office.get(path)


# --- charts ---------------------------------------------------------------------------------------------------


def test_charts_say_in_their_tables_what_was_counted(day):
    page = text_of(day.office.get(f"{AT}/charts"))
    for words in ("参与群众 62 人次", "接受咨询 0 人次", "会场比一比", "投诉办到哪一步", "登记 1"):
        assert words in page, words
    first = text_of(day.office.get(f"{AT}/charts?day={DAYS[0]}"))
    assert "参与群众 5 人次" in first


@on_sqlite
def test_accepted_complaints_stand_by_what_they_are_about_and_by_how_far_they_came(changing):
    case = a_filing().case
    for body in (
        CaseReceived(case=case),
        CaseAccepted(case=case),
        CaseClassified(case=case, version="2026.1", goods="food", service="", grievances=["quality"]),
    ):
        write(changing.hub, body)
    page = text_of(changing.office.get(f"{AT}/charts"))
    names = newest()
    for words in (f"{names.grievance('quality').zh} 1", f"{names.good('food').zh} 1", "登记 1 — — 受理 1"):
        assert words in page, words


def test_every_drawing_has_a_title_words_and_a_table_of_the_same_numbers(day):
    text = day.office.get(f"{AT}/headcount").text
    for drawing in re.findall(r'<svg[^>]*role="img".*?</figure>', text, re.DOTALL):
        [ids] = re.findall(r'aria-labelledby="([^"]+)"', drawing.split(">")[0])
        assert all(f'id="{one}"' in drawing for one in ids.split())
        assert "<table>" in drawing or "<dl>" in drawing


# --- how long it takes -----------------------------------------------------------------------------------------


@on_sqlite
def test_a_page_of_facts_costs_the_same_however_many_there_are(changing):
    """CPU time: a rare kind in a journal of many facts is looked for so far and no further."""
    small, large = _cost(changing.hub), 0.0
    lines = [(changing.tablet.journal, len(changing.tablet.lines) + 1 + n) for n in range(120_000)]
    with changing.hub.store.begin() as tx:
        row = tx.execute(select(facts).where(facts.c.journal == changing.tablet.journal, facts.c.seq == 1)).one()
        values = [(journal, seq, row.line, row.hash, "exhibit.viewed", None, 0.0) for journal, seq in lines]
        tx.connection.cursor().executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        tx.execute(update(journals).where(journals.c.journal == changing.tablet.journal).values(seq=lines[-1][1]))
    large = _cost(changing.hub)
    assert large < small + 0.2, (small, large)


def _cost(hub: Hub) -> float:
    one, fair = next(one for one in CATALOGUE if one.key == "answers"), fair_of(hub)
    with hub.store.reading() as tx:
        totals.days(tx, fair.id)
        took = []
        for _ in range(3):
            began = time.thread_time()
            behind.page(tx, fair, behind.adding(fair, one), Scope())
            took.append(time.thread_time() - began)
        return min(took)
