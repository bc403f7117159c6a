"""Authorities that list and take back in simulated time: real rooms on real databases, a gateway beside each, and a wire.

The wire delays and can be parted; senders give up and pause as ``lintas.node.delivery`` does. What a step of a node takes to
compute is added to simulated time, so that a slow node is slow here too.
"""

import functools
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, TypeVar

import msgspec
from tests.integration.engines import template
from tests.simulation import law, signers
from tests.simulation.network import Timeline

from lintas.exchange.directory import Directory
from lintas.exchange.service import LANES, Identity
from lintas.gateway.following.chain import Following
from lintas.model import times
from lintas.model.ids import IdSource
from lintas.model.listings import Subject
from lintas.model.messages import Lane
from lintas.model.times import Clock
from lintas.node.assembly import Node, Parts, assemble, everybody
from lintas.node.delivery import FIRST_PAUSE, LONGEST_PAUSE, TIMEOUT_SECONDS
from lintas.node.list_bases import ListBases
from lintas.policy.shipped import shipped_table
from lintas.policy.table import PolicyTable
from lintas.storage.engine import Transaction, open_engine, reading
from lintas.storage.writer import SerialWriter, UseCase
from lintas.telco.book.records import Enforced, Kept, Proposal
from lintas.trust.charter import SigningKey
from lintas.trust.keys import Ed25519Signer
from lintas.trust.note import ed25519_key

#: One way between two countries, seconds; measured paths inside Asia are 0.01 to 0.1.
WAY = (0.01, 0.15)
#: Inside a country, between a node and its gateway.
NEAR = (0.002, 0.02)
SUBJECTS: tuple[Subject, ...] = ("number", "range", "url", "domain", "sender_id", "wallet")
FIRST, SECOND, PROPOSER = "Officer One", "Officer Two", "Officer Zero"

T = TypeVar("T")


class Sample(NamedTuple):
    """How long a decision took to be enforced at one gateway, in simulated seconds, from ``at`` on."""

    kind: Literal["listing", "withdrawal"]
    at: float
    seconds: float
    gateway: str


class Wanted(msgspec.Struct):
    """What a gateway is to have in force since when."""

    kind: Literal["listing", "withdrawal"]
    number: int
    at: float


@functools.cache
def table(jurisdiction: str) -> PolicyTable:
    """Return the shipped table of a fictional jurisdiction."""
    return PolicyTable.load(shipped_table(jurisdiction), source=jurisdiction)


