"""`kiosk hub keys` and `kiosk receipt verify`: a receipt checked on any machine, without a network."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import main
from tests.hub.phones import device_of, receipt
from tests.makers import Browser, Pair, fill_complaint
from tests.proof import share_hubs
from tests.scanner import scanned

pytestmark = share_hubs


@dataclass
class Desk:
    """Two receipts as scanners read them, and the file of keys."""

    pair: Pair
    keys: Path
    of_desk: str
    of_phone: str

    def verify(self, *words: str, told: str | None = None) -> Result:
        return CliRunner().invoke(main, ["receipt", "verify", *words, "--keys", str(self.keys)], input=told)

    @property
    def fingerprint(self) -> str:
        digits = self.pair.hub.fingerprint.hex()
        return "-".join(digits[at : at + 8] for at in range(0, 64, 8))


@pytest.fixture
def desk(paired: Pair, tmp_path) -> Desk:
    *_, page = fill_complaint(paired.at_the_desk())
    of_phone = receipt(Browser(paired.hub_app.test_client()), device_of(paired))
    file = tmp_path / "keys.txt"
    file.write_bytes(paired.hub_app.test_client().get("/m/keys/demo").data)
    return Desk(paired, file, scanned(page.text)[0], scanned(of_phone.text)[0])


def test_a_receipt_of_desk_and_phone_is_unchanged(desk):
    for text, signer in ((desk.of_desk, "tablet"), (desk.of_phone, "hub")):
        done = desk.verify(text)
        assert (done.exit_code, done.stderr) == (0, "")
        hub, _case, place, at, *_ = done.stdout.splitlines()
        assert (hub, place, at[:16]) == (f"fingerprint {desk.fingerprint}", "demo, d01", "2027-03-15 09:30")
        assert f"\n{signer} " in done.stdout
        assert done.stdout.endswith("没有改动 / unchanged\n")


def test_the_text_may_stand_in_a_file_or_come_in(desk, tmp_path):
    bare = desk.of_desk.partition("#")[2]
    file = tmp_path / "receipt.txt"
    file.write_text(f"{bare}\n")
    assert (
        desk.verify(str(file)).exit_code
        == desk.verify("-", told=bare).exit_code
        == desk.verify(told=bare).exit_code
        == 0
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), "case_receipt.changed"),
        (lambda text: text.replace(":CP:", ":RP:", 1).replace(":CW:", ":RW:", 1), "case_receipt.changed"),
        (lambda text: text.replace("K315R1:", "K315R1:0", 1), "case_receipt.changed"),
        (lambda text: text[:60], "case_receipt.changed"),
        (lambda text: text.replace("K315R1:", "K315R2:"), "case_receipt.unknown"),
    ],
)
def test_what_was_changed_is_one_line_with_a_code(desk, change, code):
    done = desk.verify(told=change(desk.of_desk.partition("#")[2]))
    assert (done.exit_code, done.stdout) == (1, f"fingerprint {desk.fingerprint}\n")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [code]


def test_the_fingerprint_can_be_pinned(desk):
    assert desk.verify(desk.of_desk, "--fingerprint", desk.fingerprint).exit_code == 0
    done = desk.verify(desk.of_desk, "--fingerprint", "0" * 64)
    assert (done.exit_code, done.stderr.partition(":")[0]) == (1, "keys.fingerprint")


def test_a_file_that_holds_no_keys_or_is_none_is_said_in_one_line(desk, tmp_path):
    desk.keys.write_bytes(desk.keys.read_bytes().replace(b"demo", b"dem0"))
    assert desk.verify(desk.of_desk).stderr.startswith("keys.malformed: ")
    desk.keys = tmp_path / "nowhere"
    assert desk.verify(desk.of_desk).stderr.startswith("file.unusable: ")
    desk.keys = tmp_path
    assert desk.verify(desk.of_desk).exit_code == 1


def test_a_receipt_that_is_no_file_and_no_text_is_said_in_one_line(desk):
    for told in ("nowhere.txt", "x" * 5_000, ""):
        done = desk.verify(told)
        assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1), done.output
    assert desk.verify(told="x" * 50_000).stderr.startswith("case_receipt.unknown")


def test_the_hub_writes_the_keys_it_publishes(desk, tmp_path):
    desk.pair.booth.close()
    where = ["--data", str(desk.pair.hub.config.data), "--fair", "demo"]
    if desk.pair.hub.config.database:
        where += ["--database", desk.pair.hub.config.database]
    out = tmp_path / "own.txt"
    for words in ([str(out)], []):
        done = CliRunner().invoke(main, ["hub", "keys", *words, *where])
        assert (done.exit_code, done.stderr) == (0, f"fingerprint {desk.fingerprint}\n")
    assert done.stdout.startswith("kiosk-keys/1 {")
    desk.keys = out
    assert desk.verify(desk.of_desk).exit_code == 0
