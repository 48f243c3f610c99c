"""Who stands before a tablet."""

import pytest
from flask.testing import FlaskClient

from tests.makers import Browser


@pytest.fixture
def visitor(client: FlaskClient) -> Browser:
    return Browser(client)
