"""Surveys a fair may choose from: those of the pack, and those imported or written here, version by version."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from kiosk.clock import stamp
from kiosk.errors import SURVEY_BUILTIN, SURVEY_LARGE, SURVEY_VERSION, Problem
from kiosk.facts.surveys import DESK, SurveyAdded
from kiosk.hub import journal
from kiosk.hub.context import Hub
from kiosk.hub.fairs import hold_fair
from kiosk.hub.tables import surveys
from kiosk.packs.fairs import Fair
from kiosk.packs.reader import Pack
from kiosk.packs.surveys import Survey
from kiosk.values import Slug

SurveyId = Slug
#: Bytes of all surveys that go to a tablet with the fair's notice, which has its own limit; and so of each of them.
CARRIED_LIMIT = 384 * 1024


class Kept(msgspec.Struct, frozen=True):
    """One version, as it was kept."""

    survey: Survey
    digest: str  # hex
    at: str
    by: str  # person


def document(survey: Survey) -> bytes:
    return msgspec.json.encode(survey)


def digest(survey: Survey) -> str:
    return hashlib.sha256(document(survey)).hexdigest()


def versions(tx: Connection, fair_id: str, survey_id: str) -> list[Kept]:
    """Of one survey, the newest first."""
    query = select(surveys).where(surveys.c.fair == fair_id, surveys.c.id == survey_id)
    return [_kept(row) for row in tx.execute(query.order_by(surveys.c.seq.desc()))]


def newest(tx: Connection, fair_id: str, only: Iterable[str] | None = None) -> list[Kept]:
    """The last version of each survey that was kept here, the oldest survey first. `only`: of these ids."""
    query = select(surveys.c.id, surveys.c.seq).where(surveys.c.fair == fair_id).order_by(surveys.c.seq)
    if only is not None:
        query = query.where(surveys.c.id.in_(list(only)))
    last = {row.id: row.seq for row in tx.execute(query)}
    rows = tx.execute(select(surveys).where(surveys.c.fair == fair_id, surveys.c.seq.in_(list(last.values()))))
    found = {row.id: _kept(row) for row in rows}
    return [found[survey_id] for survey_id in last]


def _kept(row: Row[Any]) -> Kept:
    return Kept(msgspec.json.decode(row.document, type=Survey), row.digest, row.added_at, row.by)


def known(tx: Connection, fair: Fair, pack: Pack) -> list[Survey]:
    """What a fair may choose from: the pack's, and what was kept here, each as it is asked now."""
    return [*pack.surveys, *(one.survey for one in newest(tx, fair.id))]


def carried(tx: Connection, fair: Fair, pack: Pack) -> tuple[list[Survey], list[Survey]]:
    """Those the fair chose that are no part of the pack: what its tablets are told, and what is too much for that."""
    chosen = dict.fromkeys((*fair.surveys, *([fair.quiz_pair] if fair.quiz_pair else [])))
    wanted = chosen.keys() - {survey.id for survey in pack.surveys}
    if not wanted:
        return [], []
    told: list[Survey] = []
    too_much: list[Survey] = []
    kept, left = {one.survey.id: one.survey for one in newest(tx, fair.id, wanted)}, CARRIED_LIMIT
    for survey in (kept[survey_id] for survey_id in chosen if survey_id in kept):
        size = len(document(survey))
        (told if size <= left else too_much).append(survey)
        left -= size if size <= left else 0
    return told, too_much


def refusal(tx: Connection, fair_id: str, survey: Survey, pack: Pack) -> Problem | None:
    """Why a survey cannot be kept as it is: `survey.builtin`, `survey.version`, `survey.large`; None where it can."""
    if any(survey.id == one.id for one in pack.surveys):
        return Problem(SURVEY_BUILTIN, survey=survey.id)
    size = len(document(survey))
    if size > CARRIED_LIMIT:
        return Problem(SURVEY_LARGE, size=size // 1024 + 1, limit=CARRIED_LIMIT // 1024)
    before = _same(tx, fair_id, survey)
    if before not in (None, digest(survey)):
        return Problem(SURVEY_VERSION, survey=survey.id, version=survey.version)
    return None


def keep(tx: Connection, here: Hub, fair_id: str, survey: Survey, by: str) -> None:
    """Keep a survey whose flaws were looked for; the same once more changes nothing. Tablets hear of what is chosen.

    A version that is here stays as it is, for its answers are of its words. Raises `survey.*`, `fair.*`.
    """
    fair = hold_fair(tx, fair_id)
    refused = refusal(tx, fair.id, survey, here.pack)
    if refused is not None:
        raise refused
    if _same(tx, fair.id, survey) is not None:
        return
    now, content = here.clock.now(), digest(survey)
    body = SurveyAdded(survey=survey.id, version=survey.version, digest=content)
    fact = journal.append(tx, fair.id, body, desk=DESK, by=by, now=now, mono=here.clock.monotonic())
    tx.execute(
        surveys.insert().values(
            fair=fair.id,
            id=survey.id,
            version=survey.version,
            seq=fact.seq,
            document=document(survey).decode(),
            digest=content,
            added_at=stamp(now),
            by=by,
        )
    )


def _same(tx: Connection, fair_id: str, survey: Survey) -> str | None:
    """The digest of that version, where it is here."""
    at = (surveys.c.fair == fair_id, surveys.c.id == survey.id, surveys.c.version == survey.version)
    return tx.execute(select(surveys.c.digest).where(*at)).scalar()
