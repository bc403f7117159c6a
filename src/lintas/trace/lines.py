"""The index: each account's inflows laid end to end on one line and its outflows on a second, so that FIFO needs no replay.

The k-th unit into an account is the k-th unit out of it (Clayton's case, 1816). On the in-line the opening balance comes
first. So a part of an inflow is an interval of the in-line and leaves in exactly the outflows whose intervals overlap
it on the out-line: two binary searches per hop, exact in integers, whatever the size of the ledger.
"""

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from lintas.model import money
from lintas.model.errors import BadInput, NotFound
from lintas.trace.ledger import Ints, Ledger
from lintas.trace.words import Bytes, Words

Small = npt.NDArray[np.int32]
_Name = TypeVar("_Name", str, tuple[str, str])
#: Sums along one line stay below this, so 64-bit positions never wrap.
_MAX_LINE = 9.0e18


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """What is saved. n transfers in order (time, id), L lines ordered by (account, currency), m exchanges.

    Per transfer (n,): ``time`` microseconds since 1970, ``out_line``/``in_line`` (-1 outside), ``settled`` minor units of
    ``currency``, ``bank``, ``kind``, ``po``/``pi`` = start on the sender's out-line / the receiver's in-line. ``out_idx`` and
    ``in_idx`` list transfers by (line, order), cut at ``out_ptr``/``in_ptr`` (L+1,). ``exchange`` (m,) names the transfers
    whose ``debited`` or ``credited`` amount is not the settled one. ``opening`` (L,) and ``assumed`` (L,), 1 where the
    opening balance is not a given one. ``id_order`` (n,) lists transfers by ascending id.
    """

    time: Ints
    out_line: Small
    in_line: Small
    settled: Ints
    currency: npt.NDArray[np.int16]
    bank: Small
    kind: npt.NDArray[np.int8]
    po: Ints
    pi: Ints
    out_idx: Small
    out_ptr: Ints
    in_idx: Small
    in_ptr: Ints
    exchange: Ints
    debited: Ints
    credited: Ints
    opening: Ints
    assumed: npt.NDArray[np.int8]
    line_currency: npt.NDArray[np.int16]
    id_blob: Bytes
    id_ends: Ints
    id_order: Small
    account_blob: Bytes
    account_ends: Ints


class Cut(NamedTuple):
    """The part ``[start, end)`` of ``transfer``, counted inside what its line lost (forward) or got (backward)."""

    transfer: int
    start: int
    end: int


