"""Tables of claims, shares and holds. Each row is its struct as JSON beside the columns that are searched;
``ends`` is when a clock has to look at the row, None when no clock does."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TypeVar

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)

from lintas.requests.records import EVERY_CASE, OPEN, CaseFilter, Claim, Hold, Share, ShareState
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

S = TypeVar("S", bound=msgspec.Struct)

claims = Table(
    "requests_claims",
    metadata,
    Column("case", String(64), primary_key=True),
    Column("officer", String(120), nullable=False),
    Column("urgent", Boolean, nullable=False),
    # What its shares come to: some money moved on, or is unknown; or all of it is held. Kept with each share.
    Column("moved", Boolean, nullable=False),
    Column("unknown", Boolean, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_requests_claims_officer", "officer", "case"),
    Index("ix_requests_claims_urgent", "urgent", "case"),
    Index("ix_requests_claims_moved", "moved", "case"),
    Index("ix_requests_claims_unknown", "unknown", "case"),
    Index("ix_requests_claims_held", "held", "case"),
)
shares = Table(
    "requests_shares",
    metadata,
    Column("id", String(400), primary_key=True),
    Column("case", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("hold", String(64), index=True),
    Column("ends", String(32), index=True),
    # When somebody should have asked for it.
    Column("due", String(32)),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_requests_shares_case", "case", "state"),
    Index("ix_requests_shares_due", "due", "id"),
)
holds = Table(
    "requests_holds",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("peer", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("case", String(64), nullable=False, index=True),
    Column("object", String(64), index=True),
    Column("asked_at", String(32), nullable=False),
    Column("answer_by", String(32)),
    Column("ends", String(32), index=True),
    Column("automatic_on", String(10)),
    # For a case of ours, the bank of ours that sent the money: it may recall it.
    Column("sender", String(40)),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_requests_holds_sender", "sender", "asked_at", "id"),
    Index("ix_requests_holds_waiting", "state", "asked_at", "id"),
    Index("ix_requests_holds_asked", "asked_at", "id"),
    Index("ix_requests_holds_overdue", "answer_by", "id"),
    Index("ix_requests_holds_automatic", "peer", "automatic_on"),
)
# Statements that are asked after every commit, for each step of a case, are made once.
_CLAIM = select(claims.c.doc).where(claims.c.case == bindparam("of_case"))
_SHARES = select(shares.c.doc).where(shares.c.case == bindparam("of_case")).order_by(shares.c.id)
_SHARES_OF = (
    select(shares.c.doc)
    .where(shares.c.case.in_(bindparam("of_cases", expanding=True)))
    .order_by(shares.c.case, shares.c.id)
)
_SHARE = select(shares.c.doc).where(shares.c.id == bindparam("of_id"))
_HOLD = select(holds.c.doc).where(holds.c.id == bindparam("of_id"))
_HOLD_BY_OBJECT = select(holds.c.doc).where(holds.c.object == bindparam("of_object"))
_HOLDS_OF = select(holds.c.doc).where(holds.c.case == bindparam("of_case")).order_by(holds.c.id)
_SHARES_UNDER = select(shares.c.doc).where(shares.c.hold == bindparam("of_hold")).order_by(shares.c.id)
_ENDED = {
    table: select(table.c.doc).where(table.c.ends <= bindparam("now")).order_by(table.c.ends).limit(bindparam("most"))
    for table in (shares, holds)
}


def read_doc(data: bytes | None, kind: type[S]) -> S | None:
    """Read a row's struct; None where there is no row."""
    return None if data is None else msgspec.json.decode(data, type=kind)


def read_all(tx: Transaction, query: Select[bytes], kind: type[S], **bound: object) -> list[S]:
    """Read the structs of every row that a query finds."""
    return [msgspec.json.decode(data, type=kind) for data in tx.execute(query, bound).scalars()]


class Keeper:
    """Replaces the row of a key, or stores it; the statements are made once."""

    def __init__(self, table: Table, key: str, *changing: str) -> None:
        self._key, self._changing = key, changing
        where = table.c[key] == bindparam("of_key")
        self._update = update(table).where(where).values({name: bindparam(f"new_{name}") for name in changing})
        self._insert = insert(table)

    def __call__(self, tx: Transaction, row: Mapping[str, object]) -> None:
        """Keep one row, all its columns; what does not change was given when it was stored."""
        changed = {f"new_{name}": row[name] for name in self._changing}
        if tx.execute(self._update, {"of_key": row[self._key], **changed}).rowcount == 0:
            tx.execute(self._insert, dict(row))


