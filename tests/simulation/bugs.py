"""Faults of ours, planted one at a time, as somebody might really write them; each must be caught within a hundred seeds."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

import msgspec
import pytest
from sqlalchemy import Connection, Engine, event, select, update
from sqlalchemy.exc import DBAPIError
from tests.simulation import database

from lintas.border import channels
from lintas.border import service as border_service
from lintas.border import store as border_store
from lintas.border.leaving import Leaving
from lintas.bus import service as bus_service
from lintas.bus import store as bus_store
from lintas.exchange import directory, service
from lintas.exchange import store as exchange_store
from lintas.ledger.records import decode
from lintas.ledger.service import Ledger
from lintas.model import money
from lintas.model.errors import Refused
from lintas.policy.records import Decision
from lintas.storage import engine as storage
from lintas.storage import writer
from lintas.storage.engine import Transaction
from lintas.trust.charter import Member
from lintas.trust.envelope import Opened
from lintas.trust.keys import PublicKey
from lintas.trust.receipt import peek_receipt

Plant = Callable[[pytest.MonkeyPatch], None]
Handle = Callable[[Connection], None]
Outcome = tuple["Future[Any]", Any, Exception | None]


class Bug(NamedTuple):
    """One planted fault: its name in words, how it is planted, and a seed that caught it."""

    name: str
    plant: Plant
    seed: int = 0


def _forget_replays(patch: pytest.MonkeyPatch) -> None:
    """The border does not look whether an envelope was admitted before."""
    patch.setattr(border_store, "receipt_of", lambda tx, origin, header: None)


def _admit_twice(patch: pytest.MonkeyPatch) -> None:
    """The border does not look whether an object was admitted before, and stores it over the earlier one."""
    keep = border_store.keep_objects

    def replace(tx: Transaction, rows: Sequence[Any]) -> None:
        for row in rows:
            objects = border_store.objects
            tx.execute(objects.delete().where(objects.c.origin == row["origin"], objects.c.object == row["object"]))
        keep(tx, rows)

    patch.setattr(border_store, "known", lambda tx, origin, ids: {})
    patch.setattr(border_store, "keep_objects", replace)


def _acknowledge_first(patch: pytest.MonkeyPatch) -> None:
    """The writer tells the caller before the commit is done."""

    def hasty(connection: Connection, taken: list[writer.Queued], more: Iterable[writer.Queued]) -> list[Outcome]:
        transaction = connection.begin()
        taken.extend(more)
        try:
            for future, result, wrong in filter(None, [run(connection, queued) for queued in taken]):
                future.set_result(result) if wrong is None else future.set_exception(wrong)
            transaction.commit()
        except DBAPIError as wrong:
            undo(connection, wrong)
            raise
        return []

    run, undo = writer._run_one, writer._undo
    patch.setattr(writer, "_run_all", hasty)


def _commit_without_flushing(patch: pytest.MonkeyPatch) -> None:
    """The database is opened with ``synchronous=OFF``."""
    opened = storage.open_engine

    def careless(*arguments: Any, **named: Any) -> Engine:  # noqa: ANN401 — whatever open_engine takes
        engine = opened(*arguments, **named)
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
        return engine

    patch.setattr(storage, "open_engine", careless)


def _ignore_revocation(patch: pytest.MonkeyPatch) -> None:
    """The directory takes every key that a charter ever listed."""

    def all_keys(member: Member, _now: object) -> tuple[PublicKey, ...]:
        return tuple(each.key for each in member.signing_keys)

    patch.setattr(directory, "current_keys", all_keys)


def _ignore_verdicts(patch: pytest.MonkeyPatch) -> None:
    """The sender files a receipt without settling what it answers."""
    patch.setattr(border_service.Border, "settle", lambda self, tx, receipt: None)
    patch.setattr(bus_store, "waits_in", lambda tx, peer, envelope: False)


def _log_no_receipt(patch: pytest.MonkeyPatch) -> None:
    """The receiver admits without its ledger's entry."""
    append = Ledger.append

    def forgetful(self: Ledger, tx: Transaction, entries: Sequence[bytes]) -> range:
        return append(self, tx, [entry for entry in entries if decode(entry).type != "receipt"])

    patch.setattr(Ledger, "append", forgetful)


