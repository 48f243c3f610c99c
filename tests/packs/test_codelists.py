"""Lists of what cases are about."""

import json

import pytest

from kiosk.errors import Problem
from kiosk.packs import codelists
from kiosk.packs.codelists import FILE, codelist, newest


def test_goods_and_services_are_two_lists_and_there_are_ten_kinds_of_grievance():
    lists = newest()
    assert not {one.id for one in lists.goods} & {one.id for one in lists.services}
    assert [one.zh for one in lists.grievances] == [
        "质量", "安全", "价格", "计量", "假冒", "合同", "虚假宣传", "人格尊严", "售后服务", "其他",
    ]  # fmt: skip


def test_a_case_is_of_goods_or_of_a_service():
    lists = newest()
    assert lists.knows("food", "", ["quality", "price"])
    assert lists.knows("", "travel", [])
    assert lists.knows("", "", [])
    for wrong in (("food", "travel", []), ("travel", "", []), ("", "", ["quality", "quality"]), ("", "", ["x"])):
        assert not lists.knows(*wrong)


def test_a_code_of_another_version_is_shown_as_it_is():
    assert codelist("1999.9") is newest()
    assert newest().good("gone").zh == "gone"


@pytest.mark.parametrize("spoil", [lambda one: one["goods"].append(one["services"][0]), lambda one: one.pop("version")])
def test_a_list_with_a_fault_is_refused(tmp_path, spoil):
    held = json.loads(FILE.read_text("utf-8"))
    spoil(held[0])
    (tmp_path / "codelists.json").write_text(json.dumps(held), "utf-8")
    codelists.codelists.cache_clear()
    with pytest.raises(Problem, match=r"pack\.faulty"):
        codelists.codelists(tmp_path / "codelists.json")
    codelists.codelists.cache_clear()