def _some(state: ShareState) -> ColumnElement[bool]:
    return exists().where(shares.c.case == bindparam("of_case"), shares.c.state == state)


_NOT_HELD = exists().where(shares.c.case == bindparam("of_case"), shares.c.state != "held")
_NOTE_MONEY = (
    update(claims)
    .where(claims.c.case == bindparam("of_case"))
    .values(moved=_some("moved"), unknown=_some("unknown"), held=and_(_some("held"), ~_NOT_HELD))
)
_KEEP_CLAIM = Keeper(claims, "case", "officer", "urgent", "doc")
_KEEP_SHARE = Keeper(shares, "id", "state", "hold", "ends", "due", "doc")
_KEEP_HOLD = Keeper(holds, "id", "state", "object", "answer_by", "ends", "doc")


# ---- claims and shares


def claim_row(claim: Claim, shares: Sequence[Share] = ()) -> dict[str, object]:
    """Return a claim's row; what its shares come to is kept with them."""
    states = {share.state for share in shares}
    return {
        "case": claim.case,
        "officer": claim.officer,
        "urgent": claim.urgent,
        "moved": "moved" in states,
        "unknown": "unknown" in states,
        "held": states == {"held"},
        "doc": msgspec.json.encode(claim),
    }


def keep_claim(tx: Transaction, claim: Claim) -> None:
    """Store a claim, or replace the one of its case."""
    _KEEP_CLAIM(tx, claim_row(claim))


def claim(tx: Transaction, case: str) -> Claim | None:
    """Return the claim of a case."""
    return read_doc(tx.scalar(_CLAIM, {"of_case": case}), Claim)


def list_claims(tx: Transaction, after: str = "~", limit: int = 50, *, wanted: CaseFilter = EVERY_CASE) -> list[Claim]:
    """Return the claims that are wanted, newest case first, before the case ``after`` (keyset paging)."""
    query = _claims(wanted.money, of_officer=bool(wanted.officer), urgent=bool(wanted.urgent))
    return read_all(tx, query, Claim, before=after, by=wanted.officer, most=limit)


@cache
def _claims(money: str | None, *, of_officer: bool, urgent: bool) -> Select[bytes]:
    query = select(claims.c.doc).where(claims.c.case < bindparam("before")).order_by(claims.c.case.desc())
    if money is not None:
        query = query.where(claims.c[money].is_(True))
    if of_officer:
        query = query.where(claims.c.officer == bindparam("by"))
    if urgent:
        query = query.where(claims.c.urgent.is_(True))
    return query.limit(bindparam("most"))


def shares_of(tx: Transaction, case: str) -> list[Share]:
    """Return the shares of a case in the order of the trail."""
    return read_all(tx, _SHARES, Share, of_case=case)


def shares_by_case(tx: Transaction, cases: Sequence[str]) -> dict[str, list[Share]]:
    """Return the shares of several cases, each in the order of its trail, with one question."""
    found: dict[str, list[Share]] = {case: [] for case in cases}
    for each in read_all(tx, _SHARES_OF, Share, of_cases=list(cases)):
        found[each.case].append(each)
    return found


def share(tx: Transaction, share_id: str) -> Share | None:
    """Return one share."""
    return read_doc(tx.scalar(_SHARE, {"of_id": share_id}), Share)


def shares_under(tx: Transaction, hold_id: str) -> list[Share]:
    """Return the shares that a hold covers, in the order of the trail."""
    return read_all(tx, _SHARES_UNDER, Share, of_hold=hold_id)


def share_row(item: Share) -> dict[str, object]:
    """Return a share's row."""
    ends = item.until if item.state == "held" else None
    due = item.ask_by if item.state == "moved" and item.hold is None else None
    row = {"id": item.id, "case": item.case, "state": item.state, "hold": item.hold, "ends": ends, "due": due}
    return row | {"doc": msgspec.json.encode(item)}


def keep_share(tx: Transaction, item: Share) -> None:
    """Store a share, or replace the one of its id."""
    _KEEP_SHARE(tx, share_row(item))
    tx.execute(_NOTE_MONEY, {"of_case": item.case})


def drop_share(tx: Transaction, item: Share) -> None:
    """Remove a share that its own parts replace, in the same transaction."""
    tx.execute(delete(shares).where(shares.c.id == item.id))
    tx.execute(_NOTE_MONEY, {"of_case": item.case})


