"""A case after the booth: opened for a reason, accepted, ended, told, closed, called back; each step with a name."""

from playwright.sync_api import expect


def test_a_case_is_walked_from_the_desk_to_closed(fair, a_volunteer, an_organiser):
    case = a_volunteer(fair).signs_in().opens_complaint().files_complaint()
    fair.sync()
    before = fair.figures()
    office = an_organiser(fair)
    assert "张小花" in office.opens_case(case)
    receive = office.page.get_by_role("button", name="接收", exact=True)
    if receive.count():  # the desk is no published channel: somebody has to say that the authority has it
        office.press(receive)
    office.press(office.page.get_by_role("button", name="受理", exact=True))
    assert "张小花" not in office.sees("#main").inner_text(), "each step leaves the sealed page"
    expect(office.page.locator(".due-cell")).to_contain_text("工作日")
    office.page.locator("summary", has_text="处置结果").click()
    office.page.locator("select[name=outcome]").select_option("mediated")
    office.page.locator("input[name=recovered]").fill("1280.50")
    office.press(office.page.get_by_role("button", name="记下结果"))
    office.press(office.page.get_by_role("button", name="已反馈给本人"))
    office.press(office.page.get_by_role("button", name="办结", exact=True))
    office.press(office.page.get_by_role("button", name="非常满意"))
    told = office.sees(".history").inner_text()
    for said in ("打开内容", "办理这一件", "受理", "调解达成", "挽回 1280.50 元", "反馈", "办结", "非常满意", "demo"):
        assert said in told, said
    assert "已办结" in office.finds_case(case).inner_text()
    after = fair.figures()
    grown = {"complaints_accepted": 1, "complaints_closed": 1, "called_back": 1, "call_back_levels": 1}
    grown |= {"natures": 1, "goods_services": 1, "complaints_mediated": 1, "recovered": "1280.50"}
    grown |= {"hours_to_tell": "0.00", "hours_to_end": "0.00"}
    assert {key: after[key] for key in after if after[key] != before[key] and key != "measured_share"} == grown
