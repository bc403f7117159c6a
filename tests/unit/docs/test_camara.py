"""docs/telco-camara.md says what the face does: addresses, scopes, errors, settings."""

import re
from pathlib import Path

import msgspec

from lintas.gateway.camara.face import FLOOR_MINUTES, TOKEN_PATH, Settings
from lintas.gateway.camara.limits import TRIES
from lintas.interop.camara.faults import KINDS
from lintas.interop.camara.scopes import FRAUD, NEEDED, SCOPES

PAGE = (Path(__file__).parents[3] / "docs" / "telco-camara.md").read_text("utf-8")
COMMANDS = (Path(__file__).parents[3] / "docs" / "commands.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    block = re.search(r"(^\|.*\n)+", PAGE.split(heading, 1)[1], re.MULTILINE)
    assert block is not None
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in block[0].splitlines()[2:]]


def test_every_operation_is_told_with_its_scopes() -> None:
    told = {row[2].strip("`").removeprefix("POST "): set(re.findall(r"`([^`]+)`", row[3])) for row in rows("# CAMARA")}
    paths = {re.sub(r"/v[0-9.]+/", ".", path).strip("/"): scopes for path, scopes in told.items()}
    assert paths == {name: set(scopes) for name, scopes in NEEDED.items()}
    assert all(f"`{scope}`" in COMMANDS for scope in SCOPES)
    assert f"`{FRAUD}`" in PAGE
    assert f"`POST {TOKEN_PATH}`" in PAGE


def test_every_error_is_told_with_its_status() -> None:
    told = {code: row[0] for row in rows("## Errors") for code in re.findall(r"`([A-Z_]+)`", row[1])}
    assert told.keys() == KINDS.keys()
    assert all(str(kind.status) in told[code] for code, kind in KINDS.items())


def test_every_setting_is_told_with_its_default() -> None:
    told = {row[0].strip("`"): row[1] for row in rows("## Settings of the face")}
    fields = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    assert told.keys() == fields.keys()
    assert {name: told[name] for name, each in fields.items() if isinstance(each, int)} == {
        name: f"`{each}`" for name, each in fields.items() if isinstance(each, int)
    }
    assert f"{FLOOR_MINUTES} minutes or more" in PAGE
    assert f"After {TRIES} wrong tries" in PAGE
