"""The words of the summary and its photos: written by several hands, by hostile ones, and never lost on the way."""

import io
import re
import threading
from collections.abc import Callable
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from kiosk.hub import fairs, people, statement_files, statements, summary_photos, words
from kiosk.hub.context import Hub
from kiosk.hub.people import Person
from kiosk.hub.tables import blobs, facts
from tests.hub.tablets import a_tablet, deliver
from tests.makers import CASEWORKER, Browser, Page, a_headcount, an_id
from tests.photos import a_photo

LI = Person("p-1", "李主任", frozenset({"organiser"}))
AT = "/fairs/demo/statement"
#: What says nothing of the database is tried on one.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)


@pytest.fixture
def office(hub: Hub, hub_app: Flask) -> Browser:
    deliver(hub, a_tablet(hub).record(a_headcount(7)).batch())
    return Browser(hub_app.test_client()).sign_in(*CASEWORKER)


def another(hub: Hub, hub_app: Flask, role: str = "organiser") -> Browser:
    with hub.store.begin() as tx:
        people.add_person(tx, f"王{role}", "a-made-up-password", {role})
    return Browser(hub_app.test_client()).sign_in(f"王{role}", "a-made-up-password")


def section(page: Page, name: str) -> str:
    return page.text.split(f'id="{name}"')[1].split("</section>")[0]


def token(browser: Browser) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get(f"{AT}/summary").text)
    assert found
    return found[1]


def written(hub: Hub) -> dict[str, str]:
    with hub.store.reading() as tx:
        return words.of(tx, "demo")


def summary_of(browser: Browser, version: int = 0) -> str:
    """What is printed in the summary, and its parts are XML that can be read."""
    made = browser.client.get(f"{AT}/versions/{version}/summary.docx")
    assert made.status_code == 200
    with ZipFile(io.BytesIO(made.data)) as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(parts.read(name))
        root = ET.fromstring(parts.read("word/document.xml"))
    return "".join(node.text or "" for node in root.iter() if node.tag.endswith("}t"))


# --- several hands --------------------------------------------------------------------------------


@on_sqlite
def test_of_two_who_write_a_section_at_once_the_second_is_told_and_loses_nothing(hub, hub_app, office: Browser):
    other, at = another(hub, hub_app), f"{AT}/summary/onsite"
    mine, theirs = office.get(f"{AT}/summary").form(at), other.get(f"{AT}/summary").form(at)
    other.send(theirs, text="别人写的，{headcount}。")
    page = office.send(mine, text="我写的。")
    assert page.status == 409
    assert "王organiser 改过这一节" in section(page, "onsite")
    assert "别人写的，" in section(page, "onsite").split("<form")[0]
    assert page.form(at).values["text"] == "我写的。"
    assert written(hub) == {"onsite": "别人写的，{headcount}。"}
    assert office.send(page.form(at)).status == 200
    assert written(hub) == {"onsite": "我写的。"}


@on_sqlite
def test_nobody_goes_back_to_the_draft_over_words_they_have_not_seen(hub, hub_app, office: Browser):
    at = f"{AT}/summary/onsite"
    page = office.send(office.get(f"{AT}/summary").form(at), text="第一句。")
    reset = page.form(f"{at}/reset")
    other = another(hub, hub_app)
    other.send(other.get(f"{AT}/summary").form(at), text="第二句。")
    page = office.send(reset)
    assert page.status == 409
    assert page.form(at).values["text"] == "第二句。"
    assert written(hub) == {"onsite": "第二句。"}
    office.send(page.form(f"{at}/reset"))
    assert written(hub) == {}


@on_sqlite
def test_a_form_sent_twice_is_one_change_and_with_other_words_it_is_none(hub, office: Browser):
    at = f"{AT}/summary/onsite"
    form = office.get(f"{AT}/summary").form(at)
    for _ in range(2):
        assert office.send(form, text="一次。").status == 200
    page = office.send(form, text="两次。")
    assert page.status == 409
    assert page.form(at).values["text"] == "两次。"
    assert page.form(at).values["id"] != form.values["id"]
    assert written(hub) == {"onsite": "一次。"}
    with hub.store.reading() as tx:
        edited = select(func.count()).select_from(facts).where(facts.c.kind == "summary.edited")
        assert tx.execute(edited).scalar_one() == 1


