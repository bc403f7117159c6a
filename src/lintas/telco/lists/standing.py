"""The list in force in a process that answers calls, exchanged between two calls when a newer one lies there."""

import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from lintas.model.errors import BadInput, LintasError
from lintas.telco.lists.base import MAGIC, Base
from lintas.telco.lists.directory import BASE, KEY, Directory, Stamp
from lintas.telco.lists.ids import check_key, key_of_bytes
from lintas.telco.lists.snapshot import Clock, Snapshot
from lintas.telco.records import Listed
from lintas.trust.keys import load_secret

#: A list of which nothing was heard for so long is old; it stays in force, and whoever looks after it is told.
MAX_AGE_S = 86_400
#: What could not be taken is tried again so often, in seconds, changed or not: a read can fail and then succeed.
AGAIN_S = 1.0
_MAKE = "`lintas telco follow` brings one, start that first; or build one: lintas telco list build"


class Standing:
    """Holds the snapshot in force; ``lintas.telco.records.Lookup``.

    ``problem`` is why something newer was not taken (then the old list stays in force), "" for none.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        directory: Directory | None = None,
        *,
        key: bytes | None = None,
        max_age_s: int = MAX_AGE_S,
    ) -> None:
        self.snapshot, self._directory, self._key, self.max_age_s = snapshot, directory, key, max_age_s
        self.problem, self.told = "", list[str]()
        # What came while the list was read is seen at the first look.
        self._seen: Stamp = ()
        self._again = 0.0

    @classmethod
    def open(
        cls, path: Path, *, key_file: Path | None = None, clock: Clock = time.time, max_age_s: int = MAX_AGE_S
    ) -> Self:
        """Open a list's directory, base file, CSV or Parquet; what a person must know of a file is in ``told``.

        The key for redress ids is ``key_file``'s; without one the directory's own (also for its base file), or else made from
        what is in the list, so that nobody who lacks the list finds numbers by ids. BadInput when the list cannot be read.
        """
        key = check_key(load_secret(key_file), str(key_file)) if key_file else None
        if path.is_dir():
            directory = Directory(path)
            if not directory.base.exists():
                raise BadInput(f"no {BASE} in this directory", _MAKE, where=str(path))
            snapshot, wrong = directory.open(clock=clock, key=key)
            standing = cls(snapshot, directory, key=key, max_age_s=max_age_s)
            standing.problem = str(wrong[0]) if wrong else ""
            return standing
        if not path.exists():
            do = "check the path; where `lintas telco follow` makes it, start that first"
            raise BadInput("there is no such list", do, where=str(path))
        base, told = _base(path)
        beside = path.with_name(KEY)
        if key is None and path.name == BASE and beside.exists():
            key = check_key(load_secret(beside), str(beside))
        standing = cls(Snapshot(base, key or key_of_bytes(base.header.body), clock=clock), max_age_s=max_age_s)
        standing.told = told
        return standing

    def find(self, number: int) -> Listed | None:
        """Return what is listed now of a number."""
        return self.snapshot.find(number)

    @property
    def age_s(self) -> int:
        """Return how long ago the list was last known to be true, in seconds."""
        return max(0, int(self.snapshot.clock()) - self.snapshot.at)

    @property
    def old(self) -> bool:
        """Tell whether the list is older than its maximum age."""
        return self.age_s > self.max_age_s

    def has_news(self) -> bool:
        """Look whether something newer lies there, or what was not taken is due again: three looks at the file system."""
        if self._directory is None:
            return False
        return bool(self.problem and time.monotonic() >= self._again) or (
            self._directory.stamp(self.snapshot) != self._seen
        )

    def take_news(self) -> None:
        """Read what is newer and put it in force; what is damaged or has a gap is told in ``problem``, and the old list stays.

        It may run beside look-ups in another thread: the exchange is one assignment.
        """
        if self._directory is None:
            return
        before, began = self.snapshot, time.monotonic()
        try:
            self._seen = seen = self._directory.stamp(before)
            after, wrong = self._directory.after(before, key=self._key)
            self.problem = str(wrong[0]) if wrong else ""
            self.snapshot = after
            # Only what was looked at before it was read: a delta that came since is news.
            self._seen = (*seen[:2], self._directory.stamp(after)[2] if wrong else ())
        except LintasError as refused:
            self.problem = str(refused)
        except OSError as wrong_file:
            self.problem = f"the list's directory cannot be read ({wrong_file.strerror})"
        finally:
            # A large list that stays damaged takes a tenth of one thread at most.
            now = time.monotonic()
            self._again = now + max(AGAIN_S, 10 * (now - began))


def _base(path: Path) -> tuple[Base, list[str]]:
    """Map a base file, or one made of a CSV or Parquet file that has no name in the file system any more."""
    try:
        with path.open("rb") as file:
            ready = file.read(len(MAGIC)) == MAGIC
    except OSError as wrong:
        raise BadInput(f"the list cannot be read ({wrong.strerror})", "check its rights", where=str(path)) from None
    if ready:
        return Base.open(path), []
    # Only tables need DuckDB, whose import takes longer than to open a list.
    from lintas.telco.lists.files import read_list

    with TemporaryDirectory(prefix="lintas-list-") as aside:
        made = Path(aside) / BASE
        read = read_list(path, made, now=datetime.now(UTC))
        return Base.open(made, whole=False), read.told
