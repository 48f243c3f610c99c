"""What a fact says, in words short enough for a table: no names of people, nothing that was sealed. Pure."""

from collections.abc import Callable, Mapping
from functools import partial

from kiosk.facts.duty import DutyCalled
from kiosk.facts.figures import FigureTyped, RecordListed, RecordStruck
from kiosk.facts.galleries import ExhibitJudged, ExhibitViewed
from kiosk.facts.kinds import Body
from kiosk.facts.papers import SheetCounted, write_number
from kiosk.facts.prizes import PrizeRedeemed
from kiosk.facts.quizzes import QuizAnswered, QuizFinished
from kiosk.facts.stock import StockCounted, StockOpened
from kiosk.facts.tallies import TallyCorrected, TallyCounted, TallyUndone
from kiosk.packs.model import Text

#: Kind → what it is called. Every kind that a figure of the catalogue is made of.
KINDS: Mapping[str, Text] = {
    "advice.answered": Text("答复留言", "Question answered"),
    "advice.asked": Text("留言提问", "Question left"),
    "case.accepted": Text("决定受理", "Accepted"),
    "case.assigned": Text("分送", "Handed to an office"),
    "case.called_back": Text("回访", "Called back"),
    "case.classified": Text("归类", "Classified"),
    "case.closed": Text("办结", "Closed"),
    "case.ended": Text("有了结果", "Came to an end"),
    "case.enforced": Text("诉转案", "Led to enforcement"),
    "case.merged": Text("并案", "Merged"),
    "case.refused": Text("不予受理", "Not accepted"),
    "case.reopened": Text("重新办理", "Opened again"),
    "case.supplement_asked": Text("要求补正", "Supplement asked for"),
    "case.told": Text("反馈", "Told the person"),
    "case.transferred": Text("转办", "Passed on"),
    "complaint.filed": Text("登记投诉举报", "Complaint or report filed"),
    "day.closed": Text("收工", "Day closed"),
    "duty.called": Text("热线来电", "Call to the hotline"),
    "duty.undone": Text("撤销一次来电", "Call taken back"),
    "exhibit.judged": Text("识假一次", "Exhibit judged"),
    "exhibit.viewed": Text("看展品", "Exhibit looked at"),
    "exposure.closed": Text("曝光排查办结", "Exposure looked into"),
    "exposure.listed": Text("列入曝光排查", "Exposure listed"),
    "exposure.reopened": Text("曝光排查重开", "Exposure opened again"),
    "figure.typed": Text("补录", "Typed"),
    "prize.redeemed": Text("发放奖品", "Prize given"),
    "quicktest.recorded": Text("快检一批", "Batch tested"),
    "quicktest.released": Text("快检复检结果", "Laboratory's result"),
    "quicktest.voided": Text("快检作废", "Batch taken back"),
    "quiz.answered": Text("答一题", "Question answered"),
    "quiz.finished": Text("答完一套题", "Quiz finished"),
    "record.listed": Text("登入清单", "Put on a list"),
    "record.struck": Text("从清单划去", "Struck off a list"),
    "sheet.counted": Text("纸质单录入", "Keyed in from paper"),
    "shift.began": Text("上岗", "Shift began"),
    "shift.ended": Text("离岗", "Shift ended"),
    "statement.sent": Text("报送", "Sent up"),
    "stock.counted": Text("盘点", "Stock counted"),
    "stock.opened": Text("拆包", "Stock opened"),
    "survey.answered": Text("交问卷", "Survey handed in"),
    "tally.corrected": Text("更正", "Put right"),
    "tally.counted": Text("计数", "Counted"),
    "tally.undone": Text("撤销计数", "Count taken back"),
}
_CALLS = {"complaint": Text("投诉", "complaint"), "report": Text("举报", "report"), "advice": Text("咨询", "advice")}

#: Counter → name, exhibit → title, prize → name, figure → label: as far as they are known.
Names = Mapping[str, Text]


