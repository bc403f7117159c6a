"""Remembers what was answered, so that a request that comes again gets the same answer (RFC 3261 §17.2): bounded, no timers."""

from time import monotonic

from lintas.interop.sip.request import Request
from lintas.interop.sip.uri import Via

#: 64*T1: after that nobody sends a request again (§17.1.1.2).
LIFETIME_SECONDS = 32.0
#: Stands for an answer that is being looked for.
PENDING = b""


def key_of(request: Request, via: Via, host: str) -> str:
    """Return what copies of a request and its CANCEL share: the topmost Via, branch included, and the call (§9.1, §17.2.3).

    The source's address is part of it: nobody gets the answer to another's call. Via alone would do for RFC 3261; older
    senders have no branch in it.
    """
    fields = request.fields
    return f"{host}|{via.text}|{fields['Call-ID']}|{fields['CSeq'].partition(' ')[0]}"


class Transactions:
    """Answers by key, in two generations: what is in neither is forgotten.

    One lasts LIFETIME_SECONDS at most and holds half of ``limit``; an answer lives one to two of them, less when calls come so
    fast that they fill up.
    """

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[str | int, bytes] = {}
        self._old: dict[str | int, bytes] = {}
        self._since = monotonic()

    def __len__(self) -> int:
        """Count the answers kept."""
        return len(self._young) + len(self._old)

    def get(self, key: str | int) -> bytes | None:
        """Return the answer given, PENDING where it is being looked for, None for a new request."""
        found = self._young.get(key)
        return self._old.get(key) if found is None else found

    def put(self, key: str | int, answer: bytes) -> None:
        """Keep an answer."""
        if len(self._young) >= self._half:
            self._turn()
        self._young[key] = answer

    def tick(self) -> None:
        """Let the old go when their time is over; called about once a second."""
        if monotonic() - self._since >= LIFETIME_SECONDS:
            self._turn()

    def _turn(self) -> None:
        self._old, self._young = self._young, {}
        self._since = monotonic()
