"""A program that makes a hub, and is killed at a moment of it: `tests.programs` runs it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from nacl.public import PrivateKey
from sqlalchemy import Connection

from kiosk.config import HubConfig
from kiosk.hub import fairs, founding, people
from kiosk.sync import keys
from tests.clocks import FakeClock
from tests.makers import CASEWORKER, a_fair


def furnish(tx: Connection, sealing_key: PrivateKey) -> None:
    """One fair, and somebody who may do everything."""
    fairs.add_fair(tx, a_fair())
    people.add_person(tx, *CASEWORKER, {"organiser", "supervisor"}, sealing_key)


def _die(*_: Any) -> NoReturn:
    os._exit(9)


def _die_furnished(tx: Connection, sealing_key: PrivateKey) -> None:
    furnish(tx, sealing_key)
    _die()


#: When it is killed → what is replaced (owner, name, what stands there instead), and how the hub is furnished.
KILLED: dict[str, tuple[tuple[Any, str, Any] | None, Callable[[Connection, PrivateKey], None]]] = {
    "before its key is written": ((keys, "write_secret", _die), furnish),
    "once its key is written": ((founding, "_clear", lambda *_: None), _die),
    "before the transaction ends": (None, _die_furnished),
    "before its key is in its place": ((Path, "rename", _die), furnish),
    "once its key is in its place": ((founding, "sync_folder", _die), furnish),
}


def main() -> None:
    moment, data, database = sys.argv[1:]
    replaced, furnishing = KILLED[moment]
    if replaced:
        setattr(*replaced)
    founding.create_hub(HubConfig(Path(data), database), FakeClock(), furnishing)
