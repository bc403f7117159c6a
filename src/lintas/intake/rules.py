"""Pure decisions of intake: what a form and a text together claim, and when two reports speak of the same transfer."""

import hashlib
from collections.abc import Sequence

from lintas.intake.records import Claim, Report, ReportForm
from lintas.model import money, times
from lintas.model.errors import BadInput
from lintas.model.identifiers import Identifier
from lintas.model.tainted import Find
from lintas.text.report import Claim as Said


def claim_of(form: ReportForm, said: Said, found: list[Identifier]) -> tuple[Claim | None, tuple[str, ...]]:
    """Return the claim and what is still missing for one; a filled field of the form wins over the text."""
    code = form.currency or said.currency or ""
    amount = _amount(form.amount, code) if form.amount else said.amount_minor
    reference = form.reference or said.reference
    receiver = _digits(form.receiver) or _suspect_account(found)
    at = times.render(times.parse(form.at)) if form.at else _exact(said.time)
    missing = []
    if not form.bank:
        missing.append("bank")
    if amount is None or not code:
        missing.append("amount and currency")
    if not reference and not receiver:
        missing.append("the account that the money went to, or a reference")
    if missing or amount is None:
        return None, tuple(missing)
    find = Find(amount_minor=amount, currency=money.currency(code), reference=reference, receiver=receiver, at=at)
    return Claim(bank=form.bank, find=find), ()


def fingerprint(claim: Claim | None) -> str | None:
    """Return the same string for reports of the same transfer: by bank, amount and reference, else receiver and day.

    The amount counts beside a reference too: a false report with a true reference must not swallow the real one.
    """
    if claim is None:
        return None
    find = claim.find
    day = (find.at or "")[:10]
    amount = (str(find.amount_minor), find.currency)
    key = (find.reference, *amount) if find.reference else (find.receiver, *amount, day)
    return hashlib.sha256("\n".join([claim.bank, *(part or "" for part in key)]).encode()).hexdigest()


def scheme_of(form: ReportForm, others: Sequence[Report]) -> str:
    """Return the form's scheme; where it names none, what the case's earlier reports (oldest first) say."""
    said = [form.scheme, *(report.scheme for report in others)]
    return next((scheme for scheme in said if scheme != "unknown"), "unknown")


def form_identifiers(form: ReportForm) -> list[Identifier]:
    """Return what the form's own fields say: the receiving account and the caller that phoned are the suspect's."""
    found = []
    if form.receiver:
        value = _digits(form.receiver) or ""
        found.append(Identifier(type="bank_account", value=value, role="suspect", confidence=1.0))
    if form.phone:
        found.append(Identifier(type="phone", value=form.phone, role="suspect", confidence=1.0))
    return found


def together(form: list[Identifier], text: list[Identifier]) -> list[Identifier]:
    """Join what form and text say: an identifier in both is listed once, as the text has it, unless only the form is sure.

    The victim's own stays the victim's, whatever field it was typed into.
    """
    said = {(each.type, each.value) for each in text if each.role != "unknown"}
    sure = [each for each in form if (each.type, each.value) not in said]
    typed = {(each.type, each.value) for each in sure}
    return sure + [each for each in text if (each.type, each.value) not in typed]


def _amount(text: str, code: str) -> int:
    if not code:
        raise BadInput("an amount without a currency", "fill in the currency", where="currency")
    amount = money.parse_decimal(text.replace(",", "").replace(" ", ""), code)
    if amount <= 0:
        raise BadInput("the stolen amount is not above zero", "enter what was taken", where="amount")
    return amount


def _exact(time: str | None) -> str | None:
    """Keep a time from the text only where it says its zone; a bank would otherwise have to guess."""
    return time if time is not None and time.endswith("Z") else None


def _suspect_account(found: list[Identifier]) -> str | None:
    for identifier in found:
        if identifier.type == "bank_account" and identifier.role == "suspect":
            return identifier.value
    return None


def _digits(text: str) -> str | None:
    return "".join(character for character in text if character.isalnum()).upper() or None
