"""The agent's loop: ask the authority for work, trace or hold in the bank's own ledger, answer."""

import asyncio
import logging
from typing import Protocol

import httpx
import msgspec

from lintas.bank import answers
from lintas.bank.core import Core
from lintas.model.errors import BadInput, LintasError, NotFound
from lintas.model.tainted import Baton, LedgerAnswer
from lintas.model.times import Clock
from lintas.requests.records import Order
from lintas.trace.fifo import trace
from lintas.trace.records import TraceQuestion

log = logging.getLogger("lintas.bank")

WAIT_SECONDS = 20
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0


class Work(msgspec.Struct, frozen=True):
    """What the authority says is waiting."""

    questions: list[TraceQuestion] = []
    orders: list[Order] = []


class Desk(Protocol):
    """A person's pace at the bank's fraud desk: called with an order's letter before the order is carried out."""

    async def __call__(self, order: Order, letter: str) -> None:
        """Return when the desk has read it."""
        ...


async def read_letter(order: Order, letter: str) -> None:
    """Carry orders out at once; the letter is on file at the authority and in the log."""
    log.info("order received", extra={"order": order.id, "bytes": len(letter)})


class Agent:
    """One bank's agent."""

    def __init__(self, core: Core, client: httpx.AsyncClient, clock: Clock, desk: Desk = read_letter) -> None:
        self._core, self._client, self._clock, self._desk = core, client, clock, desk

    async def run(self) -> None:
        """Work until cancelled; after whatever goes wrong, try again with growing pauses, and say when it works again."""
        pause = FIRST_PAUSE
        while True:
            wrong = await self._try_once()
            if wrong is None:
                if pause > FIRST_PAUSE:
                    log.info("all is well again")
                pause = FIRST_PAUSE
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _try_once(self) -> Exception | None:
        """Do one round; return what went wrong after saying whose side it is on."""
        try:
            await self.once(WAIT_SECONDS)
        except httpx.HTTPStatusError as wrong:
            log.warning("the authority refuses", extra={"status": wrong.response.status_code})
            return wrong
        except httpx.HTTPError as wrong:
            log.warning("the authority cannot be reached", extra={"why": type(wrong).__name__})
            return wrong
        except msgspec.MsgspecError as wrong:
            log.warning("the authority's answer cannot be read", extra={"why": type(wrong).__name__})
            return wrong
        except (LintasError, OSError) as wrong:
            log.error("this bank's own files cannot be read", extra={"why": type(wrong).__name__})
            return wrong
        return None

    async def introduce(self) -> None:
        """Ask once, without waiting: BadInput when the authority refuses this key; one that is away may come back later."""
        try:
            answer = await self._client.get("/api/v1/bank/work", params={"wait": 0})
        except httpx.HTTPError as wrong:
            log.warning("the authority does not answer yet", extra={"why": type(wrong).__name__})
            return
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise BadInput("the authority does not take this key for a bank's", "ask its administrator for a new one")

    async def once(self, wait: int) -> int:
        """Do what waits now (or within ``wait`` seconds); returns how many pieces of work were answered."""
        answer = await self._client.get("/api/v1/bank/work", params={"wait": wait}, timeout=wait + 10)
        answer.raise_for_status()
        work = msgspec.json.decode(answer.content, type=Work)
        # One item that goes wrong must not keep the others waiting: the first error is raised after all were tried.
        tried = [self._trace(question) for question in work.questions] + [self._hold(order) for order in work.orders]
        done = await asyncio.gather(*tried, return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result
        return len(done)

    async def _trace(self, question: TraceQuestion) -> None:
        await self._post(f"/api/v1/bank/traces/{question.id}/answer", self.locate(question))

    async def _hold(self, order: Order) -> None:
        letter = await self._client.get(f"/api/v1/bank/orders/{order.id}/letter")
        letter.raise_for_status()
        await self._desk(order, letter.text)
        await self._post(f"/api/v1/bank/orders/{order.id}/answer", self.carry_out(order))

    async def _post(self, path: str, answer: LedgerAnswer) -> None:
        sent = await self._client.post(
            path, content=msgspec.json.encode(answer), headers={"content-type": "application/json"}
        )
        if sent.status_code == httpx.codes.CONFLICT:
            log.warning("answered before, otherwise", extra={"status": sent.status_code})
            return
        sent.raise_for_status()

    def locate(self, question: TraceQuestion) -> LedgerAnswer:
        """Answer a question from the bank's own ledger as it is now."""
        if question.baton is not None:
            return self._follow(question.baton)
        find = question.find
        assert find is not None  # noqa: S101 — a question has one of the two
        try:
            reference = self._core.find(find)
        except NotFound:
            return answers.not_found(find.reference or "", 0, find.amount_minor, find.currency)
        answer = answers.answer_of(trace(self._core.index(), reference, as_of=None))
        if (answer.end, answer.currency) != (find.amount_minor, find.currency):
            # Found by its reference, but not the amount that was reported: for people to sort out, not to be followed.
            return answers.not_found(reference, 0, find.amount_minor, find.currency)
        return answer

    def carry_out(self, order: Order) -> LedgerAnswer:
        """Hold what the order covers and is still here; the same order again gets the same answer."""
        known = self._core.placed(order.id)
        if known is not None:
            return known
        located = self._follow(order.baton)
        return self._core.place(order.id, answers.carried_out(located, order.amount_minor))

    def _follow(self, baton: Baton) -> LedgerAnswer:
        try:
            return answers.answer_of(trace(self._core.index(), baton.transfer, (baton.start, baton.end)))
        except LintasError:
            # The transfer is not in this ledger, or smaller than the baton says: either way not the money asked about.
            return answers.not_found(baton.transfer, baton.start, baton.end, baton.currency)
