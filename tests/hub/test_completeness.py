"""Whether everything is here: what every tablet holds against what the hub holds, whoever said so."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from kiosk import strictjson
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.days import DayClosed
from kiosk.facts.shifts import ShiftEntered
from kiosk.hub import completeness, decisions, devices, fairs, tables
from kiosk.hub.completeness import BoothRow
from kiosk.hub.decisions import Named
from kiosk.hub.fairs import SILENT_SECONDS
from kiosk.reports.completeness import Standing, sentence
from tests.hub.tablets import Tablet, a_tablet, deliver, law
from tests.hub.test_api import a_status, send_status
from tests.hub.test_board import add_large_fair
from tests.hub.test_slips import a_slip, keep, signed, typed
from tests.makers import CASEWORKER, Browser, a_filing, a_headcount
from tests.proof import share_hubs


def rows(hub) -> list[BoothRow]:
    with hub.store.reading() as tx:
        return completeness.booths(tx, fairs.find_fair(tx, "demo"), hub.clock.now(), hub.pack.version)


def row_of(hub, tablet: Tablet) -> BoothRow:
    (found,) = [row for row in rows(hub) if row.journal == tablet.journal]
    return found


def standing(hub) -> Standing:
    return completeness.standing(rows(hub))


def said(hub) -> str:
    return sentence(standing(hub), "zh")


def gaps_of(hub, tablet: Tablet) -> list[tuple[int, int]]:
    row = row_of(hub, tablet)
    with hub.store.reading() as tx:
        return completeness.gaps(tx, row)


def tell(hub_app, tablet: Tablet, seq: int | None = None, **changes: object) -> None:
    """The tablet says how it is; by default, that it holds all its facts."""
    seq = len(tablet.lines) if seq is None else seq
    told = {"seq": seq, "hash": tablet.hash_at(seq).hex(), "pack": hub_app.extensions["hub"].pack.version, **changes}
    body = strictjson.dumps(a_status(tablet, **told))
    assert send_status(hub_app.test_client(), tablet, body).status_code == 200


def some(tablet: Tablet, count: int) -> Tablet:
    for _ in range(count):
        tablet.record()
    return tablet


# --- held of known --------------------------------------------------------------------------------


def test_what_is_known_is_the_most_that_anything_says(hub, hub_app):
    tablet = some(a_tablet(hub), 10)
    deliver(hub, tablet.batch(1, 2))
    assert (row_of(hub, tablet).held, row_of(hub, tablet).known) == (2, 2)
    deliver(hub, tablet.batch(5, 1))  # a fact that is here says so of those before it
    assert (row_of(hub, tablet).held, row_of(hub, tablet).known) == (2, 5)
    tell(hub_app, tablet, 7)
    assert (row_of(hub, tablet).held, row_of(hub, tablet).known) == (2, 7)
    keep(hub, signed(tablet, a_slip(tablet, 9)))
    assert (row_of(hub, tablet).held, row_of(hub, tablet).known) == (2, 9)
    typed(hub, tablet, 10)  # may be mistyped: it disagrees, and vouches for nothing
    row = row_of(hub, tablet)
    assert (row.known, row.worries[0], said(hub)[:6]) == (9, "differs", "还差 6 条")
    deliver(hub, tablet.batch())
    row = row_of(hub, tablet)
    assert (row.held, row.known, row.absent, row.worries) == (10, 10, 0, [])


def test_gaps_are_told_as_the_stretches_that_are_not_here(hub, hub_app):
    tablet = some(a_tablet(hub), 30)
    for first, count in ((1, 3), (6, 2), (10, 1), (20, 5)):
        deliver(hub, tablet.batch(first, count))
    tell(hub_app, tablet)
    row = row_of(hub, tablet)
    assert (row.held, row.known, row.absent, row.unsent) == (3, 30, 30 - 11, 27)
    assert gaps_of(hub, tablet) == [(4, 5), (8, 9), (11, 19), (25, 30)]
    assert said(hub) == "还差 19 条：人民广场 d01 缺 19 条。"


@law
@given(st.data())
def test_whatever_arrived_the_gaps_are_what_did_not(hub, data):
    tablet = some(a_tablet(hub, "d04"), 12)
    here: set[int] = set()
    for _ in range(data.draw(st.integers(0, 4))):
        first = data.draw(st.integers(1, 12))
        count = data.draw(st.integers(1, 13 - first))
        deliver(hub, tablet.batch(first, count))
        here |= set(range(first, first + count))
    row = row_of(hub, tablet)
    run = next(n for n in range(13) if n + 1 not in here)
    known = max(here, default=0)
    assert (row.held, row.known) == (run, known)
    missing = {seq for first, last in gaps_of(hub, tablet) for seq in range(first, last + 1)}
    assert missing == set(range(1, known + 1)) - here
    assert row.absent == len(missing)


def test_a_fork_is_told_with_its_place_and_what_both_sides_hold_is_not_called_missing(hub, hub_app):
    tablet = some(a_tablet(hub), 5)
    twin = tablet.clone()
    deliver(hub, some(tablet, 2).batch())
    deliver(hub, some(twin, 3).batch())
    tell(hub_app, tablet)
    row = row_of(hub, tablet)
    assert (row.state, row.forked_at, row.held, row.absent) == ("forked", 6, 5, 0)
    assert said(hub) == "还不能算到齐：1 台分叉。"


def test_a_tablet_that_says_another_hash_is_a_fork_before_its_facts_arrive(hub, hub_app):
    tablet = some(a_tablet(hub), 5)
    twin = some(tablet.clone(), 0)
    deliver(hub, some(tablet, 3).batch())
    tell(hub_app, some(twin, 2))
    assert (row_of(hub, tablet).state, row_of(hub, tablet).forked_at) == ("forked", 7)
    tell(hub_app, tablet, 5)  # what both hold is no contradiction
    assert row_of(hub, tablet).state == "whole"
    tell(hub_app, tablet, 0)
    assert row_of(hub, tablet).state == "whole"
    tell(hub_app, tablet, 0, hash="ab" * 32)
    assert row_of(hub, tablet).state == "forked"


def test_what_a_person_decided_about_a_fork_is_not_asked_again(hub, hub_app):
    tablet = some(a_tablet(hub), 5)
    twin = tablet.clone()
    deliver(hub, some(tablet, 1).batch())
    deliver(hub, some(twin, 1).batch())
    with hub.store.begin() as tx:
        device = devices.find(tx, tablet.certificate.device)
        decisions.choose(tx, hub, device, 6, tablet.hash_at(6), [twin.hash_at(6)], "原机", "p-chen")
    tell(hub_app, twin)
    assert (row_of(hub, tablet).state, row_of(hub, tablet).held) == ("whole", 6)


def test_sealed_complaints_that_did_not_come_are_missing_until_they_do_or_are_erased(hub, hub_app):
    tablet = a_tablet(hub)
    for name in ("ab", "cd"):
        body = a_filing(name * 32, 1)
        tablet.record(body)
    deliver(hub, tablet.batch())
    tell(hub_app, tablet)
    assert (row_of(hub, tablet).blobs, said(hub)) == (2, "还不能算到齐：2 份加密内容没到。")
    with hub.store.begin() as tx:
        tx.execute(tables.blobs.insert().values(sha256="ab" * 32, content=b"x", received_at=0))
        tx.execute(tables.erased.insert().values(sha256="cd" * 32, at=0, person="x"))
    assert (row_of(hub, tablet).blobs, standing(hub).is_whole) == (0, True)


def test_content_of_facts_that_do_not_count_is_missing_too_until_they_are_dismissed(hub):
    """A person may let such a fact count, and then a citizen's words must be here."""
    tablet = a_tablet(hub).record()
    with hub.store.begin() as tx:
        devices.revoke(tx, hub, tablet.certificate.device, "lost", "p-chen", 0)
    body = a_filing(size=9)
    deliver(hub, tablet.record(body).batch())
    assert row_of(hub, tablet).blobs == 1
    with hub.store.begin() as tx:
        (device,) = tx.execute(tables.devices.select()).all()
        decisions.dismiss(tx, hub, device, [Named(2, tablet.hash_at(2))], "made up", "p-chen")
    assert row_of(hub, tablet).blobs == 0


