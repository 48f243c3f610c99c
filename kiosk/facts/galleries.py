"""The counterfeit gallery: which one did the visitor take for the fake?"""

from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, Slug


@kind("exhibit.judged")
class ExhibitJudged(Body, frozen=True):
    session: Id  # the visit; see quizzes.QuizAnswered.session
    exhibit: Slug
    right: bool  # touched the fake
