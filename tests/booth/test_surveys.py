"""Surveys at the tablet: every kind of question, one fact at the end, words sealed, nothing left of who answered."""

import json
from typing import Any

import msgspec
import pytest

from kiosk.booth.context import Booth, new_id
from kiosk.errors import STORAGE_LOW, Problem
from kiosk.facts.surveys import Words
from kiosk.packs.model import Text
from kiosk.packs.surveys import Choice, Question, Scale, Survey
from kiosk.reports.amounts import fold
from kiosk.sync import keys
from kiosk.web.surveys import ends_of
from tests.clocks import FakeClock
from tests.hub.search import find
from tests.makers import VOLUNTEER, Browser, Form, Page, a_draft, a_key, an_id, facts_of

SECRET = "我家楼下那家店的秤不准"


def text(words: str) -> Text:
    return Text(words, f"{words} (en)")


def ask(name: str, kind: str, **more: Any) -> Question:
    return msgspec.convert(
        {"name": name, "kind": kind, "label": {"zh": f"{name}吗？", "en": f"{name}?"}, **more}, Question
    )


def choices(*codes: str) -> list[Choice]:
    return [Choice(code=code, label=text(f"选{code}")) for code in codes]


def a_survey(*questions: Question, survey_id: str = "s1", **lists: list[Choice]) -> Survey:
    lists = {"yesno": choices("yes", "no"), **lists}
    return Survey(id=survey_id, version="1", title=text("消费环境"), questions=list(questions), lists=lists)


YES_NO = ask("know", "select_one", list_name="yesno")


def give(booth: Booth, *surveys: Survey, pair: str = "") -> None:
    """As if the hub had said so in its notice, which is not read again."""
    offered = [survey.id for survey in surveys if survey.id != pair]
    fair = msgspec.structs.replace(booth.enrolled.fair, surveys=offered, quiz_pair=pair)
    booth._enrolment = msgspec.structs.replace(booth.enrolled, fair=fair, surveys=list(surveys))
    booth._read_at = 1 << 60


def begin(visitor: Browser, survey_id: str = "s1", root: str = "", **more: str) -> Page:
    page = visitor.get(f"{root}/survey/{survey_id}")
    return visitor.send(page.form(f"{root}/survey/{survey_id}/begin"), **more)


def form(page: Page, root: str = "", survey_id: str = "s1") -> Form:
    return page.form(f"{root}/survey/{survey_id}")


def told(visitor: Browser, page: Page, **values: str) -> Page:
    return visitor.send(form(page), **values)


def the_fact(booth: Booth) -> dict[str, Any]:
    [fact] = facts_of(booth.journal, "survey.answered")
    return fact.body


def is_thanked(page: Page) -> bool:
    return page.status == 200 and "没有记下您是谁" in page


# --- what a scale means ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "ends"),
    [
        ("1 是很不满意，5 是非常满意。", ["很不满意", "非常满意"]),
        ("1=很不满意；5=非常满意", ["很不满意", "非常满意"]),
        ("1 is not satisfied at all, 5 is very satisfied.", ["not satisfied at all", "very satisfied"]),
        ("1 是很不满意，10 是非常满意。", []),  # not this scale
        ("1 是很不满意，3 是一般，5 是非常满意。", []),  # more than its ends
        ("请凭印象选。", []),
    ],
)
def test_words_for_the_ends_of_a_scale_are_found_in_its_hint(hint: str, ends: list[str]):
    assert ends_of(ask("stars", "rating"), hint) == ends


def test_the_ends_of_a_scale_stand_over_it_instead_of_the_hint(visitor: Browser, booth: Booth):
    hint = Text("1 是很不满意，5 是非常满意。", "1 is bad, 5 is good.")
    give(booth, a_survey(msgspec.structs.replace(ask("stars", "rating"), hint=hint)))
    page = begin(visitor)
    assert ("1 · 很不满意" in page, "5 · 非常满意" in page, hint.zh in page) == (True, True, False)


