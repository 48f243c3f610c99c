"""The hub's door."""

import msgspec
from flask import Blueprint, Response, request

from kiosk import web
from kiosk.errors import LOGIN_WRONG, TOO_MANY_REQUESTS, Problem
from kiosk.hub import devices, people, phonebook
from kiosk.hub.context import client_mark, hub, reading, writing

views = Blueprint("signin", __name__)
TRIES = 5  # of one name from one address in a minute


class LoginPage(msgspec.Struct, frozen=True):
    next: str
    problem: str | None


@views.get("/login")
def form() -> Response:
    return web.page("hub/people/login.html", page=LoginPage(_target(request.args.get("next", "/")), None))


@views.post("/login")
def sign_in() -> Response:
    posted = web.read_form("name", "password", "next")
    here = hub()
    target, name = _target(posted["next"]), posted["name"].strip()
    try:
        with writing() as tx:
            people.throttle(tx, "login", f"{client_mark()} {name}", TRIES, 60, here.clock.now())
        with reading() as tx:
            proven = people.prove(tx, name, posted["password"])
        with writing() as tx:
            token = people.sign_in(tx, proven, here.clock.now())
            people.forget_the_past(tx, here.clock.now(), here.config.session_seconds)
            if proven.key is not None:
                devices.open_canaries(tx, here, proven.key)
                phonebook.index_more(tx, here, proven.key)
    except Problem as problem:
        if problem.kind not in (LOGIN_WRONG, TOO_MANY_REQUESTS):
            raise
        page = LoginPage(target, problem.sentence(web.language()))
        return web.page("hub/people/login.html", problem.status, page=page)
    response = web.to(target)
    response.set_cookie(here.cookie, token, httponly=True, samesite="Strict", secure=here.config.is_public_https)
    return response


@views.post("/logout")
def sign_out() -> Response:
    web.read_form()
    here = hub()
    token = request.cookies.get(here.cookie)
    if token:
        with writing() as tx:
            people.sign_out(tx, token)
    response = web.see_other("signin.form")
    response.delete_cookie(here.cookie, httponly=True, samesite="Strict", secure=here.config.is_public_https)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _target(path: str) -> str:
    return path if web.is_local_path(path) and not path.startswith("//") else "/"
