"""Parquet, and CSV of millions of rows, into columns by DuckDB, without a Python object per row.

This path knows only what is plainly right. A row that is not is put before the rules of `plain`, which say what is wrong and
where, or take it: so there is one set of rules. The SQL stands here and not in a store: it asks files, not our tables.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from lintas.model import money
from lintas.trace.engine.names import LineNames
from lintas.trace.engine.words import strings
from lintas.trace.ledgers.ledger import KINDS, Collector, Ledger
from lintas.trace.ledgers.readers import typed
from lintas.trace.ledgers.readers.plain import ENDS_NOTICED, OPTIONAL, REQUIRED, add_row, check_columns
from lintas.trace.ledgers.readers.table import MAX_NAME, Row, header_of

#: From this many bytes of CSV on the columns are worth it.
WORTH_IT = 1_000_000
_HEAD = 1 << 16
_SAFE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
Column = npt.NDArray[Any]

_WORDS = """
CREATE TABLE words AS SELECT (row_number() OVER ())::INTEGER - 1 AS k, name FROM
  (SELECT sender AS name FROM given UNION SELECT receiver FROM given);
CREATE TYPE holder AS ENUM (SELECT DISTINCT name FROM
  (SELECT sender_bank AS name FROM given UNION SELECT receiver_bank FROM given));
CREATE TABLE bad (name VARCHAR);
"""
_MOVES = """
CREATE VIEW moves AS SELECT * EXCLUDE (sender_bank, receiver_bank, kind, debited_currency, credited_currency),
  enum_code(sender_bank::holder) AS sender_bank, enum_code(receiver_bank::holder) AS receiver_bank,
  sender_bank NOT IN ('', getvariable('own')) AS comes_in, receiver_bank NOT IN ('', getvariable('own')) AS goes_out,
  enum_code(kind) AS kind, enum_code(currency) AS code, coalesce(enum_code(debited_currency), code) AS out_code,
  coalesce(enum_code(credited_currency), code) AS in_code,
  NOT comes_in AND NOT goes_out AND kind = 'transfer' AND sender = receiver AND out_code = in_code AS itself
  FROM given
"""
_ODD = """
SELECT min(n) FROM moves WHERE us IS NULL OR amount IS NULL OR code IS NULL OR kind IS NULL OR half
  OR NOT regexp_full_match(id, '[!-~]{1,128}') OR sender = '' OR (receiver = '' AND kind = 0)
  OR (comes_in AND (goes_out OR kind > 0)) OR (itself AND coalesce(debited, amount) <> coalesce(credited, amount))
  OR sender IN (SELECT name FROM bad) OR receiver IN (SELECT name FROM bad)
"""
_TWICE = (
    "SELECT min(n) FROM (SELECT n, row_number() OVER (PARTITION BY id ORDER BY n) AS time FROM given) WHERE time = 2"
)
_CODED = """
SELECT n, us AS time, amount AS settled, coalesce(debited, amount) AS debited, coalesce(credited, amount) AS credited,
  comes_in, goes_out OR kind > 0 AS goes_out, kind, code, out_code, in_code, s.k AS sender, r.k AS receiver,
  CASE WHEN comes_in THEN sender_bank::INTEGER WHEN goes_out THEN receiver_bank ELSE -1 END AS bank, receiver = '' AS nobody
