"""docs/figures.md, written from the catalogue: `python -m tests.docs.figures`."""

from collections.abc import Iterator

from kiosk.reports.catalogue import CATALOGUE, GROUPS, RULES, Definition
from tests.docs.pages import TREE

PAGE = "docs/figures.md"
_HEAD = """# Figures

Written by `python -m tests.docs.figures` from `kiosk/reports/catalogue.py`; change that, then run this.

Every figure of the statistics table, with its row of the 66, its unit, the windows in which it is told, the rule by
which several units' are put together, and what it means. Units never stand for one another: 人 is no 人次.

- A **day** (当天) is what was counted and what people said of that day. A **period** (期间) is all days, and what
  was said of the whole beside them. A **year** (全年) is only what was said of the year. The three are never added up.
- **Typed**: "beside" adds what people say to what was counted, and each figure tells how much of it is which; "only"
  is counted by nobody, and missing (—), never 0, until somebody says it or puts it on the list it is made of.
- Money is kept in 分, weight in 克, hours in seconds; they are shown in the unit given here.
- A rate over fewer than ten cases is not shown.
- A figure marked (estimate) stays marked wherever it goes.
- A fair's own figures have keys that begin with `own.`, and are typed only.
"""
_WINDOWS = {"day": "day 当天", "period": "period 期间", "year": "year 全年"}


def render() -> str:
    parts = [_HEAD, "## Rules\n", *(f"- `{rule}`: {words.zh}, {words.en}" for rule, words in RULES.items()), ""]
    for group in GROUPS:
        found = [one for one in CATALOGUE if one.group == group.id]
        if found:
            parts.append(f"## {group.label.zh} {group.label.en}\n")
            parts += [line for one in found for line in _lines(one)]
    return "\n".join(parts)


def _lines(one: Definition) -> Iterator[str]:
    yield f"### {one.row} · {one.label.zh} {one.label.en}{' (estimate)' if one.is_estimate else ''}\n"
    windows = ", ".join(_WINDOWS[window] for window in one.windows)
    told = [f"`{one.key}`", one.unit, windows, f"rule: {one.rule}"]
    told += [f"typed: {one.typed}"] if one.typed else []
    told += [f"list: `{one.list}`"] if one.list else []
    told += [f"part of `{one.within}`"] if one.within else []
    yield " · ".join(told) + "\n"
    yield f"{one.means.zh}  \n{one.means.en}\n"
    yield f"From {', '.join(f'`{source}`' for source in one.sources)}.\n"


if __name__ == "__main__":
    (TREE / PAGE).write_text(render(), "utf-8")
