"""Both apps with something in them, made once a file: crawling changes little, and never what it looks for."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import delete, select, update

from kiosk.booth import outbox, posters
from kiosk.booth.counting import AT, STORABLE
from kiosk.booth.journal import Draft
from kiosk.booth.shelf import Place, Words
from kiosk.facts import envelope, lots
from kiosk.facts.lots import LotClosed, LotCommitted, LotDrawn, LotEntered
from kiosk.facts.papers import SheetPrinted, write_number
from kiosk.facts.prizes import PrizeIssued, code_of
from kiosk.hub import journal, statements
from kiosk.hub.app import open_hub
from kiosk.hub.fairs import find_fair
from kiosk.hub.memory import Counts
from kiosk.hub.people import Person
from kiosk.hub.tables import fairs, sessions, throttles
from kiosk.pictures import redrawn
from kiosk.web import HEADERS
from tests.clocks import FakeClock
from tests.facts.test_quicktests import a_batch
from tests.hub.phones import device_of, file_by_phone, leave_question
from tests.hub.tablets import Tablet, deliver
from tests.makers import Pair, a_pair, a_prize, an_id, give_prizes
from tests.proof import FULL, share

_Text = TypeVar("_Text", str, bytes)
BROUGHT = "o315a0b1c"  # an exhibit from a photo
NUMBER = "7KQ2-M0ZRT"  # of a question left
SHEET = write_number("demo", 1)  # of a tally sheet on paper


#: What is answered before anybody asks the hub's database, or whatever that is.
BEFORE_ANY_DATABASE = (
    "test_a_field_nobody_asked_for_",
    "test_a_field_that_",
    "test_a_form_on_another_site_",
    "test_a_wrong_host_",
    "test_at_the_desk_",
    "test_bytes_that_are_no_text_",
    "test_every_static_file_",
    "test_every_page_and_fragment_",  # that each page is there, is asked on both
    "test_no_address_answers_to_a_method_",
    "test_no_form_takes_",
    "test_on_a_phone_every_text_",  # sealed, as is what a complainant types
    "test_strange_headers_",
    "test_what_a_complainant_typed_",
    "test_what_a_fragment_says_",
    "test_what_a_tablet_says_of_itself_",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where the database plays no part, both are met in `make test-long` alone; a booth's hub plays none ever. Hostile
    words meet PostgreSQL, which takes fewer.
    """
    here = Path(__file__).parent

    def is_met_already(item: pytest.Item) -> bool:
        if "[postgresql-booth" in item.name:
            return True
        if FULL or "[" not in item.name:
            return False
        plays_a_part = not item.name.startswith(BEFORE_ANY_DATABASE)
        return plays_a_part and item.path.stem == "test_hostile" if "[sqlite" in item.name else not plays_a_part

    items[:] = [item for item in items if item.path.parent != here or not is_met_already(item)]


