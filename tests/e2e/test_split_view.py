"""A member that shows one ledger to one authority and another to the next is found by both: real nodes, HTTP and keys."""

import contextlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.e2e.program import run, run_many, start
from tests.unit.ledger.building import ledger_engine

from lintas.cli.key import issue_key
from lintas.ledger.publish import publish
from lintas.ledger.service import Ledger
from lintas.node import home as homes
from lintas.node.config import Config, Door, Home
from lintas.policy.shipped import shipped_table
from lintas.storage.engine import writing
from lintas.trust.charter import Member
from lintas.trust.keys import Ed25519Signer

LIAR, ONE, TWO = "xa-asc", "xb-asc", "xc-asc"
HOST = "127.0.0.1"
BEAT = 0.5
PATIENCE = 60.0


class Quiet(SimpleHTTPRequestHandler):
    """Serves a directory and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


class View:
    """One of the liar's ledgers, where one of the others finds it; signed with the one key that the charter lists."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.directory = folder / "ledger"
        self.directory.mkdir(parents=True)
        self._engine = ledger_engine(folder / "log.db")
        self._ledger = Ledger(home.config.ledger_origin, Ed25519Signer.load(home.key(homes.LOG)))
        self.vkey = str(self._ledger.key)
        self._server = ThreadingHTTPServer((HOST, 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://{HOST}:{self._server.server_port}"

    def show(self, entries: Sequence[str]) -> None:
        """Append and publish."""
        with writing(self._engine) as tx, tx.begin():
            self._ledger.append(tx, [each.encode() for each in entries])
        with self._engine.connect() as tx:
            publish(tx, self._ledger, self.directory, self._ledger.checkpoint(tx).render())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._engine.dispose()


class Witnessing:
    """A node that runs, and what its auditor sees."""

    def __init__(self, home: Home) -> None:
        self.home, self.key = home, issue_key(home, name="Auditor", role="auditor")
        self.log = home.root.parent / f"{home.config.authority}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = start("serve", "--config", self.home.root / homes.SETTINGS, log=self.log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    def get(self, path: str) -> Any:  # noqa: ANN401 — whatever JSON came
        port = self.home.config.plain.port if self.home.config.plain else 0
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(
                f"http://{HOST}:{port}{path}",
                headers={"authorization": f"Bearer {self.key}"},
                timeout=20,
                trust_env=False,
            ).json()
        return None

    def standing(self) -> dict[str, str]:
        told = self.get("/api/v1/ledger/findings") or {"logs": []}
        return {each["origin"]: each["standing"] for each in told["logs"]}

    def sizes(self) -> dict[str, int | None]:
        told = self.get("/api/v1/ledger/findings") or {"logs": []}
        return {each["origin"]: each["size"] for each in told["logs"]}


def ports(count: int) -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found


def make(folder: Path, authority: str, doors: Sequence[int]) -> Home:
    code = authority[:2].upper()
    config = Config(
        authority=authority,
        jurisdiction=code,
        name=f"The Authority {authority}",
        contact=f"duty-desk@{authority}.example",
        exercise=True,
        ledger_origin=f"{authority}.lintas.example/log",
        checkpoint_seconds=BEAT,
        public=Door(HOST, doors[0]),
        exchange=Door(HOST, doors[1]),
        plain=Door(HOST, doors[2]),
    )
    return homes.create(folder / authority, config, policy=shipped_table(code), hosts=[HOST])


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


class Scene:
    """The liar with its two views, and the two nodes that it shows them to."""

    def __init__(self, folder: Path) -> None:
        doors = ports(9)
        made = [make(folder, name, doors[at * 3 : at * 3 + 3]) for at, name in enumerate((LIAR, ONE, TWO))]
        self.views = [View(folder / f"view-{name}", made[0]) for name in (ONE, TWO)]
        members = [self._member(home) for home in made]
        self.nodes = []
        for home, view in zip(made[1:], self.views, strict=True):
            # By its address a member may tell who asks; here each of the two has another address of the liar in its charter.
            shown = msgspec.structs.replace(members[0], public_url=view.url)
            charter = homes.first_charter(made, [shown, *members[1:]], ())
            self.nodes.append(Witnessing(homes.install_charter(home, charter)))
        self.origin = made[0].config.ledger_origin

    def _member(self, home: Home) -> Member:
        config = home.config
        urls = homes.Urls(
            f"https://{HOST}:{config.public.port}", f"https://{HOST}:{config.exchange.port}", f"http://{HOST}:9/none"
        )
        witness = Ed25519Signer.generate(f"{config.authority}-witness")
        return homes.member_of(home, urls, homes.witness_vkey(home, witness))

    def close(self) -> None:
        for node in self.nodes:
            node.stop()
        for view in self.views:
            view.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp("split"))
    try:
        yield made
    finally:
        made.close()


def test_a_split_view_is_found_by_both_and_a_stranger_can_check_it(scene: Scene, tmp_path: Path) -> None:
    for view in scene.views:
        view.show(["first", "second", "third"])
    for node in scene.nodes:
        node.start()
    origins = {f"{name}.lintas.example/log" for name in (LIAR, ONE, TWO)}
    for node in scene.nodes:
        until(lambda node=node: node.standing() == dict.fromkeys(origins, "consistent"))  # type: ignore[misc]
        assert node.get("/api/v1/ledger/findings")["findings"] == []
        # The days before this one are compared as well, and on none of them is anything missing.
        assert node.get("/api/v1/ledger/reconciliation")["days"] == []

    # From here on the first sees what was done, and the second a ledger in which the same place says something else.
    scene.views[0].show(["a request that was made", "fifth"])
    scene.views[1].show(["nothing of the kind"])
    for node in scene.nodes:
        until(lambda node=node: node.standing().get(scene.origin) == "split")  # type: ignore[misc]

    for node in scene.nodes:
        assert (
            node.standing()[f"{ONE}.lintas.example/log"] == node.standing()[f"{TWO}.lintas.example/log"] == "consistent"
        )
        found = node.get("/api/v1/ledger/findings")["findings"][0]
        assert (found["origin"], found["older_size"], found["newer_size"]) == (scene.origin, 4, 5)
        assert found["through"] in (ONE, TWO)
        _stranger_checks(found, scene, tmp_path / node.home.config.authority)
        said = node.log.read_text()
        assert "a ledger shows different members different entries" in said or "a member proved" in said
        assert "Traceback" not in said

    scene.nodes[0].stop()
    checked = run("doctor", "--config", scene.nodes[0].home.root / homes.SETTINGS)
    assert checked.code == 1
    assert f"MEND  the members' ledgers: {scene.origin} showed different members different entries" in checked.out


def _stranger_checks(found: dict[str, Any], scene: Scene, folder: Path) -> None:
    """Check a finding with nothing but the log's key from elsewhere."""
    folder.mkdir()
    (folder / "a").write_text(found["older"])
    (folder / "b").write_text(found["newer"])
    (folder / "proof").write_text("\n".join(found["proof"]))
    files, log = (folder / "a", folder / "b"), ("--log", scene.views[0].vkey)
    given: list[list[str | Path]] = [["--proof", folder / "proof"], ["--tiles", scene.views[0].directory], []]
    ended = run_many([["ledger", "compare", *files, *log, *each] for each in given], folder)
    assert [each.code for each in ended] == [1, 1, 1]
    assert [each.err.split(":")[1] for each in ended] == [" split", " split", " unproven"]


def test_the_finding_is_told_to_who_may_read_it(scene: Scene) -> None:
    node = scene.nodes[1]
    port = node.home.config.plain.port if node.home.config.plain else 0
    key = issue_key(node.home, name="Officer", role="hotline")
    address = f"http://{HOST}:{port}/api/v1/ledger/findings"
    for headers, status in (({}, 401), ({"authorization": f"Bearer {key}"}, 403)):
        assert httpx.get(address, headers=headers, timeout=20, trust_env=False).status_code == status
    assert json.dumps(node.get("/api/v1/ledger/findings")).count(scene.origin) > 0
