"""Files for resolvers and filters, read by the programs that they are for."""

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.telco.names.listing import NOW, entry

from lintas.model.errors import BadInput
from lintas.telco.names.entries import listable
from lintas.telco.names.exports import FORMATS, About, export, version
from lintas.telco.records import Entry

ABOUT = About(owner="XA Anti-Scam Centre", contest="https://desk.xa/blocked?id=", at=NOW)
LIST = listable(
    [
        entry("scam.xb"),
        entry("scam.xb", id="bbbbbbbbbbbbbbbb", owner="XC Authority"),
        entry("x.y.scam.xb", id="cccccccccccccccc"),
        entry("bücher.xc", id="dddddddddddddddd"),
        entry("under_score.xc", id="eeeeeeeeeeeeeeee"),
        entry("a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 40 + ".xc", id="ffffffffffffffff"),
        entry("https://bit.ly/3xyz", "url", id="gggggggggggggggg"),
        entry("https://scam.xc/a*$b|c", "url", id="hhhhhhhhhhhhhhhh"),
    ],
    NOW,
).entries


def lines(format: str, entries: tuple[Entry, ...] = LIST, about: About = ABOUT) -> list[str]:
    text = "".join(export(format, entries, about))
    assert text.isascii() and text.endswith("\n")
    return text.splitlines()


def body(format: str, entries: tuple[Entry, ...] = LIST, about: About = ABOUT) -> list[str]:
    comment = FORMATS[format].comment
    return [line for line in lines(format, entries, about) if not line.startswith(comment)]


@pytest.mark.parametrize("format", FORMATS)
def test_each_file_says_whose_it_is_and_where_it_is_contested(format: str) -> None:
    head = "\n".join(lines(format)[:4])
    for words in ("XA Anti-Scam Centre", version(LIST), "2026-03-01T10:00:00Z", "https://desk.xa/blocked?id="):
        assert words in head
    assert lines(format) == lines(format)


def test_the_forms() -> None:
    assert body("hosts")[-3:] == [
        "0.0.0.0 under_score.xc # eeeeeeeeeeeeeeee",
        "0.0.0.0 x.y.scam.xb # cccccccccccccccc",
        "0.0.0.0 xn--bcher-kva.xc # dddddddddddddddd",
    ]
    rpz = body("rpz")
    assert "scam.xb IN CNAME . ; aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb cccccccccccccccc" in rpz
    assert "*.scam.xb IN CNAME ." in rpz and not any("y.scam.xb" in line for line in rpz)
    assert "||scam.xb^" in body("pihole") and not any("bit.ly" in line for line in body("pihole"))
    adblock = body("adblock")
    assert not any("scam.xc/a" in line for line in adblock)
    of_it = [line for line in adblock if "bit.ly" in line]
    assert of_it == [f"|{scheme}://bit.ly/3xyz{end}" for scheme in ("https", "http") for end in ("|", "?")]
    assert {"bit.ly" in line for line in body("plain")} == {True, False}
    assert "address=/scam.xb/ # aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb cccccccccccccccc" in body("dnsmasq")
    redirected = About(owner="X", contest="https://x/", at=NOW, block_ip="192.0.2.80")
    assert "192.0.2.80 scam.xb # aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb" in body("hosts", about=redirected)


@pytest.mark.parametrize(
    ("format", "about"),
    [
        ("none", ABOUT),
        ("rpz", About(owner="X", contest="x", at=NOW, block_host="block.xa. A 192.0.2.1")),
        ("rpz", About(owner="X", contest="x", at=NOW, zone="no zone")),
        ("hosts", About(owner="X", contest="x", at=NOW, block_ip="block.xa")),
        ("rpz", About(owner="X", contest="x", at=NOW, ttl=0)),
    ],
)
def test_what_cannot_be_exported(format: str, about: About) -> None:
    with pytest.raises(BadInput):
        list(export(format, LIST, about))


@pytest.mark.parametrize(
    "about",
    [
        ABOUT,
        About(owner="X\n$INCLUDE /etc/passwd", contest="x\n", at=NOW, block_host="block.xa"),
        About(owner="é", contest="x", at=NOW, nodata=True),
    ],
)
@pytest.mark.skipif(shutil.which("named-checkzone") is None, reason="named-checkzone (bind9-utils) is not installed")
def test_bind_reads_the_zone(about: About, tmp_path: Path) -> None:
    file = tmp_path / "zone"
    file.write_text("".join(export("rpz", LIST, about)), "utf-8")
    done = subprocess.run(
        ["named-checkzone", "-D", "-s", "full", "-o", "-", "-k", "fail", about.zone, str(file)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    records = re.findall(r"^(\S+)\s+300\s+IN\s+CNAME\s+(\S+)$", done.stdout, re.M)
    target = "block.xa." if about.block_host else "*." if about.nodata else "."
    assert {name.removesuffix(f".{about.zone}.") for name, _ in records} == {
        star + name for star in ("", "*.") for name in ("scam.xb", "under_score.xc", "xn--bcher-kva.xc")
    }
    assert {value for _, value in records} == {target}


@pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="dnsmasq is not installed")
def test_dnsmasq_reads_its_file(tmp_path: Path) -> None:
    for about in (ABOUT, About(owner="X", contest="x", at=NOW, block_ip="192.0.2.80")):
        file = tmp_path / "dnsmasq.conf"
        file.write_text("".join(export("dnsmasq", LIST, about)), "utf-8")
        done = subprocess.run(["dnsmasq", "--test", "-C", str(file)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


_PIECES = [
    "scam", ".", "xb", "\n", "\r", "bank.xa", " ", "#", ";", "||", "^", "$", "*", "/", "\\", "\0", "@@", "127.0.0.1", "rpz-ip",
    "http://", "%0a", "é", "\u2028", "\x85",
]  # fmt: skip
_VALUE = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(_PIECES), max_size=9).map("".join))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_VALUE, min_size=1, max_size=4), st.text(max_size=30))
def test_no_name_writes_a_line_of_its_own(values: list[str], owner: str) -> None:
    """Every rule of every file names an entry that counts, whatever names and owner try to smuggle in."""
    given_ = [entry(value, subject) for value in values if value for subject in ("domain", "url")]
    kept = listable(given_, NOW).entries
    about = About(owner=owner, contest="https://desk.xa/blocked?id=", at=NOW + timedelta(seconds=1))
    domains = {one.value for one in kept if one.subject == "domain"}
    hosts = {line.split(" ")[1] for line in body("hosts", kept, about)}
    assert hosts == domains
    for line in body("rpz", kept, about)[4:]:
        assert line.split(" ")[0].removeprefix("*.") in domains
    for line in body("pihole", kept, about):
        assert line.removeprefix("||").removesuffix("^") in domains
    assert set(body("plain", kept, about)) == {one.value for one in kept}
    for line in body("adblock", kept, about):
        assert line.startswith(("||", "|http://", "|https://")) and line[-1] in "^|?/"
        assert not set(line.lstrip("|")[:-1]) & set("*|^$# ")


@pytest.mark.parametrize(
    ("address", "ends"),
    [
        ("https://sites.shared.xa/view", ["|", "?"]),
        ("https://sites.shared.xa/view/a/", [""]),
        ("https://sites.shared.xa/view?id=7", ["|"]),
    ],
)
def test_an_ad_blocker_takes_no_more_than_the_address(address: str, ends: list[str]) -> None:
    rules = body("adblock", listable([entry(address, "url")], NOW).entries)
    rest = address.removeprefix("https://")
    assert rules == [f"|{scheme}://{rest}{end}" for scheme in ("https", "http") for end in ends]


def test_the_head_counts_what_the_file_has_and_says_when_in_seconds() -> None:
    both = (entry("scam.xb"), entry("https://shop.xb/pay", "url"))
    about = msgspec.structs.replace(ABOUT, at=NOW.replace(microsecond=123456))
    short, whole = lines("rpz", both, about)[1], lines("plain", both, about)[1]
    assert short.endswith("made 2026-03-01T10:00:00Z, 1 entry (1 address left out: this format has domains only)")
    assert whole.endswith("made 2026-03-01T10:00:00Z, 2 entries")
