"""Pages: the figures of a fair as charts, for people who look, on a screen and on a sheet of paper."""

from collections.abc import Mapping, Sequence

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from kiosk import web
from kiosk.hub import behind, items, totals
from kiosk.hub.context import Hub, hub, signed_in
from kiosk.hub.fairs import figures_of
from kiosk.hub.figures import by_the_hour, names_of_parts
from kiosk.hub.items import Report, looked_at
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports import charts
from kiosk.reports.catalogue import BY_KEY, Definition
from kiosk.reports.charts import Row, Step
from kiosk.reports.curves import Bars
from kiosk.reports.figures import Figure, percent

views = Blueprint("charts", __name__)
#: Figures with a curve over the hours of a day, and those by which venues are compared.
CURVES = ("headcount", "consultations", "quiz_finished")
COMPARED = ("headcount", "leaflets", "consultations", "quiz_finished")
#: From writing a complaint down to asking how content somebody was: figure, metric, name, and of which step it is part.
#: Mediated ones need not be closed yet, nor closed ones mediated.
FUNNEL = (
    ("complaints", "complaint.filed", Text("登记", "Registered"), ""),
    ("complaints_accepted", "case.accepted", Text("受理", "Accepted"), "complaints"),
    ("complaints_mediated", "case.outcome.mediated", Text("调解达成", "Mediated"), "complaints_accepted"),
    ("complaints_closed", "case.closed.complaint", Text("办结", "Closed"), "complaints"),
    ("called_back", "case.reached", Text("回访到", "Called back"), "complaints_closed"),
)
#: Of a fair with more venues those with most, and so many kinds.
_MOST_VENUES, _MOST_KINDS = 15, 12


class Curve(msgspec.Struct, frozen=True):
    definition: Definition
    bars: Bars


class Compared(msgspec.Struct, frozen=True):
    definition: Definition
    rows: list[Row]


class ChartsPage(msgspec.Struct, frozen=True):
    fair: Fair
    day: str  # of the curves; "" where nothing was counted
    days: list[str]
    curves: list[Curve]
    venues: list[Compared]
    left_out: int  # venues
    least: list[Row]  # questions
    pending: int  # facts of answers that are not folded yet
    natures: list[Row]
    goods: list[Row]
    accepted: int
    funnel: list[Step]


@views.get("/fairs/<fair_id>/figures/charts")
def page(fair_id: str) -> Response:
    """`day=`: whose hours are drawn; the last one counted on, unless another is asked for."""
    person = signed_in().person
    here = hub()
    fair = looked_at(here, fair_id)
    with here.store.reading() as tx:
        days = totals.all_days(tx, fair.id)
        found = _page(tx, here, fair, days, may_analyse=person.may("organiser"))
    return web.page("hub/figures/charts.html", page=found, fair=fair)


def _page(tx: Connection, here: Hub, fair: Fair, days: list[str], *, may_analyse: bool) -> ChartsPage:
    asked = request.args.get("day", "")
    day = asked if asked in days else days[-1] if days else ""
    told = [BY_KEY["natures"], BY_KEY["goods_services"]]
    natures, goods = figures_of(tx, fair, definitions=told)
    report = items.report(tx, fair, here.pack, {})
    venues, left_out = _venues(tx, fair)
    return ChartsPage(
        fair=fair,
        day=day,
        days=days,
        curves=_curves(tx, fair, day),
        venues=venues,
        left_out=left_out,
        least=_least(report, f"/fairs/{fair.id}/items" if may_analyse else ""),
        pending=report.pending,
        natures=_kinds(tx, here, fair, told[0], natures),
        goods=_kinds(tx, here, fair, told[1], goods),
        accepted=int(natures.value or 0),
        funnel=funnel_of(tx, fair),
    )


