"""Pages: the words of the summary, section by section, every figure in them tied to where it comes from; photos."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import FIELD_INVALID, PAGE_NOT_FOUND, SEAL_LOCKED, Problem
from kiosk.hub import drafts, journal, statements, summary_photos, words
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import Session
from kiosk.hub.statement_pages import READERS
from kiosk.hub.typed import shown
from kiosk.hub.words import LEFT_OUT, PHOTOS, Edit, Kept
from kiosk.packs.drafts import clean
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports import catalogue, summary
from kiosk.reports.statement import Column, Statement
from kiosk.reports.summary import Piece, Section

views = Blueprint("summary", __name__)
#: Views that take a file, and how large the form may be.
UPLOADS = {"summary.bring": summary_photos.UPLOAD_LIMIT}
#: Characters of a section.
LIMIT = 6_000
#: How a figure may be worded; of rounding only downwards, and only where it is true (`reports.rounding`).
STYLES: Mapping[str, Text] = {
    "": Text("准数", "exact"),
    "余": Text("余", "more than"),
    "多": Text("多", "some more than"),
    "近": Text("近", "nearly"),
}
_LINE_BREAKS = re.compile(r"\r\n?")


#: What was not kept: id of the fact, text, what is wrong with it. None: the text that stands there.
Given = tuple[str, str | None, str]


class SectionRow(msgspec.Struct, frozen=True):
    """A section as it is written, and as it will be printed."""

    section: Section
    written: str  # in the form
    base: str  # digest of what stands there now: whoever changes it says what they saw
    pieces: Sequence[Piece]
    edit: Edit | None  # None: as it was drafted
    fact_id: str
    fault: str = ""  # of a form that came; "changed": somebody else's words have come since

    @property
    def numbers(self) -> dict[str, Piece]:
        """Token → the first piece of it, of those that are said."""
        found: dict[str, Piece] = {}
        for piece in self.pieces:
            if piece.kind == "figure" and piece.token and piece.text:
                found.setdefault(piece.token, piece)
        return found

    @property
    def gaps(self) -> list[Piece]:
        """What cannot be said, and so is left out with its clause."""
        return [piece for piece in self.pieces if piece.kind == "figure" and not piece.text]

    @property
    def rows(self) -> int:
        return min(16, max(3, sum(1 + len(line) // 44 for line in self.written.split("\n"))))


class SummaryPage(msgspec.Struct, frozen=True):
    fair: Fair
    sections: Sequence[SectionRow]
    photos: Sequence[Kept]
    columns: Sequence[Column]  # whose keys a token may have
    offers: Mapping[str, str]  # key → label and what it is now, of the figures that can be said
    photo_id: str
    photos_ids: Mapping[str, str]  # blob → id of the fact that would change what stands under it
    remove_ids: Mapping[str, str]
    may_open: bool  # photos
    version: int  # the newest that is frozen
    photo_fault: str = ""
    limit: int = LIMIT
    caption_limit: int = summary_photos.CAPTION_LIMIT
    most: int = summary_photos.MOST

    @property
    def styles(self) -> Mapping[str, Text]:
        return STYLES

    @property
    def labels(self) -> dict[str, Text]:
        return {one.key: one.label for one in self.columns}


# --- the words --------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/statement/summary")
def form(fair_id: str) -> Response:
    session = signed_in(*READERS)
    with reading() as tx:
        return _page(tx, find_fair(tx, fair_id), session)


def _page(
    tx: Connection, fair: Fair, session: Session, given: Mapping[str, Given] | None = None, photo_fault: str = ""
) -> Response:
    """`given`: by section, of one that was not kept as it is."""
    said = drafts.of(tx, hub(), fair).now
    edits, rows = words.edits(tx, fair.id), []
    for section in words.sections(said, words.questions(hub())):
        fact_id, text, fault = (given or {}).get(section.id, (secrets.token_hex(16), None, ""))
        written = section.text if text is None else text
        shown_ = section.text if fault == "changed" else written
        rows.append(
            SectionRow(
                section=section,
                written=written,
                base=words.digest(said.words.get(section.id, "")),
                pieces=summary.fill(shown_, said),
                edit=edits.get(section.id),
                fact_id=fact_id,
                fault=fault,
            )
        )
    versions, photos = statements.versions(tx, fair.id), words.photos(tx, fair.id)
    page = SummaryPage(
        fair=fair,
        sections=rows,
        photos=photos,
        columns=said.columns,
        offers=_offers(said),
        photo_id=secrets.token_hex(16),
        photos_ids={one.blob: secrets.token_hex(16) for one in photos},
        remove_ids={one.blob: secrets.token_hex(16) for one in photos},
        may_open=session.key is not None,
        version=versions[0].number if versions else 0,
        photo_fault=photo_fault,
    )
    status = 409 if any(row.fault == "changed" for row in rows) else 422 if given or photo_fault else 200
    return web.page("hub/statements/summary.html", status, page=page, fair=fair, to_minute=to_minute, **shown(fair))


def _offers(said: Statement) -> dict[str, str]:
    pieces = summary.fill("\n".join(f"{{{one.key}}}" for one in said.columns), said)
    now = {piece.key: piece.text for piece in pieces if piece.kind == "figure" and piece.text}
    values = {cell.key: cell.value for cell in said.period}
    english = web.language() == "en"  # the summary itself is Chinese, and so is each unit in it
    return {
        one.key: f"{one.label.en}: {values[one.key]}" if english else f"{one.label.zh} {now[one.key]}"
        for one in said.columns
        if one.key in now
    }


@views.post("/fairs/<fair_id>/statement/summary/<words_id>")
def write(fair_id: str, words_id: str) -> Response:
    """Keep a section's words as they now are. Sent twice it is one change."""
    session = signed_in("organiser")
    told = web.read_form("id", "text", "base", limit=2 * LIMIT)
    fact_id = web.read_id(told, "id")
    text = _LINE_BREAKS.sub("\n", told["text"]).strip("\n")
    text = "\n".join(clean(line).rstrip() for line in text.split("\n"))
    fair, drafted = _section(fair_id, words_id)
    kept = "" if text == drafted.text else text or LEFT_OUT
    fault = web.text_fault(text, LIMIT, is_needed=False) or _keep(fair, words_id, kept, told["base"], fact_id)
    if fault:
        return _refused(fair_id, session, {words_id: (_next_id(fact_id, fault), text, fault)})
    return _back(fair.id, words_id)


