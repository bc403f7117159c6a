"""The one spelling of what an entry names: two people who mean the same thing write one entry."""

import re
import unicodedata

from lintas.model.errors import BadInput
from lintas.model.listings import Subject
from lintas.telco.lists import e164
from lintas.telco.names import urls

#: Characters of a sender ID: 11 in GSM 7 bit (3GPP TS 23.040 section 9.1.2.5), other scripts get as many letters.
LONGEST_SENDER = 11
#: Characters of a value as lists carry it (``Entry.value``), whatever was typed: escapes make an address longer.
LONGEST = 2048
_WALLET = re.compile(r"[A-Za-z0-9:._-]{20,128}")


def normal(subject: Subject, text: str) -> str:
    """Return the normal form; BadInput says what it must look like."""
    value = _normal(subject, text.strip())
    if len(value) > LONGEST:
        what = f"the {subject} has {len(value):,} characters once it is in its normal form"
        raise BadInput(what, f"lists carry at most {LONGEST:,}: list its domain, or a shorter part", where="value")
    return value


def check_normal(subject: Subject, value: str) -> None:
    """Refuse a value that is not in its normal form: what others send is never put right in silence."""
    if normal(subject, value) != value:
        raise BadInput(f"the {subject} is not in its normal form", "write it as lists have it", where="value")


def _normal(subject: Subject, text: str) -> str:
    if subject in ("number", "range"):
        return _numbers(subject, text)
    if subject == "url":
        return urls.canonical(text)
    if subject == "domain":
        return urls.domain(text)
    if subject == "sender_id":
        return _sender(text)
    if not _WALLET.fullmatch(text):
        raise BadInput("this is no wallet address", "copy it whole, 20 to 128 letters and digits", where="value")
    return text


def _numbers(subject: Subject, text: str) -> str:
    held = e164.read_value(text)
    if held is None or (subject == "number" and held[0] != held[1]):
        what = "number in E.164" if subject == "number" else "range of numbers of one length"
        raise BadInput(f"{text[:40]!r} is no {what}", "write +999… or +999…-+999…", where="value")
    return e164.write(*held)


def _sender(text: str) -> str:
    folded = " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())
    bad = [letter for letter in folded if unicodedata.category(letter)[0] == "C"]
    if not folded or bad or len(folded) > LONGEST_SENDER or folded.isdigit():
        raise BadInput(
            "this is no sender ID", f"at most {LONGEST_SENDER} visible characters, not digits alone", where="value"
        )
    return folded
