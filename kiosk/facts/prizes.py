"""Prizes: what lies at the desk, vouchers issued, redeemed and run out."""

import hashlib
from typing import Annotated

import msgspec

from kiosk import crockford
from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, Slug, derived_id

VoucherCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\Z")]


@kind("prize.stocked")
class PrizeStocked(Body, frozen=True):
    """A volunteer counted what lies at the desk; negative where some was taken away."""

    prize: Slug
    n: Annotated[int, msgspec.Meta(ge=-10_000, le=10_000)]


@kind("prize.issued")
class PrizeIssued(Body, frozen=True):
    """A voucher was shown to a visitor. Its code follows from this fact's id."""

    prize: Slug
    session: Id  # the play that earned it
    code: VoucherCode


@kind("prize.redeemed")
class PrizeRedeemed(Body, frozen=True):
    """The prize is in the visitor's hand. The fact's id follows from the voucher's: there can be only one."""

    prize: Slug
    voucher: Id  # the fact that issued it
    hand: Id  # made with the page the volunteer touched: the same touch again is the same fact


@kind("prize.expired")
class PrizeExpired(Body, frozen=True):
    """A voucher that nobody brought on its day. Its id, too, follows from the voucher's."""

    prize: Slug
    voucher: Id


def code_of(voucher: str) -> str:
    """The short code of a voucher: seven symbols and one to check them, e.g. `7KQ2-M0ZR`."""
    turns = (b"kiosk/voucher/1\0" + bytes([turn]) + bytes.fromhex(voucher) for turn in range(256))
    numbers = (int.from_bytes(hashlib.sha256(turn).digest()[:5]) >> 5 for turn in turns)
    return crockford.write_checked(numbers, 8)


def normal_code(typed: str) -> str | None:
    """What a person typed as a voucher's code, or None when it cannot be one."""
    return crockford.normal_checked(typed, 8)


def voucher_id(session: str) -> str:
    """The id of the fact that issues the voucher of a play: a play earns one, however often it is asked for."""
    return derived_id(b"kiosk/prize/1", session)


def end_id(voucher: str) -> str:
    """The id of the fact that ends a voucher, redeemed or expired: it ends once."""
    return derived_id(b"kiosk/prize/end/1", voucher)
