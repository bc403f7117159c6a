"""ISO 20022 `pacs.008` (customer credit transfer between banks): read into plain facts, and write the subset we read.

Source: ISO 20022 message definition FIToFICustomerCreditTransfer, versions 08 to 13; the elements read here have kept
name and place through these versions. Names and addresses of parties are not read: tracing needs none.
"""

import re
from datetime import UTC, date, datetime

import msgspec
from lxml import etree

from lintas.interop import xml
from lintas.model import money, times
from lintas.model.errors import BadInput, LintasError, MalformedInput

VERSIONS = ("08", "09", "10", "11", "12", "13")
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pacs.008.001."
_UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_RATE = re.compile(r"\d{1,11}(\.\d{1,10})?")


class CreditTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """One `CdtTrfTxInf`. Amounts are minor units of their currency.

    ``time`` is `AccptncDtTm`, else `SttlmTmIndctn`; ``time_exact`` is False where the message gives only the
    settlement date, and ``time`` is then the start of that day in UTC. Accounts are the IBAN or `Othr/Id`, agents the
    BIC or the clearing member id; None where the message has none. ``rate`` stays text: it is shown, never computed with.
    """

    end_to_end_id: str
    uetr: str | None = None
    tx_id: str | None = None
    instruction_id: str | None = None
    amount_minor: int
    currency: str
    time: datetime
    time_exact: bool = True
    instructed_minor: int | None = None
    instructed_currency: str | None = None
    rate: str | None = None
    debtor_account: str | None = None
    debtor_agent: str | None = None
    creditor_account: str | None = None
    creditor_agent: str | None = None

    @property
    def reference(self) -> str:
        """Return the reference both banks know: the UETR, else the transaction id, else the end-to-end id."""
        return self.uetr or self.tx_id or self.end_to_end_id


def read_pacs008(data: bytes, *, where: str = "pacs.008") -> list[CreditTransfer]:
    """Read every credit transfer of one message, in document order.

    Raises MalformedInput (no XML, or no pacs.008 of a version we read), TooLarge, or BadInput naming transaction
    number and element path for a value that makes no sense.
    """
    root = xml.parse(data, where=where)
    name = etree.QName(root)
    namespace = name.namespace or ""
    if name.localname != "Document" or namespace.removeprefix(_NAMESPACE) not in VERSIONS:
        told = f"<{name.localname}> in namespace {namespace!r}"
        do = f"send pacs.008.001.{VERSIONS[0]} to .{VERSIONS[-1]}, unwrapped"
        raise MalformedInput(f"{told} is no pacs.008 that is read here", do, where=where)
    body = root.find(f"{{{namespace}}}FIToFICstmrCdtTrf")
    found = [] if body is None else body.findall(f"{{{namespace}}}CdtTrfTxInf")
    if body is None or not found:
        raise MalformedInput("the message has no FIToFICstmrCdtTrf/CdtTrfTxInf", "send the whole message", where=where)
    header = _Element(body, namespace, f"{where}, FIToFICstmrCdtTrf")
    _check_count(header, len(found))
    return [_transfer(_Element(e, namespace, f"{where}, transaction {n}"), header) for n, e in enumerate(found, 1)]


def write_pacs008(transfers: list[CreditTransfer], *, message_id: str, created: datetime, version: str = "08") -> bytes:
    """Write one message (settlement method `INDA`, charges `SLEV`); BadInput for no transfer or an unknown version.

    What :func:`read_pacs008` reads comes back equal; parties are written as `NOTPROVIDED`.
    """
    if version not in VERSIONS or not transfers:
        raise BadInput(f"cannot write {len(transfers)} transfers as version {version!r}", f"use one of {VERSIONS}")
    namespace = _NAMESPACE + version
    document = etree.Element(f"{{{namespace}}}Document", nsmap={None: namespace})  # type: ignore[dict-item]  # the stubs miss the default prefix
    body = etree.SubElement(document, f"{{{namespace}}}FIToFICstmrCdtTrf")
    header = _add(body, "GrpHdr")
    _add(header, "MsgId", message_id)
    _add(header, "CreDtTm", times.render(created))
    _add(header, "NbOfTxs", str(len(transfers)))
    _add(_add(header, "SttlmInf"), "SttlmMtd", "INDA")
    for transfer in transfers:
        _write_transfer(body, transfer)
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


