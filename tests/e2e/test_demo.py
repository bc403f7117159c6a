"""`lintas demo` as a process: its document has exactly the promised shape, holds together, repeats by seed, stops cleanly."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import pytest
from tests.conformance.ledger.gocheck import checker
from tests.e2e.program import Ended, processes_with, run, start

from lintas.ledger.records import decode
from lintas.model.messages import Outcome

Ms = Annotated[float, msgspec.Meta(ge=0)]
Minor = Annotated[int, msgspec.Meta(ge=0)]
Words = Annotated[str, msgspec.Meta(min_length=1)]


class _Exact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every field is there, and no other."""


class NodeRow(_Exact, frozen=True):
    id: Words
    jurisdiction: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}\Z")]
    url: Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://127\.0\.0\.1:[0-9]+\Z")]


class StepRow(_Exact, frozen=True):
    name: Words
    node: Words
    ms: Ms


class HoldRow(_Exact, frozen=True, rename={"from_": "from"}):
    from_: Words
    to: Words
    hop: Annotated[int, msgspec.Meta(ge=0)]
    amount_minor: Annotated[int, msgspec.Meta(ge=1)]
    currency: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
    asked_ms: Ms
    answered_ms: Ms
    outcome: Outcome
    local_basis: Words
    approver: Words


class ConservationRow(_Exact, frozen=True):
    node: Words
    currency: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
    stolen: Annotated[int, msgspec.Meta(ge=1)]
    held: Minor
    moved: Minor
    spent: Minor
    returned: Minor
    released: Minor
    unknown: Minor
    exact: bool


class Receipts(_Exact, frozen=True):
    sent: Minor
    matched: Minor
    unmatched: Minor


class RefusalRow(_Exact, frozen=True):
    what: Words
    reason: Words


class LedgerRow(_Exact, frozen=True):
    node: Words
    size: Annotated[int, msgspec.Meta(ge=1)]
    cosigned_by: Annotated[list[Words], msgspec.Meta(min_length=1)]
    verified: bool
    path: Words
    policy: Words


class Document(_Exact, frozen=True):
    seed: int
    elapsed_ms: Annotated[int, msgspec.Meta(ge=1)]
    nodes: Annotated[list[NodeRow], msgspec.Meta(min_length=2)]
    steps: Annotated[list[StepRow], msgspec.Meta(min_length=5)]
    holds: Annotated[list[HoldRow], msgspec.Meta(min_length=2)]
    conservation: Annotated[list[ConservationRow], msgspec.Meta(min_length=2)]
    receipts: Receipts
    refusals: Annotated[list[RefusalRow], msgspec.Meta(min_length=4)]
    ledgers: Annotated[list[LedgerRow], msgspec.Meta(min_length=2)]
    ok: bool


class Played(NamedTuple):
    """One run of the demo."""

    ended: Ended
    seconds: float
    document: Document
    raw: dict[str, Any]
    folder: Path


