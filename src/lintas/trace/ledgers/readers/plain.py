"""Our own layout, CSV or Parquet: one row is one transfer of this holder.

Columns: `time,sender,receiver,amount_minor,currency`, and optionally `id` (else zero-padded row numbers),
`debited_minor,debited_currency` and `credited_minor,credited_currency` (what left the sender's and reached the
receiver's account where that differs from the amount settled between the holders), `sender_bank,receiver_bank`
(the holder of a side that has no account here) and `kind` (`transfer`, `merchant`, `cash_out`, `fee`). Others are not read.
"""

from collections.abc import Collection, Iterable

from lintas.model.errors import BadInput
from lintas.trace.ledgers.ledger import KINDS, Collector, Opening, check_amount
from lintas.trace.ledgers.readers.table import Row, csv_rows

REQUIRED = ("time", "sender", "receiver", "amount_minor", "currency")
OPTIONAL = (
    "id",
    "debited_minor",
    "debited_currency",
    "credited_minor",
    "credited_currency",
    "sender_bank",
    "receiver_bank",
    "kind",
)
OPENINGS = "opening_balances.csv"
#: Cut short, a value of these columns is no value of its kind.
ENDS_NOTICED = {"time", "currency", "debited_currency", "credited_currency", "kind"}


def add_csv(collector: Collector, data: bytes, *, bank: str = "", where: str = "CSV") -> int:
    """Add the rows of one CSV file; return the width of the row numbers given as ids, 0 where the file has ids."""
    header, rows = csv_rows(data, where, REQUIRED, ends_noticed=ENDS_NOTICED)
    return add_rows(collector, header, rows, bank=bank, where=f"{where}, line 1")


def add_rows(collector: Collector, header: Collection[str], rows: Iterable[Row], *, bank: str, where: str) -> int:
    """Add rows that have the columns ``header``; return the width of the row numbers given as ids, 0: they have ids."""
    check_columns(header, where)
    if "id" in header:
        for row in rows:
            add_row(collector, row, bank, row.name("id"))
        return 0
    body = list(rows)
    width = len(str(len(body)))
    for number, row in enumerate(body, 1):
        add_row(collector, row, bank, f"{number:0{width}d}")
    return width


def check_columns(header: Collection[str], where: str) -> None:
    """Refuse a file without a column of the layout, or with an amount but not its currency, or the other way round."""
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        told = f"missing column{'s' * (len(missing) > 1)} {', '.join(missing)}"
        raise BadInput(told, f"a ledger has the columns {','.join(REQUIRED)}", where=where)
    for pair in ("debited", "credited"):
        if (f"{pair}_minor" in header) != (f"{pair}_currency" in header):
            do = f"give {pair}_minor and {pair}_currency together"
            raise BadInput(f"only one of the two {pair} columns is there", do, where=where)


def add_row(collector: Collector, row: Row, bank: str, reference: str) -> None:
    """Add one transfer, checked value by value; ``bank`` is this holder's own code. BadInput names the first bad value."""
    settled = row.amount("amount_minor"), row.currency("currency")
    kind_text = row.text("kind") or "transfer"
    if kind_text not in KINDS:
        raise BadInput(f"unknown kind {kind_text[:40]!r}", f"use one of {', '.join(KINDS)}", where=row.place("kind"))
    kind = KINDS.index(kind_text)
    sender_bank, receiver_bank = row.text("sender_bank"), row.text("receiver_bank")
    comes_in, goes_out = sender_bank not in ("", bank), receiver_bank not in ("", bank)
    if comes_in and (goes_out or kind):
        what = "neither side has an account here"
        do = "leave the row out, or name this holder's own code"
        raise BadInput(what, do, where=row.place("receiver_bank" if goes_out else "kind"))
    sender, receiver = row.name("sender"), row.name("receiver") if row.text("receiver") or not kind else ""
    collector.add(
        reference,
        row.time(),
        None if comes_in else sender,
        None if goes_out or kind else receiver,
        settled,
        where=row.place("id"),
        debited=_money(row, "debited"),
        credited=_money(row, "credited"),
        bank=sender_bank if comes_in else receiver_bank if goes_out else "",
        party=sender if comes_in else receiver if goes_out or kind else "",
        kind=kind,
    )


def _money(row: Row, pair: str) -> tuple[int, str] | None:
    """Return the optional amount of a pair of columns; None where both are empty."""
    if not row.text(f"{pair}_minor") and not row.text(f"{pair}_currency"):
        return None
    return row.amount(f"{pair}_minor"), row.currency(f"{pair}_currency")


def read_openings(data: bytes, *, where: str = OPENINGS) -> list[Opening]:
    """Read `account,amount_minor` and optionally `currency`; balances are >= 0."""
    _, rows = csv_rows(data, where, ("account", "amount_minor"), ends_noticed=ENDS_NOTICED)
    found = []
    for row in rows:
        text = row.text("amount_minor")
        amount = 0 if text and not text.strip("0") else check_amount(text, row.place("amount_minor"))
        code = row.currency("currency") if row.text("currency") else None
        found.append(Opening(row.name("account"), amount, code, row.where))
    return found
