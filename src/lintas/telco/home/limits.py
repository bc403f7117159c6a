"""What a gateway may ask without being taken for a harvester: rates, canary numbers, ranges, and the calls that it really had.

What is limited is answered "unknown", so that nobody learns by which limit. Names of gateways and blocks of numbers are kept in
memory, numbers only while a window lasts.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Container
from typing import NamedTuple

import msgspec

from lintas.telco.home.records import AlarmKind, Gateway

#: Numbers of one block that one gateway may ask about within WINDOW_S, and how many such blocks make a harvester.
BLOCK = 1000
WINDOW_S = 600.0
#: Canaries count together within this time, seconds.
CANARY_S = 3600.0
#: Numbers remembered for their limit; beyond it the ones asked longest ago are forgotten.
MOST_NUMBERS = 500_000


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits; 0 turns one off, which only an exercise may.

    ``per_number`` questions a minute about one number from all gateways together, ``share`` of them from one alone, so that one
    cannot use up the others'. ``canary_hits`` is how many different canary numbers in an hour stop a gateway, ``block`` how
    many numbers of one thousand make it deaf for that thousand, ``blocks`` how many such thousands stop it, ``run`` how many
    numbers one after the other do. ``rate`` is whether the gateways' own ``per_second`` holds. A stop lasts ``stop_hours``.
    """

    rate: bool = True
    per_number: int = 6
    share: int = 4
    canary_hits: int = 3
    block: int = 100
    blocks: int = 5
    run: int = 30
    stop_hours: float = 4.0


class Said(NamedTuple):
    """What the limits say of one question: whether it is answered, and which alarm it rings, with how many seen so far."""

    answered: bool
    alarm: AlarmKind | None = None
    stop: bool = False


FINE, LIMITED = Said(True), Said(False)


class _Asker:
    """What is remembered of one gateway."""

    def __init__(self, tokens: float, now: float) -> None:
        self.tokens, self.filled = tokens, now
        self.canaries: dict[int, float] = {}
        self.window = now
        self.blocks: defaultdict[int, set[int]] = defaultdict(set)
        self.deaf: dict[int, float] = {}
        self.last = 0
        self.run = 0
        self.over = 0


class Guard:
    """The limits at work; times are seconds of any clock that does not go back."""

    def __init__(self, limits: Limits, canaries: Container[int] = frozenset()) -> None:
        self._limits, self._canaries = limits, canaries
        self._askers: dict[str, _Asker] = {}
        #: When each number was asked about in the last minute, and by whom.
        self._numbers: OrderedDict[int, list[tuple[float, str]]] = OrderedDict()

    def look(self, gateway: Gateway, number: int, now: float) -> Said:
        """Count one question, and say whether it is answered. Every limit is looked at, whichever is passed first."""
        asker = self._asker(gateway, now)
        run, last = asker.run, asker.last
        said = [
            self._canary(asker, number, now),
            self._range(asker, number, now),
            self._rate(asker, gateway, now),
            self._number(gateway, number, now),
        ]
        # What a peer asks beyond its own limits takes nothing from the others that ask through the same node.
        if gateway.through is not None and all(each.answered for each in said):
            said.append(self._rate(self._asker(gateway.through, now), gateway.through, now))
        if asker.run == 0 and not all(each.answered for each in said):
            # A question that got no answer does not end a run: nobody hides one behind such questions.
            asker.run, asker.last = run, last
        alarm = next((each for each in said if each.stop), None) or next((each for each in said if each.alarm), None)
        return Said(all(each.answered for each in said), alarm and alarm.alarm, alarm is not None and alarm.stop)

    def _asker(self, gateway: Gateway, now: float) -> _Asker:
        asker = self._askers.get(gateway.name)
        if asker is None:
            asker = self._askers[gateway.name] = _Asker(2 * gateway.per_second, now)
        return asker

    def forget(self, gateway: str) -> None:
        """Begin anew with a gateway whose stop is over."""
        self._askers.pop(gateway, None)

    def _canary(self, asker: _Asker, number: int, now: float) -> Said:
        """A number that nobody ever had: only made-up calls carry it. One may be chance, several in an hour are a search.

        Or a wave of calls with made-up numbers, which an honest gateway asks about: so a stop ends, and the desk can lift it.
        """
        if not self._limits.canary_hits or number not in self._canaries:
            return FINE
        asker.canaries = {each: at for each, at in asker.canaries.items() if now - at < CANARY_S}
        asker.canaries[number] = now
        return Said(False, "canary", len(asker.canaries) >= self._limits.canary_hits)

    def _range(self, asker: _Asker, number: int, now: float) -> Said:
        """A range, asked through: many numbers of one thousand, or one after the other.

        Scams with made-up neighbours look alike from an honest gateway, so the first measure is to hear nothing of that block.
        """
        asker.run = asker.run + 1 if 0 < number - asker.last <= 2 or 0 < asker.last - number <= 2 else 0
        asker.last = number
        if self._limits.run and asker.run >= self._limits.run:
            return Said(False, "range", asker.run >= 2 * self._limits.run)
        if not self._limits.block:
            return FINE
        if now - asker.window >= WINDOW_S:
            asker.window = now
            asker.blocks.clear()
            asker.deaf = {block: until for block, until in asker.deaf.items() if until > now}
        block = number // BLOCK
        if len(asker.blocks[block]) <= self._limits.block:
            asker.blocks[block].add(number)
        if asker.deaf.get(block, 0.0) > now:
            return LIMITED
        if len(asker.blocks[block]) > self._limits.block:
            asker.deaf[block] = now + WINDOW_S
            return Said(False, "range", len(asker.deaf) >= self._limits.blocks)
        return FINE

    def _rate(self, asker: _Asker, gateway: Gateway, now: float) -> Said:
        """A bucket that fills with ``per_second`` and holds twice that; long empty, it rings."""
        if not self._limits.rate:
            return FINE
        asker.tokens = min(2 * gateway.per_second, asker.tokens + (now - asker.filled) * gateway.per_second)
        asker.filled = now
        if asker.tokens >= 1:
            asker.tokens -= 1
            asker.over = max(0, asker.over - 1)
            return FINE
        asker.over += 1
        return Said(False, "rate" if asker.over >= 10 * gateway.per_second else None)

    def _number(self, gateway: Gateway, number: int, now: float) -> Said:
        """Peers that ask through one node have one share together, so that they cannot use up the home gateways'."""
        if not self._limits.per_number:
            return FINE
        asked = [each for each in self._numbers.pop(number, ()) if now - each[0] < 60]
        who = gateway.name if gateway.through is None else gateway.through.name
        own = sum(1 for _, name in asked if name == who)
        answered = len(asked) < self._limits.per_number and own < self._limits.share
        if answered:
            asked.append((now, who))
        self._numbers[number] = asked
        while len(self._numbers) > MOST_NUMBERS:
            self._numbers.popitem(last=False)
        return FINE if answered else LIMITED
