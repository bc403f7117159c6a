"""The fictional law of a simulated world: who may say what to whom; the policy tables are written from it, audits read it.

The audit compares what left an authority with ``may_release`` and never asks the policy tables, so that a fault in the one
shows in the other.
"""

from functools import lru_cache
from typing import NamedTuple

from lintas.policy.table import PolicyTable


class Cast(NamedTuple):
    """One authority: its jurisdiction, its banks, its currency, and the jurisdictions that it may ask for a hold."""

    authority: str
    jurisdiction: str
    currency: str
    banks: tuple[str, ...]
    asks: tuple[str, ...]


#: Four who play fair. Each may ask some of the others only: the rest must be refused at its own border.
HONEST = (
    Cast("xa-asc", "XA", "XAK", ("XAFB", "XABT"), ("XB", "XC", "XD")),
    Cast("xb-asc", "XB", "XBK", ("XBUB", "XBCS"), ("XA", "XC")),
    Cast("xc-asc", "XC", "XCK", ("XCMB", "XCHB"), ("XA", "XB", "XD")),
    Cast("xd-asc", "XD", "XDK", ("XDNB", "XDTB"), ("XA", "XC", "XD")),
)
#: The lying member; it is a second authority of XD, so that a name and a jurisdiction are two things.
LIAR = Cast("xd-fiu", "XD", "XDK", ("XDFB",), ())
EVERYBODY = (*HONEST, LIAR)
OF = {cast.authority: cast for cast in EVERYBODY}
BANK_OF = {bank: cast.authority for cast in EVERYBODY for bank in cast.banks}
#: A status may be told about a hold, never as an investigation; the purpose that no rule of anybody names.
STATUS_PURPOSES = ("status", "stop_payment")
FORBIDDEN_PURPOSE = "investigation"
HOLD_HOURS = 48


def may_release(origin: str, peer: str, kind: str, purpose: str, plane: str) -> bool:
    """Say by the law above whether a statement of this kind may leave ``origin`` for ``peer``."""
    theirs = OF[peer].jurisdiction
    match kind:
        case "hold_request":
            return plane == "B" and purpose == "stop_payment" and theirs in OF[origin].asks
        case "hold_answer":
            return plane == "B" and purpose == "stop_payment"
        case "hold_status":
            return plane in ("A", "B") and purpose in STATUS_PURPOSES
    return False


@lru_cache(maxsize=8)
def table(jurisdiction: str) -> PolicyTable:
    """Return the decision table of a jurisdiction's honest authority."""
    cast = next(cast for cast in HONEST if cast.jurisdiction == jurisdiction)
    return PolicyTable.load(_text(cast), source=f"{jurisdiction} (simulated)")


def _text(cast: Cast) -> str:
    low, law = cast.jurisdiction.lower(), f"Fictional Act of {cast.jurisdiction}"
    order = {"holder": "[bank]", "humans": "1", "hold_hours": str(HOLD_HOURS), "confirm_hours": "720"}
    sent = {"holder": "any", "expires_hours": "720", "use": "[stop_payment, release_funds]"}
    asks = f"[{', '.join(cast.asks)}]"
    hold = "[stop_payment]"
    rules = [
        _rule(f"{low}-order", f"{law}, s.1", "[order]", "hold_order", "account_holder", hold, "any", order),
        _rule(f"{low}-ask", f"{law}, s.2", "[release]", "hold_request", "account_holder", hold, asks, sent),
        _rule(f"{low}-be-asked", f"{law}, s.3", "[admit]", "hold_request", "account_holder", hold, "any", sent),
        _rule(f"{low}-answer", f"{law}, s.4", "[release, admit]", "hold_answer", "account_holder", hold, "any", sent),
        _rule(
            f"{low}-status",
            f"{law}, s.5",
            "[release, admit]",
            "status",
            "none",
            f"[{', '.join(STATUS_PURPOSES)}]",
            "any",
            sent,
            plane="[A, B]",
        ),
    ]
    head = f"schema: lintas-policy/1\njurisdiction: {cast.jurisdiction}\nstatus: exercise\ntitle: Simulated\n"
    return head + f"statutes:\n  {law}: fictional\nrules:\n" + "".join(rules)


def _rule(
    name: str,
    law: str,
    action: str,
    category: str,
    subject: str,
    purpose: str,
    jurisdictions: str,
    terms: dict[str, str],
    plane: str = "[B]",
) -> str:
    columns = {
        "effect": "permit",
        "law": law,
        "action": action,
        "plane": plane,
        "category": f"[{category}]",
        "subject": f"[{subject}]",
        "purpose": purpose,
        "peer": "any",
        "peer_jurisdiction": jurisdictions,
        "channel": "[police]",
        "provenance": "[own, received]",
        **terms,
    }
    return f"  - id: {name}\n" + "".join(f"    {column}: {value}\n" for column, value in columns.items())
