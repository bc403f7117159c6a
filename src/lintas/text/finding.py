"""A finding: one identifier in folded offsets, before it gets its role; and the page on which found spans are crossed out."""

import msgspec

from lintas.model.identifiers import IdentifierType
from lintas.text.fold import Folded


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One identifier at ``[start, end)`` of the folded text; the fields are those of ``Identifier``."""

    type: IdentifierType
    value: str
    start: int
    end: int
    confidence: float
    jurisdiction: str | None = None
    bank: str | None = None
    platform: str | None = None
    chain: str | None = None
    alternatives: list[str] = []


class Page:
    """A folded text with the spans already explained crossed out, so that nobody reads them a second time."""

    CROSSED = "\x01"

    def __init__(self, folded: Folded) -> None:
        self._rest, self._lower = folded.text, folded.lower
        self._spans: list[tuple[int, int]] = []

    def cross_out(self, start: int, end: int) -> None:
        """Mark ``[start, end)`` as explained; takes effect with the next ``rest`` or ``lower``."""
        self._spans.append((start, end))

    def rest(self) -> str:
        """Return the folded text, same length, crossed-out characters replaced."""
        self._apply()
        return self._rest

    def lower(self) -> str:
        """Return the same in lower case, same length."""
        self._apply()
        return self._lower

    def _apply(self) -> None:
        if not self._spans:
            return
        self._spans.sort()
        self._rest, self._lower = (_crossed(text, self._spans) for text in (self._rest, self._lower))
        self._spans = []


def _crossed(text: str, spans: list[tuple[int, int]]) -> str:
    out, done = [], 0
    for start, end in spans:
        if end > done:
            begin = max(start, done)
            out += [text[done:begin], Page.CROSSED * (end - begin)]
            done = end
    out.append(text[done:])
    return "".join(out)
