"""The one place where a gateway's faces (HTTP, SIP) get a verdict: from the list alone, or from the jurisdiction's ladder.

Without a ladder no trunk is known and nobody is asked: a protected number passes, a listed one fails with the action given, of
any other nothing is known and the call goes on.
"""

import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from lintas.gateway.counters import Counters
from lintas.model.times import render
from lintas.telco.lists.e164 import read
from lintas.telco.lists.snapshot import Snapshot
from lintas.telco.records import Action, Call, CliAnswer, CliQuestion, Listed, Verdict

#: How long an answer from a list may be kept: a withdrawal is to be felt within two seconds.
TTL_S = 2
#: What counts have as trunk class where only a number was asked for.
UNSAID = "unsaid"
UNKNOWN = Verdict(verdict="unknown", evidence="none", action="allow", ttl_s=TTL_S)


class List(Protocol):
    """Holds the list in force."""

    @property
    def snapshot(self) -> Snapshot:
        """Return the list as it is now."""
        ...


class Ask(Protocol):
    """A question that a call needs before its verdict."""

    def question(self, call_ref: str, asked_at: str) -> CliQuestion:
        """Return it as it is sent."""
        ...


class Ladder(Protocol):
    """A jurisdiction's way to a verdict; does no I/O."""

    def first(self, call: Call) -> Verdict | Ask:
        """Return the verdict, or the question that it needs."""
        ...

    def conclude(self, ask: Ask, answer: CliAnswer | None) -> Verdict:
        """Return the verdict after an answer, or after none in time."""
        ...


class Asker(Protocol):
    """Asks home networks; never raises, answers within its deadline."""

    async def ask(self, question: CliQuestion) -> CliAnswer | None:
        """Return the answer, None for none in time."""
        ...


class Verdicts:
    """Gives verdicts and counts them; ``action`` is what is done with a listed number where no ladder decides."""

    def __init__(
        self,
        lists: List,
        *,
        ladder: Ladder | None = None,
        asker: Asker | None = None,
        action: Action = "block",
        counters: Counters | None = None,
    ) -> None:
        self.lists, self.ladder, self._asker, self._action = lists, ladder, asker, action
        self.counters = counters or Counters()

    def listed(self, number: int) -> Verdict:
        """Return what the list alone says of a number."""
        snapshot = self.lists.snapshot
        found = snapshot.find(number)
        verdict = self._of(found)
        kind = found.kind if found else "none"
        # The key is a plain tuple: a million of them are made in a busy minute.
        self.counters.add((UNSAID, verdict.action, kind, snapshot.version))
        return verdict

    def listed_many(self, numbers: Iterable[int]) -> list[Verdict]:
        """Return what the list alone says of each number."""
        return [self.listed(number) for number in numbers]

    def local(self, call: Call) -> Verdict | Ask:
        """Return the verdict if it needs nobody's answer, else the question; microseconds, no I/O."""
        if self.ladder is None:
            number = read(call.a)
            found = None if number is None else self.lists.snapshot.find(number)
            verdict = self._of(found)
            self._count(call, verdict, found.kind if found else "none")
            return verdict
        first = self.ladder.first(call)
        if isinstance(first, Verdict):
            self._count(call, first)
        return first

    async def decide(self, call: Call) -> Verdict:
        """Return the verdict, after asking where one must; without an asker nobody answers."""
        first = self.local(call)
        if isinstance(first, Verdict):
            return first
        assert self.ladder is not None  # noqa: S101 — only a ladder asks
        reference = call.reference if 8 <= len(call.reference) <= 64 else secrets.token_hex(8)
        question = first.question(reference, render(datetime.now(UTC).replace(microsecond=0)))
        answer = await self._asker.ask(question) if self._asker else None
        verdict = self.ladder.conclude(first, answer)
        self._count(call, verdict)
        return verdict

    def _of(self, found: Listed | None) -> Verdict:
        if found is None:
            return UNKNOWN
        ttl = max(0, min(TTL_S, found.expires - int(time.time())))
        if found.kind == "protected":
            return Verdict(verdict="pass", evidence="listed", action="allow", id=found.id, ttl_s=ttl)
        return Verdict(verdict="fail", evidence="listed", action=self._action, id=found.id, ttl_s=ttl)

    def _count(self, call: Call, verdict: Verdict, kind: str = "") -> None:
        kind = kind or str(getattr(verdict, "situation", verdict.evidence))
        self.counters.add((call.trunk, verdict.action, kind, self.lists.snapshot.version))


def encode(verdict: Verdict) -> bytes:
    """Write a verdict as JSON: its five fields always, and what a ladder adds (situation, label) where it says something."""
    if type(verdict) is Verdict:
        return msgspec.json.encode(verdict)
    more = {name: value for name, value in msgspec.structs.asdict(verdict).items() if value or name in _FIELDS}
    return msgspec.json.encode(more)


_FIELDS = frozenset(Verdict.__struct_fields__)
