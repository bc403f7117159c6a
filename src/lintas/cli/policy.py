"""`lintas policy`: explain what a table decides about a message, run a table's examples, show its rules as sentences."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from lintas.cli.options import CONFIG
from lintas.model.errors import BadInput, CheckFailed, MalformedInput, NotFound, TooLarge
from lintas.model.messages import KINDS
from lintas.model.money import Money
from lintas.model.times import parse
from lintas.policy import approval_text
from lintas.policy.approval import Approval, Sought, gap
from lintas.policy.approval_text import issuer_keys
from lintas.policy.examples import ENOUGH, check
from lintas.policy.mutations import unnoticed
from lintas.policy.reading import MAX_BYTES
from lintas.policy.records import Decision, Question
from lintas.policy.shipped import shipped_table
from lintas.policy.table import PolicyTable
from lintas.policy.vocabulary import CATEGORIES
from lintas.trust.note import MAX_BYTES as MAX_NOTE

_NEEDED = ("type", "purpose")
_OPTIONAL = (
    "plane", "marking", "category", "subject", "action", "holder", "channel", "peer_jurisdiction", "origin", "exercise", "at",
    "issued_at", "provenance", "conditions", "amount", "automatic_today", "approvers", "case",
)  # fmt: skip
_MAX_MESSAGE = 131_072


@click.group()
def policy() -> None:
    """Explain and test an authority's release rules."""


@policy.command()
@click.argument("message", type=click.Path(path_type=Path))
@click.option("--to", "peer", required=True, metavar="PEER", help="The other authority, e.g. xb-asc.")
@click.option("--table", type=click.Path(path_type=Path), help="The policy table; else the one shipped for the sender.")
@click.option("--approval", "approvals", multiple=True, type=click.Path(path_type=Path), help="An approval on file.")
@click.option(
    "--issuer", "issuers", multiple=True, metavar="VKEY", help="A verifier key that approvals are checked by."
)
@click.option("--json", "as_json", is_flag=True, help="Print the decision as one JSON document.")
def explain(
    message: Path,
    peer: str,
    table: Path | None,
    approvals: tuple[Path, ...],
    issuers: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what the table decides about MESSAGE (JSON), by which rule and law. Exit 0 permitted, 1 not."""
    said = _read_message(message)
    loaded = _table_for(said, table, str(message))
    question = _question(said, peer, loaded, str(message))
    sought = _sought(said, question, loaded, str(message))
    checked = [(each, _why_not(each, sought, question)) for each in _on_file(approvals, issuers)]
    counting = frozenset(approval.document for approval, why in checked if not why)
    question = msgspec.structs.replace(question, conditions=question.conditions | counting)
    decision = loaded.decide(question)
    click.echo(_as_json(question, decision, loaded) if as_json else _as_text(decision, loaded))
    for approval, why in checked:
        click.echo(f"{approval.id}: {f'does not count: {why}' if why else 'counts'}", err=as_json)
    if not decision.permitted:
        sys.exit(1)


@policy.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--pinned", is_flag=True, help="Also alter each rule in turn and name what no example would notice.")
def test(file: Path, pinned: bool) -> None:
    """Ask the table in FILE each of its own examples. Exit 1 when one fails, or when there are too few."""
    table = _load(file)
    verdicts = check(table)
    for verdict in verdicts:
        decided = f"{verdict.decision.outcome:<7}{', '.join(verdict.decision.rules) or 'no rule'}"
        wrong = f" — {'; '.join(verdict.differences)}" if verdict.differences else ""
        word = "pass" if verdict.passed else "FAIL"
        click.echo(f"{word}  line {verdict.example.line:>4}  {decided}: {verdict.example.why}{wrong}")
    loose = unnoticed(table) if pinned else []
    for what in loose:
        click.echo(f"FAIL  no example notices this change: {what}")
    failed = sum(not verdict.passed for verdict in verdicts)
    if too_few := len(verdicts) < ENOUGH:
        click.echo(f"FAIL  {len(verdicts)} examples are too few — write at least {ENOUGH}")
    click.echo(
        f"{table.jurisdiction} ({table.status}): {len(verdicts)} examples, {failed} failed; {len(table.rules)} rules"
    )
    if failed or too_few or loose:
        sys.exit(1)


@policy.command()
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> None:
    """Print each rule of the table in FILE as one sentence with its section of law."""
    table = _load(file)
    click.echo(f"{table.title} ({table.jurisdiction}, {table.status}, {table.sha256})")
    for rule in table.rules:
        note = f" Note: {rule.note}" if rule.note else ""
        click.echo(f"{rule.id}: {table.render(rule)}{note}")


@policy.command()
@click.argument("file", type=click.Path(path_type=Path))
@CONFIG
def install(file: Path, config_file: Path) -> None:
    """Sign the table FILE with the node's policy key and put it in force from the next start; its examples must pass."""
    from lintas.node.config import read_config
    from lintas.node.home import install_policy

    home, table = read_config(config_file), _load(file)
    if table.jurisdiction != home.config.jurisdiction:
        what = f"the table is {table.jurisdiction}'s, the node {home.config.jurisdiction}'s"
        raise BadInput(what, "install one of your own", where=str(file))
    failing = [verdict for verdict in check(table) if not verdict.passed]
    if failing:
        raise CheckFailed(f"{len(failing)} examples fail", "see them with `lintas policy test`", where=str(file))
    install_policy(home, _bytes(file, MAX_BYTES))
    click.echo(f"{table.jurisdiction}'s table ({table.status}, {len(table.rules)} rules) is signed: {table.sha256}")


def _load(path: Path) -> PolicyTable:
    return PolicyTable.load(_bytes(path, MAX_BYTES), source=str(path))


def _bytes(path: Path, limit: int) -> bytes:
    with path.open("rb") as opened:
        data = opened.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"this is over the limit of {limit} bytes", "give a smaller file", where=str(path))
    return data


