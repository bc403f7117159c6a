"""An operator's face that is asked without a socket, by clients of a register in a temporary directory."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
from tests.conformance.camara.network import Operator, SetClock, admit

from lintas.gateway.camara.clients import Client, Register
from lintas.gateway.camara.face import TOKEN_PATH, Face, Settings
from lintas.gateway.camara.sources import Sources
from lintas.interop.camara.scopes import NEEDED, SCOPES

ROAMING, SWAP, DATE, RECYCLING = (
    "/device-roaming-status/v1/retrieve",
    "/sim-swap/v2/check",
    "/sim-swap/v2/retrieve-date",
    "/number-recycling/v0.2/check",
)
TOKEN_URL = "https://operator.example/oauth2/token"
FRAUD = "dpv:FraudPreventionAndDetection"


class Desk:
    """A face, its operator, its clock, and one client that may ask everything but where somebody is."""

    def __init__(self, home: Path, *, settings: Settings | None = None, **sources: object) -> None:
        self.path = home / "clients.json"
        self.clock = SetClock()
        self.operator = Operator(self.clock)
        self.client, self.secret = admit(self.path)
        self.sources = Sources(**msgspec.structs.asdict(self.operator.sources) | sources)
        self.face = Face(self.sources, Register(self.path), settings or Settings(token_url=TOKEN_URL), self.clock)

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        method: str = "POST",
        content: bytes | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Ask with JSON, or with ``content`` as it is; by an own token of the usual client unless another is given."""
        sent = {"content-type": "application/json"} | {name.replace("_", "-"): each for name, each in headers.items()}
        text = self.token() if token is None else token
        if text:
            sent["authorization"] = f"Bearer {text}"
        data = content if content is not None else msgspec.json.encode(body)
        return self._call(method, path, content=data, headers=sent)

    def token(self, scopes: frozenset[str] = SCOPES, *, client: Client | None = None, number: int | None = None) -> str:
        return self.face.tokens.issue(client or self.client, scopes, "FraudPreventionAndDetection", number=number)

    def request_token(self, form: dict[str, str] | bytes, auth: tuple[str, str] | None = None) -> httpx.Response:
        """Ask the token endpoint with a form."""
        more: dict[str, Any] = {"auth": auth} if auth else {}
        if isinstance(form, bytes):
            more |= {"content": form, "headers": {"content-type": "application/x-www-form-urlencoded"}}
        else:
            more["data"] = form
        return self._call("POST", TOKEN_PATH, **more)

    def _call(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 — as httpx takes it
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.face)
            async with httpx.AsyncClient(transport=transport, base_url="http://operator.example") as http:
                return await http.request(method, path, **more)

        return asyncio.run(call())


def told(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error, whose body is as CAMARA writes it and nothing else."""
    body = answer.json()
    assert set(body) == {"status", "code", "message"}
    assert body["status"] == answer.status_code
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, body["code"]


def operations() -> list[tuple[str, frozenset[str]]]:
    """Return each address with the scopes of which one opens it."""
    return list(zip((ROAMING, SWAP, DATE, RECYCLING), NEEDED.values(), strict=True))
