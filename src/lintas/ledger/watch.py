"""What this node knows of every log: the last checkpoint that joins with all before, what nothing joins yet, and proofs."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec

from lintas.ledger import store
from lintas.ledger.monitor import (
    Comparison,
    Heard,
    Known,
    Seen,
    Weighed,
    believe,
    outcome_of,
    read_proof,
    recall,
    write_proof,
)
from lintas.ledger.store import FindingRow, UnprovenRow, WatchedRow
from lintas.model import times
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.trust.note import VerifierKey

#: Of one log through one teller: so many checkpoints that nothing joins wait for their proof; the oldest stay.
MAX_UNPROVEN = 4
#: Of one log: after so many proofs another one says nothing new.
MAX_FINDINGS = 20
#: Of one log: so many proofs go to the other members; each of them checks one, and one is enough.
TOLD_FINDINGS = 2

Standing = Literal["consistent", "split", "unproven"]


class Told(msgspec.Struct, frozen=True):
    """A split view as one member tells the others of it: both notes, and the hashes that part them."""

    older: str
    newer: str
    proof: tuple[str, ...]


class Log(msgspec.Struct, frozen=True):
    """How one log stands: the size known, whether all that was seen of it joins, and if not, why and since when."""

    origin: str
    standing: Standing
    size: int | None
    why: str
    since: str
    looked_at: str


class Suspicion(msgspec.Struct, frozen=True):
    """A checkpoint signed by its log that nothing joins with the others yet; no proof of anything."""

    origin: str
    size: int
    root: str
    through: str
    since: str
    why: str


class Finding(msgspec.Struct, frozen=True):
    """A split view, proved by the log's own signatures: ``older`` and ``newer`` are its notes, ``proof`` the hashes between."""

    id: str
    origin: str
    vkey: str
    older_size: int
    newer_size: int
    through: str
    at: str
    older: str
    newer: str
    proof: tuple[str, ...]


class Findings(msgspec.Struct, frozen=True):
    """All of it: proofs, suspicions, and how each log stands."""

    findings: list[Finding]
    unproven: list[Suspicion]
    logs: list[Log]


class Look(NamedTuple):
    """What one look at one log came to; ``why`` it showed nothing new, "" when it answered and all joins."""

    origin: str
    vkey: str
    weighed: Weighed
    why: str = ""