@dataclass
class Sides:
    """A booth and its hub, a complaint at the hub, and somebody signed in on either side."""

    pair: Pair
    case: str
    signed_in: dict[str, FlaskClient]  # by side
    database: str  # of the hub
    _csrf: str = ""

    def some(self, texts: Sequence[_Text], turn: int, of: int) -> Sequence[_Text]:
        """All of them; in `make test` every `of`-th from another one each turn, on PostgreSQL half as many."""
        step = 2 * of if self.database == "postgresql" else of
        return share(texts, texts[turn % step :: step])

    def app(self, side: str) -> Flask:
        return self.pair.booth_app if side == "booth" else self.pair.hub_app

    def client(self, side: str, *, signed_in: bool = False) -> FlaskClient:
        """A new browser; with the cookies of whoever is signed in, if asked for."""
        client = self.app(side).test_client()
        if signed_in:
            for name in ("session", "staff"):
                cookie = self.signed_in[side].get_cookie(name)
                if cookie is not None:
                    client.set_cookie(name, cookie.value)
        if signed_in and side == "booth":
            client.set_cookie("phone", self.pair.booth.phones.visits.start().token, path="/m")
        return client

    def csrf(self) -> str:
        """The token of the session at the hub."""
        if not self._csrf:
            with self.pair.hub.store.reading() as tx:
                newest = select(sessions.c.csrf).order_by(sessions.c.began_at.desc())
                self._csrf = str(tx.execute(newest).scalars().first())
        return self._csrf

    def sign_in(self) -> None:
        self.forgive()
        self._csrf = ""
        with self.pair.hub.store.begin() as tx:
            tx.execute(delete(sessions))
        self.signed_in = {"booth": self.pair.at_the_desk().client, "hub": self.pair.in_the_office().client}

    def forgive(self) -> None:
        """Forget how often somebody tried."""
        with self.pair.hub.store.begin() as tx:
            tx.execute(delete(throttles))
        self.pair.hub.screens = Counts(self.pair.clock)
        self.pair.booth.journal.write("DELETE FROM pin_locks")

    def values(self) -> dict[str, str]:
        """A sensible value for each part of an address."""
        pack = self.pair.booth.pack
        return {
            "fair_id": "demo",
            "case": self.case,
            "device_id": device_of(self.pair),
            "journal": self.pair.booth.journal.identity().journal,
            "why": "json.malformed",
            "seq": "2",  # a quick test, of the journal above
            "sha256": "0" * 64,
            "brought_id": BROUGHT,
            "exhibit_id": pack.exhibits[0].id,
            "picture": "left",
            "drawing": next(one.picture for one in pack.questions if one.picture),
            "code": code_of(an_id(0xF5)),
            "draw_id": an_id(0xF8),
            "venue_id": "v1",
            "name": "css/tokens.css",
            "number": NUMBER,
            "sheet": SHEET,
            "fact": an_id(0xC1),
            "section": "desks",
            "version": "1",
            "sort": "table.csv",
            "words_id": "next",
            "figure": "messages",
            "list_id": "destroyed",
            "unit_id": "xinhua",
            "part_id": "d02",
            "desk_id": "d02",
            "item": "1",
            "nth": "1",
            "way": "settle",
            "survey_id": "rights-awareness",
            "handoff": posters.address_with_word(self.pair.booth, "settle").rpartition("/")[2].partition("?")[0],
            "count_word": self.pair.booth.counting.offer("li"),
            "word": self.pair.booth.phones.door().address.rpartition("/")[2],
        }

    def addresses(self, side: str, method: str) -> dict[str, str]:
        """rule → address, of every rule of an app that answers to a method."""
        values = self.values()
        with self.app(side).test_request_context(base_url="http://localhost"):
            adapter = self.app(side).create_url_adapter(None) or self.app(side).url_map.bind("localhost")
            return {
                rule.rule: urlsplit(adapter.build(rule.endpoint, _needed(rule.arguments, values), method=method)).path
                for rule in self.app(side).url_map.iter_rules()
                if method in (rule.methods or ())
            }


def _needed(arguments: set[str], values: dict[str, str]) -> dict[str, str]:
    missing = arguments - set(values)
    assert not missing, f"the crawl needs a value for {missing}: add it to Sides.values"
    return {name: values[name] for name in arguments}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def sides(request, hub_copied, tmp_path_factory) -> Iterator[Sides]:
    folder, clock = tmp_path_factory.mktemp("sides"), FakeClock()
    with hub_copied(request.param, folder / "hub") as settings, closing(open_hub(settings, clock)) as hub:
        hub.pack = replace(hub.pack, questions=hub.pack.questions[::20])  # else the crawl mostly writes workbooks
        pair = a_pair(folder / "booth", hub, clock)
        with closing(pair.booth):
            case = file_by_phone(pair)
            give_prizes(pair.booth, a_prize(), a_prize(id="kettle", earned_by="lot"), leaderboard=True)
            fair = msgspec.structs.replace(pair.booth.enrolled.fair, surveys=["rights-awareness", "fair-satisfaction"])
            pair.booth._enrolment = msgspec.structs.replace(pair.booth.enrolled, fair=fair)
            _draw_lots(pair)
            _bring_one(pair)
            pair.booth.phones.url = "http://192.168.31.5:3150"
            body = PrizeIssued(prize="bag", session=an_id(7), code=code_of(an_id(0xF5)))
            pair.booth.journal.append(Draft(an_id(0xF5), body, "visitor"))
            _send_what_nobody_can_use(pair)
            leave_question(pair, NUMBER)
            _print_a_sheet(pair)
            _ask_at_the_hub(pair)
            _freeze(pair)
            made = Sides(pair, case, {}, request.param)
            made.sign_in()
            yield made


def _draw_lots(pair: Pair) -> None:
    """A draw that is over, with one ticket."""
    draw, seed, code = an_id(0xF8), "7e" * 32, code_of(an_id(0xF5))
    steps = (
        (draw, LotCommitted(prize="kettle", winners=1, commitment=lots.commitment_of(draw, "kettle", 1, seed))),
        (lots.ticket_id(an_id(7)), LotEntered(draw=draw, session=an_id(7), code=code)),
        (lots.close_id(draw), LotClosed(draw=draw, tickets=1, digest=lots.digest_of([code]))),
        (lots.drawn_id(draw), LotDrawn(draw=draw, seed=seed, number=315042, winners=[code])),
    )
    pair.booth.journal.append(*(Draft(fact_id, body, "li") for fact_id, body in steps))


