"""The peers' door over real mutual TLS: who has no listed certificate, or brings anything but an envelope, is turned away."""

import random
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.e2e.people import Running

from lintas.cli.demo.people import pinned
from lintas.cli.demo.stage import NodeOnStage
from lintas.exchange.digest import open_digest
from lintas.exchange.read_report import ReadReport, open_report
from lintas.node import home as homes
from lintas.trust.certificates import self_signed
from lintas.trust.envelope import MAX_WIRE
from lintas.trust.keys import Ed25519Signer

#: As another implementation would spell them.
MEDIA, RECEIPT = {"content-type": "application/vnd.lintas.envelope"}, "application/vnd.lintas.receipt"
PATH = "/exchange/v1/envelopes"


@pytest.fixture(scope="module")
def door(running: Running) -> Iterator[httpx.Client]:
    """A client at xb's door with xa's own certificate."""
    context = pinned(running.xb)
    context.load_cert_chain(running.xa.home.key(homes.TLS_CERTIFICATE), running.xa.home.key(homes.TLS_KEY))
    with httpx.Client(base_url=running.xb.exchange_url, verify=context, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def wire(running: Running) -> bytes:
    """A real envelope that xa sent to xb and xb has admitted."""
    form = running.theft().form
    assert running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=form).status == 201

    # Every theft reported so far becomes one request abroad; when all are there, nothing honest is on its way any more.
    running.until(lambda: len(admitted(running)) == running.reported)

    def sent() -> str:
        found = running.ask("GET", "/api/v1/exchange/sent", key=running.keys["auditor"]).document
        return str(found[0]["envelope"]) if found and found[0]["receipted"] else ""

    envelope = running.until(sent)
    return running.ask("GET", f"/api/v1/exchange/sent/{envelope}", key=running.keys["auditor"]).body


def refused(answer: httpx.Response) -> str:
    """Check that this is a problem document below 500; return its reason."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["title"]
    assert found["detail"]
    return str(found.get("reason", ""))


def admitted(running: Running) -> list[dict[str, object]]:
    """Return what an outsider's envelope could have added at xb: its holds."""
    key = running.xb.approver_key
    found: list[dict[str, object]] = running.ask(
        "GET", "/api/v1/holds?state=any", key=key, client=running.client_b
    ).document
    return found


def knock(node: NodeOnStage, context: ssl.SSLContext) -> None:
    """Try to deliver; the handshake, or the first byte after it, must fail."""
    with httpx.Client(verify=context, timeout=20, trust_env=False) as client, pytest.raises(httpx.TransportError):
        client.post(f"{node.exchange_url}{PATH}", content=b"x", headers=MEDIA)


def test_without_a_certificate_nobody_gets_in(running: Running) -> None:
    knock(running.xb, pinned(running.xb))


def test_a_certificate_that_no_member_uses_gets_nobody_in(running: Running, tmp_path: Path) -> None:
    stranger = self_signed(["127.0.0.1"], now=datetime.now(UTC), name="xa-asc")
    (tmp_path / "a.pem").write_text(stranger.certificate_pem)
    (tmp_path / "a.key").write_text(stranger.key_pem)
    context = pinned(running.xb)
    context.load_cert_chain(tmp_path / "a.pem", tmp_path / "a.key")
    knock(running.xb, context)


def test_the_doors_own_certificate_is_no_members(running: Running) -> None:
    context = pinned(running.xb)
    context.load_cert_chain(running.xb.home.key(homes.TLS_CERTIFICATE), running.xb.home.key(homes.TLS_KEY))
    knock(running.xb, context)


def test_plain_http_and_old_tls_are_turned_away(running: Running) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.post(running.xb.exchange_url.replace("https", "http") + PATH, content=b"x", headers=MEDIA, timeout=20)
    context = pinned(running.xb)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(running.xa.home.key(homes.TLS_CERTIFICATE), running.xa.home.key(homes.TLS_KEY))
    knock(running.xb, context)


@pytest.mark.parametrize(
    "body",
    [b"", b"\0", b"garbage", b"\xff" * 1000, b"{}", b"\x93" * 100_000, b"\xdf\xff\xff\xff\xff", b"x" * 1_000_000],
    ids=lambda body: f"{body[:4]!r} {len(body)}",
)
def test_garbage_is_malformed(door: httpx.Client, running: Running, body: bytes) -> None:
    before = admitted(running)
    assert refused(door.post(PATH, content=body, headers=MEDIA)) == "malformed"
    assert admitted(running) == before


def test_nine_megabytes_are_too_large(door: httpx.Client, running: Running) -> None:
    before = admitted(running)
    body = bytes(9 * 1024 * 1024)
    assert len(body) > MAX_WIRE
    try:
        answer = door.post(PATH, content=body, headers=MEDIA)
    except httpx.TransportError:
        # The node answers before it has read everything, and then hangs up.
        answer = None
    assert answer is None or answer.status_code == 413
    assert admitted(running) == before
    assert refused(door.post(PATH, content=b"still there?", headers=MEDIA)) == "malformed"


def test_other_media_types_methods_and_paths(door: httpx.Client, wire: bytes) -> None:
    for media in ("application/json", "application/octet-stream", ""):
        answer = door.post(PATH, content=wire, headers={"content-type": media})
        assert answer.status_code == 415
    assert door.put(PATH).status_code == 405
    assert door.get(PATH).status_code == 422
    for path in ("/", "/api/v1/cases", "/exchange/v1/", "/healthz", "/ledger/checkpoint"):
        assert door.get(path).status_code == 404


