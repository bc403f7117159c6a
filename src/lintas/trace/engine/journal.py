"""The changes made to a saved index since it was built: a file beside its columns, replayed whenever it is opened.

Each line holds one change and the name of the state that it led to, so a line that is missing, moved or altered is noticed.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lintas.model.errors import LintasError, MalformedInput
from lintas.trace.engine.index import Index
from lintas.trace.engine.live import Live
from lintas.trace.engine.rows import Change

JOURNAL = "journal.jsonl"


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    change: Change
    snapshot: str


def replay(index: Index, directory: Path) -> Index:
    """Return the index with the changes of its journal, or itself where there is none.

    A last line without its end was cut before anybody was told, and does not count. Raises MalformedInput where another
    line cannot be read, or does not lead to the state that it names.
    """
    whole = _lines(directory)
    if not whole:
        return index
    live = Live(index)
    for number, text in enumerate(whole, 1):
        where = f"{directory / JOURNAL}:{number}"
        try:
            line = msgspec.json.decode(text, type=_Line)
            live.change([line.change])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, LintasError):
            line = None
        if line is None or line.snapshot != live.snapshot:
            what = "the journal is damaged or belongs to another index"
            raise MalformedInput(what, "build the index again with `lintas trace index`", where=where) from None
    return live


def extend(live: Live, changes: Iterable[Change], directory: Path) -> None:
    """Make changes and keep them, all or none; errors as those of each change, OSError where they cannot be written."""
    said = b""
    for change in changes:
        live.change([change])
        said += msgspec.json.encode(_Line(change=change, snapshot=live.snapshot)) + b"\n"
    with (directory / JOURNAL).open("ab") as file:
        file.truncate(sum(len(line) + 1 for line in _lines(directory)))
        file.write(said)
        file.flush()
        os.fsync(file.fileno())


def _lines(directory: Path) -> list[bytes]:
    path = directory / JOURNAL
    data = path.read_bytes() if path.is_file() else b""
    return data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]
