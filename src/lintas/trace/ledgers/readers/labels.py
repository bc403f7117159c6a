"""Files of labels (CSV, GraphSense tagpack, list of addresses): what is known of addresses, and whose they are.

In a chain's ledger an address that names a holder is outside: its money is in that holder's own books. A plain list only
gives a name. Addresses are kept in their one form, so that a label finds its address however either is written.
"""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lintas.interop.tagpack import Tag, read_tagpack, write_tagpack
from lintas.model.errors import BadInput, MalformedInput
from lintas.model.tainted import BankCode
from lintas.trace.ledgers.readers.addresses import asset_of, canonical
from lintas.trace.ledgers.readers.chain import Holders, address_at
from lintas.trace.questions.labels import Label, Labels, add_label, read_labels_csv

#: Word of a tagpack's taxonomy -> kind of freeze point.
_KINDS = {
    "exchange": "exchange_deposit",
    "hosted_wallet": "e_wallet",
    "payment_processor": "e_wallet",
    "gambling": "casino",
    "atm": "cash_out",
    "user": "wallet",
}
_CATEGORIES = {"exchange_deposit": "exchange", "e_wallet": "hosted_wallet", "casino": "gambling", "cash_out": "atm"}
#: Kinds of freeze points whose operator keeps books of its own.
_KEEPS_BOOKS = ("bank_account", "e_wallet", "exchange_deposit", "casino")


def read_labels(file: Path) -> tuple[Labels, Holders]:
    """Read one file of labels: what is known of each address, and the holder of those that another one has.

    Tagpacks are `.yaml`, CSV begins with its columns (`account,kind,label,source`, and optionally `holder`), anything else
    is one address to a line. Raises BadInput or MalformedInput with the place; OSError where it cannot be read.
    """
    data = file.read_bytes()
    if file.suffix.lower() in (".yaml", ".yml"):
        return of_tags(read_tagpack(data, where=file.name), where=file.name)
    if b"," in data.split(b"\n", 1)[0]:
        return _of_csv(data, file.name)
    label = Label("wallet", file.stem, f"list {file.name}")
    return dict.fromkeys(read_addresses(data, where=file.name), label), {}


def read_holders(files: Iterable[Path]) -> Holders:
    """Read whose addresses are from several files; BadInput where two files, or two sources, give one address to two."""
    found, said = Holders(), dict[str, str]()
    for file in files:
        for address, code in read_labels(file)[1].items():
            if found.setdefault(address, code) != code:
                what = f"the address {address} has two holders: {found[address]} ({said[address]}) and {code}"
                raise BadInput(what, "keep one: its money can be in one ledger only", where=file.name)
            said.setdefault(address, file.name)
    return found


def of_tags(tags: list[Tag], *, where: str = "tagpack") -> tuple[Labels, Holders]:
    """Return tags as labels; of several tags of one address the surest holds, of equally sure ones the first."""
    labels, holders, certainty = Labels(), Holders(), dict[str, int]()
    for number, tag in enumerate(tags, 1):
        address = address_at(tag.address, f"{where}, tag {number}")
        if tag.certainty <= certainty.get(address, -1):
            continue
        certainty[address] = tag.certainty
        kind = _kind(tag)
        labels[address] = Label(kind, tag.label, tag.source)
        holders.pop(address, None)
        if tag.actor and kind in _KEEPS_BOOKS:
            holders[address] = _code(tag.actor, f"{where}, tag {number}, actor")
    return labels, holders


def to_tagpack(labels: Labels, *, title: str, creator: str, holders: Holders | None = None) -> bytes:
    """Write labels as a tagpack; addresses whose checksum says no chain are given the currency `UNKNOWN`."""
    tags = [
        Tag(
            address=address,
            label=label.label,
            source=label.source,
            currency=asset_of(address) or "UNKNOWN",
            confidence="forensic_investigation",
            category=_CATEGORIES.get(label.kind, ""),
            actor=(holders or {}).get(address, ""),
        )
        for address, label in sorted(labels.items())
    ]
    return write_tagpack(tags, title=title, creator=creator)


def read_addresses(data: bytes, *, asset: str = "", where: str = "list") -> list[str]:
    """Read one address to a line, each once, in their one form; empty lines and lines that begin with # are passed over."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise MalformedInput("the file is not UTF-8", "save it as UTF-8", where=where) from None
    found = dict[str, None]()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            found[canonical(line.strip(), asset=asset)] = None
        except BadInput as wrong:
            raise BadInput(wrong.what, wrong.do, where=f"{where}, line {number}") from None
    return list(found)


def _of_csv(data: bytes, where: str) -> tuple[Labels, Holders]:
    labels, holders = Labels(), Holders()
    for account, label in read_labels_csv(data, where=where).items():
        add_label(labels, address_at(account, where), label, where=where)
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), restval="")
    for row in reader:
        code = str(row.get("holder") or "").strip()
        if code:
            place = f"{where}, line {reader.line_num}, column holder"
            holders[canonical(str(row["account"]).strip())] = _code(code, place)
    return labels, holders


def _kind(tag: Tag) -> str:
    words = [word for word in (tag.category, *tag.concepts) if word]
    return next((_KINDS[word] for word in words if word in _KINDS), "other" if words else "wallet")


def _code(text: str, where: str) -> str:
    try:
        return msgspec.convert(re.sub(r"\s+", "_", text), BankCode)
    except msgspec.ValidationError:
        raise BadInput(f"{text[:40]!r} is no holder's code", "give up to 40 letters and digits", where=where) from None
