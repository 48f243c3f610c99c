"""The summary as a .docx in the layout of official papers (GB/T 9704-2012); behind it table, curve, photos. Pure.

A4 with 22 lines of 28 characters; fonts are named, not embedded: offices have them. The red head, the number of the
document and who signs it are left to the office. The only fields are the page numbers. The same statement, words and
photos make the same bytes.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

import msgspec
from docx import Document
from docx.document import Document as Document_
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.section import Section as Pages
from docx.shared import Emu, Mm, Pt
from docx.text.paragraph import Paragraph as Para
from docx.text.run import Run

from kiosk.packs.codelists import codelists
from kiosk.packs.drafts import clean
from kiosk.reports import catalogue, courses, docx_charts, packages
from kiosk.reports.figures import shown
from kiosk.reports.statement import Cell, Statement, is_nobodys
from kiosk.reports.summary import Paragraph, Section, laid_out, short_day

_TITLE, _BODY, _BLACK, _ITALIC, _SONG = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"
_LATIN = "Times New Roman"
#: Points: 二号, 三号, 四号, 五号.
_NO2, _NO3, _NO4, _NO5 = 22, 16, 14, 10.5
_PITCH = 28.95  # of a line: 225 mm by 22
_CHARACTER = 320  # twentieths of a point: one of 三号
_A_LINE = 28  # characters
#: 28 of 16 points are a little more than 156 mm. A grid of characters would say so as well, but LibreOffice gives one
#: that is wider than its cell two of them.
_CLOSER = -5  # twentieths of a point
_TITLE_LINE, _TITLE_LINES = 20, 3  # characters of 二号
_MARGINS = {"top": 37, "bottom": 35, "left": 28, "right": 26}  # mm
#: So many value columns and fewer fit a page that stands, where the names of figures have so much room, in mm.
_STANDING, _LABEL = 4, 38
#: 10月31日 in one line, in mm.
_A_DAY = 22.0
#: A figure of 五号 in mm, in the broadest of the faces that stand in for the Latin one where a machine has it not.
_FIGURE = 2.36
_DAYS_BESIDE = 4
#: So many lines at the end of the table stay with the notes below it.
_TOGETHER = 3
#: A photo is at most so large: two and their captions fill a page.
_PHOTO_WIDTH, _PHOTO_HEIGHT = 156, 82
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
#: Where a title may be broken without breaking a word.
_BREAK_BEFORE = ("关于", "情况的报告", "“3·15”", "“3.15”")
_BREAK_BEHIND = ("国际消费者权益日", "宣传咨询服务月", "宣传咨询", "宣传", "活动", "工作")
_DASH = "—"
#: Room for a name that is written by hand.
_BLANK = "　" * 6
#: Fewer venues are not compared, more of them are too many to look at; and so many characters of a name stand there.
_FEWEST, _COMPARED, _VENUE = 2, 10, 14
#: How the summary names a question of the quiz, and so many characters of it stand beside its bar.
_ASKED = re.compile(r"“([^“”]*)”\s*(?:\{worst_questions:([^@|{}]{1,80})|([0-9]{1,3}\.[0-9]{2})%)")
_QUESTION = 18
#: From writing a complaint down to asking how content somebody was.
_STEPS: Mapping[str, str] = {
    "complaints": "登记", "complaints_accepted": "受理", "complaints_mediated": "调解达成", "complaints_closed": "办结",
    "called_back": "回访到",
}  # fmt: skip
#: Under which other names a machine may have a font, and what it should take where it has neither.
_OTHER_NAMES = {
    _TITLE: ("FZXiaoBiaoSong-B05S,方正小标宋_GBK,小标宋,华文中宋", "roman"),
    _BODY: ("仿宋,FangSong,FangSong_GB2312", "modern"),
    _ITALIC: ("楷体,KaiTi,KaiTi_GB2312", "modern"),
    _BLACK: ("SimHei", "modern"),
    _SONG: ("SimSun", "auto"),
}
_SHADE = '<w:shd w:val="clear" w:color="auto" w:fill="EDEDED"/>'
_Align = WD_ALIGN_PARAGRAPH
_LEFT, _CENTRE, _RIGHT, _BOTH = _Align.LEFT, _Align.CENTER, _Align.RIGHT, _Align.JUSTIFY


class Photo(msgspec.Struct, frozen=True):
    data: bytes  # JPEG, as `kiosk.pictures` draws it
    caption: str


def official(statement: Statement, sections: Sequence[Section], photos: Sequence[Photo] = ()) -> bytes:
    """The .docx: the summary, then the statistics table, then the photos, each on a page of its own."""
    document = Document()
    _styles(document)
    _pages(document.sections[0])
    document.settings.odd_and_even_pages_header_footer = True
    _numbered(document.sections[0])
    lines = laid_out(sections, statement)
    _text(document, [line for line in lines if line.kind not in _FOOT])
    last = len(document.paragraphs) - 1
    _attachments(document, [line.text for line in lines if line.kind == "attachment"], has_photos=bool(photos))
    _signed(document, lines)
    # Whoever signs does so on a page that says something.
    for para in document.paragraphs[max(last, 0) : -1]:
        para.paragraph_format.keep_with_next = True
    is_wide, _ = _widths(_windows(statement))
    _annex(document, _heading(statement), "附件1" if photos else "附件", is_wide=is_wide)
    _table(document, statement)
    _charts(document, statement, sections)
    if photos:
        _annex(document, "活动照片", "附件2", is_wide=False)
        _pictures(document, photos)
    _told(document, statement)
    out = io.BytesIO()
    document.save(out)
    return packages.settled(out.getvalue(), statement.made_at)


_FOOT = frozenset({"attachment", "signature", "date"})


def _words(text: str) -> str:
    """Words XML can hold, in one line."""
    return " ".join(clean(text).split("\n"))


# --- the page -------------------------------------------------------------------------------------


def _pages(pages: Pages, *, is_wide: bool = False) -> None:
    width, height = (297, 210) if is_wide else (210, 297)
    pages.orientation = WD_ORIENT.LANDSCAPE if is_wide else WD_ORIENT.PORTRAIT
    pages.page_width, pages.page_height = Mm(width), Mm(height)
    # A page that lies is bound where its head is: the margins turn with it.
    turned = {"top": "left", "right": "top", "bottom": "right", "left": "bottom"}
    for side in _MARGINS:
        setattr(pages, f"{side}_margin", Mm(_MARGINS[turned[side] if is_wide else side]))
    # The dash of the page number stands 7 mm below the text.
    pages.footer_distance, pages.header_distance = Mm(12 if is_wide else 25), Mm(15)
    for grid in pages._sectPr.findall(qn("w:docGrid")):  # noqa: SLF001 - python-docx has no word for the grid
        pages._sectPr.remove(grid)  # noqa: SLF001
    kind = "" if is_wide else 'w:type="lines" '
    pages._sectPr.append(parse_xml(f'<w:docGrid {_W} {kind}w:linePitch="579"/>'))  # noqa: SLF001


def _numbered(pages: Pages) -> None:
    """— 1 —: right on odd pages, left on even ones, one character from the edge."""
    for footer, side in ((pages.footer, "right"), (pages.even_page_footer, "left")):
        footer.is_linked_to_previous = False
        para = footer.paragraphs[0]
        para.style = "Footer"
        size = f'<w:sz w:val="{_NO4 * 2}"/><w:szCs w:val="{_NO4 * 2}"/>'
        fonts = f'<w:rFonts w:ascii="{_SONG}" w:hAnsi="{_SONG}" w:eastAsia="{_SONG}"/>'
        _indent(para, {side: 1}, 280)
        para.alignment = _RIGHT if side == "right" else _LEFT
        dash = f"<w:r {_W}><w:rPr>{fonts}{size}</w:rPr>%s</w:r>"
        number = f'<w:fldSimple {_W} w:instr=" PAGE "><w:r><w:rPr>{fonts}{size}</w:rPr><w:t>1</w:t></w:r></w:fldSimple>'
        for part in (dash % '<w:t xml:space="preserve">— </w:t>', number, dash % '<w:t xml:space="preserve"> —</w:t>'):
            para._p.append(parse_xml(part))  # noqa: SLF001


def _styles(document: Document_) -> None:
    """Names of fonts for Chinese and for digits; black; lines at the pitch of the grid."""
    _style(document, "Normal", _BODY, _NO3)
    for name, font in (("Heading 1", _BLACK), ("Heading 2", _ITALIC)):
        _style(document, name, font, _NO3)
    _style(document, "Title", _TITLE, _NO2)
    _style(document, "Footer", _SONG, _NO4)
    for name in ("Title", "Footer"):
        _drop(document.styles[name].element.get_or_add_pPr(), "w:pBdr", "w:tabs")
    _name_fonts(document)


def _name_fonts(document: Document_) -> None:
    """The fonts with their other names: Word and WPS look for those before they take anything at all."""
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/>'
        f'<w:charset w:val="86"/><w:family w:val="{family}"/></w:font>'
        for name, (others, family) in _OTHER_NAMES.items()
    )
    latin = f'<w:font w:name="{_LATIN}"><w:charset w:val="00"/><w:family w:val="roman"/></w:font>'
    part = next(one for one in document.part.package.iter_parts() if one.partname == "/word/fontTable.xml")
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    part._blob = f"{head}<w:fonts {_W}>{latin}{fonts}</w:fonts>".encode()  # noqa: SLF001 - python-docx knows no fonts


def _style(document: Document_, name: str, font: str, size: float) -> None:
    style: Any = document.styles[name]
    style.font.name, style.font.size, style.font.bold, style.font.italic = _LATIN, Pt(size), False, False
    properties = style.element.get_or_add_rPr()
    fonts = properties.find(qn("w:rFonts"))
    for attribute in [one for one in fonts.attrib if one.endswith("Theme")]:
        del fonts.attrib[attribute]
    for one in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{one}"), _LATIN)
    fonts.set(qn("w:eastAsia"), font)
    _drop(properties, "w:color", "w:spacing", "w:kern", "w:lang")
    if size == _NO3:
        properties.find(qn("w:sz")).addprevious(parse_xml(f'<w:spacing {_W} w:val="{_CLOSER}"/>'))
    properties.append(parse_xml(f'<w:lang {_W} w:val="en-US" w:eastAsia="zh-CN"/>'))
    form = style.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing = Pt(_PITCH if name != "Footer" else _NO4)
    form.keep_together, form.widow_control = False, False


def _drop(element: Any, *names: str) -> None:
    for name in names:
        for found in element.findall(qn(name)):
            element.remove(found)


def _indent(para: Para, indents: Mapping[str, float], character: int = _CHARACTER) -> None:
    """Indents by side, in characters."""
    made: Any = para._p.get_or_add_pPr().get_or_add_ind()  # noqa: SLF001 - python-docx knows no characters
    for side, n in indents.items():
        if n:
            made.set(qn(f"w:{side}Chars"), str(round(n * 100)))
            made.set(qn(f"w:{side}"), str(round(n * character)))


# --- the text -------------------------------------------------------------------------------------


def _text(document: Document_, lines: Sequence[Paragraph]) -> None:
    for line in lines:
        text = _words(line.text)
        if line.kind == "title":
            _titled(document, text)
            document.add_paragraph()
        elif line.kind == "addressee":
            _paragraph(document, f"{text.rstrip('：:')}：")
        elif line.kind == "heading1":
            _paragraph(document, text, "Heading 1", first=2)
        elif line.kind == "heading2":
            _paragraph(document, text, "Heading 2", first=2)
        else:
            _paragraph(document, text, first=2)


def _titled(document: Document_, text: str) -> None:
    """A title is one paragraph, however many lines it has: so who has it read to them hears one."""
    first, *others = title_lines(text)
    para = _paragraph(document, first, "Title", jc=_CENTRE, pitch=34)
    for one in others:
        para.runs[-1].add_break()
        _hint(para.add_run(one))


def _paragraph(
    document: Document_, text: str, style: str = "Normal", *, first: float = 0, left: float = 0, right: float = 0,
    hanging: float = 0, jc: _Align = _BOTH, pitch: float = 0,
) -> Para:  # fmt: skip
    """Indents in characters of 三号."""
    para = document.add_paragraph(style=style)
    _hint(para.add_run(text))
    para.alignment = jc
    _indent(para, {"firstLine": first, "left": left, "right": right, "hanging": hanging})
    if pitch:
        _off_the_grid(para, pitch)
    return para


def _off_the_grid(para: Para, pitch: float) -> None:
    """A line of its own height."""
    properties: Any = para._p.get_or_add_pPr()  # noqa: SLF001
    para.paragraph_format.line_spacing = Pt(pitch) if pitch else 1.0
    properties.find(qn("w:spacing")).addprevious(parse_xml(f'<w:snapToGrid {_W} w:val="0"/>'))


def _hint(run: Run) -> None:
    """Marks that Chinese and English share, “ ” — …, are Chinese here."""
    properties: Any = run._r.get_or_add_rPr()  # noqa: SLF001
    properties.get_or_add_rFonts().set(qn("w:hint"), "eastAsia")


def title_lines(text: str) -> list[str]:
    """A title in as few lines as it needs, the upper ones longer, broken between words where we know them.

    A title that cannot be broken so is one line, which Word breaks as it likes.
    """
    if not _TITLE_LINE < _ems(text) <= _TITLE_LINES * _TITLE_LINE:
        return [text]
    edges = sorted({0, len(text), *_edges(text)})
    best: list[str] = [text]
    score: tuple[float, ...] = (99,)
    for cuts in _cuts(edges, most=_TITLE_LINES):
        lines = [text[a:b] for a, b in pairwise(cuts)]
        widths = [_ems(line) for line in lines]
        if max(widths) > _TITLE_LINE:
            continue
        rising = sum(max(0.0, lower - upper) for upper, lower in pairwise(widths))
        uneven = max(widths) - min(widths)
        if (found := (len(lines), rising, uneven)) < score:
            best, score = lines, found
    return best


def _edges(text: str) -> Iterator[int]:
    for word in _BREAK_BEFORE:
        yield from (found.start() for found in re.finditer(re.escape(word), text))
    for word in _BREAK_BEHIND:
        yield from (found.end() for found in re.finditer(re.escape(word), text))


def _cuts(edges: Sequence[int], most: int) -> Iterator[list[int]]:
    """Ways of cutting a text into 2 to `most` pieces, as places from its beginning to its end."""
    inner = edges[1:-1]
    for n, one in enumerate(inner):
        yield [edges[0], one, edges[-1]]
        if most > 2:
            yield from ([edges[0], one, two, edges[-1]] for two in inner[n + 1 :])


def _attachments(document: Document_, names: Sequence[str], *, has_photos: bool) -> None:
    """附件：1. …, one blank line below the text, no mark behind a name."""
    named = [_words(name).rstrip("。.；;") for name in names]
    if has_photos and not any("照片" in name for name in named):
        named.append("活动照片")
    if not named:
        return
    document.add_paragraph()
    for number, name in enumerate(named, 1):
        count = f"{number}. " if len(named) > 1 else ""
        lead = f"附件：{count}" if number == 1 else count
        own = 1 if count else 0
        _paragraph(document, lead + name, left=5 + own, hanging=own if number > 1 else 3 + own, jc=_LEFT)


def _signed(document: Document_, lines: Sequence[Paragraph]) -> None:
    """The unit two characters from the right, the date below, beginning two characters further in."""
    names = [_words(line.text) for line in lines if line.kind == "signature"]
    days = [_words(line.text) for line in lines if line.kind == "date"]
    if not names:
        return
    document.add_paragraph()
    document.add_paragraph()
    wide = max(map(_ems, names))
    day = max(map(_ems, days), default=0.0)
    inwards = max(2.0, min(wide - day, _A_LINE - day)) if days else 2.0
    own = max(2.0, day + 4 - wide) if wide < day + 2 else 2.0
    for name in names:
        _paragraph(document, name, right=own, jc=_RIGHT)
    for one in days:
        _paragraph(document, one, right=inwards if wide < _A_LINE - 2 else 2.0, jc=_RIGHT)


def _ems(text: str) -> float:
    """How wide a line is, in characters: a digit is half of one, and a little space stands between both."""
    is_wide = [ord(letter) > 0x2E7F or letter in "“”—…" for letter in text]
    return sum(1.0 if wide else 0.5 for wide in is_wide) + 0.25 * sum(a != b for a, b in pairwise(is_wide))


# --- what is annexed ------------------------------------------------------------------------------


def _annex(document: Document_, title: str, label: str, *, is_wide: bool) -> None:
    """A new page: 附件 at its upper left, its title on the third line."""
    pages = document.add_section(WD_SECTION.NEW_PAGE)
    _pages(pages, is_wide=is_wide)
    para = _paragraph(document, label, jc=_LEFT)
    _east(para, _BLACK)
    document.add_paragraph()
    _titled(document, _words(title))


def _east(para: Para, font: str, size: float = _NO3) -> None:
    for run in para.runs:
        run.font.name, run.font.size = _LATIN, Pt(size)
        properties: Any = run._r.get_or_add_rPr()  # noqa: SLF001
        properties.find(qn("w:rFonts")).set(qn("w:eastAsia"), font)


def _heading(statement: Statement) -> str:
    return f"{statement.title.zh.removesuffix('活动')}活动情况统计表"


def _windows(statement: Statement) -> list[tuple[str, Mapping[str, Cell]]]:
    """What stands side by side: the days, where they are few, the period, and the year where anything is said."""
    days = [(short_day(day.day), day.cells) for day in statement.days]
    named = [*(days if 1 < len(days) <= _DAYS_BESIDE else []), ("活动期间", statement.period)]
    if any(cell.value is not None for cell in statement.year):
        named.append(("全年", statement.year))
    return [(name, {cell.key: cell for cell in cells}) for name, cells in named]


def _widths(windows: Sequence[tuple[str, Mapping[str, Cell]]]) -> tuple[bool, list[float]]:
    """Whether the table lies, and how wide its columns are in mm: no number is broken over two lines."""
    longest = [max((len(_said(cell)) for cell in cells.values()), default=0) for _, cells in windows]
    values = [max(_A_DAY if "日" in name else 18.0, _FIGURE * letters + 3)
              for (name, _), letters in zip(windows, longest, strict=True)]  # fmt: skip
    label = 156 - 11 - 18 - sum(values)
    is_wide = len(windows) > _STANDING or label < _LABEL
    if is_wide:
        label = max(225 - 11 - 18 - sum(values), 30)
    return is_wide, [11, label, 18, *values]


def _said(cell: Cell) -> str:
    return "" if cell.value is None else str(cell.value)


def _table(document: Document_, statement: Statement) -> None:
    """A real table: its head on every page, no line of it broken over two."""
    windows = _windows(statement)
    is_wide, widths = _widths(windows)
    _head(document, statement, 225 if is_wide else 156)
    rows = [_row(["序号", "指标", "计量单位", *(name for name, _ in windows)], widths, is_head=True)]
    numbered, unsaid = list(enumerate(statement.columns, 1)), statement.unsaid
    for group, some in groupby(numbered, lambda one: one[1].group):
        rows.append(_group_row(_group(group), widths))
        for number, column in some:
            told = [_value(cells.get(column.key), unsaid) for _, cells in windows]
            is_last = number > len(numbered) - _TOGETHER
            rows.append(_row([str(number), column.label.zh, column.unit, *told], widths, is_kept=is_last))
    grid = "".join(f'<w:gridCol w:w="{_twips(width)}"/>' for width in widths)
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    margins = '<w:tblCellMar><w:left w:w="57" w:type="dxa"/><w:right w:w="57" w:type="dxa"/></w:tblCellMar>'
    caption = f'<w:tblLook w:val="0020" w:firstRow="1"/><w:tblCaption w:val="{_escaped(_heading(statement))}"/>'
    properties = (
        f'<w:tblPr><w:tblW w:w="{_twips(sum(widths))}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{sides}</w:tblBorders><w:tblLayout w:type="fixed"/>{margins}{caption}</w:tblPr>'
    )
    table = parse_xml(f"<w:tbl {_W}>{properties}<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>")
    document.element.body.insert(len(document.element.body) - 1, table)
    _note(document, statement, 225 if is_wide else 156)


def _head(document: Document_, statement: Statement, wide: float) -> None:
    """Whose figures, of when, which version: on the left, and at the right edge."""
    lines = (
        (f"填报单位（公章）：{_words(statement.unit.zh)}", _version(statement)),
        (f"统计时段：{statement.days_sayable}", f"填报日期：{statement.made_at[:10]}"),
    )
    for left, right in lines:
        para = _paragraph(document, f"{left}\t{right}", jc=_LEFT)
        para.paragraph_format.tab_stops.add_tab_stop(Mm(wide), WD_TAB_ALIGNMENT.RIGHT)
        para.paragraph_format.keep_with_next = True
        _east(para, _BODY, 12)
        _off_the_grid(para, 20)


def _note(document: Document_, statement: Statement, wide: float) -> None:
    notes = (
        "注：“—”表示没有这项数据，0 表示统计过、结果是零；人次、人、件、份、批次不能互换。各项指标的含义见电子表格。"
    )
    if statement.unsent:
        notes += "部分平板的记录尚未传到，没有计入。"
    filled, contact = _words(statement.made_by), _words(statement.contact)
    signed, called = f"填报人：{filled or _BLANK}　　审核人：{_BLANK}", f"联系方式：{contact or _BLANK}"
    one_line = f"{signed}　　{called}"
    lines = [one_line] if Pt(12 * _ems(one_line)) < Mm(wide) else [signed, called]
    for text, size, pitch in ((notes, _NO5, 15), *((one, 12, 20) for one in lines)):
        para = _paragraph(document, text, jc=_LEFT)
        _east(para, _BODY, size)
        _off_the_grid(para, pitch)
        para.paragraph_format.space_before = Pt(6)
        para.paragraph_format.keep_together, para.paragraph_format.keep_with_next = True, text != lines[-1]


class _Chart(msgspec.Struct, frozen=True):
    name: str  # with its unit
    bars: docx_charts.Bars
    words: str = ""  # what the labels are short for; "": they are whole
    is_lying: bool = True


def _charts(document: Document_, statement: Statement, sections: Sequence[Section]) -> None:
    """What is better seen than read; each with its name, and never a name alone at the end of a page."""
    items = _least_known(statement, sections)
    found = (_hours(statement), _compared(statement), items, _natures(statement), _steps(statement))
    for one in filter(None, found):
        title = _paragraph(document, one.name, jc=_CENTRE, pitch=26)
        title.paragraph_format.space_before, title.paragraph_format.keep_with_next = Pt(12), True
        _east(title, _BLACK, 12)
        para = _paragraph(document, "", jc=_CENTRE)
        _off_the_grid(para, 0)
        told = one.words or "，".join(f"{label}{'：' if one.is_lying else ''}{n}" for label, n in one.bars)
        docx_charts.add(document, para, one.name, f"{one.name}：{told}", one.bars, is_lying=one.is_lying)


def _hours(statement: Statement) -> _Chart | None:
    """How many came in which hour of the busiest day, where anybody counted them."""
    counted = [(sum(found.values()), day.day, found) for day in statement.days if (found := day.hours.get("headcount"))]
    if not counted or not max(counted, key=lambda one: one[:2])[0]:
        return None
    _, day, hours = max(counted, key=lambda one: one[:2])
    bars = [(f"{int(hour)}时", hours[hour]) for hour in sorted(hours)]
    return _Chart(f"{short_day(day)}各时段参与群众（人次）", bars, is_lying=False)


def _compared(statement: Statement) -> _Chart | None:
    """Venues by how many came to them, the busiest first; of many the first of them."""
    venues = [(_words(one.name.zh), cell.value) for one in statement.places if one.kind == "venue"
              for cell in one.cells if cell.key == "headcount"]  # fmt: skip
    counted = [(name, n) for name, n in venues if isinstance(n, int) and n > 0]
    if len(counted) < _FEWEST:
        return None
    busiest = sorted(counted, key=lambda one: -one[1])[:_COMPARED]
    named = "各会场参与群众" if len(busiest) == len(counted) else f"参与群众最多的{_COMPARED}个会场"
    return _Chart(f"{named}（人次）", [(_short(name), n) for name, n in busiest])


def _least_known(statement: Statement, sections: Sequence[Section]) -> _Chart | None:
    """Questions right least often at the first try, under the words the summary has for them, frozen or not."""
    cell = statement.cell("worst_questions")
    parts = cell.parts if cell else {}
    rates = {shown(n, 100): n for n in parts.values()}
    asked = [found.groups() for one in sections for found in _ASKED.finditer(one.text)]
    told = [(parts.get(key) if key else rates.get(rate), _words(name)) for name, key, rate in asked]
    known = sorted(((n, name) for n, name in told if n is not None), key=lambda one: one[0])
    if len(known) < _FEWEST:
        return None
    bars = [(_short(name, _QUESTION), shown(n, 100)) for n, name in known]
    words = "，".join(f"{name}：{shown(n, 100)}" for n, name in known)
    return _Chart("首次答对率最低的题目（%）", bars, words)


def _natures(statement: Statement) -> _Chart | None:
    """What accepted complaints are about, most first."""
    cell = statement.cell("natures")
    named = {code.id: code.zh for one in codelists() for code in one.grievances} | {courses.NONE: "未分类"}
    found = sorted(((n, code) for code, n in (cell.parts if cell else {}).items() if n > 0), key=lambda one: -one[0])
    bars = [(_short(named.get(code, code)), n) for n, code in found]
    return _Chart("受理投诉的性质（件）", bars) if len(bars) >= _FEWEST else None


def _steps(statement: Statement) -> _Chart | None:
    """How far complaints came, as the table has it, to the last step that any came to."""
    cells = [(name, cell.value) for key, name in _STEPS.items() if (cell := statement.cell(key))]
    bars = [(name, n) for name, n in cells if isinstance(n, int) and n > 0]
    return _Chart("投诉办到哪一步（件）", bars) if len(bars) >= _FEWEST else None


def _short(name: str, most: int = _VENUE) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _version(statement: Statement) -> str:
    return f"第 {statement.version} 版" if statement.version else "草稿"


def _group(group: str) -> str:
    return next((one.label.zh for one in catalogue.GROUPS if one.id == group), group)


def _value(cell: Cell | None, unsaid: frozenset[str]) -> str:
    """A dash where there is none, and for a nought that is nobody's."""
    return _DASH if cell is None or is_nobodys(cell, unsaid) else str(cell.value)


