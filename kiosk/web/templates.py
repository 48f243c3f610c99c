"""Jinja as this house uses it: strict, compiled once a machine, and without what it would do again on every page."""

import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import jinja2
from flask.sansio.app import App
from flask.templating import Environment
from jinja2 import FileSystemBytecodeCache, StrictUndefined
from jinja2.bccache import Bucket

from kiosk import ROOT, __version__

FOLDER = ROOT / "templates"


class Templates(Environment):
    """An undefined name is an error, and tags leave no blank lines."""

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(
            app, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, bytecode_cache=_cache(), **options
        )

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What all templates know as one plain dict: it is copied and compared several times a page."""
        return {**self.globals, **(d or {})}


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, as Python keeps its modules: where it does, and only if there is room."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _cache() -> _Compiled | None:
    """None where nothing may be written: each program compiles for itself then."""
    folder = FOLDER / "__pycache__"
    if sys.dont_write_bytecode or not os.access(FOLDER, os.W_OK):
        return None
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        # By releases: what a template comes to depends on more than its own words.
        return _Compiled(str(folder), f"{__version__}-{jinja2.__version__}-%s.cache")
    return None
