"""The SIP face answers each request as it must, without sockets: verdicts, faults, retransmissions, strangers, bounds."""

import asyncio
import ipaddress
from collections.abc import Callable

import pytest

from lintas.gateway.sip.face import STRANGERS_PER_SECOND, SipFace, calls_of
from lintas.gateway.sip.settings import Redress, SipSettings, Source
from lintas.gateway.sip.transactions import Transactions
from lintas.interop.sip.message import read
from lintas.model.errors import BadInput
from lintas.telco.records import Action, Call, Trunk, Verdict

ID = "abcdefghij234567"
REDRESS = Redress(url="https://redress.example/b/{id}", tel="+9992110000", email="help@redress.example")


def verdict(action: Action = "allow", redress_id: str = "") -> Verdict:
    return Verdict(
        verdict="fail" if action == "block" else "unknown", evidence="listed", action=action, id=redress_id, ttl_s=60
    )


class Judge:
    """Decides by a table from caller to action; a caller that is not in it must be asked about."""

    def __init__(self, **actions: Action) -> None:
        self.actions, self.calls = actions, list[Call]()
        self.asked: Callable[[Call], Verdict] = lambda _: verdict("withhold-cli")
        self.seconds = 0.0

    def for_help(self, b: str) -> bool:
        return b in {"112", "urn:service:sos"}

    def local(self, call: Call) -> Verdict | object:
        self.calls.append(call)
        if call.a == "fault":
            raise RuntimeError("a fault of ours")
        action = self.actions.get(call.a)
        return object() if action is None else verdict(action, ID)

    async def decide(self, call: Call) -> Verdict:
        await asyncio.sleep(self.seconds)
        return self.asked(call)


class Line:
    """One source; keeps what it hears."""

    def __init__(self, host: str = "192.0.2.9", port: int = 5070, trunk: Trunk | None = "international") -> None:
        self.host, self.port, self.trunk, self.reliable = host, port, trunk, False
        self.heard = list[tuple[str, int]]()

    def send(self, data: bytes, port: int) -> None:
        self.heard.append((data.decode(), port))

    @property
    def codes(self) -> list[int]:
        return [int(text.split()[1]) for text, _ in self.heard]


def request(
    method: str = "INVITE",
    *,
    a: str = "ann",
    branch: str = "z9hG4bK1",
    more: tuple[str, ...] = (),
    to_tag: str = "",
    cseq: str = "",
) -> bytes:
    return "\r\n".join(
        [
            f"{method} sip:+9992110002@xbtl.example SIP/2.0",
            f"Via: SIP/2.0/UDP 192.0.2.9:5070;branch={branch}",
            f"From: <sip:{a}@xatl.example>;tag=1",
            f"To: <sip:+9992110002@xbtl.example>{to_tag}",
            f"Call-ID: call-{branch}",
            f"CSeq: 1 {cseq or method}",
            *more,
            "",
            "",
        ]
    ).encode()


def heard(data: bytes, judge: Judge | None = None, settings: SipSettings | None = None) -> str:
    line = Line()
    SipFace(judge or Judge(ann="allow", eve="block"), settings or SipSettings()).take(data, line)
    ((text, port),) = line.heard
    assert port == 5070
    return text


def test_a_call_that_may_go_on() -> None:
    assert heard(request()).split("\r\n")[0] == "SIP/2.0 302 Moved Temporarily"
    contact = "<sip:+9992110002@xbtl.example>;verstat=No-TN-Validation;action=allow;evidence=listed;ttl=60;id=abcdefghij234567"
    assert f"\r\nContact: {contact}\r\n" in heard(request())
    for code in (404, 503):
        assert heard(request(), settings=SipSettings(allow="pass", pass_code=code)).startswith(f"SIP/2.0 {code} ")


def test_a_blocked_call_hears_where_to_object() -> None:
    text = heard(request(a="eve"), settings=SipSettings(redress=REDRESS))
    assert text.startswith("SIP/2.0 603 Network Blocked\r\n")
    reason = f"v=analytics1;url=https://redress.example/b/{ID};tel=+9992110000;email=help@redress.example;id={ID}"
    assert f'\r\nReason: SIP;cause=603;text="{reason}"\r\n' in text
    assert '\r\nReason: SIP;cause=603;text="v=analytics1;id=abcdefghij234567"\r\n' in heard(request(a="eve"))
    carded = SipSettings(blocks=608, card_url="https://redress.example/card.jws")
    text = heard(request(a="eve"), settings=carded)
    assert text.startswith("SIP/2.0 608 Rejected\r\n")
    assert "\r\nCall-Info: <https://redress.example/card.jws>;purpose=jwscard\r\n" in text


