"""A real node on a disk that is full, or turns read-only under it: it refuses loudly, loses nothing, and goes on afterwards.

Mounting needs root and a kernel that lets us; where that is not so the tests say why they are skipped. Errors of single
reads, writes and syncs (EIO) come from the simulated disk: tests/simulation/test_disk.py.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.e2e.program import run
from tests.faults.pair import Pair, holds, reconciled, until

from lintas.node import home as homes

SIZE = 48 << 20


def command(*words: str | Path) -> bool:
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False, timeout=30)
    return done.returncode == 0


@contextlib.contextmanager
def mounted(folder: Path, *how: str | Path) -> Iterator[Path]:
    """Mount something on a new directory for the test; skip it where that cannot be."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    if not command("mount", *how, folder):
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield folder
    finally:
        command("umount", "--lazy", folder)


def exchange(pair: Pair) -> None:
    """Let one more theft be reported, asked and declined; then everything on both sides is receipted."""
    with pair.a.client("hotline") as hotline, pair.a.client("bank") as bank, pair.b.client("approver") as approver:
        hotline.post("/api/v1/reports", json=pair.theft()).raise_for_status()
        until(lambda: pair.bank_works(bank))
        until(lambda: pair.approver_works(approver))
        at_rest(pair, hotline)


def at_rest(pair: Pair, hotline: httpx.Client) -> None:
    until(lambda: {each["state"] for each in holds(hotline)} == {"answered"})
    for seat in pair.seats:
        with seat.client("auditor") as auditor:
            until(lambda auditor=auditor: reconciled(auditor)["unmatched"] == [])  # type: ignore[misc]


def file(client: httpx.Client, text: str) -> httpx.Response:
    return client.post("/api/v1/reports", json={"text": text})


def is_refusal(answer: httpx.Response) -> bool:
    """Tell whether this is the problem document of a node that cannot write."""
    problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.status_code == 503 and problem and "database refused" in answer.json()["detail"]


def still_there(client: httpx.Client, acknowledged: list[dict[str, str]]) -> None:
    for report in acknowledged:
        found = client.get(f"/api/v1/cases/{report['case']}").raise_for_status().json()
        assert report["id"] in [each["id"] for each in found["reports"]]


def fill(path: Path) -> None:
    """Take all the space there is."""
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass


def test_a_full_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs") as disk:
        pair = Pair(tmp_path, checkpoint_seconds=0.5, roots={"xa": disk / "xa"})
        with pair.running(), pair.a.client("hotline") as hotline, pair.a.client("bank") as bank:
            exchange(pair)
            acknowledged = [file(hotline, f"call {number}").raise_for_status().json() for number in range(5)]
            # One request is on its way when the disk fills: the answer comes while it is full.
            hotline.post("/api/v1/reports", json=pair.theft()).raise_for_status()
            until(lambda: pair.bank_works(bank))
            with pair.b.client("approver") as approver:
                until(lambda: approver.get("/api/v1/holds").json())
                fill(disk / "ballast")
                until(lambda: is_refusal(file(hotline, "x" * 50_000)))
                assert pair.approver_works(approver)
            for _ in range(3):
                assert is_refusal(file(hotline, "x" * 50_000))
                assert is_refusal(hotline.get("/healthz"))
            # Reading goes on.
            still_there(hotline, acknowledged)
            assert "the database refuses what is written" in pair.a.log.read_text()
            with pair.a.client("auditor") as auditor:
                assert auditor.post("/api/v1/ledger/checkpoint").status_code in (200, 503)

            (disk / "ballast").unlink()
            until(lambda: hotline.get("/healthz").status_code == 200)
            assert "the database takes what is written again" in pair.a.log.read_text()
            acknowledged.append(file(hotline, "afterwards").raise_for_status().json())
            at_rest(pair, hotline)
            # Pump, both ways of delivery and the beat are alive.
            exchange(pair)
            still_there(hotline, acknowledged)
            before = pair.a.home.path("ledger/checkpoint").read_bytes()
            exchange(pair)
            until(lambda: pair.a.home.path("ledger/checkpoint").read_bytes() != before)
            assert [*pair.a.faults(), *pair.b.faults()] == []
            # It was never restarted.
            assert pair.a.end(signal.SIGTERM) == 0


def test_a_file_system_that_turns_read_only(tmp_path: Path) -> None:
    """As a kernel does with an ext4 that has an error; files that are open for writing are then no longer written."""
    image = tmp_path / "image"
    image.touch()
    os.truncate(image, SIZE)
    if not command("mkfs.ext4", "-q", image):
        pytest.skip("there is no mkfs.ext4 here")
    with mounted(tmp_path / "disk", "-o", "loop,errors=remount-ro", image) as disk:
        pair = Pair(tmp_path, checkpoint_seconds=0.5, roots={"xa": disk / "xa"})
        config = pair.a.home.root / homes.SETTINGS
        with pair.running():
            exchange(pair)
            with pair.a.client("hotline") as hotline:
                acknowledged = [file(hotline, f"call {number}").raise_for_status().json() for number in range(5)]
                turn_read_only(disk)
                until(lambda: is_refusal(file(hotline, "after the error")))
                assert is_refusal(hotline.get("/healthz"))
                still_there(hotline, acknowledged)
                assert "the database refuses what is written" in pair.a.log.read_text()
            assert pair.a.end(signal.SIGTERM) == 0
            again = run("serve", "--config", config)
            assert again.code in (1, 2), again
            assert len(again.err.strip().splitlines()) == 1, again
            assert "ead-only" in again.err or "readonly" in again.err, again

            # The administrator has it checked and mounts it again.
            assert command("umount", disk)
            command("e2fsck", "-p", "-f", image)
            assert command("mount", "-o", "loop", image, disk)
            pair.a.start().await_ready()
            with pair.a.client("hotline") as hotline:
                still_there(hotline, acknowledged)
                assert file(hotline, "afterwards").status_code == 201
            exchange(pair)
            assert [*pair.a.faults(), *pair.b.faults()] == []
            pair.a.end(signal.SIGTERM)


def turn_read_only(disk: Path) -> None:
    """Have the kernel find an error in this very file system."""
    found = subprocess.run(
        ["findmnt", "-n", "-o", "SOURCE", str(disk)], capture_output=True, text=True, check=False, timeout=10
    )
    trigger = Path("/sys/fs/ext4") / Path(found.stdout.strip()).name / "trigger_fs_error"
    try:
        trigger.write_text("1")
    except OSError:
        pytest.skip("this kernel does not let us make a file system read-only")
