"""What somebody typed → what it can be. Any text at all gives an answer."""

import re

import msgspec

from kiosk.codes import arithmetic, personal, writing
from kiosk.codes.catalogue import KINDS
from kiosk.codes.model import Finding, Kind, Part, Sign
from kiosk.packs.model import Text

_CHECKS = {
    "gtin": arithmetic.gtin,
    "upc_e": arithmetic.upc_e,
    "isbn10": arithmetic.isbn10,
    "mod_11_10": arithmetic.mod_11_10,
    "credit_code": arithmetic.credit_code,
    "vehicle": arithmetic.vehicle,
}
_ONLY = {
    arithmetic.DIGITS: Text("这里只能是数字", "only a digit can stand here"),
    arithmetic.DIGITS + "X": Text("这里只能是数字或 X", "only a digit or X can stand here"),
    arithmetic.CREDIT_SIGNS: Text("这种号码不用它", "such codes do not use it"),
    arithmetic.VEHICLE_SIGNS: Text("这种号码不用它", "such numbers do not use it"),
}
#: A day, as it is written on a packet.
_DAY = re.compile(r"[0-9]{4} ?[-/.年] ?[0-9]{1,2} ?[-/.月] ?[0-9]{1,2} ?日?")
#: Lines one can call, which now and then check as an ISBN of old.
_SERVICE_LINE = re.compile(r"[48]00[0-9]{7}")
_OTHER_ALPHABET = Text("里面有样子像英文字母、其实不是的字母。", "It holds letters that only look like Latin ones.")


class Reading(msgspec.Struct, frozen=True):
    """`is_personal`: what was typed may be a person's own number; then nothing more is said of it."""

    is_personal: bool
    findings: tuple[Finding, ...] = ()


def read(text: str) -> Reading:
    """Everything `text` can be, what is right first; nothing where it is none of our kinds. Raises nothing."""
    if personal.is_personal(text):
        return Reading(is_personal=True)
    typed = writing.tidy(text)
    label, code = writing.label_of(typed), writing.without_label(typed)
    latin = writing.in_latin(code)
    found = [finding for kind in KINDS if (finding := _look(kind, latin)) is not None]
    found = [_weighed(one, label) for one in found if not _is_something_else(one, label, text)]
    if latin != code:
        found = [_in_other_letters(one, latin) for one in found]
    if not any(one.form for one in found) and personal.hides(text):
        return Reading(is_personal=True)
    return Reading(is_personal=False, findings=tuple(_kept(found)))


def _is_something_else(one: Finding, label: str, text: str) -> bool:
    """Whether digits of the right length are more likely a day or a telephone."""
    if one.kind.id in ("ean-8", "upc-e"):
        day = _DAY.fullmatch(writing.in_one_width(text).strip())
        is_other = label.startswith("UPC") != (one.kind.id == "upc-e")
        return day is not None or (is_other and not one.is_right)
    if one.kind.id == "isbn-10" and not label.startswith("ISBN"):
        return not one.is_right or _SERVICE_LINE.fullmatch(one.code) is not None
    return False


def _weighed(one: Finding, label: str) -> Finding:
    """Nobody said that eight digits are a barcode: where they do not check, they may well be none."""
    if one.kind.id == "ean-8" and one.check is False and not label:
        return msgspec.structs.replace(one, is_open=True)
    return one


def _look(kind: Kind, code: str) -> Finding | None:
    """`code` as one of this kind; None where nothing speaks for it."""
    head = re.match(kind.head, code) if kind.head else None
    notes: tuple[Text, ...] = ()
    if head is None:
        if not kind.bare or not any(re.fullmatch(kind.bare, form) for form in _readings(code)):
            return None
        if kind.own_head:
            notes = (Text(f"前面应有“{kind.own_head}”，这里补上了。", "What stands before the number was added here."),)
        code, start = kind.own_head + code, len(kind.own_head) + _letters_before(kind, code)
    else:
        start = head.end()
    finding = _judge(kind, code, start, notes)
    return None if notes and not finding.is_right else finding


