"""Counts put right: a signed difference beside what was counted, by two persons where it is much."""

import re
from datetime import date

import msgspec
import pytest

from kiosk.cli import main as cli
from kiosk.facts import envelope
from kiosk.facts.corrections import decision_id
from kiosk.facts.tallies import TallyCorrected, TallyCounted
from kiosk.hub import journal, ledger, people
from kiosk.hub.corrections import days_of, may_be_day
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.hub.tables import corrections, facts
from tests.hub.tablets import rows
from tests.hub.test_intake import together
from tests.makers import Browser, Form, Page, Pair, an_id

AT = "/fairs/demo/corrections"
DAY = "2027-03-15"
#: What depends on no database runs on one of them.
ON_SQLITE = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)


@pytest.fixture
def office(paired: Pair) -> Browser:
    count(paired, "consultation", 256)
    return paired.in_the_office()


@pytest.fixture
def second(paired: Pair) -> Browser:
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "wang", "another-made-up-password", {"organiser"})
    return Browser(paired.hub_app.test_client()).sign_in("wang", "another-made-up-password")


def count(paired: Pair, counter: str, n: int, desk: str = "d01") -> None:
    """As if counted at half past nine."""
    here = paired.hub
    with here.store.begin() as tx:
        body = TallyCounted(counter=counter, n=n)
        journal.append(tx, "demo", body, desk=desk, by="li", now=here.clock.now(), mono=1)


def place(**told: str) -> str:
    asked = {"day": DAY, "hour": "9", "desk": "d01", "counter": "consultation", **told}
    return AT + "?" + "&".join(f"{key}={value}" for key, value in asked.items())


def look(office: Browser, number: str, how: str = "total", reason: str = "漏了一本登记本", **told: str) -> Page:
    """The preview of a correction."""
    form = office.get(place(**told)).form(f"{AT}/check")
    return office.send(form, number=number, how=how, reason=reason)


def sure(page: Page) -> Form:
    """The form that does what was previewed."""
    return next(form for form in page.forms if form.action == AT and "was" in form.values)


def correct(office: Browser, number: str, how: str = "total", **told: str) -> Page:
    return office.send(sure(look(office, number, how, **told)))


def decide(browser: Browser, verdict: str) -> Page:
    return browser.send(browser.get(AT).form(f"{AT}/decide"), verdict=verdict)


def consultations(paired: Pair) -> tuple[object, int | None]:
    """Value and raw."""
    with paired.hub.store.reading() as tx:
        found = next(one for one in figures_of(tx, find_fair(tx, "demo")) if one.key == "consultations")
    return found.value, found.raw


def kinds(paired: Pair) -> list[str]:
    return [row[4] for row in rows(paired.hub, facts) if row[4].startswith(("tally.corrected", "correction."))]


# --- one person ---------------------------------------------------------------------------------------


@ON_SQLITE
def test_a_small_difference_is_previewed_and_stands_beside_what_was_counted(paired, office):
    for number, how in (("262", "total"), ("+6", "difference"), ("２６２", "total"), ("＋６", "difference")):
        page = look(office, number, how)
        assert "256 → <b>262</b>" in page
        assert consultations(paired) == (256, None)
    page = office.send(sure(page))
    assert consultations(paired) == (262, 256)
    assert "原始 256" in page
    assert kinds(paired) == ["tally.corrected"]


@ON_SQLITE
def test_what_is_kept_is_a_fact_of_that_hour_and_desk_with_who_and_why(paired, office):
    correct(office, "-6", "difference")
    fact = next(envelope.decode(bytes(row[2])) for row in rows(paired.hub, facts) if row[4] == "tally.corrected")
    with paired.hub.store.reading() as tx:
        chen = next(one for one, name in people.names(tx).items() if name == "chen")
    assert (fact.desk, fact.by) == ("d01", chen)
    wanted = TallyCorrected(day=DAY, hour=9, counter="consultation", n=-6, reason="漏了一本登记本", second="")
    assert fact.body == {name: getattr(wanted, name) for name in wanted.__struct_fields__}


@ON_SQLITE
def test_sent_twice_it_is_one_and_the_same_id_with_other_words_is_refused(paired, office):
    form = sure(look(office, "262"))
    for _ in range(2):
        assert office.send(form).status == 200
    assert consultations(paired) == (262, 256)
    assert office.send(form, reason="另一个原因").status == 409
    assert office.send(form, number="263").status == 409  # from a page of before: it was not kept
    assert office.send(form, number="7", how="difference").status == 409
    assert consultations(paired) == (262, 256)


@ON_SQLITE
def test_a_wrong_correction_is_put_right_by_another_and_both_stay(paired, office):
    correct(office, "+6", "difference")
    page = correct(office, "256")
    assert consultations(paired) == (256, None)
    assert kinds(paired) == ["tally.corrected"] * 2
    assert page.text.count("漏了一本登记本") == 2


