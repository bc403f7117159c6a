"""Base files hold entries exactly, however many classes there are, and are refused when a byte of them is wrong."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.telco.lists import making

from lintas.model.errors import LintasError
from lintas.telco.lists.base import CLASS_BITS, STEP, Base, Damaged
from lintas.telco.lists.build import Entries, Origin, build
from lintas.telco.lists.compact import compact
from lintas.telco.lists.entries import Key, Row
from lintas.telco.lists.signed import check_base, write_manifest
from lintas.telco.lists.snapshot import Snapshot

COUNT = 20_000
FIRST = 99_960_000_000


def many(path: Path, rows: list[Row]) -> Base:
    numbers = np.arange(FIRST, FIRST + COUNT, dtype=np.uint64)[::-1]
    build(path, Entries(numbers, np.arange(COUNT, dtype=np.uint32), rows, {}), Origin("l", 0, "", 0))
    return Base.open(path)


@pytest.mark.parametrize(
    ("name", "rows", "bytes_each"),
    [
        ("one class", [Row("blocked", "X", "r", 10**9)] * COUNT, 8),
        ("times", [Row("blocked", "X", "r", 10**9 + 7 * at) for at in range(COUNT)], 10),
        ("reasons", [Row("blocked", "X", f"case {at}", 10**9 + at) for at in range(COUNT)], 12),
    ],
)
def test_every_entry_comes_back_as_it_was(tmp_path: Path, name: str, rows: list[Row], bytes_each: int) -> None:
    base = many(tmp_path / "base", rows)
    assert [base.rows(FIRST + COUNT - 1 - at) for at in range(COUNT)] == [(row,) for row in rows]
    columns = (tmp_path / "base").stat().st_size - len(base.header.reasons) * 100
    assert columns < COUNT * (bytes_each + 1) or name == "reasons"
    compact(Snapshot(base, making.KEY, clock=lambda: 0), tmp_path / "again")
    again = Base.open(tmp_path / "again")
    assert [again.rows(FIRST + at) for at in range(COUNT)] == [base.rows(FIRST + at) for at in range(COUNT)]


@pytest.mark.parametrize("entries", [0, 1, 2, STEP - 1, STEP, STEP + 1, 2 * STEP, 3 * STEP + 7])
def test_many_numbers_are_found_at_once_where_one_is(tmp_path: Path, entries: int) -> None:
    numbers = np.arange(FIRST, FIRST + 3 * entries, 3, dtype=np.uint64)
    twice = np.concatenate([numbers, numbers[::2]])
    rows = [Row("blocked", "X", "r", 10), Row("unallocated", "Y", "r", 10)]
    kinds = np.repeat(np.arange(2, dtype=np.uint32), [len(numbers), len(numbers[::2])])
    build(tmp_path / "base", Entries(twice, kinds, rows, {}), Origin("l", 0, "", 0))
    base, asked = Base.open(tmp_path / "base"), list(range(FIRST - 2, FIRST + 3 * entries + 5))
    found = [
        () if at < 0 else base.rows_from(at, number << CLASS_BITS)
        for at, number in zip(base.places(asked), asked, strict=True)
    ]
    assert found == [base.rows(number) for number in asked]


def test_of_repeated_entries_the_longest_valid_stays(tmp_path: Path) -> None:
    rows = [
        Row("blocked", "X", "r", 10),
        Row("blocked", "X", "r", 30),
        Row("blocked", "X", "s", 20),
        Row("blocked", "Y", "r", 5),
    ]
    numbers = np.full(5, FIRST, np.uint64)
    built = build(
        tmp_path / "b", Entries(numbers, np.array([0, 1, 2, 3, 3], np.uint32), rows, {}), Origin("l", 0, "", 0)
    )
    assert built.repeated == 3
    assert set(Base.open(tmp_path / "b").rows(FIRST)) == {rows[1], rows[3]}


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    base = making.base_of(tmp_path / "base", {})
    assert len(base) == 0
    assert base.rows(FIRST) == ()
    assert Snapshot(base, making.KEY).find(FIRST) is None


ENTRIES = {
    Key(FIRST, FIRST, "blocked", "X"): Row("blocked", "X", "r", 10**10),
    Key(FIRST, FIRST + 5, "unallocated", "Y"): Row("unallocated", "Y", "", 10**10),
    Key(FIRST + 3, FIRST + 9, "unallocated", "Y"): Row("unallocated", "Y", "", 10**10),
}


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_is_refused_with_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged"
    making.base_of(path, ENTRIES)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    harmed = data.draw(
        st.sampled_from(
            [
                whole[:at],
                whole + b"x",
                whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :],
            ]
        )
    )
    path.write_bytes(harmed)
    try:
        opened = Base.open(path)
    except Damaged as wrong:
        assert str(path) in str(wrong)
    else:
        # Only the zero bytes that fill up the header say nothing.
        assert opened.header == making.base_of(path, ENTRIES).header


def test_a_badly_made_file_is_refused_although_it_is_signed(tmp_path: Path) -> None:
    path = tmp_path / "base"
    base = making.base_of(path, ENTRIES)
    assert check_base(path, write_manifest(path, signer=making.SIGNER, signed_by="xa-asc"), making.PUBLISHER).bytes
    raw = bytearray(path.read_bytes())
    at = raw.index(bytes(base.words.tobytes()))
    raw[at : at + 8] = (FIRST << 14 | 77).to_bytes(8, "little")
    path.write_bytes(_resealed(bytes(raw)))
    manifest = write_manifest(path, signer=making.SIGNER, signed_by="xa-asc")
    with pytest.raises(Damaged, match="badly made"):
        check_base(path, manifest, making.PUBLISHER)


def _resealed(raw: bytes) -> bytes:
    """Give a changed file the digests that fit it."""
    import hashlib
    import json

    from lintas.telco.lists.base import PREFIX, aligned

    magic, length, _ = PREFIX.unpack_from(raw)
    start = PREFIX.size + aligned(length)
    header = json.loads(raw[PREFIX.size : PREFIX.size + length])
    header["body"] = hashlib.sha256(raw[start:]).hexdigest()
    written = json.dumps(header, separators=(",", ":")).encode()
    filled = written.ljust(aligned(len(written)), b"\0")
    return PREFIX.pack(magic, len(written), hashlib.sha256(written).digest()) + filled + raw[start:]


@pytest.mark.parametrize("content", [b"", b"number,kind\n", b"\0" * 100])
def test_what_is_no_list(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "base"
    path.write_bytes(content)
    with pytest.raises(LintasError):
        Base.open(path)
    with pytest.raises(Damaged):
        Base.open(tmp_path / "none")
