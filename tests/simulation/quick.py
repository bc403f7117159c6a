"""A connection that runs statements which come again and again past most of SQLAlchemy, whose work is half of a world's time.

What it runs is what SQLAlchemy compiled, with the same values bound, on the same driver; errors and rows are SQLAlchemy's.
``test_driver.py`` plays a seed with and without it: the two histories are one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, RootTransaction
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from tests.simulation import driver

#: Statements that were made anew for one question are not worth preparing: only those that are seen twice are.
REMEMBERED = 64

Process = Callable[[Any], Any]


class Prepared(NamedTuple):
    """A compiled statement: its text, what it binds in order (name, value if none is given, how it is written), its columns.

    A value of ``lists`` is a list: it is bound one by one, and the text gets as many marks.
    """

    sql: str
    binds: tuple[tuple[str, Any, Process | None], ...]
    columns: SimpleResultMetaData | None
    lists: tuple[str, ...] = ()

    def filled(self, given: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Return text and values for the driver."""
        if not self.lists:
            return self.sql, [
                given.get(name, default) if process is None else process(given.get(name, default))
                for name, default, process in self.binds
            ]
        sql, values = self.sql, list[Any]()
        for name, default, process in self.binds:
            found = given.get(name, default)
            if name in self.lists:
                sql = sql.replace(f"(__[POSTCOMPILE_{name}])", f"({', '.join('?' * len(found))})")
            for each in found if name in self.lists else (found,):
                values.append(each if process is None else process(each))
        return sql, values


class Done(NamedTuple):
    """What became of a change."""

    rowcount: int


_SEEN: dict[int, Executable] = {}
#: By a statement's id and the names of its parameters; the statement stays too, so that no other object comes to have its id.
_PREPARED: dict[tuple[int, tuple[str, ...]], tuple[Executable, Prepared | None]] = {}


class QuickConnection(Connection):
    """SQLAlchemy's connection with a short cut; the engine's listeners hear of each BEGIN, not of each statement."""

    def _begin_impl(self, transaction: RootTransaction) -> None:
        self.engine._has_events = True
        try:
            super()._begin_impl(transaction)
        finally:
            self.engine._has_events = False

    def _execute_clauseelement(self, elem: Any, distilled_parameters: Any, execution_options: Any) -> Any:  # noqa: ANN401
        many: Sequence[Mapping[str, Any]] = distilled_parameters or ({},)
        if self._transaction is None and not self.closed and not self.invalidated:
            self._autobegin()
        prepared = self._prepare(elem, tuple(many[0])) if self._in_order() else None
        if prepared is None or not all(given.get(name) for given in many for name in prepared.lists):
            return super()._execute_clauseelement(elem, distilled_parameters, execution_options)
        opened: Any = self.connection.driver_connection
        count, rows = 0, []
        for given in many:
            sql, values = prepared.filled(given)
            try:
                cursor: driver.Cursor = opened.execute(sql, values)
            except driver.Error as wrong:
                self._handle_dbapi_exception(wrong, sql, values, None, None)
            count += cursor.rowcount
            rows = cursor.fetchall()
        return Done(count) if prepared.columns is None else IteratorResult(prepared.columns, iter(rows))

    def _in_order(self) -> bool:
        """Tell whether a transaction is open and well: all else is SQLAlchemy's to handle."""
        outer, inner = self._transaction, self._nested_transaction
        return outer is not None and outer.is_active and (inner is None or inner.is_active)

    def _prepare(self, statement: Executable, names: tuple[str, ...]) -> Prepared | None:
        """Return the statement compiled, if it was seen before and needs nothing that only SQLAlchemy can do."""
        key = (id(statement), names)
        if key in _PREPARED:
            return _PREPARED[key][1]
        if _SEEN.get(id(statement)) is not statement:
            _SEEN[id(statement)] = statement
            if len(_SEEN) > REMEMBERED:
                del _SEEN[next(iter(_SEEN))]
            return None
        compiled: Any = statement.compile(dialect=self.dialect, column_keys=sorted(names) or None)  # type: ignore[attr-defined]
        _PREPARED[key] = (statement, _plain(compiled) if isinstance(compiled, SQLCompiler) else None)
        return _PREPARED[key][1]


def _plain(compiled: Any) -> Prepared | None:  # noqa: ANN401 — whatever SQLAlchemy compiles to
    """Describe a compiled statement; None when values go into its text, or its columns need more than the driver gives."""
    if compiled.literal_execute_params or compiled.positiontup is None:
        return None
    lists = tuple(bind.key for bind in compiled.post_compile_params)
    if not all(f"(__[POSTCOMPILE_{name}])" in compiled.string for name in lists):
        return None
    types = [column.type.dialect_impl(compiled.dialect) for column in compiled._result_columns]
    if any(each.result_processor(compiled.dialect, None) is not None for each in types):
        return None
    defaults = compiled.construct_params(_check=False)
    binds = tuple((name, defaults.get(name), compiled._bind_processors.get(name)) for name in compiled.positiontup)
    names = [column.keyname for column in compiled._result_columns]
    return Prepared(compiled.string, binds, SimpleResultMetaData(names) if names else None, lists)
