"""The hub's page for questions out of files."""

import io
import json
import re

import openpyxl
import pytest

from kiosk.hub import packs
from kiosk.hub.exports import XLSX
from kiosk.packs import importing, workbooks
from tests.makers import CASEWORKER, Browser
from tests.proof import share_hubs

pytestmark = share_hubs  # nothing of it comes to the database
HEAD = ["题型", "主题", "难度", "题目", "选项A", "选项B", "正确答案", "解析", "法律", "第几条", "条文原词"]
ROW = ["单选", "退货", "易", "运费谁出？", "商家", "买家", "A", "由商家出。", "消费者权益保护法", 24, "运输等必要费用"]
ADDRESS = "/fairs/demo/packs/import"


def a_book(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(written := io.BytesIO())
    return written.getvalue()


@pytest.fixture
def office(hub_client):
    return Browser(hub_client).sign_in(*CASEWORKER).client


def token(office) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', office.get(ADDRESS).text)[1]


def post(office, data: bytes, name: str = "题库.xlsx", what: str = "look", to: str = ADDRESS, **more):
    """As a browser posts it: a test client would put a large file on the disk itself."""
    body = b""
    for field, words in {"csrf": token(office), "what": what, **more}.items():
        body += f'--b\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{words}\r\n'.encode()
    body += f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return office.post(to, data=body + data + b"\r\n--b--\r\n", content_type="multipart/form-data; boundary=b")


def test_a_good_file_is_shown_as_it_will_look(office):
    answer = post(office, a_book(HEAD, ROW))
    assert answer.status_code == 200
    assert "1 道题都没有错：新增 1" in answer.text
    assert "运费谁出？" in answer.text
    assert "消费者权益保护法第二十四条" in answer.text


def test_faults_stand_in_a_table_with_sheet_row_column_and_how_to_mend_them(office):
    answer = post(office, a_book(HEAD, ROW, [*ROW[:3], "第二题", "甲", "乙", "C", *ROW[7:]]))
    assert answer.status_code == 200
    assert "<td>Sheet</td><td>3</td><td>G</td><td>答案“C”指的选项没有写。" in answer.text
    assert "什么都没有保存" in answer.text


def test_what_was_checked_is_taken_away_as_the_pack_s_file(office, hub):
    answer = post(office, a_book(HEAD, ROW), what="questions")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="questions.json"'
    found = json.loads(answer.data)
    assert len(found) == len(hub.pack.questions) + 1
    assert found[-1]["text"]["zh"] == "运费谁出？"
    same = importing.export(hub.pack.questions, hub.pack, "gift")[0]
    again = post(office, same, "x.txt", "questions")
    assert again.mimetype == "application/json", (again.status_code, again.text[-1500:])
    assert json.loads(again.data) == found[:-1]


def test_a_file_with_a_fault_gives_no_pack_but_a_marked_workbook(office):
    data = a_book(HEAD, [*ROW[:6], "C", *ROW[7:]])
    assert post(office, data, what="questions").status_code == 422
    marked = post(office, data, what="marked")
    assert marked.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(marked.data))[workbooks.SHEET]
    assert "指的选项没有写" in [cell.value for cell in sheet[2]][-1]


@pytest.mark.parametrize("words", ["\x01", "a\x0bb", "\ufffe"])
def test_what_cannot_be_printed_in_a_default_is_no_hindrance_to_the_marked_workbook(office, words):
    answer = post(office, a_book(HEAD, [ROW[0], None, *ROW[2:]]), what="marked", topic=words)
    assert (answer.status_code, answer.mimetype) == (200, XLSX)


def test_a_text_of_nothing_but_refused_questions_can_be_taken_away_marked(office):
    assert post(office, "问答 {}\n".encode(), "x.gift", "marked").mimetype == XLSX