@views.post("/fairs/<fair_id>/statement/summary/<words_id>/reset")
def reset(fair_id: str, words_id: str) -> Response:
    """Back to what is drafted from the figures."""
    session = signed_in("organiser")
    told = web.read_form("id", "base")
    fact_id = web.read_id(told, "id")
    fair, _ = _section(fair_id, words_id)
    if fault := _keep(fair, words_id, "", told["base"], fact_id):
        return _refused(fair_id, session, {words_id: (_next_id(fact_id, fault), None, fault)})
    return _back(fair.id, words_id)


@views.post("/fairs/<fair_id>/statement/summary/<words_id>/style")
def style(fair_id: str, words_id: str) -> Response:
    """Say one figure exactly, or as 余 or 近, wherever it stands in a section."""
    signed_in("organiser")
    told = web.read_form("id", "token", "style")
    fact_id, wanted = web.read_id(told, "id"), web.read_choice(told, "style", STYLES)
    plain = told["token"].partition("|")[0]
    said = "{" + plain + (f"|{wanted}" if wanted else "") + "}"
    return _change(fair_id, words_id, fact_id, lambda text: text.replace("{" + told["token"] + "}", said))


@views.post("/fairs/<fair_id>/statement/summary/<words_id>/figure")
def figure(fair_id: str, words_id: str) -> Response:
    """Put a figure behind a section's words, tied to where it comes from."""
    signed_in("organiser")
    told = web.read_form("id", "key")
    fact_id, key = web.read_id(told, "id"), told["key"]
    with reading() as tx:
        wanted = {one.key: one for one in catalogue.columns(find_fair(tx, fair_id))}
    if key not in wanted:
        raise Problem(FIELD_INVALID, field="key")
    clause = f"{wanted[key].label.zh}{{{key}}}。"
    return _change(fair_id, words_id, fact_id, lambda text: f"{text}\n{clause}" if text else clause)


def _next_id(fact_id: str, fault: str) -> str:
    """To say it again after somebody else is another fact."""
    return secrets.token_hex(16) if fault == "changed" else fact_id


def _change(fair_id: str, words_id: str, fact_id: str, change: Callable[[str], str]) -> Response:
    """Change what now stands there, whoever wrote it."""
    fair, drafted = _section(fair_id, words_id)
    with acting("organiser") as (tx, session):
        journal.lock(tx, fair.id)
        held = words.of(tx, fair.id).get(words_id, drafted.text)
        text = change("" if held == LEFT_OUT else held)
        is_short = len(text) <= LIMIT
        if is_short:
            kept = "" if text == drafted.text else text or LEFT_OUT
            words.keep(tx, hub(), fair.id, words_id, kept, session.person, fact_id)
    return _back(fair.id, words_id) if is_short else _refused(fair_id, session, {words_id: (fact_id, None, "long")})


