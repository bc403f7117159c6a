"""Emits events with the change that caused them, and brings each to those who hear it, once and in order."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from lintas.bus import store
from lintas.model import times
from lintas.model.errors import LintasError
from lintas.model.times import Clock
from lintas.storage.engine import Transaction, reading
from lintas.storage.writer import SerialWriter, Writer

log = logging.getLogger("lintas.bus")

#: Handles one event inside the hearer's own transaction.
Handler = Callable[[Transaction, Any], None]


class Hearing(msgspec.Struct, frozen=True):
    """One row of the table of who hears what: ``hearer`` is a stable name, its cursor's key."""

    hearer: str
    events: tuple[type[msgspec.Struct], ...]
    handle: Handler


def kind_of(event: type[msgspec.Struct]) -> str:
    """Return the stable name of an event type: room and class, e.g. ``intake.ReportFiled``."""
    return f"{event.__module__.split('.')[1]}.{event.__name__}"


class Bus:
    """The events of one node."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hearings: tuple[Hearing, ...] = ()
        self._types: dict[str, type[msgspec.Struct]] = {}
        #: The newest event when last every hearer had handled all of its own: most commits bring none, and ask no more.
        self._heard = 0

    def subscribe(self, hearings: Sequence[Hearing]) -> None:
        """Set the one table of who hears what (``node/assembly.py`` holds it)."""
        self._hearings = tuple(hearings)
        self._heard = 0
        self._types = {kind_of(event): event for hearing in hearings for event in hearing.events}

    def emit(self, tx: Transaction, *events: msgspec.Struct) -> None:
        """Store events with the caller's change; nobody hears them unless that change commits."""
        if events:
            new = [(kind_of(type(event)), msgspec.json.encode(event)) for event in events]
            store.add_events(tx, new, times.render(self._clock.now()))

    def pump(self, engine: Engine, writer: "Writer | SerialWriter") -> int:
        """Let every hearer handle what is new, until nothing is; returns how many were handled.

        Unavailable when the database does not take it now: call again later.
        """
        handled = 0
        while batch := self._new(engine):
            for future in [writer.submit(use_case) for use_case in batch]:
                future.result()
            handled += len(batch)
        return handled

    def _new(self, engine: Engine) -> list[Callable[[Connection], None]]:
        found: list[Callable[[Connection], None]] = []
        with reading(engine) as tx:
            last = store.last_event(tx)
            if last == self._heard:
                return found
            at = store.all_cursors(tx)
            starts = {each.hearer: max(at.get(each.hearer, 0), self._heard) for each in self._hearings}
            # Most hearers have nothing left before the same place: those are answered by one query.
            for start in sorted(set(starts.values())):
                hearers: dict[str, list[Hearing]] = {}
                for hearing in (each for each in self._hearings if starts[each.hearer] == start):
                    for event in hearing.events:
                        hearers.setdefault(kind_of(event), []).append(hearing)
                for seq, kind, body in store.events_after(tx, start, list(hearers), limit=100):
                    for hearing in hearers[kind]:
                        found.append(self._use_case(hearing, at.get(hearing.hearer, 0), seq, (kind, body)))
                        at[hearing.hearer] = seq
        if not found:
            self._heard = last
        return found

    def _use_case(
        self, hearing: Hearing, before: int, seq: int, stored: tuple[str, bytes]
    ) -> Callable[[Connection], None]:
        kind, body = stored

        def handle(tx: Connection) -> None:
            if store.cursor(tx, hearing.hearer) != before:
                # Handled before a crash that hid the acknowledgement, or the event ahead of it failed: order is kept.
                return
            try:
                event = msgspec.json.decode(body, type=self._types[kind])
                with tx.begin_nested():
                    hearing.handle(tx, event)
            except (LintasError, IntegrityError) as wrong:
                self._park(tx, hearing, seq, wrong)
            except DBAPIError:
                raise
            # A fault of ours in one hearer must not stop the node's other work; an administrator sees the event parked.
            except Exception as fault:  # noqa: BLE001
                self._park(tx, hearing, seq, fault)
            store.advance(tx, hearing.hearer, seq)

        return handle

    def _park(self, tx: Connection, hearing: Hearing, seq: int, wrong: Exception) -> None:
        log.warning("event parked", extra={"hearer": hearing.hearer, "seq": seq, "why": type(wrong).__name__})
        store.park(tx, hearing.hearer, seq, str(wrong))
