"""Calls: the number that the victim was called from is listed, a gateway abroad blocks it, and lets it pass as fast again."""

from http import HTTPStatus
from urllib.parse import quote

import httpx
import msgspec

from lintas.cli.demo.gateway import Gateway, gateway_of
from lintas.cli.demo.people import PATIENCE_SECONDS, bearer, get, good, pinned, post
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import NodeOnStage
from lintas.telco.book.records import Kept, Told
from lintas.telco.records import Verdict
from lintas.telco.redress.records import Objection

_ENTRIES, _OBJECTIONS = "/api/v1/telco/entries", "/api/v1/telco/objections"
#: Strangers publish under it: whoever lists it takes all of them along.
SHARED = "google.com"
WHY = "Calls as the tax office and asks for a transfer."


async def calls(player: Player) -> None:
    """List the number, see it blocked at the first place abroad, and take it back everywhere on its holder's objection."""
    asker, abroad, *others = player.nodes
    number = player.world.thefts[0].caller
    await player.human(f"{asker.cast.investigator} looks at the number that the victim was called from", asker)
    proposed = await player.step(
        f"{asker.cast.investigator} proposes to list the number that the victim was called from",
        asker,
        _propose(player, asker, "number", number),
    )
    if proposed.status_code == HTTPStatus.FORBIDDEN:
        player.note(f"no rule of {asker.cast.code}'s table orders anything of operators, so nothing is listed", asker)
        return
    entry = msgspec.json.decode(good(proposed).content, type=Kept)
    player.refused_by("a host that strangers share, listed whole", await _propose(player, asker, "domain", SHARED))
    async with gateway_of(player, abroad) as gateway:
        await _stand(player, abroad)
        blocked = await _block(player, abroad, gateway, entry)
        for other in others:
            await _take_over(player, other, number)
        await _object(player, abroad, blocked)
        await _lift(player, abroad, gateway, entry)
    await player.step(
        "everybody who took the number over has taken it back",
        asker,
        player.until(lambda: _in_force(player, number), lambda left: not left),
    )


async def _propose(player: Player, node: NodeOnStage, subject: str, value: str) -> httpx.Response:
    form = {"subject": subject, "value": value, "reason": WHY, "scheme": "impersonation_official"}
    return await player.client(node).post(_ENTRIES, json=form, headers=bearer(node.investigator_key))


async def _stand(player: Player, node: NodeOnStage) -> None:
    """Two officers say that what the asking authority lists of numbers is enforced here without a further word."""
    asker = player.asker.cast.authority

    async def both() -> None:
        for key in (node.approver_key, node.second_key):
            path, body = f"/api/v1/telco/adoptions/{asker}", {"subjects": ["number"]}
            good(await player.client(node).put(path, json=body, headers=bearer(key)))

    await player.step(
        f"two officers give a standing word: numbers that {asker} lists are enforced here at once", node, both()
    )


async def _block(player: Player, abroad: NodeOnStage, gateway: Gateway, entry: Kept) -> Verdict:
    asker, operator = player.asker, abroad.cast.telco
    before = await gateway.call(entry.value)
    if before.action != "allow":
        player.wrong(f"{operator}'s gateway did not let a call pass that nothing speaks against")
    player.note(f"a call shows the number: {operator}'s gateway lets it pass", abroad)
    await player.human(f"{asker.cast.approver} looks at the proposal", asker)

    async def until_blocked() -> Verdict:
        await post(player.client(asker), f"{_ENTRIES}/{entry.id}/approve", None, Kept, asker.approver_key)
        return await player.until(lambda: gateway.call(entry.value), lambda seen: seen.action == "block")

    blocked = await player.step(
        f"{asker.cast.approver} of {asker.cast.authority} approves: {operator}'s gateway blocks the next call that shows it",
        abroad,
        until_blocked(),
    )
    (here,) = await _entries(player, abroad, entry.value)
    if (blocked.id, here.origin_id) != (here.id, entry.id):
        player.wrong("the gateway does not name the entry by which it blocks")
    player.say(f"             {here.law}")
    return blocked


async def _take_over(player: Player, node: NodeOnStage, number: str) -> None:
    """An authority without a standing word: an officer of its own approves the entry."""
    asker = player.asker.cast.authority

    async def approve() -> None:
        (waits,) = await player.until(lambda: _entries(player, node, number), bool)
        await post(player.client(node), f"{_ENTRIES}/{waits.id}/approve", None, Kept, node.approver_key)

    await player.human(f"{node.cast.approver} looks at what {asker} listed", node)
    await player.step(
        f"{node.cast.approver} lets the entry of {asker} stand here too, under local law", node, approve()
    )


async def _object(player: Player, node: NodeOnStage, blocked: Verdict) -> None:
    """By the id that the gateway answered, on the public page, without an account."""
    holder = {
        "ground": "mistake",
        "name": "Tam Orrin, Orrin's Boats",
        "contact": "office@orrin.example",
        "text": "This is the number of my boat-yard. Somebody showed it who has nothing to do with us.",
    }
    path = f"/redress/{blocked.id}"

    async def on_the_page() -> None:
        async with httpx.AsyncClient(base_url=node.api_url, verify=pinned(node), timeout=PATIENCE_SECONDS) as anybody:
            good(await anybody.get(path))
            good(await anybody.post(path, data=holder, headers={"sec-fetch-site": "same-origin"}))

    await player.human("the holder of the number asks their operator why calls fail, and opens the page it names", node)
    await player.step(
        "the holder of the number objects on the public page, by the id of the block", node, on_the_page()
    )


async def _lift(player: Player, abroad: NodeOnStage, gateway: Gateway, entry: Kept) -> None:
    """Somebody who had no say in listing it decides, where it was listed."""
    asker, operator = player.asker, abroad.cast.telco
    waiting = await player.step(
        "the objection arrives where the number was listed",
        asker,
        player.until(lambda: get(player.client(asker), _OBJECTIONS, list[Objection], asker.second_key), bool),
    )
    await player.human(f"{asker.cast.second} asks {abroad.cast.authority} who objects, and reads the case again", asker)

    async def until_passed() -> None:
        ruling = {"uphold": True, "reason": "The number was shown by somebody who does not hold it."}
        path = f"{_OBJECTIONS}/{waiting[0].id}/decide"
        await post(player.client(asker), path, ruling, Objection, asker.second_key)
        await player.until(lambda: gateway.call(entry.value), lambda seen: seen.action == "allow")

    await player.step(
        f"{asker.cast.second} upholds the objection: {operator}'s gateway lets the next call pass",
        abroad,
        until_passed(),
    )


async def _in_force(player: Player, number: str) -> bool:
    """Tell whether something is left of it anywhere: an entry that stands, or a withdrawal that is not confirmed yet."""
    entries = [each for node in player.nodes for each in await _entries(player, node, number)]
    unconfirmed = await get(player.client(player.asker), "/api/v1/telco/unconfirmed", list[Told])
    return bool(unconfirmed) or any(each.state != "ended" for each in entries)


async def _entries(player: Player, node: NodeOnStage, number: str) -> list[Kept]:
    return await get(player.client(node), f"{_ENTRIES}?value={quote(number)}", list[Kept])