def _table_for(said: dict[str, Any], table: Path | None, where: str) -> PolicyTable:
    if table is not None:
        return _load(table)
    origin = said.get("origin")
    if not isinstance(origin, str):
        raise BadInput(
            "whose table decides?", 'name the sender as "origin" in the message, or give --table', where=where
        )
    try:
        return PolicyTable.load(shipped_table(_jurisdiction_of(origin)), source=f"the table shipped for {origin[:20]}")
    except NotFound as wrong:
        raise BadInput(wrong.what, "give --table", where=where) from None


def _read_message(path: Path) -> dict[str, Any]:
    """Read a message's frame; keys that policy does not look at are left alone, unless they look like a misspelling."""
    where = str(path)
    try:
        said = msgspec.json.decode(_bytes(path, _MAX_MESSAGE))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise MalformedInput(f"this is not JSON: {wrong}", "give one JSON object", where=where) from None
    if not isinstance(said, dict):
        raise BadInput("this is no message", "give one JSON object with type, purpose and plane", where=where)
    from difflib import get_close_matches  # slow to import, and only this command needs it

    for key in said:
        near = get_close_matches(key, (*_NEEDED, *_OPTIONAL), n=1, cutoff=0.8)
        if key not in (*_NEEDED, *_OPTIONAL) and near:
            raise BadInput(f"unknown field {key[:60]!r}", f"did you mean {near[0]}?", where=where)
    for key in _NEEDED:
        if key not in said:
            raise BadInput(f"the field {key} is missing", "state it; see the policy reference", where=where)
    return said


def _question(said: dict[str, Any], peer: str, table: PolicyTable, where: str) -> Question:
    """Build the question; what the message leaves out takes the documented default."""
    kind = _text(said, "type", where)
    known = KINDS.get(kind)
    category = _text(said, "category", where, known.category if known else kind)
    usual = known.subject if known else CATEGORIES[category].subject if category in CATEGORIES else "none"
    approvers = _number(said, "approvers", where) or 0
    return Question(
        action=_text(said, "action", where, "release"),
        plane=_plane(said, where),
        category=category,
        subject=_text(said, "subject", where, usual),
        purpose=_text(said, "purpose", where),
        peer=peer,
        peer_jurisdiction=_text(said, "peer_jurisdiction", where, _jurisdiction_of(peer)).upper(),
        holder=_text(said, "holder", where, "bank" if said.get("action") == "order" else "state_organ"),
        channel=_text(said, "channel", where, "police"),
        exercise=_exercise(said, table, where),
        at=_moment(said, where),
        provenance=_text(said, "provenance", where, "own"),
        conditions=frozenset(_documents(said, where)),
        amount=_amount(said, where),
        automatic_today=_number(said, "automatic_today", where),
        approver_present=approvers >= 1,
        second_approver_present=approvers >= 2,
    )


