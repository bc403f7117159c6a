"""A bank's ledger of three transfers, two of them from another bank, and an authority's orders and questions on them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lintas.bank.core import Core
from lintas.model.messages import LegalBasis
from lintas.model.tainted import Baton
from lintas.requests.records import Amendment, Order
from lintas.trace.records import TraceQuestion

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
END, LATER = "2026-03-04T10:07:00Z", "2026-03-11T10:07:00Z"
LEDGER = """\
id,time,sender,receiver,amount_minor,currency,sender_bank,receiver_bank
t-1,2026-03-01T10:00:00Z,victim,mule,50000,XAK,XABT,
t-2,2026-03-01T10:05:00Z,victim,mule,50000,XAK,XABT,
t-3,2026-03-01T10:06:00Z,other,shop,700,XAK,,
"""


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def core_in(directory: Path) -> Core:
    """Return the bank's records in a directory, which gets the ledger unless it has one."""
    if not (directory / "transfers.csv").exists():
        (directory / "transfers.csv").write_text(LEDGER)
    return Core(directory, "XAFB")


def baton(
    start: int = 0, end: int = 50_000, transfer: str = "t-1", currency: str = "XAK", sender: str = "XABT"
) -> Baton:
    """Return a baton for a part of the first transfer, unless told otherwise."""
    return Baton(transfer=transfer, start=start, end=end, currency=currency, holder="XAFB", sender=sender)


def order(name: str, of: Baton | None = None, **changes: object) -> Order:
    """Return an order for all of its interval, unless told otherwise."""
    money = of or baton()
    good: dict[str, Any] = {
        "id": name,
        "hold": f"hold-of-{name}",
        "case": "case-1",
        "bank": "XAFB",
        "baton": money,
        "amount_minor": money.amount_minor,
        "currency": money.currency,
        "basis": LegalBasis(jurisdiction="XA", rule="xa-order", law="Aria Fraud Response Act 2024, s.14"),
        "approver": "Officer Dena Holt",
        "issued_at": "2026-03-01T10:07:00Z",
        "expires": END,
        "contact": "duty-desk@xa-asc.example",
    }
    return Order(**(good | changes))


def amendment(name: str, of: str, **changes: object) -> Amendment:
    """Return an amendment of an order: to hold for a week longer, unless told otherwise."""
    good: dict[str, Any] = {
        "id": name,
        "order": of,
        "hold": f"hold-of-{of}",
        "case": "case-1",
        "bank": "XAFB",
        "kind": "confirm",
        "asked_at": "2026-03-01T10:07:00Z",
        "state": "ordered",
        "expires": LATER,
    }
    return Amendment(**(good | changes))


def question(name: str, **what: object) -> TraceQuestion:
    """Return a question: about the first transfer's baton, unless told otherwise."""
    asked: dict[str, Any] = dict(what) or {"baton": baton()}
    return TraceQuestion(id=name, case="case-1", bank="XAFB", asked_at="2026-03-01T10:07:00Z", **asked)
