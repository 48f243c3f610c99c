"""Tablets joining a fair, as the hub writes it down."""

from kiosk.facts.kinds import Body, kind
from kiosk.values import Id, Slug


@kind("device.enrolled")
class DeviceEnrolled(Body, frozen=True):
    device: Id
    journal: Id
    desk: Slug
