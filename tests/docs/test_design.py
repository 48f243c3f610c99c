"""docs/design.md names every room of the house, and stays short."""

import re

from kiosk import PACKAGE
from tests.docs.pages import page

PAGE = "docs/design.md"


def test_every_module_has_its_line():
    there = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"}
    named = re.findall(r"^([a-z_/]+\.py) +\S", page(PAGE), re.MULTILINE)
    assert len(set(named)) == len(named)
    assert set(named) == there


def test_the_import_rule_is_the_one_that_is_checked():
    contract = re.search(r"layers = \[(.*?)\]", page("pyproject.toml"), re.DOTALL)
    assert contract
    checked = [line.replace("kiosk.", "") for line in re.findall(r'"([^"]*)"', contract[1])]
    written = re.search(r"^(`cli` → .*)\.$", page(PAGE), re.MULTILINE)
    assert written
    floors = [floor.strip("`") for floor in written[1].split(" → ")]
    assert [re.findall(r"\w+", floor) for floor in floors] == [re.findall(r"\w+", floor) for floor in checked]


def test_it_stays_short():
    modules = re.findall(r"^[a-z_/]+\.py .*$", page(PAGE), re.MULTILINE)
    assert max(map(len, modules)) <= 110
    assert len(page(PAGE).splitlines()) - len(modules) <= 60