@on_sqlite
def test_changes_to_single_numbers_by_two_are_both_kept(hub, hub_app, office: Browser):
    at, other = f"{AT}/summary/next", another(hub, hub_app)
    mine, theirs = office.get(f"{AT}/summary"), other.get(f"{AT}/summary")
    office.send(mine.form(f"{at}/figure"), key="headcount")
    for _ in range(2):
        other.send(theirs.form(f"{at}/figure"), key="desks")
    assert written(hub) == {"next": "参与群众{headcount}。\n设置服务台{desks}。"}
    page = office.get(f"{AT}/summary")
    assert "7人次</a>" in section(page, "next")
    office.send(page.form(f"{at}/style"), token="headcount", style="近")
    assert "{headcount|近}" in written(hub)["next"]


@on_sqlite
def test_a_section_that_was_emptied_is_left_out_until_somebody_wants_it_back(hub, office: Browser):
    at = f"{AT}/summary/onsite"
    assert "参与群众7人次" in summary_of(office)
    page = office.send(office.get(f"{AT}/summary").form(at), text=" \r\n ")
    assert "去掉了这一节" in section(page, "onsite")
    assert page.form(at).values["text"] == ""
    assert "参与群众7人次" not in summary_of(office)
    office.send(office.get(AT).form(f"{AT}/freeze"))
    assert "参与群众7人次" not in summary_of(office, 1)
    page = office.get(f"{AT}/summary")
    page = office.send(page.form(f"{at}/figure"), key="headcount")
    assert written(hub) == {"onsite": "参与群众{headcount}。"}
    office.send(page.form(f"{at}/reset"))
    assert written(hub) == {}
    assert "参与群众7人次" in summary_of(office)


@on_sqlite
def test_any_section_can_be_left_out_of_the_document(hub, office: Browser):
    with hub.store.reading() as tx:
        said = statements.draft(tx, hub, fairs.find_fair(tx, "demo"))
    for one in words.sections(said, {}):
        with hub.store.begin() as tx:
            words.keep(tx, hub, "demo", one.id, words.LEFT_OUT, LI)
    summary_of(office)


# --- hostile hands --------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>", "]]><w:p/>&amp;<w:t>", "=cmd|' /C calc'!A0", "{{7*7}}{% raw %}${7*7}", "{headcount",
    "}{", "{}{|}{:}{@}", "{own.other-fairs}", "{headcount:__class__}", "{headcount@9999-99-99|余:1e9}", "\u202e反着",
    "𠮷野家😀👨‍👩‍👧", "\x07\x1b[31m\x7f\x85\u2028", "{headcount|余:99999999999999999999}", "%(who)s%s%n", "１２３４５",
    "{" * 3_000, "（" * 3_000, "，" * 6_000, "𠮷" * 6_000,
]  # fmt: skip


@on_sqlite
def test_hostile_words_are_words_on_the_page_and_on_paper(hub, office: Browser):
    at, csrf = f"{AT}/summary/next", token(office)
    for number, text in enumerate(HOSTILE):
        base = words.digest(written(hub).get("next", ""))
        page = office.post(at, csrf=csrf, id=an_id(1_000 + number), text=f"甲{text}乙", base=base)
        assert page.status in (200, 413, 422), text
        shown = office.get(f"{AT}/summary")
        assert shown.status == 200
        assert "<script>alert" not in shown
        assert "<w:p/>" not in shown
    base = words.digest(written(hub).get("next", ""))
    plain = [text for text in HOSTILE[:4] if "{" not in text]
    assert office.post(at, csrf=csrf, id=an_id(999), text="\n".join(plain), base=base).status == 200
    printed = summary_of(office)
    assert len(plain) == 3
    assert [text for text in plain if text not in printed] == []
    assert office.client.get(f"{AT}/versions/0/table.xlsx").status_code == 200


@on_sqlite
def test_rare_characters_are_printed_as_they_were_written(hub, office: Browser):
    at = f"{AT}/summary/next"
    office.send(office.get(f"{AT}/summary").form(at), text="𠮷野家、龘、😀。")
    assert written(hub) == {"next": "𠮷野家、龘、😀。"}
    assert "𠮷野家、龘、😀。" in summary_of(office)


@on_sqlite
def test_more_words_than_a_report_has_are_refused_before_they_are_read(hub, office: Browser):
    at, csrf = f"{AT}/summary/next", token(office)
    told = {"csrf": csrf, "id": an_id(5), "base": words.digest("")}
    assert office.post(at, **told, text="x" * 6_001).status == 422
    assert office.post(at, **told, text="x" * 10**6).status == 413
    huge = office.client.post(at, data=b"text=x", headers={"Content-Length": str(10**9)},
                              content_type="application/x-www-form-urlencoded")  # fmt: skip
    assert huge.status_code in (403, 413)  # its own token is behind the end of what is read
    assert written(hub) == {}
    office.send(office.get(f"{AT}/summary").form(at), text="字" * 5_990)
    page = office.get(f"{AT}/summary")
    page = office.send(page.form(f"{at}/figure"), key="headcount")
    assert page.status == 422
    assert written(hub) == {"next": "字" * 5_990}


