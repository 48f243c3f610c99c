"""Aiken, the plainest text format: a question, options A. B. C., and the line ANSWER: B.

Read as offices write it too: 答案：B, 解析：…, A、 and full-width letters, options beside one another.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from kiosk.packs.drafts import LETTERS, OPTIONS, Draft, Fault, Place, Reading, clean, narrow, split_options

#: Kinds of questions that Aiken can say.
KINDS = frozenset({"single", "truefalse"})
_OPTION = re.compile(r"\s*([A-ZＡ-Ｚ])\s*[.．、)）:：]\s*(.*)", re.DOTALL)
_ANSWER = re.compile(r"\s*(?:ANSWER|正确答案|参考答案|答案)\s*[:：]\s*(.*)", re.IGNORECASE)
_EXPLANATION = re.compile(r"\s*(?:EXPLANATION|FEEDBACK|答案解析|解析)\s*[:：]\s*(.*)", re.IGNORECASE)
_NUMBERED = re.compile(r"\s*[0-9]{1,4}\s*[.．、)）]")
_BOTH = (frozenset({"对", "正确", "true", "是", "√"}), frozenset({"错", "错误", "不对", "false", "否", "×", "不正确"}))


def is_aiken(text: str) -> bool:
    return any(_ANSWER.match(line) for line in text.split("\n"))


def read_aiken(text: str) -> Reading:
    """The questions of an Aiken text. Never raises: what cannot be read is a fault with its line."""
    found = Reading()
    for block in _blocks(text):
        faults: list[Fault] = []
        made = _draft_of(block, faults)
        found.drafts += made
        if not made:
            raw = "\n".join(line for _, line in block.lines)
            found.refuse(raw, block.lines[0][0], block.lines[-1][0], faults[0])
        if found.is_full():
            break
    found.finish(
        "没有找到题目。Aiken 的每道题以一行“ANSWER: B”结束。",
        "no question was found; in Aiken each ends with a line ANSWER: B",
    )
    return found


_Line = tuple[int, str]


class _Block(msgspec.Struct):
    """The lines of one question, those that are blank left out."""

    lines: list[_Line]
    is_unclear: bool = False  # whether its first lines may as well explain the question before


def _blocks(text: str) -> Iterator[_Block]:
    """A question ends with its answer, and what explains it; a blank line ends nothing but an explanation."""
    block, is_over, explains = _Block([]), False, 0
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        is_explanation = is_over and _EXPLANATION.match(line) is not None
        if is_over and not is_explanation and number > explains:
            yield block
            block, is_over = _Block([], is_unclear=explains < 0), False
        block.lines.append((number, line))
        is_over = is_over or _ANSWER.match(line) is not None
        if is_explanation:
            explains = _explained_until(lines, number)
        elif number > explains:
            explains = 0
    if block.lines:
        yield block


def _explained_until(lines: Sequence[str], number: int) -> int:
    """The last line of an explanation that begins on line `number`; -1 where the next question may begin anywhere.

    It goes on to a blank line. Where options come before one, the next question begins on a line with a number,
    or is the only line there is.
    """
    last = number
    while last < len(lines) and lines[last].strip():
        option = _OPTION.match(lines[last])
        if option and narrow(option[1]) == "a":
            begins = max((n for n in range(number, last) if _NUMBERED.match(lines[n])), default=-1)
            return begins if begins >= 0 else number if last - number <= 1 else -1
        if _ANSWER.match(lines[last]) or _EXPLANATION.match(lines[last]):
            break
        last += 1
    return last


def _draft_of(block: _Block, faults: list[Fault]) -> list[Draft]:
    """One draft, or none and a fault."""
    lines = block.lines
    asked: list[str] = []
    options: list[str] = []
    cells: dict[str, str] = {}
    at: dict[str, int] = {}
    first = lines[0][0]
    if block.is_unclear:
        zh = "分不清这一行是上一题的解析，还是这一题的题目。请在两道题之间空一行。"
        en = "this line may explain the question before or belong to this one; leave a blank line between questions"
        faults.append(Fault(Place(first), zh, en))
        return []
    if [narrow(found[1]) for _, line in lines[:2] if (found := _OPTION.match(line))] == ["a", "b"]:
        zh, en = "这里没有题目。请在选项前写一行题目。", "there is no question here; write one before the options"
        faults.append(Fault(Place(first), zh, en))
        return []
    for number, line in lines:
        answer, explanation, option = _ANSWER.match(line), _EXPLANATION.match(line), _OPTION.match(line)
        if answer:
            cells["answer"], at["answer"] = clean(answer[1]), number
        elif explanation and (options or "answer" in cells):
            said = [cells.get("explanation", ""), clean(explanation[1])]
            cells["explanation"] = "\n".join(one for one in said if one)
            at.setdefault("explanation", number)
        elif "answer" in cells:
            cells["explanation"] = f"{cells['explanation']}\n{clean(line)}".strip()
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
    return [Draft(Place(first), cells, lines=at, last=lines[-1][0])]


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