def test_the_other_actions_are_said_in_contact() -> None:
    judge = Judge(ann="withhold-cli")
    assert ';privacy=id;from="sip:anonymous@anonymous.invalid";' in heard(request(), judge)
    assert ';action=label;evidence=listed;label="Suspected scam";' in heard(request(), Judge(ann="label"))
    target = SipSettings(divert_to="sip:announcement@xbtl.example")
    assert "\r\nContact: <sip:announcement@xbtl.example>;" in heard(request(), Judge(ann="divert"), target)
    assert ";action=withhold-cli;" in heard(request(), Judge(ann="divert"))


def test_nothing_but_a_redress_id_stands_in_a_header() -> None:
    class Corrupt(Judge):
        def local(self, call: Call) -> Verdict:
            return verdict("block", f'x"\r\nContact: <sip:eve@x.example>{call.a}')

    assert "eve" not in heard(request(), Corrupt(), SipSettings(redress=REDRESS))


def test_a_clean_asserted_number_hides_no_listed_one() -> None:
    asserted = ("P-Asserted-Identity: <sip:ann@xatl.example>",)
    judge = Judge(ann="allow", eve="block")
    assert heard(request(a="eve", more=asserted), judge).startswith("SIP/2.0 603 ")
    assert [call.a for call in judge.calls] == ["ann", "eve"]
    assert heard(request(a="ann", more=("P-Asserted-Identity: <sip:eve@x.example>",)), judge).startswith("SIP/2.0 603 ")


def test_nobody_is_asked_about_a_call_that_shows_a_listed_number() -> None:
    judge = Judge(eve="block")
    text = heard(request(a="eve", more=("P-Asserted-Identity: <sip:ann@xatl.example>",)), judge)
    assert text.startswith("SIP/2.0 603 ")


def test_of_two_numbers_only_the_open_one_is_asked_about() -> None:
    async def story() -> None:
        judge, line, asked = Judge(ann="label"), Line(), list[str]()

        def answer(call: Call) -> Verdict:
            asked.append(call.a)
            return verdict("withhold-cli")

        judge.asked = answer
        face = SipFace(judge, SipSettings())
        face.take(request(a="ann", more=("P-Asserted-Identity: <sip:bob@xatl.example>",)), line)
        await face.drain()
        assert (asked, line.codes, ";action=withhold-cli" in line.heard[0][0]) == (["bob"], [302], True)

    asyncio.run(story())


def test_what_is_asked_about_a_call() -> None:
    judge = Judge(anonymous="allow")
    face = SipFace(judge, SipSettings(sources=(Source(ipaddress.ip_network("192.0.2.0/24"), "nomadic"),)))
    assert (face.trunk_of("192.0.2.9"), face.trunk_of("::ffff:192.0.2.9"), face.trunk_of("2001:db8::1")) == (
        "nomadic",
        "nomadic",
        None,
    )
    line = Line(trunk="nomadic")
    diverted = ("Diversion: <sip:+9992110008@xbtl.example>;reason=unconditional",)
    face.take(request(a="anonymous", more=diverted), line)
    assert judge.calls == [
        Call(a="anonymous", b="+9992110002", trunk="nomadic", diverted="+9992110008", reference="call-z9hG4bK1")
    ]


def test_a_smaller_network_has_the_say() -> None:
    nets = (Source(ipaddress.ip_network("10.0.0.0/8")), Source(ipaddress.ip_network("10.1.0.0/16"), "domestic"))
    face = SipFace(Judge(), SipSettings(sources=nets))
    assert (face.trunk_of("10.1.2.3"), face.trunk_of("10.2.2.3")) == ("domestic", "international")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (request("OPTIONS"), 200),
        (request("OPTIONS", more=("Max-Forwards: 0",)), 200),
        (request(more=("Max-Forwards: 0",)), 483),
        (request(to_tag=";tag=2"), 481),
        (request("BYE"), 405),
        (request("REGISTER"), 405),
        (request("FLY"), 501),
        (request("CANCEL"), 481),
        (request(cseq="BYE"), 400),
        (request(more=("Require: no-such-thing",)), 302),
        (request().replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), 505),
        (request().replace(b"INVITE sip:", b"INVITE http:"), 416),
        (request().replace(b"<sip:ann@", b"<sip:ann"), 302),
        (request().replace(b"<sip:ann@", b'"<sip:ann@'), 302),
        (request().replace(b"<sip:ann@", b"Doe, Ann <sip:ann@"), 302),
        (request().replace(b"<sip:ann@xatl.example>", b"<urn:gsma:imei:90420156-025763-0>"), 302),
        (request(a="fault"), 404),
    ],
)
def test_other_requests(data: bytes, code: int) -> None:
    judge = Judge(ann="allow")
    judge.actions[""] = "allow"
    assert heard(data, judge).startswith(f"SIP/2.0 {code} ")


