"""Workbooks as XLSForm has them → a survey, or everything that is wrong with them at once; and back.

What a tablet cannot ask (repeats, photos, places on a map …) is refused with its row; what makes no difference to the
answers (looks, other languages, what a phone notes of itself) is left out and named. No file raises anything.
"""

import hashlib
import html
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from kiosk import files
from kiosk.errors import IMPORT_FAULTY, IMPORT_NO_WORKBOOKS, SURVEY_UNWRITABLE, Problem
from kiosk.packs import answering, expressions
from kiosk.packs.drafts import Fault, Place, clean, narrow
from kiosk.packs.model import Text
from kiosk.packs.reader import read_pack
from kiosk.packs.surveys import MOST_CHOICES, MOST_QUESTIONS, Choice, Kind, Question, Scale, Survey

#: Bytes of a file that is read at all, and faults that are listed.
FILE_LIMIT, FAULTS_LIMIT = 5 * 1024 * 1024, 500
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZH_LIMIT, _EN_LIMIT = 600, 1_200  # as `Text` has them


class Found(msgspec.Struct, frozen=True):
    """What reading a form came to."""

    survey: Survey | None  # None where anything is wrong
    faults: list[Fault]  # in the order of the file, at most `FAULTS_LIMIT`
    notes: list[Fault]  # what was left out, and is no fault

    @property
    def is_ready(self) -> bool:
        return self.survey is not None


# --- in -------------------------------------------------------------------------------------------


def read_xlsform(data: bytes) -> Found:
    """The survey in a workbook. Raises `import.no_workbooks` alone."""
    refused = _no_workbook(data)
    if refused is not None:
        return Found(None, [refused], [])
    sheets, faults = _workbooks().read_form(data)
    if faults:
        return Found(None, list(faults), [])
    return read_sheets(sheets)


def read_sheets(sheets: Sequence[Any]) -> Found:
    """The survey in sheets as `workbooks.read_form` gives them."""
    return _Form(sheets).read()


def refuse_faults(found: Found) -> Survey:
    """The survey. Raises `import.faulty` with every fault, each in both languages."""
    if found.survey is None:
        lines = "\n".join(f"  {fault.line('zh')}\n    {fault.line('en')}" for fault in found.faults)
        raise Problem(IMPORT_FAULTY, count=len(found.faults), faults=lines)
    return found.survey


def _workbooks() -> ModuleType:
    try:
        from kiosk.packs import workbooks  # noqa: PLC0415 (a tablet has no openpyxl, and reads no workbooks)
    except ImportError:
        raise Problem(IMPORT_NO_WORKBOOKS) from None
    return workbooks


def _no_workbook(data: bytes) -> Fault | None:
    if len(data) > FILE_LIMIT:
        size = FILE_LIMIT // 1024 // 1024
        zh = f"文件超过 {size} MB，没有读。请删去图片等附带的内容。"
        return Fault(Place(), zh, f"the file has more than {size} MB and was not read; take pictures and the like out")
    if not data.strip():
        return Fault(Place(), "文件是空的。请重新选文件。", "the file is empty; choose another")
    if data.startswith(_OLE):
        zh = "这是旧版 Excel 文件（.xls）或有密码的文件。请打开后取消密码，另存为 .xlsx，再导入。"
        en = "this is an old Excel file (.xls) or one with a password; open it, take the password off, save it as .xlsx"
        return Fault(Place(), zh, en)
    if not data.startswith(b"PK"):
        zh = "这不是 .xlsx 文件（可能是 CSV、网页或 XML 改了名字）。请用 Excel 或 WPS 打开，另存为 .xlsx。"
        en = "this is no .xlsx file (CSV, a web page or XML by another name?); open it and save it as .xlsx"
        return Fault(Place(), zh, en)
    return None


# --- names of columns and types -------------------------------------------------------------------

#: How others call a column → how we do. Spaces, capitals, `_` and `-` make no difference.
_SURVEY_COLUMNS = {
    "type": "type", "command": "type",
    "name": "name", "tag": "name",
    "label": "label", "caption": "label",
    "hint": "hint",
    "required": "required", "bind::required": "required",
    "requiredmessage": "required_message", "bind::jr:requiredmsg": "required_message",
    "relevant": "relevant", "relevance": "relevant", "bind::relevant": "relevant",
    "constraint": "constraint", "bind::constraint": "constraint",
    "constraintmessage": "constraint_message", "constraintmsg": "constraint_message",
    "jr:constraintmsg": "constraint_message", "bind::jr:constraintmsg": "constraint_message",
    "calculation": "calculation", "calculate": "calculation", "bind::calculate": "calculation",
    "choicefilter": "choice_filter",
    "appearance": "appearance", "control::appearance": "appearance", "body::appearance": "appearance",
    "default": "default",
    "parameters": "parameters",
    "readonly": "read_only", "bind::readonly": "read_only",
    "repeatcount": "repeat_count",
    "trigger": "trigger",
    "disabled": "disabled",
}  # fmt: skip
_CHOICE_COLUMNS = {
    "listname": "list_name", "list": "list_name",
    "name": "name", "value": "name",
    "label": "label", "caption": "label",
}  # fmt: skip
#: Columns with pictures and sounds: refused where anything stands in them.
_MEDIA = ("image", "audio", "video", "bigimage", "autoplay", "media::image", "media::audio", "media::video",
          "media::bigimage", "media")  # fmt: skip
#: Columns that mean nothing here and are nobody's concern.
_SILENT = re.compile(r"^(?:\$.*|kuid|\$autoname|.*comments?|notes?|remarks?|备注|说明|disabled|order|#|no\.?)$")
_TRANSLATED = frozenset({"label", "hint", "required_message", "constraint_message", "form_title", "intro"})

_ONE = ("select_one", "select one", "select one from", "select1", "select_one_from",
        "add select one prompt using")  # fmt: skip
_MANY = ("select_multiple", "select all that apply", "select all that apply from", "select multiple",
         "select multiple from", "select_multiple_from", "select_all_that_apply",
         "add select multiple prompt using")  # fmt: skip