def test_what_cannot_be_used_is_counted_until_somebody_dismisses_it(hub, hub_app):
    tablet = a_tablet(hub).record(b"\xff").record().record(b"")
    deliver(hub, tablet.batch())
    tell(hub_app, tablet)
    row = row_of(hub, tablet)
    assert (row.state, row.held, row.quarantined, row.worries) == ("whole", 3, 2, ["quarantined"])
    assert said(hub).endswith("；其中 2 条用不上，已留存待处理；19 个服务台还没登记平板。")
    with hub.store.begin() as tx:
        device = devices.find(tx, tablet.certificate.device)
        decisions.dismiss(tx, hub, device, [Named(1, tablet.hash_at(1))], "看过了", "p-chen")
    assert row_of(hub, tablet).quarantined == 1


# --- who was heard --------------------------------------------------------------------------------


def test_a_fair_is_not_complete_while_a_tablet_was_never_heard_of(hub, hub_app):
    heard, never = some(a_tablet(hub), 2), a_tablet(hub, "d02")
    deliver(hub, heard.batch())
    tell(hub_app, heard)
    assert (row_of(hub, never).worries, said(hub)) == (["never"], "还不能算到齐：1 台登记后没有联系过。")
    tell(hub_app, never)
    assert said(hub) == "2 台平板的记录到齐：2 条，无缺口、无分叉；18 个服务台还没登记平板。"


