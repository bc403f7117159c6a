"""Returning: which payment did which return, each payment once, and what kind of change an amendment is."""

import json
import logging
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

log = logging.getLogger("lintas.storage")


def upgrade() -> None:
    """Add the column and the table, and fill both from the amendments that are here."""
    payments = op.create_table(
        "requests_payments",
        sa.Column("bank", sa.String(length=40), nullable=False),
        sa.Column("payment", sa.String(length=420), nullable=False),
        sa.Column("amendment", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("bank", "payment", name="pk_requests_payments"),
    )
    op.add_column("requests_amendments", sa.Column("kind", sa.String(length=20), nullable=True))
    amendments = sa.table("requests_amendments", sa.column("id"), sa.column("kind"), sa.column("doc", sa.LargeBinary))
    connection = op.get_bind()
    done = list[dict[str, Any]]()
    for name, doc in connection.execute(sa.select(amendments.c.id, amendments.c.doc)).all():
        said = json.loads(doc)
        connection.execute(sa.update(amendments).where(amendments.c.id == name).values(kind=said["kind"]))
        if said.get("paid"):
            done.append(said)
    with op.batch_alter_table("requests_amendments") as table:
        table.alter_column("kind", existing_type=sa.String(length=20), nullable=False)
    _fill(payments, done)


def _fill(payments: sa.Table, done: list[dict[str, Any]]) -> None:
    """Keep of each payment the first return that it did; what it is said to have done besides, people have to look at."""
    first = dict[tuple[str, str], str]()
    for said in sorted(done, key=lambda each: (each.get("done_at") or "", each["id"])):
        key = said["bank"], "".join(said["paid"].split()).casefold()
        if first.setdefault(key, said["id"]) != said["id"]:
            log.warning("a payment is said to have done two returns: %s and %s", first[key], said["id"])
    rows = [{"bank": bank, "payment": payment, "amendment": name} for (bank, payment), name in first.items()]
    if rows:
        op.bulk_insert(payments, rows)
