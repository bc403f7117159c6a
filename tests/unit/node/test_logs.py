"""Logs: JSON lines in which an identifier cannot stand, whoever logs it and however."""

import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.node import logs

IDENTIFIERS = (
    "+60123456789",
    "60 12-345 6789",
    "1234567890",
    "victim@bank.example",
    "https://scam.example/pay",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Configure logging as a node does, and put everything back afterwards."""
    root, access, hook = logging.getLogger(), logging.getLogger("uvicorn.access"), threading.excepthook
    kept = root.handlers[:], root.level, access.disabled
    levels = {name: logging.getLogger(name).level for name in ("uvicorn", "uvicorn.error", "asyncio", "httpx")}
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], threading.excepthook = kept[0], hook
    root.setLevel(kept[1])
    access.disabled = kept[2]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _read(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_the_allowed_fields_and_no_other(lines: io.StringIO) -> None:
    extra = {"count": 3, "ms": 1.5, "peer": "xb-authority", "account": "60123456789", "text": "please help"}
    logging.getLogger("lintas.exchange").info("an envelope was delivered", extra=extra)
    [line] = _read(lines)
    assert str(line.pop("time")).endswith("Z")
    assert line == {
        "level": "info",
        "logger": "lintas.exchange",
        "message": "an envelope was delivered",
        "count": 3,
        "ms": 1.5,
        "peer": "xb-authority",
    }


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_an_identifier_appears_nowhere(lines: io.StringIO, identifier: str) -> None:
    log = logging.getLogger("lintas.intake")
    log.warning("a report names %s", identifier)
    log.warning(f"a report names {identifier}")  # the mistake that must not matter
    log.warning("a report", extra={"account": identifier, "reason": identifier, "peer": f"see {identifier}"})
    log.warning(ValueError(identifier))
    log.warning("first line\nthen %s and " + identifier)
    try:
        raise ValueError(identifier)
    except ValueError:
        log.exception("a use case failed")
    written = lines.getvalue()
    assert identifier not in written and len(_read(lines)) == 6
    failed = _read(lines)[5]
    assert failed["error"] == "ValueError" and str(failed["at"]).split(":")[0].endswith("test_logs")


def test_a_message_with_the_wrong_arguments_is_written_without_them() -> None:
    record = logging.LogRecord("lintas", logging.INFO, "", 0, "wrong: %d %d", ("60123456789",), None)
    assert json.loads(logs.JsonLines().format(record))["message"] == "wrong: %d %d"


@given(st.sampled_from(sorted(logs.FIELDS)), st.from_regex(r"\A.{0,10}\+?[1-9][0-9]{6,14}.{0,10}\Z"))
def test_no_allowed_field_carries_a_number_of_a_phone_or_account(field: str, value: str) -> None:
    record = logging.LogRecord("lintas", logging.INFO, "", 0, "said", None, None)
    record.__dict__[field] = value
    assert json.loads(logs.JsonLines().format(record))[field] == "(withheld)"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("hold-0197c0de4f2a7b31d2e9a8c4f0b1", "hold-0197c0de4f2a7b31d2e9a8c4f0b1"),
        ("9f86d081884c7d65", "9f86d081884c7d65"),
        ("/api/v1/holds/{id}", "/api/v1/holds/{id}"),
        ("0.1.0", "0.1.0"),
        (None, None),
        (True, True),
        (8443, 8443),
        (60123456789, "(withheld)"),
        (float("nan"), "(withheld)"),
        (["60123456789"], "(withheld)"),
        (b"60123456789", "(withheld)"),
        ("x" * 121, "(withheld)"),
    ],
)
def test_values_of_allowed_fields(value: object, written: object) -> None:
    record = logging.LogRecord("lintas", logging.INFO, "", 0, "said", None, None)
    record.__dict__["reason"] = value
    assert json.loads(logs.JsonLines().format(record))["reason"] == written


def test_the_web_server_and_libraries_go_through_it(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=ValueError("60123456789"))
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 1)
    logging.getLogger("uvicorn.access").info('%s - "%s"', "127.0.0.1", "GET /holds/60123456789")
    logging.getLogger("httpx").info("HTTP Request: %s", "https://xb.example/60123456789")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task exception=60123456789>")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("about 60123456789", UserWarning, stacklevel=1)
    messages = [line["message"] for line in _read(lines)]
    assert messages == ["Exception in ASGI application", "Task exception was never retrieved", "a library warned"]
    assert "60123456789" not in lines.getvalue()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_says_so_without_its_text(lines: io.StringIO) -> None:
    def die() -> None:
        raise ValueError("60123456789")

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    [line] = _read(lines)
    assert (line["message"], line["error"]) == ("a thread ended with an error", "ValueError")
    assert "60123456789" not in lines.getvalue()


def test_a_closed_stream_prints_nothing_else(lines: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    lines.close()
    logging.getLogger("lintas").error("said %s", "60123456789")
    assert capsys.readouterr().err == ""
