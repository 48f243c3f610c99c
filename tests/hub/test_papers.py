"""Sheets of paper: printed with numbers, keyed in once each, and accounted for to the last."""

import re
import threading

import msgspec
import pytest

from kiosk.facts import envelope
from kiosk.facts.complaints import NOTICE_VERSION
from kiosk.facts.papers import LAST_NUMBER, SheetPrinted, read_number, write_number
from kiosk.hub import journal, ledger, papers, people, totals, uses
from kiosk.hub.fairs import add_fair, figures_of, find_fair
from kiosk.hub.tables import complaints, facts, fairs, sheets
from kiosk.packs.fairs import Entrance, Venue
from kiosk.packs.model import Text
from tests.hub.search import find, stored
from tests.hub.tablets import rows
from tests.hub.test_intake import together
from tests.makers import COMPLAINT, FOR_ANOTHER, REPORT, Browser, Page, Pair, a_fair

AT = "/fairs/demo/papers"
DAY = "2027-03-15"
#: What depends on no database runs on one of them.
ON_SQLITE = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
CELLS = {"n.9.headcount": "12", "n.10.headcount": "30", "b.10.leaflet.law": "3", "n.10.leaflet.law": "7"}


@pytest.fixture
def office(paired: Pair) -> Browser:
    return paired.in_the_office()


def somebody(paired: Pair, name: str, *roles: str) -> Browser:
    with paired.hub.store.begin() as tx:
        people.add_person(tx, name, "another-made-up-password", set(roles))
    return Browser(paired.hub_app.test_client()).sign_in(name, "another-made-up-password")


def put_on_paper(office: Browser, kind: str = "tally", copies: int = 3, *desks: str) -> Page:
    chosen = {f"desk.{desk}": "yes" for desk in desks or ("d02",)}
    return office.send(office.get(AT).form(f"{AT}/print"), kind=kind, copies=str(copies), **chosen)


def sheet(number: int) -> str:
    return f"{AT}/sheets/{write_number('demo', number)}"


def key_in(office: Browser, number: int, day: str = DAY, **cells: str) -> Page:
    """What the sheet comes to is looked at, then kept."""
    page = office.send(office.get(sheet(number)).form(f"{sheet(number)}/counts"), go="check", day=day, **cells)
    return office.send(page.form(f"{sheet(number)}/counts"), go="keep") if page.status == 200 else page


def key_complaint(office: Browser, number: int, **changes: str) -> Page:
    form = office.get(sheet(number)).form(f"{sheet(number)}/complaint")
    told = {**COMPLAINT, "matter": "complaint", **changes}
    return office.send(form, **{name: text for name, text in told.items() if text})


def aside(office: Browser, what: str, **told: str) -> Page:
    """Typed and, where that is asked back, confirmed."""
    page = office.send(office.get(AT).form(f"{AT}/{what}"), **told)
    asked = [form for form in page.forms if form.values.get("sure")]
    return office.send(asked[0]) if asked else page


def kinds(paired: Pair) -> list[str]:
    return [row[4] for row in rows(paired.hub, facts) if row[4].startswith(("sheet.", "complaint."))]


def balance(paired: Pair) -> dict[str, tuple[int, int, int, int, int]]:
    with paired.hub.store.reading() as tx:
        found = papers._balances(tx, find_fair(tx, "demo"))
    return {one.desk.id: (one.printed, one.keyed, one.voided, one.blank, len(one.open)) for one in found}


# --- numbers ------------------------------------------------------------------------------------------


def test_a_number_is_read_as_people_type_it_and_any_one_slip_is_noticed():
    for number in (1, 2, 31, 32, 1024, 99_999, LAST_NUMBER):
        code = write_number("demo", number)
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code)
        typed = (
            code,
            code.lower(),
            code.replace("-", " "),
            code.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"}),
        )
        assert {read_number("demo", one) for one in typed} == {number}
        for place, symbol in enumerate(code):
            other = "7" if symbol != "7" else "8"
            assert symbol == "-" or not read_number("demo", code[:place] + other + code[place + 1 :])


def test_numbers_of_a_fair_differ_and_those_of_another_fair_are_known_for_that():
    assert len({write_number("demo", number) for number in range(1, 2000)}) == 1999
    assert read_number("demo", write_number("spring", 7)) == 0


