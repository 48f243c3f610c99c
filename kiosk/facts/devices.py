"""Tablets joining a fair and leaving it, as the hub writes it down. The envelope's `by` says who decided."""

from typing import Annotated

import msgspec

from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, Slug

#: Why, in a few words; never a person's name.
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@kind("device.enrolled")
class DeviceEnrolled(Body, frozen=True):
    device: Id
    journal: Id
    desk: Slug


@kind("device.confirmed")
class DeviceConfirmed(Body, frozen=True):
    """A named person saw the same six digits on both screens."""

    device: Id


@kind("device.revoked")
class DeviceRevoked(Body, frozen=True):
    """Lost, stolen, not to be trusted: nothing after the cut-off counts."""

    device: Id
    cutoff: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    reason: Reason


@kind("device.replaced")
class DeviceReplaced(Body, frozen=True):
    """Broken: another tablet takes its desk. What it still holds counts whenever it arrives."""

    device: Id
    reason: Reason


@kind("device.reinstated")
class DeviceReinstated(Body, frozen=True):
    """It was replaced, and works again."""

    device: Id


@kind("tablet.returned")
class TabletReturned(Body, frozen=True):
    """In the evening a tablet was handed back to the organiser."""

    device: Id


@kind("tablet.lent")
class TabletLent(Body, frozen=True):
    """It went out again, or the touch before was a mistake."""

    device: Id
