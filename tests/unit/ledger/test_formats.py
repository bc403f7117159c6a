"""The formats on their own: policies, proofs, tile names, bundles, checkpoints, cosignatures and our entries."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ledger.building import Small, new_ledger, signer

from lintas.ledger import records
from lintas.ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from lintas.ledger.cosignature import VERIFIERS, cosign, witness_key
from lintas.ledger.proof import Proof, check_proof, parse_proof, prove
from lintas.ledger.tiles import TileId, bundles_of, decode_bundle, encode_bundle, parse_path, tiles_of
from lintas.ledger.tlog_policy import (
    Group,
    LogLine,
    TlogPolicy,
    WitnessLine,
    has_quorum,
    judge,
    parse_policy,
    render_policy,
)
from lintas.ledger.verify import DirectorySource, read_entry, read_nodes
from lintas.model.errors import BadInput, CheckFailed, MalformedInput, TooLarge
from lintas.trust import note
from lintas.trust.note import Note, VerifierKey

AT = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
LOG = new_ledger().key


def witness(name: str) -> VerifierKey:
    return witness_key(f"{name}.example/witness", signer(name))


KEYS = {name: witness(name) for name in ("x1", "x2", "x3", "y1", "y2")}
WITNESSES = "".join(f"witness {name} {key}\n" for name, key in KEYS.items())
NESTED = f"""# two houses
log {LOG} https://xa.example/ledger

{WITNESSES}
group X 2\tx1 x2 x3
group Y any y1 y2
group both all X Y
  quorum both
