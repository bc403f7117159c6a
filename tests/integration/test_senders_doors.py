"""Sender IDs through their doors: pages and API by role, the signed registry, and what a gateway answers from it."""

import asyncio
import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.integration.engines import Fresh
from tests.integration.test_senders import BANK, THIEF, Three, abroad, claim, of, registered, seen, two
from tests.integration.town import XA, keys_of
from tests.integration.visitors import Visitors, words_of
from tests.unit.telco.names.listing import entry

from lintas.gateway.names.book import Files, Settings, Shelf
from lintas.gateway.names.registry import SignedRegistry
from lintas.gateway.names.routes import names_app
from lintas.model.errors import CheckFailed
from lintas.trust import note

API = "/api/v1/telco/senders"


@pytest.fixture
def three(fresh: Fresh) -> Iterator[Three]:
    town = Three(fresh)
    yield town
    for desk in town.desks:
        desk.engine.dispose()


@pytest.fixture
def to(three: Three, tmp_path: Path) -> Iterator[Visitors]:
    """Visitors of xb, which hears of what xa claims."""
    made = Visitors(three.xb, tmp_path)
    yield made
    made.close()


def fetch(to: Visitors, known: str = "") -> httpx.Response:
    return to.ask("GET", f"{API}/registry", "telco", "XBTL", headers={"if-none-match": known})


def answer(file: Path, three: Three, sender: str, **query: str) -> dict[str, str]:
    """Ask a gateway that has this file of registrations."""
    entries = file.with_name("entries.jsonl")
    entries.write_bytes(msgspec.json.encode(entry("scam.xb")) + b"\n")
    settings = Settings(owner="The Authority", contest="https://xb.example/redress/")
    app = names_app(Shelf(Files(entries, file), settings, three.clock.now))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
            return await client.get(f"/telco/v1/senders/{sender}", params=query)

    return dict(asyncio.run(ask()).json())


def test_a_gateway_takes_the_registry_and_answers_from_it(three: Three, to: Visitors, tmp_path: Path) -> None:
    xa, xb = three.xa, three.xb
    theirs, ours = claim(xa), claim(xb, msgspec.structs.replace(BANK, sender="MERIDIAN", owner="Meridian"))
    three.tick()
    for _ in range(2):
        three.pass_(days=14, minutes=1)
    first = fetch(to)
    assert first.status_code == 200 and fetch(to, first.headers["etag"]).status_code == 304
    key = str(note.ed25519_key(keys_of(xb.authority).signer.name, keys_of(xb.authority).signer))
    taken, file = SignedRegistry([key]), tmp_path / "senders.jsonl"
    file.write_bytes(first.content)
    taken(file)
    assert answer(file, three, "MERIDIAN", jurisdiction="xb", aggregator="XA Gate")["action"] == "allow"
    wrong = answer(file, three, "MERIDIAN", jurisdiction="xb", aggregator="Any Gate")
    assert (wrong["action"], wrong["status"]) == ("block", "wrong-aggregator")
    like = answer(file, three, "XATL8ANK", jurisdiction="xb", preset="sg")
    assert (like["action"], like["label"], like["owner"]) == ("label", "Likely-SCAM", "XATL Bank")
    two(xa, theirs.id, "revoke")
    three.settle()
    then = fetch(to, first.headers["etag"])
    assert then.status_code == 200
    file.write_bytes(then.content)
    taken(file)
    assert answer(file, three, "XATL8ANK", jurisdiction="xb")["status"] == "unregistered"
    # Once the year is over it is gone without a word, and leaves the node's list too.
    three.clock.move(days=366)
    assert answer(file, three, "MERIDIAN", jurisdiction="xb")["status"] == "unregistered"
    assert b"MERIDIAN" not in fetch(to, then.headers["etag"]).content
    assert of(xb, ours.id).state == "registered"  # until the clock looks
    # An old copy, one of somebody else, one with a line more.
    for bad in (first.content, then.content + b"\n", b"{}", then.content.replace(b"Meridian", b"Meridiam")):
        file.write_bytes(bad)
        with pytest.raises(CheckFailed):
            taken(file)
    other = str(note.ed25519_key("xa-asc/signing", keys_of(XA).signer))
    file.write_bytes(then.content)
    with pytest.raises(CheckFailed, match="no known key"):
        SignedRegistry([other])(file)