def test_a_silent_tablet_keeps_the_fair_open_unless_it_closed_today(hub, hub_app, clock):
    tablet = some(a_tablet(hub), 3)
    deliver(hub, tablet.batch())
    tell(hub_app, tablet)
    clock.tick(SILENT_SECONDS + 1)
    assert (row_of(hub, tablet).worries, said(hub)) == (["silent"], "还不能算到齐：1 台无声。")
    keep(hub, signed(tablet))
    assert (row_of(hub, tablet).closed, row_of(hub, tablet).state) == ("2027-03-15", "whole")
    assert said(hub).startswith("1 台平板的记录到齐：3 条，无缺口、无分叉；日结单全部一致")
    tell(hub_app, tablet.record())  # it counted on after closing
    clock.tick(SILENT_SECONDS + 1)
    assert row_of(hub, tablet).worries == ["behind"]
    deliver(hub, tablet.batch())
    assert row_of(hub, tablet).worries == ["silent"]


def closed_at(hub, hub_app, clock, *after: object, at: str = "2027-03-15T17:02:00.000+08:00", **told) -> BoothRow:
    """A tablet that closed the day, and recorded `after` that what it did; heard of last an hour ago."""
    tablet = some(a_tablet(hub), 2)
    tablet.record(DayClosed(day=at[:10], first=1, last=2, counts={}), at=at)
    for body in after:
        tablet.record(body)
    deliver(hub, tablet.batch())
    tell(hub_app, tablet, **told)
    clock.tick(SILENT_SECONDS + 3600)
    return row_of(hub, tablet)


def test_a_closing_that_arrived_excuses_silence(hub, hub_app, clock):
    row = closed_at(hub, hub_app, clock)
    assert (row.closed, row.state) == ("2027-03-15", "whole")


def test_locks_and_clocks_after_a_closing_do_not_open_the_day_again(hub, hub_app, clock):
    compared = ClockCompared(hub_at="2027-03-15T17:03:00.000+08:00", rtt_ms=5)
    assert closed_at(hub, hub_app, clock, ShiftEntered(volunteer="li"), compared).state == "whole"


def test_a_count_after_a_closing_opens_the_day_again(hub, hub_app, clock):
    row = closed_at(hub, hub_app, clock, a_headcount())
    assert (row.closed, row.state) == (None, "silent")


def test_the_closing_of_another_day_excuses_nothing_while_the_fair_goes_on(hub, hub_app, clock):
    row = closed_at(hub, hub_app, clock, at="2027-03-14T17:02:00.000+08:00")
    assert (row.closed, row.state) == ("2027-03-14", "silent")
    clock.tick(86_400)  # and the fair is over
    assert [row.state for row in rows(hub) if row.device] == ["whole"]


def test_the_day_of_a_closing_is_that_of_the_hubs_time(hub, hub_app, clock):
    """A tablet two days ahead closed today all the same."""
    row = closed_at(hub, hub_app, clock, at="2027-03-17T09:30:00.000+08:00")
    assert row.closed == "2027-03-17"
    with hub.store.begin() as tx:
        tx.execute(update(tables.devices).values(skew_ms=-2 * 86_400_000))
    assert [row.closed for row in rows(hub) if row.device] == ["2027-03-15"]


