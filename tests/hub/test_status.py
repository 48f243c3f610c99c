"""How a case stands: for whoever has its number and code; nobody else gets a word, or a moment, that tells anything."""

import hashlib
import re
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from nacl.pwhash import argon2id

from kiosk import crockford
from kiosk.errors import Problem
from kiosk.facts.cases import CaseAccepted, CaseMerged, CaseRefused, CaseSupplementAsked, CaseSupplemented, CaseTold
from kiosk.facts.complaints import draw_case_number
from kiosk.hub import journal, retention, status
from kiosk.hub.people import COUNTED_SECONDS, refuse_throttled, throttle
from kiosk.hub.status import RECORDS, TRIES, WRONG_OF_CASE
from kiosk.hub.tables import throttles
from kiosk.sync import keys
from tests.hub.phones import acts
from tests.hub.tablets import rows
from tests.hub.test_cases import an_ending, take
from tests.makers import Page, Pair, a_filing
from tests.proof import share, share_hubs

CODE = "7KQ2M0ZRT9XW4"
CASE = draw_case_number(lambda most: 11 % most)


def file(pair: Pair, case: str = CASE, **changes) -> str:
    """A record in the hub's own journal; returns its number."""
    told = {"code": keys.hash_password(CODE), "channel": "phone", "standing": "pre", "matter": "complaint", **changes}
    with pair.hub.store.begin() as tx:
        journal.append(
            tx, "demo", a_filing(case=case, **told),
            desk="d01", by="visitor", now=pair.clock.now(), mono=pair.clock.monotonic(), fact_id=secrets.token_hex(16),
        )  # fmt: skip
    return case


def ask(pair: Pair, case: str = CASE, code: str = CODE, address: str = "127.0.0.1") -> Page:
    client = pair.hub_app.test_client()
    told = {"case": case, "code": code}
    far = {"base_url": "https://localhost", "environ_base": {"REMOTE_ADDR": address}}
    return Page(client.post("/m/status", data=told, **far))


def forgive(pair: Pair) -> None:
    with pair.hub.store.begin() as tx:
        tx.execute(throttles.delete())


# --- with the code ------------------------------------------------------------------------------------


def test_number_and_code_show_how_a_case_stands(paired: Pair):
    file(paired)
    page = ask(paired)
    assert (page.status, CASE in page, "已登记，还没有正式提交" in page, "2027-03-15" in page) == (
        200,
        True,
        True,
        True,
    )
    assert "12315" in page


def test_what_was_filed_at_a_published_window_is_received_and_its_next_date_is_said(paired: Pair):
    file(paired, standing="window")
    page = ask(paired)
    assert "已收到，正在看要不要受理" in page
    assert "2027-03-24" in page  # seven working days after a Monday
    assert "推算" in page  # nobody has entered that year's holidays


@pytest.mark.parametrize("intake", ["association", "other"])
def test_at_the_window_of_who_is_no_market_regulator_no_date_is_promised(paired: Pair, intake):
    file(paired, standing="window", intake=intake)
    page = ask(paired)
    assert ("已收到，正在看要不要受理" in page, "最迟" in page, "2027-03-24" in page) == (True, False, False)


def test_of_a_report_no_date_is_promised(paired: Pair):
    file(paired, standing="window", matter="report")
    page = ask(paired)
    assert ("已收到，正在办理" in page, "最迟" in page) == (True, False)


def test_number_and_code_may_be_typed_as_people_type(paired: Pair):
    file(paired)
    for case, code in (
        (CASE.lower(), CODE.lower()),
        (CASE.replace("-", " "), "-".join((CODE[:4], CODE[4:8], CODE[8:]))),
        (f" {CASE} ", CODE.replace("0", "o")),
    ):
        assert ask(paired, case, code).status == 200


def test_of_a_merged_case_the_days_of_the_one_it_went_into_are_shown_and_not_its_number(paired: Pair, clock):
    merged, other = file(paired, standing="window"), file(paired, draw_case_number(), standing="window")
    take(paired.hub, CaseMerged(case=merged, matter="complaint", into=other))
    clock.tick(2 * 24 * 3600)
    take(paired.hub, CaseAccepted(case=other))
    page = ask(paired)
    assert (merged in page, other in page) == (True, False)
    assert all(said in page for said in ("已受理，正在办理", "已并入另一件一起办理", "2027-05-16"))  # sixty days


