"""What a process of the hub remembers for a short while."""

from kiosk.hub import memory
from kiosk.hub.memory import Counts, Latest, Remembered
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


def test_the_newest_answer_holds_while_it_is_made_of_the_same():
    known, made = Latest[int](2), []

    def ask(name: str, marks: object) -> int:
        return known.get(name, marks, lambda: made.append(name) or len(made))

    assert [ask("a", 1), ask("a", 1), ask("a", 2), ask("a", 2), ask("a", 1)] == [1, 1, 2, 2, 3]
    assert [ask("b", 1), ask("c", 1)] == [4, 5]
    assert list(known._answers) == ["b", "c"]  # no more than there is room for


def test_an_answer_of_old_marks_that_comes_late_is_not_taken_for_the_new_one():
    known = Latest[str]()

    def late() -> str:
        assert known.get("a", "new", lambda: "new") == "new"  # somebody else was quicker
        return "old"

    assert known.get("a", "old", late) == "old"
    assert known.get("a", "new", lambda: "new again") == "new again"
