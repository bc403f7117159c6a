"""Pure decisions of requests: the bar, splitting a share by an answer, what makes a request or an answer acceptable."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from lintas.model import money, times
from lintas.model.errors import BadInput, Refused
from lintas.model.messages import HoldAnswer, HoldRequest, Outcome
from lintas.model.people import same_person
from lintas.model.tainted import (
    Baton,
    LedgerAnswer,
    Part,
    Span,
    check_answer,
    held_spans,
    overlaps,
    part_id,
    subtract,
)
from lintas.requests.records import SHARE_STATES, Amendment, Bar, Claim, Hold, Order, Payee, Share, ShareState, Stop

#: How a part of an answer shows in the bar: money that is merely located is still on the move until it is held.
SHARE_OF_PART: dict[str, ShareState] = {
    "held": "held",
    "here": "moved",
    "moved": "moved",
    "spent": "spent",
    "unknown": "unknown",
}
#: No law that we know of lets an authority hold for longer without a court: what a peer says beyond is not believed.
LONGEST_HOLD = timedelta(days=366)
#: How long we keep a peer's request waiting at most, whatever end it names.
LONGEST_REQUEST = timedelta(days=30)
#: By when a bank should have answered an order, and an officer asked for money that moved on.
BANK_ANSWERS_IN, ASKED_ON_IN = timedelta(minutes=15), timedelta(minutes=10)
#: What our own clock ended, since the holder said nothing: its word still counts when it comes.
LAPSED = "lapsed"
#: How many that a clock struck are settled in one use case.
MOST_AT_ONCE = 100
#: Ends the reason of what an order's end settled.
BY_ITS_END = " (the order ended)"
#: The code of what was paid back, as a share's note.
RETURNED = "returned"
#: Outcomes of an answer that shows no money.
NOTHING_SHOWN: frozenset[Outcome] = frozenset({"refused", "not_found", "expired"})


def bar(claim: Claim, shares: Sequence[Share]) -> Bar:
    """Add up the shares by state; ``exact`` is the law held + moved + spent + returned + released + unknown = stolen."""
    totals = dict.fromkeys(SHARE_STATES, 0)
    for share in shares:
        totals[share.state] += share.amount_minor
    exact = sum(totals.values()) == claim.stolen and all(share.amount_minor > 0 for share in shares)
    return Bar(
        case=claim.case, currency=claim.currency, stolen=claim.stolen, exact=exact, shares=tuple(shares), **totals
    )


def split(share: Share, parts: Sequence[Part], *, at: Baton, changes: Share, now: str | None = None) -> list[Share]:
    """Replace a share by one for each part, amounts rescaled so that they add up to the share exactly.

    ``at`` is the asked interval; ``changes`` carries the holder, authority, law and end that the parts get; ``now`` is when the
    answer was heard. A part too small for one minor unit of the claim's currency is merged into its neighbour's amount by the
    rescaling (and gets no share).
    """
    amounts = money.rescale_parts([part.amount_minor for part in parts], share.amount_minor)
    pieces = []
    for number, (part, amount) in enumerate(zip(parts, amounts, strict=True)):
        if amount == 0:
            continue
        state = SHARE_OF_PART[part.state]
        where = msgspec.structs.replace(at, start=part.start, end=part.end)
        pieces.append(
            msgspec.structs.replace(
                changes,
                let_go_by="",
                ask_by=None,
                id=part_id(share.id, number),
                case=share.case,
                state=state,
                amount_minor=amount,
                baton=part.baton or where,
                holder=part.baton.holder if part.baton else at.holder,
                hold=changes.hold if state == "held" else None,
                until=changes.until if state == "held" else None,
                law=changes.law if state == "held" else "",
                note=part.state,
                way=_way(share, part, at=where, authority=changes.authority, now=now),
                since=part.since,
            )
        )
    return pieces


def _way(share: Share, part: Part, *, at: Baton, authority: str, now: str | None) -> tuple[Stop, ...]:
    """Return the way of a part of a share: the places known before, the one that answered, and the one that it went on to."""
    before, last = share.way[:-1], share.way[-1] if share.way else None
    if last is not None and (last.baton.holder, last.baton.transfer) != (at.holder, at.transfer):
        before, last = share.way, None
    here = Stop(baton=at, authority=authority, since=last.since if last else None, seen=now)
    onward = () if part.baton is None else (Stop(baton=part.baton, since=part.since),)
    return (*before, here, *onward)


def _ending(way: tuple[Stop, ...], baton: Baton) -> tuple[Stop, ...]:
    """Return the same way for a piece of what came by its last transfer."""
    if not way or way[-1].baton.transfer != baton.transfer:
        return way
    return (*way[:-1], msgspec.structs.replace(way[-1], baton=baton))


def local_share(share: Share, order: Order, answer: LedgerAnswer, number: int, authority: str) -> Share:
    """Return one part of our own bank's answer in a foreign case, in this ledger's own currency."""
    part = answer.parts[number]
    held = part.state == "held"
    return msgspec.structs.replace(
        share,
        id=part_id(share.id, number),
        state=SHARE_OF_PART[part.state],
        amount_minor=part.local_minor,
        holder=part.baton.holder if part.baton else order.bank,
        authority=authority if held else "",
        law=order.basis.law if held else "",
        until=order.expires if held else None,
        baton=part.baton or msgspec.structs.replace(order.baton, start=part.start, end=part.end),
        hold=order.hold,
        note=part.state,
    )


def cut(share: Share, baton: Baton, amount_minor: int) -> list[Share]:
    """Part a share after the first ``amount_minor`` of its baton: one share, or two that tile it.

    Refused when more is asked than the traced interval holds, or less than one minor unit of the claim's currency.
    """
    if amount_minor == baton.amount_minor:
        return [share]
    if amount_minor > baton.amount_minor:
        raise Refused(
            "above_interval",
            f"asked to hold {money.show(amount_minor, baton.currency)} {baton.currency}, the traced interval is only "
            f"{money.show(baton.amount_minor, baton.currency)} {baton.currency}",
            "ask for the interval or less",
        )
    edge = baton.start + amount_minor
    batons = [msgspec.structs.replace(baton, end=edge), msgspec.structs.replace(baton, start=edge)]
    amounts = money.rescale_parts([part.amount_minor for part in batons], share.amount_minor)
    if 0 in amounts:
        raise Refused("too_small", "one part would be less than a minor unit of the claim", "ask for the whole share")
    return [
        msgspec.structs.replace(
            share, id=f"{share.id}.cut{number}", baton=part, amount_minor=amount, way=_ending(share.way, part)
        )
        for number, (part, amount) in enumerate(zip(batons, amounts, strict=True))
    ]


def let_go(share: Share, spans: Sequence[Span], why: str, by: str = "") -> list[Share]:
    """Part a held share: what lies in ``spans`` of its baton's transfer is released, the rest stays held; amounts add up.

    One share comes back, under its own id, where all or nothing of it is released. ``by`` is the officer of ours who let go.
    """
    if share.baton is None:
        return [share]
    whole = share.baton.span
    kept = subtract(whole, spans)
    pieces = sorted([*kept, *subtract(whole, kept)])
    amounts = money.rescale_parts([end - start for start, end in pieces], share.amount_minor)
    parted = []
    for number, ((start, end), amount) in enumerate(zip(pieces, amounts, strict=True)):
        if amount == 0:
            continue
        baton = msgspec.structs.replace(share.baton, start=start, end=end)
        name = share.id if len(pieces) == 1 else part_id(share.id, number)
        piece = msgspec.structs.replace(share, id=name, baton=baton, amount_minor=amount, way=_ending(share.way, baton))
        parted.append(piece if (start, end) in kept else released(piece, why, by))
    return parted


def released(share: Share, why: str, by: str = "") -> Share:
    """Return a share that is let go, by an officer of ours where one did it; what went back to its owner is returned."""
    state: ShareState = "returned" if why == RETURNED else "released"
    return msgspec.structs.replace(share, state=state, law="", until=None, note=why, let_go_by=by)


def can_go(share: Share, why: str) -> bool:
    """Tell whether a share can be let go: held, or, where it was paid back, ended by a clock before that was known."""
    return share.state == "held" or (
        why == RETURNED and share.state == "released" and share.note in (LAPSED, "expired")
    )


def restitution(pot: int, payees: Sequence[Payee]) -> list[Payee]:
    """Return who gets how much of a held amount: each loss whole if that is enough for all, else in proportion, exactly."""
    losses = [payee.loss_minor for payee in payees]
    given = losses if sum(losses) <= pot else money.apportion(pot, losses)
    return [msgspec.structs.replace(each, amount_minor=part) for each, part in zip(payees, given, strict=True)]


def payment_key(reference: str) -> str:
    """Return what two spellings of one payment's reference have in common: capitals and spaces tell no payments apart."""
    return "".join(reference.split()).casefold()


