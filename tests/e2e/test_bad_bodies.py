"""Bad input over real HTTP: each is a 4xx problem document that names the place, never a 5xx, and stores nothing."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.e2e.people import Answer, Running

from lintas.access.records import ROLES
from lintas.api.app import api_routes
from lintas.http.routing import Route
from lintas.storage.engine import open_engine, reading
from lintas.storage.schema import metadata

POSTS = [route for route in api_routes() if route.method == "POST"]
TAKING = [route for route in POSTS if route.body not in (None, bytes)]
RAW = [route for route in POSTS if route.body is bytes]
JSON = {"content-type": "application/json"}
#: What nothing but a caller's own success makes grow; banks and peers are at work on everything else all the time.
CALLERS = ("intake_reports", "requests_orders", "api_keys")


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def nested(levels: int) -> bytes:
    return b'{"text":' + b"[" * levels + b"]" * levels + b"}"


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"text": "half',
    "two values": b"{}{}",
    "trailing comma": b'{"text": "a",}',
    "single quotes": b"{'text': 'a'}",
    "comment": b'{"text": "a"} // b',
    "NaN": b'{"amount_minor": NaN}',
    "Infinity": b'{"amount_minor": -Infinity}',
    "huge whole number": b'{"amount_minor": ' + b"9" * 5000 + b"}",
    "huge exponent": b'{"amount_minor": 1e999999}',
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "a text": b'"report"',
    "true": b"true",
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "UTF-8 with a mark": b"\xef\xbb\xbf{}x",
    "overlong UTF-8": b'{"text": "\xc0\xaf"}',
    "surrogate bytes": b'{"text": "\xed\xa0\x80"}',
    "lone surrogate": b'{"text": "\\ud800"}',
    "swapped surrogates": b'{"text": "\\udc00\\ud800"}',
    "null character": b'{"text": "a\\u0000b"}',
    "raw null": b'{"text": "a\0b"}',
    "raw control": b'{"text": "a\x01b"}',
    "deep": nested(40),
    "very deep": nested(200_000),
    "unclosed deep": b"[" * 500_000,
    "unknown field": b'{"nobody_knows": 1}',
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
}


def sizes(running: Running) -> dict[str, int]:
    """Count the rows of the tables that only a caller's success changes."""
    assert running.keys  # issued before anything is counted
    engine = open_engine(running.xa.home.path(running.xa.home.config.database))
    with reading(engine) as tx:
        found = {
            name: tx.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one() for name in CALLERS
        }
    engine.dispose()
    return found


def post(running: Running, route: Route, content: bytes, headers: dict[str, str] | None = None) -> Answer:
    path = route.path.replace("{", "").replace("}", "-0")
    key = running.keys[sorted(route.roles or ROLES)[0]]
    return running.ask("POST", path, key=key, content=content, headers=JSON if headers is None else headers)


def test_every_route_that_takes_a_body_is_tried() -> None:
    assert {name(route) for route in TAKING} >= {
        "POST /api/v1/reports",
        "POST /api/v1/holds",
        "POST /api/v1/holds/{hold}/decline",
        "POST /api/v1/bank/traces/{question}/answer",
        "POST /api/v1/bank/orders/{order}/answer",
        "POST /api/v1/bank/orders/{order}/refusal",
        "POST /api/v1/bank/amendments/{amendment}/refusal",
    }


@pytest.mark.parametrize("route", TAKING, ids=name)
def test_what_is_no_proper_body_is_a_problem_document(running: Running, route: Route) -> None:
    before = sizes(running)
    for what, content in BROKEN.items():
        answer = post(running, route, content)
        assert answer.is_problem(), (what, answer)
        assert answer.status in (400, 413, 422), (what, answer)
        assert answer.document["where"], (what, answer)
    assert sizes(running) == before


