"""How the people of the story reach a node: its API with their keys, trusting that node's own certificate and no other."""

import ssl
from typing import Any, TypeVar

import httpx
import msgspec

from lintas.cli.demo.stage import NodeOnStage
from lintas.model.errors import CheckFailed
from lintas.node import home as homes
from lintas.node.tls import trusting

#: How long anything in the story may take before the demo gives up.
PATIENCE_SECONDS = 30.0

T = TypeVar("T")


def people(node: NodeOnStage) -> httpx.AsyncClient:
    """Return a client of a node's public API, which trusts that node's own certificate and no other."""
    return httpx.AsyncClient(
        base_url=node.api_url, verify=pinned(node), headers=bearer(node.approver_key), timeout=PATIENCE_SECONDS
    )


def pinned(node: NodeOnStage) -> ssl.SSLContext:
    """Return a context that trusts a node's own certificate and no other."""
    return trusting(node.home.key(homes.TLS_CERTIFICATE).read_text("ascii"))


def bearer(key: str) -> dict[str, str]:
    """Return the header that an officer's or a bank's key goes into."""
    return {"authorization": f"Bearer {key}"}


async def get(client: httpx.AsyncClient, path: str, kind: type[T], key: str = "") -> T:
    """Read something; CheckFailed when the node does not give it."""
    return msgspec.json.decode(good(await client.get(path, headers=bearer(key) if key else None)).content, type=kind)


async def post(client: httpx.AsyncClient, path: str, body: object, kind: type[T], key: str) -> T:
    """Say something and read the answer; CheckFailed when the node refuses."""
    answer = good(await client.post(path, json=body, headers=bearer(key)))
    return msgspec.json.decode(answer.content or b"null", type=kind)


def good(answer: httpx.Response) -> httpx.Response:
    """Return an answer that is no error; CheckFailed otherwise."""
    if answer.is_error:
        raise CheckFailed(f"{answer.url.path} answered {answer.status_code}: {answer.text[:300]}", "see the .log files")
    return answer


async def checkpoint(node: NodeOnStage) -> None:
    """Have a node publish its ledger now, cosigned."""
    async with people(node) as client:
        good(await client.post("/api/v1/ledger/checkpoint", headers=bearer(node.auditor_key)))


async def reconciliation(node: NodeOnStage) -> dict[str, Any]:
    """Return a node's comparison of releases with receipts."""
    async with people(node) as client:
        answer = await client.get("/api/v1/ledger/reconciliation", headers=bearer(node.auditor_key))
        found: dict[str, Any] = good(answer).json()
        return found
