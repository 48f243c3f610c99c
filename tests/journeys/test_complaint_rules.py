"""The rules in the page are the rules of the server: the same answers to thousands of made-up forms."""

import json
import random
from datetime import date

import msgspec
import pytest

from kiosk.booth.wifi_complaints import rules
from kiosk.facts import complaints
from kiosk.facts.complaints import FIELDS, STEPS, Context
from kiosk.web import complaint_form
from tests.codes.examples import PERSONAL, RIGHT, WRONG
from tests.journeys.screens import PHONE
from tests.makers import an_id
from tests.proof import share

TODAY = date(2027, 3, 15)
CONTEXT = {"fair": "demo", "fact": an_id(1), "case": "7KQ2-M0ZRT"}
FORMS = [(matter, form) for matter in ("complaint", "report") for form in ("2026", "2019")]

#: What people type, and what nobody does.
TYPED = [
    "", " ", "\u3000", "\u200b", "a", "好又多小卖部", "  两边有空 \n", "一行\r\n两行\r三行",
    "\ttab\x00nul\x7f\x85\ufeff\u2028", "é", "e\u0301", "😀", "👨\u200d👩\u200d👧", "\ue000",
    "<x315 onclick=alert(1)>", '"};alert(1)//', "a" * 40, "a" * 41, "字" * 80, "字" * 81, "字" * 120,
    "字" * 121, "长" * 1000, "长" * 1001, "😀" * 300, "😀" * 301, "ſ", "ß", "K", "ﬁ", "Ⅷ", "①", "１２８",
    "１，２８０．５０元", "128", "128.5", "128.50", "1,280.50", "1，280", "128元", "128块", "128圆整", "¥128",
    "￥１２８", "人民币128元", "rmb 128", "CNY128", "1.2万", "1.23456万", "12万", "123456万", "万", "-5", "0",
    "00", "1e5", "128.505", ".5", "5.", "九十九", "999999999", "9999999999", "1 280", "128元整", "13900000000",
    "139 0000 0000", "139-0000-0000", "１３９００００００００", "+86 139 0000 0000", "+8613900000000",
    "0086-13900000000", "86-13900000000", "8613900000000", "(010) 6000 0000", "010-60000000", "0571－8000 0000",
    "01060000000", "+86 10 6000 0000", "+86-021-60000000", "400-000-0000", "4000000000", "400 0000 000",
    "800-000-0000 转 12", "010-60000000转801", "010-60000000-801", "010-60000000 ext. 5", "010-60000000#9",
    "010-60000000x9", "13900000000转1", "1390000000", "139000000000", "60000000", "12315", "0571—80000000",
    "0571‐80000000", "（010）60000000", "010·60000000", "+86 400-000-0000", "+44 20 7946 0000",
    "001 202 555 0000", "١٣٩", "١٣٨٠٠٠٠٠٠٠٠", "١٢٨", "१.५万", "2027-03-15", "2027-03-16",
    "2026-02-29", "2024-02-29", "1990-01-01", "1989-12-31", "２０２６-０３-０１", "2026-3-1", "20260301",
    "2026-13-01", "2026-03-01T00:00", "0000-00-00", "9999-99-99", "yes", "no", "minor", "adult", "YES",
    "订单号 1234567890123456789", "快递 773000000000000",
    "卡号6217 0000 0000 0000 06", "X 110101190001010014 X", "A110101190001010014", "11010119000101 001 4",
    "34000000000000 9", "4000000000000002", "5100000000000008", "91310000MA1K00007U", "91310000ma1k00007u",
    "9131 0000 MA1K 0000 7U", "９１３１００００ＭＡ１Ｋ００００７Ｕ", "91310000MA1K00007V", "91310000MA1K0000",
    "91310000MA1K00007U0",
    *(code for kind in ("credit-code", "ean-13", "pesticide-trace") for code in (*RIGHT[kind], *WRONG[kind])),
    *PERSONAL,
]  # fmt: skip
_SIGNS = "0123456789 -.,，－()（）+#x转元万¥Xa字\n\u3000\u00a0\u200b１２"

