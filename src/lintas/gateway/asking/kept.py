"""Answers kept at a gateway, each as long as it may be: positive ones minutes, negative ones seconds; in bounded memory."""

from collections import OrderedDict
from typing import NamedTuple

from lintas.telco.records import CliAnswer, CliQuestion

#: Bounds of how long an answer is kept, seconds, whatever its ``ttl_s`` says.
SHORTEST_PASS_S, LONGEST_PASS_S, LONGEST_FAIL_S, LONGEST_UNKNOWN_S = 60, 300, 30, 10
#: A positive answer serves so much longer while its operator does not answer.
STALE_S = 300
MOST = 200_000


class Key(NamedTuple):
    """What an answer is kept under: a call of its own where the question names one, else the number as seen from a trunk.

    ``on_behalf`` is for whom it was asked: what one is refused is not said to another.
    """

    number: str
    trunk: str
    call: str
    on_behalf: str = ""


class _Kept(NamedTuple):
    answer: CliAnswer
    until: float


def key_of(question: CliQuestion, on_behalf: str = "") -> Key:
    """Return the key of a question; an answer to one call says nothing about another."""
    call = f"{question.call_ref} {question.b_hash}" if question.b_hash else ""
    return Key(question.a, question.trunk, call, on_behalf)


class KeptAnswers:
    """The answers of one gateway; times are seconds of a clock that does not go back."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._of: dict[str, set[Key]] = {}

    def find(self, key: Key, now: float) -> CliAnswer | None:
        """Return the answer that still holds."""
        kept = self._kept.get(key)
        return kept.answer if kept is not None and now < kept.until else None

    def stale(self, key: Key, now: float) -> CliAnswer | None:
        """Return a positive answer that held not long ago, for while nobody answers; never a negative one."""
        kept = self._kept.get(key)
        usable = kept is not None and kept.answer.verdict == "pass" and now < kept.until + STALE_S
        return kept.answer if kept is not None and usable else None

    def keep(self, key: Key, answer: CliAnswer, now: float) -> None:
        """Keep an answer for as long as it may be."""
        seconds = {
            "pass": min(max(answer.ttl_s, SHORTEST_PASS_S), LONGEST_PASS_S),
            "fail": min(answer.ttl_s, LONGEST_FAIL_S),
            "unknown": min(answer.ttl_s, LONGEST_UNKNOWN_S),
        }[answer.verdict]
        self._drop(key)
        self._kept[key] = _Kept(answer, now + seconds)
        self._of.setdefault(key.number, set()).add(key)
        while len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))

    def purge(self, number: str) -> None:
        """Forget everything about a number: it went abroad, and what was answered before is not so any more."""
        for key in list(self._of.get(number, ())):
            self._drop(key)

    def _drop(self, key: Key) -> None:
        if self._kept.pop(key, None) is None:
            return
        keys = self._of[key.number]
        keys.discard(key)
        if not keys:
            del self._of[key.number]

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._kept)
