"""Two nodes made by the program: a signing key is rotated and revoked, the charter passes on by itself, a peer is severed."""

import contextlib
import re
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.program import Ended, run, run_many, start
from tests.e2e.test_node_process import free_port

from lintas.cli.key import issue_key
from lintas.model import messages, times
from lintas.model.errors import Refused
from lintas.model.ids import IdSource
from lintas.model.markings import Marking
from lintas.model.messages import HoldRequest, LegalBasis
from lintas.model.tainted import Baton
from lintas.model.times import SystemClock
from lintas.node import home as homes
from lintas.node.config import read_config
from lintas.trust.charter import parse_charter
from lintas.trust.envelope import Draft, Item, header_sha256, seal
from lintas.trust.keys import Ed25519Signer, KemKey, Signer
from lintas.trust.receipt import open_receipt

MEDIA = {"content-type": "application/vnd.lintas.envelope"}
IDS = IdSource(SystemClock())
PEOPLE = {"Ann Low": "approver", "Bea Kon": "administrator", "Cai Moy": "approver", "Dee Aud": "auditor"}


class Member:
    """One authority: its node as a process, its people's keys, and envelopes written with its real keys."""

    def __init__(self, root: Path, authority: str, port: int) -> None:
        self.authority, self.port, self.root = authority, port, root / authority
        self.config, self.log = self.root / "lintas.toml", root / f"{authority}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.seq, self.prev = 0, ""

    def init(self) -> list[str | Path]:
        code = self.authority[:2]
        name = f"Test Centre {code}"
        return ["init", self.root, "--jurisdiction", code, "--authority", name, "--id", self.authority,
                "--port", str(self.port), "--bank", f"{code.upper()}UB"]  # fmt: skip

    def settle_in(self) -> None:
        """Let its beat be quick, and give its people keys."""
        text = self.config.read_text()
        self.config.write_text(text.replace("checkpoint_seconds = 60.0", "checkpoint_seconds = 1.0"))
        self.home = read_config(self.config)
        self.keys = {name: issue_key(self.home, name=name, role=role) for name, role in PEOPLE.items()}
        for name, key in self.keys.items():
            path = self.root / name.split()[0]
            path.touch(0o600)
            path.write_text(f"{key}\n")

    def trusting(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(self.root / "keys" / "tls.pem")
        return context

    def serve(self) -> None:
        self.process = start("serve", "--config", self.config, log=self.log)

    def is_up(self) -> None:
        until(lambda: self.process is not None and self.process.poll() is None and self.get("/healthz", "") is not None)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)

    def ask(self, method: str, path: str, who: str, **sent: Any) -> httpx.Response:  # noqa: ANN401 — httpx's own
        """Call the API as one of the people."""
        headers = dict(sent.pop("headers", {})) | ({"authorization": f"Bearer {self.keys[who]}"} if who else {})
        url = f"https://127.0.0.1:{self.port}"
        with httpx.Client(base_url=url, verify=self.trusting(), timeout=20, trust_env=False) as client:
            return client.request(method, path, headers=headers, **sent)

    def get(self, path: str, who: str = "Ann Low") -> Any:  # noqa: ANN401 — JSON
        try:
            answer = self.ask("GET", path, who)
        except httpx.TransportError:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    def version(self) -> int:
        """Return the version of the charter in force, as anybody may read it."""
        return parse_charter(self.ask("GET", "/api/v1/charter", "").content).charter.version

    # ---- at another member's door

    def at_door(self, other: "Member", method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401
        """Knock with this member's own certificate."""
        context = other.trusting()
        context.load_cert_chain(self.root / "keys" / "tls.pem", self.root / "keys" / "tls.key")
        url = f"https://127.0.0.1:{other.port + 1}"
        with httpx.Client(base_url=url, verify=context, timeout=20, trust_env=False) as client:
            return client.request(method, path, **sent)

    def write(self, other: "Member", signer: Signer | None = None) -> bytes:
        """Write the next envelope with one hold request, by hand, on the lane that the nodes here do not use."""
        bank = f"{other.authority[:2].upper()}UB"
        code = self.authority[:2].upper()
        asked = HoldRequest(
            hold=IDS.new("hold"),
            baton=Baton(
                transfer=IDS.new("transfer"), start=0, end=5_000, currency="XAK", holder=bank, sender="FARBANK"
            ),
            amount_minor=5_000,
            currency="XAK",
            scheme="investment",
            basis=LegalBasis(jurisdiction=code, rule="by-hand", law="by hand"),
            answer_by="2099-03-01T11:07:00Z",
            expires="2099-03-01T11:07:00Z",
            contact="desk@x.example",
        )
        name, now = IDS.new("obj"), times.render(datetime.now(UTC))
        marking = Marking(plane="B", tlp="AMBER+STRICT")
        said = messages.write(
            asked, id=name, origin=self.authority, purpose="stop_payment", marking=marking, issued_at=now
        )
        draft = Draft(
            id=IDS.new("env"), origin=self.authority, recipient=other.authority, lane="bulk", epoch=1,
            seq=self.seq + 1, prev=self.prev, created=now, exercise=True,
        )  # fmt: skip
        kem = KemKey.load(other.home.key(homes.KEM)).public
        return seal(draft, [Item(name, said, IDS.salt())], [signer or self.signer()], kem)

    def deliver(self, other: "Member", signer: Signer | None = None) -> httpx.Response:
        """Write and deliver an envelope; its place is taken when it was receipted."""
        wire = self.write(other, signer)
        answer = self.at_door(other, "POST", "/exchange/v1/envelopes", content=wire, headers=MEDIA)
        if answer.status_code == 200:
            self.seq, self.prev = self.seq + 1, header_sha256(wire)
        return answer

    def signer(self, file: str = homes.SIGNING) -> Ed25519Signer:
        return Ed25519Signer.load(self.home.key(file))


def until(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.03)


def fine(ended: list[Ended]) -> list[Ended]:
    assert all(each.code == 0 for each in ended), ended
    return ended


def reason(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json().get("reason", ""))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Member, Member]]:
    root = tmp_path_factory.mktemp("pair")
    both = (Member(root, "xa-asc", free_port()), Member(root, "xb-asc", free_port()))
    fine(run_many([each.init() for each in both], root))
    commands: list[list[str | Path]] = [
        ["charter", "member", "--config", both[0].config, "--out", "a.member"],
        ["charter", "member", "--config", both[1].config, "--out", "b.member"],
        ["charter", "propose", "a.member", "b.member", "--quorum", "2", "--exercise", "--out", "charter"],
        ["charter", "endorse", "charter", "--config", both[0].config],
        ["charter", "endorse", "charter", "--config", both[1].config],
    ]
    told = fine(run_many(commands, root))
    pin = re.findall(r"sha256 ([0-9a-f]{64})", told[2].out)[0]
    fine(run_many([["charter", "install", "charter", "--pin", pin, "--config", each.config] for each in both], root))
    try:
        for each in both:
            each.settle_in()
            each.serve()
        for each in both:
            each.is_up()
        yield both
    finally:
        for each in both:
            each.stop()
    for each in both:
        said = each.log.read_text("utf-8", "replace")
        assert not [word for word in ("Traceback", "unexpected error", "background work failed") if word in said], said


