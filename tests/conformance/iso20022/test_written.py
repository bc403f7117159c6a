"""What we write, pyiso20022 reads strictly in every version, and writes anew element for element; we read it back equal."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conformance.iso20022 import oracle
from tests.conformance.iso20022.parts import WRITTEN, messages
from xsdata.exceptions import ParserError

from lintas.interop.iso20022 import FAMILIES, Header, Message, Original, Party, Recall, read, write


@pytest.mark.parametrize(("name", "version"), WRITTEN, ids=[f"{name}.{version}" for name, version in WRITTEN])
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_oracle_takes_what_we_write(name: str, version: str, data: st.DataObject) -> None:
    message = data.draw(messages(name, version))
    written = write(message)
    oracle.check(written, message.kind)
    assert read(written) == message
    again = oracle.write(oracle.parse(written, message.kind), message.kind)
    assert read(again) == message


def test_every_family_that_is_written_is_tried() -> None:
    assert {name for name, _ in WRITTEN} == {name for name, family in FAMILIES.items() if family.write}


_E2E, _TX = b"<OrgnlEndToEndId>e</OrgnlEndToEndId>", b"<OrgnlTxId>t</OrgnlTxId>"


def test_the_oracle_notices_what_is_wrong() -> None:
    """A check that cannot fail is none: order, missing elements, lengths and values."""
    data = _sample()
    kind = "camt.056.001.08"
    oracle.check(data, kind)
    for old, new in (
        (b"<Id>a1</Id>", b""),
        (b"<Id>a1</Id>", b"<Id>" + b"x" * 36 + b"</Id>"),
        (_E2E + _TX, _TX + _E2E),
        (b"<OrgnlTxId>", b"<NoSuch/><OrgnlTxId>"),
        (b"<Cd>FRAD</Cd>", b"<Cd>FRAD</Cd><Prtry>x</Prtry>"),
    ):
        assert old in data
        with pytest.raises((AssertionError, ParserError, TypeError)):
            oracle.check(data.replace(old, new, 1), kind)


def _sample() -> bytes:
    header = Header(
        id="a1", created=datetime(2026, 3, 1, tzinfo=UTC), sender=Party(agent="EXMPXA22"), receiver=Party(name="B")
    )
    recall = Recall(original=Original(end_to_end_id="e", tx_id="t"), reason="FRAD")
    return write(Message(kind="camt.056.001.08", header=header, parts=(recall,)))
