"""The fictional law of a simulated world: who may say what to whom; the policy tables are written from it, audits read it.

The audit compares what left an authority with ``may_release`` and never asks the policy tables, so that a fault in the one
shows in the other.
"""

from functools import lru_cache
from typing import NamedTuple

from lintas.policy.table import PolicyTable


class Cast(NamedTuple):
    """One authority: its jurisdiction, its currency, its banks, and the authorities that it may ask for a hold."""

    authority: str
    jurisdiction: str
    currency: str
    banks: tuple[str, ...]
    asks: tuple[str, ...]


#: Eleven who play fair, three in a jurisdiction, so that a name and a jurisdiction are two things. Each may ask a few of the
#: others only, at home or abroad: the rest must be refused at its own border.
HONEST = (
    Cast("xa-asc", "XA", "XAK", ("XAFB", "XABT"), ("xa-fiu", "xb-asc", "xc-asc", "xd-fiu")),
    Cast("xa-fiu", "XA", "XAK", ("XACU",), ("xa-asc", "xb-fiu", "xd-pol")),
    Cast("xa-pol", "XA", "XAK", ("XAPB",), ("xb-pol", "xc-pol", "xd-asc")),
    Cast("xb-asc", "XB", "XBK", ("XBUB", "XBCS"), ("xa-asc", "xc-asc", "xd-asc")),
    Cast("xb-fiu", "XB", "XBK", ("XBMB",), ("xa-fiu", "xb-asc", "xc-fiu", "xd-fiu")),
    Cast("xb-pol", "XB", "XBK", ("XBTB",), ("xa-asc", "xa-pol", "xc-pol")),
    Cast("xc-asc", "XC", "XCK", ("XCMB", "XCHB"), ("xa-asc", "xb-asc", "xd-asc", "xd-fiu")),
    Cast("xc-fiu", "XC", "XCK", ("XCCB",), ("xb-fiu", "xc-asc", "xd-pol")),
    Cast("xc-pol", "XC", "XCK", ("XCSB",), ("xa-pol", "xb-pol", "xc-fiu")),
    Cast("xd-asc", "XD", "XDK", ("XDNB", "XDTB"), ("xa-asc", "xb-asc", "xc-asc", "xd-fiu")),
    Cast("xd-pol", "XD", "XDK", ("XDGB",), ("xa-fiu", "xc-fiu", "xd-asc")),
)
#: The lying member, which many have to ask.
LIAR = Cast("xd-fiu", "XD", "XDK", ("XDFB",), ())
EVERYBODY = (*HONEST, LIAR)
OF = {cast.authority: cast for cast in EVERYBODY}
BANK_OF = {bank: cast.authority for cast in EVERYBODY for bank in cast.banks}
#: A status may be told about a hold, never as an investigation; the purpose that no rule of anybody names.
STATUS_PURPOSES = ("status", "stop_payment")
FORBIDDEN_PURPOSE = "investigation"
HOLD_HOURS, CONFIRM_HOURS = 48, 720
#: Who may act without a person, on up to so many minor units of its own currency and so often a day for one peer: some order
#: holds like that, some ask on from hop to hop.
AUTOMATIC_ORDERS, AUTOMATIC_ASKS = ("xb-asc", "xc-fiu"), ("xa-asc", "xc-asc")
CAP_MINOR, CAP_DAILY = 1_500_000, 3


def may_release(origin: str, peer: str, kind: str, purpose: str, plane: str) -> bool:
    """Say by the law above whether a statement of this kind may leave ``origin`` for ``peer``."""
    match kind:
        case "hold_request":
            return plane == "B" and purpose == "stop_payment" and peer in OF[origin].asks
        case "hold_answer":
            return plane == "B" and purpose == "stop_payment"
        case "hold_status":
            return plane in ("A", "B") and purpose in STATUS_PURPOSES
        case "hold_withdrawal":
            return plane == "B" and purpose == "release_funds" and peer in OF[origin].asks
        case "hold_release":
            return plane == "B" and purpose == "release_funds"
    return False


@lru_cache(maxsize=len(HONEST))
def table(authority: str) -> PolicyTable:
    """Return the decision table of an honest authority."""
    return PolicyTable.load(_text(OF[authority]), source=f"{authority} (simulated)")


def _text(cast: Cast) -> str:
    low, law = cast.jurisdiction.lower(), f"Fictional Act of {cast.jurisdiction}"
    bank = {"holder": "[bank]", "humans": "1"}
    order = bank | {"hold_hours": str(HOLD_HOURS), "confirm_hours": str(CONFIRM_HOURS)}
    cap = {"automatic": f"{{amount_minor: {CAP_MINOR}, currency: {cast.currency}, per_day: {CAP_DAILY}}}"}
    sent = {"holder": "any", "expires_hours": "2160", "use": "[stop_payment, release_funds]"}
    asks, any_status = f"[{', '.join(cast.asks)}]", f"[{', '.join(STATUS_PURPOSES)}]"
    told = {"plane": "[A, B]", "subject": "[none]"}
    order |= cap if cast.authority in AUTOMATIC_ORDERS else {}
    asked = sent | (cap if cast.authority in AUTOMATIC_ASKS else {})
    rules = [
        _rule(f"{low}-order", f"{law}, s.1", "[order]", "hold_order", **order),
        _rule(f"{low}-ask", f"{law}, s.2", "[release]", "hold_request", peer=asks, **asked),
        _rule(f"{low}-be-asked", f"{law}, s.3", "[admit]", "hold_request", **sent),
        _rule(f"{low}-answer", f"{law}, s.4", "[release, admit]", "hold_answer", **sent),
        _rule(f"{low}-status", f"{law}, s.5", "[release, admit]", "status", purpose=any_status, **sent, **told),
        _rule(f"{low}-let-go", f"{law}, s.6", "[order]", "release_order", purpose="[release_funds]", **bank),
        _rule(f"{low}-undo", f"{law}, s.7", "[release]", "withdrawal", purpose="[release_funds]", peer=asks, **sent),
        _rule(f"{low}-be-undone", f"{law}, s.8", "[admit]", "withdrawal", purpose="[release_funds]", **sent),
        _rule(
            f"{low}-released", f"{law}, s.9", "[release, admit]", "release_notice", purpose="[release_funds]", **sent
        ),
    ]
    head = f"schema: lintas-policy/1\njurisdiction: {cast.jurisdiction}\nstatus: exercise\ntitle: Simulated\n"
    return head + f"statutes:\n  {law}: fictional\nrules:\n" + "".join(rules)


def _rule(name: str, law: str, action: str, category: str, **differs: str) -> str:
    columns = {
        "effect": "permit",
        "law": law,
        "action": action,
        "plane": "[B]",
        "category": f"[{category}]",
        "subject": "[account_holder]",
        "purpose": "[stop_payment]",
        "peer": "any",
        "peer_jurisdiction": "any",
        "channel": "[police]",
        "provenance": "[own, received]",
        **differs,
    }
    return f"  - id: {name}\n" + "".join(f"    {column}: {value}\n" for column, value in columns.items())