_SELECT = re.compile(
    r"(?P<how>" + "|".join(sorted((*_ONE, *_MANY), key=len, reverse=True)) + r") +(?P<list>\S+)"
    r"(?P<other> +(?:or_other|or other|or specify other))?",
    re.IGNORECASE,
)
_KINDS: dict[str, Kind] = {
    "integer": "integer", "int": "integer", "add integer prompt": "integer",
    "decimal": "decimal", "add decimal prompt": "decimal",
    "text": "text", "string": "text", "add text prompt": "text",
    "date": "date", "add date prompt": "date",
    "note": "note", "add note prompt": "note",
    "range": "range", "rating": "rating",
    "calculate": "calculate", "add calculate prompt": "calculate",
}  # fmt: skip
#: What a phone notes of itself: nobody is asked it.
_METADATA = {
    "start": "today()", "end": "today()", "today": "today()", "start time": "today()", "end time": "today()",
    "hidden": "", "deviceid": "", "device id": "", "imei": "", "username": "", "email": "", "phonenumber": "",
    "phone number": "", "subscriberid": "", "subscriber id": "", "simserial": "", "sim id": "", "simid": "",
    "get today": "today()", "get start time": "today()", "get end time": "today()", "get device id": "",
}  # fmt: skip
_REFUSED_TYPES: dict[str, Text] = {
    **dict.fromkeys(("geopoint", "geotrace", "geoshape", "start-geopoint", "background-geopoint", "gps", "location",
                     "osm"), Text("地图位置", "places on a map")),
    **dict.fromkeys(("image", "photo", "picture", "draw", "signature", "annotate"),
                    Text("照片和画图", "photos and drawings")),
    **dict.fromkeys(("audio", "video", "file", "background-audio"), Text("录音、录像和文件", "sound, video and files")),
    **dict.fromkeys(("barcode",), Text("扫条码", "barcodes")),
    **dict.fromkeys(("time", "datetime"), Text("时刻", "times of day")),
    **dict.fromkeys(("rank",), Text("排序", "ranking")),
    **dict.fromkeys(("acknowledge", "trigger"),
                    Text("确认键（请改成一道单选题）", "acknowledging (make it a choice of one)")),
    **dict.fromkeys(("audit",), Text("操作记录（audit）", "audit")),
    **dict.fromkeys(("csv-external", "xml-external", "xml_external"), Text("外部文件", "external files")),
}  # fmt: skip
_FROM_FILE = re.compile(r"(?:select_one_from_file|select_multiple_from_file|select_one_external)\b.*", re.IGNORECASE)
_GROUP = re.compile(r"(begin|end)[ _]+(group|repeat|loop|lgroup)(?: over \S+)?", re.IGNORECASE)
_APPEARANCES = {
    "minimal": "minimal", "likert": "likert", "horizontal": "horizontal", "horizontal-compact": "horizontal",
    "multiline": "multiline", "columns": "horizontal", "quickcompact": "horizontal",
}  # fmt: skip
_YES = frozenset({"yes", "true", "true()", "1", "y", "是", "必填", "必答"})
_NO = frozenset({"", "no", "false", "false()", "0", "n", "否"})
_SETTINGS = frozenset({"form_title", "form_id", "version", "default_language", "intro"})


class _Head(msgspec.Struct, frozen=True):
    """A column of a sheet."""

    place: int  # from 0
    field: str  # of ours, "media", or "" where it is not known
    lang: str  # zh, en, "" (plain), or another as it is written
    words: str  # the heading as it stands


class _Line(msgspec.Struct, frozen=True):
    """A row as it stands, with what its columns are."""

    sheet: str
    number: int
    heads: Sequence[_Head]
    cells: Mapping[int, str]
    odd: Mapping[int, Fault]

    def place(self, field: str = "") -> Place:
        """Where a field stands; of one with translations, where the first that is filled in does."""
        heads = [head for head in self.heads if head.field == field] if field else []
        head = next((head for head in heads if head.place in self.cells), heads[0] if heads else None)
        return Place(self.number, self.sheet, "" if head is None else _letter(head.place))

    def words(self, field: str) -> str:
        return next(
            (self.cells[head.place] for head in self.heads if head.field == field and head.place in self.cells), ""
        )

    def by_language(self, field: str) -> dict[str, str]:
        return {
            head.lang: self.cells[head.place] for head in self.heads if head.field == field and head.place in self.cells
        }


