"""A test that never failed proves nothing: here is what was broken on purpose, and the law that noticed.

Each law is one promise of the house, small and quick. It must hold for the code as it is, and fail for the code as
somebody in a hurry could have left it.
"""

import gzip
import hashlib
import inspect
import io
import re
import secrets
import sqlite3
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2
import pytest
from sqlalchemy import delete, update
from werkzeug.formparser import default_stream_factory

import kiosk.web
from kiosk.booth import journal, schema, sessions, staff, tallies, writer
from kiosk.booth.app import create_booth_app
from kiosk.errors import PIN_LOCKED, Problem
from kiosk.facts import clocks, envelope
from kiosk.facts.cases import CaseOpened
from kiosk.facts.clocks import ClockCompared
from kiosk.hub import api, app, branches, devices, intake, ledger, people, reading, totals
from kiosk.hub import cases as hub_cases
from kiosk.hub.app import create_hub_app
from kiosk.hub.context import hub as hub_of_this_request
from kiosk.hub.tables import devices as devices_table
from kiosk.hub.tables import facts
from kiosk.sync import keys, protocol
from kiosk.sync import push as pushing
from kiosk.web import complaint_form, forms
from tests.clocks import FakeClock
from tests.hub.phones import file_by_phone, opens
from tests.hub.search import find, stored
from tests.hub.tablets import a_code, a_tablet, an_enrol_request, deliver, run_of, totals_of
from tests.makers import CASEWORKER, COMPLAINT, Browser, Pair, a_headcount, a_hub, a_key, a_pair, an_id
from tests.makers import fill_complaint as fill_at_the_desk

Law = Callable[[Path], None]
Sabotage = Callable[[pytest.MonkeyPatch], None]


# --- how to break things -------------------------------------------------------------------------------


def edited(owner: ModuleType | type, name: str, *changes: tuple[str, str]) -> Sabotage:
    """Change the text of a function. A passage that is no longer there is a fault of this file, and said."""

    def break_it(patch: pytest.MonkeyPatch) -> None:
        function = inspect.unwrap(inspect.getattr_static(owner, name))
        source = textwrap.dedent(inspect.getsource(function))
        for old, new in changes:
            assert old in source, f"{name} no longer says {old!r}: sabotage what it says now"
            source = source.replace(old, new)
        scope: dict[str, Any] = {}
        exec(compile(source, f"<{name} sabotaged>", "exec"), function.__globals__, scope)
        patch.setattr(owner, name, scope[name])

    return break_it


def replaced(*places: tuple[Any, str], by: object) -> Sabotage:
    """Put something else in the place of a function, wherever it is known by name."""

    def break_it(patch: pytest.MonkeyPatch) -> None:
        for owner, name in places:
            patch.setattr(owner, name, by)

    return break_it


def together(*sabotages: Sabotage) -> Sabotage:
    def break_it(patch: pytest.MonkeyPatch) -> None:
        for one in sabotages:
            one(patch)

    return break_it


# --- the laws -----------------------------------------------------------------------------------------


def refuses(action: Callable[[], object], *codes: str) -> None:
    refused = "nothing"
    try:
        action()
    except Problem as problem:
        refused = problem.code
    assert refused in codes