class Authority:
    """One authority with its node and one gateway."""

    def __init__(self, world: "World", cast: law.Cast, signer: Ed25519Signer, database: Path) -> None:
        self.world, self.name, self._rng = world, cast.authority, Random(f"{world.seed} {cast.authority}")
        self.engine = open_engine(database)
        clock: Clock = SimulatedClock(world.timeline)
        self.node: Node = assemble(
            Parts(
                identity=Identity(self.name, signer, signers.kem_key(self.name), exercise=True),
                name=self.name,
                contact=f"desk@{self.name}.example",
                engine=self.engine,
                directory=Directory(world.charter, clock),
                table=table(cast.jurisdiction),
                log_signer=signers.log_signer(self.name),
                log_origin=signers.log_origin(self.name),
                banks=frozenset(),
                abroad={},
                clock=clock,
                ids=IdSource(clock, self._rng.randbytes),
                may_approve=everybody,
            )
        )
        self.signer = signer
        self.writer = SerialWriter(self.engine)
        self.bases = ListBases(database.with_suffix(".lists"), self.engine, self.node.lists.publishing)
        key = ed25519_key(signer.name, signer)
        self.gateway = Following(database.with_suffix(".gateway"), [key], clock=lambda: clock.now().timestamp())
        self._busy: set[tuple[str, Lane]] = set()
        self._pauses: dict[tuple[str, Lane], float] = {}
        self._polling = self._looking = False
        self.wanted: list[Wanted] = []
        #: A planted bug may stand between.
        self.on_admit: Callable[[bytes], bool] = lambda _wire: True

    # ---- the node

    def do(self, use_case: UseCase[T]) -> T:
        """Run a use case; whoever waits for commits looks after the time that it took."""
        began = time.process_time()
        result = self.writer.submit(use_case).result(0)
        self.touch(time.process_time() - began)
        return result

    def touch(self, took: float) -> None:
        """Let events be heard, peers be sent to and the gateway's poll be answered, a moment later."""
        if not self._looking:
            self._looking = True
            self.world.timeline.after(took + 0.002, self._look)

    def _look(self) -> None:
        self._looking = False
        began = time.process_time()
        self.node.bus.pump(self.engine, self.writer)
        took = time.process_time() - began
        for peer in self.world.authorities:
            if peer != self.name:
                for lane in LANES:
                    self.world.timeline.after(took, functools.partial(self.send, peer, lane))
        self.world.timeline.after(took + self._rng.uniform(*NEAR), self._poll)

    def ask(self, question: Callable[[Transaction], T]) -> T:
        """Answer from a snapshot."""
        with reading(self.engine) as tx:
            return question(tx)

    # ---- sending, as delivery does

    def send(self, peer: str, lane: Lane) -> None:
        """Send what is due to a peer, unless an attempt or a pause is under way."""
        if (peer, lane) in self._busy:
            return
        began = time.process_time()
        due = self.node.exchange.to_send(peer, lane)
        if due is None:
            return
        self._busy.add((peer, lane))
        wire = due if isinstance(due, bytes) else self.writer.submit(due).result(0)
        took = time.process_time() - began
        if self.world.parted(self.name, peer):
            self.world.timeline.after(took + TIMEOUT_SECONDS, functools.partial(self._failed, peer, lane))
            return
        arrives = functools.partial(self.world.authorities[peer].receive, wire, self.name, lane)
        self.world.timeline.after(took + self._rng.uniform(*WAY), arrives)

    def _failed(self, peer: str, lane: Lane) -> None:
        pause = self._pauses.get((peer, lane), FIRST_PAUSE)
        self._pauses[peer, lane] = min(2 * pause, LONGEST_PAUSE)
        self.world.timeline.after(pause, functools.partial(self._again, peer, lane))

    def _again(self, peer: str, lane: Lane) -> None:
        self._busy.discard((peer, lane))
        self.send(peer, lane)

    def receive(self, wire: bytes, sender: str, lane: Lane) -> None:
        """Admit an envelope and answer with the receipt."""
        began = time.process_time()
        exchange = self.node.exchange
        opened = exchange.open(wire, sender=sender)
        receipt = self.writer.submit(lambda tx: exchange.admit(tx, opened)).result(0)
        took = time.process_time() - began
        self.touch(took)
        back = functools.partial(self.world.authorities[sender].answered, receipt, self.name, lane)
        self.world.timeline.after(took + self._rng.uniform(*WAY), back)

    def answered(self, wire: bytes, peer: str, lane: Lane) -> None:
        """Take a receipt and send what is next."""
        receipt = self.node.exchange.check_receipt(wire)
        self.do(lambda tx: self.node.exchange.take_receipt(tx, receipt, wire))
        self._pauses.pop((peer, lane), None)
        self._busy.discard((peer, lane))
        self.send(peer, lane)

    # ---- the gateway, as its follower does

    def _poll(self) -> None:
        if self._polling:
            return
        self._polling = True
        began = time.process_time()
        publishing = self.node.lists.publishing
        if self.gateway.wants == "base":
            found = self.bases.now("calls", self.signer)
            fresh = self.gateway.directory.path / ".fetched"
            shutil.copyfile(found.path, fresh)
            self.gateway.take_base(fresh, found.path.with_name("manifest").read_bytes(), self.node.lists.redress_key)
        taken = self.gateway.take_deltas(self.ask(lambda tx: publishing.after(tx, "calls", self.gateway.version)))
        took = time.process_time() - began
        self.world.timeline.after(took + self._rng.uniform(*NEAR), functools.partial(self._enforced, taken))

    def _enforced(self, taken: int) -> None:
        self._polling = False
        self._measure()
        if taken:
            at = times.render(self.world.timeline.now)
            said = Enforced("gw-1", self.gateway.version, at)
            self.do(lambda tx: self.node.lists.publishing.enforced(tx, "calls", "XTEL", said))

    def _measure(self) -> None:
        held, still = self.gateway.snapshot, []
        for each in self.wanted:
            listed = held is not None and held.find(each.number) is not None
            if listed == (each.kind == "listing"):
                now = self.world.timeline.seconds
                self.world.samples.append(Sample(each.kind, each.at, now - each.at, self.name))
            else:
                still.append(each)
        self.wanted = still

    # ---- people

    def adopt(self, peer: str, officer: str) -> None:
        """Let an officer say that what a peer lists is enforced here."""
        self.do(lambda tx: self.node.lists.sources.adopt(tx, peer, SUBJECTS, officer))

    def propose(self, value: str) -> Kept:
        """Propose a number and approve it: decided now."""
        form = Proposal(subject="number", value=value, reason="calls as a bank")
        kept = self.writer.submit(lambda tx: self.node.book.propose(tx, form, PROPOSER)).result(0)
        self.world.expect("listing", value)
        return self.do(lambda tx: self.node.book.approve(tx, kept.id, FIRST))

    def withdraw(self, entry: str, value: str) -> Kept:
        """Take an entry back."""
        self.world.expect("withdrawal", value)
        return self.do(lambda tx: self.node.book.withdraw(tx, entry, FIRST, "it was a mistake"))


