"""A photo from anybody's camera → a small JPEG that holds nothing but the picture.

What comes in is believed only as far as it was decoded. What goes out is drawn anew: no place, no name of a camera, no
profile, no bytes behind the end. Pillow is imported when a photo comes, so that nothing else pays for it.

HEIC, which iPhones take, needs a library that a hub has and a tablet has not: there it is no photo.
"""

import io
import threading
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from math import sqrt
from typing import TYPE_CHECKING, TypeVar

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

_Result = TypeVar("_Result")
#: Bytes and pixels of what may come in.
FILE_LIMIT = 20 * 1024 * 1024
PIXELS = 50_000_000
#: Of these the whole picture is in memory, even several times.
PIXELS_OF = {"PNG": 24_000_000, "WEBP": 10_000_000, "HEIF": 50_000_000, "progressive": 24_000_000}
_SCANS = 60  # of a JPEG; a camera writes one, or ten that grow sharper. Each one more makes the decoder begin anew
SHORTEST = 200  # pixels of the shorter side
SLIMMEST = 5  # times as long as wide
#: Pixels of the longer side, and bytes, of what goes out.
SIDE = 1600
SIZE = 300 * 1024

_MAGIC = (b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF", "WEBP")
#: How the first box of a HEIC file, from its fifth byte on, is called; "mif1" is what some phones write instead.
_HEIC = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"heim", b"heis", b"mif1"))
#: The type of what a format holds.
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}
_SIDES, _QUALITIES = (SIDE, 1280, 1000, 800, 600), (85, 72, 60, 45)
_ORIENTATION = 0x0112  # the tag of EXIF
_ONE_AT_A_TIME = threading.Lock()  # the largest takes hundreds of megabytes


class Photo(msgspec.Struct, frozen=True):
    jpeg: bytes
    width: int
    height: int


class Shape(msgspec.Struct, frozen=True):
    """What a photo is for, in pixels and bytes: what may come in, and what goes out."""

    file_limit: int
    shortest: int  # side that comes in
    slimmest: int  # times as long as wide
    sides: tuple[int, ...]  # longer side of what goes out, each tried while it is too many bytes
    area: int  # pixels of what goes out, to within a row
    size: int  # bytes of what goes out


EXHIBIT = Shape(FILE_LIMIT, SHORTEST, SLIMMEST, _SIDES, SIDE * SIDE, SIZE)
#: Small print has to stay legible, and a picture of a long talk on a phone is many times as long as wide.
EVIDENCE = Shape(7 * 2**20, 50, 60, (12_000, 8_000, 4_000, 2_000, 1_000), 6_000_000, 2 * 2**20)
_GLANCE = 200  # pixels: enough to know that it can be decoded to its end


def check(data: bytes, shape: Shape) -> str:
    """Whether it is a photo, decoded to its end. Returns its type, `image/jpeg` and so on; raises as `redrawn`."""
    kind = _admitted(data, shape)
    _decode(data, kind, shape, lambda image: image, (_GLANCE, _GLANCE))
    return TYPES[kind]


def redrawn(data: bytes, shape: Shape = EXHIBIT) -> Photo:
    """A JPEG, PNG, WebP or HEIC photo upright, on white, as a JPEG that is no larger than its shape allows.

    Raises `photo.empty`, `photo.large`, `photo.format`, `photo.pixels`, `photo.small`, `photo.moving`, `photo.broken`.
    """
    kind = _admitted(data, shape)
    return _decode(data, kind, shape, lambda image: _smallest(image, shape), None)


