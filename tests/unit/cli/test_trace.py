"""`lintas trace` keeps its contract: the document's fields, the exit codes, one line for what is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lintas.cli.trace import trace
from lintas.model.errors import BadInput, MalformedInput, NotFound

CSV = """id,time,sender,receiver,amount_minor,currency,receiver_bank
t0,2026-03-01T09:00:00Z,other,mule,100,XAK,
t1,2026-03-01T10:00:00Z,victim,mule,5000,XAK,
t2,2026-03-01T10:01:00Z,mule,second,3000,XAK,
t3,2026-03-01T10:05:00Z,second,abroad,1500,XAK,OTHRXB22
"""


@pytest.fixture
def indexed(tmp_path: Path) -> Path:
    (tmp_path / "ledger.csv").write_text(CSV)
    done = invoke("index", "--transfers", str(tmp_path / "ledger.csv"), "--out", str(tmp_path / "index"))
    assert done.exit_code == 0 and "4 transfers on 4 account lines" in done.output
    return tmp_path / "index"


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(trace, list(arguments))


def document(indexed: Path, *arguments: str) -> dict[str, object]:
    done = invoke("run", "--index", str(indexed), *arguments, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert isinstance(found, dict)
    return found


def test_run_gives_the_document(indexed: Path) -> None:
    found = document(indexed, "--transfer", "t1")
    contract = [
        "transfer",
        "method",
        "as_of",
        "snapshot",
        "opening",
        "intervals",
        "frontier",
        "batons",
        "truncated",
        "conserved",
    ]
    assert set(contract) <= set(found)
    assert (found["transfer"], found["method"], found["as_of"], found["opening"]) == ("t1", "fifo", None, "assumed")
    assert found["intervals"] == [
        {"transfer": "t1", "from": 0, "to": 5000, "hop": 0},
        {"transfer": "t2", "from": 100, "to": 3000, "hop": 1},
        {"transfer": "t3", "from": 100, "to": 1500, "hop": 2},
    ]
    frontier, batons = found["frontier"], found["batons"]
    assert isinstance(frontier, list) and isinstance(batons, list)
    assert [(f["account"], f["amount_minor"], f["currency"], f["since"]) for f in frontier] == [
        ("mule", 2100, "XAK", "2026-03-01T10:00:00Z"),
        ("second", 1500, "XAK", "2026-03-01T10:01:00Z"),
    ]
    assert [(b["transfer"], b["from"], b["to"], b["receiver_bank"]) for b in batons] == [("t3", 100, 1500, "OTHRXB22")]
    assert "account" not in batons[0] and "abroad" not in json.dumps(found)
    assert not found["truncated"] and found["conserved"] is True


def test_interval_as_of_backward_and_limits(indexed: Path) -> None:
    part = document(indexed, "--transfer", "t1", "--interval", "4000", "5000", "--as-of", "2026-03-01T18:02:00+08:00")
    assert (part["from"], part["to"], part["as_of"]) == (4000, 5000, "2026-03-01T10:02:00Z")
    early = document(indexed, "--transfer", "t1", "--as-of", "2026-03-01T10:02:00Z")
    assert early["batons"] == [] and len(str(early["frontier"])) > 2
    back = document(indexed, "--transfer", "t3", "--backward")
    assert [(i["transfer"], i["from"], i["to"]) for i in back["intervals"]] == [  # type: ignore[attr-defined]
        ("t3", 0, 1500),
        ("t2", 0, 1500),
        ("t0", 0, 100),
        ("t1", 0, 1400),
    ]
    assert document(indexed, "--transfer", "t1", "--max-hops", "0")["truncated"] == 2900


def test_people_can_read_it(indexed: Path) -> None:
    told = invoke("run", "--index", str(indexed), "--transfer", "t1").output
    assert "50.00 XAK of t1, by fifo, snapshot" in told and "balances assumed:" in told
    assert "21.00 XAK is at mule, since 2026-03-01T10:00:00Z (bank account; ask no. 1," in told
    assert "14.00 XAK to OTHRXB22: part 100 to 1500 of t3 (ask no. 2, 20% expected still there" in told
    told = invoke("run", "--index", str(indexed), "--transfer", "t1", "--max-hops", "1").output
    assert "14.00 XAK not followed (max_hops) in t3" in told
    assert "not followed in all: 14.00 XAK of what was asked about" in told
    told = invoke("run", "--index", str(indexed), "--transfer", "t1", "--method", "poison").output
    assert "an outer bound, not for holding" in told and "ask no." not in told


def test_the_other_methods_give_the_same_document(indexed: Path) -> None:
    fields = set(document(indexed, "--transfer", "t1"))
    for method in ("lifo", "haircut", "poison"):
        found = document(indexed, "--transfer", "t1", "--method", method)
        assert (set(found), found["method"]) == (fields, method)
        assert found["conserved"] == (method != "poison") == (found["bound"] is None)


def test_labels_dwell_and_deadline(indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("account,kind,label,source\nsecond,casino,Blue House,register 7\n")
    found = document(
        indexed,
        "--transfer",
        "t1",
        "--labels",
        str(tmp_path / "labels.csv"),
        "--dwell",
        "uk-2025",
        "--deadline",
        "60000",
    )
    frontier = found["frontier"]
    assert isinstance(frontier, list)
    assert [(f["account"], f["kind"], f["label"], f["amount_minor"], f["rank"]) for f in frontier] == [
        ("second", "casino", "Blue House", 2900, 1),
        ("mule", "bank_account", "", 2100, 2),
    ]
    assert all(0 < point["expected_left"] < 1 for point in frontier) and found["batons"] == []
    (tmp_path / "labels.csv").write_text("account,kind,label,source\nsecond,palace,,\n")
    wrong = invoke("run", "--index", str(indexed), "--transfer", "t1", "--labels", str(tmp_path / "labels.csv"))
    assert isinstance(wrong.exception, BadInput) and "labels.csv, line 2" in str(wrong.exception)
    late = document(indexed, "--transfer", "t1", "--deadline", "0")
    assert late["truncated"] == 5000 and late["conserved"] is True


def test_restitution_for_people_and_programs(indexed: Path) -> None:
    claims = ["--claim", "t1:0:2500", "--claim", "t0"]
    told = invoke("restitution", "--index", str(indexed), *claims).output
    assert "claim 1: 25.00 XAK of t1: " in told and "claim 2: 1.00 XAK of t0: " in told
    done = invoke("restitution", "--index", str(indexed), *claims, "--json")
    found = json.loads(done.output)
    (pool,) = found["pools"]
    for way in ("by_tracing", "pro_rata"):
        assert sum(share["amount_minor"] for share in pool[way]) == pool["amount_minor"] > 0
    assert [claim["claimed_minor"] for claim in found["claims"]] == [2500, 100] and found["conserved"]
    wrong = invoke("restitution", "--index", str(indexed), "--claim", "t1", "--claim", "t1:0:5")
    assert isinstance(wrong.exception, BadInput) and "same money" in str(wrong.exception)


def test_explain_as_text_table_and_pdf(indexed: Path, tmp_path: Path) -> None:
    asked = ["explain", "--index", str(indexed), "--transfer", "t1"]
    assert "Step 3 (hop 2): t3" in invoke(*asked).output
    assert invoke(*asked, "--format", "csv").output.startswith("step,row,hop,account,")
    wrong = invoke(*asked, "--format", "pdf")
    assert isinstance(wrong.exception, BadInput) and "--out FILE" in str(wrong.exception)
    assert invoke(*asked, "--format", "pdf", "--out", str(tmp_path / "t1.pdf")).exit_code == 0
    assert (tmp_path / "t1.pdf").read_bytes().startswith(b"%PDF-")
    invoke(*asked, "--out", str(tmp_path / "t1.txt"), "--backward", "--method", "lifo")
    assert "Last in, first out" in (tmp_path / "t1.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "error", "what"),
    [
        (["--transfer", "t9"], NotFound, "no transfer 't9'"),
        (["--transfer", "t1", "--interval", "0", "5001"], BadInput, "does not lie inside"),
        (["--transfer", "t1", "--as-of", "2026-03-01T10:02:00"], BadInput, "has no zone"),
        (["--transfer", "t1", "--as-of", "2026-02-01T10:02:00Z"], BadInput, "as_of is before the transfer"),
        (["--transfer", "t1", "--dwell", "slow"], BadInput, "there is no dwell model 'slow'"),
    ],
)
def test_what_cannot_be_answered_is_said(
    indexed: Path, arguments: list[str], error: type[Exception], what: str
) -> None:
    done = invoke("run", "--index", str(indexed), *arguments, "--json")
    assert isinstance(done.exception, error) and what in str(done.exception)


def test_an_index_that_is_none_or_damaged_is_refused(indexed: Path, tmp_path: Path) -> None:
    assert isinstance(invoke("run", "--index", str(tmp_path), "--transfer", "t1").exception, BadInput)
    (indexed / "po.npy").write_bytes(b"nothing")
    assert isinstance(invoke("run", "--index", str(indexed), "--transfer", "t1").exception, MalformedInput)


def test_the_program_exits_2_with_one_line_and_keeps_the_old_index(indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(CSV.replace("3000", "30.00"))
    program = [sys.executable, "-c", "from lintas.cli.main import main; main()", "trace"]
    arguments = ["index", "--transfers", str(tmp_path / "bad.csv"), "--out", str(indexed)]
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("lintas: bad.csv, line 4, column amount_minor: ") and done.stderr.count("\n") == 1
    assert document(indexed, "--transfer", "t1")["conserved"] is True
