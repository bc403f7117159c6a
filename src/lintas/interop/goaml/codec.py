"""goAML reports between bytes and our words, in the order of goAML's schema.

Times are local to the unit there and have no zone: they are written in UTC and read as UTC, unless an offset is given.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from lxml import etree

from lintas.interop import xml
from lintas.interop.element import Element
from lintas.interop.goaml.records import Account, Entity, Person, Report, Side, Transaction
from lintas.model import money
from lintas.model.errors import BadInput, LintasError, MalformedInput

#: The longest free text (`reason`, `action`).
LONG = 4000
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
_PERSON = (
    ("gender", "gender"),
    ("first_name", "first_name"),
    ("last_name", "last_name"),
    ("birthdate", "birthdate"),
    ("id_number", "id_number"),
    ("nationality1", "nationality"),
    ("residence", "residence"),
    ("email", "email"),
    ("occupation", "occupation"),
)
_ENTITY = (
    ("name", "name"),
    ("commercial_name", "commercial_name"),
    ("incorporation_number", "incorporation_number"),
    ("business", "business"),
    ("incorporation_country_code", "incorporation_country"),
)


def write(report: Report, *, institution: str = "institution_code", offset: str = "+00:00") -> bytes:
    """Write a report; ``institution`` is the element of a bank's code, ``offset`` what clocks show at the unit.

    Raises BadInput for a text that its element cannot hold.
    """
    return _Writing(institution, _zone(offset)).report(report)


def read(data: bytes, *, where: str = "report", offset: str = "+00:00") -> Report:
    """Read a report of transactions. Elements that we have no word for are not read.

    Raises MalformedInput (no XML, no `report`, or one of activities), TooLarge, or BadInput naming the element's place.
    """
    root = xml.parse(data, where=where)
    if root.tag != "report":
        told = f"<{etree.QName(root).localname}> is no goAML report"
        raise MalformedInput(told, "send the `report` unwrapped, without a namespace", where=where)
    return _Reading(_zone(offset)).report(Element(root, "", where))


def _zone(offset: str) -> timezone:
    found = _OFFSET.fullmatch(offset)
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        raise BadInput(f"{offset!r} is no offset", "write it like +08:00", where="offset")
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(size if found[1] == "+" else -size)


class _Writing:
    """One report in the making."""

    def __init__(self, institution: str, zone: timezone) -> None:
        self._institution, self._zone = institution, zone

    def report(self, report: Report) -> bytes:
        root = etree.Element("report")
        self._text(root, "rentity_id", str(report.rentity_id))
        self._text(root, "rentity_branch", report.rentity_branch)
        self._text(root, "submission_code", "E")
        self._text(root, "report_code", report.report_code)
        self._text(root, "entity_reference", report.entity_reference)
        self._text(root, "fiu_ref_number", report.fiu_reference)
        self._time(root, "submission_date", report.submitted)
        self._text(root, "currency_code_local", report.currency)
        self._person(root, "reporting_person", report.reporting_person)
        self._text(root, "reason", report.reason, LONG)
        self._text(root, "action", report.action, LONG)
        for transaction in report.transactions:
            self._transaction(etree.SubElement(root, "transaction"), transaction, report.currency)
        if report.indicators:
            inner = etree.SubElement(root, "report_indicators")
            for indicator in report.indicators:
                self._text(inner, "indicator", indicator)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)

    def _transaction(self, element: etree._Element, said: Transaction, currency: str) -> None:
        self._text(element, "transactionnumber", said.number)
        self._text(element, "internal_ref_number", said.reference)
        self._text(element, "transaction_location", said.location)
        self._text(element, "transaction_description", said.description, LONG)
        self._time(element, "date_transaction", said.date)
        self._text(element, "transmode_code", said.mode)
        self._text(element, "amount_local", _decimal(said.amount_minor, currency))
        for way, side in (("from", said.sender), ("to", said.receiver)):
            inner = etree.SubElement(element, f"t_{way}_my_client" if side.my_client else f"t_{way}")
            self._side(inner, way, side)
        self._text(element, "comments", said.comments, LONG)

    def _side(self, element: etree._Element, way: str, side: Side) -> None:
        self._text(element, f"{way}_funds_code", side.funds_code)
        if side.foreign_minor is not None:
            inner = etree.SubElement(element, f"{way}_foreign_currency")
            self._text(inner, "foreign_currency_code", side.foreign_currency)
            self._text(inner, "foreign_amount", _decimal(side.foreign_minor, side.foreign_currency))
            self._text(inner, "foreign_exchange_rate", side.rate)
        if [side.account, side.person, side.entity].count(None) != 2:
            raise BadInput(f"the {way} side is not one of account, person, entity", "name one", where="transaction")
        if side.account is not None:
            self._account(etree.SubElement(element, f"{way}_account"), side.account)
        elif side.person is not None:
            self._person(element, f"{way}_person", side.person)
        elif side.entity is not None:
            self._fields(etree.SubElement(element, f"{way}_entity"), side.entity, _ENTITY)
        self._text(element, f"{way}_country", side.country)

    def _account(self, element: etree._Element, account: Account) -> None:
        self._text(element, "institution_name", account.institution_name)
        self._text(element, self._institution, account.institution_code)
        self._text(element, "branch", account.branch)
        self._text(element, "account", account.account)
        self._text(element, "currency_code", account.currency)
        self._text(element, "account_name", account.name)
        self._text(element, "iban", account.iban)
        if account.entity is not None:
            self._fields(etree.SubElement(element, "t_entity"), account.entity, _ENTITY)
        for number, person in enumerate(account.signatories):
            inner = etree.SubElement(element, "signatory")
            self._text(inner, "is_primary", "false" if number else "true")
            self._person(inner, "t_person", person)
        self._text(element, "comments", account.comments, LONG)

    def _person(self, parent: etree._Element, name: str, person: Person) -> None:
        self._fields(etree.SubElement(parent, name), person, _PERSON)

    def _fields(self, element: etree._Element, said: Person | Entity, fields: tuple[tuple[str, str], ...]) -> None:
        for name, field in fields:
            value = getattr(said, field)
            self._text(element, name, f"{value.isoformat()}T00:00:00" if isinstance(value, date) else value)

    def _time(self, element: etree._Element, name: str, value: datetime) -> None:
        self._text(element, name, value.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="seconds"))

    def _text(self, parent: etree._Element, name: str, value: str, most: int = 255) -> None:
        if not value:
            return
        if len(value) > most or not value.isprintable() or value.strip() != value:
            what = f"{value[:60]!r} cannot stand in {name}"
            raise BadInput(
                what, f"use at most {most} printable characters, no spaces at the ends", where="goAML report"
            )
        etree.SubElement(parent, name).text = value


class _Reading:
    """One report being read."""

    def __init__(self, zone: timezone) -> None:
        self._zone = zone

    def report(self, root: Element) -> Report:
        number, currency = root.need("rentity_id"), root.need("currency_code_local")
        if not number.isascii() or not number.isdigit():
            raise root.wrong("rentity_id", f"{number!r} is no number", "send the number that the unit gave")
        transactions = root.all("transaction")
        if not transactions:
            raise MalformedInput("no transaction is there", "reports of activities are not read here", where=root.where)
        person = root.find("reporting_person")
        if person is None:
            raise root.missing("reporting_person")
        return Report(
            rentity_id=int(number),
            rentity_branch=root.text("rentity_branch", 255) or "",
            report_code=root.need("report_code"),
            entity_reference=root.need("entity_reference", 255),
            fiu_reference=root.text("fiu_ref_number", 255) or "",
            submitted=self._time(root, "submission_date"),
            currency=currency,
            reporting_person=_person(person),
            reason=root.text("reason", LONG) or "",
            action=root.text("action", LONG) or "",
            transactions=tuple(self._transaction(each, currency) for each in transactions),
            indicators=tuple(each.own_text(255) for each in root.all("report_indicators/indicator")),
        )

    def _transaction(self, element: Element, currency: str) -> Transaction:
        return Transaction(
            number=element.need("transactionnumber", 255),
            reference=element.text("internal_ref_number", 255) or "",
            location=element.text("transaction_location", 255) or "",
            description=element.text("transaction_description", LONG) or "",
            date=self._time(element, "date_transaction"),
            mode=element.need("transmode_code"),
            amount_minor=_minor(element, "amount_local", currency),
            sender=_side(element, "from"),
            receiver=_side(element, "to"),
            comments=element.text("comments", LONG) or "",
        )

    def _time(self, element: Element, path: str) -> datetime:
        text = element.need(path)
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise element.wrong(path, f"{text!r} is not a time", "write YYYY-MM-DDThh:mm:ss") from None


def _side(transaction: Element, way: str) -> Side:
    other, own = transaction.find(f"t_{way}"), transaction.find(f"t_{way}_my_client")
    element = own or other
    if element is None:
        raise transaction.missing(f"t_{way}")
    account, person, entity = (element.find(f"{way}_{kind}") for kind in ("account", "person", "entity"))
    if [account, person, entity].count(None) != 2:
        raise BadInput("not one of account, person and entity is there", "send exactly one", where=element.where)
    foreign = element.find(f"{way}_foreign_currency")
    code = foreign.need("foreign_currency_code") if foreign else ""
    return Side(
        funds_code=element.need(f"{way}_funds_code"),
        country=element.need(f"{way}_country"),
        account=_account(account) if account else None,
        person=_person(person) if person else None,
        entity=_entity(entity) if entity else None,
        my_client=own is not None,
        foreign_minor=_minor(foreign, "foreign_amount", code) if foreign else None,
        foreign_currency=code,
        rate=foreign.text("foreign_exchange_rate") or "" if foreign else "",
    )


def _account(element: Element) -> Account:
    entity = element.find("t_entity")
    return Account(
        institution_name=element.text("institution_name", 255) or "",
        institution_code=element.text("institution_code") or element.text("swift") or "",
        branch=element.text("branch", 255) or "",
        account=element.need("account"),
        currency=element.text("currency_code") or "",
        name=element.text("account_name", 255) or "",
        iban=element.text("iban") or "",
        entity=_entity(entity) if entity else None,
        signatories=tuple(_person(each) for each in element.all("signatory/t_person")),
        comments=element.text("comments", LONG) or "",
    )


def _person(element: Element) -> Person:
    fields = {field: element.text(name, 255) or "" for name, field in _PERSON if name != "birthdate"}
    for needed in ("first_name", "last_name"):
        if not fields[needed]:
            raise element.missing(needed)
    return Person(birthdate=element.day("birthdate"), **fields)


def _entity(element: Element) -> Entity:
    if element.find("name") is None:
        raise element.missing("name")
    return Entity(**{field: element.text(name, 255) or "" for name, field in _ENTITY})


def _decimal(minor: int, currency: str) -> str:
    return money.show(minor, money.currency(currency)).replace(",", "")


def _minor(element: Element, path: str, currency: str) -> int:
    text = element.need(path)
    try:
        return money.parse_decimal(text, currency)
    except LintasError as wrong:
        raise element.wrong(path, wrong.what, wrong.do) from None
