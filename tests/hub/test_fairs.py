"""Which fair: the only one, or the one that was named."""

import pytest
from sqlalchemy import update

from kiosk.errors import Problem
from kiosk.hub import devices, fairs, ledger, schema
from kiosk.hub.journal import foreseeable, own_journal, own_journals
from kiosk.hub.tables import facts, journals, schema_version
from kiosk.sync import protocol
from tests.hub.tablets import a_code, a_tablet, an_enrol_request
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


def test_nobody_foresees_the_hub_s_own_journal_of_a_fair_and_blocks_it_with_a_tablet(hub):
    """The id of a tablet's journal is the tablet's choice."""
    token, _ = protocol.read_code(a_code(hub))
    request = an_enrol_request(hub, token, journal=foreseeable(hub.id, "spring-2028"))
    with hub.store.begin() as tx:
        assert devices.enrol(tx, hub, request, hub.clock.now(), 0)
    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="spring-2028"))
        fairs.add_fair(tx, a_fair(id="autumn-2028"))
    with hub.store.reading() as tx:
        assert len(own_journals(tx)) == 3
        assert not own_journals(tx) & {foreseeable(hub.id, fair.id) for fair in fairs.all_fairs(tx)}
    assert ledger.verify(hub) == []


def test_a_hub_of_a_former_release_keeps_the_journals_it_has(hub):
    """There the id was reckoned from the names of the hub and the fair."""
    a_tablet(hub)
    former = foreseeable(hub.id, "demo")
    with hub.store.begin() as tx:
        own = own_journal(tx, "demo")
        for table in (journals, facts):
            tx.execute(update(table).where(table.c.journal == own).values(journal=former))
        tx.exec_driver_sql("ALTER TABLE fairs DROP COLUMN journal")
        tx.exec_driver_sql("DROP TABLE blob_origins")
        tx.execute(schema_version.delete().where(schema_version.c.version > BEFORE))
    schema.migrate(hub.store)
    with hub.store.begin() as tx:
        assert own_journal(tx, "demo") == former
    a_tablet(hub, "d02")
    assert ledger.verify(hub) == []


#: The last version of the schema in which that id was not kept.
BEFORE = 3


def test_home_leads_to_the_board(hub_app):
    office = Browser(hub_app.test_client()).sign_in(*CASEWORKER)
    assert office.get("/").path == "/fairs/demo"
    assert office.get("/fairs/none").status == 404
