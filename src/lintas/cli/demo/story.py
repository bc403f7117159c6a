"""The world of the demo, from a seed: who there is, what every bank's ledger holds, and what the victim tells the hotline.

Everybody here is fictional, and the seed decides who plays which part. The money goes victim's bank -> mule at a second bank
at home -> one mule abroad after another, each in a further jurisdiction. Some stays at each; one buys from a merchant; one
pays an honest shop-keeper, who pays a supplier in a further jurisdiction. Mules empty 80-90 % of an account within 3 to 10
minutes. The books tell as well what comes later if nobody asks; a live ledger holds what has happened by now.
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from lintas.cli.demo.books import Books, exchanged
from lintas.cli.demo.cast import CAST, Cast
from lintas.interop.iso20022 import CreditTransfer
from lintas.model import money, times

NOISE = 150
#: How long before now the victim's bank sent the money: a mule keeps little of it by now, the last one still has most.
REPORTED_AFTER = timedelta(minutes=9)


class Theft(NamedTuple):
    """One theft, as the victim's report tells it and as the ledgers hold it."""

    text: str
    form: dict[str, str]
    stolen_minor: int
    currency: str
    bank: str
    reference: str
    at: datetime
    caller: str


class Roles(NamedTuple):
    """What happens at which hop of the chain (0 at home); no supplier where the chain ends at the shop-keeper."""

    merchant: int
    shop: int
    supplier: int | None


@dataclass(frozen=True)
class World:
    """Every bank's books and the thefts in them; ``cast`` is in the order in which the money passes.

    ``straight`` is one more theft, whose money goes at once from Aria to Doria: there only when no other goes that way.
    """

    cast: tuple[Cast, ...]
    roles: Roles
    books: dict[str, Books]
    thefts: list[Theft]
    now: datetime
    straight: Theft | None = None

    @property
    def shop_bank(self) -> str:
        """Return the bank of the honest shop-keeper."""
        return self.cast[self.roles.shop].banks[1]

    @property
    def supplier_bank(self) -> str:
        """Return the bank of the shop-keeper's supplier; "" where there is none."""
        return "" if self.roles.supplier is None else self.cast[self.roles.supplier].banks[1]


class _Account(NamedTuple):
    bank: str
    number: str
    currency: str


def build(
    seed: int, now: datetime, *, thefts: int = 1, cast: Sequence[Cast] = CAST, order: Sequence[Cast] | None = None
) -> World:
    """Make the world of a seed; the last theft happened minutes before ``now``.

    The seed puts ``cast`` in order, unless ``order`` (of at least two) is given.
    """
    rng = random.Random(seed)  # noqa: S311 — a story, not a secret
    chain = tuple(order) if order is not None else tuple(rng.sample(list(cast), len(cast)))
    last = len(chain) - 1
    shop = rng.randint(1, max(1, last - 1))
    supplier = rng.randint(shop + 1, last) if shop < last else None
    roles = Roles(rng.choice([hop for hop in range(len(chain)) if hop != shop]), shop, supplier)
    books = {bank: Books() for each in chain for bank in each.banks}
    for each in chain:
        for bank in each.banks:
            _noise(books[bank], bank, each.currency, rng, now)
    teller = _Teller(chain, roles, books, rng, now)
    told = [teller.theft(number) for number in range(thefts)]
    return World(chain, roles, books, told, now, teller.straight())


def _noise(books: Books, bank: str, code: str, rng: random.Random, now: datetime) -> None:
    accounts = [f"{bank}{1000 + number:06d}" for number in range(40)]
    for number in range(NOISE):
        sender, receiver = rng.sample(accounts, 2)
        at = now - timedelta(minutes=rng.randint(60, 10_000))
        books.add(f"{bank}-{number:05d}", at, (sender, receiver), (rng.randint(100, 90_000), code))


