"""A walk past every screen there is, one after the other; what is done at each is up to whoever walks."""

import io
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from PIL import Image

from kiosk import demo
from tests.journeys.fair import Fair, Server
from tests.journeys.people import FOR_ANOTHER, Complaining, Installer, Organiser, Person, Visitor, Volunteer

#: Where a visitor decides: nothing to decide on may lie below the edge.
DECIDING = ("attract", "question", "answered right", "answered wrong", "exhibit", "find", "tour", "closer look", "pair")


def sends(person: Person, button: str, shown: str, **typed: str) -> None:
    """A form filled in, by id of the field with `_` for `-`, and sent; until what comes of it is on the screen."""
    for name, text in typed.items():
        person.types(name.replace("_", "-"), text)
    person.press(person.page.locator(button))
    person.sees(shown)


def public_screens(visitor: Visitor) -> Iterator[str]:
    """The booth's screens for everybody, by name. The visitor stands at each while the caller looks."""
    yield "attract"
    visitor.opens_quiz()
    yield "question"
    visitor.goes_to("/quiz/phone").sees("#moving .qr svg")
    yield "over to a phone"
    visitor.goes_to("/quiz").sees(".ask .option")
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
    visitor.goes_to("/gallery/e01/find").sees(".stage")
    yield "find"
    visitor.points_at("e01", 0).sees(".word-hit")
    visitor.press(visitor.page.locator("button[value=compare]"))
    visitor.sees(".comparing-both")
    yield "find comparing"
    visitor.press(visitor.page.locator("button[value=end]"))
    visitor.sees(".find-over")
    yield "find over"
    visitor.goes_to("/gallery/e01/tour?at=1").sees(".tour-words")
    yield "tour"
    visitor.goes_to("/gallery/e16/closer/left").sees(".closer [data-live]")
    yield "closer look"
    visitor.goes_to("/gallery/pairs").sees(".guess-key")
    yield "pair"
    visitor.plays_pairs()
    yield "pairs score"
    visitor.goes_to("/check").sees("#code")
    yield "checkers"
    sends(visitor, ".asking-form .button", ".told-verdict", code="SC1O111010812347")
    yield "number checked"
    visitor.goes_to("/advice").sees("#question")
    yield "question to leave"
    sends(visitor, ".wizard-keys .button", ".slip-number", question="店关门了，预付卡能退吗？")
    yield "question left"
    yield from survey_screens(visitor)
    visitor.goes_to("/complaint").sees(".triage-way")
    yield "what to do"
    visitor.goes_to("/complaint/ask").sees(".triage-way")
    yield "where to ask"
    visitor.goes_to("/complaint/settle").sees(".qr")
    yield "two ways to complain"
    visitor.page.locator("#still").evaluate("one => one.showModal()")
    yield "still there"
    visitor.goes_to("/staff/enter").sees(".pin")
    yield "PIN"
    visitor.goes_to("/nowhere").sees(".stop")
    yield "problem"


def survey_screens(visitor: Visitor) -> Iterator[str]:
    visitor.goes_to("/survey").sees(".triage-way")
    yield "surveys"
    visitor.goes_to("/survey/fair-satisfaction").sees(".survey-phone .qr")
    yield "survey begins"
    visitor.press(visitor.page.locator(".survey-about .button"))
    for n, widget in enumerate(("row", "row", "row", "ticks", "row", "text"), 1):
        visitor.sees(f".survey-{widget}")
        if n > 2 and n != 5:
            yield f"survey: {widget}"
        keys = visitor.page.locator(".survey-key")
        visitor.press(keys.first if widget == "row" else visitor.page.locator("button[value=next]"))
        visitor.page.wait_for_function("n => document.querySelector('.survey-progress')?.value !== n", arg=n)
    visitor.sees(".survey-thanks")
    yield "survey answered"


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
    sends(volunteer, ".wizard-keys button", ".problem", code="0000-0000")
    yield "resume fault"
    volunteer.goes_to("/staff/stock").sees(".stock-item")
    yield "stock"
    sends(volunteer, "#leaflet-law .key-main", "#left-leaflet-law")
    sends(volunteer, "#leaflet-law [action$=count] .button", "#leaflet-law .stock-why", left_leaflet_law="30")
    yield "stock far apart"
    volunteer.goes_to("/staff/stock/correct?item=leaflet.law").sees(".correct-form")
    yield "counter put right"
    volunteer.goes_to("/staff/shift").sees(".shift-hand")
    yield "shift"
    volunteer.goes_to("/staff/rehearsal").sees(".rehearsing-main")
    yield "rehearsal"
    volunteer.goes_to("/staff/close").sees(".day-go")
    yield "close"
    volunteer.closes_day()
    yield "closed"
    volunteer.stops_codes()
    yield "codes"
    volunteer.hands_in_receipt("K315R:000").sees(".problem")
    yield "codes fault"
    yield from exhibit_screens(volunteer)


