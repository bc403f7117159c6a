"""The charter: pinned once, changed only by a quorum of those it lists, and every field of it checked."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.cli.main import main
from lintas.ledger.tlog_policy import parse_policy
from lintas.model.errors import BadInput, MalformedInput, Refused, TooLarge
from lintas.trust.certificates import fingerprint, self_signed
from lintas.trust.charter import (
    MAX_CHARTER,
    Charter,
    Member,
    SignedCharter,
    SigningKey,
    WitnessEntry,
    check_charter,
    current_keys,
    endorse,
    parse_charter,
    write_charter,
)
from lintas.trust.keys import Ed25519Signer, KemKey, PublicKey
from lintas.trust.note import VerifierKey

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
IDS = ["xa-asc", "xb-fcu", "xc-npc", "xd-fiu"]
SIGNERS = {name: Ed25519Signer.from_seed(f"{name}.lintas.example", bytes([n]) * 32) for n, name in enumerate(IDS)}


def member(n: int) -> Member:
    authority, host = IDS[n], f"node.{IDS[n][:2]}.example"
    return Member(
        authority=authority,
        jurisdiction=authority[:2].upper(),
        name=f"Authority of {authority[:2].upper()}",
        signing_keys=(SigningKey(key=SIGNERS[authority].public),),
        kem_public=KemKey.from_seed(bytes([n]) * 32).public,
        tls_certificate=self_signed([host], now=NOW).certificate_pem,
        exchange_url=f"https://{host}:8443",
        public_url=f"https://{host}",
        log_vkey=str(VerifierKey(f"{host}/ledger", 1, bytes([n]) * 32)),
        witness=WitnessEntry(
            name=f"{authority}-witness",
            vkey=str(VerifierKey(f"witness.{host}", 4, bytes([n + 100]) * 32)),
            url=f"https://witness.{host}",
        ),
    )


MEMBERS = tuple(member(n) for n in range(4))
FIRST = Charter(version=1, exercise=True, quorum=3, principles=("Amounts are held, not accounts.",), members=MEMBERS)


def signed(charter: Charter, *who: str) -> SignedCharter:
    made = write_charter(charter)
    for authority in who:
        made = endorse(made, authority, SIGNERS[authority])
    return made


V1 = signed(FIRST, "xa-asc", "xb-fcu", "xc-npc")


def second(**changes: object) -> Charter:
    return msgspec.structs.replace(FIRST, version=2, previous=V1.sha256, **cast(Any, changes))


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as no:
        call()
    return no.value.reason


def test_a_first_charter_is_valid_by_quorum_and_pin() -> None:
    assert check_charter(V1, now=NOW, pin=V1.sha256) == ("xa-asc", "xb-fcu", "xc-npc")
    assert check_charter(V1, now=NOW, pin=V1.sha256.upper() + "\n") == ("xa-asc", "xb-fcu", "xc-npc")
    assert refused(lambda: check_charter(V1, now=NOW)) == "not_anchored"
    assert refused(lambda: check_charter(V1, now=NOW, pin="00" * 32)) == "pin_mismatch"
    two = signed(FIRST, "xa-asc", "xb-fcu")
    assert refused(lambda: check_charter(two, now=NOW, pin=two.sha256)) == "no_quorum"


def test_the_file_comes_back_byte_for_byte() -> None:
    again = parse_charter(V1.render())
    assert again == V1
    assert again.render() == V1.render()
    assert parse_charter(write_charter(FIRST).render()).endorsements == ()


def test_a_next_version_needs_a_quorum_of_the_version_before() -> None:
    removed = second(members=MEMBERS[:3], quorum=2)
    good = signed(removed, "xa-asc", "xb-fcu", "xc-npc")
    assert check_charter(good, now=NOW, previous=V1) == ("xa-asc", "xb-fcu", "xc-npc")
    assert check_charter(good, now=NOW, previous=V1, pin=V1.sha256)
    # Two would do by its own quorum; the version before asks for three.
    assert refused(lambda: check_charter(signed(removed, "xa-asc", "xb-fcu"), now=NOW, previous=V1)) == "no_quorum"
    assert refused(lambda: check_charter(good, now=NOW, pin=good.sha256)) == "not_anchored"
    assert refused(lambda: check_charter(good, now=NOW, previous=V1, pin=good.sha256)) == "pin_mismatch"


def test_a_newcomer_cannot_vote_itself_in() -> None:
    small = signed(msgspec.structs.replace(FIRST, members=MEMBERS[:2], quorum=2), "xa-asc", "xb-fcu")
    grown = msgspec.structs.replace(FIRST, version=2, previous=small.sha256)
    by_newcomers = signed(grown, "xa-asc", "xc-npc", "xd-fiu")
    assert refused(lambda: check_charter(by_newcomers, now=NOW, previous=small)) == "no_quorum"
    assert check_charter(endorse(by_newcomers, "xb-fcu", SIGNERS["xb-fcu"]), now=NOW, previous=small) == (
        "xa-asc",
        "xb-fcu",
    )


def test_a_next_version_must_follow_the_one_before() -> None:
    voters = IDS[:3]
    skip = signed(msgspec.structs.replace(second(), version=3), *voters)
    assert refused(lambda: check_charter(skip, now=NOW, previous=V1)) == "wrong_version"
    other = signed(msgspec.structs.replace(second(), previous="ab" * 32), *voters)
    assert refused(lambda: check_charter(other, now=NOW, previous=V1)) == "wrong_previous"
    real = signed(second(exercise=False), *voters)
    assert refused(lambda: check_charter(real, now=NOW, previous=V1)) == "exercise_flag"
    assert refused(lambda: check_charter(V1, now=NOW, previous=V1)) == "wrong_version"


def test_one_member_signing_often_counts_once() -> None:
    one = V1
    for _ in range(3):
        one = endorse(one, "xa-asc", SIGNERS["xa-asc"])
    assert len(one.endorsements) == 3
    alone = signed(FIRST, "xa-asc")
    thrice = msgspec.structs.replace(alone, endorsements=alone.endorsements * 3)
    assert refused(lambda: check_charter(thrice, now=NOW, pin=thrice.sha256)) == "no_quorum"


def test_signing_in_the_name_of_another_counts_for_nothing() -> None:
    made = signed(FIRST, "xa-asc", "xb-fcu")
    made = endorse(made, "xc-npc", SIGNERS["xd-fiu"])
    made = endorse(made, "xz-none", SIGNERS["xd-fiu"])
    assert refused(lambda: check_charter(made, now=NOW, pin=made.sha256)) == "no_quorum"


def test_a_broken_signature_is_named_and_not_passed_over() -> None:
    body = V1.body.replace(b"Amounts are held", b"Accounts are held")
    changed = parse_charter(V1.render().replace(V1.body, body))
    assert refused(lambda: check_charter(changed, now=NOW, pin=changed.sha256)) == "bad_signature"


def test_keys_count_from_not_before_until_revoked() -> None:
    old, new = Ed25519Signer.from_seed("old", bytes([50]) * 32), Ed25519Signer.from_seed("new", bytes([51]) * 32)
    keys = (
        SigningKey(key=old.public, revoked_at="2026-03-02T00:00:00Z"),
        SigningKey(key=new.public, not_before="2026-03-01T12:00:00Z"),
    )
    turning = msgspec.structs.replace(MEMBERS[0], signing_keys=keys)

    def names(day: int, hour: int) -> list[str]:
        return [key.name for key in current_keys(turning, datetime(2026, 3, day, hour, tzinfo=UTC))]

    assert names(1, 11) == ["old"]
    assert names(1, 12) == ["old", "new"]
    assert names(1, 23) == ["old", "new"]
    assert names(2, 0) == ["new"]


def test_a_revoked_key_does_not_endorse() -> None:
    revoked = SigningKey(key=SIGNERS["xa-asc"].public, revoked_at="2026-03-01T10:07:00Z")
    charter = msgspec.structs.replace(
        FIRST, members=(msgspec.structs.replace(MEMBERS[0], signing_keys=(revoked,)), *MEMBERS[1:])
    )
    made = signed(charter, *IDS[:3])
    assert refused(lambda: check_charter(made, now=NOW, pin=made.sha256)) == "no_quorum"
    assert check_charter(made, now=datetime(2026, 3, 1, 10, 6, tzinfo=UTC), pin=made.sha256)


def test_members_are_found_by_id_and_by_certificate() -> None:
    assert FIRST.member("xb-fcu") == MEMBERS[1]
    assert FIRST.member_by_certificate(fingerprint(MEMBERS[2].tls_certificate)) == MEMBERS[2]
    assert refused(lambda: FIRST.member("xz-none")) == "not_a_member"
    assert refused(lambda: FIRST.member_by_certificate("00" * 32)) == "unknown_certificate"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("jurisdiction", "xa"),
        ("jurisdiction", "QQ"),
        ("name", ""),
        ("name", "A\x1b[2J"),
        ("name", "A\u202eB"),
        ("kem_public", b"short"),
        ("kem_public", MEMBERS[0].kem_public[:1184] + bytes(32)),
        ("tls_certificate", "nonsense"),
        ("exchange_url", "http://node.xa.example"),
        ("exchange_url", "https://"),
        ("exchange_url", " "),
        ("exchange_url", "https://node.xa.example:99999"),
        ("public_url", "https://user@node.xa.example"),
        ("public_url", "file:///etc"),
        ("public_url", "https://[::1"),
        ("log_vkey", "nonsense"),
        ("authority", "XA ASC"),
        ("signing_keys", ()),
        ("signing_keys", (SigningKey(key=PublicKey(name="k", algorithm="ed25519", key=b"short")),)),
        ("signing_keys", (SigningKey(key=SIGNERS["xa-asc"].public, revoked_at="2026-02-30T00:00:00Z"),)),
        ("authority", "xb-fcu"),
        ("signing_keys", MEMBERS[1].signing_keys),
        ("kem_public", MEMBERS[1].kem_public),
        ("tls_certificate", "\n" + MEMBERS[1].tls_certificate),
        ("log_vkey", MEMBERS[1].log_vkey),
        ("witness", MEMBERS[1].witness),
    ],
)
def test_each_field_of_a_member_is_checked(field: str, value: object) -> None:
    wrong = msgspec.structs.replace(MEMBERS[0], **cast(Any, {field: value}))
    with pytest.raises(BadInput) as no:
        write_charter(msgspec.structs.replace(FIRST, members=(wrong, *MEMBERS[1:])))
    assert no.value.where
    assert no.value.do


@pytest.mark.parametrize(
    "changes",
    [
        {"quorum": 2},
        {"quorum": 5},
        {"quorum": 0},
        {"members": ()},
        {"version": 0},
        {"previous": "ab" * 32},
        {"version": 2},
        {"principles": ("two\nlines",)},
    ],
)
def test_the_charter_as_a_whole_is_checked(changes: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        write_charter(msgspec.structs.replace(FIRST, **cast(Any, changes)))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_bad_input(noise: bytes) -> None:
    with pytest.raises(BadInput):
        parse_charter(noise)
    with pytest.raises(BadInput):
        parse_charter(noise + b"\n\n")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(V1.render()) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_taken_for_the_pinned_charter(place: int, flip: int) -> None:
    changed = bytearray(V1.render())
    changed[place] ^= flip
    with pytest.raises((BadInput, Refused)):
        check_charter(parse_charter(bytes(changed)), now=NOW, pin=V1.sha256)


def test_hostile_files_are_bad_input() -> None:
    with pytest.raises(TooLarge):
        parse_charter(bytes(MAX_CHARTER + 1))
    for hostile in (b"[" * 100_000 + b"\n\n", V1.body, V1.render() + b"more", V1.render() + b"\xff\n", b"\n\n"):
        with pytest.raises(MalformedInput):
            parse_charter(hostile)
    with pytest.raises(TooLarge):
        parse_charter(V1.render() + V1.render().splitlines(keepends=True)[-1] * 500)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object, command: str = "check") -> int:
    monkeypatch.setattr(sys, "argv", ["lintas", "charter", command, *map(str, arguments)])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "charter-1.txt", tmp_path / "charter-2.txt"
    one.write_bytes(V1.render())
    two.write_bytes(signed(second(), *IDS[:3]).render())
    return one, two


def test_the_command_says_who_endorsed(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = files
    assert run(monkeypatch, one, "--pin", V1.sha256, "--at", "2026-03-01T10:07:00Z") == 0
    shown = capsys.readouterr().out
    assert "version 1 (exercise): valid" in shown
    assert "endorsed by xa-asc, xb-fcu, xc-npc" in shown
    assert SIGNERS["xd-fiu"].public.key_id in shown
    assert run(monkeypatch, two, "--previous", one, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["valid"], document["version"], document["previous"]) == (True, 2, V1.sha256)
    assert document["endorsed_by"] == IDS[:3]
    assert [each["authority"] for each in document["members"]] == IDS


def test_the_command_ends_with_one_when_the_answer_is_no(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = files
    assert run(monkeypatch, one) == 1
    assert V1.sha256 in capsys.readouterr().err
    assert run(monkeypatch, two) == 1
    assert run(monkeypatch, one, "--pin", "00" * 32, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["valid"], document["reason"]) == (False, "pin_mismatch")
    # Somebody who holds two hashes side by side must not have got both from here.
    assert V1.sha256 not in json.dumps(document)
    assert run(monkeypatch, one, "--pin", "00" * 32) == 1
    assert V1.sha256 not in capsys.readouterr().err


def test_the_command_ends_with_two_when_it_cannot_read(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.txt"
    broken.write_bytes(V1.render()[:-40])
    for arguments in ([broken], [tmp_path / "none.txt"], [files[0], "--pin", "short"], [files[0], "--at", "noon"], []):
        assert run(monkeypatch, *arguments) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_the_trust_policy_of_a_members_ledger(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = files
    assert run(monkeypatch, one, "--of", "xb-fcu", "--pin", V1.sha256, command="tlog-policy") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.startswith(f"# the ledger of xb-fcu, by charter version 1, sha256 {V1.sha256}\n")
    policy = parse_policy(shown.out.encode())
    others = [member for member in MEMBERS if member.authority != "xb-fcu"]
    assert [str(line.key) for line in policy.logs] == [MEMBERS[1].log_vkey]
    assert [(line.name, str(line.key)) for line in policy.witnesses] == [
        (member.witness.name, member.witness.vkey) for member in others
    ]
    (group,) = policy.groups
    assert (policy.quorum, group.k, group.members) == (group.name, 2, tuple(each.witness.name for each in others))
    for extra, k in (([], 2), (["--quorum", 3], 3)):
        assert run(monkeypatch, two, "--of", "xb-fcu", "--previous", one, *extra, command="tlog-policy") == 0
        assert parse_policy(capsys.readouterr().out.encode()).groups[0].k == k


def test_no_trust_policy_from_a_charter_that_is_not_the_one(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = files
    wrong: list[tuple[int, Path, list[object]]] = [
        (1, one, ["--of", "xb-fcu", "--pin", "00" * 32]),
        (1, two, ["--of", "xb-fcu", "--pin", V1.sha256]),
        (2, one, ["--of", "xb-fcu", "--pin", "short"]),
        (2, one, ["--of", "nobody", "--pin", V1.sha256]),
        (2, one, ["--of", "xb-fcu", "--pin", V1.sha256, "--quorum", 4]),
        (2, one, ["--of", "xb-fcu", "--pin", V1.sha256, "--quorum", 0]),
        (2, one, []),
    ]
    for code, file, options in wrong:
        assert run(monkeypatch, file, *options, command="tlog-policy") == code, options
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.splitlines()[-1].startswith(("lintas: ", "Error: ")), shown.err
    assert run(monkeypatch, one, "--of", "xb-fcu", command="tlog-policy") == 0
    assert "nobody checked this charter" in capsys.readouterr().err


def test_a_trust_policy_for_a_member_alone_and_for_names_that_no_policy_can_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "charter"
    file.write_bytes(signed(msgspec.structs.replace(FIRST, members=MEMBERS[:1], quorum=1)).render())
    assert run(monkeypatch, file, "--of", IDS[0], command="tlog-policy") == 0
    assert parse_policy(capsys.readouterr().out.encode()).quorum == "none"
    twin = msgspec.structs.replace(
        MEMBERS[2], witness=msgspec.structs.replace(MEMBERS[2].witness, name=MEMBERS[1].witness.name)
    )
    file.write_bytes(signed(msgspec.structs.replace(FIRST, members=(*MEMBERS[:2], twin, MEMBERS[3]))).render())
    assert run(monkeypatch, file, "--of", IDS[0], command="tlog-policy") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "is taken" in shown.err


def test_a_member_without_inbound_ports_has_no_address_for_peers() -> None:
    quiet = msgspec.structs.replace(MEMBERS[0], exchange_url="")
    made = write_charter(msgspec.structs.replace(FIRST, members=(quiet, *MEMBERS[1:])))
    assert parse_charter(made.render()).charter.member("xa-asc").exchange_url == ""