def _letter(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _language(words: str) -> str:
    """Of `English (en)`, `简体中文 (zh-Hans)`, `zh`: en, zh, or the words as they are."""
    code = re.search(r"\(([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*)\)\s*$", words)
    tag = (code[1] if code else words).strip().lower().replace("_", "-")
    if tag in ("zh-hant", "zh-tw", "zh-hk") or "繁" in words:
        return words
    if tag.split("-")[0] in ("zh", "zho", "cmn", "chi") or re.search(
        r"中文|汉语|简体|普通话|chinese|mandarin", words.lower()
    ):
        return "zh"
    if tag.split("-")[0] in ("en", "eng") or tag == "english" or words.strip() in ("英文", "英语"):
        return "en"
    return words


def _plain_name(words: str) -> str:
    return re.sub(r"[\s_-]+", "", words).lower()


def _split_heading(words: str, known: Mapping[str, str]) -> tuple[str, str, bool]:
    """(field or "", language, whether it is media): `label::English (en)`, `label:English`, `constraint message`."""
    narrow_ = _plain_name(words)
    if narrow_ in known:
        return known[narrow_], "", False
    if narrow_ in _MEDIA or narrow_.startswith("media::"):
        return "media", "", True
    for joint in ("::", ":"):
        head, found, rest = words.partition(joint)
        field = known.get(_plain_name(head), "")
        if found and rest.strip() and field in _TRANSLATED:
            return field, _language(rest.strip(": ")), False
        if found and _plain_name(head) in _MEDIA:
            return "media", "", True
    return "", "", False


# --- one form -------------------------------------------------------------------------------------


class _Group(msgspec.Struct, frozen=True):
    line: _Line
    name: str
    heading: Text | None
    relevant: str
    is_repeat: bool


class _Form:
    """A workbook while it is read; faults and notes gather here."""

    def __init__(self, sheets: Sequence[Any]) -> None:
        self._sheets = {narrow(sheet.name): sheet for sheet in reversed(sheets)}
        self._names = [sheet.name for sheet in sheets]
        self._faults: list[Fault] = []
        self._notes: list[Fault] = []
        self._questions: list[Question] = []
        self._lines: dict[str, _Line] = {}  # name → where it stands
        self._known: set[str] = set()  # names that a formula may have, though some of them were refused
        self._others: set[tuple[str, str]] = set()  # (list, its copy with "other" in it)
        self._ignored: dict[tuple[str, str], tuple[Place, int]] = {}
        self._plain = ""  # language of columns that name none
        self._metadata: dict[str, tuple[_Line, str]] = {}  # name → where it stands, the formula that may stand for it
        self._formulas: list[tuple[_Line, str, str]] = []  # with their fields
        self._texts: list[tuple[_Line, str, Text]] = []
        self._lists: Collection[str] = ()  # names of those there are
        self._wordless: set[str] = set()  # sheets that have no words in a language of ours, which is said once

    def read(self) -> Found:
        survey = self._sheet("survey")
        if survey is None:
            self._say_no_survey()
            return self._found(None)
        settings = self._settings()
        lists = self._choices()
        self._lists = lists.keys()
        lines = self._table(survey, _SURVEY_COLUMNS, ("type",))
        self._walk(lines)
        self._check_formulas(lists)
        made = self._made(settings, self._used(lists))
        self._name_ignored()
        return self._found(made)

    def _found(self, survey: Survey | None) -> Found:
        order = {"": -1, "survey": 0, "choices": 1, "settings": 2}
        self._faults.sort(
            key=lambda one: (
                order.get(narrow(one.place.sheet), 3),
                one.place.row,
                len(one.place.column),
                one.place.column,
            )
        )
        faults = list(dict.fromkeys(self._faults))
        if len(faults) > FAULTS_LIMIT:
            left = len(faults) - FAULTS_LIMIT + 1
            zh = f"还有 {left} 处没有列出来。请先改好前面的。"
            faults = [*faults[: FAULTS_LIMIT - 1], Fault(Place(), zh, f"{left} more are not listed; mend these first")]
        return Found(None if faults else survey, faults, self._notes)

    def _fault(self, place: Place, zh: str, en: str) -> None:
        self._faults.append(Fault(place, zh, en))

    def _note(self, place: Place, zh: str, en: str) -> None:
        self._notes.append(Fault(place, zh, en))

    def _ignore(self, what: str, words: str, place: Place) -> None:
        """Something that is left out wherever it stands: said once, with how often."""
        first, count = self._ignored.get((what, words), (place, 0))
        self._ignored[what, words] = (first, count + 1)

    def _name_ignored(self) -> None:
        for (what, words), (place, count) in self._ignored.items():
            times_zh, times_en = (f"（{count} 处）", f" ({count} times)") if count > 1 else ("", "")
            zh, en = _IGNORED[what]
            self._note(place, zh.format(words) + times_zh, en.format(words) + times_en)

    # --- sheets

    def _sheet(self, name: str) -> Any:
        return self._sheets.get(name)

    def _say_no_survey(self) -> None:
        names = "、".join(self._names[:8])
        zh = f"没有叫 survey 的工作表（有：{names}）。XLSForm 的题目写在 survey 里，选项写在 choices 里。"
        self._fault(Place(), zh, "there is no sheet called survey, which is where an XLSForm has its questions")

    def _table(self, sheet: Any, known: Mapping[str, str], needed: Sequence[str]) -> list[_Line]:
        """Its rows under the headings; none where a heading that is needed is missing."""
        self._faults += sheet.faults
        for at, row in enumerate(sheet.rows[:20]):
            heads = [_Head(place, *_split_heading(words, known)[:2], words) for place, words in row.cells.items()]
            fields = {head.field for head in heads}
            if all(field in fields for field in needed):
                self._check_heads(sheet.name, row.number, heads)
                self._check_merged(sheet, row.number, heads)
                heads = [head for head in heads if head.lang in ("", "zh", "en")]
                return [_Line(sheet.name, one.number, heads, one.cells, one.odd) for one in sheet.rows[at + 1 :]]
        if sheet.rows or sheet.name.lower() == "survey":
            names = "、".join(needed)
            zh = f"没有找到表头：第一行要有 {names} 这几列。"
            self._fault(Place(sheet=sheet.name), zh, f"no headings were found: the first row has {', '.join(needed)}")
        return []

    def _check_heads(self, sheet: str, row: int, heads: Sequence[_Head]) -> None:
        seen: set[tuple[str, str]] = set()
        for head in heads:
            place = Place(row, sheet, _letter(head.place))
            if head.lang not in ("", "zh", "en"):
                self._ignore("language", head.lang, place)
            elif head.field and head.field != "media" and (head.field, head.lang) in seen:
                zh = f"列“{head.words[:40]}”出现了两次（或两列说的是一回事）。请留下一列。"
                self._fault(place, zh, f"the column “{head.words[:40]}” stands twice, or as two; keep one of them")
            elif not head.field and narrow(sheet) == "survey" and not _SILENT.match(head.words.lower()):
                self._ignore("column", head.words[:60], place)
            seen.add((head.field, head.lang))
        langs = {head.lang for head in heads if head.field == "label"}
        if not langs and narrow(sheet) in ("survey", "choices"):
            self._wordless.add(sheet)
            zh = "没有 label 这一列：题目和选项的文字写在那里。"
            self._fault(
                Place(row, sheet), zh, "there is no column label, where the words of questions and choices stand"
            )
        elif langs and not langs & {"", "zh", "en"}:
            self._wordless.add(sheet)
            place = next(Place(row, sheet, _letter(head.place)) for head in heads if head.field == "label")
            zh = "题目没有中文，也没有英文。请加一列 label::中文 (zh)。"
            self._fault(place, zh, "the words are in neither Chinese nor English; add a column label::中文 (zh)")

    def _check_merged(self, sheet: Any, row: int, heads: Sequence[_Head]) -> None:
        columns = {head.place + 1 for head in heads if head.field}
        filled = {(one.number, column + 1) for one in sheet.rows for column in one.cells}
        for left, top, right, bottom in sheet.merged[:1_000]:
            if bottom > row and columns & set(range(left, right + 1)) and (top, left) in filled:
                zh = "这里有合并单元格，分不清属于哪一行。请取消合并，每格都填上。"
                en = "cells are merged here, and it is not clear whose they are; unmerge and fill in each"
                self._fault(Place(max(top, row), sheet.name, _letter(left - 1)), zh, en)

    def _take(self, line: _Line, field: str) -> str:
        """What stands in a field; a formula of the sheet or an error there is a fault."""
        for head in line.heads:
            if (
                head.field == field
                and head.place in line.odd
                and (head.place not in line.cells or field in _TRANSLATED)
            ):
                self._faults.append(line.odd[head.place])
        return line.words(field)

    def _is_odd(self, line: _Line, field: str) -> bool:
        """Whether a formula or an error stands there, which is said already."""
        return any(head.field == field and head.place in line.odd for head in line.heads)

    def _text(self, line: _Line, field: str) -> Text | None:
        """Words in both languages; what is missing in one is that of the other."""
        self._take(line, field)
        said = {lang: plain(words) for lang, words in line.by_language(field).items()}
        if self._plain and "" in said:
            said.setdefault(self._plain, said[""])
        zh = said.get("zh") or said.get("") or said.get("en") or ""
        en = said.get("en") or said.get("") or said.get("zh") or ""
        if not zh:
            return None
        if len(zh) > _ZH_LIMIT or len(en) > _EN_LIMIT:
            message = f"this has more than {_ZH_LIMIT} characters ({_EN_LIMIT} in English); shorten it"
            if not (said.get("zh") or said.get("")) or zh == en:
                message = f"this has more than {_ZH_LIMIT} characters; shorten it"
            self._fault(line.place(field), f"超过 {_ZH_LIMIT} 个字（英文 {_EN_LIMIT} 个字符）。请写短些。", message)
            return Text(zh[:_ZH_LIMIT], en[:_EN_LIMIT])
        text = Text(zh, en)
        if "${" in zh or "${" in en:
            self._texts.append((line, field, text))
        return text

    # --- settings

    def _settings(self) -> _Line | None:
        sheet = self._sheet("settings")
        if sheet is None or not sheet.rows:
            return None
        known = {_plain_name(name): name for name in _SETTINGS} | {"idstring": "form_id", "title": "form_title"}
        lines = self._table(sheet, known, ())
        if not lines:
            return None
        for head in lines[0].heads:
            if not head.field and head.place in lines[0].cells:
                self._ignore("setting", head.words[:60], Place(lines[0].number, sheet.name, _letter(head.place)))
        default = _language(lines[0].words("default_language"))
        self._plain = default if default in ("zh", "en") else ""
        return lines[0]

    def _made(self, settings: _Line | None, lists: dict[str, list[Choice]]) -> Survey | None:
        if not self._questions:
            if not self._faults:
                zh = "survey 里没有可以问的题目。请填好再导入。"
                self._fault(Place(sheet="survey"), zh, "there is nothing to ask on the sheet survey")
            return None
        title = self._text(settings, "form_title") if settings else None
        form_id = settings.words("form_id") if settings else ""
        title = title or (Text(form_id[:_ZH_LIMIT], form_id[:_ZH_LIMIT]) if form_id else Text("调查问卷", "Survey"))
        intro = self._text(settings, "intro") if settings else None
        version = self._take(settings, "version")[:40] if settings else ""
        survey = Survey(
            id=_slug(form_id, title), version="0", title=title, intro=intro, questions=self._questions, lists=lists
        )
        if not version:
            version = hashlib.sha256(msgspec.json.encode(survey)).hexdigest()[:12]
        survey = msgspec.structs.replace(survey, version=version)
        self._check_whole(survey)
        return survey

    def _check_whole(self, survey: Survey) -> None:
        """What only the whole of it shows: rings."""
        if not self._faults:
            for flaw in answering.flaws(survey):
                line = self._lines[flaw.question]
                self._fault(
                    line.place("type" if flaw.field == "list_name" else flaw.field), flaw.message.zh, flaw.message.en
                )

    # --- choices

    def _choices(self) -> dict[str, list[_Line]]:
        """List → its rows; what is wrong in them is said if it is used."""
        sheet = self._sheet("choices")
        found: dict[str, list[_Line]] = {}
        if sheet is None or not sheet.rows:
            return found
        for line in self._table(sheet, _CHOICE_COLUMNS, ("list_name", "name")):
            name = line.words("list_name")
            if name:
                found.setdefault(name, []).append(line)
            elif line.words("name") or line.words("label"):
                self._take(line, "list_name")
                zh = "没有写这个选项属于哪个选项表（list_name），没有读。"
                self._note(line.place("list_name"), zh, "this choice names no list (list_name) and was left out")
        return found

    def _used(self, lists: Mapping[str, list[_Line]]) -> dict[str, list[Choice]]:
        """The lists that questions ask from, with what is wrong in them."""
        asked = {question.list_name for question in self._questions if question.list_name}
        sources = {copy: source for source, copy in self._others}
        found: dict[str, list[Choice]] = {}
        for name in dict.fromkeys([*lists, *sources]):
            if name in asked and name in lists:
                found[name] = self._list(lists[name])
        for copy, source in sources.items():
            if copy in asked:
                rows = found.get(source) or self._list(lists.get(source, []))
                has_one = any(choice.code == OTHER for choice in rows)
                found[copy] = [*rows] if has_one else [*rows, Choice(OTHER, _OTHER_LABEL)]
        for question in self._questions:
            if question.list_name and not lists.get(sources.get(question.list_name, question.list_name)):
                name = sources.get(question.list_name, question.list_name)
                zh = f"choices 里没有选项表 {name[:60]}。"
                self._fault(
                    self._lines[question.name].place("type"), zh, f"there is no list {name[:60]} on the sheet choices"
                )
        for name, lines in lists.items():
            if name not in asked and name not in sources.values():
                self._ignore("list", name[:60], lines[0].place("list_name"))
        if sum(len(rows) for rows in found.values()) > MOST_CHOICES:
            zh = f"选项一共超过 {MOST_CHOICES} 个。请减少选项。"
            self._fault(Place(sheet="choices"), zh, f"there are more than {MOST_CHOICES} choices in all; use fewer")
        return found

    def _list(self, rows: Iterable[_Line]) -> list[Choice]:
        found: list[Choice] = []
        seen: dict[str, int] = {}
        for line in rows:
            label = self._text(line, "label")
            self._check_media(line)
            code = self._take(line, "name")
            if not code:
                if self._is_odd(line, "name"):
                    continue
                self._fault(line.place("name"), "这个选项没有代号（name）。", "this choice has no name")
                continue
            if code in seen:
                zh = f"选项 {code[:40]} 和第 {seen[code]} 行的相同。请改一个。"
                self._fault(
                    line.place("name"), zh, f"the choice {code[:40]} stands in row {seen[code]} too; change one"
                )
                continue
            seen[code] = line.number
            if not _is_code(code):
                zh = f"选项的代号“{code[:40]}”不能用：只能有英文字母、数字和 _ . - ，不能有空格和汉字，最多 64 个。"
                en = f"the name “{code[:40]}” cannot be used: letters a–z, digits and _ . - only, no spaces, at most 64"
                self._fault(line.place("name"), zh, en)
                continue
            if label is None:
                if line.sheet not in self._wordless and not self._is_odd(line, "label"):
                    self._fault(line.place("label"), "这个选项没有文字（label）。", "this choice has no label")
                continue
            found.append(Choice(code, label, _columns(line)))
        return found

    def _check_media(self, line: _Line) -> None:
        if line.words("media"):
            zh = "平板上的问卷不能带图片、声音和录像。请删去这一格，或写成文字。"
            self._fault(
                line.place("media"), zh, "pictures, sound and video cannot be shown; delete this, or say it in words"
            )

    # --- survey

    def _walk(self, lines: Sequence[_Line]) -> None:
        groups: list[_Group] = []
        for line in lines:
            kind = " ".join(self._take(line, "type").split())
            if not kind:
                if line.words("name") or any(line.by_language("label")):
                    zh = "这一行没有写题型（type）。"
                    self._fault(line.place("type"), zh, "the type of this row is missing")
                continue
            if narrow(line.words("disabled")) in _YES:
                continue
            group = _GROUP.fullmatch(kind)
            if group and group[1].lower() == "begin":
                groups.append(self._begin(line, group[2].lower()))
            elif group:
                self._end(line, group[2].lower(), groups)
            else:
                self._row(line, kind, groups)
        for group_ in groups:
            zh = "这个组没有结束：后面少了一行 end group。"
            self._fault(group_.line.place("type"), zh, "this group never ends: a row end group is missing")
        if len(self._questions) > MOST_QUESTIONS:
            count = len(self._questions)
            zh = f"有 {count} 道题，超过 {MOST_QUESTIONS} 道。请减少题目，或分成几份问卷。"
            self._fault(
                Place(sheet="survey"), zh, f"there are {count} questions, more than {MOST_QUESTIONS}; use fewer"
            )
            del self._questions[MOST_QUESTIONS:]

    def _begin(self, line: _Line, kind: str) -> _Group:
        if kind not in ("group", "lgroup"):
            zh = "不能用重复组（repeat）：平板上一份问卷只答一遍。请改成普通的组，或删去。"
            self._fault(line.place("type"), zh, "repeats cannot be used; make it a group, or delete it")
        for word in line.words("appearance").split():
            self._ignore("appearance", word[:40], line.place("appearance"))
        heading = self._text(line, "label")
        return _Group(line, line.words("name"), heading, self._formula(line, "relevant"), kind in ("repeat", "loop"))

    def _end(self, line: _Line, kind: str, groups: list[_Group]) -> None:
        if not groups:
            zh = "这里没有要结束的组：前面少了一行 begin group。"
            self._fault(line.place("type"), zh, "there is no group to end: a row begin group is missing before")
            return
        begun = groups.pop()
        if begun.is_repeat != (kind in ("repeat", "loop")):
            zh = f"这里结束的和第 {begun.line.number} 行开始的不是一种（group、repeat）。"
            self._fault(line.place("type"), zh, f"this ends another kind than row {begun.line.number} begins")

    def _row(self, line: _Line, kind: str, groups: Sequence[_Group]) -> None:
        name = self._take(line, "name")
        lower = kind.lower()
        if lower in _METADATA:
            self._leave_out(line, lower, name)
            return
        if name:
            self._known.add(name)
        select = _SELECT.fullmatch(kind)
        if select is None and lower not in _KINDS:
            self._refuse_type(line, kind)
            return
        self._check_media(line)
        if self._is_only_heading(line, select is not None):
            return
        if not name and lower in ("note", "add note prompt") and not self._is_odd(line, "name"):
            name = f"note_row_{line.number}"  # nobody refers to it
        if self._check_name(line, name):
            self._ask(line, name, _KINDS.get(lower), select, groups)

    def _leave_out(self, line: _Line, kind: str, name: str) -> None:
        """Left out, unless a formula looks at it: there is the day."""
        self._ignore("metadata", kind, line.place("type"))
        formula = _METADATA[kind]
        if kind == "hidden":
            formula = line.words("calculation") or _quoted(line.words("default"))
        if name:
            self._metadata.setdefault(name, (line, formula[: expressions.FORMULA_LIMIT]))

    def _refuse_type(self, line: _Line, kind: str) -> None:
        what = _REFUSED_TYPES.get(kind.lower().split()[0])
        if what is not None:
            zh, en = f"平板上的问卷不能有：{what.zh}。请删去这一行。", f"{what.en} cannot be asked; delete this row"
        elif _FROM_FILE.fullmatch(kind):
            zh = "选项不能来自另外的文件。请把选项写进 choices 表。"
            en = "choices cannot come from another file; write them on the sheet choices"
        elif re.match(r"select|rank", kind, re.IGNORECASE):
            zh = f"“{kind[:60]}”看不懂：要写成 select_one 选项表，选项表的名字里不能有空格。"
            en = f"“{kind[:60]}” is not understood: write select_one and the name of a list without spaces"
        else:
            zh, en = f"没有“{kind[:60]}”这种题型。", f"there is no type “{kind[:60]}”"
        self._fault(line.place("type"), zh, en)

    def _check_name(self, line: _Line, name: str) -> bool:
        if not name and self._is_odd(line, "name"):
            pass
        elif not name:
            self._fault(line.place("name"), "这道题没有题名（name）。", "this question has no name")
        elif not _is_name(name):
            zh = f"题名“{name[:40]}”不能用：以英文字母或 _ 开头，只能有英文字母、数字和 _ . - ，最多 64 个。"
            en = f"the name “{name[:40]}” cannot be used: a–z or _ first, then letters, digits and _ . -, at most 64"
            self._fault(line.place("name"), zh, en)
        elif name in self._lines:
            zh = f"题名 {name} 和第 {self._lines[name].number} 行的相同。请改一个。"
            self._fault(
                line.place("name"), zh, f"the name {name} stands in row {self._lines[name].number} too; change one"
            )
        else:
            self._lines[name] = line
            return True
        return False

    def _is_only_heading(self, line: _Line, is_select: bool) -> bool:
        """Of a table of choices the row that shows the choices' words and asks nothing."""
        if is_select and "label" in line.words("appearance").split():
            self._ignore("heading", "label", line.place("appearance"))
            return True
        return False

    def _ask(
        self, line: _Line, name: str, kind: Kind | None, select: re.Match[str] | None, groups: Sequence[_Group]
    ) -> None:
        list_name, is_other = "", False
        if select is not None:
            kind = "select_one" if " ".join(select["how"].lower().split()) in _ONE else "select_multiple"
            list_name, is_other = select["list"], select["other"] is not None
        assert kind is not None
        look, kind = self._look(line, kind)
        kind = self._read_only(line, kind)
        label = self._label(line, kind)
        question = Question(
            name=name,
            kind=kind,
            label=label,
            hint=self._text(line, "hint") if label is not None and line.by_language("label") else None,
            required=self._required(line) and kind not in ("note", "calculate"),
            required_message=self._text(line, "required_message"),
            relevant=self._relevant(line, groups),
            constraint=self._formula(line, "constraint") if kind not in ("note", "calculate") else "",
            constraint_message=self._text(line, "constraint_message"),
            calculation=self._calculation(line, kind),
            list_name=list_name,
            choice_filter=self._formula(line, "choice_filter") if list_name else "",
            scale=self._scale(line) if kind in ("range", "rating") else None,
            appearance=look,  # type: ignore[arg-type]
            group=next((group.heading for group in reversed(groups) if group.heading is not None), None),
        )
        self._refuse_unknown(line, "trigger")
        if list_name and line.words("parameters"):
            self._ignore("parameters", line.words("parameters")[:60], line.place("parameters"))
        if is_other:
            self._add_with_other(line, question)
        else:
            self._questions.append(question)

    def _refuse_unknown(self, line: _Line, field: str) -> None:
        if line.words(field):
            zh = f"{field} 这一列在平板上不起作用，删去才不会算错。"
            self._fault(line.place(field), zh, f"the column {field} has no meaning here; delete what stands in it")

    def _add_with_other(self, line: _Line, question: Question) -> None:
        """`or_other`: one choice more, and a question in words behind it."""
        copy = f"{question.list_name}_or_other"
        while copy in self._lists:
            copy += "_"
        self._others.add((question.list_name, copy))
        kept = question.choice_filter
        choice_filter = self._short(line, "choice_filter", f"({kept}) or name = '{OTHER}'" if kept else "")
        self._questions.append(msgspec.structs.replace(question, list_name=copy, choice_filter=choice_filter))
        name = f"{question.name}_other"
        if name in self._lines or not _is_name(name):
            zh = f"or_other 要加一道名叫 {name} 的题，可是这个题名用不了。请改题名。"
            self._fault(
                line.place("name"), zh, f"or_other adds a question {name}, which cannot be called so; rename this"
            )
            return
        self._lines[name] = line
        self._known.add(name)
        chosen = f"selected(${{{question.name}}}, '{OTHER}')"
        self._questions.append(
            Question(name=name, kind="text", label=_OTHER_QUESTION, relevant=chosen, group=question.group)
        )

    def _look(self, line: _Line, kind: Kind) -> tuple[str, Kind]:
        look = ""
        for word in self._take(line, "appearance").split():
            narrow_ = word.lower()
            if narrow_.startswith("search("):
                zh = "选项不能来自另外的文件（search）。请把选项写进 choices 表。"
                self._fault(line.place("appearance"), zh, "choices cannot come from another file (search)")
            elif kind == "range" and narrow_ == "rating":
                kind = "rating"
            elif not look and narrow_ in _APPEARANCES and (narrow_ == "multiline") == (kind == "text"):
                look = _APPEARANCES[narrow_]
            else:
                self._ignore("appearance", word[:40], line.place("appearance"))
        return look, kind

    def _read_only(self, line: _Line, kind: Kind) -> Kind:
        """A question that nobody may answer is a note, or calculated."""
        if narrow(line.words("read_only")) not in _YES or kind in ("note", "calculate"):
            return kind
        if line.words("calculation"):
            self._ignore("read_only", line.words("name"), line.place("read_only"))
            return "calculate"
        return "note"

    def _label(self, line: _Line, kind: Kind) -> Text | None:
        if kind == "calculate":
            return None
        label = self._text(line, "label") or self._text(line, "hint")
        if label is None and line.sheet not in self._wordless and not self._is_odd(line, "label"):
            zh = "这道题没有文字（label）。"
            self._fault(line.place("label"), zh, "this question has no words (label)")
        return label

    def _required(self, line: _Line) -> bool:
        words = narrow(self._take(line, "required"))
        if words not in _YES | _NO:
            zh = "required 只能写 yes 或留空，不能写条件。"
            self._fault(line.place("required"), zh, "required is yes or blank, and no condition")
        return words in _YES

    def _formula(self, line: _Line, field: str) -> str:
        words = self._short(line, field, self._take(line, field))
        if words:
            self._formulas.append((line, field, words))
        return words

    def _short(self, line: _Line, field: str, formula: str) -> str:
        """A formula, unless it is too long; then that is said."""
        if len(formula) <= expressions.FORMULA_LIMIT:
            return formula
        self._fault(line.place(field), *_too_long_formula())
        return ""

    def _relevant(self, line: _Line, groups: Sequence[_Group]) -> str:
        own = self._formula(line, "relevant")
        parts = [*(group.relevant for group in groups), own]
        parts = list(dict.fromkeys(part for part in parts if part))
        together = parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)
        if len(together) > expressions.FORMULA_LIMIT:
            zh, en = _too_long_formula()
            self._fault(line.place("relevant"), f"和所在各组的条件合起来，{zh}", f"with those of its groups, {en}")
            return ""
        return together

    def _calculation(self, line: _Line, kind: Kind) -> str:
        """Of a question that is asked, what stands there at first: calculated, or its default."""
        if kind == "note":
            return ""
        calculation, default = self._formula(line, "calculation"), self._take(line, "default")
        if kind == "calculate" and not calculation and not default:
            zh = "没有写怎么算（calculation）。"
            self._fault(line.place("calculation"), zh, "how it is calculated is missing (calculation)")
        if calculation or not default:
            return calculation
        if "${" in default or re.search(r"[a-z-]\(.*\)", default):
            return self._formula(line, "default")
        return self._short(line, "default", _quoted(default))

    def _scale(self, line: _Line) -> Scale:
        given = {}
        for part in re.split(r"[\s,;，；]+(?=[A-Za-z_]+\s*=)", self._take(line, "parameters")):
            key, equals, value = part.partition("=")
            if equals:
                given[key.strip().lower()] = narrow(value)
            elif part.strip():
                zh = f"参数“{part.strip()[:40]}”看不懂，要写成 start=1 end=5 step=1。"
                self._fault(line.place("parameters"), zh, "parameters are written start=1 end=5 step=1")
        for key in given.keys() - {"start", "end", "step"}:
            self._ignore("parameters", f"{key}={given[key]}"[:60], line.place("parameters"))
        scale = Scale(given.get("start", "1"), given.get("end", "10"), given.get("step", "1"))
        for said in answering.scale_flaws(scale):
            self._fault(line.place("parameters"), said.zh, said.en)
        return scale

    # --- formulas

    def _check_formulas(self, lists: Mapping[str, list[_Line]]) -> None:
        """Every formula and every label by itself, now that all names are known."""
        names = self._known | self._metadata.keys()
        columns_of = {name: frozenset({"name"}.union(*map(_columns, rows))) for name, rows in lists.items()}
        wanted: set[str] = set()
        for line, field, formula in self._formulas:
            columns = frozenset[str]()
            if field == "choice_filter":
                columns = columns_of.get(_list_of(line), frozenset({"name"}))
            for said in answering.formula_flaws(formula, names, columns, field):
                self._fault(line.place(field), said.zh, said.en)
            wanted |= _names_in(formula)
            self._check_metadata(line, field, _names_in(formula))
        for line, field, text in self._texts:
            for said in answering.label_flaws(text, names):
                self._fault(line.place(field), said.zh, said.en)
            wanted |= answering.names_in(text)
            self._check_metadata(line, field, answering.names_in(text))
        made = [
            Question(name=name, kind="calculate", calculation=formula)
            for name, (line, formula) in self._metadata.items()
            if name in wanted and formula and name not in self._lines and self._check_name(line, name)
        ]
        self._questions[:0] = made

    def _check_metadata(self, line: _Line, field: str, names: Iterable[str]) -> None:
        for name in sorted(names):
            if name not in self._lines and not self._metadata.get(name, (line, "."))[1]:
                zh = f"{name} 是手机自己记的，平板不记，这里不能用它。"
                self._fault(line.place(field), zh, f"{name} is what a phone notes of itself, which a tablet does not")


