"""What hypothesis makes: messages of every kind that we write, with all that each can say."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from lintas.interop.iso20022 import (
    FAMILIES,
    Case,
    CreditTransfer,
    Header,
    Investigation,
    InvestigationAnswer,
    Message,
    Original,
    Party,
    Recall,
    RecallAnswer,
    Return,
    Status,
)
from lintas.model.money import MAX_MINOR

#: Names in three scripts: none may be lost or change on the way.
_LETTERS = "abcXYZ019-/ éกพ北"
_TEXT = st.text(_LETTERS, min_size=1, max_size=35).filter(lambda text: text.strip() == text and text[0] != "/")
ID = st.text("abcXYZ019-", min_size=1, max_size=35)
_MAYBE = st.one_of(st.none(), ID)
_UETR = st.one_of(st.none(), st.uuids(version=4).map(str))
_TIME = st.datetimes(datetime(1990, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))
_DAY = st.dates(date(1990, 1, 2), date(2200, 1, 1))
_MINOR = st.integers(1, MAX_MINOR)
_CURRENCY = st.sampled_from(["XAK", "XBK", "XDK"])
_ACCOUNT = st.one_of(st.none(), st.just("XB11EXMP0000000002"), st.text("abcXYZ019-", min_size=1, max_size=34))
_AGENT = st.one_of(st.sampled_from(["EXMPXA22", "EXMPXA22123", "0012"]), st.text("abcXYZ01", min_size=1, max_size=35))
_AGENTS = st.one_of(st.none(), _AGENT)
_BANK = st.builds(Party, agent=_AGENT)
_PARTY = st.one_of(_BANK, st.builds(Party, name=_TEXT))
_CASE = st.one_of(st.none(), st.builds(Case, id=ID, opened_by=_PARTY))
_REASON = st.one_of(st.sampled_from(["", "FRAD", "CUST", "AC04"]), _TEXT)
_SPAN = st.tuples(st.integers(0, MAX_MINOR - 1), st.integers(1, MAX_MINOR)).filter(lambda span: span[0] < span[1])
_SAID = {
    "reason": _REASON,
    "order": st.one_of(st.just(""), ID),
    "part": st.one_of(st.none(), _SPAN),
    "info": st.lists(_TEXT, max_size=2).map(tuple),
}


@st.composite
def _originals(draw: st.DrawFn, *, tx_id: bool = True, batch: bool = False) -> Original:
    amount = draw(st.one_of(st.none(), _MINOR))
    message = draw(_MAYBE)
    return Original(
        instruction_id=draw(_MAYBE),
        end_to_end_id=draw(ID),
        tx_id=draw(_MAYBE) if tx_id else None,
        uetr=draw(_UETR),
        message_id=message,
        message_name=None if message is None else "pacs.008.001.08",
        payment_id=draw(ID) if batch else None,
        amount_minor=amount,
        currency=None if amount is None else draw(_CURRENCY),
        day=draw(st.one_of(st.none(), _DAY)),
        debtor_account=draw(_ACCOUNT),
        debtor_agent=draw(_AGENTS),
        creditor_account=draw(_ACCOUNT),
        creditor_agent=draw(_AGENTS),
    )


@st.composite
def _answers(draw: st.DrawFn) -> RecallAnswer:
    amount = draw(st.one_of(st.none(), _MINOR))
    return RecallAnswer(
        outcome=draw(st.sampled_from(["CNCL", "RJCR", "PDCR"])),
        original=draw(_originals()),
        id=draw(st.one_of(st.just(""), ID)),
        case=draw(_CASE),
        amount_minor=amount,
        currency=None if amount is None else draw(_CURRENCY),
        **{name: draw(each) for name, each in _SAID.items()},  # type: ignore[arg-type]  # each fits its field
    )


@st.composite
def _timed(draw: st.DrawFn, each: st.SearchStrategy[Return]) -> Return:
    """A return without an exact time has the start of its day."""
    made = draw(each)
    if made.time_exact:
        return made
    whole = made.time.replace(hour=0, minute=0, second=0, microsecond=0)
    return Return(**{name: getattr(made, name) for name in made.__struct_fields__ if name != "time"}, time=whole)


_ID_OR_NONE = st.one_of(st.just(""), ID)
_PARTS: dict[str, st.SearchStrategy[Any]] = {
    "pacs.002": st.builds(
        Status,
        original=_originals(),
        status=st.sampled_from(["ACSC", "RJCT"]),
        id=_ID_OR_NONE,
        accepted=st.one_of(st.none(), _TIME),
        **_SAID,
    ),
    "pacs.004": _timed(
        st.builds(
            Return,
            original=_originals(),
            id=_ID_OR_NONE,
            amount_minor=_MINOR,
            currency=_CURRENCY,
            time=_TIME,
            time_exact=st.booleans(),
            **_SAID,
        )
    ),
    "pacs.008": st.builds(
        CreditTransfer,
        end_to_end_id=ID,
        tx_id=_MAYBE,
        uetr=_UETR,
        amount_minor=_MINOR,
        currency=_CURRENCY,
        time=_TIME,
        debtor_account=_ACCOUNT,
        debtor_agent=_AGENTS,
        creditor_account=_ACCOUNT,
        creditor_agent=_AGENTS,
    ),
    "camt.029": _answers(),
    "camt.055": st.builds(Recall, original=_originals(tx_id=False, batch=True), id=_ID_OR_NONE, case=_CASE, **_SAID),
    "camt.056": st.builds(Recall, original=_originals(), id=_ID_OR_NONE, case=_CASE, **_SAID),
    "camt.110": st.builds(
        Investigation,
        type=st.sampled_from(["RQFI", "another type"]),
        original=_originals(),
        reason=st.sampled_from(["FRAD", "AMLI"]),
        id=_ID_OR_NONE,
        text=st.one_of(st.just(""), _TEXT),
    ),
    "camt.111": st.builds(
        InvestigationAnswer,
        status=st.sampled_from(["CLSD", "PDNG"]),
        status_reason=_REASON,
        asked_in=ID,
        type=st.just("RQFI"),
        original=st.one_of(st.none(), _originals()),
        id=_ID_OR_NONE,
        asked_id=_ID_OR_NONE,
        texts=st.lists(_TEXT, max_size=3).map(tuple),
    ),
}


@st.composite
def messages(draw: st.DrawFn, name: str, version: str) -> Message:
    """Make a message of one kind that says anything that it can say."""
    between_banks = name.startswith("pacs.")
    sides = _BANK if between_banks else _PARTY
    single = name in ("camt.110", "camt.111")
    header = Header(
        id=draw(ID),
        created=None if single else draw(_TIME),
        sender=draw(st.one_of(st.none(), sides) if between_banks else sides),
        receiver=draw(st.one_of(st.none(), sides) if between_banks else sides),
    )
    parts = draw(st.lists(_PARTS[name], min_size=1, max_size=1 if single else 3))
    return Message(kind=f"{name}.001.{version}", header=header, parts=tuple(parts))


#: Every kind and version that we write.
WRITTEN = [(name, version) for name, family in FAMILIES.items() if family.write for version in family.versions]
