"""The tables of sender IDs, of what authorities say of claims, of our own acts, and of what was told and heard.

A row is its struct as JSON beside the columns that are searched. ``change`` counts every change of any row.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.telco.names import looks
from lintas.telco.registry.records import Act, Sender, Word

#: Ids, each with how it looks.
Looks = list[tuple[str, str]]

senders = Table(
    "telco_senders",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("origin", String(80), nullable=False),
    Column("number", Integer, nullable=False),
    # How it looks, by which it is searched.
    Column("look", String(200), nullable=False),
    Column("state", String(12), nullable=False),
    # When its clock is looked at next; "" for never.
    Column("check_at", String(40), nullable=False),
    Column("change", Integer, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_telco_senders_state", "state", "id"),
    Index("ix_telco_senders_check", "check_at"),
    Index("ix_telco_senders_origin", "origin", "state", "id"),
    Index("ix_telco_senders_change", "change", unique=True),
)
words = Table(
    "telco_sender_words",
    metadata,
    Column("claim", String(16), primary_key=True),
    Column("origin", String(80), primary_key=True),
    Column("registration", String(16), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_telco_sender_words_origin", "origin"),
)
acts = Table(
    "telco_sender_acts",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("sender", String(16), nullable=False),
    # Opens the commitment in the ledger to ``doc``.
    Column("salt", LargeBinary, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_telco_sender_acts_sender", "sender", "seq"),
)
told = Table(
    "telco_sender_told",
    metadata,
    Column("about", String(40), primary_key=True),
    Column("peer", String(80), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", String(40), nullable=False),
    Column("refused_here", String(1000), nullable=False),
)
heard = Table(
    "telco_sender_heard",
    metadata,
    # A peer and a kind of what it says.
    Column("peer", String(80), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("words", Integer, nullable=False),
)


# ---- claims and registrations


def sender(tx: Transaction, name: str) -> Sender | None:
    """Return one claim or registration."""
    doc = tx.scalar(select(senders.c.doc).where(senders.c.id == name))
    return None if doc is None else _sender(doc)


def save(tx: Transaction, item: Sender, check_at: str) -> None:
    """Store a claim or registration, and when its clock is looked at next."""
    row = {
        "origin": item.origin,
        "number": item.number,
        "look": _look(item.sender),
        "state": item.state,
        "check_at": check_at,
        "change": stamp(tx) + 1,
        "doc": msgspec.json.encode(item),
    }
    if tx.execute(update(senders).where(senders.c.id == item.id).values(**row)).rowcount == 0:
        tx.execute(insert(senders), row | {"id": item.id})


def look_again(tx: Transaction, name: str, at: str) -> None:
    """Say when the clock of one is looked at next; nothing else changes."""
    tx.execute(update(senders).where(senders.c.id == name).values(check_at=at))


def stamp(tx: Transaction) -> int:
    """Return the number of the last change; 0 before any."""
    return tx.scalar(select(func.max(senders.c.change))) or 0


def looks_of(tx: Transaction) -> Looks:
    """Return id and look of every claim and registration: what any other is compared with."""
    query = select(senders.c.id, senders.c.look).where(senders.c.state.in_(("claimed", "registered")))
    return [(row.id, row.look) for row in tx.execute(query)]


def ours_named(tx: Transaction, sender: str) -> list[Sender]:
    """Return the open claims and registrations of ours to exactly this sender ID, by id."""
    query = select(senders.c.doc).where(senders.c.origin == "", senders.c.look == _look(sender))
    query = query.where(senders.c.state.in_(("proposed", "claimed", "registered")))
    return [one for doc in tx.scalars(query.order_by(senders.c.id)) if (one := _sender(doc)).sender == sender]


def in_state(tx: Transaction, state: str) -> list[Sender]:
    """Return all in a state, by id."""
    query = select(senders.c.doc).where(senders.c.state == state).order_by(senders.c.id)
    return [_sender(doc) for doc in tx.scalars(query)]


def listed(tx: Transaction, *, state: str, look: str, where: str, after: str, limit: int) -> list[Sender]:
    """Return those in a state ("" for any), with a part like a look, of ``here``, ``abroad`` or "" for both, by id."""
    query = select(senders.c.doc).where(senders.c.id > after)
    # What was ended before it came has no name to show.
    query = query.where(senders.c.state == state if state else senders.c.look != "")
    if look:
        query = query.where(senders.c.look.contains(look, autoescape=True))
    if where:
        query = query.where(senders.c.origin == "" if where == "here" else senders.c.origin != "")
    return [_sender(doc) for doc in tx.scalars(query.order_by(senders.c.id).limit(limit))]


def count_open(tx: Transaction, origin: str) -> int:
    """Return how many claims of a peer are open."""
    query = select(func.count()).where(senders.c.origin == origin, senders.c.state == "claimed")
    return int(tx.scalar(query) or 0)


def to_check(tx: Transaction, now: str, limit: int) -> list[Sender]:
    """Return those whose clock is to be looked at, the longest overdue first."""
    query = select(senders.c.doc).where(senders.c.check_at != "", senders.c.check_at <= now)
    return [_sender(doc) for doc in tx.scalars(query.order_by(senders.c.check_at).limit(limit))]


# ---- what authorities say of claims


def word(tx: Transaction, claim: str, origin: str, registration: str) -> Word | None:
    """Return one word."""
    at = words.c
    query = select(at.doc).where(at.claim == claim, at.origin == origin, at.registration == registration)
    doc = tx.scalar(query)
    return None if doc is None else _word(doc)


def save_word(tx: Transaction, said: Word) -> None:
    """Store a word; the claim that it is about is judged anew."""
    at = words.c
    key = {"claim": said.claim, "origin": said.origin, "registration": said.registration}
    row = {"number": said.number, "doc": msgspec.json.encode(said)}
    same = and_(*(at[name] == value for name, value in key.items()))
    if tx.execute(update(words).where(same).values(**row)).rowcount == 0:
        tx.execute(insert(words), key | row)


def words_of(tx: Transaction, claim: str) -> list[Word]:
    """Return everything that is said of a claim, in one order."""
    query = select(words.c.doc).where(words.c.claim == claim).order_by(words.c.origin, words.c.registration)
    return [_word(doc) for doc in tx.scalars(query)]


# ---- our own acts


def add_act(tx: Transaction, name: str, act: Act, salt: bytes) -> int:
    """Keep one act; returns its number."""
    seq = (tx.scalar(select(func.max(acts.c.seq))) or 0) + 1
    tx.execute(insert(acts), {"seq": seq, "sender": name, "salt": salt, "doc": msgspec.json.encode(act)})
    return seq


def acts_of(tx: Transaction, name: str) -> list[Act]:
    """Return what was done about one, oldest first."""
    query = select(acts.c.doc).where(acts.c.sender == name).order_by(acts.c.seq)
    return [msgspec.json.decode(doc, type=Act) for doc in tx.scalars(query)]


# ---- told and heard


def about(said: Word) -> str:
    """Return the name under which it is kept to whom a word of ours was told."""
    return f"{said.claim} {said.registration}"


def to_tell(tx: Transaction, peer: str, since: str, limit: int) -> list[Sender]:
    """Return our own that stand, and that a peer was not told as they are now, or not since ``since``.

    What it does not know comes first, then what it was told of longest ago.
    """
    joined = senders.outerjoin(told, and_(told.c.about == senders.c.id, told.c.peer == peer))
    unknown = or_(told.c.number.is_(None), told.c.number < senders.c.number)
    query = select(senders.c.doc).select_from(joined).where(senders.c.origin == "", or_(unknown, told.c.at <= since))
    query = query.where(senders.c.state.in_(("claimed", "registered")))
    order = (case((unknown, 0), else_=1), func.coalesce(told.c.at, ""), senders.c.change)
    return [_sender(doc) for doc in tx.scalars(query.order_by(*order).limit(limit))]


def ends_to_tell(tx: Transaction, peer: str, limit: int) -> list[Sender]:
    """Return our own that ended, and of which a peer knows no end yet."""
    knows = and_(told.c.about == senders.c.id, told.c.peer == peer, told.c.number < senders.c.number)
    query = (
        select(senders.c.doc).join_from(senders, told, knows).where(senders.c.origin == "", senders.c.state == "ended")
    )
    return [_sender(doc) for doc in tx.scalars(query.order_by(senders.c.change).limit(limit))]


def words_to_tell(tx: Transaction, peer: str, since: str, limit: int) -> list[Word]:
    """Return our own words on claims that wait, which a peer was not told as they are now, or not since ``since``."""
    named = words.c.claim + " " + words.c.registration
    joined = words.outerjoin(told, and_(told.c.about == named, told.c.peer == peer))
    unknown = or_(told.c.number.is_(None), told.c.number < words.c.number)
    waits = exists().where(senders.c.id == words.c.claim, senders.c.state == "claimed")
    query = select(words.c.doc).select_from(joined).where(words.c.origin == "", waits, or_(unknown, told.c.at <= since))
    order = (case((unknown, 0), else_=1), func.coalesce(told.c.at, ""), words.c.claim)
    return [_word(doc) for doc in tx.scalars(query.order_by(*order).limit(limit))]


def count_told(tx: Transaction, peer: str, since: str, *, words_: bool = False) -> int:
    """Return how many claims, or words, a peer was told after ``since``; what our own law held back was not told."""
    word = told.c.about.contains(" ")
    query = select(func.count()).where(told.c.peer == peer, told.c.at > since, told.c.refused_here == "")
    return int(tx.scalar(query.where(word if words_ else ~word)) or 0)


def tell(tx: Transaction, about_: str, peer: str, number: int, at: str, refused: str) -> None:
    """Note what a peer was told, or would have been if our own law let it."""
    row = {"number": number, "at": at, "refused_here": refused}
    same = (told.c.about == about_, told.c.peer == peer)
    if tx.execute(update(told).where(*same).values(**row)).rowcount == 0:
        tx.execute(insert(told), row | {"about": about_, "peer": peer})


def told_of(tx: Transaction, name: str) -> list[tuple[str, str, str]]:
    """Return (peer, when, why our own law let nothing leave) of one claim or registration."""
    query = select(told.c.peer, told.c.at, told.c.refused_here).where(told.c.about == name).order_by(told.c.peer)
    return [(row.peer, row.at, row.refused_here) for row in tx.execute(query)]


def hear(tx: Transaction, peer: str, kind: str, day: str) -> int:
    """Count what a peer said of one kind on a day; returns how many there were, with this one. Other days are forgotten."""
    key = f"{peer} {kind}"
    same = (heard.c.peer == key, heard.c.day == day)
    before = tx.scalar(select(heard.c.words).where(*same))
    if before is None:
        tx.execute(delete(heard).where(heard.c.peer == key))
        tx.execute(insert(heard), {"peer": key, "day": day, "words": 1})
        return 1
    tx.execute(update(heard).where(*same).values(words=before + 1))
    return int(before) + 1


def named(tx: Transaction, ids: Iterable[str]) -> list[Sender]:
    """Return those of some ids, by id."""
    names, found = sorted(ids), list[Sender]()
    for start in range(0, len(names), 500):
        query = select(senders.c.doc).where(senders.c.id.in_(names[start : start + 500])).order_by(senders.c.id)
        found += [_sender(doc) for doc in tx.scalars(query)]
    return found


def _look(sender: str) -> str:
    return looks.skeleton(sender)[:200]


def _sender(doc: bytes) -> Sender:
    return msgspec.json.decode(doc, type=Sender)


def _word(doc: bytes) -> Word:
    return msgspec.json.decode(doc, type=Word)
