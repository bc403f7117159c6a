"""What all chain readers share: whose an address is, the clock of the blocks, and what a reader tells besides its transfers.

A chain is a holder like a bank: its accounts are the addresses that nobody else is known to hold. An address that a label
gives to another holder (an exchange) is outside: the trail goes there by a baton, under the reference both know.
"""

from collections import Counter
from dataclasses import dataclass, field

from lintas.model.errors import BadInput
from lintas.trace.ledgers.ledger import Collector, check_amount
from lintas.trace.ledgers.readers.addresses import canonical

#: Address -> code of the holder whose customers' money is there.
Holders = dict[str, str]
#: What a reader did that its user should know -> how often.
Told = Counter[str]

FEE = 3
#: Seconds since 1970 of the last year that a time can be written in.
LAST_SECOND = 253_402_000_000
INSIDE = "payments between addresses of one other holder were left to its own ledger"


@dataclass
class Chain:
    """One chain's ledger in the making. Transfers are to be added in the order in which the chain has them."""

    asset: str
    collector: Collector
    holders: Holders
    told: Told
    own: str = ""
    _clock: int = field(default=-(1 << 62))

    def holder(self, address: str) -> str:
        """Return the code of the other holder of an address, "" where it is this chain's own."""
        code = self.holders.get(address, "")
        return "" if code == self.own else code

    def tick(self, seconds: int) -> int:
        """Return the time of the next transfer, in microseconds, by its block's time.

        Each transfer has a microsecond of its own, so that time alone keeps the chain's order; a block that says it is older
        than the one before counts as of that one's time.
        """
        self._clock = max(self._clock + 1, seconds * 1_000_000)
        return self._clock

    def pay(
        self, reference: str, seconds: int, sender: str, receiver: str, amount: tuple[int, str], *, where: str
    ) -> None:
        """Add a payment between two addresses, each here or at its other holder."""
        of_sender, of_receiver = self.holder(sender), self.holder(receiver)
        if of_sender and of_sender == of_receiver:
            self.told[INSIDE] += 1
            return
        self.collector.add(
            reference,
            self.tick(seconds),
            None if of_sender else sender,
            None if of_receiver else receiver,
            (check_amount(str(amount[0]), where), amount[1]),
            where=where,
            bank=of_receiver or of_sender,
            party=receiver if of_receiver else sender if of_sender else "",
        )

    def make(
        self, reference: str, seconds: int, receiver: str, amount: tuple[int, str], source: str, *, where: str
    ) -> None:
        """Add money that comes from no account: mined, minted, out of a shielded pool. Another holder's is in its ledger."""
        if not self.holder(receiver):
            settled = check_amount(str(amount[0]), where), amount[1]
            self.collector.add(reference, self.tick(seconds), None, receiver, settled, where=where, party=source)

    def pay_fee(self, reference: str, seconds: int, payer: str, amount: tuple[int, str], *, where: str) -> None:
        """Add a fee: spent, to whoever made the block. A fee of another holder is in that one's ledger."""
        if not self.holder(payer):
            settled = check_amount(str(amount[0]), where), amount[1]
            self.collector.add(reference, self.tick(seconds), payer, None, settled, where=where, kind=FEE)


def address_at(text: str, where: str) -> str:
    """Return an address in its one form; BadInput with its place."""
    try:
        return canonical(text)
    except BadInput as wrong:
        raise BadInput(wrong.what, wrong.do, where=where) from None
