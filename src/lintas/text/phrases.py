"""Finds the phrases of a word list in one pass: the list becomes a single prefix-tree pattern, so time stays linear."""

import bisect
import re
from collections.abc import Iterable, Iterator, Mapping

from lintas.text.fold import plain

#: Scripts that put spaces between words; a phrase of theirs must not begin or end inside a word.
_SPACED = "A-Za-z\u00c0-\u024f\u1e00-\u1eff"
LETTER = re.compile(f"[{_SPACED}]")
#: A pattern: no letter of theirs follows.
EDGE = f"(?![{_SPACED}])"
_GAP = re.compile(r"\s+")
_Tree = dict[str, "_Tree"]


class Cue:
    """One phrase found: ``lower[start:end]`` and the label of its list."""

    __slots__ = ("end", "label", "start")

    def __init__(self, start: int, end: int, label: str) -> None:
        self.start, self.end, self.label = start, end, label


class Phrases:
    """A compiled word list: label -> phrases; the longest phrase wins at each place, the first label on equal phrases."""

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        self._labels: dict[str, str] = {}
        for label, phrases in lists.items():
            for phrase in phrases:
                self._labels.setdefault(" ".join(plain(phrase).split()), label)
        self._pattern = re.compile(_pattern(self._labels))

    def find(self, lower: str, start: int = 0, end: int | None = None) -> Iterator[Cue]:
        """Yield the cues in ``lower[start:end]`` from left to right, never overlapping."""
        for found in self._pattern.finditer(lower, start, len(lower) if end is None else end):
            yield Cue(found.start(), found.end(), self._label(found.group()))

    def match(self, lower: str, place: int) -> Cue | None:
        """Return the phrase that begins exactly at ``place``, if any."""
        found = self._pattern.match(lower, place)
        return Cue(place, found.end(), self._label(found.group())) if found else None

    def _label(self, phrase: str) -> str:
        return self._labels.get(phrase) or self._labels[_GAP.sub(" ", phrase)]


class Cues:
    """The cues of one text in order, with quick access to the ones in a window."""

    def __init__(self, found: Iterable[Cue]) -> None:
        self.all = list(found)
        self._starts = [cue.start for cue in self.all]

    def within(self, start: int, end: int) -> list[Cue]:
        """Return the cues that lie wholly in ``[start, end)``."""
        first, last = bisect.bisect_left(self._starts, start), bisect.bisect_left(self._starts, end)
        return [cue for cue in self.all[first:last] if cue.end <= end]


def _pattern(phrases: Iterable[str]) -> str:
    """Build two trees: phrases of spaced scripts with word edges, the others without."""
    trees: dict[tuple[bool, bool], _Tree] = {}
    for phrase in phrases:
        edges = bool(LETTER.match(phrase[0])), bool(LETTER.match(phrase[-1]))
        node = trees.setdefault(edges, {})
        for char in phrase:
            node = node.setdefault(char, {})
        node[""] = {}
    parts = []
    for (before, after), tree in sorted(trees.items(), reverse=True):
        left, right = (f"(?<![{_SPACED}])" if before else ""), (EDGE if after else "")
        parts.append(f"{left}{_branch(tree)}{right}")
    return "|".join(parts)


def _branch(node: _Tree) -> str:
    """Render a tree node, the longest phrase first; where the word goes on after it, a shorter one is tried."""
    ends = "" in node
    options = [
        (r"\s{1,3}" if char == " " else re.escape(char)) + _branch(below)
        for char, below in sorted(node.items())
        if char
    ]
    if not options:
        return ""
    if ends:
        options.append("")
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"
