"""Whoever has only the CSV of a derivation redoes it and arrives at the same leaves; nothing else is shown in it."""

import csv
import io
import random
import re
from collections import Counter
from collections.abc import Callable

import pypdfium2
import pytest
from tests.unit.trace.ledgers import Row, index_of, moving, plain

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.node.paper import derivation_pdf
from lintas.trace.derivations import explained
from lintas.trace.derivations.derivation import derive
from lintas.trace.questions.fifo import trace
from lintas.trace.questions.trail import Baton, Limits, Spent, Trail

RandomRows = Callable[..., list[Row]]
Leaves = Counter[tuple[str, ...]]


def redo(text: str) -> Leaves:
    """Redo a derivation from its CSV, as somebody would who never saw the program: start, follow, add up."""
    rows = list(csv.DictReader(io.StringIO(text)))
    facts = {row["fact"]: row["value"] for row in rows if row["row"] == "fact"}
    backward = facts["direction"] == "where it came from"
    steps: dict[int, list[dict[str, str]]] = {}
    for row in rows:
        if row["step"]:
            steps.setdefault(int(row["step"]), []).append(row)
    start, end = (int(n) for n in re.match(r"(\d+) to (\d+) of it", facts["part"]).groups())  # type: ignore[union-attr]
    leaves, todo, done = Leaves(), [(1, facts["transfer"], start, end)], set[int]()
    while todo:
        step, transfer, start, end = todo.pop()
        assert step not in done
        done.add(step)
        first = next(row for row in steps[step] if row["row"] in ("meant", "departs"))
        assert (first["transfer"], int(first["part_from"]), int(first["part_to"])) == (transfer, start, end)
        if first["row"] == "departs":
            leaves["departs", transfer, str(start), str(end)] += 1
            continue
        booked, settled = int(first["line_minor"]), int(first["settled_minor"])
        assert int(first["line_to"]) - int(first["line_from"]) == booked

        def carried(position: int, total: int, other: int) -> int:
            return -(-position * other // total) if backward else position * other // total

        base = int(first["line_from"])
        meant = base + carried(start, settled, booked), base + carried(end, settled, booked)
        left = [meant] if meant[0] < meant[1] else []
        for row in (row for row in steps[step] if row["row"] == "match"):
            low, high = int(row["line_from"]), int(row["line_to"])
            assert high - low == int(row["line_minor"])
            taken = [(max(a, low), min(b, high)) for a, b in left if max(a, low) < min(b, high)]
            assert len(taken) == 1
            ((a, b),) = taken
            left = [piece for x, y in left for piece in ((x, min(y, a)), (max(x, b), y)) if piece[0] < piece[1]]
            there, whole = int(row["line_minor"]), int(row["settled_minor"])
            part = carried(a - low, there, whole), carried(b - low, there, whole)
            if row["next"].isdigit():
                todo.append((int(row["next"]), row["transfer"], *part))
            elif part[0] < part[1]:
                leaves["cut", row["transfer"], str(part[0]), str(part[1])] += 1
        for a, b in left:
            leaves["rest", first["account"], first["line_currency"]] += b - a
        rests = [row for row in steps[step] if row["row"] == "rest"]
        assert sorted((int(row["taint_from"]), int(row["taint_to"])) for row in rests) == left
        for row in rests:
            # What rests has not left, and what came from the opening balance was in it.
            limit = int(row["line_to"])
            by_position = facts["method"] == "fifo" and not backward
            assert int(row["taint_from"]) >= limit if by_position else int(row["taint_to"]) <= limit
    assert done == set(steps)
    return leaves


def leaves_of(trail: Trail) -> Leaves:
    found = Leaves()
    for held in trail.frontier:
        found["rest", held.account, held.currency] += held.amount_minor
    departed: list[Baton | Spent] = [*trail.batons, *trail.spent]
    for gone in departed:
        found["departs", gone.transfer, str(gone.start), str(gone.end)] += 1
    for cut in trail.unfollowed:
        if cut.start < cut.end and cut.reason != "rounding":
            found["cut", cut.transfer, str(cut.start), str(cut.end)] += 1
    return found


@pytest.mark.parametrize("method", ["fifo", "lifo"])
def test_the_arithmetic_can_be_redone_from_the_table_alone(method: str, random_rows: RandomRows) -> None:
    redone = 0
    for seed in range(150):
        rng, rows = random.Random(seed), random_rows(seed)
        index = index_of(rows)
        for row in rng.sample(moving(rows), 2):
            start = rng.randint(0, int(row["amount_minor"]) - 1)
            part = (start, rng.randint(start + 1, int(row["amount_minor"])))
            until = times.parse(max(f"2026-03-01T10:{rng.randint(10, 29)}:00Z", row["time"]))
            asked: tuple[tuple[bool, Limits | None, bool], ...] = (
                (False, None, False),
                (False, None, True),
                (True, None, False),
                (False, Limits(max_hops=2), False),
            )
            for backward, limits, early in asked:
                moment = until if early else None
                trail = trace(index, row["id"], part, method=method, backward=backward, limits=limits, as_of=moment)
                text = explained.table(derive(index, trail))
                assert +redo(text) == leaves_of(trail), f"seed {seed}, {row['id']} {part} {backward} {moment}"
                redone += len(trail.intervals)
    print(f"{method}: {redone} steps redone")
    assert redone > 1500


def redo_pro_rata(text: str) -> Leaves:
    """Redo a derivation by haircut from its CSV: each account's arithmetic, and that accounts hand on what others got."""
    rows = list(csv.DictReader(io.StringIO(text)))
    facts = {row["fact"]: row["value"] for row in rows if row["row"] == "fact"}
    low, high = (int(n) for n in re.match(r"(\d+) to (\d+) of it", facts["part"]).groups())  # type: ignore[union-attr]
    leaves, handed, got = Leaves(), Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    handed["1", facts["transfer"], str(low), str(high)] += 1
    running, taken = Counter[str](), Counter[str]()
    stretch: dict[str, tuple[str, str] | None] = {}
    for row in (row for row in rows if row["step"]):
        step, settled, part = row["step"], int(row["settled_minor"] or 1), (row["part_from"], row["part_to"])
        if row["row"] == "departs":
            got[step, row["transfer"], *part] += 1
            leaves["departs", row["transfer"], *part] += 1
        elif row["row"] == "meant":
            got[step, row["transfer"], *part] += 1
            booked = int(row["line_minor"])
            amount = int(part[1]) * booked // settled - int(part[0]) * booked // settled
            assert int(row["taint_to"]) == amount
            running[step] += amount
            stretch[step] = None
        elif row["row"] == "match":
            start, end, whole, meant = (int(row[n]) for n in ("line_from", "line_to", "whole_minor", "meant_minor"))
            if stretch[step] != (row["whole_minor"], row["meant_minor"]):
                assert meant == running[step]
                stretch[step], taken[step] = (row["whole_minor"], row["meant_minor"]), 0
            assert start * meant // whole == taken[step] and end <= whole and end - start == int(row["line_minor"])
            amount = end * meant // whole - taken[step]
            assert int(row["taint_to"]) == amount and int(part[1]) == amount * settled // int(row["line_minor"])
            taken[step] += amount
            running[step] -= amount
            if row["next"].isdigit():
                handed[row["next"], row["transfer"], *part] += 1
            elif row["next"].startswith(("to ", "from ", "spent")):
                leaves["departs", row["transfer"], *part] += 1
            elif int(part[1]):
                leaves["cut", row["transfer"], *part] += 1
        elif row["row"] == "rest":
            running[step] -= int(row["taint_to"])
            leaves["rest", row["account"], row["line_currency"]] += int(row["taint_to"])
    assert handed == got and not any(running.values())
    return leaves


def test_haircut_can_be_redone_from_the_table_alone(random_rows: RandomRows) -> None:
    redone = 0
    for seed in range(80):
        rng, rows = random.Random(seed), random_rows(seed)
        index = index_of(rows)
        row = rng.choice(moving(rows))
        start = rng.randint(0, int(row["amount_minor"]) - 1)
        part = (start, rng.randint(start + 1, int(row["amount_minor"])))
        until = times.parse(max(f"2026-03-01T10:{rng.randint(10, 29)}:00Z", row["time"]))
        for backward in (False, True):
            for limits, moment in ((Limits(), None), (Limits(max_hops=2), None), (Limits(min_amount=3), until)):
                trail = trace(index, row["id"], part, method="haircut", backward=backward, limits=limits, as_of=moment)
                derivation = derive(index, trail)
                assert +redo_pro_rata(explained.table(derivation)) == leaves_of(trail), f"seed {seed}, {row['id']}"
                assert explained.document(derivation).sheets
                redone += len(trail.intervals)
    print(f"haircut: {redone} transfers redone")
    assert redone > 1000


def test_haircut_for_people() -> None:
    rows = plain(("t1", "01", "v", "m", 600), ("t2", "02", "o", "m", 400), ("t3", "03", "m", "x", 500))
    index = index_of(rows, "account,amount_minor\nv,600\no,400\n")
    derivation = derive(index, trace(index, "t1", method="haircut"))
    told = explained.plain(derivation)
    assert "Pro rata: " in told and "Step 2 (hop 1): account x" in told
    assert re.search(r"t1 +2026-03-01T10:01:00Z +\+6.00 +0.00 to 6.00", told)
    assert re.search(r"t3 +2026-03-01T10:03:00Z +0.00 to 5.00 +10.00 +6.00 +-3.00 +0.00 to 3.00 +step 2", told)
    assert "Rests: 3.00 XAK (0.00 to 3.00)" not in told and "Rests: 3.00 XAK at m." in told
    assert not re.search(r"\b(t2|o)\b", told.split("Step 1")[1])
    assert derivation_pdf(explained.document(derivation)).startswith(b"%PDF-")
    late = trace(index, "t1", method="haircut", limits=Limits(deadline_ms=1), clock=iter((0.0, 9.0, 9.0)).__next__)
    with pytest.raises(BadInput, match="ran out of time"):
        derive(index, late)


def test_only_lines_that_are_needed_are_shown() -> None:
    rows = plain(
        ("t0", "00", "other", "mule", 100),
        ("t1", "01", "victim", "mule", 5000),
        ("t2", "02", "mule", "second", 3000),
        ("t3", "03", "neighbour", "second", 700),
        ("t4", "04", "second", "friend", 50),
        ("t5", "05", "second", "third", 2000),
    )
    index = index_of(rows, "account,amount_minor\nmule,40\nvictim,9000\nother,500\nsecond,60\nneighbour,700\n")
    derivation = derive(index, trace(index, "t1"))
    for text in (explained.plain(derivation), explained.table(derivation)):
        assert not re.search(r"\b(t0|t3|t4|other|neighbour|friend)\b", text)
        assert "given" in text and "(Clayton's case, 1816)" in text and "compared as bytes" in text
    told = explained.plain(derivation)
    assert "Account mule (XAK): opening balance 0.40, given." in told
    assert (
        "t1 of 2026-03-01T10:01:00Z: 50.00 XAK, booked as 50.00 XAK into account mule at positions 1.40 to 51.40."
        in told
    )
    assert re.search(r"t2 +2026-03-01T10:02:00Z +0.00 to 30.00 +1.40 to 30.00 +1.40 to 30.00 +step 2", told)
    assert "Rests: 21.40 XAK (30.00 to 51.40) at mule: by then all up to 30.00 had left." in told


def test_what_was_cut_off_and_assumed_is_said() -> None:
    rows = plain(("t1", "01", "v", "m", 100), ("t2", "02", "m", "x", 100), ("t3", "03", "x", "y", 150))
    index = index_of(rows)
    trail = trace(index, "t1", limits=Limits(max_hops=1), as_of=times.parse("2026-03-01T10:30:00Z"))
    told = explained.plain(derive(index, trail))
    assert re.search(r"cut off: +1.00 XAK \(max_hops\)", told) and "not followed: max_hops" in told
    assert "assumed on 2 of the accounts, the smallest that never go below zero: 0.50 XAK in all" in told
    assert re.search(r"counted up to: +2026-03-01T10:30:00Z", told)


def test_an_account_that_somebody_else_keeps_is_where_it_rests() -> None:
    index = index_of(plain(("t1", "01", "v", "pot", 100), ("t2", "02", "pot", "x", 100)))
    stops = frozenset({"pot"})
    derivation = derive(index, trace(index, "t1", stops=stops), stops=stops)
    assert [row.next for row in derivation.rows if row.row == "rest"] == ["custody"]
    assert "must be asked" in explained.plain(derivation)


def test_poison_has_no_lines() -> None:
    index = index_of(plain(("t1", "01", "v", "m", 100)))
    with pytest.raises(BadInput, match="it says where money may have gone, not how much — use fifo, lifo, haircut"):
        derive(index, trace(index, "t1", method="poison"))


def test_the_pdf_says_the_same_and_no_word_in_it_is_code() -> None:
    hostile = '#panic("x") $ x^2 $ *b* _i_ [#h(1cm)] = T'
    index = index_of(plain(("t1", "01", "v", hostile, 100), ("t2", "02", hostile, "x", 30)))
    made = derivation_pdf(explained.document(derive(index, trace(index, "t1"))))
    read = pypdfium2.PdfDocument(made)
    assert read.is_tagged() and b"http://www.aiim.org/pdfua/ns/id/" in made
    shown = re.sub(r"\s+", "", "".join(page.get_textpage().get_text_range() for page in read))
    for said in (hostile, "Clayton's case, 1816", "Rests: 0.70 XAK (0.30 to 1.00)", "of them meant"):
        assert re.sub(r"\s+", "", said) in shown
    assert derivation_pdf(explained.document(derive(index, trace(index, "t1")))) == made


def test_no_cell_of_the_table_is_a_formula() -> None:
    index = index_of(plain(("=1+1", "01", "v", "@m", 100)))
    text = explained.table(derive(index, trace(index, "=1+1")))
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert "'=1+1" in cells and "'@m" in cells and not [cell for cell in cells if cell[:1] in ("=", "@", "+", "-")]
