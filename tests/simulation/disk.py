"""A disk in memory, under the real SQLite, that loses what was not flushed when its power is cut.

It is an SQLite VFS (https://sqlite.org/vfs.html). Per file it keeps two images: *live*, what the running program reads back,
and *durable*, what the platter holds; a change reaches the durable image at the next successful ``xSync`` of that file, or by
luck at a power cut. Directory entries behave likewise (a journalling file system: they become durable in order).

The database runs as a node runs it: WAL, ``synchronous=FULL``, several connections. The shared memory of the WAL index and
the file locks, which hold nothing that must survive, are inherited from SQLite's own VFS on an empty scratch file.
"""

import itertools
import random
import shutil
import tempfile
from collections import Counter
from enum import StrEnum
from pathlib import Path

import apsw
from tests.simulation.platter import File

_SERIAL = itertools.count(1)


class Fault(StrEnum):
    """What can go wrong while the power is on."""

    READ_ERROR = "read error"
    WRITE_ERROR = "write error"
    SYNC_ERROR = "sync error"
    FULL = "disk full"
    READ_ONLY = "read-only"


_STRIKES = {
    Fault.READ_ERROR: frozenset({"read"}),
    Fault.WRITE_ERROR: frozenset({"write", "truncate"}),
    Fault.SYNC_ERROR: frozenset({"sync"}),
    Fault.FULL: frozenset(
        {"write", "grow", "create"}
    ),  # overwriting too: a copy-on-write file system needs room for it
    Fault.READ_ONLY: frozenset({"write", "grow", "truncate", "delete", "create"}),
}
_CODES = {
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "grow": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "delete": apsw.SQLITE_IOERR_DELETE,
    "create": apsw.SQLITE_CANTOPEN,
    "lock": apsw.SQLITE_IOERR_LOCK,
    "size": apsw.SQLITE_IOERR_FSTAT,
    "access": apsw.SQLITE_IOERR_ACCESS,
}


def _error(code: int, message: str) -> Exception:
    """Make the exception that reaches SQLite as result ``code``."""
    wrong = apsw.exception_for(code)
    wrong.args = (message,)
    return wrong


