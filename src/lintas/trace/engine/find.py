"""Find the transfer a victim speaks of: by amount, and by receiving account and time where they are known."""

from datetime import datetime, timedelta

from lintas.trace.engine.index import Index
from lintas.trace.ledgers.ledger import microseconds

#: How far off a victim's memory of the time may be.
WITHIN = timedelta(hours=24)


def find(
    index: Index,
    amount_minor: int,
    currency: str,
    *,
    receiver: str | None = None,
    at: datetime | None = None,
    within: timedelta = WITHIN,
) -> list[str]:
    """Return the ids of transfers of exactly this amount, nearest to ``at`` first (else latest first).

    ``amount_minor`` is what was settled between the banks or what left the sender's account: the victim sees the second.
    ``receiver`` compares account numbers without spaces and hyphens, in any case. More than one id means: ask a human.
    """
    found = [number for number in index.amounting(amount_minor) if _says(index, number, amount_minor, currency)]
    if receiver is not None:
        found = [number for number in found if _plain(index.receiver(number)) == _plain(receiver)]
    if at is None:
        return [index.reference(number) for number in reversed(found)]
    moment, window = microseconds(at), within // timedelta(microseconds=1)
    near = [(abs(index.time[number] - moment), number) for number in found]
    near.sort(key=lambda each: each[0])
    return [index.reference(number) for distance, number in near if distance <= window]


def _says(index: Index, number: int, amount_minor: int, currency: str) -> bool:
    if (index.settled[number], index.code(number)) == (amount_minor, currency):
        return True
    line = index.out_line[number]
    return line >= 0 and (index.debited(number), index.line_code(line)) == (amount_minor, currency)


def _plain(account: str) -> str:
    return account.replace(" ", "").replace("-", "").upper()
