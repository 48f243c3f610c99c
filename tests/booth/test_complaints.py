"""Complaints at the desk: sealed before anything touches the disk, filed once, picked up where they were left."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk import strictjson
from kiosk.booth import complaints
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.clock import stamp
from kiosk.facts.complaints import normal_case_number
from kiosk.hub import people
from kiosk.sync import keys, protocol
from kiosk.sync.push import Meeting
from tests.clocks import FakeClock
from tests.makers import CASEWORKER, COMPLAINT, VOLUNTEER, Browser, Page, Pair, an_id, answers, facts_of, fill_complaint

FORM = "/staff/complaint"
UNLOCK = "/staff/complaint/unlock"
DAY = 24 * 3600


@pytest.fixture
def desk(client: FlaskClient) -> Browser:
    return Browser(client).enter(*VOLUNTEER)


def the_filed(booth: Booth) -> list[dict[str, object]]:
    return [fact.body for fact in facts_of(booth.journal, "complaint.filed")]


def turn(desk: Browser, page: Page, **changes: str) -> Page:
    return desk.send(page.form(FORM), go="next", **answers(page, **changes))


def screen(desk: Browser, number: int, **changes: str) -> Page:
    """The form at screen `number`, what came before filled in."""
    screens = fill_complaint(desk, **changes)
    return [next(screens) for _ in range(number)][-1]


# --- from the first screen to the receipt ---------------------------------------------------------


def test_a_complaint_is_filed_screen_by_screen(desk: Browser, booth: Booth):
    *screens, receipt = fill_complaint(desk)
    assert [page.form(FORM).values["step"] for page in screens] == ["1", "2", "3", "4", "5"]
    [filed] = the_filed(booth)
    assert str(filed["case"]) in receipt
    assert normal_case_number(str(filed["case"])) == filed["case"]


def test_the_fact_names_the_sealed_content_by_its_hash(desk: Browser, booth: Booth):
    list(fill_complaint(desk))
    [filed] = the_filed(booth)
    [(name, blob)] = booth.journal.blobs_unsent()
    assert filed["blob"] == name == hashlib.sha256(blob).hexdigest()
    assert (filed["size"], filed["channel"]) == (len(blob), "volunteer")


def test_only_the_hub_can_open_what_was_typed(paired: Pair):
    list(fill_complaint(paired.at_the_desk()))
    [(_, blob)] = paired.booth.journal.blobs_unsent()
    with paired.hub.store.reading() as tx:
        told = strictjson.loads(keys.unseal(people.open_key(tx, *CASEWORKER), blob))
    [fact] = facts_of(paired.booth.journal, "complaint.filed")
    assert {name: told[name] for name in ("name", "phone", "facts", "amount")} == {
        "name": COMPLAINT["name"],
        "phone": COMPLAINT["phone"],
        "facts": COMPLAINT["facts"],
        "amount": 12_850,
    }
    assert told["context"] == {"fair": "demo", "fact": fact.id, "case": fact.body["case"]}


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_nothing_that_was_typed_is_on_the_tablet_s_disk(desk: Browser, booth: Booth):
    assert "示范市".encode() in on_disk(booth.config.data)  # the search finds what is there
    list(fill_complaint(desk))
    found = on_disk(booth.config.data)
    typed = [value for name, value in COMPLAINT.items() if name not in ("notice", "bought_on")]
    for value in typed:
        for encoding in ("utf-8", "utf-16-le", "gbk", "unicode-escape"):
            assert value.encode(encoding) not in found, (value, encoding)
        assert value.encode().hex().encode() not in found


def test_the_answer_may_be_kept_nowhere(desk: Browser):
    assert {page.headers["Cache-Control"] for page in fill_complaint(desk)} == {"no-store"}


# --- faults, and the way back ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "field", "text"),
    [
        (1, "notice", ""),
        (2, "respondent", ""),
        (2, "respondent", "   "),
        (2, "respondent_address", "a" * 121),
        (3, "bought_on", "2027-03-16"),
        (3, "amount", "很多"),
        (3, "facts", "\u200b"),
        (4, "request", ""),
        (5, "phone", "123"),
    ],
)
def test_a_fault_is_shown_on_its_screen(desk: Browser, booth: Booth, number: int, field: str, text: str):
    page = turn(desk, screen(desk, number), **{field: text})
    assert (page.status, page.form(FORM).values["step"]) == (422, str(number))
    assert f'id="{field}-fault"' in page
    assert the_filed(booth) == []


def test_what_was_typed_is_still_there_after_a_fault(desk: Browser):
    page = turn(desk, screen(desk, 5), phone="123")
    assert page.form(FORM).values["facts"] == COMPLAINT["facts"]
    assert page.form(FORM).values["phone"] == "123"


def test_the_way_back_loses_nothing(desk: Browser):
    page = screen(desk, 3)
    page = desk.send(page.form(FORM), go="back", facts="写到一半")
    assert page.form(FORM).values["step"] == "2"
    page = desk.send(page.form(FORM), go="next")
    assert page.form(FORM).values["facts"] == "写到一半"


def test_there_is_no_way_back_before_the_beginning(desk: Browser):
    page = desk.send(desk.get(FORM).form(FORM), go="back")
    assert page.form(FORM).values["step"] == "1"


def test_a_jump_to_the_last_screen_leads_back_to_what_is_missing(desk: Browser, booth: Booth):
    form = desk.get(FORM).form(FORM)
    page = desk.send(form, go="next", **{**COMPLAINT, "step": "5", "request": ""})
    assert (page.status, page.form(FORM).values["step"]) == (422, "4")
    assert the_filed(booth) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "x"},
        {"case": "0000-00001"},
        {"case": "0000-0000O"},
        {"step": "6"},
        {"step": "0"},
        {"step": "١"},
        {"go": "on"},
        {"code": "none!"},
        {"colour": "red"},
        {"name": "a" * 4001},
    ],
    ids=str,
)
def test_what_no_screen_of_ours_would_send_is_refused(desk: Browser, booth: Booth, changes: dict[str, str]):
    form = desk.get(FORM).form(FORM)
    page = desk.send(form, **{"go": "next", "notice": "yes", **changes})
    assert page.status in (400, 413)
    assert the_filed(booth) == []


def test_hostile_text_is_text(desk: Browser):
    page = screen(desk, 4, respondent="<script>alert(1)</script>", facts="{{ 7 * 7 }} \u202e'\"")
    assert "<script>alert" not in page
    assert page.form(FORM).values["respondent"] == "<script>alert(1)</script>"
    assert page.form(FORM).values["facts"] == "{{ 7 * 7 }} '\""


# --- once -----------------------------------------------------------------------------------------


def test_sending_again_gives_the_same_receipt_and_no_second_fact(desk: Browser, booth: Booth):
    last = screen(desk, 5)
    form, told = last.form(FORM), answers(last)
    first, again = (desk.send(form, go="next", **told) for _ in range(2))
    assert first.text == again.text
    assert len(the_filed(booth)) == 1
    assert len(booth.journal.blobs_unsent()) == 1


def test_another_case_cannot_take_the_id(desk: Browser, booth: Booth):
    last = screen(desk, 5)
    turn(desk, last)
    other = desk.get(FORM).form(FORM).values["case"]
    page = desk.send(last.form(FORM), go="next", **{**answers(last), "case": other})
    assert (page.status, "fact.conflict" in page) == (409, True)
    assert len(the_filed(booth)) == 1


def test_a_counted_visitor_s_id_is_no_complaint(desk: Browser, booth: Booth):
    desk.post("/staff/tally", id=an_id(), counter="headcount", n="1")
    page = desk.send(screen(desk, 5).form(FORM), go="next", **{**COMPLAINT, "id": an_id()})
    assert page.status == 409
    assert the_filed(booth) == []


# --- picked up where it was left ------------------------------------------------------------------


def leave_at(desk: Browser, number: int) -> str:
    """Fill the form up to a screen, and walk away with the code."""
    return screen(desk, number).form(FORM).values["code"]


def resume(desk: Browser, code: str) -> Page:
    return desk.post("/staff/complaint/resume", code=code)


def test_a_form_left_half_way_goes_on_by_its_code(desk: Browser, booth: Booth):
    page = resume(desk, leave_at(desk, 4))
    assert page.form(FORM).values["step"] == "4"
    assert page.form(FORM).values["facts"] == COMPLAINT["facts"]
    turn(desk, turn(desk, page))
    assert len(the_filed(booth)) == 1


def test_a_code_may_be_typed_as_people_type(desk: Browser):
    code = leave_at(desk, 3)
    assert resume(desk, f" {code.lower().replace('-', ' ')}").form(FORM).values["step"] == "3"


@pytest.mark.parametrize("code", ["", "0000-0000", "ABC", "中文中文中文中文", "U" * 8])
def test_a_wrong_code_opens_nothing_and_says_so(desk: Browser, code: str):
    leave_at(desk, 4)
    page = resume(desk, code)
    assert page.status in (400, 404)
    assert "data-say" in page
    assert COMPLAINT["facts"] not in page


def test_the_next_day_it_is_gone(desk: Browser, booth: Booth, clock: FakeClock):
    code = leave_at(desk, 4)
    clock.tick(DAY)
    desk.enter(*VOLUNTEER)
    assert resume(desk, code).status == 404
    leave_at(desk, 2)
    assert booth.journal.read_one("SELECT count(*), max(day) FROM drafts") == (1, "2027-03-16")


def test_once_filed_it_cannot_be_picked_up(desk: Browser, booth: Booth):
    page = screen(desk, 5)
    turn(desk, page)
    assert resume(desk, page.form(FORM).values["code"]).status == 404
    assert booth.journal.read_one("SELECT count(*) FROM drafts") == (0,)


def test_a_draft_is_kept_under_neither_its_code_nor_its_words(desk: Browser, booth: Booth):
    code = leave_at(desk, 4)
    found = on_disk(booth.config.data)
    assert COMPLAINT["facts"].encode() not in found
    assert code.encode() not in found
    assert code.replace("-", "").encode() not in found


@pytest.mark.parametrize(("days", "kept"), [(0, 1), (1, 0)])
def test_a_restart_keeps_today_s_draft_and_no_other(
    desk: Browser, booth: Booth, clock: FakeClock, days: int, kept: int
):
    code = leave_at(desk, 4)
    clock.tick(days * DAY)
    again = create_booth_app(booth.config, clock)
    with closing(again.extensions["booth"]):
        assert booth.journal.read_one("SELECT count(*) FROM drafts") == (kept,)
        page = resume(Browser(again.test_client()).enter(*VOLUNTEER), code)
    assert (page.status == 200) == bool(kept)


# --- the visitor's own phone ----------------------------------------------------------------------


def test_the_visitor_s_way_leads_to_the_hub_and_names_the_tablet(client: FlaskClient, booth: Booth):
    page = Browser(client).get("/complaint")
    assert f"localhost/m/complaint/{booth.enrolled.certificate.device}" in page
    assert "<svg" in page


def test_whoever_comes_to_the_visitor_s_page_from_the_staff_screens_has_left_them(desk: Browser, booth: Booth):
    """The screen for a full disk leads there: the tablet is then in the visitor's hands."""
    booth.storage._free = lambda: 1000
    assert 'href="/complaint"' in desk.get(FORM)
    desk.get("/complaint")
    assert desk.get("/staff").path == "/staff/enter"


