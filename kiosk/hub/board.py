"""The live board over a fair: its figures, its venues and desks, whether everything is here, and who needs somebody.

It is asked for every few seconds by everybody who looks at it: a few sums over what is kept by the desk, and no more
rows on the page than a person takes in at a glance. What is said of "now" is said of this hour and the last, because
totals are kept by the hour; only how visitors came within the last hour is said by five minutes.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import msgspec
from flask import Blueprint, Response, copy_current_request_context
from markupsafe import Markup
from sqlalchemy import Connection, case, func, select

from kiosk import web
from kiosk.clock import BEIJING
from kiosk.facts.envelope import day_and_hour
from kiosk.hub import charts, completeness, rehearsals, totals
from kiosk.hub.completeness import BoothRow, Words
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.fairs import figures_of, find_fair
from kiosk.hub.figures import by_the_hour
from kiosk.hub.paces import Pace
from kiosk.hub.tables import desk_totals, devices
from kiosk.hub.tables import totals as totals_table
from kiosk.packs.fairs import Desk, Fair, Prize, Venue
from kiosk.reports import curves
from kiosk.reports.catalogue import BY_KEY, Definition
from kiosk.reports.charts import Step
from kiosk.reports.completeness import Standing, sentence
from kiosk.reports.curves import Bars
from kiosk.reports.figures import Figure, figures
from kiosk.reports.readiness import is_low

views = Blueprint("board", __name__)
_COLUMNS = ("headcount", "leaflets", "consultations", "complaints", "quiz_finished", "exhibits_judged")
_TILES = ("headcount", "leaflets", "boards", "consultations", "complaints", "quiz_finished")
#: Shown smaller, of a fair with a desk of that type, or with any of them all the same.
BESIDE = {"reports": "complaints", "quicktest_batches": "quicktests", "exhibit_kinds": "exhibits"}
#: A fair with more venues shows the busiest here, and all of them on a page of their own.
MOST_VENUES = 24
MOST_BOOTHS = 12
#: Likewise desks: those with most to do in this hour and the last.
MOST_DESKS = 24
MOST_LOW = 3
#: A fair with more desks is added up and drawn once a second for all who look, and what they see may be some
#: seconds old.
MANY_DESKS = 200


class VenueRow(msgspec.Struct, frozen=True):
    venue: Venue
    values: list[int]
    booths: int  # tablets in use
    states: Mapping[str, int]  # state → how many of them
    now: int = 0  # visitors counted in in this hour …
    before: int = 0  # … and in the last


class DeskRow(msgspec.Struct, frozen=True):
    """What a desk is doing."""

    desk: Desk
    venue: Venue
    now: Mapping[str, int]  # metric → in this hour, of `LIVELY`
    before: Mapping[str, int]  # metric → in the last
    sums: Mapping[str, int]  # metric → in all
    prizes: int | None  # that may still be promised there; None: none are given there
    state: str  # of its tablet, as in `BoothRow`
    battery: int | None = None


class PrizeRow(msgspec.Struct, frozen=True):
    """What is left of a class of prizes at all desks."""

    prize: Prize
    stocked: int
    redeemed: int  # in visitors' hands
    left: int  # may still be promised: what lies there, less the vouchers that may yet be brought


class Low(msgspec.Struct, frozen=True):
    """A tablet that will soon be off."""

    booth: BoothRow
    battery: int


class BoardPage(msgspec.Struct, frozen=True):
    fair: Fair
    updated: str
    tiles: list[Figure]
    beside: list[Figure]  # as `BESIDE` says
    columns: list[Definition]
    venues: list[VenueRow]
    desks: list[DeskRow]  # not all of a large fair
    prizes: list[PrizeRow]
    day: str  # of `hours`; "" where nothing was counted
    hours: list[tuple[str, int]]
    hour: str  # that is going on, "10"
    is_today: bool  # whether `hours` are today's
    funnel: list[Step]  # how far complaints came; empty while there is none
    pace: Bars  # visitors counted in within the last hour, by five minutes
    is_pace_whole: bool  # False: it is still being read
    booths: list[BoothRow]  # tablets, those that need somebody first; not all of them
    states: Mapping[str, int]  # state → tablets in it; "none": desks without one
    worried: int  # tablets that need somebody
    low: list[Low]  # the lowest few
    lows: int  # how many there are
    unsent: int  # facts that tablets say they still hold
    rehearsing: int  # desks
    astray: list[Desk]  # of these, those whose hours run: what is done there now counts nowhere
    standing: Standing

    @property
    def curve(self) -> Bars:
        """`hours` as bars: so many that not each has room for its name."""
        hours = {int(hour): n for hour, n in self.hours}
        return by_the_hour(hours, range(min(hours, default=0), max(hours, default=-1) + 1))

    @property
    def tablets(self) -> int:
        return sum(n for state, n in self.states.items() if state != "none")

    @property
    def sentence(self) -> str:
        """Whether everything is here, in the language of whoever asks."""
        return sentence(self.standing, web.language())

    @property
    def summary(self) -> str:
        """The worst state there is: "forked", "behind", "silent", "none" (of some desk or all), or "whole"."""
        worst = next((state for state in ("forked", "behind", "silent") if self.states.get(state)), None)
        if worst:
            return worst
        return "whole" if self.standing.is_all else "none" if self.standing.is_whole or not self.tablets else "behind"


class VenuesPage(msgspec.Struct, frozen=True):
    fair: Fair
    updated: str
    columns: list[Definition]
    venues: list[VenueRow]
    hour: str


@views.get("/fairs/<fair_id>")
def board(fair_id: str) -> Response:
    person = signed_in().person
    here = hub()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
    here.answers.keep_near(fair)

    def added_up() -> BoardPage:
        pace = here.paces.of(fair.id, here.clock.now())
        with here.store.reading() as tx:
            return _board(tx, fair, here.clock.now(), here.pack.version, pace)

    if len(fair.desks) > MANY_DESKS:
        # Drawn behind the scenes too, for all whom it looks the same to.
        look = f"board {fair.id} {web.language()} {web.is_large()} {sorted(person.roles)}"
        drawing = copy_current_request_context(lambda: _drawn(here.lookout.now(fair.id, added_up)))
        main = here.lookout.see(look, drawing)
    else:
        main = _drawn(added_up())
    return web.page("hub/fairs/board.html", main=main, fair=fair)


def _drawn(page: BoardPage) -> Markup:
    return web.part("hub/fairs/_board.html", page=page, words=Words(hub().clock.now()))


@views.get("/fairs/<fair_id>/venues")
def all_venues(fair_id: str) -> Response:
    signed_in()
    here = hub()
    now = here.clock.now()
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        booths = completeness.booths(tx, fair, now, here.pack.version)
        rows = _venues(fair, fair.venues, booths, totals.sums_by_desk(tx, fair.id), _lately(tx, fair, now))
        page = VenuesPage(fair, _clock(now), _columns(), rows, f"{day_and_hour(now)[1]:02d}")
    return web.page("hub/fairs/venues.html", page=page, fair=fair)


#: What moves at a desk from hour to hour.
LIVELY = ("tally.headcount", "tally.consultation", "quiz.finished")


def beside(fair: Fair, by_key: Mapping[str, Figure]) -> list[Figure]:
    """The figures of `BESIDE` that mean anything at a fair."""
    types = {desk.type for desk in fair.desks}
    return [by_key[key] for key, type_ in BESIDE.items() if type_ in types or by_key[key].value]


def _board(tx: Connection, fair: Fair, now: datetime, pack: str, pace: Pace) -> BoardPage:
    tiles = [BY_KEY[key] for key in (*_TILES, *BESIDE)]
    all_figures = {figure.key: figure for figure in figures_of(tx, fair, definitions=tiles)}
    booths = completeness.booths(tx, fair, now, pack)
    tablets = [row for row in booths if row.device]
    venues = _busiest(tx, fair)
    shown = {venue.id for venue in venues}
    by_desk = totals.sums_by_desk(tx, fair.id, [desk.id for desk in fair.desks if desk.venue in shown])
    hours = _lately(tx, fair, now, [desk.id for desk in fair.desks if desk.venue in shown])
    batteries = _batteries(tx, fair)
    low = [Low(row, batteries[row.device]) for row in tablets if row.use == "active" and row.device in batteries]
    low.sort(key=lambda one: one.battery)
    today, hour = day_and_hour(now)
    day, heads = _hours(tx, fair, today)
    prizes, left = _prizes(tx, fair)
    rehearsing = rehearsals.rehearsing(tx, fair, now)
    return BoardPage(
        fair=fair,
        updated=_clock(now),
        tiles=[all_figures[key] for key in _TILES],
        beside=beside(fair, all_figures),
        columns=_columns(),
        venues=_venues(fair, venues, booths, by_desk, hours),
        desks=_desks(fair, shown, booths, by_desk, hours, batteries, left),
        prizes=prizes,
        day=day,
        hours=heads,
        hour=f"{hour:02d}",
        is_today=day == today,
        funnel=charts.funnel_of(tx, fair),
        pace=curves.bars(pace.counts, pace.began, pace.quarters),
        is_pace_whole=pace.is_whole,
        booths=tablets[:MOST_BOOTHS],
        states=Counter(row.state for row in booths),
        worried=sum(bool(row.worries) for row in tablets),
        low=low[:MOST_LOW],
        lows=len(low),
        unsent=sum(row.unsent for row in tablets),
        rehearsing=len(rehearsing),
        astray=[one.desk for one in rehearsing if one.is_open],
        standing=completeness.standing(booths),
    )


#: Metric → in this hour, and in the one before; by desk.
_Lately = Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]]


def _lately(tx: Connection, fair: Fair, now: datetime, desks: Collection[str] | None = None) -> _Lately:
    """What went on at each desk, or at some, in the hour that is going on and in the last one."""
    table = totals_table.c
    times = [day_and_hour(now), day_and_hour(now - timedelta(hours=1))]
    found: dict[str, tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(), Counter()))
    query = select(table.desk, table.metric, table.day, table.hour, func.sum(table.n)).where(
        table.fair == fair.id,
        table.metric.in_(LIVELY),
        table.day.in_({day for day, _ in times}),
        table.hour.in_({hour for _, hour in times}),
    )
    if desks is not None:
        query = query.where(table.desk.in_(desks))
    rows = tx.execute(query.group_by(table.desk, table.metric, table.day, table.hour)).all()
    for desk, metric, day, hour, n in rows:
        if (day, hour) in times:
            found[desk][times.index((day, hour))][metric] += int(n)
    return found


def _batteries(tx: Connection, fair: Fair) -> dict[str, int]:
    """Tablet → per cent, of those that will soon be off."""
    query = select(devices.c.device, devices.c.battery, devices.c.charging).where(
        devices.c.fair == fair.id, devices.c.battery.is_not(None)
    )
    return {row.device: row.battery for row in tx.execute(query).all() if is_low(row.battery, row.charging)}


def _prizes(tx: Connection, fair: Fair) -> tuple[list[PrizeRow], dict[str, int]]:
    """What is left of each class; and desk → what may still be promised there, where prizes are given at all."""
    if not fair.prizes:
        return [], {}
    table = desk_totals.c
    metrics = [f"prize.{what}.{prize.id}" for what in _PRIZE_SUMS for prize in fair.prizes]
    query = select(table.journal, table.desk, table.metric, table.n)
    of_tablet: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in tx.execute(query.where(table.fair == fair.id, table.metric.in_(metrics))):
        of_tablet[row.desk, row.journal][row.metric] = row.n
    rows = [_prize_row(prize, list(of_tablet.values())) for prize in fair.prizes]
    by_desk: Counter[str] = Counter()
    for (desk, _), sums in of_tablet.items():
        by_desk[desk] += sum(_left(sums, prize) for prize in fair.prizes)
    return rows, by_desk


_PRIZE_SUMS = ("stocked", "issued", "expired", "redeemed")


def _prize_row(prize: Prize, tablets: Sequence[Mapping[str, int]]) -> PrizeRow:
    def of_all(what: str) -> int:
        return sum(sums.get(f"prize.{what}.{prize.id}", 0) for sums in tablets)

    return PrizeRow(prize, of_all("stocked"), of_all("redeemed"), sum(_left(sums, prize) for sums in tablets))


def _left(sums: Mapping[str, int], prize: Prize) -> int:
    """What a tablet may still promise, as it reckons itself; nothing where it has nothing to do with the class."""
    stocked, issued, expired, _ = (sums.get(f"prize.{what}.{prize.id}") for what in _PRIZE_SUMS)
    if stocked is None and issued is None:
        return 0
    most = prize.quota if stocked is None else min(prize.quota, stocked)
    return max(0, most - (issued or 0) + (expired or 0))


def _columns() -> list[Definition]:
    return [BY_KEY[key] for key in _COLUMNS]


def _busiest(tx: Connection, fair: Fair) -> Sequence[Venue]:
    """All venues of a fair, or of a large one those with most visitors."""
    if len(fair.venues) <= MOST_VENUES:
        return fair.venues
    heads: Counter[str] = Counter()
    by_desk = totals.sums_of_metric(tx, fair.id, "tally.headcount")
    for desk in fair.desks:
        heads[desk.venue] += by_desk.get(desk.id, 0)
    return sorted(fair.venues, key=lambda venue: -heads[venue.id])[:MOST_VENUES]


def _venues(
    fair: Fair,
    venues: Sequence[Venue],
    booths: Sequence[BoothRow],
    by_desk: Mapping[str, Mapping[str, int]],
    lately: _Lately,
) -> list[VenueRow]:
    """Rows for some venues; every desk and every tablet is looked at once."""
    shown = {venue.id for venue in venues}
    desks = {desk.id: desk.venue for desk in fair.desks if desk.venue in shown}
    sums: dict[str, Counter[str]] = {venue.id: Counter() for venue in venues}
    for desk, of_desk in by_desk.items():
        if desk in desks:  # what happens in the office stands at no desk of the fair
            sums[desks[desk]].update(of_desk)
    recent: dict[str, list[int]] = {venue.id: [0, 0] for venue in venues}
    for desk, of_hours in lately.items():
        if desk in desks:
            for place, of_hour in enumerate(of_hours):
                recent[desks[desk]][place] += of_hour.get("tally.headcount", 0)
    states: dict[str, Counter[str]] = {venue.id: Counter() for venue in venues}
    for row in booths:
        if row.device and row.use == "active" and row.venue.id in shown:
            states[row.venue.id][row.state] += 1
    return [_venue_row(venue, sums[venue.id], states[venue.id], recent[venue.id]) for venue in venues]


def _venue_row(venue: Venue, sums: Mapping[str, int], states: Mapping[str, int], recent: Sequence[int]) -> VenueRow:
    scope = {"kind": "venue", "id": venue.id}
    values = {figure.key: figure.value for figure in figures(sums, {}, scope, _columns())}
    return VenueRow(venue, [int(values[one.key] or 0) for one in _columns()], sum(states.values()), states, *recent)


def _desks(
    fair: Fair,
    shown: AbstractSet[str],
    booths: Sequence[BoothRow],
    by_desk: Mapping[str, Mapping[str, int]],
    lately: _Lately,
    batteries: Mapping[str, int],
    left: Mapping[str, int],
) -> list[DeskRow]:
    """What goes on at each desk, venue by venue; of a large fair at those with most to do."""
    tablets: dict[str, BoothRow] = {}
    for row in booths:  # those that need somebody stand first
        if row.use == "active":
            tablets.setdefault(row.desk.id, row)
    rows = [_desk_row(tablets[desk.id], by_desk, lately, batteries, left) for desk in fair.desks if desk.venue in shown]
    if len(rows) > MOST_DESKS:
        busy = sorted(rows, key=lambda row: -sum((*row.now.values(), *row.before.values())))[:MOST_DESKS]
        rows = [row for row in rows if row in busy]
    place = {venue.id: number for number, venue in enumerate(fair.venues)}
    return sorted(rows, key=lambda row: place[row.venue.id])


def _desk_row(
    tablet: BoothRow,
    by_desk: Mapping[str, Mapping[str, int]],
    lately: _Lately,
    batteries: Mapping[str, int],
    left: Mapping[str, int],
) -> DeskRow:
    desk = tablet.desk.id
    now, before = lately.get(desk, ({}, {}))
    battery = batteries.get(tablet.device)
    return DeskRow(tablet.desk, tablet.venue, now, before, by_desk.get(desk, {}), left.get(desk), tablet.state, battery)


def _hours(tx: Connection, fair: Fair, today: str) -> tuple[str, list[tuple[str, int]]]:
    """The latest day on which visitors were counted, and how many in which hour.

    A tablet whose clock is years ahead, and was never compared, does not take today's place.
    """
    table = totals_table.c
    of_heads = (table.fair == fair.id) & (table.metric == "tally.headcount")
    past = case((table.day <= today, table.day))
    day = tx.execute(select(func.coalesce(func.max(past), func.max(table.day))).where(of_heads)).scalar()
    query = select(table.hour, func.sum(table.n)).where(of_heads, table.day == day).group_by(table.hour)
    sums = {int(hour): int(n) for hour, n in tx.execute(query)}
    if not sums:
        return "", []
    return str(day), [(f"{hour:02d}", sums.get(hour, 0)) for hour in range(min(sums), max(sums) + 1)]


def _clock(now: datetime) -> str:
    return now.astimezone(BEIJING).strftime("%H:%M:%S")
