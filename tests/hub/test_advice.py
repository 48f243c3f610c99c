"""Questions at the hub: opened by name, answered, and read by the code from anywhere."""

import hashlib
import re

import msgspec
import pytest
from sqlalchemy import event, select

from kiosk.booth.journal import Draft
from kiosk.facts import envelope
from kiosk.facts.advice import AdviceAsked, Question
from kiosk.facts.complaints import Context
from kiosk.hub import blobs as hub_blobs
from kiosk.hub import ledger, people, retention
from kiosk.hub.advice import TRIES
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.hub.store import insert_once
from kiosk.hub.tables import advice, blobs, facts, openings, replies
from kiosk.sync import keys
from tests.booth.test_advice import QUESTION, ask, number_on
from tests.hub.search import find, stored
from tests.hub.tablets import rows
from tests.makers import Browser, Page, Pair, an_id, facts_of
from tests.proof import share_hubs

ANSWER = "能退。经营者停业要退还余额，先打 12315。"
AT = "/fairs/demo/advice"


@pytest.fixture
def number(paired: Pair) -> str:
    """Of a question that came with the tablet's facts."""
    page = ask(paired.visitor())
    paired.sync()
    return number_on(page)


def answer(office: Browser, number: str, **told: str) -> Page:
    form = office.get(f"{AT}/{number}").form(f"{AT}/{number}")
    return office.send(form, answer=ANSWER, **told)


def phone(paired: Pair) -> Browser:
    return Browser(paired.hub_app.test_client())


def look_up(browser: Browser, code: str) -> Page:
    return browser.send(browser.get("/m/advice").form("/m/advice"), code=code)


def figures(paired: Pair) -> dict[str, object]:
    with paired.hub.store.reading() as tx:
        return {one.key: one.value for one in figures_of(tx, find_fair(tx, "demo"))}


def of_kind(paired: Pair, kind: str) -> list[envelope.Fact]:
    return [envelope.decode(bytes(row[2])) for row in rows(paired.hub, facts) if row[4] == kind]


# --- from the tablet to the phone ------------------------------------------------------------------------


def test_a_question_is_answered_and_read_by_its_code(paired: Pair, number: str):
    assert "还没有答复" in look_up(phone(paired), number)
    assert answer(paired.in_the_office(), number).status == 200
    for typed in (number, number.lower().replace("-", ""), f" {number} "):
        assert ANSWER in look_up(phone(paired), typed)
    assert QUESTION not in look_up(phone(paired), number)


def test_a_code_nobody_was_given_is_answered_as_one_that_waits(paired: Pair, number: str):
    page = look_up(phone(paired), number).text
    for other in ("0000-00000", "x", "7KQ2-M0ZRT", "' OR 1=1", "１２３４"):
        found = look_up(phone(paired), other)
        assert found.status == 200
        body = re.sub(r'value="[^"]*"', "", found.text)
        assert body == re.sub(r'value="[^"]*"', "", page)


def test_a_code_that_waits_takes_the_same_questions_to_the_database_as_one_of_nobody(paired: Pair, number: str):
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(paired.hub.store.engine, "before_cursor_execute", listen)
    seen = []
    for code in (number, "7KQ2-M0ZRT", "not a code"):
        asked.clear()
        phone(paired).post("/m/advice", code=code)
        seen.append([*asked])
    event.remove(paired.hub.store.engine, "before_cursor_execute", listen)
    assert seen[0] == seen[1] == seen[2] != []


def test_one_address_cannot_guess_for_ever(paired: Pair):
    answers = [phone(paired).post("/m/advice", code="7KQ2-M0ZRT").status for _ in range(TRIES + 1)]
    assert (answers[-2], answers[-1]) == (200, 429)
    paired.clock.tick(601)
    assert phone(paired).post("/m/advice", code="7KQ2-M0ZRT").status == 200


def test_the_list_for_everybody_has_the_answerer_s_words_and_only_when_asked_for(paired: Pair, number: str):
    office, wording = paired.in_the_office(), "店关门了，预付卡里的钱怎么退？"
    answer(office, number)
    assert ANSWER not in phone(paired).get("/m/advice")
    answer(office, number, listed="yes", wording=wording)
    page = phone(paired).get("/m/advice")
    assert (wording in page, ANSWER in page, QUESTION in page) == (True, True, False)


