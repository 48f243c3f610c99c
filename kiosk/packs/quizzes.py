"""Questions, their scoring, and the draw."""

import random
from collections import Counter
from collections.abc import Collection, Container, Sequence
from typing import Annotated, Literal

import msgspec

from kiosk.packs.laws import Article, article_cn
from kiosk.packs.model import FileName, Item, Text, is_in_force
from kiosk.values import Date, Slug

Difficulty = Literal["easy", "medium", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "medium", "hard")

#: Milliseconds an answer takes at least, on average, of somebody who reads the question: quicker plays win nothing.
READING = 2_000


class Mode(msgspec.Struct, frozen=True):
    """A length of play."""

    id: str
    difficulties: tuple[Difficulty, ...]  # of its questions, in the order they are asked
    pass_mark: int  # so many right ones pass

    @property
    def questions(self) -> int:
        return len(self.difficulties)


QUICK = Mode("quick", ("easy", "easy", "medium"), 2)
STANDARD = Mode("standard", ("easy", "easy", "medium", "medium", "hard"), 4)
CHALLENGE = Mode("challenge", ("easy",) * 3 + ("medium",) * 4 + ("hard",) * 3, 8)
MODES = {mode.id: mode for mode in (QUICK, STANDARD, CHALLENGE)}
ModeId = Literal["quick", "standard", "challenge"]
#: What a fair offers that chose nothing; the first is the one a visitor is given.
ALL_MODES: tuple[ModeId, ...] = ("standard", "quick", "challenge")


def offered(chosen: Sequence[ModeId]) -> list[Mode]:
    """The lengths a fair offers, first the one a visitor is given; `chosen` is the fair's own choice, or nothing."""
    return [MODES[one] for one in chosen or ALL_MODES]


class Option(Item, frozen=True):
    id: Slug
    zh: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    en: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class Question(Item, frozen=True, kw_only=True):
    id: Slug
    kind: Literal["single", "truefalse", "multiple", "order", "picture", "case"]
    topic: Slug
    difficulty: Difficulty
    story: Text | None = None  # of a case: what happened
    picture: FileName | None = None  # of a picture question: a drawing in pictures/
    picture_alt: Text | None = None
    text: Text
    options: Annotated[list[Option], msgspec.Meta(min_length=2, max_length=6)]
    answer: Annotated[list[Slug], msgspec.Meta(min_length=1, max_length=6)]  # ids; of an order, in the right order
    explanation: Text
    law: str  # named in laws.json
    article: Article
    key: str | list[str]  # stands verbatim in that article
    valid_from: Date
    valid_until: Date | None

    @property
    def article_cn(self) -> str:
        return article_cn(self.article)

    @property
    def takes_several(self) -> bool:
        """Whether an answer is more than one touch."""
        return self.kind in ("multiple", "order")

    def is_right(self, chosen: Sequence[str]) -> bool:
        if self.kind == "order":
            return list(chosen) == self.answer
        return sorted(chosen) == sorted(self.answer)

    def is_possible(self, chosen: Sequence[str]) -> bool:
        """Whether somebody may have answered so: options that are there, each once, as many as the kind asks for."""
        ids = {option.id for option in self.options}
        if len(set(chosen)) != len(chosen) or not ids.issuperset(chosen):
            return False
        if self.kind == "order":
            return len(chosen) == len(ids)
        return len(chosen) >= 1 if self.kind == "multiple" else len(chosen) == 1

    def faults(self) -> list[str]:
        ids = [option.id for option in self.options]
        found = []
        if len(set(ids)) != len(ids):
            found.append("two options have the same id")
        if not set(self.answer) <= set(ids):
            found.append("the answer is not among the options")
        elif not self.is_possible(self.answer):
            found.append(f"a question of the kind {self.kind} cannot have this answer")
        if self.kind == "multiple" and not 2 <= len(self.answer) < len(ids):
            found.append("of a multiple choice two or more options are right, and one at least is wrong")
        if self.kind == "truefalse" and ids != ["true", "false"]:
            found.append('a true/false question has the options "true" and "false"')
        if (self.story is not None) != (self.kind == "case"):
            found.append("a case has a story, and nothing else has")
        if {self.picture is not None, self.picture_alt is not None} != {self.kind == "picture"}:
            found.append("a picture question has a picture and its words, and nothing else has")
        return found


class Bank:
    """The questions in force on an ISO day, on shelves, so that a draw touches few of them."""

    def __init__(self, questions: Sequence[Question], day: str) -> None:
        self.day = day
        self._shelves: dict[Difficulty, dict[str, list[Question]]] = {level: {} for level in DIFFICULTIES}
        self.size = 0
        for question in questions:
            if is_in_force(question.valid_from, question.valid_until, day):
                self._shelves[question.difficulty].setdefault(question.topic, []).append(question)
                self.size += 1

    def about(self, topics: Collection[str]) -> "Bank":
        """Those of its questions that are on some topics; of no topics all of them."""
        if not topics:
            return self
        part = Bank((), self.day)
        part._shelves = {
            level: {topic: held for topic, held in shelf.items() if topic in topics}
            for level, shelf in self._shelves.items()
        }
        part.size = sum(len(held) for shelf in part._shelves.values() for held in shelf.values())
        return part

    def draw(self, mode: Mode, dice: random.Random, asked: Container[str] = ()) -> list[Question]:
        """Questions of a mode's difficulties in its order: no topic twice while others are left, none of `asked`.

        What is short is made up: a difficulty from the others, and a bank of which all was asked begins anew.
        A bank smaller than the mode gives all it has.
        """
        drawn: list[Question] = []
        topics: Counter[str] = Counter()
        for level in mode.difficulties:
            question = self._pick(level, dice, drawn, topics, asked) or self._pick(level, dice, drawn, topics, ())
            if question is None:
                break
            drawn.append(question)
            topics[question.topic] += 1
        return sorted(drawn, key=lambda question: DIFFICULTIES.index(question.difficulty))

    def _pick(
        self, level: Difficulty, dice: random.Random, drawn: list[Question], topics: Counter[str], asked: Container[str]
    ) -> Question | None:
        nearest = sorted(DIFFICULTIES, key=lambda one: abs(DIFFICULTIES.index(one) - DIFFICULTIES.index(level)))
        for shelf in (self._shelves[one] for one in nearest):
            for topic in sorted(dice.sample(sorted(shelf), len(shelf)), key=topics.__getitem__):
                left = [one for one in shelf[topic] if one.id not in asked and one not in drawn]
                if left:
                    return dice.choice(left)
        return None


def shuffled(question: Question, dice: random.Random) -> list[Option]:
    """The options in the order to show them; true and false keep theirs, and steps never come in the right order."""
    options = list(question.options)
    if question.kind == "truefalse":
        return options
    dice.shuffle(options)
    if question.kind == "order" and [option.id for option in options] == question.answer:
        options.reverse()
    return options
