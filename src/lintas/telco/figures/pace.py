"""How fast lists arrive: for each peer from leaving to confirmed, for each gateway from published to in force."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from lintas.model import times
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import abroad_store
from lintas.telco.book.records import Told
from lintas.telco.figures import pace_store
from lintas.telco.figures.pace_records import Arrived, Decided, GatewayPace, PeerPace, Propagation
from lintas.telco.figures.pace_store import Changed, Gate
from lintas.telco.figures.rules import percentile, seconds

#: What is looked back upon.
LOOKS_BACK = timedelta(days=7)
#: Decisions, and batches that wait, that are listed.
NEWEST, MOST_WAITING = 20, 100


class Pace:
    """How fast the lists of one authority arrive."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    def seen(self, tx: Transaction, operator: str = "") -> Propagation:
        """Return what arrived and what did not in the last seven days; an operator sees its own gateways alone."""
        since = times.render(self._clock.now() - LOOKS_BACK)
        head, published = pace_store.head(tx), pace_store.published_since(tx, since)
        gates = pace_store.gates(tx, operator)
        paces = tuple(_gateway(tx, gate, head, published) for gate in gates)
        if operator:
            return Propagation(since=since, version=head, gateways=paces)
        told = pace_store.told_since(tx, since)
        waiting = [each for each in told if not _done(each) and not each.refused_here]
        return Propagation(
            since=since,
            version=head,
            gateways=paces,
            peers=_peers(told),
            decided=tuple(_decided(tx, each, gates) for each in pace_store.changed(tx, NEWEST)),
            waiting=tuple(waiting[:MOST_WAITING]),
        )


def _done(told: Told) -> str:
    """Return when a peer confirmed that it enforces, or took back; "" while it has not."""
    return told.withdrawn_at if told.kind == "withdrawal" else told.enforced_at


def _peers(told: Sequence[Told]) -> tuple[PeerPace, ...]:
    groups = defaultdict[tuple[str, str], list[Told]](list)
    for each in told:
        groups[each.peer, each.kind].append(each)
    return tuple(
        PeerPace(
            peer=peer,
            kind=kind,
            received=sum(bool(each.received_at) for each in several),
            kept_back=sum(bool(each.refused_here) for each in several),
            arrived=_arrived([(each.left_at, _done(each)) for each in several if not each.refused_here]),
        )
        for (peer, kind), several in sorted(groups.items())
    )


def _gateway(tx: Transaction, gate: Gate, head: int, published: Sequence[tuple[int, str]]) -> GatewayPace:
    """Say how fast a gateway was: a version is in force with the first one that it named at or above it."""
    named = pace_store.enforced(tx, gate.name, published[0][0]) if published else []
    versions, first = [version for version, _ in named], _earliest([at for _, at in named])
    pairs = [
        (at, first[place] if (place := bisect_left(versions, version)) < len(first) else "")
        for version, at in published
    ]
    return GatewayPace(
        gateway=gate.name,
        operator=gate.operator,
        version=gate.version,
        behind=max(0, head - gate.version),
        enforced_at=gate.enforced_at,
        seen_at=gate.seen_at,
        arrived=_arrived(pairs),
    )


def _earliest(ats: Sequence[str]) -> list[str]:
    """Return for each place the earliest time at it or after it."""
    found, least = list[str](), ""
    for at in reversed(ats):
        least = min(least, at, key=times.parse) if least else at
        found.append(least)
    return found[::-1]


def _decided(tx: Transaction, changed: Changed, gates: Sequence[Gate]) -> Decided:
    withdrawal = changed.state == "ended"
    wanted = "withdrawal" if withdrawal else "listing"
    told = [each for each in abroad_store.of_entry(tx, changed.entry) if each.kind == wanted and not each.refused_here]
    return Decided(
        entry=changed.entry,
        value=changed.value,
        withdrawal=withdrawal,
        decided_at=changed.decided_at,
        published_at=changed.published_at,
        gateways_done=sum(gate.version >= changed.version for gate in gates) if changed.published_at else 0,
        gateways=len(gates) if changed.published_at else 0,
        peers_done=len({each.peer for each in told if _done(each)}),
        peers=len({each.peer for each in told}),
    )


def _arrived(pairs: Sequence[tuple[str, str]]) -> Arrived:
    took = sorted(seconds(since, until) for since, until in pairs if until)
    return Arrived(
        sent=len(pairs),
        done=len(took),
        waiting=len(pairs) - len(took),
        p50_s=percentile(took, 50),
        p95_s=percentile(took, 95),
        p99_s=percentile(took, 99),
    )
