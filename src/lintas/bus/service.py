"""Emits events with the change that caused them, and brings each to those who hear it, once and in order."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine

from lintas.bus import store
from lintas.model import times
from lintas.model.errors import LintasError, Unavailable
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

    def subscribe(self, hearings: Sequence[Hearing]) -> None:
        """Set the one table of who hears what (``node/assembly.py`` holds it)."""
        self._hearings = tuple(hearings)
        self._types = {kind_of(event): event for hearing in hearings for event in hearing.events}

    def emit(self, tx: Transaction, event: msgspec.Struct) -> None:
        """Store an event with the caller's change; nobody hears it unless that change commits."""
        store.add_event(tx, kind_of(type(event)), msgspec.json.encode(event), times.render(self._clock.now()))

    def pump(self, engine: Engine, writer: "Writer | SerialWriter") -> int:
        """Let every hearer handle what is new, until nothing is; returns how many were handled."""
        handled = 0
        while batch := self._new(engine):
            futures = [writer.submit(self._use_case(*item)) for item in batch]
            for future in futures:
                try:
                    future.result()
                except Unavailable:
                    return handled
            handled += len(batch)
        return handled

    def _new(self, engine: Engine) -> list[tuple[Hearing, int, str, bytes]]:
        found: list[tuple[Hearing, int, str, bytes]] = []
        with reading(engine) as tx:
            for hearing in self._hearings:
                kinds = [kind_of(event) for event in hearing.events]
                rows = store.events_after(tx, store.cursor(tx, hearing.hearer), kinds, limit=100)
                found.extend((hearing, *row) for row in rows)
        return found

    def _use_case(self, hearing: Hearing, seq: int, kind: str, body: bytes) -> Callable[[Connection], None]:
        def handle(tx: Connection) -> None:
            if store.cursor(tx, hearing.hearer) >= seq:
                return  # handled before a crash that hid the acknowledgement
            event = msgspec.json.decode(body, type=self._types[kind])
            try:
                with tx.begin_nested():
                    hearing.handle(tx, event)
            except LintasError as wrong:
                # One event that its hearer refuses must not stop those behind it; an administrator sees it parked.
                log.warning("event parked", extra={"hearer": hearing.hearer, "seq": seq, "why": type(wrong).__name__})
                store.park(tx, hearing.hearer, seq, str(wrong))
            store.advance(tx, hearing.hearer, seq)

        return handle
