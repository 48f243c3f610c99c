"""What the fault tests share beside the fixtures of all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import disk
from tests.faults.scratch import in_memory


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory."""
    with in_memory() as folder:
        yield folder


@pytest.fixture(scope="session")
def failing_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes a disk fail, built once."""
    return disk.build(tmp_path_factory.mktemp("disk"))
