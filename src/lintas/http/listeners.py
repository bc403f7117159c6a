"""Runs a node's doors, several uvicorn servers with their own address and TLS, in one event loop and one process.

The door for other authorities asks for a client certificate and admits only those given, byte for byte; the application
finds it as ``request.state.peer_certificate`` (DER; None at the other doors). Certificates may be exchanged while it runs.
"""

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h11
import msgspec
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from uvicorn.protocols.http.h11_impl import H11Protocol

from lintas.http.admission import TurnedAway
from lintas.model.errors import BadInput, NotFound, Unavailable

#: Seconds that open calls (long polls) get to finish when the node stops; with uvicorn's own beats it stays below 3.
GRACE_SECONDS = 1
#: Open connections per door, beyond which callers are told to come back.
MAX_CONNECTIONS = 1000
#: Peers and bank agents keep a connection this long between calls, to save handshakes.
KEEP_ALIVE_SECONDS = 30
#: The head of a request must arrive within this, or somebody is holding connections open for nothing.
HEAD_SECONDS = 15.0

_log = logging.getLogger("lintas.node")


class TlsFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The PEM files of a door's own certificate (chain) and its private key."""

    certificate: Path
    key: Path


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """One door. Port 0 takes any free one; without ``tls`` only a loopback address is allowed.

    ``client_certificates`` (PEM, one or more, b"" for none yet) makes the door ask for one of exactly these, in TLS 1.3.
    ``turned_away`` counts who was not admitted there.
    """

    name: str
    host: str
    port: int
    app: Any
    tls: TlsFiles | None = None
    client_certificates: bytes | None = None
    turned_away: TurnedAway = msgspec.field(default_factory=TurnedAway)


class Listeners:
    """The doors of one process: ``async with Listeners([...]) as doors`` opens them all or none, and closes them."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        names = [listener.name for listener in listeners]
        if len(set(names)) != len(names):
            raise BadInput("two listeners have the same name", "name each door once")
        self._doors = {listener.name: _Door(listener) for listener in listeners}
        self._serving: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    @property
    def urls(self) -> Mapping[str, str]:
        """Return each door's address by its name, with the real port, once they are open."""
        return {name: door.url for name, door in self._doors.items()}

    async def __aenter__(self) -> "Listeners":
        """Open every door; Unavailable when an address is taken, and then none stays open."""
        try:
            for door in self._doors.values():
                door.bind()
        except BaseException:
            for door in self._doors.values():
                door.unbind()
            raise
        self._serving = [asyncio.create_task(door.serve(), name=name) for name, door in self._doors.items()]
        while not all(door.started for door in self._doors.values()):
            await asyncio.sleep(0.005)
            for task in self._serving:
                if task.done():
                    task.result()
        for name, door in self._doors.items():
            _log.info("a door is open", extra={"listener": name, "port": door.port})
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every door: idle connections at once, open calls after GRACE_SECONDS at most."""
        self.stop()
        await asyncio.gather(*self._serving)

    def stop(self) -> None:
        """Ask all doors to close; returns at once."""
        self._stopping.set()
        for door in self._doors.values():
            door.should_exit = True

    async def stopped(self) -> None:
        """Wait until somebody asks the doors to close."""
        await self._stopping.wait()

    def trust_more(self, name: str, pem: bytes) -> None:
        """Admit further client certificates (PEM) at a door, from the next handshake on."""
        self._peers(name).add(pem)

    def trust_only(self, name: str, pem: bytes) -> None:
        """Admit these client certificates and no others; connections of those no longer among them are cut."""
        self._peers(name).replace(pem)
        self._doors[name].cut_strangers()

    def _peers(self, name: str) -> "_Peers":
        door = self._doors.get(name)
        if door is None or door.peers is None:
            raise NotFound(f"no door {name!r} asks for client certificates", "name one that does")
        return door.peers


async def serve(listeners: Sequence[Listener], opened: Callable[[Listeners], None] = lambda _: None) -> None:
    """Run the doors until SIGTERM, SIGINT or ``stop``; ``opened`` is told once they are open."""
    async with Listeners(listeners) as doors:
        with stopping_on_signals(doors):
            opened(doors)
            await doors.stopped()


@contextlib.contextmanager
def stopping_on_signals(doors: Listeners) -> Iterator[None]:
    """Stop the doors on SIGTERM or SIGINT, for as long as this lasts."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, doors.stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class _Peers:
    """The client certificates that a door admits, as DER and in the TLS context."""

    def __init__(self, pem: bytes, context: ssl.SSLContext) -> None:
        self.admitted: frozenset[bytes] = frozenset()
        self._context = context
        self.replace(pem)

    def add(self, pem: bytes) -> None:
        self.admitted |= self._load(pem)

    def replace(self, pem: bytes) -> None:
        self.admitted = self._load(pem)

    def _load(self, pem: bytes) -> frozenset[bytes]:
        """Put them into the TLS context too; it cannot forget one, so ``admitted`` has the last word (see _Protocol)."""
        if not pem.strip():
            return frozenset()
        try:
            certificates = x509.load_pem_x509_certificates(pem)
        except ValueError:
            raise BadInput("the client certificates are not PEM", "give -----BEGIN CERTIFICATE----- blocks") from None
        der = frozenset(certificate.public_bytes(Encoding.DER) for certificate in certificates)
        for one in der - self.admitted:
            with contextlib.suppress(ssl.SSLError):  # OpenSSL refuses one that it already holds
                self._context.load_verify_locations(cadata=one)
        return der


