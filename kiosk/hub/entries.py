"""Read models of which one fact makes one row, whatever else there is; for `totals` and for `audit`."""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Table

from kiosk import strictjson
from kiosk.facts.advice import AdviceAnswered, AdviceAsked
from kiosk.facts.corrections import CorrectionDeclined, CorrectionProposed
from kiosk.facts.devices import TabletLent, TabletReturned
from kiosk.facts.duty import DutyCalled, DutyUndone, ExposureAssigned, ExposureClosed, ExposureListed, ExposureReopened
from kiosk.facts.envelope import Fact
from kiosk.facts.figures import (
    CheckNoted,
    FigureTyped,
    RecordListed,
    RecordStruck,
    StatementFrozen,
    StatementSent,
    SummaryEdited,
    UnitReminded,
)
from kiosk.facts.kinds import Body
from kiosk.facts.papers import SheetBlank, SheetKeyed, SheetPrinted, SheetVoided
from kiosk.facts.quicktests import QuicktestRecorded, QuicktestReleased, QuicktestVoided
from kiosk.facts.reporting import ReportBegun, ReportEnded, ReportFigure, ReportPlace
from kiosk.facts.shifts import ShiftBegan, ShiftEnded, ShiftHanded
from kiosk.facts.stock import StockCounted
from kiosk.facts.surveys import SurveyAnswered
from kiosk.facts.tallies import TallyCorrected
from kiosk.hub.tables import (
    advice,
    calls,
    corrections,
    custody,
    exposures,
    handovers,
    quicktests,
    records,
    replies,
    reported,
    sheets,
    shifts,
    statement_steps,
    stock_counts,
    survey_rows,
    typed_figures,
)

Row = dict[str, Any]


def _asked(fact: Fact, body: AdviceAsked) -> Row:
    return {"desk": fact.desk, "number": body.number, "channel": body.channel, "blob": body.blob}


def _answered(fact: Fact, body: AdviceAnswered) -> Row:
    return {"person": fact.by, "number": body.number, "answer": body.answer, "question": body.question}


def _called(fact: Fact, body: DutyCalled) -> Row:
    return {"person": fact.by, "kind": body.kind, "topic": body.topic, "undoes": ""}


def _undone(fact: Fact, body: DutyUndone) -> Row:
    return {"person": fact.by, "kind": body.kind, "topic": body.topic, "undoes": body.undoes}


def _listed(fact: Fact, body: ExposureListed) -> Row:
    return {"person": fact.by, "number": body.number, "step": "listed", "what": body.title, "more": body.source}


def _assigned(fact: Fact, body: ExposureAssigned) -> Row:
    return {"person": fact.by, "number": body.number, "step": "assigned", "what": body.office, "more": ""}


def _closed(fact: Fact, body: ExposureClosed) -> Row:
    return {"person": fact.by, "number": body.number, "step": "closed", "what": body.result, "more": body.note}


def _reopened(fact: Fact, body: ExposureReopened) -> Row:
    return {"person": fact.by, "number": body.number, "step": "reopened", "what": body.result, "more": ""}


def _began(fact: Fact, body: ShiftBegan) -> Row:
    return {**_stood(fact), "person": fact.by, "volunteer": body.volunteer, "began": "", "how": "", "until": ""}


def _ended(fact: Fact, body: ShiftEnded) -> Row:
    told = {"volunteer": body.volunteer, "began": body.began, "how": body.how, "until": body.until}
    return {**_stood(fact), "person": fact.by, **told}


def _handed(fact: Fact, body: ShiftHanded) -> Row:
    amounts = {name: strictjson.dumps(getattr(body, name)).decode() for name in ("counters", "stock")}
    told = {"open": body.open, "unsent": body.unsent, "faults": body.faults}
    return {**_stood(fact), "outgoing": body.outgoing, "incoming": body.incoming, **amounts, **told}


def _stock_counted(fact: Fact, body: StockCounted) -> Row:
    told = {"item": body.item, "left": body.left, "given": body.given, "reason": body.reason}
    return {**_stood(fact), "person": fact.by, **told}


def _stood(fact: Fact) -> Row:
    """Where, and by which clocks."""
    return {"desk": fact.desk, "boot": fact.boot, "mono": fact.mono}


def _returned(fact: Fact, body: TabletReturned) -> Row:
    return {"person": fact.by, "device": body.device, "state": "returned"}


