"""docs/proof.md names only what is there: tests, targets of make, rows of the bench, planted faults."""

import re
import subprocess
import sys

from tests.docs.pages import TREE, page, rows

PAGE = "docs/proof.md"
LOSSES = rows(PAGE, "## Nothing lost, nothing twice")
SPEEDS = rows(PAGE, "## Speed")


def commands() -> dict[str, str]:
    return {row[0]: row[-1] for row in LOSSES + SPEEDS}


def bench_rows() -> list[str]:
    """Names of the rows that `make bench` prints, as patterns: what is put in at the time may be anything."""
    source = "".join(file.read_text("utf-8") for file in (TREE / "tests/bench").glob("*.py"))
    names = re.findall(r'\bRow\(f?"([^"]*)"', source)
    return [".+".join(map(re.escape, re.split(r"\{[^}]*\}", name))) for name in names]


def test_every_figure_has_its_command():
    assert all(re.fullmatch(r"(BENCH=long )?make [\w-]+|tests/[\w/]+\.py(::\w+)?", one) for one in commands().values())


def test_every_test_is_collected():
    names = sorted({one for one in commands().values() if one.startswith("tests/")})
    words = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-n", "0", "-p", "no:cacheprovider", *names]
    done = subprocess.run(words, cwd=TREE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for name in names:
        assert f"{name.partition('::')[0]}::" in done.stdout, name


def test_every_target_of_make_is_there():
    targets = re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE)
    named = re.findall(r"\bmake ([a-z-]+)`", page(PAGE))
    assert len(set(named)) >= 4
    assert set(named) <= set(targets)


def test_every_row_of_the_bench_is_printed():
    known = bench_rows()
    named = [row[1] for row in SPEEDS if row[1]]
    assert named
    for name in named:
        assert any(re.fullmatch(pattern, name) for pattern in known), name


def test_every_planted_fault_is_planted():
    planted = set(re.findall(r'\bPlanted\(\s*"([^"]+)"', page("tests/faults/test_planted.py")))
    named = [row[-1] for row in rows(PAGE, "## Planted faults")]
    assert len(named) >= 15
    assert set(named) <= planted
