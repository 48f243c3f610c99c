"""What a program asked of the disk: its system calls on the files of one folder, in order, and what it said meanwhile.

strace looks from outside, at the kernel's door: nothing our code or SQLite believes about itself goes in. A call that
the model does not know is no reason to guess; it is an error.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk import ROOT

#: Calls the model knows, and calls that change a disk and that it does not. Not every machine has all of them.
_KNOWN = (
    "openat", "pwrite64", "write", "lseek", "fsync", "fdatasync", "ftruncate",
    "unlink", "unlinkat", "rename", "renameat", "renameat2",
)  # fmt: skip
_UNKNOWN = (
    "open", "creat", "writev", "pwritev", "pwritev2", "truncate", "fallocate", "link", "linkat", "symlink", "symlinkat",
    "sync_file_range", "copy_file_range", "sendfile", "mmap",
)  # fmt: skip
_LONGEST = 1 << 20  # bytes of one write that are shown
_SAID = b"said: "


@dataclass(frozen=True)
class Opened:
    """A file was opened so that it is there afterwards (`makes`), or is empty (`empties`)."""

    name: str
    makes: bool
    empties: bool


@dataclass(frozen=True)
class Wrote:
    name: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Cut:
    """The file has `size` bytes from now on."""

    name: str
    size: int


@dataclass(frozen=True)
class Synced:
    """The file, or with "" the folder, was flushed."""

    name: str


@dataclass(frozen=True)
class Removed:
    name: str


@dataclass(frozen=True)
class Renamed:
    name: str
    to: str


@dataclass(frozen=True)
class Said:
    """What the program had promised by then."""

    text: str


Step = Opened | Wrote | Cut | Synced | Removed | Renamed | Said


def say(text: str) -> None:
    """In a traced program: tell the world something that must stay true whatever happens from now on."""
    os.write(1, _SAID + text.encode() + b"\n")


def record(command: Sequence[str], folder: Path, names: tuple[str, ...], log: Path) -> list[Step]:
    """Run a program; what it did to the files in `folder` whose names begin so, and what it said."""
    calls = ",".join(f"?{call}" for call in (*_KNOWN, *_UNKNOWN))
    words = ["strace", "-f", "-y", "-xx", "-s", str(_LONGEST), "-e", f"trace={calls}", "-e", "signal=none"]
    done = subprocess.run([*words, "-o", str(log), *command], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return list(read(log, folder.resolve(), names))


def read(log: Path, folder: Path, names: tuple[str, ...]) -> Iterator[Step]:
    """The steps of a log."""
    reader = _Reader(folder, names)
    begun: dict[str, str] = {}  # process → the call it was in when another one had its turn
    with log.open(encoding="ascii") as lines:
        for line in lines:
            process, _, rest = line.rstrip("\n").partition(" ")
            rest = rest.lstrip()
            if rest.endswith("<unfinished ...>"):
                begun[process] = rest.removesuffix("<unfinished ...>")
                continue
            if resumed := re.match(r"<\.\.\. \w+ resumed>", rest):
                rest = begun.pop(process) + rest[resumed.end() :]
            if call := _CALL.match(rest):
                yield from reader.steps(call["name"], call["words"], int(call["result"]))


_CALL = re.compile(r"(?P<name>\w+)\((?P<words>.*)\) += (?P<result>-?\d+)")
_FILE = re.compile(r"(\d+)<([^>]*)>")
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"')
_TEXT = re.compile(r'"([^"]*)"(\.\.\.)?')
_NUMBER = re.compile(r", (\d+)\s*$")


class _Reader:
    def __init__(self, folder: Path, names: tuple[str, ...]):
        self._folder = str(folder)
        self._names = names
        self._places: dict[int, int] = {}  # open file → where its next plain write goes

    def steps(self, call: str, words: str, result: int) -> Iterator[Step]:
        if result < 0:
            return
        if call == "openat":
            self._places[result] = 0
            yield from self._opened(words)
        elif call.startswith(("unlink", "rename")):
            yield from self._named(call, [self._ours(path) for path in _paths(words)])
        elif call == "write" and words.startswith("1<"):
            yield from (Said(one.decode()) for one in _said(_content(words)))
        elif found := _FILE.match(words):
            name = self._ours(_plain(found[2]).decode(errors="replace"))
            if name is not None:
                yield from self._done_to(name, int(found[1]), call, words, result)
        elif call == "mmap" and (found := _FILE.search(words)):
            name = self._ours(_plain(found[2]).decode(errors="replace"))
            assert not (name and "PROT_WRITE" in words and "MAP_SHARED" in words), "written through memory"

    def _opened(self, words: str) -> Iterator[Step]:
        name = self._ours(_paths(words)[0])
        if name and ("O_CREAT" in words or "O_TRUNC" in words):
            assert "O_APPEND" not in words, "the model knows no appending"
            yield Opened(name, "O_CREAT" in words, "O_TRUNC" in words)

    def _named(self, call: str, names: list[str | None]) -> Iterator[Step]:
        if call.startswith("unlink") and names[0]:
            yield Removed(names[0])
        elif call.startswith("rename") and any(names):
            assert all(names), f"a file of ours came from or went to a name that is not: {names}"
            yield Renamed(*names)

    def _done_to(self, name: str, file: int, call: str, words: str, result: int) -> Iterator[Step]:
        match call:
            case "fsync" | "fdatasync":
                yield Synced(name)
            case "ftruncate":
                yield Cut(name, int(_NUMBER.search(words)[1]))
            case "pwrite64":
                yield Wrote(name, int(_NUMBER.search(words)[1]), _content(words)[:result])
            case "write":
                yield Wrote(name, self._places[file], _content(words)[:result])
                self._places[file] += result
            case "lseek":
                self._places[file] = result
            case _:
                raise AssertionError(f"the model does not know {call}({words[:200]})")

    def _ours(self, path: str) -> str | None:
        """The name of a file that is played, or "" for their folder. Shared memory is none: it is gone."""
        if path == self._folder:
            return ""
        folder, _, name = path.rpartition("/")
        is_ours = folder == self._folder and name.startswith(self._names)
        return name if is_ours and not name.endswith(("-shm", " (deleted)")) else None


def _paths(words: str) -> list[str]:
    """The paths a call names, whole."""
    found = [(_plain(one[1] or "").decode(), _plain(one[2]).decode()) for one in _PATH.finditer(words)]
    return [path if path.startswith("/") else f"{base}/{path}" for base, path in found]


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _content(words: str) -> bytes:
    found = _TEXT.search(words)
    assert not found[2], "strace did not show all of a write"
    return _plain(found[1])


def _said(data: bytes) -> Iterator[bytes]:
    return (line.removeprefix(_SAID) for line in data.splitlines() if line.startswith(_SAID))
