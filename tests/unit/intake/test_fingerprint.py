"""When two reports speak of the same transfer: the same bank, amount and reference, or receiving account and day."""

import msgspec
import pytest

from lintas.intake.records import Claim
from lintas.intake.rules import fingerprint
from lintas.model.tainted import Find

BY_REFERENCE = Find(amount_minor=50_000, currency="XAK", reference="TT-1")
BY_ACCOUNT = Find(amount_minor=50_000, currency="XAK", receiver="1000000002", at="2026-03-01T10:00:00Z")


def mark(find: Find, bank: str = "XAFB", **changes: object) -> str | None:
    return fingerprint(Claim(bank=bank, find=msgspec.structs.replace(find, **changes)))


@pytest.mark.parametrize("find", [BY_REFERENCE, BY_ACCOUNT])
def test_the_same_claim_again_is_the_same_transfer(find: Find) -> None:
    assert mark(find) == mark(find) is not None
    assert fingerprint(None) is None


def test_a_reference_counts_whatever_else_is_known() -> None:
    assert mark(BY_REFERENCE, receiver="1000000002", at="2026-03-01T10:00:00Z") == mark(BY_REFERENCE)


def test_without_a_reference_the_hour_does_not_count() -> None:
    assert mark(BY_ACCOUNT, at="2026-03-01T23:00:00Z") == mark(BY_ACCOUNT)
    assert mark(BY_ACCOUNT, at="2026-03-02T10:00:00Z") != mark(BY_ACCOUNT)


@pytest.mark.parametrize("find", [BY_REFERENCE, BY_ACCOUNT])
@pytest.mark.parametrize("wrong", [{"amount_minor": 1}, {"currency": "XBK"}, {"bank": "XABT"}])
def test_a_false_report_does_not_swallow_the_real_one(find: Find, wrong: dict[str, object]) -> None:
    changes = dict(wrong)
    bank = str(changes.pop("bank", "XAFB"))
    assert mark(find, bank, **changes) != mark(find)
