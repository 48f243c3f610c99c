"""Answers as no orderly visitor sends them: again, late, out of order, made up, from two places at once.

What comes of each is the same everywhere: the first answer to a question is kept, once; whatever else comes changes
nothing and leads to the screen the play is at.
"""

import dataclasses
import random
import threading
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.sessions import Play
from kiosk.errors import STORAGE_FAILED, Problem
from kiosk.facts.envelope import Fact
from tests.booth.test_journal import assert_whole
from tests.booth.test_phones import a_phone, takes
from tests.booth.test_quizzes import answer, at_a, play, right_answer, the_answers, the_question, wrong_answer
from tests.clocks import FakeClock
from tests.makers import Browser, Form, a_pack, a_prize, an_id, facts_of, give_prizes
from tests.proof import figure, share


def the_play(booth: Booth) -> Play:
    [visit] = booth.visits._visits.values()
    assert visit.play is not None
    return visit.play


def all_single(booth: Booth, visitor: Browser) -> Play:
    """A play of questions of one touch each."""
    visitor.get("/quiz")
    found = the_play(booth)
    found.questions[:] = [one for one in booth.pack.questions if one.kind == "single"][:5]
    found.options[:] = [list(one.options) for one in found.questions]
    return found


def posts_of(found: Play) -> list[tuple[str, dict[str, str]]]:
    """Every request of a whole play, as the pages would have sent them."""
    sent = []
    for question, fact_id in zip(found.questions, found.fact_ids, strict=True):
        sent.append(("/quiz/answer", {"id": fact_id, "question": question.id, "option": question.answer[0]}))
        sent.append(("/quiz/next", {"question": question.id}))
    return sent


# --- replayed, reordered, late, duplicated ---------------------------------------------------------------


def test_a_whole_play_replayed_adds_nothing(visitor: Browser, booth: Booth):
    sent = posts_of(all_single(booth, visitor))
    for _ in range(3):
        assert {visitor.post(path, **values).status for path, values in sent} == {200}
    assert len(the_answers(booth)) == 5
    assert len(facts_of(booth.journal, "quiz.finished")) == 1
    assert booth.journal.day_totals("2027-03-15")["quiz.answered"] == 5


def test_an_answer_replayed_into_the_next_play_is_not_one_of_it(visitor: Browser, booth: Booth):
    [(path, old), *_] = posts_of(all_single(booth, visitor))
    play(visitor, booth, 5)
    visitor.post("/quiz/start", mode="standard")
    page = visitor.post(path, **old)
    assert (page.status, "1 / 5" in page, len(the_answers(booth))) == (200, True, 5)


def test_in_whatever_order_requests_arrive_no_answer_counts_twice_and_none_out_of_turn(visitor: Browser, booth: Booth):
    dice, orders = random.Random(315), share(200, 15)
    for _ in range(orders):
        visitor.get("/")
        found = all_single(booth, visitor)
        before = len(the_answers(booth))
        sent = posts_of(found) * 3
        dice.shuffle(sent)
        statuses = {visitor.post(path, **values).status for path, values in sent}
        kept = the_answers(booth)[before:]
        assert statuses == {200}
        assert [fact.id for fact in kept] == found.fact_ids[: len(kept)]
        assert [fact.body["question"] for fact in kept] == [one.id for one in found.questions[: len(kept)]]
    assert_whole(booth.journal)
    figure("orders of a play's requests, three times each: no answer twice, none out of turn", orders)


def test_an_answer_that_comes_before_its_question_was_shown_is_not_taken(visitor: Browser, booth: Booth):
    sent = posts_of(all_single(booth, visitor))
    for path, values in sent[2:]:
        assert visitor.post(path, **values).status == 200
    assert the_answers(booth) == []
    assert "1 / 5" in visitor.get("/quiz")


def test_an_answer_that_comes_when_the_visitor_was_forgotten_is_not_taken(
    visitor: Browser, booth: Booth, clock: FakeClock
):
    form = at_a("single", visitor, booth)
    clock.tick(76)
    page = visitor.send(form, option="a")
    assert (page.status, "1 / 5" in page, the_answers(booth)) == (200, True, [])


