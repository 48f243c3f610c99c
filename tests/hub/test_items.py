"""What people do not know: the sums are those of the facts that count, whoever folds them and whenever."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from functools import cache
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from kiosk.cli import main
from kiosk.config import HubConfig
from kiosk.facts import envelope
from kiosk.facts.clocks import ClockCompared
from kiosk.facts.kinds import Body
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import answers, backup, decisions, fairs, items, ledger, people
from kiosk.hub.app import create_hub_app, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.decisions import Named
from kiosk.hub.items import Report
from kiosk.hub.store import append_facts
from kiosk.hub.tables import devices, facts, item_folds, item_sums, item_wrongs, journals
from kiosk.reports.items import SUMS, time_class
from tests.hub.tablets import PERSON, Tablet, a_tablet, deliver, deliveries, law, rows, run_of, withdraw
from tests.hub.test_board import add_large_fair, push
from tests.makers import CASEWORKER, HUB_URL, Browser, a_headcount, an_answer, an_id
from tests.proof import at_length, figure, share

SHOWN = "0123456789ab"  # the pack of `an_answer`


def demo(hub: Hub):
    with hub.store.reading() as tx:
        return fairs.find_fair(tx, "demo")


def fold(hub: Hub) -> None:
    hub.answers.fold(demo(hub))


def sums(hub: Hub):
    """All sums there are, by what they are of."""
    return rows(hub, item_sums), rows(hub, item_wrongs)


def folded_anew(hub: Hub):
    """What a hub comes to that has folded nothing before."""
    with hub.store.begin() as tx:
        for table in (item_folds, item_sums, item_wrongs):
            tx.execute(delete(table))
    fold(hub)
    return sums(hub)


def report(hub: Hub, **wanted: str) -> Report:
    fold(hub)
    with hub.store.reading() as tx:
        return items.report(tx, demo(hub), hub.pack, wanted)


def finished(session: str, questions: int, right: int = 0) -> QuizFinished:
    return QuizFinished(session=session, questions=questions, right=right, passed=False, pass_mark=questions)


def a_play(tablet: Tablet, session: int, told: dict[str, bool], **changes: object) -> Tablet:
    """One visitor answers some questions, to the end."""
    for question, right in told.items():
        chosen = ["a"] if right else ["b"]
        body = an_answer(session=an_id(session), question=question, chosen=chosen, right=right, **changes)
        tablet.record(body)
    return tablet.record(finished(an_id(session), len(told), sum(told.values())))


_visitors = count(1_000)


def many(tablet: Tablet, question: str, n: int, right: int, **changes: object) -> Tablet:
    """So many first tries at a question, each by somebody else."""
    for number in range(n):
        given = {"right": number < right, "chosen": ["a"] if number < right else ["b"], **changes}
        tablet.record(an_answer(session=an_id(next(_visitors)), question=question, **given))
    return tablet


# --- a plain reckoning of the same --------------------------------------------------------------------


def once_a_play(bodies: list[Body]) -> list[Body]:
    """Without answers to a question that was answered in that play before."""
    kept, answered = [], set()
    for body in bodies:
        if isinstance(body, QuizFinished):
            answered = {one for one in answered if one[0] != body.session}
        if isinstance(body, QuizAnswered):
            if (body.session, body.question) in answered:
                continue
            answered.add((body.session, body.question))
        kept.append(body)
    return kept


def reckoned(journals: list[list[Body]]) -> dict[tuple[str, ...], dict[str, int]]:
    """(pack, question, lang, mode) → sums, from all answers of some whole journals at once."""
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for bodies in map(once_a_play, journals):
        for body in bodies:
            if not isinstance(body, QuizAnswered):
                continue
            row = found[body.pack, body.question, body.lang, body.mode]
            if body.helped:
                row.update(helped=1, helped_correct=int(body.right))
            else:
                row.update({"n": 1, "correct": int(body.right), f"t{time_class(body.ms):02d}": 1})
        for place, body in enumerate(bodies):
            if isinstance(body, QuizFinished):
                earlier = [at for at, one in enumerate(bodies[:place]) if isinstance(one, QuizFinished)
                           and one.session == body.session]  # fmt: skip
                since = earlier[-1] if earlier else 0
                play = [one for one in bodies[since:place] if isinstance(one, QuizAnswered)
                        and one.session == body.session]  # fmt: skip
                if len(play) != body.questions or any(one.helped for one in play):
                    continue
                for one in play:
                    rest = sum(other.right for other in play) - one.right
                    found[one.pack, one.question, one.lang, one.mode].update(
                        plays=1, plays_correct=int(one.right), rest=rest, rest_squared=rest**2,
                        rest_correct=rest * one.right,
                    )  # fmt: skip
    return {key: {name: row[name] for name in SUMS} for key, row in found.items()}


def stored(hub: Hub, fair: str = "demo", venue: str = "") -> dict[tuple[str, ...], dict[str, int]]:
    return {row[2:6]: dict(zip(SUMS, row[6:], strict=True)) for row in rows(hub, item_sums) if row[:2] == (fair, venue)}


_sessions = st.sampled_from([an_id(number) for number in range(1, 5)])
_answers = st.builds(
    an_answer,
    session=_sessions,
    question=st.sampled_from(["q001", "q002", "q003"]),
    chosen=st.sampled_from([["a"], ["b"], ["a", "b"], ["b", "a"]]),
    right=st.booleans(),
    ms=st.integers(0, 200_000),
    lang=st.sampled_from(["zh", "en"]),
    mode=st.sampled_from(["quick", "standard"]),
    pack=st.sampled_from([SHOWN, "ba9876543210", ""]),
    helped=st.sampled_from([False, False, False, True]),
)
_bodies = st.lists(
    st.one_of(_answers, _answers, st.builds(finished, _sessions, st.integers(1, 4)), st.builds(a_headcount)),
    max_size=24,
)


@law
@given(st.data(), _bodies)
def test_sums_are_those_of_the_facts_whatever_arrived_when_and_whoever_folded_between(hub, data, bodies):
    tablet = a_tablet(hub, "d04")
    for body in bodies:
        tablet.record(body)
    before = reckoned_here(hub)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "CHUNK", data.draw(st.integers(1, 9)))
        for first, count in data.draw(deliveries(len(bodies))):
            deliver(hub, tablet.batch(first, count))
            if data.draw(st.booleans()):
                answers.step(hub.store, demo(hub))
        fold(hub)
    assert stored(hub) == reckoned([*before, bodies])
    assert list(answers.faults(hub.store, "demo")) == []
    assert sums(hub) == folded_anew(hub)


def reckoned_here(hub: Hub) -> list[list[Body]]:
    """The journals that count, as bodies."""
    query = select(facts.c.journal, facts.c.line).join(journals, journals.c.journal == facts.c.journal)
    counts = (facts.c.seq <= journals.c.seq) & facts.c.problem.is_(None) & facts.c.kind.startswith("quiz.")
    found: dict[str, list[Body]] = defaultdict(list)
    with hub.store.reading() as tx:
        for journal, line in tx.execute(query.where(counts).order_by(facts.c.journal, facts.c.seq)):
            found[journal].append(REGISTRY.read(envelope.decode(bytes(line))))
    return list(found.values())


# --- runs that change other than at their end ---------------------------------------------------------


def two_tablets(hub: Hub) -> tuple[Tablet, Tablet]:
    """At two venues; what they hold is folded."""
    one, other = a_tablet(hub, "d01"), a_tablet(hub, "d06")
    for number in range(1, 5):
        a_play(one, number, {"q001": True, "q002": number > 2})
        a_play(other, 10 + number, {"q001": False, "q003": True})
    for tablet in (one, other):
        deliver(hub, tablet.batch())
    fold(hub)
    return one, other


def is_as_the_facts_say(hub: Hub) -> bool:
    fold(hub)
    return stored(hub) == reckoned(reckoned_here(hub)) and sums(hub) == folded_anew(hub)


def test_a_fork_takes_the_answers_behind_it_out_again(hub):
    one, _ = two_tablets(hub)
    twin = one.clone()
    deliver(hub, a_play(one, 90, {"q009": True}).batch())
    fold(hub)
    assert (SHOWN, "q009", "zh", "standard") in stored(hub)
    deliver(hub, a_play(twin, 91, {"q008": True}).batch())
    assert is_as_the_facts_say(hub)
    assert (SHOWN, "q009", "zh", "standard") not in stored(hub)
    assert not [row for row in rows(hub, item_sums) if row[3] == "q009"]  # nor as rows of nothing


def test_a_withdrawn_tablets_answers_count_up_to_its_cut_off(hub):
    one, _ = two_tablets(hub)
    before = stored(hub)[SHOWN, "q001", "zh", "standard"]["n"]
    withdraw(hub, one, 3)
    assert is_as_the_facts_say(hub)
    assert stored(hub)[SHOWN, "q001", "zh", "standard"]["n"] == before - 3


def test_answers_that_a_person_releases_or_dismisses_come_and_go(hub):
    one, _ = two_tablets(hub)
    withdraw(hub, one, 3)
    fold(hub)
    row, named = one.certificate.device, [Named(4, one.hash_at(4))]
    before = stored(hub)

    def decide(verdict) -> None:
        with hub.store.begin() as tx:
            device = tx.execute(select(devices).where(devices.c.device == row)).one()
            verdict(tx, hub, device, named, "看过", PERSON)

    decide(decisions.release)
    assert is_as_the_facts_say(hub)
    assert stored(hub) != before
    decide(decisions.dismiss)
    assert is_as_the_facts_say(hub)
    assert stored(hub) == before


def test_a_rebuild_leaves_the_sums_as_they_were(hub):
    two_tablets(hub)
    before = sums(hub)
    ledger.rebuild(hub)
    fold(hub)
    assert sums(hub) == before


def test_a_clock_that_is_put_right_does_not_make_the_answers_be_folded_again(hub):
    one, _ = two_tablets(hub)
    note = ClockCompared(hub_at="2027-03-16T09:30:00.000+08:00", rtt_ms=40)
    deliver(hub, one.record(note).batch())
    assert {row[3] for row in rows(hub, item_folds)} == {0}
    assert is_as_the_facts_say(hub)


# --- who else is at it --------------------------------------------------------------------------------


def meanwhile(patch: pytest.MonkeyPatch, does) -> None:
    """Between a step's reading and its writing something happens, once."""
    read = answers._read

    def read_and_dawdle(tx, behind):
        found = read(tx, behind)
        patch.setattr(answers, "_read", read)
        does()
        return found

    patch.setattr(answers, "_read", read_and_dawdle)