def test_whoever_is_refused_reads_why_and_which_ways_are_left(paired: Pair, clock):
    file(paired, standing="window")
    take(paired.hub, CaseRefused(case=CASE, reasons=["no_power", "papers"]))
    page = ask(paired)
    assert all(said in page for said in ("不予受理，因为", "没有处理权限", "材料没有提供齐", "向人民法院起诉"))
    assert ("超过三年" in page, "第三十九条" in page) == (False, True)
    clock.tick(3600)
    take(paired.hub, CaseTold(case=CASE, road="phone"))
    assert all(said in ask(paired) for said in ("处理结果已告诉您", "材料没有提供齐", "向人民法院起诉"))


def test_whose_mediation_ended_without_an_agreement_reads_why_and_which_ways_are_left(paired: Pair):
    file(paired, standing="window")
    take(paired.hub, CaseAccepted(case=CASE))
    take(paired.hub, an_ending(case=CASE, outcome="terminated", reasons=["no_agreement"], recovered=0))
    assert all(said in ask(paired) for said in ("终止调解，因为", "一方明确表示达不成协议", "通过诉讼、仲裁等途径解决"))


def test_whom_an_association_turns_away_is_told_of_authorities_and_of_no_order_that_does_not_bind_it(paired: Pair):
    file(paired, standing="window", intake="association")
    take(paired.hub, CaseRefused(case=CASE, reasons=["papers"]))
    page = ask(paired)
    assert ("向有关行政部门投诉" in page, "第三十九条" in page, "投诉举报处理办法" in page) == (True, True, False)


def test_what_is_settled_speaks_of_no_other_ways(paired: Pair):
    file(paired, standing="window")
    take(paired.hub, an_ending(case=CASE, outcome="settled", recovered=0))
    page = ask(paired)
    assert ("已有处理结果" in page, "因为" in page, "第三十九条" in page) == (True, False, False)


def test_what_is_still_to_be_brought_is_said_with_its_last_day_until_it_came(paired: Pair, clock):
    file(paired, standing="window")
    take(paired.hub, CaseSupplementAsked(case=CASE, items=["grounds"], days=3))
    take(paired.hub, CaseSupplemented(case=CASE))
    clock.tick(24 * 3600)
    take(paired.hub, CaseSupplementAsked(case=CASE, items=["identity", "authority"], days=5))
    page = ask(paired)
    assert all(said in page for said in ("请您补充材料", "身份证明", "授权委托书原件", "请最迟补齐"))
    assert ("2027-03-23" in page, "事实依据" in page) == (True, False)  # five working days after a Tuesday
    take(paired.hub, CaseSupplemented(case=CASE))
    page = ask(paired)
    assert ("授权委托书原件" in page, "请最迟补齐" in page) == (False, False)


def test_of_a_merged_case_what_the_other_waits_for_is_said_too(paired: Pair):
    merged, other = file(paired, standing="window"), file(paired, draw_case_number(), standing="window")
    take(paired.hub, CaseMerged(case=merged, matter="complaint", into=other))
    take(paired.hub, CaseSupplementAsked(case=other, items=["identity"], days=5))
    page = ask(paired)
    assert ("身份证明" in page, other in page) == (True, False)


def test_nothing_somebody_wrote_or_named_is_shown(paired: Pair):
    file(paired, standing="window")
    office = paired.in_the_office()
    assert acts(office, CASE, "note", text="态度很凶的人").status == 200
    assert acts(office, CASE, "transfer", recipient="示范市住建局", road="letter", consent="yes").status == 200
    page = ask(paired)
    assert ("已转给有权处理的单位" in page, "态度很凶" in page, "住建局" in page) == (True, False, False)


def test_whoever_files_a_number_again_keeps_nobody_out_and_learns_nothing_of_the_first(paired: Pair):
    file(paired, standing="window")
    paired.clock.tick(60)
    again = "0" * 12 + "5"
    file(paired, standing="pre", code=keys.hash_password(again))
    assert "已收到，正在看要不要受理" in ask(paired)
    page = ask(paired, code=again)
    assert ("已登记，还没有正式提交" in page, "已收到" in page) == (True, False)
    take(paired.hub, CaseRefused(case=CASE, reasons=["papers"]))
    assert ("材料没有提供齐" in ask(paired), "因为" in ask(paired, code=again)) == (True, False)


# --- without it ---------------------------------------------------------------------------------------


