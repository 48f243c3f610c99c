"""Language and type size: two cookies that say nothing about a person."""

from flask import Blueprint, Response

from kiosk.web.forms import is_local_path, read_form
from kiosk.web.layout import LANGUAGES, to

views = Blueprint("preferences", __name__)


@views.post("/preferences")
def preferences() -> Response:
    form = read_form("next", optional=("lang", "large"))
    response = to(form["next"] if is_local_path(form["next"]) else "/")
    if form["lang"] in LANGUAGES:
        response.set_cookie("lang", form["lang"], samesite="Strict", httponly=True)
    if form["large"] in ("0", "1"):
        response.set_cookie("large", form["large"], samesite="Strict", httponly=True)
    return response
