"""Alarms about gateways, and which of them are stopped: kept on disk, so that no restart lets a harvester go on."""

import json
import logging
import os
from datetime import timedelta
from pathlib import Path

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.model.times import Clock
from lintas.telco.home.records import Alarm, AlarmKind
from lintas.trust.keys import UNREADABLE

log = logging.getLogger("lintas.telco")

_MOST = 1000


class Alarms:
    """The alarms of one operator, by gateway and kind; the file holds no number."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._alarms: dict[tuple[str, str], Alarm] = {}
        self._until: dict[str, float] = {}
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=list[Alarm])
        except FileNotFoundError:
            kept = []
        except UNREADABLE:
            raise BadInput("this is no list of alarms", "restore it from its backup", where=str(path)) from None
        for alarm in kept:
            self._put(alarm)

    def ring(self, gateway: str, kind: AlarmKind, *, stop_hours: float = 0.0) -> None:
        """Ring for a gateway, and stop it for so many hours; the first time of a kind and each stop are logged and written."""
        now = self._clock.now()
        before = self._alarms.get((gateway, kind))
        until = times.render(now + timedelta(hours=stop_hours)) if stop_hours else before.until if before else ""
        at = times.render(now)
        alarm = Alarm(
            gateway=gateway,
            kind=kind,
            since=before.since if before else at,
            last=at,
            count=before.count + 1 if before else 1,
            until=until,
        )
        self._put(alarm)
        if before is None or before.until != until:
            log.warning(
                "a gateway asks oddly", extra={"peer": gateway, "kind": kind, "status": "stopped" if until else ""}
            )
            self._write()

    def lift(self, gateway: str) -> bool:
        """End the stop of a gateway; False where it was not stopped. The alarms stay, and the log says that it was lifted."""
        if not self.stopped(gateway):
            return False
        now = self._clock.now()
        for alarm in [each for each in self._alarms.values() if each.gateway == gateway and each.until]:
            self._alarms[gateway, alarm.kind] = msgspec.structs.replace(alarm, until=times.render(now))
        self._until[gateway] = now.timestamp()
        log.warning("a stop was lifted", extra={"peer": gateway})
        self._write()
        return True

    def stopped(self, gateway: str) -> bool:
        """Return whether a gateway gets no answers now."""
        until = self._until.get(gateway)
        return until is not None and self._clock.now().timestamp() < until

    def was_stopped(self, gateway: str) -> bool:
        """Return True once after a stop ended."""
        until = self._until.get(gateway)
        if until is None or self._clock.now().timestamp() < until:
            return False
        del self._until[gateway]
        return True

    def listed(self) -> list[Alarm]:
        """Return all alarms, the latest first."""
        return sorted(self._alarms.values(), key=lambda alarm: alarm.last, reverse=True)

    def _put(self, alarm: Alarm) -> None:
        if len(self._alarms) >= _MOST and (alarm.gateway, alarm.kind) not in self._alarms:
            del self._alarms[next(iter(self._alarms))]
        self._alarms[alarm.gateway, alarm.kind] = alarm
        if alarm.until:
            until = times.parse(alarm.until).timestamp()
            # A stop that is over is told once, by ``was_stopped``, and not again by an alarm that only remembers it.
            if until > self._clock.now().timestamp():
                self._until[alarm.gateway] = max(until, self._until.get(alarm.gateway, 0.0))

    def _write(self) -> None:
        aside = self._path.with_suffix(".new")
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as out:
            json.dump([msgspec.to_builtins(alarm) for alarm in self._alarms.values()], out)
            out.flush()
            os.fsync(out.fileno())
        aside.rename(self._path)
