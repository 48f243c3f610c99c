"""The summary's words: every number from a figure, nothing said that nobody measured, no gap where something lacks."""

import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.packs.model import Text
from kiosk.reports import catalogue, rounding, summary
from kiosk.reports.statement import Cell, Column, Day, Place, Record, Statement
from kiosk.reports.wording import SENTENCES
from tests.reports.statements import a_statement, few

_NO_FIGURE = re.compile(r"“3·15”|12315|[0-9]{4}年|[0-9]{1,2}[月日]")


_BARE = a_statement(records=[], findings=[], missing=[])


def cell(key: str, value: int | str | None, **more) -> Cell:
    return Cell(key, value, more.get("parts", {}), more.get("by", {"auto": value} if isinstance(value, int) else {}))


def saying(days: tuple[Day, ...] = (), year: tuple[Cell, ...] = (), places=(), **said) -> Statement:
    """A statement that says these figures of the fair, and of all others that nobody said them."""
    period = [
        found if isinstance(found := said.get(one.key), Cell) else cell(one.key, found) for one in catalogue.CATALOGUE
    ]
    whole = {"period": period, "year": year, "days": days, "places": places}
    return msgspec.structs.replace(_BARE, **whole)


#: Small enough to be asked a hundred times.
LEAFLETS = few(saying(leaflets=20_416), "leaflets")


def text_of(statement: Statement, lang: str = "zh") -> str:
    return "\n".join(one.text for one in summary.laid_out(summary.draft(statement, lang), statement, lang))


def filled(text: str, statement: Statement, lang: str = "zh") -> str:
    return summary.said(summary.fill(text, statement, lang))


def only_fault(text: str, statement: Statement) -> str:
    (piece,) = summary.faults(summary.fill(text, statement))
    return piece.fault


# --- published examples ---------------------------------------------------------------------------

MODEL = {
    "venues": 4, "desks": 20, "headcount": 9_863, "messages": 300_000, "leaflets": 20_416, "boards": 96,
    "consultations": 256, "complaints": 2, "quicktest_batches": 18, "fakes_on_tables": 16, "hotline_calls": 56,
    "contests": 1, "contest_teams": 8,
}  # fmt: skip


def test_the_model_fair_comes_out_in_the_order_in_which_offices_tell_it():
    told = text_of(saying(**MODEL))
    expected = (
        "活动期间，本级设会场4个，设置服务台20个，参与群众9863人次，发送短信、推送300000条，发放宣传资料20416份，"
        "陈列展板96块，接受咨询256人次，登记投诉2件，食品快检18批次，实物展出假冒伪劣商品16种。"
    )
    assert expected in told
    assert "活动期间，本级举办知识竞赛1场，参赛队伍8队。" in told


def test_calls_stand_apart_from_what_was_filed_on_site():
    told = text_of(saying(**MODEL)).splitlines()
    (calls,) = [line for line in told if "来电56件" in line]
    assert "登记投诉" not in calls
    assert "不计入现场登记数" in calls


def test_the_county_that_counts_exactly_is_told_exactly():
    told = text_of(saying(sessions=2, venues=7, leaflets=18_670, trainings=2, contests=2, media_reports=25))
    for words in ("现场活动2场次", "设会场7个", "宣传资料18670份", "讲座2场", "知识竞赛2场", "媒体报道25篇"):
        assert words in told
    assert not re.search("[余近多]", told.replace("“多", ""))


def test_the_model_fair_may_be_rounded_as_it_was_printed():
    text = "近万名群众：{headcount|about}，短信{messages|about}，资料{leaflets|about}，咨询{consultations}。"
    assert filled(text, saying(**MODEL)) == "近万名群众：近1万人次，短信30万条，资料2万余份，咨询256人次。"


def test_a_rate_is_what_was_divided_and_not_what_was_printed():
    said = saying(closing_rate=cell("closing_rate", "87.69", parts={"numerator": 349, "denominator": 398}))
    assert "投诉办结率87.69%（办结和并案349件，登记398件）" in text_of(said)


# --- windows and scopes ---------------------------------------------------------------------------


def test_every_sentence_with_a_figure_says_of_when_and_of_whom():
    sections = summary.draft(a_statement())
    for section in sections:
        for line in section.text.splitlines():
            if "{" in line:
                assert re.match(r"(活动期间|3月15日当天|2027年度)，(本级|全市)", line), line


