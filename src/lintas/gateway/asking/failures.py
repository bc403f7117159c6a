"""Says in plain words, fit for the log, why an operator did not answer: no address and no number stands in it."""

import asyncio
import ssl

from lintas.model.errors import LintasError

#: The log withholds what is longer.
LONGEST = 120


def why(wrong: Exception) -> str:
    """Return what went wrong, and where to look."""
    match wrong:
        case LintasError():
            return (f"{wrong.what}: {wrong.do}" if wrong.do else wrong.what)[:LONGEST]
        case ssl.SSLCertVerificationError():
            return f"its certificate is not the one in the directory, or not for its host ({wrong.verify_code})"
        case ssl.SSLError() | ConnectionResetError() | BrokenPipeError() | asyncio.IncompleteReadError():
            return "it ended the connection: does it know this gateway's certificate, and is one shown to it?"
        case ConnectionRefusedError():
            return "nobody listens at its address"
        case OSError():
            return f"it cannot be reached ({type(wrong).__name__})"
        case _:
            return type(wrong).__name__
