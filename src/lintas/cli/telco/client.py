"""`lintas telco client`: who may ask an operator's CAMARA face, in a register that never holds a secret."""

from pathlib import Path

import click

from lintas.cli.options import CONFIG
from lintas.model.errors import BadInput
from lintas.node.toml_files import read_table

#: Where the register is unless the settings say otherwise (`camara_clients`).
REGISTER = "camara-clients.json"


@click.group()
def client() -> None:
    """Admit, list and revoke the API clients of an operator's CAMARA face."""


@client.command()
@CONFIG
@click.option("--name", required=True, help="Whose client it is, as it shows in the list.")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may ask; repeat it for several.")
@click.option("--purpose", "purposes", multiple=True, help="For what (a term of the W3C Data Privacy Vocabulary).")
@click.option("--per-minute", type=click.IntRange(1, 60_000), default=60, show_default=True, help="Requests a minute.")
@click.option(
    "--public-key", type=click.Path(path_type=Path), help="Its public key (PEM): it signs, and has no secret."
)
@click.option("--disclose-country", is_flag=True, help="It may be told in which country a device roams.")
def add(
    config_file: Path,
    name: str,
    scopes: tuple[str, ...],
    purposes: tuple[str, ...],
    per_minute: int,
    public_key: Path | None,
    disclose_country: bool,
) -> None:
    """Admit a client, and show its id and its secret, once."""
    from lintas.gateway.camara import clients
    from lintas.model.ids import IdSource
    from lintas.model.times import SystemClock

    clock = SystemClock()
    profile: dict[str, object] = {
        "name": name,
        "scopes": scopes,
        "per_minute": per_minute,
        "disclose_country": disclose_country,
    }
    profile |= {"purposes": purposes} if purposes else {}
    admitted, secret = clients.add(
        register_of(config_file),
        IdSource(clock),
        clock.now(),
        profile,
        public_key=_text(public_key) if public_key else "",
    )
    click.echo(f"client_id {admitted.id}")
    if secret:
        click.echo(f"client_secret {secret}")


@client.command("list")
@CONFIG
def list_clients(config_file: Path) -> None:
    """List the clients, one a line: id, state, scopes, purposes, requests a minute, how it proves itself, country, name."""
    from lintas.gateway.camara.clients import read_clients

    for each in read_clients(register_of(config_file)):
        state = f"revoked {each.revoked}" if each.revoked else f"valid since {each.added}"
        proof = "key" if each.public_key else "secret"
        country = "country" if each.disclose_country else "no country"
        scopes, purposes = (" ".join(sorted(names)) for names in (each.scopes, each.purposes))
        click.echo("\t".join([each.id, state, scopes, purposes, str(each.per_minute), proof, country, each.name]))


@client.command()
@click.argument("client_id", metavar="ID")
@CONFIG
def revoke(client_id: str, config_file: Path) -> None:
    """Make the client ID and its tokens worthless from now on, also at a face that is running."""
    from lintas.gateway.camara import clients
    from lintas.model.times import SystemClock

    clients.revoke(register_of(config_file), client_id, SystemClock().now())
    click.echo(f"{client_id} is revoked")


def register_of(config_file: Path) -> Path:
    """Return where the register is, by the settings of a node or of an operator's process alike; BadInput for no such file."""
    settings = read_table(config_file, missing="name it with --config")
    named = settings.get("camara_clients", REGISTER)
    if not isinstance(named, str) or not named:
        raise BadInput("camara_clients is a path", "write it as a text", where=str(config_file))
    return config_file.parent / named


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput("the public key cannot be read", "give a PEM file", where=str(path)) from None
