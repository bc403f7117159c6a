"""Sealing, receiving and receipts: sans-io, so that the node's HTTP and a simulated network drive the same code."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from lintas.border.service import Border, Replay
from lintas.border.standing import StandingOf, check_not_severed
from lintas.bus import store as outbox
from lintas.exchange import store
from lintas.exchange.directory import Directory
from lintas.model import times
from lintas.model.errors import NotFound, Refused
from lintas.model.ids import FORM, IdSource
from lintas.model.messages import Lane
from lintas.model.times import Clock
from lintas.storage.engine import Transaction, reading
from lintas.storage.writer import UseCase
from lintas.trust.charter import parse_charter
from lintas.trust.envelope import (
    MAX_ITEMS,
    Draft,
    Item,
    Opened,
    header_sha256,
    open_envelope,
    peek,
    reseal,
    seal,
    signed_with,
)
from lintas.trust.keys import KemKey, Signer, Verify, verify_signature
from lintas.trust.receipt import Receipt, open_receipt, peek_receipt

log = logging.getLogger("lintas.exchange")

#: Bytes of statements in one envelope; with salts, ids and the seal it stays well below MAX_WIRE.
MAX_STATEMENTS = 6 * 1024 * 1024
LANES: tuple[Lane, ...] = ("urgent", "bulk")


class Identity(NamedTuple):
    """Who this node is: its authority, the key it signs with, the key that opens what is sealed to it.

    ``more`` gives the signing keys that it made later; the charter in force says which of all counts.
    """

    authority: str
    signer: Signer
    kem: KemKey
    exercise: bool
    more: Callable[[], tuple[Signer, ...]] = tuple

    def signer_now(self, directory: Directory) -> Signer:
        """Return the key to sign with now, by the charter in force."""
        return directory.signers_of(self.authority, (self.signer, *self.more()))[0]


def fitting(items: Sequence[Item]) -> int:
    """Return how many of the first objects one envelope takes by their size; one at least."""
    sizes = accumulate(len(item.statement) for item in items)
    return max(1, sum(size <= MAX_STATEMENTS for size in sizes))


class Exchange:
    """The exchange of one node."""

    def __init__(
        self,
        *,
        identity: Identity,
        engine: Engine,
        border: Border,
        directory: Directory,
        standing_of: StandingOf,
        clock: Clock,
        ids: IdSource,
        verify: Verify = verify_signature,
    ) -> None:
        self.identity, self._engine, self._border, self._directory = identity, engine, border, directory
        self._standing_of = standing_of
        self._clock, self._ids, self._verify = clock, ids, verify

    # ---- sending

    def to_send(self, peer: str, lane: Lane, *, anew: bool = False) -> "bytes | UseCase[bytes] | None":
        """Return the oldest envelope without receipt, else the use case that stores the next one; None when nothing is due.

        Nothing is due to a severed peer: what waits for it stays where it is.
        Sealing happens here, outside any transaction; one sender per peer and lane keeps the places gap-free. ``anew``
        begins a new epoch that carries all that has no receipt: for a peer that says our places are taken or have ended.
        """
        now, kem = times.render(self._clock.now()), self._directory.member(peer).kem_public
        signer = self._signer()
        with reading(self._engine) as tx:
            if not outbox.waiting(tx, peer, lane) or self._standing_of(tx, peer) == "severed":
                return None
            waiting = None if anew else store.unreceipted(tx, peer, lane)
            if waiting is not None and waiting.kem == _sha256(kem) and _signed_by(waiting.wire, signer):
                return waiting.wire
            if waiting is not None:
                rows = outbox.inside(tx, peer, waiting.envelope)
            else:
                rows = (outbox.unanswered if anew else outbox.due)(tx, peer, lane, now, MAX_ITEMS)
            last = store.place(tx, peer, lane)
        if not rows:
            return None
        items = [Item(object_id, statement, salt) for _, object_id, statement, salt in rows]
        if waiting is not None:
            return self._sealed_again(waiting, items, signer, kem)
        rows, items = rows[: fitting(items)], items[: fitting(items)]
        if anew:
            last = store.Place(last.epoch + 1, 0, "")
        draft = Draft(
            id=self._ids.new("env"),
            origin=self.identity.authority,
            recipient=peer,
            lane=lane,
            epoch=last.epoch,
            seq=last.seq + 1,
            prev=last.header,
            created=now,
            exercise=self.identity.exercise,
        )
        new = store.Waiting(draft.id, seal(draft, items, [signer], kem), _sha256(kem))
        at = store.Place(draft.epoch, draft.seq, header_sha256(new.wire))

        def keep(tx: Connection) -> bytes:
            check_not_severed(self._standing_of(tx, peer), peer)
            if anew:
                outbox.unseal(tx, peer, lane)
            store.keep_sealed(tx, peer, lane, at, new, draft.created[:10])
            outbox.mark_sealed(tx, [row[0] for row in rows], draft.id)
            return new.wire

        return keep

    def _sealed_again(self, waiting: store.Waiting, items: list[Item], signer: Signer, kem: bytes) -> UseCase[bytes]:
        """Seal once more after a key changed, ours or theirs.

        Place and header stay: the peer may have admitted the first copy, and then knows this one for a replay.
        """
        again = store.Waiting(waiting.envelope, reseal(waiting.wire, items, [signer], kem), _sha256(kem))

        def replace(tx: Connection) -> bytes:
            store.keep_resealed(tx, again)
            return again.wire

        return replace

    def _signer(self) -> Signer:
        """Return the key that we sign with now."""
        return self.identity.signer_now(self._directory)

    def check_receipt(self, wire: bytes, *, sender: str | None = None) -> Receipt:
        """Verify a receipt's signature; Refused unless a current key of the member that it names made it.

        ``sender`` is the member that the transport authenticated, None if it cannot: a receipt comes from who gives it.
        """
        claimed = peek_receipt(wire)
        if sender is not None and claimed.recipient != sender:
            raise Refused("wrong_sender", f"{sender} brought a receipt of {claimed.recipient}", "bring your own only")
        return open_receipt(wire, self._directory.keys(claimed.recipient), self._verify)

    def receipt_of(self, tx: Transaction, header: str) -> bytes:
        """Return the signed receipt of an envelope of ours by its header's hash; NotFound while there is none."""
        ours = store.envelope_of(tx, header)
        if ours is None or ours.receipt is None:
            raise NotFound("this has no receipt yet", "ask again later; the reconciliation lists what waits")
        return ours.receipt

    def take_receipt(self, tx: Transaction, receipt: Receipt, wire: bytes) -> None:
        """Store a verified receipt and settle what it answers; the same receipt twice changes nothing.

        Its signature is looked at again here, inside the commit: a revocation adopted meanwhile counts.
        """
        self.check_receipt(wire)
        ours = store.envelope_of(tx, receipt.header_sha256)
        if ours is None or ours.peer != receipt.recipient or receipt.origin != self.identity.authority:
            raise Refused("foreign_receipt", f"this receipt from {receipt.recipient} answers no envelope of ours")
        if ours.receipt is None:
            store.keep_receipt(tx, receipt.header_sha256, wire)
            self._border.settle(tx, receipt)
            if outbox.waits_in(tx, ours.peer, ours.envelope):
                # Taken as it is, the objects it passes over would wait for their receipt for ever.
                raise Refused("incomplete_receipt", f"{ours.peer}'s receipt leaves out objects of its envelope")

    def refused(self, tx: Transaction, peer: str, header_sha256: str) -> Lane | None:
        """Return the lane of our envelope that ``peer`` says it cannot take; None when its receipt came meanwhile."""
        ours = store.envelope_of(tx, header_sha256)
        if ours is None or ours.peer != peer:
            raise Refused("foreign_receipt", f"{peer} refuses an envelope that was not for it", "name one of its own")
        return ours.lane if ours.receipt is None else None

    def sent(self, tx: Transaction) -> list[store.Sent]:
        """Return the envelopes sent, newest first."""
        return store.list_sent(tx)

    def wire(self, tx: Transaction, envelope: str) -> bytes:
        """Return one envelope's bytes as they were sent, sealed to its recipient."""
        wire = store.wire_of(tx, envelope)
        if wire is None:
            raise NotFound(f"no envelope {envelope!r} was sent", "take the id from the list")
        return wire

    def last_sent(self, tx: Transaction, peer: str) -> str | None:
        """Return when the last envelope for a peer was sealed; None before the first."""
        wires = [store.last_sealed(tx, peer, lane) for lane in LANES]
        return max((peek(wire).created for wire in wires if wire is not None), default=None)

    def last_received(self, tx: Transaction, peer: str) -> str | None:
        """Return when the last envelope from a peer was admitted; None before the first."""
        return self._border.last_received(tx, peer, LANES)

    # ---- receiving

    def open(self, wire: bytes, *, sender: str | None) -> Opened:
        """Verify and decrypt an envelope; ``sender`` is the member that the transport authenticated, None if it cannot.

        Refused when the transport's peer is not the envelope's origin: an envelope is delivered by the one who wrote it.
        """
        header = peek(wire)
        if sender is not None and header.origin != sender:
            raise Refused("wrong_sender", f"{sender} delivered an envelope of {header.origin}", "deliver your own only")
        opened = open_envelope(
            wire,
            me=self.identity.authority,
            keys=self._directory.keys(header.origin),
            kem=self.identity.kem,
            now=self._clock.now(),
            exercise=self.identity.exercise,
            verify=self._verify,
        )
        for item in opened.items:
            # Ids stand in both sides' public ledgers for ever, so they are no place to write in.
            if FORM.fullmatch(item.id) is None:
                what = "an object's id is not in the form of one"
                raise Refused("bad_object_id", what, "write e.g. obj-0197c0de4f2a7b31d2e9a8c4f0b1")
        return opened

    def admit(self, tx: Transaction, opened: Opened) -> bytes:
        """Admit an opened envelope and return the receipt; Replay carries the original receipt.

        The signing key is looked at again here, inside the commit: a revocation adopted meanwhile counts. So does the peer's
        standing, which the border reads.
        """
        current = {key.key_id for key in self._directory.keys(opened.header.origin)}
        if not current.issuperset(opened.signed_by):
            raise Refused("revoked_key", f"a key of {opened.header.origin} was revoked meanwhile")
        return self._border.admit(tx, opened)

    def note_refusal(self, tx: Transaction, wire: bytes, sender: str | None, wrong: Refused) -> None:
        """Record a refused envelope for people to see; a replay is no news unless somebody asks."""
        peer = sender or "unknown"
        if isinstance(wrong, Replay):
            log.info("envelope replayed", extra={"peer": peer, "bytes": len(wire)})
        self._border.note_refusal(tx, peer, wrong.reason, wrong.what)

    # ---- charter

    def successor(self, tx: Transaction, version: int) -> bytes | None:
        """Return the charter that follows a version, as this node adopted it; None when it has none."""
        return store.charter_of(tx, version + 1)

    def adopt(self, tx: Transaction, document: bytes) -> int:
        """Adopt a successor of the charter; returns its version.

        It is in force from here on, even if this commit fails: a revocation that was seen must never be forgotten.
        """
        if parse_charter(document).sha256 != self._directory.sha256:
            at = self._clock.now()
            self._directory.use(self._directory.check_successor(document, at), at)
        # One that is in force after a commit that failed comes again, or its successor does: all that are in force are stored.
        for signed, at in self._directory.successors:
            store.keep_charter(tx, signed.charter.version, store.Adopted(signed.render(), times.render(at)))
        return self._directory.charter.version


def _signed_by(wire: bytes, signer: Signer) -> bool:
    """Tell whether an envelope was signed with this key: peers may refuse one that we gave up."""
    return signer.public.key_id in signed_with(wire)


def _sha256(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()
