"""The pages of what does not count: listed, shown as it came, decided about; forks side by side."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from kiosk.cli import main
from kiosk.hub import branches, people, quarantine
from kiosk.hub.app import create_hub_app
from kiosk.hub.context import Hub
from kiosk.hub.tables import choices, decisions, journals
from tests.hub.releases import a_later_release
from tests.hub.tablets import Tablet, a_tablet, deliver, rows, totals_of, withdraw
from tests.makers import CASEWORKER, Browser, Page, a_fact, a_filing, a_headcount, an_id
from tests.proof import share_hubs

LIST = "/fairs/demo/quarantine"
HOSTILE = b'{"v":1,"x":"<script>alert(1)</script>\xe2\x80\xaegnp.exe"}'


@pytest.fixture
def office(hub: Hub) -> Browser:
    return Browser(create_hub_app(hub).test_client()).sign_in(*CASEWORKER)


def a_spoilt_tablet(hub: Hub) -> Tablet:
    """Two that count, and one of each reason not to."""
    tablet = a_tablet(hub)
    tablet.record(a_headcount(1)).record(a_headcount(20)).record(b"\xff\x00\xfe").record(HOSTILE)
    tablet.record(a_fact(kind="prize.given")).record(a_fact(a_headcount(300), id=an_id(6), desk="d02"))
    deliver(hub, tablet.batch())
    return tablet


def counted(hub: Hub, tablet: Tablet) -> int:
    return sum(totals_of(hub, tablet.journal).values())


def address(tablet: Tablet, why: str) -> str:
    return f"{LIST}/facts/{tablet.journal}/{why}"


def decide(office: Browser, tablet: Tablet, why: str, act: str, reason: str = "已在现场核对", **values: str) -> Page:
    page = office.get(address(tablet, why))
    return office.send(page.form(f"{address(tablet, why)}/{act}", **values), reason=reason)


# --- the list -----------------------------------------------------------------------------------------


def test_an_empty_quarantine_says_that_nothing_is_to_be_done(office):
    page = office.get(LIST)
    assert page.status == 200
    assert "没有要处理的" in page


def test_every_reason_is_listed_with_its_count_and_in_plain_words(hub, office):
    tablet = a_spoilt_tablet(hub)
    withdraw(hub, tablet, 1)
    page = office.get(LIST)
    assert "5 条记录没有计入" in page
    for why in ("json.malformed", "fact.malformed", "fact.unknown_kind", "fact.not_allowed", "device.revoked"):
        assert address(tablet, why) in page, why
        assert office.get(address(tablet, why)).status == 200
    for words in ("读不出来的", "内容不合规定的", "本版本不认识的", "不归这台平板记的", "平板停用以后的"):
        assert words in page


def test_what_came_too_late_is_listed_as_that(hub, office, clock):
    tablet = a_tablet(hub).record(a_headcount(7))
    clock.tick(401 * 86_400)
    deliver(hub, tablet.batch())
    office.sign_in(*CASEWORKER)
    assert "证书过期以后才收到的" in office.get(LIST)
    decide(office, tablet, "device.expired", "release")
    assert counted(hub, tablet) == 7


@share_hubs
def test_bytes_are_shown_as_they_came_and_never_as_anything_else(hub, office):
    tablet = a_spoilt_tablet(hub)
    assert "ff 00 fe" in office.get(address(tablet, "json.malformed"))
    page = office.get(address(tablet, "fact.malformed"))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "\\u{202e}gnp.exe" in page
    assert "\u202e" not in page.text


@pytest.mark.parametrize(
    ("line", "text", "is_hex", "cut"),
    [
        (b"plain", "plain", False, 0),
        ("人\u2028次\x1b[31m".encode(), "人\\u{2028}次\\u{001b}[31m", False, 0),
        (b"\x80" * 17, " ".join(["80"] * 16) + "\n80", True, 0),
        (b"", "", False, 0),
        ("人".encode() * 2000, "人" * 1365, False, 6000 - 4095),
        (b"\xff" * 5000, "\n".join([" ".join(["ff"] * 16)] * 256), True, 904),
    ],
)
def test_a_line_is_text_with_odd_letters_spelt_out_or_bytes_in_hex(line, text, is_hex, cut):
    found = quarantine.shown(line)
    assert (found.text, found.is_hex, found.cut, found.size) == (text, is_hex, cut, len(line))


def test_hundreds_are_listed_page_by_page(hub, office):
    tablet = a_tablet(hub)
    for number in range(45):
        tablet.record(b"\xff%d" % number)
    deliver(hub, tablet.batch())
    assert "45 条记录没有计入" in office.get(LIST)
    seen, at = [], address(tablet, "json.malformed")
    while at:
        page = office.get(at)
        seen += [seq for seq in range(1, 46) if f'id="fact-{seq}"' in page]
        last = page.text.partition("?after=")[2].partition('"')[0]
        at = f"{address(tablet, 'json.malformed')}?after={last}" if last else ""
    assert seen == list(range(1, 46))


# --- deciding -------------------------------------------------------------------------------------------


def test_all_of_a_group_can_be_released_dismissed_and_released_again(hub, office):
    tablet = a_tablet(hub)
    for place in range(8):
        tablet.record(a_headcount(2**place))
    deliver(hub, tablet.batch())
    withdraw(hub, tablet, 3)
    assert counted(hub, tablet) == 7
    decide(office, tablet, "device.revoked", "release")
    assert counted(hub, tablet) == 255
    page = office.get(LIST)
    assert "没有要处理的" in page
    assert address(tablet, "released") in page
    decide(office, tablet, "released", "dismiss", reason="数错了")
    assert counted(hub, tablet) == 7
    page = office.get(address(tablet, "dismissed"))
    assert "数错了" in page
    assert "chen" in page
    decide(office, tablet, "dismissed", "release")
    assert counted(hub, tablet) == 255


def test_one_of_a_group_can_be_decided_about_alone(hub, office):
    tablet = a_tablet(hub)
    for place in range(4):
        tablet.record(a_headcount(10**place))
    deliver(hub, tablet.batch())
    withdraw(hub, tablet, 1)
    decide(office, tablet, "device.revoked", "release", first="3", last="3", n="1")
    assert counted(hub, tablet) == 101
    decide(office, tablet, "device.revoked", "dismiss", first="4", last="4", n="1")
    assert counted(hub, tablet) == 101
    assert "<b>1 条</b>" in office.get(LIST)


def test_what_nobody_can_read_is_offered_for_dismissal_only(hub, office):
    tablet = a_spoilt_tablet(hub)
    for why in ("json.malformed", "fact.malformed", "fact.unknown_kind"):
        page = office.get(address(tablet, why))
        assert [form.action for form in page.forms if "/facts/" in form.action] == [f"{address(tablet, why)}/dismiss"]
        decide(office, tablet, why, "dismiss")
    page = office.get(LIST)
    assert "1 条记录没有计入" in page  # the one of another desk
    assert counted(hub, tablet) == 21


@share_hubs
def test_a_decision_without_a_reason_is_asked_again_and_changes_nothing(hub, office):
    tablet = a_spoilt_tablet(hub)
    page = decide(office, tablet, "fact.not_allowed", "release", reason="  ")
    assert page.status == 400
    assert 'id="problem"' in page
    assert rows(hub, decisions) == []


def test_a_group_that_grew_meanwhile_is_shown_again_before_anything_is_decided(hub, office):
    tablet = a_tablet(hub).record(b"\xff")
    deliver(hub, tablet.batch())
    page = office.get(address(tablet, "json.malformed"))
    form = page.form(f"{address(tablet, 'json.malformed')}/dismiss")
    for changed in ({"n": "2"}, {"head": "00" * 32}, {"last": "9", "n": "2"}, {"first": "2"}):
        answer = office.send(form, reason="看过", **changed)
        assert (answer.status, "什么都没有改动" in answer) == (409, True), changed
    for garbage in ("", "x", "-1", "9" * 30, "１"):
        assert office.send(form, reason="看过", n=garbage).status == 400
    assert rows(hub, decisions) == []
    assert office.send(form, reason="看过").status == 200
    assert len(rows(hub, decisions)) == 1


def test_after_an_upgrade_what_is_understood_now_counts_at_a_touch(hub, office):
    tablet = a_tablet(hub)
    newer = {"counter": "headcount", "times": 7, "how": "key"}
    tablet.record(msgspec.structs.replace(a_fact(kind="tally.counted", v=2, id=an_id(1)), body=newer))
    deliver(hub, tablet.batch())
    assert counted(hub, tablet) == 0
    with a_later_release():
        page = office.send(office.get(LIST).form(f"{LIST}/judge"))
        assert "1 条现在认得，已计入" in page
        assert "没有要处理的" in page
        assert counted(hub, tablet) == 7


# --- forks ----------------------------------------------------------------------------------------------


def a_forked_tablet(hub: Hub) -> tuple[Tablet, Tablet]:
    one = a_tablet(hub).record().record()
    other = one.clone()
    one.record(a_headcount(70)).record(a_filing())
    other.record(a_headcount(5))
    for tablet in (one, other):
        deliver(hub, tablet.batch())
    return one, other


def fork_of(tablet: Tablet) -> str:
    return f"{LIST}/forks/{tablet.journal}"


def test_a_fork_is_shown_with_what_each_branch_would_add(hub, office):
    one, _ = a_forked_tablet(hub)
    assert "1 份流水分叉" in office.get(LIST)
    page = office.get(fork_of(one))
    for words in ("甲支", "乙支", "+70", "+5", "第 3–4 条", "7KQ2-M0ZRT", "都不计入"):
        assert words in page, words


def test_a_person_chooses_a_branch_and_may_change_their_mind(hub, office):
    one, other = a_forked_tablet(hub)
    for kept, n, word in ((other, 7, "已选定一支"), (one, 74, "已选定一支"), (None, 2, "都不计入")):
        form = office.get(f"{fork_of(one)}?at=3").form(fork_of(one))
        page = office.send(form, kept=kept.hash_at(3).hex() if kept else "none", reason="另一张卡是旧备份")
        assert page.path == LIST
        assert word in page
        assert "没有要处理的" in page
        assert counted(hub, one) == n
    assert [row[-1] for row in rows(hub, choices)] == ["另一张卡是旧备份"] * 3
    assert "另一张卡是旧备份" in office.get(fork_of(one))


def test_a_withdrawn_tablet_leaves_nothing_to_choose_behind_its_cutoff(hub, office):
    one, _ = a_forked_tablet(hub)
    withdraw(hub, one, 2)
    assert "流水分叉，要选定" not in office.get(LIST)


@share_hubs
def test_a_choice_without_a_branch_or_a_reason_is_asked_again(hub, office):
    one, other = a_forked_tablet(hub)
    form = office.get(fork_of(one)).form(fork_of(one))
    for told, status in (
        ({"kept": other.hash_at(3).hex(), "reason": ""}, 400),
        ({"reason": "备份"}, 400),
        ({"kept": "00" * 32, "reason": "备份"}, 400),
        ({"kept": other.hash_at(3).hex(), "reason": "备份", "seen": "0"}, 409),
        ({"kept": "none", "reason": "备份", "seq": "4"}, 409),
        ({"kept": "none", "reason": "备份", "seq": "x"}, 400),
    ):
        page = office.send(form, **told)
        assert (page.status, 'id="problem"' in page) == (status, True), told
    assert rows(hub, choices) == []


def test_a_branch_that_came_meanwhile_is_looked_at_first(hub, office):
    one, other = a_forked_tablet(hub)
    form = office.get(fork_of(one)).form(fork_of(one))
    third = one.clone()
    del third.lines[2:]
    deliver(hub, third.record(a_headcount(900)).batch())
    page = office.send(form, kept=other.hash_at(3).hex(), reason="备份")
    assert (page.status, "丙支" in page) == (409, True)
    assert rows(hub, choices) == []


def test_a_branch_whose_beginning_is_missing_cannot_be_chosen_but_given_up(hub, office):
    one = a_tablet(hub).record().record()
    other = one.clone().record().record()
    deliver(hub, one.batch())
    deliver(hub, other.batch(first=4))
    deliver(hub, one.record().batch())
    page = office.get(fork_of(one))
    assert "开头还没有收到" in page
    page = office.send(page.form(fork_of(one)), kept="none", reason="那台平板丢了")
    assert "没有要处理的" in page
    assert counted(hub, one) == 3


def test_a_journal_that_does_not_fork_has_a_page_that_says_so(hub, office):
    tablet = a_tablet(hub).record()
    deliver(hub, tablet.batch())
    assert "没有分叉" in office.get(fork_of(tablet))
    assert "没有分叉" in office.get(f"{fork_of(tablet)}?at=1")


# --- whose pages -----------------------------------------------------------------------------------------


def test_only_organisers_see_any_of_it(hub):
    tablet = a_spoilt_tablet(hub)
    with hub.store.begin() as tx:
        people.add_person(tx, "viewer", "a-made-up-password", {"viewer"}, None)
    browser = Browser(create_hub_app(hub).test_client()).sign_in("viewer", "a-made-up-password")
    for path in (LIST, address(tablet, "json.malformed"), fork_of(tablet)):
        assert browser.get(path).status == 403, path
    assert LIST not in browser.get("/fairs/demo")


@share_hubs
@pytest.mark.parametrize("path", ["facts/{0}/nothing", "facts/xx/json.malformed", "forks/xx", "facts/{1}/released"])
def test_what_is_not_there_is_not_found(hub, office, path):
    tablet = a_spoilt_tablet(hub)
    assert office.get(f"{LIST}/{path.format(tablet.journal, an_id(9))}").status == 404


def test_a_tablet_of_another_fair_is_not_found_either(hub, office):
    from kiosk.hub import fairs
    from tests.makers import a_fair

    with hub.store.begin() as tx:
        fairs.add_fair(tx, a_fair(id="other"))
    tablet = a_tablet(hub, fair="other").record(b"\xff")
    deliver(hub, tablet.batch())
    assert office.get(address(tablet, "json.malformed")).status == 404
    assert "没有要处理的" in office.get(LIST)


# --- the command line ---------------------------------------------------------------------------------


def test_the_command_lists_all_of_it_with_bytes_if_asked_for(hub_folder, tmp_path: Path, clock, runner):
    from kiosk.config import HubConfig
    from kiosk.hub.app import open_hub

    shutil.copytree(hub_folder, tmp_path / "hub")
    hub = open_hub(HubConfig(tmp_path / "hub"), clock)
    tablet = a_spoilt_tablet(hub)
    hub.close()
    said = runner.invoke(main, ["hub", "quarantine", "--data", str(tmp_path / "hub")])
    assert said.stdout.splitlines() == [
        f"{tablet.journal}\t{seq}\t{kind}\t{why}"
        for seq, kind, why in (
            (3, "?", "json.malformed"),
            (4, "?", "fact.malformed"),
            (5, "prize.given", "fact.unknown_kind"),
            (6, "tally.counted", "fact.not_allowed"),
        )
    ]
    assert said.stderr == "4 in quarantine\n"
    raw = runner.invoke(main, ["hub", "quarantine", "--raw", "--data", str(tmp_path / "hub")]).stdout
    assert "\tff 00 fe\n" in raw
    assert "\\u{202e}gnp.exe" in raw
    found = runner.invoke(main, ["hub", "quarantine", "--json", "--raw", "--data", str(tmp_path / "hub")]).stdout
    told = [json.loads(line) for line in found.splitlines()]
    assert [bytes.fromhex(one["raw"]) for one in told] == tablet.lines[2:]
    assert (told[0]["fair"], told[0]["desk"], told[0]["device"]) == ("demo", "d01", tablet.certificate.device)
    assert told[0]["dismissed"] is False


def test_more_than_fits_into_memory_at_once_is_listed_whole(hub, monkeypatch):
    monkeypatch.setattr(quarantine, "_ROWS", 7)
    tablets = [a_tablet(hub), a_tablet(hub, "d02")]
    for tablet in tablets:
        for _ in range(20):
            tablet.record(b"\xff")
        deliver(hub, tablet.batch())
    with hub.store.reading() as tx:
        found = [(one["journal"], one["seq"]) for one in quarantine.every(tx)]
    assert sorted(found) == sorted((tablet.journal, seq) for tablet in tablets for seq in range(1, 21))


def test_a_forked_journal_is_worked_out_from_the_database_in_parts(hub, monkeypatch):
    monkeypatch.setattr(branches, "_CHUNK", 3)
    monkeypatch.setattr(branches, "_ROWS", 2)
    one, other = a_forked_tablet(hub)
    for _ in range(10):
        one.record()
        other.record(a_headcount(9))
    for tablet in (one, other):
        deliver(hub, tablet.batch())
    with hub.store.reading() as tx:
        held = tx.execute(select(journals).where(journals.c.journal == one.journal)).one()
        assert list(branches.faults(tx, held)) == []
        assert [len(branch.nodes) for branch in branches.branches_at(tx, one.journal, 3)] == [12, 11]
