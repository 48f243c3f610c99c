"""The screens of the form as stencils: byte for byte the pages they stand for, and nothing of a visitor in them."""

from datetime import date
from itertools import product

import msgspec
import pytest
from flask import Flask

from kiosk import web
from kiosk.facts.complaints import FIELDS, REQUESTS, STEPS
from kiosk.packs.reader import BUILTIN, read_fair
from kiosk.web import complaint_form, layout
from kiosk.web.complaint_form import FormPage, Posted

AROUND = {"booth": {"root": "", "idle_seconds": 90}, "hub": {}}
WORDS = "张三 <b>\"&'丰"
FAIR = read_fair(BUILTIN / "fair.json")
LOOKS = [{"Cookie": "lang=en; large=1"}, {"HX-Request": "true"}, {}]


@pytest.fixture(params=AROUND)
def app(request) -> Flask:
    return web.make_app("forms", request.param, ())


def forms(code: str = "7KQ2-M0ZR"):
    """Every screen of every way through the form, with something in every field."""
    for matter, consumer, anonymous in product(("complaint", "report"), ("adult", "minor", "other"), ("yes", "no")):
        blank = complaint_form.blank("ab" * 16, matter, "2026", code=code)
        typed = {field.name: field.choices[-1] if field.choices else WORDS for field in FIELDS}
        values = {**blank.values, **typed, "consumer": consumer, "anonymous": anonymous}
        for step in STEPS:
            if step.asked(values):
                yield msgspec.structs.replace(blank, step=step.name, values=values)


def page_of(posted: Posted, **more) -> FormPage:
    desk = FAIR.desks[0]
    return FormPage.of(posted, action="/staff/complaint", fair=FAIR, desk=desk, today=date(2027, 3, 15), **more)


def test_every_screen_filled_in_is_the_page_itself(app: Flask):
    around = AROUND[app.extensions["assets"].side]
    for posted, headers in product(forms(), LOOKS):
        page = page_of(posted, photos=(1, 3) if posted.step == "photos" else ())
        with app.test_request_context(headers=headers):
            plain = layout.page("complaints/form.html", page=page, **around).data
            assert page.shown(**around).data == plain, posted.step
            assert page.shown(**around).data == plain, posted.step


def test_no_stencil_of_the_form_holds_what_was_typed_or_drawn(app: Flask):
    around, drawn = AROUND[app.extensions["assets"].side], set()
    for posted in forms():
        drawn |= {posted.fact_id, posted.case, posted.query, posted.code}
        with app.test_request_context():
            page_of(posted).shown(**around)
    kept = app.extensions["stencils"]._kept
    texts = ["".join(stencil.fixed) for stencil in kept.values()] + [str(key) for key in kept]
    assert len(kept) >= len(STEPS)
    for text in texts:
        assert not [word for word in ("张三", *drawn) if word in text]
        assert " checked" not in text


def test_whatever_else_differs_makes_another_stencil(app: Flask, monkeypatch):
    looks, page = [], page_of(next(forms()))
    monkeypatch.setattr(complaint_form.stencils, "page", lambda _template, look, *_: looks.append(look))
    visitors = {"values", "hidden", "action"}
    others = [name for name in FormPage.__struct_fields__ if name not in {*visitors, "faults", "problem"}]
    for name in others:
        page.shown()
        msgspec.structs.replace(page, **{name: None if name == "code" else "something else"}).shown()
        assert looks[-2] != looks[-1], name
    for name in visitors:
        msgspec.structs.replace(page, **{name: "something else"}).shown()
        assert looks[-1] == looks[0], name


def test_what_travels_in_the_page_is_escaped():
    hidden = page_of(next(one for one in forms() if one.step == "identity")).hidden
    assert 'name="facts" value="张三 &lt;b&gt;&#34;&amp;&#39;丰"' in hidden
    assert 'name="matter" value="complaint"' in hidden
    assert 'name="phone"' not in hidden  # a field of this very screen
    assert 'name="go"' not in hidden


def test_what_was_chosen_makes_no_stencil_of_its_own(app: Flask):
    around = AROUND[app.extensions["assets"].side]
    [posted] = [one for one in forms() if one.step == "request" and one.values["consumer"] == "adult"][:1]
    for code in REQUESTS:
        with app.test_request_context():
            page_of(msgspec.structs.replace(posted, values={**posted.values, f"want_{code}": ""})).shown(**around)
    assert len(app.extensions["stencils"]._kept) == 1


def test_a_screen_with_a_fault_is_kept_nowhere(app: Flask):
    around = AROUND[app.extensions["assets"].side]
    posted = next(iter(forms()))
    with app.test_request_context():
        wrong = page_of(msgspec.structs.replace(posted, faults={"notice": "missing"})).shown(422, **around)
        refused = page_of(posted, problem="请稍后再试").shown(503, **around)
    assert (wrong.status_code, refused.status_code) == (422, 503)
    assert "请先勾选" in wrong.get_data(as_text=True)
    assert "请稍后再试" in refused.get_data(as_text=True)
    assert not app.extensions["stencils"]._kept