# --- when the screen locked -----------------------------------------------------------------------

TYPED = "电饭锅用了一天就不热了，商家不肯退。"


@pytest.fixture
def locked(desk: Browser, clock: FakeClock) -> Callable[[], Page]:
    """The volunteer typed at one screen until the session was over, and went on."""
    page = screen(desk, 3)
    clock.tick(301)
    return lambda: turn(desk, page, facts=TYPED)


def test_what_was_typed_when_the_screen_locked_waits_behind_the_pin(
    locked: Callable[[], Page], desk: Browser, booth: Booth
):
    page = locked()
    code = page.form(UNLOCK).values["code"]
    assert (page.status, f'<b class="code num">{code}</b>' in page, TYPED in page.form(UNLOCK).values.values()) == (
        403, True, True,
    )  # fmt: skip
    page = desk.send(page.form(UNLOCK), volunteer="li", pin="000000")
    assert (page.status, "PIN 不对" in page, code in page) == (403, True, True)
    page = desk.send(page.form(UNLOCK), volunteer="li", pin=VOLUNTEER[1])
    assert page.form(FORM).values["facts"] == TYPED
    for _ in range(3):
        page = turn(desk, page)
    assert len(the_filed(booth)) == 1


def test_what_was_typed_when_the_screen_locked_is_kept_under_its_code(locked: Callable[[], Page], desk: Browser):
    code = locked().form(UNLOCK).values["code"]
    assert resume(desk.enter(*VOLUNTEER), code).form(FORM).values["facts"] == TYPED


