"""A disk that may lose power: what is surely on it, what may be, and every sort of in-between.

What is assumed of it (ext4 keeps these promises, and so does every journalling file system in common use):

* What a file holds reaches the disk by a flush of that file, and by then all of it. Until then each write may be
  there, be missing, or be torn: of each piece that lies in one 512-byte sector the old or the new bytes. Bytes beside
  a write are not damaged by it.
* Names are made, removed and changed in order: a crash leaves a first part of that list. Flushing the folder makes all
  of it sure; flushing a file makes sure of it up to where the file got its name.

Nothing more: an unflushed write may be kept while an older one is lost, and a name may stay removed for seconds or
come back.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.faults.power.trace import Cut, Opened, Removed, Renamed, Said, Step, Synced, Wrote

SECTOR = 512
Content = dict[str, bytes]  # what a machine finds when it is started again: name → bytes
_Names = dict[str, "_File | None"]  # a change of names: what each stands for afterwards


@dataclass
class _File:
    sure: bytes
    unsure: list[Wrote | Cut] = field(default_factory=list)  # since the last flush, in order

    def flush(self) -> None:
        self.sure = _with(self.sure, self.unsure)
        self.unsure.clear()


class Disk:
    """Follows a program call by call."""

    def __init__(self, content: Content):
        self._now = {name: _File(data) for name, data in content.items()}
        self._sure = dict(self._now)
        self._names: list[_Names] = []  # changes that are not yet sure, in order

    def follow(self, step: Step) -> None:
        match step:
            case Opened(name, makes, empties):
                if makes and name not in self._now:
                    self._name({name: _File(b"")})
                if empties:
                    self._now[name].unsure.append(Cut(name, 0))
            case Wrote(name) | Cut(name):
                self._now[name].unsure.append(step)
            case Synced(""):
                self._settle_names(len(self._names))
            case Synced(name):
                file = self._now[name]
                file.flush()
                named = [at for at, change in enumerate(self._names, 1) if any(one is file for one in change.values())]
                self._settle_names(max(named, default=0))
            case Removed(name):
                self._name({name: None})
            case Renamed(name, to):
                self._name({to: self._now[name], name: None})
            case Said():
                pass

    def _name(self, change: _Names) -> None:
        self._names.append(change)
        _point(self._now, change)

    def _settle_names(self, count: int) -> None:
        for change in self._names[:count]:
            _point(self._sure, change)
        del self._names[:count]

    @property
    def is_settled(self) -> bool:
        """Nothing is unsure: a crash now leaves one content and no other."""
        return not self._names and not any(file.unsure for file in self._now.values())

    def crashes(self, dice: Random, draws: int) -> Iterator[Content]:
        """What may be found after a crash now: the least, the most, and some in-betweens."""
        yield self._content(0, lambda _file: ())
        if self.is_settled:
            return
        yield self._content(len(self._names), lambda file: file.unsure)
        for draw in range(draws):
            names = dice.randint(0, len(self._names))
            some = _cut_short if draw % 3 == 0 else _some
            yield self._content(names, lambda file, some=some: some(file.unsure, dice))

    def _content(self, names: int, kept: Callable[[_File], Iterable[Wrote | Cut]]) -> Content:
        files = dict(self._sure)
        for change in self._names[:names]:
            _point(files, change)
        return {name: _with(file.sure, kept(file)) for name, file in files.items()}


def _point(names: dict[str, _File], change: _Names) -> None:
    for name, file in change.items():
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file


def _with(sure: bytes, changes: Iterable[Wrote | Cut]) -> bytes:
    """The same object where nothing changes, so that it is fingerprinted once."""
    data: bytearray | None = None
    for change in changes:
        if data is None:
            data = bytearray(sure)
        _apply(data, change)
    return sure if data is None else bytes(data)


def _apply(data: bytearray, change: Wrote | Cut) -> None:
    if isinstance(change, Cut):
        del data[change.size :]
        data.extend(bytes(change.size - len(data)))
    else:
        data.extend(bytes(max(0, change.offset - len(data))))  # a hole reads as zeros
        data[change.offset : change.offset + len(change.data)] = change.data


def _cut_short(changes: list[Wrote | Cut], dice: Random) -> Iterator[Wrote | Cut]:
    """All up to some moment, and of the write at that moment some sectors: a disk that writes in order."""
    if changes:
        last = dice.randrange(len(changes) + 1)
        yield from changes[:last]
        for change in changes[last : last + 1]:
            yield from _torn(change, dice)


def _some(changes: list[Wrote | Cut], dice: Random) -> Iterator[Wrote | Cut]:
    """Any of them, each whole, missing or torn: a disk that writes as it likes."""
    share = dice.random()
    for change in changes:
        fate = dice.random()
        if fate < share / 3:
            yield from _torn(change, dice)
        elif fate < share:
            yield change


def _torn(change: Wrote | Cut, dice: Random) -> Iterator[Wrote | Cut]:
    if isinstance(change, Cut):
        return
    start, end = change.offset, change.offset + len(change.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        if dice.random() < 0.5:
            yield Wrote(change.name, start, change.data[start - change.offset : stop - change.offset])
        start = stop
