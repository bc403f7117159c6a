"""pacs.008: what is written is read back equal; what is broken is refused with transaction number and element path."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.interop.iso20022 import FAMILIES, CreditTransfer, read_pacs008, write_pacs008
from lintas.model.errors import BadInput, MalformedInput
from lintas.model.money import MAX_MINOR

VERSIONS = FAMILIES["pacs.008"].versions
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAIN = CreditTransfer(
    end_to_end_id="e2e-1",
    uetr="11111111-1111-4111-8111-111111111111",
    tx_id="tx-1",
    amount_minor=5_000_000,
    currency="XAK",
    time=NOON,
    debtor_account="XA00EXMP0000000001",
    debtor_agent="EXMPXA22",
    creditor_account="1234-5678",
    creditor_agent="CLEARING-77",
)


def message(*transfers: CreditTransfer, version: str = "08") -> bytes:
    return write_pacs008(list(transfers or [PLAIN]), message_id="m-1", created=NOON, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_round_trips(version: str) -> None:
    data = message(PLAIN, version=version)
    assert f"pacs.008.001.{version}".encode() in data
    assert read_pacs008(data) == [PLAIN]


_ID = st.text("abcXYZ019-", min_size=1, max_size=35)
_ACCOUNT = st.text("abcXYZ019-", min_size=1, max_size=34)
_OPTIONAL = st.one_of(st.none(), _ID)


@given(
    st.lists(
        st.builds(
            CreditTransfer,
            end_to_end_id=_ID,
            tx_id=_OPTIONAL,
            instruction_id=_OPTIONAL,
            uetr=st.one_of(st.none(), st.uuids(version=4).map(str)),
            amount_minor=st.integers(1, MAX_MINOR),
            currency=st.sampled_from(["XAK", "XBK", "XDK"]),
            time=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),
            rate=st.sampled_from([None, "0.0031", "12"]),
            debtor_account=st.one_of(st.none(), _ACCOUNT),
            creditor_account=st.one_of(st.none(), st.just("XB11EXMP0000000002")),
            debtor_agent=st.sampled_from([None, "EXMPXA22", "EXMPXA22123", "0012"]),
            creditor_agent=_OPTIONAL,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_written_is_read(transfers: list[CreditTransfer]) -> None:
    assert read_pacs008(message(*transfers)) == transfers


def test_the_instructed_amount_in_another_currency_and_a_date_alone() -> None:
    data = message().replace(b"<AccptncDtTm>2026-03-01T12:00:00Z</AccptncDtTm>", b'<InstdAmt Ccy="XBK">700</InstdAmt>')
    (found,) = read_pacs008(data)
    assert (found.instructed_minor, found.instructed_currency) == (700, "XBK")
    assert (found.time, found.time_exact) == (datetime(2026, 3, 1, tzinfo=UTC), False)
    assert read_pacs008(message(found)) == [found]


def test_the_reference_is_the_uetr_where_there_is_one() -> None:
    assert PLAIN.reference == PLAIN.uetr
    (bare,) = read_pacs008(message().replace(b"<UETR>11111111-1111-4111-8111-111111111111</UETR>", b""))
    assert bare.reference == "tx-1"


@pytest.mark.parametrize(
    ("old", "new", "path", "what"),
    [
        (b">50000.00<", b">50000.001<", "IntrBkSttlmAmt", "more decimals"),
        (b">50000.00<", b">-1<", "IntrBkSttlmAmt", "is not an amount"),
        (b">50000.00<", b">0.00<", "IntrBkSttlmAmt", "zero"),
        (b">50000.00<", b"><", "IntrBkSttlmAmt", "empty"),
        (b'Ccy="XAK"', b'Ccy="QQQ"', "IntrBkSttlmAmt", "unknown currency 'QQQ'"),
        (b' Ccy="XAK"', b"", "IntrBkSttlmAmt", "unknown currency"),
        (b"T12:00:00Z</AccptncDtTm>", b"T12:00:00</AccptncDtTm>", "AccptncDtTm", "has no zone"),
        (b"<EndToEndId>e2e-1</EndToEndId>", b"", "PmtId/EndToEndId", "missing"),
        (b"<EndToEndId>e2e-1<", "<EndToEndId>e2e\u202e1<".encode(), "PmtId/EndToEndId", "not printable"),
        (b"<UETR>1111", b"<UETR>zzzz", "PmtId/UETR", "is not a UETR"),
        (b"<ChrgBr>", b"<XchgRate>fast</XchgRate><ChrgBr>", "XchgRate", "is not a rate"),
    ],
)
def test_a_bad_element_is_named(old: bytes, new: bytes, path: str, what: str) -> None:
    whole = message(PLAIN, PLAIN)
    first, second = whole[: whole.rindex(b"<CdtTrfTxInf>")], whole[whole.rindex(b"<CdtTrfTxInf>") :]
    assert old in second
    with pytest.raises(BadInput) as caught:
        read_pacs008(first + second.replace(old, new), where="batch.xml")
    place = f"batch.xml, FIToFICstmrCdtTrf/CdtTrfTxInf[2]/{path}"
    assert (caught.value.where, what in caught.value.what) == (place, True), str(caught.value)


def test_no_time_at_all_and_a_bad_date_are_refused() -> None:
    data = message().replace(b"<AccptncDtTm>2026-03-01T12:00:00Z</AccptncDtTm>", b"")
    with pytest.raises(BadInput, match="'2026-02-30' is not a date"):
        read_pacs008(data.replace(b"2026-03-01</IntrBk", b"2026-02-30</IntrBk"))
    with pytest.raises(BadInput, match="neither AccptncDtTm nor IntrBkSttlmDt"):
        read_pacs008(data.replace(b"<IntrBkSttlmDt>2026-03-01</IntrBkSttlmDt>", b""))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"pacs.008.001.08", b"pacs.008.001.07", "version '07' of pacs.008 is not read here"),
        (b"pacs.008.001.08", b"camt.056.001.08", "camt.056.001.08 is no pacs.008"),
        (b"CdtTrfTxInf", b"Other", "has no CdtTrfTxInf"),
        (b"</Document>", b"", "Premature end"),
    ],
)
def test_another_message_is_refused(old: bytes, new: bytes, what: str) -> None:
    with pytest.raises(MalformedInput, match=what):
        read_pacs008(message().replace(old, new))


def test_a_cut_batch_is_noticed() -> None:
    with pytest.raises(BadInput, match="announces 2 transactions, 1 are there"):
        read_pacs008(message().replace(b"<NbOfTxs>1<", b"<NbOfTxs>2<"))


def test_writing_refuses_nothing_and_unknown_versions() -> None:
    with pytest.raises(BadInput, match="nothing is there to write"):
        write_pacs008([], message_id="m", created=NOON)
    with pytest.raises(BadInput, match="version '99' of pacs"):
        message(version="99")