def _curves(tx: Connection, fair: Fair, day: str) -> list[Curve]:
    """Hour by hour, all over the same hours."""
    by_figure: dict[str, dict[int, int]] = {}
    for key in CURVES:
        rows = totals.hours_of(tx, fair.id, BY_KEY[key].metric)
        by_figure[key] = {hour: n for on, hour, n in rows if on == day}
    hours = [hour for found in by_figure.values() for hour, n in found.items() if n]
    if not hours:
        return []
    span = range(min(hours), max(hours) + 1)
    return [Curve(BY_KEY[key], by_the_hour(found, span)) for key, found in by_figure.items()]


def _venues(tx: Connection, fair: Fair) -> tuple[list[Compared], int]:
    """Venues by each of a few figures, in one order: those with most visitors first."""
    venue_of = {desk.id: desk.venue for desk in fair.desks}
    metrics = {key: BY_KEY[key].metric for key in COMPARED}
    names = [name for name in behind.all_metrics(tx, fair.id) if behind.matches(name, list(metrics.values()))]
    sums: dict[str, dict[str, int]] = {venue.id: dict.fromkeys(COMPARED, 0) for venue in fair.venues}
    for desk, found in behind.sums_by_desk(tx, fair.id, names).items():
        for name, n in found.items():
            for key, metric in metrics.items():
                if desk in venue_of and behind.matches(name, [metric]):
                    sums[venue_of[desk]][key] += n
    order = sorted(fair.venues, key=lambda venue: -sums[venue.id]["headcount"])[:_MOST_VENUES]
    labels = [venue.name.in_(web.language()) for venue in order]
    at = [f"/fairs/{fair.id}/figures/{{key}}?venue={venue.id}" for venue in order]
    compared = [
        Compared(
            BY_KEY[key],
            charts.rows(labels, [sums[venue.id][key] for venue in order], [one.format(key=key) for one in at]),
        )
        for key in COMPARED
        if any(one[key] for one in sums.values())
    ]
    return compared, len(fair.venues) - len(order)


def _least(report: Report, address: str) -> list[Row]:
    """Questions right least often at the first try: a bar is the share that was right."""
    lang, found = web.language(), []
    for row in report.least:
        rate = percent(row.item.correct, row.item.n) or "0.00"
        name = row.question.text.in_(lang) if row.question else row.item.id
        article = f"《{row.article[0].in_(lang)}》{row.article[1].in_(lang)}" if row.article else ""
        if row.article and lang == "en":
            article = f"{row.article[0].en}, {row.article[1].en}"
        found.append(Row(name, f"{rate}%", float(rate), address, _of(row.item.correct, row.item.n, article)))
    return found


def _of(correct: int, n: int, article: str) -> str:
    return f"{article} · {correct:,} ÷ {n:,}" if article else f"{correct:,} ÷ {n:,}"


def _kinds(tx: Connection, here: Hub, fair: Fair, one: Definition, figure: Figure) -> list[Row]:
    """Accepted complaints by the first thing they are about, most first."""
    known: Mapping[str, Text] = names_of_parts(tx, fair, here.pack, one)
    parts: Sequence[tuple[str, int]] = sorted(figure.parts.items(), key=lambda part: (-part[1], part[0]))
    some = [(known[code].in_(web.language()) if code in known else code, n) for code, n in parts if n > 0]
    return charts.rows([name for name, _ in some[:_MOST_KINDS]], [n for _, n in some[:_MOST_KINDS]])


def funnel_of(tx: Connection, fair: Fair) -> list[Step]:
    """How far complaints came, as they are counted here; what was typed is not in it."""
    metrics = [metric for _, metric, _, _ in FUNNEL]
    sums = dict.fromkeys(metrics, 0)
    for found in behind.sums_by_desk(tx, fair.id, metrics).values():
        for metric, n in found.items():
            sums[metric] += n
    return charts.funnel(
        [(key, label, sums[metric], of) for key, metric, label, of in FUNNEL] if any(sums.values()) else []
    )
