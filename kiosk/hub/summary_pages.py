"""Pages: the words of the summary, section by section, every figure in them tied to where it comes from; photos."""

import re
import secrets
from collections.abc import Mapping, Sequence

import msgspec
from flask import Blueprint, Response
from sqlalchemy import Connection

from kiosk import web
from kiosk.errors import PAGE_NOT_FOUND, SEAL_LOCKED, Problem
from kiosk.hub import statements, summary_photos, words
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.people import Session
from kiosk.hub.statement_pages import READERS
from kiosk.hub.typed import shown
from kiosk.hub.words import PHOTOS, Edit, Kept
from kiosk.packs.drafts import clean
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.reports import summary
from kiosk.reports.statement import Column
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


class SectionRow(msgspec.Struct, frozen=True):
    """A section as it is written, and as it will be printed."""

    section: Section
    pieces: Sequence[Piece]
    edit: Edit | None  # None: as it was drafted
    fact_id: str
    fault: str = ""

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
        return min(16, max(3, sum(1 + len(line) // 44 for line in self.section.text.split("\n"))))


class SummaryPage(msgspec.Struct, frozen=True):
    fair: Fair
    sections: Sequence[SectionRow]
    photos: Sequence[Kept]
    columns: Sequence[Column]  # whose keys a token may have
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
    tx: Connection, fair: Fair, session: Session, given: Mapping[str, tuple[str, str, str]] | None = None,
    photo_fault: str = "",
) -> Response:  # fmt: skip
    """`given`: section → (id of the fact, text, fault), of one that was not kept as it is."""
    said = statements.draft(tx, hub(), fair, whole=False)
    edits, rows = words.edits(tx, fair.id), []
    for section in words.sections(said, words.questions(hub())):
        fact_id, text, fault = (given or {}).get(section.id, (secrets.token_hex(16), section.text, ""))
        now = msgspec.structs.replace(section, text=text)
        rows.append(SectionRow(now, summary.fill(text, said), edits.get(section.id), fact_id, fault))
    versions, photos = statements.versions(tx, fair.id), words.photos(tx, fair.id)
    page = SummaryPage(
        fair=fair,
        sections=rows,
        photos=photos,
        columns=said.columns,
        photo_id=secrets.token_hex(16),
        photos_ids={one.blob: secrets.token_hex(16) for one in photos},
        remove_ids={one.blob: secrets.token_hex(16) for one in photos},
        may_open=session.key is not None,
        version=versions[0].number if versions else 0,
        photo_fault=photo_fault,
    )
    status = 422 if given or photo_fault else 200
    return web.page("hub/statements/summary.html", status, page=page, fair=fair, **shown(fair))


@views.post("/fairs/<fair_id>/statement/summary/<words_id>")
def write(fair_id: str, words_id: str) -> Response:
    """Keep a section's words as they now are. Sent twice it is one change."""
    signed_in("organiser")
    told = web.read_form("id", "text", limit=2 * LIMIT)
    fact_id = web.read_id(told, "id")
    text = _LINE_BREAKS.sub("\n", told["text"]).strip("\n")
    text = "\n".join(clean(line).rstrip() for line in text.split("\n"))
    with acting("organiser") as (tx, session):
        fair, drafted = _section(tx, fair_id, words_id)
        if fault := web.text_fault(text, LIMIT):
            return _page(tx, fair, session, {words_id: (fact_id, text, fault)})
        kept = "" if text == drafted.text else text
        words.keep(tx, hub(), fair.id, words_id, kept, session.person, fact_id)
    return _back(fair.id, words_id)


@views.post("/fairs/<fair_id>/statement/summary/<words_id>/reset")
def reset(fair_id: str, words_id: str) -> Response:
    """Back to what is drafted from the figures."""
    signed_in("organiser")
    told = web.read_form("id")
    fact_id = web.read_id(told, "id")
    with acting("organiser") as (tx, session):
        fair, _ = _section(tx, fair_id, words_id)
        words.keep(tx, hub(), fair.id, words_id, "", session.person, fact_id)
    return _back(fair.id, words_id)


@views.post("/fairs/<fair_id>/statement/summary/<words_id>/style")
def style(fair_id: str, words_id: str) -> Response:
    """Say one figure exactly, or as 余 or 近, wherever it stands in a section."""
    signed_in("organiser")
    told = web.read_form("id", "token", "style")
    fact_id, wanted = web.read_id(told, "id"), web.read_choice(told, "style", STYLES)
    with acting("organiser") as (tx, session):
        fair, drafted = _section(tx, fair_id, words_id)
        text = words.of(tx, fair.id).get(words_id, drafted.text)
        plain = told["token"].partition("|")[0]
        new = text.replace("{" + told["token"] + "}", "{" + plain + (f"|{wanted}" if wanted else "") + "}")
        kept = "" if new == drafted.text else new
        words.keep(tx, hub(), fair.id, words_id, kept, session.person, fact_id)
    return _back(fair.id, words_id)


def _section(tx: Connection, fair_id: str, words_id: str) -> tuple[Fair, Section]:
    """A section as it is drafted. Raises `page.not_found`."""
    fair = find_fair(tx, fair_id)
    drafted = summary.draft(statements.draft(tx, hub(), fair, whole=False), questions=words.questions(hub()))
    found = next((one for one in drafted if one.id == words_id and one.id != PHOTOS), None)
    if found is None:
        raise Problem(PAGE_NOT_FOUND)
    return fair, found


def _back(fair_id: str, anchor: str) -> Response:
    return web.to(f"/fairs/{fair_id}/statement/summary#{anchor}")


# --- photos -----------------------------------------------------------------------------------------


@views.post("/fairs/<fair_id>/statement/photos")
def bring(fair_id: str) -> Response:
    """Take a photo in. Sent twice it is one photo."""
    signed_in("organiser")
    told = web.read_form("id", files=(summary_photos.FIELD,))
    fact_id = web.read_id(told, "id")
    _, data = web.read_file(summary_photos.FIELD)
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        try:
            summary_photos.take(tx, hub(), fair.id, data, session.person, fact_id)
        except Problem as problem:
            if not problem.code.startswith("photo."):
                raise
            return _page(tx, fair, session, photo_fault=problem.sentence(web.language()))
    return _back(fair.id, PHOTOS)


@views.post("/fairs/<fair_id>/statement/photos/<sha256>")
def caption(fair_id: str, sha256: str) -> Response:
    """What stands under a photo, whether it goes along, and one place further up."""
    signed_in("organiser")
    told = web.read_form("id", "caption", optional=("chosen", "move"))
    fact_id, text = web.read_id(told, "id"), " ".join(clean(told["caption"]).split())
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        if text and web.text_fault(text, summary_photos.CAPTION_LIMIT):
            return _page(tx, fair, session, photo_fault=_caption_fault())
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
