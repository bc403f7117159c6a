"""Settings of an operator's own process, and what it is made of: the table, its feeds, the limits, and who may ask."""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from lintas.gateway.camara.operations import Api
from lintas.http.admission import TurnedAway
from lintas.model.errors import BadInput
from lintas.model.times import Clock, SystemClock
from lintas.node.toml_files import read_toml
from lintas.telco.abroad_limits import PEERS_PER_SECOND
from lintas.telco.home.alarms import Alarms
from lintas.telco.home.checks import Checks, Policy
from lintas.telco.home.journal import Journal
from lintas.telco.home.keeping import Keeper
from lintas.telco.home.limits import Guard, Limits
from lintas.telco.home.records import BadEvent, Calls, Gateway, number
from lintas.telco.home.table import Ranges, Table
from lintas.trust.certificates import fingerprint
from lintas.trust.keys import Ed25519Signer

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=r"\A[A-Za-z0-9._-]+\Z")]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
#: A token is compared by its SHA-256, and is never shorter than this.
SHORTEST_TOKEN = 16
#: Peers for which one node may ask, each with limits of its own; further names count as the node itself.
MOST_PEERS = 32
_PEER = re.compile(r"[A-Za-z0-9._-]{1,80}")


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One listener; without ``certificate`` and ``key`` (PEM files) it stays on loopback."""

    host: str = "127.0.0.1"
    port: Port = 0
    certificate: str = ""
    key: str = ""


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gateway, or a node, that may ask: its certificate (PEM file) is how it is known.

    A node ``relays``: it says for which peer it asks, and each peer has limits of its own.
    """

    name: Name
    certificate: str = ""
    domestic: bool = True
    per_second: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 50.0
    relays: bool = False


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feed, which is taken for dead after ``silent_s`` (0: never) without news.

    ``camara`` is posted to the desk door with the token of ``token_file``; ``lines`` follows ``path`` ("-": standard input);
    ``nats`` takes ``subject`` from ``url``, through the JetStream consumer ``durable`` if named; ``simulator`` plays
    ``subscribers`` of an exercise.
    """

    name: Name
    kind: Literal["camara", "lines", "nats", "simulator"]
    token_file: str = ""
    path: str = ""
    url: str = ""
    subject: str = ""
    durable: str = ""
    subscribers: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1000
    silent_s: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 900


class OperatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of `lintas telco home`; paths start from the file's own directory.

    ``ranges`` are the operator's numbers, each ``+first-+last``. ``key`` is the key file that signs answers, made at the first
    start. ``calls`` says how much of its subscribers' outgoing calls the feeds tell. ``protected`` and ``canaries`` name files
    with one number a line. ``door`` is for gateways, over mutual TLS; ``desk`` for the operator's own people and feeds, with
    ``desk_token_file``; ``plain`` is the gateways' door without TLS, on loopback and in exercises only. No answer comes sooner
    than ``answer_ms``. ``camara`` is the door for API clients: those of the register ``camara_clients`` are offered
    ``camara_apis`` (none named: what the feeds tell); ``camara_url`` is the token endpoint's public address, ``sims_since``
    when the feeds' record of SIM changes began.
    """

    operator: Name
    data: str
    ranges: tuple[str, ...]
    key: str
    exercise: bool = False
    calls: Calls = "none"
    protected: str = ""
    canaries: str = ""
    answer_ms: Annotated[int, msgspec.Meta(ge=0, le=100)] = 5
    door: DoorSettings | None = None
    plain: DoorSettings | None = None
    desk: DoorSettings | None = None
    desk_token_file: str = ""
    camara: DoorSettings | None = None
    camara_clients: Annotated[str, msgspec.Meta(min_length=1)] = "camara-clients.json"
    camara_apis: tuple[Api, ...] = ()
    camara_url: str = ""
    sims_since: str = ""
    gateways: tuple[GatewaySettings, ...] = ()
    feeds: tuple[FeedSettings, ...] = ()
    limits: Limits = Limits()


