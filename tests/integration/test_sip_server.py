"""The SIP face over real sockets: datagrams whole and in fragments, streams in pieces, strangers, idlers, the end."""

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from lintas.cli.telco.sip import settings_of
from lintas.gateway.sip import transport as sip_transport
from lintas.gateway.sip.settings import SipSettings, Source
from lintas.gateway.sip.transport import SipServer
from lintas.model.errors import BadInput, Unavailable
from lintas.telco.records import Call, Verdict

PATIENCE = 60.0
LOCAL = (Source(ipaddress.ip_network("127.0.0.0/24")), Source(ipaddress.ip_network("::1/128")))

Story = Callable[[SipServer], Coroutine[Any, Any, None]]


class Judge:
    """Blocks eve, has to ask about slow, lets everybody else go on."""

    def for_help(self, b: str) -> bool:
        return b in {"112", "urn:service:sos"}

    def local(self, call: Call) -> Verdict | object:
        if call.a == "slow":
            return object()
        return Verdict(verdict="fail", evidence="listed", action="block" if call.a == "eve" else "allow")

    async def decide(self, call: Call) -> Verdict:
        await asyncio.sleep(0.1)
        return Verdict(verdict="pass", evidence="on-call", action="allow")


def request(
    method: str = "INVITE", *, a: str = "ann", branch: str = "z9hG4bK1", body: str = "", more: tuple[str, ...] = ()
) -> bytes:
    lines = [
        f"{method} sip:+9992110002@xbtl.example SIP/2.0",
        f"Via: SIP/2.0/UDP gw.xatl.example:5070;branch={branch};rport",
        f"From: <sip:{a}@xatl.example>;tag=1",
        "To: <sip:+9992110002@xbtl.example>",
        f"Call-ID: call-{branch}",
        f"CSeq: 1 {method}",
        *more,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


def run(story: Story, *, host: str = "127.0.0.1", **more: Any) -> None:  # noqa: ANN401 — any setting
    async def whole() -> None:
        server = SipServer(Judge(), SipSettings(host=host, port=0, sources=LOCAL, **more))
        await server.start()
        try:
            async with asyncio.timeout(PATIENCE):
                await story(server)
        finally:
            await server.stop()

    uvloop.run(whole())


class Udp:
    """A socket that asks over UDP."""

    def __init__(self, server: SipServer, host: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.connect((server.settings.host, server.port))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])

    def send(self, data: bytes) -> None:
        self._socket.send(data)

    async def hear(self) -> str:
        return (await asyncio.get_running_loop().sock_recv(self._socket, 65_535)).decode()

    async def silence(self, server: SipServer) -> None:
        """Nothing came until the server answered something else that was sent later."""
        later = Udp(server)
        later.send(request("OPTIONS"))
        await later.hear()
        with pytest.raises(BlockingIOError):
            self._socket.recv(1)
        later.close()

    def close(self) -> None:
        self._socket.close()


@contextlib.asynccontextmanager
async def stream(server: SipServer) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(server.settings.host, server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def code(reader: asyncio.StreamReader) -> int:
    return int((await reader.readuntil(b"\r\n\r\n")).split()[1])


@contextlib.contextmanager
def asking(server: SipServer, host: str = "127.0.0.1") -> Iterator[Udp]:
    made = Udp(server, host)
    yield made
    made.close()


# --- UDP --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_calls_over_udp(host: str) -> None:
    async def story(server: SipServer) -> None:
        with asking(server, host) as line:
            line.send(request(a="eve"))
            blocked = await line.hear()
            assert blocked.startswith("SIP/2.0 603 Network Blocked\r\n")
            assert f";branch=z9hG4bK1;received={host};rport=" in blocked
            line.send(request("ACK"))
            line.send(b"\r\n\r\n")
            line.send(b"\0" * 50)
            line.send(request(a="eve"))
            assert await line.hear() == blocked
            line.send(request(a="slow", branch="z9hG4bK2"))
            line.send(request(a="slow", branch="z9hG4bK2"))
            assert "verstat=TN-Validation-Passed" in await line.hear()
            if host == "127.0.0.1":
                await line.silence(server)
            assert server.face.counts["calls"] == 2

    run(story, host=host)


def test_an_address_of_version_6_takes_no_calls_of_version_4_on_either_way() -> None:
    async def story(server: SipServer) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.connect(("127.0.0.1", server.port))
            line.setblocking(False)
            line.send(request("OPTIONS"))
            with pytest.raises(ConnectionRefusedError):
                await asyncio.get_running_loop().sock_recv(line, 1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)

    run(story, host="::")


def test_large_and_torn_datagrams() -> None:
    async def story(server: SipServer) -> None:
        with asking(server) as line:
            line.send(request(body="v" * 60_000))
            assert (await line.hear()).startswith("SIP/2.0 302 ")
            line.send(request(branch="z9hG4bK2", body="v" * 500)[:-1])
            assert (await line.hear()).startswith("SIP/2.0 400 Bad Request: Content-Length")
            line.send(request(branch="z9hG4bK3", more=("X: " + "a" * 40_000,)))
            line.send(request()[:100])
            await line.silence(server)

    run(story)


def test_a_datagram_in_ip_fragments() -> None:
    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    except PermissionError:
        pytest.skip("raw sockets need root: fragments were not tested")

    async def story(server: SipServer) -> None:
        with asking(server) as line:
            port = line.port
            data = request(body="v" * 3000)
            datagram = struct.pack("!HHHH", port, server.port, 8 + len(data), 0) + data
            pieces = [(at, datagram[at : at + 1200]) for at in range(0, len(datagram), 1200)]
            for at, piece in reversed(pieces):
                more = 0x2000 if at + len(piece) < len(datagram) else 0
                local = socket.inet_aton("127.0.0.1")
                head = struct.pack(
                    "!BBHHHBBH4s4s", 0x45, 0, 20 + len(piece), 77, more | at // 8, 64, 17, 0, local, local
                )
                raw.sendto(head + piece, ("127.0.0.1", 0))
            assert (await line.hear()).startswith("SIP/2.0 302 ")

    with raw:
        run(story)


def test_sources_of_no_configured_network_hear_nothing() -> None:
    async def story(server: SipServer) -> None:
        with asking(server, "127.0.1.1") as stranger:
            stranger.send(request())
            stranger.send(request("OPTIONS"))
            await stranger.silence(server)
            assert server.face.counts["strangers"] == 2

    run(story)


# --- TCP --------------------------------------------------------------------------------------------------------------


def test_a_stream_comes_in_pieces_of_any_size() -> None:
    calls = b"".join(
        request(branch=f"z9hG4bK{number}", a="eve" if number % 2 else "ann", body="v=0") for number in range(6)
    )

    async def story(server: SipServer) -> None:
        async with stream(server) as (reader, writer):
            for at in range(0, len(calls), 97):
                writer.write(calls[at : at + 97])
                await asyncio.sleep(0)
            assert [await code(reader) for _ in range(6)] == [302, 603] * 3
            writer.write(b"\r\n\r\n" + request(branch="z9hG4bK9") + b"\r\n" + request("OPTIONS"))
            assert await reader.readexactly(2) == b"\r\n"
            assert [await code(reader), await code(reader)] == [302, 200]

    run(story)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (request().replace(b"Content-Length: 0\r\n", b""), [400]),
        (request(more=("l: 5",)), [400]),
        (request().replace(b"Content-Length: 0", b"Content-Length: 9999999"), [400]),
        (request(more=("X: " + "a" * 40_000,)), [400]),
        (b"a" * 40_000, []),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + request(), []),
    ],
)
def test_a_stream_that_lost_its_way_is_ended(data: bytes, codes: list[int]) -> None:
    async def story(server: SipServer) -> None:
        async with stream(server) as (reader, writer):
            writer.write(data)
            for wanted in codes:
                assert await code(reader) == wanted
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""

    run(story)


