"""The table of what a peer in quarantine sent: it waits until two people accept it, or one rejects it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import CheckConstraint, Column, Index, String, Table, bindparam, func, insert, select, update

from lintas.border.store import objects
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

quarantine = Table(
    "border_quarantine",
    metadata,
    Column("origin", String(80), primary_key=True),
    Column("object", String(64), primary_key=True),
    Column("at", String(32), nullable=False),
    Column("asked_by", String(120)),
    Column("asked_at", String(32)),
    Column("asked_reason", String(500)),
    Column("decision", String(20)),
    Column("decided_by", String(120)),
    Column("decided_at", String(32)),
    Column("reason", String(500)),
    # Nothing of a peer in quarantine is acted upon by one person's word, whatever a program does.
    CheckConstraint(
        "decision IS NULL OR decision <> 'accepted' OR "
        "(asked_by IS NOT NULL AND decided_by IS NOT NULL AND lower(trim(asked_by)) <> lower(trim(decided_by)))",
        name="two_people",
    ),
    Index("ix_border_quarantine_open", "origin", "decision", "at"),
)


def set_aside(tx: Transaction, origin: str, object_ids: Sequence[str], at: str) -> None:
    """Note which of the objects that came wait for people."""
    if object_ids:
        tx.execute(insert(quarantine), [{"origin": origin, "object": each, "at": at} for each in object_ids])


def count_set_aside(tx: Transaction, origin: str) -> int:
    """Count what of a peer waits for people."""
    return tx.execute(
        select(func.count()).select_from(_REVIEW.where(_OPEN).subquery()), {"of_origin": origin}
    ).scalar_one()


class Aside(NamedTuple):
    """One object that was set aside, as it is stored."""

    object: str
    at: str
    asked_by: str | None
    asked_at: str | None
    asked_reason: str | None
    decision: Literal["accepted", "rejected"] | None
    decided_by: str | None
    decided_at: str | None
    reason: str | None
    type: str
    commitment: str
    statement: bytes | None
    expires: str | None


_REVIEW = (
    select(*(quarantine.c[name] for name in Aside._fields[:9]), *(objects.c[name] for name in Aside._fields[9:]))
    .join(objects, (objects.c.origin == quarantine.c.origin) & (objects.c.object == quarantine.c.object))
    .where(quarantine.c.origin == bindparam("of_origin"))
)


# What expired before anybody looked is not there to be decided on any more.
_OPEN = quarantine.c.decision.is_(None) & objects.c.statement.is_not(None)


_DONE = func.coalesce(quarantine.c.decided_at, quarantine.c.at).desc()


def list_set_aside(tx: Transaction, origin: str, limit: int = 200) -> list[Aside]:
    """Return what of a peer was set aside: what waits for people, oldest first, then what was decided or expired last."""
    waiting = _REVIEW.where(_OPEN).order_by(quarantine.c.at, quarantine.c.object).limit(limit)
    done = _REVIEW.where(~_OPEN).order_by(_DONE, quarantine.c.object).limit(limit)
    return [Aside(*row) for query in (waiting, done) for row in tx.execute(query, {"of_origin": origin})]


def find_set_aside(tx: Transaction, origin: str, object_id: str) -> Aside | None:
    """Return one object that was set aside."""
    row = tx.execute(_REVIEW.where(quarantine.c.object == object_id), {"of_origin": origin}).first()
    return Aside(*row) if row else None


def review(tx: Transaction, origin: str, object_id: str, **values: str) -> None:
    """Write down what somebody asked or decided about an object that was set aside."""
    this = (quarantine.c.origin == origin, quarantine.c.object == object_id)
    tx.execute(update(quarantine).where(*this).values(**values))


def judge_again(
    tx: Transaction, origin: str, object_id: str, verdict: str, reason: str, expires: str | None, entry: int
) -> None:
    """Give an object that was set aside its verdict; what is rejected is erased at once."""
    gone = {} if verdict == "accepted" else {"statement": None, "salt": None}
    this = (objects.c.origin == origin, objects.c.object == object_id)
    tx.execute(
        update(objects).where(*this).values(verdict=verdict, reason=reason, expires=expires, entry=entry, **gone)
    )