def test_two_that_fold_at_once_count_nothing_twice(hub, monkeypatch):
    one, _ = two_tablets(hub)
    deliver(hub, a_play(one, 90, {"q001": False}).batch())
    meanwhile(monkeypatch, lambda: fold(hub))
    assert is_as_the_facts_say(hub)


def test_a_journal_that_changes_while_it_is_read_is_read_again(hub, monkeypatch):
    one, _ = two_tablets(hub)
    deliver(hub, a_play(one, 90, {"q001": False}).batch())
    meanwhile(monkeypatch, lambda: withdraw(hub, one, 2))
    assert is_as_the_facts_say(hub)
    assert run_of(hub, one.journal)[0] >= 2


def test_a_journal_that_was_changed_and_begun_anew_while_it_was_read_is_read_again(hub, monkeypatch):
    """Its place is the one it was read from, and yet it is not the same run any more."""
    one = a_tablet(hub, "d01")
    fold(hub)  # begun, and at its first place
    deliver(hub, a_play(one, 1, {"q001": False, "q002": True}).batch())

    def changed_and_begun_anew() -> None:
        withdraw(hub, one, 1)
        answers.step(hub.store, demo(hub))

    meanwhile(monkeypatch, changed_and_begun_anew)
    assert is_as_the_facts_say(hub)
    assert set(stored(hub)) == {(SHOWN, "q001", "zh", "standard")}


