"""What an exercise's author knows of a case: how it would have ended had its money been asked for later."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "requests_later",
        sa.Column("case", sa.String(64), nullable=False),
        sa.Column("doc", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("case", name="pk_requests_later"),
    )
