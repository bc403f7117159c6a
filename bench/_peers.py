"""What others take for the same question: a plain queue replay, a recursive query in DuckDB, a graph in networkx."""

import time
from collections import deque

import duckdb
import networkx as nx  # type: ignore[import-untyped]  # it has no types of its own
import numpy as np

from lintas.trace.engine.index import Index
from lintas.trace.ledgers.ledger import Ledger

_RECURSIVE = """
WITH RECURSIVE piece(number, start, stop, hop) AS (
  SELECT number, 0::BIGINT, settled, 0 FROM transfers WHERE number = ?
  UNION ALL
  SELECT o.number, GREATEST(o.po, t.pi + p.start) - o.po, LEAST(o.po + o.settled, t.pi + p.stop) - o.po, p.hop + 1
  FROM piece p JOIN transfers t ON t.number = p.number
  JOIN transfers o ON o.out_line = t.in_line AND o.po < t.pi + p.stop AND o.po + o.settled > t.pi + p.start
)
SELECT number, start, stop, hop FROM piece ORDER BY hop, number, start
"""


class Replay:
    """Every transfer through one queue per account; openings are given, and are the smallest that suffice."""

    def __init__(self, ledger: Ledger, index: Index) -> None:
        self._moves = list(zip(ledger.out_line.tolist(), ledger.in_line.tolist(), ledger.settled.tolist(), strict=True))
        self._openings = {line: amount for line, amount in enumerate(index.columns.opening.tolist()) if amount}

    def left(self, asked: list[int]) -> list[dict[int, int]]:
        """Return per asked transfer what is left of it at the end, by line; all are followed in one replay."""
        marks = {transfer: 1 << bit for bit, transfer in enumerate(asked)}
        queues = {line: deque([(amount, 0)]) for line, amount in self._openings.items()}
        for number, (sender, receiver, amount) in enumerate(self._moves):
            arriving, mark = queues.setdefault(receiver, deque()), marks.get(number, 0)
            rest, queue = amount, queues[sender]
            while rest:
                length, mask = queue.popleft()
                part = min(length, rest)
                if part < length:
                    queue.appendleft((length - part, mask))
                arriving.append((part, mask | mark))
                rest -= part
        found: list[dict[int, int]] = [{} for _ in asked]
        for line, queue in queues.items():
            for length, mask in queue:
                for bit in range(len(asked)):
                    if mask >> bit & 1:
                        found[bit][line] = found[bit].get(line, 0) + length
        return found


class Recursive:
    """The interval columns in a DuckDB table, asked by a recursive query."""

    def __init__(self, index: Index) -> None:
        self._database = duckdb.connect()
        self._database.execute("SET threads = 1")
        names = ("out_line", "in_line", "settled", "po", "pi")
        columns = {"number": np.arange(len(index)), **{name: getattr(index.columns, name) for name in names}}
        self._database.register("given", columns)
        self._database.execute("CREATE TABLE transfers AS SELECT * FROM given")
        self._database.unregister("given")

    def intervals(self, transfer: int) -> list[tuple[int, int, int, int]]:
        """Return (transfer, start, end, hop) of every tainted part."""
        return self._database.execute(_RECURSIVE, [transfer]).fetchall()


def graph_of(ledger: Ledger) -> tuple[nx.DiGraph, float]:
    """Build the graph of who paid whom, and return it with the processor time it took."""
    pairs = list(zip(ledger.out_line.tolist(), ledger.in_line.tolist(), strict=True))
    began = time.thread_time()
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_edges_from(pairs)
    return graph, time.thread_time() - began


def reached(graph: nx.DiGraph, account: int) -> tuple[set[int], float]:
    """Return every account that can be reached, and the processor time it took; a graph knows no amounts and no order."""
    began = time.thread_time()
    found: set[int] = nx.descendants(graph, account)
    return found, time.thread_time() - began
