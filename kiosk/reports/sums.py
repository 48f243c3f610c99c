"""What answers to questions and looks at exhibits come to, fact by fact. Pure; all sums only add.

Discrimination needs whole plays: those that were finished in the same journal, that no volunteer helped with, and that
were not pushed out by `MOST_OPEN` later ones. Plays that were broken off count in rates and times, not there.
"""

from collections import Counter, defaultdict

import msgspec

from kiosk.facts.galleries import ExhibitJudged, ExhibitSearched, ExhibitViewed
from kiosk.facts.kinds import Body
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.packs.quizzes import MODES
from kiosk.reports.exhibits import LOOKS
from kiosk.reports.items import SUMS, TIMES, time_class

#: Kinds of facts that are summed here.
KINDS = ("exhibit.judged", "exhibit.searched", "exhibit.viewed", "quiz.answered", "quiz.finished")
MOST_OPEN = 200  # plays of a tablet that may be open at once
OTHER_MODE = "other"  # all lengths of play that this release does not know
_MOST_ANSWERS = 50  # of a play; what is told beyond them counts nowhere
_PLACE = {name: place for place, name in enumerate(SUMS)}
_FIRST_TIME = _PLACE[TIMES[0]]
_OF_PLAYS = tuple(_PLACE[name] for name in ("plays", "plays_correct", "rest", "rest_squared", "rest_correct"))
_LOOK = {name: place for place, name in enumerate(LOOKS)}

Question = tuple[str, ...]  # pack, question, lang, mode
Look = tuple[str, ...]  # exhibit, and a region of it or ""


class Play(msgspec.Struct, array_like=True):
    """One that has begun: its answers, and whether a volunteer touched the screen."""

    answers: list[tuple[Question, bool]]
    helped: bool = False


Plays = dict[str, Play]  # by session, oldest first


class Sums:
    """What some facts come to."""

    def __init__(self) -> None:
        self.questions: dict[Question, list[int]] = defaultdict(lambda: [0] * len(SUMS))
        self.wrongs: Counter[tuple[Question, str]] = Counter()
        self.looks: dict[Look, list[int]] = defaultdict(lambda: [0] * len(LOOKS))

    def add(self, body: Body, plays: Plays) -> None:
        """One fact that counts; `plays` are those open at that place of its journal."""
        match body:
            case QuizAnswered():
                self._answered(body, plays)
            case QuizFinished():
                self._finished(body, plays)
            case ExhibitViewed():
                self._look(body.exhibit, viewed=1, visits=body.first)
            case ExhibitJudged():
                self._look(body.exhibit, judged=1, right=body.right)
            case ExhibitSearched():
                self._searched(body)

    def _answered(self, body: QuizAnswered, plays: Plays) -> None:
        if body.session not in plays and len(plays) >= MOST_OPEN:
            del plays[next(iter(plays))]
        play = plays.setdefault(body.session, Play([]))
        if len(play.answers) >= _MOST_ANSWERS or any(body.question == key[1] for key, _ in play.answers):
            return  # no tablet tells so: a question counts once a play
        key = (body.pack, body.question, body.lang, body.mode if body.mode in MODES else OTHER_MODE)
        row = self.questions[key]
        play.helped |= body.helped
        play.answers.append((key, body.right))
        if body.helped:
            row[_PLACE["helped"]] += 1
            row[_PLACE["helped_correct"]] += body.right
            return
        row[_PLACE["n"]] += 1
        row[_PLACE["correct"]] += body.right
        row[_FIRST_TIME + time_class(body.ms)] += 1
        if not body.right:
            self.wrongs[key, " ".join(body.chosen)] += 1

    def _finished(self, body: QuizFinished, plays: Plays) -> None:
        play = plays.pop(body.session, None)
        if play is None or play.helped or len(play.answers) != body.questions:
            return
        score = sum(right for _, right in play.answers)
        for key, right in play.answers:
            rest = score - right
            row = self.questions[key]
            for place, n in zip(_OF_PLAYS, (1, right, rest, rest * rest, rest * right), strict=True):
                row[place] += n

    def _searched(self, body: ExhibitSearched) -> None:
        self._look(body.exhibit, searched=1, hints=body.hints, astray=body.false)
        for region in set(body.found):
            self._look(body.exhibit, region, found=1)
        for region in set(body.missed) - set(body.found):
            self._look(body.exhibit, region, missed=1)
        for region, n in body.strays.items():
            self._look(body.exhibit, region, strays=n)

    def _look(self, exhibit: str, region: str = "", **adds: int) -> None:
        row = self.looks[exhibit, region]
        for name, n in adds.items():
            row[_LOOK[name]] += n
