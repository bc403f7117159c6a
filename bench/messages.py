"""How many recalls (`camt.056`) one core builds, signs and parses, beside pyiso20022 with its xsdata in the same run.

The signature is the one that the design asks for: Ed25519 over our own JSON beside the message, not inside its XML. Both
sides sign the same bytes; ours parses with every guard of `interop/xml.py` and every check of values.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
from pyiso20022.camt import camt_056_001_08 as peer
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.models.datatype import XmlDate, XmlDateTime

from bench import Figure, one_core, row
from lintas.interop.iso20022 import Case, Header, Message, Original, Party, Recall, read, write
from lintas.trust.keys import Ed25519Signer

BAR = 2_000
PAIRS, OURS, THEIRS = 7, 400, 40
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"
_UETR = "11111111-1111-4111-8111-111111111111"


def _message(number: int) -> Message:
    ours, theirs = Party(agent="EXMPXA22"), Party(agent="EXMPXB22")
    header = Header(id=f"rc-{number}", created=datetime(2026, 3, 1, 12, tzinfo=UTC), sender=ours, receiver=theirs)
    recall = Recall(
        original=Original(
            end_to_end_id=f"e2e-{number}",
            tx_id=f"tx-{number}",
            uetr=_UETR,
            amount_minor=5_000_000 + number,
            currency="XAK",
            day=date(2026, 3, 1),
            debtor_account="XA11EXMP0000000001",
            creditor_account="XB11EXMP0000000002",
        ),
        id=f"cx-{number}",
        case=Case(id=f"case-{number}", opened_by=ours),
        reason="FRAD",
        order=f"order-{number}",
        part=(0, 3_000_000),
    )
    return Message(kind="camt.056.001.08", header=header, parts=(recall,))


def _ours(signer: Ed25519Signer, number: int) -> bytes:
    message = _message(number)
    data = write(message)
    signer.sign(msgspec.json.encode(message, order="deterministic"))
    if read(data) != message:
        raise AssertionError("the message did not come back equal")
    return data


def _agent(code: str) -> peer.Party40Choice:
    bank = peer.FinancialInstitutionIdentification18(bicfi=code)
    return peer.Party40Choice(agt=peer.BranchAndFinancialInstitutionIdentification6(fin_instn_id=bank))


def _account(iban: str) -> peer.CashAccount38:
    return peer.CashAccount38(id=peer.AccountIdentification4Choice(iban=iban))


def _peers_message(number: int) -> peer.Document:
    """Build the same message of the peer's classes."""
    amount = peer.ActiveOrHistoricCurrencyAndAmount(value=Decimal(5_000_000 + number) / 100, ccy="XAK")
    reason = peer.PaymentCancellationReason5(
        rsn=peer.CancellationReason33Choice(cd="FRAD"), addtl_inf=[f"/ORDR/order-{number}", "/PART/0-3000000"]
    )
    transfer = peer.PaymentTransaction106(
        cxl_id=f"cx-{number}",
        case=peer.Case5(id=f"case-{number}", cretr=_agent("EXMPXA22")),
        orgnl_end_to_end_id=f"e2e-{number}",
        orgnl_tx_id=f"tx-{number}",
        orgnl_uetr=_UETR,
        orgnl_intr_bk_sttlm_amt=amount,
        orgnl_intr_bk_sttlm_dt=XmlDate(2026, 3, 1),
        cxl_rsn_inf=[reason],
        orgnl_tx_ref=peer.OriginalTransactionReference28(
            dbtr_acct=_account("XA11EXMP0000000001"), cdtr_acct=_account("XB11EXMP0000000002")
        ),
    )
    assignment = peer.CaseAssignment5(
        id=f"rc-{number}",
        assgnr=_agent("EXMPXA22"),
        assgne=_agent("EXMPXB22"),
        cre_dt_tm=XmlDateTime(2026, 3, 1, 12, 0, 0, 0, 0),
    )
    return peer.Document(
        fito_fipmt_cxl_req=peer.FitoFipaymentCancellationRequestV08(
            assgnmt=assignment,
            ctrl_data=peer.ControlData1(nb_of_txs="1"),
            undrlyg=[peer.UnderlyingTransaction23(tx_inf=[transfer])],
        )
    )


def _theirs(signer: Ed25519Signer, parser: XmlParser, serializer: XmlSerializer, number: int) -> bytes:
    document = _peers_message(number)
    data = serializer.render(document, ns_map={None: _NAMESPACE}).encode()
    signer.sign(msgspec.json.encode(_message(number), order="deterministic"))
    if parser.from_bytes(data, peer.Document) != document:
        raise AssertionError("the peer's message did not come back equal")
    return data


def _rate(work: Callable[[int], bytes], rounds: int) -> float:
    started = time.process_time()
    for number in range(rounds):
        work(number)
    return rounds / (time.process_time() - started)


def measure() -> list[Figure]:
    """Return our rate, the peer's, and the median ratio of paired runs; processor time, on one core."""
    signer = Ed25519Signer.from_seed("xa", bytes(32))
    parser, serializer = XmlParser(), XmlSerializer()

    def ours(number: int) -> bytes:
        return _ours(signer, number)

    def theirs(number: int) -> bytes:
        return _theirs(signer, parser, serializer, number)

    if read(theirs(1)) != _message(1):
        raise AssertionError("the two sides do not say the same")
    ours(1)
    with one_core():
        pairs = [(_rate(ours, OURS), _rate(theirs, THEIRS)) for _ in range(PAIRS)]
    mine, others = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(first / second for first, second in pairs)
    size = len(ours(1))
    return [
        row(f"messages: camt.056 ({size:,} bytes) built, signed and parsed, one core", mine, "messages/s", BAR),
        row("messages: the same with pyiso20022", others, "messages/s"),
        row("messages: lintas beside pyiso20022", ratio, "x"),
    ]
