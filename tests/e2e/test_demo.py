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


class LeftRow(_Exact, frozen=True):
    after: Words
    holdable: Minor
    gone: Minor


class Comparison(_Exact, frozen=True):
    currency: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
    stolen: Annotated[int, msgspec.Meta(ge=1)]
    held_now: Minor
    later: Annotated[list[LeftRow], msgspec.Meta(min_length=2)]


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
    cosigned_by: Annotated[list[Words], msgspec.Meta(min_length=2)]
    verified: bool
    path: Words
    policy: Words


class Document(_Exact, frozen=True):
    seed: int
    elapsed_ms: Annotated[int, msgspec.Meta(ge=1)]
    nodes: Annotated[list[NodeRow], msgspec.Meta(min_length=4, max_length=4)]
    steps: Annotated[list[StepRow], msgspec.Meta(min_length=20)]
    holds: Annotated[list[HoldRow], msgspec.Meta(min_length=6)]
    conservation: Annotated[list[ConservationRow], msgspec.Meta(min_length=7)]
    comparison: Comparison
    receipts: Receipts
    refusals: Annotated[list[RefusalRow], msgspec.Meta(min_length=6)]
    ledgers: Annotated[list[LedgerRow], msgspec.Meta(min_length=4, max_length=4)]
    ok: bool


class Played(NamedTuple):
    """One run of the demo."""

    ended: Ended
    seconds: float
    document: Document
    raw: dict[str, Any]
    folder: Path


def play(folder: Path, seed: int, *options: str) -> Played:
    out = folder / "document.json"
    began = time.monotonic()
    place = ["--json", str(out), "--dir", str(folder / "stage")]
    ended = run("demo", "--headless", "--speed", "max", "--seed", str(seed), *place, *options, timeout=900)
    seconds = time.monotonic() - began
    assert ended.code == 0, ended
    data = out.read_bytes()
    return Played(ended, seconds, msgspec.json.decode(data, type=Document), json.loads(data), folder)


#: Seeds whose chain begins elsewhere than in Aria, and in Aria.
ELSEWHERE, FROM_ARIA = 5, 6
DRAFTS = ("--jurisdictions", "id,vn,my,th")