def a_key_is_rotated_and_revoked_and_the_charter_passes_on(pair: tuple[Member, Member], tmp_path: Path) -> None:
    xa, xb = pair
    root, old = xa.root.parent, xa.signer()
    assert xa.deliver(xb).status_code == 200
    until(lambda: [each["doubt"] for each in xb.get("/api/v1/holds")] == [""])

    rotate: list[str | Path] = ["charter", "rotate", "--revoke-at", "now", "--config", xa.config, "--out", "xa.new"]
    first, again, *_ = fine(run_many([
        rotate,
        rotate,
        ["charter", "propose", "xa.new", "--previous", "charter", "--others", "--quorum", "2", "--out", "two"],
        ["charter", "endorse", "two", "--config", xa.config],
    ], root))  # fmt: skip
    assert first.out == again.out, "rotating again before it counts makes no third key"
    fresh = xa.signer("signing-2.key")
    assert fresh.public.key_id in first.out
    # One of two is no quorum: nobody takes it.
    for each in pair:
        assert reason(adopt(each, root / "two")) == "no_quorum"
    fine(run_many([["charter", "endorse", "two", "--config", xb.config]], root))
    assert adopt(xa, root / "two").json() == {"version": 2}
    # Nobody tells xb.
    until(lambda: xb.version() == 2)

    assert reason(xa.deliver(xb, old)) == "unknown_key"
    assert xa.deliver(xb, fresh).status_code == 200
    until(lambda: len(xb.get("/api/v1/holds")) == 2)
    before, after = (each["doubt"] for each in xb.get("/api/v1/holds"))
    assert "counts no more" in before
    assert after == ""
    assert "counts no more" in xb.ask("GET", "/", "Ann Low").text
    (view,) = xb.get("/api/v1/peers")
    assert (view["current_keys"], view["revoked_keys"]) == ([fresh.public.key_id], [old.public.key_id])
    assert view["last_in"] is not None
    # xa signs with the new key, and was never restarted.
    receipt = xb.deliver(xa)
    assert receipt.status_code == 200
    assert open_receipt(receipt.content, [fresh.public]).recipient == "xa-asc"
    with pytest.raises(Refused):
        open_receipt(receipt.content, [old.public])


