"""The reference pages are compared with the program: settings, commands and options, messages and reasons, routes, links."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import msgspec
import pytest

from lintas.access.records import ROLES
from lintas.api.app import api_routes
from lintas.cli.bank import BankConfig
from lintas.cli.main import lintas
from lintas.cli.witness import IdentityConfig, LogConfig, WitnessConfig
from lintas.gateway.asking.directory_file import Callers, DirectoryFile, NodeAddress, OperatorAddress
from lintas.gateway.operator.operator import DoorSettings, FeedSettings, GatewaySettings, OperatorSettings
from lintas.model.markings import Marking, Obligations
from lintas.model.messages import KINDS, VERSION, Outcome, Purpose, Statement
from lintas.model.tainted import Baton, Part, PartState
from lintas.node.config import Config, Door
from lintas.telco.home.limits import Limits
from lintas.trust.envelope import Header
from lintas.trust.receipt import Receipt, Verdict

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "lintas"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")])


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands under a heading, its own smaller headings included."""
    level = len(heading) - len(heading.lstrip("#"))
    after = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"^#{{1,{level}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of tables by each name in their first cell; the others are their cells."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        for name in re.findall(r"`([^`]+)`", cells[0]) if cells else []:
            found[name] = cells[1:]
    return found


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("## A node: `lintas.toml`", [Config, Door]),
        ("## A bank's agent", [BankConfig]),
        ("## An operator's own side", [OperatorSettings, Limits]),
        ("## An operator's doors", [DoorSettings]),
        ("## An operator's gateways and feeds", [GatewaySettings, FeedSettings]),
        ("## Who answers for which number", [DirectoryFile, OperatorAddress, Callers, NodeAddress]),
        ("## A witness", [WitnessConfig, IdentityConfig, LogConfig]),
    ],
)
def test_every_setting_is_explained(heading: str, kinds: list[type[msgspec.Struct]]) -> None:
    told = rows(section(page("settings.md"), heading))
    settings = [field for kind in kinds for field in msgspec.structs.fields(kind)]
    assert set(told) == {field.encode_name for field in settings}
    for field in settings:
        default = told[field.encode_name][1]
        assert (default == "needed") == field.required, field.name
        if isinstance(field.default, (str, float, int)) and field.default != "":
            assert default == f"`{msgspec.json.encode(field.default).decode().strip(chr(34))}`", field.name


# --- commands ---------------------------------------------------------------------------------------------------------


def commands(command: click.Command = lintas, path: str = "lintas") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, f"{path} {name}")


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=lambda each: each if isinstance(each, str) else "")
def test_every_command_and_option_is_explained(path: str, command: click.Command) -> None:
    text = page("commands.md")
    headings = re.findall(rf"^### `{path}(?: [^`]*)?`$", text, re.MULTILINE)
    assert len(headings) == 1, path
    told = section(text, headings[0])
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            option = parameter.opts[0]
            assert re.search(rf"`{option}[ `]", told), f"{path} {option}"
            if parameter.show_default is True and parameter.default != "fifo":
                assert re.search(rf"default `?{re.escape(str(parameter.default))}`?\)", told), f"{path} {option}"
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"^\| `(--[a-z-]+)", told, re.MULTILINE)) <= known, path


def test_no_command_is_explained_that_is_not_there() -> None:
    told = set(re.findall(r"^### `(lintas(?: [a-z][a-z0-9-]*)+)", page("commands.md"), re.MULTILINE))
    assert told == {path for path, _ in commands()}


def test_every_example_command_is_one_that_exists() -> None:
    known = dict(commands())
    seen = 0
    for at in PAGES:
        for line in _command_lines(at.read_text("utf-8")):
            words = line.split()
            path = next((" ".join(words[:length]) for length in (4, 3, 2) if " ".join(words[:length]) in known), None)
            assert path is not None, f"{at.name}: {line}"
            options = {option for parameter in known[path].params for option in parameter.opts}
            assert set(re.findall(r"(?<!\S)(--[a-z-]+)", line)) <= options, f"{at.name}: {line}"
            seen += 1
    assert seen > 20


