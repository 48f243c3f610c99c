"""What a summary says of which figures, and in which order. Pure data, in our own words.

A clause is said if its figure has a value; what is in its brackets, if that has one. A figure of nought is said only
where it is worth saying.
"""

import msgspec

from kiosk.packs.model import Text


class Outline(msgspec.Struct, frozen=True):
    """A section as it is before anybody wrote anything."""

    id: str
    level: int  # 0: no heading; 1: 一、; 2: （一）
    heading: Text
    hint: Text


class Clause(msgspec.Struct, frozen=True):
    text: str  # the first token in it decides whether it is said
    of: tuple[str, ...] = ()  # what is said in brackets behind it, each with one token
    before: str = "其中"  # the first word in the brackets


class Sentence(msgspec.Struct, frozen=True):
    """Clauses of one window; those of a whole city stand apart from those of its own office."""

    section: str
    clauses: tuple[Clause, ...]
    window: str = "period"  # "period", "year", or "main": the day of the fair that is 15 March
    after: str = ""  # said behind it, if it is said


def _outline(section_id: str, level: int, zh: str, en: str, hint_zh: str, hint_en: str) -> Outline:
    return Outline(section_id, level, Text(zh, en), Text(hint_zh, hint_en))


_PLAIN_HINT = ("按顺序写做了什么、有多少。", "What was done, and how much of it, in order.")

SECTIONS: tuple[Outline, ...] = (
    _outline("title", 0, "标题", "Title", "不超过两行，除引号、书名号外不用标点。", "Two lines at most."),
    _outline("addressee", 0, "主送机关", "To", "报给谁，例如上级市场监管部门；空着就不印。",
             "Whom it is sent to; left out while empty."),
    _outline("lead", 0, "导语", "Lead", "根据哪份通知、什么主题；文号由办公室填。",
             "By which notice, under which theme."),
    _outline("organisation", 1, "组织实施情况", "How it was organised", "领导小组、方案、分工、会议。",
             "Who led, the plan, meetings."),
    _outline("activities", 1, "宣传活动开展情况", "What was done", "各项活动之前的总起，可以空着。",
             "Before the parts below; may stay empty."),
    _outline("onsite", 2, "现场宣传服务", "On site", *_PLAIN_HINT),
    _outline("outreach", 2, "五进活动和知识竞赛", "Visits and contests", *_PLAIN_HINT),
    _outline("learning", 2, "知识问答和问卷", "Quiz and surveys", "只写测出来的。", "Only what was measured."),
    _outline("media", 2, "媒体宣传", "In the media", *_PLAIN_HINT),
    _outline("destruction", 2, "集中销毁", "Destruction", *_PLAIN_HINT),
    _outline("handling", 1, "投诉处置和执法情况", "Complaints and enforcement", "各项之前的总起，可以空着。",
             "Before the parts below; may stay empty."),
    _outline("casework", 2, "现场投诉举报处置", "Complaints filed on site", "现场登记的，不含热线。",
             "Those filed on site; the hotline stands apart."),
    _outline("hotline", 2, "12315热线值守", "The 12315 hotline", "热线单独统计。", "The hotline, by itself."),
    _outline("enforcement", 2, "快检和执法检查", "Quick tests and inspections", *_PLAIN_HINT),
    _outline("problems", 1, "存在的问题", "What fell short", "一到三条，实事求是。", "One to three points."),
    _outline("next", 1, "下一步打算", "What comes next", "打算做什么、什么时候做。", "What will be done, and when."),
    _outline("attachment", 0, "附件说明", "Attachments", "一行一个附件名称，不加标点。", "One name a line."),
    _outline("signature", 0, "落款", "Signature", "第一行署名，第二行成文日期。", "The unit, then the date."),
)  # fmt: skip

#: Nobody came to complain, nothing failed: that is worth a word where somebody was there to count it.
WORTH_A_NOUGHT = frozenset({"complaints", "reports", "quicktest_failed"})


def _c(text: str, *of: str, before: str = "其中") -> Clause:
    return Clause(text, of, before)


