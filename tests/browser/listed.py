"""A gateway for names with a hundred listed domains, in a process of its own; and a message with one of them."""

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
from tests.e2e.program import LINTAS
from tests.unit.telco.names.listing import entry

FOR_EVER = "2099-01-01T00:00:00Z"
CONTEST = "https://desk.xa.example/contest?id="
IDS = [f"{letter}{other}aaaaaaaaaaaaaa" for letter in "abcdefghij" for other in "abcdefghij"]
LISTED = "https://login.scam.xb/verify?card=4417"
MESSAGE = f"XATL: your card is stopped. Open {LISTED} within 24 hours!"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve until the end of the block; gives the address."""
    entries = [
        entry("scam.xb", id="zzzzzzzzzzzzzzzz", expires=FOR_EVER),
        entry("http://t.me/xatl_gift", "url", id="yyyyyyyyyyyyyyyy", expires=FOR_EVER),
        *(entry(f"scam{number}.xb", id=each, expires=FOR_EVER) for number, each in enumerate(IDS)),
    ]
    (folder / "entries.jsonl").write_bytes(b"\n".join(msgspec.json.encode(one) for one in entries))
    command = [*LINTAS, "telco", "names", "--entries", "entries.jsonl", "--owner", "XA Anti-Scam Centre"]
    command += ["--contest", CONTEST, "--hotline", "+999 1997", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = re.match(r"ready names (http://127\.0\.0\.1:\d+)", process.stdout.readline())
        try:
            assert said
            yield said[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
