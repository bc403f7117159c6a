"""Two real authorities with two banks each, in one process: real rooms on real databases, a wire that hands envelopes over.

Whoever holds the keys of a member can write by hand (``Hand``), as a corrupt member would.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
from sqlalchemy import select
from tests.integration.engines import Fresh

from lintas.access import key_store as api_keys
from lintas.bank.agent import Agent
from lintas.bank.core import Core
from lintas.border.records import Refusal
from lintas.cli.demo import story
from lintas.cli.demo.cast import A1, A2, B1, B2, CAST
from lintas.exchange.directory import Directory
from lintas.exchange.service import LANES, Identity
from lintas.intake.records import Report, ReportForm
from lintas.ledger.checkpoint import log_key
from lintas.ledger.cosignature import witness_key
from lintas.model.errors import Refused
from lintas.model.ids import IdSource
from lintas.model.tainted import LedgerAnswer
from lintas.node.assembly import Node, Parts, assemble, everybody
from lintas.node.views import CaseView, read_case
from lintas.policy.shipped import shipped_table
from lintas.policy.table import PolicyTable
from lintas.requests.records import Bar, Hold, Order
from lintas.storage.address import Address, Place
from lintas.storage.engine import Transaction, open_engine, reading
from lintas.storage.schema import metadata
from lintas.storage.writer import SerialWriter, UseCase
from lintas.trace.records import TraceQuestion
from lintas.trust.certificates import self_signed
from lintas.trust.charter import Charter, Member, SignedCharter, SigningKey, WitnessEntry, endorse, write_charter
from lintas.trust.keys import Ed25519Signer, KemKey

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
XA, XB, XB2 = "xa-asc", "xb-asc", "xb-fiu"
BANKS = {XA: (A1, A2), XB: (B1, B2), XB2: ()}
T = TypeVar("T")

#: Owned by rooms that a test of keys imports on its own.
assert api_keys.api_keys.metadata is metadata


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class Keys(NamedTuple):
    """Everything secret of one member."""

    authority: str
    signer: Ed25519Signer
    kem: KemKey
    log: Ed25519Signer
    member: Member


@cache
def keys_of(authority: str) -> Keys:
    """Make a member's keys, the same in every run except for the certificate."""
    seed = hashlib.sha256(authority.encode()).digest()
    signer = Ed25519Signer.from_seed(f"{authority}/signing", seed)
    log = Ed25519Signer.from_seed(f"{authority}/log", hashlib.sha256(seed + b"log").digest())
    witness = Ed25519Signer.from_seed(f"{authority}-witness", hashlib.sha256(seed + b"witness").digest())
    kem = KemKey.from_seed(hashlib.sha256(seed + b"kem").digest())
    member = Member(
        authority=authority,
        jurisdiction=authority[:2].upper(),
        name=f"The Authority {authority}",
        signing_keys=(SigningKey(key=signer.public),),
        kem_public=kem.public,
        tls_certificate=self_signed([f"{authority}.example"], now=NOW).certificate_pem,
        exchange_url=f"https://{authority}.example:8444",
        public_url=f"https://{authority}.example:8443",
        log_vkey=str(log_key(f"{authority}.lintas.example/log", log)),
        witness=WitnessEntry(
            name=f"{authority}-witness",
            vkey=str(witness_key(f"{authority}-witness", witness)),
            url=f"http://{authority}.example:8931",
        ),
    )
    return Keys(authority, signer, kem, log, member)


@cache
def charter() -> SignedCharter:
    """Write the charter that lists all three and is endorsed by each."""
    members = tuple(keys_of(name).member for name in BANKS)
    signed = write_charter(Charter(version=1, exercise=True, quorum=3, members=members))
    for name in BANKS:
        signed = endorse(signed, name, keys_of(name).signer)
    return signed


@cache
def table(jurisdiction: str) -> PolicyTable:
    """Load a shipped table once: reading it takes longer than most tests."""
    return PolicyTable.load(shipped_table(jurisdiction), source=f"{jurisdiction}.yaml")


@cache
def world(seed: int, thefts: int) -> tuple[story.World, dict[str, dict[str, bytes]]]:
    """Make the world of a seed once, and the files of every bank's ledger."""
    made = story.build(seed, NOW, thefts=thefts, order=CAST[:2])
    return made, {code: books.files(NOW) for code, books in made.books.items()}


