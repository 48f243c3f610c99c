"""A new fair: from nothing, or like one there was, with its days moved and nothing counted yet."""

import re
import secrets
from datetime import date, timedelta

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection, select

from kiosk import web
from kiosk.hub import people, volunteers
from kiosk.hub.context import acting, hub, reading, signed_in, today
from kiosk.hub.fairs import add_fair, all_fairs, find_fair, note_change
from kiosk.hub.sections import CONTACT_LIMIT, Fault, Typed, Words, both
from kiosk.hub.tables import identity
from kiosk.hub.volunteers import Drawn
from kiosk.packs import themes
from kiosk.packs.drafts import clean
from kiosk.packs.fairs import Desk, Fair, Leaflet, Organiser, Venue
from kiosk.packs.model import Text
from kiosk.sync import keys

views = Blueprint("new_fairs", __name__)
_FIELDS = ("title", "title_en", "starts", "ends", "organiser", "organiser_en", "contact")
_HELPERS = ("pins", "names", "none")
#: What a fair from nothing begins with, so that there is something to change.
_VENUE = Venue("v1", Text("第一会场", "First venue"))
_DESKS = (
    Desk("d01", "v1", "advice", Text("宣传咨询台", "Advice desk")),
    Desk("d02", "v1", "complaints", Text("投诉举报台", "Complaints desk")),
    Desk("d03", "v1", "exhibits", Text("假冒伪劣产品展示台", "Counterfeit exhibits")),
    Desk("d04", "v1", "quicktests", Text("食品快检演示台", "Food quick tests")),
    Desk("d05", "v1", "lectures", Text("识假辨假知识讲解台", "Spotting fakes, explained")),
)
_LEAFLET = Leaflet("l1", Text("消费者权益保护法手册", "Consumer law booklet"), 50)


class NewPage(msgspec.Struct, frozen=True):
    fairs: list[Fair]  # to be copied, newest first
    like: Fair | None
    words: Words
    faults: dict[str, Fault]


@views.get("/fairs/new")
def form() -> Response:
    """`?like=<fair>`: what that one was, a year on."""
    signed_in("organiser")
    wanted = request.args.get("like", "")[:64]
    with reading() as tx:
        like = next((fair for fair in all_fairs(tx) if fair.id == wanted), None)
        return _show(tx, like, _words_of(like))


@views.post("/fairs/new")
def make() -> Response:
    typed = Typed(web.read_form(*_FIELDS, "like", optional=("helpers",)))
    signed_in("organiser")
    with reading() as tx:
        like = find_fair(tx, typed.words["like"]) if typed.words["like"] else None
        fair = _made(typed, like)
        if typed.faults:
            return _show(tx, like, dict(typed.words), typed)
        helpers = volunteers.names(tx, like.id) if like else {}
    kept = typed.choice("helpers", ("", *_HELPERS))
    drawn = _drawn(helpers, with_pins=kept == "pins") if kept in ("pins", "names") else []
    with acting("organiser") as (tx, session):
        tx.execute(select(identity.c.hub).with_for_update()).one()  # two who make one at once take turns
        same = [
            one for one in all_fairs(tx) if (one.title, one.starts, one.ends) == (fair.title, fair.starts, fair.ends)
        ]
        if same:  # the same touch once more
            return web.see_other("setups.home", fair_id=same[0].id, made="1")
        fair = msgspec.structs.replace(fair, id=_free_id(tx, fair.starts))
        add_fair(tx, fair)
        volunteers.join(tx, fair.id, drawn)
        note_change(tx, hub(), fair, ["fair"], session.person.id)
    if kept == "pins" and drawn:
        return volunteers.show_slips(fair, [one.slip for one in drawn], is_new=True)
    return web.see_other("setups.home", fair_id=fair.id, made="1")


def _drawn(helpers: dict[str, str], *, with_pins: bool) -> list[Drawn]:
    """Those of another fair, with ids of their own; without PINs what is kept opens nothing until one is drawn."""
    if with_pins:
        return [volunteers.draw(name) for name in helpers.values()]
    locked = keys.hash_password(secrets.token_hex(16))
    return [Drawn(people.new_volunteer_id(), name, "", locked) for name in helpers.values()]


def _made(typed: Typed, like: Fair | None) -> Fair:
    """The fair the form describes, still without an id of its own; worth nothing where there are faults."""
    title, organiser = typed.text("title"), typed.text("organiser")
    contact = " ".join(clean(typed.words["contact"]).split())
    if not contact or len(contact) > CONTACT_LIMIT:
        typed.faults["contact"] = "long" if contact else "missing"
    starts = typed.day("starts", "2000-01-01")
    ends = typed.day("ends", starts) if typed.words["ends"] else starts
    if not typed.faults and ends < starts:
        typed.faults["ends"] = "order"
    heads = {
        "title": title or themes.UNKNOWN,
        "theme": themes.theme_of(starts) or themes.UNKNOWN,
        "starts": starts,
        "ends": ends,
        "organiser": Organiser(organiser or themes.UNKNOWN, contact[:CONTACT_LIMIT], _in_english(like, contact)),
    }
    if like is not None:
        return msgspec.structs.replace(like, **heads, deadline=_moved(like, starts))
    return Fair(id="new", venues=[_VENUE], desks=list(_DESKS), leaflets=[_LEAFLET], **heads)  # type: ignore[arg-type]


def _moved(like: Fair, starts: str) -> str:
    """The deadline as many days after the fair as before."""
    try:
        apart = date.fromisoformat(like.deadline[:10]) - date.fromisoformat(like.starts)
        day = date.fromisoformat(starts) + apart
    except (ValueError, OverflowError):
        return ""
    return f"{day.isoformat()}{like.deadline[10:]}"


def _in_english(like: Fair | None, contact: str) -> str:
    """Of the same contact, as it was written for the fair before."""
    return like.organiser.contact_en if like is not None and like.organiser.contact == contact else ""


def _free_id(tx: Connection, starts: str) -> str:
    taken = {fair.id for fair in all_fairs(tx)}
    every = (starts if n == 1 else f"{starts}-{n}" for n in range(1, 10_000))
    return next(one for one in every if one not in taken)


def _words_of(like: Fair | None) -> Words:
    if like is None:
        year = today().year + (today() > date(today().year, 3, 15))
        title = Text(f"{year}年“3·15”国际消费者权益日宣传活动", f"World Consumer Rights Day {year}")
        day = f"{year}-03-15"
        return {**both("title", title), "starts": day, "ends": day, **both("organiser", None), "contact": ""}
    year = int(like.starts[:4])
    title = Text(*(re.sub(str(year), str(year + 1), words) for words in (like.title.zh, like.title.en)))
    return {
        **both("title", title),
        "starts": _year_on(like.starts),
        "ends": _year_on(like.ends),
        **both("organiser", like.organiser.name),
        "contact": like.organiser.contact,
    }


def _year_on(day: str) -> str:
    found = date.fromisoformat(day)
    if found.year == date.max.year:
        return day
    try:
        return found.replace(year=found.year + 1).isoformat()
    except ValueError:  # of 29 February
        return (found + timedelta(days=365)).isoformat()


def _show(tx: Connection, like: Fair | None, words: Words, typed: Typed | None = None) -> Response:
    every = sorted(all_fairs(tx), key=lambda fair: fair.starts, reverse=True)
    page = NewPage(every, like, dict(words), typed.faults if typed else {})
    return web.page("hub/setups/new.html", 422 if typed else 200, page=page, fair=like or (every[0] if every else None))
