"""Writing elements in the schema's order: what is too long for its element is refused, never cut."""

import re
from datetime import UTC, date, datetime

from lxml import etree

from lintas.interop.iso20022.element import NAMESPACE
from lintas.interop.iso20022.records import Party
from lintas.model import money, times
from lintas.model.errors import BadInput

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_CODE = re.compile(r"[A-Z0-9]{4}")


class Writer:
    """One message in the making: its `Document` and, as ``body``, the message's own element."""

    def __init__(self, kind: str, root: str) -> None:
        self.kind, self._prefix = kind, f"{{{NAMESPACE}{kind}}}"
        self._document = etree.Element(f"{self._prefix}Document", nsmap={None: NAMESPACE + kind})  # type: ignore[dict-item]  # the stubs miss the default prefix
        self.body = self.under(self._document, root)

    def under(self, parent: etree._Element, path: str) -> etree._Element:
        """Add the elements of ``path`` (`A/B/C`), each inside the one before; return the last."""
        for step in path.split("/"):
            parent = etree.SubElement(parent, self._prefix + step)
        return parent

    def text(self, parent: etree._Element, path: str, value: str | None, most: int = 35) -> None:
        """Add ``path`` with a text; nothing for None or "". BadInput for a text that the element cannot hold."""
        if value is None or value == "":
            return
        if len(value) > most or not value.isprintable() or value.strip() != value:
            what = f"{value[:60]!r} cannot stand in {path}"
            raise BadInput(what, f"use 1 to {most} printable characters, no spaces at the ends", where=self.kind)
        self.under(parent, path).text = value

    def need(self, parent: etree._Element, path: str, value: str | None, most: int = 35) -> None:
        """Add ``path`` with a text that must be there; BadInput without one."""
        if not value:
            raise BadInput(f"{path} is mandatory and has no value", "give it", where=self.kind)
        self.text(parent, path, value, most)

    def moment(self, parent: etree._Element, path: str, value: datetime | None) -> None:
        """Add a time in UTC."""
        if value is not None:
            self.under(parent, path).text = times.render(value)

    def day(self, parent: etree._Element, path: str, value: date | None) -> None:
        """Add a date; that of a time is its day in UTC."""
        if isinstance(value, datetime):
            value = value.astimezone(UTC).date()
        if value is not None:
            self.under(parent, path).text = value.isoformat()

    def amount(self, parent: etree._Element, path: str, minor: int | None, code: str | None) -> None:
        """Add an amount with its currency, with the currency's own decimals; nothing where there is none."""
        if minor is None or code is None:
            return
        if not 0 < minor <= money.MAX_MINOR:
            raise BadInput(f"{minor} cannot be an amount", "give minor units above zero", where=f"{self.kind}, {path}")
        element = self.under(parent, path)
        element.text = money.show(minor, money.currency(code)).replace(",", "")
        element.set("Ccy", code)

    def account(self, parent: etree._Element, path: str, value: str | None) -> None:
        """Add an account: as IBAN where it looks like one."""
        if value is not None:
            inner = self.under(parent, f"{path}/Id")
            self.text(inner, "IBAN" if _IBAN.fullmatch(value) else "Othr/Id", value, 34)

    def agent(self, parent: etree._Element, path: str, value: str | None) -> None:
        """Add a bank: as BIC where it looks like one, else as a clearing member; `NOTPROVIDED` for None."""
        inner = self.under(parent, f"{path}/FinInstnId")
        if value is None:
            self.text(inner, "Othr/Id", "NOTPROVIDED")
        else:
            self.text(inner, "BICFI" if _BIC.fullmatch(value) else "ClrSysMmbId/MmbId", value)

    def party(self, parent: etree._Element, path: str, value: Party | None) -> None:
        """Add who it is: `Agt` for a bank, else `Pty`; BadInput without either."""
        if value is None or not (value.agent or value.name):
            raise BadInput(f"{path} is mandatory and nobody is named", "give an agent or a name", where=self.kind)
        inner = self.under(parent, path)
        if value.agent:
            self.agent(inner, "Agt", value.agent)
        else:
            self.text(inner, "Pty/Nm", value.name, 140)

    def code(self, parent: etree._Element, path: str, value: str) -> None:
        """Add a choice of an external code (`Cd`) or of a bank's own words (`Prtry`); nothing for ""."""
        if value:
            self.text(parent, f"{path}/{'Cd' if _CODE.fullmatch(value) else 'Prtry'}", value)

    def done(self) -> bytes:
        """Return the message as UTF-8."""
        return etree.tostring(self._document, xml_declaration=True, encoding="UTF-8")
