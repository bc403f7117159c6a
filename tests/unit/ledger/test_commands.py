"""`lintas ledger` and `lintas witness` as a user runs them."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from tests.e2e.program import run_many
from tests.unit.ledger.building import Small

from lintas.ledger.publish import merge_cosignatures, publish, witness_request
from lintas.ledger.tlog_policy import LogLine, TlogPolicy, WitnessLine, render_policy
from lintas.node.config import Config, render_config
from lintas.storage.engine import writing
from lintas.trust import note
from lintas.trust.note import parse_vkey

LINTAS = str(Path(sys.prefix) / "bin" / "lintas")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINTAS, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def made(tmp_path: Path) -> Small:
    made = Small(tmp_path)
    made.append(300)
    made.publish()
    return made


def test_verify(made: Small) -> None:
    done = run("ledger", "verify", made.directory, "--policy", made.policy_file)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("verified: xa.example/ledger, 300 entries, cosigned by w0 (2026-03-01T10:00:00Z), w1")
    done = run("ledger", "verify", made.directory, "--policy", made.policy_file, "--json")
    told = json.loads(done.stdout)
    assert (told["ok"], told["size"], told["problems"]) == (True, 300, [])
    assert told["cosigned_by"][0] == {"name": "w0", "at": "2026-03-01T10:00:00Z"}


def test_verify_over_http(made: Small) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(made.directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            done = run("ledger", "verify", url, "--policy", made.policy_file)
            assert done.returncode == 0, done.stderr
            (made.directory / "tile/0/000").unlink()
            assert run("ledger", "verify", url, "--policy", made.policy_file).returncode == 1
            proved = run("ledger", "prove", 3, "--out", made.directory.parent / "out", "--path", url)
            assert proved.returncode == 1
        finally:
            server.shutdown()
            thread.join()
    assert run("ledger", "verify", url, "--policy", made.policy_file).returncode == 1


def test_verify_where_no_ledger_is(made: Small) -> None:
    told = "there is no ledger here — its address ends in /ledger"
    handler = partial(SimpleHTTPRequestHandler, directory=str(made.directory.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            for place in (f"http://127.0.0.1:{server.server_port}", made.directory.parent):
                for command in (
                    ["verify", place, "--policy", made.policy_file],
                    ["prove", 0, "--out", "x", "--path", place],
                ):
                    done = run("ledger", *command)
                    assert (done.returncode, done.stderr) == (2, f"lintas: {place}: {told}\n")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("cosigned", [0, 1])
def test_verify_tells_too_few_cosignatures_from_a_broken_ledger(made: Small, cosigned: int) -> None:
    made.append(5)
    signed = note.parse(made.cosigned())
    few = note.Note(signed.text, signed.signatures[: 1 + cosigned]).render()
    with made.engine.connect() as tx:
        publish(tx, made.ledger, made.directory, few)
    done = run("ledger", "verify", made.directory, "--policy", made.policy_file)
    seen = ["nobody", "w0"][cosigned]
    assert done.returncode == 1
    assert (
        f"not cosigned by enough witnesses yet: by {seen}, the policy asks for 2 of w0, w1 — ask again later"
        in done.stderr
    )
    assert len(done.stderr.splitlines()) == 1
    told = json.loads(run("ledger", "verify", made.directory, "--policy", made.policy_file, "--json").stdout)
    assert (told["ok"], len(told["problems"])) == (False, 1)
    (made.directory / "tile/0/000").unlink()
    done = run("ledger", "verify", made.directory, "--policy", made.policy_file)
    assert done.returncode == 1
    assert "trust nothing in it" in done.stderr


def test_verify_says_what_is_wrong(made: Small) -> None:
    bundle = made.directory / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"entry 17", b"entry 18"))
    done = run("ledger", "verify", made.directory, "--policy", made.policy_file)
    assert done.returncode == 1
    assert "tile/0/000: hash 17 does not fit the entries from 17" in done.stderr
    done = run("ledger", "verify", made.directory, "--policy", made.policy_file, "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (1, False)


@pytest.mark.parametrize(
    ("place", "policy"),
    [
        ("nowhere", "policy"),
        ("published", "nowhere"),
        ("published", "published/checkpoint"),
        ("ftp://xa.example/", "policy"),
        ("http://", "policy"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(made: Small, place: str, policy: str) -> None:
    folder = made.directory.parent
    named = place if "://" in place else folder / place
    done = run("ledger", "verify", named, "--policy", folder / policy)
    assert done.returncode == 2
    assert len(done.stderr.strip().split("\n")) == 1
    assert "Traceback" not in done.stderr


def test_prove_and_check(made: Small, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    done = run("ledger", "prove", 257, "--out", out, "--path", made.directory)
    assert done.returncode == 0, done.stderr
    proof, entry = out / "257.tlog-proof", out / "257.entry"
    assert entry.read_bytes() == b"entry 257"
    done = run("ledger", "check-proof", proof, entry, "--policy", made.policy_file)
    assert done.returncode == 0, done.stderr
    assert "cosigned by w0" in done.stdout
    entry.write_bytes(b"entry 258")
    assert run("ledger", "check-proof", proof, entry, "--policy", made.policy_file).returncode == 1
    proof.write_bytes(b"nonsense")
    assert run("ledger", "check-proof", proof, entry, "--policy", made.policy_file).returncode == 1
    assert run("ledger", "prove", 300, "--out", out, "--path", made.directory).returncode == 2
    assert run("ledger", "prove", 3, "--out", out).returncode == 2


def test_prove_from_a_nodes_own_ledger(made: Small, tmp_path: Path) -> None:
    config = Config(
        authority="xa.example",
        jurisdiction="XA",
        name="Xa",
        contact="a@xa.example",
        ledger_origin="x",
        ledger="published",
    )
    (tmp_path / "node.toml").write_text(render_config(config))
    done = run("ledger", "prove", 0, "--out", tmp_path / "out", "--config", tmp_path / "node.toml")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "0.entry").read_bytes() == b"entry 0"
    assert run("ledger", "prove", 0, "--out", tmp_path, "--config", tmp_path / "nowhere.toml").returncode == 2


class Served:
    """A witness process of its own."""

    def __init__(self, folder: Path, made: Small) -> None:
        self.config = folder / "witness" / "w.toml"
        done = run(
            *("witness", "init", "--config", self.config, "--name", "court.example/w", "--listen", "127.0.0.1:0"),
            *("--log", made.ledger.key),
        )
        assert done.returncode == 0, done.stderr
        self.key = parse_vkey(done.stdout.strip())
        self.start()

    def start(self) -> None:
        command = [LINTAS, "witness", "serve", "--config", str(self.config)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        word, self.url = self.process.stdout.readline().split()
        assert word == "ready"

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, complaints = self.process.communicate(timeout=15)
        return self.process.returncode, complaints

    def submit(self, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/{self.key.name}/add-checkpoint", content=body, timeout=10)


@pytest.fixture
def served(tmp_path: Path, made: Small) -> Iterator[Served]:
    process = Served(tmp_path, made)
    yield process
    process.process.kill()
    process.process.communicate()


def test_a_witness_process_cosigns_remembers_and_stops_cleanly(made: Small, served: Served) -> None:
    with made.engine.connect() as tx:
        bare = made.ledger.checkpoint(tx).render()
        body = witness_request(made.ledger, tx, bare, 0)
        answer = served.submit(body)
        assert answer.status_code == 200, answer.text
        signed = merge_cosignatures(bare, answer.content, [served.key])
        publish(tx, made.ledger, made.directory, signed)
    policy = TlogPolicy((LogLine(made.ledger.key),), (WitnessLine("court", served.key),), quorum="court")
    made.policy_file.write_text(render_policy(policy))
    assert run("ledger", "verify", made.directory, "--policy", made.policy_file).returncode == 0
    assert served.stop() == (0, "")
    served.start()
    assert served.submit(body).content == b"300\n"
    assert served.stop() == (0, "")


def test_witness_bad_configuration(tmp_path: Path, served: Served) -> None:
    assert run("witness", "init", "--config", served.config, "--name", "again.example/w").returncode == 1
    assert run("witness", "init", "--config", tmp_path / "new.toml", "--name", "two words").returncode == 2
    for text in ("", "listen = 1", 'listen = "x"\ndatabase = "d"\nidentities = []\n', "\xff"):
        (tmp_path / "bad.toml").write_bytes(text.encode("latin-1"))
        done = run("witness", "serve", "--config", tmp_path / "bad.toml")
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.strip().split("\n")) == 1
    assert run("witness", "serve", "--config", tmp_path / "nowhere.toml").returncode == 2


def checkpoints(made: Small, folder: Path) -> tuple[Path, Path, Path]:
    """Write three signed checkpoints: of 300 entries, of 310, and of 305 in which another entry stands."""
    files = tuple(folder / name for name in ("older", "newer", "forked"))
    with made.engine.connect() as tx:
        files[0].write_bytes(made.ledger.checkpoint(tx).render())
    made.append(10)
    made.publish()
    with made.engine.connect() as tx:
        files[1].write_bytes(made.ledger.checkpoint(tx).render())
    other = folder / "other"
    other.mkdir()
    forked = Small(other)
    forked.append(304)
    with writing(forked.engine) as tx, tx.begin():
        forked.ledger.append(tx, [b"another"])
    with forked.engine.connect() as tx:
        files[2].write_bytes(forked.ledger.checkpoint(tx).render())
    return files[0], files[1], files[2]


def test_compare_says_which(made: Small, tmp_path: Path) -> None:
    older, newer, forked = checkpoints(made, tmp_path)
    log, tiles = ("--log", made.ledger.key), ("--tiles", made.directory)
    bad = tmp_path / "bad"
    bad.write_bytes(newer.read_bytes().replace(b"\n310\n", b"\n311\n"))
    key = parse_vkey(str(made.ledger.key))
    stranger = note.VerifierKey(key.name, key.algorithm, bytes(32))
    expected = [
        ((older, newer, *log, *tiles), 0, "consistent: xa.example/ledger, 300 and 310 entries"),
        ((newer, older, *log, *tiles), 0, "consistent: xa.example/ledger, 300 and 310 entries"),
        ((newer, newer, *log), 0, "consistent: xa.example/ledger, 310 and 310 entries"),
        ((forked, newer, *log, *tiles), 1, "split: xa.example/ledger, 305 and 310 entries"),
        ((forked, older, *log, *tiles), 1, "unproven: xa.example/ledger, 300 and 305 entries"),
        ((older, newer, *log), 1, "unproven: xa.example/ledger, 300 and 310 entries"),
        ((bad, newer, *log, *tiles), 2, "not valid"),
        ((older, newer, "--log", stranger, *tiles), 2, "did not sign"),
        ((older, newer, "--log", "nonsense", *tiles), 2, "--log"),
        ((older, tmp_path / "none", *log), 2, "none"),
        ((older, newer, *log, *tiles, "--proof", older), 2, "either"),
        ((older, newer, *log, "--proof", older), 2, "base64"),
        ((older, newer, *log, "--tiles", tmp_path / "none"), 2, "no such directory"),
    ]
    ended = run_many([["ledger", "compare", *map(str, given)] for given, _, _ in expected], tmp_path)
    for (given, code, said), done in zip(expected, ended, strict=True):
        assert (done.code, said in done.out + done.err) == (code, True), (given, done)
        assert "Traceback" not in done.err