class _Element:
    """An element, its namespace and its path, so that every error can name the place."""

    def __init__(self, element: etree._Element, namespace: str, where: str) -> None:
        self._element, self._namespace, self.where = element, namespace, where

    def find(self, path: str) -> "_Element | None":
        found = self._element.find("/".join(f"{{{self._namespace}}}{step}" for step in path.split("/")))
        return None if found is None else _Element(found, self._namespace, f"{self.where}, {path}")

    def text(self, path: str) -> str | None:
        """Return the stripped text at ``path``; None if the element is absent, BadInput if it is there but empty."""
        found = self.find(path)
        if found is None:
            return None
        text = (found._element.text or "").strip()
        if not text or len(text) > 140 or not text.isprintable():
            raise BadInput("the element is empty, too long or not printable", "send its value", where=found.where)
        return text

    def attribute(self, name: str) -> str | None:
        value = self._element.get(name)
        return None if value is None else str(value)


def _check_count(header: _Element, found: int) -> None:
    """Refuse a message that announces another number of transactions than it carries: it was cut or joined."""
    told = header.text("GrpHdr/NbOfTxs")
    if told is not None and told != str(found):
        where = f"{header.where}, GrpHdr/NbOfTxs"
        raise BadInput(f"the header announces {told} transactions, {found} are there", "send it whole", where=where)


def _transfer(element: _Element, header: _Element) -> CreditTransfer:
    end_to_end = element.text("PmtId/EndToEndId")
    if end_to_end is None:
        raise BadInput("the element is missing", "every transfer has one", where=f"{element.where}, PmtId/EndToEndId")
    uetr = element.text("PmtId/UETR")
    if uetr is not None and not _UETR.fullmatch(uetr):
        raise BadInput(f"{uetr!r} is not a UETR", "send a lower-case UUID 4", where=f"{element.where}, PmtId/UETR")
    settled = _amount(element, "IntrBkSttlmAmt")
    if settled is None:
        raise BadInput("the element is missing", "every transfer has one", where=f"{element.where}, IntrBkSttlmAmt")
    instructed = _amount(element, "InstdAmt")
    rate = element.text("XchgRate")
    if rate is not None and not _RATE.fullmatch(rate):
        raise BadInput(f"{rate!r} is not a rate", "send a decimal number", where=f"{element.where}, XchgRate")
    moment, exact = _time(element, header)
    return CreditTransfer(
        end_to_end_id=end_to_end,
        uetr=uetr,
        tx_id=element.text("PmtId/TxId"),
        instruction_id=element.text("PmtId/InstrId"),
        amount_minor=settled[0],
        currency=settled[1],
        time=moment,
        time_exact=exact,
        instructed_minor=instructed[0] if instructed else None,
        instructed_currency=instructed[1] if instructed else None,
        rate=rate,
        debtor_account=_account(element, "DbtrAcct"),
        debtor_agent=_agent(element, "DbtrAgt"),
        creditor_account=_account(element, "CdtrAcct"),
        creditor_agent=_agent(element, "CdtrAgt"),
    )


def _amount(element: _Element, path: str) -> tuple[int, str] | None:
    text, found = element.text(path), element.find(path)
    if text is None or found is None:
        return None
    code = found.attribute("Ccy")
    try:
        amount = money.parse_decimal(text, code or "")
    except LintasError as wrong:
        raise BadInput(wrong.what, wrong.do, where=found.where) from None
    if amount == 0:
        raise BadInput("the amount is zero", "leave the transaction out", where=found.where)
    return amount, code or ""


