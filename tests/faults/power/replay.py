"""Every moment of a recorded run as the last one before the lights went out."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.databases import Damaged
from tests.faults.power.model import Content, Disk
from tests.faults.power.trace import Said, Step
from tests.faults.scratch import in_memory

#: Looks at a folder as a crash left it: how many of the program's promises are kept. Raises `Damaged`.
Look = Callable[[Path], int]


@dataclass
class Outcome:
    """What came of all crashes."""

    tried: int = 0  # moments × ways
    states: int = 0  # different contents of the disk among them
    lost: list[str] = field(default_factory=list)  # states in which something promised was gone
    damaged: list[str] = field(default_factory=list)


def replay(steps: Sequence[Step], start: Content, look: Look, dice: Random, draws: int, every: int = 1) -> Outcome:
    """Let the power fail before and after every step, or one of so many, in 2 + `draws` ways each, and look."""
    outcome, disk, promised = Outcome(), Disk(start), 0
    seen: dict[Hashable, int | str] = {}  # content → promises kept, or the damage
    lost: dict[Hashable, str] = {}
    with in_memory() as folder:
        for number, step in enumerate(steps):
            disk.follow(step)
            if isinstance(step, Said):
                promised = int(step.text)
            if number % every:
                continue
            for content in disk.crashes(dice, draws):
                outcome.tried += 1
                mark = _fingerprint(content)
                if mark not in seen:
                    seen[mark] = _look(look, folder, content)
                    if isinstance(seen[mark], str):
                        outcome.damaged.append(f"step {number}: {seen[mark]}")
                kept = seen[mark]
                if isinstance(kept, int) and kept < promised:
                    lost.setdefault(mark, f"step {number}: {kept} of {promised} kept")
    outcome.states, outcome.lost = len(seen), list(lost.values())
    return outcome


def contents(folder: Path, names: tuple[str, ...]) -> Content:
    """The files of a folder that lies still, if their names begin so."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.startswith(names)}


def _look(look: Look, folder: Path, content: Content) -> int | str:
    for old in folder.iterdir():
        old.unlink()
    for name, data in content.items():
        (folder / name).write_bytes(data)
    try:
        return look(folder)
    except Damaged as damage:
        return str(damage)


def _fingerprint(content: Content) -> Hashable:
    """64 bits a file, and Python remembers them for bytes that have not changed."""
    return frozenset((name, len(data), hash(data)) for name, data in content.items())