def _lent(fact: Fact, body: TabletLent) -> Row:
    return {"person": fact.by, "device": body.device, "state": "lent"}


def _corrected(fact: Fact, body: TallyCorrected) -> Row:
    return {**_difference(fact, body), "step": "made", "second": body.second}


def _proposed(fact: Fact, body: CorrectionProposed) -> Row:
    return {**_difference(fact, body), "step": "proposed", "second": ""}


def _difference(fact: Fact, body: TallyCorrected | CorrectionProposed) -> Row:
    place = {"desk": fact.desk, "person": fact.by, "day": body.day, "hour": body.hour}
    return {**place, "counter": body.counter, "n": body.n, "reason": body.reason, "proposal": ""}


def _declined(fact: Fact, body: CorrectionDeclined) -> Row:
    place = {"desk": fact.desk, "person": fact.by, "step": "declined", "day": "", "hour": 0, "counter": "", "n": 0}
    return {**place, "reason": "", "second": "", "proposal": body.proposal}


def _printed(fact: Fact, body: SheetPrinted) -> Row:
    return {**_sheet(fact, "printed", body.first, body.last), "kind": body.kind, "more": body.notice}


def _keyed(fact: Fact, body: SheetKeyed) -> Row:
    return {**_sheet(fact, "keyed", body.number, body.number), "kind": body.kind, "day": body.day}


def _voided(fact: Fact, body: SheetVoided) -> Row:
    return {**_sheet(fact, "voided", body.number, body.number), "more": body.reason}


def _left_blank(fact: Fact, body: SheetBlank) -> Row:
    return _sheet(fact, "blank", body.number, body.number)


def _sheet(fact: Fact, step: str, first: int, last: int) -> Row:
    place = {"desk": fact.desk, "person": fact.by, "step": step, "first": first, "last": last}
    return {**place, "kind": "", "day": "", "more": ""}


def _tested(fact: Fact, body: QuicktestRecorded) -> Row:
    return {**_batch(fact, "recorded", body), "verdict": body.verdict, "of_journal": "", "of_fact": ""}


def _untested(fact: Fact, body: QuicktestVoided) -> Row:
    return {**_batch(fact, "voided", body), "verdict": body.verdict, "of_journal": "", "of_fact": body.fact}


def _released(fact: Fact, body: QuicktestReleased) -> Row:
    about = {"of_journal": body.journal, "of_fact": body.fact}
    return {**_batch(fact, "released", body), "verdict": body.outcome, **about}


def _batch(fact: Fact, step: str, body: QuicktestRecorded | QuicktestVoided | QuicktestReleased) -> Row:
    told = strictjson.dumps(msgspec.to_builtins(body)).decode()
    return {**_stood(fact), "person": fact.by, "step": step, "batch": body.batch, "body": told}


def _survey_answered(fact: Fact, body: SurveyAnswered) -> Row:
    told = {name: getattr(body, name) for name in _OF_SURVEY}
    ms = fact.body["ms"]  # a shared meaning says no time
    return {"desk": fact.desk, "answers": strictjson.dumps(body.answers).decode(), "ms": ms, **told}


_OF_SURVEY = ("survey", "version", "valid", "lang", "large", "channel", "phase", "play", "blob")


def _typed(fact: Fact, body: FigureTyped) -> Row:
    place = {"figure": body.figure, "window": body.window, "day": body.day, "unit": body.unit}
    return {"person": fact.by, **place, "n": body.n, "source": body.source, "blob": body.blob}


def _put_on_list(fact: Fact, body: RecordListed) -> Row:
    return {**_record(fact, "listed", body), "title": body.title, "record": "", "unit": body.unit, "blob": body.blob}


def _struck(fact: Fact, body: RecordStruck) -> Row:
    return {**_record(fact, "struck", body), "title": body.reason, "record": body.record, "unit": "", "blob": ""}


def _record(fact: Fact, step: str, body: RecordListed | RecordStruck) -> Row:
    told = strictjson.dumps(msgspec.to_builtins(body)).decode()
    return {"person": fact.by, "step": step, "list": body.list, "day": body.day, "body": told}


def _frozen(fact: Fact, body: StatementFrozen) -> Row:
    return _step(fact, "frozen", version=body.version, digest=body.digest, words=body.why)


