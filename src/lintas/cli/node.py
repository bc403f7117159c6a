"""`lintas init`, `serve`, `doctor`, `db`: a node from nothing, running, looked after."""

import asyncio
import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from lintas.cli.options import CONFIG
from lintas.model.errors import Conflict
from lintas.model.places import FICTIONAL, jurisdiction


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--jurisdiction", "code", required=True, help="ISO 3166-1 code, e.g. my; xa to xd are fictional.")
@click.option("--authority", "name", required=True, help="The authority's name, as others will read it.")
@click.option("--id", "authority", default="", help="The authority's short id, e.g. xa-asc; by default from its name.")
@click.option("--contact", default="", help="Whom peers and banks call: a telephone number or an address.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address that others reach this node at.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_533),
    default=8443,
    show_default=True,
    help="The public door; the peers' door is the next port, the witness the one after.",
)
@click.option(
    "--no-inbound", is_flag=True, help="Peers cannot dial this node: it fetches what is for it at their doors."
)
@click.option("--bank", "banks", multiple=True, help="The code of a bank connected here; may be given several times.")
@click.option("--telco", "telcos", multiple=True, help="The code of an operator connected here; likewise.")
@click.option(
    "--database", default="node.db", show_default=True, help="An SQLite file, or postgresql://USER@HOST/DATABASE."
)
@click.option(
    "--policy", type=click.Path(path_type=Path), help="The policy table; by default the shipped one, or none."
)
def init(
    directory: Path,
    code: str,
    name: str,
    authority: str,
    contact: str,
    host: str,
    port: int,
    no_inbound: bool,
    banks: tuple[str, ...],
    telcos: tuple[str, ...],
    database: str,
    policy: Path | None,
) -> None:
    """Make a new node in DIRECTORY: keys, settings, policy, charter of one, database, and an administrator's key."""
    from lintas.cli.key import issue_key
    from lintas.node import home as homes
    from lintas.node.config import Config, Door
    from lintas.trust import note
    from lintas.trust.keys import Ed25519Signer

    place = jurisdiction(code)
    if not contact and place not in FICTIONAL:
        raise click.UsageError("--contact is needed: banks and peers read it in every order and request")
    short = authority or re.sub(r"[^a-z0-9]+", "-", f"{place}-{_initials(name)}".lower()).strip("-")
    config = Config(
        authority=short,
        jurisdiction=place,
        name=name,
        contact=contact or f"desk@{short}.example",
        exercise=place in FICTIONAL,
        database=database,
        ledger_origin=f"{short}.lintas.example/log",
        public=Door(host, port),
        exchange=Door() if no_inbound else Door(host, port + 1),
        pull=no_inbound,
        banks=banks,
        telcos=telcos,
    )
    with _whole(directory) as new:
        made = homes.create(new, config, policy=homes.policy_for(place, policy), hosts=[host])
        witness = Ed25519Signer.generate(f"{short}-witness")
        witness.save(made.key(homes.WITNESS))
        urls = homes.Urls(
            public=f"https://{host}:{port}",
            exchange="" if no_inbound else f"https://{host}:{port + 1}",
            witness=f"http://{host}:{port + 2}/{short}",
        )
        member = homes.member_of(made, urls, homes.witness_vkey(made, witness))
        homes.install_charter(made, homes.first_charter([made], [member], ()))
        key = issue_key(made, name="Administrator", role="administrator")
        signing = Ed25519Signer.load(made.key(homes.SIGNING))
        lists_key = note.ed25519_key(signing.name, signing)
    click.echo(f"A node for {name} ({short}) is in {directory}.")
    click.echo(f"Administrator's key, shown this once: {key}")
    click.echo(f"Verifier key of its lists, for operators' gateways: {lists_key}")
    config_path = directory / "lintas.toml"
    click.echo(f"First administrator: lintas officer add LOGIN --name NAME --role administrator --config {config_path}")
    click.echo(f"Run it with: lintas serve --config {directory / 'lintas.toml'}")


@contextlib.contextmanager
def _whole(directory: Path) -> Iterator[Path]:
    """Give a directory to build in, which becomes ``directory`` when all went well, and is removed otherwise."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Conflict("this is there already, and not empty", "choose another directory", where=str(directory))
    directory.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        yield new
        new.replace(directory)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _initials(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    return "".join(word[0] for word in words) or "node"


@click.command()
@CONFIG
@click.option(
    "--distrust-witness",
    "distrusted",
    multiple=True,
    metavar="NAME",
    help="Do not ask this witness; for one that claims more of this ledger than ever was.",
)
def serve(config_file: Path, distrusted: tuple[str, ...]) -> None:
    """Run a node until it is told to stop (Ctrl-C or SIGTERM)."""
    from lintas.cli.serving import serve_node
    from lintas.node import logs

    logs.configure()
    asyncio.run(serve_node(config_file, say=click.echo, distrusted=frozenset(distrusted)))


@click.command()
@CONFIG
def doctor(config_file: Path) -> None:
    """Check settings, keys, charter, policy, database and ledger; say for each what to mend."""
    from lintas.node.doctor import examine

    bad = 0
    for name, wrong in examine(config_file):
        bad += bool(wrong)
        click.echo(f"{'MEND' if wrong else 'ok  '}  {name}{': ' + wrong if wrong else ''}")
    raise SystemExit(1 if bad else 0)
