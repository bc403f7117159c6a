"""Writes HTTP answers: heads, JSON bodies, and errors as problem documents (RFC 9457)."""

from http import HTTPStatus
from typing import NamedTuple

import msgspec
from starlette.exceptions import HTTPException

from lintas.http.problems import MEDIA, describe
from lintas.model.errors import LintasError

JSON = b"application/json"
_PLAIN_200 = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


class Answer(NamedTuple):
    """A status, the kind of body, the body, and further header lines (each ends with CRLF)."""

    status: int
    body: bytes
    media: bytes = JSON
    more: bytes = b""


def write(answer: Answer, *, head_only: bool = False, close: bool = False) -> bytes:
    """Write an answer; ``head_only`` for HEAD, whose head is that of GET (RFC 9110 section 9.3.2)."""
    if answer.status == 200 and not (head_only or close or answer.more) and answer.media is JSON:
        return _PLAIN_200 % (len(answer.body), answer.body)
    return b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b%b\r\n%b" % (
        answer.status,
        HTTPStatus(answer.status).phrase.encode(),
        answer.media,
        len(answer.body),
        answer.more,
        b"connection: close\r\n" if close else b"",
        b"" if head_only else answer.body,
    )


def problem(wrong: BaseException) -> Answer:
    """Write what went wrong, and nothing of how the program looks inside."""
    document, headers = describe(wrong)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return Answer(document.status, msgspec.json.encode(document), MEDIA.encode(), lines.encode("latin-1"))


def status(code: int, detail: str, **headers: str) -> Answer:
    """Write an error that HTTP itself has a status for."""
    return problem(HTTPException(code, detail, headers))


def error_text(wrong: LintasError) -> str:
    """Return an error as a phrase beside one number of many."""
    return str(wrong)