def _admitted(data: bytes, shape: Shape) -> str:
    """The format of what may be decoded."""
    if not data:
        raise Problem(PHOTO_EMPTY)
    if len(data) > shape.file_limit:
        raise Problem(PHOTO_LARGE, limit=shape.file_limit // 2**20)
    kind = _format(data)
    if kind == "JPEG" and data.count(b"\xff\xda") > _SCANS:
        raise Problem(PHOTO_BROKEN)
    return kind


def _decode(
    data: bytes, kind: str, shape: Shape, use: "Callable[[Image.Image], _Result]", most: tuple[int, int] | None
) -> "_Result":
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which are refused here, and of EXIF, which is dropped
        try:
            return use(_decoded(data, kind, shape, most))
        except Problem:
            raise
        except Exception as error:  # a decoder stumbles in many ways over what a file may hold
            raise Problem(PHOTO_BROKEN) from error


def _format(data: bytes) -> str:
    """By content; a name can say anything."""
    for magic, kind in _MAGIC:
        if data.startswith(magic) and (kind != "WEBP" or data[8:12] == b"WEBP"):
            return kind
    if data[4:12] in _HEIC and find_spec("pillow_heif") is not None:
        return "HEIF"
    raise Problem(PHOTO_FORMAT)


def _decoded(data: bytes, kind: str, shape: Shape, most: tuple[int, int] | None) -> "Image.Image":
    """Upright, without transparency, as large as goes out or as `most`, with nothing of the file left in it."""
    from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401, PLC0415

    if kind == "HEIF":
        import pillow_heif  # noqa: PLC0415

        pillow_heif.register_heif_opener(thumbnails=False)
    Image.MAX_IMAGE_PIXELS = PIXELS
    limit = PIXELS_OF.get(kind, PIXELS)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=(kind,))
    except Image.DecompressionBombError:
        raise Problem(PHOTO_PIXELS, limit=limit // 10**6) from None
    if image.info.get("progressive"):  # a JPEG that grows sharper is decoded as often
        limit = PIXELS_OF["progressive"]
    _refuse_by_its_head(image, kind, limit, shape)
    turn = _turn(image)
    if image.mode not in ("RGB", "RGBA", "L", "CMYK"):  # a palette cannot be shrunk, 16 bits a grey are too many
        image = _in_eight_bits(image)
    image.thumbnail(most or _largest(image.size, shape), Image.Resampling.LANCZOS, reducing_gap=1.1)
    if turn is not None:
        image = image.transpose(turn)
    clean = Image.new("RGB", image.size, "white")
    see_through = image.convert("RGBA") if image.has_transparency_data else None
    clean.paste(see_through or image.convert("RGB"), mask=see_through)
    return clean


def _largest(size: tuple[int, int], shape: Shape) -> tuple[int, int]:
    """What a picture has to fit in to be within the side and the area."""
    longer = max(size)
    side = min(shape.sides[0], int(longer * sqrt(shape.area / (size[0] * size[1]))))
    return side, side


def _refuse_by_its_head(image: "Image.Image", kind: str, limit: int, shape: Shape) -> None:
    """Nothing is decoded yet: this is what the file says of itself."""
    shorter, longer = sorted(image.size)
    if shorter * longer > limit:
        raise Problem(PHOTO_PIXELS, limit=limit // 10**6)
    if shorter < shape.shortest or longer > shape.slimmest * shorter:
        raise Problem(PHOTO_SMALL, shortest=shape.shortest, slimmest=shape.slimmest)
    # A phone's JPEG or HEIC may hold a second picture, of which nobody sees anything: the first one is the photo.
    if kind not in ("JPEG", "HEIF") and getattr(image, "is_animated", False):
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


def _smallest(image: "Image.Image", shape: Shape) -> Photo:
    """Large and good rather than small or coarse, as far as it fits."""
    sides = [side for side in shape.sides if side <= 2 * max(image.size)]
    for side in sides or shape.sides[-1:]:  # a small photo goes out as large as it came
        image.thumbnail((side, side))
        for quality in _QUALITIES:
            out = io.BytesIO()
            image.save(out, "JPEG", quality=quality)
            if out.tell() <= shape.size:
                return Photo(out.getvalue(), *image.size)
    raise Problem(PHOTO_BROKEN)  # noise of 600 pixels a side at the coarsest takes half of what there is
