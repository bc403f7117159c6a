"""The text of approvals and of their withdrawals: one ``name: value`` a line, signed by the issuer as a C2SP signed note.

There is one spelling for each document, so that no two readers see two meanings: what is not in it is refused, by line.
"""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from lintas.model import money, times
from lintas.model.errors import BadInput, CheckFailed, Refused
from lintas.model.ids import FORM
from lintas.model.money import MAX_MINOR, Money
from lintas.model.places import jurisdictions
from lintas.policy.approval import Approval, Withdrawal
from lintas.policy.vocabulary import CATEGORIES, CONDITIONS, PURPOSES
from lintas.trust import note
from lintas.trust.keys import Signer
from lintas.trust.note import VerifierKey

APPROVAL, WITHDRAWAL = "lintas-approval/v1", "lintas-approval-withdrawal/v1"
#: Three years: the longest for which we found an approval of transfers to be given in law. What lasts longer is none.
LONGEST = timedelta(days=3 * 366)
MAX_USES = 1_000_000
MAX_LISTED = 100
MAX_LINE = 8_000
MAX_WORDS = 300
_ANY = "any"
_AUTHORITY = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")

Document = Approval | Withdrawal


def issuer_keys(lines: Sequence[str], *, where: str) -> tuple[VerifierKey, ...]:
    """Read the verifier keys of competent authorities; MalformedInput or BadInput for what is no Ed25519 vkey."""
    keys = tuple(note.parse_vkey(line, where=where) for line in lines)
    for key in keys:
        if key.algorithm != note.ED25519:
            raise BadInput(f"the key {key.name} does not sign documents", "give an Ed25519 vkey", where=where)
    return keys


def sign(document: Document, signer: Signer) -> bytes:
    """Write a document and sign it under the issuer's name; BadInput names the value that cannot be."""
    text = write(document)
    if parse(text, where="the document") != document:
        raise BadInput("it would be read as another document", "give each value by itself", where="the document")
    return note.sign(text, document.issuer, signer).render()


def read(data: bytes, keys: Sequence[VerifierKey], *, where: str) -> Document:
    """Read a signed document and check its signature against the keys that are believed.

    Refused ("unknown_issuer") when none of them signed it, CheckFailed for a bad signature, BadInput for what is no such
    document or is not in its one spelling, TooLarge beyond 65,536 bytes.
    """
    signed = note.parse(data, where=where)
    if len(signed.signatures) != 1:
        raise BadInput(f"it has {len(signed.signatures)} signatures", "give it with its issuer's alone", where=where)
    if not note.verify(signed, keys, {note.ED25519: note.verify_ed25519}, where=where):
        name = signed.signatures[0].name
        what = f"it is signed by {name[:100]!r}, whose key is not that of a competent authority here"
        raise Refused("unknown_issuer", what, "have the key added to `competent`, or get another document", where=where)
    if signed.render() != data:
        raise BadInput("it is not in its one spelling", "give it byte for byte as it was issued", where=where)
    document = parse(signed.text, where=where)
    if document.issuer != signed.signatures[0].name:
        what = f"it names {document.issuer} as issuer and is signed by {signed.signatures[0].name}"
        raise CheckFailed(what, "ask its issuer for a document of its own", where=where)
    return document


def write(document: Document) -> str:
    """Write the text that is signed."""
    heading = APPROVAL if isinstance(document, Approval) else WITHDRAWAL
    values = [(name.replace("_", "-"), getattr(document, name)) for name in document.__struct_fields__]
    return "".join([f"{heading}\n", *(f"{name}: {_render(value)}\n" for name, value in values)])


def _render(value: str | tuple[str, ...] | Money | datetime | int | None) -> str:
    if value is None or value == ():
        return _ANY
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, datetime):
        return times.render(value)
    # Without the thousands separators that a reader could take for a decimal sign.
    return str(value).replace(",", "") if isinstance(value, Money) else str(value)


def parse(text: str, *, where: str) -> Document:
    """Read a document's text, signature apart; BadInput names the line that is wrong."""
    heading = text.partition("\n")[0]
    if heading == APPROVAL:
        document: Document = _approval(_Lines(text, Approval, where))
    elif heading == WITHDRAWAL:
        document = _withdrawal(_Lines(text, Withdrawal, where))
    else:
        raise BadInput("this is no approval", f"its first line is {APPROVAL} or {WITHDRAWAL}", where=where)
    if write(document) != text:
        raise BadInput("it is not in its one spelling", "write it with `lintas approval issue`", where=where)
    return document