def adopt(member: Member, file: Path) -> httpx.Response:
    headers = {"content-type": "text/plain"}
    return member.ask("POST", "/api/v1/charter", "Bea Kon", content=file.read_bytes(), headers=headers)


def the_charter_at_the_peers_door(pair: tuple[Member, Member]) -> None:
    xa, xb = pair
    path = "/exchange/v1/charter"
    assert parse_charter(xa.at_door(xb, "GET", path, params={"after": "1"}).content).charter.version == 2
    for none in ("2", "0", "3", "999999999"):
        assert xa.at_door(xb, "GET", path, params={"after": none}).status_code == 204
    for bad in ("", "-1", "1.0", "x", "1" * 40, "٣"):
        assert xa.at_door(xb, "GET", path, params={"after": bad}).status_code == 422
    assert xa.at_door(xb, "GET", path).status_code == 422
    assert xa.at_door(xb, "POST", path).status_code == 405


def the_only_key_is_not_revoked_and_bad_requests_are_told(pair: tuple[Member, Member]) -> None:
    xa, xb = pair
    root = xa.root.parent
    out: list[str | Path] = ["--config", xb.config, "--out", "never"]
    old = xa.signer().public.key_id
    ended = run_many([
        ["charter", "revoke", xb.signer().public.key_id, *out],
        ["charter", "revoke", "0123456789abcdef", *out],
        ["charter", "revoke", old, "--config", xa.config, "--out", "never"],
        ["charter", "rotate", "--revoke-at", "soon", *out],
        ["charter", "revoke", old, "--at", "2026-13-01T00:00:00Z", *out],
        ["charter", "propose", "xa.new", "--others", "--quorum", "2", "--out", "never"],
        ["charter", "propose", "a.member", "xa.new", "--previous", "charter", "--others", "--quorum", "2",
         "--out", "never"],
    ], root)  # fmt: skip
    assert [each.code for each in ended] == [2, 1, 1, 2, 2, 2, 2], ended
    assert "no key to sign with" in ended[0].err
    assert "already" in ended[2].err
    assert "twice" in ended[6].err
    assert not (root / "never").exists()
    assert not xb.home.key("signing-2.key").exists()


def peer(member: Member, change: str, who: str, *, of: str = "xa-asc", why: str = "a stolen key") -> Ended:
    key = member.root / who.split()[0]
    return run("peer", change, of, "--reason", why, "--key-file", key, "--config", member.config)


