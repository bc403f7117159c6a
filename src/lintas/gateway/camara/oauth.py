"""The token endpoint: OAuth 2.0 client credentials (RFC 6749 section 4.4), proved by a secret or a signed assertion."""

import base64
import binascii
import logging
from typing import Literal
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lintas.gateway.camara.assertions import KIND, Assertions, claimed
from lintas.gateway.camara.clients import Client, FindClient
from lintas.gateway.camara.limits import LONGEST_ID, TRY_SECONDS, Tries
from lintas.gateway.camara.tokens import Tokens
from lintas.http import bodies
from lintas.interop.camara.scopes import read_scope
from lintas.model.errors import LintasError

_LIMIT, _MOST_FIELDS = 16 << 10, 20
#: RFC 6749 section 5.1: nobody on the way keeps a token.
_HEADERS = {"cache-control": "no-store", "pragma": "no-cache", "x-content-type-options": "nosniff"}
_STATUS = {"invalid_client": 401, "slow_down": 429}

_log = logging.getLogger("lintas.camara")

Wrong = Literal[
    "invalid_request", "invalid_client", "invalid_scope", "unauthorized_client", "unsupported_grant_type", "slow_down"
]


class _Issued(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105 — a type of token and no token


class _Refused(LintasError):
    """A token request that gets an error of RFC 6749 section 5.2."""

    def __init__(self, error: Wrong, what: str) -> None:
        self.error = error
        super().__init__(what)


class TokenEndpoint:
    """Answers token requests for clients of the register."""

    def __init__(self, find: FindClient, tokens: Tokens, assertions: Assertions, seconds: int, tries: Tries) -> None:
        self._find, self._tokens, self._assertions, self._seconds = find, tokens, assertions, seconds
        self._tries = tries

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            issued = self._issue(request, await _form(request))
        except _Refused as wrong:
            return _refusal(wrong)
        return Response(msgspec.json.encode(issued), 200, dict(_HEADERS), "application/json")

    def _issue(self, request: Request, form: dict[str, str]) -> _Issued:
        client = self._authenticated(request, form)
        if form.get("grant_type") != "client_credentials":
            raise _Refused("unsupported_grant_type", "only client_credentials is offered here")
        asked = read_scope(form.get("scope", ""))
        if asked is None:
            raise _Refused("invalid_scope", "scope names exactly one purpose, dpv:..., and one or more scopes")
        purpose, scopes = asked
        if purpose not in client.purposes or not scopes <= client.scopes:
            raise _Refused("invalid_scope", "this was not agreed with this client")
        text = self._tokens.issue(client, scopes, purpose)
        return _Issued(text, self._seconds, " ".join([f"dpv:{purpose}", *sorted(scopes)]))

    def _authenticated(self, request: Request, form: dict[str, str]) -> Client:
        """Return the client that proves itself; unknown, revoked and wrong get one answer."""
        client_id, secret, assertion = _claims(request, form)
        if len(client_id) > LONGEST_ID:
            raise _Refused("invalid_client", "the client is not known here, or not by this proof")
        address = request.client.host if request.client else ""
        if self._tries.too_many(address, client_id):
            raise _Refused("slow_down", "there were too many wrong tries; wait")
        client = self._find(client_id)
        known = client is not None and (
            self._assertions.proves(client, assertion) if assertion else client.has_secret(secret)
        )
        if client is None or not known:
            self._tries.wrong(address, client_id)
            # Ids that nobody has are made up without end: only a known client's trouble is worth a line.
            if client is not None:
                _log.warning("an API client was not believed", extra={"peer": client.id})
            raise _Refused("invalid_client", "the client is not known here, or not by this proof")
        return client


def _claims(request: Request, form: dict[str, str]) -> tuple[str, str, str]:
    """Return the client's id with a secret or an assertion; only one way at once (RFC 6749 section 2.3)."""
    basic = request.headers.get("authorization", "")
    assertion = form.get("client_assertion", "")
    ways = [bool(basic), "client_secret" in form, bool(assertion or "client_assertion_type" in form)]
    if sum(ways) > 1:
        raise _Refused("invalid_request", "a client proves itself in one way only")
    if basic:
        return *_basic(basic), ""
    if ways[2]:
        named = claimed(assertion)
        if form.get("client_assertion_type") != KIND or form.get("client_id", named) != named or not named:
            raise _Refused("invalid_client", "the assertion cannot be read, or is of another client")
        return named, "", assertion
    return form.get("client_id", ""), form.get("client_secret", ""), ""


def _basic(header: str) -> tuple[str, str]:
    """Read ``Basic`` credentials: both parts are form-encoded inside (RFC 6749 section 2.3.1)."""
    scheme, _, rest = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        name, colon, secret = base64.b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        raise _Refused("invalid_client", "send Basic credentials, or none in the header") from None
    if not colon:
        raise _Refused("invalid_client", "the credentials hold no secret")
    return unquote_plus(name), unquote_plus(secret)


async def _form(request: Request) -> dict[str, str]:
    """Read the form; a field that comes twice is refused (RFC 6749 section 3.2)."""
    if request.method != "POST":
        raise _Refused("invalid_request", "send it with POST")
    try:
        bodies.media_of(request, (bodies.FORM,))
        body = await bodies.read(request, _LIMIT)
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except (HTTPException, LintasError, ValueError):
        raise _Refused("invalid_request", "send a form in UTF-8, application/x-www-form-urlencoded") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise _Refused("invalid_request", "a field stands there twice")
    return dict(pairs)


def _refusal(wrong: _Refused) -> Response:
    headers = dict(_HEADERS)
    if wrong.error == "invalid_client":
        headers["www-authenticate"] = 'Basic realm="lintas"'
    if wrong.error == "slow_down":
        headers["retry-after"] = f"{TRY_SECONDS:.0f}"
    body = msgspec.json.encode({"error": wrong.error, "error_description": wrong.what})
    return Response(body, _STATUS.get(wrong.error, 400), headers, "application/json")
