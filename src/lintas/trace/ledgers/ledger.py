"""One holder's transfers as columns: what every reader delivers and the index is built from."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from lintas.model import money
from lintas.model.errors import BadInput
from lintas.trace.engine.words import Strings, strings

Ints = npt.NDArray[np.int64]

#: What a transfer is to the trail: it goes on at the receiver, or it is spent there.
KINDS = ("transfer", "merchant", "cash_out", "fee")
#: Line number of a side that has no account here.
OUTSIDE = -1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return whole microseconds since 1970-01-01T00:00:00Z."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Return the aware time, UTC, of a count of :func:`microseconds`."""
    return _EPOCH + value * _MICROSECOND


@dataclass(frozen=True, kw_only=True, eq=False)
class Ledger:
    """Columns of n transfers in any order; an account's line is one (account, currency).

    ``settled`` is the amount between the banks, in ``currencies[currency]``; ``debited`` what left the sender's line
    and ``credited`` what reached the receiver's, each in its line's currency. All are minor units, shape (n,), > 0.
    ``out_line`` and ``in_line`` number ``lines`` (each has a transfer); -1 where that side has no account here: ``bank``
    then numbers the other holder in ``banks`` and ``party`` the account there in ``parties`` (-1: nobody named).
    ``kind`` numbers :data:`KINDS`. ``openings`` is the given
    balance per line, None where no balances were given. ``id_width`` > 0: ids are row numbers padded to that width.
    ``idle`` are the ids of transfers that move nothing. Columns that say the same for every transfer may be broadcast.
    """

    ids: Sequence[bytes] | Strings
    time: Ints
    out_line: npt.NDArray[np.int32]
    in_line: npt.NDArray[np.int32]
    settled: Ints
    debited: Ints
    credited: Ints
    currency: npt.NDArray[np.int16]
    bank: npt.NDArray[np.int32]
    party: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    lines: Sequence[tuple[str, str]]
    currencies: list[str]
    banks: list[str]
    parties: list[str]
    openings: dict[int, int] | None = None
    id_width: int = 0
    self_transfers: int = 0
    idle: Sequence[bytes] = ()


@dataclass(kw_only=True)
class Collector:
    """Takes transfers one by one, checked, and gives the Ledger; ``where`` of an entry names its place in errors."""

    ids: list[bytes] = field(default_factory=list)
    self_transfers: int = 0
    idle: list[bytes] = field(default_factory=list)
    _rows: "array[int]" = field(default_factory=lambda: array("q"))
    _lines: dict[tuple[str, str], int] = field(default_factory=dict)
    _banks: dict[str, int] = field(default_factory=dict)
    _parties: dict[str, int] = field(default_factory=dict)
    _currencies: dict[str, int] = field(default_factory=dict)
    _places: dict[bytes, str] = field(default_factory=dict)

    def add(
        self,
        reference: str,
        time: int,
        sender: str | None,
        receiver: str | None,
        settled: tuple[int, str],
        *,
        where: str,
        debited: tuple[int, str] | None = None,
        credited: tuple[int, str] | None = None,
        bank: str = "",
        party: str = "",
        kind: int = 0,
    ) -> None:
        """Add one transfer; ``sender`` or ``receiver`` is None where that side has no account here.

        That side is then account ``party`` at ``bank``.

        A transfer from a line to itself moves nothing: it is counted and left out, and tracing it is refused.
        Raises BadInput for a reference that was there before, or a self-transfer that changes its amount.
        """
        name = reference.encode()
        debited, credited = debited or settled, credited or settled
        if name in self._places:
            earlier = self._places[name]
            raise BadInput(f"the id {reference!r} was there before ({earlier})", "give each its own", where=where)
        self._places[name] = where
        if sender is not None and sender == receiver and debited[1] == credited[1] and kind == 0:
            if debited[0] != credited[0]:
                do = "book the difference as a transfer of its own"
                raise BadInput("a transfer from an account to itself changes its amount", do, where=where)
            self.self_transfers += 1
            self.idle.append(name)
            return
        out_line = OUTSIDE if sender is None else self._line(sender, debited[1])
        in_line = OUTSIDE if receiver is None else self._line(receiver, credited[1])
        currency = self._currencies.setdefault(settled[1], len(self._currencies))
        holder = self._banks.setdefault(bank, len(self._banks)) if bank else OUTSIDE
        self.ids.append(name)
        other = self._parties.setdefault(party, len(self._parties)) if party else OUTSIDE
        amounts = (settled[0], debited[0], credited[0])
        self._rows.extend((time, out_line, in_line, *amounts, currency, holder, other, kind))

    def _line(self, account: str, currency: str) -> int:
        return self._lines.setdefault((account, currency), len(self._lines))

    def ledger(self, openings: "list[Opening] | None" = None, *, id_width: int = 0) -> Ledger:
        """Return what was added as columns; BadInput where an opening balance does not say which line it is for."""
        columns = np.array(self._rows, dtype=np.int64).reshape(-1, 10).T.copy()
        time, out_line, in_line, settled, debited, credited, currency, bank, party, kind = columns
        return Ledger(
            ids=strings(self.ids),
            time=time,
            out_line=out_line.astype(np.int32),
            in_line=in_line.astype(np.int32),
            settled=settled,
            debited=debited,
            credited=credited,
            currency=currency.astype(np.int16),
            bank=bank.astype(np.int32),
            party=party.astype(np.int32),
            kind=kind.astype(np.int8),
            lines=list(self._lines),
            currencies=list(self._currencies),
            banks=list(self._banks),
            parties=list(self._parties),
            openings=None if openings is None else _by_line(openings, list(self._lines)),
            id_width=id_width,
            self_transfers=self.self_transfers,
            idle=tuple(self.idle),
        )


