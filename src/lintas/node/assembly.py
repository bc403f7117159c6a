"""The one place that constructs the rooms of a node and wires them, and the one table of who hears which event."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from sqlalchemy import Engine

from lintas.access.service import Access
from lintas.border.approvals import Approvals
from lintas.border.judge import Judge
from lintas.border.leaving import Leaving
from lintas.border.records import Admitted
from lintas.border.records import Answered as ReceiptAnswered
from lintas.border.review import Review
from lintas.border.service import Border
from lintas.bus.service import Bus, Hearing
from lintas.exchange.days import Days
from lintas.exchange.directory import Directory
from lintas.exchange.reads import Reads
from lintas.exchange.reads_abroad import ReadsAbroad
from lintas.exchange.service import Exchange, Identity
from lintas.exchange.standing import Standings
from lintas.intake.records import HarmReported, ReportFiled
from lintas.intake.service import Intake
from lintas.ledger.service import Ledger
from lintas.ledger.watch import Watch
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.policy.table import PolicyTable
from lintas.requests.amendments import Amendments
from lintas.requests.appeals import Appeals
from lintas.requests.asking import Asking, Place
from lintas.requests.chase import Chase
from lintas.requests.clocks import Clocks
from lintas.requests.effects import Effects
from lintas.requests.endings import Endings
from lintas.requests.inbox import Inbox
from lintas.requests.journal import Journal
from lintas.requests.later import Comparison
from lintas.requests.letter import Head
from lintas.requests.orders import Orders
from lintas.requests.rail import Rail
from lintas.requests.records import HolderKind, HoldOpened, MovedOn
from lintas.requests.returns import Returns
from lintas.requests.undo import Undo
from lintas.storage.engine import Transaction
from lintas.telco.book.book import Book
from lintas.telco.book.numbers import Numbers
from lintas.telco.book.records import ListsChanged, PeerJoined
from lintas.telco.book.service import Lists
from lintas.telco.calls_abroad import CallsAbroad
from lintas.telco.figures.pace import Pace
from lintas.telco.figures.service import Counters, Scorecards
from lintas.telco.redress.inbox import ObjectionsInbox
from lintas.telco.redress.service import Redress
from lintas.telco.registry.service import Senders
from lintas.trace.records import Answered as TraceAnswered
from lintas.trace.service import Tracing
from lintas.trust.keys import Signer, Verify, verify_signature
from lintas.trust.note import VerifierKey
from lintas.trust.vault import VaultKey

#: Tells whether the person of a name may approve now.
MayApprove = Callable[[Transaction, str], bool]


def everybody(_tx: Transaction, _name: str) -> bool:
    """Believe the names, where no keys tell who may approve."""
    return True


class Parts(NamedTuple):
    """What a node is made of, already opened: a served node takes them from files, a simulation makes them up."""

    identity: Identity
    name: str
    contact: str
    engine: Engine
    directory: Directory
    table: PolicyTable
    log_signer: Signer
    log_origin: str
    banks: frozenset[str]
    abroad: dict[str, str]
    clock: Clock
    ids: IdSource
    verify: Verify = verify_signature
    competent: tuple[VerifierKey, ...] = ()
    #: The codes of the telecommunications operators connected here.
    telcos: frozenset[str] = frozenset()
    #: What those of ``banks`` are that are no banks.
    kinds: Mapping[str, HolderKind] = {}
    #: What letters are written in where nobody asks for another language.
    language: str = "en"
    #: Closes people's secrets in the database; without one, a key that ends with the process.
    vault: VaultKey | None = None
    #: Whose first of two approvals still counts; without one, who the access room lets in to approve.
    may_approve: MayApprove | None = None
    #: Makes the redress ids of list entries; without one, a key that ends with the process.
    redress_key: bytes | None = None


class Node(NamedTuple):
    """The rooms of one authority's node, ready to use."""

    parts: Parts
    bus: Bus
    ledger: Ledger
    access: Access
    watch: Watch
    judge: Judge
    approvals: Approvals
    border: Border
    review: Review
    exchange: Exchange
    standings: Standings
    days: Days
    reads: Reads
    reads_abroad: ReadsAbroad
    intake: Intake
    tracing: Tracing
    chase: Chase
    orders: Orders
    amendments: Amendments
    endings: Endings
    appeals: Appeals
    undo: Undo
    comparison: Comparison
    clocks: Clocks
    returns: Returns
    rail: Rail
    inbox: Inbox
    calls_abroad: CallsAbroad
    lists: Lists
    senders: Senders
    redress: Redress
    objections: ObjectionsInbox
    counters: Counters
    scorecards: Scorecards
    pace: Pace

    @property
    def book(self) -> Book:
        """Return the book of lists."""
        return self.lists.book


