"""The floor under the hub: the least that takes facts in durably and adds them up. Nothing is signed or judged.

In process a bare `executemany` of the very rows a hub stores; over HTTP a Flask view on the same server.
`python -m tests.bench.bare_hub FOLDER PORT` serves it.
"""

import gzip
import json
import sqlite3
import sys
import threading
from collections import Counter
from pathlib import Path

import psycopg
from flask import Flask, request
from gunicorn.app.base import BaseApplication

TABLES = (
    """CREATE TABLE IF NOT EXISTS facts (journal TEXT NOT NULL, seq INTEGER NOT NULL, line BLOB NOT NULL,
         hash BLOB NOT NULL, kind TEXT, problem TEXT, received_at REAL NOT NULL,
         PRIMARY KEY (journal, seq)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS totals (journal TEXT, metric TEXT, day TEXT, hour INTEGER, desk TEXT, fair TEXT,
         n INTEGER NOT NULL, PRIMARY KEY (journal, metric, day, hour, desk))""",
    "CREATE TABLE IF NOT EXISTS marks (journal TEXT PRIMARY KEY, seq INTEGER NOT NULL)",
)
MARK = "INSERT INTO marks VALUES (?, ?) ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)"
ADD_UP = "INSERT INTO totals VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"


def connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for statement in TABLES:
        connection.execute(statement)
    return connection


def take_in(connection: sqlite3.Connection, rows: list[tuple], sums: list[tuple], mark: tuple | None = None) -> None:
    """One batch, one durable transaction; `mark` says how far a journal is held."""
    connection.execute("BEGIN IMMEDIATE")
    if mark:
        connection.execute(
            "INSERT INTO marks VALUES (?, ?) ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)", mark
        )
    connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(ADD_UP, sums)
    connection.execute("COMMIT")


def copy_in(connection: psycopg.Connection, rows: list[tuple], sums: list[tuple]) -> None:
    """The same on PostgreSQL: COPY into a temporary table, and from there what is new."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS arrived (LIKE floor_facts) ON COMMIT DELETE ROWS")
        with cursor.copy("COPY arrived FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute("INSERT INTO floor_facts SELECT * FROM arrived ON CONFLICT DO NOTHING")
        cursor.executemany(
            "INSERT INTO floor_totals VALUES (%s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (journal, metric, day, hour, desk) DO UPDATE SET n = floor_totals.n + excluded.n",
            sums,
        )


POSTGRES_TABLES = (
    """CREATE TABLE floor_facts (journal TEXT, seq BIGINT, line BYTEA, hash BYTEA, kind TEXT, problem TEXT,
         received_at FLOAT, PRIMARY KEY (journal, seq))""",
    """CREATE TABLE floor_totals (journal TEXT, metric TEXT, day TEXT, hour INTEGER, desk TEXT, fair TEXT, n BIGINT,
         PRIMARY KEY (journal, metric, day, hour, desk))""",
)


def bare_app(folder: Path) -> Flask:
    app = Flask("bare hub", static_folder=None)
    connection, turn = connect(folder / "bare.db"), threading.Lock()

    @app.get("/")
    def alive():
        return "ok"

    @app.post("/facts")
    def facts():
        told = json.loads(gzip.decompress(request.get_data()))
        journal, desk = told["journal"], told["desk"]
        rows, sums = [], Counter()
        for seq, kind, at, body in told["facts"]:
            rows.append((journal, seq, json.dumps(body), b"", kind, None, 1.0))
            sums[kind, at[:10], int(at[11:13])] += body.get("n", 1)
        with turn:
            added = [(journal, kind, day, hour, desk, "", n) for (kind, day, hour), n in sums.items()]
            take_in(connection, rows, added, (journal, rows[-1][1]))
        return {"seq": rows[-1][1]}

    return app


class Server(BaseApplication):
    def __init__(self, folder: Path, port: int):
        self._folder, self._port = folder, port
        super().__init__()

    def load_config(self):
        settings = {
            "bind": f"127.0.0.1:{self._port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": 32,
            "control_socket_disable": True,
            "loglevel": "warning",
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self):
        return bare_app(self._folder)


if __name__ == "__main__":
    Server(Path(sys.argv[1]), int(sys.argv[2])).run()
