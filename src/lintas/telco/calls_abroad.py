"""Questions about callers of another jurisdiction: ours ask a peer, a peer asks our operators; judged, limited, counted.

A question and its answer live for the length of a call's set-up. What is kept is how many there were, of which peer and with
which outcome: the ledger commits to that on a beat. Neither a number nor an answer is kept.
"""

import asyncio
import base64
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Literal, Protocol

import msgspec

from lintas.border.judge import Judge
from lintas.ledger.records import Entry, commit, encode
from lintas.ledger.service import Ledger
from lintas.model import times
from lintas.model.errors import Refused
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.policy.records import Decision
from lintas.storage.engine import Transaction
from lintas.telco.abroad_limits import OurLimits, PeersLimits
from lintas.telco.home.rules import UNKNOWN
from lintas.telco.records import CliAnswer, CliQuestion

#: Of one peer and of one of our operators' gateways at once; one more is not asked.
MOST_WAITING = 128
#: No peer is answered sooner, so that what is limited does not show by its haste, seconds.
LEAST_S = 0.02
_KIND = "call_checks"

Way = Literal["asked", "answered"]


class Asks(Protocol):
    """Somebody who asks networks, in time or not at all."""

    async def ask(self, question: CliQuestion, on_behalf: str = "") -> CliAnswer | None:
        """Return the answer, None when there is none in time; never raises. ``on_behalf`` names the peer that asks."""
        ...