def test_one_answer_sent_eight_times_in_the_same_moment_is_one(booth_app: Flask, visitor: Browser, booth: Booth):
    for _ in range(share(50, 10)):
        before = len(the_answers(booth))
        visitor.get("/")
        form = at_a("single", visitor, booth)
        token = visitor.client.get_cookie("visit").value
        gate, statuses = threading.Barrier(8), []

        def send(
            number: int,
            form: Form = form,
            token: str = token,
            gate: threading.Barrier = gate,
            statuses: list[int] = statuses,
        ) -> None:
            hand = Browser(booth_app.test_client())
            hand.client.set_cookie("visit", token)
            gate.wait()
            statuses.append(hand.send(form, option="abcd"[number % 4]).status)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 8
        assert [fact.id for fact in the_answers(booth)[before:]] == [form.values["id"]]
        assert len(the_play(booth).chosen) == 1  # no question was passed over


# --- made up ---------------------------------------------------------------------------------------------


def test_what_another_visitors_page_holds_answers_nothing_here(booth_app: Flask, visitor: Browser, booth: Booth):
    mine = at_a("single", visitor, booth)
    theirs = the_question(Browser(booth_app.test_client()))
    option = right_answer(booth, mine)[0]
    assert visitor.send(theirs, option=option).status in (200, 400)  # 400: by chance both are asked the same
    assert visitor.send(mine, id=theirs.values["id"], option=option).status == 400
    assert the_answers(booth) == []


def test_a_made_up_cookie_is_a_new_visitor(visitor: Browser, booth: Booth):
    answer(visitor, booth)
    for token in ("", "0" * 22, "é", "x" * 4000):
        visitor.client.set_cookie("visit", token)
        assert "1 / 5" in visitor.get("/quiz")
    assert len(the_answers(booth)) == 1


@pytest.mark.parametrize(
    "more", [{"right": "1"}, {"session": an_id()}, {"on": "phone"}, {"ms": "9"}, {"mode": "quick"}], ids=str
)
def test_a_page_cannot_say_more_than_what_was_chosen(visitor: Browser, booth: Booth, more: dict[str, str]):
    page = visitor.send(at_a("single", visitor, booth), option="a", **more)
    assert (page.status, "field.unknown" in page, the_answers(booth)) == (400, True, [])


@pytest.mark.parametrize("on", ["", "2", "true"])
def test_touches_that_no_screen_sends_choose_nothing_that_is_not_there(visitor: Browser, booth: Booth, on: str):
    form = at_a("multiple", visitor, booth)
    visitor.post("/quiz/pick", question=form.values["question"], option="a", on=on)
    assert "option-picked" not in visitor.get("/quiz")


# --- two tabs, Back ---------------------------------------------------------------------------------------


def test_of_two_tabs_the_first_answer_counts_and_the_other_tab_shows_it(visitor: Browser, booth: Booth):
    one = at_a("single", visitor, booth)
    other = the_question(visitor)
    assert one == other
    visitor.send(one, option=right_answer(booth, one)[0])
    page = visitor.send(other, option=wrong_answer(booth, other)[0])
    assert ("why-right" in page, len(the_answers(booth))) == (True, 1)
    assert the_answers(booth)[0].body["right"] is True


def test_a_tab_left_behind_leads_to_where_the_other_is(visitor: Browser, booth: Booth):
    left = at_a("single", visitor, booth)
    visitor.send(answer(visitor, booth).form("/quiz/next"))
    answer(visitor, booth)
    page = visitor.send(left, option="a")
    assert ("2 / 5" in page, len(the_answers(booth))) == (True, 2)


def test_a_play_begun_anew_in_one_tab_ends_the_one_in_the_other(visitor: Browser, booth: Booth):
    left = at_a("single", visitor, booth)
    visitor.post("/quiz/start", mode="quick")
    page = visitor.send(left, option="a")
    assert ("1 / 3" in page, the_answers(booth)) == (True, [])


def test_back_cannot_change_what_was_answered(visitor: Browser, booth: Booth):
    form = at_a("single", visitor, booth)
    explained = visitor.send(form, option=wrong_answer(booth, form)[0])
    assert explained.headers["Cache-Control"] == "no-store"  # so that Back asks for the page
    visitor.send(form, option=right_answer(booth, form)[0])
    assert "option-wrong" in visitor.get("/quiz")
    visitor.send(explained.form("/quiz/next"))
    visitor.send(form, option=right_answer(booth, form)[0])
    assert [fact.body["right"] for fact in the_answers(booth)] == [False]


