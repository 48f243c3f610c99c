"""Hubs above hubs: a county, a city, a region, each a real hub; what they froze, and the roads between them."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask

from kiosk.clock import stamp
from kiosk.facts.figures import DESK, RecordListed, StatementFrozen
from kiosk.facts.kinds import Body
from kiosk.facts.reporting import ReportBegun, ReportFigure
from kiosk.hub import carrying, entries, fairs, journal, tables, units, upward
from kiosk.hub.app import create_hub_app
from kiosk.hub.context import Hub
from kiosk.hub.store import append_facts
from kiosk.hub.units import Standing
from kiosk.packs.fairs import Fair, Unit
from kiosk.packs.model import Text
from kiosk.reports import rollup
from kiosk.reports.catalogue import CATALOGUE
from kiosk.reports.figures import percent
from kiosk.reports.statement import Cell, Column, Day, Place, Statement
from kiosk.sync.bundles import read_receipts
from tests.makers import HUB_URL, WsgiTransport, a_fact, a_fair

DEFINITIONS = {one.key: one for one in CATALOGUE}
DEADLINE = "2027-03-18T18:00:00.000+08:00"
UNITS = [Unit("east", Text("东城区", "East District")), Unit("west", Text("西城区", "West District"))]


def a_city_fair(**changes: Any) -> Fair:
    """A fair with two units that report to it by a deadline."""
    return a_fair(**{"units": UNITS, "deadline": DEADLINE, **changes})


def set_fair(hub: Hub, fair: Fair) -> Fair:
    """As if the organiser had changed it so."""
    with hub.store.begin() as tx:
        document = msgspec.json.encode(fair).decode()
        tx.execute(tables.fairs.update().where(tables.fairs.c.id == fair.id).values(document=document))
    return fair


def fair_of(hub: Hub) -> Fair:
    with hub.store.reading() as tx:
        return fairs.find_fair(tx, "demo")


# --- what is frozen ---------------------------------------------------------------------------------


def a_cell(key: str, said: Any) -> Cell:
    """A number; a pair for a rate; a list of names for what is counted once; a dict of venues for a maximum."""
    definition = DEFINITIONS[key]
    if isinstance(said, tuple):
        return Cell(key, percent(*said), {"numerator": said[0], "denominator": said[1]}, {})
    if isinstance(said, list):
        return Cell(key, len(set(said)), dict.fromkeys(said, 1), {"typed": len(set(said))})
    if isinstance(said, dict):
        return Cell(key, max(said.values()), said, {})
    if definition.unit == "元":
        return Cell(key, f"{said / 100:.2f}", {"fen": said}, {"auto": said})
    return Cell(key, said, {}, {"auto": said} if said else {})


def a_statement_of(
    hub: Hub, cells: Mapping[str, Any], version: int = 1, places: Sequence[Place] = (), **changes: Any
) -> Statement:
    """What a hub says of its fair, with what its units reported, by the rule of each figure."""
    fair = fair_of(hub)
    own = [a_cell(key, said) for key, said in cells.items()]
    wanted = [DEFINITIONS[key] for key in cells]
    with hub.store.reading() as tx:
        period = units.combine(tx, fair, wanted, own)
        places = [*places, *units.places(tx, fair, list(cells))]
    columns = [Column(one.key, one.label, one.unit, one.group, one.means, one.rule) for one in wanted]
    statement = Statement(
        fair=fair.id, title=fair.title, theme=fair.theme, unit=fair.organiser.name, contact="12315",
        starts=fair.starts, ends=fair.ends, deadline=fair.deadline, venues=len(fair.venues), version=version,
        made_at=stamp(hub.clock.now()), made_by="陈汇总", why="" if version == 1 else "漏了一个会场", columns=columns,
        period=period, year=[], days=[], places=places, records=[], findings=[], missing=[], changes=[], facts=0,
        unsent=0,
    )  # fmt: skip
    return msgspec.structs.replace(statement, **changes)


def freeze(hub: Hub, cells: Mapping[str, Any], version: int = 1, **changes: Any) -> Statement:
    """Freeze a version, as the statistics table is."""
    statement = a_statement_of(hub, cells, version, **changes)
    document = statement.encode()
    body = StatementFrozen(version=version, digest=upward.hashlib.sha256(document).hexdigest(), why=statement.why)
    with hub.store.begin() as tx:
        now = hub.clock.now()
        journal.append(tx, "demo", body, desk=DESK, by="p-0a1b2c3d", now=now, mono=hub.clock.monotonic())
        row = {"fair": "demo", "version": version, "digest": body.digest, "document": document}
        tx.execute(tables.statements.insert().values(**row, frozen_at=stamp(now)))
    return statement


def list_jointly(hub: Hub, list_id: str, title: str, host: str, **amounts: int) -> None:
    """Something the fair did together with others is put on its list."""
    list_record(hub, list_id, title, host=host, joint=True, amounts=amounts)


def list_record(hub: Hub, list_id: str, title: str, **changes: Any) -> None:
    body = RecordListed(
        day="2027-03-15", hour=0, list=list_id, title=title, source="现场清单", texts={}, keys=[], amounts={},
        unit="", host="", joint=False, blob="",
    )  # fmt: skip
    body = msgspec.structs.replace(body, **changes)
    with hub.store.begin() as tx:
        now, mono = hub.clock.now(), hub.clock.monotonic()
        journal.append(tx, "demo", body, desk=DESK, by="p-0a1b2c3d", now=now, mono=mono, fact_id=secrets.token_hex(16))


# --- roads ------------------------------------------------------------------------------------------


class Network:
    """Everything over the network, to a hub in the same process."""

    def __init__(self, above: Hub) -> None:
        self.above = above
        self.app: Flask = create_hub_app(above)

    def join(self, below: Hub, unit: str, *, again: bool = False) -> None:
        with self.above.store.begin() as tx:
            code = upward.devices.draw_unit_code(tx, self.above, fair_of(self.above), unit, self.above.clock.now())
        road = WsgiTransport(self.app)
        upward.begin(below, fair_of(below), road, HUB_URL, code, again=again)
        assert upward.ask(below, fair_of(below), road) is not None

    def report(self, below: Hub) -> None:
        with below.store.begin() as tx:
            upward.submit_latest(tx, below, fair_of(below))
        upward.send(below, fair_of(below), WsgiTransport(self.app))


class Sticks:
    """Everything as files, there and back."""

    def __init__(self, above: Hub, folder: Path) -> None:
        self.above = above
        self.folder = folder
        folder.mkdir()

    def join(self, below: Hub, unit: str, *, again: bool = False) -> None:
        asked = upward.write_request(below, fair_of(below), again=again)
        with self.above.store.begin() as tx:
            answer = upward.admit(tx, self.above, fair_of(self.above), unit, asked)
        upward.take_admission(below, fair_of(below), answer, self.above.fingerprint.hex()[:16])

    def report(self, below: Hub, *, everything: bool = False) -> list[carrying.Import]:
        with below.store.begin() as tx:
            upward.submit_latest(tx, below, fair_of(below))
        name = secrets.token_hex(4)
        out, back = self.folder / f"{name}.kiosk", self.folder / f"{name}.receipts"
        upward.export(below, fair_of(below), out, everything=everything)
        found = list(carrying.import_files(self.above, [out], lambda _done, _of: None))
        if found[0].problem is None:
            with self.above.store.reading() as tx:
                told = carrying.receipts(tx, self.above, carrying.journals_of(tx, "demo"))
            back.write_bytes(carrying.sign_all(self.above, told))
            assert read_receipts(back.read_bytes())
            upward.take_receipts(below, fair_of(below), [back])
        return found


# --- what the hub above makes of it -----------------------------------------------------------------


def standings(hub: Hub) -> dict[str, Standing]:
    with hub.store.reading() as tx:
        return {one.unit.id: one for one in units.standings(tx, hub, fair_of(hub))}


def rolled(hub: Hub) -> dict[str, Cell]:
    with hub.store.reading() as tx:
        return units.of_units(tx, fair_of(hub))


def waiting(hub: Hub) -> int:
    with hub.store.reading() as tx:
        state = upward.state_of(tx, "demo")
    assert state is not None
    return state.waiting


def fill(hub: Hub, fair: Fair, days: int) -> None:
    """Every unit's version is here, as it would be once it was sent: rows of facts, and what they are folded to."""
    text = Text("区", "district")
    columns = [Column(one.key, text, one.unit, one.group, text, one.rule) for one in CATALOGUE]
    cells = [a_cell(one.key, (7, 20) if one.rule == "ratio" else 5) for one in CATALOGUE]
    window = [Day(f"2027-03-{8 + day:02d}", cells, {}) for day in range(days)]
    statement = a_statement_of(hub, {}, columns=columns, period=cells, days=window)
    bodies = rollup.told(statement, hub.id)
    told: dict[str, list[dict[str, Any]]] = {"facts": [], "reported": [], "journals": [], "devices": []}
    for number, unit in enumerate(fair.units):
        journal, outlets = f"{number:032x}", [f"{n:016x}" for n in range(number, number + 101)]
        for seq, body in enumerate(bodies, 1):
            if number and not _differs(body):
                row = {**told["reported"][seq - 1], "journal": journal, "unit": unit.id}
            else:
                changes = {
                    "report.begun": {"fair": f"f{number}"} if isinstance(body, ReportBegun) else {},
                    "headcount": {"n": number}, "media_outlets": {"n": 101, "keys": outlets},
                }  # fmt: skip
                own = msgspec.structs.replace(body, **changes.get(getattr(body, "figure", "report.begun"), {}))
                row = entries.row_of(journal, "^demo", a_fact(own, desk=unit.id, seq=seq), own)[1]
            told["reported"].append(row)
            kept = {"journal": journal, "seq": seq, "line": b"x" * 400, "hash": b"", "kind": "report.figure"}
            told["facts"].append({**kept, "problem": None, "received_at": 1.0})
        told["journals"].append({"journal": journal, "fair": "^demo", "root": b"", "seq": seq, "hash": b""})
        device = {"device": journal, "journal": journal, "fair": "^demo", "desk": unit.id, "public_key": ""}
        told["devices"].append({**device, "kinds": ""})
    with hub.store.begin() as tx:
        for name, some in told.items():
            append_facts(tx, tables.metadata.tables[name], [tuple(row.values()) for row in some], list(some[0]))


def _differs(body: Body) -> bool:
    """Whether it says something else of every unit."""
    if isinstance(body, ReportFigure):
        return body.window == "period" and body.figure in ("headcount", "media_outlets")
    return isinstance(body, ReportBegun)
