"""A small replay of generated calls: nobody genuine is refused at on-call evidence, and what each level lets through shows."""

import pytest
from bench._calls import SHARES, Sample, calls
from bench.calls import Run, Tally, differences, replay, wrong

from lintas.telco.records import Evidence
from lintas.telco.verdicts.presets import names, presets

SEED, COUNT = 20, 20_000


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(calls(COUNT, SEED))


def played(samples: list[Sample], name: str, level: Evidence) -> Tally:
    run = Run(presets(name), level)
    replay(samples, [run])
    return run.tally


def test_the_same_seed_makes_the_same_calls(samples: list[Sample]) -> None:
    assert list(calls(200, SEED)) == samples[:200]
    assert len({sample.kind for sample in samples}) == len(SHARES)
    assert sum(SHARES.values()) == 1000


@pytest.mark.parametrize("base", ["my", "strict"])
def test_no_genuine_call_is_refused_at_on_call_evidence(samples: list[Sample], base: str) -> None:
    tally = played(samples, base, "on-call")
    for name in names():
        preset = presets(name)
        if preset.needs != presets(base).needs:
            continue
        refused, withheld, passed = wrong(tally, preset)
        assert {kind: bad for kind, (bad, _) in refused.items() if bad} == {}
        # That the caller calls the forwarder does not show that the forwarder made this call: its number is not shown.
        forwarded = {
            "forwarded late by a roamer",
            "forwarded by a number abroad",
            "roamer, forwarded by a number abroad",
        }
        assert {kind for kind, (bad, _) in withheld.items() if bad} <= forwarded
        # What nothing here detects; a foreign number that nobody answers for carries a label in some places.
        blind = {"SIM box", "spoofed by a nomadic trunk", "spoofed number that nobody answers for"}
        assert {kind for kind, (bad, _) in passed.items() if bad} <= blind


def test_what_weaker_evidence_lets_through_is_seen(samples: list[Sample]) -> None:
    part = samples[:5000]
    refused, _, passed = wrong(played(part, "be", "registered-abroad"), presets("be"))
    for kind in ("spoofed roamer, calling another", "spoofed roamer, not calling"):
        assert passed[kind][0] == passed[kind][1] > 0
    assert refused["left the jurisdiction and returns"][0] > 0
    strict = wrong(played(part, "strict", "registered-abroad"), presets("strict"))
    assert strict.passed["spoofed roamer, not calling"][0] == 0
    assert strict.withheld["roamer"][0] == strict.withheld["roamer"][1]


def test_each_presets_own_ladder_does_what_its_table_says(samples: list[Sample]) -> None:
    assert [name for name in names() if differences(samples[:1500], presets(name), "on-call")] == []
