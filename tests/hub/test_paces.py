"""The last hour by five minutes: every tap in its place, whatever becomes of the journal, and what the hours say."""

import threading
from contextlib import closing

import pytest

from kiosk.facts.clocks import ClockCompared
from kiosk.facts.papers import SheetCounted
from kiosk.facts.tallies import TallyCorrected, TallyCounted, TallyUndone
from kiosk.hub import journal, paces, totals
from kiosk.hub.paces import Paces
from tests.hub.tablets import a_tablet, deliver
from tests.makers import a_headcount, an_id


@pytest.fixture
def kept(hub, clock):
    with closing(Paces(hub.store, clock)) as found:
        yield found


def at(time: str) -> dict[str, str]:
    return {"at": f"2027-03-15T{time}.000+08:00"}


def shown(kept, clock, patience_ms: int = paces.PATIENCE) -> dict[str, int]:
    """When it began → visitors, where there were any."""
    pace = kept.of("demo", clock.now(), patience_ms)
    assert len(pace.began) == len(pace.counts) == paces.BARS
    return {began: n for began, n in zip(pace.began, pace.counts, strict=True) if n}


def test_taps_of_all_tablets_stand_where_they_were_made_and_no_older_ones(hub, kept, clock):
    one, other = a_tablet(hub), a_tablet(hub, "d06")
    one.record(a_headcount(100), **at("08:34:59")).record(a_headcount(3), **at("08:35:00"))
    one.record(a_headcount(4), **at("09:29:59")).record(TallyCounted(counter="leaflet.rights", n=50), **at("09:29:59"))
    other.record(TallyCounted(counter="headcount.north", n=7), **at("09:29:00")).record(a_headcount(), **at("09:30:01"))
    for tablet in (one, other):
        deliver(hub, tablet.batch())
    pace = kept.of("demo", clock.now())
    assert (pace.began[0], pace.began[-1], pace.is_whole) == ("08:35", "09:30", True)
    assert pace.quarters == ["08:45", "09:00", "09:15", "09:30"]
    assert shown(kept, clock) == {"08:35": 3, "09:25": 11, "09:30": 1}


def test_only_what_is_new_is_read_and_time_goes_on(hub, kept, clock, monkeypatch):
    read = []
    real = paces._lines
    monkeypatch.setattr(paces, "_lines", lambda tx, *told: read.append(told[1:]) or real(tx, *told))
    tablet = a_tablet(hub)
    for minute in range(5, 25):
        tablet.record(a_headcount(2), **at(f"09:{minute:02d}:00"))
    deliver(hub, tablet.batch())
    assert shown(kept, clock) == {"09:05": 10, "09:10": 10, "09:15": 10, "09:20": 10}
    assert shown(kept, clock)["09:20"] == 10
    deliver(hub, tablet.record(a_headcount(5), **at("09:31:00")).batch())
    clock.tick(40 * 60)
    assert shown(kept, clock) == {"09:15": 10, "09:20": 10, "09:30": 5}
    assert read == [(0, 20), (20, 21)]
    clock.tick(3600)
    assert shown(kept, clock) == {}
    assert kept._tails == {"demo": {}}


def test_a_tap_taken_back_is_missing_where_it_was_made(hub, kept, clock):
    tablet, tap = a_tablet(hub), an_id()
    tablet.record(a_headcount(9), id=tap, **at("09:14:58")).record(a_headcount(2), **at("09:16:00"))
    deliver(hub, tablet.batch())
    assert shown(kept, clock) == {"09:10": 9, "09:15": 2}
    deliver(hub, tablet.record(TallyUndone(undoes=tap, counter="headcount", n=9), **at("09:15:03")).batch())
    assert shown(kept, clock) == {"09:15": 2}


