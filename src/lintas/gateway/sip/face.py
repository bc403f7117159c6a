"""Answers calls in SIP: reads an INVITE, asks for a verdict, says it in a status code; fail-open, whatever goes wrong.

`SipFace` is the server without sockets; `gateway/sip/transport.py` has the sockets.
"""

import asyncio
import logging
import traceback
from collections import Counter
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

import msgspec

from lintas.gateway.sip.answers import (
    BUSY,
    CANCELLED,
    HEALTHY,
    KNOWN,
    NO_TRANSACTION,
    NOT_ALLOWED,
    NOT_IMPLEMENTED,
    STRANGER,
    TERMINATED,
    TOO_MANY_HOPS,
    TRYING,
    Answer,
    answer_of,
    passing,
    stricter,
)
from lintas.gateway.sip.settings import SipSettings
from lintas.gateway.sip.transactions import PENDING, Transactions, key_of
from lintas.interop.sip.answer import has_tag, port_of, write
from lintas.interop.sip.message import BadRequest, called_in, read
from lintas.interop.sip.parties import parties
from lintas.interop.sip.request import Fields, Request
from lintas.interop.sip.uri import Via, read_via
from lintas.telco.records import Call, Trunk, Verdict

_log = logging.getLogger("lintas.gateway.sip.face")

#: A number, name or Call-ID is handed on up to this length.
MAX_TEXT = 255


class Verdicts(Protocol):
    """Who decides: at once from local memory, or, where ``local`` returns anything but a verdict, after asking."""

    def for_help(self, b: str) -> bool:
        """Tell whether a called number, or a Request-URI that is none, is one of emergency."""
        ...

    def local(self, call: Call) -> Verdict | object:
        """Return a verdict, or something else where somebody must be asked."""
        ...

    async def decide(self, call: Call) -> Verdict:
        """Return a verdict, asking where need be."""
        ...


class Sender(Protocol):
    """The way back to whoever sent a message; ``reliable``: a connection, so that the source is no forgery."""

    host: str
    port: int
    trunk: Trunk | None
    reliable: bool

    def send(self, data: bytes, port: int) -> None:
        """Send to the sender's address, at this port."""
        ...


class _Attempt(msgspec.Struct, frozen=True):
    """One call attempt: its transaction's key, a hash of its octets and source, its INVITE, and the way back."""

    key: str
    mark: int
    request: Request
    via: Via
    sender: Sender


