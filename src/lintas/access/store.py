"""The tables of officers, their one-time addresses, sessions, tries and what happened to their access; the only SQL on them."""

from typing import NamedTuple

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    delete,
    insert,
    inspect,
    select,
    update,
)  # fmt: skip

from lintas.access.records import MAX_NAME, Happening, Officer, Session
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

_LOGIN, _TIME, _HASH = String(40), String(32), LargeBinary(32)

officers = Table(
    "access_officers",
    metadata,
    Column("login", _LOGIN, primary_key=True),
    Column("name", String(MAX_NAME), nullable=False),
    Column("role", String(20), nullable=False),
    Column("organisation", String(MAX_NAME), nullable=False),
    Column("language", String(10), nullable=False),
    Column("created", _TIME, nullable=False),
    Column("added_by", String(MAX_NAME), nullable=False),
    Column("enrolled_at", _TIME),
    Column("awaits", _TIME),
    Column("asked_by", String(MAX_NAME), nullable=False),
    Column("confirmed_by", String(MAX_NAME)),
    Column("disabled_at", _TIME),
    Column("changed", _TIME, nullable=False),
    Column("password", String(300)),
    Column("secret", LargeBinary),
    Column("step", Integer, nullable=False),
)
addresses = Table(
    "access_addresses",
    metadata,
    Column("hash", _HASH, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("login", _LOGIN, nullable=False),
    Column("expires", _TIME, nullable=False),
    Column("secret", LargeBinary),
)
sessions = Table(
    "access_sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hash", _HASH, nullable=False),
    Column("login", _LOGIN, nullable=False),
    Column("device", String(80), nullable=False),
    Column("way", String(10), nullable=False),
    Column("created", _TIME, nullable=False),
    Column("last_seen", _TIME, nullable=False),
    Column("ends", _TIME, nullable=False),
    Column("revoked_at", _TIME),
    Column("revoked_by", String(MAX_NAME)),
    Index("ix_access_sessions_login", "login", "created"),
)
tries = Table(
    "access_tries",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("tag", _HASH, nullable=False),
    Column("at", _TIME, nullable=False),
    Index("ix_access_tries_tag", "tag", "at"),
)
happenings = Table(
    "access_happenings",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False),
    Column("login", _LOGIN, nullable=False),
    Column("what", String(20), nullable=False),
    Column("by", String(MAX_NAME), nullable=False),
    Column("at", _TIME, nullable=False),
    Column("about", String(64), nullable=False),
    Column("salt", LargeBinary),
    Index("ix_access_happenings_login", "login", "seq"),
)

_OFFICER = [officers.c[name] for name in Officer.__struct_fields__]
_HAPPENING = [happenings.c[name] for name in Happening.__struct_fields__]
#: The fields of a session that stand in its own row.
_OWN = [sessions.c[name] for name in Session.__struct_fields__ if name not in ("name", "open")]
_BESIDE = [each for each in _OFFICER if each.name not in ("login", "name", "created")]
# Every call of a browser asks this: made once.
_FIND = (
    select(*_OWN, officers.c.name, sessions.c.hash, *_BESIDE)
    .join(officers, officers.c.login == sessions.c.login)
    .where(sessions.c.id == bindparam("of_session"))
)  # fmt: skip


class Secrets(NamedTuple):
    """What an officer proves to know: the password's hash, the sealed secret of the second factor, its last step used."""

    password: str | None
    secret: bytes | None
    step: int


class Address(NamedTuple):
    """A one-time address that is open: of what kind, whose, until when, and the sealed secret that it shows."""

    kind: str
    login: str
    expires: str
    secret: bytes | None


# --- officers ---------------------------------------------------------------------------------------------------------


def every(tx: Transaction) -> list[Officer]:
    """Return every officer, by login."""
    return [_officer(row) for row in tx.execute(select(*_OFFICER).order_by(officers.c.login))]


def officer(tx: Transaction, login: str) -> Officer | None:
    """Return one officer."""
    row = tx.execute(select(*_OFFICER).where(officers.c.login == login)).first()
    return None if row is None else _officer(row)


