"""The pack that comes with the house: what a visitor may rely on."""

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kiosk.packs.galleries import Exhibit
from kiosk.packs.model import is_in_force
from kiosk.packs.quizzes import CHALLENGE, DIFFICULTIES, MODES, Question
from kiosk.packs.reader import read_pack

FAIR_DAY = "2027-03-15"
PACK = read_pack()
SINGLE = [question for question in PACK.questions if question.kind in ("single", "case", "picture")]


def by_id(item: Question | Exhibit) -> str:
    return item.id


def test_it_is_faultless_on_the_day_of_the_fair():
    read_pack(day=FAIR_DAY)


def test_there_is_enough_to_ask_and_to_show():
    assert len(PACK.questions) >= 320
    kinds = Counter(question.kind for question in PACK.questions)
    assert all(kinds[kind] >= 12 for kind in ("single", "truefalse", "multiple", "order", "picture", "case"))
    assert len(PACK.exhibits) >= 48
    assert len(PACK.slogans) >= 5


def test_every_length_of_play_finds_its_difficulties_many_times_over():
    levels = Counter(question.difficulty for question in PACK.questions)
    assert all(levels[level] >= 20 * CHALLENGE.difficulties.count(level) for level in DIFFICULTIES)
    assert [mode.questions for mode in MODES.values()] == [3, 5, 10]


@pytest.mark.parametrize("size", [3, 4])
def test_no_letter_is_a_better_guess_than_another(size: int):
    answers = Counter(question.answer[0] for question in SINGLE if len(question.options) == size)
    assert set(answers) == set("abcd"[:size])
    assert max(answers.values()) <= 1.25 * answers.total() / size


def test_neither_true_nor_false_is_a_better_guess():
    answers = Counter(question.answer[0] for question in PACK.questions if question.kind == "truefalse")
    assert abs(answers["true"] - answers["false"]) <= 0.1 * answers.total()


def test_neither_the_first_nor_the_last_of_several_is_a_better_guess():
    places = Counter(one for question in PACK.questions if question.kind == "multiple" for one in question.answer)
    assert max(places[letter] for letter in "abcd") <= 1.5 * min(places[letter] for letter in "abcd")


def test_the_longest_option_is_no_better_guess():
    """People who know nothing choose the longest; it must not pay."""
    longest = [max(question.options, key=lambda option: len(option.zh)) for question in SINGLE]
    hits = sum(option.id == question.answer[0] for option, question in zip(longest, SINGLE, strict=True))
    assert hits <= len(SINGLE) / 2


def test_what_a_question_cites_is_a_law_in_force_on_the_day_of_the_fair():
    for question in PACK.questions:
        law = PACK.law_by_name[question.law]
        assert is_in_force(law.valid_from, law.valid_until, FAIR_DAY), question.id
        assert law.valid_from <= question.valid_from <= FAIR_DAY <= (question.valid_until or FAIR_DAY), question.id
        assert all(question.key if isinstance(question.key, list) else [question.key]), question.id


def cited(exhibit: Exhibit) -> set[str]:
    return {region.source.law for region in exhibit.regions if region.source.article is not None}


def test_what_an_exhibit_cites_is_a_law_in_force_on_the_day_of_the_fair():
    for exhibit in PACK.exhibits:
        for law in (PACK.law_by_name[name] for name in cited(exhibit)):
            assert is_in_force(law.valid_from, law.valid_until, FAIR_DAY), exhibit.id
            assert law.valid_from <= exhibit.valid_from <= FAIR_DAY <= (exhibit.valid_until or FAIR_DAY), exhibit.id


def test_no_law_is_listed_that_nothing_cites():
    by_questions = {question.law for question in PACK.questions}
    assert {law.name for law in PACK.laws} == by_questions.union(*map(cited, PACK.exhibits))


def test_no_picture_is_there_that_no_question_shows():
    named = {question.picture for question in PACK.questions if question.picture}
    assert {file.name for file in PACK.pictures.iterdir()} == named


def test_a_question_is_short_enough_for_its_screen():
    for question in PACK.questions:
        assert len(question.text.zh) <= 60, question.id
        assert all(len(option.zh) <= 26 for option in question.options), question.id
        assert len(question.explanation.zh) <= 80, question.id
        assert question.story is None or len(question.story.zh) <= 130, question.id


def test_no_question_is_asked_twice():
    texts = Counter(question.text.zh for question in PACK.questions)
    assert [text for text, n in texts.items() if n > 1] == []


def test_chinese_is_chinese_and_english_is_english():
    for question in PACK.questions:
        more = [text for text in (question.story, question.picture_alt) if text]
        pairs = [question.text, question.explanation, *more, *(option.text for option in question.options)]
        assert [text.en for text in pairs if re.search(r"[\u4e00-\u9fff，。？]", text.en)] == []
        assert re.search(r"[\u4e00-\u9fff]", question.text.zh), question.id
        assert not re.search(r"[,;?!()]", question.text.zh + question.explanation.zh), question.id


@pytest.mark.parametrize("exhibit", PACK.exhibits, ids=by_id)
def test_an_exhibit_says_what_is_wrong_where_and_by_which_rule(exhibit: Exhibit):
    assert exhibit.genuine_alt.zh != exhibit.fake_alt.zh
    sources = [region.source for region in exhibit.regions]
    assert all(source.law and (source.key or source.article is None) for source in sources)
    assert all(source.checked_on <= FAIR_DAY for source in sources)


@pytest.mark.parametrize("file", [*PACK.drawings.iterdir(), *PACK.pictures.iterdir()], ids=lambda file: file.name)
def test_a_drawing_draws_and_does_nothing_else(file: Path):
    root = ET.fromstring(file.read_text("utf-8"))
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