class Watch:
    """What one node knows of the logs of all members."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def known(self, tx: Transaction) -> dict[str, Known]:
        """Return what is known of each log, by origin."""
        waiting: dict[str, list[Heard]] = {}
        for row in store.read_unproven(tx):
            waiting.setdefault(row.origin, []).append(Heard(recall(row.note), row.through, row.since, row.why))
        last = {row.origin: recall(row.note) if row.note else None for row in store.read_watched(tx)}
        return {origin: Known(last.get(origin), tuple(waiting.get(origin, ()))) for origin in {*last, *waiting}}

    def note(self, tx: Transaction, look: Look) -> int:
        """Keep what a look came to; returns how many findings are new. Twice is the same as once."""
        now = times.render(self._clock.now())
        before = next((row for row in store.read_watched(tx) if row.origin == look.origin), None)
        since = before.since if before and bool(before.why) == bool(look.why) else now
        known, splits = look.weighed
        last = known.last.note if known.last else None
        store.write_watched(tx, WatchedRow(look.origin, last, look.why[:400], since, now))
        store.write_unproven(tx, look.origin, _kept(look.origin, known.unproven, now))
        return sum(self._find(tx, look.vkey, split, through, now) for split, through in splits)

    def take(self, tx: Transaction, proved: Iterable[Comparison], keys: Mapping[str, VerifierKey], through: str) -> int:
        """Keep another member's findings, each judged by its log's own key (``judge``); returns how many are new."""
        now = times.render(self._clock.now())
        return sum(self._find(tx, str(keys[each.older.origin]), each, through, now) for each in proved)

    def _find(self, tx: Transaction, vkey: str, split: Comparison, through: str, now: str) -> bool:
        if split.outcome != "split" or split.proof is None:
            return False
        older, newer = split.older, split.newer
        # By what the notes say, not by their signatures, of which a log may make as many as it likes.
        name = hashlib.sha256(_text(older) + _text(newer)).hexdigest()
        proof = "\n".join(write_proof(split.proof)).encode()
        row = FindingRow(name, older.origin, vkey, older.note, newer.note, proof, through, now)
        return store.add_finding(tx, row, MAX_FINDINGS)

    def to_tell(self, tx: Transaction, me: str) -> tuple[list[str], list[Told]]:
        """Return what the other members are told: the newest checkpoint seen of every log, what nothing joins, and proofs."""
        notes = [row.note for row in store.read_watched(tx) if row.note is not None]
        notes += [row.note for row in store.read_unproven(tx) if row.through == me]
        found: dict[str, list[Told]] = {}
        for each in self.findings(tx).findings:
            found.setdefault(each.origin, []).append(Told(each.older, each.newer, each.proof))
        proofs = [told for of_one in found.values() for told in of_one[:TOLD_FINDINGS]]
        return [each.decode() for each in notes], proofs

    def findings(self, tx: Transaction) -> Findings:
        """Return proofs, suspicions and how each log stands."""
        found = [_finding(row) for row in store.read_findings(tx)]
        waiting = store.read_unproven(tx)
        suspicions = [_suspicion(row) for row in waiting]
        split, unjoined = {each.origin for each in found}, {row.origin for row in waiting}
        logs = []
        for row in store.read_watched(tx):
            size = recall(row.note).size if row.note is not None else None
            standing: Standing = "split" if row.origin in split else "consistent"
            if standing == "consistent" and (row.why or row.origin in unjoined):
                standing = "unproven"
            logs.append(Log(row.origin, standing, size, row.why, row.since, row.looked_at))
        return Findings(found, suspicions, logs)


def judge(told: Told, key: VerifierKey) -> Comparison:
    """Judge somebody's finding by the accused log's key alone.

    BadInput or CheckFailed when it does not hold: then it says something about its teller, and nothing about the accused.
    """
    older, newer = believe(told.older.encode(), key), believe(told.newer.encode(), key)
    proof = read_proof(told.proof)
    return Comparison(outcome_of(older, newer, proof), older, newer, proof)


def _kept(origin: str, unproven: Iterable[Heard], now: str) -> list[UnprovenRow]:
    """Return what stays unproven: each tree once, and of each teller a few, of which the oldest are the most telling."""
    rows: dict[str, UnprovenRow] = {}
    count: dict[str, int] = {}
    for each in sorted(unproven, key=lambda heard: heard.since or now):
        tree = hashlib.sha256(_text(each.seen)).hexdigest()
        if tree not in rows and count.get(each.through, 0) < MAX_UNPROVEN:
            count[each.through] = count.get(each.through, 0) + 1
            rows[tree] = UnprovenRow(origin, tree, each.seen.note, each.through, each.since or now, each.why[:400])
    return list(rows.values())


def _text(seen: Seen) -> bytes:
    return seen.checkpoint.text.encode()


def _finding(row: FindingRow) -> Finding:
    older, newer = recall(row.older), recall(row.newer)
    return Finding(
        id=row.id,
        origin=row.origin,
        vkey=row.vkey,
        older_size=older.size,
        newer_size=newer.size,
        through=row.through,
        at=row.at,
        older=row.older.decode(),
        newer=row.newer.decode(),
        proof=tuple(row.proof.decode().split("\n")),
    )


def _suspicion(row: UnprovenRow) -> Suspicion:
    seen = recall(row.note)
    return Suspicion(row.origin, seen.size, seen.root.hex(), row.through, row.since, row.why)
