"""One connection of a client: reads requests one after another, keeps answers in their order, bounds what it holds.

Requests may come in pieces or many at once; answers that need somebody else are awaited while the connection reads no further.
"""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Awaitable
from typing import NamedTuple, Protocol, cast

import httptools

from lintas.gateway.http.answers import Answer, problem, status, write

MAX_HEAD = 16_384
MAX_BODY = 1_048_576
#: Requests that were read and wait for their answer, beyond which (or beyond MAX_BODY in their bodies) nothing more is read.
MOST_WAITING = 64
#: Seconds for a whole request to come, for a client to take its answers, and between two requests.
REQUEST_S, TAKE_S, IDLE_S = 10.0, 20.0, 120.0
_EXPECTS = re.compile(rb"(?i)\r\nexpect:[ \t]*100-continue[ \t]*\r\n")
#: A wish to change protocols: the parser would take such a request for one without a body, and its body for requests.
_UPGRADES = re.compile(rb"(?i)\r\nupgrade(?=:)")
_LONG_HEAD = status(431, f"the head has more than {MAX_HEAD:,} bytes")


class Answerer(Protocol):
    """Answers requests at once or later.

    ``plain`` is the whole of a request that ``quick`` answers by its groups, bytes ready to be sent: what nearly all
    requests are is not taken apart line by line. What it does not match goes to the parser, so it must match nothing that has
    a body or says how its connection goes on.
    """

    plain: re.Pattern[bytes]

    def quick(self, asked: re.Match[bytes]) -> bytes:
        """Answer a plain request; never raises for what is in it."""
        ...

    def answer(self, method: bytes, target: bytes, body: bytes) -> Answer | Awaitable[Answer]:
        """Answer one request; never raises for what is in it."""
        ...


class Owner(Protocol):
    """Knows every open connection."""

    stopping: bool

    @property
    def full(self) -> bool:
        """Tell whether one more connection is too many."""
        ...

    def opened(self, connection: "Connection") -> None:
        """Note a connection."""
        ...

    def closed(self, connection: "Connection") -> None:
        """Forget a connection."""
        ...


class _Request(NamedTuple):
    method: bytes
    target: bytes
    body: bytes
    keep: bool


