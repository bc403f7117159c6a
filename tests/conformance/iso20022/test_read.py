"""Messages that pyiso20022 makes, in every version that we only read, with elements that we do not: we find what is said."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.conformance.iso20022.oracle import Maker

from lintas.interop.iso20022 import FAMILIES, Balance, Entry, Initiation, Statement, read

UETR = "11111111-1111-4111-8111-111111111111"
GROUP = {"MsgId": "m-1", "CreDtTm": "2026-03-01T09:00:00"}


def bank(code: str, *, old: bool) -> dict[str, Any]:
    return {"FinInstnId": {"BIC" if old else "BICFI": code}}


def _pain(version: str) -> dict[str, Any]:
    day: Any = "2026-03-02" if version == "03" else {"DtTm": "2026-03-02T08:00:00+08:00"}
    wide = {"UETR": UETR} if version >= "09" else {}
    return {
        "CstmrCdtTrfInitn": {
            "GrpHdr": GROUP | {"NbOfTxs": "1", "CtrlSum": "500.00", "InitgPty": {"Nm": "Example Ltd"}},
            "PmtInf": {
                "PmtInfId": "batch-1",
                "PmtMtd": "TRF",
                "BtchBookg": True,
                "ReqdExctnDt": day,
                "Dbtr": {"Nm": "Example Ltd"},
                "DbtrAcct": {"Id": {"IBAN": "XA11EXMP0000000001"}, "Ccy": "XAK"},
                "DbtrAgt": bank("EXMPXA22", old=version == "03"),
                "CdtTrfTxInf": {
                    "PmtId": {"InstrId": "i-1", "EndToEndId": "e-1"} | wide,
                    "Amt": {"InstdAmt": ("500.00", "XAK")},
                    "CdtrAgt": bank("EXMPXB22", old=version == "03"),
                    "Cdtr": {"Nm": "Somebody"},
                    "CdtrAcct": {"Id": {"Othr": {"Id": "77-1"}}},
                    "RmtInf": {"Ustrd": ["invoice 12"]},
                },
            },
        }
    }


@pytest.mark.parametrize("version", FAMILIES["pain.001"].versions)
def test_an_instruction(version: str) -> None:
    kind = f"pain.001.001.{version}"
    message = read(Maker(kind).write(_pain(version)))
    exact = version != "03"
    assert message.kind == kind
    assert message.header.created == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert message.parts == (
        Initiation(
            payment_id="batch-1",
            end_to_end_id="e-1",
            uetr=UETR if version >= "09" else None,
            instruction_id="i-1",
            amount_minor=50_000,
            currency="XAK",
            time=datetime(2026, 3, 2, tzinfo=UTC),
            time_exact=exact,
            debtor_account="XA11EXMP0000000001",
            debtor_agent="EXMPXA22",
            creditor_account="77-1",
            creditor_agent="EXMPXB22",
        ),
    )


def _balance(code: str, amount: str, day: str, side: str = "CRDT") -> dict[str, Any]:
    return {"Tp": {"CdOrPrtry": {"Cd": code}}, "Amt": (amount, "XAK"), "CdtDbtInd": side, "Dt": {"Dt": day}}


def _detail(version: str, amount: str, number: int) -> dict[str, Any]:
    wide = {"UETR": UETR} if version >= "08" else {}
    amounts: dict[str, Any] = {"AmtDtls": {"TxAmt": {"Amt": (amount, "XAK")}}}
    return {
        "Refs": {"EndToEndId": f"e-{number}", "TxId": f"t-{number}"} | wide,
        "RltdPties": {"DbtrAcct": {"Id": {"Othr": {"Id": "88-1"}}}, "CdtrAcct": {"Id": {"Othr": {"Id": "99-1"}}}},
        "RltdAgts": {"DbtrAgt": bank("EXMPXB22", old=version == "02")},
        "RmtInf": {"Ustrd": ["thanks"]},
    } | (amounts if version == "02" else amounts | {"Amt": (amount, "XAK"), "CdtDbtInd": "CRDT"})


def _entry(version: str, details: list[dict[str, Any]], amount: str) -> dict[str, Any]:
    return {
        "NtryRef": "n-1",
        "Amt": (amount, "XAK"),
        "CdtDbtInd": "CRDT",
        "Sts": {"Cd": "BOOK"} if version >= "07" else "BOOK",
        "BookgDt": {"DtTm": "2026-03-01T10:00:00Z"},
        "ValDt": {"Dt": "2026-03-02"},
        "AcctSvcrRef": "k-1",
        "BkTxCd": {"Prtry": {"Cd": "TRF"}},
        "NtryDtls": [{"TxDtls": details}],
    }


def _report(family: str, version: str) -> dict[str, Any]:
    root, inner = ("BkToCstmrStmt", "Stmt") if family == "camt.053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    entries = [
        _entry(version, [_detail(version, "300.00", 1)], "300.00"),
        _entry(version, [_detail(version, "100.00", 2), _detail(version, "50.50", 3)], "150.50"),
    ]
    account: dict[str, Any] = {"Acct": {"Id": {"Othr": {"Id": "A-1"}}, "Svcr": bank("EXMPXA22", old=version == "02")}}
    balances = [
        _balance("OPBD", "10.00", "2026-03-01", "DBIT"),
        _balance("CLBD", "440.50", "2026-03-01"),
        _balance("ITAV", "440.50", "2026-03-01"),
    ]
    report = {"Id": "s-1", "CreDtTm": "2026-03-02T00:00:00Z"} | account | {"Ntry": entries}
    return {root: {"GrpHdr": GROUP, inner: [report | ({"Bal": balances} if family == "camt.053" else {})]}}


@pytest.mark.parametrize("version", FAMILIES["camt.053"].versions)
@pytest.mark.parametrize("family", ["camt.053", "camt.054"])
def test_a_statement_and_a_notification(family: str, version: str) -> None:
    kind = f"{family}.001.{version}"
    (found,) = read(Maker(kind).write(_report(family, version))).parts
    assert isinstance(found, Statement)
    own = Balance(amount_minor=-1000, currency="XAK", day=date(2026, 3, 1)) if family == "camt.053" else None
    assert (found.id, found.account, found.agent, found.opening) == ("s-1", "A-1", "EXMPXA22", own)
    assert [(each.amount_minor, each.tx_id, each.end_to_end_id) for each in found.entries] == [
        (30_000, "t-1", "e-1"),
        (10_000, "t-2", "e-2"),
        (5_050, "t-3", "e-3"),
    ]
    first = found.entries[0]
    assert first == Entry(
        amount_minor=30_000,
        currency="XAK",
        credit=True,
        time=datetime(2026, 3, 1, 10, tzinfo=UTC),
        time_exact=True,
        value_day=date(2026, 3, 2),
        servicer_reference="k-1",
        uetr=UETR if version >= "08" else None,
        tx_id="t-1",
        end_to_end_id="e-1",
        settled_minor=30_000,
        settled_currency="XAK",
        other_account="88-1",
        other_agent="EXMPXB22",
        place=first.place,
    )
