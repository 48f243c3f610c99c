"""A survey: questions asked one a screen, and what has to hold for them to be asked and for an answer to be taken.

The shape is that of an XLSForm after its groups were laid out flat. Conditions stay written as they were, in the
subset of XPath that `packs.expressions` reads.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from heapq import heappop, heappush
from typing import Annotated, Literal

import msgspec

from kiosk.packs import expressions
from kiosk.packs.model import Item, Text
from kiosk.values import Slug

#: As XLSForm has names.
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")]
#: Of a choice: no spaces, for several stand in one cell with spaces between.
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")]
Formula = Annotated[str, msgspec.Meta(max_length=1000)]

Kind = Literal[
    "select_one", "select_multiple", "integer", "decimal", "text", "date", "range", "rating", "note", "calculate"
]
#: Kinds that are shown and answered; `note` is shown only, `calculate` neither.
ANSWERED: frozenset[Kind] = frozenset(
    {"select_one", "select_multiple", "integer", "decimal", "text", "date", "range", "rating"}
)
MOST_QUESTIONS, MOST_CHOICES = 300, 5_000
TEXT_LIMIT = 500  # characters of an answer in words


class Choice(Item, frozen=True):
    code: Code
    label: Text
    columns: dict[str, str] = msgspec.field(default_factory=dict)  # what a choice filter looks at


class Scale(Item, frozen=True):
    """Of `range` and `rating`: from, to, in steps of. Numbers as they are written, for they may be decimals."""

    start: str
    end: str
    step: str = "1"


class Question(Item, frozen=True, kw_only=True):
    name: Name
    kind: Kind
    label: Text | None = None  # None for `calculate`
    hint: Text | None = None
    required: bool = False
    required_message: Text | None = None
    relevant: Formula = ""  # asked only where it holds; its groups' are in it
    constraint: Formula = ""  # an answer is taken only where it holds
    constraint_message: Text | None = None
    calculation: Formula = ""  # of `calculate`; of others what stands there at first
    list_name: str = ""  # of `lists`
    choice_filter: Formula = ""
    scale: Scale | None = None
    appearance: Literal["", "minimal", "likert", "horizontal", "multiline"] = ""  # others make no sense on a tablet
    group: Text | None = None  # the heading of the group it stands in


class Survey(Item, frozen=True, kw_only=True, dict=True):
    id: Slug
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    title: Text
    intro: Text | None = None
    questions: Annotated[list[Question], msgspec.Meta(min_length=1, max_length=MOST_QUESTIONS)]
    lists: dict[str, list[Choice]] = msgspec.field(default_factory=dict)

    def question(self, name: str) -> Question | None:
        return self._by_name.get(name)

    def choices(self, question: Question) -> list[Choice]:
        return self.lists.get(question.list_name, [])

    def choice(self, question: Question, code: str) -> Choice | None:
        return self._by_code.get(question.list_name, {}).get(code)

    def columns(self, question: Question) -> frozenset[str]:
        """What a choice filter of this question may look at."""
        return self._columns.get(question.list_name, frozenset({"name"}))

    @cached_property
    def _columns(self) -> dict[str, frozenset[str]]:
        return {
            name: frozenset({"name"}.union(*(choice.columns for choice in choices)))
            for name, choices in self.lists.items()
        }

    @cached_property
    def _by_code(self) -> dict[str, dict[str, Choice]]:
        return {name: {choice.code: choice for choice in choices} for name, choices in self.lists.items()}

    @cached_property
    def order(self) -> list[Question]:
        """The questions so that each comes after those it looks at; without those that look at one another in a ring.

        Where that leaves a choice, as they stand.
        """
        places = {question.name: place for place, question in enumerate(self.questions)}
        waits = {question.name: {name for name in looks_at(question) if name in places} for question in self.questions}
        for_whom: dict[str, list[str]] = {name: [] for name in places}
        for name, others in waits.items():
            for other in others:
                for_whom[other].append(name)
        ready = [places[name] for name, others in waits.items() if not others]
        found: list[Question] = []
        while ready:
            question = self.questions[heappop(ready)]
            found.append(question)
            for name in for_whom[question.name]:
                waits[name].discard(question.name)
                if not waits[name]:
                    heappush(ready, places[name])
        return found

    @cached_property
    def _by_name(self) -> dict[str, Question]:
        return {question.name: question for question in self.questions}


def looks_at(question: Question) -> frozenset[str]:
    """Names of the questions whose answers decide whether it is asked, what there is to choose, what it comes to.

    A formula that cannot be read looks at nothing; `answering.flaws` names it.
    """
    formulas = [question.relevant, question.choice_filter]
    if question.kind == "calculate":
        formulas.append(question.calculation)
    found: set[str] = set()
    for formula in formulas:
        with suppress(expressions.FaultError):
            found |= expressions.parse(formula).names if formula else frozenset()
    return frozenset(found)


#: The answers of one person so far: name → codes, or the one number, date or text as it was written.
Answers = Mapping[str, list[str]]