class CallChecks(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the counts: how many questions went which way with whom and became what."""

    peer: str
    way: Way
    outcome: str
    count: int


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The counts that one entry of the ledger commits to; with the salt anybody can check it."""

    id: str
    at: str
    salt: str
    checks: tuple[CallChecks, ...]


class Stops(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked through numbers and is stopped, until when (RFC 3339): peers here, our own organisations abroad."""

    peers: dict[str, str] = {}
    organisations: dict[str, str] = {}


class CallsAbroad:
    """One node's part; ``operators`` and ``peers`` are bound by who serves the node, and without them nothing is answered.

    ``callers`` maps the first digits of numbers to the authority whose operators have them.
    """

    def __init__(
        self,
        *,
        me: str,
        judge: Judge,
        ledger: Ledger,
        clock: Clock,
        ids: IdSource,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._me, self._judge, self._ledger, self._clock, self._ids = me, judge, ledger, clock, ids
        self._monotonic = monotonic
        self._theirs, self._ours = PeersLimits(), OurLimits()
        self._waiting: Counter[str] = Counter()
        self.counts: Counter[tuple[str, Way, str]] = Counter()
        self.callers: Mapping[str, str] = {}
        self.operators: Asks | None = None
        self.peers: Asks | None = None

    def authority_of(self, number: str) -> str:
        """Return the authority whose operators have a number (E.164), "" where nobody is known; the longest prefix counts."""
        digits = number.lstrip("+")
        return next((self.callers[digits[:n]] for n in range(len(digits), 0, -1) if digits[:n] in self.callers), "")

    async def ask(self, question: CliQuestion, gateway: str) -> CliAnswer:
        """Ask the authority of a foreign number for one of our gateways; unknown where the table or nobody lets us know.

        ``gateway`` is the organisation that asks: one that goes beyond our limits is not heard abroad, and so mutes no other.
        """
        peer = self.authority_of(question.a)
        if not peer or self.peers is None:
            return self._unknown(peer or self._me, "asked", "nobody")
        if not (self._may("release", peer).permitted and self._may("admit", peer).permitted):
            return self._unknown(peer, "asked", "refused")
        if self._waiting[gateway] >= MOST_WAITING:
            return self._unknown(peer, "asked", "full")
        if limited := self._ours.refuse(gateway, peer, int(question.a[1:]), self._monotonic()):
            return self._unknown(peer, "asked", limited)
        answer = await self._carried(self.peers.ask(question), gateway)
        if answer is None:
            return self._unknown(peer, "asked", "unanswered")
        self.counts[peer, "asked", answer.verdict] += 1
        return answer

    async def answer(self, question: CliQuestion, peer: str) -> CliAnswer:
        """Answer a peer from our operators; Refused ("refused_by_policy") where our table does not let it.

        Our operators are asked as for a call inside the country: whether a subscriber is abroad is then not told, however an
        operator has set up this node. What is beyond the limits is unknown.
        """
        for action in ("admit", "release"):
            decision = self._may(action, peer)
            if not decision.permitted:
                self.counts[peer, "answered", "refused"] += 1
                raise Refused("refused_by_policy", decision.sentence, "see who may ask what: lintas policy explain")
        answer, _ = await asyncio.gather(self._answered(question, peer), asyncio.sleep(LEAST_S))
        return answer

    async def _answered(self, question: CliQuestion, peer: str) -> CliAnswer:
        limited = self._theirs.refuse(peer, int(question.a[1:]), self._monotonic())
        if limited or self._waiting[peer] >= MOST_WAITING or self.operators is None:
            return self._unknown(peer, "answered", limited or "limited")
        inside = msgspec.structs.replace(question, trunk="domestic")
        answer = await self._carried(self.operators.ask(inside, peer), peer)
        if answer is None:
            return self._unknown(peer, "answered", "unanswered")
        self.counts[peer, "answered", answer.verdict] += 1
        return answer

    async def _carried(self, asking: Awaitable[CliAnswer | None], who: str) -> CliAnswer | None:
        self._waiting[who] += 1
        try:
            return await asking
        finally:
            self._waiting[who] -= 1

    # ---- stops

    def on_stop(self, keep: Callable[[], object]) -> None:
        """Have ``keep`` called whenever somebody is stopped."""
        self._theirs.stops.on_stop = self._ours.stops.on_stop = keep

    def stops(self) -> Stops:
        """Return who is stopped now."""
        return Stops(peers=self._until(self._theirs), organisations=self._until(self._ours))

    def stop_again(self, stops: Stops) -> None:
        """Let stops from before the node started anew go on to their end."""
        for limits, ends in ((self._theirs, stops.peers), (self._ours, stops.organisations)):
            now = self._clock.now()
            left = {name: (times.parse(end) - now).total_seconds() for name, end in ends.items()}
            limits.stops.stop_again(left, self._monotonic())

    def _until(self, limits: PeersLimits | OurLimits) -> dict[str, str]:
        left, now = limits.stops.left(self._monotonic()), self._clock.now()
        return {name: times.render(now + timedelta(seconds=each)) for name, each in left.items()}

    def _may(self, action: str, peer: str) -> Decision:
        return self._judge.decide(
            action, plane="B", category="call_state", subject="bystander", purpose="verify_call", peer=peer
        )

    def _unknown(self, peer: str, way: Way, outcome: str) -> CliAnswer:
        self.counts[peer, way, outcome] += 1
        identity = base64.b32encode(secrets.token_bytes(10)).decode().lower()
        return CliAnswer(verdict=UNKNOWN.verdict, evidence=UNKNOWN.evidence, ttl_s=UNKNOWN.ttl_s, id=identity)

    # ---- the ledger

    def take(self) -> Batch | None:
        """Return what was counted since the last time, and begin anew; None where nothing was."""
        counted, self.counts = self.counts, Counter()
        checks = tuple(
            CallChecks(peer=peer, way=way, outcome=outcome, count=count)
            for (peer, way, outcome), count in sorted(counted.items())
        )
        at = times.render(self._clock.now())
        return Batch(id=self._ids.new(_KIND), at=at, salt=self._ids.salt().hex(), checks=checks) if checks else None

    def give_back(self, batch: Batch) -> None:
        """Count again what could not be committed to."""
        for each in batch.checks:
            self.counts[each.peer, each.way, each.outcome] += each.count

    def seal(self, tx: Transaction, batch: Batch) -> None:
        """Commit the ledger to a batch: one entry, however many questions there were."""
        entry = Entry(type=_KIND, at=batch.at, node=self._me, object=batch.id, commitment=commitment(batch))
        self._ledger.append(tx, [encode(entry)])


def commitment(batch: Batch) -> str:
    """Return what the ledger holds of a batch."""
    return commit(bytes.fromhex(batch.salt), msgspec.json.encode(batch.checks))
