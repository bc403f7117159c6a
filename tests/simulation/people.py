"""The people of a simulated world: callers, officers, and the fraud desks of banks, all scripted by seed."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from random import Random

import msgspec
from sqlalchemy import select
from tests.simulation import law
from tests.simulation.afterwards import Afterwards
from tests.simulation.machine import Machine

from lintas.border.records import Release
from lintas.intake.records import Report, ReportForm
from lintas.model import money, times
from lintas.model.errors import BadInput, Conflict, LintasError, NotFound, Refused
from lintas.model.markings import Marking
from lintas.model.messages import HoldStatus, Message, Purpose
from lintas.model.tainted import Baton, LedgerAnswer, Part, PartState
from lintas.requests import store
from lintas.requests.forms import HoldForm
from lintas.requests.records import Hold, Order, Share
from lintas.storage.engine import Transaction
from lintas.trace.records import TraceQuestion

BANKS = tuple(bank for cast in law.EVERYBODY for bank in cast.banks)
#: A bank that nobody's charter knows.
NOWHERE = "ZZZZ"
_FREE = select(store.shares.c.doc).where(store.shares.c.hold.is_(None)).order_by(store.shares.c.id)
STATUS = Marking(plane="B", tlp="AMBER")


class Desk:
    """Everybody who works at one machine's authority."""

    def __init__(self, machine: Machine, seed: int) -> None:
        self.machine, self._seed = machine, seed
        self._rng = Random(f"people {seed} {machine.name}")
        self._coming = 0
        self._asked_on: set[str] = set()
        self.hurry = False
        self.afterwards = Afterwards(machine, seed, self._attempt, self.soon)
        machine.on_work = self.soon

    def soon(self) -> None:
        """There may be work: look at it in a while."""
        machine = self.machine
        life = machine.life
        if self._coming != life:
            self._coming = life
            machine.later(0.5 if self.hurry else self._rng.uniform(4, 16), self.work)

    # ---- what comes in from outside

    def report(self) -> None:
        """A victim calls; one in eight calls twice."""
        machine, rng, cast = self.machine, self._rng, self.machine.cast
        amount = rng.randrange(100_000, 9_000_000)
        form = ReportForm(
            bank=rng.choice(cast.banks),
            amount=money.show(amount, cast.currency).replace(",", ""),
            currency=cast.currency,
            receiver=f"2{rng.randrange(10**9):09d}",
            at=times.render(machine.clock.now()),
            scheme="investment",
        )
        for _ in range(2 if rng.random() < 0.125 else 1):
            self._attempt(partial(self._file, form))

    def _file(self, form: ReportForm) -> None:
        _, file = self.machine.node.intake.read(form)
        filed: Report = self.machine.write(lambda tx: file(tx, "Officer Asha Tor"))
        self.machine.chronicle.promise(self.machine.name, "report", filed.id, filed.case)

    def status(self) -> None:
        """An officer tells a peer where a hold stands; now and then for a purpose that no law knows."""
        self._attempt(self._tell)

    def _tell(self) -> None:
        machine, rng = self.machine, self._rng
        others = machine.cast.asks if rng.random() < 0.8 else [name for name in law.OF if name != machine.name]
        peer = rng.choice(others)
        purpose: Purpose = "investigation" if rng.random() < 0.08 else rng.choice(("status", "stop_payment"))
        bodies = tuple(
            HoldStatus(hold=f"hold-{rng.randrange(10**6):06d}", state="received", at=times.render(machine.clock.now()))
            for _ in range(rng.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 4)))
        )
        message = Message(purpose=purpose, marking=STATUS, bodies=bodies)
        release: Release = machine.write(lambda tx: machine.node.border.release(tx, message, peer))
        machine.chronicle.say(machine.name, "status", peer, release.decision.outcome)
        for object_id in release.objects:
            machine.chronicle.promise(machine.name, "release", object_id, peer)

    def ask(self) -> None:
        """An officer asks for a hold on part of some share; now and then for more than there is, or without a rule."""
        self._attempt(self._ask)

    def _ask(self) -> None:
        machine, rng = self.machine, self._rng
        shares = [
            share
            for share in machine.read(self._free)
            if share.note != "moved" or share.holder not in machine.cast.banks
        ]
        if not shares:
            return
        share = rng.choice(shares)
        assert share.baton is not None
        whole = share.baton.amount_minor
        amount = rng.choice((None, whole, max(1, whole // 3), whole + 1))
        purpose: Purpose = "investigation" if rng.random() < 0.1 else "stop_payment"
        form = HoldForm(share=share.id, amount_minor=amount, purpose=purpose)
        try:
            hold = machine.write(lambda tx: machine.node.chase.ask(tx, form, "Officer Asha Tor"))
        except Refused as wrong:
            machine.chronicle.refusals[wrong.reason] += 1
            if wrong.reason not in ("above_interval", "too_small"):
                raise
            return
        if amount is not None and amount > whole:
            machine.chronicle.wrong(f"{machine.name}: {hold.id} asks for more than the interval")
        if hold.state != "refused_by_policy" and purpose == "investigation" and hold.direction == "asked":
            machine.chronicle.wrong(f"{machine.name}: {hold.id} left without a rule")
        machine.chronicle.promise(machine.name, "hold", hold.id)

    def _free(self, tx: Transaction) -> list[Share]:
        """Return the shares of our own cases that nobody was asked for yet, in the order of the trail."""
        ours = {claim.case for claim in store.list_claims(tx, limit=1000) if not claim.origin}
        shares = store.read_all(tx, _FREE, Share)
        return [share for share in shares if share.case in ours and share.baton and share.state in ("moved", "unknown")]

    def _ask_on(self, free: list[Share]) -> None:
        """An officer asks on, once, for money that an answer says has moved to somebody whom we may ask."""
        machine = self.machine
        for share in free:
            chance = Random(f"{self._seed} ask on {share.id}").random()
            asked = share.authority in machine.cast.asks and share.note == "moved" and share.hop > 0
            if asked and chance < 0.8 and share.id not in self._asked_on:
                self._attempt(partial(self._ask_for, share))

    def _ask_for(self, share: Share) -> None:
        machine, form = self.machine, HoldForm(share=share.id)
        hold: Hold = machine.write(lambda tx: machine.node.chase.ask(tx, form, "Officer Asha Tor"))
        self._asked_on.add(share.id)
        machine.chronicle.promise(machine.name, "hold", hold.id)

    # ---- what waits

    def work(self) -> None:
        """Go through everything that waits: questions and orders to the banks, holds for the approver."""
        self._coming = 0
        machine = self.machine
        node, banks = machine.node, machine.cast.banks
        try:
            questions, orders, holds, free, later = machine.read(
                lambda tx: (
                    [(bank, each) for bank in banks for each in node.tracing.work(tx, bank)],
                    [(bank, each) for bank in banks for each in node.orders.work(tx, bank)],
                    node.orders.pending(tx),
                    self._free(tx),
                    self.afterwards.waiting(tx),
                )
            )
        except LintasError:
            machine.later(1, self.soon)
            return
        for bank, question in questions:
            self._attempt(partial(self._locate, bank, question))
        for hold in holds:
            self._attempt(partial(self._decide, hold))
        for bank, order in orders:
            self._attempt(partial(self._carry_out, bank, order))
        self._ask_on(free)
        self.afterwards.work(later)

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do something; a machine that refuses for the moment is tried again later, by whoever wants it."""
        try:
            act()
        except (Conflict, NotFound) as wrong:
            self.machine.chronicle.refusals[wrong.title] += 1
        except LintasError as wrong:
            self.machine.chronicle.refusals[wrong.title] += 1
            self.machine.later(1, self.soon)

    def _locate(self, bank: str, question: TraceQuestion) -> None:
        machine = self.machine
        answer = located(self._seed, bank, question)
        if self._rng.random() < 0.1 and answer.parts:
            short = msgspec.structs.replace(answer, parts=answer.parts[:-1])
            try:
                machine.write(lambda tx: machine.node.tracing.answer(tx, bank, question.id, short))
            except BadInput:
                pass
            else:
                machine.chronicle.wrong(f"{machine.name} took an answer with a gap")
        for _ in range(2 if self._rng.random() < 0.2 else 1):
            machine.write(lambda tx: machine.node.tracing.answer(tx, bank, question.id, answer))
        machine.chronicle.promise(machine.name, "located", question.id)

    def _decide(self, hold: Hold) -> None:
        machine, orders = self.machine, self.machine.node.orders
        chance = Random(f"{self._seed} decide {hold.id}").random()
        if chance < 0.12:
            machine.write(lambda tx: orders.decline(tx, hold.id, "Officer Dena Holt", "not enough is known"))
            machine.chronicle.promise(machine.name, "declined", hold.id)
        elif hold.purpose != "stop_payment":
            machine.write(lambda tx: orders.decline(tx, hold.id, "Officer Dena Holt", "not for this purpose"))
            machine.chronicle.promise(machine.name, "declined", hold.id)
        else:
            try:
                order = machine.write(lambda tx: orders.approve(tx, hold.id, "Officer Miro Lane"))
            except Conflict:
                # Another order covers this money already, or the request has ended meanwhile.
                machine.write(lambda tx: orders.decline(tx, hold.id, "Officer Dena Holt", "this is covered already"))
                machine.chronicle.promise(machine.name, "declined", hold.id)
                return
            assert order is not None, "no table of the simulation asks for two people"
            machine.chronicle.promise(machine.name, "order", order.id)
            self.soon()

    def _carry_out(self, bank: str, order: Order) -> None:
        machine, orders = self.machine, self.machine.node.orders
        rng = Random(f"{self._seed} order {order.id}")
        if rng.random() < 0.1:
            machine.write(lambda tx: orders.bank_refuses(tx, bank, order.id, "the account is frozen by a court"))
        else:
            answer = carried_out(rng, order)
            for _ in range(2 if rng.random() < 0.2 else 1):
                machine.write(lambda tx: orders.bank_answers(tx, bank, order.id, answer))
        machine.chronicle.promise(machine.name, "answered", order.id)


def located(seed: int, bank: str, question: TraceQuestion) -> LedgerAnswer:
    """Answer a question as the bank's own ledger would: the same question always gets the same answer."""
    rng = Random(f"{seed} locate {question.id}")
    if question.baton is not None:
        transfer, start, end, code = (
            question.baton.transfer,
            question.baton.start,
            question.baton.end,
            question.baton.currency,
        )
    else:
        assert question.find is not None
        find = question.find
        transfer, start, code = f"T-{rng.randrange(10**9):09d}", 0, find.currency
        end = find.amount_minor
    if rng.random() < 0.06:
        return LedgerAnswer(transfer=transfer, start=start, end=end, currency=code, snapshot="", found=False)
    deep = question.id.count(".") >= 2
    states: tuple[PartState, ...] = ("here", "spent", "unknown") if deep else ("here", "moved", "moved", "spent")
    return _tiling(rng, (transfer, start, end, code), bank, states)


def carried_out(rng: Random, order: Order) -> LedgerAnswer:
    """Hold what is there, at most as ordered; the rest went on, was spent, or stays where it is."""
    baton = order.baton
    asked = (baton.transfer, baton.start, baton.end, baton.currency)
    if rng.random() < 0.06:
        return LedgerAnswer(
            transfer=baton.transfer,
            start=baton.start,
            end=baton.end,
            currency=baton.currency,
            snapshot="",
            found=False,
        )
    if rng.random() < 0.3 and order.amount_minor == baton.amount_minor:
        return _tiling(rng, asked, order.bank, ("held",))
    answer = _tiling(rng, asked, order.bank, ("held", "moved", "spent", "here"))
    left, parts = order.amount_minor, []
    for part in answer.parts:
        if part.state == "held" and part.amount_minor > left:
            parts.append(msgspec.structs.replace(part, state="here"))
            continue
        left -= part.amount_minor if part.state == "held" else 0
        parts.append(part)
    return msgspec.structs.replace(answer, parts=tuple(parts))


def _next_bank(rng: Random, cast: law.Cast) -> str:
    """Say where money goes on to: most of it to where it can be followed."""
    nearby = [bank for name in cast.asks for bank in law.OF[name].banks]
    return rng.choice(rng.choices((nearby or BANKS, cast.banks, BANKS, (NOWHERE,)), (65, 15, 15, 5))[0])


def _tiling(rng: Random, asked: tuple[str, int, int, str], bank: str, states: tuple[PartState, ...]) -> LedgerAnswer:
    transfer, start, end, code = asked
    count = min(rng.choice((1, 2, 2, 3, 4)), end - start)
    edges = [start, *sorted(rng.sample(range(start + 1, end), count - 1)), end]
    local = code if rng.random() < 0.5 else law.OF[law.BANK_OF[bank]].currency
    share = money.rescale_parts([b - a for a, b in pairwise(edges)], (end - start) * rng.choice((1, 3, 7)) // 2)
    parts = []
    for number, (a, b) in enumerate(pairwise(edges)):
        minor = b - a if local == code else share[number]
        state = rng.choice(states) if minor else "spent"
        baton = None
        if state == "moved":
            begin = rng.choice((0, rng.randrange(1000)))
            to = _next_bank(rng, law.OF[law.BANK_OF[bank]])
            name = f"{transfer}/{number}"
            baton = Baton(transfer=name, start=begin, end=begin + minor, currency=local, holder=to)
        parts.append(Part(state=state, start=a, end=b, local_minor=minor, local_currency=local, baton=baton))
    return LedgerAnswer(
        transfer=transfer, start=start, end=end, currency=code, snapshot="s", found=True, parts=tuple(parts)
    )