def part_share(tx: Transaction, item: Share, pieces: Iterable[Share]) -> None:
    """Put a share's pieces in its place."""
    drop_share(tx, item)
    for piece in pieces:
        keep_share(tx, piece)


def ended_shares(tx: Transaction, now: str, limit: int) -> list[Share]:
    """Return shares that are held longer than was said."""
    return read_all(tx, _ENDED[shares], Share, now=now, most=limit)


# ---- holds


def hold_row(hold: Hold) -> dict[str, object]:
    """Return a hold's row."""
    waits = hold.state in OPEN
    return {
        "id": hold.id,
        "case": hold.case,
        "peer": hold.peer,
        "state": hold.state,
        "object": hold.object,
        "asked_at": hold.asked_at,
        "answer_by": hold.answer_by if waits else None,
        # An order has a clock of its own.
        "ends": hold.expires if waits and hold.state != "ordered" else None,
        "automatic_on": hold.asked_at[:10] if hold.automatic else None,
        "sender": hold.baton.sender or None if hold.direction != "received" else None,
        "doc": msgspec.json.encode(hold),
    }


def keep_hold(tx: Transaction, hold: Hold) -> None:
    """Store a hold, or replace the one of its id."""
    _KEEP_HOLD(tx, hold_row(hold))


def hold(tx: Transaction, hold_id: str) -> Hold | None:
    """Return one hold."""
    return read_doc(tx.scalar(_HOLD, {"of_id": hold_id}), Hold)


def hold_by_object(tx: Transaction, object_id: str) -> Hold | None:
    """Return the hold whose request left as this object."""
    return read_doc(tx.scalar(_HOLD_BY_OBJECT, {"of_object": object_id}), Hold)


def holds_in(tx: Transaction, state: str | None, *, after: tuple[str, str] = ("", ""), limit: int = 200) -> list[Hold]:
    """Return holds in one state (None: all), the longest waiting first, by our own clock, after (``asked_at``, id)."""
    query = select(holds.c.doc).where(tuple_(holds.c.asked_at, holds.c.id) > after)
    if state is not None:
        query = query.where(holds.c.state == state)
    return read_all(tx, query.order_by(holds.c.asked_at, holds.c.id).limit(limit), Hold)


def waiting_holds(tx: Transaction, limit: int = 200) -> list[Hold]:
    """Return the holds that wait for an officer, the longest waiting first.

    Where there are more than ``limit``, each peer gets its turn: nobody's hundreds hide another's one.
    """
    found = read_all(tx, _waiting(), Hold, most=limit)
    return sorted(found, key=lambda hold: (hold.asked_at, hold.id))


@cache
def _waiting() -> Select[bytes]:
    turn = func.row_number().over(partition_by=holds.c.peer, order_by=(holds.c.asked_at, holds.c.id)).label("turn")
    query = select(holds.c.doc, holds.c.asked_at, holds.c.id, turn)
    first = query.where(holds.c.state == "awaiting_approval").subquery()
    return select(first.c.doc).order_by(first.c.turn, first.c.asked_at, first.c.id).limit(bindparam("most"))


def overdue_holds(tx: Transaction, now: str, *, after: tuple[str, str] = ("", ""), limit: int = 200) -> list[Hold]:
    """Return the holds whose answer was hoped for before ``now``, the longest overdue first, after (``answer_by``, id)."""
    query = select(holds.c.doc).where(holds.c.answer_by <= now, tuple_(holds.c.answer_by, holds.c.id) > after)
    return read_all(tx, query.order_by(holds.c.answer_by, holds.c.id).limit(limit), Hold)


def ended_holds(tx: Transaction, now: str, limit: int) -> list[Hold]:
    """Return the holds that ended while they waited for an answer or a decision."""
    return read_all(tx, _ENDED[holds], Hold, now=now, most=limit)


def count_waiting(tx: Transaction, peer: str) -> int:
    """Count the requests of a peer that wait for an officer."""
    query = select(func.count()).where(holds.c.peer == peer, holds.c.state == "awaiting_approval")
    return tx.execute(query).scalar_one()


def count_automatic(tx: Transaction, table: Table, peer: str, day: str) -> int:
    """Count the ``holds`` asked, or the ``orders`` issued, without a person for a peer on a day (RFC 3339 date)."""
    query = select(func.count()).where(table.c.peer == peer, table.c.automatic_on == day)
    return tx.execute(query).scalar_one()


def holds_of(tx: Transaction, case: str) -> list[Hold]:
    """Return the holds of one case, oldest first."""
    return read_all(tx, _HOLDS_OF, Hold, of_case=case)
