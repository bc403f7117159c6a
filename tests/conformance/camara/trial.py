"""One scenario as it is played: what the network knows, what is asked by whom, and, once it is sent, how it was answered."""

import json
import math
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.conformance.camara.definitions import Definition, example, fits
from tests.conformance.camara.network import NUMBER, Provider

UNKNOWN_TOKEN = secrets.token_urlsafe(32)


class Trial:
    """A request in the making; ``token`` says which one is sent, "" for none."""

    def __init__(self, provider: Provider, definition: Definition) -> None:
        provider.operator.reset()
        provider.clock.ahead = timedelta()
        self.provider, self.operator, self.definition = provider, provider.operator, definition
        self.path, self.face, self.token, self.sent = "", "full", "valid", False
        self.headers: dict[str, str] = {}
        self.body: Any = None
        self._response: httpx.Response | None = None

    @property
    def request_schema(self) -> dict[str, Any]:
        return self.definition.request(self.path)

    def fill_body(self) -> None:
        """Set a request body that complies and names a subscriber."""
        self.body = example(self.request_schema, {"phoneNumber": f"+{NUMBER}"})

    def put(self, place: str, value: object) -> None:
        """Set a property of the body, ``$.device.phoneNumber``; what holds it then holds nothing else."""
        *holders, last = place.removeprefix("$.").split(".")
        inside = self.body
        for holder in holders:
            inside[holder] = {}
            inside = inside[holder]
        inside[last] = value

    def drop(self, place: str) -> None:
        """Leave a property of the body out."""
        self.body.pop(place.removeprefix("$."), None)

    def hours_since_swap(self) -> int:
        assert self.operator.sim is not None
        return math.floor((self.provider.clock.now() - self.operator.sim) / timedelta(hours=1))

    @property
    def response(self) -> httpx.Response:
        """Return the answer; the request leaves when it is first looked at, so that the network may fail until then."""
        assert self.sent, "the scenario did not send its request"
        if self._response is None:
            self._response = self._send()
            self._check()
        return self._response

    def property(self, place: str) -> Any:  # noqa: ANN401 — any JSON
        """Return a property of the answer; KeyError where it is not there."""
        found = self.response.json()
        for name in place.removeprefix("$.").split("."):
            found = found[name]
        return found

    def has(self, place: str) -> bool:
        try:
            self.property(place)
        except KeyError:
            return False
        return True

    def _send(self) -> httpx.Response:
        headers = self.headers | ({"authorization": f"Bearer {self._token()}"} if self.token else {})
        content = None if self.body is None else json.dumps(self.body).encode()
        return self.provider.http.post(self.provider.urls[self.face] + self.path, content=content, headers=headers)

    def _token(self) -> str:
        needed = self.definition.scopes(self.path)
        if self.token == "malformed":
            return "not a token"
        if self.token == "unknown":
            return UNKNOWN_TOKEN
        if self.token == "identifying":
            face = self.provider.faces[self.face]
            return face.tokens.issue(
                self.provider.client, frozenset(needed), "FraudPreventionAndDetection", number=NUMBER
            )
        if self.token == "unscoped":
            needed = sorted({each for each in self.provider.client.scopes if each != "sim-swap"} - set(needed))
        text = self._ask_token(" ".join(["dpv:FraudPreventionAndDetection", *needed]))
        if self.token == "expired":
            self.provider.clock.ahead += timedelta(hours=1)
        return text

    def _ask_token(self, scope: str) -> str:
        provider = self.provider
        form = {"grant_type": "client_credentials", "scope": scope}
        proof = (provider.client.id, provider.secret)
        answer = provider.http.post(f"{provider.urls[self.face]}/oauth2/token", data=form, auth=proof)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def _check(self) -> None:
        """Hold every answer against the definition, whether or not the scenario asks."""
        assert self._response is not None
        documented = self.definition.response(self.path, self._response.status_code)
        if documented is not None:
            assert fits(documented, self._response.json()), self._response.text
        assert self._response.headers["content-type"] == "application/json"


def past(text: object) -> bool:
    """Tell whether a text is a time with a zone (RFC 3339) that is over."""
    moment = datetime.fromisoformat(str(text))
    return moment.tzinfo is not None and moment <= datetime.now(UTC)
