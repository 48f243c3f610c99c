"""The tablet's disk is full, or its data broken: the volunteer is told in whole sentences, and nothing is pretended."""

import resource

from playwright.sync_api import expect

from tests.journeys import layout, walks
from tests.journeys.fair import Server
from tests.journeys.screens import EVERY, TABLETS
from tests.journeys.test_accessibility import LOOKS, cookies, look_at
from tests.proof import at_length


def limit_files(server: Server, size: int) -> None:
    """No file of a running server may grow beyond `size` bytes, as on a full disk."""
    for pid in server.pids():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_touch_on_a_full_disk_is_a_clear_screen_and_counts_once_there_is_room(own_fair, a_volunteer, watch):
    watch.allow("507")
    booth = own_fair.booth.again(KIOSK_BOOTH_RESERVE_MB="0")
    volunteer = a_volunteer(own_fair).signs_in()
    volunteer.counts("headcount")
    limit_files(booth, 1)
    volunteer.press(volunteer.key("headcount"))
    volunteer.sees(".halt")
    assert "存储已满，刚才没有记上" in volunteer.page.locator("h1").inner_text()
    expect(volunteer.page.locator("#alarm")).to_be_hidden()
    volunteer.press(volunteer.page.locator(".halt-keys a"))
    assert "存储已满" in volunteer.sees(".room").inner_text()
    assert volunteer.reads("headcount") == 1
    limit_files(booth, resource.RLIM_INFINITY)
    volunteer.counts("headcount")
    expect(volunteer.page.locator(".room")).to_have_count(0)  # it went away with the touch that was recorded
    own_fair.sync()
    assert own_fair.figures()["headcount"] == 2


@at_length
def test_while_room_is_scarce_a_volunteer_counts_under_a_banner(own_fair, a_volunteer, watch):
    watch.allow("507")
    own_fair.booth.again(KIOSK_BOOTH_RESERVE_MB="1000000000")
    volunteer = a_volunteer(own_fair).signs_in()
    assert "存储快满：计数照常" in volunteer.sees(".room").inner_text()
    volunteer.taps_fast("headcount", 7)
    volunteer.expects("headcount", 7)
    volunteer.sees(".room")
    volunteer.goes_to("/staff/complaint").sees(".halt")
    volunteer.press(volunteer.page.locator(".halt-keys a.button-plain"))
    volunteer.expects("headcount", 7)


@at_length
def test_the_screens_of_a_tablet_in_trouble(own_fair, a_volunteer, watch):
    watch.allow("409|500|503|507")
    volunteer, faults = a_volunteer(own_fair), []

    def big_enough(page, name, size):
        if size not in TABLETS:
            return []
        return layout.small_targets(page) + layout.small_text(page, 30 if "large" in name else 20)

    def fits(_page, name, size):
        return layout.downwards(_page) if name.endswith(" zh") and size in TABLETS else []

    for name in walks.trouble_screens(volunteer, own_fair.booth):
        for look in LOOKS if name != "room full" else LOOKS[:1]:  # that one is the answer to a touch
            english, large = look.values
            chosen = cookies(volunteer.url, english=english, large=large)
            if chosen:
                volunteer.page.context.add_cookies(chosen)
                volunteer.page.reload()
            faults += look_at(volunteer.page, f"{name} {look.id}", EVERY, big_enough, fits)
            for one in ("lang", "large"):
                volunteer.page.context.clear_cookies(name=one)
    assert not faults, "\n".join(faults)
