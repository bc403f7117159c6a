"""What the members' logs showed, the days compared between members, and by which lane and when each object left."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the monitor and of compared days; add days, lanes and times where they are counted."""
    op.create_table(
        "ledger_watched",
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("why", sa.String(length=400), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("looked_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_ledger_watched")),
    )
    op.create_table(
        "ledger_unproven",
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("tree", sa.String(length=64), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("through", sa.String(length=80), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("why", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("origin", "tree", name=op.f("pk_ledger_unproven")),
    )
    op.create_table(
        "ledger_findings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("vkey", sa.String(length=400), nullable=False),
        sa.Column("older", sa.LargeBinary(), nullable=False),
        sa.Column("newer", sa.LargeBinary(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("through", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_findings")),
    )
    op.create_index(op.f("ix_ledger_findings_origin"), "ledger_findings", ["origin"], unique=False)
    op.create_table(
        "exchange_days",
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.Column("theirs", sa.LargeBinary(), nullable=False),
        sa.Column("differs_since", sa.String(length=32), nullable=True),
        sa.Column("compared_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("peer", "day", name=op.f("pk_exchange_days")),
    )
    for table, other in (("exchange_sealed", "peer"), ("border_envelopes", "origin")):
        op.add_column(table, sa.Column("day", sa.String(length=10), nullable=True))
        op.create_index(f"ix_{table}_day", table, [other, "day"], unique=False)
    op.add_column("border_released", sa.Column("lane", sa.String(length=10), nullable=True))
    op.add_column("border_released", sa.Column("left_at", sa.String(length=32), nullable=True))
    for name, where in (("waiting", "verdict IS NULL"), ("unwelcome", "verdict IN ('refused', 'quarantined')")):
        op.create_index(
            f"ix_border_released_{name}",
            "border_released",
            ["left_at"],
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
