"""The columns by SQL window functions (``columns.sql``), on DuckDB here and on any engine that can answer it."""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Protocol

import duckdb
import numpy as np
import numpy.typing as npt

from lintas.trace.engine.backends import Ints, Laid, Legs, Small
from lintas.trace.engine.order import Keys, Order, by_key

Tables = Mapping[str, Mapping[str, npt.NDArray[np.int64]]]
COLUMNS = resources.files("lintas.trace.engine.backends").joinpath("columns.sql").read_text("utf-8")
ORDER = resources.files("lintas.trace.engine.backends").joinpath("order.sql").read_text("utf-8")


class Engine(Protocol):
    """A database that can be given tables and asked one query."""

    def ask(self, tables: Tables, query: str) -> Sequence[npt.NDArray[np.int64]]:
        """Return the columns of the answer, in the order of the query; each table has columns of 64-bit integers."""
        ...


class DuckDB:
    """DuckDB in memory."""

    def __init__(self) -> None:
        self._database = duckdb.connect()

    def ask(self, tables: Tables, query: str) -> Sequence[npt.NDArray[np.int64]]:
        """Return the columns of the answer."""
        for name, columns in tables.items():
            self._database.register(name, dict(columns))
        answer = self._database.sql(query).fetchnumpy()
        for name in tables:
            self._database.unregister(name)
        return list(answer.values())


class Windows:
    """The same columns from an SQL engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sort(self, key: Keys, order: Order | None = None) -> Order:
        """Return the places of keys in ascending order: ids are compared here, as engines collate text in many ways."""
        return by_key(key, order)

    def order(self, time: Ints, rank: Small) -> Small:
        """Return the places in order (time, rank)."""
        table = {"number": np.arange(len(time)), "time": time, "rank": rank.astype(np.int64)}
        return np.asarray(self._engine.ask({"transfers": table}, ORDER)[0]).astype(np.int32)

    def lay(self, legs: Legs) -> Laid:
        """Lay transfers that are in order."""
        n, count = len(legs.out_line), len(legs.given)
        transfers = {
            "number": np.arange(n),
            "out_line": legs.out_line.astype(np.int64),
            "in_line": legs.in_line.astype(np.int64),
            "debited": legs.debited,
            "credited": legs.credited,
        }
        given = {"line": np.arange(count), "amount": legs.given}
        answer = self._engine.ask({"transfers": transfers, "given": given}, COLUMNS)
        line, number, side, opening, start = (np.asarray(column).astype(np.int64) for column in answer)
        openings = legs.given.copy()
        openings[line] = opening
        sides = []
        for which in (0, 1):
            here = side == which
            starts = np.full(n, -1, np.int64)
            starts[number[here]] = start[here]
            ptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(line[here], minlength=count))))
            sides.append((starts, number[here].astype(np.int32), ptr.astype(np.int32)))
        (po, out_idx, out_ptr), (pi, in_idx, in_ptr) = sides
        return Laid(po=po, pi=pi, out_idx=out_idx, out_ptr=out_ptr, in_idx=in_idx, in_ptr=in_ptr, opening=openings)
