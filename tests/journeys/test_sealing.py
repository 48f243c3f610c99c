"""What a page seals is what the hub opens: the browser's own bytes against PyNaCl."""

import base64

import pytest

from kiosk.errors import Problem
from kiosk.sync import keys
from kiosk.sync.keys import PrivateKey
from tests.journeys.screens import PHONE

#: Around every step of the padding, a whole complaint, a photo.
SIZES = [*range(40), *range(240, 270), *range(500, 520), 1_000, 4_095, 4_096, 20_000, 32_768, 60 * 1024, 65_000, 65_535]
SIZES += [300_000, 3 * 1024 * 1024]

SEAL = """async ([key, size]) => {
  const { sealer } = await import("/static/js/sealing.js");
  const seal = await sealer();
  const sealed = seal(key, Uint8Array.from({ length: size }, (_, at) => at * 7 + size));
  let text = "";
  for (let at = 0; at < sealed.length; at += 32768) text += String.fromCharCode(...sealed.subarray(at, at + 32768));
  return btoa(text);
}"""

#: "" where the page can seal, else why not.
TRY = "() => import('/static/js/sealing.js').then((it) => it.sealer()).then(() => '', (no) => no.message)"


def content(size):
    return bytes((at * 7 + size) % 256 for at in range(size))


@pytest.fixture
def phone(fair, screens):
    """A page of the tablet's, as a phone has it: plain HTTP, the house's policy."""
    screens.watch.hosts.add(fair.phone_url.partition("//")[2])
    screens.watch.allow("Cross-Origin-Opener-Policy header has been ignored")
    page = screens.open(PHONE)
    page.goto(f"{fair.phone_url}/m/")
    assert page.evaluate("() => [isSecureContext, typeof crypto.subtle]") == [False, "undefined"]
    return page


def seal(page, key, size):
    return base64.b64decode(page.evaluate(SEAL, [bytes(key.public_key).hex(), size]))


def test_what_the_page_seals_opens_at_the_hub_byte_for_byte(phone):
    key = PrivateKey.generate()
    assert len(SIZES) == len(set(SIZES)) >= 100
    for size in SIZES:
        sealed = seal(phone, key, size)
        assert keys.unseal(key, sealed) == content(size), size
        assert len(sealed) == len(keys.seal(key.public_key, content(size))), size


def test_no_two_seals_are_alike_in_any_part(phone):
    key = PrivateKey.generate()
    one, other = seal(phone, key, 1000), seal(phone, key, 1000)
    start = len(b"kiosk-sealed/1\n")
    assert one[:start] == other[:start]
    for begin, end in ((start, start + 32), (start + 32, start + 80), (start + 80, start + 104), (start + 104, None)):
        assert one[begin:end] != other[begin:end]


def test_another_key_does_not_open_it(phone):
    with pytest.raises(Problem, match=r"seal\.broken"):
        keys.unseal(PrivateKey.generate(), seal(phone, PrivateKey.generate(), 100))


@pytest.mark.parametrize("missing", ["**/nacl-fast.min.js", "**/noble-hashes/utils.js"])
def test_a_page_without_the_library_cannot_seal_and_knows_it(phone, screens, missing):
    screens.watch.allow("ERR_FAILED|net::ERR")
    phone.route(missing, lambda route: route.abort())
    phone.reload()
    said = phone.evaluate(
        "() => import('/static/js/sealing.js').then((it) => it.sealer()).then(() => '', (no) => no.name)"
    )
    assert said


def test_a_browser_without_random_numbers_cannot_seal_and_knows_it(phone):
    phone.add_init_script("delete Crypto.prototype.getRandomValues")
    phone.reload()
    said = phone.evaluate(
        "() => import('/static/js/sealing.js').then((it) => it.sealer()).then(() => '', (no) => no.message)"
    )
    assert said == "no PRNG"