def test_what_units_sent_up_is_the_citys_and_the_rest_is_ones_own():
    below = Place("unit", "north", Text("北区", "North"), "", [cell("leaflets", 400)])
    said = saying(leaflets=cell("leaflets", 500, by={"auto": 100, "below": 400}), boards=3, places=(below,))
    told = text_of(said)
    assert "活动期间，全市发放宣传资料500份。" in told
    assert "活动期间，本级陈列展板3块。" in told


@pytest.mark.parametrize(
    ("unit", "whole"),
    [
        ("某县市场监督管理局", "全县"), ("某自治区市场监管局", "全区"), ("某市城关区消费者协会", "全区"),
        ("某师市市场监督管理局", "全师市"), ("消费者协会", "本级及下级"),
    ],
)  # fmt: skip
def test_the_whole_is_called_by_the_place_in_the_units_name(unit, whole):
    said = saying(leaflets=cell("leaflets", 500, by={"below": 500}))
    assert f"，{whole}发放" in text_of(msgspec.structs.replace(said, unit=Text(unit, "x")))


def test_the_day_itself_is_told_beside_the_whole_fair():
    days = tuple(Day(f"2027-03-{n}", [cell("leaflets", n)], {}) for n in (14, 15))
    told = text_of(saying(leaflets=29, days=days))
    assert "活动期间，本级发放宣传资料29份。" in told
    assert "3月15日当天，本级发放宣传资料15份。" in told
    assert "14份" not in told


def test_a_fair_of_one_day_says_that_day():
    said = msgspec.structs.replace(saying(leaflets=15), starts="2027-03-15", ends="2027-03-15")
    assert "3月15日活动当天，本级发放宣传资料15份。" in text_of(said)
    assert "于2027年3月15日组织" in text_of(said)


def test_the_year_is_told_by_itself():
    told = text_of(saying(year=(cell("complaints_accepted", 1_103),)))
    assert "2027年度，本级受理投诉1103件。" in told


# --- what is not said -----------------------------------------------------------------------------

_GAPS = re.compile(r"[{}]|××|，，|，。|。。|（）|（，|，）|：。|None|^，|，$", re.MULTILINE)
KEYS = sorted(
    {key for one in SENTENCES for clause in one.clauses for key in re.findall(r"\{([a-z_0-9]+)", clause.text)}
)


@given(st.sets(st.sampled_from(KEYS)))
def test_what_is_missing_leaves_no_gap_in_the_draft(known):
    told = text_of(saying(**dict.fromkeys(known, 7)))
    assert not _GAPS.search(told)
    assert " 0" not in told


@given(st.sets(st.sampled_from(KEYS), max_size=len(KEYS) - 1))
def test_what_goes_missing_later_leaves_no_gap_in_words_that_stay(known):
    words = summary.draft(saying(**dict.fromkeys(KEYS, 7)))
    told = "\n".join(one.text for one in summary.laid_out(words, saying(**dict.fromkeys(known, 7))))
    assert not _GAPS.search(told)


def test_an_empty_fair_has_a_head_a_foot_and_no_numbers():
    told = text_of(saying())
    assert "一、" not in told
    assert not re.search("[0-9]", _NO_FIGURE.sub("", told))


def test_a_nought_is_said_only_where_it_is_worth_it():
    told = text_of(saying(complaints=0, reports=0, boards=0, leaflets=5))
    assert "登记投诉0件，登记举报0件" in told
    assert "展板" not in told


def test_what_nobody_counted_is_no_nought():
    said = msgspec.structs.replace(saying(complaints=0, leaflets=5), missing=["complaints"])
    assert "登记投诉0件" not in text_of(said)


def test_a_rate_of_fewer_than_ten_is_not_told():
    few = cell("mediation_rate", "88.89", parts={"numerator": 8, "denominator": 9})
    assert "调解成功率" not in text_of(saying(mediation_rate=few))
    assert only_fault("成功率{mediation_rate}。", saying(mediation_rate=few)) == "small"


def test_an_estimate_says_that_it_is_one():
    said = saying(people_estimated=9_000)
    assert "参与人数约9000人（估算）" in text_of(said)
    assert filled("{people_estimated|about}", saying(people_estimated=9_870)) == "近1万人（估算）"
    assert filled("{people_estimated|about}", said) == "约9000人（估算）"


