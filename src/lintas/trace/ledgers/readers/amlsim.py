"""The layout of IBM AMLSim (`transactions.csv`: sourceNodeId,targetNodeId,value,time), for research data sets.

``value`` is a decimal in the currency that the caller names; ``time`` counts days, and day 0 is 2017-01-01T00:00:00Z, the
simulator's own base date. The file has no ids: row numbers stand in, so rows of one day keep their order. `nodes.csv` beside
it gives the opening balances (nodeid,init_balance).
"""

from datetime import UTC, datetime

from lintas.model import money
from lintas.model.errors import BadInput
from lintas.trace.ledgers.ledger import Collector, Opening, microseconds
from lintas.trace.ledgers.readers.table import Row, csv_rows

REQUIRED = ("sourceNodeId", "targetNodeId", "value", "time")
NODES = "nodes.csv"
_DAY = 86_400_000_000
_FIRST = microseconds(datetime(2017, 1, 1, tzinfo=UTC))
_LAST_DAY = 1_000_000


def add_amlsim(collector: Collector, data: bytes, *, currency: str, where: str) -> int:
    """Add the rows of one file; return the width of the row numbers given as ids."""
    if not currency:
        raise BadInput("an AMLSim file names no currency", "give it (--currency CODE)", where=where)
    money.currency(currency)
    body = list(csv_rows(data, where, REQUIRED)[1])
    width = len(str(len(body)))
    for number, row in enumerate(body, 1):
        amount = _decimal(row, "value", currency)
        if not amount:
            raise BadInput("the amount is zero", "leave the row out: it moves nothing", where=row.place("value"))
        day = row.whole("time")
        if day > _LAST_DAY:
            raise BadInput(f"{day} is no day of a simulation", "count days from 0", where=row.place("time"))
        settled = amount, currency
        sender, receiver = row.name("sourceNodeId"), row.name("targetNodeId")
        collector.add(f"{number:0{width}d}", _FIRST + day * _DAY, sender, receiver, settled, where=row.where)
    return width


def read_nodes(data: bytes, *, currency: str, where: str = NODES) -> list[Opening]:
    """Read the balances with which the simulation began."""
    rows = csv_rows(data, where, ("nodeid", "init_balance"))[1]
    return [
        Opening(row.name("nodeid"), _decimal(row, "init_balance", currency), currency, row.place("init_balance"))
        for row in rows
    ]


def _decimal(row: Row, column: str, currency: str) -> int:
    try:
        return money.parse_decimal(row.text(column), currency)
    except BadInput as wrong:
        raise BadInput(wrong.what, wrong.do, where=row.place(column)) from None