@pytest.mark.parametrize("typed", ["", "-1", "0", "99999999", "x" * 300, "0000-0000", "４２", "\u202e7K00"])
def test_what_is_no_number_is_none(typed):
    assert not read_number("demo", typed)


# --- printing -----------------------------------------------------------------------------------------


@ON_SQLITE
def test_sheets_are_printed_with_numbers_of_their_own_and_a_code_that_leads_to_each(paired, office):
    page = put_on_paper(office, "tally", 2, "d01", "d02")
    assert page.text.count("ps-tally") == 4
    assert all(write_number("demo", number) in page for number in (1, 2, 3, 4))
    put_on_paper(office, "complaint", 2, "d02")
    series = [(row.desk, row.kind, row.first, row.last) for row in all_sheets(paired)]
    assert series == [("d01", "tally", 1, 2), ("d02", "tally", 3, 4), ("d02", "complaint", 5, 6)]


def all_sheets(paired: Pair):
    with paired.hub.store.reading() as tx:
        return list(tx.execute(sheets.select().order_by(sheets.c.seq)))


@ON_SQLITE
def test_printing_sent_twice_reserves_once_and_shows_the_same(paired, office):
    form = office.get(AT).form(f"{AT}/print")
    told = {"kind": "tally", "copies": "2", "desk.d01": "yes", "desk.d02": "yes"}
    first, again = (office.send(form, **told) for _ in range(2))
    assert first.text == again.text
    assert balance(paired) == {"d01": (2, 0, 0, 0, 2), "d02": (2, 0, 0, 0, 2)}


def test_two_who_print_at_once_get_different_numbers(paired, office):
    other = somebody(paired, "wang", "organiser")
    forms = [(one, one.get(AT).form(f"{AT}/print")) for one in (office, other)]
    told = {"kind": "tally", "copies": "5", "desk.d01": "yes"}
    pages = together(*(lambda one=one, form=form: one.send(form, **told) for one, form in forms))
    assert [page.status for page in pages] == [200, 200]
    assert sorted((row.first, row.last) for row in all_sheets(paired)) == [(1, 5), (6, 10)]


@ON_SQLITE
def test_a_print_of_nothing_or_too_much_comes_back(paired, office):
    form = office.get(AT).form(f"{AT}/print")
    for told in ({}, {"desk.d01": "yes", "copies": "51"}, {"desk.d01": "yes", "copies": "-1"}, {"copies": "x"}):
        page = office.send(form, kind="tally", **told)
        assert (page.status, "problem" in page, balance(paired)) == (422, True, {}), told


@ON_SQLITE
def test_on_a_complaint_sheet_no_consent_is_chosen_beforehand_and_no_identity_number_is_asked(office):
    page = put_on_paper(office, "complaint", 1)
    assert ("checked" not in page.text.partition("<main")[2], f"告知版本 {NOTICE_VERSION}<" in page) == (True, True)
    assert "身份证号、银行卡号请不要写" in page


def test_a_sheet_s_rows_are_the_desk_s_counters_with_bundles_apart_and_its_columns_the_hours_it_is_open():
    fair = a_fair()
    desk = msgspec.structs.replace(fair.desks[0], opens="09:30", closes="13:30")
    assert papers.hours_at(desk) == [9, 10, 11, 12, 13, 14]
    fields = [row.at(9) for row in papers.rows_at(fair, desk)]
    assert fields == [
        "n.9.consultation", "b.9.leaflet.law", "n.9.leaflet.law", "b.9.leaflet.fakes", "n.9.leaflet.fakes",
        "n.9.headcount", "n.9.headout", "n.9.board",
    ]  # fmt: skip


# --- keying in ----------------------------------------------------------------------------------------


def test_a_tally_sheet_is_keyed_in_to_its_day_hours_and_desk_and_figures_say_what_came_on_paper(paired, office):
    put_on_paper(office)
    paired.clock.tick(26 * 3600)
    office = paired.in_the_office()
    page = office.send(office.get(sheet(2)).form(f"{sheet(2)}/counts"), go="check", day=DAY, **CELLS)
    assert "对上了" in page
    assert kinds(paired) == ["sheet.printed"]
    page = office.send(page.form(f"{sheet(2)}/counts"), go="keep")
    assert ("已录入" in page, "157" in page) == (True, True)
    with paired.hub.store.reading() as tx:
        found = {one.key: one for one in figures_of(tx, find_fair(tx, "demo"), DAY)}
        by_hour, desks = totals.sums_by_hour(tx, "demo", "tally.headcount"), totals.sums_by_desk(tx, "demo", ["d02"])
    assert (found["headcount"].value, found["headcount"].paper, found["headcount"].raw) == (42, 42, None)
    assert (found["leaflets"].value, found["leaflets"].paper) == (157, 157)
    assert by_hour == {9: 12, 10: 30}
    assert desks["d02"]["paper.tally.leaflet.law"] == desks["d02"]["tally.leaflet.law"] == 157


