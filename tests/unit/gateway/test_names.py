"""The faces of names: the check, lists, exports, senders, block pages, and files that change meanwhile."""

import asyncio
import base64
import errno
import logging
import re
from pathlib import Path

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.telco.names.listing import EARLIER, NOW, entry

from lintas.gateway.names.book import Files, Settings, Shelf
from lintas.gateway.names.pace import Paced
from lintas.gateway.names.routes import LIST, ROUTES, keep_fresh, names_app
from lintas.model import times
from lintas.model.errors import BadInput
from lintas.node.pace import Pace
from lintas.telco.names import wire
from lintas.telco.names.hashes import full_hash, prefix_of
from lintas.telco.names.senders import Registration
from lintas.telco.records import Entry

SETTINGS = Settings(owner="XA Anti-Scam Centre", contest="https://desk.xa.example/contest?a=1&id=")
ENTRIES = [
    entry("scam.xb", id="aaaaaaaaaaaaaaaa"),
    entry("https://bit.ly/3xyz", "url", id="bbbbbbbbbbbbbbbb"),
    entry("old.xb", id="cccccccccccccccc", expires=EARLIER),
    entry("shop.xc", id="dddddddddddddddd", owner='<script>alert("1")</script>'),
    entry("XBTL Prize", "sender_id", id="eeeeeeeeeeeeeeee"),
    entry("bank.xa", kind="protected", id="ffffffffffffffff"),
]
BANK = Registration(
    id="aaaaaaaaaaaaaaaa",
    sender="XATL/Bank",
    jurisdiction="xa",
    owner="Bank XATL",
    since="2025-06-01T00:00:00Z",
    until="2026-06-01T00:00:00Z",
)


