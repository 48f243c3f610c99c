"""Templates compiled once a machine: quicker where that can be kept, and the same where it cannot."""

import shutil
from pathlib import Path

import pytest
from flask import Flask

from kiosk.web import templates
from kiosk.web.templates import Templates

PAGE = "{% for n in [1, 2] %}\n{{ n }}\n{% endfor %}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(templates, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "page.html").write_text(PAGE)
    return tmp_path


def shown(folder: Path) -> str:
    return an_environment(folder).get_template("page.html").render()


def an_environment(folder: Path) -> Templates:
    app = Flask("any", template_folder=str(folder))
    return Templates(app, loader=app.jinja_loader)


def kept(folder: Path) -> list[Path]:
    return list(folder.glob("__pycache__/*.cache"))


def test_what_is_compiled_once_is_used_again(folder: Path):
    assert shown(folder) == "1\n2\n"
    [compiled] = kept(folder)
    written = compiled.stat().st_mtime_ns
    assert shown(folder) == "1\n2\n"
    assert [one.stat().st_mtime_ns for one in kept(folder)] == [written]


def test_other_words_are_compiled_anew(folder: Path):
    shown(folder)
    (folder / "page.html").write_text(PAGE.replace("2", "3"))
    assert shown(folder) == "1\n3\n"


def test_what_a_power_cut_left_of_it_is_compiled_anew(folder: Path):
    shown(folder)
    [compiled] = kept(folder)
    compiled.write_bytes(b"")
    assert shown(folder) == "1\n2\n"
    compiled.write_bytes(bytes(4_000))
    assert shown(folder) == "1\n2\n"


def test_a_page_is_shown_where_nothing_can_be_kept(folder: Path):
    (folder / "__pycache__").write_text("a file where a folder should be")
    assert shown(folder) == "1\n2\n"


def test_a_page_is_shown_where_there_is_no_room(folder: Path):
    environment = an_environment(folder)
    shutil.rmtree(folder / "__pycache__")  # what is written there from now on fails
    assert environment.get_template("page.html").render() == "1\n2\n"


def test_nothing_is_kept_where_python_keeps_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    shown(folder)
    assert kept(folder) == []
