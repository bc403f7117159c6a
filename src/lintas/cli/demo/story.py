"""The world of the demo, from a seed: who there is, what every bank's ledger holds, and what the victim tells the hotline.

Everybody here is fictional. Money goes victim's bank -> mule at a second bank of Aria -> across the border to Boreo -> on to
a second bank there; part is spent at a merchant, part is still where it arrived.
"""

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lintas.interop.iso20022 import CreditTransfer, write_pacs008
from lintas.model import money, times

A1, A2, B1, B2 = "XAFB", "XABT", "XBUB", "XBCS"
#: XBK (no decimals) for 1,000 XAK: a rate that never divides evenly.
RATE = 7_351
NOISE = 150
_HEADER = (
    "id,time,sender,receiver,amount_minor,currency,credited_minor,credited_currency,sender_bank,receiver_bank,kind\n"
)


@dataclass(frozen=True)
class Theft:
    """One theft, as the victim's report tells it and as the ledgers hold it."""

    text: str
    form: dict[str, str]
    stolen_minor: int


@dataclass
class Books:
    """The files of one bank's ledger directory."""

    rows: list[str] = field(default_factory=list)
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
        self.rows.append(",".join(str(cell) for cell in cells) + "\n")

    def files(self, at: datetime) -> dict[str, bytes]:
        """Return the directory's files by name."""
        found = {"transfers.csv": (_HEADER + "".join(self.rows)).encode()}
        if self.messages:
            found["messages.pacs.008.xml"] = write_pacs008(self.messages, message_id="MSG-1", created=at)
        if self.openings:
            lines = "".join(f"{account},{amount}\n" for account, amount in self.openings.items())
            found["opening_balances.csv"] = f"account,amount_minor\n{lines}".encode()
        return found


@dataclass(frozen=True)
class World:
    """Every bank's books and the thefts in them."""

    books: dict[str, Books]
    thefts: list[Theft]
    now: datetime


def build(seed: int, now: datetime, *, thefts: int = 1) -> World:
    """Make the world of a seed; the last theft happened minutes before ``now``."""
    rng = random.Random(seed)  # noqa: S311 — a story, not a secret
    world = World({bank: Books() for bank in (A1, A2, B1, B2)}, [], now)
    for bank, code in ((A1, "XAK"), (A2, "XAK"), (B1, "XBK"), (B2, "XBK")):
        _noise(world.books[bank], bank, code, rng, now)
    for number in range(thefts):
        world.thefts.append(_theft(world, rng, number))
    return world


def _noise(books: Books, bank: str, code: str, rng: random.Random, now: datetime) -> None:
    accounts = [f"{bank}{1000 + number:06d}" for number in range(40)]
    for number in range(NOISE):
        sender, receiver = rng.sample(accounts, 2)
        at = now - timedelta(minutes=rng.randint(60, 10_000))
        books.add(f"{bank}-{number:05d}", at, (sender, receiver), (rng.randint(100, 90_000), code))


def _uetr(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _account(rng: random.Random, bank: str) -> str:
    prefix = {A1: "1", A2: "2", B1: "3", B2: "4"}[bank]
    return prefix + f"{rng.randrange(10**9):09d}"


def _theft(world: World, rng: random.Random, number: int) -> Theft:
    stolen = rng.randrange(2_000_000, 8_000_000)
    at = world.now - timedelta(minutes=9, seconds=number % 50)
    victim, mule, second, third = (_account(rng, bank) for bank in (A1, A2, B1, B2))
    theft = _uetr(rng)
    world.books[A1].openings[victim] = stolen + rng.randrange(10_000, 900_000)
    _interbank(world, theft, at, (A1, A2), (victim, mule), (stolen, "XAK"))
    abroad = _at_the_mule(world, rng, at, mule, second, stolen)
    _abroad(world, rng, at, second, third, *abroad)
    written = money.show(stolen, "XAK")
    phone = f"+999{rng.randrange(10**8):08d}"
    own = f"+999{rng.randrange(10**8):08d}"
    text = (
        f"A man from the tax office called me from {phone} and told me to pay at once. "
        f"I transferred {written} XAK to account {mule} at Banner Trust, "
        f"after he sent me the link https://tax-refund-{number + 1}.example/pay and more calls came. "
        f"My own number is {own}."
    )
    form = {
        "bank": A1,
        "amount": written.replace(",", ""),
        "currency": "XAK",
        "receiver": mule,
        "at": times.render(at),
        "scheme": "impersonation_official",
        "text": text,
    }
    return Theft(text, form, stolen)


def _interbank(
    world: World, uetr: str, at: datetime, banks: tuple[str, str], accounts: tuple[str, str], amount: tuple[int, str]
) -> None:
    """One credit transfer between two banks, as the pacs.008 that both keep."""
    message = CreditTransfer(
        uetr=uetr,
        end_to_end_id=uetr[:8],
        amount_minor=amount[0],
        currency=amount[1],
        time=at,
        debtor_account=accounts[0],
        creditor_account=accounts[1],
        debtor_agent=banks[0],
        creditor_agent=banks[1],
    )
    for bank in banks:
        world.books[bank].messages.append(message)


def _at_the_mule(
    world: World, rng: random.Random, at: datetime, mule: str, second: str, stolen: int
) -> tuple[str, int, int]:
    """Spend a little, send most abroad, leave the rest; returns the transfer abroad, its amount, what it credits."""
    books = world.books[A2]
    before = rng.randrange(20_000, 90_000)
    books.openings[mule] = before
    merchant = rng.randrange(stolen // 12, stolen // 8)
    shop = f"{A2}-shop-{mule[-4:]}"
    books.add(f"{A2}-m{mule[1:]}", at + timedelta(minutes=1), (mule, shop), (merchant, "XAK"), kind="merchant")
    away = rng.randrange(stolen * 7 // 10, stolen * 8 // 10)
    credited = away * RATE // 100_000
    uetr = _uetr(rng)
    moment = at + timedelta(minutes=2)
    banks = ("", B1)
    books.add(uetr, moment, (mule, second), (away, "XAK"), banks=banks)
    world.books[B1].add(uetr, moment, (mule, second), (away, "XAK"), credited=(credited, "XBK"), banks=(A2, ""))
    return uetr, away, credited


def _abroad(
    world: World, rng: random.Random, at: datetime, second: str, third: str, uetr: str, away: int, credited: int
) -> None:
    """The account abroad had money of its own; it sends part on and keeps the rest."""
    world.books[B1].openings[second] = rng.randrange(1_000, 9_000)
    onward = rng.randrange(credited // 5, credited // 3)
    _interbank(world, _uetr(rng), at + timedelta(minutes=4), (B1, B2), (second, third), (onward, "XBK"))
