"""The two use cases of the border: release a message to a peer, admit an opened envelope from one."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from lintas.border import channels, review_store, store
from lintas.border.approvals import Approvals
from lintas.border.judge import Judge
from lintas.border.judged import Judged, row_of, say, set_aside
from lintas.border.leaving import Leaving
from lintas.border.records import Admitted, Answered, Exchanged, Refusal, Release, Standing, Unwelcome, Waiting
from lintas.border.standing import StandingOf, check_not_severed
from lintas.bus import store as outbox
from lintas.bus.service import Bus
from lintas.ledger.records import Entry, encode
from lintas.ledger.service import Ledger
from lintas.model import messages, times
from lintas.model.errors import BadInput, LintasError, NotFound, Refused
from lintas.model.ids import FORM, IdSource
from lintas.model.messages import Message, Statement
from lintas.model.times import Clock
from lintas.policy.records import Decision
from lintas.storage.engine import Transaction
from lintas.trust.envelope import Item, Opened, commitment
from lintas.trust.keys import Signer
from lintas.trust.receipt import Receipt, peek_receipt, sign_receipt

log = logging.getLogger("lintas.border")

#: How many refusals stay for people to see.
KEPT_REFUSALS = 10_000
#: How many releases one answer lists: what waits or was refused is for people to read.
LISTED = 1_000
#: How long an admitted statement stays at least: somebody must be able to read what an order rests on.
KEPT_AT_LEAST = timedelta(hours=24)
#: Objects of one peer in quarantine that may wait for people at once.
MAX_SET_ASIDE = 2_000


class Replay(Refused):
    """An envelope that was admitted before: its original receipt is given again, and nothing happens twice."""

    status = 409
    title = "Replay"

    def __init__(self, receipt: bytes, what: str) -> None:
        self.receipt = receipt
        super().__init__("replay", what, "take the original receipt, which comes with this answer")


class Border:
    """The border of one authority."""

    def __init__(
        self,
        *,
        me: str,
        judge: Judge,
        leaving: Leaving,
        approvals: Approvals,
        ledger: Ledger,
        bus: Bus,
        signer: Callable[[], Signer],
        standing_of: StandingOf,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._me, self._judge, self._leaving, self._approvals = me, judge, leaving, approvals
        self._ledger, self._bus = ledger, bus
        self._signer, self._standing_of, self._clock, self._ids = signer, standing_of, clock, ids

    # ---- out

    def release(self, tx: Transaction, message: Message, peer: str) -> Release:
        """Let a message leave for ``peer`` if the policy permits each of its objects; otherwise nothing leaves.

        Documents that the policy asks for are taken from those on file, and their use is counted with the release. Returns
        the decision either way; the caller stores what it means for its own record. What leaves for a severed peer waits in
        the outbox until it is trusted again or has expired; of a peer that is not trusted nothing new is asked.
        """
        decided = self._leaving.decide(tx, message, peer)
        decisions = [decision for decision, _ in decided]
        for decision in decisions:
            if decision.outcome != "permit":
                store.keep_refusal(tx, self._refusal("out", peer, decision.outcome, decision.sentence))
                return Release(decision)
        written = [
            self._write(body, message, peer, decision) for body, decision in zip(message.bodies, decisions, strict=True)
        ]
        entries = self._ledger.append(
            tx,
            [
                self.entry("release", peer, message.purpose, decision, (left.object, left.commitment), rests)
                for left, (decision, rests) in zip(written, decided, strict=True)
            ],
        )
        self._approvals.use(tx, [approval_id for _, rests in decided for approval_id in rests])
        outbox.put_out(
            tx,
            [outbox.Out(left.object, peer, left.lane, left.statement, left.salt, left.expires) for left in written],
        )
        store.keep_released(tx, [left._replace(entry=at) for left, at in zip(written, entries, strict=True)])
        return Release(decisions[0], tuple(left.object for left in written))

    def _write(self, body: msgspec.Struct, message: Message, peer: str, decision: Decision) -> store.Left:
        """Write a statement, and say for whom and by which lane it leaves."""
        _, kind = messages.kind_of(body)
        now = times.render(self._clock.now())
        object_id, salt = self._ids.new("obj"), self._ids.salt()
        marking = msgspec.structs.replace(message.marking, obligations=decision.obligations)
        statement = messages.write(
            body, id=object_id, origin=self._me, purpose=message.purpose, marking=marking, issued_at=now
        )
        sealed = commitment(salt, statement).hex()
        expires = marking.obligations.expires
        return store.Left(object_id, peer, sealed, statement, salt, expires, kind.lane, now)

    def settle(self, tx: Transaction, receipt: Receipt) -> None:
        """Take a peer's verified receipt: each verdict must match a release of ours by object and commitment."""
        peer = receipt.recipient
        self._check_not_severed(tx, peer)
        releases = store.releases_of(tx, [verdict.object for verdict in receipt.verdicts], peer)
        answers: dict[str, Answered] = {}
        for verdict in receipt.verdicts:
            made = releases.get(verdict.object)
            if made is None or made[0] != verdict.commitment:
                raise Refused(
                    "foreign_receipt", f"the receipt names {verdict.object}, which was not released like that"
                )
            if made[1] is None:
                answers.setdefault(verdict.object, Answered(verdict.object, peer, verdict.verdict, verdict.reason))
        if answers:
            store.settle(tx, answers.values(), receipt.header_sha256)
            outbox.take_out(tx, list(answers), peer)
            self._bus.emit(tx, *answers.values())

    # ---- in

    def admit(self, tx: Transaction, opened: Opened) -> bytes:
        """Admit an opened envelope: a verdict for each object, one signed receipt; returns the receipt's bytes.

        Raises Replay with the original receipt for an envelope that was admitted before, Refused for one that is out of
        its channel's order, or whose origin is severed. Nothing is stored for an envelope that raises. What comes from a peer
        in quarantine is judged and receipted, and waits for people (``Review``).
        """
        header = opened.header
        standing = self._check_not_severed(tx, header.origin)
        earlier = store.receipt_of(tx, header.origin, opened.header_sha256)
        if earlier is not None:
            # Signed anew: the key of the first copy may have been revoked since, and its reader refuse it.
            again = sign_receipt(peek_receipt(earlier), self._signer())
            raise Replay(again, f"envelope {header.lane}/{header.seq} from {header.origin} was admitted before")
        learnt = channels.check_order(tx, opened)
        judged = self._verdicts(tx, opened, standing)
        now = times.render(self._clock.now())
        self._keep(tx, opened, judged)
        receipt = sign_receipt(
            Receipt(
                envelope=header.id,
                header_sha256=opened.header_sha256,
                origin=header.origin,
                recipient=self._me,
                lane=header.lane,
                epoch=header.epoch,
                seq=header.seq,
                received_at=now,
                exercise=header.exercise,
                verdicts=tuple(entry.verdict for entry in judged),
            ),
            self._signer(),
        )
        if learnt:
            store.note_learnt(tx, now, header.origin, header.lane, header.epoch)
            log.warning("an epoch was learnt after a restore", extra={"peer": header.origin, "lane": header.lane})
        store.move(tx, header.origin, header.lane, header.epoch, header.seq, opened.header_sha256)
        position = {"lane": header.lane, "epoch": header.epoch, "seq": header.seq, "day": header.created[:10]}
        store.keep_envelope(
            tx, {"origin": header.origin, "header": opened.header_sha256, "receipt": receipt, **position}
        )
        return receipt

    def _check_not_severed(self, tx: Transaction, peer: str) -> Standing:
        """Return a peer's standing, read here so that every way in and out passes it; Refused when it is severed."""
        standing = self._standing_of(tx, peer)
        check_not_severed(standing, peer)
        return standing

    def _verdicts(self, tx: Transaction, opened: Opened, standing: Standing) -> list[Judged]:
        origin = opened.header.origin
        known = store.known(tx, origin, [item.id for item in opened.items])
        judged = [
            self._verdict(origin, item, mark, known)
            for item, mark in zip(opened.items, opened.commitments, strict=True)
        ]
        if standing == "trusted":
            return judged
        full = review_store.count_set_aside(tx, origin) + len(judged) > MAX_SET_ASIDE
        return [set_aside(each, full) if each.verdict.verdict == "accepted" else each for each in judged]

    def _verdict(self, origin: str, item: Item, mark: str, known: dict[str, store.Known]) -> Judged:
        if item.id in known:
            earlier = known[item.id]
            if earlier.commitment == mark and earlier.verdict == "refused":
                return Judged(item, say(item, mark, "refused", earlier.reason), None, None)
            if earlier.commitment == mark and earlier.verdict == "quarantined":
                return Judged(item, say(item, mark, "quarantined", earlier.reason), None, None)
            if earlier.commitment == mark:
                return Judged(item, say(item, mark, "duplicate"), None, None)
            return Judged(item, say(item, mark, "refused", "the same id came before with other content"), None, None)
        try:
            statement = messages.read_frame(item.statement)
            if statement.id != item.id or statement.origin != origin:
                raise Refused("misframed", "the statement names another id or origin than its envelope")
            decision = self.admission(statement, origin)
        except LintasError as wrong:
            return Judged(item, say(item, mark, "refused", str(wrong)), None, None)
        if decision.outcome != "permit":
            return Judged(item, say(item, mark, "refused", decision.sentence), statement, decision)
        return Judged(item, say(item, mark, "accepted"), statement, decision)

    def admission(self, statement: Statement, origin: str) -> Decision:
        """Ask the policy table whether a peer's statement may be taken; Refused when its body cannot be read."""
        body = messages.read_body(statement)
        _, kind = messages.kind_of(body)
        return self._judge.decide(
            "admit",
            plane=statement.marking.plane,
            category=kind.category,
            subject=kind.subject,
            purpose=statement.purpose,
            peer=origin,
        )

    def _keep(self, tx: Transaction, opened: Opened, judged: Sequence[Judged]) -> None:
        origin = opened.header.origin
        entries, rows, events, aside = list[bytes](), list[tuple[dict[str, object], int | str]](), [], []
        summed = set[str]()
        for item, verdict, statement, decision in judged:
            place: int | str = f"receipt.{verdict.verdict}"
            if verdict.verdict == "accepted" and statement is not None:
                place = len(entries)
                mark = (item.id, verdict.commitment)
                entries.append(self.entry("receipt", origin, statement.purpose, decision, mark))
                events.append(Admitted(item.id, origin, statement.type))
            else:
                summed.add(str(place))
            # One that came before, or cannot be read, has no statement here.
            if statement is not None:
                until = self.until(statement, decision) if verdict.verdict != "refused" else None
                rows.append((row_of(opened, item, verdict, statement, until), place))
                if verdict.verdict == "quarantined":
                    aside.append(item.id)
            if verdict.verdict == "refused":
                store.keep_refusal(tx, self._refusal("in", origin, "refused", verdict.reason))
        # What is refused, or came before, is one entry for the envelope, whose root covers it: nobody else's objects, not
        # even empty ones, make this ledger grow by hundreds that can never be deleted, and no word of theirs goes into it.
        header = opened.header
        whole = (header.id if FORM.fullmatch(header.id) else opened.header_sha256, header.root)
        places = {kind: len(entries) + number for number, kind in enumerate(sorted(summed))}
        entries += [self.entry(kind, origin, "", None, whole) for kind in places]
        first = self._ledger.append(tx, entries).start
        numbered = [(row, first + (at if isinstance(at, int) else places[at])) for row, at in rows]
        store.keep_objects(tx, [row | {"entry": entry} for row, entry in numbered])
        review_store.set_aside(tx, origin, aside, times.render(self._clock.now()))
        self._bus.emit(tx, *events)

    def until(self, statement: Statement, decision: Decision | None) -> str | None:
        """Say when what was admitted must be erased: when our own law says; earlier if the peer asks, but not within a day.

        A peer's time that is missing, or is none, changes nothing: it can neither make us keep nor make us forget.
        """
        ends = [times.parse(decision.obligations.expires)] if decision and decision.obligations.expires else []
        if statement.marking.obligations.expires is not None:
            with contextlib.suppress(BadInput):
                asked = times.parse(statement.marking.obligations.expires)
                ends.append(max(asked, self._clock.now() + KEPT_AT_LEAST))
        return times.render(min(ends)) if ends else None

    def statement(self, tx: Transaction, origin: str, object_id: str) -> Statement:
        """Return an admitted statement; NotFound when its obligation has expired and it was erased, or it was set aside."""
        data = store.statement_of(tx, origin, object_id)
        if data is None:
            raise NotFound(f"statement {object_id} of {origin} is not here any more", "ask its origin again")
        return messages.read_frame(data)

    def signed_by(self, tx: Transaction, origin: str, object_id: str) -> tuple[str, ...]:
        """Return the ids of the keys that signed an object; none where that is not known."""
        return store.signed_by(tx, origin, object_id)

    def last_received(self, tx: Transaction, origin: str, lanes: Sequence[messages.Lane]) -> str | None:
        """Return when the last envelope of a peer was admitted; None before the first."""
        receipts = [store.last_received(tx, origin, lane) for lane in lanes]
        return max((peek_receipt(receipt).received_at for receipt in receipts if receipt is not None), default=None)

    # ---- both

    def note_refusal(self, tx: Transaction, peer: str, reason: str, what: str) -> None:
        """Record that an envelope from ``peer`` was refused as a whole."""
        store.keep_refusal(tx, self._refusal("in", peer, reason, what))

    def note_restore(self, tx: Transaction, at: str) -> None:
        """Note that this database was put back from a backup: of each channel the next new epoch may then be any near one."""
        store.note_restore(tx, at)

    def refusals(
        self, tx: Transaction, *, before: int | None = None, direction: str = "", peer: str = "", limit: int = 200
    ) -> list[Refusal]:
        """Return what was stopped at the border, newest first, going on below the number ``before``; "" asks for all."""
        return store.list_refusals(tx, before=before, direction=direction, peer=peer, limit=limit)

    def unmatched(self, tx: Transaction) -> list[Waiting]:
        """Return the releases that no receipt answers yet, oldest first; ``LISTED`` of them at most."""
        return store.unmatched(tx, LISTED)

    def count_unmatched(self, tx: Transaction, peer: str | None = None) -> int:
        """Count the releases that no receipt answers yet, to everybody or to one peer."""
        return store.count_unmatched(tx, peer)

    def unwelcome(self, tx: Transaction) -> list[Unwelcome]:
        """Return the releases whose receipt does not accept them, newest first; ``LISTED`` of them at most."""
        return store.unwelcome(tx, LISTED)

    def headers_on(self, tx: Transaction, origin: str, lane: str, day: str) -> list[str]:
        """Return the header hashes of the envelopes that ``origin`` made on a UTC day and that were admitted, in order."""
        return store.headers_on(tx, origin, lane, day)

    def left_at(self, tx: Transaction, peer: str, object_ids: Iterable[str]) -> dict[str, str]:
        """Return when each of those objects that were released to this peer left ("" where that was not noted)."""
        return store.left_at(tx, peer, object_ids)

    def exchanged(self, tx: Transaction, object_id: str, peer: str = "") -> Exchanged:
        """Return an object that left or came, of one peer where it is named; NotFound when there was none."""
        for found in store.exchanged(tx, object_id):
            if peer in ("", found.peer):
                return found
        raise NotFound(
            f"no object {object_id[:80]!r} was exchanged", "take the id from a hold, a case or a reconciliation"
        )

    def matched(self, tx: Transaction) -> int:
        """Count the releases that a receipt answers."""
        return store.count_matched(tx)

    def erase_expired(self, tx: Transaction) -> int:
        """Erase statements whose obligation has ended, and the oldest refusals; returns how many statements.

        What ended before it was sealed leaves the outbox with it: it is not sent any more, and stays listed as unmatched.
        """
        now = times.render(self._clock.now())
        store.trim_refusals(tx, KEPT_REFUSALS)
        outbox.drop_expired(tx, now)
        return store.erase_expired(tx, now)

    def _refusal(self, direction: Literal["in", "out"], peer: str, reason: str, what: str) -> Refusal:
        return Refusal(times.render(self._clock.now()), direction, peer, reason, what)

    def entry(
        self,
        kind: str,
        peer: str,
        purpose: str,
        decision: Decision | None,
        sealed: tuple[str, str],
        approvals: tuple[str, ...] = (),
    ) -> bytes:
        """Write a ledger entry about one object (its id and its commitment)."""
        object_id, mark = sealed
        return encode(
            Entry(
                type=kind,
                at=times.render(self._clock.now()),
                node=self._me,
                peer=peer,
                purpose=purpose,
                rules=decision.rules if decision else (),
                policy=decision.policy if decision else "",
                approvals=approvals,
                object=object_id,
                commitment=mark,
            )
        )