def severing_on_the_command_line_is_obeyed_by_the_running_node(pair: tuple[Member, Member]) -> None:
    xa, xb = pair
    new = xa.signer("signing-2.key")
    assert peer(xb, "sever", "Ann Low").code == 0
    with contextlib.suppress(httpx.TransportError):  # the door may be even quicker
        assert reason(xa.deliver(xb, new)) == "severed"
    assert xb.get("/api/v1/peers")[0]["standing"] == "severed"

    def shut() -> bool:
        try:
            xa.at_door(xb, "GET", "/exchange/v1/charter", params={"after": "1"})
        except httpx.TransportError:
            return True
        return False

    until(shut)
    listed = run("peer", "list", "--config", xb.config).out.split("\t")
    assert listed[:2] == ["xa-asc", "severed"]
    assert listed[3:] == ["Ann Low", "a stolen key", "-\n"]

    # One person by two ways is one person; the second person makes it.
    body = {"json": {"reason": "a new key, compared by telephone"}}
    assert peer(xb, "restore", "Ann Low").out == "xa-asc: another person must confirm it\n"
    assert xb.ask("POST", "/api/v1/peers/xa-asc/restore", "Ann Low", **body).status_code == 403
    assert shut()
    assert xb.ask("POST", "/api/v1/peers/xa-asc/restore", "Bea Kon", **body).status_code == 200
    assert xa.deliver(xb, new).status_code == 200


def severing_through_the_api_shuts_the_door_at_once(pair: tuple[Member, Member]) -> None:
    xa, xb = pair
    body = {"json": {"reason": "letters that nobody there wrote"}}
    assert xb.ask("POST", "/api/v1/peers/xa-asc/sever", "Cai Moy", **body).status_code == 200
    with pytest.raises(httpx.TransportError):
        xa.deliver(xb)
    assert xb.ask("POST", "/api/v1/peers/xa-asc/sever", "Cai Moy", **body).status_code == 409
    for who in ("Cai Moy", "Bea Kon"):
        assert xb.ask("POST", "/api/v1/peers/xa-asc/restore", who, **body).status_code == 200
    before = len(xb.get("/api/v1/holds"))
    assert xa.deliver(xb, xa.signer("signing-2.key")).status_code == 200
    # The hold comes a moment after the receipt; the next test counts.
    until(lambda: len(xb.get("/api/v1/holds")) == before + 1)


def quarantine_by_the_page_and_two_who_accept(pair: tuple[Member, Member]) -> None:
    xa, xb = pair
    own = {"sec-fetch-site": "same-origin"}
    before = len(xb.get("/api/v1/holds"))

    def press(path: str, who: str) -> int:
        form = {"data": {"reason": "looked at with care"}, "headers": own}
        return xb.ask("POST", f"/peers/xa-asc/{path}", who, **form).status_code

    assert press("quarantine", "Ann Low") == 303
    assert xa.deliver(xb, xa.signer("signing-2.key")).status_code == 200
    (item,) = xb.get("/api/v1/peers/xa-asc/quarantine")
    shown = xb.ask("GET", "/peers", "Ann Low").text
    assert item["object"] in shown
    assert "quarantined" in shown
    # Who keeps the machines running sees that something waits, and not what it says.
    assert item["object"] not in xb.ask("GET", "/peers", "Bea Kon").text
    where = f"quarantine/{item['object']}"
    assert [press(f"{where}/accept", who) for who in ("Ann Low", "Ann Low", "Bea Kon")] == [303, 403, 403]
    assert len(xb.get("/api/v1/holds")) == before
    assert press(f"{where}/accept", "Cai Moy") == 303
    until(lambda: len(xb.get("/api/v1/holds")) == before + 1)
    assert press(f"{where}/reject", "Ann Low") == 409
    assert [press("restore", who) for who in ("Ann Low", "Cai Moy")] == [303, 303]


BAD = ["", "  ", "no", "x" * 501, "two\nlines", "a \x00 b", "turned \u202e round"]


