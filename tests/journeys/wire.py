"""A wire between a phone and the tablet that writes every byte down, both ways: what anybody in the square can hear."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.journeys import leaks


class Wire:
    """A proxy for a browser's plain HTTP to one server."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.up: list[bytes] = []  # from the phone
        self.down: list[bytes] = []
        self._ends: list[socket.socket] = []

    @property
    def server(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def hits(self, texts: list[str]) -> list[str]:
        """Where one of the texts was heard, in any writing."""
        heard = {"up": b"".join(self.up), "down": b"".join(self.down)}
        return [
            f"{way}: {text} as {name}"
            for text in texts
            for name, needle in leaks.writings(text).items()
            for way, content in heard.items()
            if needle in content or needle.lower() in content.lower()
        ]

    def run(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._socket.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [near, far]
                threading.Thread(target=_pass_on, args=(near, far, self.up), daemon=True).start()
                threading.Thread(target=_pass_on, args=(far, near, self.down), daemon=True).start()

    def close(self) -> None:
        for one in (self._socket, *self._ends):
            with suppress(OSError):  # the other end was quicker
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _pass_on(one: socket.socket, other: socket.socket, heard: list[bytes]) -> None:
    with suppress(OSError):
        while part := one.recv(65536):
            heard.append(part)
            other.sendall(part)
        other.shutdown(socket.SHUT_WR)


@contextmanager
def tapped(port: int) -> Iterator[Wire]:
    wire = Wire(port)
    threading.Thread(target=wire.run, daemon=True).start()
    try:
        yield wire
    finally:
        wire.close()
