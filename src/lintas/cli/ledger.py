"""`lintas ledger`: verify a published ledger, and take out and check the proof of one entry, with any or no network."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
import msgspec

from lintas.ledger.monitor import Comparison, Seen, believe, compare, in_order, outcome_of, read_proof
from lintas.ledger.proof import MAX_BYTES, check_proof, take_out
from lintas.ledger.publish import CHECKPOINT
from lintas.ledger.tiles import MAX_ENTRY
from lintas.ledger.tlog_policy import MAX_BYTES as MAX_POLICY
from lintas.ledger.tlog_policy import NONE, Judgement, TlogPolicy, parse_policy
from lintas.ledger.verify import DirectorySource, Source, Verdict, read_nodes, verify_ledger
from lintas.model import times
from lintas.model.errors import BadInput, CheckFailed, TooLarge, Unavailable
from lintas.node.config import read_config
from lintas.node.tls import trusting
from lintas.trust import note

TIMEOUT_SECONDS = 20.0


class HttpSource:
    """Published files on a server; redirects are not followed, and no file is read beyond its limit."""

    def __init__(self, url: str, certificate: Path | None = None) -> None:
        self._url = url.rstrip("/")
        trust = trusting(certificate.read_text("ascii", "replace")) if certificate else True
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, verify=trust)

    def read(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes, None for 404 and 410; TooLarge above ``limit``, Unavailable for any other failure."""
        url = f"{self._url}/{path}"
        try:
            with self._client.stream("GET", url) as answer:
                if answer.status_code in (404, 410):
                    return None
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable(f"the server answered {answer.status_code}", "ask its operator", where=url)
                data = bytearray()
                for part in answer.iter_bytes():
                    data += part
                    if len(data) > limit:
                        what = f"the file has more than {limit} bytes"
                        raise TooLarge(what, "it is not part of a ledger", where=url)
        except httpx.HTTPError as wrong:
            raise Unavailable(f"cannot be fetched: {wrong}", "check the address and the network", where=url) from wrong
        return bytes(data)

    def paths(self) -> Iterable[str]:
        """A server lists nothing: only what the checkpoint needs is read."""
        return ()


@click.group()
def ledger() -> None:
    """Verify a ledger, or prove one entry."""


@ledger.command("verify")
@click.argument("place", metavar="PATH|URL")
@click.option("--policy", "policy", type=click.Path(path_type=Path), required=True, help="The tlog-policy to trust.")
@click.option("--certificate", type=click.Path(path_type=Path), help="The server's certificate (PEM), if self-signed.")
@click.option("--json", "as_json", is_flag=True, help="Write the verdict as one JSON document.")
def verify(place: str, policy: Path, certificate: Path | None, as_json: bool) -> None:
    """Check a published ledger: the quorum's signatures, then every entry and every hash. Exit 1 if anything is wrong."""
    source, trusted = _source(place, certificate), _policy(policy)
    verdict = verify_ledger(source, trusted)
    # Without an origin the checkpoint itself was not believed: perhaps there is none, or it only came too early.
    early = None if verdict.origin else _too_early(source, trusted, place)
    if as_json:
        click.echo(json.dumps(_as_json(verdict), ensure_ascii=False))
    elif early is None:
        for problem in verdict.problems:
            click.echo(f"wrong: {problem}", err=True)
        if verdict.uncovered:
            click.echo(f"{len(verdict.uncovered)} files lie beyond the checkpoint and were not judged", err=True)
        if verdict.ok:
            seen = ", ".join(f"{name} ({times.render(at)})" for name, at in verdict.cosigned_by) or "nobody"
            click.echo(f"verified: {verdict.origin}, {verdict.size} entries, cosigned by {seen}")
    if early is not None:
        raise early
    if not verdict.ok:
        raise CheckFailed("the ledger does not hold", "trust nothing in it until its authority explains", where=place)


@ledger.command("prove")
@click.argument("entry", type=click.IntRange(min=0))
@click.option("--out", "out", type=click.Path(path_type=Path), required=True, help="Directory to write into.")
@click.option("--path", "place", metavar="PATH|URL", help="The published ledger.")
@click.option("--config", "config", type=click.Path(path_type=Path), help="A node's configuration: its own ledger.")
def prove_entry(entry: int, out: Path, place: str | None, config: Path | None) -> None:
    """Write ENTRY.tlog-proof and ENTRY.entry for the entry of that index, counted from 0."""
    if (place is None) == (config is None):
        raise click.UsageError("give either --path or --config")
    source = _source(place if place is not None else str(_published_by(config or Path())))
    signed = source.read(CHECKPOINT, note.MAX_BYTES)
    if signed is None:
        raise _no_ledger(place or str(config))
    taken = take_out(source, signed, entry)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{entry}.tlog-proof").write_bytes(taken.proof)
    (out / f"{entry}.entry").write_bytes(taken.entry)
    click.echo(f"{out / f'{entry}.tlog-proof'}\n{out / f'{entry}.entry'}")


@ledger.command("check-proof")
@click.argument("proof", type=click.Path(path_type=Path))
@click.argument("entry", type=click.Path(path_type=Path))
@click.option("--policy", "policy", type=click.Path(path_type=Path), required=True, help="The tlog-policy to trust.")
def check(proof: Path, entry: Path, policy: Path) -> None:
    """Check a proof file and an entry file against a policy, off-line. Exit 1 if they do not hold."""
    trusted = _policy(policy)
    judgement = _judge_proof(_read(proof, MAX_BYTES), _read(entry, MAX_ENTRY), trusted, proof)
    seen = ", ".join(f"{name} ({times.render(at)})" for name, at in judgement.cosigned_by) or "nobody"
    click.echo(f"proved: in {judgement.checkpoint.origin}, {judgement.checkpoint.size} entries, cosigned by {seen}")