def _list_of(line: _Line) -> str:
    """The list that a row of the sheet survey asks from."""
    select = _SELECT.fullmatch(" ".join(line.words("type").split()))
    return select["list"] if select else ""


def _columns(line: _Line) -> dict[str, str]:
    """What a choice filter may look at."""
    return {
        head.words: line.cells[head.place][:200]
        for head in line.heads
        if not head.field and head.place in line.cells and _COLUMN.fullmatch(head.words)
    }


def _names_in(formula: str) -> frozenset[str]:
    try:
        return expressions.parse(formula).names
    except expressions.FaultError:
        return frozenset()


def _too_long_formula() -> tuple[str, str]:
    limit = expressions.FORMULA_LIMIT
    return f"式子超过 {limit} 个字符。请写短些。", f"the formula has more than {limit} characters; shorten it"


#: The choice that `or_other` adds, and its question.
OTHER = "other"
_OTHER_LABEL, _OTHER_QUESTION = Text("其他", "Other"), Text("请说明是什么。", "Please say what it is.")
_COLUMN = re.compile(r"[^\W\d][\w.-]{0,63}")
#: What is left out → its sentence.
_IGNORED = {
    "language": ("这种语言没有读：{0}。", "this language was left out: {0}"),
    "column": ("列“{0}”不认识，没有读。", "the column “{0}” is not known and was left out"),
    "setting": ("设置“{0}”用不上，没有读。", "the setting “{0}” has no meaning here and was left out"),
    "list": ("选项表 {0} 没有题目用到，没有读。", "no question asks from the list {0}; it was left out"),
    "appearance": ("外观“{0}”用不上，按平常的样子显示。", "the appearance “{0}” has no meaning here and was left out"),
    "parameters": ("参数“{0}”用不上，没有读。", "the parameter “{0}” has no meaning here and was left out"),
    "metadata": ("手机自己记的“{0}”没有读，不会问。", "“{0}”, which a phone notes of itself, was left out"),
    "heading": ("表格的表头行（外观 {0}）不问，没有读。", "the heading of a table (appearance {0}) was left out"),
    "read_only": ("{0} 只读，按公式算，不显示。", "{0} is read-only: it is calculated, and not shown"),
}

