"""The booth's app as a whole: what it needs, what it says of itself, and what it refuses."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk import ROOT
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth
from kiosk.booth.serving import serving
from kiosk.booth.setup import init_booth
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from tests.clocks import FakeClock
from tests.makers import Browser, a_draft, a_pack

# --- what it needs --------------------------------------------------------------------------------

_BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sqlalchemy", "psycopg"):
            raise ModuleNotFoundError(f"{name} is not on a tablet", name=name)

sys.meta_path.insert(0, Blocker())
try:
    import sqlalchemy
except ModuleNotFoundError:
    import kiosk.booth.app, kiosk.booth.setup, kiosk.cli
    print(sorted(name for name in sys.modules if name.startswith("kiosk.hub")))
"""


def test_a_tablet_needs_none_of_the_hub_s_packages():
    done = subprocess.run([sys.executable, "-c", _BLOCKED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_without_a_booth_nothing_is_served(tmp_path: Path, clock: FakeClock):
    with pytest.raises(Problem, match=r"booth\.missing"):
        create_booth_app(BoothConfig(tmp_path), clock)
    with pytest.raises(Problem, match=r"booth\.missing"):
        serving(BoothConfig(tmp_path))


def test_a_booth_is_made_once(tmp_path: Path, clock: FakeClock):
    init_booth(BoothConfig(tmp_path), clock).close()
    with pytest.raises(Problem, match=r"booth\.exists"):
        init_booth(BoothConfig(tmp_path), clock)


def test_a_faulty_pack_is_refused_at_the_start(tmp_path: Path, clock: FakeClock):
    init_booth(BoothConfig(tmp_path), clock).close()
    with pytest.raises(Problem, match=r"pack\.faulty"):
        create_booth_app(BoothConfig(tmp_path, pack=a_pack(tmp_path / "pack", questions=[])), clock)


def test_serving_starts_and_stops_tidily(booth: Booth):
    start, stop = serving(booth.config)
    app = start()
    assert app.test_client().get("/healthz").status_code == 200
    stop()


# --- not enrolled yet -----------------------------------------------------------------------------


@pytest.fixture
def stranger(tmp_path: Path, clock: FakeClock) -> Iterator[Browser]:
    """A visitor at a tablet that nobody has enrolled yet."""
    init_booth(BoothConfig(tmp_path), clock).close()
    app = create_booth_app(BoothConfig(tmp_path), clock)
    with closing(app.extensions["booth"]):
        yield Browser(app.test_client())


@pytest.mark.parametrize("path", ["/quiz", "/complaint", "/staff", "/staff/enter"])
def test_an_unenrolled_tablet_says_so(stranger: Browser, path: str):
    page = stranger.get(path)
    assert (page.status, "booth.unenrolled" in page) == (503, True)


def test_an_unenrolled_tablet_s_first_page_is_where_it_joins(stranger: Browser):
    page = stranger.get("/")
    assert (page.status, page.path) == (200, "/enrol")


def test_an_unenrolled_tablet_records_nothing(stranger: Browser):
    page = stranger.get("/gallery/e01")
    if page.status == 200:
        page = stranger.send(page.form("/gallery/e01/judge"), side="left")
    assert page.status == 503


def test_an_unenrolled_tablet_answers_for_its_health(stranger: Browser):
    assert '"enrolled":false' in stranger.get("/healthz")


# --- what it says of itself -----------------------------------------------------------------------


def test_healthz_tells_what_a_keeper_asks(client: FlaskClient, booth: Booth):
    booth.journal.append(a_draft())
    told = client.get("/healthz").get_json()
    assert {"version", "sqlite", "pack", "clock", "unsent", "free_mb"} <= set(told)
    assert (told["ok"], told["enrolled"], told["unsent"], told["pack"]) == (True, True, 1, booth.pack.version)
    assert told["clock"] == "2027-03-15T09:30:00.000+08:00"
    assert (told["sqlite"]["journal_mode"], told["sqlite"]["synchronous"]) == ("wal", "full")


# --- what every page carries ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/quiz", "/gallery", "/complaint", "/staff/enter", "/nowhere", "/healthz"])
def test_every_answer_carries_the_house_s_headers(client: FlaskClient, path: str):
    headers = client.get(path).headers
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/quiz", "/gallery", "/complaint", "/staff/enter"])
def test_a_fragment_is_the_page_without_its_frame(client: FlaskClient, path: str):
    part = client.get(path, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.get_data(as_text=True)
    assert "HX-Request" in part.headers["Vary"]


def test_a_page_that_is_not_there_is_a_problem_page(client: FlaskClient):
    page = Browser(client).get("/nowhere")
    assert (page.status, "page.not_found" in page) == (404, True)


def test_a_wrong_method_is_a_problem_page(client: FlaskClient):
    assert Browser(client).get("/quiz/answer").status == 405


def test_a_foreign_host_is_refused(client: FlaskClient):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}], ids=str
)
def test_a_form_on_another_site_is_refused(client: FlaskClient, headers: dict[str, str]):
    answer = client.post("/leave", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}], ids=str)
