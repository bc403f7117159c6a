"""One node as a process: init, doctor, serve, healthz, stop; and what it acknowledged is there after kill -9."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.e2e.program import run, run_many, start

from lintas.cli.key import issue_key
from lintas.node.config import read_config

ROUNDS = 3


def free_port() -> int:
    """Return a port whose two successors are free as well."""
    for _ in range(50):
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
            try:
                for offset in (1, 2):
                    socket.create_server(("127.0.0.1", port + offset)).close()
            except OSError:
                continue
        return port
    raise AssertionError("no three free ports in a row")


class Alone:
    """A node of its own, made by the program, and a client of it."""

    def __init__(self, root: Path) -> None:
        self.port = free_port()
        # A name that would break a careless address of the database.
        self.root = root / "node #1 100% sure?"
        made = run(
            "init", self.root, "--jurisdiction", "xa", "--authority", "Aria Test Centre", "--port", str(self.port),
            "--bank", "XAFB",
        )  # fmt: skip
        assert made.code == 0, made
        self.told, self.config = made.out, self.root / "lintas.toml"
        self.log = root / "serve.log"
        self.log.touch()
        self.key = issue_key(read_config(self.config), name="Officer Test", role="hotline")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(self.root / "keys" / "tls.pem")
        self.context = context
        self.process: subprocess.Popen[bytes] | None = None

    def client(self) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.key}"}
        url = f"https://127.0.0.1:{self.port}"
        return httpx.Client(base_url=url, verify=self.context, headers=headers, timeout=20, trust_env=False)

    def serve(self) -> subprocess.Popen[bytes]:
        """Start it and wait until it answers."""
        self.process = start("serve", "--config", self.config, log=self.log)
        deadline = time.monotonic() + 30
        with self.client() as client:
            while True:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                try:
                    assert client.get("/healthz").json()["status"] == "ok"
                except httpx.TransportError:
                    time.sleep(0.03)
                    continue
                return self.process

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    made = Alone(tmp_path_factory.mktemp("alone"))
    yield made
    made.end()


def test_a_new_node_is_ready_and_its_secrets_are_its_own(alone: Alone) -> None:
    assert re.search(r"lk_[a-z0-9-]+_[A-Za-z0-9_-]{43}", alone.told)
    for key in (alone.root / "keys").iterdir():
        if key.suffix == ".key":
            assert key.stat().st_mode & 0o077 == 0, key
    checked = run("doctor", "--config", alone.config)
    assert checked.code == 0, checked
    assert "MEND" not in checked.out
    assert (alone.root / "node.db").exists()


def test_it_serves_refuses_a_second_one_and_stops_when_told(alone: Alone, tmp_path: Path) -> None:
    process = alone.serve()
    shutil.copytree(alone.root, tmp_path / "copy")
    configs = (alone.config, tmp_path / "copy" / "lintas.toml")
    same, copied = run_many([["serve", "--config", config] for config in configs], tmp_path)
    for second, why in ((same, "another process runs on this database"), (copied, "cannot listen")):
        assert second.code == 1
        assert why in second.err.splitlines()[-1]
        assert "Traceback" not in second.err
    with alone.client() as client:
        assert client.get("/api/v1/cases").status_code == 200
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert time.monotonic() - began <= 30
    assert "Traceback" not in alone.log.read_text()


def test_what_was_acknowledged_survives_kill_9(alone: Alone) -> None:
    acknowledged: dict[str, str] = {}
    for number in range(ROUNDS):
        process = alone.serve()
        enough = threading.Event()

        def file(worker: int, number: int = number, enough: threading.Event = enough) -> None:
            with alone.client() as client:
                for each in range(1_000):
                    text = f"round {number} worker {worker} report {each}: he called from +999{worker}{each:07d}"
                    try:
                        answer = client.post("/api/v1/reports", json={"text": text})
                    except httpx.TransportError:
                        return
                    assert answer.status_code == 201
                    acknowledged[answer.json()["id"]] = answer.json()["case"]
                    if len(acknowledged) >= 25 * (number + 1):
                        enough.set()

        workers = [threading.Thread(target=file, args=(worker,)) for worker in range(4)]
        for worker in workers:
            worker.start()
        assert enough.wait(40)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for worker in workers:
            worker.join()
    assert len(acknowledged) >= 25 * ROUNDS
    process = alone.serve()
    with alone.client() as client:
        for report, case in acknowledged.items():
            found = client.get(f"/api/v1/cases/{case}").json()
            assert report in [each["id"] for each in found["reports"]]
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    assert run("doctor", "--config", alone.config).code == 0


DAMAGED: list[tuple[str, bytes | None]] = [
    ("lintas.toml", b""),
    ("lintas.toml", b"\xff\xfe\x00"),
    ("lintas.toml", b"authority = 5\n"),
    ("lintas.toml", b"[" * 100_000),
    ("lintas.toml", None),
    ("node.db", b"this is no database" * 1000),
    ("node.db", None),
    ("charter", b"garbage"),
    ("charter", b"\xff" * 10_000),
    ("charter", None),
    ("policy.yaml", b"rules: ["),
    ("policy.yaml", b"\x00\xff"),
    ("policy.yaml", b"a: &a [*a]\n"),
    ("policy.yaml", None),
    ("policy.yaml.note", b"unsigned"),
    ("keys/signing.key", b"not a key"),
    ("keys/signing.key", None),
    ("keys/log.key", b""),
    ("keys/envelope.key", b"\xff\xff"),
]


def test_a_damaged_home_is_told_in_one_line(alone: Alone, tmp_path: Path) -> None:
    """Damage one file (None: remove it) of a copy each time; neither serving nor examining may end in anything but words."""
    commands: list[list[str | Path]] = []
    for number, (file, content) in enumerate(DAMAGED):
        copy = tmp_path / str(number)
        shutil.copytree(alone.root, copy)
        (copy / file).unlink()
        if content is not None:
            (copy / file).write_bytes(content)
        commands += [[name, "--config", copy / "lintas.toml"] for name in ("serve", "doctor")]
    ended = run_many(commands, tmp_path)
    for damage, served, examined in zip(DAMAGED, ended[::2], ended[1::2], strict=True):
        assert served.code in (1, 2), (damage, served)
        lines = served.err.strip().splitlines()
        assert len(lines) == 1, (damage, served)
        assert lines[0].startswith("lintas: "), (damage, served)
        assert "a fault in lintas itself" not in lines[0], damage
        assert (examined.code, examined.err) == (1, ""), (damage, examined)
        assert "MEND" in examined.out, damage
