"""SQL expressions over the columns of a file, by their type: a value as text, as minor units, as microseconds.

A value expression is NULL for whatever is not plainly right; the text is what the row-by-row rules are then asked about.
Amounts may be integers, decimals or floating-point numbers that are whole (every integer up to the largest amount is exact
in one); text follows the rules of CSV. A time needs a zone.
"""

from pathlib import Path

import duckdb

from lintas.model import money
from lintas.model.errors import BadInput, MalformedInput

_INTEGERS = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
}
_FLOATS = {"FLOAT", "DOUBLE"}
_TIME = r"[1-9][0-9]{3}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{6})?Z"
_FORMATS = "['%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S.%fZ']"


def parquet(file: Path) -> str:
    """Return the table function that reads one Parquet file, whatever its name holds."""
    literal = "".join(f"[{char}]" if char in "*?[" else char for char in str(file)).replace("'", "''")
    return f"read_parquet('{literal}', file_row_number = true)"


def columns_of(db: duckdb.DuckDBPyConnection, file: Path) -> dict[str, str]:
    """Return the columns of a Parquet file with their types; MalformedInput where it is cut or damaged."""
    try:
        asked = f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {parquet(file)}"  # noqa: S608 — the path is quoted
        rows = db.execute(asked).fetchall()
    except duckdb.Error as wrong:
        raise damaged(file, wrong) from None
    names = [name.strip() for name, *_ in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"column {twice[0][:40]!r} is there twice", "keep one of them", where=file.name)
    return {name: str(kind) for name, kind, *_ in rows}


def damaged(file: Path, wrong: duckdb.Error) -> MalformedInput:
    """Return the error of a file that DuckDB cannot read."""
    told = str(wrong).splitlines()[0].replace(str(file), file.name)[:120]
    what = f"the Parquet file cannot be read, it may be cut ({told})"
    return MalformedInput(what, "send the file whole", where=file.name)


def quoted(name: str) -> str:
    """Return a column's name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def text(name: str, kind: str) -> str:
    """Return the value as text, '' for none."""
    column = quoted(name)
    if kind == "VARCHAR":
        return f"coalesce({column}, '')"
    if kind in _FLOATS:
        whole = f"WHEN isfinite({column}) AND {column} = trunc({column}) AND abs({column}) < 1e30"
        return (
            f"CASE WHEN {none(name, kind)} THEN '' {whole} THEN {column}::HUGEINT::VARCHAR ELSE {column}::VARCHAR END"
        )
    if kind.startswith("DECIMAL"):
        whole = f"WHEN {column} = trunc({column}) THEN {column}::HUGEINT::VARCHAR"
        return f"CASE {whole} ELSE coalesce({column}::VARCHAR, '') END"
    if kind.startswith("TIMESTAMP"):
        zone = "Z" if "TIME ZONE" in kind else ""
        moment = f"make_timestamp(epoch_us({column}))"
        return f"CASE WHEN isfinite({column}) THEN strftime({moment}, '%Y-%m-%dT%H:%M:%S.%f{zone}') ELSE '' END"
    return f"coalesce({column}::VARCHAR, '')"


def minor(name: str, kind: str) -> str:
    """Return the value as minor units > 0, NULL for anything else."""
    column = quoted(name)
    if kind == "VARCHAR":
        plain = f"regexp_full_match({column}, '[0-9]{{1,16}}')"
        value = f"CASE WHEN {plain} THEN TRY_CAST({column} AS BIGINT) END"
        return f"CASE WHEN {value} BETWEEN 1 AND {money.MAX_MINOR} THEN {value} END"
    if kind in _INTEGERS or kind in _FLOATS or kind.startswith("DECIMAL"):
        whole = "" if kind in _INTEGERS else f" AND {column} = trunc({column})"
        return f"CASE WHEN {column} BETWEEN 1 AND {money.MAX_MINOR}{whole} THEN {column}::BIGINT END"
    return "NULL::BIGINT"


def none(name: str, kind: str) -> str:
    """Return whether there is no value."""
    column = quoted(name)
    return f"({column} IS NULL OR isnan({column}))" if kind in _FLOATS else f"(coalesce({column}::VARCHAR, '') = '')"


def microseconds(name: str, kind: str) -> str:
    """Return the value as microseconds since 1970, NULL for what is not plainly a time with a zone."""
    column = quoted(name)
    if kind == "TIMESTAMP WITH TIME ZONE":
        inside = f"isfinite({column}) AND epoch_us({column}) BETWEEN -62135500000000000 AND 253402200000000000"
        return f"CASE WHEN {inside} THEN epoch_us({column}) END"
    if kind == "VARCHAR":
        parsed = f"epoch_us(try_strptime({column}, {_FORMATS}))"
        return f"CASE WHEN regexp_full_match({column}, '{_TIME}') THEN {parsed} END"
    return "NULL::BIGINT"