class _Teller:
    """Writes thefts into the books."""

    def __init__(
        self, chain: tuple[Cast, ...], roles: Roles, books: dict[str, Books], rng: random.Random, now: datetime
    ) -> None:
        self._chain, self._roles, self._books, self._rng, self._now = chain, roles, books, rng, now
        self._codes = {bank: each.currency for each in chain for bank in each.banks}
        self._digits = {bank: str(number) for number, bank in enumerate(books, 1)}
        self._purchases = 0

    def theft(self, number: int) -> Theft:
        """Write one theft along the whole chain."""
        rng, home = self._rng, self._chain[0]
        at = self._now - REPORTED_AFTER - timedelta(seconds=number % 50)
        stolen = exchanged(rng.randrange(2_000_000, 8_000_000), "XAK", home.currency)
        victim, mule = self._account(home.banks[0], stolen // 7), self._account(home.banks[1], stolen // 83)
        self._books[victim.bank].openings[victim.number] += stolen
        reference = self._pay(victim, mule, stolen, at)
        told = self._told(number, victim, mule, stolen, at, reference)
        for hop in range(len(self._chain)):
            stolen, mule = self._at_the_mule(hop, mule, stolen, at)
            at += timedelta(seconds=90)
        return told

    def straight(self) -> Theft | None:
        """Write one theft that goes from Aria to Doria at once, unless the chain begins in Aria or lacks one of the two."""
        by_code = {each.code: each for each in self._chain}
        if not {"XA", "XD"} <= by_code.keys() or self._chain[0].code == "XA":
            return None
        stolen, at = self._rng.randrange(50_000, 200_000), self._now - REPORTED_AFTER
        victim = self._account(by_code["XA"].banks[0], stolen * 2)
        mule = self._account(by_code["XD"].banks[0], stolen // 40)
        reference = self._pay(victim, mule, stolen, at)
        return self._told(99, victim, mule, stolen, at, reference)

    def _at_the_mule(self, hop: int, mule: _Account, got: int, at: datetime) -> tuple[int, _Account]:
        """Spend, pay, send on, and later empty the account; returns what reached the next hop's account, and that one."""
        rng, out = self._rng, 0
        leaves = got * rng.randrange(800, 901) // 1000
        if hop == self._roles.merchant:
            price = got * rng.randrange(80, 121) // 1000
            self._spend(mule, price, at + timedelta(seconds=40), "merchant")
            out += price
        if hop == self._roles.shop:
            price = got * rng.randrange(120, 201) // 1000
            self._at_the_shop(mule, price, at + timedelta(seconds=60))
            out += price
        after, following = 0, mule
        if hop < len(self._chain) - 1:
            next_home = self._chain[hop + 1]
            bank = next_home.banks[0]
            following = self._account(bank, exchanged(got, mule.currency, next_home.currency) // 61)
            self._pay(mule, following, leaves - out, at + timedelta(seconds=90))
            after = exchanged(leaves - out, mule.currency, following.currency)
        else:
            self._run_for_it(hop, mule, leaves - out)
        self._empty(mule, got - leaves)
        return after, following

    def _empty(self, mule: _Account, left: int) -> None:
        """Draw what is left in cash: more than half within a quarter of an hour from now, nearly all within two days."""
        left += self._books[mule.bank].openings[mule.number]
        soon, later = self._rng.randrange(10, 20), self._rng.randrange(120, 2400)
        self._spend(mule, left * 3 // 5, self._now + timedelta(minutes=soon), "cash_out")
        self._spend(mule, left * 3 // 8, self._now + timedelta(minutes=later), "cash_out")

    def _run_for_it(self, hop: int, mule: _Account, left: int) -> None:
        """Empty the last account soon after now: half in cash, half to one more mule, who does the same."""
        soon = self._now + timedelta(minutes=1)
        self._spend(mule, left // 2, soon, "cash_out")
        further = self._chain[hop - 1]
        bank = next(bank for bank in reversed(further.banks) if bank != mule.bank)
        onward = left - left // 2
        friend = self._account(bank, 0)
        self._pay(mule, friend, onward, soon + timedelta(seconds=90))
        arrived = exchanged(onward, mule.currency, friend.currency)
        drawn = arrived * self._rng.randrange(800, 901) // 1000
        self._spend(friend, drawn, soon + timedelta(minutes=7), "cash_out")
        self._empty(friend, arrived - drawn)

    def _at_the_shop(self, mule: _Account, price: int, at: datetime) -> None:
        """An honest sale: the shop-keeper has money of its own, pays a supplier, and lives on the rest."""
        rng, own = self._rng, price // 3
        shop = self._account(self._chain[self._roles.shop].banks[1], own)
        self._pay(mule, shop, price, at)
        left = price + own
        if self._roles.supplier is not None:
            further = self._chain[self._roles.supplier]
            bill = own + price * rng.randrange(400, 601) // 1000
            worth = exchanged(bill, shop.currency, further.currency)
            supplier = self._account(further.banks[1], worth // 5)
            self._pay(shop, supplier, bill, at + timedelta(seconds=90))
            self._spend(supplier, worth * 4 // 5, at + timedelta(minutes=rng.randrange(300, 2000)), "merchant")
            left -= bill
        self._spend(shop, left * 2 // 3, at + timedelta(minutes=rng.randrange(300, 2000)), "merchant")

    def _told(self, number: int, victim: _Account, mule: _Account, stolen: int, at: datetime, reference: str) -> Theft:
        """Return what the victim tells: the call showed a number of the last place that the money reached."""
        written = money.show(stolen, victim.currency)
        phone, own = (f"{self._rng.randrange(10**8):08d}" for _ in range(2))
        caller = self._chain[-1].line(phone)
        text = (
            f"A man from the tax office called me from {caller} and told me to pay at once. "
            f"I transferred {written} {victim.currency} to account {mule.number} at {mule.bank}, "
            f"after he sent me the link https://tax-refund-{number + 1}.example/pay and more calls came. "
            f"My own number is +999{own}."
        )
        form = {
            "bank": victim.bank,
            "amount": written.replace(",", ""),
            "currency": victim.currency,
            "receiver": mule.number,
            "at": times.render(at),
            "scheme": "impersonation_official",
            "text": text,
        }
        return Theft(text, form, stolen, victim.currency, victim.bank, reference, at, caller)

    # ---- rows

    def _account(self, bank: str, opening: int) -> _Account:
        number = f"{self._digits[bank]}{self._rng.randrange(10**9):09d}"
        self._books[bank].openings[number] = opening
        return _Account(bank, number, self._codes[bank])

    def _spend(self, who: _Account, amount: int, at: datetime, kind: str) -> None:
        self._purchases += 1
        row = f"{who.bank}-m{self._purchases:05d}"
        parties = (who.number, f"{who.bank}-till-{who.number[-4:]}")
        self._books[who.bank].add(row, at, parties, (amount, who.currency), kind=kind)

    def _pay(self, sender: _Account, receiver: _Account, amount: int, at: datetime) -> str:
        """One transfer between two banks: a pacs.008 that both keep inside a jurisdiction, a row at each across a border."""
        reference = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        if sender.currency == receiver.currency:
            self._interbank(reference, sender, receiver, amount, at)
            return reference
        credited = (exchanged(amount, sender.currency, receiver.currency), receiver.currency)
        parties, settled = (sender.number, receiver.number), (amount, sender.currency)
        self._books[sender.bank].add(reference, at, parties, settled, banks=("", receiver.bank))
        self._books[receiver.bank].add(reference, at, parties, settled, credited=credited, banks=(sender.bank, ""))
        return reference

    def _interbank(self, uetr: str, sender: _Account, receiver: _Account, amount: int, at: datetime) -> None:
        message = CreditTransfer(
            uetr=uetr,
            end_to_end_id=uetr[:8],
            amount_minor=amount,
            currency=sender.currency,
            time=at,
            debtor_account=sender.number,
            creditor_account=receiver.number,
            debtor_agent=sender.bank,
            creditor_agent=receiver.bank,
        )
        for bank in (sender.bank, receiver.bank):
            self._books[bank].messages.append(message)
