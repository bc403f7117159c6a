"""The tables of entries and of who vouches for each; only what the whole room shares stands here."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import (
    Column,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    select,
    update,
)

from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.telco.book.records import Kept, Sighting
from lintas.telco.book.rows import batched, reader, to_row

entries = Table(
    "telco_entries",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("subject", String(12), nullable=False),
    Column("value", String(2048), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("state", String(12), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("reason", String(1000), nullable=False),
    Column("scheme", String(40), nullable=False),
    Column("grade", String(16), nullable=False),
    Column("sources", Text, nullable=False),
    Column("listed", String(40), nullable=False),
    Column("expires", String(40), nullable=False),
    Column("origin", String(80), nullable=False),
    Column("origin_id", String(16), nullable=False),
    Column("needs", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("listed_by", Text, nullable=False),
    Column("rule", String(1000), nullable=False),
    Column("law", String(1000), nullable=False),
    Column("statement", String(64), nullable=False),
    Column("ended_at", String(40), nullable=False),
    Column("end_code", String(20), nullable=False),
    Column("ended_by", String(120), nullable=False),
    Column("end_reason", String(1000), nullable=False),
    # What is to be worked out, published and told still; what the gateways and the peers had last.
    Column("unsettled", Integer, nullable=False, default=0),
    Column("unpublished", Integer, nullable=False, default=0),
    Column("untold", Integer, nullable=False, default=0),
    Column("published_in", String(12), nullable=False, default=""),
    Column("published_as", String(200), nullable=False, default=""),
    Column("version", Integer, nullable=False, default=0),
    Column("told_until", String(40), nullable=False, default=""),
    Column("decided_at", String(40), nullable=False, default=""),
    Index("ix_telco_entries_unsettled", "unsettled", "id"),
    Index("ix_telco_entries_unpublished", "unpublished", "id"),
    Index("ix_telco_entries_untold", "untold", "id"),
    Index("ix_telco_entries_published", "published_in", "id"),
    Index("ix_telco_entries_state", "state", "id"),
    Index("ix_telco_entries_subject", "subject", "state", "id"),
)
sightings = Table(
    "telco_sightings",
    metadata,
    Column("source", String(90), primary_key=True),
    Column("ref", String(16), primary_key=True),
    Column("entry", String(16), nullable=False),
    Column("origin", String(80), nullable=False),
    Column("state", String(12), nullable=False),
    Column("suspended", Integer, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("reason", String(1000), nullable=False),
    Column("scheme", String(40), nullable=False),
    Column("grade", String(16), nullable=False),
    Column("sources", Text, nullable=False),
    Column("listed", String(40), nullable=False),
    Column("expires", String(40), nullable=False),
    Column("seen_at", String(40), nullable=False),
    Column("batch", String(64), nullable=False),
    Column("share", Integer, nullable=False),
    Column("proposed_by", String(120), nullable=False),
    Column("approved_by", String(120), nullable=False),
    Column("second_by", String(120), nullable=False),
    Column("needs", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("shadow_until", String(40), nullable=False),
    Column("rule", String(1000), nullable=False),
    Column("law", String(1000), nullable=False),
    Column("ended_at", String(40), nullable=False),
    Column("end_code", String(20), nullable=False),
    Column("ended_by", String(120), nullable=False),
    Column("end_reason", String(1000), nullable=False),
    Index("ix_telco_sightings_entry", "entry"),
    Index("ix_telco_sightings_batch", "batch", "source"),
    Index("ix_telco_sightings_expires", "state", "expires"),
    Index("ix_telco_sightings_shadow", "state", "shadow_until"),
    Index("ix_telco_sightings_seen", "source", "seen_at"),
)

#: What waits for an approver is found without passing everything that is in force. The word stands in the text of the
#: question, or a database does not see that the index fits.
WAITS = sightings.c.state == literal_column("'waits'")
Index(
    "ix_telco_sightings_waits",
    sightings.c.source,
    sightings.c.entry,
    sqlite_where=WAITS,
    postgresql_where=WAITS,
)

#: Ids in one question: databases take about a thousand values.
_MANY = 500
#: So many entries that change alike are changed by one statement.
_ALIKE = 8
to_kept = reader(Kept, entries, ("sources", "why", "listed_by"))
to_sighting = reader(Sighting, sightings, ("sources", "why"), ("suspended", "share"))
_SAVE = update(entries).where(entries.c.id == bindparam("of_id"))
_SAVE_SIGHTING = update(sightings).where(
    sightings.c.source == bindparam("of_source"), sightings.c.ref == bindparam("of_ref")
)


# ---- entries


def kept(tx: Transaction, entry: str) -> Kept | None:
    """Return one entry as it stands."""
    row = tx.execute(select(entries).where(entries.c.id == entry)).first()
    return to_kept(row) if row else None


def kept_of(tx: Transaction, ids: Iterable[str]) -> dict[str, Kept]:
    """Return those of the entries that there are, by id."""
    found: dict[str, Kept] = {}
    for part in batched(ids, _MANY):
        for row in tx.execute(select(entries).where(entries.c.id.in_(part))).all():
            found[row.id] = to_kept(row)
    return found


def listed(
    tx: Transaction, *, state: str = "", subject: str = "", kind: str = "", after: str = "", limit: int = 50
) -> list[Kept]:
    """Return entries by id, after the id ``after`` (keyset paging); "" asks for all."""
    query = select(entries).where(entries.c.id > after).order_by(entries.c.id).limit(limit)
    for column, wanted in ((entries.c.state, state), (entries.c.subject, subject), (entries.c.kind, kind)):
        if wanted:
            query = query.where(column == wanted)
    return [to_kept(row) for row in tx.execute(query).all()]


def counts(tx: Transaction) -> dict[tuple[str, str], int]:
    """Count entries by subject and state."""
    query = select(entries.c.subject, entries.c.state, func.count()).group_by(entries.c.subject, entries.c.state)
    return {(row[0], row[1]): row[2] for row in tx.execute(query).all()}


def in_force(tx: Transaction, subjects: Sequence[str], after: str = "", limit: int = 10_000) -> list[Kept]:
    """Return entries that are listed (not those that are only watched), by id after ``after``."""
    query = select(entries).where(entries.c.state == "listed", entries.c.subject.in_(subjects), entries.c.id > after)
    return [to_kept(row) for row in tx.execute(query.order_by(entries.c.id).limit(limit)).all()]


def ranges_over(tx: Transaction, first: str, last: str) -> list[Kept]:
    """Return the ranges in force that hold a number, or all from ``first`` to ``last`` ("" for one number)."""
    value, length = entries.c.value, len(first)
    # Written alike long, numbers are in order as texts are.
    query = select(entries).where(
        entries.c.subject == "range",
        entries.c.state == "listed",
        func.length(value) == 2 * length + 1,
        func.substr(value, 1, length) <= first,
        func.substr(value, length + 2) >= (last or first),
    )
    return [to_kept(row) for row in tx.execute(query).all()]


def stamp(tx: Transaction, subjects: Sequence[str]) -> str:
    """Return a text that is the same as long as nothing of these subjects was listed, renewed or ended."""
    listed_now = func.sum(case((entries.c.state == "listed", 1), else_=0))
    query = select(func.count(), listed_now, func.max(entries.c.decided_at)).where(entries.c.subject.in_(subjects))
    every, counting, last = tx.execute(query).one()
    return f"{every}-{counting or 0}-{last or ''}"


def add(tx: Transaction, new: Sequence[Kept]) -> None:
    """Store new entries."""
    for part in batched(new, 5_000):
        tx.execute(insert(entries), [to_row(each) for each in part])


def change(tx: Transaction, changes: Iterable[tuple[str, dict[str, object]]]) -> None:
    """Change columns of entries, each by its id; those of an import mostly change alike, and then together."""
    alike: dict[tuple[tuple[str, object], ...], list[str]] = {}
    for name, values in changes:
        alike.setdefault(tuple(values.items()), []).append(name)
    alone: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for items, ids in alike.items():
        values = dict(items)
        if len(ids) < _ALIKE:
            alone.setdefault(tuple(values), []).extend({"of_id": name} | values for name in ids)
            continue
        for part in batched(ids, _MANY):
            tx.execute(update(entries).where(entries.c.id.in_(part)).values(values))
    for group in alone.values():
        tx.execute(_SAVE, group)


def settled(tx: Transaction, ids: Iterable[str]) -> None:
    """Note that these are worked out."""
    for part in batched(ids, _MANY):
        tx.execute(update(entries).where(entries.c.id.in_(part)).values(unsettled=0))


def unsettled(tx: Transaction, limit: int) -> list[str]:
    """Return ids of entries whose sightings changed since they were worked out."""
    return list(tx.scalars(select(entries.c.id).where(entries.c.unsettled == 1).limit(limit)))


def unsettle(tx: Transaction, source: str, batch: str = "") -> None:
    """Have every entry of a source (or of one of its batches) worked out anew."""
    of = select(sightings.c.entry).where(sightings.c.source == source)
    if batch:
        of = of.where(sightings.c.batch == batch)
    tx.execute(update(entries).where(entries.c.id.in_(of)).values(unsettled=1))


# ---- sightings


def sightings_of(tx: Transaction, ids: Iterable[str]) -> dict[str, list[Sighting]]:
    """Return who vouches for each of these entries, or did."""
    found: dict[str, list[Sighting]] = {}
    for part in batched(ids, _MANY):
        query = select(sightings).where(sightings.c.entry.in_(part)).order_by(sightings.c.listed, sightings.c.source)
        for row in tx.execute(query).all():
            found.setdefault(row.entry, []).append(to_sighting(row))
    return found


def said(tx: Transaction, source: str, refs: Iterable[str]) -> dict[str, Sighting]:
    """Return what a source said under these ids of its own."""
    found: dict[str, Sighting] = {}
    for part in batched(refs, _MANY):
        query = select(sightings).where(sightings.c.source == source, sightings.c.ref.in_(part))
        found |= {row.ref: to_sighting(row) for row in tx.execute(query).all()}
    return found


def add_sightings(tx: Transaction, new: Sequence[Sighting]) -> None:
    """Store new sightings."""
    for part in batched(new, 5_000):
        tx.execute(insert(sightings), [to_row(each) for each in part])


def save_sightings(tx: Transaction, changed: Sequence[Sighting]) -> None:
    """Store sightings anew."""
    rows = [to_row(each) for each in changed]
    if rows:
        keyed = [{"of_source": row.pop("source"), "of_ref": row.pop("ref")} | row for row in rows]
        tx.execute(_SAVE_SIGHTING, keyed)


def suspend(tx: Transaction, source: str, *, suspended: bool) -> int:
    """Let a source's word count no more, or count again; returns how many sightings changed."""
    query = update(sightings).where(sightings.c.source == source, sightings.c.suspended == int(not suspended))
    return tx.execute(query.values(suspended=int(suspended))).rowcount