def failures(pair: Pair) -> list[tuple[str, str]]:
    """Every way to be wrong."""
    no_code = file(pair, draw_case_number(), code="")
    passes, memory = keys.HASHING
    costly = file(pair, draw_case_number(), code=argon2id.str(CODE.encode(), passes + 1, memory).decode())
    garbled = file(pair, draw_case_number(), code="$argon2id$")
    return [
        (CASE, "7KQ2M0ZRT9XW5"), (CASE, ""), (CASE, CODE[:-1]), (CASE, "x" * 100), (draw_case_number(), CODE),
        ("", ""), ("1", "1"), ("x" * 100, CODE), ("7KQ2-M0ZR0", CODE), (no_code, CODE), (no_code, ""), (costly, CODE),
        (garbled, CODE), ("' OR 1=1 --", CODE), ("７ＫＱ２", "💥"),
    ]  # fmt: skip


def test_every_failure_says_the_same(paired: Pair):
    file(paired)
    answers = Counter()
    for case, code in failures(paired):
        forgive(paired)
        page = ask(paired, case, code)
        answers[page.status, as_if_empty(page)] += 1
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404


def as_if_empty(page: Page) -> str:
    """The page without the number that was typed into it, and without what goes by whether one was."""
    return re.sub(r'placeholder="[^"]*" value="[^"]*"| aria-describedby="[^"]*"| autofocus', "", page.text)


def test_after_a_fault_the_number_stands_there_as_it_was_typed_and_the_code_is_asked_for_again(paired: Pair):
    page = ask(paired, "7kq2-m0zr<", "J5RQPFTWZAVHJ")
    assert (page.status, 'value="7kq2-m0zr&lt;"' in page, "J5RQPFTWZAVHJ" in page) == (404, True, False)