@ledger.command("compare")
@click.argument("one", metavar="CHECKPOINT_A", type=click.Path(path_type=Path))
@click.argument("other", metavar="CHECKPOINT_B", type=click.Path(path_type=Path))
@click.option("--log", "vkey", metavar="VKEY", required=True, help="The log's verifier key, known from elsewhere.")
@click.option("--tiles", "place", metavar="PATH|URL", help="The published ledger, for checkpoints of two sizes.")
@click.option("--proof", "proof", type=click.Path(path_type=Path), help="Instead of --tiles: a finding's hashes.")
@click.option("--certificate", type=click.Path(path_type=Path), help="The server's certificate (PEM), if self-signed.")
def compare_two(
    one: Path, other: Path, vkey: str, place: str | None, proof: Path | None, certificate: Path | None
) -> None:
    """Say whether one log may have signed both checkpoints. Exit 0 consistent, 1 split or unproven.

    Split means that both signatures are the log's own and cannot both be true; unproven, that nothing here joins or parts them.
    """
    if place is not None and proof is not None:
        raise click.UsageError("give either --tiles or --proof")
    key = note.parse_vkey(vkey, where="--log")
    older, newer = in_order(*(_believe(path, key) for path in (one, other)))
    compared = _compared(older, newer, _source(place, certificate) if place is not None else None, proof)
    names = f"{key.name}, {older.size} and {newer.size} entries"
    if compared.outcome == "split":
        raise CheckFailed(f"split: {names}", "both signatures are the log's own, and cannot both be true: keep both")
    if compared.outcome == "unproven":
        raise CheckFailed(f"unproven: {names}", compared.why)
    click.echo(f"consistent: {names}")


def _believe(path: Path, key: note.VerifierKey) -> Seen:
    try:
        return believe(_read(path, note.MAX_BYTES), key, where=str(path))
    except CheckFailed as wrong:
        # A note that the log did not sign is no checkpoint of it: nothing was compared.
        raise BadInput(wrong.what, wrong.do, where=wrong.where) from wrong


def _compared(older: Seen, newer: Seen, source: Source | None, proof: Path | None) -> Comparison:
    if proof is not None:
        lines = _read(proof, MAX_BYTES).decode("ascii", "replace").split()
        shown = read_proof(lines, where=str(proof))
        try:
            return Comparison(outcome_of(older, newer, shown), older, newer, shown)
        except CheckFailed as wrong:
            return Comparison("unproven", older, newer, why=f"the hashes do not lead to the larger root: {wrong.what}")
    if source is not None:
        return compare(older, newer, read_nodes(source, newer.size))
    if older.size == newer.size or older.size == 0:
        return compare(older, newer, _no_nodes)
    return Comparison("unproven", older, newer, why="give --tiles or --proof for checkpoints of two sizes")


def _no_nodes(level: int, index: int) -> bytes:
    raise CheckFailed(f"node {index} of level {level} is not here")


def _too_early(source: Source, policy: TlogPolicy, place: str) -> CheckFailed | None:
    """Return what to tell when all is well except that too few witnesses cosigned so far; BadInput where no ledger is."""
    try:
        signed = source.read(CHECKPOINT, note.MAX_BYTES)
    except TooLarge:
        return None
    if signed is None:
        raise _no_ledger(place)
    without = verify_ledger(source, msgspec.structs.replace(policy, quorum=NONE))
    if not without.ok:
        return None
    seen = ", ".join(name for name, _ in without.cosigned_by) or "nobody"
    what = f"not cosigned by enough witnesses yet: by {seen}, the policy asks for {_asked(policy)}"
    return CheckFailed(what, "ask again later, or get a newer copy", where=place)


def _asked(policy: TlogPolicy) -> str:
    for group in policy.groups:
        if group.name == policy.quorum:
            return f"{group.k} of {', '.join(group.members)}"
    return policy.quorum


def _no_ledger(place: str) -> BadInput:
    return BadInput("there is no ledger here", "its address ends in /ledger", where=place)


def _judge_proof(proof: bytes, entry: bytes, policy: TlogPolicy, where: Path) -> Judgement:
    try:
        return check_proof(proof, entry, policy, where=str(where))
    except BadInput as wrong:
        # A proof that cannot even be read is an answer to the question asked: no.
        raise CheckFailed(wrong.what, wrong.do, where=wrong.where) from wrong


def _source(place: str, certificate: Path | None = None) -> Source:
    if "://" not in place:
        return DirectorySource(Path(place))
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadInput(
            f"{place!r} cannot be fetched", "give a directory, or an http or https address", where="PATH|URL"
        )
    return HttpSource(place, certificate)


def _policy(path: Path) -> TlogPolicy:
    return parse_policy(_read(path, MAX_POLICY), where=str(path))


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"the file has more than {limit} bytes", "check the path", where=str(path))
    return data


def _published_by(config: Path) -> Path:
    """Return the directory in which the node of this configuration publishes its ledger."""
    home = read_config(config)
    return home.path(home.config.ledger)


def _as_json(verdict: Verdict) -> dict[str, Any]:
    seen = [{"name": name, "at": times.render(at)} for name, at in verdict.cosigned_by]
    return {**msgspec.to_builtins(verdict), "cosigned_by": seen}
