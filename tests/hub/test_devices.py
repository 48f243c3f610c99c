"""Enrolment: one code, one tablet, one certificate."""

import secrets
from datetime import timedelta

import msgspec
import pytest

from kiosk.booth import outbox
from kiosk.booth.setup import init_booth
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.hub import devices
from kiosk.hub.app import create_hub_app
from kiosk.hub.journal import own_journal
from kiosk.hub.tables import devices as table
from kiosk.hub.tables import enrolments, facts, journals
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate
from tests.hub.joining import (
    Newcomer,
    a_canary,
    a_screen_code,
    confirm,
    person_id,
    reject,
    states,
    the_key,
    waiting,
)
from tests.hub.tablets import a_code, an_enrol_request, everything, rows
from tests.hub.test_api import SPOKEN, code_of
from tests.hub.test_intake import together
from tests.makers import CASEWORKER, HUB_URL, Browser, WsgiTransport, a_key, an_id
from tests.proof import share_hubs


def ask(client, request: protocol.EnrolRequest):
    return client.post("/sync/v1/enrol", data=protocol.dump(request), headers=SPOKEN)


def a_token(hub) -> str:
    return protocol.read_code(a_code(hub))[0]


def test_a_code_makes_one_tablet_a_member_of_the_fair(hub, hub_client):
    request = an_enrol_request(hub, a_token(hub))
    certificate = protocol.read_document(Certificate, ask(hub_client, request).data, hub.key.verify_key)
    assert (certificate.journal, certificate.public_key) == (request.journal, request.public_key)
    assert (certificate.fair, certificate.desk, certificate.hub) == ("demo", "d01", hub.id)
    assert "case.opened" not in certificate.kinds
    assert len(rows(hub, table)) == 1
    assert [row[4] for row in rows(hub, facts)] == ["device.enrolled"]


def test_a_code_is_good_for_one_tablet_only(hub, hub_client):
    token = a_token(hub)
    assert ask(hub_client, an_enrol_request(hub, token)).status_code == 200
    before = everything_but_throttles(hub)
    assert code_of(ask(hub_client, an_enrol_request(hub, token))) == "enrol.code"
    assert everything_but_throttles(hub) == before


def everything_but_throttles(hub):
    return {name: found for name, found in everything(hub).items() if name != "throttles"}


def test_the_same_tablet_asking_again_gets_the_same_certificate(hub, hub_client, clock):
    request = an_enrol_request(hub, a_token(hub))
    first = ask(hub_client, request).data
    clock.tick(3600)  # the answer was lost, and the code has expired since
    assert ask(hub_client, request).data == first
    assert len(rows(hub, table)) == 1


def test_a_code_expires_after_ten_minutes(hub, hub_client, clock):
    early, late = a_token(hub), a_token(hub)
    clock.tick(600)
    assert ask(hub_client, an_enrol_request(hub, early)).status_code == 200
    clock.tick(1)
    assert code_of(ask(hub_client, an_enrol_request(hub, late))) == "enrol.code"


def test_a_code_nobody_drew_is_refused(hub, hub_client):
    assert code_of(ask(hub_client, an_enrol_request(hub, secrets.token_hex(16)))) == "enrol.code"


def test_whoever_does_not_hold_the_key_cannot_enrol_it(hub, hub_client):
    token = a_token(hub)
    good = an_enrol_request(hub, token)
    for change in (
        {"proof": "00" * 64},
        {"public_key": bytes(a_key(7).verify_key).hex()},
        {"journal": an_id(7)},
        {"token": a_token(hub)},
        {"public_key": "00" * 32},
    ):
        assert code_of(ask(hub_client, msgspec.structs.replace(good, **change))) == "enrol.proof"
    assert ask(hub_client, good).status_code == 200  # and none of it used the code up


def test_a_proof_for_another_hub_is_none(hub, hub_client):
    token = a_token(hub)
    request = an_enrol_request(hub, token)
    key = keys.SigningKey.generate()
    said = protocol.enrol_proof(token, bytes(key.verify_key).hex(), request.journal, an_id(3))
    proof = keys.sign(key, b"kiosk/enrol/1", said)
    other = msgspec.structs.replace(request, public_key=bytes(key.verify_key).hex(), proof=proof)
    assert code_of(ask(hub_client, other)) == "enrol.proof"


