"""Which fair: the only one, or the one that was named."""

import pytest

from kiosk.errors import Problem
from kiosk.hub import fairs
from tests.makers import CASEWORKER, Browser, a_fair


def test_the_only_fair_needs_no_name(hub):
    with hub.store.reading() as tx:
        assert fairs.find_fair(tx, None).id == "demo"
        with pytest.raises(Problem, match=r"fair\.unknown"):
            fairs.find_fair(tx, "none")


def test_of_two_fairs_one_must_be_named_and_none_is_added_twice(hub):
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="other"))
        with pytest.raises(Problem, match=r"fair\.ambiguous.*demo, other"):
            fairs.find_fair(tx, None)
        assert fairs.find_fair(tx, "other").id == "other"
        with pytest.raises(Problem, match=r"fair\.exists"):
            fairs.add_fair(tx, a_fair())


def test_home_leads_to_the_board(hub_app):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    assert office.get("/").path == "/fairs/demo"
    assert office.get("/fairs/none").status == 404
