"""docs/architecture.md and its picture are compared with the code: floors, rooms, events, tables, file and function names."""

import ast
import importlib
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from lintas.bus.service import kind_of
from lintas.node.assembly import Node, hearings
from lintas.storage.schema import metadata

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "lintas"
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
DRAWING = runpy.run_path(str(ROOT / "docs" / "draw_architecture.py"))


def test_the_picture_is_the_one_that_the_code_gives() -> None:
    drawn = DRAWING["draw"](DRAWING["floors"](), DRAWING["imports"]())
    kept = (ROOT / "docs" / "images" / "architecture.svg").read_text("utf-8")
    assert kept == drawn, "the imports changed: run .venv/bin/python docs/draw_architecture.py"


def test_the_picture_shows_a_new_arrow() -> None:
    rows, edges = DRAWING["floors"](), dict(DRAWING["imports"]())
    before = DRAWING["draw"](rows, edges)
    edges.pop(("requests", "border"))
    assert "requests imports border" in before
    assert "requests imports border" not in DRAWING["draw"](rows, edges)


def test_every_room_stands_on_its_floor() -> None:
    told = {room: int(floor) for floor, room in re.findall(r"^\| (\d) \| `(\w+)` \|", PAGE, re.MULTILINE)}
    contract = {room: floor for floor, row in enumerate(DRAWING["floors"]()) for room in row}
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert told == contract
    assert set(told) == rooms


def test_who_hears_what() -> None:
    anything: Any = SimpleNamespace(admitted=print, receipted=print, opened=print)
    lists = SimpleNamespace(admitted=print, receipted=print, carry_on=print, telling=SimpleNamespace(joined=print))
    rooms = {"inbox": anything, "chase": anything, "tracing": anything, "orders": anything}
    rooms |= {"lists": lists, "objections": anything, "senders": anything}
    table = hearings(cast(Node, SimpleNamespace(**rooms)))
    told = set(re.findall(r"^\| `(\w+\.\w+)` \| `(\w+\.\w+)` \|", PAGE, re.MULTILINE))
    assert told == {(row.hearer, kind_of(event)) for row in table for event in row.events}


def test_events_that_nobody_hears_are_named_too() -> None:
    said = set()
    for path in SOURCE.glob("*/*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "emit":
                said |= {each.id for each in ast.walk(call) if isinstance(each, ast.Name) and each.id[0].isupper()}
    assert {"ReportFiled", "OrderIssued"} <= said
    for event in said:
        assert re.search(rf"`\w+\.{event}`", PAGE), event


def test_every_table_of_the_database_is_named() -> None:
    for store in SOURCE.glob("*/*store.py"):
        importlib.import_module("lintas." + ".".join(store.relative_to(SOURCE).with_suffix("").parts))
    tables = {name for name in metadata.tables if not name.startswith("alembic")}
    rows = re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|$", PAGE, re.MULTILINE)
    told = {name: room for room, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert set(told) == tables


def test_every_file_and_function_named_exists() -> None:
    named = re.findall(r"`([a-z0-9_/]+\.py)(?::([A-Za-z_.]+))?`", PAGE)
    assert len(named) > 40
    for file, name in named:
        path = next((at for at in (SOURCE / file, ROOT / file) if at.is_file()), None)
        if path is None and "/" not in file:
            continue  # `records.py` and the like name a file that many rooms have
        assert path is not None, file
        if name:
            assert _defines(ast.parse(path.read_text("utf-8")), name.split(".")), f"{file}:{name}"


def test_a_name_that_does_not_exist_is_noticed() -> None:
    module = ast.parse("class A:\n    def b(self): ...\n")
    assert _defines(module, ["A", "b"])
    assert not _defines(module, ["A", "c"])


def _defines(scope: ast.AST, names: list[str]) -> bool:
    if not names:
        return True
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in getattr(scope, "body", []):
        if isinstance(node, kinds) and node.name == names[0]:
            return _defines(node, names[1:])
    return False
