"""Lay the transfers of a ledger on their lines: order them, settle the opening balances, name the inputs."""

import hashlib
import sys
from dataclasses import fields

import numpy as np

from lintas.model import money
from lintas.model.errors import BadInput
from lintas.trace.engine.backends import Backend, Legs, backend
from lintas.trace.engine.index import MAX_LINE, Columns, Index, Small
from lintas.trace.engine.names import LineNames
from lintas.trace.engine.order import Sort, ascend, by_bytes
from lintas.trace.engine.sparse import Ordered, exchanges, foreign, outer
from lintas.trace.engine.words import Strings, Words, strings
from lintas.trace.ledgers.ledger import Ints, Ledger

__all__ = ["Index", "build"]

_MAX_TRANSFERS = 2**31 - 1
#: Columns that follow from the others, and so are no part of what a snapshot names.
_DERIVED = {
    "po",
    "pi",
    "out_idx",
    "out_ptr",
    "in_idx",
    "in_ptr",
    "opening",
    "assumed",
    "short",
    "short_given",
    "id_order",
}


def build(ledger: Ledger, *, engine: Backend | None = None) -> Index:
    """Build the index of a ledger: an order, two lists by line and two running sums, by ``engine`` or the fastest here.

    Raises BadInput where two transfers have one id, or one line's sums leave 64 bits. Without given balances the
    smallest opening that keeps the account from going below zero is assumed; a given one that is too small is raised to
    it, and both are said. Columns of the ledger that are in order already become the index's own, without a copy.
    """
    if len(ledger.settled) > _MAX_TRANSFERS:
        raise BadInput(f"more than {_MAX_TRANSFERS:,} transfers", "index fewer days at once")
    maker = engine or backend(size=len(ledger.settled))
    names, line_at = _lines(ledger)
    rows, by_id = _ids(ledger, maker.sort)
    ordered = Ordered(maker.order(ledger.time, _rank(by_id, len(rows))))
    out_line, in_line = ordered(_renumbered(ledger.out_line, line_at)), ordered(_renumbered(ledger.in_line, line_at))
    settled = ordered(ledger.settled)
    debited = settled if ledger.debited is ledger.settled else ordered(ledger.debited)
    credited = settled if ledger.credited is ledger.settled else ordered(ledger.credited)
    given = np.zeros(len(names), np.int64)
    for line, amount in (ledger.openings or {}).items():
        given[line if line_at is None else line_at[line]] = amount
    legs = Legs(out_line=out_line, in_line=in_line, debited=debited, credited=credited, given=given)
    _check_sums(legs, names)
    laid = maker.lay(legs)
    codes = sorted({*ledger.currencies, *names.codes})
    line_currency = np.array([codes.index(code) for code in names.codes], np.int16)[names.code]
    abroad, foreign_currency = foreign(ledger, ordered, line_at, line_currency, codes)
    outside, kind, bank, party = outer(ledger, ordered)
    converted, lost, got = exchanges(settled, debited, credited)
    short = np.flatnonzero((given > 0) & (laid.opening > given)).astype(np.int32)
    assumed = laid.opening > given if ledger.openings is not None else np.ones(len(given), bool)
    ids, accounts = Words.of(ordered(rows), ids=True), Words.of(names.accounts)
    parties, idle = Words.pack(name.encode() for name in sorted(ledger.parties)), Words.pack(sorted(ledger.idle))
    columns = Columns(
        time=ordered(ledger.time),
        out_line=out_line,
        in_line=in_line,
        settled=settled,
        po=laid.po,
        pi=laid.pi,
        out_idx=laid.out_idx,
        out_ptr=laid.out_ptr,
        in_idx=laid.in_idx,
        in_ptr=laid.in_ptr,
        exchange=converted,
        debited=lost,
        credited=got,
        foreign=abroad,
        foreign_currency=foreign_currency,
        outer=outside,
        kind=kind,
        bank=bank,
        party=party,
        opening=laid.opening,
        assumed=assumed.astype(np.int8),
        line_currency=line_currency,
        short=short,
        short_given=given[short],
        id_blob=ids.blob,
        id_ends=ids.ends,
        id_order=ordered.numbers_of(by_id),
        account_blob=accounts.blob,
        account_ends=accounts.ends,
        party_blob=parties.blob,
        party_ends=parties.ends,
        idle_blob=idle.blob,
        idle_ends=idle.ends,
    )
    banks = sorted(ledger.banks)
    about = [*codes, "", *banks, "", str((ledger.openings is not None, ledger.id_width, ids.form))]
    return Index(
        columns,
        snapshot=_snapshot(columns, given, about),
        currencies=codes,
        banks=banks,
        balances="assumed" if ledger.openings is None else "given",
        lifted=0 if ledger.openings is None else int(np.count_nonzero(laid.opening > given)),
        id_form=ids.form,
        id_width=ledger.id_width,
        self_transfers=ledger.self_transfers,
    )


def _lines(ledger: Ledger) -> tuple[LineNames, Small | None]:
    """Put the lines in the order of their names; also old number -> new, -1 kept, None where they are in order."""
    names = LineNames.of(ledger.lines)
    order = names.order()
    if order is None:
        return names, None
    place = np.full(len(order) + 1, -1, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return LineNames(names.accounts[order], names.code[order], names.codes), place


def _renumbered(line: Small, line_at: Small | None) -> Small:
    return line if line_at is None else line_at[line]


def _ids(ledger: Ledger, sort: Sort) -> tuple[Strings, Ints | None]:
    """Return the ids as rows, and their places by ascending bytes, None where they ascend; BadInput where two are one."""
    rows = strings(ledger.ids)
    if ascend(rows):
        return rows, None
    by_id = by_bytes(rows, sort=sort)
    found = rows[by_id]
    if not ascend(found):
        twice = found[1:][found[1:] == found[:-1]][0].decode()
        raise BadInput(f"the id {twice!r} is there twice", "give each transfer its own")
    return rows, by_id


def _rank(by_id: Ints | None, count: int) -> Small:
    places = np.arange(count, dtype=np.int32)
    if by_id is None:
        return places
    rank = np.empty(count, np.int32)
    rank[by_id] = places
    return rank


def _check_sums(legs: Legs, names: LineNames) -> None:
    count, amounts = len(names), (legs.debited, legs.credited)
    largest = max((int(column.max()) for column in amounts if len(column)), default=0)
    if 2 * largest * len(legs.debited) + int(legs.given.max(initial=0)) <= MAX_LINE:
        return
    total = legs.given.astype(np.float64)
    for line, amount in zip((legs.out_line, legs.in_line), amounts, strict=True):
        inside = line >= 0
        total += np.bincount(line[inside], weights=amount[inside].astype(np.float64), minlength=count)
    worst = int(np.argmax(total))
    if total[worst] > MAX_LINE:
        account, code = names[worst]
        what = f"the transfers of account {account!r} sum to more than {money.show(MAX_LINE, code)} {code}"
        raise BadInput(what, "check the unit of its amounts, or index fewer days at once")


def _snapshot(columns: Columns, given: Ints, about: list[str]) -> str:
    """Hash the inputs in their canonical order: 128 bits of SHA-256."""
    digest = hashlib.sha256(b"lintas trace snapshot 2\n")
    parts: list[Ints | Small] = [
        getattr(columns, field.name) for field in fields(Columns) if field.name not in _DERIVED
    ]
    for part in (np.frombuffer("\n".join(about).encode(), np.uint8), given, *parts):
        if sys.byteorder == "big" and part.dtype.itemsize > 1:
            part = part.byteswap()
        digest.update(part.nbytes.to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()[:32]