def test_our_own_forms_are_taken(client: FlaskClient, headers: dict[str, str]):
    assert client.post("/leave", headers=headers).status_code == 303


def test_a_form_beyond_its_size_is_refused(client: FlaskClient):
    assert client.post("/leave", data={"a": "a" * 100_000}).status_code == 413


def test_a_field_sent_twice_is_refused(client: FlaskClient):
    answer = client.post("/quiz/next", data={"question": ["a", "b"]})
    assert "field.repeated" in answer.get_data(as_text=True)


def test_a_file_is_refused(client: FlaskClient):
    with (ROOT / "README.md").open("rb") as file:
        answer = client.post("/leave", data={"photo": file})
    assert answer.status_code == 400


# --- preferences ----------------------------------------------------------------------------------


def test_a_page_speaks_chinese_until_asked_otherwise(client: FlaskClient):
    browser = Browser(client)
    assert 'lang="zh-CN"' in browser.get("/")
    page = browser.send(browser.get("/").form("/preferences"), lang="en")
    assert '<html lang="en"' in page
    assert "Better quality in what we buy" in page


def test_large_type_is_chosen_and_unchosen(client: FlaskClient):
    browser = Browser(client)
    assert "data-large" in browser.post("/preferences", large="1", next="/")
    assert "data-large" not in browser.post("/preferences", large="0", next="/")


@pytest.mark.parametrize("values", [{"lang": "tlh"}, {"lang": ""}, {"large": "2"}, {}], ids=str)
def test_an_unknown_preference_sets_nothing(client: FlaskClient, values: dict[str, str]):
    answer = client.post("/preferences", data={"next": "/", **values})
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (303, [])


def test_a_preference_says_nothing_about_a_person(client: FlaskClient):
    for header in client.post("/preferences", data={"next": "/", "lang": "en"}).headers.getlist("Set-Cookie"):
        assert header.startswith("lang=en;")
        assert "HttpOnly" in header
        assert "SameSite=Strict" in header


@pytest.mark.parametrize("to", ["//evil.example", "///evil.example", "https://evil.example", "javascript:alert(1)", ""])
def test_the_way_back_stays_on_this_tablet(client: FlaskClient, to: str):
    location = client.post("/preferences", data={"next": to, "lang": "en"}).headers["Location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


@pytest.mark.parametrize("to", ["/a\rb", "/a\nb", "/a\r\nSet-Cookie: x=1", "/a\x00b"], ids=repr)
def test_a_line_break_in_an_address_is_no_server_error(client: FlaskClient, to: str):
    answer = client.post("/preferences", data={"next": to, "lang": "en"})
    assert answer.status_code in (303, 400)
    assert client.get_cookie("x") is None
