"""Cases are found by a phone number that stands nowhere."""

import hashlib
import secrets

import pytest

from kiosk.facts.cases import CaseErased
from kiosk.facts.complaints import draw_case_number, tidy_phone
from kiosk.hub import journal, people, phonebook
from kiosk.hub.tables import phones
from kiosk.sync import keys
from tests.hub.phones import acts, leave_case, leave_sealed, opens
from tests.hub.search import find, stored
from tests.hub.tablets import rows
from tests.hub.test_cases import CASE, a_case, at, key_of, refused, row_of
from tests.makers import COMPLAINT, Browser, Page, Pair


@pytest.mark.parametrize(
    "typed", ["13800000000", "138 0000 0000", "+86 138-0000-0000", "１３８００００００００", "008613800000000"]
)
def test_a_number_is_the_same_however_it_is_typed(typed):
    assert phonebook.normal_phone(typed) == "13800000000"


@pytest.mark.parametrize("typed", ["（010）6000 0000 转 801", "010-60000000-801", "+86 10 6000 0000 ext. 801"])
def test_what_is_searched_for_is_what_the_form_keeps_of_the_same_typing(typed):
    assert phonebook.normal_phone(typed) == phonebook.normal_phone(tidy_phone(typed)) == "01060000000801"


@pytest.mark.parametrize("typed", ["", "abc", "12", "1" * 30, "138000x0000", "١٣٨٠٠٠٠٠٠٠٠"])
def test_what_is_no_number_is_none(typed):
    assert phonebook.normal_phone(typed) == ""


def test_cases_are_found_by_a_number_that_stands_nowhere(hub):
    tablet = a_case(hub)
    a_case(hub, "7KQ2-M0ZRD", tablet)
    a_case(hub, "7KQ2-M0ZRX", tablet, phone="13900000001")
    key = key_of(hub)
    with at(hub) as (tx, fair):
        assert phonebook.unindexed(tx, fair.id)
        phonebook.index_more(tx, hub, key, most=2)
        assert phonebook.unindexed(tx, fair.id)
        phonebook.index_more(tx, hub, key)
        assert not phonebook.unindexed(tx, fair.id)
    with at(hub) as (tx, fair):
        assert phonebook.with_phone(tx, fair.id, key, "138 0000 0000") == ["7KQ2-M0ZRD", CASE]
        assert phonebook.with_phone(tx, fair.id, keys.PrivateKey.generate(), "13800000000") == []
        assert phonebook.of_same_phone(tx, row_of(hub)) == ["7KQ2-M0ZRD"]
        assert refused(lambda: phonebook.with_phone(tx, fair.id, key, "没有")) == "field.invalid"
    plain = hashlib.sha256(b"13800000000").hexdigest().encode()
    assert find(stored(hub), "13800000000") == []
    assert plain not in stored(hub)


def test_a_case_is_found_by_the_number_of_who_brought_it_for_somebody_else(hub):
    case, key = leave_case(hub, on_behalf="李小明", on_behalf_phone="13900001111"), key_of(hub)
    with at(hub) as (tx, fair):
        phonebook.index_more(tx, hub, key)
        assert phonebook.with_phone(tx, fair.id, key, "13900001111") == [case]
        assert phonebook.with_phone(tx, fair.id, key, COMPLAINT["phone"]) == [case]


def test_content_that_is_none_keeps_nobody_from_signing_in_and_is_tried_once(paired: Pair):
    for content in (b'{"name": "\xff\xfe"}', b"[" * 20_000, b'{"name":' + b"[" * 20_000, b'{"facts": "\\ud800"}', b""):
        leave_sealed(paired.hub, draw_case_number(), secrets.token_hex(16), content)
    office = paired.in_the_office()
    assert office.get("/fairs/demo/cases").status == 200
    assert [mark for _, mark, _ in rows(paired.hub, phones)] == [""] * 5
    for _, _, case in rows(paired.hub, phones):
        page = opens(office, case)
        assert (page.status, "seal.broken" in page) == (422, True)


def test_a_handler_finds_by_a_number_only_what_is_theirs(paired: Pair):
    office = paired.in_the_office()
    case = leave_case(paired.hub)
    with paired.hub.store.begin() as tx:
        key = people.open_key(tx, *paired.caseworker)
        handler = people.add_person(tx, "zhou", "a-made-up-password", {"handler"}, key)
    theirs = Browser(paired.hub_app.test_client()).sign_in("zhou", "a-made-up-password")
    assert (case in searched(theirs), case in searched(office)) == (False, True)
    assert acts(office, case, "assign", unit="", handler=handler.id).status == 200
    assert case in searched(theirs)


def searched(browser: Browser) -> Page:
    csrf = browser.get("/fairs/demo/cases").form("/logout").values["csrf"]
    return browser.post("/fairs/demo/cases/find", csrf=csrf, phone="13800000000")


def test_the_index_forgets_a_case_whose_content_was_deleted(hub):
    a_case(hub)
    with at(hub) as (tx, fair):
        phonebook.index_more(tx, hub, key_of(hub))
        body = CaseErased(case=CASE, blob=row_of(hub).blob)
        journal.append(tx, fair.id, body, desk="d01", by="hub", now=hub.clock.now(), mono=0)
    assert rows(hub, phones) == []
