"""`pacs.008` (customer credit transfer between banks): read into plain facts, and write the subset we read.

Source: ISO 20022 message definition FIToFICustomerCreditTransfer, versions 08 to 13; the elements read here have kept
name and place through these versions, but for the time of acceptance, which version 13 puts into `AddtlDtTm`. Names
and addresses of parties are not read: tracing needs none.
"""

import re
from datetime import datetime

from lxml import etree

from lintas.interop.iso20022.element import Element, start_of
from lintas.interop.iso20022.header import read_group, write_group
from lintas.interop.iso20022.records import CreditTransfer, Header
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput, MalformedInput

_RATE = re.compile(r"\d{1,11}(\.\d{1,10})?")


def read_transfers(body: Element) -> tuple[Header, tuple[CreditTransfer, ...]]:
    """Read every credit transfer of one message, in document order."""
    found = list(body.all("CdtTrfTxInf"))
    if not found:
        raise MalformedInput("the message has no CdtTrfTxInf", "send the whole message", where=body.where)
    return read_group(body, count=len(found)), tuple(_transfer(each, body) for each in found)


def write_transfers(writer: Writer, header: Header, transfers: tuple[CreditTransfer, ...]) -> None:
    """Write the transfers (settlement method `INDA`, charges `SLEV`); parties are written as `NOTPROVIDED`."""
    write_group(writer, header, count=len(transfers))
    for transfer in transfers:
        _write_transfer(writer, transfer)


def _transfer(element: Element, body: Element) -> CreditTransfer:
    settled = element.amount("IntrBkSttlmAmt")
    if settled is None:
        raise element.missing("IntrBkSttlmAmt")
    instructed = element.amount("InstdAmt")
    rate = element.text("XchgRate")
    if rate is not None and not _RATE.fullmatch(rate):
        raise BadInput(f"{rate!r} is not a rate", "send a decimal number", where=element.at("XchgRate"))
    moment, exact = _time(element, body)
    return CreditTransfer(
        end_to_end_id=element.need("PmtId/EndToEndId"),
        uetr=element.uetr("PmtId/UETR"),
        tx_id=element.text("PmtId/TxId"),
        instruction_id=element.text("PmtId/InstrId"),
        amount_minor=settled[0],
        currency=settled[1],
        time=moment,
        time_exact=exact,
        instructed_minor=instructed[0] if instructed else None,
        instructed_currency=instructed[1] if instructed else None,
        rate=rate,
        debtor_account=element.account("DbtrAcct"),
        debtor_agent=element.agent("DbtrAgt"),
        creditor_account=element.account("CdtrAcct"),
        creditor_agent=element.agent("CdtrAgt"),
    )


def _time(element: Element, body: Element) -> tuple[datetime, bool]:
    for path in ("AccptncDtTm", "AddtlDtTm/AccptncDtTm", "SttlmTmIndctn/DbtDtTm", "SttlmTmIndctn/CdtDtTm"):
        moment = element.moment(path)
        if moment is not None:
            return moment, True
    day = element.day("IntrBkSttlmDt") or body.day("GrpHdr/IntrBkSttlmDt")
    if day is None:
        where = element.at("IntrBkSttlmDt")
        raise BadInput("neither AccptncDtTm nor IntrBkSttlmDt is there", "send one of them", where=where)
    return start_of(day), False


def _write_transfer(writer: Writer, transfer: CreditTransfer) -> None:
    """Write one `CdtTrfTxInf`; the order of elements is the schema's."""
    element = writer.under(writer.body, "CdtTrfTxInf")
    ids: etree._Element = writer.under(element, "PmtId")
    writer.text(ids, "InstrId", transfer.instruction_id)
    writer.need(ids, "EndToEndId", transfer.end_to_end_id)
    writer.text(ids, "TxId", transfer.tx_id)
    writer.text(ids, "UETR", transfer.uetr, 36)
    writer.amount(element, "IntrBkSttlmAmt", transfer.amount_minor, transfer.currency)
    writer.day(element, "IntrBkSttlmDt", transfer.time)
    if transfer.time_exact:
        newest = writer.kind.endswith(".13")
        writer.moment(element, "AddtlDtTm/AccptncDtTm" if newest else "AccptncDtTm", transfer.time)
    writer.amount(element, "InstdAmt", transfer.instructed_minor, transfer.instructed_currency)
    writer.text(element, "XchgRate", transfer.rate)
    writer.text(element, "ChrgBr", "SLEV")
    writer.text(element, "Dbtr/Nm", "NOTPROVIDED")
    writer.account(element, "DbtrAcct", transfer.debtor_account)
    writer.agent(element, "DbtrAgt", transfer.debtor_agent)
    writer.agent(element, "CdtrAgt", transfer.creditor_agent)
    writer.text(element, "Cdtr/Nm", "NOTPROVIDED")
    writer.account(element, "CdtrAcct", transfer.creditor_account)
