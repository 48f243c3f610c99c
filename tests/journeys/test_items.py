"""What people do not know: from the touch on a tablet to the row at the hub."""

from contextlib import closing

from playwright.sync_api import expect

from kiosk.clock import SystemClock
from kiosk.config import HubConfig
from kiosk.hub.app import open_hub
from kiosk.packs.reader import read_pack
from tests.hub.tablets import a_tablet, deliver
from tests.makers import an_answer, an_id
from tests.proof import at_length


@at_length
def test_what_a_visitor_answered_is_a_row_and_is_ranked_once_enough_have(own_fair, a_visitor, an_organiser):
    visitor = a_visitor(own_fair).comes().opens_quiz()
    visitor.plays_quiz(right=4)
    own_fair.sync()
    organiser = an_organiser(own_fair).opens("items")
    expect(organiser.page.locator("table.items tbody tr")).to_have_count(5)
    assert "不排名" in organiser.sees(".known").inner_text()

    with closing(open_hub(HubConfig(own_fair.hub.data), SystemClock())) as hub:
        tablet, version = a_tablet(hub, "d18"), read_pack().version
        for number in range(40):
            right = number < 10
            tablet.record(
                an_answer(
                    session=an_id(number), question="q002", pack=version, chosen=["a" if right else "b"], right=right
                )
            )
        deliver(hub, tablet.batch())
    organiser.opens("items?venue=v4")
    least = organiser.sees(".least li").first.inner_text()
    assert "25.0%" in least
    assert "40 次" in least
    organiser.press(organiser.page.locator(".chips a").nth(1))
    expect(organiser.page.locator("table.items tbody tr")).to_have_count(1)