_NAME_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_CODE_PATTERN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def _is_name(words: str) -> bool:
    return _NAME_PATTERN.fullmatch(words) is not None


def _is_code(words: str) -> bool:
    return _CODE_PATTERN.fullmatch(words) is not None


def _slug(form_id: str, title: Text) -> str:
    """An id made of the form's; where nothing of it is left, of the title."""
    plain_id = unicodedata.normalize("NFKC", form_id).lower()
    found = re.sub(r"[^a-z0-9._-]+", "-", plain_id).strip("-._")[:64].strip("-._")
    return found or "s-" + hashlib.sha256(f"{form_id}\0{title.zh}\0{title.en}".encode()).hexdigest()[:10]


def _quoted(words: str) -> str:
    """A text as a formula."""
    if not words:
        return ""
    mark = "'" if "'" not in words else '"'
    if mark not in words:
        return f"{mark}{words}{mark}"
    pieces = [f"'{piece}'" for piece in words.split("'")]
    return "concat(" + ', "\'", '.join(pieces) + ")"


# --- into a pack ----------------------------------------------------------------------------------


def save(folder: Path, survey: Survey) -> bool:
    """Put a survey into a pack's folder, in the place of the one with its id; whether there was one.

    Raises `pack.faulty`, `file.full`.
    """
    with files.alone(folder, 10):
        pack = read_pack(folder)
        known = [one.id for one in pack.surveys]
        surveys = [survey if one.id == survey.id else one for one in pack.surveys]
        if survey.id not in known:
            surveys.append(survey)
        with files.written(folder / "surveys.json") as file:
            file.write(surveys_file(surveys))
    return survey.id in known