def decide_batch(tx: Transaction, source: str, batch: str, values: dict[str, object]) -> int:
    """Change every sighting of an import that still waits."""
    query = update(sightings).where(
        sightings.c.source == source, sightings.c.batch == batch, sightings.c.state == "waits"
    )
    return tx.execute(query.values(**values)).rowcount


def batch_waiting(tx: Transaction, source: str, batch: str, after: str, limit: int) -> list[tuple[str, str, str, str]]:
    """Return id, subject, value and kind of what waits of an import, by id after ``after``."""
    columns = (sightings.c.ref, entries.c.subject, entries.c.value, entries.c.kind)
    query = (
        select(*columns)
        .join(entries, entries.c.id == sightings.c.entry)
        .where(
            sightings.c.source == source,
            sightings.c.batch == batch,
            sightings.c.state == "waits",
            sightings.c.ref > after,
        )
    )
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(query.order_by(sightings.c.ref).limit(limit)).all()]


def seen_since(tx: Transaction, source: str, at: str) -> int:
    """Count what a source brought since a time."""
    query = select(func.count()).where(sightings.c.source == source, sightings.c.seen_at > at)
    return tx.scalar(query) or 0


def over(tx: Transaction, now: str, limit: int) -> list[Sighting]:
    """Return live or waiting sightings whose time is over."""
    query = select(sightings).where(sightings.c.state.in_(("live", "waits")), sightings.c.expires <= now)
    return [to_sighting(row) for row in tx.execute(query.limit(limit)).all()]