def bad_reasons_are_refused_and_change_nothing(pair: tuple[Member, Member], why: str) -> None:
    xb = pair[1]
    before = xb.get("/api/v1/peers")
    for change in ("sever", "quarantine", "restore", "quarantine/obj-0/accept", "quarantine/obj-0/reject"):
        answer = xb.ask("POST", f"/api/v1/peers/xa-asc/{change}", "Ann Low", json={"reason": why})
        assert answer.status_code in (400, 422), answer.text
    assert xb.get("/api/v1/peers") == before


def bad_commands_are_told_in_one_line(pair: tuple[Member, Member]) -> None:
    xa, xb = pair
    nobody = xb.root / "nobody"
    nobody.touch(0o600)
    nobody.write_text("lk_key-0_" + "A" * 43)
    at: list[str | Path] = ["--config", xb.config]
    ann: list[str | Path] = ["--key-file", xb.root / "Ann", *at]
    ended = run_many([
        ["doctor", *at],
        ["peer", "sever", "xa-asc", "--reason", "two\nlines", *ann],
        ["peer", "sever", "xb-asc", "--reason", "oneself", *ann],
        ["peer", "sever", "xz-asc", "--reason", "unknown", *ann],
        ["peer", "restore", "xa-asc", "--reason", "it is trusted", *ann],
        ["peer", "sever", "xa-asc", "--reason", "no such key", "--key-file", nobody, *at],
        ["peer", "sever", "xa-asc", "--reason", "not the role", "--key-file", xb.root / "Dee", *at],
        ["peer", "sever", "xa-asc", "--reason", "another node's", "--key-file", xa.root / "Ann", *at],
        ["peer", "sever", "xa-asc", "--reason", "no file", "--key-file", xb.root / "missing", *at],
    ], xb.root)  # fmt: skip
    assert [each.code for each in ended] == [0, 2, 2, 1, 1, 1, 1, 1, 2], ended
    assert all(len(each.err.strip().splitlines()) == 1 for each in ended[1:]), ended
    assert xb.get("/api/v1/peers")[0]["standing"] == "trusted"
    for path, status in (("xb-asc/sever", 422), ("xz-asc/sever", 404), ("%00/sever", 422), ("xa-asc/restore", 409)):
        answer = xb.ask("POST", f"/api/v1/peers/{path}", "Ann Low", json={"reason": "a good one"})
        assert answer.status_code == status, path
    assert xb.ask("GET", "/api/v1/peers/xz-asc/quarantine", "Ann Low").status_code == 404
    assert (
        xb.ask(
            "POST", "/api/v1/peers/xa-asc/quarantine/obj-0/accept", "Ann Low", json={"reason": "why not"}
        ).status_code
        == 404
    )


def severing_needs_no_running_node_and_outlasts_its_start(pair: tuple[Member, Member]) -> None:
    xa, xb = pair
    xb.stop()
    assert peer(xb, "sever", "Cai Moy").code == 0
    xb.serve()
    xb.is_up()
    with pytest.raises(httpx.TransportError):
        xa.deliver(xb)
    assert xb.get("/api/v1/peers")[0]["standing"] == "severed"


def test_members_change_one_thing_after_the_other(pair: tuple[Member, Member], tmp_path: Path) -> None:
    """Each part begins where the one before it ended, so they are one test, in whatever order tests are played."""
    a_key_is_rotated_and_revoked_and_the_charter_passes_on(pair, tmp_path)
    the_charter_at_the_peers_door(pair)
    the_only_key_is_not_revoked_and_bad_requests_are_told(pair)
    severing_on_the_command_line_is_obeyed_by_the_running_node(pair)
    severing_through_the_api_shuts_the_door_at_once(pair)
    quarantine_by_the_page_and_two_who_accept(pair)
    for why in BAD:
        bad_reasons_are_refused_and_change_nothing(pair, why)
    bad_commands_are_told_in_one_line(pair)
    severing_needs_no_running_node_and_outlasts_its_start(pair)
