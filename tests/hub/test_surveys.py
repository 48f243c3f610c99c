"""Surveys at the hub: imported, written, carried to tablets, answered on phones, added up, opened by name."""

import csv
import html
import io
import re
import zipfile
from base64 import urlsafe_b64encode
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from kiosk.facts import envelope
from kiosk.facts.surveys import SurveyAnswered
from kiosk.hub import blobs as hub_blobs
from kiosk.hub import journal, ledger, survey_phones, surveys
from kiosk.hub.fairs import find_fair
from kiosk.hub.store import insert_once
from kiosk.hub.tables import blobs, erased, facts, fairs, survey_rows
from kiosk.hub.tables import surveys as kept_table
from kiosk.packs import answering, xlsforms
from kiosk.packs.model import Text
from kiosk.packs.surveys import Choice, Question, Scale, Survey
from kiosk.packs.workbooks import write_form
from kiosk.web import surveys as form
from tests.hub.search import find, stored
from tests.hub.tablets import rows
from tests.makers import Browser, Form, Page, Pair, an_id

AT = "/fairs/demo/survey"
PHONE = "/m/survey/demo/street"
SECRET = "楼下那家店的秤不准"
#: What depends on no database runs on one of them.
ON_SQLITE = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
YESNO = [Choice("yes", Text("是", "Yes")), Choice("no", Text("=1+1", "No"))]


def a_survey(version: str = "1", title: str = "街头小调查", **more: Any) -> Survey:
    questions = [
        Question(name="fun", kind="select_one", label=Text("好玩吗？", "Fun?"), required=True, list_name="yesno"),
        Question(name="stars", kind="rating", label=Text("几星？", "Stars?"), scale=Scale("1", "5")),
        Question(name="say", kind="text", label=Text("想说什么？", "What to say?"), relevant="${fun} = 'no'"),
    ]
    told = {"questions": questions, "lists": {"yesno": YESNO}, **more}
    return Survey(id="street", version=version, title=Text(title, title), **told)


def keep(pair: Pair, survey: Survey, *, chosen: bool = True) -> None:
    here = pair.hub
    with here.store.begin() as tx:
        surveys.keep(tx, here, "demo", survey, "p-1")
    if chosen:
        choose(pair, survey.id)


def choose(pair: Pair, *ids: str, quiz_pair: str = "") -> None:
    with pair.hub.store.begin() as tx:
        fair = msgspec.structs.replace(find_fair(tx, "demo"), surveys=list(ids), quiz_pair=quiz_pair)
        tx.execute(update(fairs).where(fairs.c.id == "demo").values(document=msgspec.json.encode(fair).decode()))


def upload(office: Browser, data: bytes, name: str = "form.xlsx") -> Page:
    csrf = office.get(f"{AT}/import").form(f"{AT}/import").values["csrf"]
    told = {"csrf": csrf, "file": (io.BytesIO(data), name)}
    return Page(office.client.post(f"{AT}/import", data=told, content_type="multipart/form-data"))


def answered(
    pair: Pair, n: int = 1, *, version: str = "1", channel: str = "booth", words: str = "", **more: Any
) -> None:
    """As if a tablet's had arrived; `words`: what was written in each."""
    here = pair.hub
    with here.store.begin() as tx:
        for _ in range(n):
            answers = {name: [value] for name, value in more.items() if name in ("fun", "stars")}
            body = SurveyAnswered(
                survey="street", version=version, answers=answers, asked=3, ms=9000, valid=more.get("valid", True),
                lang="zh", large=False, channel=channel, phase="", play="", blob="", size=0,
            )  # fmt: skip
            fact_id = an_id(len(tx.execute(select(facts.c.seq)).all()) + 0x5000)
            body, blob = form.sealed(here.sealing_key, fact_id, "demo", body, {"say": words} if words else {})
            now = here.clock.now()
            if blob is not None:
                hub_blobs.keep(tx, blob, now)
            journal.append(tx, "demo", body, desk="d01", by="visitor", now=now, mono=1, fact_id=fact_id)