def _keep(fair: Fair, words_id: str, text: str, base: str, fact_id: str) -> str:
    """Keep the words of somebody who saw those with the digest `base`. "changed" where others have come since."""
    with acting("organiser") as (tx, session):
        before, held = words.kept_as(tx, fair.id, words_id, fact_id), words.of(tx, fair.id).get(words_id, "")
        if before is not None:
            return "" if before == words.digest(text) else "changed"
        if words.digest(held) != base and held != text:
            return "changed"
        words.keep(tx, hub(), fair.id, words_id, text, session.person, fact_id)
    return ""


def _section(fair_id: str, words_id: str) -> tuple[Fair, Section]:
    """A section as it is drafted; nobody who writes waits for that. Raises `page.not_found`."""
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        drafted = summary.draft(drafts.of(tx, hub(), fair).now, questions=words.questions(hub()))
    found = next((one for one in drafted if one.id == words_id and one.id != PHOTOS), None)
    if found is None:
        raise Problem(PAGE_NOT_FOUND)
    return fair, found


def _refused(
    fair_id: str, session: Session, given: Mapping[str, Given] | None = None, photo_fault: str = ""
) -> Response:
    with reading() as tx:
        return _page(tx, find_fair(tx, fair_id), session, given, photo_fault)


def _back(fair_id: str, anchor: str) -> Response:
    return web.to(f"/fairs/{fair_id}/statement/summary#{anchor}")


# --- photos -----------------------------------------------------------------------------------------


@views.post("/fairs/<fair_id>/statement/photos")
def bring(fair_id: str) -> Response:
    """Take a photo in. Sent twice it is one photo."""
    session = signed_in("organiser")
    told = web.read_form("id", files=(summary_photos.FIELD,))
    fact_id = web.read_id(told, "id")
    _, data = web.read_file(summary_photos.FIELD)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
    try:
        jpeg = summary_photos.redrawn(data)
        with acting("organiser") as (tx, _):
            summary_photos.take(tx, hub(), fair.id, jpeg, session.person, fact_id)
    except Problem as problem:
        if not problem.code.startswith("photo."):
            raise
        return _refused(fair.id, session, photo_fault=problem.sentence(web.language()))
    return _back(fair.id, PHOTOS)


@views.post("/fairs/<fair_id>/statement/photos/<sha256>")
def caption(fair_id: str, sha256: str) -> Response:
    """What stands under a photo, whether it goes along, and one place further up."""
    session = signed_in("organiser")
    told = web.read_form("id", "caption", optional=("chosen", "move"))
    fact_id, text = web.read_id(told, "id"), " ".join(clean(told["caption"]).split())
    if web.text_fault(text, summary_photos.CAPTION_LIMIT, is_needed=False):
        return _refused(fair_id, session, photo_fault=_caption_fault())
    with acting("organiser") as (tx, _):
        fair = find_fair(tx, fair_id)
        journal.lock(tx, fair.id)  # before the list is read: somebody else may be changing it
        held = words.photos(tx, fair.id)
        place = next((place for place, one in enumerate(held) if one.blob == sha256), None)
        if place is None:
            raise Problem(PAGE_NOT_FOUND)
        held[place] = Kept(sha256, text, told["chosen"] == "yes")
        if told["move"] == "up" and place:
            held.insert(place - 1, held.pop(place))
        words.keep_photos(tx, hub(), fair.id, held, session.person, fact_id)
    return _back(fair.id, PHOTOS)


def _caption_fault() -> str:
    zh = f"说明最多 {summary_photos.CAPTION_LIMIT} 个字，不写手机号、证件号。没有保存。"
    en = f"A caption is {summary_photos.CAPTION_LIMIT} characters at most, without numbers of people. It was not saved."
    return en if web.language() == "en" else zh


@views.post("/fairs/<fair_id>/statement/photos/<sha256>/remove")
def remove(fair_id: str, sha256: str) -> Response:
    signed_in("organiser")
    told = web.read_form("id")
    fact_id = web.read_id(told, "id")
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        summary_photos.drop(tx, hub(), fair.id, sha256, session.person, fact_id)
    return _back(fair.id, PHOTOS)


@views.get("/fairs/<fair_id>/statement/photos/<sha256>.jpg")
def photo(fair_id: str, sha256: str) -> Response:
    """A photo, opened in memory. Never the file that was brought."""
    session = signed_in(*READERS)
    if session.key is None:
        raise Problem(SEAL_LOCKED)
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        known = {one.blob for one in words.photos(tx, fair.id)}
        if sha256 not in known:
            raise Problem(PAGE_NOT_FOUND)
        jpeg = summary_photos.show(tx, session.key, fair.id, sha256)
    return Response(jpeg, content_type="image/jpeg")