def surveys_file(surveys: Sequence[Survey]) -> bytes:
    """`surveys.json` as it stands in a pack: what says nothing is left out."""
    return msgspec.json.format(msgspec.json.encode([_sparse(one) for one in surveys]), indent=1) + b"\n"


def _sparse(survey: Survey) -> dict[str, Any]:
    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(one) for key, one in value.items() if one not in (None, "", {}, False)}
        return [bare(one) for one in value] if isinstance(value, list) else value

    found = bare(msgspec.to_builtins(survey))
    return {**found, "lists": found.get("lists", {})}


# --- words without markup -------------------------------------------------------------------------

_HELD = "\ue000"
_REFERENCE = re.compile(r"\$\{[^}]{1,100}\}")
_LINE_ENDS = re.compile(r"</?(?:br|p|div|h[1-6]|li|ul|ol|tr|table)\b[^<>]{0,500}>", re.IGNORECASE)
_TAGS = re.compile(
    r"</?(?:b|i|u|s|em|strong|span|font|small|big|center|sub|sup|a|td|th|tbody)\b[^<>]{0,500}>", re.IGNORECASE
)
_MARKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?m)^\s{0,3}#{1,6}\s+"), ""),
    (re.compile(r"\[([^\[\]]{1,300})\]\(https?://[^\s()]{1,500}\)"), r"\1"),
    (re.compile(r"\*\*(?=\S)([^*]{1,1000}?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"(?<![\w_])__(?=\S)([^_]{1,1000}?)(?<=\S)__(?![\w_])"), r"\1"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,1000}?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]{1,1000}?)(?<=\S)_(?![\w_])"), r"\1"),
)
_ESCAPE = re.compile(r"\\([\\*_#\[\]<>&])")


