"""Files of questions that offices have → questions of a pack, all or none; and back.

What is wrong comes back as a list, each fault with its place and how to mend it; no file raises anything.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Literal

import msgspec

from kiosk import files
from kiosk.errors import IMPORT_FAULTY, IMPORT_NO_WORKBOOKS, Problem
from kiosk.packs import aiken, gift
from kiosk.packs.drafts import DEFAULTS, Draft, Fault, Place, Reading, Rules, cells_of, clean, question_of
from kiosk.packs.quizzes import Question
from kiosk.packs.reader import Pack, pack_faults, read_pack

Format = Literal["xlsx", "gift", "aiken"]
#: How a file's name ends → what it is.
FORMATS: dict[str, Format] = {".xlsx": "xlsx", ".gift": "gift", ".txt": "aiken"}
#: Bytes of a file that is read at all.
FILE_LIMIT = 5 * 1024 * 1024
#: Kinds of questions that a format can say; a workbook says all.
KINDS: dict[Format, frozenset[str]] = {"gift": gift.KINDS, "aiken": aiken.KINDS}
_TEXT_LIMIT = 2 * 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Preview(msgspec.Struct, frozen=True):
    """What importing a file would come to."""

    drafts: list[Draft]  # with the defaults filled in
    questions: list[Question]  # those without a fault, in the order of the file
    faults: list[Fault]  # in the order of the file
    notes: list[Fault]
    added: list[str]  # ids
    replaced: list[str]
    unchanged: list[str]
    refused: list[Draft] = []  # questions of a text that could not be taken, as they stand there

    @property
    def is_ready(self) -> bool:
        return bool(self.questions) and not self.faults

    @property
    def without_english(self) -> int:
        return sum(question.text.en == question.text.zh for question in self.questions)


# --- in -------------------------------------------------------------------------------------------


def read_questions(data: bytes, form: Format | None = None) -> Reading:
    """The drafts in a file: what it is, is told by its content. Raises `import.no_workbooks` alone."""
    if len(data) > FILE_LIMIT:
        return _refused(
            f"文件超过 {FILE_LIMIT // 1024 // 1024} MB，没有读。请只留题目，分成几个文件。",
            f"the file has more than {FILE_LIMIT // 1024 // 1024} MB and was not read; split it",
        )
    if not data.strip():
        return _refused("文件是空的。请重新选文件。", "the file is empty; choose another")
    if data.startswith(_OLE):
        return _refused_ole(data)
    is_zip = data.startswith(b"PK")
    if form == "xlsx" or (form is None and is_zip):
        return _workbooks().read_workbook(data) if is_zip else _no_workbook(data)
    if is_zip:
        return _refused(
            "这是 Excel 文件或压缩包，不是文本。请把格式选成 xlsx。",
            "this is a workbook or a zip, and no text; choose xlsx",
        )
    text = _decoded(data)
    return _refused_binary(data) if text is None else _read_text(text, form)


def _workbooks() -> ModuleType:
    try:
        from kiosk.packs import workbooks  # noqa: PLC0415 (a tablet has no openpyxl, and reads no workbooks)
    except ImportError:
        raise Problem(IMPORT_NO_WORKBOOKS) from None
    return workbooks


def _refused(zh: str, en: str) -> Reading:
    return Reading(faults=[Fault(Place(), zh, en)])


def _refused_ole(data: bytes) -> Reading:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return _refused(
            "这个文件有打开密码。请在 Excel 里取消密码（文件—信息—保护工作簿），再导入。",
            "this file has a password; take it off in Excel (File, Info, Protect Workbook) and import it again",
        )
    if "WordDocument".encode("utf-16-le") in data:
        return _refused(
            "这是旧版 Word 文档（.doc）。请把题目贴进 Excel 模板，或存为 Aiken 格式的文本文件（.txt）。",
            "this is an old Word document (.doc); put the questions into the template, or save them as Aiken text",
        )
    return _refused(
        "这是旧版 Excel 文件（.xls）。请用 Excel 或 WPS 打开，另存为 .xlsx，再导入。",
        "this is an old Excel file (.xls); open it, save it as .xlsx and import that",
    )


def _no_workbook(data: bytes) -> Reading:
    text = _decoded(data)
    return _refused_binary(data) if text is None else _refused_table(text)


def _refused_binary(data: bytes) -> Reading:
    what = " (PDF)" if data.startswith(b"%PDF") else ""
    return _refused(
        f"这个文件读不懂{what}，不是 .xlsx，也不是文本。请用模板，或存为 UTF-8 文本。",
        f"this file cannot be read{what}: it is neither .xlsx nor text; use the template, or save it as UTF-8 text",
    )


def _refused_table(text: str) -> Reading:
    if text.lstrip().lower().startswith(("<html", "<!doctype", "<table", "<?xml")):
        return _refused(
            "这是网页或 XML，只是改了名字。请用 Excel 打开，另存为 .xlsx。",
            "this is a web page or XML by another name; open it in Excel and save it as .xlsx",
        )
    return _refused(
        "这是文本（如 CSV），不是 .xlsx，只是改了名字。请用 Excel 打开，另存为 .xlsx。",
        "this is text such as CSV by another name; open it in Excel and save it as .xlsx",
    )


def _decoded(data: bytes) -> str | None:
    """Text as Chinese offices save it: UTF-8, UTF-16 with its mark, GB 18030."""
    codes = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for code in codes:
        try:
            text = data.decode(code)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and "\ufffd" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    return None


def _read_text(text: str, form: Format | None) -> Reading:
    if len(text) > _TEXT_LIMIT:
        return _refused("文本太长，没有读。请分成几个文件。", "the text is too long and was not read; split the file")
    if form == "gift" or (form is None and gift.is_gift(text) and not aiken.is_aiken(text)):
        return gift.read_gift(text)
    if form == "aiken" or (form is None and aiken.is_aiken(text)):
        return aiken.read_aiken(text)
    first = text.lstrip().partition("\n")[0]
    if text.lstrip().startswith("<") or first.count(",") >= 3 or first.count("，") >= 3:
        return _refused_table(text)
    return _refused(
        "看不出是什么格式：GIFT 的答案在花括号 { } 里，Aiken 的每道题以“ANSWER: B”结束。"
        "请改成其中一种，或用 Excel 模板。",
        "the format is not clear: GIFT has answers in braces { }, Aiken ends each question with ANSWER: B; "
        "use one of them, or the template",
    )


def rules_of(pack: Pack) -> Rules:
    drawings = frozenset(file.name for file in pack.pictures.glob("*.svg")) if pack.pictures.is_dir() else frozenset()
    return Rules(pack.topics, pack.laws, drawings)


def preview(
    data: bytes,
    pack: Pack,
    defaults: Mapping[str, str] | None = None,
    form: Format | None = None,
    *,
    only: bool = False,
) -> Preview:
    """What a file amounts to in a pack. `defaults`: field → words for questions that have none.

    `only`: the questions that are in the pack go.

    Raises `import.no_workbooks`.
    """
    reading, rules = read_questions(data, form), rules_of(pack)
    given = {field: clean(words) for field, words in (defaults or {}).items()}
    filled = [_filled(draft, given, rules) for draft in reading.drafts]
    faults, questions, places = list(reading.faults), list[Question](), dict[str, Place]()
    taken = {(fault.place.sheet, fault.place.row, fault.place.column) for fault in faults}
    for draft in filled:
        question, wrong = question_of(draft, rules)
        # A formula is wrong already; it is not missing besides.
        faults += [one for one in wrong if not (one.is_missing and _key(one.place) in taken and one.place.column)]
        if question is None:
            continue
        if question.id in places:
            faults.append(_twice(draft, places[question.id], question))
        else:
            places[question.id] = draft.place
            questions.append(question)
    if not faults:
        faults += _whole(pack, merged(pack.questions, questions, only=only))
    faults.sort(key=lambda one: (one.place.sheet, one.place.row, len(one.place.column), one.place.column))
    known = pack.question_by_id
    return Preview(
        filled,
        questions,
        faults,
        reading.notes,
        added=[one.id for one in questions if one.id not in known],
        replaced=[one.id for one in questions if one.id in known and one != known[one.id]],
        unchanged=[one.id for one in questions if one == known.get(one.id)],
        refused=reading.refused,
    )


def _key(place: Place) -> tuple[str, int, str]:
    return (place.sheet, place.row, place.column)


def _filled(draft: Draft, defaults: Mapping[str, str], rules: Rules) -> Draft:
    cells = dict(draft.cells)
    if not cells.get("topic") and rules.topic(draft.hints.get("topic", "")):
        cells["topic"] = draft.hints["topic"]
    cells |= {field: defaults[field] for field in DEFAULTS if defaults.get(field) and not cells.get(field)}
    return msgspec.structs.replace(draft, cells=cells)


def _twice(draft: Draft, first: Place, question: Question) -> Fault:
    if draft.cells.get("id"):
        return draft.fault(
            "id",
            f"编号 {question.id} 和{first.sentence('zh')}的相同。请改一个，或留空。",
            f"the id {question.id} stands in {first.sentence('en')} too; change one, or leave it blank",
        )
    return draft.fault(
        "text",
        f"这道题和{first.sentence('zh')}的题目一样。请删去一道。",
        f"this question stands in {first.sentence('en')} too; delete one of them",
    )


def merged(old: Sequence[Question], new: Sequence[Question], *, only: bool = False) -> list[Question]:
    """The new ones in the place of those with their ids, the others behind them; `only`: the new ones alone."""
    if only:
        return list(new)
    by_id = {question.id: question for question in new}
    return [by_id.pop(question.id, question) for question in old] + list(by_id.values())


def _whole(pack: Pack, questions: Sequence[Question]) -> Iterable[Fault]:
    """What `kiosk pack check` would say of the pack afterwards."""
    for reason in pack_faults(replace(pack, questions=questions), None):
        yield Fault(
            Place(), f"导入后内容包不合规则（{reason}）。请改正。", f"the pack would then be faulty ({reason}); mend it"
        )


# --- saving ---------------------------------------------------------------------------------------


def questions_file(questions: Sequence[Question]) -> bytes:
    """`questions.json` as it stands in a pack."""
    lines = msgspec.json.format(msgspec.json.encode([_sparse(question) for question in questions]), indent=1)
    return lines + b"\n"


def _sparse(question: Question) -> dict[str, object]:
    plain = msgspec.to_builtins(question)
    return {field: value for field, value in plain.items() if value is not None or field == "valid_until"}


def save(
    folder: Path, data: bytes, defaults: Mapping[str, str], form: Format | None = None, *, only: bool = False
) -> Preview:
    """Import a file into a pack's folder, wholly or not at all. Raises `import.faulty`, `pack.faulty`, `file.full`."""
    with files.alone(folder, 10):
        pack = read_pack(folder)
        found = preview(data, pack, defaults, form, only=only)
        refuse_faults(found)
        with files.written(folder / "questions.json") as file:
            file.write(questions_file(merged(pack.questions, found.questions, only=only)))
    return found


