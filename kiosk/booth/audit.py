"""Whether a journal is what was written: its chain, the columns beside each line, the sealed content, the totals.

A booth asks this at every start. Facts are read in slices, so that a counting program beside it is never kept waiting
for the whole.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from kiosk.booth.storage import ERRORS, is_damage
from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.kinds import Dated
from kiosk.facts.vocabulary import REGISTRY
from kiosk.reports.amounts import Bucket, amounts, buckets

_SLICE = 2_000
_FACTS = "SELECT seq, id, kind, at, mono, boot, line, hash FROM facts WHERE seq > ? ORDER BY seq LIMIT ?"
_BLOBS = "SELECT rowid, sha256, content FROM blobs WHERE rowid > ? AND sent = 0 ORDER BY rowid LIMIT 1"  # may be large

Row = tuple[Any, ...]


class Audit:
    """A walk along the chain. `seq` and `hash` are of the last fact that is as written; so far go `totals`, too."""

    def __init__(self, root: bytes) -> None:
        self.seq = 0
        self.hash = root
        self.totals: Counter[Bucket] = Counter()
        self.is_whole = True  # every fact, and every sealed blob

    def walk(self, connection: sqlite3.Connection) -> "Audit":
        """To the end, or to the first fact that is not as written. Raises `sqlite3.Error` where that is not damage."""
        try:
            while self.is_whole and self._take(connection.execute(_FACTS, (self.seq, _SLICE)).fetchall()):
                pass
        except ERRORS as error:
            if not is_damage(error):
                raise
            self.is_whole = False
            self._creep(connection)
        return self

    def _creep(self, connection: sqlite3.Connection) -> None:
        """One fact at a time up to the place that cannot be read."""
        try:
            while self._take(connection.execute(_FACTS, (self.seq, 1)).fetchall()):
                pass
        except ERRORS as error:
            if not is_damage(error):
                raise

    def look_at_blobs(self, connection: sqlite3.Connection) -> None:
        """A damaged blob would be refused by the hub, and a complaint be lost without a word.

        Of what the hub has, this is a second copy: that one decides nothing, and is not given out when it is damaged.
        """
        last = 0
        while rows := connection.execute(_BLOBS, (last,)).fetchall():
            last = rows[-1][0]
            if not all(is_blob(name, content) for _, name, content in rows):
                self.is_whole = False

    def are_totals(self, stored: Mapping[Bucket, int]) -> bool:
        """Whether the stored totals are what the facts add up to."""
        return {bucket: n for bucket, n in self.totals.items() if n} == {b: n for b, n in stored.items() if n}

    def _take(self, rows: Iterable[Row]) -> bool:
        """Go over some rows. Whether there were any and all are as written."""
        count = 0
        for row in rows:
            if not self._step(*row):
                self.is_whole = False
                return False
            count += 1
        return bool(count)

    def _step(
        self, seq: int, fact_id: str, kind: str, at: str, mono: int, boot: str, line: bytes, stored: bytes
    ) -> bool:
        if seq != self.seq + 1 or not isinstance(line, bytes):
            return False
        digest = envelope.chain(self.hash, line)
        if digest != stored:
            return False
        # The chain says that we wrote the line; so this is how it begins, if the columns beside it still say the same.
        begin = (
            f'{{"v":1,"id":"{fact_id}","seq":{seq},"kind":"{kind}","at":"{at}","mono":{mono},"boot":"{boot}","desk":"'
        ).encode()
        if not line.startswith(begin):
            return self._step_slowly(line, (fact_id, seq, kind, at, mono, boot), digest)
        desk, _, rest = line[len(begin) :].partition(b'"')
        body = rest.partition(b'"body":')[2][:-1]
        self.seq, self.hash = seq, digest
        adds = _known_amounts(kind, body)
        if adds is None:
            self.totals.update(buckets(envelope.decode(line)))
        for metric, n in adds or ():
            self.totals[at[:10], int(at[11:13]), desk.decode(), metric] += n
        return True

    def _step_slowly(self, line: bytes, columns: Row, digest: bytes) -> bool:
        """A line of another version of its kind, or spelt as no release of ours spells it."""
        try:
            fact = envelope.decode(line)
        except Problem:
            return False
        if columns != (fact.id, fact.seq, fact.kind, fact.at, fact.mono, fact.boot):
            return False
        self.seq, self.hash = fact.seq, digest
        self.totals.update(buckets(fact))
        return True


def is_blob(name: str, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == name


@lru_cache(1024)  # nine touches in ten say the same
def _known_amounts(kind: str, body: bytes) -> tuple[tuple[str, int], ...] | None:
    """What a body adds in the hour it was written; None where it says itself when, or must be read strictly."""
    found = REGISTRY.read_written(kind, 1, body)
    return None if found is None or isinstance(found, Dated) else tuple(amounts(found).items())
