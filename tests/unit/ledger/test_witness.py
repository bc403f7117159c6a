"""Every answer of the witness protocol, and that a witness neither forgets nor forks."""

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.unit.ledger.building import NAMES, ORIGIN, Small, new_witness, signer

from lintas.api.witness import witness_app
from lintas.ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from lintas.ledger.cosignature import VERIFIERS, cosigned_at
from lintas.ledger.publish import merge_cosignatures, witness_request
from lintas.ledger.witness import SIZE, parse_size, refuse_rollback, render_request
from lintas.model.errors import BadInput, CheckFailed, MalformedInput, Refused
from lintas.storage.engine import open_engine
from lintas.trust import merkle, note


def request(made: Small, old: int) -> bytes:
    with made.engine.connect() as tx:
        return witness_request(made.ledger, tx, made.ledger.checkpoint(tx).render(), old)


def forged(size: int, root: bytes, origin: str = ORIGIN, by: str = ORIGIN) -> bytes:
    signed = sign_checkpoint(Checkpoint(origin, size, root), signer(origin))
    if by != origin:
        signed = note.Note(signed.text, sign_checkpoint(Checkpoint(by, size, root), signer(by)).signatures)
    return signed.render()


@pytest.fixture
def made(tmp_path: Path) -> Small:
    return Small(tmp_path)


def test_200_cosigns_what_extends_the_last(made: Small) -> None:
    witness = made.witnesses[0]
    for old, more in ((0, 3), (3, 300), (303, 0), (303, 1)):
        made.append(more)
        made.clock.forward(60)
        answer = witness.add_checkpoint(request(made, old))
        assert answer.status == 200
        with made.engine.connect() as tx:
            bare = made.ledger.checkpoint(tx).render()
        signed = note.parse(merge_cosignatures(bare, answer.body, [witness.key]))
        ((key, signature),) = note.verify(signed, [witness.key], VERIFIERS)
        assert key == witness.key
        assert cosigned_at(signature) == made.clock.at


def test_an_empty_log_is_cosigned_and_another_empty_root_is_not(made: Small) -> None:
    assert made.witnesses[0].add_checkpoint(request(made, 0)).status == 200
    assert made.witnesses[1].add_checkpoint(render_request(0, (), forged(0, b"x" * 32))).status == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\nx",
        b"old -1\n\nx",
        b"new 0\n\nx",
        b"old 0\nnot base64\n\nx",
        b"old 0\nAAAA\n\nx",
        b"old 0\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64 + b"\nx",
        b"old 0\n\nno checkpoint\n",
        "old 0\n\norigin\n1\n\n— name AAAAAAA=\n".encode(),
    ],
)
def test_400_malformed(made: Small, body: bytes) -> None:
    assert made.witnesses[0].add_checkpoint(body).status == 400


def test_400_old_above_the_checkpoint(made: Small) -> None:
    made.append(3)
    with made.engine.connect() as tx:
        bare = made.ledger.checkpoint(tx).render()
    assert made.witnesses[0].add_checkpoint(render_request(4, (), bare)).status == 400


def test_403_not_signed_by_the_log(made: Small) -> None:
    stranger = forged(1, b"x" * 32, by="other.example/ledger")
    assert made.witnesses[0].add_checkpoint(render_request(0, (), stranger)).status == 403
    made.append(1)
    body = bytearray(request(made, 0))
    body[-10] = ord("A") if body[-10] != ord("A") else ord("B")
    assert made.witnesses[0].add_checkpoint(bytes(body)).status == 403


def test_404_unknown_origin(made: Small) -> None:
    other = forged(1, b"x" * 32, origin="other.example/ledger")
    assert made.witnesses[0].add_checkpoint(render_request(0, (), other)).status == 404


def test_409_tells_the_size_it_saw(made: Small) -> None:
    witness = made.witnesses[0]
    made.append(5)
    assert witness.add_checkpoint(request(made, 0)).status == 200
    made.append(5)
    for old in (0, 4, 7):
        answer = witness.add_checkpoint(request(made, old))
        assert (answer.status, answer.content_type, answer.body) == (409, SIZE, b"5\n")
    assert parse_size(answer.body) == 5
    assert witness.add_checkpoint(request(made, 5)).status == 200


