"""Who acts in the story: four fictional authorities, or any four that a draft ships for; every person and bank is invented."""

from collections.abc import Sequence
from typing import NamedTuple

from lintas.model.errors import BadInput
from lintas.model.places import jurisdictions
from lintas.policy.shipped import DRAFTS, EXERCISE, as_exercise, shipped_table

A1, A2, B1, B2 = "XAFB", "XABT", "XBUB", "XBCS"
C1, C2, D1, D2 = "XCMB", "XCHB", "XDNB", "XDTB"

#: What one major unit of a currency is worth, in one invented unit: rates that never divide evenly, and nobody's market.
WORTH = {
    "XAK": 2_400_011,
    "XBK": 327_553,
    "XCK": 1_463_981,
    "XDK": 6_000_047,
    "MYR": 2_371_127,
    "THB": 301_123,
    "SGD": 7_717_163,
    "IDR": 611,
    "PHP": 174_703,
    "VND": 379,
    "CNY": 1_399_007,
    "KHR": 2_489,
}
_CURRENCIES = dict(zip((*EXERCISE, *DRAFTS), WORTH, strict=True))
PLAYERS = 4


class Cast(NamedTuple):
    """One authority of the story: codes, names, its banks, and the officers who act."""

    authority: str
    code: str
    name: str
    currency: str
    banks: tuple[str, str]
    hotline: str
    approver: str
    second: str
    investigator: str

    @property
    def telco(self) -> str:
        """Return the code of the operator whose gateway plays."""
        return f"{self.code}TL"

    def line(self, digits: str) -> str:
        """Return a number of internet telephony in its plan, made of eight digits; in no plan where it is a real place's."""
        start, left = _LINES.get(self.code, ("+999", 8))
        return start + digits[:left]

    @property
    def policy(self) -> bytes:
        """Return its decision table: the shipped one, a draft as a table to play with."""
        return as_exercise(shipped_table(self.code))


#: How such numbers begin in each fictional plan, and how many digits follow.
_LINES = {"XA": ("+99916", 7), "XB": ("+99923", 7), "XC": ("+999368", 7), "XD": ("+999475", 8)}
_OFFICERS = (
    ("Officer Asha Tor", "Officer Miro Lane", "Officer Sela Dunn", "Officer Juno Marr"),
    ("Officer Ilan Wou", "Officer Dena Holt", "Officer Oren Vash", "Officer Pia Roth"),
    ("Officer Lito Parr", "Officer Maya Quill", "Officer Ruben Ode", "Officer Zeno Falk"),
    ("Officer Hana Brill", "Officer Tomas Rhee", "Officer Nils Acar", "Officer Vera Lund"),
)
_BANKS = {"XA": (A1, A2), "XB": (B1, B2), "XC": (C1, C2), "XD": (D1, D2)}


def cast_of(codes: Sequence[str]) -> tuple[Cast, ...]:
    """Return the authorities of these jurisdictions, in the given order.

    BadInput unless they are four that differ, all fictional or all with a shipped draft.
    """
    wanted = [code.strip().upper() for code in codes]
    if len(set(wanted)) != PLAYERS or len(wanted) != PLAYERS:
        raise BadInput(f"{len(wanted)} jurisdictions", "give four that differ, such as my,th,sg,ph")
    if not (set(wanted) <= set(EXERCISE) or set(wanted) <= set(DRAFTS)):
        known = ", ".join(DRAFTS).lower()
        raise BadInput("not every one has a table to play with", f"give four of {known}, or xa,xb,xc,xd")
    return tuple(_one(code, officers) for code, officers in zip(wanted, _OFFICERS, strict=True))


def _one(code: str, officers: tuple[str, str, str, str]) -> Cast:
    low, place = code.lower(), jurisdictions()[code]
    banks = _BANKS.get(code, (f"{code}EX1", f"{code}EX2"))
    return Cast(f"{low}-asc", code, f"{place} Anti-Scam Centre", _CURRENCIES[code], banks, *officers)


#: Aria, Boreo, Cassia and Doria, each with another legal tradition.
CAST = cast_of(EXERCISE)
