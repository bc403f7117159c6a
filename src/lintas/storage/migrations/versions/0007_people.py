"""Officers with their one-time addresses, sessions and tries, what happened to their access, and who issued a key."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add five tables and a column."""
    _officers()
    op.create_table(
        "access_addresses",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("expires", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_access_addresses")),
    )
    op.create_table(
        "access_sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("device", sa.String(length=80), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("last_seen", sa.String(length=32), nullable=False),
        sa.Column("ends", sa.String(length=32), nullable=False),
        sa.Column("revoked_at", sa.String(length=32), nullable=True),
        sa.Column("revoked_by", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_sessions")),
    )
    op.create_index("ix_access_sessions_login", "access_sessions", ["login", "created"], unique=False)
    op.create_table(
        "access_tries",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_access_tries")),
    )
    op.create_index("ix_access_tries_tag", "access_tries", ["tag", "at"], unique=False)
    op.create_table(
        "access_happenings",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_access_happenings")),
    )
    op.create_index("ix_access_happenings_login", "access_happenings", ["login", "seq"], unique=False)
    op.add_column("api_keys", sa.Column("issued_by", sa.String(length=120), nullable=True))


def _officers() -> None:
    op.create_table(
        "access_officers",
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("added_by", sa.String(length=120), nullable=False),
        sa.Column("enrolled_at", sa.String(length=32), nullable=True),
        sa.Column("awaits", sa.String(length=32), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("confirmed_by", sa.String(length=120), nullable=True),
        sa.Column("disabled_at", sa.String(length=32), nullable=True),
        sa.Column("changed", sa.String(length=32), nullable=False),
        sa.Column("password", sa.String(length=300), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_access_officers")),
    )
