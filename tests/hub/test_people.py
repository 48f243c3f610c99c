"""People at the hub: who gets in, for how long, and what they may open."""

import dataclasses

import pytest
from sqlalchemy import select

from kiosk.errors import Problem
from kiosk.hub import people
from kiosk.hub.app import create_hub_app
from kiosk.hub.context import SECURE_COOKIE
from kiosk.hub.tables import openings, sessions, throttles
from kiosk.sync import keys
from tests.hub.phones import file_by_phone, opens
from tests.hub.search import find, stored
from tests.hub.tablets import rows
from tests.hub.test_intake import together
from tests.makers import CASEWORKER, Browser, Pair

NAME, PASSWORD = CASEWORKER
VIEWER = ("lin", "another-made-up-password")


def knock(client, name: str = NAME, password: str = PASSWORD, target: str = "/"):
    return client.post("/login", data={"name": name, "password": password, "next": target})


def add(hub, name: str, password: str, *roles: str, key: keys.PrivateKey | None = None) -> None:
    with hub.store.begin() as tx:
        people.add_person(tx, name, password, set(roles), key)


def is_in(client) -> bool:
    return client.get("/fairs/demo").status_code == 200


# --- the door -------------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_is_sent_to_the_door_and_brought_back(hub_client):
    away = hub_client.get("/fairs/demo/complaints")
    assert (away.status_code, away.location) == (303, "/login?next=/fairs/demo/complaints")
    assert knock(hub_client, target="/fairs/demo/complaints").location == "/fairs/demo/complaints"
    assert is_in(hub_client)


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(hub_client):
    wrong, unknown = knock(hub_client, password="wrong"), knock(hub_client, name="nobody")
    assert (wrong.status_code, wrong.data) == (unknown.status_code, unknown.data)
    assert wrong.status_code == 403
    assert "Set-Cookie" not in wrong.headers


def test_blanks_around_a_name_and_a_password_do_not_matter(hub_client):
    assert knock(hub_client, f" {NAME} ", f"{PASSWORD}\n").status_code == 303


def test_after_five_tries_one_has_to_wait_a_minute_even_with_the_right_password(hub_client, clock):
    assert [knock(hub_client, password="wrong").status_code for _ in range(5)] == [403] * 5
    assert knock(hub_client).status_code == 429
    clock.tick(61)
    assert knock(hub_client).status_code == 303


def test_another_spelling_of_the_same_name_earns_no_further_tries(hub_client):
    for blanks in range(5):
        knock(hub_client, NAME + " " * blanks, "wrong")
    assert knock(hub_client, NAME + " " * 5, "wrong").status_code == 429


def test_whoever_is_signed_in_already_may_come_to_the_door_again(hub_client):
    knock(hub_client)
    assert hub_client.get("/login").status_code in (200, 303)
    assert knock(hub_client, password="wrong").status_code == 403


def test_one_persons_tries_lock_nobody_else_out(hub, hub_client):
    add(hub, *VIEWER, "viewer")
    for _ in range(6):
        knock(hub_client, password="wrong")
    assert knock(hub_client, *VIEWER).status_code == 303


def test_many_first_tries_at_the_same_moment_are_no_error(hub):
    app = create_hub_app(hub)
    knock(app.test_client(), "warm", "up")
    answers = together(*[lambda: knock(app.test_client(), password="wrong").status_code for _ in range(4)])
    assert set(answers) <= {403, 429}


def test_the_door_leads_nowhere_else(hub_client, clock):
    for target in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "///evil.example",
        "/\t/evil.example",
    ):
        assert knock(hub_client, target=target).location == "/", target
        clock.tick(61)


# --- sessions ---------------------------------------------------------------------------------------


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_touch(hub_client, clock):
    knock(hub_client)
    for _ in range(3):
        clock.tick(14 * 60)
        assert is_in(hub_client)
    clock.tick(15 * 60 + 1)
    assert not is_in(hub_client)


def test_a_board_that_asks_for_itself_keeps_no_session_alive(hub_client, clock):
    knock(hub_client)
    for _ in range(3):
        clock.tick(299)
        assert hub_client.get("/fairs/demo", headers={"HX-Request": "true"}).status_code == 200
    clock.tick(299)
    assert not is_in(hub_client)


