"""Reading elements: each knows its path, so that every error names the place, the value and what to do."""

import functools
import re
from datetime import UTC, date, datetime, time

from lxml import etree

from lintas.interop import xml
from lintas.model import money, times
from lintas.model.errors import BadInput, LintasError, MalformedInput

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
_UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Element:
    """An element, its children by name, and its place: `FILE, Document/A/B[2]`."""

    __slots__ = ("_children", "_element", "_parent", "_prefix", "_step")

    def __init__(self, element: etree._Element, prefix: str, step: str, parent: "Element | None" = None) -> None:
        self._element, self._prefix, self._step, self._parent = element, prefix, step, parent
        self._children: dict[str, list[Element]] | None = None

    @property
    def where(self) -> str:
        """Return the place, for errors."""
        return self._step if self._parent is None else self._parent.at(self._step)

    def find(self, path: str) -> "Element | None":
        """Return the first element at ``path`` (`A/B/C`, no prefix), None if there is none."""
        found = self
        for step in _steps(path):
            among = found._named(step)
            if not among:
                return None
            found = among[0]
        return found

    def all(self, path: str) -> "list[Element]":
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

    def need(self, path: str, most: int = 140) -> str:
        """Return the text at ``path``; BadInput where the element is missing."""
        text = self.text(path, most)
        if text is None:
            raise self.missing(path)
        return text

    def missing(self, path: str) -> BadInput:
        """Return the error for an element that must be there."""
        return self._wrong(path, "the element is missing", "send the whole message: it is mandatory here")

    def uetr(self, path: str) -> str | None:
        """Return a UETR; BadInput for one that is no lower-case UUID 4."""
        text = self.text(path)
        if text is not None and not _UETR.fullmatch(text):
            raise self._wrong(path, f"{text!r} is not a UETR", "send a lower-case UUID 4")
        return text

    def amount(self, path: str, *, zero: bool = False) -> tuple[int, str] | None:
        """Return minor units and currency (`Ccy`); BadInput for no amount, an unknown currency, or zero."""
        found = self.find(path)
        if found is None:
            return None
        text, code = found.own_text(), str(found._element.get("Ccy") or "")
        try:
            amount = money.parse_decimal(text, code)
        except LintasError as wrong:
            raise self._wrong(path, wrong.what, wrong.do) from None
        if amount == 0 and not zero:
            raise self._wrong(path, "the amount is zero", "leave the transaction out")
        return amount, code

    def moment(self, path: str) -> datetime | None:
        """Return a time with a zone; None if the element is absent."""
        text = self.text(path)
        if text is None:
            return None
        try:
            return times.parse(text)
        except BadInput as wrong:
            raise self._wrong(path, wrong.what, wrong.do) from None
        except OverflowError:
            raise self._wrong(path, f"{text!r} is out of range", "check it") from None

    def made(self, path: str) -> datetime:
        """Return when a message was made. Many systems write no zone here: it is then read as UTC, and nothing rests on it."""
        text = self.need(path)
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._wrong(path, f"{text!r} is not a time", "write RFC 3339, e.g. 2026-03-01T10:07:00Z") from None

    def day(self, path: str) -> date | None:
        """Return a date (`YYYY-MM-DD`, a zone after it is not read); None if the element is absent."""
        text = self.text(path)
        if text is None:
            return None
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise self._wrong(path, f"{text!r} is not a date", "write YYYY-MM-DD") from None

    def date_or_time(self, path: str) -> tuple[datetime, bool] | None:
        """Return `DtTm` with True, else the start of `Dt` (or of the day itself) in UTC with False; None if it is absent."""
        if self.find(path) is None:
            return None
        moment = self.moment(f"{path}/DtTm")
        if moment is not None:
            return moment, True
        day = self.day(f"{path}/Dt") if self.find(f"{path}/Dt") else self.day(path)
        assert day is not None  # noqa: S101 — the element is there, and an empty one was refused
        return start_of(day), False

    def account(self, path: str) -> str | None:
        """Return the account at ``path``: its IBAN, else its other id."""
        return self.text(f"{path}/Id/IBAN") or self.text(f"{path}/Id/Othr/Id")

    def agent(self, path: str) -> str | None:
        """Return the bank at ``path``: its BIC, else its clearing member id, else another id; None for `NOTPROVIDED`."""
        bank = f"{path}/FinInstnId"
        found = self.text(f"{bank}/BICFI") or self.text(f"{bank}/BIC") or self.text(f"{bank}/ClrSysMmbId/MmbId")
        found = found or self.text(f"{bank}/Othr/Id")
        return None if found == "NOTPROVIDED" else found

    def at(self, path: str) -> str:
        """Return the place of what stands, or should stand, at ``path``."""
        return f"{self.where}{'/' if self._parent else ', '}{path}"

    def _wrong(self, path: str, what: str, do: str) -> BadInput:
        return BadInput(what, do, where=self.at(path))

    def _named(self, name: str) -> "list[Element]":
        """Return the children of a name; they are found once."""
        if self._children is None:
            self._children = {}
            for child in self._element:
                step = str(child.tag).removeprefix(self._prefix)
                among = self._children.setdefault(step, [])
                among.append(Element(child, self._prefix, step, self))
            for step, among in self._children.items():
                for number, each in enumerate(among, 1) if len(among) > 1 else ():
                    each._step = f"{step}[{number}]"
        return self._children.get(name, [])


def start_of(day: date) -> datetime:
    """Return the start of a day in UTC, which stands for a time that a message does not give."""
    return datetime.combine(day, time(), UTC)


def open_document(data: bytes, where: str) -> tuple[Element, str]:
    """Return the `Document` of a message, which goes by ``where``, and its kind (`pacs.008.001.08`).

    Raises MalformedInput (no XML, or no ISO 20022 message) or TooLarge.
    """
    root = xml.parse(data, where=where)
    name = etree.QName(root)
    namespace = name.namespace or ""
    if name.localname != "Document" or not namespace.startswith(NAMESPACE):
        told = f"<{name.localname}> in namespace {namespace!r} is no ISO 20022 message"
        raise MalformedInput(told, "send the `Document` unwrapped, in its namespace", where=where)
    return Element(root, f"{{{namespace}}}", where), namespace.removeprefix(NAMESPACE)


@functools.lru_cache(512)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))
