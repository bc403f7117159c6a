"""Lay the transfers of a ledger on their lines: order them, settle the opening balances, name the inputs."""

import hashlib
from typing import TypeVar

import numpy as np

from lintas.model import money
from lintas.model.errors import BadInput
from lintas.trace.index import Columns, Index, Small
from lintas.trace.ledger import Ints, Ledger
from lintas.trace.words import Words

__all__ = ["Index", "build"]

_Name = TypeVar("_Name", str, tuple[str, str])
#: Sums along one line stay below this, so 64-bit positions never wrap.
_MAX_LINE = 9.0e18


def build(ledger: Ledger) -> Index:
    """Build the index of a ledger: two stable sorts and two running sums.

    Raises BadInput where one line's sums leave 64 bits. Without given balances the smallest opening that keeps the
    account from going below zero is assumed; a given one that is too small is raised to it, and both are said.
    """
    ledger, id_order = _in_order(ledger)
    n, count = len(ledger.settled), len(ledger.lines)
    _check_sums(ledger)
    out_idx, out_ptr = _by_line(ledger.out_line, count)
    in_idx, in_ptr = _by_line(ledger.in_line, count)
    need = _smallest_openings(ledger)
    given = np.zeros(count, np.int64)
    for line, amount in (ledger.openings or {}).items():
        given[line] = amount
    opening = np.maximum(given, need)
    exchange = np.flatnonzero((ledger.debited != ledger.settled) | (ledger.credited != ledger.settled))
    ids = Words.pack(ledger.ids)
    accounts = Words.pack(account.encode() for account, _ in ledger.lines)
    parties = Words.pack(party.encode() for party in ledger.parties)
    currencies = _currencies(ledger)
    codes = {code: at for at, code in enumerate(currencies)}
    columns = Columns(
        time=ledger.time,
        out_line=ledger.out_line,
        in_line=ledger.in_line,
        settled=ledger.settled,
        currency=ledger.currency,
        bank=ledger.bank,
        party=ledger.party,
        kind=ledger.kind,
        po=_starts(ledger.debited, ledger.out_line, out_idx, out_ptr, np.zeros(count, np.int64), n),
        pi=_starts(ledger.credited, ledger.in_line, in_idx, in_ptr, opening, n),
        out_idx=out_idx,
        out_ptr=out_ptr,
        in_idx=in_idx,
        in_ptr=in_ptr,
        exchange=exchange.astype(np.int64),
        debited=ledger.debited[exchange],
        credited=ledger.credited[exchange],
        opening=opening,
        assumed=(opening > given).astype(np.int8) if ledger.openings is not None else np.ones(count, np.int8),
        line_currency=np.array([codes[code] for _, code in ledger.lines], np.int16),
        id_blob=ids.blob,
        id_ends=ids.ends,
        id_order=id_order,
        account_blob=accounts.blob,
        account_ends=accounts.ends,
        party_blob=parties.blob,
        party_ends=parties.ends,
    )
    return Index(
        columns,
        snapshot=_snapshot(ledger, columns, given),
        currencies=currencies,
        banks=ledger.banks,
        balances="assumed" if ledger.openings is None else "given",
        lifted=0 if ledger.openings is None else int(np.count_nonzero(opening > given)),
        id_width=ledger.id_width,
        self_transfers=ledger.self_transfers,
    )


def _currencies(ledger: Ledger) -> list[str]:
    """List the settlement currencies first, so that their numbers stay, then those only lines have."""
    return ledger.currencies + sorted({code for _, code in ledger.lines} - set(ledger.currencies))


def _in_order(ledger: Ledger) -> tuple[Ledger, Small]:
    """Put transfers in order (time, id as bytes) and names in order, so that equal inputs give equal columns."""
    words = np.array(ledger.ids, dtype=np.bytes_)
    by_id = np.argsort(words, kind="stable")
    rank = np.empty(len(by_id), np.int64)
    rank[by_id] = np.arange(len(by_id))
    order = np.lexsort((rank, ledger.time))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    lines, line_at = _sorted(ledger.lines)
    currencies, currency_at = _sorted(ledger.currencies)
    banks, bank_at = _sorted(ledger.banks)
    parties, party_at = _sorted(ledger.parties)
    ids = ledger.ids
    sorted_ledger = Ledger(
        ids=[ids[at] for at in order.tolist()],
        time=ledger.time[order],
        out_line=line_at[ledger.out_line[order]],
        in_line=line_at[ledger.in_line[order]],
        settled=ledger.settled[order],
        debited=ledger.debited[order],
        credited=ledger.credited[order],
        currency=currency_at[ledger.currency[order]].astype(np.int16),
        bank=bank_at[ledger.bank[order]],
        party=party_at[ledger.party[order]],
        kind=ledger.kind[order],
        lines=lines,
        currencies=currencies,
        banks=banks,
        parties=parties,
        openings=None if ledger.openings is None else {int(line_at[k]): v for k, v in ledger.openings.items()},
        id_width=ledger.id_width,
        self_transfers=ledger.self_transfers,
    )
    return sorted_ledger, place[by_id]