def of_kind(pair: Pair, kind: str) -> list[envelope.Fact]:
    return [envelope.decode(bytes(row[2])) for row in rows(pair.hub, facts) if row[4] == kind]


# --- importing ------------------------------------------------------------------------------------------


@ON_SQLITE
def test_a_form_is_looked_at_and_kept_by_one_touch(paired: Pair):
    office, data = paired.in_the_office(), xlsforms.write_xlsform(a_survey())
    page = upload(office, data)
    assert page.status == 200
    assert page.text.index("好玩吗？") < page.text.index("几星？") < page.text.index("想说什么？")
    assert "街头小调查" in office.send(page.form(f"{AT}/keep"))
    office.send(page.form(f"{AT}/keep"))  # sent once more
    [fact] = of_kind(paired, "survey.added")
    assert fact.body == {"survey": "street", "version": "1", "digest": surveys.digest(a_survey())}
    assert [row[:4] for row in rows(paired.hub, kept_table)] == [("demo", "street", "1", fact.seq)]
    assert "内容一样" in upload(office, data)
    back = office.client.get("/fairs/demo/surveys/street/form.xlsx").data
    assert xlsforms.read_xlsform(back).survey == a_survey()


@ON_SQLITE
def test_everything_that_is_wrong_with_a_file_is_listed_and_nothing_is_kept(paired: Pair):
    office = paired.in_the_office()
    sheets = {
        "survey": [["type", "name", "label"], ["begin_repeat", "r", "每人"], ["end_repeat"], ["image", "p", "<b>照片"],
                   ["integer", "n", "几个？ ${ghost}"]],
        "choices": [["list_name", "name", "label"]],
    }  # fmt: skip
    for data, words in ((write_form(sheets), ("ghost", "survey")), (b"PK\x03\x04 nothing", ()), (b"", ("空的",))):
        page = upload(office, data)
        assert (page.status, f'action="{AT}/keep"' in page) == (422, False)
        assert all(word in page for word in words)
    assert page.text.count("<b>照片") == 0
    assert of_kind(paired, "survey.added") == []


@ON_SQLITE
def test_a_version_that_is_here_is_never_changed(paired: Pair):
    office = paired.in_the_office()
    keep(paired, a_survey())
    other = a_survey(title="改过的")
    page = upload(office, xlsforms.write_xlsform(other))
    assert (page.status, "version 改成新的" in page, "收下" in page) == (422, True, False)
    page = upload(office, xlsforms.write_xlsform(a_survey("2", "改过的")))
    office.send(page.form(f"{AT}/keep"))
    with paired.hub.store.reading() as tx:
        assert [one.survey.version for one in surveys.versions(tx, "demo", "street")] == ["2", "1"]
        assert [one.survey.title.zh for one in surveys.newest(tx, "demo")] == ["改过的"]
    builtin = msgspec.structs.replace(other, id="rights-awareness")
    assert "换一个 form_id" in upload(office, xlsforms.write_xlsform(builtin))


@ON_SQLITE
def test_what_comes_back_with_the_form_is_looked_at_again(paired: Pair):
    office = paired.in_the_office()
    good = upload(office, xlsforms.write_xlsform(a_survey())).form(f"{AT}/keep")
    broken = msgspec.structs.replace(a_survey().questions[0], list_name="ghost")
    for sent in (b"", b"[" * 9000, surveys.document(a_survey(questions=[broken]))):
        assert office.send(good, document=urlsafe_b64encode(sent).decode()).status == 400
    assert office.send(good, document="!").status == 400
    assert of_kind(paired, "survey.added") == []


# --- writing one ----------------------------------------------------------------------------------------


