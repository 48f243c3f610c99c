"""Versions of the figures: frozen once, the same for ever, and what comes later makes another that says why."""

import hashlib
import io
import re
import threading
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import msgspec
import pytest
from openpyxl import load_workbook
from PIL import Image
from sqlalchemy import select, update

from kiosk.cli import main
from kiosk.config import HubConfig
from kiosk.errors import Problem
from kiosk.facts.envelope import decode
from kiosk.hub import backup, fairs, ledger, people, statement_files, statements, summary_photos, words
from kiosk.hub.app import open_hub
from kiosk.hub.context import Hub
from kiosk.hub.people import Person
from kiosk.hub.tables import blobs, facts, statement_steps, summary_words
from kiosk.hub.tables import statements as statements_table
from kiosk.hub.typed import refuse_other
from kiosk.reports.statement import Statement
from tests.clocks import FakeClock
from tests.hub.tablets import a_tablet, deliver
from tests.makers import CASEWORKER, HUB_URL, Browser, Page, Pair, a_headcount, an_id
from tests.proof import share_hubs

#: What says nothing of the database is tried on one.
on_sqlite = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
LI = Person("p-1", "李主任", frozenset({"organiser"}))
AT = "/fairs/demo/statement"


def count(hub: Hub, *heads: int) -> None:
    tablet = a_tablet(hub)
    for n in heads:
        tablet.record(a_headcount(n))
    deliver(hub, tablet.batch())


def draft(hub: Hub) -> Statement:
    with hub.store.reading() as tx:
        return statements.draft(tx, hub, fairs.find_fair(tx, "demo"))


def freeze(hub: Hub, fact: int = 1, why: str = "") -> Statement:
    with hub.store.begin() as tx:
        return statements.freeze(tx, hub, fairs.find_fair(tx, "demo"), LI, why, an_id(fact))


def held(hub: Hub, number: int) -> Statement:
    with hub.store.reading() as tx:
        return statements.held(tx, "demo", number)


def faults(hub: Hub) -> list[str]:
    with hub.store.reading() as tx:
        return list(statements.faults(tx, "demo"))


def files_of(hub: Hub, said: Statement) -> dict[str, str]:
    """File → hash, of all that are made here without LibreOffice."""
    sorts = [one for one in statement_files.SORTS if one.ending != "pdf"]
    made = {one.id: statement_files.made(hub, said, one).content for one in sorts}
    return {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}


# --- what they are made of ------------------------------------------------------------------------


def test_a_draft_says_what_the_figures_of_the_table_say(hub: Hub):
    count(hub, 3, 4)
    said = draft(hub)
    with hub.store.reading() as tx:
        fair = fairs.find_fair(tx, "demo")
        figures = {one.key: one for one in fairs.figures_of(tx, fair)}
        by_day = {one.key: one for one in fairs.figures_of(tx, fair, "2027-03-15")}
    assert said.cell("headcount").value == 7
    assert {cell.key: cell.value for cell in said.period} == {key: figures[key].value for key in said_keys(said)}
    (day,) = said.days
    assert {cell.key: cell.value for cell in day.cells} == {key: by_day[key].value for key in said_keys(said)}
    assert day.hours["headcount"] == {"09": 7}
    desk = next(one for one in said.places if one.id == "d01")
    assert next(cell.value for cell in desk.cells if cell.key == "headcount") == 7


def said_keys(said: Statement) -> list[str]:
    return [one.key for one in said.columns]


# --- freezing -------------------------------------------------------------------------------------


def test_the_same_touch_twice_makes_one_version(hub: Hub):
    count(hub, 3)
    first = freeze(hub)
    count(hub, 2)
    assert freeze(hub) == first
    with hub.store.reading() as tx:
        assert [one.number for one in statements.versions(tx, "demo")] == [1]


def test_where_nothing_changed_there_is_no_other_version(hub: Hub):
    count(hub, 3)
    freeze(hub)
    with pytest.raises(Problem, match=r"statement\.same"):
        freeze(hub, 2, "还要一版")