@ON_SQLITE
def test_of_a_whole_day_it_goes_to_the_hour_with_most_and_without_any_to_noon(paired, office):
    paired.clock.tick(3600)
    office = paired.in_the_office()
    count(paired, "consultation", 300)
    correct(office, "+5", "difference", hour="")
    correct(office, "+5", "difference", hour="", counter="board")
    assert [row.hour for row in made(paired)] == [10, 12]


def made(paired: Pair):
    with paired.hub.store.reading() as tx:
        return list(tx.execute(corrections.select().where(corrections.c.step == "made").order_by(corrections.c.seq)))


def test_where_the_count_moved_since_it_was_looked_at_one_looks_again(paired, office):
    form = sure(look(office, "262"))
    count(paired, "consultation", 4)
    page = office.send(form)
    assert (page.status, "260 → <b>262</b>" in page, kinds(paired)) == (409, True, [])
    office.send(sure(page))
    assert consultations(paired) == (262, 260)


@ON_SQLITE
def test_a_total_that_is_none_comes_back(paired, office):
    for number in ("", "x", "-1", "99999999999", "1.5", "٣", "1e3", "10000001"):
        page = look(office, number)
        assert (page.status, "warn" in page, kinds(paired)) == (422, True, []), number


@ON_SQLITE
def test_a_reason_that_is_missing_endless_or_holds_a_number_comes_back(paired, office):
    for reason in ("", "因" * 201, "找13800000000核对的"):
        page = look(office, "262", reason=reason)
        assert (page.status, "warn" in page, kinds(paired)) == (422, True, []), reason


@ON_SQLITE
def test_nothing_ends_below_nothing_and_no_difference_is_none(paired, office):
    assert look(office, "-257", "difference").status == 422
    assert "那个小时只有 0" in look(office, "-1", "difference", hour="8")
    assert look(office, "256").status == 422
    assert kinds(paired) == []


@ON_SQLITE
def test_only_what_could_have_been_counted_is_put_right(paired, office):
    form = sure(look(office, "262"))
    for told in (
        {"day": "2027-03-16"},
        {"day": "x"},
        {"desk": "d99"},
        {"hour": "24"},
        {"hour": "-1"},
        {"counter": "leaflet.x"},
    ):
        assert 400 <= office.send(form, **told).status < 500, told
        assert office.get(place(**told)).status == 200, told
    assert kinds(paired) == []


@ON_SQLITE
def test_a_refused_day_comes_back_with_all_that_was_typed(paired, office):
    page = office.send(office.get(place()).form(f"{AT}/check"), day="2027-03-16", number="262", reason="漏了一本")
    assert (page.status, "“2027-03-16”不能选" in page, kinds(paired)) == (422, True, [])
    typed = page.form(f"{AT}/check").values
    assert (typed["day"], typed["number"], typed["reason"]) == (DAY, "262", "漏了一本")
    assert "“2027-03-16”不能选" in office.get(place(day="2027-03-16"))


@ON_SQLITE
def test_the_form_starts_from_a_day_that_it_takes(paired, office):
    with paired.hub.store.reading() as tx:
        fair = find_fair(tx, "demo")
        for told, now, days in (
            (("2027-03-15", "2027-03-17"), "2027-03-16", (DAY, "2027-03-16", "2027-03-16")),  # its second day
            (("2027-03-20", "2027-03-20"), "2027-03-18", (DAY, "2027-03-18", DAY)),  # before it, after a trial
            (("2027-03-20", "2027-03-20"), "2027-03-14", ("2027-03-14",) * 3),  # before it, with no counts
            (("2027-03-10", "2027-03-11"), "2027-03-14", ("2027-03-10", "2027-03-14", "2027-03-10")),
        ):
            of = msgspec.structs.replace(fair, starts=told[0], ends=told[1])
            found = days_of(tx, of, date.fromisoformat(now))
            assert msgspec.structs.astuple(found) == days, now
            assert all(may_be_day(tx, of, day, date.fromisoformat(now)) for day in days), now


# --- two persons --------------------------------------------------------------------------------------


def test_a_large_difference_waits_for_a_second_organiser_and_both_are_named(paired, office, second):
    page = correct(office, "400")
    assert consultations(paired) == (256, None)
    assert "请另一位组织者登录来同意" in page
    assert 'value="agree"' not in page
    page = decide(second, "agree")
    assert consultations(paired) == (400, 256)
    assert "wang 同意" in page
    (row,) = made(paired)
    assert row.fact == decision_id(next(one.fact for one in all_rows(paired) if one.step == "proposed"))
    with paired.hub.store.reading() as tx:
        names = people.names(tx)
    assert (names[row.person], names[row.second]) == ("chen", "wang")


def all_rows(paired: Pair):
    with paired.hub.store.reading() as tx:
        return list(tx.execute(corrections.select().order_by(corrections.c.seq)))


