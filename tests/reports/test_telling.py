"""Facts in words: every kind that a figure is made of has a name, and what it says stands behind it."""

from kiosk.facts.papers import SheetCounted, write_number
from kiosk.facts.tallies import TallyCorrected, TallyUndone
from kiosk.packs.model import Text
from kiosk.reports.catalogue import CATALOGUE
from kiosk.reports.telling import KINDS, told
from tests.makers import a_headcount, an_id

NAMES = {"headcount": Text("进场群众", "Visitors in")}


def test_every_kind_a_figure_is_made_of_has_a_name():
    assert {kind for one in CATALOGUE for kind in one.sources} - set(KINDS) == set()


def test_a_tap_says_what_it_counted_and_how_much():
    assert told("tally.counted", a_headcount(5), NAMES) == Text("计数：进场群众 +5", "Counted: Visitors in +5")
    undone = TallyUndone(undoes=an_id(), counter="headcount", n=5)
    assert told("tally.undone", undone, NAMES).zh == "撤销计数：进场群众 −5"


def test_what_came_on_paper_names_its_sheet_and_what_was_put_right_its_reason():
    place = {"day": "2027-03-15", "hour": 9, "counter": "headcount"}
    assert (
        told("sheet.counted", SheetCounted(number=7, n=40, **place), NAMES).en
        == "Keyed in from paper: Visitors in +40 (sheet 7)"
    )
    printed = told("sheet.counted", SheetCounted(number=7, n=40, **place), NAMES, "demo").zh
    assert printed == f"纸质单录入：进场群众 +40（{write_number('demo', 7)} 号单）"
    fixed = TallyCorrected(n=-2, reason="重数", second="", **place)
    assert told("tally.corrected", fixed, NAMES).zh == "更正：进场群众 −2（重数）"


def test_a_thing_nobody_knows_keeps_its_id():
    assert told("tally.counted", a_headcount(1), {}).zh == "计数：headcount +1"
