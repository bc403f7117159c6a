"""Says in plain words, fit for the log, why a node cannot be asked: no address and no number stands in it."""

from http import HTTPStatus

import httpx
import msgspec

from lintas.model.errors import LintasError, Unavailable

#: The log withholds what is longer.
LONGEST = 120


def check(status: int) -> None:
    """Raise Unavailable, with what to do, for an answer of a node that is no success."""
    if httpx.codes.is_success(status):
        return
    match status:
        case HTTPStatus.UNAUTHORIZED:
            what, do = "the node refuses this key (401)", "issue one with lintas key issue --role telco"
        case HTTPStatus.FORBIDDEN:
            what, do = "the node does not let this key do that (403)", "issue one with lintas key issue --role telco"
        case HTTPStatus.NOT_FOUND:
            what, do = "the node knows nothing of it (404)", "compare `node` with the authority's public address"
        case _:
            what, do = f"the node answered {status}", "it is asked again"
    raise Unavailable(what, do)


def why(wrong: Exception) -> str:
    """Return what went wrong and what to do."""
    match wrong:
        case LintasError():
            return (f"{wrong.what}: {wrong.do}" if wrong.do else wrong.what)[:LONGEST]
        case httpx.ConnectError() if "CERTIFICATE_VERIFY" in str(wrong):
            return "the node's certificate is not one that `trust` names, or not for the host in `node`"
        case httpx.ConnectError():
            return "the node cannot be reached: compare `node` with its public address"
        case httpx.TimeoutException():
            return "the node does not answer in time"
        case httpx.HTTPError():
            return f"the connection to the node failed ({type(wrong).__name__})"
        case msgspec.MsgspecError():
            return "the answer is not a node's: compare `node` with its public address"
        case OSError():
            return f"a file cannot be written ({wrong.strerror or type(wrong).__name__})"
        case _:
            return type(wrong).__name__
