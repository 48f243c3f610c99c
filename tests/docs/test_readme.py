"""The two READMEs say the same and promise nothing that is not there; no page has a dead link or an address of ours."""

import re
from pathlib import Path

import pytest

from kiosk import demo
from kiosk.demo import Demo
from tests.docs import cli
from tests.docs.pages import TREE, blocks, links, markdown, page

READMES = ("README.md", "README.zh-CN.md")
PAGES = [str(file.relative_to(TREE)) for file in markdown()]
#: Made by `make screenshots`.
PICTURES = {"docs/img/booth.png", "docs/img/hub.png"}


def commands(name: str) -> list[str]:
    """The commands a page shows, without the remarks beside them."""
    indented = re.findall(r"^    ((?:kiosk|make) .*)$", page(name), re.MULTILINE)
    inline = re.findall(r"`((?:kiosk|make)(?: [^`]*)?)`", page(name))
    return [line.split("  ")[0].strip() for line in indented] + inline


def anchors(name: str) -> set[str]:
    """The anchors a reader's browser finds under a page's headings, as the usual renderers make them."""
    text = re.sub(r"^```.*?^```$", "", page(name), flags=re.MULTILINE | re.DOTALL)
    titles = [title.replace("&lt;", "<").replace("&gt;", ">") for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_both_name_the_same_commands():
    assert commands(READMES[0]) == commands(READMES[1])


@pytest.mark.parametrize("name", READMES)
def test_every_command_exists(name):
    known = {one for one, _command, _context in cli.commands()}
    targets = re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE)
    for line in commands(name):
        words = line.split()
        if words[0] == "make":
            assert words[1:2] == [] or words[1] in targets, line
        else:
            assert any(" ".join(words[:n]) in known for n in (3, 2)) or words == ["kiosk"], line


@pytest.mark.parametrize("name", READMES)
def test_what_make_run_prints_is_what_it_prints(name):
    shown = re.search(r"```text\n(.*?)```", page(name), re.DOTALL)
    assert shown
    assert demo._welcome(Demo(Path("x"), 3150, 3151)).strip().startswith(shown[1].strip())


@pytest.mark.parametrize("name", PAGES)
def test_every_relative_link_leads_somewhere(name):
    for link in links(name):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (TREE / name).parent / path if path else TREE / name
        where = target.resolve().relative_to(TREE).as_posix()
        assert target.exists() or where in PICTURES, f"{name}: {link}"
        if anchor:
            assert anchor in anchors(where), f"{name}: {link}"


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_place_that_only_one_machine_has(name):
    assert not re.search(r"(?<![\w.])/(?:home|root|tmp)/", page(name))


def test_the_changelog_begins_with_what_is_unreleased():
    assert re.search(r"^## (.*)$", page("CHANGELOG.md"), re.MULTILINE)[1] == "[Unreleased]"


@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_an_empty_example(name):
    assert all(text.strip() for text in blocks(name).values())