def read_settings(path: Path) -> OperatorSettings:
    """Read the settings; BadInput names what is wrong in them."""
    where = str(path)
    settings = read_toml(path, OperatorSettings, see="docs/settings.md")
    if not settings.exercise:
        _for_exercises(settings, where)
    names = [*(each.name for each in settings.gateways), *(each.name for each in settings.feeds)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadInput(f"{', '.join(sorted(twice))} is there twice", "name each gateway and feed once", where=where)
    for each in settings.gateways:
        if each.relays and each.per_second < PEERS_PER_SECOND:
            what = f"{each.name} may ask less than its peers may together"
            raise BadInput(what, f"set its per_second to {PEERS_PER_SECOND:.0f} or more", where=where)
    if settings.desk is not None and not settings.desk_token_file:
        raise BadInput("the desk has no token", "name a file in `desk_token_file`", where=where)
    return settings


def _for_exercises(settings: OperatorSettings, where: str) -> None:
    """Refuse what would open a real operator's table."""
    limits = settings.limits
    off = not (
        limits.rate
        and limits.per_number
        and limits.share
        and limits.canary_hits
        and limits.block
        and limits.blocks
        and limits.run
    )
    simulated = any(feed.kind == "simulator" for feed in settings.feeds)
    for wrong, what in ((settings.plain, "`plain`"), (simulated, "a simulated feed"), (off, "a limit of 0")):
        if wrong:
            raise BadInput(f"{what} is for exercises", "remove it, or set exercise = true", where=where)


class Operator:
    """What an operator's process is made of."""

    def __init__(self, settings: OperatorSettings, root: Path, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        self.settings, self.root, self.clock = settings, root, clock
        now = lambda: clock.now().timestamp()  # noqa: E731 - the one clock, as seconds
        if not (root / settings.key).exists():
            Ed25519Signer.generate(settings.operator).save(root / settings.key)
        self.signer = Ed25519Signer.load(root / settings.key)
        table = Table(Ranges(read_range(text) for text in settings.ranges))
        (root / settings.data).mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keeper = Keeper(table, Journal(root / settings.data), now=now)
        alarms = Alarms(root / settings.data / "alarms.json", clock)
        guard = Guard(settings.limits, self._numbers(settings.canaries))
        policy = Policy(settings.calls, self._numbers(settings.protected), settings.limits)
        self.checks = Checks(table, guard, alarms, policy, now=now)
        self.turned_away = TurnedAway()
        #: Seconds since 1970: until a feed has spoken, it is silent since then.
        self.began = clock.now().timestamp()
        self._peers: dict[str, dict[str, Gateway]] = {}
        self.by_name = {each.name: _gateway(each) for each in settings.gateways}
        self.by_certificate = {
            fingerprint(self.certificate(each)): self.by_name[each.name]
            for each in settings.gateways
            if each.certificate
        }

    def asking(self, gateway: Gateway, peer: str) -> Gateway:
        """Return who asks: a peer through a node that relays, else the gateway itself."""
        peers = self._peers.setdefault(gateway.name, {})
        if not gateway.relays or not _PEER.fullmatch(peer) or (peer not in peers and len(peers) >= MOST_PEERS):
            return gateway
        name, rate = f"{gateway.name}/{peer}", gateway.per_second
        return peers.setdefault(peer, Gateway(name=name, domestic=False, per_second=rate, through=gateway))

    def certificate(self, gateway: GatewaySettings) -> str:
        """Return a gateway's certificate, PEM."""
        return self._text(gateway.certificate)

    def certificates(self) -> bytes:
        """Return all gateways' certificates, PEM, one after the other."""
        return "".join(self.certificate(each) for each in self.settings.gateways if each.certificate).encode()

    def token(self, name: str) -> bytes:
        """Return the SHA-256 of the token in a file; BadInput for a short one."""
        text = self._text(name).strip()
        if len(text) < SHORTEST_TOKEN:
            raise BadInput("this token is short", f"write at least {SHORTEST_TOKEN} random characters", where=name)
        return hashlib.sha256(text.encode()).digest()

    def _text(self, name: str) -> str:
        try:
            return (self.root / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise BadInput("this file cannot be read", "name one that is there", where=name) from None

    def _numbers(self, name: str) -> frozenset[int]:
        if not name:
            return frozenset()
        try:
            return frozenset(number(line.strip()) for line in self._text(name).splitlines() if line.strip())
        except BadEvent as wrong:
            raise BadInput(wrong.what, wrong.do, where=name) from None


def _gateway(each: GatewaySettings) -> Gateway:
    return Gateway(name=each.name, domestic=each.domestic, per_second=each.per_second, relays=each.relays)


def read_range(text: str) -> tuple[int, int]:
    """Read ``+first-+last``, or one number; BadInput when it is neither."""
    first, dash, last = text.partition("-")
    try:
        found = number(first.strip()), number((last if dash else first).strip())
    except BadEvent as wrong:
        raise BadInput(wrong.what, wrong.do, where=f"ranges, {text}") from None
    if found[0] > found[1] or len(str(found[0])) != len(str(found[1])):
        raise BadInput("this range ends before it begins", "write +first-+last, both as long", where=f"ranges, {text}")
    return found
