"""Lists: entries, who vouches for them, sources, the allow-list, what peers were told, and what gateways get."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _entries()
    _sources()
    _abroad()
    _gateways()


def _entries() -> None:
    op.create_table(
        "telco_entries",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=12), nullable=False),
        sa.Column("value", sa.String(length=2048), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("scheme", sa.String(length=40), nullable=False),
        sa.Column("grade", sa.String(length=16), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("listed", sa.String(length=40), nullable=False),
        sa.Column("expires", sa.String(length=40), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("origin_id", sa.String(length=16), nullable=False),
        sa.Column("needs", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("listed_by", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=1000), nullable=False),
        sa.Column("law", sa.String(length=1000), nullable=False),
        sa.Column("statement", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.String(length=40), nullable=False),
        sa.Column("end_code", sa.String(length=20), nullable=False),
        sa.Column("ended_by", sa.String(length=120), nullable=False),
        sa.Column("end_reason", sa.String(length=1000), nullable=False),
        sa.Column("unsettled", sa.Integer(), nullable=False),
        sa.Column("unpublished", sa.Integer(), nullable=False),
        sa.Column("untold", sa.Integer(), nullable=False),
        sa.Column("published_in", sa.String(length=12), nullable=False),
        sa.Column("published_as", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("told_until", sa.String(length=40), nullable=False),
        sa.Column("decided_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_telco_entries"),
    )
    op.create_index("ix_telco_entries_published", "telco_entries", ["published_in", "id"])
    op.create_index("ix_telco_entries_state", "telco_entries", ["state", "id"])
    op.create_index("ix_telco_entries_subject", "telco_entries", ["subject", "state", "id"])
    op.create_index("ix_telco_entries_unpublished", "telco_entries", ["unpublished", "id"])
    op.create_index("ix_telco_entries_unsettled", "telco_entries", ["unsettled", "id"])
    op.create_index("ix_telco_entries_untold", "telco_entries", ["untold", "id"])
    op.create_table(
        "telco_sightings",
        sa.Column("source", sa.String(length=90), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("entry", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("suspended", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("scheme", sa.String(length=40), nullable=False),
        sa.Column("grade", sa.String(length=16), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("listed", sa.String(length=40), nullable=False),
        sa.Column("expires", sa.String(length=40), nullable=False),
        sa.Column("seen_at", sa.String(length=40), nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.String(length=120), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=False),
        sa.Column("second_by", sa.String(length=120), nullable=False),
        sa.Column("needs", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("shadow_until", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=1000), nullable=False),
        sa.Column("law", sa.String(length=1000), nullable=False),
        sa.Column("ended_at", sa.String(length=40), nullable=False),
        sa.Column("end_code", sa.String(length=20), nullable=False),
        sa.Column("ended_by", sa.String(length=120), nullable=False),
        sa.Column("end_reason", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("source", "ref", name="pk_telco_sightings"),
    )
    op.create_index("ix_telco_sightings_batch", "telco_sightings", ["batch", "source"])
    op.create_index("ix_telco_sightings_entry", "telco_sightings", ["entry"])
    op.create_index("ix_telco_sightings_expires", "telco_sightings", ["state", "expires"])
    op.create_index("ix_telco_sightings_seen", "telco_sightings", ["source", "seen_at"])
    op.create_index("ix_telco_sightings_shadow", "telco_sightings", ["state", "shadow_until"])


def _sources() -> None:
    op.create_table(
        "telco_sources",
        sa.Column("name", sa.String(length=90), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("since", sa.String(length=40), nullable=False),
        sa.Column("shadow_until", sa.String(length=40), nullable=False),
        sa.Column("cap_hour", sa.Integer(), nullable=False),
        sa.Column("stopped_at", sa.String(length=40), nullable=False),
        sa.Column("stopped_by", sa.String(length=120), nullable=False),
        sa.Column("stop_reason", sa.String(length=500), nullable=False),
        sa.Column("restart_by", sa.String(length=120), nullable=False),
        sa.Column("severed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_telco_sources"),
    )
    op.create_table(
        "telco_allowed",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=12), nullable=False),
        sa.Column("value", sa.String(length=2048), nullable=False),
        sa.Column("group", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("added_by", sa.String(length=120), nullable=False),
        sa.Column("added_at", sa.String(length=40), nullable=False),
        sa.Column("removal_by", sa.String(length=120), nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_telco_allowed"),
    )
    op.create_index("ix_telco_allowed_low", "telco_allowed", ["low", "high"])
    op.create_index("ix_telco_allowed_value", "telco_allowed", ["value"])
    op.create_table(
        "telco_adoptions",
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("subjects", sa.Text(), nullable=False),
        sa.Column("until", sa.String(length=40), nullable=False),
        sa.Column("first_by", sa.String(length=120), nullable=False),
        sa.Column("first_at", sa.String(length=40), nullable=False),
        sa.Column("second_by", sa.String(length=120), nullable=False),
        sa.Column("since", sa.String(length=40), nullable=False),
        sa.Column("ended_at", sa.String(length=40), nullable=False),
        sa.Column("ended_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("peer", name="pk_telco_adoptions"),
    )
    op.create_table(
        "telco_imports",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=90), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("renewed", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_telco_imports"),
    )


def _abroad() -> None:
    op.create_table(
        "telco_told",
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("left_at", sa.String(length=40), nullable=False),
        sa.Column("refused_here", sa.String(length=1000), nullable=False),
        sa.Column("received_at", sa.String(length=40), nullable=False),
        sa.Column("imported_at", sa.String(length=40), nullable=False),
        sa.Column("enforced_at", sa.String(length=40), nullable=False),
        sa.Column("withdrawn_at", sa.String(length=40), nullable=False),
        sa.Column("not_taken", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "peer", name="pk_telco_told"),
    )
    op.create_index("ix_telco_told_object", "telco_told", ["object"])
    op.create_index("ix_telco_told_open", "telco_told", ["kind", "withdrawn_at", "peer"])
    op.create_table(
        "telco_carried",
        sa.Column("entry", sa.String(length=16), nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("entry", "batch", name="pk_telco_carried"),
    )
    op.create_index("ix_telco_carried_batch", "telco_carried", ["batch"])
    op.create_table(
        "telco_heard",
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("enforced_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("peer", "batch", name="pk_telco_heard"),
    )
    op.create_index("ix_telco_heard_open", "telco_heard", ["enforced_at", "version"])


def _gateways() -> None:
    op.create_table(
        "telco_deltas",
        sa.Column("list", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("list", "version", name="pk_telco_deltas"),
    )
    op.create_table(
        "telco_enforcements",
        sa.Column("list", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.String(length=90), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("list", "version", "gateway", name="pk_telco_enforcements"),
    )
    op.create_index("ix_telco_enforcements_gateway", "telco_enforcements", ["gateway", "at"])
    op.create_table(
        "telco_gateways",
        sa.Column("name", sa.String(length=90), nullable=False),
        sa.Column("list", sa.String(length=12), nullable=False),
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("enforced_at", sa.String(length=40), nullable=False),
        sa.Column("seen_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("name", "list", name="pk_telco_gateways"),
    )
