"""A statement as the files an office sends: table, summary, and the statement itself."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from kiosk.clock import to_minute
from kiosk.hub import words
from kiosk.hub.context import Hub
from kiosk.hub.exports import XLSX
from kiosk.packs.model import Text
from kiosk.reports import printing
from kiosk.reports.statement import Statement

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#: What no file system takes in a name.
_UNNAMEABLE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u2028\u2029]+')
#: A photo for the summary: (JPEG, what stands under it).
Photos = Sequence[tuple[bytes, str]]


class Sort(msgspec.Struct, frozen=True):
    """One of the files."""

    id: str  # as in an address
    label: Text
    what: str  # in its name, in Chinese
    ending: str
    type: str
    make: Callable[[Hub, Statement, Photos], bytes]


class File(msgspec.Struct, frozen=True):
    content: bytes
    type: str
    name: str  # ASCII
    called: str  # in Chinese


def _xlsx(_here: Hub, statement: Statement, _photos: Photos) -> bytes:
    from kiosk.reports import workbook  # noqa: PLC0415 (it takes its time to load, and few ask for it)

    return workbook.workbook(statement)


def _english(_here: Hub, statement: Statement, _photos: Photos) -> bytes:
    from kiosk.reports import workbook  # noqa: PLC0415

    return workbook.workbook(statement, "en")


def _csv(_here: Hub, statement: Statement, _photos: Photos) -> bytes:
    from kiosk.reports import workbook  # noqa: PLC0415

    return workbook.csv(statement)


def _docx(here: Hub, statement: Statement, photos: Photos) -> bytes:
    from kiosk.reports import official  # noqa: PLC0415

    shown = [official.Photo(jpeg, caption) for jpeg, caption in photos]
    return official.official(statement, words.sections(statement, words.questions(here)), shown)


def _pdf(here: Hub, statement: Statement, _photos: Photos) -> bytes:
    """Without photos: LibreOffice reads a file, and none of them ever stands on a disk in the clear."""
    return printing.pdf(_docx(here, statement, ()))


def _json(_here: Hub, statement: Statement, _photos: Photos) -> bytes:
    return statement.encode()


SORTS = (
    Sort("table.xlsx", Text("统计表", "Table"), "活动情况统计表", "xlsx", XLSX, _xlsx),
    Sort("summary.docx", Text("总结", "Summary"), "活动总结", "docx", DOCX, _docx),
    Sort("summary.pdf", Text("总结", "Summary"), "活动总结", "pdf", "application/pdf", _pdf),
    Sort("table.csv", Text("统计表", "Table"), "活动情况统计表", "csv", "text/csv; charset=utf-8", _csv),
    Sort("table-en.xlsx", Text("英文统计表", "Table in English"), "活动情况统计表（英文）", "xlsx", XLSX, _english),
    Sort("statement.json", Text("数据", "Data"), "活动情况数据", "json", "application/json", _json),
)
BY_ID: Mapping[str, Sort] = {one.id: one for one in SORTS}


def sorts() -> list[Sort]:
    """Those that can be made on this machine."""
    return [one for one in SORTS if one.ending != "pdf" or printing.is_available()]


def made(here: Hub, statement: Statement, sort: Sort, photos: Photos = ()) -> File:
    version = f"第{statement.version}版" if statement.version else f"草稿{to_minute(statement.made_at)}"
    called = _UNNAMEABLE.sub("", f"{statement.unit.zh}{sort.what}_{version}".replace(":", "").replace(" ", "-"))
    short = f"v{statement.version}" if statement.version else "draft"
    stem = sort.id.partition(".")[0]
    name = f"{statement.fair}-{short}-{stem}.{sort.ending}"
    return File(sort.make(here, statement, photos), sort.type, name, f"{called[:120]}.{sort.ending}")
