"""Whether a tablet, and a whole fair, may open: each check with a level, a word, and what to do. Pure.

The tablet's own page and the hub's judge by these same rules. "stop": not to be opened so; "care": it can be opened,
and somebody should look; "good".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from kiosk.facts.clocks import TOLERANCE
from kiosk.packs.model import Text
from kiosk.reports import completeness

Level = Literal["good", "care", "stop"]
#: Per cent of the battery below which a tablet that is not charging will not last, or not for a whole day.
LOW_BATTERY, HALF_BATTERY = 20, 50
#: Megabytes free below which complaints are refused soon, or photos may be.
LITTLE_ROOM, SOME_ROOM = 200, 1_000
SILENT_MINUTES = 5

NAMES: Mapping[str, Text] = {
    "desk": Text("登记", "Enrolled"),
    "heard": Text("汇总端", "Hub"),
    "pack": Text("内容包", "Pack"),
    "pins": Text("志愿者和PIN", "Volunteers, PINs"),
    "canary": Text("投诉试封件", "Complaint test"),
    "battery": Text("电量", "Battery"),
    "clock": Text("时钟", "Clock"),
    "disk": Text("存储", "Disk"),
    "unsent": Text("未上传", "Unsent"),
    "camera": Text("相机", "Camera"),
    "printer": Text("打印机", "Printer"),
    "sound": Text("声音", "Sound"),
    "rehearsal": Text("演练", "Rehearsal"),
}
#: What a person has to try, because no program can know it.
TRIED = ("camera", "printer", "sound")


class Check(msgspec.Struct, frozen=True, gc=False):
    """One thing that was looked at."""

    key: str
    level: Level
    word: Text  # how it is, in a few words
    advice: Text | None = None  # what to do; None where nothing is

    @property
    def name(self) -> Text:
        return NAMES[self.key]


class Tablet(msgspec.Struct, frozen=True, gc=False):
    """What is known of one tablet; None: nobody knows."""

    is_enrolled: bool = True
    trouble: str = ""  # "revoked", "expired", "narrow", "forked"
    is_asked_here: bool = False  # on its own screen: there, being offline is no reason not to open
    heard: int | None = None  # whole minutes since it and the hub last spoke; None: never
    pack: str = ""  # on its screens
    pack_wanted: str = ""  # by the hub
    volunteers: int = 0
    canary: str = "none"  # as in protocol.Head
    takes_complaints: bool = False
    battery: int | None = None
    charging: bool | None = None
    skew_ms: int | None = None  # hub's time less its own
    free_mb: int | None = None
    unsent: int = 0
    camera: str | None = None  # this and the next as in protocol.Health
    printer: str | None = None
    sound: str | None = None
    rehearsal: str = ""  # "none", "on", "partly", "done"; "" where that is not asked


def checks(tablet: Tablet) -> list[Check]:
    """Everything that is to be looked at before the day; what may stop it stands first."""
    if not tablet.is_enrolled:
        return [_stop("desk", Text("没有平板", "No tablet"), Text("扫这个台的登记码。", "Scan this desk's code."))]
    judged = (_desk, _heard, _pack, _pins, _canary, _battery, _clock, _disk, _unsent, _camera, _printer, _sound)
    return [*(judge(tablet) for judge in judged), *([_rehearsal(tablet)] if tablet.rehearsal else [])]


def worst(found: Sequence[Check]) -> Level:
    levels = {check.level for check in found}
    return "stop" if "stop" in levels else "care" if "care" in levels else "good"


def _good(key: str, word: Text) -> Check:
    return Check(key, "good", word)


def _care(key: str, word: Text, advice: Text) -> Check:
    return Check(key, "care", word, advice)


def _stop(key: str, word: Text, advice: Text) -> Check:
    return Check(key, "stop", word, advice)


_TROUBLE = {
    "revoked": (Text("已停用", "Withdrawn"), Text("换一台平板，扫新的登记码。", "Take another tablet and a new code.")),
    "expired": (Text("证书过期", "Certificate expired"), Text("重新登记这台平板。", "Enrol this tablet again.")),
    "narrow": (
        Text("证书比程序旧", "Certificate older than the program"),
        Text("重新登记这台平板。", "Enrol this tablet again."),
    ),
    "forked": (
        Text("流水分叉", "Journal forked"),
        Text("换一台平板，告诉管理员。", "Take another tablet; tell the administrator."),
    ),
}


def _desk(tablet: Tablet) -> Check:
    if tablet.trouble:
        return _stop("desk", *_TROUBLE[tablet.trouble])
    return _good("desk", Text("已登记", "Enrolled"))


def _heard(tablet: Tablet) -> Check:
    advice = Text("看它的网络和开关。", "Look at its network and whether it is on.")
    make = _stop
    if tablet.is_asked_here:
        advice = Text("看网络；没有网也能记，之后再传。", "Look at the network; without it, facts wait here.")
        make = _care
    if tablet.heard is None:
        return make("heard", Text("还没联系过", "Never yet"), advice)
    if tablet.heard <= SILENT_MINUTES:
        return _good("heard", Text("通", "Reached"))
    return make("heard", Text(f"{_span(tablet.heard).zh}没联系", f"Silent for {_span(tablet.heard).en}"), advice)


def _span(minutes: int) -> Text:
    """E.g. "6 分钟", "3 小时", "2 天"."""
    for size, zh, en in ((1440, "天", "day"), (60, "小时", "hour")):
        if minutes >= size:
            n = minutes // size
            return Text(f"{n} {zh}", f"{n} {en}{'' if n == 1 else 's'}")
    return Text(f"{minutes} 分钟", f"{minutes} min")


def _pack(tablet: Tablet) -> Check:
    if not tablet.pack or not tablet.pack_wanted:
        return _care(
            "pack",
            Text("还不知道", "Not known yet"),
            Text("连上汇总端就能核对。", "It is compared once the hub is reached."),
        )
    if tablet.pack == tablet.pack_wanted:
        return _good("pack", Text("一致", "The right one"))
    return _stop(
        "pack",
        Text("和汇总端不同", "Not the hub's"),
        Text("装汇总端的内容包，再重开。", "Install the hub's pack; restart."),
    )


def _pins(tablet: Tablet) -> Check:
    if tablet.volunteers:
        return _good(
            "pins",
            Text(f"{tablet.volunteers} 人", f"{tablet.volunteers} {'person' if tablet.volunteers == 1 else 'people'}"),
        )
    return _stop(
        "pins",
        Text("一个也没有", "None"),
        Text("在汇总端加上志愿者和PIN。", "Add volunteers with PINs at the hub."),
    )


def _canary(tablet: Tablet) -> Check:
    if tablet.canary == "opened":
        return _good("canary", Text("已打开", "Opened"))
    if tablet.canary == "broken":
        return _stop(
            "canary",
            Text("打不开", "Does not open"),
            Text("换一台平板，先不收投诉。", "Take another tablet; take no complaints on this."),
        )
    make = _stop if tablet.takes_complaints else _care
    return make(
        "canary",
        Text("还没打开", "Not opened yet"),
        Text("请有权限的人在汇总端“平板”页打开。", "Somebody with the key opens it at the hub, on “Tablets”."),
    )


def _battery(tablet: Tablet) -> Check:
    if tablet.battery is None:
        return _care(
            "battery",
            Text("浏览器没说", "The browser does not say"),
            Text("看一眼电量，插上电。", "Look at the battery; plug it in."),
        )
    word = Text(f"{tablet.battery}%", f"{tablet.battery}%")
    if tablet.charging:
        return _good("battery", Text(f"{word.zh}，在充电", f"{word.en}, charging"))
    if tablet.battery >= HALF_BATTERY:
        return _good("battery", word)
    make = _stop if is_low(tablet.battery, tablet.charging) else _care
    return make("battery", word, Text("插上充电器或充电宝。", "Plug it in, or into a power bank."))


def is_low(battery: int | None, charging: bool | None) -> bool:
    """Whether a tablet will soon be off."""
    return battery is not None and battery < LOW_BATTERY and not charging


def _clock(tablet: Tablet) -> Check:
    if tablet.skew_ms is None:
        return _care(
            "clock",
            Text("还没对过表", "Not compared yet"),
            Text("连上汇总端就会对表。", "It is compared once the hub is reached."),
        )
    if abs(tablet.skew_ms) < TOLERANCE * 1000:
        return _good("clock", Text("准", "Right"))
    return _care(
        "clock",
        Text(*(completeness.clock(tablet.skew_ms, language) for language in ("zh", "en"))),
        Text("在系统设置里改准；记录按汇总端时间归日。", "Set it right; facts are dated by the hub's time."),
    )


def _disk(tablet: Tablet) -> Check:
    if tablet.free_mb is None:
        return _care(
            "disk", Text("还不知道", "Not known yet"), Text("等它联系汇总端。", "Wait until it reaches the hub.")
        )
    room = f"{tablet.free_mb:,} MB" if tablet.free_mb < 10_000 else f"{tablet.free_mb // 1_000:,} GB"
    word = Text(f"剩 {room}", f"{room} free")
    if tablet.free_mb >= SOME_ROOM:
        return _good("disk", word)
    make = _stop if tablet.free_mb < LITTLE_ROOM else _care
    return make("disk", word, Text("删掉别的文件，或换一台。", "Delete other files, or take another tablet."))


def _unsent(tablet: Tablet) -> Check:
    if not tablet.unsent:
        return _good("unsent", Text("没有", "None"))
    return _care(
        "unsent",
        Text(f"{tablet.unsent:,} 条", f"{tablet.unsent:,} fact{'' if tablet.unsent == 1 else 's'}"),
        Text("连上网会自己传完。", "They go by themselves once there is a network."),
    )


def _camera(tablet: Tablet) -> Check:
    if tablet.camera == "works":
        return _good("camera", Text("有画面", "Shows a picture"))
    if tablet.camera == "none":
        return _care("camera", Text("没有相机", "No camera"), Text("扫码改用输入。", "Type codes instead of scanning."))
    word = Text("有，还没试", "There, not tried") if tablet.camera == "seen" else Text("还没试", "Not tried")
    return _care("camera", word, Text("打开相机看一眼画面。", "Open the camera and look at the picture."))


def _printer(tablet: Tablet) -> Check:
    return _tried(
        "printer",
        tablet.printer,
        Text("打得出来", "It printed"),
        (
            Text("打不出来", "Does not print"),
            Text("看纸和连接；小票可抄写。", "Check paper and cable; slips can be copied."),
        ),
        Text("试打印一张。", "Print a test page."),
    )


def _sound(tablet: Tablet) -> Check:
    return _tried(
        "sound",
        tablet.sound,
        Text("听得见", "Can be heard"),
        (Text("没有声音", "No sound"), Text("调大音量；没有也能答题。", "Turn it up; the quiz works without.")),
        Text("让它念一句。", "Let it read a sentence."),
    )


def _tried(key: str, state: str | None, works: Text, fails: tuple[Text, Text], how: Text) -> Check:
    """What only a volunteer can say: that it works, that it does not, or nothing yet."""
    if state == "works":
        return _good(key, works)
    return _care(key, *fails) if state == "fails" else _care(key, Text("还没试", "Not tried"), how)


def _rehearsal(tablet: Tablet) -> Check:
    if tablet.rehearsal == "done":
        return _good("rehearsal", Text("做过，收到了", "Done, all arrived"))
    word, advice = {
        "on": (Text("正在演练", "Going on"), Text("开场前结束演练。", "End it before the day begins.")),
        "partly": (Text("没传完", "Not all arrived"), Text("连上网再传一次。", "Let it send again.")),
    }.get(tablet.rehearsal, (Text("没做过", "Not done"), Text("用几分钟试一遍。", "Go through it once; minutes.")))
    return _care("rehearsal", word, advice)


# --- all of them, in one sentence -----------------------------------------------------------------

#: What is said of several tablets that share a fault.
_TOGETHER: Mapping[str, Text] = {
    "desk": Text("{n} 个台没有能用的平板", "{n} without a usable tablet"),
    "heard": Text("{n} 台没有联系", "{n} out of touch"),
    "pack": Text("{n} 台内容包不对", "{n} with the wrong pack"),
    "pins": Text("没有志愿者和PIN", "no volunteers with PINs"),
    "canary": Text("{n} 台试封件没打开", "{n} whose complaint test is not opened"),
    "battery": Text("{n} 台快没电了", "{n} nearly flat"),
    "clock": Text("{n} 台时钟不准", "{n} with a wrong clock"),
    "disk": Text("{n} 台存储快满", "{n} short of disk"),
    "unsent": Text("{n} 台有没上传的", "{n} with unsent facts"),
    "camera": Text("{n} 台相机没试好", "{n} with the camera untried"),
    "printer": Text("{n} 台没试打印", "{n} with the printer untried"),
    "sound": Text("{n} 台没试声音", "{n} with the sound untried"),
    "rehearsal": Text("{n} 台没演练", "{n} not rehearsed"),
}
#: Where it stops nothing, some of it is only not known.
_LOOKS: Mapping[str, Text] = {
    **_TOGETHER,
    "battery": Text("{n} 台电量要看", "{n} whose battery needs a look"),
    "pack": Text("{n} 台内容包还没核对", "{n} whose pack is not compared yet"),
    "clock": Text("{n} 台时钟没对准", "{n} whose clock is off, or not compared yet"),
    "disk": Text("{n} 台存储要看", "{n} whose disk needs a look"),
}


class Verdict(msgspec.Struct, frozen=True):
    """Whether the day may begin."""

    level: Level
    desks: int
    missing: Sequence[Text]  # what stops it
    looks: Sequence[Text]  # what somebody should look at


def verdict(rows: Sequence[Sequence[Check]]) -> Verdict:
    """Of all desks of a fair, or of one tablet."""
    found = {
        level: Counter(check.key for row in rows for check in row if check.level == level) for level in ("stop", "care")
    }
    levels = [worst(row) for row in rows]
    level: Level = "stop" if "stop" in levels or not rows else "care" if "care" in levels else "good"
    return Verdict(level, len(rows), _said(_TOGETHER, found["stop"]), _said(_LOOKS, found["care"]))


def _said(words: Mapping[str, Text], counted: Mapping[str, int]) -> list[Text]:
    return [Text(one.zh.format(n=n), one.en.format(n=n)) for key, one in words.items() if (n := counted.get(key))]


def headline(found: Verdict, language: str) -> str:
    """The one big sentence."""
    is_english = language == "en"
    if not found.desks:
        return "No desks yet." if is_english else "还没有服务台。"
    if found.level == "stop":
        missing = (", " if is_english else "，").join(one.in_(language) for one in found.missing)
        return f"Not yet: {missing}." if is_english else f"还差：{missing}。"
    if is_english:
        return "Ready to open." if found.level == "good" else "Ready to open; a few things to look at."
    return "可以开始。" if found.level == "good" else "可以开始，还有几样请看一眼。"


def one_headline(found: Sequence[Check], language: str) -> str:
    """The same of one tablet: what is missing, by name."""
    stops = [check for check in found if check.level == "stop"]
    if stops:
        said = "；".join(f"{one.name.zh}：{one.word.zh}" for one in stops)
        told = "; ".join(f"{one.name.en}: {one.word.en}" for one in stops)
        return f"Not yet: {told}." if language == "en" else f"还差：{said}。"
    return headline(verdict([found]), language)
