"""Exhibits from a photo: taken, marked, described, approved by name, shown; withdrawn, and gone."""

import hashlib
import io
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from kiosk.booth.context import Booth, new_id
from kiosk.booth.journal import Draft
from kiosk.booth.shelf import MOST, PLACES, Shelf
from kiosk.errors import STORAGE_FAILED, Problem
from kiosk.hub.tables import facts
from tests.clocks import FakeClock
from tests.makers import VOLUNTEER, Browser, Page, facts_of

ONE, TWO = "o315a0b1c", "o315a0b1d"
WORDS = {
    "title_zh": "一瓶“纯粮”白酒",
    "title_en": "",
    "wrong_1_zh": "厂名的字糊在一起",
    "wrong_1_en": "The maker's name is smudged",
    "check_1_zh": "在亮处看，正规印刷的笔画是清楚的。",
    "check_1_en": "",
}


def a_jpeg(colour: str = "tan", size: tuple[int, int] = (640, 480)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", comment=b"taken by Zhang San")
    return out.getvalue()


@pytest.fixture
def desk(client: FlaskClient) -> Browser:
    """The volunteer, PIN typed."""
    return Browser(client).enter(*VOLUNTEER)


def take(desk: Browser, brought_id: str = ONE, data: bytes = b"", name: str = "photo.jpg") -> Page:
    sent = {"photo": (io.BytesIO(data or a_jpeg()), name)}
    at = f"/staff/exhibits/{brought_id}/photo"
    return Page(desk.client.post(at, data=sent, content_type="multipart/form-data", follow_redirects=True))


def mark(desk: Browser, places: str = "0:1000,1000,2000,3000", brought_id: str = ONE) -> Page:
    return desk.post(f"/staff/exhibits/{brought_id}/places", places=places)


def describe(desk: Browser, brought_id: str = ONE, **changes: str) -> Page:
    return desk.post(f"/staff/exhibits/{brought_id}/words", **{"go": "next", **WORDS, **changes})


def approve(desk: Browser, page: Page, brought_id: str = ONE, **changes: str) -> Page:
    told = {"volunteer": VOLUNTEER[0], "pin": VOLUNTEER[1], **changes}
    return desk.send(page.form(f"/staff/exhibits/{brought_id}/approve"), **told)


def show(desk: Browser, brought_id: str = ONE) -> Page:
    """From the photo to the visitors."""
    take(desk, brought_id)
    mark(desk, brought_id=brought_id)
    return approve(desk, describe(desk, brought_id), brought_id)


def code_in(page: Page) -> str:
    return page.text.partition("<code>")[2].partition("</code>")[0]


# --- the way of one --------------------------------------------------------------------------------------


def test_a_photo_becomes_an_exhibit_that_visitors_see(desk: Browser, booth: Booth, visitor: Browser):
    assert take(desk).path == f"/staff/exhibits/{ONE}/places"
    assert mark(desk).path == f"/staff/exhibits/{ONE}/words"
    page = describe(desk)
    assert page.path == f"/staff/exhibits/{ONE}/look"
    assert "本台工作人员核对的说明，不是法律结论" in page
    assert visitor.get(f"/gallery/own/{ONE}").status == 404
    assert approve(desk, page).path == "/staff/exhibits"

    [fact] = facts_of(booth.journal, "exhibit.approved")
    file = booth.config.data / "exhibits" / f"{ONE}.json"
    assert (fact.by, fact.body) == (
        VOLUNTEER[0],
        {"exhibit": ONE, "digest": hashlib.sha256(file.read_bytes()).hexdigest()},
    )
    assert f'href="/gallery/own/{ONE}"' in visitor.get("/gallery")
    page = visitor.get(f"/gallery/own/{ONE}")
    assert WORDS["title_zh"] in page
    assert WORDS["check_1_zh"] in page
    assert "本台工作人员核对的说明，不是法律结论" in page
    picture = visitor.client.get(f"/gallery/own/{ONE}.jpg")
    assert (picture.mimetype, picture.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert b"Zhang San" not in picture.data
    assert Image.open(io.BytesIO(picture.data)).size == (640, 480)


def test_own_exhibits_come_first_on_the_wall_and_have_a_category(desk: Browser, booth: Booth, visitor: Browser):
    assert "category=own" not in visitor.get("/gallery")
    show(desk)
    page = visitor.get("/gallery")
    assert page.text.index(f'href="/gallery/own/{ONE}"') < page.text.index('href="/gallery/e01"')
    assert f'全部 <span class="num">{len(booth.pack.exhibits) + 1}</span>' in page
    alone = visitor.get("/gallery?category=own")
    assert (f'href="/gallery/own/{ONE}"' in alone, 'href="/gallery/e01"' in alone) == (True, False)
    assert f'href="/gallery/own/{ONE}"' not in visitor.get(f"/gallery?category={booth.pack.exhibits[0].category}")


def test_an_own_exhibit_is_viewed_like_any_other_and_ends_the_view_of_the_one_before(
    desk: Browser, booth: Booth, visitor: Browser, clock: FakeClock
):
    show(desk)
    visitor.get("/gallery/e01")
    clock.tick(5)
    visitor.get(f"/gallery/own/{ONE}")
    clock.tick(4)
    visitor.get(f"/gallery/own/{ONE}/closer")
    clock.tick(4)
    visitor.get("/gallery/scan")
    clock.tick(60)
    visitor.post("/leave")
    seen = [(fact.body["exhibit"], fact.body["ms"]) for fact in facts_of(booth.journal, "exhibit.viewed")]
    assert seen == [("e01", 5_000), (ONE, 8_000)]


def test_its_photo_can_be_looked_at_as_large_as_the_screen(desk: Browser, visitor: Browser):
    show(desk)
    assert f'href="/gallery/own/{ONE}/closer"' in visitor.get(f"/gallery/own/{ONE}")
    page = visitor.get(f"/gallery/own/{ONE}/closer")
    assert f'src="/gallery/own/{ONE}.jpg"' in page
    assert f'href="/gallery/own/{ONE}"' in page
    assert visitor.get(f"/gallery/own/{TWO}/closer").status == 404


def test_without_english_the_chinese_stands_and_says_so(desk: Browser, visitor: Browser):
    show(desk)
    visitor.client.set_cookie("lang", "en")
    page = visitor.get(f"/gallery/own/{ONE}")
    assert f'<span lang="zh-CN">{WORDS["title_zh"]}</span>' in page
    assert "<span>The maker&#39;s name is smudged</span>" in page


def test_a_phone_that_read_a_card_sees_it_too(desk: Browser, booth: Booth):
    show(desk)
    page = desk.client.get(f"/m/gallery/own/{ONE}").text
    assert f'src="/m/gallery/own/{ONE}.jpg"' in page
    assert desk.client.get(f"/m/gallery/own/{ONE}.jpg").mimetype == "image/jpeg"


def test_what_is_not_approved_is_nowhere(desk: Browser, visitor: Browser):
    take(desk)
    mark(desk)
    describe(desk)
    for path in (f"/gallery/own/{ONE}", f"/gallery/own/{ONE}.jpg", f"/m/gallery/own/{ONE}"):
        assert visitor.get(path).status == 404
    assert ONE not in visitor.get("/gallery")


def test_a_withdrawn_exhibit_is_gone_at_once_and_may_be_mended(desk: Browser, booth: Booth, visitor: Browser):
    form = show(desk).form(f"/staff/exhibits/{ONE}/withdraw")
    assert [desk.send(form).status, desk.send(form).status] == [200, 200]
    [fact] = facts_of(booth.journal, "exhibit.withdrawn")
    assert (fact.by, fact.body) == (VOLUNTEER[0], {"exhibit": ONE})
    assert visitor.get(f"/gallery/own/{ONE}").status == 404
    assert "已撤下" in desk.get("/staff/exhibits")
    approve(desk, describe(desk, title_zh="一瓶白酒"))
    assert "一瓶白酒" in visitor.get(f"/gallery/own/{ONE}")


def test_each_exhibit_on_the_page_is_withdrawn_by_itself(desk: Browser, visitor: Browser):
    show(desk)
    page = show(desk, TWO)
    desk.send(page.form(f"/staff/exhibits/{ONE}/withdraw"))
    desk.send(page.form(f"/staff/exhibits/{TWO}/withdraw"))  # from the page as it was before
    assert [visitor.get(f"/gallery/own/{one}").status for one in (ONE, TWO)] == [404, 404]


def test_what_the_disk_kept_without_saying_so_holds(desk: Browser, booth: Booth, visitor: Browser, monkeypatch):
    form = show(desk).form(f"/staff/exhibits/{ONE}/withdraw")
    append = booth.journal.append

    def keeps_and_fails(*drafts: Draft) -> None:
        append(*drafts)
        raise Problem(STORAGE_FAILED)

    with monkeypatch.context() as patch:
        patch.setattr(booth.journal, "append", keeps_and_fails)
        assert desk.send(form).status == 503
    assert visitor.get(f"/gallery/own/{ONE}").status == 404


def test_what_is_approved_is_not_approved_again(desk: Browser, booth: Booth):
    show(desk)
    approve(desk, desk.get(f"/staff/exhibits/{ONE}/look"))
    assert len(facts_of(booth.journal, "exhibit.approved")) == 1


def test_a_deleted_exhibit_leaves_no_file(desk: Browser, booth: Booth):
    take(desk)
    page = desk.post(f"/staff/exhibits/{ONE}/discard")
    assert ONE not in page
    assert list((booth.config.data / "exhibits").iterdir()) == []


def test_what_is_shown_is_neither_changed_nor_deleted(desk: Browser, booth: Booth):
    show(desk)
    before = {file: file.read_bytes() for file in (booth.config.data / "exhibits").iterdir()}
    for page in (take(desk), mark(desk), describe(desk, title_zh="x"), desk.post(f"/staff/exhibits/{ONE}/discard")):
        assert (page.status, "正在展出" in page) == (409, True)
    assert {file: file.read_bytes() for file in (booth.config.data / "exhibits").iterdir()} == before


def test_what_was_approved_is_still_there_after_a_restart(desk: Browser, booth: Booth):
    show(desk)
    again = Shelf(booth.config.data / "exhibits", booth.journal, frozenset())
    assert [one.id for one in again.public()] == [ONE]


@pytest.mark.parametrize("ending", ["json", "jpg"])
def test_a_file_that_somebody_changed_is_shown_to_nobody(desk: Browser, booth: Booth, visitor: Browser, ending: str):
    show(desk)
    file = booth.config.data / "exhibits" / f"{ONE}.{ending}"
    file.write_bytes(file.read_bytes().replace("白酒".encode(), "药酒".encode()) + b" ")
    booth.shelf._held = None
    assert visitor.get(f"/gallery/own/{ONE}{'' if ending == 'json' else '.jpg'}").status == 404


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"id":"../../x"}', b"null"])
def test_a_spoilt_file_spoils_nothing_else(desk: Browser, booth: Booth, content: bytes):
    show(desk)
    (booth.config.data / "exhibits" / "o00000000.json").write_bytes(content)
    booth.shelf._held = None
    assert [one.id for one in booth.shelf.public()] == [ONE]
    assert desk.get("/staff/exhibits").status == 200


def test_files_are_their_owners_alone(desk: Browser, booth: Booth):
    take(desk)
    folder = booth.config.data / "exhibits"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


# --- the photo --------------------------------------------------------------------------------------------


def test_the_page_asks_for_the_camera_and_warns_before_it_opens(desk: Browser):
    page = desk.get("/staff/exhibits/new")
    assert re.fullmatch(r"/staff/exhibits/o[0-9a-f]{8}/photo", page.path)
    assert page.headers["Permissions-Policy"].startswith("camera=(self)")
    assert "请不要拍到人脸、证件、单号" in page


@pytest.mark.parametrize("size", [20 * 2**20 + 1, 21 * 2**20])
def test_a_photo_that_is_too_large_is_told_so_on_its_own_page(desk: Browser, booth: Booth, size: int):
    """Whether it was read and measured, or not even taken in."""
    head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
    body, at = head + a_jpeg() + bytes(size) + b"\r\n--x--\r\n", f"/staff/exhibits/{ONE}/photo"
    page = Page(desk.client.post(at, data=body, content_type="multipart/form-data; boundary=x"))
    assert (page.status, page.path) == (413, at)
    assert "照片文件太大，最多 20 MB" in page.text.partition('role="alert"')[2]
    assert 'name="photo"' in page
    assert booth.shelf.all() == []


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"\0\0\0\x18ftypheic" + bytes(99), 422, "读不出来"),  # it is looked at: what reads HEIC is there
        (b"<svg onload='alert(1)'/>", 422, "这种文件收不了"),
        (a_jpeg()[:900], 422, "读不出来"),
        (a_jpeg(size=(1, 1)), 422, "太小或太窄"),
    ],
    ids=["HEIC", "SVG", "cut short", "1×1"],
)
def test_a_photo_of_no_use_is_refused_on_the_page_it_came_from(desk: Browser, booth: Booth, data, code, word):
    page = take(desk, data=data, name="photo.jpg")
    assert (page.status, word in page) == (code, True)
    assert page.headers["Permissions-Policy"].startswith("camera=(self)")
    assert booth.shelf.all() == []


