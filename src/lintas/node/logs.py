"""Logs as JSON lines on stderr, in which no identifier can stand in clear: only what a list allows is ever written.

A message is a constant sentence; what varies goes into ``extra`` under one of the names in FIELDS. Arguments of a message,
texts of exceptions and every other field are never written, whoever logs them (our rooms, the web server, a library).
"""

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from lintas.model import times

#: The only fields of ``extra`` that are written: kinds, counts, durations, and names that an administrator chose.
FIELDS = frozenset(
    {
        "authority", "count", "entries", "event", "fault", "hearer", "kind", "lane", "list", "listener", "method", "ms",
        "outcome", "peer", "port", "reason", "role", "room", "route", "seconds", "seq", "size", "status", "version", "why",
    }
)  # fmt: skip

#: Loggers whose chatter about each request or query helps nobody who runs a node.
_QUIET = ("uvicorn", "uvicorn.error", "httpx", "httpcore", "sqlalchemy", "alembic", "asyncio")
#: Looks like a phone, account or card number, an address, a URL or a wallet: withheld even in an allowed field.
_IDENTIFIER = re.compile(r"\d(?:[ .()-]{0,2}\d){5,}|@|://|www\.|\b(?:0x|bc1|[13T])[0-9A-Za-z]{25,}", re.IGNORECASE)
#: Our own ids: a kind and hexadecimal digits, or hexadecimal digits alone (hashes, fault numbers).
_OWN_ID = re.compile(r"(?:[a-z]{2,16}-)?(?=[0-9a-f]*[a-f])[0-9a-f]{16,64}")
#: Five digits in a row do not stand in a sentence that somebody wrote down once.
_PUT_TOGETHER = re.compile(r"\d{5,}")
_LARGEST = 10**9
_WITHHELD = "(withheld)"


class JsonLines(logging.Formatter):
    """Writes ``{time, level, logger, message, error?, at?, ...allowed fields}``; times are RFC 3339 UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line; never fails, whatever a library put into the record."""
        line: dict[str, object] = {
            "time": times.render(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": "a library warned" if record.name == "py.warnings" else _message(record.msg),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["at"] = _place(record.exc_info[2])
        line |= {name: _value(value) for name, value in record.__dict__.items() if name in FIELDS}
        return json.dumps(line, ensure_ascii=True)


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """Stay silent: the standard library would print the record's arguments, unfiltered."""


def configure(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send every logger of the process through one JSON-lines handler; call it once, before anything is served."""
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    value = ended.exc_value or ended.exc_type()
    where = (ended.exc_type, value, ended.exc_traceback)
    logging.getLogger("lintas.node").error("a thread ended with an error", exc_info=where)


def _message(said: object) -> str:
    """Return the first line of the constant sentence, without its arguments; withheld if it looks put together."""
    if not isinstance(said, str):
        return type(said).__name__
    first = said.strip().partition("\n")[0][:200]
    return _WITHHELD if _PUT_TOGETHER.search(first) or _IDENTIFIER.search(first) else first


def _value(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < _LARGEST else _WITHHELD
    if isinstance(value, str) and len(value) <= 120 and (_OWN_ID.fullmatch(value) or not _IDENTIFIER.search(value)):
        return value
    return _WITHHELD


def _place(trace: TracebackType | None) -> str:
    """Name the innermost module and line of a traceback: where, but not what."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