def test_a_sheet_is_keyed_in_once_and_the_second_is_told_by_whom_and_when(paired, office):
    put_on_paper(office)
    other = somebody(paired, "wang", "intake")
    late = other.get(sheet(1)).form(f"{sheet(1)}/counts")
    key_in(office, 1, **CELLS)
    page = other.send(late, go="keep", day=DAY, **{"n.9.headcount": "5"})
    assert (page.status, "chen" in page, "2027-03-15 09:30" in page, "更正" in page) == (409, True, True, True)
    assert kinds(paired) == ["sheet.printed", "sheet.keyed", *["sheet.counted"] * 3]


@ON_SQLITE
def test_a_lost_reply_is_asked_for_again_and_other_counts_are_not_taken(paired, office):
    put_on_paper(office)
    form = office.get(sheet(1)).form(f"{sheet(1)}/counts")
    told = {"go": "keep", "day": DAY, **CELLS}
    assert [office.send(form, **told).status for _ in range(2)] == [200, 200]
    assert office.send(form, **told, **{"n.11.headcount": "1"}).status == 409
    assert kinds(paired).count("sheet.counted") == 3


def test_two_who_key_the_same_sheet_at_once_key_it_once(paired, office):
    put_on_paper(office)
    other = somebody(paired, "wang", "organiser")
    forms = [(one, one.get(sheet(1)).form(f"{sheet(1)}/counts")) for one in (office, other)]
    pages = together(*(lambda one=one, form=form: one.send(form, go="keep", **CELLS) for one, form in forms))
    assert sorted(page.status for page in pages) == [200, 409]
    assert kinds(paired).count("sheet.keyed") == 1
    with paired.hub.store.reading() as tx:
        assert totals.sums(tx, "demo")["tally.headcount"] == 42


@ON_SQLITE
def test_a_cell_that_holds_no_count_comes_back_with_the_others_kept(paired, office):
    put_on_paper(office)
    for typed in ("-1", "x", "1.5", "9999999", "٣", "1 2"):
        page = key_in(office, 1, **{**CELLS, "n.9.headcount": typed})
        assert (page.status, "aria-invalid" in page, 'value="30"' in page) == (422, True, True), typed
    assert kinds(paired) == ["sheet.printed"]


@ON_SQLITE
def test_full_width_digits_are_digits(paired, office):
    put_on_paper(office)
    key_in(office, 1, **{"n.9.headcount": "１２"})
    with paired.hub.store.reading() as tx:
        assert totals.sums(tx, "demo")["paper.tally.headcount"] == 12


@ON_SQLITE
def test_an_empty_sheet_is_said_to_be_blank_and_a_day_is_one_of_the_fair(paired, office):
    put_on_paper(office)
    assert "登记为空白" in key_in(office, 1)
    for day in ("2027-03-14", "2027-03-16", "x", "2027-02-30"):
        assert key_in(office, 1, day=day, **CELLS).status == 422
    assert kinds(paired) == ["sheet.printed"]


@ON_SQLITE
def test_a_sheet_is_found_by_its_number_or_by_the_address_a_scanner_types(paired, office):
    put_on_paper(office)
    code = write_number("demo", 2)
    for typed in (code, code.lower(), f"http://localhost{sheet(2)}"):
        assert office.get(f"{AT}/find?number={typed}").path == sheet(2)


@ON_SQLITE
def test_numbers_that_are_not_of_this_fair_s_sheets_are_told_apart(paired, office):
    put_on_paper(office)
    with paired.hub.store.begin() as tx:
        add_fair(tx, a_fair(id="spring"))
    good = write_number("demo", 1)
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    for typed, code, status in (
        (wrong, "抄错了一处", 422),
        (write_number("spring", 1), "另一场活动", 422),
        (write_number("demo", 4), "没有印过", 404),
        ("-1", "抄错了一处", 422),
        ("9" * 200, "抄错了一处", 422),
    ):
        page = office.get(f"{AT}/find?number={typed}")
        assert (page.status, code in page) == (status, True), typed
        assert office.get(f"{AT}/sheets/{typed}").status == status, typed


