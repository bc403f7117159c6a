"""Undoing and clocks: amendments, withdrawals, appeals, batons told; what has a clock can be found by when it ends."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: States of a hold in which somebody still owes an answer.
_OPEN = ("awaiting_approval", "sent", "delivered", "ordered")


def upgrade() -> None:
    """Make the new tables, and give those that were there their new columns, filled from the rows' documents."""
    _make_tables()
    with op.batch_alter_table("requests_shares") as table:
        table.add_column(sa.Column("hold", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("ends", sa.String(length=32), nullable=True))
        table.create_index(op.f("ix_requests_shares_ends"), ["ends"])
        table.create_index(op.f("ix_requests_shares_hold"), ["hold"])
    with op.batch_alter_table("requests_holds") as table:
        table.add_column(sa.Column("answer_by", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("ends", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("automatic_on", sa.String(length=10), nullable=True))
        table.create_index("ix_requests_holds_automatic", ["peer", "automatic_on"])
        table.create_index(op.f("ix_requests_holds_ends"), ["ends"])
    with op.batch_alter_table("requests_orders") as table:
        table.add_column(sa.Column("case", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("peer", sa.String(length=80), nullable=True))
        table.add_column(sa.Column("ends", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("automatic_on", sa.String(length=10), nullable=True))
        table.add_column(sa.Column("token", sa.String(length=64), nullable=True))
    _fill()
    with op.batch_alter_table("requests_orders") as table:
        table.alter_column("case", existing_type=sa.String(length=64), nullable=False)
        table.alter_column("peer", existing_type=sa.String(length=80), nullable=False)
        table.create_index("ix_requests_orders_automatic", ["peer", "automatic_on"])
        table.create_index(op.f("ix_requests_orders_case"), ["case"])
        table.create_index(op.f("ix_requests_orders_ends"), ["ends"])
        table.create_unique_constraint(op.f("uq_requests_orders_token"), ["token"])


def _make_tables() -> None:
    op.create_table(
        "requests_amendments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("order", sa.String(length=64), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("bank", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.String(length=32), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests_amendments")),
    )
    op.create_index("ix_requests_amendments_bank", "requests_amendments", ["bank", "state"])
    op.create_index(op.f("ix_requests_amendments_case"), "requests_amendments", ["case"])
    op.create_index(op.f("ix_requests_amendments_order"), "requests_amendments", ["order"])
    op.create_index("ix_requests_amendments_state", "requests_amendments", ["state", "asked_at"])
    op.create_table(
        "requests_appeals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("order", sa.String(length=64), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests_appeals")),
    )
    op.create_index(op.f("ix_requests_appeals_case"), "requests_appeals", ["case"])
    op.create_index(op.f("ix_requests_appeals_order"), "requests_appeals", ["order"])
    op.create_index("ix_requests_appeals_state", "requests_appeals", ["state", "received_at"])
    op.create_table(
        "requests_told",
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("sender", sa.String(length=40), nullable=False),
        sa.Column("transfer", sa.String(length=200), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "sender", "transfer", "start", "end", name=op.f("pk_requests_told")),
    )
    op.create_table(
        "requests_withdrawals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("hold", sa.String(length=64), nullable=False),
        sa.Column("case", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests_withdrawals")),
    )
    op.create_index(op.f("ix_requests_withdrawals_case"), "requests_withdrawals", ["case"])
    op.create_index(op.f("ix_requests_withdrawals_hold"), "requests_withdrawals", ["hold"])
    op.create_index(op.f("ix_requests_withdrawals_object"), "requests_withdrawals", ["object"])


def _fill() -> None:
    """Fill the new columns from each row's document."""
    peers = {hold["id"]: hold["peer"] for hold in _documents("requests_holds")}
    for share in _documents("requests_shares"):
        ends = share.get("until") if share["state"] == "held" else None
        _set("requests_shares", share["id"], hold=share.get("hold"), ends=ends)
    for hold in _documents("requests_holds"):
        waits = hold["state"] in _OPEN
        ends = hold.get("expires") if waits and hold["state"] != "ordered" else None
        _set("requests_holds", hold["id"], answer_by=hold.get("answer_by") if waits else None, ends=ends)
    for order in _documents("requests_orders"):
        ends = None if order.get("refusal") else order["expires"]
        _set("requests_orders", order["id"], case=order["case"], peer=peers.get(order["hold"], ""), ends=ends)


def _documents(name: str) -> list[dict[str, Any]]:
    table = sa.table(name, sa.column("doc", sa.LargeBinary))
    return [json.loads(doc) for doc in op.get_bind().execute(sa.select(table.c.doc)).scalars()]


def _set(name: str, row: str, **values: str | None) -> None:
    table = sa.table(name, sa.column("id"), *(sa.column(column) for column in values))
    op.get_bind().execute(sa.update(table).where(table.c.id == row).values(**values))
