"""The one door: read or write a message by its kind. Each family stands in a file of its own; here is the table of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from lintas.interop.iso20022.answers import read_answers, write_answers
from lintas.interop.iso20022.element import Element, open_document
from lintas.interop.iso20022.investigations import (
    read_investigation_answers,
    read_investigations,
    write_investigation_answers,
    write_investigations,
)
from lintas.interop.iso20022.pacs002 import read_statuses, write_statuses
from lintas.interop.iso20022.pacs004 import read_returns, write_returns
from lintas.interop.iso20022.pacs008 import read_transfers, write_transfers
from lintas.interop.iso20022.pain001 import read_initiations
from lintas.interop.iso20022.recalls import read_customer_recalls, read_recalls, write_customer_recalls, write_recalls
from lintas.interop.iso20022.records import (
    CreditTransfer,
    Header,
    Initiation,
    Investigation,
    InvestigationAnswer,
    Message,
    Recall,
    RecallAnswer,
    Return,
    Statement,
    Status,
)
from lintas.interop.iso20022.statements import read_notifications, read_statements
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput, MalformedInput

_PAYMENTS = ("08", "09", "10", "11", "12", "13")
_REPORTS = ("02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One message: what it is for, its own element, the versions read and written, what it carries, and its codec."""

    about: str
    root: str
    versions: tuple[str, ...]
    part: type
    read: Callable[[Element], tuple[Header, Any]]
    write: Callable[[Writer, Header, Any], None] | None = None


FAMILIES = {
    "pain.001": Family(
        about="a customer's instructions to pay",
        root="CstmrCdtTrfInitn",
        versions=("03", "08", "09", "10", "11", "12"),
        part=Initiation,
        read=read_initiations,
    ),
    "pacs.002": Family(
        about="how far transfers got",
        root="FIToFIPmtStsRpt",
        versions=("10", "11", "12", "13", "14", "15"),
        part=Status,
        read=read_statuses,
        write=write_statuses,
    ),
    "pacs.004": Family(
        about="money sent back",
        root="PmtRtr",
        versions=("09", "10", "11", "13", "14"),
        part=Return,
        read=read_returns,
        write=write_returns,
    ),
    "pacs.008": Family(
        about="transfers between banks",
        root="FIToFICstmrCdtTrf",
        versions=_PAYMENTS,
        part=CreditTransfer,
        read=read_transfers,
        write=write_transfers,
    ),
    "camt.029": Family(
        about="answers to recalls",
        root="RsltnOfInvstgtn",
        versions=("09", "10", "11", "12", "13"),
        part=RecallAnswer,
        read=read_answers,
        write=write_answers,
    ),
    "camt.053": Family(
        about="statements of accounts",
        root="BkToCstmrStmt",
        versions=_REPORTS,
        part=Statement,
        read=read_statements,
    ),
    "camt.054": Family(
        about="notifications of bookings",
        root="BkToCstmrDbtCdtNtfctn",
        versions=_REPORTS,
        part=Statement,
        read=read_notifications,
    ),
    "camt.055": Family(
        about="transfers that a customer asks back",
        root="CstmrPmtCxlReq",
        versions=("08", "09", "10", "11", "12"),
        part=Recall,
        read=read_customer_recalls,
        write=write_customer_recalls,
    ),
    "camt.056": Family(
        about="transfers that a bank asks back",
        root="FIToFIPmtCxlReq",
        versions=("08", "09", "10", "11"),
        part=Recall,
        read=read_recalls,
        write=write_recalls,
    ),
    "camt.110": Family(
        about="a question about a transfer",
        root="InvstgtnReq",
        versions=("01",),
        part=Investigation,
        read=read_investigations,
        write=write_investigations,
    ),
    "camt.111": Family(
        about="the answer to a question about a transfer",
        root="InvstgtnRspn",
        versions=("01",),
        part=InvestigationAnswer,
        read=read_investigation_answers,
        write=write_investigation_answers,
    ),
}


def read(data: bytes, *, where: str = "message") -> Message:
    """Read one message of any kind that is read here.

    Raises MalformedInput (no XML, or no message that is read here), TooLarge, or BadInput naming the element's path.
    """
    document, kind = open_document(data, where)
    family = _family(kind, where)
    body = document.find(family.root)
    if body is None:
        raise MalformedInput(f"the message has no {family.root}", "send the whole message", where=where)
    header, parts = family.read(body)
    return Message(kind=kind, header=header, parts=parts)


def write(message: Message) -> bytes:
    """Write a message; :func:`read` gives it back equal. BadInput for what its kind cannot say, naming the element."""
    family = _family(message.kind, message.kind)
    if family.write is None:
        raise BadInput(f"{message.kind} is read and not written here", "your bank's system writes it")
    if not message.parts:
        raise BadInput("nothing is there to write", "give at least one part", where=message.kind)
    for part in message.parts:
        if not isinstance(part, family.part):
            raise BadInput(f"a {type(part).__name__} has no place here", "give another kind", where=message.kind)
    writer = Writer(message.kind, family.root)
    family.write(writer, message.header, message.parts)
    return writer.done()


def read_pacs008(data: bytes, *, where: str = "pacs.008") -> list[CreditTransfer]:
    """Read every credit transfer of one `pacs.008`, in document order; another message is refused as malformed."""
    _, kind = open_document(data, where)
    if not kind.startswith("pacs.008."):
        raise MalformedInput(f"{kind} is no pacs.008", "send a pacs.008", where=where)
    return [part for part in read(data, where=where).parts if isinstance(part, CreditTransfer)]


def write_pacs008(transfers: list[CreditTransfer], *, message_id: str, created: datetime, version: str = "08") -> bytes:
    """Write one `pacs.008`; BadInput for no transfer or an unknown version."""
    header = Header(id=message_id, created=created)
    return write(Message(kind=f"pacs.008.001.{version}", header=header, parts=tuple(transfers)))


def _family(kind: str, where: str) -> Family:
    name, _, version = kind.rpartition(".001.")
    family = FAMILIES.get(name)
    if family is None:
        raise MalformedInput(f"{kind!r} is not read here", f"use one of {', '.join(FAMILIES)}", where=where)
    if version not in family.versions:
        do = f"use {name}.001.{family.versions[0]} to .{family.versions[-1]}"
        raise MalformedInput(f"version {version!r} of {name} is not read here", do, where=where)
    return family
