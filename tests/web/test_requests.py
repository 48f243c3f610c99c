"""What browsers send is read quickly, and comes to what Werkzeug reads of it, whatever it is."""

import io
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import ClientDisconnected
from werkzeug.formparser import FormDataParser
from werkzeug.wsgi import LimitedStream

from kiosk.web.requests import FormParser
from tests.proof import share

FORM = "application/x-www-form-urlencoded"
#: Pieces of bodies, and what a reader of quoted mail would take for something else.
PIECES = (
    b"=", b"&", b"+", b"a", b"3D", b"%", b"%%", b"%4", b"%zz", b"%3D", b"%3d", b"%26", b"%25", b"%00", b"%0A",
    b"%0d%0a", b"\n", b"\r\n", b" ", b"  \n", b"_", b"=\n", b"=41", b".", b"%E4%BD%A0", b"%e4%bd", b"%ff",
    b"%ED%A0%80", b"\xff", "你".encode(), "𠮷".encode(),
)  # fmt: skip


def read_by(parser: FormDataParser, body: bytes) -> list[tuple[str, str]]:
    return list(parser.parse(io.BytesIO(body), FORM, len(body))[1].items(multi=True))


@settings(max_examples=share(2_000, 300))
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=20).map(b"".join))
def test_any_body_is_read_as_werkzeug_reads_it(body: bytes):
    assert read_by(FormParser(), body) == read_by(FormDataParser(), body)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_what_a_browser_wrote_is_read_back(told: dict[str, str]):
    assert dict(read_by(FormParser(), urlencode(told).encode())) == told


@pytest.mark.parametrize("body", [b"a=1&b=", b"a=%E4%BD", b"a=\xff"])
def test_a_body_that_was_cut_off_is_no_body(body: bytes):
    stream = LimitedStream(io.BytesIO(body), len(body) + 1)
    with pytest.raises(ClientDisconnected):
        FormParser().parse(stream, FORM, len(body) + 1)


def test_another_kind_of_body_is_no_form():
    assert not FormParser().parse(io.BytesIO(b"a=1"), "text/plain", 3)[1]
