"""The draft that pages show: remembered while nothing changed that it is made of, and never a moment longer."""

from collections.abc import Callable
from contextlib import closing

import msgspec
import pytest
from sqlalchemy import event, update

from kiosk.hub import calendars, completeness, drafts, fairs, quarantine, statements, words
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.hub.drafts import Draft
from kiosk.hub.tables import devices, people, statement_steps
from kiosk.packs.model import Text
from kiosk.workdays import Notice
from tests.clocks import FakeClock
from tests.hub.tablets import a_tablet, deliver
from tests.hub.test_figures import typed, write
from tests.hub.test_statements import LI, count, freeze, on_sqlite
from tests.makers import CASEWORKER, a_headcount, an_answer


def drafted(hub: Hub) -> Draft:
    with hub.store.reading() as tx:
        return drafts.of(tx, hub, fairs.find_fair(tx, "demo"))


def is_as_now(hub: Hub) -> bool:
    """Whether what is remembered says what a draft of this very moment says."""
    with hub.store.reading() as tx:
        fair = fairs.find_fair(tx, "demo")
        now, last = statements.draft(tx, hub, fair), statements.newest(tx, fair.id)
    found = drafted(hub)
    differs = statements.differences(last, now) if last else []
    return (found.now, list(found.differs), found.is_new) == (now, differs, last is None or bool(differs))


# --- what makes it anew -----------------------------------------------------------------------------


def says_more(hub: Hub) -> None:
    with hub.store.begin() as tx:
        tx.execute(update(devices).values(told_seq=99))


def fair_renamed(hub: Hub) -> None:
    with hub.store.begin() as tx:
        fair = fairs.hold_fair(tx, "demo")
        other = msgspec.structs.replace(fair, title=Text("另一个名称", "Another name"))
        fairs.keep_fair(tx, hub, other, ["basics"], LI.id)


def is_worded(hub: Hub) -> None:
    with hub.store.begin() as tx:
        words.keep(tx, hub, "demo", "opening", "今年来的人多。", LI)


def account_renamed(hub: Hub) -> None:
    with hub.store.begin() as tx:
        tx.execute(update(people).where(people.c.name == CASEWORKER[0]).values(name="another"))


def has_holidays(hub: Hub) -> None:
    with hub.store.begin() as tx:
        calendars.enter(tx, Notice(year=2027, off=["2027-01-01"], worked=[]))


def folds(hub: Hub) -> None:
    with hub.store.reading() as tx:
        fair = fairs.find_fair(tx, "demo")
    hub.answers.fold(fair)


CHANGES: dict[str, Callable[[Hub], object]] = {
    "a tablet counted": lambda hub: count(hub, 5),
    "a figure was typed": lambda hub: write(hub, typed("messages", 5_000, window="period")),
    "a tablet says it holds more": says_more,
    "the fair is called otherwise": fair_renamed,
    "words of the summary were written": is_worded,
    "an account has another name": account_renamed,
    "holidays were entered": has_holidays,
    "answers were folded": folds,
    "a version was frozen": lambda hub: freeze(hub, 2, "平板晚到"),
    "a minute went by": lambda hub: hub.clock.tick(60),
}


def test_a_draft_is_made_anew_where_anything_changed_and_only_then(hub: Hub):
    tablet = a_tablet(hub)
    for _ in range(40):
        tablet.record(an_answer(right=False))
    deliver(hub, tablet.record(a_headcount(3)).batch())
    freeze(hub)
    count(hub, 4)
    before = drafted(hub)
    assert (is_as_now(hub), drafted(hub) is before) == (True, True)
    for name, change in CHANGES.items():
        change(hub)
        after = drafted(hub)
        assert (is_as_now(hub), after is before, drafted(hub) is after) == (True, False, True), name
        before = after


def test_what_is_typed_at_one_process_stands_at_the_other_at_once(hub: Hub):
    count(hub, 3)
    with closing(open_hub(hub.config, FakeClock())) as other:
        assert drafted(other).now.cell("messages").value is None
        write(hub, typed("messages", 5_000, window="period"))
        assert (drafted(other).now.cell("messages").value, is_as_now(other)) == (5_000, True)


# --- versions ---------------------------------------------------------------------------------------


def test_of_many_desks_a_draft_and_what_it_is_held_to_leave_those_out(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    count(hub, 3)
    monkeypatch.setattr(drafts, "_DESKS_COMPARED", 1)
    whole = freeze(hub)
    with hub.store.reading() as tx:
        assert statements.newest(tx, "demo") == whole
        without = [one for one in whole.places if one.kind != "desk"]
        assert len(without) < len(whole.places)
        assert statements.newest(tx, "demo", whole=False) == msgspec.structs.replace(whole, places=without)
    found = drafted(hub)
    assert ([one.kind for one in found.now.places], found.is_new, found.differs) == (
        ["venue"] * len(without),
        False,
        [],
    )
    count(hub, 1)
    assert {"figures", "places"} <= set(drafted(hub).differs)


def test_what_a_version_says_otherwise_is_worked_out_once_and_never_of_other_bytes(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
):
    def told() -> list[str]:
        with hub.store.reading() as tx:
            return list(drafts.differing(tx, hub, "demo", 2))

    count(hub, 3)
    freeze(hub)
    assert told() == []  # there is none
    count(hub, 4)
    freeze(hub, 2, "平板晚到")
    assert "figures" in told()
    with monkeypatch.context() as patch:
        patch.setattr(statements, "differences", lambda *_: pytest.fail("it was known"))
        assert "figures" in told()
    with hub.store.begin() as tx:
        tx.execute(update(statement_steps).where(statement_steps.c.version == 1).values(digest="0" * 64))
    assert told() == []  # the one before is damaged


# --- what the pages ask -----------------------------------------------------------------------------


@on_sqlite
def test_what_does_not_count_is_looked_for_among_what_does_not_count(hub: Hub):
    """Not among all facts of each tablet, as SQLite would where it is asked for the tablets' facts."""
    tablet = a_tablet(hub)
    deliver(hub, tablet.record().record(b"{").batch())
    asked: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement: str, told: object, *_rest) -> None:
        asked.append((statement, told))

    event.listen(hub.store.engine, "before_cursor_execute", note)
    with hub.store.reading() as tx:
        fair = fairs.find_fair(tx, "demo")
        assert sum(row.quarantined for row in completeness.booths(tx, fair, hub.clock.now(), "")) == 1
        assert [group.n for group in quarantine._groups(tx, fair)] == [1]
        event.remove(hub.store.engine, "before_cursor_execute", note)
        unusable = [one for one in asked if "facts.problem IS NOT NULL" in one[0]]
        plans = [str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", told).all()) for text, told in unusable]
    assert len(plans) == 3
    assert all("facts_in_quarantine" in plan for plan in plans)
