"""A walk past every screen there is, one after the other; what is done at each is up to whoever walks."""

from collections.abc import Iterator

from tests.journeys.fair import Fair
from tests.journeys.people import COMPLAINT, Complaining, Organiser, Person, Visitor, Volunteer

#: Where a visitor decides: nothing to decide on may lie below the edge.
DECIDING = ("attract", "question", "answered right", "answered wrong", "exhibit")


def public_screens(visitor: Visitor) -> Iterator[str]:
    """The booth's screens for everybody, by name. The visitor stands at each while the caller looks."""
    yield "attract"
    visitor.opens_quiz()
    yield "question"
    visitor.answers(right=True)
    yield "answered right"
    visitor.goes_on_in_quiz()
    visitor.answers(right=False)
    yield "answered wrong"
    visitor.goes_on_in_quiz()
    for _ in range(3):
        visitor.answers()
        visitor.goes_on_in_quiz()
    yield "result"
    visitor.goes_to("/gallery").sees(".card")
    yield "gallery"
    visitor.press(visitor.page.locator(".card").first)
    visitor.sees(".guess-key")
    yield "exhibit"
    visitor.press(visitor.page.locator(".guess-key").first)
    visitor.sees(".verdict")
    yield "exhibit judged"
    visitor.goes_to("/complaint").sees(".qr")
    yield "two ways to complain"
    visitor.page.locator("#still").evaluate("one => one.showModal()")
    yield "still there"
    visitor.goes_to("/staff/enter").sees(".pin")
    yield "PIN"
    visitor.goes_to("/nowhere").sees(".stop")
    yield "problem"


def staff_screens(volunteer: Volunteer) -> Iterator[str]:
    volunteer.sees(".counter-grid")
    yield "counters"
    volunteer.counts("headcount")
    volunteer.counts("leaflet.law", 50)
    yield "counters touched"
    volunteer.opens_complaint()
    yield from form_screens(volunteer)
    yield "receipt"
    volunteer.goes_to("/staff/complaint/resume").sees("#code")
    yield "resume"
    volunteer.types("code", "0000-0000")
    volunteer.press(volunteer.page.locator(".wizard-keys button"))
    volunteer.sees(".problem")
    yield "resume fault"


def form_screens(person: Complaining) -> Iterator[str]:
    """Each screen of the complaint form, empty as it comes and with its faults; then the receipt is there."""
    for number, first in enumerate(("notice", "respondent", "facts", "request", "name"), 1):
        person.is_on_screen(number)
        yield f"complaint {number}"
        person.goes_on()
        person.reads_fault(first)
        yield f"complaint {number} faults"
        person.fills_screen(number).goes_on()
    assert number == len(COMPLAINT)
    person.reads_receipt()


def hub_screens(organiser: Organiser, case: str, fair: Fair) -> Iterator[str]:
    yield "board"
    organiser.opens("complaints").sees(".cases")
    yield "complaints"
    organiser.opens_case(case)
    yield "case"
    organiser.opens("codes").sees(".desks")
    yield "codes"
    organiser.press(organiser.page.locator("button[name=desk]").first)
    organiser.sees(".token")
    yield "code drawn"
    organiser.goes_to("/fairs/demo/complaints/0000-00000").sees(".stop")
    yield "problem"
    assert fair.badge


def door_screens(person: Person) -> Iterator[str]:
    person.goes_to("/login").sees(".gate")
    yield "login"
    person.types("name", "nobody")
    person.types("password", "wrong")
    person.press(person.page.locator(".gate .go"))
    person.sees("#gate-problem")
    yield "login fault"
