"""Things with defaults, for tests that care about one part of them; and people who do not exist."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk import strictjson
from kiosk.booth import outbox
from kiosk.booth.app import create_booth_app
from kiosk.booth.context import Booth, new_id
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.setup import init_booth
from kiosk.clock import Clock, stamp
from kiosk.config import BoothConfig, HubConfig
from kiosk.facts import complaints, envelope
from kiosk.facts.complaints import ComplaintFiled
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body
from kiosk.facts.quizzes import QuizAnswered
from kiosk.facts.tallies import TallyCounted
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import devices, fairs, founding, people
from kiosk.hub.app import create_hub, create_hub_app
from kiosk.hub.context import Hub
from kiosk.packs.fairs import Fair, Prize
from kiosk.packs.model import Text
from kiosk.packs.reader import BUILTIN, read_fair
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import BatchHeader, Certificate, FairNotice, Hello
from kiosk.sync.push import Answer, Result
from tests.clocks import FAIR_MORNING, FakeClock

VOLUNTEER = ("li", "380315")  # id, PIN
CASEWORKER = ("chen", "a-made-up-password")  # name, password; may organise, too
HUB_URL = "http://localhost"

#: A complaint as typed, by field of the form.
COMPLAINT = {
    "notice": "yes",
    "consumer": "adult",
    "respondent": "好又多小卖部",
    "respondent_address": "人民路1号",
    "what": "电饭锅",
    "place": "店里",
    "bought_on": "2027-03-01",
    "amount": "128.50",
    "facts": "电饭锅用了一天就不热了，商家不肯退。",
    "grounds": "购物小票",
    "want_return": "yes",
    "want_refund": "yes",
    "request": "退货退款",
    "forward": "yes",
    "mediation": "yes",
    "publicity": "no",
    "name": "张三丰",
    "phone": "13800000000",
    "address": "示范市建设路2号",
}

#: What a complaint says besides that somebody brings for another, who has not signed for it yet.
FOR_ANOTHER = {
    "consumer": "other",
    "on_behalf": "李小明",
    "on_behalf_phone": "13900001111",
    "relation": "family",
    "authority": "no",
}
#: What a report says otherwise, unsigned.
REPORT = {"matter": "report", "anonymous": "yes"}

# --- values ---------------------------------------------------------------------------------------


def an_id(number: int = 1) -> str:
    return f"{number:032x}"


def a_key(number: int = 1) -> keys.SigningKey:
    """The same number is the same key."""
    return keys.SigningKey(bytes([number]) * 32)


def a_headcount(n: int = 1) -> TallyCounted:
    return TallyCounted(counter="headcount", n=n)


def an_answer(**changes: Any) -> QuizAnswered:
    """A visitor's answer to a question on the tablet."""
    answer = QuizAnswered(
        session="7" * 32,
        question="q001",
        chosen=["a"],
        right=True,
        ms=6180,
        pack="0123456789ab",
        mode="standard",
        lang="zh",
        on="tablet",
        helped=False,
    )
    return msgspec.structs.replace(answer, **changes)


def a_filing(blob: str = "ab" * 32, size: int = 700, **changes: Any) -> ComplaintFiled:
    """That a complaint with this sealed content was filed at a desk which is a published channel."""
    filing = ComplaintFiled(
        case="7KQ2-M0ZRT",
        blob=blob,
        size=size,
        channel="volunteer",
        notice="2026-11",
        matter="complaint",
        intake="regulator",
        standing="window",
        form="2026",
        code="",
        linked="",
    )
    return msgspec.structs.replace(filing, **changes)


def a_prize(**changes: Any) -> Prize:
    """Two bags for who passes the quiz."""
    prize = Prize(id="bag", name=Text("环保购物袋", "Shopping bag"), earned_by="passed", quota=2)
    return msgspec.structs.replace(prize, **changes)


def give_prizes(booth: Booth, *prizes: Prize, leaderboard: bool = False) -> None:
    """As if the hub had said so in its notice, which is not read again."""
    fair = msgspec.structs.replace(booth.enrolled.fair, prizes=list(prizes), leaderboard=leaderboard)
    booth._enrolment = msgspec.structs.replace(booth.enrolled, fair=fair)
    booth._read_at = 1 << 60


