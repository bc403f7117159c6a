"""Standing of peers, what is set aside of those in quarantine, and which key signed what came."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables and a column."""
    op.create_table(
        "exchange_standings",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", sa.String(length=32), nullable=False),
        sa.Column("confirmed_by", sa.String(length=120), nullable=True),
        sa.Column("confirmed_at", sa.String(length=32), nullable=True),
        sa.Column("confirmed_reason", sa.String(length=500), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR lower(trim(asked_by)) <> lower(trim(confirmed_by))",
            name=op.f("ck_exchange_standings_two_people"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_exchange_standings")),
        sa.UniqueConstraint("id", name=op.f("uq_exchange_standings_id")),
    )
    op.create_index("ix_exchange_standings_peer", "exchange_standings", ["peer", "seq"], unique=False)
    op.create_table(
        "border_quarantine",
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=True),
        sa.Column("asked_at", sa.String(length=32), nullable=True),
        sa.Column("asked_reason", sa.String(length=500), nullable=True),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "decision IS NULL OR decision <> 'accepted' OR "
            "(asked_by IS NOT NULL AND decided_by IS NOT NULL AND lower(trim(asked_by)) <> lower(trim(decided_by)))",
            name=op.f("ck_border_quarantine_two_people"),
        ),
        sa.PrimaryKeyConstraint("origin", "object", name=op.f("pk_border_quarantine")),
    )
    op.create_index("ix_border_quarantine_open", "border_quarantine", ["origin", "decision", "at"], unique=False)
    op.add_column("border_objects", sa.Column("signed_by", sa.String(length=80), nullable=True))