def _judge(kind: Kind, code: str, start: int, notes: tuple[Text, ...]) -> Finding:
    """`start`: where the body begins."""
    allowed = [sign in _signs_at(kind, n - start) for n, sign in enumerate(code)]
    faults = _wrong_signs(kind, code, start) + _wrong_length(kind, code, start)
    cut = re.fullmatch(kind.layout, code)
    faults += _more_faults(kind, code) if not faults else []
    if faults or cut is None:
        return Finding(
            kind=kind,
            code=code,
            form=False,
            check=None,
            signs=tuple(Sign(sign, n >= start and not allowed[n]) for n, sign in enumerate(code)),
            faults=tuple(faults),
            notes=notes,
            is_open=kind.id == "food-maker" and start == 2 and arithmetic.mod_11_10(code[2:]),
            suggestion=_repaired(kind, code, start),
        )
    groups = [group for group in cut.groups() if group is not None]
    parts = [
        Part(text, caption, n == kind.check_part)
        for n, (text, caption) in enumerate(zip(groups, kind.captions, strict=True))
        if text
    ]
    body = code[start:]
    check = _CHECKS[kind.check](body) if kind.check else None
    return Finding(
        kind=kind, code=code, form=True, check=check, parts=tuple(parts), notes=notes + _notes(kind, code, check)
    )


def _readings(code: str) -> list[str]:
    """The code as typed, and with digits for letters like them if most of it is digits anyway."""
    if sum(sign.isdigit() for sign in code) * 2 < len(code) or code[:1] not in "0123456789OIL":
        return [code]
    return [code, code.translate(writing.DIGIT_FOR), code[:-1].translate(writing.DIGIT_FOR) + code[-1:]]


def _letters_before(kind: Kind, code: str) -> int:
    """Letters of the head that were typed although its words were not."""
    return len(code) - kind.lengths[0] if kind.own_head and not kind.check else 0


def _signs_at(kind: Kind, place: int) -> str:
    """What can stand at a place of the body."""
    if kind.id == "isbn-10" and place < 9:
        return arithmetic.DIGITS
    if kind.id == "credit-code" and 2 <= place < 8:
        return arithmetic.DIGITS
    return kind.signs


def _wrong_signs(kind: Kind, code: str, start: int) -> list[Text]:
    found = []
    for n, sign in enumerate(code[start:]):
        signs = _signs_at(kind, n)
        if sign not in signs:
            only = _ONLY[signs]
            place = start + n + 1
            zh, en = _named(sign)
            found.append(Text(f"第 {place} 个字符是{zh}：{only.zh}。", f"Character {place} is {en}: {only.en}."))
    return found[:3]


def _named(sign: str) -> tuple[str, str]:
    if sign.isascii() and sign.isalpha():
        return f"字母 {sign}", f"the letter {sign}"
    if sign.isascii() and sign.isprintable():
        return f"“{sign}”", f"“{sign}”"
    return (f"“{sign}”" if "\u4e00" <= sign <= "\u9fff" else "别的字"), "some other sign"


def _wrong_length(kind: Kind, code: str, start: int) -> list[Text]:
    there = len(code) - start
    if there in kind.lengths:
        return []
    wanted = (" 或 ".join(map(str, kind.lengths)), " or ".join(map(str, kind.lengths)))
    if start:
        return [
            Text(
                f"前面的字后面应有 {wanted[0]} 位，这里是 {there} 位。",
                f"After its beginning there are {wanted[1]} characters, here {there}.",
            )
        ]
    return [Text(f"应有 {wanted[0]} 位，这里是 {there} 位。", f"It has {wanted[1]} characters, here {there}.")]


def _more_faults(kind: Kind, code: str) -> list[Text]:
    """What a layout alone would not put in words."""
    if kind.id == "food-maker" and code[2:3] not in ("1", "2"):
        faults = [Text("SC 后面的第一位，常见的是 1 或 2。", "The first digit after SC is usually 1 or 2.")]
        if not arithmetic.mod_11_10(code[2:]):
            faults.append(Text("校验码也对不上。", "The check digit does not agree either."))
        return faults
    if kind.id == "device":
        return _device_faults(code)
    return []


