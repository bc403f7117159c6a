"""FollowTheMoney entities: of the schemata's own properties only, each once, the same key the same entity."""

import json

import pytest

from lintas.interop import ftm


def test_entities_are_lines_and_come_once() -> None:
    bank = ftm.entity("bank XABT", "Company", name="XABT", country="")
    again = ftm.entity("bank XABT", "Company", name="XABT")
    lines = [json.loads(line) for line in ftm.write([bank, again, ftm.entity("p", "Payment", amount="1")]).splitlines()]
    assert [each["schema"] for each in lines] == ["Company", "Payment"]
    assert lines[0] == {"id": ftm.id_of("bank XABT"), "schema": "Company", "properties": {"name": ["XABT"]}}


def test_a_property_that_the_schema_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="Payment has no iban"):
        ftm.entity("p", "Payment", iban="X")
