"""Text → QR code as SVG, or as lines for a terminal."""

import re
from collections.abc import Iterator

_BORDER = 4  # modules
_MASK = 0
_DARK = re.compile(b"\x01+")


def blocks(text: str) -> list[str]:
    """Draw text as lines of block elements, two rows a line, for light letters on a dark ground."""
    import qrcode  # noqa: PLC0415

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=4)
    code.add_data(text)
    rows = code.get_matrix()
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    return [
        "".join(" ▀▄█"[(not upper) + 2 * (not lower)] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]


def svg(text: str) -> str:
    """Draw text as one SVG path, error correction M, quiet zone 4: a phone reads it off a screen in the sun.

    The mask is always the same one: to try all eight takes most of the time, and readers do not care.
    """
    import qrcode  # noqa: PLC0415  (28 ms of import that a booth without a QR on screen need not pay)

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=_MASK)
    code.add_data(text)
    rows = code.get_matrix()
    size = len(rows) + 2 * _BORDER
    path = "".join(
        f"M{left},{top}H{right}V{top + 1}H{left}z"
        for top, row in enumerate(rows, _BORDER)
        for left, right in _runs(row)
    )
    return (
        f'<svg version="1.1" viewBox="0 0 {size} {size}" xmlns="http://www.w3.org/2000/svg" role="img">'
        f'<rect fill="white" x="0" y="0" width="100%" height="100%" /><path d="{path}" fill="#000000" /></svg>'
    )


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    """Where dark modules that lie side by side begin and end, with the quiet zone before them."""
    for run in _DARK.finditer(bytes(row)):
        yield run.start() + _BORDER, run.end() + _BORDER
