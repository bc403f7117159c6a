"""Hostile XML is refused with one clear error, quickly, and nothing outside the document is ever read."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.interop import xml
from lintas.model.errors import BadInput, MalformedInput, TooLarge

BOMB = b"""<!DOCTYPE a [<!ENTITY l0 "ha">%s]><a>&l9;</a>""" % b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10)
)


@pytest.mark.parametrize(
    "data",
    [
        BOMB,
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://dtd.example/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        b"<a>&undefined;</a>",
        b"<a>\xff\xfe</a>",
        b'<?xml version="1.0" encoding="utf-16"?><a/>',
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        "<a>é</a>".encode("latin-1"),
        b"<a>",
        b"<a/><b/>",
        b"",
        b" \n",
        b"\0\0\0\0",
        b"\xff" * 1000,
    ],
)
def test_hostile_or_broken_xml_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedInput) as caught:
        xml.parse(data, where="upload")
    assert caught.value.where.startswith("upload") and caught.value.do
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_an_entity_file_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not tell")
    with pytest.raises(MalformedInput) as caught:
        xml.parse(b'<!DOCTYPE a [<!ENTITY x SYSTEM "%s">]><a>&x;</a>' % secret.as_uri().encode())
    assert "do not tell" not in str(caught.value)


def test_size_and_depth_are_bounded() -> None:
    with pytest.raises(TooLarge, match="10,000,001 bytes of XML, at most 10,000,000"):
        xml.parse(b"x" * 10_000_001)
    with pytest.raises(TooLarge, match="deeper than 64"):
        xml.parse(b"<a>" * 65 + b"</a>" * 65)
    with pytest.raises(TooLarge, match="deeper than 64"):
        xml.parse(b"<a>" * 3_000_000)
    assert xml.parse(b"<a>" * 64 + b"</a>" * 64).tag == "a"


def test_ten_megabytes_of_garbage_are_refused_at_once() -> None:
    started = time.process_time()
    with pytest.raises(MalformedInput):
        xml.parse(b"\x01garbage<" * 1_000_000)
    assert time.process_time() - started < 30


def test_utf16_and_latin1_are_read_when_declared() -> None:
    text = '<?xml version="1.0" encoding="{}"?><a>é</a>'
    for encoding in ("utf-16", "iso-8859-1", "utf-8"):
        assert xml.parse(text.format(encoding).encode(encoding)).text == "é"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_document_or_a_clear_error(data: bytes) -> None:
    try:
        root = xml.parse(b"<a>" + data)
    except BadInput as wrong:
        assert wrong.where and wrong.do
    else:
        assert root.tag == "a"