def check_payments(amendment: Amendment, references: Sequence[str]) -> None:
    """Refuse payments that cannot have reached every payee of a return: one goes to one bank, and counts once. BadInput."""
    banks, payees = len({payee.bank for payee in amendment.payees}), len(amendment.payees)
    if len({payment_key(each) for each in references}) < len(references):
        raise BadInput("one payment is named twice", "name each once")
    if not banks <= len(references) <= payees:
        what = f"this return goes to {payees} payees at {banks} banks; payments named: {len(references)}"
        raise BadInput(what, "name one payment for each bank, or one for each payee")


def first_of(spans: Sequence[Span], amount: int) -> list[Span]:
    """Return the first ``amount`` minor units of spans that are in order."""
    found = list[Span]()
    for start, end in spans:
        if amount <= 0:
            break
        found.append((start, min(end, start + amount)))
        amount -= found[-1][1] - start
    return found


def check_request(request: HoldRequest, *, own_banks: frozenset[str], now: datetime) -> None:
    """Refuse a foreign hold request that cannot be lawful or true, whatever any table says; each reason has its code."""
    baton = request.baton
    if not 0 <= baton.start < baton.end <= money.MAX_MINOR:
        raise Refused("bad_interval", "the interval of the baton is empty or absurd", "trace again")
    if request.currency not in money.exponents() or request.currency != baton.currency:
        raise Refused("currency_mismatch", f"the request is in {request.currency!r}, its baton in {baton.currency!r}")
    if not 0 < request.amount_minor <= baton.amount_minor:
        asked, interval = request.amount_minor, baton.amount_minor
        raise Refused(
            "above_interval", f"the request asks for {asked} minor units of an interval of {interval}", "ask for less"
        )
    if baton.holder not in own_banks:
        raise Refused("not_our_bank", f"no bank {baton.holder!r} belongs to this authority", "ask the right authority")
    if not baton.sender:
        raise Refused("no_sender", "the baton does not say which bank the money came from", "trace again")
    try:
        over = times.parse(request.expires) <= now
        times.parse(request.answer_by)
    except BadInput as wrong:
        raise Refused("bad_time", wrong.what, wrong.do) from None
    if over:
        raise Refused("expired", f"the request ended at {request.expires}", "send a new one if it is still needed")


