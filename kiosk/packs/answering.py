"""Answering a survey: which question comes, what there is to choose, whether an answer is taken, what falls out again.

Nothing here remembers anything: what a person has answered is handed in each time. Of a survey with flaws (see
`flaws`) nothing raises; a formula that cannot be read holds.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from kiosk.packs import expressions
from kiosk.packs.expressions import Expression, FaultError, Value, to_text
from kiosk.packs.model import Text
from kiosk.packs.surveys import ANSWERED, TEXT_LIMIT, Answers, Choice, Question, Scale, Survey, looks_at

#: Stops on a scale: more are a number to be typed.
STOPS_LIMIT = 101
#: What is worked out anew on every screen, so that a tablet does it in a moment: places in all patterns of `regex`,
#: choices that filters look through.
PLACES_LIMIT, FILTERED_LIMIT = 6_000, 30_000
_DIGITS_LIMIT, _WRITTEN_LIMIT = 15, 40  # before the point; in all, for a fact takes no more
_NUMERIC = ("integer", "decimal", "range", "rating")
_SELECTS = ("select_one", "select_multiple")


# --- what a person sees ---------------------------------------------------------------------------


def shown(survey: Survey, answers: Answers, today: date) -> list[Question]:
    """The questions and notes that are shown, given what was answered so far, as they stand in the survey."""
    return _State(survey, answers, today).shown()


def next_after(survey: Survey, answers: Answers, name: str, today: date) -> Question | None:
    """The one shown after the question of that name, the first for ""; None at the end.

    The name may be of one that is not shown any more; of one the survey does not have, the first is meant.
    """
    place = next((place for place, question in enumerate(survey.questions) if question.name == name), -1)
    behind = {question.name for question in survey.questions[place + 1 :]}
    return next((question for question in shown(survey, answers, today) if question.name in behind), None)


def choices(survey: Survey, question: Question, answers: Answers, today: date) -> list[Choice]:
    """What there is to choose, after the filter."""
    return list(_State(survey, answers, today).offered(question))


def stops(scale: Scale) -> list[str]:
    """Every value of a scale, as it is written. None where there are more than `STOPS_LIMIT`."""
    start, end, step = _scale(scale)
    if step == 0 or abs((end - start) / step) > STOPS_LIMIT - 1:
        return []
    return [_plain(start + number * step) for number in range(int((end - start) / step) + 1)]


def preset(survey: Survey, question: Question, answers: Answers, today: date) -> list[str]:
    """What stands in a question before anybody touches it: its calculation, if that would be an answer."""
    if not question.calculation or question.kind not in ANSWERED:
        return []
    state = _State(survey, answers, today)
    words = to_text(state.value(question.calculation, ""))
    given = words.split() if question.kind == "select_multiple" else [words]
    return taken(question, given) if not _refusal(state, question, given) else []


def worded(survey: Survey, text: Text, answers: Answers, today: date) -> Text:
    """A label with what its ${name} stand for: of a choice its label, of others the answer."""
    if "${" not in text.zh and "${" not in text.en:
        return text
    state = _State(survey, answers, today)
    return Text(state.filled_in(text, "zh"), state.filled_in(text, "en"))


_REFERENCE = re.compile(r"\$\{\s*([^}]{1,100}?)\s*\}")


# --- what a person gives --------------------------------------------------------------------------


def taken(question: Question, given: Sequence[str]) -> list[str]:
    """An answer as it is kept: numbers and days in one way of writing, nothing blank, nothing twice.

    What cannot be read as such stays as it is; `check` says so.
    """
    if question.kind == "text":
        return [words for words in (_trimmed(one) for one in given[:1]) if words]
    narrow = (unicodedata.normalize("NFKC", one).strip() for one in given)
    found = list(dict.fromkeys(words for words in narrow if words))
    if question.kind in _NUMERIC:
        return [_plain(number) if (number := _number(words)) is not None else words for words in found]
    if question.kind == "date":
        return [day.isoformat() if (day := _day(words)) else words for words in found]
    return found


def check(survey: Survey, question: Question, given: Sequence[str], answers: Answers, today: date) -> Text | None:
    """What is to be said of an answer that cannot be taken; None where it can."""
    return _refusal(_State(survey, answers, today), question, given)


def prune(survey: Survey, answers: Answers, today: date) -> dict[str, list[str]]:
    """The answers that still count: of questions that are asked, of choices that are there."""
    state = _State(survey, answers, today)
    return {question.name: state.kept[question.name] for question in survey.questions if question.name in state.kept}


def is_complete(survey: Survey, answers: Answers, today: date) -> bool:
    """Whether every question that is shown has an answer that is taken, or need not have one."""
    state = _State(survey, answers, today)
    return all(
        _refusal(state, question, state.kept.get(question.name, [])) is None
        for question in state.shown()
        if question.kind in ANSWERED
    )


def values(survey: Survey, answers: Answers, today: date) -> dict[str, str]:
    """Name → what it comes to in words, with the calculations; "" of what is not asked."""
    return {name: to_text(value) for name, value in _State(survey, answers, today).values.items()}


# --- how it is worked out -------------------------------------------------------------------------


class _State:
    """A survey as it stands with some answers: walked once, each question after those it looks at."""

    def __init__(self, survey: Survey, answers: Answers, today: date) -> None:
        self._survey, self._today = survey, today
        self.values: dict[str, Value] = {}
        self.kept: dict[str, list[str]] = {}
        self._given = {name: " ".join(given) for name, given in answers.items()}
        self._relevant: set[str] = set()
        self._any: dict[tuple[str, str], bool] = {}  # list and filter → whether that leaves something
        for question in survey.order:
            self.values[question.name] = self._take(question, answers.get(question.name, []))

    def _take(self, question: Question, given: Sequence[str]) -> Value:
        if not self.holds(question.relevant, ""):
            return ""
        self._relevant.add(question.name)
        if question.kind == "calculate":
            value = self.value(question.calculation, "")
            return "" if isinstance(value, float) and math.isnan(value) else value  # with what is not answered yet
        if question.kind == "note":
            return ""
        answer = taken(question, given)
        if question.kind in _SELECTS:
            answer = [code for code in answer if self.is_offered(question, code)]
        if answer:
            self.kept[question.name] = answer
        return typed(question, answer)

    def shown(self) -> list[Question]:
        return [
            question
            for question in self._survey.questions
            if question.name in self._relevant
            and question.kind != "calculate"
            # Where a filter leaves nothing there is nothing to ask.
            and (question.kind not in _SELECTS or self._offers_any(question))
        ]

    def _offers_any(self, question: Question) -> bool:
        key = (question.list_name, question.choice_filter)
        if key not in self._any:
            self._any[key] = next(self.offered(question), None) is not None
        return self._any[key]

    def offered(self, question: Question) -> Iterator[Choice]:
        every, expression = self._survey.choices(question), _parsed(question.choice_filter)
        if expression is None:
            return iter(every)
        return (choice for choice in every if self._fits(expression, choice))

    def is_offered(self, question: Question, code: str) -> bool:
        choice = self._survey.choice(question, code)
        return choice is not None and self._passes(question, choice)

    def _passes(self, question: Question, choice: Choice) -> bool:
        expression = _parsed(question.choice_filter)
        return expression is None or self._fits(expression, choice)

    def _fits(self, expression: Expression, choice: Choice) -> bool:
        columns = {**choice.columns, "name": choice.code}
        return expressions.holds(expression, self.values, "", self._today, columns)

    def holds(self, formula: str, this: Value, columns: Mapping[str, str] | None = None) -> bool:
        expression = _parsed(formula)
        if expression is None:
            return True
        return expressions.holds(expression, self.values, this, self._today, columns)

    def value(self, formula: str, this: Value) -> Value:
        expression = _parsed(formula)
        return "" if expression is None else expressions.evaluate(expression, self.values, this, self._today)

    def filled_in(self, text: Text, lang: str) -> str:
        return _REFERENCE.sub(lambda found: self._words(found[1], lang), text.in_(lang))

    def _words(self, name: str, lang: str) -> str:
        question = self._survey.question(name)
        value = to_text(self.values.get(name, ""))
        if question is None or question.kind not in _SELECTS:
            return value
        chosen = (self._survey.choice(question, code) for code in value.split())
        return ("、" if lang == "zh" else ", ").join(choice.label.in_(lang) for choice in chosen if choice)


def _parsed(formula: str) -> Expression | None:
    if not formula:
        return None
    try:
        return expressions.parse(formula)
    except FaultError:
        return None


def typed(question: Question, answer: Sequence[str]) -> Value:
    """An answer as formulas see it: a number is one."""
    words = " ".join(answer)
    if words and question.kind in _NUMERIC:
        number = _number(words)
        return words if number is None else float(number)
    return words


# --- whether it is taken --------------------------------------------------------------------------


def _refusal(state: _State, question: Question, given: Sequence[str]) -> Text | None:
    answer = taken(question, given)
    if not answer:
        return (question.required_message or _REQUIRED[question.kind in _SELECTS]) if question.required else None
    refused = _READERS[question.kind](state, question, answer) if question.kind in _READERS else None
    if refused is not None:
        return refused
    if not state.holds(question.constraint, typed(question, answer)):
        return question.constraint_message or _CONSTRAINT
    return None


_REQUIRED = (
    Text("这道题要回答，请填一下。", "This question needs an answer."),
    Text("这道题要回答，请选一个。", "This question needs an answer; please choose."),
)
_CONSTRAINT = Text("这个回答不合要求，请看一看再改。", "This answer does not fit; please look at it again.")
_ONE = Text("只能选一个。", "Please choose only one.")
_NOT_OFFERED = Text("这个选项没有了，请重新选。", "That choice is not there any more; please choose again.")
_NO_INTEGER = Text("请填整数，例如 35。", "Please give a whole number, such as 35.")
_NO_DECIMAL = Text("请填数字，例如 3.5。", "Please give a number, such as 3.5.")
_TOO_LARGE = Text("这个数太大，请看一看再改。", "This number is too large; please look at it again.")
_NO_DAY = Text("请填日期，例如 2027-03-15。", "Please give a day, such as 2027-03-15.")
_TOO_LONG = Text(f"最多写 {TEXT_LIMIT} 个字，请写短些。", f"Please write at most {TEXT_LIMIT} characters.")


def _refuse_choices(state: _State, question: Question, answer: Sequence[str]) -> Text | None:
    if question.kind == "select_one" and len(answer) > 1:
        return _ONE
    return None if all(state.is_offered(question, code) for code in answer) else _NOT_OFFERED


def _refuse_number(_: _State, question: Question, answer: Sequence[str]) -> Text | None:
    number = _number(answer[0]) if len(answer) == 1 else None
    if number is None or (question.kind == "integer" and number != int(number)):
        return _NO_INTEGER if question.kind == "integer" else _NO_DECIMAL
    return _TOO_LARGE if abs(number) >= 10**_DIGITS_LIMIT or len(_plain(number)) > _WRITTEN_LIMIT else None


def _refuse_stop(_: _State, question: Question, answer: Sequence[str]) -> Text | None:
    scale = question.scale or DEFAULT_SCALE
    start, end, step = _scale(scale)
    number = _number(answer[0]) if len(answer) == 1 else None
    low, high = min(start, end), max(start, end)
    if number is None or not low <= number <= high or (step and (number - start) % abs(step)):
        zh = f"请选 {_plain(low)} 到 {_plain(high)} 之间的一个。"
        return Text(zh, f"Please choose one from {_plain(low)} to {_plain(high)}.")
    return None


def _refuse_day(_: _State, __: Question, answer: Sequence[str]) -> Text | None:
    return None if len(answer) == 1 and _day(answer[0]) else _NO_DAY


def _refuse_text(_: _State, __: Question, answer: Sequence[str]) -> Text | None:
    return _TOO_LONG if len(answer[0]) > TEXT_LIMIT else None


_READERS: dict[str, Callable[[_State, Question, Sequence[str]], Text | None]] = {
    "select_one": _refuse_choices,
    "select_multiple": _refuse_choices,
    "integer": _refuse_number,
    "decimal": _refuse_number,
    "range": _refuse_stop,
    "rating": _refuse_stop,
    "date": _refuse_day,
    "text": _refuse_text,
}

#: Of a range or rating that says nothing.
DEFAULT_SCALE = Scale("1", "5")


# --- numbers and days as people write them --------------------------------------------------------

_WRITTEN = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3}){1,5}(?:\.[0-9]{0,30})?")


def _number(words: str) -> Decimal | None:
    plain = unicodedata.normalize("NFKC", words).strip().replace("−", "-").replace("。", ".").replace("、", ",")
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    return Decimal(plain) if _WRITTEN.fullmatch(plain) else None


def _plain(number: Decimal) -> str:
    """Without zeros at the end, without an exponent."""
    words = format(number, "f")
    words = words.rstrip("0").rstrip(".") if "." in words else words
    return "0" if words in ("-0", "+0", "") else words


_HAN = {"〇": 0, "零": 0, "○": 0, **dict(zip("一二三四五六七八九", range(1, 10), strict=True))}
_DAYS = (
    re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*[日号]?"),
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
)


def _day(words: str) -> date | None:
    plain = unicodedata.normalize("NFKC", words).strip()[:40]
    plain = re.sub(r"[〇零○一二三四五六七八九十]+", lambda found: _han_number(found[0]), plain)
    for form in _DAYS:
        found = form.fullmatch(plain)
        if found:
            try:
                return date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                return None
    return None


def _han_number(words: str) -> str:
    """二〇二七 → 2027, 十五 → 15, 三十 → 30: as years, months and days are written."""
    if "十" not in words:
        return "".join(str(_HAN[letter]) for letter in words)
    tens, _, ones = words.partition("十")
    if len(tens) > 1 or len(ones) > 1:
        return words
    return str(_HAN.get(tens, 1) * 10 + _HAN.get(ones, 0))


def _trimmed(words: str) -> str:
    """Without what cannot be seen, and without spaces at the ends."""
    kept = "".join(letter for letter in words.replace("\r\n", "\n") if letter == "\n" or not _is_control(letter))
    return kept.strip()


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs", "Cn")


def _scale(scale: Scale) -> tuple[Decimal, Decimal, Decimal]:
    """(from, to, step); a step leads from one to the other. A scale that is none is one to five."""
    try:
        start, end, step = Decimal(scale.start), Decimal(scale.end), abs(Decimal(scale.step))
        if not all(math.isfinite(one) and abs(one) < 10**_DIGITS_LIMIT for one in (start, end, step)):
            raise InvalidOperation
    except InvalidOperation:
        return Decimal(1), Decimal(5), Decimal(1)
    return start, end, step if end >= start else -step


# --- flaws ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a question, in the field of that name: for whoever wrote the survey."""

    question: str
    field: str
    message: Text