def _sent(fact: Fact, body: StatementSent) -> Row:
    return _step(fact, "sent", version=body.version, name=body.to, words=body.how)


def _noted(fact: Fact, body: CheckNoted) -> Row:
    return _step(fact, "noted", name=body.check, digest=body.found, words=body.note)


def _reminded(fact: Fact, body: UnitReminded) -> Row:
    return _step(fact, "reminded", name=body.unit, words=body.how)


def _edited(fact: Fact, body: SummaryEdited) -> Row:
    return _step(fact, "edited", name=body.section, digest=body.digest)


def _step(fact: Fact, step: str, version: int = 0, name: str = "", digest: str = "", words: str = "") -> Row:
    told = {"version": version, "name": name, "digest": digest, "words": words}
    return {"person": fact.by, "step": step, **told}


def _report_begun(fact: Fact, body: ReportBegun) -> Row:
    return _reported(fact, "begun", body)


def _report_figure(fact: Fact, body: ReportFigure) -> Row:
    return {**_reported(fact, "figure", body), "figure": body.figure, "window": body.window, "day": body.day}


def _report_place(fact: Fact, body: ReportPlace) -> Row:
    return {**_reported(fact, "place", body), "figure": body.place}


def _report_ended(fact: Fact, body: ReportEnded) -> Row:
    return _reported(fact, "ended", body)


def _reported(fact: Fact, step: str, body: ReportBegun | ReportFigure | ReportPlace | ReportEnded) -> Row:
    told = strictjson.dumps(msgspec.to_builtins(body)).decode()
    place = {"unit": fact.desk, "step": step, "version": body.version, "figure": "", "window": "", "day": ""}
    return {**place, "body": told}


_MAKERS: dict[type[Body], tuple[Table, Callable[[Fact, Any], Row]]] = {
    AdviceAsked: (advice, _asked),
    AdviceAnswered: (replies, _answered),
    DutyCalled: (calls, _called),
    DutyUndone: (calls, _undone),
    ExposureListed: (exposures, _listed),
    ExposureAssigned: (exposures, _assigned),
    ExposureClosed: (exposures, _closed),
    ExposureReopened: (exposures, _reopened),
    TallyCorrected: (corrections, _corrected),
    CorrectionProposed: (corrections, _proposed),
    CorrectionDeclined: (corrections, _declined),
    SheetPrinted: (sheets, _printed),
    SheetKeyed: (sheets, _keyed),
    SheetVoided: (sheets, _voided),
    SheetBlank: (sheets, _left_blank),
    ShiftBegan: (shifts, _began),
    ShiftEnded: (shifts, _ended),
    ShiftHanded: (handovers, _handed),
    StockCounted: (stock_counts, _stock_counted),
    QuicktestRecorded: (quicktests, _tested),
    QuicktestVoided: (quicktests, _untested),
    QuicktestReleased: (quicktests, _released),
    SurveyAnswered: (survey_rows, _survey_answered),
    FigureTyped: (typed_figures, _typed),
    RecordListed: (records, _put_on_list),
    RecordStruck: (records, _struck),
    StatementFrozen: (statement_steps, _frozen),
    StatementSent: (statement_steps, _sent),
    CheckNoted: (statement_steps, _noted),
    UnitReminded: (statement_steps, _reminded),
    SummaryEdited: (statement_steps, _edited),
    ReportBegun: (reported, _report_begun),
    ReportFigure: (reported, _report_figure),
    ReportPlace: (reported, _report_place),
    ReportEnded: (reported, _report_ended),
    TabletReturned: (custody, _returned),
    TabletLent: (custody, _lent),
}
#: The bodies that make a row, and the tables they make it in.
BODIES = frozenset(_MAKERS)
TABLES = (
    advice, replies, calls, exposures, shifts, handovers, stock_counts, custody, corrections, sheets, survey_rows,
    quicktests, typed_figures, records, statement_steps, reported,
)  # fmt: skip


def row_of(journal: str, fair: str, fact: Fact, body: Body) -> tuple[Table, Row]:
    """The row of a fact, of a body that makes one."""
    table, make = _MAKERS[type(body)]
    shared = {"journal": journal, "seq": fact.seq, "fair": fair, "at": fact.at, "fact": fact.id}
    return table, {**shared, **make(fact, body)}
