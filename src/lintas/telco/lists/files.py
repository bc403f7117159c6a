"""Reads a list from CSV or Parquet: ``number,kind,expires,reason,owner``, ten million rows in seconds.

A row that cannot be read is left out and named by its line; what is doubtful but clear (a second row of the same entry, no
expiry, one in the past) is counted and told. A file of which more than one row in a hundred cannot be read is refused: it is
another file.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np

from lintas.model.errors import BadInput, LintasError, MalformedInput, TooLarge
from lintas.model.times import parse
from lintas.telco.lists.build import MOST_CLASSES, Built, Classes, Entries, Numbers, Origin, build
from lintas.telco.lists.e164 import SHORTEST, prefix, read_value
from lintas.telco.lists.entries import KINDS, RANK, Key, Row
from lintas.telco.lists.signed import genesis
from lintas.telco.records import Kind

COLUMNS = ("number", "kind", "expires", "reason", "owner")
MOST_RANGES = 100_000
#: More combinations of kind, expiry, reason and owner than this are read with the hour of expiry only.
MOST_EXACT = 200_000
#: Refused rows that are named; the rest are counted.
NAMED = 20
#: A row without an expiry ends so long after the file was written: every entry ends.
DAYS: dict[Kind, int] = {"blocked": 30, "do_not_originate": 365, "unallocated": 365, "protected": 365}

#: The digits behind ``+`` or ``00`` and the number that they are; 0 for none. Casting back shows what is no plain number.
_DIGITS = "CASE WHEN number[1] = '+' THEN number[2:] WHEN number[1:2] = '00' THEN number[3:] ELSE number END"
_NUMBER = "CASE WHEN v::VARCHAR = d AND v BETWEEN 10000 AND 999999999999999 THEN v ELSE 0 END"
#: A time at the full hour before, in seconds since 1970; what is none, and a day, as it stands.
_HOUR = (
    "CASE WHEN len(trim(expires)) <= 10 AND try_cast(expires AS UBIGINT) IS NULL THEN expires ELSE coalesce(("
    "coalesce(try_cast(expires AS BIGINT), epoch(try_cast(expires AS TIMESTAMPTZ))::BIGINT)"
    " // 3600 * 3600)::VARCHAR, expires) END"
)
_PATTERN = re.compile(r"[*?\[]")
_WORDS = "hash(kind, expires, reason, owner)"


class Read(NamedTuple):
    """What came of reading a file: the base file's header, and what a person must be told, one line each."""

    built: Built
    told: list[str]


def read_list(source: Path, out: Path, *, name: str = "", now: datetime) -> Read:
    """Write the base file of a CSV or Parquet list at ``out``.

    MalformedInput when it is neither or lacks a column, BadInput when too many of its rows cannot be read, TooLarge.
    """
    try:
        made = datetime.fromtimestamp(source.stat().st_mtime, UTC)
        with duckdb.connect() as database:
            database.execute("SET preserve_insertion_order = true")
            database.execute("SET TimeZone = 'UTC'")
            table = _Table(database, source)
            entries, told = _entries(table, made, now)
    except duckdb.Error as wrong:
        raise MalformedInput(
            _first_line(wrong), "write CSV or Parquet with " + ",".join(COLUMNS), where=str(source)
        ) from None
    except OSError as wrong:
        raise BadInput(f"the list cannot be read ({wrong.strerror})", "check the path", where=str(source)) from None
    name = name or source.stem
    built = build(out, entries, Origin(name, 0, genesis(name), min(int(made.timestamp()), int(now.timestamp()))))
    if built.repeated:
        told.append(f"{built.repeated:,} rows repeat an entry (number, kind, owner); the longest valid of each counts")
    if len(entries.numbers) + len(entries.ranges) == 0:
        told.append("the list is empty")
    return Read(built, told)