class Runs(NamedTuple):
    """Three stories that were played side by side: nobody may get in anybody's way."""

    elsewhere: Played
    from_aria: Played
    drafts: Played


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Play all three."""
    wanted = (("elsewhere", ELSEWHERE, ()), ("from-aria", FROM_ARIA, ()), ("drafts", 3, DRAFTS))
    with ThreadPoolExecutor(3) as pool:
        return Runs(*pool.map(lambda each: play(tmp_path_factory.mktemp(each[0]), each[1], *each[2]), wanted))


@pytest.fixture(scope="module")
def played(runs: Runs) -> Played:
    return runs.elsewhere


@pytest.fixture(params=["elsewhere", "from_aria"])
def each(request: pytest.FixtureRequest, runs: Runs) -> Document:
    """The document of a chain that begins elsewhere, and of one that begins in Aria."""
    found: Played = getattr(runs, request.param)
    return found.document


def story(document: Document) -> tuple[Any, ...]:
    """Return what must be the same for one seed: everything but measured times and places on this machine."""
    holds = [msgspec.structs.replace(hold, asked_ms=0, answered_ms=0) for hold in document.holds]
    steps = [(step.name, step.node) for step in document.steps]
    return document.seed, steps, holds, document.conservation, document.refusals


def test_the_document_says_that_all_went_well(runs: Runs) -> None:
    for found, seed in zip(runs, (ELSEWHERE, FROM_ARIA, 3), strict=True):
        assert found.document.ok
        assert found.document.seed == seed
        assert found.ended.err == ""


def test_the_money_crosses_three_borders_in_at_least_three_currencies(each: Document) -> None:
    assert {node.id for node in each.nodes} == {"xa-asc", "xb-asc", "xc-asc", "xd-asc"}
    asker = each.nodes[0].id
    chain = [hold for hold in each.holds if hold.from_ == asker]
    assert {hold.hop for hold in chain} >= {0, 1, 2, 3}
    assert {hold.to for hold in chain} == {node.id for node in each.nodes}
    assert len({hold.currency for hold in chain}) >= 3
    approvers = {hold.to: hold.approver for hold in chain}
    assert len(set(approvers.values())) == 4, "each authority by an officer of its own"
    for hold in each.holds:
        assert hold.answered_ms >= hold.asked_ms
        assert hold.outcome in ("held_full", "held_partial")


def test_money_is_conserved_exactly_everywhere(each: Document) -> None:
    rows = each.conservation
    assert {row.node for row in rows} == {node.id for node in each.nodes}
    for row in rows:
        assert row.held + row.moved + row.spent + row.returned + row.released + row.unknown == row.stolen
        assert row.exact
    victims = next(row for row in rows if row.node == each.nodes[0].id)
    assert (victims.moved, victims.unknown) == (0, 0), "all of it was found"
    assert min(victims.held, victims.spent, victims.released) > 0
    assert (victims.currency, victims.stolen) == (each.comparison.currency, each.comparison.stolen)


def test_asking_at_once_is_told_beside_asking_later(each: Document) -> None:
    found = each.comparison
    assert [left.after for left in found.later] == ["30 minutes", "2 days"]
    assert all(left.holdable + left.gone == found.stolen for left in found.later)
    assert found.held_now > found.later[0].holdable > found.later[1].holdable


def test_each_release_has_its_receipt(each: Document) -> None:
    assert each.receipts.sent == each.receipts.matched > 0
    assert each.receipts.unmatched == 0


def test_what_must_not_pass_was_refused_each_with_its_reason(each: Document) -> None:
    reasons = {refusal.what: refusal.reason for refusal in each.refusals}
    assert reasons == {
        "a request above the traced interval": "above_interval",
        "a request for which the table has no rule": "refused_by_policy",
        "a request of xa-asc to xd-asc without approval": "refused_by_policy",
        "a request of xa-asc to xd-asc with approval for another purpose": "refused_by_policy",
        "a tampered envelope": "undecryptable",
        "a replayed envelope": "replay",
        "a baton larger than its transfer": "not_found",
        "a message signed with a revoked key": "unknown_key",
        "a host that strangers share, listed whole": "shared_host",
    }
    assert ("xa-asc", "xd-asc") in {(hold.from_, hold.to) for hold in each.holds}, "with the approval it passed"


def test_the_story_shows_what_it_is_for(each: Document) -> None:
    steps = [(step.node, step.name) for step in each.steps]
    asker = each.nodes[0].id

    def at(words: str) -> tuple[int, str]:
        return next((number, node) for number, (node, name) in enumerate(steps) if words in name)

    assert at("is overdue, and both sides see it")[1] == asker
    objects, upholds = at("the shop-keeper objects on the public page"), at("upholds the appeal")
    comes_home, presses = at("the release comes home"), at("presses Undo")
    down, starts, arrives = at("this node is killed (SIGKILL)"), at("both nodes start again"), at("withdrawal arrives")
    releases, confirms = at("under local law"), at("confirms: nothing of it is held any more")
    order = [objects, upholds, comes_home, down, presses, starts, arrives, confirms]
    assert [number for number, _ in order] == sorted(number for number, _ in order)
    assert presses[1] == comes_home[1] == confirms[1] == asker
    assert objects[1] == upholds[1] != asker
    assert down[1] == arrives[1] != asker
    assert releases[0] < objects[0]
    assert at("lasts longer, as local law allows")[0] < at("has ended by itself")[0]


def test_the_callers_number_is_blocked_abroad_and_passes_again(each: Document) -> None:
    steps = [(step.node, step.name) for step in each.steps]
    asker, abroad, *others = (node.id for node in each.nodes)
    words = (
        (asker, "proposes to list the number"),
        (abroad, "gateway follows the list"),
        (abroad, "give a standing word"),
        (abroad, "gateway lets it pass"),
        (abroad, "gateway blocks the next call"),
        *((other, "stand here too, under local law") for other in others),
        (abroad, "the holder of the number objects on the public page"),
        (asker, "the objection arrives where the number was listed"),
        (abroad, "gateway lets the next call pass"),
        (asker, "everybody who took the number over has taken it back"),
    )
    found = [
        next(at for at, (where, name) in enumerate(steps) if where == node and said in name) for node, said in words
    ]
    assert found == sorted(found)
    proposes, approves, upholds = (steps[found[at]][1].split(maxsplit=3)[:3] for at in (0, 4, -2))
    assert len({tuple(proposes), tuple(approves), tuple(upholds)}) == 3, "who listed it decides on no objection to it"


def test_another_seed_is_another_story(runs: Runs) -> None:
    first, other = (found.document for found in (runs.elsewhere, runs.from_aria))
    assert [node.id for node in first.nodes] != [node.id for node in other.nodes]
    assert first.comparison != other.comparison


def test_nobody_is_left_running(played: Played) -> None:
    assert processes_with(str(played.folder)) == []


# ---- what a stranger checks afterwards, from the files alone


def test_all_ledgers_verify_from_their_files(played: Played) -> None:
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
    ours, theirs = played.document.ledgers[:2]
    ended = run("ledger", "verify", ours.path, "--policy", theirs.policy)
    assert ended.code == 1
    assert "Traceback" not in ended.err


@pytest.fixture(scope="module")
def release(played: Played) -> Iterator[tuple[Path, Path, Path]]:
    """The proof of the first release in the first ledger: proof, entry, policy."""
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
    peer = decode(entry.read_bytes()).peer.encode()
    changed.write_bytes(entry.read_bytes().replace(peer, b"xe-asc"))
    assert run("ledger", "check-proof", proof, changed, "--policy", policy).code == 1
    done = subprocess.run(
        [checker(), "proof", proof, changed, policy], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1


# ---- stopping


def wait_for(log: Path, text: bytes, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
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
        code = process.wait(120)
        assert time.monotonic() - began <= 60
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


def test_the_same_seed_is_the_same_story_and_ctrl_c_ends_it(played: Played, tmp_path: Path) -> None:
    out = tmp_path / "document.json"
    stopped(tmp_path, signal.SIGINT, b"until you press", "--seed", str(ELSEWHERE), "--json", out)
    again = msgspec.json.decode(out.read_bytes(), type=Document)
    assert again.ok
    assert story(again) == story(played.document)


def test_drafts_are_played_with_the_documents_that_they_ask_for(runs: Runs) -> None:
    found = runs.drafts.document
    assert {node.id for node in found.nodes} == {"id-asc", "vn-asc", "my-asc", "th-asc"}
    assert {refusal.what.split(" without ")[1] for refusal in found.refusals if " without " in refusal.what} == {
        "transfer_assessment",
        "dossier",
    }
    assert {hold.local_basis for hold in found.holds} == {"no section of law found"}
    assert [step.name for step in found.steps if "so nothing is listed" in step.name], "no draft orders operators"
    assert not [step.name for step in found.steps if "gateway" in step.name]
    assert {hold.hop for hold in found.holds} >= {0, 1, 2, 3}


@pytest.mark.parametrize(
    "wrong", [["--jurisdictions", "my,th"], ["--jurisdictions", "my,th,sg,jp"], ["--speed", "fast"], ["--speed", "2"]]
)
def test_what_cannot_be_played_is_refused_in_one_line(tmp_path: Path, wrong: list[str]) -> None:
    ended = run("demo", "--headless", "--dir", tmp_path / "stage", *wrong)
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert not (tmp_path / "stage").exists()


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