@ON_SQLITE
def test_a_survey_is_written_moved_about_and_saved_as_a_new_version(paired: Pair):
    office = paired.in_the_office()
    page = office.get(f"{AT}/edit")
    page = office.send(the_form(page), title="门口问问", go="add-rating", **{"q0-zh": "您来过吗？"})
    page = office.send(the_form(page), go="up:1", **{"q1-zh": "几星？", "q1-required": "yes"})
    assert the_form(page).values["q0-zh"] == "几星？"
    faulty = office.send(the_form(page), go="save", **{"q1-choices": "是"})
    assert (faulty.status, "至少写两个选项" in faulty) == (422, True)
    sent = the_form(page)
    assert "门口问问" in office.send(sent, go="save")
    office.send(sent, go="save")  # a second touch
    survey_id = sent.values["id"]
    edit = office.get(f"{AT}/edit?survey={survey_id}")
    office.send(the_form(edit), go="save")  # nothing changed
    assert [fact.body["version"] for fact in of_kind(paired, "survey.added")] == ["1"]
    office.send(the_form(edit), go="delete:0")
    page = office.send(the_form(office.send(the_form(edit), go="delete:0")), go="save")
    with paired.hub.store.reading() as tx:
        new, old = surveys.versions(tx, "demo", survey_id)
    assert ([one.kind for one in old.survey.questions], [one.kind for one in new.survey.questions]) == (
        ["rating", "select_one"], ["select_one"],
    )  # fmt: skip
    assert (new.survey.version, old.survey.questions[0].required, answering.flaws(new.survey)) == ("2", True, [])
    assert office.send(the_form(edit), go="up:9").status == office.send(the_form(edit), count="31").status == 400
    assert office.get(f"{AT}/edit?survey=rights-awareness").status == 404


def the_form(page: Page) -> Form:
    """With what is chosen in its lists."""
    found = page.form(f"{AT}/edit")
    chosen = re.findall(r'<select name="(q\d+-kind)".*?<option value="(\w+)" selected', page.text)
    return Form(found.action, found.values | dict(chosen))


# --- to the tablets -------------------------------------------------------------------------------------


@ON_SQLITE
def test_a_tablet_learns_what_the_fair_chose_and_asks_it(paired: Pair, monkeypatch):
    paired.sync()
    before = paired.booth.journal.identity().notice_etag
    keep(paired, a_survey(), chosen=False)
    paired.sync()
    assert paired.booth.journal.identity().notice_etag == before  # not chosen
    choose(paired, "street", "rights-awareness")
    paired.sync()
    paired.booth.look_again()
    assert paired.booth.journal.identity().notice_etag != before
    assert [one.id for one in paired.booth.enrolled.surveys] == ["street"]  # the other is the pack's
    assert "街头小调查" in paired.visitor().get("/survey/street")
    monkeypatch.setattr(surveys, "CARRIED_LIMIT", 100)
    paired.sync()
    paired.booth.look_again()
    assert paired.booth.enrolled.surveys == []
    assert "没有发到平板" in paired.in_the_office().get("/fairs/demo/surveys")


# --- on a phone -----------------------------------------------------------------------------------------


def begin(pair: Pair, query: str = "") -> tuple[Browser, Page]:
    phone = Browser(pair.hub_app.test_client())
    page = phone.get(PHONE + query)
    return phone, phone.send(page.form(f"{PHONE}/begin{query}"))


