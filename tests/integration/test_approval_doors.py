"""An approval through its public doors: the issuer's commands, the node's commands, and the API of the same node."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from tests.unit.policy.papers import approval

from lintas.api.app import public_app
from lintas.cli.key import issue_key
from lintas.cli.main import lintas
from lintas.model import times
from lintas.model.errors import BadInput, CheckFailed, Conflict, LintasError, Refused
from lintas.model.times import SystemClock
from lintas.node.config import read_config
from lintas.node.home import open_home
from lintas.node.runtime import Runtime
from lintas.policy.approval_text import sign
from lintas.trust.keys import Ed25519Signer

TEXT = {"content-type": "text/plain"}


class Office:
    """A node of Aria and, in the same directory, the papers of its data commission."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, folder / "desk" / "lintas.toml"
        self.run(
            "init", folder / "desk", "--jurisdiction", "xa", "--authority", "Aria Anti-Scam Centre", "--id", "xa-asc"
        )
        self.vkey = self.run("approval", "key", "--name", "data.xa.example", "--out", folder / "data.key").strip()
        settings = self.config.read_text("utf-8")
        assert "competent = []" in settings
        self.config.write_text(settings.replace("competent = []", f'competent = ["{self.vkey}"]'), "utf-8")
        self.expires = times.render(SystemClock().now() + timedelta(days=1))

    def run(self, *arguments: object) -> str:
        """Run a command that must go well."""
        done = CliRunner().invoke(lintas, list(map(str, arguments)))
        assert done.exit_code == 0, done.output + repr(done.exception)
        return done.stdout

    def wrong(self, *arguments: object) -> LintasError:
        """Run a command that must end with one line of ours."""
        done = CliRunner().invoke(lintas, list(map(str, arguments)))
        assert isinstance(done.exception, LintasError), done.output + repr(done.exception)
        assert "\n" not in str(done.exception)
        return done.exception

    def issue(self, name: str, *more: object) -> tuple[Path, str]:
        """Issue an approval; returns its file and id."""
        usual = ["--jurisdiction", "xa", "--authority", "xa-asc", "--reference", "DSC 2026/17", "--peer", "xd-asc"]
        what = ["--category", "hold_request", "--purpose", "stop_payment", "--expires", self.expires]
        file = self.folder / name
        told = self.run("approval", "issue", "--key", self.folder / "data.key", *usual, *what, "--out", file, *more)
        return file, told.partition(":")[0]

    def calls(
        self, play: Callable[[Callable[..., Coroutine[Any, Any, httpx.Response]]], Coroutine[Any, Any, None]]
    ) -> None:
        """Let ``play`` call the API of the node; its callable takes role, method, path and what httpx takes."""
        keys = {
            role: issue_key(read_config(self.config), name=f"The {role}", role=role) for role in ("approver", "auditor")
        }

        async def run() -> None:
            runtime = Runtime(*open_home(self.config))
            door = httpx.ASGITransport(app=public_app(runtime))
            async with httpx.AsyncClient(transport=door, base_url="https://desk.example") as client:

                async def call(role: str, method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401
                    headers = {"authorization": f"Bearer {keys[role]}"} | sent.pop("headers", {})
                    return await client.request(method, f"/api/v1/approvals{path}", headers=headers, **sent)

                await play(call)
            await asyncio.to_thread(runtime.writer.close)
            runtime.node.parts.engine.dispose()

        asyncio.run(run())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    yield Office(tmp_path_factory.mktemp("office"))


def test_an_approval_goes_from_its_issuer_to_the_nodes_file(office: Office) -> None:
    file, approval_id = office.issue("one", "--uses", 5, "--max-amount", "50000.00 XAK")
    shown = office.run("approval", "show", file, "--issuer", office.vkey)
    assert shown.startswith(
        f"{approval_id}: An approval by the competent authority (DSC 2026/17): data.xa.example lets"
    )
    assert "up to 50,000.00 XAK in one message, 5 times" in shown
    node = ["--config", office.config, "--officer", "Officer Dena Holt"]
    assert office.run("approval", "record", file, *node).startswith(f"{approval_id}\tvalid\tused 0\t")
    assert f"{approval_id}\tvalid" in office.run("approval", "list", "--config", office.config)
    ended = office.run("approval", "withdraw", approval_id, "--reason", "A mistake.", *node)
    assert ended.startswith(f"{approval_id}\twithdrawn")
    assert office.run("approval", "record", file, *node).startswith(f"{approval_id}\tvalid")
    office.run(
        "approval", "retract", file, "--key", office.folder / "data.key", "--reason", "Closed.", "--out",
        office.folder / "end",
    )  # fmt: skip
    told = office.run("approval", "show", office.folder / "end", "--issuer", office.vkey)
    assert "data.xa.example withdraws it" in told and told.endswith(": Closed.\n")
    office.run("approval", "record", office.folder / "end", *node)
    assert isinstance(office.wrong("approval", "record", file, *node), Conflict)
    assert "MEND" not in office.run("doctor", "--config", office.config)


def test_an_approval_that_does_not_count_now_is_told_so(office: Office) -> None:
    file, _ = office.issue("later", "--not-before", times.render(SystemClock().now() + timedelta(hours=12)))
    assert office.run("approval", "show", file, "--issuer", office.vkey).endswith(
        "It does not count now: it has not begun.\n"
    )


def test_bad_input_to_the_commands_is_one_line(office: Office) -> None:
    file, _ = office.issue("two")
    stranger = office.run(
        "approval", "key", "--name", "data.xa.example", "--out", office.folder / "stranger.key"
    ).strip()
    assert isinstance(office.wrong("approval", "show", file, "--issuer", stranger), Refused)
    assert isinstance(office.wrong("approval", "show", file, "--issuer", "no key"), BadInput)
    altered = office.folder / "altered"
    altered.write_bytes(file.read_bytes().replace(b"xd-asc", b"xb-asc"))
    assert isinstance(office.wrong("approval", "show", altered, "--issuer", office.vkey), CheckFailed)
    altered.write_bytes(b"x" * 10_000_000)
    assert isinstance(office.wrong("approval", "show", altered, "--issuer", office.vkey), BadInput)
    assert isinstance(office.wrong("approval", "key", "--name", "two words", "--out", office.folder / "k"), BadInput)
    usual = ["approval", "issue", "--key", office.folder / "data.key", "--jurisdiction", "xa", "--authority", "xa-asc",
             "--peer", "xd-asc", "--category", "hold_request", "--reference", "R", "--out", office.folder / "new"]  # fmt: skip
    for more in (
        ["--purpose", "revenge", "--expires", office.expires],
        ["--purpose", "status", "--expires", "tomorrow"],
        ["--purpose", "status", "--expires", "9999-12-31T00:00:00Z"],
        ["--purpose", "status", "--expires", office.expires, "--max-amount", "50,000 XAK"],
        ["--purpose", "status", "--expires", office.expires, "--max-amount", "9" * 9000],
        ["--purpose", "status", "--expires", office.expires, "--kind", "bribe"],
    ):
        assert isinstance(office.wrong(*usual, *more), BadInput)
    assert not (office.folder / "new").exists()


def test_a_policy_question_can_be_asked_with_approvals(office: Office) -> None:
    file, approval_id = office.issue("three")
    message = office.folder / "message.json"
    message.write_text('{"type": "hold_request", "purpose": "stop_payment", "plane": "B", "origin": "xa-asc"}', "utf-8")
    ask = ["policy", "explain", str(message), "--to", "xd-asc"]
    given = ["--approval", str(file), "--issuer", office.vkey]
    without = CliRunner().invoke(lintas, ask)
    assert without.exit_code == 1 and "missing: approval" in without.output
    told = office.run(*ask, *given)
    assert told.startswith("Permitted by rule xa-foreign-body") and f"{approval_id}: counts" in told
    message.write_text(message.read_text().replace("stop_payment", "trace_funds"), "utf-8")
    other = CliRunner().invoke(lintas, [*ask, *given])
    assert other.exit_code == 1 and f"{approval_id}: does not count: it is for stopping a payment" in other.output
    assert isinstance(office.wrong(*ask, "--approval", file), Refused)


def test_the_api_takes_shows_and_withdraws(office: Office) -> None:
    file, approval_id = office.issue("four")
    data = file.read_bytes()

    async def play(call: Callable[..., Coroutine[Any, Any, httpx.Response]]) -> None:
        for _ in range(2):
            taken = await call("approver", "POST", "", content=data, headers=TEXT)
            assert (taken.status_code, taken.json()["id"], taken.json()["state"]) == (201, approval_id, "valid")
        assert taken.json()["recorded_by"] == "The approver"
        shown = (await call("auditor", "GET", f"/{approval_id}")).json()
        assert shown["note"].encode() == data
        assert shown["words"].startswith("An approval by the competent authority")
        assert shown["id"] in [each["id"] for each in (await call("auditor", "GET", "")).json()]
        before = (await call("auditor", "GET", f"?after={approval_id}")).json()
        assert approval_id not in [each["id"] for each in before]
        withdrawn = await call("approver", "POST", f"/{approval_id}/withdraw", json={"reason": "Given by mistake."})
        assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
        for role, path, sent, status in (
            ("auditor", "", {"content": data, "headers": TEXT}, 403),
            ("auditor", f"/{approval_id}/withdraw", {"json": {"reason": "Not mine."}}, 403),
            ("approver", f"/{approval_id}/withdraw", {"json": {"reason": "Once more."}}, 409),
            ("approver", f"/{approval_id}/withdraw", {"json": {}}, 422),
            ("approver", "/approval-0/withdraw", {"json": {"reason": "Nothing there."}}, 404),
            ("approver", "", {"json": {"note": "no text"}}, 415),
            ("approver", "", {"content": b"x" * 10_000_000, "headers": TEXT}, 413),
            ("approver", "", {"content": b"", "headers": TEXT}, 400),
            ("approver", "", {"content": data.replace(b"xd-asc", b"xb-asc"), "headers": TEXT}, 422),
        ):
            answer = await call(role, "POST", path, **sent)
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path
        stranger = Ed25519Signer.from_seed("data.xa.example", bytes(32))
        unknown = await call("approver", "POST", "", content=sign(approval(), stranger), headers=TEXT)
        assert (unknown.status_code, unknown.json()["reason"]) == (403, "unknown_issuer")
        old = sign(approval(), Ed25519Signer.load(office.folder / "data.key"))
        assert (await call("approver", "POST", "", content=old, headers=TEXT)).json()["reason"] == "expired"

    office.calls(play)


def test_settings_with_a_key_that_is_none_are_refused(office: Office, tmp_path: Path) -> None:
    settings = office.config.read_text("utf-8")
    other = tmp_path / "lintas.toml"
    other.write_text(settings.replace(office.vkey, office.vkey[:-4]), "utf-8")
    with pytest.raises(BadInput, match="competent"):
        read_config(other)