def _release_without_permit(patch: pytest.MonkeyPatch) -> None:
    """The border asks the policy and lets out whatever it answers."""
    decide = Leaving._decide_one

    def lenient(self: Leaving, *arguments: Any) -> tuple[Decision, tuple[str, ...]]:  # noqa: ANN401 — passed on as they are
        decision, rests = decide(self, *arguments)
        return msgspec.structs.replace(decision, outcome="permit"), rests

    patch.setattr(Leaving, "_decide_one", lenient)


def _accept_a_gap(patch: pytest.MonkeyPatch) -> None:
    """The order of a channel is off by one: an envelope may be missing."""
    check = channels.check_order

    def loose(tx: Transaction, opened: Opened) -> None:
        try:
            check(tx, opened)
        except Refused as wrong:
            _, seq, _ = border_store.position(tx, opened.header.origin, opened.header.lane)
            if wrong.reason != "gap" or opened.header.seq > seq + 2:
                raise

    patch.setattr(channels, "check_order", loose)


def _round_each_part(patch: pytest.MonkeyPatch) -> None:
    """Each part of an amount is rounded down by itself."""

    def each(parts: list[int], other_total: int) -> list[int]:
        return [part * other_total // sum(parts) for part in parts]

    patch.setattr(money, "rescale_parts", each)


def _seal_and_forget(patch: pytest.MonkeyPatch) -> None:
    """Sealing marks all that waits for a peer, also what was queued after the envelope was made."""

    def mark(tx: Transaction, seqs: Sequence[int], envelope: str) -> None:
        outbox = bus_store.outbox
        peer = tx.scalar(select(outbox.c.peer).where(outbox.c.seq == seqs[0]))
        waits = (outbox.c.peer == peer, outbox.c.envelope.is_(None))
        tx.execute(update(outbox).where(*waits).values(envelope=envelope))

    patch.setattr(bus_store, "mark_sealed", mark)


def _advance_first(patch: pytest.MonkeyPatch) -> None:
    """The cursor of a hearer moves in a commit of its own, before the event is handled."""
    make = bus_service.Bus._use_case

    def split(self: bus_service.Bus, hearing: bus_service.Hearing, before: int, seq: int, *rest: Any) -> Handle:  # noqa: ANN401
        handle = make(self, hearing, before, seq, *rest)

        def late(tx: Connection) -> None:
            bus_store.advance(tx, hearing.hearer, before)
            handle(tx)

        late.move = partial(bus_store.advance, hearer=hearing.hearer, seq=seq)  # type: ignore[attr-defined]
        return late

    def submit(self: database.NotingWriter, use_case: Handle) -> "Future[Any]":
        move = getattr(use_case, "move", None)
        if move is not None:
            queue(self, move).result()
        return queue(self, use_case)

    queue = database.NotingWriter.submit
    patch.setattr(bus_service.Bus, "_use_case", split)
    patch.setattr(database.NotingWriter, "submit", submit)


def _send_ahead(patch: pytest.MonkeyPatch) -> None:
    """The sender seals the next envelope though the one before has no receipt yet."""
    patch.setattr(exchange_store, "unreceipted", lambda tx, peer, lane: None)


def _trust_any_signature(patch: pytest.MonkeyPatch) -> None:
    """A receipt is believed without looking at its signature."""
    patch.setattr(service, "open_receipt", lambda wire, keys, verify: peek_receipt(wire))


BUGS = (
    Bug("skip de-duplication of envelopes", _forget_replays),
    Bug("skip de-duplication of objects", _admit_twice, 23),
    Bug("acknowledge before the commit", _acknowledge_first),
    Bug("commit without flushing", _commit_without_flushing),
    Bug("ignore a revocation", _ignore_revocation),
    Bug("drop a receipt at the sender", _ignore_verdicts),
    Bug("drop a receipt at the receiver", _log_no_receipt),
    Bug("release without a permit", _release_without_permit),
    Bug("accept a gap", _accept_a_gap, 2),
    Bug("round each part by itself", _round_each_part, 7),
    Bug("seal and forget", _seal_and_forget),
    Bug("move the cursor before handling", _advance_first, 3),
    Bug("send ahead of a receipt", _send_ahead),
    Bug("believe any receipt", _trust_any_signature),
)
