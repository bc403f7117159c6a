"""A gateway's list on its way after its publisher, without any network: what to ask for next, and what to do with the answer.

Whatever comes is checked before it lies in the directory under its name: signature, order, whole. A gap, another history or a
damaged file leads to a base file; meanwhile the list that is held stays in force.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from lintas.model.errors import Conflict, LintasError
from lintas.telco.lists.directory import KEY, Directory
from lintas.telco.lists.ids import check_key
from lintas.telco.lists.signed import check_base
from lintas.telco.lists.snapshot import Clock, Snapshot
from lintas.trust.keys import load_secret, save_secret
from lintas.trust.note import VerifierKey

log = logging.getLogger("lintas.gateway")

#: A chain or an overlay longer than this goes into a base file of the gateway's own.
MOST_DELTAS, MOST_CHANGED = 2_000, 100_000


class Following:
    """One list's directory; ``keys`` are the publisher's, as the operator got them from it."""

    def __init__(self, path: Path, keys: Sequence[VerifierKey], *, clock: Clock) -> None:
        self.directory, self._keys, self._clock = Directory(path), tuple(keys), clock
        self.snapshot: Snapshot | None = None
        self._lost = False
        self._began = 0

    @property
    def version(self) -> int:
        """Return the version that is held; 0 for none."""
        return self.snapshot.version if self.snapshot else 0

    @property
    def wants(self) -> Literal["base", "deltas"]:
        """Return what to ask for next."""
        return "base" if self.snapshot is None or self._lost else "deltas"

    def open(self) -> None:
        """Take up what lies in the directory, if anything does; what is damaged is fetched anew."""
        self.directory.path.mkdir(parents=True, exist_ok=True)
        if not self.directory.base.exists() or not (self.directory.path / KEY).exists():
            return
        try:
            self.snapshot, wrong = self.directory.open(clock=self._clock)
            self._began = self.snapshot.base.header.version
            self._lost = bool(wrong)
        except LintasError as wrong_file:
            log.warning("the list that was held cannot be read", extra={"why": type(wrong_file).__name__})

    def take_key(self, key: bytes) -> None:
        """Keep the publisher's redress key."""
        path = self.directory.path / KEY
        if path.exists() and load_secret(path) == key:
            return
        fresh = path.with_name(".redress.key.new")
        fresh.unlink(missing_ok=True)
        save_secret(fresh, check_key(key))
        fresh.replace(path)
        self.snapshot = None

    def take_base(self, file: Path, manifest: bytes) -> bool:
        """Put a base file in force; False, and the list held stays, where it is older than that."""
        told = check_base(file, manifest, self._keys)
        if self.snapshot is not None and told.list == self.snapshot.name and told.version < self.snapshot.version:
            return False
        # Deltas that are held may be of another history: those that follow come again.
        for path in self.directory.deltas():
            path.unlink(missing_ok=True)
        self.directory.put_base(file, manifest, self._keys)
        self.snapshot, _ = self.directory.open(clock=self._clock)
        self._began, self._lost = self.snapshot.base.header.version, False
        return True

    def take_deltas(self, deltas: Sequence[bytes], *, resync: bool = False) -> int:
        """Put deltas in force one by one; returns how many. What does not follow leads to a base file."""
        if resync:
            self._lost = True
        if resync or self._replaced():
            return 0
        taken = 0
        for data in deltas:
            if self.snapshot is None:
                break
            try:
                after = self.directory.put_delta(self.snapshot, data, self._keys)
            except Conflict as wrong:
                log.warning("the list is synchronised anew", extra={"why": type(wrong).__name__})
                self._lost = True
                break
            taken += after is not self.snapshot
            self.snapshot = after
        return taken

    def _replaced(self) -> bool:
        """Tell whether somebody put another list in place of what is held, and then hold nothing; the same one is taken up."""
        held = self.snapshot
        if held is None:
            return False
        try:
            if self.directory.base.stat().st_ino == held.base.inode:
                return False
            lies, _ = self.directory.open(clock=self._clock)
        except (LintasError, OSError):
            lies = None
        if lies is not None and (lies.name, lies.version, lies.head) == (held.name, held.version, held.head):
            self.snapshot, self._began = lies, lies.base.header.version
            return False
        log.warning("another list lay in the directory, and is replaced by the publisher's", extra={"list": held.name})
        self.snapshot = None
        return True

    def compact(self) -> bool:
        """Take a long chain into a base file of our own; True when it was long enough."""
        held = self.snapshot
        if held is None or (held.version - self._began < MOST_DELTAS and held.changed < MOST_CHANGED):
            return False
        self.directory.compact(held)
        self.snapshot, _ = self.directory.open(clock=self._clock)
        self._began = self.snapshot.base.header.version
        return True