@ON_SQLITE
def test_nobody_agrees_with_themselves_though_they_may_think_better_of_it(paired, office):
    correct(office, "400")
    form = office.get(AT).form(f"{AT}/decide")
    assert office.send(form, verdict="agree").status == 403
    assert consultations(paired) == (256, None)
    assert "没有改" in office.send(form, verdict="decline")
    assert kinds(paired) == ["correction.proposed", "correction.declined"]


@ON_SQLITE
def test_a_proposal_is_decided_once_and_the_same_touch_again_is_no_other(paired, office, second):
    correct(office, "400")
    form = second.get(AT).form(f"{AT}/decide")
    assert [second.send(form, verdict=verdict).status for verdict in ("decline", "decline", "agree")] == [200, 200, 409]
    assert consultations(paired) == (256, None)
    assert kinds(paired) == ["correction.proposed", "correction.declined"]


def test_two_who_decide_at_the_same_moment_decide_once(paired, office, second):
    correct(office, "400")
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "zhao", "a-third-made-up-password", {"organiser"})
    third = Browser(paired.hub_app.test_client()).sign_in("zhao", "a-third-made-up-password")
    forms = [(one, one.get(AT).form(f"{AT}/decide")) for one in (second, third)]
    pages = together(*(lambda one=one, form=form: one.send(form, verdict="agree") for one, form in forms))
    assert sorted(page.status for page in pages) == [200, 409]
    assert consultations(paired) == (400, 256)


@ON_SQLITE
def test_what_was_counted_away_since_cannot_be_agreed_to(paired, office, second):
    correct(office, "60")
    for one in (office, second):
        correct(one, "-50", "difference")
    assert consultations(paired) == (156, 256)
    assert decide(second, "agree").status == 422
    assert consultations(paired) == (156, 256)


@ON_SQLITE
def test_several_small_differences_of_one_person_that_are_large_together_take_two(paired, office, second):
    for number, hour in (("+35", "9"), ("-15", "")):
        correct(office, number, "difference", hour=hour)
    page = look(office, "+1", "difference")
    assert ("加减合计 50" in page, "提给另一位看" in page) == (True, True)
    office.send(sure(page))
    assert kinds(paired) == ["tally.corrected", "tally.corrected", "correction.proposed"]
    decide(second, "agree")
    correct(second, "+50", "difference")  # what one agreed to is nobody's alone
    correct(office, "+50", "difference", counter="board")  # another count
    assert consultations(paired) == (327, 256)
    assert kinds(paired)[3:] == ["tally.corrected"] * 3


@ON_SQLITE
def test_who_is_no_organiser_neither_looks_nor_corrects(paired, office):
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "sun", "a-fourth-made-up-password", {"intake"})
    other = Browser(paired.hub_app.test_client()).sign_in("sun", "a-fourth-made-up-password")
    csrf = other.get("/fairs/demo").form("/logout").values["csrf"]
    assert other.get(AT).status == 403
    told = {
        "id": an_id(),
        "day": DAY,
        "desk": "d01",
        "counter": "consultation",
        "how": "total",
        "number": "1",
        "reason": "x",
    }
    assert other.post(AT, csrf=csrf, **told).status == 403
    assert other.post(f"{AT}/decide", csrf=csrf, proposal=an_id(), verdict="agree").status == 403
    assert kinds(paired) == []


# --- tablets' own, and folded again ---------------------------------------------------------------------


@ON_SQLITE
def test_a_correction_made_at_a_tablet_stands_in_the_same_list_by_the_volunteer_s_name(paired, office):
    here = paired.hub
    with here.store.begin() as tx:
        body = TallyCorrected(day=DAY, hour=9, counter="consultation", n=-2, reason="按重了", second="")
        journal.append(tx, "demo", body, desk="d01", by="li", now=here.clock.now(), mono=1)
    page = office.get(AT)
    assert ("按重了" in page, "李志愿" in page) == (True, True)


def test_folding_everything_again_comes_to_the_same_and_a_missing_row_is_found(paired, office, second):
    correct(office, "262")
    correct(office, "400")
    decide(second, "agree")
    correct(office, "900")
    decide(second, "decline")
    before = rows(paired.hub, corrections), consultations(paired)
    assert list(ledger.verify(paired.hub)) == []
    ledger.rebuild(paired.hub)
    assert (rows(paired.hub, corrections), consultations(paired)) == before
    with paired.hub.store.begin() as tx:
        tx.execute(corrections.delete().where(corrections.c.step == "declined"))
    assert any("among the corrections is not what it says" in fault for fault in ledger.verify(paired.hub))


@ON_SQLITE
def test_the_board_says_what_was_counted_beside_what_it_was_corrected_to(paired, office):
    correct(office, "262")
    assert "原始 256 更正 +6" in office.get("/fairs/demo")


@ON_SQLITE
def test_the_command_prints_both_numbers(paired, office, runner):
    correct(office, "262")
    told = runner.invoke(cli, ["hub", "figures", "--data", str(paired.hub.config.data)]).output
    assert re.search(r"(?m)^接受咨询\t262\t.*\t原始 256 更正 \+6$", told)
