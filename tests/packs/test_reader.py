"""A pack is read whole or refused with every fault at once."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.errors import Problem
from kiosk.packs.reader import BUILTIN, read_fair, read_pack
from tests.makers import a_fair, a_pack

QUESTIONS = msgspec.json.decode((BUILTIN / "questions.json").read_bytes())
EXHIBITS = msgspec.json.decode((BUILTIN / "exhibits.json").read_bytes())


def the_faults(folder: Path, day: str | None = None) -> list[str]:
    with pytest.raises(Problem) as caught:
        read_pack(folder, day)
    assert caught.value.code == "pack.faulty"
    found = [fault.strip() for fault in str(caught.value.details["faults"]).splitlines()]
    assert caught.value.details["count"] == len(found)
    return found


def a_question(**changes: Any) -> dict[str, Any]:
    return {**QUESTIONS[0], **changes}


def test_a_copy_of_the_built_in_pack_is_read(tmp_path: Path):
    assert read_pack(a_pack(tmp_path)).questions == read_pack().questions


def test_a_pack_s_version_is_that_of_its_files(tmp_path: Path):
    assert read_pack(a_pack(tmp_path / "same")).version == read_pack().version
    assert read_pack(a_pack(tmp_path / "other", questions=QUESTIONS[:16])).version != read_pack().version


def test_another_drawing_is_another_version(tmp_path: Path):
    before = read_pack(a_pack(tmp_path)).version
    (tmp_path / "exhibits" / "e01-fake.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert read_pack(tmp_path).version != before


def test_a_fair_belongs_to_no_version(tmp_path: Path):
    assert read_pack(a_pack(tmp_path, fair={})).version == read_pack().version


def test_all_faults_are_listed_at_once_with_file_and_id(tmp_path: Path):
    broken = [
        a_question(id="q901", topic="astrology"),
        a_question(id="q902", answer=["z"]),
        a_question(id="q903", kind="essay"),
        a_question(id="q904", valid_until="2020-01-01"),
        a_question(id="q901"),
    ]
    folder = a_pack(tmp_path, questions=QUESTIONS[:10] + broken, exhibits=[{**EXHIBITS[0], "fake": "e99-fake.svg"}])
    found = the_faults(folder, "2027-03-15")
    for expected in (
        "questions.json q901: topic astrology has no label",
        "questions.json q902: the answer is not among the options",
        "questions.json q903: Invalid enum value 'essay'",
        "questions.json q904: what it cites is not in force on 2027-03-15",
        "questions.json q901: the id stands twice",
        "exhibits.json e01: there is no drawing e99-fake.svg",
    ):
        assert [fault for fault in found if fault.startswith(expected)], (expected, found)
    assert len(found) == 6


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"options": [{"id": "a", "zh": "是", "en": "Yes"}] * 2, "answer": ["a"]}, "two options have the same id"),
        ({"kind": "truefalse"}, 'has the options "true" and "false"'),
        ({"kind": "multiple"}, "two or more options are right"),
        ({"kind": "multiple", "answer": ["a", "b", "c", "d"]}, "one at least is wrong"),
        ({"kind": "order"}, "a question of the kind order cannot have this answer"),
        ({"kind": "case"}, "a case has a story"),
        ({"story": {"zh": "王阿姨", "en": "Auntie Wang"}}, "a case has a story"),
        ({"kind": "picture"}, "a picture question has a picture and its words"),
        ({"picture_alt": {"zh": "一台秤", "en": "A scale"}}, "a picture question has a picture and its words"),
        ({"law": "山海经"}, "it cites 山海经, which laws.json does not name"),
        ({"valid_from": "1990-01-01"}, "it is valid longer than what it cites"),
        ({"answer": []}, "length >= 1"),
        ({"answer": ["a", "b"]}, "a question of the kind single cannot have this answer"),
        ({"options": QUESTIONS[0]["options"][:1]}, "length >= 2"),
        ({"text": {"zh": "", "en": "?"}}, "length >= 1"),
        ({"text": {"zh": "？"}}, "missing required field `en`"),
        ({"article": "24"}, "Expected `int`"),
        ({"id": "Q 1"}, "matching regex"),
        ({"valid_from": "yesterday"}, "matching regex"),
        ({"hint": "psst"}, "unknown field `hint`"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_faulty_question_is_told_apart(tmp_path: Path, changes: dict[str, Any], fault: str):
    [found] = the_faults(a_pack(tmp_path, questions=[*QUESTIONS[1:], a_question(**changes)]))
    assert found.startswith("questions.json ")
    assert fault in found


@pytest.mark.parametrize("taken", ["cards", "own", "pairs", "scan", "o0123abcd"])
def test_an_exhibit_that_could_never_be_opened_is_a_fault(tmp_path: Path, taken: str):
    folder = a_pack(tmp_path, exhibits=[{**EXHIBITS[0], "id": taken}])
    assert the_faults(folder) == [f"exhibits.json {taken}: this id is a page of its own"]


def test_a_mark_over_the_edge_of_a_drawing_is_a_fault(tmp_path: Path):
    region = {**EXHIBITS[0]["regions"][0], "id": "r9", "x": 0.9, "w": 0.2}
    folder = a_pack(tmp_path, exhibits=[{**EXHIBITS[0], "regions": [region]}])
    assert the_faults(folder) == ["exhibits.json e01: region r9 reaches over the edge"]


@pytest.mark.parametrize("name", ["../../e.svg", "/etc/passwd", "E01.svg", "e01.png"])
def test_a_drawing_cannot_lie_elsewhere(tmp_path: Path, name: str):
    [found] = the_faults(a_pack(tmp_path, exhibits=[{**EXHIBITS[0], "fake": name}]))
    assert "matching regex" in found


@pytest.mark.parametrize(
    ("changes", "fault"),
    [({"law": "山海经"}, "it cites 山海经, which laws.json does not name"), ({"law": "商标法"}, "valid longer")],
)
def test_an_exhibit_cites_what_a_question_may_cite(tmp_path: Path, changes: dict[str, str], fault: str):
    first, *others = EXHIBITS[0]["regions"]
    exhibit = {**EXHIBITS[0], "regions": [{**first, "source": {**first["source"], **changes}}, *others]}
    [found] = the_faults(a_pack(tmp_path, exhibits=[exhibit]))
    assert found.startswith("exhibits.json e01: ")
    assert fault in found


@pytest.mark.parametrize("file", ["questions", "exhibits", "slogans", "laws", "topics", "categories"])
def test_a_missing_file_is_named(tmp_path: Path, file: str):
    (a_pack(tmp_path) / f"{file}.json").unlink()
    assert f"{file}.json: No such file or directory" in the_faults(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[1", b"{}", b'"text"', b"[null]", b"[[]]", b"\xff", b"null"])
def test_a_file_of_nonsense_is_a_fault_and_nothing_worse(tmp_path: Path, content: bytes):
    assert [fault for fault in the_faults(a_pack(tmp_path, questions=content)) if fault.startswith("questions.json")]


def test_a_quiz_needs_enough_questions(tmp_path: Path):
    assert the_faults(a_pack(tmp_path, questions=QUESTIONS[:9])) == [
        "questions.json: a quiz needs at least 10 questions"
    ]


def test_a_pack_that_cites_what_is_repealed_or_not_yet_in_force_on_the_day_is_not_built(tmp_path: Path):
    laws = msgspec.json.decode((BUILTIN / "laws.json").read_bytes())
    name = QUESTIONS[0]["law"]
    for change, day in (({"valid_until": "2027-03-14"}, "2027-03-15"), ({"valid_from": "2027-03-16"}, "2027-03-15")):
        changed = [{**law, **change} if law["name"] == name else law for law in laws]
        found = the_faults(a_pack(tmp_path / day / next(iter(change)), laws=changed), day)
        assert f"questions.json {QUESTIONS[0]['id']}: {name} is not in force on {day}" in found


def test_a_picture_that_is_not_there_is_named(tmp_path: Path):
    shown = next(question for question in QUESTIONS if question["kind"] == "picture")
    folder = a_pack(tmp_path)
    (folder / "pictures" / shown["picture"]).unlink()
    assert f"questions.json {shown['id']}: there is no drawing {shown['picture']}" in the_faults(folder)


# --- fairs ----------------------------------------------------------------------------------------


def fair_faults(folder: Path, **changes: Any) -> str:
    file = folder / "fair.json"
    file.write_bytes(msgspec.json.encode(a_fair(**changes)))
    with pytest.raises(Problem) as caught:
        read_fair(file)
    return str(caught.value.details["faults"])


def test_the_built_in_fair_has_four_venues_and_twenty_desks():
    fair = read_fair(BUILTIN / "fair.json")
    assert (len(fair.venues), len(fair.desks)) == (4, 20)


def test_a_desk_needs_its_venue(tmp_path: Path):
    assert "desk d06 is at venue v2, which does not exist" in fair_faults(tmp_path, venues=a_fair().venues[:1])


def test_two_desks_cannot_share_an_id(tmp_path: Path):
    assert "desk d01 stands twice" in fair_faults(tmp_path, desks=a_fair().desks + a_fair().desks[:1])


def test_a_fair_cannot_end_before_it_starts(tmp_path: Path):
    assert "it ends before it starts" in fair_faults(tmp_path, starts="2027-03-16")


@pytest.mark.parametrize("day", ["2027-02-29", "2027-13-01", "2027-00-10", "0000-01-01"])
def test_a_fair_is_on_days_that_exist(tmp_path: Path, day: str):
    assert f"it ends on {day}, which is no day" in fair_faults(tmp_path, ends=day)


@pytest.mark.parametrize(
    ("ends", "months", "until"),
    [
        ("2027-03-15", 6, "2027-09-15"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-12-31", 1, "2028-01-31"),
        ("2027-01-31", 1, "2027-02-28"),
        ("2027-03-15", 120, "2037-03-15"),
    ],
)
def test_complaints_are_kept_for_whole_calendar_months(ends: str, months: int, until: str):
    assert a_fair(ends=ends, retention_months=months).keeps_until.isoformat() == until


@pytest.mark.parametrize("ends", ["2027-02-31", "2027-13-01", "2027-00-00", "0000-00-00", "9999-12-31"])
def test_a_mistyped_end_still_has_a_last_day(ends: str):
    assert a_fair(ends=ends).keeps_until
