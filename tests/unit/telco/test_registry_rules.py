"""What a peer's words change: the highest number wins in whatever order they come, and what cannot be is refused."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed, Refused
from lintas.model.senders import SenderClaim, SenderEnd, SenderWord
from lintas.telco.registry import rules
from lintas.telco.registry.records import NewAsked, Sender, Wish, Word

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
CLAIM = SenderClaim(
    id="a" * 16,
    number=1,
    sender="XATLBank",
    jurisdiction="XA",
    owner="XATL Bank",
    state="claimed",
    announced="2026-03-01T10:00:00Z",
    until="2026-12-01T00:00:00Z",
)
END = SenderEnd(id="a" * 16, number=9, code="revoked", at="2026-03-01T10:00:00Z")


def heard(known: Sender | None, said: SenderClaim, *, marked: str | None = None, at: datetime = NOW) -> Sender | None:
    return rules.heard(known, said, "xa-asc", "b" * 16, "obj", marked, at)


def changed(said: SenderClaim, **to: object) -> SenderClaim:
    return msgspec.structs.replace(said, **to)


@given(st.lists(st.integers(1, 8), max_size=12), st.booleans(), st.randoms())
def test_the_highest_number_wins_in_any_order(numbers: list[int], ends: bool, random: object) -> None:
    words: list[SenderClaim | SenderEnd] = [
        changed(CLAIM, number=number, aggregators=(f"Gate {number}",)) for number in (*range(1, 9), *numbers)
    ]
    words += [END, END] if ends else []
    random.shuffle(words)  # type: ignore[attr-defined] # hypothesis gives a Random
    known: Sender | None = None
    for said in words:
        found = (
            rules.heard_end(known, said, "xa-asc", "b" * 16, "obj", NOW)
            if isinstance(said, SenderEnd)
            else heard(known, said)
        )
        known = found or known
    assert known is not None
    if ends:
        assert (known.state, known.number) == ("ended", 9)
    else:
        assert (known.state, known.number, known.aggregators) == ("claimed", 8, ("Gate 8",))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"sender": "xatl  \u0412ank"}, BadInput),
        ({"sender": "999"}, BadInput),
        ({"sender": " XATLBank"}, BadInput),
        ({"until": "never"}, BadInput),
        ({"number": 2, "sender": "XBTLBank"}, Refused),
        ({"number": 2, "owner": "Another"}, Refused),
    ],
)
def test_what_cannot_be(said: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        heard(heard(None, CLAIM), changed(CLAIM, **said))


def test_its_time_is_ours() -> None:
    for announced in ("1990-01-01T00:00:00Z", "2040-01-01T00:00:00Z"):
        found = heard(None, changed(CLAIM, announced=announced, until="2090-01-01T00:00:00Z"))
        assert found is not None
        assert (found.announced, found.until) == (times.render(NOW), times.render(NOW + rules.LAPSE))
    year = heard(None, changed(CLAIM, state="registered", until="2090-01-01T00:00:00Z"))
    assert year is not None and (year.state, year.there, year.until) == ("claimed", True, "2027-03-01T10:07:00Z")
    kept = heard(None, CLAIM, marked="2026-03-05T00:00:00Z")
    assert kept is not None and kept.until == "2026-03-05T00:00:00Z"
    assert heard(None, changed(CLAIM, until="2026-03-01T10:00:00Z")) is None
    # It does not begin anew when it is told again.
    again = heard(kept, CLAIM, at=NOW + timedelta(days=3))
    assert again is not None and again.announced == kept.announced
    # What ended here by its time may come again, and waits again.
    over = msgspec.structs.replace(kept, state="ended", end_code="expired")
    back = heard(over, CLAIM, at=NOW + timedelta(days=9))
    assert back is not None and back.announced == "2026-03-10T10:07:00Z"


def test_words() -> None:
    def word(known: Word | None, at: datetime = NOW, **to: object) -> Word | None:
        said = SenderWord(claim="a" * 16, origin="xa-asc", number=1, stand="objects", at="2026-03-01T10:00:00Z")
        said = msgspec.structs.replace(said, **to)
        return rules.heard_word(known, said, "xb-asc", "b" * 16, "", "obj", at)

    first = word(None)
    assert first is not None and word(first) is None
    rejected = msgspec.structs.replace(first, rejected="2026-03-02T00:00:00Z")
    anew = word(rejected, NOW + timedelta(days=5), number=3)
    assert anew is not None and (anew.filed, anew.rejected) == (first.filed, rejected.rejected)
    with pytest.raises(BadInput):
        word(None, stand="consents")


def test_what_may_be_asked() -> None:
    ours = msgspec.structs.replace(
        rules.heard(None, CLAIM, "", "b" * 16, "", None, NOW) or pytest.fail(), state="registered", filed_by="Rin"
    )
    early = NewAsked(act="attest", reason="another year")
    with pytest.raises(Conflict, match="in the last 60 days"):
        rules.check_asked(ours, early, NOW)
    rules.check_asked(ours, early, times.parse(ours.until) - timedelta(days=59))
    for act in ("consent", "object", "retract", "reject"):
        with pytest.raises(Conflict):
            rules.check_asked(ours, NewAsked(act=act, reason="because"), NOW)
    waits = msgspec.structs.replace(ours, asked=rules.asked(early, ours, "Dena", NOW))
    with pytest.raises(Conflict, match="Dena"):
        rules.check_asked(waits, NewAsked(act="revoke", reason="because"), NOW)
    with pytest.raises(NotAllowed):
        rules.confirmed(waits.asked, Wish(act="attest", at=times.render(NOW)), "DENA", NOW)
    with pytest.raises(NotAllowed):
        rules.check_rejecter(ours, "rin")
