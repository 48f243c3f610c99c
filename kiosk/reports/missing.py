"""Which figures nobody has measured, listed or said: what is still owed before a statement is sent. Pure."""

from collections.abc import Iterable, Mapping

from kiosk.facts.figures import WINDOWS
from kiosk.reports.catalogue import Definition
from kiosk.reports.statement import NOUGHTS, Cell


def is_known(definition: Definition, sums: Mapping[str, int]) -> bool:
    """Whether anything stands for a figure, by the sums of a fair's metrics. Somebody's "none" is known, too."""
    if any(sums.get(f"said.{window}.{definition.key}", 0) > 0 for window in WINDOWS):
        return True
    if definition.list and sums.get(f"list.{definition.list}", 0) > 0:
        return True
    return any(_has(metric, sums) for metric in definition.metrics if metric)


def _has(metric: str, sums: Mapping[str, int]) -> bool:
    if metric.endswith("."):
        return any(n for name, n in sums.items() if name.startswith(metric))
    return bool(sums.get(metric))


def missing(wanted: Iterable[Definition], sums: Mapping[str, int], cells: Iterable[Cell]) -> list[Definition]:
    """Those of some figures that people may say and for which there is nothing.

    `cells`: of the whole fair and period. What a unit below reported stands in them and in none of our sums.
    """
    said = {cell.key for cell in cells if cell.value not in NOUGHTS}
    return [one for one in wanted if one.typed and one.key not in said and not is_known(one, sums)]