def test_how_many_questions_a_format_leaves_out_is_said_on_the_page_and_by_the_file_s_name(office, hub):
    for form, ending in (("gift", "gift"), ("aiken", "txt")):
        count = len(importing.export(hub.pack.questions, hub.pack, form)[1])
        named = office.get(f"/fairs/demo/packs/questions.{ending}").headers["Content-Disposition"]
        assert f'"questions-without-{count}.{ending}"' in named
        assert f"装不下{'其中' if form == 'gift' else ''} {count} 道" in office.get(ADDRESS).text
    assert '"questions.xlsx"' in office.get("/fairs/demo/packs/questions.xlsx").headers["Content-Disposition"]


def test_plain_text_takes_what_it_lacks_from_the_form(office):
    text = "谁出？\nA. 商家\nB. 买家\nANSWER: A\n".encode()
    assert "处要改" in post(office, text, "题.txt").text
    more = {
        "topic": "returns",
        "difficulty": "easy",
        "law": "消费者权益保护法",
        "article": "24",
        "key": "运输",
        "explanation": "因为。",
    }
    answer = post(office, text, "题.txt", **more)
    assert "1 道题都没有错" in answer.text
    assert '<option value="returns" selected>' in answer.text


def test_nothing_of_the_hub_s_pack_is_changed(office, hub):
    before = (hub.pack.folder / "questions.json").read_bytes()
    post(office, a_book(HEAD, ROW), what="questions")
    assert (hub.pack.folder / "questions.json").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "kind"),
    [("template.xlsx", "PK"), ("questions.xlsx", "PK"), ("questions.gift", "//"), ("questions.txt", "")],
)
def test_template_and_questions_can_be_taken_away(office, name, kind):
    answer = office.get(f"/fairs/demo/packs/{name}")
    assert answer.status_code == 200
    assert answer.data.startswith(kind.encode())
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_file_too_large_for_any_bank_is_refused_before_it_is_read(office):
    answer = post(office, b"x" * packs.UPLOAD_LIMIT)
    assert answer.status_code == 413


def test_a_large_file_is_kept_off_the_disk(office, monkeypatch):
    for name in ("SpooledTemporaryFile",):
        monkeypatch.setattr(f"werkzeug.formparser.{name}", lambda *_args, **_more: pytest.fail("a temporary file"))
    answer = post(office, b"PK" + b"\0" * 2_000_000)
    assert answer.status_code == 200
    assert "损坏" in answer.text


def test_a_long_text_of_many_lines_arrives_whole(office):
    text = "".join(f"第{n}题？\nA. 商家\nB. 买家\nANSWER: {'C' if n == 5000 else 'A'}\n\n" for n in range(1, 5001))
    text += "   \n" * 75_000  # short lines: what werkzeug looks through at once is more than one chunk
    answer = post(office, text.encode(), "x.txt", topic="returns", difficulty="easy", law="消费者权益保护法",
                  article="24", key="运输", explanation="因为。")  # fmt: skip
    assert answer.status_code == 200
    assert "读到 5000 道题，有 1 处要改" in answer.text
    assert "<td>24999</td>" in answer.text


def test_a_form_without_a_file_asks_for_it(office):
    answer = office.post(ADDRESS, data={"csrf": token(office), "what": "look"}, content_type="multipart/form-data")
    assert (answer.status_code, "field.missing" in answer.text) == (400, True)


def test_another_form_of_the_hub_takes_no_more_than_before(office):
    assert post(office, b"x" * 1_000_000, to="/fairs/demo/codes").status_code == 413


def test_who_is_no_organiser_sees_none_of_it(hub_client):
    assert hub_client.get(ADDRESS).status_code == 303
    assert hub_client.get("/fairs/demo/packs/questions.xlsx").status_code == 303


def test_hostile_words_in_a_file_stay_words(office):
    answer = post(
        office,
        a_book([*HEAD, "<x315>"], [*ROW[:3], "<script>alert(1)</script>", "<b>", "'\"", *ROW[6:]]),
        "<x315>.xlsx",
    )
    assert "<script>alert" not in answer.text
    assert "<x315" not in answer.text
