"""Pages: what people do not know, question by question and article by article, from what `answers` has folded.

One version of a pack at a time, for its option ids say what was shown. The words come from the pack of this hub: where
that is another version they may have changed since, and the page says so; an id it does not know is shown as it is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy
from flask import Blueprint, Response, request
from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, literal, select

from kiosk import web
from kiosk.hub import answers
from kiosk.hub.context import Hub, hub, signed_in
from kiosk.hub.fairs import find_fair
from kiosk.hub.tables import item_sums, item_wrongs
from kiosk.packs.fairs import Fair, Venue
from kiosk.packs.model import Text
from kiosk.packs.quizzes import MODES, Question
from kiosk.packs.reader import Pack
from kiosk.reports.items import LEAST, PLAYS, SUMS, Item, least_known, ranked, sentence, together, unordered

views = Blueprint("items", __name__)
_PAGE = 50  # rows
_VENUES = 20  # on a page
_PATIENCE = 60  # milliseconds for what came since somebody looked last; the rest is folded behind the scenes
_PACKS = 50  # versions to choose from: those with most answers
_QUESTIONS = 6_000  # of a version this hub has not: those with most answers
OTHER = "(other)"  # all other questions together; no id of a question looks so
_LONGEST_NAME = 120  # characters of a question in a sentence


class Choice(msgspec.Struct, frozen=True):
    """Which answers are looked at; what is empty is not chosen by."""

    pack: str
    venue: str = ""
    lang: str = ""
    mode: str = ""


class Row(msgspec.Struct, frozen=True):
    """A question or an article, and what this hub can say of it."""

    item: Item
    question: Question | None = None
    article: tuple[Text, Text] | None = None  # the law's name and the article's
    worst: Text | None = None  # the wrong answer given most often, in words if they are known
    worst_share: float = 0.0  # of all wrong answers


class Group(msgspec.Struct, frozen=True):
    """Part of the answers: a venue, a language, a length of play."""

    key: str
    name: Text | None
    sums: Item
    least: list[Row]


Packs = Sequence[tuple[str, int]]  # versions with answers, and how many; an empty one: not noted with the answer
_UNNOTED = "-"  # what stands for the empty version in an address


class Report(msgspec.Struct, frozen=True):
    """All there is to say about the answers chosen."""

    choice: Choice
    pack: str  # version of the hub's own
    packs: Packs  # most answers first
    modes: list[str]  # that were played
    all: Item
    questions: list[Row]  # least known first, then those with too few answers; at the end what `OTHER` names
    articles: list[Row]
    languages: list[Group]
    lengths: list[Group]
    pending: int  # facts not folded yet

    @property
    def least(self) -> list[Row]:
        return [row for row in self.questions if row.item.is_ranked and row.item.id != OTHER][:5]

    @property
    def is_known(self) -> bool:
        """Whether the words shown are those that were shown to visitors."""
        return self.choice.pack == self.pack

    @property
    def unknown(self) -> int:
        """Questions of which this hub has only the id."""
        return sum(row.question is None and row.item.id != OTHER for row in self.questions)

    def sentence(self, language: str) -> str:
        """What was measured, in one sentence for a summary."""
        rows = self.least[:1]
        name = _named(rows[0], language) if rows else ""
        return sentence(self.all, rows[0].item if rows else None, name, language)


# --- reading ------------------------------------------------------------------------------------------


def report(tx: Connection, fair: Fair, pack: Pack, wanted: Mapping[str, str]) -> Report:
    """What the answers come to. `wanted` may choose by pack, venue, lang and mode; what nobody has is passed over."""
    packs = _packs(tx, fair.id, pack)
    choice = Choice(
        pack=_version(wanted, packs, pack),
        venue=_one_of(wanted.get("venue", ""), [venue.id for venue in fair.venues]),
        lang=_one_of(wanted.get("lang", ""), ("zh", "en")),
        mode=wanted.get("mode", ""),
    )
    rows = _sums(tx, fair.id, choice, pack)
    modes = sorted({row.mode for row in rows}, key=lambda mode: (list(MODES).index(mode) if mode in MODES else 9, mode))
    choice = msgspec.structs.replace(choice, mode=_one_of(choice.mode, modes))
    fitting = [row for row in rows if choice.lang in ("", row.lang)]
    chosen = [row for row in fitting if choice.mode in ("", row.mode)]
    words = _Words(pack)
    wrong = _wrong(tx, fair.id, choice, words, _told(fair.id, choice.pack, pack, item_wrongs.c.question))
    questions = [words.row(one) for one in sorted(ranked(_items(chosen, wrong)), key=lambda one: one.id == OTHER)]
    return Report(
        choice=choice,
        pack=pack.version,
        packs=packs,
        modes=modes,
        all=together("", [row.item for row in questions]),
        questions=questions,
        articles=words.articles(questions),
        languages=[
            _group(one, (row for row in rows if row.lang == one and choice.mode in ("", row.mode)), words)
            for one in ("zh", "en")
        ],
        lengths=[_group(one, (row for row in fitting if row.mode == one), words) for one in modes],
        pending=answers.pending(tx, fair.id),
    )


def by_venue(tx: Connection, fair: Fair, pack: Pack, version: str, venues: Sequence[Venue]) -> list[Group]:
    """Some venues of a fair, each with what is least known there."""
    sums, words = item_sums.c, _Words(pack)
    added = (func.sum(sums.n), func.sum(sums.correct))
    here = (sums.fair == fair.id, sums.pack == version, sums.venue.in_([venue.id for venue in venues]))
    is_told = _told(fair.id, version, pack, sums.question)
    told = select(sums.venue, sums.question, *added).where(*here, is_told).group_by(sums.venue, sums.question)
    others = select(sums.venue, literal(OTHER), *added).where(*here, ~is_told).group_by(sums.venue)
    found: dict[str, list[Item]] = defaultdict(list)
    for venue, question, n, correct in [*tx.execute(told), *tx.execute(others)]:
        found[venue].append(Item(question, n=int(n), correct=int(correct)))
    return [_venue(venue, found.get(venue.id, []), words) for venue in venues]


def _venue(venue: Venue, items: Sequence[Item], words: "_Words") -> Group:
    return Group(venue.id, venue.name, together("", items), _least(items, words))


def _least(items: Iterable[Item], words: "_Words") -> list[Row]:
    return [words.row(one) for one in least_known(one for one in items if one.id != OTHER)]


def _one_of(wanted: str, known: Collection[str]) -> str:
    return wanted if wanted in known else ""


def _version(wanted: Mapping[str, str], packs: Packs, pack: Pack) -> str:
    """The version asked for, or this hub's own, or the one with most answers."""
    known = [version for version, _ in packs]
    asked = wanted.get("pack", "")
    for one in ("" if asked == _UNNOTED else asked or pack.version, pack.version, *known):
        if one in known:
            return one
    return pack.version


