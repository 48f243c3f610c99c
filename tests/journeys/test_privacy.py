"""Who complains is written down nowhere: not on the tablet, not at the hub, not in the browser, not in a log."""

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.journeys import leaks
from tests.journeys.people import COMPLAINT, Complaining, Visitor, Volunteer
from tests.journeys.screens import ARGUMENTS, LYING, PHONE, looks, program
from tests.photos import EXIF_MARK, a_photo
from tests.proof import share

SECRETS = [*COMPLAINT["identity"].values(), COMPLAINT["facts"]["facts"].split("\n")[0]]


def test_the_search_finds_what_is_planted_in_every_writing(tmp_path):
    (tmp_path / "innocent.txt").write_text("张三，13800000000，长江路", "utf-8")
    assert leaks.hits([tmp_path], SECRETS) == []
    for secret in SECRETS:
        for writing, file in leaks.plant(tmp_path, secret):
            found = leaks.hits([tmp_path], SECRETS)
            assert any(str(file) in one for one in found), f"{secret} as {writing} is overlooked"
    assert leaks.hits([tmp_path], SECRETS) == []


@pytest.mark.parametrize(
    "javascript", share([True, False], [True]), ids=lambda is_on: "with javascript" if is_on else "without"
)
def test_no_disk_knows_who_complained(own_fair, tmp_path, playwright, watch, javascript):
    fair = own_fair
    profiles = {name: tmp_path / name for name in ("tablet", "phone")}
    options = {"executable_path": program(), "args": ARGUMENTS, "java_script_enabled": javascript}

    tablet = playwright.chromium.launch_persistent_context(str(profiles["tablet"]), **options, **looks(LYING))
    watch.hosts = {fair.booth.url[7:], fair.hub.url[7:]}
    watch.allow("422")
    page = watch.over(tablet).new_page()
    visitor = Visitor(page, fair.booth.url).goes_to("/complaint/settle")
    address = "http://" + visitor.page.locator(".way-address").inner_text()
    volunteer = Volunteer(page, fair.booth.url).signs_in().opens_complaint()
    volunteer.fills_until("identity").fills_screen(
        "identity", phone="1391234567"
    ).goes_on()  # a fault: typed, sent and shown again
    volunteer.reads_fault("phone")
    volunteer.goes_to("/staff")  # left half-way: kept for the day, under a code
    filed = volunteer.opens_complaint().files_complaint()
    volunteer.goes_to("/")
    tablet.close()

    phone_context = playwright.chromium.launch_persistent_context(str(profiles["phone"]), **options, **looks(PHONE))
    phone = Complaining(watch.over(phone_context).new_page(), fair.hub.url)
    phone.page.goto(address)
    photo = a_photo()
    phone.begins().fills_until("photos").page.locator("[data-pick][multiple]").set_input_files(
        {"name": "slip.jpg", "mimeType": "image/jpeg", "buffer": photo}
    )
    if javascript:
        expect(phone.page.locator("[data-number] img")).to_be_visible()
    assert phone.files_complaint(first="photos") != filed
    phone_context.close()

    assert "1 sealed" in fair.sync()
    assert fair.figures()["complaints"] == 2
    fair.close()
    with closing(sqlite3.connect(fair.hub.data / "hub.db")) as hub:
        kinds = [kind for (kind,) in hub.execute("SELECT kind FROM contents")]
    assert sorted(kinds) == ["complaint.evidence", "complaint.filed", "complaint.filed"]

    places = [fair.folder, *profiles.values()]
    assert {file.name for file in fair.folder.iterdir()} >= {"booth", "hub", "booth.log", "hub.log"}
    for profile in profiles.values():
        # Something of what was done is there: it is the right folder, and the browser has written to it.
        assert leaks.hits([profile], ["127.0.0.1"]), f"{profile} is empty"
    found = leaks.hits(places, [*SECRETS, EXIF_MARK])
    assert EXIF_MARK.encode() in photo
    pixels = photo[len(photo) // 2 :][:64]
    found += [
        str(file) for place in places for file in place.rglob("*") if file.is_file() and pixels in file.read_bytes()
    ]
    if not javascript:
        # Chromium itself keeps the bodies of the last forms for its "restore tabs", which no page can forbid. A
        # tablet's browser therefore runs on a profile in memory; with JavaScript nothing is sent by such a form.
        found = [one for one in found if "/Default/Sessions/" not in one]
    assert found == []