def assemble(parts: Parts) -> Node:
    """Construct the rooms from the bottom floor up."""
    me, clock, ids, directory = parts.identity.authority, parts.clock, parts.ids, parts.directory
    bus = Bus(clock)
    ledger = Ledger(parts.log_origin, parts.log_signer)
    access = Access(
        me=me,
        exercise=parts.identity.exercise,
        connected={"bank": parts.banks, "telco": parts.telcos},
        vault=parts.vault or VaultKey.generate(),
        ledger=ledger,
        ledger_clock=clock,
    )
    judge = Judge(
        parts.table,
        jurisdiction_of=directory.jurisdiction_of,
        exercise=parts.identity.exercise,
        clock=clock,
    )
    standings = Standings(me=me, directory=directory, ledger=ledger, clock=clock, ids=ids)
    approvals = Approvals(
        me=me,
        jurisdiction=parts.table.jurisdiction,
        competent=parts.competent,
        ledger=ledger,
        clock=clock,
        ids=ids,
    )
    border = Border(
        me=me,
        judge=judge,
        leaving=Leaving(me=me, judge=judge, approvals=approvals, standing_of=standings.of, clock=clock),
        approvals=approvals,
        ledger=ledger,
        bus=bus,
        signer=partial(parts.identity.signer_now, directory),
        standing_of=standings.of,
        clock=clock,
        ids=ids,
    )
    exchange = Exchange(
        identity=parts.identity,
        engine=parts.engine,
        border=border,
        directory=directory,
        standing_of=standings.of,
        clock=clock,
        ids=ids,
        verify=parts.verify,
    )
    is_own_bank = parts.banks.__contains__
    journal = Journal(me=me, ledger=ledger, ids=ids)
    place_of = _places(parts)
    asking = Asking(
        contact=parts.contact,
        place_of=place_of,
        border=border,
        judge=judge,
        bus=bus,
        clock=clock,
        ids=ids,
    )
    chase = Chase(
        me=me,
        place_of=place_of,
        asking=asking,
        judge=judge,
        bus=bus,
        clock=clock,
    )
    orders = Orders(
        me=me,
        head=Head(authority=parts.name, language=parts.language, exercise=parts.identity.exercise),
        contact=parts.contact,
        appeal_address=lambda: parts.directory.member(me).public_url,
        own_banks=parts.banks,
        kinds=parts.kinds,
        may_approve=parts.may_approve or access.may_approve,
        chase=chase,
        border=border,
        judge=judge,
        journal=journal,
        bus=bus,
        clock=clock,
        ids=ids,
    )
    effects = Effects(orders=orders, border=border, clock=clock)
    amendments = Amendments(
        me=me,
        chase=chase,
        orders=orders,
        effects=effects,
        judge=judge,
        journal=journal,
        bus=bus,
        clock=clock,
        ids=ids,
    )
    undo = Undo(chase=chase, amendments=amendments, border=border, clock=clock, ids=ids)
    returns = Returns(
        chase=chase, orders=orders, amendments=amendments, effects=effects, place_of=place_of, clock=clock, ids=ids
    )

    def is_heard(tx: Transaction, peer: str) -> bool:
        return bool(directory.jurisdiction_of(peer)) and standings.of(tx, peer) != "severed"

    redress_key = parts.redress_key or secrets.token_bytes(32)
    lists = Lists(
        me=me,
        redress_key=redress_key,
        peers=lambda: [member.authority for member in directory.peers(me)],
        is_heard=is_heard,
        may_approve=parts.may_approve or access.may_approve,
        numbers=Numbers(parts.table.jurisdiction),
        signer=partial(parts.identity.signer_now, directory),
        border=border,
        judge=judge,
        ledger=ledger,
        bus=bus,
        clock=clock,
        ids=ids,
    )
    senders = Senders(
        me=me,
        place=parts.table.jurisdiction,
        redress_key=redress_key,
        jurisdiction_of=directory.jurisdiction_of,
        peers=lambda tx: [each.authority for each in directory.peers(me) if is_heard(tx, each.authority)],
        signer=partial(parts.identity.signer_now, directory),
        border=border,
        ledger=ledger,
        clock=clock,
        ids=ids,
    )
    redress = Redress(
        me=me,
        book=lists.book,
        say=lists.telling.say,
        name_of=partial(_name_of, parts),
        contact=parts.contact,
        clock=clock,
        ids=ids,
    )
    node = Node(
        parts=parts,
        bus=bus,
        ledger=ledger,
        access=access,
        watch=Watch(clock),
        judge=judge,
        approvals=approvals,
        border=border,
        review=Review(
            border=border,
            ledger=ledger,
            bus=bus,
            standing_of=standings.of,
            keys_of=lambda peer: frozenset(key.key_id for key in directory.keys(peer)),
            clock=clock,
        ),
        exchange=exchange,
        standings=standings,
        days=Days(identity=parts.identity, border=border, directory=parts.directory, clock=clock, verify=parts.verify),
        reads=Reads(me=me, ledger=ledger, clock=clock, ids=ids),
        reads_abroad=ReadsAbroad(
            identity=parts.identity, border=border, directory=directory, clock=clock, verify=parts.verify
        ),
        intake=Intake(jurisdiction=parts.table.jurisdiction, is_own_bank=is_own_bank, bus=bus, clock=clock, ids=ids),
        tracing=Tracing(is_own_bank=is_own_bank, bus=bus, clock=clock, ids=ids),
        chase=chase,
        orders=orders,
        amendments=amendments,
        endings=Endings(chase=chase, orders=orders, effects=effects, bus=bus, clock=clock, ids=ids),
        appeals=Appeals(orders=orders, amendments=amendments, clock=clock, ids=ids),
        undo=undo,
        comparison=Comparison(exercise=parts.identity.exercise),
        clocks=Clocks(bus=bus, clock=clock, ids=ids),
        returns=returns,
        rail=Rail(authority=parts.name, orders=orders, returns=returns, clock=clock),
        inbox=Inbox(border=border, chase=chase, orders=orders, amendments=amendments, undo=undo),
        calls_abroad=CallsAbroad(me=me, judge=judge, ledger=ledger, clock=clock, ids=ids),
        lists=lists,
        senders=senders,
        redress=redress,
        objections=ObjectionsInbox(border=border, redress=redress),
        counters=Counters(clock=clock),
        scorecards=Scorecards(operators=parts.telcos, clock=clock),
        pace=Pace(clock=clock),
    )
    bus.subscribe(hearings(node))
    return node


