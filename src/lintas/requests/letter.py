"""The order as a letter: what a bank's lawyer needs to see before money is held, and how its owner can object."""

import base64
import hashlib
import hmac

from lintas.model import times
from lintas.model.money import show
from lintas.model.places import jurisdictions
from lintas.requests.records import Order

_LETTER = """\
{authority}
{place}

To:         {bank}, fraud desk
Reference:  {reference}
Date:       {issued}

ORDER TO HOLD AN AMOUNT

Under {law} (rule {rule}), {authority} orders you to hold

    {amount} {currency}

and no more, traced by first-in-first-out to the part from {start} to {end} of transfer
{transfer}, wherever that part is in your ledger now.

This order covers an amount, not an account: the rest of any account stays free.
It is valid until {expires}; after that you must not hold the amount under this order.
Answer in full, in part, moved on, spent, or not found; if law prevents you, answer with the
section that does.

Approved by {approvers}
Questions: {contact}
{objections}"""
_OBJECTIONS = """
FOR THE OWNER OF THE ACCOUNT

Whoever the held amount belongs to by right can object, without a lawyer and at no cost. A person decides, who
is not the one that approved this order, and says why. Please hand on this address:

    {address}
"""


def token_of(salt: bytes) -> str:
    """Return the token by which somebody may object to the order with this salt: 26 letters and digits (130 bits).

    It is made from the salt of the order's ledger commitment, so that erasing the one ends the other.
    """
    return base64.b32encode(hmac.digest(salt, b"lintas appeal token v1", "sha256")).decode()[:26].lower()


def token_hash(token: str) -> str:
    """Return the SHA-256 under which a token is found."""
    return hashlib.sha256(token.encode()).hexdigest()


def write(order: Order, *, authority: str, objections: str = "") -> str:
    """Return the letter in plain text (English); times are UTC, to the second; ``objections`` is where to object."""
    baton = order.baton
    return _LETTER.format(
        authority=authority,
        place=jurisdictions().get(order.basis.jurisdiction, order.basis.jurisdiction),
        bank=order.bank,
        reference=order.id,
        issued=_to_the_second(order.issued_at),
        law=order.basis.law,
        rule=order.basis.rule,
        amount=show(order.amount_minor, order.currency),
        currency=order.currency,
        start=show(baton.start, baton.currency),
        end=show(baton.end, baton.currency),
        transfer=baton.transfer,
        expires=_to_the_second(order.expires),
        approvers=f"{order.approver} and {order.second_approver}" if order.second_approver else order.approver,
        contact=order.contact,
        objections=_OBJECTIONS.format(address=objections) if objections else "",
    )


def _to_the_second(at: str) -> str:
    return times.render(times.parse(at).replace(microsecond=0))
