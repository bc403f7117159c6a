"""The agent's loop: ask the authority for work, trace or hold in the bank's own ledger, answer."""

import asyncio
import logging
from typing import Protocol

import httpx
import msgspec

from lintas.bank import answers
from lintas.bank.core import Core, search
from lintas.model import times
from lintas.model.errors import BadInput, LintasError
from lintas.model.tainted import Baton, LedgerAnswer, sent_by
from lintas.model.times import Clock
from lintas.requests.forms import BankRefusal
from lintas.requests.records import Amendment, Order
from lintas.trace.questions.fifo import trace
from lintas.trace.records import TraceQuestion
from lintas.trust.keys import UNREADABLE

log = logging.getLogger("lintas.bank")

WAIT_SECONDS = 20
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
REST = 1.0
#: Client errors that say nothing about the item sent: the key, a race that somebody else won, a slow or busy line.
NOT_THE_ITEM = frozenset({401, 403, 408, 409, 425, 429})


class Work(msgspec.Struct, frozen=True):
    """What the authority says is waiting."""

    questions: list[TraceQuestion] = []
    orders: list[Order] = []
    amendments: list[Amendment] = []


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
        self._given_up = set[str]()
        #: What the authority did not take our word about, though it is true: it is said again.
        self._unheard = set[str]()
        #: Holds of which it is not known whether the authority has our answer: after a start, each that still stands.
        self._unsure = core.standing(clock.now())

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
        except UNREADABLE as wrong:
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
        for order, placed in list(self._unsure.items()):
            await self._make_sure(order, placed)
        answer = await self._client.get("/api/v1/bank/work", params={"wait": wait}, timeout=wait + 10)
        answer.raise_for_status()
        work = msgspec.json.decode(answer.content, type=Work)
        questions = [question for question in work.questions if question.id not in self._given_up]
        orders = [order for order in work.orders if order.id not in self._given_up]
        # To pay is not the agent's: people do it, and say by which payment (`lintas bank returned`).
        changes = [each for each in work.amendments if each.kind != "return"]
        self._unheard.update(each.id for each in work.amendments if each.kind == "return")
        waits = [item.id for items in (work.questions, work.orders, work.amendments) for item in items]
        if waits and self._given_up.union(self._unheard).issuperset(waits):
            # The authority answers at once as long as anything waits: what it refused is not asked for, or said, in a spin.
            await asyncio.sleep(min(wait, REST))
        # One item that goes wrong must not keep the others waiting: the first error is raised after all were tried.
        tried = [self._trace(question) for question in questions] + [self._hold(order) for order in orders]
        tried += [self._amend(amendment) for amendment in changes]
        done = await asyncio.gather(*tried, return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result
        return len(done)

    async def _trace(self, question: TraceQuestion) -> None:
        path = f"/api/v1/bank/traces/{question.id}/answer"
        if not _is_about_the_item(await self._post(path, self.locate(question))):
            return
        # Said once more with nothing in it that could be refused, so that it leaves the list.
        asked = question.baton or question.find
        nothing = answers.not_found("", 0, 0, asked.currency if asked else "")
        if _is_about_the_item(await self._post(path, nothing)):
            self._give_up(question.id)

    async def _hold(self, order: Order) -> None:
        done = self._known(order)
        if done is None:
            letter = await self._client.get(f"/api/v1/bank/orders/{order.id}/letter")
            if _is_about_the_item(letter):
                await self._refuse(order, f"the order's letter was not given ({letter.status_code})")
                return
            letter.raise_for_status()
            await self._desk(order, letter.text)
            # Reading takes time: a colleague may have answered meanwhile, or the order may have been closed.
            recorded = await self._recorded(order.id)
            if recorded is None:
                await self._refuse(order, "the order was not given a second time")
                return
            if recorded.answered_at:
                log.warning("answered by somebody else; nothing is held", extra={"order": order.id})
                return
            done = f"the order was closed at {recorded.closed_at}" if recorded.closed_at else self.carry_out(order)
        if isinstance(done, str):
            await self._refuse(order, done)
            return
        sent = await self._post(f"/api/v1/bank/orders/{order.id}/answer", done)
        if sent.status_code == httpx.codes.CONFLICT:
            self._unheard.add(order.id)
            self._unsure[order.id] = done
            await self._make_sure(order.id, done)
        elif _is_about_the_item(sent):
            why = "the bank's answer was not accepted; nothing is held"
            self._core.lift(order.id, why)
            await self._refuse(order, why)

    async def _make_sure(self, order: str, placed: LedgerAnswer) -> None:
        """Lift a hold when the authority has something else on record than what was placed; an open order is answered yet."""
        recorded = await self._recorded(order)
        if recorded is None:
            log.error("the authority does not know an order that is held", extra={"order": order})
        elif recorded.answered_at and not self._says(recorded.answer, placed):
            why = f"refused: {recorded.refusal}" if recorded.answer is None else "answered otherwise"
            self._core.lift(order, f"the authority has the order on record as {why}")
            log.error("answered by somebody else; the hold was lifted", extra={"order": order})
        del self._unsure[order]

    def _says(self, answer: LedgerAnswer | None, placed: LedgerAnswer) -> bool:
        return answer is not None and sent_by(answer, self._core.bank) == sent_by(placed, self._core.bank)

    async def _recorded(self, order: str) -> Order | None:
        """Read an order as the authority has it; None when it does not give it."""
        answer = await self._client.get(f"/api/v1/bank/orders/{order}")
        if _is_about_the_item(answer):
            return None
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=Order)

    async def _amend(self, amendment: Amendment) -> None:
        """Amend, and say so on every round until it is heard: what was let go is gone, whatever the authority answers."""
        why, path = self.amend(amendment), f"/api/v1/bank/amendments/{amendment.id}"
        sent = await (self._post(f"{path}/refusal", BankRefusal(reason=why)) if why else self._post(f"{path}/done"))
        if sent.is_success:
            self._unheard.discard(amendment.id)
        elif amendment.id not in self._unheard:
            log.error("the authority does not take our word; call it", extra={"item": amendment.id})
            self._unheard.add(amendment.id)

    async def _refuse(self, order: Order, reason: str) -> None:
        log.warning("order refused", extra={"order": order.id, "why": reason})
        if _is_about_the_item(await self._post(f"/api/v1/bank/orders/{order.id}/refusal", BankRefusal(reason=reason))):
            self._give_up(order.id)

    def _give_up(self, item: str) -> None:
        log.error("the authority accepts nothing about this; call it, then start the agent again", extra={"item": item})
        self._given_up.add(item)

    async def _post(self, path: str, body: LedgerAnswer | BankRefusal | None = None) -> httpx.Response:
        """Say something; returns what came of it: taken, answered before, or not accepted. HTTPError for other trouble."""
        if body is None:
            sent = await self._client.post(path)
        else:
            content = msgspec.json.encode(body)
            sent = await self._client.post(path, content=content, headers={"content-type": "application/json"})
        if sent.status_code == httpx.codes.CONFLICT:
            log.warning("answered before, otherwise", extra={"status": sent.status_code})
        elif _is_about_the_item(sent):
            log.warning("answer not accepted", extra={"status": sent.status_code, "path": path})
        else:
            sent.raise_for_status()
        return sent

    def locate(self, question: TraceQuestion) -> LedgerAnswer:
        """Answer a question from the bank's own ledger as it is now."""
        if question.baton is not None:
            return self._follow(question.baton)
        wanted = question.find
        assert wanted is not None  # noqa: S101 — a question has one of the two
        nothing = answers.not_found(wanted.reference or "", 0, wanted.amount_minor, wanted.currency)
        index = self._core.index()
        try:
            answer = answers.answer_of(trace(index, search(index, wanted), as_of=None), self._core.bank)
        except LintasError:
            return nothing
        # Found by its reference, but not the amount that was reported: for people to sort out, not to be followed.
        return answer if (answer.end, answer.currency) == (wanted.amount_minor, wanted.currency) else nothing

    def carry_out(self, order: Order) -> LedgerAnswer | str:
        """Hold what the order covers, is still here and no other order holds; or return why the order is refused.

        The same order again gets the same answer. An order that has ended is not carried out.
        """
        known = self._known(order)
        if known is not None:
            return known
        located = self._follow(order.baton)
        taken = self._core.taken(located.transfer, self._clock.now())
        answer = answers.carried_out(located, order.amount_minor, taken)
        return self._core.place(order.id, answer, order.expires)

    def amend(self, amendment: Amendment) -> str:
        """Let go, or hold for longer; the same again changes nothing.

        Returns why it was not done ("" when it was): what is not held any more cannot be held for longer, since the money may
        have gone, or be held under another order.
        """
        if amendment.kind == "release":
            self._core.amend(amendment.order, release=amendment.spans)
        elif amendment.order in self._core.standing(self._clock.now()):
            self._core.amend(amendment.order, expires=amendment.expires)
        else:
            return "nothing is held under this order any more"
        return ""

    def _known(self, order: Order) -> LedgerAnswer | str | None:
        """Return the answer given before, or why the order is refused without a look at the ledger; None: carry it out."""
        placed = self._core.lifted(order.id) or self._core.placed(order.id)
        if placed:
            return placed
        try:
            ended = times.parse(order.expires) <= self._clock.now()
        except BadInput:
            return "the order's end cannot be read"
        return f"the order ended at {order.expires}" if ended else None

    def _follow(self, baton: Baton) -> LedgerAnswer:
        index = self._core.index()
        nothing = answers.not_found(baton.transfer, baton.start, baton.end, baton.currency)
        try:
            trail = trace(index, baton.transfer, (baton.start, baton.end))
        except LintasError:
            # The transfer is not in this ledger, or smaller than the baton says: either way not the money asked about.
            return nothing
        sender = index.sender_bank(baton.transfer) or self._core.bank
        if trail.currency != baton.currency or sender != baton.sender:
            # Another currency, or sent by another bank than the one that is said to have had the money: not what was asked.
            # What began in this ledger was sent by this bank, and nobody asks for it in another one's name.
            return nothing
        return answers.answer_of(trail, self._core.bank)


def _is_about_the_item(answer: httpx.Response) -> bool:
    """Tell whether a refusal is of this one thing, so that trying it again, or waiting, would not help."""
    return answer.is_client_error and answer.status_code not in NOT_THE_ITEM
