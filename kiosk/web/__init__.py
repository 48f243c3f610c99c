"""What both web apps share: layout, problem pages, headers, forms, assets, language.

The only room that knows htmx_flask.
"""

from kiosk.web.app import HEADERS, make_app
from kiosk.web.forms import (
    is_local_path,
    pages_of,
    read_choice,
    read_file,
    read_files,
    read_form,
    read_id,
    read_page,
    text_fault,
)
from kiosk.web.layout import drawing, is_large, json_response, language, page, part, see_other, to, with_camera
from kiosk.web.problems import show_problem
from kiosk.web.requests import wants_fragment

__all__ = [
    "HEADERS",
    "drawing",
    "is_large",
    "is_local_path",
    "json_response",
    "language",
    "make_app",
    "page",
    "pages_of",
    "part",
    "read_choice",
    "read_file",
    "read_files",
    "read_form",
    "read_id",
    "read_page",
    "see_other",
    "show_problem",
    "text_fault",
    "to",
    "wants_fragment",
    "with_camera",
]
