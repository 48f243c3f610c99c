"""Enrolment: one code, one tablet, one certificate."""

import secrets

import msgspec
import pytest

from kiosk.booth import outbox
from kiosk.booth.setup import init_booth
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from kiosk.hub import devices
from kiosk.hub.app import create_hub_app
from kiosk.hub.journal import own_journal
from kiosk.hub.tables import devices as table
from kiosk.hub.tables import enrolments, facts, journals
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import Certificate
from tests.hub.tablets import a_code, an_enrol_request, everything, rows
from tests.hub.test_api import SPOKEN, code_of
from tests.hub.test_intake import together
from tests.makers import HUB_URL, Browser, Pair, WsgiTransport, a_key, an_id


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
    for journal in (first.journal, own_journal(hub.id, "demo")):
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


# --- on the screen ----------------------------------------------------------------------------------


def test_an_organiser_draws_a_code_that_a_tablet_can_enrol_with(paired: Pair):
    office = paired.in_the_office()
    page = office.get("/fairs/demo/codes")
    form = page.form("/fairs/demo/codes")
    assert "d01" not in form.choices("desk")  # has its tablet already
    shown = office.send(form, desk="d02")
    code = shown.text.split('<p class="token num">')[1].split("<")[0]
    token, fingerprint = protocol.read_code(code)
    assert fingerprint == paired.hub.fingerprint[:8]
    assert ask(paired.hub_app.test_client(), an_enrol_request(paired.hub, token)).status_code == 200


def test_the_command_that_is_shown_is_the_command_there_is(paired: Pair, runner):
    import html
    import shlex

    from kiosk.cli import main

    office = paired.in_the_office()
    shown = office.send(office.get("/fairs/demo/codes").form("/fairs/demo/codes"), desk="d02")
    command = html.unescape(shown.text.split("<code>")[1].split("</code>")[0])
    assert command.startswith("kiosk booth enrol ")
    answer = runner.invoke(main, [*shlex.split(command)[1:], "--data", str(paired.booth.config.data / "none")])
    assert "booth.missing" in answer.output  # everything else was understood


def test_nobody_without_the_role_draws_a_code(paired: Pair):
    stranger = Browser(paired.hub_app.test_client())
    assert stranger.get("/fairs/demo/codes").path == "/login"
    assert stranger.post("/fairs/demo/codes", desk="d02").status == 401
    assert len(rows(paired.hub, enrolments)) == 1


def test_a_code_for_a_desk_that_does_not_exist_is_refused(paired: Pair):
    office = paired.in_the_office()
    form = office.get("/fairs/demo/codes").form("/fairs/demo/codes")
    for desk in ("d99", "", "d01\0", "../d01"):
        assert office.send(form, desk=desk).status in (400, 404)


def test_kinds_a_booth_may_record_are_kinds_there_are():
    from kiosk.facts.vocabulary import REGISTRY

    assert set(devices.BOOTH_KINDS) <= set(REGISTRY.names())
    assert not {"case.opened", "device.enrolled"} & set(devices.BOOTH_KINDS)