ASK = """async ([form, sheets]) => {
  const { tidied, stepsOf, faultsOf, compose } = await import("/static/js/complaint-rules.js");
  return sheets.map((sheet) => {
    const values = tidied(form, sheet);
    const steps = stepsOf(form, values);
    const faults = form.steps.map((step) => faultsOf(form, step, values));
    const isRight = steps.every((step) => !Object.keys(faultsOf(form, step, values)).length);
    const content = isRight ? JSON.stringify(compose(form, values, form.context)) : null;
    return [values, steps.map((step) => step.name), faults, content];
  });
}"""


@pytest.fixture(scope="module")
def page(shared_fair, browser):
    context = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
    page = context.new_page()
    page.goto(f"{shared_fair.phone_url}/m/")
    yield page
    context.close()


def told(matter, form):
    blank = {**{field.name: "" for field in FIELDS}, "matter": matter, "form": form}
    return {"matter": matter, "form": form, "today": TODAY.isoformat(), "context": CONTEXT, "steps": rules(blank)}


def server(matter, form, sheet):
    """What the server makes of a sheet, in the shape of `ASK`."""
    values = complaints.tidied({**sheet, "matter": matter, "form": form})
    steps = complaints.steps_of(values)
    faults = [complaint_form.faults(values, step.fields, TODAY) for step in STEPS]
    is_right = not any(complaint_form.faults(values, step.fields, TODAY) for step in steps)
    content = msgspec.json.encode(complaints.compose(values, Context(**CONTEXT))).decode() if is_right else None
    typed = {name: text for name, text in values.items() if name not in ("matter", "form")}
    return [typed, [step.name for step in steps], faults, content]


def compare(page, matter, form, sheets):
    """Of every sheet the page says what the server says; returns how many of them could be sealed."""
    answers = page.evaluate(ASK, [msgspec.to_builtins(told(matter, form)), sheets])
    expected = [server(matter, form, sheet) for sheet in sheets]
    for sheet, answer, wanted in zip(sheets, answers, expected, strict=True):
        assert answer == wanted, json.dumps([sheet, answer, wanted], ensure_ascii=False)
    return sum(answer[-1] is not None for answer in answers)


@pytest.mark.parametrize(("matter", "form"), FORMS)
def test_every_text_is_kept_and_judged_alike_in_every_field(page, matter, form):
    sheets = [{field.name: text for field in FIELDS} for text in TYPED]
    compare(page, matter, form, sheets)


@pytest.mark.parametrize(("matter", "form"), FORMS)
def test_chance_texts_are_kept_and_judged_alike(page, matter, form):
    dice = random.Random(f"{matter} {form}")

    def one(field):
        if field.choices:
            return dice.choice((*field.choices, ""))
        return "".join(dice.choices(_SIGNS, k=dice.randrange(1, 24)))

    compare(page, matter, form, [{field.name: one(field) for field in FIELDS} for _ in range(share(20_000, 400))])


@pytest.mark.parametrize(("matter", "form"), FORMS)
def test_whole_forms_ask_the_same_and_come_to_the_same_content_byte_for_byte(page, matter, form):
    """Each choice made, left open or made wrongly; each text right, empty or wrong."""
    dice = random.Random(f"whole {matter} {form}")
    right = {"respondent_code": "91310000MA1K00007U", "bought_on": "2027-03-01", "amount": "1,280.5元"}
    right["phone"] = "139 0000 0000"
    words = ("好又多", "“引号”\\反斜杠/\n第二行", "a😀b")

    def one(field):
        if dice.random() < 0.02:
            return dice.choice(TYPED)
        if field.choices:
            return dice.choice((*field.choices, "") if field.name.startswith("want_") else field.choices)
        return "" if dice.random() < 0.02 else right.get(field.name, dice.choice(words))

    sheets = [{field.name: one(field) for field in FIELDS} for _ in range(share(20_000, 400))]
    sealed = compare(page, matter, form, sheets)
    assert sealed > len(sheets) // 10, f"only {sealed} of {len(sheets)} forms could be sealed"
