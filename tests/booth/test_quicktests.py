"""The quick-test desk: a batch by touch, kept once; taken back with a reason; a positive nobody outside hears of."""

import msgspec
import pytest

from kiosk.booth.context import Booth
from kiosk.facts.quicktests import QuicktestRecorded
from tests.clocks import FakeClock
from tests.facts.test_quicktests import a_batch
from tests.makers import Browser, Page, a_draft, an_id, facts_of

AT = "/staff/quicktests"
RECORDED, VOIDED = "quicktest.recorded", "quicktest.voided"


@pytest.fixture
def desk(visitor: Browser) -> Browser:
    return visitor.enter("li", "380315")


def records(desk: Browser, result: str = "pass", **told: str) -> Page:
    form = desk.get(f"{AT}/new").form(f"{AT}/new")
    return desk.send(form, **{"sample": "芹菜", "source": "brought", "result.pesticide": result, **told})


def bodies(booth: Booth, kind: str = RECORDED) -> list[dict[str, object]]:
    return [fact.body for fact in facts_of(booth.journal, kind)]


def voids(desk: Browser, fact: str, why: str = "typed", **told: str) -> Page:
    return desk.post(f"{AT}/void", fact=fact, why=why, **told)


def sums(booth: Booth) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_day, _hour, _desk, metric), n in booth.journal.totals().items():
        if metric.startswith("quicktest."):
            found[metric[10:]] = found.get(metric[10:], 0) + n
    return {metric: n for metric, n in found.items() if n}


def test_a_batch_is_written_down_with_all_its_fields(desk: Browser, booth: Booth):
    page = records(
        desk, **{
            "other": "本地香菜", "source": "chosen", "place": "东门市场 12 号", "made_on": "2027-03-14",
            "lot": "R-2701", "agency": "市食品检验所", "value.pesticide": "12%", "limit.pesticide": "<50%",
            "result.nitrite": "invalid", "result.own-1": "pass", "item.own-1": "重金属铅", "method.own-1": "试纸法",
        },
    )  # fmt: skip
    [body] = bodies(booth)
    mark = body["batch"][-6:-4]
    assert body == {
        "batch": f"D01-0315-{mark}-001", "sample": "本地香菜", "place": "东门市场 12 号", "made_on": "2027-03-14",
        "source": "chosen", "lot": "R-2701", "agency": "市食品检验所", "tester": "li",
        "tests": [
            {"item": "农药残留", "method": "酶抑制法", "value": "12%", "limit": "<50%", "result": "pass"},
            {"item": "亚硝酸盐", "method": "比色法", "value": "", "limit": "", "result": "invalid"},
            {"item": "重金属铅", "method": "试纸法", "value": "", "limit": "", "result": "pass"},
        ],
    }  # fmt: skip
    assert (page.path, body["batch"] in page, "无效" in page) == (AT, True, True)


def test_a_retry_is_the_same_batch_and_other_content_is_refused(desk: Browser, booth: Booth):
    form = desk.get(f"{AT}/new").form(f"{AT}/new")
    told = {"sample": "芹菜", "source": "brought", "result.pesticide": "pass"}
    for _ in range(3):
        assert desk.send(form, **told).status == 200
    assert desk.send(form, **{**told, "sample": "韭菜"}).status == 409
    records(desk)
    assert [body["batch"][-3:] for body in bodies(booth)] == ["001", "002"]


