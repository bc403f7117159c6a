"""Faults of ours in what happens once money is held: in ending, releasing, taking back, confirming, objecting."""

from collections.abc import Sequence

import msgspec
import pytest
from tests.simulation.bugs import Bug

from lintas.model.messages import HoldWithdrawal
from lintas.model.tainted import Span
from lintas.policy import rules as policy_rules
from lintas.requests import amendments, effects, orders_store, store
from lintas.requests.amendments import Amendments
from lintas.requests.effects import Effects
from lintas.requests.records import OPEN, Amendment, Hold
from lintas.requests.undo import Undo
from lintas.storage.engine import Transaction


def _forget_the_end(patch: pytest.MonkeyPatch) -> None:
    """The holder never ends an order: its clock finds nothing."""
    patch.setattr(orders_store, "ended_orders", lambda tx, now, limit: [])


def _never_lapse(patch: pytest.MonkeyPatch) -> None:
    """The asker counts as held what its holder never said to have ended."""
    patch.setattr(store, "ended_shares", lambda tx, now, limit: [])


def _tell_and_keep(patch: pytest.MonkeyPatch) -> None:
    """The asker is told of a release that is not done: the order goes on holding."""
    patch.setattr(Effects, "let_go", lambda self, tx, order, spans, code, by="": None)


def _release_unheld(patch: pytest.MonkeyPatch) -> None:
    """What was asked to be released is released, whether it is held or not."""

    def all_of(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
        return list(others) if spans else []

    for module in (amendments, effects):
        patch.setattr(module, "overlaps", all_of)


def _take_back_anybodys(patch: pytest.MonkeyPatch) -> None:
    """A withdrawal is taken from whoever sends it."""
    taken = Amendments.withdrawn

    def from_anybody(self: Amendments, tx: Transaction, origin: str, withdrawal: HoldWithdrawal) -> None:
        hold = store.hold(tx, withdrawal.hold)
        taken(self, tx, hold.peer if hold is not None else origin, withdrawal)

    patch.setattr(Amendments, "withdrawn", from_anybody)


def _believe_anybody(patch: pytest.MonkeyPatch) -> None:
    """A release or a status is believed from whoever sends it."""
    ours = Undo._ours

    def of_anybody(self: Undo, tx: Transaction, origin: str, hold_id: str) -> Hold:
        hold = store.hold(tx, hold_id)
        return ours(self, tx, hold.peer if hold is not None else origin, hold_id)

    patch.setattr(Undo, "_ours", of_anybody)


def _leave_out_a_branch(patch: pytest.MonkeyPatch) -> None:
    """An undo leaves out the holds that nobody has answered yet."""
    back = Undo._take_back

    def answered_only(self: Undo, tx: Transaction, hold_id: str, *rest: object) -> object:
        hold = store.hold(tx, hold_id)
        return None if hold is None or hold.state in OPEN else back(self, tx, hold_id, *rest)  # type: ignore[arg-type]

    patch.setattr(Undo, "_take_back", answered_only)


def _never_settle(patch: pytest.MonkeyPatch) -> None:
    """The asker does not note that its withdrawal was confirmed."""
    patch.setattr(Undo, "settle", lambda self, tx, hold: None)


def _decline_in_silence(patch: pytest.MonkeyPatch) -> None:
    """The holder declines a release and tells nobody."""
    decline = Amendments.decline

    def silent(self: Amendments, *arguments: object) -> None:
        with pytest.MonkeyPatch.context() as here:
            here.setattr(Effects, "tell", lambda *_: None)
            decline(self, *arguments)  # type: ignore[arg-type]

    patch.setattr(Amendments, "decline", silent)


def _approve_ones_own(patch: pytest.MonkeyPatch) -> None:
    """Who asked for a release may approve it."""
    waiting = Amendments._waiting

    def anybodys(self: Amendments, tx: Transaction, amendment_id: str) -> Amendment:
        return msgspec.structs.replace(waiting(self, tx, amendment_id), asked_by="")

    patch.setattr(Amendments, "_waiting", anybodys)


def _confirm_again(patch: pytest.MonkeyPatch) -> None:
    """An order can be lengthened as often as somebody wants."""
    confirm = Amendments.confirm

    def again(self: Amendments, tx: Transaction, order_id: str, *rest: str) -> Amendment:
        order = orders_store.order(tx, order_id)
        if order is not None:
            orders_store.keep_order(tx, msgspec.structs.replace(order, confirmed_at=None))
        return confirm(self, tx, order_id, *rest)

    patch.setattr(Amendments, "confirm", again)


def _ignore_the_cap(patch: pytest.MonkeyPatch) -> None:
    """Where small amounts need no person, large ones need none either."""
    patch.setattr(policy_rules, "_under_cap", lambda rule, question: rule.automatic is not None)


HOLD_BUGS = (
    Bug("forget that orders end", _forget_the_end),
    Bug("count as held what has ended", _never_lapse, 12),
    Bug("tell of a release and keep holding", _tell_and_keep),
    Bug("release what is not held", _release_unheld),
    Bug("take back what others asked", _take_back_anybodys, 6),
    Bug("believe anybody about a hold", _believe_anybody),
    Bug("leave a branch out of an undo", _leave_out_a_branch),
    Bug("never note a confirmation", _never_settle),
    Bug("decline in silence", _decline_in_silence),
    Bug("approve what one asked for", _approve_ones_own),
    Bug("confirm again and again", _confirm_again),
    Bug("issue large orders without a person", _ignore_the_cap),
)