class SimulatedClock:
    """The time of a world."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def now(self) -> datetime:
        """Return the simulated time."""
        return self._timeline.now


class World:
    """All authorities, and what happened."""

    def __init__(self, folder: Path, seed: int, members: Iterable[law.Cast] = law.HONEST) -> None:
        self.seed, self.rng, self.timeline = seed, Random(seed), Timeline()
        self.samples: list[Sample] = []
        self.entries: dict[str, tuple[str, str]] = {}
        self._islands: frozenset[str] = frozenset()
        casts = tuple(members)
        keys = {cast.authority: Ed25519Signer(cast.authority, self.rng.randbytes(32)) for cast in casts}
        listed = [
            signers.member(cast.authority, cast.jurisdiction, [SigningKey(key=keys[cast.authority].public)])
            for cast in casts
        ]
        self.charter = signers.charter(listed, len(listed), keys.items(), None)
        empty = template(folder)
        self.authorities: dict[str, Authority] = {}
        for cast in casts:
            database = folder / f"{cast.authority}.db"
            shutil.copyfile(empty, database)
            self.authorities[cast.authority] = Authority(self, cast, keys[cast.authority], database)
        for one in self.authorities.values():
            one.gateway.open()
            for peer in self.authorities:
                for officer in (FIRST, SECOND):
                    if peer != one.name:
                        one.adopt(peer, officer)
            one._poll()
        self.timeline.run(5)

    def close(self) -> None:
        """Let go of the databases."""
        for each in self.authorities.values():
            each.engine.dispose()

    # ---- the wire

    def part(self, island: Iterable[str]) -> None:
        """Cut these authorities off from the others; their own gateways stay with them."""
        self._islands = frozenset(island)

    def join(self) -> None:
        """Make the wire whole."""
        self._islands = frozenset()

    def parted(self, one: str, other: str) -> bool:
        """Tell whether nothing passes between two."""
        return (one in self._islands) != (other in self._islands)

    # ---- what happens

    def expect(self, kind: Literal["listing", "withdrawal"], value: str) -> None:
        """From now on every gateway is to have this in force."""
        number, at = int(value[1:]), self.timeline.seconds
        for each in self.authorities.values():
            each.wanted = [old for old in each.wanted if old.number != number]
            each.wanted.append(Wanted(kind, number, at))

    def act(self) -> None:
        """Let somebody list a number or take one back."""
        if self.entries and self.rng.random() < 0.4:
            value = self.rng.choice(sorted(self.entries))
            owner, entry = self.entries.pop(value)
            self.authorities[owner].withdraw(entry, value)
            return
        owner = self.rng.choice(sorted(self.authorities))
        value = f"+9997{len(self.samples):05d}{self.rng.randrange(1000):03d}"
        if value not in self.entries:
            self.entries[value] = (owner, self.authorities[owner].propose(value).id)

    def run(self, seconds: float, acts: int) -> None:
        """Let so many acts happen at random moments of the next seconds."""
        for _ in range(acts):
            self.timeline.after(self.rng.uniform(0, seconds), self.act)
        self.timeline.run(seconds)

    # ---- what must hold

    def missing(self) -> list[str]:
        """Return what some gateway still has not in force, and withdrawals that somebody has not confirmed."""
        found = [
            f"{each.name}: {one.kind} of +{one.number}" for each in self.authorities.values() for one in each.wanted
        ]
        for each in self.authorities.values():
            for told in each.ask(each.node.lists.telling.unconfirmed):
                found.append(f"{each.name}: {told.peer} has not confirmed {told.batch}")
            for refusal in each.ask(each.node.border.refusals):
                found.append(f"{each.name}: {refusal.peer} {refusal.what}")
        return found


def percentile(samples: Iterable[float], part: float) -> float:
    """Return a percentile, 0 for no samples."""
    ordered = sorted(samples)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0
