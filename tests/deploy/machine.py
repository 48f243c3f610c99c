"""A machine as deploy/hub describes it: the hub under its own gunicorn settings, and its own nginx.conf before it."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from kiosk import ROOT
from tests.provision import nginx_path

HUB = ROOT / "deploy" / "hub"
_PATIENCE = 60  # seconds for a server to answer on a busy machine

#: What surrounds the file in sites-available; the numbers are those its first lines ask for.
_MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
worker_processes 1;
worker_rlimit_nofile 20000;
events {{ worker_connections 8192; }}
http {{
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    proxy_temp_path {folder}/proxy;
    include {folder}/kiosk-hub;
}}
"""


@dataclass(frozen=True)
class Machine:
    """Addresses of a hub that runs."""

    folder: Path
    port: int  # nginx, TLS
    bare: int  # gunicorn, behind it
    certificate: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def get(self, path: str, timeout: float = 20) -> tuple[int, bytes]:
        """Through nginx, on a connection of its own."""
        connection = HTTPSConnection("localhost", self.port, timeout=timeout, context=self.tls())
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def soon(self, holds: Callable[[], bool]) -> bool:
        """Whether it holds, at once or in a while: nginx writes its log, and clears up, after the answer is out."""
        deadline = time.monotonic() + _PATIENCE
        while not holds() and time.monotonic() < deadline:
            time.sleep(0.02)
        return holds()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gunicorn(data: Path, database: str = "", workers: int = 2, public_url: str = "", port: int = 0) -> Iterator[int]:
    """A hub under deploy/hub/gunicorn.conf.py; gives its port."""
    port = port or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KIOSK_", "DATABASE_"))}
    environment |= {
        "KIOSK_HUB_DATA": str(data),
        "KIOSK_HUB_PUBLIC_URL": public_url or f"http://127.0.0.1:{port}",
        "HUB_BIND": f"127.0.0.1:{port}",
        "HUB_WORKERS": str(workers),
        "DATABASE_URL": database,
    }
    words = [sys.executable, "-m", "gunicorn", "-c", str(HUB / "gunicorn.conf.py")]
    with _running(words, environment, data.parent / "gunicorn.log"):
        _wait(lambda: HTTPConnection("127.0.0.1", port, timeout=5), data.parent / "gunicorn.log")
        yield port


@contextmanager
def machine(data: Path, database: str = "", workers: int = 2) -> Iterator[Machine]:
    """The hub of a data folder behind nginx, over TLS."""
    folder = data.parent
    found = Machine(folder, free_port(), free_port(), _certificate(folder))
    (folder / "kiosk-hub").write_text(render(found))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user))
    words = [str(nginx_path()), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    with (
        gunicorn(data, database, workers, found.url, found.bare),
        _running(words, dict(os.environ), folder / "nginx.log"),
    ):
        _wait(lambda: HTTPSConnection("localhost", found.port, timeout=5, context=found.tls()), folder / "error.log")
        yield found


def render(found: Machine) -> str:
    """deploy/hub/nginx.conf with the ports and paths of a test. Every one of its own must be there to be replaced."""
    text = (HUB / "nginx.conf").read_text("utf-8")
    for old, new in {
        "    listen 80;\n    listen [::]:80;\n": f"    listen 127.0.0.1:{free_port()};\n",
        "    listen 443 ssl;\n    listen [::]:443 ssl;\n": f"    listen 127.0.0.1:{found.port} ssl;\n",
        "server_name hub.example.org;": "server_name localhost;",
        "/etc/ssl/kiosk/hub.pem": str(found.certificate),
        "/etc/ssl/kiosk/hub.key": str(found.certificate.with_suffix(".key")),
        "/var/log/nginx/kiosk-hub.log": str(found.folder / "access.log"),
        "client_body_temp_path      /run/kiosk-hub-bodies;": f"client_body_temp_path {found.folder}/bodies;",
        "http://127.0.0.1:3151;": f"http://127.0.0.1:{found.bare};",
    }.items():
        assert old in text, f"nginx.conf no longer says {old!r}"
        text = text.replace(old, new)
    return text


def _certificate(folder: Path) -> Path:
    """A certificate for localhost that signs itself."""
    file = folder / "hub.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    words += ["-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run(words, capture_output=True, check=True)
    return file


@contextmanager
def _running(words: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    assert shutil.which(words[0]), f"{words[0]} is not here"
    with log.open("ab") as file:
        process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=file, stderr=file, start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(connect, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        connection = connect()
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        if time.monotonic() > deadline:
            raise RuntimeError(f"no answer:\n{log.read_text('utf-8', 'replace')[-4000:]}")
        time.sleep(0.05)
