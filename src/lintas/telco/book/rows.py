"""How a frozen struct lies in a table: a column for each field, lists as JSON, truth as 0 or 1."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row

T = TypeVar("T", bound=msgspec.Struct)
U = TypeVar("U")


def batched(items: Iterable[U], size: int) -> Iterator[list[U]]:
    """Yield the items in parts of at most ``size``: one question to a database takes only so many."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def to_row(value: msgspec.Struct) -> dict[str, Any]:
    """Return a struct's columns."""
    found: dict[str, Any] = {}
    for name in value.__struct_fields__:
        item = getattr(value, name)
        if isinstance(item, tuple):
            item = msgspec.json.encode(item).decode() if item else "[]"
        found[name] = int(item) if item is True or item is False else item
    return found


def from_row(kind: type[T], row: Row[Any], texts: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> T:
    """Return the struct of a row; ``texts`` are the columns that hold JSON, ``flags`` those that hold truth."""
    columns = dict(row._mapping)
    values = {name: columns[name] for name in kind.__struct_fields__}
    for name in texts:
        values[name] = () if values[name] == "[]" else msgspec.json.decode(values[name])
    for name in flags:
        values[name] = bool(values[name])
    return msgspec.convert(values, kind)
