"""`lintas iso20022`: say what a payment message is and what is in it, or where it is wrong."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lintas.model.errors import BadInput

if TYPE_CHECKING:
    from lintas.interop.iso20022 import CreditTransfer, Entry, Initiation, Message, Original, Part, Return

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
#: More errors than these are of one cause.
_SHOWN = 20


@click.group()
def iso20022() -> None:
    """Payment messages of ISO 20022: transfers, statements, recalls and their answers."""


@iso20022.command()
@click.argument("file", type=_FILE)
@click.option("--schemas", type=_FOLDER, help="Directory with the XML schemas, each named like pacs.008.001.08.xsd.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def check(file: Path, schemas: Path | None, as_json: bool) -> None:
    """Say what FILE is and what is in it; exit 1 where a schema does not allow it, 2 where it cannot be read."""
    import msgspec

    from lintas.interop.iso20022 import read
    from lintas.interop.iso20022.element import open_document

    data = file.read_bytes()
    if schemas is not None:
        _, kind = open_document(data, file.name)
        schema = schemas / f"{kind}.xsd"
        if not schema.is_file():
            do = f"put {schema.name} there: ISO 20022 publishes it, and it is not ours to ship"
            raise BadInput(f"there is no schema for {kind}", do, where=str(schemas))
        check_schema(data, schema, file.name)
    message = read(data, where=file.name)
    if as_json:
        click.echo(msgspec.json.encode(message).decode())
    else:
        _tell(message, file.name)


@iso20022.command()
@click.argument("file", type=_FILE)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File for the message.")
def write(file: Path, out: Path) -> None:
    """Write the message that FILE describes, the JSON that `check --json` gives: recalls, answers, returns and others."""
    import msgspec

    from lintas.interop.iso20022 import Message
    from lintas.interop.iso20022 import write as written
    from lintas.trust.keys import UNREADABLE

    try:
        message = msgspec.json.decode(file.read_bytes(), type=Message)
    except UNREADABLE as wrong:
        raise BadInput(f"it describes no message ({wrong})", "see docs/messages-iso20022.md", where=file.name) from None
    out.write_bytes(written(message))
    click.echo(f"{message.kind} in {out}")


def check_schema(data: bytes, schema: Path, name: str) -> None:
    """Print what the schema does not allow, and leave with exit code 1 if that is anything."""
    from lintas.interop.xsd import validate

    findings = validate(data, schema.read_bytes(), where=name, schema_where=schema.name)
    for finding in findings[:_SHOWN]:
        click.echo(f"{name}, line {finding.line}: {finding.what}", err=True)
    if len(findings) > _SHOWN:
        click.echo(f"and {len(findings) - _SHOWN} more", err=True)
    if findings:
        raise click.exceptions.Exit(1)
    click.echo(f"{name}: valid by {schema.name}", err=True)


def _tell(message: "Message", name: str) -> None:
    """Write for people what a message says."""
    from lintas.interop.iso20022 import FAMILIES
    from lintas.model import times

    header, family = message.header, FAMILIES[message.kind[:8]]
    made = f", made {times.render(header.created)}" if header.created else ""
    click.echo(f"{name}: {message.kind}, {family.about}; id {header.id}{made}")
    sides = (("from", header.sender), ("to", header.receiver))
    if told := [f"{word} {side.agent or side.name}" for word, side in sides if side is not None]:
        click.echo(f"  {', '.join(told)}")
    for part in message.parts:
        for line in _lines(part):
            click.echo(f"  {line}")


def _lines(part: "Part") -> list[str]:
    """Say one thing that a message carries; below a statement, its bookings."""
    from lintas.interop import iso20022 as said
    from lintas.interop.iso20022.answers import OUTCOMES
    from lintas.interop.iso20022.pacs002 import STATUSES
    from lintas.interop.iso20022.reasons import ANSWER_REASONS, RECALL_REASONS, RETURN_REASONS

    match part:
        case said.CreditTransfer():
            return [f"{part.reference}: {_money(part)} {_way(part)}"]
        case said.Initiation():
            return [f"{part.uetr or part.end_to_end_id}: {_money(part)} {_way(part)}"]
        case said.Statement():
            first = f"account {part.account}, statement {part.id}, {len(part.entries)} bookings"
            return [first, *(f"  {_booking(entry)}" for entry in part.entries)]
        case said.Recall():
            return [f"asks back {_original(part.original)}{_why(part.reason, RECALL_REASONS)}{_beside(part.order)}"]
        case said.RecallAnswer():
            about = "the case" if part.original is None else _original(part.original)
            return [f"{about}: {OUTCOMES[part.outcome]}{_why(part.reason, ANSWER_REASONS)}{_beside(part.order)}"]
        case said.Return():
            return [f"sends back {_money(part)} of {_original(part.original)}{_why(part.reason, RETURN_REASONS)}"]
        case said.Status():
            return [f"{_original(part.original)}{_why(part.status, STATUSES)}{_why(part.reason, {})}"]
        case said.Investigation():
            return [f"asks ({part.type}, {part.reason}) about {_original(part.original)}: {part.text or 'no words'}"]
    return [f"answers {part.asked_in} ({part.status}): {' / '.join(part.texts) or 'no words'}"]


def _way(part: "CreditTransfer | Initiation") -> str:
    sides = (part.debtor_account, part.debtor_agent), (part.creditor_account, part.creditor_agent)
    return " to ".join(" at ".join(filter(None, side)) or "somebody" for side in sides)


def _booking(entry: "Entry") -> str:
    reference = entry.uetr or entry.tx_id or entry.servicer_reference or entry.end_to_end_id or "no reference"
    return f"{'+' if entry.credit else '-'}{_money(entry)}, {reference}"


def _money(part: "Original | CreditTransfer | Initiation | Return | Entry") -> str:
    from lintas.model.money import Money

    if part.amount_minor is None or part.currency is None:
        return ""
    return str(Money(part.amount_minor, part.currency))


def _original(original: "Original") -> str:
    amount = _money(original)
    return " ".join(filter(None, (original.reference or original.message_id, f"({amount})" if amount else "")))


def _why(code: str, known: dict[str, str]) -> str:
    return f", {code}{f' ({known[code]})' if code in known else ''}" if code else ""


def _beside(order: str) -> str:
    return f", beside order {order}" if order else ""
