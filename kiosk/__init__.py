"""Kiosk 315: booths that keep counting offline, and the hub that can defend every number."""

from pathlib import Path

__version__ = "0.1.0"

PACKAGE = Path(__file__).resolve().parent
#: Where `templates/` and `static/` stand: inside the package in a wheel, beside it in a checkout.
ROOT = PACKAGE if (PACKAGE / "templates").is_dir() else PACKAGE.parent