def _device_faults(code: str) -> list[Text]:
    cut = re.match(r"(.)械注([准进许])20[0-9]{2}([0-9])", code)
    if cut is None:
        return [
            Text(
                "要有“国”或省份简称，“准”“进”“许”中的一个字，还有 20 开头的年份。",
                "It has the state or a province, the word for how it was admitted, and a year that begins with 20.",
            )
        ]
    place, way, grade = cut.groups()
    if grade not in "23":
        return [Text("年份后面的类别只能是 2 或 3。", "The class after the year is 2 or 3.")]
    if way == "准" and (place == "国") != (grade == "3"):
        return [
            Text(
                "类别和字头对不上：境内第三类用“国”字，第二类用省份简称。",
                "Class and beginning do not agree: of devices made on the mainland class three has the state, class "
                "two a province.",
            )
        ]
    if way == "进" and place != "国":
        return [Text("进口的应该用“国”字。", "An imported one has the state at its beginning.")]
    return []


def _notes(kind: Kind, code: str, check: bool | None) -> tuple[Text, ...]:
    if kind.id == "vehicle" and check is False:
        return (
            Text(
                "可能有一位抄错了。有些进口车不用第 9 位来校验，所以只有这一项不对，不等于车是假的。",
                "A character may be wrong. Some imported cars do not use character 9 as a check, so this alone does "
                "not make a car a fake.",
            ),
        )
    if kind.id == "credit-code" and check and not arithmetic.subject_code(code[8:17]):
        return (
            Text(
                "第 9–17 位里面还有一位自己的校验码，那一位对不上：请对着执照再看一遍。",
                "Characters 9–17 have a check of their own, and it does not agree: look at the licence again.",
            ),
        )
    if kind.id == "ean-13" and code.startswith("9790"):
        return (
            Text(
                "979-0 开头的不是书号，是乐谱的编号（ISMN）。",
                "A number that begins 979-0 is no ISBN but an ISMN, of printed music.",
            ),
        )
    if kind.id == "upc-a" and check is False:
        return (Text("13 位的条码少抄一位，也会是 12 位。", "A barcode of 13 digits with one left out has 12, too."),)
    return ()


def _repaired(kind: Kind, code: str, start: int) -> str:
    """The code with look-alikes read as what can stand there, if that makes one of the right form; else ""."""
    body = "".join(
        sign if sign in _signs_at(kind, n) else sign.translate(writing.DIGIT_FOR) for n, sign in enumerate(code[start:])
    )
    repaired = code[:start] + body
    if repaired == code or personal.is_personal(repaired):
        return ""
    return repaired if re.fullmatch(kind.layout, repaired) else ""


def _in_other_letters(one: Finding, latin: str) -> Finding:
    suggestion = one.suggestion or (latin if one.form else "")
    signs = one.signs or tuple(Sign(sign, is_wrong=False) for sign in one.code)
    return msgspec.structs.replace(
        one,
        form=False,
        check=None,
        parts=(),
        signs=signs,
        faults=(_OTHER_ALPHABET, *one.faults),
        notes=(),
        suggestion=suggestion,
    )


def _kept(found: list[Finding]) -> list[Finding]:
    """What is worth telling: what is right before what is wrong, and nothing that is only far-fetched."""
    right = [one for one in found if one.is_right]
    if right and any(not one.notes for one in right):
        kept = right
    else:  # digits that make a licence only with letters nobody typed: what else they may be is told, too
        kept = right + [one for one in found if not one.is_right]
    ids = {one.kind.id for one in kept}
    if any(one.kind.head for one in kept):  # its beginning says what it is meant to be
        kept = [one for one in kept if one.kind.head or one.form]
    if "isbn-13" in ids:  # a book's number is a barcode by the same arithmetic
        kept = [one for one in kept if one.kind.id != "ean-13"]
    if "credit-code" in ids:
        kept = [one for one in kept if one.kind.id != "vehicle" or one.check]
    return kept
