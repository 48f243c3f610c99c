"""What a camera sees: pictures of screens, and browsers whose camera sees a film of them."""

import io
from collections.abc import Sequence
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Playwright

from tests.journeys.screens import ARGUMENTS, LYING, PATIENCE, Watch, looks, program


def picture(of: Locator | Page) -> Image.Image:
    return Image.open(io.BytesIO(of.screenshot())).convert("L")


def read(image: Image.Image) -> list[str]:
    """Every QR code in a picture, as any phone reads it: a camera has two pixels and more for one of ours."""
    twice = image.resize((image.width * 2, image.height * 2))
    return [code.text for code in zxingcpp.read_barcodes(twice)]


def film(image: Image.Image, file: Path, size: tuple[int, int] = (640, 480)) -> Path:
    """What a camera sees that is held before a picture: two seconds of it, on a grey table."""
    return films([image], file, frames=30, size=size)


def films(images: Sequence[Image.Image], file: Path, *, frames: int = 5, size: tuple[int, int] = (640, 480)) -> Path:
    """What a camera sees that is held before pictures which take turns, each for so many frames, over and over."""
    width, height = size
    grey = bytes([128]) * (width * height // 2)
    with file.open("wb") as out:
        out.write(b"YUV4MPEG2 W%d H%d F15:1 Ip A1:1 C420jpeg\n" % size)
        for image in images:
            frame, shown = Image.new("L", size, 150), image.copy()
            shown.thumbnail((height - 60, height - 60))
            frame.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
            out.write((b"FRAME\n" + frame.tobytes() + grey) * frames)
    return file


class Camera:
    """A browser whose camera sees a film, or nothing."""

    def __init__(self, playwright: Playwright, watch: Watch, film: Path | None = None, *, allowed: bool = True) -> None:
        seen = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"] if film else []
        self._browser: Browser = playwright.chromium.launch(executable_path=program(), args=[*ARGUMENTS, *seen])
        granted = {"permissions": ["camera"]} if allowed else {}
        self._context = self._browser.new_context(**looks(LYING, **granted))
        self._context.set_default_timeout(PATIENCE)
        self.page = watch.over(self._context).new_page()

    def close(self) -> None:
        self._browser.close()
