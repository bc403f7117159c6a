"""Makes calls with their truth, seeded: who really calls, who only pretends, and what each home network would know of it."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lintas.telco.records import Call, CliAnswer, Evidence, Kind, Listed, Trunk, Word
from lintas.telco.verdicts.records import RANK, Ask

#: Jurisdictions beside XA whose nodes answer; XC and every real one do not.
PARTNERS = frozenset({"XB"})
#: Numbers of XA's plan by kind: what they begin with, and how many digits follow.
_OWN = {
    "mobile": (("50", "51", "52", "53", "54", "56", "57"), 6),
    "mvno": (("58",), 6),
    "fixed": (("2", "3"), 7),
    "voip": (("6",), 7),
    "nongeographic": (("80", "90"), 6),
    "routing": (("599", "559"), 5),
    "unallocated": (("1", "4", "7"), 7),
}
_FOREIGN = (("+9992", ("8", "90", "93", "6"), 7), ("+9993", ("60", "8", "9"), 8), ("+6012", ("3", "4", "7"), 6))
_MOBILES = ("mobile", "mobile", "mobile", "mvno")


class Truth(NamedTuple):
    """What is so, whatever the call says: who is abroad, who is nobody, and which call is really in progress."""

    abroad: frozenset[str] = frozenset()
    nobody: frozenset[str] = frozenset()
    talks: tuple[str, str] = ("", "")


class Sample(NamedTuple):
    """One call of a class, genuine or spoofed."""

    kind: str
    genuine: bool
    call: Call
    truth: Truth


class Rates(NamedTuple):
    """How often home networks fall short: no answer in time, a roamer not registered yet or still, a call not seen yet."""

    unanswered: float = 0.0
    not_yet_registered: float = 0.0
    still_registered: float = 0.0
    call_not_seen: float = 0.0


HEALTHY = Rates()


class Lists:
    """The gateway's lists: two numbers of a bank that only receives calls, and reported ones."""

    def __init__(self, *, empty: bool = False) -> None:
        kinds: dict[str, Kind] = (
            {} if empty else {"+9991800001": "do_not_originate", "+9991523": "blocked", "+99926666": "blocked"}
        )
        self._kinds = kinds

    def find(self, number: int) -> Listed | None:
        """Return what is listed of a number."""
        digits = f"+{number}"
        kind = self._kinds.get(digits[:11]) or self._kinds.get(digits[:9]) or self._kinds.get(digits[:8])
        return None if kind is None else Listed(kind, "a" * 16, "XATL", "reported", 2_000_000_000)


class Home:
    """What a home network answers at a level of evidence, by the truth and by how often it falls short."""

    def __init__(self, level: Evidence, seed: int, rates: Rates = HEALTHY) -> None:
        self._rank, self._rng, self._rates = RANK[level], random.Random(seed), rates
        self._often = any(rates)

    def answer(self, ask: Ask, truth: Truth) -> CliAnswer | None:
        """Answer one question; None where no answer comes in time."""
        rng, rates, number = self._rng, self._rates, ask.number
        if self._often and rng.random() < rates.unanswered:
            return None
        if number in truth.nobody:
            return _said("fail", "assigned")
        if ask.strong and self._rank >= RANK["on-call"]:
            seen = (number, ask.other) == truth.talks and not (self._often and rng.random() < rates.call_not_seen)
            return _said("pass" if seen else "fail", "on-call")
        if self._rank >= RANK["registered-abroad"] and number.startswith("+9991"):
            abroad = number in truth.abroad
            if self._often and rng.random() < (rates.not_yet_registered if abroad else rates.still_registered):
                abroad = not abroad
            return _said("pass" if abroad else "fail", "registered-abroad")
        return _said("pass", "assigned")


def _said(word: Word, evidence: Evidence) -> CliAnswer:
    return CliAnswer(verdict=word, evidence=evidence, ttl_s=60, id="x")


