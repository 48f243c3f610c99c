"""The pack that comes with the house: what a visitor may rely on."""

import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from kiosk.packs.galleries import Exhibit
from kiosk.packs.quizzes import Question
from kiosk.packs.reader import read_pack

FAIR_DAY = "2027-03-15"
PACK = read_pack()
SINGLE = [question for question in PACK.questions if question.kind == "single"]


def by_id(item: Question | Exhibit) -> str:
    return item.id


def test_it_is_faultless_on_the_day_of_the_fair():
    read_pack(day=FAIR_DAY)


def test_there_is_enough_to_ask_and_to_show():
    assert len(PACK.questions) >= 60
    assert len(PACK.exhibits) >= 8
    assert len(PACK.slogans) >= 5


def test_no_letter_is_a_better_guess_than_another():
    answers = Counter(question.answer[0] for question in SINGLE)
    assert set(answers) == set("abcd")
    assert max(answers.values()) <= 1.25 * len(SINGLE) / 4


def test_neither_true_nor_false_is_a_better_guess():
    answers = Counter(question.answer[0] for question in PACK.questions if question.kind == "truefalse")
    assert abs(answers["true"] - answers["false"]) <= 2


def test_the_longest_option_is_no_better_guess():
    """People who know nothing choose the longest; it must not pay."""
    longest = [max(question.options, key=lambda option: len(option.zh)) for question in SINGLE]
    hits = sum(option.id == question.answer[0] for option, question in zip(longest, SINGLE, strict=True))
    assert hits <= len(SINGLE) / 2


@pytest.mark.parametrize("question", PACK.questions, ids=by_id)
def test_a_question_cites_an_article_by_number_and_by_word(question: Question):
    assert question.law
    assert question.law_en
    assert question.article_cn == f"第{in_chinese(question.article)}条"
    assert all(question.key if isinstance(question.key, list) else [question.key])


@pytest.mark.parametrize("question", PACK.questions, ids=by_id)
def test_a_question_is_short_enough_for_its_screen(question: Question):
    assert len(question.text.zh) <= 60
    assert all(len(option.zh) <= 24 for option in question.options)
    assert len(question.explanation.zh) <= 80


def test_no_question_is_asked_twice():
    texts = Counter(question.text.zh for question in PACK.questions)
    assert [text for text, n in texts.items() if n > 1] == []


@pytest.mark.parametrize("question", PACK.questions, ids=by_id)
def test_chinese_is_chinese_and_english_is_english(question: Question):
    pairs = [question.text, question.explanation, *(option.text for option in question.options)]
    assert [text.en for text in pairs if re.search(r"[\u4e00-\u9fff，。？]", text.en)] == []
    assert re.search(r"[\u4e00-\u9fff]", question.text.zh)


@pytest.mark.parametrize("exhibit", PACK.exhibits, ids=by_id)
def test_an_exhibit_says_what_is_wrong_where_and_by_which_rule(exhibit: Exhibit):
    assert exhibit.genuine_alt.zh != exhibit.fake_alt.zh
    sources = [region.source for region in exhibit.regions]
    assert all(source.law and (source.key or source.article is None) for source in sources)
    assert all(source.checked_on <= FAIR_DAY for source in sources)


@pytest.mark.parametrize("name", [name for one in PACK.exhibits for name in (one.genuine, one.fake)])
def test_a_drawing_draws_and_does_nothing_else(name: str):
    root = ET.fromstring((PACK.drawings / name).read_text("utf-8"))
    names = {element.tag.partition("}")[2] for element in root.iter()}
    assert names.isdisjoint({"script", "foreignObject", "image", "style", "animate", "set", "a", "use"})
    for element in root.iter():
        for attribute, value in element.attrib.items():
            assert not attribute.startswith("on"), (element.tag, attribute)
            assert "href" not in attribute, (element.tag, attribute)
            assert "//" not in value, (element.tag, value)


@pytest.mark.parametrize("exhibit", PACK.exhibits, ids=by_id)
def test_a_fake_is_drawn_like_its_original_but_not_the_same(exhibit: Exhibit):
    genuine, fake = ((PACK.drawings / name).read_text("utf-8") for name in (exhibit.genuine, exhibit.fake))
    assert genuine != fake
    assert box(genuine) == box(fake)
    assert not re.search(r"fake|genuine|假货|真品", fake + genuine)


def box(drawing: str) -> str | None:
    return ET.fromstring(drawing).get("viewBox")


def in_chinese(number: int) -> str:
    """`24` → `二十四`, as articles of a law are numbered; up to 1999."""
    digits = "零一二三四五六七八九"
    if number < 10:
        return digits[number]
    if number < 20:
        return "十" + (digits[number % 10] if number % 10 else "")
    if number < 100:
        return digits[number // 10] + "十" + (digits[number % 10] if number % 10 else "")
    size, name = (1000, "千") if number >= 1000 else (100, "百")
    rest = number % size
    if not rest:
        return digits[number // size] + name
    gap = "零" if rest < size // 10 else ""
    tail = "一" + in_chinese(rest) if 10 <= rest < 20 else in_chinese(rest)
    return digits[number // size] + name + gap + tail