def test_a_tablet_whose_facts_came_on_a_stick_is_heard_of_by_them(hub, clock):
    tablet = some(a_tablet(hub), 2)
    deliver(hub, tablet.batch())
    row = row_of(hub, tablet)
    assert (row.heard_at, row.state) == (clock.now().timestamp(), "whole")
    clock.tick(SILENT_SECONDS + 1)
    assert row_of(hub, tablet).worries == ["silent"]


def test_tablets_of_a_fair_run_at_another_hub_never_speak_here_and_are_not_called_silent(hub, clock):
    tablet = some(a_tablet(hub), 2)
    deliver(hub, tablet.batch())
    with hub.store.begin() as tx:
        tx.execute(update(tables.fairs).values(origin="ab" * 16))
    clock.tick(86_400)
    assert row_of(hub, tablet).state == "whole"
    assert row_of(hub, a_tablet(hub, "d02")).worries == ["never"]


# --- in use or not --------------------------------------------------------------------------------


def test_a_withdrawn_tablet_is_whole_up_to_its_cut_off(hub, hub_app, clock):
    tablet = some(a_tablet(hub), 5)
    deliver(hub, tablet.batch())
    tell(hub_app, tablet)
    with hub.store.begin() as tx:
        devices.revoke(tx, hub, tablet.certificate.device, "丢失", "p-chen", 3)
    deliver(hub, some(tablet, 2).batch())
    clock.tick(SILENT_SECONDS + 1)
    row = row_of(hub, tablet)
    assert (row.use, row.state, row.held, row.known, row.cutoff, row.worries) == ("revoked", "whole", 3, 3, 3, [])
    assert standing(hub).bare == 20  # its desk needs another one


def test_a_replaced_tablet_may_be_silent_but_what_it_told_of_is_still_missing(hub, hub_app, clock):
    tablet = some(a_tablet(hub), 5)
    deliver(hub, tablet.batch(1, 4))
    tell(hub_app, tablet)
    with hub.store.begin() as tx:
        devices.replace(tx, hub, tablet.certificate.device, "摔坏", "p-chen")
    clock.tick(SILENT_SECONDS + 1)
    assert (row_of(hub, tablet).state, said(hub)) == ("behind", "还差 1 条：人民广场 d01 缺 1 条。")
    deliver(hub, tablet.batch())
    assert (row_of(hub, tablet).worries, standing(hub).is_whole) == ([], True)


def test_a_tablet_that_was_withdrawn_before_it_recorded_anything_is_not_counted(hub, hub_app):
    unused = a_tablet(hub)
    with hub.store.begin() as tx:
        devices.revoke(tx, hub, unused.certificate.device, "登记错了", "p-chen")
    assert (standing(hub).tablets, standing(hub).is_whole) == (0, False)


# --- clocks ---------------------------------------------------------------------------------------


def test_a_clock_that_is_off_is_told_and_whether_its_facts_are_dated_by_the_hub(hub, hub_app, hub_client, clock):
    office = Browser(hub_client).sign_in(*CASEWORKER)
    tablet = a_tablet(hub).record(at="2027-03-14T07:30:00.000+08:00")
    deliver(hub, tablet.batch())
    tell(hub_app, tablet, at="2027-03-14T07:30:00.000+08:00")
    row = row_of(hub, tablet)
    assert (row.skew_ms, row.is_dated) == (26 * 3_600_000, False)
    page = office.get("/fairs/demo/completeness")
    assert ("慢 1 天 2 小时" in page, "（还没有校准）" in page) == (True, True)
    body = ClockCompared(hub_at="2027-03-15T09:30:00.000+08:00", rtt_ms=5)
    deliver(hub, tablet.record(body, at="2027-03-14T07:30:00.000+08:00").batch())
    assert row_of(hub, tablet).is_dated is True
    assert "（已按汇总端时间归日）" in office.get("/fairs/demo/completeness")


def test_boots_whose_time_nothing_vouches_for_are_pointed_out(hub, hub_app, hub_client):
    tablet = some(a_tablet(hub), 1)
    deliver(hub, tablet.batch())
    tell(hub_app, tablet)
    with hub.store.begin() as tx:
        tx.execute(update(tables.journals).where(tables.journals.c.journal == tablet.journal).values(doubtful=2))
    assert row_of(hub, tablet).worries == ["doubtful"]
    assert "有 2 次开机的时间无从核对" in Browser(hub_client).sign_in(*CASEWORKER).get("/fairs/demo/completeness")


# --- the page -------------------------------------------------------------------------------------