FROM moves JOIN words s ON s.name = sender JOIN words r ON r.name = receiver WHERE NOT itself
"""


def is_parquet(file: Path) -> bool:
    """Say whether a file is meant as Parquet, whole or not."""
    with file.open("rb") as stream:
        return stream.read(4) == b"PAR1" or file.suffix.lower() == ".parquet"


def read_columns(files: list[Path], *, bank: str = "") -> Ledger | None:
    """Read CSV and Parquet files of our own layout; None where only the row-by-row reader can tell (it then reads all).

    The Ledger equals what the row-by-row reader makes of the same rows. Raises BadInput or MalformedInput with file, row
    and column for Parquet; what is wrong in a CSV is left to the row-by-row reader, which knows its lines.
    """
    with duckdb.connect(config=_SAFE) as db:
        for name, values in (("code", list(money.exponents())), ("kind", KINDS)):
            words = ", ".join(f"'{value}'" for value in values)
            db.execute(f"CREATE TYPE {name} AS ENUM ({words})")
        starts, width = [], 0
        for number, file in enumerate(files):
            try:
                opened = _open_parquet(db, file) if is_parquet(file) else _open_csv(db, file)
                if opened is None:
                    return None
                start, wide = _give(db, number, *opened)
            except duckdb.Error as wrong:
                if is_parquet(file):
                    raise typed.damaged(file, wrong) from None
                return None
            starts.append(start)
            width = max(width, wide)
        if not _plainly_right(db, files, starts, bank):
            return None
        return _ledger(db, width)


def parquet_rows(file: Path) -> tuple[list[str], Iterator[Row]]:
    """Read a Parquet file row by row: its columns, and its rows as text for the rules of `plain`."""
    with duckdb.connect(config=_SAFE) as db:
        kinds = typed.columns_of(db, file)
    return list(kinds), _rows(file, kinds)


def _rows(file: Path, kinds: dict[str, str], only: list[int] | None = None) -> Iterator[Row]:
    wanted = ", ".join(typed.text(name, kind) for name, kind in kinds.items())
    some = "" if only is None else f"WHERE file_row_number IN ({', '.join(map(str, only))})"
    # Names and path are quoted by `typed`, numbers are our own.
    asked = f"SELECT file_row_number + 1, {wanted} FROM {typed.parquet(file)} {some} ORDER BY 1"  # noqa: S608
    with duckdb.connect(config=_SAFE) as db:
        try:
            answer = db.execute(asked)
            while batch := answer.fetchmany(10_000):
                for number, *values in batch:
                    texts = (value.strip() for value in values)
                    yield Row(f"{file.name}, row {number}", dict(zip(kinds, texts, strict=True)))
        except duckdb.Error as wrong:
            raise typed.damaged(file, wrong) from None


# ---- opening the files


def _open_parquet(db: duckdb.DuckDBPyConnection, file: Path) -> tuple[str, dict[str, str]]:
    kinds = typed.columns_of(db, file)
    check_columns(kinds, file.name)
    return f"(SELECT *, file_row_number AS row FROM {typed.parquet(file)})", kinds  # noqa: S608 — the path is quoted


def _open_csv(db: duckdb.DuckDBPyConnection, file: Path) -> tuple[str, dict[str, str]] | None:
    """Read a CSV as text; None where its first line or its last byte is not plain."""
    with file.open("rb") as stream:
        head = stream.read(_HEAD).split(b"\n")[0]
        stream.seek(-1, 2)
        ends = stream.read(1) == b"\n"
    names = [name.strip() for name in head.decode("ascii", "replace").split(",")]
    plain = len(names) == len(set(names)) and all(name.replace("_", "").isalnum() for name in names)
    if not plain or not header_of(head).issuperset(REQUIRED) or not (ends or names[-1] in ENDS_NOTICED):
        return None
    table = f"csv_{file.stat().st_ino}"
    columns = dict.fromkeys(names, "VARCHAR")
    read = db.read_csv(
        "".join(f"[{char}]" if char in "*?[" else char for char in str(file)),
        header=True, sep=",", quotechar='"', escapechar='"', auto_detect=False, columns=columns, strict_mode=True,
    )  # fmt: skip
    read.create(table)
    return f"(SELECT *, rowid AS row FROM {table})", columns  # noqa: S608 — a name of our own


def _give(db: duckdb.DuckDBPyConnection, number: int, source: str, kinds: dict[str, str]) -> tuple[int, int]:
    """Add a file to the table of what is given; return its first row's number and the width of its ids, 0: it has some."""
    (rows,) = db.execute(f"SELECT count(*) FROM {source}").fetchone() or (0,)  # noqa: S608 — quoted
    start = 0
    if number:
        (start,) = db.execute("SELECT coalesce(max(n) + 1, 0) FROM given").fetchone() or (0,)
    width = 0 if "id" in kinds else len(str(rows))
    text = {name: typed.text(name, kinds[name]) if name in kinds else "''" for name in (*REQUIRED, *OPTIONAL)}
    given = [
        f"row + {start} AS n",
        f"{text['id']} AS id" if "id" in kinds else f"lpad((row + 1)::VARCHAR, {width}, '0') AS id",
        f"{typed.microseconds('time', kinds['time'])} AS us",
        f"{typed.minor('amount_minor', kinds['amount_minor'])} AS amount",
        *(f"{text[name]} AS {name}" for name in ("sender", "receiver", "sender_bank", "receiver_bank")),
        f"TRY_CAST({text['currency']} AS code) AS currency",
        f"TRY_CAST(coalesce(nullif({text['kind']}, ''), 'transfer') AS kind) AS kind",
    ]
    for side in ("debited", "credited"):
        minor, kind, code = f"{side}_minor", kinds.get(f"{side}_minor"), text[f"{side}_currency"]
        given.append(f"{typed.minor(minor, kind) if kind else 'NULL::BIGINT'} AS {side}")
        given.append(f"TRY_CAST({code} AS code) AS {side}_currency")
    half = [
        f"{typed.none(f'{side}_minor', kind)} <> ({text[f'{side}_currency']} = '')"
        f" OR ({side} IS NULL AND {text[f'{side}_currency']} <> '') OR ({side} IS NULL) <> ({side}_currency IS NULL)"
        for side in ("debited", "credited")
        if (kind := kinds.get(f"{side}_minor"))
    ]
    given.append(f"{' OR '.join(half) or 'false'} AS half")
    into = "INSERT INTO given BY NAME" if number else "CREATE TABLE given AS"
    db.execute(f"{into} SELECT {', '.join(given)} FROM {source}")  # noqa: S608 — quoted, and names of our own
    return int(start), width


