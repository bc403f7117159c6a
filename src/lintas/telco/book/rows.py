"""How a frozen struct lies in a table: a column for each field, lists as JSON, truth as 0 or 1."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar, get_origin

import msgspec
from sqlalchemy import Row, Table

T = TypeVar("T", bound=msgspec.Struct)
U = TypeVar("U")


def batched(items: Iterable[U], size: int) -> Iterator[list[U]]:
    """Yield the items in parts of at most ``size``: one question to a database takes only so many."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def to_row(value: msgspec.Struct) -> dict[str, Any]:
    """Return a struct's columns."""
    found = dict(zip(value.__struct_fields__, msgspec.structs.astuple(value), strict=True))
    for name in _written(value.__class__):
        found[name] = _column(found[name])
    return found


def changed(before: T, after: T) -> dict[str, Any]:
    """Return the columns in which two structs of one kind differ, as they are after."""
    old, new = msgspec.structs.astuple(before), msgspec.structs.astuple(after)
    items = zip(after.__struct_fields__, old, new, strict=True)
    return {name: _column(item) for name, was, item in items if item != was}


def _column(item: Any) -> Any:  # noqa: ANN401 — whatever a field holds
    if isinstance(item, tuple):
        return msgspec.json.encode(item).decode() if item else "[]"
    return int(item) if item is True or item is False else item


@cache
def _written(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields that a table holds otherwise than a struct: lists and truth."""
    fields = msgspec.structs.fields(kind)
    return tuple(each.name for each in fields if each.type is bool or get_origin(each.type) is tuple)


def reader(kind: type[T], table: Table, texts: tuple[str, ...], flags: tuple[str, ...] = ()) -> Callable[[Row[Any]], T]:
    """Return what makes the structs of a whole table's rows, many at once: our own rows, which were checked on their way in.

    ``texts`` are the columns that hold JSON lists of texts, ``flags`` those that hold truth.
    """
    names, fields = [column.name for column in table.c], kind.__struct_fields__
    pick = itemgetter(*(names.index(name) for name in fields))

    def read(row: Row[Any]) -> T:
        values = dict(zip(fields, pick(row), strict=True))
        for name in texts:
            values[name] = _texts(values[name])
        for name in flags:
            values[name] = bool(values[name])
        return kind(**values)

    return read


@lru_cache(maxsize=4096)
def _texts(text: str) -> tuple[str, ...]:
    return tuple(msgspec.json.decode(text, type=list[str]))


def from_row(kind: type[T], row: Row[Any], texts: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> T:
    """Return the struct of a row; ``texts`` are the columns that hold JSON, ``flags`` those that hold truth."""
    columns = dict(row._mapping)
    values = {name: columns[name] for name in kind.__struct_fields__}
    for name in texts:
        values[name] = () if values[name] == "[]" else msgspec.json.decode(values[name])
    for name in flags:
        values[name] = bool(values[name])
    return msgspec.convert(values, kind)
