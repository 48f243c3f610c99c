"""Reading the pages of `docs/`: their named code blocks, their tables, their links."""

import re
from pathlib import Path

from kiosk import PACKAGE

#: The checkout: where README.md and docs/ stand.
TREE = PACKAGE.parent

_BLOCK = re.compile(r"^```(\w+) ([\w.-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def page(name: str) -> str:
    return (TREE / name).read_text("utf-8")


def blocks(name: str) -> dict[str, bytes]:
    """Code blocks that carry a name after their language: name → exact bytes."""
    found = _BLOCK.findall(page(name))
    names = [title for _language, title, _text in found]
    assert len(set(names)) == len(names), f"{name}: a block's name stands twice"
    return {title: text.encode() for _language, title, text in found}


def prose(name: str) -> str:
    """The page without its code blocks."""
    return _FENCED.sub("", page(name))


def rows(name: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head; backticks taken off."""
    _, found, rest = page(name).partition(f"\n{heading}\n")
    assert found, f"{name} has no heading {heading!r}"
    lines = iter(rest.splitlines())
    table = []
    for line in lines:
        if line.startswith("|"):
            table.append([cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])])
        elif table:
            break
    return table[2:]


def links(name: str) -> list[str]:
    """Targets of links and pictures, outside code."""
    return _LINK.findall(prose(name))


def markdown() -> list[Path]:
    """Every page of ours, not those of tools."""
    return sorted([*TREE.glob("*.md"), *(TREE / "docs").rglob("*.md"), *(TREE / "instance").glob("*.md")])
