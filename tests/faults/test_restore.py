"""`lintas db backup` and `restore` on real nodes: consistent, honest about what is lost, harmless when wrong."""

import contextlib
import hashlib
import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy import insert, inspect, select
from tests.e2e.program import Ended, run, run_many
from tests.faults.pair import Pair, Seat, holds, reconciled, until

from lintas.access import keys
from lintas.border import approval_store
from lintas.cli.key import issue_key
from lintas.exchange import store as exchange_store
from lintas.ledger.checkpoint import log_key
from lintas.ledger.membership import member_policy
from lintas.ledger.verify import DirectorySource, verify_ledger
from lintas.model.errors import Refused
from lintas.model.times import SystemClock
from lintas.node import backup
from lintas.node import home as homes
from lintas.node.config import Config, Home, read_config
from lintas.node.doctor import examine
from lintas.policy.shipped import shipped_table
from lintas.storage import migrate
from lintas.storage.engine import open_engine, writing
from lintas.storage.writer import SerialWriter, UseCase
from lintas.trust.keys import Ed25519Signer


def settings(seat: Seat) -> Path:
    return seat.home.root / homes.SETTINGS


def everything(root: Path) -> dict[str, str]:
    """Return the hash of every file of a home, but for the lock."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def refused(ended: Ended, code: int, *words: str) -> None:
    """Check that a command ended with one line of ours."""
    assert ended.code == code, ended
    assert len(ended.err.strip().splitlines()) == 1, ended
    assert ended.err.startswith("lintas: ")
    assert "a fault in lintas itself" not in ended.err
    for word in words:
        assert word in ended.err, ended


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("restore"), checkpoint_seconds=0.3)
    with made.running():
        yield made
    assert [*made.a.faults(), *made.b.faults()] == []


def exchange(pair: Pair, thefts: int = 1) -> None:
    """Let a theft be reported at xa, asked of xb, declined there, and answered; then everything is receipted."""
    with pair.a.client("hotline") as hotline, pair.a.client("bank") as bank, pair.b.client("approver") as approver:
        for _ in range(thefts):
            hotline.post("/api/v1/reports", json=pair.theft()).raise_for_status()
            until(lambda: pair.bank_works(bank))
            until(lambda: pair.approver_works(approver))
        until(lambda: {each["state"] for each in holds(hotline)} == {"answered"})
    for seat in pair.seats:
        with seat.client("auditor") as auditor:
            until(lambda auditor=auditor: reconciled(auditor)["unmatched"] == [])  # type: ignore[misc]


def published(seat: Seat) -> int:
    """Publish, and return how much."""
    with seat.client("auditor") as auditor:
        return int(auditor.post("/api/v1/ledger/checkpoint").raise_for_status().json()["published"])


def verified(seat: Seat) -> int:
    """Return the size of the published ledger, as a stranger verifies it."""
    key = log_key(seat.home.config.ledger_origin, Ed25519Signer.load(seat.home.key(homes.LOG)))
    verdict = verify_ledger(DirectorySource(seat.home.path("ledger")), member_policy(key, [], None))
    assert verdict.problems == ()
    return verdict.size


def test_a_backup_of_a_node_that_writes_is_consistent_and_its_own(pair: Pair, tmp_path: Path) -> None:
    acknowledged: list[str] = []
    enough, over = threading.Event(), threading.Event()

    def file() -> None:
        with pair.a.client("hotline") as client:
            while not over.is_set():
                answer = client.post("/api/v1/reports", json={"text": f"call {len(acknowledged)} from +99912345"})
                acknowledged.append(answer.raise_for_status().json()["id"])
                if len(acknowledged) > 20:
                    enough.set()

    worker = threading.Thread(target=file)
    worker.start()
    assert enough.wait(20)
    before = list(acknowledged)
    target = tmp_path / "node.backup"
    ended = run("db", "backup", target, "--config", settings(pair.a))
    over.set()
    worker.join()
    assert ended.code == 0, ended
    assert "sound; its ledger has" in ended.out
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["node.backup"]
    with contextlib.closing(sqlite3.connect(f"file:{target}?mode=ro", uri=True)) as copied:
        assert copied.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = {row[0] for row in copied.execute("SELECT id FROM intake_reports")}
    assert set(before) <= found <= set(acknowledged)
    again = run("db", "backup", target, "--config", settings(pair.a))
    refused(again, 1, "there is a file of this name")
    nowhere = run("db", "backup", tmp_path / "no" / "such", "--config", settings(pair.a))
    refused(nowhere, 2, "No such file")


def test_a_node_that_runs_keeps_its_database(pair: Pair, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    assert run("db", "backup", target, "--config", settings(pair.a)).code == 0
    refused(run("db", "restore", target, "--config", settings(pair.a), "--anyway"), 1, "another process runs")
    with pair.a.client("auditor") as client:
        assert client.get("/healthz").json()["status"] == "ok"


def test_a_node_lives_on_after_an_older_backup(pair: Pair, tmp_path: Path) -> None:
    """The backup knows nothing of a peer that has gone on; the ledger grew and was published; a key was revoked."""
    b = pair.b
    target, config = tmp_path / "older", settings(b)
    spare = issue_key(b.home, name="Somebody who leaves", role="auditor")
    assert run("db", "backup", target, "--config", config).code == 0
    exchange(pair, 2)
    assert run("key", "revoke", spare.split("_")[1], "--config", config).code == 0
    size = published(b)
    known = {row[0] for row in b.ask("SELECT id FROM requests_holds")}
    b.end(signal.SIGTERM)

    # Put back by hand, the old database is refused, with the way on.
    database, kept = b.home.path("node.db"), tmp_path / "kept"
    shutil.move(database, kept)
    shutil.copy(target, database)
    assert [name for name, wrong in examine(config) if "lintas db restore" in wrong] == ["ledger"]
    served = run("serve", "--config", config)
    refused(served._replace(err=served.err.splitlines()[-1]), 1, "lintas db restore")
    shutil.move(kept, database)

    ended = run("db", "restore", target, "--config", config)
    assert ended.code == 0, ended
    assert f"the ledger has {size} entries" in ended.out
    assert "1 revoked keys" in ended.out
    (aside,) = [path for path in b.home.root.iterdir() if path.name.startswith("node.db.2")]
    assert str(aside) in ended.out
    assert run("doctor", "--config", config).code == 0
    assert {row[0] for row in b.ask("SELECT id FROM requests_holds")} < known

    b.start().await_ready()
    exchange(pair)
    learnt = b.ask("SELECT origin, lane, epoch FROM border_restores ORDER BY seq")
    assert learnt[0] == ("", "", 0)
    # Its next envelope said that those before were missing here; then a second epoch began, and was taken.
    assert learnt[1:] == [("xa-asc", "urgent", 2)]
    assert published(b) > size
    assert verified(b) > size
    headers = {"authorization": f"Bearer {spare}"}
    assert httpx.get(f"{b.url}/api/v1/exchange/sent", headers=headers, verify=b.trust).status_code == 401
    assert b.ask("SELECT count(*), count(DISTINCT object) FROM border_objects WHERE verdict = 'accepted'")[0] == (1, 1)


def test_a_tail_that_nobody_published_is_lost_only_on_purpose(pair: Pair, tmp_path: Path) -> None:
    b, target = pair.b, tmp_path / "older"
    config = settings(b)
    assert run("db", "backup", target, "--config", config).code == 0
    kept = tmp_path / "ledger"
    published(b)
    shutil.copytree(b.home.path("ledger"), kept)
    exchange(pair)
    b.end(signal.SIGTERM)
    # As if the node had stopped before the next checkpoint.
    shutil.rmtree(b.home.path("ledger"))
    shutil.copytree(kept, b.home.path("ledger"))
    before = everything(b.home.root)
    refused(run("db", "restore", target, "--config", config), 1, "the database that is there has", "--anyway")
    assert everything(b.home.root) == before
    # Somebody still has it open: a key is being issued.
    with sqlite3.connect(b.home.path("node.db")) as busy:
        busy.execute("SELECT count(*) FROM api_keys").fetchall()
        refused(
            run("db", "restore", target, "--config", config, "--anyway"), 1, "another process has this database open"
        )
    busy.close()
    done = run("db", "restore", target, "--config", config, "--anyway")
    assert done.code == 0, done
    assert "still missing: the database that is there has" in done.out
    b.start().await_ready()
    exchange(pair)
    published(b)
    verified(b)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A node that has done nothing yet, and does not run."""
    return new_home(tmp_path_factory.mktemp("alone") / "home", "xd-desk")