def test_money_is_told_in_ten_thousands_and_small_money_is_not():
    said = saying(recovered="51150.00", case_fines="12.50")
    assert filled("{recovered}、{case_fines}", said) == "5.12万元、12.50元"
    assert filled("{recovered|余:5万}", said) == "5万余元"


def test_goods_destroyed_are_told_in_their_own_measures():
    def listed(title: str, measure: str, n: int) -> Record:
        return Record("destroyed", title, "2027-03-15", {"measure": measure}, {"quantity": n}, "清单", "", "0" * 32)

    found = [listed("棉被", "床", 1_530), listed("酒", "箱", 7), listed("烟", "箱", 3), listed("怪", "{x}", 9)]
    said = msgspec.structs.replace(saying(destroyed_kinds=3, destroyed_pieces=40), records=found)
    assert "品种3种，按件计40件，按床计1530床，按箱计10箱。" in text_of(said)
    assert only_fault("{destroyed_kinds:吨}", said) == "part"


def test_nobody_praises_anything():
    told = text_of(a_statement())
    assert not re.search("热烈|圆满|显著|好评|成功举办|高度|广泛|深入|一致", told)


# --- what fell short ------------------------------------------------------------------------------


def test_problems_are_what_was_answered_and_what_nobody_counted():
    told = text_of(a_statement())
    assert "关于“发放宣传资料”，核对时的说明是：有一捆没有登记领取。" in told
    assert "“短信、推送”没有统计数据" in told
    assert "12 份" not in told  # the doubt's own number is no figure


def test_what_comes_next_follows_from_what_is_open():
    assert "尚未办结的投诉" in text_of(saying(complaints_accepted=5, complaints_closed=3))
    assert "下一步" not in text_of(saying(complaints_accepted=5, complaints_closed=5))


def test_the_least_known_questions_are_named_with_their_rates():
    worst = cell("worst_questions", 2, parts={"q-a": 2_345, "q-b": 5_100})
    said = saying(worst_questions=worst)
    names = {"q-a": Text("网购几天可以退货？", "Days to return?"), "q-b": Text("谁来举证？", "Who proves it?")}
    words = summary.draft(said, questions=names)
    told = "\n".join(one.text for one in summary.laid_out(words, said))
    assert "“网购几天可以退货”23.45%；“谁来举证”51.00%。" in told


def test_a_theme_nobody_announced_is_left_out():
    assert "主题" not in text_of(saying())
    assert "围绕“守护安全”主题，" in text_of(msgspec.structs.replace(saying(), theme=Text("守护安全", "Safety")))


def test_an_offices_own_figure_has_its_clause():
    said = saying()
    own = Column("own.buses", Text("公交车厢宣传", "Buses"), "辆", "publicity", Text("x", "x"), "sum")
    whole = {"columns": [*said.columns, own], "period": [*said.period, cell("own.buses", 12)]}
    assert "公交车厢宣传12辆" in text_of(msgspec.structs.replace(said, **whole))


# --- tokens ---------------------------------------------------------------------------------------


def test_a_figure_piece_knows_where_its_number_comes_from():
    said = saying(leaflets=20_416, days=(Day("2027-03-15", [cell("leaflets", 12)], {}),))
    first, second = [p for p in summary.fill("{leaflets|about}和{leaflets@2027-03-15}", said) if p.kind == "figure"]
    assert (first.key, first.window, first.value, first.unit, first.text) == (
        "leaflets", "period", 20_416, "份", "2万余份",
    )  # fmt: skip
    assert (second.window, second.value, second.text) == ("2027-03-15", 12, "12份")


def test_day_and_wording_may_stand_in_either_order():
    said = saying(leaflets=1, days=(Day("2027-03-15", [cell("leaflets", 20_416)], {}),))
    assert filled("{leaflets@2027-03-15|about}", said) == filled("{leaflets|about@2027-03-15}", said) == "2万余份"


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        ("leaflet", "unknown"), ("<script>", "unknown"), ("leaflets@2027-03-20", "window"), ("boards", "missing"),
        ("leaflets:poster", "part"), ("leaflets|roughly", "refused"), ("leaflets|near:2万", "refused"),
        ("leaflets|over:3万", "refused"), ("leaflets|over:1万", "refused"), ("leaflets|about:2万", "refused"),
    ],
)  # fmt: skip
def test_what_a_token_cannot_be_is_said(token, fault):
    said = saying(leaflets=20_416)
    assert only_fault(f"发放{{{token}}}。", said) == fault
    assert filled(f"发放{{{token}}}。", said) == ("发放20416份。" if fault == "refused" else "")


