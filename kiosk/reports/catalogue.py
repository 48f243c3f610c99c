"""The catalogue: every figure of the statistics table, what it means, and how it is made. Pure data.

A figure is counted by tablets and the hub, said by people, or both. What people say stands in metrics of its own
(`typed.<window>.<key>`), so a figure can always tell what of it was counted.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from kiosk.facts.tallies import BOARD, CONSULTATION, HEADCOUNT, LEAFLET, LEFT, MATERIAL
from kiosk.packs.fairs import Fair, OwnFigure
from kiosk.packs.model import Text
from kiosk.reports.crowds import PEAK

Rule = Literal["sum", "distinct", "max", "ratio", "union", "recompute", "none"]
#: How what several units say is put together.
RULES: Mapping[Rule, Text] = {
    "sum": Text("相加", "added up"),
    "distinct": Text("去重计数", "each counted once"),
    "max": Text("取最大值", "the largest"),
    "ratio": Text("分子、分母分别相加后再相除", "divided anew from added parts"),
    "union": Text("清单合并后计数", "lists put together, then counted"),
    "recompute": Text("用原始数据重新计算", "reckoned anew from what is below"),
    "none": Text("不合并", "not put together"),
}
#: Before the id of a figure that a fair has for itself.
OWN = "own."
#: Smallest unit that is kept and typed → how many of it are one of the unit that is shown.
SCALES: Mapping[str, int] = {
    "元": 100, "万元": 1_000_000, "小时": 3_600, "千克": 1_000, "公斤": 1_000, "吨": 1_000_000,
}  # fmt: skip
#: What parts call the smallest unit.
SMALLEST: Mapping[str, str] = {
    "元": "fen", "万元": "fen", "小时": "seconds", "千克": "grams", "公斤": "grams", "吨": "grams",
}  # fmt: skip


#: Unit → what who reads English calls it; none stands for another. The screens' words for them are held to these.
UNITS: Mapping[str, str] = {
    "个": "number", "人": "people", "人次": "visits", "件": "items", "份": "copies", "元": "yuan", "分": "points",
    "万元": "10,000 yuan", "千克": "kg", "公斤": "kg", "吨": "tonnes", "场": "events", "场次": "sessions",
    "块": "pieces", "家": "organisations", "小时": "hours", "张": "sheets", "户次": "shop visits", "批次": "batches",
    "条": "entries", "条次": "plays", "次": "times", "种": "kinds", "篇": "articles", "篇次": "reprints",
    "类": "groups", "车次": "trips", "辆": "vehicles", "队": "teams", "项": "tasks", "项次": "tests", "题": "questions",
    "题次": "answers",
}  # fmt: skip


def unit_word(unit: str, lang: str) -> str:
    """A unit in "zh" or "en"; one of a fair's own stays as it is."""
    return UNITS.get(unit, unit) if lang == "en" else unit


class Group(msgspec.Struct, frozen=True):
    id: str
    label: Text


GROUPS = (
    Group("organisation", Text("组织", "Organisation")),
    Group("reach", Text("参与", "Taking part")),
    Group("publicity", Text("宣传", "Publicity")),
    Group("media", Text("媒体", "Media")),
    Group("learning", Text("学习与问卷", "Learning and surveys")),
    Group("complaints", Text("咨询、投诉、举报", "Advice, complaints and reports")),
    Group("enforcement", Text("快检与执法", "Quick tests and enforcement")),
    Group("destruction", Text("销毁", "Destruction")),
    Group("quality", Text("数据质量", "Quality of the data")),
    Group("own", Text("本地指标", "Local figures")),
)


class Definition(msgspec.Struct, frozen=True):
    """One row of the catalogue. The fold is `reports.figures`."""

    key: str
    label: Text
    unit: str  # 人次, 份, 件 … never interchangeable
    metric: str  # the metric it sums; one that ends with "." sums all it begins; "" for what is only typed
    sources: tuple[str, ...]  # kinds of facts it is made of
    over: str = ""  # for a ratio: the metric of the denominator
    said: tuple[str, str] = ("", "")  # of a ratio: keys of figures whose typed part is above and below the line, too
    is_distinct: bool = False  # how many of the metrics it begins have any, not their sum: four venues' 16 kinds are 16
    is_peak: bool = False  # the largest of the metrics it begins, never their sum; None where there is none of them
    absent: Text | None = None  # why there is no value while its metric is not there at all; else that is 0
    row: int = 0  # of the 66 of the statistics table; 0 of a fair's own
    group: str = "own"  # of `GROUPS`
    means: Text = Text("—", "—")  # what is counted, what is not
    rule: Rule = "sum"
    windows: tuple[str, ...] = ("day", "period")  # in which it can be said
    typed: str = ""  # "beside": people may add to what is counted; "only": nobody but people know; "": nobody types it
    list: str = ""  # the list of records it is made of …
    amount: str = ""  # … of which this is added up
    keyed: str = ""  # … or this is counted each once
    within: str = ""  # key of the figure it is part of
    beside: str = ""  # key of the figure it is told with: where nobody said anything of that, it is no nought either
    is_estimate: bool = False
    plus: tuple[str, ...] = ()  # metrics that are added to `metric`, or counted once together with it
    how: str = "auto"  # of `statement.SOURCES`: what is counted and not said otherwise came so
    of_which: Mapping[str, str] = {}  # metrics that are in it already, by the source they came from

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric, *self.plus)

    @property
    def scale(self) -> int:
        """How many of what is kept are one of what is shown: money is kept in 分, weight in 克, hours in seconds."""
        return SCALES.get(self.unit, 1)


_TALLY = ("tally.counted", "tally.undone", "tally.corrected", "sheet.counted")
_BATCHES = ("quicktest.recorded", "quicktest.voided", "quicktest.released")
_CALLS = ("duty.called", "duty.undone")
_ENDING = ("case.ended", "case.reopened")
_CLOSING = ("case.closed", "case.reopened")
#: Not summed fact by fact: a hub lays what `reports.shifts` makes of them over the sums; so `reports.crowds` its
#: peaks, `reports.places` where anybody was at work.
_SHIFTS = ("shift.began", "shift.ended")
_AT_WORK = (
    "tally.counted", "sheet.counted", "quiz.finished", "survey.answered", "exhibit.viewed", "exhibit.judged",
    "complaint.filed", "advice.asked", "quicktest.recorded",
)  # fmt: skip
_RECORDS = ("record.listed", "record.struck")
_PERIOD, _PERIOD_YEAR, _ALL = ("period",), ("period", "year"), ("day", "period", "year")
_NO_COUNT_OUT = Text("没有数过离场，估不出", "nobody was counted out, so there is no estimate")
_FAIR_ONLY = Text("只对整个活动给出", "told of the whole fair only")
_UNITS_ONLY = Text("只对有下级单位的整个活动给出", "told of a whole fair with units below only")


