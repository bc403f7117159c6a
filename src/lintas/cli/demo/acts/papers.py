"""Documents on file: what a table asks for before something may leave, and a competent authority's approval that it may."""

from datetime import timedelta
from functools import cache

import httpx

from lintas.cli.demo.cast import Cast
from lintas.cli.demo.people import bearer, good
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import COMPETENT, NodeOnStage
from lintas.model.ids import IdSource
from lintas.node.clock import ExerciseClock
from lintas.policy.approval import Approval
from lintas.policy.approval_text import sign
from lintas.policy.records import Decision, Question
from lintas.policy.table import PolicyTable
from lintas.requests.records import Share
from lintas.trust.keys import Ed25519Signer

#: How long an approval of the story counts.
LASTS = timedelta(days=30)


async def ask(player: Player, asker: NodeOnStage, holder: NodeOnStage, share: Share) -> None:
    """Ask that a share be held; where the asker's table wants a document first, the refusal shows it, and it is put on file.

    What no document would change stays refused, and the money is held nowhere.
    """
    name = f"{asker.cast.hotline} asks {holder.cast.authority} to hold at {share.holder}"
    what = f"a request of {asker.cast.authority} to {holder.cast.authority}"
    decision = _decide(player, asker, holder, "hold_request")
    missing = decision.missing
    if decision.permitted or (asker.cast.code, holder.cast.code, "hold_request") in player.filed:
        good(await player.step(name, asker, _post(player, asker, share)))
        return
    if not missing:
        player.refused_by(what, await _post(player, asker, share))
        return
    player.refused_by(f"{what} without {', '.join(missing)}", await _post(player, asker, share))
    if not player.misfiled:
        player.misfiled = True
        for kind in missing:
            await _file(player, asker, holder, kind, "hold_request", "trace_funds")
        player.refused_by(f"{what} with {', '.join(missing)} for another purpose", await _post(player, asker, share))
    await _file_all(player, asker, holder, missing, "hold_request")
    good(await player.step(name, asker, _post(player, asker, share)))


async def obtain(player: Player, node: NodeOnStage, peer: NodeOnStage, category: str) -> bool:
    """Put on file what a table asks for before it lets this leave; its sentence says under which section of law.

    Returns whether it may leave now: what no document would change stays refused.
    """
    decision = _decide(player, node, peer, category)
    if decision.permitted or (node.cast.code, peer.cast.code, category) in player.filed:
        return True
    what = f"{category} of {node.cast.authority} to {peer.cast.authority}"
    without = f" without {', '.join(decision.missing)}" if decision.missing else ""
    player.refused(what + without, decision.outcome, decision.sentence)
    if decision.missing:
        await _file_all(player, node, peer, decision.missing, category)
    return bool(decision.missing)


async def _file_all(
    player: Player, node: NodeOnStage, peer: NodeOnStage, kinds: tuple[str, ...], category: str
) -> None:
    key = (node.cast.code, peer.cast.code, category)
    if key in player.filed:
        return
    player.filed.add(key)
    for kind in kinds:
        await player.step(
            f"{node.cast.approver} puts on file: {kind} for {category} to {peer.cast.authority}",
            node,
            _file(player, node, peer, kind, category, "stop_payment"),
        )


async def _file(player: Player, node: NodeOnStage, peer: NodeOnStage, kind: str, category: str, purpose: str) -> None:
    """Sign a document as the competent authority would, and put it on file at the node."""
    signer, clock = Ed25519Signer.load(node.home.key(COMPETENT)), ExerciseClock(player.stage.clock)
    now = clock.now().replace(microsecond=0)
    document = Approval(
        id=IdSource(clock).new("approval"),
        kind=kind,
        jurisdiction=node.cast.code,
        issuer=signer.name,
        authority=node.cast.authority,
        reference="EX-2026/1",
        peers=(peer.cast.authority,),
        categories=(category,),
        purposes=(purpose,),
        not_before=now,
        expires=now + LASTS,
    )
    headers = {"content-type": "text/plain", **bearer(node.approver_key)}
    good(await player.client(node).post("/api/v1/approvals", content=sign(document, signer), headers=headers))


def _decide(player: Player, node: NodeOnStage, peer: NodeOnStage, category: str) -> Decision:
    """Ask a node's table, as `lintas policy explain` does."""
    return _table(node.cast).decide(
        Question(
            action="release",
            plane="B",
            category=category,
            subject="account_holder",
            purpose="stop_payment",
            peer=peer.cast.authority,
            peer_jurisdiction=peer.cast.code,
            holder="state_organ",
            channel="police",
            exercise=True,
            at=ExerciseClock(player.stage.clock).now(),
        )
    )


@cache
def _table(cast: Cast) -> PolicyTable:
    return PolicyTable.load(cast.policy, source=f"{cast.code}'s table")


async def _post(player: Player, asker: NodeOnStage, share: Share) -> httpx.Response:
    return await player.client(asker).post("/api/v1/holds", json={"share": share.id}, headers=bearer(asker.hotline_key))
