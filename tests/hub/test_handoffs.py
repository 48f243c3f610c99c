"""From the tablet's screen to the hub's form on a phone: a word that is good for minutes, once, and loses nobody."""

import pytest
from sqlalchemy import select

from kiosk import values
from kiosk.booth import outbox, posters
from kiosk.hub import devices
from kiosk.hub.handoffs import FILLING
from kiosk.hub.tables import complaints
from kiosk.hub.tables import handoffs as table
from kiosk.sync import handoffs
from kiosk.sync.handoffs import LIFE, Handoff
from tests.hub.phones import device_of
from tests.hub.tablets import rows
from tests.makers import Browser, Page, Pair, an_id, answers, screens_of
from tests.proof import share_hubs
from tests.scanner import scanned


@pytest.fixture
def address(paired: Pair) -> str:
    """What a phone reads off the tablet's screen, without the hub's name."""
    return way(paired)


def way(pair: Pair) -> str:
    page = pair.visitor().get("/complaint/settle")
    (text,) = scanned(page.text)
    return text.removeprefix("http://localhost")


def a_phone(pair: Pair) -> Browser:
    return Browser(pair.hub_app.test_client())


def begins(phone: Browser, address: str) -> Page:
    """Through the code to the first screen of a complaint."""
    page = phone.get(address)
    assert page.path == f"{form_at(address)}/settle"
    return page


def form_at(address: str) -> str:
    return address.partition("/t/")[0]


def word_in(address: str) -> str:
    return address.rpartition("/")[2].partition("?")[0]


def goes_on(phone: Browser, page: Page, screens: int = 20) -> Page:
    """So many screens, or to the receipt."""
    action = "/".join(page.path.split("/")[:4])
    for _ in range(screens):
        if not any(form.action == action and "step" in form.values for form in page.forms):
            return page
        page = phone.send(page.form(action), go="next", **answers(page, action))
    return page


def filed(pair: Pair) -> list[str]:
    with pair.hub.store.reading() as tx:
        return list(tx.execute(select(complaints.c.fact)).scalars())


# --- the way ------------------------------------------------------------------------------------------


def test_a_visitor_comes_from_the_tablet_s_screen_to_a_receipt(paired: Pair, address):
    receipt = goes_on(phone := a_phone(paired), begins(phone, address))
    assert "查询码" in receipt
    assert len(filed(paired)) == 1
    with paired.hub.store.reading() as tx:
        assert tx.execute(select(complaints.c.channel)).scalars().all() == ["phone"]


def test_the_word_leaves_the_address_bar_and_is_held_where_no_script_reads_it(paired: Pair, address):
    answer = paired.hub_app.test_client().get(address)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{form_at(address)}/settle")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_looking_at_the_address_uses_nothing_up(paired: Pair, address):
    for _ in range(3):
        assert paired.hub_app.test_client().get(address).status_code == 303  # a messenger's preview
    assert rows(paired.hub, table) == []
    goes_on(phone := a_phone(paired), begins(phone, address))
    assert len(filed(paired)) == 1


def test_every_look_at_the_screen_gives_another_word(paired: Pair):
    assert way(paired) != way(paired)


# --- once ---------------------------------------------------------------------------------------------


def test_the_first_phone_that_sends_a_screen_has_the_word(paired: Pair, address):
    first, second = a_phone(paired), a_phone(paired)
    its, other = begins(first, address), begins(second, address)
    goes_on(first, its, 1)
    refused = goes_on(second, other, 1)
    assert (refused.status, "另一部手机" in refused) == (409, True)
    assert second.get(address).status == 409
    plain = goes_on(second, second.get(f"{form_at(address)}/settle"))  # it is open to them, as to anybody
    assert ("查询码" in plain, len(filed(paired))) == (True, 1)


def test_who_photographed_the_screen_writes_into_nobody_s_form(paired: Pair, address):
    first, other = a_phone(paired), a_phone(paired)
    ids = [begins(phone, address).form(form_at(address)).values["id"] for phone in (first, other, first)]
    assert ids[0] == ids[2] != ids[1]
    word = handoffs.read(word_in(address), device_of(paired), _public_key(paired))
    assert values.derived_id(b"kiosk/handoff/fact/1", word.id) not in ids


def test_one_word_comes_to_one_record_from_whichever_page_it_is_sent(paired: Pair, address):
    phone = a_phone(paired)
    pages = [begins(phone, address) for _ in range(2)]
    goes_on(phone, pages[0])
    late = goes_on(phone, pages[1], len(screens_of()))
    assert late.status == 409
    assert late.form(form_at(address)).values["id"] not in filed(paired)
    assert len(filed(paired)) == 1


