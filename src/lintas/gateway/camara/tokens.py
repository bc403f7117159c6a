"""Access tokens: random, short-lived, kept in memory only by their hash, bound to a client, to scopes, and maybe to one number.

Opaque rather than signed: there is no signing key to steal, and a token ends with its client's entry in the register or with
the process. Clients ask for another after a restart (RFC 6749 section 4.4).
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from lintas.gateway.camara.clients import Client, FindClient
from lintas.model.times import Clock

#: Tokens of one client that are valid at once; a further one ends the oldest.
MOST_EACH = 20


class Token(msgspec.Struct, frozen=True):
    """What a token stands for; ``number`` is whom it identifies, None for one that identifies nobody (two-legged)."""

    client: Client
    scopes: frozenset[str]
    purpose: str
    ends: datetime
    number: int | None = None


class Tokens:
    """The tokens of one face."""

    def __init__(
        self,
        find: FindClient,
        clock: Clock,
        lasts: timedelta,
        random: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        self._find, self._clock, self._lasts, self._random = find, clock, lasts, random
        self._tokens: dict[str, OrderedDict[bytes, Token]] = {}
        self._owner: dict[bytes, str] = {}

    def issue(self, client: Client, scopes: frozenset[str], purpose: str, *, number: int | None = None) -> str:
        """Issue a token and return its text.

        One for a ``number`` stands for that subscriber's own consent, so only code that got that consent may ask for it: no
        address of this face does.
        """
        text = self._random()
        own, name = self._tokens.setdefault(client.id, OrderedDict()), _hash(text)
        self._forget(own)
        own[name] = Token(client, scopes, purpose, self._clock.now() + self._lasts, number)
        self._owner[name] = client.id
        while len(own) > MOST_EACH:
            oldest, _ = own.popitem(last=False)
            del self._owner[oldest]
        return text

    def find(self, text: str) -> Token | None:
        """Return what a token stands for now; None for one unknown, over, or of a client whose entry is no longer the same."""
        name = _hash(text)
        token = self._tokens.get(self._owner.get(name, ""), OrderedDict()).get(name)
        if token is None or token.ends <= self._clock.now():
            return None
        # What was agreed may have changed since: less scope, another secret after a theft, revoked.
        return token if self._find(token.client.id) == token.client else None

    def _forget(self, own: OrderedDict[bytes, Token]) -> None:
        """Drop what is over; the oldest come first, and all last equally long."""
        now = self._clock.now()
        while own and next(iter(own.values())).ends <= now:
            name, _ = own.popitem(last=False)
            del self._owner[name]


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
