"""What one holder registered, what is an ending, and what strangers share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.telco.names.suffixes import is_public_suffix, is_shared, registrable


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.xa", "example.xa"),
        ("a.b.example.xa", "example.xa"),
        ("WWW.Example.XA.", "example.xa"),
        ("a.shop.co.uk", "shop.co.uk"),
        ("a.shop.github.io", "shop.github.io"),
        ("co.uk", None),
        ("github.io", None),
        ("xa", None),
        ("192.0.2.7", None),
        ("[2001:db8::7]", None),
        ("", None),
        ("a..b", None),
        ("a" * 300 + ".xa", None),
    ],
)
def test_registrable(host: str, domain: str | None) -> None:
    assert registrable(host) == domain


def test_endings() -> None:
    assert all(
        is_public_suffix(host) for host in ("xa", "com", "co.uk", "github.io", "CO.UK.", "公司.cn", "xn--55qx5d.cn")
    )
    assert not any(is_public_suffix(host) for host in ("example.xa", "shop.github.io", "192.0.2.7", "", "www.ck"))


@pytest.mark.parametrize(
    "host", ["github.io", "amazonaws.com", "s3.amazonaws.com", "bit.ly", "google.com", "sites.google.com", "io"]
)
def test_many_share_it(host: str) -> None:
    assert is_shared(host)


@pytest.mark.parametrize("host", ["shop.github.io", "example.xa", "a.example.xa", "192.0.2.7", "", "www.ck"])
def test_one_holder_has_it(host: str) -> None:
    assert not is_shared(host)


@given(st.text(max_size=40))
def test_any_text_has_an_answer(host: str) -> None:
    domain = registrable(host)
    if domain is not None:
        assert not is_public_suffix(domain)
        assert registrable(domain) == domain
    assert isinstance(is_shared(host), bool)
