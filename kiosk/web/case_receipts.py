"""A receipt as a page shows it: the text in its QR code, and what people compare by eye."""

from collections.abc import Mapping
from datetime import date

import msgspec

from kiosk.facts.complaints import Intake, Matter, Standing
from kiosk.packs.fairs import Fair, Organiser
from kiosk.packs.model import Text
from kiosk.reports.deadlines import last_day
from kiosk.sync import case_receipts, keys
from kiosk.sync.case_receipts import Filed
from kiosk.workdays import Calendar, Day


class Slip(msgspec.Struct, frozen=True):
    """The signed part of `templates/complaints/receipt.html`."""

    text: str  # as anybody can check it offline
    link: str  # the same behind the address of the hub's page that checks it: what the QR code says
    content: str  # beginnings, in fours
    signature: str
    site: str  # of the hub, as people type it


def signed(key: keys.SigningKey, fair: str, hub_url: str, filed: Filed) -> Slip:
    """Sign a receipt with the key of whoever filed the record."""
    text = case_receipts.write(key, fair, filed)
    short = case_receipts.short
    signature = short(case_receipts.read(text).signature)
    url = hub_url.rstrip("/")
    return Slip(text, f"{url}/m/receipt#{text}", short(filed.content), signature, url.partition("://")[2])


class Also(msgspec.Struct, frozen=True):
    """The form with which a second record of the same visit begins."""

    action: str
    fields: Mapping[str, str]


class ReceiptPage(msgspec.Struct, frozen=True):
    """What `templates/complaints/receipt.html` shows."""

    case: str
    code: str  # query code; "" where nobody knows it any more, for only its hash is kept
    at: str
    place: Text
    desk: str
    organiser: Organiser
    matter: Matter
    standing: Standing
    intake: Intake
    slip: Slip
    decide_by: Day | None  # statutory: whether it is taken up has to be said by then; None where no time runs
    linked: str = ""  # case number of the other record of the visit
    also: Also | None = None  # a report of the same merchant, where one is offered

    @property
    def is_others(self) -> bool:
        """Whether somebody else than a market regulator decides whether it is taken up."""
        return (self.matter, self.standing) == ("complaint", "window") and self.intake != "regulator"

    @classmethod
    def of(
        cls,
        fair: Fair,
        filed: Filed,
        intake: Intake,
        slip: Slip,
        code: str,
        calendar: Calendar,
        linked: str = "",
        also: Also | None = None,
    ) -> "ReceiptPage":
        """The time to decide runs from the day it was filed at a market regulator's published window: nobody else is
        bound by Order 121, and of a report no law names one.
        """
        runs = (filed.matter, filed.standing, intake) == ("complaint", "window", "regulator")
        began = date.fromisoformat(filed.at[:10])
        return cls(
            case=filed.case,
            code=code,
            at=case_receipts.as_people_read(filed.at)[:-3],
            place=fair.place(filed.desk),
            desk=filed.desk,
            organiser=fair.organiser,
            matter=filed.matter,
            standing=filed.standing,
            intake=intake,
            slip=slip,
            decide_by=last_day("decide", began, calendar) if runs else None,
            linked=linked,
            also=also,
        )