@pytest.mark.parametrize("route", TAKING, ids=name)
def test_a_body_of_another_kind_or_size_is_refused(running: Running, route: Route) -> None:
    before = sizes(running)
    for media in ("text/plain", "application/xml", "multipart/form-data", "application/json; charset=utf-16", ""):
        answer = post(running, route, b"{}", {"content-type": media})
        assert answer.is_problem()
        assert answer.status == 415, media
    answer = post(running, route, b"{}", JSON | {"content-encoding": "gzip"})
    assert (answer.status, answer.is_problem()) == (415, True)
    large = post(running, route, b'{"text": "' + b"x" * (route.limit + 1) + b'"}')
    assert (large.status, large.is_problem()) == (413, True)
    assert sizes(running) == before


@pytest.mark.parametrize("route", RAW, ids=name)
def test_documents_that_are_none_are_refused(running: Running, route: Route) -> None:
    before = sizes(running)
    for what, content in BROKEN.items():
        answer = post(running, route, content, {"content-type": route.media[0]})
        assert answer.is_problem(), (what, answer)
    large = post(running, route, b"x" * (route.limit + 1), {"content-type": route.media[0]})
    assert (large.status, large.is_problem()) == (413, True)
    assert post(running, route, b"{}", {"content-type": "image/png"}).status == 415
    assert sizes(running) == before


def wrong_types(route: Route) -> list[dict[str, Any]]:
    """Return bodies in which each field in turn has each wrong type."""
    values: list[Any] = [None, True, -1, 1.5, 10**17, "", "x" * 300, [], {}, [[1]], {"a": {"b": 1}}]
    return [{field: value} for field in route.body.__struct_fields__ for value in values]


@pytest.mark.parametrize("route", TAKING, ids=name)
def test_fields_of_wrong_types_never_break_anything(running: Running, route: Route) -> None:
    for body in wrong_types(route):
        answer = post(running, route, json.dumps(body).encode())
        # Some of these are a proper report or call (a text, a flag); none may be an error of ours.
        assert answer.is_problem() or answer.status in (200, 201, 204), (body, answer)


GOOD = {"bank": "XAFB", "amount": "500.00", "currency": "XAK", "receiver": "2274775757", "at": "2026-03-01T10:07:00Z"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"amount": "-500.00"}, 422),
        ({"amount": "0"}, 422),
        ({"amount": "0.00"}, 422),
        ({"amount": "500.001"}, 422),
        ({"amount": "5e3"}, 422),
        ({"amount": "NaN"}, 422),
        ({"amount": "٥٠٠"}, 422),
        ({"amount": "9" * 30}, 422),
        ({"amount": "1" * 200}, 422),
        ({"amount": "1" * 201}, 422),
        ({"amount": 500}, 422),
        ({"amount": 500.25}, 422),
        ({"currency": "QQQ"}, 422),
        ({"currency": "xak"}, 422),
        ({"currency": "", "amount": "500"}, 422),
        ({"currency": "XBK", "amount": "500.5"}, 422),
        ({"at": "2026-03-01T10:07:00"}, 422),
        ({"at": "2026-03-01"}, 422),
        ({"at": "10:07"}, 422),
        ({"at": "2026-02-30T10:07:00Z"}, 422),
        ({"at": "0001-01-01T00:00:00+23:59"}, 422),
        ({"at": "9999-12-31T23:59:59-23:59"}, 422),
        ({"bank": "XBUB"}, 422),
        ({"bank": "'; DROP TABLE intake_reports; --"}, 422),
        ({"urgent_harm": "yes"}, 422),
        ({"text": "x" * 100_001}, 422),
        ({"scheme": "s" * 201}, 422),
    ],
    ids=lambda value: str(value)[:40],
)
def test_amounts_times_and_banks_that_cannot_be(running: Running, changes: dict[str, Any], status: int) -> None:
    before = sizes(running)
    answer = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=GOOD | changes)
    assert (answer.status, answer.is_problem()) == (status, True), answer
    assert sizes(running) == before


