"""QR codes as pages show them: whatever is in them, phones read it."""

import random
import re

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from kiosk.qr import svg
from tests.proof import share
from tests.scanner import scanned

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RUN = re.compile(r"M(\d+),(\d+)H(\d+)V(\d+)H\1z")


def texts(count: int) -> list[str]:
    """Of every kind and length that pages show, and what draws the same signs over and over."""
    dice = random.Random(315)

    def some(length: int, letters: str = _LETTERS) -> str:
        return "".join(dice.choices(letters, k=length))

    kinds = (
        lambda: f"http://192.168.31.5:3150/m/take/{some(22)}",
        lambda: f"https://315.example.cn/m/complaint/{some(32).lower()}/t/{some(90)}?w=settle",
        lambda: f"https://315.example.cn/m/receipt#K315R1:{some(260)}",
        lambda: f"K315V1:{some(dice.randrange(1, 400))}",
        lambda: some(1) * dice.randrange(1, 200),
        lambda: "张小花" * dice.randrange(1, 40),
    )
    return [kinds[number % len(kinds)]() for number in range(count)]


def drawn(markup: str, pixels: int) -> Image.Image:
    size = int(re.search(r'viewBox="0 0 (\d+) ', markup)[1])
    image = Image.new("L", (size * pixels, size * pixels), 255)
    for runs in _RUN.findall(markup):
        image.paste(0, tuple(pixels * int(at) for at in runs))
    return image


def shots(markup: str, seed: int) -> list[Image.Image]:
    """As it stands on a screen, at 3.4 pixels a module, and held askew before a bad camera."""
    dice, sharp, large = random.Random(seed), drawn(markup, 3), drawn(markup, 8)
    small = large.resize((int(large.width * 3.4 / 8),) * 2, Image.Resampling.BILINEAR)
    askew = large.rotate(dice.uniform(-5, 5), Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    askew = askew.resize((askew.width // 2, askew.height // 2), Image.Resampling.BILINEAR)
    askew = askew.filter(ImageFilter.GaussianBlur(0.5))
    noise = Image.frombytes("L", askew.size, dice.randbytes(askew.width * askew.height))
    return [sharp, small, Image.blend(askew, noise, 0.06)]


def test_every_code_is_read_though_its_mask_is_not_chosen():
    for seed, text in enumerate(texts(share(600, 40))):
        markup = svg(text)
        assert scanned(markup) == [text]
        for shot in shots(markup, seed):
            assert [code.text for code in zxingcpp.read_barcodes(shot)] == [text], text


@pytest.mark.parametrize("text", ["<script>", "'\"&", "\n"])
def test_nothing_of_a_text_stands_in_its_picture(text):
    assert re.fullmatch(r'<svg [\w="./: ]+><rect [\w="% ]+/><path d="[\dMHVz,]+" fill="#000000" /></svg>', svg(text))
