"""The sheets of a fair's roster: their columns, what stands in drop-downs, and a fair as their rows."""

from collections.abc import Mapping
from typing import Any

from kiosk.packs.fairs import Fair
from kiosk.packs.model import Text
from kiosk.packs.sheets import Column, Form

#: A tablet is told all of them in one document, each with what their PIN is checked against.
MOST_VOLUNTEERS = 500
TYPES = {
    "advice": Text("宣传咨询", "Advice"),
    "complaints": Text("投诉举报", "Complaints"),
    "exhibits": Text("实物展示", "Exhibits"),
    "quicktests": Text("食品快检", "Quick tests"),
    "lectures": Text("知识讲解", "Lectures"),
}
INTAKES = {
    "regulator": Text("市场监管部门", "Market regulator"),
    "association": Text("消费者协会", "Consumer association"),
    "other": Text("其他单位", "Another body"),
}
STANDINGS = {"pre": Text("预登记", "Pre-registration"), "window": Text("正式受理窗口", "Published window")}
EARNED = {
    "passed": Text("答题过关", "Passing the quiz"),
    "finished": Text("答完一轮", "Finishing a quiz"),
    "lot": Text("抽奖", "By lot"),
}


def choices_of(texts: Mapping[str, Text]) -> tuple[str, ...]:
    return tuple(text.zh for text in texts.values())


_ID = Column("id", "编号", "id", width=12)
_NAME = Column("name", "名称", "name", needed=True, width=30)
_NAME_EN = Column("name_en", "名称（英文）", "name in English", width=30)
FAIR_FORM = Form(
    "fair",
    "活动",
    "fair",
    (
        Column("title", "活动名称", "title", needed=True, width=44),
        Column("title_en", "活动名称（英文）", "title in English", width=36),
        Column("starts", "开始日期", "first day"),
        Column("ends", "结束日期", "last day"),
        Column("theme", "年主题", "theme", width=24),
        Column("theme_en", "年主题（英文）", "theme in English", width=24),
        Column("organiser", "主办单位", "organiser", width=30),
        Column("organiser_en", "主办单位（英文）", "organiser in English", width=30),
        Column("contact", "联系方式", "contact", width=30),
        Column("contact_en", "联系方式（英文）", "contact in English", width=30),
        Column("deadline", "报送时限", "deadline", width=20),
    ),
    1,
)
VENUES = Form(
    "venues",
    "会场",
    "venues",
    (
        _ID,
        _NAME,
        _NAME_EN,
        Column("entrances", "入口", "entrances", width=30),
        Column("entrances_en", "入口（英文）", "entrances in English", width=30),
    ),
    500,
)
UNITS = Form("units", "单位", "units", (_ID, _NAME, _NAME_EN), 500)
DESKS = Form(
    "desks",
    "服务台",
    "desks",
    (
        _ID,
        Column("venue", "会场", "venue", needed=True, lists="venues", width=24),
        Column("type", "类型", "type", needed=True, choices=choices_of(TYPES)),
        _NAME,
        _NAME_EN,
        Column("opens", "开始时间", "opens", ("开放时间", "几点开始")),
        Column("closes", "结束时间", "closes", ("关闭时间", "几点结束")),
        Column("unit", "单位", "unit", ("负责单位",), lists="units", width=24),
        Column("intake", "谁受理", "taken in by", choices=choices_of(INTAKES)),
        Column("standing", "受理方式", "standing", choices=choices_of(STANDINGS)),
    ),
    5_000,
)
VOLUNTEERS = Form(
    "volunteers",
    "志愿者",
    "volunteers",
    (_ID, Column("name", "姓名", "name", ("名称",), needed=True, width=24)),
    MOST_VOLUNTEERS,
)
LEAFLETS = Form(
    "leaflets",
    "资料",
    "leaflets",
    (_ID, _NAME, _NAME_EN, Column("bundle", "每捆份数", "copies in a bundle", needed=True)),
    30,
)
MATERIALS = Form(
    "materials",
    "宣传品",
    "materials",
    (
        _ID,
        _NAME,
        _NAME_EN,
        Column("unit", "量词", "counted in"),
        Column("unit_en", "量词（英文）", "counted in, English"),
        Column("bundle", "每箱件数", "pieces in a box", needed=True),
    ),
    30,
)
PRIZES = Form(
    "prizes",
    "奖品",
    "prizes",
    (
        _ID,
        _NAME,
        _NAME_EN,
        Column("earned_by", "发给谁", "earned by", needed=True, choices=choices_of(EARNED)),
        Column("quota", "每台平板最多", "most of a tablet", needed=True),
        Column("per_hour", "每小时最多", "most in an hour"),
    ),
    10,
)
FORMS = (FAIR_FORM, VENUES, UNITS, DESKS, VOLUNTEERS, LEAFLETS, MATERIALS, PRIZES)
HELP = (
    (
        "一张工作表一样东西；红色的列每行都要填，米色的列可以不填。不用的表留空就行。",
        "One thing a sheet; red columns are needed, the others may be left blank, and so may whole sheets.",
    ),
    (
        "编号：新的一律留空，由程序编；从这里导出的表，编号不要改。",
        "Id: leave it blank for what is new; do not change those that are there.",
    ),
    (
        "会场的入口：几个入口用顿号或换行分开，如：东门、西门。只有一个入口就留空。",
        "Entrances: with commas or line breaks between them, such as East, West; blank where there is one.",
    ),
    (
        "服务台：一台平板一行。会场、类型、单位从下拉列表选；时间写 09:30。",
        "Desks: a row for each tablet. Choose venue, type and unit from the lists; hours like 09:30.",
    ),
    (
        "志愿者只写姓名，不写电话、证件号。PIN 由程序生成，导入后只显示一次。",
        "Volunteers: names and nothing else. PINs are drawn, and shown once after the import.",
    ),
    (
        "不要合并单元格，不要用公式。日期写 2027-03-15，也可以用 Excel 的日期。",
        "No merged cells, no formulas. Days like 2027-03-15, or as Excel has them.",
    ),
)


