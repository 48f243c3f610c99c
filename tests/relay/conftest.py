"""A relay does not know what its hub stores in: here the hub has one database."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.config import HubConfig
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from tests.clocks import FakeClock
from tests.makers import HUB_URL


@pytest.fixture
def hub(hub_folder: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Hub]:
    shutil.copytree(hub_folder, tmp_path / "hub")
    with closing(open_hub(HubConfig(tmp_path / "hub", public_url=HUB_URL), clock)) as hub:
        yield hub
