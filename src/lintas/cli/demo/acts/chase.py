"""The chase: from the victim's call to the last hold, over every border, each authority by its own officer and law."""

import msgspec

from lintas.api.holds import HoldView
from lintas.cli.demo.acts import papers
from lintas.cli.demo.people import bearer, get, good, post
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import NodeOnStage
from lintas.cli.demo.story import Theft
from lintas.intake.records import Report
from lintas.node.views import CaseView
from lintas.requests.records import Hold, Later, Order, Share

#: An asked authority has an hour to answer; at the hop named here nobody looks for two.
SLOW_HOP, SLOW_HOURS = 3, 2.0
LEFT = ("sent", "delivered", "answered", "refused_by_policy", "refused_by_peer")


async def chase(player: Player, asker: NodeOnStage, theft: Theft, later: list[Later] | None = None) -> str:
    """Report a theft at an authority and follow it to its ends; returns the case.

    ``later`` is what the exercise knows of the same case asked for later, shown beneath its bar.
    """
    report = await player.step(
        "the hotline files the report; telephone, account and link are found with their role",
        asker,
        post(player.client(asker), "/api/v1/reports", theft.form, Report, asker.hotline_key),
    )
    player.say(f"             found: {_roles(report)}")
    player.opened(asker, report.case)
    asked = player.machine_ms()
    view = await player.step(
        "the banks follow the money through their own ledgers to the border",
        asker,
        player.until(lambda: player.case(asker, report.case), _is_followed),
    )
    if later:
        body, key = msgspec.to_builtins(later), bearer(asker.approver_key)
        good(await player.client(asker).put(f"/api/v1/cases/{report.case}/later", json=body, headers=key))
    player.show(asker, view)
    await _to_the_ends(player, asker, report.case, asked)
    return report.case


async def _to_the_ends(player: Player, asker: NodeOnStage, case: str, asked_ms: float) -> None:
    """Take one thing after another, in the order of the shares, until nothing in the case can be held any more."""
    done = set[str]()
    while True:
        view = await player.case(asker, case)
        holds = [hold for hold in view.holds if hold.id not in done and hold.state != "refused_by_policy"]
        shares = [share for share in (view.bar.shares if view.bar else ()) if _can_be_asked(player, share, done)]
        if holds:
            hold = min(holds, key=lambda each: each.share)
            done.add(hold.id)
            await _decided(player, asker, hold, asked_ms)
        elif shares:
            share = min(shares, key=lambda each: each.id)
            done.add(share.id)
            asked_ms = await _ask_on(player, asker, share)
        else:
            return


def _can_be_asked(player: Player, share: Share, done: set[str]) -> bool:
    moved = share.state == "moved" and not share.hold and share.id not in done
    return moved and player.of_bank(share.holder) is not None


async def _ask_on(player: Player, asker: NodeOnStage, share: Share) -> float:
    """An officer of the asking authority asks on for money that moved; returns when, on the machines' clock."""
    holder = player.of_bank(share.holder)
    assert holder is not None  # noqa: S101 — chosen so
    await player.human(f"{asker.cast.hotline} sees that money moved on to {share.holder}", asker)
    if not player.mistaken:
        player.mistaken = True
        await _mistakes(player, asker, share)
    asked_ms = player.machine_ms()
    await papers.ask(player, asker, holder, share)
    return asked_ms


async def _mistakes(player: Player, asker: NodeOnStage, share: Share) -> None:
    """What a careless officer could type instead."""
    assert share.baton is not None  # noqa: S101 — money that moved has one
    above = {"share": share.id, "amount_minor": share.baton.amount_minor + 1}
    for what, form in (
        ("a request above the traced interval", above),
        ("a request for which the table has no rule", {"share": share.id, "purpose": "investigation"}),
    ):
        answer = await player.client(asker).post("/api/v1/holds", json=form, headers=bearer(asker.hotline_key))
        player.refused_by(what, answer)


async def _decided(player: Player, asker: NodeOnStage, hold: Hold, asked_ms: float) -> None:
    """The holding authority's officer approves, its bank carries the order out, and the answer changes the victim's bar."""
    node = asker if hold.direction == "own" else player.of(hold.peer)
    await player.until(lambda: _known(player, node, hold.id), bool)
    if hold.hop == SLOW_HOP and not player.slow:
        player.slow = True
        await _too_slow(player, asker, node, hold.id)
    await player.human(f"{node.cast.approver} reads the request and decides", node)
    if node is not asker and not await papers.obtain(player, node, asker, "hold_answer"):
        return
    order = await player.step(
        f"{node.cast.approver} approves; the order goes to {hold.baton.holder} under local law",
        node,
        post(player.client(node), f"/api/v1/holds/{hold.id}/approve", None, Order, node.approver_key),
    )
    answered = await player.step(
        f"{hold.baton.holder} answers the order", node, player.until(lambda: player.hold(node, hold.id), _is_answered)
    )
    player.say(f"             {order.basis.law}: {answered.hold.outcome}")
    if node is not asker:
        answered = await player.step(
            "the answer from abroad changes the victim's bar",
            asker,
            player.until(lambda: player.hold(asker, hold.id), _is_answered),
        )
    player.rows.append(
        {
            "from": asker.cast.authority,
            "to": node.cast.authority,
            "hop": hold.hop,
            "amount_minor": hold.amount_minor,
            "currency": hold.currency,
            "asked_ms": asked_ms,
            "answered_ms": player.machine_ms(),
            "outcome": answered.hold.outcome,
            "local_basis": order.basis.law,
            "approver": order.approver,
        }
    )
    player.show(asker, await player.case(asker, hold.case))


async def _too_slow(player: Player, asker: NodeOnStage, node: NodeOnStage, hold: str) -> None:
    """Nobody decides in time: the request is overdue, and both sides see it."""
    await player.let_pass(SLOW_HOURS, f"nobody at {node.cast.authority} looks at the request", node)
    for each in (asker, node):
        late = await get(player.client(each), "/api/v1/holds?state=overdue", list[Hold])
        if hold not in {found.id for found in late}:
            player.wrong(f"{each.cast.authority} does not list the request as overdue")
    player.note(f"the request to {node.cast.authority} is overdue, and both sides see it", asker)


async def _known(player: Player, node: NodeOnStage, hold: str) -> bool:
    """Tell whether the request has become a hold that waits there: its receipt comes a moment earlier."""
    answer = await player.client(node).get(f"/api/v1/holds/{hold}", headers=bearer(node.approver_key))
    return answer.status_code != 404 and good(answer).is_success


def _is_answered(seen: HoldView) -> bool:
    return seen.hold.state == "answered"


def _is_followed(view: CaseView) -> bool:
    """Tell whether the first tracing has come to its end: a hold abroad that left, or that no rule let leave."""
    abroad = [hold for hold in view.holds if hold.direction == "asked"]
    return bool(abroad) and all(hold.state in LEFT and hold.state != "sent" for hold in abroad)


def _roles(report: Report) -> str:
    return ", ".join(f"{found.type} {found.value} ({found.role})" for found in report.identifiers)
