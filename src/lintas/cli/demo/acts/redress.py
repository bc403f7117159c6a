"""Redress: an honest account owner objects, and the innocent part is released wherever it is held, with a word from each."""

import asyncio
import re

import httpx

from lintas.cli.demo.people import PATIENCE_SECONDS, bearer, get, good, pinned, post
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import NodeOnStage, bank_key
from lintas.node.views import CaseView
from lintas.requests.records import Amendment, Appeal, Hold, Share, Undone

_ADDRESS = re.compile(r"/appeal/[a-z0-9]{20,64}")


async def redress(player: Player, case: str) -> None:
    """The shop-keeper appeals and wins; what was held further on for the same money is let go too."""
    asker = player.asker
    view = await player.case(asker, case)
    held = _held_at(view, player.world.shop_bank)
    if held is None:
        player.note("nothing is held at the shop-keeper's bank, so nobody objects", asker)
        return
    hold = next(each for each in view.holds if each.id == held.hold)
    shop = player.of(hold.peer)
    await _appeal(player, shop, hold)
    await player.step(
        "the release comes home: the bar shows the shop-keeper's part as released",
        asker,
        player.until(lambda: player.case(asker, case), lambda seen: _held_at(seen, player.world.shop_bank) is None),
    )
    further = _held_at(await player.case(asker, case), player.world.supplier_bank)
    if further is not None:
        await _undo(player, hold, further)
    player.show(asker, await player.case(asker, case))


async def _appeal(player: Player, node: NodeOnStage, hold: Hold) -> None:
    """By the address in the letter, on the public page, without an account; somebody else than the approver decides."""
    client = player.client(node)
    order = (await player.hold(node, hold.id)).order
    assert order is not None  # noqa: S101 — money is held under it
    desk = bearer(bank_key(node.home.root.parent, order.bank))
    letter = good(await client.get(f"/api/v1/bank/orders/{order.id}/letter", headers=desk)).text
    found = _ADDRESS.search(letter)
    assert found is not None, letter  # noqa: S101 — every letter has it
    owner = {
        "name": "Ima Pell, Pell's Lamps",
        "contact": "shop@pell.example",
        "text": "This was paid for forty lamps, which I delivered; the invoice is at my shop.",
    }
    await player.human("the shop-keeper reads the bank's letter and opens the page it names", node)
    await player.step("the shop-keeper objects on the public page, by token", node, _on_the_page(node, found[0], owner))
    waiting = await get(client, "/api/v1/appeals?state=open", list[Appeal])
    appeal = next(each for each in waiting if each.order == order.id)
    await player.human(f"{node.cast.second} looks at the invoice", node)
    decision = {"uphold": True, "reason": "An honest sale: invoice and delivery were shown."}
    await player.step(
        f"{node.cast.second} upholds the appeal; {order.bank} is told to release under local law",
        node,
        post(client, f"/api/v1/appeals/{appeal.id}/decide", decision, Appeal, node.second_key),
    )


async def _on_the_page(node: NodeOnStage, address: str, owner: dict[str, str]) -> None:
    """Read the page and send its form as a browser does, without any key."""
    async with httpx.AsyncClient(base_url=node.api_url, verify=pinned(node), timeout=PATIENCE_SECONDS) as anybody:
        good(await anybody.get(address))
        good(await anybody.post(address, data=owner, headers={"sec-fetch-site": "same-origin"}))


async def _undo(player: Player, hold: Hold, further: Share) -> None:
    """The asking authority takes back what hangs below; its node and the holder's are both killed with the message unsent."""
    asker, case = player.asker, hold.case
    view = await player.case(asker, case)
    taken_back = next(each for each in view.holds if each.id == further.hold)
    holder = player.of(taken_back.peer)
    await player.human(f"{asker.cast.approver} sees what hangs below the released part", asker)
    player.stage.kill(holder)
    player.note("this node is killed (SIGKILL)", holder)
    form = {"share": hold.share, "code": "good_faith", "reason": "The shop-keeper's appeal was upheld."}
    undone = await player.step(
        f"{asker.cast.approver} presses Undo for what hangs below, while {holder.cast.authority} is down",
        asker,
        post(player.client(asker), f"/api/v1/cases/{case}/undo", form, Undone, asker.approver_key),
    )
    player.stage.kill(asker)
    player.note("this node is killed (SIGKILL) right after it acknowledged, its message unsent", asker)
    await player.step("both nodes start again", asker, _both_start(player, asker, holder))
    amendment = await player.step(
        "the withdrawal arrives: nothing was lost",
        holder,
        player.until(lambda: _withdrawn(player, holder, taken_back.id), bool),
    )
    await player.human(f"{holder.cast.second} reads why", holder)
    await player.step(
        f"{holder.cast.second} releases at {amendment[0].bank} under local law",
        holder,
        post(
            player.client(holder), f"/api/v1/amendments/{amendment[0].id}/approve", None, Amendment, holder.second_key
        ),
    )
    seen = await player.step(
        f"{holder.cast.authority} confirms: nothing of it is held any more",
        asker,
        player.until(lambda: player.case(asker, case), _all_confirmed),
    )
    if len(seen.withdrawals) != len(undone.withdrawals) or len(await _withdrawn(player, holder, taken_back.id)) != 1:
        player.wrong("what was taken back once was taken back twice")


async def _both_start(player: Player, *nodes: NodeOnStage) -> None:
    await asyncio.gather(*(asyncio.to_thread(player.stage.restart, node) for node in nodes))
    for node in nodes:
        await player.call_again(node)


async def _withdrawn(player: Player, node: NodeOnStage, hold: str) -> list[Amendment]:
    found = await get(player.client(node), "/api/v1/amendments?state=any", list[Amendment], node.approver_key)
    return [each for each in found if each.hold == hold]


def _held_at(view: CaseView, bank: str) -> Share | None:
    shares = view.bar.shares if view.bar else ()
    return next((share for share in shares if share.state == "held" and share.holder == bank), None)


def _all_confirmed(view: CaseView) -> bool:
    return bool(view.withdrawals) and all(each.state == "confirmed" for each in view.withdrawals)