TEXTS = {
    "Malay": "Saya ditipu oleh orang yang mengaku polis, nombor +60123456789",
    "Thai": "ฉันถูกหลอกให้โอนเงิน โทร +66812345678",
    "Khmer": "ខ្ញុំត្រូវបានគេបោក",
    "Burmese": "ကျွန်ုပ်လိမ်လည်ခံရသည်",
    "Vietnamese": "Tôi bị lừa chuyển tiền qua https://lừađảo.example/x",
    "Chinese": "我被骗了，请打电话 +86 138 0013 8000",
    "Arabic": "لقد تعرضت للاحتيال على الرقم ٠١٢٣٤٥٦٧٨٩",
    "Hebrew and bidi": "abc \u202e\u05d0\u05d1\u05d2 123\u202c \u2066x\u2069",
    "zero width": "pay\u200b to\u200d acc\u2060ount\ufeff 12345678",
    "emoji": "👩‍👩‍👧‍👦 lost 💸 500",
    "combining": "Z" + "\u0351" * 500,
    "astral": "𝓟𝓪𝔂 𝟓𝟎𝟎 \U0010ffff",
    "noncharacters": "\ufffe\uffff\ufdd0",
    "controls": "a\tb\nc\r\nd\x7f\x85",
    "script": "<script>alert(1)</script>",
}


@pytest.mark.parametrize("script", TEXTS)
def test_a_report_in_any_script_is_kept_as_it_was_told(running: Running, script: str) -> None:
    text = TEXTS[script]
    answer = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json={"text": text})
    assert answer.status == 201, answer
    report = answer.document
    for found in report["identifiers"]:
        assert 0 <= found["start"] < found["end"] <= len(text)
    shown = running.ask("GET", f"/api/v1/cases/{report['case']}", key=running.keys["auditor"])
    assert shown.status == 200
    assert shown.document["reports"] == [report]


def test_hold_forms_that_cannot_be(running: Running) -> None:
    for body, status in (
        ({"share": "case-0.000"}, 404),
        ({"share": "case-0.000", "amount_minor": 0}, 422),
        ({"share": "case-0.000", "amount_minor": -5}, 422),
        ({"share": "case-0.000", "amount_minor": 10**17}, 404),
        ({"share": "case-0.000", "amount_minor": 1.5}, 422),
        ({"share": "case-0.000", "purpose": "revenge"}, 422),
        ({"share": ""}, 404),
        ({"share": "x" * 100_000}, 404),
        ({"share": "\u202e\ufffe'\"%_;--"}, 404),
        ({}, 422),
    ):
        answer = running.ask("POST", "/api/v1/holds", key=running.keys["hotline"], json=body)
        assert (answer.status, answer.is_problem()) == (status, True), (body, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/cases/%00",
        "/api/v1/cases/%ED%A0%80",
        "/api/v1/cases/" + "x" * 5000,
        "/api/v1/cases/..%2f..%2fetc",
        "/api/v1/holds/%E2%80%AE",
        "/api/v1/holds?state=%00",
        "/api/v1/holds?state=a&state=b",
        "/api/v1/nothing",
        "/api/v2/cases",
        "/ledger/../keys/signing.key",
        "/ledger/%2e%2e/keys/signing.key",
        "/ledger/tile/../../keys/signing.key",
        "/ledger/tile/0/x001",
        "/ledger/tile/99/999",
        "/ledger/tile/entries",
        "/api/v1/bank/orders/../../holds/letter",
    ],
)
def test_addresses_where_nothing_is(running: Running, path: str) -> None:
    role = "bank" if "/bank/" in path else "auditor"
    answer = running.ask("GET", path, key=running.keys[role])
    assert answer.is_problem(), answer
    assert b"BEGIN" not in answer.body


@pytest.mark.parametrize("wait", ["-1", "1.5", "soon", "", "٥", "99999", "1e3", "%00"])
def test_a_wait_that_is_no_number_of_seconds(running: Running, wait: str) -> None:
    answer = running.ask("GET", f"/api/v1/bank/work?wait={wait}", key=running.keys["bank"])
    assert (answer.status, answer.is_problem()) == (422, True)


def test_methods_that_an_address_does_not_have(running: Running) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        answer = running.ask(method, "/api/v1/reports", key=running.keys["hotline"])
        assert (answer.status, answer.is_problem()) == (405, True), method