def test_each_scale_of_the_built_in_surveys_says_what_its_ends_mean(booth: Booth):
    scales = [one for survey in booth.pack.surveys for one in survey.questions if one.kind in ("range", "rating")]
    assert len(scales) == 4
    assert [len(ends_of(one, hint)) for one in scales for hint in (one.hint.zh, one.hint.en)] == [2] * 8


# --- the door -------------------------------------------------------------------------------------------


def test_there_is_a_door_only_where_the_fair_chose_surveys(visitor: Browser, booth: Booth):
    assert 'href="/survey"' not in visitor.get("/")
    assert visitor.get("/survey").status == 404
    give(booth, a_survey(YES_NO))
    assert 'href="/survey"' in visitor.get("/")
    assert visitor.get("/survey").path == "/survey/s1"
    give(booth, a_survey(YES_NO), a_survey(YES_NO, survey_id="s2"))
    page = visitor.get("/survey")
    assert ('href="/survey/s1"' in page, 'href="/survey/s2"' in page) == (True, True)


@pytest.mark.parametrize("is_required", [False, True])
def test_that_questions_may_be_skipped_is_said_only_where_all_may(visitor: Browser, booth: Booth, is_required: bool):
    give(booth, a_survey(YES_NO, msgspec.structs.replace(YES_NO, name="more", required=is_required)))
    page = visitor.get("/survey/s1")
    assert ("可以跳过" in page, "大约两分钟，不记姓名" in page) == (not is_required, is_required)


def test_a_survey_the_fair_did_not_choose_is_not_asked(visitor: Browser, booth: Booth):
    give(booth, a_survey(YES_NO), a_survey(YES_NO, survey_id="pair"), pair="pair")
    assert visitor.get("/survey/pair").status == visitor.get("/survey/other").status == 404


# --- every kind of question -----------------------------------------------------------------------------

#: Kind and what makes it a question; what is sent; what the fact says of it, or None where that is refused.
KINDS = [
    ({"kind": "select_one", "list_name": "yesno"}, {"pick": "no"}, ["no"]),
    ({"kind": "select_one", "list_name": "yesno", "appearance": "likert"}, {"pick": "yes"}, ["yes"]),
    ({"kind": "select_one", "list_name": "yesno", "appearance": "minimal"}, {"pick": "yes"}, ["yes"]),
    ({"kind": "select_one", "list_name": "yesno"}, {"pick": "maybe"}, None),
    ({"kind": "select_multiple", "list_name": "yesno"}, {"pick-yes": "1", "pick-no": "1"}, ["yes", "no"]),
    ({"kind": "integer"}, {"value": " ３５ "}, ["35"]),
    ({"kind": "integer"}, {"value": "3.5"}, None),
    ({"kind": "integer"}, {"value": "很多"}, None),
    (
        {"kind": "integer", "constraint": ". < 120", "constraint_message": {"zh": "太大", "en": "x"}},
        {"value": "300"},
        None,
    ),
    ({"kind": "decimal"}, {"value": "3.50"}, ["3.5"]),
    ({"kind": "date"}, {"value": "2027-03-15"}, ["2027-03-15"]),
    ({"kind": "date"}, {"value": "2027-02-30"}, None),
    ({"kind": "rating"}, {"pick": "5"}, ["5"]),
    ({"kind": "rating"}, {"pick": "6"}, None),
    ({"kind": "range", "scale": Scale("0", "100", "5")}, {"value": "35"}, ["35"]),
    ({"kind": "range", "scale": Scale("0", "100", "5")}, {"value": "36"}, None),
    ({"kind": "select_one", "list_name": "yesno", "required": True}, {"go": "skip"}, None),
    ({"kind": "integer", "required": True}, {"value": ""}, None),
    ({"kind": "integer"}, {"value": ""}, []),
    ({"kind": "select_multiple", "list_name": "yesno"}, {"go": "skip", "pick-yes": "1"}, []),
]


