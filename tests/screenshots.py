"""`make screenshots`: every screen as a picture, to look at; and the two pictures of the README.

python -m tests.screenshots [FOLDER]      default: kiosk-screens in the folder for temporary files
"""

import io
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from kiosk import ROOT
from tests.journeys import walks
from tests.journeys.fair import Fair, Server
from tests.journeys.people import Complaining, Installer, Organiser, Person, Visitor, Volunteer
from tests.journeys.screens import BIG, LYING, OFFICE, PHONE, STANDING, Screens, Watch, chromium

OPENING = datetime.fromisoformat("2027-03-15T08:20+08:00")
#: Minutes after that when somebody looks at a desk: in three hours, and twice in the last sixty minutes.
MOMENTS = (0, 78, 118)
#: By desk, moment for moment: heads in fives, bundles of leaflets, advice, boards, quizzes, and right answers in each.
DAY = {
    "d01": [(4, 1, 1, 2, 1, 5), (9, 2, 3, 0, 2, 4), (14, 3, 4, 0, 2, 4)],
    "d06": [(2, 1, 0, 2, 0, 0), (6, 1, 2, 0, 1, 4), (8, 2, 2, 0, 1, 3)],
    "d11": [(1, 1, 1, 1, 0, 0), (5, 1, 1, 0, 1, 5), (6, 1, 1, 0, 0, 0)],
    "d16": [(1, 0, 0, 2, 0, 0), (2, 1, 0, 0, 0, 0), (4, 1, 1, 0, 1, 4)],
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright, chromium(playwright) as browser:
        screens = Screens(browser, Watch(set()))
        fair = Fair(Path(place))
        try:
            fair.open()
            case = live_a_day(fair, screens, ROOT / "docs" / "img")
            for look, cookies in {
                "zh": {},
                "zh-large": {"large": "1"},
                "en": {"lang": "en"},
                "en-large": {"lang": "en", "large": "1"},
            }.items():
                picture_all(fair, screens, case, folder / look, cookies)
            picture_trouble(fair, screens, folder / "zh")  # last: it spoils the booth
        finally:
            screens.close()
            fair.close()
    print(f"the screens are in {folder}")


def live_a_day(fair: Fair, screens: Screens, pictures: Path) -> str:
    """A morning at four desks, by real touches at another time; ends with the README's pictures."""
    pictures.mkdir(parents=True, exist_ok=True)
    booths = {"d01": fair.booth, **{desk: fair.another_booth(desk) for desk in list(DAY)[1:]}}
    for desk, booth in booths.items():
        booth.stop()
        for minutes, counts in zip(MOMENTS, DAY[desk], strict=True):
            booth.at = (OPENING + timedelta(minutes=minutes)).isoformat()
            booth.start()
            work(screens, booth, *counts)
            if desk == "d01" and minutes == MOMENTS[-1]:
                page = screens.open(LYING)
                Visitor(page, booth.url).comes()
                palette(page, pictures / "booth.png")
                case = Volunteer(page, booth.url).signs_in().opens_complaint().files_complaint()
            booth.stop()
    fair.hub.stop()
    fair.hub.at = (OPENING + timedelta(minutes=MOMENTS[-1] + 4)).isoformat()
    fair.hub.start()
    for booth in booths.values():
        booth.ask("sync")
    organiser = Organiser(screens.open(LYING), fair.hub.url, "mouse").signs_in(fair)
    palette(organiser.page, pictures / "hub.png")
    fair.booth.start()
    return case


def work(
    screens: Screens, booth: Server, heads: int, bundles: int, advice: int, boards: int, quizzes: int, right: int
) -> None:
    """One moment at one desk."""
    page = screens.open(LYING)
    volunteer = Volunteer(page, booth.url).signs_in()
    for _ in range(heads):
        volunteer.counts("headcount", 5)
    for number in range(bundles):
        volunteer.counts("leaflet.law" if number % 2 == 0 else "leaflet.fakes", 50 if number % 2 == 0 else 100)
    for counter, n in (("consultation", advice), ("board", boards)):
        for _ in range(n):
            volunteer.counts(counter)
    volunteer.locks()
    for _ in range(quizzes):
        visitor = Visitor(page, booth.url).comes().opens_quiz()
        visitor.plays_quiz(right=right)
        visitor.goes_home()
    page.context.close()


def palette(page: Page, file: Path) -> None:
    """A picture small enough for a README."""
    page.wait_for_timeout(400)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        few = picture.convert("RGB").quantize(192, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(file, optimize=True)
    size = file.stat().st_size
    print(f"{file}: {size // 1000} KB")
    if size > 250_000:
        raise SystemExit(f"{file} is too large for the README")


def picture_all(fair: Fair, screens: Screens, case: str, folder: Path, cookies: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    def person(kind, url, size, hand="touch"):
        page = screens.open(size)
        page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        return kind(page, url, hand)

    visitor = person(Visitor, fair.booth.url, LYING).comes()
    volunteer = person(Volunteer, fair.booth.url, LYING).signs_in()
    address = (
        "http://"
        + Visitor(screens.open(), fair.booth.url).goes_to("/complaint/settle").sees(".way-address").inner_text()
    )
    phone = person(Complaining, fair.hub.url, PHONE)
    phone.page.goto(address)
    phone.begins()
    organiser = person(Organiser, fair.hub.url, OFFICE, "mouse").signs_in(fair)
    outside = person(Person, fair.hub.url, OFFICE, "mouse")
    tablet = fair.new_tablet(folder.name)
    installer = person(Installer, tablet.url, LYING)
    for side, walk, one, sizes in (
        ("booth", walks.public_screens(visitor), visitor, (LYING, STANDING, PHONE)),
        ("staff", walks.staff_screens(volunteer), volunteer, (LYING, STANDING, PHONE)),
        ("phone", walks.form_screens(phone), phone, (PHONE,)),
        ("hub", walks.hub_screens(organiser, case, fair), organiser, (OFFICE, PHONE, BIG)),
        ("hub", walks.reporting_screens(organiser), organiser, (OFFICE, PHONE)),
        ("hub", walks.setting_up_screens(organiser), organiser, (OFFICE, PHONE)),
        ("hub", walks.door_screens(outside), outside, (OFFICE, PHONE)),
        ("new", walks.joining_screens(installer, organiser), installer, (LYING, STANDING, PHONE)),
    ):
        for name in walk:
            for size in sizes:
                one.page.set_viewport_size({"width": size[0], "height": size[1]})
                one.page.wait_for_timeout(250)
                file = f"{side} {name} {size[0]}x{size[1]}.png".replace(" ", "-")
                one.page.screenshot(path=folder / file, full_page=size == PHONE)
            one.page.set_viewport_size({"width": sizes[0][0], "height": sizes[0][1]})
    phone.page.screenshot(path=folder / "phone-receipt.png", full_page=True)
    tablet.stop()
    fair.free("d20")


def picture_trouble(fair: Fair, screens: Screens, folder: Path) -> None:
    volunteer = Volunteer(screens.open(LYING), fair.booth.url)
    for name in walks.trouble_screens(volunteer, fair.booth):
        for size in (LYING, STANDING, PHONE):
            volunteer.page.set_viewport_size({"width": size[0], "height": size[1]})
            volunteer.page.wait_for_timeout(250)
            file = f"trouble {name} {size[0]}x{size[1]}.png".replace(" ", "-")
            volunteer.page.screenshot(path=folder / file, full_page=size == PHONE)
        volunteer.page.set_viewport_size({"width": LYING[0], "height": LYING[1]})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "kiosk-screens")
