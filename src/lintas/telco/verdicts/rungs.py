"""The rungs of the ladder: each looks at one thing, and either ends the way with a situation or a question, or lets it go on.

Order: emergency, routing leg, forwarding, format, protected, unallocated, do-not-originate, block list, trunk, portability, own
number, foreign number. An exception counts only by what the gateway itself knows: that the called number is one of emergency or
in a routing range, by which trunk the call came. What the network before it wrote (a Diversion header) never excuses anything
by itself: it changes who is asked what.
"""

from collections.abc import Callable
from typing import NamedTuple

from lintas.telco.records import Evidence
from lintas.telco.verdicts import telling
from lintas.telco.verdicts.emergency import calls_for_help
from lintas.telco.verdicts.plans import Plan
from lintas.telco.verdicts.presets import Preset
from lintas.telco.verdicts.reading import Reading, read
from lintas.telco.verdicts.records import RANK, Ask, Outcome, RungName, Situation
from lintas.telco.verdicts.seen import Seen

_FIXED: dict[str, Situation] = {"fixed": "own_fixed", "nongeographic": "own_nongeographic", "voip": "own_voip"}


class Rung(NamedTuple):
    """One rung: its name, what it decides (None: go on), and how what it saw is told."""

    name: RungName
    decide: Callable[[Seen], Outcome]
    tell: telling.Tell


