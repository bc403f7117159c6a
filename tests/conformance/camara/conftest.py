"""Tells after a run how many of the public scenarios there are, were run, passed, and why each other one was not run."""

from collections import Counter
from typing import Any

from tests.conformance.camara.features import scenarios

_HERE = "camara/test_features.py::test_scenario["


def pytest_terminal_summary(terminalreporter: Any) -> None:  # noqa: ANN401 — pytest names no public type for it
    """Write the table, where scenarios were read at all."""
    outcomes = Counter[tuple[str, str]]()
    ran = set[str]()
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            if _HERE in report.nodeid:
                name = report.nodeid.split("[", 1)[1].removesuffix("]")
                outcomes[name.partition(":")[0], outcome] += 1
                ran.add(name)
    read = scenarios()
    if not (ran and read):
        return
    terminalreporter.section("CAMARA scenarios: in all, run, passed, skipped")
    for api in sorted({api for api, _ in outcomes}):
        passed, failed, skipped = (outcomes[api, each] for each in ("passed", "failed", "skipped"))
        total, run = passed + failed + skipped, passed + failed
        terminalreporter.write_line(f"{api:45} {total:4} {run:4} {passed:4} {skipped:4}")
    for each in read:
        if each.skipped and f"{each.api}:{each.name}" in ran:
            terminalreporter.write_line(f"skipped {each.name}: {each.skipped}")