@ON_SQLITE
def test_who_only_looks_sees_the_balance_and_keys_nothing(paired, office):
    put_on_paper(office)
    viewer = somebody(paired, "wang", "viewer")
    page = viewer.get(AT)
    assert (page.status, f'action="{AT}/print"' in page) == (200, False)
    csrf = page.form("/logout").values["csrf"]
    assert viewer.get(sheet(1)).status == 403
    for address, told in (
        (f"{sheet(1)}/counts", {"day": DAY, "go": "keep"}),
        (f"{AT}/void", {"number": write_number("demo", 1), "reason": "x"}),
        (f"{AT}/blank", {"first": write_number("demo", 1)}),
    ):
        assert viewer.post(address, csrf=csrf, **told).status == 403
    assert kinds(paired) == ["sheet.printed"]


# --- complaints ---------------------------------------------------------------------------------------


def test_a_complaint_on_paper_goes_sealed_and_its_sheet_s_fact_says_nothing_of_it(paired, office):
    put_on_paper(office, "complaint")
    page = key_complaint(office, 1)
    assert ("查询码" in page, page.status) == (True, 200)
    ((_, _, case, fair, desk, _, channel, *_),) = rows(paired.hub, complaints)
    assert (fair, desk, channel, case in page) == ("demo", "d02", "paper", True)
    assert kinds(paired) == ["sheet.printed", "sheet.keyed", "complaint.filed"]
    keyed = next(envelope.decode(bytes(row[2])) for row in rows(paired.hub, facts) if row[4] == "sheet.keyed")
    assert keyed.body == {"number": 1, "kind": "complaint", "day": DAY}
    for secret in (COMPLAINT[name] for name in ("name", "phone", "address", "facts", "respondent")):
        assert find(stored(paired.hub), secret) == []
    with paired.hub.store.reading() as tx:
        sums = totals.sums(tx, "demo")
    assert (sums["complaint.filed"], sums["complaint.paper"]) == (1, 1)


@ON_SQLITE
def test_a_complaint_sheet_is_keyed_in_once_and_a_lost_receipt_comes_again(paired, office):
    put_on_paper(office, "complaint")
    late = office.get(sheet(1)).form(f"{sheet(1)}/complaint")
    form = office.get(sheet(1)).form(f"{sheet(1)}/complaint")
    told = {**COMPLAINT, "matter": "complaint"}
    first, again = (office.send(form, **told) for _ in range(2))
    assert first.text == again.text
    assert office.send(late, **told).status == 409
    assert office.post(f"{sheet(2)}/complaint", **{**form.values, **told}).status == 409
    assert kinds(paired).count("complaint.filed") == 1


@ON_SQLITE
def test_an_unsigned_report_on_paper_needs_no_name(paired, office):
    put_on_paper(office, "complaint")
    unsigned = dict.fromkeys(("name", "phone", "address", "forward", "mediation", "publicity", "consumer"), "")
    assert key_complaint(office, 1, **REPORT, **unsigned).status == 200
    with paired.hub.store.reading() as tx:
        assert totals.sums(tx, "demo")["report.paper"] == 1


@ON_SQLITE
def test_on_paper_too_somebody_may_act_for_another(paired, office):
    assert "受托人姓名" in put_on_paper(office, "complaint", 1)
    assert key_complaint(office, 1, **{**FOR_ANOTHER, "on_behalf_phone": ""}).status == 422
    assert key_complaint(office, 1, **FOR_ANOTHER).status == 200
    assert kinds(paired) == ["sheet.printed", "sheet.keyed", "complaint.filed"]


@ON_SQLITE
def test_what_is_missing_or_wrong_on_a_complaint_comes_back_and_nothing_is_kept(paired, office):
    put_on_paper(office, "complaint")
    for changes in ({"forward": ""}, {"phone": "1"}, {"name": "", "facts": ""}, {"facts": "身份证110101199003070134"}):
        page = key_complaint(office, 1, **changes)
        assert (page.status, "fault" in page, "好又多小卖部" in page) == (422, True, True), changes
    form = office.get(sheet(1)).form(f"{sheet(1)}/complaint")
    assert office.send(form, **{**COMPLAINT, "notice": "", "matter": "complaint"}).status == 422
    assert kinds(paired) == ["sheet.printed"]


