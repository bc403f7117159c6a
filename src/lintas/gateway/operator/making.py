"""Makes an operator's own directory, ready to start, and one for each of its gateways with what that must know."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lintas.gateway.operator.operator import read_range
from lintas.model.errors import BadInput
from lintas.trust.certificates import TlsIdentity, self_signed
from lintas.trust.keys import Ed25519Signer, save_secret

SETTINGS, DIRECTORY, EVENTS = "operator.toml", "operators.toml", "events.jsonl"
#: What a gateway shows of itself, and its private key, both PEM.
CERTIFICATE, KEY = "gateway.pem", "gateway.key"
#: Where each gateway has a directory, and in it the certificate of the operator's door.
GATEWAYS, DOOR = "gateways", "operator.pem"
TOKEN_BYTES = 24
#: Where one listens, and nobody can be reached.
UNSPECIFIED = ("0.0.0.0", "::")  # noqa: S104 — refused


def make(
    root: Path, operator: str, ranges: Sequence[str], gateways: Sequence[str], *, host: str, port: int, now: datetime
) -> None:
    """Write everything into a new directory; BadInput where it is not empty, a range is none, or nobody reaches the host.

    ``operator`` and ``gateways`` are names; ``host`` is where gateways reach the operator's door, at ``port``.
    """
    for text in ranges:
        read_range(text)
    if host in UNSPECIFIED:
        raise BadInput(f"{host} is nobody's address", "give the one at which gateways reach it", where="--host")
    if root.exists() and any(root.iterdir()):
        raise BadInput("this directory is not empty", "name a new one", where=str(root))
    root.mkdir(parents=True, exist_ok=True)
    signer, door = Ed25519Signer.generate(operator), self_signed([host], now=now, name=operator)
    signer.save(root / "operator.key")
    save_secret(root / "desk.token", secrets.token_urlsafe(TOKEN_BYTES).encode())
    _save(root, "door.pem", "door.key", door)
    for name in ("protected.txt", "canaries.txt", EVENTS):
        (root / name).touch()
    for name in gateways:
        shown = self_signed([name], now=now, name=name)
        theirs = folder(root, name)
        theirs.mkdir(parents=True)
        _save(theirs, CERTIFICATE, KEY, shown)
        (theirs / DOOR).write_text(door.certificate_pem, "ascii")
        entry = _entry(operator, ranges, f"https://{_in_url(host)}:{port}", signer)
        (theirs / DIRECTORY).write_text(entry, "utf-8")
    (root / SETTINGS).write_text(_settings(operator, ranges, gateways, host, port), "utf-8")


def folder(root: Path, gateway: str) -> Path:
    """Return the directory of a gateway."""
    return root / GATEWAYS / gateway


def _save(root: Path, certificate: str, key: str, identity: TlsIdentity) -> None:
    (root / certificate).write_text(identity.certificate_pem, "ascii")
    save_secret(root / key, identity.key_pem.encode())


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listed(ranges: Sequence[str]) -> str:
    return ", ".join(f'"{text}"' for text in ranges)


def _settings(operator: str, ranges: Sequence[str], gateways: Sequence[str], host: str, port: int) -> str:
    head = f"""\
# Every setting: docs/settings.md, "An operator's own side". Paths start from this file's directory.
operator = "{operator}"
ranges = [{_listed(ranges)}]
data = "table"
key = "operator.key"
# How much of the outgoing calls the feeds tell: none, partial or all.
calls = "none"
# Numbers of which nothing is ever said, and numbers that nobody ever had, one a line.
protected = "protected.txt"
canaries = "canaries.txt"
desk_token_file = "desk.token"

[door]
host = "{host}"
port = {port}
certificate = "door.pem"
key = "door.key"

[desk]
port = {port + 1}

# What is written to this file, a line for each change, fills the table (docs/telco-state.md).
[[feeds]]
name = "lines"
kind = "lines"
path = "{EVENTS}"
silent_s = 0
"""
    each = (f'\n[[gateways]]\nname = "{name}"\ncertificate = "{GATEWAYS}/{name}/{CERTIFICATE}"\n' for name in gateways)
    return head + "".join(each)


def _entry(operator: str, ranges: Sequence[str], url: str, signer: Ed25519Signer) -> str:
    key = base64.b64encode(signer.public.key).decode()
    return (
        "# Who answers for which number: docs/settings.md.\n"
        f'[[operators]]\ncode = "{operator}"\nurl = "{url}"\ncertificate = "{DOOR}"\nkey = "{key}"\n'
        f"ranges = [{_listed(ranges)}]\n"
    )
