"""Questions out of a file: what is wrong with a bad one, and what a good one comes to."""

from kiosk.packs.reader import BUILTIN

BAD = """商家说“概不退货”，这句话有用吗？
A. 有用
B. 没有用
ANSWER: C

没有答案的题
A. 是
B. 否
"""


def test_a_bad_file_is_told_all_its_faults_and_a_good_one_comes_back_as_it_was(fair, an_organiser, tmp_path):
    (tmp_path / "bad.txt").write_text(BAD, "utf-8")
    organiser = an_organiser(fair).opens("packs/import")
    page = organiser.page
    page.locator("#file").set_input_files(tmp_path / "bad.txt")
    organiser.press(page.locator("button[value=look]"))
    assert "什么都没有保存" in organiser.sees("#found .problem").inner_text()
    rows = page.locator(".faults tbody tr").all_inner_texts()
    assert any("\t4\t" in row for row in rows)  # the line of the answer that is no option

    with page.expect_download() as given:
        page.locator("a[href$='questions.xlsx']").click()
    given.value.save_as(tmp_path / "all.xlsx")
    page.locator("#file").set_input_files(tmp_path / "all.xlsx")
    organiser.press(page.locator("button[value=look]"))
    page.locator("#found [role=status]").wait_for()
    with page.expect_download() as given:
        organiser.press(page.locator("button[value=questions]"))
    given.value.save_as(tmp_path / "questions.json")
    assert (tmp_path / "questions.json").read_bytes() == (BUILTIN / "questions.json").read_bytes()
