"""Asks the network of a caller id whether a call may be real: in time or not at all, and never in the way of other calls.

A gateway's question goes to the operator that the directory names, or to its own authority's node for a number of another
jurisdiction. An operator that hangs costs its own calls a deadline, then nothing: its breaker opens.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Protocol

import msgspec

from lintas.gateway.asking.breaker import Breaker
from lintas.gateway.asking.breaker import Limits as BreakerLimits
from lintas.gateway.asking.directory import Respondent
from lintas.gateway.asking.failures import why
from lintas.gateway.asking.kept import KeptAnswers, Key, key_of
from lintas.telco.records import CliAnswer, CliQuestion

log = logging.getLogger("lintas.telco")

#: After this a call is decided without an answer, seconds.
DEADLINE_S = 0.3
#: Questions in flight at once: to one operator, and in all; one more is not asked.
MOST_OF_ONE, MOST = 64, 512
#: The header by which a node says for which peer it asks.
ON_BEHALF = "lintas-for"


class Carrier(Protocol):
    """Brings one question to one respondent and its answer back; whatever it raises counts as no answer."""

    async def carry(self, to: Respondent, question: CliQuestion) -> CliAnswer:
        """Return the answer, signed by whom it should be."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Finds(Protocol):
    """Says who answers for a number."""

    def find(self, number: int) -> Respondent | None:
        """Return who answers, None for nobody."""
        ...


class Told(msgspec.Struct, kw_only=True):
    """How one respondent does: questions sent, answers that came in time, whether its breaker is open, the last failure."""

    asked: int = 0
    answered: int = 0
    open: bool = False
    last_error: str = ""


class Asker:
    """Asks on behalf of one gateway."""

    def __init__(
        self,
        directory: Finds,
        carrier: Carrier,
        *,
        now: Callable[[], float] = time.monotonic,
        deadline_s: float = DEADLINE_S,
        breaker: BreakerLimits | None = None,
    ) -> None:
        self._directory, self._carrier = directory, carrier
        self._now, self._deadline_s, self._limits = now, deadline_s, breaker
        self._breakers: dict[str, Breaker] = {}
        #: By the respondent's name.
        self.told: dict[str, Told] = {}
        self._in_flight: Counter[str] = Counter()
        self._flying: dict[Key, asyncio.Task[CliAnswer | None]] = {}
        self.kept = KeptAnswers()
        #: What became of questions: ``kept``, ``answered``, ``stale``, ``late``, ``failed``, ``open``, ``full``, ``nobody``.
        self.counts: Counter[str] = Counter()

    async def ask(self, question: CliQuestion, on_behalf: str = "") -> CliAnswer | None:
        """Return the answer, or None when there is none within the deadline; never raises, whatever a network does.

        ``on_behalf`` names the peer for which a node asks; the operator holds its limits against that peer.
        """
        key = key_of(question, on_behalf)
        if (kept := self.kept.find(key, self._now())) is not None:
            self.counts["kept"] += 1
            return kept
        respondent = self._directory.find(int(question.a[1:]))
        if respondent is None:
            self.counts["nobody"] += 1
            return None
        if on_behalf:
            headers = (*respondent.headers, (ON_BEHALF, on_behalf))
            respondent = msgspec.structs.replace(respondent, headers=headers)
        flying = self._flying.get(key)
        if flying is None:
            if (refused := self._refused(respondent)) is not None:
                return self._without(key, refused)
            flying = self._flying[key] = asyncio.create_task(self._fly(key, respondent, question))
            # Counted before it begins: a crowd comes in one turn of the loop.
            self._in_flight[respondent.name] += 1
            flying.add_done_callback(partial(self._landed, key, respondent.name))
        # Others may wait for the same answer: who gives up takes it from nobody.
        answer = await asyncio.shield(flying)
        return answer if answer is not None else self.kept.stale(key, self._now())

    def purge(self, number: int) -> None:
        """Forget what is kept of a number; to be called when its network hears that it went abroad."""
        self.kept.purge(f"+{number}")

    def is_open(self, name: str) -> bool:
        """Return whether the breaker of an operator is open."""
        return name in self._breakers and self._breakers[name].is_open

    async def close(self) -> None:
        """Give up what is in flight."""
        for task in list(self._flying.values()):
            task.cancel()
        await asyncio.gather(*self._flying.values(), return_exceptions=True)
        await self._carrier.close()

    def _refused(self, respondent: Respondent) -> str | None:
        """Return why this is not asked now, None when it is: then the breaker waits to hear how it ended."""
        if self._in_flight[respondent.name] >= MOST_OF_ONE or self._in_flight.total() >= MOST:
            return "full"
        breaker = self._breakers.setdefault(respondent.name, Breaker(self._limits))
        return None if breaker.may_ask(self._now()) else "open"

    def _without(self, key: Key, why: str) -> CliAnswer | None:
        self.counts[why] += 1
        stale = self.kept.stale(key, self._now())
        self.counts["stale"] += stale is not None
        return stale

    def _landed(self, key: Key, name: str, _task: "asyncio.Task[CliAnswer | None]") -> None:
        self._in_flight[name] -= 1
        self._flying.pop(key, None)

    async def _fly(self, key: Key, respondent: Respondent, question: CliQuestion) -> CliAnswer | None:
        outcome, answer, wrong = "failed", None, ""
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._carrier.carry(respondent, question)
            outcome = "answered"
            self.kept.keep(key, answer, self._now())
        except TimeoutError:
            outcome, wrong = "late", f"no answer within {self._deadline_s * 1000:.0f} ms"
        # Whatever a network, a library or a liar does, the call goes on; it is counted and opens the breaker.
        except Exception as fault:  # noqa: BLE001
            wrong = why(fault)
        finally:
            self._ended(respondent.name, wrong, failed=outcome != "answered")
            self.counts[outcome] += 1
        return answer

    def _ended(self, name: str, wrong: str, *, failed: bool) -> None:
        """Note how a question ended; once where an operator begins, or ends, to be asked no more, it is logged."""
        said = self.told.setdefault(name, Told())
        said.asked += 1
        said.answered += not failed
        said.last_error = wrong or said.last_error
        breaker = self._breakers[name]
        breaker.done(self._now(), failed=failed)
        if breaker.is_open != said.open:
            said.open = breaker.is_open
            if said.open:
                log.warning("an operator does not answer (%s: %s)", name, wrong, extra={"peer": name, "why": wrong})
            else:
                log.warning("an operator answers again (%s)", name, extra={"peer": name})