def test_a_phone_answers_one_question_a_page_and_leaves_one_fact(paired: Pair):
    keep(paired, a_survey())
    device = paired.booth.journal.identity().certificate.device
    phone, page = begin(paired, f"?at={device}")
    action = f"{PHONE}?at={device}"
    page = phone.send(page.form(action), pick="no")
    page = phone.send(page.form(action), pick="3")
    assert rows(paired.hub, survey_rows) == []
    paired.clock.tick(60)
    last = page.form(action)
    assert "收下了" in phone.send(last, value=SECRET, go="next")
    assert "收下了" in phone.send(last, value=SECRET, go="next")
    [fact] = of_kind(paired, "survey.answered")
    assert fact.desk == "d01"
    assert {"answers": {"fun": ["no"], "stars": ["3"]}, "channel": "phone", "valid": True}.items() <= fact.body.items()
    with paired.hub.store.reading() as tx:
        [row] = tx.execute(select(survey_rows)).all()
    assert (row.fact, row.blob, row.desk, row.ms > 59_000) == (fact.id, fact.body["blob"], "d01", True)
    assert find(stored(paired.hub), SECRET) == []


@ON_SQLITE
def test_a_phone_is_refused_what_is_wrong_or_hostile(paired: Pair, monkeypatch):
    keep(paired, a_survey())
    phone, page = begin(paired)
    first = page.form(PHONE)
    assert phone.send(first, pick="maybe").status == 422
    assert phone.send(first, go="skip").status == 422  # it has to be answered
    assert phone.send(first, answers='{"ghost":["1"]}').status == 400
    assert phone.send(first, at="say", value="13800138000").status == 422  # as if a person's number were an answer
    assert phone.send(first, version="0").status == 409
    assert phone.send(first, id="x").status == 400
    # A hidden field that skips what has to be answered leads back to that question.
    skipped = phone.send(first, at="stars", pick="3")
    assert (skipped.status, "好玩吗？" in skipped) in ((422, True), (200, True))
    for path in ("/m/survey/demo/rights-awareness", "/m/survey/demo/x", "/m/survey/nowhere/street"):
        assert phone.get(path).status == 404
    assert phone.get(f"{PHONE}?at={'0' * 32}").status == phone.get(f"{PHONE}?at=<x315>").status == 200
    monkeypatch.setattr(survey_phones, "HANDED_IN", 1)
    for times in range(2):
        phone, page = begin(paired)
        page = phone.send(page.form(PHONE), pick="yes")
        page = phone.send(page.form(PHONE), pick="3")
        assert page.status == (200, 429)[times]
    assert 'name="answers"' in page  # nothing that was chosen is lost
    [fact] = of_kind(paired, "survey.answered")
    assert (fact.desk, fact.body["valid"]) == ("survey", False)  # quicker than anybody reads
    assert "不知道哪个会场" in paired.in_the_office().get("/fairs/demo/surveys/street")


@ON_SQLITE
def test_long_after_the_fair_nothing_is_asked(paired: Pair):
    keep(paired, a_survey())
    paired.clock.tick(86_400 * 600)
    assert Browser(paired.hub_app.test_client()).get(PHONE).status == 404


# --- what it comes to -------------------------------------------------------------------------------------


def test_results_are_those_counted_by_hand_by_version_and_channel(paired: Pair):
    keep(paired, a_survey())
    office = paired.in_the_office()
    page = office.get("/fairs/demo/surveys/street")
    assert "还没有人答" in page
    answered(paired, 12, fun="yes", stars="5")
    answered(paired, 4, fun="no", stars="1", channel="phone")
    answered(paired, 3, fun="no", valid=False)
    keep(paired, a_survey("2"))
    answered(paired, 1, version="2", fun="no")
    page = office.get("/fairs/demo/surveys/street?version=1")
    for words in (
        "自愿填写，不能代表全体",
        "<b>16</b> 份有效，共收回 19 份",
        "<b>75.0%</b>",
        "<b>25.0%</b>",
        "<b>4</b> 中位数",
    ):
        assert words in page, words
    assert "“好玩吗？”：16 人回答，其中“是”75.0%（12 人）" in page
    page = office.get("/fairs/demo/surveys/street?version=1&channel=phone")
    assert ("<b>4</b> 份有效" in page, "不足 10 人" in page) == (True, True)
    answered(paired, 1, fun="yes")  # what is remembered is not what is there any more
    page = office.get("/fairs/demo/surveys/street?version=1&down=fun&across=stars")
    assert "<b>17</b> 份有效" in page
    assert "两题都答了的有 16 人" in page
    assert "12 <small>100.0%</small>" in page
    assert "4 <small>—</small>" in page
    assert office.get("/fairs/demo/surveys/ghost").status == 404


