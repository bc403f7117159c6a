"""Reading elements: each knows its place, so that every error names the place, the value and what to do."""

import functools
from datetime import date, datetime
from typing import Self

from lxml import etree

from lintas.model import times
from lintas.model.errors import BadInput


class Element:
    """An element, its children by name, and its place: `FILE, Document/A/B[2]`."""

    __slots__ = ("_children", "_element", "_parent", "_prefix", "_step")

    def __init__(self, element: etree._Element, prefix: str, step: str, parent: Self | None = None) -> None:
        self._element, self._prefix, self._step, self._parent = element, prefix, step, parent
        self._children: dict[str, list[Self]] | None = None

    @property
    def where(self) -> str:
        """Return the place, for errors."""
        return self._step if self._parent is None else self._parent.at(self._step)

    def find(self, path: str) -> Self | None:
        """Return the first element at ``path`` (`A/B/C`, no prefix), None if there is none."""
        found = self
        for step in _steps(path):
            among = found._named(step)
            if not among:
                return None
            found = among[0]
        return found

    def all(self, path: str) -> list[Self]:
        """Return every element at ``path``, in document order."""
        found = [self]
        for step in _steps(path):
            found = [child for each in found for child in each._named(step)]
        return found

    def text(self, path: str, most: int = 140) -> str | None:
        """Return the stripped text at ``path``; None if the element is absent, BadInput if it is there but empty."""
        found = self.find(path)
        return None if found is None else found.own_text(most)

    def own_text(self, most: int = 140) -> str:
        """Return this element's own text, by the same rule."""
        text = (self._element.text or "").strip()
        if not text or len(text) > most or not text.isprintable():
            raise BadInput("the element is empty, too long or not printable", "send its value", where=self.where)
        return text

    def attribute(self, name: str) -> str | None:
        """Return an attribute of this element."""
        value = self._element.get(name)
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

    def _named(self, name: str) -> list[Self]:
        """Return the children of a name; they are found once."""
        if self._children is None:
            self._children = {}
            for child in self._element:
                step = str(child.tag).removeprefix(self._prefix)
                among = self._children.setdefault(step, [])
                among.append(type(self)(child, self._prefix, step, self))
            for step, among in self._children.items():
                for number, each in enumerate(among, 1) if len(among) > 1 else ():
                    each._step = f"{step}[{number}]"
        return self._children.get(name, [])


@functools.lru_cache(512)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))
