"""Text: reports read per second on one core, beside the usual phone matcher on the same reports; and a hostile megabyte."""

import time
from pathlib import Path
from typing import Any

import phonenumbers
import yaml

from bench import Figure, median_of, one_core, row
from lintas.text.extract import extract

RUNS = 5
#: A hotline of 10 million messages a day brings 116 a second; a node must not need a second core for it.
BAR_PER_SECOND = 1_000.0
BAR_HOSTILE_S = 2.0
HOSTILE = ("a", "1 ", "12-", "a@", "a.", "http://", "a\u0301\u0316\u0301", "\u200b1", "[.]", "我的账号")


def reports() -> list[tuple[str, str | None]]:
    """Return the hand-written reports of the test set: text, jurisdiction."""
    path = Path(__file__).parent.parent / "tests" / "unit" / "text" / "cases.yaml"
    cases: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    return [(case["text"], case.get("in")) for case in cases]


def measure() -> list[Figure]:
    """Measure; each figure is the median of five runs in this process."""
    texts = reports()
    extract(*texts[0])
    with one_core():
        ours = median_of(RUNS, lambda: _per_second(texts))
        peer = median_of(RUNS, lambda: _peer_per_second(texts))
        hostile = _hostile_seconds()
    return [
        row("text: reports read, 9 types with roles", ours, "reports/s", BAR_PER_SECOND),
        row("text: phonenumbers matcher alone, 1 type, same reports", peer, "reports/s"),
        row("text: 1 MB hostile text in ten shapes", hostile, "s", BAR_HOSTILE_S),
    ]


def _per_second(texts: list[tuple[str, str | None]]) -> float:
    begun = time.perf_counter()
    for text, jurisdiction in texts:
        extract(text, jurisdiction)
    return len(texts) / (time.perf_counter() - begun)


def _peer_per_second(texts: list[tuple[str, str | None]]) -> float:
    begun = time.perf_counter()
    for text, jurisdiction in texts:
        for _ in phonenumbers.PhoneNumberMatcher(text, jurisdiction):
            pass
    return len(texts) / (time.perf_counter() - begun)


def _hostile_seconds() -> float:
    texts = [(shape * (100_000 // len(shape) + 1))[:100_000] for shape in HOSTILE]
    begun = time.process_time()
    for text in texts:
        extract(text, "MY")
    return time.process_time() - begun
