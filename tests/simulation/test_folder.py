"""The folder of a simulated fair holds what its ledger says, troubles and all; and making it again makes it again."""

import hashlib
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kiosk.errors import SIMULATION_FOLDER, Problem
from kiosk.facts import envelope
from kiosk.reports.amounts import fold
from kiosk.reports.figures import CATALOGUE
from kiosk.simulation import bundles
from kiosk.simulation.bundles import cuts, plant, troubles
from kiosk.simulation.dice import Seed
from kiosk.simulation.fleet import Fleet
from kiosk.simulation.folder import write_folder
from kiosk.simulation.sizes import SIZES
from kiosk.sync import protocol
from kiosk.sync.bundles import certified_key, read_bundle
from kiosk.sync.protocol import Batch
from kiosk.sync.rosters import read_roster


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "demo"
    write_folder(folder, Fleet(SIZES["demo"], 315))
    return folder


@pytest.fixture(scope="module")
def ledger(folder) -> dict:
    return json.loads((folder / "ledger.json").read_bytes())


def batches_in(folder: Path, name: str) -> list[Batch]:
    """The batches of a bundle file in order, every signature checked with what the roster says."""
    roster = read_roster((folder / "roster").read_bytes())
    stream = io.BytesIO((folder / name).read_bytes())
    bundle = read_bundle(stream, lambda header: certified_key(header, roster.header.verify_key))
    key = certified_key(bundle.header, roster.header.verify_key)
    return [protocol.read_batch(frame.content, lambda _: key) for frame in bundle.frames() if frame.type == "batch"]


def journal_in(folder: Path, name: str) -> list[bytes]:
    """The lines of a bundle file, put together again from its batches, in whatever order they came."""
    lines: dict[int, bytes] = {}
    for batch in batches_in(folder, name):
        for seq, line in enumerate(batch.lines, batch.header.first):
            assert lines.setdefault(seq, line) == line
    assert sorted(lines) == list(range(1, len(lines) + 1))
    return [lines[seq] for seq in sorted(lines)]


# --- the files --------------------------------------------------------------------------------------


def test_there_is_a_roster_a_bundle_for_each_tablet_and_the_ledger(folder):
    names = sorted(file.name for file in folder.iterdir())
    assert names == [*(f"booth-{number:04d}.kiosk" for number in range(1, 9)), "ledger.json", "roster"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "booth-0001.kiosk").write_text("somebody's only copy")
    with pytest.raises(Problem) as raised:
        write_folder(tmp_path, Fleet(SIZES["demo"], 315))
    assert raised.value.kind is SIMULATION_FOLDER
    assert [file.read_text() for file in tmp_path.iterdir()] == ["somebody's only copy"]


def test_progress_is_told_for_each_tablet(tmp_path):
    told = []
    write_folder(tmp_path / "out", Fleet(SIZES["demo"], 1), lambda: told.append(1))
    assert len(told) == 8


def hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_the_same_seed_makes_the_same_bytes_even_in_another_process(folder, tmp_path):
    """Another process has another hash seed: nothing may hang on the order of a set."""
    code = (
        "import sys; from pathlib import Path; from kiosk.simulation.fleet import Fleet; "
        "from kiosk.simulation.folder import write_folder; from kiosk.simulation.sizes import SIZES; "
        "write_folder(Path(sys.argv[1]), Fleet(SIZES['demo'], 315))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again")], check=True, env={"PYTHONHASHSEED": "7"})
    assert hashes(tmp_path / "again") == hashes(folder)


def test_another_seed_makes_another_fair(folder, tmp_path):
    write_folder(tmp_path / "other", Fleet(SIZES["demo"], 316))
    assert not set(hashes(tmp_path / "other").values()) & set(hashes(folder).values())