class _Config(uvicorn.Config):
    """uvicorn's settings, and the door's peers for the protocol to find."""

    peers: _Peers | None = None
    door: str
    away: TurnedAway


class _Protocol(H11Protocol):
    """HTTP/1.1 that hands the client's certificate to the application, and hangs up on one that is not admitted."""

    peer_certificate: bytes | None = None
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the class above
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        self.peer_certificate = secured.getpeercert(binary_form=True) if secured else None
        # uvicorn copies app_state into each request's scope["state"]; all connections share the dict it gave us.
        self.app_state = {**self.app_state, "peer_certificate": self.peer_certificate}
        self._await_head()
        self.cut_stranger()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()

    def _await_head(self) -> None:
        """Let the clock run while a request's head is incomplete; uvicorn limits only the time between requests."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def cut_stranger(self) -> None:
        if not isinstance(self.config, _Config):
            return
        peers = self.config.peers
        # A certificate that an admitted one had signed would pass the handshake: admitted means listed itself.
        if peers is not None and self.peer_certificate not in peers.admitted:
            self.config.away.note(self.config.door, "it is not among those admitted now", self.peer_certificate)
            self.transport.abort()


class _Door(uvicorn.Server):
    """One listener's server."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.peers: _Peers | None = None
        self._socket: socket.socket | None = None
        _check(listener)
        config = _Config(
            listener.app,
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        config.load()
        config.door, config.away = listener.name, listener.turned_away
        if listener.tls is not None:
            config.ssl = _context(listener.tls, peers_only=listener.client_certificates is not None)
            if listener.client_certificates is not None:
                config.peers = self.peers = _Peers(listener.client_certificates, config.ssl)
                listener.turned_away.watch(config.ssl, listener.name)
        super().__init__(config)

    @property
    def port(self) -> int:
        """Return the real port; Unavailable while the door is shut."""
        if self._socket is None:
            raise Unavailable("the door is not open", "ask once it is")
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        host = f"[{self.listener.host}]" if ":" in self.listener.host else self.listener.host
        return f"{'https' if self.listener.tls else 'http'}://{host}:{self.port}"

    def bind(self) -> None:
        """Take the address, so that all doors are taken before one is served."""
        listener = self.listener
        family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
        try:
            bound = socket.create_server((listener.host, listener.port), family=family, backlog=1024)
        except OSError as wrong:
            what = f"cannot listen on {listener.host} port {listener.port}: {wrong.strerror or wrong}"
            raise Unavailable(what, "stop what uses it, or choose another", where=f"listener {listener.name}") from None
        # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms for an ACK.
        self._socket = socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())

    def unbind(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until asked to stop; calls cut off at the end have said so to their callers when this returns."""
        assert self._socket is not None  # noqa: S101 — bind() came first, by __aenter__
        await super().serve(sockets or [self._socket])
        if cancelled := set(self.server_state.tasks):
            await asyncio.wait(cancelled, timeout=0.3)
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def cut_strangers(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, _Protocol):
                connection.cut_stranger()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process: several servers would fight over them."""
        yield


def _check(listener: Listener) -> None:
    where = f"listener {listener.name}"
    if not 0 <= listener.port <= 65535:
        raise BadInput(f"{listener.port} is not a port", "choose 0 to 65535", where=where)
    if listener.tls is None and not _loopback(listener.host):
        what = f"plain HTTP on {listener.host} would send keys and personal data in clear"
        raise BadInput(what, "give the listener a certificate, or let it listen on 127.0.0.1 only", where=where)
    if listener.tls is None and listener.client_certificates is not None:
        raise BadInput("client certificates need TLS", "give the listener a certificate of its own", where=where)


def _loopback(host: str) -> bool:
    """Accept literal loopback addresses; a name, even localhost, is whatever a resolver says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _context(tls: TlsFiles, *, peers_only: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if peers_only else ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as wrong:
        what = f"the certificate and key cannot be used: {wrong.strerror or wrong}"
        raise BadInput(what, "give PEM files that belong together", where=str(tls.certificate)) from None
    if peers_only:
        context.verify_mode = ssl.CERT_REQUIRED
        # Each peer's certificate is its own root: without this flag one that another had signed would need the whole chain.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        # A resumed session skips verification, and with it a certificate that was withdrawn meanwhile.
        context.num_tickets = 0
    return context
