"""What is published verifies, stays so whenever a publication is cut short, and no byte of it can change."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.unit.ledger.building import Small, ledger_engine, new_ledger, signer

from lintas.ledger.checkpoint import Checkpoint, sign_checkpoint
from lintas.ledger.publish import CHECKPOINT, publish
from lintas.ledger.tlog_policy import TlogPolicy
from lintas.ledger.verify import DirectorySource, Verdict, verify_ledger
from lintas.model.errors import BadInput, Refused, Unavailable
from lintas.storage.engine import writing


class InMemory:
    """Published files held in memory, so that each can be changed quickly."""

    def __init__(self, directory: Path) -> None:
        self.files = {path: (directory / path).read_bytes() for path in DirectorySource(directory).paths()}

    def read(self, path: str, limit: int) -> bytes | None:
        return self.files.get(path)

    def paths(self) -> Iterable[str]:
        return list(self.files)


def verdict(made: Small) -> Verdict:
    return verify_ledger(DirectorySource(made.directory), made.policy)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 512, 700])
def test_what_is_published_verifies(tmp_path: Path, count: int) -> None:
    made = Small(tmp_path)
    made.append(count)
    made.publish()
    found = verdict(made)
    assert (found.ok, found.size, found.problems, found.uncovered) == (True, count, (), ())
    assert [(name, at) for name, at in found.cosigned_by] == [("w0", made.clock.at), ("w1", made.clock.at)]


def test_every_changed_byte_is_refused(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(300)
    made.publish()
    held = InMemory(made.directory)
    assert verify_ledger(held, made.policy).ok
    accepted, flips = [], 0
    for path, data in held.files.items():
        for at in range(len(data)):
            # In the checkpoint every bit, since text has more than one spelling; elsewhere one bit of each byte.
            for bit in range(8) if path == CHECKPOINT else (at % 8,):
                changed = bytearray(data)
                changed[at] ^= 1 << bit
                held.files[path] = bytes(changed)
                flips += 1
                if verify_ledger(held, made.policy).ok:
                    accepted.append((path, at, bit))
        held.files[path] = data
    assert flips > sum(map(len, held.files.values()))
    assert accepted == []


@pytest.mark.parametrize("change", ["cut", "grown", "gone"])
def test_a_cut_grown_or_missing_file_is_named(tmp_path: Path, change: str) -> None:
    made = Small(tmp_path)
    made.append(300)
    made.publish()
    held = InMemory(made.directory)
    for path, data in list(held.files.items()):
        held.files[path] = data[:-1] if change == "cut" else data + b"x"
        if change == "gone":
            del held.files[path]
        found = verify_ledger(held, made.policy)
        assert not found.ok
        assert any(problem.startswith(path) for problem in found.problems), (path, found.problems)
        held.files[path] = data


def test_a_wrong_hash_names_the_entries_under_it(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(700)
    made.publish()
    tile = made.directory / "tile/1/000.p/2"
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(data)
    assert verdict(made).problems == ("tile/1/000.p/2: hash 1 does not fit the entries from 256",)


def test_publishing_goes_on_where_it_was_and_twice_is_once(tmp_path: Path) -> None:
    made = Small(tmp_path)
    for more in (1, 100, 154, 1, 300, 0):
        made.append(more)
        made.clock.forward(60)
        written = made.publish()
        assert written[-1] == CHECKPOINT
        assert verdict(made).ok
        signed = (made.directory / CHECKPOINT).read_bytes()
        with made.engine.connect() as tx:
            assert publish(tx, made.ledger, made.directory, signed).written == ()
    assert not (made.directory / "tile/0/000.p").exists()
    assert len(list((made.directory / "tile/0").glob("*"))) == 3


def test_older_partial_tiles_stay_and_must_agree(tmp_path: Path) -> None:
    made = Small(tmp_path)
    for _ in range(2):
        made.append(10)
        made.publish()
    older = made.directory / "tile/0/000.p/10"
    data = older.read_bytes()
    assert verdict(made).ok
    older.write_bytes(data[:-1] + b"x")
    assert not verdict(made).ok
    older.write_bytes(data)
    bundle = made.directory / "tile/entries/000.p/10"
    bundle.write_bytes(bundle.read_bytes().replace(b"entry 3", b"entry 4"))
    assert not verdict(made).ok


def test_a_file_that_is_none_of_a_ledgers_is_refused(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(3)
    made.publish()
    (made.directory / "tile/0/0").write_bytes(b"x")
    assert verdict(made).problems == ("tile/0/0: no such file belongs to a ledger",)


def test_cut_short_at_every_file_it_still_verifies_and_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Small(tmp_path)
    made.append(250)
    made.publish()
    made.append(300)
    signed = made.cosigned()
    writes = 0
    while True:
        left = writes

        def replace(self: Path, target: Path) -> Path:
            nonlocal left
            if left == 0:
                raise OSError(28, "No space left on device")
            left -= 1
            os.replace(self, target)
            return target

        trial = tmp_path / f"trial{writes}"
        shutil.copytree(made.directory, trial)
        with monkeypatch.context() as patch, made.engine.connect() as tx:
            patch.setattr(Path, "replace", replace)
            try:
                publish(tx, made.ledger, trial, signed)
                break
            except Unavailable:
                pass
        found = verify_ledger(DirectorySource(trial), made.policy)
        assert (found.ok, found.size) == (True, 250), found
        with made.engine.connect() as tx:
            publish(tx, made.ledger, trial, signed)
        found = verify_ledger(DirectorySource(trial), made.policy)
        assert (found.ok, found.size, found.uncovered) == (True, 550, ())
        writes += 1
    assert writes > 5


def test_killed_between_append_and_publication(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(40)
    made.publish()
    made.append(5)
    made.engine.dispose()
    assert verdict(made).size == 40
    again = Small(tmp_path)
    again.seen = 40
    again.publish()
    assert (verdict(again).ok, verdict(again).size) == (True, 45)


def test_a_restored_backup_or_another_ledger_is_not_published_over(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(10)
    made.publish()
    shorter, ledger = ledger_engine(tmp_path / "backup.db"), new_ledger()
    with writing(shorter) as tx, tx.begin():
        ledger.append(tx, [f"entry {n}".encode() for n in range(5)])
        with pytest.raises(Refused) as refused:
            publish(tx, ledger, made.directory, ledger.checkpoint(tx).render())
        assert refused.value.reason == "rollback"
        ledger.append(tx, [b"forked"] * 10)
        with pytest.raises(Refused) as refused:
            publish(tx, ledger, made.directory, ledger.checkpoint(tx).render())
        assert refused.value.reason == "fork"
        untrue = sign_checkpoint(Checkpoint(ledger.origin, 3, b"x" * 32), signer(ledger.origin))
        with pytest.raises(Refused):
            publish(tx, ledger, tmp_path / "elsewhere", untrue.render())
    assert verdict(made).ok


def test_a_damaged_directory_can_be_written_anew(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(300)
    made.publish()
    (made.directory / "tile/0/000").write_bytes(b"x")
    signed = (made.directory / CHECKPOINT).read_bytes()
    with made.engine.connect() as tx:
        assert publish(tx, made.ledger, made.directory, signed, anew=True).written == ("tile/0/000",)
    assert verdict(made).ok


def test_the_policy_decides_whom_to_believe(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(3)
    made.publish()
    source = DirectorySource(made.directory)
    assert verify_ledger(source, TlogPolicy(made.policy.logs)).ok
    other = new_ledger("other.example/ledger")
    stranger = TlogPolicy((type(made.policy.logs[0])(other.key),), quorum="none")
    assert not verify_ledger(source, stranger).ok
    with made.engine.connect() as tx:
        (made.directory / CHECKPOINT).write_bytes(made.ledger.checkpoint(tx).render())
    found = verify_ledger(source, made.policy)
    assert not found.ok
    assert "quorum" in found.problems[0]
    with pytest.raises(BadInput):
        DirectorySource(tmp_path / "nowhere")