def test_a_call_for_help_goes_on_whatever_is_wrong_with_it() -> None:
    def to(uri: str, data: bytes) -> bytes:
        return data.replace(b"INVITE sip:+9992110002@xbtl.example ", f"INVITE {uri} ".encode())

    broken = request(cseq="BYE")
    looping = request(more=tuple(["Via: SIP/2.0/UDP 192.0.2.9:5070"] * 80))
    for data, code in (
        (to("urn:service:sos", request()), 404),
        (to("sip:112@xbtl.example", broken).replace(b"INVITE ", b"INVITE  ", 1), 404),
        (to("sip:112@xbtl.example", request(more=("X: a\0b",))), 404),
        (to("sip:112@xbtl.example", request()).replace(b"\r\nTo:", b"\nTo:"), 404),
        (to("sip:112@xbtl.example", request(more=tuple(["X: y"] * 300))), 404),
        (request(more=tuple(["X: y"] * 300)), 400),
        (to("sip:112@xbtl.example", broken), 404),
        (to("sip:112@xbtl.example", request().replace(b"From", b"X-From")), 404),
        (to("urn:service:sos", request("CANCEL")), 481),
        (to("urn:service:counseling", request()), 416),
        (broken, 400),
        (to("sip:112@xbtl.example", looping), 483),
    ):
        line, face = Line(), SipFace(Judge(), SipSettings())
        face.take(data, line)
        assert line.codes == [code], data
        assert face.counts["emergencies"] == (code == 404)


def test_whatever_a_telephone_may_show_is_judged() -> None:
    def asked(came_from: str, asserted: str = "") -> list[str]:
        more = (f"P-Asserted-Identity: {asserted}",) if asserted else ()
        data = request(more=more).replace(b"<sip:ann@xatl.example>", came_from.encode())
        return [call.a for call in calls_of(read(data), "international")]

    clean = "<sip:+447700900123@xatl.example>"
    assert asked(f'"+60 3-1234 5678" {clean}') == ["+447700900123", "+60312345678"]
    assert asked(f"+60312345678 {clean}") == ["+447700900123", "+60312345678"]
    assert asked(f'"+447700900123" {clean}') == ["+447700900123"]
    assert asked(f'"Flat 12, 1234567" {clean}') == ["+447700900123"]
    # A context may be made up: the digits are judged as they are, too.
    assert asked("<tel:447700900123;phone-context=+1>") == ["+1447700900123", "447700900123"]
    assert asked("<tel:0312345678;phone-context=+60>") == ["+600312345678"]
    assert asked(clean, "<tel:312345678;phone-context=+60>") == ["+60312345678", "+447700900123", "312345678"]


@pytest.mark.parametrize(
    "data",
    [
        request("ACK"),
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.9\r\n\r\n",
        request().replace(b"Via", b"Aiv"),
        request().replace(b"UDP 192.0.2.9", b"UDP <>"),
        b"INVITE",
        b"\0" * 100,
    ],
)
def test_what_nobody_is_answered_for(data: bytes) -> None:
    line = Line()
    SipFace(Judge(ann="allow"), SipSettings()).take(data, line)
    assert line.heard == []


def test_a_request_that_comes_again_gets_the_same_answer() -> None:
    judge, line, other = Judge(ann="allow"), Line(), Line("192.0.2.10")
    face = SipFace(judge, SipSettings())
    face.take(request(), line)
    judge.actions["ann"] = "block"
    face.take(request(), line)
    assert line.codes == [302, 302]
    assert line.heard[0] == line.heard[1]
    face.take(request(branch="z9hG4bK2"), line)
    face.take(request(), other)
    assert (line.codes[2], other.codes, face.counts["retransmitted"]) == (603, [603], 1)


