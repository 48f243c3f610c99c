"""The words of the summary as somebody wrote them anew, section by section, and the photos chosen for it.

The words stand here as they are now; that they changed, and what they hash to, is a fact of the hub's own journal.
Photos are one more section: a list of what they are called and what stands under them. They are sealed themselves.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, delete, select

from kiosk.clock import stamp
from kiosk.errors import FACT_CONFLICT, Problem
from kiosk.facts.figures import DESK, SummaryEdited
from kiosk.hub import journal, people
from kiosk.hub.context import Hub
from kiosk.hub.people import Person
from kiosk.hub.tables import statement_steps, summary_words
from kiosk.hub.typed import refuse_other
from kiosk.packs.model import Text
from kiosk.reports import summary
from kiosk.reports.statement import Part, Photo, Statement
from kiosk.reports.summary import Section

#: Not a section of anybody's words.
PHOTOS = "photos"
#: The words of a section that somebody wants left out. Without words it is as it is drafted.
LEFT_OUT = "\n"


class Kept(msgspec.Struct, frozen=True):
    """One photo in the list."""

    blob: str
    caption: str
    is_chosen: bool


class Edit(msgspec.Struct, frozen=True):
    """Who last changed a section, and when."""

    by: str
    at: str  # moment


def of(tx: Connection, fair: str) -> dict[str, str]:
    """Section → what somebody wrote."""
    query = select(summary_words).where(summary_words.c.fair == fair, summary_words.c.section != PHOTOS)
    return {row.section: row.words for row in tx.execute(query.order_by(summary_words.c.section))}


def digest(text: str) -> str:
    """Hex; what the words of a section are known by, "" of those that were drafted."""
    return hashlib.sha256(text.encode()).hexdigest()


def edits(tx: Connection, fair: str) -> dict[str, Edit]:
    names = people.names(tx)
    rows = tx.execute(select(summary_words).where(summary_words.c.fair == fair))
    return {row.section: Edit(names.get(row.person, row.person), row.at) for row in rows}


def photos(tx: Connection, fair: str) -> list[Kept]:
    """All that were brought, in their order."""
    of_photos = (summary_words.c.fair == fair) & (summary_words.c.section == PHOTOS)
    held = tx.execute(select(summary_words.c.words).where(of_photos)).scalar()
    return msgspec.json.decode(held, type=list[Kept]) if held else []


def chosen(tx: Connection, fair: str) -> list[Photo]:
    return [Photo(one.blob, one.caption) for one in photos(tx, fair) if one.is_chosen]


def is_kept(tx: Connection, fair: str, section: str, fact_id: str) -> bool:
    """Whether this very touch was kept already. Raises `fact.conflict` where another fact has its id."""
    return kept_as(tx, fair, section, fact_id) is not None


def kept_as(tx: Connection, fair: str, section: str, fact_id: str) -> str | None:
    """Digest of the words that this very touch made; None where it was not kept. Raises `fact.conflict`."""
    own = journal.lock(tx, fair)
    steps = statement_steps.c
    of_fact = (steps.journal == own) & (steps.fact == fact_id)
    held = tx.execute(select(steps.step, steps.name, steps.digest).where(of_fact)).one_or_none()
    if held is None:
        refuse_other(tx, own, fact_id)
        return None
    if (held.step, held.name) != ("edited", section):
        raise Problem(FACT_CONFLICT)
    return str(held.digest)


def keep(tx: Connection, here: Hub, fair: str, section: str, text: str, by: Person, fact_id: str = "") -> bool:
    """Keep a section's words; "" goes back to the draft. Whether anything changed: what stands already is no fact."""
    if is_kept(tx, fair, section, fact_id):
        return False
    of_section = (summary_words.c.fair == fair) & (summary_words.c.section == section)
    held = tx.execute(select(summary_words.c.words).where(of_section)).scalar() or ""
    if held == text:
        return False
    told, now = digest(text), here.clock.now()
    body = SummaryEdited(section=section, digest=told)
    journal.append(tx, fair, body, desk=DESK, by=by.id, now=now, mono=here.clock.monotonic(), fact_id=fact_id)
    tx.execute(delete(summary_words).where(of_section))
    if text:
        row = {"fair": fair, "section": section, "words": text, "digest": told, "person": by.id, "at": stamp(now)}
        tx.execute(summary_words.insert().values(**row))
    return True


def keep_photos(tx: Connection, here: Hub, fair: str, found: Sequence[Kept], by: Person, fact_id: str = "") -> bool:
    text = msgspec.json.encode(found).decode() if found else ""
    return keep(tx, here, fair, PHOTOS, text, by, fact_id)


def questions(here: Hub) -> dict[str, Text]:
    """Question of the pack → its wording, for a sentence that names the least known ones."""
    return {one.id: one.text for one in here.pack.questions}


def sections(statement: Statement, asked: Mapping[str, Text]) -> list[Section]:
    """The summary: of a draft with tokens, some sections as somebody wrote them anew; of a frozen version as printed.

    `asked`: the pack's `questions`.
    """
    if statement.version:
        return [Section(one.id, one.heading, one.level, one.text, Text("", "")) for one in statement.sections]
    drafted = summary.draft(statement, questions=asked)
    told = {section: text if text != LEFT_OUT else "" for section, text in statement.words.items()}
    return [msgspec.structs.replace(one, text=told.get(one.id, one.text)) for one in drafted]


def as_printed(statement: Statement, asked: Mapping[str, Text]) -> list[Part]:
    """The sections of a draft with their figures in them, as a version keeps them."""
    return [
        Part(one.id, one.heading, one.level, summary.said(summary.fill(one.text, statement)))
        for one in sections(statement, asked)
    ]


def faults(tx: Connection, fair: str) -> Iterator[str]:
    """Where the words that stand here are not those the hub's own journal says were written last."""
    edited = select(statement_steps).where(statement_steps.c.fair == fair, statement_steps.c.step == "edited")
    told: Mapping[str, str] = {row.name: row.digest for row in tx.execute(edited.order_by(statement_steps.c.seq))}
    rows = tx.execute(select(summary_words).where(summary_words.c.fair == fair).order_by(summary_words.c.section)).all()
    for row in rows:
        if not row.digest == digest(row.words) == told.get(row.section):
            yield f"the words of section {row.section} of the summary are not those that were written"
    nothing = digest("")
    for section in sorted(told.keys() - {row.section for row in rows}):
        if told[section] != nothing:
            yield f"the words of section {section} of the summary are gone"