class Rungs:
    """The rungs of one gateway: what each needs to know beside the call."""

    def __init__(
        self, preset: Preset, plan: Plan, level: Evidence, partners: frozenset[str], ported: Callable[[int], str | None]
    ) -> None:
        self._preset, self._plan, self._partners, self._ported = preset, plan, partners, ported
        self._rank, self._strong = RANK[level], level == "on-call"

    def all(self) -> tuple[Rung, ...]:
        """Return them in their order."""
        return (
            Rung("emergency", self._emergency, telling.emergency),
            Rung("routing_leg", self._routing_leg, telling.routing_leg),
            Rung("forwarding", self._forwarding, telling.forwarding),
            Rung("format", self._format, telling.number_format),
            Rung("protected", self._protected, telling.protected),
            Rung("unallocated", self._unallocated, telling.unallocated),
            Rung("do_not_originate", self._do_not_originate, telling.listed),
            Rung("block_list", self._blocked, telling.listed),
            Rung("trunk", self._trunk, telling.trunk),
            Rung("portability", self._portability, telling.portability),
            Rung("own_number", self._own, telling.own),
            Rung("foreign_number", self._foreign, telling.foreign),
        )

    def _emergency(self, seen: Seen) -> Outcome:
        """Whoever calls for help gets through, whatever caller id comes with it and whatever any list says."""
        b = seen.call.b
        if b in self._plan.emergency_forms:
            return "emergency"
        if b[1:].isdigit() and b.isascii():
            return None  # written plainly, with or without a plus sign
        return "emergency" if calls_for_help(self._plan.emergency_forms, b) else None

    def _routing_leg(self, seen: Seen) -> Outcome:
        """A leg to a visitor here: its called number is one of our own routing numbers, its caller id anybody's.

        Lists hold all the same: no real leg comes from a number that never originates calls.
        """
        written, forms = seen.call.b, self._plan.routing_forms
        if not (seen.inbound and forms) or (written[1:].isdigit() and not written.startswith(forms)):
            return None
        b = seen.b(self._plan)
        if b.line is None or b.line.kind != "routing":
            return None
        if seen.listed is not None and seen.listed.kind != "protected":
            return None
        return "routing_leg"

    def _forwarding(self, seen: Seen) -> Outcome:
        """Who forwarded it decides only who is asked what; an own number that cannot be abroad excuses nothing."""
        if seen.call.diverted and seen.inbound:
            forwarder = read(self._plan, seen.call.diverted, domestic=False)
            if forwarder.form == "number" and (not forwarder.own or _kind(forwarder) == "mobile"):
                seen.forwarder = forwarder
        return None

    def _format(self, seen: Seen) -> Outcome:
        form = seen.a.form
        if form == "number":
            return None
        if form == "anonymous":
            return "anonymous"
        if not seen.inbound:
            return "domestic"
        return "short_code" if form == "short" else "malformed"

    def _protected(self, seen: Seen) -> Outcome:
        """A protected number is on no block list; coming from abroad it is still not shown, or anybody could wear it."""
        if seen.listed is None or seen.listed.kind != "protected":
            return None
        if not seen.inbound:
            return "domestic"
        return "protected" if seen.a.own else None

    def _unallocated(self, seen: Seen) -> Outcome:
        listed, line = seen.listed, seen.line
        if listed is not None and listed.kind == "unallocated":
            return "unallocated"
        if not seen.a.own or (listed is not None and listed.kind == "protected"):
            return None
        if line is None:
            return "unallocated" if self._plan.complete else None
        return "unallocated" if line.kind == "routing" else None

    def _do_not_originate(self, seen: Seen) -> Outcome:
        return "do_not_originate" if seen.listed is not None and seen.listed.kind == "do_not_originate" else None

    def _blocked(self, seen: Seen) -> Outcome:
        return "blocked" if seen.listed is not None and seen.listed.kind == "blocked" else None

    def _trunk(self, seen: Seen) -> Outcome:
        """A call of a domestic trunk is some operator's here, whoever's number it shows; a nomadic one excuses no mobile."""
        if not seen.inbound:
            return "domestic"
        number = seen.a.national or seen.a
        if seen.call.trunk == "nomadic" and number.own and _kind(number) in self._plan.nomadic:
            return "nomadic"
        return None

    def _portability(self, seen: Seen) -> Outcome:
        if seen.a.own:
            ranged = seen.line.operator if seen.line is not None else ""
            seen.operator = self._ported(int(seen.a.digits)) or ranged
            seen.to = self._plan.answers_for(seen.operator)
        return None

    def _own(self, seen: Seen) -> Outcome:
        """Judge an own number from abroad: a roamer, a forwarded call, a call that left and returns, or a spoofer."""
        if not seen.a.own:
            # What may be a number of ours as well would be taken for one by the called person.
            return None if seen.a.national is None else "unrecognised"
        kind = seen.line.kind if seen.line is not None else ""
        if seen.forwarder is not None:
            return self._forwarded(seen, seen.forwarder, kind)
        if kind in _FIXED:
            alone = _FIXED[kind]
            # Only a call in progress shows that the call of a fixed number left the jurisdiction and came back.
            return self._call_of(seen, "reentered", alone, alone) if self._strong else alone
        unknown: Situation = "mobile_unknown" if kind else "unrecognised"
        return self._ask(seen, "mobile_pass", "mobile_fail", unknown, needs=self._preset.needs.own)

    def _forwarded(self, seen: Seen, forwarder: Reading, kind: str) -> Outcome:
        """Strong: does the caller's network carry a call of it to the forwarder now? Else only whether somebody is abroad.

        That the caller calls the forwarder does not show that the forwarder made this call: a scammer with a victim on the line
        could name himself and wear the victim's number. So a yes shows no number; only a no may refuse.
        """
        if not forwarder.own:
            unknown: Situation = "forwarded_abroad_unknown"
            if self._strong:
                return self._call_of(seen, unknown, "forwarded_abroad_fail", unknown)
            if kind in _FIXED:
                return unknown
            return self._ask(seen, "mobile_pass", unknown, unknown, needs=self._preset.needs.own)
        if self._strong:
            return self._call_of(seen, "forwarder_unknown", "forwarder_fail", "forwarder_unknown")
        operator = self._ported(int(forwarder.digits)) or (forwarder.line.operator if forwarder.line else "")
        to = self._plan.answers_for(operator)
        needs = self._preset.needs.own
        return self._ask(
            seen, "forwarder_pass", "forwarder_fail", "forwarder_unknown", needs=needs, about=forwarder, to=to
        )

    def _foreign(self, seen: Seen) -> Outcome:
        country = seen.a.country
        if not country or country not in self._partners:
            return "foreign_unknown"
        seen.to = country
        needs = self._preset.needs.foreign
        # As of our own numbers: a call to whoever is said to have forwarded this one does not vouch for it.
        passed: Situation = "foreign_unknown" if self._strong and seen.call.diverted else "foreign_pass"
        return self._ask(seen, passed, "foreign_fail", "foreign_unknown", needs=needs, refutes="on-call")

    def _call_of(self, seen: Seen, passed: Situation, failed: Situation, unknown: Situation) -> Outcome:
        """Ask for the call itself: where its owner is neither shows nor refutes anything."""
        return self._ask(seen, passed, failed, unknown, needs="on-call", refutes="on-call")

    def _ask(
        self,
        seen: Seen,
        passed: Situation,
        failed: Situation,
        unknown: Situation,
        *,
        needs: Evidence,
        refutes: Evidence = "registered-abroad",
        about: Reading | None = None,
        to: str = "",
    ) -> Outcome:
        """Return the question, or the situation at once where nobody answers or every answer would do the same."""
        if self._rank < RANK["assigned"] or self._preset.alike(passed, failed, unknown):
            return unknown
        number = about or seen.a
        return Ask(
            number=number.e164,
            other=self._other(seen) if self._strong else "",
            trunk=seen.call.trunk,
            strong=self._strong,
            to=to or seen.to,
            needs=needs,
            refutes=refutes,
            passed=passed,
            failed=failed,
            unknown=unknown,
        )

    def _other(self, seen: Seen) -> str:
        """Return whom the caller id's own network would know as called: who forwarded the call, else the called number.

        Of a number of ours a forwarder that excuses nothing is passed over here as well.
        """
        counts = bool(seen.call.diverted) and (seen.forwarder is not None or not seen.a.own)
        diverted = read(self._plan, seen.call.diverted, domestic=False).e164 if counts else ""
        return diverted or seen.b(self._plan).e164


def _kind(reading: Reading) -> str:
    return reading.line.kind if reading.line is not None else ""
