"""Tables as files people take with them, and how any file leaves the hub."""

import csv
import io
from collections.abc import Sequence
from urllib.parse import quote

from flask import Response

#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Rows = Sequence[Sequence[str | int | float]]


def csv_file(rows: Rows, name: str) -> Response:
    """With a byte order mark, without which office programs read Chinese as something else."""
    out = io.StringIO()
    csv.writer(out).writerows([[_plain(cell) for cell in row] for row in rows])
    return attachment(b"\xef\xbb\xbf" + out.getvalue().encode(), "text/csv; charset=utf-8", name)


def xlsx_file(title: str, rows: Rows, name: str) -> Response:
    from kiosk.packs import workbooks  # noqa: PLC0415 (it takes its time to load, and few ask for a workbook)

    return attachment(workbooks.write_rows(title, rows), XLSX, name)


def attachment(content: bytes, content_type: str, name: str, called: str = "") -> Response:
    """A file to be saved under a name. `called`: in any script (RFC 5987); `name` is for whoever cannot read that."""
    more = f"; filename*=UTF-8''{quote(called, safe='')}" if called else ""
    headers = {"Content-Disposition": f'attachment; filename="{name}"{more}'}
    return Response(content, content_type=content_type, headers=headers)


def _plain(cell: str | float) -> str | float:
    """A cell that no spreadsheet runs."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip().startswith(_FORMULA) else cell