@pytest.fixture
def hashed_as_in_the_field(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(keys, "HASHING", (2, 19 * 1024 * 1024))
    keys._nobodys.cache_clear()
    keys.prepare()
    yield
    keys._nobodys.cache_clear()


@pytest.mark.usefixtures("hashed_as_in_the_field")
def test_an_unknown_number_takes_as_long_as_a_wrong_code(paired: Pair):
    """Within what one and the same question varies by: medians of the same number of each, taken in turn.

    By this thread's own time, which a hash is the most of: what else the machine does is none of it.
    """
    file(paired)
    taken: dict[str, list[float]] = {"wrong": [], "unknown": [], "malformed": []}
    asked = {"wrong": (CASE, "0" * 13), "unknown": (draw_case_number(), CODE), "malformed": ("x", "y")}
    for _ in range(share(40, 12)):
        for name, (case, code) in asked.items():
            forgive(paired)
            began = time.thread_time()
            assert ask(paired, case, code).status == 404
            taken[name].append(time.thread_time() - began)
    middle = {name: statistics.median(times) for name, times in taken.items()}
    spread = max(statistics.quantiles(times, n=4)[2] - statistics.quantiles(times, n=4)[0] for times in taken.values())
    allowed = max(spread, 0.004, min(middle.values()) / 10)  # to leave out one hash takes off nearly half
    assert max(middle.values()) - min(middle.values()) < allowed, (middle, spread)


@share_hubs
def test_a_hundred_thousand_guesses_come_to_a_few_that_were_looked_at(paired: Pair, clock, monkeypatch):
    """From one address: ten a minute, hashed two at a time. No more stands between them and 65 bits, or has to."""
    file(paired)
    looked = []
    is_password = keys.is_password
    monkeypatch.setattr(status.keys, "is_password", lambda *told: (looked.append(1), is_password(*told))[1])
    sayings = Counter(_guess(paired, number) for number in range(200))
    assert (len(looked), sayings) == (TRIES * RECORDS, {(404, "status.unknown"): TRIES, (429, "request.too_many"): 190})
    allowed, others = 0, share(99_800, 1_000)  # the others through what stands before the hash, a second apart
    with paired.hub.store.begin() as tx:
        for _ in range(others):
            clock.tick(1)
            allowed += _is_let_through(tx, clock.now())
    assert 0 < allowed <= TRIES * (others // 60 + 1)
    assert len(looked) == TRIES * RECORDS


def _guess(pair: Pair, number: int) -> tuple[int, str]:
    page = ask(pair, CASE, crockford.write(number, 13))
    return page.status, "status.unknown" if "编号或查询码不对" in page else "request.too_many"


def test_many_addresses_that_guess_at_one_case_are_told_to_wait_and_its_owner_is_not(paired: Pair, clock):
    file(paired)
    said = [ask(paired, CASE, "0" * 13, f"192.0.2.{number}").status for number in range(60)]
    assert said == [404] * WRONG_OF_CASE + [429] * 40
    assert ask(paired, CASE, CODE, "192.0.2.99").status == 200
    assert ask(paired, file(paired, draw_case_number()), "0" * 13, "192.0.2.99").status == 404
    clock.tick(601)
    assert ask(paired, CASE, "0" * 13, "192.0.2.99").status == 404


def test_an_unknown_number_is_counted_like_a_known_one(paired: Pair):
    unknown = draw_case_number()
    said = [ask(paired, unknown, CODE, f"192.0.2.{number}").status for number in range(30)]
    assert said == [404] * WRONG_OF_CASE + [429] * 10


def test_all_addresses_of_one_phone_are_one(paired: Pair):
    """An IPv6 phone has 2**64; an IPv4 one, seen through a socket for both, has its own."""
    said = [ask(paired, draw_case_number(), "x", f"2001:db8::{number:x}").status for number in range(1, 21)]
    assert said == [404] * TRIES + [429] * 10
    assert ask(paired, draw_case_number(), "x", "2001:db8:0:1::1").status == 404
    assert {ask(paired, draw_case_number(), "x", f"::ffff:192.0.2.{number}").status for number in range(20)} == {404}


def test_whoever_has_the_disk_can_try_no_addresses_and_finds_none_of_the_day_before(paired: Pair, clock):
    forgive(paired)
    ask(paired, address="192.0.2.7")
    tried = {hashlib.sha256(f"{what}\0192.0.2.7".encode()).hexdigest() for what in ("status", "status of a case")}
    kept = {row[0] for row in rows(paired.hub, throttles)}
    assert len(kept) == 2
    assert not kept & tried
    with paired.hub.store.begin() as tx:
        status.throttle(tx, "status", paired.hub.mark("client", "192.0.2.7"), TRIES, 60, clock.now())
    assert {row[0] for row in rows(paired.hub, throttles)} == kept  # with the key file it is that one
    clock.tick(COUNTED_SECONDS + 1)
    ask(paired, address="192.0.2.8")
    assert len(rows(paired.hub, throttles)) == 2
    clock.tick(COUNTED_SECONDS + 1)
    retention.erase(paired.hub)
    assert rows(paired.hub, throttles) == []


def test_to_look_whether_there_were_too_many_counts_nothing(paired: Pair, clock):
    store, now = paired.hub.store, clock.now()
    for _ in range(2):
        with store.begin() as tx:
            throttle(tx, "status", "who", 2, 60, now)
    counted = rows(paired.hub, throttles)
    for later in (0, 60):
        with pytest.raises(Problem, match=r"request\.too_many"):
            refuse_throttled(store, "status", "who", 2, 60, now + timedelta(seconds=later))
    for what, who, most, later in (("status", "other", 2, 0), ("other", "who", 2, 0), ("status", "who", 3, 0),
                                   ("status", "who", 2, 61)):  # fmt: skip
        refuse_throttled(store, what, who, most, 60, now + timedelta(seconds=later))
    assert rows(paired.hub, throttles) == counted


def test_tries_are_counted_anew_once_their_time_is_over(paired: Pair, clock):
    store, now = paired.hub.store, clock.now()
    for later in (0, 60, 61, 121):
        with store.begin() as tx:
            throttle(tx, "status", "who", 2, 60, now + timedelta(seconds=later))
    with pytest.raises(Problem, match=r"request\.too_many"), store.begin() as tx:
        throttle(tx, "status", "who", 2, 60, now + timedelta(seconds=121))
    anew = (now + timedelta(seconds=61)).timestamp()
    assert (anew, 2) in {(since, tries) for _, since, tries in rows(paired.hub, throttles)}


def test_no_more_than_two_are_hashed_at_once(paired: Pair):
    file(paired)
    with status._hashing, status._hashing:
        assert ask(paired).status == 429
    assert ask(paired).status == 200


def test_the_code_is_asked_for_where_nobody_can_read_it_on_the_way(paired: Pair):
    for method in ("GET", "POST"):
        far = paired.hub_app.test_client().open("/m/status", method=method, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert (far.status_code, "complaint.exposed" in far.text) == (403, True)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_number_and_code_are_not_taken_from_an_address(paired: Pair, method):
    file(paired)
    answer = paired.hub_app.test_client().open(f"/m/status?case={CASE}&code={CODE}", method=method)
    assert (answer.status_code, CASE in answer.text) == (200, False)


def _is_let_through(tx, now) -> bool:
    try:
        throttle(tx, "status", "127.0.0.1", TRIES, 60, now)
    except Problem:
        return False
    return True
