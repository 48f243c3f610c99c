"""What day it is, as well as a tablet can know, whose own clock may be years off."""

from datetime import date, datetime, timedelta

import msgspec

from kiosk.booth.context import Booth
from kiosk.clock import BEIJING
from kiosk.facts.envelope import Fact


class Now(msgspec.Struct, frozen=True):
    """The time in Beijing; `is_sure` where nothing known contradicts it."""

    moment: datetime
    is_sure: bool

    @property
    def date(self) -> date:
        return self.moment.astimezone(BEIJING).date()

    @property
    def day(self) -> str:
        """As ISO date."""
        return self.date.isoformat()


def now(here: Booth) -> Now:
    """The hub's time, once it was asked in this boot; else the wall clock's, but never before what is surely past."""
    compared = here.journal.newest("clock.compared")
    if compared is not None and compared.boot == here.journal.boot:
        since = timedelta(milliseconds=here.clock.monotonic() - compared.mono)
        return Now(_hub_at(compared) + since, is_sure=True)
    past = datetime.fromisoformat(here.enrolled.certificate.not_before)
    if compared is not None:
        past = max(past, _hub_at(compared))
    wall = here.clock.now()
    return Now(max(wall, past), is_sure=wall >= past)


def of(here: Booth, fact: Fact) -> datetime:
    """When a fact of this tablet happened: by the hub's time where it was noted in the same boot."""
    return true_moment(fact, here.journal.newest("clock.compared"))


def true_moment(fact: Fact, compared: Fact | None) -> datetime:
    """The same, by the newest note of the hub's time."""
    if compared is None or compared.boot != fact.boot:
        return fact.moment
    return _hub_at(compared) + timedelta(milliseconds=fact.mono - compared.mono)


def _hub_at(compared: Fact) -> datetime:
    return datetime.fromisoformat(compared.body["hub_at"])
