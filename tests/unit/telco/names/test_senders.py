"""What is done with a message under a sender ID, and who may register one."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.unit.telco.names.listing import NOW, entry

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.telco.names.claims import Claim, Consent, Judgement, Objection, judge
from lintas.telco.names.senders import PRESETS, Registration, Registry, preset, read_registry

BANK = Registration(
    id="aaaaaaaaaaaaaaaa",
    sender="XATLBank",
    jurisdiction="xa",
    owner="Bank XATL",
    since="2025-06-01T00:00:00Z",
    until="2026-06-01T00:00:00Z",
    aggregators=("XA Messaging",),
)
REGISTRY = Registry(
    [BANK, msgspec.structs.replace(BANK, id="bbbbbbbbbbbbbbbb", sender="XATLOld", until="2026-01-01T00:00:00Z")],
    [entry("XBTL Prize", "sender_id", id="cccccccccccccccc")],
)


@pytest.mark.parametrize(
    ("sender", "jurisdiction", "aggregator", "outcomes"),
    [
        ("XATLBank", "xa", "", "allow registered|allow registered|allow registered"),
        ("XATLBank", "xa", "XA Messaging", "allow registered|allow registered|allow registered"),
        ("XATLBank", "xa", "Stranger", "block wrong-aggregator|block wrong-aggregator|block wrong-aggregator"),
        ("XATLBank", "xb", "", "label elsewhere|allow elsewhere|block elsewhere"),
        ("XATL8ank", "xa", "", "label look-alike|allow look-alike|block look-alike"),
        ("#XATLBank", "xa", "", "label look-alike|allow registered|block look-alike"),
        ("#XATLBank", "xb", "", "label look-alike|block elsewhere|block look-alike"),
        ("#Prize4U", "xa", "", "label unregistered|block unregistered|block unregistered"),
        ("Prize4U", "xa", "", "label unregistered|allow unregistered|block unregistered"),
        ("XBTLPr1ze", "xa", "", "block blocked|block blocked|block blocked"),
        ("XATLOld", "xa", "", "label unregistered|allow unregistered|block unregistered"),
        ("Бank", "xa", "", "label unreadable|allow unreadable|block unreadable"),
        ("", "xa", "", "label unreadable|allow unreadable|block unreadable"),
    ],
)
def test_verdicts(sender: str, jurisdiction: str, aggregator: str, outcomes: str) -> None:
    for name, outcome in zip(("sg", "hk", "strict"), outcomes.split("|"), strict=True):
        verdict = REGISTRY.check(sender, jurisdiction, PRESETS[name], NOW, aggregator)
        assert f"{verdict.action} {verdict.status}" == outcome, name
        assert verdict.label == ("Likely-SCAM" if verdict.action == "label" else "")


def test_what_is_no_text_is_unreadable_and_can_be_told() -> None:
    said = Registry([BANK]).check("Bank\udcff", "xa", preset("sg"), NOW)
    assert (said.status, said.sender) == ("unreadable", "Bank?") and msgspec.json.encode(said)


def test_presets_have_names() -> None:
    assert preset("sg").source
    with pytest.raises(BadInput):
        preset("none")


def test_a_registry_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "senders.jsonl"
    file.write_bytes(msgspec.json.encode(BANK) + b"\n")
    assert list(read_registry(file)) == [BANK]
    odd = [
        b"{",
        b'{"x":' + b"[" * 30_000,
        msgspec.json.encode(msgspec.structs.replace(BANK, sender="Бank")),
        msgspec.json.encode(msgspec.structs.replace(BANK, until="later")),
        msgspec.json.encode(msgspec.structs.replace(BANK, jurisdiction="../x")),
    ]
    for line in odd:
        file.write_bytes(msgspec.json.encode(BANK) + b"\n" + line)
        with pytest.raises(BadInput) as wrong:
            read_registry(file)
        assert "line 2" in str(wrong.value)


CLAIM = Claim(
    id="claim-1",
    sender="XATLBank",
    jurisdiction="xb",
    claimant="Stranger Ltd",
    announced="2026-02-01T00:00:00Z",
    filed_by="officer-1",
    approved_by="officer-2",
)
AGREED = Consent(claim="claim-1", registration=BANK.id, jurisdiction="xa", given="2026-02-02T00:00:00Z")
AGAINST = Objection(claim="claim-1", jurisdiction="xa", filed="2026-02-03T00:00:00Z", reason="not our bank")


def stands(
    claim: Claim = CLAIM,
    *,
    consents: tuple[Consent, ...] = (),
    objections: tuple[Objection, ...] = (),
    rivals: tuple[Claim, ...] = (),
    days: int = 20,
) -> Judgement:
    now = times.parse(CLAIM.announced) + timedelta(days=days)
    return judge(claim, REGISTRY, rivals, consents, objections, now)


def changed(**fields: str) -> Claim:
    return msgspec.structs.replace(CLAIM, **fields)


def test_a_stranger_abroad_waits_for_the_owner() -> None:
    assert (stands().state, stands().why, stands().against) == ("open", "consent", (BANK.id,))
    assert stands(changed(sender="XATL8ANK")).why == "consent"
    assert stands(consents=(AGREED,)).state == "ready"


def test_only_the_owners_own_authority_consents() -> None:
    assert stands(consents=(msgspec.structs.replace(AGREED, jurisdiction="xb"),)).why == "consent"
    assert stands(consents=(msgspec.structs.replace(AGREED, claim="claim-2"),)).why == "consent"


def test_at_home_a_name_is_taken() -> None:
    assert (stands(changed(jurisdiction="xa")).state, stands(changed(jurisdiction="xa")).why) == ("refused", "taken")
    assert stands(changed(sender="B4NK")).why == "generic"
    with pytest.raises(BadInput):
        stands(changed(sender="Бank"))


def test_the_window_and_the_second_person() -> None:
    free = changed(sender="XBTLShop")
    assert (stands(free, days=13).why, stands(free, days=13).until) == ("window", "2026-02-15T00:00:00Z")
    assert stands(free).state == "ready"
    for second in ("", "officer-1"):
        assert stands(changed(sender="XBTLShop", approved_by=second)).why == "one-person"


def test_objections() -> None:
    free = changed(sender="XBTLShop")
    assert stands(free, objections=(AGAINST,)).against == ("xa",)
    assert stands(free, objections=(AGAINST,), days=33).state == "ready"  # no registration to show: not for ever
    assert stands(consents=(AGREED,), objections=(AGAINST,), days=99).why == "objection"  # a holder's stays
    for end in ({"withdrawn": "2026-02-04T00:00:00Z"}, {"rejected": "2026-02-04T00:00:00Z"}):
        assert stands(free, objections=(msgspec.structs.replace(AGAINST, **end),)).state == "ready"
    late = msgspec.structs.replace(AGAINST, filed="2026-02-16T00:00:00Z")
    assert stands(free, objections=(late,)).state == "ready"


def test_who_was_announced_first_is_first() -> None:
    free = changed(sender="XBTLShop")
    earlier = changed(id="claim-0", sender="XBTL-SH0P", claimant="Shop XBTL", announced="2026-01-31T00:00:00Z")
    later = changed(id="claim-2", sender="XBTLShop", claimant="Shop XBTL", announced="2026-02-02T00:00:00Z")
    assert stands(free, rivals=(earlier,)).against == ("claim-0",)
    assert stands(free, rivals=(free, later)).state == "ready"


def test_what_was_registered_after_the_announcement_does_not_stop_a_claim() -> None:
    quick = Registry([msgspec.structs.replace(BANK, sender="XBTLShop", since="2026-02-02T00:00:00Z")])
    now = times.parse(CLAIM.announced) + timedelta(days=20)
    assert judge(changed(sender="XBTLShop"), quick, (), (), (), now).state == "ready"