# ---- what is plainly right


def _plainly_right(db: duckdb.DuckDBPyConnection, files: list[Path], starts: list[int], bank: str) -> bool:
    """Say whether every row is; the first that is not is put before the row-by-row rules, which may raise."""
    db.execute(_WORDS)
    db.execute("SET VARIABLE own = ?", [bank])
    if any(name != name.strip() for name in _holders(db)):
        return False
    known = db.execute("SELECT name FROM words").fetchnumpy()["name"]
    bad = [[name] for name in known if len(name) > MAX_NAME or not name.isprintable() or name != name.strip()]
    if bad:
        db.executemany("INSERT INTO bad VALUES (?)", bad)
    db.execute(_MOVES)
    (odd,) = db.execute(_ODD).fetchone() or (None,)
    (count, different) = db.execute("SELECT count(*), count(DISTINCT id) FROM given").fetchone() or (0, 0)
    twice = None
    if count != different:
        (twice,) = db.execute(_TWICE).fetchone() or (None,)
    first = min((n for n in (odd, twice) if n is not None), default=None)
    if first is None:
        return True
    _judge(db, files, starts, first, bank)
    return False


def _judge(db: duckdb.DuckDBPyConnection, files: list[Path], starts: list[int], first: int, bank: str) -> None:
    """Put row ``first``, and the earlier ones of the same id, before the row-by-row rules, if they stand in Parquet files."""
    same = "SELECT n FROM given WHERE n <= $n AND id = (SELECT id FROM given WHERE n = $n) ORDER BY n"
    numbers = [n for (n,) in db.execute(same, {"n": first}).fetchall()]
    ids = dict(db.execute("SELECT n, id FROM given WHERE n IN (SELECT unnest($n))", {"n": numbers}).fetchall())
    ends = [*starts[1:], None]
    collector = Collector()
    for file, start, end in zip(files, starts, ends, strict=True):
        inside = [n - start for n in numbers if n >= start and (end is None or n < end)]
        if not inside:
            continue
        if not is_parquet(file):
            return
        with duckdb.connect(config=_SAFE) as again:
            kinds = typed.columns_of(again, file)
        for at, row in zip(inside, _rows(file, kinds, inside), strict=True):
            add_row(collector, row, bank, row.name("id") if "id" in kinds else ids[start + at])


