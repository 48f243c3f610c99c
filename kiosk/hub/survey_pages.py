"""Pages: the surveys of a fair; one out of an XLSForm, one written here, one as an XLSForm."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping, Sequence

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from kiosk import web
from kiosk.clock import to_minute
from kiosk.errors import FIELD_INVALID, PAGE_NOT_FOUND, Problem
from kiosk.facts.complaints import clean
from kiosk.hub import people, survey_results, surveys
from kiosk.hub.context import acting, hub, reading, signed_in
from kiosk.hub.exports import XLSX, attachment
from kiosk.hub.fairs import find_fair
from kiosk.packs import answering, survey_drafts, xlsforms
from kiosk.packs.drafts import Fault, Place
from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.packs.survey_drafts import KINDS, MOST, Draft, Line
from kiosk.packs.surveys import ANSWERED, Choice, Question, Survey
from kiosk.web.requests import FORM_LIMIT

views = Blueprint("survey_pages", __name__)
#: The addresses that take more than other forms, and how much.
UPLOADS = {
    "survey_pages.look": xlsforms.FILE_LIMIT + FORM_LIMIT,
    "survey_pages.keep": surveys.CARRIED_LIMIT * 4 // 3 + FORM_LIMIT,
    "survey_pages.save": 4 * FORM_LIMIT,
}
_FAULTS_SHOWN, _NOTES_SHOWN, _CHOICES_SHOWN = 300, 60, 12
_GOES = ("save", "up", "down", "delete", *(f"add-{kind}" for kind in KINDS))


class SurveyRow(msgspec.Struct, frozen=True):
    id: str
    title: Text
    version: str
    questions: int  # that are answered
    answered: int  # by how many, whatever version
    at: str  # when it was kept, and by whom; "" of one of the pack
    is_chosen: bool
    is_pair: bool
    is_left_out: bool  # too much for the tablets, beside the others that were chosen
    can_edit: bool


class ListPage(msgspec.Struct, frozen=True):
    fair: Fair
    rows: list[SurveyRow]
    strangers: list[tuple[str, int]]  # answered, and not known here: id, how many


class PreviewQuestion(msgspec.Struct, frozen=True):
    question: Question
    choices: list[Choice]  # the first of them
    more: int  # choices


class ImportPage(msgspec.Struct, frozen=True):
    fair: Fair
    name: str = ""  # of the file
    survey: Survey | None = None
    faults: Sequence[Fault] = ()
    notes: Sequence[Fault] = ()
    document: str = ""  # the survey for the form that keeps it
    is_kept: bool = False  # that very version is here already

    @property
    def questions(self) -> list[PreviewQuestion]:
        return preview(self.survey) if self.survey else []

    @property
    def answered(self) -> int:
        return _answered(self.survey) if self.survey else 0

    @property
    def shown_faults(self) -> Sequence[Fault]:
        return self.faults[:_FAULTS_SHOWN]

    @property
    def shown_notes(self) -> Sequence[Fault]:
        return self.notes[:_NOTES_SHOWN]


class EditPage(msgspec.Struct, frozen=True):
    fair: Fair
    survey_id: str
    is_new: bool
    draft: Draft
    faults: Mapping[str, str]

    @property
    def kinds(self) -> list[str]:
        return list(KINDS)

    @property
    def is_full(self) -> bool:
        return len(self.draft.lines) >= MOST


def preview(survey: Survey) -> list[PreviewQuestion]:
    """The questions and notes as they come, whatever is answered."""
    return [
        PreviewQuestion(one, survey.choices(one)[:_CHOICES_SHOWN], max(len(survey.choices(one)) - _CHOICES_SHOWN, 0))
        for one in survey.questions
        if one.kind != "calculate"
    ]


def _answered(survey: Survey) -> int:
    return sum(question.kind in ANSWERED for question in survey.questions)


# --- which there are ----------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/surveys")
def listing(fair_id: str) -> Response:
    signed_in()
    with reading() as tx:
        page = _list_page(tx, find_fair(tx, fair_id))
    return web.page("hub/surveys/list.html", page=page, fair=page.fair)


def _list_page(tx: Connection, fair: Fair) -> ListPage:
    names, counts = people.names(tx), survey_results.counts(tx, fair.id)
    kept = {one.survey.id: one for one in surveys.newest(tx, fair.id)}
    left_out = {one.id for one in surveys.carried(tx, fair, hub().pack)[1]}
    rows = []
    for survey in surveys.known(tx, fair, hub().pack):
        own = kept.get(survey.id)
        rows.append(
            SurveyRow(
                id=survey.id,
                title=survey.title,
                version=survey.version,
                questions=_answered(survey),
                answered=counts.pop(survey.id, 0),
                at=f"{to_minute(own.at)} {names.get(own.by, own.by)}" if own else "",
                is_chosen=survey.id in fair.surveys,
                is_pair=survey.id == fair.quiz_pair,
                is_left_out=survey.id in left_out,
                can_edit=own is not None and survey_drafts.draft_of(survey) is not None,
            )
        )
    rows.sort(key=lambda row: (not (row.is_chosen or row.is_pair), -row.answered))
    return ListPage(fair, rows, sorted(counts.items()))


# --- out of a workbook, and into one --------------------------------------------------------------------


@views.get("/fairs/<fair_id>/survey/import")
def choose_file(fair_id: str) -> Response:
    signed_in("organiser")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
    return web.page("hub/surveys/import.html", page=ImportPage(fair), fair=fair)


@views.post("/fairs/<fair_id>/survey/import")
def look(fair_id: str) -> Response:
    """A file, to look at: the questions in order, or everything that is wrong with it."""
    signed_in("organiser")
    web.read_form(files=("file",))
    name, data = web.read_file("file")
    found = xlsforms.read_xlsform(data)
    with reading() as tx:
        page = _import_page(tx, find_fair(tx, fair_id), name, found)
    return web.page("hub/surveys/import.html", 422 if page.faults else 200, page=page, fair=page.fair)


def _import_page(tx: Connection, fair: Fair, name: str, found: xlsforms.Found) -> ImportPage:
    survey, faults = found.survey, found.faults
    refused = surveys.refusal(tx, fair.id, survey, hub().pack) if survey else None
    if refused is not None:
        faults = [Fault(Place(sheet="settings"), refused.sentence("zh"), refused.sentence("en"))]
    if survey is None or faults:
        return ImportPage(fair, name, None, faults, found.notes)
    here = {one.survey.version: one.digest for one in surveys.versions(tx, fair.id, survey.id)}
    return ImportPage(
        fair=fair,
        name=name,
        survey=survey,
        notes=found.notes,
        document=urlsafe_b64encode(surveys.document(survey)).decode(),
        is_kept=here.get(survey.version) == surveys.digest(survey),
    )


@views.post("/fairs/<fair_id>/survey/keep")
def keep(fair_id: str) -> Response:
    """What was looked at, kept. It came back with the form, so it is looked at again."""
    signed_in("organiser")
    form = web.read_form("document", limit=surveys.CARRIED_LIMIT * 4 // 3 + 8)
    try:
        survey = msgspec.json.decode(urlsafe_b64decode(form["document"].encode()), type=Survey)
    except (NoBase64, ValueError, msgspec.MsgspecError, RecursionError):
        raise Problem(FIELD_INVALID, field="document") from None
    if answering.flaws(survey):
        raise Problem(FIELD_INVALID, field="document")
    with acting("organiser") as (tx, session):
        surveys.keep(tx, hub(), fair_id, survey, session.person.id)
    return web.see_other("survey_pages.listing", fair_id=fair_id)


@views.get("/fairs/<fair_id>/surveys/<survey_id>/form.xlsx")
def as_form(fair_id: str, survey_id: str) -> Response:
    """The survey as it is asked now, as an XLSForm."""
    signed_in("organiser")
    with reading() as tx:
        survey = _find(tx, find_fair(tx, fair_id), survey_id)
    return attachment(xlsforms.write_xlsform(survey), XLSX, f"{survey.id}.xlsx")


def _find(tx: Connection, fair: Fair, survey_id: str) -> Survey:
    """Raises `page.not_found`."""
    for survey in surveys.known(tx, fair, hub().pack):
        if survey.id == survey_id:
            return survey
    raise Problem(PAGE_NOT_FOUND)


# --- written here ---------------------------------------------------------------------------------------


@views.get("/fairs/<fair_id>/survey/edit")
def edit(fair_id: str) -> Response:
    """A new survey, or with `survey` one of those kept here, to be changed. Raises `page.not_found`."""
    signed_in("organiser")
    survey_id = request.args.get("survey", "")
    with reading() as tx:
        fair = find_fair(tx, fair_id)
        kept = surveys.newest(tx, fair.id, [survey_id]) if survey_id else []
    draft = survey_drafts.draft_of(kept[0].survey) if kept else None
    if survey_id and draft is None:
        raise Problem(PAGE_NOT_FOUND)
    page = EditPage(fair, survey_id or f"own-{secrets.token_hex(4)}", not survey_id, draft or _EMPTY, {})
    return web.page("hub/surveys/edit.html", page=page, fair=fair)


_EMPTY = Draft(lines=[Line("one", choices="是 | Yes\n否 | No")])


@views.post("/fairs/<fair_id>/survey/edit")
def save(fair_id: str) -> Response:
    """The form as it is: with one question more, less or elsewhere; or kept as a new version."""
    signed_in("organiser")
    survey_id, draft, go = _read_draft()
    if go != "save":
        with reading() as tx:
            fair = find_fair(tx, fair_id)
            is_new = not surveys.newest(tx, fair.id, [survey_id])
        page = EditPage(fair, survey_id, is_new, _turned(draft, go), {})
        return web.page("hub/surveys/edit.html", page=page, fair=fair)
    with acting("organiser") as (tx, session):
        fair = find_fair(tx, fair_id)
        versions = surveys.versions(tx, fair.id, survey_id)
        before = versions[0].survey if versions else None
        version = _next([one.survey.version for one in versions])
        survey, faults = survey_drafts.made(draft, survey_id, version, before)
        if survey is None:
            page = EditPage(fair, survey_id, not versions, draft, faults)
            return web.page("hub/surveys/edit.html", 422, page=page, fair=fair)
        if before is None or not survey_drafts.is_same(survey, before):
            surveys.keep(tx, hub(), fair.id, survey, session.person.id)
    return web.see_other("survey_pages.listing", fair_id=fair_id)


def _read_draft() -> tuple[str, Draft, str]:
    """(id, what was typed, what to do). Raises `field.*`."""
    sent = web.read_form("id", "count", "title", "title_en", "go", optional=survey_drafts.names(MOST))
    count, survey_id = sent["count"], sent["id"]
    if not (count.isascii() and count.isdigit() and len(count) < 4 and int(count) <= MOST):
        raise Problem(FIELD_INVALID, field="count")
    try:
        msgspec.convert(survey_id, surveys.SurveyId)
    except msgspec.ValidationError:
        raise Problem(FIELD_INVALID, field="id") from None
    web.read_choice({"go": sent["go"].partition(":")[0]}, "go", _GOES)
    cleaned = {name: clean(value) for name, value in sent.items()}
    lines = survey_drafts.lines_of(cleaned, int(count))
    for place, line in enumerate(lines):
        web.read_choice({f"q{place}-kind": line.kind}, f"q{place}-kind", KINDS)
    return survey_id, Draft(cleaned["title"], cleaned["title_en"], lines), sent["go"]


def _turned(draft: Draft, go: str) -> Draft:
    """With a question more, moved or gone: "add-one", "up:2", "down:0", "delete:1"."""
    lines, (what, _, number) = list(draft.lines), go.partition(":")
    if what.startswith("add-"):
        if len(lines) < MOST:
            lines.append(Line(what.removeprefix("add-")))
        return msgspec.structs.replace(draft, lines=lines)
    place = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else len(lines)
    if place >= len(lines):
        raise Problem(FIELD_INVALID, field="go")
    line = lines.pop(place)
    if what != "delete":
        lines.insert(max(0, place - 1) if what == "up" else place + 1, line)
    return msgspec.structs.replace(draft, lines=lines)


def _next(versions: Sequence[str]) -> str:
    number = len(versions) + 1
    while str(number) in versions:
        number += 1
    return str(number)
