"""Tablets on their way into a fair, and the people who let them in."""

import re
import secrets
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from kiosk.hub import devices, fairs, people
from kiosk.hub.context import Hub
from kiosk.hub.tables import devices as table
from kiosk.hub.tables import people as people_table
from kiosk.sync import keys, protocol
from kiosk.sync.protocol import EnrolRequest
from tests.hub.tablets import an_enrol_request
from tests.makers import CASEWORKER, Browser, Page

SPOKEN = {protocol.HEADER: "1"}


@dataclass
class Newcomer:
    """A tablet with a key and an empty journal, and the code it was given."""

    hub: Hub
    code: str
    key: keys.SigningKey = field(default_factory=keys.SigningKey.generate)
    journal: str = field(default_factory=lambda: secrets.token_hex(16))
    word: str = ""  # of the hub, that it has the request

    def __post_init__(self) -> None:
        token, _ = protocol.read_code(self.code)
        canary = a_canary(self.hub, self.journal)
        self.request: EnrolRequest = an_enrol_request(
            self.hub, token, key=self.key, journal=self.journal, canary=canary.hex()
        )

    @property
    def digits(self) -> str:
        """What its screen shows; nothing before the hub gave its word."""
        return protocol.comparison(self.request, self.hub.fingerprint, self.word) if self.word else ""

    def asks(self, client: FlaskClient) -> TestResponse:
        answer = client.post("/sync/v1/enrol", data=protocol.dump(self.request), headers=SPOKEN)
        self.word = answer.headers.get(protocol.VOUCH_HEADER, self.word)
        return answer


def a_canary(hub: Hub, journal: str, text: bytes | None = None) -> bytes:
    """What a tablet seals first of all; `text` seals something else."""
    return keys.seal(hub.sealing_key, protocol.canary_text(journal, hub.id) if text is None else text)


def a_screen_code(hub: Hub, desk: str = "d01", kind: str = "screen", **more) -> str:
    """A code whose tablet has to be compared."""
    with hub.store.begin() as tx:
        return devices.draw_code(tx, hub, fairs.find_fair(tx, None), desk, hub.clock.now(), kind=kind, **more)


def waiting(hub: Hub) -> list[devices.Waiting]:
    with hub.store.reading() as tx:
        return devices.waiting(tx, hub, "demo")


def confirm(hub: Hub, which: str = "", key: keys.PrivateKey | None = None) -> str:
    """A person finds the digits the same; returns the tablet's id."""
    with hub.store.begin() as tx:
        return devices.confirm(tx, hub, "demo", which or waiting(hub)[0].id, person_id(hub), key)


def reject(hub: Hub, which: str = "") -> None:
    with hub.store.begin() as tx:
        devices.reject(tx, "demo", which or waiting(hub)[0].id)


def person_id(hub: Hub) -> str:
    with hub.store.reading() as tx:
        return str(tx.execute(select(people_table.c.id).where(people_table.c.name == CASEWORKER[0])).scalar_one())


def the_key(hub: Hub) -> keys.PrivateKey:
    """The key to complaints, as its caseworker opens it."""
    with hub.store.reading() as tx:
        return people.open_key(tx, *CASEWORKER)


def states(hub: Hub) -> dict[str, tuple[str, str]]:
    """Device → (state, canary)."""
    with hub.store.reading() as tx:
        return {row.device: (row.state, row.canary_state) for row in tx.execute(select(table))}


# --- reading pages --------------------------------------------------------------------------------


def code_on(page: Page) -> str:
    """The code that is shown, as it would be typed."""
    found = re.search(r'class="token num">([^<]+)<', page.text)
    assert found, page.text
    return found[1]


def slips_on(page: Page) -> list[str]:
    """The codes of a printed sheet, in order."""
    return re.findall(r'class="strip-code"><span class="unseen">[^<]*</span>([^<]+)<', page.text)


def digits_on(page: Page) -> list[str]:
    return re.findall(r'class="digits num"[^>]*>([0-9 ]+)<', page.text)


def says_the_same(office: Browser, page: Page, place: int = 0, verdict: str = "same") -> Page:
    """Touch one of the two buttons beside the digits."""
    forms = [form for form in page.forms if form.action.endswith("/enrolments")]
    return office.send(forms[place], verdict=verdict)