class Makers:
    """One maker for each class of calls; the name of the method is the name of the class."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    # --- numbers ----------------------------------------------------------------------------------------------------

    def own(self, kind: str) -> str:
        """Return a number of XA, outside the listed ones."""
        starts, more = _OWN[kind]
        number = f"+9991{self.rng.choice(starts)}{self.rng.randrange(10**more):0{more}d}"
        return self.own(kind) if number.startswith(("+9991800001", "+9991523")) else number

    def mobile(self) -> str:
        """Return a mobile number of XA, one in four of an MVNO."""
        return self.own(self.rng.choice(_MOBILES))

    def at_home(self) -> str:
        """Return the number of somebody in XA."""
        return self.mobile() if self.rng.random() < 0.7 else self.own("fixed")

    def foreign(self, *, partner: bool = False) -> str:
        """Return a number of another jurisdiction."""
        code, starts, more = _FOREIGN[0] if partner else self.rng.choice(_FOREIGN)
        start = self.rng.choice(starts)
        number = f"{code}{start}{self.rng.randrange(10 ** (more + 1 - len(start))):0{more + 1 - len(start)}d}"
        return number.replace("+99926666", "+99926667")

    def call(self, a: str, b: str, trunk: Trunk = "international", diverted: str = "") -> Call:
        """Return a call with the caller id written in one of the ways in which it comes."""
        form = self.rng.random()
        if form < 0.2:
            a = a.replace("+", "00", 1)
        elif form < 0.4:
            a = a.removeprefix("+")
        elif form < 0.43 and a.startswith("+9991"):
            a = a.replace("+9991", "0", 1)
        return Call(a=a, b=b, trunk=trunk, diverted=diverted)

    # --- genuine ----------------------------------------------------------------------------------------------------

    def domestic(self) -> Sample:
        """Two people in XA."""
        return Sample("domestic", True, self.call(self.at_home(), self.at_home(), "domestic"), Truth())

    def visitor(self) -> Sample:
        """A foreign subscriber who is in XA and calls there."""
        return Sample("visitor", True, self.call(self.foreign(), self.at_home(), "domestic"), Truth())

    def emergency(self) -> Sample:
        """A call for help with any caller id, a strange one among them."""
        a = self.rng.choice((self.mobile(), self.foreign(), self.own("unallocated"), "", "112", "+99918000011"))
        b, trunk = (
            self.rng.choice(("112", "991", "+9991112")),
            self.rng.choice(("domestic", "international", "nomadic")),
        )
        return Sample("emergency", True, Call(a=a, b=b, trunk=trunk), Truth())  # type: ignore[arg-type]  # three trunks

    def foreign_caller(self) -> Sample:
        """Somebody abroad with a foreign number."""
        a, b = self.foreign(), self.at_home()
        return Sample("foreign caller", True, self.call(a, b), Truth(talks=(a, b)))

    def withheld(self) -> Sample:
        """Somebody abroad who does not show a number."""
        a = self.rng.choice(("", "anonymous", "Anonymous", "Anonymous@anonymous.invalid"))
        return Sample("number withheld", True, Call(a=a, b=self.at_home()), Truth())

    def roamer(self) -> Sample:
        """A subscriber of XA abroad who calls home."""
        a, b = self.own("mobile"), self.at_home()
        return Sample("roamer", True, self.call(a, b), Truth(frozenset({a}), talks=(a, b)))

    def roamer_mvno(self) -> Sample:
        """The same, with the number of an MVNO."""
        a, b = self.own("mvno"), self.at_home()
        return Sample("roamer, MVNO", True, self.call(a, b), Truth(frozenset({a}), talks=(a, b)))

    def roamer_ported(self) -> Sample:
        """The same, with a number ported away from the operator of its range (see `ported`)."""
        a, b = f"+999157{self.rng.randrange(10**6) // 10 * 10:06d}", self.at_home()
        return Sample("roamer, ported", True, self.call(a, b), Truth(frozenset({a}), talks=(a, b)))

    def roamer_s8hr(self) -> Sample:
        """Home-routed VoLTE: the call comes out of XA's own IMS; one in seven falls back and comes in from abroad."""
        a, b = self.mobile(), self.at_home()
        trunk: Trunk = "international" if self.rng.random() < 0.15 else "domestic"
        return Sample("roamer, home-routed VoLTE", True, self.call(a, b, trunk), Truth(frozenset({a}), talks=(a, b)))

    def forwarded_late(self) -> Sample:
        """XA calls a roamer, who does not answer: the visited network sends the call back, to voice mail or a colleague."""
        a, roamer = self.at_home(), self.mobile()
        b = self.own("nongeographic") if self.rng.random() < 0.7 else self.at_home()
        return Sample(
            "forwarded late by a roamer",
            True,
            self.call(a, b, diverted=roamer),
            Truth(frozenset({roamer}), talks=(a, roamer)),
        )

    def forwarded_early(self) -> Sample:
        """XA calls a number abroad that forwards everything back to XA."""
        a, abroad, b = self.at_home(), self.foreign(), self.at_home()
        return Sample("forwarded by a number abroad", True, self.call(a, b, diverted=abroad), Truth(talks=(a, abroad)))

    def forwarded_foreign(self) -> Sample:
        """A foreign caller calls a roamer of XA, who is busy."""
        a, roamer, b = self.foreign(), self.mobile(), self.own("nongeographic")
        return Sample(
            "foreign caller, forwarded by a roamer",
            True,
            self.call(a, b, diverted=roamer),
            Truth(frozenset({roamer}), talks=(a, roamer)),
        )

    def forwarded_between_roamers(self) -> Sample:
        """A roamer calls a number abroad that forwards to XA."""
        a, abroad, b = self.mobile(), self.foreign(), self.at_home()
        return Sample(
            "roamer, forwarded by a number abroad",
            True,
            self.call(a, b, diverted=abroad),
            Truth(frozenset({a}), talks=(a, abroad)),
        )

    def routing_leg(self) -> Sample:
        """A leg to a visitor in XA: the called number is a routing number, the caller anybody, XA's own people too."""
        a = self.at_home() if self.rng.random() < 0.6 else self.foreign()
        return Sample("routing leg", True, self.call(a, self.own("routing")), Truth(talks=(a, self.foreign())))

    def reentering(self) -> Sample:
        """A call inside XA that a carrier takes through another jurisdiction."""
        a, b = self.at_home(), self.at_home()
        return Sample("left the jurisdiction and returns", True, self.call(a, b), Truth(talks=(a, b)))

    def nomadic(self) -> Sample:
        """A cloud telephone of XA, used from anywhere, by the agreed interconnect."""
        a, b = self.own(self.rng.choice(("voip", "fixed", "nongeographic"))), self.at_home()
        return Sample("nomadic or cloud", True, self.call(a, b, "nomadic"), Truth(talks=(a, b)))

    # --- spoofed ----------------------------------------------------------------------------------------------------

    def _spoof(
        self,
        kind: str,
        a: str,
        *,
        b: str = "",
        trunk: Trunk = "international",
        diverted: str = "",
        truth: Truth | None = None,
    ) -> Sample:
        if truth is None:
            # Three in ten of the numbers that a spoofer makes up are nobody's.
            truth = Truth(nobody=frozenset({a}) if self.rng.random() < 0.3 else frozenset())
        return Sample(kind, False, self.call(a, b or self.at_home(), trunk, diverted), truth)

    def spoof_mobile(self) -> Sample:
        """A made-up mobile number of XA."""
        return self._spoof("spoofed own mobile", self.mobile())

    def spoof_neighbour(self) -> Sample:
        """A number that looks like the called one's neighbour."""
        b = self.mobile()
        return self._spoof("spoofed neighbour of the called number", f"{b[:-3]}{self.rng.randrange(1000):03d}", b=b)

    def spoof_fixed(self) -> Sample:
        """A made-up fixed, non-geographic or internet number of XA."""
        return self._spoof("spoofed own fixed", self.own(self.rng.choice(("fixed", "fixed", "voip", "nongeographic"))))

    def spoof_unallocated(self) -> Sample:
        """A number that nobody can have, routing numbers among them."""
        return self._spoof("spoofed unallocated", self.own(self.rng.choice(("unallocated", "routing"))))

    def spoof_listed(self) -> Sample:
        """A bank's number that never calls, or one that was reported."""
        start = self.rng.choice(("+9991800001", "+9991523", "+99926666"))
        more = 13 - len(start)
        return self._spoof("spoofed, on a list", f"{start}{self.rng.randrange(10**more):0{more}d}", truth=Truth())

    def spoof_roamer_idle(self) -> Sample:
        """The number of a subscriber who is abroad and not calling."""
        a = self.mobile()
        return self._spoof("spoofed roamer, not calling", a, truth=Truth(frozenset({a})))

    def spoof_roamer_busy(self) -> Sample:
        """The number of a subscriber who is abroad and calling somebody else."""
        a = self.mobile()
        return self._spoof("spoofed roamer, calling another", a, truth=Truth(frozenset({a}), talks=(a, self.at_home())))

    def spoof_diversion(self) -> Sample:
        """A forged forwarding header that names a roamer, somebody at home, or a number abroad."""
        a, roamer = self.at_home(), self.mobile()
        kind = self.rng.randrange(3)
        diverted = self.foreign() if kind == 0 else roamer
        return self._spoof(
            "spoofed, forged forwarding", a, diverted=diverted, truth=Truth(frozenset({roamer} if kind == 1 else ()))
        )

    def spoof_foreign(self) -> Sample:
        """A made-up number of a partner."""
        return self._spoof("spoofed number of a partner", self.foreign(partner=True))

    def spoof_elsewhere(self) -> Sample:
        """A made-up number of a jurisdiction that nobody can ask."""
        return self._spoof("spoofed number that nobody answers for", self.foreign().replace("+9992", "+9993"))

    def spoof_malformed(self) -> Sample:
        """No number at all, or a short code."""
        a = self.rng.choice(
            (
                "BANK",
                "+99",
                "112",
                "15888",
                "+99915000000000000001",
                "+0123456789",
                "＋９９９１５００００００１",
                "+999+15000001",
            )
        )
        return Sample("malformed or short code", False, Call(a=a, b=self.at_home()), Truth())

    def spoof_nomadic(self) -> Sample:
        """A fixed or mobile number by a customer of a cloud operator with an agreed interconnect."""
        return self._spoof("spoofed by a nomadic trunk", self.at_home(), trunk="nomadic")

    def sim_box(self) -> Sample:
        """A scammer's call out of a SIM box in XA: the number is its own card's, nothing here sees it."""
        return Sample("SIM box", False, self.call(self.mobile(), self.at_home(), "domestic"), Truth())


