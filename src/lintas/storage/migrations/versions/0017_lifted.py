"""Which objections' blocks were taken back here by this authority's own law, and how many each peer passed on in a day."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, filled from what is stored, and the index."""
    op.add_column("telco_objections", sa.Column("lifted_at", sa.String(length=32), nullable=True))
    op.create_index("ix_telco_objections_via", "telco_objections", ["via", "received_at"])
    rows = sa.table("telco_objections", *(sa.column(name) for name in ("id", "origin", "lifted_at", "doc")))
    here = op.get_bind()
    for name, doc in here.execute(sa.select(rows.c.id, rows.c.doc).where(rows.c.origin != "")).all():
        if lifted := json.loads(bytes(doc)).get("lifted_at"):
            here.execute(sa.update(rows).where(rows.c.id == name).values(lifted_at=lifted))
