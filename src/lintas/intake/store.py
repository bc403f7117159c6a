"""The table of reports."""

import msgspec
from sqlalchemy import Column, LargeBinary, String, Table, Text, exists, insert, select

from lintas.intake.records import Report
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

reports = Table(
    "intake_reports",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("case", String(64), nullable=False, index=True),
    Column("fingerprint", String(64), index=True),
    Column("text", Text, nullable=False),
    Column("report", LargeBinary, nullable=False),
)


def keep(tx: Transaction, report: Report, text: str, fingerprint: str | None) -> None:
    """Store a report with the words it came in; ``fingerprint`` is that of the claim its case follows, else None."""
    values = {"id": report.id, "case": report.case, "text": text, "fingerprint": fingerprint}
    tx.execute(insert(reports), values | {"report": msgspec.json.encode(report)})


def by_fingerprint(tx: Transaction, fingerprint: str) -> Report | None:
    """Return the first report of the same stolen transfer."""
    query = select(reports.c.report).where(reports.c.fingerprint == fingerprint).order_by(reports.c.id).limit(1)
    data = tx.execute(query).scalar()
    return None if data is None else msgspec.json.decode(data, type=Report)


def of_case(tx: Transaction, case: str) -> list[Report]:
    """Return the reports of a case, oldest first."""
    rows = tx.execute(select(reports.c.report).where(reports.c.case == case).order_by(reports.c.id))
    return [msgspec.json.decode(row.report, type=Report) for row in rows]


def listed(tx: Transaction, after: str, *, incomplete: bool, limit: int) -> list[Report]:
    """Return reports, newest first, before the report ``after``; ``incomplete``: only those whose case follows no claim."""
    query = select(reports.c.report).where(reports.c.id < after).order_by(reports.c.id.desc()).limit(limit)
    if incomplete:
        other = reports.alias()
        followed = exists().where(other.c.case == reports.c.case, other.c.fingerprint.is_not(None))
        query = query.where(reports.c.fingerprint.is_(None), ~followed)
    return [msgspec.json.decode(row.report, type=Report) for row in tx.execute(query)]
