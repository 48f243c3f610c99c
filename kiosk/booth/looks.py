"""What a visitor looked at in the gallery and what they looked for, and the facts that come of it."""

from contextlib import suppress

from kiosk.booth.context import Booth, new_id
from kiosk.booth.journal import Draft
from kiosk.booth.sessions import Look, Search, Visit
from kiosk.errors import Problem
from kiosk.facts.galleries import ExhibitSearched, ExhibitViewed
from kiosk.facts.kinds import Body
from kiosk.packs.galleries import Exhibit

#: Milliseconds on the screen from which an exhibit counts as viewed, and up to which they are counted.
VIEWED, LONGEST = 3_000, 600_000


def look_of(here: Booth, visit: Visit, exhibit_id: str) -> Look:
    """How this visitor sees an exhibit: drawn by lot the first time."""
    if exhibit_id not in visit.looks:
        fake_is_left = here.visits.dice.random() < 0.5
        visit.looks[exhibit_id] = Look(new_id(), fake_is_left, viewed_id=new_id(), search=Search(new_id()))
    return visit.looks[exhibit_id]


def turn_to(here: Booth, visit: Visit, exhibit_id: str, now: int | None = None) -> None:
    """Put an exhibit on the screen, or none (""); the one before it was viewed, if it was there long enough.

    `now`: monotonic milliseconds up to which somebody was there to look, if that is not this moment.
    """
    if exhibit_id == visit.looking:
        return
    now = here.clock.monotonic() if now is None else now
    look, ms = visit.looks.get(visit.looking), now - visit.looking_since
    if look is not None and not look.is_viewed and ms >= VIEWED:
        first = not any(one.is_viewed for one in visit.looks.values())
        body = ExhibitViewed(session=visit.session, exhibit=visit.looking, ms=min(ms, LONGEST), first=first)
        with suppress(Problem):  # a disk without room must not keep anybody from looking on
            record(here, visit, look.viewed_id, body)
            look.is_viewed = True
    visit.looking, visit.looking_since = exhibit_id, now


def turn_away(here: Booth, visit: Visit | None) -> None:
    """Another page is on the screen, which is no exhibit."""
    if visit is not None:
        with visit.lock:
            turn_to(here, visit, "")


def end_search(here: Booth, visit: Visit, one: Exhibit, search: Search) -> None:
    """All found, given up, or left: one fact, and the search is over."""
    body = ExhibitSearched(
        session=visit.session,
        exhibit=one.id,
        found=list(search.found),
        missed=[region.id for region in one.regions if region.id not in search.found],
        hints=search.hints,
        false=search.false,
        strays=dict(search.strays),
    )
    record(here, visit, search.fact_id, body)
    search.is_over = True


def leave(here: Booth, visit: Visit | None) -> None:
    """The visit is over: what was on the screen, and the searches nobody ended."""
    if visit is None:
        return
    with visit.lock:
        turn_to(here, visit, "", visit.left_at)
        for exhibit_id, look in visit.looks.items():
            one = here.pack.exhibit_by_id.get(exhibit_id)
            if one is not None and look.search.has_begun and not look.search.is_over:
                with suppress(Problem):  # who leaves has left, whatever the disk says
                    end_search(here, visit, one, look.search)


def record(here: Booth, visit: Visit, fact_id: str, body: Body) -> None:
    """One fact, also if the disk had it before and failed to say so. Practice of volunteers is no fact."""
    if not visit.is_practice:
        here.journal.append_new(Draft(fact_id, body, "visitor"))
