"""The Go checksum database's code verifies what we publish and prove, and refuses every changed byte of it."""

import subprocess
from pathlib import Path

import pytest
from tests.conformance.ledger.gocheck import checker
from tests.unit.ledger.building import Small

from lintas.ledger.proof import prove
from lintas.ledger.verify import DirectorySource, read_entry, read_nodes


def check(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(checker()), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def small(folder: Path, count: int) -> Small:
    made = Small(folder)
    if count:
        made.append(count)
    made.publish()
    return made


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 300, 512, 700])
def test_go_verifies_what_we_publish(tmp_path: Path, count: int) -> None:
    made = small(tmp_path, count)
    done = check("verify", made.directory, made.policy_file)
    assert done.returncode == 0, done.stderr


def test_go_lets_older_partial_tiles_stay_if_they_agree(tmp_path: Path) -> None:
    made = small(tmp_path, 10)
    made.append(3)
    made.publish()
    assert check("verify", made.directory, made.policy_file).returncode == 0
    older = made.directory / "tile/entries/000.p/10"
    whole = older.read_bytes()
    older.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    done = check("verify", made.directory, made.policy_file)
    assert (done.returncode, done.stderr) == (1, "check: unexpected tile/entries/000.p/10\n")


def test_go_refuses_every_changed_byte(tmp_path: Path) -> None:
    made = small(tmp_path, 300)
    bytes_published = sum(file.stat().st_size for file in made.directory.rglob("*") if file.is_file())
    done = check("flip", made.directory, made.policy_file)
    assert done.returncode == 0, done.stderr
    flips, _, accepted = done.stdout.strip().partition(" flips accepted ")
    assert int(flips) > 2 * bytes_published
    assert accepted == "0"


def test_go_verifies_a_proof_and_refuses_another_entry(tmp_path: Path) -> None:
    made = small(tmp_path, 300)
    source = DirectorySource(made.directory)
    signed = (made.directory / "checkpoint").read_bytes()
    proof, entry = tmp_path / "7.tlog-proof", tmp_path / "7.entry"
    for index in (0, 7, 255, 256, 299):
        proof.write_bytes(prove(read_nodes(source, 300), index, signed).render())
        entry.write_bytes(read_entry(source, 300, index))
        done = check("proof", proof, entry, made.policy_file)
        assert done.returncode == 0, done.stderr
    entry.write_bytes(b"another")
    assert check("proof", proof, entry, made.policy_file).returncode == 1


def test_go_demands_the_quorum(tmp_path: Path) -> None:
    made = small(tmp_path, 3)
    with made.engine.connect() as tx:
        (made.directory / "checkpoint").write_bytes(made.ledger.checkpoint(tx).render())
    done = check("verify", made.directory, made.policy_file)
    assert done.returncode == 1
    assert "quorum" in done.stderr