def flaws(survey: Survey) -> list[Flaw]:
    """Everything that keeps a survey from being asked: references, formulas, lists, scales, rings; in its order."""
    found: list[Flaw] = []
    names: set[str] = set()
    for question in survey.questions:
        if question.name in names:
            found.append(Flaw(question.name, "name", Text("这个题名用了两次。", "this name is used twice")))
        names.add(question.name)
    for question in survey.questions:
        found += _question_flaws(survey, question, names)
    return [*found, *_list_flaws(survey), *_rings(survey), *_too_much(survey)]


def _too_much(survey: Survey) -> Iterable[Flaw]:
    """What each screen would take too long for; said of the question with which it is too much."""
    places = filtered = 0
    seen: set[tuple[str, str]] = set()  # lists with their filters: each is looked through once a screen
    for question in survey.questions:
        formulas = (getattr(question, field) for field in _FORMULAS)
        more = sum(found.places for found in map(_parsed, formulas) if found)
        if places <= PLACES_LIMIT < places + more:
            zh = "整份问卷的 regex 匹配式加起来太长，平板算不过来。请写短些，或减少几处。"
            en = "the patterns of regex are too long in all for a tablet; shorten some or leave some out"
            yield Flaw(question.name, "constraint", Text(zh, en))
        filtered_as = (question.list_name, question.choice_filter)
        look = len(survey.choices(question)) if question.choice_filter and filtered_as not in seen else 0
        seen.add(filtered_as)
        if filtered <= FILTERED_LIMIT < filtered + look:
            zh = f"各题的筛选加起来要看 {FILTERED_LIMIT} 个以上的选项，平板算不过来。请减少题目或选项。"
            en = f"the choice filters look through more than {FILTERED_LIMIT} choices in all; use fewer"
            yield Flaw(question.name, "choice_filter", Text(zh, en))
        places, filtered = places + more, filtered + look


