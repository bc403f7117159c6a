"""One moment's lists of names as the faces answer from them, and the shelf on which a newer book replaces it."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from lintas.model.errors import BadInput, LintasError
from lintas.telco.names import entries as names
from lintas.telco.names import exports, urls
from lintas.telco.names.hashes import Hashes, Match, row_of
from lintas.telco.names.senders import Registry, read_registry
from lintas.telco.names.wire import Told
from lintas.telco.records import Entry, Subject

_log = logging.getLogger("lintas.gateway")

#: How old a book is at least before entries that end by themselves make a new one; the check drops them at once.
_LEAST_AGE = timedelta(minutes=10)
#: The subjects that this face is about.
SUBJECTS: tuple[Subject, ...] = ("url", "domain", "sender_id")


class Named(Protocol):
    """Where the lists come from: a file, a node's store."""

    def version(self) -> object:
        """Return something that is equal as long as the lists are; cheap, for it is asked each second."""
        ...

    def entries(self, subjects: Sequence[Subject]) -> Iterable[Entry]:
        """Return the entries of these subjects, of every kind; BadInput where they cannot be read."""
        ...

    def registry(self, blocked: Iterable[Entry]) -> Registry:
        """Return the registry of sender IDs, with the blocked ones."""
        ...


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Whose lists these are; ``contest`` is an http(s) address that a redress id is put behind. See ``exports.About``.

    ``hotline`` is where people get help, a number or a few words, "" for nowhere.
    """

    owner: str
    contest: str
    zone: str = "rpz.lintas.invalid"
    block_host: str = ""
    block_ip: str = ""
    hotline: str = ""

    def __post_init__(self) -> None:
        """Refuse what would be a link to anything but a page."""
        if not self.contest.startswith(("https://", "http://")):
            raise BadInput("the address to contest at is no web address", "begin it with https://", where="contest")
        if not self.contest.isascii() or not set(self.contest).isdisjoint("<>\"' \\#"):
            raise BadInput("the address to contest at has a character that ends links", "escape it", where="contest")
        urls.canonical(self.contest)

    def about(self, at: datetime) -> exports.About:
        """Return what an export says of itself."""
        return exports.About(
            owner=self.owner,
            contest=self.contest,
            at=at,
            zone=self.zone,
            block_host=self.block_host,
            block_ip=self.block_ip,
        )


class Book:
    """The lists at one moment; nothing in it changes."""

    def __init__(self, source: Named, settings: Settings, at: datetime) -> None:
        every = list(source.entries(SUBJECTS))
        self.settings = settings
        self.at = at
        self.entries, self.left_out = names.listable(every, at)
        self.hashes = Hashes(row_of(entry) for entry in self.entries)
        self.registry = source.registry(entry for entry in every if entry.subject == "sender_id")
        self._by_id = {entry.id: entry for entry in reversed(self.entries)}
        self._by_host = {entry.value: entry for entry in reversed(self.entries) if entry.subject == "domain"}
        self._files: dict[str, bytes] = {}
        #: When the first entry ends; None for never.
        self.until = min((names.expires(entry) for entry in self.entries), default=None)

    def by_id(self, redress_id: str, now: datetime) -> Entry | None:
        """Return the entry with this redress id, while it counts."""
        return self._live(self._by_id.get(redress_id), now)

    def told(self, match: Match, now: datetime) -> Told | None:
        """Return what a person is told of a match; None where its id leads to another entry, as a careless file may have it."""
        entry = self.by_id(match.id, now)
        if entry is None or row_of(entry).hash != match.hash:
            return None
        return Told(entry.owner, entry.reason, entry.expires, self.settings.contest + entry.id)

    def by_host(self, host: str, now: datetime) -> Entry | None:
        """Return the entry that blocks a host: of itself, or of a domain above it."""
        labels = host.split(".")[-127:]
        for place in range(len(labels)):
            if entry := self._live(self._by_host.get(".".join(labels[place:])), now):
                return entry
        return None

    def file(self, format: str) -> bytes:
        """Return an export, made once; BadInput for a format that there is not."""
        if format not in self._files:
            made = "".join(exports.export(format, self.entries, self.settings.about(self.at)))
            self._files[format] = made.encode("ascii")
        return self._files[format]

    def _live(self, entry: Entry | None, now: datetime) -> Entry | None:
        return entry if entry is not None and names.expires(entry) > now else None


class Shelf:
    """Holds the newest book. When the source cannot be read the last one stays, and ``problem`` says why."""

    def __init__(self, source: Named, settings: Settings, now: Callable[[], datetime]) -> None:
        self._source, self._settings, self.now = source, settings, now
        self._version = source.version()
        self._failed, self._again = self._version, 0.0
        self._lock = threading.Lock()
        self.book = Book(source, settings, now())
        self.problem = ""

    def refresh(self) -> bool:
        """Put a new book in place if the source changed or an entry ended; says whether it did. For a thread of its own."""
        with self._lock:
            now, began = self.now(), time.monotonic()
            try:
                version = self._source.version()
                changed = version != self._version or self._stale(now)
                if changed and version == self._failed and began < self._again:
                    return False
                if changed:
                    self._failed = version
                    self.book = Book(self._source, self._settings, now)
                    self._version = version
            except LintasError as wrong:
                return self._keep(str(wrong), began)
            # Whatever is wrong with the new lists, the old ones go on answering, and it is looked at again.
            except Exception as wrong:  # noqa: BLE001
                return self._keep(f"a fault: {type(wrong).__name__}", began)
            self.problem = ""
            return changed

    def _stale(self, now: datetime) -> bool:
        """Say whether an entry ended; long lists lose one each second, and are not built anew for each."""
        until = self.book.until
        return until is not None and max(until, self.book.at + _LEAST_AGE) <= now

    def _keep(self, why: str, began: float) -> bool:
        # Long lists that stay broken take a tenth of one thread at most.
        now = time.monotonic()
        self._again = now + 10 * (now - began)
        if self.problem != why:
            _log.error("the lists of names could not be read; the last ones stay", extra={"why": why})
        self.problem = why
        return False


class _Stamp(NamedTuple):
    inode: int
    size: int
    written: int
    changed: int


class Files:
    """Lists from files: entries, and registrations of senders where there is a file of them; JSON lines."""

    def __init__(self, entries: Path, senders: Path | None = None) -> None:
        self._entries, self._senders = entries, senders

    def version(self) -> object:
        """Return the files' stamps; a file that is gone has none."""
        return [_stamp(file) for file in (self._entries, self._senders) if file is not None]

    def entries(self, subjects: Sequence[Subject]) -> Iterable[Entry]:
        """Read the entries of these subjects; BadInput naming the line that is none."""
        return (entry for entry in names.read(self._entries) if entry.subject in subjects)

    def registry(self, blocked: Iterable[Entry]) -> Registry:
        """Read the registrations."""
        return read_registry(self._senders, blocked) if self._senders else Registry((), blocked)


def _stamp(file: Path) -> _Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return _Stamp(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