class Disk:
    """One machine's disk; ``vfs`` is its name for ``open_engine(path, driver=driver, vfs=disk.vfs)``.

    ``power_cut`` and ``kill`` leave the machine ``dark``: every open handle is dead and nothing opens until ``restart``.
    ``strands`` makes a failed sync do what Linux does: the pages stay readable, are marked clean and in part never written
    (https://wiki.postgresql.org/wiki/Fsync_Errors). The connection that saw the error recovers from that, for it writes those
    pages again; no SQLite database survives reopening before it did. Without it the pages wait for the next sync.
    The same seed and the same calls give the same losses. ``counts`` has operations, faults that struck, cuts and losses.
    """

    def __init__(self, seed: int, *, strands: bool = False) -> None:
        self._strands = strands
        self.vfs = f"simulated-{next(_SERIAL)}"
        self.counts: Counter[str] = Counter()
        self.dark = False
        self._rng = random.Random(seed)
        self._live: dict[str, File] = {}
        self._durable: dict[str, File] = {}
        self._entries: list[tuple[str, File | None]] = []
        self._faults: dict[Fault, list[int]] = {}
        self._deaths: list[tuple[int, str]] = []
        self._changes = 0
        self.generation = 0
        self._scratch = Path(tempfile.mkdtemp(prefix="lintas-simulation-"))
        self._registered = _Vfs(self)

    def __enter__(self) -> "Disk":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Throw the disk away; engines on it are disposed of before."""
        self.dark = True
        self._registered.unregister()
        shutil.rmtree(self._scratch, ignore_errors=True)

    # ── what a scenario does to the machine ──────────────────────────────────────────────────────────────────────

    def power_cut(self, *, after: int = 0) -> None:
        """Cut the power now, or during the ``after``-th change (write, truncate, sync, delete) from now."""
        self._die("power cut", after)

    def kill(self, *, after: int = 0) -> None:
        """Kill the process now, or during the ``after``-th change from now; what was written stays written."""
        self._die("kill", after)

    def restart(self) -> None:
        """Start the machine again, with what is there; a planned death that did not come is forgotten."""
        self.dark = False
        self._deaths.clear()
        self.generation += 1

    def spare(self) -> None:
        """Forget the deaths that are planned and did not come."""
        self._deaths.clear()

    def fault(self, fault: Fault, *, operations: int = 1, after: int = 0) -> None:
        """Let ``operations`` operations of the kind fail, the first ``after`` excepted; then the disk is well again."""
        self._faults[fault] = [after, operations]

    def heal(self) -> None:
        """Lift every fault."""
        self._faults.clear()

    def image(self, path: str) -> bytes:
        """Return what the running program would read in the file at ``path``; empty when there is none."""
        file = self._live.get(path)
        return bytes(file.live) if file else b""

    @property
    def changes(self) -> int:
        """Count the changes so far, to plan a death among them."""
        return self._changes

    # ── what SQLite does to the disk ─────────────────────────────────────────────────────────────────────────────

    def _die(self, how: str, after: int) -> None:
        if after > 0:
            self._deaths.append((self._changes + after, how))
            return
        self.dark = True
        self.counts[how] += 1
        if how == "power cut":
            self._lose()

    def _lose(self) -> None:
        for name, file in self._entries[: self._rng.randrange(len(self._entries) + 1)]:
            self._enter(name, file)
        self._entries.clear()
        for file in self._durable.values():
            self.counts["lost sectors"] += file.settle(self._rng)
            file.live = bytearray(file.durable)
        self._live = dict(self._durable)

    def _enter(self, name: str, file: File | None) -> None:
        if file is None:
            self._durable.pop(name, None)
        else:
            self._durable[name] = file

    def check(self, operation: str, generation: int | None = None) -> None:
        """Raise what SQLite must see when the machine is dead or a fault strikes this operation."""
        self.counts[operation] += 1
        if self.dark or generation not in (None, self.generation):
            raise _error(_CODES[operation], "the machine is off")
        for fault, left in self._faults.items():
            if operation not in _STRIKES[fault]:
                continue
            if left[0] > 0:
                left[0] -= 1
            elif left[1] > 0:
                left[1] -= 1
                self.counts[fault] += 1
                full = fault is Fault.FULL
                code = apsw.SQLITE_FULL if full else _CODES[operation]
                raise _error(code, "database or disk is full" if full else f"disk I/O error ({fault})")

    def changed(self, operation: str) -> None:
        """Count one change; a planned death strikes during it."""
        self._changes += 1
        for when, how in self._deaths:
            if self._changes >= when:
                self._deaths.clear()
                self._die(how, 0)
                raise _error(_CODES[operation], f"{how} during {operation}")

    def create(self, name: str) -> File:
        """Make a file; its entry is durable once the file is synced."""
        self.check("create")
        file = self._live[name] = File()
        self._entries.append((name, file))
        return file

    def find(self, name: str) -> File | None:
        """Find a file of the running program."""
        return self._live.get(name)

    def write(self, file: File, offset: int, data: bytes, generation: int) -> None:
        """Write; a write that fails may have happened in part."""
        operation = "grow" if offset + len(data) > len(file.live) else "write"
        try:
            self.check(operation, generation)
        except apsw.Error:
            if not self.dark and generation == self.generation and Fault.READ_ONLY not in self._faults:
                file.change(offset, data[: self._rng.randrange(len(data))])
            raise
        file.change(offset, data)
        self.changed(operation)

    def truncate(self, file: File, size: int, generation: int) -> None:
        """Cut or stretch the file."""
        self.check("truncate", generation)
        file.change(size, None)
        self.changed("truncate")

    def sync(self, file: File, generation: int) -> None:
        """Make a file and its directory entry durable; one that fails may strand the pages."""
        try:
            self.check("sync", generation)
        except apsw.Error:
            if self._strands and not self.dark and generation == self.generation:
                self.counts["stranded sectors"] += file.settle(self._rng)
            raise
        self.changed("sync")
        concerned = [place for place, (_, entry) in enumerate(self._entries) if entry is file]
        self._commit_entries(concerned[-1] + 1 if concerned else 0)
        file.flush()

    def delete(self, name: str, *, durably: bool) -> None:
        """Delete a file."""
        self.check("delete")
        if self._live.pop(name, None) is None:
            raise _error(apsw.SQLITE_IOERR_DELETE_NOENT, f"no file {name}")
        self._entries.append((name, None))
        self.changed("delete")
        if durably:
            self._commit_entries(len(self._entries))

    def _commit_entries(self, count: int) -> None:
        for name, file in self._entries[:count]:
            self._enter(name, file)
        del self._entries[:count]

    def scratch(self, name: str) -> str:
        """Give the scratch file whose locks and shared memory stand for ``name`` until the next restart."""
        return str(self._scratch / f"{self.generation}-{name.replace('/', '-')}")

    @property
    def read_only(self) -> bool:
        """Say whether a file opened now would be opened for reading only."""
        left = self._faults.get(Fault.READ_ONLY)
        return left is not None and left[0] == 0 and left[1] > 0


class _Handle:
    """An open file without locks: a journal, a WAL, or (without a name) a temporary file."""

    def __init__(self, disk: Disk, file: File, delete: str) -> None:
        self._disk, self._file, self._delete = disk, file, delete
        self._generation = disk.generation

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.check("read", self._generation)
        return bytes(self._file.live[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.write(self._file, offset, bytes(data), self._generation)

    def xTruncate(self, size: int) -> None:
        self._disk.truncate(self._file, size, self._generation)

    def xSync(self, _flags: int) -> None:
        self._disk.sync(self._file, self._generation)

    def xFileSize(self) -> int:
        self._disk.check("size", self._generation)
        return len(self._file.live)

    def xSectorSize(self) -> int:
        return 4096

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE  # what SQLite assumes on Linux: a write never harms its neighbours

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    def xClose(self) -> None:
        if self._delete and not self._disk.dark:
            self._disk.delete(self._delete, durably=False)


class _Database(_Handle, apsw.VFSFile):
    """An open database: bytes from the simulated disk, locks and shared memory from SQLite's own VFS."""

    def __init__(self, disk: Disk, file: File, name: str, flags: list[int]) -> None:
        _Handle.__init__(self, disk, file, "")
        apsw.VFSFile.__init__(self, "", disk.scratch(name), list(flags))

    def xLock(self, level: int) -> None:
        self._disk.check("lock", self._generation)  # the dead lock nothing, whatever they try on closing
        apsw.VFSFile.xLock(self, level)

    def xFileControl(self, op: int, ptr: int) -> bool:
        return apsw.VFSFile.xFileControl(self, op, ptr)

    def xClose(self) -> None:
        apsw.VFSFile.xClose(self)