_FORMULAS = ("relevant", "constraint", "calculation", "choice_filter")


def _question_flaws(survey: Survey, question: Question, names: set[str]) -> Iterable[Flaw]:
    for field in _FORMULAS:
        formula = getattr(question, field)
        if formula:
            columns = survey.columns(question) if field == "choice_filter" else frozenset[str]()
            yield from (Flaw(question.name, field, said) for said in formula_flaws(formula, names, columns, field))
    for field in ("label", "hint", "required_message", "constraint_message", "group"):
        text = getattr(question, field)
        if text is not None:
            yield from (Flaw(question.name, field, said) for said in label_flaws(text, names))
    if question.kind != "calculate" and question.label is None:
        yield Flaw(question.name, "label", Text("这道题没有文字。", "this question has no words"))
    if question.kind == "calculate" and not question.calculation:
        yield Flaw(question.name, "calculation", Text("没有写怎么算。", "how it is calculated is missing"))
    if question.kind in _SELECTS and not survey.choices(question):
        zh = f"选项表 {question.list_name} 里没有选项。"
        yield Flaw(question.name, "list_name", Text(zh, f"the list {question.list_name} has no choices"))
    if question.scale is not None:
        yield from (Flaw(question.name, "scale", said) for said in scale_flaws(question.scale))


