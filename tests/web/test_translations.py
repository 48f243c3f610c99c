"""Every word on a screen has its English beside it, and no English is left without a screen."""

from babel.messages import extract, pofile

from kiosk import PACKAGE, ROOT


def spoken() -> set[str | tuple[str, ...]]:
    found = extract.extract_from_dir(ROOT / "templates", method_map=[("**.html", "jinja2")])
    return {message for _file, _line, message, _comments, _context in found}


def translated() -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    with (PACKAGE / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        return {message.id: message.string for message in pofile.read_po(file, locale="en") if message.id}


def test_every_text_of_the_templates_is_translated_and_nothing_else_is() -> None:
    assert set(translated()) == spoken()


def test_no_translation_is_empty() -> None:
    assert [key for key, text in translated().items() if not text or not all(text)] == []