def a_fact(body: Body | None = None, **changes: Any) -> Fact:
    """A fact as a booth writes it; by default one visitor counted."""
    body = body or a_headcount()
    kind = REGISTRY.name_of(body)
    fact = Fact(
        v=REGISTRY.version_of(kind),
        id=an_id(),
        seq=1,
        kind=kind,
        at=stamp(FAIR_MORNING),
        mono=1_000_000,
        boot="0000315a",
        desk="d01",
        by="li",
        body=msgspec.to_builtins(body),
    )
    return msgspec.structs.replace(fact, **changes)


def some_lines(count: int, first: int = 1) -> list[bytes]:
    """Lines of a journal from seq `first`."""
    return [envelope.encode(a_fact(a_headcount(seq), id=an_id(seq), seq=seq)) for seq in range(first, first + count)]


def a_certificate(**changes: Any) -> Certificate:
    certificate = Certificate(
        device=an_id(0xDE),
        public_key=bytes(a_key().verify_key).hex(),
        journal=an_id(0x10),
        hub=an_id(0x4B),
        fair="demo",
        desk="d01",
        kinds=list(devices.BOOTH_KINDS),
        not_before=stamp(FAIR_MORNING),
        not_after="2028-03-15T09:30:00.000+08:00",
    )
    return msgspec.structs.replace(certificate, **changes)


def a_hello(key: keys.SigningKey | None = None, hub: str = "") -> Hello:
    """What a hub says of itself; by default the hub of `a_certificate`, with key 9."""
    return Hello(
        hub=hub or a_certificate().hub,
        signing_key=bytes((key or a_key(9)).verify_key).hex(),
        sealing_key=bytes(keys.PrivateKey(b"\x09" * 32).public_key).hex(),
        protocol=[protocol.VERSION],
        capabilities=list(protocol.CAPABILITIES),
        time=stamp(FAIR_MORNING),
    )


def a_header(lines: Sequence[bytes] = (), **changes: Any) -> BatchHeader:
    certificate = a_certificate()
    header = BatchHeader(
        journal=certificate.journal,
        device=certificate.device,
        fair=certificate.fair,
        hub=certificate.hub,
        first=1,
        count=len(lines),
        prev="00" * 32,
    )
    return msgspec.structs.replace(header, **changes)


def a_batch(lines: Sequence[bytes] | None = None, key: keys.SigningKey | None = None, **changes: Any) -> bytes:
    """A signed batch of `lines`, by default of two; `changes` go to its header."""
    lines = some_lines(2) if lines is None else lines
    return protocol.write_batch(a_header(lines, **changes), lines, key or a_key())


def a_fair(**changes: Any) -> Fair:
    return msgspec.structs.replace(read_fair(BUILTIN / "fair.json"), **changes)


def a_pack(folder: Path, **changes: Any) -> Path:
    """A copy of the built-in pack in `folder`; a change such as `questions=[…]` replaces that file's content."""
    shutil.copytree(BUILTIN, folder, dirs_exist_ok=True)
    for name, content in changes.items():
        (folder / f"{name}.json").write_bytes(content if isinstance(content, bytes) else strictjson.dumps(content))
    return folder


# --- a booth alone --------------------------------------------------------------------------------


def a_journal(folder: Path, clock: Clock) -> Journal:
    """An empty journal with the certificate of a made-up hub, for tests that need no hub. Close it."""
    journal = init_booth(BoothConfig(folder), clock)
    identity, hub_key = journal.identity(), a_key(9)
    certificate = a_certificate(journal=identity.journal, public_key=identity.public_key)
    notice = FairNotice(fair=a_fair(), public_url=HUB_URL, pack="", volunteers=[])
    documents = (protocol.sign_document(certificate, hub_key), protocol.sign_document(notice, hub_key))
    journal.keep_enrolment(HUB_URL, protocol.dump(a_hello(hub_key)), *documents, "")
    return journal


def a_draft(body: Body | None = None, fact_id: str = "", by: str = "li") -> Draft:
    return Draft(fact_id or new_id(), body or a_headcount(), by)


