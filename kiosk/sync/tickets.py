"""An enrolment code with the address of its hub, as one text: in the QR code, in the file, in the field. Pure."""

import re

from kiosk.errors import ENROL_CODE, Problem
from kiosk.sync import protocol

PREFIX = "K315E:"
LIMIT = 4_000  # characters looked at; a file may say more around the one line that counts
#: The last "#" parts the two: an address may hold anything printable, the code is letters, digits and hyphens.
_TICKET = re.compile(r"K315E:(\S{1,500})#([0-9A-Za-z-]{39,60})(?!\S)")


def write(url: str, code: str) -> str:
    """`K315E:<address>#<code>`, the code without its hyphens: a smaller QR code is read from further away."""
    return f"{PREFIX}{url.rstrip('/')}#{code.replace('-', '')}"


def read(text: str) -> tuple[str, str]:
    """(address, code) from a text that holds a ticket. Raises `enrol.code`."""
    found = _TICKET.search(text[:LIMIT])
    if found is None:
        raise Problem(ENROL_CODE)
    protocol.read_code(found[2])
    return found[1], found[2]


def address(typed: str) -> str:
    """A hub's address as people type it: without a scheme it is HTTPS."""
    text = typed.strip().rstrip("/")
    return text if "://" in text or not text else f"https://{text}"


def file_of(url: str, code: str, words: str) -> str:
    """A small text file: the ticket on a line of its own, and below it words for whoever opens the file."""
    return f"{write(url, code)}\n\n{words}\n"