class Lists:
    """Files of entries and registrations, a clock that the test moves, and the application on them."""

    def __init__(self, folder: Path) -> None:
        self.entries, self.senders = folder / "entries.jsonl", folder / "senders.jsonl"
        self.write(ENTRIES)
        self.senders.write_bytes(msgspec.json.encode(BANK))
        self.now = NOW
        self.shelf = Shelf(Files(self.entries, self.senders), SETTINGS, lambda: self.now)
        self.app = names_app(self.shelf)

    def write(self, entries: list[Entry]) -> None:
        self.entries.write_bytes(b"\n".join(msgspec.json.encode(one) for one in entries))

    def get(self, address: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://lists.xa.example") as client:
                return await client.request(
                    method, address, headers={k.replace("_", "-"): v for k, v in headers.items()}
                )

        return asyncio.run(ask())


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(tmp_path)


def question(*expressions: str) -> str:
    return "/telco/v1/hashes:search?" + "&".join(
        f"hashPrefixes={wire.prefix_text(prefix_of(full_hash(one)))}" for one in expressions
    )


def test_the_check(lists: Lists) -> None:
    answer = lists.get(question("scam.xb/", "bit.ly/3xyz", "honest.xb/", "old.xb/", "bank.xa/"))
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert found["cacheDuration"] == "60s"
    assert {base64.b64decode(one["fullHash"]) for one in found["fullHashes"]} == {
        full_hash("scam.xb/"),
        full_hash("bit.ly/3xyz"),
    }
    assert found["fullHashes"][0]["fullHashDetails"] == [
        {"threatType": "SOCIAL_ENGINEERING", "redressId": "aaaaaaaaaaaaaaaa"}
    ]
    proto = lists.get(question("scam.xb/"), accept="application/x-protobuf")
    assert proto.headers["content-type"] == "application/x-protobuf" and full_hash("scam.xb/") in proto.content
    assert lists.get(question("scam.xb/") + "&alt=proto").content == proto.content
    assert lists.get(question("honest.xb/")).json() == {"fullHashes": [], "cacheDuration": "60s"}


def test_who_asks_for_details_is_told_who_lists_it_and_why(lists: Lists) -> None:
    answer = lists.get(question("scam.xb/", "honest.xb/") + "&details=1")
    assert len(answer.content) == wire.BLOCK and "content-encoding" not in answer.headers
    (found,) = answer.json()["fullHashes"]
    (detail,) = found["fullHashDetails"]
    assert detail.pop("lintas") == {
        "owner": "XA Anti-Scam Centre",
        "reason": "copies the sign-in page of Bank XATL",
        "until": "2026-04-01T00:00:00Z",
        "contest": "https://desk.xa.example/contest?a=1&id=aaaaaaaaaaaaaaaa",
    }
    assert detail == {"threatType": "SOCIAL_ENGINEERING", "redressId": "aaaaaaaaaaaaaaaa"}
    assert len(lists.get(question("honest.xb/") + "&details=1").content) == wire.BLOCK
    assert lists.get(question(*("honest.xb/",) * 65) + "&details=1").status_code == 422
    asked = [prefix_of(full_hash("scam.xb/"))]
    # A client that knows nothing of it reads the same.
    assert wire.from_json(answer.content, asked).matches == tuple(lists.shelf.book.hashes.search(asked, 0))


def test_an_id_that_two_entries_have_tells_of_the_right_one_or_of_none(lists: Lists) -> None:
    lists.write([entry("scam.xb"), entry("other.xb", owner="XB Police")])
    assert lists.shelf.refresh()
    owners = [
        (one["fullHashDetails"][0].get("lintas") or {}).get("owner", "")
        for name in ("scam.xb/", "other.xb/")
        for one in lists.get(question(name) + "&details=1").json()["fullHashes"]
    ]
    assert sorted(owners) in (["", "XA Anti-Scam Centre"], ["", "XB Police"])


def test_the_page_of_the_check(lists: Lists) -> None:
    page = lists.get("/?lang=en&text=q7q7", accept_language="th")
    assert page.status_code == 200 and '<html lang="en"' in page.text and "q7q7" not in page.text
    assert "XA Anti-Scam Centre" in page.text and "that you know and not by one from the message" in page.text
    assert "max-age=300" in page.headers["cache-control"] and "set-cookie" not in page.headers
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy and "form-action 'none'" in policy and "connect-src 'self'" in policy
    assert "<form" not in page.text and " name=" not in page.text.partition("<textarea")[2]
    assert not re.search(
        r"<script(?! src=\"/static/check-[0-9a-f]{16}\.js\" defer></script>)|<style|style=|\son\w+=", page.text
    )
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        file = lists.get(address, accept_encoding="gzip")
        assert file.status_code == 200 and "immutable" in file.headers["cache-control"]
    assert '<html lang="th"' in lists.get("/", accept_language="th").text
    assert lists.get("/static/manifest.json").status_code == 404
    assert lists.get("/", "POST").status_code == 405


def test_an_address_that_asks_too_often_waits_and_no_other(lists: Lists) -> None:
    seconds = 0.0
    lists.app = Paced(lists.app, Pace(burst=2, per_minute=1, now=lambda: seconds))
    asked = [lists.get(question("scam.xb/"), x_forwarded_for="192.0.2.7") for _ in range(3)]
    assert [each.status_code for each in asked] == [200, 200, 429] and "scam" not in asked[2].text
    late = lists.get("/", x_forwarded_for="198.51.100.1, 192.0.2.7")
    assert late.status_code == 429 and late.headers["retry-after"] == "60"
    assert lists.get("/", x_forwarded_for="192.0.2.7, 198.51.100.1").status_code == 200
    assert [lists.get(question("scam.xb/")).status_code for _ in range(3)] == [200] * 3
    seconds = 60.0
    assert lists.get("/", x_forwarded_for="192.0.2.7").status_code == 200
    networks = [lists.get("/", x_forwarded_for=f"2001:db8::{each}").status_code for each in (1, 2, 3)]
    assert networks == [200, 200, 429]


def test_bad_questions_are_problems(lists: Lists) -> None:
    for query in ("", "?hashPrefixes=AAAA", "?hashPrefixes=%FF%00", "?" + "hashPrefixes=AAAAAA==&" * 1001):
        answer = lists.get("/telco/v1/hashes:search" + query)
        assert answer.status_code in (413, 422) and answer.headers["content-type"] == "application/problem+json"
        assert "AAAA" not in answer.text
    assert lists.get(question("scam.xb/"), "POST").status_code == 405
    assert lists.get(question("scam.xb/"), "HEAD").content == b""


def test_nothing_of_a_question_is_logged(lists: Lists, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for query in ("?hashPrefixes=QUJDRA==", "?hashPrefixes=QUJDREVG", "?hashPrefixes=QUJDRA"):
        lists.get("/telco/v1/hashes:search" + query)
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert not any("QUJD" in record.getMessage() + str(record.__dict__) for record in ours)


def test_the_prefix_list(lists: Lists) -> None:
    named = lists.get("/telco/v1/hashLists").json()["hashLists"]
    assert [(one["name"], one["entriesCount"]) for one in named] == [(LIST, 3)]
    got = lists.get(f"/telco/v1/hashList/{LIST}")
    assert len(got.content) == 12 and got.content == lists.shelf.book.hashes.prefix_list
    assert "content-encoding" not in got.headers
    tag = got.headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        again = lists.get(f"/telco/v1/hashList/{LIST}", if_none_match=known)
        assert (again.status_code, again.content) == (304, b"")
    assert lists.get(f"/telco/v1/hashList/{LIST}", if_none_match='"x"').status_code == 200
    assert lists.get("/telco/v1/hashList/other").status_code == 404


def test_exports(lists: Lists) -> None:
    rpz = lists.get("/telco/v1/exports/rpz", accept_encoding="gzip")
    assert "scam.xb IN CNAME . ; aaaaaaaaaaaaaaaa" in rpz.text and rpz.headers["content-type"].startswith("text/dns")
    assert "bank.xa" not in rpz.text and "old.xb" not in rpz.text and "content-encoding" not in rpz.headers
    assert lists.get("/telco/v1/exports/rpz", if_none_match=rpz.headers["etag"]).status_code == 304
    assert lists.get("/telco/v1/exports/none").status_code == 422
    for bad in ("javascript:alert(1)//", 'https://x.xa/"><b>', "https://x.xa/>; rel=x", "https://", "https://x.xa/#"):
        with pytest.raises(BadInput):
            Settings(owner="X", contest=bad)


def test_senders(lists: Lists) -> None:
    assert lists.get("/telco/v1/senders/XATL%2FBank?jurisdiction=xa").json()["status"] == "registered"
    assert lists.get("/telco/v1/senders/XATL%2FBank?jurisdiction=XB&preset=strict").json()["status"] == "elsewhere"
    assert lists.get("/telco/v1/senders/XBTLPr1ze?jurisdiction=xa").json()["id"] == "eeeeeeeeeeeeeeee"
    for bad in (
        "",
        "?jurisdiction=",
        "?jurisdiction=zz",
        "?jurisdiction=xa&preset=none",
        "?jurisdiction=xa&jurisdiction=xb",
    ):
        assert lists.get("/telco/v1/senders/XATL" + bad).status_code == 422


def test_who_is_led_here_sees_why(lists: Lists) -> None:
    for host in ("scam.xb", "WWW.Scam.XB:80", "a.b.scam.xb."):
        page = lists.get("/any/path?x=<b>", host=host)
        assert page.status_code == 451
        assert page.headers["link"] == '<https://desk.xa.example/contest?a=1&id=aaaaaaaaaaaaaaaa>; rel="blocked-by"'
        assert "<dd>scam.xb</dd>" in page.text and "XA Anti-Scam Centre" in page.text
        assert 'href="https://desk.xa.example/contest?a=1&amp;id=aaaaaaaaaaaaaaaa"' in page.text
    thai = lists.get("/blocked?lang=th", host="scam.xb").text
    assert '<html lang="th">' in thai
    assert '<html lang="ms">' in lists.get("/blocked?id=aaaaaaaaaaaaaaaa", accept_language="ms-MY,en;q=0.5").text


def test_a_block_by_its_id(lists: Lists) -> None:
    assert "bit.ly/3xyz" in lists.get("/blocked?id=bbbbbbbbbbbbbbbb").text
    hostile = lists.get("/blocked?id=dddddddddddddddd").text
    assert "<script" not in hostile and "&lt;script&gt;" in hostile
    for none in ("", "?id=cccccccccccccccc", "?id=ffffffffffffffff", "?id=%3Cscript%3E", "?id=zzzz&lang=%22%3E"):
        page = lists.get("/blocked" + none)
        assert page.status_code == 404 and "script" not in page.text.lower().split("</h1>", 1)[1]
    lists.now = times.parse("2026-05-01T00:00:00Z")
    assert lists.get("/blocked?id=aaaaaaaaaaaaaaaa").status_code == 404


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30), st.text(max_size=20), st.text(max_size=20)
)
def test_no_page_says_what_a_browser_sent(lists: Lists, host: str, redress_id: str, lang: str) -> None:
    mark = "q7q7<x>"
    query = httpx.QueryParams({"id": redress_id + mark, "lang": lang + mark})
    page = lists.get(f"/blocked?{query}", host=(host + mark + ".scam.xb") if "@" not in host else "scam.xb")
    assert "q7q7" not in page.text and page.status_code in (404, 422, 451)
    assert not {"location", "set-cookie", "refresh"} & set(page.headers)
    links = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
    assert all(link.startswith(("/blocked?id=", "https://desk.xa.example/")) for link in links)


