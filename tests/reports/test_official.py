"""The summary as an office opens it: the layout of official papers, and no number in it without a figure."""

import io
import re
import shutil
import subprocess
import zipfile
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from PIL import Image

from kiosk.errors import Problem
from kiosk.packs.codelists import codelists
from kiosk.packs.model import Text
from kiosk.reports import official, printing, summary
from kiosk.reports.courses import NONE
from kiosk.reports.official import Photo, title_lines
from kiosk.reports.statement import Statement
from tests.reports.statements import a_statement, few

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HOSTILE = '=cmd|"/c calc"!A1 <w:br/>&amp; \x00\x0b\u202e𠮷' + "长" * 200


def a_photo(size: tuple[int, int] = (640, 480)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#775533").save(out, "JPEG")
    return out.getvalue()


def document(said: Statement, photos: tuple[Photo, ...] = (), **words: str) -> bytes:
    return official.official(said, summary.with_words(summary.draft(said), words), photos)


def part(docx: bytes, name: str = "word/document.xml") -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return ET.fromstring(package.read(name))


def words_of(element: ET.Element) -> str:
    return "".join(one.text or "" for one in element.iter(f"{W}t"))


def paragraphs(body: ET.Element) -> list[ET.Element]:
    return list(body[0].findall(f"{W}p"))


@pytest.fixture(scope="module")
def made() -> bytes:
    return document(a_statement(), (Photo(a_photo(), "人民广场"), Photo(a_photo((480, 640)), "大学城")))


# --- numbers --------------------------------------------------------------------------------------

_NO_FIGURE = re.compile(
    r"“3·15”|0000-12315|12315|[0-9]{4}年|[0-9]{1,2}[月日]|附件：?[12]|^[12]\. "
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}|第 1 版|0 表示"
)


def known_numbers(said: Statement) -> set[Decimal]:
    """Everything a statement says of the fair, its days and its year, parts of rates with it; money also in 万元."""
    units = {column.key: column.unit for column in said.columns}
    known: set[Decimal] = set()
    for cells in (said.period, said.year, *(day.cells for day in said.days)):
        for cell in cells:
            if cell.value is None:
                continue
            known.add(Decimal(cell.value))
            known.update(Decimal(n) for n in cell.parts.values())
            if units[cell.key] == "元":
                known.add((Decimal(cell.value) / 10_000).quantize(Decimal("0.01")))
    return known


def test_every_number_in_the_words_is_a_figure(made):
    known = known_numbers(a_statement())
    found = 0
    for para in paragraphs(part(made)):
        for number in re.findall(r"[0-9][0-9.,]*[0-9]|[0-9]", _NO_FIGURE.sub("", words_of(para))):
            assert Decimal(number) in known, words_of(para)
            found += 1
    assert found > 40


def test_every_number_in_the_table_is_the_figure_of_its_line_and_day(made):
    said = a_statement()
    windows = [{cell.key: cell.value for cell in cells} for cells in (*(day.cells for day in said.days), said.period)]
    rows = [[words_of(cell) for cell in row.iter(f"{W}tc")] for row in part(made).iter(f"{W}tr")]
    lines = [row for row in rows[1:] if len(row) > 1]
    assert [row[1] for row in lines] == [column.label.zh for column in said.columns]
    for number, (row, column) in enumerate(zip(lines, said.columns, strict=True), 1):
        told = ["—" if window[column.key] is None else str(window[column.key]) for window in windows]
        assert row == [str(number), column.label.zh, column.unit, *told]


def bars_of(docx: bytes, number: int) -> list[tuple[str, str]]:
    chart = part(docx, f"word/charts/chart{number}.xml")
    c = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
    told = [[one.text for one in chart.iter(f"{c}{kind}Lit") for one in one.iter(f"{c}v")] for kind in ("str", "num")]
    return list(zip(*told, strict=True))


def test_the_curve_is_that_of_the_busiest_day(made):
    hours = a_statement().days[-1].hours["headcount"]
    assert bars_of(made, 1) == [(f"{int(hour)}时", str(n)) for hour, n in hours.items()]
    assert "3月15日各时段参与群众（人次）" in words_of(part(made))


