"""A survey from the attract page to the hub, by touch on the tablet and on the visitor's own phone."""

from playwright.sync_api import expect

from tests.journeys.people import Person
from tests.journeys.screens import LYING, PHONE


def answers_all(person: Person) -> list[str]:
    """Whatever is asked, until somebody says thank you; returns the names of what was asked."""
    asked: list[str] = []
    person.press(person.page.locator(".survey-about .button"))
    while True:
        person.sees(".survey, .survey-thanks")
        if person.page.locator(".survey-thanks").count():
            return asked
        form = person.page.locator("form.survey")
        asked.append(form.locator("[name=at]").get_attribute("value") or "")
        for box in form.locator(".tick").all()[:2]:
            person.press(box)
        if form.locator("textarea").count():
            form.locator("textarea").fill("再办一次吧")
        if form.locator("[name=value]:not(textarea)").count():
            form.locator("[name=value]").fill("2")
        keys = form.locator(".survey-key")
        person.press(keys.first if keys.count() else form.locator("button[value=next]"))
        left = person.page.locator(f"form.survey:has([name=at][value={asked[-1]}])")
        expect(left).to_have_count(0)


def test_a_survey_is_answered_at_the_tablet_and_another_on_a_phone(fair, a_visitor, screens, watch):
    before = fair.figures()
    visitor = a_visitor(fair, LYING).comes()
    visitor.press(visitor.page.locator(".door[href='/survey']"))
    visitor.press(visitor.page.locator(".triage-way[href='/survey/fair-satisfaction']"))
    assert len(answers_all(visitor)) == 6
    visitor.press(visitor.page.locator(".survey-thanks .button"))
    visitor.sees(".attract .doors")
    assert "再办一次吧" not in visitor.page.content()

    watch.hosts.add(fair.phone_url.partition("//")[2])
    watch.allow("Cross-Origin-Opener-Policy header has been ignored")  # as over any plain HTTP
    phone = Person(screens.open(PHONE), fair.phone_url).goes_to("/m/survey/rights-awareness")
    asked = answers_all(phone)
    assert "times" in asked, "who had trouble is asked how often"
    fair.sync()
    assert fair.figures()["surveys"] - before["surveys"] == 2
