"""Chains of accounts (Ethereum and its kin) in ethereum-etl's layouts, as CSV or JSON Lines.

The value of a transaction is the transfer `HASH`, its fee `HASH:fee`, a token transfer `HASH:LOG_INDEX`. An address has one
line per asset. Amounts are cut to our minor unit (1e-9 ETH) and what was cut is counted; a transaction that failed pays its
fee only. Money that contracts move (`traces.csv`) is not read.
"""

from collections.abc import Iterable
from typing import NamedTuple

from lintas.model import money
from lintas.model.errors import BadInput
from lintas.trace.ledgers.readers.chain import LAST_SECOND, Chain, address_at
from lintas.trace.ledgers.readers.table import Row

TRANSACTIONS = ("hash", "block_number", "transaction_index", "from_address", "to_address", "value", "block_timestamp")
TOKEN_TRANSFERS = (
    "token_address",
    "from_address",
    "to_address",
    "value",
    "transaction_hash",
    "log_index",
    "block_number",
)
TOKENS = ("address", "symbol", "decimals")
RECEIPTS = ("transaction_hash", "gas_used", "status")
BLOCKS = ("number", "timestamp", "gas_limit")
#: By which columns each layout is known, the first that fits.
LAYOUTS = {
    "token_transfers": TOKEN_TRANSFERS,
    "transactions": TRANSACTIONS,
    "receipts": RECEIPTS,
    "tokens": TOKENS,
    "blocks": BLOCKS,
}
NOBODY = "0x" + "0" * 40
CUT = "amounts were cut to whole minor units"
TINY = "payments of less than one minor unit were left out"
NO_RECEIPT = "transactions have no receipt: whether they failed, and their fees, are not known"
FAILED = "transactions failed and moved only their fee"
UNKNOWN_TOKEN = "transfers of tokens that are no known asset were left out"  # noqa: S105 — what is told, no secret
LOOKALIKE = "transfers of tokens that only call themselves by a known asset's name were left out"


def layout_of(columns: Iterable[str]) -> str:
    """Return which layout has these columns, "" for none of this module's."""
    there = set(columns)
    return next((name for name, wanted in LAYOUTS.items() if there.issuperset(wanted)), "")


class _Token(NamedTuple):
    """How a token is counted: minor units are value * times // per."""

    asset: str
    times: int
    per: int


class _Known(NamedTuple):
    """The other files' rows, by what the transfers name."""

    receipts: dict[str, Row]
    tokens: dict[str, _Token]
    lookalikes: set[str]
    times: dict[int, int]


def add_accounts(chain: Chain, rows: dict[str, list[Row]]) -> None:
    """Add the transfers of all files, given as rows by layout. Raises BadInput naming the place of what is wrong."""
    transactions, transfers = rows.get("transactions", []), rows.get("token_transfers", [])
    known = _Known({}, {}, set(), {})
    for row in rows.get("receipts", []):
        known.receipts[row.name("transaction_hash").lower()] = row
    for row in rows.get("blocks", []):
        known.times[row.whole("number")] = _seconds(row, "timestamp")
    for row in transactions:
        known.times.setdefault(row.whole("block_number"), _seconds(row, "block_timestamp"))
    _know_tokens(chain, rows.get("tokens", []), known)
    asset = money.crypto_assets().get(chain.asset)
    native = _Token(chain.asset, 1, asset.unit if asset else 1)
    order = [(row.whole("block_number"), 0, row.whole("transaction_index"), row) for row in transactions]
    order += [(row.whole("block_number"), 1, row.whole("log_index"), row) for row in transfers]
    for block, is_token, _, row in sorted(order, key=lambda entry: entry[:3]):
        if is_token:
            _add_token(chain, row, _time_of(row, block, known), known)
        else:
            _add_transaction(chain, row, _seconds(row, "block_timestamp"), native, known)


