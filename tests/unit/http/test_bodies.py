"""Bodies: every limit before the parser, one clear problem each, and never a 5xx whatever comes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.http.conftest import Ask, Report

from lintas.http import bodies
from lintas.model.errors import LintasError, TooLarge

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        (b"", 400, "body"),
        (b"{", 400, "body"),
        (b'{"text": ""} {}', 400, "body"),
        (b'{"text": "a",}', 400, "body"),
        (b"\xef\xbb\xbf{}", 400, "body"),
        (b'{"text": "\xff"}', 400, "body byte 10"),
        (b'{"\xff": 1, "text": ""}', 400, "body byte 2"),
        ('{"text": "a"}'.encode("utf-16"), 400, "body byte 0"),
        (b'{"text": "\\ud800"}', 400, "body"),
        (b'{"text": "\\udc00\\ud800"}', 400, "body"),
        (b'{"text": "", "\\ud800": 1}', 400, "body"),
        (b'{"text": "", "anything": "\\ud800"}', 400, "body"),
        (b'{"text": "", "anything": NaN}', 400, "body"),
        (b'{"text": "", "anything": -Infinity}', 400, "body"),
        (b'{"text": "", "anything": 1e999}', 422, "body $.anything"),
        (b'{"text": "\\u0000"}', 422, "body"),
        (b'{"text": 1}', 422, "body $.text"),
        (b'{"text": null}', 422, "body $.text"),
        (b"{}", 422, "body $"),
        (b"[]", 422, "body $"),
        (b'{"text": "", "money": {"amount_minor": 1.5, "currency": "XAD"}}', 422, "body $.money.amount_minor"),
        (b'{"text": "", "money": {"amount_minor": "1", "currency": "XAD"}}', 422, "body $.money.amount_minor"),
        (b'{"text": "", "money": {"amount_minor": 1, "currency": "XAD", "x": 1}}', 422, "body $.money"),
        (b'{"text": "", "money": {"amount_minor": 9999999999999999999, "currency": "XAD"}}', 422, "body"),
        (b'{"text": "", "anything": ' + b"1" * 5000 + b"}", 422, "body"),
        (b'{"text": "", "anything": -' + b"1" * 19 + b"}", 422, "body"),
        (b'{"text": "", "anything": ' + b"[" * 32 + b"]" * 32 + b"}", 413, "body"),
        (b'{"text": "", "unknown": ' + b"[" * 100_000, 413, "body"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 413, "body"),
        (b"[" * 100_000 + b"]" * 100_000, 413, "body"),
        (b'"' + b"x" * (1 << 20) + b'"', 413, "body"),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None,
)
def test_a_bad_body_is_one_clear_problem(ask: Ask, body: bytes, status: int, where: str) -> None:
    answer = ask("POST", "/reports", "investigator", headers=JSON, content=body)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["where"]) == (status, status, where)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"] and problem["do"] and problem["type"].startswith("urn:lintas:problem:")


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "\\\\u0000 is written here"}',
        b'{"text": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
        b'{"text": "a \\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ quote"}',
        b'{"text": "ends with a backslash \\\\", "anything": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
        b'{"text": "60123456789012345678901234567890"}',
        b'{"text": "", "anything": 0.12345678901234567890123}',
        b'{"text": "", "anything": 12345678901234567890.5}',
        b'{"text": "", "anything": 1e18}',
        b'{"text": "", "anything": ' + b"[" * 31 + b"]" * 31 + b"}",
        b'{"text": "", "anything": [' + b"[],{}," * 1000 + b"1]}",
        '{"text": "\\ud83d\\ude00 ​‮ မြန်မာ"}'.encode(),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_what_only_looks_bad_is_taken(ask: Ask, body: bytes) -> None:
    assert ask("POST", "/reports", "investigator", headers=JSON, content=body).status_code == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/json; charset=utf-16"}, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
        ({"content-type": 'APPLICATION/JSON ; charset="UTF-8"'}, 201),
    ],
)
def test_the_media_type_is_checked(ask: Ask, headers: dict[str, str], status: int) -> None:
    assert ask("POST", "/reports", "investigator", headers=headers, content=b'{"text":""}').status_code == status


def test_a_route_sets_its_own_limit_and_may_take_bytes_as_they_are(ask: Ask) -> None:
    csv = {"content-type": "text/csv"}
    assert ask("POST", "/raw", "investigator", headers=csv, content=b"\xff" * 100).json() == {"bytes": 100}
    assert ask("POST", "/raw", "investigator", headers=csv, content=b"\xff" * 101).status_code == 413
    announced = csv | {"content-length": "9" * 30}
    assert ask("POST", "/raw", "investigator", headers=announced, content=b"x").status_code == 413


def test_a_body_that_does_not_announce_its_length_is_limited_all_the_same(ask: Ask) -> None:
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while len(sent) < 1000:
            sent.append(1)
            yield b"x" * 30

    answer = ask("POST", "/raw", "investigator", headers={"content-type": "text/csv"}, content=endless())
    assert (answer.status_code, len(sent)) == (413, 4)


def test_a_body_that_does_not_arrive_is_given_up(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_SECONDS", 0.05)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(60)

    answer = ask("POST", "/raw", "investigator", headers={"content-type": "text/csv"}, content=stuck())
    assert (answer.status_code, answer.json()["title"]) == (408, "Request Timeout")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (b"text=caf%C3%A9&tags=a&tags=b&anything=", 200),
        (b"text=%ff", 400),
        (b"text=\xff", 400),
        (b"text=%00", 422),
        (b"text=a&text=b", 422),
        (b"money=1&text=a", 422),
        (b"", 422),
        (b"a=1&" * 501, 400),
    ],
)
def test_forms(ask: Ask, form: bytes, status: int) -> None:
    headers = {"content-type": bodies.FORM}
    assert ask("POST", "/form", "investigator", headers=headers, content=form).status_code == status


def test_a_form_fills_sequences() -> None:
    report = bodies.decode_form(b"text=a&tags=x", Report)
    assert report == Report(text="a", tags=("x",))


@pytest.mark.parametrize(
    "body", [b"[" * (16 << 20), b"[]" * (8 << 20), b'"\\' * (8 << 20), b"1" * (16 << 20), b'"["' * (5 << 20)]
)
def test_the_largest_body_is_refused_in_linear_time(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(LintasError):
        bodies.decode_json(body, Report)
    assert time.process_time() - began < 5  # measured 0.1 to 0.5; anything quadratic would take hours


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((_depth(one) for one in inner), default=0)


_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | st.text(alphabet='[]{}"\\ué0', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(_JSON_VALUES, st.integers(0, 45))
def test_depth_is_judged_exactly(value: object, wrapped: int) -> None:
    for _ in range(wrapped):
        value = [value]
    body = json.dumps(value).encode()
    if _depth(value) > bodies.MAX_DEPTH:
        with pytest.raises(TooLarge):
            bodies.check_json(body)
    else:
        assert bodies.decode_json(body, object) == value


@settings(max_examples=300)
@given(
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from([*'[]{}",:\\', "\\u0000", "\\ud800", "1e9", '"text":', "null", "-", "9" * 20]), max_size=60
    )
    .map("".join)
    .map(str.encode)
    | _JSON_VALUES.map(json.dumps).map(str.encode),
    st.sampled_from(["/reports", "/form", "/raw"]),
    st.sampled_from(["application/json", bodies.FORM, "text/csv", "text/plain", ";", "application/json;charset="]),
)
def test_no_body_whatever_is_a_fault_of_the_node(ask: Ask, body: bytes, path: str, media: str) -> None:
    answer = ask("POST", path, "investigator", headers={"content-type": media}, content=body)
    assert answer.status_code < 500
    assert answer.status_code < 400 or answer.headers["content-type"] == "application/problem+json"


def _form(*parts: bytes, edge: bytes = b"edge") -> bytes:
    return b"".join(b"--" + edge + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + edge + b"--\r\n"


TEXT = b'content-disposition: form-data; name="text"\r\n\r\nwhat she said'
FILE = b'content-disposition: form-data; name="file"; filename="chat.txt"\r\ncontent-type: text/plain\r\n\r\n\xff\x00\r\nraw'
MULTIPART = {"content-type": "multipart/form-data; boundary=edge", "sec-fetch-site": "same-origin"}


def test_a_form_with_a_file_arrives_whole(ask: Ask) -> None:
    answer = ask("POST", "/upload", "investigator", headers=MULTIPART, content=_form(TEXT, FILE))
    assert (answer.status_code, answer.json()) == (200, "what she said ff000d0a726177")
    empty = (
        b'content-disposition: form-data; name="file"; filename=""\r\ncontent-type: application/octet-stream\r\n\r\n'
    )
    assert ask("POST", "/upload", "investigator", headers=MULTIPART, content=_form(TEXT, empty)).json() == (
        "what she said "
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--edge",
        _form(TEXT, FILE)[:-30],
        _form(TEXT, edge=b"other"),
        _form(b"no head at all"),
        _form(b"content-disposition: form-data\r\n\r\nno name"),
        _form(b'content-disposition: form-data; name="text"\r\n\r\n\x00'),
        _form(b'content-disposition: form-data; name="text"\r\n\r\n\xff'),
        _form(FILE, FILE),
        _form(*[TEXT.replace(b"text", b"t%d" % n, 1) for n in range(600)]),
        _form(b'content-disposition: form-data; name="file"\r\n\r\nno file'),
        b"\r\n" * 1000 + b"--edge\r\n\r\n",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_broken_upload_is_one_clear_problem(ask: Ask, body: bytes) -> None:
    answer = ask("POST", "/upload", "investigator", headers=MULTIPART, content=body)
    assert answer.status_code in (400, 413, 422), answer.text
    assert answer.json()["detail"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_upload_is_a_fault(ask: Ask, noise: bytes, cut: int) -> None:
    body = _form(TEXT, FILE)
    for sent in (body[:cut], body[:cut] + noise + body[cut:], noise):
        assert ask("POST", "/upload", "investigator", headers=MULTIPART, content=sent).status_code < 500