class _Vfs(apsw.VFS):
    """The directory, as SQLite asks for it."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._temporary = itertools.count(1)
        super().__init__(disk.vfs, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        disk, wanted = self._disk, flags[0]
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or f"temporary-{next(self._temporary)}"
        if disk.dark:
            raise _error(apsw.SQLITE_CANTOPEN, "the machine is off")
        file = disk.find(path)
        if file is None:
            if not wanted & apsw.SQLITE_OPEN_CREATE:
                raise _error(apsw.SQLITE_CANTOPEN, f"no file {path}")
            file = disk.create(path)
        flags[1] = wanted
        if disk.read_only:
            flags[1] = wanted & ~(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE) | apsw.SQLITE_OPEN_READONLY
        if wanted & apsw.SQLITE_OPEN_MAIN_DB:
            return _Database(disk, file, path, flags)
        delete = path if wanted & apsw.SQLITE_OPEN_DELETEONCLOSE else ""
        return _Handle(disk, file, delete)  # type: ignore[return-value]  # apsw takes any such object

    def xAccess(self, path: str, _flags: int) -> bool:
        if self._disk.dark:
            raise _error(apsw.SQLITE_IOERR_ACCESS, "the machine is off")
        return self._disk.find(path) is not None

    def xDelete(self, path: str, durably: bool) -> None:
        self._disk.delete(path, durably=durably)

    def xFullPathname(self, path: str) -> str:
        return path

    def xSleep(self, microseconds: int) -> int:
        self._disk.counts["sleep"] += 1  # a simulated wait takes no time
        return microseconds
