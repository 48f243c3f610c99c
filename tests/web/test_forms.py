"""Every form of both apps: only from our own pages, only the fields it has, and text stays text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booth import brought, quicktests
from kiosk.facts import complaints
from kiosk.facts.complaints import draw_case_number, draw_query_code
from kiosk.hub.cases import NOTE_LIMIT
from kiosk.hub.sections import ITEM_NAMES
from kiosk.hub.sequence import TEXT_LIMIT
from kiosk.hub.steps import ACTIONS
from kiosk.hub.surveys import CARRIED_LIMIT
from kiosk.hub.tables import blobs, devices
from kiosk.packs import survey_drafts
from kiosk.packs.drafts import DEFAULTS
from kiosk.reports.records import LISTS
from kiosk.web.forms import is_local_path
from tests.hub.phones import device_of, file_by_phone
from tests.hub.tablets import rows
from tests.makers import COMPLAINT, an_id
from tests.proof import share
from tests.web.conftest import SHEET, Sides, faults_of

SIDES = ("booth", "hub")
_SCREEN = {
    "id": an_id(0xF0),
    "case": draw_case_number(),
    "query": draw_query_code(),
    "matter": "complaint",
    "step": "identity",
    "go": "next",
}
_OPTIONAL = ("linked", *(field.name for field in complaints.FIELDS))
SPOT = ("x", "y", "wide", "narrow", "wide.x", "wide.y", "narrow.x", "narrow.y")
_GROUP = {"reason": "看过", "first": "1", "last": "1", "n": "2", "head": "00" * 32}


@dataclass
class Form:
    """What one POST route asks for."""

    required: dict[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    limit: int = 4_000  # characters of a field


_ALSO = Form({"matter": "report", "linked": draw_case_number()}, complaints.OF_MERCHANT)
_FIX = {
    "id": an_id(0xD0),
    "day": "2027-03-15",
    "desk": "d01",
    "counter": "board",
    "how": "difference",
    "number": "1",
    "reason": "漏按",
}
#: A new fair that is never made: it ends before it begins.
_NEW_FAIR = {
    **dict.fromkeys(("title_en", "organiser_en", "contact"), ""),
    "title": "宣传活动",
    "organiser": "示范局",
    "starts": "2027-03-15",
    "ends": "2027-03-14",
    "like": "demo",
}
_SURVEY = Form(
    {"id": an_id(0xF6), "version": "1", "began": "0", "at": "receipt", "answers": "{}"},
    ("go", "pick", "value", "find", "found", "page", "assisted"),
    limit=48 * 1024,
)
#: What a step of a case asks for.
_STEP = {
    "assign": {"unit": "xinhua", "handler": ""},
    "transfer": {"recipient": "示范市住房和城乡建设局", "road": "letter"},
    "delivery": {"transfer": an_id(), "state": "sent"},
    "supplement": {"days": "5"},
    "end": {"outcome": "mediated"},
    "tell": {"road": "phone"},
    "call": {"level": "1"},
    "reopen": {"reason": "mistake"},
    "classify": {"category": "goods:food"},
    "enforce": {"fine": ""},
    "merge": {"into": "7KQ2-M0ZRD"},
}
FORMS: dict[str, dict[str, Form]] = {
    "booth": {
        "/preferences": Form({"next": "/"}, ("lang", "large")),
        "/leave": Form(optional=("idle",)),
        "/health": Form({}, ("battery", "charging", "camera"), limit=8),
        "/staff/ready": Form({"what": "sound", "answer": "works"}),
        "/enrol": Form({}, ("ticket", "hub", "code")),
        "/enrol/cancel": Form(),
        "/quiz/answer": Form({"id": an_id(), "question": "q"}, ("option",)),
        "/quiz/helped": Form({"on": "1"}),
        "/quiz/next": Form({"question": "q"}),
        "/quiz/pick": Form({"question": "q", "option": "a", "on": "1"}),
        "/quiz/start": Form({"mode": "quick"}),
        "/quiz/pair": Form({"id": an_id(), "go": "next"}, ("first", "second")),
        "/m/quiz/pair": Form({"id": an_id(), "go": "next"}, ("first", "second")),
        "/survey/<survey_id>/begin": Form({"id": an_id(0xF6)}, ("assisted",)),
        "/m/survey/<survey_id>/begin": Form({"id": an_id(0xF6)}, ("assisted",)),
        "/survey/<survey_id>": _SURVEY,
        "/m/survey/<survey_id>": _SURVEY,
        "/check": Form({"id": an_id(0xF9), "code": "6901234567892"}, limit=120),
        "/m/check": Form({"id": an_id(0xF9), "code": "6901234567892"}, limit=120),
        "/advice": Form({"id": an_id(0xE1), "question": "能退吗？"}),
        "/staff/advice": Form({"id": an_id(0xE2), "question": "能退吗？"}),
        "/board/join": Form({"session": an_id(), "nickname": "panda"}),
        "/m/board/join": Form({"session": an_id(), "nickname": "panda"}),
        "/staff/quicktests/new": Form({"id": an_id(0xE1)}, quicktests.optional_fields()),
        "/staff/quicktests/void": Form({"fact": an_id(0xC1), "why": "typed"}, ("words",)),
        "/staff/stock/open": Form({"id": an_id(), "item": "leaflet.law"}, ("bundles", "n")),
        "/staff/stock/count": Form({"id": an_id(), "item": "leaflet.law", "left": "0"}, ("why", "words")),
        "/staff/stock/correct": Form(
            {"id": an_id(), "item": "leaflet.law", "n": "1", "why": "missed"}, ("words", "second", "pin")
        ),
        "/staff/shift/begin": Form({"id": an_id()}, ("v-li",)),
        "/staff/shift/end": Form({"began": an_id()}),
        "/staff/shift/hand": Form(
            {"id": an_id(), "pin": "380315", "incoming": "wang", "incoming_pin": "380315"}, ("faults",)
        ),
        "/staff/lots/commit": Form({"id": an_id(0xF7), "prize": "kettle", "winners": "1"}),
        "/staff/lots/close": Form({"draw": an_id(0xF8)}),
        "/staff/lots/draw": Form({"draw": an_id(0xF8), "number": "315042"}),
        "/staff/lots/pass": Form({"draw": an_id(0xF8), "code": "7KQ2-M0ZR"}),
        "/staff/lots/hand": Form({"draw": an_id(0xF8), "code": "7KQ2-M0ZR", "hand": an_id()}),
        "/m/leave": Form(),
        "/m/preferences": Form({"next": "/m/"}, ("lang", "large")),
        "/m/quiz/answer": Form({"id": an_id(), "question": "q"}, ("option",)),
        "/m/quiz/next": Form({"question": "q"}),
        "/m/quiz/pick": Form({"question": "q", "option": "a", "on": "1"}),
        "/m/quiz/start": Form({"mode": "quick"}),
        "/m/complaint": Form(
            {
                "id": an_id(0xE8),
                "case": "7KQ2-M0ZRT",
                "query": "7KQ2-M0ZR-T9XW4",
                "drawn": "0" * 128,
                "matter": "report",
            },
            ("linked", "photos"),
            limit=300,
        ),
        "/m/complaint/photos": Form(
            {
                "id": an_id(0xE8),
                "case": "7KQ2-M0ZRT",
                "query": "7KQ2-M0ZR-T9XW4",
                "matter": "report",
                "drawn": "0" * 128,
                "number": "1",
            },
            limit=300,
        ),
        "/m/count/take": Form({"word": "a" * 22, "phone": an_id()}, limit=100),
        "/staff/counting/end": Form({"stint": an_id()}),
        "/m/take": Form({"word": "a" * 22, "phone": an_id()}, limit=100),
        "/gallery/<exhibit_id>/judge": Form({"id": an_id(), "side": "left"}, ("then",)),
        "/gallery/<exhibit_id>/find": Form({"id": an_id(), "turn": "0", "do": "hint"}, SPOT),
        "/gallery/pairs/next": Form({"exhibit": "e01"}),
        "/gallery/pairs/start": Form(),
        "/m/gallery/<exhibit_id>/judge": Form({"id": an_id(), "side": "left"}, ("then",)),
        "/m/gallery/<exhibit_id>/find": Form({"id": an_id(), "turn": "0", "do": "touch"}, SPOT),
        "/m/gallery/pairs/next": Form({"exhibit": "e01"}),
        "/m/gallery/pairs/start": Form(),
        "/gallery/scan": Form({"card": "1"}, limit=300),
        "/staff/exhibits/<brought_id>/photo": Form(),
        "/staff/exhibits/<brought_id>/places": Form({"places": ""}, ("tick",)),
        "/staff/exhibits/<brought_id>/words": Form({"go": "save"}, brought.FIELDS, limit=1_200),
        "/staff/exhibits/<brought_id>/approve": Form(
            {"id": an_id(0xFA), "digest": "0" * 64, "volunteer": "li", "pin": "380315"}
        ),
        "/staff/exhibits/<brought_id>/withdraw": Form({"id": an_id(0xFB)}),
        "/staff/exhibits/<brought_id>/discard": Form(),
        "/staff/enter": Form({"volunteer": "li", "pin": "380315", "next": "/staff"}),
        "/staff/lock": Form(),
        "/staff/tally": Form({"id": an_id(0xF1), "counter": "headcount", "n": "1"}),
        "/staff/undo": Form({"undoes": an_id(0xF2)}),
        "/staff/close": Form({"id": an_id(0xF3)}),
        "/staff/practice": Form(),
        "/staff/rehearsal/end": Form(),
        "/staff/rehearsal/start": Form({}, ("sure",)),
        "/staff/prizes/find": Form({"code": "7KQ2-M0ZR"}, limit=200),
        "/staff/prizes/redeem": Form({"voucher": an_id(), "hand": an_id()}),
        "/staff/prizes/stock": Form({"id": an_id(0xF4), "prize": "bag", "n": "1"}),
        "/staff/qr": Form({"text": "K315R:AAA"}),
        "/staff/complaint": Form({**_SCREEN, "code": "7KQ2-M0ZR"}, _OPTIONAL),
        "/staff/complaint/also": _ALSO,
        "/staff/complaint/photos": Form({**_SCREEN, "code": "7KQ2-M0ZR", "go": "add"}, _OPTIONAL),
        "/staff/complaint/resume": Form({"code": "7KQ2-M0ZR"}),
        "/staff/complaint/unlock": Form(
            {**_SCREEN, "code": "7KQ2-M0ZR", "volunteer": "li", "pin": "380315"}, _OPTIONAL
        ),
    },
    "hub": {
        "/preferences": Form({"next": "/"}, ("lang", "large")),
        "/login": Form({"name": "chen", "password": "x", "next": "/"}),
        "/logout": Form(),
        "/m/advice": Form({"code": "7KQ2-M0ZRT"}, limit=40),
        "/fairs/<fair_id>/advice/<number>/open": Form({"reason": "answering"}),
        "/fairs/<fair_id>/advice/<number>": Form({"id": an_id(0xE3), "answer": "能退。"}, ("listed", "wording")),
        "/fairs/<fair_id>/shifts/end": Form({"began": an_id(), "until": "13:30"}),
        "/fairs/<fair_id>/close/tablets": Form(
            {"device": an_id(), "state": "returned"}, ("day", "show", "venue", "page")
        ),
        "/fairs/<fair_id>/duty": Form({"id": an_id(0xE4), "kind": "advice"}, ("topic",)),
        "/fairs/<fair_id>/duty/undo": Form({"undoes": an_id(0xE4)}),
        "/fairs/<fair_id>/exposures": Form({"id": an_id(0xE5), "title": "翻新轮胎"}, ("source",)),
        "/fairs/<fair_id>/exposures/<int:item>/assign": Form({"id": an_id(0xE6), "office": "质量科"}),
        "/fairs/<fair_id>/exposures/<int:item>/close": Form({"id": an_id(0xE7), "result": "not_concerned"}, ("note",)),
        "/fairs/<fair_id>/exposures/<int:item>/reopen": Form({"id": an_id(0xE8), "result": "not_concerned"}),
        "/fairs/new": Form(_NEW_FAIR, ("helpers",)),
        "/fairs/<fair_id>/setup/<section>": Form({"id": "d99", "was": "x"}, tuple(ITEM_NAMES["desks"][1:])),
        "/fairs/<fair_id>/setup/<section>/remove": Form({"id": "d99"}),
        "/fairs/<fair_id>/setup/desks/hours": Form({"opens": "09:30", "closes": "08:30"}),
        "/fairs/<fair_id>/volunteers": Form({"id": "v-1a2b3c", "name": "王芳"}),
        "/fairs/<fair_id>/volunteers/pin": Form({"id": "v-000000"}),
        "/fairs/<fair_id>/volunteers/pins": Form(),
        "/fairs/<fair_id>/volunteers/remove": Form({"id": "v-000000"}),
        "/fairs/<fair_id>/roster": Form({"what": "look"}, ("only",)),
        "/fairs/<fair_id>/codes": Form({"desk": "d02"}),
        "/fairs/<fair_id>/codes/file": Form({"code": "00000-" * 7 + "0000"}),
        "/fairs/<fair_id>/codes/sheet": Form({"until": "2027-03-16T09:00"}, ("desk.d01", "desk.d02")),
        "/fairs/<fair_id>/codes/void": Form(),
        "/fairs/<fair_id>/enrolments": Form({"enrolment": "0" * 64, "verdict": "same"}),
        "/fairs/<fair_id>/devices/canaries": Form(),
        "/fairs/<fair_id>/devices/<device_id>/revoke": Form({"reason": "丢失"}, ("cutoff",)),
        "/fairs/<fair_id>/devices/<device_id>/replace": Form({"reason": "坏了"}),
        "/fairs/<fair_id>/devices/<device_id>/reinstate": Form(),
        "/fairs/<fair_id>/survey/import": Form(),
        "/fairs/<fair_id>/survey/keep": Form({"document": "e30="}, limit=CARRIED_LIMIT * 4 // 3 + 8),
        "/fairs/<fair_id>/survey/edit": Form(
            {"id": "own-1", "count": "0", "title": "", "title_en": "", "go": "add-one"}, tuple(survey_drafts.names(2))
        ),
        "/fairs/<fair_id>/surveys/<survey_id>/words": Form({"reason": "reading"}, limit=40),
        "/m/survey/<fair_id>/<survey_id>/begin": Form({"id": an_id(0xF7)}),
        "/m/survey/<fair_id>/<survey_id>": _SURVEY,
        "/fairs/<fair_id>/packs/import": Form({"what": "look"}, (*DEFAULTS, "only")),
        "/fairs/<fair_id>/quarantine/judge": Form(),
        "/fairs/<fair_id>/quarantine/facts/<journal>/<why>/release": Form(_GROUP),
        "/fairs/<fair_id>/quarantine/facts/<journal>/<why>/dismiss": Form(_GROUP),
        "/fairs/<fair_id>/quarantine/forks/<journal>": Form({"seq": "3", "seen": "0", "reason": "备份"}, ("kept",)),
        "/fairs/<fair_id>/slips": Form({"desk": "d01", "seq": "412", "code": "7KQ2-M0ZR"}),
        "/fairs/<fair_id>/scan": Form({"text": "K315S:AAA"}, limit=TEXT_LIMIT),
        "/fairs/<fair_id>/cases/find": Form({"phone": "13800000000"}, limit=40),
        "/fairs/<fair_id>/cases/<case>/open": Form({"reason": "handling"}, ("record",), limit=40),
        "/fairs/<fair_id>/cases/<case>/print": Form(
            {"form": "registration", "reason": "handling"}, ("record",), limit=40
        ),
        "/fairs/<fair_id>/cases/<case>/request": Form({"what": "export"}, limit=20),
        "/fairs/<fair_id>/cases/<case>/grant": Form({"request": an_id(0xE8)}),
        "/fairs/<fair_id>/cases/<case>/copy": Form({"request": an_id(0xE8)}, ("record",)),
        "/fairs/<fair_id>/cases/<case>/note": Form({"id": an_id(0xE4), "text": "约好周三"}, limit=NOTE_LIMIT),
        **{
            f"/fairs/<fair_id>/cases/<case>/{name}": Form({"id": an_id(0xE4), **_STEP.get(name, {})}, action.optional)
            for name, action in ACTIONS.items()
        },
        "/fairs/<fair_id>/typed/figures/<figure>": Form(
            {"id": an_id(0xE9), "value": "5", "source": "回执"}, ("window", "day", "unit", "before", "confirm", "back")
        ),
        "/fairs/<fair_id>/typed/figures/<figure>/back": Form(
            {"id": an_id(0xEA), "window": "period", "day": "", "unit": "", "before": "5", "reason": "填错"}
        ),
        "/fairs/<fair_id>/typed/lists/<list_id>": Form(
            {"id": an_id(0xEB), "title": "白酒", "source": "清单"},
            ("day", "unit", "host", "joint", "confirm", *(field.id for field in LISTS["destroyed"].fields)),
        ),
        "/fairs/<fair_id>/typed/lists/<list_id>/strike": Form({"record": an_id(0xEC), "reason": "重复"}),
        "/fairs/<fair_id>/typed/units/remind": Form({"id": an_id(0xED), "unit": "u1", "how": "电话"}),
        "/fairs/<fair_id>/statement/doubts": Form(
            {"id": an_id(0xEE), "check": "closed-accepted", "found": "ab" * 32, "note": "上年结转"}
        ),
        "/fairs/<fair_id>/statement/freeze": Form({"id": an_id(0xE10)}, ("why",)),
        "/fairs/<fair_id>/statement/versions/<int:version>/sent": Form(
            {"id": an_id(0xE11), "to": "市消协秘书处", "how": "内网邮件"}
        ),
        "/fairs/<fair_id>/statement/summary/<words_id>": Form(
            {"id": an_id(0xE12), "text": "明年早些开始。", "base": ""}, limit=12_000
        ),
        "/fairs/<fair_id>/statement/summary/<words_id>/reset": Form({"id": an_id(0xE13), "base": ""}),
        "/fairs/<fair_id>/statement/summary/<words_id>/figure": Form({"id": an_id(0xE17), "key": "headcount"}),
        "/fairs/<fair_id>/statement/summary/<words_id>/style": Form(
            {"id": an_id(0xE14), "token": "headcount", "style": "余"}
        ),
        "/fairs/<fair_id>/statement/photos": Form({"id": an_id(0xE15)}),
        "/fairs/<fair_id>/statement/photos/<sha256>": Form(
            {"id": an_id(0xE16), "caption": "宣传台前"}, ("chosen", "move")
        ),
        "/fairs/<fair_id>/statement/photos/<sha256>/remove": Form({"id": an_id(0xE17)}),
        "/fairs/<fair_id>/units/<unit_id>/code": Form(),
        "/fairs/<fair_id>/units/<unit_id>/withdraw": Form({"reason": "换人"}, ("all",)),
        "/fairs/<fair_id>/units/waiting": Form({"enrolment": "0" * 64, "verdict": "same"}),
        "/fairs/<fair_id>/units/up": Form(),
        "/fairs/<fair_id>/corrections": Form(_FIX, ("hour", "was")),
        "/fairs/<fair_id>/corrections/check": Form(_FIX, ("hour", "was")),
        "/fairs/<fair_id>/corrections/decide": Form({"proposal": an_id(0xD1), "verdict": "decline"}),
        "/fairs/<fair_id>/quicktests/<journal>/<fact>/release": Form(
            {"outcome": "cleared", "reason": "报告"}, ("sure",)
        ),
        "/fairs/<fair_id>/papers/print": Form({"id": an_id(0xD2), "kind": "tally", "copies": "1"}, ("desk.d01",)),
        "/fairs/<fair_id>/papers/void": Form({"number": SHEET, "reason": ""}, ("sure",)),
        "/fairs/<fair_id>/papers/blank": Form({"first": "0000-0000"}, ("last", "sure")),
        "/fairs/<fair_id>/papers/sheets/<sheet>/counts": Form({"day": "2027-03-15", "go": "check"}, ("n.9.board",)),
        "/fairs/<fair_id>/papers/sheets/<sheet>/complaint": Form({**_SCREEN, "day": "2027-03-15"}, _OPTIONAL),
        "/m/complaint/<device_id>": Form(_SCREEN, _OPTIONAL),
        "/m/receipt": Form({"receipt": "K315R1:AAA"}, limit=1_000),
        "/m/status": Form({"case": "7KQ2-M0ZRT", "code": "7KQ2-M0ZR-T9XW4"}, limit=100),
        "/m/complaint/<device_id>/also": _ALSO,
        "/m/complaint/<device_id>/photos": Form({**_SCREEN, "go": "add"}, _OPTIONAL),
    },
}
#: What would open a tag, or leave its attribute.
OPENING = (
    "<x315>",
    '"><x315 onclick=alert(1)>',
    "' x315=1 y='",
    '" x315=1 y="',
    "</textarea><x315>",
    "</title></script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
)  # fmt: skip
#: What a database may choke on.
STORED = (
    "%s%n%(field)s",
    "'; DROP TABLE facts; --",
    "a\0b",
    "\u2028\u2029\ufeff\ufffe",
    "💥" * 1000,
)  # fmt: skip
HOSTILE = (
    *OPENING,
    *STORED,
    "javascript:alert(1)",
    "{{7*7}}{% raw %}",
    "{0.__class__}",
    "\u202egnp.exe",
    "a\r\nSet-Cookie: x=1",
    "/a\rb",
    "//[",
    "../../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "ﷺ" * 200,
    "𝟙２³",
    "x" * 5000,
)  # fmt: skip
KINDS = ("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x")
BYTES = (b"%ED%A0%80", b"%FF%FE", b"\xff\xfe", b"%", b"%u0041", b"\xe4\xb8")


#: What programs send, or a page's own: no form.
BY_PROGRAMS = ("/sync/", "/m/count/taps")


def posts(sides: Sides, side: str) -> dict[str, str]:
    """rule → address of every form."""
    found = {rule: at for rule, at in sides.addresses(side, "POST").items() if not rule.startswith(BY_PROGRAMS)}
    assert set(found) == set(FORMS[side]), "a form came or went: say in FORMS what it asks for"
    return found


def send(sides: Sides, side: str, address: str, told: dict[str, str], **more):
    """As somebody who is signed in, with the token of their session; no throttle of a try before answers."""
    if address in ("/login", "/staff/enter", "/staff/complaint/unlock") or "/m/" in address:
        sides.forgive()
    signed = {**told, "csrf": sides.csrf()} if side == "hub" and "/m/" not in address else told
    answer = sides.client(side, signed_in=True).post(address, data=signed, **more)
    if address in ("/logout", "/staff/lock") and answer.status_code == 303:
        sides.sign_in()
    return answer


def code_in(answer) -> str:
    """The stable word on a problem page."""
    return answer.text.partition("<code>")[2].partition("</code>")[0]


# --- whose page --------------------------------------------------------------------------------------

FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://evil.example/http://localhost"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
)


@pytest.mark.parametrize("forged", FOREIGN, ids=str)
def test_a_form_on_another_site_is_refused_everywhere(sides, forged):
    for side in SIDES:
        refuse_everywhere(sides, side, forged)


def refuse_everywhere(sides: Sides, side: str, forged: dict[str, str]) -> None:
    others = {rule: at for rule, at in sides.addresses(side, "POST").items() if rule.startswith(BY_PROGRAMS)}
    addresses = [*posts(sides, side).items(), *others.items()]
    for rule, address in share(addresses, addresses[FOREIGN.index(forged) % 3 :: 3]):
        told = FORMS[side][rule].required if rule in FORMS[side] else {}
        answer = sides.client(side, signed_in=True).post(
            address, data=told, headers={"X-Kiosk-Protocol": "1", **forged}
        )
        assert (answer.status_code, "request.origin" in answer.text) == (403, True), rule
        assert "Set-Cookie" not in answer.headers, rule


@pytest.mark.parametrize("side", SIDES)
def test_our_own_page_is_not_another_site(sides, side):
    answer = sides.client(side).post("/preferences", data={"next": "/"}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303


# --- which fields ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
def test_a_field_nobody_asked_for_is_refused(sides, side):
    for turn, (rule, address) in enumerate(posts(sides, side).items()):
        for name in sides.some(("status", "booth", "role", "id[]", "__proto__", "x" * 3000), turn, 3):
            answer = send(sides, side, address, {**FORMS[side][rule].required, name: "closed"})
            assert (code_in(answer), faults_of(answer)) == ("field.unknown", []), (rule, name)


@pytest.mark.parametrize("side", SIDES)
def test_a_field_that_is_missing_is_asked_for(sides, side):
    for rule, address in posts(sides, side).items():
        for name in FORMS[side][rule].required:
            told = {key: value for key, value in FORMS[side][rule].required.items() if key != name}
            answer = send(sides, side, address, told)
            assert (code_in(answer), answer.status_code) == ("field.missing", 400), (rule, name)


@pytest.mark.parametrize("side", SIDES)
def test_a_field_that_comes_twice_is_refused(sides, side):
    for rule, address in posts(sides, side).items():
        form = FORMS[side][rule]
        for name in (*form.required, *form.optional):
            answer = send(sides, side, address, {**form.required, name: ["a", "b"]})
            assert (code_in(answer), answer.status_code) == ("field.repeated", 400), (rule, name)


@pytest.mark.parametrize("side", SIDES)
def test_a_field_that_is_too_long_is_refused(sides, side):
    turns = count()
    for rule, address in posts(sides, side).items():
        form = FORMS[side][rule]
        for name in (*form.required, *form.optional):
            for size in sides.some((form.limit + 1, max(form.limit + 1, 100_000)), next(turns), 2):
                answer = send(sides, side, address, {**form.required, name: "x" * size})
                assert (code_in(answer), answer.status_code) == ("request.too_large", 413), (rule, name, size)


@pytest.mark.parametrize("side", SIDES)
def test_no_form_takes_files_or_a_thousand_fields_or_another_kind_of_body(sides, side):
    for turn, (rule, address) in enumerate(posts(sides, side).items()):
        told = FORMS[side][rule].required
        answers = [
            send(
                sides,
                side,
                address,
                {**told, "photo": (BytesIO(b"x"), "../../x.svg")},
                content_type="multipart/form-data",
            ),
            send(sides, side, address, {**told, **{f"f{n}": "1" for n in range(1000)}}),
            send(
                sides, side, address, {**told, **{f"f{n}": "1" for n in range(200)}}, content_type="multipart/form-data"
            ),
        ]
        bodies = sides.some((b"{}", b"--x\r\n", b"\xff" * 99), turn, 3)
        for kind in sides.some(KINDS, turn, 2):
            client = sides.client(side, signed_in=True)
            answers += [client.post(address, data=body, content_type=kind) for body in bodies]
        for place, answer in enumerate(answers):
            accepted = not told and place > 2  # a form without fields takes an empty one
            assert accepted or 400 <= answer.status_code < 500, (rule, place)
            assert faults_of(answer) == [], (rule, place)


# --- text stays text --------------------------------------------------------------------------------------


def some_hostile(sides: Sides, turn: int) -> Sequence[str]:
    """All texts; in `make test` by turns one that would open a tag and one that would not, or that a database meets."""
    if sides.database == "postgresql":
        return share(HOSTILE, STORED[turn % len(STORED) :][:1])
    some = HOSTILE[len(OPENING) :] if turn % 2 else OPENING
    return share(HOSTILE, some[turn // 2 % len(some) :][:1])


@pytest.mark.parametrize("side", SIDES)
def test_hostile_text_in_any_field_breaks_nothing_and_stays_text(sides, side):
    faults, turns = {}, count()
    for rule, address in posts(sides, side).items():
        form = FORMS[side][rule]
        for name in (*form.required, *form.optional):
            for text in some_hostile(sides, next(turns)):
                answer = send(sides, side, address, {**form.required, name: text})
                if found := faults_of(answer):
                    faults[rule, name, text[:30]] = found
    assert faults == {}


@pytest.mark.parametrize("side", SIDES)
def test_bytes_that_are_no_text_break_nothing(sides, side):
    faults, turns = {}, count()
    for rule, address in posts(sides, side).items():
        form = FORMS[side][rule]
        for name in (*form.required, *form.optional):
            for raw in sides.some(BYTES, next(turns), 6):
                body = b"&".join(
                    [name.encode() + b"=" + raw, *(f"{k}={v}".encode() for k, v in form.required.items() if k != name)]
                )
                csrf = f"&csrf={sides.csrf()}".encode() if side == "hub" and "/m/" not in address else b""
                answer = sides.client(side, signed_in=True).post(
                    address, data=body + csrf, content_type="application/x-www-form-urlencoded"
                )
                if found := faults_of(answer):
                    faults[rule, name, raw] = found
    assert faults == {}


@pytest.mark.parametrize("path", ["/login?next=", "/staff/enter?next="])
def test_hostile_text_in_a_query_breaks_nothing_and_stays_text(sides, path):
    side = "hub" if "login" in path else "booth"
    faults = {}
    for text in HOSTILE:
        answer = sides.client(side).get(path.partition("?")[0], query_string={"next": text})
        if found := faults_of(answer):
            faults[text[:30]] = found
    assert faults == {}


def test_what_a_complainant_typed_is_shown_to_the_caseworker_as_text(sides):
    for text in (text for text in HOSTILE if len(text) < 30 and "\0" not in text):
        held = dict.fromkeys(("facts", "request", "respondent", "respondent_address", "name", "address"), f"甲{text}")
        sides.forgive()
        case = file_by_phone(sides.pair, **held)
        answer = sides.client("hub", signed_in=True).post(
            f"/fairs/demo/cases/{case}/open", data={"reason": "handling", "csrf": sides.csrf()}
        )
        assert (answer.status_code, faults_of(answer)) == (200, []), text


def test_what_a_tablet_says_of_itself_is_shown_on_the_board_as_text(sides):
    for turn, text in enumerate(text for text in HOSTILE if "\0" not in text):
        with sides.pair.hub.store.begin() as tx:
            tx.execute(devices.update().values(pack=text, version=text, reason=text, seen_at=0.0))
        device = device_of(sides.pair)
        for place in sides.some(("", "/completeness", "/devices", f"/devices/{device}"), turn, 2):
            answer = sides.client("hub", signed_in=True).get(f"/fairs/demo{place}")
            assert (answer.status_code, faults_of(answer)) == (200, [])


def test_nothing_that_was_refused_was_kept(sides):
    before = len(rows(sides.pair.hub, blobs))
    for name in COMPLAINT:
        told = {**_SCREEN, **COMPLAINT, name: "x" * 4001}
        assert send(sides, "hub", f"/m/complaint/{device_of(sides.pair)}", told).status_code == 413
    assert len(rows(sides.pair.hub, blobs)) == before


# --- where a form may lead ----------------------------------------------------------------------------------


ELSEWHERE = (
    "//evil.example", "///evil.example", "/\\evil.example", "https://evil.example", "\\\\evil", "", "evil",
    "/\t/evil.example", "/\n/evil.example", "/a\rb", "//[", "http:evil", " //evil.example", "javascript:alert(1)",
    "/a\0b", "\t//evil.example",
)  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
def test_an_address_that_may_lead_elsewhere_is_not_local(path):
    assert is_local_path(path) is False


@given(st.text(max_size=60))
def test_whether_an_address_is_local_can_always_be_said(path):
    assert is_local_path(path) in (True, False)


@given(st.text(st.sampled_from("/\\.:@?#[]%\t\r\n evil"), max_size=12).map(lambda tail: "/" + tail))
def test_a_local_address_stays_here_in_a_browsers_eyes(path):
    """Browsers drop tabs and line breaks, and read a backslash as a slash."""
    seen = path.translate({9: None, 10: None, 13: None}).replace("\\", "/")
    if is_local_path(path):
        assert not seen.startswith("//")


@pytest.mark.parametrize("side", SIDES)
def test_preferences_lead_nowhere_else(sides, side):
    for target in (
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/a\rb",
        "//[",
        "/a\nb",
    ):
        answer = sides.client(side).post("/preferences", data={"next": target})
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/"), target
