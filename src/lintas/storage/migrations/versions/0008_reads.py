"""Who read what peers sent, what peers report of ours, and which objects of peers each hold shows."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and note of the requests that are here which object each came as."""
    _make_reads()
    _make_abroad()
    op.create_table(
        "exchange_secrets",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exchange_secrets")),
    )
    heard = op.create_table(
        "requests_heard",
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("hold", sa.String(length=64), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("peer", "object", name=op.f("pk_requests_heard")),
    )
    op.create_index(op.f("ix_requests_heard_hold"), "requests_heard", ["hold"], unique=False)
    op.create_index(op.f("ix_requests_heard_case"), "requests_heard", ["case"], unique=False)
    _fill(heard)


def _make_reads() -> None:
    op.create_table(
        "exchange_reads",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("first", sa.String(length=32), nullable=False),
        sa.Column("last", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reader", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("pseudonym", sa.String(length=16), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("door", sa.String(length=10), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=True),
        sa.Column("told", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_exchange_reads")),
    )
    op.create_index("ix_exchange_reads_reader", "exchange_reads", ["reader", "last"], unique=False)
    op.create_index("ix_exchange_reads_told", "exchange_reads", ["peer", "told", "seq"], unique=False)
    op.create_index("ix_exchange_reads_batch", "exchange_reads", ["batch"], unique=False)
    for column in ("batch", "told"):
        new = sa.text(f"{column} IS NULL")
        op.create_index(
            f"ix_exchange_reads_no_{column}",
            "exchange_reads",
            ["seq"],
            unique=False,
            sqlite_where=new,
            postgresql_where=new,
        )
    for column in ("pseudonym", "object"):
        op.create_index(op.f(f"ix_exchange_reads_{column}"), "exchange_reads", [column], unique=False)
    op.create_table(
        "exchange_read_batches",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_exchange_read_batches")),
    )


def _make_abroad() -> None:
    op.create_table(
        "exchange_reads_abroad",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("reader", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("first", sa.String(length=32), nullable=False),
        sa.Column("last", sa.String(length=32), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("reported_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_exchange_reads_abroad")),
    )
    same = ["peer", "object", "reader", "what", "first"]
    op.create_index("ix_exchange_reads_abroad_one", "exchange_reads_abroad", same, unique=True)
    op.create_index("ix_exchange_reads_abroad_object", "exchange_reads_abroad", ["object"], unique=False)
    op.create_table(
        "exchange_read_reports",
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("cursor", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=True),
        sa.Column("heard_at", sa.String(length=32), nullable=True),
        sa.Column("wire", sa.LargeBinary(), nullable=True),
        sa.Column("refused_at", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("peer", name=op.f("pk_exchange_read_reports")),
    )


def _fill(heard: sa.Table) -> None:
    """Of what came before this, only requests say by which object they came."""
    bind = op.get_bind()
    holds = sa.table("requests_holds", sa.column("id"), sa.column("case"), sa.column("peer"), sa.column("doc"))
    rows = []
    for row in bind.execute(sa.select(holds)):
        statement = json.loads(row.doc).get("statement")
        if statement:
            rows.append({"peer": row.peer, "object": statement, "hold": row.id, "case": row.case})
    if rows:
        op.bulk_insert(heard, rows)