def play(folder: Path, seed: int) -> Played:
    out = folder / "document.json"
    began = time.monotonic()
    arguments = [
        "--headless",
        "--speed",
        "max",
        "--seed",
        str(seed),
        "--json",
        str(out),
        "--dir",
        str(folder / "stage"),
    ]
    ended = run("demo", *arguments, timeout=60)
    seconds = time.monotonic() - began
    assert ended.code == 0, ended
    data = out.read_bytes()
    return Played(ended, seconds, msgspec.json.decode(data, type=Document), json.loads(data), folder)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Played]:
    """Two runs of one seed, side by side: neither may get in the other's way."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda name: play(tmp_path_factory.mktemp(name), 5), ("seed5", "seed5again"))
    return first, second


@pytest.fixture(scope="module")
def played(both: tuple[Played, Played]) -> Played:
    return both[0]


def story(document: Document) -> tuple[Any, ...]:
    """Return what must be the same for one seed: everything but measured times and places on this machine."""
    holds = [msgspec.structs.replace(hold, asked_ms=0, answered_ms=0) for hold in document.holds]
    steps = [(step.name, step.node) for step in document.steps]
    return document.seed, steps, holds, document.conservation, document.refusals


def test_the_document_says_that_all_went_well(played: Played) -> None:
    found = played.document
    assert found.ok
    assert found.seed == 5
    assert found.elapsed_ms <= 30_000
    assert "Traceback" not in played.ended.err
    assert played.ended.err == ""


def test_money_is_conserved_exactly_on_both_sides(played: Played) -> None:
    rows = played.document.conservation
    assert {row.node for row in rows} == {"xa-asc", "xb-asc"}
    for row in rows:
        assert row.held + row.moved + row.spent + row.returned + row.released + row.unknown == row.stolen
        assert row.exact
        assert row.held > 0
    assert {hold.outcome for hold in played.document.holds} == {"held_full", "held_partial"}
    for hold in played.document.holds:
        assert hold.answered_ms >= hold.asked_ms
    ours, theirs = rows
    assert sum(hold.amount_minor for hold in played.document.holds) == ours.held + ours.moved
    assert theirs.currency != ours.currency


def test_each_release_has_its_receipt(played: Played) -> None:
    receipts = played.document.receipts
    assert receipts.sent == receipts.matched > 0
    assert receipts.unmatched == 0


def test_four_things_were_refused_each_with_its_reason(played: Played) -> None:
    reasons = {refusal.what: refusal.reason for refusal in played.document.refusals}
    assert len(set(reasons.values())) == 4
    assert {"replay", "above_interval", "refused_by_policy"} < set(reasons.values())


def test_the_same_seed_is_the_same_story(both: tuple[Played, Played]) -> None:
    first, second = both
    assert story(first.document) == story(second.document)


def test_nobody_is_left_running(played: Played) -> None:
    assert processes_with(str(played.folder)) == []


# ---- what a stranger checks afterwards, from the files alone


def test_both_ledgers_verify_from_their_files(played: Played) -> None:
    for row in played.document.ledgers:
        ended = run("ledger", "verify", row.path, "--policy", row.policy, "--json")
        assert ended.code == 0, ended
        verdict = json.loads(ended.out)
        assert verdict["ok"]
        assert [each["name"] for each in verdict["cosigned_by"]] == row.cosigned_by
        done = subprocess.run(
            [checker(), "verify", row.path, row.policy], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr


def test_a_ledger_does_not_verify_by_the_others_policy(played: Played) -> None:
    ours, theirs = played.document.ledgers
    ended = run("ledger", "verify", ours.path, "--policy", theirs.policy)
    assert ended.code == 1
    assert "Traceback" not in ended.err


@pytest.fixture(scope="module")
def release(played: Played) -> Iterator[tuple[Path, Path, Path]]:
    """The proof of the first release in xa's ledger: proof, entry, policy."""
    row = played.document.ledgers[0]
    for index in range(row.size):
        out = played.folder / "proofs"
        ended = run("ledger", "prove", str(index), "--out", out, "--path", row.path)
        assert ended.code == 0, ended
        entry = out / f"{index}.entry"
        if decode(entry.read_bytes()).type == "release":
            yield out / f"{index}.tlog-proof", entry, Path(row.policy)
            return
    raise AssertionError("no release in the ledger")


def test_a_releases_proof_is_checked_by_us_and_by_go(release: tuple[Path, Path, Path], tmp_path: Path) -> None:
    proof, entry, policy = release
    assert run("ledger", "check-proof", proof, entry, "--policy", policy).code == 0
    done = subprocess.run(
        [checker(), "proof", proof, entry, policy], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    changed = tmp_path / "changed.entry"
    changed.write_bytes(entry.read_bytes().replace(b"xb-asc", b"xc-asc"))
    assert run("ledger", "check-proof", proof, changed, "--policy", policy).code == 1
    done = subprocess.run(
        [checker(), "proof", proof, changed, policy], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1


# ---- stopping


def wait_for(log: Path, text: bytes, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 40
    while text not in log.read_bytes():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def stopped(folder: Path, number: signal.Signals, moment: bytes, *arguments: str | Path) -> None:
    """Start the demo with its pages kept open, stop it at a moment, and check that nothing of it is left."""
    log, stage = folder / "demo.log", folder / "stage"
    log.touch()
    process = start("demo", "--speed", "max", "--dir", stage, *arguments, log=log)
    try:
        wait_for(log, moment, process)
        began = time.monotonic()
        process.send_signal(number)
        code = process.wait(20)
        assert time.monotonic() - began <= 8
    finally:
        process.kill()
        process.wait()
    said = log.read_text()
    assert code in (0, 130), said
    assert "Traceback" not in said
    assert "stopped" in said
    assert processes_with(str(stage)) == []


def test_ctrl_c_while_it_starts(tmp_path: Path) -> None:
    stopped(tmp_path, signal.SIGINT, b"start")


def test_sigterm_while_it_plays(tmp_path: Path) -> None:
    stopped(tmp_path, signal.SIGTERM, b"hotline")


def test_another_seed_is_another_story_and_ctrl_c_ends_it(played: Played, tmp_path: Path) -> None:
    out = tmp_path / "document.json"
    stopped(tmp_path, signal.SIGINT, b"until you press", "--seed", "6", "--json", out)
    other = msgspec.json.decode(out.read_bytes(), type=Document)
    assert other.ok
    assert {row.stolen for row in played.document.conservation}.isdisjoint(row.stolen for row in other.conservation)


def test_a_directory_that_is_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    ended = run("demo", "--headless", "--dir", tmp_path)
    assert ended.code == 2
    assert "not empty" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ended = run("demo", "--headless", "--dir", tmp_path / "file" / "below")
    assert ended.code == 2
    assert len(ended.err.strip().splitlines()) == 1
