"""`lintas telco card`: sign the card that a 608 answer points to."""

import time
from pathlib import Path

import click

from lintas.gateway.sip.card import jcard, sign_card
from lintas.gateway.sip.settings import Redress

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("card")
@click.option("--name", required=True, help="Who blocks calls, as its callers know it.")
@click.option("--redress-url", required=True, metavar="URL", help="Where a blocked caller objects.")
@click.option("--redress-tel", default="", metavar="TEL")
@click.option("--redress-email", default="", metavar="EMAIL")
@click.option("--key", "key_file", type=FILE, required=True, help="P-256 private key, PEM.")
@click.option("--certificate", "certificate_file", type=FILE, required=True, help="Its certificate chain, PEM.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to publish at --card-url."
)
def card(
    name: str, redress_url: str, redress_tel: str, redress_email: str, key_file: Path, certificate_file: Path, out: Path
) -> None:
    """Write a signed jCard (RFC 8688, ES256) for publication."""
    redress = Redress(url=redress_url, tel=redress_tel, email=redress_email)
    signed = sign_card(jcard(name, redress), key_file.read_bytes(), certificate_file.read_bytes(), int(time.time()))
    out.write_text(signed, "ascii")
    click.echo(f"wrote {out}")