"""


@pytest.mark.parametrize(
    ("cosigned", "enough"),
    [("x1 x2 y1", True), ("x1 x2 x3 y2", True), ("x1 y1 y2", False), ("x1 x2 x3", False), ("", False)],
)
def test_nested_groups(cosigned: str, enough: bool) -> None:
    assert has_quorum(parse_policy(NESTED.encode()), cosigned.split()) is enough


def test_a_policy_reads_back() -> None:
    policy = parse_policy(NESTED.encode())
    assert policy.logs == (LogLine(LOG, "https://xa.example/ledger"),)
    assert policy.groups[2] == Group("both", 2, ("X", "Y"))
    assert parse_policy(render_policy(policy).encode()) == policy
    assert parse_policy(b"quorum none") == TlogPolicy(())


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {LOG}\n",
        "quorum nobody\n",
        "quorum none\nquorum none\n",
        f"log {LOG}\nlog {LOG}\nquorum none\n",
        f"log {KEYS['x1']}\nquorum none\n",
        f"witness w {LOG}\nquorum w\n",
        f"{WITNESSES}witness again {KEYS['x1']}\nquorum none\n",
        f"{WITNESSES}witness x1 {witness('z')}\nquorum none\n",
        f"{WITNESSES}group g 0 x1\nquorum g\n",
        f"{WITNESSES}group g 3 x1 x2\nquorum g\n",
        f"{WITNESSES}group g some x1 x2\nquorum g\n",
        f"{WITNESSES}group g any\nquorum g\n",
        f"{WITNESSES}group g any x1 none\nquorum g\n",
        f"{WITNESSES}group g any x1 x1\nquorum g\n",
        f"{WITNESSES}group g any x1\ngroup h any x1\nquorum h\n",
        f"{WITNESSES}group g any h\ngroup h any x1\nquorum g\n",
        f"witness none {KEYS['x1']}\nquorum none\n",
        "unknown line\nquorum none\n",
        "quorum none\r\n",
    ],
)
def test_bad_policies_name_their_line(text: str) -> None:
    with pytest.raises(BadInput, match="policy"):
        parse_policy(text.encode())


def test_a_policy_has_limits_and_takes_any_octets() -> None:
    with pytest.raises(TooLarge):
        parse_policy(b"\n" * 2000)
    odd = f"witness \xff {KEYS['x1']}\nquorum \xff\n".encode("latin-1")
    assert has_quorum(parse_policy(odd), [parse_policy(odd).witnesses[0].name])


@given(st.binary(max_size=300))
def test_any_bytes_as_policy_are_read_or_refused(data: bytes) -> None:
    try:
        parse_policy(data)
    except BadInput as wrong:
        assert wrong.where.startswith("policy")


def test_a_cosignature_says_when_and_covers_its_time() -> None:
    text = Checkpoint("xa.example/ledger", 3, b"r" * 32).text
    line = cosign(text, "w.example", signer("w"), AT)
    key = witness_key("w.example", signer("w"))
    note.verify(Note(text, (line,)), [key], VERIFIERS)
    for at in range(len(line.blob)):
        changed = bytearray(line.blob)
        changed[at] ^= 1
        bad = note.Signature(line.name, line.key_id, bytes(changed))
        with pytest.raises(CheckFailed):
            note.verify(Note(text, (bad,)), [key], VERIFIERS)
    for blob in (b"", b"x" * 8, b"\xff" * 72):
        with pytest.raises(CheckFailed):
            note.verify(Note(text, (note.Signature(line.name, line.key_id, blob),)), [key], VERIFIERS)


def test_a_log_may_not_speak_for_another_origin() -> None:
    signed = sign_checkpoint(Checkpoint(LOG.name, 0, b"r" * 32), signer(LOG.name))
    policy = TlogPolicy((LogLine(LOG),))
    assert judge(policy, signed.render()).log == LOG.name
    text = Checkpoint("other.example/ledger", 0, b"r" * 32).text
    line = note.Signature(LOG.name, LOG.key_id, signer(LOG.name).sign(text.encode()))
    with pytest.raises(CheckFailed):
        judge(policy, Note(text, (line,)).render())


@pytest.mark.parametrize(
    "text",
    ["", "o\n1\n", "o\n01\nAA\n", "o\n-1\nAA\n", f"o\n{2**63}\n{'A' * 43}=\n", "o\n1\nAAAA\n", f"\n1\n{'A' * 43}=\n"],
)
def test_malformed_checkpoints(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_checkpoint(text)


def test_a_proof_reads_back_and_holds(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(300)
    made.publish()
    source, signed = DirectorySource(made.directory), (made.directory / "checkpoint").read_bytes()
    for index in (0, 128, 255, 256, 299):
        proof, entry = prove(read_nodes(source, 300), index, signed), read_entry(source, 300, index)
        assert parse_proof(proof.render()) == proof
        assert check_proof(proof.render(), entry, made.policy).cosigned_by == (
            ("w0", made.clock.at),
            ("w1", made.clock.at),
        )
        with pytest.raises(CheckFailed):
            check_proof(proof.render(), entry + b"x", made.policy)
    for index in (-1, 300):
        with pytest.raises(BadInput):
            prove(read_nodes(source, 300), index, signed)
    extra = Proof(299, proof.hashes, signed, b"see page 3")
    assert parse_proof(extra.render()) == extra
    check_proof(extra.render(), entry, made.policy)


def test_no_byte_of_a_proof_can_change(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(20)
    made.publish()
    source, signed = DirectorySource(made.directory), (made.directory / "checkpoint").read_bytes()
    data, entry = prove(read_nodes(source, 20), 9, signed).render(), read_entry(source, 20, 9)
    check_proof(data, entry, made.policy)
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises((CheckFailed, BadInput)):
                check_proof(bytes(changed), entry, made.policy)


@pytest.mark.parametrize(
    "data", [b"", b"c2sp.org/tlog-proof@v1\n\n", b"c2sp.org/tlog-proof@v1\nindex 01\n\nx", b"\xff\n\n"]
)
def test_malformed_proofs(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        parse_proof(data)
    with pytest.raises(TooLarge):
        parse_proof(b"c2sp.org/tlog-proof@v1\nindex 0" + b"\n" + (b"A" * 43 + b"=\n") * 64 + b"\n\n")


def test_tile_names() -> None:
    assert TileId(0, 1234067, 256).path == "tile/0/x001/x234/067"
    assert TileId(None, 5, 17).path == "tile/entries/005.p/17"
    # The example of the specification: a tree of 70,000.
    tiles = list(tiles_of(70_000))
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert [tile for tile in tiles if tile.width < 256] == [TileId(0, 273, 112), TileId(1, 1, 17), TileId(2, 0, 1)]
    for other in (
        "tile/00/000",
        "tile/0/00",
        "tile/0/x000/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
    ):
        assert parse_path(other) is None
    for other in ("tile/64/000", "tile/entries/", "checkpoint", "tile/0/000/", "../tile/0/000"):
        assert parse_path(other) is None


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 2**40), st.integers(1, 256))
def test_tile_names_read_back(level: int | None, index: int, width: int) -> None:
    tile = TileId(level, index, width)
    assert parse_path(tile.path) == tile


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_new_tiles_are_those_the_smaller_tree_had_not(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert set(tiles_of(large, small)) == set(tiles_of(large)) - set(tiles_of(small))
    assert set(bundles_of(large, small)) == set(bundles_of(large)) - set(bundles_of(small))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_read_back(entries: list[bytes]) -> None:
    data = encode_bundle(entries)
    assert decode_bundle(data, len(entries)) == entries
    for bad, width in ((data + b"x", len(entries)), (data, len(entries) + 1), (data[:-1], len(entries))):
        if bad or width:
            with pytest.raises(CheckFailed):
                decode_bundle(bad, width)


def test_an_entry_has_one_spelling_and_no_personal_data() -> None:
    salt = bytes(range(32))
    entry = records.Entry(
        type="release",
        at="2026-03-01T10:07:00Z",
        node="xa.example",
        peer="xb.example",
        purpose="hold",
        rules=("xa-7",),
        policy="ab" * 32,
        object="hold-1",
        commitment=records.commit(salt, b'{"account":"1234"}'),
        actor="officer-7f",
    )
    data = records.encode(entry)
    assert list(json.loads(data)) == sorted(json.loads(data))
    assert b" " not in data
    assert b"1234" not in data
    assert records.decode(data) == entry
    assert records.commit(salt, b'{"account":"1234"}') == entry.commitment
    assert records.commit(bytes(32), b'{"account":"1234"}') != entry.commitment
    for bad in (
        b"",
        b"[]",
        data + b" ",
        data.replace(b'"type":"release"', b'"type":"NO WAY"'),
        data[:-1] + b',"x":1}',
        b"\xff",
    ):
        with pytest.raises(BadInput):
            records.decode(bad)
    with pytest.raises(BadInput):
        records.commit(b"short", b"")


def test_witness_lines_hold_their_keys() -> None:
    assert WitnessLine("x1", KEYS["x1"]) in parse_policy(NESTED.encode()).witnesses
