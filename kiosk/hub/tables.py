"""All tables of the hub. Every key of what booths send starts with the journal, so that it can be partitioned by it."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

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
    # What the booth last said of itself. Shown, never counted.
    Column("seen_at", Float),
    Column("told_seq", BigInteger),
    Column("pack", Text),
    Column("version", Text),
    Column("free_mb", BigInteger),
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

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),  # sealed
    Column("received_at", Float, nullable=False),
)

schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True),
    UniqueConstraint("version"),
)
