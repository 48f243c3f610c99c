"""Every screen, in both languages and both sizes of type, at every size it is seen at."""

import re

import pytest

from kiosk import demo
from tests.journeys import layout, walks
from tests.journeys.people import COMPLAINT, Complaining, Installer, Organiser, Person, exhibits
from tests.journeys.screens import BIG, EVERY, LYING, OFFICE, PHONE, STANDING, TABLETS
from tests.proof import at_length, share

LOOKS = [pytest.param(english, large, id=f"{'en' if english else 'zh'}{' large' if large else ''}")
         for english in (False, True) for large in (False, True)]  # fmt: skip
ZH, ZH_LARGE, EN, EN_LARGE = LOOKS
#: What has no English: people, and what they wrote.
NAMES = [*demo.VOLUNTEERS.values(), "示范市建设路1号", "是 | Yes", "否 | No"]
NAMES += re.findall("[\u4e00-\u9fff]+", " ".join(one.remember.en for one in exhibits().values()))  # quoted signs
NAMES += [line for screen in COMPLAINT.values() for text in screen.values() for line in text.splitlines()]
#: The key that leads on, where a page in large type may be longer than the screen.
NEXT = {"attract": ".door-main", "answered right": "[data-next]", "answered wrong": "[data-next]"}


def cookies(url, *, english, large):
    chosen = {"lang": "en"} if english else {}
    chosen |= {"large": "1"} if large else {}
    return [{"name": name, "value": value, "url": url} for name, value in chosen.items()]


#: In `make test` contrast is asked where the sun shines; an office's pages have the same colours.
OF_OFFICES = share(full=True, budgeted=False)


def look_at(page, name, sizes, *extra, by_rules=True, contrast=True):
    """At each size in turn; returns every fault with the screen and size it was seen at. `by_rules`: also by axe's, of
    which contrast may be left out.
    """
    faults = []
    for number, size in enumerate(sizes):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        found = layout.untranslated(page, NAMES) if number == 0 else []
        if by_rules and number == share(number, 0):  # in `make test` the rules are asked at the first size alone
            found += layout.violations(page, whole=number == 0, contrast=contrast)
        found += layout.sideways(page) + layout.cut_off(page)
        for check in extra:
            found += check(page, name, size)
        faults += [f"{name} at {size[0]}×{size[1]}: {one}" for one in found]
    page.set_viewport_size({"width": sizes[0][0], "height": sizes[0][1]})
    return faults


@pytest.mark.parametrize(("english", "large"), share(LOOKS, [EN_LARGE]))
def test_the_booths_public_screens(fair, a_visitor, watch, english, large):
    watch.allow("404")

    def fits(page, name, size):
        if name not in walks.DECIDING or size not in TABLETS:
            return []
        if large:
            return layout.hidden_below(page, NEXT[name]) if name in NEXT else []
        return layout.downwards(page)

    def big_enough(page, name, size):
        if size not in TABLETS:
            return []
        return layout.small_targets(page) + layout.small_text(page, 30 if large else 20)

    visitor = a_visitor(fair)
    visitor.page.context.add_cookies(cookies(visitor.url, english=english, large=large))
    faults = []
    for name in walks.public_screens(visitor.comes()):
        faults += look_at(visitor.page, name, EVERY, fits, big_enough)
    assert not faults, "\n".join(faults)


@at_length
def test_the_screens_of_what_does_not_count(own_fair, an_organiser, watch):
    watch.allow("400")
    forked, spoilt = own_fair.spoils()
    organiser: Organiser = an_organiser(own_fair)
    faults = []
    for english, large in ((False, False), (True, True)):  # the shortest words, and the longest
        organiser.page.context.add_cookies(cookies(own_fair.hub.url, english=english, large=large))
        for name in walks.quarantine_screens(organiser, forked, spoilt):
            faults += look_at(organiser.page, f"{name} {english} {large}", [OFFICE, PHONE])
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("english", "large"), share(LOOKS, [ZH_LARGE]))
def test_the_booths_staff_screens(fair, a_volunteer, watch, english, large):
    watch.allow("400|422|404")
    volunteer = a_volunteer(fair)
    volunteer.page.context.add_cookies(cookies(volunteer.url, english=english, large=large))
    faults = []
    for name in walks.staff_screens(volunteer.signs_in()):
        by_rules = share(full=True, budgeted=not name.startswith("complaint "))  # those of the form are seen on a phone
        faults += look_at(volunteer.page, name, EVERY, by_rules=by_rules)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("english", "large"), share(LOOKS, [EN]))