def test_each_kind_is_shown_taken_or_sent_back_with_a_sentence(visitor: Browser, booth: Booth):
    for question, sent, kept in KINDS:
        give(booth, a_survey(ask("one", **msgspec.to_builtins(question))))
        before = len(facts_of(booth.journal))
        page, facts = told(visitor, begin(visitor), **sent), facts_of(booth.journal)
        if kept is None:
            said = (page.status, 'id="survey-fault"' in page, "one吗？" in page, len(facts))
            assert said == (422, True, True, before), question
        else:
            assert (is_thanked(page), facts[-1].body["answers"]) == (True, {"one": kept} if kept else {}), question


def test_a_note_is_only_read_and_no_question(visitor: Browser, booth: Booth):
    give(booth, a_survey(ask("hello", "note"), YES_NO))
    page = told(visitor, begin(visitor), go="next")
    assert is_thanked(told(visitor, page, pick="yes"))
    assert (the_fact(booth)["asked"], the_fact(booth)["answers"]) == (1, {"know": ["yes"]})


def test_what_is_asked_follows_from_what_was_answered(visitor: Browser, booth: Booth):
    why = ask("why", "integer", relevant="${know} = 'no'")
    give(booth, a_survey(YES_NO, why, ask("last", "rating")))
    page = told(visitor, begin(visitor), pick="no")
    assert "why吗？" in page
    page = told(visitor, page, value="7")
    page = told(visitor, told(visitor, page, go="back"), go="back")
    assert ("know吗？" in page, 'value="no" aria-pressed="true"' in page) == (True, True)
    page = told(visitor, page, pick="yes")  # and what was said to the question between falls out
    assert "last吗？" in page
    told(visitor, page, pick="3")
    assert (the_fact(booth)["answers"], the_fact(booth)["asked"]) == ({"know": ["yes"], "last": ["3"]}, 2)


def test_five_thousand_choices_are_pages_and_a_search_without_any_script(visitor: Browser, booth: Booth):
    towns = [Choice(code=f"t{n}", label=Text(f"第{n}村", f"Village {n}")) for n in range(5_000)]
    give(booth, a_survey(ask("town", "select_one", list_name="towns"), towns=towns))
    page = begin(visitor)
    assert (form(page).choices("pick")[0], len(form(page).choices("pick")), len(page.text) < 20_000) == ("t0", 12, True)
    assert form(told(visitor, page, go="417")).choices("pick") == [f"t{n}" for n in range(4992, 5000)]
    page = told(visitor, page, go="find", find="VILLAGE 499")
    assert form(page).choices("pick") == ["t499", *(f"t{n}" for n in range(4990, 5000))]
    assert "找到 0 个" in told(visitor, page, go="find", find="没有的村")
    assert is_thanked(told(visitor, page, pick="t4999"))
    assert the_fact(booth)["answers"] == {"town": ["t4999"]}


def test_several_of_many_stay_chosen_from_page_to_page(visitor: Browser, booth: Booth):
    towns = [Choice(code=f"t{n}", label=text(f"第{n}村"), columns={"odd": str(n % 2)}) for n in range(100)]
    give(booth, a_survey(ask("towns", "select_multiple", list_name="towns", choice_filter="odd = 1"), towns=towns))
    page = told(visitor, begin(visitor), **{"pick-t1": "1", "pick-t3": "1", "go": "2"})
    assert ('<b class="survey-say">第1村</b>' in page, "pick-t25" in page) == (True, True)
    page = told(visitor, page, **{"pick-t25": "1", "go": "1"})
    values = form(page).values
    assert ("pick-t1" in values, "pick-t3" in values, "pick-t5" in values) == (True, True, False)
    del values["pick-t1"]  # ticked off again
    assert is_thanked(visitor.post("/survey/s1", **values, go="next"))
    assert the_fact(booth)["answers"] == {"towns": ["t3", "t25"]}


# --- one fact, sealed words -----------------------------------------------------------------------------


