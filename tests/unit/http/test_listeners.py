"""Listeners over real sockets: who gets in by which certificate, what is refused, and that stopping takes no 3 seconds."""

import asyncio
import json
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lintas.http import listeners
from lintas.http.listeners import Listener, Listeners, TlsFiles
from lintas.model.errors import BadInput, NotFound, Unavailable


class Identity:
    """A self-signed certificate and its key, in files and in memory."""

    certificate: x509.Certificate

    def __init__(
        self, folder: Path, name: str, *, file: str = "", issuer: "Identity | None" = None, ca: bool = False
    ) -> None:
        self.name, self.key = name, Ed25519PrivateKey.generate()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        self.certificate = built.sign(issuer.key if issuer else self.key, None)
        self.pem = self.certificate.public_bytes(Encoding.PEM)
        self.der = self.certificate.public_bytes(Encoding.DER)
        self.files = TlsFiles(certificate=folder / f"{file or name}.pem", key=folder / f"{file or name}.key")
        self.files.certificate.write_bytes(self.pem)
        self.files.key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def node(folder: Path) -> Identity:
    return Identity(folder, "node.example")


@pytest.fixture(scope="module")
def friend(folder: Path) -> Identity:
    return Identity(folder, "friend.example")


@pytest.fixture(scope="module")
def other(folder: Path) -> Identity:
    return Identity(folder, "other.example")


async def _who(request: Request) -> JSONResponse:
    certificate = request.state.peer_certificate
    return JSONResponse({"peer": certificate.hex() if certificate else None})


APP = Starlette(routes=[Route("/who", _who)])


def client(node: Identity, me: Identity | None = None, *, at_most: ssl.TLSVersion | None = None) -> httpx.AsyncClient:
    context = ssl.create_default_context(cadata=node.pem.decode())
    if me is not None:
        context.load_cert_chain(me.files.certificate, me.files.key)
    if at_most is not None:
        context.maximum_version = at_most
    return httpx.AsyncClient(verify=context, trust_env=False)


def peers_door(node: Identity, *admitted: Identity) -> Listener:
    pem = b"".join(one.pem for one in admitted)
    return Listener(name="peers", host="127.0.0.1", port=0, app=APP, tls=node.files, client_certificates=pem)


def _url(doors: Listeners, name: str) -> str:
    return doors.urls[name].replace("127.0.0.1", "localhost") + "/who"


async def _gets_in(
    doors: Listeners, node: Identity, me: Identity | None, at_most: ssl.TLSVersion | None = None
) -> str | None:
    """Return the certificate that the application saw (hex), or None when the call did not get through."""
    async with client(node, me, at_most=at_most) as caller:
        try:
            answer = await caller.get(_url(doors, "peers"))
        except (httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError):
            return None
        return str(answer.json()["peer"])


def with_doors(listeners: list[Listener], story: Callable[[Listeners], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Listeners(listeners) as doors:
            await story(doors)

    asyncio.run(run())


def test_several_doors_in_one_loop_each_with_its_real_port(node: Identity, friend: Identity) -> None:
    console = Listener(name="console", host="127.0.0.1", port=0, app=APP)
    api = Listener(name="api", host="127.0.0.1", port=0, app=APP, tls=node.files)

    async def story(doors: Listeners) -> None:
        assert [url.split(":")[0] for url in doors.urls.values()] == ["http", "https", "https"]
        assert len({url.rsplit(":", 1)[1] for url in doors.urls.values()}) == 3
        async with client(node) as stranger:
            for name in ("console", "api"):
                answer = await stranger.get(_url(doors, name))
                assert answer.json() == {"peer": None} and "server" not in answer.headers
        assert await _gets_in(doors, node, friend) == friend.der.hex()

    with_doors([console, api, peers_door(node, friend)], story)


def test_only_an_admitted_certificate_gets_in_and_the_application_sees_it(
    folder: Path, node: Identity, friend: Identity, other: Identity
) -> None:
    twin = Identity(folder, "friend.example", file="twin")  # same name, another key: not the one that was given
    authority = Identity(folder, "authority.example", ca=True)
    child = Identity(folder, "child.example", issuer=authority)

    async def story(doors: Listeners) -> None:
        assert await _gets_in(doors, node, friend) == friend.der.hex()
        assert await _gets_in(doors, node, authority) == authority.der.hex()
        assert await _gets_in(doors, node, None) is None
        assert await _gets_in(doors, node, other) is None
        assert await _gets_in(doors, node, twin) is None
        assert await _gets_in(doors, node, child) is None

    with_doors([peers_door(node, friend, authority)], story)


def test_an_answer_does_not_wait_for_an_acknowledgement(node: Identity, friend: Identity) -> None:
    async def story(doors: Listeners) -> None:
        took = []
        async with client(node, friend) as caller:
            for _ in range(40):
                began = time.monotonic()
                await caller.get(_url(doors, "peers"))
                took.append(time.monotonic() - began)
        # Nagle against delayed ACK costs 40 ms a call; else it is about 3. A busy machine makes some calls slow, not all.
        assert statistics.quantiles(took[20:], n=4)[0] < 0.035

    with_doors([peers_door(node, friend)], story)


def test_peers_speak_tls_1_3_only(node: Identity, friend: Identity) -> None:
    async def story(doors: Listeners) -> None:
        assert await _gets_in(doors, node, friend, at_most=ssl.TLSVersion.TLSv1_2) is None

    with_doors([peers_door(node, friend)], story)


def test_certificates_are_added_and_withdrawn_while_it_runs(
    folder: Path, node: Identity, friend: Identity, other: Identity
) -> None:
    renewed = Identity(folder, "friend.example", file="renewed")  # rotation: the same name twice for a while

    async def story(doors: Listeners) -> None:
        assert await _gets_in(doors, node, friend) is None
        doors.trust_more("peers", friend.pem)
        doors.trust_more("peers", friend.pem)
        doors.trust_more("peers", renewed.pem + other.pem)
        for one in (friend, renewed, other):
            assert await _gets_in(doors, node, one) == one.der.hex()
        async with client(node, friend) as kept, client(node, other) as cut:
            assert (await kept.get(_url(doors, "peers"))).status_code == 200
            assert (await cut.get(_url(doors, "peers"))).status_code == 200
            doors.trust_only("peers", friend.pem + renewed.pem)
            assert (await kept.get(_url(doors, "peers"))).status_code == 200
            with pytest.raises(httpx.TransportError):
                await cut.get(_url(doors, "peers"))
        assert await _gets_in(doors, node, other) is None
        assert await _gets_in(doors, node, renewed) == renewed.der.hex()
        doors.trust_only("peers", other.pem)
        assert [await _gets_in(doors, node, one) is None for one in (friend, renewed, other)] == [True, True, False]
        with pytest.raises(BadInput):
            doors.trust_more("peers", b"no certificate")
        with pytest.raises(NotFound):
            doors.trust_more("console", friend.pem)

    with_doors([peers_door(node)], story)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "node.example", "localhost"])  # noqa: S104 — refused
