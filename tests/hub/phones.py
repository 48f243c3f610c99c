"""A visitor's own phone at the hub's door."""

import re
from collections.abc import Iterator

from sqlalchemy import select

from kiosk.hub.tables import devices
from tests.makers import COMPLAINT, Browser, Page, Pair


def screens(browser: Browser, device: str, **changes: str) -> Iterator[Page]:
    """Every screen of the complaint form in turn, filled in, then the receipt."""
    address = f"/m/complaint/{device}"
    told = {**COMPLAINT, **changes}
    page = browser.get(address)
    for _ in range(5):
        yield page
        form = page.form(address)
        shown = {name: told[name] for name in told if name in form.values or name == "notice"}
        page = browser.send(form, go="next", **shown)
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
