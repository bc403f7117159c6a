"""One form once, one call once: what was sent before is answered as before, and done only the first time.

A page gives out a nonce in the hidden field ``once``; a program sends a key of its own in the header ``Idempotency-Key`` (IETF
draft-ietf-httpapi-idempotency-key-header-07). The answer is stored in the transaction of what it answers.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from lintas.http import bodies
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed
from lintas.model.times import SystemClock
from lintas.storage import once_store
from lintas.storage.engine import Transaction
from lintas.storage.once_store import Answered

HEADER = "Idempotency-Key"
#: The longest answer that is remembered, bytes.
MAX_ANSWER = 64 << 10

_NONCE = re.compile(r"[A-Za-z0-9_-]{22}")
#: An RFC 8941 String without escapes, as the draft asks for, or the same without its quotes.
_KEY = re.compile(r'"([!#-\[\]-~ ]{1,128})"|([!#-+\--\[\]-~]{1,128})')

T = TypeVar("T")


class AnsweredBefore(Exception):
    """This call was answered before, and nothing was done now."""

    def __init__(self, answered: Answered) -> None:
        self.answered = answered
        super().__init__(answered.key)


class Once(NamedTuple):
    """One call as it is told from others: the key of its answer, who calls, what it says."""

    key: str
    caller: str
    digest: str
    form: bool

    def use_case(
        self, use_case: Callable[[Transaction], T], answer: Callable[[T], Response]
    ) -> Callable[[Transaction], T]:
        """Return the use case that runs the first time, and then raises AnsweredBefore with what ``answer`` made of it."""

        def run(tx: Transaction) -> T:
            before = once_store.find(tx, self.key)
            if before is not None:
                self._check_same(before)
                raise AnsweredBefore(before)
            result = use_case(tx)
            once_store.keep(tx, self._answered(answer(result)))
            return result

        return run

    def _check_same(self, before: Answered) -> None:
        if before.caller != self.caller:
            raise NotAllowed("this form was sent by somebody else", "load the page anew")
        if before.digest == self.digest:
            return
        if self.form:
            raise Conflict("this form was sent before, with something else in it", "load the page anew")
        raise BadInput(f"this {HEADER} came with another call before", "use a new key", where=f"header {HEADER}")

    def _answered(self, response: Response) -> Answered:
        body = bytes(response.body)
        return Answered(
            key=self.key,
            caller=self.caller,
            digest=self.digest,
            at=times.render(SystemClock().now()),
            status=response.status_code,
            media=response.headers.get("content-type", ""),
            location=response.headers.get("location", ""),
            body=body if len(body) <= MAX_ANSWER else None,
        )


def fresh() -> str:
    """Return a new nonce for a form: 16 random bytes, base64url."""
    return secrets.token_urlsafe(16)


def read(request: Request, caller: str, body: bytes, media: str) -> Once | None:
    """Return what tells this call from others; None where it carries neither nonce nor key. BadInput for a malformed one."""
    said = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    digest = hashlib.sha256(said).hexdigest()
    if media in (bodies.FORM, bodies.FILES):
        nonces = [value for name, value in bodies.pieces(request, body) if name == bodies.ONCE and value]
        if not nonces:
            return None
        if len(nonces) > 1 or not isinstance(nonces[0], str) or _NONCE.fullmatch(nonces[0]) is None:
            raise BadInput("this page's number is not one that this node gives out", "load the page anew")
        return Once(_hash("form", nonces[0]), caller, digest, form=True)
    sent = request.headers.get(HEADER)
    if sent is None:
        return None
    key = _KEY.fullmatch(sent.strip())
    if key is None:
        what = f"an {HEADER} is one text of 1 to 128 visible ASCII characters"
        raise BadInput(what, "send a random UUID in double quotes", where=f"header {HEADER}")
    # Keys are made by their senders: two of them may take the same.
    return Once(_hash("key", caller, key[1] or key[2]), caller, digest, form=False)


def again(answered: Answered) -> Response:
    """Answer as before; Conflict where that answer was too large to be kept."""
    if answered.body is None:
        raise Conflict(f"this was done at {answered.at}; its answer is too large to be given again", "look it up")
    response = Response(answered.body, answered.status, media_type=answered.media or None)
    if answered.location:
        response.headers["location"] = answered.location
    return response


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
