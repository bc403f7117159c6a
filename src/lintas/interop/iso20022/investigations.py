"""`camt.110` (investigation request) and `camt.111` (its response): a question about one transfer between banks."""

from typing import TypeVar

from lxml import etree

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.header import read_party
from lintas.interop.iso20022.original import read_original, write_group_of, write_ids, write_settled, write_sides
from lintas.interop.iso20022.records import Header, Investigation, InvestigationAnswer, Original
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput, MalformedInput

#: The longest text in words.
NARRATIVE = 500

_T = TypeVar("_T")


def read_investigations(body: Element) -> tuple[Header, tuple[Investigation, ...]]:
    """Read a `camt.110` about a transfer between banks; other underlying things are refused."""
    request = _under(body, "InvstgtnReq")
    data = body.find("InvstgtnData")
    if data is None:
        raise body.missing("InvstgtnData")
    original = _underlying(request)
    if original is None:
        where = request.at("Undrlyg/IntrBk")
        raise BadInput("the question is not about a transfer between banks", "only those are read", where=where)
    asked = Investigation(
        type=_choice(request, "InvstgtnTp"),
        original=original,
        reason=_choice(data, "Rsn"),
        id=request.text("RqstrInvstgtnId", 35) or "",
        text=data.text("AddtlReqData/ReqNrrtv", NARRATIVE) or "",
    )
    return _header(request), (asked,)


def write_investigations(writer: Writer, header: Header, asked: tuple[Investigation, ...]) -> None:
    """Write a `camt.110`: one question, from a requester to a responder."""
    each = _one(asked, writer)
    request = writer.under(writer.body, "InvstgtnReq")
    writer.need(request, "MsgId", header.id)
    writer.text(request, "RqstrInvstgtnId", each.id)
    _write_choice(writer, request, "InvstgtnTp", each.type)
    _write_underlying(writer, request, each.original)
    writer.party(request, "Rqstr", header.sender)
    writer.party(request, "Rspndr", header.receiver)
    data = writer.under(writer.body, "InvstgtnData")
    _write_choice(writer, data, "Rsn", each.reason)
    writer.text(data, "AddtlReqData/ReqNrrtv", each.text, NARRATIVE)


def read_investigation_answers(body: Element) -> tuple[Header, tuple[InvestigationAnswer, ...]]:
    """Read a `camt.111`: its status, and what it says in words; other answer data is not read."""
    answer, request = _under(body, "InvstgtnRspn"), _under(body, "OrgnlInvstgtnReq")
    asked = _header(request)
    found = InvestigationAnswer(
        status=answer.need("InvstgtnSts/Sts", 4),
        status_reason=answer.text("InvstgtnSts/StsRsn/Cd") or answer.text("InvstgtnSts/StsRsn/Prtry") or "",
        id=answer.text("RspndrInvstgtnId", 35) or "",
        asked_in=asked.id,
        asked_id=request.text("RqstrInvstgtnId", 35) or "",
        type=_choice(request, "InvstgtnTp"),
        original=_underlying(request),
        texts=tuple(text.own_text(NARRATIVE) for text in answer.all("InvstgtnData/RspnData/RspnNrrtv")),
    )
    return Header(id=answer.need("MsgId", 35), sender=asked.receiver, receiver=asked.sender), (found,)


def write_investigation_answers(writer: Writer, header: Header, answers: tuple[InvestigationAnswer, ...]) -> None:
    """Write a `camt.111`: one answer, from the responder to the requester."""
    each = _one(answers, writer)
    answer = writer.under(writer.body, "InvstgtnRspn")
    writer.need(answer, "MsgId", header.id)
    writer.text(answer, "RspndrInvstgtnId", each.id)
    status = writer.under(answer, "InvstgtnSts")
    writer.need(status, "Sts", each.status, 4)
    writer.code(status, "StsRsn", each.status_reason)
    for text in each.texts:
        writer.need(answer, "InvstgtnData/RspnData/RspnNrrtv", text, NARRATIVE)
    request = writer.under(writer.body, "OrgnlInvstgtnReq")
    writer.need(request, "MsgId", each.asked_in)
    writer.text(request, "RqstrInvstgtnId", each.asked_id)
    _write_choice(writer, request, "InvstgtnTp", each.type)
    if each.original is not None:
        _write_underlying(writer, request, each.original)
    writer.party(request, "Rqstr", header.receiver)
    writer.party(request, "Rspndr", header.sender)


def _header(request: Element) -> Header:
    sender, receiver = read_party(request, "Rqstr"), read_party(request, "Rspndr")
    return Header(id=request.need("MsgId", 35), sender=sender, receiver=receiver)


def _underlying(request: Element) -> Original | None:
    found = request.find("Undrlyg/IntrBk")
    return None if found is None else read_original(found)


def _write_underlying(writer: Writer, request: etree._Element, original: Original) -> None:
    element = writer.under(request, "Undrlyg/IntrBk")
    write_group_of(writer, element, original)
    write_ids(writer, element, original)
    write_settled(writer, element, original)
    write_sides(writer, element, original)


def _under(body: Element, path: str) -> Element:
    found = body.find(path)
    if found is None:
        raise body.missing(path)
    return found


def _choice(element: Element, path: str) -> str:
    return element.text(f"{path}/Prtry") or element.need(f"{path}/Cd")


def _write_choice(writer: Writer, parent: etree._Element, path: str, value: str) -> None:
    if not value:
        raise BadInput(f"{path} is mandatory and has no value", "give a code", where=writer.kind)
    writer.code(parent, path, value)


def _one(parts: tuple[_T, ...], writer: Writer) -> _T:
    if len(parts) != 1:
        raise MalformedInput(f"{len(parts)} questions in one message", "write one message each", where=writer.kind)
    return parts[0]
