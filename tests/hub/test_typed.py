"""Figures that people type: what is missing, what is refused and why, what is asked about once more, who said what."""

import io
import itertools
import re
import threading
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec
import pytest
from PIL import Image
from sqlalchemy import select, update

from kiosk.facts import envelope
from kiosk.hub import attachments, fairs, ledger, people
from kiosk.hub.tables import blobs, facts, typed_figures
from kiosk.hub.tables import fairs as fairs_table
from kiosk.hub.typed import left_until
from kiosk.packs.fairs import OwnFigure, Unit
from kiosk.packs.model import Text
from tests import hostile
from tests.makers import Browser, Form, Page, Pair, an_id
from tests.proof import share, share_hubs

#: What says nothing of the database is tried on one.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
AT = "/fairs/demo/typed"
MESSAGES = f"{AT}/figures/messages"


@pytest.fixture
def office(paired: Pair) -> Browser:
    have(paired, units=[Unit("u1", Text("城区分局", "Town branch")), Unit("u2", Text("开发区分局", "Zone branch"))])
    return paired.in_the_office()


def have(paired: Pair, **changes: object) -> None:
    """Change the fair, as somebody who set it up would have."""
    with paired.hub.store.begin() as tx:
        fair = msgspec.structs.replace(fairs.find_fair(tx, "demo"), **changes)
        tx.execute(update(fairs_table).values(document=msgspec.json.encode(fair).decode()))


def say(office: Browser, value: str, figure: str = "messages", **told: str) -> Page:
    at = f"{AT}/figures/{figure}"
    return office.send(office.get(at).form(at), **{"value": value, "source": "运营商回执", **told})


def figure(paired: Pair, key: str, day: str | None = None, window: str = "period") -> object:
    with paired.hub.store.reading() as tx:
        found = fairs.figures_of(tx, fairs.find_fair(tx, "demo"), day, window=window)
    return next(one.value for one in found if one.key == key)


def sayings(paired: Pair) -> list[tuple[object, object]]:
    """(what it replaced, what was said), in order."""
    with paired.hub.store.reading() as tx:
        query = select(facts.c.line).where(facts.c.kind == "figure.typed").order_by(facts.c.seq)
        bodies = [envelope.decode(bytes(line)).body for line in tx.execute(query).scalars()]
    return [(body["before"], body["n"]) for body in bodies]


# --- what is missing --------------------------------------------------------------------------------


def test_what_nobody_measured_stands_first_and_goes_once_it_was_said(paired: Pair, office: Browser):
    page = office.get(AT)
    before = int(re.search(r"还缺 (\d+) 项", page.text)[1])
    assert 'id="f-messages"' in page
    page = office.send(page.form(MESSAGES), value="30万", source="运营商回执")
    assert page.path == AT
    assert "300,000" in page
    assert f"还缺 {before - 1} 项" in page
    assert 'id="f-messages"' not in page
    assert figure(paired, "messages") == 300_000


@on_sqlite
def test_none_is_said_with_a_zero_and_is_missing_no_more(paired: Pair, office: Browser):
    office.send(office.get(AT).form(MESSAGES), value="0", source="没有发")
    assert 'id="f-messages"' not in office.get(AT)
    assert figure(paired, "messages") == 0


@on_sqlite
def test_only_what_the_office_wants_is_asked_for(paired: Pair, office: Browser):
    have(paired, wanted=["headcount", "messages"])
    page = office.get(AT)
    assert "还缺 2 项" in page or "还缺 1 项" in page
    assert 'id="f-leaders"' not in page


@on_sqlite
def test_a_figure_of_the_fair_s_own_is_typed_like_any_other(paired: Pair, office: Browser):
    own = OwnFigure("wells", Text("机井检查", "Wells looked at"), "眼", Text("查过的机井", "wells"), "own", "sum")
    have(paired, own_figures=[own])
    say(office, "12", "own.wells")
    assert figure(paired, "own.wells") == 12


@on_sqlite
def test_the_head_counts_down_to_the_deadline_in_words(paired: Pair, office: Browser):
    have(paired, deadline="2027-03-18T18:00:00.000+08:00")
    assert re.search(r"还有 \d+ 天 \d+ 小时", office.get(AT).text)


