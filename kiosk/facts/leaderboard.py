"""The leaderboard: a finished play under a made-up name from the pack. No name a person typed is ever on it."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.facts.quizzes import Answered
from kiosk.values import Id, Slug, derived_id

#: Lines a board shows.
LENGTH = 20


@kind("board.joined")
class BoardJoined(Body, frozen=True):
    """The visitor picked one of the names that were offered. The fact's id follows from the play: once each."""

    session: Id
    nickname: Slug  # in the pack's list
    mode: Slug
    right: Annotated[int, msgspec.Meta(ge=0, le=50)]
    questions: Answered
    ms: Annotated[int, msgspec.Meta(ge=0, le=180_000_000)]  # from questions shown to answers, all together


class Line(msgspec.Struct, frozen=True):
    """One line of a board. Equals share a rank, and the next one is counted on."""

    rank: int
    nickname: str
    right: int
    questions: int
    ms: int

    @property
    def seconds(self) -> str:
        return f"{self.ms / 1000:.1f}"


def join_id(session: str) -> str:
    return derived_id(b"kiosk/board/1", session)


def order(right: int, questions: int, ms: int) -> tuple[int, int, int]:
    """Most right ones first; of as many the shorter play, which has fewer wrong ones; then the quicker."""
    return -right, questions, ms


def ranked(entries: Iterable[tuple[str, int, int, int]], length: int = LENGTH) -> list[Line]:
    """The best of (nickname, right, questions, ms)."""
    lines: list[Line] = []
    best = sorted(entries, key=lambda one: (order(*one[1:]), one[0]))[:length]
    for place, (nickname, right, questions, ms) in enumerate(best, 1):
        last = lines[-1] if lines else None
        is_equal = last is not None and (last.right, last.questions, last.ms) == (right, questions, ms)
        lines.append(Line(last.rank if last and is_equal else place, nickname, right, questions, ms))
    return lines
