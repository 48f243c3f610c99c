"""GIFT, the text format of Moodle: single and multiple choice, true and false.

What GIFT has no word for (law, article, English …) goes into a comment before the question, which others pass over.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser

import msgspec

from kiosk import strictjson
from kiosk.errors import Problem
from kiosk.packs.drafts import (
    FIELD,
    LETTERS,
    OPTIONS,
    Draft,
    Fault,
    Place,
    Reading,
    clean,
    kind_named,
    narrow,
)

#: Kinds of questions that GIFT can say.
KINDS = frozenset({"single", "truefalse", "multiple", "case"})
_META = "// 315: "
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_PIECE_LIMIT = 5_000  # characters of a question or an option, with its tags
_LINES = 100  # of one question, where it has blank ones inside
_WEIGHT = re.compile(r"%(-?[0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_BLOCK_LIMIT = 50_000  # characters of one question with all that belongs to it
_CATEGORY_LIMIT = 200
# What follows the name in a tag: a < b and c > d is none, however it is written.
_REST = r"(?:\s+[a-z][a-z0-9:-]*\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>=]+))*\s*/?>"
_TAG = re.compile(
    rf"</?(?:p|br|b|i|u|em|strong|span|div|img|sub|sup|ul|ol|li|table|tr|td|a){_REST}", re.IGNORECASE | re.ASCII
)
_NO_TAG = re.compile(rf"<(?!/?[a-z][a-z0-9]*{_REST}|!--)", re.IGNORECASE | re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TRUE, _FALSE = ("t", "true"), ("f", "false")


def is_gift(text: str) -> bool:
    return re.search(r"(?<!\\)\{(?:\\.|[^\\{}]++)*+(?<!\\)\}", text) is not None or text.lstrip().startswith(
        ("$CATEGORY", "::")
    )


# --- in -------------------------------------------------------------------------------------------


class _Block(msgspec.Struct):
    """The lines of one question, without comments."""

    line: int
    lines: list[str]
    meta: str = ""
    category: str = ""
    last: int = 0
    open: int = 0  # braces that are not closed yet

    def add(self, number: int, line: str) -> None:
        bare = _ESCAPED.sub("", line)
        self.lines.append(line)
        self.last, self.open = number, self.open + bare.count("{") - bare.count("}")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class _Refused(Exception):
    """A question that cannot be taken; its words say why."""

    def __init__(self, zh: str, en: str, offset: int = 0) -> None:
        super().__init__(en)
        self.zh, self.en, self.offset = zh, en, offset


def read_gift(text: str) -> Reading:
    """The questions of a GIFT text. Never raises: what cannot be read is a fault with its line."""
    found = Reading()
    for block in _blocks(text):
        try:
            found.drafts.append(_draft_of(block))
        except _Refused as reason:
            raw = block.text
            place = Place(min(block.line + raw.count("\n", 0, reason.offset), block.last))
            found.refuse(raw, block.line, block.last, Fault(place, reason.zh, reason.en))
        if found.is_full():
            break
    found.finish(
        "没有找到题目。GIFT 的每道题要有一对花括号 { }。",
        "no question was found; in GIFT each has a pair of braces { }",
    )
    return found


def _blocks(text: str) -> Iterator[_Block]:
    """Questions have blank lines between them; one inside braces is forgiven where an answer or the end follows."""
    block, meta, category, lines = _Block(0, []), "", "", text.split("\n")
    for number, line in enumerate(lines, 1):
        said = line.strip()
        if said.startswith("//"):
            meta = said.removeprefix(_META) if said.startswith(_META) else meta
            continue
        if said.startswith("$CATEGORY:"):
            if block.lines:
                yield block
                block = _Block(0, [])
            category = said.removeprefix("$CATEGORY:").strip()[-_CATEGORY_LIMIT:]
        elif not said and block.lines and not _goes_on(block, lines, number):
            yield block
            block = _Block(0, [])
        elif said or block.lines:
            if not block.lines:
                block, meta = _Block(number, [], meta, category), ""
            block.add(number, line)
    if block.lines:
        yield block


def _goes_on(block: _Block, lines: list[str], number: int) -> bool:
    if len(block.lines) > _LINES:
        return False
    if block.open <= 0:
        return False
    following = next((line.strip() for line in lines[number : number + 20] if line.strip()), "")
    return following[:1] in ("=", "~", "}", "#")


def _draft_of(block: _Block) -> Draft:
    """Raises `_Refused`."""
    source = block.text
    if len(source) > _BLOCK_LIMIT:
        raise _Refused(
            f"这道题太长，超过 {_BLOCK_LIMIT} 个字，没有读。请缩短，或在两道题之间空一行。",
            f"this question has more than {_BLOCK_LIMIT} characters and was not read; shorten it, "
            "or leave a blank line between questions",
        )
    start = _bare(source, "{")
    if start is None:
        if _bare(source, "}") is not None:
            raise _Refused(
                "多了一个右花括号 }。请删去，或写成 \\}。", "there is a } without a {; delete it, or write \\}"
            )
        raise _Refused(
            "这里没有花括号和答案（只是说明文字）。请补上 {=对的 ~错的}，或删去。",
            "there are no braces with an answer here; add {=right ~wrong}, or delete it",
        )
    end = _bare(source, "}", start)
    if end is None:
        raise _Refused("花括号 { 没有配对的 }。请补上。", "a brace { is never closed; add the }", start)
    if _bare(source, "{", start + 1) is not None:
        raise _Refused(
            "一道题里有两处花括号。请在两道题之间空一行；一道题只能有一处答案。",
            "there are two pairs of braces; leave a blank line between questions, which have one answer each",
            start,
        )
    head = source[:start]
    title = re.match(r"\s*::((?:\\.|[^\\:]|:(?!:)){0,1000})::", head)
    words = _words(head[title.end() :] if title else head, start)
    rest = _words(source[end + 1 :], end)
    if rest:
        words = f"{words} ____ {rest}".strip()
    cells = _answers(source, start + 1, end) | {"text": words}
    cells |= _fitting(_told(block.meta), cells)
    if cells.get("story"):
        cells["text"] = clean(cells["text"].removeprefix(cells["story"]))
    place = Place(block.line)
    lines = {field: block.line + source.count("\n", 0, start) for field in ("answer", "option1", "option2")}
    hints = {"topic": re.split(r"[/:]", block.category)[-1].strip()} if block.category else {}
    said = {field: one for field, one in cells.items() if one}
    return Draft(place, said, lines=lines, hints=hints, last=block.last)


def _fitting(told: Mapping[str, str], cells: Mapping[str, str]) -> dict[str, str]:
    """Of a comment, what GIFT has no word for: never what is asked, chosen from and right.

    The two options of true and false are such: GIFT writes T and F.
    """
    fields = set(told) - set(cells) - {"text", "answer", *(f"option{n}" for n in range(1, OPTIONS + 1))}
    if cells["kind"] == "truefalse":
        fields |= {"option1", "option2"} & set(told)
    elif cells["kind"] == "single" and kind_named(told.get("kind", "")) == "case":
        fields.add("kind")
    return {field: told[field] for field in fields}


def _told(meta: str) -> dict[str, str]:
    """What a comment of ours says; nothing where somebody spoilt it."""
    try:
        found = strictjson.loads(meta.encode()) if meta else {}
    except (Problem, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {field: clean(one) for field, one in found.items() if field in FIELD and isinstance(one, str)}


def _bare(text: str, letter: str, start: int = 0) -> int | None:
    """Where a letter stands without a backslash before it."""
    place = start
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == letter:
            return place
        place += 1
    return None


def _words(text: str, offset: int) -> str:
    """Plain words of a piece: format mark, tags and backslashes taken away. Raises `_Refused` for a picture."""
    text = text.strip()
    if len(text) > _PIECE_LIMIT:
        raise _Refused("这一段太长，读不了。请缩短。", "this piece is too long to be read; shorten it", offset)
    mark = _FORMAT.match(text)
    if mark:
        text = text[mark.end() :]
    text = _ESCAPED.sub(lambda one: {"n": "\n"}.get(one[1], one[1] if one[1] in "~=#{}:\\" else one[0]), text)
    if (mark and mark[1].lower() == "html") or (not mark and _TAG.search(text)):
        if re.search(r"<img\b", text, re.IGNORECASE):
            raise _Refused(
                "题里嵌了图片，读不进来。请删去图片，或在内容包里做成看图题。",
                "a picture is embedded here and cannot be read; delete it, or make a picture question",
                offset,
            )
        text = _without_tags(text)
    return clean(text)


class _Tagless(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (its signature)
        if tag in ("p", "br", "div", "li", "tr"):
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _without_tags(text: str) -> str:
    text = _NO_TAG.sub("&lt;", text)
    parser = _Tagless()
    try:
        parser.feed(text)
        parser.close()
    except (AssertionError, ValueError):  # what html.parser says to <![x[
        return html.unescape(re.sub(r"<[^<>]*>", " ", text))
    return re.sub(r"\n\s*\n+", "\n", "".join(parser.words))


class _Answer(msgspec.Struct, frozen=True):
    words: str
    is_right: bool
    weight: float | None


def _answers(source: str, start: int, end: int) -> dict[str, str]:
    """kind, options, answer, explanation of what stands between the braces."""
    inside = source[start:end]
    general = re.search(r"(?<!\\)####", inside)
    explanation = _words(inside[general.end() :], start) if general else ""
    body = inside[: general.start()] if general else inside
    if not body.strip():
        raise _unsupported("问答题", "an essay", start)
    if body.strip().startswith("#"):
        raise _unsupported("数值题", "a numerical question", start)
    first, *feedback = re.split(r"(?<!\\)#", body)
    if narrow(first) in _TRUE + _FALSE:
        is_true = narrow(first) in _TRUE
        said = [_words(one, start) for one in feedback if one.strip()]
        return {"kind": "truefalse", "answer": "对" if is_true else "错", "explanation": explanation or "\n".join(said)}
    return _choice(body, start, explanation)


def _choice(body: str, start: int, explanation: str) -> dict[str, str]:
    pieces = list(re.finditer(r"[=~](?:\\.|[^\\=~])*", body, re.DOTALL))
    if not pieces or body[: pieces[0].start()].strip():
        raise _Refused(
            "花括号里看不懂：对的要以 = 开头，错的以 ~ 开头；判断写 T 或 F。文字里的 = ~ # { } 前面要加反斜杠。",
            "what stands in braces cannot be read; right ones begin with =, wrong ones with ~; or T, or F; "
            "in words, = ~ # { } take a backslash",
            start,
        )
    if len(pieces) > 10 * OPTIONS:
        raise _too_many(len(pieces), start)
    answers, told = [], []
    for piece in pieces:
        answer, feedback = _answer(piece[0], start + piece.start())
        answers.append(answer)
        told += [feedback] if feedback and answer.is_right else []
    if all(piece[0][0] == "=" for piece in pieces):
        if all("->" in answer.words for answer in answers):
            raise _unsupported("连线题", "a matching question", start)
        raise _unsupported("填空题", "a short answer", start)
    if len(answers) > OPTIONS:
        raise _too_many(len(answers), start)
    right = [n for n, answer in enumerate(answers) if answer.is_right]
    _check_weights(answers, start)
    cells = {f"option{n}": answer.words for n, answer in enumerate(answers, 1)}
    cells |= {"kind": "multiple" if len(right) > 1 else "single", "answer": "".join(LETTERS[n] for n in right)}
    return cells | {"explanation": explanation or "\n".join(told)}


def _too_many(count: int, offset: int) -> _Refused:
    return _Refused(
        f"有 {count} 个选项，最多 {OPTIONS} 个。请删去几个。",
        f"there are {count} options, and {OPTIONS} are the most; delete some",
        offset,
    )


def _answer(piece: str, offset: int) -> tuple[_Answer, str]:
    sign, said = piece[0], piece[1:].strip()
    weight = _WEIGHT.match(said)
    said, *feedback = re.split(r"(?<!\\)#", said[weight.end() :] if weight else said, maxsplit=1)
    share = float(weight[1]) if weight else None
    is_right = share > 0 if share is not None else sign == "="
    return _Answer(_words(said, offset), is_right, share), _words(feedback[0], offset) if feedback else ""


def _check_weights(answers: Iterable[_Answer], start: int) -> None:
    """Who is right is right: there are no half points here."""
    right = [answer for answer in answers if answer.is_right]
    shares = [100.0 if answer.weight is None else answer.weight for answer in right]
    if not right:
        raise _Refused("没有标出对的选项。请在对的前面写 =。", "no option is marked as right; write = before it", start)
    if len(right) > 1 and all(share == 100 for share in shares):
        raise _Refused(
            "有几个选项都得满分，分不清是单选还是多选。多选请写成 ~%50%…… ~%50%……。",
            "several options earn full marks; for a multiple choice write ~%50%… ~%50%…",
            start,
        )
    if not 95 <= sum(shares) <= 105:
        raise _Refused(
            "对的选项的百分比加起来不是 100：这里没有部分得分。请改正。",
            "the shares of the right options do not add up to 100; there are no half points here",
            start,
        )


def _unsupported(zh: str, en: str, offset: int) -> _Refused:
    return _Refused(
        f"这是{zh}，不能用。请改写成单选、多选或判断，或删去。",
        f"this is {en}, which cannot be used; make it a single or multiple choice, or true/false, or delete it",
        offset,
    )


# --- out ------------------------------------------------------------------------------------------


def write_gift(rows: Iterable[Mapping[str, str]]) -> str:
    return "\n".join(_one(cells, kind_named(cells["kind"])) for cells in rows)


def _one(cells: Mapping[str, str], kind: str) -> str:
    carried = {"text", "answer", "explanation", *(() if kind == "case" else ("kind",))}
    right = cells["answer"]
    if kind == "truefalse":
        body = "T" if right == "对" else "F"
    else:
        fields = [f"option{n}" for n in range(1, OPTIONS + 1) if f"option{n}" in cells]
        carried |= set(fields)
        share = f"{100 / len(right):.5f}".rstrip("0").rstrip(".")
        body = "".join(_option(cells[field], LETTERS[n] in right, kind, share) for n, field in enumerate(fields)) + "\n"
    told = strictjson.dumps({field: one for field, one in cells.items() if field not in carried}).decode()
    text = "\n\n".join(cells[field] for field in ("story", "text") if field in cells)
    head = f"{_META}{told}\n::{_escape(cells['id'])}::[plain]{_escape(text)}"
    return f"{head} {{{body}####{_escape(cells['explanation'])}}}\n"


def _option(words: str, is_right: bool, kind: str, share: str) -> str:
    needs_mark = _FORMAT.match(words) or _WEIGHT.match(words)
    said = f"[plain]{_escape(words)}" if needs_mark else _escape(words)
    if kind == "multiple":
        return f"\n~%{share if is_right else '-100'}%{said}"
    return f"\n{'=' if is_right else '~'}{said}"


def _escape(words: str) -> str:
    return re.sub(r"([~=#{}:\\])", r"\\\1", words).replace("\n", "\\n")
