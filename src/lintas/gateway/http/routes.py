"""What each address of the verdict service means: one number, many numbers, counts, health."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, get_args
from urllib.parse import unquote

import msgspec

from lintas.gateway.http.answers import Answer, plain_200, problem, status, write
from lintas.gateway.verdict import Verdicts, encode
from lintas.model.errors import BadInput, LintasError, MalformedInput, NotFound, TooLarge
from lintas.telco.lists.e164 import read
from lintas.telco.records import Call, Trunk, Verdict
from lintas.trust.keys import UNREADABLE

PREFIX = b"/telco/v1/check/"
#: A request for one number with header lines that say nothing about body or connection (RFC 9112 sections 3 and 5).
_PLAIN = re.compile(
    rb"GET /telco/v1/check/(?:\+|%2[Bb]|00)?([1-9][0-9]{4,14}) HTTP/1\.1\r\n"
    rb"(?:(?!(?i:connection|content-|transfer-|expect|upgrade|te:|trailer|http2-))"
    rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n"
)
CHECK, COUNTERS, HEALTH = b"/telco/v1/check", b"/telco/v1/counters", b"/healthz"
_ADDRESSES = "there are /telco/v1/check/{number}, /telco/v1/check, /telco/v1/counters and /healthz"
#: Numbers in one request, and how many of them are looked up before calls that wait have their turn.
MOST_NUMBERS, SLICE = 10_000, 200

Health = Callable[[], dict[str, object]]

_TRUNKS: dict[str, Trunk] = {each: each for each in get_args(Trunk)}


class _Bulk(msgspec.Struct, forbid_unknown_fields=True):
    numbers: list[Annotated[str, msgspec.Meta(max_length=200)]]


class Routes:
    """Answers requests; ``answer`` returns at once what needs nobody else, and an awaitable for the rest."""

    plain = _PLAIN

    def __init__(self, verdicts: Verdicts, health: Health) -> None:
        self._verdicts, self._health = verdicts, health

    def quick(self, asked: re.Match[bytes]) -> bytes:
        """Answer what ``plain`` matched."""
        try:
            return plain_200(self._verdicts.listed_json(int(asked[1])))
        except Exception as wrong:  # noqa: BLE001 — as below
            return write(problem(wrong))

    def answer(self, method: bytes, target: bytes, body: bytes) -> Answer | Awaitable[Answer]:
        """Answer one request; never raises for what is in it."""
        try:
            if target.startswith(PREFIX):
                if method not in (b"GET", b"HEAD"):
                    return status(405, "a number is asked for by GET", allow="GET, HEAD")
                return self._one(target[len(PREFIX) :])
            path, _, query = target.partition(b"?")
            allowed = {CHECK: (b"POST",), COUNTERS: (b"GET", b"HEAD"), HEALTH: (b"GET", b"HEAD")}.get(path)
            if allowed is None:
                raise NotFound("there is nothing at this address", _ADDRESSES)
            if method not in allowed:
                names = b", ".join(allowed).decode()
                return status(405, f"this address takes {names}", allow=names)
            if path == CHECK:
                return self._many(body)
            if path == COUNTERS:
                return self._counts(query)
            return Answer(200, msgspec.json.encode(self._health()))
        except LintasError as wrong:
            return problem(wrong)
        except Exception as wrong:  # noqa: BLE001 — a fault in one answer must not end the connection of a switch
            return problem(wrong)

    def _one(self, rest: bytes) -> Answer | Awaitable[Answer]:
        written, _, query = rest.decode("latin-1").partition("?")
        number = read(written)
        if number is None:
            written = unquote(written)
            number = read(written)
        if not query:
            if number is None:
                raise _no_number(written)
            return Answer(200, self._verdicts.listed_json(number))
        call = _call(written, query)
        if number is None and self._verdicts.ladder is None:
            raise _no_number(written)
        first = self._verdicts.local(call)
        if isinstance(first, Verdict):
            return Answer(200, encode(first))
        return self._asked(call)

    async def _asked(self, call: Call) -> Answer:
        return Answer(200, encode(await self._verdicts.decide(call)))

    def _counts(self, query: bytes) -> Answer:
        since = _parameters(query.decode("latin-1"), ("since",)).get("since", "0")
        if not since.isascii() or not since.isdigit() or len(since) > 12:
            raise MalformedInput("since is no number of seconds", "write seconds since 1970")
        return Answer(200, msgspec.json.encode(self._verdicts.counters.rows(int(since))))

    async def _many(self, body: bytes) -> Answer:
        try:
            asked = msgspec.json.decode(body, type=_Bulk).numbers
        except UNREADABLE as wrong:
            return problem(MalformedInput(f"the body cannot be read ({wrong})", 'send {"numbers": ["+999…", …]}'))
        if len(asked) > MOST_NUMBERS:
            return problem(TooLarge(f"{len(asked):,} numbers", f"send at most {MOST_NUMBERS:,} at once"))
        parts: list[bytes] = []
        for start in range(0, len(asked), SLICE):
            if start:
                await asyncio.sleep(0)
            parts += self._some(asked[start : start + SLICE])
        return Answer(200, b"[" + b",".join(parts) + b"]")

    def _some(self, texts: list[str]) -> list[bytes]:
        """Answer a slice: each number with its verdict, or with what is wrong with it."""
        numbers = [read(text) for text in texts]
        good = [number for number in numbers if number is not None]
        parts = [b'{"number":"+%d",%b' % pair for pair in zip(good, self._verdicts.listed_json_many(good), strict=True)]
        if len(good) == len(texts):
            return parts
        said = iter(parts)
        return [
            msgspec.json.encode({"number": text, "error": _no_number(text).what}) if number is None else next(said)
            for text, number in zip(texts, numbers, strict=True)
        ]


def _call(a: str, query: str) -> Call:
    given = _parameters(query, ("trunk", "b", "diverted", "reference"))
    trunk = given.get("trunk", "international")
    if trunk not in _TRUNKS:
        raise BadInput(f"{trunk[:40]!r} is no trunk class", f"write one of {', '.join(_TRUNKS)}")
    return Call(
        a=a,
        b=given.get("b", ""),
        trunk=_TRUNKS[trunk],
        diverted=given.get("diverted", ""),
        reference=given.get("reference", ""),
    )


def _parameters(query: str, known: tuple[str, ...]) -> dict[str, str]:
    """Read a query; a plus is a plus here, since numbers begin with it. BadInput for a name that means nothing."""
    given: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in known or name in given:
            raise BadInput(f"the parameter {name[:40]!r} is unknown or given twice", f"there are {', '.join(known)}")
        given[name] = unquote(value)
    return given


def _no_number(text: str) -> MalformedInput:
    return MalformedInput(
        f"{text[:40]!r} is no number in E.164 form", "write +, country code and number: 5 to 15 digits, such as +999…"
    )
