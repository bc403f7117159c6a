"""Why a node cannot be asked, in words that the log writes."""

import io
import json
import logging
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import msgspec
import pytest

from lintas.gateway.following.reasons import check, why
from lintas.model.errors import Refused, Unavailable
from lintas.node import logs
from lintas.trust.certificates import self_signed


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve over TLS with a certificate that nobody trusts."""
    where = tmp_path_factory.mktemp("door")
    shown = self_signed(["127.0.0.1"], now=datetime.now(UTC), name="x")
    (where / "both.pem").write_text(shown.certificate_pem + shown.key_pem, "ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(where / "both.pem")
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a refused handshake is what is wanted
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def error_of(url: str) -> Exception:
    with pytest.raises(httpx.HTTPError) as wrong:
        httpx.get(url, trust_env=False, timeout=5)
    return wrong.value


def test_the_log_says_what_to_do(door: str) -> None:
    wrongs: list[tuple[Exception, str]] = [
        (error_of(door), "`trust`"),
        (error_of("http://127.0.0.1:9"), "cannot be reached"),
        (httpx.ReadTimeout("x"), "in time"),
        (httpx.RemoteProtocolError("x"), "RemoteProtocolError"),
        (Refused("unknown_key", "no known key has signed this", "compare keys with the list's publisher"), "known key"),
        (Unavailable("w" * 200), "www"),
        (msgspec.DecodeError("x"), "not a node's"),
        (OSError(28, "No space left on device"), "No space left"),
    ]
    for status, part in ((401, "key issue --role telco"), (403, "(403)"), (404, "(404)"), (503, "503")):
        with pytest.raises(Unavailable) as refused:
            check(status)
        wrongs.append((refused.value, part))
    for wrong, part in wrongs:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logs.JsonLines())
        record = logging.LogRecord("lintas.gateway", logging.WARNING, "", 1, "the list is not followed now", (), None)
        record.__dict__ |= {"list": "calls", "why": why(wrong)}
        handler.emit(record)
        said = json.loads(stream.getvalue())
        assert said["list"] == "calls" and part in said["why"], said
    check(204)