def rows_of(fair: Fair, volunteers: Mapping[str, str]) -> dict[str, list[dict[str, str | int]]]:
    """What `plan` would read as this very fair."""
    venues, units = {one.id: one.name.zh for one in fair.venues}, fair.unit_names("zh")
    return {
        "fair": [
            {
                **_both("title", fair.title),
                **_both("theme", fair.theme),
                **_both("organiser", fair.organiser.name),
                "starts": fair.starts,
                "ends": fair.ends,
                "contact": fair.organiser.contact,
                "contact_en": fair.organiser.contact_en,
                "deadline": fair.deadline[:16].replace("T", " "),
            }
        ],
        "venues": [
            {
                **_named(one),
                "entrances": "、".join(way.name.zh for way in one.entrances),
                "entrances_en": "; ".join(way.name.en for way in one.entrances),
            }
            for one in fair.venues
        ],
        "units": [_named(one) for one in fair.units],
        "desks": [
            {
                **_named(one),
                "venue": venues[one.venue],
                "type": TYPES[one.type].zh,
                "opens": one.opens,
                "closes": one.closes,
                "unit": units.get(one.unit, ""),
                "intake": INTAKES[one.intake].zh,
                "standing": STANDINGS[one.standing].zh,
            }
            for one in fair.desks
        ],
        "volunteers": [{"id": one, "name": name} for one, name in volunteers.items()],
        "leaflets": [{**_named(one), "bundle": one.bundle} for one in fair.leaflets],
        "materials": [{**_named(one), **_both("unit", one.unit), "bundle": one.bundle} for one in fair.materials],
        "prizes": [
            {
                **_named(one),
                "earned_by": EARNED[one.earned_by].zh,
                "quota": one.quota,
                **({"per_hour": one.per_hour} if one.per_hour else {}),
            }
            for one in fair.prizes
        ],
    }


def _both(column: str, text: Text) -> dict[str, str | int]:
    return {column: text.zh} if text.en == text.zh else {column: text.zh, f"{column}_en": text.en}


def _named(one: Any) -> dict[str, str | int]:
    return {"id": one.id, **_both("name", one.name)}
