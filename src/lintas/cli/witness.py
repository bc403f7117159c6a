"""`lintas witness`: make and run a witness, which cosigns other authorities' ledgers; apart from any node."""

import json
import signal
import socket
from pathlib import Path
from types import FrameType
from typing import Annotated

import click
import msgspec
import uvicorn

from lintas.api.witness import witness_app
from lintas.ledger.cosignature import witness_key
from lintas.ledger.witness import Witness
from lintas.model.errors import BadInput, Conflict
from lintas.model.times import SystemClock
from lintas.node.toml_files import read_table, settings_of
from lintas.storage.engine import open_engine
from lintas.trust.keys import Ed25519Signer
from lintas.trust.note import ED25519, VerifierKey, parse_vkey, valid_name

BACKLOG = 256

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class LogConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log to watch: its origin and a key trusted for it (a second line with the same origin adds a key)."""

    origin: Text
    vkey: Text


class IdentityConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One witness: its name, its key file (relative to the configuration), its URL prefix (``/<name>`` by default)."""

    name: Text
    key: Text
    logs: tuple[LogConfig, ...] = ()
    prefix: str = ""


class WitnessConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The process: where it listens (port 0: any), its database file, and the identities in it."""

    listen: Text
    database: Text
    identities: tuple[IdentityConfig, ...]


@click.group()
def witness() -> None:
    """Run a witness that cosigns other authorities' ledgers."""


@witness.command("init")
@click.option("--config", "config", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--name", required=True, help="Name of the witness, like an address: court.example/witness.")
@click.option("--log", "logs", multiple=True, metavar="VKEY", help="Key of a log to watch; repeat for more.")
@click.option("--listen", default="127.0.0.1:8931", show_default=True, help="Address and port; port 0 takes any.")
def init(config: Path, name: str, logs: tuple[str, ...], listen: str) -> None:
    """Make a witness: its key, its database and its configuration; prints its verifier key."""
    if not valid_name(name):
        raise BadInput(f"{name!r} cannot name a witness", "no spaces or plus signs", where="--name")
    if config.exists():
        raise Conflict("there is a configuration already", "move it away first", where=str(config))
    _address(listen, "--listen")
    watched = tuple(LogConfig(_log_key(vkey, "--log").name, vkey) for vkey in logs)
    config.parent.mkdir(parents=True, exist_ok=True)
    signer = Ed25519Signer.generate(name)
    signer.save(config.with_suffix(".key"))
    settings = WitnessConfig(
        listen, config.with_suffix(".db").name, (IdentityConfig(name, config.with_suffix(".key").name, watched),)
    )
    config.write_text(_render(settings))
    for each in build_witnesses(settings, config).values():
        each.prepare()
    click.echo(witness_key(name, signer))


@witness.command("serve")
@click.option("--config", "config", type=click.Path(path_type=Path), required=True, help="Configuration file (TOML).")
def serve(config: Path) -> None:
    """Run the witness until it is told to stop; prints `ready URL` once it listens."""
    settings = read_config(config)
    witnesses = build_witnesses(settings, config)
    for each in witnesses.values():
        each.prepare()
    host, port = _address(settings.listen, str(config))
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.listen(BACKLOG)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listening.getsockname()[1]}"
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server stops on these by itself and then repeats them, which here must not end in an error.
        signal.signal(number, _stopped)
    options = uvicorn.Config(witness_app(witnesses), log_level="warning", lifespan="off", timeout_graceful_shutdown=5)
    _Server(options, url).run(sockets=[listening])


def read_config(path: Path) -> WitnessConfig:
    """Read a witness configuration; BadInput names what is wrong in it."""
    table = read_table(path, missing="make one with: lintas witness init")
    return settings_of(table, WitnessConfig, where=str(path), see="docs/settings.md")


def build_witnesses(settings: WitnessConfig, path: Path) -> dict[str, Witness]:
    """Return the configured witnesses by URL prefix; files are found beside the configuration."""
    engine, clock, found = open_engine(path.parent / settings.database), SystemClock(), dict[str, Witness]()
    for identity in settings.identities:
        logs: dict[str, list[VerifierKey]] = {}
        for log in identity.logs:
            logs.setdefault(log.origin, []).append(_log_key(log.vkey, str(path)))
        prefix = identity.prefix or f"/{identity.name}"
        if prefix in found or not prefix.startswith("/") or prefix.endswith("/"):
            what = f"the prefix {prefix!r} is taken or not a path"
            raise BadInput(what, "begin with a slash, end without; one per identity", where=str(path))
        signer = Ed25519Signer.load(path.parent / identity.key)
        found[prefix] = Witness(engine, identity.name, signer, logs, clock)
    if not found:
        raise BadInput("no identity is configured", "add one under [[identities]]", where=str(path))
    return found


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        click.echo(f"ready {self._url}")


def _stopped(_number: int, _frame: FrameType | None) -> None:
    pass


def _log_key(vkey: str, where: str) -> VerifierKey:
    key = parse_vkey(vkey, where=where)
    if key.algorithm != ED25519:
        raise BadInput(f"the key of {key.name} is no Ed25519 log key", "ask for the log's vkey", where=where)
    return key


def _address(text: str, where: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not port.isascii() or int(port) > 65_535:
        raise BadInput(f"{text!r} is no address", "write host:port, e.g. 127.0.0.1:8931", where=where)
    return host.strip("[]"), int(port)


def _render(settings: WitnessConfig) -> str:
    """Write the configuration of one identity; a JSON string is a TOML string too."""
    (identity,) = settings.identities
    lines = [f"listen = {json.dumps(settings.listen)}", f"database = {json.dumps(settings.database)}", ""]
    lines += ["[[identities]]", f"name = {json.dumps(identity.name)}", f"key = {json.dumps(identity.key)}"]
    for log in identity.logs:
        lines += ["", "[[identities.logs]]", f"origin = {json.dumps(log.origin)}", f"vkey = {json.dumps(log.vkey)}"]
    return "\n".join([*lines, ""])