@dataclass(frozen=True)
class Opening:
    """A given balance before the first transfer; ``currency`` is needed where the account has lines in several."""

    account: str
    amount_minor: int
    currency: str | None
    where: str


def with_openings(ledger: Ledger, openings: "list[Opening]") -> Ledger:
    """Return the ledger with these balances; BadInput where one does not say which line it is for."""
    return replace(ledger, openings=_by_line(openings, ledger.lines))


def _by_line(openings: list[Opening], lines: Sequence[tuple[str, str]]) -> dict[int, int]:
    """Find each balance's line; a balance of an account without transfers is of no use here and is left out."""
    of_account: dict[str, list[int]] = {}
    for number, (account, _) in enumerate(lines):
        of_account.setdefault(account, []).append(number)
    found: dict[int, int] = {}
    for opening in openings:
        fitting = [n for n in of_account.get(opening.account, []) if opening.currency in (None, lines[n][1])]
        if len(fitting) > 1:
            codes = ", ".join(sorted(lines[n][1] for n in fitting))
            what = f"the account {opening.account!r} has lines in {codes}"
            raise BadInput(what, "add a column `currency` to the balances", where=opening.where)
        if fitting:
            if fitting[0] in found:
                raise BadInput("a second balance for one account", "keep one of them", where=opening.where)
            found[fitting[0]] = opening.amount_minor
    return found


def check_amount(text: str, where: str) -> int:
    """Read integer minor units > 0 from text; BadInput naming ``where`` for anything else."""
    if text.isascii() and text.isdigit() and len(text) <= 40:
        amount = int(text)
        if 0 < amount <= money.MAX_MINOR:
            return amount
        if amount == 0:
            raise BadInput("the amount is zero", "leave the row out: it moves nothing", where=where)
        raise BadInput(f"the amount {text} is larger than any accepted here", "check the unit", where=where)
    shown = text[:40]
    if text[:1] == "-":
        raise BadInput(f"the amount {shown!r} is negative", "swap sender and receiver instead", where=where)
    if "." in text or "," in text:
        do = "write integer minor units: 12.50 is 1250 where there are two decimals"
        raise BadInput(f"the amount {shown!r} is not in whole minor units", do, where=where)
    raise BadInput(f"{shown!r} is not an amount", "write integer minor units, digits only", where=where)