@pytest.mark.parametrize("plays", [b"\xc1", b"\x81\xa1\xff\x92\x90\xc2", b"\x01"])
def test_what_cannot_be_read_of_the_open_plays_is_made_again_from_the_facts(hub, plays):
    one, _ = two_tablets(hub)
    deliver(hub, a_play(one, 90, {"q001": False}).batch())
    with hub.store.begin() as tx:
        tx.execute(update(item_folds).values(plays=plays))
    assert office(hub).get("/fairs/demo/items").status == 200
    assert is_as_the_facts_say(hub)
    assert ledger.verify(hub) == []


def test_what_is_not_folded_yet_is_told(hub):
    one = many(a_tablet(hub), "q001", 12, 4)
    deliver(hub, one.batch())
    with hub.store.reading() as tx:
        assert answers.pending(tx, "demo") == 12
    fold(hub)
    with hub.store.reading() as tx:
        assert answers.pending(tx, "demo") == 0


class Rests(threading.Event):
    """Keeps whoever rests until it is closed, and says that somebody does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.begun.set()
        return super().wait(60)


def left(hub: Hub) -> int:
    with hub.store.reading() as tx:
        return answers.pending(tx, "demo")


def test_behind_the_scenes_it_is_folded_little_by_little_while_tablets_are_served(hub, hub_app, monkeypatch):
    monkeypatch.setattr(answers, "CHUNK", 5)
    tablet = a_tablet(hub)
    answers.step(hub.store, demo(hub))  # begun
    push(hub_app, many(tablet, "q001", 12, 4))
    rests = hub.answers._closed = Rests()
    hub.answers.later(demo(hub))
    assert rests.begun.wait(60)
    assert left(hub) == 7
    hub.answers.close()
    assert left(hub) == 7


def test_behind_the_scenes_it_is_folded_at_once_where_no_tablet_waits(hub, hub_app, clock, monkeypatch):
    monkeypatch.setattr(answers, "CHUNK", 5)
    push(hub_app, many(a_tablet(hub), "q001", 12, 4))
    clock.tick(3)
    rests = hub.answers._closed = Rests()
    hub.answers.later(demo(hub))
    hub.answers._thread.join()
    assert (left(hub), rests.begun.is_set()) == (0, False)


def test_a_restored_hub_folds_its_answers_again(hub, clock, tmp_path):
    two_tablets(hub)
    before = sums(hub)
    written = backup.write(hub, tmp_path / "hub.kiosk-backup", "a-made-up-password")
    settings = HubConfig(tmp_path / "restored", public_url=HUB_URL)
    backup.restore(written.path, settings, "a-made-up-password")
    with closing(open_hub(settings, clock)) as again:
        assert sums(again) == ([], [])
        fold(again)
        assert sums(again) == before


@pytest.mark.parametrize("table", [item_sums, item_wrongs])
@pytest.mark.parametrize(("is_whole", "word"), [(True, "not the sum of its venues"), (False, "not what its facts say")])
def test_sums_that_somebody_changed_are_found_and_a_rebuild_mends_them(hub, table, is_whole, word):
    two_tablets(hub)
    before = sums(hub)
    assert ledger.verify(hub) == []
    with hub.store.begin() as tx:
        here = table.c.venue == "" if is_whole else table.c.venue != ""
        tx.execute(update(table).where(here).values(n=table.c.n + 1))
    assert any(word in fault for fault in ledger.verify(hub))
    ledger.rebuild(hub)
    fold(hub)
    assert ledger.verify(hub) == []
    assert sums(hub) == before


# --- what is made of them -----------------------------------------------------------------------------


def test_a_question_is_told_with_rate_wrong_answer_time_and_those_it_was_answered_for(hub):
    tablet = many(a_tablet(hub), "q001", 40, 10, ms=5_000)
    many(tablet, "q002", 29, 0)
    many(tablet, "q001", 3, 3, helped=True)
    deliver(hub, tablet.batch())
    found = report(hub)
    first, second = found.questions
    assert (first.item.n, first.item.correct, first.item.helped, first.item.is_ranked) == (40, 10, 3, True)
    assert first.item.worst == ("b", 30)
    assert 4_000 <= (first.item.median_ms or 0) <= 6_000
    assert (second.item.id, second.item.is_ranked) == ("q002", False)
    assert [row.item.id for row in found.least] == ["q001"]
    assert not found.is_known  # another version of the pack was shown
    assert "95% 置信区间 14.2%—40.2%，40 次作答" in found.sentence("zh")
    assert "25.0%" in found.sentence("en")


def test_each_version_of_a_pack_is_told_by_itself(hub):
    tablet = many(many(a_tablet(hub), "q001", 40, 10), "q001", 35, 30, pack=hub.pack.version)
    deliver(hub, tablet.batch())
    found = report(hub)
    assert dict(found.packs) == {SHOWN: 40, hub.pack.version: 35}
    assert (found.choice.pack, found.questions[0].item.n, found.is_known) == (hub.pack.version, 35, True)
    assert report(hub, pack=SHOWN).questions[0].item.n == 40
    assert report(hub, pack="nobody-has-it").questions[0].item.n == 35


def test_venue_language_and_length_choose_and_are_told_apart(hub):
    one, other = a_tablet(hub, "d01"), a_tablet(hub, "d06")
    many(many(one, "q001", 40, 10), "q002", 40, 30, lang="en", mode="quick")
    many(other, "q001", 40, 40)
    for tablet in (one, other):
        deliver(hub, tablet.batch())
    places = {desk.id: desk.venue for desk in demo(hub).desks}
    found = report(hub)
    assert {group.key: (group.sums.n, [row.item.id for row in group.least]) for group in found.languages} == {
        "zh": (80, ["q001"]),
        "en": (40, ["q002"]),
    }
    assert {group.key: group.sums.n for group in found.lengths} == {"quick": 40, "standard": 80}
    assert report(hub, venue=places["d01"]).all.n == 80
    assert report(hub, venue=places["d01"], lang="zh").all.correct == 10
    assert report(hub, mode="quick").all.n == 40
    assert report(hub, venue="../", lang="xx", mode="none").all.n == 120
    fair = demo(hub)
    with hub.store.reading() as tx:
        groups = {group.key: group for group in items.by_venue(tx, fair, hub.pack, SHOWN, fair.venues)}
    assert [row.item.correct for row in groups[places["d01"]].least] == [10, 30]
    assert [row.item.correct for row in groups[places["d06"]].least] == [40]


def test_questions_about_one_article_are_one_row_and_unknown_ids_are_in_none(hub):
    some = defaultdict(list)
    for question in hub.pack.questions:
        some[question.law, question.article].append(question.id)
    article, (first, second, *_) = next(one for one in some.items() if len(one[1]) >= 2)
    tablet = many(many(many(a_tablet(hub), first, 20, 5), second, 20, 5), "not-in-this-pack", 40, 1)
    deliver(hub, tablet.batch())
    found = report(hub)
    (row,) = found.articles
    assert (row.item.id, row.item.n, row.item.correct, row.item.is_ranked) == (
        "#".join(map(str, article)),
        40,
        10,
        True,
    )
    assert found.unknown == 1
    assert found.questions[0].question is None


def test_options_touched_in_another_order_are_the_same_answer_unless_the_order_was_asked_for(hub):
    multiple = next(one for one in hub.pack.questions if one.kind == "multiple")
    order = next(one for one in hub.pack.questions if one.kind == "order")
    tablet = a_tablet(hub)
    for question in (multiple, order):
        ids = [option.id for option in question.options][:2]
        for chosen in (ids, ids[::-1]):
            many(tablet, question.id, 20, 0, chosen=chosen, pack=hub.pack.version)
    deliver(hub, tablet.batch())
    worst = {row.item.id: row.item.worst for row in report(hub).questions}
    assert worst[multiple.id][1] == 40
    assert worst[order.id][1] == 20


def test_a_question_that_only_those_get_right_who_know_the_rest_discriminates(hub):
    tablet = a_tablet(hub)
    for number in range(1, 41):
        knows = number % 2 == 0
        right = {"q001": knows, "q002": knows, "q003": not knows, "q004": knows, "q005": number % 3 == 0}
        a_play(tablet, number, right)
    deliver(hub, tablet.batch())
    told = {row.item.id: row.item.discrimination for row in report(hub).questions}
    assert told["q001"] > 0.3
    assert told["q003"] < -0.3


def test_a_play_that_was_broken_off_or_helped_with_counts_and_does_not_discriminate(hub):
    tablet = a_tablet(hub)
    tablet.record(an_answer(session=an_id(1), question="q001"))
    a_play(tablet, 2, {"q001": True, "q002": True}, helped=True)
    deliver(hub, tablet.batch())
    fold(hub)
    assert (row := stored(hub)[SHOWN, "q001", "zh", "standard"])["plays"] == 0
    assert (row["n"], row["helped"]) == (1, 1)


def test_the_plays_that_are_open_are_bounded_and_the_oldest_go(hub, monkeypatch):
    monkeypatch.setattr("kiosk.reports.sums.MOST_OPEN", 3)
    tablet = a_tablet(hub)
    for number in range(1, 6):
        tablet.record(an_answer(session=an_id(number), question="q001"))
    for number in range(1, 6):
        tablet.record(finished(an_id(number), 1, 1))
    deliver(hub, tablet.batch())
    fold(hub)
    assert stored(hub)[SHOWN, "q001", "zh", "standard"]["plays"] == 3


# --- what a dishonest tablet may tell ------------------------------------------------------------------


def test_a_question_counts_once_a_play_however_often_it_is_told(hub):
    tablet = a_tablet(hub)
    for number in range(40):
        lang = "en" if number % 2 else "zh"
        tablet.record(an_answer(session=an_id(7), question="q001", right=False, chosen=["b"], lang=lang))
    deliver(hub, tablet.batch())
    (row,) = report(hub).questions
    assert (row.item.n, row.item.is_ranked) == (1, False)
    assert ledger.verify(hub) == []


def test_what_is_told_beyond_the_longest_play_counts_nowhere(hub):
    tablet = a_tablet(hub)
    for number in range(60):
        tablet.record(an_answer(session=an_id(7), question=f"q{number:03d}"))
    deliver(hub, tablet.batch())
    assert report(hub).all.n == 50


def test_lengths_of_play_nobody_knows_are_one(hub):
    tablet = a_tablet(hub)
    for number in range(40):
        tablet.record(an_answer(session=an_id(number), question="q001", mode=f"m{number}"))
    deliver(hub, many(tablet, "q001", 5, 5, mode="quick").batch())
    found = report(hub)
    assert {group.key: group.sums.n for group in found.lengths} == {"quick": 5, "other": 40}
    assert "其他玩法" in office(hub).get("/fairs/demo/items")
    assert ledger.verify(hub) == []


def test_of_very_many_versions_those_with_most_answers_can_be_chosen_and_always_the_hubs_own(hub):
    tablet = a_tablet(hub)
    for number in range(60):
        for again in (1, 2):
            tablet.record(an_answer(session=an_id(again), question=f"q{number}", pack=f"{number:012x}"))
    many(tablet, "q001", 3, 3)
    tablet.record(an_answer(session=an_id(5000), question="q001", pack=hub.pack.version))
    deliver(hub, tablet.batch())
    packs = report(hub).packs
    assert len(packs) == 50
    assert packs[0] == (SHOWN, 3)
    assert packs[-1] == (hub.pack.version, 1)


@pytest.mark.parametrize("is_own", [True, False])
def test_questions_nobody_asked_are_one_row_at_the_end_and_never_the_least_known(hub, monkeypatch, is_own):
    monkeypatch.setattr(items, "_QUESTIONS", 1)
    pack = hub.pack.version if is_own else SHOWN
    known = hub.pack.questions[0].id
    tablet = many(a_tablet(hub), known, 35, 30, pack=pack)
    for question in ("forged-1", "forged-2"):
        many(tablet, question, 20, 0, pack=pack)
    deliver(hub, tablet.batch())
    found = report(hub, pack=pack)
    assert [(row.item.id, row.item.n, row.item.correct) for row in found.questions] == [
        (known, 35, 30),
        (items.OTHER, 40, 0),
    ]
    assert [row.item.id for row in found.least] == [known]
    assert (found.all.n, found.unknown, found.questions[1].item.wrong) == (75, 0, {})
    fair = demo(hub)
    with hub.store.reading() as tx:
        groups = items.by_venue(tx, fair, hub.pack, pack, fair.venues)
    assert [(group.sums.n, [row.item.id for row in group.least]) for group in groups if group.sums.n] == [(75, [known])]
    assert "内容包里没有的题" in office(hub).get(f"/fairs/demo/items?pack={pack}")


# --- pages and command --------------------------------------------------------------------------------


def office(hub: Hub) -> Browser:
    return Browser(create_hub_app(hub).test_client()).sign_in(*CASEWORKER)


def test_the_pages_are_for_organisers_and_say_what_was_measured(hub):
    question = next(one for one in hub.pack.questions if one.kind == "single")
    wrong = next(one for one in question.options if one.id not in question.answer)
    tablet = a_tablet(hub)
    for number in range(60):
        chosen = [wrong.id] if number % 3 else question.answer
        tablet.record(an_answer(session=an_id(number + 1), question=question.id, chosen=chosen, right=number % 3 == 0,
                                pack=hub.pack.version))  # fmt: skip
    many(tablet, "not-in-this-pack", 40, 1, pack=hub.pack.version)
    deliver(hub, tablet.batch())
    page = office(hub).get("/fairs/demo/items")
    assert page.status == 200
    for said in (question.text.zh, wrong.zh, "33.3%", "占答错的 100%", "共首次作答 100 题次", "内容包里没有的题"):
        assert said in page
    articles = office(hub).get("/fairs/demo/items?by=articles&page=99")
    assert f"《{question.law}》{question.article_cn}" in articles
    venues = office(hub).get("/fairs/demo/items/venues")
    assert venues.status == 200
    assert question.text.zh in venues


def test_nobody_without_that_role_sees_them(hub):
    with hub.store.begin() as tx:
        people.add_person(tx, "wang", "another-made-up-one", {"supervisor"}, None)
    browser = Browser(create_hub_app(hub).test_client()).sign_in("wang", "another-made-up-one")
    for path in ("/fairs/demo/items", "/fairs/demo/items/venues"):
        assert browser.get(path).status == 403
    assert "/fairs/demo/items" not in browser.get("/fairs/demo")


def test_a_hub_without_answers_says_so(hub):
    page = office(hub).get("/fairs/demo/items")
    assert page.status == 200
    assert "还没有人答题" in page


def test_the_command_tells_the_same(hub, runner, clock):
    deliver(hub, many(a_tablet(hub), "q001", 40, 10).batch())
    where = ["--data", str(hub.config.data)]
    if not hub.store.is_sqlite:
        where += ["--database", hub.config.url]
    answer = runner.invoke(main, ["hub", "items", "--fair", "demo", "--json", *where])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.output)
    assert told["sentence"]["zh"] == report(hub).sentence("zh")
    (row,) = told["questions"]
    assert (row["id"], row["n"], row["rate"], row["ranked"]) == ("q001", 40, 0.25, True)
    assert row["worst"] == {"options": ["b"], "n": 30, "share": 1.0}
    plain = runner.invoke(main, ["hub", "items", "--fair", "demo", *where])
    assert plain.output.startswith(report(hub).sentence("zh"))


# --- how long it takes --------------------------------------------------------------------------------

ANSWERS = 1_250_000


@at_length
def test_the_answers_of_a_province_open_in_little_time(hub):
    """1.25 million answers as they lie folded: 200 venues, every question, both languages, three lengths of play."""
    venues = share(200, 20)
    add_large_fair(hub, venues, venues)
    a_province_of_answers(hub, venues)
    browser = office(hub)
    browser.get("/fairs/large/items")  # templates are compiled
    took = {}
    for name, path in {
        "the page": "/fairs/large/items",
        "one venue": "/fairs/large/items?venue=v003",
        "by article": "/fairs/large/items?by=articles",
        "by venue": "/fairs/large/items/venues",
    }.items():
        times, work = [], []
        for _ in range(share(7, 3)):
            began, worked = time.perf_counter(), time.thread_time()
            page = browser.get(path)
            times.append((time.perf_counter() - began) * 1000)
            work.append((time.thread_time() - worked) * 1000)
            assert page.status == 200
        took[name] = min(work)  # what this page costs, whatever else the machine does
        on = hub.store.describe()["name"]
        figure(f"item analysis over {ANSWERS:,} answers on {on}, {name}, ms", round(min(times)))
    assert f"{ANSWERS:,}" in browser.get("/fairs/large/items")
    assert max(took.values()) < 300


def a_province_of_answers(hub: Hub, venues: int) -> None:
    """The tables as so many answers leave them: what a question comes to at a venue is one of some dozens."""
    dice = random.Random(315)
    made = cache(lambda n, _which: some_sums(dice, n))
    keys = [(question, lang, mode) for question in hub.pack.questions for lang in ("zh", "en")
            for mode in ("quick", "standard", "challenge")]  # fmt: skip
    each, left = divmod(ANSWERS, venues * len(keys))
    whole = defaultdict(lambda: [0] * len(SUMS))
    wrong: Counter[tuple[str, ...]] = Counter()
    told = []
    for venue in range(venues):
        for question, lang, mode in keys:
            n = each + (left > 0)
            left -= 1
            row = made(n, dice.randrange(40))
            name = (hub.pack.version, question.id, lang, mode)
            told.append(("large", f"v{venue:03d}", *name, *row))
            whole[name] = [a + b for a, b in zip(whole[name], row, strict=True)]
            for option in question.options:
                if [option.id] != question.answer and row[0] > row[1]:
                    wrong[f"v{venue:03d}", *name, option.id] += 1
                    wrong["", *name, option.id] += 1
    told += [("large", "", *name, *row) for name, row in whole.items()]
    with hub.store.begin() as tx:
        append_facts(tx, item_sums, told)
        append_facts(tx, item_wrongs, [("large", *name, n) for name, n in wrong.items()])


def some_sums(dice: random.Random, n: int) -> list[int]:
    correct = sum(dice.random() < 0.6 for _ in range(n))
    row = dict.fromkeys(SUMS, 0) | {"n": n, "correct": correct, "plays": n, "plays_correct": correct}
    for _ in range(n):
        rest = dice.randrange(5)
        row["rest"] += rest
        row["rest_squared"] += rest * rest
        row[f"t{dice.randrange(3, 10):02d}"] += 1
    row["rest_correct"] = row["rest"] * correct // n if n else 0
    return [row[name] for name in SUMS]
