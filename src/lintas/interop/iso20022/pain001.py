"""`pain.001` (customer credit transfer initiation), read: what a customer told its bank to pay."""

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.header import read_group
from lintas.interop.iso20022.records import Header, Initiation
from lintas.model.errors import BadInput, MalformedInput


def read_initiations(body: Element) -> tuple[Header, tuple[Initiation, ...]]:
    """Read every instruction of one message, in document order. Cheques (`PmtMtd` CHK) are refused: no account is paid."""
    found = [(batch, each) for batch in body.all("PmtInf") for each in batch.all("CdtTrfTxInf")]
    if not found:
        raise MalformedInput("the message has no PmtInf/CdtTrfTxInf", "send the whole message", where=body.where)
    return read_group(body, count=len(found)), tuple(_initiation(batch, each) for batch, each in found)


def _initiation(batch: Element, element: Element) -> Initiation:
    if batch.text("PmtMtd") == "CHK":
        raise BadInput("the payment is by cheque", "leave the batch out", where=batch.at("PmtMtd"))
    amount = element.amount("Amt/InstdAmt") or element.amount("Amt/EqvtAmt/Amt")
    if amount is None:
        raise element.missing("Amt/InstdAmt")
    when = batch.date_or_time("ReqdExctnDt")
    if when is None:
        raise batch.missing("ReqdExctnDt")
    return Initiation(
        payment_id=batch.need("PmtInfId"),
        end_to_end_id=element.need("PmtId/EndToEndId"),
        uetr=element.uetr("PmtId/UETR"),
        instruction_id=element.text("PmtId/InstrId"),
        amount_minor=amount[0],
        currency=amount[1],
        time=when[0],
        time_exact=when[1],
        debtor_account=batch.account("DbtrAcct"),
        debtor_agent=batch.agent("DbtrAgt"),
        creditor_account=element.account("CdtrAcct"),
        creditor_agent=element.agent("CdtrAgt"),
    )
