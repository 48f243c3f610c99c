"""Photos of a complaint on their way into a seal, for the tablet and the visitor's phone alike.

A photo is looked at only to know that it is one. Its bytes are sealed as they came, before anything touches a disk.
"""

import hashlib
import hmac
from collections.abc import Iterable

import msgspec

from kiosk import pictures
from kiosk.facts.complaints import PHOTOS, ComplaintEvidence, PhotoContext, evidence_id, join_photo
from kiosk.pictures import EVIDENCE
from kiosk.sync import keys
from kiosk.web.complaint_form import Posted
from kiosk.web.requests import FORM_LIMIT

#: What the buttons of the screen with the photos post as `go`: to add some, to drop number n; and
#: to go on, with files, where there is no JavaScript.
ADD, DROP = "add", "drop-"
GOES = (ADD, "next", "back", *(f"{DROP}{number}" for number in range(1, PHOTOS + 1)))


def upload_limit(photos: int) -> int:
    """Bytes of a request with so many photos of the largest size."""
    return photos * EVIDENCE.file_limit + FORM_LIMIT


class Photo(msgspec.Struct, frozen=True):
    """A photo that was looked at and is one, in memory."""

    type: str
    data: bytes
    #: The same for the same photo of the same form, and for nothing else: keyed with the query code, so that nobody who
    #: has the disk can ask it whether a photo they know is there.
    mark: str


def look_at(posted: Posted, data: bytes) -> Photo:
    """Raises `photo.*`."""
    kind = pictures.check(data, EVIDENCE)
    return Photo(kind, data, hmac.new(posted.query.encode(), data, hashlib.sha256).hexdigest())


def seal(hub: keys.PublicKey, fair: str, posted: Posted, number: int, photo: Photo) -> bytes:
    """The photo as number so and so of a form, sealed."""
    told = {"fair": fair, "fact": evidence_id(posted.fact_id, number), "case": posted.case, "number": number}
    return keys.seal(hub, join_photo(msgspec.convert({**told, "type": photo.type}, PhotoContext), photo.data))


def body_of(case: str, number: int, sha256: str, size: int) -> ComplaintEvidence:
    """The fact of a sealed photo."""
    return ComplaintEvidence(case=case, blob=sha256, size=size, number=number)


def dropped(posted: Posted) -> int:
    """The number to be dropped, 0 for none."""
    return int(posted.go.removeprefix(DROP)) if posted.go.startswith(DROP) else 0


def free(taken: Iterable[int]) -> int:
    """The first number that is free, or 0."""
    return min({*range(1, PHOTOS + 1)} - {*taken}, default=0)
