"""Questions, their scoring, and the draw."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from kiosk.packs.model import Item, Text, is_in_force
from kiosk.values import Date, Slug

#: Questions a play asks, and how many right ones pass it.
QUESTIONS = 5
PASS_MARK = 4


class Option(Item, frozen=True):
    id: Slug
    zh: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    en: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class Question(Item, frozen=True, kw_only=True):
    id: Slug
    kind: Literal["single", "truefalse"]
    topic: Slug
    difficulty: Literal["easy", "medium", "hard"]
    text: Text
    options: Annotated[list[Option], msgspec.Meta(min_length=2, max_length=6)]
    answer: Annotated[list[Slug], msgspec.Meta(min_length=1, max_length=1)]  # ids of the right options
    explanation: Text
    law: str
    law_en: str
    article: int
    article_cn: str
    key: str | list[str]  # stands verbatim in that article
    valid_from: Date
    valid_until: Date | None

    def is_right(self, chosen: Sequence[str]) -> bool:
        return list(chosen) == self.answer

    def faults(self) -> list[str]:
        ids = [option.id for option in self.options]
        found = []
        if len(set(ids)) != len(ids):
            found.append("two options have the same id")
        if not set(self.answer) <= set(ids):
            found.append("the answer is not among the options")
        if self.kind == "truefalse" and ids != ["true", "false"]:
            found.append('a true/false question has the options "true" and "false"')
        return found


def draw(questions: Sequence[Question], day: str, dice: random.Random, count: int = QUESTIONS) -> list[Question]:
    """Questions in force on an ISO day: no topic twice while others are left, easy ones first."""
    by_topic: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if is_in_force(question.valid_from, question.valid_until, day):
            by_topic[question.topic].append(question)
    drawn: list[Question] = []
    while len(drawn) < count and by_topic:
        for topic in dice.sample(sorted(by_topic), min(count - len(drawn), len(by_topic))):
            drawn.append(by_topic[topic].pop(dice.randrange(len(by_topic[topic]))))
            if not by_topic[topic]:
                del by_topic[topic]
    return sorted(drawn, key=lambda question: ("easy", "medium", "hard").index(question.difficulty))


def shuffled(question: Question, dice: random.Random) -> list[Option]:
    """The options in the order to show them; true and false keep theirs."""
    options = list(question.options)
    if question.kind != "truefalse":
        dice.shuffle(options)
    return options
