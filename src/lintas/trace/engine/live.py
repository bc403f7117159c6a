"""An index that grows: a sealed one, and the transfers that came, were corrected or withdrawn since.

A transfer at the end of its two lines is laid in the same time whatever their length; a late or corrected one lays only what
comes later on its two lines again. All other lines are read from the sealed index.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import overload

import msgspec

from lintas.model.errors import BadInput, NotFound
from lintas.trace.engine.index import MAX_LINE, Cut, Index
from lintas.trace.engine.rows import Change, Row
from lintas.trace.engine.suffix import Suffix

#: What an id is that has no transfer to follow: withdrawn, or one that moves nothing.
_GONE, _IDLE = -2, -1


class _Column(Sequence[int]):
    """A column that is worked out where it is asked."""

    def __init__(self, count: Callable[[], int], at: Callable[[int], int]) -> None:
        self._count, self._at = count, at

    def __len__(self) -> int:
        return self._count()

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> list[int]: ...
    def __getitem__(self, at: int | slice) -> int | list[int]:
        if isinstance(at, slice):
            return [self._at(each) for each in range(*at.indices(self._count()))]
        return self._at(at)


class Live(Index):
    """Answers as an index built anew from the transfers that stand; not to be changed and asked by two threads at once.

    Numbers of transfers and lines stay what they were, and new ones follow: order is told by :meth:`place` alone.
    ``columns`` and the words are those of the sealed index. ``snapshot`` names the state: the sealed one's name and every
    change since, so the same changes in the same order give the same name.
    """

    def __init__(self, base: Index) -> None:
        self.base, self.columns, self.snapshot = base, base.columns, base.snapshot
        self.currencies, self.banks, self.balances = base.currencies, base.banks, base.balances
        self.ids, self.accounts, self.parties, self.idle = base.ids, base.accounts, base.parties, base.idle
        self.lifted, self.id_width, self.self_transfers = base.lifted, base.id_width, base.self_transfers
        self._sealed, self._sealed_lines = len(base), base.line_count
        self._rows: list[Row] = []
        self._sides: list[tuple[int, int]] = []
        self._numbers: dict[str, int] = {}
        self._gone: set[int] = set()
        self._changed: dict[int, Suffix] = {}
        self._new_lines: dict[tuple[str, str], int] = {}
        self._names: list[tuple[str, str]] = []
        n, count = self._total, self._lines
        self.time = _Column(n, lambda t: base.time[t] if t < self._sealed else self._row(t).time)
        self.settled = _Column(n, lambda t: base.settled[t] if t < self._sealed else self._row(t).settled)
        self.out_line = _Column(n, lambda t: base.out_line[t] if t < self._sealed else self._sides[t - self._sealed][0])
        self.in_line = _Column(n, lambda t: base.in_line[t] if t < self._sealed else self._sides[t - self._sealed][1])
        self.po, self.pi = _Column(n, self._po), _Column(n, self._pi)
        self.opening, self.assumed = _Column(count, self._opening), _Column(count, self._assumed)

    # ---- changes

    def append(self, row: Row) -> None:
        """Add a transfer, in order or late; BadInput where its id was there before or its amounts do not fit."""
        row = msgspec.structs.replace(row, reference=self.padded(row.reference))
        if self.knows(row.reference):
            what = f"the id {row.reference!r} was there before"
            raise BadInput(what, "give each its own, or correct the transfer")
        self._check(row)
        self._add(row)
        self._name(Change(do="append", row=row))

    def correct(self, row: Row) -> None:
        """Replace the facts of the transfer of this id; NotFound where there is none."""
        row = msgspec.structs.replace(row, reference=self.padded(row.reference))
        known = self._standing(row.reference)
        self._check(row)
        self._remove(row.reference, known)
        self._add(row)
        self._name(Change(do="correct", row=row))

    def withdraw(self, reference: str) -> None:
        """Take a transfer out as if it had never been; NotFound where there is none of this id."""
        self._remove(self.padded(reference), self._standing(reference))
        self._name(Change(do="withdraw", reference=reference))

    def change(self, changes: Iterable[Change]) -> None:
        """Make changes one after the other."""
        for each in changes:
            if each.do == "withdraw":
                self.withdraw(each.reference)
            elif each.row is not None:
                (self.append if each.do == "append" else self.correct)(each.row)

    def knows(self, reference: str) -> bool:
        """Say whether a transfer of this id stands, one that moves nothing included."""
        return self._known(reference) not in (None, _GONE)

    # ---- the questions of an index

    def __len__(self) -> int:
        """Count the transfers that stand."""
        return self._total() - len(self._gone)

    @property
    def line_count(self) -> int:
        """Count the lines, those that have no transfer any more included."""
        return self._lines()

    def number(self, reference: str) -> int:
        """Return the number of a transfer by its id; NotFound if none of that id moves money here."""
        known = self._numbers.get(self.padded(reference))
        if known is None:
            return self.base.number(reference)
        if known < 0:
            what = f"no transfer {reference!r} that moves money is in this index"
            raise NotFound(what, "check the id, or index the ledger that has it")
        return known

    def reference(self, transfer: int) -> str:
        """Return a transfer's id."""
        return self.base.reference(transfer) if transfer < self._sealed else self._row(transfer).reference

    def place(self, transfer: int) -> tuple[int, bytes]:
        """Return what orders transfers: the time, and the id where times are equal."""
        if transfer < self._sealed:
            return self.base.place(transfer)
        row = self._row(transfer)
        return row.time, row.reference.encode()

    def line(self, account: str, currency: str) -> int | None:
        """Return the number of an account's line in a currency, None where there is none."""
        known = self._new_lines.get((account, currency))
        return self.base.line(account, currency) if known is None else known

    def account(self, line: int) -> str:
        """Return the account a line belongs to."""
        return self.base.account(line) if line < self._sealed_lines else self._names[line - self._sealed_lines][0]

    def line_code(self, line: int) -> str:
        """Return the currency of a line."""
        return self.base.line_code(line) if line < self._sealed_lines else self._names[line - self._sealed_lines][1]

    def given(self, line: int) -> int:
        """Return the opening balance that was given for a line, 0 where none was."""
        return self.base.given(line) if line < self._sealed_lines else 0

    def party(self, transfer: int) -> str:
        """Return the account at the other holder of a transfer that enters or leaves, "" where nobody says."""
        return self.base.party(transfer) if transfer < self._sealed else self._row(transfer).party

    def other_bank(self, transfer: int) -> str:
        """Return the code of the holder at the other end of a transfer that enters or leaves, "" where nobody says."""
        return self.base.other_bank(transfer) if transfer < self._sealed else self._row(transfer).bank

    def kind(self, transfer: int) -> int:
        """Return what a transfer is to the trail, a number of KINDS."""
        return self.base.kind(transfer) if transfer < self._sealed else self._row(transfer).kind

    def code(self, transfer: int) -> str:
        """Return the currency a transfer was settled in."""
        return self.base.code(transfer) if transfer < self._sealed else self._row(transfer).currency

    def debited(self, transfer: int) -> int:
        """Return what the sender's line lost."""
        return self.base.debited(transfer) if transfer < self._sealed else self._row(transfer).lost[0]

    def credited(self, transfer: int) -> int:
        """Return what the receiver's line got."""
        return self.base.credited(transfer) if transfer < self._sealed else self._row(transfer).got[0]

    def outs(self, line: int) -> Sequence[int]:
        """Return the transfers that left a line, in order."""
        changed = self._changed.get(line)
        return self.base.outs(line) if changed is None else changed.all_outs()

    def ins(self, line: int) -> Sequence[int]:
        """Return the transfers that reached a line, in order."""
        changed = self._changed.get(line)
        return self.base.ins(line) if changed is None else changed.all_ins()

    def latest(self) -> int:
        """Return the time of the last transfer, in microseconds."""
        sealed = (self.base.time[number] for number in range(self._sealed - 1, -1, -1) if number not in self._gone)
        new = [row.time for number, row in enumerate(self._rows, self._sealed) if number not in self._gone]
        return max([*itertools.islice(sealed, 1), *new])

    def amounting(self, amount_minor: int) -> list[int]:
        """Return the transfers of which this amount was settled, or left the sender's line, in order."""
        sealed = [number for number in self.base.amounting(amount_minor) if number not in self._gone]
        new = [
            number
            for number, row in enumerate(self._rows, self._sealed)
            if number not in self._gone and amount_minor in (row.settled, row.lost[0])
        ]
        return sorted(sealed + new, key=self.place) if new else sealed

    def outflows(self, line: int, start: int, end: int, until: int | None) -> tuple[list[Cut], int]:
        """Return the outflows that took ``[start, end)`` of a line, and where what is still there begins."""
        changed = self._changed.get(line)
        return self.base.outflows(line, start, end, until) if changed is None else changed.outflows(start, end, until)

    def inflows(self, line: int, start: int, end: int) -> tuple[list[Cut], int]:
        """Return the inflows that ``[start, end)`` of a line came from, and where its part of the opening balance ends."""
        changed = self._changed.get(line)
        return self.base.inflows(line, start, end) if changed is None else changed.inflows(start, end)

    # ---- inside

    def _total(self) -> int:
        return self._sealed + len(self._rows)

    def _lines(self) -> int:
        return self._sealed_lines + len(self._names)

    def _row(self, transfer: int) -> Row:
        return self._rows[transfer - self._sealed]

    def _po(self, transfer: int) -> int:
        line = self.out_line[transfer]
        changed = self._changed.get(line) if line >= 0 else None
        return changed.po(transfer) if changed else self.base.po[transfer] if line >= 0 else -1

    def _pi(self, transfer: int) -> int:
        line = self.in_line[transfer]
        changed = self._changed.get(line) if line >= 0 else None
        return changed.pi(transfer) if changed else self.base.pi[transfer] if line >= 0 else -1

    def _opening(self, line: int) -> int:
        changed = self._changed.get(line)
        return self.base.opening[line] if changed is None else changed.opening

    def _assumed(self, line: int) -> int:
        if self.balances == "assumed":
            return 1
        if line not in self._changed:
            return self.base.assumed[line]
        return int(self._changed[line].opening > self._changed[line].given)

    def _known(self, reference: str) -> int | None:
        """Return the number of the transfer of an id, or whether it is gone or idle; None where the id is new."""
        reference = self.padded(reference)
        if reference in self._numbers:
            return self._numbers[reference]
        if self.base.idle.find(reference.encode(errors="surrogateescape")) is not None:
            return _IDLE
        try:
            return self.base.number(reference)
        except NotFound:
            return None

    def _standing(self, reference: str) -> int:
        known = self._known(reference)
        if known is None or known == _GONE:
            raise NotFound(f"no transfer {reference!r} is in this index", "append it, or check the id")
        return known

    def _check(self, row: Row) -> None:
        if row.sender is None and row.receiver is None:
            raise BadInput("neither side has an account here", "leave the row out")
        if row.idle and row.lost[0] != row.got[0]:
            do = "book the difference as a transfer of its own"
            raise BadInput("a transfer from an account to itself changes its amount", do)
        if min(row.settled, row.lost[0], row.got[0]) <= 0:
            raise BadInput("the amount is not greater than zero", "swap sender and receiver, or leave the row out")
        for account, (amount, code) in ((row.sender, row.lost), (row.receiver, row.got)):
            line = None if account is None else self.line(account, code)
            if line is not None and sum(self._sums(line)) + amount > MAX_LINE:
                what = f"the transfers of account {account!r} sum to more than 64 bits hold"
                raise BadInput(what, "check the unit of its amounts, or index fewer days at once")

    def _sums(self, line: int) -> tuple[int, int, int]:
        changed = self._touched(line)
        return changed.left, changed.came, changed.given

    def _touched(self, line: int) -> Suffix:
        changed = self._changed.get(line)
        if changed is None:
            changed = Suffix(self, self.base if line < self._sealed_lines else None, line)
            self._changed[line] = changed
        return changed

    def _line_of(self, account: str | None, code: str) -> int:
        if account is None:
            return -1
        line = self.line(account, code)
        if line is None:
            line = self._new_lines[account, code] = self._lines()
            self._names.append((account, code))
        return line

    def _add(self, row: Row) -> None:
        if row.idle:
            self.self_transfers += 1
            self._numbers[row.reference] = _IDLE
            return
        number = self._total()
        out_line = self._line_of(row.sender, row.lost[1])
        in_line = self._line_of(None if row.kind else row.receiver, row.got[1])
        self._rows.append(row)
        self._sides.append((out_line, in_line))
        self._numbers[row.reference] = number
        for line, comes in ((out_line, False), (in_line, True)):
            if line >= 0:
                self._counted(self._touched(line), number, comes, Suffix.add)

    def _remove(self, reference: str, known: int) -> None:
        self._numbers[reference] = _GONE
        if known == _IDLE:
            self.self_transfers -= 1
            return
        for line, comes in ((self.out_line[known], False), (self.in_line[known], True)):
            if line >= 0:
                self._counted(self._touched(line), known, comes, Suffix.drop)
        self._gone.add(known)

    def _counted(self, changed: Suffix, number: int, comes: bool, how: Callable[..., None]) -> None:
        before = changed.opening > changed.given
        how(changed, number, comes=comes)
        if self.balances == "given":
            self.lifted += (changed.opening > changed.given) - before

    def _name(self, change: Change) -> None:
        said = b"lintas trace state 1\n" + self.snapshot.encode() + msgspec.json.encode(change)
        self.snapshot = hashlib.sha256(said).hexdigest()[:32]