def test_a_journal_that_is_there_already_cannot_be_taken_over(hub, hub_client):
    first = an_enrol_request(hub, a_token(hub))
    ask(hub_client, first)
    with hub.store.reading() as tx:
        own = own_journal(tx, "demo")
    for journal in (first.journal, own):
        again = an_enrol_request(hub, a_token(hub), journal=journal)
        assert code_of(ask(hub_client, again)) == "enrol.known"
    assert len(rows(hub, journals)) == 2


def test_a_public_key_is_spelled_in_one_way_only(hub, hub_client):
    """A line break at its end passes for hex, and would make the key another key."""
    token = a_token(hub)
    key = keys.SigningKey.generate()
    public_key = bytes(key.verify_key).hex() + "\n"
    proof = keys.sign(key, b"kiosk/enrol/1", protocol.enrol_proof(token, public_key, an_id(9), hub.id))
    body = msgspec.json.encode({"token": token, "public_key": public_key, "journal": an_id(9), "proof": proof})
    assert code_of(hub_client.post("/sync/v1/enrol", data=body, headers=SPOKEN)) == "sync.malformed"


def test_only_the_hash_of_a_code_is_kept(hub):
    token = a_token(hub)
    assert token not in str(rows(hub, enrolments))


@share_hubs
@pytest.mark.parametrize("typed", ["lower", "blanks", "misread"])
def test_a_code_may_be_typed_as_people_type(hub, hub_app, tmp_path, clock, typed):
    code = a_code(hub)
    code = {
        "lower": code.lower(),
        "blanks": f"  {code.replace('-', ' ')}\n",
        "misread": code.replace("0", "o").replace("1", "l").replace("-", ""),
    }[typed]
    settings = BoothConfig(tmp_path / "booth", sync_seconds=0)
    journal = init_booth(settings, clock)
    road, key = WsgiTransport(hub_app), outbox.load_key(settings.data)
    assert outbox.enrol(journal, key, road, HUB_URL, code).desk == "d01"
    journal.close()


def test_a_code_of_another_hub_is_noticed_before_the_token_is_sent(hub, hub_app, tmp_path, clock):
    settings = BoothConfig(tmp_path / "booth", sync_seconds=0)
    journal = init_booth(settings, clock)
    token, _ = protocol.read_code(a_code(hub))
    code = protocol.write_code(token, b"\0" * 32)
    with pytest.raises(Problem, match=r"enrol\.fingerprint"):
        outbox.enrol(journal, outbox.load_key(settings.data), WsgiTransport(hub_app), HUB_URL, code)
    journal.close()
    assert rows(hub, table) == []


def test_a_desk_that_does_not_exist_gets_no_code(hub):
    with pytest.raises(Problem, match=r"desk\.unknown"):
        a_code(hub, "d99")


def test_of_two_tablets_with_one_code_at_the_same_moment_one_is_taken(hub):
    app = create_hub_app(hub)
    app.test_client().get("/sync/v1/hello", headers=SPOKEN)
    token = a_token(hub)
    requests = [an_enrol_request(hub, token) for _ in range(4)]
    answers = together(*[lambda request=request: ask(app.test_client(), request).status_code for request in requests])
    assert sorted(answers) == [200, 403, 403, 403]
    assert len(rows(hub, table)) == 1


def test_whoever_guesses_codes_has_to_wait(hub, hub_client, clock):
    bad = an_enrol_request(hub, secrets.token_hex(16))
    codes = [code_of(ask(hub_client, bad)) for _ in range(61)]
    assert (codes[59], codes[60]) == ("enrol.code", "request.too_many")
    clock.tick(601)
    assert code_of(ask(hub_client, bad)) == "enrol.code"


# --- codes that were on a screen or on paper -------------------------------------------------------


def test_a_code_from_a_screen_lets_nobody_in_before_the_digits_were_compared(hub, hub_client):
    tablet = Newcomer(hub, a_screen_code(hub))
    assert code_of(tablet.asks(hub_client)) == "enrol.waiting"
    assert (rows(hub, table), rows(hub, facts)) == ([], [])
    assert [(one.desk, one.digits) for one in waiting(hub)] == [("d01", tablet.digits)]