def test_venues_are_compared_the_busiest_first(made):
    assert bars_of(made, 2) == [("大学城", "24"), ("清真寺街农贸市场", "18"), ("万达广场", "12"), ("人民广场", "6")]
    assert "各会场参与群众（人次）" in words_of(part(made))


def test_of_many_venues_the_busiest_ten_are_shown_and_it_says_so():
    venue = a_statement().places[0]
    many = [msgspec.structs.replace(venue, id=f"v{n}", name=Text(f"{n}号广场" + "长" * 40, "x"), cells=[
        msgspec.structs.replace(cell, value=n) if cell.key == "headcount" else cell for cell in venue.cells
    ]) for n in range(200)]  # fmt: skip
    docx = document(few(a_statement(places=many), "headcount"))
    assert [int(n) for _, n in bars_of(docx, 2)] == list(range(199, 189, -1))
    assert {len(name) for name, _ in bars_of(docx, 2)} == {14}
    assert "参与群众最多的10个会场（人次）" in words_of(part(docx))


LEAST = (
    "活动期间，本级首次答对率最低的题目及其正确率："
    "“定金和订金有什么不一样，哪一种可以要回来双倍”{worst_questions:q1}；“晚会”{worst_questions:q2}。"
)


def with_cell(said: Statement, **changes: Any) -> Statement:
    """With figures of the period that say otherwise: key → what of the cell is changed."""
    period = [msgspec.structs.replace(cell, **changes.get(cell.key, {})) for cell in said.period]
    return msgspec.structs.replace(said, period=period)


def test_the_least_known_questions_are_drawn_under_the_words_the_summary_has_for_them():
    said = with_cell(a_statement(), worst_questions={"value": 3, "parts": {"q2": 7025, "q1": 8, "q3": 1}})
    docx = document(said, learning=LEAST)
    assert bars_of(docx, 3) == [("定金和订金有什么不一样，哪一种可以…", "0.08"), ("晚会", "70.25")]
    words = [one.get("descr", "") for one in part(docx).iter() if one.tag.endswith("}docPr")]
    assert words[2] == "首次答对率最低的题目（%）：定金和订金有什么不一样，哪一种可以要回来双倍：0.08，晚会：70.25"
    assert bars_of(document(said, learning="“定金”0.08%；“晚会”70.25%；“别的”70.26%。"), 3) == [
        ("定金", "0.08"),
        ("晚会", "70.25"),
    ]
    assert "最低的题目（%）" not in words_of(part(document(said, learning="只写测出来的。")))


def test_grievances_are_drawn_most_first_and_those_nobody_sorted_are_called_so():
    kinds = codelists()[-1].grievances
    parts = {kinds[0].id: 3, kinds[1].id: 11, NONE: 5, kinds[2].id: 0}
    docx = document(with_cell(a_statement(), natures={"value": 19, "parts": parts}))
    assert bars_of(docx, 3) == [(kinds[1].zh, "11"), ("未分类", "5"), (kinds[0].zh, "3")]
    assert "受理投诉的性质（件）" in words_of(part(docx))


def test_steps_of_complaints_are_those_of_the_table_and_none_that_nobody_came_to():
    none = {"value": 0, "by": {}}
    said = with_cell(a_statement(), complaints={"value": 28}, complaints_accepted={"value": 21}, called_back=none,
                     complaints_mediated={"value": 9}, complaints_closed={"value": 14})  # fmt: skip
    docx = document(said)
    assert bars_of(docx, 3) == [("登记", "28"), ("受理", "21"), ("调解达成", "9"), ("办结", "14")]
    assert "投诉办到哪一步（件）" in words_of(part(docx))
    alone = with_cell(said, complaints_accepted=none, complaints_mediated=none, complaints_closed=none)
    assert "投诉办到哪一步" not in words_of(part(document(alone)))


