"""Who stands before a tablet."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.makers import Browser
from tests.proof import FULL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A booth is the same whatever its hub stores in: its tests meet both databases in `make test-long`."""
    here = Path(__file__).parent
    items[:] = [item for item in items if FULL or item.path.parent != here or "[postgresql" not in item.name]


@pytest.fixture
def visitor(client: FlaskClient) -> Browser:
    return Browser(client)