@on_sqlite
def test_only_figures_of_this_fair_s_table_are_put_into_words(office: Browser):
    at, csrf = f"{AT}/summary/next", token(office)
    for key in ("own.other", "nobody", "", "headcount}{leaflets", "photos"):
        assert office.post(f"{at}/figure", csrf=csrf, id=an_id(6), key=key).status == 400
    assert office.post(f"{at}/style", csrf=csrf, id=an_id(6), token="x", style="约").status == 400
    assert office.post(f"{AT}/summary/nothing/figure", csrf=csrf, id=an_id(6), key="headcount").status == 404


@on_sqlite
def test_forms_that_are_not_ours_never_break_anything(hub, hub_app, office: Browser):
    csrf, auditor = token(office), another(hub, hub_app, "auditor")
    theirs = re.search(r'name="csrf" value="([^"]+)"', auditor.get(AT).text)
    assert theirs
    blob = "ab" * 32
    for path, fields in {
        "summary/onsite": {"text": "x", "base": "y"}, "summary/onsite/reset": {"base": "y"},
        "summary/onsite/style": {"token": "a", "style": ""}, "summary/onsite/figure": {"key": "headcount"},
        f"photos/{blob}": {"caption": "x"}, f"photos/{blob}/remove": {}, "photos": {}, "freeze": {"why": ""},
        "versions/1/sent": {"to": "a", "how": "b"}, "versions/99999999999/sent": {"to": "a", "how": "b"},
        "versions/0/sent": {"to": "a", "how": "b"},
    }.items():  # fmt: skip
        at = f"{AT}/{path}"
        assert auditor.post(at, csrf=theirs[1], id=an_id(7), **fields).status == 403, path
        assert office.post(at, csrf="wrong", id=an_id(7), **fields).status == 403, path
        for wrong in ({"id": "x"}, {"id": an_id(7), "more": "x"}, {}):
            status = office.post(at, csrf=csrf, **{**fields, **wrong}).status
            assert 400 <= status < 500, (path, wrong, status)
        elsewhere = at.replace("/demo/", "/nobody/")
        assert office.post(elsewhere, csrf=csrf, id=an_id(8), **fields).status in (400, 404), path
    assert written(hub) == {}
    for path in ("versions/-1", "versions/0", "versions/1/", "versions/1/table.xlsx", "versions/0/../x",
                 "photos/x.jpg", f"photos/{blob}.jpg", "summary/%00", "versions/1e9/table.csv"):  # fmt: skip
        assert 400 <= office.client.get(f"{AT}/{path}").status_code < 500, path


# --- photos ---------------------------------------------------------------------------------------


def bring(browser: Browser, data: bytes, fact: int, name: str = "a.jpg") -> Page:
    told = {"csrf": token(browser), "id": an_id(fact), "photo": (io.BytesIO(data), name)}
    return Page(browser.client.post(f"{AT}/photos", data=told, follow_redirects=True))


def kept(hub: Hub) -> list[words.Kept]:
    with hub.store.reading() as tx:
        return words.photos(tx, "demo")


def no_photos() -> dict[str, bytes]:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    moving = io.BytesIO()
    frames = [Image.new("RGB", (400, 400), colour) for colour in ("red", "blue")]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    return {
        "nothing": b"", "text": b"Dear all", "drawing": b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
        "page": b"<html><script>", "cut": a_photo()[:900], "moving": moving.getvalue(), "bomb": bomb.getvalue(),
        "tiny": a_photo(size=(20, 20)), "slim": a_photo(size=(3_000, 210)), "pdf": b"%PDF-1.7\n",
        "scans": a_photo()[:200] + b"\xff\xda" * 5_000, "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500),
    }  # fmt: skip