def formula_flaws(formula: str, names: set[str], columns: frozenset[str], field: str) -> list[Text]:
    """`columns`: the bare words that may stand there."""
    try:
        expression = expressions.parse(formula)
    except FaultError as fault:
        zh = f"第 {fault.at + 1} 个字符：{fault.message.zh}"
        return [Text(zh, f"character {fault.at + 1}: {fault.message.en}")]
    found = [_unknown(name) for name in sorted(expression.names - names)]
    for word in sorted(expression.columns - columns):
        if field == "choice_filter":
            found.append(Text(f"选项表里没有 {word} 这一列。", f"the choices have no column {word}"))
        else:
            zh = f"“{word}”是什么？引用题目写 ${{{word}}}，文字要加引号。"
            found.append(Text(zh, f"what is {word}? a question is ${{{word}}}, words stand in quotation marks"))
    return found


def _unknown(name: str) -> Text:
    return Text(f"没有名叫 {name} 的题目。", f"there is no question called {name}")


def label_flaws(text: Text, names: set[str]) -> list[Text]:
    return [_unknown(name) for name in sorted(names_in(text) - names)]


def names_in(text: Text) -> set[str]:
    """Of the questions whose answers a label shows."""
    return {name for words in (text.zh, text.en) for name in _REFERENCE.findall(words)}