class SipFace:
    """One server's logic: ``take`` each message; answers go out by its sender. ``counts`` tells what happened, by name."""

    def __init__(self, verdicts: Verdicts, settings: SipSettings) -> None:
        self.settings = settings
        self.counts: Counter[str] = Counter()
        self._verdicts = verdicts
        self._kept = Transactions(settings.transactions)
        self._marks = Transactions(settings.transactions)
        self._passing = passing(settings)
        self._asking: dict[str, tuple[asyncio.Task[None], _Attempt]] = {}
        self._heard: Counter[str] = Counter()
        self._stopping = False
        self.trunk_of = lru_cache(maxsize=4096)(self._trunk_of)

    def _trunk_of(self, host: str) -> Trunk | None:
        """Return the trunk class of the smallest configured network that an address lies in; None for a stranger."""
        address = ip_address(host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        inside = [each for each in self.settings.sources if (mapped or address) in each.network]
        return max(inside, key=lambda each: each.network.prefixlen).trunk if inside else None

    def tick(self) -> None:
        """Begin a new second: what each source asked is counted anew."""
        self._heard.clear()
        self._kept.tick()
        self._marks.tick()

    async def drain(self) -> None:
        """Take no new calls, and wait for those that are being looked at (less than the deadline)."""
        self._stopping = True
        if self._asking:
            await asyncio.wait([task for task, _ in self._asking.values()])

    def take(self, data: bytes, sender: Sender) -> None:
        """Answer one message, now or when its verdict is there; never raises for what is in it."""
        if data.startswith((b"ACK ", b"SIP/2.0 ")):
            # Our answers are final and ask for nothing: the ACK ends the matter (§17.2.1), a response is nobody's here.
            self.counts["acks" if data[0] == 65 else "responses"] += 1
            return
        if sender.trunk is None:
            self._stranger(data, sender)
            return
        heard = self._heard[sender.host] = self._heard[sender.host] + 1
        if heard > 2 * self.settings.calls_per_second:
            self.counts["unheard"] += 1
            return
        mark = hash((sender.host, sender.port, data))
        if (kept := self._marks.get(mark)) is not None:
            # The same octets: whoever is slow hears calls twice, and must not fall further behind by reading them again.
            self.counts["retransmitted"] += 1
            sender.send(kept, sender.port)
            return
        try:
            request = read(data, stream=sender.reliable)
        except BadRequest as wrong:
            self._refuse(wrong, sender, data)
            return
        if (via := request.via) is None:
            self.counts["malformed"] += 1
            return
        try:
            self._request(request, via, sender, mark)
        except Exception as wrong:  # noqa: BLE001 — a fault of ours must not stop a country's calls: they go on without us
            self._fault(wrong, request.fields, via, sender)

    # --- by method ----------------------------------------------------------------------------------------------------

    def _request(self, request: Request, via: Via, sender: Sender, mark: int) -> None:
        match request.method:
            case "INVITE":
                self._invite(request, via, sender, mark)
            case "OPTIONS":
                self.counts["options"] += 1
                self._say(request.fields, via, sender, BUSY if self._stopping else HEALTHY)
            case "CANCEL":
                self._cancel(request, via, sender)
            case method:
                self.counts["other_methods"] += 1
                self._say(request.fields, via, sender, NOT_ALLOWED if method in KNOWN else NOT_IMPLEMENTED)

    def _invite(self, request: Request, via: Via, sender: Sender, mark: int) -> None:
        key = key_of(request, via, sender.host)
        kept = self._kept.get(key)
        if kept is not None:
            self.counts["retransmitted"] += 1
            if kept != PENDING:
                sender.send(kept, port_of(via, (sender.host, sender.port)))
            return
        self.counts["calls"] += 1
        attempt = _Attempt(key, mark, request, via, sender)
        if request.max_forwards == 0:
            self._final(attempt, TOO_MANY_HOPS)
        elif has_tag(request.fields["To"]):
            self._final(attempt, NO_TRANSACTION)
        elif self._stopping or self._heard[sender.host] > self.settings.calls_per_second:
            self._unasked(attempt)
        else:
            self._decide(attempt)

    def _decide(self, attempt: _Attempt) -> None:
        calls = calls_of(attempt.request, attempt.sender.trunk or "international")
        found = [self._verdicts.local(call) for call in calls]
        said = [each for each in found if isinstance(each, Verdict)]
        if len(said) == len(found) or any(each.action == "block" for each in said):
            self._verdict(attempt, said)
        elif len(self._asking) >= self.settings.pending:
            self._unasked(attempt)
        else:
            key = attempt.key
            self._kept.put(key, PENDING)
            unsaid = [call for call, each in zip(calls, found, strict=True) if not isinstance(each, Verdict)]
            task = asyncio.ensure_future(self._ask(attempt, unsaid, said))
            self._asking[key] = task, attempt
            task.add_done_callback(lambda _: self._asking.pop(key, None))

    async def _ask(self, attempt: _Attempt, calls: list[Call], said: list[Verdict]) -> None:
        """Wait for the verdicts, and say 100 meanwhile where it takes long (§17.2.1); the pass code when it is late."""
        request, via, sender = attempt.request, attempt.via, attempt.sender
        loop = asyncio.get_running_loop()
        trying = loop.call_later(self.settings.trying_ms / 1000, self._say, request.fields, via, sender, TRYING)
        try:
            async with asyncio.timeout(self.settings.deadline_ms / 1000):
                asked = await asyncio.gather(*(self._verdicts.decide(call) for call in calls))
            self._verdict(attempt, [*said, *asked])
        except TimeoutError:
            self.counts["late"] += 1
            self._final(attempt, self._passing)
        except Exception as wrong:  # noqa: BLE001 — as above
            self._fault(wrong, request.fields, via, sender, attempt.key)
        finally:
            trying.cancel()

    def _cancel(self, request: Request, via: Via, sender: Sender) -> None:
        self.counts["cancels"] += 1
        key = key_of(request, via, sender.host)
        known = self._kept.get(key) is not None
        self._say(request.fields, via, sender, CANCELLED if known else NO_TRANSACTION)
        if key in self._asking:
            task, attempt = self._asking.pop(key)
            task.cancel()
            self._final(attempt, TERMINATED)

    # --- answers ------------------------------------------------------------------------------------------------------

    def _verdict(self, attempt: _Attempt, said: list[Verdict]) -> None:
        verdict = said[0]
        for other in said[1:]:
            verdict = stricter(verdict, other)
        self.counts[verdict.action] += 1
        self._final(attempt, answer_of(verdict, attempt.request.uri, self.settings))

    def _unasked(self, attempt: _Attempt) -> None:
        self.counts["passed_unasked"] += 1
        self._final(attempt, self._passing)

    def _final(self, attempt: _Attempt, answer: Answer) -> None:
        key, sender = attempt.key, attempt.sender
        data = self._say(attempt.request.fields, attempt.via, sender, answer, key)
        self._kept.put(key, data)
        if port_of(attempt.via, (sender.host, sender.port)) == sender.port:
            self._marks.put(attempt.mark, data)

    def _say(self, fields: Fields, via: Via, sender: Sender, answer: Answer, key: str = "") -> bytes:
        source = sender.host, sender.port
        # The same request gets the same tag (§8.2.7), and who does not know this process cannot guess it.
        tag = "" if answer.code == 100 else f"{hash(key or (via.text, source)) & 0xFFFF_FFFF_FFFF_FFFF:x}"
        data = write(fields, via, source, answer.code, answer.phrase, tag=tag, more=answer.more)
        sender.send(data, port_of(via, source))
        return data

    def _refuse(self, wrong: BadRequest, sender: Sender, data: bytes) -> None:
        """Answer what cannot be read, where it is known to whom; an ACK is never answered (§17).

        A call for help goes on whatever is wrong with it, also one to ``urn:service:sos`` (RFC 5031); but not round a loop.
        """
        self.counts["malformed"] += 1
        via = None if wrong.fields is None else read_via(wrong.fields["Via"])
        if via is None or wrong.fields is None:
            return
        try:
            helped = wrong.code != TOO_MANY_HOPS.code and self._verdicts.for_help(called_in(data))
        except Exception as fault:  # noqa: BLE001 — as above
            self._fault(fault, wrong.fields, via, sender)
            return
        if helped:
            self.counts["emergencies"] += 1
            self._say(wrong.fields, via, sender, self._passing)
        else:
            self._say(wrong.fields, via, sender, Answer(wrong.code, wrong.phrase))

    def _stranger(self, data: bytes, sender: Sender) -> None:
        """Refuse a source that may not ask; over UDP it may be forged, so that by default nothing is sent at all."""
        self.counts["strangers"] += 1
        if self.settings.strangers == "silence" and not sender.reliable:
            return
        self._heard["strangers"] += 1
        if self._heard["strangers"] > STRANGERS_PER_SECOND:
            return
        try:
            request = read(data, stream=sender.reliable)
        except BadRequest:
            return
        if request.via is not None:
            self._say(request.fields, request.via, sender, STRANGER)

    def _fault(self, wrong: Exception, fields: Fields, via: Via, sender: Sender, key: str = "") -> None:
        self.counts["faults"] += 1
        if self.counts["faults"] in FAULTS_LOGGED:
            # Its kind and place only: what it says may hold a caller's number.
            place = traceback.extract_tb(wrong.__traceback__)[-1]
            where = f"{type(wrong).__name__} at {Path(place.filename).name}:{place.lineno}"
            _log.error("a verdict failed, the call was passed", extra={"fault": where, "faults": self.counts["faults"]})
        data = self._say(fields, via, sender, self._passing)
        if key:
            self._kept.put(key, data)


#: Strangers that hear 403 in one second, together.
STRANGERS_PER_SECOND = 50
#: Faults are logged with their place at these counts, so that a flood of them does not fill the disk.
FAULTS_LOGGED = frozenset(10**power for power in range(10))


def calls_of(request: Request, trunk: Trunk) -> list[Call]:
    """Return what to decide on: the call by its asserted caller id, and by whatever else may be shown where that is another.

    A telephone shows From. Were only P-Asserted-Identity checked, a clean number there would carry any number to the screen.
    """
    who = parties(request)
    b, diverted, reference = who.b, who.diverted, request.fields["Call-ID"]
    if not f"{b}{diverted}{reference}".isascii() or len(reference) > MAX_TEXT:
        b, diverted, reference = _text(b), _text(diverted), _text(reference)
    if not who.shown and not who.besides:
        return [Call(a=_text(who.a), b=b, trunk=trunk, diverted=diverted, reference=reference)]
    numbers = [who.a, *([who.shown] if who.shown else ()), *who.besides]
    return [Call(a=_text(a), b=b, trunk=trunk, diverted=diverted, reference=reference) for a in numbers]


def _text(text: str) -> str:
    """Return text that can be written and sent: no octets that were no UTF-8, and not without end."""
    return text[:MAX_TEXT] if text.isascii() else text[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