def test_the_desk_remembers_for_the_day_where_with_what_and_against_which_limit(desk: Browser, clock: FakeClock):
    records(desk, **{"place": "东门市场", "lot": "R-1", "limit.pesticide": "<50%", "other": "羊肚菌"})
    page = desk.get(f"{AT}/new")
    values = page.form(f"{AT}/new").values
    assert (values["place"], values["lot"], values["limit.pesticide"]) == ("东门市场", "R-1", "<50%")
    assert (values["source"], "sample" in values) == ("brought", False)
    assert page.text.index("羊肚菌") < page.text.index("芹菜")
    clock.tick(86_400)
    assert desk.enter("li", "380315").get(f"{AT}/new").form(f"{AT}/new").values["place"] == ""


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"sample": ""}, "这里还没有填"),
        ({"source": ""}, "这里还没有填"),
        ({"result.pesticide": "none"}, "这里还没有填"),
        ({"result.own-2": "pass"}, "这里还没有填"),
        ({"other": "菜" * 61}, "最多 60 字"),
        ({"place": "王某 13800138000"}, "像有手机号"),
        ({"lot": "11010519491231002X"}, "像有手机号"),
        ({"value.pesticide": "13800138000"}, "像有手机号"),
        ({"limit.pesticide": "1" * 41}, "最多 40 字"),
        ({"made_on": "2027-03-16"}, "日期不对"),
        ({"made_on": "2027-02-30"}, "日期不对"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field_and_nothing_is_kept(
    desk: Browser, booth: Booth, told: dict[str, str], says: str
):
    page = records(desk, **told)
    assert (page.status, says in page, bodies(booth)) == (422, True, [])
    assert page.form(f"{AT}/new").values["id"]


def test_hostile_text_is_shown_as_text(desk: Browser, booth: Booth):
    for hostile in ("<x315>", "=cmd|' /C calc'!A0", "{{7*7}}", "\u202egnp.exe"):
        records(desk, other=hostile, place=hostile)
    page = desk.get(AT)
    assert ("<x315>" in page, "{{7*7}}" in page, len(bodies(booth))) == (False, True, 4)
    assert "\u202e" not in page.text
    assert records(desk, **{"result.pesticide": "阳性"}).status == 400


def test_what_failed_is_asked_about_once_more_and_stays_with_the_staff(desk: Browser, booth: Booth):
    page = records(desk, "fail")
    assert (page.status, "不合格，对吗" in page, bodies(booth)) == (422, True, [])
    form = page.form(f"{AT}/new")
    page = desk.send(form, sure="yes")
    assert ("待复检" in page, "只给工作人员看" in page) == (True, True)
    [fact] = facts_of(booth.journal, RECORDED)
    assert desk.send(form, sure="yes").status == 200  # again, after a lost reply
    assert sums(booth) == {"batches": 1, "pending": 1, "items": 1, "brought": 1}
    page = voids(desk, fact.id)
    assert (page.status, "不能在平板上作废" in page, bodies(booth, VOIDED)) == (422, True, [])


def test_the_board_shows_what_passed_and_nothing_of_any_other(desk: Browser, visitor: Browser, booth: Booth):
    records(desk, other="香菜")
    records(desk, "invalid", other="银鱼")
    records(desk, "fail", other="毛肚", sure="yes")
    records(desk, other="木耳")
    voids(desk, facts_of(booth.journal, RECORDED)[-1].id)
    board = Browser(visitor.client.application.test_client()).get("/quicktests")
    assert (board.status, "香菜" in board, "今天合格" in board) == (200, True, True)
    for hidden in ("银鱼", "毛肚", "木耳", "不合格", "无效", "待复检", "D01-0315"):
        assert hidden not in board, hidden


def test_a_batch_is_taken_back_once_with_a_reason(desk: Browser, booth: Booth):
    records(desk, **{"result.nitrite": "pass"})
    [fact] = facts_of(booth.journal, RECORDED)
    assert voids(desk, fact.id, words="13800138000").status == 422
    assert voids(desk, fact.id, why="whatever").status == 400
    for why in ("doubled", "typed", "doubled"):
        page = voids(desk, fact.id, why)
    assert ("已作废" in page, "重复录了" in page) == (True, True)
    [void] = bodies(booth, VOIDED)
    assert (void["fact"], void["verdict"], void["items"], void["reason"]) == (fact.id, "pass", 2, "重复录了")
    assert sums(booth) == {}


def test_only_a_batch_of_today_is_taken_back(desk: Browser, booth: Booth, clock: FakeClock):
    booth.journal.append(a_draft(a_batch(), an_id(7)))
    clock.tick(86_400)
    desk.enter("li", "380315")
    for fact in (an_id(7), an_id(8)):
        page = voids(desk, fact)
        assert (page.status, "只有今天的批次" in page) == (422, True)
    assert bodies(booth, VOIDED) == []


def test_eighteen_batches_are_eighteen(desk: Browser, booth: Booth):
    """The count of one desk as the papers told it: eighteen batches, all of them passed."""
    for n in range(18):
        records(desk, **{"result.nitrite": "pass" if n % 3 == 0 else "none"})
    assert sums(booth) == {"batches": 18, "passed": 18, "items": 24, "brought": 18}
    numbers = [msgspec.convert(body, QuicktestRecorded).batch for body in bodies(booth)]
    assert (len(set(numbers)), numbers[-1][-3:]) == (18, "018")


def test_the_doors_stand_at_quick_test_desks_only(desk: Browser, booth: Booth):
    def doors() -> list[bool]:
        passer_by = Browser(desk.client.application.test_client())
        return [f'href="{AT}"' in desk.get("/staff"), 'href="/quicktests"' in passer_by.get("/")]

    assert doors() == [False, False]
    at = msgspec.structs.replace(booth.enrolled.desk, type="quicktests")
    booth._enrolment = msgspec.structs.replace(booth.enrolled, desk=at)
    booth._read_at = 1 << 60
    assert doors() == [True, True]