class Connection(asyncio.Protocol):
    """See above; ``tick`` is called about once a second by whoever owns it."""

    def __init__(self, answerer: Answerer, owner: Owner) -> None:
        self._answerer, self._owner = answerer, owner
        self._plain, self._quick = answerer.plain.fullmatch, answerer.quick
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[_Request] = deque()
        self._out: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._ended = self._stuck = self._in_request = self._in_head = False
        self._fed = self._held = 0
        self._chunk = self._target = b""
        self._body = bytearray()
        # Ticks since something came, or since the client stopped taking answers.
        self._age = 0

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, or send it away when there are too many."""
        # uvloop's own transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        if self._owner.full or self._owner.stopping:
            self._end(status(503, "too many connections", **{"retry-after": "2"}))
        self._owner.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was asked: nobody waits for it."""
        self._ended = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
        self._owner.closed(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Read what came, and answer what is whole."""
        if not self._under_way and (asked := self._plain(data)):
            self._age = 0
            self._transport.write(self._quick(asked))  # type: ignore[union-attr]  # nothing comes in without a transport
            return
        if self._ended:
            return
        self._chunk = data
        # A head is counted by what came after the piece that it began in: of a line without an end the parser says nothing.
        self._fed = self._fed + len(data) if self._in_head else 0
        try:
            self._feed(data)
        except httptools.HttpParserCallbackError as wrong:
            self._refuse(wrong.__context__.answer if isinstance(wrong.__context__, _TooMuch) else problem(wrong))
        except httptools.HttpParserError as wrong:
            self._refuse(status(400, f"this is no HTTP request: {wrong}"))
        if self._fed > MAX_HEAD and self._in_head and not self._ended:
            self._refuse(_LONG_HEAD)
        if self._waiting or self._ended or self._stuck:
            self._go_on()
        elif self._out:
            self._flush()

    def eof_received(self) -> bool:
        """Let answers that are due go out before the connection closes."""
        if self._task is None and not self._waiting:
            return False
        self._waiting.append(_Request(b"", b"", b"", False))
        return True

    def pause_writing(self) -> None:
        """Read no further while the client does not take its answers."""
        self._stuck, self._age = True, 0
        self._read_or_pause()

    def resume_writing(self) -> None:
        """Go on."""
        self._stuck, self._age = False, 0
        self._go_on()

    # What the parser says.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_request = self._in_head = True
        self._age = 0
        self._target = b""

    def on_url(self, url: bytes) -> None:
        """Take the target, which may come in pieces."""
        self._target = self._target + url if self._target else url

    def on_headers_complete(self) -> None:
        """Let a body come, also of a client that waits for leave to send it (RFC 9110 section 10.1.1).

        Heads are not looked at line by line: that would be a good part of an answer's cost. A client that asks for leave and is
        not heard, because its head came in pieces, sends its body after a second all the same.
        """
        self._in_head, self._fed = False, 0
        if self._parser.get_method() == b"POST" and _EXPECTS.search(self._chunk):
            self._out.append(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body += body
        if len(self._body) > MAX_BODY:
            raise _TooMuch(status(413, f"the body has more than {MAX_BODY:,} bytes"))

    def on_message_complete(self) -> None:
        """Answer, or queue behind what is still being answered."""
        self._in_request, self._age = False, 0
        parser, body = self._parser, b""
        if self._body:
            body, self._body = bytes(self._body), bytearray()
        keep = parser.should_keep_alive() and not parser.should_upgrade()
        request = _Request(parser.get_method(), self._target, body, keep)
        if self._task is None and not self._waiting and not self._stuck:
            self._answer(request)
        else:
            self._waiting.append(request)
            self._held += len(body)

    # What the owner says.

    def tick(self) -> None:
        """Count a second: a request that does not end, a client that takes nothing, or one that is long idle is let go."""
        self._age += 1
        if self._transport is None:
            return
        if self._stuck and self._age > TAKE_S:
            self._transport.abort()
        elif self._in_request and self._age > REQUEST_S:
            self._refuse(status(408, f"the request did not end within {REQUEST_S:.0f} seconds"))
            self._go_on()
        elif self._task is None and self._age > IDLE_S:
            self._transport.close()

    def stop(self) -> None:
        """Close now if nothing is being answered, else behind that answer."""
        if self._transport is not None and self._task is None and not self._waiting:
            self._ended = True
            self._transport.close()

    def abort(self) -> None:
        """Close, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    # What it does.

    @property
    def _under_way(self) -> bool:
        """Tell whether a request has begun or anything is held up: then each next one goes the long way."""
        return (
            self._in_request
            or self._stuck
            or self._ended
            or self._task is not None
            or bool(self._waiting)
            or self._owner.stopping
        )

    def _feed(self, data: bytes) -> None:
        """Parse; a wish for another protocol is not heard (RFC 9110 section 7.8).

        One whose name came in pieces, and CONNECT, are answered and end the connection: nobody can tell what follows.
        """
        if self._in_head or not self._in_request:
            data = _UPGRADES.sub(b"\r\nupgrad_", data)
        with contextlib.suppress(httptools.HttpParserUpgrade):
            self._parser.feed_data(data)

    def _answer(self, request: _Request) -> None:
        if not request.method:
            self._close()
            return
        answer = self._answerer.answer(request.method, request.target, request.body)
        if type(answer) is Answer:
            self._say(request, answer)
        else:
            self._task = asyncio.ensure_future(self._later(request, cast("Awaitable[Answer]", answer)))

    async def _later(self, request: _Request, awaited: Awaitable[Answer]) -> None:
        try:
            answer = await awaited
        except asyncio.CancelledError:
            if self._transport is None:
                raise
            answer = problem(asyncio.CancelledError())
        except Exception as wrong:  # noqa: BLE001 — as of answers at once
            answer = problem(wrong)
        self._task = None
        self._say(request, answer)
        self._go_on()

    def _say(self, request: _Request, answer: Answer) -> None:
        close = not request.keep or self._owner.stopping
        self._out.append(write(answer, head_only=request.method == b"HEAD", close=close))
        if close:
            self._close()

    def _refuse(self, answer: Answer) -> None:
        """Answer what cannot be read, behind answers that are due, and close: what follows cannot be told apart."""
        if self._task is None and not self._waiting:
            self._end(answer)
        elif self._transport is not None:
            self._transport.pause_reading()
            self._waiting.clear()
            self._ended = True

    def _end(self, answer: Answer) -> None:
        self._out.append(write(answer, close=True))
        self._close()

    def _close(self) -> None:
        self._flush()
        self._ended = True
        self._waiting.clear()
        if self._transport is not None:
            self._transport.close()

    def _go_on(self) -> None:
        """Answer what waits as long as nothing holds it up, and send."""
        while self._waiting and self._task is None and not self._stuck:
            request = self._waiting.popleft()
            self._held -= len(request.body)
            self._answer(request)
        if self._ended and self._task is None:
            self._close()
        else:
            self._flush()
            self._read_or_pause()

    def _flush(self) -> None:
        if self._out and self._transport is not None:
            out, self._out = self._out, []
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def _read_or_pause(self) -> None:
        if self._transport is None or self._ended:
            return
        if self._stuck or len(self._waiting) > MOST_WAITING or self._held > MAX_BODY:
            self._transport.pause_reading()
        elif not self._transport.is_reading():
            self._transport.resume_reading()


class _TooMuch(Exception):
    """A bound was passed while a request was read."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
