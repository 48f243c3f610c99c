"""Every address of both apps: the headers, the policy, the manners; whoever asks, and however."""

from itertools import count

import pytest

from kiosk.errors import CATALOGUE
from kiosk.web import HEADERS
from tests.proof import share
from tests.web.conftest import faults_of, read

SIDES = ("booth", "hub")
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}
PROTOCOL = {"X-Kiosk-Protocol": "1"}
PLAIN: dict[str, str] = {}
BY_TURNS = (PROTOCOL, {"Accept": "application/json"}, {"Cookie": "lang=en; large=1"})
WAYS = (PLAIN, FRAGMENT, *BY_TURNS)


def test_the_policy_is_the_one_that_was_decided():
    assert HEADERS == {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "object-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("side", SIDES)
def test_every_page_and_fragment_has_the_headers_and_nothing_inline(sides, side, signed_in):
    faults = {}
    for turn, (rule, address) in enumerate(sides.addresses(side, "GET").items(), signed_in):
        for way in share(WAYS, (PLAIN, BY_TURNS[turn % len(BY_TURNS)])):
            for method in ("GET", "HEAD") if way in share(WAYS, (PLAIN,)) else ("GET",):
                answer = sides.client(side, signed_in=signed_in).open(address, method=method, headers=way)
                if found := faults_of(answer):
                    faults[method, rule, str(way)] = found
    assert faults == {}


@pytest.mark.parametrize("side", SIDES)
def test_a_page_of_a_signed_in_person_is_there(sides, side):
    """The crawl above would prove little if all it saw were refusals."""
    machine = ("/sync/", "/static/")
    unopened = (
        "/fairs/<fair_id>/cases/<case>/photos/",  # seen only right after the case was opened
        "/fairs/<fair_id>/typed/attachments/",  # of what somebody typed with a file
        "/fairs/<fair_id>/statement/photos/",  # of a summary that an organiser gave photos
    )
    client = sides.client(side, signed_in=True)
    for rule, address in sides.addresses(side, "GET").items():
        if not rule.startswith((*machine, *unopened)):
            assert client.get(address).status_code in (200, 303), rule


@pytest.mark.parametrize("side", SIDES)
def test_what_goes_wrong_goes_wrong_politely(sides, side):
    client = sides.client(side)
    wrong = {
        404: client.get("/nowhere"),
        405: client.put("/"),
        413: client.post("/preferences", data=b"x" * 200_000, content_type="application/x-www-form-urlencoded"),
        400: client.post("/preferences", data={"next": "/", "more": "1"}),
        403: client.post("/preferences", data={"next": "/"}, headers={"Origin": "https://evil.example"}),
    }
    for status, answer in wrong.items():
        assert (answer.status_code, faults_of(answer)) == (status, [])
        assert any(code in answer.text for code, kind in CATALOGUE.items() if kind.status == status), status


@pytest.mark.parametrize("side", SIDES)
def test_a_wrong_host_gets_a_page_that_says_so_and_no_noise_in_the_log(sides, side, caplog):
    for host in (
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "[::1]",
        "a b",
        "localhost:99999999",
        "x" * 300,
    ):
        answer = sides.client(side).get("/", headers={"Host": host})
        assert (answer.status_code, faults_of(answer)) == (400, []), host
        assert "request.host" in answer.text, host
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("side", SIDES)
def test_a_break_down_gives_nothing_away(sides, side, monkeypatch):
    app = sides.app(side)
    monkeypatch.setitem(app.view_functions, "healthz", lambda: 1 / 0)
    answer = sides.client(side).get("/healthz")
    assert (answer.status_code, answer.get_json()["problem"]) == (500, "internal")
    assert "ZeroDivision" not in answer.text
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize("side", SIDES)
def test_no_address_answers_to_a_method_it_does_not_know(sides, side):
    for turn, (rule, address) in enumerate(sides.addresses(side, "GET").items()):
        for method in sides.some(("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"), turn, 3):
            answer = sides.client(side, signed_in=True).open(address, method=method, headers=PROTOCOL)
            if not (method == "PUT" and rule.startswith("/sync/v1/blobs")):
                # 403: whoever is signed in and sends no token hears of that first.
                assert answer.status_code in (403, 405), (method, rule)
                assert faults_of(answer) == [], (method, rule)


@pytest.mark.parametrize("side", SIDES)
def test_what_a_fragment_says_the_page_says_too(sides, side):
    for rule, address in sides.addresses(side, "GET").items():
        client = sides.client(side, signed_in=True)
        client.get(address)  # from here on the visit is the same
        fragment, page = client.get(address, headers=FRAGMENT), client.get(address)
        assert faults_of(fragment) == [], rule
        if page.mimetype != "text/html" or page.status_code != 200:
            continue
        assert fragment.status_code == 200, rule
        whole, part = " ".join(read(page.text).words), " ".join(read(fragment.text).words)
        assert part, rule
        assert part in whole, rule
        assert "<html" not in fragment.text, rule


@pytest.mark.parametrize("way", [{"HX-Boosted": "true"}, {"HX-History-Restore-Request": "true"}])
def test_a_boosted_link_and_a_restored_history_get_the_page(sides, way):
    for side in SIDES:
        assert "<html" in sides.client(side).get("/", headers={**FRAGMENT, **way}, follow_redirects=True).text


@pytest.mark.parametrize("side", SIDES)
def test_every_static_file_is_good_for_ever_under_its_version_only(sides, side):
    client = sides.client(side)
    assets = sides.app(side).extensions["assets"].files
    for name, asset in assets.items():
        versioned = client.get(f"/static/{name}?v={asset.version}")
        assert versioned.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert client.get(f"/static/{name}").headers["Cache-Control"] == "no-cache"
        again = client.get(f"/static/{name}", headers={"If-None-Match": versioned.headers["ETag"]})
        assert (again.status_code, faults_of(versioned), faults_of(again)) == (304, [], []), name
    for name in ("../pyproject.toml", "..%2f..%2fpyproject.toml", "%00", "css/", "css/none.css", "/etc/passwd"):
        assert client.get(f"/static/{name}").status_code in (404, 308), name


@pytest.mark.parametrize("side", SIDES)
def test_strange_headers_break_nothing(sides, side):
    strange = ["\x01", "é" * 50, "[", "http://[", "a" * 5000, '"', "-1", "bytes=0-99999999999", "%", "true;true"]
    names = (
        "HX-Request HX-Current-URL HX-Target HX-Trigger HX-Prompt HX-Boosted Accept Accept-Encoding Accept-Language "
        "Cookie Range If-None-Match If-Modified-Since If-Range Content-Type Referer X-Forwarded-For X-Forwarded-Host "
        "X-Kiosk-Auth X-Kiosk-Protocol User-Agent Sec-Fetch-Site Authorization"
    )
    faults = {}
    for name in names.split():
        for value in strange:
            for method in ("GET", "POST"):
                address = "/preferences" if method == "POST" else "/"
                answer = sides.client(side).open(address, method=method, headers={name: value})
                if found := faults_of(answer):
                    faults[method, name, value] = found
    assert faults == {}


@pytest.mark.parametrize("side", SIDES)
def test_garbage_in_an_address_is_not_found_rather_than_broken(sides, side):
    bad = [
        "%00",
        "a%00b",
        "%ff",
        "%ed%a0%80",
        "..%2f..%2f",
        "%e2%80%ae",
        "'%20OR%201=1--",
        "%3Cx315%3E",
        "a" * 3000,
        "%0d%0aX:1",
    ]
    faults, turns, ways, values = {}, count(), count(), sides.values().values()
    for rule, address in sides.addresses(side, "GET").items():
        for known in values:
            for garbage in sides.some(bad, next(turns), 5) if f"/{known}" in address else ():
                for way in sides.some((PLAIN, PROTOCOL), next(ways), 2):
                    asked = address.replace(known, garbage)
                    answer = sides.client(side, signed_in=True).get(asked, headers=way)
                    if found := faults_of(answer) or (answer.status_code == 200 and ["found"]):
                        faults[rule, asked[:60]] = found
    assert faults == {}