def test_what_was_seen_is_told_to_members(door: httpx.Client, running: Running) -> None:
    assert door.get("/exchange/v1/checkpoints").json().keys() == {"checkpoints", "findings"}
    assert door.post("/exchange/v1/checkpoints", content=b"x").status_code == 405
    context = pinned(running.xb)
    with httpx.Client(verify=context, timeout=20, trust_env=False) as stranger, pytest.raises(httpx.TransportError):
        stranger.get(f"{running.xb.exchange_url}/exchange/v1/checkpoints")


def test_a_day_is_told_when_it_is_over(door: httpx.Client, running: Running) -> None:
    today = datetime.now(UTC).date()
    for day in ("", "x", today.isoformat(), "9999-12-31", "0000-00-00"):
        assert door.get("/exchange/v1/digest", params={"day": day}).status_code == 422, day
    before = (today - timedelta(days=1)).isoformat()
    answer = door.get("/exchange/v1/digest", params={"day": before})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vnd.lintas.digest")
    key = Ed25519Signer.load(running.xb.home.key(homes.SIGNING)).public
    counted = open_digest(answer.content, [key])
    assert (counted.digest.authority, counted.digest.peer, counted.digest.day) == ("xb-asc", "xa-asc", before)
    assert [each.count for each in counted.digest.lines] == [0, 0, 0, 0]


def test_who_read_what_is_told_to_whoever_sent_it(door: httpx.Client, running: Running, wire: bytes) -> None:
    """xb's approver looks at the request; xa, which sent it, hears so from the signed report, with no name in it."""
    assert wire
    assert admitted(running)  # by xb's approver
    media = "application/vnd.lintas.reads"

    def told() -> ReadReport | None:
        answer = door.get("/exchange/v1/reads", params={"after": "0-0"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert running.xb.cast.approver.encode() not in answer.content
        report = open_report(answer.content, [Ed25519Signer.load(running.xb.home.key(homes.SIGNING)).public])
        return report if "approver" in {each.role for each in report.reads} else None

    running.ask("POST", "/api/v1/ledger/checkpoint", key=running.xb.auditor_key, client=running.client_b)
    report = running.until(told)
    assert report is not None
    assert (report.authority, report.peer) == ("xb-asc", "xa-asc")
    seen = running.ask("GET", "/api/v1/reads", key=running.xb.auditor_key, client=running.client_b).document
    names = {each["pseudonym"]: each["name"] for each in seen}
    assert running.xb.cast.approver in {names.get(each.reader) for each in report.reads}
    for after in ("", "x", "0", "-1-0", "1e3-0"):
        assert door.get("/exchange/v1/reads", params={"after": after}).status_code == 422, after
    checked = running.ask("GET", "/api/v1/reads/check", key=running.xb.auditor_key, client=running.client_b).document
    assert checked["committed"]["matches"]
    assert checked["committed"]["reads"] >= len(report.reads)


def test_a_report_that_a_member_brings_must_be_its_own(door: httpx.Client, running: Running) -> None:
    assert door.get("/exchange/v1/reads/heard").json().keys() == {"after"}
    media = {"content-type": "application/vnd.lintas.reads"}
    theirs = door.get("/exchange/v1/reads", params={"after": "0-0"}).content
    for body in (b"", b"\0", b"\x93" * 1000, theirs):
        assert refused(door.post("/exchange/v1/reads", content=body, headers=media)) in ("malformed", "unknown_key")
    assert door.post("/exchange/v1/reads", content=theirs).status_code == 415
    assert door.post("/exchange/v1/reads", content=bytes(600_000), headers=media).status_code == 413
    standing = running.ask("GET", "/api/v1/reads/check", key=running.xb.auditor_key, client=running.client_b).document
    (about,) = (each for each in standing["reporting"] if each["peer"] == "xa-asc")
    assert about["refused_at"] is not None


def test_a_replay_gets_the_original_receipt(door: httpx.Client, running: Running, wire: bytes) -> None:
    before = admitted(running)
    first, second = (door.post(PATH, content=wire, headers=MEDIA) for _ in range(2))
    assert (first.status_code, first.headers["content-type"]) == (409, RECEIPT)
    assert first.headers["lintas-reason"] == "replay"
    assert first.content == second.content
    assert admitted(running) == before


def test_two_hundred_bit_flips_are_refused_each(door: httpx.Client, running: Running, wire: bytes) -> None:
    before, rng = admitted(running), random.Random(2)
    reasons: dict[str, int] = {}
    for _ in range(200):
        changed = bytearray(wire)
        changed[rng.randrange(len(wire))] ^= 1 << rng.randrange(8)
        reason = refused(door.post(PATH, content=bytes(changed), headers=MEDIA))
        reasons[reason] = reasons.get(reason, 0) + 1
    assert "" not in reasons
    assert "replay" not in reasons
    assert reasons.get("undecryptable", 0) > 50
    assert admitted(running) == before


def test_what_was_refused_is_there_for_people_to_see(door: httpx.Client, running: Running, wire: bytes) -> None:
    changed = bytearray(wire)
    changed[-1] ^= 1
    reason = refused(door.post(PATH, content=bytes(changed), headers=MEDIA))
    key = running.xb.auditor_key
    newest = running.ask("GET", "/api/v1/refusals", key=key, client=running.client_b).document[0]
    assert (newest["direction"], newest["peer"], newest["reason"]) == ("in", "xa-asc", reason)
