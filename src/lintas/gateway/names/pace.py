"""How often one address may ask: counted in memory, by the address that the proxy in front names, and written nowhere.

This door is on loopback, so whoever comes from elsewhere comes through a proxy, and the last address of ``X-Forwarded-For`` is
what that proxy saw. Who comes without one is a program on this machine and is not counted.
"""

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from lintas.http.clients import network_of
from lintas.http.problems import MEDIA, describe
from lintas.model.errors import TooManyTries
from lintas.node.pace import Pace

#: Requests of one address at once, and how many more flow in each minute: a whole mobile network may come from one address.
BURST = PER_MINUTE = 600
_HEADER = b"x-forwarded-for"


class Paced:
    """Hands a request on unless its address has used its share up."""

    def __init__(self, then: ASGIApp, pace: Pace | None = None) -> None:
        self._then = then
        self._pace = pace or Pace(burst=BURST, per_minute=PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request, and answer 429 where it is one too many."""
        client = _client(scope) if scope["type"] == "http" else ""
        if client:
            try:
                self._pace.check(client)
            except TooManyTries as wrong:
                await _refuse(wrong, send)
                return
            self._pace.spend(client)
        await self._then(scope, receive, send)


def _client(scope: Scope) -> str:
    said = [bytes(value) for name, value in scope["headers"] if name == _HEADER]
    return network_of(said[-1].rpartition(b",")[2].strip()[:64].decode("latin-1")) if said else ""


async def _refuse(wrong: TooManyTries, send: Send) -> None:
    problem, _ = describe(wrong)
    body = msgspec.json.encode(problem)
    headers = [(b"content-type", MEDIA.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(b"retry-after", b"60"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
