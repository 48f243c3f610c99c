"""Reading forms strictly, and only from our own pages."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from flask import request

from kiosk import errors
from kiosk.codes import personal
from kiosk.errors import Problem
from kiosk.values import is_id

FIELD_LIMIT = 4_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: No database takes a NUL, and half a character is none.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_Choice = TypeVar("_Choice", bound=str)


def read_form(
    *required: str,
    optional: Sequence[str] = (),
    limit: int = FIELD_LIMIT,
    files: Sequence[str] = (),
    many: Sequence[str] = (),
) -> dict[str, str]:
    """The posted fields: exactly those named, each once, of at most `limit` characters. Raises `field.*` problems.

    `files`: names of files that may come with them, for `read_file`; of `many` any number, for `read_files`.
    """
    posted = dict(request.form.lists())
    for expected, given in (({*required, *optional, "csrf"}, posted), ({*files, *many}, dict(request.files.lists()))):
        for name, all_of_it in given.items():
            if name not in expected:
                raise Problem(errors.FIELD_UNKNOWN, field=str(name)[:40])
            if len(all_of_it) > 1 and not (name in many and given is not posted):
                raise Problem(errors.FIELD_REPEATED, field=name)
    for name in required:
        if name not in posted:
            raise Problem(errors.FIELD_MISSING, field=name)
    posted.pop("csrf", None)
    values = dict.fromkeys((*required, *optional), "") | {name: texts[0] for name, texts in posted.items()}
    if max(map(len, values.values()), default=0) > limit:
        raise Problem(errors.REQUEST_TOO_LARGE)
    if _UNSTORABLE.search("".join(values.values())):  # one look at all of it, for nearly always there is nothing
        raise Problem(errors.FIELD_INVALID, field=next(name for name in values if _UNSTORABLE.search(values[name])))
    return values


def read_file(name: str) -> tuple[str, bytes]:
    """(what the person calls it, content) of a file that came with a form. Raises `field.missing`."""
    file = request.files.get(name)
    if file is None or not file.filename:
        raise Problem(errors.FIELD_MISSING, field=name)
    return file.filename[:80], file.read()


def read_files(name: str) -> list[bytes]:
    """The content of all files of a name that came with a form; of a field that was left empty none."""
    return [file.read() for file in request.files.getlist(name) if file.filename]


def read_id(form: Mapping[str, str], name: str) -> str:
    """A field that holds an id. Raises `field.invalid`."""
    if not is_id(form[name]):
        raise Problem(errors.FIELD_INVALID, field=name)
    return form[name]


def read_choice(form: Mapping[str, str], name: str, choices: Iterable[_Choice]) -> _Choice:
    """A field that holds one of some words. Raises `field.invalid`."""
    for choice in choices:
        if choice == form[name]:
            return choice
    raise Problem(errors.FIELD_INVALID, field=name)


def pages_of(count: int, size: int) -> int:
    """How many pages so many lines fill; nothing fills one."""
    return max(1, -(-count // size))


def read_page(pages: int = 99_999) -> int:
    """The page of so many that an address asks for, from 1; the first where it names none."""
    number = request.args.get("page", "")
    return min(max(1, int(number)), pages) if number.isascii() and number.isdigit() and len(number) < 6 else 1


def text_fault(text: str, longest: int, *, is_needed: bool = True) -> str:
    """What is wrong with a text others will read: "missing", "long", "personal" for a number of a person's; or ""."""
    if not text:
        return "missing" if is_needed else ""
    if len(text) > longest:
        return "long"
    return "personal" if personal.stands_in(text) else ""


def is_local_path(path: str) -> bool:
    """Whether a `next` address stays on this site."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()


def refuse_impossible_address() -> None:
    """No address of ours holds a NUL; PostgreSQL could not even be asked for it."""
    if "\x00" in request.path:
        raise Problem(errors.PAGE_NOT_FOUND)


def refuse_foreign_origin() -> None:
    """Browsers say where a form stood; programs say nothing.

    Our pages ask for `same-origin` referrers in a meta tag, over the `no-referrer` of the header: under the
    latter a browser would write `Origin: null` even on our own forms. Where it writes `null` all the same,
    `Sec-Fetch-Site` decides.
    """
    told = request.environ  # as it came: werkzeug finds that a header is missing by an exception
    if told["REQUEST_METHOD"] in SAFE_METHODS:
        return
    site = told.get("HTTP_SEC_FETCH_SITE")
    if site not in (None, "same-origin", "none"):
        raise Problem(errors.ORIGIN_FOREIGN)
    origin = told.get("HTTP_ORIGIN")
    if origin is None or origin.partition("://")[2] == request.host:
        return
    if origin != "null" or site != "same-origin":
        raise Problem(errors.ORIGIN_FOREIGN)
