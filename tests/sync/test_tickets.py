"""One text for QR code, file and field: written and read back, and nothing else taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import Problem
from kiosk.sync import protocol, tickets

CODE = protocol.write_code("00112233445566778899aabbccddeeff", b"\x31\x50" * 16)
URL = "https://hub.example.org"

_tokens = st.binary(min_size=16, max_size=16).map(bytes.hex)
_prints = st.binary(min_size=32, max_size=32)
_urls = st.from_regex(r"https?://[a-z0-9.-]{1,60}(:[0-9]{1,5})?(/[a-z0-9#%=&?/-]{0,40})?", fullmatch=True)


@given(_urls, _tokens, _prints)
def test_what_is_written_is_read(url, token, fingerprint):
    code = protocol.write_code(token, fingerprint)
    address, read = tickets.read(tickets.write(url, code))
    assert address == url.rstrip("/")
    assert protocol.read_code(read) == protocol.read_code(code)


def test_a_ticket_is_short_enough_to_be_read_from_a_desk_away():
    assert len(tickets.write(URL, CODE)) <= 84  # what a QR code of version 5 holds at level M


@pytest.mark.parametrize("around", ["{}", "{}\n\n人民广场 · 投诉举报台\n", "  {}\r\n", "扫这个：\n{}\n谢谢"])
def test_a_file_may_say_more_around_it(around):
    assert tickets.read(around.format(tickets.write(URL, CODE)))[0] == URL


def test_a_file_of_ours_is_a_ticket_with_words():
    text = tickets.file_of(URL, CODE, "d05")
    assert tickets.read(text)[0] == URL
    assert "d05" in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        CODE,
        f"K315E:{URL}",
        f"K315E:#{CODE}",
        f"K315E:{URL}#",
        f"K315E:{URL}#{CODE[:-1]}",
        f"K315E:{URL}#{CODE}0",
        f"K315E:{URL} #{CODE}",
        f"K315E:{URL}#{'U' * 39}",
        f"K315E:{URL}#{'Z' * 39}",
        f"k315e:{URL}#{CODE}",
        " " * 5000 + f"K315E:{URL}#{CODE}",
        "K315E:" * 1000,
    ],
)
def test_what_is_no_ticket_is_refused(text):
    with pytest.raises(Problem, match=r"enrol\.code"):
        tickets.read(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        address, code = tickets.read(text)
    except Problem as problem:
        refused = problem.code
    else:
        refused = "enrol.code"
        assert tickets.read(tickets.write(address, code))[0] == address.rstrip("/")
    assert refused == "enrol.code"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hub.example.org", "https://hub.example.org"),
        (" https://hub.example.org/ ", "https://hub.example.org"),
        ("http://192.168.1.5:3151", "http://192.168.1.5:3151"),
        ("", ""),
    ],
)
def test_an_address_is_taken_as_people_type_it(typed, meant):
    assert tickets.address(typed) == meant
