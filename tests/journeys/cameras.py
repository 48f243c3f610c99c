"""What a camera sees: pictures of screens, and browsers whose camera sees a film of them."""

import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

from tests.journeys.screens import ARGUMENTS, LYING, PATIENCE, Watch, looks, program


def picture(of: Locator | Page) -> Image.Image:
    return Image.open(io.BytesIO(of.screenshot(animations="disabled"))).convert("L")


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
    """A browser whose camera sees a film, or nothing; one story after the other looks through it."""

    def __init__(self, playwright: Playwright, sees: Path | None) -> None:
        self.sees = sees
        film = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={sees}"] if sees else []
        self._browser: Browser = playwright.chromium.launch(executable_path=program(), args=[*ARGUMENTS, *film])
        self._context: BrowserContext | None = None

    @property
    def is_free(self) -> bool:
        return self._context is None

    def hold(self, watch: Watch, film: Path | None, *, allowed: bool) -> Page:
        """Before a film: it is read anew whenever the camera is opened."""
        if self.sees and film:
            shutil.copy(film, self.sees)
        granted = {"permissions": ["camera"]} if allowed else {}
        self._context = watch.over(self._browser.new_context(**looks(LYING, **granted)))
        self._context.set_default_timeout(PATIENCE)
        return self._context.new_page()

    def put_down(self) -> None:
        if self._context:
            self._context.close()
        self._context = None

    def close(self) -> None:
        self._browser.close()


class Cameras:
    """As many as stories hold at the same time; each is started once."""

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        self._playwright = playwright
        self._folder = folder
        self._all: list[Camera] = []

    def take(self, watch: Watch, film: Path | None = None, *, allowed: bool = True) -> tuple[Camera, Page]:
        for camera in self._all:
            if camera.is_free and bool(camera.sees) == bool(film):
                return camera, camera.hold(watch, film, allowed=allowed)
        sees = self._folder / f"{len(self._all)}.y4m" if film else None
        if sees and film:
            shutil.copy(film, sees)  # a browser that finds none has no camera
        self._all.append(Camera(self._playwright, sees))
        return self.take(watch, film, allowed=allowed)

    def close(self) -> None:
        for camera in self._all:
            camera.close()
