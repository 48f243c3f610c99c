"""The evening before: a rehearsal on the very tablet, which in the end has counted nothing."""

from playwright.sync_api import expect

BAND = "演练 · 不计入统计"


def test_a_rehearsal_from_the_staff_screen_to_the_hub(fair, a_volunteer, an_organiser):
    volunteer = a_volunteer(fair).signs_in()
    page, before = volunteer.page, volunteer.reads("consultation")
    volunteer.press(page.get_by_role("link", name="收工"))
    volunteer.press(page.get_by_role("link", name="演练"))
    volunteer.press(page.get_by_role("button", name="开始演练"))
    expect(page.locator(".rehearsal")).to_contain_text(BAND)
    volunteer.signs_in()
    assert volunteer.reads("consultation") == 0
    volunteer.counts("consultation")
    volunteer.expects("consultation", 1)
    expect(page.locator(".rehearsal")).to_contain_text(BAND)  # a touch swaps parts of the page
    volunteer.press(page.locator(".rehearsal").get_by_role("link", name="结束演练"))
    volunteer.press(page.get_by_role("button", name="结束演练"))
    expect(page.get_by_role("heading", name="演练已结束，现在记的都算数")).to_be_visible()
    expect(page.locator(".rehearsed")).to_contain_text("接受咨询")
    expect(page.locator(".rehearsal")).to_have_count(0)
    volunteer.press(page.get_by_role("link", name="计数"))
    volunteer.expects("consultation", before)
    organiser = an_organiser(fair).opens("/devices")
    row = organiser.page.locator("#rehearsals tbody tr")
    expect(row).to_contain_text("演练已结束")
    held, _, known = row.locator("td").nth(1).inner_text().partition(" / ")
    assert int(held) == int(known) > 0