def check_order_answer(order: Order, answer: LedgerAnswer, now: datetime) -> None:
    """Refuse a bank's answer that does not tile the order's interval, holds more than was ordered, or holds after its end.

    BadInput. One that comes after the end and holds nothing is taken: what became of the money is worth knowing.
    """
    baton = order.baton
    if answer.found and (answer.transfer, answer.currency) != (baton.transfer, baton.currency):
        raise BadInput("the answer speaks of another transfer or currency", "answer for the order's own transfer")
    check_answer(answer, baton.start, baton.end)
    held = sum(part.amount_minor for part in answer.parts if part.state == "held")
    if held > order.amount_minor:
        raise BadInput(f"{held} minor units are held, ordered were {order.amount_minor}", "release what is over")
    if held and (order.closed_at or ended(order.expires, now)):
        raise BadInput(f"the order ended at {order.expires}", "hold nothing under it")


def check_hold_answer(hold: Hold, answer: HoldAnswer, jurisdiction: str) -> None:
    """Refuse a peer's answer that does not add up: a peer's arithmetic is checked like a bank's.

    Money that is held must be held by the peer's own law (``jurisdiction``), in a named officer's name, with an end. An end
    that passed while the answer was on its way is no reason to forget where the rest of the money went.
    """
    if not answer.parts:
        if answer.outcome not in NOTHING_SHOWN:
            raise Refused("bad_answer", f"the answer says {answer.outcome} and shows no money", "answer with its parts")
        return
    told = LedgerAnswer(
        transfer=hold.baton.transfer,
        start=hold.baton.start,
        end=hold.baton.end,
        currency=hold.currency,
        snapshot="",
        found=True,
        parts=answer.parts,
    )
    try:
        check_answer(told, hold.baton.start, hold.baton.end)
    except BadInput as wrong:
        raise Refused("bad_answer", wrong.what, wrong.do) from None
    if outcome_of(answer.parts) != answer.outcome:
        raise Refused("bad_answer", f"the answer says {answer.outcome}, its parts say otherwise", "correct it")
    if any(part.baton is not None and part.baton.sender != hold.baton.holder for part in answer.parts):
        # It was asked about one bank's ledger: what left another's is not for it to say.
        raise Refused("bad_answer", f"the answer tells of money that did not leave {hold.baton.holder}", "correct it")
    if any(part.state == "held" for part in answer.parts):
        if answer.basis is None or answer.expires is None or not answer.approver:
            raise Refused("bad_answer", "money is held without legal basis, approver or end", "name all three")
        if answer.basis.jurisdiction != jurisdiction:
            raise Refused("bad_answer", f"money is held under the law of {answer.basis.jurisdiction}", "name your own")
        try:
            times.parse(answer.expires)
        except BadInput as wrong:
            raise Refused("bad_answer", wrong.what, wrong.do) from None


