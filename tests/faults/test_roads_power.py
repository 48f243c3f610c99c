"""The lights go out over a relay and over a stick: what was said to be kept is, and nothing half-written is there."""

import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from kiosk.relay.spool import Spool
from kiosk.sync import protocol
from tests.faults.databases import Damaged
from tests.faults.power import carrying
from tests.faults.power.replay import Look, Outcome, contents, replay
from tests.faults.power.trace import record
from tests.hub.tablets import Tablet, a_tablet
from tests.makers import a_hello, a_hub
from tests.proof import figure, share
from tests.roads import a_bundle

DRAWS = share(20, 5)


def cut(name: str, folder: Path, look: Look, *words: str) -> Outcome:
    """Run a program in `folder`, and let the power fail at every moment of the run; of a control, of its first part."""
    start = contents(folder, ("",))
    command = [sys.executable, "-m", "tests.faults.power.carrying", name, str(folder.resolve()), *words]
    steps = record(command, folder, ("",), folder.parent / "strace.log")
    if words:
        steps = steps[: len(steps) // 4]
    return replay(steps, start, look, Random(315), DRAWS)


# --- a relay ----------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, clock) -> Path:
    """A relay's folder, and forty bundles on their way to it."""
    home = tmp_path / "relay"
    (home / carrying.POST).mkdir(parents=True)
    (home / "bundles").mkdir()
    with closing(a_hub(tmp_path / "hub", clock)) as hub:
        (home / carrying.HUB).write_bytes(protocol.dump(a_hello(hub.key, hub.id)))
        tablet: Tablet = a_tablet(hub)
        for number in range(40):
            for _ in range(1 + number % 4):
                tablet.record()
            bundle = a_bundle(hub, tablet, blobs=[b"sealed" * number])
            (home / carrying.POST / f"{number:02}").write_bytes(bundle)
            if number % 7 == 6:
                (home / carrying.POST / f"{number:02}-again").write_bytes(bundle)
    return home


def a_relay_that_took(home: Path, scratch: Path) -> Look:
    """Promises are bundles, by number."""
    hello = protocol.parse(protocol.Hello, (home / carrying.HUB).read_bytes())
    post = [file.read_bytes() for file in sorted((home / carrying.POST).iterdir())]

    def look(found: Path) -> int:
        scratch.mkdir(exist_ok=True)
        (scratch / "bundles").unlink(missing_ok=True)
        (scratch / "bundles").symlink_to(found)
        with closing(Spool(scratch, hello, 1 << 30)) as spool:
            kept = {one.path.read_bytes() for one in spool.waiting()}
            damaged = spool.damaged
        if damaged or not kept <= set(post):
            raise Damaged("a bundle that is none, under the name of one")
        return next((number for number, data in enumerate(post) if data not in kept), len(post))

    return look


def test_a_relay_loses_nothing_it_said_it_took(home: Path, tmp_path: Path):
    outcome = cut("take_bundles", home / "bundles", a_relay_that_took(home, tmp_path / "scratch"))
    figure("power loss, relay's spool: crash states", outcome.states)
    assert (outcome.lost[:5], outcome.damaged[:5]) == ([], [])
    assert outcome.states > share(200, 120)


def test_a_relay_that_flushes_nothing_is_seen_to_lose(home: Path, tmp_path: Path):
    look = a_relay_that_took(home, tmp_path / "scratch")
    outcome = cut("take_bundles", home / "bundles", look, "careless")
    figure("power loss, control, relay's spool without flushes: reported as losing", len(outcome.lost))
    assert outcome.lost
    assert outcome.damaged


# --- a file that is written over --------------------------------------------------------------------


def the_file(found: Path) -> int:
    """Promises are versions, by number: one of them is there, whole."""
    file = found / "file"
    data = file.read_bytes() if file.exists() else b""
    version = data[0] if data else 0
    if data != b"".join(carrying.version_of(version) if version else []):
        raise Damaged("half a file")
    return version


def test_a_file_that_is_written_over_is_always_one_of_its_versions_and_never_older_than_was_said(tmp_path: Path):
    (tmp_path / "stick").mkdir()
    outcome = cut("write_over", tmp_path / "stick", the_file)
    figure("power loss, file written over: crash states", outcome.states)
    assert (outcome.lost[:5], outcome.damaged[:5]) == ([], [])
    assert outcome.states > share(500, 200)


def test_a_file_that_is_not_flushed_is_seen_to_be_lost(tmp_path: Path):
    (tmp_path / "stick").mkdir()
    outcome = cut("write_over", tmp_path / "stick", the_file, "careless")
    assert outcome.lost
    assert outcome.damaged