def test_the_newest_answer_holds_and_counts_once(paired: Pair, number: str):
    office = paired.in_the_office()
    answer(office, number, listed="yes", wording="怎么退卡？")
    again = office.get(f"{AT}/{number}").form(f"{AT}/{number}")
    office.send(again, answer="更正：先找发卡的公司。")
    page = look_up(phone(paired), number)
    assert ("更正：先找发卡的公司。" in page, ANSWER in page) == (True, False)
    assert figures(paired)["advice_answered"] == 1
    assert [fact.body["again"] for fact in of_kind(paired, "advice.answered")] == [False, True]


def test_the_same_answer_sent_twice_is_one(paired: Pair, number: str):
    office = paired.in_the_office()
    form = office.get(f"{AT}/{number}").form(f"{AT}/{number}")
    for text in (ANSWER, "又一个"):
        office.send(form, answer=text)
    assert [row.answer for row in _replies(paired)] == [ANSWER]


def _replies(paired: Pair):
    with paired.hub.store.reading() as tx:
        return tx.execute(select(replies)).all()


def opened(office: Browser, number: str, reason: str = "answering") -> Page:
    return office.send(office.get(f"{AT}/{number}").form(f"{AT}/{number}/open"), reason=reason)


# --- opened by name -----------------------------------------------------------------------------------------


def test_each_opening_is_a_fact_with_a_name(paired: Pair, number: str):
    office = paired.in_the_office()
    sealed = office.get(f"{AT}/{number}")
    assert (QUESTION in sealed, of_kind(paired, "advice.opened")) == (False, []), "looking opens nothing"
    page = opened(office, number)
    [fact] = of_kind(paired, "advice.opened")
    assert (QUESTION in page, fact.body) == (True, {"number": number, "reason": "answering"})
    assert fact.by.startswith("p-")
    assert rows(paired.hub, openings) == []


def test_nobody_without_the_key_opens_or_answers_and_still_sees_how_many_wait(paired: Pair, number: str):
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "wang", "another-made-up-password", {"organiser"})
    other = Browser(paired.hub_app.test_client()).sign_in("wang", "another-made-up-password")
    page = other.get(AT)
    assert ("待答 1 件" in page, f'href="{AT}/{number}"' in page) == (True, False)
    csrf = page.form("/logout").values["csrf"]
    told = {"id": an_id(), "answer": ANSWER, "csrf": csrf}
    assert f"{AT}/{number}/open" not in other.get(f"{AT}/{number}")
    assert other.post(f"{AT}/{number}/open", reason="answering", csrf=csrf).status == 423
    assert other.post(f"{AT}/{number}", **told).status == 423
    assert of_kind(paired, "advice.opened") == of_kind(paired, "advice.answered") == []


def test_a_question_of_another_fair_and_one_that_is_none_are_not_there(paired: Pair, number: str):
    office = paired.in_the_office()
    for one in ("0000-00000", "x", "%00", "%27%20OR%201=1"):
        assert office.get(f"{AT}/{one}").status == 404
    assert office.get(f"/fairs/other/advice/{number}").status == 404


@share_hubs
@pytest.mark.parametrize("told", [{}, {"listed": "yes", "wording": "打13800000000"}, {"listed": "yes"}], ids=str)
def test_an_answer_with_a_number_of_a_person_or_without_words_is_not_published(paired: Pair, number: str, told):
    office = paired.in_the_office()
    form = office.get(f"{AT}/{number}").form(f"{AT}/{number}")
    for text in ("找我 138 0000 0000", "", "答" * 2001) if not told else (ANSWER,):
        page = office.send(form, answer=text, **told)
        assert (page.status, 'aria-invalid="true"' in page, QUESTION in page) == (422, True, True)
    assert _replies(paired) == []
    shown = 1 if told else 3
    assert len(of_kind(paired, "advice.opened")) == shown  # each page that shows it is an opening


def test_nothing_a_visitor_asked_stands_anywhere_in_the_clear(paired: Pair, number: str, caplog):
    caplog.set_level(0)
    answer(paired.in_the_office(), number)
    assert len(rows(paired.hub, blobs)) == 1
    assert find(stored(paired.hub) + caplog.text.encode(), QUESTION) == []