def test_a_claim_by_pages(three: Three, to: Visitors) -> None:
    typed = {"sender": "XBTLBank", "owner": "XBTL Bank", "aggregators": "XB Gate\n\nXB Second"}
    sent = to.send("/telco/senders/new", "investigator", **typed)
    assert sent.status_code == 303, words_of(sent.text)
    address = sent.headers["location"]
    name = address.rpartition("/")[2]
    assert of(three.xb, name).aggregators == ("XB Gate", "XB Second")
    assert "Another officer decides" in words_of(to.see(address, "investigator"))
    assert to.send(f"{address}/decide", "investigator", answer="approve").status_code == 403
    assert to.send(f"{address}/decide", "approver", answer="").status_code == 422
    assert to.send(f"{address}/decide", "approver", answer="decline").status_code == 422
    assert to.send(f"{address}/decide", "approver", answer="approve").status_code == 303
    page = words_of(to.see(address, "approver"))
    assert "days from its announcement to object" in page and "Take it back" in page
    assert "Take it back" not in words_of(to.see(address, "auditor"))
    again = to.send("/telco/senders/new", "approver", **typed)
    assert again.status_code == 409 and "XB Second" in html.unescape(again.text)
    assert to.send("/telco/senders/new", "approver", sender="OTP", owner="Us").status_code == 422
    assert to.send(f"{address}/withdraw", "approver", reason="it was a mistake").status_code == 303
    assert to.data(address, "auditor")["sender"]["state"] == "ended"
    for query, count in (
        ("q=xbtl", 1),
        ("q=XBT1BANK", 1),
        ("state=claimed", 0),
        ("where=abroad", 0),
        ("where=here", 1),
    ):
        assert len(to.data(f"/telco/senders?{query}", "auditor")["senders"]) == count, query
    assert to.ask("GET", "/telco/senders?state=x", "auditor").status_code == 422
    assert to.ask("GET", "/telco/senders", "telco", "XBTL").status_code == 403


def test_what_comes_from_abroad_by_pages(three: Three, to: Visitors) -> None:
    xa, xb = three.xa, three.xb
    ours = registered(three, xb)
    thief = claim(xa, THIEF)
    three.tick()
    theirs = abroad(xb, XA)
    address = f"/telco/senders/{theirs.id}"
    page = to.see(address, "approver")
    assert ours.id in page and "waits for the consent" in words_of(page)
    reads = three.xb.ask(lambda tx: xb.node.reads.listed(tx, reader=to.key("approver").split("_")[1]))
    assert theirs.statement in {each.object for each in reads}
    assert theirs.sender in to.see("/telco/senders?where=abroad", "auditor")
    asked = to.send(f"{address}/ask", "investigator", act="object", reason="this is our bank's")
    assert asked.status_code == 303, words_of(asked.text)
    assert to.send(f"{address}/ask", "approver", act="consent", reason="they agree").status_code == 409
    assert "this is our bank's" in html.unescape(to.see(address, "approver"))
    page = to.see(address, "approver")
    read = {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0] for name in ("act", "at")}
    assert to.send(f"{address}/decide", "approver", answer="confirm").status_code == 422
    assert to.send(f"{address}/decide", "approver", answer="confirm", **read | {"act": "consent"}).status_code == 409
    assert to.send(f"{address}/decide", "approver", answer="confirm", **read).status_code == 303
    three.settle()
    assert [each.reason for each in seen(xa, thief.id).words] == ["this is our bank's"]
    # By its owner's word it is let go after all.
    for act, more in (("retract", {}), ("consent", {"registration": ours.id})):
        sent = to.send(f"{address}/ask", "investigator", act=act, reason="they agreed", **more)
        assert sent.status_code == 303, words_of(sent.text)
        wish = to.data(address, "approver")["sender"]["asked"]
        read = {"act": wish["act"], "at": wish["at"]}
        assert to.send(f"{address}/decide", "approver", answer="confirm", **read).status_code == 303
    three.settle()
    assert {each.stand for each in seen(xa, thief.id).words} == {"withdrawn", "consents"}
    said = three.clock.now() + timedelta(0)
    assert to.data(address, "auditor")["words"][0]["filed"].startswith(said.strftime("%Y-%m-%d"))


def test_the_api(three: Three, to: Visitors) -> None:
    form = {"sender": "XBTLBank", "owner": "XBTL Bank"}

    def ask(role: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401 — what httpx takes
        return to.ask("POST", API + path, role, accept="application/json", **sent)

    assert ask("auditor", "", json=form).status_code == 403
    filed = ask("investigator", "", json=form)
    assert filed.status_code == 201, filed.text
    name = filed.json()["id"]
    assert ask("investigator", f"/{name}/approve").status_code == 403
    assert ask("approver", f"/{name}/approve").json()["state"] == "claimed"
    assert ask("approver", f"/{name}/ask", json={"act": "revoke", "reason": "it is sold"}).status_code == 409
    wish = {"act": "revoke", "at": "2026-03-15T10:07:00Z"}
    assert ask("approver", f"/{name}/confirm", json=wish).status_code == 409
    assert ask("approver", f"/{name}/confirm", json={"act": "revoke"}).status_code == 422
    assert ask("approver", f"/{name}/withdraw", json={"reason": "a mistake"}).json()["end_code"] == "withdrawn"
    shown = to.ask("GET", f"{API}/{name}", "auditor", accept="application/json").json()
    assert [each["act"] for each in shown["acts"]] == ["file", "approve", "withdrawn"]
    listed = to.ask("GET", f"{API}?q=XBTL", "hotline", accept="application/json").json()
    assert [each["id"] for each in listed] == [name]
    for bad in ("state=x", "where=x", "limit=0"):
        assert to.ask("GET", f"{API}?{bad}", "auditor", accept="application/json").status_code == 422
