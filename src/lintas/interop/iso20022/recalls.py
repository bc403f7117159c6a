"""`camt.056` (a bank asks another to give a transfer back) and `camt.055` (a customer asks its bank)."""

import msgspec
from lxml import etree

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.header import read_assignment, read_case, write_assignment, write_case
from lintas.interop.iso20022.original import read_original, write_group_of, write_ids, write_settled, write_sides
from lintas.interop.iso20022.reasons import read_reason, write_reason
from lintas.interop.iso20022.records import Case, Header, Original, Recall
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput, MalformedInput

_BATCH = "OrgnlPmtInfAndCxl"


def read_recalls(body: Element) -> tuple[Header, tuple[Recall, ...]]:
    """Read a `camt.056`; whole messages asked back without naming a transfer are refused."""
    case = read_case(body, "Case")
    found = [
        _recall(transfer, read_original(transfer, group=group), (group and read_case(group, "Case")) or case)
        for underlying in body.all("Undrlyg")
        for group in [underlying.find("OrgnlGrpInfAndCxl")]
        for transfer in underlying.all("TxInf")
    ]
    if not found:
        raise MalformedInput("no Undrlyg/TxInf is there", "name each transfer that is asked back", where=body.where)
    _check_count(body, len(found))
    return read_assignment(body), tuple(found)


def write_recalls(writer: Writer, header: Header, recalls: tuple[Recall, ...]) -> None:
    """Write a `camt.056`."""
    write_assignment(writer, header)
    writer.text(writer.body, "CtrlData/NbOfTxs", str(len(recalls)))
    underlying = writer.under(writer.body, "Undrlyg")
    for recall in recalls:
        element = writer.under(underlying, "TxInf")
        writer.text(element, "CxlId", recall.id)
        write_case(writer, element, "Case", recall.case)
        write_group_of(writer, element, recall.original)
        write_ids(writer, element, recall.original)
        write_settled(writer, element, recall.original)
        write_reason(writer, element, "CxlRsnInf", recall)
        write_sides(writer, element, recall.original)


def read_customer_recalls(body: Element) -> tuple[Header, tuple[Recall, ...]]:
    """Read a `camt.055`; whole batches asked back without naming a transfer are refused."""
    case = read_case(body, "Case")
    found = [
        _recall(transfer, _instructed(transfer, batch), read_case(batch, "Case") or case)
        for underlying in body.all("Undrlyg")
        for batch in underlying.all(_BATCH)
        for transfer in batch.all("TxInf")
    ]
    if not found:
        what = f"no Undrlyg/{_BATCH}/TxInf is there"
        raise MalformedInput(what, "name each transfer that is asked back", where=body.where)
    _check_count(body, len(found))
    return read_assignment(body), tuple(found)


def write_customer_recalls(writer: Writer, header: Header, recalls: tuple[Recall, ...]) -> None:
    """Write a `camt.055`: the batch (`payment_id`) of each original is mandatory."""
    write_assignment(writer, header)
    writer.text(writer.body, "CtrlData/NbOfTxs", str(len(recalls)))
    underlying = writer.under(writer.body, "Undrlyg")
    for recall in recalls:
        batch = writer.under(underlying, _BATCH)
        writer.need(batch, "OrgnlPmtInfId", recall.original.payment_id)
        write_group_of(writer, batch, recall.original)
        element = writer.under(batch, "TxInf")
        writer.text(element, "CxlId", recall.id)
        write_case(writer, element, "Case", recall.case)
        write_ids(writer, element, recall.original, tx_id=False)
        _write_instructed(writer, element, recall.original)
        write_reason(writer, element, "CxlRsnInf", recall)
        write_sides(writer, element, recall.original)


def _instructed(element: Element, batch: Element) -> Original:
    original = read_original(element, group=batch.find("OrgnlGrpInf"))
    return msgspec.structs.replace(original, payment_id=batch.need("OrgnlPmtInfId", 35))


def _write_instructed(writer: Writer, element: etree._Element, original: Original) -> None:
    writer.amount(element, "OrgnlInstdAmt", original.amount_minor, original.currency)
    if original.day is not None:
        writer.day(element, "OrgnlReqdExctnDt/Dt", original.day)


def _recall(element: Element, original: Original, case: Case | None) -> Recall:
    said = read_reason(element, "CxlRsnInf")
    return Recall(
        original=original,
        id=element.text("CxlId") or "",
        case=read_case(element, "Case") or case,
        reason=said.reason,
        order=said.order,
        part=said.part,
        info=said.info,
    )


def _check_count(body: Element, found: int) -> None:
    """Refuse a message that announces another number of transactions than it carries: it was cut or joined."""
    told = body.text("CtrlData/NbOfTxs")
    if told is not None and told != str(found):
        where = body.at("CtrlData/NbOfTxs")
        raise BadInput(f"the message announces {told} transactions, {found} are there", "send it whole", where=where)
