"""A gateway's list on its way after its publisher, without any network: what to ask for next, and what to do with the answer.

Whatever comes is checked before it lies in the directory under its name: signature, order, whole. A gap, another history or a
damaged file leads to a base file; meanwhile the list that is held stays in force.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from lintas.model.errors import Conflict, LintasError
from lintas.telco.lists.base import Base
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
    """One list's directory; ``keys`` are the publisher's, as the operator got them from it.

    ``which`` is the list that belongs into it, the last part of its name; "" for any.
    """

    def __init__(self, path: Path, keys: Sequence[VerifierKey], *, clock: Clock, which: str = "") -> None:
        self.directory, self._keys, self._clock, self._which = Directory(path), tuple(keys), clock, which
        self.snapshot: Snapshot | None = None
        #: What the base file says of itself that lay there, also where the list could not be taken up.
        self._found = ("", 0)
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
        if not self.directory.base.exists():
            return
        try:
            header = Base.open(self.directory.base, whole=False).header
            self._began = header.version
            # One without a version was built here, and no publisher's.
            self._found = (header.name, header.version) if header.version else self._found
            # Without the publisher's key there is no id to contest by.
            if (self.directory.path / KEY).exists():
                self.snapshot, wrong = self.directory.open(clock=self._clock)
                self._lost = bool(wrong)
        except LintasError as wrong_file:
            log.warning("the list that was held cannot be read", extra={"why": type(wrong_file).__name__})

    def _keep_key(self, key: bytes) -> None:
        path = self.directory.path / KEY
        if path.exists() and load_secret(path) == key:
            return
        fresh = path.with_name(".redress.key.new")
        fresh.unlink(missing_ok=True)
        save_secret(fresh, key)
        fresh.replace(path)

    def take_base(self, file: Path, manifest: bytes, key: bytes) -> bool:
        """Put a base file in force, with the publisher's key for redress ids; False, and what is held stays, where it is older.

        Conflict where it is of another list than what is held or belongs here, and errors as of ``check_base``.
        """
        told, key = check_base(file, manifest, self._keys), check_key(key)
        held = self.snapshot
        name, version = (held.name, held.version) if held is not None and held.version else self._found
        if told.list != (name or told.list) or self._which not in ("", told.list.rpartition("/")[2]):
            wanted = f"{self.directory.path} is for {name or self._which}"
            raise Conflict(f"a base file of {told.list} came, and {wanted}", "give each list a directory of its own")
        if told.version < version:
            return False
        self._keep_key(key)
        self.directory.put_base(file, manifest, self._keys)
        # Deltas that are held may be of another history: those that follow come again.
        for path in self.directory.deltas():
            path.unlink(missing_ok=True)
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