def test_a_clause_that_cannot_be_said_goes_and_takes_what_hangs_on_it():
    said = saying(leaflets=5, media_reprints=3)
    text = "本级发放{leaflets}，媒体报道{media_reports}，其中转载{media_reprints}（电视{media_outlets}）。完。"
    assert filled(text, said) == "本级发放5份。完。"


def test_brackets_that_say_nothing_go_alone():
    assert filled("发放{leaflets}（册子{boards}），完成。", saying(leaflets=5)) == "发放5份，完成。"


def test_a_typed_number_is_a_mild_hint_and_a_day_is_none():
    said = saying(leaflets=20_416)
    pieces = summary.fill("2027年3月15日“3·15”活动，拨打12315，发放20416份、1.5万元，第3条〔2021〕14号", said)
    loose = {piece.text: piece for piece in pieces if piece.fault == "loose"}
    assert set(loose) == {"20416", "1.5"}
    assert loose["20416"].key == "leaflets"
    assert "{leaflets}" in loose["20416"].says.zh
    assert "没有和任何指标关联" in loose["1.5"].says.zh


@given(st.text(alphabet=st.characters(exclude_characters="{}"), max_size=120))
def test_words_without_tokens_stay_as_they_are(text):
    assert filled(text, LEAFLETS) == text


@given(st.text(alphabet="{}leaflets|about@2027-03-15余:万（），。；其中 x\n", max_size=80))
def test_no_words_break_it(text):
    for piece in summary.fill(text, LEAFLETS):
        assert piece.kind != "figure" or piece.fault or piece.key == "leaflets"


def test_every_number_of_the_draft_is_a_figure():
    said = a_statement()
    for section in summary.draft(said):
        loose = [p.text for p in summary.fill(section.text, said) if p.fault == "loose"]
        assert not loose, section.id


def test_the_english_draft_has_no_chinese_of_ours():
    said = a_statement(findings=[], theme=Text("守护安全", "Safety"))
    assert not re.search("[一-鿿]", text_of(said, "en"))
    assert "leaflets handed out 20,416" in text_of(said, "en")


# --- rounding -------------------------------------------------------------------------------------

NUMBERS = st.integers(0, 10**12)
BASES = st.one_of(st.none(), st.integers(1, 10**11).map(lambda n: n * 10))


def is_true(n: int, said: rounding.Rounded) -> bool:
    """Whether the words hold: nothing is said to be more than it is, or near what it is not."""
    if said.before == "近":
        return 0 < said.base - n <= said.base * rounding.NEAR
    if said.after:
        return said.base < n
    return said.base == n


@given(NUMBERS, st.sampled_from(["about", "over", "near", "余", "多", "近"]), BASES)
def test_rounded_words_are_always_true(n, style, base):
    said = rounding.rounded(Decimal(n), style if base is None else f"{style}:{base}")
    assert is_true(n, said)
    if said.refused:
        assert said.number == str(n)


@given(NUMBERS)
def test_about_is_never_far_from_the_truth(n):
    said = rounding.rounded(Decimal(n), "about")
    assert said.refused is None
    assert abs(said.base - n) * 10 < max(n, 1)


@given(NUMBERS)
def test_nothing_is_rounded_unless_somebody_chose_it(n):
    assert filled("{leaflets}", msgspec.structs.replace(LEAFLETS, period=[cell("leaflets", n)])) == f"{n}份"


@pytest.mark.parametrize(
    ("n", "style", "words"),
    [
        (20_416, "about", "2万余"), (9_863, "about", "近1万"), (256, "about", "250余"), (65_000, "about", "6.5万"),
        (5_512, "about", "5500余"), (18_670, "about", "1.8万余"), (300_000, "about", "30万"), (16, "about", "16"),
        (3_500_001, "about", "350万余"), (123_456_789, "about", "1.2亿余"), (9_500, "near", "近1万"),
        (9_499, "near:1万", "9499"), (10_000, "near:1万", "10000"), (10_000, "over:1万", "10000"),
        (10_001, "多:1万", "1万多"), (16, "余", "10余"), (7, "余", "7"), (20_416, "over:2.04万", "2.04万余"),
    ],
)  # fmt: skip
def test_rounded_words(n, style, words):
    said = rounding.rounded(Decimal(n), style)
    assert said.before + said.number + said.after == words
