"""What a message says of itself: the group header of the `pacs` messages, and the assignment and case of the `camt` ones."""

from lxml import etree

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.records import Case, Header, Party
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput


def read_group(body: Element, *, count: int | None = None) -> Header:
    """Read `GrpHdr`; BadInput where it announces another number of transactions than ``count``: the message was cut."""
    group = body.find("GrpHdr")
    if group is None:
        raise body.missing("GrpHdr")
    told = group.text("NbOfTxs")
    if count is not None and told is not None and told != str(count):
        where = body.at("GrpHdr/NbOfTxs")
        raise BadInput(f"the header announces {told} transactions, {count} are there", "send it whole", where=where)
    sender, receiver = group.agent("InstgAgt"), group.agent("InstdAgt")
    return Header(
        id=group.need("MsgId", 35),
        created=group.made("CreDtTm"),
        sender=None if sender is None else Party(agent=sender),
        receiver=None if receiver is None else Party(agent=receiver),
    )


def write_group(writer: Writer, header: Header, *, count: int | None = None) -> None:
    """Write `GrpHdr`; with a ``count`` also what messages that move money need: settlement method `INDA`."""
    group = writer.under(writer.body, "GrpHdr")
    writer.need(group, "MsgId", header.id)
    if header.created is None:
        raise BadInput("CreDtTm is mandatory and has no value", "give `created`", where=writer.kind)
    writer.moment(group, "CreDtTm", header.created)
    if count is not None:
        writer.text(group, "NbOfTxs", str(count))
        writer.text(group, "SttlmInf/SttlmMtd", "INDA")
    for path, party in (("InstgAgt", header.sender), ("InstdAgt", header.receiver)):
        if party is not None:
            writer.agent(group, path, _bank(party, path, writer))


def read_assignment(body: Element) -> Header:
    """Read `Assgnmt`: who hands the case to whom."""
    assignment = body.find("Assgnmt")
    if assignment is None:
        raise body.missing("Assgnmt")
    return Header(
        id=assignment.need("Id", 35),
        created=assignment.made("CreDtTm"),
        sender=read_party(assignment, "Assgnr"),
        receiver=read_party(assignment, "Assgne"),
    )


def write_assignment(writer: Writer, header: Header) -> None:
    """Write `Assgnmt`; both sides and the time are mandatory."""
    assignment = writer.under(writer.body, "Assgnmt")
    writer.need(assignment, "Id", header.id)
    writer.party(assignment, "Assgnr", header.sender)
    writer.party(assignment, "Assgne", header.receiver)
    if header.created is None:
        raise BadInput("CreDtTm is mandatory and has no value", "give `created`", where=writer.kind)
    writer.moment(assignment, "CreDtTm", header.created)


def read_case(element: Element, path: str) -> Case | None:
    """Read a case; None if there is none."""
    case = element.find(path)
    return None if case is None else Case(id=case.need("Id", 35), opened_by=read_party(case, "Cretr"))


def write_case(writer: Writer, parent: etree._Element, path: str, case: Case | None) -> None:
    """Write a case; nothing for None."""
    if case is not None:
        inner = writer.under(parent, path)
        writer.need(inner, "Id", case.id)
        writer.party(inner, "Cretr", case.opened_by)


def read_party(element: Element, path: str) -> Party:
    """Read who it is: the bank's code, else a name (a bank may have a name only); BadInput where nobody is named."""
    agent = element.agent(f"{path}/Agt")
    if agent is not None:
        return Party(agent=agent)
    name = element.text(f"{path}/Pty/Nm") or element.text(f"{path}/Agt/FinInstnId/Nm") or _other_id(element, path)
    if name is None:
        raise element.missing(path)
    return Party(name=name)


def _other_id(element: Element, path: str) -> str | None:
    """Return the id of a party that has no name."""
    identity = f"{path}/Pty/Id/OrgId"
    return element.text(f"{identity}/AnyBIC") or element.text(f"{identity}/BICOrBEI") or element.text(f"{identity}/LEI")


def _bank(party: Party, path: str, writer: Writer) -> str:
    if not party.agent:
        raise BadInput(f"{path} must be a bank, {party.name!r} is a name", "give its agent code", where=writer.kind)
    return party.agent
