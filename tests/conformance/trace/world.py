"""A small world of money: banks, exchanges and two chains in four jurisdictions, each with its own books, and all books as one.

Whatever moves is written three times, by three hands: into the one central ledger, into the CSV of each bank and exchange
that has a side of it, and for what happens on a chain into the files that bitcoin-etl and ethereum-etl would give.
"""

import csv
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.trace.chains import address, coin, paid, transaction, tx, write_lines, write_table

from lintas.model import money, times
from lintas.trace.ledgers.ledger import from_microseconds

Row = dict[str, str]

#: Holder -> its currency; the first two letters are the jurisdiction.
BANKS = {"XAFB": "XAK", "XASB": "XAK", "XBFB": "XBK", "XBSB": "XBK", "XCFB": "XCK", "XCSB": "XCK", "XDFB": "XDK"}
EXCHANGES = {"XBEX": "XBK", "XDEX": "XDK"}
BTC, ETH = "chain-btc", "chain-eth"
HOLDERS = [*BANKS, *EXCHANGES, BTC, ETH]
CRYPTO = ("BTC", "ETH", "USDT")
#: What a minor unit is worth; every change of money costs three of a hundred, so that nobody has more after it.
WORTH = {"XAK": 3, "XBK": 5, "XCK": 4, "XDK": 7, "BTC": 11, "ETH": 6, "USDT": 2}
GWEI = 10**9
START = 1_772_359_200
COLUMNS = (
    *("id", "time", "sender", "receiver", "amount_minor", "currency", "debited_minor", "debited_currency"),
    *("credited_minor", "credited_currency", "sender_bank", "receiver_bank", "kind"),
)
TRANSACTIONS = "hash,block_number,transaction_index,from_address,to_address,value,gas,gas_price,block_timestamp"
RECEIPTS = "transaction_hash,gas_used,effective_gas_price,status"
TRANSFERS = "token_address,from_address,to_address,value,transaction_hash,log_index,block_number"


def worth(amount: int, code: str, into: str) -> int:
    """Change an amount, rounding down."""
    return amount if code == into else amount * WORTH[code] * 97 // (WORTH[into] * 100)