def test_the_last_screen_sent_again_is_one_fact(visitor: Browser, booth: Booth):
    give(booth, a_survey(YES_NO))
    page = begin(visitor)
    assert is_thanked(told(visitor, page, pick="yes"))
    assert is_thanked(told(visitor, page, pick="no"))
    assert the_fact(booth)["answers"] == {"know": ["yes"]}


def test_the_id_of_another_fact_cannot_be_taken(visitor: Browser, booth: Booth):
    give(booth, a_survey(YES_NO))
    booth.journal.append(a_draft(fact_id=an_id(5)))
    page = told(visitor, begin(visitor, id=an_id(5)), pick="yes")
    assert (page.status, "fact.conflict" in page) == (409, True)


def test_what_was_written_is_sealed_and_touches_no_disk_in_the_clear(visitor: Browser, booth: Booth):
    give(booth, a_survey(YES_NO, ask("words", "text")))
    page = told(visitor, told(visitor, begin(visitor), pick="yes"), value=SECRET)
    assert is_thanked(page)
    body = the_fact(booth)
    assert (body["answers"], len(body["blob"])) == ({"know": ["yes"]}, 64)
    blob = booth.journal.blob(body["blob"])
    assert (blob is not None, len(blob or b"")) == (True, body["size"])
    disk = b"".join(file.read_bytes() for file in booth.config.data.rglob("*") if file.is_file())
    assert find(disk, SECRET) == find(disk, "秤不准") == []


def test_who_writes_nothing_has_nothing_sealed(visitor: Browser, booth: Booth):
    give(booth, a_survey(ask("words", "text")))
    assert is_thanked(told(visitor, begin(visitor), go="skip"))
    assert (the_fact(booth)["blob"], the_fact(booth)["size"], booth.journal.unsent_names()) == ("", 0, [])


def test_what_is_sealed_says_where_it_belongs(visitor: Browser, booth: Booth, monkeypatch):
    key = a_key().to_curve25519_private_key()
    monkeypatch.setattr(type(booth.enrolled), "sealing_key", key.public_key)
    give(booth, a_survey(ask("words", "text")))
    told(visitor, begin(visitor), value=SECRET)
    [fact] = facts_of(booth.journal)
    content = msgspec.json.decode(keys.unseal(key, booth.journal.blob(fact.body["blob"]) or b""), type=Words)
    assert content == Words(words={"words": SECRET}, survey="s1", fair="demo", fact=fact.id)


@pytest.mark.parametrize("number", ["13800000000", "11010519491231002X", "找我 138 0000 0000"])
def test_a_number_of_a_person_is_refused_and_never_kept(visitor: Browser, booth: Booth, number: str):
    give(booth, a_survey(ask("words", "text"), YES_NO))
    page = begin(visitor)
    answer = told(visitor, page, value=number)
    assert (answer.status, "没有记下" in answer) == (422, True)
    # Nor where it comes with the answers of screens before.
    later = told(visitor, told(visitor, page, value="好"), pick="yes", answers=json.dumps({"words": [number]}))
    assert (later.status, "没有记下" in later, facts_of(booth.journal)) == (422, True, [])


def test_no_number_of_a_person_stands_on_a_scale_that_is_typed(visitor: Browser, booth: Booth):
    give(booth, a_survey(ask("many", "range", scale={"start": "0", "end": "99999999999"})))
    answer = told(visitor, begin(visitor), value="13800000000")
    assert (answer.status, facts_of(booth.journal)) == (422, [])


def test_where_words_cannot_be_kept_now_the_answers_stay_on_the_screen(visitor: Browser, booth: Booth, monkeypatch):
    def refuse() -> None:
        raise Problem(STORAGE_LOW)

    give(booth, a_survey(YES_NO, ask("words", "text")))
    page = told(visitor, begin(visitor), pick="yes")
    with monkeypatch.context() as full:
        full.setattr(booth.storage, "refuse_unless_ample", refuse)
        page = told(visitor, page, value=SECRET)
        assert (page.status, SECRET in page, Problem(STORAGE_LOW).sentence("zh") in page) == (507, True, True)
    assert is_thanked(told(visitor, page, go="next"))
    assert the_fact(booth)["blob"]


