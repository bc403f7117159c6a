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
from lintas.trace.engine.words import Bytes, Form, Words
from lintas.trace.ledgers.ledger import Ints

Small = npt.NDArray[np.int32]
#: Sums along one line stay below this, so 64-bit positions never wrap.
MAX_LINE = 9 * 10**18


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """What is saved. n transfers in order (time, id), L lines ordered by (account, currency).

    Per transfer (n,): ``time`` microseconds since 1970, ``out_line``/``in_line`` (-1 outside), ``settled`` minor units,
    ``po``/``pi`` = start on the sender's out-line / the receiver's in-line, -1 outside. ``out_idx`` and ``in_idx`` list
    transfers by (line, order), cut at ``out_ptr``/``in_ptr`` (L+1,). Said only of the transfers that it is true of, by
    their ascending numbers: ``exchange`` = those whose ``debited`` or ``credited`` amount is not the settled one;
    ``foreign`` = those settled in ``foreign_currency``, not in the currency of the sender's line (else the receiver's);
    ``outer`` = those with a ``kind`` (a number of KINDS), another holder's ``bank`` or a ``party`` there (-1: nobody).
    Per line (L,): ``opening``; ``assumed``, 1 where that is not a given one; ``line_currency``. ``short`` = lines whose given
    balance ``short_given`` was raised. ``id_order`` (n,) lists transfers by ascending id, empty where they ascend. A blob
    with ends holds words end to end; one without has the shape (n, width). ``idle`` are ids of transfers that move nothing.
    """

    time: Ints
    out_line: Small
    in_line: Small
    settled: Ints
    po: Ints
    pi: Ints
    out_idx: Small
    out_ptr: Small
    in_idx: Small
    in_ptr: Small
    exchange: Small
    debited: Ints
    credited: Ints
    foreign: Small
    foreign_currency: npt.NDArray[np.int16]
    outer: Small
    kind: npt.NDArray[np.int8]
    bank: Small
    party: Small
    opening: Ints
    assumed: npt.NDArray[np.int8]
    line_currency: npt.NDArray[np.int16]
    short: Small
    short_given: Ints
    id_blob: Bytes
    id_ends: Ints
    id_order: Small
    account_blob: Bytes
    account_ends: Ints
    party_blob: Bytes
    party_ends: Ints
    idle_blob: Bytes
    idle_ends: Ints


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
        id_form: Form = "text",
        id_width: int = 0,
        self_transfers: int = 0,
    ) -> None:
        self.columns, self.snapshot, self.currencies, self.banks = columns, snapshot, currencies, banks
        self.balances, self.lifted, self.id_width, self.self_transfers = balances, lifted, id_width, self_transfers
        # memoryviews give plain integers, several times faster than numpy scalars in these small loops
        self.time: Sequence[int] = columns.time.data
        self.settled: Sequence[int] = columns.settled.data
        self.out_line: Sequence[int] = columns.out_line.data
        self.in_line: Sequence[int] = columns.in_line.data
        self.po: Sequence[int] = columns.po.data
        self.pi: Sequence[int] = columns.pi.data
        self._out_idx, self._out_ptr = columns.out_idx.data, columns.out_ptr.data
        self._in_idx, self._in_ptr = columns.in_idx.data, columns.in_ptr.data
        self._exchange, self._debited, self._credited = (
            columns.exchange.data,
            columns.debited.data,
            columns.credited.data,
        )
        self._foreign, self._foreign_currency = columns.foreign.data, columns.foreign_currency.data
        self._outer, self._kind = columns.outer.data, columns.kind.data
        self._bank, self._party = columns.bank.data, columns.party.data
        self._line_currency = columns.line_currency.data
        self.opening: Sequence[int] = columns.opening.data
        self.assumed: Sequence[int] = columns.assumed.data
        self._short, self._short_given = columns.short.data, columns.short_given.data
        self.ids, self._id_order = Words(columns.id_blob, columns.id_ends, id_form), columns.id_order.data
        self.accounts = Words(columns.account_blob, columns.account_ends)
        self.parties = Words(columns.party_blob, columns.party_ends)
        self.idle = Words(columns.idle_blob, columns.idle_ends)

    def __len__(self) -> int:
        """Count the transfers."""
        return len(self.settled)

    @property
    def line_count(self) -> int:
        """Count the lines."""
        return len(self.opening)

    def number(self, reference: str) -> int:
        """Return the number of a transfer by its id; NotFound if this ledger has none of that id."""
        reference = self.padded(reference)
        found = self.ids.find(reference.encode(errors="surrogateescape"), self._id_order)
        if found is None:
            what = f"no transfer {reference!r} that moves money is in this index"
            raise NotFound(what, "check the id, or index the ledger that has it")
        return found

    def padded(self, reference: str) -> str:
        """Return an id as it is kept: a row number at its full width."""
        if self.id_width and reference.isascii() and reference.isdigit():
            return f"{int(reference):0{self.id_width}d}"
        return reference

    def reference(self, transfer: int) -> str:
        """Return a transfer's id."""
        return self.ids[transfer].decode()

    def account(self, line: int) -> str:
        """Return the account a line belongs to."""
        return self.accounts[line].decode()

    def line(self, account: str, currency: str) -> int | None:
        """Return the number of an account's line in a currency, None where there is none."""
        name = account.encode()
        number = self.accounts.find(name)
        while number is not None and number < self.line_count and self.accounts[number] == name:
            if self.line_code(number) == currency:
                return number
            number += 1
        return None

    def given(self, line: int) -> int:
        """Return the opening balance that was given for a line, 0 where none was."""
        if not self.assumed[line]:
            return self.opening[line]
        at = _found(self._short, line)
        return self._short_given[at] if at >= 0 else 0

    def latest(self) -> int:
        """Return the time of the last transfer, in microseconds."""
        return self.time[len(self) - 1]

    def receiver(self, transfer: int) -> str:
        """Return the account a transfer went to, here or elsewhere; empty if the ledger does not name it."""
        if self.in_line[transfer] >= 0:
            return self.account(self.in_line[transfer])
        return self.party(transfer) if self.out_line[transfer] >= 0 else ""

    def party(self, transfer: int) -> str:
        """Return the account at the other holder of a transfer that enters or leaves, "" where nobody says."""
        at = _found(self._outer, transfer)
        party = self._party[at] if at >= 0 else -1
        return self.parties[party].decode() if party >= 0 else ""

    def place(self, transfer: int) -> tuple[int, bytes]:
        """Return what orders transfers: the time, and the id where times are equal."""
        return self.time[transfer], self.ids[transfer]

    def sender_bank(self, reference: str) -> str:
        """Return the code of the bank that a transfer came from, "" when it began in this ledger or nobody says."""
        transfer = self.number(reference)
        return self.other_bank(transfer) if self.out_line[transfer] < 0 else ""

    def other_bank(self, transfer: int) -> str:
        """Return the code of the holder at the other end of a transfer that enters or leaves, "" where nobody says."""
        at = _found(self._outer, transfer)
        bank = self._bank[at] if at >= 0 else -1
        return self.banks[bank] if bank >= 0 else ""

    def kind(self, transfer: int) -> int:
        """Return what a transfer is to the trail, a number of KINDS."""
        at = _found(self._outer, transfer)
        return int(self._kind[at]) if at >= 0 else 0

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
        at = _found(self._foreign, transfer) if self._foreign else -1
        if at >= 0:
            return self.currencies[self._foreign_currency[at]]
        line = self.out_line[transfer]
        return self.line_code(line if line >= 0 else self.in_line[transfer])

    def debited(self, transfer: int) -> int:
        """Return what the sender's line lost."""
        at = _found(self._exchange, transfer) if self._exchange else -1
        return self._debited[at] if at >= 0 else self.settled[transfer]

    def credited(self, transfer: int) -> int:
        """Return what the receiver's line got."""
        at = _found(self._exchange, transfer) if self._exchange else -1
        return self._credited[at] if at >= 0 else self.settled[transfer]

    def amounting(self, amount_minor: int) -> list[int]:
        """Return the transfers of which this amount was settled, or left the sender's line, in order."""
        known = np.flatnonzero(self.columns.settled == amount_minor)
        exchanged = self.columns.exchange[self.columns.debited == amount_minor]
        found: list[int] = np.union1d(known, exchanged).tolist()
        return found

    def outflows(self, line: int, start: int, end: int, until: int | None) -> tuple[list[Cut], int]:
        """Return the outflows that took ``[start, end)`` of a line, and where what is still there begins.

        Only outflows at or before ``until`` (microseconds) count; None: all. The rest is ``[returned position, end)``.
        """
        return self.taken(line, start, end, until, len(self))

    def taken(self, line: int, start: int, end: int, until: int | None, count: int) -> tuple[list[Cut], int]:
        """Return the outflows as :meth:`outflows` does, by the first ``count`` transfers of the line alone."""
        low = self._out_ptr[line]
        high = min(self._out_ptr[line + 1], low + count)
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
        from_opening = max(start, min(end, self.opening[line]))
        cuts, _ = self.brought(line, from_opening, end, len(self))
        return cuts, from_opening

    def brought(self, line: int, start: int, end: int, count: int) -> tuple[list[Cut], int]:
        """Return the inflows among the first ``count`` of a line that brought ``[start, end)``, and where they end."""
        low = self._in_ptr[line]
        high = min(self._in_ptr[line + 1], low + count)
        cuts, edge = [], start
        at = bisect_right(self._in_idx, start, low, high, key=self.pi.__getitem__) - 1
        for place in range(max(at, low), high):
            transfer = self._in_idx[place]
            begin = self.pi[transfer]
            if begin >= end:
                break
            stop = min(end, begin + self.credited(transfer))
            if stop > edge:
                cuts.append(Cut(transfer, edge - begin, stop - begin))
                edge = stop
        return cuts, edge


def _found(numbers: "memoryview[int]", number: int) -> int:
    """Return where a number stands among ascending ones, -1 where it does not."""
    at = bisect_left(numbers, number)
    return at if at < len(numbers) and numbers[at] == number else -1
