"""A bank's own records: what a victim describes is found or not guessed, an order is carried out once, whatever happens."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.bank.answers import carried_out
from lintas.bank.core import HOLDS, Core
from lintas.model.errors import BadInput, LintasError, NotFound
from lintas.model.tainted import MAX_PARTS, Find, LedgerAnswer, Part, check_answer

LEDGER = """\
id,time,sender,receiver,amount_minor,currency
t-1,2026-03-01T10:00:00Z,victim,mule,50000,XAK
t-2,2026-03-01T10:05:00Z,victim,mule,50000,XAK
t-3,2026-03-01T10:06:00Z,other,shop,700,XAK
"""


@pytest.fixture
def core(tmp_path: Path) -> Core:
    (tmp_path / "transfers.csv").write_text(LEDGER)
    return Core(tmp_path, "XAFB")


def answer(held: int = 100) -> LedgerAnswer:
    part = Part(state="held", start=0, end=held, local_minor=held, local_currency="XAK")
    return LedgerAnswer(transfer="t-1", start=0, end=held, currency="XAK", snapshot="s", found=True, parts=(part,))


def wanted(**changes: object) -> Find:
    fields: dict[str, object] = {"amount_minor": 50_000, "currency": "XAK"}
    return msgspec.convert(fields | changes, Find)


def test_a_reference_or_an_exact_description_finds_one(core: Core) -> None:
    assert core.find(wanted(reference="t-2")) == "t-2"
    assert core.find(wanted(amount_minor=700, receiver="SHOP", at="2026-03-01T10:06:00Z")) in ("t-3",)


def test_what_fits_two_transfers_is_not_guessed(core: Core) -> None:
    with pytest.raises(NotFound, match="2 transfers fit"):
        core.find(wanted(receiver="MULE"))


def test_what_fits_none_is_not_found(core: Core) -> None:
    for find in (wanted(reference="t-9"), wanted(receiver="NOBODY"), wanted(amount_minor=1, receiver="MULE")):
        with pytest.raises(NotFound):
            core.find(find)


def test_a_directory_without_a_ledger_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no ledger file"):
        Core(tmp_path, "XAFB").index()


def test_the_index_follows_the_files(core: Core) -> None:
    first = core.index()
    assert core.index() is first
    with (core.directory / "transfers.csv").open("a") as file:
        file.write("t-4,2026-03-01T10:07:00Z,mule,away,100,XAK\n")
    assert core.find(wanted(reference="t-4")) == "t-4"


def test_an_order_is_remembered_across_a_restart(core: Core) -> None:
    core.place("order-1", answer())
    again = Core(core.directory, "XAFB")
    assert again.placed("order-1") == answer()
    assert again.placed("order-2") is None


def test_an_order_cut_short_by_a_crash_was_never_placed(core: Core) -> None:
    core.place("order-1", answer())
    path = core.directory / HOLDS
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert Core(core.directory, "XAFB").placed("order-1") is None
    path.write_bytes(whole[:-5])
    # After the crash the same order comes again, and others after it: none may be lost to the torn line.
    again = Core(core.directory, "XAFB")
    again.place("order-1", answer(50))
    again.place("order-2", answer(60))
    last = Core(core.directory, "XAFB")
    assert (last.placed("order-1"), last.placed("order-2")) == (answer(50), answer(60))


def test_a_damaged_record_of_holds_is_named(core: Core) -> None:
    for damaged in (b'{"order": 5}', b'{"x":' + b"[" * 30_000, b'{"order": "\xff"}'):
        (core.directory / HOLDS).write_bytes(damaged + b"\n")
        with pytest.raises(BadInput, match=r"holds\.jsonl:1"):
            Core(core.directory, "XAFB")


STATES = st.sampled_from(["here", "spent", "unknown"])


@given(
    pieces=st.lists(
        st.tuples(STATES, st.integers(1, 1_000), st.integers(0, 1_000)), min_size=1, max_size=MAX_PARTS - 1
    ),
    most=st.integers(0, 10_000),
)
def test_an_order_holds_what_is_here_and_never_more(pieces: list[tuple[str, int, int]], most: int) -> None:
    parts, edge = [], 0
    for state, size, local in pieces:
        parts.append(
            msgspec.convert(
                {"state": state, "start": edge, "end": edge + size, "local_minor": local, "local_currency": "XBK"}, Part
            )
        )
        edge += size
    located = LedgerAnswer(
        transfer="t", start=0, end=edge, currency="XAK", snapshot="s", found=True, parts=tuple(parts)
    )
    done = carried_out(located, most)
    check_answer(done, 0, edge)
    held = sum(part.amount_minor for part in done.parts if part.state == "held")
    here = sum(part.amount_minor for part in parts if part.state == "here")
    assert held == min(most, here)
    assert done.local == located.local


def test_a_ledger_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "transfers.csv").write_bytes(b"\xff\xfe\x00garbage")
    with pytest.raises(LintasError, match=r"transfers\.csv"):
        Core(tmp_path, "XAFB").index()
