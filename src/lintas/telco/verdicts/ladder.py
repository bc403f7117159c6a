"""Finds the situation that a call stands in, rung by rung, and gives the verdict that the preset has for it."""

from collections.abc import Callable

import msgspec

from lintas.telco.records import Call, CliAnswer, Evidence, Listed, Lookup, Word
from lintas.telco.verdicts import telling
from lintas.telco.verdicts.emergency import calls_for_help
from lintas.telco.verdicts.plans import Plan
from lintas.telco.verdicts.presets import Preset
from lintas.telco.verdicts.reading import read
from lintas.telco.verdicts.records import RANK, Ask, Outcome, Ruling, RungName, Situation, Step
from lintas.telco.verdicts.rungs import Rungs
from lintas.telco.verdicts.seen import Seen

#: A yes is kept for five minutes at most, a no for half a minute: a roamer may just have registered.
_KEEP: dict[Word, int] = {"pass": 300, "fail": 30, "unknown": 0}


def _not_ported(_number: int) -> str | None:
    return None


class Ladder:
    """One gateway's way to a verdict; does no I/O and keeps nothing of a call.

    ``lists`` is asked anew for each call: what it finds must follow the list in force.
    ``level`` is the strongest evidence that home networks here give: below ``assigned`` nobody is asked.
    ``partners`` are the jurisdictions (codes) whose nodes answer about their own numbers; of others' numbers nobody is asked.
    ``ported`` names the operator that a number was ported to, None for one that was not: the portability look-up as an overlay.
    """

    def __init__(
        self,
        lists: Lookup,
        preset: Preset,
        plan: Plan,
        *,
        level: Evidence = "on-call",
        partners: frozenset[str] = frozenset(),
        ported: Callable[[int], str | None] = _not_ported,
    ) -> None:
        self._find, self._preset, self._plan = lists.find, preset, plan
        #: Whose policy decides, and where: told wherever a gateway says who it is.
        self.policy, self.jurisdiction = preset.name, plan.jurisdiction
        self._rulings = preset.rulings
        self.rungs = Rungs(preset, plan, level, partners, ported).all()
        self._decisions = tuple(rung.decide for rung in self.rungs)

    def first(self, call: Call) -> Ruling | Ask:
        """Return the verdict, or the question that it needs; never raises for what a call holds."""
        seen = self._look(call)
        for decide in self._decisions:
            outcome = decide(seen)
            if outcome is not None:
                return outcome if isinstance(outcome, Ask) else self._ruling(outcome, seen.listed)
        return self._rulings["foreign_unknown"]

    def for_help(self, b: str) -> bool:
        """Tell whether a called number is one of emergency, whoever calls."""
        return calls_for_help(self._plan.emergency_forms, b)

    def conclude(self, ask: Ask, answer: CliAnswer | None) -> Ruling:
        """Return the verdict after an answer; None (nobody answered in time) is the preset's default.

        An answer counts by its evidence: a ``pass`` on less than the preset needs says nothing, nor does a ``fail`` on nothing.
        """
        if answer is None:
            return self._rulings[ask.unknown]
        word, evidence = _weighed(answer, ask)
        if word == "pass" and ask.passed == ask.unknown:
            word = "unknown"  # the answer is of another call, and vouches for nothing here
        situation = {"pass": ask.passed, "fail": ask.failed, "unknown": ask.unknown}[word]
        # What was said of one call (strong) or of a forwarder says nothing of the next call with this caller id.
        kept = 0 if ask.strong or ask.passed == "forwarder_pass" else max(0, min(_KEEP[word], answer.ttl_s))
        return msgspec.structs.replace(self._rulings[situation], verdict=word, evidence=evidence, ttl_s=kept)

    def explain(self, call: Call) -> list[Step]:
        """Return every rung and what it saw, up to the one where the call ends; after a question, what each answer does."""
        seen, steps = self._look(call), []
        for rung in self.rungs:
            outcome = rung.decide(seen)
            message, values = rung.tell(self._plan, seen, outcome)
            steps.append(self._step(rung.name, message, values, outcome))
            if isinstance(outcome, Ask):
                steps += [
                    self._step("answer", message, {}, situation)
                    for message, situation in telling.answers(outcome.passed, outcome.failed, outcome.unknown)
                ]
            if outcome is not None:
                break
        return steps

    def _step(self, rung: RungName, message: str, values: dict[str, str], outcome: Outcome) -> Step:
        if outcome is None or isinstance(outcome, Ask):
            return Step(rung=rung, message=message, values=values, ends=outcome is not None)
        rule = self._preset.rules[outcome]
        return Step(
            rung=rung,
            message=message,
            values=values,
            ends=True,
            situation=outcome,
            action=rule.action,
            label=rule.label,
            source=self._preset.source(outcome),
        )

    def _look(self, call: Call) -> Seen:
        a = read(self._plan, call.a, domestic=call.trunk == "domestic")
        listed = self._find(int(a.digits)) if a.form == "number" else None
        if listed is None and a.national is not None:
            # Whichever of the two it is, a list must not be escaped by leaving out the sign.
            listed = self._find(int(a.national.digits))
            listed = None if listed is None or listed.kind == "protected" else listed
        return Seen(call, a, listed)

    def _ruling(self, situation: Situation, listed: Listed | None) -> Ruling:
        ruling = self._rulings[situation]
        if listed is None or situation not in telling.BY_LIST:
            return ruling
        return msgspec.structs.replace(ruling, id=listed.id)


def _weighed(answer: CliAnswer, ask: Ask) -> tuple[Word, Evidence]:
    rank = RANK[answer.evidence]
    if answer.verdict == "pass" and rank >= RANK[ask.needs]:
        return "pass", answer.evidence
    # That a number is nobody's refutes anything; that its owner is at home does not refute a call that he made from there.
    if answer.verdict == "fail" and (answer.evidence == "assigned" or rank >= RANK[ask.refutes]):
        return "fail", answer.evidence
    return "unknown", answer.evidence
