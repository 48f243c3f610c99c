"""What a process of the hub remembers for a short while."""

from kiosk.hub import memory
from kiosk.hub.memory import Counts, Remembered
from tests.clocks import FakeClock


def test_tries_are_counted_by_who_tries_and_forgotten_after_a_while():
    clock = FakeClock()
    counts = Counts(clock)
    assert [counts.may("a", 2) for _ in range(4)] == [True, True, False, False]
    assert counts.may("b", 2)
    clock.tick(601)
    assert [counts.may("a", 2) for _ in range(3)] == [True, True, False]


def test_no_more_are_remembered_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(memory, "MOST", 2)
    clock = FakeClock()
    counts, known = Counts(clock), Remembered[str](clock)
    for name in "abcd":
        counts.may(name, 1)
        known.get(name, lambda name=name: name)
    assert (list(counts._counts), list(known._answers)) == (["c", "d"], ["c", "d"])


def test_an_answer_holds_for_a_moment():
    clock, asked = FakeClock(), []
    known = Remembered[str](clock)

    def ask() -> str:
        asked.append("ask")
        return str(len(asked))

    assert [known.get("a", ask) for _ in range(3)] == ["1", "1", "1"]
    clock.tick(5)
    assert known.get("a", ask) == "2"


def test_what_could_not_be_answered_is_asked_again():
    known = Remembered[str](FakeClock())
    for _ in range(2):
        try:
            known.get("a", lambda: {}["nothing"])
        except KeyError:
            continue
        raise AssertionError("an answer out of nothing")
    assert known.get("a", lambda: "now") == "now"