#: Calls in a thousand of each class.
SHARES: dict[str, int] = {
    "domestic": 120,
    "visitor": 20,
    "emergency": 10,
    "foreign_caller": 130,
    "withheld": 30,
    "roamer": 80,
    "roamer_mvno": 20,
    "roamer_ported": 20,
    "roamer_s8hr": 40,
    "forwarded_late": 40,
    "forwarded_early": 20,
    "forwarded_foreign": 10,
    "forwarded_between_roamers": 10,
    "routing_leg": 30,
    "reentering": 20,
    "nomadic": 20,
    "spoof_mobile": 90,
    "spoof_neighbour": 30,
    "spoof_fixed": 60,
    "spoof_unallocated": 30,
    "spoof_listed": 20,
    "spoof_roamer_idle": 20,
    "spoof_roamer_busy": 10,
    "spoof_diversion": 20,
    "spoof_foreign": 30,
    "spoof_elsewhere": 20,
    "spoof_malformed": 20,
    "spoof_nomadic": 10,
    "sim_box": 20,
}


def ported(number: int) -> str | None:
    """Return the operator that a number of XA was ported to: those of 57 that end in 0 went to XATL."""
    return "XATL" if number // 10**6 == 999157 and number % 10 == 0 else None


def calls(count: int, seed: int) -> Iterator[Sample]:
    """Make calls in the shares of `SHARES`, in any order; the same seed makes the same calls."""
    makers = Makers(seed)
    named: list[Callable[[], Sample]] = [getattr(makers, name) for name in SHARES]
    order = random.Random(seed + 1)
    weights, block = list(SHARES.values()), 10_000
    for begin in range(0, count, block):
        for make in order.choices(named, weights, k=min(block, count - begin)):
            yield make()