def test_where_nobody_counted_there_is_no_chart():
    quiet = [msgspec.structs.replace(day, hours={"headcount": {"09": 0}}) for day in a_statement().days]
    with zipfile.ZipFile(io.BytesIO(document(few(a_statement(days=quiet), "leaflets")))) as package:
        assert not [name for name in package.namelist() if "chart" in name]


def test_rounding_that_somebody_chose_is_in_the_words_and_not_in_the_table():
    docx = document(few(a_statement(), "leaflets"), onsite="活动期间，本级发放宣传资料{leaflets|about}。")
    told = words_of(part(docx))
    assert "发放宣传资料2万余份" in told
    assert "20416" in told


def test_what_was_edited_and_lost_its_figure_leaves_no_brace():
    docx = document(few(a_statement(), "leaflets"), onsite="发短信{messages}，发资料{leaflets}，{nonsense}。")
    assert "发资料20416份。" in words_of(part(docx))
    assert "{" not in words_of(part(docx))


def rows_of(docx: bytes) -> dict[str, list[str]]:
    rows = [[words_of(cell) for cell in row.iter(f"{W}tc")] for row in part(docx).iter(f"{W}tr")]
    return {row[1]: row[3:] for row in rows if len(row) > 1}


def test_a_nought_nobody_stands_for_is_a_dash_and_one_that_somebody_said_stays():
    """What is missing, and what is part of it: a volunteer's taps that never were, batches of tests nobody made."""
    nought = {"duty_turns": 0, "quicktest_batches": 0, "quicktest_brought": 0, "headout": 0, "reports": 0,
              "exhibits_judged": 0}  # fmt: skip
    said = few(a_statement(), *nought, "leaflets")
    plain = [msgspec.structs.replace(cell, value=0, by={}) if cell.key in nought else cell for cell in said.period]
    said = msgspec.structs.replace(said, period=plain, missing=["duty_turns", "quicktest_batches"])
    told = {name: row[-1] for name, row in rows_of(document(said)).items()}
    assert {name for name, value in told.items() if value == "—"} == {"出动人员", "离场群众", "食品快检", "你送我检"}
    assert (told["登记举报"], told["识假体验"]) == ("0", "0")  # somebody said so; tablets count it by themselves


def test_what_is_told_with_a_figure_nobody_said_is_a_dash_too():
    """Items of batches nobody tested, kinds of complaints nobody accepted, a rate of closings nobody told."""
    nought = {"quicktest_batches": 0, "quicktest_items": 0, "complaints_accepted": 0, "natures": 0,
              "complaints_closed": 0, "called_back": 0, "closing_rate": "0.00"}  # fmt: skip
    said = few(a_statement(), *nought, "leaflets")
    said = with_cell(said, **{key: {"value": value, "by": {}} for key, value in nought.items()})
    none = msgspec.structs.replace(said, missing=["quicktest_batches", "complaints_accepted", "complaints_closed"])
    told = {name: row[-1] for name, row in rows_of(document(none)).items()}
    assert {told[one.label.zh] for one in none.columns if one.key in nought} == {"—"}
    some = msgspec.structs.replace(said, missing=["complaints_accepted"])
    told = {name: row[-1] for name, row in rows_of(document(some)).items()}
    assert (told["快检项目"], told["回访到的"], told["受理投诉的性质"]) == ("0", "0", "—")
    assert told["投诉办结率（办结和并案÷登记）"] == "0.00"


# --- layout ---------------------------------------------------------------------------------------


def test_the_page_is_that_of_official_papers(made):
    pages = next(part(made).iter(f"{W}sectPr"))
    size, margins = pages.find(f"{W}pgSz"), pages.find(f"{W}pgMar")
    mm = {side: round(int(margins.get(f"{W}{side}")) / 56.6929) for side in ("top", "bottom", "left", "right")}
    assert (round(int(size.get(f"{W}w")) / 56.6929), round(int(size.get(f"{W}h")) / 56.6929)) == (210, 297)
    assert mm == {"top": 37, "bottom": 35, "left": 28, "right": 26}
    grid = pages.find(f"{W}docGrid")
    assert (grid.get(f"{W}type"), grid.get(f"{W}linePitch")) == ("lines", "579")  # 22 of 28.95 points: 225 mm


