"""ISO 20022 messages into one ledger: what several messages say of one transfer is one transfer, by stated rules."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.trace.statements import entry, statement

from lintas.interop.iso20022 import CreditTransfer, Header, Message, Original, Part, Return, write
from lintas.model.errors import BadInput
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.ledger import OUTSIDE, Collector, Ledger, from_microseconds
from lintas.trace.ledgers.messages import Books
from lintas.trace.ledgers.transfers import read_ledger
from lintas.trace.questions.fifo import trace

BANK, OTHER = "EXMPXA22", "EXMPXB22"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UETR = "11111111-1111-4111-8111-111111111111"
REFS = f"<EndToEndId>e1</EndToEndId><UETR>{UETR}</UETR>"
OUT = CreditTransfer(
    end_to_end_id="e1",
    uetr=UETR,
    amount_minor=50_000,
    currency="XAK",
    time=NOON,
    debtor_account="A",
    debtor_agent=BANK,
    creditor_account="B",
    creditor_agent=OTHER,
)


def wire(*parts: Part, kind: str = "pacs.008.001.08") -> bytes:
    return write(Message(kind=kind, header=Header(id="m", created=NOON), parts=parts))


def back(amount: int, name: str = "", original: Original | None = None) -> bytes:
    told = original or Original(uetr=UETR)
    return wire(
        Return(original=told, id=name, amount_minor=amount, currency="XAK", time=NOON, time_exact=True, reason="FOCR"),
        kind="pacs.004.001.09",
    )


def books(*messages: bytes, bank: str = BANK) -> Ledger:
    taken, collector = Books(bank), Collector()
    for number, data in enumerate(messages, 1):
        taken.read(data, where=f"m{number}.xml")
    openings = taken.give(collector)
    return collector.ledger(openings or None)


def rows(ledger: Ledger) -> list[tuple[str, str, str, int]]:
    """Return (id, from, to, settled) of each transfer; the outside with its bank."""

    def side(line: int, row: int) -> str:
        if line != OUTSIDE:
            return ledger.lines[line][0]
        party = ledger.parties[ledger.party[row]] if ledger.party[row] >= 0 else ""
        bank = ledger.banks[ledger.bank[row]] if ledger.bank[row] >= 0 else ""
        return f"{party}@{bank}"

    return [
        (name.decode(), side(ledger.out_line[n], n), side(ledger.in_line[n], n), int(ledger.settled[n]))
        for n, name in enumerate(ledger.ids)
    ]


@pytest.mark.parametrize("first", [True, False])
def test_a_transfer_its_notification_and_its_statement_are_one(first: bool) -> None:
    said = [
        wire(OUT),
        statement("A", entry("500.00", "DBIT", "2026-03-01T12:03:00Z", refs=REFS), kind="camt.054.001.08"),
        statement("A", entry("500.00", "DBIT", "2026-03-01T12:03:00Z", refs=REFS, own_ref="k7")),
    ]
    ledger = books(*(said if first else reversed(said)))
    assert rows(ledger) == [(UETR, "A", f"B@{OTHER}", 50_000)]
    assert from_microseconds(int(ledger.time[0])).minute == 3, "the booking's time counts before the message's"


def test_what_was_booked_counts_before_what_was_said() -> None:
    """The bank took a fee beside the transfer, from the account under the number that its books have."""
    ledger = books(wire(OUT), statement("A-1", entry("502.50", "DBIT", refs=REFS)))
    assert rows(ledger) == [(UETR, "A-1", f"B@{OTHER}", 50_000)]
    assert (int(ledger.debited[0]), int(ledger.settled[0])) == (50_250, 50_000)


def test_a_statement_alone_makes_lines_for_its_own_account_only() -> None:
    ledger = books(
        statement(
            "A",
            entry("10.00", "CRDT", refs="<TxId>t1</TxId>", other="Z", agent=OTHER),
            entry("4.00", "DBIT", refs="<TxId>t2</TxId>", other="Y"),
            entry("1.00", "DBIT", own_ref="fee-1"),
            entry("9.00", "CRDT", refs="<TxId>t3</TxId>", status="PDNG"),
        )
    )
    assert rows(ledger) == [("t1", f"Z@{OTHER}", "A", 1000), ("t2", "A", "Y@", 400), ("fee-1", "A", "@", 100)]


def test_two_statements_of_one_bank_meet_in_one_transfer() -> None:
    ledger = books(
        statement("A", entry("10.00", "DBIT", refs=REFS)), statement("B", entry("10.00", "CRDT", refs=REFS), name="s2")
    )
    assert rows(ledger) == [(UETR, "A", "B", 1000)]


def test_the_debtors_own_reference_joins_only_where_nothing_contradicts() -> None:
    rent = "<EndToEndId>RENT</EndToEndId>"
    ledger = books(
        statement(
            "A",
            entry("10.00", "DBIT", refs=rent, other="B", own_ref="k1"),
            entry("10.00", "DBIT", "2026-03-02T10:00:00Z", refs=rent, other="X", own_ref="k2"),
        ),
        statement("B", entry("10.00", "CRDT", refs=rent, own_ref="k3"), name="s2"),
        statement("C", entry("10.00", "CRDT", refs=rent, other="W", own_ref="k4"), name="s3"),
    )
    assert rows(ledger) == [("k1", "A", "B", 1000), ("k2", "A", "X@", 1000), ("k4", "W@", "C", 1000)]


def test_an_instruction_is_a_transfer_until_the_bank_says_more() -> None:
    instruction = (
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn><GrpHdr><MsgId>m</MsgId>'
        b"<CreDtTm>2026-03-01T09:00:00</CreDtTm><NbOfTxs>1</NbOfTxs><InitgPty/></GrpHdr><PmtInf><PmtInfId>p</PmtInfId>"
        b"<PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2026-03-01</Dt></ReqdExctnDt><Dbtr/><DbtrAcct><Id><Othr><Id>A</Id></Othr>"
        b"</Id></DbtrAcct><DbtrAgt><FinInstnId><BICFI>EXMPXA22</BICFI></FinInstnId></DbtrAgt><CdtTrfTxInf><PmtId>"
        b'<EndToEndId>e1</EndToEndId></PmtId><Amt><InstdAmt Ccy="XAK">500.00</InstdAmt></Amt><CdtrAcct><Id><Othr>'
        b"<Id>B</Id></Othr></Id></CdtrAcct></CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>"
    )
    assert rows(books(instruction)) == [("e1", "A", "B@", 50_000)]
    assert rows(books(instruction, wire(OUT))) == [(UETR, "A", f"B@{OTHER}", 50_000)]
    with pytest.raises(BadInput, match=f"neither agent is {OTHER}"):
        books(instruction, bank=OTHER)


def test_a_return_goes_back_the_way_the_transfer_came(tmp_path: Path) -> None:
    got = CreditTransfer(
        end_to_end_id="e0", tx_id="in", amount_minor=50_000, currency="XAK", time=NOON.replace(hour=11),
        debtor_agent=OTHER, debtor_account="V", creditor_agent=BANK, creditor_account="A",
    )  # fmt: skip
    home = Original(uetr=UETR, debtor_agent=BANK, debtor_account="A", creditor_agent=OTHER, creditor_account="B")
    for messages in ([wire(got), wire(OUT), back(20_000, "r1")], [wire(got), back(20_000, "r1", home), wire(OUT)]):
        ledger = books(*messages)
        assert ("r1", f"B@{OTHER}", "A", 20_000) in rows(ledger)
        assert len(ledger.ids) == 3
    for number, data in enumerate(messages):
        (tmp_path / f"{number}.xml").write_bytes(data)
    trail = trace(build(read_ledger(sorted(tmp_path.glob("*.xml")), bank=BANK)), UETR)
    assert [(baton.transfer, baton.amount_minor) for baton in trail.batons] == [(UETR, 50_000)]


def test_a_return_booked_and_said_is_one_and_parts_are_several() -> None:
    credit = entry("200.00", "CRDT", "2026-03-01T13:00:00Z", refs=REFS, extra="<RtrInf/>", other="B", agent=OTHER)
    ledger = books(wire(OUT), back(20_000, "r1"), back(20_000, "r2"), back(10_000), statement("A", credit))
    assert [row[:1] + row[3:] for row in rows(ledger)] == [
        (UETR, 50_000), ("r1", 20_000), ("r2", 20_000), (f"{UETR}/return", 10_000),
    ]  # fmt: skip
    with pytest.raises(BadInput, match="was there before"):
        books(wire(OUT), back(20_000, "r1"), back(20_000, "r1"))
    with pytest.raises(BadInput, match="neither agent is"):
        books(back(1))


def test_money_booked_out_and_in_by_one_reference_came_back() -> None:
    ledger = books(
        statement("A", entry("5.00", "DBIT", refs=REFS), entry("5.00", "CRDT", "2026-03-01T11:00:00Z", refs=REFS))
    )
    assert rows(ledger) == [(UETR, "A", "@", 500), (f"{UETR}/return", "@", "A", 500)]


def test_opening_balances_come_from_the_first_statement() -> None:
    later = statement("A", entry("1.00", "DBIT", refs="<TxId>t2</TxId>"), opening="3.00", name="s2")
    later = later.replace(b"2026-03-01", b"2026-03-02")
    first = statement("A", entry("2.00", "DBIT", refs="<TxId>t1</TxId>"), opening="5.00")
    ledger = books(later, first)
    assert ledger.openings == {0: 500}
    overdrawn = books(statement("A", entry("2.00", "CRDT", refs="<TxId>t1</TxId>"), opening="-5.00"))
    assert overdrawn.openings == {0: 0}
    early = OUT.__class__(
        **{name: getattr(OUT, name) for name in OUT.__struct_fields__} | {"time": NOON.replace(month=2)}
    )
    assert books(first, wire(early)).openings is None, "a transfer is older than the balance"


@pytest.mark.parametrize(
    ("messages", "what"),
    [
        ([wire(OUT), wire(OUT)], "was there before"),
        ([statement("A", entry("1.00", "DBIT", refs=REFS), entry("1.00", "DBIT", refs=REFS))], "was there before"),
        ([statement("A", entry("1.00", "DBIT", refs=REFS), bank=OTHER)], f"the statement s1 is of {OTHER}"),
        ([wire(OUT).replace(b"EXMPXA22", b"EXMPXC22")], "neither agent is EXMPXA22"),
        ([wire(OUT).replace(b"<Othr><Id>A</Id></Othr>", b"<IBAN>XA00A</IBAN>")[:-20]], "Premature|not well-formed|end"),
    ],
)
def test_what_cannot_be_is_refused(messages: list[bytes], what: str) -> None:
    with pytest.raises(BadInput, match=what):
        books(*messages)


def test_messages_that_move_nothing_are_no_ledger() -> None:
    recall = wire(OUT).replace(b"pacs.008.001.08", b"camt.056.001.08").replace(b"FIToFICstmrCdtTrf", b"FIToFIPmtCxlReq")
    with pytest.raises(BadInput):
        books(recall)
    with pytest.raises(BadInput, match="own bank code"):
        books(wire(OUT), bank="")