def test_what_could_not_be_kept_when_the_screen_locked_waits_in_the_page(
    locked: Callable[[], Page], desk: Browser, booth: Booth
):
    booth.storage._free = lambda: 1000
    page = locked()
    assert ("续填码" in page, "不要离开" in page) == (False, True)
    page = desk.send(page.form(UNLOCK), volunteer="li", pin=VOLUNTEER[1])
    assert page.form(FORM).values["facts"] == TYPED


def test_while_the_pin_is_locked_the_form_waits(locked: Callable[[], Page], desk: Browser, clock: FakeClock):
    page = locked()
    for _ in range(6):
        page = desk.send(page.form(UNLOCK), volunteer="li", pin="000000")
    assert desk.send(page.form(UNLOCK), volunteer="li", pin=VOLUNTEER[1]).status == 429
    clock.tick(60)
    page = desk.send(page.form(UNLOCK), volunteer="li", pin=VOLUNTEER[1])
    assert page.form(FORM).values["facts"] == TYPED


def test_whoever_never_signed_in_fills_no_disk(desk: Browser, booth_app: Flask, booth: Booth):
    form = screen(desk, 2).form(FORM)
    booth.journal.write("DELETE FROM drafts")
    page = Browser(booth_app.test_client()).send(form, go="next", respondent="店", respondent_address="路")
    assert (page.status, page.form(UNLOCK).values["respondent"]) == (403, "店")
    desk.post("/staff/lock")
    assert desk.send(form, go="next", respondent="店", respondent_address="路").status == 403
    assert booth.journal.read_one("SELECT count(*) FROM drafts") == (0,)


