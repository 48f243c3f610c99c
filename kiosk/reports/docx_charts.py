"""Charts inside a .docx: bars, drawn by the office program from values that stand in it. Pure.

There is no workbook embedded: nothing to run, nothing to go stale.
"""

from collections.abc import Sequence

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.shared import Mm
from docx.text.paragraph import Paragraph

_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
#: Office programs know it by this number; no picture of the document has it.
_DRAWING = 9_000
_WIDE, _HIGH = 156, 70  # mm
#: Of a chart whose bars lie: above and below them all, and of each.
_AROUND, _A_BAR = 14, 7
#: Beside a bar of nothing stands nothing; a rate has two places, and is told where it is nothing, too.
_NO_NOUGHTS, _PLACES = "0;;;", "0.00"


#: What is drawn: (label, how many), in order; a rate is a decimal string with two places.
Bars = Sequence[tuple[str, int | str]]


def add(document: Document, para: Paragraph, name: str, words: str, bars: Bars, *, is_lying: bool = False) -> None:
    """Bars into an empty paragraph, standing side by side or lying below one another.

    `words` say what they show to who cannot see it.
    """
    number = 1 + sum(part.partname.startswith("/word/charts/") for part in document.part.package.iter_parts())
    content = _chart(name, bars, is_lying=is_lying).encode()
    part = Part(PackURI(f"/word/charts/chart{number}.xml"), _TYPE, content, document.part.package)
    relation = document.part.relate_to(part, RELATIONSHIP_TYPE.CHART)
    high = _AROUND + _A_BAR * len(bars) if is_lying else _HIGH
    para.add_run()._r.append(parse_xml(_frame(relation, number, words, high)))  # noqa: SLF001 - it knows no charts


def _frame(relation: str, number: int, words: str, high: int) -> str:
    return (
        '<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f'<wp:inline xmlns:wp="{_WP}" distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{Mm(_WIDE)}" cy="{Mm(high)}"/>'
        f'<wp:docPr id="{_DRAWING + number}" name="Chart {number}" descr="{escaped(words)}"/><wp:cNvGraphicFramePr/>'
        f'<a:graphic xmlns:a="{_A}"><a:graphicData uri="{_C}">'
        f'<c:chart xmlns:c="{_C}" xmlns:r="{_R}" r:id="{relation}"/>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing>"
    )


def _chart(name: str, found: Bars, *, is_lying: bool) -> str:
    labels = _cache("str", [escaped(label) for label, _ in found])
    values = _cache("num", [str(n) for _, n in found])
    are_rates = any(isinstance(n, str) for _, n in found)
    form = _PLACES if are_rates else _NO_NOUGHTS
    bars = (
        f'<c:ser><c:idx val="0"/><c:order val="0"/><c:tx><c:v>{escaped(name)}</c:v></c:tx>'
        '<c:spPr><a:solidFill><a:srgbClr val="595959"/></a:solidFill></c:spPr><c:invertIfNegative val="0"/>'
        f'<c:dLbls><c:numFmt formatCode="{form}" sourceLinked="0"/><c:showLegendKey val="0"/>'
        '<c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/><c:showPercent val="0"/>'
        '<c:showBubbleSize val="0"/></c:dLbls>'
        f"<c:cat>{labels}</c:cat><c:val>{values}</c:val></c:ser>"
    )
    # Bars that lie are read from the top: the first of them is there.
    across, along = ("l", "t") if is_lying else ("b", "l")
    axes = _axis("cat", 1, 2, across, "maxMin" if is_lying else "minMax") + _axis(
        "val", 2, 1, along, "minMax", _ALL if are_rates else _FROM_NOUGHT
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<c:chartSpace xmlns:c="{_C}" xmlns:a="{_A}" xmlns:r="{_R}"><c:roundedCorners val="0"/><c:chart>'
        f'<c:autoTitleDeleted val="1"/><c:plotArea><c:layout/><c:barChart><c:barDir val="{_DIRECTIONS[is_lying]}"/>'
        f'<c:grouping val="clustered"/><c:varyColors val="0"/>{bars}<c:gapWidth val="60"/>'
        f'<c:axId val="1"/><c:axId val="2"/></c:barChart>{axes}'
        '</c:plotArea><c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart>'
        '<c:spPr><a:ln><a:noFill/></a:ln></c:spPr>'
        '<c:txPr><a:bodyPr/><a:lstStyle/><a:p><a:pPr><a:defRPr sz="1000"><a:solidFill><a:srgbClr val="000000"/>'
        '</a:solidFill><a:latin typeface="Times New Roman"/><a:ea typeface="仿宋_GB2312"/></a:defRPr></a:pPr>'
        '<a:endParaRPr lang="zh-CN"/></a:p></c:txPr></c:chartSpace>'
    )  # fmt: skip


_DIRECTIONS = ("col", "bar")
#: A bar is as long as it is much: none of its length is cut off.
_FROM_NOUGHT, _ALL = '<c:min val="0"/>', '<c:max val="100"/><c:min val="0"/>'


def _cache(kind: str, values: list[str]) -> str:
    """Values that need no workbook."""
    points = "".join(f'<c:pt idx="{place}"><c:v>{value}</c:v></c:pt>' for place, value in enumerate(values))
    form = "<c:formatCode>General</c:formatCode>" if kind == "num" else ""
    return f'<c:{kind}Lit>{form}<c:ptCount val="{len(values)}"/>{points}</c:{kind}Lit>'


def _axis(kind: str, own: int, other: int, side: str, way: str, room: str = "") -> str:
    lines = (
        '<c:majorGridlines><c:spPr><a:ln w="6350"><a:solidFill><a:srgbClr val="BFBFBF"/></a:solidFill></a:ln></c:spPr>'
        "</c:majorGridlines>"
    )
    scaling = f'<c:scaling><c:orientation val="{way}"/>{room}</c:scaling>'
    return (
        f'<c:{kind}Ax><c:axId val="{own}"/>{scaling}<c:delete val="0"/><c:axPos val="{side}"/>'
        f'{lines if kind == "val" else ""}<c:numFmt formatCode="General" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>'
        f'<c:crossAx val="{other}"/><c:crosses val="autoZero"/></c:{kind}Ax>'
    )


def escaped(text: str) -> str:
    """Words as XML holds them, in an attribute, too."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace('"', "&quot;")
