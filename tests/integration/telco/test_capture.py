"""No identity, country or time of a last contact leaves the home node: seen in the packets that really leave it.

The operator runs as a process of its own. Its feed tells everything that a network knows; gateways ask about everybody over a
door without TLS, so that every byte can be read.
"""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest
from click.testing import CliRunner
from tests.integration.telco.capture import Captured, capturing
from tests.unit.telco.home.operators import DESK_TOKEN, FIRST, SECRET, question, settings_in

from lintas.cli.main import lintas
from lintas.gateway.asking.wire import Wire
from lintas.http.listeners import Listener, Listeners
from lintas.telco.home.feeds.simulator import Simulator, Traveller
from lintas.telco.home.subscribers import COARSE_S

SUBSCRIBERS = 100
MORE = """
calls = "complete"
sims_since = "2020-01-01T00:00:00Z"
[plain]
[desk]
[camara]
[limits]
rate = false
per_number = 0
block = 0
canary_hits = 0
run = 0
[[gateways]]
name = "near"
[[gateways]]
name = "far"
domestic = false
[[feeds]]
name = "network"
kind = "lines"
path = "network.jsonl"
"""


def may_capture() -> bool:
    try:
        with capturing({9}):
            return True
    except (PermissionError, OSError, AttributeError):
        return False


pytestmark = pytest.mark.skipif(not may_capture(), reason="raw sockets are not permitted to this process")


def secrets_of(traveller: Traveller) -> dict[str, list[bytes]]:
    """Return what must not be seen of somebody, in all the ways in which it could be written."""
    mcc, iso, name = traveller.country
    seen = traveller.last_contact
    times: list[str] = []
    for at in {seen, seen - seen % 60, seen - seen % COARSE_S}:
        moment = datetime.fromtimestamp(at, UTC)
        times += [
            str(at),
            moment.isoformat()[:16],
            format_datetime(moment, usegmt=True)[5:22],
            moment.strftime("%H:%M:%S"),
        ]
    return {
        "identity": [traveller.imsi.encode(), traveller.imsi[5:].encode()],
        "country": [mcc.encode(), iso.encode(), iso.lower().encode(), name.encode(), f"+{mcc}00001".encode()],
        "time": [each.encode() for each in times],
    }


#: What a message may carry that is random, or tells nothing but when the answer was sent.
_NOISE = re.compile(
    rb'(?im)^(lintas-signature|date|content-length): [^\r\n]*\r\n|"id":"[a-z2-7]{16}"|"access_token":"[^"]*"'
)


def leaks(
    captured: Captured, port: int, travellers: list[Traveller], *, answers: int = 199, noise: bytes = b""
) -> set[str]:
    """Return which kinds of secrets were sent from a port: long ones anywhere, short ones beside what is random.

    ``noise`` is what may be sent all the same.
    """
    said = b"\n".join(captured.said(port))
    assert said.count(b"HTTP/1.1 200") >= answers, "the capture must have seen the answers"
    quiet = _NOISE.sub(b"", said.replace(noise, b"") if noise else said)
    found = set()
    for traveller in travellers:
        for kind, forms in secrets_of(traveller).items():
            found |= {kind for form in forms if (form in (said if len(form) > 8 and kind != "time" else quiet))}
    return found


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[tuple[dict[str, int], list[Traveller], int]]:
    """Run an operator whose network told everything; gives its doors' ports, its travellers, its process."""
    now = int(time.time())
    simulator = Simulator(11, first=FIRST, subscribers=SUBSCRIBERS, now=now, every=5)
    told = [*simulator.start(), *(b"sim,+%d,%d" % (each.number, each.last_contact) for each in simulator.travellers)]
    (tmp_path / "network.jsonl").write_bytes(
        b"".join(line + b"\n" for line in [*told, b"home,+%d,%d" % (FIRST + 1, now)])
    )
    path = settings_in(tmp_path, MORE)
    command = [sys.executable, "-m", "lintas.cli.main", "telco", "home", "--config", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout is not None
    ports: dict[str, int] = {}
    while {"plain", "desk", "camara"} - ports.keys():
        word, name, url = process.stdout.readline().split()
        if word == "ready":
            ports[name] = int(url.rpartition(":")[2])
    yield ports, simulator.travellers, process.pid
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()


def test_nothing_of_where_anybody_is_leaves(
    operator: tuple[dict[str, int], list[Traveller], int], tmp_path: Path
) -> None:
    ports, travellers, pid = operator
    with capturing({*ports.values()}) as captured:
        verdicts = asyncio.run(_ask_about_everybody(ports))
        times = asyncio.run(_ask_as_a_client(ports["camara"], tmp_path / "operator.toml", travellers))
        assert open_ports(pid) <= {*ports.values()}, "it speaks by its doors alone"
    assert verdicts == {("near", "pass"): len(travellers), ("near", "fail"): 79, ("far", "pass"): 99}
    assert leaks(captured, ports["plain"], travellers) == set()
    assert leaks_of_numbers(captured, ports["desk"]) == set()
    # Of a status one time is told, that of the table, which is equal for everybody.
    (said,) = times
    table = f'"lastStatusTime":"{said}"'.encode()
    assert leaks(captured, ports["camara"], travellers, noise=table) == set()


async def _ask_as_a_client(port: int, settings: Path, travellers: list[Traveller]) -> set[str]:
    """Ask as an API client whether everybody roams, and of their SIMs; returns the times that were told."""
    scopes = ["device-roaming-status:read", "sim-swap:check"]
    named = [word for scope in scopes for word in ("--scope", scope)]
    command = ["telco", "client", "add", "--config", str(settings), "--name", "XAFB", "--per-minute", "60000"]
    done = CliRunner().invoke(lintas, [*command, "--disclose-country", *named])
    identity, secret = (line.split()[1] for line in done.stdout.splitlines())
    form = {"grant_type": "client_credentials", "scope": " ".join(["dpv:FraudPreventionAndDetection", *scopes])}
    told, abroad = set[str](), {each.number for each in travellers}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"x-correlator": "a"}) as client:
        token = (await client.post("/oauth2/token", data=form, auth=(identity, secret))).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        for number in range(FIRST, FIRST + SUBSCRIBERS):
            whom = {"phoneNumber": f"+{number}"}
            status = await client.post("/device-roaming-status/v1/retrieve", json={"device": whom})
            swapped = await client.post("/sim-swap/v2/check", json=whom)
            if number == SECRET:
                assert (status.status_code, swapped.status_code) == (404, 404)
                continue
            assert (status.json()["roaming"], swapped.json()["swapped"]) == (number in abroad, number in abroad)
            told.add(status.json()["lastStatusTime"])
    return told