# --- when something is in the way -----------------------------------------------------------------


@pytest.fixture
def other(booth: Booth) -> Iterator[sqlite3.Connection]:
    """Another program at the journal's file; the booth waits for it no longer than a moment."""
    booth.journal.transact(lambda connection: connection.execute("PRAGMA busy_timeout = 20"))
    with closing(sqlite3.connect(booth.journal.file, isolation_level=None)) as connection:
        yield connection


def test_a_form_that_cannot_be_kept_just_now_goes_on_and_says_so(
    desk: Browser, booth: Booth, other: sqlite3.Connection
):
    page = screen(desk, 3)
    other.execute("BEGIN IMMEDIATE")
    page = turn(desk, page)
    assert (page.status, page.form(FORM).values["step"], "现在存不下" in page) == (200, "4", True)
    other.execute("ROLLBACK")
    page = turn(desk, page)
    assert "现在存不下" not in page
    turn(desk, page)
    assert len(the_filed(booth)) == 1


def test_a_complaint_that_cannot_be_filed_just_now_stays_on_the_screen(
    desk: Browser, booth: Booth, other: sqlite3.Connection
):
    page = screen(desk, 5)
    other.execute("BEGIN IMMEDIATE")
    page = turn(desk, page)
    assert (page.status, "data-say" in page) == (503, True)
    assert [page.form(FORM).values[name] for name in ("step", "facts", "address")] == [
        "5", COMPLAINT["facts"], COMPLAINT["address"],
    ]  # fmt: skip
    other.execute("ROLLBACK")
    assert "已登记" in turn(desk, page)
    assert len(the_filed(booth)) == 1