def test_what_comes_later_makes_another_version_that_says_what_changed_and_why(hub: Hub):
    count(hub, 3)
    freeze(hub)
    count(hub, 5)
    with pytest.raises(Problem, match=r"statement\.why"):
        freeze(hub, 2)
    second = freeze(hub, 2, "一台平板晚到")
    assert (second.version, second.why, second.made_by) == (2, "一台平板晚到", "李主任")
    changed = {(one.window, one.key): (one.before, one.after) for one in second.changes}
    assert changed["period", "headcount"] == (3, 8)
    assert changed["2027-03-15", "headcount"] == (3, 8)
    assert held(hub, 1).cell("headcount").value == 3
    assert faults(hub) == []


def test_words_that_were_written_anew_are_worth_another_version(hub: Hub):
    count(hub, 3)
    freeze(hub)
    with hub.store.begin() as tx:
        words.keep(tx, hub, "demo", "next", "明年早些开始。", LI)
    second = freeze(hub, 2, "补写打算")
    assert second.changes == []
    assert next(one.text for one in second.sections if one.id == "next") == "明年早些开始。"
    assert next(one.text for one in held(hub, 1).sections if one.id == "next") == ""


def test_a_frozen_version_is_the_same_files_after_later_facts_a_rebuild_and_a_restore(hub: Hub, tmp_path: Path):
    count(hub, 3)
    with hub.store.begin() as tx:
        words.keep(tx, hub, "demo", "onsite", "参与群众{headcount}。", LI)
    freeze(hub)
    before = files_of(hub, held(hub, 1))
    count(hub, 40)
    with hub.store.begin() as tx:
        words.keep(tx, hub, "demo", "onsite", "别的话。", LI)
    assert files_of(hub, held(hub, 1)) == before
    ledger.rebuild(hub)
    assert files_of(hub, held(hub, 1)) == before
    assert files_of(hub, draft(hub)) != before
    backup.write(hub, tmp_path / "hub.backup", "a-made-up-password")
    settings = HubConfig(tmp_path / "again", public_url=HUB_URL)
    backup.restore(tmp_path / "hub.backup", settings, "a-made-up-password")
    with closing(open_hub(settings, FakeClock())) as again:
        assert files_of(again, held(again, 1)) == before
        assert ledger.verify(again) == []
        with again.store.reading() as tx:
            assert words.of(tx, "demo") == {"onsite": "别的话。"}


def test_the_numbers_in_a_frozen_summary_are_those_of_its_version(hub: Hub):
    count(hub, 3)
    freeze(hub)
    count(hub, 40)
    made = statement_files.made(hub, held(hub, 1), statement_files.BY_ID["summary.docx"]).content
    text = re.sub("<[^>]+>", "", ZipFile(io.BytesIO(made)).read("word/document.xml").decode())
    assert "参与群众3人次" in text
    assert "43人次" not in text


@pytest.mark.parametrize("part", ["document", "digest"])
def test_a_damaged_version_is_refused_and_found(hub: Hub, part: str):
    count(hub, 3)
    freeze(hub)
    with hub.store.begin() as tx:
        document = bytes(tx.execute(select(statements_table.c.document)).scalar_one())
        forged = document.replace(b'"headcount","value":3', b'"headcount","value":9')
        assert forged != document
        told = {"digest": hashlib.sha256(forged).hexdigest()} if part == "digest" else {}
        tx.execute(update(statements_table).values(document=forged, **told))
    with pytest.raises(Problem, match=r"statement\.damaged"):
        held(hub, 1)
    assert any("version 1 of the figures is not what was frozen" in fault for fault in ledger.verify(hub))


def test_a_version_that_is_gone_and_one_nobody_froze_are_found(hub: Hub):
    count(hub, 3)
    freeze(hub)
    with hub.store.begin() as tx:
        tx.execute(update(statements_table).values(version=7))
    assert len(faults(hub)) == 2


def test_words_that_were_changed_behind_the_hub_s_back_are_found(hub: Hub):
    with hub.store.begin() as tx:
        words.keep(tx, hub, "demo", "next", "打算。", LI)
    assert faults(hub) == []
    with hub.store.begin() as tx:
        tx.execute(update(summary_words).values(words="别的。"))
    assert "section next" in faults(hub)[0]
    with hub.store.begin() as tx:
        tx.execute(summary_words.delete())
    assert "gone" in faults(hub)[0]


