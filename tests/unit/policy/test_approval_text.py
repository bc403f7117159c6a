"""The text form of approvals: one spelling, one signature, and one clear line for whatever else comes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.papers import CASE, COMMISSION, GOOD, NOON, VKEY, approval

from lintas.model.errors import BadInput, CheckFailed, LintasError, Refused
from lintas.model.money import Money
from lintas.policy.approval import Withdrawal
from lintas.policy.approval_text import LONGEST, issuer_keys, parse, read, sign, write
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer

TEXT = f"""lintas-approval/v1
id: approval-{"0" * 27}1
kind: approval
jurisdiction: XA
issuer: data.xa.example
authority: xa-asc
reference: DSC 2026/17
peers: xd-asc
categories: hold_request, baton
purposes: stop_payment
cases: any
max-amount: 50000.00 XAK
not-before: 2026-03-01T00:00:00Z
expires: 2026-03-08T00:00:00Z
uses: 5
"""
OTHER = Ed25519Signer.from_seed("data.xa.example", bytes(32))


def signed(text: str, signer: Ed25519Signer = COMMISSION, name: str = "data.xa.example") -> bytes:
    return note.sign(text, name, signer).render()


def test_the_text_says_what_the_approval_says() -> None:
    paper = approval(max_amount=Money(5_000_000, "XAK"), uses=5)
    assert write(paper) == TEXT
    assert read(signed(TEXT), [VKEY], where="a") == paper
    assert sign(paper, COMMISSION) == signed(TEXT)


def test_a_withdrawal_is_signed_too() -> None:
    said = Withdrawal(id=GOOD.id, jurisdiction="XA", issuer="data.xa.example", reason="Given by mistake.", at=NOON)
    assert read(sign(said, COMMISSION), [VKEY], where="w") == said


_moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(
    begins=_moments,
    lasts=st.timedeltas(timedelta(microseconds=1), LONGEST),
    reference=st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=" "), min_size=1, max_size=300),
    cases=st.sampled_from([(), (CASE,)]),
    amount=st.one_of(st.none(), st.builds(Money, st.integers(1, 10**15), st.sampled_from(["XAK", "JPY", "VND"]))),
    uses=st.one_of(st.none(), st.integers(1, 10**6)),
)
def test_whatever_can_be_issued_is_read_as_it_was_meant(
    begins: datetime, lasts: timedelta, reference: str, cases: tuple[str, ...], amount: Money | None, uses: int | None
) -> None:
    paper = approval(
        not_before=begins, expires=begins + lasts, reference=reference, cases=cases, max_amount=amount, uses=uses
    )
    assert read(sign(paper, COMMISSION), [VKEY], where="a") == paper


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lintas-approval/v1", "lintas-approval/v2", "no approval"),
        ("id: approval-", "id: Approval-", "is no id"),
        ("id: approval-0", "id: approval-maria-0", "is no id"),
        ("kind: approval", "kind: permission", "'permission' is not known"),
        ("jurisdiction: XA", "jurisdiction: xa", "'xa' is not known"),
        ("authority: xa-asc", "authority: Aria", "is no authority"),
        ("peers: xd-asc", "peers: any other", "is not known"),
        ("peers: xd-asc", "peers: xd-asc, xd-asc", "twice"),
        ("peers: xd-asc", "peers: xd-asc,xb-asc", "is not known"),
        ("peers: xd-asc", "peers: ", "'' is not known"),
        ("categories: hold_request", "categories: screening_note", "'screening_note' is not known"),
        ("categories: hold_request, baton", "categories: any", "'any' is not known"),
        ("purposes: stop_payment", "purposes: revenge", "'revenge' is not known"),
        ("cases: any", "cases: maria", "'maria' is not known"),
        ("50000.00 XAK", "50000 XAK", "one spelling"),
        ("50000.00 XAK", "50,000.00 XAK", "is not an amount"),
        ("50000.00 XAK", "0.00 XAK", "above zero"),
        ("50000.00 XAK", "50000.001 XAK", "more decimals"),
        ("50000.00 XAK", "50000.00 QQQ", "unknown currency"),
        ("50000.00 XAK", f"{'9' * 5000} XAK", "too long"),
        ("50000.00 XAK", "٥٠٠ XAK", "is not an amount"),
        ("not-before: 2026-03-01T00:00:00Z", "not-before: 2026-03-01T00:00:00", "has no zone"),
        ("not-before: 2026-03-01T00:00:00Z", "not-before: 2026-03-01T01:00:00+01:00", "one spelling"),
        ("expires: 2026-03-08T00:00:00Z", "expires: 9999-12-31T23:59:59Z", "within 1098 days"),
        ("expires: 2026-03-08T00:00:00Z", "expires: 2026-03-01T00:00:00Z", "within 1098 days"),
        ("expires: 2026-03-08T00:00:00Z", "expires: 2026-02-01T00:00:00Z", "within 1098 days"),
        ("expires: 2026-03-08T00:00:00Z", "expires: soon", "is not a time"),
        ("uses: 5", "uses: 0", "no number from 1"),
        ("uses: 5", "uses: -1", "no number from 1"),
        ("uses: 5", "uses: 05", "no number from 1"),
        ("uses: 5", "uses: 99999999", "no number from 1"),
        ("uses: 5", "uses: 5 ", "no number from 1"),
        ("uses: 5\n", "", "the line uses is missing"),
        ("uses: 5\n", "uses: 5\nuses: 6\n", "'uses' stands here twice"),
        ("uses: 5\n", "uses: 5\nbribe: 7\n", "nothing is called 'bribe'"),
        ("uses: 5\n", "uses: 5\n\n", "no line of such"),
        ("kind: approval\njurisdiction: XA", "jurisdiction: XA\nkind: approval", "one spelling"),
        ("DSC 2026/17", "DSC \u202e2026/17", "no line of such"),
        ("DSC 2026/17", "DSC\x7f", "no line of such"),
        ("DSC 2026/17", "D" * 9000, "no line of such"),
        ("DSC 2026/17", " ", "empty or too long"),
    ],
)  # fmt: skip
def test_another_text_is_refused_by_its_line(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(BadInput) as wrong:
        read(signed(TEXT.replace(old, new)), [VKEY], where="paper")
    assert said in str(wrong.value)
    assert "paper" in wrong.value.where
    assert "\n" not in str(wrong.value)


def test_only_a_competent_key_counts() -> None:
    with pytest.raises(Refused, match="not that of a competent authority") as wrong:
        read(signed(TEXT), [], where="a")
    assert wrong.value.reason == "unknown_issuer"
    with pytest.raises(Refused, match=r"'x\.example'"):
        read(signed(TEXT, name="x.example"), [VKEY], where="a")
    # The same name over another key has another key id, and is as unknown.
    with pytest.raises(Refused, match="not that of a competent authority"):
        read(signed(TEXT, OTHER), [VKEY], where="a")


def test_nobody_signs_in_the_name_of_another() -> None:
    court = note.ed25519_key("court.xa.example", OTHER)
    with pytest.raises(CheckFailed, match=r"names data.xa.example as issuer and is signed by court"):
        read(signed(TEXT, OTHER, "court.xa.example"), [VKEY, court], where="a")


_good = signed(TEXT)


@given(st.integers(0, len(_good) - 1), st.integers(0, 255))
def test_no_byte_can_be_changed(at: int, byte: int) -> None:
    data = _good[:at] + bytes([byte]) + _good[at + 1 :]
    if data != _good:
        with pytest.raises(LintasError):
            read(data, [VKEY], where="a")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda good: b"", "no signature block"),
        (lambda good: TEXT.encode(), "no signature block"),
        (lambda good: good + good.split(b"\n\n")[1], "has 2 signatures"),
        (lambda good: good.replace(b"DSC", b"DSC\x00"), "control characters"),
        (lambda good: good.replace(b"DSC", b"DSC\r\n"), "control characters"),
        (lambda good: good.replace(b"DSC", b"\xff"), "not UTF-8"),
        (lambda good: good.replace(b"DSC", b"D" * 10_000_000), "10000"),
        (lambda good: good + b"\n", "signature"),
    ],
)
def test_what_is_no_signed_note_is_told_in_one_line(change: Callable[[bytes], bytes], said: str) -> None:
    with pytest.raises(BadInput) as wrong:
        read(change(_good), [VKEY], where="a")
    assert said in str(wrong.value) and "\n" not in str(wrong.value)


def test_an_issuer_cannot_sign_what_nobody_would_read() -> None:
    for bad in ({"reference": "a\nuses: any"}, {"peers": ("xd-asc, XB",)}, {"uses": 0}, {"kind": "bribe"}):
        with pytest.raises(BadInput):
            sign(approval(**bad), COMMISSION)


def test_settings_take_verifier_keys_of_signers_only() -> None:
    assert issuer_keys([str(VKEY)], where="competent") == (VKEY,)
    cosigner = note.VerifierKey("w.example", note.COSIGNATURE_ED25519, VKEY.key)
    for line in ("nothing", str(VKEY)[:-4], str(cosigner)):
        with pytest.raises(BadInput, match="competent"):
            issuer_keys([line], where="competent")


def test_a_text_without_signature_can_be_read_for_showing() -> None:
    assert parse(TEXT, where="a") == approval(max_amount=Money(5_000_000, "XAK"), uses=5)