def _list_flaws(survey: Survey) -> Iterable[Flaw]:
    """Choices that stand twice in a list; said of the first question that has it."""
    asked_by = {question.list_name: question.name for question in reversed(survey.questions) if question.list_name}
    for name, choices_ in survey.lists.items():
        for code, count in Counter(choice.code for choice in choices_).items():
            if count > 1:
                message = Text(f"选项 {code} 有 {count} 个。", f"the choice {code} stands {count} times")
                yield Flaw(asked_by.get(name, ""), "list_name", message)


def scale_flaws(scale: Scale) -> list[Text]:
    try:
        start, end, step = Decimal(scale.start), Decimal(scale.end), Decimal(scale.step)
    except InvalidOperation:
        return [Text("起点、终点、步长要写成数字。", "start, end and step are numbers")]
    if not all(one.is_finite() and abs(one) < 10**_DIGITS_LIMIT for one in (start, end, step)):
        return [Text("起点、终点、步长的数字太大。", "start, end or step is too large")]
    if step == 0 or start == end:
        return [Text("起点和终点要不同，步长不能是 0。", "start and end differ, and the step is not 0")]
    if abs(end - start) < abs(step):
        return [Text("步长比起点到终点还大。", "the step is larger than the whole scale")]
    return []


def _rings(survey: Survey) -> list[Flaw]:
    """Questions that wait for one another; what only waits for a ring is not named."""
    settled = {question.name for question in survey.order}
    open_ = {question.name: looks_at(question) - settled for question in survey.questions}
    open_ = {name: others for name, others in open_.items() if name not in settled}
    # Those nobody in the ring waits for, hang on it from behind.
    while loose := set(open_).difference(*open_.values()):
        for name in loose:
            del open_[name]
    found = []
    for question in survey.questions:
        if question.name in open_:
            others = "、".join(sorted(open_[question.name] & set(open_))[:5])
            message = Text(
                f"绕成了一圈：{question.name} 要看 {others}，{others} 又要看 {question.name}。",
                f"this goes round in a ring: {question.name} looks at {others.replace('、', ', ')} and the other way",
            )
            field = "calculation" if question.kind == "calculate" else "relevant"
            found.append(Flaw(question.name, field, message))
    return found
