"""All tables of the hub. Every key of what booths send starts with the journal, so that it can be partitioned by it."""

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
    Column("state", Text, nullable=False, server_default="active"),  # "active", "replaced" or "revoked"
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
    *(Column(name, BigInteger, nullable=False) for name in LOOKS),
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
    Index("complaints_by_fact", "journal", "fact"),
    Index("complaints_by_fair", "fair", "at"),
)

openings = Table(
    "openings",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("case", Text, nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("person", Text, nullable=False),
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

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),  # sealed
    Column("received_at", Float, nullable=False),
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