def test_what_counts_to_an_hour_and_to_no_minute_is_left_out(hub, kept, clock):
    told = {"counter": "headcount", "day": "2027-03-15", "hour": 9}
    tablet = a_tablet(hub).record(a_headcount(6), **at("09:20:00"))
    tablet.record(TallyCorrected(n=-5, reason="数错", second="", **told), **at("09:21:00"))
    deliver(hub, tablet.record(a_headcount(), **at("09:22:00")).batch())
    with hub.store.begin() as tx:
        sheet = SheetCounted(number=1, n=40, **told)
        journal.append(tx, "demo", sheet, desk="d01", by="chen", now=clock.now(), mono=1)
    assert shown(kept, clock) == {"09:20": 7}
    with hub.store.reading() as tx:
        assert totals.sums(tx, "demo")["tally.headcount"] == 6 - 5 + 1 + 40
    assert [tail.left_at for tail in kept._tails["demo"].values()] == [None]  # nothing is looked for in vain


def test_a_clock_that_turns_out_wrong_moves_its_taps(hub, kept, clock):
    tablet = a_tablet(hub).record(a_headcount(8), mono=60_000, **at("09:02:00"))
    deliver(hub, tablet.batch())
    assert shown(kept, clock) == {"09:00": 8}
    tablet.record(ClockCompared(hub_at="2027-03-15T09:25:00.000+08:00", rtt_ms=20), mono=360_000, **at("09:07:00"))
    deliver(hub, tablet.record(a_headcount(1), mono=420_000, **at("09:08:00")).batch())
    assert shown(kept, clock) == {"09:20": 8, "09:25": 1}


def test_another_process_reads_it_all_the_same_from_the_end_back(hub, clock, monkeypatch):
    monkeypatch.setattr(paces, "_FIRST_LOOK", 4)
    tablet = a_tablet(hub)
    for number in range(60):
        tablet.record(a_headcount(), **at(f"{7 + number // 20:02d}:{number % 20:02d}:00"))
    deliver(hub, tablet.batch())
    read = []
    real = paces._lines
    monkeypatch.setattr(paces, "_lines", lambda tx, *told: read.append(told[1:]) or real(tx, *told))
    with closing(Paces(hub.store, clock)) as fresh:
        assert shown(fresh, clock) == {"09:00": 5, "09:05": 5, "09:10": 5, "09:15": 5}
    assert read == [(56, 60), (48, 56), (32, 48), (0, 32)]  # this hour and the last: forty


def test_a_journal_that_does_not_come_to_what_the_totals_say_is_read_once(hub, kept, clock, monkeypatch):
    monkeypatch.setattr(paces, "_MOST", 5)
    monkeypatch.setattr(paces, "_FIRST_LOOK", 5)
    tablet = a_tablet(hub)
    for minute in range(10, 20):
        tablet.record(a_headcount(), **at(f"09:{minute}:00"))
    deliver(hub, tablet.batch())
    assert shown(kept, clock) == {"09:15": 5}
    monkeypatch.setattr(paces, "_read", lambda *_told: pytest.fail("read again"))
    assert shown(kept, clock) == {"09:15": 5}


def test_who_looks_waits_for_no_more_than_a_moment_and_the_rest_is_read_meanwhile(hub, kept, clock, monkeypatch):
    for desk in ("d01", "d02", "d03"):
        deliver(hub, a_tablet(hub, desk).record(a_headcount(2), **at("09:20:00")).batch())
    begun = []
    monkeypatch.setattr(kept, "_later", begun.append)
    first = kept.of("demo", clock.now(), patience_ms=0)
    assert (sum(first.counts), first.is_whole, begun) == (2, False, ["demo"])
    monkeypatch.undo()
    kept._later("demo")
    kept._thread.join(60)
    with kept._turn:
        pass
    assert shown(kept, clock) == {"09:20": 6}
    assert kept.of("demo", clock.now(), 0).is_whole


def test_while_one_reads_others_see_what_there_is(hub, kept, clock):
    deliver(hub, a_tablet(hub).record(a_headcount(2), **at("09:20:00")).batch())
    assert shown(kept, clock) == {"09:20": 2}
    deliver(hub, a_tablet(hub, "d02").record(a_headcount(2), **at("09:20:00")).batch())
    seen = []
    with kept._turn:
        other = threading.Thread(target=lambda: seen.append(shown(kept, clock)))
        other.start()
        other.join(60)
    assert seen == [{"09:20": 2}]
    assert shown(kept, clock) == {"09:20": 4}
