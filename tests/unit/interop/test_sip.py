"""SIP requests are read as RFC 3261 says, in the spirit of its torture tests (RFC 4475), and nothing breaks the reader."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.interop.sip import usual
from lintas.interop.sip.answer import has_tag, port_of, stamped, write
from lintas.interop.sip.message import MAX_FIELDS, MAX_LINE, MAX_MESSAGE, BadRequest, read
from lintas.interop.sip.parties import Parties, parties
from lintas.interop.sip.request import Request
from lintas.interop.sip.uri import read_address, read_list, read_uri, read_via

VIA = "SIP/2.0/UDP gw.xatl.example:5060;branch=z9hG4bK74bf9"
USUAL = (
    f"Via: {VIA}",
    'From: "Ann" <sip:+9992110001@xatl.example;user=phone>;tag=1',
    "To: <sip:+9992110002@xbtl.example>",
    "Call-ID: a84b4c76@xatl.example",
    "CSeq: 314 INVITE",
    "Max-Forwards: 69",
)
START = "INVITE sip:+9992110002@xbtl.example;user=phone SIP/2.0"


def message(*lines: str, start: str = START, body: str = "") -> bytes:
    return "\r\n".join([start, *lines, "", body]).encode("utf-8", "surrogateescape")


def without(name: str, *more: str) -> tuple[str, ...]:
    return (*(line for line in USUAL if not line.startswith(name)), *more)


def who(*more: str, start: str = START) -> Parties:
    return parties(read(message(*without("From", *more), start=start)))


def test_a_usual_request() -> None:
    request = read(message(*USUAL, "Content-Length: 3", body="v=0 and more"))
    assert (request.method, request.uri) == ("INVITE", "sip:+9992110002@xbtl.example;user=phone")
    assert (request.target.user, request.target.host, request.body) == ("+9992110002", "xbtl.example", b"v=0")
    assert request.fields["Call-ID"] == "a84b4c76@xatl.example"
    assert request.max_forwards == 69


def test_every_spelling_of_a_field_says_the_same() -> None:
    usual = read(message(*USUAL))
    odd = (
        f"v:{VIA}",
        'f  :\t"Ann"\r\n  <sip:+9992110001@xatl.example;user=phone>;tag=1',
        "TO:<sip:+9992110002@xbtl.example>   ",
        "i: a84b4c76@xatl.example",
        "cseq: 314 \t INVITE",
        "MAX-FORWARDS:\r\n\t69",
        "X-Unknown: \x80 anything",
        "s:",
    )
    read_odd = read(message(*odd))
    assert {name: re.sub(r"\s+", " ", value) for name, value in read_odd.fields.items()} == usual.fields


def test_lines_before_a_message_are_nothing() -> None:
    assert read(b"\r\n\r\n" + message(*USUAL)).method == "INVITE"


def test_lists_come_on_one_line_or_several() -> None:
    request = read(
        message(*USUAL, "Via: SIP/2.0/TCP a.example ;branch=x", "v: SIP/2.0/TCP b.example, SIP/2.0/UDP c.example")
    )
    assert [each.split()[1] for each in read_list(request.fields["Via"])][1:] == ["a.example", "b.example", "c.example"]
    assert list(read_list('"a, b" <sip:c@d.example;x=",">, <sip:e,f@g.example>;q="\\",", tel:1')) == [
        '"a, b" <sip:c@d.example;x=",">',
        '<sip:e,f@g.example>;q="\\","',
        "tel:1",
    ]


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_what_every_request_carries_is_needed(name: str) -> None:
    with pytest.raises(BadRequest, match=name) as wrong:
        read(message(*without(name)))
    assert wrong.value.code == 400
    assert (wrong.value.fields is None) == (name in {"Via", "CSeq"})


@pytest.mark.parametrize(
    ("code", "start", "lines"),
    [
        (505, START.replace("2.0", "7.0"), USUAL),
        (400, START.replace(" SIP", "  SIP"), USUAL),
        (400, "INVITE <sip:+9992110002@xbtl.example> SIP/2.0", USUAL),
        (400, "INVITE sip:+999 2110002@xbtl.example SIP/2.0", USUAL),
        (400, "INV{ITE sip:+9992110002@xbtl.example SIP/2.0", USUAL),
        (400, "INVITE sip:+9992110002@xbtl.example:99999 SIP/2.0", USUAL),
        (400, "INVITE sip: SIP/2.0", USUAL),
        (416, "INVITE https://xbtl.example/ SIP/2.0", USUAL),
        (416, "INVITE soap.beep://192.0.2.103:3002 SIP/2.0", USUAL),
        (400, START, without("CSeq", "CSeq: 1 BYE")),
        (400, START, without("CSeq", "CSeq: 36893488147419103232 INVITE")),
        (400, START, without("CSeq", "CSeq: -1 INVITE")),
        (400, START, without("CSeq", "CSeq: \u0661 INVITE")),
        (400, START, without("Call-ID", "Call-ID: a b")),
        (400, START, without("Max", "Max-Forwards: 256")),
        (400, START, without("Max", "Max-Forwards: +1")),
        (400, START, (*USUAL, "Max-Forwards: 70")),
        (400, START, (*USUAL, "f: <sip:other@xatl.example>;tag=2")),
        (400, START, (*USUAL, "l: 0", "Content-Length: 0")),
        (400, START, (*USUAL, "Content-Length: -999")),
        (400, START, (*USUAL, "Content-Length: 9999")),
        (400, START, (*USUAL, "Content-Length: 1_0")),
        (400, START, (*USUAL, "no colon here")),
        (400, START, (*USUAL, "bad name: 1")),
        (400, START, (*USUAL, "X: a\nTo: <sip:hidden@xbtl.example>")),
        (400, START, (*USUAL, "X: a\rb")),
        (400, START, (*USUAL, "X: a\0b")),
        (400, START, (" folded into nothing", *USUAL)),
        (400, START, (*USUAL, *["X: 1"] * MAX_FIELDS)),
        (400, START, (*USUAL, "X: " + "a" * MAX_LINE)),
        (400, START, (*USUAL, "Subject:" + "a" * MAX_LINE)),
        (400, START, (*USUAL, "User-Agent: " + "a" * MAX_LINE)),
        (400, START.replace("+999", "a" * MAX_LINE), USUAL),
        (483, START, (*USUAL, *[f"Via: {VIA}"] * 70)),
        (513, START, (*USUAL, *["X: " + "a" * 8000] * 5)),
        (513, START, (*USUAL, "", "a" * MAX_MESSAGE)),
    ],
)
def test_what_breaks_the_rules_is_refused(code: int, start: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest) as wrong:
        read(message(*lines, start=start))
    assert wrong.value.code == code


def test_over_a_stream_the_length_is_needed() -> None:
    with pytest.raises(BadRequest, match="Content-Length"):
        read(message(*USUAL), stream=True)
    assert read(message(*USUAL, "Content-Length: 0"), stream=True).body == b""


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("<sip:+9992110001@xatl.example;user=phone>;tag=1", "+9992110001"),
        ("sip:+9992110001@xatl.example;tag=1", "+9992110001"),
        ('"Ann \\" <sip:+111@x.example>; B" <sip:+9992110001@xatl.example>', "+9992110001"),
        ('"+1 (211) anything" <tel:+999-211-(00)01>;tag=1', "+9992110001"),
        ("tel:+9992110001", "+9992110001"),
        ("<tel:2110001;phone-context=+999>", "+9992110001"),
        ("<sip:02110001;phone-context=%2B999@xatl.example;user=phone>", "+99902110001"),
        ("<sip:2110001;phone-context=xatl.example@xatl.example>", "2110001"),
        ("<tel:+9992110001;phone-context=+1>", "+9992110001"),
        ("<sip:%2B9992110001@xatl.example>", "+9992110001"),
        ("<sip:+9992110001;npdi;rn=+9992990000:secret@xatl.example:5062;lr?Subject=x>", "+9992110001"),
        ("<SIPS:009992110001@[2001:db8::1]:5061>", "009992110001"),
        ("<sip:anonymous@anonymous.invalid>;tag=1", "anonymous"),
        ("<sip:+9992110001@anonymous.invalid>;tag=1", "anonymous"),
        ('"Anonymous" <sip:Anonymous@xatl.example>', "anonymous"),
        ("<sip:gateway.xatl.example>", ""),
        ("<sip:ann.b-c@xatl.example>", "ann.b-c"),
        ("Ann <sip:119@xatl.example>", "119"),
    ],
)
def test_the_caller_id_of_from(written: str, number: str) -> None:
    found = who(f"From: {written}")
    assert found is not None
    assert (found.a, found.shown) == (number, "")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('"Ann <sip:+9992110001@xatl.example>', ["+9992110001"]),
        ("Doe, Ann <sip:+9992110001@xatl.example>;tag=1", ["+9992110001"]),
        ('"Ann <sip:+9992110001@a.example> <tel:+9992110002>', ["+9992110001", "+9992110002"]),
        ("<sip:+999@a.example", ["+999"]),
        ("a b <sip:c@d> e", ["c"]),
        ('"x" <+9992110001@a.example>', ["+9992110001"]),
        ('"Bank" <sip:+999 211-0001@192.168.100.200>', ["+9992110001"]),
        ("<sip:+9992110001@a:99999>", ["+9992110001"]),
        ("Room 1234567 Doe, Ann <sip:+9992110001@a.example>", ["+9992110001"]),
        ("1234567", [""]),
        ("<sip:a@>", [""]),
        ("<mailto:a@b.example>", [""]),
        ("<>", [""]),
        ("Ann", [""]),
    ],
)
def test_a_from_that_is_no_address_is_judged_by_all_that_it_may_show(written: str, shown: list[str]) -> None:
    found = who(f"From: {written}")
    assert [found.a, *found.besides] == shown


def test_the_asserted_caller_id_counts_and_the_shown_one_is_told() -> None:
    other = "From: <sip:+9992110001@xatl.example>;tag=1"
    assert who(other, "P-Asserted-Identity: <tel:+9992110009>") == Parties("+9992110009", "+9992110001", "+9992110002")
    assert who(other, "P-Asserted-Identity: <tel:+9992110001>") == Parties("+9992110001", "", "+9992110002")
    both = "P-Asserted-Identity: <sip:ann@xatl.example>, <tel:+9992110009>"
    assert who("From: <sip:anonymous@anonymous.invalid>", both, "Privacy: id") == Parties(
        "+9992110009", "", "+9992110002"
    )
    assert who(other, "P-Asserted-Identity: <sip:broken", "Privacy: none") == Parties("+9992110001", "", "+9992110002")


@pytest.mark.parametrize(
    "rest",
    [
        "",
        ";party=calling;screen=yes;privacy=off",
        ";privacy=full;screen=no",
        ";PARTY=Calling ; id-type=subscriber",
        ";privacy=",
        ';x="party=called"',
        ", <sip:+9992110002@h>;party=called",
    ],
)
def test_a_remote_party_id_is_judged_whatever_it_says_of_itself(rest: str) -> None:
    other, b = "From: <sip:+9992110001@xatl.example>;tag=1", "+9992110002"
    shown = f'Remote-Party-ID: "Ann" <sip:+9992110009@xatl.example>{rest}'
    assert who(other, shown) == Parties("+9992110009", "+9992110001", b)
    assert who("From: <sip:anonymous@anonymous.invalid>", shown) == Parties("+9992110009", "", b)
    asserted = "P-Asserted-Identity: <sip:+9992110001@xatl.example>"
    assert who(other, asserted, shown) == Parties("+9992110001", "", b, "", ("+9992110009",))


def test_a_remote_party_id_of_the_called_is_not_and_of_many_some_are() -> None:
    other, b = "From: <sip:+9992110001@xatl.example>;tag=1", "+9992110002"
    for nothing in ("<sip:+9992110009@h>;party=called", "", "<sip:anonymous@anonymous.invalid>;privacy=full", "broken"):
        assert who(other, f"Remote-Party-ID: {nothing}") == Parties("+9992110001", "", b), nothing
    many = ", ".join(f"<sip:+99921100{n}@h>;party=calling" for n in range(20, 60))
    found = who(other, f"Remote-Party-ID: {many}")
    assert found is not None and (found.a, found.besides) == (
        "+9992110020",
        tuple(f"+99921100{n}" for n in (21, 22, 23)),
    )
    named = who(other, 'Remote-Party-ID: "+999 3 1234 5678" <sip:100@h>')
    assert named is not None and (named.a, named.besides) == ("100", ("+999312345678",))


def test_who_forwarded_a_call() -> None:
    caller = "From: <sip:+9992110001@xatl.example>;tag=1"
    diversion = (
        "Diversion: <sip:+9992110008@xbtl.example>;reason=unconditional, <sip:+9992110007@xbtl.example>;counter=1"
    )
    found = who(caller, diversion)
    assert found is not None
    assert found.diverted == "+9992110008"
    history = (
        "History-Info: <sip:+9992110007@a.example>;index=1, <sip:+9992110008@a.example?Reason=SIP%3B302>;index=1.1"
    )
    found = who(caller, history, "History-Info: <sip:+9992110002@xbtl.example;cause=302>;index=1.1.1;mp=1.1")
    assert found is not None
    assert found.diverted == "+9992110008"
    found = who(caller, "History-Info: <sip:+9992110002@xbtl.example>;index=1")
    assert found is not None
    assert found.diverted == ""


def test_an_answer_says_where_the_request_came_from() -> None:
    source = ("192.0.2.9", 40_000)
    for text, port, wanted in [
        ("SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa", 5070, "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa"),
        ("SIP/2.0/UDP gw.example;branch=z9hG4bKa", 5060, "SIP/2.0/UDP gw.example;branch=z9hG4bKa;received=192.0.2.9"),
        (
            "SIP/2.0/UDP gw.example:5070;branch=z9hG4bKa;rport",
            40_000,
            "SIP/2.0/UDP gw.example:5070;branch=z9hG4bKa;received=192.0.2.9;rport=40000",
        ),
        (
            "SIP/2.0/UDP gw.example ; rport ; received=198.51.100.1 ;branch=z9hG4bKa",
            40_000,
            "SIP/2.0/UDP gw.example  ;branch=z9hG4bKa;received=192.0.2.9;rport=40000",
        ),
        (
            "SIP / 2.0 / UDP gw.example : 5070 ;maddr=198.51.100.1;branch=z9hG4bKa",
            5070,
            "SIP / 2.0 / UDP gw.example : 5070 ;maddr=198.51.100.1;branch=z9hG4bKa;received=192.0.2.9",
        ),
    ]:
        via = read_via(text)
        assert via is not None, text
        assert via.branch == "z9hG4bKa"
        assert (stamped(via, source), port_of(via, source)) == (wanted, port)


def test_an_answer_gives_each_field_back_as_it_was() -> None:
    lines = without("From", 'From: "\udcff\udce9" <sip:a@b.example>;tag=1', "Via: SIP/2.0/TCP b.example")
    request = read(message(*lines))
    via = read_via(request.fields["Via"])
    assert via is not None
    answer = write(
        request.fields, via, ("192.0.2.9", 5060), 603, "Network Blocked", tag="x", more=["Reason: a\r\nTo: b"]
    )
    assert answer.startswith(
        b"SIP/2.0 603 Network Blocked\r\nVia: "
        + VIA.encode()
        + b";received=192.0.2.9\r\nVia: SIP/2.0/TCP b.example\r\n"
    )
    assert b'\r\nFrom: "\xff\xe9" <sip:a@b.example>;tag=1\r\nTo: <sip:+9992110002@xbtl.example>;tag=x\r\n' in answer
    assert b"\r\nReason: aTo: b\r\nContent-Length: 0\r\n\r\n" in answer


@pytest.mark.parametrize(
    ("value", "tagged"),
    [
        ("<sip:a@b.example>;tag=1", True),
        ("sip:a@b.example ; TAG = 1", True),
        ('"x;tag=1" <sip:a@b.example>', False),
        ("<sip:a@b.example;tag=1>", False),
        ('<sip:a@b.example>;x=">;tag=1"', False),
    ],
)
def test_a_tag_is_a_parameter_of_the_field(value: str, tagged: bool) -> None:
    assert has_tag(value) == tagged


def test_hostile_lines_cost_no_more_than_their_length() -> None:
    """Each of these takes seconds where two parts of an expression can match the same text; here all take milliseconds."""
    for hostile in (
        " " * 8000,
        "a" + " " * 8000 + "b",
        '"' + "\\" * 8000,
        ";a" * 4000,
        "<" * 8000,
        ";" + " " * 8000,
        "a." * 4000,
    ):
        for reader in (read_address, read_uri, read_via, has_tag):
            reader(hostile)
        read_via(f"SIP/2.0/UDP a;x{hostile}")
        read_address(f"<sip:a@b.example>{hostile}")
        via = read_via("SIP/2.0/UDP a;branch=z9hG4bKa;received=1;rport")
        assert via is not None
        stamped(type(via)(via.text + hostile, "a", None, "", rport=True, received=True), ("192.0.2.1", 1))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=60)
PIECES = st.sampled_from(
    [*USUAL, "Via: ", "From: <", 'To: "', " folded", ":", "CSeq: 1 INVITE", "v: x", "Content-Length: 5", "\r"]
)


@given(st.lists(st.one_of(PIECES, TEXT), max_size=14), st.one_of(st.just(START), TEXT), st.binary(max_size=20))
def test_any_octets_are_a_request_or_a_bad_one(lines: list[str], start: str, body: bytes) -> None:
    data = "\r\n".join([start, *lines, "", ""]).encode() + body
    try:
        request = read(data)
    except BadRequest as wrong:
        assert wrong.code in {400, 416, 483, 505, 513}
        if wrong.fields is not None and (via := read_via(wrong.fields["Via"])) is not None:
            _whole(write(wrong.fields, via, ("192.0.2.1", 5060), wrong.code, wrong.phrase))
        return
    parties(request)
    if (via := read_via(request.fields["Via"])) is not None:
        _whole(write(request.fields, via, ("192.0.2.1", 5060), 404, "Not Found", tag="t"))


@given(st.binary(max_size=400))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(BadRequest):
        read(noise)


ORDERS = [USUAL, USUAL[::-1], (*USUAL[2:], *USUAL[:2])]
#: What a field may say instead of the usual.
SAID = {
    "From": [
        "<tel:+9992110001>",
        "Ann <sip:+9992110001@xatl.example>;tag=2",
        '"+9992110007" <sip:+9992110001@xatl.example;user=phone>;tag=1',
        "sip:+9992110001@xatl.example;tag=1",
        '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1',
        "<sip:+9992110001@anonymous.invalid>",
        "<tel:2110001;phone-context=+999>",
        "nobody at all <",
    ],
    "Via": [
        "SIP/2.0/UDP gw.xatl.example:5060;rport;branch=z9hG4bKa",
        "SIP/2.0/TCP [::1];branch=a",
        "?",
        f"{VIA}, {VIA}",
    ],
    "To": ["<sip:+9992110002@xbtl.example>;tag=3", "?"],
    "Call-ID": ["a b", "\x80"],
    "CSeq": ["314 BYE", "4294967296 INVITE", "1  INVITE"],
    "Max-Forwards": ["0", "070", "256", "-1"],
    "Content-Length": ["3", "4", "x"],
    "P-Asserted-Identity": [
        "<sip:+9992110001@xatl.example;user=phone>",
        "<sip:+9992110009@xatl.example;user=phone>",
        "<tel:+9992110001>, <sip:ann@xatl.example>",
    ],
    "Diversion": ["<sip:+9992110005@xatl.example>"],
    "User-Agent": ["a\rb", "a\nb", "a\0b", "\x80"],
}
STARTS = [
    START,
    "INVITE sip:112@xbtl.example SIP/2.0",
    "INVITE tel:+9992110002 SIP/2.0",
    START.replace("SIP/2", "SIP/3"),
]


@given(
    st.sampled_from(STARTS),
    st.sampled_from(ORDERS),
    st.lists(st.sampled_from(sorted(SAID)), max_size=3, unique=True),
    st.data(),
)
def test_the_quick_way_and_the_long_way_read_the_same(
    start: str, order: tuple[str, ...], names: list[str], data: st.DataObject
) -> None:
    _forgotten()
    said = {name: data.draw(st.sampled_from(SAID[name])) for name in sorted(names)}
    lines = dict(line.split(": ", 1) for line in order) | said
    quick = _read(message(*(f"{name}: {value}" for name, value in lines.items()), start=start, body="v=0"))
    long = _read(message(*(f"{name} : {value}" for name, value in lines.items()), start=start, body="v=0"))
    if isinstance(quick, BadRequest) or isinstance(long, BadRequest):
        assert isinstance(quick, BadRequest)
        assert isinstance(long, BadRequest)
        assert (quick.code, quick.phrase, quick.fields) == (long.code, long.phrase, long.fields)
        return
    assert not long.caller
    assert msgspec.structs.replace(quick, caller="") == long
    assert parties(quick) == parties(long)


def test_a_call_as_a_switch_sends_it_is_read_the_quick_way() -> None:
    _forgotten()
    asserted = "P-Asserted-Identity: <sip:+9992110001@xatl.example;user=phone>"
    assert read(message(*USUAL)).caller == read(message(*USUAL, asserted)).caller == "+9992110001"
    assert read(message(*USUAL, "Content-Length:   0")).caller == "+9992110001", "some pad the length"
    for more in (asserted.replace("0001", "0009"), "Diversion: <sip:+9992110005@xatl.example>"):
        assert not read(message(*USUAL, more)).caller, "this must be looked at"


def test_however_many_orders_of_lines_come_few_expressions_are_made() -> None:
    _forgotten()
    for at in range(2 * usual.MOST_SHAPES):
        assert read(message(*USUAL, f"X-Line-{at}: a")).fields["Call-ID"] == "a84b4c76@xatl.example"
    assert len(usual._shapes) == usual.MOST_SHAPES


def _forgotten() -> None:
    """Let the reader have met no request yet."""
    usual._shapes.clear()
    usual._last.clear()


def _read(data: bytes) -> Request | BadRequest:
    try:
        return read(data)
    except BadRequest as wrong:
        return wrong


def _whole(answer: bytes) -> None:
    """An answer is one message: each line a field, nothing behind its end."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert rest == b""
    for line in head.split(b"\r\n"):
        assert b"\n" not in line
        assert b"\r" not in line
        assert re.match(rb"SIP/2\.0 \d{3} |[A-Za-z-]+: ", line)


@pytest.mark.parametrize("user", ["+65+9992110001", "+" + "9" * 24, "60+9992110001"])
def test_a_number_is_judged_whole_or_not_as_one(user: str) -> None:
    found = who(f"From: <sip:{user}@xatl.example>;tag=1")
    assert (found.a, found) == (user, who(f"From: <sip:{user}@xatl.example> ;tag=1"))