def refuse_faults(found: Preview) -> None:
    """Raises `import.faulty` with every fault, each in both languages."""
    if not found.is_ready:
        lines = "\n".join(f"  {fault.line('zh')}\n    {fault.line('en')}" for fault in found.faults)
        raise Problem(IMPORT_FAULTY, count=len(found.faults), faults=lines)


# --- out ------------------------------------------------------------------------------------------


def template(pack: Pack) -> bytes:
    """The empty workbook with the drop-downs of a pack. Raises `import.no_workbooks`."""
    return bytes(_workbooks().write_workbook([], rules_of(pack)))


def marked(found: Preview, pack: Pack) -> bytes:
    """The template with the drafts in it, and what is to be mended in each row, in colour and in words.

    What could not be taken out of a text stands there as it is; what belongs to no row, on a sheet of its own.
    """
    rows = found.drafts if not found.refused else sorted([*found.drafts, *found.refused], key=lambda one: one.place.row)
    at = {(draft.place.sheet, draft.place.row): n for n, draft in enumerate(rows)}
    starts = [draft.place.row for draft in rows if not draft.place.sheet]
    marks: dict[int, list[Fault]] = {}
    others: list[Fault] = []
    for fault in found.faults:
        row = at.get((fault.place.sheet, fault.place.row))
        if row is None and not fault.place.sheet and starts:  # a later line of a question in a text
            before = bisect_right(starts, fault.place.row) - 1
            row = before if before >= 0 and fault.place.row <= rows[before].last else None
        if row is None:
            others.append(fault)
        else:
            marks.setdefault(row, []).append(fault)
    return bytes(_workbooks().write_workbook([draft.cells for draft in rows], rules_of(pack), marks, others))


