"""goAML-shaped reports for financial intelligence units: records, codec, the units' profiles, and a report from a trail."""

from lintas.interop.goaml.building import Facts, Movement, report_of
from lintas.interop.goaml.codec import read, write
from lintas.interop.goaml.profiles import SHIPPED, Profile, load, shipped
from lintas.interop.goaml.records import Account, Entity, Person, Report, Side, Transaction

__all__ = [
    "SHIPPED",
    "Account",
    "Entity",
    "Facts",
    "Movement",
    "Person",
    "Profile",
    "Report",
    "Side",
    "Transaction",
    "load",
    "read",
    "report_of",
    "shipped",
    "write",
]