def _time(element: _Element, header: _Element) -> tuple[datetime, bool]:
    for path in ("AccptncDtTm", "SttlmTmIndctn/DbtDtTm", "SttlmTmIndctn/CdtDtTm"):
        text = element.text(path)
        if text is not None:
            try:
                return times.parse(text), True
            except BadInput as wrong:
                raise BadInput(wrong.what, wrong.do, where=f"{element.where}, {path}") from None
            except OverflowError:
                raise BadInput(f"{text!r} is out of range", "check it", where=f"{element.where}, {path}") from None
    text = element.text("IntrBkSttlmDt") or header.text("GrpHdr/IntrBkSttlmDt")
    place = f"{element.where}, IntrBkSttlmDt"
    if text is None:
        raise BadInput("neither AccptncDtTm nor IntrBkSttlmDt is there", "send one of them", where=place)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a date", "write YYYY-MM-DD", where=place) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC), False


def _account(element: _Element, path: str) -> str | None:
    return element.text(f"{path}/Id/IBAN") or element.text(f"{path}/Id/Othr/Id")


def _agent(element: _Element, path: str) -> str | None:
    bic = element.text(f"{path}/FinInstnId/BICFI")
    return bic or element.text(f"{path}/FinInstnId/ClrSysMmbId/MmbId")


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{{{etree.QName(parent).namespace}}}{name}")
    child.text = text
    return child


def _add_amount(parent: etree._Element, name: str, amount_minor: int, code: str) -> None:
    _add(parent, name, money.show(amount_minor, money.currency(code)).replace(",", "")).set("Ccy", code)


def _write_transfer(body: etree._Element, transfer: CreditTransfer) -> None:
    """Write one `CdtTrfTxInf`; the order of elements is the schema's."""
    element = _add(body, "CdtTrfTxInf")
    ids = _add(element, "PmtId")
    named = (
        ("InstrId", transfer.instruction_id),
        ("EndToEndId", transfer.end_to_end_id),
        ("TxId", transfer.tx_id),
        ("UETR", transfer.uetr),
    )
    for name, value in named:
        if value is not None:
            _add(ids, name, value)
    _add_amount(element, "IntrBkSttlmAmt", transfer.amount_minor, transfer.currency)
    _add(element, "IntrBkSttlmDt", transfer.time.astimezone(UTC).date().isoformat())
    if transfer.time_exact:
        _add(element, "AccptncDtTm", times.render(transfer.time))
    if transfer.instructed_minor is not None and transfer.instructed_currency is not None:
        _add_amount(element, "InstdAmt", transfer.instructed_minor, transfer.instructed_currency)
    if transfer.rate is not None:
        _add(element, "XchgRate", transfer.rate)
    _add(element, "ChrgBr", "SLEV")
    _add(_add(element, "Dbtr"), "Nm", "NOTPROVIDED")
    _write_account(element, "DbtrAcct", transfer.debtor_account)
    _write_agent(element, "DbtrAgt", transfer.debtor_agent)
    _write_agent(element, "CdtrAgt", transfer.creditor_agent)
    _add(_add(element, "Cdtr"), "Nm", "NOTPROVIDED")
    _write_account(element, "CdtrAcct", transfer.creditor_account)


def _write_account(element: etree._Element, name: str, account: str | None) -> None:
    if account is not None:
        iban = re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", account)
        inner = _add(_add(element, name), "Id")
        _add(inner if iban else _add(inner, "Othr"), "IBAN" if iban else "Id", account)


def _write_agent(element: etree._Element, name: str, agent: str | None) -> None:
    inner = _add(_add(element, name), "FinInstnId")
    if agent is None:
        _add(_add(inner, "Othr"), "Id", "NOTPROVIDED")
    elif re.fullmatch(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", agent):
        _add(inner, "BICFI", agent)
    else:
        _add(_add(inner, "ClrSysMmbId"), "MmbId", agent)
