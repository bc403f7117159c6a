"""Request bodies, limited before they are parsed: media type, size, time, encoding, nesting; then decoded strictly."""

import asyncio
import re
from collections.abc import Collection, Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, get_origin
from urllib.parse import parse_qsl

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from lintas.model.errors import BadInput, LintasError, MalformedInput, TooLarge

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
#: A form with files, as browsers send it (RFC 7578).
FILES = "multipart/form-data"
#: The field of a form that tells it from every other (see ``lintas.http.once``); no route's own.
ONCE = "once"
#: Bytes of a body where the route says nothing, and at most.
DEFAULT_LIMIT = 1 << 20
MAX_LIMIT = 16 << 20
#: Levels of arrays and objects inside each other.
MAX_DEPTH = 32
#: Digits of a whole number outside a text: what is longer does not fit the 64 bits of a database column.
MAX_DIGITS = 18
#: Seconds in which a whole body must arrive.
MAX_SECONDS = 30.0

_MAX_FIELDS = 500
_TEXTS = re.compile(rb'"[^"]*(?:"|\Z)')
_LONG_NUMBER = re.compile(rb"(?<![0-9.eE])(?<![eE][+-])[0-9]{%d,}+(?![.eE])" % (MAX_DIGITS + 1))
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_PATH = re.compile(r"(.*) - at `(.*)`", re.DOTALL)


def media_of(request: Request, accepted: Collection[str]) -> str:
    """Return the body's media type; 415 unless it is one of those accepted, in UTF-8 and not compressed."""
    media, _, parameters = request.headers.get("content-type", "").partition(";")
    media = media.strip().lower()
    if media not in accepted:
        raise HTTPException(
            415, f"a body of the type {media or 'unnamed'} is not taken here, only {', '.join(accepted)}"
        )
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise HTTPException(415, "only UTF-8 is taken here")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "a compressed body is not taken here")
    return media


async def read(request: Request, limit: int = DEFAULT_LIMIT) -> bytes:
    """Read at most ``limit`` bytes; TooLarge beyond (before reading, where the length was announced), 408 when slow."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise _too_large(limit)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(MAX_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                chunks.append(chunk)
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {MAX_SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise MalformedInput("the body ended early", "send it again") from None
    return b"".join(chunks)


def decode_json(body: bytes, shape: Any) -> Any:  # noqa: ANN401 — the route's own type, known to its handler
    """Decode strictly into ``shape``: MalformedInput for no JSON, TooLarge when deep, BadInput naming the JSON path."""
    check_json(body)
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as wrong:
        raise _misfit(wrong) from None
    except ValueError as wrong:
        raise MalformedInput(f"the body is not JSON: {wrong}", "send one JSON value in UTF-8", where="body") from None


def decode_form(body: bytes, shape: Any) -> Any:  # noqa: ANN401 — the route's own type, known to its handler
    """Decode an HTML form into a struct; an empty field counts as left out, a repeated one needs a sequence field.

    The field ``once`` is left out: it belongs to the form and not to what it says.
    """
    return _fitted(_pairs(body), shape)


def decode_files(request: Request, body: bytes, shape: Any) -> Any:  # noqa: ANN401 — the route's own type, known to its handler
    """Decode a form with files into a struct; a file is a field of ``bytes``, and one that was not chosen is left out."""
    return _fitted([(name, value) for name, value in pieces(request, body) if value], shape)


def pieces(request: Request, body: bytes) -> Sequence[tuple[str, str | bytes]]:
    """Return the fields and files of a form, whichever way it was sent."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FILES:
        return _pairs(body)
    boundary = re.search(r"boundary=\"?([^\s;\"]+)", request.headers["content-type"])
    # A parser is content with the part that arrived; its sender is not.
    if boundary is None or not body.rstrip().endswith(b"--" + boundary[1].encode() + b"--"):
        raise _broken()
    head = b"content-type: " + request.headers["content-type"].encode("latin-1") + b"\r\n\r\n"
    form = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = form.get_payload()
    # The parser makes the best of what is cut or made up, and notes what it missed.
    if form.defects or not isinstance(parts, list) or len(parts) > _MAX_FIELDS:
        raise _broken()
    return [_piece(part) for part in parts if isinstance(part, Message)]