@pytest.fixture
def alone(made: Home, tmp_path: Path) -> Home:
    """A copy of that node for one test."""
    shutil.copytree(made.root, tmp_path / "alone")
    return read_config(tmp_path / "alone" / homes.SETTINGS)


def new_home(root: Path, authority: str) -> Home:
    config = Config(
        authority=authority,
        jurisdiction="XD",
        name="Delos",
        contact="desk",
        exercise=True,
        ledger_origin=f"{authority}/log",
    )
    home = homes.create(root, config, policy=shipped_table("XD"), hosts=["127.0.0.1"])
    urls = homes.Urls("https://127.0.0.1:9", "", "http://127.0.0.1:9/w")
    member = homes.member_of(home, urls, homes.witness_vkey(home, Ed25519Signer.generate(f"{authority}-witness")))
    return homes.install_charter(home, homes.first_charter([home], [member], ()))


def put_back(home: Home, file: Path) -> backup.Restored:
    """Restore as the command does."""
    return backup.restore(home, file, now=SystemClock().now(), anyway=False)


def change(database: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_what_is_no_backup_of_this_node_touches_nothing(pair: Pair, alone: Home, tmp_path: Path) -> None:
    config = alone.root / homes.SETTINGS
    backup.make(pair.a.home, tmp_path / "other")
    backup.make(new_home(tmp_path / "second", "xd-other"), tmp_path / "empty of another")
    backup.make(alone, tmp_path / "mine")
    mine = (tmp_path / "mine").read_bytes()
    files = {
        "nothing": b"",
        "noise": os.urandom(50_000),
        "header": b"SQLite format 3\0" + bytes(4080),
        "text": b"this is no database\n" * 500,
        "damaged": mine[:20_000] + os.urandom(30_000) + mine[50_000:],
        "newer": mine,
        "somebody's": b"",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    change(tmp_path / "newer", "UPDATE alembic_version SET version_num = '9999_from_the_future'")
    change(tmp_path / "somebody's", "CREATE TABLE t (a)")
    os.mkfifo(tmp_path / "pipe")

    before = everything(alone.root)
    names = [*files, "pipe", "missing", "alone", "other", "empty of another"]
    ended = run_many([["db", "restore", tmp_path / name, "--config", config] for name in names], tmp_path)
    for name, each in zip(names, ended, strict=True):
        assert each.code in (1, 2), (name, each)
        assert "fault in lintas itself" not in each.err, (name, each)
        assert len([line for line in each.err.splitlines() if line.startswith(("lintas: ", "Error: "))]) == 1, each
    told = {name: each.err for name, each in zip(names, ended, strict=True)}
    assert "holds the ledger xa-asc" in told["other"]
    assert "9999_from_the_future" in told["newer"]
    assert "nothing says that this is a database of this authority" in told["empty of another"]
    assert everything(alone.root) == before
    # And the right one is taken, though its ledger is empty.
    assert put_back(alone, tmp_path / "mine").size == 0


def test_a_database_that_is_gone_or_garbage_is_replaced(alone: Home, tmp_path: Path) -> None:
    database, target = alone.path("node.db"), tmp_path / "backup"
    backup.make(alone, target)
    database.write_bytes(b"this is no database" * 1000)
    Path(f"{database}-wal").write_bytes(b"nor is this its journal" * 1000)
    done = put_back(alone, target)
    assert (done.revoked, done.charters) == (None, None)
    assert done.aside is not None
    assert done.aside.read_bytes() == b"this is no database" * 1000
    assert not Path(f"{database}-wal").exists()
    database.unlink()
    assert put_back(alone, target).aside is None
    assert [wrong for _, wrong in examine(alone.root / homes.SETTINGS) if wrong] == []


def shape_of(database: Path, form: str) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Return the columns of each table, and how each index is made, in a database of one form."""
    engine = open_engine(database)
    with writing(engine) as tx, tx.begin():
        migrate.upgrade_to(tx, form)
        seen = inspect(tx)
        tables = {name: {column["name"] for column in seen.get_columns(name)} for name in seen.get_table_names()}
        made = tx.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        indexes = {str(name): str(sql) for name, sql in made}
    engine.dispose()
    return tables, indexes


def test_an_older_form_is_brought_to_the_present_one(alone: Home, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backup.make(alone, target)
    # Everything that was added since goes again.
    (new, indexes), (old, had) = shape_of(tmp_path / "new", migrate.head()), shape_of(tmp_path / "old", "0005")
    assert {"exchange_standings", "exchange_reads", "access_officers"} <= new.keys() - old.keys()
    drops = [f"DROP INDEX {name}" for name, sql in indexes.items() if had.get(name) != sql]
    drops += [f"DROP TABLE {name}" for name in sorted(new.keys() - old.keys())]
    drops += [f'ALTER TABLE {name} DROP "{column}"' for name in old for column in sorted(new[name] - old[name])]
    drops += [sql for name, sql in had.items() if indexes.get(name) != sql]
    change(target, *drops, "UPDATE alembic_version SET version_num = '0005'")
    put_back(alone, target)
    assert [wrong for _, wrong in examine(alone.root / homes.SETTINGS) if wrong] == []


def test_revocations_are_brought_over_and_nothing_else(alone: Home, tmp_path: Path) -> None:
    gone, kept = (issue_key(alone, name=name, role="auditor") for name in ("Gone", "Kept"))
    backup.make(alone, tmp_path / "backup")
    engine = open_engine(alone.path("node.db"))
    SerialWriter(engine).submit(lambda tx: keys.revoke(tx, gone.split("_")[1], at=SystemClock().now())).result()
    engine.dispose()
    late = issue_key(alone, name="Late", role="auditor")
    assert put_back(alone, tmp_path / "backup").revoked == 1
    with engine.connect() as tx:
        assert [keys.who(tx, key) is not None for key in (gone, kept, late)] == [False, True, False]
    engine.dispose()


NOON = "2026-03-01T12:00:00Z"


def test_what_was_decided_about_peers_and_approvals_is_not_undone_by_a_restore(alone: Home, tmp_path: Path) -> None:
    row = approval_store.Row(
        id="approval-1",
        issuer="the council",
        kind="approval",
        case="",
        expires="2030-01-01T00:00:00Z",
        note=b"n",
        salt=b"s" * 32,
        used=1,
        recorded_at=NOON,
        recorded_by="Officer Miro Lane",
    )
    write(alone, lambda tx: approval_store.keep(tx, row))
    backup.make(alone, tmp_path / "backup")
    ended = msgspec.structs.replace(row, used=3, withdrawn_at=NOON, withdrawn_by="the council", reason="no more")
    severed = {"id": "standing-1", "peer": "xb-asc", "standing": "severed", "reason": "its key was stolen"}
    severed |= {"asked_by": "Officer Miro Lane", "asked_at": NOON}
    write(alone, lambda tx: approval_store.keep(tx, ended))
    write(alone, lambda tx: tx.execute(insert(exchange_store.standings), severed))
    assert put_back(alone, tmp_path / "backup").decided == 2
    engine = open_engine(alone.path("node.db"))
    with engine.connect() as tx:
        assert approval_store.row(tx, "approval-1") == ended
        assert tx.scalars(select(exchange_store.standings.c.standing)).all() == ["severed"]
    engine.dispose()


def write(home: Home, use_case: UseCase[object]) -> None:
    engine = open_engine(home.path("node.db"))
    SerialWriter(engine).submit(use_case).result()
    engine.dispose()


def test_a_ledger_whose_files_do_not_follow_is_replaced_only_on_purpose(pair: Pair, tmp_path: Path) -> None:
    """The published files are another's, or damaged: nothing of them is taken back, and the administrator is told."""
    exchange(pair)
    published(pair.a)
    home = tmp_path / "home"
    shutil.copytree(pair.a.home.root, home, ignore=shutil.ignore_patterns("node.db*"))
    mine = read_config(home / homes.SETTINGS)
    backup.make(pair.a.home, tmp_path / "backup")
    change(tmp_path / "backup", "DELETE FROM ledger_entry", "DELETE FROM ledger_tile", "DELETE FROM ledger_state")
    for path in (home / "ledger" / "tile" / "entries").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Refused, match="cannot be taken back") as no:
        put_back(mine, tmp_path / "backup")
    assert no.value.reason == "rollback"
    assert not mine.path("node.db").exists()