def facts_of(journal: Journal, kind: str = "") -> list[Fact]:
    """All facts of a journal, or those of one kind, oldest first."""
    facts = [envelope.decode(line) for line in journal.lines(1, 1_000_000)]
    return [fact for fact in facts if kind in ("", fact.kind)]


# --- both sides -----------------------------------------------------------------------------------


class WsgiTransport:
    """A road to a hub in the same process: no ports, no waiting."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        # A client of its own for each request, as one without cookies; the context ends with it.
        with self._app.test_client(use_cookies=False) as client:
            answer = client.open(path, method=method, data=body, headers=dict(headers))
            return Answer(answer.status_code, dict(answer.headers), answer.get_data())


@cache
def _an_empty_database() -> bytes:
    """A hub's database with nothing in it: to make its tables step by step takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        founding._open_store(HubConfig(Path(folder))).close()
        return (Path(folder) / "hub.db").read_bytes()


def a_founded_hub(folder: Path, clock: FakeClock, database: str = "") -> tuple[Hub, keys.PrivateKey]:
    """A hub that knows nobody, and its sealing key. Its tables lie ready where it has a file of its own."""
    if not database and not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
        (folder / "hub.db").touch(mode=0o600)
        (folder / "hub.db").write_bytes(_an_empty_database())
    return create_hub(HubConfig(folder, database, public_url=HUB_URL), clock)


def a_hub(folder: Path, clock: FakeClock, database: str = "", fair: Fair | None = None) -> Hub:
    """A hub with one fair, one volunteer, and one person who may do everything. Close it."""
    here, sealing_key = a_founded_hub(folder, clock, database)
    fair = fair or a_fair()
    with here.store.begin() as tx:
        fairs.add_fair(tx, fair)
        people.add_person(tx, *CASEWORKER, {"organiser", "supervisor"}, sealing_key)
        people.add_volunteer(tx, fair.id, VOLUNTEER[0], "李志愿", VOLUNTEER[1])
    return here


def an_enrolled_booth(folder: Path, hub_app: Flask, clock: FakeClock, desk: str = "d01") -> BoothConfig:
    """A booth in `folder`, enrolled at the hub with a code, as any tablet is."""
    here: Hub = hub_app.extensions["hub"]
    settings = BoothConfig(folder, sync_seconds=0)
    journal = init_booth(settings, clock)
    with here.store.begin() as tx:
        code = devices.draw_code(tx, here, fairs.find_fair(tx, None), desk, clock.now())
    try:
        outbox.enrol(journal, outbox.load_key(folder), WsgiTransport(hub_app), HUB_URL, code)
    finally:
        journal.close()
    return settings


@dataclass
class Pair:
    """A booth and the hub it is enrolled at."""

    booth_app: Flask
    hub_app: Flask
    clock: FakeClock
    volunteer: tuple[str, str] = VOLUNTEER  # id, PIN
    caseworker: tuple[str, str] = CASEWORKER  # name, password

    @property
    def booth(self) -> Booth:
        here = self.booth_app.extensions["booth"]
        assert isinstance(here, Booth)
        return here

    @property
    def hub(self) -> Hub:
        here = self.hub_app.extensions["hub"]
        assert isinstance(here, Hub)
        return here

    def sync(self) -> Result:
        return self.booth.sync(WsgiTransport(self.hub_app))

    def visitor(self) -> "Browser":
        """Somebody new at the tablet."""
        return Browser(self.booth_app.test_client())

    def at_the_desk(self) -> "Browser":
        """The volunteer, PIN typed."""
        return self.visitor().enter(*self.volunteer)

    def in_the_office(self) -> "Browser":
        """The caseworker, signed in at the hub."""
        return Browser(self.hub_app.test_client()).sign_in(*self.caseworker)


def a_pair(folder: Path, hub: Hub, clock: FakeClock) -> Pair:
    """A booth at desk d01 of the hub's fair. Close its booth; the hub is the caller's."""
    hub_app = create_hub_app(hub)
    settings = an_enrolled_booth(folder, hub_app, clock)
    return Pair(create_booth_app(settings, clock), hub_app, clock)


