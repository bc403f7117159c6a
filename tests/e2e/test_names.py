"""The commands about names as people run them: a server in a process of its own, checks and exports beside it."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest
from tests.e2e.program import LINTAS, run_many
from tests.unit.telco.names.listing import entry

FOR_EVER = "2099-01-01T00:00:00Z"
WHOSE = ["--owner", "XA Anti-Scam Centre", "--contest", "https://desk.xa.example/contest?id="]


class Served(NamedTuple):
    url: str
    folder: Path
    process: "subprocess.Popen[str]"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("names")
    entries = [
        entry("scam.xb", expires=FOR_EVER),
        entry("co.uk", expires=FOR_EVER),
        *(entry(f"scam{number}.xb", expires=FOR_EVER) for number in range(20)),
    ]
    (folder / "entries.jsonl").write_bytes(b"\n".join(msgspec.json.encode(one) for one in entries))
    (folder / "senders.jsonl").write_bytes(b"")
    command = [*LINTAS, "telco", "names", "--entries", "entries.jsonl", *WHOSE, "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        said = re.match(r"ready names (http://127\.0\.0\.1:\d+) \(21 names\)", process.stdout.readline())
        assert said, process.stderr.read()
        yield Served(said[1], folder, process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (0, "")
        assert err == "left out: 'co.uk' (aaaaaaaaaaaaaaaa): it is an ending below which strangers register\n"


def test_a_check_tells_eight_listed_prefixes_or_nothing(served: Served) -> None:
    check = ["telco", "url", "--server", served.url, "--list", "copy"]
    listed, again, honest, home, bad, nobody = run_many(
        [
            [*check, "https://www.scam.xb/login"],
            [*check, "http://scam.xb"],
            [*check, "https://honest.xb/"],
            ["telco", "url", "--entries", "entries.jsonl", "scam.xb"],
            ["telco", "url", "--server", served.url, "javascript:alert(1)"],
            ["telco", "url", "--server", "http://127.0.0.1:1", "scam.xb"],
        ],
        served.folder,
    )
    found = json.loads(listed.out)
    assert (listed.code, found["asked"], found["found"][0]["expression"]) == (1, 8, "scam.xb/")
    assert (again.code, json.loads(again.out)["list"]) == (1, found["list"])
    assert (honest.code, json.loads(honest.out)["asked"]) == (0, 0)
    assert (home.code, json.loads(home.out)["listed"]) == (1, True)
    assert (bad.code, nobody.code) == (2, 1) and "Traceback" not in bad.err + nobody.err
    assert (served.folder / "copy.secret").stat().st_mode & 0o777 == 0o600


def test_exports_and_senders(served: Served) -> None:
    export = [
        "telco",
        "export",
        "--entries",
        "entries.jsonl",
        *WHOSE,
        "--at",
        "2026-11-01T00:00:00Z",
        "--format",
        "rpz",
    ]
    sender = ["telco", "sender", "XATLBank", "--registry", "senders.jsonl", "--jurisdiction", "xa"]
    first, second, labelled, blocked, nowhere, names = run_many(
        [
            [*export, "--out", "zone"],
            [*export, "--out", "zone2"],
            sender,
            [*sender, "--preset", "strict"],
            [*export, "--out", "no/such/zone"],
            ["telco", "names", "--entries", "entries.jsonl", *WHOSE, "--host", "192.0.2.1"],
        ],
        served.folder,
    )
    assert first.code == second.code == 0
    assert (served.folder / "zone").read_bytes() == (served.folder / "zone2").read_bytes()
    assert "co.uk" not in (served.folder / "zone").read_text()
    assert (labelled.code, json.loads(labelled.out)["label"]) == (0, "Likely-SCAM")
    assert (blocked.code, nowhere.code, names.code) == (1, 2, 2)


def test_a_person_led_here_sees_the_block_page(served: Served) -> None:
    page = httpx.get(served.url + "/x", headers={"host": "login.scam.xb"})
    assert page.status_code == 451 and "XA Anti-Scam Centre" in page.text