@dataclass
class World:
    """Everything that moved; ``rows`` is the central ledger, its `sender_bank` and `receiver_bank` say whose each side is."""

    seed: int
    steps: int
    rows: list[Row] = field(default_factory=list)
    coins: list[dict[str, Any]] = field(default_factory=list)
    ether: list[tuple[object, ...]] = field(default_factory=list)
    receipts: list[tuple[object, ...]] = field(default_factory=list)
    tokens: list[tuple[object, ...]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let it happen."""
        self._rng, self._now, self._number = random.Random(self.seed), START, 0
        self._unspent = dict[tuple[int, int], tuple[str, int]]()
        self._purse = Counter[tuple[str, str]]()
        self._people = [(bank, f"{bank}-{n}") for bank in BANKS for n in range(3)]
        self._customers = [(code, f"{code}-{n}") for code in EXCHANGES for n in range(3)]
        for place, (code, customer) in enumerate(self._customers):
            self.labels |= {f"dep-{customer}": code, address(500 + place): code}
        for place, code in enumerate(EXCHANGES):
            self.labels |= {f"hot-{code}": code, address(900 + place): code}
        acts = [self._transfer] * 4 + [self._convert] * 3 + [self._withdraw_coins, self._withdraw_ether] * 2
        acts += [self._spend_coins, self._spend_ether] * 3 + [self._spend, self._mine, self._launder]
        for _ in range(self.steps):
            self._rng.choice(acts)()
        self._name_coins()

    # ---- what is written

    def _write(
        self,
        name: str,
        time: int,
        sender: tuple[str, str],
        receiver: tuple[str, str],
        settled: tuple[int, str],
        *,
        debited: tuple[int, str] | None = None,
        credited: tuple[int, str] | None = None,
        kind: str = "transfer",
    ) -> None:
        lost, got = debited or ("", ""), credited or ("", "")
        purse = sender[1], (debited or settled)[1]
        # who pays more than came in had the rest before
        self._purse[purse] = max(self._purse[purse] - (debited or settled)[0], 0)
        self._purse[receiver[1], (credited or settled)[1]] += (credited or settled)[0]
        values = (name, times.render(from_microseconds(time)), sender[1], receiver[1], *settled, *lost, *got)
        self.rows.append(dict(zip(COLUMNS, map(str, (*values, sender[0], receiver[0], kind)), strict=True)))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _block(self) -> int:
        """Begin a block: a second of its own. Return its first microsecond."""
        self._now += 2
        return (self._now - 1) * 1_000_000

    def write(self, holder: str, directory: Path) -> list[Path]:
        """Write the files that a holder has of its own books."""
        directory.mkdir(parents=True, exist_ok=True)
        if holder in (BTC, ETH):
            rows = [(name, "exchange_deposit", "known", "the exchange", code) for name, code in self.labels.items()]
            write_table(directory / "labels.csv", "account,kind,label,source,holder", *rows)
        if holder == BTC:
            return [write_lines(directory / "transactions.json", self.coins)]
        if holder == ETH:
            return [
                write_table(directory / "transactions.csv", TRANSACTIONS, *self.ether),
                write_table(directory / "receipts.csv", RECEIPTS, *self.receipts),
                write_table(directory / "token_transfers.csv", TRANSFERS, *self.tokens),
            ]
        own = [
            r
            for r in self.rows
            if holder == r["sender_bank"] or (holder == r["receiver_bank"] and r["kind"] == "transfer")
        ]
        return [self.write_rows(directory / "transfers.csv", own)]

    def write_rows(self, file: Path, rows: list[Row]) -> Path:
        """Write rows as our own layout."""
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return file

    def central(self) -> list[Row]:
        """Return the one ledger of all: every side is inside, but for money that was mined."""
        return [row | {"receiver_bank": "", "sender_bank": "" if row["sender_bank"] else "nobody"} for row in self.rows]

    # ---- banks and exchanges

    def _some(self, account: str = "", code: str = "") -> int:
        """Return an amount: mostly what an account has or less, so that money goes on; else any, of heavy tails."""
        purse = self._purse[account, code]
        if purse and self._rng.random() < 0.8:
            return purse if self._rng.random() < 0.3 else self._rng.randint(1, purse)
        return int(self._rng.paretovariate(0.7) * 10) % 50_000 + 1

    def _payer(self, among: list[tuple[str, str]], codes: Iterable[str]) -> tuple[tuple[str, str], str]:
        """Pick who pays, and in what: mostly somebody who has something."""
        every = [
            (side, code) for side in among for code in codes if code in (*CRYPTO, (BANKS | EXCHANGES).get(side[0]))
        ]
        rich = [(side, code) for side, code in every if self._purse[side[1], code]]
        return self._rng.choice(rich if rich and self._rng.random() < 0.9 else every)

    def _transfer(self) -> None:
        """Move money between any two accounts of banks or exchanges."""
        everybody = self._people + self._customers
        sender, code = self._payer(everybody, {*BANKS.values(), *EXCHANGES.values()})
        others = self._rng.choice([self._customers, everybody])
        receiver = self._rng.choice([side for side in others if side != sender])
        self._pay_over(sender, receiver, self._some(sender[1], code))

    def _pay_over(self, sender: tuple[str, str], receiver: tuple[str, str], amount: int) -> None:
        """Pay ``amount`` of the sender's money: over a currency border at a crude rate, at times with a fee."""
        rng, homes = self._rng, BANKS | EXCHANGES
        code, there = homes[sender[0]], homes[receiver[0]]
        self._now += rng.randint(0, 2)
        number, time = self._next(), self._now * 1_000_000
        settled, more, got = (amount, code), dict[str, Any](), worth(amount, code, there)
        if not got:
            return
        if code != there and rng.random() < 0.5:
            more["credited"] = (got, there)
        elif code != there:
            settled, more["debited"] = (got, there), (amount, code)
        self._write(f"P{number:05d}", time, sender, receiver, settled, **more)
        if rng.random() < 0.3:
            fee = rng.randint(1, 5), code
            self._write(f"P{number:05d}-fee", time, sender, (sender[0], ""), fee, kind="fee")

    def _spend(self) -> None:
        holder, account = self._rng.choice(self._people)
        kind = self._rng.choice(["merchant", "cash_out"])
        time = self._now * 1_000_000
        self._write(
            f"S{self._next():05d}", time, (holder, account), (holder, "shop"), (self._some(), BANKS[holder]), kind=kind
        )

    def _convert(self) -> None:
        side, code = self._payer(self._customers, [*CRYPTO, *EXCHANGES.values()])
        into = EXCHANGES[side[0]] if code in CRYPTO else self._rng.choice(CRYPTO)
        self._change(side, code, into, self._some(side[1], code))

    def _change(self, side: tuple[str, str], code: str, into: str, amount: int) -> None:
        """Change money inside an exchange, into a crypto asset or out of one."""
        self._now += 1
        time, paid_in, credited = self._now * 1_000_000, (amount, code), (worth(amount, code, into), into)
        if not credited[0]:
            return
        self._write(f"C{self._next():05d}", time, side, side, paid_in, debited=paid_in, credited=credited)

    def _launder(self) -> None:
        """Take money from a bank through an exchange, a chain and the other exchange to a bank, all by accounts made for it."""
        rng, number, asset = self._rng, self._next(), self._rng.choice(CRYPTO)
        there, back = rng.sample([(code, f"{code}-made-{number}") for code in EXCHANGES], 2)
        self.labels |= {f"dep-{back[1]}": back[0], address(10**6 + number): back[0]}
        self._pay_over(rng.choice(self._people), there, rng.randint(5_000, 50_000))
        self._change(there, EXCHANGES[there[0]], asset, self._purse[there[1], EXCHANGES[there[0]]])
        if asset == "BTC":
            who = self._wallet()
            coin_at = self._pay_coins(there, [((BTC, who), who, self._purse[there[1], asset])])
            self._mix([coin_at], [(back, f"dep-{back[1]}", self._unspent[coin_at][1] - rng.randint(0, 99))])
        else:
            here = address(2 * 10**6 + number)
            self._on_accounts(there, asset, address(900), (ETH, here), here, self._purse[there[1], asset])
            left = self._purse[here, asset] - (21 if asset == "ETH" else 0)
            self._on_accounts((ETH, here), asset, here, back, address(10**6 + number), left)
        self._change(back, asset, EXCHANGES[back[0]], self._purse[back[1], asset])
        self._pay_over(back, rng.choice(self._people), self._purse[back[1], EXCHANGES[back[0]]])

    # ---- the chain of coins

    def _wallet(self) -> str:
        return f"wallet-{self._rng.randint(1, 8)}"

    def _mine(self) -> None:
        number, time, value, who = self._next(), self._block(), self._some(), self._wallet()
        self.coins.append(transaction(number, number, [], [paid(0, who, value)], block_timestamp=time // 1_000_000))
        self._unspent[number, 0] = who, value
        self._write(f"{tx(number)}:0", time, ("", "coinbase"), (BTC, who), (value, "BTC"))

    def _withdraw_coins(self) -> None:
        """Pay out for a customer in several parts of one transaction, at times straight to the other exchange."""
        code = self._rng.choice(list(EXCHANGES))
        sender, _ = self._payer([c for c in self._customers if c[0] == code], ["BTC"])
        targets = [self._target(other_than=code, often=0.25) for _ in range(self._rng.randint(1, 3))]
        self._pay_coins(sender, [(*target, self._some(sender[1], "BTC")) for target in targets])

    def _target(self, other_than: str = "", often: float = 0.4) -> tuple[tuple[str, str], str]:
        """Pick who is paid on the chain of coins, and by which address: a wallet, or a customer of an exchange."""
        if self._rng.random() < often:
            receiver = self._rng.choice([c for c in self._customers if c[0] != other_than])
            return receiver, f"dep-{receiver[1]}"
        who = self._wallet()
        return (BTC, who), who

    def _pay_coins(self, sender: tuple[str, str], targets: list[tuple[tuple[str, str], str, int]]) -> tuple[int, int]:
        """Pay from an exchange's hot wallet, with change; return the first coin that is made."""
        number, time, hot = self._next(), self._block(), f"hot-{sender[0]}"
        outputs = [paid(at, name, value) for at, (_, name, value) in enumerate(targets)]
        for at, (receiver, name, value) in enumerate(targets):
            self._write(f"{tx(number)}:{at}", time + at, sender, receiver, (value, "BTC"))
            if receiver[0] == BTC:
                self._unspent[number, at] = name, value
        inputs = [coin(10**6 + number, 0, sum(value for _, _, value in targets) + 77, hot)]
        outputs.append(paid(len(outputs), hot, 70))
        self.coins.append(transaction(number, number, inputs, outputs, block_timestamp=time // 1_000_000))
        return number, 0

    def _spend_coins(self) -> None:
        """Mix one to three coins of anybody and pay to wallets, to exchanges' customers and to the miner."""
        rng = self._rng
        if not self._unspent:
            return
        spent = rng.sample(sorted(self._unspent), min(len(self._unspent), rng.randint(1, 3)))
        left, targets = sum(self._unspent[key][1] for key in spent), list[tuple[tuple[str, str], str, int]]()
        for _ in range(rng.randint(1, 3)):
            if left:
                targets.append((*self._target(), rng.randint(1, left)))
                left -= targets[-1][2]
        self._mix(spent, targets)

    def _mix(self, spent: list[tuple[int, int]], targets: list[tuple[tuple[str, str], str, int]]) -> None:
        number, time, left = self._next(), self._block(), 0
        for place, key in enumerate(spent):
            who, value = self._unspent.pop(key)
            left += value
            source, name = (BTC, f"{who}/{tx(key[0])}:{key[1]}"), f"{tx(number)}:in:{place}"
            self._write(name, time + place, source, (BTC, tx(number)), (value, "BTC"))
        for at, (receiver, name, value) in enumerate(targets):
            self._write(f"{tx(number)}:{at}", time + len(spent) + at, (BTC, tx(number)), receiver, (value, "BTC"))
            left -= value
            if receiver[0] == BTC:
                self._unspent[number, at] = name, value
        if left:
            end = time + len(spent) + len(targets)
            self._write(f"{tx(number)}:fee", end, (BTC, tx(number)), (BTC, ""), (left, "BTC"), kind="fee")
        outputs = [paid(at, name, value) for at, (_, name, value) in enumerate(targets)]
        inputs = [coin(*key) for key in spent]
        self.coins.append(transaction(number, number, inputs, outputs, block_timestamp=time // 1_000_000))

    def _name_coins(self) -> None:
        """Call each coin that was spent later by its own name, as the chain's ledger does."""
        spent = {
            f"{item['spent_transaction_hash']}:{item['spent_output_index']}" for t in self.coins for item in t["inputs"]
        }
        for row in self.rows:
            if row["receiver_bank"] == BTC and row["id"] in spent:
                row["receiver"] = f"{row['receiver']}/{row['id']}"

    # ---- the chain of accounts

    def _withdraw_ether(self) -> None:
        place = self._rng.randrange(len(EXCHANGES))
        code = list(EXCHANGES)[place]
        sender, asset = self._payer([c for c in self._customers if c[0] == code], ["ETH", "USDT"])
        self._send(sender, asset, address(900 + place))

    def _spend_ether(self) -> None:
        sender, asset = self._payer([(ETH, address(n)) for n in range(1, 9)], ["ETH", "USDT"])
        self._send(sender, asset, sender[1])

    def _send(self, sender: tuple[str, str], asset: str, payer: str) -> None:
        """Send to an address, or to a customer of another exchange."""
        place, value = self._rng.randrange(len(self._customers)), self._some(sender[1], asset)
        receiver, target = self._customers[place], address(500 + place)
        if self._rng.random() < 0.6 or receiver[0] == sender[0]:
            target = self._rng.choice([address(n) for n in range(1, 9) if address(n) != payer])
            receiver = (ETH, target)
        self._on_accounts(sender, asset, payer, receiver, target, value)

    def _on_accounts(
        self, sender: tuple[str, str], asset: str, payer: str, receiver: tuple[str, str], target: str, value: int
    ) -> None:
        """Send ether or a token by a transaction of the address ``payer``; at times it fails and costs only its fee."""
        number, time, here = self._next(), self._block(), sender[0] == ETH
        name, failed = f"0x{tx(number)}", here and sender[1] in map(address, range(9)) and self._rng.random() < 0.1
        wei = 0 if asset == "USDT" else value * GWEI + self._rng.choice([0, 5])
        self.ether.append((name, number, 0, payer, target, wei, 90_000, GWEI, time // 1_000_000))
        self.receipts.append((name, 21, GWEI, 0 if failed else 1))
        if asset == "USDT" and not failed:
            contract = money.crypto_assets()["USDT"].contracts["ETH"]
            self.tokens.append((contract, payer, target, value, name, 3, number))
            self._write(f"{name}:3", time + 1, sender, receiver, (value, "USDT"))
        elif not failed:
            self._write(name, time, sender, receiver, (value, "ETH"))
        if here:
            self._write(f"{name}:fee", time + 2, (ETH, payer), (ETH, ""), (21, "ETH"), kind="fee")
