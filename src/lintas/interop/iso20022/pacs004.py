"""`pacs.004` (payment return): money of an earlier transfer sent back, with its reason."""

from datetime import datetime

from lintas.interop.iso20022.element import Element, start_of
from lintas.interop.iso20022.header import read_group, write_group
from lintas.interop.iso20022.original import read_original, write_group_of, write_ids, write_settled, write_sides
from lintas.interop.iso20022.reasons import read_reason, write_reason
from lintas.interop.iso20022.records import Header, Return
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput, MalformedInput


def read_returns(body: Element) -> tuple[Header, tuple[Return, ...]]:
    """Read every return of one message, in document order."""
    found = list(body.all("TxInf"))
    if not found:
        raise MalformedInput("the message has no TxInf", "send each return by itself", where=body.where)
    return read_group(body, count=len(found)), tuple(_return(each, body) for each in found)


def write_returns(writer: Writer, header: Header, returns: tuple[Return, ...]) -> None:
    """Write returns (settlement method `INDA`)."""
    write_group(writer, header, count=len(returns))
    for each in returns:
        element = writer.under(writer.body, "TxInf")
        writer.text(element, "RtrId", each.id)
        write_group_of(writer, element, each.original)
        write_ids(writer, element, each.original)
        write_settled(writer, element, each.original)
        writer.amount(element, "RtrdIntrBkSttlmAmt", each.amount_minor, each.currency)
        writer.day(element, "IntrBkSttlmDt", each.time)
        if each.time_exact:
            writer.moment(element, "SttlmTmIndctn/DbtDtTm", each.time)
        write_reason(writer, element, "RtrRsnInf", each)
        write_sides(writer, element, each.original)


def _return(element: Element, body: Element) -> Return:
    amount = element.amount("RtrdIntrBkSttlmAmt")
    if amount is None:
        raise element.missing("RtrdIntrBkSttlmAmt")
    moment, exact = _time(element, body)
    said = read_reason(element, "RtrRsnInf")
    return Return(
        original=read_original(element, group=body.find("OrgnlGrpInf")),
        id=element.text("RtrId") or "",
        amount_minor=amount[0],
        currency=amount[1],
        time=moment,
        time_exact=exact,
        reason=said.reason,
        order=said.order,
        part=said.part,
        info=said.info,
    )


def _time(element: Element, body: Element) -> tuple[datetime, bool]:
    moment = element.moment("SttlmTmIndctn/DbtDtTm") or element.moment("SttlmTmIndctn/CdtDtTm")
    if moment is not None:
        return moment, True
    day = element.day("IntrBkSttlmDt") or body.day("GrpHdr/IntrBkSttlmDt")
    if day is None:
        where = element.at("IntrBkSttlmDt")
        raise BadInput("neither SttlmTmIndctn nor IntrBkSttlmDt is there", "send one of them", where=where)
    return start_of(day), False