class Index:
    """A holder's lines, ready for questions. Read-only; safe to share between threads.

    ``snapshot`` names the inputs: equal inputs, in any row order, give the same one. ``balances`` is "given" where
    opening balances came with the transfers, else "assumed". ``lifted`` counts lines whose given balance was too small and
    was raised to the smallest that keeps the account from going below zero.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        snapshot: str,
        currencies: list[str],
        banks: list[str],
        balances: str,
        lifted: int = 0,
        id_width: int = 0,
        self_transfers: int = 0,
    ) -> None:
        self.columns, self.snapshot, self.currencies, self.banks = columns, snapshot, currencies, banks
        self.balances, self.lifted, self.id_width, self.self_transfers = balances, lifted, id_width, self_transfers
        # memoryviews give plain integers, several times faster than numpy scalars in these small loops
        self.time, self.settled = columns.time.data, columns.settled.data
        self.out_line, self.in_line = columns.out_line.data, columns.in_line.data
        self.bank, self.kind = columns.bank.data, columns.kind.data
        self._currency, self._line_currency = columns.currency.data, columns.line_currency.data
        self.po, self.pi = columns.po.data, columns.pi.data
        self._out_idx, self._out_ptr = columns.out_idx.data, columns.out_ptr.data
        self._in_idx, self._in_ptr = columns.in_idx.data, columns.in_ptr.data
        self._exchange = columns.exchange.data
        self._debited, self._credited = columns.debited.data, columns.credited.data
        self.opening, self.assumed = columns.opening.data, columns.assumed.data
        self._id_order = columns.id_order.data
        self._ids = Words(columns.id_blob, columns.id_ends)
        self._accounts = Words(columns.account_blob, columns.account_ends)

    def __len__(self) -> int:
        """Count the transfers."""
        return len(self.settled)

    @property
    def line_count(self) -> int:
        """Count the lines."""
        return len(self.opening)

    def number(self, reference: str) -> int:
        """Return the number of a transfer by its id; NotFound if this ledger has none of that id."""
        if self.id_width and reference.isascii() and reference.isdigit():
            reference = f"{int(reference):0{self.id_width}d}"
        found = self._ids.find(reference.encode(), self._id_order)
        if found is None:
            what = f"no transfer {reference!r} that moves money is in this index"
            raise NotFound(what, "check the id, or index the ledger that has it")
        return found

    def reference(self, transfer: int) -> str:
        """Return a transfer's id."""
        return self._ids[transfer].decode()

    def account(self, line: int) -> str:
        """Return the account a line belongs to."""
        return self._accounts[line].decode()

    def line_code(self, line: int) -> str:
        """Return the currency of a line."""
        return self.currencies[self._line_currency[line]]

    def code(self, transfer: int) -> str:
        """Return the currency a transfer was settled in."""
        return self.currencies[self._currency[transfer]]

    def debited(self, transfer: int) -> int:
        """Return what the sender's line lost."""
        at = bisect_left(self._exchange, transfer)
        known = at < len(self._exchange) and self._exchange[at] == transfer
        return int(self._debited[at] if known else self.settled[transfer])

    def credited(self, transfer: int) -> int:
        """Return what the receiver's line got."""
        at = bisect_left(self._exchange, transfer)
        known = at < len(self._exchange) and self._exchange[at] == transfer
        return int(self._credited[at] if known else self.settled[transfer])

    def outflows(self, line: int, start: int, end: int, until: int | None) -> tuple[list[Cut], int]:
        """Return the outflows that took ``[start, end)`` of a line, and where what is still there begins.

        Only outflows at or before ``until`` (microseconds) count; None: all. The rest is ``[returned position, end)``.
        """
        low, high = self._out_ptr[line], self._out_ptr[line + 1]
        if until is not None:
            high = bisect_right(self._out_idx, until, low, high, key=self.time.__getitem__)
        cuts, edge = [], start
        at = bisect_right(self._out_idx, start, low, high, key=self.po.__getitem__) - 1
        for place in range(max(at, low), high):
            transfer = self._out_idx[place]
            begin = self.po[transfer]
            if begin >= end:
                break
            stop = min(end, begin + self.debited(transfer))
            if stop > edge:
                cuts.append(Cut(transfer, edge - begin, stop - begin))
                edge = stop
        return cuts, edge

    def inflows(self, line: int, start: int, end: int) -> tuple[list[Cut], int]:
        """Return the inflows that ``[start, end)`` of a line came from, and where its part of the opening balance ends."""
        low, high = self._in_ptr[line], self._in_ptr[line + 1]
        cuts, edge = [], max(start, min(end, self.opening[line]))
        from_opening = edge
        at = bisect_right(self._in_idx, edge, low, high, key=self.pi.__getitem__) - 1
        for place in range(max(at, low), high):
            transfer = self._in_idx[place]
            begin = self.pi[transfer]
            if begin >= end:
                break
            stop = min(end, begin + self.credited(transfer))
            if stop > edge:
                cuts.append(Cut(transfer, edge - begin, stop - begin))
                edge = stop
        return cuts, from_opening


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
    currencies = _currencies(ledger)
    codes = {code: at for at, code in enumerate(currencies)}
    columns = Columns(
        time=ledger.time,
        out_line=ledger.out_line,
        in_line=ledger.in_line,
        settled=ledger.settled,
        currency=ledger.currency,
        bank=ledger.bank,
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
        kind=ledger.kind[order],
        lines=lines,
        currencies=currencies,
        banks=banks,
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
    names = "\n".join([*ledger.currencies, "", *ledger.banks, "", *(code for _, code in ledger.lines)])
    parts: list[bytes] = [names.encode(), str((ledger.openings is not None, ledger.id_width)).encode()]
    inputs = (columns.time, columns.out_line, columns.in_line, columns.settled, ledger.debited, ledger.credited)
    more = (columns.currency, columns.bank, columns.kind, given)
    words = (columns.id_blob, columns.id_ends, columns.account_blob, columns.account_ends)
    parts += [column.astype(column.dtype.newbyteorder("<")).tobytes() for column in (*inputs, *more, *words)]
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]
