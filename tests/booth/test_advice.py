"""A question left at the tablet: sealed before it is kept, without a phone number, once."""

import pytest

from kiosk.booth.context import Booth
from kiosk.errors import COMPLAINT_UNOPENABLE, STORAGE_LOW, Problem
from kiosk.facts.advice import QUESTION_LIMIT
from kiosk.reports.amounts import fold
from tests.hub.search import find
from tests.makers import Browser, Page, Pair, an_id, facts_of

QUESTION = "预付卡里还有八百块，店关门了，能退吗？"


def ask(visitor: Browser, question: str = QUESTION, address: str = "/advice", **more: str) -> Page:
    return visitor.send(visitor.get(address).form(address), question=question, **more)


def number_on(page: Page) -> str:
    return page.text.partition('<strong class="num">')[2].partition("<")[0]


def test_a_visitor_leaves_a_question_and_takes_a_code_and_an_address_away(visitor: Browser, booth: Booth):
    page = ask(visitor)
    [fact] = facts_of(booth.journal, "advice.asked")
    assert (page.status, number_on(page)) == (200, fact.body["number"])
    assert (fact.by, fact.body["channel"]) == ("visitor", "visitor")
    assert ("localhost/m/advice" in page, "7 天之内" in page, "data-print" in page) == (True, True, True)


def test_a_volunteer_writes_one_down_and_it_has_their_name(paired: Pair):
    page = ask(paired.at_the_desk(), address="/staff/advice")
    [fact] = facts_of(paired.booth.journal, "advice.asked")
    assert (fact.by, fact.body["channel"], number_on(page)) == ("li", "volunteer", fact.body["number"])
    assert 'href="/staff"' in page


def test_the_staff_form_asks_for_the_pin_first(visitor: Browser):
    assert visitor.get("/staff/advice").path == "/staff/enter"


def test_a_question_typed_while_the_staff_screen_locked_is_kept_without_a_name(paired: Pair):
    volunteer = paired.at_the_desk()
    form = volunteer.get("/staff/advice").form("/staff/advice")
    paired.clock.tick(3600)
    assert volunteer.send(form, question=QUESTION).status == 200
    [fact] = facts_of(paired.booth.journal, "advice.asked")
    assert (fact.by, fact.body["channel"]) == ("visitor", "visitor")


def test_it_counts_as_advice_and_never_as_a_complaint(visitor: Browser, booth: Booth):
    ask(visitor)
    totals = {metric: n for (_, _, _, metric), n in fold(facts_of(booth.journal, "advice.asked")).items()}
    assert totals == {"advice.asked": 1, "tally.consultation": 1}


@pytest.mark.parametrize(
    "number", ["13800000000", "138 0000 0000", "wx13800000000", "11010519491231002X", "１３８００００００００"]
)
def test_a_number_of_a_person_is_refused_wherever_it_stands(visitor: Browser, booth: Booth, number: str):
    for question in (number, f"{QUESTION}打{number}找我", "问" * 200 + number + "问" * 200):
        page = ask(visitor, question)
        assert (page.status, "没有记下" in page, 'aria-invalid="true"' in page) == (422, True, True)
    assert facts_of(booth.journal) == []


@pytest.mark.parametrize("question", ["", " \n\t ", "问" * (QUESTION_LIMIT + 1)])
def test_an_empty_or_endless_question_comes_back(visitor: Browser, booth: Booth, question: str):
    page = ask(visitor, question)
    assert (page.status, 'aria-invalid="true"' in page) == (422, True)
    assert facts_of(booth.journal) == []


def test_numbers_that_are_nobodys_may_be_asked_about(visitor: Browser):
    for question in ("条码6901234567892是真的吗？", "订单20270315093012345678怎么退？", "《消法》第二十四条，500元"):
        assert ask(visitor, question).status == 200


def test_the_same_form_sent_twice_is_one_question_with_one_code(visitor: Browser, booth: Booth):
    form = visitor.get("/advice").form("/advice")
    numbers = {number_on(visitor.send(form, question=text)) for text in (QUESTION, "别的问题")}
    assert len(numbers) == len(facts_of(booth.journal, "advice.asked")) == 1


def test_the_id_of_another_fact_cannot_be_taken(paired: Pair):
    volunteer = paired.at_the_desk()
    volunteer.post("/staff/tally", id=an_id(5), counter="headcount", n="1")
    page = ask(paired.visitor(), id=an_id(5))
    assert (page.status, "fact.conflict" in page) == (409, True)


def test_nothing_of_the_question_touches_the_disk(visitor: Browser, booth: Booth):
    ask(visitor)
    disk = b"".join(file.read_bytes() for file in booth.config.data.rglob("*") if file.is_file())
    assert booth.journal.unsent()
    assert find(disk, QUESTION) == find(disk, "店关门了") == []


@pytest.mark.parametrize("kind", [STORAGE_LOW, COMPLAINT_UNOPENABLE], ids=lambda kind: kind.code)
def test_what_cannot_be_kept_now_stays_on_the_screen(visitor: Browser, booth: Booth, monkeypatch, kind):
    def refuse() -> None:
        raise Problem(kind)

    monkeypatch.setattr(booth.storage, "refuse_unless_ample", refuse)
    page = ask(visitor)
    assert (page.status, QUESTION in page, Problem(kind).sentence("zh") in page) == (kind.status, True, True)
    assert facts_of(booth.journal) == []


def test_what_is_typed_is_text_and_english_is_spoken_too(visitor: Browser):
    page = ask(visitor, "<x315 onclick=alert(1)>13800000000")
    assert ("<x315" in page, "&lt;x315" in page) == (False, True)
    visitor.client.set_cookie("lang", "en")
    assert "Within 7 days" in ask(visitor)