def test_once_they_were_found_the_same_the_tablet_is_in(hub, hub_client):
    tablet = Newcomer(hub, a_screen_code(hub, "d02"))
    tablet.asks(hub_client)
    device = confirm(hub)
    certificate = protocol.read_document(Certificate, tablet.asks(hub_client).data, hub.key.verify_key)
    assert (certificate.device, certificate.desk, certificate.journal) == (device, "d02", tablet.journal)
    assert waiting(hub) == []
    assert [row[4] for row in rows(hub, facts)] == ["device.enrolled", "device.confirmed"]
    by = [envelope.decode(bytes(row[2])).by for row in rows(hub, facts)]
    assert by == ["hub", person_id(hub)]


def test_asking_again_and_again_is_one_request_and_no_guess(hub, hub_client):
    tablet = Newcomer(hub, a_screen_code(hub))
    assert {code_of(tablet.asks(hub_client)) for _ in range(70)} == {"enrol.waiting"}
    assert len(waiting(hub)) == 1
    confirm(hub)
    assert len({tablet.asks(hub_client).data for _ in range(70)}) == 1
    assert len(rows(hub, table)) == 1


def test_confirming_twice_takes_one_tablet_in(hub, hub_client):
    Newcomer(hub, a_screen_code(hub)).asks(hub_client)
    which = waiting(hub)[0].id
    assert confirm(hub, which) == confirm(hub, which)
    assert len(rows(hub, table)) == 1


def test_what_was_found_different_gets_nothing_ever(hub, hub_client):
    tablet = Newcomer(hub, a_screen_code(hub))
    tablet.asks(hub_client)
    which = waiting(hub)[0].id
    reject(hub, which)
    assert waiting(hub) == []
    assert code_of(tablet.asks(hub_client)) == "enrol.rejected"
    with pytest.raises(Problem, match=r"enrol\.settled"):
        confirm(hub, which)
    assert (rows(hub, table), rows(hub, facts)) == ([], [])
    assert code_of(Newcomer(hub, tablet.code).asks(hub_client)) == "enrol.code"


def test_what_was_let_in_cannot_be_turned_down_afterwards(hub, hub_client):
    tablet = Newcomer(hub, a_screen_code(hub))
    tablet.asks(hub_client)
    which = waiting(hub)[0].id
    confirm(hub, which)
    with pytest.raises(Problem, match=r"enrol\.settled"):
        reject(hub, which)
    assert tablet.asks(hub_client).status_code == 200


def test_of_two_people_who_decide_at_the_same_moment_one_does(hub):
    client = create_hub_app(hub).test_client()
    for _ in range(5):
        tablet = Newcomer(hub, a_screen_code(hub))
        tablet.asks(client)
        which = waiting(hub)[0].id
        outcomes = together(lambda which=which: confirm(hub, which), lambda which=which: reject(hub, which))
        settled = [isinstance(one, Problem) and one.code == "enrol.settled" for one in outcomes]
        assert sorted(settled) == [False, True]
        assert tablet.asks(client).status_code == (200 if settled[1] else 403)


def test_who_photographed_the_code_and_was_quicker_shows_other_digits(hub, hub_client):
    code = a_screen_code(hub)
    thief, ours = Newcomer(hub, code), Newcomer(hub, code)
    assert code_of(thief.asks(hub_client)) == "enrol.waiting"
    assert code_of(ours.asks(hub_client)) == "enrol.code"  # so our tablet shows no digits at all
    (shown,) = waiting(hub)
    assert shown.digits == thief.digits != ours.digits
    reject(hub)
    assert code_of(thief.asks(hub_client)) == "enrol.rejected"
    assert rows(hub, table) == []


def test_the_hub_gives_its_word_to_one_key_a_code_and_nobody_knows_it_before(hub, hub_client):
    code = a_screen_code(hub)
    ours, thief = Newcomer(hub, code), Newcomer(hub, code)
    headers = ours.asks(hub_client).headers
    assert protocol.VOUCH_HEADER not in thief.asks(hub_client).headers
    word = headers[protocol.VOUCH_HEADER]
    assert ours.asks(hub_client).headers[protocol.VOUCH_HEADER] == word, "asked again, the digits stay"
    assert protocol.is_acknowledged(hub.key.verify_key, ours.request, hub.id, word)
    for other in (thief.request, msgspec.structs.replace(ours.request, journal=an_id(1))):
        assert not protocol.is_acknowledged(hub.key.verify_key, other, hub.id, word)
    words = {protocol.comparison(ours.request, hub.fingerprint, f"{number:0128x}") for number in range(20)}
    assert len(words) == 20, "who does not know the hub's word knows nothing of the digits"


