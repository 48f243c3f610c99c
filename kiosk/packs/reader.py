"""Folder → Pack and Fair, with every fault listed at once."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kiosk import strictjson
from kiosk.errors import PACK_FAULTY, Problem
from kiosk.packs.answering import flaws
from kiosk.packs.fairs import Fair
from kiosk.packs.galleries import Exhibit
from kiosk.packs.laws import Law
from kiosk.packs.model import OFFERED, Item, Nickname, Text, is_in_force
from kiosk.packs.quizzes import CHALLENGE, STANDARD, Bank, Question
from kiosk.packs.surveys import Survey

BUILTIN = Path(__file__).parent / "builtin"
_LIMIT = 8 * 1024 * 1024
#: No visitor is shown these.
_UNSHOWN = ("fair.json", "codelists.json", "quicktests.json")
_Item = TypeVar("_Item", bound=Item)


@dataclass(frozen=True)
class Pack:
    """What a booth shows."""

    folder: Path
    version: str  # SHA-256 over its files, shortened: equal versions show equal things
    questions: Sequence[Question]
    exhibits: Sequence[Exhibit]
    slogans: Sequence[Text]
    laws: Sequence[Law]
    topics: dict[str, Text]
    categories: dict[str, Text]
    nicknames: Sequence[Nickname]  # for the leaderboard
    surveys: Sequence[Survey] = ()  # a pack need not have any

    @cached_property
    def question_by_id(self) -> dict[str, Question]:
        return {question.id: question for question in self.questions}

    @cached_property
    def exhibit_by_id(self) -> dict[str, Exhibit]:
        return {exhibit.id: exhibit for exhibit in self.exhibits}

    def bank(self, day: str) -> Bank:
        """The questions to draw from on an ISO day: those in force.

        Where they are too few for a play, those of the last day on which most were: a tablet's clock may be years off.
        """
        if day not in self._banks:
            bank = Bank(self.questions, day)
            if bank.size < STANDARD.questions:
                days = {question.valid_from for question in self.questions}
                bank = max((Bank(self.questions, one) for one in days), key=lambda bank: (bank.size, bank.day))
            self._banks[day] = bank
        return self._banks[day]

    @cached_property
    def _banks(self) -> dict[str, Bank]:
        return {}

    @cached_property
    def law_by_name(self) -> dict[str, Law]:
        return {law.name: law for law in self.laws}

    @cached_property
    def nickname_by_id(self) -> dict[str, Nickname]:
        return {one.id: one for one in self.nicknames}

    @property
    def drawings(self) -> Path:
        return self.folder / "exhibits"

    @property
    def pictures(self) -> Path:
        """The drawings of picture questions."""
        return self.folder / "pictures"

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "questions": msgspec.to_builtins(list(self.questions)),
            "exhibits": msgspec.to_builtins(list(self.exhibits)),
            "laws": msgspec.to_builtins(list(self.laws)),
            "topics": msgspec.to_builtins(self.topics),
            "categories": msgspec.to_builtins(self.categories),
            "nicknames": msgspec.to_builtins(list(self.nicknames)),
            "surveys": msgspec.to_builtins(list(self.surveys)),
            "slogans": msgspec.to_builtins(list(self.slogans)),
        }


def read_pack(folder: Path = BUILTIN, day: str | None = None) -> Pack:
    """Read a pack; with `day`, also require that every rule it cites is in force then.

    Raises `pack.faulty` with all faults, each with its file and the item's id.
    """
    faults: list[str] = []
    pack = Pack(
        folder=folder,
        version=_version(folder),
        questions=_items(folder / "questions.json", Question, faults),
        exhibits=_items(folder / "exhibits.json", Exhibit, faults),
        slogans=_items(folder / "slogans.json", Text, faults),
        laws=_items(folder / "laws.json", Law, faults),
        topics=_texts(folder / "topics.json", faults),
        categories=_texts(folder / "categories.json", faults),
        nicknames=_items(folder / "nicknames.json", Nickname, faults),
        surveys=_items(file, Survey, faults) if (file := folder / "surveys.json").is_file() else [],
    )
    faults += pack_faults(pack, day)
    _raise(faults)
    return pack


def read_fair(file: Path) -> Fair:
    """Read a fair's JSON file. Raises `pack.faulty`."""
    faults: list[str] = []
    fair = _convert(_load(file, faults), Fair, file.name, faults)
    if fair is not None:
        faults += [f"{file.name}: {fault}" for fault in fair.faults()]
    _raise(faults)
    assert fair is not None
    return fair


def _raise(faults: Sequence[str]) -> None:
    if faults:
        raise Problem(PACK_FAULTY, count=len(faults), faults="\n".join(f"  {fault}" for fault in faults))


def _load(file: Path, faults: list[str]) -> Any:
    try:
        return strictjson.loads(file.read_bytes(), _LIMIT)
    except OSError as error:
        faults.append(f"{file.name}: {error.strerror}")
    except Problem as problem:
        faults.append(f"{file.name}: {problem.sentence('en')}")
    return None