def test_it_counts_as_answered_and_as_valid_only_if_somebody_can_have_read_it(
    visitor: Browser, booth: Booth, clock: FakeClock
):
    give(booth, a_survey(YES_NO, ask("stars", "rating")))
    for seconds in (0, 2):
        page = begin(visitor)
        clock.tick(seconds)
        told(visitor, told(visitor, page, pick="yes"), pick="4")
    totals = {metric: n for (_, _, _, metric), n in fold(facts_of(booth.journal, "survey.answered")).items()}
    assert totals == {"survey.answered": 2, "survey.answered.s1": 2, "survey.valid": 1, "survey.valid.s1": 1}


@pytest.mark.parametrize(("sent", "channel"), [({}, "booth"), ({"assisted": "1"}, "assisted")])
def test_who_typed_and_how_it_was_shown_is_said(visitor: Browser, booth: Booth, sent, channel):
    give(booth, a_survey(YES_NO))
    visitor.client.set_cookie("lang", "en")
    visitor.client.set_cookie("large", "1")
    page = told(visitor, begin(visitor, **sent), pick="yes")
    assert "Thank you" in page
    assert [the_fact(booth)[name] for name in ("channel", "lang", "large")] == [channel, "en", True]


# --- walls ----------------------------------------------------------------------------------------------


def test_nothing_is_left_when_a_visit_ends(visitor: Browser, booth: Booth):
    give(booth, a_survey(ask("words", "text"), YES_NO))
    page = told(visitor, begin(visitor), value=SECRET)
    assert SECRET in page  # travels in the page, and nowhere else
    visitor.post("/leave")
    assert visitor.client.get_cookie("visit") is None
    assert all(SECRET not in visitor.get(path) for path in ("/", "/survey", "/survey/s1"))
    assert facts_of(booth.journal) == []


HOSTILE = [
    {"at": "nobody"},
    {"at": ""},
    {"answers": "{"},
    {"answers": "[]"},
    {"answers": '{"nobody":["1"]}'},
    {"answers": '{"know":"yes"}'},
    {"answers": '{"know":[1]}'},
    {"answers": json.dumps({"know": ["yes"] * 201})},
    {"began": "-1"},
    {"began": "٣"},
    {"began": "9" * 40},
    {"page": "x"},
    {"go": "away"},
    {"go": "²"},
    {"find": "x" * 101},
    {"id": "x"},
    {"assisted": "yes"},
    {"pick-maybe": "1"},
    {"unknown": "1"},
]


def test_what_no_screen_of_ours_sends_is_refused(visitor: Browser, booth: Booth):
    give(booth, a_survey(YES_NO, ask("stars", "rating")))
    page = begin(visitor)
    for values in HOSTILE:
        sent = {**form(page).values, "pick": "yes", **values}
        assert (visitor.post("/survey/s1", **sent).status, facts_of(booth.journal)) == (400, []), values


def test_answers_that_nobody_could_have_touched_never_reach_the_fact(visitor: Browser, booth: Booth):
    give(booth, a_survey(YES_NO, ask("age", "integer"), ask("stars", "rating")))
    page = told(visitor, told(visitor, begin(visitor), pick="yes"), value="20")
    for held in ("maybe", "<script>", "13800000000", "x" * 500, ""):
        answer = told(visitor, page, pick="4", id=new_id(), answers=json.dumps({"know": [held], "age": [held]}))
        assert answer.status in (200, 422)
    assert [fact.body["answers"] for fact in facts_of(booth.journal)] == [{"stars": ["4"]}]  # of the last


def test_a_survey_that_was_changed_meanwhile_is_begun_anew(visitor: Browser, booth: Booth):
    give(booth, a_survey(YES_NO))
    page = begin(visitor)
    give(booth, msgspec.structs.replace(a_survey(YES_NO), version="2"))
    answer = told(visitor, page, pick="yes")
    assert (answer.status, "survey.changed" in answer) == (409, True)


