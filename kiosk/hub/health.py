"""How this hub is, for whoever keeps it running, and for what looks after it without a person."""

import shutil
from typing import Any

from flask import Response
from sqlalchemy import Connection, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from kiosk import __version__, web
from kiosk.clock import stamp
from kiosk.hub import schema
from kiosk.hub.context import hub
from kiosk.hub.tables import devices, journals

#: A database that takes longer to say how it is is not well.
PATIENCE_MS = 2_000


def healthz() -> Response:
    """200 while facts can be taken in, 503 when not. It waits for nobody who writes."""
    here = hub()
    told = {
        "ok": True,
        "version": __version__,
        "pack": here.pack.version,
        "clock": stamp(here.clock.now()),
        "free_mb": shutil.disk_usage(here.config.data).free // 2**20,
    }
    try:
        with here.store.reading(PATIENCE_MS) as tx:
            told |= {"database": here.store.describe(tx), **_held(tx)}
    except SQLAlchemyError as error:
        told |= {"ok": False, "database": {"problem": type(getattr(error, "orig", None) or error).__name__}}
    return web.json_response(told, 200 if told["ok"] else 503)


def _held(tx: Connection) -> dict[str, Any]:
    """What it holds, and what tablets say they still have."""
    left = case((devices.c.told_seq > journals.c.seq, devices.c.told_seq - journals.c.seq), else_=0)
    query = select(func.coalesce(func.sum(left), 0)).join(journals, journals.c.journal == devices.c.journal)
    return {
        "schema": schema.version_of(tx),
        "journals": tx.execute(select(func.count()).select_from(journals)).scalar_one(),
        "unsent": int(tx.execute(query.where(devices.c.state != "revoked", devices.c.rehearses == "")).scalar_one()),
    }
