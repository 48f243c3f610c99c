"""The booth goes on alone; the hub catches up; nothing is counted twice."""

from playwright.sync_api import expect

from tests.journeys.test_counting import BROKEN
from tests.proof import at_length


@at_length
def test_the_hub_goes_away_the_booth_goes_on_and_everything_arrives_once(
    own_fair, a_visitor, a_volunteer, an_organiser
):
    fair = own_fair
    visitor = a_visitor(fair).comes().opens_quiz()
    visitor.plays_quiz(right=5)
    volunteer = a_volunteer(fair).signs_in()
    volunteer.counts("headcount", 5)
    # Among the nine is the hub's time, which the tablet notes once after its first sync.
    assert fair.sync().startswith("9 new, 0 known, 0 quarantined, 0 sealed")
    first = fair.figures()
    assert fair.sync().startswith("0 new, 0 known")
    assert fair.figures() == first

    fair.hub.stop()
    visitor.goes_home()
    visitor.opens_quiz().plays_quiz(right=3)
    volunteer.counts("headcount")
    volunteer.counts("leaflet.law", 50)
    volunteer.counts("board")
    volunteer.takes_back("board", 1)
    case = volunteer.opens_complaint().files_complaint()
    failed = fair.booth.run("sync")
    assert failed.returncode != 0
    assert failed.stderr.startswith("sync.unreachable: ")
    assert fair.booth.run("sync").returncode != 0

    fair.hub.start()
    assert fair.sync().startswith("11 new, 0 known, 0 quarantined, 1 sealed")
    assert fair.sync().startswith("0 new")
    figures = fair.figures()
    assert figures.items() >= {
        "headcount": 6, "leaflets": 50, "boards": 0, "consultations": 0, "complaints": 1, "quiz_finished": 2,
        "quiz_passed": 1, "answers": 10, "answers_right": 8, "accuracy": "80.00", "prizes_redeemed": 0,
        "exhibits_judged": 0, "reports": 0, "hotline_calls": 0,
    }.items()  # fmt: skip

    organiser = an_organiser(fair)
    labels = fair.labels()
    shown = organiser.reads_board()
    assert shown == {labels[key]: str(figures[key]) for key in figures if labels[key] in shown}
    assert len(shown) >= 5
    assert organiser.opens_case(case)

    assert "as it should be" in fair.hub.ask("verify")
    fair.hub.ask("rebuild")
    assert fair.figures() == figures
    assert "as it should be" in fair.hub.ask("verify")


def test_the_board_shows_new_figures_by_itself_and_says_when_they_are_old(own_fair, a_volunteer, an_organiser, watch):
    organiser = an_organiser(own_fair, clock=True)
    heads = organiser.page.locator(".tiles .big").first
    expect(heads).to_have_text("0")
    a_volunteer(own_fair).signs_in().counts("headcount", 5)
    own_fair.sync()
    organiser.page.clock.run_for(6_000)
    expect(heads).to_have_text("5")

    watch.allow(f"{BROKEN}|htmx")
    own_fair.hub.stop()
    organiser.page.clock.run_for(22_000)
    expect(organiser.page.locator("#stale")).to_be_visible()
    expect(heads).to_have_text("5")
