"""Photos for tests: of nobody and nothing, with what a camera leaves in a file."""

import io
import random

from PIL import Image

#: What must be found nowhere but in the sealed original: in its EXIF, and written large into its pixels.
EXIF_MARK = "KIOSK315-MADE-UP-CAMERA"
_RED, _GREEN = (200, 30, 30), (30, 160, 60)


def a_photo(kind: str = "JPEG", size: tuple[int, int] = (640, 480), seed: int = 0, **options) -> bytes:
    """Red left, green right, and a corner of its own for every seed."""
    image = Image.new("RGB", size, _GREEN)
    image.paste(_RED, (0, 0, size[0] // 2, size[1]))
    colour = random.Random(seed).randbytes(3)
    image.paste(tuple(colour), (0, 0, size[0] // 4, size[1] // 4))
    exif = Image.Exif()
    exif[0x010F] = EXIF_MARK
    out = io.BytesIO()
    image.save(out, kind, **({"exif": exif} if kind in ("JPEG", "WEBP", "HEIF") else {}), **options)
    return out.getvalue()


def a_heic(size: tuple[int, int] = (640, 480), seed: int = 0) -> bytes:
    """As an iPhone takes it."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    return a_photo("HEIF", size, seed)


def a_large_photo(size: int, seed: int = 0) -> bytes:
    """A JPEG of about so many bytes, as a camera's is: noise does not get smaller."""
    dice = random.Random(seed)
    image = Image.frombytes("L", (1600, 1200), dice.randbytes(1600 * 1200)).convert("RGB")
    for quality in range(95, 5, -3):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        if out.tell() <= size:
            return out.getvalue()
    raise AssertionError("cannot be that small")
