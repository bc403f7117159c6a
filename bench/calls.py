"""Replays a million generated calls through the ladder: who is wrongly blocked and who wrongly passes, by evidence and preset.

The answers of home networks are simulated from the truth at each level of evidence; the ladder sees only call and answer. A
situation is found once for all presets that need the same evidence, and each preset's table says what it does there; that its
own ladder does the same is checked on a part of the calls.
"""

import time
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from bench import Figure, row
from bench._calls import HEALTHY, PARTNERS, Home, Lists, Rates, Sample, calls, ported
from lintas.telco.records import Call, Evidence
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.plans import plan
from lintas.telco.verdicts.presets import Preset, names, presets
from lintas.telco.verdicts.records import Ask, Ruling, Situation

CALLS, PART, SEED = 1_000_000, 100_000, 6
LEVELS: tuple[Evidence, ...] = ("none", "listed", "assigned", "registered-abroad", "on-call")
#: What goes wrong in a healthy network, as an assumption: no source for these rates was found.
STATED = Rates(unanswered=0.02, not_yet_registered=0.01, still_registered=0.005, call_not_seen=0.005)
AT_RATES = "on-call, rates"
BAR_US = 10.0

#: How many calls of a class, genuine or not, ended in a situation.
Tally = Counter[tuple[str, bool, Situation]]
#: By class: how many were treated wrongly, and how many there were.
Counts = dict[str, tuple[int, int]]


def ladder(preset: Preset, level: Evidence) -> Ladder:
    """Return XA's gateway; without any evidence it has no lists either."""
    return Ladder(Lists(empty=level == "none"), preset, plan("XA"), level=level, partners=PARTNERS, ported=ported)


def decide(gateway: Ladder, home: Home, sample: Sample) -> Ruling:
    """Answer one call as a face does: first, and if a question is needed, its answer."""
    found = gateway.first(sample.call)
    return gateway.conclude(found, home.answer(found, sample.truth)) if isinstance(found, Ask) else found


class Run:
    """One gateway and its home networks while calls are played, and in which situation each ended."""

    def __init__(self, preset: Preset, level: Evidence, rates: Rates = HEALTHY) -> None:
        self._gateway, self._home = ladder(preset, level), Home(level, SEED, rates)
        self.tally = Tally()

    def take(self, sample: Sample) -> None:
        """Play one call."""
        self.tally[sample.kind, sample.genuine, decide(self._gateway, self._home, sample).situation] += 1


def replay(samples: Iterable[Sample], runs: Iterable[Run]) -> None:
    """Play the calls in each run."""
    for sample in samples:
        for run in runs:
            run.take(sample)


def like(preset: Preset) -> Preset:
    """Return the preset that asks whatever can be asked, and needs the same evidence as this one."""
    return presets("strict" if preset.needs == presets("strict").needs else "my")


class Wrong(NamedTuple):
    """What went wrong, by class: genuine calls refused, genuine ones without their number, spoofed ones passed unmarked."""

    refused: Counts
    withheld: Counts
    passed: Counts


def wrong(tally: Tally, preset: Preset) -> Wrong:
    """Count it for a preset."""
    found = Wrong({}, {}, {})
    for (kind, genuine, situation), count in sorted(tally.items()):
        action = preset.rules[situation].action
        if genuine:
            _add(found.refused, kind, count, action in ("block", "divert"))
            _add(found.withheld, kind, count, action == "withhold-cli")
        else:
            _add(found.passed, kind, count, action == "allow")
    return found


def _add(counts: Counts, kind: str, count: int, bad: bool) -> None:
    before, total = counts.get(kind, (0, 0))
    counts[kind] = (before + count * bad, total + count)


def share(counts: Counts) -> float:
    """Return the percentage over all classes."""
    return 100 * sum(bad for bad, _ in counts.values()) / max(1, sum(total for _, total in counts.values()))


def measure() -> list[Figure]:
    """Return the figures; the tables by class and their sums are printed on the way."""
    rows = [_pace()]
    bases = [presets(name) for name in ("my", "strict")]
    runs: dict[str, list[Run]] = {base.name: [Run(base, level) for level in LEVELS] for base in bases}
    replay(calls(CALLS, SEED), [each[-1] for each in runs.values()])
    for base in bases:
        runs[base.name].append(Run(base, "on-call", STATED))
    replay(calls(PART, SEED), [run for each in runs.values() for run in (*each[:-2], each[-1])])
    columns = (*LEVELS, AT_RATES)
    sums = {name: [wrong(run.tally, presets(name)) for run in runs[like(presets(name)).name]] for name in names()}
    for at, column in enumerate(columns):
        print(_by_class(column, {name: sums[name][at] for name in names()}))
    print(_summary(columns, sums))
    for name in names():
        refused = sum(bad for bad, _ in sums[name][LEVELS.index("on-call")].refused.values())
        rows.append(row(f"calls: {name}, genuine calls refused at on-call evidence, of {CALLS:,}", refused, "calls", 0))
    differing = sum(
        differences(calls(PART // 25, SEED + 1), presets(name), level) for name in names() for level in LEVELS
    )
    return [*rows, row("calls: treated otherwise by a preset's own ladder than by its table", differing, "calls", 0)]


def _summary(columns: tuple[str, ...], sums: dict[str, list[Wrong]]) -> str:
    """Write the sums over all classes, for each preset, as rows of a table."""
    lines = ["genuine refused / genuine, number withheld / spoofed passed unmarked (%)"]
    lines.append("| preset | " + " | ".join(columns) + " |")
    for name, cells in sums.items():
        shown = (" / ".join(f"{share(each):.2f}" for each in cell) for cell in cells)
        lines.append(f"| `{name}` | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def differences(samples: Iterable[Sample], preset: Preset, level: Evidence) -> int:
    """Count the calls that the preset's own ladder treats otherwise than its table says of the situation found by its like."""
    mine, other = ladder(preset, level), ladder(like(preset), level)
    home = Home(level, SEED)
    return sum(
        decide(mine, home, sample).action != preset.rules[decide(other, home, sample).situation].action
        for sample in samples
    )


def _pace() -> Figure:
    """Measure the local part, in processor time, over calls of every class."""
    gateway, given = ladder(presets("be"), "on-call"), [sample.call for sample in calls(20_000, SEED)]
    best = min(_pass(gateway, given) for _ in range(5))
    return row("calls: the ladder's local part, mean over every class, processor time", round(best, 2), "us", BAR_US)


def _pass(gateway: Ladder, given: list[Call]) -> float:
    began = time.process_time()
    for call in given:
        gateway.first(call)
    return (time.process_time() - began) / len(given) * 1e6


def _by_class(level: str, columns: dict[str, Wrong]) -> str:
    """Write the table of one level, without the classes of which nothing goes wrong under any preset."""
    lines = [f"{level:<42}" + "".join(f"{name:>8}" for name in columns)]
    for part, what in enumerate(("genuine, refused", "genuine, number withheld", "spoofed, passed unmarked")):
        lines.append(f"  {what} (%; 0 of every class that is not named)")
        for kind in next(iter(columns.values()))[part]:
            cells = [columns[name][part][kind] for name in columns]
            if any(bad for bad, _ in cells):
                lines.append(f"    {kind:<38}" + "".join(f"{100 * bad / total:>8.2f}" for bad, total in cells))
    return "\n".join(lines)
