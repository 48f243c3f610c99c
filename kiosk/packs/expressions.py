"""Conditions and calculations of a survey: the part of XPath that XLSForms use.

`parse` turns a formula into a chain of small functions; nothing of it is ever run as Python. Everything is bounded:
letters, nesting, the length of texts that arise, and patterns (see `patterns`). Values are texts, numbers and truths,
and are compared as ODK does: an answer that is not there is "", where one side is a number both are taken as numbers.
A day is its text, `2027-03-15`; as a number it is the days since 1970.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from kiosk.packs.model import Text
from kiosk.packs.patterns import Pattern, PatternError

Value = str | float | bool
#: What `evaluate` is given for a name: a list is what was chosen of several.
Given = str | float | bool | Sequence[str]

#: Characters of a formula, brackets within brackets, characters of any text that a formula makes.
FORMULA_LIMIT, DEPTH_LIMIT, STRING_LIMIT = 1_000, 40, 2_000
_EPOCH = date(1970, 1, 1)


class FaultError(Exception):
    """A formula that cannot be read: why, and at which of its letters, from 0."""

    def __init__(self, message: Text, at: int) -> None:
        super().__init__(message.en)
        self.message, self.at = message, at


@dataclass(slots=True)  # not frozen, which would take thrice as long: one is made for each choice that is filtered
class _Scope:
    """What a formula may look at."""

    values: Mapping[str, Given]
    columns: Mapping[str, str]
    this: Value
    today: date


_Node = Callable[[_Scope], Value]


@dataclass(frozen=True)
class Expression:
    """A formula that was read."""

    text: str
    names: frozenset[str]  # of questions, as in ${name}
    columns: frozenset[str]  # bare words, which only a choice filter may have
    is_about_this: bool  # whether it looks at `.`, the answer itself
    places: int  # of its patterns: how long these take to be matched
    node: _Node


def evaluate(
    expression: Expression,
    values: Mapping[str, Given],
    this: Value,
    today: date,
    columns: Mapping[str, str] | None = None,
) -> Value:
    """What it comes to. `values`: name → answer, "" where there is none; `columns`: of the choice that is looked at."""
    return expression.node(_Scope(values, columns or {}, this, today))


def holds(
    expression: Expression,
    values: Mapping[str, Given],
    this: Value,
    today: date,
    columns: Mapping[str, str] | None = None,
) -> bool:
    return to_bool(evaluate(expression, values, this, today, columns))


# --- values ---------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T[0-9:.+Z-]{1,30})?")


def to_number(value: Value) -> float:
    """NaN where a text is neither a number nor a day."""
    if isinstance(value, (bool, float, int)):
        return float(value)
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    day = _day_of(text)
    return math.nan if day is None else float((day - _EPOCH).days)


def _day_of(text: str) -> date | None:
    parts = _DAY.fullmatch(text)
    try:
        return date(int(parts[1]), int(parts[2]), int(parts[3])) if parts else None
    except ValueError:
        return None


def to_text(value: Value) -> str:
    """2.0 is 2."""
    if isinstance(value, str):
        return value[:STRING_LIMIT]
    if isinstance(value, bool):
        return "true" if value else "false"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def to_bool(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value != ""
    return value != 0 and not math.isnan(value)


def _equal(one: Value, two: Value) -> bool:
    if isinstance(one, bool) or isinstance(two, bool):
        words = {"true", "false"}
        if (isinstance(one, str) and one in words) or (isinstance(two, str) and two in words):
            return to_text(one) == to_text(two)  # a calculation that came to a truth, compared with 'true'
        return to_bool(one) == to_bool(two)
    if isinstance(one, str) and isinstance(two, str):
        return one == two
    return to_number(one) == to_number(two)


def _quotient(one: float, two: float) -> float:
    if two == 0:
        return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one) * math.copysign(1, two)
    return one / two


def _remainder(one: float, two: float) -> float:
    try:
        return math.fmod(one, two)
    except ValueError:
        return math.nan


_OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "=": _equal,
    "!=": lambda one, two: not _equal(one, two),
    "<": lambda one, two: to_number(one) < to_number(two),
    "<=": lambda one, two: to_number(one) <= to_number(two),
    ">": lambda one, two: to_number(one) > to_number(two),
    ">=": lambda one, two: to_number(one) >= to_number(two),
    "+": lambda one, two: to_number(one) + to_number(two),
    "-": lambda one, two: to_number(one) - to_number(two),
    "*": lambda one, two: to_number(one) * to_number(two),
    "div": lambda one, two: _quotient(to_number(one), to_number(two)),
    "mod": lambda one, two: _remainder(to_number(one), to_number(two)),
}
#: What binds least first.
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",), ("and",), ("=", "!="), ("<=", ">=", "<", ">"), ("+", "-"), ("*", "div", "mod"),
)  # fmt: skip


# --- functions ------------------------------------------------------------------------------------


def _integer(value: float) -> float:
    return float(math.trunc(value)) if math.isfinite(value) else value


def _rounded(value: float, digits: float = 0.0) -> float:
    if not math.isfinite(value) or not abs(digits) <= 15:
        return value
    scale = 10.0 ** int(digits)
    scaled = value * scale
    return math.floor(scaled + 0.5) / scale if math.isfinite(scaled) else value


def _power(base: float, exponent: float) -> float:
    try:
        return float(math.pow(base, exponent))
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _as_day(value: Value) -> str:
    if isinstance(value, str) and (day := _day_of(value.strip())):
        return day.isoformat()
    number = to_number(value)
    try:
        return (_EPOCH + timedelta(days=math.floor(number))).isoformat() if math.isfinite(number) else ""
    except OverflowError:
        return ""


def _written_day(value: Value, form: str) -> str:
    day = _day_of(_as_day(value))
    if day is None:
        return ""
    parts = {"Y": f"{day.year:04}", "y": f"{day.year % 100:02}", "m": f"{day.month:02}", "n": str(day.month),
             "d": f"{day.day:02}", "e": str(day.day), "H": "00", "h": "0", "M": "00", "S": "00"}  # fmt: skip
    return re.sub(r"%(.)", lambda found: parts.get(found[1], ""), form)


def _piece(text: str, start: float, end: float = math.inf) -> str:
    """As `substr` counts: from 0, the end left out, negative ones from the end."""
    if math.isnan(start) or math.isnan(end):
        return ""
    low, high = (int(max(-STRING_LIMIT, min(STRING_LIMIT, one))) for one in (start, end))
    return text[low:high]


def _chosen(value: str, place: float) -> str:
    codes = value.split()
    return codes[int(place)] if 0 <= place < len(codes) else ""


def _translated(text: str, old: str, new: str) -> str:
    table: dict[int, str | None] = {}
    for place, letter in enumerate(old):
        table.setdefault(ord(letter), new[place] if place < len(new) else None)
    return text.translate(table)


def _extreme(choose: Callable[[Sequence[float]], float], numbers: Sequence[float]) -> float:
    return math.nan if any(math.isnan(one) for one in numbers) else choose(numbers)


#: name → how many arguments (least, most; None: any number), and what is done with them.
_FUNCTIONS: dict[str, tuple[int, int | None, Callable[..., Value]]] = {
    "selected": (2, 2, lambda a, b: to_text(b).strip() in to_text(a).split()),
    "selected-at": (2, 2, lambda a, b: _chosen(to_text(a), to_number(b))),
    "count-selected": (1, 1, lambda a: float(len(to_text(a).split()))),
    "coalesce": (1, None, lambda *all_: next((one for one in all_ if to_text(one) != ""), "")),
    "string-length": (1, 1, lambda a: float(len(to_text(a)))),
    "concat": (0, None, lambda *all_: "".join(to_text(one) for one in all_)[:STRING_LIMIT]),
    "number": (1, 1, to_number),
    "int": (1, 1, lambda a: _integer(to_number(a))),
    "round": (1, 2, lambda a, b=0.0: _rounded(to_number(a), to_number(b))),
    "abs": (1, 1, lambda a: abs(to_number(a))),
    "pow": (2, 2, lambda a, b: _power(to_number(a), to_number(b))),
    "string": (1, 1, to_text),
    "boolean": (1, 1, to_bool),
    "boolean-from-string": (1, 1, lambda a: to_text(a) in ("true", "1")),
    "not": (1, 1, lambda a: not to_bool(a)),
    "true": (0, 0, lambda: True),
    "false": (0, 0, lambda: False),
    "date": (1, 1, _as_day),
    "date-time": (1, 1, _as_day),
    "decimal-date-time": (1, 1, to_number),
    "format-date": (2, 2, lambda a, b: _written_day(a, to_text(b))),
    "format-date-time": (2, 2, lambda a, b: _written_day(a, to_text(b))),
    "min": (1, None, lambda *all_: _extreme(min, [to_number(one) for one in all_])),
    "max": (1, None, lambda *all_: _extreme(max, [to_number(one) for one in all_])),
    "contains": (2, 2, lambda a, b: to_text(b) in to_text(a)),
    "starts-with": (2, 2, lambda a, b: to_text(a).startswith(to_text(b))),
    "ends-with": (2, 2, lambda a, b: to_text(a).endswith(to_text(b))),
    "substr": (2, 3, lambda a, b, c=math.inf: _piece(to_text(a), to_number(b), to_number(c))),
    "substring-before": (2, 2, lambda a, b: to_text(a).partition(to_text(b))[0] if to_text(b) in to_text(a) else ""),
    "substring-after": (2, 2, lambda a, b: to_text(a).partition(to_text(b))[2] if to_text(b) else to_text(a)),
    "normalize-space": (1, 1, lambda a: " ".join(to_text(a).split())),
    "translate": (3, 3, lambda a, b, c: _translated(to_text(a), to_text(b), to_text(c))),
}
#: Those that look at more than their arguments; the parser makes them.
_SPECIAL = {"if": (3, 3), "regex": (2, 2), "once": (1, 1), "today": (0, 0), "now": (0, 0)}
#: What others know and a tablet cannot do: said as such, not as a misspelt name.
_REFUSED = frozenset(
    {"jr:choice-name", "jr:itext", "pulldata", "indexed-repeat", "position", "sum", "count", "count-non-empty", "join",
     "instance", "current", "random", "randomize", "uuid", "digest", "area", "distance", "enclosed-area", "geofence",
     "checklist", "weighted-checklist", "last", "id", "property", "version", "thousands-sep", "exp", "exp10", "log",
     "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "pi", "base64-decode", "intersects",
     "format-number", "depend", "relevant"}
)  # fmt: skip


# --- reading --------------------------------------------------------------------------------------

_NARROW = str.maketrans("（），＝！＜＞＋－＊．｛｝＄０１２３４５６７８９", "(),=!<>+-*.{}$0123456789")
_QUOTES = {"'": "'", '"': '"', "“": '””“"', "‘": "’‘'", "”": "”", "’": "’"}
_REFERENCE = re.compile(r"\$\{\s*([^}]{1,100}?)\s*\}")
_NAME = re.compile(r"[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?|[^\W\d][\w.-]*")
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_SYMBOLS = ("!=", "<=", ">=", "=", "<", ">", "+", "-", "*", "(", ")", ",", ".")
_WORDS = ("or", "and", "div", "mod")


@dataclass(frozen=True)
class _Token:
    kind: str  # number, string, reference, name, symbol, end
    text: str
    at: int


def _tokens(formula: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(formula):
        letter = formula[at]
        if letter.isspace() or letter in "\u200b\ufeff":
            at += 1
            continue
        token, at = _token(formula, at)
        found.append(token)
    return [*found, _Token("end", "", len(formula))]


def _token(formula: str, at: int) -> tuple[_Token, int]:
    letter = formula[at]
    if letter in _QUOTES:
        end = next((n for n in range(at + 1, len(formula)) if formula[n] in _QUOTES[letter]), -1)
        if end < 0:
            raise FaultError(Text("引号没有配对。", "a quotation mark is not closed"), at)
        return _Token("string", formula[at + 1 : end], at), end + 1
    narrow = formula[at : at + 120].translate(_NARROW)
    if narrow.startswith("$"):
        reference = _REFERENCE.match(narrow)
        if reference is None:
            raise FaultError(Text("引用题目要写成 ${题名}。", "a question is referred to as ${name}"), at)
        return _Token("reference", formula[at + reference.start(1) : at + reference.end(1)], at), at + reference.end()
    for kind, pattern in (("number", _DIGITS), ("name", _NAME)):
        found = pattern.match(narrow if kind == "number" else formula, 0 if kind == "number" else at)
        if found:
            return _Token(kind, found[0], at), at + len(found[0])
    if narrow.startswith(".."):
        raise _paths(at)
    symbol = next((one for one in _SYMBOLS if narrow.startswith(one)), "")
    if not symbol:
        raise _paths(at) if letter in "/[]@|" else _unexpected(letter, at)
    return _Token("symbol", symbol, at), at + len(symbol)


def _paths(at: int) -> FaultError:
    return FaultError(
        Text("不能用路径（/、..、[ ]），请写成 ${题名}。", "paths (/, .., [ ]) cannot be used; write ${name}"), at
    )


def _unexpected(words: str, at: int) -> FaultError:
    if not words:
        return FaultError(Text("式子没有写完。", "the formula is not finished"), at)
    return FaultError(Text(f"这里的“{words[:40]}”看不懂。", f"“{words[:40]}” is not understood here"), at)


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read a formula. Raises `FaultError`."""
    if len(text) > FORMULA_LIMIT:
        message = f"the formula has more than {FORMULA_LIMIT} characters"
        raise FaultError(Text(f"式子超过 {FORMULA_LIMIT} 个字符。", message), FORMULA_LIMIT)
    return _Parser(text).whole()


