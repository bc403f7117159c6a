"""What the banks of the story write down: the files of one bank's ledger directory, as of any moment."""

from dataclasses import dataclass, field
from datetime import datetime

from lintas.cli.demo.cast import WORTH
from lintas.interop.iso20022 import CreditTransfer, write_pacs008
from lintas.model import money, times

_HEADER = (
    "id,time,sender,receiver,amount_minor,currency,credited_minor,credited_currency,sender_bank,receiver_bank,kind\n"
)
TRANSFERS, MESSAGES, OPENINGS = "transfers.csv", "messages.pacs.008.xml", "opening_balances.csv"


@dataclass
class Books:
    """One bank's books, what comes later included; a live ledger holds only what has happened."""

    rows: list[tuple[datetime, str]] = field(default_factory=list)
    messages: list[CreditTransfer] = field(default_factory=list)
    openings: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        reference: str,
        at: datetime,
        parties: tuple[str, str],
        amount: tuple[int, str],
        *,
        credited: tuple[int, str] | None = None,
        banks: tuple[str, str] = ("", ""),
        kind: str = "transfer",
    ) -> None:
        """Add one CSV row; ``parties`` are sender and receiver, ``banks`` theirs where outside."""
        minor, code = credited or amount
        cells = (reference, times.render(at), *parties, amount[0], amount[1], minor, code, *banks, kind)
        self.rows.append((at, ",".join(str(cell) for cell in cells) + "\n"))

    def files(self, at: datetime) -> dict[str, bytes]:
        """Return the directory's files by name, with everything up to and including ``at``."""
        found = {TRANSFERS: (_HEADER + "".join(row for when, row in self.rows if when <= at)).encode()}
        messages = [each for each in self.messages if each.time <= at]
        if messages:
            found[MESSAGES] = write_pacs008(messages, message_id="MSG-1", created=at)
        if self.openings:
            lines = "".join(f"{account},{amount}\n" for account, amount in self.openings.items())
            found[OPENINGS] = f"account,amount_minor\n{lines}".encode()
        return found


def exchanged(amount_minor: int, source: str, target: str) -> int:
    """Carry minor units of one currency into another at the story's rates, rounded down."""
    digits = money.exponents()
    gives: int = amount_minor * WORTH[source] * 10 ** digits[target]
    takes: int = WORTH[target] * 10 ** digits[source]
    return gives // takes
