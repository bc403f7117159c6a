"""Reasons, and the lines beside them (`AddtlInf`) that carry the signed order's id and the part of the transfer meant."""

import re

from lxml import etree

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.records import Reasoned
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput
from lintas.model.money import MAX_MINOR

#: Code -> what it says, from ISO's external code sets, in our words.
RECALL_REASONS = {
    "FRAD": "fraud",
    "CUST": "the customer asks",
    "DUPL": "paid twice",
    "TECH": "technical fault",
    "AC03": "wrong account of the creditor",
    "AM09": "wrong amount",
    "CURR": "wrong currency",
    "CUTA": "investigation that could not be applied",
    "UPAY": "payment not due",
    "AGNT": "wrong bank",
}
ANSWER_REASONS = {
    "AC04": "account closed",
    "AM04": "not enough money there",
    "ARDT": "already returned",
    "CUST": "the customer does not agree",
    "LEGL": "law or a court forbids it",
    "NOAS": "the customer does not answer",
    "NOOR": "the transfer never arrived",
    "PTNA": "passed on to the next bank",
    "INDM": "an indemnity is asked for",
    "RQDA": "the creditor's yes is asked for",
    "AGNT": "another bank's decision",
    "NARR": "said in words",
}
RETURN_REASONS = {
    "FOCR": "returned after a recall",
    "FR01": "returned as fraud",
    "AC01": "no such account",
    "AC04": "account closed",
    "AC06": "account blocked",
    "AM05": "paid twice",
    "CUST": "the customer asks",
    "MD06": "the customer asks for it back",
    "MS02": "the customer gives no reason",
    "MS03": "the bank gives no reason",
    "NARR": "said in words",
}
#: Each line of `AddtlInf`.
LINE = 105
_ORDER, _PART = "/ORDR/", "/PART/"
_SPAN = re.compile(r"/PART/([0-9]{1,16})-([0-9]{1,16})")


def read_reason(element: Element, path: str, kind: type[Reasoned] = Reasoned) -> Reasoned:
    """Read every ``path`` of ``element``: the first reason, and all lines."""
    reason, order, part, info = "", "", None, list[str]()
    for given in element.all(path):
        reason = reason or given.text("Rsn/Cd") or given.text("Rsn/Prtry") or ""
        for line in given.all("AddtlInf"):
            text = line.own_text(LINE)
            if text.startswith(_ORDER) and not order:
                order = text.removeprefix(_ORDER)
            elif text.startswith(_PART) and part is None:
                part = _part(text, line.where)
            else:
                info.append(text)
    return kind(reason=reason, order=order, part=part, info=tuple(info))


def write_reason(writer: Writer, parent: etree._Element, path: str, said: Reasoned) -> None:
    """Write one ``path``, if anything was said; ``order`` and ``part`` come before the other lines."""
    lines = [f"{_ORDER}{said.order}"] if said.order else []
    if said.part is not None:
        start, end = said.part
        if not 0 <= start < end <= MAX_MINOR:
            raise BadInput(f"[{start}, {end}) is no part of a transfer", "give 0 <= from < to", where=writer.kind)
        lines.append(f"{_PART}{start}-{end}")
    if clash := [line for line in said.info if line.startswith((_ORDER, _PART))]:
        raise BadInput(f"{clash[0][:40]!r} looks like a line of ours", "give it as order or part", where=writer.kind)
    if said.reason or lines or said.info:
        inner = writer.under(parent, path)
        writer.code(inner, "Rsn", said.reason)
        for line in (*lines, *said.info):
            writer.need(inner, "AddtlInf", line, LINE)


def _part(text: str, where: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    span = (int(found[1]), int(found[2])) if found else (0, 0)
    if not span[0] < span[1] <= MAX_MINOR:
        raise BadInput(f"{text!r} is no part of a transfer", "write /PART/from-to in minor units", where=where)
    return span
