"""Appending, reopening, undoing, proving, at any size."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.ledger.building import ledger_engine, new_ledger

from lintas.ledger.tiles import MAX_ENTRY
from lintas.model.errors import BadInput, NotFound, Refused, TooLarge
from lintas.storage.engine import writing
from lintas.storage.writer import Writer
from lintas.trust import merkle


def entries(start: int, count: int) -> list[bytes]:
    return [f"entry {start + n}".encode() for n in range(count)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(st.integers(0, 300), min_size=1, max_size=5), data=st.data())
def test_any_grouping_gives_the_plain_tree_and_proofs_at_every_size(
    tmp_path_factory: pytest.TempPathFactory, groups: list[int], data: st.DataObject
) -> None:
    engine, ledger = ledger_engine(tmp_path_factory.mktemp("ledger") / "node.db"), new_ledger()
    total = 0
    with writing(engine) as tx:
        for count in groups:
            with tx.begin():
                assert ledger.append(tx, entries(total, count)) == range(total, total + count)
            total += count
        hashes = [merkle.leaf_hash(entry) for entry in entries(0, total)]
        with tx.begin():
            assert ledger.size(tx) == total
            assert ledger.root(tx) == merkle.root(hashes)
            size = data.draw(st.integers(0, total))
            assert ledger.root(tx, size) == merkle.root(hashes[:size])
            old = data.draw(st.integers(0, size))
            proof = ledger.consistency_proof(tx, old, size)
            merkle.check_consistency(old, size, proof, merkle.root(hashes[:old]), merkle.root(hashes[:size]))
            if size:
                index = data.draw(st.integers(0, size - 1))
                path = ledger.inclusion_proof(tx, index, size)
                merkle.check_inclusion(index, size, hashes[index], path, merkle.root(hashes[:size]))
                assert ledger.entry(tx, index) == entries(index, 1)[0]
    engine.dispose()


def test_two_levels_of_tiles(tmp_path: Path) -> None:
    engine, ledger = ledger_engine(tmp_path / "node.db"), new_ledger()
    total = 256 * 256 + 300
    with writing(engine) as tx, tx.begin():
        for start in range(0, total, 4096):
            ledger.append(tx, entries(start, min(4096, total - start)))
        hashes = [merkle.leaf_hash(entry) for entry in entries(0, total)]
        root = merkle.root(hashes)
        assert ledger.root(tx) == root
        for index in (0, 255, 256, 65_535, 65_536, total - 1):
            merkle.check_inclusion(index, total, hashes[index], ledger.inclusion_proof(tx, index, total), root)
        proof = ledger.consistency_proof(tx, 65_000, total)
        merkle.check_consistency(65_000, total, proof, merkle.root(hashes[:65_000]), root)
    engine.dispose()


def test_reopening_goes_on_where_it_was(tmp_path: Path) -> None:
    for start in (0, 130, 260):
        engine = ledger_engine(tmp_path / "node.db")
        with writing(engine) as tx, tx.begin():
            assert new_ledger().append(tx, entries(start, 130)) == range(start, start + 130)
        engine.dispose()
    engine = ledger_engine(tmp_path / "node.db")
    with engine.connect() as tx:
        assert new_ledger().root(tx) == merkle.root([merkle.leaf_hash(entry) for entry in entries(0, 390)])
    engine.dispose()


def test_an_undone_use_case_leaves_no_trace(tmp_path: Path) -> None:
    engine, ledger = ledger_engine(tmp_path / "node.db"), new_ledger()
    writer = Writer(engine)
    first = writer.submit(lambda tx: ledger.append(tx, entries(0, 250)))

    def refused(tx: object) -> None:
        ledger.append(tx, entries(900, 20))  # type: ignore[arg-type]  # the writer hands out a Connection
        raise Refused("policy", "the rule says no")

    second = writer.submit(refused)
    third = writer.submit(lambda tx: ledger.append(tx, entries(250, 20)))
    assert first.result(5) == range(250)
    with pytest.raises(Refused):
        second.result(5)
    assert third.result(5) == range(250, 270)
    writer.close()
    with engine.connect() as tx:
        assert ledger.root(tx) == merkle.root([merkle.leaf_hash(entry) for entry in entries(0, 270)])
    engine.dispose()


def test_limits_and_what_there_is_not(tmp_path: Path) -> None:
    engine, ledger = ledger_engine(tmp_path / "node.db"), new_ledger()
    with writing(engine) as tx, tx.begin():
        assert ledger.size(tx) == 0
        assert ledger.root(tx) == merkle.EMPTY_ROOT
        assert ledger.append(tx, []) == range(0)
        with pytest.raises(TooLarge):
            ledger.append(tx, [b"good", b"x" * (MAX_ENTRY + 1)])
        assert ledger.size(tx) == 0
        assert ledger.append(tx, [b"x" * MAX_ENTRY, b""]) == range(2)
        with pytest.raises(NotFound):
            ledger.entry(tx, 2)
        with pytest.raises(BadInput):
            ledger.inclusion_proof(tx, 2, 2)
        with pytest.raises(BadInput):
            ledger.inclusion_proof(tx, 0, 3)
        with pytest.raises(BadInput):
            ledger.consistency_proof(tx, 2, 1)
        with pytest.raises(Refused):
            new_ledger("other.example/ledger").append(tx, [b"x"])
        with pytest.raises(Refused):
            new_ledger("other.example/ledger").size(tx)
    engine.dispose()
