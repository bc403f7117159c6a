"""Runs the verdict service: one process, one event loop (uvloop), until SIGTERM or SIGINT; the list is exchanged meanwhile."""

import asyncio
import contextlib
import gc
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping

from lintas.gateway.following.renewing import renew
from lintas.gateway.http.connection import Connection
from lintas.gateway.http.routes import Routes
from lintas.gateway.verdict import Verdicts
from lintas.model.errors import Unavailable
from lintas.telco.lists.standing import Standing

#: Open connections, beyond which clients are told to come back.
MOST_CONNECTIONS = 2_000
#: Descriptors that no connection gets: what the process has open, and the list's files when they change.
RESERVED = 100
#: What answers that are under way get to finish when the service stops.
GRACE_S = 1.0


class Server:
    """Open connections and their bounds; ``operators`` is how each operator that is asked does, None where none is."""

    def __init__(
        self,
        verdicts: Verdicts,
        standing: Standing,
        watch: Standing | None = None,
        operators: Mapping[str, object] | None = None,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self._standing, self._watch, self._verdicts = standing, watch, verdicts
        self._operators, self._most = operators, most
        self._open: set[Connection] = set()
        self._began = time.monotonic()
        self.stopping = False
        self._routes = Routes(verdicts, self.health)

    @property
    def full(self) -> bool:
        """Tell whether one more connection is too many."""
        return len(self._open) >= self._most

    def opened(self, connection: Connection) -> None:
        """Note a connection."""
        self._open.add(connection)

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.discard(connection)

    def connection(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self._routes, self)

    def health(self) -> dict[str, object]:
        """Return what a monitor reads: which list is in force, its age, and how many verdicts were given."""
        standing, watch = self._standing, self._watch
        return {
            "status": "old list" if standing.old else "ok",
            "policy": self._verdicts.policy,
            "list": _told(standing),
            "problem": standing.problem,
            **({} if watch is None else {"watch": _told(watch) | {"problem": watch.problem}}),
            **({} if self._operators is None else {"operators": self._operators}),
            "verdicts": self._verdicts.counters.total,
            "connections": len(self._open),
            "up_s": int(time.monotonic() - self._began),
        }

    @contextlib.asynccontextmanager
    async def running(self, host: str, port: int) -> AsyncIterator[str]:
        """Listen, and give the address; Unavailable when it is taken. At the end connections get GRACE_S to finish."""
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self.connection, host, port, backlog=1024, reuse_address=True)
        except OSError as wrong:
            raise Unavailable(f"{host}:{port} cannot be opened ({wrong.strerror})", "choose another --port") from None
        except (OverflowError, UnicodeError):
            raise Unavailable(f"{host}:{port} is no address", "choose another --host or --port") from None
        lists = [each for each in (self._standing, self._watch) if each is not None]
        beats = [asyncio.create_task(each) for each in (self._tick(), *map(renew, lists))]
        try:
            yield _url(server.sockets[0])
        finally:
            self.stopping = True
            server.close()
            await self._let_go()
            for beat in beats:
                beat.cancel()
            await asyncio.gather(*beats, return_exceptions=True)

    async def _let_go(self) -> None:
        for connection in list(self._open):
            connection.stop()
        end = time.monotonic() + GRACE_S
        while self._open and time.monotonic() < end:
            await asyncio.sleep(0.01)
        for connection in list(self._open):
            connection.abort()
        await asyncio.sleep(0)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            for connection in list(self._open):
                connection.tick()


async def serve(
    verdicts: Verdicts,
    standing: Standing,
    watch: Standing | None = None,
    operators: Mapping[str, object] | None = None,
    *,
    host: str,
    port: int,
    say: Callable[[str], object],
) -> None:
    """Serve until SIGTERM or SIGINT, and keep both lists in force; says ``ready`` with the address once calls are answered."""
    # What was read until now stays: the collector need not look at it again while calls wait.
    gc.collect()
    gc.freeze()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with Server(verdicts, standing, watch, operators, most_connections()).running(host, port) as url:
        say(f"ready {url}{f' policy {verdicts.policy}' if verdicts.policy else ''}")
        await stop.wait()


def most_connections() -> int:
    """Raise this process's limit of descriptors as far as it is wanted and allowed, and return how many connections fit in."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + RESERVED
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST_CONNECTIONS
    may = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if may > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (may, hard))
    return max(1, may - RESERVED)


def _told(standing: Standing) -> dict[str, object]:
    snapshot = standing.snapshot
    return {
        "name": snapshot.name,
        "version": snapshot.version,
        "head": snapshot.head,
        "entries": snapshot.entries,
        "changed": snapshot.changed,
        "at": snapshot.at,
        "age_s": standing.age_s,
        "max_age_s": standing.max_age_s,
    }


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