def test_a_complaint_that_is_filed_is_shown_as_filed_whatever_comes_of_its_draft(
    desk: Browser, booth: Booth, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
):
    page = screen(desk, 5)
    discard = complaints.discard_draft

    def at_that_very_moment(here: Booth, code: str) -> None:
        other.execute("BEGIN IMMEDIATE")
        discard(here, code)

    monkeypatch.setattr(complaints, "discard_draft", at_that_very_moment)
    page = turn(desk, page)
    other.execute("ROLLBACK")
    [filed] = the_filed(booth)
    assert (page.status, str(filed["case"]) in page) == (200, True)


@pytest.fixture
def unopenable(booth: Booth) -> Callable[[], None]:
    """The hub says that what this tablet seals does not open there."""

    def learn() -> None:
        seq, digest = booth.journal.head()
        booth.journal.keep_head(protocol.dump(protocol.Head(seq=seq, hash=digest.hex(), canary="broken")))
        booth.look_again()

    return learn


def test_where_nothing_sealed_here_opens_no_complaint_is_begun(desk: Browser, unopenable: Callable[[], None]):
    unopenable()
    page = desk.get(FORM)
    assert (page.status, "complaint.unopenable" in page) == (409, True)
    for words in ("纸质登记表", "/complaint", "12315", "回计数", "组织者"):
        assert words in page
    assert "/staff/tally" in desk.get("/staff")


def test_where_nothing_sealed_here_opens_no_complaint_is_filed_and_its_words_stay(
    desk: Browser, booth: Booth, unopenable: Callable[[], None]
):
    page = screen(desk, 5)
    unopenable()
    page = turn(desk, page)
    assert (page.status, page.form(FORM).values["facts"], "打不开" in page) == (409, COMPLAINT["facts"], True)
    assert the_filed(booth) == []


# --- clocks ---------------------------------------------------------------------------------------


def years_back(clock: FakeClock) -> float:
    return (clock.now() - clock.now().replace(year=2010)).total_seconds()


def test_a_reboot_with_the_clock_in_the_past_erases_no_half_filled_form(desk: Browser, booth: Booth, clock: FakeClock):
    code, back = leave_at(desk, 4), years_back(clock)
    booth.close()
    clock.reboot()
    clock.jump_wall(-back)
    again = create_booth_app(booth.config, clock)
    with closing(again.extensions["booth"]):
        clock.jump_wall(back)
        page = resume(Browser(again.test_client()).enter(*VOLUNTEER), code)
        assert page.form(FORM).values["facts"] == COMPLAINT["facts"]


@pytest.mark.parametrize("is_compared", [True, False])
def test_with_the_clock_in_the_past_a_purchase_of_last_week_is_believed(
    desk: Browser, booth: Booth, clock: FakeClock, is_compared: bool
):
    if is_compared:
        booth.journal.compare_clocks(Meeting(stamp(clock.now()), clock.monotonic(), 20))
    clock.jump_wall(-years_back(clock))
    *_, receipt = fill_complaint(desk)
    assert "已登记" in receipt


def test_by_the_hub_s_time_a_purchase_of_tomorrow_is_not(desk: Browser, booth: Booth, clock: FakeClock):
    booth.journal.compare_clocks(Meeting(stamp(clock.now()), clock.monotonic(), 20))
    clock.jump_wall(7 * DAY)
    assert 'id="bought_on-fault"' in turn(desk, screen(desk, 3), bought_on="2027-03-16")
