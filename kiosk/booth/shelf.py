"""Exhibits made at this tablet from a photo: two files each in the data folder, and facts that say which are shown.

The words of one are in `<id>.json`, which names its photo by hash. A volunteer approves the hash of that file, so
what is shown is what was approved; whatever is changed afterwards, by whomever, is a draft again.
"""

import hashlib
import os
import threading
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from kiosk import files, strictjson
from kiosk.booth.folder import make_folder
from kiosk.booth.journal import Draft, Journal
from kiosk.errors import (
    BROUGHT_CHANGED,
    BROUGHT_MANY,
    BROUGHT_PUBLIC,
    BROUGHT_REGIONS,
    BROUGHT_ROOM,
    BROUGHT_WORDS,
    EXHIBIT_UNKNOWN,
    STORAGE_FAILED,
    Problem,
)
from kiosk.facts.galleries import ExhibitApproved, ExhibitWithdrawn
from kiosk.packs.galleries import OWN_ID, Fraction
from kiosk.packs.model import Item
from kiosk.pictures import Photo
from kiosk.values import Hex32

FOLDER = "exhibits"
MOST = 30
PLACES = 5
SMALLEST = 0.03  # of the photo, either way
#: Characters: of a title, and of everything else, in Chinese and in English.
TITLE, SENTENCE = (40, 120), (600, 1200)
#: What is not in a pack is counted from here, as long as no pack has the number.
FIRST_NUMBER = 901

State = Literal["draft", "approved", "withdrawn"]


class Words(Item, frozen=True):
    """As in a pack, but English is a kindness: without it the Chinese is shown."""

    zh: Annotated[str, msgspec.Meta(max_length=600)] = ""
    en: Annotated[str, msgspec.Meta(max_length=1200)] = ""

    def in_(self, language: str) -> str:
        return self.en if language == "en" and self.en else self.zh

    def is_in(self, language: str) -> bool:
        return language != "en" or bool(self.en)

    def fits(self, limits: tuple[int, int]) -> bool:
        return len(self.zh) <= limits[0] and len(self.en) <= limits[1]


class Place(Item, frozen=True, kw_only=True):
    """Where on the photo something is wrong, in fractions of it."""

    x: Fraction
    y: Fraction
    w: Fraction
    h: Fraction
    wrong: Words = Words()
    check: Words = Words()

    @property
    def is_inside(self) -> bool:
        return self.x + self.w <= 1 and self.y + self.h <= 1 and min(self.w, self.h) >= SMALLEST