# --- reading pages as a person does ----------------------------------------------------------------


@dataclass
class Form:
    """A form of a page: where it goes, what it holds, and the buttons one can touch."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)  # name, value

    def choices(self, name: str) -> list[str]:
        """The values of the buttons of that name, in order."""
        return [value for button, value in self.buttons if button == name]


#: The forms of a page. What lies around them, drawings above all, is not read: it is the most of a page.
_FORMS = re.compile(r"<form\b.*?</form>", re.DOTALL)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""))
            self.forms.append(self._open)
        elif self._open is not None and "name" in given:
            self._read_field(self._open, tag, given)

    def _read_field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given["name"]
        if tag == "button":
            form.buttons.append((name, given.get("value", "")))
        elif tag == "textarea":
            self._area = name
            form.values[name] = ""
        elif tag == "input" and given.get("type") == "file":
            pass  # what a file field holds is no text
        elif tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            form.values[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area and self._open is not None:
            self._open.values[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "form":
            self._open = None


class Page:
    """What came back: its status, its text, its forms."""

    def __init__(self, response: TestResponse) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.path = response.request.path
        self.text = response.get_data(as_text=True)

    def __contains__(self, text: str) -> bool:
        return text in self.text

    @property
    def forms(self) -> list[Form]:
        reader = _FormReader()
        reader.feed("".join(_FORMS.findall(self.text)))
        return reader.forms

    def form(self, action: str, **values: str) -> Form:
        """The first form that goes to `action` and holds `values`."""
        for form in self.forms:
            if form.action == action and values.items() <= form.values.items():
                return form
        raise AssertionError(f"no form to {action} with {values} on the page:\n{self.text}")


class Browser:
    """A person at a screen: follows redirects, sends the forms a page offers."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **headers: str) -> Page:
        return Page(self.client.get(path, headers=headers, follow_redirects=True))

    def post(self, path: str, **values: str) -> Page:
        return Page(self.client.post(path, data=values, follow_redirects=True))

    def send(self, form: Form, **values: str) -> Page:
        """Send a form with what it holds, changed by `values`."""
        return self.post(form.action, **{**form.values, **values})

    def enter(self, volunteer: str, pin: str) -> "Browser":
        """At a booth: open the staff screens."""
        page = self.post("/staff/enter", volunteer=volunteer, pin=pin, next="/staff")
        assert page.path == "/staff", f"the PIN was refused:\n{page.text}"
        return self

    def sign_in(self, name: str, password: str) -> "Browser":
        """At a hub: sign in. Forms that are sent with `send` carry the session's own token."""
        answer = self.client.post("/login", data={"name": name, "password": password, "next": "/"})
        assert answer.status_code == 303, f"the password was refused:\n{answer.get_data(as_text=True)}"
        return self  # and has not looked at the board, which takes ten times as long


def screens_of(**changes: str) -> list[str]:
    """Names of the screens of the form COMPLAINT (with `changes`) goes through."""
    return [step.name for step in complaints.steps_of(complaints.tidied({**COMPLAINT, **changes}))]


def answers(page: Page, action: str = "/staff/complaint", **changes: str) -> dict[str, str]:
    """What COMPLAINT (with `changes`) says to the fields of the screen that is shown."""
    told, shown = {**COMPLAINT, **changes}, page.form(action).values["step"]
    fields = next(step.fields for step in complaints.STEPS if step.name == shown)
    return {field.name: told[field.name] for field in fields if told.get(field.name)}


def fill_complaint(browser: Browser, **changes: str) -> Iterator[Page]:
    """Every screen of the form in turn, then the receipt; of a report with `**REPORT`."""
    page = browser.get("/staff/complaint/" + ("report" if changes.get("matter") == "report" else "settle"))
    for _ in screens_of(**changes):
        yield page
        page = browser.send(page.form("/staff/complaint"), go="next", **answers(page, **changes))
    yield page


def unsent_blobs(journal: Journal) -> list[tuple[str, bytes]]:
    """Name and content of what is sealed and still to be sent."""
    return [(name, journal.blob(name) or b"") for name in journal.unsent_names()]
