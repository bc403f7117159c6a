"""A member without inbound ports takes part in full: it fetches at the others' doors what a push would have brought."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.e2e.program import run
from tests.faults.pair import Pair, holds, member_client, reconciled, until

from lintas.node import home as homes
from lintas.node.config import Home, read_config
from lintas.trust.charter import parse_charter
from lintas.trust.keys import Ed25519Signer
from lintas.trust.receipt import Receipt, sign_receipt

ENVELOPES, RECEIPTS = "/exchange/v1/envelopes", "/exchange/v1/receipts"
RECEIPT, PROBLEM = "application/vnd.lintas.receipt", "application/problem+json"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pull"))
    with made.running():
        yield made
    assert [*made.a.faults(), *made.b.faults()] == []


@pytest.fixture(scope="module")
def door(pair: Pair) -> Iterator[httpx.Client]:
    """A client at xa's door with xb's certificate."""
    with member_client(pair.b, pair.a) as client:
        yield client


def refused(answer: httpx.Response, status: int) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    return str(answer.json().get("reason", ""))


@pytest.fixture(scope="module")
def hold(pair: Pair) -> str:
    """The first request that travelled, answered: whichever tests of this file a process plays."""
    with pair.a.client("hotline") as hotline, pair.a.client("bank") as bank, pair.b.client("approver") as approver:
        assert hotline.post("/api/v1/reports", json=pair.theft()).status_code == 201
        assert until(lambda: pair.bank_works(bank))
        began = time.monotonic()
        (hold,) = until(lambda: pair.approver_works(approver))
        # Not by asking again after a while: the waiting call was woken by the commit.
        assert time.monotonic() - began < 15
        until(lambda: [each["state"] for each in holds(hotline)] == ["answered"])
    return hold


def test_a_request_and_its_answer_travel_though_nobody_can_dial_the_other(pair: Pair, hold: str) -> None:
    with pair.a.client("auditor") as here, pair.b.client("auditor") as there:
        for auditor in (here, there):
            until(lambda auditor=auditor: reconciled(auditor)["unmatched"] == [])  # type: ignore[misc]
            assert reconciled(auditor)["matched"] >= 1
    assert hold in [row[0] for row in pair.b.ask("SELECT id FROM requests_holds")]


def test_who_read_the_request_is_brought_by_the_member_that_nobody_can_dial(pair: Pair, hold: str) -> None:
    with pair.a.client("auditor") as here, pair.b.client("auditor") as there:

        def told() -> list[dict[str, object]]:
            found: list[dict[str, object]] = here.get("/api/v1/reads/abroad").raise_for_status().json()
            return [each for each in found if each["role"] == "approver"]

        reads = until(told)
        (peer,) = {each["peer"] for each in there.get("/api/v1/reads").json()}
        pseudonyms = {each["pseudonym"] for each in there.get("/api/v1/reads").json()}
        assert peer == pair.a.home.config.authority
        assert {each["reader"] for each in reads} <= pseudonyms
        (standing,) = here.get("/api/v1/reads/check").json()["reporting"]
        assert (standing["peer"], standing["refused_at"]) == (pair.b.home.config.authority, None)


def test_who_asks_gets_nothing_soon_or_late(door: httpx.Client) -> None:
    assert door.get(f"{ENVELOPES}?lane=bulk").status_code == 204
    began = time.monotonic()
    assert door.get(f"{ENVELOPES}?lane=bulk&wait=1").status_code == 204
    assert 0.9 < time.monotonic() - began < 20


@pytest.mark.parametrize(
    "query",
    ["", "lane=", "lane=express", "lane=URGENT", "lane=urgent%00", "lane=" + "x" * 5000]
    + [f"lane=urgent&wait={wait}" for wait in ("-1", "1e3", "99999", "nan", "%D9%A3", "", "0.5")],
)
def test_an_unknown_lane_or_an_absurd_wait_is_told_at_once(door: httpx.Client, query: str) -> None:
    refused(door.get(f"{ENVELOPES}?{query}"), 422)


@pytest.mark.parametrize("body", [b"", b"\0", b"garbage", b"\xdf\xff\xff\xff\xff", b"\x93" * 100_000])
def test_a_receipt_that_is_none(door: httpx.Client, body: bytes) -> None:
    assert refused(door.post(RECEIPTS, content=body, headers={"content-type": RECEIPT}), 403) == "malformed"


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b'{"header_sha256": "x", "reason": "gap"}', b"[" * 100_000])
def test_a_refusal_that_is_none(door: httpx.Client, body: bytes) -> None:
    answer = door.post(RECEIPTS, content=body, headers={"content-type": PROBLEM})
    assert answer.status_code in (400, 413, 422)
    assert answer.headers["content-type"] == PROBLEM


def test_other_kinds_of_body_and_more_than_a_receipt(door: httpx.Client) -> None:
    assert door.post(RECEIPTS, content=b"{}", headers={"content-type": "application/json"}).status_code == 415
    answer = door.post(RECEIPTS, content=bytes(2 << 20), headers={"content-type": RECEIPT})
    assert refused(answer, 413) == ""
    assert door.get(RECEIPTS).status_code == 405
    assert door.put(ENVELOPES).status_code == 405


def test_a_receipt_of_what_was_never_sent_or_in_anothers_name(pair: Pair, door: httpx.Client) -> None:
    def receipt(who: str, key: str, seat: Home) -> bytes:
        said = Receipt(
            envelope="env-0197c0de4f2a7b31d2e9a8c4f0b1",
            header_sha256="ab" * 32,
            origin="xa-asc",
            recipient=who,
            lane="urgent",
            epoch=1,
            seq=1,
            received_at="2026-03-01T10:07:00Z",
            exercise=True,
            verdicts=(),
        )
        return sign_receipt(said, Ed25519Signer.load(seat.key(key)))

    media = {"content-type": RECEIPT}
    never = receipt("xb-asc", homes.SIGNING, pair.b.home)
    assert refused(door.post(RECEIPTS, content=never, headers=media), 403) == "foreign_receipt"
    other = receipt("xa-asc", homes.SIGNING, pair.a.home)
    assert refused(door.post(RECEIPTS, content=other, headers=media), 403) == "wrong_sender"
    forged = receipt("xb-asc", homes.SIGNING, pair.a.home)
    assert refused(door.post(RECEIPTS, content=forged, headers=media), 403) == "unknown_key"
    problem = b'{"header_sha256": "%s", "reason": "gap"}' % (b"ab" * 32)
    answer = door.post(RECEIPTS, content=problem, headers={"content-type": PROBLEM})
    assert refused(answer, 403) == "foreign_receipt"


def test_a_place_that_is_lost_at_the_one_who_fetches_begins_a_new_epoch(pair: Pair, hold: str) -> None:
    """Somebody with xa's key wrote to xb meanwhile, or xb's database was restored: as if it knew of places that xa has not."""
    with pair.a.client("hotline") as hotline, pair.a.client("bank") as bank, pair.b.client("approver") as approver:
        pair.b.end()
        pair.b.ask("SELECT 1")
        move(pair, "UPDATE border_channels SET seq = 40, header = 'elsewhere'")
        pair.b.start().await_ready()
        hotline.post("/api/v1/reports", json=pair.theft()).raise_for_status()
        until(lambda: pair.bank_works(bank))
        until(lambda: pair.approver_works(approver))
        until(lambda: {each["state"] for each in holds(hotline)} == {"answered"})
    assert pair.a.ask("SELECT max(epoch) FROM exchange_sealed") == [(2,)]
    assert pair.a.ask("SELECT count(*) FROM border_released WHERE verdict IS NULL") == [(0,)]
    assert pair.b.ask("SELECT count(*), count(DISTINCT object) FROM border_objects") == [(2, 2)]


def move(pair: Pair, sql: str) -> None:
    from lintas.storage.engine import open_engine, writing

    engine = open_engine(pair.b.home.path(pair.b.home.config.database))
    with writing(engine) as tx, tx.begin():
        tx.exec_driver_sql(sql)
    engine.dispose()


def test_init_makes_a_node_that_nobody_dials(tmp_path: Path) -> None:
    root = tmp_path / "node"
    made = run("init", root, "--jurisdiction", "xc", "--authority", "Ceres Desk", "--port", "8443", "--no-inbound")
    assert made.code == 0, made
    home = read_config(root / "lintas.toml")
    assert (home.config.pull, home.config.exchange.host, home.config.exchange.port) == (True, "127.0.0.1", 0)
    charter = parse_charter((root / "charter").read_bytes()).charter
    assert charter.member(home.config.authority).exchange_url == ""
    assert run("doctor", "--config", root / "lintas.toml").code == 0
