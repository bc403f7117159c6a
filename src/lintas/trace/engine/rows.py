"""One transfer by names, as a change to an index says it and a journal keeps it."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from lintas.trace.ledgers.ledger import Ledger


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A transfer: ``time`` in microseconds since 1970, amounts in minor units, > 0.

    ``sender`` or ``receiver`` is None where that side has no account here; it is then ``party`` at ``bank``. ``debited`` and
    ``credited`` are (amount, currency) where they are not the settled amount. ``kind`` numbers KINDS.
    """

    reference: str
    time: int
    sender: str | None = None
    receiver: str | None = None
    settled: int
    currency: str
    debited: tuple[int, str] | None = None
    credited: tuple[int, str] | None = None
    bank: str = ""
    party: str = ""
    kind: int = 0

    @property
    def lost(self) -> tuple[int, str]:
        """Return what the sender's line loses."""
        return self.debited or (self.settled, self.currency)

    @property
    def got(self) -> tuple[int, str]:
        """Return what the receiver's line gets."""
        return self.credited or (self.settled, self.currency)

    @property
    def idle(self) -> bool:
        """Say whether it moves nothing: from a line to itself."""
        return (
            self.sender is not None and self.sender == self.receiver and self.lost[1] == self.got[1] and not self.kind
        )


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step from a state of an index to the next: a new transfer, other facts for one, or one that never was."""

    do: Literal["append", "correct", "withdraw"]
    row: Row | None = None
    reference: str = ""


def rows(ledger: Ledger) -> Iterator[Row]:
    """Give the transfers of a ledger by names, those first that move money."""
    for at, reference in enumerate(ledger.ids):
        out_line, in_line = int(ledger.out_line[at]), int(ledger.in_line[at])
        settled, code = int(ledger.settled[at]), ledger.currencies[ledger.currency[at]]
        lost = int(ledger.debited[at]), ledger.lines[out_line][1] if out_line >= 0 else code
        got = int(ledger.credited[at]), ledger.lines[in_line][1] if in_line >= 0 else code
        yield Row(
            reference=reference.decode(),
            time=int(ledger.time[at]),
            sender=ledger.lines[out_line][0] if out_line >= 0 else None,
            receiver=ledger.lines[in_line][0] if in_line >= 0 else None,
            settled=settled,
            currency=code,
            debited=None if lost == (settled, code) else lost,
            credited=None if got == (settled, code) else got,
            bank=ledger.banks[ledger.bank[at]] if ledger.bank[at] >= 0 else "",
            party=ledger.parties[ledger.party[at]] if ledger.party[at] >= 0 else "",
            kind=int(ledger.kind[at]),
        )
