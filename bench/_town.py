"""A node's database after a year's work, made up by a seed and written through the rooms' own rows."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
from sqlalchemy import Table, insert

from lintas.border import store as border_store
from lintas.intake import store as intake_store
from lintas.intake.records import Claim as Claimed
from lintas.intake.records import Report
from lintas.model import times
from lintas.model.identifiers import Identifier
from lintas.model.messages import LegalBasis
from lintas.model.tainted import Baton, Find, LedgerAnswer, Part
from lintas.requests import changes_store, orders_store, store
from lintas.requests.records import Amendment, AmendmentState, Appeal, Claim, Hold, Order, Share, ShareState, Withdrawal
from lintas.storage import migrate
from lintas.storage.engine import open_engine, writing
from lintas.trace import store as trace_store
from lintas.trace.records import TraceQuestion

ME, PEERS = "xa-asc", tuple(f"x{letter}-asc" for letter in "bcd")
BANKS, ABROAD, CURRENCY = ("XAFI", "XASE"), ("XBFI", "XCFI", "XDFI"), "XAK"
OFFICERS = tuple(
    f"Officer {name}" for name in ("Asha Tor", "Dena Holt", "Miro Lane", "Ravi Quay", "Suri Vale", "Tam Oke")
)
#: One case a minute, the newest a minute ago; holds last three days and are then closed.
EVERY, HELD_FOR = timedelta(minutes=1), timedelta(hours=72)
#: One in so many: reports without a claim, urgent ones; requests that wait for an officer, that are overdue; refusals.
LACKING, URGENT, WAITING, OVERDUE, REFUSED = 41, 33, 199, 337, 10
CHUNK = 5_000

Row = dict[str, object]
BASIS = LegalBasis(jurisdiction="XA", rule="xa-order-domestic", law="Aria Payments Act 2021, s.7")
#: How the money of a case stands, one after the other.
FATES: tuple[tuple[ShareState, ...], ...] = (
    ("held", "spent", "spent"),
    ("held", "held"),
    ("moved", "held", "spent"),
    ("unknown",),
    ("held", "released", "spent", "moved"),
    ("spent", "spent"),
    ("held", "spent", "returned"),
)


class Case(NamedTuple):
    """What everything of one case is made from."""

    number: int
    opened: datetime
    ended: bool
    chance: random.Random

    def id(self, kind: str, part: int = 0) -> str:
        """Return an id of the form that nodes make."""
        return f"{kind}-{int(self.opened.timestamp() * 1000):012x}{self.number:012x}{part:04x}"

    def at(self, minutes: float = 0.0) -> str:
        """Return a time so long after the case was opened."""
        return times.render(self.opened + timedelta(minutes=minutes))

    def every(self, number: int) -> bool:
        """Tell whether this is one in so many."""
        return self.number % number == number - 1

    @property
    def officer(self) -> str:
        """Return who filed it."""
        return OFFICERS[self.number % len(OFFICERS)]


def town_of(path: Path, cases: int, now: datetime) -> list[str]:
    """Fill the database at ``path`` (made if it is not there) with so many cases, the newest just before ``now``; their ids."""
    engine = open_engine(path)
    migrate.upgrade(engine)
    ids: list[str] = []
    with writing(engine) as connection:
        for first in range(0, cases, CHUNK):
            rows: dict[Table, list[Row]] = defaultdict(list)
            for number in range(first, min(first + CHUNK, cases)):
                opened = now - EVERY * (cases - number)
                case = Case(number, opened, opened + HELD_FOR < now, random.Random(number))
                ids.append(case.id("case"))
                for table, row in _case(case):
                    rows[table].append(row)
            with connection.begin():
                for table, several in rows.items():
                    connection.execute(insert(table), several)
    engine.dispose()
    return ids


def _case(case: Case) -> Iterator[tuple[Table, Row]]:
    lacking, amount = case.every(LACKING), case.chance.randrange(10_000, 9_000_000)
    find = Find(amount_minor=amount, currency=CURRENCY, receiver=f"{case.number:012d}", at=case.at(-20))
    yield intake_store.reports, _report(case, None if lacking else Claimed(bank=BANKS[0], find=find))
    if case.every(REFUSED):
        what = f"hold {case.id('hold')} is known here already; a new request needs an id of its own"
        row: Row = {"at": case.at(), "direction": "in", "peer": PEERS[0], "reason": "hold_id_taken", "what": what}
        yield border_store.refusals, row
    if lacking:
        return
    received = case.every(WAITING)
    origin = PEERS[case.number // WAITING % len(PEERS)] if received else ""
    claim = Claim(
        case=case.id("case"),
        currency=CURRENCY,
        stolen=amount,
        scheme="impersonation",
        opened_at=case.at(),
        origin=origin,
        officer="" if received else case.officer,
        urgent=case.every(URGENT),
    )
    shares = [Share(id=claim.case, case=claim.case, state="unknown", amount_minor=amount)]
    if received:
        yield store.holds, store.hold_row(_hold(case, origin, "received", amount))
    else:
        shares, rows = _money(case, amount)
        yield from rows
    yield store.claims, store.claim_row(claim, shares)
    for share in shares:
        yield store.shares, store.share_row(share)


def _report(case: Case, claim: Claimed | None) -> Row:
    site = f"https://safe-{case.number}.example/x"
    words = f"They said they were from my bank, called from +999 55 {case.number:07d} and made me pay at {site}."
    sure = {"role": "suspect", "confidence": 0.9}
    found = (
        Identifier(type="phone", value=f"+99955{case.number:07d}", start=50, end=66, **sure),  # type: ignore[arg-type] # as named
        Identifier(type="url", value=site, start=84, end=84 + len(site), **sure),  # type: ignore[arg-type] # as named
        Identifier(type="bank_account", value=f"{case.number:012d}", jurisdiction="XA", bank=BANKS[0], **sure),  # type: ignore[arg-type]
    )
    report = Report(
        id=case.id("report"),
        case=case.id("case"),
        received_at=case.at(),
        officer=case.officer,
        scheme="impersonation",
        urgent_harm=case.every(URGENT),
        identifiers=found,
        claim=claim,
        missing=() if claim else ("the bank that the money was taken from", "the amount"),
    )
    mark = None if claim is None else f"{case.number:064x}"
    return intake_store.row(report, words * 4, mark, lacking=claim is None)


def _money(case: Case, amount: int) -> tuple[list[Share], Iterator[tuple[Table, Row]]]:
    fate = FATES[case.number % len(FATES)]
    edges = [amount * part // len(fate) for part in range(len(fate) + 1)]
    hold = _hold(case, "", "own", amount)
    parts, shares = [], []
    for part, state in enumerate(fate):
        baton = _baton(case, edges[part], edges[part + 1], BANKS[part % 2])
        parts.append(_part(state, baton))
        ends = state == "held"
        share = Share(
            id=f"{hold.case}.{part:03d}",
            case=case.id("case"),
            state="released" if ends and case.ended else state,
            amount_minor=baton.amount_minor,
            holder=baton.holder,
            authority=ME,
            law=BASIS.law if ends and not case.ended else "",
            until=times.render(case.opened + HELD_FOR) if ends and not case.ended else None,
            baton=baton,
            hold=hold.id if ends else None,
            note="expired" if ends and case.ended else state,
        )
        shares.append(share)
    answer = LedgerAnswer(
        transfer=hold.baton.transfer,
        start=0,
        end=amount,
        currency=CURRENCY,
        snapshot="s-1",
        found=True,
        parts=tuple(parts),
    )
    return shares, _followed(case, hold, answer)


def _followed(case: Case, hold: Hold, answer: LedgerAnswer) -> Iterator[tuple[Table, Row]]:
    order, amount = case.id("order"), hold.amount_minor
    for number in range(2):
        question = TraceQuestion(
            id=f"{case.id('case')}.{number:03d}",
            case=case.id("case"),
            bank=BANKS[number],
            asked_at=case.at(),
            baton=hold.baton,
        )
        row: Row = {
            "id": question.id,
            "case": question.case,
            "bank": question.bank,
            "question": msgspec.json.encode(question),
        }
        yield trace_store.questions, row | {"answered_at": case.at(1), "answer": msgspec.json.encode(answer)}
    yield store.holds, store.hold_row(hold)
    yield store.holds, store.hold_row(_hold(case, PEERS[case.number % len(PEERS)], "asked", amount))
    yield orders_store.orders, orders_store.order_row(_order(case, order, hold, answer))
    yield from _changes(case, order, hold)


def _changes(case: Case, order: str, hold: Hold) -> Iterator[tuple[Table, Row]]:
    if case.every(25):
        state: AmendmentState = "awaiting_approval" if case.every(1_000) else "done"
        change = Amendment(
            id=case.id("amend"),
            order=order,
            bank=BANKS[0],
            kind="release",
            asked_at=case.at(90),
            asked_by=PEERS[0],
            state=state,
            case=hold.case,
            hold=hold.id,
        )
        yield changes_store.amendments, changes_store.amendment_row(change) | {"salt": None}
        appeal = Appeal(
            id=case.id("appeal"),
            order=order,
            received_at=case.at(80),
            name="Lumen Shop",
            contact="shop@lumen.example",
            text="I sold two telephones for it. Here is the receipt.",
            state="open" if case.every(1_000) else "dismissed",
            case=hold.case,
            hold=hold.id,
        )
        yield changes_store.appeals, changes_store.appeal_row(appeal)
    if case.every(50):
        taken = Withdrawal(
            id=case.id("undo"),
            peer=PEERS[0],
            code="mistake",
            reason="a wrong account",
            officer=case.officer,
            sent_at=case.at(70),
            state="confirmed",
            case=hold.case,
            hold=hold.id,
        )
        yield changes_store.withdrawals, changes_store.withdrawal_row(taken)


def _hold(case: Case, peer: str, direction: str, amount: int) -> Hold:
    overdue = direction == "asked" and case.every(OVERDUE)
    waits = direction == "received"
    return Hold(
        id=case.id("hold", 1 if direction == "asked" else 0),
        case=case.id("case"),
        share=case.id("case"),
        direction=direction,  # type: ignore[arg-type] # one of the three
        peer=peer,
        baton=_baton(case, 0, amount, BANKS[0] if direction != "asked" else ABROAD[case.number % 3]),
        amount_minor=amount,
        currency=CURRENCY,
        purpose="stop_payment",
        scheme="impersonation",
        state="awaiting_approval" if waits else "delivered" if overdue else "answered",
        asked_at=case.at(2),
        asked_by="" if waits else case.officer,
        answer_by=case.at(62),
        # Whatever waits is kept waiting, so that no clock of a node clears it away while it is measured.
        expires=times.render(case.opened + timedelta(days=300)) if waits or overdue else case.at(4_000),
        decision=f"XA may release this hold request to {peer or ME} under {BASIS.law} (rule {BASIS.rule}).",
        request_basis=BASIS,
        outcome=None if waits or overdue else "held_partial",
        answered_at=None if waits or overdue else case.at(5),
    )


def _order(case: Case, order: str, hold: Hold, answer: LedgerAnswer) -> Order:
    return Order(
        id=order,
        hold=hold.id,
        case=hold.case,
        bank=BANKS[0],
        baton=hold.baton,
        amount_minor=hold.amount_minor,
        currency=CURRENCY,
        basis=BASIS,
        approver=OFFICERS[(case.number + 1) % len(OFFICERS)],
        issued_at=case.at(3),
        expires=times.render(case.opened + HELD_FOR),
        contact="duty-desk@xa.example",
        answer=answer,
        answered_at=case.at(4),
        closed_at=times.render(case.opened + HELD_FOR) if case.ended else None,
    )


def _baton(case: Case, start: int, end: int, holder: str) -> Baton:
    transfer = f"{case.number:08x}-0000-4000-8000-{case.number:012x}"
    return Baton(transfer=transfer, start=start, end=end, currency=CURRENCY, holder=holder, sender=BANKS[0])


def _part(state: ShareState, baton: Baton) -> Part:
    told = {"held": "held", "moved": "moved", "unknown": "unknown"}.get(state, "spent")
    return Part(
        state=told,  # type: ignore[arg-type] # one of the four
        start=baton.start,
        end=baton.end,
        local_minor=baton.amount_minor,
        local_currency=CURRENCY,
        baton=baton if told == "moved" else None,
    )
