"""A gateway's directory: fed by renames, read at once, never going back, whatever comes in damaged or out of order."""

import contextlib
import gc
import os
import resource
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.telco.lists import making

from lintas.model.errors import BadInput, LintasError
from lintas.telco.lists.compact import compact
from lintas.telco.lists.directory import Directory
from lintas.telco.lists.entries import Change, Key, Row
from lintas.telco.lists.ids import redress_id
from lintas.telco.lists.signed import write_manifest
from lintas.telco.lists.snapshot import Gap, Snapshot
from lintas.telco.lists.standing import Standing
from lintas.trust.keys import save_secret

FIRST = 99_960_000
LATE = 10**10
ENTRIES = {Key(FIRST, FIRST, "blocked", "X"): Row("blocked", "X", "r", LATE)}
ADD = Change(f"+{FIRST + 1}", "blocked", "X", "r", LATE)
WITHDRAW = Change(f"+{FIRST}", "blocked", "X", withdraw=True)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    making.base_of(tmp_path / "base", ENTRIES)
    return Directory(tmp_path)


def feed(directory: Directory, *changes: Change) -> None:
    """Bring the next delta as a follower does."""
    snapshot, _ = directory.open(clock=lambda: 100.0)
    directory.put_delta(snapshot, making.blob(snapshot, *changes), making.PUBLISHER)


def test_a_reader_sees_each_delta_and_each_new_base(directory: Directory) -> None:
    standing = Standing.open(directory.path)
    assert standing.find(FIRST) is not None
    # What came while it was opened is looked for once.
    assert standing.has_news()
    standing.take_news()
    assert not standing.has_news()
    feed(directory, ADD)
    feed(directory, WITHDRAW)
    assert standing.has_news()
    standing.take_news()
    assert (standing.find(FIRST), standing.snapshot.version) == (None, 2)
    assert standing.find(FIRST + 1) is not None
    assert not standing.has_news()
    directory.compact(directory.open(clock=lambda: 100.0)[0])
    assert not directory.deltas()
    standing.take_news()
    assert (standing.snapshot.version, standing.snapshot.changed) == (2, 0)
    assert standing.find(FIRST + 1) is not None
    feed(directory, WITHDRAW, Change(f"+{FIRST + 1}", "blocked", "X", withdraw=True))
    standing.take_news()
    assert standing.find(FIRST + 1) is None
    assert standing.problem == ""


def test_a_base_file_that_was_replaced_is_let_go_at_once(directory: Directory) -> None:
    standing = Standing.open(directory.path)
    feed(directory, ADD)
    standing.take_news()
    held = weakref.ref(standing.snapshot.base)
    gc.disable()
    try:
        directory.compact(directory.open(clock=lambda: 100.0)[0])
        standing.take_news()
        assert standing.snapshot.changed == 0
        assert held() is None, "its memory would stay mapped until the collector comes by"
    finally:
        gc.enable()


def test_a_follower_that_missed_one_is_told_and_a_base_heals_it(directory: Directory, tmp_path: Path) -> None:
    snapshot, _ = directory.open(clock=lambda: 100.0)
    one = making.delta(snapshot, ADD)
    ahead = snapshot.apply(one)
    two = making.blob(ahead, WITHDRAW)
    with pytest.raises(Gap):
        directory.put_delta(snapshot, two, making.PUBLISHER)
    assert directory.deltas() == []
    fresh = directory.path / ".incoming"
    compact(ahead, fresh)
    directory.put_base(fresh, write_manifest(fresh, signer=making.SIGNER, signed_by="xa-asc"), making.PUBLISHER)
    healed, wrong = directory.open(clock=lambda: 100.0)
    assert (healed.version, wrong) == (1, [])
    assert directory.put_delta(healed, two, making.PUBLISHER).version == 2


def test_deltas_behind_another_list_are_told_while_they_lie_there(directory: Directory, tmp_path: Path) -> None:
    feed(directory, ADD)
    feed(directory, WITHDRAW)
    snapshot, _ = directory.open(clock=lambda: 100.0)
    directory.delta(1).unlink()
    standing = Standing.open(directory.path)
    assert "delta 2 lies there, and the base file is at 0" in standing.problem
    standing.take_news()
    assert standing.problem
    directory.compact(snapshot)
    standing.take_news()
    assert (standing.problem, standing.snapshot.version) == ("", 2)


def test_a_publishers_list_is_known_as_one_also_when_it_was_compacted(directory: Directory) -> None:
    before = directory.published
    feed(directory, ADD)
    assert (before, directory.published) == (False, True)
    snapshot, _ = directory.open(clock=lambda: 100.0)
    directory.compact(snapshot)
    assert directory.deltas() == [] and directory.published