def told(kind: str, body: Body, names: Names, fair: str = "") -> Text:
    """Such as `计数：进场群众 +5`. With the id of its fair a sheet of paper has the number that is printed on it."""
    name, tell = KINDS.get(kind, Text(kind, kind)), _TELLERS.get(type(body))
    if fair and isinstance(body, SheetCounted):
        tell = partial(_on_paper, fair=fair)
    if tell is None:
        return name
    more = tell(body, names)
    return Text(f"{name.zh}：{more.zh}", f"{name.en}: {more.en}")


def _named(names: Names, key: str) -> Text:
    return names.get(key) or Text(key or "—", key or "—")


def _signed(name: Text, n: int, zh: str = "", en: str = "") -> Text:
    amount = f"{'+' if n > 0 else '−' if n < 0 else ''}{abs(n):,}"
    return Text(f"{name.zh} {amount}{zh}", f"{name.en} {amount}{en}")


def _counted(body: TallyCounted, names: Names) -> Text:
    return _signed(_named(names, body.counter), body.n)


def _undone(body: TallyUndone, names: Names) -> Text:
    return _signed(_named(names, body.counter), -body.n)


def _corrected(body: TallyCorrected, names: Names) -> Text:
    return _signed(_named(names, body.counter), body.n, f"（{body.reason}）", f" ({body.reason})")


def _on_paper(body: SheetCounted, names: Names, fair: str = "") -> Text:
    name = _named(names, body.counter)
    if not fair:
        return _signed(name, body.n, f"（第 {body.number} 号单）", f" (sheet {body.number})")
    printed = write_number(fair, body.number)
    return _signed(name, body.n, f"（{printed} 号单）", f" (sheet {printed})")


def _answered(body: QuizAnswered, _names: Names) -> Text:
    how = Text("答对", "right") if body.right else Text("答错", "wrong")
    return Text(f"{body.question} {how.zh}", f"{body.question} {how.en}")


def _finished(body: QuizFinished, _names: Names) -> Text:
    return Text(f"{body.questions} 题对 {body.right} 题", f"{body.right} of {body.questions} right")


def _redeemed(body: PrizeRedeemed, names: Names) -> Text:
    return _named(names, body.prize)


def _viewed(body: ExhibitViewed, names: Names) -> Text:
    return _named(names, body.exhibit)


def _judged(body: ExhibitJudged, names: Names) -> Text:
    how, name = Text("看对", "right") if body.right else Text("看错", "wrong"), _named(names, body.exhibit)
    return Text(f"{name.zh} {how.zh}", f"{name.en} {how.en}")


def _opened(body: StockOpened, names: Names) -> Text:
    return _signed(_named(names, body.item), body.n)


def _left(body: StockCounted, names: Names) -> Text:
    name = _named(names, body.item)
    return Text(f"{name.zh} 剩 {body.left:,}", f"{name.en}, {body.left:,} left")


def _called(body: DutyCalled, _names: Names) -> Text:
    return _CALLS[body.kind]


def _typed(body: FigureTyped, names: Names) -> Text:
    name = _named(names, body.figure)
    return Text(f"{name.zh}（{body.source}）", f"{name.en} ({body.source})")


def _listed(body: RecordListed, _names: Names) -> Text:
    return Text(body.title, body.title)


def _struck(body: RecordStruck, _names: Names) -> Text:
    return Text(body.reason, body.reason)


_TELLERS: Mapping[type[Body], Callable[..., Text]] = {
    TallyCounted: _counted, TallyUndone: _undone, TallyCorrected: _corrected, SheetCounted: _on_paper,
    QuizAnswered: _answered, QuizFinished: _finished, PrizeRedeemed: _redeemed, ExhibitViewed: _viewed,
    ExhibitJudged: _judged, StockOpened: _opened, StockCounted: _left, DutyCalled: _called, FigureTyped: _typed,
    RecordListed: _listed, RecordStruck: _struck,
}  # fmt: skip
