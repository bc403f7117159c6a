"""Stopping payments: when somebody has to act on an order or on money that moved on, and the clocks that ran out."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the clocks and the table; orders that wait for a bank's answer since before are due now."""
    with op.batch_alter_table("requests_shares") as table:
        table.add_column(sa.Column("due", sa.String(length=32), nullable=True))
        table.create_index("ix_requests_shares_due", ["due", "id"])
    with op.batch_alter_table("requests_orders") as table:
        table.add_column(sa.Column("due", sa.String(length=32), nullable=True))
        table.create_index("ix_requests_orders_due", ["due", "id"])
    with op.batch_alter_table("requests_holds") as table:
        table.add_column(sa.Column("sender", sa.String(length=40), nullable=True))
        table.create_index("ix_requests_holds_sender", ["sender", "asked_at", "id"])
    op.create_table(
        "requests_rail",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("hold", sa.String(length=64), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requests_rail"),
    )
    op.create_index("ix_requests_rail_hold", "requests_rail", ["hold"])
    op.create_table(
        "requests_escalations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("due", sa.String(length=32), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("raised_at", sa.String(length=32), nullable=False),
        sa.Column("settled_at", sa.String(length=32), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requests_escalations"),
        sa.UniqueConstraint("subject", "due", name="uq_requests_escalations_subject"),
    )
    op.create_index("ix_requests_escalations_case", "requests_escalations", ["case"])
    op.create_index("ix_requests_escalations_open", "requests_escalations", ["settled_at", "raised_at", "id"])
    op.create_index("ix_requests_escalations_at", "requests_escalations", ["raised_at", "id"])
    _fill_orders()
    _fill_holds()


def _fill_holds() -> None:
    """Let banks find the money that they sent: holds of our own cases."""
    holds = sa.table("requests_holds", sa.column("id"), sa.column("doc", sa.LargeBinary), sa.column("sender"))
    connection = op.get_bind()
    for name, doc in connection.execute(sa.select(holds.c.id, holds.c.doc)).all():
        hold = json.loads(doc)
        sender = (hold.get("baton") or {}).get("sender")
        if sender and hold.get("direction") != "received":
            connection.execute(sa.update(holds).where(holds.c.id == name).values(sender=sender))


def _fill_orders() -> None:
    """Let the clock run on orders that wait: from their own document, where the program finds it as well."""
    orders = sa.table(
        "requests_orders",
        sa.column("id"),
        sa.column("doc", sa.LargeBinary),
        sa.column("due"),
        sa.column("ends"),
        sa.column("answered_at"),
    )
    waiting = sa.select(orders.c.id, orders.c.doc).where(orders.c.ends.is_not(None), orders.c.answered_at.is_(None))
    connection = op.get_bind()
    for name, doc in connection.execute(waiting).all():
        order = json.loads(doc)
        order["answer_by"] = due = order.get("issued_at") or order["expires"]
        changed = {"due": due, "doc": json.dumps(order).encode()}
        connection.execute(sa.update(orders).where(orders.c.id == name).values(**changed))
