"""A photo from anybody's camera → a small JPEG that holds nothing but the picture.

What comes in is believed only as far as it was decoded. What goes out is drawn anew: no place, no name of a camera, no
profile, no bytes behind the end. Pillow is imported when a photo comes, so that nothing else pays for it.
"""

import io
import threading
import warnings
from typing import TYPE_CHECKING

import msgspec

from kiosk.errors import (
    PHOTO_BROKEN,
    PHOTO_EMPTY,
    PHOTO_FORMAT,
    PHOTO_LARGE,
    PHOTO_MOVING,
    PHOTO_PIXELS,
    PHOTO_SMALL,
    Problem,
)

if TYPE_CHECKING:
    from PIL import Image

#: Bytes and pixels of what may come in.
FILE_LIMIT = 20 * 1024 * 1024
PIXELS = 50_000_000
PIXELS_OF = {"PNG": 24_000_000, "WEBP": 10_000_000}  # of these the whole picture is in memory, even several times
_SCANS = 60  # of a JPEG; a camera writes one, or ten that grow sharper. Each one more makes the decoder begin anew
SHORTEST = 200  # pixels of the shorter side
SLIMMEST = 5  # times as long as wide
#: Pixels of the longer side, and bytes, of what goes out.
SIDE = 1600
SIZE = 300 * 1024

_MAGIC = (b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF", "WEBP")
_SIDES, _QUALITIES = (SIDE, 1280, 1000, 800, 600), (85, 72, 60, 45)
_ORIENTATION = 0x0112  # the tag of EXIF
_ONE_AT_A_TIME = threading.Lock()  # the largest takes hundreds of megabytes


class Photo(msgspec.Struct, frozen=True):
    jpeg: bytes
    width: int
    height: int


def redrawn(data: bytes) -> Photo:
    """A JPEG, PNG or WebP photo upright, on white, as a JPEG of at most `SIDE` pixels a side and `SIZE` bytes.

    Raises `photo.empty`, `photo.large`, `photo.format`, `photo.pixels`, `photo.small`, `photo.moving`, `photo.broken`.
    """
    if not data:
        raise Problem(PHOTO_EMPTY)
    if len(data) > FILE_LIMIT:
        raise Problem(PHOTO_LARGE, limit=FILE_LIMIT // 2**20)
    kind = _format(data)
    if kind == "JPEG" and data.count(b"\xff\xda") > _SCANS:
        raise Problem(PHOTO_BROKEN)
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which are refused here, and of EXIF, which is dropped
        try:
            return _smallest(_decoded(data, kind))
        except Problem:
            raise
        except Exception as error:  # a decoder stumbles in many ways over what a file may hold
            raise Problem(PHOTO_BROKEN) from error


def _format(data: bytes) -> str:
    """By content; a name can say anything."""
    for magic, kind in _MAGIC:
        if data.startswith(magic) and (kind != "WEBP" or data[8:12] == b"WEBP"):
            return kind
    raise Problem(PHOTO_FORMAT)


def _decoded(data: bytes, kind: str) -> "Image.Image":
    """Upright, without transparency, at most `SIDE` pixels a side, with nothing of the file left in it."""
    from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401, PLC0415

    Image.MAX_IMAGE_PIXELS = PIXELS
    limit = PIXELS_OF.get(kind, PIXELS)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=(kind,))
    except Image.DecompressionBombError:
        raise Problem(PHOTO_PIXELS, limit=limit // 10**6) from None
    _refuse_by_its_head(image, kind, limit)
    turn = _turn(image)
    if image.mode not in ("RGB", "RGBA", "L", "CMYK"):  # a palette cannot be shrunk, 16 bits a grey are too many
        image = _in_eight_bits(image)
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=1.1)
    if turn is not None:
        image = image.transpose(turn)
    clean = Image.new("RGB", image.size, "white")
    see_through = image.convert("RGBA") if image.has_transparency_data else None
    clean.paste(see_through or image.convert("RGB"), mask=see_through)
    return clean


def _refuse_by_its_head(image: "Image.Image", kind: str, limit: int) -> None:
    """Nothing is decoded yet: this is what the file says of itself."""
    shorter, longer = sorted(image.size)
    if shorter * longer > limit:
        raise Problem(PHOTO_PIXELS, limit=limit // 10**6)
    if shorter < SHORTEST or longer > SLIMMEST * shorter:
        raise Problem(PHOTO_SMALL, shortest=SHORTEST, slimmest=SLIMMEST)
    # A phone's JPEG may hold a second picture, of which nobody sees anything: the first one is the photo.
    if kind != "JPEG" and getattr(image, "is_animated", False):
        raise Problem(PHOTO_MOVING)


def _turn(image: "Image.Image") -> "Image.Transpose | None":
    """How the camera was held; a photo whose EXIF nobody can read stays as it is."""
    from PIL.Image import Transpose  # noqa: PLC0415

    ways = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        return ways.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 (as in `redrawn`; here it is no reason to refuse)
        return None


def _in_eight_bits(image: "Image.Image") -> "Image.Image":
    if image.mode.startswith("I"):
        return image.point(lambda grey: grey * (1 / 256)).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _smallest(image: "Image.Image") -> Photo:
    """Large and good rather than small or coarse, as far as it fits."""
    for side in _SIDES:
        image.thumbnail((side, side))
        for quality in _QUALITIES:
            out = io.BytesIO()
            image.save(out, "JPEG", quality=quality)
            if out.tell() <= SIZE:
                return Photo(out.getvalue(), *image.size)
    raise Problem(PHOTO_BROKEN)  # noise of 600 pixels a side at the coarsest takes half of what there is
