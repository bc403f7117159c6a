"""How a later message refers to an earlier transfer: its ids, its settled amount and day, its two sides."""

from lxml import etree

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.records import Original
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput


def read_original(element: Element, *, group: Element | None = None) -> Original:
    """Read what ``element`` says of the original; its `OrgnlGrpInf` may stand in ``group`` instead.

    Raises BadInput where nothing tells which transfer is meant.
    """
    head = element.find("OrgnlGrpInf") or group
    amount = element.amount("OrgnlIntrBkSttlmAmt") or element.amount("OrgnlInstdAmt")
    amount = amount or element.amount("OrgnlTxRef/IntrBkSttlmAmt") or element.amount("OrgnlTxRef/Amt/InstdAmt")
    day = element.day("OrgnlIntrBkSttlmDt") or element.day("OrgnlTxRef/IntrBkSttlmDt")
    if day is None and (asked := element.date_or_time("OrgnlReqdExctnDt")):
        day = asked[0].date()
    found = Original(
        instruction_id=element.text("OrgnlInstrId"),
        end_to_end_id=element.text("OrgnlEndToEndId"),
        tx_id=element.text("OrgnlTxId"),
        uetr=element.uetr("OrgnlUETR"),
        message_id=None if head is None else head.text("OrgnlMsgId"),
        message_name=None if head is None else head.text("OrgnlMsgNmId"),
        amount_minor=amount[0] if amount else None,
        currency=amount[1] if amount else None,
        day=day,
        debtor_account=element.account("OrgnlTxRef/DbtrAcct"),
        debtor_agent=element.agent("OrgnlTxRef/DbtrAgt"),
        creditor_agent=element.agent("OrgnlTxRef/CdtrAgt"),
        creditor_account=element.account("OrgnlTxRef/CdtrAcct"),
    )
    if not found.reference:
        do = "send OrgnlUETR, OrgnlTxId, OrgnlEndToEndId or OrgnlInstrId"
        raise BadInput("no id of the original transfer is there", do, where=element.where)
    return found


def write_group_of(writer: Writer, parent: etree._Element, original: Original) -> None:
    """Write `OrgnlGrpInf`, where the message that carried the original is known."""
    if original.message_id is not None:
        group = writer.under(parent, "OrgnlGrpInf")
        writer.need(group, "OrgnlMsgId", original.message_id)
        writer.need(group, "OrgnlMsgNmId", original.message_name)


def write_ids(writer: Writer, parent: etree._Element, original: Original, *, tx_id: bool = True) -> None:
    """Write the ids; BadInput without any, or for a transaction id where the message has no place for one."""
    if not original.reference:
        raise BadInput("no id of the original transfer is given", "give its UETR", where=writer.kind)
    if original.tx_id is not None and not tx_id:
        raise BadInput(
            "this message has no place for a transaction id", "give UETR or end-to-end id", where=writer.kind
        )
    writer.text(parent, "OrgnlInstrId", original.instruction_id)
    writer.text(parent, "OrgnlEndToEndId", original.end_to_end_id)
    writer.text(parent, "OrgnlTxId", original.tx_id)
    writer.text(parent, "OrgnlUETR", original.uetr, 36)


def write_settled(writer: Writer, parent: etree._Element, original: Original) -> None:
    """Write the settled amount and day."""
    writer.amount(parent, "OrgnlIntrBkSttlmAmt", original.amount_minor, original.currency)
    writer.day(parent, "OrgnlIntrBkSttlmDt", original.day)


def write_sides(writer: Writer, parent: etree._Element, original: Original, *, settled: bool = False) -> None:
    """Write `OrgnlTxRef`: the sides that are known; ``settled``: amount and day stand there too."""
    sides = (original.debtor_account, original.debtor_agent, original.creditor_agent, original.creditor_account)
    told = settled and (original.amount_minor is not None or original.day is not None)
    if not told and all(side is None for side in sides):
        return
    reference = writer.under(parent, "OrgnlTxRef")
    if settled:
        writer.amount(reference, "IntrBkSttlmAmt", original.amount_minor, original.currency)
        writer.day(reference, "IntrBkSttlmDt", original.day)
    writer.account(reference, "DbtrAcct", original.debtor_account)
    for path, agent in (("DbtrAgt", original.debtor_agent), ("CdtrAgt", original.creditor_agent)):
        if agent is not None:
            writer.agent(reference, path, agent)
    writer.account(reference, "CdtrAcct", original.creditor_account)