def asked_by(tx: Transaction, login: str) -> str:
    """Return who last added, renewed or disabled an officer."""
    return str(tx.scalar(select(officers.c.asked_by).where(officers.c.login == login)) or "")


def kept_out(tx: Transaction) -> list[tuple[str, str]]:
    """Return who had enrolled once and is disabled or has to enrol again, with the name of whoever did that."""
    enrolled = select(happenings.c.login).where(happenings.c.what == "enrolled")
    out = officers.c.disabled_at.is_not(None) | officers.c.enrolled_at.is_(None)
    query = select(officers.c.login, officers.c.asked_by).where(out, officers.c.login.in_(enrolled))
    return [(row.login, row.asked_by) for row in tx.execute(query)]


def a_secret(tx: Transaction) -> tuple[str, bytes] | None:
    """Return whose and what the sealed second factor is that was changed last; None where nobody has one."""
    query = select(officers.c.login, officers.c.secret).where(officers.c.secret.is_not(None))
    row = tx.execute(query.order_by(officers.c.changed.desc(), officers.c.login).limit(1)).first()
    return None if row is None else (row.login, row.secret)


def add(tx: Transaction, new: Officer) -> None:
    """Store a new officer, without password or second factor."""
    values = {name: getattr(new, name) for name in Officer.__struct_fields__}
    tx.execute(insert(officers), values | {"asked_by": new.added_by, "changed": new.created, "step": 0})


def change(tx: Transaction, login: str, at: str, **values: str | bytes | int | None) -> None:
    """Change an officer's row."""
    tx.execute(update(officers).where(officers.c.login == login).values(changed=at, **values))


def secrets_of(tx: Transaction, login: str) -> Secrets | None:
    """Return what an officer proves to know; None for nobody."""
    query = select(officers.c.password, officers.c.secret, officers.c.step).where(officers.c.login == login)
    row = tx.execute(query).first()
    return None if row is None else Secrets(*row)


def use_step(tx: Transaction, login: str, step: int) -> bool:
    """Use a step of the second factor up; False when it, or a later one, was used meanwhile."""
    free = (officers.c.login == login) & (officers.c.step < step)
    return bool(tx.execute(update(officers).where(free).values(step=step)).rowcount)


def _officer(row: Row[tuple[object, ...]]) -> Officer:
    return Officer(**{str(name): value for name, value in row._mapping.items()})


# --- one-time addresses -----------------------------------------------------------------------------------------------


def open_address(tx: Transaction, hashed: bytes, new: Address) -> None:
    """Store an address in the place of others of its kind for the same officer."""
    tx.execute(delete(addresses).where(addresses.c.login == new.login, addresses.c.kind == new.kind))
    tx.execute(insert(addresses), {"hash": hashed} | new._asdict())


def address(tx: Transaction, hashed: bytes, kind: str) -> Address | None:
    """Return an address that was opened, whether or not its time is over."""
    columns = (addresses.c.kind, addresses.c.login, addresses.c.expires, addresses.c.secret)
    row = tx.execute(select(*columns).where(addresses.c.hash == hashed, addresses.c.kind == kind)).first()
    return None if row is None else Address(*row)


def close_addresses(tx: Transaction, login: str) -> None:
    """Let no address of an officer's lead anywhere any more."""
    tx.execute(delete(addresses).where(addresses.c.login == login))


# --- sessions ---------------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """A session as it is compared with what a caller sends, and whose it is."""

    session: Session
    officer: Officer
    hash: bytes


def begin(tx: Transaction, new: Session, hashed: bytes) -> None:
    """Store a session by its token's hash."""
    tx.execute(insert(sessions), {each.name: getattr(new, each.name) for each in _OWN} | {"hash": hashed})


def session(tx: Transaction, session_id: str) -> Found | None:
    """Return a session by its id, open or not."""
    row = tx.execute(_FIND, {"of_session": session_id}).first()
    if row is None:
        return None
    told = row._mapping
    own = {each.name: told[each.name] for each in _OWN}
    whose = {name: told[name] for name in Officer.__struct_fields__ if name != "created"}
    return Found(Session(name=row.name, **own), Officer(created="", **whose), row.hash)