def _row(cells: Sequence[str], widths: Sequence[float], *, is_head: bool = False, is_kept: bool = False) -> str:
    made = []
    for place, (text, width) in enumerate(zip(cells, widths, strict=True)):
        is_number = place > 2 and text != _DASH
        jc = "center" if is_head else "left" if place == 1 else "right" if is_number else "center"
        keep = "<w:keepNext/>" if is_kept else ""
        made.append(_cell(text, width, jc, _BLACK if is_head else _BODY, _SHADE if is_head else "", keep))
    head = "<w:tblHeader/>" if is_head else ""
    return (
        f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="397" w:hRule="atLeast"/>{head}</w:trPr>{"".join(made)}</w:tr>'
    )


def _group_row(name: str, widths: Sequence[float]) -> str:
    """The name of a group over all columns, never alone at the end of a page."""
    cell = _cell(name, sum(widths), "left", _BLACK, f'<w:gridSpan w:val="{len(widths)}"/>', keep="<w:keepNext/>")
    return f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="397" w:hRule="atLeast"/></w:trPr>{cell}</w:tr>'


def _cell(text: str, width: float, jc: str, font: str, more: str, keep: str = "") -> str:
    properties = f'<w:tcW w:w="{_twips(width)}" w:type="dxa"/>{more}<w:vAlign w:val="center"/>'
    lines = f'{keep}<w:snapToGrid w:val="0"/><w:spacing w:line="280" w:lineRule="exact"/><w:jc w:val="{jc}"/>'
    fonts = f'<w:rFonts w:hint="eastAsia" w:ascii="{_LATIN}" w:hAnsi="{_LATIN}" w:eastAsia="{font}"/>'
    run = (
        f'<w:rPr>{fonts}<w:sz w:val="21"/><w:szCs w:val="21"/></w:rPr><w:t xml:space="preserve">{_escaped(text)}</w:t>'
    )
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:pPr>{lines}</w:pPr><w:r>{run}</w:r></w:p></w:tc>"


