"""What may be asked between authorities: limits of each peer at our door, and of each of our organisations before it leaves.

Whoever goes beyond them is stopped alone, also when the node starts anew meanwhile. What one peer, or one organisation, may
ask leaves room for the others with whoever is asked next. What is counted within minutes begins anew with the node.
"""

import logging
from collections.abc import Callable, Mapping

from lintas.telco.home.limits import Guard, Limits, Said
from lintas.telco.home.records import Gateway

log = logging.getLogger("lintas.telco")

#: What one peer may ask in a second on average: a jurisdiction's calls to another one in its busy hour, several times over.
PEER_PER_SECOND = 20.0
#: What all peers may together: no operator gives its authority's node less.
PEERS_PER_SECOND = 200.0
#: What one of our organisations may ask abroad, and what all may ask of one peer: less than it lets us.
ORGANISATION_PER_SECOND, OURS_PER_SECOND = 5.0, 18.0
#: A number's questions: all peers together have what an operator gives one node, and each of them less.
PEER_LIMITS = Limits(canary_hits=0, per_number=4, share=3)
#: Two windows of ours may lie in one of the peer's, so all of us together ask half of what would make it deaf.
OURS_LIMITS = Limits(canary_hits=0, per_number=3, share=3, block=PEER_LIMITS.block // 2, run=PEER_LIMITS.run // 2)
ORGANISATION_LIMITS = Limits(canary_hits=0, per_number=3, share=2, block=OURS_LIMITS.block // 2, run=10)


class _Stops:
    """Who is stopped until when; a stop is logged, and what was counted before it is forgotten when it ends."""

    def __init__(self, guard: Guard, line: str, stop_hours: float) -> None:
        self._guard, self._line, self._stop_s = guard, line, stop_hours * 3600
        self._until: dict[str, float] = {}
        self.on_stop: Callable[[], object] = lambda: None

    def left(self, now: float) -> dict[str, float]:
        """Return for how many seconds each is stopped still."""
        return {name: until - now for name, until in self._until.items() if until > now}

    def stop_again(self, left: Mapping[str, float], now: float) -> None:
        """Stop whoever was stopped before the node started anew; nobody for longer than a stop lasts."""
        self._until |= {name: now + min(each, self._stop_s) for name, each in left.items() if each > 0}

    def look(self, who: Gateway, number: int, now: float) -> Said:
        until = self._until.get(who.name)
        if until is not None and until <= now:
            del self._until[who.name]
            self._guard.forget(who.name)
        said = self._guard.look(who, number, now)
        if said.stop and who.name not in self._until:
            self._until[who.name] = now + self._stop_s
            log.warning(self._line, extra={"peer": who.name, "kind": said.alarm, "status": "stopped"})
            self.on_stop()
        return Said(False, said.alarm, said.stop) if who.name in self._until else said


class PeersLimits:
    """The limits of peers that ask here."""

    def __init__(self) -> None:
        self.stops = _Stops(Guard(PEER_LIMITS), "a peer asks through numbers", PEER_LIMITS.stop_hours)
        # Its name is no authority's.
        self._all = Gateway(name="*", per_second=PEERS_PER_SECOND)

    def refuse(self, peer: str, number: int, now: float) -> str:
        """Return under which name a peer's question is refused, "" for one that may be asked."""
        who = Gateway(name=peer, domestic=False, per_second=PEER_PER_SECOND, through=self._all)
        return _outcome(self.stops.look(who, number, now))


class OurLimits:
    """The limits of our own organisations: stricter than a peer's, so that none of them is what the peer stops us for."""

    def __init__(self) -> None:
        line = "an operator of ours asks abroad through numbers"
        self.stops = _Stops(Guard(ORGANISATION_LIMITS), line, ORGANISATION_LIMITS.stop_hours)
        self._together = Guard(OURS_LIMITS)

    def refuse(self, organisation: str, peer: str, number: int, now: float) -> str:
        """Return under which name a question is refused, "" for one that may leave."""
        said = self.stops.look(Gateway(name=organisation, per_second=ORGANISATION_PER_SECOND), number, now)
        if not said.answered:
            return _outcome(said)
        # What is not sent is not counted against all of us, and nobody is stopped for what all of us ask.
        return _outcome(self._together.look(Gateway(name=peer, per_second=OURS_PER_SECOND), number, now))


def _outcome(said: Said) -> str:
    if said.answered:
        return ""
    return f"limited_{said.alarm}" if said.alarm else "limited"
