"""The index: each account's inflows laid end to end on one line and its outflows on a second, so that FIFO needs no replay.

The k-th unit into an account is the k-th unit out of it (Clayton's case, 1816). On the in-line the opening balance comes
first. So a part of an inflow is an interval of the in-line and leaves in exactly the outflows whose intervals overlap
it on the out-line: two binary searches per hop, exact in integers, whatever the size of the ledger.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lintas.model.errors import NotFound
from lintas.trace.ledger import Ints
from lintas.trace.words import Bytes, Words

Small = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """What is saved. n transfers in order (time, id), L lines ordered by (account, currency), m exchanges.

    Per transfer (n,): ``time`` microseconds since 1970, ``out_line``/``in_line`` (-1 outside), ``settled`` minor units of
    ``currency``, ``bank``, ``party``, ``kind``, ``po``/``pi`` = start on the sender's out-line / the receiver's in-line.
    ``out_idx`` and ``in_idx`` list transfers by (line, order), cut at ``out_ptr``/``in_ptr`` (L+1,). ``exchange`` (m,) names
    the transfers whose ``debited`` or ``credited`` amount is not the settled one. ``opening`` (L,) and ``assumed`` (L,),
    1 where the opening balance is not a given one. ``id_order`` (n,) lists transfers by ascending id.
    """

    time: Ints
    out_line: Small
    in_line: Small
    settled: Ints
    currency: npt.NDArray[np.int16]
    bank: Small
    party: Small
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
    party_blob: Bytes
    party_ends: Ints


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
        self._bank, self._kind = columns.bank.data, columns.kind.data
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
        self._party, self._parties = columns.party.data, Words(columns.party_blob, columns.party_ends)

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

    def receiver(self, transfer: int) -> str:
        """Return the account a transfer went to, here or elsewhere; empty if the ledger does not name it."""
        if self.in_line[transfer] >= 0:
            return self.account(self.in_line[transfer])
        return self.party(transfer) if self.out_line[transfer] >= 0 else ""

    def party(self, transfer: int) -> str:
        """Return the account at the other holder of a transfer that enters or leaves, "" where nobody says."""
        party = self._party[transfer]
        return self._parties[party].decode() if party >= 0 else ""

    def sender_bank(self, reference: str) -> str:
        """Return the code of the bank that a transfer came from, "" when it began in this ledger or nobody says."""
        transfer = self.number(reference)
        return self.other_bank(transfer) if self.out_line[transfer] < 0 else ""

    def other_bank(self, transfer: int) -> str:
        """Return the code of the holder at the other end of a transfer that enters or leaves, "" where nobody says."""
        bank = self._bank[transfer]
        return self.banks[bank] if bank >= 0 else ""

    def kind(self, transfer: int) -> int:
        """Return what a transfer is to the trail, a number of KINDS."""
        return int(self._kind[transfer])

    def outs(self, line: int) -> Sequence[int]:
        """Return the transfers that left a line, in order."""
        return self._out_idx[self._out_ptr[line] : self._out_ptr[line + 1]]

    def ins(self, line: int) -> Sequence[int]:
        """Return the transfers that reached a line, in order."""
        return self._in_idx[self._in_ptr[line] : self._in_ptr[line + 1]]

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
