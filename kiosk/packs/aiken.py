"""Aiken, the plainest text format: a question, options A. B. C., and the line ANSWER: B.

Read as offices write it too: 答案：B, 解析：…, A、 and full-width letters, options beside one another.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from kiosk.packs.drafts import LETTERS, OPTIONS, Draft, Fault, Place, Reading, clean, narrow, numbered, split_options

#: Kinds of questions that Aiken can say.
KINDS = frozenset({"single", "truefalse"})
_OPTION = re.compile(r"\s*([A-ZＡ-Ｚ])\s*[.．、)）:：]\s*(.*)", re.DOTALL)
_ANSWER = re.compile(r"\s*(?:ANSWER|正确答案|参考答案|答案)\s*[:：]\s*(.*)", re.IGNORECASE)
_EXPLANATION = re.compile(r"\s*(?:EXPLANATION|FEEDBACK|答案解析|解析)\s*[:：]\s*(.*)", re.IGNORECASE)
_BOTH = (frozenset({"对", "正确", "true", "是", "√"}), frozenset({"错", "错误", "不对", "false", "否", "×", "不正确"}))


def is_aiken(text: str) -> bool:
    return any(_ANSWER.match(line) for line in text.split("\n"))


def read_aiken(text: str) -> Reading:
    """The questions of an Aiken text. Never raises: what cannot be read is a fault with its line."""
    found = Reading()
    for lines in _blocks(text):
        found.drafts += _draft_of(lines, found.faults)
    found.drafts = numbered(found.drafts)
    if not found.drafts and not found.faults:
        found.faults.append(
            Fault(
                Place(),
                "没有找到题目。Aiken 的每道题以一行“ANSWER: B”结束。",
                "no question was found; in Aiken each ends with a line ANSWER: B",
            )
        )
    return found


_Line = tuple[int, str]


def _blocks(text: str) -> Iterator[list[_Line]]:
    """A question ends with its answer, and what explains it; a blank line ends nothing but what is no question."""
    block: list[_Line] = []
    is_over = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if is_over and not _EXPLANATION.match(line):
            yield block
            block, is_over = [], False
        block.append((number, line))
        is_over = is_over or _ANSWER.match(line) is not None
    if block:
        yield block


def _draft_of(lines: list[_Line], faults: list[Fault]) -> list[Draft]:
    """One draft, or none and a fault."""
    asked: list[str] = []
    options: list[str] = []
    cells: dict[str, str] = {}
    at: dict[str, int] = {}
    first = lines[0][0]
    if [narrow(found[1]) for _, line in lines[:2] if (found := _OPTION.match(line))] == ["a", "b"]:
        zh, en = "这里没有题目。请在选项前写一行题目。", "there is no question here; write one before the options"
        faults.append(Fault(Place(first), zh, en))
        return []
    for number, line in lines:
        answer, explanation, option = _ANSWER.match(line), _EXPLANATION.match(line), _OPTION.match(line)
        if answer:
            cells["answer"], at["answer"] = clean(answer[1]), number
        elif explanation and (options or "answer" in cells):
            cells["explanation"], at["explanation"] = clean(explanation[1]), number
        elif option and (asked or options):
            if not _take_options(line, option, options, number, at, faults):
                return []
        elif options:
            faults.append(
                Fault(
                    Place(number),
                    "选项后面的这一行看不懂。选项要写成“A. …”；一道题要以“ANSWER: B”结束。",
                    "this line after the options cannot be read; an option is A. …, and a question ends with ANSWER: B",
                )
            )
            return []
        else:
            asked.append(clean(line))
    if not asked or not options:
        what = ("这里没有题目。请在选项前写一行题目。", "there is no question here; write one before the options")
        other = (
            "这道题没有选项（填空、问答题不能用）。请写成“A. …”“B. …”。",
            "this question has no options; write A. …, B. …",
        )
        faults.append(Fault(Place(first), *(other if asked else what)))
        return []
    if not cells.get("answer"):
        faults.append(
            Fault(
                Place(first),
                "这道题没有答案。请在选项后写一行“ANSWER: B”。",
                "this question has no answer; add a line ANSWER: B",
            )
        )
        return []
    cells["text"] = "\n".join(asked)
    cells |= {f"option{n}": words for n, words in enumerate(options, 1) if words}
    cells["kind"] = _kind(options, cells["answer"])
    return [Draft(Place(first), cells, lines=at)]


def _take_options(
    line: str, option: re.Match[str], options: list[str], number: int, at: dict[str, int], faults: list[Fault]
) -> bool:
    """The one option of a line, or several beside one another."""
    expected = LETTERS[len(options)] if len(options) < OPTIONS else ""
    letter = narrow(option[1]).upper()
    if letter != expected:
        zh = f"选项“{letter}”的位置不对，应当是“{expected}”。请按 A、B、C 的顺序写。"
        en = f"option {letter} stands where {expected} should; write A, B, C in order"
        if not expected:
            zh, en = f"选项多于 {OPTIONS} 个。请删去几个。", f"there are more than {OPTIONS} options; delete some"
        faults.append(Fault(Place(number), zh, en))
        return False
    several = split_options(line.strip()) if letter == "A" else None
    for words in several or [clean(option[2])]:
        options.append(clean(words))
        at[f"option{len(options)}"] = number
    return True


def _kind(options: list[str], answer: str) -> str:
    if len(options) == 2 and all(narrow(words) in known for words, known in zip(options, _BOTH, strict=True)):
        return "truefalse"
    return "multiple" if len(re.findall(r"[A-F]", narrow(answer).upper())) > 1 else "single"


def write_aiken(rows: Iterable[Mapping[str, str]]) -> str:
    return "\n".join(_one(cells) for cells in rows)


def _one(cells: Mapping[str, str]) -> str:
    options = [cells[f"option{n}"] for n in range(1, OPTIONS + 1) if f"option{n}" in cells]
    answer = {"对": "A", "错": "B"}.get(cells["answer"], cells["answer"])
    lines = [cells["text"], *(f"{LETTERS[n]}. {words}" for n, words in enumerate(options)), f"ANSWER: {answer}"]
    return "\n".join(lines) + "\n"