@pytest.mark.parametrize(
    ("at", "zh"),
    [
        ("2027-03-18T12:48:00+08:00", "还有 5 小时 12 分"),
        ("2027-03-18T17:59:10+08:00", "还有 0 分"),
        ("2027-03-16T12:00:00+08:00", "还有 2 天 6 小时"),
        ("2027-03-18T18:30:00+08:00", "已过 30 分"),
    ],
)
def test_what_is_left_is_said_in_two_units(at, zh):
    assert left_until("2027-03-18T18:00:00.000+08:00", datetime.fromisoformat(at), "zh") == zh


@pytest.mark.parametrize("deadline", ["", "2027-02-31T18:00:00.000+08:00"])
def test_without_a_deadline_nothing_counts_down(deadline):
    assert left_until(deadline, datetime.now(UTC), "zh") == ""


# --- saying, saying again, taking back ----------------------------------------------------------------


def test_said_again_it_is_replaced_and_never_added(paired: Pair, office: Browser):
    say(office, "1000")
    say(office, "1200")
    assert figure(paired, "messages") == 1200
    assert sayings(paired) == [(None, 1000), (1000, 1200)]
    page = office.get(MESSAGES)
    assert "1,000 →" in page
    assert "运营商回执" in page


def test_a_form_sent_twice_is_one_saying(paired: Pair, office: Browser):
    form = office.get(MESSAGES).form(MESSAGES)
    for _ in range(3):
        assert office.send(form, value="500", source="回执").status == 200
    assert sayings(paired) == [(None, 500)]


@on_sqlite
def test_a_form_s_id_is_for_one_saying_only(paired: Pair, office: Browser):
    form = office.get(MESSAGES).form(MESSAGES)
    office.send(form, value="500", source="回执")
    assert office.send(form, value="600", source="回执").status == 409
    assert sayings(paired) == [(None, 500)]


def test_taken_back_with_a_reason_nothing_is_said_and_the_history_stays(paired: Pair, office: Browser):
    page = say(office, "500")
    back = page.form(f"{MESSAGES}/back")
    assert "为什么撤回" in page
    assert office.send(back, reason="").status == 422
    for _ in range(2):
        page = office.send(back, reason="发错了指标")
    assert sayings(paired) == [(None, 500), (500, None)]
    assert figure(paired, "messages") is None
    assert "发错了指标" in page
    say(office, "700")
    assert figure(paired, "messages") == 700


@on_sqlite
def test_who_typed_over_another_is_told_whose_number_stands_there(paired: Pair, office: Browser):
    mine = office.get(MESSAGES).form(MESSAGES)
    say(office, "1000", source="移动的回执")
    page = office.send(mine, value="2000", source="联通的回执")
    assert page.status == 409
    assert "移动的回执" in page
    assert figure(paired, "messages") == 1000
    office.send(page.form(MESSAGES))
    assert figure(paired, "messages") == 2000
    assert sayings(paired)[-1] == (1000, 2000)


