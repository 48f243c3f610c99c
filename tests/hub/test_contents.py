"""Every sealed content that a counted fact names stands in one table, whichever kind of fact it is."""

import io
from typing import Any

from sqlalchemy import delete, update

from kiosk.facts import envelope
from kiosk.facts.contents import BODIES, KINDS, case_of
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import blobs, ledger, schema
from kiosk.hub.context import Hub
from kiosk.hub.tables import contents, schema_version
from kiosk.hub.tables import facts as facts_table
from tests.booth.test_photos import at_the_photos, handed_in, send
from tests.booth.test_surveys import a_survey, ask, begin, give
from tests.booth.test_surveys import told as answer
from tests.hub.phones import acts, file_by_phone, leave_question
from tests.hub.tablets import a_tablet, deliver, rows
from tests.makers import Pair, a_filing
from tests.photos import a_photo


def told(hub: Hub) -> list[tuple[Any, ...]]:
    """What the counted facts themselves say: the slow way to the same table."""
    found = []
    for journal, seq, line, *_ in rows(hub, facts_table):
        fact = envelope.decode(bytes(line))
        body: Any = REGISTRY.read(fact)
        if fact.kind in KINDS and body.blob:
            found.append((journal, seq, "demo", case_of(body), fact.desk, fact.kind, body.blob))
    return sorted(found)


def fill(pair: Pair) -> str:
    """One of everything that has sealed content; returns the case from the phone."""
    case = file_by_phone(pair)
    acts(pair.in_the_office(), case, "note", text="约好周三")
    leave_question(pair, "7KQ2-M0ZRT")
    desk = pair.at_the_desk()
    page = at_the_photos(desk)
    for seed in range(2):
        send(desk, page, a_photo(seed=seed))
    handed_in(desk, page)
    give(pair.booth, a_survey(ask("words", "text")))
    for values in ({"value": "秤不准"}, {"go": "skip"}):  # who writes nothing leaves nothing to be opened
        visitor = pair.visitor()
        answer(visitor, begin(visitor), **values)
    pair.sync()
    attach(pair, "/fairs/demo/typed/figures/messages", value="500")
    attach(pair, "/fairs/demo/typed/lists/openings", title="开放日", day="2027-03-15")
    return case


def attach(pair: Pair, address: str, **told: str) -> None:
    """A number or a record with a file."""
    office = pair.in_the_office()
    form = {**office.get(address).form(address).values, "source": "回执", **told}
    answer = office.client.post(address, data={**form, "attachment": (io.BytesIO(b"%PDF-1.7"), "a.pdf")})
    assert answer.status_code == 303, answer.text


def test_every_kind_with_sealed_content_is_on_the_list():
    with_content = {name for name in REGISTRY.names() if "blob" in REGISTRY.shape_of(name).__struct_fields__}
    assert with_content - {"case.erased"} == {*KINDS}
    assert len(BODIES) == len(KINDS)


def test_the_table_says_what_the_facts_say_and_verify_sees_where_not(paired: Pair):
    fill(paired)
    assert sorted(rows(paired.hub, contents)) == told(paired.hub)
    assert {row[5] for row in told(paired.hub)} == {*KINDS}
    assert ledger.verify(paired.hub) == []
    for spoil in (
        delete(contents).where(contents.c.kind == "complaint.evidence"),
        update(contents).values(blob="0" * 64),
    ):
        with paired.hub.store.begin() as tx:
            tx.execute(spoil)
        assert any("contents" in fault for fault in ledger.verify(paired.hub))
        ledger.rebuild(paired.hub)
        assert sorted(rows(paired.hub, contents)) == told(paired.hub)


def test_a_database_of_the_release_before_gets_the_table_from_its_facts(paired: Pair):
    fill(paired)
    with paired.hub.store.begin() as tx:
        tx.execute(delete(contents).where(contents.c.kind == "complaint.filed"))
        tx.execute(delete(schema_version).where(schema_version.c.version > schema.STEPS.index(schema._cases)))
    schema.migrate(paired.hub.store)
    assert sorted(rows(paired.hub, contents)) == told(paired.hub)


def test_a_photo_that_has_not_arrived_is_missing_until_it_does(hub: Hub):
    tablet = a_tablet(hub)
    deliver(hub, tablet.record(a_filing(blob="ab" * 32)).record(photo_of("cd" * 32)).batch())
    with hub.store.reading() as tx:
        assert blobs.missing(tx, tablet.journal) == ["ab" * 32, "cd" * 32]


def photo_of(blob: str) -> Any:
    return REGISTRY.shape_of("complaint.evidence")(case="7KQ2-M0ZRT", blob=blob, size=2_000, number=1)
