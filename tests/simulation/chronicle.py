"""What an all-knowing observer writes down: promises made, keys used and revoked, faults, and whatever was wrong."""

import hashlib
from collections import Counter, defaultdict
from datetime import datetime
from typing import NamedTuple


class Promise(NamedTuple):
    """Something that a machine acknowledged, and must therefore never lose."""

    kind: str
    key: tuple[str, ...]


class Sealed(NamedTuple):
    """An envelope that really was sealed: by whom, and with which key."""

    origin: str
    key_id: str


class Chronicle:
    """The notes on one world."""

    def __init__(self) -> None:
        self.promises: defaultdict[str, set[Promise]] = defaultdict(set)
        self.trees: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
        self.sealed: dict[str, Sealed] = {}
        self.revoked: dict[str, tuple[int, datetime]] = {}
        self.keys: defaultdict[str, set[str]] = defaultdict(set)
        self.adopted: defaultdict[str, int] = defaultdict(lambda: 1)
        self.counts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.undone: defaultdict[str, set[str]] = defaultdict(set)
        self.wrongs: list[str] = []
        self._digest = hashlib.sha256()

    def say(self, *facts: object) -> None:
        """Note a decision: the history of a seed is the sequence of these."""
        self._digest.update(repr(facts).encode())

    @property
    def digest(self) -> str:
        """Return the SHA-256 of everything said so far."""
        return self._digest.hexdigest()

    def wrong(self, what: str) -> None:
        """Note that something happened which must not."""
        self.wrongs.append(what)

    def promise(self, authority: str, kind: str, *key: str) -> None:
        """Note an acknowledgement."""
        self.promises[authority].add(Promise(kind, key))
        self.say(authority, kind, *key)

    def believed(self, authority: str, header: str, peer: str, key_id: str, now: datetime) -> None:
        """Note that a machine took a receipt, and judge it by what really happened at the peer."""
        self.promise(authority, "receipt", header)
        if key_id not in self.keys[peer] or self._is_revoked(authority, key_id, now):
            self.wrong(f"{authority} believed a receipt under a key that is not {peer}'s")
        if peer in self.promises and Promise("envelope", (authority, header)) not in self.promises[peer]:
            self.wrong(f"{authority} believed a receipt that {peer} never gave")

    def _is_revoked(self, authority: str, key_id: str, now: datetime) -> bool:
        version, since = self.revoked.get(key_id, (0, now))
        return 0 < version <= self.adopted[authority] and since <= now

    def tree(self, authority: str, size: int, root: bytes) -> None:
        """Note the tree that an acknowledged commit left: it never shrinks, and never changes."""
        known = self.trees[authority]
        if size < max(known, default=0):
            self.wrong(f"{authority}: the ledger shrank to {size}")
        if known.setdefault(size, root) != root:
            self.wrong(f"{authority}: two trees of {size} entries")

    def accepted(self, authority: str, header: str, key_id: str, now: datetime) -> None:
        """Judge an envelope that a machine has just accepted, by what really happened; it may have been signed anew since."""
        made = self.sealed.get(header)
        if made is None:
            self.wrong(f"{authority} accepted an envelope that nobody sealed")
            return
        if self._is_revoked(authority, key_id, now):
            self.wrong(f"{authority} accepted an envelope of {made.origin} under a key that it knows to be revoked")
