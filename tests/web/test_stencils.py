"""Stencils: the page itself, filled in; nothing of a visitor in them; no value that is taken for a slot."""

import pytest
from flask import Flask
from jinja2 import DictLoader
from markupsafe import Markup

from kiosk import web
from kiosk.web import stencils
from kiosk.web.stencils import SLOTS, Slot, Stencil, Stencils
from tests import hostile

FORM = (
    '<p lang="{{ lang }}">{{ title }}</p><input name="a" value="{{ values.get("a", "") }}">'
    '<input type="radio"{{ values|ticked("way", "in") }}>{{ hidden }}'
)
WORDS = {"a": "张三 <b>&", "way": "in"}


@pytest.fixture
def app():
    app = web.make_app("stencils", "booth", ())
    app.jinja_env.loader = DictLoader({"form.html": FORM, "curious.html": "{% if values.a %}yes{% endif %}"})
    return app


def shown(app: Flask, values=WORDS, title: str = "投诉", template: str = "form.html", **request) -> str:
    def fill(slot: str) -> str:
        return Markup("<i>ours</i>") if slot == "hidden" else stencils.fill(values, slot)

    def context():
        return {"title": title, "values": SLOTS, "hidden": Slot("hidden")}

    with app.test_request_context(**request):
        return stencils.page(template, title, fill, context).get_data(as_text=True)


def kept(app: Flask) -> list[Stencil]:
    return list(app.extensions["stencils"]._kept.values())


def test_what_was_typed_is_escaped_and_what_is_ours_is_not(app: Flask):
    assert 'value="张三 &lt;b&gt;&amp;"' in shown(app)
    assert shown(app).endswith('<input type="radio" checked><i>ours</i>')
    assert "checked" not in shown(app, {"a": "", "way": "out"})


def test_a_stencil_holds_nothing_of_a_visitor_and_serves_all(app: Flask):
    for text in hostile.texts():
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            continue  # refused before a page is made
        shown(app, {"a": text + "张三", "way": text})
    [stencil] = kept(app)
    assert "张三" not in "".join(stencil.fixed)
    assert stencil.slots == ["value.a", "ticked.way.in", "hidden"]


def test_who_reads_another_language_or_sees_another_title_has_a_stencil_of_their_own(app: Flask):
    assert "投诉" in shown(app)
    assert "举报" in shown(app, title="举报")
    assert 'lang="en"' in shown(app, headers={"Cookie": "lang=en"})
    assert len(kept(app)) == 3


def test_what_looks_like_a_slot_is_text(app: Flask):
    shown(app)
    slot = Slot("hidden").__html__()
    assert shown(app, {"a": slot, "way": slot}).count("<i>ours</i>") == 1


def test_no_template_decides_by_what_was_typed(app: Flask):
    with pytest.raises(TypeError):
        shown(app, template="curious.html")
    for looked_into in (bool, len, list, hash, lambda slot: slot == "in", lambda slot: slot != "in"):
        with pytest.raises(TypeError):
            looked_into(Slot("value.a"))
    for counted in (list, len):
        with pytest.raises(TypeError):
            counted(SLOTS)


def test_a_template_is_told_nothing_else(app: Flask):
    app.context_processor(lambda: {"title": "王五"})
    assert "王五" not in shown(app)


def test_the_oldest_is_dropped_first(monkeypatch):
    monkeypatch.setattr(stencils, "MOST", 2)
    few, made = Stencils(), []
    for key in ("a", "b", "c", "c", "a"):
        few.get(key, lambda key=key: made.append(key) or key)
    assert made == ["a", "b", "c", "a"]
