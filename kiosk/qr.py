"""Text → QR code as SVG, or as lines for a terminal."""

import io


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

    The width and height attributes are dropped, so that the style sheet decides the size.
    """
    import qrcode  # noqa: PLC0415  (28 ms of import that a booth without a QR on screen need not pay)
    from qrcode.image.svg import SvgPathFillImage  # noqa: PLC0415

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    image = code.make_image(image_factory=SvgPathFillImage)
    out = io.BytesIO()
    image.save(out)
    markup = out.getvalue().decode()
    start = markup.index("<svg")
    head, body = markup[start:].split(">", 1)
    keep = [part for part in head.split(" ") if not part.startswith(("width=", "height="))]
    return " ".join(keep) + ' role="img">' + body
