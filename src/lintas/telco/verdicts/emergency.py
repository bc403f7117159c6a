"""Tells a call for help by the called number alone, however it is written: whoever calls for help gets through."""

import re
from collections.abc import Collection
from functools import cache

from lintas.telco.verdicts.plans import fictional

#: Emergency numbers in use somewhere, for a gateway that knows no plan. None of them is a subscriber's: letting one pass
#: that is of another country costs nothing.
_IN_USE = (
    "000 061 065 066 085 088 100 101 102 103 104 108 110 111 112 113 114 115 117 118 119 120 122 123 132 133 144 150 155 "
    "158 171 180 188 190 191 192 193 194 195 197 198 199 911 933 991 992 993 994 995 996 997 998 999 1122 1669 10111"
)
_URN = re.compile(r"urn:service:sos(?![a-z0-9-])")
_PLAIN = str.maketrans("", "", "-.() ")
_SCHEMES = ("sips:", "sip:", "tel:")


@cache
def anywhere() -> frozenset[str]:
    """Return the short emergency numbers that count without a plan: those in use somewhere, and of every shipped plan."""
    shipped = (number for text in fictional().values() for number in text.emergency)
    numbers = frozenset([*_IN_USE.split(), *shipped])
    return numbers | {f"+{number}" for number in numbers}


def calls_for_help(forms: Collection[str], b: str) -> bool:
    """Tell an emergency number: plain, as an address, with separators, or as the URN of RFC 5031 with what is below it."""
    if b in forms:
        return True
    if b.lstrip("+").isdecimal():
        return False  # nothing below would make another number of it
    text = b[:200].strip().lower()
    if _URN.match(text):
        return True
    for scheme in _SCHEMES:
        text = text.removeprefix(scheme)
    return text.partition("@")[0].partition(";")[0].translate(_PLAIN) in forms
