"""Tables of what stands beside a hold: amendments of orders, withdrawals of requests, appeals, and how it might have been."""

from functools import cache

import msgspec
from sqlalchemy import Column, Index, LargeBinary, Select, String, Table, bindparam, insert, select, tuple_, update

from lintas.requests.orders_store import orders
from lintas.requests.records import Amendment, Appeal, Later, Withdrawal
from lintas.requests.store import Keeper, read_all, read_doc
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

amendments = Table(
    "requests_amendments",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("order", String(64), nullable=False, index=True),
    Column("case", String(64), nullable=False, index=True),
    Column("bank", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("doc", LargeBinary, nullable=False),
    # Of its ledger commitment; deleting it is the erasure.
    Column("salt", LargeBinary),
    Index("ix_requests_amendments_state", "state", "asked_at", "id"),
    Index("ix_requests_amendments_at", "asked_at", "id"),
    Index("ix_requests_amendments_bank", "bank", "state"),
)
# Payments that did a return, by what tells them apart: each pays for one, whoever orders or books the next.
payments = Table(
    "requests_payments",
    metadata,
    Column("bank", String(40), primary_key=True),
    Column("payment", String(420), primary_key=True),
    Column("amendment", String(64), nullable=False),
)
withdrawals = Table(
    "requests_withdrawals",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hold", String(64), nullable=False, index=True),
    Column("case", String(64), nullable=False, index=True),
    Column("object", String(64), index=True),
    Column("state", String(20), nullable=False),
    Column("doc", LargeBinary, nullable=False),
)
appeals = Table(
    "requests_appeals",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("order", String(64), nullable=False, index=True),
    Column("case", String(64), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("received_at", String(32), nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_requests_appeals_state", "state", "received_at", "id"),
    Index("ix_requests_appeals_at", "received_at", "id"),
)

later = Table(
    "requests_later",
    metadata,
    Column("case", String(64), primary_key=True),
    Column("doc", LargeBinary, nullable=False),
)

_OPEN_AMENDMENTS = (
    select(amendments.c.doc)
    .join(orders, orders.c.id == amendments.c.order)
    .where(
        amendments.c.bank == bindparam("of_bank"), amendments.c.state == "ordered", orders.c.answered_at.is_not(None)
    )
    # Returns wait for people to pay: however many there are, they keep no release from the bank.
    .order_by(amendments.c.kind == "return", amendments.c.asked_at, amendments.c.id)
    .limit(bindparam("most"))
)
_KEEP_AMENDMENT = Keeper(amendments, "id", "state", "doc")
_KEEP_WITHDRAWAL = Keeper(withdrawals, "id", "object", "state", "doc")
_KEEP_APPEAL = Keeper(appeals, "id", "state", "doc")
_KEEP_LATER = Keeper(later, "case", "doc")


@cache
def _with(table: Table, column: str) -> Select[bytes]:
    """Return the question for the rows that have the ``value`` in a column, oldest first."""
    return select(table.c.doc).where(table.c[column] == bindparam("value")).order_by(table.c.id)


@cache
def _page(table: Table, at: str, *, of_state: bool) -> Select[bytes]:
    """Return the question for the ``most`` oldest rows after (``after_at``, ``after_id``), if need be ``in_state``."""
    key = table.c[at], table.c.id
    query = select(table.c.doc).where(tuple_(*key) > tuple_(bindparam("after_at"), bindparam("after_id")))
    if of_state:
        query = query.where(table.c.state == bindparam("in_state"))
    return query.order_by(*key).limit(bindparam("most"))


def keep_amendment(tx: Transaction, item: Amendment) -> None:
    """Store an amendment, or replace the one of its id."""
    _KEEP_AMENDMENT(tx, amendment_row(item))


def keep_salt(tx: Transaction, amendment_id: str, salt: bytes) -> None:
    """Store the salt of an amendment's ledger commitment."""
    tx.execute(update(amendments).where(amendments.c.id == amendment_id).values(salt=salt))


def amendment(tx: Transaction, amendment_id: str) -> Amendment | None:
    """Return one amendment."""
    return read_doc(tx.scalar(select(amendments.c.doc).where(amendments.c.id == amendment_id)), Amendment)


def amendments_in(
    tx: Transaction, state: str | None, *, after: tuple[str, str] = ("", ""), limit: int = 200
) -> list[Amendment]:
    """Return amendments in one state (None: all), oldest first, after (``asked_at``, id)."""
    query = _page(amendments, "asked_at", of_state=state is not None)
    return read_all(tx, query, Amendment, in_state=state, after_at=after[0], after_id=after[1], most=limit)


def amendments_of(tx: Transaction, *, case: str = "", order: str = "") -> list[Amendment]:
    """Return the amendments of one case, or of one order, oldest first."""
    query = _with(amendments, "order" if order else "case")
    return read_all(tx, query, Amendment, value=order or case)


def open_amendments(tx: Transaction, bank: str, limit: int) -> list[Amendment]:
    """Return what a bank has still to change about orders that it answered, oldest first, returns last."""
    return read_all(tx, _OPEN_AMENDMENTS, Amendment, of_bank=bank, most=limit)


def paid_by(tx: Transaction, bank: str, payment: str) -> str | None:
    """Return the return that a bank's payment did, by the payment's key; None for one that did none."""
    found = select(payments.c.amendment).where(payments.c.bank == bank, payments.c.payment == payment)
    return tx.scalar(found)


def keep_payment(tx: Transaction, bank: str, payment: str, amendment: str) -> None:
    """Note which return a payment did; the table takes a payment once."""
    tx.execute(insert(payments), {"bank": bank, "payment": payment, "amendment": amendment})


def keep_withdrawal(tx: Transaction, item: Withdrawal) -> None:
    """Store a withdrawal, or replace the one of its id."""
    _KEEP_WITHDRAWAL(tx, withdrawal_row(item))


def withdrawals_of(tx: Transaction, *, case: str = "", hold: str = "", object: str = "") -> list[Withdrawal]:
    """Return the withdrawals of one case, of one hold, or that left as one object; oldest first."""
    column, value = next(pair for pair in (("case", case), ("hold", hold), ("object", object)) if pair[1])
    return read_all(tx, _with(withdrawals, column), Withdrawal, value=value)


def keep_appeal(tx: Transaction, item: Appeal) -> None:
    """Store an appeal, or replace the one of its id."""
    _KEEP_APPEAL(tx, appeal_row(item))


def appeal(tx: Transaction, appeal_id: str) -> Appeal | None:
    """Return one appeal."""
    return read_doc(tx.scalar(select(appeals.c.doc).where(appeals.c.id == appeal_id)), Appeal)


def appeals_in(
    tx: Transaction, state: str | None, *, after: tuple[str, str] = ("", ""), limit: int = 200
) -> list[Appeal]:
    """Return appeals in one state (None: all), oldest first, after (``received_at``, id)."""
    query = _page(appeals, "received_at", of_state=state is not None)
    return read_all(tx, query, Appeal, in_state=state, after_at=after[0], after_id=after[1], most=limit)


def appeals_of(tx: Transaction, *, case: str = "", order: str = "") -> list[Appeal]:
    """Return the appeals of one case, or against one order, oldest first."""
    query = _with(appeals, "order" if order else "case")
    return read_all(tx, query, Appeal, value=order or case)


def amendment_row(item: Amendment) -> dict[str, object]:
    """Return an amendment's row."""
    return _row(item, "id", "order", "case", "bank", "kind", "state", "asked_at")


def withdrawal_row(item: Withdrawal) -> dict[str, object]:
    """Return a withdrawal's row."""
    return _row(item, "id", "hold", "case", "object", "state")


def appeal_row(item: Appeal) -> dict[str, object]:
    """Return an appeal's row."""
    return _row(item, "id", "order", "case", "state", "received_at")


def _row(item: Amendment | Withdrawal | Appeal, *names: str) -> dict[str, object]:
    return {name: getattr(item, name) for name in names} | {"doc": msgspec.json.encode(item)}


def keep_later(tx: Transaction, case: str, told: list[Later]) -> None:
    """Store what a case would have come to later, in place of what was told before."""
    _KEEP_LATER(tx, {"case": case, "doc": msgspec.json.encode(told)})


def later_of(tx: Transaction, case: str) -> list[Later]:
    """Return what was told of a case; nothing where nobody told anything."""
    data = tx.scalar(select(later.c.doc).where(later.c.case == case))
    return [] if data is None else msgspec.json.decode(data, type=list[Later])