class _Table:
    """The file as a table of five text columns."""

    def __init__(self, database: duckdb.DuckDBPyConnection, source: Path) -> None:
        self._database, self.path, self.hourly = database, source, False
        # Directories named kind=… are none of its columns.
        given = f"'{_name(source)}', hive_partitioning = false"
        if source.suffix.lower() in (".parquet", ".pq"):
            held = f"read_parquet({given})"
        else:
            held = f"read_csv({given}, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
        found = [column[0] for column in database.execute(f"SELECT * FROM {held} LIMIT 0").description or ()]  # noqa: S608 — quoted
        named = {column.strip().lower(): column.replace('"', '""') for column in found}
        if missing := [column for column in COLUMNS if column not in named]:
            raise MalformedInput(f"no column {missing[0]!r}", "the columns are " + ",".join(COLUMNS), where=str(source))
        # Blanks are taken off later, from each combination of words once: here that is a fifth of the time.
        columns = ", ".join(f'"{named[each]}"::VARCHAR AS {each}' for each in COLUMNS)
        self._held = f"(SELECT {columns} FROM {held})"  # noqa: S608 — quoted

    def numbers(self) -> tuple[Numbers, Numbers]:
        """Return per row its number (0: none, or a range) and the hash of its other words."""
        columns = self.ask(
            f"SELECT {_NUMBER} AS number, {_WORDS} AS words "  # noqa: S608 — constants of this file
            f"FROM (SELECT {_DIGITS} AS d, try_cast(d AS UBIGINT) AS v, * FROM {{}})"
        ).fetchnumpy()
        number = columns["number"]
        return np.ma.filled(number, 0).astype(np.uint64), columns["words"].astype(np.uint64)

    def classes(self) -> list[tuple[int, str, str, str, str]]:
        """Return (hash, kind, expires, reason, owner) of every combination, without blanks around them."""
        found = self._combinations(MOST_EXACT)
        if len(found) > MOST_EXACT:
            self.hourly = True
            self._held = f"(SELECT * REPLACE ({_HOUR} AS expires) FROM {self._held})"  # noqa: S608 — constants
            found = self._combinations(MOST_CLASSES)
        if len(found) > MOST_CLASSES:
            what = f"more than {MOST_CLASSES:,} different kinds, hours of expiry, reasons and owners"
            raise TooLarge(what, "give entries of one campaign one reason", where=str(self.path))
        if len({each[0] for each in found}) != len(found):
            raise BadInput("two kinds of rows share a hash", "change a word in a reason", where=str(self.path))
        return [(words, _bare(k), _bare(e), _bare(r), _bare(o)) for words, k, e, r, o in found]

    def _combinations(self, most: int) -> list[tuple[int, str, str, str, str]]:
        """Return the combinations as they stand, one more than ``most`` at the most."""
        asked = f"SELECT {_WORDS} AS words, kind, expires, reason, owner FROM {{}} GROUP BY ALL LIMIT {most + 1}"  # noqa: S608
        return self.ask(asked).fetchall()

    def at(self, places: Sequence[int]) -> Iterator[tuple[int, str, str, str, str, str]]:
        """Give (line, number, kind, expires, reason, owner) of rows by their place; the header is line 1."""
        if not places:
            return
        self._database.register("wanted", {"place": np.array(places, np.int64)})
        rows = self.ask(
            "SELECT place + 2 AS line, number, kind, expires, reason, owner "
            "FROM (SELECT row_number() OVER () - 1 AS place, * FROM {}) JOIN wanted USING (place) ORDER BY place"
        )
        while some := rows.fetchmany(1000):
            yield from ((line, *map(_bare, row)) for line, *row in some)

    def ask(self, question: str) -> duckdb.DuckDBPyConnection:
        return self._database.execute(question.format(self._held))


