"""Sender IDs: claims and registrations, what authorities say of claims, our own acts, what was told and heard."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing is carried over."""
    op.create_table(
        "telco_senders",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("look", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("check_at", sa.String(length=40), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_telco_senders"),
    )
    op.create_index("ix_telco_senders_state", "telco_senders", ["state", "id"])
    op.create_index("ix_telco_senders_check", "telco_senders", ["check_at"])
    op.create_index("ix_telco_senders_origin", "telco_senders", ["origin", "state", "id"])
    op.create_index("ix_telco_senders_change", "telco_senders", ["change"], unique=True)
    op.create_table(
        "telco_sender_words",
        sa.Column("claim", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("registration", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("claim", "origin", "registration", name="pk_telco_sender_words"),
    )
    op.create_index("ix_telco_sender_words_origin", "telco_sender_words", ["origin"])
    op.create_table(
        "telco_sender_acts",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sender", sa.String(length=16), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_telco_sender_acts"),
    )
    op.create_index("ix_telco_sender_acts_sender", "telco_sender_acts", ["sender", "seq"])
    op.create_table(
        "telco_sender_told",
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("refused_here", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("about", "peer", name="pk_telco_sender_told"),
    )
    op.create_table(
        "telco_sender_heard",
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "day", name="pk_telco_sender_heard"),
    )
