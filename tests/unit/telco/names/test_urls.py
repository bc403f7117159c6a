"""Canonical addresses and their expressions: a table of our own, and what must hold for any text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lintas.model.errors import BadInput, LintasError
from lintas.telco.names.urls import canonical, domain, exact, expressions, of_domain

CANONICAL = [
    ("http://example.xa", "http://example.xa/"),
    ("example.xa", "http://example.xa/"),
    ("example.xa:8080/x", "http://example.xa:8080/x"),
    ("  HTTPS://Example.XA/Path  ", "https://example.xa/Path"),
    ("http://exam\tple.xa/\r\nx", "http://example.xa/x"),
    ("http://example.xa/a%0Ab", "http://example.xa/a%0Ab"),
    ("http://example.xa/x#frag", "http://example.xa/x"),
    ("http://example.xa/x?#y", "http://example.xa/x?"),
    ("http://example.xa?q", "http://example.xa/?q"),
    ("http://example.xa/?q?r", "http://example.xa/?q?r"),
    ("http://example.xa/%2541", "http://example.xa/A"),
    ("http://example.xa/%25%32%35", "http://example.xa/%25"),
    ("http://example.xa/%zz%2", "http://example.xa/%25zz%252"),
    ("http://example.xa/a b\u00e9", "http://example.xa/a%20b%C3%A9"),
    ("http://example.xa/a%3Fb", "http://example.xa/a%3Fb"),
    ("http://example.xa/a%5Cb", "http://example.xa/a%5Cb"),
    ("http://example.xa//a/./b/../c//", "http://example.xa/a/c/"),
    ("http://example.xa/a/..", "http://example.xa/"),
    ("http://example.xa/../../a/.", "http://example.xa/a/"),
    ("http://example.xa/?a=//b/../c", "http://example.xa/?a=//b/../c"),
    ("http://..example...xa./", "http://example.xa/"),
    ("http://bank.xb@example.xa/", "http://example.xa/"),
    ("http://bank.xb:80@p@example.xa:80/", "http://example.xa/"),
    ("https://example.xa:443/", "https://example.xa/"),
    ("https://example.xa:/", "https://example.xa/"),
    ("http:\\\\example.xa\\a\\b", "http://example.xa/a/b"),
    ("http:/example.xa/", "http://example.xa/"),
    ("https:////example.xa/", "https://example.xa/"),
    ("//example.xa/x", "http://example.xa/x"),
    ("http://3221225991/", "http://192.0.2.7/"),
    ("http://0300.0.2.7/", "http://192.0.2.7/"),
    ("http://0xc0.0x00.0x207/", "http://192.0.2.7/"),
    ("http://192.519/", "http://192.0.2.7/"),
    ("http://192.0.2.7./", "http://192.0.2.7/"),
    ("http://%31%39%32.0.2.7/", "http://192.0.2.7/"),
    ("http://１９２。０。２。７/", "http://192.0.2.7/"),
    ("http://192.0.2.256/", "http://192.0.2.256/"),
    ("http://1.2.3.4.5/", "http://1.2.3.4.5/"),
    ("http://[2001:0db8:0000::0007]/", "http://[2001:db8::7]/"),
    ("http://[::ffff:192.0.2.7]:81/", "http://192.0.2.7:81/"),
    ("http://[64:ff9b::192.0.2.7]/", "http://192.0.2.7/"),
    ("http://Bücher.xa/", "http://xn--bcher-kva.xa/"),
    ("http://b%C3%BCcher.xa/", "http://xn--bcher-kva.xa/"),
    ("http://ธนาคาร.xa/", f"http://{'ธนาคาร'.encode('idna').decode()}.xa/"),
    ("http://ｅｘａｍｐｌｅ.xa/", "http://example.xa/"),
    ("http://A%01%80.xa/", "http://a%01%80.xa/"),
    ("http://\x01\x80.xa/", "http://%01%C2%80.xa/"),
    ("http://host%23.xa/", "http://host%23.xa/"),
]


@pytest.mark.parametrize(("given", "wanted"), CANONICAL)
def test_canonical(given: str, wanted: str) -> None:
    assert canonical(given) == wanted


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "http://",
        "http:///",
        "javascript:alert(1)",
        "mailto:a@example.xa",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://a%2Fb.xa/",
        "http://bank.xb%40example.xa/",
        "http://a℀b.xa/",
        "İ@%０8008xn-- 1.",
        "http://％2f.xa/",
        "http://example.xa:99999/",
        "http://example.xa:port/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[1.2.3.4]/",
        "http://...",
        "http://" + "a" * 300 + ".xa/",
        "http://example.xa/" + "a" * 9000,
    ],
)
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