def no_longer_than(expires: str, now: datetime, longest: timedelta = LONGEST_HOLD) -> str:
    """Return a peer's end in our spelling, or the latest that we believe: everything ends, whatever a peer says."""
    return times.render(min(times.parse(expires), now + longest))


def ended(expires: str | None, now: datetime) -> bool:
    """Tell whether a time has passed; one that cannot be read has."""
    try:
        return expires is not None and times.parse(expires) <= now
    except BadInput:
        return True


def overlapping(baton: Baton, orders: Sequence[Order], now: datetime) -> Order | None:
    """Return an order that holds, or may yet hold, part of the same money: not refused, not ended, not let go."""
    for order in orders:
        counts = order.baton.transfer == baton.transfer and not ended(order.expires, now)
        if counts and overlaps([baton.span], still_held(order)):
            return order
    return None


def still_held(order: Order) -> list[Span]:
    """Return what an order holds, in its transfer's minor units; before its bank has answered, all that it covers."""
    if order.closed_at or order.refusal:
        return []
    held = [order.baton.span] if order.answer is None else held_spans(order.answer.parts)
    return [rest for span in held for rest in subtract(span, order.released)]


def due(order: Order) -> str | None:
    """Return when somebody has to act on an order: its bank to answer it, or people here to think of confirming it."""
    if order.closed_at or order.refusal:
        return None
    if order.answer is None:
        return order.answer_by
    return order.confirm_from if not order.confirmed_at and still_held(order) else None


def confirm_from(issued: datetime, expires: datetime) -> datetime:
    """Return when people should think of holding for longer: when a quarter of the time is left."""
    return expires - (expires - issued) / 4


def approved_by(order: Order, officer: str) -> bool:
    """Tell whether an order stands in this officer's name."""
    return any(same_person(name, officer) for name in (order.approver, order.second_approver) if name)


def outcome_of(parts: Sequence[Part]) -> Outcome:
    """Name what was achieved by the parts of an answer; no parts means that the transfer was not found."""
    states = {part.state for part in parts}
    if states == {"held"}:
        return "held_full"
    if "held" in states:
        return "held_partial"
    if "moved" in states or "here" in states:
        return "moved"
    return "spent" if "spent" in states else "not_found"