def plain(words: str) -> str:
    """A label without the markup that ODK shows: bold, headings, colours, links. Whatever else stands there stays."""
    references = _REFERENCE.findall(words)
    text = _REFERENCE.sub(_HELD, words.replace(_HELD, ""))
    # What is escaped is put aside as letters nobody types, and comes back at the end.
    text = _ESCAPE.sub(lambda found: chr(0xE100 + ord(found[1])), text)
    text = _TAGS.sub("", _LINE_ENDS.sub("\n", text))
    for pattern, kept in _MARKS:
        text = pattern.sub(kept, text)
    text = re.sub(r"&(?:amp|lt|gt|quot|nbsp|#39|apos);", lambda found: html.unescape(found[0]), text)
    text = re.sub(r"[\ue100-\ue17f]", lambda found: chr(ord(found[0]) - 0xE100), text)
    waiting = iter(references)
    text = re.sub(_HELD, lambda _: next(waiting, ""), text)
    return re.sub(r"[ \xa0]*\n\s*\n\s*", "\n", clean(text))


def _marked_up(words: str) -> str:
    """Words so that `plain` gives them back."""
    if plain(words) == words:
        return words
    parts = re.split(f"({_REFERENCE.pattern})", words)
    escape = re.compile(r"[\\*_#\[\]<>&]")
    return "".join(part if number % 2 else escape.sub(r"\\\g<0>", part) for number, part in enumerate(parts))


