"""Recalls, their answers, returns, statuses and investigations: what cannot be is refused by name, read or written."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from tests.unit.trace.statements import entry, statement

from lintas.interop.iso20022 import (
    Case,
    Header,
    Investigation,
    InvestigationAnswer,
    Message,
    Original,
    Part,
    Party,
    Recall,
    RecallAnswer,
    Return,
    Status,
    read,
    write,
)
from lintas.model.errors import BadInput, LintasError, MalformedInput

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UETR = b"11111111-1111-4111-8111-111111111111"
ONE, TWO = Party(agent="EXMPXA22"), Party(name="Example Authority")
HEADER = Header(id="m-1", created=NOON, sender=ONE, receiver=TWO)
ORIGINAL = Original(uetr=UETR.decode(), amount_minor=5_000, currency="XAK", day=date(2026, 3, 1))
CASE = Case(id="case-1", opened_by=ONE)
RECALL = Recall(original=ORIGINAL, case=CASE, reason="FRAD", order="order-1", part=(0, 100), info=("call us",))
ANSWER = RecallAnswer(outcome="RJCR", original=ORIGINAL, case=CASE, reason="AM04")
BACK = Return(original=ORIGINAL, id="r-1", amount_minor=100, currency="XAK", time=NOON, time_exact=True)
STATUS = Status(original=ORIGINAL, status="PDNG")
ASKED = Investigation(type="RQFI", original=ORIGINAL, reason="FRAD", text="Where is it?")
TOLD = InvestigationAnswer(status="CLSD", asked_in="m-0", type="RQFI", texts=("Passed on.",))
KINDS: dict[str, Part] = {
    "camt.056.001.08": RECALL,
    "camt.055.001.08": msgspec.structs.replace(RECALL, original=msgspec.structs.replace(ORIGINAL, payment_id="p-1")),
    "camt.029.001.09": ANSWER,
    "pacs.004.001.09": BACK,
    "pacs.002.001.10": STATUS,
    "camt.110.001.01": ASKED,
    "camt.111.001.01": TOLD,
}


def message(kind: str, *parts: Part, header: Header | None = None) -> Message:
    between = Party(agent="EXMPXB22") if kind.startswith("pacs") else TWO
    found = header or msgspec.structs.replace(HEADER, receiver=between)
    if kind.startswith("camt.11"):
        found = msgspec.structs.replace(found, created=None)
    return Message(kind=kind, header=found, parts=parts or (KINDS[kind],))


@pytest.mark.parametrize("kind", KINDS)
def test_each_comes_back_equal(kind: str) -> None:
    assert read(write(message(kind))) == message(kind)


def test_the_order_and_the_part_stand_before_other_lines() -> None:
    lines = b"<AddtlInf>/ORDR/order-1</AddtlInf><AddtlInf>/PART/0-100</AddtlInf><AddtlInf>call us</AddtlInf>"
    assert lines in write(message("camt.056.001.08"))


@pytest.mark.parametrize(
    ("kind", "old", "new", "where", "what"),
    [
        ("camt.056.001.08", b"<OrgnlUETR>" + UETR + b"</OrgnlUETR>", b"", "Undrlyg/TxInf", "no id of the original"),
        ("camt.056.001.08", UETR, b"x", "Undrlyg/TxInf/OrgnlUETR", "is not a UETR"),
        ("camt.056.001.08", b">50.00<", b">50.001<", "Undrlyg/TxInf/OrgnlIntrBkSttlmAmt", "more decimals"),
        ("camt.056.001.08", b">2026-03-01<", b">2026-02-30<", "Undrlyg/TxInf/OrgnlIntrBkSttlmDt", "is not a date"),
        ("camt.056.001.08", b"/PART/0-100", b"/PART/9-3", "Undrlyg/TxInf/CxlRsnInf/AddtlInf[2]", "no part"),
        ("camt.056.001.08", b"<NbOfTxs>1<", b"<NbOfTxs>2<", "CtrlData/NbOfTxs", "announces 2 transactions"),
        ("camt.056.001.08", b"<Id>case-1</Id>", b"", "Undrlyg/TxInf/Case/Id", "missing"),
        ("camt.056.001.08", b"<Id>m-1</Id>", b"", "Assgnmt/Id", "missing"),
        ("camt.056.001.08", b"<Nm>Example Authority</Nm>", b"", "Assgnmt/Assgne", "missing"),
        ("camt.056.001.08", b"<CreDtTm>2026-03-01T12:00:00Z<", b"<CreDtTm>today<", "Assgnmt/CreDtTm", "is not a time"),
        (
            "camt.055.001.08",
            b"<OrgnlPmtInfId>p-1</OrgnlPmtInfId>",
            b"",
            "Undrlyg/OrgnlPmtInfAndCxl/OrgnlPmtInfId",
            "mis",
        ),
        ("camt.029.001.09", b"<Conf>RJCR</Conf>", b"<AssgnmtCxlConf>true</AssgnmtCxlConf>", "Sts/Conf", "not about a"),
        ("camt.029.001.09", b"<TxCxlSts>RJCR<", b"<TxCxlSts>WHAT<", "CxlDtls/TxInfAndSts/TxCxlSts", "no answer to"),
        ("pacs.004.001.09", b"<RtrdIntrBkSttlmAmt Ccy", b"<X Ccy", "", "Opening and ending tag mismatch"),
        ("pacs.004.001.09", b">1.00<", b">0.00<", "TxInf/RtrdIntrBkSttlmAmt", "zero"),
        ("pacs.002.001.10", b"<TxSts>PDNG</TxSts>", b"", "TxInfAndSts/TxSts", "missing"),
        ("camt.110.001.01", b"<Cd>RQFI</Cd>", b"", "InvstgtnReq/InvstgtnTp/Cd", "missing"),
        ("camt.110.001.01", b"IntrBk>", b"Acct>", "InvstgtnReq/Undrlyg/IntrBk", "not about a transfer"),
        ("camt.111.001.01", b"<Sts>CLSD</Sts>", b"", "InvstgtnRspn/InvstgtnSts/Sts", "missing"),
    ],
)
def test_a_bad_element_is_named(kind: str, old: bytes, new: bytes, where: str, what: str) -> None:
    data = write(message(kind))
    assert old in data
    with pytest.raises(BadInput) as caught:
        read(data.replace(old, new), where="m.xml")
    assert what in caught.value.what, caught.value
    assert not where or (caught.value.where.startswith("m.xml, ") and caught.value.where.endswith(f"/{where}"))


@pytest.mark.parametrize(
    ("kind", "part", "what"),
    [
        ("camt.056.001.08", msgspec.structs.replace(RECALL, original=Original()), "no id of the original"),
        ("camt.056.001.08", msgspec.structs.replace(RECALL, id="x" * 36), "cannot stand in CxlId"),
        ("camt.056.001.08", msgspec.structs.replace(RECALL, part=(5, 5)), "is no part of a transfer"),
        ("camt.056.001.08", msgspec.structs.replace(RECALL, info=("x" * 106,)), "cannot stand in AddtlInf"),
        ("camt.056.001.08", msgspec.structs.replace(RECALL, info=("/ORDR/mine",)), "looks like a line of ours"),
        ("camt.056.001.08", msgspec.structs.replace(RECALL, reason="a\u202eb"), "cannot stand in Rsn/Prtry"),
        ("camt.056.001.08", ANSWER, "a RecallAnswer has no place here"),
        ("camt.055.001.08", RECALL, "OrgnlPmtInfId is mandatory"),
        ("camt.055.001.08", msgspec.structs.replace(
            RECALL, original=Original(payment_id="p", tx_id="t")), "no place for a transaction id"),
        ("camt.029.001.09", RecallAnswer(outcome="RJCR", case=CASE, reason="AM04"), "says only what became of its case"),
        ("camt.029.001.09", RecallAnswer(outcome="RJCR"), "says only what became of its case"),
        ("camt.029.001.09", msgspec.structs.replace(ANSWER, outcome="PECR"), "cannot be said of one transfer"),
        ("pacs.004.001.09", msgspec.structs.replace(BACK, amount_minor=0), "0 cannot be an amount"),
        ("pacs.004.001.09", msgspec.structs.replace(BACK, currency="QQQ"), "unknown currency"),
        ("pacs.002.001.10", msgspec.structs.replace(STATUS, status=""), "TxSts is mandatory"),
        ("camt.110.001.01", msgspec.structs.replace(ASKED, reason=""), "Rsn is mandatory"),
        ("camt.110.001.01", msgspec.structs.replace(ASKED, text="x" * 501), "cannot stand in AddtlReqData/ReqNrrtv"),
    ],
)  # fmt: skip
def test_what_a_message_cannot_say_is_refused(kind: str, part: Part, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        write(message(kind, part))


@pytest.mark.parametrize(
    ("kind", "header", "what"),
    [
        ("camt.056.001.08", {"created": None}, "CreDtTm is mandatory"),
        ("camt.056.001.08", {"receiver": None}, "Assgne is mandatory"),
        ("pacs.002.001.10", {"receiver": TWO}, "InstdAgt must be a bank"),
        ("pacs.004.001.09", {"id": ""}, "MsgId is mandatory"),
    ],
)
def test_a_header_that_says_too_little_is_refused(kind: str, header: dict[str, object], what: str) -> None:
    with pytest.raises(BadInput, match=what):
        write(message(kind, header=msgspec.structs.replace(HEADER, **header)))


def test_answers_that_differ_are_done_in_part() -> None:
    done = msgspec.structs.replace(ANSWER, outcome="CNCL", reason="", amount_minor=50, currency="XAK")
    data = write(message("camt.029.001.09", ANSWER, done))
    assert b"<Conf>PECR</Conf>" in data and b"<TxCxlSts>ACCR</TxCxlSts>" in data
    assert read(data).parts == (ANSWER, done)


def test_an_answer_about_a_case_alone() -> None:
    bare = RecallAnswer(outcome="PDCR", case=CASE)
    data = write(message("camt.029.001.09", bare))
    assert data.index(b"<RslvdCase>") < data.index(b"<Sts>") and read(data).parts == (bare,)


def test_the_status_of_a_whole_message() -> None:
    data = write(message("pacs.002.001.10"))
    start, end = data.index(b"<TxInfAndSts>"), data.index(b"</FIToFIPmtStsRpt>")
    whole = b"<OrgnlGrpInfAndSts><OrgnlMsgId>m-0</OrgnlMsgId><OrgnlMsgNmId>pacs.008</OrgnlMsgNmId>"
    whole += b"<GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>"
    assert read(data[:start] + whole + data[end:]).parts == (
        Status(original=Original(message_id="m-0", message_name="pacs.008"), status="RJCT"),
    )


def test_only_one_question_to_a_message() -> None:
    with pytest.raises(MalformedInput, match="2 questions in one message"):
        write(message("camt.110.001.01", ASKED, ASKED))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (statement("A", entry("1.00", "CREDIT")), "'CREDIT' is no side"),
        (statement("A", entry("0.00", "DBIT")), "zero"),
        (statement("A", entry("1.00", "DBIT").replace("BookgDt", "Other")), "neither BookgDt nor ValDt"),
        (statement("A", entry("1.00", "DBIT").replace("<Sts><Cd>BOOK</Cd></Sts>", "")), "missing"),
        (statement("A").replace(b"<Othr><Id>A</Id></Othr>", b""), "missing"),
        (statement("A", entry("3.00", "DBIT").replace(
            "<TxDtls>", '<TxDtls><Amt Ccy="XAK">1.00</Amt></TxDtls><TxDtls><Amt Ccy="XAK">1.00</Amt>')), "do not sum"),
        (statement("A").replace(b"Stmt><Id>", b"Other><Id>").replace(b"</Stmt>", b"</Other>"), "has no Stmt"),
    ],
)  # fmt: skip
def test_a_statement_that_cannot_be_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(LintasError, match=what):
        read(data)


def test_messages_that_are_read_are_not_written() -> None:
    with pytest.raises(BadInput, match="is read and not written here"):
        write(message("camt.053.001.08", RECALL))
