"""Room on the disk: a reserve for the counting, plain words while it runs out, and no tick for what was not kept."""

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk import ROOT
from kiosk.booth import complaints, storage
from kiosk.booth.context import Booth
from kiosk.booth.folder import PATIENCE
from kiosk.booth.journal import Draft, Journal
from kiosk.booth.setup import init_booth
from kiosk.booth.storage import BIG, FILE, Storage
from kiosk.booth.writer import Writer
from kiosk.config import BoothConfig
from kiosk.errors import Problem
from tests.booth.small_disk import RESERVE_KB
from tests.clocks import FakeClock
from tests.makers import Browser, a_draft, a_filing, an_id, answers, screens_of
from tests.proof import share

SIZE = 1 << 20


# --- the reserve --------------------------------------------------------------------------------------


def claimed(file: Path) -> int:
    """Bytes it really takes on the disk."""
    return file.stat().st_blocks * 512


def test_room_is_really_set_aside(tmp_path: Path):
    room = Storage(tmp_path, SIZE)
    room.start()
    assert ((tmp_path / FILE).stat().st_size, claimed(tmp_path / FILE)) == (SIZE, SIZE)
    assert room.level == "ample"


def test_a_new_booth_has_a_reserve_of_the_configured_size(tmp_path: Path, clock: FakeClock):
    init_booth(BoothConfig(tmp_path / "booth", reserve_mb=64), clock).close()
    assert (tmp_path / "booth" / FILE).stat().st_size == 64 * storage.MEGABYTE


def test_without_a_reserve_room_is_never_low(tmp_path: Path):
    room = Storage(tmp_path, 0)
    room.start()
    assert (room.level, room.make_room(), list(tmp_path.iterdir())) == ("ample", False, [])


def test_a_reserve_is_given_up_once_and_made_again(tmp_path: Path):
    room = Storage(tmp_path, SIZE)
    room.start()
    assert (room.make_room(), room.make_room()) == (True, False)
    assert not (tmp_path / FILE).exists()
    assert room.level == "ample"  # there is room: asking was enough
    assert (tmp_path / FILE).exists()


@pytest.mark.parametrize("spoil", ["holes", "short", "long", "gone"])
def test_a_reserve_that_is_none_is_made_again_at_the_start(tmp_path: Path, spoil: str):
    room, file = Storage(tmp_path, SIZE), tmp_path / FILE
    room.start()
    file.unlink()
    if spoil != "gone":
        file.touch()
        os.truncate(file, {"holes": SIZE, "short": 9, "long": 2 * SIZE}[spoil])
    room.start()
    assert (file.stat().st_size, claimed(file)) == (SIZE, SIZE)


def test_no_reserve_is_made_of_the_last_room_there_is(tmp_path: Path):
    """It would leave less free than it holds itself."""
    room = Storage(tmp_path, round(shutil.disk_usage(tmp_path).free * 0.6))
    room.start()
    assert not (tmp_path / FILE).exists()
    assert room.level == "low"


def test_room_is_low_while_no_more_is_free_than_the_reserve_holds(tmp_path: Path):
    room = Storage(tmp_path, SIZE)
    room.start()
    room._free = lambda: SIZE - 1
    assert room.level == "low"
    room._free = lambda: SIZE
    assert room.level == "ample"


def test_a_folder_that_is_gone_has_no_room(tmp_path: Path):
    room = Storage(tmp_path / "nowhere", SIZE)
    assert (room.level, room.make_room()) == ("low", False)


# --- giving it up ---------------------------------------------------------------------------------------


class Pages(Storage):
    """A disk that is as large as the database's pages; giving up the reserve makes it larger by some."""

    def __init__(self, folder: Path, pages: int) -> None:
        super().__init__(folder, SIZE)
        self.pages = pages
        self.writer: Writer | None = None

    def make_room(self) -> bool:
        had_one = super().make_room()
        if had_one:
            self.writer._connection.execute(f"PRAGMA max_page_count = {self.pages}").fetchone()
        return had_one

    def tend(self) -> None:
        """What was given up stays given up."""


@pytest.fixture
def tight(journal: Journal, clock: FakeClock):
    """A journal on a disk with room for nothing, and for 8 pages more once the reserve is given up."""
    room = Pages(journal.file.parent, pages=0)
    Storage.tend(room)
    with closing(Journal(journal.file, clock, room)) as tight:
        room.writer = tight._writer
        tight.transact(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchone())
        room.pages = journal.file.stat().st_size // 4096 + 8
        yield tight


