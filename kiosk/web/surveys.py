"""A survey, one question a screen: for the tablet, for a phone at the tablet and for a phone at the hub alike.

What was answered on earlier screens travels in the page as a hidden field, never in a session, a cookie or an address:
the server keeps nothing between two screens, and any of several hub processes can answer. How a side uses this:

    first(survey, fact_id, now, day)  the first screen; `now`: milliseconds of a clock that only goes forward
    read(survey, day)             a screen as it was sent. Raises `field.*`, `survey.changed`
    posted.turn(day, lang)        the next screen; after the last one `is_over`
    posted.body(day, now, …)      then: the fact, still without a blob
    posted.words                  and what goes into the blob; {} where nobody wrote
    sealed(key, body, words, …)   the fact that names the blob, and the blob
    screen(posted, day, lang, …)  what `survey/question.html` shows, for `web.page("survey/question.html", page=…)`

`survey/start.html` (a StartPage) stands before the first screen, `survey/thanks.html` after the last.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal
from urllib.parse import quote

import msgspec
from flask import request
from markupsafe import Markup

from kiosk import strictjson
from kiosk.codes import personal
from kiosk.errors import FIELD_INVALID, SURVEY_CHANGED, Problem
from kiosk.facts.complaints import clean
from kiosk.facts.surveys import SurveyAnswered, Words
from kiosk.packs import answering
from kiosk.packs.model import Text
from kiosk.packs.surveys import ANSWERED, TEXT_LIMIT, Answers, Choice, Question, Survey
from kiosk.sync import keys
from kiosk.web.forms import pages_of, read_choice, read_form, read_id

#: Choices that stand on one screen; of more there are pages, and a field to search in.
ALL_AT_ONCE, PAGE = 16, 12
#: Steps of a range that are keys; a longer one is typed.
MOST_KEYS = 11
#: Answers of one person: as they travel in the page, and as a fact, whose line has its own limit. In bytes.
_STATE_LIMIT, _FACT_LIMIT = 48 * 1024, 12 * 1024
_MOST_PICKED = 200
#: Where a number of a person might be typed.
_TYPED = ("text", "integer", "decimal", "range")
#: Who answers more quickly than this, for each question, has not read them. In milliseconds.
READING = 1_000
_LONGEST = 86_400_000

Channel = Literal["booth", "assisted", "wifi", "phone"]
Widget = Literal["keys", "row", "ticks", "select", "number", "date", "text", "note"]

_TOO_MUCH = Text(
    "写的、选的加起来太多了，这一题请少写一些、少选一些。", "That is too much in all. Please write or choose less here."
)
_PERSONAL = Text(
    "里面像有手机号、证件号或银行卡号，没有记下。请删掉再往下走：问卷不问您是谁。",
    "This looks like a phone, identity or card number and was not kept. Please remove it: the survey does not ask "
    "who you are.",
)


class Posted(msgspec.Struct, frozen=True):
    """A screen as it was sent, or the next one to be shown."""

    survey: Survey
    fact_id: str
    began: int  # when the first screen was shown, as the side's clock said
    answers: Answers
    at: str  # name of the question on the screen; "" after the last
    go: str = "next"  # or "back", "skip", "find", or the number of a page of choices
    given: Sequence[str] = ()  # what the screen says of its own question
    typed: str = ""  # what is shown where it cannot be taken
    find: str = ""
    page: int = 1
    fault: str = ""
    is_assisted: bool = False

    @property
    def question(self) -> Question:
        question = self.survey.question(self.at)
        assert question is not None
        return question

    @property
    def is_over(self) -> bool:
        return not self.at

    def turn(self, day: date, lang: str) -> "Posted":
        """Check what was sent and turn to the next screen; back is always allowed.

        After the last screen everything is checked again: hidden fields come from outside too.
        """
        given = [] if self.go == "skip" else list(self.given)
        if self.go == "back":
            kept = self if self.fault_of(given, day) is not None else self._answered(given, day)
            return kept.to_question(kept.before(day))
        is_same = self.go == "find" or self.go.isdigit()  # another part of its list
        fault = (_TOO_MUCH if self._is_too_much(given) else None) if is_same else self.fault_of(given, day)
        if fault is not None:
            return msgspec.structs.replace(self, fault=fault.in_(lang))
        turned = self._answered(given, day)
        if is_same:
            return msgspec.structs.replace(turned, page=int(self.go) if self.go.isdigit() else 1)
        following = answering.next_after(turned.survey, turned.answers, self.at, day)
        return turned.to_question(following.name) if following else turned.ended(day, lang)

    def _answered(self, given: list[str], day: date) -> "Posted":
        answers = {name: values for name, values in self.answers.items() if name != self.at}
        if given:
            answers[self.at] = given
        return msgspec.structs.replace(self, answers=answering.prune(self.survey, answers, day))

    def to_question(self, name: str) -> "Posted":
        return msgspec.structs.replace(self, at=name, go="next", given=(), typed="", find="", page=1, fault="")

    def before(self, day: date) -> str:
        names = [question.name for question in answering.shown(self.survey, self.answers, day)]
        return names[max(0, names.index(self.at) - 1)] if self.at in names else names[0]

    def fault_of(self, given: list[str], day: date) -> Text | None:
        """What is wrong with an answer to the question on the screen."""
        question = self.question
        if question.kind == "note":
            return None
        found = answering.check(self.survey, question, given, self.answers, day)
        if found is None and question.kind in _TYPED and personal.stands_in("".join(given)):
            return _PERSONAL
        return _TOO_MUCH if found is None and self._is_too_much(given) else found

    def _is_too_much(self, given: list[str]) -> bool:
        """Whether the answers, with this one, would be more than a page can carry or a fact can say."""
        answers = {**self.answers, self.at: given}
        if len(given) > _MOST_PICKED or len(quote(_written(answers))) > _STATE_LIMIT:
            return True
        return len(_written(_told(self.survey, answers))) > _FACT_LIMIT

    def ended(self, day: date, lang: str) -> "Posted":
        typed = [one.name for one in self.survey.questions if one.kind in _TYPED]
        is_safe = not any(personal.stands_in("".join(self.answers.get(name, []))) for name in typed)
        if is_safe and answering.is_complete(self.survey, self.answers, day):
            return self.to_question("")
        for question in answering.shown(self.survey, self.answers, day):
            asked = self.to_question(question.name)
            given = self.answers.get(question.name, [])
            fault = asked.fault_of(list(given), day)
            if fault is not None:
                return msgspec.structs.replace(asked, given=given, typed="".join(given), fault=fault.in_(lang))
        return self.to_question("")

    @property
    def words(self) -> dict[str, str]:
        """Question → what was written in words."""
        texts = [question.name for question in self.survey.questions if question.kind == "text"]
        return {name: self.answers[name][0] for name in texts if self.answers.get(name)}

    def body(
        self, day: date, now: int, channel: Channel, lang: str, *, large: bool,
        phase: Literal["", "before", "after"] = "", play: str = "",
    ) -> SurveyAnswered:  # fmt: skip
        """The fact, before anything is sealed. `valid`: all that has to be answered is, and nobody was too quick."""
        asked = sum(one.kind in ANSWERED for one in answering.shown(self.survey, self.answers, day))
        ms = min(max(now - self.began, 0), _LONGEST)
        return SurveyAnswered(
            survey=self.survey.id,
            version=self.survey.version,
            answers=_told(self.survey, self.answers),
            asked=asked,
            ms=ms,
            valid=ms >= asked * READING and answering.is_complete(self.survey, self.answers, day),
            lang="en" if lang == "en" else "zh",
            large=large,
            channel=channel,
            phase=phase,
            play=play,
            blob="",
            size=0,
        )


def first(survey: Survey, fact_id: str, now: int, day: date, *, is_assisted: bool = False) -> Posted:
    """The first screen. A survey of which nothing is to be shown is over at once."""
    question = answering.next_after(survey, {}, "", day)
    return Posted(survey, fact_id, now, {}, question.name if question else "", is_assisted=is_assisted)


def read(survey: Survey, day: date, *more: str) -> Posted:
    """A screen of ours as it was sent, with `more` fields beside it. Raises `field.*`, `survey.changed`."""
    question = survey.question(request.form.get("at", ""))
    codes = [f"pick-{one.code}" for one in survey.choices(question)] if question else []
    posted = read_form(
        "id", "version", "began", "at", "answers",
        optional=("go", "pick", "value", "find", "found", "page", "assisted", *more, *codes), limit=_STATE_LIMIT,
    )  # fmt: skip
    if posted["version"] != survey.version:
        raise Problem(SURVEY_CHANGED)
    if question is None or question.kind == "calculate":
        raise Problem(FIELD_INVALID, field="at")
    began, page, go = posted["began"], posted["page"] or "1", posted["go"] or "next"
    if not (began.isascii() and began.isdigit() and len(began) < 16):
        raise Problem(FIELD_INVALID, field="began")
    if not (page.isascii() and page.isdigit() and len(page) < 5):
        raise Problem(FIELD_INVALID, field="page")
    if not (go.isascii() and go.isdigit() and len(go) < 5):
        read_choice({"go": go}, "go", ("next", "back", "skip", "find"))
    if max(len(posted["find"]), len(posted["found"])) > 100 or posted["assisted"] not in ("", "1"):
        raise Problem(FIELD_INVALID, field="find")
    answers = _read_answers(survey, posted["answers"])
    typed = clean(posted["value"])
    sent = Posted(
        survey=survey,
        fact_id=read_id(posted, "id"),
        began=int(began),
        answers=answers,
        at=question.name,
        go=go,
        typed=typed[: TEXT_LIMIT * 2],
        find=clean(posted["find"]),
        page=int(page),
        is_assisted=posted["assisted"] == "1",
    )
    ticked = {name.removeprefix("pick-") for name in codes if posted[name]}
    return msgspec.structs.replace(sent, given=_given(sent, ticked, posted["pick"], posted["found"], day))


def _given(sent: Posted, ticked: set[str], pick: str, found: str, day: date) -> list[str]:
    """What a screen says of its question. Of several choices those on other pages of the list stay as they were."""
    question, survey = sent.question, sent.survey
    if question.kind == "select_multiple":
        offered = answering.choices(survey, question, sent.answers, day)
        shown = {one.code for one in _part(offered, found, sent.page)[0]}
        held = set(sent.answers.get(sent.at, [])) - shown | ticked
        return [one.code for one in offered if one.code in held]
    if question.kind == "note":
        return []
    if sent.go == "find" or sent.go.isdigit():
        return list(sent.answers.get(sent.at, []))
    one = pick or sent.typed
    return [one] if one else []


def _read_answers(survey: Survey, text: str) -> dict[str, list[str]]:
    """The hidden field. That its answers are good ones is looked at on the way and again at the end."""
    try:
        answers = msgspec.convert(strictjson.loads(text.encode(), _STATE_LIMIT), dict[str, list[str]])
    except (Problem, msgspec.ValidationError):
        raise Problem(FIELD_INVALID, field="answers") from None
    known = {question.name for question in survey.questions if question.kind in ANSWERED}
    if not answers.keys() <= known or any(len(values) > _MOST_PICKED for values in answers.values()):
        raise Problem(FIELD_INVALID, field="answers")
    return answers


def _written(answers: Answers) -> str:
    return strictjson.dumps(answers).decode()


def _told(survey: Survey, answers: Answers) -> dict[str, list[str]]:
    """What the fact says: codes, numbers and dates, and no words."""
    told = [one.name for one in survey.questions if one.kind in ANSWERED and one.kind != "text"]
    return {name: list(answers[name]) for name in told if answers.get(name)}


def sealed(
    key: keys.PublicKey, fact_id: str, fair: str, body: SurveyAnswered, words: Mapping[str, str]
) -> tuple[SurveyAnswered, bytes | None]:
    """The fact that names what was written in words, and that, sealed; where nothing was, the fact as it is."""
    if not words:
        return body, None
    content = Words(words=dict(words), survey=body.survey, fair=fair, fact=fact_id)
    blob = keys.seal(key, msgspec.json.encode(content))
    return msgspec.structs.replace(body, blob=hashlib.sha256(blob).hexdigest(), size=len(blob)), blob


# --- what a screen shows --------------------------------------------------------------------------------


NO_CODE = Markup("")


class StartPage(msgspec.Struct, frozen=True):
    """Before the first question. The form goes to `action` with `id` and, at a tablet, `assisted`."""

    survey: Survey
    action: str
    questions: int  # that are asked at most
    fact_id: str
    phone: str = ""  # address of the same survey for a phone; "" where there is none
    code: Markup = NO_CODE  # that address as a drawing
    wifi: str = ""  # the network a phone has to be in
    can_be_assisted: bool = False

    @property
    def may_skip(self) -> bool:
        """Whether every question may be left out."""
        return not any(one.required for one in self.survey.questions)


class ChoiceView(msgspec.Struct, frozen=True):
    code: str
    label: str
    is_on: bool


class Screen(msgspec.Struct, frozen=True):
    """One question on a screen."""

    posted: Posted
    question: Question
    label: str
    hint: str  # "" where the ends of a scale say it
    ends: list[str]  # words for the first and the last step of a scale, where its hint gives them
    action: str
    answers: str  # for the hidden field
    number: int
    total: int  # as far as what was answered tells
    widget: Widget
    choices: list[ChoiceView]  # that stand on this screen
    others: list[ChoiceView]  # chosen, and on another page of the list
    is_long: bool  # there is a field to search in
    pages: int
    at_page: int
    count: int  # choices that were found
    value: str  # in the field
    problem: str  # a sentence over the question, or ""
    longest: int  # characters of an answer in words
    is_last: bool
    is_open: bool  # the way to the server is not encrypted: said where words are typed


def screen(
    posted: Posted, day: date, lang: str, action: str, *, problem: Problem | None = None, is_open: bool = False
) -> Screen:
    question, survey = posted.question, posted.survey
    names = [one.name for one in answering.shown(survey, posted.answers, day)]
    widget = _widget(question)
    given = posted.answers.get(posted.at) or answering.preset(survey, question, posted.answers, day)
    if posted.fault and posted.go != "skip":
        given = list(posted.given)
    all_of_them = choices_of(survey, question, posted.answers, day)
    is_long = len(all_of_them) > ALL_AT_ONCE
    part, found = _part(all_of_them, posted.find, posted.page) if is_long else (all_of_them, all_of_them)
    here = {one.code for one in part}
    view = [ChoiceView(one.code, one.label.in_(lang), one.code in given) for one in all_of_them]
    hint = _worded(posted, question.hint, day, lang)
    ends = ends_of(question, hint)
    return Screen(
        posted=posted,
        question=question,
        label=_worded(posted, question.label, day, lang),
        hint="" if ends else hint,
        ends=ends,
        action=action,
        answers=_written(posted.answers),
        number=names.index(posted.at) + 1 if posted.at in names else 1,
        total=max(len(names), 1),
        widget="keys" if is_long and widget in ("row", "select") else widget,
        choices=[one for one in view if one.code in here],
        others=[one for one in view if one.is_on and one.code not in here],
        is_long=is_long,
        pages=pages_of(len(found), PAGE) if is_long else 1,
        at_page=min(max(posted.page, 1), pages_of(len(found), PAGE)),
        count=len(found),
        value=posted.typed if posted.fault else (given[0] if given else ""),
        problem=problem.sentence(lang) if problem else "",
        longest=TEXT_LIMIT,
        is_last=posted.at == (names or [""])[-1],
        is_open=is_open,
    )


def _widget(question: Question) -> Widget:
    match question.kind:
        case "select_multiple":
            return "ticks"
        case "select_one":
            return {"minimal": "select", "likert": "row", "horizontal": "row"}.get(question.appearance, "keys")  # type: ignore[return-value]
        case "rating" | "range":
            return "row" if _steps(question) else "number"
        case "integer" | "decimal":
            return "number"
        case "date" | "text" | "note":
            return question.kind
    return "note"


def choices_of(survey: Survey, question: Question, answers: Answers, day: date) -> list[Choice]:
    """What there is to touch: choices, or the steps of a short scale. [] where an answer is typed."""
    if question.kind in ("select_one", "select_multiple"):
        return answering.choices(survey, question, answers, day)
    return [Choice(code=step, label=Text(step, step)) for step in _steps(question)]


def _worded(posted: Posted, text: Text | None, day: date, lang: str) -> str:
    return answering.worded(posted.survey, text, posted.answers, day).in_(lang) if text else ""


def _steps(question: Question) -> list[str]:
    """The steps of a short scale, each to be touched; [] of a long one, or of what has none."""
    if question.kind not in ("range", "rating"):
        return []
    steps = answering.stops(question.scale or answering.DEFAULT_SCALE)
    return steps if len(steps) <= MOST_KEYS else []


def ends_of(question: Question, hint: str) -> list[str]:
    """What the first and the last step of a short scale mean, where its hint is no more than that; else []."""
    steps = _steps(question)
    if len(steps) < 2:
        return []
    means, words = r"\s*(?:是|为|代表|表示|[=＝:：]|is|means)\s*", r"([^,，;；.。]{1,40})"
    first, last = re.escape(steps[0]), re.escape(steps[-1])
    found = re.fullmatch(rf"\s*{first}{means}{words}[,，;；]\s*{last}{means}{words}[.。]?\s*", hint)
    return [word.strip() for word in found.groups()] if found else []


def _part(choices: Sequence[Choice], find: str, page: int) -> tuple[list[Choice], list[Choice]]:
    """(the choices on one page of those that were found, all of these)."""
    if len(choices) <= ALL_AT_ONCE:
        return list(choices), list(choices)
    wanted = find.casefold()
    found = [one for one in choices if wanted in f"{one.label.zh}\n{one.label.en}\n{one.code}".casefold()]
    start = (min(max(page, 1), pages_of(len(found), PAGE)) - 1) * PAGE
    return found[start : start + PAGE], found
