"""Whether a tablet and a fair may open: the level of each check, and the one sentence."""

import msgspec
import pytest

from kiosk.reports.readiness import NAMES, TRIED, Tablet, checks, headline, one_headline, verdict, worst

READY = Tablet(
    heard=0,
    pack="a",
    pack_wanted="a",
    volunteers=2,
    canary="opened",
    battery=83,
    charging=False,
    skew_ms=800,
    free_mb=5_000,
    camera="works",
    printer="works",
    sound="works",
    rehearsal="done",
)


def but(**changes) -> Tablet:
    return msgspec.structs.replace(READY, **changes)


def level(key: str, **changes) -> str:
    (found,) = [check for check in checks(but(**changes)) if check.key == key]
    assert found.name == NAMES[key]
    assert (found.advice is None) == (found.level == "good")  # whatever is amiss comes with what to do
    return found.level


def test_a_tablet_of_which_all_is_known_and_right_is_good():
    found = checks(READY)
    assert {check.key for check in found} == set(NAMES)
    assert (worst(found), headline(verdict([found]), "zh")) == ("good", "可以开始。")


@pytest.mark.parametrize(
    ("key", "changes", "wanted"),
    [
        ("desk", {"trouble": "revoked"}, "stop"),
        ("desk", {"trouble": "expired"}, "stop"),
        ("desk", {"trouble": "narrow"}, "stop"),
        ("desk", {"trouble": "forked"}, "stop"),
        ("heard", {"heard": 5}, "good"),
        ("heard", {"heard": 6}, "stop"),
        ("heard", {"heard": None}, "stop"),
        ("heard", {"heard": None, "is_asked_here": True}, "care"),
        ("heard", {"heard": 4000, "is_asked_here": True}, "care"),
        ("pack", {"pack": "b"}, "stop"),
        ("pack", {"pack_wanted": ""}, "care"),
        ("pins", {"volunteers": 0}, "stop"),
        ("canary", {"canary": "waiting"}, "care"),
        ("canary", {"canary": "waiting", "takes_complaints": True}, "stop"),
        ("canary", {"canary": "broken"}, "stop"),
        ("battery", {"battery": 50}, "good"),
        ("battery", {"battery": 49}, "care"),
        ("battery", {"battery": 19}, "stop"),
        ("battery", {"battery": 19, "charging": True}, "good"),
        ("battery", {"battery": None, "charging": None}, "care"),
        ("clock", {"skew_ms": -59_999}, "good"),
        ("clock", {"skew_ms": -86_400_000}, "care"),
        ("clock", {"skew_ms": None}, "care"),
        ("disk", {"free_mb": 999}, "care"),
        ("disk", {"free_mb": 199}, "stop"),
        ("disk", {"free_mb": None}, "care"),
        ("unsent", {"unsent": 1}, "care"),
        ("camera", {"camera": "seen"}, "care"),
        ("camera", {"camera": "none"}, "care"),
        ("camera", {"camera": None}, "care"),
        ("printer", {"printer": "fails"}, "care"),
        ("printer", {"printer": None}, "care"),
        ("sound", {"sound": "fails"}, "care"),
        ("sound", {"sound": None}, "care"),
        ("rehearsal", {"rehearsal": "none"}, "care"),
        ("rehearsal", {"rehearsal": "partly"}, "care"),
        ("rehearsal", {"rehearsal": "on"}, "care"),
    ],
)
def test_the_level_of_each_check(key, changes, wanted):
    assert level(key, **changes) == wanted


def test_the_sentence_names_what_stops_the_day_and_leaves_out_what_does_not():
    rows = [checks(READY), checks(but(pack="b", printer=None)), checks(Tablet(is_enrolled=False)), checks(but(heard=9))]
    found = verdict(rows)
    assert headline(found, "zh") == "还差：1 个台没有能用的平板，1 台没有联系，1 台内容包不对。"
    assert headline(found, "en") == "Not yet: 1 without a usable tablet, 1 out of touch, 1 with the wrong pack."
    assert [one.zh for one in found.looks] == ["1 台没试打印"]
    assert headline(verdict([checks(but(sound=None))]), "zh") == "可以开始，还有几样请看一眼。"
    assert headline(verdict([]), "zh") == "还没有服务台。"


def test_of_one_tablet_what_is_missing_is_said_by_name():
    assert one_headline(checks(but(pack="b", battery=3)), "zh") == "还差：内容包：和汇总端不同；电量：3%。"
    assert one_headline(checks(but(battery=3)), "en") == "Not yet: Battery: 3%."


def test_what_is_long_ago_is_told_in_words_one_reads():
    said = {minutes: checks(but(heard=minutes))[1].word for minutes in (6, 61, 2 * 1440)}
    assert [word.zh for word in said.values()] == ["6 分钟没联系", "1 小时没联系", "2 天没联系"]
    assert [word.en for word in said.values()] == ["Silent for 6 min", "Silent for 1 hour", "Silent for 2 days"]


def test_what_a_person_tries_is_never_a_reason_not_to_open():
    for key in TRIED:
        for word in (None, "fails", "none"):
            assert level(key, **{key: word}) != "stop"
