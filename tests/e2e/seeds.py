"""`python -m tests.e2e.seeds [COUNT]`: the demo over many seeds, each ledger verified by lintas and by the program in Go."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conformance.ledger.gocheck import checker
from tests.e2e.program import run

COUNT = 20
#: For one seed, all of it.
SECONDS = 60.0


def main(count: int) -> int:
    """Play seeds 1 to ``count``; say how long each took, and what was wrong. Returns the exit code."""
    go, bad, slowest = checker(), 0, 0.0
    for seed in range(1, count + 1):
        with tempfile.TemporaryDirectory(prefix="lintas-seed-") as name:
            began = time.monotonic()
            wrong = _play(seed, Path(name), go)
            seconds = time.monotonic() - began
        if seconds > SECONDS:
            wrong.append(f"it took more than {SECONDS:.0f} s")
        bad, slowest = bad + bool(wrong), max(slowest, seconds)
        print(f"seed {seed}: {seconds:.1f} s, {', '.join(wrong) or 'all well'}", flush=True)
    print(f"{count} seeds, {bad} bad, the slowest {slowest:.1f} s")
    return 1 if bad else 0


def _play(seed: int, folder: Path, go: Path) -> list[str]:
    out = folder / "document.json"
    place: list[str | Path] = ["--json", out, "--dir", folder / "stage"]
    ended = run("demo", "--headless", "--speed", "max", "--seed", str(seed), *place, timeout=2 * SECONDS)
    if ended.code or not out.exists():
        return [f"exit {ended.code}: {ended.err[-300:]}", *ended.out.splitlines()[-3:]]
    document = json.loads(out.read_bytes())
    wrong = [] if document["ok"] else ["the document says that something does not hold"]
    for row in document["ledgers"]:
        if run("ledger", "verify", row["path"], "--policy", row["policy"]).code:
            wrong.append(f"{row['node']}: lintas does not verify its ledger")
        done = subprocess.run([go, "verify", row["path"], row["policy"]], capture_output=True, timeout=60, check=False)
        if done.returncode:
            wrong.append(f"{row['node']}: the Go program does not verify its ledger")
    return wrong


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
