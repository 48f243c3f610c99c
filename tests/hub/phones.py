"""A visitor's own phone at the hub's door."""

import hashlib
import re
import secrets
from collections.abc import Iterator

import msgspec
from sqlalchemy import select

from kiosk.facts.advice import AdviceAsked, Question
from kiosk.facts.complaints import Context, compose, draw_case_number
from kiosk.facts.duty import ExposureListed
from kiosk.hub import blobs, journal
from kiosk.hub.context import Hub
from kiosk.hub.steps import ACTIONS
from kiosk.hub.tables import devices
from kiosk.sync import keys
from tests.makers import COMPLAINT, Browser, Page, Pair, a_filing, answers, screens_of


def screens(browser: Browser, device: str, **changes: str) -> Iterator[Page]:
    """Every screen of the form in turn, filled in, then the receipt; of a report with `**REPORT`."""
    address = f"/m/complaint/{device}"
    page = browser.get(address + ("/report" if changes.get("matter") == "report" else "/settle"))
    for _ in screens_of(**changes):
        yield page
        page = browser.send(page.form(address), go="next", **answers(page, address, **changes))
    yield page


def receipt(browser: Browser, device: str, **changes: str) -> Page:
    *_, last = screens(browser, device, **changes)
    return last


def case_on(page: Page) -> str:
    """The case number on a receipt."""
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{5}(?=</strong>)", page.text)
    assert found, page.text
    return found[0]


def device_of(pair: Pair) -> str:
    """The tablet whose QR code is scanned."""
    with pair.hub.store.reading() as tx:
        return str(tx.execute(select(devices.c.device)).scalars().first())


def file_by_phone(pair: Pair, device: str = "", **changes: str) -> str:
    """File a complaint from a phone; returns its case number."""
    return case_on(receipt(Browser(pair.hub_app.test_client()), device or device_of(pair), **changes))


def leave_question(pair: Pair, number: str, text: str = "预付卡能退吗？") -> None:
    """A question as if it had been left, and something that was exposed."""
    here, fact_id, now = pair.hub, secrets.token_hex(16), pair.hub.clock.now()
    question = Question(text=text, context=Context(fair="demo", fact=fact_id, case=number))
    blob = keys.seal(here.sealing_key, msgspec.json.encode(question))
    asked = AdviceAsked(number=number, blob=hashlib.sha256(blob).hexdigest(), size=len(blob), channel="visitor")
    with here.store.begin() as tx:
        blobs.keep(tx, blob, now)
        for one, body in ((fact_id, asked), ("", ExposureListed(number=1, title="翻新轮胎", source=""))):
            journal.append(tx, "demo", body, desk="d01", by="visitor", now=now, mono=1, fact_id=one)


def leave_case(here: Hub, **sealed: str | bool) -> str:
    """A complaint that says this, whatever the form would say to it, as if a phone had sealed it; its number."""
    case, fact_id = draw_case_number(), secrets.token_hex(16)
    plain = compose({**COMPLAINT, "matter": "complaint", "form": "2026"}, Context(fair="demo", fact=fact_id, case=case))
    leave_sealed(here, case, fact_id, msgspec.json.encode(msgspec.structs.replace(plain, **sealed)))
    return case


def leave_sealed(here: Hub, case: str, fact_id: str, content: bytes) -> None:
    """What somebody sealed to the hub, as the content of a complaint."""
    blob, now = keys.seal(here.sealing_key, content), here.clock.now()
    body = a_filing(hashlib.sha256(blob).hexdigest(), len(blob), case=case, channel="wifi")
    with here.store.begin() as tx:
        blobs.keep(tx, blob, now)
        journal.append(tx, "demo", body, desk="d01", by="visitor", now=now, mono=1, fact_id=fact_id)


def opens(office: Browser, case: str, reason: str = "handling", fair: str = "demo") -> Page:
    """Somebody who is signed in opens a case for a reason, whether or not a page offers it to them."""
    return acts(office, case, "open", fair, reason=reason)


def acts(office: Browser, case: str, what: str, fair: str = "demo", **told: str) -> Page:
    """Somebody who is signed in sends one of the forms of a case; the steps under an id of their own."""
    csrf = office.get(f"/fairs/{fair}/cases").form("/logout").values["csrf"]
    if what in ACTIONS or what == "note":
        told = {"id": secrets.token_hex(16), **told}
    return office.post(f"/fairs/{fair}/cases/{case}/{what}", csrf=csrf, **told)
