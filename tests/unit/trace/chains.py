"""Small chains in the layouts of bitcoin-etl and ethereum-etl, for the tests; addresses and hashes are patterns, not real."""

import json
from pathlib import Path
from typing import Any

from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.readers.chain import Holders, Told
from lintas.trace.ledgers.transfers import read_ledger

DAY = 1_772_359_200  # 2026-03-01T10:00:00Z


def tx(number: int) -> str:
    return f"{number:064x}"


def address(number: int) -> str:
    return f"0x{number:040x}"


def coin(source: int, at: int, value: int | None = None, who: str = "") -> dict[str, Any]:
    """Make an input."""
    addresses = [who] if who else []
    return {"spent_transaction_hash": tx(source), "spent_output_index": at, "addresses": addresses, "value": value}


def paid(at: int, who: str, value: int) -> dict[str, Any]:
    """Make an output."""
    return {"index": at, "addresses": [who] if who else [], "value": value}


def transaction(
    number: int, block: int, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], *, at: int = 0, **more: object
) -> dict[str, Any]:
    fields = {"hash": tx(number), "block_number": block, "block_timestamp": DAY + 600 * block, "index": at}
    return fields | {"is_coinbase": not inputs, "inputs": inputs, "outputs": outputs} | more


def write_lines(file: Path, records: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def write_table(file: Path, columns: str, *rows: tuple[object, ...]) -> Path:
    lines = [columns, *(",".join(map(str, row)) for row in rows)]
    file.write_text("\n".join(lines) + "\n")
    return file


def index_of(
    *files: Path, bank: str = "", currency: str = "", holders: Holders | None = None, told: Told | None = None
) -> Index:
    return build(read_ledger(list(files), bank=bank, currency=currency, holders=holders, told=told))
