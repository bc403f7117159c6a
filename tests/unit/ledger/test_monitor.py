"""Two checkpoints of one log are joined or parted by its own tiles, and nobody is accused by anything but its own signature."""

import base64
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.building import ORIGIN, StoppedClock, new_ledger, signer

from lintas.ledger.checkpoint import Checkpoint, log_key, sign_checkpoint
from lintas.ledger.monitor import (
    Comparison,
    Heard,
    Known,
    Proof,
    Seen,
    Weighed,
    believe,
    compare,
    in_order,
    outcome_of,
    read_proof,
    tiles_needed,
    weigh,
    write_proof,
)
from lintas.ledger.tiles import NodeReader, TileId, tiles_of
from lintas.ledger.watch import MAX_FINDINGS, MAX_UNPROVEN, Look, Told, Watch, judge
from lintas.model.errors import BadInput, CheckFailed, LintasError
from lintas.storage import migrate
from lintas.storage.engine import open_engine, reading, writing
from lintas.trust import merkle
from lintas.trust.merkle import CompactRange, leaf_hash
from lintas.trust.note import Note

KEY = new_ledger().key
ME, PEER, OTHER = "xb-asc", "xc-asc", "xd-asc"


@cache
def leaf(number: int, branch: str) -> bytes:
    return leaf_hash(f"{branch} {number}".encode())


@cache
def leaves(size: int, fork: int = 10**9) -> tuple[bytes, ...]:
    """Return the hashed entries of a log of ``size`` whose entries from ``fork`` on are another branch's."""
    return tuple(leaf(number, "main" if number < fork else f"fork {fork}") for number in range(size))


def signed(hashes: Sequence[bytes]) -> Seen:
    note = sign_checkpoint(Checkpoint(ORIGIN, len(hashes), merkle.root(hashes)), signer(ORIGIN))
    return believe(note.render(), KEY)


def tiles(hashes: Sequence[bytes]) -> dict[TileId, bytes]:
    """Return every tile that a log of these entries publishes."""
    made: dict[TileId, bytes] = {}
    level, row = 0, list(hashes)
    while row:
        for each in tiles_of(len(hashes)):
            if each.level == level:
                made[each] = b"".join(row[each.index * 256 : each.index * 256 + each.width])
        row = [CompactRange().extend(row[at : at + 256]).root() for at in range(0, len(row) // 256 * 256, 256)]
        level += 1
    return made


def by_tiles(older: Seen, newer: Seen, given: Mapping[TileId, bytes]) -> Comparison:
    """Compare by the tiles that are asked for, and no others."""
    needed = {tile: given[tile] for tile in tiles_needed(older.size, newer.size) if tile in given}
    return compare(older, newer, NodeReader(newer.size, needed.__getitem__))


sizes = st.integers(0, 700)


@settings(max_examples=60, deadline=None)
@given(one=sizes, other=sizes)
def test_any_two_prefixes_of_one_log_are_consistent(one: int, other: int) -> None:
    older, newer = in_order(signed(leaves(one)), signed(leaves(other)))
    found = by_tiles(older, newer, tiles(leaves(newer.size)))
    assert found.outcome == "consistent"
    assert found.proof is not None
    assert outcome_of(older, newer, read_proof(write_proof(found.proof))) == "consistent"


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_change_is_a_split_with_a_proof_that_stands_alone(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 700))
    fork = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(fork + 1, 700))
    older, newer = in_order(signed(leaves(size)), signed(leaves(other, fork)))
    whole = leaves(newer.size) if newer.root == merkle.root(leaves(newer.size)) else leaves(newer.size, fork)
    found = by_tiles(older, newer, tiles(whole))
    assert found.outcome == "split"
    assert found.proof is not None
    told = Told(older.note.decode(), newer.note.decode(), tuple(write_proof(found.proof)))
    assert judge(told, KEY).outcome == "split"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_tiles_that_are_not_the_signed_ones_prove_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 700))
    old = data.draw(st.integers(1, size - 1))
    older, newer = signed(leaves(old)), signed(leaves(size))
    given_tiles = tiles(leaves(size))
    needed = tiles_needed(old, size)
    which = data.draw(st.sampled_from(needed))
    kind = data.draw(st.sampled_from(["gone", "short", "empty", "other branch"]))
    if kind == "gone":
        del given_tiles[which]
    elif kind == "other branch":
        given_tiles = tiles(leaves(size, 0))
    else:
        given_tiles[which] = given_tiles[which][:-1] if kind == "short" else b""
    reader = NodeReader(size, lambda tile: given_tiles.get(tile, b""))
    assert compare(older, newer, reader).outcome == "unproven"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_proof_shows_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(3, 700))
    old = data.draw(st.integers(1, size - 1))
    older, newer = signed(leaves(old)), signed(leaves(size))
    proof = by_tiles(older, newer, tiles(leaves(size))).proof
    assert proof is not None
    parts = [proof.prefix, *proof.hashes]
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = bytes([parts[at][0] ^ 1]) + parts[at][1:]
    with pytest.raises(CheckFailed):
        outcome_of(older, newer, Proof(parts[0], tuple(parts[1:])))


