"""Finds the situation that a call stands in, rung by rung, and gives the verdict that the preset has for it."""

from lintas.telco.records import Call, CliAnswer, Evidence, Lookup
from lintas.telco.verdicts.plans import Plan
from lintas.telco.verdicts.presets import Preset
from lintas.telco.verdicts.records import Ask, Ruling, Step


class Ladder:
    """One gateway's way to a verdict; holds no state and does no I/O.

    ``level`` is the strongest evidence that home networks here give: without any (``none``, ``listed``) nobody is asked.
    ``partners`` are the jurisdictions (codes) whose nodes answer about their own numbers; of others' numbers nobody is asked.
    """

    def __init__(
        self,
        lists: Lookup,
        preset: Preset,
        plan: Plan,
        *,
        level: Evidence = "on-call",
        partners: frozenset[str] = frozenset(),
    ) -> None:
        self._lists, self._preset, self._plan = lists, preset, plan
        self._level, self._partners = level, partners

    def first(self, call: Call) -> Ruling | Ask:
        """Return the verdict, or the question that it needs; never raises for what a call holds."""
        raise NotImplementedError

    def conclude(self, ask: Ask, answer: CliAnswer | None) -> Ruling:
        """Return the verdict after an answer; None (nobody answered in time) is the preset's default."""
        raise NotImplementedError

    def explain(self, call: Call) -> list[Step]:
        """Return every rung in order with what it saw, up to the one where the call ends, and what each answer would lead to."""
        raise NotImplementedError