def only_the_enrolled_key_writes_a_journal(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        batch = a_tablet(hub).record().batch(key=a_key(9))
        refuses(lambda: deliver(hub, batch), "sync.signature")


def only_the_right_hub_takes_a_batch(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        batch = a_tablet(hub).record().batch(hub=an_id(3))
        refuses(lambda: deliver(hub, batch), "sync.addressee")


def a_batch_ends_in_the_head_it_names(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        tablet = a_tablet(hub).record()
        first, line, end, _ = tablet.batch().split(b"\n")
        signed = b"\n".join([first, line, b"0" * 64 + b" "])
        digest = hashlib.sha256(signed).digest()
        signature = keys.sign(tablet.key, b"kiosk/signed/kiosk-batch/1", digest).encode()
        refuses(lambda: deliver(hub, signed + signature + b"\n"), "sync.malformed")
        assert end


def a_branch_that_continues_elsewhere_is_noticed(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        tablet = a_tablet(hub).record()
        twin = tablet.clone().record().record()
        deliver(hub, tablet.record().batch())
        deliver(hub, twin.batch(first=3))
        assert run_of(hub, tablet.journal)[2] == 3


def two_facts_at_one_place_are_a_fork(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        tablet = a_tablet(hub)
        twin = tablet.clone().record()
        deliver(hub, tablet.record().batch())
        assert deliver(hub, twin.batch()).forked == 1
        assert run_of(hub, tablet.journal)[::2] == (0, 1)


def a_second_delivery_brings_nothing_new(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        tablet = a_tablet(hub).record().record()
        deliver(hub, tablet.batch())
        try:
            assert deliver(hub, tablet.batch()).accepted == 0
        except (Problem, sqlite3.IntegrityError) as problem:
            raise AssertionError("the second delivery was refused") from problem
        assert sum(totals_of(hub, tablet.journal).values()) == 2


def facts_that_changed_places_are_found(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        tablet = a_tablet(hub).record(a_headcount(1)).record(a_headcount(2))
        deliver(hub, tablet.batch())
        with hub.store.begin() as tx:
            held = {row.seq: row for row in tx.execute(facts.select().where(facts.c.journal == tablet.journal))}
            for seq in (1, 2):
                other = {"line": held[3 - seq].line, "hash": envelope.chain(b"", held[3 - seq].line)}
                if envelope.chain(b"x", b"") != envelope.chain(b"y", b""):  # the best a forger can do
                    other["hash"] = held[3 - seq].hash
                tx.execute(update(facts).where(facts.c.journal == tablet.journal, facts.c.seq == seq).values(other))
            last = tx.execute(facts.select().where(facts.c.journal == tablet.journal, facts.c.seq == 2)).one()
            tx.execute(
                update(totals.journals).where(totals.journals.c.journal == tablet.journal).values(hash=last.hash)
            )
        assert any("not as it was received" in str(fault) for fault in ledger.verify(hub))


def totals_are_the_fold_of_the_facts(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        tablet = a_tablet(hub).record(a_headcount(3)).record(a_headcount(4))
        deliver(hub, tablet.batch(first=2))
        deliver(hub, tablet.batch())
        assert sum(totals_of(hub, tablet.journal).values()) == 7
        assert ledger.verify(hub) == []


def a_booth_says_only_what_a_booth_may_say(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        tablet = a_tablet(hub).record(CaseOpened(case="0000-00000", reason="handling")).record(desk="d09")
        assert deliver(hub, tablet.batch()).quarantined == 2


def a_code_is_good_for_one_tablet_and_ten_minutes(folder: Path) -> None:
    clock = FakeClock()
    with closing(a_hub(folder, clock)) as hub:
        token, late = (protocol.read_code(a_code(hub))[0] for _ in range(2))

        def enrol(spent: str) -> None:
            with hub.store.begin() as tx:
                devices.enrol(tx, hub, an_enrol_request(hub, spent), clock.now(), 0)

        enrol(token)
        refuses(lambda: enrol(token), "enrol.code")
        clock.tick(601)
        refuses(lambda: enrol(late), "enrol.code")


#: A rule that SQLite looks at only when it commits, and that every fact breaks.
_NO_COMMIT = (
    "CREATE TABLE debts (fact TEXT REFERENCES facts (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TRIGGER owed AFTER INSERT ON facts BEGIN INSERT INTO debts VALUES ('of nobody'); END",
)


def an_acknowledged_tap_is_on_the_disk(folder: Path) -> None:
    """All goes well up to the commit, which fails: the tap must fail with it."""
    with closing(a_hub(folder / "hub", FakeClock())) as hub:
        pair = a_pair(folder / "booth", hub, FakeClock())
        with closing(pair.booth) as booth:
            booth.journal.transact(lambda connection: [connection.execute(one) for one in _NO_COMMIT])
            try:
                booth.journal.append(journal.Draft(an_id(), a_headcount(), "li"))
                told = True
            except (Problem, sqlite3.Error):
                told = False
            kept = booth.journal.fact(an_id()) is not None
            assert told == kept


def the_disk_is_written_durably(folder: Path) -> None:
    with (
        closing(a_hub(folder / "hub", FakeClock())) as hub,
        closing(a_pair(folder / "b", hub, FakeClock()).booth) as booth,
    ):
        assert booth.journal.safety() == {"journal_mode": "wal", "synchronous": "full"}


def one_id_is_one_fact(folder: Path) -> None:
    with (
        closing(a_hub(folder / "hub", FakeClock())) as hub,
        closing(a_pair(folder / "b", hub, FakeClock()).booth) as booth,
    ):
        draft = journal.Draft(an_id(), a_headcount(), "li")
        try:
            booth.journal.append(draft)
            booth.journal.append(draft)
        except sqlite3.Error as error:
            raise AssertionError("a retry is the same fact, not an error") from error
        assert booth.journal.head()[0] == 1


def a_tap_is_taken_back_once(folder: Path) -> None:
    with at_a_desk(folder) as (pair, desk):
        desk.send(desk.get("/staff").form("/staff/tally", counter="headcount"), n="5")
        tap = next(form.values["undoes"] for form in desk.get("/staff").forms if "undoes" in form.values)
        for _ in range(3):
            desk.post("/staff/undo", undoes=tap)
        assert pair.booth.journal.day_totals("2027-03-15")["tally.headcount"] == 0


def the_next_visitor_sees_nothing_of_the_last(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        visitor = pair.visitor()
        first = next(f.values["question"] for f in visitor.get("/quiz").forms if "question" in f.values)
        session = visitor.client.get_cookie("visit").value
        visitor.get("/")
        assert pair.booth.visits.find(session) is None
        assert first


def a_form_holds_only_its_own_fields(folder: Path) -> None:
    with at_a_desk(folder) as (pair, desk):
        for screen, path in ((desk, "/staff/lock"), (pair.visitor(), "/leave")):
            assert screen.post(path, status="closed").status == 400


def what_was_typed_is_shown_as_text(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        with pair.hub.store.begin() as tx:
            tx.execute(update(devices_table).values(pack="<b>x315</b>"))
        page = pair.in_the_office().get("/fairs/demo")
        assert ("&lt;b&gt;x315" in page, "<b>x315" in page) == (True, False)


def what_was_typed_is_nowhere_in_the_clear(folder: Path) -> None:
    with at_a_desk(folder) as (pair, desk):
        file_by_phone(pair)
        *_, last = fill_at_the_desk(desk)
        assert last.status == 200
        haystack = stored(pair.hub) + b"".join(f.read_bytes() for f in pair.booth.config.data.iterdir() if f.is_file())
        assert find(haystack, COMPLAINT["phone"]) == find(haystack, COMPLAINT["name"]) == []


def a_viewer_opens_nothing(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        case = file_by_phone(pair)
        with pair.hub.store.begin() as tx:
            key = people.open_key(tx, *CASEWORKER)
            people.add_person(tx, "lin", "made-up-for-this", {"viewer"}, key)
        viewer = Browser(pair.hub_app.test_client()).sign_in("lin", "made-up-for-this")
        assert opens(viewer, case).status in (403, 423)
        assert viewer.get("/fairs/demo/codes").status == 403


def every_opening_is_a_fact(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        case = file_by_phone(pair)
        opens(pair.in_the_office(), case)
        with pair.hub.store.reading() as tx:
            assert [row.kind for row in tx.execute(facts.select().where(facts.c.kind == "case.opened"))]


def another_page_cannot_act_for_a_person(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        office = pair.in_the_office()
        assert office.post("/fairs/demo/codes", desk="d02").status == 403
        told = office.get("/fairs/demo/codes").form("/fairs/demo/codes").values
        evil = {"Origin": "https://evil.example"}
        answer = office.client.post("/fairs/demo/codes", data={**told, "desk": "d02"}, headers=evil)
        assert answer.status_code == 403


def whoever_guesses_has_to_wait(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        stranger = Browser(pair.hub_app.test_client())
        answers = [stranger.post("/login", name="chen", password="x", next="/").status for _ in range(6)]
        assert answers[-1] == 429
        passer_by = pair.visitor()
        answers = [passer_by.post("/staff/enter", volunteer="li", pin="000000", next="/staff").status for _ in range(7)]
        assert answers[-1] == 429


def a_forgotten_session_ends(folder: Path) -> None:
    with at_a_desk(folder) as (pair, desk):
        office = pair.in_the_office()
        pair.clock.tick(16 * 60)
        assert office.get("/fairs/demo").path == "/login"
        assert desk.get("/staff").path == "/staff/enter"


def only_the_hubs_own_receipt_is_believed(folder: Path) -> None:
    """Another hub behind the same address: it answers, but nobody enrolled there."""
    with at_a_desk(folder) as (pair, _):
        pair.hub.key = a_key(77)
        refuses(pair.sync, "sync.receipt", "sync.signature")
        assert pair.booth.journal.receipted() == 0


def journal_of(pair: Pair) -> str:
    return pair.booth.enrolled.certificate.journal


def what_is_receipted_is_on_the_hubs_disk(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        pair.sync()
        assert pair.booth.journal.receipted() <= run_of(pair.hub, journal_of(pair))[0]


def a_hub_that_was_set_back_gets_what_it_lost(folder: Path) -> None:
    """Restored from a backup of before the fair: the booth holds receipts for facts that are nowhere else now."""
    with at_a_desk(folder) as (pair, desk):
        pair.sync()
        with pair.hub.store.begin() as tx:
            held = totals.journals
            root = tx.execute(held.select().where(held.c.journal == journal_of(pair))).one().root
            tx.execute(delete(facts).where(facts.c.journal == journal_of(pair)))
            tx.execute(update(held).where(held.c.journal == journal_of(pair)).values(seq=0, hash=root, clocks=""))
            totals.forget(tx, journal_of(pair))
        desk.send(desk.get("/staff").form("/staff/tally", counter="headcount"), n="1")
        try:
            pair.sync()
        except Problem as problem:
            raise AssertionError("it went on from somewhere else") from problem
        assert run_of(pair.hub, journal_of(pair))[0] == pair.booth.journal.head()[0]


def a_day_is_a_day_in_beijing(folder: Path) -> None:
    """Half past midnight, on a tablet whose clock is a day slow."""
    with closing(a_hub(folder, FakeClock())) as hub:
        tablet = a_tablet(hub).record(at="2027-03-14T00:30:00.000+08:00", mono=1000)
        met = ClockCompared(hub_at="2027-03-15T00:31:00.000+08:00", rtt_ms=9)
        deliver(hub, tablet.record(met, at="2027-03-14T00:31:00.000+08:00", mono=61_000).batch())
        assert [bucket[:2] for bucket in totals_of(hub, tablet.journal)] == [("2027-03-15", 0)]


def nothing_that_was_uploaded_is_spooled(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="made-up.jpg"\r\n\r\n'
        body, kind = head + b"x" * 600_000 + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"
        with pair.booth_app.test_request_context("/staff", method="POST", data=body, content_type=kind) as context:
            context.request.max_content_length = context.request.max_form_memory_size = None
            with closing(context.request.files["photo"].stream) as stream:
                assert isinstance(stream, io.BytesIO)


def a_restart_does_not_forgive_wrong_pins(folder: Path) -> None:
    with at_a_desk(folder) as (pair, _):
        for _ in range(2):
            app = create_booth_app(pair.booth.config, pair.clock)
            with closing(app.extensions["booth"]):
                visitor = Browser(app.test_client())
                wrong = {"volunteer": "li", "pin": "000000", "next": "/staff"}
                answers = [visitor.post("/staff/enter", **wrong).status for _ in range(4)]
        assert answers[-1] == 429


def little_that_grows_large_is_refused(folder: Path) -> None:
    with closing(a_hub(folder, FakeClock())) as hub:
        bomb = gzip.compress(b"0" * 20_000_000)
        headers = {protocol.HEADER: "1", "Content-Encoding": "gzip"}
        answer = create_hub_app(hub).test_client().post("/sync/v1/batches", data=bomb, headers=headers)
        assert (answer.status_code, answer.get_json()["problem"]) == (413, "request.too_large")


class at_a_desk:  # noqa: N801 (reads as the words it stands for)
    """A booth with its volunteer signed in, and its hub."""

    def __init__(self, folder: Path) -> None:
        clock = FakeClock()
        self._hub = a_hub(folder / "hub", clock)
        self._pair = a_pair(folder / "booth", self._hub, clock)

    def __enter__(self) -> tuple[Pair, Browser]:
        return self._pair, self._pair.at_the_desk()

    def __exit__(self, *_: object) -> None:
        self._pair.booth.close()
        self._hub.close()


# --- what somebody in a hurry could have left ---------------------------------------------------------------


def _hasty_commit(connection: sqlite3.Connection, tickets: list[Any]) -> None:
    """Acknowledges, then commits."""
    connection.execute("BEGIN IMMEDIATE")
    for ticket in tickets:
        writer._run(connection, ticket)
        ticket.is_done = True
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.execute("ROLLBACK")


def _lax_form(*required: str, optional: Any = ()) -> dict[str, str]:
    return {name: forms.request.form.get(name, "") for name in (*required, *optional)}


def _as_it_is(app_of: Callable[..., Any]) -> Callable[..., Any]:
    def make(*args: Any, **words: Any) -> Any:
        made = app_of(*args, **words)
        made.jinja_env.autoescape = False
        return made

    return make


def _insert_or_replace(tx: Any, table: Any, columns: dict[str, Any]) -> None:
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    statement = f"INSERT OR REPLACE INTO {table.name} ({names}) VALUES ({marks})"
    tx.connection.cursor().executemany(statement, zip(*columns.values(), strict=False))


@contextmanager
def _rolled_back(store: Any) -> Iterator[Any]:
    """Answers first; then the commit fails."""
    with store._writer.connect() as tx:
        yield tx
        tx.rollback()


def _tries_in_memory(lock: Any) -> None:
    lock.tries = getattr(lock, "tries", 0) + 1
    if lock.tries > staff.FREE_TRIES:
        raise Problem(PIN_LOCKED, seconds=60)


def _all_safe(loader: Any) -> Callable[..., Any]:
    def get_source(self: Any, environment: Any, template: str) -> Any:
        source, name, uptodate = loader(self, environment, template)
        return re.sub(r"\{\{ ([a-z_]+\.[a-z_]+) \}\}", r"{{ \1|safe }}", source), name, uptodate

    return get_source


def _spooled(_request: Any, total_content_length: int | None, content_type: str | None, **words: Any) -> Any:
    return default_stream_factory(total_content_length, content_type, **words)


@dataclass(frozen=True)
class Planted:
    name: str
    law: Law
    sabotage: Sabotage


PLANTED = (
    Planted("signature skipped", only_the_enrolled_key_writes_a_journal,
            replaced((keys, "is_signed"), by=lambda *_: True)),
    Planted("addressee skipped", only_the_right_hub_takes_a_batch,
            edited(intake, "receive", ("header.hub != (device.hub or hub)", "False"),
                   ("header.fair != rehearsals.fair_of(device.fair)", "False"))),
    Planted("head of a batch not compared", a_batch_ends_in_the_head_it_names,
            edited(protocol, "read_batch", (".hex().encode() != end[1]", ".hex().encode() == b''"))),
    Planted("links between batches not checked", a_branch_that_continues_elsewhere_is_noticed,
            replaced((intake, "_broken_links"), by=lambda *_: [])),
    Planted("OR IGNORE without comparing", two_facts_at_one_place_are_a_fork,
            edited(intake, "_fit_in", ("if known.get(arrival.first + place, digest) != digest", "if False"))),
    Planted("OR REPLACE", two_facts_at_one_place_are_a_fork,
            together(replaced((intake, "_known_hashes"), by=lambda *_: {}),
                     replaced((intake, "append_columns"), by=_insert_or_replace))),
    Planted("no unique key at the hub", a_second_delivery_brings_nothing_new,
            together(replaced((intake, "_known_hashes"), by=lambda *_: {}),
                     replaced((intake, "_is_held_already"), by=lambda *_: False))),
    Planted("fork counted", two_facts_at_one_place_are_a_fork,
            replaced((branches, "untangle"), by=intake.settle)),
    Planted("hash without the one before", facts_that_changed_places_are_found,
            together(replaced((envelope, "chain"), by=lambda _, line: hashlib.sha256(line).digest()),
                     replaced((envelope, "chain_all"), (protocol, "chain_all"),
                              by=lambda _, lines: [hashlib.sha256(line).digest() for line in lines]))),
    Planted("totals not folded", totals_are_the_fold_of_the_facts, replaced((totals, "count"), by=lambda *_: None)),
    Planted("totals folded over a gap", totals_are_the_fold_of_the_facts,
            edited(intake, "_run_end", ("number != seq + 1", "False"))),
    Planted("kinds and desks not checked", a_booth_says_only_what_a_booth_may_say,
            edited(reading, "_judge", ("fact.kind not in rules.kinds or fact.desk != rules.desk", "False"))),
    Planted("days in UTC", a_day_is_a_day_in_beijing,
            together(replaced((clocks, "_named"), by=clocks._named.__wrapped__),  # which remembers the right days
                     replaced((clocks, "_day_and_hour"), by=lambda hours: (
                         (date(1970, 1, 1) + timedelta(hours=hours - 8)).isoformat(), (hours - 8) % 24)))),
    Planted("receipt before the commit", what_is_receipted_is_on_the_hubs_disk,
            replaced((api, "queueing"), by=lambda: _rolled_back(hub_of_this_request().store))),
    Planted("cursor from the client", a_hub_that_was_set_back_gets_what_it_lost,
            edited(pushing, "_agreed_head", ("return head.seq", "return source.receipted()"))),
    Planted("gzip without a bound", little_that_grows_large_is_refused,
            edited(api, "_body", ("inflater.decompress(data, limit + 1)", "inflater.decompress(data)"),
                   ("if len(plain) > limit", "if False"))),
    Planted("uploads spooled", nothing_that_was_uploaded_is_spooled,
            replaced((kiosk.web.requests.Request, "_get_file_stream"), by=_spooled)),
    Planted("tries of a PIN in memory", a_restart_does_not_forgive_wrong_pins,
            replaced((staff.PinLock, "count_try"), by=_tries_in_memory)),
    Planted("codes for ever", a_code_is_good_for_one_tablet_and_ten_minutes,
            edited(devices, "enrol", (" or now.timestamp() > code.expires_at", ""))),
    Planted("codes for everybody", a_code_is_good_for_one_tablet_and_ten_minutes,
            edited(devices, "enrol", (" or code.used_by is not None", ""))),
    Planted("acknowledged before the commit", an_acknowledged_tap_is_on_the_disk,
            replaced((writer, "_commit"), by=_hasty_commit)),
    Planted("WAL and NORMAL", the_disk_is_written_durably,
            together(replaced((schema, "PRAGMAS"), by=("journal_mode = WAL", "synchronous = NORMAL")),
                     replaced((schema, "assert_safe"), by=lambda _connection: None))),
    Planted("no look for the same id", one_id_is_one_fact,
            edited(journal.Journal, "_append_one", ("if before is not None", "if False"))),
    Planted("undo with an id of its own", a_tap_is_taken_back_once,
            replaced((tallies, "undo_id"), by=lambda _tap: secrets.token_hex(16))),
    Planted("a wall that does not clear", the_next_visitor_sees_nothing_of_the_last,
            replaced((sessions.Visits, "end"), by=lambda *_: None)),
    Planted("unknown fields let in", a_form_holds_only_its_own_fields,
            replaced((forms, "read_form"), (kiosk.web, "read_form"), (complaint_form, "read_form"), by=_lax_form)),
    Planted("autoescape off", what_was_typed_is_shown_as_text,
            replaced((kiosk.web, "make_app"), by=_as_it_is(kiosk.web.make_app))),
    Planted("everything marked safe", what_was_typed_is_shown_as_text,
            replaced((jinja2.FileSystemLoader, "get_source"), by=_all_safe(jinja2.FileSystemLoader.get_source))),
    Planted("sealed with nothing", what_was_typed_is_nowhere_in_the_clear,
            replaced((keys, "seal"), by=lambda _key, text: text)),
    Planted("roles not asked for", a_viewer_opens_nothing, replaced((people.Person, "may"), by=lambda *_: True)),
    Planted("openings not written down", every_opening_is_a_fact,
            lambda patch: patch.setattr(hub_cases, "journal", _Silent(hub_cases.journal))),
    Planted("no token in forms", another_page_cannot_act_for_a_person, replaced((app, "_check_csrf"), by=lambda: None)),
    Planted("no look at the origin", another_page_cannot_act_for_a_person,
            replaced((kiosk.web.app, "refuse_foreign_origin"), by=lambda: None)),
    Planted("tries at the door not counted", whoever_guesses_has_to_wait,
            replaced((people, "throttle"), by=lambda *_: None)),
    Planted("tries of a PIN not counted", whoever_guesses_has_to_wait,
            replaced((staff.PinLock, "count_try"), by=lambda _: None)),
    Planted("sessions for ever at the hub", a_forgotten_session_ends,
            edited(people, "find_session", ("moment - row.seen_at > idle or ", ""))),
    Planted("staff screens never lock", a_forgotten_session_ends,
            edited(sessions.StaffSessions, "find", ("now - session.seen_at > self._limit", "False"))),
    Planted("any receipt believed", only_the_hubs_own_receipt_is_believed,
            replaced((keys, "is_signed"), by=lambda *_: True)),
)  # fmt: skip


class _Silent:
    """The hub's journal, as it would be if openings were not written into it."""

    def __init__(self, real: ModuleType) -> None:
        self._real = real

    def append(self, tx: Any, hub: str, fair: str, body: Any, **words: Any) -> Any:
        return None if isinstance(body, CaseOpened) else self._real.append(tx, hub, fair, body, **words)


LAWS = {planted.law.__name__: planted.law for planted in PLANTED}


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_law_holds(law, tmp_path):
    law(tmp_path)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name.replace(" ", "_"))
def test_a_planted_fault_is_noticed(planted, tmp_path, monkeypatch):
    planted.sabotage(monkeypatch)
    with pytest.raises(AssertionError):
        planted.law(tmp_path)
    print(f" caught: {planted.name}")
