"""The one tree of errors: each class says what happened and what to do, and is mapped once to HTTP and once to exit codes.

``status`` is the HTTP status of the problem document (RFC 9457), ``exit_code`` that of the command line
(1: the answer is no, or a check failed; 2: bad usage or bad input).
"""


class LintasError(Exception):
    """Root of every error that a user may see; ``what`` happened, what to ``do``, and ``where`` (file, line, field)."""

    status = 500
    exit_code = 1
    title = "Something went wrong"

    def __init__(self, what: str, do: str = "", *, where: str = "") -> None:
        self.what, self.do, self.where = what, do, where
        super().__init__(str(self))

    def __str__(self) -> str:
        """Render the one line a user reads."""
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line} — {self.do}" if self.do else line


class BadInput(LintasError):
    """What was given cannot be read or makes no sense; nothing was stored."""

    status = 422
    exit_code = 2
    title = "Bad input"


class MalformedInput(BadInput):
    """What was given is not of the announced format (broken JSON, XML, CSV, base64)."""

    status = 400
    title = "Malformed input"


class TooLarge(BadInput):
    """What was given is larger or deeper than the stated limit."""

    status = 413
    title = "Too large"


class NotSignedIn(LintasError):
    """No key, or a key that nobody here issued."""

    status = 401
    title = "Not signed in"


class TooManyTries(LintasError):
    """So many wrong tries came that further ones wait."""

    status = 429
    title = "Too many tries"


class NotAllowed(LintasError):
    """The caller is known, and its role does not cover this."""

    status = 403
    title = "Not allowed"


class Refused(LintasError):
    """The answer is no, by law, by policy or by proof; ``reason`` is a short stable code."""

    status = 403
    title = "Refused"

    def __init__(self, reason: str, what: str, do: str = "", *, where: str = "") -> None:
        self.reason = reason
        super().__init__(what, do, where=where)


class NotFound(LintasError):
    """No such thing here, or none that the caller may see."""

    status = 404
    title = "Not found"


class Conflict(LintasError):
    """The thing exists already, or changed since it was read."""

    status = 409
    title = "Conflict"


class CheckFailed(LintasError):
    """A verification gave a clear no (a ledger, a proof, a policy example)."""

    status = 422
    title = "Check failed"


class Unavailable(LintasError):
    """The node cannot do this now (disk full, shutting down); nothing was acknowledged, trying again is safe."""

    status = 503
    title = "Unavailable"
