"""Nobody waits."""

import time


def test_the_first_question_is_there_within_a_second_of_the_touch(fair, a_visitor):
    took = []
    for _ in range(3):
        visitor = a_visitor(fair).comes()
        touched = time.perf_counter()
        visitor.page.locator("a[href='/quiz']").tap(no_wait_after=True)
        visitor.sees(".ask h1")
        took.append(time.perf_counter() - touched)
    assert min(took) < 1.0, took


def test_an_answer_is_there_within_a_second_of_the_touch(fair, a_visitor):
    visitor = a_visitor(fair).comes().opens_quiz()
    took = []
    for _ in range(3):
        touched = time.perf_counter()
        visitor.answers()
        took.append(time.perf_counter() - touched)
        visitor.goes_on_in_quiz()
    assert min(took) < 1.0, took
