"""Photos of a complaint at the desk: sealed in the request they come with, and filed with it or gone with the day."""

import io
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from kiosk.booth.context import Booth
from kiosk.booth.journal import Journal
from kiosk.facts.complaints import ComplaintEvidence, evidence_id, split_photo
from kiosk.facts.vocabulary import REGISTRY
from kiosk.hub import ledger, people
from kiosk.hub.tables import contents
from kiosk.sync import keys
from tests.hub.tablets import rows
from tests.makers import CASEWORKER, Browser, Page, Pair, facts_of, fill_complaint, screens_of
from tests.photos import EXIF_MARK, a_heic, a_photo

FORM = "/staff/complaint"


@pytest.fixture
def desk(paired: Pair) -> Browser:
    return paired.at_the_desk()


@pytest.fixture
def booth(paired: Pair) -> Booth:
    return paired.booth


def at_the_photos(desk: Browser) -> Page:
    """The form, filled in up to the screen with the photos."""
    return next(page for page in fill_complaint(desk) if page.form(FORM).values["step"] == "photos")


def send(desk: Browser, page: Page, *photos: bytes, go: str = "add") -> TestResponse:
    files = [(io.BytesIO(data), "photo") for data in photos]
    told = {**page.form(FORM).values, "go": go, **({"photo": files} if files else {})}
    return desk.client.post(f"{FORM}/photos", data=told, content_type="multipart/form-data")


def handed_in(desk: Browser, page: Page) -> Page:
    """From the screen with the photos to the receipt."""
    from tests.makers import answers

    for _ in screens_of()[screens_of().index("photos") :]:
        page = desk.send(page.form(FORM), go="next", **answers(page))
    assert "slip-number" in page, page.text
    return page


def waiting(journal: Journal) -> int:
    row = journal.read_one("SELECT count(*) FROM draft_photos")
    return row[0] if row else 0


def opened(pair: Pair) -> list[tuple[object, bytes]]:
    """The photos that facts of the tablet name, as the hub's key opens them."""
    with pair.hub.store.reading() as tx:
        key = people.open_key(tx, *CASEWORKER)
    found = []
    for fact in facts_of(pair.booth.journal, "complaint.evidence"):
        body = REGISTRY.read(fact)
        assert isinstance(body, ComplaintEvidence)
        found.append(split_photo(keys.unseal(key, pair.booth.journal.blob(body.blob) or b"")))
    return found


def test_photos_are_filed_in_one_go_with_their_complaint(paired: Pair, desk: Browser, booth: Booth):
    page = at_the_photos(desk)
    for seed in range(3):
        assert send(desk, page, a_photo(seed=seed)).status_code == 200
    assert waiting(booth.journal) == 3
    assert facts_of(booth.journal, "complaint.evidence") == []
    handed_in(desk, page)
    filed, *photos = facts_of(booth.journal)[-4:]
    assert [fact.kind for fact in (filed, *photos)] == ["complaint.filed"] + ["complaint.evidence"] * 3
    assert [fact.id for fact in photos] == [evidence_id(filed.id, number) for number in (1, 2, 3)]
    assert [data for _, data in opened(paired)] == [a_photo(seed=seed) for seed in range(3)]
    assert waiting(booth.journal) == 0
    paired.sync()
    assert [row[5] for row in rows(paired.hub, contents)] == ["complaint.filed"] + ["complaint.evidence"] * 3
    assert ledger.verify(paired.hub) == []


def test_nothing_of_a_photo_is_on_the_tablet_s_disk_at_any_moment(desk: Browser, booth: Booth):
    page, photo = at_the_photos(desk), a_photo()

    def is_there(part: bytes) -> bool:
        return any(part in file.read_bytes() for file in booth.config.data.rglob("*") if file.is_file())

    assert EXIF_MARK.encode() in photo
    send(desk, page, photo)
    assert not is_there(EXIF_MARK.encode())
    assert not is_there(photo[300:340])
    handed_in(desk, page)
    assert not is_there(EXIF_MARK.encode())
    assert not is_there(photo[300:340])


def test_a_form_picked_up_again_has_its_photos(desk: Browser):
    page = at_the_photos(desk)
    send(desk, page, a_photo())
    code = page.form(FORM).values["code"]
    again = desk.send(desk.get(f"{FORM}/resume").form(f"{FORM}/resume"), code=code)
    assert 'data-number="1"' in again
    assert EXIF_MARK not in again


def test_what_is_not_filed_is_gone_with_the_day(paired: Pair, desk: Browser, booth: Booth):
    send(desk, at_the_photos(desk), a_photo())
    paired.clock.tick(timedelta(days=1).total_seconds())
    at_the_photos(paired.at_the_desk())  # whatever is kept next
    assert waiting(booth.journal) == 0


def test_the_tenth_photo_is_refused_in_a_sentence(desk: Browser, booth: Booth):
    page = at_the_photos(desk)
    statuses = [send(desk, page, a_photo(seed=seed)).status_code for seed in range(11)]
    assert statuses == [200] * 9 + [422] * 2
    assert waiting(booth.journal) == 9


def test_the_same_photo_twice_is_there_once_and_one_can_be_dropped(desk: Browser, booth: Booth):
    page = at_the_photos(desk)
    for _ in range(2):
        send(desk, page, a_photo())
    assert waiting(booth.journal) == 1
    send(desk, page, go="drop-1")
    assert waiting(booth.journal) == 0


def test_a_tablet_without_the_library_says_that_heic_is_no_photo_for_it(desk: Browser, monkeypatch):
    page, photo = at_the_photos(desk), a_heic()
    monkeypatch.setattr("kiosk.pictures.find_spec", lambda _name: None)
    answer = send(desk, page, photo)
    assert answer.status_code == 422
    assert "这种文件收不了" in answer.get_data(as_text=True)


def test_with_little_room_a_photo_is_refused_and_the_form_stays(desk: Browser, booth: Booth, monkeypatch):
    page = at_the_photos(desk)
    monkeypatch.setattr(type(booth.storage), "level", property(lambda _self: "low"))
    answer = send(desk, page, a_photo())
    assert answer.status_code == 507
    assert Page(answer).form(FORM).values["step"] == "photos"
    assert waiting(booth.journal) == 0


def test_the_page_that_is_loaded_first_may_use_the_camera_locked_or_not(paired: Pair, desk: Browser):
    for browser in (desk, paired.visitor()):
        for address in ("settle", "report", "resume"):
            assert "camera=(self)" in browser.get(f"{FORM}/{address}").headers["Permissions-Policy"]
    assert "camera=()" in desk.get("/staff").headers["Permissions-Policy"]
