"""What is sent up: from a touch at a desk to a cell of the table, and from the cell back to the touch."""

import io
import re
import zipfile
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.journeys.people import Organiser, Volunteer


def cell(file: Path, figure: str) -> object:
    """Of the whole fair, as the workbook says it."""
    sheet = load_workbook(file)["统计表"]
    heads = [str(one.value) for one in sheet[4]]
    row = next(row for row in sheet.iter_rows(min_row=5) if row[1].value == figure)
    return row[heads.index("活动期间")].value


def downloads(page: Page, ending: str, name: str, folder: Path) -> Path:
    """The first file of that sort that the page offers."""
    with page.expect_download() as given:
        page.locator("a[download], a", has_text=name).and_(page.locator(f"a:has-text('.{ending}')")).first.click()
    kept = folder / f"{len(list(folder.iterdir()))}.{ending}"
    given.value.save_as(kept)
    return kept


def test_a_figure_is_asked_where_it_comes_from_frozen_and_made_anew_by_what_came_late(
    own_fair, a_volunteer, an_organiser, watch, tmp_path
):
    fair = own_fair
    volunteer: Volunteer = a_volunteer(fair).signs_in()
    for n in (1, 1, 5):
        volunteer.counts("headcount", n)
    volunteer.counts("consultation")
    fair.sync()
    organiser: Organiser = an_organiser(fair, accept_downloads=True)
    page = organiser.page

    organiser.opens("figures")  # two clicks from the table to the touches
    page.locator("a", has_text="参与群众").first.click()
    expect(page.get_by_role("heading", name="参与群众")).to_be_visible()
    page.get_by_role("link", name="看背后的记录").click()
    added = page.locator("main").get_by_text(re.compile(r"^\+[15]$"))
    expect(added).to_have_count(3)
    expect(page.locator("main")).to_contain_text("李志愿")

    organiser.opens("typed/figures/messages")  # what no tablet sees
    page.fill("#value", "30万")
    page.fill("#source", "运营商回执")
    page.locator("form.setup-form .go").first.click()
    expect(page.locator("main")).to_contain_text("300,000")

    organiser.opens("statement")
    page.get_by_role("button", name="定稿为第 1 版").click()
    expect(page.get_by_role("heading", name="第 1 版")).to_be_visible()
    first = downloads(page, "xlsx", "统计表", tmp_path)
    assert (cell(first, "参与群众"), cell(first, "短信、推送"), cell(first, "接受咨询")) == (7, 300_000, 1)
    summary = downloads(page, "docx", "总结", tmp_path)
    with zipfile.ZipFile(io.BytesIO(summary.read_bytes())) as package:
        words = re.sub(r"<[^>]+>", "", package.read("word/document.xml").decode())
    assert "300000" in words.replace(",", "") or "30万" in words
    assert "×××" not in words

    volunteer.counts("headcount", 5)  # it was not sent yet when the figures were frozen
    fair.sync()
    organiser.opens("statement")
    page.fill("#why", "东门的平板晚到了")
    page.get_by_role("button", name="定稿为第 2 版").click()
    expect(page.locator("main")).to_contain_text("东门的平板晚到了")
    assert cell(downloads(page, "xlsx", "统计表", tmp_path), "参与群众") == 12
    organiser.opens("statement/versions/1")
    assert downloads(page, "xlsx", "统计表", tmp_path).read_bytes() == first.read_bytes()