def _row(
    row: int, group: str, key: str, zh: str, en: str, unit: str, metric: str, sources: tuple[str, ...],
    means_zh: str, means_en: str, **more: object,
) -> Definition:  # fmt: skip
    """A figure that is counted."""
    if more.get("typed") and "figure.typed" not in sources:
        sources = (*sources, "figure.typed")
    return Definition(
        key, Text(zh, en), unit, metric, sources, row=row, group=group, means=Text(means_zh, means_en),
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _said(
    row: int, group: str, key: str, zh: str, en: str, unit: str, means_zh: str, means_en: str, **more: object
) -> Definition:
    """A figure that nobody counts: somebody says it."""
    return _row(row, group, key, zh, en, unit, "", ("figure.typed",), means_zh, means_en, typed="only", **more)


def _listed(
    row: int, group: str, key: str, zh: str, en: str, unit: str, names: tuple[str, str, str],
    means_zh: str, means_en: str, **more: object,
) -> Definition:  # fmt: skip
    """A figure made of a list: (list, amount, "") adds one up, (list, "", field) counts each once, else how many."""
    name, amount, keyed = names
    metric = f"key.{name}.{keyed}." if keyed else f"list.{name}.{amount}" if amount else f"list.{name}"
    told: dict[str, object] = {
        "rule": "distinct" if keyed else "sum", "typed": "only", "how": "typed", "is_distinct": bool(keyed),
        "list": name, "amount": amount, "keyed": keyed,
    }  # fmt: skip
    return _row(row, group, key, zh, en, unit, metric, _RECORDS, means_zh, means_en, **{**told, **more})


_ORGANISATION = (
    _row(1, "organisation", "sessions", "现场活动场次", "Sessions held", "场次", "site.sessions.", _AT_WORK,
         "一个会场一天有群众参与算一场；五进活动、开放日另计，不在其内。",
         "One venue on one day with anybody taking part is one session. Visits elsewhere and open days are not in it.",
         typed="beside"),
    _row(2, "organisation", "venues", "设点（会场）数", "Venues", "个", "site.sessions.", _AT_WORK,
         "有群众参与的会场，每个只算一次；会场不是服务台。",
         "Venues with anybody taking part, each counted once. A venue is no desk.",
         is_distinct=True, rule="distinct", typed="beside"),
    _row(3, "organisation", "desks", "设置服务台", "Desks at work", "个", "site.desks.", _AT_WORK,
         "有群众参与的服务台，按类型分列，每个只算一次；平板台数不算在内。",
         "Desks with anybody taking part, by type, each counted once. A tablet is no desk.", typed="beside"),
    _row(4, "organisation", "units", "参加单位", "Units taking part", "家", "site.unit.", (*_AT_WORK, *_RECORDS),
         "有服务台接待群众的单位和参加单位清单上的单位，同名只算一次；不按天相加。",
         "Units whose desks were at work and those on the list of units, each name once. Never added up over days.",
         is_distinct=True, rule="distinct", plus=("key.units.who.",), list="units", keyed="who"),
    _listed(4, "organisation", "units_departments", "其中部门", "Of these departments", "家",
            ("units", "", "department"), "参加单位清单上的机关部门，每家只算一次。",
            "Departments on the list of units, each once.", within="units"),
    _listed(4, "organisation", "units_businesses", "其中企业", "Of these businesses", "家", ("units", "", "business"),
            "参加单位清单上的企业，每家只算一次。", "Businesses on the list of units, each once.", within="units"),
    _listed(4, "organisation", "units_societies", "其中社会组织", "Of these associations", "家",
            ("units", "", "society"), "参加单位清单上的社会组织，每家只算一次。",
            "Associations on the list of units, each once.", within="units"),
    _row(5, "organisation", "duty_turns", "出动人员", "Shifts served", "人次", "shift.turns", _SHIFTS,
         "签到上岗的人次：同一人一天内换台或短暂离开不重复算；换一天再来再算一次。",
         "Turns of people who signed in: changing the desk or a short pause begins no new one, another day does.",
         how="tapped", typed="beside"),
    _row(6, "organisation", "volunteers", "志愿者", "Volunteers, each once", "人", "shift.volunteers", _SHIFTS,
         "签到过的人，每人只算一次，不论来几天、在几个台；没有平板签到的，按名单补录人数，同一人不重复报。",
         "People who signed in, each once, on however many days and at however many desks. Those no tablet saw are "
         "typed from a list, nobody twice.", rule="distinct", how="tapped", typed="beside"),
    _row(6, "organisation", "service_hours", "志愿服务时长", "Hours served", "小时", "shift.seconds", _SHIFTS,
         "有签到也有签退的时长之和；同时在两个台只算一份，没有签退的不算。",
         "Time between signing in and out, added up. Two desks at once count once; a shift nobody ended has no time.",
         how="tapped", typed="beside"),
    _listed(7, "organisation", "vehicles", "出动车辆", "Vehicle trips", "车次", ("inspections", "vehicles", ""),
            "宣传车、执法车每出动一次算一车次；不是车辆数。",
            "Each trip of a vehicle is one. It is no number of vehicles.", list="", amount=""),
    _said(8, "organisation", "leaders", "出席领导", "Officials attending", "人",
          "到场的领导人数，每人只算一次；不登记姓名。", "Officials who came, each once. Their names are not kept."),
    _listed(9, "organisation", "meetings", "会议、座谈", "Meetings", "次", ("meetings", "meeting", ""),
            "为本次活动召开的会议和座谈会；培训、发布会另计。",
            "Meetings and talks held for this fair. Trainings and press conferences stand apart.", windows=_PERIOD,
            plus=("list.meetings.forum",)),
    _listed(9, "organisation", "trainings", "培训、讲座", "Trainings and lectures", "场",
            ("meetings", "training", ""), "面向经营者、消费者或工作人员的培训和讲座；会议另计。",
            "Trainings and lectures for merchants, consumers or staff. Meetings stand apart.", windows=_PERIOD,
            plus=("list.meetings.lecture",)),
    _listed(9, "organisation", "press_conferences", "发布会、通气会", "Press conferences", "次",
            ("meetings", "launch", ""), "新闻发布会和媒体通气会；普通会议另计。",
            "Press conferences and press briefings. Ordinary meetings stand apart.", windows=_PERIOD,
            plus=("list.meetings.briefing",)),
    _listed(9, "organisation", "meeting_people", "参加会议、培训", "People at these", "人次",
            ("meetings", "people", ""), "以上会议、培训、发布会的到会人次之和。",
            "Attendances of the meetings, trainings and conferences above.", windows=_PERIOD),
    _listed(10, "organisation", "into_communities", "进社区", "Visits to communities", "场次",
            ("visits", "community", ""), "到社区开展的活动；不算在现场活动场次里。",
            "Activities held in communities. They are no sessions of the fair.", windows=_PERIOD),
    _listed(10, "organisation", "into_villages", "进农村", "Visits to villages", "场次", ("visits", "village", ""),
            "到乡镇、村开展的活动；不算在现场活动场次里。",
            "Activities held in villages. They are no sessions of the fair.", windows=_PERIOD),
    _listed(10, "organisation", "into_schools", "进校园", "Visits to schools", "场次", ("visits", "campus", ""),
            "到学校开展的活动；不算在现场活动场次里。", "Activities held in schools. They are no sessions of the fair.",
            windows=_PERIOD),
    _listed(10, "organisation", "into_businesses", "进企业", "Visits to businesses", "场次",
            ("visits", "company", ""), "到企业开展的活动；不算在现场活动场次里。",
            "Activities held in businesses. They are no sessions of the fair.", windows=_PERIOD),
    _listed(10, "organisation", "into_markets", "进景区、市场", "Visits to sights and markets", "场次",
            ("visits", "market", ""), "到景区、商场、市场开展的活动；不算在现场活动场次里。",
            "Activities held at sights, malls and markets. They are no sessions of the fair.", windows=_PERIOD),
    _listed(10, "organisation", "into_people", "五进活动参与", "People at these visits", "人次",
            ("visits", "people", ""), "以上五类活动的参与人次；不算在参与群众里。",
            "People taking part in the five kinds of visits above. They are not among the visitors counted in.",
            windows=_PERIOD),
)  # fmt: skip

_REACH = (
    _row(11, "reach", "headcount", "参与群众", "Visitors counted in", "人次", f"tally.{HEADCOUNT}", _TALLY,
         "入口按次数的进场人次；再次进场再算一次，不与平板体验人次相加。",
         "People counted at the entrances, again when they come again. Never added to what tablets count.",
         how="tapped", typed="beside"),
    _row(11, "reach", "headout", "离场群众", "Visitors counted out", "人次", f"tally.{LEFT}", _TALLY,
         "出口按次数的离场人次，只用来估计峰值在场。",
         "People counted as they left. It only serves to estimate the most at once.", how="tapped"),
    _said(12, "reach", "people_estimated", "参与人数（估算）", "People taking part (estimate)", "人",
          "按来源栏写明的方法估算的人数；是估算，不是清点，也不是人次。",
          "People, estimated in the way its source says. It is no count, and visits are something else.",
          rule="none", is_estimate=True),
    _row(13, "reach", "most_present", "峰值在场（估算）", "Most present at once (estimate)", "人", PEAK, _TALLY,
         "各会场进场减离场在整点时的最大值里最大的一个；不相加，没数离场就没有。",
         "Counted in less counted out at the end of each hour: the largest of any venue, never added up.",
         is_peak=True, absent=_NO_COUNT_OUT, rule="max", is_estimate=True, how="tapped"),
    _said(14, "reach", "merchants", "经营者参与", "Merchants taking part", "户次",
          "到场或走访到的经营者户次；同一户两次算两次。",
          "Merchants who came or were visited, each time one."),
    _row(15, "reach", "tablet_visits", "平板体验", "Activities finished on tablets", "人次", "quiz.finished",
         ("quiz.finished", "survey.answered", "exhibit.viewed"),
         "答完一次题、交一份问卷、看一次识假展品各算一次；同一人做两样算两次，中途离开和演练不算。",
         "A quiz finished, a survey handed in, a look at the exhibits: each counts once, two by one person twice. What "
         "was left half-way, and rehearsals, do not count.",
         plus=("survey.answered", "exhibit.visits")),
    _row(16, "reach", "answers_english", "英文答题", "Answered in English", "题次", "quiz.lang.en", ("quiz.answered",),
         "用英文页面答的题次，是答题题次的一部分。", "Questions answered on the English page; part of those answered.",
         within="answers"),
    _row(16, "reach", "answers_helped", "代答", "Answered with help", "题次", "quiz.helped", ("quiz.answered",),
         "志愿者代点屏幕的题次，是答题题次的一部分。",
         "Questions at which a volunteer touched the screen; part of those answered.", within="answers"),
    _row(16, "reach", "surveys_english", "英文问卷", "Surveys in English", "份", "survey.lang.en", ("survey.answered",),
         "用英文页面填的问卷，是问卷回收的一部分。", "Surveys answered on the English page; part of all.",
         within="surveys"),
    _row(16, "reach", "surveys_large", "大字版问卷", "Surveys in large type", "份", "survey.large",
         ("survey.answered",), "用大字版填的问卷，是问卷回收的一部分。",
         "Surveys answered in large type; part of all.", within="surveys"),
    _row(16, "reach", "surveys_assisted", "代填问卷", "Surveys with help", "份", "survey.assisted",
         ("survey.answered",), "志愿者协助填写的问卷，是问卷回收的一部分。",
         "Surveys answered with a volunteer; part of all.", within="surveys"),
    _said(17, "reach", "online_views", "线上观看", "Watched online", "人次",
          "直播和短视频的观看人次，按平台自己的口径；不与现场参与群众相加。",
          "Views of streams and videos as the platform counts them. Never added to visitors on site.",
          windows=_PERIOD),
    _said(17, "reach", "online_players", "线上参与", "Took part online", "人次",
          "线上答题、投票、留言的参与人次，按平台自己的口径；不与现场相加。",
          "Quizzes, votes and comments online as the platform counts them. Never added to what is on site.",
          windows=_PERIOD),
)  # fmt: skip

_PUBLICITY = (
    _row(18, "publicity", "leaflets", "发放宣传资料", "Leaflets handed out", "份", f"tally.{LEAFLET}", _TALLY,
         "发到群众手里的册页，按种类分列；留在台上的、奖品、宣传品不算。",
         "Leaflets and booklets put in people's hands, by title. What stayed at the desk, prizes and gifts do not "
         "count.", how="tapped", typed="beside"),
    _row(18, "publicity", "leaflets_opened", "领取宣传资料", "Leaflets brought to desks", "份",
         f"stock.opened.{LEAFLET}", ("stock.opened",),
         "领到服务台拆包的份数，按种类分列；不等于发出的。",
         "Copies brought to desks and unpacked, by title. Not all of them are given out.", how="tapped"),
    _row(18, "publicity", "leaflets_by_stock", "发放宣传资料（按库存）", "Leaflets gone, by stock", "份",
         f"stock.given.{LEAFLET}", ("stock.opened", "stock.counted"),
         "领取减去盘点剩余，用来核对按次数的发放数；没有盘点的台不算。",
         "Brought less what was left when counted, to hold against the taps. Desks nobody counted are not in it.",
         how="tapped"),
    _row(19, "publicity", "materials", "发放宣传品", "Materials given away", "个", f"tally.{MATERIAL}", _TALLY,
         "环保袋、水杯等宣传品，按种类分列；答题奖品另计。",
         "Bags, cups and the like, by kind. Prizes stand apart.", how="tapped", typed="beside"),
    _row(20, "publicity", "boards", "展板", "Display boards", "块", f"tally.{BOARD}", _TALLY,
         "摆出的展板；同一块摆在几场活动各算一次。",
         "Boards put up. One that stands at several sessions counts at each.", how="tapped", typed="beside",
         plus=("list.displays.board",), of_which={"list.displays.board": "typed"}, list="displays", amount="board"),
    _listed(20, "publicity", "banners", "横幅、标语", "Banners", "条", ("displays", "banner", ""),
            "悬挂、张贴的横幅和标语条数；电子屏另计。", "Banners and slogans hung up. Screens stand apart."),
    _listed(20, "publicity", "posters", "海报", "Posters", "张", ("displays", "poster", ""),
            "张贴的海报张数；展板、横幅另计。",
            "Posters put up. Boards and banners stand apart."),
    _listed(21, "publicity", "screens", "电子屏", "Screens", "块", ("displays", "screen", ""),
            "播放过活动内容的屏，每块只算一次；播放次数另计。",
            "Screens that showed the theme, each once. How often they did stands apart.", windows=_PERIOD),
    _listed(21, "publicity", "vehicle_screens", "出租车、公交屏", "Screens on vehicles", "辆",
            ("displays", "vehicle", ""), "播放过活动内容的车，每辆只算一次。",
            "Taxis and buses that showed the theme, each once.", windows=_PERIOD),
    _said(22, "publicity", "messages", "短信、推送", "Messages sent", "条",
          "成功送达的短信和推送，以运营商回执为准；上级统一发送的下级不再填。",
          "Texts and notices delivered, by the operator's receipt. What a superior unit sent is not said again below.",
          windows=_PERIOD),
    _said(25, "publicity", "broadcasts", "公益广告、口号播放", "Announcements played", "条次",
          "每条每播一次算一条次；条数不能代替条次。", "Each playing of each spot is one.", windows=_PERIOD),
    _listed(26, "publicity", "warnings", "消费警示、提示", "Warnings published", "条", ("warnings", "warning", ""),
            "本单位发布的消费警示和提示，逐条登记；转发上级的不算。",
            "Warnings and hints this unit published, one by one. What was passed on from above does not count.",
            windows=_PERIOD, plus=("list.warnings.tip",)),
    _listed(26, "publicity", "examples", "典型案例", "Example cases published", "件", ("warnings", "case", ""),
            "本单位公布的典型案例，逐件登记；转发上级的不算。",
            "Example cases this unit published, one by one. What was passed on from above does not count.",
            windows=_PERIOD),
    _listed(27, "publicity", "open_days", "12315开放活动", "Open days of 12315", "场次", ("openings", "", ""),
            "12315机构或实验室开放日的场次；不算在现场活动场次里。",
            "Open days of the hotline or a laboratory. They are no sessions of the fair.", windows=_PERIOD),
    _listed(27, "publicity", "open_day_people", "开放活动参与", "Visitors of open days", "人次",
            ("openings", "people", ""), "开放日到访人次；不算在参与群众里。",
            "People at open days. They are not among the visitors counted in.", windows=_PERIOD),
    _listed(28, "publicity", "pledges", "诚信承诺、放心消费签名", "Merchants who signed", "家", ("promises", "", "who"),
            "签名的经营者，同一统一社会信用代码只算一次；没有代码的不在清单里的另行补录。",
            "Merchants who signed, each credit code once; those without one are said by themselves.", rule="distinct"),
)  # fmt: skip

_MEDIA = (
    _listed(23, "media", "media_reports", "媒体报道", "Reports in the media", "篇", ("media", "", "item"),
            "原发报道，同一标题或网址只算一次；转载另计。",
            "Original reports, each title or address once. Reprints stand apart.", windows=_PERIOD, rule="union"),
    _listed(23, "media", "media_reprints", "其中转载", "Reprints of these", "篇次", ("media", "reprint", ""),
            "以上报道被转载的篇次；不算在媒体报道里。", "How often these were reprinted; not among the reports.",
            windows=_PERIOD),
    _listed(24, "media", "media_outlets", "参加媒体", "Media taking part", "家", ("media", "", "outlet"),
            "到场采访或作过报道的媒体，同名只算一次。", "Media that came or reported, each name once.", windows=_PERIOD,
            plus=("key.outlets.outlet.",)),
)  # fmt: skip

_LEARNING = (
    _row(29, "learning", "quiz_finished", "知识问答参与", "Quizzes finished", "人次", "quiz.finished",
         ("quiz.finished",), "答完一套题算一次；中途离开和演练不算，同一人再答再算。",
         "Quizzes played to the end. Those left half-way and rehearsals do not count; playing again does.",
         within="tablet_visits"),
    _row(30, "learning", "answers", "答题题次", "Questions answered", "题次", "quiz.answered", ("quiz.answered",),
         "每题第一次作答算一次，没答完的那套也算；看过解析再答不算。",
         "First tries at questions, of plays left half-way, too. Trying again after the explanation does not count."),
    _row(30, "learning", "answers_right", "正确题次", "Answered right", "题次", "quiz.right", ("quiz.answered",),
         "第一次作答就答对的题次。", "First tries that were right.", within="answers"),
    _row(31, "learning", "accuracy", "平均正确率", "Share answered right", "%", "quiz.right", ("quiz.answered",),
         "正确题次÷答题题次；合并时分子分母分别相加，百分数不求平均。",
         "Right of all first tries. Parts are added up before dividing; percentages are never averaged.",
         over="quiz.answered", rule="ratio"),
    _row(32, "learning", "quiz_passed", "问答达标", "Quizzes passed", "人次", "quiz.passed", ("quiz.finished",),
         "达到当时及格线的套次。", "Quizzes at or above the pass mark that held then.", within="quiz_finished"),
    _row(33, "learning", "prizes_redeemed", "发放奖品", "Prizes given", "份", "prize.redeemed", ("prize.redeemed",),
         "凭码兑付到手的奖品；过期没领的不算，宣传品另计。",
         "Prizes handed over for a voucher. Those nobody fetched do not count; materials stand apart.",
         typed="beside"),
    _row(34, "learning", "worst_questions", "易错知识点", "Least known questions", "题", "items.worst.",
         ("quiz.answered",),
         "首次答对率最低的至多五题，每题至少三十人次作答才排；括号里是万分之几答对。",
         "The up to five questions right least often at the first try, of those with thirty answers or more; beside "
         "each how many of 10,000 were right.",
         is_distinct=True, rule="recompute", windows=_PERIOD, absent=Text(
             "还没有一题满三十次作答", "no question has thirty answers yet")),
    _row(35, "learning", "exhibits_judged", "识假体验", "Exhibits judged", "次", "exhibit.judged",
         ("exhibit.judged",), "群众在一对真假商品里作出一次判断算一次。",
         "Each time somebody said which of two goods is the fake."),
    _row(35, "learning", "exhibit_visits", "识假展品参观", "Visits to the exhibits", "人次", "exhibit.visits",
         ("exhibit.viewed",), "一次体验中看过至少一件展品三秒以上算一次；自动轮播不算。",
         "Visits in which at least one exhibit was looked at for three seconds. Slides that go by themselves do not "
         "count.", within="tablet_visits"),
    _row(35, "learning", "exhibit_pages", "展品浏览", "Looks at exhibits", "次", "exhibit.viewed",
         ("exhibit.viewed",), "每件展品被看三秒以上算一次，同一次体验里同一件只算一次。",
         "Each exhibit looked at for three seconds or more, once a visit."),
    _row(36, "learning", "exhibit_kinds", "展出假冒伪劣商品（有人看过的）", "Kinds of fakes on show, looked at", "种",
         "exhibit.shown.", ("exhibit.viewed",),
         "平板上有人看过的展品种类；几个会场展出同样的，仍算一份。",
         "Kinds of exhibits on tablets that anybody looked at. The same at several venues count once.",
         is_distinct=True, rule="distinct"),
    _said(36, "learning", "fakes_on_tables", "实物展出假冒伪劣商品", "Kinds of fakes on tables", "种",
          "摆在台上的实物种类；同样的摆在几处只算一次，不与平板展品相加。",
          "Kinds laid out as real goods; the same at several places once. Never added to those on tablets.",
          rule="none"),
    _row(37, "learning", "surveys", "问卷回收", "Surveys answered", "份", "survey.answered", ("survey.answered",),
         "提交的问卷；答题前后的两个小问题不算。",
         "Surveys handed in. The two questions around a quiz are none.", typed="beside", within="tablet_visits"),
    _row(37, "learning", "surveys_valid", "有效问卷", "Of these valid", "份", "survey.valid", ("survey.answered",),
         "必答题都答了、用时不短于能读完的问卷。",
         "Surveys with everything required answered, and no quicker than anybody reads.", typed="beside",
         within="surveys"),
    _row(37, "learning", "valid_rate", "问卷有效率", "Share of valid surveys", "%", "survey.valid",
         ("survey.answered",), "有效问卷÷问卷回收，补录的都算。",
         "Valid of all surveys that were taken in, typed ones too.",
         over="survey.answered", rule="ratio",
         said=("surveys_valid", "surveys")),
    _row(38, "learning", "satisfaction", "满意度指数", "Satisfaction index", "分", "satisfaction.score",
         ("survey.answered",),
         "自带满意度问卷（第1版）里打分题得分之和÷满分之和，折成百分；只算有效问卷，自愿填写，不能代表全体。",
         "Points given in the built-in satisfaction survey (version 1) of the most there could be, out of 100. Valid "
         "answers only; whoever wanted to answered, so they do not stand for everybody.",
         over="satisfaction.most", rule="ratio"),
    _listed(39, "learning", "contests", "知识竞赛", "Contests", "场", ("contests", "", ""),
            "举办的知识竞赛场次；平板答题不算。",
            "Contests held. Quizzes on tablets are none.", windows=_PERIOD),
    _listed(39, "learning", "contest_teams", "竞赛队伍", "Teams in contests", "队", ("contests", "teams", ""),
            "参赛队伍，同一场里每队只算一次。", "Teams that took part, each once a contest.", windows=_PERIOD),
    _listed(39, "learning", "contest_players", "竞赛选手", "Players in contests", "人", ("contests", "players", ""),
            "上场的选手人数。",
            "People who played.", windows=_PERIOD),
    _listed(39, "learning", "contest_spectators", "竞赛观众", "Spectators of contests", "人次",
            ("contests", "audience", ""), "现场观众人次；线上观看另计。",
            "People who watched on site. Watching online stands apart.", windows=_PERIOD),
)  # fmt: skip

_COMPLAINTS = (
    _row(40, "complaints", "consultations", "接受咨询", "Consultations given", "人次", f"tally.{CONSULTATION}",
         (*_TALLY, "advice.asked"), "现场接待咨询，一组人问一件事算一次，按计数和留言提问合计；热线咨询不算。",
         "People advised on site, a group with one matter once: taps and questions left. Calls to the hotline are "
         "none.", how="tapped", typed="beside", of_which={"advice.asked": "auto"}),
    _row(41, "complaints", "advice_asked", "留言提问", "Questions left", "件", "advice.asked", ("advice.asked",),
         "现场答不了、留下等答复的问题；已算在接受咨询里。",
         "Questions left to be answered later; they are among the consultations.", within="consultations"),
    _row(41, "complaints", "advice_answered", "留言已答", "Of these answered", "件", "advice.answered",
         ("advice.answered",), "已经答复的留言，按首次答复的那天算；改答不再算。",
         "Questions that were answered, on the day they first were. Answering anew adds none.", within="advice_asked"),
    _row(42, "complaints", "complaints", "登记投诉", "Complaints registered", "件", "complaint.filed",
         ("complaint.filed",), "现场登记的投诉，含纸质补录；登记不等于受理，热线投诉另计。",
         "Complaints written down at the fair, on paper, too. None of them is accepted by that; calls stand apart.",
         typed="beside", of_which={"complaint.paper": "paper"}),
    _row(42, "complaints", "reports", "登记举报", "Reports registered", "件", "report.filed", ("complaint.filed",),
         "现场登记的举报，含匿名和纸质补录；热线举报另计。",
         "Reports written down at the fair, unsigned and on paper, too. Calls stand apart.",
         typed="beside", of_which={"report.paper": "paper"}),
    _row(43, "complaints", "complaints_accepted", "受理投诉", "Complaints accepted", "件", "case.accepted",
         ("case.accepted",), "有权机关决定受理的；预登记、尚未决定的不算。",
         "Taken up by whoever has the power to. What is only registered, or not decided yet, does not count.",
         typed="beside", windows=_ALL),
    _row(43, "complaints", "complaints_refused", "不予受理", "Complaints not accepted", "件", "case.refused",
         ("case.refused", "case.reopened"), "决定不予受理的；改为重新办理的减去。",
         "Decided not to be taken up; less those that go on after all.", typed="beside", windows=_ALL),
    _row(43, "complaints", "supplements_asked", "要求补正材料", "Supplements asked for", "件", "case.supplement_asked",
         ("case.supplement_asked",), "要求投诉人补正材料的次数；补齐后不减。",
         "Times something missing was asked for. Bringing it takes none away.", typed="beside", windows=_ALL),
    _row(44, "complaints", "settled_on_site", "现场和解、调解成功", "Settled on the spot", "件", "case.on_site",
         _ENDING, "投诉人离场前就和解或调解成功的，是登记投诉的一部分。",
         "Settled or mediated before the person left the fair; part of those registered.", within="complaints",
         typed="beside"),
    _row(45, "complaints", "cases_transferred", "转办", "Passed on", "件", "case.transferred", ("case.transferred",),
         "转给有权机关的次数，由转出方计；接收方不再算。",
         "Times a case was passed to a body with the power; told by who passed it on, not by who received it.",
         typed="beside"),
    _row(46, "complaints", "complaints_merged", "重复并案的投诉", "Complaints merged", "件", "case.merged.complaint",
         ("case.merged", "case.reopened"), "与另一件是同一件事、并过去的投诉；不算办结。",
         "The same matter as another complaint, and joined to it. They are not closed by that.",
         beside="complaints_closed"),
    _row(46, "complaints", "complaints_closed", "办结投诉", "Complaints closed", "件", "case.closed.complaint",
         _CLOSING, "达成、终止、撤回后结案的投诉；不予受理、并案的不算，重新办理的减去。",
         "Closed after an agreement, an end without one or a withdrawal. Refused and merged ones are not in it; "
         "those that go on again are taken off.", typed="beside", windows=_ALL),
    _row(46, "complaints", "complaints_mediated", "调解达成", "Complaints mediated", "件", "case.outcome.mediated",
         _ENDING, "受理后调解达成一致的投诉，含现场调解成功的；双方自行和解、终止、撤回的不算。",
         "Accepted complaints in which both sides agreed by mediation, on the spot or later. Settled between "
         "themselves, ended without agreement, withdrawn: not in it.", within="complaints_accepted", typed="beside",
         windows=_ALL),
    _row(46, "complaints", "reports_closed", "办结举报", "Reports closed", "件", "case.closed.report", _CLOSING,
         "核查处理后结案的举报；重新办理的减去。", "Looked into and closed; those that go on again are taken off.",
         typed="beside", windows=_ALL),
    _row(47, "complaints", "closing_rate", "投诉办结率（办结和并案÷登记）",
         "Complaints closed or merged, of those registered", "%", "case.done.complaint",
         ("case.closed", "case.merged", "case.reopened"),
         "分子是办结和并案的投诉，分母是登记的投诉，补录的都算。",
         "Closed and merged ones of those registered, typed ones too.", over="complaint.filed",
         said=("complaints_closed", "complaints"), rule="ratio"),
    _row(47, "complaints", "mediation_rate", "调解成功率（达成÷受理）", "Mediated, of those accepted", "%",
         "case.outcome.mediated", _ENDING, "分子是调解达成的，分母是受理的，补录的都算。",
         "Those mediated of those accepted, typed ones too.", over="case.accepted",
         said=("complaints_mediated", "complaints_accepted"), rule="ratio"),
    _row(47, "complaints", "on_time_rate", "投诉按时办结率（按时÷有结果）", "Ended in time, of those ended", "%",
         "case.on_time", _ENDING,
         "受理后在法定调解期限内有结果的÷受理后有结果的；检测鉴定的天数扣除。",
         "Ended within the statutory time for mediation, of those accepted and ended. Days of testing are taken off.",
         over="case.timed", rule="ratio"),
    _row(48, "complaints", "recovered", "挽回经济损失", "Recovered for consumers", "元", "case.recovered", _ENDING,
         "有结果的案件为消费者实际挽回的金额，含加倍赔偿；不估算。",
         "Money really recovered in cases that ended, damages beyond the loss in it. Nothing is estimated.",
         typed="beside", windows=_ALL),
    _row(49, "complaints", "doubled", "其中加倍赔偿", "Of these with damages beyond the loss", "件", "case.doubled",
         _ENDING, "获得加倍赔偿的案件。", "Cases in which more than the loss was paid.", typed="beside", windows=_ALL),
    _row(49, "complaints", "doubled_amount", "加倍赔偿金额", "Damages beyond the loss", "元", "case.doubled_fen",
         _ENDING, "超出损失部分的赔偿，已算在挽回经济损失里。",
         "What was paid beyond the loss; it is part of what was recovered.", within="recovered", typed="beside",
         windows=_ALL),
    _row(49, "complaints", "enforced", "诉转案", "Led to enforcement", "件", "case.enforced", ("case.enforced",),
         "由投诉举报转为立案的，一件只算一次。", "Complaints and reports that led to a case of enforcement, each once.",
         typed="beside", windows=_ALL),
    _row(49, "complaints", "enforced_amount", "诉转案罚没金额", "Fines in these", "元", "case.fines",
         ("case.enforced",), "以上立案的罚没款，以最后一次登记的为准。",
         "Fines in these cases, as last written down.", typed="beside", windows=_ALL),
    _row(50, "complaints", "natures", "受理投诉的性质", "What accepted complaints are about", "件", "case.nature.",
         ("case.accepted", "case.classified"),
         "受理的投诉按第一项性质分列，一件只归一类，合计等于受理件数；没归类的列未分类。",
         "Accepted complaints by the first thing they complain of: each stands once, so they add up to those accepted. "
         "Those nobody classified stand by themselves.", beside="complaints_accepted"),
    _row(51, "complaints", "goods_services", "受理投诉的商品、服务大类", "Goods and services complained of", "件",
         "case.goods.", ("case.accepted", "case.classified"),
         "受理的投诉按商品或服务大类分列，一件只归一类；没归类的列未分类。",
         "Accepted complaints by the kind of goods or service, each once. Those nobody classified stand by "
         "themselves.", beside="complaints_accepted"),
    _row(52, "complaints", "called_back", "回访到的", "Called back and reached", "件", "case.reached",
         ("case.called_back", "case.reopened"), "回访时联系到本人的；没联系到的不算。",
         "People who were reached when called back; those who were not do not count.", beside="complaints_closed"),
    _row(52, "complaints", "call_back_levels", "回访评价", "Answers when called back", "件", "case.level.",
         ("case.called_back", "case.reopened"), "回访到的人给的评价，按四级分列：非常满意、满意、一般、不满意。",
         "What people said when reached, by level: very content, content, so-so, not content.",
         beside="complaints_closed"),
    _row(52, "complaints", "content", "回访满意率（非常满意和满意÷有评价）",
         "Content or very content, of those who said", "%", "case.content", ("case.called_back", "case.reopened"),
         "没回访到的不在分母里。", "Whoever was not reached is not in the denominator.", over="case.rated",
         rule="ratio"),
    _row(53, "complaints", "hotline_calls", "12315热线来电", "Calls to 12315", "件", "hotline.called", _CALLS,
         "值班室登记的热线来电；不与现场登记相加。",
         "Calls written down on duty. Never added to what is filed on site.", how="tapped", typed="beside"),
    _row(53, "complaints", "hotline_complaints", "热线投诉", "Complaints by phone", "件", "hotline.complaint", _CALLS,
         "热线来电中的投诉；不与登记投诉相加。", "Complaints among the calls. Never added to those filed on site.",
         within="hotline_calls", how="tapped", typed="beside"),
    _row(53, "complaints", "hotline_reports", "热线举报", "Reports by phone", "件", "hotline.report", _CALLS,
         "热线来电中的举报；不与登记举报相加。", "Reports among the calls. Never added to those filed on site.",
         within="hotline_calls", how="tapped", typed="beside"),
    _row(53, "complaints", "hotline_advice", "热线咨询", "Advice by phone", "件", "hotline.advice", _CALLS,
         "热线来电中的咨询；不与接受咨询相加。", "Advice among the calls. Never added to that given on site.",
         within="hotline_calls", how="tapped", typed="beside"),
    *(
        _row(54, "complaints", f"hours_to_{step}", f"处置时效中位数：{zh}", f"Median time: {en}", "小时",
             f"case.median.{step}", ("complaint.filed", "case.assigned", "case.ended", "case.told"),
             f"{zh}用时的中位数；合并时用原始时间重算，不求中位数的平均。",
             f"The middle time {en}. Put together it is reckoned anew, never the mean of medians.",
             rule="recompute", windows=_PERIOD,
             absent=Text("还没有走到这一步的案件", "no case has come that far"))
        for step, zh, en in (
            ("sort", "接收到分流", "from receipt to sorting"),
            ("end", "接收到处置", "from receipt to its end"),
            ("tell", "处置到反馈", "from its end to telling the person"),
        )
    ),
)  # fmt: skip

_ENFORCEMENT = (
    _row(55, "enforcement", "quicktest_batches", "食品快检", "Quick tests of food", "批次", "quicktest.batches",
         _BATCHES, "检测的批次，作废的减去；一批测几项仍算一批。",
         "Batches tested, less those taken back. Several items are one batch.", typed="beside"),
    _row(55, "enforcement", "quicktest_passed", "快检合格", "Of these passed", "批次", "quicktest.passed",
         (*_BATCHES[:2], "quicktest.released"), "各项都合格的批次，含复检后排除的。",
         "Batches in which all was well, cleared ones in it.", within="quicktest_batches", typed="beside"),
    _row(55, "enforcement", "quicktest_pending", "快检待复检", "Waiting for a laboratory", "批次", "quicktest.pending",
         _BATCHES, "初筛有一项不合格、等实验室复检的批次；不等于不合格。",
         "Something was found and a laboratory is asked. None has failed by that.", within="quicktest_batches"),
    _row(55, "enforcement", "quicktest_failed", "快检不合格（复检确认）", "Failed, confirmed by a laboratory", "批次",
         "quicktest.failed", ("quicktest.released",), "实验室复检确认不合格的批次。",
         "Batches that a laboratory found to have failed.", within="quicktest_batches", typed="beside"),
    _row(55, "enforcement", "quicktest_invalid", "快检无效", "Could not be read", "批次", "quicktest.invalid", _BATCHES,
         "读不出结果的批次。", "Batches whose result could not be read.", within="quicktest_batches"),
    _row(55, "enforcement", "quicktest_items", "快检项目", "Items tested for", "项次", "quicktest.items", _BATCHES,
         "各批次检测的项目数之和；不是批次。", "Items tested for, over all batches. It is no number of batches.",
         beside="quicktest_batches"),
    _row(55, "enforcement", "quicktest_brought", "你送我检", "Samples people brought", "批次", "quicktest.brought",
         _BATCHES, "群众带来的样品批次。", "Batches that people brought.", within="quicktest_batches"),
    _row(55, "enforcement", "quicktest_chosen", "你点我检", "Samples people chose", "批次", "quicktest.chosen",
         _BATCHES, "群众点名要测的样品批次。", "Batches that people asked for.", within="quicktest_batches"),
    _said(56, "enforcement", "quicktest_people", "送检、点检群众", "People who brought or chose samples", "人次",
          "送样或点样的人次；网上投票的不算，不等于批次。",
          "People who brought or chose samples. Votes online do not count, and batches are something else."),
    _listed(57, "enforcement", "services_done", "免费检测、维修", "Things tested or mended for free", "件",
            ("services", "items", ""), "免费检测或修好的物件；食品快检不算。",
            "Things tested or mended without charge. Quick tests of food are none."),
    _listed(57, "enforcement", "services_people", "便民服务", "People served for free", "人次",
            ("services", "people", ""), "义诊、维修、检测等免费服务的人次。",
            "People served with health checks, repairs, tests and the like."),
    _listed(58, "enforcement", "inspections", "检查经营户", "Inspections made", "户次",
            ("inspections", "households", ""), "每查一户一次算一户次；不是户数。",
            "Each inspection of a merchant. It is no number of merchants.", windows=_PERIOD),
    _listed(58, "enforcement", "officers", "出动执法人员", "Officers sent out", "人次",
            ("inspections", "officers", ""), "每人每次出动算一人次；现场值台的不算。",
            "Each officer each time. Those at desks of the fair do not count.", windows=_PERIOD),
    _listed(59, "enforcement", "cases_opened", "立案", "Cases opened", "件", ("enforcement", "", ""),
            "按立案日期在时段内的案件；诉转案已在其内。",
            "Cases of enforcement by the day they were opened. Those that complaints led to are among them.",
            windows=_PERIOD_YEAR),
    _said(59, "enforcement", "cases_decided", "查处案件", "Cases decided", "件",
          "按处罚决定日期在时段内的案件；与立案不相加。",
          "Cases by the day they were decided. Never added to those opened.", windows=_PERIOD_YEAR),
    _listed(59, "enforcement", "cases_major", "其中大要案", "Of these major ones", "件", ("enforcement", "major", ""),
            "按当地标准认定的大要案。",
            "Major cases by the local standard.", within="cases_opened", windows=_PERIOD_YEAR),
    _listed(60, "enforcement", "case_value", "涉案货值", "Value of goods in cases", "元", ("enforcement", "value", ""),
            "案件涉及货物的价值；不是罚款。",
            "What the goods in these cases are worth. It is no fine.", windows=_PERIOD_YEAR),
    _listed(60, "enforcement", "case_fines", "罚没款", "Fines and forfeits", "元", ("enforcement", "fines", ""),
            "决定的罚款和没收款；不是货值。",
            "Fines and forfeits as decided. It is no value of goods.", windows=_PERIOD_YEAR),
    _row(62, "enforcement", "exposure_listed", "曝光排查任务", "Exposed, to be looked into", "项", "exposure.listed",
         ("exposure.listed",), "媒体曝光后列出要在本地排查的事项。",
         "Things the media exposed and this place has to look into.", how="tapped"),
    _row(62, "enforcement", "exposure_closed", "曝光排查办结", "Of these looked into", "项", "exposure.closed",
         ("exposure.closed", "exposure.reopened"), "有了排查结果的事项，含不涉及本地的。",
         "Those with a result, be it that nothing of it is here.", within="exposure_listed", how="tapped"),
)  # fmt: skip

_DESTRUCTION = (
    _listed(61, "destruction", "destroyed_categories", "销毁大类", "Categories destroyed", "类",
            ("destroyed", "", "category"), "销毁清单上的大类，同名只算一次。",
            "Categories on the list of goods destroyed, each once."),
    _listed(61, "destruction", "destroyed_kinds", "销毁品种", "Kinds destroyed", "种", ("destroyed", "", "kind"),
            "销毁清单上的品种，同名只算一次。", "Kinds on the list, each once."),
    _listed(61, "destruction", "destroyed_pieces", "销毁数量", "Pieces destroyed", "件", ("destroyed", "pieces", ""),
            "清单上按件计的数量之和；箱、床、吨等不折成件。",
            "Pieces on the list, added up. What is told in boxes or by weight is not turned into pieces."),
    _listed(61, "destruction", "destroyed_weight", "销毁重量", "Weight destroyed", "千克",
            ("destroyed", "weight", ""), "清单上按重量计的之和；按件计的不折算。",
            "What the list tells by weight, added up. Pieces are not weighed."),
    _listed(61, "destruction", "destroyed_value", "销毁货值", "Value destroyed", "元", ("destroyed", "value", ""),
            "清单上货值之和；联合销毁只由主办方报。",
            "What the goods on the list are worth. What several units destroyed together is told by the host alone."),
)  # fmt: skip

_QUALITY = (
    _row(63, "quality", "facts_unsent", "未同步记录", "Records not here yet", "条", "health.unsent", ("day.closed",),
         "平板自己说有、汇总端还没收到的记录；定稿前应为零。",
         "Records that tablets say they hold and that are not here. It should be none before a version is frozen.",
         windows=_PERIOD, absent=_FAIR_ONLY),
    _row(63, "quality", "journals_forked", "冲突", "Conflicts", "个", "health.forked", ("day.closed",),
         "同一平板出现两份不同流水、还没有裁定的；定稿前应为零。",
         "Tablets of which two different journals are known and nobody decided. It should be none before a version is "
         "frozen.", windows=_PERIOD, absent=_FAIR_ONLY),
    _row(63, "quality", "corrections", "更正", "Corrections", "条", "health.corrections", ("tally.corrected",),
         "更正计数的次数；原数保留，差额另列。", "Times a count was put right. What was counted stays beside it.",
         absent=_FAIR_ONLY, how="tapped"),
    _row(64, "quality", "measured_share", "全部自动或点按的指标", "Figures wholly counted", "%", "figures.measured",
         ("tally.counted",), "有数值的指标里，没有补录、更正或纸质成分的占多少；每个指标自己的构成在它旁边。",
         "Of the figures that have a value, those with nothing typed, corrected or from paper. What each is made of "
         "stands beside it.", over="figures.valued", rule="recompute"),
    _row(65, "quality", "units_on_time", "按时报送单位", "Units on time", "个", "unit.on_time", ("statement.sent",),
         "在时限前收到报送的下级单位，以汇总端收到的时间为准。",
         "Units below whose figures came by the deadline, by the time they arrived here.",
         windows=_PERIOD, rule="union", absent=_UNITS_ONLY),
    _row(65, "quality", "units_late", "迟报单位", "Units late", "个", "unit.late", ("statement.sent",),
         "过了时限才收到的下级单位。", "Units below whose figures came after the deadline.",
         windows=_PERIOD, rule="union", absent=_UNITS_ONLY),
    _row(65, "quality", "units_missing", "未报送单位", "Units missing", "个", "unit.missing", ("statement.sent",),
         "还没有收到的下级单位。", "Units below of which nothing came.",
         windows=_PERIOD, rule="union", absent=_UNITS_ONLY),
    _row(66, "quality", "english_share", "英文使用率", "Share in English", "%", "quiz.lang.en", ("quiz.answered",),
         "英文答题÷答题题次；没有目标值。", "Answers on the English page of all. No target is meant.",
         over="quiz.answered", rule="ratio"),
    _row(66, "quality", "large_share", "大字版使用率", "Share in large type", "%", "survey.large", ("survey.answered",),
         "大字版问卷÷问卷回收；没有目标值。", "Surveys in large type of all. No target is meant.",
         over="survey.answered", rule="ratio"),
)  # fmt: skip

CATALOGUE: tuple[Definition, ...] = (
    *_ORGANISATION, *_REACH, *_PUBLICITY, *_MEDIA, *_LEARNING, *_COMPLAINTS, *_ENFORCEMENT, *_DESTRUCTION, *_QUALITY,
)  # fmt: skip
BY_KEY: Mapping[str, Definition] = {one.key: one for one in CATALOGUE}
#: What an office that chose nothing sends up. How good the data is has a page of its own.
USUAL: tuple[Definition, ...] = tuple(one for one in CATALOGUE if one.group != "quality")


def own(figure: OwnFigure) -> Definition:
    """A figure of the fair's own: it is only typed."""
    return Definition(
        figure.key, figure.label, figure.unit, "", ("figure.typed",), group=figure.group, means=figure.means,
        rule=figure.rule, typed="only",
    )  # fmt: skip


def definitions(fair: Fair) -> list[Definition]:
    """All there are at a fair, wanted or not: the catalogue's, and its own behind the last of their group."""
    return _with_own(CATALOGUE, [own(one) for one in fair.own_figures])


def columns(fair: Fair) -> list[Definition]:
    """Those the office wants, in its order. Its own stand where it named them, else behind the last of their group."""
    mine = {one.key: own(one) for one in fair.own_figures}
    if not fair.wanted:
        return _with_own(USUAL, list(mine.values()))
    known = {**BY_KEY, **mine}
    wanted = [known[key] for key in dict.fromkeys(fair.wanted) if key in known]
    return _with_own(wanted, [one for key, one in mine.items() if key not in fair.wanted])


def _with_own(found: Sequence[Definition], mine: Sequence[Definition]) -> list[Definition]:
    placed = [*found]
    for one in mine:
        last = max((place for place, other in enumerate(placed) if other.group == one.group), default=len(placed) - 1)
        placed.insert(last + 1, one)
    return placed


def find(fair: Fair, key: str) -> Definition | None:
    """The definition of a key, the catalogue's or the fair's own."""
    return BY_KEY.get(key) or next((own(one) for one in fair.own_figures if one.key == key), None)