def exhibit_screens(volunteer: Volunteer) -> Iterator[str]:
    """From a photo to the visitors, and the cards for the table."""
    page, photo = volunteer.page, io.BytesIO()
    Image.new("RGB", (800, 600), "tan").save(photo, "JPEG")
    volunteer.goes_to("/staff/exhibits/new").sees("[data-snap][data-live]")
    yield "exhibit photo"
    page.set_input_files("[type=file]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()})
    page.locator("[data-snap]").evaluate("form => form.requestSubmit()")
    volunteer.sees(".own-live")
    volunteer.press(page.locator("[data-add]"))
    yield "exhibit places"
    volunteer.press(page.locator("[data-next]"))
    volunteer.sees("#title_zh")
    yield "exhibit words"
    page.fill("#title_zh", "一瓶酒")
    page.fill("#wrong_1_zh", "字糊在一起")
    sends(volunteer, ".own-foot button", ".problem")
    yield "exhibit words fault"
    page.fill("#check_1_zh", "在亮处看")
    sends(volunteer, ".own-foot button", ".own-approve")
    yield "exhibit looked at"
    page.fill("#pin", demo.PIN)
    volunteer.press(page.locator(".pin-go"))
    volunteer.sees(".own-approved")
    yield "exhibits"
    volunteer.goes_to("/gallery/cards").sees(".table-card")
    yield "cards"
    volunteer.goes_to("/gallery")
    volunteer.press(page.locator("[href^='/gallery/own/']").first)
    volunteer.sees(".own-public")
    yield "exhibit of the stand"
    volunteer.goes_to("/gallery/scan").sees("#card")
    yield "card scanner"
    volunteer.goes_to("/staff/exhibits")
    volunteer.press(page.locator("form[action$='/withdraw'] button").first)
    volunteer.sees(".own-withdrawn")


def trouble_screens(volunteer: Volunteer, booth: Server) -> Iterator[str]:
    """What a tablet shows that has no room, or whose data is old, damaged or of a later release. It is spoilt then."""
    booth.again(KIOSK_BOOTH_RESERVE_MB="1000000000")
    volunteer.goes_to("/staff/enter").sees(".room")
    yield "room low PIN"
    volunteer.signs_in().sees(".room")
    yield "room low counters"
    volunteer.goes_to("/staff/complaint").sees(".halt")
    yield "room low complaint"
    volunteer.page.goto("about:blank")
    booth.again(KIOSK_BOOTH_RESERVE_MB="0")
    volunteer.signs_in()
    for pid in booth.pids():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    volunteer.press(volunteer.key("headcount"))
    volunteer.sees(".halt")
    yield "room full"
    for name, statement in {
        "restored": "UPDATE identity SET certificate = NULL",
        "damaged": "DROP TABLE pin_locks",
        "newer": "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('kiosk.booth', 'later')",
    }.items():
        volunteer.page.goto("about:blank")  # a page asks for this and that by itself, while nobody is there to answer
        booth.stop()
        with closing(sqlite3.connect(booth.data / "booth.db", isolation_level=None)) as connection:
            connection.execute(statement)
        booth.start()
        volunteer.goes_to("/").sees(".halt")
        assert name in volunteer.page.locator(".halt-foot code").inner_text()
        yield name


def form_screens(person: Complaining) -> Iterator[str]:
    """Each screen the complaint form can have, empty as it comes and with its faults; then the receipt is there."""
    faulty = {screen: next(iter(fields), "") for screen, fields in FOR_ANOTHER.items()} | {"request": "request"}
    for screen, first in faulty.items():
        person.is_on_screen(screen)
        yield f"complaint {screen}"
        if first:
            person.goes_on()
            person.reads_fault(first)
            yield f"complaint {screen} faults"
        person.fills_screen(screen, **FOR_ANOTHER[screen]).goes_on()
    person.reads_receipt()


def hub_screens(organiser: Organiser, case: str, fair: Fair) -> Iterator[str]:
    yield "board"
    organiser.goes_to("/fairs/demo/venues").sees(".venues")
    yield "venues"
    organiser.opens("completeness").sees(".arrivals")
    yield "completeness"
    organiser.opens("close").sees(".close-table")
    yield "close of the day"
    organiser.opens("stock").sees(".main")
    yield "stock"
    organiser.opens("shifts").sees(".terms")
    yield "shifts"
    organiser.opens("items").sees(".measured")
    yield "items"
    organiser.opens("items/venues").sees(".by-venue")
    yield "items by venue"
    organiser.opens("packs/import").sees("#file")
    yield "import"
    organiser.opens("slips").sees(".typing")
    yield "slips"
    sends(organiser, ".typing .go", "#outcome", desk="d01", seq="1", code="0000-0000")
    yield "slip compared"
    organiser.hands_in("hello").sees("#scan-problem")
    yield "scan"
    organiser.hands_in(*fair.codes()).sees("#taken")
    yield "scan taken"
    organiser.opens("complaints").sees(".cases")
    yield "complaints"
    organiser.opens_case(case)
    yield "case"
    organiser.opens("advice").sees(".chips")
    yield "questions left"
    organiser.opens("duty").sees(".duty-keys")
    yield "hotline"
    organiser.opens("exposures").sees(".typing")
    yield "exposed"
    organiser.opens("duty/summary").sees(".terms")
    yield "duty in words"
    organiser.opens("codes").sees(".desks")
    yield "codes"
    organiser.press(organiser.page.locator("button[name=desk]").first)
    organiser.sees(".token")
    yield "code drawn"
    organiser.opens("codes/sheet").sees(".sheet-form")
    yield "sheet to fill in"
    organiser.prints_sheet()
    yield "sheet"
    organiser.opens("devices").sees("#tablets")
    yield "tablets"
    organiser.press(organiser.page.locator("#tablets tbody a").first)
    organiser.sees(".choices")
    yield "tablet"
    sends(organiser, ".grave", "#problem", revoke_reason="x", cutoff="999999999")
    yield "tablet fault"
    organiser.goes_to("/fairs/demo/cases/0000-00000").sees(".stop")
    yield "problem"
    assert fair.badge


def reporting_screens(organiser: Organiser) -> Iterator[str]:
    """From the figures to what is sent up. Freezes a version where there is none yet."""
    organiser.opens("figures").sees("main h1")
    yield "figures"
    organiser.opens("figures/headcount").sees("main h1")
    yield "one figure"
    organiser.opens("figures/headcount/facts").sees("main h1")
    yield "facts behind a figure"
    organiser.press(organiser.page.locator("main a[href*='/facts/']").first)
    organiser.sees("main h1")
    yield "one fact"
    for name, place in {
        "charts": "figures/charts",
        "typed": "typed",
        "list of goods destroyed": "typed/lists/destroyed",
        "units to be chased": "typed/units",
        "typed figure": "typed/figures/messages",
    }.items():
        organiser.opens(place).sees("main h1")
        yield name
    sends(organiser, "form.setup-form .go", ".warn", value="-3", source="315")
    yield "typed figure refused"
    organiser.opens("statement").sees("main h1")
    yield "statement"
    organiser.opens("statement/summary").sees("main h1")
    yield "summary"
    organiser.opens("units").sees("main h1")
    yield "units"


def setting_up_screens(organiser: Organiser) -> Iterator[str]:
    """What an organiser prepares, and what comes in beside the tablets."""
    for name, place in {
        "set-up": "setup",
        "set-up of the basics": "setup/basics",
        "set-up of desks": "setup/desks",
        "volunteers": "volunteers",
        "ready": "readiness",
        "papers": "papers",
        "corrections": "corrections",
        "quick tests": "quicktests",
        "surveys": "surveys",
        "survey to write": "survey/edit",
        "survey to import": "survey/import",
        "of persons": "persons",
        "exhibits": "exhibits",
    }.items():
        organiser.opens(place).sees("main h1")
        yield name
    organiser.goes_to("/fairs/new").sees("main h1")
    yield "new fair"


def quarantine_screens(organiser: Organiser, forked: str, spoilt: str) -> Iterator[str]:
    """What does not count, before anybody decides about it, while and after."""
    organiser.opens("quarantine").sees(".todo")
    yield "quarantine"
    organiser.opens(f"quarantine/facts/{spoilt}/json.malformed").sees(".kept-facts")
    organiser.press(organiser.page.locator("summary").first)
    yield "unreadable"
    organiser.opens(f"quarantine/facts/{spoilt}/fact.not_allowed").sees(".choices")
    sends(organiser, ".choices .go", "#problem", release_reason=" ")
    yield "decision without a reason"
    organiser.opens(f"quarantine/forks/{forked}").sees(".versus")
    yield "fork"
    organiser.press(organiser.page.locator("[name=kept]").first)
    sends(organiser, ".fork .go", ".todo .whole", fork_reason="315")
    yield "fork decided"
    organiser.opens(f"quarantine/forks/{forked}").sees(".told-before")
    yield "fork once more"


def joining_screens(installer: Installer, organiser: Organiser) -> Iterator[str]:
    """A new tablet's way into the fair, as its own screen shows it; at the hub somebody without the key confirms."""
    installer.comes()
    yield "joining"
    ticket = organiser.draws_code("d20")
    code, hub = ticket.locator(".token").inner_text(), ticket.locator(".typed code").inner_text()
    installer.types_code(hub, code[:-1])
    installer.sees("#problem")
    yield "joining fault"
    installer.types_code(hub, code)
    installer.reads_digits()
    yield "comparing"
    organiser.reads_digits()
    yield "hub comparing"
    organiser.says("same")
    installer.is_ready()
    yield "ready"


def door_screens(person: Person) -> Iterator[str]:
    person.goes_to("/login").sees(".gate")
    yield "login"
    sends(person, ".gate .go", "#gate-problem", name="nobody", password="wrong")
    yield "login fault"