@ON_SQLITE
def test_answers_as_files_carry_the_caveat_and_no_formula(paired: Pair):
    keep(paired, a_survey())
    answered(paired, 2, fun="no", stars="4", words=SECRET)
    client = paired.in_the_office().client
    found = client.get("/fairs/demo/surveys/street/answers.csv")
    assert found.data.startswith(b"\xef\xbb\xbf")
    caveat, heads, *body = csv.reader(io.StringIO(found.data.decode("utf-8-sig")))
    assert "自愿填写，不能代表全体。" in caveat[0]
    assert heads[-2:] == ["好玩吗？", "几星？"]
    assert [row[-2:] for row in body] == [["'=1+1", "4"]] * 2
    book = zipfile.ZipFile(io.BytesIO(client.get("/fairs/demo/surveys/street/answers.xlsx").data))
    sheets = "".join(html.unescape(book.read(name).decode()) for name in book.namelist() if name.endswith(".xml"))
    assert ("自愿填写" in sheets, "=1+1" in sheets, "<f>" in sheets, SECRET in sheets) == (True, True, False, False)


@ON_SQLITE
def test_a_survey_nobody_here_knows_is_shown_by_its_codes(paired: Pair):
    answered(paired, 11, version="9", fun="x315", stars="5")
    page = paired.in_the_office().get("/fairs/demo/surveys/street")
    assert ("题目原文不在这里" in page, "x315" in page) == (True, True)
    assert "这里没有它的题目" in paired.in_the_office().get("/fairs/demo/surveys")


# --- what people wrote ------------------------------------------------------------------------------------


def test_words_are_shown_to_a_named_person_with_a_reason_and_gone_when_erased(paired: Pair):
    keep(paired, a_survey())
    answered(paired, 1, fun="no", words=SECRET)
    answered(paired, 1, fun="no", words="要多办几次")
    office, at = paired.in_the_office(), "/fairs/demo/surveys/street/words"
    page = office.get(at)
    assert (SECRET in page, of_kind(paired, "survey.opened")) == (False, [])
    opener = next(one for one in page.forms if one.action.startswith(at))
    assert office.send(opener, reason="fun").status == 400
    page = office.send(opener, reason="reading")
    assert (SECRET in page, "要多办几次" in page, "想说什么？" in page) == (True, True, True)
    [fact] = of_kind(paired, "survey.opened")
    assert (fact.body, fact.by != "visitor") == ({"survey": "street", "reason": "reading"}, True)
    with paired.hub.store.begin() as tx:
        sha = tx.execute(select(survey_rows.c.blob).order_by(survey_rows.c.seq)).scalars().first()
        tx.execute(blobs.delete().where(blobs.c.sha256 == sha))
        insert_once(tx, erased, [{"sha256": sha, "at": 1.0, "person": "p"}])
    page = office.send(opener, reason="supervision")
    assert (SECRET in page, "要多办几次" in page, "1 份已按期限删除" in page) == (False, True, True)


def test_rebuilding_and_verifying_come_to_the_same(paired: Pair):
    keep(paired, a_survey())
    answered(paired, 2, fun="yes", stars="5", words="好")
    before = rows(paired.hub, survey_rows)
    assert len(before) == 2
    assert list(ledger.verify(paired.hub)) == []
    with paired.hub.store.begin() as tx:
        tx.execute(update(survey_rows).values(answers="{}"))
    assert any("among the survey_rows is not what it says" in fault for fault in ledger.verify(paired.hub))
    ledger.rebuild(paired.hub)
    assert rows(paired.hub, survey_rows) == before
