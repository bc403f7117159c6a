"""The ledger's page and the proofs: what anybody can verify, taken from the pages and checked by the program itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from tests.integration.town import XB, Desk, Town
from tests.integration.visitors import Visitors, words_of

from lintas.cli.main import lintas
from lintas.ledger import publish
from lintas.ledger.records import decode
from lintas.requests.forms import UndoForm
from lintas.trust.receipt import peek_receipt


class Scene(NamedTuple):
    """xa that asked xb, got an answer, and took its request back; and who visits its pages."""

    town: Town
    to: Visitors
    folder: Path
    request: str
    withdrawal: str

    def publish(self) -> None:
        node = self.town.xa.node
        directory = self.folder / self.to.runtime.home.config.ledger
        self.town.xa.ask(lambda tx: publish.publish(tx, node.ledger, directory, node.ledger.checkpoint(tx).render()))


@pytest.fixture
def scene(tmp_path: Path, town: Town) -> Iterator[Scene]:
    _, waiting = town.asked()
    town.xb.approve(waiting.id)
    town.settle()
    xa = town.xa
    hold = next(each for each in xa.holds() if each.id == waiting.id)
    wish = UndoForm(code="good_faith", reason="the owner acted in good faith")
    xa.do(lambda tx: xa.node.undo.undo(tx, hold.case, wish, "Officer Asha Tor"))
    (withdrawal,) = xa.case(hold.case).withdrawals
    to = Visitors(xa, tmp_path)
    assert hold.object
    assert withdrawal.object
    yield Scene(town, to, tmp_path, hold.object, withdrawal.object)
    to.close()


def check(folder: Path, entry: int, policy: str) -> int:
    (folder / "by.tlog-policy").write_text(policy)
    files = [str(folder / f"{entry}.tlog-proof"), str(folder / f"{entry}.entry")]
    return (
        CliRunner()
        .invoke(lintas, ["ledger", "check-proof", *files, "--policy", str(folder / "by.tlog-policy")])
        .exit_code
    )


def test_before_a_checkpoint_covers_it_the_page_says_when(scene: Scene) -> None:
    page = words_of(scene.to.see(f"/proof/{scene.request}", "hotline"))
    assert "No published checkpoint covers it yet. The next one comes within 61 seconds" in page
    for kind in ("entry", "tlog-proof"):
        answer = scene.to.ask("GET", f"/proof/{scene.request}/{kind}", "auditor")
        # The entry is there; its proof is not.
        assert answer.status_code == (200 if kind == "entry" else 404)


def test_what_the_page_gives_is_what_the_program_verifies(scene: Scene, tmp_path: Path) -> None:
    scene.publish()
    for object_id in (scene.request, scene.withdrawal):
        said = scene.to.data(f"/api/v1/ledger/proofs/{object_id}", "auditor")
        assert said == scene.to.data(f"/proof/{object_id}", "auditor")
        number = said["exchanged"]["entry"]
        entry = decode(said["entry"].encode())
        assert (entry.type, entry.object, entry.commitment) == ("release", object_id, said["exchanged"]["commitment"])
        for kind, key in (("entry", "entry"), ("tlog-proof", "proof")):
            answer = scene.to.ask("GET", f"/proof/{object_id}/{kind}", "investigator")
            assert answer.status_code == 200
            assert f'filename="{number}.{kind}"' in answer.headers["content-disposition"]
            assert answer.text == said[key]
            (tmp_path / f"{number}.{kind}").write_bytes(answer.content)
        log = f"log {scene.town.xa.node.ledger.key}\nquorum none\n"
        assert check(tmp_path, number, log) == 0
        (tmp_path / f"{number}.entry").write_text(said["entry"].replace("release", "receipt"))
        assert check(tmp_path, number, log) == 1
        page = words_of(scene.to.see(f"/proof/{object_id}", "auditor"))
        assert f"lintas ledger check-proof {number}.tlog-proof {number}.entry" in page


def test_the_peers_receipt_is_shown_and_given(scene: Scene) -> None:
    said = scene.to.data(f"/proof/{scene.request}", "auditor")
    assert (said["exchanged"]["verdict"], said["exchanged"]["peer"]) == ("accepted", XB)
    answer = scene.to.ask("GET", f"/proof/{scene.request}/receipt", "auditor")
    receipt = peek_receipt(answer.content)
    assert (receipt.recipient, receipt.envelope) == (XB, said["receipt"]["envelope"])
    assert scene.request in {verdict.object for verdict in receipt.verdicts}
    # The withdrawal has not reached its recipient yet.
    waiting = scene.to.data(f"/proof/{scene.withdrawal}", "auditor")
    assert (waiting["exchanged"]["verdict"], waiting["receipt"]) == ("", None)
    assert scene.to.ask("GET", f"/proof/{scene.withdrawal}/receipt", "auditor").status_code == 404
    assert "no receipt yet" in words_of(scene.to.see(f"/proof/{scene.withdrawal}", "auditor"))
    scene.town.deliver()
    assert scene.to.data(f"/proof/{scene.withdrawal}", "auditor")["exchanged"]["verdict"] == "accepted"


def check_entries(desk: Desk) -> int:
    """Check that each entry about an exchanged object is the one that is noted beside it; returns how many there are."""
    exchanged = 0
    for number in range(desk.ask(desk.node.ledger.size)):
        entry = decode(desk.ask(lambda tx, at=number: desk.node.ledger.entry(tx, at)))  # type: ignore[misc] # bound now
        if entry.type in ("release", "receipt"):
            found = desk.ask(lambda tx, e=entry: desk.node.border.exchanged(tx, e.object, e.peer))  # type: ignore[misc]
            assert (found.entry, found.commitment) == (number, entry.commitment)
            assert found.direction == ("out" if entry.type == "release" else "in")
            exchanged += 1
    return exchanged


def test_every_exchanged_object_has_the_entry_that_speaks_of_it(scene: Scene) -> None:
    scene.town.settle()
    for desk in scene.town.desks.values():
        assert check_entries(desk) > 2


def test_a_published_ledger_that_is_another_one_is_told(scene: Scene) -> None:
    scene.publish()
    number = scene.to.data(f"/proof/{scene.request}", "auditor")["exchanged"]["entry"]
    bundles = sorted((scene.folder / "ledger" / "tile" / "entries").rglob("*"))
    (bundle,) = [path for path in bundles if path.is_file()]
    data = bundle.read_bytes()
    entry = scene.town.xa.ask(lambda tx: scene.town.xa.node.ledger.entry(tx, number))
    assert entry in data
    bundle.write_bytes(data.replace(entry, entry.replace(b'"release"', b'"receipt"')))
    answer = scene.to.ask("GET", f"/proof/{scene.request}", "auditor")
    assert answer.status_code == 422
    assert "Traceback" not in answer.text


def test_what_was_never_exchanged_has_no_proof(scene: Scene) -> None:
    for path in ("/proof/obj-none", "/proof/obj-none/entry", f"/proof/{scene.request}?peer=xb-fiu", "/proof/%00"):
        assert 400 <= scene.to.ask("GET", path, "auditor").status_code < 500, path
    assert scene.to.ask("GET", f"/proof/{scene.request}?peer={XB}", "auditor").status_code == 200


def test_the_ledgers_page_says_how_it_stands_and_publishes(scene: Scene) -> None:
    said = scene.to.data("/ledger", "auditor")
    assert said["standing"]["published"] == 0
    assert (said["reconciliation"]["waiting"], said["reconciliation"]["sent"]) == (1, 2)
    page = words_of(scene.to.see("/ledger", "auditor"))
    assert scene.withdrawal in page
    assert "A verifier asks for 2 witnesses: this does not verify yet." in page
    # No witness answers here: it is published all the same, and says so.
    assert scene.to.send("/ledger/publish", "administrator").status_code == 303
    after = scene.to.data("/ledger", "administrator")["standing"]
    assert after["published"] == after["size"] > 0
    assert (after["cosigned_by"], after["wrong"]) == ([], "")
    assert "all of them" in words_of(scene.to.see("/ledger", "administrator"))
    # The files beside the page stay what they are, for anybody.
    assert scene.to.ask("GET", "/ledger/policy", "").text.startswith("log ")
    assert scene.to.ask("GET", "/ledger/checkpoint", "").status_code == 200
    assert scene.to.data("/api/v1/ledger/reconciliation", "auditor") == said["reconciliation"]


def test_a_checkpoint_that_is_none_is_told(scene: Scene) -> None:
    (scene.folder / "ledger").mkdir()
    (scene.folder / "ledger" / "checkpoint").write_text("not a checkpoint\n")
    assert scene.to.data("/ledger", "auditor")["standing"]["wrong"]
    scene.to.see("/ledger", "auditor")
    assert 400 <= scene.to.ask("GET", f"/proof/{scene.request}", "auditor").status_code < 500


@pytest.mark.parametrize(
    ("role", "ledger", "proof"),
    [
        ("hotline", 403, 200),
        ("investigator", 403, 200),
        ("approver", 403, 200),
        ("auditor", 200, 200),
        ("administrator", 200, 403),
        ("bank", 403, 403),
    ],
)
def test_who_sees_them(scene: Scene, role: str, ledger: int, proof: int) -> None:
    bank = "B" if role == "bank" else ""
    assert scene.to.ask("GET", "/ledger", role, bank).status_code == ledger
    assert scene.to.send("/ledger/publish", role, bank).status_code == (303 if ledger == 200 else 403)
    for path in (f"/proof/{scene.request}", f"/api/v1/ledger/proofs/{scene.request}"):
        assert scene.to.ask("GET", path, role, bank).status_code == proof
