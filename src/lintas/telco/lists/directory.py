"""The directory in which a gateway's list lies: a base file, deltas behind it, and who publishes it.

    base               the base file (`lintas.telco.lists.base`)
    manifest           the signed note over it; absent for a list that was built on this machine
    deltas/N           signed deltas, N in twelve digits, each behind the one before
    redress.key        the authority's key for redress ids, readable by its owner only

Whoever feeds it (a follower) checks signatures and writes each file under another name first, then renames it; whoever
serves it looks at three names a few times a second and checks that what it reads is whole. Both can be killed at any moment.
"""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from lintas.model.errors import BadInput, Conflict, LintasError
from lintas.telco.lists.base import Base, Damaged
from lintas.telco.lists.compact import compact
from lintas.telco.lists.ids import MOST_KEY, check_key
from lintas.telco.lists.signed import check_base, read_delta
from lintas.telco.lists.snapshot import Clock, Gap, Snapshot
from lintas.trust.keys import load_secret, save_secret
from lintas.trust.note import VerifierKey

BASE, MANIFEST, DELTAS, KEY = "base", "manifest", "deltas", "redress.key"
#: Of base, key and next delta: inode, and when content and inode last changed; nothing for one that is not there.
Stamp = tuple[tuple[int, ...], ...]


class Directory:
    """A list's directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def base(self) -> Path:
        """Return the base file's path."""
        return self.path / BASE

    @property
    def published(self) -> bool:
        """Tell whether a publisher's list lies there, also one that was compacted; nobody else puts another in its place."""
        if self.deltas() or (self.path / MANIFEST).exists():
            return True
        try:
            return Base.open(self.base, whole=False).header.version > 0
        except Damaged:
            return False

    def delta(self, number: int) -> Path:
        """Return a delta's path."""
        return self.path / DELTAS / f"{number:012d}"

    def redress_key(self) -> bytes:
        """Return the key for redress ids; made at the first call where none was brought."""
        path = self.path / KEY
        if not path.exists():
            try:
                save_secret(path, secrets.token_bytes(MOST_KEY // 2))
            except Conflict:
                pass  # another process was faster
            except OSError as wrong:
                raise BadInput(f"no redress key can be made ({wrong.strerror})", "bring one", where=str(path)) from None
        return check_key(load_secret(path), str(path))

    def open(self, *, clock: Clock, key: bytes | None = None) -> tuple[Snapshot, list[LintasError]]:
        """Map the base file and apply the deltas behind it; also returns what kept a delta from being taken."""
        return self.advance(Snapshot(Base.open(self.base), key or self.redress_key(), clock=clock))

    def after(self, snapshot: Snapshot, *, key: bytes | None = None) -> tuple[Snapshot, list[LintasError]]:
        """Return what is in force after a snapshot: further deltas, another base file and those behind it, another key.

        An older base file than what is held is not taken (Conflict): a gateway's list never goes back. Neither is another
        list's: one on trial would block.
        """
        try:
            same = self.base.stat().st_ino == snapshot.base.inode
        except OSError as gone:
            raise Damaged(f"the base file is gone ({gone.strerror})", "fetch it again", where=str(self.base)) from None
        key = key or self.redress_key()
        if same and key == snapshot.key:
            return self.advance(snapshot)
        base = snapshot.base if same else Base.open(self.base)
        latest, wrong = self.advance(Snapshot(base, key, clock=snapshot.clock))
        if latest.name != snapshot.name:
            raise Conflict(
                f"the base file is of {latest.name}, and {snapshot.name} is in force", "check who writes here"
            )
        if latest.version < snapshot.version:
            held = f"the base file and its deltas are at {latest.version}, and {snapshot.version} is in force"
            raise Conflict(held, "fetch the newer ones")
        return latest, wrong

    def advance(self, snapshot: Snapshot) -> tuple[Snapshot, list[LintasError]]:
        """Apply the deltas that follow; one that is damaged or follows nothing ends it, and what was in force stays."""
        before = snapshot
        while self.delta(snapshot.version + 1).exists():
            path = self.delta(snapshot.version + 1)
            try:
                snapshot = snapshot.apply(read_delta(_read(path), None, where=str(path)))
            except LintasError as wrong:
                return snapshot, [wrong]
        # A long directory is read through only where nothing came.
        return snapshot, self._ahead(snapshot) if snapshot is before else []

    def _ahead(self, snapshot: Snapshot) -> list[LintasError]:
        """Return what is wrong where deltas lie there that do not continue the list: somebody else put its base file there."""
        ahead = [int(path.name) for path in self.deltas() if int(path.name) > snapshot.version + 1]
        if not ahead:
            return []
        what = f"delta {ahead[0]} lies there, and the base file is at {snapshot.version}: it is another list's"
        return [Gap(what, "let `lintas telco follow` fetch it anew, and build lists elsewhere", where=str(self.path))]

    def put_delta(self, snapshot: Snapshot, data: bytes, keys: Sequence[VerifierKey]) -> Snapshot:
        """Check a delta that came in, keep it and apply it; errors as of ``read_delta`` and ``Snapshot.apply``."""
        delta = read_delta(data, keys)
        after = snapshot.apply(delta)
        if after is not snapshot:
            self.path.joinpath(DELTAS).mkdir(exist_ok=True)
            _put(self.delta(delta.number), data)
        return after

    def put_base(self, file: Path, manifest: bytes, keys: Sequence[VerifierKey]) -> None:
        """Check a base file that came in and put it in force; ``file`` lies on this file system and is moved."""
        check_base(file, manifest, keys)
        _sync(file)
        fresh = _aside(self.path / MANIFEST, manifest)
        # At no moment does a manifest lie beside a base file that it does not name.
        (self.path / MANIFEST).unlink(missing_ok=True)
        file.replace(self.base)
        fresh.replace(self.path / MANIFEST)
        self.tidy()

    def compact(self, snapshot: Snapshot) -> None:
        """Take the deltas into a new base file of this gateway's own, and remove them."""
        (self.path / MANIFEST).unlink(missing_ok=True)
        compact(snapshot, self.base)
        self.tidy()

    def tidy(self) -> None:
        """Remove the deltas that are in the base file."""
        version = Base.open(self.base, whole=False).header.version
        for path in self.deltas():
            if int(path.name) <= version:
                path.unlink(missing_ok=True)

    def deltas(self) -> list[Path]:
        """Return the deltas that lie there, in their order."""
        return sorted(self.path.joinpath(DELTAS).glob("[0-9]" * 12))

    def stamp(self, snapshot: Snapshot) -> Stamp:
        """Return what differs when there is something new to read: three looks at the file system."""
        return _look(self.base), _look(self.path / KEY), _look(self.delta(snapshot.version + 1))


def _look(path: Path) -> tuple[int, ...]:
    try:
        about = path.stat()
    except FileNotFoundError:
        return ()
    return about.st_ino, about.st_mtime_ns, about.st_ctime_ns


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise Damaged(f"it cannot be read ({wrong.strerror})", "fetch it again", where=str(path)) from None


def _put(path: Path, data: bytes) -> None:
    """Write a file that is whole whenever it can be seen under its name."""
    _aside(path, data).replace(path)


def _aside(path: Path, data: bytes) -> Path:
    """Bring a file to disk under another name, and return that."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
