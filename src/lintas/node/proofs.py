"""The proof of what was exchanged: our ledger entry about one object, its place in the ledger, and the peer's receipt."""

import msgspec

from lintas.border.records import Exchanged
from lintas.ledger.checkpoint import parse_checkpoint
from lintas.ledger.proof import Taken, take_out
from lintas.ledger.verify import DirectorySource
from lintas.model.errors import CheckFailed, NotFound
from lintas.node.reconciliation import published_checkpoint
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.trust import note
from lintas.trust.receipt import peek_receipt


class Received(msgspec.Struct, frozen=True):
    """A peer's signed receipt: its envelope, and when the peer says that this came."""

    envelope: str
    at: str


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """One exchanged object and what proves it.

    ``entry`` is our ledger entry about it (the bytes that are hashed, as text) and ``proof`` its C2SP tlog-proof, "" while no
    published checkpoint covers it: the next one comes within ``within_seconds``. ``size`` entries are here, ``published`` are
    covered. ``receipt`` is None where the peer has given none, or the receipt was ours to give.
    """

    exchanged: Exchanged
    entry: str
    proof: str
    receipt: Received | None
    size: int
    published: int
    within_seconds: int


async def proven(runtime: Runtime, object_id: str, peer: str = "") -> Proven:
    """Return one object with its proof; NotFound for an object that was never exchanged."""
    node = runtime.node

    def ask(tx: Transaction) -> tuple[Exchanged, bytes, Received | None, int]:
        found = node.border.exchanged(tx, object_id, peer)
        entry = b"" if found.entry is None else node.ledger.entry(tx, found.entry)
        return found, entry, _received(runtime, tx, found), node.ledger.size(tx)

    found, entry, received, size = await runtime.read(ask)
    taken, published = await runtime.apart(_taken, runtime, found.entry)
    if taken is not None and taken.entry != entry:
        raise CheckFailed(
            f"the published ledger has another entry {found.entry}", "stop the node and call its administrator"
        )
    return Proven(
        exchanged=found,
        entry=entry.decode(),
        proof="" if taken is None else taken.proof.decode(),
        receipt=received,
        size=size,
        published=published,
        within_seconds=int(runtime.home.config.checkpoint_seconds) + 1,
    )


async def receipt(runtime: Runtime, object_id: str, peer: str = "") -> bytes:
    """Return the peer's signed receipt of an object that left, as it came; NotFound while there is none."""
    node = runtime.node

    def ask(tx: Transaction) -> bytes:
        found = node.border.exchanged(tx, object_id, peer)
        if not found.header:
            raise NotFound("this has no receipt of a peer", "what came here is receipted by this authority itself")
        return node.exchange.receipt_of(tx, found.header)

    return await runtime.read(ask)


def _received(runtime: Runtime, tx: Transaction, found: Exchanged) -> Received | None:
    if not found.header:
        return None
    try:
        said = peek_receipt(runtime.node.exchange.receipt_of(tx, found.header))
    except NotFound:
        return None
    return Received(said.envelope, said.received_at)


def _taken(runtime: Runtime, index: int | None) -> tuple[Taken | None, int]:
    """Take an entry out of what is published; with the number of entries under the checkpoint that is out."""
    signed = published_checkpoint(runtime)
    if signed is None:
        return None, 0
    published = parse_checkpoint(note.parse(signed).text).size
    if index is None or index >= published:
        return None, published
    return take_out(DirectorySource(runtime.home.path(runtime.home.config.ledger)), signed, index), published