# ---- the columns


def _ledger(db: duckdb.DuckDBPyConnection, width: int) -> Ledger:
    found: dict[str, Column] = db.execute(_CODED).fetchnumpy()
    order = np.argsort(found.pop("n"), kind="stable")
    found = {name: np.ascontiguousarray(column[order]) for name, column in found.items()}
    idle = [
        reference.encode() for (reference,) in db.execute("SELECT id FROM moves WHERE itself ORDER BY n").fetchall()
    ]
    ids = db.execute("SELECT id FROM moves WHERE NOT itself ORDER BY n").fetchnumpy()["id"].astype(np.bytes_)
    words = db.execute("SELECT name FROM words ORDER BY k").fetchnumpy()["name"]
    holders = _holders(db)
    codes = list(money.exponents())
    comes_in, goes_out = found["comes_in"], found["goes_out"]
    out_key = np.where(comes_in, -1, found["sender"].astype(np.int64) * len(codes) + found["out_code"])
    in_key = np.where(goes_out, -1, found["receiver"].astype(np.int64) * len(codes) + found["in_code"])
    (out_line, in_line), used = _numbered([out_key, in_key])
    party = np.where(comes_in, found["sender"], np.where(goes_out & ~found["nobody"], found["receiver"], -1))
    (currency,), currencies = _numbered([found["code"].astype(np.int64)])
    (bank,), banks = _numbered([found["bank"].astype(np.int64)])
    (party,), parties = _numbered([party.astype(np.int64)])
    return Ledger(
        ids=ids,
        time=found["time"],
        out_line=out_line,
        in_line=in_line,
        settled=found["settled"],
        debited=found["debited"],
        credited=found["credited"],
        currency=currency.astype(np.int16),
        bank=bank,
        party=party,
        kind=found["kind"].astype(np.int8),
        lines=_named(words, codes, used),
        currencies=[codes[key] for key in currencies.tolist()],
        banks=[holders[key] for key in banks.tolist()],
        parties=[words[key] for key in parties.tolist()],
        id_width=width,
        self_transfers=len(idle),
        idle=tuple(idle),
    )


def _named(words: Column, codes: list[str], keys: npt.NDArray[np.int64]) -> LineNames:
    """Name the lines of these keys (account times currencies, plus currency); only the currencies that occur."""
    there, code = np.unique(keys % len(codes), return_inverse=True)
    accounts = strings(word.encode() for word in words[keys // len(codes)])
    return LineNames(accounts, code.astype(np.int16), [codes[at] for at in there.tolist()])


def _holders(db: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in db.execute("SELECT unnest(enum_range(NULL::holder))::VARCHAR").fetchall()]


def _numbered(keys: list[Column]) -> tuple[list[npt.NDArray[np.int32]], npt.NDArray[np.int64]]:
    """Number the keys >= 0 that occur, without a sort; -1 stays -1. Return each column's numbers, and the keys by number."""
    there = np.zeros(max((int(column.max(initial=-1)) for column in keys), default=-1) + 2, np.bool_)
    for column in keys:
        there[column] = True
    there[-1] = False
    place = np.cumsum(there, dtype=np.int32) - np.int32(1)
    place[-1] = -1
    return [place[column].astype(np.int32) for column in keys], np.flatnonzero(there)