@pytest.mark.parametrize("harm", ["cut", "changed", "strange"])
def test_what_is_damaged_is_told_and_the_old_list_stays(directory: Directory, harm: str) -> None:
    standing = Standing.open(directory.path)
    feed(directory, WITHDRAW)
    path = directory.delta(1)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-9], "changed": whole[:-9] + b"xxxxxxxxx", "strange": b"hello"}[harm])
    standing.take_news()
    assert str(path) in standing.problem
    assert standing.find(FIRST) is not None
    path.write_bytes(whole)
    standing.take_news()
    assert (standing.problem, standing.find(FIRST)) == ("", None)


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """Let no file be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("what", ["delta", "base"])
def test_what_could_not_be_read_once_is_read_again(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    standing = Standing.open(directory.path)
    feed(directory, WITHDRAW)
    if what == "base":
        directory.compact(directory.open(clock=lambda: 100.0)[0])
    with no_descriptors():
        standing.take_news()
    assert "Too many open files" in standing.problem
    assert standing.find(FIRST) is not None and not standing.has_news()
    monkeypatch.setattr("lintas.telco.lists.standing.time.monotonic", lambda: float("inf"))
    assert standing.has_news()
    standing.take_news()
    assert (standing.problem, standing.find(FIRST)) == ("", None)


def test_a_key_that_others_may_read_is_news_once_it_is_mended(directory: Directory) -> None:
    standing = Standing.open(directory.path)
    standing.take_news()
    (directory.path / "redress.key").chmod(0o644)
    standing.take_news()
    assert "chmod 600" in standing.problem and not standing.has_news()
    (directory.path / "redress.key").chmod(0o600)
    assert standing.has_news()
    standing.take_news()
    assert standing.problem == ""


def test_a_delta_that_comes_while_the_list_is_read_is_news(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing, after = Standing.open(directory.path), directory.after

    def slow(held: Snapshot, *, key: bytes | None) -> tuple[Snapshot, list[LintasError]]:
        found = after(held, key=key)
        feed(directory, WITHDRAW)
        return found

    monkeypatch.setattr(standing._directory, "after", slow)
    standing.take_news()
    assert standing.find(FIRST) is not None and standing.has_news()


def test_a_damaged_base_is_told_and_the_old_list_stays(directory: Directory) -> None:
    standing = Standing.open(directory.path)
    fresh = directory.path / "fresh"
    fresh.write_bytes(directory.base.read_bytes()[:-1])
    fresh.replace(directory.base)
    assert standing.has_news()
    standing.take_news()
    assert "bytes" in standing.problem
    assert standing.find(FIRST) is not None
    assert not standing.has_news(), "the same damage is not read again and again"
    with pytest.raises(LintasError):
        Standing.open(directory.path)


def test_a_directory_that_vanishes_leaves_the_list_in_force(directory: Directory) -> None:
    standing = Standing.open(directory.path)
    directory.base.unlink()
    assert standing.has_news()
    standing.take_news()
    assert standing.problem
    assert standing.find(FIRST) is not None


def test_an_older_base_is_not_taken(directory: Directory) -> None:
    old = directory.base.read_bytes()
    feed(directory, WITHDRAW)
    directory.compact(directory.open(clock=lambda: 100.0)[0])
    standing = Standing.open(directory.path)
    fresh = directory.path / "fresh"
    fresh.write_bytes(old)
    fresh.replace(directory.base)
    standing.take_news()
    assert "1 is in force" in standing.problem
    assert standing.find(FIRST) is None


def test_nothing_is_taken_in_from_a_stranger(directory: Directory) -> None:
    snapshot, _ = directory.open(clock=lambda: 100.0)
    with pytest.raises(LintasError, match="no known key"):
        directory.put_delta(snapshot, making.blob(snapshot, ADD), [])
    fresh = directory.path / ".incoming"
    compact(snapshot, fresh)
    manifest = write_manifest(fresh, signer=making.SIGNER, signed_by="xa-asc")
    with pytest.raises(LintasError, match="no known key"):
        directory.put_base(fresh, manifest, [])
    fresh.write_bytes(fresh.read_bytes()[:-1])
    with pytest.raises(LintasError, match="not the one that was signed"):
        directory.put_base(fresh, manifest, making.PUBLISHER)


def test_the_redress_key_is_made_once_and_for_the_owner_only(directory: Directory) -> None:
    key = directory.redress_key()
    assert directory.redress_key() == key
    assert (directory.path / "redress.key").stat().st_mode & 0o077 == 0
    os.chmod(directory.path / "redress.key", 0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        Standing.open(directory.path)


def test_another_key_gives_other_ids_at_once(directory: Directory) -> None:
    standing = Standing.open(directory.path)
    feed(directory, ADD)
    standing.take_news()
    before = standing.find(FIRST + 1)
    fresh = directory.path / "fresh"
    save_secret(fresh, bytes(32))
    fresh.replace(directory.path / "redress.key")
    assert standing.has_news()
    standing.take_news()
    after = standing.find(FIRST + 1)
    assert before is not None and after is not None
    assert (before.id != after.id, after.id) == (True, redress_id(bytes(32), "blocked", f"+{FIRST + 1}"))
    assert standing.snapshot.version == 1


def test_age_is_told_and_an_old_list_stays(tmp_path: Path) -> None:
    making.base_of(tmp_path / "base", ENTRIES)
    standing = Standing.open(tmp_path, clock=lambda: 1000.0, max_age_s=100)
    assert (standing.age_s, standing.old) == (995, True)
    assert standing.find(FIRST) is not None
