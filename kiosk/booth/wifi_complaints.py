"""Complaints from a visitor's own phone on the booth's Wi-Fi, sealed in the page: taken in by who cannot read them.

The way here is plain HTTP, so what is typed leaves the phone sealed to the hub's key or not at all. What is posted
names the case and no person. Number and query code are drawn here and handed out with a signature of the tablet's own,
so that nobody files under a number or a code of their choice; nothing of it is kept until it comes back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.booth import complaints as desk
from kiosk.booth import days, outbox, photos, visits
from kiosk.booth.context import Booth, booth, new_id
from kiosk.booth.journal import Draft
from kiosk.errors import (
    FACT_CONFLICT,
    FIELD_INVALID,
    PAGE_NOT_FOUND,
    PHOTO_FORMAT,
    PHOTO_GONE,
    PHOTO_LARGE,
    SEAL_BROKEN,
    Problem,
)
from kiosk.facts.complaints import (
    FIELDS,
    OF_MERCHANT,
    PHOTOS,
    STEPS,
    Field,
    Matter,
    Step,
    Values,
    evidence_id,
    normal_case_number,
)
from kiosk.facts.envelope import Fact
from kiosk.pictures import EVIDENCE
from kiosk.sync import keys
from kiosk.sync.protocol import BLOB_LIMIT
from kiosk.web import complaint_form
from kiosk.web.complaint_form import WAYS, FormPage, Posted
from kiosk.web.requests import FORM_LIMIT

#: At the tablet: the screen with the code.
tablet_views = Blueprint("wifi_complaints_code", __name__)
#: On the phone.
views = Blueprint("wifi_complaints", __name__, url_prefix=f"{visits.PHONE}/complaint")
#: Bytes of a sealed form.
SEALED_LIMIT = 64 * 1024
#: The numbers photos can have, as a form writes them: each one digit.
_NUMBERS = "".join(map(str, range(1, PHOTOS + 1)))
#: What was drawn here, as the page hands it back.
_DRAWS = ("id", "case", "query", "matter", "drawn")
_DRAWN = b"kiosk/wifi-complaint/2"
_FAULTS = ("missing", "long", "invalid", "personal")
#: Screens of a complaint that are shown, or worded, by whose it is.
_CONSUMERS = {"agent": ("other",), "authority": ("other",), "identity": ("adult", "minor", "other")}


class CodePage(msgspec.Struct, frozen=True):
    address: str
    wifi: str  # the network a phone has to be in; empty: volunteers know
    back: str


class Told(msgspec.Struct, frozen=True):
    """What `static/js/complaint.js` has to know; of rules, what `complaint-rules.js` knows how to apply."""

    key: str  # the hub's, to seal to
    fair: str
    id: str
    case: str
    query: str
    drawn: str  # the tablet's signature of id, case, query and matter
    matter: Matter
    form: str
    today: str
    steps: list[dict[str, Any]]
    evidence: list[str]  # ids of the facts of its photos, by number
    photo_limit: int  # bytes of one
    refusals: dict[str, str]  # of a photo, in words
    of_merchant: tuple[str, ...]  # fields that a report of the same merchant takes over


class Screen(msgspec.Struct, frozen=True):
    page: FormPage
    consumer: str  # for whom it is worded: "minor", "other", or "" for all there is no other wording for
    faults: list[tuple[str, str, FormPage]]  # field, what is wrong with it, and the page that says so


class WifiPage(msgspec.Struct, frozen=True):
    """What `templates/booth/complaints/wifi.html` shows: every screen at once."""

    told: str  # JSON
    matter: Matter
    screens: list[Screen]


@tablet_views.get("/complaint/<way>/wifi")
def code(way: str) -> Response:
    """The code that leads a phone in the booth's Wi-Fi to the form. It names no person and holds no secret."""
    if way not in WAYS:
        raise Problem(PAGE_NOT_FOUND)
    here = booth()
    if not here.phones.url:
        return web.to(f"/complaint/{way}")
    desk.refuse_unless_it_can_be_kept(here)
    page = CodePage(f"{here.phones.url}{views.url_prefix}/{way}", here.phones.wifi, f"/complaint/{way}")
    return web.page("booth/complaints/wifi_code.html", page=page)


