"""What elements of ISO 20022 hold: amounts, times, accounts and agents."""

import re
from datetime import UTC, date, datetime, time

from lxml import etree

from lintas.interop import element, xml
from lintas.model import money
from lintas.model.errors import LintasError, MalformedInput

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
_UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Element(element.Element):
    """An element of a message."""

    __slots__ = ()

    def uetr(self, path: str) -> str | None:
        """Return a UETR; BadInput for one that is no lower-case UUID 4."""
        text = self.text(path)
        if text is not None and not _UETR.fullmatch(text):
            raise self.wrong(path, f"{text!r} is not a UETR", "send a lower-case UUID 4")
        return text

    def amount(self, path: str, *, zero: bool = False) -> tuple[int, str] | None:
        """Return minor units and currency (`Ccy`); BadInput for no amount, an unknown currency, or zero."""
        found = self.find(path)
        if found is None:
            return None
        text, code = found.own_text(), str(found.attribute("Ccy") or "")
        try:
            amount = money.parse_decimal(text, code)
        except LintasError as wrong:
            raise self.wrong(path, wrong.what, wrong.do) from None
        if amount == 0 and not zero:
            raise self.wrong(path, "the amount is zero", "leave the transaction out")
        return amount, code

    def made(self, path: str) -> datetime:
        """Return when a message was made. Many systems write no zone here: it is then read as UTC, and nothing rests on it."""
        text = self.need(path)
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.wrong(path, f"{text!r} is not a time", "write RFC 3339, e.g. 2026-03-01T10:07:00Z") from None

    def date_or_time(self, path: str) -> tuple[datetime, bool] | None:
        """Return `DtTm` with True, else the start of `Dt` (or of the day itself) in UTC with False; None if it is absent."""
        if self.find(path) is None:
            return None
        moment = self.moment(f"{path}/DtTm")
        if moment is not None:
            return moment, True
        day = self.day(f"{path}/Dt") if self.find(f"{path}/Dt") else self.day(path)
        assert day is not None  # noqa: S101 — the element is there, and an empty one was refused
        return start_of(day), False

    def account(self, path: str) -> str | None:
        """Return the account at ``path``: its IBAN, else its other id."""
        return self.text(f"{path}/Id/IBAN") or self.text(f"{path}/Id/Othr/Id")

    def agent(self, path: str) -> str | None:
        """Return the bank at ``path``: its BIC, else its clearing member id, else another id; None for `NOTPROVIDED`."""
        bank = f"{path}/FinInstnId"
        found = self.text(f"{bank}/BICFI") or self.text(f"{bank}/BIC") or self.text(f"{bank}/ClrSysMmbId/MmbId")
        found = found or self.text(f"{bank}/Othr/Id")
        return None if found == "NOTPROVIDED" else found


def start_of(day: date) -> datetime:
    """Return the start of a day in UTC, which stands for a time that a message does not give."""
    return datetime.combine(day, time(), UTC)


def open_document(data: bytes, where: str) -> tuple[Element, str]:
    """Return the `Document` of a message, which goes by ``where``, and its kind (`pacs.008.001.08`).

    Raises MalformedInput (no XML, or no ISO 20022 message) or TooLarge.
    """
    root = xml.parse(data, where=where)
    name = etree.QName(root)
    namespace = name.namespace or ""
    if name.localname != "Document" or not namespace.startswith(NAMESPACE):
        told = f"<{name.localname}> in namespace {namespace!r} is no ISO 20022 message"
        raise MalformedInput(told, "send the `Document` unwrapped, in its namespace", where=where)
    return Element(root, f"{{{namespace}}}", where), namespace.removeprefix(NAMESPACE)
