"""Reading elements: each knows its place, so that every error names the place, the value and what to do."""

import functools
from collections.abc import Iterator
from datetime import date, datetime
from typing import Self

from lxml import etree

from lintas.model import times
from lintas.model.errors import BadInput

_UNREADABLE = ("the element is empty, too long or not printable", "send its value")


class _Node:
    """An element and, once they were asked for, its children by name; knows nothing of what is above it."""

    __slots__ = ("_children", "element")

    def __init__(self, element: etree._Element) -> None:
        self.element = element
        self._children: dict[str, list[_Node]] | None = None

    def named(self, name: str, prefix: str) -> "list[_Node]":
        if self._children is None:
            self._children = {}
            for child in self.element:
                self._children.setdefault(str(child.tag).removeprefix(prefix), []).append(_Node(child))
        return self._children.get(name, [])


class Element:
    """An element with its place: `FILE, Document/A/B[2]`. Elements of a message are in the namespace ``prefix``, `{urn}`."""

    __slots__ = ("_node", "_parent", "_prefix", "_step")

    def __init__(self, node: _Node, prefix: str, step: str, parent: Self | None = None) -> None:
        self._node, self._prefix, self._step, self._parent = node, prefix, step, parent

    @classmethod
    def of(cls, root: etree._Element, prefix: str, where: str) -> Self:
        """Return the root of a document that goes by ``where``."""
        return cls(_Node(root), prefix, where)

    @property
    def where(self) -> str:
        """Return the place, for errors."""
        return self._step if self._parent is None else self._parent.at(self._step)

    def find(self, path: str) -> Self | None:
        """Return the first element at ``path`` (`A/B/C`, no prefix), None if there is none."""
        node = self._first(path)
        return None if node is None else type(self)(node, self._prefix, path, self)

    def all(self, path: str) -> list[Self]:
        """Return every element at ``path``, in document order."""
        found = [("", self._node)]
        for step in _steps(path):
            found = [
                (f"{place}/{step}[{number}]" if len(among) > 1 else f"{place}/{step}", child)
                for place, node in found
                for among in [node.named(step, self._prefix)]
                for number, child in enumerate(among, 1)
            ]
        return [type(self)(node, self._prefix, place[1:], self) for place, node in found]

    def each(self, path: str) -> Iterator[Self]:
        """Give every element at ``path`` in turn, for long lists: what was found in one is let go with it."""
        for found in self.all(path):
            yield type(self)(_Node(found._node.element), self._prefix, found._step, self)

    def text(self, path: str, most: int = 140) -> str | None:
        """Return the stripped text at ``path``; None if the element is absent, BadInput if it is there but empty."""
        node = self._first(path)
        if node is None:
            return None
        text = (node.element.text or "").strip()
        if not text or len(text) > most or not text.isprintable():
            raise self.wrong(path, *_UNREADABLE)
        return text

    def own_text(self, most: int = 140) -> str:
        """Return this element's own text, by the same rule."""
        text = (self._node.element.text or "").strip()
        if not text or len(text) > most or not text.isprintable():
            raise BadInput(*_UNREADABLE, where=self.where)
        return text

    def attribute(self, name: str) -> str | None:
        """Return an attribute of this element."""
        value = self._node.element.get(name)
        return None if value is None else str(value)

    def need(self, path: str, most: int = 140) -> str:
        """Return the text at ``path``; BadInput where the element is missing."""
        text = self.text(path, most)
        if text is None:
            raise self.missing(path)
        return text

    def missing(self, path: str) -> BadInput:
        """Return the error for an element that must be there."""
        return self.wrong(path, "the element is missing", "send the whole message: it is mandatory here")

    def moment(self, path: str) -> datetime | None:
        """Return a time with a zone; None if the element is absent."""
        text = self.text(path)
        if text is None:
            return None
        try:
            return times.parse(text)
        except BadInput as wrong:
            raise self.wrong(path, wrong.what, wrong.do) from None
        except OverflowError:
            raise self.wrong(path, f"{text!r} is out of range", "check it") from None

    def day(self, path: str) -> date | None:
        """Return a date (`YYYY-MM-DD`, a zone after it is not read); None if the element is absent."""
        text = self.text(path)
        if text is None:
            return None
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise self.wrong(path, f"{text!r} is not a date", "write YYYY-MM-DD") from None

    def at(self, path: str) -> str:
        """Return the place of what stands, or should stand, at ``path``."""
        return f"{self.where}{'/' if self._parent else ', '}{path}"

    def wrong(self, path: str, what: str, do: str) -> BadInput:
        """Return the error for what stands at ``path``."""
        return BadInput(what, do, where=self.at(path))

    def _first(self, path: str) -> _Node | None:
        node = self._node
        for step in _steps(path):
            among = node.named(step, self._prefix)
            if not among:
                return None
            node = among[0]
        return node


@functools.lru_cache(512)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))