def fill(journal: Journal) -> list[str]:
    """Append until it is refused; the ids that were acknowledged."""
    acknowledged: list[str] = []
    for _ in range(1000):
        try:
            acknowledged += [fact.id for fact in journal.append(a_draft())]
        except Problem as problem:
            assert problem.code == "storage.full"  # noqa: PT017
            return acknowledged
    raise AssertionError("the disk was never full")


def test_the_touch_that_finds_the_disk_full_is_recorded_in_the_reserve(tight: Journal):
    acknowledged = fill(tight)
    assert not (tight.file.parent / FILE).exists()
    assert tight.head()[0] == len(acknowledged)
    assert len(set(acknowledged)) == len(acknowledged)
    assert tight.verify() == len(acknowledged) > 20
    assert tight._storage.level == "full"


def test_once_something_is_recorded_again_it_is_no_longer_full(tight: Journal):
    fill(tight)
    tight.safety()  # a transaction that writes nothing proves nothing
    assert tight._storage.level == "full"
    tight._writer._connection.execute("PRAGMA max_page_count = 100000").fetchone()
    tight.append(a_draft())
    assert tight._storage.level == "low"  # the reserve is still to come
    Storage.tend(tight._storage)
    assert tight._storage.level == "ample"


def test_a_job_that_is_run_again_leaves_nothing_twice(tight: Journal):
    runs: list[int] = []

    def job(connection: sqlite3.Connection) -> int:
        runs.append(1)
        connection.execute("INSERT INTO drafts VALUES (?, '', zeroblob(20000))", (str(len(runs)),))
        return len(runs)

    assert tight.transact(job) == len(runs) == 3  # beside the log, then in its room, then in the room of the reserve
    assert tight.read_one("SELECT count(*), max(key_hash) FROM drafts") == (1, "3")


def test_without_a_reserve_nobody_waits_for_one_who_stands_still_while_reading(journal: Journal, clock: FakeClock):
    beyond = Storage(journal.file.parent, 1 << 60)  # no disk has so much
    with closing(Journal(journal.file, clock, beyond)) as low, closing(sqlite3.connect(journal.file)) as reader:
        low.append(a_draft())
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM facts").fetchone()
        started = time.monotonic()
        low.append(a_draft())
        assert time.monotonic() - started < PATIENCE / 2
        reader.rollback()
        low.append(a_draft())
        assert low.file.with_name("booth.db-wal").stat().st_size == 0  # short again, as soon as it can be


# --- while room is scarce -------------------------------------------------------------------------------


@pytest.fixture
def low(booth: Booth) -> Booth:
    """A booth whose disk has less free than the reserve."""
    booth.storage._free = lambda: 1000
    assert booth.storage.level == "low"
    return booth


def a_complaint(size: int, number: int = 1) -> Draft:
    blob = number.to_bytes(1) * size
    name = hashlib.sha256(blob).hexdigest()
    body = a_filing(name, size)
    return Draft(an_id(number), body, "li", blob)


def test_what_is_big_is_refused_and_what_is_small_is_not(low: Booth):
    low.journal.append(a_complaint(BIG, 1), a_draft())
    with pytest.raises(Problem, match=r"storage\.low"):
        low.journal.append(a_draft(), a_complaint(BIG + 1, 2))
    assert low.journal.head()[0] == 2


def test_a_big_complaint_that_is_there_already_is_the_same_fact(booth: Booth):
    [first] = booth.journal.append(a_complaint(BIG + 1))
    booth.storage._free = lambda: 1000
    assert booth.journal.append(a_complaint(BIG + 1)) == [first]


def test_a_new_complaint_is_sent_to_paper_to_the_phone_or_to_12315(low: Booth, client: FlaskClient):
    page = Browser(client).enter("li", "380315").get("/staff/complaint")
    assert (page.status, "storage.low" in page) == (507, True)
    for words in ("纸质登记表", "/complaint", "12315", "回计数"):
        assert words in page