def export(questions: Sequence[Question], pack: Pack, form: Format) -> tuple[bytes, list[str]]:
    """(the file, ids of what this format cannot hold). What is in the file reads back as the same questions."""
    rules = rules_of(pack)
    kinds = KINDS.get(form)
    fitting = [one for one in questions if kinds is None or one.kind in kinds]
    written = _written(fitting, rules, form)
    lost = _changed(fitting, written, rules, form)
    if lost:
        fitting = [one for one in fitting if one.id not in lost]
        # One that reads otherwise may have hidden another: alone each tells the truth.
        fitting = [one for one in fitting if not _changed([one], _written([one], rules, form), rules, form)]
        written = _written(fitting, rules, form)
    kept = {one.id for one in fitting}
    return written, [one.id for one in questions if one.id not in kept]


def _written(questions: Sequence[Question], rules: Rules, form: Format) -> bytes:
    rows = [cells_of(question, rules.topics) for question in questions]
    if form == "xlsx":
        return bytes(_workbooks().write_workbook(rows, rules))
    return (gift.write_gift(rows) if form == "gift" else aiken.write_aiken(rows)).encode()


def _changed(questions: Sequence[Question], data: bytes, rules: Rules, form: Format) -> set[str]:
    """Ids of the questions that would come back otherwise than they went out."""
    reading = read_questions(data, form)
    if reading.faults or len(reading.drafts) != len(questions):
        return {question.id for question in questions} if len(questions) < 2 else _one_by_one(questions, rules, form)
    return {
        question.id
        for question, draft in zip(questions, reading.drafts, strict=True)
        if question_of(_whole_draft(question, draft, rules, form), rules)[0] != question
    }


def _one_by_one(questions: Sequence[Question], rules: Rules, form: Format) -> set[str]:
    return set().union(*(_changed([one], _written([one], rules, form), rules, form) for one in questions))


def _whole_draft(question: Question, draft: Draft, rules: Rules, form: Format) -> Draft:
    """Of Aiken, which holds words and answer alone, with the rest beside it."""
    if form != "aiken":
        return draft
    rest = cells_of(question, rules.topics)
    held = {
        field
        for field in rest
        if field in ("kind", "text", "answer") or (field[:6] == "option" and field[6:].isdigit())
    }
    return msgspec.structs.replace(draft, cells={f: w for f, w in rest.items() if f not in held} | dict(draft.cells))
