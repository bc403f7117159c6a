"""Strict YAML for tables that get signed: every value stays the text that was written, with its line.

Refused: anchors and aliases (bombs), tags, duplicate keys, a second document, deep nesting, and anything over the size limit.
Nothing is guessed either: `no` stays the text "no" and never turns Norway into false (YAML 1.1).
"""

from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
import yaml

from lintas.model.errors import BadInput, MalformedInput, TooLarge

MAX_BYTES = 262_144
MAX_DEPTH = 8
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Cell(msgspec.Struct, frozen=True):
    """A value of the text and the line (from 1) it begins on: a scalar's text, a list, or a mapping in written order."""

    value: "str | list[Cell] | dict[str, Cell]"
    line: int


def read(text: bytes | str, *, source: str) -> tuple[Cell, bytes]:
    """Read one YAML document; return its root and the exact bytes. MalformedInput or TooLarge name ``source`` and line."""
    data = _encode(text, source)
    if len(data) > MAX_BYTES:
        raise TooLarge(f"{len(data)} bytes are over the limit of {MAX_BYTES}", "split the table", where=source)
    try:
        events = yaml.parse(data.decode("utf-8"), Loader=_LOADER)
        root = _document(_Stream(events, source))
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        raise MalformedInput(
            f"this is not YAML: {wrong.problem or wrong.context or 'it cannot be read'}",
            "mend the line",
            where=f"{source}, line {line}",
        ) from None
    except yaml.YAMLError:
        raise MalformedInput(
            "this is not YAML: it holds control characters", "save it as plain text", where=source
        ) from None
    return root, data


def _encode(text: bytes | str, source: str) -> bytes:
    try:
        data = text.encode("utf-8") if isinstance(text, str) else text
        data.decode("utf-8")
    except UnicodeError:
        raise MalformedInput("this is not UTF-8 text", "save it as UTF-8", where=source) from None
    return data


class _Stream:
    """Events one by one, refusing those that a table must not use."""

    def __init__(self, events: Iterator[Any], source: str) -> None:
        self._events, self.source = events, source

    def next(self) -> Any:  # noqa: ANN401 — PyYAML's events have no types of their own
        event = next(self._events)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self.refuse(event, "anchors and aliases are not allowed here", "write the value out")
        if getattr(event, "tag", None):
            self.refuse(event, f"the tag {str(event.tag)[:60]!r} is not allowed here", "write plain values")
        return event

    def refuse(self, event: Any, what: str, do: str) -> NoReturn:  # noqa: ANN401 — as above
        raise BadInput(what, do, where=f"{self.source}, line {event.start_mark.line + 1}")


def _document(stream: _Stream) -> Cell:
    stream.next()  # stream start
    first = stream.next()
    if isinstance(first, yaml.StreamEndEvent):
        raise MalformedInput("the table is empty", "give the table's text", where=stream.source)
    root = _cell(stream, stream.next(), 1)
    stream.next()  # document end
    more = stream.next()
    if not isinstance(more, yaml.StreamEndEvent):
        stream.refuse(more, "a second document begins here", "keep one table in one file")
    return root


def _cell(stream: _Stream, event: Any, depth: int) -> Cell:  # noqa: ANN401 — as above
    if depth > MAX_DEPTH:
        stream.refuse(event, f"nested deeper than {MAX_DEPTH} levels", "write the table as the reference shows")
    line = event.start_mark.line + 1
    if isinstance(event, yaml.ScalarEvent):
        return Cell(event.value, line)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Cell] = []
        while not isinstance(item := stream.next(), yaml.SequenceEndEvent):
            items.append(_cell(stream, item, depth + 1))
        return Cell(items, line)
    pairs: dict[str, Cell] = {}
    while not isinstance(key := stream.next(), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            stream.refuse(key, "a key must be a plain word", "write column: value")
        if key.value in pairs:
            stream.refuse(key, f"the key {key.value[:60]!r} stands here twice", "keep one of them")
        pairs[key.value] = _cell(stream, stream.next(), depth + 1)
    return Cell(pairs, line)
