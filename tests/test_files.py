"""Files that travel: opened only if they are files, written whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import files
from kiosk.errors import Problem


def refusal(path: Path) -> str:
    with pytest.raises(Problem) as refused, files.opened(path):
        pass
    return str(refused.value)


def test_a_file_is_opened(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"content")
    with files.opened(tmp_path / "a") as file:
        assert file.read() == b"content"


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert "it is a link" in refusal(tmp_path / "link")
    assert "it is no file" in refusal(tmp_path / "folder")
    assert "it is no file" in refusal(tmp_path / "pipe")
    assert "it is no file" in refusal(Path("/dev/null"))
    assert "No such file" in refusal(tmp_path / "missing")


def test_a_written_file_is_there_whole(tmp_path: Path):
    with files.written(tmp_path / "a") as file:
        file.write(b"content")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_bytes() == b"content"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_when_writing_breaks_off_what_was_there_stays(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), files.written(tmp_path / "a") as file:
        file.write(b"%d" % (1 / 0))
    assert (tmp_path / "a").read_bytes() == b"before"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_on_a_full_disk_nothing_half_written_is_left(tmp_path: Path):
    """The kernel refuses, as a full disk would: this process may write files of 64 KB and no larger."""
    code = f"""
import resource
from pathlib import Path
from kiosk import files
from kiosk.errors import Problem
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    with files.written(Path({str(tmp_path)!r}) / "a") as file:
        for _ in range(100):
            file.write(b"x" * 4096)
except Problem as problem:
    print(problem.code)
"""
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "file.full\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path):
    """strace would say it better; the order of the calls says enough."""
    calls: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        real_sync, real_replace = os.fsync, Path.replace
        patch.setattr(os, "fsync", lambda descriptor: (calls.append("fsync"), real_sync(descriptor))[1])
        patch.setattr(Path, "replace", lambda one, other: (calls.append("rename"), real_replace(one, other))[1])
        with files.written(tmp_path / "a") as file:
            file.write(b"x")
    assert calls == ["fsync", "rename", "fsync"]