def sessions_of(tx: Transaction, login: str | None, limit: int) -> list[Session]:
    """Return the newest sessions of one officer, or of all."""
    query = select(*_OWN, officers.c.name).join(officers, officers.c.login == sessions.c.login)
    if login is not None:
        query = query.where(sessions.c.login == login)
    rows = tx.execute(query.order_by(sessions.c.created.desc(), sessions.c.id.desc()).limit(limit))
    return [Session(**{str(name): value for name, value in row._mapping.items()}) for row in rows]


def seen(tx: Transaction, session_id: str, at: str) -> None:
    """Note that a session was used."""
    tx.execute(update(sessions).where(sessions.c.id == session_id, sessions.c.last_seen < at).values(last_seen=at))


def end(tx: Transaction, at: str, by: str, *, session: str | None = None, login: str | None = None) -> int:
    """End one session, or all of an officer; those that were ended stay as they are. Returns how many."""
    which = sessions.c.id == session if session is not None else sessions.c.login == login
    query = update(sessions).where(which, sessions.c.revoked_at.is_(None))
    return tx.execute(query.values(revoked_at=at, revoked_by=by)).rowcount


def forget_sessions(tx: Transaction, before: str) -> None:
    """Delete what began before a time."""
    tx.execute(delete(sessions).where(sessions.c.created < before))


# --- tries ------------------------------------------------------------------------------------------------------------


def tries_of(tx: Transaction, tag: bytes) -> list[str]:
    """Return when a login was tried without success."""
    return list(tx.scalars(select(tries.c.at).where(tries.c.tag == tag).order_by(tries.c.at)))


def add_try(tx: Transaction, tag: bytes, at: str, *, forget_before: str) -> None:
    """Note a try, and forget old ones of everybody."""
    tx.execute(delete(tries).where(tries.c.at < forget_before))
    tx.execute(insert(tries), {"tag": tag, "at": at})


def forget_tries(tx: Transaction, tag: bytes) -> None:
    """Forget the tries of a login that was let in."""
    tx.execute(delete(tries).where(tries.c.tag == tag))


# --- what happened ----------------------------------------------------------------------------------------------------


def note(tx: Transaction, new: Happening, salt: bytes | None) -> None:
    """Keep what was done to somebody's access, and what opens its ledger entry."""
    values = {name: getattr(new, name) for name in Happening.__struct_fields__}
    tx.execute(insert(happenings), values | {"salt": salt})


def happened(tx: Transaction, login: str, limit: int) -> list[Happening]:
    """Return what was done to an officer's access, newest first."""
    rows = tx.execute(
        select(*_HAPPENING).where(happenings.c.login == login).order_by(happenings.c.seq.desc()).limit(limit)
    )
    return [Happening(**{str(name): value for name, value in row._mapping.items()}) for row in rows]


# --- restores ---------------------------------------------------------------------------------------------------------


def known(tx: Transaction) -> bool:
    """Tell whether a database has officers at all."""
    return inspect(tx).has_table(officers.name)


def carry(old: Transaction, new: Transaction) -> int:
    """Bring over what one database knows later of officers, what happened included; returns how many rows changed."""
    rows = old.execute(select(officers)).mappings().all()
    known = {row.login: row.changed for row in new.execute(select(officers.c.login, officers.c.changed))}
    later = [dict(row) for row in rows if row["changed"] > known.get(row["login"], "")]
    for row in later:
        new.execute(delete(officers).where(officers.c.login == row["login"]))
        new.execute(insert(officers), row)
    have = set(new.scalars(select(happenings.c.id)))
    columns = [each for each in happenings.c if each.name != "seq"]
    told = old.execute(select(*columns).order_by(happenings.c.seq)).mappings().all()
    for each in told:
        if each["id"] not in have:
            new.execute(insert(happenings), dict(each))
    return len(later)


def end_all(tx: Transaction, at: str, by: str) -> None:
    """End every session and close every address: nobody knows which of them ended after the backup was made."""
    tx.execute(update(sessions).where(sessions.c.revoked_at.is_(None)).values(revoked_at=at, revoked_by=by))
    tx.execute(delete(addresses))
