"""Patterns of the function `regex`, matched in a time that grows with the text and never explodes.

Python's own engine goes back and tries again, so that `(a+)+b` can take for ever; who writes a survey must not be able
to stop a tablet. Here all ways through the pattern are walked at once: text × size of the pattern, both bounded.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

#: Characters of a pattern, places in it once repetitions are written out, and characters of a text that is matched.
PATTERN_LIMIT, PLACES_LIMIT, TEXT_LIMIT = 300, 1_200, 1_000
_DEPTH = 20
_MOST_REPEATS = 1_000

_Test = Callable[[str], bool]


class _Step(NamedTuple):
    """From one place to others: by a letter that passes the test, or (None) for nothing."""

    test: _Test | None
    targets: list[int]


class PatternError(ValueError):
    """The pattern is not one of ours; `reason` says in both languages why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Pattern:
    """One pattern, ready to be matched against whole texts. Raises `PatternError`."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > PATTERN_LIMIT:
            raise PatternError(
                f"匹配式超过 {PATTERN_LIMIT} 个字符，请写短些。",
                f"the pattern has more than {PATTERN_LIMIT} characters",
            )
        self._steps: list[_Step] = []
        ends = _Reader(pattern, self._steps).read([self._place(None)])
        self._end = self._place(None)
        _join(self._steps, ends, self._end)

    @property
    def places(self) -> int:
        """Its size: with that of the text, how long a match takes."""
        return len(self._steps)

    def matches(self, text: str) -> bool:
        """Whether the whole text is as the pattern says. A text beyond `TEXT_LIMIT` is not."""
        if len(text) > TEXT_LIMIT:
            return False
        places = self._reached([0], at_start=True, at_end=not text)
        for number, letter in enumerate(text, 1):
            on: list[int] = []
            for place in places:
                step = self._steps[place]
                if step.test is not None and step.test(letter):
                    on += step.targets
            places = self._reached(on, at_start=False, at_end=number == len(text))
            if not places:
                return False
        return self._end in places

    def _place(self, test: _Test | None) -> int:
        self._steps.append(_Step(test, []))
        return len(self._steps) - 1

    def _reached(self, places: Sequence[int], *, at_start: bool, at_end: bool) -> set[int]:
        """With all that is reached from there for nothing."""
        found, waiting = set[int](), list(places)
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                step = self._steps[place]
                if step.test is None or (at_start and step.test is _start) or (at_end and step.test is _end):
                    waiting += step.targets
        return found


def _join(steps: list[_Step], ends: Sequence[int], to: int) -> None:
    for end in ends:
        steps[end].targets.append(to)


def _start(_: str) -> bool:
    """The sign ^: no letter, but only before the first."""
    return False


def _end(_: str) -> bool:
    """The sign $: no letter, but only after the last."""
    return False


_CLASSES: dict[str, _Test] = {
    "d": lambda letter: "0" <= letter <= "9",
    "D": lambda letter: not "0" <= letter <= "9",
    "w": lambda letter: letter == "_" or (letter.isascii() and letter.isalnum()),
    "W": lambda letter: not (letter == "_" or (letter.isascii() and letter.isalnum())),
    "s": str.isspace,
    "S": lambda letter: not letter.isspace(),
}
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


class _Reader:
    """Recursive descent; what it has read goes into `steps`, and ends are places that wait for where they lead."""

    def __init__(self, pattern: str, steps: list[_Step]) -> None:
        self._text, self._steps, self._at, self._depth = pattern, steps, 0, 0

    def read(self, starts: Sequence[int]) -> list[int]:
        ends = self._either(starts)
        if self._at < len(self._text):
            raise PatternError("匹配式里多了一个 )。", "the pattern has a ) too many")
        return ends

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, words: str) -> bool:
        if self._text.startswith(words, self._at):
            self._at += len(words)
            return True
        return False

    def _add(self, starts: Sequence[int], test: _Test | None) -> list[int]:
        if len(self._steps) >= PLACES_LIMIT:
            raise PatternError(
                "匹配式展开后太长，请把重复次数写小些。", "the pattern repeats too much; use smaller numbers"
            )
        self._steps.append(_Step(test, []))
        place = len(self._steps) - 1
        _join(self._steps, starts, place)
        return [place]

    def _either(self, starts: Sequence[int]) -> list[int]:
        self._depth += 1
        if self._depth > _DEPTH:
            raise PatternError("匹配式里的括号套得太深。", "the pattern's brackets are nested too deeply")
        ends = self._sequence(starts)
        while self._take("|"):
            ends += self._sequence(starts)
        self._depth -= 1
        return ends

    def _sequence(self, starts: Sequence[int]) -> list[int]:
        # A place of its own, so that what is joined to the start here is joined to nobody else's.
        ends = self._add(starts, None)
        while self._peek() not in ("", "|", ")"):
            ends = self._repeated(ends)
        return ends

    def _repeated(self, starts: list[int]) -> list[int]:
        begun, first = self._at, self._add(starts, None)
        ends = self._one(first)
        read_to = self._at
        least, most = self._how_often()
        if (least, most) == (1, 1):
            return ends
        on = self._at
        if most is None or most > 1 or least > 1:
            ends = self._again(begun, read_to, first, ends, least, most)
        elif most == 0:
            ends = list(first)
        else:
            ends = [*ends, *first]
        self._at = on
        self._take("?")  # greed makes no difference to whether the whole text fits
        if self._peek() in ("*", "+", "?", "{"):
            raise PatternError("匹配式里的重复符号连写了。", "two repeats follow one another in the pattern")
        return ends

    def _again(
        self, begun: int, read_to: int, first: list[int], ends: list[int], least: int, most: int | None
    ) -> list[int]:
        """Written out: so often as it must be, and then as it may be."""
        out = [] if least else list(first)
        for count in range(2, max(least, 1 if most is None else most) + 1):
            if count > least:
                out += ends
            start = self._add(ends, None)
            self._at = begun
            depth, ends = self._depth, self._one(start)
            self._depth, first = depth, start
        self._at = read_to
        if most is None:
            _join(self._steps, ends, first[0])
        return [*out, *ends]

    def _how_often(self) -> tuple[int, int | None]:
        if self._take("*"):
            return 0, None
        if self._take("+"):
            return 1, None
        if self._take("?"):
            return 0, 1
        if self._peek() != "{":
            return 1, 1
        close = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : close].partition(",")
        if close < 0 or not _is_count(low or "0") or (high and not _is_count(high)) or not (low or high):
            raise PatternError(
                "匹配式里的 { } 应写成 {3}、{2,} 或 {2,5}。", "a { } in the pattern is {3}, {2,} or {2,5}"
            )
        self._at = close + 1
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            raise PatternError("匹配式里的重复次数不对。", "a number of repeats in the pattern is wrong")
        return least, most

    def _one(self, starts: list[int]) -> list[int]:
        letter = self._peek()
        self._at += 1
        if letter == "(":
            if self._take("?") and not self._take(":"):
                raise PatternError(
                    "匹配式里不能用 (?= …) 这类写法。", "a group such as (?= …) cannot be used in a pattern"
                )
            ends = self._either(starts)
            if not self._take(")"):
                raise PatternError("匹配式里少了一个 )。", "the pattern lacks a )")
            return ends
        if letter == "[":
            return self._add(starts, self._set())
        if letter == ".":
            return self._add(starts, lambda one: one != "\n")
        if letter == "\\":
            return self._add(starts, self._escaped())
        if letter in "^$":
            return self._add(starts, _start if letter == "^" else _end)
        if letter in "*+?{":
            raise PatternError(
                f"匹配式里的 {letter} 放错了地方。", f"a {letter} stands in the wrong place of the pattern"
            )
        return self._add(starts, letter.__eq__)

    def _escaped(self) -> _Test:
        letter = self._peek()
        self._at += 1
        if letter in _CLASSES:
            return _CLASSES[letter]
        if not letter or (letter.isalnum() and letter not in _ESCAPED):
            raise PatternError(f"匹配式里的 \\{letter} 不认识。", f"\\{letter} is not known in a pattern")
        return _ESCAPED.get(letter, letter).__eq__

    def _set(self) -> _Test:
        is_not = self._take("^")
        tests: list[_Test] = []
        ranges: list[tuple[str, str]] = []
        while not (self._peek() == "]" and (tests or ranges)):
            low = self._member(tests)
            # After a class such as \w a hyphen is one.
            if low and self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._member(tests)
                if high and high < low:
                    raise PatternError("匹配式的 [ ] 里范围不对。", "a range in [ ] of the pattern is wrong")
                ranges += [(low, high)] if high else [(low, low), ("-", "-")]
            elif low:
                ranges.append((low, low))
        self._at += 1
        return lambda one: is_not != (any(a <= one <= b for a, b in ranges) or any(test(one) for test in tests))

    def _member(self, tests: list[_Test]) -> str:
        """A letter of a set; "" where it was a class, which is then among the tests."""
        letter = self._peek()
        self._at += 1
        if not letter:
            raise PatternError("匹配式里少了一个 ]。", "the pattern lacks a ]")
        if letter == "[" and self._peek() in (":", "["):
            raise PatternError("匹配式里不能用 [[ 或 [:。", "[[ and [: cannot be used in a pattern")
        if letter != "\\":
            return letter
        escaped = self._peek()
        if escaped in _CLASSES:
            self._at += 1
            tests.append(_CLASSES[escaped])
            return ""
        if not escaped or (escaped.isalnum() and escaped not in _ESCAPED):
            raise PatternError(f"匹配式里的 \\{escaped} 不认识。", f"\\{escaped} is not known in a pattern")
        self._at += 1
        return _ESCAPED.get(escaped, escaped)


def _is_count(words: str) -> bool:
    return words.isascii() and words.isdigit() and len(words) <= 5
