"""The one place where a gateway's faces (HTTP, SIP) get a verdict: from the list alone, or from the jurisdiction's ladder.

Without a ladder no trunk is known and nobody is asked: a call to an emergency number in use anywhere passes, and one of a
protected number; a listed number fails with the action given, of any other nothing is known and the call goes on.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import msgspec

from lintas.gateway.counters import Counters
from lintas.gateway.trial import List, Trial
from lintas.model.times import render
from lintas.telco.lists.e164 import read
from lintas.telco.lists.entries import KINDS
from lintas.telco.records import Action, Call, CliAnswer, CliQuestion, Kind, Listed, Verdict
from lintas.telco.verdicts.emergency import anywhere, calls_for_help
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.records import Ask

#: How long an answer from a list may be kept: a withdrawal is to be felt within two seconds.
TTL_S = 2
UNKNOWN = Verdict(verdict="unknown", evidence="none", action="allow", ttl_s=TTL_S)


class Asker(Protocol):
    """Asks home networks; never raises, answers within its deadline."""

    async def ask(self, question: CliQuestion) -> CliAnswer | None:
        """Return the answer, None for none in time."""
        ...


class Verdicts:
    """Gives verdicts and counts them; ``action`` is what is done with a listed number where no ladder decides.

    ``trial`` counts what a list on trial would have done with calls that this one leaves alone.
    """

    def __init__(
        self,
        lists: List,
        *,
        ladder: Ladder | None = None,
        asker: Asker | None = None,
        action: Action = "block",
        counters: Counters | None = None,
        trial: Trial | None = None,
    ) -> None:
        self.lists, self.ladder, self._asker, self._action = lists, ladder, asker, action
        self._trial = trial
        self.counters = counters or Counters()
        self._forms = {kind: _form(kind, action) for kind in KINDS}

    @property
    def policy(self) -> str:
        """Say by whose policy calls are judged, and where; "" where the list alone decides."""
        return f"{self.ladder.policy} in {self.ladder.jurisdiction}" if self.ladder is not None else ""

    def listed(self, number: int) -> Verdict:
        """Return what the list alone says of a number."""
        snapshot = self.lists.snapshot
        found = snapshot.find(number)
        verdict = self._of(found)
        kind = found.kind if found else "none"
        # The trunk class, where only a number was asked for.
        self.counters.add(("unsaid", verdict.action, kind, snapshot.version))
        if found is None and self._trial is not None:
            self._trial.numbers(self.counters, (number,), snapshot.version)
        return verdict

    def listed_json(self, number: int) -> bytes:
        """Return ``encode(self.listed(number))``, at a third of its cost: nearly all answers are made here."""
        snapshot = self.lists.snapshot
        found = snapshot.find(number)
        if found is None:
            self.counters.add(("unsaid", "allow", "none", snapshot.version))
            if self._trial is not None:
                self._trial.numbers(self.counters, (number,), snapshot.version)
            return _NOTHING
        kind = found.kind
        form = self._forms[kind]
        self.counters.add(("unsaid", form.action, kind, snapshot.version))
        ttl = found.expires - int(self.counters.clock())
        return form.whole % (found.id.encode(), TTL_S if ttl >= TTL_S else max(0, ttl))

    def listed_json_many(self, numbers: Sequence[int]) -> list[bytes]:
        """Return ``listed_json`` of each number without its first brace; counted together."""
        snapshot, forms = self.lists.snapshot, self._forms
        until = int(self.counters.clock()) + TTL_S
        every = snapshot.find_many(numbers)
        answers = [
            _REST
            if found is None
            else forms[found.kind].rest
            % (found.id.encode(), TTL_S if found.expires >= until else max(0, found.expires - until + TTL_S))
            for found in every
        ]
        for kind, count in Counter(None if found is None else found.kind for found in every).items():
            action = "allow" if kind is None else forms[kind].action
            self.counters.add(("unsaid", action, kind or "none", snapshot.version), count)
        if self._trial is not None:
            alone = (number for number, found in zip(numbers, every, strict=True) if found is None)
            self._trial.numbers(self.counters, alone, snapshot.version)
        return answers

    def for_help(self, b: str) -> bool:
        """Tell whether a called number is one of emergency: by the plan, or without one by what is in use anywhere."""
        return calls_for_help(anywhere(), b) if self.ladder is None else self.ladder.for_help(b)

    def local(self, call: Call) -> Verdict | Ask:
        """Return the verdict if it needs nobody's answer, else the question; microseconds, no I/O."""
        if self.ladder is None:
            number = read(call.a)
            found = None if number is None else self.lists.snapshot.find(number)
            if found is not None and self.for_help(call.b):
                found = None
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
        ttl = max(0, min(TTL_S, found.expires - int(self.counters.clock())))
        if found.kind == "protected":
            return Verdict(verdict="pass", evidence="listed", action="allow", id=found.id, ttl_s=ttl)
        return Verdict(verdict="fail", evidence="listed", action=self._action, id=found.id, ttl_s=ttl)

    def _count(self, call: Call, verdict: Verdict, kind: str = "") -> None:
        kind = kind or str(getattr(verdict, "situation", verdict.evidence))
        version = self.lists.snapshot.version
        self.counters.add((call.trunk, verdict.action, kind, version))
        if self._trial is not None and verdict.evidence != "listed":
            self._trial.call(self.counters, call, verdict, version)


def encode(verdict: Verdict) -> bytes:
    """Write a verdict as JSON: its five fields always, and what a ladder adds (situation, label) where it says something."""
    if type(verdict) is Verdict:
        return msgspec.json.encode(verdict)
    more = {name: value for name, value in msgspec.structs.asdict(verdict).items() if value or name in _FIELDS}
    return msgspec.json.encode(more)


class _Form(NamedTuple):
    """A listed number's answer with gaps for its id and time to live, the same without its first brace, and its action."""

    whole: bytes
    rest: bytes
    action: str


def _form(kind: Kind, action: Action) -> _Form:
    said = (b"pass", "allow") if kind == "protected" else (b"fail", action)
    form = b'{"verdict":"%b","evidence":"listed","action":"%b","id":"%%b","ttl_s":%%d}' % (said[0], said[1].encode())
    return _Form(form, form[1:], said[1])


_NOTHING = encode(UNKNOWN)
_REST = _NOTHING[1:]
_FIELDS = frozenset(Verdict.__struct_fields__)
