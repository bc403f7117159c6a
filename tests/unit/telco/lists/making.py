"""Makes small lists, and says of any list by brute force what a look-up must find."""

from collections.abc import Mapping
from pathlib import Path

from lintas.telco.lists.base import Base
from lintas.telco.lists.build import Entries, Origin, build
from lintas.telco.lists.e164 import write
from lintas.telco.lists.entries import Change, Key, Row
from lintas.telco.lists.ids import redress_id
from lintas.telco.lists.signed import Delta, genesis, read_delta, write_delta
from lintas.telco.lists.snapshot import Snapshot
from lintas.telco.records import Listed
from lintas.trust.keys import Ed25519Signer
from lintas.trust.note import ed25519_key

NAME = "xa-numbers"
KEY = bytes(range(32))
SIGNER = Ed25519Signer.from_seed("xa-asc", bytes(32))
PUBLISHER = [ed25519_key("xa-asc", SIGNER)]


def base_of(path: Path, entries: Mapping[Key, Row], *, version: int = 0, head: str = genesis(NAME)) -> Base:
    """Write these entries as a base file and open it."""
    build(path, Entries.of(entries), Origin(NAME, version, head, 5))
    return Base.open(path)


def blob(snapshot: Snapshot, *changes: Change, number: int | None = None, follows: str | None = None) -> bytes:
    """Sign changes as the delta that follows a snapshot."""
    return write_delta(
        changes,
        name=snapshot.name,
        number=snapshot.version + 1 if number is None else number,
        follows=snapshot.head if follows is None else follows,
        at=snapshot.at + 1,
        signer=SIGNER,
        signed_by="xa-asc",
    )


def delta(snapshot: Snapshot, *changes: Change, number: int | None = None, follows: str | None = None) -> Delta:
    """Return changes as the delta that follows a snapshot."""
    return read_delta(blob(snapshot, *changes, number=number, follows=follows), PUBLISHER)


def replayed(entries: Mapping[Key, Row], changes: list[Change]) -> dict[Key, Row]:
    """Return the entries after changes, one after another."""
    after = dict(entries)
    for change in changes:
        first, _, last = change.value.partition("-")
        key = Key(int(first), int(last or first), change.kind, change.owner)
        after.pop(key, None)
        if not change.withdraw:
            after[key] = Row(change.kind, change.owner, change.reason, change.expires)
    return after


def expected(entries: Mapping[Key, Row], number: int, now: float) -> Listed | None:
    """Say by looking at every entry what a look-up finds: what is protected, a number itself, then by kind, expiry, owner."""
    order = ["protected", "do_not_originate", "unallocated", "blocked"]
    hits = [
        (
            2 * (row.kind != "protected") + (key.first != key.last),
            order.index(row.kind),
            -row.expires,
            row.owner,
            key,
            row,
        )
        for key, row in entries.items()
        if key.first <= number <= key.last and row.expires > now
    ]
    if not hits:
        return None
    *_, key, row = min(hits)
    return Listed(row.kind, redress_id(KEY, row.kind, write(key.first, key.last)), row.owner, row.reason, row.expires)