def test_fonts_and_sizes_are_named_and_none_is_embedded(made):
    styles = {one.get(f"{W}styleId"): one for one in part(made, "word/styles.xml").iter(f"{W}style")}
    expected = {
        "Normal": ("仿宋_GB2312", 32), "Heading1": ("黑体", 32), "Heading2": ("楷体_GB2312", 32),
        "Title": ("方正小标宋简体", 44), "Footer": ("宋体", 28),
    }  # fmt: skip
    for name, (font, size) in expected.items():
        properties = styles[name].find(f"{W}rPr")
        fonts = properties.find(f"{W}rFonts")
        assert (fonts.get(f"{W}eastAsia"), int(properties.find(f"{W}sz").get(f"{W}val"))) == (font, size)
        assert not [attribute for attribute in fonts.attrib if attribute.endswith("Theme")]
        assert properties.find(f"{W}color") is None
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        assert not [name for name in package.namelist() if "font" in name and not name.endswith("fontTable.xml")]


def test_every_font_has_another_name_to_be_found_under(made):
    fonts = {one.get(f"{W}name"): one for one in part(made, "word/fontTable.xml")}
    others = {name: one.find(f"{W}altName") for name, one in fonts.items() if name != "Times New Roman"}
    assert {name: one.get(f"{W}val").split(",")[0] for name, one in others.items()} == {
        "方正小标宋简体": "FZXiaoBiaoSong-B05S", "仿宋_GB2312": "仿宋", "楷体_GB2312": "楷体", "黑体": "SimHei",
        "宋体": "SimSun",
    }  # fmt: skip
    used = set()
    for name in ("word/document.xml", "word/styles.xml"):
        used |= {one.get(f"{W}eastAsia") for one in part(made, name).iter(f"{W}rFonts")} - {None}
    assert used <= set(fonts)


#: Where one element may not stand behind another, by the element they are in: Word repairs, or refuses, other files.
_ORDER = {
    "pPr": "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr shd tabs "
    "suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE autoSpaceDN bidi adjustRightInd "
    "snapToGrid spacing ind contextualSpacing mirrorIndents suppressOverlap jc textDirection textAlignment "
    "textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange",
    "rPr": "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid "
    "vanish webHidden color spacing w kern position sz szCs highlight u effect bdr shd fitText vertAlign rtl cs em "
    "lang eastAsianLayout specVanish oMath",
    "tblPr": "tblStyle tblpPr tblOverlap bidiVisual tblStyleRowBandSize tblStyleColBandSize tblW jc tblCellSpacing "
    "tblInd tblBorders shd tblLayout tblCellMar tblLook tblCaption tblDescription",
    "tcPr": "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection tcFitText vAlign hideMark",
    "sectPr": "headerReference footerReference footnotePr endnotePr type pgSz pgMar paperSrc pgBorders lnNumType "
    "pgNumType cols formProt vAlign noEndnote titlePg textDirection bidi rtlGutter docGrid printerSettings",
    "font": "altName panose1 charset family notTrueType pitch sig",
}


def test_every_element_is_known_and_stands_in_its_order(made):
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        names = [
            name for name in package.namelist() if re.fullmatch(r"word/(?:document|footer\d*|fontTable)\.xml", name)
        ]
    seen = set()
    for name in names:
        for element in part(made, name).iter():
            kind = element.tag.removeprefix(W)
            if kind in _ORDER:
                seen.add(kind)
                order = [_ORDER[kind].split().index(child.tag.removeprefix(W)) for child in element]
                assert order == sorted(order), (name, kind, [child.tag for child in element])
    assert seen == set(_ORDER)


