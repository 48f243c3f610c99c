"""What happens at one desk: taps and taps taken back, quizzes, judgements, consultations, complaints, shifts.

Each thing is told with what it adds to which metric. Nobody else is asked for that: neither the catalogue of amounts
nor a hub, whose sums are to be compared with these.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from kiosk.facts.clocks import ClockCompared
from kiosk.facts.complaints import NOTICE_VERSION, ComplaintFiled, Context, draw_case_number
from kiosk.facts.galleries import ExhibitJudged
from kiosk.facts.kinds import Body
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.facts.shifts import ShiftEntered, ShiftRefused
from kiosk.facts.tallies import BOARD, CONSULTATION, HEADCOUNT, LEAFLET, TallyCounted, TallyUndone, undo_id
from kiosk.packs import quizzes
from kiosk.packs.fairs import Leaflet
from kiosk.packs.quizzes import Question
from kiosk.packs.reader import Pack
from kiosk.simulation import people
from kiosk.simulation.clocks import Tablet
from kiosk.simulation.dice import Dice
from kiosk.simulation.fairs import Hours, Portion, sessions, split
from kiosk.simulation.moments import MINUTE, SECOND, stamp
from kiosk.sync import keys

VISITOR, DEVICE = "visitor", "device"
CLOSES = 20 * MINUTE  # before the tablet is switched off
_UNDONE = 0.012  # of the taps
_ABANDONED = 0.07  # of the quizzes
_SHORT = 0.3  # of the quizzes have three questions
#: How often a question is answered right at the first try.
_RIGHT = {"easy": 0.86, "medium": 0.69, "hard": 0.48}

Adds = tuple[tuple[str, int], ...]


class Happening(NamedTuple):
    """Something that becomes one fact."""

    at: int  # true moment
    by: str
    id: str
    body: Body | None  # None: the day is closed, and only who writes the journal knows what is to be said of it
    adds: Adds = ()  # metric → how much
    blob: bytes | None = None  # the sealed content it names


class Desk(msgspec.Struct, frozen=True):
    """One desk and who is at it."""

    fair: str
    portion: Portion
    tablet: Tablet
    hours: Hours
    leaflets: tuple[Leaflet, ...]
    pack: Pack
    sealing_key: keys.PublicKey
    dice: Dice
    volunteers: tuple[str, ...]  # one a shift

    def on_duty(self, at: int) -> str:
        """The first half of a working day is the first volunteer's."""
        for first, last in sessions(self.hours.openings):
            if at <= last + 60 * MINUTE:
                return self.volunteers[at > (first + last) // 2]
        return self.volunteers[-1]


def happenings(desk: Desk) -> list[Happening]:
    """Everything that happens at a desk, in order."""
    found = [
        *_boards(desk),
        *_taps(desk, HEADCOUNT, _people(desk.portion.visitors, desk.dice)),
        *_leaflets(desk),
        *_taps(desk, CONSULTATION, [1] * desk.portion.consultations),
        *_complaints(desk),
        *_plays(desk),
        *_judgements(desk),
        *_shifts(desk),
        *_meetings(desk),
        *_closings(desk),
    ]
    found.sort(key=_when)  # stable: what happens at once stays in the order it was thought of
    return found


def _when(one: Happening) -> int:
    return one.at


# --- counters -------------------------------------------------------------------------------------


def _people(visitors: int, dice: Dice) -> list[int]:
    """How visitors are counted in: one by one, and a group with the key for five."""
    groups = int(visitors * (0.12 + 0.08 * dice.random())) // 5
    return [5] * groups + [1] * (visitors - 5 * groups)


def _copies(copies: int, bundle: int, dice: Dice) -> list[int]:
    """How leaflets are counted: a bundle laid out, ten handed round, one by one."""
    bundles = int(copies * (0.4 + 0.1 * dice.random())) // bundle
    tens = int(copies * (0.31 + 0.1 * dice.random())) // 10
    return [bundle] * bundles + [10] * tens + [1] * (copies - bundle * bundles - 10 * tens)


def _leaflets(desk: Desk) -> Iterator[Happening]:
    titles = split(desk.portion.leaflets, [1 + desk.dice.random() for _ in desk.leaflets])
    for leaflet, copies in zip(desk.leaflets, titles, strict=True):
        yield from _taps(desk, LEAFLET + leaflet.id, _copies(copies, leaflet.bundle, desk.dice))


def _boards(desk: Desk) -> Iterator[Happening]:
    """Put up before the gates open."""
    first = desk.tablet.boots[0].began
    for _ in range(desk.portion.boards):
        yield from _tap(desk, BOARD, 1, first + desk.dice.randrange(25 * MINUTE))


def _taps(desk: Desk, counter: str, amounts: list[int]) -> Iterator[Happening]:
    for n in amounts:
        yield from _tap(desk, counter, n, desk.hours.draw())


def _tap(desk: Desk, counter: str, n: int, at: int) -> Iterator[Happening]:
    """One touch. Now and then it comes after a slip of the finger that is taken back."""
    dice, metric = desk.dice, f"tally.{counter}"
    slips = dice.happens(_UNDONE)
    at = desk.tablet.place(at, 12 * SECOND if slips else 0)
    by = desk.on_duty(at)
    if slips:
        wrong, slip = dice.choice((1, 5, 10)), dice.id()
        yield Happening(at, by, slip, TallyCounted(counter=counter, n=wrong), ((metric, wrong),))
        at += dice.randrange(2 * SECOND, 9 * SECOND)
        yield Happening(at, by, undo_id(slip), TallyUndone(undoes=slip, counter=counter, n=wrong), ((metric, -wrong),))
        at += dice.randrange(SECOND, 3 * SECOND)
    yield Happening(at, by, dice.id(), TallyCounted(counter=counter, n=n), ((metric, n),))


# --- visitors at the screen -----------------------------------------------------------------------


def _plays(desk: Desk) -> Iterator[Happening]:
    for _ in range(desk.portion.plays):
        yield from _play(desk)


def _play(desk: Desk) -> Iterator[Happening]:
    """One quiz, of three or five questions; some visitors are called away before its end."""
    dice = desk.dice
    mode = quizzes.QUICK if dice.happens(_SHORT) else quizzes.STANDARD
    count, mark = mode.questions, mode.pass_mark
    answered = dice.randrange(1, count) if dice.happens(_ABANDONED) else count
    session, knows, right = dice.id(), dice.uniform(-0.15, 0.12), 0
    at = desk.tablet.place(desk.hours.draw(), count * 30 * SECOND)
    drawn = desk.pack.bank(stamp(at)[:10]).draw(mode, dice)
    for question in drawn[:answered]:
        thought = 2_500 + int(dice.expovariate(1 / 6_000))
        thought = min(thought, 24 * SECOND)
        at += thought
        is_right = dice.happens(_RIGHT[question.difficulty] + knows)
        right += is_right
        body = QuizAnswered(
            session=session,
            question=question.id,
            chosen=_chosen(question, is_right, dice),
            right=is_right,
            ms=thought,
            pack=desk.pack.version,
            mode=mode.id,
            lang="zh",
            on="tablet",
            helped=False,
        )
        yield Happening(at, VISITOR, dice.id(), body, (("quiz.answered", 1), ("quiz.right", int(is_right))))
        at += dice.randrange(SECOND, 5 * SECOND)  # reads why
    if answered == count:
        passed = right >= mark
        done = QuizFinished(session=session, questions=count, right=right, passed=passed, pass_mark=mark)
        yield Happening(at, VISITOR, dice.id(), done, (("quiz.finished", 1), ("quiz.passed", int(passed))))


def _chosen(question: Question, is_right: bool, dice: Dice) -> list[str]:
    if is_right:
        return question.answer
    ids = [option.id for option in question.options]
    if question.kind == "order":
        return [*question.answer[1:], question.answer[0]]
    wrong = dice.choice([one for one in ids if one not in question.answer])
    return sorted([wrong, *question.answer[1:]]) if question.kind == "multiple" else [wrong]


def _judgements(desk: Desk) -> Iterator[Happening]:
    """Visitors at the gallery, each with a few of the exhibits."""
    dice, left = desk.dice, desk.portion.judgements
    while left:
        seen = min(left, dice.choice((1, 2, 3, 3, 4, 6)))
        left -= seen
        session, eye = dice.id(), 0.55 + 0.3 * dice.random()
        at = desk.tablet.place(desk.hours.draw(), seen * 25 * SECOND)
        for exhibit in dice.sample(desk.pack.exhibits, seen):
            at += dice.randrange(5 * SECOND, 24 * SECOND)
            right = dice.happens(eye)
            body = ExhibitJudged(session=session, exhibit=exhibit.id, right=right)
            yield Happening(at, VISITOR, dice.id(), body, (("exhibit.judged", 1), ("exhibit.right", int(right))))


# --- complaints -----------------------------------------------------------------------------------


def _complaints(desk: Desk) -> Iterator[Happening]:
    """Filled in with a volunteer, and really sealed."""
    dice = desk.dice
    for _ in range(desk.portion.complaints):
        at = desk.tablet.place(desk.hours.draw(), 0)
        context = Context(fair=desk.fair, fact=dice.id(), case=draw_case_number(dice.randrange))
        content = msgspec.json.encode(people.draw_complaint(dice, stamp(at)[:10], context))
        blob = keys.seal_repeatably(desk.sealing_key, content, dice.randbytes)
        body = ComplaintFiled(
            case=context.case,
            blob=hashlib.sha256(blob).hexdigest(),
            size=len(blob),
            channel="volunteer",
            notice=NOTICE_VERSION,
            matter="complaint",
            intake="regulator",
            standing="window",
            form="2026",
            code="",
            linked="",
        )
        adds = (("complaint.filed", 1), ("complaint.volunteer", 1))
        yield Happening(at, desk.on_duty(at), context.fact, body, adds, blob)


# --- the tablet and its staff ---------------------------------------------------------------------


def _shifts(desk: Desk) -> Iterator[Happening]:
    """The PIN at each start, and again whenever the screens have locked themselves; now and then a wrong one first."""
    dice = desk.dice
    for boot in desk.tablet.boots:
        at = boot.began + 40 * SECOND + dice.randrange(40 * SECOND)
        while at < boot.ends - 30 * MINUTE or at < boot.began + 2 * MINUTE:
            by = desk.on_duty(at)
            if dice.happens(0.1):
                yield Happening(at - 4 * SECOND, VISITOR, dice.id(), ShiftRefused())
            yield Happening(at, by, dice.id(), ShiftEntered(volunteer=by))
            at += dice.randrange(35 * MINUTE, 80 * MINUTE)


def _meetings(desk: Desk) -> Iterator[Happening]:
    """The tablet notes the hub's time, as sure of it as the network was quick."""
    dice = desk.dice
    for boot in desk.tablet.boots:
        if boot.compared is not None:
            rtt = min(2 * SECOND, 25 + int(dice.expovariate(1 / 160)))
            noted = ClockCompared(hub_at=stamp(boot.compared - rtt // 2), rtt_ms=rtt)
            yield Happening(boot.compared, DEVICE, dice.id(), noted)


def _closings(desk: Desk) -> Iterator[Happening]:
    """Each working day is closed when all is packed up; nothing is recorded after that."""
    for boot in desk.tablet.boots:
        if boot.is_last_of_day:
            at = boot.ends - CLOSES
            yield Happening(at, desk.on_duty(at), desk.dice.id(), None)