def test_a_certificate_comes_without_that_word(hub, hub_client):
    tablet = Newcomer(hub, a_code(hub))
    assert protocol.VOUCH_HEADER not in tablet.asks(hub_client).headers


def test_who_photographed_the_code_and_was_slower_gets_nothing(hub, hub_client):
    code = a_screen_code(hub)
    ours, thief = Newcomer(hub, code), Newcomer(hub, code)
    ours.asks(hub_client)
    assert code_of(thief.asks(hub_client)) == "enrol.code"
    assert [one.digits for one in waiting(hub)] == [ours.digits]
    confirm(hub)
    assert code_of(thief.asks(hub_client)) == "enrol.code"
    assert ours.asks(hub_client).status_code == 200


def test_who_overheard_the_request_cannot_turn_it_into_another(hub, hub_client):
    tablet = Newcomer(hub, a_screen_code(hub))
    for change in ({"journal": an_id(7)}, {"public_key": bytes(a_key(7).verify_key).hex()}):
        forged = msgspec.structs.replace(tablet.request, **change)
        assert code_of(ask(hub_client, forged)) == "enrol.proof"
    assert waiting(hub) == []


def test_a_journal_that_is_enrolled_already_does_not_even_wait(hub, hub_client):
    first = Newcomer(hub, a_screen_code(hub))
    first.asks(hub_client)
    confirm(hub)
    again = Newcomer(hub, a_screen_code(hub, "d02"), journal=first.journal)
    assert code_of(again.asks(hub_client)) == "enrol.known"
    assert waiting(hub) == []


def test_two_that_wait_with_one_journal_are_not_both_taken_in(hub, hub_client):
    ours = Newcomer(hub, a_screen_code(hub))
    thief = Newcomer(hub, a_screen_code(hub, "d02"), journal=ours.journal)
    ours.asks(hub_client)
    thief.asks(hub_client)
    first, second = (one.id for one in waiting(hub))
    confirm(hub, first)
    with pytest.raises(Problem, match=r"enrol\.known"):
        confirm(hub, second)
    assert len(rows(hub, table)) == 1


def test_a_code_is_good_until_its_moment_and_who_asked_in_time_may_wait_longer(hub, hub_client, clock):
    until = clock.now() + timedelta(hours=24)
    early, late = (Newcomer(hub, a_screen_code(hub, desk, "sheet", until=until)) for desk in ("d01", "d02"))
    clock.tick(24 * 3600)
    assert code_of(early.asks(hub_client)) == "enrol.waiting"
    clock.tick(1)
    assert code_of(late.asks(hub_client)) == "enrol.code"
    assert code_of(early.asks(hub_client)) == "enrol.waiting"
    confirm(hub)
    assert early.asks(hub_client).status_code == 200


def test_printed_codes_can_all_be_made_void_and_those_that_asked_go_on(hub, hub_client):
    first, second = (Newcomer(hub, a_screen_code(hub, desk, "sheet")) for desk in ("d01", "d02"))
    on_screen, on_paper = Newcomer(hub, a_screen_code(hub, "d03")), Newcomer(hub, a_screen_code(hub, "d03", "sheet"))
    first.asks(hub_client)
    with hub.store.begin() as tx:
        devices.void_codes(tx, "demo", "sheet")
    assert code_of(second.asks(hub_client)) == code_of(on_paper.asks(hub_client)) == "enrol.code"
    assert code_of(first.asks(hub_client)) == code_of(on_screen.asks(hub_client)) == "enrol.waiting"


def test_a_new_code_takes_the_place_of_an_unused_one_of_its_kind_for_the_desk(hub, hub_client):
    old, other_desk = Newcomer(hub, a_screen_code(hub)), Newcomer(hub, a_screen_code(hub, "d02"))
    on_paper, by_hand = Newcomer(hub, a_screen_code(hub, "d01", "sheet")), an_enrol_request(hub, a_token(hub))
    new = Newcomer(hub, a_screen_code(hub))
    assert code_of(old.asks(hub_client)) == "enrol.code"
    for tablet in (new, other_desk, on_paper):
        assert code_of(tablet.asks(hub_client)) == "enrol.waiting"
    assert ask(hub_client, by_hand).status_code == 200


