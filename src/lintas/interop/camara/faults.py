"""Errors as CAMARA writes them: ``{status, code, message}``, each code with its status and its words in one table."""

from typing import NamedTuple

import msgspec

from lintas.model.errors import LintasError


class Kind(NamedTuple):
    """What belongs to an error code: the HTTP status and what a person reads."""

    status: int
    message: str


#: The codes that are answered with. The three definitions name most of them; CAMARA's common list has the rest, which any
#: interface may use (404 NOT_FOUND, 405, 413, 415, 500).
KINDS = {
    "INVALID_ARGUMENT": Kind(400, "The request does not have the form that the definition asks for."),
    "OUT_OF_RANGE": Kind(400, "A value lies outside of what is taken here."),
    "UNAUTHENTICATED": Kind(401, "The access token is missing, not valid or over. Ask for a new one."),
    "PERMISSION_DENIED": Kind(403, "The access token does not have the scope that this needs."),
    "NOT_FOUND": Kind(404, "There is nothing at this address."),
    "IDENTIFIER_NOT_FOUND": Kind(404, "This number is not known here."),
    "METHOD_NOT_ALLOWED": Kind(405, "This address takes POST."),
    "PAYLOAD_TOO_LARGE": Kind(413, "The request is too large."),
    "UNSUPPORTED_MEDIA_TYPE": Kind(415, "Send the request as application/json in UTF-8."),
    "SERVICE_NOT_APPLICABLE": Kind(422, "The service is not offered for this number."),
    "MISSING_IDENTIFIER": Kind(422, "Nothing says which number is meant: neither the access token nor the request."),
    "UNSUPPORTED_IDENTIFIER": Kind(422, "Only a phone number is taken to say which device is meant."),
    "UNNECESSARY_IDENTIFIER": Kind(
        422, "The access token says already which number is meant: leave it out of the request."
    ),
    "TOO_MANY_REQUESTS": Kind(429, "There were too many requests. Wait before the next one."),
    "INTERNAL": Kind(500, "This is a fault of the service, not of the request."),
    "UNAVAILABLE": Kind(503, "The network cannot answer for the moment. Try again later."),
}


class ErrorInfo(msgspec.Struct, frozen=True):
    """The body of an error (schema ``ErrorInfo``)."""

    status: int
    code: str
    message: str


class Fault(LintasError):
    """A request that is answered with an error of ``KINDS``; ``message`` replaces the table's words where given."""

    title = "CAMARA error"

    def __init__(self, code: str, message: str = "") -> None:
        kind = KINDS[code]
        self.code, self.status = code, kind.status
        super().__init__(message or kind.message)

    @property
    def body(self) -> bytes:
        """Return the error as JSON."""
        return msgspec.json.encode(ErrorInfo(self.status, self.code, self.what))