def test_plain_http_is_refused_beyond_loopback(host: str) -> None:
    with pytest.raises(BadInput, match="in clear"):
        Listeners([Listener(name="api", host=host, port=0, app=APP)])


def test_what_cannot_be_a_listener_is_refused(tmp_path: Path, node: Identity, other: Identity) -> None:
    plain = Listener(name="api", host="127.0.0.1", port=0, app=APP)
    for wrong in (
        [plain, plain],
        [Listener(name="api", host="127.0.0.1", port=70000, app=APP)],
        [Listener(name="api", host="127.0.0.1", port=0, app=APP, client_certificates=node.pem)],
        [Listener(name="api", host="127.0.0.1", port=0, app=APP, tls=node.files, client_certificates=b"-----BEGIN x")],
    ):
        with pytest.raises(BadInput):
            Listeners(wrong)
    for files in (
        TlsFiles(certificate=tmp_path / "none.pem", key=node.files.key),
        TlsFiles(certificate=node.files.certificate, key=other.files.key),
        TlsFiles(certificate=node.files.key, key=node.files.key),
    ):
        with pytest.raises(BadInput, match="cannot be used"):
            Listeners([Listener(name="api", host="127.0.0.1", port=0, app=APP, tls=files)])


def test_a_taken_port_opens_no_door_at_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        first = Listener(name="first", host="127.0.0.1", port=port, app=APP)
        second = Listener(name="second", host="127.0.0.1", port=taken.getsockname()[1], app=APP)

        async def story(_doors: Listeners) -> None:
            pytest.fail("the doors opened")

        with pytest.raises(Unavailable, match="cannot listen"):
            with_doors([first, second], story)
        with socket.create_server(("127.0.0.1", port)) as again:
            assert again.getsockname()[1] == port


def test_a_client_that_never_finishes_its_request_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "HEAD_SECONDS", 0.2)

    async def story(doors: Listeners) -> None:
        port = int(doors.urls["api"].rsplit(":", 1)[1])
        for sent in (b"", b"GET /who HTTP/1.1\r\nHost: x\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            await writer.wait_closed()

    with_doors([Listener(name="api", host="127.0.0.1", port=0, app=APP)], story)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from lintas.http.routing import Route, routes_to_app
from lintas.node import logs
from lintas.http.listeners import Listener, TlsFiles, serve

logs.configure()

async def long_poll(call):
    await asyncio.sleep(60)

async def hello(call):
    return "hello"

app = routes_to_app([
    Route("GET", "/poll", long_poll, public=True, summary="wait"),
    Route("GET", "/hello", hello, answer=str, public=True, summary="hello"),
], None, lambda token: None)
tls = TlsFiles(certificate=Path(sys.argv[1]), key=Path(sys.argv[2]))
doors = [Listener(name="plain", host="127.0.0.1", port=0, app=app), 
         Listener(name="tls", host="127.0.0.1", port=0, app=app, tls=tls)]
asyncio.run(serve(doors, lambda doors: print(*doors.urls.values(), flush=True)))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_within_3_seconds_with_long_polls_open(
    node: Identity, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", PROGRAM, str(node.files.certificate), str(node.files.key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        urls = [url.replace("127.0.0.1", "localhost") for url in process.stdout.readline().split()]

        async def story() -> tuple[list[httpx.Response], float]:
            async with client(node) as caller:
                for url in urls:
                    assert (await caller.get(f"{url}/hello")).json() == "hello"
                polls = [asyncio.create_task(caller.get(f"{url}/poll", timeout=30)) for url in urls]
                await asyncio.sleep(0.3)
                assert not any(poll.done() for poll in polls)
                process.send_signal(number)
                began = time.monotonic()
                answers = await asyncio.gather(*polls)
                await asyncio.to_thread(process.wait, 60)
                return answers, time.monotonic() - began

        answers, seconds = asyncio.run(story())
        _, errors = process.communicate()
    assert seconds < 15
    assert process.returncode == 0
    for answer in answers:
        assert (answer.status_code, answer.json()["detail"]) == (503, "the node is shutting down")
    for line in errors.splitlines():
        assert json.loads(line)["level"] in ("info", "error") and "Traceback" not in line
