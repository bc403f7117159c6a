"""Which objections' blocks were lifted here, how many objections each peer passed on, and which numbers were recycled."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, filled from what is stored, the index, and the table of recycled numbers."""
    op.add_column("telco_objections", sa.Column("lifted_at", sa.String(length=32), nullable=True))
    op.create_index("ix_telco_objections_via", "telco_objections", ["via", "received_at"])
    rows = sa.table("telco_objections", *(sa.column(name) for name in ("id", "origin", "lifted_at", "doc")))
    here = op.get_bind()
    for name, doc in here.execute(sa.select(rows.c.id, rows.c.doc).where(rows.c.origin != "")).all():
        if lifted := json.loads(bytes(doc)).get("lifted_at"):
            here.execute(sa.update(rows).where(rows.c.id == name).values(lifted_at=lifted))
    op.create_table(
        "telco_recycled",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("operator", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_telco_recycled"),
    )
    op.create_index("ix_telco_recycled_operator", "telco_recycled", ["operator", "at"])