def test_the_form_on_a_phone(fair, a_visitor, watch, screens, english, large):
    watch.allow("422")
    tablet = a_visitor(fair).goes_to("/complaint/settle")
    address = "http://" + tablet.page.locator(".way-address").inner_text()
    phone = Complaining(screens.open(PHONE), "")
    phone.page.context.add_cookies(cookies(fair.hub.url, english=english, large=large))
    phone.goes_to(address)
    faults = look_at(phone.page, "what to do", [PHONE])
    phone.begins()
    for name in walks.form_screens(phone):
        faults += look_at(phone.page, name, [PHONE])
    faults += look_at(phone.page, "receipt", [PHONE])
    assert not faults, "\n".join(faults)


@at_length
@pytest.mark.parametrize(("english", "large"), LOOKS)
def test_the_screens_of_a_tablet_that_joins(fair, screens, an_organiser, watch, english, large):
    watch.allow("403|409")
    tablet = fair.new_tablet(f"{'en' if english else 'zh'}{'-large' if large else ''}")
    watch.hosts.add(tablet.url.partition("//")[2])
    installer, organiser = Installer(screens.open(LYING), tablet.url), an_organiser(fair)
    for person in (installer, organiser):
        person.page.context.add_cookies(cookies(person.url, english=english, large=large))

    def big_enough(page, name, size):
        if size not in TABLETS:
            return []
        return layout.small_targets(page) + layout.small_text(page, 30 if large else 20)

    faults = []
    for name in walks.joining_screens(installer, organiser):
        if name.startswith("hub "):
            faults += look_at(organiser.page, name, [OFFICE, PHONE])
        else:
            faults += look_at(installer.page, name, EVERY, big_enough)
    tablet.stop()
    fair.free("d20")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("english", "large"), share(LOOKS, [EN]))
def test_the_screens_of_what_is_prepared_and_sent_up(own_fair, a_volunteer, an_organiser, watch, english, large):
    watch.allow("404|422")
    a_volunteer(own_fair).signs_in().counts("headcount")
    own_fair.sync()
    organiser: Organiser = an_organiser(own_fair)
    organiser.page.context.add_cookies(cookies(own_fair.hub.url, english=english, large=large))
    faults = []
    for walk in (walks.reporting_screens, walks.setting_up_screens):
        for name in walk(organiser):
            faults += look_at(organiser.page, name, [OFFICE, PHONE], contrast=OF_OFFICES)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("english", "large"), share(LOOKS, [ZH_LARGE]))
def test_the_hubs_screens(fair, a_volunteer, an_organiser, screens, watch, english, large):
    watch.allow("400|403|404|422")
    case = a_volunteer(fair).signs_in().opens_complaint().files_complaint()
    fair.sync()
    organiser: Organiser = an_organiser(fair)
    chosen = cookies(fair.hub.url, english=english, large=large)
    organiser.page.context.add_cookies(chosen)
    organiser.opens()
    faults = []
    for name in walks.hub_screens(organiser, case, fair):
        sizes = [OFFICE, PHONE, LYING, STANDING, BIG] if name == "board" else [OFFICE, PHONE]
        faults += look_at(organiser.page, name, sizes, contrast=OF_OFFICES)
    outside = Person(screens.open(OFFICE), fair.hub.url, "mouse")
    outside.page.context.add_cookies(chosen)
    for name in walks.door_screens(outside):
        faults += look_at(outside.page, name, [OFFICE, PHONE])
    assert not faults, "\n".join(faults)