def test_labels_are_words_whatever_they_hold(visitor: Browser, booth: Booth):
    evil = Text("<x315 onclick=alert(1)>${know}", "<x315>")
    question = msgspec.structs.replace(YES_NO, label=evil, hint=evil, group=evil)
    survey = a_survey(question, yesno=[Choice(code="yes", label=evil)])
    give(booth, msgspec.structs.replace(survey, title=evil, intro=evil))
    page = begin(visitor)
    assert all("<x315" not in one for one in (visitor.get("/survey/s1"), page, told(visitor, page, pick="yes")))


def test_more_words_than_a_page_can_carry_are_asked_to_be_fewer(visitor: Browser, booth: Booth):
    give(booth, a_survey(*(ask(f"w{n}", "text") for n in range(20))))
    page = begin(visitor)
    for _ in range(20):
        page = told(visitor, page, value="字" * 500)
        if page.status != 200:
            break
    assert (page.status, "太多了" in page) == (422, True)
    while not is_thanked(page):
        page = told(visitor, page, go="skip")
    assert the_fact(booth)["size"] < 64 * 1024


# --- phones ---------------------------------------------------------------------------------------------


def test_a_phone_at_the_tablet_answers_by_itself(visitor: Browser, booth: Booth):
    give(booth, a_survey(YES_NO, ask("words", "text")))
    assert 'class="qr"' in visitor.get("/survey/s1")  # to the hub
    booth.phones.url = "http://192.168.31.5:3150"
    assert "用手机填" in visitor.get("/survey/s1")
    phone = Browser(visitor.client.application.test_client())
    phone.client.environ_base["REMOTE_ADDR"] = "192.168.31.77"
    assert phone.get("/survey/s1").status == 403
    page = begin(phone, root="/m")
    assert "用手机填" not in phone.get("/m/survey/s1")
    page = phone.send(form(page, "/m"), pick="yes")
    assert "没有加密" in page
    page = phone.send(form(page, "/m"), go="skip")
    assert (is_thanked(page), phone.client.get_cookie("visit"), the_fact(booth)["channel"]) == (True, None, "wifi")


def test_one_phone_cannot_hand_in_without_end(visitor: Browser, booth: Booth, monkeypatch):
    give(booth, a_survey(YES_NO))
    booth.phones.url = "http://192.168.31.5:3150"
    monkeypatch.setattr(booth.phones.surveys, "_most", 1)
    phone = Browser(visitor.client.application.test_client())
    phone.client.environ_base["REMOTE_ADDR"] = "192.168.31.77"
    first = begin(phone, root="/m")
    second = begin(phone, root="/m")
    assert is_thanked(phone.send(form(first, "/m"), pick="yes"))
    assert is_thanked(phone.send(form(first, "/m"), pick="yes"))  # sent once more: no second one
    assert phone.send(form(second, "/m"), pick="yes").status == 429


# --- the pair around a quiz -----------------------------------------------------------------------------


@pytest.fixture
def with_pair(booth: Booth) -> Booth:
    questions = (YES_NO, ask("sure", "rating"))
    give(booth, a_survey(*questions, survey_id="pair"), pair="pair")
    return booth