def _sorted(names: list[_Name]) -> tuple[list[_Name], Small]:
    """Return names in order and old number -> new number; the last entry keeps -1 (nobody) as -1."""
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.full(len(names) + 1, -1, np.int32)
    place[order] = np.arange(len(names), dtype=np.int32)
    return [names[at] for at in order], place


def _check_sums(ledger: Ledger) -> None:
    count = len(ledger.lines)
    total = np.zeros(count)
    for lines, amounts in ((ledger.out_line, ledger.debited), (ledger.in_line, ledger.credited)):
        inside = lines >= 0
        total += np.bincount(lines[inside], weights=amounts[inside].astype(np.float64), minlength=count)
    for line, amount in (ledger.openings or {}).items():
        total[line] += amount
    worst = int(np.argmax(total)) if count else 0
    if count and total[worst] > _MAX_LINE:
        account, code = ledger.lines[worst]
        what = f"the transfers of account {account!r} sum to more than {money.show(int(_MAX_LINE), code)} {code}"
        raise BadInput(what, "check the unit of its amounts, or index fewer days at once")


def _by_line(line: Small, count: int) -> tuple[Small, Ints]:
    """List transfers by (line, order), and where each line's run starts, shape (count + 1,)."""
    inside = np.flatnonzero(line >= 0)
    idx = inside[np.argsort(line[inside], kind="stable")]
    return idx.astype(np.int32), np.searchsorted(line[idx], np.arange(count + 1)).astype(np.int64)


def _starts(amount: Ints, line: Small, idx: Small, ptr: Ints, base: Ints, n: int) -> Ints:
    """Return each transfer's start on its line: the sum of the earlier amounts there, plus the line's base."""
    run = amount[idx]
    # the overall sum may wrap; differences within one line do not, as _check_sums bounds them
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(run, dtype=np.int64)))
    starts = np.full(n, -1, np.int64)
    lines = line[idx]
    starts[idx] = before[:-1] - before[ptr[lines]] + base[lines]
    return starts


def _smallest_openings(ledger: Ledger) -> Ints:
    """Return per line the smallest opening balance >= 0 with which it never goes below zero."""
    n, count = len(ledger.settled), len(ledger.lines)
    line = np.concatenate((ledger.out_line, ledger.in_line))
    change = np.concatenate((-ledger.debited, ledger.credited))
    when = np.concatenate((np.arange(n), np.arange(n)))
    inside = line >= 0
    line, change, when = line[inside], change[inside], when[inside]
    order = np.lexsort((when, line))
    line, balance = line[order], np.cumsum(change[order], dtype=np.int64)
    first = np.searchsorted(line, np.arange(count))
    before = np.concatenate((np.zeros(1, np.int64), balance))[first]
    lowest = np.minimum.reduceat(balance - before[line], first) if count else np.zeros(0, np.int64)
    return np.maximum(-lowest, 0).astype(np.int64)


def _snapshot(ledger: Ledger, columns: Columns, given: Ints) -> str:
    """Hash the inputs in their canonical order: 128 bits of SHA-256."""
    digest = hashlib.sha256(b"lintas trace snapshot 1\n")
    vocabulary = "\n".join([*ledger.currencies, "", *ledger.banks, "", *(code for _, code in ledger.lines)])
    parts: list[bytes] = [vocabulary.encode(), str((ledger.openings is not None, ledger.id_width)).encode()]
    inputs = (columns.time, columns.out_line, columns.in_line, columns.settled, ledger.debited, ledger.credited)
    more = (columns.currency, columns.bank, columns.party, columns.kind, given)
    ids = (columns.id_blob, columns.id_ends)
    names = (columns.account_blob, columns.account_ends, columns.party_blob, columns.party_ends)
    parts += [column.astype(column.dtype.newbyteorder("<")).tobytes() for column in (*inputs, *more, *ids, *names)]
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]
