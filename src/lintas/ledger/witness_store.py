"""The witness's own small database: the last checkpoint it cosigned, per witness identity and log."""

import msgspec
from sqlalchemy import BigInteger, Column, Engine, LargeBinary, MetaData, String, Table, insert, select, update

from lintas.storage.engine import Transaction

# Not the node's metadata: a witness keeps its own file, apart from every node.
metadata = MetaData()
cosigned = Table(
    "witness_cosigned",
    metadata,
    Column("witness", String, primary_key=True),
    Column("origin", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("checkpoint", LargeBinary, nullable=False),
)


class Cosigned(msgspec.Struct, frozen=True):
    """The last checkpoint cosigned: size, root, and the note as it came."""

    size: int
    root: bytes
    checkpoint: bytes


def create_tables(engine: Engine) -> None:
    """Make the tables where they are missing."""
    metadata.create_all(engine)


def latest(tx: Transaction, witness: str, origin: str) -> Cosigned | None:
    """Return the last checkpoint cosigned, if any."""
    query = select(cosigned.c.size, cosigned.c.root, cosigned.c.checkpoint)
    row = tx.execute(query.where(cosigned.c.witness == witness, cosigned.c.origin == origin)).first()
    return Cosigned(row.size, bytes(row.root), bytes(row.checkpoint)) if row else None


def remember(tx: Transaction, witness: str, origin: str, last: Cosigned) -> None:
    """Store the checkpoint now cosigned in place of the one before."""
    values = {"size": last.size, "root": last.root, "checkpoint": last.checkpoint}
    here = (cosigned.c.witness == witness, cosigned.c.origin == origin)
    if not tx.execute(update(cosigned).where(*here).values(values)).rowcount:
        tx.execute(insert(cosigned), {"witness": witness, "origin": origin, **values})