def test_back_from_the_result_wins_no_second_voucher(visitor: Browser, booth: Booth, clock: FakeClock):
    give_prizes(booth, a_prize())
    sent = posts_of(all_single(booth, visitor))
    for _ in range(2):
        for path, values in sent:
            clock.tick(3)
            visitor.post(path, **values)
    assert len(facts_of(booth.journal, "prize.issued")) == 1


# --- the reply is lost ------------------------------------------------------------------------------------


def test_an_answer_whose_reply_was_lost_is_sent_again_and_is_one(visitor: Browser, booth: Booth):
    form = at_a("single", visitor, booth)
    told = {**form.values, "option": right_answer(booth, form)[0]}
    lost = visitor.client.post("/quiz/answer", data=told)
    assert lost.status_code == 303
    assert "why-right" in visitor.post("/quiz/answer", **told)
    assert len(the_answers(booth)) == 1


def test_a_next_whose_reply_was_lost_skips_nothing(visitor: Browser, booth: Booth):
    form = answer(visitor, booth).form("/quiz/next")
    visitor.client.post("/quiz/next", data=form.values)
    assert "2 / 5" in visitor.send(form)


@pytest.mark.parametrize("again", ["right", "wrong"])
def test_an_answer_that_the_disk_kept_without_saying_so_is_the_one_that_counts(
    visitor: Browser, booth: Booth, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, again: str
):
    """The commit was through when the error came. Whoever touches again must not be stuck, nor change it."""
    form = at_a("single", visitor, booth)
    append = Journal.append

    def keep_and_fail(journal: Journal, *drafts: Draft) -> list[Fact]:
        append(journal, *drafts)
        raise Problem(STORAGE_FAILED)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", keep_and_fail)
        assert visitor.send(form, option=right_answer(booth, form)[0]).status == STORAGE_FAILED.status
    clock.tick(2)
    chosen = right_answer(booth, form) if again == "right" else wrong_answer(booth, form)
    page = visitor.send(form, option=chosen[0])
    assert (page.status, "why-right" in page, len(the_answers(booth))) == (200, True, 1)
    assert "2 / 5" in visitor.send(page.form("/quiz/next"))


def test_an_answer_the_disk_did_not_take_is_asked_for_again(
    visitor: Browser, booth: Booth, monkeypatch: pytest.MonkeyPatch
):
    form = at_a("single", visitor, booth)

    def fail(_journal: Journal, *_drafts: Draft) -> list[Fact]:
        raise Problem(STORAGE_FAILED)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", fail)
        visitor.send(form, option="a")
    assert the_question(visitor) == form
    visitor.send(form, option="a")
    assert len(the_answers(booth)) == 1


# --- another pack, another start --------------------------------------------------------------------------


def test_a_play_ends_with_the_program_and_the_next_pack_asks_its_own(
    booth_app: Flask, visitor: Browser, booth: Booth, clock: FakeClock, tmp_path: Path
):
    """Visits are in memory only. Answers kept before name the pack they were given to, those after the new one."""
    booth.phones.url = "http://192.168.31.5:3150"
    booth_app.config["TRUSTED_HOSTS"] = [*booth.config.hosts, "192.168.31.5"]
    phone = a_phone(booth_app)
    takes(phone, booth.phones.door().address.rpartition("/")[2])
    form = the_question(visitor)
    answer(visitor, booth)
    next_form = visitor.get("/quiz").form("/quiz/next")
    booth.close()

    questions = a_pack(tmp_path / "pack") / "questions.json"
    questions.write_bytes(questions.read_bytes() + b"\n")  # another pack, if only by its version
    settings = dataclasses.replace(booth.config, pack=tmp_path / "pack", phone_url=booth.phones.url)
    again = create_booth_app(settings, clock)
    with closing(again.extensions["booth"]) as here:
        assert here.pack.version != booth.pack.version
        after = Browser(again.test_client())
        after.client.set_cookie("visit", visitor.client.get_cookie("visit").value)
        for old in (next_form, form):
            page = after.send(old, **({"option": "a"} if old is form else {}))
            assert (page.status, "1 / 5" in page) == (200, True)
        answer(after, here)
        assert [fact.body["pack"] for fact in the_answers(here)] == [booth.pack.version, here.pack.version]
        moved = a_phone(again)
        moved.client.set_cookie("phone", phone.client.get_cookie("phone", path="/m").value, path="/m")
        assert moved.get("/m/quiz").path == "/m/"
        assert_whole(here.journal)