def _sought(said: dict[str, Any], question: Question, table: PolicyTable, where: str) -> Sought:
    return Sought(
        jurisdiction=table.jurisdiction,
        authority=_text(said, "origin", where, ""),
        category=question.category,
        purpose=question.purpose,
        peer=question.peer,
        peer_jurisdiction=question.peer_jurisdiction,
        at=question.at if isinstance(question.at, datetime) else datetime.now(UTC),
        amount=question.amount,
        case=_text(said, "case", where, ""),
    )


def _why_not(approval: Approval, sought: Sought, question: Question) -> str:
    if question.action != "release":
        return "it lets something leave, and nothing leaves here"
    return gap(approval, sought)


def _on_file(files: tuple[Path, ...], issuers: tuple[str, ...]) -> list[Approval]:
    keys, found = issuer_keys(issuers, where="--issuer"), []
    for file in files:
        document = approval_text.read(_bytes(file, MAX_NOTE), keys, where=str(file))
        if not isinstance(document, Approval):
            raise BadInput("this withdraws an approval", "give the approvals that are on file", where=str(file))
        found.append(document)
    return found


def _jurisdiction_of(authority: str) -> str:
    return authority.partition("-")[0].upper()


def _refuse(key: str, needed: str, where: str) -> NoReturn:
    raise BadInput(f"the field {key} is wrong", f"write {needed}", where=where)


def _text(said: dict[str, Any], key: str, where: str, otherwise: str | None = None) -> str:
    value = said.get(key, otherwise)
    if not isinstance(value, str):
        _refuse(key, "a text", where)
    return value


def _plane(said: dict[str, Any], where: str) -> str:
    marking = said.get("marking")
    if "plane" not in said and isinstance(marking, dict):
        return _text(marking, "plane", where)
    return _text(said, "plane", where)


def _exercise(said: dict[str, Any], table: PolicyTable, where: str) -> bool:
    """Explain in the node the table is made for, unless the message says which."""
    value = said.get("exercise", table.status == "exercise")
    if not isinstance(value, bool):
        _refuse("exercise", "true or false", where)
    return value


def _moment(said: dict[str, Any], where: str) -> datetime:
    key = "at" if "at" in said else "issued_at"
    if key not in said:
        return datetime.now(UTC)
    try:
        return parse(_text(said, key, where))
    except BadInput as wrong:
        raise BadInput(f"the field {key} is wrong: {wrong.what}", wrong.do, where=where) from None


def _documents(said: dict[str, Any], where: str) -> list[str]:
    value = said.get("conditions", [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        _refuse("conditions", 'a list of documents such as ["approval:XA-2026-17"]', where)
    return value


def _number(said: dict[str, Any], key: str, where: str) -> int | None:
    value = said.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        _refuse(key, "a whole number, zero or more", where)
    return value


def _amount(said: dict[str, Any], where: str) -> Money | None:
    value = said.get("amount")
    try:
        return None if value is None else msgspec.convert(value, Money)
    except msgspec.ValidationError:
        _refuse("amount", '{"amount_minor": 5000000, "currency": "XAK"}', where)


def _as_json(question: Question, decision: Decision, table: PolicyTable) -> str:
    document = {
        "jurisdiction": table.jurisdiction,
        "status": table.status,
        "question": question,
        "decision": decision,
        "rules": [{"id": rule.id, "sentence": table.render(rule)} for rule in table.rules if rule.id in decision.rules],
    }
    return msgspec.json.encode(document, order="deterministic").decode()


def _as_text(decision: Decision, table: PolicyTable) -> str:
    lines = [decision.sentence, f"outcome: {decision.outcome}"]
    lines += [f"rule: {table.render(rule)}" for rule in table.rules if rule.id in decision.rules]
    if not decision.rules:
        lines.append("rule: none applies")
    lines.append(f"law: {'; '.join(decision.law) or ('no section of law found' if decision.rules else 'none applies')}")
    if decision.missing:
        lines.append(f"missing: {', '.join(decision.missing)}")
    lines.append(f"table: {table.source} ({table.jurisdiction}, {table.status}, {decision.policy})")
    return "\n".join(lines)
