"""The member that lies: it holds a valid key and a place in the charter, and does with them what it must not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

import msgspec
from sqlalchemy import select
from tests.forging import forge
from tests.simulation import law, lies, signers
from tests.simulation.chronicle import Sealed
from tests.simulation.machine import LANE, Machine, Respond, World

from lintas.border import store as border_store
from lintas.model import times
from lintas.model.errors import LintasError
from lintas.model.ids import IdSource
from lintas.model.markings import Marking
from lintas.model.messages import HoldRelease, HoldStatus, HoldWithdrawal
from lintas.requests.records import Hold
from lintas.storage.engine import Transaction
from lintas.trust.envelope import Draft, Item, header_sha256, open_envelope, seal
from lintas.trust.keys import Signer
from lintas.trust.receipt import Receipt, Verdict, sign_receipt

PLANE_B = Marking(plane="B", tlp="AMBER+STRICT")


class Channel(NamedTuple):
    """A place in the order of envelopes to one machine."""

    epoch: int = 1
    seq: int = 1
    prev: str = ""


class Liar:
    """It sees everything in the world, but has no key except its own."""

    name = law.LIAR.authority

    def __init__(self, world: World, signer: Signer, machines: dict[str, Machine]) -> None:
        self._world, self._machines = world, machines
        self._rng = Random(f"liar {world.seed}")
        self._ids = IdSource(self, Random(f"liar ids {world.seed}").randbytes)
        self.signer = signer
        self.old_signer: Signer | None = None
        self._sent: list[tuple[str, bytes]] = []
        self._seen: list[tuple[str, bytes]] = []
        self._said: list[Item] = []
        self._asked: list[tuple[str, str]] = []
        self.honest = False

    def now(self) -> datetime:
        """Its clock is right."""
        return self._world.timeline.now

    def use_key(self, signer: Signer) -> None:
        """Take a new key; the revoked one is kept, to be tried."""
        self.old_signer, self.signer = self.signer, signer

    # ---- what it sends

    def act(self) -> None:
        """Do one thing, chosen by the seed."""
        peer = self._rng.choice(list(self._machines))
        tricks: list[tuple[int, Callable[[str], None]]] = [
            (5, self._fair),
            (3, self._request),
            (3, self._absurd_request),
            (3, self._unasked_answer),
            (6, self._answer),
            (4, self._take_back),
            (4, self._let_go),
            (2, self._lengthen),
            (2, self._reused_id),
            (2, self._malformed_statement),
            (2, self._tampered),
            (2, self._replayed),
            (2, self._stolen),
            (2, self._wrong_place),
            (2, self._revoked),
            (1, self._future),
        ]
        (trick,) = self._rng.choices([trick for _, trick in tricks], [weight for weight, _ in tricks])
        self._world.chronicle.counts[f"liar: {trick.__name__.strip('_').replace('_', ' ')}"] += 1
        trick(peer)

    def _fair(self, peer: str) -> None:
        status = HoldStatus(hold="hold-liar", state="received", at=times.render(self.now()))
        self._send(peer, [self._item(status)])

    def _request(self, peer: str) -> None:
        """Ask for a hold, as anybody may; what it asked it now and then takes back."""
        hold = self._ids.new("hold")
        self._asked.append((peer, hold))
        self._send(peer, [self._item(lies.fair_request(self._rng, hold, peer, self.now()))])

    def _absurd_request(self, peer: str) -> None:
        hold = self._rng.choice((self._ids.new("hold"), self._some_hold(peer).id))
        self._send(peer, [self._item(lies.absurd_request(self._rng, hold, peer, self.now()))])

    def _take_back(self, peer: str) -> None:
        """Take back a request of its own, or of somebody else."""
        own = [hold for to, hold in self._asked if to == peer]
        hold = self._some_hold(peer)
        if own and self._rng.random() < 0.5:
            hold = msgspec.structs.replace(hold, id=self._rng.choice(own))
        self._send(peer, [self._item(lies.withdrawal(self._rng, hold, self.now()))])

    def _let_go(self, peer: str) -> None:
        """Say that a hold was released: one that it has, perhaps more than that, or one of somebody else."""
        self._send(peer, [self._item(lies.release(self._rng, self._some_hold(peer), self.now()))])

    def _lengthen(self, peer: str) -> None:
        """Say of somebody else's hold that it lasts longer, or that its release was declined."""
        hold = self._some_hold(peer)
        if hold.peer != self.name:
            self._send(peer, [self._item(lies.status(self._rng, hold, self.now()))])

    def _some_hold(self, peer: str, of: str = "") -> Hold:
        """Look up a hold that somebody has, if the machine can be read; one that was asked of ``of`` if there is any."""
        machine = self._machines[peer]
        holds: list[Hold] = []
        if machine.up:
            try:
                holds = machine.read(lambda tx: machine.node.orders.pending(tx, None))
            except LintasError:
                holds = []
        holds = [hold for hold in holds if hold.peer == of] or holds if of else holds
        return self._rng.choice(holds) if holds else lies.NO_HOLD

    def _unasked_answer(self, peer: str) -> None:
        """Answer a hold that was asked of somebody else, or of nobody."""
        hold = self._some_hold(peer)
        if hold.peer == self.name:
            hold = lies.NO_HOLD
        self._send(peer, [self._item(lies.all_held(hold, self.now()))])

    def _answer(self, peer: str) -> None:
        """Answer a hold that was asked of it, one time in four twice."""
        hold = self._some_hold(peer, of=self.name)
        if hold.peer != self.name or hold.direction != "asked":
            self._fair(peer)
            return
        answers = [lies.answer(self._rng, hold, self.now()) for _ in range(2 if self._rng.random() < 0.25 else 1)]
        self._send(peer, [self._item(each) for each in answers])

    def _reused_id(self, peer: str) -> None:
        """Send an object again under a new envelope, with the same or with other content."""
        if not self._said:
            self._fair(peer)
            return
        item = self._rng.choice(self._said)
        if self._rng.random() < 0.7:
            item = Item(item.id, item.statement.replace(b"received", b"approved"), self._ids.salt())
        self._send(peer, [item])

    def _malformed_statement(self, peer: str) -> None:
        """Send what is no statement, is of no known type or version, or names somebody else as its origin."""
        good = self._item(HoldStatus(hold="hold-liar", state="received", at=times.render(self.now())))
        other = law.HONEST[0].authority if peer != law.HONEST[0].authority else law.HONEST[1].authority
        statement = self._rng.choice(
            (
                b"not json",
                b"[" * 50_000,
                good.statement.replace(b'"hold_status"', b'"hold_everything"'),
                good.statement.replace(b'"version":1', b'"version":2'),
                good.statement.replace(self.name.encode(), other.encode()),
                good.statement.replace(good.id.encode(), b"obj-another"),
                good.statement.replace(b'"status"', b'"prosecution"'),
                good.statement.replace(b'"plane":"B"', b'"plane":"D"'),
                good.statement.replace(b'"hold-liar"', b"7"),
            )
        )
        self._send(peer, [Item(good.id, statement, good.salt), self._item(_STATUS)])

    def _tampered(self, peer: str) -> None:
        wire = bytearray(self._seal(peer, [self._item(_STATUS)], self._place(peer)))
        wire[self._rng.randrange(len(wire))] ^= 1 << self._rng.randrange(8)
        self._post(peer, bytes(wire))

    def _replayed(self, peer: str) -> None:
        """Deliver once more what was delivered before, to the same machine or to another."""
        if self._sent:
            to, wire = self._rng.choice(self._sent)
            self._post(self._rng.choice((to, to, peer)), wire)

    def _stolen(self, peer: str) -> None:
        """Deliver an envelope that somebody else wrote to the liar."""
        if self._seen:
            _, wire = self._rng.choice(self._seen)
            self._post(peer, wire)

    def _wrong_place(self, peer: str) -> None:
        """Leave a gap in the order, go back in it, forget the envelope before, or go back to an epoch that ended."""
        channel = self._place(peer)
        seq = channel.seq + self._rng.choice((1, 2, 5, -1))
        wrong = self._rng.choice(
            (
                Channel(channel.epoch, max(1, seq), channel.prev),
                Channel(channel.epoch, channel.seq, "0" * 64),
                Channel(max(0, channel.epoch - 1), 1, ""),
            )
        )
        if wrong != channel:
            self._post(peer, self._seal(peer, [self._item(_STATUS)], wrong))

    def _revoked(self, peer: str) -> None:
        """Sign with the key that was revoked."""
        if self.old_signer is not None:
            self._post(peer, self._seal(peer, [self._item(_STATUS)], self._place(peer), signer=self.old_signer))

    def _future(self, peer: str) -> None:
        """Date an envelope beyond what clocks may differ, or flag it as real."""
        ahead, exercise = self._rng.choice(((timedelta(hours=1), True), (timedelta(0), False)))
        channel = self._place(peer)
        self._post(peer, self._seal(peer, [self._item(_STATUS)], channel, ahead=ahead, exercise=exercise))

    def _item(self, body: msgspec.Struct) -> Item:
        object_id = self._ids.new("obj")
        purpose = _PURPOSES.get(type(body), "stop_payment")
        statement = forge(
            body, id=object_id, origin=self.name, purpose=purpose, marking=PLANE_B, issued_at=times.render(self.now())
        )
        item = Item(object_id, statement, self._ids.salt())
        self._said.append(item)
        return item

    def _seal(
        self,
        peer: str,
        items: list[Item],
        at: Channel,
        *,
        signer: Signer | None = None,
        ahead: timedelta = timedelta(0),
        exercise: bool = True,
    ) -> bytes:
        signer = signer or self.signer
        draft = Draft(
            id=self._ids.new("env"),
            origin=self.name,
            recipient=peer,
            lane=LANE,
            epoch=at.epoch,
            seq=at.seq,
            prev=at.prev,
            created=times.render(self.now() + ahead),
            exercise=exercise,
        )
        wire = seal(draft, items, [signer], signers.kem_key(peer).public)
        self._world.chronicle.sealed[header_sha256(wire)] = Sealed(self.name, signer.public.key_id)
        return wire

    def _send(self, peer: str, items: list[Item]) -> None:
        """Send an envelope in its right place, until it is admitted: a lie that never arrives tests nothing."""
        channel = self._place(peer)
        if channel.seq > 3 and self._rng.random() < 0.1:
            channel = Channel(channel.epoch + 1)
        self._post(peer, self._seal(peer, items, channel))

    def _post(self, peer: str, wire: bytes) -> None:
        self._sent.append((peer, wire))
        self._world.post(self.name, peer, wire, lambda _: None)

    def _place(self, peer: str) -> Channel:
        """Look up which place its next honest envelope must take there."""
        machine = self._machines[peer]
        if not machine.up:
            return Channel()
        try:
            return machine.read(self._place_in)
        except LintasError:
            return Channel()

    def _place_in(self, tx: Transaction) -> Channel:
        channels = border_store.channels
        mine = (channels.c.origin == self.name, channels.c.lane == LANE)
        row = tx.execute(select(channels).where(*mine).order_by(channels.c.epoch.desc()).limit(1)).first()
        return Channel(row.epoch, row.seq + 1, row.header) if row else Channel()

    # ---- what it answers

    def receive(self, wire: bytes, sender: str, respond: Respond) -> None:
        """Answer an envelope with a receipt, or with something like one."""
        honest = self._receipt(wire, sender)
        if (sender, wire) not in self._seen:
            self._seen.append((sender, wire))
            self._world.chronicle.counts["delivered"] += 1
        if self.honest or self._rng.random() < 0.5:
            respond(sign_receipt(honest, self.signer))
            return
        respond(self._forged(honest))

    def _receipt(self, wire: bytes, sender: str) -> Receipt:
        opened = open_envelope(
            wire,
            me=self.name,
            keys=self._world.keyring.publics,
            kem=signers.kem_key(self.name),
            now=self.now() + timedelta(days=1),
            exercise=True,
            verify=self._world.keyring.verify,
        )
        return Receipt(
            envelope=opened.header.id,
            header_sha256=opened.header_sha256,
            origin=sender,
            recipient=self.name,
            lane=opened.header.lane,
            epoch=opened.header.epoch,
            seq=opened.header.seq,
            received_at=times.render(self.now()),
            exercise=True,
            verdicts=tuple(
                Verdict(object=item.id, commitment=mark, verdict="accepted")
                for item, mark in zip(opened.items, opened.commitments, strict=True)
            ),
        )

    def _forged(self, honest: Receipt) -> bytes | None:
        rng, change = self._rng, msgspec.structs.replace
        other = rng.choice(self._seen)[1]
        verdict = honest.verdicts[0]
        wrong_mark = Verdict(object=verdict.object, commitment="0" * 64, verdict="accepted")
        stranger = signers.KeyedHash("stranger", b"x" * 32)
        choices: list[Callable[[], bytes | None]] = [
            lambda: None,
            lambda: b"\x00garbage",
            lambda: sign_receipt(honest, stranger),
            lambda: sign_receipt(change(honest, recipient=honest.origin), self.signer),
            lambda: sign_receipt(change(honest, verdicts=(wrong_mark,)), self.signer),
            lambda: sign_receipt(change(honest, header_sha256=self._envelope_of_others()), self.signer),
            lambda: sign_receipt(change(honest, header_sha256=header_sha256(other)), self.signer),
            lambda: sign_receipt(honest, self.old_signer or stranger),
            lambda: sign_receipt(change(honest, verdicts=()), self.signer),
        ]
        number = rng.randrange(len(choices))
        self._world.chronicle.counts["liar: forged receipt"] += 1
        return choices[number]()

    def _envelope_of_others(self) -> str:
        headers = [header for header, made in self._world.chronicle.sealed.items() if made.origin != self.name]
        return self._rng.choice(headers)


_PURPOSES = {HoldStatus: "status", HoldWithdrawal: "release_funds", HoldRelease: "release_funds"}
_STATUS = HoldStatus(hold="hold-liar", state="received", at="2026-03-01T10:00:00Z")