@views.before_request
def make_room() -> None:
    """Before a form is read. What is bound by the second is what werkzeug holds while it looks for the end."""
    if request.method == "POST":
        most = BLOB_LIMIT if request.endpoint == f"{views.name}.photograph" else SEALED_LIMIT
        request.max_content_length = request.max_form_memory_size = most + FORM_LIMIT


@views.get("/<way>")
def form(way: str) -> Response:
    """The whole form, with a number and a query code of its own. `way`: "settle" or "report"."""
    if way not in WAYS:
        raise Problem(PAGE_NOT_FOUND)
    here = booth()
    desk.refuse_unless_it_can_be_kept(here)
    posted = desk.asked(here.enrolled, complaint_form.blank(new_id(), WAYS[way], here.enrolled.fair.form))
    told = msgspec.json.encode(_told(here, posted)).decode()
    return web.page("booth/complaints/wifi.html", page=WifiPage(told, posted.matter, list(_screens(here, posted))))


def _told(here: Booth, posted: Posted) -> Told:
    joined, lang = here.enrolled, web.language()
    large = Problem(PHOTO_LARGE, limit=EVIDENCE.file_limit // 2**20)
    return Told(
        key=joined.hub.sealing_key,
        fair=joined.fair.id,
        id=posted.fact_id,
        case=posted.case,
        query=posted.query,
        drawn=keys.sign(outbox.load_key(here.config.data), _DRAWN, _drawn(posted.as_fields())),
        matter=posted.matter,
        form=joined.fair.form,
        today=desk.last_day(days.now(here)).isoformat(),
        steps=rules(posted.values, [step for step in STEPS if posted.takes_photos or step.name != "photos"]),
        evidence=[evidence_id(posted.fact_id, int(number)) for number in _NUMBERS],
        photo_limit=EVIDENCE.file_limit,
        refusals={"format": Problem(PHOTO_FORMAT).sentence(lang), "large": large.sentence(lang)},
        of_merchant=OF_MERCHANT,
    )


def _screens(here: Booth, posted: Posted) -> Iterator[Screen]:
    """Every screen that can come up, empty; one that is worded by whose complaint it is once for each."""
    for step in STEPS:
        if step.name == "photos" and not posted.takes_photos:
            continue
        for consumer in _CONSUMERS.get(step.name, ("adult",)) if posted.matter == "complaint" else ("adult",):
            values = {**posted.values, "anonymous": "no", "consumer": consumer}
            if step.asked(values):
                at = msgspec.structs.replace(posted, step=step.name, values=values)
                page = FormPage.of(
                    at, action="", fair=here.enrolled.fair, desk=here.enrolled.desk, today=desk.last_day(days.now(here))
                )
                page = msgspec.structs.replace(page, values=posted.values)
                faults = [
                    (field.name, fault, msgspec.structs.replace(page, faults={field.name: fault}))
                    for field in step.fields
                    for fault in (_FAULTS[:1] if field.choices else _FAULTS)
                ]
                yield Screen(page, page.consumer if step.name == "identity" else "", faults)


@views.post("")
def take() -> Response:
    """A sealed form. The same one again, after a lost answer, comes to the same receipt."""
    posted = web.read_form(*_DRAWS, optional=("linked", "photos"), files=("sealed",), limit=300)
    here, fact_id = booth(), _own_id(booth(), posted)
    matter = next(one for one in WAYS.values() if one == posted["matter"])
    linked = posted["linked"]
    if linked and not normal_case_number(linked) == linked != posted["case"]:
        raise Problem(FIELD_INVALID, field="linked")
    numbers = [int(number) for number in _NUMBERS if number in posted["photos"]]
    if posted["photos"] != "".join(map(str, numbers)):
        raise Problem(FIELD_INVALID, field="photos")
    blank = complaint_form.blank(fact_id, matter, here.enrolled.fair.form, linked=linked)
    drawn = msgspec.structs.replace(blank, case=posted["case"], query=posted["query"])
    fact = here.journal.fact(fact_id)
    if fact is None:
        desk.refuse_unless_it_can_be_kept(here)
        here.phones.filings.refuse(request.remote_addr or "")
        fact = _file(here, drawn, _sealed(SEALED_LIMIT), numbers)
        with suppress(Problem):  # it is filed, whatever comes of this
            photos.discard(here, fact_id)
    also = complaint_form.also_of(drawn, f"{views.url_prefix}/report")
    return desk.receipt(here, desk.same_case(fact, drawn.case), drawn.query, also)


@views.post("/photos")
def photograph() -> Response:
    """One sealed photo, under its number; the same one again, after a lost answer, is the same one."""
    posted = web.read_form(*_DRAWS, "number", files=("sealed",), limit=300)
    here, fact_id = booth(), _own_id(booth(), posted)
    if posted["number"] not in [*_NUMBERS]:
        raise Problem(FIELD_INVALID, field="number")
    if not desk.takes_photos(here.enrolled):
        raise Problem(PAGE_NOT_FOUND)
    if here.journal.fact(fact_id) is not None:
        raise Problem(FACT_CONFLICT)
    number, sealed = int(posted["number"]), _sealed(BLOB_LIMIT)
    if not photos.is_kept(here, fact_id, number, sealed):
        desk.refuse_unless_it_can_be_kept(here)
        here.phones.photos.refuse(request.remote_addr or "")
        photos.keep_sealed(here, fact_id, number, sealed)
    return Response(status=204)


def _own_id(here: Booth, posted: dict[str, str]) -> str:
    """The id of a form, if number, query code and matter are those that were drawn with it here."""
    fact_id = web.read_id(posted, "id")
    own = outbox.load_key(here.config.data).verify_key
    if not keys.is_signed(own, _DRAWN, _drawn(posted), posted["drawn"]):
        raise Problem(FIELD_INVALID, field="drawn")
    return fact_id


def _sealed(most: int) -> bytes:
    sealed = web.read_file("sealed")[1]
    if len(sealed) > most or not keys.is_sealed(sealed):
        raise Problem(SEAL_BROKEN, reason="unknown format")
    return sealed


def _file(here: Booth, posted: Posted, sealed: bytes, numbers: list[int]) -> Fact:
    """Append the facts that name the sealed content, all in one go. Whether it opens, the hub will see."""
    joined = here.enrolled
    body = posted.filed(joined.fair, joined.desk.id, "wifi", sealed)
    taken = photos.drafts(here, posted, "visitor", numbers)
    if len(taken) == len(numbers):
        return here.journal.append_once(Draft(posted.fact_id, body, "visitor", sealed), *taken)
    filed = here.journal.fact(posted.fact_id)  # sent twice: the other one was quicker, and has the photos
    if filed is None:
        raise Problem(PHOTO_GONE)
    return filed


def _drawn(told: Mapping[str, str]) -> bytes:
    return "\n".join(told[name] for name in ("id", "case", "query", "matter")).encode()


# --- the rules, as data ---------------------------------------------------------------------------


def rules(blank: Values, steps: Sequence[Step] = STEPS) -> list[dict[str, Any]]:
    """Screens and fields of a form of that matter and year, for a page that has to do without the server."""

    def condition(holds: Callable[[Values], bool]) -> dict[str, Any]:
        """How it is at first, and the choices each of which turns it round."""
        first = holds(blank)
        turns = [
            (field.name, choice)
            for field in FIELDS
            for choice in field.choices
            if holds({**blank, field.name: choice}) != first
        ]
        return {"first": first, "turns": turns}

    def one(field: Field) -> dict[str, Any]:
        return {
            "name": field.name,
            "longest": field.longest,
            "asked": condition(field.asked),
            "needed": condition(field.needed),
            "choices": field.choices,
            "tidy": _name_of(field.tidy),
            "rule": "credit_code" if field.name == "respondent_code" else _name_of(field.rule),
        }

    return [{"name": step.name, "asked": condition(step.asked), "fields": [*map(one, step.fields)]} for step in steps]


def _name_of(function: Callable[..., Any]) -> str:
    """As the page knows it; "" for a rule that lets all pass."""
    name = function.__name__.lstrip("_")
    return name if name.isidentifier() else ""
