"""Reads who answers for which number from a TOML file: operators with their ranges, ported numbers, and callers abroad."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from lintas.gateway.asking.directory import Directory, Respondent
from lintas.gateway.operator.operator import Name, read_range
from lintas.model.errors import BadInput
from lintas.node.toml_files import read_named, read_toml
from lintas.telco.verdicts.ported import read_ported
from lintas.trust.keys import ED25519, PublicKey

KEY_BYTES = 32


class OperatorAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One operator: its address, certificate (PEM file), public key (base64 of 32 bytes, as it says at its start), ranges.

    ``gateway`` is the name under which a plain exercise asks.
    """

    code: Name
    url: str
    key: str
    ranges: tuple[str, ...]
    certificate: str = ""
    gateway: str = ""


class Callers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers that begin with ``prefix`` belong to the operators of another authority."""

    prefix: Annotated[str, msgspec.Meta(pattern=r"\A\+[1-9][0-9]{0,14}\Z")]
    authority: str


class NodeAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway's own authority's node, which asks abroad: its address, certificate, and the file with the gateway's key."""

    url: str
    key_file: str
    certificate: str = ""


class DirectoryFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file. ``ported`` names a CSV file: number, code of the operator that has it now (``read_ported``)."""

    operators: tuple[OperatorAddress, ...] = ()
    callers: tuple[Callers, ...] = ()
    ported: str = ""
    node: NodeAddress | None = None


class Read(NamedTuple):
    """What a file says: who answers, and by first digits which authority answers for numbers abroad."""

    directory: Directory
    callers: dict[str, str]


def read_directory(path: Path) -> Read:
    """Read the file; BadInput names what is wrong in it."""
    said, root = read_toml(path, DirectoryFile, see="docs/settings.md"), path.parent
    ranges = [(*read_range(text), each.code) for each in said.operators for text in each.ranges]
    directory = Directory(
        [_respondent(each, root) for each in said.operators],
        ranges,
        ported=read_ported(root / said.ported) if said.ported else None,
        abroad=_node(said.node, root) if said.node else None,
    )
    return Read(directory, {each.prefix.lstrip("+"): each.authority for each in said.callers})


def _respondent(each: OperatorAddress, root: Path) -> Respondent:
    try:
        # The whole line is what people copy: "key XATL b5447m…".
        raw = base64.b64decode(each.key.rpartition(" ")[2], validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise BadInput("this is no public key", "copy the line `key` of the operator's start", where=each.code)
    return Respondent(
        name=each.code,
        url=each.url.rstrip("/"),
        certificate=read_named(root / each.certificate, where=each.code) if each.certificate else "",
        key=PublicKey(name=each.code, algorithm=ED25519, key=raw),
        headers=(("lintas-gateway", each.gateway),) if each.gateway else (),
    )


def _node(node: NodeAddress, root: Path) -> Respondent:
    token = read_named(root / node.key_file, where="node")
    return Respondent(
        name="abroad",
        url=node.url.rstrip("/"),
        certificate=read_named(root / node.certificate, where="node") if node.certificate else "",
        path="/api/v1/telco/cli-check",
        headers=(("authorization", f"Bearer {token}"),),
    )