def test_idle_and_slow_connections_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_transport, "WHOLE_SECONDS", 0.3)

    async def story(server: SipServer) -> None:
        async with stream(server) as (idle, _), stream(server) as (slow, writer):
            writer.write(request()[:50])
            assert await slow.read() == b""
            assert await idle.read() == b""
            assert server.face.counts["connections_idle"] == 2

    run(story, idle_seconds=0.3)


def test_no_more_connections_than_there_is_room() -> None:
    async def story(server: SipServer) -> None:
        async with stream(server) as (first, writer), stream(server) as (second, _):
            with contextlib.suppress(ConnectionResetError):
                assert await second.read() == b""
            writer.write(request())
            assert await code(first) == 302

    run(story, connections=1)


def test_a_stranger_over_tcp_hears_403() -> None:
    async def story(server: SipServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=("127.0.1.1", 0))
        writer.write(request() + request(branch="z9hG4bK2"))
        assert await code(reader) == 403
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    run(story)


# --- the end ----------------------------------------------------------------------------------------------------------


def test_calls_in_hand_are_answered_before_the_end() -> None:
    async def story() -> None:
        server = SipServer(Judge(), SipSettings(port=0, sources=LOCAL))
        await server.start()
        with asking(server) as line:
            line.send(request(a="slow"))
            while not server.face.counts["calls"]:
                await asyncio.sleep(0.01)
            await server.stop()
            assert (await line.hear()).startswith("SIP/2.0 302 ")

    uvloop.run(story())


def test_an_address_that_is_taken() -> None:
    async def story(server: SipServer) -> None:
        with pytest.raises(Unavailable, match="cannot listen"):
            await SipServer(Judge(), SipSettings(port=server.port, sources=LOCAL)).start()

    run(story)


def test_the_program_answers_and_ends(tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("number,kind,expires,reason,owner\n+9992110001,blocked,2030-01-01T00:00:00Z,fraud,xa\n", "utf-8")
    command = [sys.executable, "-m", "lintas.cli.main", "telco", "sip", "--list", str(listed), "--sip", "127.0.0.1:0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            assert ready[:2] == ["ready", "sip"]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.settimeout(PATIENCE)
                line.connect(("127.0.0.1", int(ready[2].rpartition(":")[2])))
                line.send(request(a="+9992110001"))
                assert line.recv(65_535).startswith(b"SIP/2.0 603 ")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
            assert "block=1" in process.stdout.read()
        finally:
            process.kill()


MORE = {
    "redress_url": "",
    "redress_tel": "",
    "redress_email": "",
    "strangers": "silence",
    "allow": "continue",
    "pass_code": "404",
    "block_code": "603",
    "card_url": "",
    "label": "",
    "divert_to": "",
    "calls_per_second": 5,
}


def test_options_become_settings() -> None:
    settings = settings_of("[::1]:5060", ["192.0.2.0/24=nomadic", "2001:db8::1"], MORE)
    assert (settings.host, settings.port, settings.sources[0].trunk, settings.sources[1].trunk) == (
        "::1",
        5060,
        "nomadic",
        "international",
    )
    for address, source in [
        ("5060", ""),
        ("h:p", ""),
        ("h:99999", ""),
        ("h:1", "192.0.2.1/24"),
        ("h:1", "192.0.2.0/24=free"),
    ]:
        with pytest.raises(BadInput):
            settings_of(address, [source] if source else [], MORE)
    with pytest.raises(BadInput):
        settings_of("127.0.0.1:0", [], MORE | {"redress_url": "https://node.example/redress/"})
