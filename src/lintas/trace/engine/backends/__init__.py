"""The definition of the index's columns and the three that compute it: numpy, numba (extra ``lintas[fast]``), DuckDB.

Each gives equal columns for equal transfers; the tests compare them. A back end is an object with the three questions of
:class:`Backend`; the SQL one runs on any engine with window functions.
"""

import importlib.util
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lintas.model.errors import BadInput
from lintas.trace.engine.order import Keys, Order

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]

NAMES = ("numpy", "numba", "duckdb")
#: Fewer transfers are laid by numpy before numba is even loaded.
WORTH_COMPILING = 200_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Legs:
    """Both sides of n transfers in order, on L lines: numbers of lines (-1 outside), and minor units that left and came.

    ``given`` (L,) is each line's given opening balance, 0 where none is.
    """

    out_line: Small
    in_line: Small
    debited: Ints
    credited: Ints
    given: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """Where each transfer lies: ``po`` on its sender's out-line, ``pi`` on its receiver's in-line, -1 outside; shape (n,).

    ``out_idx`` and ``in_idx`` list the transfers by (line, order), cut at ``out_ptr`` and ``in_ptr`` (L+1,). ``opening``
    (L,) is the smallest balance >= the given one with which a line never goes below zero; in-lines begin with it.
    """

    po: Ints
    pi: Ints
    out_idx: Small
    out_ptr: Small
    in_idx: Small
    in_ptr: Small
    opening: Ints


class Backend(Protocol):
    """What computes the columns."""

    def sort(self, key: Keys, order: Order | None = None) -> Order:
        """Return the places of keys in ascending order; ``order``: the places, already sorted by less."""
        ...

    def order(self, time: Ints, rank: Small) -> Small:
        """Return the places of transfers in order (time, rank); ``rank`` (n,) is 0..n-1, each once."""
        ...

    def lay(self, legs: Legs) -> Laid:
        """Lay transfers that are in order on their lines."""
        ...


def backend(name: str = "", size: int = 0) -> Backend:
    """Return a back end by name; without one, the fastest that is installed for ``size`` transfers.

    Raises BadInput for an unknown name, or one whose library is not installed.
    """
    if name not in ("", *NAMES):
        raise BadInput(f"there is no back end {name!r}", f"use one of {', '.join(NAMES)}")
    if name == "numba" and not _has("numba"):
        raise BadInput("numba is not installed", "install lintas[fast], or use numpy")
    if name == "numba" or (not name and size >= WORTH_COMPILING and _has("numba")):
        from lintas.trace.engine.backends.compiled import Compiled

        return Compiled()
    if name == "duckdb":
        from lintas.trace.engine.backends.windows import DuckDB, Windows

        return Windows(DuckDB())
    from lintas.trace.engine.backends.plain import Plain

    return Plain()


def _has(library: str) -> bool:
    return importlib.util.find_spec(library) is not None
