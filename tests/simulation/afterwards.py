"""What people do once money is held: officers let go of it, lengthen it or say no, owners object, banks carry it out."""

import re
from collections.abc import Callable
from functools import partial
from random import Random
from typing import NamedTuple

from tests.simulation.machine import Machine

from lintas.model.errors import NotAllowed, NotFound
from lintas.model.messages import WithdrawalCode
from lintas.requests import orders_store, rules
from lintas.requests import store as requests
from lintas.requests.forms import AppealDecision, AppealForm, UndoForm
from lintas.requests.records import OPEN, Amendment, Appeal, Order, Share, Undone
from lintas.storage.engine import Transaction

OFFICERS = ("Officer Dena Holt", "Officer Miro Lane")
#: Decides on an objection where both others have had their say about the order.
THIRD = "Officer Ilan Wou"
CODES: tuple[WithdrawalCode, ...] = ("mistake", "good_faith", "complaint_withdrawn", "case_closed")

Attempt = Callable[[Callable[[], None]], None]


class Waiting(NamedTuple):
    """What waits at one authority once money is held."""

    changes: list[Amendment]
    appeals: list[Appeal]
    ordered: list[tuple[str, Amendment]]


class Afterwards:
    """Whoever changes their mind at one machine's authority, or has to carry that out."""

    def __init__(self, machine: Machine, seed: int, attempt: Attempt, soon: Callable[[], None]) -> None:
        self.machine, self._seed, self._attempt, self._soon = machine, seed, attempt, soon
        self._rng = Random(f"afterwards {seed} {machine.name}")

    # ---- what comes of itself

    def undo(self) -> None:
        """An officer lets go of a whole case of ours, or of one branch of it."""
        self._attempt(self._undo)

    def _undo(self) -> None:
        machine, rng = self.machine, self._rng
        cases = [claim.case for claim in machine.read(requests.list_claims) if not claim.origin]
        if not cases:
            return
        case = rng.choice(cases)
        shares = machine.read(lambda tx: requests.shares_of(tx, case))
        root = rng.choice(("", rng.choice(shares).id, rng.choice(shares).id.rpartition(".")[0]))
        form = UndoForm(code=rng.choice(CODES), reason="this part is innocent", share=root)

        def use_case(tx: Transaction) -> tuple[set[str], Undone]:
            return covered(tx, case, root), machine.node.undo.undo(tx, case, form, rng.choice(OFFICERS))

        holds, undone = machine.write(use_case)
        machine.chronicle.counts["undone"] += 1
        machine.chronicle.undone[machine.name] |= holds
        for change in [each.id for each in undone.withdrawals] + [each.id for each in undone.amendments]:
            machine.chronicle.promise(machine.name, "change", change)

    def appeal(self) -> None:
        """The owner of a held amount objects, with the address from the letter; now and then somebody guesses one."""
        self._attempt(self._appeal)

    def _appeal(self) -> None:
        machine, rng = self.machine, self._rng
        order = self._some_order()
        if order is None:
            return
        address = re.search(
            r"/appeal/(\w+)", machine.read(lambda tx: machine.node.orders.letter(tx, order.id, order.bank)).plain()
        )
        assert address is not None
        form = AppealForm(name="Nela Voss", contact="nela@example", text=f"my wages, {rng.randrange(10**6)}")
        if rng.random() < 0.2:
            try:
                machine.write(lambda tx: machine.node.appeals.file(tx, "a" * 26, form))
            except NotFound:
                return
            machine.chronicle.wrong(f"{machine.name} took an objection with a guessed token")
        appeal: Appeal = machine.write(lambda tx: machine.node.appeals.file(tx, address[1], form))
        machine.chronicle.promise(machine.name, "change", appeal.id)
        self._soon()

    def confirm(self) -> None:
        """An officer has a court's paper for one order and holds it for longer; who ordered it must not."""
        self._attempt(self._confirm)

    def _confirm(self) -> None:
        machine, order = self.machine, self._some_order()
        if order is None:
            return
        amendments = machine.node.amendments
        if order.approver in OFFICERS and self._rng.random() < 0.2:
            self._must_not(lambda tx: amendments.confirm(tx, order.id, order.approver, "court 7"))
        officer = next(each for each in OFFICERS if each != order.approver)
        change: Amendment = machine.write(lambda tx: amendments.confirm(tx, order.id, officer, "court 7/2026"))
        machine.chronicle.promise(machine.name, "change", change.id)
        self._soon()

    def _some_order(self) -> Order | None:
        machine = self.machine
        holds = machine.read(lambda tx: machine.node.orders.pending(tx, "answered"))
        orders = [machine.read(lambda tx, each=hold: orders_store.order_of(tx, each.id)) for hold in holds]  # type: ignore[misc]
        live = [order for order in orders if order is not None and not order.closed_at and rules.still_held(order)]
        return self._rng.choice(live) if live else None

    def _must_not(self, use_case: Callable[[Transaction], object]) -> None:
        """Try what this officer must not do."""
        try:
            self.machine.write(use_case)
        except NotAllowed:
            return
        self.machine.chronicle.wrong(f"{self.machine.name} let an officer decide on what is their own")

    # ---- what waits

    def waiting(self, tx: Transaction) -> Waiting:
        """Return the releases and objections that wait for an officer, and what banks have to change."""
        amendments, banks = self.machine.node.amendments, self.machine.cast.banks
        ordered = [(bank, each) for bank in banks for each in amendments.work(tx, bank)]
        return Waiting(amendments.pending(tx), self.machine.node.appeals.pending(tx), ordered)

    def work(self, waiting: Waiting) -> None:
        """Go through what waits."""
        for change in waiting.changes:
            self._attempt(partial(self._decide, change))
        for appeal in waiting.appeals:
            self._attempt(partial(self._judge, appeal))
        for bank, change in waiting.ordered:
            self._attempt(partial(self._carry_out, bank, change))

    def _decide(self, change: Amendment) -> None:
        machine, amendments = self.machine, self.machine.node.amendments
        rng = Random(f"{self._seed} change {change.id}")
        officer = next(each for each in OFFICERS if each != change.asked_by)
        if change.asked_by in OFFICERS and rng.random() < 0.3:
            self._must_not(lambda tx: amendments.approve(tx, change.id, change.asked_by))
        if rng.random() < 0.2:
            machine.write(lambda tx: amendments.decline(tx, change.id, officer, "the case against it stands"))
        else:
            machine.write(lambda tx: amendments.approve(tx, change.id, officer))
        machine.chronicle.promise(machine.name, "decided", change.id)
        self._soon()

    def _judge(self, appeal: Appeal) -> None:
        machine, appeals = self.machine, self.machine.node.appeals
        rng = Random(f"{self._seed} appeal {appeal.id}")
        order = machine.read(lambda tx: machine.node.orders.order(tx, appeal.order))
        decision = AppealDecision(uphold=rng.random() < 0.5, reason="the papers are in order")
        if order.approver in OFFICERS:
            self._must_not(lambda tx: appeals.decide(tx, appeal.id, order.approver, decision))
        wishes = machine.read(lambda tx: machine.node.amendments.of_case(tx, appeal.case))
        biased = {order.approver, *(each.asked_by for each in wishes)}
        officer = next(each for each in (*OFFICERS, THIRD) if each not in biased)
        machine.write(lambda tx: appeals.decide(tx, appeal.id, officer, decision))
        machine.chronicle.counts["upheld"] += decision.uphold
        machine.chronicle.promise(machine.name, "decided", appeal.id)
        self._soon()

    def _carry_out(self, bank: str, change: Amendment) -> None:
        machine = self.machine
        for _ in range(2 if Random(f"{self._seed} done {change.id}").random() < 0.2 else 1):
            machine.write(lambda tx: machine.node.amendments.bank_done(tx, bank, change.id))
        machine.chronicle.promise(machine.name, "done", change.id)


def covered(tx: Transaction, case: str, root: str) -> set[str]:
    """Return the holds below a share that ask for money or hold some, whoever has them."""
    below: list[Share] = [
        share for share in requests.shares_of(tx, case) if not root or f"{share.id}.".startswith(f"{root}.")
    ]
    held = {share.hold for share in below if share.state == "held" and share.hold}
    asked = {share.hold for share in below if share.hold} - held
    holds = [requests.hold(tx, each) for each in asked]
    return held | {hold.id for hold in holds if hold is not None and hold.state in OPEN}
