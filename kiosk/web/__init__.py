"""What both web apps share: layout, problem pages, headers, forms, assets, language.

The only room that knows htmx_flask.
"""

from kiosk.web.app import HEADERS, make_app
from kiosk.web.forms import is_local_path, read_file, read_form, read_id
from kiosk.web.layout import drawing, is_large, json_response, language, page, see_other, to, with_camera
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
    "read_file",
    "read_form",
    "read_id",
    "see_other",
    "show_problem",
    "to",
    "wants_fragment",
    "with_camera",
]