def _add_transaction(chain: Chain, row: Row, seconds: int, native: _Token, known: _Known) -> None:
    reference, sender = row.name("hash").lower(), address_at(row.name("from_address"), row.place("from_address"))
    receipt = known.receipts.get(reference)
    status = receipt.text("status") if receipt else row.text("receipt_status")
    used = _first(receipt, "gas_used") or _first(row, "receipt_gas_used")
    price = (
        _first(receipt, "effective_gas_price") or _first(row, "receipt_effective_gas_price") or row.text("gas_price")
    )
    if not used:
        chain.told[NO_RECEIPT] += 1
    value = row.whole("value")
    if status == "0":
        chain.told[FAILED] += 1
    elif value:
        made = _first(receipt, "contract_address") or row.text("receipt_contract_address")
        target = row.text("to_address") or made
        receiver = address_at(target, row.place("to_address")) if target else f"made by {reference}"
        _pay(chain, reference, seconds, sender, receiver, value, native, row)
    if used:
        paid = Row(row.where, {"gas": used, "price": price})
        fee = paid.whole("gas") * paid.whole("price")
        amount = _minor(chain, fee, native)
        if amount:
            chain.pay_fee(f"{reference}:fee", seconds, sender, (amount, native.asset), where=row.where)


def _add_token(chain: Chain, row: Row, seconds: int, known: _Known) -> None:
    contract = address_at(row.name("token_address"), row.place("token_address"))
    token = known.tokens.get(contract)
    if token is None:
        chain.told[LOOKALIKE if contract in known.lookalikes else UNKNOWN_TOKEN] += 1
        return
    value = row.whole("value")
    if not value:
        return
    sides = [address_at(row.name(column), row.place(column)) for column in ("from_address", "to_address")]
    reference = f"{row.name('transaction_hash').lower()}:{row.whole('log_index')}"
    _pay(chain, reference, seconds, sides[0], sides[1], value, token, row)


def _pay(
    chain: Chain, reference: str, seconds: int, sender: str, receiver: str, value: int, token: _Token, row: Row
) -> None:
    amount = _minor(chain, value, token)
    if not amount:
        chain.told[TINY] += 1
    elif sender == NOBODY:
        chain.make(reference, seconds, receiver, (amount, token.asset), NOBODY, where=row.place("value"))
    else:
        chain.pay(reference, seconds, sender, receiver, (amount, token.asset), where=row.place("value"))


def _minor(chain: Chain, value: int, token: _Token) -> int:
    amount, rest = divmod(value * token.times, token.per)
    if rest and amount:
        chain.told[CUT] += 1
    return amount


def _know_tokens(chain: Chain, rows: list[Row], known: _Known) -> None:
    """Say which contracts are which asset: by the vocabulary, and where it knows none on this chain, by `tokens.csv`."""
    assets = money.crypto_assets()
    ours = {asset.contracts[chain.asset]: code for code, asset in assets.items() if chain.asset in asset.contracts}
    for contract, code in ours.items():
        known.tokens[contract] = _Token(code, 1, assets[code].unit)
    for row in rows:
        contract, code = address_at(row.name("address"), row.place("address")), row.text("symbol")
        if contract in ours or code not in assets:
            continue
        if chain.asset in assets[code].contracts or code == chain.asset:
            known.lookalikes.add(contract)
            continue
        scale = row.whole("decimals", default=0) - assets[code].digits
        if scale > 60:
            raise BadInput("a token with so many decimals is not read", "check it", where=row.place("decimals"))
        known.tokens[contract] = _Token(code, 10 ** max(-scale, 0), 10 ** max(scale, 0))


def _time_of(row: Row, block: int, known: _Known) -> int:
    if row.text("block_timestamp"):
        return _seconds(row, "block_timestamp")
    if block not in known.times:
        do = "give the transactions or blocks of the same days too"
        raise BadInput(f"the time of block {block} is not known", do, where=row.place("block_number"))
    return known.times[block]


def _seconds(row: Row, column: str) -> int:
    text = row.text(column)
    if "-" in text:
        return row.time(column) // 1_000_000
    seconds = row.whole(column)
    if seconds > LAST_SECOND:
        raise BadInput(f"the time {seconds} is out of range", "write seconds since 1970", where=row.place(column))
    return seconds


def _first(row: Row | None, column: str) -> str:
    return row.text(column) if row is not None else ""
