"""Judges a call as a gateway here would, rung by rung, by the lists as they stand; nobody is asked, nothing is kept."""

from typing import Annotated

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.telco.lookup import BookLookup
from lintas.telco.records import Action, Call, Evidence, Trunk, Word
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.plans import plan
from lintas.telco.verdicts.presets import presets
from lintas.telco.verdicts.records import Ask, Step
from lintas.text.translation import words

Typed = Annotated[str, msgspec.Meta(max_length=64)]
#: What home networks may give.
LEVELS: tuple[Evidence, ...] = ("none", "assigned", "registered-abroad", "on-call")


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call to judge: numbers as they would come in, the trunk, and by which preset in which jurisdiction ("": here)."""

    a: Typed = ""
    b: Typed = ""
    diverted: Typed = ""
    trunk: Trunk = "international"
    preset: Annotated[str, msgspec.Meta(max_length=20)] = "strict"
    jurisdiction: Annotated[str, msgspec.Meta(max_length=2)] = ""
    level: Evidence = "on-call"


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One rung as the call passed it: what it saw, and where the call ends, what is done by whose rule."""

    rung: str
    text: str
    ends: bool = False
    situation: str = ""
    action: str = ""
    label: str = ""
    source: str = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What would be done.

    Where the home network would be asked, ``asks`` names it and ``needs`` what would show the number real. Without steps
    nothing was judged yet.
    """

    preset: str
    jurisdiction: str
    steps: tuple[Rung, ...] = ()
    verdict: Word | None = None
    evidence: Evidence | None = None
    action: Action | None = None
    label: str = ""
    id: str = ""
    asks: str = ""
    needs: str = ""


async def judge(runtime: Runtime, trial: Trial, language: str) -> Judged:
    """Judge a call; BadInput for a preset, a jurisdiction or a level that there is not."""
    node = runtime.node
    where = (trial.jurisdiction or node.parts.table.jurisdiction).upper()
    if trial.level not in LEVELS:
        raise BadInput(f"no home network gives {trial.level}", f"use one of {', '.join(LEVELS)}", where="level")
    preset, numbers = presets(trial.preset), plan(where)
    call = Call(a=trial.a, b=trial.b, trunk=trial.trunk, diverted=trial.diverted)

    now = times.render(node.parts.clock.now())

    def look(tx: Transaction) -> Judged:
        ladder = Ladder(
            BookLookup(tx, node.lists.book, now), preset, numbers, level=trial.level, partners=_partners(runtime)
        )
        steps, first = tuple(_rung(each, language) for each in ladder.explain(call)), ladder.first(call)
        seen = Judged(preset=preset.name, jurisdiction=where, steps=steps)
        if isinstance(first, Ask):
            return msgspec.structs.replace(seen, asks=first.to, needs=first.needs)
        return msgspec.structs.replace(
            seen, verdict=first.verdict, evidence=first.evidence, action=first.action, label=first.label, id=first.id
        )

    return await runtime.read(look)


def _partners(runtime: Runtime) -> frozenset[str]:
    """Return the jurisdictions whose authorities are members: their nodes answer about their own numbers."""
    parts = runtime.node.parts
    return frozenset(each.jurisdiction for each in parts.directory.peers(parts.identity.authority))


def _rung(step: Step, language: str) -> Rung:
    return Rung(
        rung=step.rung,
        text=step.text(words(language)),
        ends=step.ends,
        situation=step.situation or "",
        action=step.action or "",
        label=step.label,
        source=step.source,
    )