def _command_lines(text: str) -> Iterator[str]:
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:^|\| |\s)(?:\.venv/bin/)?(lintas (?!-)[a-z].*)$", line)
            if found and not line.lstrip().startswith(("#", '"')):
                yield re.split(r" [>#|] ", found[1])[0].replace("[", " ").replace("]", " ")


# --- messages ---------------------------------------------------------------------------------------------------------


def test_every_message_type_is_explained() -> None:
    text = page("messages.md")
    told = rows(section(text, "## Message types").split("###")[0])
    assert told == {
        name: [str(VERSION), f"`{kind.category}`", f"`{kind.subject}`", f"`{kind.lane}`"]
        for name, kind in KINDS.items()
    }
    for name, kind in KINDS.items():
        fields = {field.encode_name for field in msgspec.structs.fields(kind.body)}
        assert set(rows(section(text, f"### `{name}`"))) == fields, name


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("## The statement", Statement), ("### The baton", Baton), ("### The part", Part), ("## The receipt", Receipt)],
)
def test_every_field_is_explained(heading: str, kind: type[msgspec.Struct]) -> None:
    assert set(rows(section(page("messages.md"), heading))) == _fields(kind)


def test_every_field_of_the_header_is_explained() -> None:
    told = section(page("messages.md"), "## The envelope")
    assert set(rows(told.split("| header field |")[1])) == _fields(Header)
    assert set(rows(told.split("| header field |")[0])) == {"header", "signatures", "body"}


def _fields(kind: type[msgspec.Struct]) -> set[str]:
    tag = kind.__struct_config__.tag_field
    return {field.encode_name for field in msgspec.structs.fields(kind)} | ({tag} if tag else set())


def test_every_value_of_a_closed_list_is_named() -> None:
    text = page("messages.md")
    known = [*get_args(Purpose), *get_args(Outcome), *get_args(PartState)]
    known += [field.name for kind in (Marking, Obligations, Verdict) for field in msgspec.structs.fields(kind)]
    known += ["accepted", "duplicate", "refused", "quarantined"]
    for value in known:
        assert f"`{value}`" in text, value


def test_every_refusal_reason_is_explained() -> None:
    told = set(rows(section(page("messages.md"), "## Refusal reasons")))
    assert told == _reasons()


def _reasons() -> set[str]:
    found = {"replay"}
    for path in SOURCE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Refused":
                assert isinstance(call.args[0], ast.Constant), f"{path}: a reason is a constant"
                found.add(str(call.args[0].value))
    return found


# --- the API ----------------------------------------------------------------------------------------------------------


def test_every_route_is_explained_with_its_roles() -> None:
    told = {key: cells for key, cells in rows(page("api.md")).items() if " /" in key}
    officers = {"hotline", "investigator", "approver"}
    routes = {f"{route.method} {route.path.replace(':path', '')}": route for route in api_routes()}
    assert set(told) == set(routes)
    for name, route in routes.items():
        roles = {role for word in told[name][0].split(", ") for role in (officers if word == "officers" else {word})}
        assert roles == (set(route.roles) or {"anybody"}), name
        for parameter in route.query:
            assert f"`{parameter}`" in told[name][1], f"{name} {parameter}"


def test_every_role_is_explained() -> None:
    assert set(rows(section(page("api.md"), "## Calling it"))) == ROLES


# --- the pages themselves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", PAGES, ids=lambda at: at.name)
def test_every_link_leads_somewhere(at: Path) -> None:
    text = at.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        aim = (at.parent / file) if file else at
        assert aim.exists(), f"{at.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", aim.read_text("utf-8"), re.MULTILINE)
            assert anchor in {_slug(heading) for heading in headings}, f"{at.name}: {target}"


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_readme_is_short_and_starts_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 200
    commands_at = [number for number, line in enumerate(lines) if line in ("make demo", "make test")]
    assert len(commands_at) == 2
    assert commands_at[1] < 30


def test_the_changelog_names_the_version_of_the_program() -> None:
    from lintas import __version__

    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[?{re.escape(__version__)}\]? ", text, re.MULTILINE)