def test_what_was_answered_is_forgotten_in_time() -> None:
    kept = Transactions(4)
    for number in range(4):
        kept.put(str(number), b"x")
    assert (kept.get("0"), kept.get("3"), len(kept)) == (b"x", b"x", 4)
    kept.put("4", b"x")
    assert (kept.get("0"), kept.get("2"), len(kept)) == (None, b"x", 3)


def test_a_source_is_bounded_and_calls_above_it_are_passed() -> None:
    line, face = Line(), SipFace(Judge(eve="block"), SipSettings(calls_per_second=2, redress=REDRESS))
    for number in range(6):
        face.take(request(a="eve", branch=f"z9hG4bK{number}"), line)
    assert line.codes == [603, 603, 404, 404]
    face.tick()
    face.take(request(a="eve", branch="z9hG4bK9"), line)
    assert line.codes[-1] == 603


def test_strangers_hear_nothing_or_little() -> None:
    stranger, face = Line(trunk=None), SipFace(Judge(ann="allow"), SipSettings())
    face.take(request(), stranger)
    assert stranger.heard == []
    face = SipFace(Judge(ann="allow"), SipSettings(strangers="403"))
    for number in range(STRANGERS_PER_SECOND + 10):
        face.take(request(branch=f"z9hG4bK{number}"), stranger)
    face.take(b"noise", stranger)
    assert stranger.codes == [403] * STRANGERS_PER_SECOND
    assert all(len(text) < len(request()) + 60 for text, _ in stranger.heard)


# --- calls about which somebody must be asked -------------------------------------------------------------------------


def test_a_verdict_that_must_be_asked_for() -> None:
    async def story() -> None:
        judge, line = Judge(), Line()
        judge.seconds = 0.02
        face = SipFace(judge, SipSettings(trying_ms=5))
        face.take(request(), line)
        face.take(request(), line)
        assert line.codes == []
        await face.drain()
        assert line.codes == [100, 302]
        assert ";tag=" not in line.heard[0][0].split("\r\nTo: ")[1].split("\r\n")[0]
        assert ";action=withhold-cli" in line.heard[1][0]
        face.take(request(), line)
        face.take(request("OPTIONS", branch="z9hG4bK3"), line)
        face.take(request(branch="z9hG4bK4"), line)
        assert line.codes == [100, 302, 302, 503, 404]

    asyncio.run(story())


@pytest.mark.parametrize("how", ["late", "fault"])
def test_late_and_broken_verdicts_let_the_call_go_on(how: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        judge, line = Judge(), Line()
        judge.seconds = 5.0 if how == "late" else 0.0
        judge.asked = lambda _: verdict(1 / 0)  # type: ignore[arg-type]
        face = SipFace(judge, SipSettings(deadline_ms=20))
        face.take(request(), line)
        await face.drain()
        assert "ann" not in caplog.text
        face.take(request(), line)
        assert (line.codes, face.counts["late" if how == "late" else "faults"]) == ([404, 404], 1)

    asyncio.run(story())


def test_a_call_may_be_cancelled_while_somebody_is_asked() -> None:
    async def story() -> None:
        for pause in (0.0, 0.01):
            judge, line = Judge(), Line()
            judge.seconds = 5.0
            face = SipFace(judge, SipSettings())
            face.take(request(), line)
            await asyncio.sleep(pause)
            face.take(request("CANCEL"), line)
            await face.drain()
            face.take(request(), line)
            assert line.codes == [200, 487, 487]
            assert "CSeq: 1 CANCEL" in line.heard[0][0]
            assert "CSeq: 1 INVITE" in line.heard[1][0]

    asyncio.run(story())


def test_no_more_are_waited_for_than_there_is_room() -> None:
    async def story() -> None:
        judge, line = Judge(), Line()
        judge.seconds = 5.0
        face = SipFace(judge, SipSettings(pending=1, deadline_ms=30))
        face.take(request(), line)
        face.take(request(branch="z9hG4bK2"), line)
        assert line.codes == [404]
        await face.drain()
        assert line.codes == [404, 404]

    asyncio.run(story())


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": ()},
        {"blocks": 608},
        {"blocks": 608, "card_url": "ftp://x"},
        {"card_url": "https://x>;evil"},
        {"label": 'a"b'},
        {"label": "a\r\nb"},
        {"divert_to": "sip:a@b>;x"},
        {"deadline_ms": 500},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        SipSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"url": "redress"}, {"url": 'https://x/";y'}, {"url": "https://x", "email": "a;b"}])
def test_redress_that_fits_into_no_header_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        Redress(**wrong)