def test_a_half_filled_form_is_not_kept_but_goes_on(booth: Booth, client: FlaskClient):
    """It became low while somebody was telling: what was typed is not thrown away, and the complaint is filed."""
    desk = Browser(client).enter("li", "380315")
    page = desk.get("/staff/complaint/settle")
    page = desk.send(page.form("/staff/complaint"), go="next", **answers(page))
    booth.storage._free = lambda: 1000
    kept = booth.journal.read_one("SELECT count(*), group_concat(hex(sealed)) FROM drafts")
    with pytest.raises(Problem, match=r"storage\.low"):
        complaints.keep_draft(booth, "7KQ2-M0ZR", {})
    for _ in screens_of()[1:]:
        page = desk.send(page.form("/staff/complaint"), go="next", **answers(page))
        assert page.status == 200
        if "下一步" in page:
            assert booth.journal.read_one("SELECT count(*), group_concat(hex(sealed)) FROM drafts") == kept
    assert booth.journal.last_of("complaint.filed", 0)


def test_the_staff_screens_say_what_is_wrong_what_goes_on_and_what_to_do(booth: Booth, client: FlaskClient):
    desk = Browser(client).enter("li", "380315")
    assert "存储快满" not in desk.get("/staff")
    booth.storage._free = lambda: 1000
    for page in (desk.get("/staff"), Browser(client).get("/staff/enter")):
        assert "存储快满：计数照常，投诉用纸质表。请尽快上传，告诉组织者。" in page
    form = desk.get("/staff").form("/staff/tally", counter="headcount")
    answer = client.post("/staff/tally", data={**form.values, "n": "1"}, headers={"HX-Request": "true"})
    assert "存储快满" in answer.text  # with the touch that brought it about


def test_healthz_tells_how_much_room_there_is(booth: Booth, client: FlaskClient):
    def told() -> tuple[str, bool]:
        health = client.get("/healthz").get_json()
        return health["storage"], health["ok"]

    assert told() == ("ample", True)
    booth.storage._free = lambda: 1000
    assert told() == ("low", True)
    booth.storage.found_none()
    assert told() == ("full", True)


# --- a disk that really is full -----------------------------------------------------------------------------


def may_mount() -> bool:
    words = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


DISKS = ["limit", *(["tmpfs"] if may_mount() else [])]
#: In `make test` the one that is most like a disk, where it may be mounted.
TRIED = share(DISKS, DISKS[-1:])


@pytest.mark.parametrize("disk", TRIED)
def test_on_a_disk_that_fills_up_counting_goes_on_and_nothing_is_lost(booth_folder: Path, tmp_path: Path, disk: str):
    shutil.copytree(booth_folder, tmp_path / "disk.booth")
    (tmp_path / "disk").mkdir()
    words = ["unshare", "-m"] if disk == "tmpfs" else []
    # -B: a Python that may write no more than that would leave half a compiled module behind, for everybody.
    words += [sys.executable, "-B", "-m", "tests.booth.small_disk", disk, str(tmp_path / "disk")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    on = {"ok": True, "attract": 200}
    assert seen["ample"] == {"storage": "ample", "banner": [], "complaint": [200, False], **on}
    assert seen["low"] == {"storage": "low", "banner": ["存储快满"], "complaint": [507, True], **on}
    assert seen["quiz while low"]
    assert seen["taps while low"] > RESERVE_KB // 4  # a touch takes less than 1 KB, and a page is shared by several
    assert seen["status when full"] == 507
    assert seen["full"] == {"storage": "full", "banner": ["存储已满"], "complaint": [507, True], **on}
    assert seen["tap once there is room"] == 200
    assert seen["ample again"] == seen["ample"]
    assert seen["facts more"] == 1  # the touch that was refused was not kept in secret
    assert seen["acknowledged"] == seen["kept of these"] == seen["headcount"]
    assert seen["verified"]
    assert "Traceback" not in done.stderr


# --- who else can read it -------------------------------------------------------------------------------------


def test_nobody_else_reads_the_folder(tmp_path: Path, clock: FakeClock):
    before = os.umask(0)
    try:
        with closing(init_booth(BoothConfig(tmp_path / "deep" / "booth"), clock)):
            pass
    finally:
        os.umask(before)
    home = tmp_path / "deep" / "booth"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()}
    assert modes == {"booth.db": 0o600, "device.key": 0o600, "reserve": 0o600}


def test_what_is_made_later_is_nobody_else_s_either(booth: Booth):
    before = os.umask(0)
    try:
        booth.journal.append(a_draft())
        (booth.config.data / "head.json").unlink(missing_ok=True)
        booth.tend()
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in booth.config.data.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"head.json", "booth.db-wal", "booth.db-shm"} <= set(modes)
