"""The lists of a fair, as data: goods destroyed, articles, units that took part. What they add up to follows from this.

Of a record of the list `destroyed` a hub counts `list.destroyed` once, each of its amounts under
`list.destroyed.<amount>`, and once for however many have it each key: `key.destroyed.<key>.<16 hex>`
(`reports.amounts`). Names of lists, amounts and keys are metrics: they stay as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from kiosk.codes import personal
from kiosk.facts.figures import MOST, TEXT_LIMIT, TITLE_LIMIT, key_of
from kiosk.packs.drafts import clean
from kiosk.packs.model import Text
from kiosk.reports import catalogue, quantities

#: Of a text field what it may hold; `quantities.Fault` of a number.
Kind = Literal["text", "choice", "amount", "money", "weight"]
#: What becomes of a choice: nothing; one is added under its name; `of` is added under its name; the title is counted
#: once under its name.
Counted = Literal["", "one", "amount", "title"]
_UNITS = {"amount": "", "money": "元", "weight": "千克"}


class Field(msgspec.Struct, frozen=True):
    """Something a record says beside its title."""

    id: str
    label: Text
    kind: Kind = "text"
    is_needed: bool = False
    is_key: bool = False  # counted once, however many records have it
    choices: Mapping[str, Text] = {}
    counted: Counted = ""
    of: str = ""  # the amount that is added under the choice
    unless: str = ""  # a choice of another field with which this one adds nothing: "origin=forwarded"
    unit: str = ""  # of an amount, for people: 人, 件
    hint: Text | None = None

    @property
    def counted_in(self) -> str:
        """The unit an amount is read and shown in."""
        return _UNITS.get(self.kind, "") or self.unit


class RecordList(msgspec.Struct, frozen=True):
    id: str
    label: Text
    title: Text  # what the title of a record is
    means: Text  # what belongs on it, and what not
    fields: Sequence[Field]
    title_key: str = ""  # the title is counted once, under this name
    code: str = ""  # a field that, where it is written, is counted under that name instead of the title

    def field(self, field_id: str) -> Field | None:
        return next((field for field in self.fields if field.id == field_id), None)

    @property
    def amounts(self) -> list[str]:
        """Names that are added up, after the number of records itself."""
        own = [field.id for field in self.fields if field.kind in _UNITS]
        return [*own, *_counted(self.fields, ("one", "amount")), *(("pieces",) if self.id == "destroyed" else ())]

    @property
    def keys(self) -> list[str]:
        """Names that are counted once for however many records have the same."""
        own = [field.id for field in self.fields if field.is_key]
        return [*([self.title_key] if self.title_key else []), *own, *_counted(self.fields, ("title",))]


def _counted(fields: Iterable[Field], how: Sequence[str]) -> list[str]:
    return [choice for field in fields if field.counted in how for choice in field.choices]


def _choices(**names: tuple[str, str]) -> dict[str, Text]:
    return {one: Text(zh, en) for one, (zh, en) in names.items()}


_MEDIA = _choices(
    tv=("电视", "television"), radio=("广播", "radio"), press=("报刊", "newspapers"), online=("网站", "web sites"),
    social=("新媒体", "social media"),
)  # fmt: skip
_CODE = Field(
    "code", Text("统一社会信用代码", "Credit code"), hint=Text("没有就空着", "leave it blank where there is none")
)
_PEOPLE = Field("people", Text("参加人次", "People"), "amount", unit="人次")
_LINK = Field("link", Text("链接或版面", "Address or page"))

LISTS: Mapping[str, RecordList] = {
    one.id: one
    for one in (
        RecordList(
            "destroyed", Text("集中销毁", "Goods destroyed"), Text("品种", "Kind of goods"),
            Text("每个品种一行；床、箱、吨不折算成件，按吨、公斤、斤数的算进重量。联合销毁由主办单位填一次。",
                 "One line a kind; beds, boxes and tonnes never become pieces, and tonnes are weight. Whoever hosts it "
                 "lists it once."),
            (
                Field("category", Text("大类", "Group of goods"), is_needed=True, is_key=True,
                      hint=Text("食品、药品、烟酒…", "food, medicine, tobacco and alcohol …")),
                Field("quantity", Text("数量", "Quantity"), "amount", is_needed=True),
                Field("measure", Text("单位", "Counted in"), is_needed=True,
                      hint=Text("件、床、箱、瓶…", "pieces, beds, boxes, bottles …")),
                Field("weight", Text("重量", "Weight"), "weight", unit="千克"),
                Field("value", Text("货值", "Value"), "money", unit="元"),
            ),
            title_key="kind",
        ),
        RecordList(
            "media", Text("媒体报道", "In the media"), Text("标题", "Headline"),
            Text("一篇稿件一行；转载另填一行，标题写得和原发一样，篇数只算一次。",
                 "One line an item; reprints have lines of their own under the same headline, which is counted once."),
            (
                Field("outlet", Text("媒体", "Outlet"), is_needed=True, is_key=True),
                Field("medium", Text("类别", "Medium"), "choice", True, choices=_MEDIA, counted="title"),
                Field("kind", Text("原发或转载", "Original or reprint"), "choice", True,
                      choices=_choices(original=("原发", "original"), reprint=("转载", "reprint")), counted="one"),
                _LINK,
            ),
            title_key="item",
        ),
        RecordList(
            "outlets", Text("参加媒体", "Outlets that came"), Text("媒体名称", "Name of the outlet"),
            Text("到场采访的每家一行；同一家只算一次。", "A line for each that was present; each counts once."),
            (
                Field("medium", Text("类别", "Medium"), "choice", True, choices=_MEDIA, counted="title"),
            ),
            title_key="outlet",
        ),
        RecordList(
            "units", Text("参加单位", "Units that took part"), Text("单位名称", "Name of the unit"),
            Text("每家一行；来几天也只算一家，按代码，没有代码按名称。",
                 "A line for each; however many days it came, it counts once: by its code, or else by its name."),
            (
                Field("type", Text("类型", "Type"), "choice", True,
                      choices=_choices(department=("部门", "departments"), business=("企业", "businesses"),
                                       society=("社会组织", "associations")), counted="title"),
                _CODE,
            ),
            title_key="who", code="code",
        ),
        RecordList(
            "promises", Text("诚信承诺", "Promises signed"), Text("经营者", "Business"),
            Text("签了承诺的经营者每家一行；有代码按代码去重。", "A line for each that signed; each counts once."),
            (_CODE,),
            title_key="who", code="code",
        ),
        RecordList(
            "meetings", Text("会议和培训", "Meetings and trainings"), Text("名称", "Name"),
            Text("每场一行。", "One line a session."),
            (
                Field("kind", Text("形式", "Form"), "choice", True,
                      choices=_choices(meeting=("会议", "meetings"), forum=("座谈", "discussions"),
                                       training=("培训", "trainings"), lecture=("讲座", "lectures"),
                                       launch=("发布会", "press conferences"), briefing=("通气会", "media briefings")),
                      counted="one"),
                _PEOPLE,
                Field("businesses", Text("参加企业", "Businesses"), "amount", unit="家次"),
            ),
        ),
        RecordList(
            "visits", Text("五进活动", "Out to people"), Text("活动", "Activity"),
            Text("每场一行；现场活动不再填在这里。", "One line a session; the stalls on the square are none of them."),
            (
                Field("kind", Text("进到哪里", "Where"), "choice", True,
                      choices=_choices(community=("社区", "neighbourhoods"), village=("农村", "villages"),
                                       campus=("校园", "schools"), company=("企业", "businesses"),
                                       market=("市场、景区", "markets and sights")), counted="one"),
                _PEOPLE,
            ),
        ),
        RecordList(
            "warnings", Text("消费警示和案例", "Warnings and cases published"), Text("标题", "Headline"),
            Text("自己发布的才计数；上级转发的可以列上，不计。", "Only one's own count; others may be listed."),
            (
                Field("kind", Text("类别", "Sort"), "choice", True,
                      choices=_choices(warning=("警示", "warnings"), tip=("提示", "tips"), case=("典型案例", "cases")),
                      counted="one", unless="origin=forwarded"),
                Field("origin", Text("谁发布的", "Whose"), "choice", True,
                      choices=_choices(own=("自己发布", "our own"), forwarded=("上级转发", "passed on")),
                      counted="one"),
                _LINK,
            ),
        ),
        RecordList(
            "contests", Text("知识竞赛", "Contests"), Text("名称", "Name"),
            Text("每场一行。", "One line a contest."),
            (
                Field("teams", Text("队伍", "Teams"), "amount", unit="队"),
                Field("players", Text("选手", "Players"), "amount", unit="人"),
                Field("audience", Text("观众", "Spectators"), "amount", unit="人次"),
                Field("champion", Text("第一名", "First prize")),
            ),
        ),
        RecordList(
            "displays", Text("展板、横幅和屏幕", "Boards, banners and screens"),
            Text("在哪里，什么内容", "Where, and what"),
            Text("平板上数过的展板不再填。", "Boards counted on tablets are not listed again."),
            (
                Field("kind", Text("种类", "Sort"), "choice", True,
                      choices=_choices(board=("展板", "boards"), banner=("横幅标语", "banners"),
                                       poster=("海报", "posters"),
                                       screen=("电子屏", "screens"), vehicle=("车辆顶屏", "screens on vehicles")),
                      counted="amount", of="n"),
                Field("n", Text("数量", "How many"), "amount", is_needed=True),
            ),
        ),
        RecordList(
            "openings", Text("12315开放活动", "Open days at 12315"), Text("活动", "Activity"),
            Text("每场一行；不算现场活动场次。", "One line a session; none of them is one of the stalls."),
            (_PEOPLE,),
        ),
        RecordList(
            "services", Text("免费检测、维修、义诊", "Free testing, repair, health checks"),
            Text("项目", "What was offered"),
            Text("每个项目一行。", "One line a service."),
            (
                Field("items", Text("检测或维修", "Things tested or repaired"), "amount", unit="件"),
                Field("people", Text("服务人次", "People served"), "amount", unit="人次"),
            ),
        ),
        RecordList(
            "inspections", Text("执法检查", "Inspections"), Text("行动", "Action"),
            Text("每次行动一行；户次是检查的次数，不是户数。", "One line an action; visits are counted."),
            (
                Field("households", Text("检查经营户", "Visits"), "amount", unit="户次"),
                Field("officers", Text("出动执法人员", "Officers"), "amount", unit="人次"),
                Field("vehicles", Text("出动车辆", "Vehicle trips"), "amount", unit="车次"),
            ),
        ),
        RecordList(
            "enforcement", Text("立案查处", "Enforcement cases"), Text("案由", "What it is about"),
            Text("按立案日期，每件一行；不写当事人姓名。", "By the day it was opened, one line each; no names."),
            (
                Field("size", Text("大要案", "Major case"), "choice", True,
                      choices=_choices(plain=("不是", "no"), major=("是", "yes")), counted="one"),
                Field("value", Text("涉案货值", "Value of the goods"), "money", unit="元"),
                Field("fines", Text("罚没金额", "Fines and forfeits"), "money", unit="元"),
            ),
        ),
    )
}  # fmt: skip


class Made(msgspec.Struct, frozen=True):
    """What a form says of a record, ready for its fact; and what is wrong with it, by field."""

    title: str
    texts: dict[str, str]
    keys: list[str]
    amounts: dict[str, int]
    faults: dict[str, str]  # field → "missing", "long", "personal" or a `quantities.Fault`


def made(form: RecordList, words: Mapping[str, str]) -> Made:
    """A record out of what stands in its form: `title`, and by their ids its fields.

    Raises `KeyError` for a choice the field has not.
    """
    found = Made(_line(words.get("title", "")), {}, [], {}, {})
    found.faults.update(_text_fault("title", found.title, TITLE_LIMIT, is_needed=True))
    for field in form.fields:
        _read(field, words.get(field.id, ""), found)
    for field in form.fields:
        _count(field, found)
    _name(form, found)
    if form.id == "destroyed":
        _weigh(found)
    return found


def _weigh(found: Made) -> None:
    """Goods that are counted in pieces are among the pieces; those counted in tonnes weigh as much."""
    measure, quantity = found.texts.get("measure", ""), found.amounts.get("quantity", 0)
    if measure == "件":
        found.amounts["pieces"] = quantity
    grams = quantities.grams_of(measure)
    if not grams or "weight" in found.amounts:
        return
    if quantity * grams > MOST:
        found.faults["quantity"] = "many"
    else:
        found.amounts["weight"] = quantity * grams


def _read(field: Field, said: str, found: Made) -> None:
    if field.kind in _UNITS:
        quantity = quantities.read(said, field.counted_in)
        if quantity.fault and (quantity.fault != "missing" or field.is_needed):
            found.faults[field.id] = quantity.fault
        elif not quantity.fault:
            found.amounts[field.id] = quantity.n
        return
    text = _line(said)
    if field.kind == "choice" and (text or field.is_needed):
        if not text:
            found.faults[field.id] = "missing"
            return
        field.choices[text]
    found.faults.update(_text_fault(field.id, text, TEXT_LIMIT, is_needed=field.is_needed))
    if text:
        found.texts[field.id] = text
        found.keys.extend([field.id] if field.is_key else [])


def _count(field: Field, found: Made) -> None:
    """What the choice that was made adds."""
    choice = found.texts.get(field.id, "")
    other, _, word = field.unless.partition("=")
    if not choice or not field.counted or (other and found.texts.get(other) == word):
        return
    if field.counted == "title":
        found.texts[choice] = found.title
        found.keys.append(choice)
    else:
        found.amounts[choice] = found.amounts.get(field.of, 0) if field.of else 1


def _name(form: RecordList, found: Made) -> None:
    """Under what the record counts once; a code says better than a name who somebody is."""
    named = found.texts.get(form.code, "") or found.title
    if form.title_key:
        found.texts[form.title_key] = named
        found.keys.insert(0, form.title_key)
    if form.code:
        for key in found.keys:
            found.texts[key] = named


def as_known(
    form: RecordList, record: Made, known: Iterable[tuple[str, Mapping[str, str]]], names: Iterable[str] = ()
) -> Made:
    """The same, counted under what whoever it names is counted under already: whoever came with a code one day and
    without it the next is one.

    `known`: title and texts of what stands on the list; `names`: whose desks count by their name. Two of one name with
    different codes stay two.
    """
    title, code = key_of(record.title), key_of(record.texts.get(form.code, ""))
    by_name = [name for name in names if key_of(name) == title]
    others = ((key_of(said), key_of(texts.get(form.code, "")), texts[form.title_key]) for said, texts in known)
    nobody = key_of("")
    alike = (
        who for said, other, who in others if (code == other != nobody) or (said == title and nobody in (code, other))
    )
    who = next(iter([*by_name, *alike]), "")
    texts = {**record.texts, **dict.fromkeys(record.keys, who)} if who else record.texts
    return msgspec.structs.replace(record, texts=texts)


def _line(said: str) -> str:
    return " ".join(clean(said).split())


def _text_fault(name: str, text: str, limit: int, *, is_needed: bool) -> dict[str, str]:
    if not text:
        return {name: "missing"} if is_needed else {}
    if len(text) > limit:
        return {name: "long"}
    return {name: "personal"} if personal.stands_in(text) else {}


def said(form: RecordList, texts: Mapping[str, str], amounts: Mapping[str, int], lang: str) -> list[tuple[str, str]]:
    """(label, what it says) of a record's fields, in the form's order, for people; those that say nothing left out."""
    rows = []
    for field in form.fields:
        if field.kind in _UNITS and field.id in amounts:
            n = quantities.written(amounts[field.id], field.counted_in)
            rows.append((field.label.in_(lang), f"{n} {catalogue.unit_word(field.counted_in, lang)}".strip()))
        elif field.kind == "choice" and texts.get(field.id) in field.choices:
            rows.append((field.label.in_(lang), field.choices[texts[field.id]].in_(lang)))
        elif texts.get(field.id):
            rows.append((field.label.in_(lang), texts[field.id]))
    return rows


def by_measure(found: Iterable[tuple[Mapping[str, str], Mapping[str, int]]]) -> list[tuple[str, int]]:
    """(unit as it was written, how many) of goods destroyed, the first first: of mixed units there is no one sum."""
    sums: dict[str, int] = {}
    for texts, amounts in found:
        measure = texts.get("measure", "")
        if measure and "quantity" in amounts:
            sums[measure] = sums.get(measure, 0) + amounts["quantity"]
    return list(sums.items())