def test_a_blob_of_another_question_is_not_shown_for_it(paired: Pair, number: str):
    page = ask(paired.visitor(), "别的问题")
    paired.sync()
    other = number_on(page)
    with paired.hub.store.begin() as tx:
        content = Question(text="冒充", context=Context(fair="demo", fact=an_id(9), case=other))
        sealed = keys.seal(paired.hub.sealing_key, msgspec.json.encode(content))
        name = hashlib.sha256(sealed).hexdigest()
        insert_once(tx, blobs, [{"sha256": name, "content": sealed, "received_at": 0.0}])
        tx.execute(advice.update().where(advice.c.number == other).values(blob=name))
    assert "seal.broken" in opened(paired.in_the_office(), other)


# --- how many ------------------------------------------------------------------------------------------------


def test_questions_are_advice_and_no_complaints(paired: Pair, number: str):
    found = figures(paired)
    wanted = {"advice_asked": 1, "advice_answered": 0, "consultations": 1, "complaints": 0, "hotline_calls": 0}
    assert {key: found[key] for key in wanted} == wanted


def test_what_waits_longer_than_promised_is_shown_as_overdue(paired: Pair, number: str):
    office = paired.in_the_office()
    assert "2027-03-22" in office.get(AT)
    paired.clock.tick(7 * 24 * 3600)
    assert "过期未答" not in paired.in_the_office().get(AT)
    paired.clock.tick(24 * 3600)
    office = paired.in_the_office()
    assert "过期未答 1 件" in office.get(AT)
    answer(office, number)
    page = office.get(AT)
    assert ("都答复了" in page, number in page) == (True, False)
    assert number in office.get(f"{AT}?show=answered")


def test_many_questions_stand_on_pages_the_oldest_first(paired: Pair):
    for place in range(60):
        body = AdviceAsked(number=f"7KQ2-M{place:04d}", blob=f"{place:064x}", size=9, channel="visitor")
        paired.booth.journal.append(_draft(place, body))
    paired.sync()
    office = paired.in_the_office()
    assert "第 1 页，共 2 页" in office.get(AT)
    assert office.get(f"{AT}?page=2").text.count('class="case"') == 10
    for page in ("9999", "0", "-1", "x", "٣", "1" * 99):
        assert office.get(f"{AT}?page={page}").status == 200


def _draft(place: int, body: AdviceAsked):
    return Draft(an_id(place + 1), body, "visitor", b"sealed %d" % place)


# --- folded again ---------------------------------------------------------------------------------------------


def test_folding_everything_again_comes_to_the_same_and_a_changed_row_is_found(paired: Pair, number: str):
    answer(paired.in_the_office(), number, listed="yes", wording="怎么退卡？")
    before = rows(paired.hub, advice), rows(paired.hub, replies)
    assert list(ledger.verify(paired.hub)) == []
    ledger.rebuild(paired.hub)
    assert (rows(paired.hub, advice), rows(paired.hub, replies)) == before
    with paired.hub.store.begin() as tx:
        tx.execute(replies.update().values(answer="别的"))
    assert any("among the replies is not what it says" in fault for fault in ledger.verify(paired.hub))


# --- the content on its way, and its end ------------------------------------------------------------------------


def test_the_content_of_a_question_is_asked_for_until_it_is_here(paired: Pair):
    page = ask(paired.visitor())
    paired.sync()
    with paired.hub.store.begin() as tx:
        tx.execute(blobs.delete())
    identity = paired.booth.journal.identity()
    with paired.hub.store.reading() as tx:
        [lacking] = hub_blobs.lacking(tx, identity.journal)
    [asked] = facts_of(paired.booth.journal, "advice.asked")
    assert lacking.seq == asked.seq
    assert "还没传到" in paired.in_the_office().get(AT)
    assert f'href="{AT}/{number_on(page)}"' not in paired.in_the_office().get(AT)


def test_on_its_date_the_question_goes_and_its_answer_stays(paired: Pair, number: str):
    answer(paired.in_the_office(), number)
    paired.clock.tick(200 * 24 * 3600)
    assert [one.count for one in retention.erase(paired.hub)] == [1]
    assert rows(paired.hub, blobs) == []
    [fact] = of_kind(paired, "case.erased")
    assert fact.body["case"] == number
    office = paired.in_the_office()
    assert "内容已按期限删除" in office.get(f"{AT}/{number}")
    assert ANSWER in look_up(phone(paired), number)
    assert [fault for fault in ledger.verify(paired.hub) if "erase" in fault] == []
    assert (figures(paired)["advice_asked"], figures(paired)["advice_answered"]) == (1, 1)
