"""Check characters, as plain arithmetic over text of the right form. What is not of that form does not check."""

#: The characters of a unified social credit code, in the order of their values.
CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
#: The characters of a vehicle identification number.
VEHICLE_SIGNS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
DIGITS = "0123456789"

_VEHICLE_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
_VEHICLE_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_SUBJECT_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def gtin(code: str) -> bool:
    """The barcodes of goods and ISBN-13: from the right every second digit counts three times; ten divides the sum."""
    return is_digits(code) and sum(int(sign) * (3 if n % 2 else 1) for n, sign in enumerate(reversed(code))) % 10 == 0


def upc_e(code: str) -> bool:
    """Eight digits, 0 or 1 first, that stand for the twelve of a UPC with its run of noughts left out."""
    if len(code) != 8 or not is_digits(code) or code[0] not in "01":
        return False
    body, last = code[1:6], code[6]
    if last in "012":
        maker, goods = body[:2] + last + "00", "00" + body[2:]
    elif last == "3":
        maker, goods = body[:3] + "00", "000" + body[3:]
    elif last == "4":
        maker, goods = body[:4] + "0", "0000" + body[4:]
    else:
        maker, goods = body, "0000" + last
    return gtin(code[0] + maker + goods + code[7])


def isbn10(code: str) -> bool:
    """The first sign ten times, the next nine times, … the last once, X for ten: eleven divides the sum."""
    if len(code) != 10 or not is_digits(code[:9]) or code[9] not in DIGITS + "X":
        return False
    values = [int(sign) for sign in code[:9]] + [10 if code[9] == "X" else int(code[9])]
    return sum(value * (10 - n) for n, value in enumerate(values)) % 11 == 0


def mod_11_10(code: str) -> bool:
    """ISO 7064 MOD 11,10, of digits; the last one checks."""
    if len(code) < 2 or not is_digits(code):
        return False
    carried = 10
    for sign in code[:-1]:
        carried = ((carried + int(sign)) % 10 or 10) * 2 % 11
    return (carried + int(code[-1])) % 10 == 1


def credit_code(code: str) -> bool:
    """The 18th character of a unified social credit code: 31 divides the sum of values times powers of three."""
    if len(code) != 18 or any(sign not in CREDIT_SIGNS for sign in code):
        return False
    values = [CREDIT_SIGNS.index(sign) for sign in code]
    return (sum(value * pow(3, n, 31) for n, value in enumerate(values[:17])) + values[17]) % 31 == 0


def subject_code(code: str) -> bool:
    """The nine characters 9 to 17 of a unified social credit code; the last of them checks."""
    if len(code) != 9 or not code.isascii() or not code.isalnum() or code != code.upper():
        return False
    rest = sum(int(sign, 36) * weight for sign, weight in zip(code, _SUBJECT_WEIGHTS, strict=False)) % 11
    return code[8] == {10: "X", 11: "0"}.get(11 - rest, str(11 - rest))


def vehicle(code: str) -> bool:
    """The ninth character of a vehicle identification number, X for ten."""
    if len(code) != 17 or any(sign not in VEHICLE_SIGNS for sign in code):
        return False
    values = [_VEHICLE_VALUES.get(sign) or int(sign) for sign in code]
    rest = sum(value * weight for value, weight in zip(values, _VEHICLE_WEIGHTS, strict=True)) % 11
    return code[8] == ("X" if rest == 10 else str(rest))


def resident(code: str) -> bool:
    """The 18th character of a resident's number, by ISO 7064 MOD 11-2: known here to refuse such numbers."""
    if len(code) != 18 or not is_digits(code[:17]) or code[17] not in DIGITS + "X":
        return False
    return "10X98765432"[sum(int(sign) * pow(2, 17 - n, 11) for n, sign in enumerate(code[:17])) % 11] == code[17]


def luhn(code: str) -> bool:
    """As on bank cards: known here to refuse them."""
    if len(code) < 2 or not is_digits(code):
        return False
    doubled = (int(sign) * (2 if n % 2 else 1) for n, sign in enumerate(reversed(code)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
