"""What is known of accounts and addresses: at which kind of freeze point they are, who says so, under what name."""

import csv
import io

import msgspec

from lintas.model.errors import BadInput, MalformedInput

#: Where money can be stopped, and by whom: a bank, an e-money issuer, an exchange or a casino that holds it for a customer.
#: ``cash_out`` is an agent or machine that pays in notes, ``wallet`` an address whose key only its owner has.
FREEZE_POINTS = ("bank_account", "e_wallet", "exchange_deposit", "casino", "cash_out", "wallet", "other")
#: Those behind which a ledger shows pooled money only: whoever runs them knows the customer, the ledger does not.
CUSTODY = frozenset({"e_wallet", "exchange_deposit", "casino", "cash_out"})

_COLUMNS = ("account", "kind", "label", "source")
_MAX_TEXT = 200


class Label(msgspec.Struct, frozen=True):
    """One account or address: ``kind`` is one of FREEZE_POINTS, ``label`` a name for people, ``source`` who says so."""

    kind: str
    label: str
    source: str


#: Account or address, as the ledger writes it -> what is known of it.
Labels = dict[str, Label]


def read_labels_csv(data: bytes, *, where: str = "labels") -> Labels:
    """Read `account,kind,label,source`; further columns are left alone.

    Raises MalformedInput for what is no UTF-8 CSV, BadInput for an unknown kind or an account that is labelled twice.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise MalformedInput(
            "the file is not UTF-8", "save it as UTF-8", where=f"{where}, byte {wrong.start}"
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restval="")
    found: Labels = {}
    try:
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            do = f"the first line names the columns: {','.join(_COLUMNS)}"
            raise BadInput(f"missing columns {', '.join(missing)}", do, where=f"{where}, line 1")
        for row in reader:
            place = f"{where}, line {reader.line_num}"
            account, kind, label, source = (_plain(row[name], f"{place}, column {name}") for name in _COLUMNS)
            if not account:
                raise BadInput("the account is empty", "name the account or address", where=f"{place}, column account")
            add_label(found, account, Label(kind, label, source), where=place)
    except csv.Error as wrong:
        place = f"{where}, line {reader.reader.line_num}"
        raise MalformedInput(f"the CSV is broken ({wrong})", "close quotes; commas between", where=place) from None
    return found


def add_label(labels: Labels, account: str, label: Label, *, where: str) -> None:
    """Add what a source says of an account; BadInput for an unknown kind, or a second, different word on one account."""
    if label.kind not in FREEZE_POINTS:
        raise BadInput(f"unknown kind {label.kind[:40]!r}", f"use one of {', '.join(FREEZE_POINTS)}", where=where)
    if labels.setdefault(account, label) != label:
        raise BadInput(f"the account {account[:128]!r} is labelled twice, differently", "keep one", where=where)


def _plain(value: str, where: str) -> str:
    text = value.strip()
    if len(text) > _MAX_TEXT or not text.isprintable():
        raise BadInput("the value is too long or holds invisible characters", f"give at most {_MAX_TEXT}", where=where)
    return text


def custodians(labels: Labels) -> frozenset[str]:
    """Return the accounts at which a trail ends: from there on somebody else keeps the customer's account, and is asked."""
    return frozenset(account for account, label in labels.items() if label.kind in CUSTODY)
