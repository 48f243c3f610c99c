"""Marks behind the pages of a signed file: its hash says that some byte was changed, and with these anybody sees which.

They stand before the file's last line: eight bytes of the hash of each page, and a line with how many there are and
what they hash to. They vouch for nothing; the signature does.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from kiosk import files

#: So many bytes have a mark of their own: those of a page of SQLite.
PAGE = 4_096
_MARK = 8
_LINE = re.compile(rb"kiosk-marks/1 ([0-9a-f]{64}) ([0-9]{12})\n\Z")
_LINE_LENGTH = 92
_LAST = re.compile(rb"kiosk-[a-z]+/1 ([0-9a-f]{64}) [0-9a-f]{128}\n\Z")


class Span(msgspec.Struct, frozen=True):
    """Bytes of a file that are not those that were written."""

    start: int  # the first is 0
    stop: int  # the one behind the last
    what: Literal["page", "marks", "end", "missing"]  # "missing": the file is shorter than it was

    @property
    def page(self) -> int:
        """As SQLite counts them."""
        return self.start // PAGE + 1


def append(path: Path) -> None:
    """Write the marks of a file that is to be signed."""
    with path.open("r+b") as file:
        marks = b"".join(_mark(page) for page in iter(lambda: file.read(PAGE), b""))
        told = f"kiosk-marks/1 {hashlib.sha256(marks).hexdigest()} {len(marks) // _MARK:012d}\n"
        file.write(marks + told.encode())


def _mark(page: bytes) -> bytes:
    return hashlib.sha256(page).digest()[:_MARK]


def changed(path: Path, end_length: int) -> list[Span]:
    """Where a file with marks and a last line of so many bytes was changed, page by page; nowhere for [].

    A file whose marks are not where they should be was cut off, or its end was changed: more is not known of it.
    """
    with files.opened(path) as file:
        size = file.seek(0, os.SEEK_END)
        end = max(size - end_length, 0)
        line_at = max(end - _LINE_LENGTH, 0)
        line = _LINE.match(_read(file, line_at, end))
        if line is None:
            return [_missing(file, size) or Span(line_at, size, "end")] if size else []
        count = int(line[2])
        marks_at = line_at - count * _MARK
        if not (count - 1) * PAGE < marks_at <= count * PAGE:
            return [Span(line_at, end, "marks")]
        marks = _read(file, marks_at, line_at)
        if hashlib.sha256(marks).hexdigest() != line[1].decode():
            return [Span(marks_at, end, "marks")]
        found = [span for span, mark in _pages(file, marks_at) if mark != marks[span.page * _MARK - _MARK :][:_MARK]]
        return found or ([] if _is_as_hashed(file, end, size) else [Span(end, size, "end")])


def _read(file: BinaryIO, start: int, stop: int) -> bytes:
    file.seek(start)
    return file.read(max(stop - start, 0))


def _missing(file: BinaryIO, size: int) -> Span | None:
    """What is not there of the pages that a database says it has."""
    head = _read(file, 0, 100)
    whole = int.from_bytes(head[28:32]) * int.from_bytes(head[16:18])
    return Span(size, whole, "missing") if head.startswith(b"SQLite format 3\0") and whole > size else None


def _pages(file: BinaryIO, stop: int) -> Iterator[tuple[Span, bytes]]:
    """Every page with its mark as it now is."""
    for start in range(0, stop, PAGE):
        span = Span(start, min(start + PAGE, stop), "page")
        yield span, _mark(_read(file, span.start, span.stop))


def _is_as_hashed(file: BinaryIO, end: int, size: int) -> bool:
    told = _LAST.match(_read(file, end, size))
    digest = hashlib.sha256()
    for start in range(0, end, 256 * PAGE):
        digest.update(_read(file, start, min(start + 256 * PAGE, end)))
    return told is not None and told[1].decode() == digest.hexdigest()