def test_it_needs_neither_flask_nor_a_database():
    code = (
        "import sys, kiosk.simulation.folder, kiosk.simulation.sending; "
        "print(sorted({'flask', 'sqlalchemy', 'sqlite_utils', 'sqlite3', 'psycopg'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# --- the truth --------------------------------------------------------------------------------------


def test_the_ledger_is_what_the_reference_fold_makes_of_the_files(folder, ledger):
    """The ledger was told by whoever made the day up; the fold reads lines and corrects clocks."""
    folded: Counter = Counter()
    for booth in ledger["booths"]:
        for (day, hour, _desk, metric), n in fold(map(envelope.decode, journal_in(folder, booth["file"]))).items():
            folded[day, f"{hour:02d}", metric] += n
    told = {
        (day, hour, metric): n
        for day, hours in ledger["metrics"]["hours"].items()
        for hour, sums in hours.items()
        for metric, n in sums.items()
    }
    assert {bucket: n for bucket, n in folded.items() if n} == {bucket: n for bucket, n in told.items() if n}


def test_the_ledger_s_parts_add_up(ledger):
    for scope in ("days", "venues"):
        sums: Counter = Counter()
        for metrics in ledger["metrics"][scope].values():
            for metric, n in metrics.items():
                sums[metric] += n
        assert dict(sums) == ledger["metrics"]["fair"]
    by_booth: Counter = Counter()
    for booth in ledger["booths"]:
        by_booth.update(booth["metrics"])
        assert sum(booth["kinds"].values()) == booth["facts"]
    assert by_booth == ledger["metrics"]["fair"]
    assert sum(ledger["kinds"].values()) == ledger["facts"]


@pytest.mark.parametrize("scope", ["days", "venues"])
def test_every_figure_is_told_for_the_fair_each_day_and_each_venue(ledger, scope):
    keys = [definition.key for definition in CATALOGUE]
    assert [figure["key"] for figure in ledger["figures"]] == keys
    assert all([figure["key"] for figure in figures] == keys for figures in ledger[scope].values())
    assert len(ledger["venues"]) == 4
    assert sorted(ledger["days"]) == ["2027-03-14", "2027-03-15"]


def test_the_figures_are_exactly_the_size(ledger):
    values = {figure["key"]: figure["value"] for figure in ledger["figures"]}
    size = SIZES["demo"]
    assert values["headcount"] == size.visitors
    assert values["leaflets"] == size.leaflets
    assert values["consultations"] == size.consultations
    assert values["complaints"] == size.complaints
    assert values["boards"] == size.boards
    assert values["exhibits_judged"] == size.judgements


def test_each_journal_ends_where_the_ledger_says(folder, ledger):
    for booth in ledger["booths"]:
        batches = batches_in(folder, booth["file"])
        last = max(batches, key=lambda batch: batch.header.first + batch.header.count)
        assert last.header.first + last.header.count - 1 == booth["facts"]
        assert last.hashes[-1].hex() == booth["head"]
        kinds = Counter(envelope.decode(line).kind for line in journal_in(folder, booth["file"]))
        assert kinds == booth["kinds"]


# --- the troubles -----------------------------------------------------------------------------------


def test_the_troubles_the_ledger_tells_of_stand_in_the_files(folder, ledger):
    found: Counter = Counter()
    for booth in ledger["booths"]:
        order = [(batch.header.first, batch.header.count) for batch in batches_in(folder, booth["file"])]
        assert len(order) == booth["batches"]
        found["repeated"] += len(order) - len(set(order))
        found["facts twice"] += sum(count for _, count in order) - booth["facts"]
    assert found["repeated"] == ledger["planted"]["repeated"] > 0
    assert ledger["planted"]["out_of_order"] > 0
    assert ledger["planted"]["overlapping"] > 0
    assert found["facts twice"] > 0


def test_every_trouble_occurs_at_every_size():
    for size in SIZES.values():
        found = troubles(size.booths, Seed(size.name, 3).dice("troubles"))
        assert set().union(*found) == set(bundles.TROUBLES)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_trouble_nothing_is_missing(seed):
    dice = Seed("demo", seed).dice("plant")
    whole = cuts(500, (40, 140), dice)
    assert [fact for first, last in whole for fact in range(first, last + 1)] == list(range(1, 501))
    for wanted in (frozenset(), *(frozenset({one}) for one in bundles.TROUBLES), frozenset(bundles.TROUBLES)):
        order, sent = plant(whole, wanted, dice)
        assert {fact for first, last in order for fact in range(first, last + 1)} == set(range(1, 501))
        assert sent.batches == len(order) == len(whole) + sent.repeated + sent.overlapping
        assert (sent.repeated, sent.overlapping) == ("repeated" in wanted, "overlapping" in wanted)
        assert bool(sent.out_of_order) == ("out_of_order" in wanted)
        if sent.out_of_order and not sent.repeated and not sent.overlapping:
            assert order != sorted(order)


def test_a_journal_of_one_batch_is_repeated_at_most():
    order, sent = plant([(1, 9)], frozenset(bundles.TROUBLES), Seed("demo", 1).dice("plant"))
    assert (order, sent.repeated, sent.out_of_order, sent.overlapping) == ([(1, 9), (1, 9)], 1, 0, 0)
