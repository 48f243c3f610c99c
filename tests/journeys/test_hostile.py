"""What somebody wrote to do harm, on the page of whoever opens the case: it is read, and does nothing."""

from contextlib import closing

from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.hub.founding import open_hub
from tests import hostile
from tests.hub.phones import leave_case

FIELDS = (
    "facts", "request", "grounds", "what", "place", "respondent", "respondent_address", "name", "address", "guardian",
    "on_behalf",
)  # fmt: skip
#: Attributes that do something, with what only these texts could have put into them.
LIVE = """all => all
    .flatMap(one => [...one.attributes])
    .filter(one => /^(data-)?hx-|^on|^x315|^style$/.test(one.name))
    .filter(one => /alert|evil|x315|logout/.test(one.name + one.value))
    .map(one => one.name + "=" + one.value)"""
#: What code is made of.
_SIGNS = ("<script", "onerror=", "onload=", "hx-", "javascript:", "<svg", "<iframe", "<base", "<style", "x315")


def the_worst(count: int) -> list[str]:
    """Those with most of what code is made of, of both lists."""
    texts = [text.encode("utf-8", "replace").decode() for text in hostile.texts() if len(text) < 500]
    return sorted(texts, key=lambda text: (sum(sign in text.lower() for sign in _SIGNS), text), reverse=True)[:count]


def test_the_fifty_worst_texts_are_read_and_do_nothing(fair, an_organiser):
    office = an_organiser(fair)
    asked, page = [], office.page
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda popup: asked.append(popup.url))
    worst = the_worst(50)
    assert sum("hx-" in text for text in worst) > 5
    for at in range(0, len(worst), len(FIELDS)):
        sealed = dict(zip(FIELDS, worst[at:], strict=False))
        with closing(open_hub(HubConfig(fair.hub.data), SystemClock())) as hub:
            case = leave_case(hub, **sealed)
        told = office.opens_case(case)
        page.wait_for_load_state("networkidle")  # whatever was to be loaded, or asked for by htmx, has been
        for name, text in sealed.items():
            assert "".join(text.split()) in "".join(told.split()), (name, text)
        live = page.locator("#main *").evaluate_all(LIVE)
        assert (live, asked, page.locator("x315").count()) == ([], [], 0)
        assert page.url.startswith(fair.hub.url)
