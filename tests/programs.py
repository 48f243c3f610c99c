"""Programs of ours as processes of their own, each forked off one that has imported already what it runs.

A Python of its own spends most of a second on imports before it does anything, and the stories of the fair start
servers and commands by the hundred. What is forked is new in all else: arguments, environment, session, files.
"""

import atexit
import importlib
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import CompletedProcess
from typing import IO

from kiosk import ROOT

_IMPORTED = ["kiosk.cli", "kiosk.booth.app", "kiosk.hub.app", "kiosk.sync.http", "kiosk.worker", "gunicorn.app.base"]

_parent = multiprocessing.get_context("forkserver")
_parent.set_forkserver_preload([__name__, *_IMPORTED])


def start(module: str, words: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> ForkServerProcess:
    """`python -m module words` with that environment alone; what it says is added to the files."""
    process = _parent.Process(target=_become, args=(module, [*words], dict(environment), out, err), daemon=True)
    process.start()
    return process


def run(module: str, words: Sequence[str], environment: Mapping[str, str], seconds: float) -> CompletedProcess[str]:
    """As `start`, until it has ended."""
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        process = start(module, words, environment, Path(out.name), Path(err.name))
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{module} {' '.join(words)} took more than {seconds} s: {_said(err)}")
        return CompletedProcess([module, *words], process.exitcode, _said(out), _said(err))


def _said(file: IO[bytes]) -> str:
    return file.read().decode()


def _become(module: str, words: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    os.setsid()
    os.chdir(ROOT)
    for file, number in ((out, 1), (err, 2)):
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *words]
    try:
        importlib.import_module(module).main()
    finally:
        atexit._run_exitfuncs()  # a child of multiprocessing leaves them out
