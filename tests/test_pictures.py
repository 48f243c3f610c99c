"""Photos: redrawn small and without a trace, or refused in a sentence. Never anything else, whatever the file holds."""

import io
import os
import random
import struct
import subprocess
import sys
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from kiosk import ROOT, pictures
from kiosk.errors import Problem
from kiosk.pictures import EVIDENCE, check, redrawn
from tests.photos import a_heic
from tests.proof import figure, share

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 60), (30, 60, 200)


def a_photo(kind: str = "JPEG", size: tuple[int, int] = (640, 480), mode: str = "RGB", **options) -> bytes:
    """A red left half, a green right one, blue along the top."""
    image = Image.new("RGB", size, GREEN)
    image.paste(RED, (0, 0, size[0] // 2, size[1]))
    image.paste(BLUE, (0, 0, size[0], size[1] // 4))
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **options)
    return out.getvalue()


def seen(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


def is_near(seen: tuple[int, ...], meant: tuple[int, ...], by: int = 40) -> bool:
    return all(abs(one - other) <= by for one, other in zip(seen, meant, strict=True))


def refusal(data: bytes) -> str:
    with pytest.raises(Problem) as refused:
        redrawn(data)
    assert refused.value.status in (413, 422)
    assert all(refused.value.sentence(language) for language in ("zh", "en"))
    return refused.value.code


def a_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def a_png(width: int, height: int, body: bytes = b"", depth: int = 8, colour: int = 2) -> bytes:
    """A PNG that says it is so large, whatever is in it."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + a_chunk(b"IHDR", head) + a_chunk(b"IDAT", zlib.compress(body)) + a_chunk(b"IEND", b"")


# --- what is taken -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"),
        ("PNG", "LA"), ("PNG", "I;16"), ("WEBP", "RGB"), ("WEBP", "RGBA"),
    ],
)  # fmt: skip
def test_a_photo_of_any_kind_of_colour_is_taken(kind: str, mode: str):
    photo = redrawn(a_photo(kind, mode=mode))
    image = seen(photo.jpeg)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (640, 480))
    assert (photo.width, photo.height) == (640, 480)
    if mode in ("RGB", "RGBA", "CMYK", "P"):
        assert is_near(image.getpixel((100, 400)), RED)
        assert is_near(image.getpixel((500, 400)), GREEN)
        assert is_near(image.getpixel((320, 40)), BLUE)


def test_sixteen_bits_of_grey_stay_the_grey_they_were():
    body = b"".join(b"\0" + b"\x20\x00" * 200 + b"\x80\x00" * 200 for _ in range(300))
    greys = seen(redrawn(a_png(400, 300, body, depth=16, colour=0)).jpeg).convert("L")
    assert abs(greys.getpixel((300, 150)) - 0x80) < 6
    assert abs(greys.getpixel((100, 150)) - 0x20) < 6


def test_sixteen_bits_a_colour_are_taken():
    body = b"".join(b"\0" + b"\xc8\x00\x1e\x00\x1e\x00" * 400 for _ in range(300))
    assert is_near(seen(redrawn(a_png(400, 300, body, depth=16)).jpeg).getpixel((9, 9)), RED)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_however_the_camera_was_held(orientation: int):
    upright = Image.open(io.BytesIO(a_photo("PNG")))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what the camera did to it
    held = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    held.save(out, "JPEG", exif=exif)
    image = seen(redrawn(out.getvalue()).jpeg)
    assert image.size == (640, 480)
    assert is_near(image.getpixel((100, 400)), RED)
    assert is_near(image.getpixel((500, 400)), GREEN)
    assert is_near(image.getpixel((320, 40)), BLUE)


def test_what_is_see_through_lies_on_white():
    image = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 200, 300))
    out = io.BytesIO()
    image.save(out, "PNG")
    on_white = seen(redrawn(out.getvalue()).jpeg)
    assert is_near(on_white.getpixel((300, 150)), (255, 255, 255))
    assert is_near(on_white.getpixel((100, 150)), RED)


def test_nothing_but_the_picture_is_left():
    exif = Image.Exif()
    exif[0x010F], exif[0x0132] = "Made-up Camera", "2027:03:15 09:30:00"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = a_photo(exif=exif, icc_profile=profile, comment=b"a comment of Zhang San", dpi=(300, 300))
    jpeg = redrawn(data + b"PK\x03\x04 a second file behind the first <script>alert(1)</script>").jpeg
    image = seen(jpeg)
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for trace in (b"Made-up", b"2027", b"Exif", b"ICC_PROFILE", b"Zhang", b"PK\x03", b"script"):
        assert trace not in jpeg
    assert jpeg.endswith(b"\xff\xd9")


def test_a_file_that_is_two_things_at_once_becomes_one():
    hidden = b"<script>alert(1)</script>%PDF-1.7"
    data = a_photo(comment=hidden) + hidden
    assert hidden not in redrawn(data).jpeg


def test_a_second_picture_of_a_phone_is_left_out():
    first, second = (Image.new("RGB", (400, 300), colour) for colour in (RED, GREEN))
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second])
    image = seen(redrawn(out.getvalue()).jpeg)
    assert (image.format, getattr(image, "n_frames", 1)) == ("JPEG", 1)
    assert is_near(image.getpixel((200, 150)), RED)


def test_exif_that_nobody_can_read_is_no_reason_to_refuse():
    broken = a_photo(exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40)
    assert redrawn(broken).width == 640


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (5000, 1001), (1601, 1600)])
def test_a_large_photo_becomes_a_small_one_of_the_same_shape(size: tuple[int, int]):
    photo = redrawn(a_photo(size=size))
    assert max(photo.width, photo.height) == pictures.SIDE
    assert photo.width / photo.height == pytest.approx(size[0] / size[1], rel=0.01)
    assert len(photo.jpeg) <= pictures.SIZE


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_even_noise_fits(kind: str):
    noise = Image.frombytes("RGB", (1600, 1600), random.Random(315).randbytes(1600 * 1600 * 3))
    out = io.BytesIO()
    noise.save(out, kind)
    photo = redrawn(out.getvalue())
    assert len(photo.jpeg) <= pictures.SIZE
    assert min(photo.width, photo.height) >= 600


# --- what is refused ----------------------------------------------------------------------------------

OTHERS = {
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0" + bytes(500),
    "GIF": a_photo("GIF", mode="P"),
    "TIFF": a_photo("TIFF"),
    "BMP": a_photo("BMP"),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "PDF": b"%PDF-1.7\n1 0 obj\n",
    "ZIP": b"PK\x03\x04" + bytes(300),
    "text": "照片".encode(),
    "a page before a photo": b"<html>" + a_photo(),
    "sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(300),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_jpeg_png_or_webp_is_refused_by_its_content(name: str):
    assert refusal(OTHERS[name]) == "photo.format"


def test_a_broken_heic_is_refused_and_without_the_library_any(monkeypatch):
    assert refusal(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500)) == "photo.broken"
    monkeypatch.setattr("kiosk.pictures.find_spec", lambda _name: None)
    assert refusal(a_heic()) == "photo.format"


def test_a_heic_photo_is_taken_upright():
    photo = redrawn(a_heic((800, 600)))
    assert (seen(photo.jpeg).format, photo.width, photo.height) == ("JPEG", 800, 600)


def test_evidence_may_be_long_and_stays_legible():
    long = a_photo("PNG", (720, 9_000))
    assert check(long, EVIDENCE) == "image/png"
    assert refusal(long) == "photo.small"
    photo = redrawn(long, EVIDENCE)
    assert photo.width >= 600
    assert photo.width * photo.height <= EVIDENCE.area * 1.01  # whole pixels
    assert len(photo.jpeg) <= EVIDENCE.size


@pytest.mark.parametrize("size", [(50, 50), (400, 300), (499, 120)])
def test_evidence_that_may_come_in_goes_out_however_small(size: tuple[int, int]):
    photo = redrawn(a_photo(size=size), EVIDENCE)
    assert (photo.width, photo.height) == size


def test_an_empty_file_is_refused():
    assert refusal(b"") == "photo.empty"


def test_a_file_of_two_hundred_megabytes_is_refused_unread():
    assert refusal(a_photo() + bytes(200 * 2**20)) == "photo.large"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_photo_that_was_cut_short_is_refused(kind: str, share: float):
    noise = Image.frombytes("RGB", (300, 300), random.Random(1).randbytes(270_000))
    out = io.BytesIO()
    noise.save(out, kind)
    whole = out.getvalue()
    assert refusal(whole[: int(len(whole) * share)]) in ("photo.broken", "photo.format")


@pytest.mark.parametrize("size", [(1, 1), (199, 400), (50_000, 1), (1, 50_000), (11_000, 2_000), (1001, 200)])
def test_a_photo_too_small_or_too_slim_is_refused(size: tuple[int, int]):
    assert refusal(a_png(*size)) == "photo.small"


@pytest.mark.parametrize("size", [(7_200, 7_000), (12_000, 11_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_more_pixels_than_anybody_needs_are_refused_by_the_head_alone(size: tuple[int, int]):
    assert refusal(a_png(*size)) == "photo.pixels"


def test_a_bomb_of_few_bytes_is_refused_before_it_goes_off():
    bomb = a_png(40_000, 20_000, bytes(40_000_000))
    assert len(bomb) < 100_000
    assert refusal(bomb) == "photo.pixels"


def test_a_jpeg_that_is_drawn_over_and_over_is_refused_before_it_is_drawn():
    out = io.BytesIO()
    Image.new("RGB", (2_000, 2_000), RED).save(out, "JPEG", progressive=True)
    jpeg = out.getvalue()
    scan = jpeg[jpeg.rfind(b"\xff\xda") : -2]
    assert refusal(jpeg[:-2] + scan * 100 + b"\xff\xd9") == "photo.broken"
    assert redrawn(jpeg).width == 1_600


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_moving_picture_is_refused(kind: str):
    frames = [Image.new("RGB", (400, 300), colour) for colour in (RED, GREEN, BLUE)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    assert refusal(out.getvalue()) == "photo.moving"


@settings(max_examples=60)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_bytes_that_were_changed_make_another_picture_or_a_refusal(kind: str, data: st.DataObject):
    photo = bytearray(a_photo(kind, (240, 210)))
    for _ in range(data.draw(st.integers(1, 12))):
        photo[data.draw(st.integers(0, len(photo) - 1))] = data.draw(st.integers(0, 255))
    try:
        redrawn(bytes(photo))
    except Problem as problem:
        assert problem.code.startswith("photo.")  # noqa: PT017


# --- how fast, in how much -------------------------------------------------------------------------------

CHILD = """
import sys, time
from kiosk import pictures
data = open(sys.argv[1], "rb").read()
began = time.process_time()
photo = pictures.redrawn(data)
seconds = time.process_time() - began
# Not getrusage: across exec the kernel keeps the peak of whoever started this.
[peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(seconds, peak, photo.width, len(photo.jpeg))
"""


def test_a_webp_may_have_fewer_pixels_for_its_decoder_holds_it_four_times():
    assert refusal(a_photo("WEBP", (4000, 3000), method=0)) == "photo.pixels"


def test_a_jpeg_that_grows_sharper_may_have_fewer_pixels_for_it_is_decoded_over_and_over():
    assert refusal(a_photo(size=(6_000, 5_000), progressive=True)) == "photo.pixels"
    assert redrawn(a_photo(size=(6_000, 5_000))).width == pictures.SIDE


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA")])
def test_twelve_megapixels_take_less_than_two_seconds_and_two_hundred_megabytes(tmp_path, kind: str, mode: str):
    """Something with grain in it, as a photo has."""
    grain = Image.frombytes("L", (500, 375), random.Random(2).randbytes(500 * 375)).resize((4000, 3000))
    photo = Image.blend(Image.linear_gradient("L").resize((4000, 3000)), grain, 0.4).convert(mode)
    file = tmp_path / "photo"
    photo.save(file, kind, compress_level=1)  # to pack it well would take longest of all
    told = subprocess.run(
        [sys.executable, "-c", CHILD, file], capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ}
    ).stdout.split()
    seconds, megabytes = float(told[0]), int(told[1]) / 1024
    figure(f"12 MP {kind} → JPEG of {int(told[3]) // 1024} KB", f"{seconds:.2f} s, {megabytes:.0f} MB")
    assert (int(told[2]), int(told[3]) <= pictures.SIZE) == (1600, True)
    assert seconds < share(2, 6)  # of CPU; `make test` runs beside itself, on whatever machine
    assert megabytes < 200
