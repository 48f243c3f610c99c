"""Figures an office has for itself, as a part of its fair."""

from kiosk.packs.fairs import OwnFigure
from kiosk.packs.model import Text
from tests.makers import a_fair


def test_no_two_figures_have_one_id():
    one = OwnFigure("f1", Text("一", "one"), "件", Text("一", "one"), "own", "sum")
    assert a_fair(own_figures=[one, one]).faults() == ["figure of its own f1 stands twice"]
    assert a_fair(wanted=["leaflets", "leaflets"]).faults() == ["figure leaflets stands twice"]


def test_tablets_are_not_told_of_them():
    one = OwnFigure("f1", Text("一", "one"), "件", Text("一", "one"), "own", "sum")
    fair = a_fair(own_figures=[one])
    assert fair.at(fair.desks[0].id).own_figures == []
