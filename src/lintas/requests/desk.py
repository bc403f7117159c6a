"""Pure: what a person at a bank's desk types about an order becomes the exact answer, whose parts tile the order's interval.

Amounts are decimals in the currency of the bank's own ledger. By first in, first out what left the account was the interval's
first money: the parts stand in the order moved, spent, unknown, held, here.
"""

import re
from collections.abc import Collection
from typing import Literal

import msgspec

from lintas.model.errors import BadInput
from lintas.model.money import MAX_MINOR, parse_decimal, rescale_parts, show
from lintas.model.tainted import PLAIN, Baton, LedgerAnswer, Part, PartState
from lintas.requests.records import Order

#: ``parts`` for whatever is not one thing as a whole.
Kind = Literal["full", "parts", "moved", "spent", "not_found"]
ORDER: tuple[PartState, ...] = ("moved", "spent", "unknown", "held", "here")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_CODE = re.compile(r"[\x21-\x7e]{1,40}")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed. ``rest`` is what became of the money that no amount names.

    ``currency`` is the ledger's ("" for the order's); where it is another one, ``credited`` is what the interval came to in it.
    ``holder``, ``reference`` and ``begins`` name the transfer by which money moved on: the receiving bank, the reference that
    both know, and where in it this money begins. ``certain`` that the code is right, though this authority does not know it.
    """

    kind: Kind
    held: str = ""
    moved: str = ""
    spent: str = ""
    rest: Literal["", "here", "spent", "unknown", "held", "moved"] = ""
    currency: str = ""
    credited: str = ""
    holder: str = ""
    reference: str = ""
    begins: str = ""
    certain: bool = False


class Piece(msgspec.Struct, frozen=True):
    """One part: its length in minor units of the order's interval, and the same money in minor units of the ledger."""

    state: PartState
    length: int
    local: int


def answer_of(order: Order, said: Said, *, bank: str, banks: Collection[str], snapshot: str) -> LedgerAnswer:
    """Return the answer to an order; BadInput names the field that is wrong.

    ``banks`` are the codes that this authority knows; ``snapshot`` says of which state of the ledger the answer speaks.
    """
    baton = order.baton
    told = LedgerAnswer(
        transfer=baton.transfer,
        start=baton.start,
        end=baton.end,
        currency=baton.currency,
        snapshot="" if said.kind == "not_found" else snapshot,
        found=said.kind != "not_found",
    )
    if said.kind == "not_found":
        return told
    currency = said.currency or baton.currency
    pieces = _pieces(order, said, currency)
    _check(order, pieces, currency)
    onward = _onward(said, bank, banks) if any(piece.state == "moved" for piece in pieces) else None
    parts, edge = list[Part](), baton.start
    for piece in pieces:
        leaving = None
        if piece.state == "moved" and onward is not None:
            begins = _amount(said.begins, currency, "begins") if said.begins.strip() else 0
            if begins + piece.local > MAX_MINOR:
                raise BadInput("no transfer is that large", "say where in it this money begins", where="begins")
            leaving = msgspec.structs.replace(onward, start=begins, end=begins + piece.local, currency=currency)
        parts.append(
            Part(
                state=piece.state,
                start=edge,
                end=edge + piece.length,
                local_minor=piece.local,
                local_currency=currency,
                baton=leaving,
            )
        )
        edge += piece.length
    try:
        # What is stored must be readable for ever: whatever the texts above let through, these are the limits.
        return msgspec.convert(msgspec.to_builtins(msgspec.structs.replace(told, parts=tuple(parts))), LedgerAnswer)
    except msgspec.ValidationError as wrong:
        raise BadInput(f"this answer cannot be stored: {wrong}", "correct what it names", where="answer") from None


