"""The first form of the database: ledger, bus, border, exchange, intake, trace, requests, keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("revoked", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "border_channels",
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("header", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("origin", "lane", "epoch", name=op.f("pk_border_channels")),
    )
    op.create_table(
        "border_envelopes",
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("header", sa.String(length=64), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "header", name=op.f("pk_border_envelopes")),
        sa.UniqueConstraint("origin", "lane", "epoch", "seq", name=op.f("uq_border_envelopes_origin")),
    )
    op.create_table(
        "border_objects",
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("expires", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("origin", "object", name=op.f("pk_border_objects")),
    )
    op.create_index(
        "ix_border_objects_expires",
        "border_objects",
        ["expires"],
        unique=False,
        sqlite_where=sa.text("statement IS NOT NULL"),
        postgresql_where=sa.text("statement IS NOT NULL"),
    )
    op.create_table(
        "border_refusals",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_border_refusals")),
    )
    op.create_table(
        "border_released",
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("expires", sa.String(length=32), nullable=True),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("receipt_header", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("object", "peer", name=op.f("pk_border_released")),
    )
    op.create_index(
        "ix_border_released_expires",
        "border_released",
        ["expires"],
        unique=False,
        sqlite_where=sa.text("statement IS NOT NULL"),
        postgresql_where=sa.text("statement IS NOT NULL"),
    )
    op.create_table(
        "bus_cursors",
        sa.Column("hearer", sa.String(length=120), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hearer", name=op.f("pk_bus_cursors")),
    )
    op.create_table(
        "bus_events",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_bus_events")),
    )
    op.create_index("ix_bus_events_type", "bus_events", ["type", "seq"], unique=False)
    op.create_table(
        "bus_outbox",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("envelope", sa.String(length=64), nullable=True),
        sa.Column("expires", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_bus_outbox")),
    )
    op.create_index("ix_bus_outbox_due", "bus_outbox", ["peer", "lane", "envelope", "seq"], unique=False)
    op.create_index("ix_bus_outbox_object", "bus_outbox", ["object"], unique=False)
    op.create_table(
        "bus_parked",
        sa.Column("hearer", sa.String(length=120), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=2000), nullable=False),
        sa.PrimaryKeyConstraint("hearer", "seq", name=op.f("pk_bus_parked")),
    )
    op.create_table(
        "exchange_charters",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("adopted_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_exchange_charters")),
    )
    op.create_table(
        "exchange_sealed",
        sa.Column("envelope", sa.String(length=64), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("header", sa.String(length=64), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.Column("kem", sa.String(length=64), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("envelope", name=op.f("pk_exchange_sealed")),
        sa.UniqueConstraint("peer", "lane", "epoch", "seq", name=op.f("uq_exchange_sealed_peer")),
    )
    op.create_index("ix_exchange_sealed_header", "exchange_sealed", ["header"], unique=False)
    op.create_index(
        "ix_exchange_sealed_waiting",
        "exchange_sealed",
        ["peer", "lane", "epoch", "seq"],
        unique=False,
        sqlite_where=sa.text("receipt IS NULL"),
        postgresql_where=sa.text("receipt IS NULL"),
    )
    op.create_table(
        "intake_reports",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_reports")),
    )
    op.create_index(op.f("ix_intake_reports_case"), "intake_reports", ["case"], unique=False)
    op.create_index(op.f("ix_intake_reports_fingerprint"), "intake_reports", ["fingerprint"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("index", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_ledger_entry")),
    )
    op.create_table(
        "ledger_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_state")),
    )
    op.create_table(
        "ledger_tile",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_ledger_tile")),
    )
    op.create_table(
        "requests_claims",
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_requests_claims")),
    )
    op.create_table(
        "requests_holds",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=True),
        sa.Column("asked_at", sa.String(length=32), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests_holds")),
    )
    op.create_index(op.f("ix_requests_holds_case"), "requests_holds", ["case"], unique=False)
    op.create_index(op.f("ix_requests_holds_object"), "requests_holds", ["object"], unique=False)
    op.create_index("ix_requests_holds_waiting", "requests_holds", ["state", "asked_at", "id"], unique=False)
    op.create_table(
        "requests_orders",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("hold", sa.String(length=64), nullable=False),
        sa.Column("bank", sa.String(length=40), nullable=False),
        sa.Column("transfer", sa.String(length=200), nullable=False),
        sa.Column("answered_at", sa.String(length=32), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests_orders")),
        sa.UniqueConstraint("hold", name=op.f("uq_requests_orders_hold")),
    )
    op.create_index("ix_requests_orders_on", "requests_orders", ["bank", "transfer"], unique=False)
    op.create_index("ix_requests_orders_open", "requests_orders", ["bank", "answered_at"], unique=False)
    op.create_table(
        "requests_shares",
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests_shares")),
    )
    op.create_index(op.f("ix_requests_shares_case"), "requests_shares", ["case"], unique=False)
    op.create_table(
        "trace_questions",
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("bank", sa.String(length=40), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", sa.String(length=32), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_questions")),
    )
    op.create_index(op.f("ix_trace_questions_case"), "trace_questions", ["case"], unique=False)
    op.create_index("ix_trace_questions_open", "trace_questions", ["bank", "answered_at"], unique=False)
