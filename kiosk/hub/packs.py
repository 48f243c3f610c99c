"""Pages: questions from the files offices have, looked at and checked here; and the pack's own as files.

Nothing is changed here: tablets show the pack they have, and a hub that showed another could not tell what was asked.
What was checked goes out as `questions.json`, for the pack's folder everywhere.
"""

from collections.abc import Sequence

import msgspec
from flask import Blueprint, Response

from kiosk import web
from kiosk.hub.context import hub, reading, signed_in
from kiosk.hub.exports import XLSX, attachment
from kiosk.hub.fairs import find_fair
from kiosk.packs import importing
from kiosk.packs.drafts import DEFAULTS, LEVELS, Fault
from kiosk.packs.fairs import Fair
from kiosk.packs.importing import Format, Preview
from kiosk.packs.quizzes import Question
from kiosk.packs.reader import Pack
from kiosk.web.requests import FORM_LIMIT

views = Blueprint("packs", __name__)
#: Bytes of a posted form with a file in it.
UPLOAD_LIMIT = importing.FILE_LIMIT + FORM_LIMIT
#: The view that takes a file.
UPLOAD = "packs.take"
_FAULTS_SHOWN, _QUESTIONS_SHOWN, _NOTES_SHOWN = 300, 3, 20
_TYPES: dict[Format, str] = {"xlsx": XLSX, "gift": "text/plain; charset=utf-8", "aiken": "text/plain; charset=utf-8"}
_ENDINGS = {form: ending for ending, form in importing.FORMATS.items()}


class ImportPage(msgspec.Struct, frozen=True):
    fair: Fair
    pack: Pack
    typed: dict[str, str]  # the defaults
    found: Preview | None = None
    name: str = ""  # of the file

    @property
    def levels(self) -> list[tuple[str, str]]:
        return list(LEVELS.items())

    @property
    def faults(self) -> Sequence[Fault]:
        return self.found.faults[:_FAULTS_SHOWN] if self.found else ()

    @property
    def notes(self) -> Sequence[Fault]:
        return self.found.notes[:_NOTES_SHOWN] if self.found else ()

    @property
    def first(self) -> Sequence[Question]:
        return self.found.questions[:_QUESTIONS_SHOWN] if self.found else ()

    def left_out(self, form: Format) -> int:
        """How many of the pack's questions are of kinds that a format cannot say."""
        return sum(question.kind not in importing.KINDS[form] for question in self.pack.questions)

    @property
    def missing(self) -> int:
        return sum(fault.is_missing for fault in self.found.faults) if self.found else 0

    def number_of(self, kind: str) -> int:
        return sum(question.kind == kind for question in self.found.questions) if self.found else 0


@views.get("/fairs/<fair_id>/packs/import")
def form(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        return _answer(ImportPage(find_fair(tx, fair_id), hub().pack, dict.fromkeys((*DEFAULTS, "only"), "")))


@views.post("/fairs/<fair_id>/packs/import")
def take(fair_id: str) -> Response:
    """A file, to look at; or what it comes to, to take away: `what` is look, marked or questions."""
    signed_in("organiser")
    typed = web.read_form("what", optional=(*DEFAULTS, "only"), files=("file",))
    name, data = web.read_file("file")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
    pack, is_only = hub().pack, typed["only"] == "1"
    defaults = {field: typed[field] for field in DEFAULTS}
    found = importing.preview(data, pack, defaults, only=is_only)
    if typed["what"] == "marked" and (found.drafts or found.refused):
        return attachment(importing.marked(found, pack), XLSX, "questions-marked.xlsx")
    if typed["what"] == "questions" and found.is_ready:
        questions = importing.merged(pack.questions, found.questions, only=is_only)
        return attachment(importing.questions_file(questions), "application/json", "questions.json")
    # What was only looked at was looked at, faults and all; what could not be given is an error.
    return _answer(ImportPage(fair, pack, typed, found, name), 200 if typed["what"] == "look" else 422)


@views.get("/fairs/<fair_id>/packs/template.xlsx")
def template(fair_id: str) -> Response:
    """The empty workbook of this hub's pack."""
    signed_in("organiser")
    with reading() as tx:
        find_fair(tx, fair_id)
    return attachment(importing.template(hub().pack), XLSX, "questions-template.xlsx")


@views.get("/fairs/<fair_id>/packs/questions.xlsx")
def workbook(fair_id: str) -> Response:
    return _export(fair_id, "xlsx")


@views.get("/fairs/<fair_id>/packs/questions.gift")
def gift(fair_id: str) -> Response:
    return _export(fair_id, "gift")


@views.get("/fairs/<fair_id>/packs/questions.txt")
def aiken(fair_id: str) -> Response:
    return _export(fair_id, "aiken")


def _export(fair_id: str, kind: Format) -> Response:
    """The pack's questions, as far as the format can hold them."""
    signed_in("organiser")
    with reading() as tx:
        find_fair(tx, fair_id)
    data, left = importing.export(hub().pack.questions, hub().pack, kind)
    # Whoever opens the file later sees by its name that it is not the whole pack.
    name = f"questions-without-{len(left)}" if left else "questions"
    return attachment(data, _TYPES[kind], f"{name}{_ENDINGS[kind]}")


def _answer(page: ImportPage, status: int = 200) -> Response:
    return web.page("hub/packs/import.html", status, page=page, fair=page.fair)
