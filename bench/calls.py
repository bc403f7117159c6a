"""Replays a million generated calls through the ladder: who is wrongly blocked and who wrongly passes, by evidence and preset.

The answers of home networks are simulated from the truth at each level of evidence; the ladder sees only call and answer. A
situation is found once for all presets that need the same evidence, and each preset's table says what it does there; that its
own ladder does the same is checked on a part of the calls.
"""

import time
from collections import Counter
from collections.abc import Iterable

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


def replay(samples: Iterable[Sample], preset: Preset, level: Evidence, rates: Rates = HEALTHY) -> Tally:
    """Count in which situation each call ends."""
    gateway, home, tally = ladder(preset, level), Home(level, SEED, rates), Tally()
    for sample in samples:
        tally[sample.kind, sample.genuine, decide(gateway, home, sample).situation] += 1
    return tally


def like(preset: Preset) -> Preset:
    """Return the preset that asks whatever can be asked, and needs the same evidence as this one."""
    return presets("strict" if preset.needs == presets("strict").needs else "my")


def wrong(tally: Tally, preset: Preset) -> tuple[Counts, Counts]:
    """Return by class (wrong, all): genuine calls that the preset refuses, spoofed ones that it lets through as they are."""
    blocked: Counts = {}
    passed: Counts = {}
    for (kind, genuine, situation), count in sorted(tally.items()):
        into = blocked if genuine else passed
        bad = preset.rules[situation].action in (("block", "divert") if genuine else ("allow",))
        before, total = into.get(kind, (0, 0))
        into[kind] = (before + count * bad, total + count)
    return blocked, passed


def share(counts: Counts) -> float:
    """Return the percentage over all classes."""
    return 100 * sum(bad for bad, _ in counts.values()) / max(1, sum(total for _, total in counts.values()))


def measure() -> list[Figure]:
    """Return the figures; the tables by class and their sums are printed on the way."""
    tallies: dict[tuple[str, str], Tally] = {}
    rows = [_pace()]
    for base in ("my", "strict"):
        for level in LEVELS:
            count = CALLS if level == "on-call" else PART
            tallies[base, level] = replay(calls(count, SEED), presets(base), level)
        tallies[base, AT_RATES] = replay(calls(PART, SEED), presets(base), "on-call", STATED)
    columns = (*LEVELS, AT_RATES)
    sums = {name: [wrong(tallies[like(presets(name)).name, at], presets(name)) for at in columns] for name in names()}
    for at, column in enumerate(columns):
        print(_by_class(column, {name: sums[name][at] for name in names()}))
    print(_summary(columns, sums))
    for name in names():
        refused = sum(bad for bad, _ in sums[name][LEVELS.index("on-call")][0].values())
        rows.append(row(f"calls: {name}, genuine calls refused at on-call evidence, of {CALLS:,}", refused, "calls", 0))
    differing = sum(
        differences(calls(PART // 10, SEED + 1), presets(name), level) for name in names() for level in LEVELS
    )
    return [*rows, row("calls: treated otherwise by a preset's own ladder than by its table", differing, "calls", 0)]


def _summary(columns: tuple[str, ...], sums: dict[str, list[tuple[Counts, Counts]]]) -> str:
    """Write the sums over all classes, for each preset: % of genuine calls refused / % of spoofed ones passed unmarked."""
    lines = ["genuine refused % / spoofed passed unmarked %", f"{'':<8}" + "".join(f"{name:>20}" for name in columns)]
    for name, cells in sums.items():
        shown = (f"{share(blocked):.2f} / {share(passed):.2f}" for blocked, passed in cells)
        lines.append(f"{name:<8}" + "".join(f"{cell:>20}" for cell in shown))
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


def _by_class(level: str, columns: dict[str, tuple[Counts, Counts]]) -> str:
    """Write the table of one level: for genuine classes % refused, for spoofed ones % passed as they are."""
    lines = [f"{level:<42}" + "".join(f"{name:>8}" for name in columns)]
    for part, what in ((0, "genuine, refused"), (1, "spoofed, passed unmarked")):
        lines.append(f"  {what} (%)")
        for kind in next(iter(columns.values()))[part]:
            cells = (columns[name][part][kind] for name in columns)
            lines.append(f"    {kind:<38}" + "".join(f"{100 * bad / total:>8.2f}" for bad, total in cells))
    return "\n".join(lines)
