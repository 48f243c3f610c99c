"""The client: kept-alive connections on raw sockets, one request in flight on each.

It is thin on purpose. A heavy client would weigh on both sides alike and draw every ratio towards 1.
"""

import re
import secrets
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

Request = Callable[[], bytes]
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE = 60


def get(path: str, cookie: str = "") -> Request:
    """A page, without compression, again and again."""
    request = page(path, cookie)
    return lambda: request


def tap(path: str, counter: str, cookie: str = "") -> Request:
    """A touch on a counter as htmx sends it; every one is a new fact with an id of its own."""
    blank = urlencode({"id": "0" * 32, "counter": counter, "n": "1"})
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
        f"HX-Request: true\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(blank)}\r\n\r\n"
    )
    before, after = (head + blank).encode().split(b"0" * 32)
    return lambda: before + secrets.token_hex(16).encode() + after


def page(path: str, cookie: str = "") -> bytes:
    """A page as a browser of ours asks for it."""
    cookies = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookies}\r\n".encode()


def form(path: str, values: Mapping[str, str], cookie: str = "") -> bytes:
    """A form as our own page sends it."""
    return post(path, urlencode(values).encode(), "application/x-www-form-urlencoded", cookie)


def post(path: str, body: bytes, kind: str, cookie: str = "") -> bytes:
    cookies = f"Cookie: {cookie}\r\n" if cookie else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n{cookies}"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def cookie_in(answer: "Answer", name: str) -> str:
    """A cookie that an answer sets, as it is sent back."""
    found = re.search(rf"^set-cookie: *({name}=[^;\r]+)".encode(), answer.head, re.IGNORECASE | re.MULTILINE)
    if found is None:
        raise ConnectionError(f"no cookie {name!r} in {answer.status} {answer.head!r}")
    return found[1].decode()


@dataclass
class Answer:
    status: int
    head: bytes
    body: bytes


class Connection:
    """One kept-alive connection."""

    def __init__(self, port: int):
        self._received = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, request: bytes) -> Answer:
        self.socket.sendall(request)
        while (answer := self.receive()) is None:
            pass
        return answer

    def receive(self) -> Answer | None:
        """What has arrived; the answer once it is whole."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError(f"the server closed the connection after {self._received[:200]!r}")
        self._received += part
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return None
        length = _LENGTH.search(head)
        if length is None:
            raise ConnectionError(f"no Content-Length in {head!r}")
        if len(body) < int(length[1]):
            return None
        self._received = b""
        return Answer(int(head[9:12]), head, body)


def ask(port: int, request: Request) -> Answer:
    with Connection(port) as connection:
        return connection.ask(request())


def repeat(port: int, request: Request, times: int) -> None:
    with Connection(port) as connection:
        for _ in range(times):
            accept(connection.ask(request()))


def rate(port: int, request: Request, clients: int, seconds: float) -> float:
    """Requests a second over some connections at once; every answer must be 200."""
    waiting = selectors.DefaultSelector()
    connections = [Connection(port) for _ in range(clients)]
    try:
        for connection in connections:
            accept(connection.ask(request()))  # the connection has its thread, the thread its database
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
        done, start = 0, time.perf_counter()
        for connection in connections:
            connection.socket.sendall(request())
        while (elapsed := time.perf_counter() - start) < seconds:
            for key, _ in waiting.select(_PATIENCE):
                answer = key.data.receive()
                if answer is not None:
                    accept(answer)
                    done += 1
                    key.data.socket.sendall(request())
        return done / elapsed
    finally:
        waiting.close()
        for connection in connections:
            connection.socket.close()


def latencies(port: int, request: Request, clients: int, seconds: float) -> list[float]:
    """Milliseconds of every answer over some connections at once."""
    waiting, sent, found = selectors.DefaultSelector(), {}, []
    connections = [Connection(port) for _ in range(clients)]
    try:
        for connection in connections:
            accept(connection.ask(request()))
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
        start = time.perf_counter()
        for connection in connections:
            sent[connection] = time.perf_counter()
            connection.socket.sendall(request())
        while time.perf_counter() - start < seconds:
            for key, _ in waiting.select(_PATIENCE):
                answer = key.data.receive()
                if answer is not None:
                    accept(answer)
                    found.append((time.perf_counter() - sent[key.data]) * 1000)
                    sent[key.data] = time.perf_counter()
                    key.data.socket.sendall(request())
        return found
    finally:
        waiting.close()
        for connection in connections:
            connection.socket.close()


def beside_idle(port: int, request: Request, sockets: int) -> float:
    """Milliseconds of one answer while some sockets are open that say nothing, as browsers keep them."""
    idle = [Connection(port) for _ in range(sockets)]
    try:
        with Connection(port) as connection:
            start = time.perf_counter()
            accept(connection.ask(request()))
            return (time.perf_counter() - start) * 1000
    finally:
        for one in idle:
            one.socket.close()


def accept(answer: Answer) -> None:
    """Raises `ConnectionError` for anything but 200."""
    if answer.status != 200:
        raise ConnectionError(f"{answer.status}: {answer.body[:400]!r}")


def first_ok(port: int, request: Request, is_running: Callable[[], bool]) -> None:
    """Wait until the server answers 200."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and is_running():
        try:
            if ask(port, request).status == 200:
                return
        except OSError:
            time.sleep(0.002)
    raise ConnectionError(f"nothing answers on port {port}")