class Brought(Item, frozen=True, kw_only=True):
    """An exhibit somebody brought along, as its file holds it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^o[0-9a-f]{8}\Z")]
    number: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    photo: Hex32  # SHA-256
    width: int
    height: int
    title: Words = Words()
    places: Annotated[list[Place], msgspec.Meta(max_length=PLACES)] = msgspec.field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        said = [self.title, *(words for place in self.places for words in (place.wrong, place.check))]
        return bool(self.places) and all(words.zh for words in said)


class Held(msgspec.Struct, frozen=True):
    """An exhibit of this tablet, and how it stands with it."""

    exhibit: Brought
    digest: str  # SHA-256 of its file
    state: State


def refuse_strange_id(brought_id: str) -> None:
    """Raises `gallery.unknown` for what is no id of an exhibit, begun or not."""
    if not OWN_ID.fullmatch(brought_id):
        raise Problem(EXHIBIT_UNKNOWN)


class Shelf:
    """The tablet's own exhibits. Read once; every change is made here, for one program serves the folder."""

    def __init__(self, folder: Path, journal: Journal, numbers: frozenset[int]) -> None:
        """`numbers` are those of the pack, which are taken."""
        self._folder = folder
        self._journal = journal
        self._numbers = numbers
        self._turn = threading.RLock()
        self._held: dict[str, Held] | None = None

    def all(self) -> list[Held]:
        """In the order they were made."""
        with self._turn:
            if self._held is None:
                self._held = {one.exhibit.id: one for one in self._read()}
            return list(self._held.values())

    def public(self) -> list[Brought]:
        """What visitors see."""
        return [one.exhibit for one in self.all() if one.state == "approved"]

    def find(self, brought_id: str) -> Held:
        """Raises `gallery.unknown`."""
        for one in self.all():
            if one.exhibit.id == brought_id:
                return one
        raise Problem(EXHIBIT_UNKNOWN)

    def photo(self, exhibit: Brought) -> bytes:
        """Raises `gallery.unknown` where the file is not the photo any more."""
        try:
            data = self._file(exhibit.id, "jpg").read_bytes()
        except OSError:
            raise Problem(EXHIBIT_UNKNOWN) from None
        if hashlib.sha256(data).hexdigest() != exhibit.photo:
            raise Problem(EXHIBIT_UNKNOWN)
        return data

    def keep_photo(self, brought_id: str, photo: Photo) -> None:
        """Begin an exhibit, or take another photo for one: what was marked on the old one is no longer there.

        Raises `gallery.unknown`, `brought.many`, `brought.public`, `brought.room`, `storage.failed`.
        """
        refuse_strange_id(brought_id)
        with self._turn:
            known = {one.exhibit.id: one.exhibit for one in self.all()}
            if brought_id in known:
                self._refuse_public(brought_id)
            elif len(known) >= MOST:
                raise Problem(BROUGHT_MANY, limit=MOST)
            exhibit = Brought(
                id=brought_id,
                number=known[brought_id].number if brought_id in known else self._free_number(),
                photo=hashlib.sha256(photo.jpeg).hexdigest(),
                width=photo.width,
                height=photo.height,
                title=known[brought_id].title if brought_id in known else Words(),
            )
            self._write(brought_id, "jpg", photo.jpeg)
            self._keep(exhibit)

    def keep_places(self, brought_id: str, places: list[Place]) -> None:
        """Raises `brought.regions`, and as `keep_photo`."""
        if len(places) > PLACES or not all(place.is_inside for place in places):
            raise Problem(BROUGHT_REGIONS, limit=PLACES)
        with self._turn:
            self._keep(msgspec.structs.replace(self._refuse_public(brought_id), places=places))

    def keep_words(self, brought_id: str, title: Words, said: list[tuple[Words, Words]]) -> None:
        """`said` is what is wrong and how to check, place by place. Raises `brought.words`, and as `keep_photo`."""
        if not title.fits(TITLE) or not all(words.fits(SENTENCE) for pair in said for words in pair):
            raise Problem(BROUGHT_WORDS)
        with self._turn:
            exhibit = self._refuse_public(brought_id)
            places = [
                msgspec.structs.replace(place, wrong=wrong, check=check)
                for place, (wrong, check) in zip(exhibit.places, said, strict=False)
            ]
            self._keep(msgspec.structs.replace(exhibit, title=title, places=places))

    def ready(self, brought_id: str, digest: str) -> Held:
        """What somebody saw and would approve. Raises `brought.words` where it is not whole, `brought.changed`."""
        held = self.find(brought_id)
        if not held.exhibit.is_whole:
            raise Problem(BROUGHT_WORDS)
        self.photo(held.exhibit)
        if held.digest != digest:
            raise Problem(BROUGHT_CHANGED)
        return held

    def approve(self, brought_id: str, digest: str, fact_id: str, volunteer: str) -> None:
        """Show it, in the name of a volunteer. Raises as `ready`, and what the journal does."""
        with self._turn:
            if self.ready(brought_id, digest).state != "approved":
                self._record(Draft(fact_id, ExhibitApproved(exhibit=brought_id, digest=digest), volunteer))

    def withdraw(self, brought_id: str, fact_id: str, volunteer: str) -> None:
        """Show it no more. What is not shown stays so, and is no second fact."""
        with self._turn:
            if self.find(brought_id).state == "approved":
                self._record(Draft(fact_id, ExhibitWithdrawn(exhibit=brought_id), volunteer))

    def discard(self, brought_id: str) -> None:
        """Words and photo are gone for good. Raises `brought.public`, `storage.failed`."""
        with self._turn:
            self._refuse_public(brought_id)
            try:
                for ending in ("json", "jpg"):
                    self._file(brought_id, ending).unlink(missing_ok=True)
                files.sync_folder(self._folder)
            except OSError:
                raise Problem(STORAGE_FAILED) from None
            finally:
                self._held = None

    def _record(self, draft: Draft) -> None:
        try:
            self._journal.append(draft)
        finally:
            self._held = None  # the disk may have kept it and failed to say so

    def _refuse_public(self, brought_id: str) -> Brought:
        held = self.find(brought_id)
        if held.state == "approved":
            raise Problem(BROUGHT_PUBLIC)
        return held.exhibit

    def _free_number(self) -> int:
        taken = self._numbers | {one.exhibit.number for one in self.all()}
        return next(number for number in range(FIRST_NUMBER, 9999) if number not in taken)

    # --- the folder -------------------------------------------------------------------------------------

    def _read(self) -> list[Held]:
        last = self._last_words()
        found = [self._read_one(file, last) for file in sorted(self._folder.glob("o*.json"))]
        return sorted((one for one in found if one is not None), key=lambda one: one.exhibit.number)

    def _read_one(self, file: Path, last: dict[str, str]) -> Held | None:
        """None for what is no exhibit: a file somebody spoilt is shown to nobody."""
        try:
            data = file.read_bytes()
            exhibit = msgspec.json.decode(data, type=Brought)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        if file.name != f"{exhibit.id}.json":
            return None
        digest = hashlib.sha256(data).hexdigest()
        approved = last.get(exhibit.id)
        is_shown = approved == digest and exhibit.is_whole
        return Held(exhibit, digest, "approved" if is_shown else "withdrawn" if approved == "" else "draft")

    def _last_words(self) -> dict[str, str]:
        """By exhibit: the hash that was approved last, or "" where it was withdrawn after that."""
        facts = [fact for kind in ("exhibit.approved", "exhibit.withdrawn") for fact in self._journal.of_kind(kind)]
        return {fact.body["exhibit"]: fact.body.get("digest", "") for fact in sorted(facts, key=lambda one: one.seq)}

    def _keep(self, exhibit: Brought) -> None:
        self._write(exhibit.id, "json", strictjson.dumps(msgspec.to_builtins(exhibit)))

    def _write(self, brought_id: str, ending: str, data: bytes) -> None:
        try:
            make_folder(self._folder)
            with files.written(self._file(brought_id, ending)) as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(data)
        except OSError:
            raise Problem(STORAGE_FAILED) from None
        except Problem:  # `file.full` names a path, and a stick
            raise Problem(BROUGHT_ROOM) from None
        finally:
            self._held = None

    def _file(self, brought_id: str, ending: str) -> Path:
        return self._folder / f"{brought_id}.{ending}"
