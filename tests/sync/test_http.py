"""The road over HTTP, with a real socket at the other end."""

import gzip
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from kiosk.errors import Problem
from kiosk.sync.http import HttpTransport


class Server(HTTPServer):
    """Answers every request with the same bytes, and remembers what it was asked."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        self.wfile.write(self.server.answer)
        self.close_connection = True

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 (names of the base class)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(answer: bytes) -> Iterator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_an_answer_comes_back_whole():
    with serving(b"HTTP/1.1 201 Created\r\nETag: x\r\nContent-Length: 2\r\n\r\nok") as server:
        answer = HttpTransport(server.url + "/")("PUT", "/a", b"body", {"X-Kiosk-Protocol": "1"})
    assert (answer.status, answer.headers["ETag"], answer.body) == (201, "x", b"ok")
    [(method, path, headers, body)] = server.asked
    assert (method, path, headers["X-Kiosk-Protocol"], body) == ("PUT", "/a", "1", b"body")


def test_a_refusal_is_an_answer_too():
    with serving(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}") as server:
        answer = HttpTransport(server.url)("GET", "/a", b"", {})
    assert (answer.status, answer.body) == (403, b"{}")


@pytest.mark.parametrize(("path", "is_compressed"), [("/sync/v1/bundles", True), ("/relay/v1/bundles", False)])
def test_bundles_travel_compressed_to_a_hub(path: str, is_compressed: bool):
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server:
        HttpTransport(server.url)("POST", path, b"a" * 2000, {})
    [(_, _, headers, body)] = server.asked
    assert (headers.get("Content-Encoding") == "gzip") == is_compressed
    assert (gzip.decompress(body) if is_compressed else body) == b"a" * 2000


def test_what_would_grow_travels_as_it_is():
    """Sealed content does not shrink; a full bundle would go over the hub's limit on the way."""
    sealed = random.Random(315).randbytes(5000)
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server:
        HttpTransport(server.url)("POST", "/sync/v1/bundles", sealed, {})
    [(_, _, headers, body)] = server.asked
    assert ("Content-Encoding" in headers, body) == (False, sealed)


def test_a_redirect_is_not_followed():
    with (
        serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as elsewhere,
        serving(f"HTTP/1.1 307 Go\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()) as server,
    ):
        assert HttpTransport(server.url)("GET", "/a", b"", {}).status == 307
    assert elsewhere.asked == []


def test_no_proxy_of_the_environment_comes_between(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server:
        assert HttpTransport(server.url)("GET", "/a", b"", {}).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["nothing", "another protocol", "cut in the first line", "cut in a chunk"],
)
def test_a_broken_answer_means_the_hub_cannot_be_reached(answer: bytes):
    with serving(answer) as server, pytest.raises(Problem) as caught:
        HttpTransport(server.url)("GET", "/a", b"", {})
    assert caught.value.code == "sync.unreachable"


def test_nobody_there_means_the_hub_cannot_be_reached():
    with serving(b"") as server:
        pass
    with pytest.raises(Problem) as caught:
        HttpTransport(server.url)("GET", "/a", b"", {})
    assert caught.value.code == "sync.unreachable"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1", "127.0.0.1:3151", ""])
def test_only_http_is_a_road(url: str):
    with pytest.raises(Problem) as caught:
        HttpTransport(url)
    assert caught.value.code == "sync.unreachable"
