"""The checkers: that somebody looked a number up, and how it came out. The number itself is kept nowhere."""

from typing import Literal

from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, Slug


@kind("code.checked")
class CodeChecked(Body, frozen=True):
    session: Id  # the visit; see quizzes.QuizAnswered.session
    kind: Slug
    form: Literal["holds", "fails"]
    check: Literal["holds", "fails", "none"]