def _packs(tx: Connection, fair: str, pack: Pack) -> Packs:
    """Those with most answers, and this hub's own if it has any: a tablet may tell of as many as it likes."""
    sums = item_sums.c
    told = func.sum(sums.n + sums.helped)
    query = select(sums.pack, told).where(sums.fair == fair, sums.venue == "").group_by(sums.pack)
    most = query.order_by((sums.pack == pack.version).desc(), told.desc(), sums.pack).limit(_PACKS)
    found = [(version, int(n)) for version, n in tx.execute(most)]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _told(fair: str, version: str, pack: Pack, question: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a question has a row of its own: one that this version has, or of another version a frequent one."""
    if version == pack.version:
        return question.in_(sorted(pack.question_by_id))
    sums = item_sums.c
    query = select(sums.question).where(sums.fair == fair, sums.venue == "", sums.pack == version)
    most = query.group_by(sums.question).order_by(func.sum(sums.n + sums.helped).desc(), sums.question)
    return question.in_(most.limit(_QUESTIONS))


def _sums(tx: Connection, fair: str, choice: Choice, pack: Pack) -> list["_Sums"]:
    """By question, language and length of play."""
    sums = item_sums.c
    here = (sums.fair == fair, sums.venue == choice.venue, sums.pack == choice.pack)
    is_told = _told(fair, choice.pack, pack, sums.question)
    added = (cast(func.sum(sums[name]), BigInteger).label(name) for name in SUMS)
    others = select(literal(OTHER).label("question"), sums.lang, sums.mode, *added).where(*here, ~is_told)
    return [
        *tx.execute(select(*_COLUMNS).where(*here, is_told)),
        *tx.execute(others.group_by(sums.lang, sums.mode)),
    ]


_COLUMNS = [item_sums.c[name] for name in ("question", "lang", "mode", *SUMS)]
_Sums = sqlalchemy.Row[Any]  # one row of these
_NUMBERS = 3  # where the sums begin in it
_PLAYS = slice(SUMS.index(PLAYS[0]), SUMS.index(PLAYS[0]) + len(PLAYS))  # among them


def _items(rows: Iterable[_Sums], wrong: Mapping[str, Mapping[str, int]]) -> list[Item]:
    """Rows of languages and lengths of play, together by question."""
    found: dict[str, list[_Sums]] = defaultdict(list)
    for row in rows:
        found[row.question].append(row)
    return [_item(question, some, wrong.get(question, {})) for question, some in found.items()]


def _item(question: str, rows: Sequence[_Sums], wrong: Mapping[str, int]) -> Item:
    numbers = [tuple(row)[_NUMBERS:] for row in rows]
    n, correct, helped, helped_correct, *others = map(sum, zip(*numbers, strict=True))
    return Item(
        question,
        n=n,
        correct=correct,
        helped=helped,
        helped_correct=helped_correct,
        times=tuple(others[len(PLAYS) :]),
        strata=tuple(some[_PLAYS] for some in numbers),
        wrong=wrong,
    )


def _group(key: str, rows: Iterable[_Sums], words: "_Words") -> Group:
    """Part of the answers, by rate alone."""
    found: dict[str, list[int]] = {}
    for row in rows:
        sums = found.setdefault(row.question, [0, 0])
        sums[0] += row.n
        sums[1] += row.correct
    items = [Item(question, n=n, correct=correct) for question, (n, correct) in found.items()]
    return Group(key, None, together("", items), _least(items, words))


def _wrong(
    tx: Connection, fair: str, choice: Choice, words: "_Words", is_told: ColumnElement[bool]
) -> dict[str, Mapping[str, int]]:
    """Question → wrong answer → how often."""
    one = item_wrongs.c
    query = select(one.question, one.chosen, func.sum(one.n)).where(
        one.fair == fair, one.venue == choice.venue, one.pack == choice.pack, is_told
    )
    for column, wanted in ((one.lang, choice.lang), (one.mode, choice.mode)):
        if wanted:
            query = query.where(column == wanted)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for question, chosen, n in tx.execute(query.group_by(one.question, one.chosen)):
        found[question][chosen] = int(n)
    return {question: words.as_given(question, wrong) for question, wrong in found.items()}


# --- words --------------------------------------------------------------------------------------------


class _Words:
    """What the pack of this hub says of questions by their ids."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def row(self, item: Item) -> Row:
        question = self._pack.question_by_id.get(item.id)
        worst = item.worst
        return Row(
            item=item,
            question=question,
            article=self._article(question) if question else None,
            worst=_answer(question, worst[0]) if worst else None,
            worst_share=worst[1] / sum(item.wrong.values()) if worst else 0.0,
        )

    def as_given(self, question_id: str, wrong: Mapping[str, int]) -> Mapping[str, int]:
        """Wrong answers with the order of touching left out where it says nothing."""
        question = self._pack.question_by_id.get(question_id)
        return wrong if question is None or question.kind == "order" else unordered(wrong)

    def articles(self, rows: Sequence[Row]) -> list[Row]:
        """The articles that known questions are about, least known first."""
        found: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for row in rows:
            if row.question:
                found[row.question.law, row.question.article].append(row)
        items = {
            f"{law}#{article}": together(f"{law}#{article}", [row.item for row in some])
            for (law, article), some in found.items()
        }
        names = {f"{law}#{article}": some[0].article for (law, article), some in found.items()}
        return [Row(item, article=names[item.id]) for item in ranked(items.values())]

    def _article(self, question: Question) -> tuple[Text, Text]:
        law = self._pack.law_by_name.get(question.law)
        number = Text(question.article_cn, f"Art. {question.article}")
        return Text(question.law, law.en if law else question.law), number


def _answer(question: Question | None, chosen: str) -> Text:
    """An answer in words; in ids where one of them is not known."""
    said = {option.id: option.text for option in question.options} if question else {}
    ids = chosen.split()
    if question is None or any(one not in said for one in ids):
        return Text(chosen, chosen)
    between = " → " if question.kind == "order" else " + "
    return Text(between.join(said[one].zh for one in ids), between.join(said[one].en for one in ids))


def _named(row: Row, language: str) -> str:
    """A question in a sentence: its article, and its own words."""
    if row.question is None or row.article is None:
        return row.item.id
    text = row.question.text.in_(language)
    short = text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
    law, number = (name.in_(language) for name in row.article)
    return f"“{short}” ({law}, {number})" if language == "en" else f"“{short}”（《{law}》{number}）"


# --- for programs -------------------------------------------------------------------------------------


def as_json(fair: Fair, found: Report) -> dict[str, Any]:
    """The whole report, for programs."""
    return {
        "fair": fair.id,
        "pack": found.choice.pack,
        "words_are_of": found.pack,
        "packs": dict(found.packs),
        "pending": found.pending,
        "least": LEAST,
        "sentence": {language: found.sentence(language) for language in ("zh", "en")},
        "all": _as_json(Row(found.all)),
        "questions": [_as_json(row) for row in found.questions],
        "articles": [_as_json(row) for row in found.articles],
    }


def _as_json(row: Row) -> dict[str, Any]:
    item, worst = row.item, row.item.worst
    return {
        "id": item.id,
        "n": item.n,
        "correct": item.correct,
        "rate": item.rate,
        "interval": list(item.interval) if item.n else None,
        "ranked": item.is_ranked,
        "helped": item.helped,
        "helped_correct": item.helped_correct,
        "median_ms": item.median_ms,
        "discrimination": item.discrimination,
        "worst": {"options": worst[0].split(), "n": worst[1], "share": row.worst_share} if worst else None,
        "text": msgspec.to_builtins(row.question.text) if row.question else None,
        "law": row.question.law if row.question else None,
        "article": row.question.article if row.question else None,
    }


# --- the pages ----------------------------------------------------------------------------------------


class View(msgspec.Struct, frozen=True):
    """The part of a report on one page."""

    by: str  # "questions" or "articles"
    rows: Sequence[Row]
    at: int
    pages: int


def looked_at(here: Hub, fair_id: str) -> Fair:
    """The fair, with what came since folded as far as there is time for."""
    with here.store.reading() as tx:
        fair = find_fair(tx, fair_id)
    here.answers.look(fair, _PATIENCE)
    return fair


@views.get("/fairs/<fair_id>/items")
def items(fair_id: str) -> Response:
    signed_in("organiser")
    here = hub()
    fair = looked_at(here, fair_id)
    with here.store.reading() as tx:
        found = report(tx, fair, here.pack, request.args)
    by = "articles" if request.args.get("by") == "articles" else "questions"
    rows = found.articles if by == "articles" else found.questions
    pages = web.pages_of(len(rows), _PAGE)
    at = web.read_page(pages)
    view = View(by, rows[(at - 1) * _PAGE : at * _PAGE], at, pages)
    return web.page("hub/items/list.html", fair=fair, page=found, view=view, least=LEAST)


@views.get("/fairs/<fair_id>/items/venues")
def venues(fair_id: str) -> Response:
    signed_in("organiser")
    here = hub()
    fair = looked_at(here, fair_id)
    with here.store.reading() as tx:
        version = _version(request.args, _packs(tx, fair.id, here.pack), here.pack)
        pages = web.pages_of(len(fair.venues), _VENUES)
        at = web.read_page(pages)
        groups = by_venue(tx, fair, here.pack, version, fair.venues[(at - 1) * _VENUES : at * _VENUES])
    return web.page(
        "hub/items/venues.html", fair=fair, groups=groups, version=version, number=at, pages=pages, least=LEAST
    )
