"""A public list of hostile texts and five thousand of our own, in every field that takes words.

Each is refused with a stable code, or kept and shown again as the text it is, letter for letter.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote, urlencode

import msgspec
import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from openpyxl import Workbook
from sqlalchemy import delete
from werkzeug.test import TestResponse

from kiosk.codes import personal
from kiosk.facts import complaints, envelope
from kiosk.facts.advice import ANSWER_LIMIT, QUESTION_LIMIT
from kiosk.facts.complaints import FIELDS, STEPS, draw_case_number, draw_query_code
from kiosk.facts.duty import NOTE_LIMIT, OFFICE_LIMIT, SOURCE_LIMIT, TITLE_LIMIT
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import people
from kiosk.hub.cases import NOTE_LIMIT as CASE_NOTE_LIMIT
from kiosk.hub.tables import exposures
from kiosk.packs.workbooks import say
from kiosk.sync import keys
from tests import hostile
from tests.hub.phones import device_of, leave_case, leave_question, leave_sealed
from tests.makers import CASEWORKER, COMPLAINT, FOR_ANOTHER, an_id
from tests.proof import figure, share
from tests.web.conftest import Sides, faults_of

TEXTS = hostile.texts()
BRIEFLY = [*hostile.public(), *hostile.made()[::20]]
CASES = "/fairs/demo/cases"
#: Fields of the form that take words, and those that take a number or a day.
NUMBERS = ("phone", "on_behalf_phone", "bought_on", "amount", "respondent_code")
WORDS = tuple(
    field.name for field in FIELDS if not field.choices and field.name not in NUMBERS and field.name != "on_behalf"
)
#: Who acts for another is none who does for somebody under 18: a form of its own.
OF_AGENTS = ("on_behalf",)
LONGEST = {field.name: field.longest for field in FIELDS}
STEP_OF = {field.name: step.name for step in STEPS for field in step.fields}
_CODE = re.compile(r"<code>[a-z_]+\.[a-z_]+</code>")


def some(turn: int, of: int) -> list[str]:
    """All texts; in `make test` the public list and some of ours, each of which goes through some of the fields."""
    return share(TEXTS, BRIEFLY[turn % of :: of])


def post(client: FlaskClient, address: str, told: dict[str, str]) -> TestResponse:
    """As bytes, for no browser sends half a surrogate, and who wants to break in does."""
    body = urlencode({name: text.encode("utf-8", "surrogatepass") for name, text in told.items()})
    return client.post(address, data=body, content_type="application/x-www-form-urlencoded")


def shows(page: TestResponse, text: str) -> bool:
    return str(escape(text)) in page.text


def sound(answer: TestResponse, text: str, *others: object) -> TestResponse:
    """No fault whatever it is an answer to; and what is refused is refused by name."""
    assert faults_of(answer) == [], (text, *others)
    assert answer.status_code < 500, (text, *others)
    assert "Traceback" not in answer.text
    if 400 <= answer.status_code < 500 and answer.status_code != 422:
        assert _CODE.search(answer.text) or 'role="alert"' in answer.text or "data-say" in answer.text, (text, *others)
    return answer


def arrived(text: str) -> str:
    """What a form is handed: bytes that are no text arrive as they were quoted, and harm nobody."""
    return re.sub("[\ud800-\udfff]", lambda half: quote(half[0].encode("utf-8", "surrogatepass")), text)


def clean(text: str) -> str:
    """What is kept of it."""
    return complaints.clean(arrived(text))


def is_raw(text: str) -> bool:
    """Whether no form takes it at all."""
    return len(arrived(text)) > 4_000 or "\0" in text


def fits(name: str, text: str) -> bool:
    """Whether a field of the form takes it."""
    kept = clean(text)
    return not is_raw(text) and 0 < len(kept) <= LONGEST[name] and not personal.is_told(kept)


# --- the form -----------------------------------------------------------------------------------------


def sheets(names: Sequence[str], texts: Sequence[str]) -> Iterator[dict[str, str]]:
    """One text in each field, until each text has been in one; at full length in every field."""
    for turn in share(range(len(names)), range(1)):
        for at in range(0, len(texts), len(names)):
            batch = texts[at : at + len(names)]
            yield {names[(n + turn + at) % len(names)]: text for n, text in enumerate(batch)}


def a_screen(step: str, **told: str) -> dict[str, str]:
    """The form as it is sent from a screen; a person under 18 for whom somebody speaks, or another who asked them."""
    fixed = {"id": secrets.token_hex(16), "case": draw_case_number(), "query": draw_query_code(), "matter": "complaint"}
    is_for_another = step == "agent" or not told.keys().isdisjoint(OF_AGENTS)
    who = FOR_ANOTHER if is_for_another else {"consumer": "minor", "guardian": "李四"}
    return {**fixed, **COMPLAINT, **who, **told, "step": step, "go": "next"}


class Door:
    """Where the form is sent to, and what becomes of it."""

    def __init__(self, sides: Sides, address: str, client: FlaskClient, **fixed: str) -> None:
        self.sides, self.address, self.client, self.fixed = sides, address, client, fixed
        self.refused = self.kept = self._sent = 0

    def send(self, told: dict[str, str]) -> TestResponse:
        self._sent += 1
        if self._sent % 50 == 1:
            self.sides.forgive()
        return post(self.client, self.address, {**told, **self.fixed})

    def try_sheet(self, sheet: dict[str, str], kept_as: Callable[[str], dict[str, str]]) -> None:
        """What a field does not take is refused by itself; all the others are filed and come back as they were."""
        for name, text in sheet.items():
            if not fits(name, text):
                answer = sound(self.send(a_screen(STEP_OF[name], **{name: text})), text, name)
                is_blank = not is_raw(text) and not clean(text)
                allowed = (200, 422) if is_blank else (400, 413, 422)
                assert answer.status_code in allowed, (name, text)
                assert answer.status_code != 422 or shows(answer, clean(text)), (name, text)
                self.refused += 1
        taken = {name: text for name, text in sheet.items() if fits(name, text)}
        told = a_screen(STEPS[-1].name, **taken)
        answer = sound(self.send(told), str(taken))
        assert (answer.status_code, "slip-number" in answer.text) == (200, True), taken
        held = kept_as(told["case"])
        assert {name: held[name] for name in taken} == {name: clean(text) for name, text in taken.items()}
        self.kept += len(taken)


def test_at_the_desk_every_text_is_refused_or_sealed_as_it_is(sides: Sides):
    door = Door(sides, "/staff/complaint", sides.client("booth", signed_in=True), code="7KQ2-M0ZR")
    with sides.pair.hub.store.reading() as tx:
        key = people.open_key(tx, *CASEWORKER)
    here = sides.pair.booth.journal

    def kept_as(case: str) -> dict[str, str]:
        (line,) = here.lines(here.head()[0], 1)
        filed = envelope.decode(line)
        assert (filed.kind, filed.body["case"]) == ("complaint.filed", case)
        return msgspec.json.decode(keys.unseal(key, here.blob(REGISTRY.read(filed).blob)))

    for sheet in (*sheets(WORDS, some(0, 3)), *sheets(OF_AGENTS, some(0, 30))):
        door.try_sheet(sheet, kept_as)
    figure("hostile texts at the desk, refused and kept", (door.refused, door.kept))


def test_on_a_phone_every_text_is_refused_or_shown_to_the_caseworker_as_it_is(sides: Sides):
    door = Door(sides, f"/m/complaint/{device_of(sides.pair)}", sides.app("hub").test_client())

    for sheet in (*sheets(WORDS, some(1, 3)), *sheets(OF_AGENTS, some(1, 30))):
        taken = {name: clean(text) for name, text in sheet.items() if fits(name, text)}

        def shown(case: str, taken: dict[str, str] = taken) -> dict[str, str]:
            page = sound(opened(sides, case), str(taken))
            return {name: text for name, text in taken.items() if shows(page, text)}

        door.try_sheet(sheet, shown)
    figure("hostile texts on a phone, refused and kept", (door.refused, door.kept))


def opened(sides: Sides, case: str) -> TestResponse:
    told = {"reason": "handling", "csrf": sides.csrf()}
    return sides.client("hub", signed_in=True).post(f"{CASES}/{case}/open", data=told)


def test_a_number_a_day_and_a_code_are_none_whatever_is_written(sides: Sides):
    door = Door(sides, f"/m/complaint/{device_of(sides.pair)}", sides.app("hub").test_client())
    for place, text in enumerate(some(2, 30)):
        for name in share(NUMBERS, NUMBERS[place % len(NUMBERS) :][:1]):
            sound(door.send(a_screen(STEP_OF[name], **{name: text})), text, name)


# --- sealed elsewhere: a page that is somebody else's seals what it likes ---------------------------------


def test_whatever_was_sealed_in_a_page_is_shown_as_text(sides: Sides):
    """No rule of the form was asked: overlong, with control characters, in every field at once."""
    names = [name for name in WORDS if name != "guardian"]
    for sheet in sheets([*names, "guardian", "on_behalf", "on_behalf_phone", "relation"], some(0, 4)):
        sealed = {name: text.encode("utf-8", "replace").decode() for name, text in sheet.items()}
        case = leave_case(sides.pair.hub, **sealed)
        page = sound(opened(sides, case), str(sealed))
        assert page.status_code == 200
        for name, text in sealed.items():
            assert shows(page, text), (name, text)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"name":"\\ud800"}',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"amount":1e999}',
        b'{"context":null}',
        b"nul\0l",
    ],
    ids=range(9),
)
def test_what_was_sealed_and_is_no_complaint_is_said_to_be_broken(sides: Sides, content: bytes):
    case, fact = draw_case_number(), secrets.token_hex(16)
    leave_sealed(sides.pair.hub, case, fact, content)
    page = sound(opened(sides, case), repr(content))
    assert (page.status_code // 100, "seal.broken" in page.text) == (4, True)


# --- asking and answering -----------------------------------------------------------------------------


def takes(text: str, most: int) -> bool:
    kept = clean(text)
    return not is_raw(text) and 0 < len(kept) <= most and not personal.stands_in(kept)


def test_a_question_is_refused_or_comes_back_as_it_was_asked(sides: Sides):
    visitor, office = sides.client("booth"), sides.client("hub", signed_in=True)
    for place, text in enumerate(some(3, 9)):
        answer = sound(post(visitor, "/advice", {"id": secrets.token_hex(16), "question": text}), text)
        assert (answer.status_code == 200) == takes(text, QUESTION_LIMIT), text
        assert answer.status_code != 422 or shows(answer, clean(text)), text
        if place % share(1, 4) == 0:
            number, asked = draw_case_number(), text.encode("utf-8", "replace").decode()
            leave_question_only(sides, number, asked)
            told = {"reason": "answering", "csrf": sides.csrf()}
            assert shows(sound(post(office, f"/fairs/demo/advice/{number}/open", told), text), asked)


def leave_question_only(sides: Sides, number: str, text: str) -> None:
    leave_question(sides.pair, number, text)
    with sides.pair.hub.store.begin() as tx:  # the item that comes with it is of other tests
        tx.execute(delete(exposures))


def test_an_answer_and_the_question_in_other_words_are_public_as_they_were_written(sides: Sides):
    office, public = sides.client("hub", signed_in=True), sides.app("hub").test_client()
    for text in some(4, 18):
        number = draw_case_number()
        leave_question_only(sides, number, "能退吗？")
        told = {
            "id": secrets.token_hex(16),
            "answer": text,
            "listed": "yes",
            "wording": text[:300],
            "csrf": sides.csrf(),
        }
        answer = sound(post(office, f"/fairs/demo/advice/{number}", told), text)
        is_taken = takes(text, ANSWER_LIMIT) and takes(text[:300], 300)
        assert (answer.status_code == 303) == is_taken, text
        assert answer.status_code != 422 or shows(answer, clean(text)), text
        if is_taken:
            sides.forgive()
            page = sound(post(public, "/m/advice", {"code": number}), text)
            assert (shows(page, clean(text)), shows(page, clean(text[:300]))) == (True, True), text


# --- in the office ------------------------------------------------------------------------------------


def test_the_register_finds_nothing_by_such_words_and_says_so(sides: Sides):
    office = sides.client("hub", signed_in=True)
    names = ("state", "due", "matter", "venue", "unit", "handler", "day", "text", "page")
    for sheet in sheets(names, some(5, 6)):
        query = urlencode({name: text.encode("utf-8", "surrogatepass") for name, text in sheet.items()})
        answer = sound(office.get(f"{CASES}?{query[:6_000]}"), query)
        assert answer.status_code in (200, 400, 404, 414)
    for text in some(6, 27):
        answer = sound(post(office, f"{CASES}/find", {"phone": text, "csrf": sides.csrf()}), text)
        assert answer.status_code in (200, 400, 413)


def test_a_note_is_refused_or_read_as_it_was_written(sides: Sides):
    office = sides.client("hub", signed_in=True)
    for some_texts in _in_tens(some(7, 18)):
        case, written = leave_case(sides.pair.hub), []
        for text in some_texts:
            told = {"id": secrets.token_hex(16), "text": text, "csrf": sides.csrf()}
            answer = sound(post(office, f"{CASES}/{case}/note", told), text)
            is_taken = not is_raw(text) and len(arrived(text)) <= CASE_NOTE_LIMIT and bool(clean(text))
            assert (answer.status_code == 303) == is_taken, text
            written += [clean(text)] * is_taken
        page = sound(opened(sides, case), str(some_texts))
        assert [text for text in written if not shows(page, text)] == []


def test_a_body_a_case_is_passed_on_to_is_refused_or_shown_as_it_is_called(sides: Sides):
    office = sides.client("hub", signed_in=True)
    for text in some(8, 30):
        case = leave_case(sides.pair.hub)
        told = {"id": secrets.token_hex(16), "recipient": text, "road": "letter", "consent": "yes"}
        told["csrf"] = sides.csrf()
        answer = sound(post(office, f"{CASES}/{case}/transfer", told), text)
        kept = clean(text).replace("\n", " ")
        assert (answer.status_code == 303) == (not is_raw(text) and 1 <= len(kept) <= 80), text
        if answer.status_code == 303:
            for page in (office.get(f"{CASES}/{case}"), office.get(f"{CASES}/deliveries")):
                assert shows(sound(page, text), kept), text


def test_what_was_exposed_is_refused_or_listed_as_it_was_called(sides: Sides):
    office, at = sides.client("hub", signed_in=True), "/fairs/demo/exposures"

    def send(address: str, **told: str) -> TestResponse:
        return post(office, address, {"id": secrets.token_hex(16), "csrf": sides.csrf(), **told})

    for some_texts in _in_tens(some(10, 27)):
        with sides.pair.hub.store.begin() as tx:
            tx.execute(delete(exposures))
        number, listed = 0, []
        for text in some_texts:
            answer = sound(send(at, title=text, source=text[:120]), text)
            is_taken = takes(text, TITLE_LIMIT) and (not clean(text[:120]) or takes(text[:120], SOURCE_LIMIT))
            assert (answer.status_code == 303) == is_taken, text
            if not is_taken:
                continue
            number += 1
            listed += [clean(text), clean(text[:120])]
            if takes(text, OFFICE_LIMIT):
                assert sound(send(f"{at}/{number}/assign", office=text), text).status_code == 303
                listed.append(clean(text))
            if takes(text, NOTE_LIMIT):
                assert sound(send(f"{at}/{number}/close", result="concerned", note=text), text).status_code == 303
        page = sound(office.get(at), str(some_texts))
        assert [text for text in listed if not shows(page, text)] == []


def _in_tens(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(texts), 10):
        yield texts[at : at + 10]


# --- numbers, codes, receipts, names --------------------------------------------------------------------


def test_such_words_are_no_number_no_code_and_no_receipt(sides: Sides):
    visitor = sides.app("hub").test_client()
    for text in some(11, 60):
        sides.forgive()
        asked = [
            post(visitor, "/m/status", {"case": text, "code": text}),
            post(visitor, "/m/status", {"case": sides.case, "code": text}),
            post(visitor, "/m/receipt", {"receipt": text}),
            post(visitor, "/m/advice", {"code": text}),
        ]
        for number, answer in enumerate(asked):
            sound(answer, text, number)
            assert "slip-number" not in answer.text


def test_no_such_word_is_a_name_on_the_board_a_code_or_a_volunteer(sides: Sides):
    visitor, desk = sides.client("booth"), sides.client("booth", signed_in=True)
    for text in some(12, 60):
        sides.forgive()
        for client, address, told in (
            (visitor, "/board/join", {"session": an_id(), "nickname": text}),
            (visitor, "/check", {"id": secrets.token_hex(16), "code": text}),
            (visitor, "/staff/enter", {"volunteer": text, "pin": text, "next": text}),
            (desk, "/staff/prizes/find", {"code": text}),
            (desk, "/staff/complaint/resume", {"code": text}),
        ):
            assert sound(post(client, address, told), text, address).status_code != 303, (address, text)


# --- what is taken out ------------------------------------------------------------------------------------


def test_in_a_workbook_no_such_word_is_a_formula():
    sheet = Workbook().active
    for row, text in enumerate(TEXTS, 1):
        kept = clean(text)[:30_000]
        cell = say(sheet, row, 1, kept)
        assert cell.data_type == "s", text
        assert cell.quotePrefix or not kept.startswith(("=", "+", "-", "@")), text


def test_the_list_is_there_and_ours_is_as_long_as_it_was_promised():
    assert len(hostile.public()) > 450
    assert len(hostile.made()) == 5_000
    assert any("\ud800" in text for text in hostile.made())
    assert sum(len(text) > 2_000 for text in hostile.made()) > 200
