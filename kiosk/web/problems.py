"""The one place where a problem meets a person or a peer: as page, as fragment or as JSON."""

import logging

from flask import Response
from werkzeug.exceptions import HTTPException, SecurityError

from kiosk import errors
from kiosk.errors import Problem
from kiosk.web.layout import json_response, language, page
from kiosk.web.requests import wants_json

log = logging.getLogger("kiosk.web")

#: Werkzeug's HTTP errors in the words of the catalogue.
_HTTP_PROBLEMS = {
    404: errors.PAGE_NOT_FOUND,
    405: errors.METHOD_NOT_ALLOWED,
    413: errors.REQUEST_TOO_LARGE,
    429: errors.TOO_MANY_REQUESTS,
}


def show_error(error: Exception) -> Response:
    return show_problem(_as_problem(error))


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, SecurityError):
        return Problem(errors.HOST_FOREIGN)
    if isinstance(error, HTTPException):
        return Problem(_HTTP_PROBLEMS.get(error.code or 400, errors.REQUEST_MALFORMED))
    # The class and place only: a message could carry what somebody typed.
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    log.error("unexpected %s at %s", type(error).__name__, " > ".join(frames[-6:]))
    return Problem(errors.INTERNAL)


def show_problem(problem: Problem) -> Response:
    """The one place where a problem meets a person or a peer."""
    if wants_json():
        body = {"problem": problem.code, "zh": problem.sentence("zh"), "en": problem.sentence("en")}
        return json_response(body, problem.status)
    try:
        return page("problem.html", problem.status, problem=problem, sentence=problem.sentence(language()))
    except Exception:
        log.exception("the problem page itself failed")
        return Response(problem.sentence(language()), problem.status, content_type="text/plain; charset=utf-8")
