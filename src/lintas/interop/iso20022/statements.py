"""`camt.053` (statement) and `camt.054` (notification), read: what a bank booked on its customers' accounts.

An entry with several transactions (`TxDtls`) becomes one entry each: their amounts must sum to the entry's. In an entry
marked as a reversal the sides keep the names of the transfer that is reversed (ISO 20022 message definition report).
"""

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.header import read_group
from lintas.interop.iso20022.records import Balance, Entry, Header, Statement
from lintas.model.errors import BadInput, MalformedInput

_SIGNS = {"CRDT": True, "DBIT": False}
_NONE = "NOTPROVIDED"


def read_statements(body: Element) -> tuple[Header, tuple[Statement, ...]]:
    """Read each account's statement of a `camt.053`."""
    return read_group(body), _all(body, "Stmt")


def read_notifications(body: Element) -> tuple[Header, tuple[Statement, ...]]:
    """Read each account's notification of a `camt.054`."""
    return read_group(body), _all(body, "Ntfctn")


def _all(body: Element, path: str) -> tuple[Statement, ...]:
    found = tuple(_statement(each) for each in body.all(path))
    if not found:
        raise MalformedInput(f"the message has no {path}", "send the whole message", where=body.where)
    return found


def _statement(element: Element) -> Statement:
    account = element.account("Acct")
    if account is None:
        raise element.missing("Acct/Id")
    balances = {code: each for each in element.all("Bal") if (code := _code_of(each))}
    first = balances.get("OPBD") or balances.get("PRCD")
    last = balances.get("CLBD")
    return Statement(
        id=element.need("Id", 35),
        account=account,
        agent=element.agent("Acct/Svcr"),
        opening=_balance(first) if first else None,
        closing=_balance(last) if last else None,
        entries=tuple(each for entry in element.all("Ntry") for each in _entries(entry)),
    )


def _code_of(balance: Element) -> str:
    """Return the code of a balance; "" for one between the pages of a statement."""
    if balance.text("Tp/SubTp/Cd") == "INTM":
        return ""
    return balance.text("Tp/CdOrPrtry/Cd") or ""


def _balance(element: Element) -> Balance:
    amount, day = element.amount("Amt", zero=True), element.date_or_time("Dt")
    if amount is None or day is None:
        raise element.missing("Amt" if amount is None else "Dt")
    minor = amount[0] if _credit(element) else -amount[0]
    return Balance(amount_minor=minor, currency=amount[1], day=day[0].date())


def _credit(element: Element) -> bool:
    text = element.need("CdtDbtInd")
    if text not in _SIGNS:
        raise BadInput(f"{text!r} is no side", "use CRDT or DBIT", where=element.at("CdtDbtInd"))
    return _SIGNS[text]


def _entries(entry: Element) -> list[Entry]:
    """Return the entry, or one for each transaction that it is made of."""
    amount = entry.amount("Amt")
    if amount is None:
        raise entry.missing("Amt")
    details = list(entry.all("NtryDtls/TxDtls"))
    if len(details) < 2:
        return [_entry(entry, details[0] if details else None, amount)]
    parts = [each.amount("Amt") or each.amount("AmtDtls/TxAmt/Amt") for each in details]
    signs = [1 if not each.text("CdtDbtInd") or _credit(each) == _credit(entry) else -1 for each in details]
    total = sum(part[0] * sign for part, sign in zip(parts, signs, strict=True) if part and part[1] == amount[1])
    if total != amount[0] or any(part is None or part[1] != amount[1] for part in parts):
        what = "the transactions of the entry do not sum to its amount"
        raise BadInput(what, "send each with Amt, in the account's currency", where=entry.at("NtryDtls"))
    return [_entry(entry, each, part) for each, part in zip(details, parts, strict=True) if part]


def _entry(entry: Element, detail: Element | None, amount: tuple[int, str]) -> Entry:
    booked = entry.date_or_time("BookgDt") or entry.date_or_time("ValDt")
    if booked is None:
        raise BadInput("neither BookgDt nor ValDt is there", "send one of them", where=entry.at("BookgDt"))
    value = entry.date_or_time("ValDt")
    credit = _credit(detail) if detail and detail.text("CdtDbtInd") else _credit(entry)
    reversal = entry.text("RvslInd") in ("true", "1")
    settled = detail.amount("AmtDtls/TxAmt/Amt") if detail else None
    other = "Dbtr" if credit != reversal else "Cdtr"
    return Entry(
        amount_minor=amount[0],
        currency=amount[1],
        credit=credit,
        time=booked[0],
        time_exact=booked[1],
        value_day=value[0].date() if value else None,
        status=_status(entry),
        sent_back=reversal or bool(detail and detail.find("RtrInf")),
        servicer_reference=_reference(detail, "Refs/AcctSvcrRef") or _reference(entry, "AcctSvcrRef"),
        uetr=detail.uetr("Refs/UETR") if detail else None,
        tx_id=_reference(detail, "Refs/TxId"),
        end_to_end_id=_reference(detail, "Refs/EndToEndId"),
        settled_minor=settled[0] if settled else None,
        settled_currency=settled[1] if settled else None,
        other_account=detail.account(f"RltdPties/{other}Acct") if detail else None,
        other_agent=detail.agent(f"RltdAgts/{other}Agt") if detail else None,
        place=detail.where if detail else entry.where,
    )


def _status(entry: Element) -> str:
    """Return `BOOK`, `PDNG`, `INFO`…; up to version 02 to 07 it stands without `Cd`."""
    if entry.find("Sts/Cd") or entry.find("Sts/Prtry"):
        return entry.text("Sts/Cd") or entry.need("Sts/Prtry")
    return entry.need("Sts")


def _reference(element: Element | None, path: str) -> str | None:
    text = element.text(path) if element else None
    return None if text == _NONE else text
