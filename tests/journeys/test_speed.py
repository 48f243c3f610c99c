"""Nobody waits."""

import time
from collections.abc import Callable

TRIES = 20  # what others do on the machine of the tests is not the tablet's: one quick answer is proof of it


def quickest(of: Callable[[], float]) -> float:
    """Seconds, of the first try that took less than one; of all of them where none did."""
    took = []
    while len(took) < TRIES and (not took or took[-1] >= 1):
        took.append(of())
    return min(took)


def test_the_first_question_is_there_within_a_second_of_the_touch(fair, a_visitor):
    visitor = a_visitor(fair)

    def first_question() -> float:
        visitor.comes()
        touched = time.perf_counter()
        visitor.page.locator("a[href='/quiz']").tap(no_wait_after=True)
        visitor.sees(".ask h1")
        return time.perf_counter() - touched

    assert quickest(first_question) < 1


def test_an_answer_is_there_within_a_second_of_the_touch(fair, a_visitor):
    visitor = a_visitor(fair)

    def answer() -> float:
        visitor.comes().opens_quiz()
        touched = time.perf_counter()
        visitor.answers()
        return time.perf_counter() - touched

    assert quickest(answer) < 1