def hearings(node: Node) -> list[Hearing]:
    """Return the table of who hears what: hearer, events, what it does with them."""

    def claim(tx: Transaction, event: ReportFiled | HarmReported) -> None:
        if isinstance(event, HarmReported):
            node.chase.mark_urgent(tx, event.case)
        elif event.claim is not None:
            find = event.claim.find
            node.chase.open_claim(
                tx,
                event.case,
                event.scheme,
                amount_minor=find.amount_minor,
                currency=find.currency,
                officer=event.officer,
                urgent=event.urgent,
            )

    def follow(tx: Transaction, event: ReportFiled) -> None:
        if event.claim is not None:
            node.tracing.ask(tx, event.case, event.claim.bank, find=event.claim.find, question=event.case)

    def follow_on(tx: Transaction, event: MovedOn) -> None:
        node.tracing.ask(tx, event.case, event.baton.holder, baton=event.baton, question=event.share)

    def located(tx: Transaction, event: TraceAnswered) -> None:
        node.chase.located(tx, event.question, event.bank, event.answer)

    return [
        Hearing("requests.claim", (ReportFiled, HarmReported), claim),
        Hearing("trace.follow", (ReportFiled,), follow),
        Hearing("trace.follow_on", (MovedOn,), follow_on),
        Hearing("requests.located", (TraceAnswered,), located),
        Hearing("requests.opened", (HoldOpened,), node.orders.opened),
        Hearing("requests.admitted", (Admitted,), node.inbox.admitted),
        Hearing("requests.receipted", (ReceiptAnswered,), node.inbox.receipted),
        Hearing("telco.admitted", (Admitted,), node.lists.admitted),
        Hearing("telco.receipted", (ReceiptAnswered,), node.lists.receipted),
        Hearing("telco.carry_on", (ListsChanged,), node.lists.carry_on),
        Hearing("telco.joined", (PeerJoined,), node.lists.telling.joined),
        Hearing("telco.objections", (Admitted,), node.objections.admitted),
        Hearing("telco.senders", (Admitted,), node.senders.admitted),
    ]


def _places(parts: Parts) -> Callable[[str], Place]:
    def place_of(bank: str) -> Place:
        if bank in parts.banks:
            return Place(parts.identity.authority, own=True)
        return Place(parts.abroad.get(bank, ""), own=False)

    return place_of


def _name_of(parts: Parts, authority: str) -> str:
    """Name an authority as people read it; "" is this one."""
    known = {member.authority: member.name for member in parts.directory.peers(parts.identity.authority)}
    return known.get(authority, authority) if authority else parts.name