@cache
def no_client() -> httpx.AsyncClient:
    """Return a client that never calls: the agent's HTTP is tested elsewhere, here its answers are handed over."""
    return httpx.AsyncClient(verify=False)  # noqa: S501 — it is never used


class Desk:
    """One authority: its node, and what its people and its doors do."""

    def __init__(self, authority: str, database: Place, clock: SetClock) -> None:
        mine = keys_of(authority)
        self.authority, self.clock, self.database = authority, clock, database
        self.engine = open_engine(database)
        self.directory = Directory(charter(), clock)
        self.node: Node = assemble(
            Parts(
                identity=Identity(authority, mine.signer, mine.kem, exercise=True),
                name=mine.member.name,
                contact=f"duty-desk@{authority}.example",
                engine=self.engine,
                directory=self.directory,
                table=table(mine.member.jurisdiction),
                log_signer=mine.log,
                log_origin=f"{authority}.lintas.example/log",
                banks=frozenset(BANKS[authority]),
                abroad={bank: owner for owner, banks in BANKS.items() if owner != authority for bank in banks},
                clock=clock,
                ids=IdSource(clock),
                may_approve=everybody,
            )
        )
        self.writer = SerialWriter(self.engine)

    def do(self, use_case: UseCase[T]) -> T:
        """Run one use case, commit, and let everybody hear of it."""
        result = self.writer.submit(use_case).result(0)
        self.node.bus.pump(self.engine, self.writer)
        return result

    def ask(self, question: Callable[[Transaction], T]) -> T:
        """Answer a question from a snapshot."""
        with reading(self.engine) as tx:
            return question(tx)

    # ---- the doors

    def file(self, form: ReportForm | dict[str, str], officer: str = "Officer Asha Tor") -> Report:
        """File a report as the API does."""
        filled = form if isinstance(form, ReportForm) else ReportForm(**form)  # type: ignore[arg-type] # texts only
        _, use_case = self.node.intake.read(filled)
        return self.do(lambda tx: use_case(tx, officer))

    def receive(self, wire: bytes, sender: str) -> bytes:
        """Take an envelope as the peers' door does: the receipt, or Refused after it was recorded."""
        exchange = self.node.exchange
        try:
            opened = exchange.open(wire, sender=sender)
            return self.do(lambda tx: exchange.admit(tx, opened))
        except Refused as wrong:
            refusal = wrong
            self.do(lambda tx: exchange.note_refusal(tx, wire, sender, refusal))
            raise

    def take_receipt(self, wire: bytes) -> None:
        """Take a receipt as the delivery does."""
        receipt = self.node.exchange.check_receipt(wire)
        self.do(lambda tx: self.node.exchange.take_receipt(tx, receipt, wire))

    def send(self, to: "Desk") -> int:
        """Deliver what is due to one peer; returns how many envelopes."""
        sent = 0
        for lane in LANES:
            while (due := self.node.exchange.to_send(to.authority, lane)) is not None:
                wire = due if isinstance(due, bytes) else self.do(due)
                self.take_receipt(to.receive(wire, self.authority))
                sent += 1
        return sent

    # ---- what people see

    def case(self, case: str) -> CaseView:
        """Read a case as its page does."""
        return self.ask(lambda tx: read_case(self.node, tx, case))

    def bar(self, case: str) -> Bar:
        """Return a case's bar, which must add up at every moment."""
        bar = self.ask(lambda tx: self.node.chase.bar(tx, case))
        assert bar is not None
        assert bar.exact
        return bar

    def holds(self, state: str | None = None) -> list[Hold]:
        """Return holds in one state, or all."""
        return self.ask(lambda tx: self.node.orders.pending(tx, state))

    def approve(self, hold: str, officer: str = "Officer Dena Holt") -> Order:
        """Approve a hold in an officer's name, where one is enough."""
        order = self.do(lambda tx: self.node.orders.approve(tx, hold, officer))
        assert order is not None
        return order

    def refusals(self) -> list[Refusal]:
        """Return what was stopped, newest first."""
        return self.ask(self.node.border.refusals)

    @property
    def setting(self) -> str:
        """Return where the database is as the settings say it."""
        if isinstance(self.database, Address):
            parts = self.database.parts
            return f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}"
        return str(self.database)

    def dump(self, *but: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table, except those whose name begins like one of ``but``; refusals never count."""
        with reading(self.engine) as tx:
            return {
                name: sorted((tuple(row) for row in tx.execute(select(each))), key=repr)
                for name, each in metadata.tables.items()
                if not name.startswith(("border_refusals", *but))
            }


@dataclass
class Bank:
    """One bank: its real ledger files, traced and held by the agent's own code; a script may answer instead."""

    agent: Agent
    code: str
    locate: Callable[[TraceQuestion], LedgerAnswer] = field(init=False)
    carry_out: Callable[[Order], LedgerAnswer | str] = field(init=False)

    def __post_init__(self) -> None:
        self.locate, self.carry_out = self.agent.locate, self.agent.carry_out

    def work(self, desk: Desk) -> int:
        """Answer what the authority asks; a text instead of an answer is a refusal with that reason."""
        tracing, orders, amendments = desk.node.tracing, desk.node.orders, desk.node.amendments
        questions = desk.ask(lambda tx: tracing.work(tx, self.code))
        for question in questions:
            located = self.locate(question)
            desk.do(lambda tx, q=question, a=located: tracing.answer(tx, self.code, q.id, a))  # type: ignore[misc] # bound now
        waiting = desk.ask(lambda tx: orders.work(tx, self.code))
        for order in waiting:
            done = self.carry_out(order)
            if isinstance(done, str):
                desk.do(lambda tx, o=order, why=done: orders.bank_refuses(tx, self.code, o.id, why))  # type: ignore[misc]
            else:
                desk.do(lambda tx, o=order, a=done: orders.bank_answers(tx, self.code, o.id, a))  # type: ignore[misc]
        # What is to be paid back is paid by people.
        amended = [each for each in desk.ask(lambda tx: amendments.work(tx, self.code)) if each.kind != "return"]
        for each in amended:
            why = self.agent.amend(each)
            if why:
                desk.do(lambda tx, a=each, w=why: amendments.bank_refuses(tx, self.code, a.id, w))  # type: ignore[misc]
            else:
                desk.do(lambda tx, a=each: amendments.bank_done(tx, self.code, a.id))  # type: ignore[misc]
        return len(questions) + len(waiting) + len(amended)


class Town:
    """Both authorities, their banks, and the wire between them."""

    def __init__(self, folder: Path, fresh: Fresh, *, seed: int = 1, thefts: int = 1) -> None:
        self.clock = SetClock()
        self.world, self._files = world(seed, thefts)
        self.desks = {name: Desk(name, fresh(name), self.clock) for name in (XA, XB)}
        self.banks = {code: self._bank(folder / code, code) for code in self.world.books}

    @property
    def xa(self) -> Desk:
        """Return the asking authority."""
        return self.desks[XA]

    @property
    def xb(self) -> Desk:
        """Return the holding authority."""
        return self.desks[XB]

    def _bank(self, folder: Path, code: str) -> Bank:
        folder.mkdir()
        for name, data in self._files[code].items():
            (folder / name).write_bytes(data)
        return Bank(Agent(Core(folder, code), no_client(), self.clock), code)

    def banks_work(self) -> int:
        """Let every bank answer what waits for it."""
        return sum(self.banks[code].work(self.desks[owner]) for owner in self.desks for code in BANKS[owner])

    def deliver(self) -> int:
        """Carry envelopes both ways."""
        return self.xa.send(self.xb) + self.xb.send(self.xa)

    def settle(self) -> None:
        """Let banks and wire work until nothing happens any more."""
        for _ in range(50):
            if self.banks_work() + self.deliver() == 0:
                return
        raise AssertionError("the town never comes to rest")

    def form(self, number: int = 0) -> dict[str, str]:
        """Return the report form of one theft."""
        return dict(self.world.thefts[number].form)

    def asked(self) -> tuple[Report, Hold]:
        """Play the story until the request waits abroad: the report at xa, the hold at xb."""
        report = self.xa.file(self.form())
        self.settle()
        (waiting,) = self.xb.holds("awaiting_approval")
        return report, waiting

    def close(self) -> None:
        """Close the databases."""
        for desk in self.desks.values():
            desk.engine.dispose()