def _bring_one(pair: Pair) -> None:
    """An exhibit of the tablet's own, on show."""
    out, shelf = io.BytesIO(), pair.booth.shelf
    Image.new("RGB", (400, 300), "tan").save(out, "JPEG")
    shelf.keep_photo(BROUGHT, redrawn(out.getvalue()))
    shelf.keep_places(BROUGHT, [Place(x=0.1, y=0.1, w=0.2, h=0.2)])
    shelf.keep_words(BROUGHT, Words("一瓶酒"), [(Words("字糊"), Words("看字"))])
    shelf.approve(BROUGHT, shelf.find(BROUGHT).digest, an_id(0xFC), "li")


def _print_a_sheet(pair: Pair) -> None:
    body, now = SheetPrinted(kind="tally", first=1, last=1, notice=""), pair.clock.now()
    with pair.hub.store.begin() as tx:
        journal.append(tx, "demo", body, desk="d01", by="li", now=now, mono=1)


def _ask_at_the_hub(pair: Pair) -> None:
    """The fair chose a survey: phones may answer it."""
    with pair.hub.store.begin() as tx:
        fair = msgspec.structs.replace(find_fair(tx, "demo"), surveys=["rights-awareness"])
        tx.execute(update(fairs).values(document=msgspec.json.encode(fair).decode()))


def _freeze(pair: Pair) -> None:
    """A first version of the figures."""
    by = Person("p-1", "chen", frozenset({"organiser"}))
    with pair.hub.store.begin() as tx:
        statements.freeze(tx, pair.hub, find_fair(tx, "demo"), by, "", an_id(0xE0F))


def _send_what_nobody_can_use(pair: Pair) -> None:
    """The hub has a line of the booth's that is no fact, and two branches of its journal."""
    identity = pair.booth.journal.identity()
    assert identity.certificate is not None
    assert identity.certificate_document is not None
    key = outbox.load_key(pair.booth.config.data)
    one = Tablet(key, identity.certificate, envelope.root(identity.certificate_document))
    one.record(b"<x315 onclick=alert(1)>").record(a_batch("fail"), id=an_id(0xC1))
    other = one.clone().record(b"\xff</pre><x315>")
    for tablet in (one.record(), other):
        deliver(pair.hub, tablet.batch())


# --- what an answer must be ------------------------------------------------------------------------


class Reader(HTMLParser):
    """What a strict policy forbids, what loads from elsewhere, what a probe left behind; and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.words: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and "src" not in given:
            self.faults.append("an inline script")
        if tag == "style":
            self.faults.append("an inline style")
        if tag in ("iframe", "object", "embed", "base", "x315"):
            self.faults.append(f"<{tag}>")
        for name, value in given.items():
            if name == "style" or name.startswith("on") or name == "x315":
                self.faults.append(f"{name}= on <{tag}>")
            if name in ("src", "href", "action", "hx-get", "hx-post", "srcset", "data") and _is_elsewhere(value):
                self.faults.append(f"{name}={value} on <{tag}>")
        if tag in ("script", "style", "title", "head"):
            self._hidden = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.split()


def _is_elsewhere(address: str) -> bool:
    parts = urlsplit(address.strip())
    return bool(parts.netloc) or parts.scheme in ("http", "https", "javascript", "data", "vbscript")


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


#: A page that scans or takes a photo may use the camera, and no other page.
WITH_CAMERA = re.compile(r"\sdata-(scan=|snap\s|camera-try\s|photos=\"camera\")")
#: Screens that come into one another's page, of which one takes photos: any of them may ask for the camera, and so may
#: the PIN that stands before them.
IN_ONE_PAGE = ("/staff/complaint", "/staff/enter")
CAMERA = {"Permissions-Policy": "camera=(self), geolocation=(), microphone=()"}


def faults_of(response) -> list[str]:
    """What is wrong with an answer, whatever it was an answer to."""
    wanted = HEADERS | (CAMERA if response.mimetype == "text/html" and WITH_CAMERA.search(response.text) else {})
    if response.request.path.startswith(IN_ONE_PAGE):
        wanted.pop("Permissions-Policy")
    if response.request.method == "HEAD":
        wanted.pop("Permissions-Policy", None)  # the text that would tell is not there
    found = [
        f"{name} is {response.headers.get(name)!r}" for name in wanted if response.headers.get(name) != wanted[name]
    ]
    if response.status_code >= 500 and response.status_code not in (503, 507):
        found.append(f"status {response.status_code}")
    if response.mimetype == "text/html":
        is_storable = (response.request.path, response.status_code) == (AT, 200)
        if response.headers.get("Cache-Control") != (STORABLE if is_storable else "no-store"):
            found.append("a page that may be stored")
        if not {"HX-Request", "Cookie"} <= set(response.headers.get("Vary", "").split(", ")):
            found.append("a page that does not say what it varies by")
        found += _faults_in(response.text)
    return found


@lru_cache(512)  # the same refusal comes a hundred times over
def _faults_in(text: str) -> tuple[str, ...]:
    return tuple(read(text).faults)
