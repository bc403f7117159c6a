"""What must not pass, each tried through the door that an attacker, a thief of keys or a liar would take."""

from collections import Counter
from datetime import timedelta

import httpx
import msgspec

from lintas.api.exchange import SentEnvelope
from lintas.border.records import Refusal
from lintas.cli.demo.people import bearer, get, good, pinned, post
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import SPARE, NodeOnStage
from lintas.model import messages, times
from lintas.model.ids import IdSource
from lintas.model.markings import Marking
from lintas.model.messages import HoldRequest, HoldStatus, LegalBasis
from lintas.model.tainted import Baton
from lintas.node import home as homes
from lintas.node.clock import ExerciseClock
from lintas.node.delivery import ENVELOPE
from lintas.requests.records import Hold, Order
from lintas.trust.charter import SignedCharter, endorse, parse_charter, write_charter
from lintas.trust.envelope import Draft, Item, seal
from lintas.trust.keys import Ed25519Signer, KemKey

#: Why what is tried here is refused on its way in; the liar learns as little as anybody of a hold that it never asked for.
TRIED = frozenset({"undecryptable", "replay", "unknown_key", "not_asked"})


async def attacks(player: Player) -> None:
    """Try what must be refused."""
    asker, liar, other = player.nodes[:3]
    wire, holder = await _sent(player, asker)
    tampered = bytearray(wire)
    tampered[len(wire) // 2] ^= 1
    await _knock(player, "a tampered envelope", bytes(tampered), asker, holder)
    await _knock(player, "a replayed envelope", wire, asker, holder)
    await _oversized(player, liar, other)
    await _revoked(player, asker, holder)


async def nothing_else(player: Player) -> None:
    """Look through what every border stopped: what nobody tried here must not be among it, nor anything twice."""
    stopped = [
        refusal
        for node in player.nodes
        for refusal in await get(player.client(node), "/api/v1/refusals", list[Refusal])
    ]
    came_in = Counter(refusal.reason for refusal in stopped if refusal.direction == "in")
    for reason, count in came_in.items():
        if reason not in TRIED or count > 1:
            player.wrong(f"{count} times something that came in was refused: {reason}")
    noted = sum(refusal.reason in ("refused_by_policy", "refuse") for refusal in player.refusals)
    kept_in = Counter(refusal.reason for refusal in stopped if refusal.direction == "out")
    if set(kept_in) - {"ask", "refuse"} or kept_in["refuse"] > noted:
        player.wrong(f"something that nobody tried was not let out: {dict(kept_in)}")


async def _sent(player: Player, asker: NodeOnStage) -> tuple[bytes, NodeOnStage]:
    """Return the first envelope of a node as it went over the wire, and to whom."""
    key = asker.auditor_key
    sent = await get(player.client(asker), "/api/v1/exchange/sent", list[SentEnvelope], key)
    first = sent[-1]
    wire = good(await player.client(asker).get(f"/api/v1/exchange/sent/{first.envelope}", headers=bearer(key))).content
    return wire, player.of(first.peer)


async def _knock(player: Player, what: str, wire: bytes, sender: NodeOnStage, holder: NodeOnStage) -> None:
    answer = await _deliver(wire, sender, holder)
    if "lintas-reason" in answer.headers:
        player.refused(
            what, answer.headers["lintas-reason"], "the original receipt is given again, nothing happens twice"
        )
        return
    player.refused_by(what, answer)


async def _deliver(wire: bytes, sender: NodeOnStage, holder: NodeOnStage) -> httpx.Response:
    """Go to the peers' door with a member's own certificate."""
    context = pinned(holder)
    context.load_cert_chain(sender.home.key(homes.TLS_CERTIFICATE), sender.home.key(homes.TLS_KEY))
    async with httpx.AsyncClient(verify=context) as client:
        return await client.post(
            f"{holder.exchange_url}/exchange/v1/envelopes", content=wire, headers={"content-type": ENVELOPE}
        )


async def _oversized(player: Player, liar: NodeOnStage, holder: NodeOnStage) -> None:
    """A member whose key is good asks for more of an honest transfer than there is; even an order finds nothing."""
    clock, bank, code = ExerciseClock(player.stage.clock), holder.cast.banks[0], holder.cast.currency
    later = times.render(clock.now() + timedelta(hours=1))
    baton = Baton(
        transfer=f"{bank}-00001", start=0, end=90_000_000, currency=code, holder=bank, sender=liar.cast.banks[0]
    )
    request = HoldRequest(
        hold=IdSource(clock).new("hold"),
        baton=baton,
        amount_minor=baton.amount_minor,
        currency=code,
        scheme="unknown",
        basis=LegalBasis(jurisdiction=liar.cast.code, rule="none", law="none"),
        answer_by=later,
        expires=later,
        contact="nobody@liar.example",
    )
    wire = _by_hand(player, liar, holder, request, Ed25519Signer.load(liar.home.key(homes.SIGNING)))
    good(await _deliver(wire, liar, holder))
    client = player.client(holder)
    await player.until(lambda: _waits(player, holder, request.hold), bool)
    await post(client, f"/api/v1/holds/{request.hold}/approve", None, Order, holder.approver_key)
    seen = await player.until(lambda: player.hold(holder, request.hold), lambda seen: seen.hold.state == "answered")
    if seen.hold.outcome != "not_found":
        player.wrong(f"a baton larger than its transfer led to {seen.hold.outcome}")
    player.refused(
        "a baton larger than its transfer", str(seen.hold.outcome), f"{bank} has no such money; nothing is held"
    )


async def _waits(player: Player, holder: NodeOnStage, hold: str) -> bool:
    return hold in {each.id for each in await get(player.client(holder), "/api/v1/holds", list[Hold])}


def _by_hand(
    player: Player, origin: NodeOnStage, recipient: NodeOnStage, body: msgspec.Struct, signer: Ed25519Signer
) -> bytes:
    """Seal an envelope by hand, as who holds a member's key can, on the lane that the member itself does not use."""
    clock = ExerciseClock(player.stage.clock)
    ids, now = IdSource(clock), times.render(clock.now())
    name = ids.new("obj")
    marking = Marking(plane="B", tlp="AMBER+STRICT")
    authority = origin.cast.authority
    data = messages.write(body, id=name, origin=authority, purpose="stop_payment", marking=marking, issued_at=now)
    draft = Draft(
        id=ids.new("env"),
        origin=authority,
        recipient=recipient.cast.authority,
        lane="bulk",
        epoch=1,
        seq=1,
        prev="",
        created=now,
        exercise=True,
    )
    return seal(draft, [Item(name, data, ids.salt())], [signer], KemKey.load(recipient.home.key(homes.KEM)).public)


async def _revoked(player: Player, asker: NodeOnStage, holder: NodeOnStage) -> None:
    """A key of the asking authority is lost and revoked; what is signed with it afterwards counts for nothing."""
    successor = _without_spare(player, parse_charter(good(await player.client(asker).get("/api/v1/charter")).content))
    await player.step(
        "a lost signing key is revoked by a new charter, which all four endorse", asker, _adopt(player, successor)
    )
    nothing = HoldStatus(
        hold="hold-of-a-thief", state="received", at=times.render(ExerciseClock(player.stage.clock).now())
    )
    wire = _by_hand(player, asker, holder, nothing, Ed25519Signer.load(asker.home.key(SPARE)))
    await _knock(player, "a message signed with a revoked key", wire, asker, holder)


def _without_spare(player: Player, signed: SignedCharter) -> SignedCharter:
    charter, now = signed.charter, ExerciseClock(player.stage.clock).now().replace(microsecond=0)
    spare = Ed25519Signer.load(player.asker.home.key(SPARE)).public
    members = []
    for member in charter.members:
        keys = tuple(
            msgspec.structs.replace(each, revoked_at=times.render(now)) if each.key == spare else each
            for each in member.signing_keys
        )
        members.append(msgspec.structs.replace(member, signing_keys=keys))
    successor = write_charter(
        msgspec.structs.replace(charter, version=charter.version + 1, previous=signed.sha256, members=tuple(members))
    )
    for node in player.nodes:
        successor = endorse(successor, node.cast.authority, Ed25519Signer.load(node.home.key(homes.SIGNING)))
    return successor


async def _adopt(player: Player, successor: SignedCharter) -> None:
    for node in player.nodes:
        headers = {"content-type": "text/plain", **bearer(node.administrator_key)}
        good(await player.client(node).post("/api/v1/charter", content=successor.render(), headers=headers))