@ON_SQLITE
def test_who_takes_no_complaints_keys_none_and_no_sheet_is_keyed_as_the_other_kind(paired, office):
    put_on_paper(office, "complaint", 1)
    put_on_paper(office, "tally", 1)
    organiser = somebody(paired, "wang", "organiser")
    assert organiser.get(sheet(1)).status == 403
    counts = office.get(sheet(2)).form(f"{sheet(2)}/counts")
    counts.action = f"{sheet(1)}/counts"
    assert office.send(counts, go="keep", **CELLS).status == 422
    complaint = office.get(sheet(1)).form(f"{sheet(1)}/complaint")
    complaint.action = f"{sheet(2)}/complaint"
    assert office.send(complaint, **COMPLAINT, matter="complaint").status == 422
    assert kinds(paired) == ["sheet.printed"] * 2


# --- the balance --------------------------------------------------------------------------------------


def test_printed_is_keyed_and_void_and_blank_and_what_is_open_is_named(paired, office):
    put_on_paper(office, "tally", 6)
    key_in(office, 1, **CELLS)
    aside(office, "void", number=write_number("demo", 2), reason="淋湿了")
    page = aside(office, "blank", first=write_number("demo", 1), last=write_number("demo", 4))
    assert balance(paired) == {"d02": (6, 1, 1, 2, 2)}
    assert [write_number("demo", n) in page for n in range(1, 7)] == [False] * 4 + [True] * 2
    with paired.hub.store.reading() as tx:
        fair = find_fair(tx, "demo")
        assert (papers.open_sheets(tx, fair, DAY), papers.open_sheets(tx, fair, "2027-03-14")) == ({"d02": 2}, {})
    page = aside(office, "blank", first=write_number("demo", 5), last=write_number("demo", 6))
    assert "都登记了去向" in page
    with paired.hub.store.reading() as tx:
        assert papers.open_sheets(tx, find_fair(tx, "demo"), DAY) == {}


@ON_SQLITE
def test_a_blank_sheet_that_turns_up_with_counts_is_keyed_in_and_then_is_not_blank(paired, office):
    put_on_paper(office)
    aside(office, "blank", first=write_number("demo", 1))
    assert "登记过空白" in office.get(sheet(1))
    key_in(office, 1, **CELLS)
    assert balance(paired) == {"d02": (3, 1, 0, 0, 2)}
    assert aside(office, "blank", first=write_number("demo", 1)).status == 409
    assert aside(office, "void", number=write_number("demo", 1), reason="x").status == 409


@ON_SQLITE
def test_a_sheet_is_set_aside_once_and_for_a_reason(paired, office):
    put_on_paper(office)
    told = {"number": write_number("demo", 1), "reason": "撕破了"}
    assert [aside(office, "void", **told).status for _ in range(2)] == [200, 200]
    assert aside(office, "void", **{**told, "reason": "另一个原因"}).status == 409
    for reason in ("", "因" * 201, "13800000000"):
        assert aside(office, "void", number=write_number("demo", 2), reason=reason).status == 422
    assert kinds(paired) == ["sheet.printed", "sheet.voided"]


@ON_SQLITE
def test_before_sheets_are_set_aside_they_are_named_with_their_desks(paired, office):
    put_on_paper(office, "tally", 2, "d02", "d03")
    void = office.send(office.get(AT).form(f"{AT}/void"), number=write_number("demo", 1), reason="淋湿了")
    aside(office, "void", number=write_number("demo", 2), reason="撕破了")
    told = {"first": write_number("demo", 1), "last": write_number("demo", 4)}
    blank = office.send(office.get(AT).form(f"{AT}/blank"), **told)
    for page, named, words in ((void, (1,), "淋湿了"), (blank, (1, 3, 4), "有 2 个服务台的单子")):
        assert [n for n in range(1, 5) if f'<span class="num">{write_number("demo", n)}' in page or
                f' {write_number("demo", n)}</span>' in page] == list(named)  # fmt: skip
        assert words in page
    assert kinds(paired) == ["sheet.printed"] * 2 + ["sheet.voided"]


@ON_SQLITE
def test_a_range_of_blanks_holds_only_sheets_that_were_printed(paired, office):
    put_on_paper(office)
    for first, last in ((2, 9), (3, 1)):
        page = aside(office, "blank", first=write_number("demo", first), last=write_number("demo", last))
        assert page.status in (404, 422)
    assert balance(paired) == {"d02": (3, 0, 0, 0, 3)}


