"""Looking for a person's data in whole folders, in every writing it may have taken."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def writings(text: str) -> dict[str, bytes]:
    """Name of a writing → the bytes one finds when `text` was written so, alone or inside something longer."""
    plain = text.encode()
    found = {
        "utf-8": plain,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "gbk": text.encode("gbk"),
        "percent": quote(text).encode(),
        "percent, small": quote(text).lower().encode(),
        "percent, gbk": quote(text.encode("gbk")).encode(),
        "json": text.encode("ascii", "backslashreplace"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "entities": "".join(f"&#{ord(one)};" for one in text).encode(),
        "entities, hex": "".join(f"&#x{ord(one):x};" for one in text).encode(),
    }
    for shift in range(3):
        # Of the first and the last group some bits belong to the neighbours; what is between them is certain.
        coded = base64.b64encode(b"\0" * shift + plain)
        coded = coded[4 if shift else 0 : len(coded) - (4 if (shift + len(plain)) % 3 else 0)]
        found[f"base64 at {shift}"] = coded
        found[f"base64url at {shift}"] = coded.translate(_URL_SAFE)
    return found


def plant(folder: Path, text: str) -> Iterator[tuple[str, Path]]:
    """Write `text` into the folder in one writing after the other, amid other bytes; one goes before the next comes."""
    plain = text.encode()
    for name in writings(text):
        file = folder / "planted" / "deep.bin"
        file.parent.mkdir(exist_ok=True)
        if name.startswith("base64"):
            inner = base64.b64encode(b"x" * int(name[-1]) + plain + b"yz")
            inner = inner.translate(_URL_SAFE) if "url" in name else inner
        else:
            inner = writings(text)[name]
        file.write_bytes(b"\xff\x00before" + inner + b"after\x00\xff")
        yield name, file
        file.unlink()
        file.parent.rmdir()


def hits(places: Iterable[Path], texts: Iterable[str]) -> list[str]:
    """Every place where one of the texts stands, by file and writing."""
    needles = [(text, name, needle) for text in texts for name, needle in writings(text).items()]
    found = []
    for place in places:
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            if not file.is_file() or file.is_symlink():
                continue
            content = file.read_bytes()
            found += [f"{file}: {text} as {name}" for text, name, needle in needles if needle in content]
            found += [f"the name of {file}: {text}" for text in texts if text in file.name]
    return found
