"""A survey as it is written in a form: the six common kinds of questions, one after another; and back.

What a survey can say beyond that (conditions, groups, filters …) is written as an XLSForm.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from kiosk.packs.model import Text
from kiosk.packs.surveys import Choice, Kind, Question, Survey

#: What a form offers → what it is.
KINDS: dict[str, Kind] = {
    "one": "select_one", "several": "select_multiple", "number": "integer", "rating": "rating", "text": "text",
    "note": "note",
}  # fmt: skip
MOST = 30  # questions
MOST_CHOICES = 30
LABEL_LIMIT, TITLE_LIMIT, CHOICE_LIMIT = 200, 60, 80
_BY_KIND = {kind: word for word, kind in KINDS.items()}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}\Z")


class Line(msgspec.Struct, frozen=True):
    """One question as it was typed."""

    kind: str
    name: str = ""  # as it was called before; "" of a new one
    zh: str = ""
    en: str = ""
    required: bool = False
    choices: str = ""  # one a line, "是 | Yes"


class Draft(msgspec.Struct, frozen=True):
    title: str = ""
    title_en: str = ""
    lines: Sequence[Line] = ()


def draft_of(survey: Survey) -> Draft | None:
    """A survey as a form has it; None where a form could not say all of it."""
    if survey.intro is not None or len(survey.questions) > MOST:
        return None
    lines = [_line(survey, question) for question in survey.questions]
    found = [line for line in lines if line is not None]
    return Draft(survey.title.zh, survey.title.en, found) if len(found) == len(lines) else None


def _line(survey: Survey, question: Question) -> Line | None:
    kind, label = _BY_KIND.get(question.kind), question.label
    if kind is None or label is None or "${" in label.zh + label.en:
        return None
    is_required, name = question.required, question.name
    bare = Question(name=name, kind=question.kind, label=label, required=is_required, list_name=question.list_name)
    choices = survey.choices(question)
    if question != bare or not _NAME.match(name) or len(choices) > MOST_CHOICES:
        return None
    if any(choice.columns or "|" in choice.label.zh + choice.label.en for choice in choices):
        return None
    rows = [one.label.zh if one.label.zh == one.label.en else f"{one.label.zh} | {one.label.en}" for one in choices]
    return Line(kind, name, label.zh, label.en, is_required, "\n".join(rows))


def made(draft: Draft, survey_id: str, version: str, before: Survey | None) -> tuple[Survey | None, dict[str, str]]:
    """The survey, or what is wrong: field → "missing", "long", "choices", "few", "many", "twice", "formula".

    Choices that are called as in `before` keep their codes.
    """
    faults: dict[str, str] = {}
    if not draft.title:
        faults["title"] = "missing"
    elif max(len(draft.title), len(draft.title_en)) > TITLE_LIMIT * 2:
        faults["title"] = "long"
    if not draft.lines:
        faults["questions"] = "missing"
    questions: list[Question] = []
    lists: dict[str, list[Choice]] = {}
    for place, line in enumerate(draft.lines):
        fault = _fault(line)
        if fault:
            faults[f"q{place}"] = fault
            continue
        name = _free(line.name, [one.name for one in questions], [one.name for one in draft.lines[place + 1 :]])
        has_choices = line.kind in ("one", "several")
        if has_choices:
            lists[name] = _choices(line, before)
        questions.append(
            Question(
                name=name,
                kind=KINDS[line.kind],
                label=Text(line.zh, line.en or line.zh),
                required=line.required and line.kind != "note",
                list_name=name if has_choices else "",
            )
        )
    if faults:
        return None, faults
    title = Text(draft.title, draft.title_en or draft.title)
    return Survey(id=survey_id, version=version, title=title, questions=questions, lists=lists), {}


def is_same(one: Survey, other: Survey) -> bool:
    """Whether both ask the same, whatever their versions and their lists are called."""

    def asked(survey: Survey) -> object:
        questions = [(msgspec.structs.replace(q, list_name=""), survey.choices(q)) for q in survey.questions]
        return survey.id, survey.title, survey.intro, questions

    return asked(one) == asked(other)


def _fault(line: Line) -> str:
    if not line.zh:
        return "missing"
    if len(line.zh) > LABEL_LIMIT or len(line.en) > LABEL_LIMIT * 2:
        return "long"
    if "${" in line.zh + line.en:
        return "formula"
    if line.kind not in ("one", "several"):
        return ""
    labels = [zh for zh, _ in _rows(line)]
    if len(labels) < 2:
        return "few"
    if len(labels) > MOST_CHOICES:
        return "many"
    if any(len(word) > CHOICE_LIMIT * 2 for row in _rows(line) for word in row):
        return "choices"
    return "twice" if len(set(labels)) < len(labels) else ""


def _rows(line: Line) -> list[tuple[str, str]]:
    """(zh, en) of each choice that was typed."""
    found = []
    for row in line.choices.replace("｜", "|").splitlines():
        zh, _, en = (part.strip() for part in row.partition("|"))
        if zh or en:
            found.append((zh or en, en or zh))
    return found


def _choices(line: Line, before: Survey | None) -> list[Choice]:
    question = before.question(line.name) if before else None
    codes = {one.label.zh: one.code for one in before.choices(question)} if before and question else {}
    taken, found = set(codes.values()), []
    for place, (zh, en) in enumerate(_rows(line), 1):
        code = codes.get(zh) or _free_code(place, taken)
        taken.add(code)
        found.append(Choice(code, Text(zh, en)))
    return found


def _free_code(place: int, taken: set[str]) -> str:
    while f"c{place}" in taken:
        place += 1
    return f"c{place}"


def _free(name: str, *taken: Sequence[str]) -> str:
    """The name itself, or one nobody has."""
    used = {one for names in taken for one in names}
    if _NAME.match(name) and name not in taken[0]:
        return name
    number = 1
    while f"q{number}" in used:
        number += 1
    return f"q{number}"


def lines_of(posted: Mapping[str, str], count: int) -> list[Line]:
    """The questions of a posted form, as `names` calls its fields."""
    return [
        Line(
            kind=posted[f"q{place}-kind"],
            name=posted[f"q{place}-name"],
            zh=posted[f"q{place}-zh"],
            en=posted[f"q{place}-en"],
            required=posted[f"q{place}-required"] == "yes",
            choices=posted[f"q{place}-choices"],
        )
        for place in range(count)
    ]


def names(count: int) -> list[str]:
    """The fields of so many questions."""
    return [f"q{place}-{field}" for place in range(count) for field in FIELDS]


FIELDS = ("kind", "name", "zh", "en", "required", "choices")
