"""Chains of coins (Bitcoin and its kin) in bitcoin-etl's layout: JSON Lines, one transaction each with inputs and outputs.

Each transaction is an account of its own: its inputs, in their order, are what comes in; its outputs in their order and then
the fee are what goes out; so first in, first out runs through it (docs/ledgers.md). Output n of transaction T is the
transfer `T:n`, input n is `T:in:n`, the fee `T:fee`. A coin rests at its address; one that this file sees spent later rests at
`address/T:n`, since coins of one address do not mix.

A transaction that spends coins of one other holder only is that holder's payment: outputs to others come in from it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from lintas.model.errors import BadInput
from lintas.trace.ledgers.readers.chain import INSIDE, LAST_SECOND, Chain, address_at

KEYS = ("hash", "block_number", "block_timestamp", "index", "inputs", "outputs")
_HASH = 64


class _Coin(NamedTuple):
    """What one output is: ``coin`` is `T:n`, "" for money that came from no coin (shielded)."""

    coin: str
    address: str
    value: int


class _Transaction(NamedTuple):
    """One transaction, in the order of the chain by its first two fields."""

    block: int
    place: int
    hash: str
    seconds: int
    minted: bool
    inputs: list[_Coin]
    outputs: list[_Coin]
    where: str


def is_utxo(found: dict[str, Any]) -> bool:
    """Say whether a JSON object is a transaction of this layout."""
    return "inputs" in found and "outputs" in found


def add_utxo(chain: Chain, records: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Add all transactions, given as (place, object) in any order. Raises BadInput naming the place of what is wrong."""
    transactions, made, spent = dict[str, _Transaction](), dict[str, _Coin](), dict[str, str]()
    for where, record in records:
        found = _read(record, where)
        if found.hash in transactions:
            what = f"the transaction {found.hash} was there before ({transactions[found.hash].where})"
            raise BadInput(what, "give each block once", where=where)
        transactions[found.hash] = found
        made |= {coin.coin: coin for coin in found.outputs}
        for coin in found.inputs:
            if coin.coin and coin.coin in spent:
                raise BadInput(f"the coin {coin.coin} is spent twice ({spent[coin.coin]})", "check it", where=where)
            spent[coin.coin] = where
    done = set[str]()
    for transaction in sorted(transactions.values()):
        inputs = [_known(coin, made, transaction.where) for coin in transaction.inputs]
        early = [coin.coin for coin in inputs if coin.coin in made and coin.coin.partition(":")[0] not in done]
        if early:
            raise BadInput(f"the coin {early[0]} is spent before it is made", "check `index`", where=transaction.where)
        done.add(transaction.hash)
        _add(chain, transaction, inputs, spent)


def _add(chain: Chain, transaction: _Transaction, inputs: list[_Coin], spent: dict[str, str]) -> None:
    name, seconds, where = transaction.hash, transaction.seconds, transaction.where
    payers = {chain.holder(coin.address) for coin in inputs}
    payer = payers.pop() if len(payers) == 1 else ""
    fee = sum(coin.value for coin in inputs) - sum(coin.value for coin in transaction.outputs)
    if fee < 0 and not transaction.minted:
        what = f"the outputs are {-fee} more than the inputs"
        raise BadInput(what, "give all inputs with their values (bitcoinetl enrich_transactions)", where=where)
    if not payer:
        for number, coin in enumerate(inputs):
            rests = (chain.holder(coin.address) and coin.address) or f"{coin.address}/{coin.coin}"
            if coin.value and coin.coin:
                chain.pay(f"{name}:in:{number}", seconds, rests, name, (coin.value, chain.asset), where=where)
            elif coin.value:
                chain.make(f"{name}:in:{number}", seconds, name, (coin.value, chain.asset), "shielded", where=where)
    for coin in transaction.outputs:
        holder = chain.holder(coin.address)
        address = coin.address if holder or coin.coin not in spent else f"{coin.address}/{coin.coin}"
        if not coin.value:
            continue
        if transaction.minted:
            chain.make(coin.coin, seconds, address, (coin.value, chain.asset), "coinbase", where=where)
        elif payer and holder == payer:
            chain.told[INSIDE] += 1
        else:
            source = inputs[0].address if payer else name
            chain.pay(coin.coin, seconds, source, address, (coin.value, chain.asset), where=where)
    if fee > 0 and not payer:
        chain.pay_fee(f"{name}:fee", seconds, name, (fee, chain.asset), where=where)


def _known(coin: _Coin, made: dict[str, _Coin], where: str) -> _Coin:
    """Complete an input by the output it spends, where that is in the file; BadInput where neither says its value."""
    earlier = made.get(coin.coin)
    if earlier is None:
        if coin.value < 0:
            what = f"the value of the coin {coin.coin} is not known"
            raise BadInput(what, "enrich the file (bitcoinetl enrich_transactions), or add the blocks", where=where)
        return coin
    if coin.value not in (-1, earlier.value):
        raise BadInput(f"the coin {coin.coin} has another value than its output", "check the file", where=where)
    return earlier


def _read(record: dict[str, Any], where: str) -> _Transaction:
    missing = [key for key in KEYS if record.get(key) is None]
    if missing:
        do = f"a transaction has {', '.join(KEYS)}"
        raise BadInput(f"missing {', '.join(missing)}", do, where=where)
    name = _hash(record["hash"], f"{where}, hash")
    inputs = [_input(item, f"{where}, input {n}") for n, item in enumerate(_list(record, "inputs", where))]
    outputs = [_output(name, item, f"{where}, output {n}") for n, item in enumerate(_list(record, "outputs", where))]
    return _Transaction(
        _whole(record["block_number"], f"{where}, block_number"),
        _whole(record["index"], f"{where}, index"),
        name,
        _seconds(record["block_timestamp"], f"{where}, block_timestamp"),
        record.get("is_coinbase") is True or not inputs,
        inputs,
        outputs,
        where,
    )


def _list(record: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    found = record[key]
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BadInput(f"{key} is no list of objects", "send bitcoin-etl's transactions.json", where=where)
    return found


def _input(item: dict[str, Any], where: str) -> _Coin:
    value = item.get("value")
    amount = -1 if value is None else _whole(value, where)
    if item.get("spent_transaction_hash") is None:
        return _Coin("", "", max(amount, 0))
    coin = f"{_hash(item['spent_transaction_hash'], where)}:{_whole(item.get('spent_output_index'), where)}"
    return _Coin(coin, _address(item, coin, where), amount)


def _output(name: str, item: dict[str, Any], where: str) -> _Coin:
    coin = f"{name}:{_whole(item.get('index'), where)}"
    return _Coin(coin, _address(item, coin, where), _whole(item.get("value"), where))


def _address(item: dict[str, Any], coin: str, where: str) -> str:
    """Return the one address of a coin; a coin of none or of several (bare multisig) is called by its own name."""
    found = item.get("addresses") or []
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str):
        return address_at(found[0], where)
    return coin


def _hash(found: object, where: str) -> str:
    text = str(found).lower()
    if len(text) != _HASH or not set(text) <= set("0123456789abcdef"):
        raise BadInput(f"{text[:80]!r} is no transaction hash", "write 64 hexadecimal digits", where=where)
    return text


def _seconds(found: object, where: str) -> int:
    seconds = _whole(found, where)
    if seconds > LAST_SECOND:
        raise BadInput(f"the time {seconds} is out of range", "write seconds since 1970", where=where)
    return seconds


def _whole(found: object, where: str) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise BadInput(f"{str(found)[:40]!r} is not a whole number", "write digits only", where=where)
    return found
