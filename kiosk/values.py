"""The small typed values everything is made of, as msgspec checks them at every edge."""

import hashlib
import ipaddress
import re
from typing import Annotated

import msgspec

#: 128 random bits in hex: facts, journals, devices, hubs.
Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
#: A name a person may see in an address: desks, counters, questions.
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
#: A place in a journal, from 1.
Seq = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
#: A moment in Beijing time, as `clock.stamp` writes it. Whoever reckons with it sees that its day is in the calendar.
Moment = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+08:00\Z")
]
#: A calendar day; the same goes for it.
Date = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
#: A SHA-256 or a public key in hex.
Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


_ID = re.compile("[0-9a-f]{32}")


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def derived_id(label: bytes, name: str) -> str:
    """An id that follows from another: whoever derives it gets the same one, so what has it is there once."""
    return hashlib.sha256(label + b"\0" + bytes.fromhex(name)).hexdigest()[:32]


def ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, of IPv4 also where it is written as one of IPv6; None for what is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def network(address: str) -> str:
    """What counts as one address: of IPv6 a phone has as many as it likes. Empty for what is none."""
    found = ip_address(address)
    if found is None:
        return ""
    return f"{int(found) >> 64:x}::/64" if found.version == 6 else str(found)


def learn_structs(kind: type[msgspec.Struct] = msgspec.Struct) -> None:
    """Before there are threads: let msgspec look at every struct of ours that is loaded.

    It looks at one when it first reads it, and two threads that do so at the same time crash the process (0.22.0).
    """
    for one in kind.__subclasses__():
        if one.__module__.startswith("kiosk."):
            msgspec.json.Decoder(one)
        learn_structs(one)