# --- out ------------------------------------------------------------------------------------------

_ZH, _EN = "中文 (zh)", "English (en)"
_OUT_SURVEY = ("type", "name", f"label::{_ZH}", f"label::{_EN}", f"hint::{_ZH}", f"hint::{_EN}", "required",
               f"required_message::{_ZH}", f"required_message::{_EN}", "relevant", "constraint",
               f"constraint_message::{_ZH}", f"constraint_message::{_EN}", "calculation", "choice_filter",
               "appearance", "parameters")  # fmt: skip


def write_xlsform(survey: Survey) -> bytes:
    """The survey as a workbook that reads back as the same. Raises `survey.unwritable`, `import.no_workbooks`."""
    data = bytes(_workbooks().write_form(_sheets(survey)))
    found = read_xlsform(data)
    if found.survey is None or _normal(found.survey) != _normal(survey):
        what = found.faults[0] if found.faults else Fault(Place(), "读回来不一样", "it reads back otherwise")
        raise Problem(SURVEY_UNWRITABLE, survey=survey.id, zh=what.line("zh"), en=what.line("en"))
    return data


def _normal(survey: Survey) -> Survey:
    """Without what makes no difference: lists nobody asks from, a scale that goes without saying."""
    asked = {question.list_name for question in survey.questions}
    questions = [
        msgspec.structs.replace(question, scale=question.scale or answering.DEFAULT_SCALE)
        if question.kind in ("range", "rating")
        else question
        for question in survey.questions
    ]
    lists = {name: choices for name, choices in survey.lists.items() if name in asked}
    return msgspec.structs.replace(survey, questions=questions, lists=lists)


def _sheets(survey: Survey) -> dict[str, list[list[str]]]:
    rows: list[list[str]] = [list(_OUT_SURVEY)]
    heading: Text | None = None
    for number, question in enumerate(survey.questions):
        if question.group != heading:
            if heading is not None:
                rows.append(["end_group"])
            heading = question.group
            if heading is not None:
                name = _free(f"group_{number + 1}", survey)
                rows.append(["begin_group", name, _marked_up(heading.zh), _marked_up(heading.en)])
        rows.append(_row_of(question))
    if heading is not None:
        rows.append(["end_group"])
    settings = [["form_title", "form_id", "version", f"form_title::{_EN}", f"intro::{_ZH}", f"intro::{_EN}"]]
    settings.append(
        [_marked_up(survey.title.zh), survey.id, survey.version, _marked_up(survey.title.en), *_both(survey.intro)]
    )
    return {"survey": rows, "choices": _choice_rows(survey), "settings": settings}


def _choice_rows(survey: Survey) -> list[list[str]]:
    asked = {question.list_name for question in survey.questions}
    lists = {name: choices for name, choices in survey.lists.items() if name in asked}
    columns = sorted({column for choices in lists.values() for choice in choices for column in choice.columns})
    rows = [["list_name", "name", f"label::{_ZH}", f"label::{_EN}", *columns]]
    for name, choices in lists.items():
        rows += [
            [name, one.code, *_both(one.label), *(one.columns.get(column, "") for column in columns)] for one in choices
        ]
    return rows


def _free(name: str, survey: Survey) -> str:
    while survey.question(name) is not None:
        name += "_"
    return name


def _both(text: Text | None) -> list[str]:
    return ["", ""] if text is None else [_marked_up(text.zh), _marked_up(text.en)]


def _row_of(question: Question) -> list[str]:
    kind: str = question.kind
    looks: list[str] = [question.appearance] if question.appearance else []
    if question.list_name:
        kind = f"{kind} {question.list_name}"
    if kind == "rating":
        kind, looks = "range", ["rating", *looks]
    scale = question.scale or answering.DEFAULT_SCALE
    parameters = f"start={scale.start} end={scale.end} step={scale.step}" if kind == "range" else ""
    return [
        kind, question.name, *_both(question.label), *_both(question.hint), "yes" if question.required else "",
        *_both(question.required_message), question.relevant, question.constraint, *_both(question.constraint_message),
        question.calculation, question.choice_filter, " ".join(looks), parameters,
    ]  # fmt: skip
