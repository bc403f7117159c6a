"""The table of hashes, the form of questions and answers, and what a client asks and concludes."""

import base64
import hashlib
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.telco.names.listing import LATER, NOW, entry

from lintas.model.errors import BadInput, CheckFailed
from lintas.telco.names import wire
from lintas.telco.names.hashes import Hashes, Match, Row, full_hash, prefix_of, row_of
from lintas.telco.names.inquiry import COMPANIONS, PrefixList, inquire

AT = NOW.timestamp()
SECRET = bytes(range(32))


def table(*names: str) -> Hashes:
    return Hashes(row_of(entry(name, "url" if "/" in name else "domain")) for name in names)


def test_a_domain_is_found_by_every_address_below_it() -> None:
    hashes = table("scam.xb", "https://bit.ly/3xyz")
    for url, listed in (
        ("https://login.scam.xb/a/b?c", "scam.xb/"),
        ("http://bit.ly/3xyz#x", "bit.ly/3xyz"),
        ("http://bit.ly/3xyz?x=1", "bit.ly/3xyz"),
        ("http://bit.ly/other", ""),
        ("http://scam.xc/", ""),
    ):
        known = PrefixList(hashes.prefix_list)
        question = inquire(url, known, SECRET)
        answer = wire.from_json(wire.to_json(hashes.search(question.ask, AT), 300), question.ask)
        assert [one.expression for one in question.conclude(answer)] == ([listed] if listed else [])
        assert answer.seconds == 300
        assert bool(question.ask) == bool(listed)


def test_what_expires_is_no_longer_found_and_malware_is_told_apart() -> None:
    one = row_of(entry("scam.xb", scheme="account_malware", id="bcdefghijklmnopq"))
    hashes = Hashes([one, one._replace(id="a234567a234567aa", expires=int(AT) - 1)])
    asked = [prefix_of(one.hash)] * 2
    assert hashes.search(asked, AT) == [Match(one.hash, "MALWARE", "bcdefghijklmnopq")]
    assert one.expires == 1_775_001_600 and LATER.startswith("2026-04-01")
    assert hashes.search(asked, one.expires) == []


def test_an_empty_table_answers() -> None:
    hashes = Hashes([])
    assert (len(hashes), hashes.search([1, 2], AT), hashes.prefix_list) == (0, [], b"")
    assert hashes.version == hashlib.sha256(b"").digest()
    assert not inquire("example.xa", PrefixList(b""), SECRET).ask


_DIGEST = st.builds(
    lambda head, tail: head + tail,
    st.sampled_from([b"\0\0\0\0", b"\0\0\0\1", b"\xff" * 4]),
    st.binary(min_size=28, max_size=28),
)


@given(
    st.lists(st.one_of(_DIGEST, st.binary(min_size=32, max_size=32)), max_size=30), st.binary(min_size=4, max_size=4)
)
def test_the_table_agrees_with_a_plain_search(digests: list[bytes], other: bytes) -> None:
    hashes = Hashes(Row(digest, "SOCIAL_ENGINEERING", "a" * 16, 2**40) for digest in digests)
    known = PrefixList(hashes.prefix_list)
    for prefix in {other, *(digest[:4] for digest in digests)}:
        number = int.from_bytes(prefix, "big")
        plain = sorted(digest for digest in digests if digest[:4] == prefix)
        assert [one.hash for one in hashes.search([number], AT)] == plain
        assert (number in known) == bool(plain)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=50))
def test_questions_are_read_as_written(prefixes: list[int]) -> None:
    written = "&".join(f"hashPrefixes={wire.prefix_text(one)}" for one in prefixes)
    assert wire.read_prefixes(written) == prefixes
    plain = [base64.b64encode(one.to_bytes(4, "big")).decode() for one in prefixes]
    assert wire.read_prefixes("&".join("hashPrefixes=" + one for one in plain)) == prefixes
    assert (
        wire.read_prefixes("&".join("hashPrefixes=" + quote(one).rstrip("=") for one in plain) + "&alt=proto")
        == prefixes
    )


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x=1",
        "hashPrefixes=",
        "hashPrefixes=AAAA",
        "hashPrefixes=!!!!",
        "hashPrefixes=AAAAAAA%3D",
        "hashPrefixes=" + "é" * 8,
        "&".join(["hashPrefixes=AAAAAA=="] * 1001),
        "hashPrefixes=" + "A" * 40_000,
    ],
)
def test_bad_questions(bad: str) -> None:
    with pytest.raises(BadInput) as wrong:
        wire.read_prefixes(bad)
    assert "AAAA" not in str(wrong.value)


def test_the_protobuf_form_byte_by_byte() -> None:
    digest = bytes(range(32))
    written = wire.to_proto([Match(digest, "SOCIAL_ENGINEERING", "a" * 16), Match(digest, "MALWARE", "b" * 16)], 300)
    detail = [bytes([0x08, kind]) + b"\x7a\x10" + letter * 16 for kind, letter in ((2, b"a"), (1, b"b"))]
    full = b"\x0a\x20" + digest + b"".join(b"\x12" + bytes([len(one)]) + one for one in detail)
    assert written == b"\x0a" + bytes([len(full)]) + full + b"\x12\x03\x08\xac\x02"
    assert wire.to_proto([], 5) == b"\x12\x02\x08\x05"


def test_answers_of_a_server_that_lies() -> None:
    digest = full_hash("scam.xb/")
    asked = [prefix_of(digest)]

    def answer(text: bytes, **more: object) -> bytes:
        detail = {"threatType": "SOCIAL_ENGINEERING", "redressId": "<script>"}
        return msgspec.json.encode({"fullHashes": [{"fullHash": text, "fullHashDetails": [detail]}], **more})

    read = wire.from_json(answer(digest, cacheDuration="999999s"), asked)
    assert read.matches == (Match(digest, "SOCIAL_ENGINEERING", ""),)
    assert read.seconds == 86_400
    deep = b'{"x":' + b"[" * 30_000
    for bad in (b"", b"[]", deep, answer(digest[:31]), answer(b"\0" * 32), b" " * (wire.LONGEST_ANSWER + 1)):
        with pytest.raises(CheckFailed):
            wire.from_json(bad, asked)
    unknown = msgspec.json.encode({"fullHashes": [{"fullHash": digest, "fullHashDetails": [{"threatType": "NEW"}]}]})
    assert wire.from_json(unknown, asked).matches == ()


def test_a_question_hides_among_the_same_listed_companions() -> None:
    hashes = table(*(f"scam{number}.xb" for number in range(200)))
    known = PrefixList(hashes.prefix_list)
    first = inquire("https://a.scam7.xb/login", known, SECRET)
    again = inquire("https://scam7.xb/other", known, SECRET)
    assert first.ask == again.ask and len(first.ask) == COMPANIONS + 1
    assert list(first.ask) == sorted(set(first.ask)) and all(one in known for one in first.ask)
    assert inquire("https://scam7.xb/", known, bytes(32)).ask != first.ask
    assert not inquire("https://honest.xb/", known, SECRET).ask
    # Who is asked cannot conclude for the others: only the hash that is meant counts.
    answer = wire.from_json(wire.to_json(hashes.search(first.ask, AT), 1), first.ask)
    assert len(answer.matches) == COMPANIONS + 1 and len(first.conclude(answer)) == 1


@pytest.mark.parametrize("bad", [b"abc", b"\0\0\0\2\0\0\0\1", b"\0\0\0\1\0\0\0\1"])
def test_lists_that_are_broken(bad: bytes) -> None:
    with pytest.raises(CheckFailed):
        PrefixList(bad)
