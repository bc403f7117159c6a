"""Lists: what waits for an approver is found without passing everything in force; how many expiries an import shortened."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index and the column."""
    shortened = sa.Column("shortened", sa.Integer(), nullable=False, server_default="0")
    op.add_column("telco_imports", shortened)
    waits = sa.text("state = 'waits'")
    op.create_index(
        "ix_telco_sightings_waits",
        "telco_sightings",
        ["source", "entry"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
