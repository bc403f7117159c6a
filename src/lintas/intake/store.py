"""The table of reports."""

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    exists,
    insert,
    select,
    update,
)

from lintas.intake.records import Report
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata

reports = Table(
    "intake_reports",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("case", String(64), nullable=False, index=True),
    Column("fingerprint", String(64), index=True),
    # Its case follows no claim yet.
    Column("lacking", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("report", LargeBinary, nullable=False),
    Index("ix_intake_reports_lacking", "lacking", "id"),
)


def keep(tx: Transaction, report: Report, text: str, fingerprint: str | None) -> None:
    """Store a report with the words it came in; ``fingerprint`` is that of the claim its case follows, else None."""
    if fingerprint is None:
        followed = tx.execute(select(exists().where(_of(report.case), reports.c.fingerprint.is_not(None)))).scalar_one()
    else:
        followed = True
        tx.execute(update(reports).where(_of(report.case), reports.c.lacking.is_(True)).values(lacking=False))
    tx.execute(insert(reports), row(report, text, fingerprint, lacking=not followed))


def row(report: Report, text: str, fingerprint: str | None, *, lacking: bool) -> dict[str, object]:
    """Return a report's row."""
    values = {"id": report.id, "case": report.case, "text": text, "fingerprint": fingerprint, "lacking": lacking}
    return values | {"report": msgspec.json.encode(report)}


def _of(case: str) -> ColumnElement[bool]:
    return reports.c.case == case


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
        query = query.where(reports.c.lacking.is_(True))
    return [msgspec.json.decode(row.report, type=Report) for row in tx.execute(query)]
