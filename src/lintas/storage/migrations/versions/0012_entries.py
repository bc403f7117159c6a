"""Which ledger entry speaks of each exchanged object, so that its proof is found without reading the whole ledger."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: So many entries are read at once.
_AT_ONCE = 1000


def upgrade() -> None:
    """Add the columns, and fill them for what is logged already: each release, and each object accepted on its own."""
    for table in ("border_objects", "border_released"):
        op.add_column(table, sa.Column("entry", sa.BigInteger(), nullable=True))
    entries = sa.table("ledger_entry", sa.column("index", sa.BigInteger), sa.column("data", sa.LargeBinary))
    here, found = op.get_bind(), True
    first = 0
    while found:
        rows = here.execute(
            sa.select(entries.c.index, entries.c.data)
            .where(entries.c.index >= first, entries.c.index < first + _AT_ONCE)
            .order_by(entries.c.index)
        ).all()
        for index, data in rows:
            _note(here, index, json.loads(bytes(data)))
        first, found = first + _AT_ONCE, bool(rows)


def _note(here: sa.Connection, index: int, said: dict[str, str]) -> None:
    """Note one entry beside its object; the last one about it counts."""
    table, peer = {"release": ("border_released", "peer"), "receipt": ("border_objects", "origin")}.get(
        said.get("type", ""), ("", "")
    )
    if table:
        rows = sa.table(table, sa.column("entry"), sa.column("object"), sa.column(peer))
        this = (rows.c.object == said.get("object", ""), rows.c[peer] == said.get("peer", ""))
        here.execute(sa.update(rows).where(*this).values(entry=index))