def _escaped(text: str) -> str:
    return docx_charts.escaped(_words(text))


def _twips(mm: float) -> int:
    return round(mm * 56.6929)


def _pictures(document: Document_, photos: Sequence[Photo]) -> None:
    """Each with its caption below, as wide as the text or as high as half a page."""
    for photo in photos:
        para = _paragraph(document, "", jc=_CENTRE)
        _off_the_grid(para, 0)
        para.paragraph_format.space_before = Pt(8)
        para.paragraph_format.keep_with_next = True
        shape = para.add_run().add_picture(io.BytesIO(photo.data))
        scale = min(Mm(_PHOTO_WIDTH) / shape.width, Mm(_PHOTO_HEIGHT) / shape.height)
        shape.width, shape.height = Emu(round(shape.width * scale)), Emu(round(shape.height * scale))
        caption = _words(photo.caption)
        shape._inline.docPr.set("descr", caption)  # noqa: SLF001 - python-docx has no word for what a picture shows
        _east(_paragraph(document, caption, jc=_CENTRE, pitch=26), _BODY, _NO4)


def _told(document: Document_, statement: Statement) -> None:
    package = document.part.package
    for name in [name for name, one in package.rels.items() if one.reltype.endswith("/thumbnail")]:
        del package.rels[name]  # of the empty paper it began as
    properties = document.core_properties
    properties.title, properties.author = _words(statement.title.zh)[:255], _words(statement.unit.zh)[:255]
    properties.last_modified_by, properties.comments, properties.keywords = properties.author, "", ""
    properties.language, properties.revision = "zh-CN", 1