def test_however_large_the_tree_few_tiles_are_asked_for() -> None:
    for old, new in ((1, 2**62), (2**61 + 12_345, 2**62 + 99), (2**63 - 2, 2**63 - 1)):
        assert len(tiles_needed(old, new)) <= 24
    assert tiles_needed(7, 7) == tiles_needed(0, 7) == ()


# --- believing --------------------------------------------------------------------------------------------------------


def test_only_the_logs_own_signature_counts() -> None:
    good = sign_checkpoint(Checkpoint(ORIGIN, 3, merkle.root(leaves(3))), signer(ORIGIN))
    forged = sign_checkpoint(Checkpoint(ORIGIN, 3, merkle.root(leaves(3, 1))), signer("xx.example/other"))
    text = forged.text.encode()
    for bad in (
        forged.render(),
        Note(forged.text, good.signatures).render(),
        Note(good.text, ()).render(),
        text,
        b"",
        b"\xff" * 100,
        b"x" * 100_000,
        sign_checkpoint(Checkpoint("xx.example/other", 3, merkle.root(leaves(3))), signer(ORIGIN)).render(),
        sign_checkpoint(Checkpoint(ORIGIN, 0, merkle.root(leaves(3))), signer(ORIGIN)).render(),
        sign_checkpoint(Checkpoint(ORIGIN, 3, good.text.encode()[:32], ("x" * 3000,)), signer(ORIGIN)).render(),
    ):
        with pytest.raises((BadInput, CheckFailed)):
            believe(bad, KEY)


def test_what_others_signed_beneath_is_left_out() -> None:
    good = sign_checkpoint(Checkpoint(ORIGIN, 3, merkle.root(leaves(3))), signer(ORIGIN))
    more = sign_checkpoint(Checkpoint(ORIGIN, 3, merkle.root(leaves(3))), signer("w"))
    assert believe(good.with_signatures(more.signatures).render(), KEY).note == good.render()


def test_checkpoints_of_two_logs_are_not_compared() -> None:
    other = sign_checkpoint(Checkpoint("b.example/log", 3, merkle.root(leaves(3, 1))), signer("b.example/log"))
    stranger = believe(other.render(), log_key("b.example/log", signer("b.example/log")))
    assert by_tiles(*in_order(signed(leaves(3)), stranger), {}).outcome == "unproven"


@pytest.mark.parametrize("lines", [[], ["x"], ["AAAA"], [base64.b64encode(bytes(32)).decode()] * 65])
def test_a_proof_that_is_none(lines: list[str]) -> None:
    with pytest.raises(LintasError):
        read_proof(lines)


# --- weighing what was heard ------------------------------------------------------------------------------------------


def weighed(known: Known, heard: Sequence[Heard], shows: Mapping[TileId, bytes]) -> Weighed:
    """Weigh with a log that gives these tiles."""
    weighing = weigh(known, heard, ME)
    given_tiles: dict[TileId, bytes | None] = {}
    try:
        needed = next(weighing)
        while True:
            given_tiles.update({tile: shows.get(tile) for tile in needed})
            needed = weighing.send(given_tiles)
    except StopIteration as done:
        found: Weighed = done.value
        return found


def test_a_log_that_grows_is_followed_with_what_others_saw_of_it() -> None:
    known = Known(signed(leaves(3)))
    heard = [Heard(signed(leaves(300)), ME), Heard(signed(leaves(257)), PEER), Heard(signed(leaves(2)), OTHER)]
    assert weighed(known, heard, tiles(leaves(300))) == Weighed(Known(signed(leaves(300))))