def _entries(table: _Table, made: datetime, now: datetime) -> tuple[Entries, list[str]]:
    told = Counter[str]()
    classes = _Classes(table.classes(), made)
    numbers, words = table.numbers()
    if table.hourly:
        told["or more times of expiry are too many: each is taken at the full hour before"] = MOST_EXACT
    index = classes.index(words)
    del words
    if len(numbers) == 0:
        return Entries(numbers, index, [], {}), []
    elsewhere = np.flatnonzero((numbers == 0) | classes.bad[index])
    if len(elsewhere) > MOST_RANGES + max(100, len(numbers) // 100):
        raise _unlike(table, len(elsewhere), len(numbers), [])
    held: dict[Key, Row] = {}
    refused: list[str] = []
    for line, *row in table.at(elsewhere.tolist()):
        _one(line, row, made, held, refused, told)
    if len(refused) > max(100, len(numbers) // 100) or len(refused) == len(numbers):
        raise _unlike(table, len(refused), len(numbers), refused)
    aside = Entries.of(held)
    if len(aside.ranges) > MOST_RANGES:
        raise TooLarge(f"{len(aside.ranges):,} ranges", f"a list has at most {MOST_RANGES:,}", where=str(table.path))
    keep = np.ones(len(numbers), np.bool_)
    keep[elsewhere] = False
    numbers, index = numbers[keep], index[keep]
    _doubtful(classes, index, held, now, told)
    lines = [f"{count:,} {what}" for what, count in told.items()]
    lines += refused[:NAMED]
    if len(refused) > NAMED:
        lines.append(f"{len(refused) - NAMED:,} more rows were left out")
    index = np.concatenate([index, aside.classes + np.uint32(len(classes.rows))])
    return Entries(np.concatenate([numbers, aside.numbers]), index, [*classes.rows, *aside.rows], aside.ranges), lines


class _Classes:
    """The combinations of words that rows have, read once each."""

    def __init__(self, found: list[tuple[int, str, str, str, str]], made: datetime) -> None:
        found.sort()
        self.rows: list[Row] = []
        self.bad = np.zeros(max(len(found), 1), np.bool_)
        self.open = np.zeros(max(len(found), 1), np.bool_)
        self._hashes = np.array([each[0] for each in found], np.uint64)
        for at, (_, kind, expires, reason, owner) in enumerate(found):
            try:
                self.rows.append(_row(kind, expires, reason, owner, made))
            except LintasError:
                self.rows.append(Row("blocked", "", "", 0))
                self.bad[at] = True
            self.open[at] = not expires

    def index(self, words: Numbers) -> Classes:
        """Return the place of each row's words among ``rows``."""
        return np.searchsorted(self._hashes, words).astype(np.uint32)


def _row(kind: str, expires: str, reason: str, owner: str, made: datetime) -> Row:
    known: dict[str, Kind] = {each: each for each in KINDS}
    kind = kind.lower()
    if kind not in known:
        raise BadInput(f"{kind[:40]!r} is no kind", f"write one of {', '.join(RANK)}")
    if len(reason) > 500 or len(owner) > 200:
        raise BadInput("the reason or the owner is too long", "500 and 200 characters are the most")
    return Row(known[kind], owner or "not named", reason, _expiry(expires, known[kind], made))


def _expiry(text: str, kind: Kind, made: datetime) -> int:
    """Read a time: RFC 3339, without a zone taken as UTC; a day, which counts to its end; or seconds since 1970."""
    if not text:
        return int((made + timedelta(days=DAYS[kind])).timestamp())
    if text.isascii() and text.isdigit() and len(text) >= 9:
        return min(int(text), 253_402_300_799)
    try:
        if len(text) == 10:
            return int((datetime.fromisoformat(f"{text}T00:00:00Z") + timedelta(days=1)).timestamp())
        return max(int(parse(text if datetime.fromisoformat(text).tzinfo else f"{text}Z").timestamp()), 0)
    except (ValueError, OverflowError):
        raise BadInput(f"{text[:40]!r} is not a time", "write RFC 3339, e.g. 2026-03-01T10:07:00Z") from None


def _one(
    line: int, row: list[Any], made: datetime, held: dict[Key, Row], refused: list[str], told: Counter[str]
) -> None:
    """Read a row that is no plain number: a range, a prefix, a number with blanks, or one to leave out."""
    value, kind, expires, reason, owner = row
    try:
        parts = prefix(value) if value.endswith("*") else [read_value(value)]
        entry = _row(kind, expires, reason, owner, made)
        if parts[0] is None:
            raise BadInput(f"{value[:40]!r} is no number or range", "write +999…, +999…-+999… or +999*")
        for first, last in filter(None, parts):
            # As wide as a prefix of three digits: a slip in a digit must not list whole countries.
            if last - first >= 10 ** (len(str(first)) - SHORTEST):
                raise BadInput(f"{value[:40]!r} is too wide a range", "list each country code's ranges by themselves")
    except LintasError as wrong:
        refused.append(f"line {line} is left out: {wrong}")
        return
    for part in parts:
        if part is None:
            continue
        key = Key(*part, entry.kind, entry.owner)
        before = held.get(key)
        if before is not None:
            told["ranges repeat an entry; the longest valid of each counts"] += 1
        held[key] = entry if before is None else min(before, entry, key=lambda each: each.place)


def _doubtful(classes: _Classes, index: Classes, held: dict[Key, Row], now: datetime, told: Counter[str]) -> None:
    """Count what is taken as it stands and that a person should know of."""
    at = int(now.timestamp())
    count = np.bincount(index, minlength=len(classes.rows)) if len(index) else np.zeros(len(classes.rows), np.int64)
    expired = sum(int(each) for each, row in zip(count, classes.rows, strict=True) if row.expires <= at)
    told["entries have expired already and count for nothing"] += expired + sum(
        row.expires <= at for row in held.values()
    )
    told["rows have no expiry and end 30 days (blocked) or a year after the file was written"] += int(
        count[classes.open[: len(count)]].sum()
    )
    told["rows have no owner"] += sum(
        int(each) for each, row in zip(count, classes.rows, strict=True) if row.owner == "not named"
    )
    told["ranges overlap another one; of two the stronger kind counts, then the longer valid"] += _overlaps(held)
    for what in [what for what, number in told.items() if number == 0]:
        del told[what]


def _overlaps(held: dict[Key, Row]) -> int:
    """Count the ranges that begin inside an earlier one."""
    count, end = 0, -1
    for key in sorted(key for key in held if key.first != key.last):
        count += key.first <= end
        end = max(end, key.last)
    return count


def _name(path: Path) -> str:
    """Return a path as DuckDB takes it between quotes, which reads patterns: *, ? and [ stand for themselves."""
    name = _PATTERN.sub(r"[\g<0>]", str(path.absolute()))
    if "\\" in name and _PATTERN.search(name):
        raise BadInput("the path has a backslash beside *, ? or [", "give the file another name", where=str(path))
    return name.replace("'", "''")


def _unlike(table: _Table, bad: int, rows: int, refused: list[str]) -> BadInput:
    first = f"; {refused[0]}" if refused else ""
    return BadInput(f"{bad:,} of {rows:,} rows cannot be read{first}", "is this the right file?", where=str(table.path))


def _bare(cell: str | None) -> str:
    return (cell or "").strip()


def _first_line(wrong: Exception) -> str:
    return str(wrong).strip().partition("\n")[0][:300] or "the file cannot be read"