def test_those_that_need_somebody_come_first_the_worst_first(hub, hub_app, clock):
    fine, quiet, behind, fork = (some(a_tablet(hub, desk), 3) for desk in ("d01", "d02", "d03", "d04"))
    twin = fork.clone()
    deliver(hub, fork.record().batch())
    deliver(hub, twin.record().batch())
    deliver(hub, quiet.batch())
    tell(hub_app, quiet)
    clock.tick(SILENT_SECONDS + 1)
    deliver(hub, behind.batch(1, 1))
    for tablet in (fine, behind, fork):
        tell(hub_app, tablet)
    deliver(hub, fine.batch())
    assert [row.desk.id for row in rows(hub)][:4] == ["d04", "d03", "d02", "d01"]
    assert [row.state for row in rows(hub)][4:] == ["none"] * 16


def test_the_page_shows_a_page_of_them_and_a_choice(hub, hub_client, monkeypatch):
    monkeypatch.setattr(completeness, "_PAGE", 4)
    office = Browser(hub_client).sign_in(*CASEWORKER)
    add_large_fair(hub, venues=3, desks=8)
    for number in range(5):
        deliver(hub, a_tablet(hub, f"d{number:03d}", "large").record().batch())
    a_tablet(hub, "d006", "large")

    def shown(query: str) -> list[str]:
        text = office.get(f"/fairs/large/completeness{query}").text
        return [part.partition('"')[0] for part in text.split('<tr id="booth-')[1:]]

    care, whole = shown("?show=care"), shown("?show=whole") + shown("?show=whole&page=2")
    assert (len(care), len(whole), shown("?show=none")) == (1, 5, ["d005", "d007"])
    assert (len(shown("")), shown("") + shown("?page=2")) == (4, care + whole)
    for odd in ("?page=0", "?page=-1", "?page=x", "?page=%EF%BC%92", "?page=99999999999", "?show=nothing", "?page=99"):
        assert shown(odd) in (shown(""), shown("?page=2")), odd
    assert office.client.get("/fairs/large/completeness").status_code == 200
    assert office.get("/fairs/none/completeness").status == 404


@share_hubs
def test_every_sort_of_trouble_has_its_words_in_both_languages(hub, hub_app, hub_client, clock):
    office = Browser(hub_client).sign_in(*CASEWORKER)
    gap, told, fork, blob = (some(a_tablet(hub, desk), 5) for desk in ("d01", "d02", "d03", "d04"))
    deliver(hub, gap.batch(1, 1))
    deliver(hub, gap.batch(4, 1))
    tell(hub_app, told)
    twin = fork.clone()
    deliver(hub, fork.record().batch())
    deliver(hub, twin.record().batch())
    body = a_filing(size=1)
    deliver(hub, blob.record(body).record(b"\xff").batch())
    typed(hub, gap, 4, "0000-0000")
    zh = "1 / 4|缺 2–3（2 条）|另有 1 条在缺口后面|从第 6 条起分叉|还有 5 条没传|加密内容没到|1 条用不上|不一致"
    en = "1 / 4|missing 2–3 (2)|1 more wait behind|forked from fact 6 on|5 not sent yet|not arrived: 1|Differs"
    for language, words in (("zh", zh), ("en", en)):
        office.client.set_cookie("lang", language)
        page = office.get("/fairs/demo/completeness")
        assert (page.status, [word for word in words.split("|") if word not in page]) == (200, [])


def test_the_command_says_it_too(hub, hub_app):
    tablet = some(a_tablet(hub), 3)
    deliver(hub, tablet.batch(1, 1))
    tell(hub_app, tablet)
    found = rows(hub)
    with hub.store.reading() as tx:
        lacking = {row.device: completeness.gaps(tx, row) for row in found}
        fair = fairs.find_fair(tx, "demo")
    told = strictjson.loads(strictjson.dumps(completeness.as_json(fair, completeness.standing(found), found, lacking)))
    (one,) = [row for row in told["booths"] if row["device"]]
    assert (told["complete"], told["missing"], told["tablets"]) == (False, 2, 1)
    assert (one["held"], one["known"], one["gaps"], one["worries"], one["slip"]) == (1, 3, [[2, 3]], ["behind"], None)
    assert told["sentence"]["zh"] == "还差 2 条：人民广场 d01 缺 2 条。"


def test_it_is_for_whoever_signed_in(hub_client):
    assert hub_client.get("/fairs/demo/completeness").status_code == 303
