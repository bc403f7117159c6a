"""How fast lists arrive: for each peer and each gateway, and what has not been confirmed."""

import msgspec

from lintas.telco.book.records import Told


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """How long batches of one kind took to one place, seconds; None where none arrived. ``waiting`` have not been confirmed."""

    sent: int
    done: int
    waiting: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class PeerPace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast one peer took what it was told: entries until enforced there, withdrawals until taken back there.

    ``received`` have its receipt; ``kept_back`` did not leave, by this authority's own law.
    """

    peer: str
    kind: str
    received: int
    kept_back: int
    arrived: Arrived


class GatewayPace(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway: the version that it has in force since when, how many it is behind, and how fast it was."""

    gateway: str
    operator: str
    version: int
    behind: int
    enforced_at: str
    seen_at: str
    arrived: Arrived


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One entry put in force or taken back: when that was decided and published, and how many have confirmed it."""

    entry: str
    value: str
    withdrawal: bool
    decided_at: str
    published_at: str
    gateways_done: int
    gateways: int
    peers_done: int
    peers: int


class Propagation(msgspec.Struct, frozen=True, kw_only=True):
    """How fast lists arrive since a time; an operator sees its own gateways alone. ``waiting`` is oldest first."""

    since: str
    version: int
    gateways: tuple[GatewayPace, ...]
    peers: tuple[PeerPace, ...] = ()
    decided: tuple[Decided, ...] = ()
    waiting: tuple[Told, ...] = ()
