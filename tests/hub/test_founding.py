"""Making a hub is one step: whatever stops it half-way, the next try succeeds; and nobody else reads its files."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.config import HubConfig
from kiosk.errors import Problem
from kiosk.hub.app import create_hub, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.tables import fairs, identity, people
from kiosk.sync import keys
from tests import programs
from tests.clocks import FakeClock
from tests.hub.making import KILLED, furnish
from tests.hub.tablets import rows
from tests.makers import HUB_URL, a_hub
from tests.proof import share


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> HubConfig:
    """Of a hub that is not there yet."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return HubConfig(tmp_path / "hub", url, public_url=HUB_URL)


@pytest.mark.parametrize("moment", share([*KILLED], [*KILLED][::3]))
def test_a_hub_whose_making_was_killed_is_made_by_the_next_try(settings: HubConfig, moment: str):
    words = [moment, str(settings.data), settings.database]
    killed = programs.run("tests.hub.making", words, os.environ, 120)
    assert killed.returncode == 9, killed.stderr
    if moment == "once its key is in its place":
        with closing(open_hub(settings, FakeClock())) as hub:
            assert whole(hub)
        return
    with pytest.raises(Problem, match=r"hub\.missing"):
        open_hub(settings, FakeClock())
    made, _ = create_hub(settings, FakeClock(), furnish)
    with closing(made) as hub:
        assert whole(hub)


def whole(hub: Hub) -> bool:
    counts = [len(rows(hub, table)) for table in (identity, fairs, people)]
    return counts == [1, 1, 1] and sorted(file.name for file in hub.config.data.glob("hub.key*")) == ["hub.key"]


def test_a_making_that_fails_leaves_nothing_behind(settings: HubConfig):
    def fails(_tx, _key) -> None:
        raise OSError("no fair to be had")

    with pytest.raises(OSError, match="no fair"):
        create_hub(settings, FakeClock(), fails)
    assert not list(settings.data.glob("hub.key*"))
    made, _ = create_hub(settings, FakeClock(), furnish)
    with closing(made) as hub:
        assert whole(hub)


def test_a_hub_is_never_made_over_another(settings: HubConfig, tmp_path: Path):
    a_hub(settings.data, FakeClock(), settings.database).close()
    key = (settings.data / "hub.key").read_bytes()
    database = settings.url or f"sqlite:///{settings.data}/hub.db"
    for other in (
        settings,
        HubConfig(tmp_path / "other", database),
        HubConfig(settings.data, f"sqlite:///{tmp_path}/x"),
    ):
        with pytest.raises(Problem, match=r"hub\.exists"):
            create_hub(other, FakeClock(), furnish)
    assert (settings.data / "hub.key").read_bytes() == key
    with closing(open_hub(settings, FakeClock())) as hub:
        assert len(rows(hub, people)) == 1


def test_a_hub_whose_key_was_lost_is_not_made_over(settings: HubConfig):
    """There may be a copy of the key; without the database that would be of no use."""
    a_hub(settings.data, FakeClock(), settings.database).close()
    (settings.data / "hub.key").unlink()
    keys.write_secret(settings.data / "hub.key.new", bytes(keys.SigningKey.generate()))
    with pytest.raises(Problem, match=r"hub\.exists"):
        create_hub(settings, FakeClock(), furnish)


def test_a_key_that_others_can_read_is_refused(settings: HubConfig):
    a_hub(settings.data, FakeClock(), settings.database).close()
    for mode in (0o640, 0o604, 0o620):
        (settings.data / "hub.key").chmod(mode)
        with pytest.raises(Problem, match=r"hub\.key_exposed"):
            open_hub(settings, FakeClock())
    (settings.data / "hub.key").chmod(0o400)
    open_hub(settings, FakeClock()).close()


def test_a_key_of_another_hub_is_refused(settings: HubConfig):
    a_hub(settings.data, FakeClock(), settings.database).close()
    (settings.data / "hub.key").write_bytes(bytes(keys.SigningKey.generate()))
    with pytest.raises(Problem, match=r"hub\.key_other"):
        open_hub(settings, FakeClock())
    (settings.data / "hub.key").write_bytes(b"short")
    with pytest.raises(Problem, match=r"file\.unusable"):
        open_hub(settings, FakeClock())


def test_the_folder_and_the_database_are_for_their_owner_alone(tmp_path: Path):
    folder = tmp_path / "hub"
    made, _ = create_hub(HubConfig(folder), FakeClock(), furnish)
    with closing(made) as hub:
        modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
        assert folder.stat().st_mode & 0o777 == 0o700
        assert set(modes.values()) == {0o600}, modes
        assert {"hub.db", "hub.db-wal", "hub.db-shm", "hub.key"} <= set(modes)
        assert hub.store.is_sqlite


def test_a_database_that_others_could_read_is_theirs_no_more(tmp_path: Path):
    folder = tmp_path / "hub"
    create_hub(HubConfig(folder), FakeClock(), furnish)[0].close()
    (folder / "hub.db").chmod(0o644)
    with closing(open_hub(HubConfig(folder), FakeClock())):
        modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_a_folder_that_cannot_hold_a_database_is_said_in_one_word(tmp_path: Path):
    (tmp_path / "hub" / "hub.db").mkdir(parents=True)
    with pytest.raises(Problem, match=r"hub\.database"):
        create_hub(HubConfig(tmp_path / "hub"), FakeClock())