def test_409_two_roots_for_one_size(made: Small) -> None:
    made.append(5)
    assert made.witnesses[0].add_checkpoint(request(made, 0)).status == 200
    assert made.witnesses[0].add_checkpoint(render_request(5, (), forged(5, b"x" * 32))).status == 409


def test_422_a_tree_that_does_not_extend_the_last(made: Small) -> None:
    witness = made.witnesses[0]
    made.append(5)
    with made.engine.connect() as tx:
        bare = made.ledger.checkpoint(tx).render()
    assert witness.add_checkpoint(render_request(0, (b"x" * 32,), bare)).status == 422
    assert witness.add_checkpoint(request(made, 0)).status == 200
    made.append(5)
    with made.engine.connect() as tx:
        proof = made.ledger.consistency_proof(tx, 5, 10)
        fork = forged(10, b"x" * 32)
        right = made.ledger.checkpoint(tx).render()
    for bad in (render_request(5, proof, fork), render_request(5, (), right), render_request(5, proof[:-1], right)):
        assert witness.add_checkpoint(bad).status == 422
    assert witness.add_checkpoint(render_request(5, proof, right)).status == 200


def test_it_remembers_after_a_restart_and_apart_from_its_neighbour(tmp_path: Path) -> None:
    made = Small(tmp_path)
    made.append(5)
    assert made.witnesses[0].add_checkpoint(request(made, 0)).status == 200
    again = new_witness(open_engine(tmp_path / "witness.db"), NAMES[0], made.clock, made.ledger)
    assert again.add_checkpoint(request(made, 0)).body == b"5\n"
    assert made.witnesses[1].add_checkpoint(request(made, 0)).status == 200


def test_a_ledger_shorter_than_a_witness_saw_is_refused() -> None:
    refuse_rollback(10, 10)
    refuse_rollback(10, 9)
    with pytest.raises(Refused) as refused:
        refuse_rollback(9, 10)
    assert refused.value.reason == "rollback"
    for body in (b"", b"10", b"010\n", b"ten\n", b"-1\n"):
        with pytest.raises(MalformedInput):
            parse_size(body)


def test_answers_of_other_keys_are_not_merged(made: Small) -> None:
    made.append(2)
    with made.engine.connect() as tx:
        bare = made.ledger.checkpoint(tx).render()
    first, second = (each.add_checkpoint(request(made, 0)).body for each in made.witnesses)
    both = merge_cosignatures(bare, first + second, [made.witnesses[0].key])
    assert len(note.parse(both).signatures) == 2
    with pytest.raises(BadInput):
        merge_cosignatures(bare, second, [made.witnesses[0].key])
    with pytest.raises(MalformedInput):
        merge_cosignatures(bare, b"<html>", [made.witnesses[0].key])
    with made.engine.connect() as tx:
        other = forged(2, merkle.EMPTY_ROOT)
    with pytest.raises(CheckFailed):
        merge_cosignatures(other, first, [made.witnesses[0].key])


def test_over_http(made: Small) -> None:
    made.append(2)
    transport = httpx.ASGITransport(witness_app({f"/{each.name}": each for each in made.witnesses}))

    def call(method: str, path: str, content: bytes = b"") -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://witness.example") as client:
                return await client.request(method, path, content=content)

        return asyncio.run(once())

    submit = f"/{NAMES[0]}/add-checkpoint"
    good = call("POST", submit, request(made, 0))
    assert good.status_code == 200
    with made.engine.connect() as tx:
        signed = merge_cosignatures(made.ledger.checkpoint(tx).render(), good.content, [made.witnesses[0].key])
    assert parse_checkpoint(note.parse(signed).text).size == 2
    stale = call("POST", submit, request(made, 0))
    assert (stale.status_code, stale.headers["content-type"], stale.content) == (409, SIZE, b"2\n")
    assert call("POST", submit, b"\xff" * 1000).status_code == 400
    assert call("POST", submit, b"x" * 100_000).status_code == 413
    assert call("POST", "/nobody/add-checkpoint").status_code == 404
    assert call("GET", submit).status_code == 405
    assert call("GET", f"/{NAMES[0]}/vkey").text == f"{made.witnesses[0].key}\n"
    assert call("GET", "/healthz").text == "ok\n"