def out_of_shadow(tx: Transaction, now: str, limit: int) -> list[Sighting]:
    """Return live sightings that were only watched until now."""
    query = select(sightings).where(
        sightings.c.state == "live", sightings.c.shadow_until != "", sightings.c.shadow_until <= now
    )
    return [to_sighting(row) for row in tx.execute(query.limit(limit)).all()]


# ---- what peers are still to hear


def untold(tx: Transaction, limit: int) -> list[tuple[Kept, str]]:
    """Return entries of which peers may have to hear, each with the expiry that they were told ("" never, or withdrawn)."""
    query = select(entries).where(entries.c.untold == 1).order_by(entries.c.id).limit(limit)
    return [(to_kept(row), row.told_until) for row in tx.execute(query).all()]


def told(tx: Transaction, until: Mapping[str, str]) -> None:
    """Note until when peers were told that these entries stand ("" withdrawn)."""
    change(tx, ((name, {"told_until": each, "untold": 0}) for name, each in until.items()))


def never_told(tx: Transaction, told_to: Select[tuple[str]], limit: int) -> list[Kept]:
    """Return entries that peers were told of, except those among ``told_to``."""
    query = select(entries).where(entries.c.told_until != "", entries.c.id.not_in(told_to))
    return [to_kept(row) for row in tx.execute(query.order_by(entries.c.id).limit(limit)).all()]