def test_who_has_filed_may_file_another_with_the_same_phone(paired: Pair, address):
    phone = a_phone(paired)
    goes_on(phone, begins(phone, address))
    goes_on(phone, begins(phone, address))
    assert len(set(filed(paired))) == 2


def test_the_same_form_sent_again_is_one_record(paired: Pair, address):
    phone = a_phone(paired)
    page = begins(phone, address)
    action = f"/m/complaint/{device_of(paired)}"
    while any(form.action == action and "step" in form.values for form in page.forms):
        last, told = page.form(action), answers(page, action)
        page = phone.send(last, go="next", **told)
    again = phone.send(last, go="next", **told)
    assert (page.status, again.text) == (200, page.text)
    assert len(filed(paired)) == 1


# --- what is refused ----------------------------------------------------------------------------------


def test_a_word_is_good_for_ten_minutes_and_then_the_plain_form_is_offered(paired: Pair, address, clock):
    clock.tick(LIFE)
    assert a_phone(paired).get(address).status == 200
    clock.tick(1)
    page = a_phone(paired).get(address)
    assert (page.status, "十分钟" in page, form_at(address) in page) == (410, True, True)


def test_who_came_in_time_has_time_to_fill_it_in(paired: Pair, address, clock):
    phone = a_phone(paired)
    page = begins(phone, address)
    clock.tick(LIFE + FILLING - 10)
    goes_on(phone, page)
    assert filed(paired) == [page.form(form_at(address)).values["id"]]


@share_hubs
@pytest.mark.parametrize("change", ["last", "first", "short", "long", "empty", "another tablet's", "hostile"])
def test_a_word_that_is_none_leads_to_the_plain_form(paired: Pair, address, change):
    base, word = f"{form_at(address)}/t", word_in(address)
    wrong = {
        "last": word[:-1] + ("0" if word[-1] != "0" else "1"),
        "first": ("0" if word[0] != "0" else "1") + word[1:],
        "short": word[:-1],
        "long": f"{word}0",
        "empty": "%20",
        "another tablet's": handoffs.write(paired.hub.key, device_of(paired), Handoff(an_id(), 0)),
        "hostile": "%3Cscript%3E" * 50,
    }[change]
    page = a_phone(paired).get(f"{base}/{wrong}")
    assert (page.status, "直接填写" in page, "<script>" in page) == (403, True, False)
    assert rows(paired.hub, table) == []


def test_a_tablet_that_was_withdrawn_sends_nobody_on(paired: Pair, address):
    with paired.hub.store.begin() as tx:
        devices.revoke(tx, paired.hub, device_of(paired), "丢失", "chen")
    assert a_phone(paired).get(address).status == 403


def test_a_word_for_a_tablet_nobody_knows_is_not_there(paired: Pair, address):
    other = address.replace(device_of(paired), an_id(7))
    assert a_phone(paired).get(other).status == 404


@share_hubs
def test_a_cookie_that_is_none_hurts_nobody(paired: Pair, address):
    for value in ("x", "x.y", ".", word_in(address), "💥.💥", "a" * 4000):
        client = paired.hub_app.test_client()
        client.set_cookie("handoff", value)
        page = goes_on(phone := Browser(client), phone.get(f"/m/complaint/{device_of(paired)}/settle"), 2)
        assert page.status == 200
    assert rows(paired.hub, table) == []


# --- clocks -------------------------------------------------------------------------------------------


def test_a_tablet_whose_clock_is_wrong_says_the_hub_s_time_once_it_knows_it(paired: Pair, clock):
    paired.sync()
    hub_time = paired.clock.now().timestamp()
    clock.jump_wall(-3 * 3600)
    word = word_in(posters.address_with_word(paired.booth, "report"))
    assert abs(handoffs.read(word, device_of(paired), _public_key(paired)).at - hub_time) < 2


def test_a_tablet_that_was_never_compared_and_is_wrong_is_refused_gently(paired: Pair, clock):
    late = posters.address_with_word(paired.booth, "settle").removeprefix("http://localhost")
    clock.tick(3 * 3600)  # the hub's time went on; the tablet's stood still
    page = a_phone(paired).get(late)
    assert (page.status, "时钟不准" in page, "直接填写" in page) == (410, True, True)


def test_a_tablet_that_knows_it_does_not_know_the_time_shows_the_plain_address(paired: Pair, clock):
    clock.jump_wall(-400 * 24 * 3600)
    assert posters.address_with_word(paired.booth, "settle") == f"{posters.address(paired.booth)}/settle"


def _public_key(pair: Pair) -> str:
    return bytes(outbox.load_key(pair.booth.config.data).verify_key).hex()
