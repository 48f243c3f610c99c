"""docs/figures.md is what the catalogue says."""

import pytest

from kiosk.reports.catalogue import CATALOGUE
from tests.docs import figures
from tests.docs.pages import page


def test_the_page_is_up_to_date():
    assert page(figures.PAGE) == figures.render(), "run: python -m tests.docs.figures"


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.key)
def test_every_figure_stands_on_the_page_with_its_meaning_in_both_languages(one):
    text = page(figures.PAGE)
    assert f"### {one.row} · {one.label.zh} {one.label.en}" in text
    assert one.means.zh in text
    assert one.means.en in text