# --- the canary -----------------------------------------------------------------------------------


def test_whoever_confirms_with_the_key_at_hand_opens_the_canary_too(hub, hub_client):
    Newcomer(hub, a_screen_code(hub)).asks(hub_client)
    device = confirm(hub, key=the_key(hub))
    assert states(hub) == {device: ("active", "opened")}


def test_without_the_key_it_waits_for_whoever_holds_one(hub, hub_client):
    Newcomer(hub, a_screen_code(hub)).asks(hub_client)
    device = confirm(hub)
    assert states(hub) == {device: ("active", "waiting")}
    with hub.store.begin() as tx:
        assert devices.open_canaries(tx, hub, keys.PrivateKey.generate()) == devices.Canaries(0, 0)
    assert states(hub) == {device: ("active", "waiting")}  # a key that is not ours says nothing about it
    Browser(hub_client).sign_in(*CASEWORKER)
    assert states(hub) == {device: ("active", "opened")}


def test_a_canary_that_says_anything_else_is_broken(hub, hub_client):
    texts = {
        "d02": b"",
        "d03": protocol.canary_text(an_id(3), hub.id),  # another journal's
        "d04": protocol.canary_text(an_id(4), an_id(5)),  # for another hub
    }
    for desk, text in texts.items():
        tablet = Newcomer(hub, a_screen_code(hub, desk))
        tablet.request = msgspec.structs.replace(tablet.request, canary=a_canary(hub, tablet.journal, text).hex())
        tablet.asks(hub_client)
    foreign = Newcomer(hub, a_screen_code(hub, "d05"))
    sealed = keys.seal(keys.PrivateKey.generate().public_key, protocol.canary_text(foreign.journal, hub.id))
    foreign.request = msgspec.structs.replace(foreign.request, canary=sealed.hex())
    foreign.asks(hub_client)
    noise = Newcomer(hub, a_screen_code(hub, "d06"))
    noise.request = msgspec.structs.replace(noise.request, canary="00")
    noise.asks(hub_client)
    for one in waiting(hub):
        confirm(hub, one.id, the_key(hub))
    assert set(states(hub).values()) == {("active", "broken")}
    assert len(states(hub)) == 5


def test_a_tablet_without_a_canary_has_none(hub, hub_client):
    ask(hub_client, an_enrol_request(hub, a_token(hub)))
    with hub.store.begin() as tx:
        assert devices.open_canaries(tx, hub, the_key(hub)) == devices.Canaries(0, 0)
    assert [canary for _, canary in states(hub).values()] == ["none"]


def test_a_tablet_hears_of_its_canary_and_under_the_hubs_signature(hub, hub_client):
    tablet = Newcomer(hub, a_code(hub))
    certificate = protocol.read_document(Certificate, tablet.asks(hub_client).data, hub.key.verify_key)
    told = []
    path = f"/sync/v1/journals/{tablet.journal}"
    for _ in range(2):
        auth = protocol.authorise(tablet.key, certificate.device, "GET", path, b"")
        answer = hub_client.get(path, headers={**SPOKEN, protocol.AUTH_HEADER: auth})
        signature = answer.headers[protocol.VOUCH_HEADER]
        assert protocol.is_vouched(hub.key.verify_key, tablet.journal, answer.data, signature)
        assert not protocol.is_vouched(hub.key.verify_key, an_id(1), answer.data, signature)
        assert not protocol.is_vouched(hub.key.verify_key, tablet.journal, answer.data + b" ", signature)
        told.append(protocol.parse(protocol.Head, answer.data).canary)
        with hub.store.begin() as tx:
            devices.open_canaries(tx, hub, the_key(hub))
    assert told == ["waiting", "opened"]


# --- what it may say --------------------------------------------------------------------------------


def test_kinds_a_booth_may_record_are_kinds_there_are():
    from kiosk.facts.vocabulary import REGISTRY

    assert set(devices.BOOTH_KINDS) <= set(REGISTRY.names())
    hubs_own = {kind for kind in REGISTRY.names() if kind.startswith(("case.", "device."))}
    assert hubs_own
    assert not hubs_own & set(devices.BOOTH_KINDS)