def test_what_nothing_joins_yet_waits_and_is_proved_by_what_the_log_shows_later() -> None:
    ahead = Heard(signed(leaves(6, 2)), PEER)
    first = weighed(Known(), [Heard(signed(leaves(4)), ME), ahead], tiles(leaves(4)))
    assert first.known.last == signed(leaves(4))
    assert [each.seen for each in first.known.unproven] == [ahead.seen]
    assert first.splits == ()
    (found,) = weighed(first.known, [Heard(signed(leaves(9)), ME)], tiles(leaves(9))).splits
    assert (found[0].outcome, found[0].older, found[0].newer, found[1]) == (
        "split",
        ahead.seen,
        signed(leaves(9)),
        PEER,
    )


def test_a_log_that_gives_nothing_accuses_nobody() -> None:
    found = weighed(Known(signed(leaves(4))), [Heard(signed(leaves(6)), ME), Heard(signed(leaves(5, 2)), PEER)], {})
    assert found.splits == ()
    assert (found.known.last, len(found.known.unproven)) == (signed(leaves(4)), 2)


def test_two_roots_for_one_size_need_no_tiles() -> None:
    """A log that first signs a tree of any size, and then withholds its tiles, cannot hide behind it."""
    huge = sign_checkpoint(Checkpoint(ORIGIN, 2**62, bytes(32)), signer(ORIGIN))
    known = Known(believe(huge.render(), KEY))
    found = weighed(known, [Heard(signed(leaves(6)), ME), Heard(signed(leaves(6, 2)), PEER)], {})
    ((split, through),) = found.splits
    assert (split.outcome, through) == ("split", PEER)
    told = Told(split.older.note.decode(), split.newer.note.decode(), tuple(write_proof(split.proof or Proof(b""))))
    assert judge(told, KEY).outcome == "split"


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_findings_stay_as_they_are_and_suspicions_are_few(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "node.db")
    migrate.upgrade(engine)
    clock = StoppedClock()
    watch = Watch(clock)

    def note(weighing: Weighed, why: str = "") -> int:
        with writing(engine) as tx, tx.begin():
            return watch.note(tx, Look(ORIGIN, str(KEY), weighing, why))

    last = signed(leaves(50))
    splits = [(by_tiles(signed(leaves(size, 1)), last, tiles(leaves(50))), PEER) for size in range(2, 40)]
    assert note(Weighed(Known(last), (splits[0],))) == 1
    with reading(engine) as tx:
        before = watch.findings(tx)
    clock.forward(3600)
    assert note(Weighed(Known(last), (splits[0], (splits[0][0], OTHER)))) == 0
    with reading(engine) as tx:
        after = watch.findings(tx)
        assert after.findings == before.findings
        assert (after.logs[0].standing, after.logs[0].size) == ("split", 50)
        found = after.findings[0]
        assert (found.through, found.older_size, found.newer_size, found.vkey) == (PEER, 2, 50, str(KEY))
        _, told = watch.to_tell(tx, ME)
    assert judge(told[0], KEY).outcome == "split"
    assert note(Weighed(Known(last), tuple(splits))) == MAX_FINDINGS - 1
    waiting = tuple(Heard(signed(leaves(size, 1)), PEER) for size in range(51, 70))
    note(Weighed(Known(last, waiting)), "not reached")
    with reading(engine) as tx:
        assert watch.findings(tx).findings[0] == found
        assert len(watch.findings(tx).unproven) == MAX_UNPROVEN
        kept = watch.known(tx)[ORIGIN]
        assert kept.last == last
        assert {each.seen.tree for each in kept.unproven} <= {each.seen.tree for each in waiting}
    engine.dispose()


def test_a_finding_that_does_not_hold_is_nobodys(tmp_path: Path) -> None:
    older, newer = signed(leaves(3)), signed(leaves(5))
    honest = by_tiles(older, newer, tiles(leaves(5)))
    assert honest.proof is not None
    told = Told(older.note.decode(), newer.note.decode(), tuple(write_proof(honest.proof)))
    assert judge(told, KEY).outcome == "consistent"
    forged = msgspec.structs.replace(told, proof=(base64.b64encode(bytes(32)).decode(), *told.proof[1:]))
    with pytest.raises(CheckFailed):
        judge(forged, KEY)
    engine = open_engine(tmp_path / "node.db")
    migrate.upgrade(engine)
    with writing(engine) as tx, tx.begin():
        watch = Watch(StoppedClock())
        assert watch.take(tx, [judge(told, KEY)], {ORIGIN: KEY}, PEER) == 0
        assert watch.findings(tx).findings == []
    engine.dispose()