def test_a_session_ends_after_twelve_hours_however_busy(hub_client, clock):
    knock(hub_client)
    for _ in range(12 * 60 // 14):
        clock.tick(14 * 60)
        assert hub_client.get("/fairs/new").status_code == 200  # a small page
    clock.tick(7 * 60)
    assert not is_in(hub_client)


def test_signing_out_ends_the_session_at_the_hub_too(hub_app, hub):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    cookie = office.client.get_cookie("session").value
    office.send(office.get("/fairs/demo").form("/logout"))
    thief = hub_app.test_client()
    thief.set_cookie("session", cookie)
    assert not is_in(thief)
    assert rows(hub, sessions) == []


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(hub_client):
    cookie = knock(hub_client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie


def test_under_https_the_cookie_is_bound_to_it_and_to_the_host(hub):
    hub.config = dataclasses.replace(hub.config, public_url="https://hub.example.cn")
    client = create_hub_app(hub).test_client()
    answer = knock(client)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(SECURE_COOKIE + "=")
    assert SECURE_COOKIE.startswith("__Host-")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_only_the_hash_of_a_cookie_is_kept(hub, hub_client):
    knock(hub_client)
    token = hub_client.get_cookie("session").value
    assert token not in str(rows(hub, sessions))


def test_each_sign_in_gets_a_session_of_its_own(hub, hub_client):
    knock(hub_client)
    first = hub_client.get_cookie("session").value
    knock(hub_client)
    assert hub_client.get_cookie("session").value != first
    assert len({row[2] for row in rows(hub, sessions)}) == 2  # and a csrf token of its own


def test_a_form_without_the_sessions_own_token_is_refused(hub, hub_app):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    form = office.get("/fairs/demo/codes").form("/fairs/demo/codes")
    Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    elses = next(row[2] for row in rows(hub, sessions) if row[2] != form.values["csrf"])
    for csrf in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": "中"}, {"csrf": elses}):
        refused = office.post("/fairs/demo/codes", desk="d02", **csrf)
        assert (refused.status, "login.stale" in refused) == (403, True)
    assert office.send(form, desk="d02").status == 200


# --- roles ------------------------------------------------------------------------------------------


def as_(pair: Pair, name: str, password: str) -> Browser:
    return Browser(pair.hub_app.test_client()).sign_in(name, password)


def test_a_viewer_sees_the_board_and_the_list_but_opens_nothing_and_draws_no_code(paired: Pair):
    case = file_by_phone(paired)
    add(paired.hub, *VIEWER, "viewer")
    viewer = as_(paired, *VIEWER)
    assert viewer.get("/fairs/demo").status == 200
    assert case in viewer.get("/fairs/demo/cases")
    opened = opens(viewer, case)
    assert (opened.status, "login.role" in opened) == (403, True)
    assert viewer.get("/fairs/demo/codes").status == 403
    assert rows(paired.hub, openings) == []


def test_an_organiser_without_the_key_opens_nothing(paired: Pair):
    case = file_by_phone(paired)
    add(paired.hub, "qian", "made-up-too", "organiser")
    add(paired.hub, "wu", "made-up-as-well", "supervisor")  # the role, but nobody gave the key on
    assert opens(as_(paired, "qian", "made-up-too"), case).status == 403
    locked = opens(as_(paired, "wu", "made-up-as-well"), case)
    assert (locked.status, "seal.locked" in locked) == (423, True)
    assert rows(paired.hub, openings) == []


def test_a_second_caseworker_added_by_the_first_can_open(paired: Pair):
    case = file_by_phone(paired)
    with paired.hub.store.begin() as tx:
        key = people.open_key(tx, *CASEWORKER)
        people.add_person(tx, "zhou", "yet-another-one", {"supervisor"}, key)
    assert "张三丰" in opens(as_(paired, "zhou", "yet-another-one"), case)


def test_the_key_is_given_on_only_with_the_givers_password(hub):
    with hub.store.reading() as tx:
        for name, password in ((NAME, "wrong"), ("nobody", PASSWORD)):
            with pytest.raises(Problem, match=r"login\.wrong"):
                people.open_key(tx, name, password)


def test_the_private_key_is_nowhere_in_the_database_or_the_folder(hub, hub_client):
    with hub.store.reading() as tx:
        key = bytes(people.open_key(tx, *CASEWORKER))
    knock(hub_client)  # a session holds it, locked under the cookie
    haystack = stored(hub)
    assert find(haystack + b"..." + key, key) == ["raw"]  # the search can find
    assert find(haystack, key) == []


def test_no_password_and_no_pin_is_kept_in_the_clear(hub):
    haystack = stored(hub)
    assert find(haystack, PASSWORD.encode()) == []
    with hub.store.reading() as tx:
        hashes = tx.execute(select(people.people.c.password)).scalars().all()
        pins = tx.execute(select(people.volunteers.c.pin)).scalars().all()
    assert all(text.startswith("$argon2id$") for text in [*hashes, *pins])


def test_a_drawn_pin_is_none_of_those_everybody_tries_first():
    drawn = {people.draw_pin() for _ in range(500)}
    assert all(len(pin) == 6 and pin.isdigit() for pin in drawn)
    assert not drawn & {"000000", "111111", "123456", "654321", "987654", "024680"}


def test_sessions_and_tries_of_long_ago_are_deleted_at_the_next_sign_in(hub, hub_client, clock):
    knock(hub_client, password="wrong")
    knock(hub_client)
    clock.tick(2 * 24 * 3600)
    knock(hub_client)
    assert (len(rows(hub, sessions)), len(rows(hub, throttles))) == (1, 1)
