"""Answers questions about the operator's numbers: the limits first, then the table; the answer always has one size."""

import base64
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import NamedTuple

import msgspec

from lintas.model.errors import BadInput
from lintas.telco.home.alarms import Alarms
from lintas.telco.home.limits import LIMITED, Guard, Limits
from lintas.telco.home.records import Calls, Gateway
from lintas.telco.home.rules import UNKNOWN, State, judge
from lintas.telco.home.table import Table
from lintas.telco.records import CliAnswer, CliQuestion
from lintas.trust.keys import Signer

#: Every answer has so many bytes, whatever it says: JSON, then spaces.
ANSWER_BYTES = 160
#: What is signed begins with this, then comes the SHA-256 of the question as it was sent, then the answer as it was sent.
SIGNED = b"lintas-cli-answer-v1\n"
HOUR_S = 3600
#: A gateway may ask this much more than it had calls: retries, and clocks that differ at the hour's edge.
MORE, A_FEW = 1.05, 10
HOURS_KEPT = 72
#: A call may show so many caller ids that are asked about (From, P-Asserted-Identity, a display name); the latest are known.
IDS_OF_A_CALL, REFERENCES_KEPT = 3, 10_000


class CallRecords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many calls with a caller id of this operator a gateway had on its records in one hour (hours since 1970)."""

    hour: int
    calls: int


class Policy(NamedTuple):
    """What the operator decided: how much of its calls it sees, whom nothing is said of, and the limits."""

    calls: Calls
    protected: Collection[int]
    limits: Limits


class Checks:
    """The answers of one operator."""

    def __init__(
        self,
        table: Table,
        guard: Guard,
        alarms: Alarms,
        policy: Policy,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table, self._guard, self._policy, self.alarms = table, guard, policy, alarms
        self._now, self._monotonic = now, monotonic
        #: Of each gateway, how many different calls it asked about in each of the last hours.
        self._asked: dict[str, dict[int, int]] = {}
        self._references: dict[str, dict[str, set[int]]] = {}
        self.counts: Counter[tuple[str, str, str]] = Counter()

    def answer(self, gateway: Gateway, question: CliQuestion) -> CliAnswer:
        """Answer one question; what is limited, stopped, protected or not ours all looks the same: unknown."""
        number = int(question.a[1:])
        lets = self.lets(gateway, number)
        self._note(gateway.name, question.call_ref, number)
        table = self._table
        state = State(table.assigned(number), bool(table.roaming(number)), table.calls(number))
        judged = judge(
            question,
            state,
            domestic=gateway.domestic,
            calls=self._policy.calls,
            protected=self.protected(number),
        )
        if not lets:
            judged = UNKNOWN
        self.counts[gateway.name, judged.verdict, judged.evidence] += 1
        identity = base64.b32encode(secrets.token_bytes(10)).decode().lower()
        return CliAnswer(verdict=judged.verdict, evidence=judged.evidence, ttl_s=judged.ttl_s, id=identity)

    def protected(self, number: int) -> bool:
        """Tell whether nothing is ever said of a number."""
        return number in self._policy.protected

    def lets(self, asker: Gateway, number: int) -> bool:
        """Hold one question about a number against the limits, and ring what it rings; False where it is not answered."""
        if self.alarms.was_stopped(asker.name):
            self._guard.forget(asker.name)
        stopped = self.alarms.stopped(asker.name)
        said = LIMITED if stopped else self._guard.look(asker, number, self._monotonic())
        if said.alarm is not None:
            hours = self._policy.limits.stop_hours if said.stop else 0.0
            self.alarms.ring(asker.name, said.alarm, stop_hours=hours)
        return said.answered and not said.stop

    def _note(self, gateway: str, reference: str, number: int) -> None:
        """Count a call that is asked about; the same one asked again, with few caller ids, is one."""
        known = self._references.setdefault(gateway, {})
        numbers = known.setdefault(reference, set())
        if number in numbers or 0 < len(numbers) < IDS_OF_A_CALL:
            numbers.add(number)
            return
        if not numbers:
            numbers.add(number)
            if len(known) > REFERENCES_KEPT:
                del known[next(iter(known))]
        hours, hour = self._asked.setdefault(gateway, {}), int(self._now()) // HOUR_S
        hours[hour] = hours.get(hour, 0) + 1
        while len(hours) > HOURS_KEPT:
            del hours[min(hours)]

    def reconcile(self, gateway: str, records: CallRecords) -> bool:
        """Hold the calls that a gateway has on record against those asked about; False, and an alarm, when it asked more.

        BadInput for an hour that is not over.
        """
        if records.hour >= int(self._now()) // HOUR_S:
            raise BadInput("this hour is not over", "bring the records of an hour that is", where="hour")
        asked = self._asked.get(gateway, {}).get(records.hour, 0)
        if asked <= records.calls * MORE + A_FEW:
            self._asked.get(gateway, {}).pop(records.hour, None)
            return True
        self.alarms.ring(gateway, "records")
        return False

    def owing(self, *, hours: int = 24) -> dict[str, int]:
        """Return of each gateway how many hours with questions are older than that and have no call records yet."""
        before = int(self._now()) // HOUR_S - hours
        owed = {name: sum(1 for hour in asked if hour < before) for name, asked in self._asked.items()}
        return {name: count for name, count in owed.items() if count}


def sealed(question: bytes, answer: CliAnswer, signer: Signer) -> tuple[bytes, bytes]:
    """Return an answer as it is sent, always ``ANSWER_BYTES``, and the signature that binds it to the question as it came."""
    body = msgspec.json.encode(answer).ljust(ANSWER_BYTES)
    return body, signer.sign(SIGNED + hashlib.sha256(question).digest() + body)
