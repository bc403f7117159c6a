"""One authority's machine in a simulated world: the real rooms of a node on a simulated disk, dying and coming back."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from tests.simulation import database, law, signers
from tests.simulation.chronicle import Chronicle, Sealed
from tests.simulation.disk import Disk
from tests.simulation.network import Network, SkewedClock, Timeline

from lintas.border.service import Replay
from lintas.bus.store import outbox
from lintas.exchange import store as exchange_store
from lintas.exchange.directory import Directory
from lintas.exchange.service import Identity
from lintas.model import times
from lintas.model.errors import LintasError, Refused
from lintas.model.ids import IdSource
from lintas.model.messages import Lane
from lintas.node.assembly import Node, Parts, assemble, everybody
from lintas.storage.engine import Transaction, reading
from lintas.storage.writer import UseCase
from lintas.trust.charter import SignedCharter
from lintas.trust.envelope import Opened, header_sha256
from lintas.trust.keys import Signer
from lintas.trust.receipt import Receipt

LANE: Lane = "urgent"
#: How long a sender waits for a receipt, and how its pauses grow (seconds).
PATIENCE, FIRST_PAUSE, LONGEST_PAUSE = 3.0, 0.2, 10.0
#: How soon a change is looked at: changes meanwhile are looked at together (seconds).
LOOK = 1.5
#: How often a machine looks what its clocks have ended (seconds); a node does each second.
BEAT = 25.0

_PEERS = select(outbox.c.peer).distinct()

T = TypeVar("T")
Respond = Callable[[bytes | None], None]
Post = Callable[[str, str, bytes, Respond], None]


class Sending(msgspec.Struct):
    """Where a machine stands with one peer: whether it waits for a receipt, since which attempt, and its next pause."""

    busy: bool = False
    attempt: int = 0
    pause: float = FIRST_PAUSE


class World(msgspec.Struct, frozen=True):
    """What machines share without knowing it."""

    seed: int
    timeline: Timeline
    network: Network
    chronicle: Chronicle
    keyring: signers.Keyring
    first_charter: SignedCharter
    post: Post


class Machine:
    """One machine; ``life`` counts how often its program was started, and what an earlier life planned does not happen."""

    def __init__(self, cast: law.Cast, world: World, signer: Signer) -> None:
        self.cast, self.name, self.world, self.chronicle = cast, cast.authority, world, world.chronicle
        self.disk = Disk(Random(f"disk {world.seed} {self.name}").getrandbits(32))
        self.clock = SkewedClock(world.timeline)
        self.signer = signer
        self.ids = IdSource(self.clock, Random(f"ids {world.seed} {self.name}").randbytes)
        self.rng = Random(f"machine {world.seed} {self.name}")
        self.up, self.life = False, 0
        self.sendings: dict[str, Sending] = {}
        self.on_work: Callable[[], None] = lambda: None
        self._looking = False
        self.engine = database.open_database(self.disk)
        database.make_tables(self.engine)
        self.engine.dispose()

    # ---- life and death

    def start(self) -> None:
        """Start the program, as ``lintas.node.home.open_home`` does; LintasError or DBAPIError when it cannot."""
        self.engine = database.open_database(self.disk)
        directory = Directory(self.world.first_charter, self.clock, self.world.keyring.verify)
        with reading(self.engine) as tx:
            newer = exchange_store.charters_after(tx, self.world.first_charter.charter.version)
        for adopted in newer:
            at = times.parse(adopted.adopted_at)
            directory.use(directory.check_successor(adopted.document, at), at)
        self.node = self._assemble(directory)
        self.writer = database.NotingWriter(self.engine, partial(self.chronicle.tree, self.name))
        self.life += 1
        self.up, self._looking = True, False
        self.sendings = {cast.authority: Sending() for cast in law.EVERYBODY if cast != self.cast}
        self.touch()
        self.later(self.rng.uniform(0, BEAT), self._beat)

    def _assemble(self, directory: Directory) -> Node:
        return assemble(
            Parts(
                identity=Identity(self.name, self.signer, signers.kem_key(self.name), exercise=True),
                name=f"Authority {self.name}",
                contact=f"desk@{self.name}.example",
                engine=self.engine,
                directory=directory,
                table=law.table(self.name),
                log_signer=signers.log_signer(self.name),
                log_origin=signers.log_origin(self.name),
                banks=frozenset(self.cast.banks),
                abroad=law.BANK_OF,
                clock=self.clock,
                ids=self.ids,
                may_approve=everybody,
                verify=self.world.keyring.verify,
            )
        )

    def stop(self) -> None:
        """End the program."""
        self.up = False
        self.life += 1
        self.engine.dispose()

    def _perhaps_dead(self) -> None:
        if self.up and self.disk.dark:
            self.chronicle.counts["crash"] += 1
            self.stop()
            self.world.timeline.after(self.rng.uniform(1, 25), self.restart)

    def restart(self) -> None:
        """Switch on again after a crash, with whatever the disk kept."""
        if self.up:
            return
        self.disk.restart()
        self.disk.heal()
        try:
            self.start()
        except (LintasError, DBAPIError) as wrong:
            self.engine.dispose()
            if not self.disk.dark:
                self.chronicle.wrong(f"{self.name} does not start: {wrong}")
            self.world.timeline.after(5, self.restart)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let this life of the program do something later."""
        self.world.timeline.after(seconds, partial(self._live, self.life, act))

    def _live(self, life: int, act: Callable[[], None]) -> None:
        if self.up and self.life == life:
            act()
            self._perhaps_dead()

    def mend(self) -> None:
        """Let a technician look after the machine: a healthy disk, the right time, no death planned, switched on."""
        self.disk.heal()
        self.clock.error = timedelta(0)
        if self.up:
            self.disk.spare()

    def quiet(self, version: int) -> bool:
        """Tell whether nothing waits here: for people, for a clock, to be heard, for those who play fair; no older charter."""
        node = self.node
        try:
            waiting = self.read(
                lambda tx: (
                    set(tx.scalars(_PEERS)) - {law.LIAR.authority},
                    node.orders.pending(tx),
                    node.amendments.pending(tx) or node.appeals.pending(tx),
                    node.endings.due(tx) or node.undo.lapsed(tx),
                    [each for bank in self.cast.banks for each in node.amendments.work(tx, bank)],
                    [each for bank in self.cast.banks for each in node.tracing.work(tx, bank)],
                    [each for bank in self.cast.banks for each in node.orders.work(tx, bank)],
                )
            )
        except LintasError:
            return False
        return not any(waiting) and not self._looking and self.chronicle.adopted[self.name] == version

    def _beat(self) -> None:
        """End what has ended, as ``lintas.node.runtime.Runtime`` does."""
        self.later(BEAT, self._beat)
        node = self.node
        try:
            ended, lapsed = self.read(lambda tx: (node.endings.due(tx), node.undo.lapsed(tx)))
            if ended:
                self.write(node.endings.close)
            if lapsed:
                self.write(node.undo.lapse)
            if self.read(node.clocks.over):
                self.write(node.clocks.escalate)
        except LintasError:
            self.chronicle.counts["beat missed"] += 1

    # ---- reading and writing

    def read(self, question: Callable[[Transaction], T]) -> T:
        """Answer from a snapshot; Unavailable when the disk does not let it."""
        with reading(self.engine) as tx:
            return question(tx)

    def write(self, use_case: UseCase[T]) -> T:
        """Run one use case; returns once it is acknowledged."""
        result = self.writer.submit(use_case).result()
        self.touch()
        return result

    def touch(self) -> None:
        """Something changed: events and the outbox are looked at soon."""
        if not self._looking:
            self._looking = True
            self.later(LOOK, self._look)

    def _look(self) -> None:
        self._looking = False
        try:
            if self.node.bus.pump(self.engine, self.writer):
                self.on_work()
            waiting = self.read(lambda tx: tx.scalars(_PEERS).all())
        except LintasError:
            self.later(1, self.touch)
            return
        for peer in sorted(waiting):
            self.send(peer)

    # ---- sending

    def send(self, peer: str) -> None:
        """Send what is due to a peer, unless its receipt is being waited for."""
        state = self.sendings[peer]
        if state.busy:
            return
        try:
            due = self.node.exchange.to_send(peer, LANE)
        except LintasError:
            due = b""
        if due is None:
            return
        state.busy, state.attempt = True, state.attempt + 1
        if isinstance(due, bytes):
            self._post(peer, due)
        else:
            # Sealed outside the transaction, as a node does it: other use cases may commit before it is stored.
            self.later(self.rng.uniform(0, 0.05), partial(self._store_and_post, peer, due))
        self.later(PATIENCE, partial(self._give_up, peer, state.attempt))

    def _store_and_post(self, peer: str, use_case: UseCase[bytes]) -> None:
        try:
            self._post(peer, self.write(use_case))
        except LintasError:
            self.chronicle.counts["envelope not stored"] += 1

    def _post(self, peer: str, wire: bytes) -> None:
        if not wire:
            return
        self.chronicle.sealed.setdefault(header_sha256(wire), Sealed(self.name, key_of(wire)))
        attempt = self.sendings[peer].attempt
        life = self.life

        def respond(answer: bytes | None) -> None:
            self._live(life, partial(self._answered, peer, attempt, answer))

        self.world.post(self.name, peer, wire, respond)

    def _give_up(self, peer: str, attempt: int) -> None:
        state = self.sendings[peer]
        if state.busy and state.attempt == attempt:
            self.later(state.pause, partial(self._again, peer, attempt))
            state.pause = min(2 * state.pause, LONGEST_PAUSE)

    def _again(self, peer: str, attempt: int) -> None:
        state = self.sendings[peer]
        if state.attempt == attempt:
            state.busy = False
            self.send(peer)

    def _answered(self, peer: str, attempt: int, wire: bytes | None) -> None:
        if wire is None:
            return
        try:
            receipt = self.node.exchange.check_receipt(wire)
        except LintasError as wrong:
            self._refused(wrong)
            return
        self.later(self.rng.uniform(0, 0.03), partial(self._settle, peer, attempt, receipt, wire))

    def _settle(self, peer: str, attempt: int, receipt: Receipt, wire: bytes) -> None:
        try:
            self.write(lambda tx: self.node.exchange.take_receipt(tx, receipt, wire))
        except LintasError as wrong:
            self._refused(wrong)
            return
        self.chronicle.believed(self.name, receipt.header_sha256, peer, key_of(wire), self.clock.now())
        state = self.sendings[peer]
        if state.attempt == attempt and state.busy:
            state.busy, state.pause = False, FIRST_PAUSE
            self.touch()

    def _refused(self, wrong: LintasError) -> None:
        self.chronicle.refusals[wrong.reason if isinstance(wrong, Refused) else wrong.title] += 1

    # ---- receiving

    def receive(self, wire: bytes, sender: str, respond: Respond) -> None:
        """Open what was delivered, admit it a moment later, and answer, as ``lintas.node.runtime.Runtime.receive`` does."""
        try:
            opened = self.node.exchange.open(wire, sender=sender)
        except LintasError as wrong:
            self._turn_away(wire, sender, wrong, respond)
            return
        self.later(self.rng.uniform(0, 0.05), partial(self._admit, wire, opened, sender, respond))

    def _admit(self, wire: bytes, opened: Opened, sender: str, respond: Respond) -> None:
        try:
            receipt = self.write(lambda tx: self.node.exchange.admit(tx, opened))
        except LintasError as wrong:
            self._turn_away(wire, sender, wrong, respond)
            return
        self.chronicle.counts["delivered"] += 1
        self.chronicle.accepted(self.name, opened.header_sha256, key_of(wire), self.clock.now())
        self.chronicle.promise(self.name, "envelope", sender, opened.header_sha256)
        respond(receipt)

    def _turn_away(self, wire: bytes, sender: str, wrong: LintasError, respond: Respond) -> None:
        self._refused(wrong)
        self.chronicle.say(self.name, "refused", sender, type(wrong).__name__, getattr(wrong, "reason", ""))
        if isinstance(wrong, Refused):
            refusal = wrong
            try:
                self.write(lambda tx: self.node.exchange.note_refusal(tx, wire, sender, refusal))
            except LintasError:
                self.chronicle.counts["refusal not stored"] += 1
        if isinstance(wrong, Replay):
            self.chronicle.promise(self.name, "envelope", sender, header_sha256(wire))
        respond(wrong.receipt if isinstance(wrong, Replay) else None)

    # ---- charters and keys

    def adopt(self, signed: SignedCharter) -> None:
        """Adopt a successor of the charter; whoever brings it comes again until it is acknowledged."""
        version, document = signed.charter.version, signed.render()
        try:
            self.write(lambda tx: self.node.exchange.adopt(tx, document))
        except LintasError as wrong:
            self._refused(wrong)
            self.chronicle.counts["charter tried again"] += 1
            if not self._adopted_before(version):
                return
        self.chronicle.promise(self.name, "charter", str(version))
        self.chronicle.adopted[self.name] = version

    def _adopted_before(self, version: int) -> bool:
        """Tell whether an earlier attempt, whose acknowledgement was lost, did store this version."""
        try:
            return len(self.read(lambda tx: exchange_store.charters_after(tx, version - 1))) > 0
        except LintasError:
            return False

    def use_key(self, signer: Signer) -> None:
        """Sign with another key from now on; the program is started anew for it."""
        self.signer = signer
        if self.up:
            self.stop()
            self.restart()


def key_of(wire: bytes) -> str:
    """Return the id of the key that an envelope or a receipt says it was signed with."""
    return str(msgspec.msgpack.decode(wire)["signatures"][0]["key_id"])
