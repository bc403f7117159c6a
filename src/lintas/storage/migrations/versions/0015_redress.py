"""Redress: objections to blocks, and what gateways counted."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing is carried over."""
    op.create_table(
        "telco_objections",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=2048), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("via", sa.String(length=80), nullable=False),
        sa.Column("their_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("answer_by", sa.String(length=32), nullable=False),
        sa.Column("operator", sa.String(length=40), nullable=False),
        sa.Column("late_at", sa.String(length=32), nullable=True),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_telco_objections"),
        sa.UniqueConstraint("token", name="uq_telco_objections_token"),
    )
    op.create_index("ix_telco_objections_entry", "telco_objections", ["entry", "state"])
    op.create_index("ix_telco_objections_state", "telco_objections", ["state", "received_at", "id"])
    op.create_index("ix_telco_objections_operator", "telco_objections", ["operator", "received_at"])
    op.create_index("ix_telco_objections_at", "telco_objections", ["received_at", "id"])
    op.create_index("ix_telco_objections_due", "telco_objections", ["state", "origin", "answer_by"])
    op.create_index("ix_telco_objections_their", "telco_objections", ["their_id"], unique=True)
    op.create_table(
        "telco_counted",
        sa.Column("operator", sa.String(length=40), nullable=False),
        sa.Column("gateway", sa.String(length=40), nullable=False),
        sa.Column("minute", sa.String(length=32), nullable=False),
        sa.Column("list_version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("operator", "gateway", "minute", name="pk_telco_counted"),
    )
    op.create_index("ix_telco_counted_minute", "telco_counted", ["minute"])
    op.create_table(
        "telco_counts",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("operator", sa.String(length=40), nullable=False),
        sa.Column("preset", sa.String(length=10), nullable=False),
        sa.Column("trunk", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "operator", "preset", "trunk", "action", "kind", "shadow", name="pk_telco_counts"
        ),
    )
