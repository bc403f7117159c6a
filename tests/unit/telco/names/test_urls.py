"""Canonical addresses and their expressions: the vectors that the browser's check shares, and what must hold for any text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lintas.model.errors import BadInput, LintasError
from lintas.telco.names.urls import canonical, domain, exact, expressions, of_domain

VECTORS = json.loads(Path(__file__).with_name("urls.json").read_text("utf-8"))
ADDRESSES = VECTORS["addresses"]


@pytest.mark.parametrize("row", ADDRESSES, ids=[ascii(row["given"])[:60] for row in ADDRESSES])
def test_the_shared_vectors(row: dict[str, Any]) -> None:
    assert canonical(row["given"]) == row["canonical"]
    assert list(expressions(row["given"])) == row["expressions"]


@pytest.mark.parametrize("bad", VECTORS["none"], ids=[ascii(text)[:60] for text in VECTORS["none"]])
def test_no_address(bad: str) -> None:
    with pytest.raises(BadInput):
        canonical(bad)


def test_expressions_of_a_deep_address() -> None:
    assert expressions("http://u:p@a.b.c.d.e.example.xa:81/1/2/3/4/5.html?q=1#f") == tuple(
        host + path
        for host in (
            "a.b.c.d.e.example.xa",
            "example.xa",
            "e.example.xa",
            "d.e.example.xa",
            "c.d.e.example.xa",
        )
        for path in ("/1/2/3/4/5.html?q=1", "/1/2/3/4/5.html", "/", "/1/", "/1/2/", "/1/2/3/")
    )


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://example.xa/", ("example.xa/",)),
        ("http://a.example.xa/1", ("a.example.xa/1", "a.example.xa/", "example.xa/1", "example.xa/")),
        ("http://192.0.2.7/1/", ("192.0.2.7/1/", "192.0.2.7/")),
        ("http://[2001:db8::7]/", ("[2001:db8::7]/",)),
        ("http://a.shop.github.io/", ("a.shop.github.io/", "shop.github.io/")),
        ("http://github.io/", ("github.io/",)),
        ("http://example.xa/a%3Fb", ("example.xa/a?b", "example.xa/")),
    ],
)
def test_expressions(url: str, wanted: tuple[str, ...]) -> None:
    assert expressions(url) == wanted


def test_a_domain_is_met_by_every_address_below_it() -> None:
    assert of_domain("Example.XA.") == "example.xa/"
    for url in ("https://example.xa/login?x=1", "http://a.b.example.xa:8443/1/2/3/4/5/6"):
        assert of_domain("example.xa") in expressions(url)
    for bad in (
        "192.0.2.7",
        "0xC0.0.2.7",
        "xa",
        "",
        "a b.xa",
        "exa\nmple.xa",
        "example.xa/x",
        "-a.xa",
        "a" * 64 + ".xa",
    ):
        with pytest.raises(BadInput):
            domain(bad)


_PIECE = st.sampled_from([
    "http://", "https:", "//", "\\", "/", "?", "#", "@", ":", ":80", "%", "%25", "%2", "%2f", "%5c", "%3F", "..", ".", "a", "é",
    "0x7f", "1", "example.xa", "bank", "[", "]", "::1", "。", "ß", "xn--", "℀", " ", "\n", "\0", "\ud800", "\u200d",
    "％", "２", "０8",
])  # fmt: skip


@given(st.one_of(st.lists(_PIECE, max_size=14).map("".join), st.text(max_size=60)))
@example("http://a%5c?b\\c")
def test_canonical_of_anything(text: str) -> None:
    try:
        once = canonical(text)
    except LintasError:
        return
    assert once.isascii() and once.isprintable() and " " not in once and "#" not in once
    assert canonical(once) == once
    found = expressions(text)
    assert found == expressions(once) and found[0] == exact(once)
    assert 1 <= len(found) <= 30 and len(set(found)) == len(found)
    assert all("/" in one and one.isprintable() for one in found)


@given(st.binary(max_size=30))
def test_escaping_once_more_changes_nothing(path: bytes) -> None:
    escaped = "".join(f"%{byte:02x}" for byte in path)
    again = escaped.replace("%", "%25")
    assert canonical(f"http://example.xa/{escaped}") == canonical(f"http://example.xa/{again}")
