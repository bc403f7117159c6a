"""`lintas goaml`: from a trail and its index to a unit's report, and back."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lintas.cli.goaml import goaml
from lintas.cli.trace import trace
from lintas.model.errors import BadInput

CSV = """id,time,sender,receiver,amount_minor,currency,receiver_bank
t1,2026-03-01T10:00:00Z,victim,mule,5000,XAK,
t2,2026-03-01T10:01:00Z,mule,second,3000,XAK,
t3,2026-03-01T10:05:00Z,second,abroad,1500,XAK,OTHRXB22
"""
FACTS = """
rentity_id: 7
entity_reference: r-1
submitted: 2026-03-02T08:00:00Z
reporting_person: {kind: person, first_name: Ara, last_name: Example}
reason: A victim reported it.
action: The bank was asked to hold.
indicators: [SC01, SC03]
own_bank: B1
holders:
  mule: {kind: person, first_name: Bo, last_name: Example}
"""
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="{name}"><xs:complexType><xs:sequence>
  <xs:any minOccurs="1" maxOccurs="99" processContents="skip"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(goaml, [str(each) for each in arguments])


@pytest.fixture
def traced(tmp_path: Path) -> Path:
    (tmp_path / "ledger.csv").write_text(CSV)
    (tmp_path / "facts.yaml").write_text(FACTS)
    CliRunner().invoke(trace, ["index", "--transfers", str(tmp_path / "ledger.csv"), "--out", str(tmp_path / "index")])
    told = CliRunner().invoke(trace, ["run", "--index", str(tmp_path / "index"), "--transfer", "t1", "--json"])
    (tmp_path / "trail.json").write_text(told.output)
    return tmp_path


def written(at: Path, *more: object) -> Result:
    files = ("--trail", at / "trail.json", "--index", at / "index", "--facts", at / "facts.yaml")
    return run("write", *files, "--out", at / "report.xml", *more)


def test_a_trail_is_written_and_read(traced: Path) -> None:
    (traced / "unit.xsd").write_text(SCHEMA.format(name="report"))
    done = written(traced, "--profile", "xa", "--schema", traced / "unit.xsd")
    assert done.exit_code == 0 and "3 transactions for Financial Intelligence Office of XA" in done.output, done.output
    told = run("read", traced / "report.xml", "--profile", "xa")
    assert told.exit_code == 0 and "t3: 15.00 XAK second to abroad" in told.output
    document = json.loads(run("read", traced / "report.xml", "--json").output)
    last = document["transactions"][2]
    assert (last["sender"]["my_client"], last["receiver"]["account"]["institution_code"]) == (True, "OTHRXB22")
    assert document["transactions"][0]["receiver"]["account"]["signatories"][0]["first_name"] == "Bo"


def test_a_report_that_the_unit_would_send_back_says_so(traced: Path) -> None:
    assert written(traced, "--profile", "xa").exit_code == 0
    wrong = run("read", traced / "report.xml", "--profile", "xb")
    assert wrong.exit_code == 1 and "this unit counts in XBK" in wrong.stderr
    (traced / "unit.xsd").write_text(SCHEMA.format(name="other"))
    assert run("read", traced / "report.xml", "--schema", traced / "unit.xsd").exit_code == 1


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        ("trail.json", "{}", "it is no trail"),
        ("facts.yaml", "rentity_id: [", "it is no YAML"),
        ("facts.yaml", "rentity_id: seven", "the facts are incomplete"),
        ("facts.yaml", FACTS.replace("indicators", "#"), "indicators: mandatory here"),
    ],
)
def test_what_is_missing_is_named(traced: Path, file: str, text: str, what: str) -> None:
    (traced / file).write_text(text)
    done = written(traced, "--profile", "xa")
    assert isinstance(done.exception, BadInput) and what in str(done.exception)
    assert not (traced / "report.xml").exists()


def test_a_trail_of_another_index_is_refused(traced: Path) -> None:
    trail = json.loads((traced / "trail.json").read_text())
    (traced / "trail.json").write_text(json.dumps(trail | {"snapshot": "other"}))
    done = written(traced, "--profile", "xa")
    assert isinstance(done.exception, BadInput) and "of snapshot other" in str(done.exception)