def _piece(part: Message) -> tuple[str, str | bytes]:
    """Return the name of one part and what it holds: text, or bytes where it is a file."""
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    if part.defects or not isinstance(name, str) or not isinstance(content, bytes):
        raise _broken()
    if part.get_filename() is not None:
        return name, content
    try:
        return name, content.decode()
    except UnicodeDecodeError:
        raise MalformedInput("the body is not a form in UTF-8", "send it as a browser would", where="body") from None


def _broken() -> MalformedInput:
    return MalformedInput("the form with its file arrived broken", "choose the file again", where="body")


def _fitted(pairs: Sequence[tuple[str, str | bytes]], shape: Any) -> Any:  # noqa: ANN401 — see decode_form
    several = {f.encode_name for f in msgspec.structs.fields(shape) if get_origin(f.type) in (tuple, list, frozenset)}
    values: dict[str, Any] = {}
    for name, value in pairs:
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            raise _null(f"body $.{name}")
        if name == ONCE:
            continue
        if name in several:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise BadInput("this field is there twice", "send it once", where=f"body $.{name}")
        else:
            values[name] = value
    try:
        return msgspec.convert(values, shape, strict=False, builtin_types=(bytes,))
    except msgspec.ValidationError as wrong:
        raise _misfit(wrong) from None


async def typed(request: Request, limit: int = DEFAULT_LIMIT) -> dict[str, str]:
    """Read what somebody typed into a form, whatever its shape, without its files; the last of two of a name counts."""
    sent = pieces(request, await read(request, limit))
    return {name: value for name, value in sent if isinstance(value, str) and "\0" not in name + value}


def _pairs(body: bytes) -> Sequence[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise MalformedInput("the body is not a form in UTF-8", "send it as a browser would", where="body") from None


def check_json(body: bytes) -> None:
    """Refuse what no parser should see, in linear time: bad UTF-8, U+0000, numbers beyond 64 bits, deep nesting.

    What is left is either JSON of at most MAX_DEPTH levels or so broken that the parser stops before going deeper.
    """
    if not body:
        raise MalformedInput("the body is empty", "send one JSON value in UTF-8", where="body")
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        raise MalformedInput("the body is not UTF-8", "encode it as UTF-8", where=f"body byte {wrong.start}") from None
    # Without escaped backslashes and quotes, each quote left begins or ends a text.
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if b"\\u0000" in bare:
        raise _null("body")
    bare = _TEXTS.sub(b" ", bare)
    if _LONG_NUMBER.search(bare):
        do = "write larger numbers as text"
        raise BadInput(f"the body holds a whole number of more than {MAX_DIGITS} digits", do, where="body")
    if _too_deep(bare):
        raise TooLarge(f"the body is nested more than {MAX_DEPTH} levels deep", "send it flatter", where="body")


def _too_deep(bare: bytes) -> bool:
    """Take the innermost pairs away, one level a pass: what stays after MAX_DEPTH passes is deeper, or unbalanced."""
    brackets = bare.translate(_BRACKETS, delete=_NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if b"[]" not in brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    return b"[]" in brackets or brackets.count(b"[") > MAX_DEPTH


def _misfit(wrong: msgspec.ValidationError) -> BadInput:
    said = _PATH.fullmatch(str(wrong))
    what, path = (said[1], said[2]) if said else (str(wrong), "$")
    return BadInput(what, "see the OpenAPI document for the shape expected here", where=f"body {path}")


def _null(where: str) -> LintasError:
    return BadInput("a text holds the character U+0000", "leave it out", where=where)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit:,} bytes", "send it in parts", where="body")
