"""The floor: the least a Flask program can do that looks like a booth from outside.

It imports what a booth imports, runs on the same server, and does nothing else: one durable INSERT for a tap,
one Jinja page of 10 KB. Started as a program of its own (`python -m tests.bench.floors DATA PORT`), so that its
start and its memory can be measured too.
"""

import gzip
import json
import sqlite3
import sys
import threading
from pathlib import Path

import flask_babel
import htmx_flask
import msgspec
import nacl.pwhash
import nacl.signing
import qrcode
import sqlite_utils
from flask import Flask, Response, render_template, request
from gunicorn.app.base import BaseApplication
from jinja2 import DictLoader

#: A booth's, for its codes and PINs.
HASHING = (2, 19 * 1024 * 1024)
HTMX = Path(__file__).parents[2] / "static" / "vendor" / "htmx.min.js"
#: A booth has these in memory, so the floor has them too.
LIBRARIES = (flask_babel, htmx_flask, msgspec, nacl.pwhash, nacl.signing, qrcode, sqlite_utils)

PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<link rel="icon" href="data:,">
<style>
:root { --red: #b5121b; --ink: #1f1a17; --paper: #fbf7f0; }
* { box-sizing: border-box; }
body { margin: 0; font: 20px/1.5 sans-serif; color: var(--ink); background: var(--paper); }
h1 { margin: 0; padding: 24px; color: white; background: var(--red); font-size: 40px; }
main { display: grid; grid-template-columns: repeat(4, 1fr); gap: 16px; padding: 24px; }
section { padding: 16px; border: 2px solid var(--red); border-radius: 12px; background: white; }
h2 { margin: 0; font-size: 22px; }
strong { font-size: 36px; font-variant-numeric: tabular-nums; }
button { width: 100%; min-height: 60px; border: 0; border-radius: 8px; color: white; background: var(--red); }
</style>
<script src="/htmx.js" defer></script>
</head>
<body>
<h1>{{ title }}</h1>
<main>
{% for one in counters %}
<section id="{{ one.id }}">
<h2>{{ one.name }}</h2>
<p><strong>{{ one.total }}</strong> {{ one.unit }}</p>
<form method="post" action="/tap" hx-post="/tap" hx-target="#{{ one.id }}" hx-swap="outerHTML">
<input type="hidden" name="id" value="{{ one.id }}">
<input type="hidden" name="n" value="1">
<button aria-label="{{ one.name }}">+1</button>
</form>
</section>
{% endfor %}
</main>
</body>
</html>
"""
#: The least a screen of a form can be: what was typed on the others travels in it.
SCREEN = """<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>{{ told.step }}</title></head>
<body>
<form method="post">
{% for name, value in told.items() if value %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}
<button>{{ told.step }}</button>
</form>
</body>
</html>
"""
COUNTERS = [{"id": f"counter-{n}", "name": f"宣传册第 {n} 种", "total": n * 37, "unit": "份"} for n in range(25)]


def floor_app(data: Path) -> Flask:
    app = Flask("floor", static_folder=None)
    app.jinja_loader = DictLoader({"page.html": PAGE, "screen.html": SCREEN})
    script = gzip.compress(HTMX.read_bytes(), 9)
    file = data / "floor.db"
    _connect(file).execute(
        "CREATE TABLE IF NOT EXISTS taps (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, counter TEXT, n INTEGER)"
    )
    _connect(file).execute("CREATE TABLE IF NOT EXISTS drafts (id TEXT PRIMARY KEY, content BLOB NOT NULL)")
    threads = threading.local()

    def connection():
        if not hasattr(threads, "connection"):
            threads.connection = _connect(file)
        return threads.connection

    @app.get("/")
    def page():
        response = Response(render_template("page.html", title="消费者权益日", counters=COUNTERS))
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.set_data(gzip.compress(response.get_data(), 4))
            response.headers["Content-Encoding"] = "gzip"
        return response

    @app.post("/page/<int:size>")
    def of_size(size):
        return render_template("screen.html", told=request.form).encode().ljust(size)

    @app.post("/kept/<int:size>")
    def kept(size):
        content = json.dumps(request.form).encode()
        connection().execute("INSERT OR REPLACE INTO drafts (id, content) VALUES (?, ?)", (request.form["id"], content))
        return of_size(size)

    @app.post("/hashed/<int:size>")
    def hashed(size):
        nacl.pwhash.argon2id.str(request.form["step"].encode(), *HASHING)
        return kept(size)

    @app.get("/htmx.js")
    def htmx():
        return Response(script, mimetype="text/javascript", headers={"Content-Encoding": "gzip"})

    @app.post("/tap")
    def tap():
        form = request.form
        connection().execute(
            "INSERT INTO taps (id, counter, n) VALUES (?, ?, ?)", (form["id"], form["counter"], int(form["n"]))
        )
        return f"<strong>+{form['n']}</strong>"

    return app


def _connect(file):
    """As durable as a booth: these two settings decide what a tap costs."""
    connection = sqlite3.connect(file, timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


class Server(BaseApplication):
    """The server a booth runs on, set as a booth sets it."""

    def __init__(self, data: Path, port: int):
        self._data, self._port = data, port
        super().__init__()

    def load_config(self):
        settings = {
            "bind": f"127.0.0.1:{self._port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": 16,
            "control_socket_disable": True,
            "loglevel": "warning",
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self):
        return floor_app(self._data)


if __name__ == "__main__":
    Server(Path(sys.argv[1]), int(sys.argv[2])).run()
