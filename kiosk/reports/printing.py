"""An office file as PDF, through LibreOffice where it is installed.

Each conversion has a folder of its own for the profile and the files, so several never meet, and nothing stays behind.
Fonts that only offices have are shown in those of their kind that are free.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from kiosk.errors import PDF_FAILED, PDF_UNAVAILABLE, Problem

#: Long enough for a table of a thousand lines on a slow machine.
SECONDS = 120
#: Fonts of official papers → what draws them where they are missing, the best first.
_SERIF, _SANS = ("Noto Serif CJK SC", "Source Han Serif SC"), ("Noto Sans CJK SC", "Source Han Sans SC")
_INSTEAD = {
    "方正小标宋简体": _SERIF,
    "宋体": _SERIF,
    "仿宋_GB2312": ("仿宋", "FandolFang R", *_SERIF),
    "楷体_GB2312": ("楷体", "FandolKai", "AR PL UKai CN", *_SERIF),
    "黑体": _SANS,
    "Times New Roman": ("Liberation Serif", "Nimbus Roman", "TeX Gyre Termes", *_SERIF),
}


def is_available() -> bool:
    return shutil.which("soffice") is not None


def pdf(document: bytes, suffix: str = "docx", seconds: float = SECONDS) -> bytes:
    """The pages of a .docx or .xlsx. Raises `pdf.unavailable` without LibreOffice; `pdf.failed` where it gives up."""
    program = shutil.which("soffice")
    if program is None:
        raise Problem(PDF_UNAVAILABLE)
    with tempfile.TemporaryDirectory(prefix="kiosk-pdf-") as name:
        folder = Path(name)
        given, made = folder / f"document.{suffix}", folder / "document.pdf"
        given.write_bytes(document)
        (folder / "fonts.conf").write_text(_fonts())
        words = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore"]
        words += ["--nolockcheck", "--convert-to", "pdf", "--outdir", str(folder), str(given)]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": name,
            "LANG": "C.UTF-8",
            "FONTCONFIG_FILE": str(folder / "fonts.conf"),
        }
        _run(words, environment, seconds)
        if not made.is_file():
            raise Problem(PDF_FAILED)
        return made.read_bytes()


def _run(words: list[str], environment: dict[str, str], seconds: float) -> None:
    """LibreOffice starts another process: both end when the time is over."""
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            os.killpg(process.pid, signal.SIGKILL)
            raise Problem(PDF_FAILED) from late
    if process.returncode:
        raise Problem(PDF_FAILED)


def _fonts() -> str:
    """The system's own fonts first; behind each of the missing its stand-in."""
    aliases = "".join(
        f'<alias binding="same"><family>{family}</family><accept>{_families(others)}</accept></alias>'
        for family, others in _INSTEAD.items()
    )
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f'<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>{aliases}</fontconfig>'
    )


def _families(names: Iterable[str]) -> str:
    return "".join(f"<family>{name}</family>" for name in names)