def _approval(lines: "_Lines") -> Approval:
    starts, ends = lines.time("not-before"), lines.time("expires")
    if not timedelta(0) < ends - starts <= LONGEST:
        lines.refuse("expires", f"it must end within {LONGEST.days} days of its beginning", "set another end")
    return Approval(
        id=lines.id("id"),
        kind=lines.one_of("kind", CONDITIONS),
        jurisdiction=lines.one_of("jurisdiction", jurisdictions()),
        issuer=lines.name("issuer"),
        authority=lines.authority("authority"),
        reference=lines.words("reference"),
        peers=lines.several("peers", lambda each: each in jurisdictions() or bool(_AUTHORITY.fullmatch(each))),
        categories=lines.several("categories", lambda each: each in CATEGORIES and CATEGORIES[each].planes != "D"),
        purposes=lines.several("purposes", PURPOSES.__contains__),
        cases=() if lines["cases"] == _ANY else lines.several("cases", lambda each: bool(FORM.fullmatch(each))),
        max_amount=None if lines["max-amount"] == _ANY else lines.amount("max-amount"),
        not_before=starts,
        expires=ends,
        uses=None if lines["uses"] == _ANY else lines.number("uses", MAX_USES),
    )


def _withdrawal(lines: "_Lines") -> Withdrawal:
    return Withdrawal(
        id=lines.id("id"),
        jurisdiction=lines.one_of("jurisdiction", jurisdictions()),
        issuer=lines.name("issuer"),
        reason=lines.words("reason"),
        at=lines.time("at"),
    )


class _Lines:
    """The lines of one document by name, each there once and in its place, and what reads one value of them."""

    def __init__(self, text: str, kind: type[Document], where: str) -> None:
        self._where = where
        self._values: dict[str, str] = {}
        expected = [field.replace("_", "-") for field in kind.__struct_fields__]
        for number, line in enumerate(text.split("\n")[1:-1], start=2):
            name, colon, value = line.partition(": ")
            place = f"{where}, line {number}"
            if not colon or not value.isprintable() or len(value) > MAX_LINE:
                raise BadInput("this is no line of such a document", "write name: value, in plain letters", where=place)
            if name in self._values:
                raise BadInput(f"{name[:40]!r} stands here twice", "keep one of them", where=place)
            if name not in expected:
                raise BadInput(f"nothing is called {name[:40]!r} here", f"write {', '.join(expected)}", where=place)
            self._values[name] = value
        for name in expected:
            if name not in self._values:
                raise BadInput(f"the line {name} is missing", "write every line", where=where)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def refuse(self, name: str, what: str, do: str) -> NoReturn:
        """Raise BadInput at one line."""
        raise BadInput(what, do, where=f"{self._where}, {name}")

    def words(self, name: str) -> str:
        """Read words for people."""
        value = self[name]
        if not value.strip() or len(value) > MAX_WORDS:
            self.refuse(name, "it is empty or too long", f"write at most {MAX_WORDS} letters")
        return value

    def name(self, name: str) -> str:
        """Read the name of a key."""
        value = self.words(name)
        if not note.valid_name(value):
            self.refuse(name, f"{value[:60]!r} is no name of a key", "write it without spaces and plus signs")
        return value

    def id(self, name: str) -> str:
        """Read an id of the form in which nobody can write a name: ledgers show it to everybody."""
        value = self[name]
        if not FORM.fullmatch(value):
            self.refuse(name, f"{value[:60]!r} is no id", "write letters, a dash and 28 hexadecimal digits")
        return value

    def one_of(self, name: str, known: Collection[str]) -> str:
        """Read one value of a closed list."""
        value = self[name]
        if value not in known:
            self.refuse(name, f"{value[:60]!r} is not known", f"use one of {', '.join(sorted(known))}")
        return value

    def authority(self, name: str) -> str:
        """Read an authority's short name."""
        value = self[name]
        if not _AUTHORITY.fullmatch(value):
            self.refuse(name, f"{value[:60]!r} is no authority", "write its short name in the charter, e.g. xa-asc")
        return value

    def several(self, name: str, known: Callable[[str], bool]) -> tuple[str, ...]:
        """Read a list of distinct values."""
        values = tuple(self[name].split(", "))
        if len(values) > MAX_LISTED or len(set(values)) != len(values):
            self.refuse(
                name, "a value stands here twice, or there are too many", f"name at most {MAX_LISTED}, each once"
            )
        for value in values:
            if not known(value):
                self.refuse(
                    name, f"{value[:60]!r} is not known", "use values of the policy reference, with a comma between"
                )
        return values

    def amount(self, name: str) -> Money:
        """Read an amount of money above zero."""
        number, _, code = self.words(name).partition(" ")
        try:
            amount = Money(money.parse_decimal(number, code), code)
        except BadInput as wrong:
            self.refuse(name, wrong.what, wrong.do)
        if not 0 < amount.amount_minor <= MAX_MINOR:
            self.refuse(name, "it must be above zero", "write for example 50000.00 XAK")
        return amount

    def number(self, name: str, most: int) -> int:
        """Read a whole number from 1 on."""
        value = self[name]
        if not _NUMBER.fullmatch(value) or int(value) > most:
            self.refuse(name, f"{value[:60]!r} is no number from 1 to {most}", "write it in digits")
        return int(value)

    def time(self, name: str) -> datetime:
        """Read a time."""
        try:
            return times.parse(self[name])
        except BadInput as wrong:
            self.refuse(name, wrong.what, wrong.do)