async def _ask_about_everybody(ports: dict[str, int]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports['desk']}") as desk:
        desk.headers["authorization"] = f"Bearer {DESK_TOKEN}"
        async with asyncio.timeout(15):
            while (await desk.get("/telco/v1/counts")).json()["table"]["assigned"] < SUBSCRIBERS:
                await asyncio.sleep(0.05)
        await desk.get("/telco/v1/alarms")
    wire = Wire(f"http://127.0.0.1:{ports['plain']}", None)
    for name in ("near", "far"):
        for start in range(0, SUBSCRIBERS, 10):
            asked = [_ask(wire, name, FIRST + n) for n in range(start, start + 10)]
            for verdict in await asyncio.gather(*asked):
                found[name, verdict] = found.get((name, verdict), 0) + 1
    wire.close()
    assert found.pop(("near", "unknown")) == found.pop(("far", "unknown")) == 1, "the protected number"
    return found


async def _ask(wire: Wire, name: str, number: int) -> str:
    said = await wire.post("/telco/v1/cli-check", msgspec.json.encode(question(number)), {"lintas-gateway": name})
    return str(msgspec.json.decode(said.body)["verdict"])


def leaks_of_numbers(captured: Captured, port: int) -> set[bytes]:
    said = b"\n".join(captured.said(port))
    assert b"assigned" in said
    return {each for each in (str(FIRST)[:7].encode(), b"99970") if each in said}


def open_ports(pid: int) -> set[int]:
    """Return the local ports of all internet sockets that a process holds."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
    ports = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = line.split()
            if cells[9] in inodes:
                ports.add(int(cells[1].rpartition(":")[2], 16))
    return ports


@pytest.mark.parametrize("kind", ["identity", "country", "time"])
def test_a_planted_leak_is_seen(kind: str) -> None:
    """The same capture over an operator that tells one secret among many answers."""
    traveller = Simulator(11, first=FIRST, subscribers=5, now=int(time.time())).travellers[0]
    forms = secrets_of(traveller)[kind]

    async def play() -> tuple[list[int], Captured]:
        listening = [
            Listener(name=str(n), host="127.0.0.1", port=0, app=partial(_telling, form)) for n, form in enumerate(forms)
        ]
        async with Listeners(listening) as doors, httpx.AsyncClient() as client:
            ports = [int(url.rpartition(":")[2]) for url in doors.urls.values()]
            with capturing(ports) as captured:
                for url in doors.urls.values():
                    await client.get(url)
            return ports, captured

    ports, captured = asyncio.run(play())
    for port, form in zip(ports, forms, strict=True):
        assert kind in leaks(captured, port, [traveller], answers=1), form


async def _telling(form: bytes, _scope: object, _receive: object, send: Callable[[object], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-seen", form)]})
    await send({"type": "http.response.body", "body": b'{"verdict":"pass"}'})