@on_sqlite
def test_what_is_no_photo_is_refused_in_words_and_leaves_nothing(hub, office: Browser):
    for number, (name, data) in enumerate(no_photos().items()):
        page = bring(office, data, 2_000 + number, f"{name}.jpg")
        assert page.status in (400, 413, 422), name
        assert 'role="alert"' in page or page.status == 400, name
    assert office.client.post(f"{AT}/photos", data={"csrf": token(office), "id": an_id(1)}).status_code == 400
    huge = (
        b"--x\r\nContent-Disposition: form-data; name=photo; filename=a.jpg\r\n\r\n" + bytes(21 * 2**20) + b"\r\n--x--"
    )
    sent = office.client.post(f"{AT}/photos", data=huge, content_type="multipart/form-data; boundary=x")
    assert sent.status_code == 413
    assert kept(hub) == []
    with hub.store.reading() as tx:
        assert tx.execute(select(func.count()).select_from(blobs)).scalar_one() == 0


@on_sqlite
def test_a_photo_too_many_is_refused_and_those_before_stay(hub, office: Browser):
    with hub.store.begin() as tx:
        some = [words.Kept(f"{number:064x}", "", is_chosen=False) for number in range(summary_photos.MOST)]
        words.keep_photos(tx, hub, "demo", some, LI)
    page = bring(office, a_photo(), 1)
    assert page.status == 422
    assert "24" in page
    assert kept(hub) == some


@on_sqlite
def test_captions_are_words_and_photos_stand_as_they_were_put(hub, office: Browser):
    for number in range(3):
        bring(office, a_photo(seed=number), number + 1)
    first, second, third = (one.blob for one in kept(hub))
    page = office.get(f"{AT}/summary")
    office.send(page.form(f"{AT}/photos/{third}"), caption="<b>台前</b> =1+1", chosen="yes", move="up")
    office.send(page.form(f"{AT}/photos/{third}"), caption="<b>台前</b> =1+1", chosen="yes", move="up")
    assert [one.blob for one in kept(hub)] == [first, third, second]
    page = office.get(f"{AT}/summary")
    assert "<b>台前" not in page
    form = page.form(f"{AT}/photos/{first}")
    for wrong in ("字" * 61, "找王先生13812345678"):
        assert office.send(form, caption=wrong, chosen="yes").status == 422
    left = {name: value for name, value in form.values.items() if name != "chosen"}
    office.post(form.action, **left)
    assert [one.is_chosen for one in kept(hub)] == [False, True, True]
    office.send(office.get(AT).form(f"{AT}/freeze"))
    with hub.store.reading() as tx:
        assert [one.blob for one in statements.held(tx, "demo", 1).photos] == [third, second]
    assert "<b>台前</b> =1+1" in summary_of(office, 1)
    files = [office.client.get(f"{AT}/versions/1/summary.docx").data for _ in range(2)]
    assert files[0] == files[1]


def one_after_the_other(hub: Hub, first: Callable, second: Callable) -> None:
    """The second begins while the first is under way, and waits for it."""
    began = threading.Event()

    def behind() -> None:
        began.set()
        with hub.store.begin() as tx:
            second(tx)

    with hub.store.begin() as tx:
        words.is_kept(tx, "demo", words.PHOTOS, an_id(77))  # now nobody else writes in the hub's journal
        thread = threading.Thread(target=behind)
        thread.start()
        began.wait(10)
        thread.join(0.5)  # as far as it comes
        first(tx)
    thread.join()


def test_two_who_change_the_photos_at_once_lose_none(hub: Hub):
    jpeg = summary_photos.redrawn(a_photo())
    with hub.store.begin() as tx:
        summary_photos.take(tx, hub, "demo", jpeg, LI, an_id(1))
    (old,) = kept(hub)
    one_after_the_other(
        hub,
        lambda tx: summary_photos.take(tx, hub, "demo", jpeg, LI, an_id(2)),
        lambda tx: summary_photos.drop(tx, hub, "demo", old.blob, LI, an_id(3)),
    )
    assert len(kept(hub)) == 1
    assert kept(hub) != [old]


@on_sqlite
def test_a_frozen_photo_that_is_gone_costs_only_itself(hub, office: Browser):
    bring(office, a_photo(), 1)
    office.send(office.get(AT).form(f"{AT}/freeze"))
    with hub.store.begin() as tx:
        tx.execute(blobs.delete())
    with hub.store.reading() as tx:
        said, key = statements.held(tx, "demo", 1), people.open_key(tx, *CASEWORKER)
        assert key is not None
        assert summary_photos.opened(tx, key, said) == []
    made = statement_files.made(hub, said, statement_files.BY_ID["summary.docx"])
    assert made.content.startswith(b"PK")
    assert office.client.get(f"{AT}/versions/1/summary.docx").status_code == 200