def test_two_questions_before_a_quiz_and_again_after_its_result(visitor: Browser, with_pair: Booth):
    page = visitor.get("/quiz")
    assert "先问两个小问题" in page
    half = visitor.send(page.form("/quiz/pair"), go="next", first="no")
    assert (half.status, "请选一个，或者跳过" in half) == (422, True)
    page = visitor.send(half.form("/quiz/pair"), go="next", second="2")
    assert ("先问两个小问题" in page, "/quiz/answer" in page or "/quiz/pick" in page) == (False, True)
    result = visitor.get("/quiz")
    for _ in range(40):
        if 'href="/quiz/pair"' in result:
            break
        result = _one_touch(visitor, result)
    page = visitor.get("/quiz/pair")
    assert "现在再问一遍" in page
    answers = {"first": "yes", "second": "5"}
    for _ in range(2):  # the second is a touch repeated
        result = visitor.send(page.form("/quiz/pair"), go="next", **answers)
    assert ("score-figure" in result, 'href="/quiz/pair"' in result) == (True, False)
    facts = facts_of(with_pair.journal, "survey.answered")
    [played] = {fact.body["session"] for fact in facts_of(with_pair.journal, "quiz.answered")}
    assert [(fact.body["phase"], fact.body["play"], fact.body["answers"]) for fact in facts] == [
        ("before", played, {"know": ["no"], "sure": ["2"]}),
        ("after", played, {"know": ["yes"], "sure": ["5"]}),
    ]
    totals = {metric: n for (_, _, _, metric), n in fold(facts).items()}
    assert totals == {"pair.before": 1, "pair.after": 1}  # no questionnaire anybody sat down to
    assert "先问两个小问题" not in visitor.send(result.form("/quiz/start"), mode="standard")


def _one_touch(visitor: Browser, page: Page) -> Page:
    """The next touch of a quiz, whichever its question is."""
    for one in page.forms:
        if one.action == "/quiz/next":
            return visitor.send(one)
    answer = page.form("/quiz/answer")
    if answer.choices("option"):
        return visitor.send(answer, option=answer.choices("option")[0])
    options = [part.partition('"')[0] for part in page.text.split('form="pick-1" name="option" value="')[1:]]
    pick = page.form("/quiz/pick", on="1")
    for option in options:
        page = visitor.send(pick, option=option)
    return visitor.send(page.form("/quiz/answer"))


def test_one_touch_leaves_the_pair_out_for_good(visitor: Browser, with_pair: Booth):
    page = visitor.send(visitor.get("/quiz").form("/quiz/pair"), go="skip")
    for _ in range(40):
        if "score-figure" in page:
            break
        page = _one_touch(visitor, page)
    assert ('href="/quiz/pair"' in page, visitor.get("/quiz/pair").path) == (False, "/quiz")
    assert facts_of(with_pair.journal, "survey.answered") == []


def test_a_quick_play_and_practice_are_not_made_longer(visitor: Browser, with_pair: Booth):
    assert "先问两个" not in visitor.post("/quiz/start", mode="quick")
    assert "先问两个" not in visitor.enter(*VOLUNTEER).post("/staff/practice")
    assert facts_of(with_pair.journal, "survey.answered") == []


def test_another_length_before_the_first_question_keeps_what_was_answered(visitor: Browser, with_pair: Booth):
    page = visitor.send(visitor.get("/quiz").form("/quiz/pair"), go="next", first="no", second="2")
    page = visitor.send(page.form("/quiz/start"), mode="challenge")
    assert "先问两个小问题" not in page
    for _ in range(2):
        page = _one_touch(visitor, page)
    [fact] = facts_of(with_pair.journal, "survey.answered")
    assert {fact.body["play"]} == {one.body["session"] for one in facts_of(with_pair.journal, "quiz.answered")}


@pytest.mark.parametrize("questions", [(YES_NO,), (YES_NO, ask("words", "text")), (YES_NO, YES_NO, YES_NO)], ids=len)
def test_what_is_no_pair_is_left_out(visitor: Browser, booth: Booth, questions):
    give(booth, a_survey(*questions, survey_id="pair"), pair="pair")
    assert "先问两个小问题" not in visitor.get("/quiz")


@pytest.mark.parametrize("values", [{"go": "away"}, {"first": "maybe"}, {"id": "x"}, {"third": "1"}])
def test_what_no_pair_of_ours_sends_is_refused(visitor: Browser, with_pair: Booth, values):
    sent = {"go": "next", "first": "yes", "second": "1", **values}
    assert visitor.send(visitor.get("/quiz").form("/quiz/pair"), **sent).status == 400
    assert facts_of(with_pair.journal) == []
