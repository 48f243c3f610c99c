"""Looking for what must not be there, the way somebody with a stolen disk would."""

import base64
import urllib.parse

from sqlalchemy import select

from kiosk.hub.context import Hub
from kiosk.hub.tables import metadata


def stored(hub: Hub) -> bytes:
    """Everything a hub keeps: its folder byte by byte, and every cell of its database."""
    parts = [file.read_bytes() for file in sorted(hub.config.data.rglob("*")) if file.is_file()]
    with hub.store.reading() as tx:
        for table in metadata.sorted_tables:
            for row in tx.execute(select(table)):
                parts += [bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in row]
    return b"\n".join(parts)


def spellings(needle: str | bytes) -> dict[str, bytes]:
    """What a secret may look like once somebody encoded it."""
    raw = needle.encode() if isinstance(needle, str) else needle
    found = {"raw": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    for shift in range(3):  # base64 depends on where in the text it begins
        middle = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]
        found[f"base64+{shift}"] = middle
        found[f"base64url+{shift}"] = middle.replace(b"+", b"-").replace(b"/", b"_")
    if isinstance(needle, str):
        found |= {
            "UTF-16": needle.encode("utf-16-le"),
            "UTF-16BE": needle.encode("utf-16-be"),
            "GBK": needle.encode("gbk"),
            "percent": urllib.parse.quote(needle).encode(),
            "escaped": needle.encode("unicode_escape"),
        }
    return {name: text for name, text in found.items() if name == "raw" or text != raw}


def find(haystack: bytes, needle: str | bytes) -> list[str]:
    """The spellings in which a secret stands there."""
    return [name for name, text in spellings(needle).items() if text in haystack]
