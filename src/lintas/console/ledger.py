"""The page of the ledger: how it stands, what has no receipt, what the members' ledgers show, and the proof of one entry."""

from starlette.responses import RedirectResponse, Response

from lintas.console.forms import HINDRANCES, Form, form, show
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.http.routing import Call
from lintas.ledger import records
from lintas.model.errors import LintasError, NotFound, Unavailable
from lintas.node.delivery import RECEIPT
from lintas.node.proofs import Proven, proven, receipt
from lintas.node.reconciliation import ledger_view
from lintas.node.runtime import Runtime

AUDITORS = frozenset({"auditor", "administrator"})
PEER = {"peer": "the authority, where several gave objects the same id"}


class Publish(Form, frozen=True, kw_only=True):
    """The button that publishes now."""


async def ledger(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show how the ledger stands."""
    return page(call, "ledger.html", await ledger_view(call.services), wrong=wrong, typed=typed)


async def publish(call: Call[Runtime]) -> Response:
    """Sign and publish a checkpoint now; twice is the same as once."""
    try:
        await call.services.publish()
    except (*HINDRANCES, Unavailable) as wrong:
        return await ledger(call, wrong=wrong)
    return RedirectResponse("/ledger", 303)


async def proof(call: Call[Runtime]) -> Response:
    """Show what became of one exchanged object, and what proves it."""
    found = await _proven(call)
    entry = records.decode(found.entry.encode()) if found.entry else None
    return page(call, "proof.html", found, entry=entry, peer=call.query.get("peer", ""))


async def entry_file(call: Call[Runtime]) -> Response:
    """Give the entry's bytes."""
    found = await _proven(call)
    return _file(found, "entry", found.entry)


async def proof_file(call: Call[Runtime]) -> Response:
    """Give the entry's proof (C2SP tlog-proof)."""
    found = await _proven(call)
    return _file(found, "tlog-proof", found.proof)


async def receipt_file(call: Call[Runtime]) -> Response:
    """Give the peer's signed receipt, as it came."""
    name = call.path["object"]
    data = await receipt(call.services, name, call.query.get("peer", ""))
    return Response(data, media_type=RECEIPT, headers={"content-disposition": 'attachment; filename="receipt.msgpack"'})


async def _proven(call: Call[Runtime]) -> Proven:
    return await proven(call.services, call.path["object"], call.query.get("peer", ""))


def _file(found: Proven, kind: str, text: str) -> Response:
    """Give a file as it is verified, named by the entry's number."""
    if not text:
        what = f"the checkpoint covers {found.published} entries, and not yet the one about this"
        raise NotFound(what, f"the next one comes within {found.within_seconds} seconds")
    named = f'attachment; filename="{found.exchanged.entry}.{kind}"'
    return Response(text.encode(), media_type="application/octet-stream", headers={"content-disposition": named})


LEDGER_PAGES = [
    show("/ledger", ledger, AUDITORS, "How the ledger stands"),
    form("/ledger/publish", publish, Publish, AUDITORS, "Publish a checkpoint now"),
    show("/proof/{object}", proof, READERS, "The proof of one exchanged object", PEER),
    show("/proof/{object}/entry", entry_file, READERS, "The ledger entry about it", PEER),
    show("/proof/{object}/tlog-proof", proof_file, READERS, "The proof of that entry", PEER),
    show("/proof/{object}/receipt", receipt_file, READERS, "The peer's receipt", PEER),
]