class _Parser:
    """Recursive descent, a method for each kind of piece; a chain of equals is a loop, so only brackets go deeper."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._next, self._depth = text, _tokens(text), 0, 0
        self._names: set[str] = set()
        self._columns: set[str] = set()
        self._is_about_this = False
        self._places = 0

    def whole(self) -> Expression:
        node = self._level(0)
        if self._now.kind != "end":
            raise _unexpected(self._now.text, self._now.at)
        return Expression(
            self._text, frozenset(self._names), frozenset(self._columns), self._is_about_this, self._places, node
        )

    @property
    def _now(self) -> _Token:
        return self._tokens[self._next]

    def _advance(self) -> _Token:
        token = self._now
        self._next += 1
        return token

    def _take(self, symbol: str) -> bool:
        if self._now.kind == "symbol" and self._now.text == symbol:
            self._next += 1
            return True
        return False

    def _operator(self, among: tuple[str, ...]) -> str:
        token = self._now
        is_operator = token.kind == "symbol" or (token.kind == "name" and token.text.lower() in _WORDS)
        word = token.text.lower()
        if is_operator and word in among:
            self._next += 1
            return word
        return ""

    def _level(self, level: int) -> _Node:
        if level == len(_LEVELS):
            return self._signed()
        first, rest = self._level(level + 1), list[tuple[str, _Node]]()
        while operator := self._operator(_LEVELS[level]):
            rest.append((operator, self._level(level + 1)))
        return _chain(first, rest) if rest else first

    def _signed(self) -> _Node:
        is_negative, is_signed = False, False
        while self._take("-"):
            is_negative, is_signed = not is_negative, True
        node = self._piece()
        if not is_signed:
            return node
        return lambda scope: -to_number(node(scope)) if is_negative else to_number(node(scope))

    def _piece(self) -> _Node:
        token = self._advance()
        match token.kind, token.text:
            case "number", digits:
                number = float(digits)
                return lambda _: number
            case "string", words:
                return lambda _: words
            case "reference", name:
                self._names.add(name)
                return lambda scope: _value_of(scope, name)
            case "symbol", ".":
                self._is_about_this = True
                return lambda scope: scope.this
            case "symbol", "(":
                return self._bracketed(token.at)
            case "name", name if self._take("("):
                return self._call(name, token.at)
            case "name", name:
                self._columns.add(name)
                return lambda scope: scope.columns.get(name, "")
        raise _unexpected(token.text, token.at)

    def _deeper(self, at: int) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise FaultError(Text("括号套得太深。", "brackets are nested too deeply"), at)

    def _bracketed(self, at: int) -> _Node:
        self._deeper(at)
        node = self._level(0)
        if not self._take(")"):
            raise FaultError(Text("少了一个右括号 )。", "a closing bracket ) is missing"), self._now.at)
        self._depth -= 1
        return node

    def _arguments(self, at: int) -> list[_Node]:
        self._deeper(at)
        found: list[_Node] = []
        if not self._take(")"):
            found.append(self._level(0))
            while self._take(","):
                found.append(self._level(0))
            if not self._take(")"):
                raise FaultError(Text("少了一个右括号 )。", "a closing bracket ) is missing"), self._now.at)
        self._depth -= 1
        return found

    def _call(self, name: str, at: int) -> _Node:
        first = self._next
        arguments = self._arguments(at)
        known = _SPECIAL.get(name) or (_FUNCTIONS[name][:2] if name in _FUNCTIONS else None)
        if known is None:
            raise _unknown_function(name, at)
        least, most = known
        if len(arguments) < least or (most is not None and len(arguments) > most):
            raise _wrong_count(name, least, most, at)
        if name in _SPECIAL:
            return self._special(name, arguments, first, at)
        function = _FUNCTIONS[name][2]
        return lambda scope: function(*[argument(scope) for argument in arguments])

    def _special(self, name: str, arguments: list[_Node], first: int, at: int) -> _Node:
        match name:
            case "if":
                condition, then, other = arguments
                return lambda scope: then(scope) if to_bool(condition(scope)) else other(scope)
            case "once":
                self._is_about_this = True
                value = arguments[0]
                return lambda scope: scope.this if to_text(scope.this) else value(scope)
            case "regex":
                return _matching(arguments[0], self._literal(first, at))
        return lambda scope: scope.today.isoformat()

    def _literal(self, first: int, at: int) -> Pattern:
        """The pattern that is the last argument of the call whose arguments begin at `first`."""
        token = self._tokens[self._next - 2]
        if token.kind != "string" or self._tokens[self._next - 3].text != "," or self._next - 3 <= first:
            message = Text(
                "regex 的匹配式要直接写在引号里。", "the pattern of regex has to stand there in quotation marks"
            )
            raise FaultError(message, at)
        try:
            pattern = Pattern(token.text)
        except PatternError as error:
            raise FaultError(Text(error.zh, error.en), token.at) from None
        self._places += pattern.places
        return pattern


def _unknown_function(name: str, at: int) -> FaultError:
    if name in _REFUSED:
        return FaultError(Text(f"平板上不能用函数 {name}()。", f"the function {name}() cannot be used on a tablet"), at)
    return FaultError(Text(f"没有函数 {name[:40]}()。", f"there is no function {name[:40]}()"), at)


def _wrong_count(name: str, least: int, most: int | None, at: int) -> FaultError:
    if most is None:
        zh, en = f"至少 {least}", f"at least {least}"
    else:
        zh = en = str(least) if least == most else f"{least}–{most}"
    return FaultError(Text(f"函数 {name}() 应有{zh} 个参数。", f"the function {name}() takes {en} arguments"), at)


def _matching(value: _Node, pattern: Pattern) -> _Node:
    return lambda scope: pattern.matches(to_text(value(scope)))


def _value_of(scope: _Scope, name: str) -> Value:
    value = scope.values.get(name, "")
    return value if isinstance(value, (str, bool, float, int)) else " ".join(value)


def _chain(first: _Node, rest: Sequence[tuple[str, _Node]]) -> _Node:
    if rest[0][0] in ("or", "and"):
        nodes = [first, *(node for _, node in rest)]
        if rest[0][0] == "or":
            return lambda scope: any(to_bool(node(scope)) for node in nodes)
        return lambda scope: all(to_bool(node(scope)) for node in nodes)
    steps = [(_OPERATORS[operator], node) for operator, node in rest]

    def run(scope: _Scope) -> Value:
        value = first(scope)
        for operator, node in steps:
            value = operator(value, node(scope))
        return value

    return run
