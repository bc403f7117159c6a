"""The examples run as the pages say: policy messages, tracing, and docs/banks.md played against a real node."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from lintas.cli.bank import BankConfig
from lintas.cli.main import lintas as program
from lintas.intake.records import ReportForm
from lintas.model.errors import Conflict
from lintas.model.tainted import LedgerAnswer, check_answer
from lintas.policy import approval_text

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
PROGRAM = [sys.executable, "-m", "lintas.cli.main"]


def lintas(*arguments: str, code: int = 0) -> str:
    """Run a command in this process, which is quicker than starting one for each."""
    done = CliRunner().invoke(program, list(arguments))
    assert done.exit_code == code, done.output
    return done.stdout


def test_every_example_has_the_shape_that_the_program_reads() -> None:
    msgspec.json.decode((EXAMPLES / "report.json").read_bytes(), type=ReportForm, strict=True)
    msgspec.toml.decode((EXAMPLES / "bank/agent.toml").read_bytes(), type=BankConfig)
    for name, start in (("answer", 0), ("held", 310_000)):
        answer = msgspec.json.decode((EXAMPLES / f"bank/{name}.json").read_bytes(), type=LedgerAnswer)
        check_answer(answer, start, 500_000)


def test_the_page_shows_the_settings_of_the_example() -> None:
    page = (ROOT / "docs/banks.md").read_text("utf-8")
    shown = re.search(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert shown is not None
    kept = (EXAMPLES / "bank/agent.toml").read_text("utf-8")
    assert shown[1] == "".join(line for line in kept.splitlines(keepends=True) if not line.startswith("#"))


@pytest.mark.parametrize(
    ("name", "peer", "code", "outcome", "rule"),
    [
        ("hold_request", "xb-asc", 0, "permit", ["xa-hold-request"]),
        ("hold_request_for_investigation", "xb-asc", 1, "refuse", []),
        ("hold_order", "xa-asc", 0, "permit", ["xb-order-foreign"]),
    ],
)
def test_policy_messages(name: str, peer: str, code: int, outcome: str, rule: list[str]) -> None:
    told = lintas("policy", "explain", str(EXAMPLES / f"policy/{name}.json"), "--to", peer, "--json", code=code)
    decision = json.loads(told)["decision"]
    assert (decision["outcome"], decision["rules"]) == (outcome, rule)


def test_the_approval_is_the_one_on_the_page_and_lets_the_request_leave() -> None:
    page, file = (ROOT / "docs/policy.md").read_text("utf-8"), EXAMPLES / "policy/approval.txt"
    assert f"```\n{file.read_text('utf-8')}```" in page
    found = re.search(r"^lintas approval show examples/policy/approval.txt --issuer (\S+)$", page, re.MULTILINE)
    assert found is not None
    assert "data.xa.example lets xa-asc of XA release" in lintas("approval", "show", str(file), "--issuer", found[1])
    withdrawal = re.search(r"^```\n(lintas-approval-withdrawal/v1\n.*?)```", page, re.MULTILINE | re.DOTALL)
    assert withdrawal is not None
    approval_text.parse(withdrawal[1], where="docs/policy.md")
    request = ["policy", "explain", str(EXAMPLES / "policy/hold_request_to_doria.json"), "--to", "xd-asc"]
    assert "missing: approval" in lintas(*request, code=1)
    assert "xa-foreign-body" in lintas(*request, "--approval", str(file), "--issuer", found[1])


def test_what_the_readme_shows_of_the_parts_that_work_alone(tmp_path: Path) -> None:
    """Each pair of blocks there is commands and what they print last; `ledger.index` and the like lie in a fresh place."""
    alone = (ROOT / "README.md").read_text("utf-8").split("## Parts that work alone\n", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```\n(.*?)```", alone, re.DOTALL)
    assert blocks and len(blocks) % 2 == 0
    for commands, shown in zip(blocks[::2], blocks[1::2], strict=True):
        told = ""
        for command in commands.splitlines():
            words = (
                command.replace("examples/", f"{EXAMPLES}/").replace("ledger.index", str(tmp_path / "index")).split()
            )
            told = lintas(*words[1:])
        assert told == shown


def test_tracing(tmp_path: Path) -> None:
    ledger = EXAMPLES / "bank/ledger"
    files = ["--transfers", str(ledger / "transfers.csv"), "--transfers", str(ledger / "pacs.008.xml")]
    lintas("trace", "index", *files, "--bank", "XAFB", "--out", str(tmp_path / "index"))
    trail = json.loads(lintas("trace", "run", "--index", str(tmp_path / "index"), "--transfer", "T-0003", "--json"))
    assert trail["conserved"]
    assert trail["opening"] == "given"
    assert [held["amount_minor"] for held in trail["frontier"]] == [190_000]
    assert [baton["amount_minor"] for baton in trail["batons"]] == [300_000]


# --- docs/banks.md ----------------------------------------------------------------------------------------------------


class Desk:
    """One node of the example, with a key for each of the people in it."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.url = home, f"https://127.0.0.1:{port}"
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        trust.load_verify_locations(home / "desk/keys/tls.pem")
        self._client = httpx.Client(base_url=self.url, verify=trust, timeout=30)
        self._keys = {
            "bank": self._issue("XAFB fraud desk", "bank", "--organisation", "XAFB"),
            "hotline": self._issue("Officer Asha Tor", "hotline"),
            "approver": self._issue("Officer Miro Lane", "approver"),
        }
        self.bank_key = self._keys["bank"]

    def _issue(self, name: str, role: str, *more: str) -> str:
        config = str(self.home / "desk/lintas.toml")
        file = self.home / f"{role}.key"
        issue = ("key", "issue", "--config", config, "--name", name, "--role", role, *more, "--out", str(file))
        assert lintas(*issue) == ""
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with pytest.raises(Conflict):
            CliRunner().invoke(program, list(issue), catch_exceptions=False)
        return file.read_text("ascii").strip()

    def ask(self, role: str, path: str, data: bytes | None = None, *, method: str = "") -> Any:  # noqa: ANN401 — whatever the route answers
        headers = {"authorization": f"Bearer {self._keys[role]}", "content-type": "application/json"}
        verb = method or ("GET" if data is None else "POST")
        answer = self._client.request(verb, path, content=data, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.headers.get("content-type", "").endswith("json") else answer.text

    def until(self, role: str, path: str, found: Callable[[Any], bool]) -> Any:  # noqa: ANN401 — see ask
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = self.ask(role, path)
            if found(answer):
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{path} still says {answer}")

    def close(self) -> None:
        self._client.close()


@contextlib.contextmanager
def served(home: Path, *arguments: str) -> Iterator[None]:
    """Run a long-lived command until it says ready, and stop it on leaving."""
    told = home / f"{arguments[0]}.out"
    with told.open("wb") as out, (home / f"{arguments[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [*PROGRAM, *arguments], cwd=home, stdout=out, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
    try:
        deadline = time.monotonic() + 30
        while b"ready" not in told.read_bytes():
            assert process.poll() is None, log.name
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _two_ports() -> int:
    """Return a free port whose neighbour is free too: the door for people and the one for peers."""
    while True:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
            with socket.create_server(("127.0.0.1", port + 1)):
                return port


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    port = _two_ports()
    named = ["--jurisdiction", "xa", "--authority", "Aria Anti-Scam Centre", "--bank", "XAFB", "--port", str(port)]
    lintas("init", str(tmp_path / "desk"), *named)
    with served(tmp_path, "serve", "--config", "desk/lintas.toml"):
        desk = Desk(tmp_path, port)
        yield desk
        desk.close()


def _bar(desk: Desk) -> dict[str, int]:
    (bar,) = desk.ask("hotline", "/api/v1/cases")
    assert bar["exact"]
    assert bar["stolen"] == 500_000
    return {state: bar[state] for state in ("held", "moved", "spent", "unknown")}


def test_a_bank_joins_by_hand(desk: Desk) -> None:
    desk.ask("hotline", "/api/v1/reports", (EXAMPLES / "report.json").read_bytes())
    work = desk.ask("bank", "/api/v1/bank/work?wait=20")
    (question,) = work["questions"]
    assert question["find"]["receiver"] == "1000000002"
    answer = (EXAMPLES / "bank/answer.json").read_bytes()
    for _ in range(2):  # the same answer again changes nothing
        desk.ask("bank", f"/api/v1/bank/traces/{question['id']}/answer", answer)
    (hold,) = desk.until("approver", "/api/v1/holds", bool)
    assert _bar(desk) == {"held": 0, "moved": 490_000, "spent": 10_000, "unknown": 0}
    desk.ask("approver", f"/api/v1/holds/{hold['id']}/approve", method="POST")
    (order,) = desk.ask("bank", "/api/v1/bank/work")["orders"]
    letter = desk.ask("bank", f"/api/v1/bank/orders/{order['id']}/letter")
    assert "1,900.00 XAK" in letter
    assert "Aria Fraud Response Act 2024, s.9" in letter
    desk.ask("bank", f"/api/v1/bank/orders/{order['id']}/answer", (EXAMPLES / "bank/held.json").read_bytes())
    assert _bar(desk) == {"held": 190_000, "moved": 300_000, "spent": 10_000, "unknown": 0}


def test_a_bank_joins_by_the_script_of_four_calls(desk: Desk) -> None:
    key = desk.home / "authority.key"
    key.write_text(desk.bank_key + "\n", "ascii")
    script = [sys.executable, str(EXAMPLES / "bank/four_calls.py"), desk.url, str(desk.home / "desk/keys/tls.pem")]
    with subprocess.Popen([*script, str(key)], stdout=subprocess.PIPE, text=True) as bank:
        desk.ask("hotline", "/api/v1/reports", (EXAMPLES / "report.json").read_bytes())
        (hold,) = desk.until("approver", "/api/v1/holds", bool)
        desk.ask("approver", f"/api/v1/holds/{hold['id']}/approve", method="POST")
        said, _ = bank.communicate(timeout=30)
    assert bank.returncode == 0
    assert "ORDER TO HOLD AN AMOUNT" in said
    assert _bar(desk) == {"held": 190_000, "moved": 300_000, "spent": 10_000, "unknown": 0}


def test_a_bank_joins_with_the_agent(desk: Desk) -> None:
    shutil.copytree(EXAMPLES / "bank", desk.home / "bank")
    shutil.copy(desk.home / "desk/keys/tls.pem", desk.home / "bank/authority.pem")
    (desk.home / "bank/authority.key").write_text(desk.bank_key + "\n", "ascii")
    settings = desk.home / "bank/agent.toml"
    settings.write_text(settings.read_text("utf-8").replace("https://127.0.0.1:8443", desk.url), "utf-8")
    with served(desk.home, "bank", "serve", "--config", "bank/agent.toml"):
        desk.ask("hotline", "/api/v1/reports", (EXAMPLES / "report.json").read_bytes())
        (hold,) = desk.until("approver", "/api/v1/holds", bool)
        desk.ask("approver", f"/api/v1/holds/{hold['id']}/approve", method="POST")
        desk.until("approver", "/api/v1/holds?state=answered", bool)
    assert _bar(desk) == {"held": 190_000, "moved": 300_000, "spent": 10_000, "unknown": 0}
    assert (desk.home / "bank/ledger/holds.jsonl").read_text("utf-8").count("\n") == 1
