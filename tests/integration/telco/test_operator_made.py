"""An operator's directory as `lintas telco init` makes it: it starts as it is, and its gateway is answered."""

import asyncio
import os
import socket
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from tests.unit.telco.home.operators import question

from lintas.cli.main import lintas
from lintas.gateway.asking.asker import Asker
from lintas.gateway.asking.carrier import HttpCarrier
from lintas.gateway.asking.directory_file import read_directory
from lintas.gateway.operator.feeding import feeding
from lintas.gateway.operator.operator import DoorSettings, Operator, read_settings
from lintas.gateway.operator.server import doors
from lintas.http.listeners import Listeners
from lintas.model.errors import BadInput
from lintas.model.times import render
from lintas.telco.records import CliAnswer

RANGE = ("--operator", "XATL", "--range", "+999150000000-+999154999999")


def init(root: Path, *more: str) -> Path:
    done = CliRunner().invoke(lintas, ["telco", "init", str(root), *RANGE, *more], catch_exceptions=False)
    assert done.exit_code == 0
    return root


def test_it_starts_as_it_is_and_answers_its_gateway(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    root = init(tmp_path / "xatl", "--gateway", "xa-gw1", "--port", str(port))
    at = render(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5))
    lines = (f"assigned,+999150000001,{at}\n", f"abroad,+999150000001,{at}\n", f"assigned,+999150000002,{at}\n")
    (root / "events.jsonl").write_text("".join(lines))

    async def play() -> list[CliAnswer | None]:
        settings = msgspec.structs.replace(read_settings(root / "operator.toml"), desk=DoorSettings())
        operator = Operator(settings, root)
        theirs = root / "gateways" / "xa-gw1"
        entry = theirs / "operators.toml"
        # The key as `lintas telco home` prints it, the whole line.
        entry.write_text(entry.read_text().replace('key = "', 'key = "key XATL '))
        asker = Asker(
            read_directory(theirs / "operators.toml").directory,
            HttpCarrier(theirs / "gateway.pem", theirs / "gateway.key"),
            deadline_s=20,
        )
        async with feeding(operator), Listeners(doors(operator)):
            while operator.keeper.table.counts()["assigned"] < 2:
                await asyncio.sleep(0.02)
            numbers = (999_150_000_001, 999_150_000_002, 999_150_000_003)
            said = [await asker.ask(question(number)) for number in numbers]
            await asker.close()
        operator.keeper.close()
        return said

    said = [(each.verdict, each.evidence) for each in asyncio.run(play()) if each]
    assert said == [("pass", "registered-abroad"), ("fail", "registered-abroad"), ("fail", "assigned")]


def test_secrets_are_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        root = init(tmp_path / "xatl")
    finally:
        os.umask(before)
    for name in ("operator.key", "door.key", "desk.token", "gateways/gw-1/gateway.key"):
        assert stat.S_IMODE((root / name).stat().st_mode) == 0o600
    assert {path.name for path in (root / "gateways" / "gw-1").iterdir()} == {
        "gateway.pem",
        "gateway.key",
        "operator.pem",
        "operators.toml",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        ("--host", "::"),
        ("--gateway", "../x"),
        ("--gateway", "a", "--gateway", "a"),
        ("--range", "+9991"),
        ("--operator", 'X"\n'),
    ],
)
def test_what_cannot_be_made_leaves_nothing(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    done = CliRunner().invoke(lintas, ["telco", "init", str(tmp_path / "xatl"), *RANGE, *wrong])
    assert isinstance(done.exception, BadInput)
    assert not (tmp_path / "xatl").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    done = CliRunner().invoke(lintas, ["telco", "init", str(tmp_path), *RANGE])
    assert isinstance(done.exception, BadInput)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