def test_headings_are_headings_to_who_has_them_read_aloud(made):
    styles = [(para.find(f"{W}pPr/{W}pStyle"), words_of(para)) for para in paragraphs(part(made))]
    by_style = {}
    for style, words in styles:
        by_style.setdefault("" if style is None else style.get(f"{W}val"), []).append(words)
    assert len(by_style["Title"]) == 3  # of the summary, the table and the photos: each is one, however many lines
    assert by_style["Title"][0] == "示范市市场监督管理局关于2027年“3·15”国际消费者权益日宣传活动情况的报告"
    assert [words[:2] for words in by_style["Heading1"]] == ["一、", "二、", "三、", "四、", "五、"]
    assert all(words.startswith("（") for words in by_style["Heading2"])
    caption = next(part(made).iter(f"{W}tblCaption"))
    assert caption.get(f"{W}val") == "2027年“3·15”国际消费者权益日宣传活动情况统计表"


def test_no_number_of_the_table_is_broken_over_two_lines():
    """Ten figures and a point of 五号 are 25 mm in DejaVu Serif: the column is wider, the page lies where it has to."""
    much = [msgspec.structs.replace(cell, value="238712345678.00") if cell.key == "recovered" else cell
            for cell in a_statement().period]  # fmt: skip
    docx = document(few(a_statement(period=much), "recovered", "headcount"))
    widths = [int(one.get(f"{W}w")) / 56.6929 for one in part(docx).iter(f"{W}gridCol")]
    assert widths[-1] > 14 * 2.36 + 1.18 + 2.02  # fourteen figures, a point, and what is left free on both sides
    assert widths[1] >= 38
    assert sum(widths) <= 225.1
    assert [one.get(f"{W}orient") for one in part(docx).iter(f"{W}pgSz")][-1] == (
        "landscape" if sum(widths) > 156.1 else None
    )


def test_the_head_of_the_table_says_whose_it_is_when_and_who_answers_for_it(made):
    told = [words_of(para) for para in paragraphs(part(made))]
    assert "填报单位（公章）：示范市市场监督管理局第 1 版" in told
    assert "统计时段：2027-03-13—2027-03-15填报日期：2027-03-17" in told
    assert any(re.fullmatch("填报人：张科员　+审核人：　+联系方式：0000-12315", one) for one in told)


def test_page_numbers_stand_outside(made):
    sides = {}
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        rels = ET.fromstring(package.read("word/_rels/document.xml.rels"))
    files = {one.get("Id"): one.get("Target") for one in rels}
    reference = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    for one in next(part(made).iter(f"{W}sectPr")).findall(f"{W}footerReference"):
        footer = part(made, f"word/{files[one.get(reference)]}")
        assert words_of(footer) == "— 1 —"
        sides[one.get(f"{W}type")] = footer.find(f".//{W}jc").get(f"{W}val")
    assert sides == {"default": "right", "even": "left"}
    assert part(made, "word/settings.xml").find(f"{W}evenAndOddHeaders") is not None


def test_headings_are_numbered_and_the_foot_is_in_its_order(made):
    texts = [words_of(para) for para in paragraphs(part(made)) if words_of(para)]
    assert [text for text in texts if re.match("[一二三四五]、", text)] == [
        "一、组织实施情况", "二、宣传活动开展情况", "三、投诉处置和执法情况", "四、存在的问题", "五、下一步打算",
    ]  # fmt: skip
    at = texts.index("2. 活动照片")
    assert texts[at - 1].startswith("附件：1. 2027年")
    assert texts[at + 1 : at + 4] == ["示范市市场监督管理局", "2027年3月17日", "附件1"]


def test_the_table_repeats_its_head_and_breaks_no_line(made):
    rows = list(part(made).iter(f"{W}tr"))
    assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None
    assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)