def _convert(value: Any, kind: type[_Item], where: str, faults: list[str]) -> _Item | None:
    if value is None:
        return None
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        faults.append(f"{where}: {error}")
        return None


def _items(file: Path, kind: type[_Item], faults: list[str]) -> list[_Item]:
    value = _load(file, faults)
    if value is not None and not isinstance(value, list):
        faults.append(f"{file.name}: expected a list")
        value = None
    found = []
    for place, one in enumerate(value or [], 1):
        name = one.get("id") or one.get("name") or place if isinstance(one, dict) else place
        item = _convert(one, kind, f"{file.name} {name}", faults)
        if item is not None:
            found.append(item)
    return found


def _texts(file: Path, faults: list[str]) -> dict[str, Text]:
    value = _load(file, faults) or {}
    found = {}
    for key, one in value.items() if isinstance(value, dict) else ():
        text = _convert(one, Text, f"{file.name} {key}", faults)
        if text is not None:
            found[key] = text
    return found


def pack_faults(pack: Pack, day: str | None) -> Iterable[str]:
    """What `kiosk pack check` finds in a pack whose files could be read."""
    yield from _item_faults("questions.json", pack.questions, pack.topics, "topic", day)
    yield from _item_faults("exhibits.json", pack.exhibits, pack.categories, "category", day)
    if len(pack.questions) < CHALLENGE.questions:
        yield f"questions.json: a quiz needs at least {CHALLENGE.questions} questions"
    for question in pack.questions:
        faults = _citation_faults(question, question.law, pack, day)
        yield from (f"questions.json {question.id}: {fault}" for fault in faults)
        if question.picture is not None and not (pack.pictures / question.picture).is_file():
            yield f"questions.json {question.id}: there is no drawing {question.picture}"
    yield from _nickname_faults(pack.nicknames)
    yield from _survey_faults(pack.surveys)
    for exhibit in pack.exhibits:
        for law in sorted({region.source.law for region in exhibit.regions if region.source.article is not None}):
            yield from (f"exhibits.json {exhibit.id}: {fault}" for fault in _citation_faults(exhibit, law, pack, day))
        for name in (exhibit.genuine, exhibit.fake):
            if not (pack.drawings / name).is_file():
                yield f"exhibits.json {exhibit.id}: there is no drawing {name}"


def not_in_force(pack: Pack, days: Iterable[str]) -> list[str]:
    """The laws, as they are cited, of which a pack says anything that is not the law on one of some ISO days."""
    cited: list[tuple[Question | Exhibit, set[str]]] = [(one, {one.law}) for one in pack.questions]
    cited += [(one, {region.source.law for region in one.regions if region.source.article}) for one in pack.exhibits]
    found: set[str] = set()
    for day in set(days):
        over = {law.name for law in pack.laws if not is_in_force(law.valid_from, law.valid_until, day)}
        for item, laws in cited:
            if not is_in_force(item.valid_from, item.valid_until, day):
                found |= laws & over or laws  # where each is in force, it says something else on that day
            found |= laws & over
    return sorted(found)


def _survey_faults(surveys: Sequence[Survey]) -> Iterable[str]:
    ids = [survey.id for survey in surveys]
    yield from (f"surveys.json: {one} stands twice" for one in sorted({x for x in ids if ids.count(x) > 1}))
    for survey in surveys:
        for flaw in flaws(survey):
            yield f"surveys.json {survey.id}: {flaw.question} {flaw.field}: {flaw.message.en}"


def _nickname_faults(nicknames: Sequence[Nickname]) -> Iterable[str]:
    if len(nicknames) < OFFERED:
        yield f"nicknames.json: there have to be at least {OFFERED}"
    for what in ("id", "zh", "en"):
        said = [getattr(one, what) for one in nicknames]
        yield from (f"nicknames.json: {one} stands twice" for one in sorted({x for x in said if said.count(x) > 1}))


def _citation_faults(item: Question | Exhibit, cited: str, pack: Pack, day: str | None) -> Iterable[str]:
    law = pack.law_by_name.get(cited)
    if law is None:
        yield f"it cites {cited}, which laws.json does not name"
        return
    if item.valid_from < law.valid_from or (law.valid_until and (item.valid_until or "9") > law.valid_until):
        yield f"it is valid longer than what it cites: {law.name} from {law.valid_from} until {law.valid_until}"
    if day and not is_in_force(law.valid_from, law.valid_until, day):
        yield f"{law.name} is not in force on {day}"


def _item_faults(
    file: str,
    items: Sequence[Question] | Sequence[Exhibit],
    labels: dict[str, Text],
    group: str,
    day: str | None,
) -> Iterable[str]:
    seen: set[str] = set()
    for item in items:
        where = f"{file} {item.id}"
        if item.id in seen:
            yield f"{where}: the id stands twice"
        seen.add(item.id)
        if getattr(item, group) not in labels:
            yield f"{where}: {group} {getattr(item, group)} has no label"
        if day and not is_in_force(item.valid_from, item.valid_until, day):
            yield f"{where}: what it cites is not in force on {day}"
        yield from (f"{where}: {fault}" for fault in item.faults())


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name not in _UNSHOWN:
            digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]
