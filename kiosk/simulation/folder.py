"""The folder of a simulated fair: `roster`, a bundle file for each tablet, and `ledger.json`, the truth."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk import files
from kiosk.errors import SIMULATION_FOLDER, Problem
from kiosk.simulation import bundles
from kiosk.simulation.fleet import Fleet
from kiosk.simulation.ledger import Ledger
from kiosk.sync.bundles import SUFFIX

ROSTER, LEDGER = "roster", "ledger.json"


class Made(msgspec.Struct, frozen=True):
    """What was written."""

    fair: str
    booths: int
    facts: int
    planted: dict[str, int]


def write_folder(folder: Path, fleet: Fleet, progress: Callable[[], None] = lambda: None) -> Made:
    """Write the whole fair, one tablet in memory at a time. `progress` is called after each.

    The folder must be empty or not there yet: nothing of another fair may end up beside this one's files. Raises
    `simulation.folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Problem(SIMULATION_FOLDER, folder=folder)
    with files.written(folder / ROSTER) as file:
        file.write(fleet.roster())
    ledger = Ledger(fleet)
    wanted = bundles.troubles(fleet.size.booths, fleet.seed.dice("troubles"))
    for number, trouble in enumerate(wanted, 1):
        booth, dice = fleet.booth(number), fleet.seed.dice("road", number)
        journal = fleet.journal(booth)
        order, sent = bundles.plant(bundles.cuts(len(journal.lines), fleet.size.batch, dice), trouble, dice)
        with (folder / f"{booth.name}{SUFFIX}").open("wb") as file:
            bundles.write_bundle(file, booth, journal, order)
        ledger.add(booth, journal, sent)
        progress()
    with files.written(folder / LEDGER) as file:  # last: with it the folder is whole
        file.write(ledger.dump())
    told = ledger.as_json()
    return Made(fleet.fair.id, len(ledger.booths), told["facts"], told["planted"])