def test_a_wide_table_lies(made):
    year = [msgspec.structs.replace(cell, value=3) if cell.key == "recovered" else cell for cell in a_statement().year]
    wide = document(a_statement(year=year))
    assert [one.get(f"{W}orient") for one in part(wide).iter(f"{W}pgSz")][1:] == ["landscape"]
    assert "landscape" not in [one.get(f"{W}orient") for one in part(made).iter(f"{W}pgSz")]


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("关于消费维权活动情况的报告", ["关于消费维权活动情况的报告"]),
        (
            "示范市市场监督管理局关于2027年“3·15”国际消费者权益日宣传活动情况的报告",
            ["示范市市场监督管理局关于2027年", "“3·15”国际消费者权益日", "宣传活动情况的报告"],
        ),
        ("长" * 70, ["长" * 70]),
    ],
)
def test_a_title_breaks_between_words(title, lines):
    assert title_lines(title) == lines


# --- harm -----------------------------------------------------------------------------------------


def test_hostile_words_are_words():
    said = few(a_statement(title=Text(HOSTILE, "x"), unit=Text(HOSTILE, "x")), "leaflets")
    docx = document(said, (Photo(a_photo(), HOSTILE),), addressee=HOSTILE, problems=f"{HOSTILE}\n{HOSTILE}")
    told = words_of(part(docx))
    assert told.count("<w:br/>&amp;") >= 4
    assert "𠮷" in told
    assert not re.search("[\x00-\x08\x0b]", told)


def test_there_is_no_macro_no_link_and_no_field_but_the_page_number(made):
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        assert not [
            name for name in package.namelist() if "vba" in name.lower() or "embed" in name.lower() or "thumb" in name
        ]
        everything = b"".join(package.read(name) for name in package.namelist() if name.endswith((".xml", ".rels")))
    assert b'TargetMode="External"' not in everything
    assert set(re.findall(rb'w:instr="([^"]*)"', everything)) == {b" PAGE "}
    assert b"instrText" not in everything


def test_the_same_words_make_the_same_bytes(made):
    again = document(a_statement(), (Photo(a_photo(), "人民广场"), Photo(a_photo((480, 640)), "大学城")))
    assert again == made
    assert b"2027-03-17T16:20:05+08:00" in zipfile.ZipFile(io.BytesIO(made)).read("docProps/core.xml")


def test_photos_have_their_caption_as_words_for_who_cannot_see(made):
    pictures = [one.get("descr") for one in part(made).iter() if one.tag.endswith("}docPr")]
    assert pictures[0] == "3月15日各时段参与群众（人次）：9时812，10时1430，11时1207，12时640"
    assert pictures[1].startswith("各会场参与群众（人次）：大学城：24，")
    assert pictures[2].startswith("投诉办到哪一步（件）：登记：1，")
    assert pictures[3:] == ["人民广场", "大学城"]
    ids = [one.get("id") for one in part(made).iter() if one.tag.endswith("}docPr")]
    assert len(set(ids)) == 5


# --- on paper -------------------------------------------------------------------------------------


def test_libreoffice_opens_it_and_makes_pages_of_a4(tmp_path):
    pages = tmp_path / "summary.pdf"
    said = few(a_statement(), "headcount", "leaflets", "recovered")
    pages.write_bytes(printing.pdf(document(said, (Photo(a_photo(), "人民广场"),))))
    told = subprocess.run(["pdfinfo", pages], capture_output=True, text=True, check=True).stdout
    assert "A4" in told
    text = subprocess.run(["pdftotext", "-layout", pages, "-"], capture_output=True, text=True, check=True).stdout
    plain = re.sub(r"\s", "", text)
    for words in ("参与群众9863人次", "—1—", "—2—", "宣传活动情况统计表", "活动照片"):
        assert words in plain


def test_without_libreoffice_one_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Problem) as caught:
        printing.pdf(b"")
    assert caught.value.code == "pdf.unavailable"
    assert "另存为" in caught.value.sentence("zh")


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\nexit 0\n", "#!/bin/sh\nsleep 60 & wait\n"])
def test_a_libreoffice_that_gives_up_is_no_crash(tmp_path, monkeypatch, program):
    (tmp_path / "soffice").write_text(program)
    (tmp_path / "soffice").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Problem) as caught:
        printing.pdf(b"", seconds=0.3)
    assert caught.value.code == "pdf.failed"