def test_files_that_change_and_files_that_break(lists: Lists) -> None:
    assert not lists.shelf.refresh()
    lists.write([entry("other.xb")])
    assert lists.shelf.refresh() and lists.shelf.book.by_host("other.xb", NOW)
    lists.entries.write_bytes(b"{broken")
    assert not lists.shelf.refresh() and "line 1" in lists.shelf.problem
    assert lists.shelf.book.by_host("other.xb", NOW)
    lists.entries.unlink()
    assert not lists.shelf.refresh() and lists.shelf.problem
    lists.write([entry("third.xb")])
    assert lists.shelf.refresh() and not lists.shelf.problem


def test_a_list_that_could_not_be_read_once_is_read_again(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Files.entries

    def away(*_: object) -> list[Entry]:
        raise OSError(errno.EMFILE, "Too many open files")

    lists.write([entry("other.xb")])
    monkeypatch.setattr(Files, "entries", away)
    assert not lists.shelf.refresh() and lists.shelf.problem
    monkeypatch.setattr(Files, "entries", read)
    monkeypatch.setattr("lintas.gateway.names.book.time.monotonic", lambda: float("inf"))
    assert lists.shelf.refresh() and not lists.shelf.problem
    assert lists.shelf.book.by_host("other.xb", NOW)


def test_a_fault_once_does_not_end_the_looking(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lintas.gateway.names.routes._REFRESH_SECONDS", 0.001)
    refresh, faults = lists.shelf.refresh, [RecursionError(), MemoryError()]

    def failing() -> bool:
        if faults:
            raise faults.pop()
        return refresh()

    async def play() -> None:
        task = asyncio.create_task(keep_fresh(lists.shelf))
        async with asyncio.timeout(10):
            while lists.shelf.book.by_host("other.xb", NOW) is None:
                await asyncio.sleep(0.01)
        task.cancel()

    monkeypatch.setattr(lists.shelf, "refresh", failing)
    lists.write([entry("other.xb")])
    asyncio.run(play())


def test_what_ends_leaves_the_exports_by_itself(lists: Lists) -> None:
    lists.write([entry("scam.xb"), entry("soon.xb", expires="2026-03-01T11:00:00Z")])
    assert lists.shelf.refresh()
    assert "soon.xb" in lists.get("/telco/v1/exports/plain").text
    lists.write([entry("scam.xb"), entry("sooner.xb", expires="2026-03-01T10:00:05Z")])
    assert lists.shelf.refresh()
    lists.now = times.parse("2026-03-01T10:09:59Z")
    assert not lists.shelf.refresh() and lists.get("/x", host="sooner.xb").status_code == 404
    lists.write([entry("scam.xb"), entry("soon.xb", expires="2026-03-01T11:00:00Z")])
    assert lists.shelf.refresh()
    lists.now = times.parse("2026-03-01T11:00:00Z")
    assert lists.get(question("soon.xb/")).json()["fullHashes"] == []
    assert lists.get("/x", host="soon.xb").status_code == 404
    assert lists.shelf.refresh() and "soon.xb" not in lists.get("/telco/v1/exports/plain").text
    lists.now = times.parse("2026-04-01T00:00:00Z")
    assert lists.shelf.refresh() and not lists.shelf.book.entries


def test_every_route_is_public_and_reads_only() -> None:
    assert all(route.public and route.method == "GET" for route in ROUTES)