def _pieces(order: Order, said: Said, currency: str) -> list[Piece]:
    """Return the parts in their order; both kinds of amounts add up to the whole, exactly."""
    interval = order.baton.amount_minor
    total = interval if currency == order.baton.currency else _amount(said.credited, currency, "credited")
    if said.kind == "full":
        whole = _with_rest({"held": order.amount_minor}, interval, said.rest, order.baton.currency)
        lengths = _sorted(whole)
        return _paired(lengths, rescale_parts(list(lengths.values()), total))
    named: dict[PartState, int] = {}
    if said.kind in ("moved", "spent"):
        named["moved" if said.kind == "moved" else "spent"] = total
    else:
        for state, text in (("held", said.held), ("moved", said.moved), ("spent", said.spent)):
            if text.strip():
                named[state] = _amount(text, currency, state)  # type: ignore[index] # each is a state of a part
        named = _with_rest(named, total, said.rest, currency)
    local = _sorted(named)
    if total == interval:
        return _paired(local, list(local.values()))
    return _paired(dict(zip(local, rescale_parts(list(local.values()), interval), strict=True)), list(local.values()))


def _with_rest(named: dict[PartState, int], total: int, rest: str, currency: str) -> dict[PartState, int]:
    """Add what no amount names to what the officer says of it."""
    left = total - sum(named.values())
    if left < 0:
        raise BadInput(
            f"these amounts are {show(-left, currency)} {currency} more than the {show(total, currency)} asked about",
            "correct one of them",
            where=next(iter(named), "held"),
        )
    if left == 0:
        return named
    if not rest:
        raise BadInput(f"nothing is said of {show(left, currency)} {currency}", "say what became of it", where="rest")
    state: PartState = rest  # type: ignore[assignment] # a member of both lists
    return named | {state: named.get(state, 0) + left}


def _sorted(named: dict[PartState, int]) -> dict[PartState, int]:
    return {state: named[state] for state in ORDER if state in named}


def _paired(lengths: dict[PartState, int], local: list[int]) -> list[Piece]:
    return [Piece(state, length, amount) for (state, length), amount in zip(lengths.items(), local, strict=True)]


def _check(order: Order, pieces: list[Piece], currency: str) -> None:
    for piece in pieces:
        if piece.length == 0 or piece.local == 0:
            what = f"what is {piece.state} would be less than the smallest amount of {order.currency} or {currency}"
            raise BadInput(
                what, "leave it out", where=piece.state if piece.state in ("held", "spent", "moved") else "rest"
            )
    held = sum(piece.length for piece in pieces if piece.state == "held")
    if held > order.amount_minor:
        most = f"{show(order.amount_minor, order.currency)} {order.currency}"
        raise BadInput(
            f"{show(held, order.currency)} {order.currency} would be held; the order is for {most} and no more",
            f"hold at most {most}, and say of the rest that it is here, and not held",
            where="held",
        )


def _onward(said: Said, bank: str, banks: Collection[str]) -> Baton:
    """Return the transfer by which money moved on, its amount still open."""
    holder, reference = said.holder.strip(), said.reference.strip()
    if _CODE.fullmatch(holder) is None:
        raise BadInput("the receiving bank is missing", "choose its code from the list", where="holder")
    if holder == bank:
        raise BadInput(
            "money that stayed with you did not move on", "say where in your ledger it is now", where="holder"
        )
    if holder not in banks and not said.certain:
        raise BadInput(
            f"this authority knows no bank {holder!r}", "correct the code, or say that it is right", where="holder"
        )
    if not reference or len(reference) > 200 or re.match(PLAIN, reference) is None:
        raise BadInput(
            "the reference of the transfer is missing, or holds signs that cannot be shown",
            "give the one that the receiving bank knows too",
            where="reference",
        )
    return Baton(transfer=reference, start=0, end=0, currency=said.currency, holder=holder, sender=bank)


def _amount(text: str, currency: str, where: str) -> int:
    """Read an amount as people type or copy it; BadInput for nothing, for what is none, and for anything inexact."""
    typed = text.strip()
    if not typed:
        raise BadInput("an amount is missing", f"write it in {currency}, e.g. 50000.00", where=where)
    if _GROUPED.fullmatch(typed):
        typed = typed.replace(",", "")
    try:
        amount = parse_decimal(typed, currency)
    except BadInput as wrong:
        raise BadInput(wrong.what, wrong.do, where=where) from None
    if amount == 0 and where != "begins":
        raise BadInput("this amount is nothing", "leave the field empty", where=where)
    return amount
