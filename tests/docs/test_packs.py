"""docs/packs.md against the reader: every example is read, every table compared."""

import re
from typing import get_args, get_type_hints

import pytest
from click.testing import CliRunner

from kiosk import strictjson
from kiosk.cli import main
from kiosk.packs import surveys
from kiosk.packs.fairs import Desk, Fair
from kiosk.packs.galleries import Exhibit, Region
from kiosk.packs.laws import Law
from kiosk.packs.quizzes import MODES, STANDARD, Question
from kiosk.packs.reader import BUILTIN, read_fair, read_pack
from kiosk.packs.surveys import Survey
from tests.docs.pages import blocks, page, rows
from tests.makers import a_pack

PAGE = "docs/packs.md"
EXAMPLES = blocks(PAGE)


def builtin(name: str):
    return strictjson.loads((BUILTIN / f"{name}.json").read_bytes(), 1 << 20)


def example(name: str):
    return strictjson.loads(EXAMPLES[name])


def test_the_examples_are_read_as_part_of_a_pack(tmp_path):
    folder = a_pack(
        tmp_path,
        questions=[*builtin("questions"), example("question")],
        exhibits=[*builtin("exhibits"), example("exhibit")],
        laws=[*(law for law in builtin("laws") if law["name"] != example("law")["name"]), example("law")],
        slogans=[example("text")],
    )
    for name in ("genuine", "fake"):
        (folder / "exhibits" / f"e90-{name}.svg").write_text("<svg/>")
    pack = read_pack(folder, day="2027-03-15")
    assert pack.question_by_id["q900"].is_right(["a"])
    assert pack.exhibit_by_id["e90"].number == 90
    assert pack.slogans[0].zh == example("text")["zh"]


def test_the_fair_of_the_page_is_read(tmp_path):
    file = tmp_path / "fair.json"
    file.write_bytes(EXAMPLES["fair"])
    assert read_fair(file).id == "demo-2027"


def test_the_faults_of_the_page_are_what_the_command_prints(tmp_path):
    questions, exhibits = builtin("questions"), builtin("exhibits")
    questions[0]["topic"] = "nosuch"
    questions[1]["answer"] = ["x"]
    exhibits[0]["fake"] = "missing.svg"
    folder = a_pack(tmp_path, questions=questions, exhibits=exhibits)
    result = CliRunner().invoke(main, ["pack", "check", str(folder)])
    assert result.exit_code == 1
    assert result.stderr.encode() == EXAMPLES["faults"]


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("## Question", Question),
        ("## Law", Law),
        ("## Exhibit", Exhibit),
        ("## Survey", Survey),
        ("Of a question of it:", surveys.Question),
        ("## The fair file", Fair),
    ],
)
def test_a_table_names_every_field_in_order(heading, kind):
    assert [row[0] for row in rows(PAGE, heading)] == list(kind.__struct_fields__)


def test_the_fields_of_a_region_are_named():
    named = " ".join(row[0] for row in rows(PAGE, "Of a region:"))
    assert re.findall(r"\w+", named) == list(Region.__struct_fields__)


def test_the_folder_s_files_are_those_of_the_builtin_pack():
    named = {row[0] for row in rows(PAGE, "## The folder")}
    there = {file.name for file in BUILTIN.glob("*.json")} - {"fair.json"}
    assert named == there | {"exhibits/*.svg", "pictures/*.svg"}


def test_the_numbers_in_the_text_are_the_code_s():
    text, pack = page(PAGE), read_pack()
    assert f"{len(pack.questions)} questions, {len(pack.exhibits)} exhibits" in text
    assert f"asks {STANDARD.questions} questions" in text
    assert f"{STANDARD.pass_mark} right ones pass" in text
    for mode in MODES.values():
        assert mode is STANDARD or f"{mode.questions} ({mode.pass_mark} pass)" in text
    for name in get_args(get_type_hints(Desk)["type"]):
        assert f"`{name}`" in text