# --- folded again -------------------------------------------------------------------------------------


def test_folding_everything_again_comes_to_the_same_and_a_missing_row_is_found(paired, office):
    put_on_paper(office, "tally", 4)
    put_on_paper(office, "complaint", 1)
    key_in(office, 1, **CELLS)
    key_complaint(office, 5)
    aside(office, "void", number=write_number("demo", 2), reason="淋湿了")
    aside(office, "blank", first=write_number("demo", 3))
    before = rows(paired.hub, sheets), balance(paired)
    assert list(ledger.verify(paired.hub)) == []
    ledger.rebuild(paired.hub)
    assert (rows(paired.hub, sheets), balance(paired)) == before
    with paired.hub.store.begin() as tx:
        tx.execute(sheets.delete().where(sheets.c.step == "blank"))
    assert any("among the sheets is not what it says" in fault for fault in ledger.verify(paired.hub))


@ON_SQLITE
def test_what_a_sheet_that_is_out_has_a_row_for_stays_as_it_was_printed(paired, office):
    """Keyed in, whole bundles would count for others than those on the paper, or for nothing."""
    put_on_paper(office, "tally", 1)
    leaflets = "/fairs/demo/setup/leaflets"
    changes = office.get(f"{leaflets}/law").form(leaflets, id="law")
    assert "fair.on_paper" in office.send(changes, bundle="100")
    assert "fair.on_paper" in office.send(office.get(f"{leaflets}/law").form(f"{leaflets}/remove"), id="law")
    assert office.send(changes, name="消法小手册").status == 200
    aside(office, "blank", first=write_number("demo", 1))
    changes = office.get(f"{leaflets}/law").form(leaflets, id="law")
    assert office.send(changes, bundle="100").status == 200


@pytest.mark.parametrize("hub", ["postgresql"], indirect=True)
def test_no_desk_is_taken_off_while_sheets_are_printed_for_it(paired, office, monkeypatch):
    form = office.get(AT).form(f"{AT}/print")
    other, looked, printing = paired.in_the_office(), uses.refusals, []

    def look(*told):
        found = looked(*told)
        thread = threading.Thread(target=lambda: other.send(form, kind="tally", copies="1", **{"desk.d09": "yes"}))
        thread.start()
        thread.join(0.5)
        printing.append(thread)
        return found

    monkeypatch.setattr(uses, "refusals", look)
    form.values["csrf"] = other.get(AT).form(f"{AT}/print").values["csrf"]
    desks = "/fairs/demo/setup/desks"
    office.send(office.get(f"{desks}/d09").form(f"{desks}/remove"), id="d09")
    printing[0].join()
    with paired.hub.store.reading() as tx:
        known = {desk.id for desk in find_fair(tx, "demo").desks}
    assert "d09" not in known
    assert rows(paired.hub, sheets) == []


@ON_SQLITE
def test_of_a_fair_run_elsewhere_nothing_is_printed_here(paired, office):
    """Its own hub gives out the same numbers."""
    with paired.hub.store.begin() as tx:
        add_fair(tx, a_fair(id="elsewhere"))
        tx.execute(fairs.update().where(fairs.c.id == "elsewhere").values(origin="ab" * 16))
    at = "/fairs/elsewhere/papers"
    page = office.send(office.get(at).form(f"{at}/print"), kind="tally", copies="1", **{"desk.d02": "yes"})
    assert (page.status, rows(paired.hub, sheets)) == (409, [])


@ON_SQLITE
def test_a_sheet_of_a_desk_that_is_gone_can_be_keyed_in(paired, office):
    """It goes by the first venue, where nobody may stand and entrances may be others."""
    bare = Venue("v0", Text("空场", "Nobody's"), [Entrance("e1", Text("东门", "East gate"))])
    with paired.hub.store.begin() as tx:
        printed = SheetPrinted(kind="tally", first=1, last=1, notice="")
        journal.append(tx, "demo", printed, desk="gone", by="chen", now=paired.clock.now(), mono=1)
        fair = a_fair(venues=[bare, *a_fair().venues])
        tx.execute(fairs.update().values(document=msgspec.json.encode(fair).decode()))
    assert key_in(office, 1, **{"n.9.headcount.e1": "3"}).status == 200
    assert office.get("/fairs/demo/venues").status == 200
