"""All tables of the hub. Every key of what booths send starts with the journal, so that it can be partitioned by it."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from kiosk.reports.exhibits import LOOKS
from kiosk.reports.items import SUMS

metadata = MetaData()


def _of_a_fact() -> list[Column[Any]]:
    """What every read model has of which one fact makes one row: where the fact stands, and when it was written."""
    return [
        Column("journal", Text, primary_key=True),
        Column("seq", BigInteger, primary_key=True),
        Column("fair", Text, nullable=False),
        Column("at", Text, nullable=False),
        Column("fact", Text, nullable=False),
    ]


# One row: who this hub is. Its signing key is a file; its sealing key exists only wrapped, in `people`.
identity = Table(
    "identity",
    metadata,
    Column("hub", Text, primary_key=True),
    Column("certificate", LargeBinary, nullable=False),  # root of the hub's own journal
    Column("sealing_key", Text, nullable=False),  # public, hex
)

fairs = Table(
    "fairs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False),  # packs.fairs.Fair as JSON
    Column("origin", Text, nullable=False, server_default=""),  # the hub it was run at, when not this one
    Column("origin_fingerprint", Text, nullable=False, server_default=""),  # hex; what that hub is known by
    Column("journal", Text, nullable=False, server_default=""),  # this hub's own of it; drawn by lot
)

volunteers = Table(
    "volunteers",
    metadata,
    Column("fair", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("pin", Text, nullable=False),  # Argon2id
)

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password", Text, nullable=False),  # Argon2id
    Column("roles", Text, nullable=False),  # space-separated
    Column("wrapped_key", LargeBinary),  # the hub's private sealing key under this person's password
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("began_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("key_box", LargeBinary),  # the private sealing key under the cookie's own token
)

throttles = Table(
    "throttles",
    metadata,
    Column("key", Text, primary_key=True),
    Column("since", Float, nullable=False),
    Column("n", Integer, nullable=False),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("used_by", Text),  # the public key that used it: asking again with it is the same request
    Column("certificate", LargeBinary),
    Column("kind", Text, nullable=False, server_default="cli"),  # drawn on a "screen", for a "sheet", on the "cli"
    Column("compare_needed", Boolean, nullable=False, server_default=false()),
    Column("request", LargeBinary),  # what a tablet asked that waits for somebody to compare the digits
    Column("asked_at", Float),
    Column("confirmed_by", Text),
)

devices = Table(
    "devices",
    metadata,
    Column("device", Text, primary_key=True),
    Column("journal", Text, nullable=False, unique=True),
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("kinds", Text, nullable=False),  # space-separated
    Column("hub", Text, nullable=False, server_default=""),  # whom its batches are addressed to; empty: this hub
    Column("certificate", LargeBinary),
    Column("not_after", Float, nullable=False, server_default="32503680000"),  # what arrives later does not count
    Column("state", Text, nullable=False, server_default="active"),  # "active", "replaced", "revoked"; "ended"
    Column("rehearses", Text, nullable=False, server_default=""),  # of a rehearsal: the tablet's own device id
    Column("cutoff", BigInteger),  # of a revoked one: no fact after this counts
    # Up to here its run was settled when it was withdrawn: what parts from it there was written afterwards.
    Column("settled_seq", BigInteger),
    Column("settled_hash", LargeBinary),  # chain hash there
    Column("reason", Text, nullable=False, server_default=""),
    Column("canary", LargeBinary),  # the first thing it sealed
    Column("canary_state", Text, nullable=False, server_default="none"),  # as in protocol.Head
    # What the booth last said of itself. Shown, never counted.
    Column("seen_at", Float),
    Column("told_seq", BigInteger),
    Column("pack", Text),
    Column("version", Text),
    Column("free_mb", BigInteger),
    Column("told_hash", Text),
    Column("told_at", Text),
    Column("skew_ms", BigInteger),  # hub's time less the device's, when it last told
    # As in protocol.Health. The battery as last told; of what was tried the last word there was.
    Column("battery", Integer),
    Column("charging", Boolean),
    Column("camera", Text),
    Column("printer", Text),
    Column("sound", Text),
)

journals = Table(
    "journals",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the unbroken run that is counted ends here
    Column("hash", LargeBinary, nullable=False),  # chain hash at seq
    Column("forked_at", BigInteger),  # first place where two different facts are known
    Column("clocks", Text, nullable=False, server_default=""),  # facts.clocks.Clocks of the run, as JSON
    Column("doubtful", Integer, nullable=False, server_default="0"),  # boots whose time nothing vouches for
    Column("seal", LargeBinary),  # protocol.Batch.seal of the batch that was joined on last
)

facts = Table(
    "facts",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("line", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("kind", Text),  # as read; NULL when the line cannot be read
    Column("problem", Text),  # why it does not count; NULL when it does
    Column("received_at", Float, nullable=False),
    sqlite_with_rowid=False,
)
_unusable = facts.c.problem.is_not(None)
Index("facts_in_quarantine", facts.c.journal, facts.c.seq, sqlite_where=_unusable, postgresql_where=_unusable)

# The other branch of a forked journal: kept and shown, never counted.
forks = Table(
    "forks",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    Column("line", LargeBinary, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("decided", Boolean, nullable=False, server_default=false()),  # a person chose another branch
    Column("prev", LargeBinary),  # chain hash before it; NULL where only the line itself can tell
)

# What a person decided about a fact in quarantine. Folded from the hub's own journal; the last word counts.
decisions = Table(
    "decisions",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),  # of that very fact: another branch may have another there
    Column("verdict", Text, nullable=False),  # "released" or "dismissed"
    Column("person", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

# Which branch of a forked journal a person chose. Folded from the hub's own journal; all of them, in order.
choices = Table(
    "choices",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),  # place of the choice in the hub's own journal
    Column("seq", BigInteger, nullable=False),  # where the branches part
    Column("kept", LargeBinary),  # hash of the first fact of the branch that counts; NULL: none does
    Column("lost", Text, nullable=False),  # hashes of those that do not, hex, space-separated
    Column("person", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

# What booths said they held when they closed.
slips = Table(
    "slips",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("hash", Text, primary_key=True),  # hex; of a typed slip only the first 10 digits are known
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("counts", Text, nullable=False),  # JSON: kind → facts
    Column("source", Text, nullable=False),  # "document" or "typed"
    Column("received_at", Float, nullable=False),
    Column("person", Text, nullable=False),
)

totals = Table(
    "totals",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("desk", Text, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Index("totals_by_fair", "fair", "metric", "day"),
)

# The same over all days and hours: what the board asks for every few seconds is a tenth as many rows.
desk_totals = Table(
    "desk_totals",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("desk", Text, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Index("desk_totals_by_fair", "fair", "metric", "desk", "n"),
)

# How far each tablet's answers and looks are folded into the tables that follow: outside intake, never in a backup.
item_folds = Table(
    "item_folds",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("venue", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),  # how often its counted run was changed other than at its end
    Column("folded", BigInteger, nullable=False),  # the generation that was folded
    Column("seq", BigInteger, nullable=False),  # up to this fact
    Column("plays", LargeBinary, nullable=False),  # begun and not yet finished there
    Index("item_folds_by_fair", "fair", "venue"),
)

# Which session a tablet's word for a visitor's phone belongs to: the first that sent a screen with it.
handoffs = Table(
    "handoffs",
    metadata,
    Column("id_hash", Text, primary_key=True),
    Column("session_hash", Text, nullable=False),
    Column("used_at", Float, nullable=False),
)

# What the answers to a question come to: at a venue, and under an empty name at all of them.
item_sums = Table(
    "item_sums",
    metadata,
    Column("fair", Text, primary_key=True),
    Column("venue", Text, primary_key=True),
    Column("pack", Text, primary_key=True),
    Column("question", Text, primary_key=True),
    Column("lang", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in SUMS),
    Index("item_sums_by_venue", "fair", "pack", "venue", "question", "n", "correct"),
    sqlite_with_rowid=False,
)

# How often which wrong answer was given: option ids as touched, with spaces between.
item_wrongs = Table(
    "item_wrongs",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("fair", "venue", "pack", "question", "lang", "mode", "chosen")),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What was done with an exhibit, and under a region's name what was seen of that region.
exhibit_sums = Table(
    "exhibit_sums",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("fair", "venue", "exhibit", "region")),
    # The server's default is for rows of before: they are folded again.
    *(Column(name, BigInteger, nullable=False, server_default="0") for name in LOOKS),
    sqlite_with_rowid=False,
)

complaints = Table(
    "complaints",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("case", Text, nullable=False, index=True),
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("fact", Text, nullable=False),
    # What the first release filed has these.
    Column("matter", Text, nullable=False, server_default="complaint"),
    Column("intake", Text, nullable=False, server_default="regulator"),
    Column("standing", Text, nullable=False, server_default="window"),
    Column("form", Text, nullable=False, server_default="2019"),
    Column("code", Text, nullable=False, server_default=""),  # hash of the query code
    Column("linked", Text, nullable=False, server_default=""),
    Column("day", Text, nullable=False, server_default=""),  # of its filing, by the hub's time
    # Its life so far, copied from `case_states` (hub.lives): what the register asks for, by index.
    Column("state", Text, nullable=False, server_default="received"),
    Column("unit", Text, nullable=False, server_default=""),
    Column("handler", Text, nullable=False, server_default=""),
    Column("clock", Text, nullable=False, server_default=""),  # which statutory time runs
    Column("clock_from", Text, nullable=False, server_default=""),  # since this day
    Column("outcome", Text, nullable=False, server_default=""),
    Column("into_case", Text, nullable=False, server_default=""),  # of a merged one
    Index("complaints_by_fact", "journal", "fact"),
    Index("complaints_by_fair", "fair", "at"),
    Index("complaints_by_case", "fair", "case", "at"),
    # The register asks for any of these together, page by page: each index holds all it is asked for, so that no row
    # is read but those that are shown.
    Index("complaints_register", "fair", "at", "case", "state", "matter", "desk", "unit", "handler", "day"),
    Index(
        "complaints_by_clock",
        *("fair", "clock", "clock_from", "case", "state", "matter", "desk", "unit", "handler", "day"),
    ),
    Index("complaints_by_merge", "fair", "into_case"),
)

# What the steps of a case have come to (facts.lives.State as JSON). Folded from the hub's own journal alone, so it is
# the same whether the complaint arrived before or after.
case_states = Table(
    "case_states",
    metadata,
    Column("fair", Text, primary_key=True),
    Column("case", Text, primary_key=True),
    Column("journal", Text, nullable=False, index=True),
    Column("document", Text, nullable=False),
)
case_steps = Table(
    "case_steps",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Index("case_steps_by_fact", "journal", "fact"),
    Index("case_steps_by_case", "fair", "case", "seq"),
    Index("case_steps_by_kind", "fair", "kind", "seq"),
)
# What was passed on to outside bodies, and each word of how it fared: that is no state of the case.
transfers = Table(
    "transfers",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("road", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("transfers_by_case", "fair", "case"),
    Index("transfers_by_fair", "fair", "at"),
)
deliveries = Table(
    "deliveries",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("deliveries_by_transfer", "journal", "transfer", "seq"),
)
# Which cases a phone number stands in, as a keyed hash: the key is derived from the private sealing key, which no disk
# holds in the clear, so that whoever takes the disk cannot try numbers.
phones = Table(
    "phones",
    metadata,
    Column("fair", Text, primary_key=True),
    Column("mark", Text, primary_key=True),  # empty: that case was read and has no number
    Column("case", Text, primary_key=True),
    Index("phones_by_case", "fair", "case"),
)
# Notices of holidays that were entered for years the library does not know.
notices = Table(
    "notices",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("document", Text, nullable=False),  # workdays.Notice as JSON
)

openings = Table(
    "openings",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("case", Text, nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default="handling"),
)

# Plays under made-up names: what a public page shows of a day.
leaderboard = Table(
    "leaderboard",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("nickname", Text, nullable=False),
    Column("right", Integer, nullable=False),
    Column("questions", Integer, nullable=False),
    Column("ms", BigInteger, nullable=False),
    Index("leaderboard_by_desk", "fair", "day", "desk"),
    Index("leaderboard_by_play", "journal", "session", "seq"),
)

# Questions the desk could not answer, and their answers; the newest one holds.
advice = Table(
    "advice",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Index("advice_by_fair", "fair", "at"),
    Index("advice_by_number", "fair", "number"),
)
replies = Table(
    "replies",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("question", Text, nullable=False),  # as published; empty: not in the list
    Column("fact", Text, nullable=False),
    Index("replies_by_number", "number", "seq"),
    Index("replies_by_fair", "fair", "number", "seq"),
)

# Calls to the hotline, and those taken back.
calls = Table(
    "calls",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("undoes", Text, nullable=False),  # fact it takes back; empty: it is a call itself
    Column("fact", Text, nullable=False),
    Index("calls_by_fair", "fair", "at"),
    Index("calls_by_fact", "journal", "fact"),
    Index("calls_by_undone", "journal", "undoes"),
)

# What was exposed, step by step: one row a fact.
exposures = Table(
    "exposures",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("step", Text, nullable=False),  # "listed", "assigned", "closed" or "reopened"
    Column("what", Text, nullable=False),  # its title; the office; the result, twice
    Column("more", Text, nullable=False),  # its source; the note
    Column("fact", Text, nullable=False),
    Index("exposures_by_fair", "fair", "number", "seq"),
)

# Who came to a desk and left it. Boot and monotonic clock stand here because hours are reckoned from them; the true
# time of a row follows from its journal's clocks, whenever it is asked for.
shifts = Table(
    "shifts",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("mono", BigInteger, nullable=False),
    Column("person", Text, nullable=False),  # who touched the name
    Column("volunteer", Text, nullable=False),
    Column("began", Text, nullable=False),  # of an end the fact of its beginning; empty: it is a beginning
    Column("how", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Index("shifts_by_fair", "fair", "journal", "seq"),
)
# Hand-overs, with what stood there at that moment.
handovers = Table(
    "handovers",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("mono", BigInteger, nullable=False),
    Column("outgoing", Text, nullable=False),
    Column("incoming", Text, nullable=False),
    Column("counters", Text, nullable=False),  # JSON: metric → sum
    Column("stock", Text, nullable=False),  # JSON: item → copies
    Column("open", BigInteger, nullable=False),
    Column("unsent", BigInteger, nullable=False),
    Column("faults", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Index("handovers_by_fair", "fair", "journal", "seq"),
)
# Every count of what is left at a desk.
stock_counts = Table(
    "stock_counts",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("mono", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("left", BigInteger, nullable=False),
    Column("given", BigInteger, nullable=False),  # by the counter, then
    Column("reason", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Index("stock_counts_by_fair", "fair", "journal", "seq"),
)
# Tablets handed back in the evening, and lent again: the newest row of a tablet holds.
custody = Table(
    "custody",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("state", Text, nullable=False),  # "returned" or "lent"
    Column("fact", Text, nullable=False),
    Index("custody_by_fair", "fair", "device", "seq"),
)

# Counts put right, at a desk or here; proposals that wait for a second person, and those that were declined.
corrections = Table(
    "corrections",
    metadata,
    *_of_a_fact(),
    Column("desk", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("step", Text, nullable=False),  # "made", "proposed" or "declined"
    Column("day", Text, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("counter", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("second", Text, nullable=False),
    Column("proposal", Text, nullable=False),  # fact that was declined; else empty
    Index("corrections_by_fair", "fair", "at"),
    Index("corrections_by_fact", "journal", "fact"),
    Index("corrections_by_place", "fair", "day", "desk"),
)

# Sheets of paper: series that were printed, and what became of each sheet.
sheets = Table(
    "sheets",
    metadata,
    *_of_a_fact(),
    Column("desk", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("step", Text, nullable=False),  # "printed", "keyed", "voided" or "blank"
    Column("kind", Text, nullable=False),  # "tally" or "complaint", where it is said
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("day", Text, nullable=False),  # written on a keyed sheet
    Column("more", Text, nullable=False),  # the notice's version; why it is void
    Index("sheets_by_number", "fair", "first"),
)

# Surveys that were imported or written here, version by version. None is ever changed; the last one of an id is asked.
surveys = Table(
    "surveys",
    metadata,
    Column("fair", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),  # of the fact of it in the hub's own journal: their order
    Column("document", Text, nullable=False),  # packs.surveys.Survey as JSON
    Column("digest", Text, nullable=False),  # hex; of the document
    Column("added_at", Text, nullable=False),
    Column("by", Text, nullable=False),
)
# Every survey that was answered: one row a person.
survey_rows = Table(
    "survey_rows",
    metadata,
    *_of_a_fact(),
    Column("desk", Text, nullable=False),
    Column("survey", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("answers", Text, nullable=False),  # JSON: question → codes, number or date
    Column("valid", Boolean, nullable=False),
    Column("lang", Text, nullable=False),
    Column("large", Boolean, nullable=False),
    Column("channel", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("play", Text, nullable=False),
    Column("ms", BigInteger, nullable=False),
    Column("blob", Text, nullable=False),  # of what was written in words; or empty
    # Holds all by which one sees that no answer came or went since.
    Index("survey_rows_by_survey", "fair", "survey", "version", "at", "seq", "fact"),
    Index("survey_rows_by_fact", "journal", "fact"),
)

# Quick tests of food: batches, those taken back at the desk, and what became of those that failed.
quicktests = Table(
    "quicktests",
    metadata,
    *_of_a_fact(),
    Column("desk", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("mono", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("step", Text, nullable=False),  # "recorded", "voided" or "released"
    Column("batch", Text, nullable=False),
    Column("verdict", Text, nullable=False),  # of what was recorded; of a release its outcome
    Column("of_journal", Text, nullable=False),  # what it is about; of a voided one empty: its own journal
    Column("of_fact", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Index("quicktests_by_fair", "fair", "journal", "seq"),
)

# What no tablet sees, as it was typed: every saying of a figure, the newest of a place holds.
typed_figures = Table(
    "typed_figures",
    metadata,
    *_of_a_fact(),
    Column("person", Text, nullable=False),
    Column("figure", Text, nullable=False),
    Column("window", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("n", BigInteger),  # NULL: not said any more
    Column("source", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("blob", Text, nullable=False),  # of a sealed attachment; or empty
    Index("typed_figures_by_place", "fair", "figure", "window", "day", "unit", "seq"),
)

# Lists of a fair: what was put on them, and what was struck.
records = Table(
    "records",
    metadata,
    *_of_a_fact(),
    Column("person", Text, nullable=False),
    Column("step", Text, nullable=False),  # "listed" or "struck"
    Column("list", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("title", Text, nullable=False),  # of a struck one the reason
    Column("record", Text, nullable=False),  # the fact that is struck; or empty
    Column("unit", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Index("records_by_list", "fair", "list", "seq"),
)

# What was done with the statistics table: versions, sendings, answers to doubts, reminders, words that were edited.
statement_steps = Table(
    "statement_steps",
    metadata,
    *_of_a_fact(),
    Column("person", Text, nullable=False),
    Column("step", Text, nullable=False),  # "frozen", "sent", "noted", "reminded" or "edited"
    Column("version", Integer, nullable=False),  # 0 where it is of none
    Column("name", Text, nullable=False),  # the check, unit or section; to whom a version was sent
    Column("digest", Text, nullable=False),  # hex; or empty
    Column("words", Text, nullable=False),
    Index("statement_steps_by_fair", "fair", "step", "seq"),
)

# Frozen versions whole: reports.statement.Statement as JSON. Their digests stand in the hub's own journal.
statements = Table(
    "statements",
    metadata,
    Column("fair", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", Text, nullable=False),  # hex, of `document`
    Column("document", LargeBinary, nullable=False),
    Column("frozen_at", Text, nullable=False),
)

# The words of the summary as they are now, section by section, where somebody changed them.
summary_words = Table(
    "summary_words",
    metadata,
    Column("fair", Text, primary_key=True),
    Column("section", Text, primary_key=True),
    Column("words", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# What units of a fair reported, as their facts say it. `fair` is that of `hub.aside`: no page of tablets finds it.
reported = Table(
    "reported",
    metadata,
    *_of_a_fact(),
    Column("unit", Text, nullable=False),
    Column("step", Text, nullable=False),  # "begun", "figure", "place" or "ended"
    Column("version", Integer, nullable=False),
    Column("figure", Text, nullable=False),  # or the venue of a place; or empty
    Column("window", Text, nullable=False),  # of a figure; else empty
    Column("day", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Index("reported_by_fair", "fair", "step", "journal", "version", "seq"),
    Index("reported_by_version", "journal", "version", "window", "day", "seq"),
)

# The way up: each time a fair joined a hub above, who that is, and how far it has signed for what was written.
upward_links = Table(
    "upward_links",
    metadata,
    Column("journal", Text, primary_key=True),  # drawn anew whenever it joins; its key follows from it and the hub's
    Column("fair", Text, nullable=False),
    Column("state", Text, nullable=False),  # "asked"; "joined", one a fair; "former"
    Column("url", Text, nullable=False),  # where the hub above is; empty: only files go there
    Column("hello", LargeBinary),  # protocol.Hello of it; of one that is asked by a file not known yet
    Column("request", LargeBinary),  # protocol.EnrolRequest; or empty
    Column("word", Text, nullable=False),  # of the hub above, that it has the request
    Column("certificate", LargeBinary),  # whole
    Column("receipted", BigInteger, nullable=False),
    Column("receipt", LargeBinary),  # the newest
    Column("joined_at", Text, nullable=False),
)

# What was written for the hub above: a chain of its own, its root is that hub's certificate.
upward_facts = Table(
    "upward_facts",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("line", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),  # which frozen version it belongs to
)

# What is sealed, by the counted fact that names it: all that asks which content there is to be looks here.
contents = Table(
    "contents",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fair", Text, nullable=False),
    Column("case", Text, nullable=False),  # of a question its number, of a survey ""
    Column("desk", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("blob", Text, nullable=False, index=True),
    Index("contents_by_case", "fair", "case"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),  # sealed
    Column("received_at", Float, nullable=False),
)

# Photos from phones for complaints that are not filed yet: blobs already, gone after a day.
phone_photos = Table(
    "phone_photos",
    metadata,
    Column("form", Text, primary_key=True),  # a mark of the id the complaint will have and of its query code
    Column("number", Integer, primary_key=True),
    Column("mark", Text, nullable=False),  # the same for the same photo of the same form; says nothing else
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("at", Float, nullable=False, index=True),  # when its form last went on
    Column("network", Text, nullable=False),  # a mark of where it came from
    UniqueConstraint("form", "mark"),
)

# Which tablet brought a blob, so that none fills the disk with what nobody names. None for a phone's.
blob_origins = Table(
    "blob_origins",
    metadata,
    Column("device", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),  # bytes
)

# Blobs on their way: what arrived so far, by whose tablet and where it begins. One part ends where the next begins.
blob_parts = Table(
    "blob_parts",
    metadata,
    Column("device", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("total", BigInteger, nullable=False),  # bytes the whole blob will have
    Column("content", LargeBinary, nullable=False),
    Column("received_at", Float, nullable=False),
)

# Blobs deleted on their date: what must not come back, whatever road brings it again.
erased = Table(
    "erased",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("person", Text, nullable=False),
)

schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True),
    UniqueConstraint("version"),
)
