"""`python -m bench [NAME...]`: measures, prints each figure beside its bar, and exits 1 when one is missed."""

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
import time
from pathlib import Path

import bench
from bench import MORE, Figure


def names() -> list[str]:
    """Return the benchmarks: every module of this directory that is one."""
    return [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")]


def machine() -> dict[str, object]:
    """Return what the figures depend on: cores, processor, Python, load at the start."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load": round(os.getloadavg()[0], 2),
    }


def line(figure: Figure) -> str:
    """Write one row of the table."""
    name, value, unit, bar, ok = figure
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    sign = ">=" if unit.endswith(MORE) else "<="
    wanted = "" if bar is None else f"{sign} {bar:,.10g}"
    verdict = "" if bar is None else "ok" if ok else "MISSED"
    return f"{name:<88} {shown:>9} {unit:<10} {wanted:>12} {verdict}".rstrip()


def main() -> int:
    """Measure what was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(names())}; all without one")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file too")
    parser.add_argument("--dir", type=Path, help="the directory (file system) for the border's databases")
    parser.add_argument("--profile", action="store_true", help="show where the border's time goes, and measure nothing")
    asked = parser.parse_args()
    wanted = asked.names or names()
    if unknown := sorted(set(wanted) - set(names())):
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(names())}")
    facts = machine()
    print(", ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    if asked.profile:
        print(importlib.import_module("bench.border").profile(asked.dir))
        return 0
    figures: list[Figure] = []
    for name in wanted:
        began = time.monotonic()
        module = importlib.import_module(f"bench.{name}")
        measured = module.measure(asked.dir) if name == "border" else module.measure()
        figures.extend(measured)
        for figure in measured:
            print(line(figure), flush=True)
        print(f"  ({name}: {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f})", flush=True)
    missed = [figure for figure in figures if not figure[4]]
    if asked.json is not None:
        keys = ("name", "figure", "unit", "bar", "ok")
        rows = [dict(zip(keys, figure, strict=True)) for figure in figures]
        asked.json.write_text(json.dumps({"machine": facts, "figures": rows}, indent=1) + "\n", "utf-8")
    print(f"{len(missed)} missed" if missed else "every bar is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
