"""The notice that whoever complains agrees to: its words belong to its version, which every record keeps."""

import hashlib
import json
from io import BytesIO

from babel.messages import extract, pofile

from kiosk import PACKAGE, ROOT
from kiosk.facts.complaints import NOTICE_VERSION

#: The version, and the mark of the words that it stands for.
SEALED = ("2026-12b", "1b53073a83bee421")


def between(source: str, start: str, end: str) -> str:
    assert source.count(start) == 1, start
    return source.partition(start)[2].partition(end)[0]


def words_in(source: str) -> list[tuple[str, str]]:
    """All that a piece of a template may say, whichever way it branches, in Chinese and in English."""
    with (PACKAGE / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        english = {message.id: message.string for message in pofile.read_po(file, locale="en")}
    said = [message for _line, message, _comments, _context in extract.extract("jinja2", BytesIO(source.encode()))]
    return sorted((text, english[text]) for text in said)


def notice() -> dict[str, list[tuple[str, str]]]:
    """Of the screen before the first field, of who takes it in there, and of the sheet of paper."""
    screen = (ROOT / "templates/complaints/steps/notice.html").read_text()
    shared = (ROOT / "templates/complaints/_words.html").read_text()
    sheet = (ROOT / "templates/hub/papers/print.html").read_text()
    return {
        "screen": words_in(screen),
        "taker": words_in(between(shared, "{% macro taker(intake) %}", "{% endmacro %}")),
        "sheet": words_in(between(sheet, '<section class="ps-notice">', "</section>")),
    }


def test_the_words_of_the_notice_are_those_of_its_version() -> None:
    mark = hashlib.sha256(json.dumps(notice(), ensure_ascii=False).encode()).hexdigest()[:16]
    assert (NOTICE_VERSION, mark) == SEALED, (
        "The words of the notice changed, or its version. People agreed to other words under this version: raise "
        "NOTICE_VERSION in kiosk/facts/complaints.py, and put the new version with this mark into SEALED."
    )


def test_the_mark_is_of_the_whole_notice_in_both_languages() -> None:
    """Else it would hold of nothing."""
    found = notice()
    assert {place: len(words) for place, words in found.items()} == {"screen": 20, "taker": 3, "sheet": 15}
    for place in ("screen", "sheet"):
        [(chinese, english)] = [pair for pair in found[place] if "%(months)s" in pair[0]]
        assert "事情办结都满 %(months)s 个月后删除" in chinese
        assert "closed for %(months)s months" in english