def test_there_is_no_version_of_another_fair(hub: Hub):
    count(hub, 3)
    freeze(hub)
    with hub.store.begin() as tx:
        other = msgspec.structs.replace(fairs.find_fair(tx, "demo"), id="other")
        fairs.add_fair(tx, other)
        assert statements.versions(tx, "other") == []
        with pytest.raises(Problem, match=r"statement\.unknown"):
            statements.held(tx, "other", 1)
        assert statements.freeze(tx, hub, other, LI, "", an_id(1)).version == 1  # its ids are its own


def test_two_people_who_freeze_at_once_make_one_version(hub: Hub):
    count(hub, 3)
    ends: list[str] = []

    def try_it(fact: int) -> None:
        try:
            ends.append(f"version {freeze(hub, fact, '同时').version}")
        except Problem as problem:
            ends.append(problem.code)

    threads = [threading.Thread(target=try_it, args=(fact,)) for fact in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["statement.same", "version 1"]
    assert faults(hub) == []


def test_that_a_version_was_sent_is_written_down_once(hub: Hub):
    count(hub, 3)
    freeze(hub)
    for _ in range(2):
        with hub.store.begin() as tx:
            fair = fairs.find_fair(tx, "demo")
            statements.send(tx, hub, fair, 1, "市消协秘书处", "内网邮件", LI, an_id(5))
    with hub.store.reading() as tx:
        (version,) = statements.versions(tx, "demo")
        assert [(to, how) for _, to, how in version.sent] == [("市消协秘书处", "内网邮件")]
    with hub.store.begin() as tx, pytest.raises(Problem, match=r"fact\.conflict"):
        statements.send(tx, hub, fair, 1, "别人", "内网邮件", LI, an_id(5))
    with hub.store.begin() as tx, pytest.raises(Problem, match=r"statement\.unknown"):
        statements.send(tx, hub, fair, 2, "市消协秘书处", "内网邮件", LI, an_id(6))
    with hub.store.reading() as tx, pytest.raises(Problem, match=r"fact\.conflict"):
        refuse_other(tx, held_journal(tx), an_id(5))


def held_journal(tx: object) -> str:
    return str(tx.execute(select(statement_steps.c.journal).limit(1)).scalar_one())  # type: ignore[attr-defined]


# --- the pages ------------------------------------------------------------------------------------


@pytest.fixture
def office(paired: Pair) -> Browser:
    count(paired.hub, 3)
    return paired.in_the_office()


@share_hubs
def test_the_page_says_what_is_missing_freezes_and_hands_out_the_files(paired: Pair, office: Browser):
    page = office.get(AT)
    assert "还缺" in page
    assert "定稿为第 1 版" in page
    page = office.send(page.form(f"{AT}/freeze"))
    assert page.path == f"{AT}/versions/1"
    digest = hashlib.sha256(held(paired.hub, 1).encode()).hexdigest()
    assert digest in page
    response = office.client.get(f"{AT}/versions/1/table.xlsx")
    disposition = response.headers["Content-Disposition"]
    assert 'filename="demo-v1-table.xlsx"' in disposition
    assert "filename*=UTF-8''%E7%A4%BA%E8%8C%83" in disposition
    assert load_workbook(io.BytesIO(response.data)).worksheets
    assert hashlib.sha256(office.client.get(f"{AT}/versions/1/statement.json").data).hexdigest() == digest
    assert office.client.get(f"{AT}/versions/1/table.csv").data.startswith(b"\xef\xbb\xbf")
    for wrong in ("versions/2/table.xlsx", "versions/1/other.xlsx", "versions/2", "versions/99999999999999999999"):
        assert office.client.get(f"{AT}/{wrong}").status_code == 404


@on_sqlite
def test_a_second_version_wants_a_reason_and_a_form_sent_twice_is_one(paired: Pair, office: Browser):
    form = office.get(AT).form(f"{AT}/freeze")
    office.send(form)
    assert office.send(form).path == f"{AT}/versions/1"
    assert "和第 1 版一样" in office.get(AT)
    count(paired.hub, 9)
    page = office.get(AT)
    assert "比上一版改了" in page
    page = office.send(page.form(f"{AT}/freeze"), why=" ")
    assert page.status == 422
    page = office.send(page.form(f"{AT}/freeze"), why="平板晚到")
    assert page.path == f"{AT}/versions/2"
    assert "平板晚到" in page
    assert "比上一版改了什么" in page


@on_sqlite
def test_to_whom_it_went_is_kept(office: Browser):
    office.send(office.get(AT).form(f"{AT}/freeze"))
    sent = f"{AT}/versions/1/sent"
    page = office.send(office.get(f"{AT}/versions/1").form(sent), to="", how="内网邮件")
    assert page.status == 422
    page = office.send(page.form(sent), to="市消协秘书处", how="内网邮件")
    assert "已报 市消协秘书处" in page
    assert "已报 市消协秘书处" in office.get(AT)


@on_sqlite
def test_only_organisers_freeze_and_auditors_and_supervisors_read(paired: Pair, office: Browser):
    def as_one(role: str) -> Browser:
        with paired.hub.store.begin() as tx:
            people.add_person(tx, role, "a-made-up-password", {role})
        return Browser(paired.hub_app.test_client()).sign_in(role, "a-made-up-password")

    for role in ("auditor", "supervisor"):
        reader = as_one(role)
        page = reader.get(AT)
        assert page.status == 200
        assert not [form for form in page.forms if form.action.startswith(AT)]
        assert reader.get(f"{AT}/summary").status == 200
        assert reader.client.get(f"{AT}/versions/0/table.xlsx").status_code == 200
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
        assert reader.post(f"{AT}/freeze", csrf=token, id=an_id(9)).status == 403
    assert as_one("viewer").get(AT).status == 403


# --- the words ------------------------------------------------------------------------------------


def section(page: Page, name: str) -> str:
    return page.text.split(f'id="{name}"')[1].split("</section>")[0]


def test_words_are_changed_and_numbers_stay_tied(paired: Pair, office: Browser):
    page = office.get(f"{AT}/summary")
    assert 'href="/fairs/demo/figures/headcount">3人次</a>' in section(page, "onsite")
    at = f"{AT}/summary/onsite"
    page = office.send(page.form(at), text="来了{headcount}，另有88个气球。")
    shown = section(page, "onsite")
    assert "改过" in shown
    assert '<mark class="loose">88</mark>' in shown
    count(paired.hub, 4)
    page = office.get(f"{AT}/summary")
    assert ">7人次</a>" in section(page, "onsite")
    page = office.send(page.form(f"{at}/reset"))
    assert "自动拟写" in section(page, "onsite")
    with paired.hub.store.reading() as tx:
        kinds = list(tx.execute(select(facts.c.line).where(facts.c.kind == "summary.edited")).scalars())
    assert [decode(bytes(line)).body["section"] for line in kinds] == ["onsite", "onsite"]


@on_sqlite
def test_a_number_is_said_roundly_where_somebody_chose_that_and_it_is_true(paired: Pair, office: Browser):
    count(paired.hub, 50, 50)
    at = f"{AT}/summary/onsite"
    page = office.get(f"{AT}/summary")
    page = office.send(page.form(at), text="来了{headcount}。")
    page = office.send(page.form(f"{at}/style"), token="headcount", style="余")
    assert "100余人次" in section(page, "onsite")
    page = office.send(page.form(f"{at}/style"), token="headcount|余", style="近")
    assert "103人次" in section(page, "onsite")
    page = office.send(page.form(f"{at}/style"), token="headcount|近", style="")
    assert "{headcount}" in section(page, "onsite")


@on_sqlite
def test_hostile_words_stay_words(office: Browser):
    page = office.get(f"{AT}/summary")
    at = f"{AT}/summary/next"
    page = office.send(page.form(at), text="<script>alert(1)</script>{nobody}𠮷{}{{headcount}}")
    assert page.status == 200
    assert "<script>alert" not in page
    assert office.client.get(f"{AT}/versions/0/summary.docx").status_code == 200
    page = office.send(page.form(at), text="x" * 6_001)
    assert page.status == 422
    page = office.send(page.form(at), text="找王先生13812345678")
    assert page.status == 422
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    for section_ in ("photos", "nothing"):
        assert office.post(f"{AT}/summary/{section_}", csrf=token, id=an_id(3), text="[]", base="").status == 404


# --- photos ---------------------------------------------------------------------------------------


def a_photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "tan").save(out, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    return out.getvalue()


def bring(office: Browser, data: bytes, fact: int) -> Page:
    token = re.search(r'name="csrf" value="([^"]+)"', office.get(f"{AT}/summary").text)[1]
    told = {"csrf": token, "id": an_id(fact), "photo": (io.BytesIO(data), "a.jpg")}
    return Page(office.client.post(f"{AT}/photos", data=told, follow_redirects=True))


@on_sqlite
def test_a_photo_is_sealed_chosen_captioned_and_opened_only_with_a_key(paired: Pair, office: Browser):
    assert bring(office, b"no photo", 1).status == 422
    bring(office, a_photo(), 2)
    bring(office, a_photo(), 2)
    with paired.hub.store.reading() as tx:
        (kept,) = words.photos(tx, "demo")
        content = bytes(tx.execute(select(blobs.c.content).where(blobs.c.sha256 == kept.blob)).scalar_one())
    assert b"\xff\xd8\xff" not in content
    at = f"{AT}/photos/{kept.blob}"
    page = office.get(f"{AT}/summary")
    office.send(page.form(at), caption="宣传台前", chosen="yes")
    office.send(office.get(AT).form(f"{AT}/freeze"))
    assert [(one.blob, one.caption) for one in held(paired.hub, 1).photos] == [(kept.blob, "宣传台前")]
    assert office.client.get(f"{at}.jpg").data.startswith(b"\xff\xd8\xff")
    assert len(media(office)) == 1
    with paired.hub.store.begin() as tx:
        people.add_person(tx, "keyless", "a-made-up-password", {"auditor"})
    keyless = Browser(paired.hub_app.test_client()).sign_in("keyless", "a-made-up-password")
    assert keyless.client.get(f"{at}.jpg").status_code == 423
    assert media(keyless) == []
    office.send(office.get(f"{AT}/summary").form(f"{at}/remove"))
    assert len(media(office)) == 1  # a frozen version still has it
    with paired.hub.store.reading() as tx:
        assert words.photos(tx, "demo") == []
    assert ledger.verify(paired.hub) == []


def media(browser: Browser) -> list[str]:
    made = browser.client.get(f"{AT}/versions/1/summary.docx").data
    return [name for name in ZipFile(io.BytesIO(made)).namelist() if name.startswith("word/media/")]


@on_sqlite
def test_a_photo_of_another_fair_does_not_open_here(paired: Pair, office: Browser):
    bring(office, a_photo(), 2)
    with paired.hub.store.reading() as tx:
        (kept,) = words.photos(tx, "demo")
        key = people.open_key(tx, *CASEWORKER)
        with pytest.raises(Problem, match=r"seal\.broken"):
            summary_photos.show(tx, key, "other", kept.blob)


# --- the command line -----------------------------------------------------------------------------


@on_sqlite
def test_the_documents_are_written_by_command(hub: Hub, runner, tmp_path: Path):
    count(hub, 3)
    data = ["--data", str(hub.config.data)]
    frozen = runner.invoke(main, ["hub", "freeze", *data])
    assert frozen.exit_code == 0, frozen.output
    assert "version 1 of demo" in frozen.output
    told = {"--xlsx": "a.xlsx", "--docx": "b.docx", "--csv": "d.csv", "--json": "e.json"}
    named = [word for option, name in told.items() for word in (option, str(tmp_path / name))]
    written = runner.invoke(main, ["hub", "report", "--version", "1", *named, *data])
    assert written.exit_code == 0, written.output
    assert (tmp_path / "e.json").read_bytes() == held(hub, 1).encode()
    assert load_workbook(tmp_path / "a.xlsx").worksheets
    assert runner.invoke(main, ["hub", "report", *data]).exit_code == 2
    same = runner.invoke(main, ["hub", "freeze", "--why", "x", *data])
    assert same.exit_code == 1
