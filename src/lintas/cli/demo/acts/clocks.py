"""The clocks: one hold is confirmed for longer under its own law, the others end by themselves, and everybody is told."""

from datetime import datetime, timedelta

from lintas.cli.demo.people import get, post
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import NodeOnStage
from lintas.model import times
from lintas.node.clock import ExerciseClock
from lintas.node.views import CaseView
from lintas.requests.records import Amendment, Bar, Share

#: Past the last end by a little, so that nobody quarrels about a second.
AFTER = timedelta(hours=2)


async def clocks(player: Player, case: str) -> None:
    """Confirm the hold furthest away, then let the days pass until every other hold has ended."""
    asker = player.asker
    held = _held(await player.case(asker, case))
    kept = max(held, key=lambda share: (share.hop, share.id), default=None)
    if kept is None:
        return
    await _confirm(player, case, kept)
    ends = [_until(share) for share in held if share.hold != kept.hold]
    if ends:
        now = ExerciseClock(player.stage.clock).now()
        hours = (max(ends) + AFTER - now) / timedelta(hours=1)
        await player.let_pass(round(hours), "every hold has its end, and nobody renews the others", asker)
    seen = await player.step(
        "every hold that was not confirmed has ended by itself, and each authority said so",
        asker,
        player.until(lambda: player.case(asker, case), lambda seen: {s.hold for s in _held(seen)} == {kept.hold}),
    )
    for node in player.nodes:
        await _ended_at(player, node, most=int(node.cast.authority in (asker.cast.authority, kept.authority)))
    player.show(asker, seen)


async def _ended_at(player: Player, node: NodeOnStage, *, most: int) -> None:
    """Wait until a node's own clock has ended its holds too: the asker ends what is over without a word of its holder."""
    await player.until(
        lambda: get(player.client(node), "/api/v1/cases", list[Bar]),
        lambda bars: sum(bar.held > 0 for bar in bars) <= most,
    )


async def _confirm(player: Player, case: str, kept: Share) -> None:
    asker, node = player.asker, player.of(kept.authority)
    order = (await player.hold(node, kept.hold or "")).order
    assert order is not None  # noqa: S101 — money is held under it
    await player.human(f"{node.cast.second} gets a court's confirmation", node)
    await player.step(
        f"{node.cast.second} confirms the hold at {order.bank}: it lasts longer, as local law allows",
        node,
        post(
            player.client(node),
            f"/api/v1/orders/{order.id}/confirm",
            {"reference": "Court order EX-17"},
            Amendment,
            node.second_key,
        ),
    )
    before = _until(kept)
    await player.step(
        "the asking side sees the new end",
        asker,
        player.until(
            lambda: player.case(asker, case),
            lambda seen: all(_until(share) > before for share in _held(seen) if share.hold == kept.hold),
        ),
    )


def _held(view: CaseView) -> list[Share]:
    return [share for share in (view.bar.shares if view.bar else ()) if share.state == "held"]


def _until(share: Share) -> datetime:
    return times.parse(share.until or "")