def test_two_organisers_at_the_same_moment_leave_one_number_and_the_other_is_told(paired: Pair, office: Browser):
    """Each pressed at once; neither number is added to the other, and nobody's is lost unseen."""
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "王", "another-password-315", {"organiser"})
    other = Browser(paired.hub_app.test_client()).sign_in("王", "another-password-315")
    forms = [(one, one.get(MESSAGES).form(MESSAGES)) for one in (office, other)]
    at_once = threading.Barrier(2)
    pages: list[Page] = []

    def press(one: Browser, form: Form, value: str) -> None:
        at_once.wait()
        pages.append(one.send(form, value=value, source="回执"))

    threads = [
        threading.Thread(target=press, args=(one, form, value))
        for (one, form), value in zip(forms, ("1000", "2000"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(page.status for page in pages) == [200, 409]
    [(before, n)] = sayings(paired)
    assert before is None
    assert figure(paired, "messages") == n
    told = next(page for page in pages if page.status == 409)
    assert f"{n:,}" in told, "whose number stands there"


@on_sqlite
def test_a_day_is_one_of_the_fair_and_stands_in_the_period_too(paired: Pair, office: Browser):
    page = say(office, "5", "vehicles", window="day", day="2027-04-01")
    assert page.status == 422
    assert "不在活动日期里" in page
    assert re.search(r"2027-03-\d\d 到 2027-03-\d\d", page.text)
    say(office, "5", "vehicles", window="day", day="2027-03-15")
    say(office, "2", "vehicles", window="period")
    assert figure(paired, "vehicles", "2027-03-15") == 5
    assert figure(paired, "vehicles") == 7


def test_a_form_that_is_turned_to_another_place_says_it_of_that_place(paired: Pair, office: Browser):
    say(office, "10", "vehicles")
    page = say(office, "7", "vehicles", unit="u1")
    assert page.status == 200
    assert figure(paired, "vehicles") == 17


@on_sqlite
def test_every_unit_has_a_number_of_its_own(paired: Pair, office: Browser):
    say(office, "10", "vehicles", unit="u1")
    say(office, "20", "vehicles", unit="u2")
    page = say(office, "25", "vehicles", unit="u2")
    assert figure(paired, "vehicles") == 35
    assert "城区分局" in page


def test_a_year_s_number_stands_alone(paired: Pair, office: Browser):
    say(office, "969", "complaints_closed", window="year")
    assert figure(paired, "complaints_closed", window="year") == 969
    assert figure(paired, "complaints_closed") == 0


@on_sqlite
def test_numbers_are_read_as_people_write_them(paired: Pair, office: Browser):
    assert "300,000" in say(office, "30万")
    say(office, "511.5万元", "recovered")
    say(office, "2 吨", "destroyed_weight")
    assert figure(paired, "recovered") == "5115000.00"
    assert figure(paired, "destroyed_weight") == "2000.00"


@on_sqlite
def test_what_is_no_number_of_the_figure_is_refused_with_what_to_do(paired: Pair, office: Browser):
    for value, key, sentence in (
        ("-5", "messages", "不能是负数"),
        ("=1+1", "messages", "请只写数字"),
        ("<b>5</b>", "messages", "请只写数字"),
        ("🎉", "messages", "请只写数字"),
        ("𠮷", "messages", "请只写数字"),
        ("", "messages", "还没有写"),
        ("2万余", "messages", "请写准数"),
        ("3.5", "vehicles", "这个指标是整数"),
        ("1530床", "destroyed_pieces", "单位和这个指标的不一样"),
        ("9999999999999999", "messages", "数字太大"),
        ("1,23", "messages", "逗号的位置不对"),
        ("3斤", "destroyed_pieces", "单位和这个指标的不一样"),
        ("3件", "destroyed_weight", "单位和这个指标的不一样"),
        ("3吨", "recovered", "单位和这个指标的不一样"),
        ("500人", "headcount", "单位和这个指标的不一样"),
        ("1.000", "vehicles", "这个指标是整数"),
        ("10⁹", "messages", "请只写数字"),
        ("5" * 40, "messages", "数字太大"),
    ):
        page = say(office, value, key)
        assert (page.status, sentence in page) == (422, True), value
    assert sayings(paired) == []


@on_sqlite
def test_a_number_without_a_source_is_not_kept(paired: Pair, office: Browser):
    for source, sentence in (("", "还没有写"), ("长" * 201, "写得太长"), ("找张三 13800138000", "手机号")):
        page = say(office, "5", source=source)
        assert (page.status, sentence in page) == (422, True), source
    assert sayings(paired) == []


@on_sqlite
def test_a_source_may_be_any_words_and_stays_words(office: Browser):
    for n, source in enumerate(('=HYPERLINK("x")', "<script>alert(1)</script>", "回执🎉𠮷", "名" * 200)):
        page = say(office, str(n + 1), source=source)
        assert page.status == 200
        assert "<script>alert" not in page


@on_sqlite
def test_a_thousand_million_is_asked_about_once_more(paired: Pair, office: Browser):
    page = say(office, "1000000000")
    assert page.status == 422
    assert "1,000,000,000" in page
    assert sayings(paired) == []
    office.send(page.form(MESSAGES))
    assert figure(paired, "messages") == 10**9


@on_sqlite
def test_ten_times_the_largest_known_is_asked_about_and_another_number_anew(paired: Pair, office: Browser):
    say(office, "20", "vehicles", unit="u1")
    page = say(office, "300", "vehicles")
    assert page.status == 422
    page = office.send(page.form(f"{AT}/figures/vehicles"), value="3000")
    assert page.status == 422, "confirmed was another number"
    office.send(page.form(f"{AT}/figures/vehicles"))
    assert figure(paired, "vehicles") == 3020


@on_sqlite
def test_what_is_only_counted_cannot_be_typed(office: Browser):
    for key in ("headout", "accuracy", "nothing", "own.nothing"):
        assert office.get(f"{AT}/figures/{key}").status == 404, key


@on_sqlite
def test_windows_and_units_are_those_of_the_form(paired: Pair, office: Browser):
    for told in ({"window": "week"}, {"window": "day"}, {"unit": "u9"}):
        assert say(office, "5", **told).status == 400, told
    assert sayings(paired) == []


@on_sqlite
def test_only_organisers_type(paired: Pair, office: Browser):
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "看客", "viewer-password-315", {"viewer"})
    viewer = Browser(paired.hub_app.test_client()).sign_in("看客", "viewer-password-315")
    assert viewer.get(AT).status == 403
    assert viewer.get(MESSAGES).status == 403


def test_rebuilt_it_is_the_same(paired: Pair, office: Browser):
    say(office, "1000")
    say(office, "5", "vehicles", window="day", day="2027-03-15", unit="u1")
    before = (figure(paired, "messages"), figure(paired, "vehicles"))
    ledger.rebuild(paired.hub)
    assert (figure(paired, "messages"), figure(paired, "vehicles")) == before
    assert len(sayings(paired)) == 2


# --- hostile words ------------------------------------------------------------------------------------

#: Where words or a number go, with what stands in the other fields.
FORMS = {
    f"{AT}/figures/messages": {"value": "5", "source": "回执"},
    f"{AT}/figures/recovered": {"value": "5", "source": "回执", "window": "day", "day": "2027-03-15", "unit": ""},
    f"{AT}/lists/destroyed": {
        "title": "假酒", "source": "清单", "category": "酒类", "quantity": "3", "measure": "件", "weight": "1",
        "value": "1", "host": "", "day": "2027-03-15",
    },
    f"{AT}/lists/units": {"title": "某店", "source": "签到表", "type": "business", "code": "", "day": "2027-03-15"},
    "/fairs/demo/statement/doubts": {"check": "within", "found": "ab" * 32, "note": "核对过"},
}  # fmt: skip


@share_hubs
def test_whatever_stands_in_a_field_is_refused_with_a_code_or_kept_as_the_text_it_is(paired: Pair, office: Browser):
    """Every field of every form takes its turn with the public list and with ours."""
    csrf = office.get(AT).form("/logout").values["csrf"]
    turns = itertools.cycle([(at, name) for at, told in FORMS.items() for name in told])
    texts = share(hostile.texts(), [*hostile.public()[::8], *hostile.made()[::80]])
    for number, (text, (at, name)) in enumerate(zip(texts, turns, strict=False)):
        told = {**FORMS[at], "id": an_id(1_000 + number), "csrf": csrf, name: text}
        body = urlencode({key: word.encode("utf-8", "surrogatepass") for key, word in told.items()})
        answer = office.client.post(at, data=body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in (303, 400, 409, 413, 422), (at, name, text)
        if answer.status_code in (400, 413):
            assert re.search(r"<code>[a-z_]+\.[a-z_]+</code>", answer.text), (at, name, text)
    for at in (*FORMS, AT, "/fairs/demo/statement"):
        if not at.endswith("doubts"):
            page = office.get(at)
            assert page.status == 200
            assert "<script>alert" not in page
            assert "<x315" not in page
    assert ledger.verify(paired.hub) == []


# --- attachments --------------------------------------------------------------------------------------


def a_photo() -> bytes:
    """With a camera's name in it."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = "Camera of 315"
    Image.new("RGB", (400, 300), "tan").save(out, "JPEG", exif=exif)
    return out.getvalue()


def attach(office: Browser, data: bytes, name: str = "receipt.jpg") -> Page:
    form = office.get(MESSAGES).form(MESSAGES)
    told = {**form.values, "value": "500", "source": "回执", "attachment": (io.BytesIO(data), name)}
    return Page(office.client.post(MESSAGES, data=told, content_type="multipart/form-data", follow_redirects=True))


@on_sqlite
def test_an_attachment_is_sealed_and_opened_by_who_has_the_key(paired: Pair, office: Browser):
    for data, kind in ((a_photo(), "image/jpeg"), (b"%PDF-1.7 hello", "application/pdf")):
        page = attach(office, data)
        assert page.status == 200, " ".join(re.sub(r"<[^>]+>", "", page.text).split())[-600:]
        with paired.hub.store.reading() as tx:
            newest = select(typed_figures.c.blob).order_by(typed_figures.c.seq.desc())
            name = tx.execute(newest.limit(1)).scalar_one()
            sealed = tx.execute(select(blobs.c.content).where(blobs.c.sha256 == name)).scalar_one()
        assert data not in bytes(sealed)
        found = office.client.get(re.search(rf"{AT}/attachments/[0-9a-f]{{32}}", page.text)[0])
        assert (found.status_code, found.mimetype) == (200, kind)
        assert "attachment" in found.headers["Content-Disposition"]
        assert found.data.startswith(b"\xff\xd8" if kind == "image/jpeg" else data)
        assert b"Camera of 315" not in found.data


@on_sqlite
def test_what_is_no_attachment_is_refused_and_nothing_is_kept(paired: Pair, office: Browser, monkeypatch):
    monkeypatch.setattr(attachments, "LIMIT", 50_000)
    for data, sentence in (
        (b"MZ\x90 a program", "只收照片"), (b"%PDF-" + bytes(50_000), "附件最多"), (b"", "空的"),
    ):  # fmt: skip
        page = attach(office, data)
        assert page.status in (413, 422)
        assert sentence in page
    assert sayings(paired) == []


def a_bomb() -> bytes:
    """A few kilobytes that would be 900 megapixels."""
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    return out.getvalue()


@on_sqlite
def test_hostile_attachments_get_a_sentence_and_nothing_is_kept(paired: Pair, office: Browser):
    photo = a_photo()
    for name, data in {
        "bomb.png": a_bomb(), "half.jpg": photo[: len(photo) // 2], "head.jpg": photo[:20],
        "page.jpg": b"<html><script>alert(1)</script>", "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "book.xlsx": b"PK\x03\x04" + bytes(200), "%PDF-.txt": b" %PDF-1.7", "nul.jpg": bytes(5_000),
    }.items():  # fmt: skip
        page = attach(office, data, name)
        assert page.status in (413, 422), name
        assert "只收" in page or "照片" in page, name
    assert sayings(paired) == []
    with paired.hub.store.reading() as tx:
        assert tx.execute(select(blobs.c.sha256)).all() == []


@on_sqlite
def test_a_file_s_name_is_never_kept_or_said(paired: Pair, office: Browser):
    page = attach(office, b"%PDF-1.7 <script>alert(1)</script>", '../../张三 13800138000"><script>.pdf')
    assert page.status == 200
    assert "张三" not in page
    assert "<script>alert" not in page
    found = office.client.get(re.search(rf"{AT}/attachments/[0-9a-f]{{32}}", page.text)[0])
    assert re.fullmatch(r'attachment; filename="[0-9a-f]{8}\.pdf"', found.headers["Content-Disposition"])
    assert found.headers["X-Content-Type-Options"] == "nosniff"


@on_sqlite
def test_a_form_larger_than_any_attachment_is_refused_before_it_is_read(paired: Pair, office: Browser):
    body, kind = bytes(attachments.UPLOAD_LIMIT + 1), "multipart/form-data; boundary=x315"
    assert office.client.post(MESSAGES, data=body, content_type=kind).status_code == 413
    assert sayings(paired) == []


@on_sqlite
def test_nothing_is_attached_to_what_nobody_said(office: Browser):
    assert office.get(f"{AT}/attachments/{an_id(9)}").status == 404
