"""Questions as people write them down, field by field: what is wrong or missing, and where; and the way back."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, get_args

import msgspec

from kiosk import strictjson
from kiosk.errors import Problem
from kiosk.packs.laws import Law
from kiosk.packs.model import FileName, Text
from kiosk.packs.quizzes import DIFFICULTIES, Question
from kiosk.values import Slug

#: Most options of a question.
OPTIONS = 6
#: Most questions of a file, and most faults of reading a text: what has more is split.
ROWS_LIMIT, FAULTS_LIMIT = 5_000, 2_000
LETTERS = "ABCDEF"


class Field(msgspec.Struct, frozen=True):
    """One thing a question is made of: a column of the workbook."""

    id: str
    zh: str  # its heading
    en: str
    limit: int  # characters it may hold
    names: tuple[str, ...] = ()  # what others call it

    @property
    def heading(self) -> str:
        return f"{self.zh} {self.en}"


FIELDS: tuple[Field, ...] = (
    Field("id", "编号", "id", 64, ("题目编号", "题号编码")),
    Field("kind", "题型", "kind", 40, ("类型", "题目类型", "试题类型", "type")),
    Field("topic", "主题", "topic", 64, ("知识点", "分类", "类别", "题目分类", "category")),
    Field("difficulty", "难度", "difficulty", 20, ("难易度", "难易程度", "难度等级", "level")),
    Field("story", "案情", "story", 600, ("案例", "情景", "材料")),
    Field(
        "text", "题目", "question", 600, ("题干", "题目内容", "试题内容", "试题", "问题", "题目名称", "text", "stem")
    ),
    *(
        Field(
            f"option{n}",
            f"选项{letter}",
            f"option {letter}",
            80,
            (letter, f"答案{letter}", f"备选{letter}", f"选项{n}", f"option{n}"),
        )
        for n, letter in enumerate(LETTERS, 1)
    ),
    Field(
        "answer", "正确答案", "answer", 600, ("答案", "参考答案", "标准答案", "正确选项", "correct", "correctanswer")
    ),
    Field("explanation", "解析", "explanation", 600, ("答案解析", "试题解析", "题目解析", "说明", "feedback")),
    Field("law", "法律", "law", 100, ("依据", "法律依据", "出处", "法律名称", "法规", "来源")),
    Field("article", "第几条", "article", 40, ("条", "条款", "条文", "法条", "条号")),
    Field("key", "条文原词", "key words", 600, ("关键词", "原词", "key", "keywords")),
    Field("valid_from", "生效日期", "valid from", 40, ("起始日期", "有效期起", "from")),
    Field("valid_until", "失效日期", "valid until", 40, ("截止日期", "有效期止", "until")),
    Field("picture", "图片", "picture", 64, ("图片文件",)),
    Field("picture_alt", "图片说明", "picture in words", 600),
    Field("option_ids", "选项编号", "option ids", 400),
    Field("story_en", "案情（英文）", "story in English", 1200),
    Field("text_en", "题目（英文）", "question in English", 1200),
    *(
        Field(f"option{n}_en", f"选项{letter}（英文）", f"option {letter} in English", 200)
        for n, letter in enumerate(LETTERS, 1)
    ),
    Field("explanation_en", "解析（英文）", "explanation in English", 1200),
    Field("picture_alt_en", "图片说明（英文）", "picture in English words", 1200),
)
FIELD = {field.id: field for field in FIELDS}
#: What a file may lack, and a person may say once for all its questions.
DEFAULTS = ("topic", "difficulty", "law", "article", "key", "explanation", "valid_from", "valid_until")

KINDS = {"single": "单选", "truefalse": "判断", "multiple": "多选", "order": "排序", "picture": "看图", "case": "案例"}
LEVELS: dict[str, str] = dict(zip(DIFFICULTIES, ("易", "中", "难"), strict=True))
_KIND_NAMES: dict[str, str] = {
    **{str(one): str(one) for one in KINDS}, **{zh: one for one, zh in KINDS.items()},
    "单选题": "single", "单项选择": "single", "单项选择题": "single", "选择题": "single", "选择": "single",
    "判断题": "truefalse", "是非题": "truefalse", "对错题": "truefalse", "true/false": "truefalse",
    "多选题": "multiple", "多项选择": "multiple", "多项选择题": "multiple", "不定项选择题": "multiple",
    "排序题": "order", "看图题": "picture", "图片题": "picture", "案例题": "case", "案例分析": "case",
    "singlechoice": "single", "multiplechoice": "multiple", "ordering": "order",
}  # fmt: skip
_LEVEL_NAMES: dict[str, str] = {
    **{one: one for one in LEVELS}, **{zh: one for one, zh in LEVELS.items()},
    "容易": "easy", "简单": "easy", "较易": "easy", "低": "easy", "1": "easy",
    "中等": "medium", "一般": "medium", "适中": "medium", "2": "medium",
    "困难": "hard", "较难": "hard", "高": "hard", "3": "hard", "middle": "medium", "difficult": "hard",
}  # fmt: skip
_TRUE = frozenset({"true", "t", "对", "正确", "是", "√", "✓", "✔", "yes", "y", "a", "1", "r", "right"})
_FALSE = frozenset(
    {"false", "f", "错", "错误", "不对", "不正确", "否", "×", "✗", "✘", "x", "no", "n", "b", "0", "2", "w", "wrong"}
)
_TRUE_WORDS, _FALSE_WORDS = Text("对", "True"), Text("不对", "False")
_CHINESE: dict[str, int] = {**dict(zip("零一二三四五六七八九", range(10), strict=True)), "〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}


# --- where, and what is wrong there ---------------------------------------------------------------


#: Characters of a refused question that are given back: a cell takes no more.
_RAW_LIMIT = 32_000


class Place(msgspec.Struct, frozen=True):
    """Where something stands in the file a person has open: a cell of a sheet, or a line of a text."""

    row: int = 0  # or line, from 1; 0 is the whole file
    sheet: str = ""  # empty in a text
    column: str = ""  # its letter

    def sentence(self, language: str) -> str:
        is_zh = not language.startswith("en")
        if not self.row and not self.sheet:
            return "整个文件" if is_zh else "the whole file"
        if not self.sheet:
            return f"第 {self.row} 行" if is_zh else f"line {self.row}"
        parts = [f"工作表“{self.sheet}”" if is_zh else f"sheet “{self.sheet}”"]
        if self.row:
            parts.append(f"第 {self.row} 行" if is_zh else f"row {self.row}")
        if self.column:
            parts.append(f"{self.column} 列" if is_zh else f"column {self.column}")
        return (" " if is_zh else ", ").join(parts)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong or missing at a place, and how to mend it."""

    place: Place
    zh: str
    en: str
    field: str = ""
    is_missing: bool = False  # nothing is wrong there; something has to be filled in

    def sentence(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh

    def line(self, language: str) -> str:
        """Place and sentence in one line, as a command prints it."""
        colon = "：" if not language.startswith("en") else ": "
        return f"{self.place.sentence(language)}{colon}{self.sentence(language)}"


class Draft(msgspec.Struct, frozen=True):
    """A question as somebody wrote it: field → words, trimmed; blank ones are left out."""

    place: Place
    cells: Mapping[str, str]
    columns: Mapping[str, str] = {}  # field → letter of the column it stands in
    lines: Mapping[str, int] = {}  # field → line it stands on
    hints: Mapping[str, str] = {}  # field → words that are taken where they fit, and are no fault where they do not
    last: int = 0  # line a question of a text ends on

    def at(self, field: str) -> Place:
        return Place(self.lines.get(field, self.place.row), self.place.sheet, self.columns.get(field, ""))

    def fault(self, field: str, zh: str, en: str) -> Fault:
        return Fault(self.at(field), zh, en, field)


class Reading(msgspec.Struct):
    """What a reader made of a file."""

    drafts: list[Draft] = []
    faults: list[Fault] = []
    notes: list[Fault] = []  # what was passed over, and is no fault
    refused: list[Draft] = []  # questions of a text that could not be taken, as they stand there

    def refuse(self, raw: str, first: int, last: int, fault: Fault) -> None:
        """A question of a text that cannot be taken, with its lines; the fault stands on one of them."""
        self.refused.append(Draft(Place(first), {"text": clean(raw[:_RAW_LIMIT])}, last=last))
        self.faults.append(fault)

    def finish(self, zh: str, en: str) -> None:
        """At the end of a text; the words are for one in which no question was found."""
        self.drafts = numbered(self.drafts)
        if not self.drafts and not self.faults:
            self.faults.append(Fault(Place(), zh, en))

    def is_full(self) -> bool:
        """Whether a text holds more than is read; that is then its last fault."""
        if len(self.drafts) <= ROWS_LIMIT and len(self.faults) < FAULTS_LIMIT:
            return False
        del self.drafts[ROWS_LIMIT:]
        self.faults.append(
            Fault(
                Place(),
                f"题目超过 {ROWS_LIMIT} 道，或错处超过 {FAULTS_LIMIT} 处，后面的没有读。"
                "请先改好前面的，或分成几个文件。",
                f"there are more than {ROWS_LIMIT} questions or {FAULTS_LIMIT} faults, and the rest was not read; "
                "mend these first, or split the file",
            )
        )
        return True


def clean(text: str) -> str:
    """Words as they are kept: without spaces at the ends, one way of ending lines, nothing that cannot be printed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "").replace("\u200b", "")
    text = text.replace("\xa0", " ").replace("\t", " ")
    return (
        "".join(letter for letter in text if letter == "\n" or not _is_control(letter)).strip().strip("\u3000").strip()
    )


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs", "Cn") or letter in "\ufffe\uffff"


def narrow(text: str) -> str:
    """A word of ours as somebody typed it: full-width letters, capitals and spaces make no difference."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def kind_named(words: str) -> str:
    """The kind of question that words such as 单选题 mean, or ""."""
    return _KIND_NAMES.get(narrow(words), "")


# --- a draft → a question -------------------------------------------------------------------------


class Rules(msgspec.Struct, frozen=True, dict=True):
    """What a question may cite and belong to: the part of a pack that importing leaves as it is."""

    topics: Mapping[str, Text]
    laws: Sequence[Law]
    pictures: frozenset[str] = frozenset()

    def topic(self, words: str) -> str | None:
        """The id of a topic named by its id or by its label in either language."""
        return self._topic_by_name.get(narrow(words))

    def law(self, words: str) -> Law | None:
        return self._law_by_name.get(_bare_law(words))

    @cached_property
    def _topic_by_name(self) -> dict[str, str]:
        found = {narrow(label): one for one, text in self.topics.items() for label in (text.en, text.zh)}
        return found | {one: one for one in self.topics}

    @cached_property
    def _law_by_name(self) -> dict[str, Law]:
        return {_bare_law(name): law for law in self.laws for name in (law.en, law.name)}


def _bare_law(words: str) -> str:
    return narrow(words.replace("《", "").replace("》", "")).removeprefix("中华人民共和国")


def question_of(draft: Draft, rules: Rules) -> tuple[Question | None, list[Fault]]:
    """The question a draft amounts to, or everything that is wrong with it and missing."""
    reader = _Reader(draft, rules)
    value = reader.read()
    if reader.faults:
        return None, reader.faults
    try:
        question = msgspec.convert(value, Question)
    except msgspec.ValidationError as error:
        return None, [_unfit(draft, str(error))]
    return (question, []) if not question.faults() else (None, [_unfit(draft, one) for one in question.faults()])


def _unfit(draft: Draft, reason: str) -> Fault:
    return Fault(
        draft.place,
        f"这道题不合规则（{reason}）。请对照模板改正。",
        f"the question does not follow the rules ({reason}); compare it with the template",
    )


class _Reader:
    """Reads one draft; collects what is wrong."""

    def __init__(self, draft: Draft, rules: Rules) -> None:
        self.draft, self.rules, self.faults = draft, rules, list[Fault]()

    def wrong(self, field: str, zh: str, en: str) -> None:
        self.faults.append(self.draft.fault(field, zh, en))

    def miss(self, field: str) -> None:
        known = FIELD[field]
        zh, en = f"缺“{known.zh}”。请填上。", f"“{known.en}” is missing; fill it in"
        self.faults.append(Fault(self.draft.at(field), zh, en, field, is_missing=True))

    def said(self, field: str, *, needed: bool = False) -> str:
        """The words of a field, or "" with a fault where it needs some."""
        words = self.draft.cells.get(field, "")
        limit = FIELD[field].limit
        if len(words) > limit:
            self.wrong(
                field,
                f"有 {len(words)} 个字，最多 {limit} 个。请缩短。",
                f"{len(words)} characters, and {limit} are the most; shorten it",
            )
            return ""
        if not words and needed:
            self.miss(field)
        return words

    def read(self) -> dict[str, Any]:
        kind, level = self.kind(), self.level()
        options = self.options(kind)
        law = self.law()
        value: dict[str, Any] = {
            "id": self.id(),
            "kind": kind,
            "topic": self.topic(),
            "difficulty": level,
            "text": self.text("text"),
            "options": options,
            "answer": self.answer(kind, options),
            "explanation": self.text("explanation"),
            "law": law.name if law else "",
            "article": self.article(),
            "key": self.key(),
            "valid_from": self.day("valid_from", law.valid_from if law else None),
            "valid_until": self.day("valid_until", law.valid_until if law else None),
        }
        if law and not self.faults:
            self.check_days(value, law)
        self.only_of(kind, value)
        return value

    def id(self) -> str:
        """As it was given; else made of the words, so that the same question read twice is the same question."""
        words = self.said("id").lower()
        if not words:
            seed = "\n".join(self.draft.cells.get(one, "") for one in ("story", "text"))
            return "n" + hashlib.sha256(seed.encode()).hexdigest()[:10]
        if not _fits(words, Slug):
            self.wrong(
                "id",
                "编号只能用小写字母、数字、点、横线，以字母或数字开头。请改正，或留空由程序编号。",
                "an id has small letters, digits, dots and hyphens; mend it, or leave it blank",
            )
        return words

    def kind(self) -> str:
        words = self.said("kind", needed=True)
        found = kind_named(words)
        if words and not found:
            self.wrong(
                "kind",
                f"没有“{words[:20]}”这种题型。请从下拉列表里选：{'、'.join(KINDS.values())}；别的题型请改写成这几种，或删去。",
                f"there is no kind “{words[:20]}”; choose one of {', '.join(KINDS)}, or delete the question",
            )
        return found

    def level(self) -> str:
        words = self.said("difficulty", needed=True)
        found = _LEVEL_NAMES.get(narrow(words), "")
        if words and not found:
            self.wrong(
                "difficulty",
                f"没有“{words[:20]}”这个难度。请选：易、中、难。",
                f"there is no difficulty “{words[:20]}”; choose easy, medium or hard",
            )
        return found

    def topic(self) -> str:
        words = self.said("topic", needed=True)
        found = self.rules.topic(words) or ""
        if words and not found:
            self.wrong(
                "topic",
                f"内容包里没有“{words[:20]}”这个主题。请从下拉列表里选。",
                f"the pack has no topic “{words[:20]}”; choose one from the list",
            )
        return found

    def text(self, field: str) -> dict[str, str]:
        zh = self.said(field, needed=True)
        return {"zh": zh, "en": self.said(f"{field}_en") or zh}

    # --- options and answer

    def options(self, kind: str) -> list[dict[str, str]]:
        fields = [f"option{n}" for n in range(1, OPTIONS + 1)]
        words = [self.said(field) for field in fields]
        self.refuse_twins(fields, words)
        given = [bool(self.draft.cells.get(field)) for field in fields]
        if kind == "truefalse":
            return self.true_and_false(words)
        last = max((n for n, one in enumerate(given, 1) if one), default=0)
        for field, is_given in list(zip(fields, given, strict=True))[: max(last, 2)]:
            if not is_given:
                self.miss(field)
        ids = self.option_ids(last)
        return [self.option(n, ids[n], zh) for n, zh in enumerate(words[:last])]

    def refuse_twins(self, fields: Sequence[str], words: Sequence[str]) -> None:
        for n, one in enumerate(words):
            first = words.index(one)
            if one and first < n:
                self.wrong(
                    fields[n],
                    f"选项{LETTERS[first]}和选项{LETTERS[n]}一样，分不清哪个对。请改正一个。",
                    f"options {LETTERS[first]} and {LETTERS[n]} are the same; mend one of them",
                )

    def option(self, n: int, one: str, zh: str) -> dict[str, str]:
        return {"id": one, "zh": zh, "en": self.said(f"option{n + 1}_en") or zh}

    def option_ids(self, count: int) -> list[str]:
        given = self.said("option_ids").split()
        if not given:
            return list(LETTERS.lower()[:count])
        if len(given) != count or len(set(given)) != count or not all(_fits(one, Slug) for one in given):
            self.wrong(
                "option_ids",
                f"要写 {count} 个不同的选项编号，用空格隔开，只用小写字母和数字。请改正，或整格留空。",
                f"give {count} different option ids with spaces between, in small letters; or leave it blank",
            )
            return list(LETTERS.lower()[:count])
        return given

    def true_and_false(self, words: Sequence[str]) -> list[dict[str, str]]:
        if any(words[2:]):
            self.wrong(
                "option3",
                "判断题只有两个选项。请删去多余的，或把题型改成单选。",
                "a true/false question has two options; delete the others, or make it a single choice",
            )
        if narrow(words[0]) in _FALSE - {"b", "2", "0"} or narrow(words[1]) in _TRUE - {"a", "1"}:
            self.wrong(
                "option1",
                "判断题的选项A是“对”，选项B是“不对”。请按这个顺序写，或都留空。",
                "of a true/false question option A is true and option B is false; or leave both blank",
            )
        found = []
        for n, (one, usual) in enumerate((("true", _TRUE_WORDS), ("false", _FALSE_WORDS))):
            zh = words[n] or usual.zh
            en = self.said(f"option{n + 1}_en") or (usual.en if zh == usual.zh else zh)
            found.append({"id": one, "zh": zh, "en": en})
        return found

    def answer(self, kind: str, options: Sequence[Mapping[str, str]]) -> list[str]:
        words = self.said("answer", needed=True)
        if not words or not kind:
            return []
        said = [option["zh"] for option in options]
        places = _places(words, kind, said)
        if kind != "truefalse" and _is_ambiguous(words, said):
            self.wrong(
                "answer",
                f"选项里有数字，分不清“{words[:20]}”是第几个选项，还是选项里的字。请写字母，如 B。",
                f"options are numbers, and “{words[:20]}” may be one of them or its place; write letters, such as B",
            )
            return []
        if places is None:
            self.wrong(
                "answer",
                f"看不懂答案“{words[:20]}”。{_how_to_answer(kind)[0]}",
                f"the answer “{words[:20]}” cannot be read; {_how_to_answer(kind)[1]}",
            )
            return []
        if any(place >= len(options) for place in places):
            self.wrong(
                "answer",
                f"答案“{words[:20]}”指的选项没有写。请补上选项，或改正答案。",
                f"the answer “{words[:20]}” names an option that is not there; add it, or mend the answer",
            )
            return []
        if not _is_possible(kind, len(places), len(set(places)), len(options)):
            self.wrong(
                "answer",
                f"{KINDS[kind]}题不能有“{words[:20]}”这样的答案。{_how_to_answer(kind)[0]}",
                f"a question of the kind {kind} cannot have the answer “{words[:20]}”; {_how_to_answer(kind)[1]}",
            )
            return []
        return [options[place]["id"] for place in places]

    # --- what it cites

    def law(self) -> Law | None:
        words = self.said("law", needed=True)
        found = self.rules.law(_cited(words)[0])
        if words and found is None:
            self.wrong(
                "law",
                f"laws.json 里没有“{words[:30]}”。请从下拉列表里选，或先把它写进 laws.json。",
                f"laws.json does not name “{words[:30]}”; choose one from the list, or add it there first",
            )
        return found

    def article(self) -> int:
        words = self.said("article") or _cited(self.draft.cells.get("law", ""))[1]
        if not words:
            self.miss("article")
            return 0
        number = article_number(words)
        if number is None:
            self.wrong(
                "article",
                f"“{words[:20]}”不是条文号。请写数字，如 24。",
                f"“{words[:20]}” is no number of an article; write a number such as 24",
            )
        return number or 0

    def key(self) -> str | list[str]:
        return _key_of(self.said("key", needed=True))

    def day(self, field: str, otherwise: str | None) -> str | None:
        words = self.said(field)
        if not words:
            return otherwise
        found = day_of(words)
        if found is None:
            self.wrong(
                field,
                f"“{words[:20]}”不是日期。请写成 2027-03-15 这样。",
                f"“{words[:20]}” is no day; write it like 2027-03-15",
            )
        return found

    def check_days(self, value: Mapping[str, Any], law: Law) -> None:
        if value["valid_until"] is not None and value["valid_until"] < value["valid_from"]:
            self.wrong(
                "valid_until", "失效日期早于生效日期。请改正。", "it ends before it begins; mend one of the days"
            )
        if value["valid_from"] < law.valid_from:
            self.wrong(
                "valid_from",
                f"{law.name}（现用版本）{law.valid_from} 起施行，生效日期不能更早。请改正，或留空。",
                f"{law.en} is in force from {law.valid_from}; begin no earlier, or leave it blank",
            )
        if law.valid_until is not None and (value["valid_until"] or "9") > law.valid_until:
            self.wrong(
                "valid_until",
                f"{law.name} 到 {law.valid_until} 失效，失效日期不能更晚。请改正，或留空。",
                f"{law.en} is in force until {law.valid_until}; end no later, or leave it blank",
            )

    # --- what only some kinds have

    def only_of(self, kind: str, value: dict[str, Any]) -> None:
        if kind == "case":
            value["story"] = self.text("story")
        elif kind and self.draft.cells.get("story"):
            self.wrong(
                "story",
                "只有案例题有案情。请删去，或把题型改成案例。",
                "only a case has a story; delete it, or make it a case",
            )
        if kind == "picture":
            value["picture"] = self.picture()
            value["picture_alt"] = self.text("picture_alt")
        elif kind and (self.draft.cells.get("picture") or self.draft.cells.get("picture_alt")):
            field = "picture" if self.draft.cells.get("picture") else "picture_alt"
            self.wrong(
                field,
                "只有看图题有图片。请删去，或把题型改成看图。",
                "only a picture question has a picture; delete it, or make it one",
            )

    def picture(self) -> str:
        words = self.said("picture", needed=True)
        if words and not _fits(words, FileName):
            self.wrong(
                "picture",
                "图片要写文件名，小写字母、数字、横线，以 .svg 结尾。请改正。",
                "name a file in small letters, digits and hyphens that ends in .svg",
            )
        elif words and words not in self.rules.pictures:
            self.wrong(
                "picture",
                f"内容包的 pictures 文件夹里没有 {words}。请先把图放进去。",
                f"there is no drawing {words} in the pack's folder pictures; put it there first",
            )
        return words


def _fits(value: str, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _how_to_answer(kind: str) -> tuple[str, str]:
    if kind == "truefalse":
        return "请写“对”或“错”。", "write true or false"
    if kind == "multiple":
        return "请写两个以上字母，如 AC，至少留一个错的。", "write two letters or more, such as AC, and leave one wrong"
    if kind == "order":
        return "请按正确顺序写出全部字母，如 CABD。", "write all letters in the right order, such as CABD"
    return "请写一个字母，如 B。", "write one letter, such as B"


def _is_possible(kind: str, count: int, different: int, options: int) -> bool:
    if count != different:
        return False
    if kind == "multiple":
        return 2 <= count < options
    return count == options if kind == "order" else count == 1


def _places(words: str, kind: str, options: Sequence[str]) -> list[int] | None:
    """Which options an answer means, from 0: by letter, by number, by its words; true and false by theirs."""
    plain = narrow(words)
    if kind == "truefalse":
        if words == options[0] or plain in _TRUE:
            return [0]
        return [1] if words == options[1] or plain in _FALSE else None
    if words in options and not re.fullmatch(r"[A-F]", words):
        return [options.index(words)]
    marks = _marks(words)
    if not marks or not all(mark in LETTERS or mark in "123456" for mark in marks):
        return None
    return [LETTERS.index(mark) if mark in LETTERS else int(mark) - 1 for mark in marks]


def _marks(words: str) -> str:
    """The letters or numbers of an answer, without what stands between them."""
    return re.sub(r"[\s,，、;；/|.。和及→>-]+", "", narrow(words)).upper()


def _is_ambiguous(words: str, options: Sequence[str]) -> bool:
    """Whether an answer may be the places of options, or the words of one, and these are not the same."""
    marks = _marks(words)
    if not re.fullmatch(r"[A-F1-6]*[1-6][A-F1-6]*", marks):
        return False
    if not any(re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", narrow(one)) for one in options):
        return False
    return not (marks == words and words in options and options.index(words) == int(words) - 1)


def _cited(words: str) -> tuple[str, str]:
    """(law, article) of words such as 《消费者权益保护法》第二十四条; the article may be ""."""
    if len(words) > FIELD["law"].limit:
        return words, ""
    found = re.fullmatch(r"《?([^《》]{1,60}?)》?\s*(第[^第条]{1,10}条)?[^《》]{0,40}", words)
    return (found[1], found[2] or "") if found and found[2] else (words, "")


def article_number(words: str) -> int | None:
    """24, 24.0, 第24条 and 第二十四条 → 24."""
    plain = narrow(words).removeprefix("第").removesuffix("条")
    plain = re.sub(r"\.0+$", "", plain)
    if re.fullmatch(r"[0-9]{1,4}", plain):
        return int(plain) or None
    if not plain or not all(letter in _CHINESE or letter in _UNITS for letter in plain):
        return None
    total, digit = 0, 0
    for letter in plain[:12]:
        if letter in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[letter], 0
        else:
            digit = _CHINESE[letter]
    number = total + digit
    return number if 1 <= number <= 9999 else None


def day_of(words: str) -> str | None:
    """A day as people write it: 2027-03-15, 2027/3/15, 2027.3.15, 2027年3月15日, 20270315."""
    plain = narrow(words).removesuffix("00:00:00")
    found = re.fullmatch(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?t?", plain) or re.fullmatch(
        r"([0-9]{4})([0-9]{2})([0-9]{2})", plain
    )
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        return None


def _key_of(words: str) -> str | list[str]:
    if words.startswith("["):
        try:
            found = strictjson.loads(words.encode())
        except Problem:
            found = None
        if isinstance(found, list) and all(isinstance(one, str) for one in found):
            return [str(one) for one in found]
    lines = [line.strip() for line in words.split("\n") if line.strip()]
    return lines if len(lines) > 1 else words


# --- and back -------------------------------------------------------------------------------------


def cells_of(question: Question, topics: Mapping[str, Text]) -> dict[str, str]:
    """A question as a row, so that `question_of` makes the same of it."""
    label = topics.get(question.topic)
    labels = [text.zh for text in topics.values()]
    ids = [option.id for option in question.options]
    cells = {
        "id": question.id,
        "kind": KINDS[question.kind],
        "topic": label.zh if label and labels.count(label.zh) == 1 else question.topic,
        "difficulty": LEVELS[question.difficulty],
        **_both("text", question.text),
        "answer": _answer_words(question, ids),
        **_both("explanation", question.explanation),
        "law": question.law,
        "article": str(question.article),
        "key": _key_words(question.key),
        "valid_from": question.valid_from,
        "valid_until": question.valid_until or "",
        "picture": question.picture or "",
        "option_ids": "" if question.kind == "truefalse" else " ".join(ids),
    }
    for n, option in enumerate(question.options, 1):
        cells |= _both(f"option{n}", option.text)
    for field, text in (("story", question.story), ("picture_alt", question.picture_alt)):
        if text is not None:
            cells |= _both(field, text)
    return {field.id: cells[field.id] for field in FIELDS if cells.get(field.id)}


def _both(field: str, text: Text) -> dict[str, str]:
    return {field: text.zh, f"{field}_en": "" if text.en == text.zh else text.en}


def _answer_words(question: Question, ids: Sequence[str]) -> str:
    if question.kind == "truefalse":
        return "对" if question.answer == ["true"] else "错"
    return "".join(LETTERS[ids.index(one)] for one in question.answer)


def _key_words(key: str | list[str]) -> str:
    if isinstance(key, str):
        return key
    is_plain = len(key) > 1 and all(one and one == one.strip() and "\n" not in one for one in key)
    return "\n".join(key) if is_plain and not key[0].startswith("[") else strictjson.dumps(key).decode()


def numbered(drafts: Iterable[Draft]) -> list[Draft]:
    """Drafts without the numbers they were counted with (1. 2. 3.), where every one of them has its own."""
    found = list(drafts)
    heads = [re.match(r"([0-9]{1,4})\s*[.．、)）](?![0-9])\s*", draft.cells.get("text", "")) for draft in found]
    if len(found) < 2 or not all(head and int(head[1]) == n for n, head in enumerate(heads, 1)):
        return found
    return [
        msgspec.structs.replace(draft, cells={**draft.cells, "text": draft.cells["text"][head.end() :]})
        for draft, head in zip(found, heads, strict=True)
        if head
    ]


_MARK = re.compile(r"(?:^|(?<=[\s;；|]))([A-FＡ-Ｆ])\s*[.．、)）:：]\s*")


def split_options(words: str) -> list[str] | None:
    """A. … B. … C. … in one piece → the options; None where the letters are not there one after another."""
    marks = list(_MARK.finditer(words))
    letters = "".join(narrow(mark[1]).upper() for mark in marks)
    if len(marks) < 2 or letters != LETTERS[: len(letters)] or words[: marks[0].start()].strip():
        return None
    ends = [*(mark.start() for mark in marks[1:]), len(words)]
    return [words[mark.end() : end].strip(" \n\u3000;；|") for mark, end in zip(marks, ends, strict=True)]


assert set(KINDS) == set(get_args(Question.__annotations__["kind"]))
