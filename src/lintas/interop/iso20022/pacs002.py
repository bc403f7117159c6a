"""`pacs.002` (payment status report): how far a transfer got, and why no further."""

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.header import read_group, write_group
from lintas.interop.iso20022.original import read_original, write_group_of, write_ids, write_sides
from lintas.interop.iso20022.reasons import read_reason, write_reason
from lintas.interop.iso20022.records import Header, Original, Status
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import MalformedInput

#: Code -> what it says, from ISO's external code set, in our words.
STATUSES = {
    "ACCC": "settled, and on the creditor's account",
    "ACSC": "settled on the debtor's account",
    "ACSP": "being settled",
    "ACTC": "checked",
    "ACCP": "checked, and the customer too",
    "RCVD": "received",
    "PDNG": "pending",
    "BLCK": "blocked",
    "RJCT": "rejected",
    "CANC": "cancelled",
}


def read_statuses(body: Element) -> tuple[Header, tuple[Status, ...]]:
    """Read the status of each transfer; where only whole messages have one, of each message."""
    group = body.find("OrgnlGrpInfAndSts")
    found = [_status(each, group) for each in body.all("TxInfAndSts")]
    found = found or [_of_message(each) for each in body.all("OrgnlGrpInfAndSts")]
    if not found:
        raise MalformedInput("the message has no TxInfAndSts", "send the whole message", where=body.where)
    return read_group(body), tuple(found)


def write_statuses(writer: Writer, header: Header, statuses: tuple[Status, ...]) -> None:
    """Write the status of each transfer."""
    write_group(writer, header)
    for each in statuses:
        element = writer.under(writer.body, "TxInfAndSts")
        writer.text(element, "StsId", each.id)
        write_group_of(writer, element, each.original)
        write_ids(writer, element, each.original)
        writer.need(element, "TxSts", each.status, 4)
        write_reason(writer, element, "StsRsnInf", each)
        writer.moment(element, "AccptncDtTm", each.accepted)
        write_sides(writer, element, each.original, settled=True)


def _status(element: Element, group: Element | None) -> Status:
    said = read_reason(element, "StsRsnInf")
    return Status(
        original=read_original(element, group=group),
        status=element.text("TxSts") or (group.need("GrpSts") if group else element.need("TxSts")),
        id=element.text("StsId") or "",
        accepted=element.moment("AccptncDtTm"),
        reason=said.reason,
        order=said.order,
        part=said.part,
        info=said.info,
    )


def _of_message(group: Element) -> Status:
    said = read_reason(group, "StsRsnInf")
    return Status(
        original=Original(message_id=group.need("OrgnlMsgId"), message_name=group.need("OrgnlMsgNmId")),
        status=group.need("GrpSts"),
        reason=said.reason,
        order=said.order,
        part=said.part,
        info=said.info,
    )