SENTENCES: tuple[Sentence, ...] = (
    Sentence("organisation", (
        _c("召开会议、座谈{meetings}"), _c("举办培训、讲座{trainings}"),
        _c("召开新闻发布会、通气会{press_conferences}"), _c("参加会议、培训{meeting_people}"),
    )),
    Sentence("organisation", (
        _c("出席活动的领导{leaders}"), _c("志愿者签到{volunteers}"), _c("志愿服务{service_hours}"),
        _c("出动车辆{vehicles}"),
    )),
    Sentence("onsite", (
        _c("开展现场活动{sessions}"), _c("设会场{venues}"), _c("设置服务台{desks}"),
        _c("参加单位{units}", "部门{units_departments}", "企业{units_businesses}", "社会组织{units_societies}"),
        _c("出动人员{duty_turns}"),
        _c("参与群众{headcount}"), _c("参与人数{people_estimated}"), _c("会场同时在场最多{most_present}"),
        _c("参与经营者{merchants}"), _c("发送短信、推送{messages}"), _c("发放宣传资料{leaflets}"),
        _c("发放宣传品{materials}"), _c("陈列展板{boards}"), _c("悬挂横幅、标语{banners}"), _c("张贴海报{posters}"),
        _c("接受咨询{consultations}"), _c("登记投诉{complaints}"), _c("登记举报{reports}"),
        _c("食品快检{quicktest_batches}"),
        _c("实物展出假冒伪劣商品{fakes_on_tables}"), _c("展示识假展品{exhibit_kinds}"),
    )),
    Sentence("onsite", (
        _c("参与群众{headcount}"), _c("发放宣传资料{leaflets}"), _c("接受咨询{consultations}"),
        _c("登记投诉{complaints}"), _c("登记举报{reports}"), _c("食品快检{quicktest_batches}"),
    ), "main"),
    Sentence("onsite", (
        _c("免费检测、维修{services_done}"), _c("提供便民服务{services_people}"),
        _c("收到留言提问{advice_asked}", "已答复{advice_answered}"),
    )),
    Sentence("outreach", (
        _c("进社区{into_communities}"), _c("进农村{into_villages}"), _c("进校园{into_schools}"),
        _c("进企业{into_businesses}"), _c("进景区、市场{into_markets}"), _c("五进活动参与{into_people}"),
        _c("举办12315开放活动{open_days}", "参与{open_day_people}", before=""),
    )),
    Sentence("outreach", (
        _c("举办知识竞赛{contests}"), _c("参赛队伍{contest_teams}"), _c("选手{contest_players}"),
        _c("观众{contest_spectators}"),
    )),
    Sentence("learning", (
        _c("完成知识问答{quiz_finished}", "达标{quiz_passed}"), _c("答题{answers}", "首次答对{answers_right}"),
        _c("平均正确率{accuracy}"), _c("发放奖品{prizes_redeemed}"),
    )),
    Sentence("learning", (
        _c("参观识假展品{exhibit_visits}"), _c("识别真假{exhibits_judged}"),
    )),
    Sentence("learning", (
        _c("回收问卷{surveys}", "有效{surveys_valid}"), _c("问卷有效率{valid_rate}"),
        _c("满意度指数{satisfaction}（由自愿填答的人评价）"),
    )),
    Sentence("media", (
        _c("媒体报道{media_reports}", "转载{media_reprints}"), _c("参加媒体{media_outlets}"),
        _c("电子屏宣传{screens}"), _c("出租车、公交屏宣传{vehicle_screens}"), _c("播放公益广告、口号{broadcasts}"),
        _c("发布消费警示、提示{warnings}"), _c("发布典型案例{examples}"), _c("线上观看{online_views}"),
        _c("线上参与{online_players}"), _c("签署诚信承诺{pledges}"),
    )),
    Sentence("destruction", (
        _c("集中销毁假冒伪劣商品{destroyed_categories}"), _c("品种{destroyed_kinds}"),
        _c("按件计{destroyed_pieces}"), _c("按重量计{destroyed_weight}"), _c("货值{destroyed_value}"),
    )),
    Sentence("casework", (
        _c("受理投诉{complaints_accepted}"), _c("不予受理{complaints_refused}"), _c("要求补正{supplements_asked}"),
        _c("现场和解、调解成功{settled_on_site}"), _c("调解达成{complaints_mediated}"), _c("转办{cases_transferred}"),
        _c("办结投诉{complaints_closed}"), _c("办结举报{reports_closed}"),
    )),
    Sentence("casework", (
        _c("投诉办结率{closing_rate}（办结和并案{closing_rate:numerator}件，登记{closing_rate:denominator}件）"),
        _c("调解成功率{mediation_rate}（达成{mediation_rate:numerator}件，受理{mediation_rate:denominator}件）"),
        _c("按时办结率{on_time_rate}（按时{on_time_rate:numerator}件，有结果{on_time_rate:denominator}件）"),
    )),
    Sentence("casework", (
        _c("挽回经济损失{recovered}"), _c("获得加倍赔偿{doubled}", "金额{doubled_amount}", before=""),
        _c("由投诉举报转立案{enforced}", "罚没{enforced_amount}", before=""), _c("回访到{called_back}"),
        _c("回访满意率{content}"),
    )),
    Sentence("casework", (
        _c("从接收到分流用时中位数{hours_to_sort}"), _c("从接收到处置用时中位数{hours_to_end}"),
        _c("从处置到反馈用时中位数{hours_to_tell}"),
    )),
    Sentence("casework", (
        _c("受理投诉{complaints_accepted}"), _c("不予受理{complaints_refused}"), _c("办结投诉{complaints_closed}"),
        _c("办结举报{reports_closed}"), _c("挽回经济损失{recovered}"), _c("诉转案{enforced}"),
    ), "year"),
    Sentence("hotline", (
        _c("12315热线接到来电{hotline_calls}", "投诉{hotline_complaints}", "举报{hotline_reports}",
           "咨询{hotline_advice}"),
    ), after="热线来电单独统计，不计入现场登记数。"),
    Sentence("enforcement", (
        _c("快检合格{quicktest_passed}"), _c("待实验室复检{quicktest_pending}"),
        _c("复检确认不合格{quicktest_failed}"), _c("群众送检{quicktest_brought}"), _c("群众点检{quicktest_chosen}"),
        _c("送检、点检群众{quicktest_people}"),
    )),
    Sentence("enforcement", (
        _c("检查经营户{inspections}"), _c("出动执法人员{officers}"), _c("立案{cases_opened}", "大要案{cases_major}"),
        _c("查处案件{cases_decided}"), _c("涉案货值{case_value}"), _c("罚没款{case_fines}"),
        _c("列入曝光排查任务{exposure_listed}", "已办结{exposure_closed}"),
    )),
    Sentence("enforcement", (
        _c("立案{cases_opened}"), _c("查处案件{cases_decided}"), _c("涉案货值{case_value}"), _c("罚没款{case_fines}"),
    ), "year"),
)  # fmt: skip

#: Where a figure only this office wants is told, by its group; elsewhere among what was done on site.
OWN_IN = {
    "organisation": "organisation", "publicity": "onsite", "media": "media", "learning": "learning",
    "complaints": "casework", "enforcement": "enforcement", "destruction": "destruction",
}  # fmt: skip
