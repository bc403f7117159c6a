"""`lintas iso20022`: what a message is and says, by our reader and by a schema that the user has; JSON back to a message."""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from tests.unit.trace.statements import entry, statement

from lintas.cli.iso20022 import iso20022
from lintas.interop.iso20022 import (
    Case,
    CreditTransfer,
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
from lintas.model.errors import BadInput, MalformedInput

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE, TWO = Party(agent="EXMPXA22"), Party(agent="EXMPXB22")
UETR = "11111111-1111-4111-8111-111111111111"
ORIGINAL = Original(uetr=UETR, amount_minor=5_000, currency="XAK", day=date(2026, 3, 1))
REFUSED = RecallAnswer(outcome="RJCR", original=ORIGINAL, reason="AM04")
RETURNED = Return(original=ORIGINAL, amount_minor=1, currency="XAK", time=NOON, time_exact=True)
RECALL = Recall(original=ORIGINAL, reason="FRAD", order="order-1", case=Case(id="case-1", opened_by=ONE))

#: A schema of our own with the shape of a message: the published ones are not ours to ship.
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
  targetNamespace="urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"><xs:element name="Document"><xs:complexType>
  <xs:sequence><xs:element name="FIToFIPmtCxlReq"><xs:complexType><xs:sequence><xs:any minOccurs="{least}"
  maxOccurs="9" processContents="skip"/></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType>
  </xs:element></xs:schema>"""

INCLUDE = '<xs:include schemaLocation="http://schemas.example/a.xsd"/>'


def message(kind: str, part: Part) -> Message:
    return Message(kind=kind, header=Header(id="m-1", created=NOON, sender=ONE, receiver=TWO), parts=(part,))


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(iso20022, [str(each) for each in arguments])


@pytest.fixture
def recall(tmp_path: Path) -> Path:
    (tmp_path / "recall.xml").write_bytes(write(message("camt.056.001.08", RECALL)))
    return tmp_path / "recall.xml"


TRANSFER = CreditTransfer(
    end_to_end_id="e", tx_id="t", amount_minor=5_000, currency="XAK", time=NOON, debtor_account="A",
    debtor_agent="EXMPXA22", creditor_account="B",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "part", "told"),
    [
        ("camt.056.001.08", RECALL, f"asks back {UETR} (50.00 XAK), FRAD (fraud), beside order order-1"),
        ("camt.029.001.09", REFUSED, "refused, AM04 (not enough money there)"),
        ("camt.029.001.09", RecallAnswer(outcome="PDCR", case=RECALL.case), "the case: pending"),
        ("pacs.004.001.09", RETURNED, "sends back 0.01 XAK of"),
        ("pacs.002.001.10", Status(original=ORIGINAL, status="PDNG"), "PDNG (pending)"),
        ("pacs.008.001.08", TRANSFER, "t: 50.00 XAK A at EXMPXA22 to B"),
    ],
)  # fmt: skip
def test_check_says_what_it_is(tmp_path: Path, kind: str, part: Part, told: str) -> None:
    (tmp_path / "m.xml").write_bytes(write(message(kind, part)))
    done = invoke("check", tmp_path / "m.xml")
    assert done.exit_code == 0 and told in done.output and f"m.xml: {kind}, " in done.output
    assert "from EXMPXA22, to EXMPXB22" in done.output


def test_check_says_what_an_investigation_and_a_statement_say(tmp_path: Path) -> None:
    asked = Investigation(type="RQFI", original=ORIGINAL, reason="FRAD", text="Where is it now?")
    answer = InvestigationAnswer(status="CLSD", asked_in="m-1", type="RQFI", texts=("It was passed on.",))
    bare = Header(id="m-1", sender=ONE, receiver=TWO)
    said = [
        (write(Message(kind="camt.110.001.01", header=bare, parts=(asked,))), "asks (RQFI, FRAD) about"),
        (write(Message(kind="camt.111.001.01", header=bare, parts=(answer,))), "answers m-1 (CLSD): It was passed on."),
        (statement("A", entry("5.00", "DBIT", own_ref="k1")), "-5.00 XAK, k1"),
    ]
    for data, told in said:
        (tmp_path / "m.xml").write_bytes(data)
        assert told in invoke("check", tmp_path / "m.xml").output


def test_check_by_the_users_schema(tmp_path: Path, recall: Path) -> None:
    schema = tmp_path / "camt.056.001.08.xsd"
    schema.write_text(SCHEMA.format(least=1))
    done = invoke("check", recall, "--schemas", tmp_path)
    assert done.exit_code == 0 and "valid by camt.056.001.08.xsd" in done.stderr
    schema.write_text(SCHEMA.format(least=9))
    done = invoke("check", recall, "--schemas", tmp_path)
    assert done.exit_code == 1 and "recall.xml, line " in done.stderr and "FIToFIPmtCxlReq" in done.stderr


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        (None, "there is no schema for camt.056.001.08"),
        ("<nothing/>", "is no XML schema"),
        ("<", "well-formed"),
        (SCHEMA.format(least=1).replace("<xs:element", f"{INCLUDE}<xs:element", 1), "wants include"),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_used_is_refused(tmp_path: Path, recall: Path, schema: str | None, what: str) -> None:
    if schema is not None:
        (tmp_path / "camt.056.001.08.xsd").write_text(schema)
    done = invoke("check", recall, "--schemas", tmp_path)
    assert isinstance(done.exception, BadInput) and what in str(done.exception)


def test_json_goes_back_into_a_message(tmp_path: Path, recall: Path) -> None:
    described = invoke("check", recall, "--json").output
    (tmp_path / "m.json").write_text(described)
    assert invoke("write", tmp_path / "m.json", "--out", tmp_path / "again.xml").exit_code == 0
    assert read((tmp_path / "again.xml").read_bytes()) == read(recall.read_bytes())
    assert msgspec.json.decode(described)["parts"][0]["kind"] == "Recall"
    (tmp_path / "m.json").write_text(described.replace('"Recall"', '"Nothing"'))
    wrong = invoke("write", tmp_path / "m.json", "--out", tmp_path / "again.xml")
    assert isinstance(wrong.exception, BadInput) and "describes no message" in str(wrong.exception)


def test_what_is_no_message_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text("<html/>")
    assert isinstance(invoke("check", tmp_path / "m.xml").exception, MalformedInput)