def test_an_empty_file_is_refused(desk: Browser):
    page = Page(desk.client.post(f"/staff/exhibits/{ONE}/photo", data={"photo": (io.BytesIO(b""), "x.jpg")}))
    assert (page.status, "这张照片是空的" in page) == (422, True)


def test_two_hundred_megabytes_are_refused_unread(desk: Browser):
    answer = desk.client.post(
        f"/staff/exhibits/{ONE}/photo",
        data=b"--x",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(200 * 2**20)},
    )
    assert answer.status_code == 413


def test_only_the_photo_may_be_large_and_only_from_a_volunteer(desk: Browser, visitor: Browser, booth_app):
    large = a_jpeg() + bytes(200_000)  # three times what other forms may have
    assert take(desk, data=large).path.endswith("/places")
    stranger = Browser(booth_app.test_client())
    assert take(stranger, data=large).status in (403, 413)
    sent = {"places": (io.BytesIO(large), "x")}
    answer = desk.client.post(f"/staff/exhibits/{ONE}/places", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 413


def test_another_photo_takes_the_place_of_the_first(desk: Browser, booth: Booth):
    take(desk)
    mark(desk)
    describe(desk)
    number = booth.shelf.find(ONE).exhibit.number
    take(desk, data=a_jpeg("navy"))
    [held] = booth.shelf.all()
    assert (held.exhibit.number, held.exhibit.places, held.exhibit.title.zh) == (number, [], WORDS["title_zh"])


@pytest.mark.parametrize("wrong", ["x", "o315", "o315a0b1cd", "O315A0B1C", "e01", "o..%2f..%2f"])
def test_an_id_of_another_shape_makes_no_file(desk: Browser, booth: Booth, wrong: str):
    assert take(desk, wrong).status == 404
    assert not (booth.config.data / "exhibits").exists()


def test_there_are_only_so_many(desk: Browser, booth: Booth):
    for number in range(MOST):
        take(desk, f"o{number:08x}")
    page = take(desk, "offffffff")
    assert (page.status, f"已有 {MOST} 件" in page) == (409, True)
    assert len(booth.shelf.all()) == MOST
    numbers = {one.exhibit.number for one in booth.shelf.all()}
    assert len(numbers) == MOST
    assert not numbers & {one.number for one in booth.pack.exhibits}


def test_where_room_is_short_nothing_is_kept_and_a_sentence_says_so(desk: Browser, booth: Booth, monkeypatch):
    monkeypatch.setattr(type(booth.storage), "level", "low")
    page = take(desk)
    assert (page.status, "存储快满" in page) == (507, True)
    assert booth.shelf.all() == []


def test_a_disk_that_is_full_is_a_sentence_too(desk: Browser, booth: Booth, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    take(desk)
    monkeypatch.setattr("kiosk.files.os.fsync", full)
    page = mark(desk)
    assert (page.status, "brought.room") == (507, code_in(page))
    monkeypatch.undo()
    assert booth.shelf.find(ONE).exhibit.places == []


# --- places ------------------------------------------------------------------------------------------------


def test_the_words_of_a_place_move_with_it(desk: Browser, booth: Booth):
    take(desk)
    mark(desk, "0:0,0,1000,1000;0:5000,5000,1000,1000")
    describe(desk, wrong_2_zh="第二处", check_2_zh="看第二处")
    mark(desk, "2:6000,6000,1000,1000;0:0,0,500,500")
    first, second = booth.shelf.find(ONE).exhibit.places
    assert (first.x, first.wrong.zh, second.wrong.zh) == (0.6, "第二处", "")


@pytest.mark.parametrize(
    "places",
    [
        "x", "0", "0:1,2,3", "0:1,2,3,4,5", "0:-1,0,1000,1000", "0:1e3,0,1000,1000", "0:10001,0,1000,1000", ";",
        "0:0,0,1000,1000;", "0:٣٣٣,0,1000,1000", "0:99999999999999999999,0,1,1",
    ],
)  # fmt: skip
def test_places_out_of_shape_are_refused(desk: Browser, booth: Booth, places: str):
    take(desk)
    assert mark(desk, places).status == 400
    assert booth.shelf.find(ONE).exhibit.places == []


@pytest.mark.parametrize("places", ["", "0:0,0,299,1000", "0:9900,0,1000,1000", ";".join(["0:0,0,900,900"] * 6)])
def test_too_many_too_small_or_none_are_refused_on_the_page(desk: Browser, places: str):
    take(desk)
    page = mark(desk, places)
    assert (page.status, f"请在照片上标出 1 到 {PLACES} 处" in page) == (422, True)


def test_a_place_may_lie_along_every_edge(desk: Browser, booth: Booth):
    take(desk)
    for x in (0, 1, 3333, 4999, 7001, 9001):
        assert mark(desk, f"1:{x},{x},{10_000 - x},{10_000 - x}").path.endswith("/words"), x


def test_without_javascript_cells_are_ticked_and_ticked_off(desk: Browser, booth: Booth):
    form = take(desk).form(f"/staff/exhibits/{ONE}/places")
    assert len(form.choices("tick")) == 25
    page = desk.send(form, tick="4,4")
    assert page.text.count('aria-pressed="true"') == 1
    page = desk.send(page.form(form.action), tick="1,2")
    assert [(place.x, place.y) for place in booth.shelf.find(ONE).exhibit.places] == [(0.8, 0.8), (0.2, 0.4)]
    page = desk.send(page.form(form.action), tick="4,4")
    assert [(place.x, place.y) for place in booth.shelf.find(ONE).exhibit.places] == [(0.2, 0.4)]
    assert desk.send(page.form(form.action)).path.endswith("/words")


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["title_zh", "wrong_1_zh", "check_1_zh"])
def test_chinese_is_asked_for_and_what_was_typed_is_kept(desk: Browser, booth: Booth, missing: str):
    take(desk)
    mark(desk)
    page = describe(desk, **{missing: " \u3000 "})
    assert (page.status, "都要写中文" in page) == (422, True)
    assert page.form(f"/staff/exhibits/{ONE}/words").values["wrong_1_en"] == WORDS["wrong_1_en"]
    assert booth.shelf.find(ONE).exhibit.places[0].wrong.en == WORDS["wrong_1_en"]
    assert desk.get(f"/staff/exhibits/{ONE}/look").path.endswith("/words")


def test_what_is_half_written_can_be_saved(desk: Browser, booth: Booth):
    take(desk)
    mark(desk)
    assert desk.post(f"/staff/exhibits/{ONE}/words", go="save", title_zh="半句").path.endswith("/words")
    assert booth.shelf.find(ONE).exhibit.title.zh == "半句"


def test_words_are_words_and_nothing_else(desk: Browser, visitor: Browser):
    hostile = "<script>alert(1)</script>\u202e{{ 7*7 }}\n第二行"
    take(desk)
    mark(desk)
    approve(desk, describe(desk, title_zh="<b>粗", wrong_1_zh=hostile, check_1_zh="'\"><img src=x onerror=alert(1)>"))
    for page in (visitor.get(f"/gallery/own/{ONE}"), visitor.get("/gallery"), desk.get("/gallery/cards")):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>粗" not in page
        assert "\u202e" not in page
    assert "{{ 7*7 }} 第二行" in visitor.get(f"/gallery/own/{ONE}")


@pytest.mark.parametrize(("name", "size"), [("title_zh", 41), ("title_en", 121), ("wrong_1_zh", 601)])
def test_words_that_are_too_long_are_refused(desk: Browser, booth: Booth, name: str, size: int):
    take(desk)
    mark(desk)
    assert describe(desk, **{name: "字" * size}).status == 422
    assert booth.shelf.find(ONE).exhibit.title.zh == ""


# --- approval -------------------------------------------------------------------------------------------------


def test_a_wrong_pin_shows_nothing_and_counts_as_any_other(desk: Browser, booth: Booth):
    take(desk)
    mark(desk)
    page = describe(desk)
    for _ in range(5):
        page = approve(desk, page, pin="000000")
        assert (page.status, "PIN" in page) == (403, True)
    approve(desk, page, pin="000000")
    locked = approve(desk, page)
    assert "data-locked" in locked
    assert booth.shelf.public() == []
    assert len(facts_of(booth.journal, "shift.refused")) == 6
    assert facts_of(booth.journal, "exhibit.approved") == []


def test_what_changed_since_it_was_looked_at_is_not_approved(desk: Browser, booth: Booth):
    take(desk)
    mark(desk)
    seen = describe(desk)
    describe(desk, title_zh="另一个名称")
    page = approve(desk, seen)
    assert (page.status, code_in(page)) == (409, "brought.changed")
    assert booth.shelf.public() == []


def test_a_draft_that_says_too_little_is_not_approved(desk: Browser, booth: Booth):
    take(desk)
    held = booth.shelf.find(ONE)
    told = {"id": new_id(), "digest": held.digest, "volunteer": VOLUNTEER[0], "pin": VOLUNTEER[1]}
    page = desk.post(f"/staff/exhibits/{ONE}/approve", **told)
    assert (page.status, code_in(page)) == (422, "brought.words")


def test_a_double_touch_is_one_approval(desk: Browser, booth: Booth):
    take(desk)
    mark(desk)
    page = describe(desk)
    assert [approve(desk, page).status for _ in range(2)] == [200, 200]
    assert len(facts_of(booth.journal, "exhibit.approved")) == 1


def test_nobody_gets_in_without_a_pin(visitor: Browser, booth: Booth):
    for path in ("/staff/exhibits", "/staff/exhibits/new", f"/staff/exhibits/{ONE}/photo.jpg", "/gallery/cards"):
        assert visitor.get(path).path == "/staff/enter"
    assert take(visitor).status == 403
    assert visitor.post(f"/staff/exhibits/{ONE}/withdraw", id=new_id()).status == 403


def test_the_facts_reach_the_hub_and_count(paired):
    desk = paired.at_the_desk()
    desk.send(show(desk).form(f"/staff/exhibits/{ONE}/withdraw"))
    paired.sync()
    with paired.hub.store.reading() as tx:
        problems = {row.kind: row.problem for row in tx.execute(select(facts.c.kind, facts.c.problem))}
    assert (problems["exhibit.approved"], problems["exhibit.withdrawn"]) == (None, None)


def test_no_photo_leaves_the_tablet(paired):
    desk = paired.at_the_desk()
    show(desk)
    paired.sync()
    photo = paired.booth.shelf.photo(paired.booth.shelf.find(ONE).exhibit)
    for file in Path(paired.hub.config.data).rglob("*"):
        if file.is_file():
            assert photo[200:400] not in file.read_bytes()


# --- cards -------------------------------------------------------------------------------------------------------


def test_every_exhibit_has_a_card_with_its_number(desk: Browser, booth: Booth):
    show(desk)
    page = desk.get("/gallery/cards")
    assert page.text.count("<article") == len(booth.pack.exhibits) + 1
    assert all(f'num">{one.number}<' in page for one in booth.pack.exhibits)
    assert f'num">{booth.shelf.public()[0].number}<' in page


def test_a_card_opens_its_exhibit_however_it_is_read(desk: Browser, booth: Booth, visitor: Browser):
    show(desk)
    own, one = booth.shelf.public()[0], booth.pack.exhibits[0]
    for text, path in {
        str(one.number): f"/gallery/{one.id}",
        f" {one.number} ": f"/gallery/{one.id}",
        "".join(chr(ord(digit) + 0xFEE0) for digit in str(one.number)): f"/gallery/{one.id}",
        f"K315X:{one.id}": f"/gallery/{one.id}",
        f"http://192.168.31.5:3150/m/gallery/{one.id}/tour": f"/gallery/{one.id}",
        str(own.number): f"/gallery/own/{ONE}",
        f"K315X:{ONE}": f"/gallery/own/{ONE}",
        f"http://192.168.31.5:3150/m/gallery/own/{ONE}": f"/gallery/own/{ONE}",
    }.items():
        assert visitor.post("/gallery/scan", card=text).path == path, text


@pytest.mark.parametrize(
    "text", ["", "0", "9999", "K315X:", "K315E:x", "//evil.example", "https://evil.example/x", "../staff", "𝟙𝟙𝟙𝟙", "٢"]
)
def test_what_is_no_card_is_said_on_the_page_and_leads_nowhere(visitor: Browser, text: str):
    page = visitor.post("/gallery/scan", card=text)
    assert (page.status, page.path, "没有这个编号的展品" in page) == (404, "/gallery/scan", True)


def test_a_withdrawn_exhibits_card_opens_nothing(desk: Browser, visitor: Browser):
    desk.send(show(desk).form(f"/staff/exhibits/{ONE}/withdraw"))
    assert visitor.post("/gallery/scan", card=f"K315X:{ONE}").status == 404
