"""Migrations make exactly the tables that the rooms declare; a database of another form is refused in one clear line."""

import importlib
import json
import pkgutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, CursorResult, Engine

import lintas
from lintas.model.errors import Unavailable
from lintas.storage import migrate
from lintas.storage.address import Place
from lintas.storage.engine import open_engine, opened, writing
from lintas.storage.schema import metadata

#: The one module whose name does not end in "store" and that owns a table. Witnesses' own is for another database.
ALSO = "lintas.access.key_store"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database on either engine."""
    if request.param == "sqlite":
        place: Place = tmp_path / "node.db"
    else:
        place = request.getfixturevalue("postgresql").empty()
    with opened(place) as made:
        yield made


def run_sql(connection: Connection, sql: str, values: Sequence[object] = ()) -> CursorResult[Any]:
    """Run a statement whose values are marked with ``?``, as rows of an older form have to be written."""
    marked = sql if connection.dialect.name == "sqlite" else sql.replace("?", "%s")
    return connection.exec_driver_sql(marked, tuple(values))


def declare_everything() -> None:
    for module in pkgutil.walk_packages(lintas.__path__, "lintas."):
        if module.name.endswith("store") or module.name == ALSO:
            importlib.import_module(module.name)


def test_upgrading_from_nothing_gives_exactly_what_the_rooms_declare(engine: Engine) -> None:
    declare_everything()
    migrate.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    assert {table.partition("_")[0] for table in metadata.tables} >= {"bus", "border", "requests", "intake", "ledger"}


def test_the_names_of_the_scripts_tell_what_alembic_reads_in_them() -> None:
    config = Config()
    config.set_main_option("script_location", "lintas.storage:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()] == sorted(
        (Path(script.path).name.partition("_")[0] for script in scripts.walk_revisions()), reverse=True
    )
    assert scripts.get_current_head() == migrate.head()


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    migrate.upgrade(engine)
    migrate.upgrade(engine)
    assert migrate.current(engine) == migrate.head() != ""
    migrate.check_current(engine)


def test_rows_of_the_first_form_get_their_new_columns(engine: Engine) -> None:
    with writing(engine) as connection, connection.begin():
        migrate.upgrade_to(connection, "0001")
        for table, row in OLD:
            columns = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            run_sql(connection, f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        ask = connection.exec_driver_sql
        assert ask("SELECT id, hold, ends FROM requests_shares ORDER BY id").all() == [
            ("case-1.000", "hold-1", "2026-03-04T10:07:00Z"),
            ("case-1.001", None, None),
            ("case-2", None, None),
            ("case-3", None, None),
        ]
        assert ask("SELECT id, answer_by, ends FROM requests_holds ORDER BY id").all() == [
            ("hold-1", None, None),
            ("hold-2", "2026-03-01T11:07:00Z", "2026-03-04T10:07:00Z"),
        ]
        assert ask('SELECT id, "case", peer, ends, token FROM requests_orders').all() == [
            ("order-1", "case-1", "xa-asc", "2026-03-04T10:07:00Z", None)
        ]
        found = ask('SELECT "case", officer, urgent, moved, unknown, held FROM requests_claims ORDER BY "case"').all()
        assert found == [
            ("case-1", "Officer Asha Tor", 1, 1, 0, 0),
            ("case-2", "", 0, 0, 1, 0),
            ("case-3", "", 0, 0, 0, 1),
        ]
        assert json.loads(ask("SELECT doc FROM requests_claims WHERE urgent").scalar_one())["urgent"] is True
        assert ask("SELECT id, lacking FROM intake_reports ORDER BY id").all() == [
            ("report-1", 0), ("report-2", 0), ("report-3", 1)
        ]  # fmt: skip


def test_exchanged_objects_get_the_number_of_their_ledger_entry(engine: Engine) -> None:
    def said(kind: str, name: str, peer: str) -> bytes:
        return json.dumps({"type": kind, "object": name, "peer": peer}).encode()

    logged = [
        said("release", "o1", "xb"),
        said("receipt", "o2", "xb"),
        said("order", "o1", ""),
        said("release", "o3", "xc"),
    ]
    with writing(engine) as connection, connection.begin():
        migrate.upgrade_to(connection, "0011")
        put = partial(run_sql, connection)
        for name, peer in (("o1", "xb"), ("o3", "xc"), ("o3", "xd")):
            put("INSERT INTO border_released (object, peer, commitment) VALUES (?, ?, '')", (name, peer))
        for name in ("o2", "o4"):
            columns = "origin, object, type, commitment, verdict, reason"
            put(f"INSERT INTO border_objects ({columns}) VALUES ('xb', ?, '', '', '', '')", (name,))
        for number in range(1_100):
            data = logged[number - 1_000] if 1_000 <= number < 1_004 else b"{}"
            put('INSERT INTO ledger_entry ("index", data) VALUES (?, ?)', (number, data))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        released = run_sql(connection, "SELECT object, peer, entry FROM border_released ORDER BY object, peer")
        found = [tuple(row) for row in released]
        assert found == [("o1", "xb", 1_000), ("o3", "xc", 1_003), ("o3", "xd", None)]
        received = run_sql(connection, "SELECT object, entry FROM border_objects ORDER BY object")
        assert [tuple(row) for row in received] == [("o2", 1_001), ("o4", None)]


def test_payments_are_known_from_the_returns_that_they_did(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    columns = '"id", "order", "case", "bank", "state", "asked_at", "doc"'
    with writing(engine) as connection, connection.begin():
        migrate.upgrade_to(connection, "0015")
        for name, bank, paid, done in (
            ("amend-1", "XBFI", " Rtr 1", "2026-03-02T10:00:00Z"),
            ("amend-2", "XBFI", "RTR1", "2026-03-01T10:00:00Z"),
            ("amend-3", "XBSE", "RTR1", "2026-03-03T10:00:00Z"),
            ("amend-4", "XBSE", "", ""),
        ):
            doc = json.dumps(
                {"id": name, "bank": bank, "paid": paid, "done_at": done, "kind": "return" if paid else "release"}
            )
            values = (name, "order-1", "case-1", bank, "done", done, doc.encode())
            run_sql(connection, f"INSERT INTO requests_amendments ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        ask = connection.exec_driver_sql
        found = ask("SELECT bank, payment, amendment FROM requests_payments ORDER BY bank").all()
        assert found == [("XBFI", "rtr1", "amend-2"), ("XBSE", "rtr1", "amend-3")], "the first that was done"
        kinds = ask("SELECT kind FROM requests_amendments ORDER BY id").scalars().all()
        assert kinds == ["return", "return", "return", "release"]
    assert "amend-2 and amend-1" in caplog.text


def _row(doc: dict[str, object], *columns: str, **more: object) -> dict[str, object]:
    return {name: doc[name] for name in columns} | {"doc": json.dumps(doc).encode()} | more


def _report(name: str, case: str, fingerprint: str | None, **said: object) -> dict[str, object]:
    report = json.dumps({"id": name, "case": case, **said}).encode()
    return {"id": name, "case": case, "fingerprint": fingerprint, "text": "They called.", "report": report}


_END, _HOLD = "2026-03-04T10:07:00Z", ("id", "peer", "state", "case", "asked_at")
_WAITS = {"answer_by": "2026-03-01T11:07:00Z", "expires": _END, "asked_at": "2026-03-01T10:07:00Z", "case": "case-1"}
OLD: list[tuple[str, dict[str, object]]] = [
    (
        "requests_shares",
        _row({"id": "case-1.000", "case": "case-1", "state": "held", "hold": "hold-1", "until": _END}, "id", "case"),
    ),
    ("requests_shares", _row({"id": "case-1.001", "case": "case-1", "state": "moved", "until": _END}, "id", "case")),
    ("requests_shares", _row({"id": "case-2", "case": "case-2", "state": "unknown"}, "id", "case")),
    ("requests_shares", _row({"id": "case-3", "case": "case-3", "state": "held"}, "id", "case")),
    ("requests_claims", _row({"case": "case-1", "officer": "Officer Asha Tor"}, "case")),
    ("requests_claims", _row({"case": "case-2"}, "case")),
    ("requests_claims", _row({"case": "case-3"}, "case")),
    ("intake_reports", _report("report-1", "case-1", "f1", urgent_harm=True)),
    ("intake_reports", _report("report-2", "case-1", None)),
    ("intake_reports", _report("report-3", "case-4", None, urgent_harm=True)),
    ("requests_holds", _row({"id": "hold-1", "peer": "xa-asc", "state": "answered", **_WAITS}, *_HOLD)),
    ("requests_holds", _row({"id": "hold-2", "peer": "xb-asc", "state": "delivered", **_WAITS}, *_HOLD)),
    (
        "requests_orders",
        _row(
            {"id": "order-1", "hold": "hold-1", "case": "case-1", "bank": "XAFB", "expires": _END},
            "id",
            "hold",
            "bank",
            transfer="T-1",
        ),
    ),
]


def test_an_empty_database_is_refused_with_what_to_do(engine: Engine) -> None:
    with pytest.raises(Unavailable, match=r"form none.*lintas db upgrade"):
        migrate.check_current(engine)


def test_a_database_of_another_program_is_refused(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    with pytest.raises(Unavailable) as refused:
        migrate.check_current(engine)
    assert "9999_from_the_future" in str(refused.value)
    assert migrate.head() in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 100, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "node.db"
    path.write_bytes(content)
    engine = open_engine(path)
    with pytest.raises(Unavailable) as refused:
        migrate.check_current(engine)
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == content
    engine.dispose()


@pytest.mark.parametrize("name", ["plain", "with space", "a#b", "what?", "100%", "%41", "dürre 水"])
def test_the_database_is_where_its_path_says(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    engine = open_engine(folder / "node.db")
    migrate.upgrade(engine)
    engine.dispose()
    assert (folder / "node.db").stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
