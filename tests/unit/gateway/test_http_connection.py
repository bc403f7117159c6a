"""A connection answers in order whatever way requests come, and lets go of clients that misuse it."""

import asyncio
import re
from collections.abc import Awaitable, Iterator

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.gateway.http.answers import Answer, plain_200
from lintas.gateway.http.connection import IDLE_S, MAX_BODY, MAX_HEAD, MOST_WAITING, REQUEST_S, TAKE_S, Connection


class Wire:
    """What the event loop's transport does, and what was done to it."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = self.aborted = False
        self.reading = True

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_reading(self) -> bool:
        return self.reading


class Owner:
    """Counts connections."""

    full = stopping = False

    def __init__(self) -> None:
        self.connections: set[Connection] = set()

    def opened(self, connection: Connection) -> None:
        self.connections.add(connection)

    def closed(self, connection: Connection) -> None:
        self.connections.discard(connection)


class Echo:
    """Answers with what was asked; at once, or for a target that says so, when it is let."""

    plain = re.compile(rb"GET /(plain[0-9]+) HTTP/1.1\r\nhost: x\r\n\r\n")

    def quick(self, asked: re.Match[bytes]) -> bytes:
        return plain_200(b"GET /%b " % asked[1])

    def __init__(self) -> None:
        self.gates: list[asyncio.Future[None]] = []

    def answer(self, method: bytes, target: bytes, body: bytes) -> Answer | Awaitable[Answer]:
        if target == b"/fault":
            raise_later: Awaitable[Answer] = self._fault()
            return raise_later
        said = Answer(200, b"%b %b %b" % (method, target, body))
        return self._later(said) if target.startswith(b"/later") else said

    async def _later(self, said: Answer) -> Answer:
        gate = asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        await gate
        return said

    async def _fault(self) -> Answer:
        raise KeyError("a fault of ours")


def connected(owner: Owner | None = None, echo: Echo | None = None) -> tuple[Connection, Wire]:
    wire = Wire()
    connection = Connection(echo or Echo(), owner or Owner())
    connection.connection_made(wire)  # type: ignore[arg-type]  # as much of a transport as is used
    return connection, wire


class _Reader:
    """Reads answers as a client does: an outside parser."""

    def __init__(self, data: bytes) -> None:
        self.statuses: list[int] = []
        self.bodies: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.bodies.append(b"")

    def on_body(self, body: bytes) -> None:
        self.bodies[-1] += body

    def on_message_complete(self) -> None:
        self.statuses.append(self._parser.get_status_code())


def answers(wire: Wire) -> Iterator[tuple[int, bytes]]:
    read = _Reader(wire.sent)
    return zip(read.statuses, read.bodies, strict=True)


def request(target: str, body: bytes = b"", more: str = "") -> bytes:
    method = "POST" if body else "GET"
    length = f"content-length: {len(body)}\r\n" if body else ""
    return f"{method} {target} HTTP/1.1\r\nhost: x\r\n{length}{more}\r\n".encode() + body


@given(
    st.lists(st.tuples(st.sampled_from(["/1", "/plain2", "/plain3"]), st.binary(max_size=40)), min_size=1, max_size=8),
    st.lists(st.integers(1, 400), max_size=12),
)
def test_answers_are_the_same_in_whatever_pieces_requests_come(asked: list[tuple[str, bytes]], cuts: list[int]) -> None:
    stream = b"".join(request(target, body) for target, body in asked)
    connection, wire = connected()
    for size in cuts:
        if stream:
            connection.data_received(stream[:size])
            stream = stream[size:]
    if stream:
        connection.data_received(stream)
    wanted = [(200, b"%b %b %b" % (b"POST" if body else b"GET", target.encode(), body)) for target, body in asked]
    assert list(answers(wire)) == wanted
    assert not wire.closed


def test_many_requests_in_one_piece_are_no_long_head() -> None:
    connection, wire = connected()
    stream = request("/1") * 5000
    for at in range(0, len(stream), 65_537):
        connection.data_received(stream[at : at + 65_537])
    assert [code for code, _ in answers(wire)] == [200] * 5000


def test_answers_that_take_their_time_keep_the_order() -> None:
    async def play() -> None:
        echo = Echo()
        connection, wire = connected(echo=echo)
        connection.data_received(
            request("/1") + request("/later2") + request("/3") + request("/later4") + request("/5")
        )
        await asyncio.sleep(0)
        assert [body for _, body in answers(wire)] == [b"GET /1 "]
        for _ in range(2):
            echo.gates.pop().set_result(None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert [body for _, body in answers(wire)] == [
            b"GET /1 ",
            b"GET /later2 ",
            b"GET /3 ",
            b"GET /later4 ",
            b"GET /5 ",
        ]

    asyncio.run(play())


def test_a_client_that_asks_much_and_waits_is_not_read_further() -> None:
    async def play() -> None:
        echo = Echo()
        connection, wire = connected(echo=echo)
        connection.data_received(request("/later") + request("/n") * (MOST_WAITING + 1))
        await asyncio.sleep(0)
        assert wire.is_reading() is False
        echo.gates.pop().set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert wire.is_reading() is True
        assert len(list(answers(wire))) == MOST_WAITING + 2

    asyncio.run(play())


def test_bodies_that_wait_are_bounded_too() -> None:
    async def play() -> None:
        echo = Echo()
        connection, wire = connected(echo=echo)
        connection.data_received(request("/later"))
        await asyncio.sleep(0)
        connection.data_received(request("/n", b"x" * MAX_BODY))
        assert wire.is_reading() is True
        connection.data_received(request("/n", b"x"))
        assert wire.is_reading() is False
        echo.gates.pop().set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert wire.is_reading() is True
        assert len(list(answers(wire))) == 3

    asyncio.run(play())


def test_who_does_not_take_answers_is_not_read_and_then_let_go() -> None:
    connection, wire = connected()
    connection.pause_writing()
    assert wire.is_reading() is False
    connection.data_received(request("/1"))
    assert wire.sent == b""
    connection.resume_writing()
    assert [body for _, body in answers(wire)] == [b"GET /1 "]
    assert wire.is_reading() is True
    connection.pause_writing()
    for _ in range(int(TAKE_S) + 1):
        assert not wire.closed
        connection.tick()
    assert wire.aborted


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET /" + b"a" * (MAX_HEAD * 2), 431),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * (MAX_HEAD * 2), 431),
        (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * MAX_HEAD, 431),
        (request("/", b"x" * (MAX_BODY + 1)), 413),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + b"fff0\r\n" + b"y" * 0xFFF0 + b"\r\n", None),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_answered_once_and_ends_the_connection(sent: bytes, wanted: int | None) -> None:
    connection, wire = connected()
    for at in range(0, len(sent), 4096):
        connection.data_received(sent[at : at + 4096])
    said = [code for code, _ in answers(wire)]
    assert said == ([wanted] if wanted else [])
    assert wire.closed == (wanted is not None)
    if wanted:
        assert b"connection: close\r\n" in wire.sent
        connection.data_received(request("/more"))
        assert [code for code, _ in answers(wire)] == [wanted]


def test_a_body_without_an_announced_length_is_bounded_too() -> None:
    connection, wire = connected()
    connection.data_received(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(MAX_BODY // 0x8000 + 1):
        connection.data_received(b"8000\r\n" + b"y" * 0x8000 + b"\r\n")
    assert [code for code, _ in answers(wire)] == [413]


def test_what_was_asked_before_something_unreadable_is_answered() -> None:
    async def play() -> None:
        echo = Echo()
        connection, wire = connected(echo=echo)
        connection.data_received(request("/1") + request("/later2") + b"nonsense\r\n\r\n")
        await asyncio.sleep(0)
        echo.gates.pop().set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [code for code, _ in answers(wire)][:2] == [200, 200]
        assert wire.closed

    asyncio.run(play())


def test_a_client_that_waits_for_leave_gets_it() -> None:
    connection, wire = connected()
    connection.data_received(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    assert wire.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.data_received(b"hi")
    assert wire.sent.endswith(b"POST / hi")


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_the_body_of_who_wishes_another_protocol_is_no_request(pieces: int) -> None:
    inner = request("/smuggled")
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUPGRADE: h2c\r\n"
    sent = head + b"Content-Length: %d\r\n\r\n" % len(inner) + inner + request("/next")
    connection, wire = connected()
    for start in range(0, len(sent), max(1, len(sent) // pieces)):
        if not wire.closed:
            connection.data_received(sent[start : start + max(1, len(sent) // pieces)])
    said = [body for _, body in answers(wire)]
    assert not [body for body in said if body.startswith(b"GET /smuggled")]
    if pieces == 1:
        assert said == [b"POST /p " + inner, b"GET /next "]


def test_connect_ends_the_connection() -> None:
    connection, wire = connected()
    connection.data_received(b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n" + request("/inside"))
    assert len(list(answers(wire))) == 1
    assert wire.closed


def test_head_is_answered_without_a_body_and_old_clients_are_closed() -> None:
    connection, wire = connected()
    connection.data_received(b"HEAD /x HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"content-length: 8\r\n" in wire.sent
    assert wire.sent.endswith(b"\r\n\r\n")
    connection.data_received(b"GET /x HTTP/1.0\r\n\r\n")
    assert wire.closed


def test_time_limits() -> None:
    slow, slow_wire = connected()
    idle, idle_wire = connected()
    slow.data_received(b"GET / HTTP/1.1\r\nx: ")
    idle.data_received(request("/"))
    for _ in range(int(REQUEST_S) + 1):
        assert not slow_wire.closed
        slow.tick()
        slow.data_received(b"y")
    assert [code for code, _ in answers(slow_wire)] == [408]
    for _ in range(int(IDLE_S) + 1):
        assert not idle_wire.closed
        idle.tick()
    assert idle_wire.closed


def test_the_time_of_a_request_begins_with_it() -> None:
    connection, wire = connected()
    connection.data_received(request("/1"))
    for _ in range(int(REQUEST_S) + 1):
        connection.tick()
    whole = request("/2", b"body")
    connection.data_received(whole[:-2])
    connection.tick()
    connection.data_received(whole[-2:])
    assert [code for code, _ in answers(wire)] == [200, 200]
    assert not wire.closed


def test_a_request_that_does_not_end_is_told_so() -> None:
    connection, wire = connected()
    connection.data_received(b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf")
    for _ in range(int(REQUEST_S) + 1):
        connection.tick()
    assert [code for code, _ in answers(wire)] == [408]
    assert wire.closed


def test_one_too_many_and_one_too_late_are_sent_away() -> None:
    for name in ("full", "stopping"):
        owner = Owner()
        setattr(owner, name, True)
        connection, wire = connected(owner)
        assert [code for code, _ in answers(wire)] == [503]
        assert wire.closed
        connection.connection_lost(None)
        assert not owner.connections


def test_a_fault_of_ours_is_told_by_a_number_only() -> None:
    async def play() -> None:
        connection, wire = connected()
        connection.data_received(request("/fault") + request("/next"))
        for _ in range(5):
            await asyncio.sleep(0)
        (first, body), (second, _) = answers(wire)
        assert (first, second) == (500, 200)
        assert b"a fault of ours" not in body

    asyncio.run(play())


def test_stopping_lets_what_is_under_way_end() -> None:
    async def play() -> None:
        owner, echo = Owner(), Echo()
        connection, wire = connected(owner, echo)
        _, idle_wire = connected(owner, echo)
        connection.data_received(request("/later"))
        await asyncio.sleep(0)
        owner.stopping = True
        for each in list(owner.connections):
            each.stop()
        assert idle_wire.closed
        assert not wire.closed
        echo.gates.pop().set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [code for code, _ in answers(wire)] == [200]
        assert b"connection: close" in wire.sent
        assert wire.closed

    asyncio.run(play())


def test_a_client_that_leaves_is_not_waited_for() -> None:
    async def play() -> None:
        echo = Echo()
        connection, _ = connected(echo=echo)
        connection.data_received(request("/later") + request("/next"))
        await asyncio.sleep(0)
        connection.connection_lost(None)
        await asyncio.sleep(0)
        assert echo.gates[0].cancelled()

    asyncio.run(play())


def test_a_wish_for_another_protocol_is_passed_over() -> None:
    connection, wire = connected()
    connection.data_received(request("/1", more="connection: upgrade\r\nupgrade: h2c\r\n") * 3000 + request("/2"))
    assert len(list(answers(wire))) == 3001
    assert wire.sent.endswith(b"GET /2 ")
    connection.data_received(b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert wire.sent.endswith(b"CONNECT x:443 ")
