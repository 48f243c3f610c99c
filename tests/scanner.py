"""A phone's scanner held before a page that was never drawn: reads the QR codes out of its SVG."""

import re

import zxingcpp
from PIL import Image

_CODE = re.compile(r'viewBox="0 0 (\d+) \1"[^>]*role="img">.*?<path d="([^"]*)"', re.DOTALL)
_RUN = re.compile(r"M(\d+),(\d+)H(\d+)V\d+H\d+z")


def scanned(page: str) -> list[str]:
    """The texts of all QR codes on a page, in order."""
    return [text for size, path in _CODE.findall(page) for text in _read(int(size), path)]


def _read(size: int, path: str) -> list[str]:
    image = Image.new("L", (size, size), 255)
    for left, top, right in _RUN.findall(path):
        image.paste(0, (int(left), int(top), int(right), int(top) + 1))
    found = zxingcpp.read_barcodes(image.resize((size * 4, size * 4)), formats=zxingcpp.BarcodeFormat.QRCode)
    return [code.text for code in found]  # a line of one may look like a barcode
