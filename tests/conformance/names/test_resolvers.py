"""Real resolvers obey what is exported: BIND the policy zone, dnsmasq its file; a name and all below it, and nothing else."""

import contextlib
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.unit.telco.names.listing import NOW, entry

from lintas.telco.names.entries import listable
from lintas.telco.names.exports import About, export

LISTED = listable([entry("scam.xb"), entry("x.y.scam.xb"), entry("one.scam.xc")], NOW).entries
BLOCKED = (
    "scam.xb",
    "a.scam.xb",
    "a.b.c.scam.xb",
    "y.scam.xb",
    "q.y.scam.xb",
    "x.y.scam.xb",
    "one.scam.xc",
    "z.one.scam.xc",
)
FREE = ("honest.xb", "notscam.xb", "scam.xc", "two.scam.xc")
NOERROR, NXDOMAIN = 0, 3
ZONE = "$TTL 60\n@ IN SOA localhost. root.localhost. ( 1 60 60 60 60 )\n@ IN NS localhost.\n"
NAMED = """
options {{
  directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/key"; managed-keys-directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; allow-query {{ 127.0.0.1; }};
  recursion yes; dnssec-validation no; response-policy {{ zone "rpz.lintas.invalid"; }} qname-wait-recurse no;
}};
controls {{ }};
zone "rpz.lintas.invalid" {{ type primary; file "rpz.zone"; }};
zone "xa" {{ type primary; file "xa.zone"; }};
zone "xb" {{ type primary; file "some.zone"; }};
zone "xc" {{ type primary; file "some.zone"; }};
"""


class Said(NamedTuple):
    code: int
    addresses: tuple[str, ...]


def ask(port: int, name: str) -> Said | None:
    """Ask for a name's IPv4 addresses (RFC 1035, section 4.1); None where nobody answers."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.settimeout(0.5)
        door.connect(("127.0.0.1", port))
        try:
            door.send(question)
            answer = door.recv(4096)
        except OSError:
            return None
    # Type A, class IN, a time to live, four bytes: what stands in an answer and nowhere in these questions.
    found = [
        answer[place + 10 : place + 14] for place in range(len(question), len(answer)) if _is_address(answer, place)
    ]
    return Said(answer[3] & 15, tuple(socket.inet_ntoa(one) for one in found))


def _is_address(answer: bytes, place: int) -> bool:
    return answer[place : place + 4] == b"\0\1\0\1" and answer[place + 8 : place + 10] == b"\0\4"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int, wanted: Said) -> Iterator[None]:
    """Run a resolver until it answers and has its policy: BIND reads that after it began to answer."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 20
            while any(ask(port, name) != wanted for name in BLOCKED):
                assert process.poll() is None and time.monotonic() < until, [ask(port, name) for name in BLOCKED]
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.mark.skipif(shutil.which("named") is None, reason="named (bind9) is not installed")
@pytest.mark.parametrize("block_host", ["", "block.xa"])
def test_bind_obeys_the_policy_zone(tmp_path: Path, block_host: str) -> None:
    about = About(owner="XA", contest="https://desk.xa.example/redress/", at=NOW, block_host=block_host)
    (tmp_path / "rpz.zone").write_text("".join(export("rpz", LISTED, about)))
    (tmp_path / "some.zone").write_text(ZONE + "* A 192.0.2.9\n*.scam A 192.0.2.9\nscam A 192.0.2.9\n")
    (tmp_path / "xa.zone").write_text(ZONE + "block A 192.0.2.80\n")
    port = free_port()
    (tmp_path / "named.conf").write_text(NAMED.format(folder=tmp_path, port=port))
    wanted = Said(NOERROR, ("192.0.2.80",)) if block_host else Said(NXDOMAIN, ())
    with running(["named", "-g", "-n", "1", "-c", str(tmp_path / "named.conf")], port, wanted):
        assert {name: ask(port, name) for name in BLOCKED} == dict.fromkeys(BLOCKED, wanted)
        assert {name: ask(port, name) for name in FREE} == dict.fromkeys(FREE, Said(NOERROR, ("192.0.2.9",)))


@pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="dnsmasq is not installed")
@pytest.mark.parametrize("block_ip", ["", "192.0.2.80"])
def test_dnsmasq_obeys_its_file(tmp_path: Path, block_ip: str) -> None:
    about = About(owner="XA", contest="https://desk.xa.example/redress/", at=NOW, block_ip=block_ip)
    port = free_port()
    rest = [f"address=/{ending}/192.0.2.9\n" for ending in ("xb", "xc")]
    own = f"port={port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\npid-file=\n"
    (tmp_path / "conf").write_text("".join([own, *rest, *export("dnsmasq", LISTED, about)]))
    wanted = Said(NOERROR, ("192.0.2.80",)) if block_ip else Said(NXDOMAIN, ())
    with running(["dnsmasq", "-k", "-C", str(tmp_path / "conf"), "--user="], port, wanted):
        assert {name: ask(port, name) for name in BLOCKED} == dict.fromkeys(BLOCKED, wanted)
        assert {name: ask(port, name) for name in FREE} == dict.fromkeys(FREE, Said(NOERROR, ("192.0.2.9",)))
