"""What is told of a story: the bar on the terminal, every ledger verified as a stranger would, and the document."""

from typing import Any

import click

from lintas.cli.demo import people
from lintas.cli.demo.comparison import Compared
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import NodeOnStage
from lintas.ledger.membership import default_quorum
from lintas.ledger.tlog_policy import parse_policy
from lintas.ledger.verify import DirectorySource, verify_ledger
from lintas.model.money import show
from lintas.requests.records import SHARE_STATES, Bar

WIDTH = 48
SIGNS = {"held": "█", "moved": "▒", "spent": "×", "returned": "+", "released": "-", "unknown": "·"}


async def write(player: Player, compared: Compared) -> dict[str, Any]:
    """Publish and verify every ledger, and write the document of what happened, but for seed and time."""
    for node in player.nodes:
        await player.step("the ledger is published, cosigned by the others' witnesses", node, people.checkpoint(node))
    ledgers = [_verify(node) for node in player.nodes]
    reconciled = [await people.reconciliation(node) for node in player.nodes]
    receipts = {
        "sent": sum(each["sent"] for each in reconciled),
        "matched": sum(each["matched"] for each in reconciled),
        "unmatched": sum(len(each["unmatched"]) for each in reconciled),
    }
    conservation = [row for node in player.nodes for row in await _conservation(player, node)]
    needed = default_quorum(len(player.nodes) - 1)
    ok = (
        all(row["exact"] for row in conservation)
        and all(row["verified"] and len(row["cosigned_by"]) >= needed for row in ledgers)
        and receipts["unmatched"] == 0
        and not player.faults
    )
    return {
        "nodes": [
            {"id": node.cast.authority, "jurisdiction": node.cast.code, "url": node.page_url} for node in player.nodes
        ],
        "steps": [step._asdict() for step in player.steps],
        "holds": player.rows,
        "conservation": conservation,
        "comparison": _comparison(compared),
        "receipts": receipts,
        "refusals": [refusal._asdict() for refusal in player.refusals],
        "ledgers": ledgers,
        "ok": ok,
    }


def _comparison(compared: Compared) -> dict[str, Any]:
    return {
        "currency": compared.currency,
        "stolen": compared.stolen,
        "held_now": compared.held_now,
        "later": [{"after": words, **left._asdict()} for words, left in compared.later],
    }


def _verify(node: NodeOnStage) -> dict[str, Any]:
    """Verify a published ledger as a stranger would: from its files and a policy that did not come from it."""
    path = node.home.path(node.home.config.ledger)
    policy = parse_policy(node.policy_file.read_bytes(), where=str(node.policy_file))
    verdict = verify_ledger(DirectorySource(path), policy)
    names = [name for name, _ in verdict.cosigned_by]
    mark = "verified" if verdict.ok else f"NOT verified: {verdict.problems[:1]}"
    click.echo(f"   ledger    {node.cast.authority}: {verdict.size} entries, cosigned by {', '.join(names)}: {mark}")
    return {
        "node": node.cast.authority,
        "size": verdict.size,
        "cosigned_by": names,
        "verified": verdict.ok,
        "path": str(path),
        "policy": str(node.policy_file),
    }


async def _conservation(player: Player, node: NodeOnStage) -> list[dict[str, Any]]:
    """Return a row for every case of a node that is about money, in an order that does not hang on ids."""
    bars = await people.get(player.client(node), "/api/v1/cases", list[Bar])
    rows = []
    for bar in bars:
        row: dict[str, Any] = {"node": node.cast.authority, "currency": bar.currency, "stolen": bar.stolen}
        rows.append(row | {state: getattr(bar, state) for state in SHARE_STATES} | {"exact": bar.exact})
    return sorted(rows, key=lambda row: [str(cell).zfill(20) for cell in row.values()])


def print_bar(node: str, bar: Bar) -> None:
    """Print the money bar of a case, each part as wide as its amount."""
    cells, left, words = "", 0, []
    for state in SHARE_STATES:
        amount = getattr(bar, state)
        left += amount
        cells += SIGNS[state] * (round(left * WIDTH / bar.stolen) - len(cells))
        if amount:
            words.append(f"{state} {show(amount, bar.currency)}")
    click.echo(
        f"   bar       {node}: [{cells}] stolen {show(bar.stolen, bar.currency)} {bar.currency}: {' · '.join(words)}"
    )
