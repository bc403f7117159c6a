"""What lists are asked for by: cases by money, officer and urgency, reports that lack something, holds by their clocks."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_FLAGS = ("urgent", "moved", "unknown", "held")
_CHUNK = 1_000


def upgrade() -> None:
    """Add the columns, fill them from the rows' documents, and index them."""
    for flag in _FLAGS:
        op.add_column("requests_claims", sa.Column(flag, sa.Boolean(), nullable=True))
    op.add_column("requests_claims", sa.Column("officer", sa.String(length=120), nullable=True))
    op.add_column("requests_shares", sa.Column("state", sa.String(length=20), nullable=True))
    op.add_column("intake_reports", sa.Column("lacking", sa.Boolean(), nullable=True))
    _fill_shares()
    op.drop_index(op.f("ix_requests_shares_case"), "requests_shares")
    op.create_index("ix_requests_shares_case", "requests_shares", ["case", "state"])
    _fill_claims()
    _fill_reports()
    with op.batch_alter_table("requests_shares") as table:
        table.alter_column("state", existing_type=sa.String(length=20), nullable=False)
    with op.batch_alter_table("requests_claims") as table:
        table.alter_column("officer", existing_type=sa.String(length=120), nullable=False)
        for flag in _FLAGS:
            table.alter_column(flag, existing_type=sa.Boolean(), nullable=False)
    with op.batch_alter_table("intake_reports") as table:
        table.alter_column("lacking", existing_type=sa.Boolean(), nullable=False)
    for column in ("officer", *_FLAGS):
        op.create_index(f"ix_requests_claims_{column}", "requests_claims", [column, "case"])
    op.create_index("ix_intake_reports_lacking", "intake_reports", ["lacking", "id"])
    op.create_index("ix_requests_holds_asked", "requests_holds", ["asked_at", "id"])
    op.create_index("ix_requests_holds_overdue", "requests_holds", ["answer_by", "id"])
    for name, at in (("amendments", "asked_at"), ("appeals", "received_at")):
        op.drop_index(f"ix_requests_{name}_state", f"requests_{name}")
        op.create_index(f"ix_requests_{name}_state", f"requests_{name}", ["state", at, "id"])
        op.create_index(f"ix_requests_{name}_at", f"requests_{name}", [at, "id"])


def _fill_shares() -> None:
    table = sa.table("requests_shares", sa.column("id"), sa.column("state"))
    rows = ({"of": share["id"], "new": share["state"]} for share in _documents("requests_shares", "doc"))
    _update(sa.update(table).where(table.c.id == sa.bindparam("of")).values(state=sa.bindparam("new")), rows)


def _fill_claims() -> None:
    claims = sa.table("requests_claims", sa.column("case"), *map(sa.column, (*_FLAGS, "officer")))
    shares = sa.table("requests_shares", sa.column("case"), sa.column("state"))

    def some(*states: str) -> sa.ColumnElement[bool]:
        return sa.exists().where(shares.c.case == claims.c.case, shares.c.state.in_(states))

    other = sa.exists().where(shares.c.case == claims.c.case, shares.c.state != "held")
    come_to = {"moved": some("moved"), "unknown": some("unknown"), "held": sa.and_(some("held"), ~other)}
    op.execute(sa.update(claims).values(urgent=sa.false(), **come_to))
    rows = ({"of": claim["case"], "who": claim.get("officer", "")} for claim in _documents("requests_claims", "doc"))
    _update(sa.update(claims).where(claims.c.case == sa.bindparam("of")).values(officer=sa.bindparam("who")), rows)
    # The document of a claim says it from now on; whoever reads an old one finds no harm in it that nobody wrote there.
    whole = sa.table("requests_claims", sa.column("case"), sa.column("urgent"), sa.column("doc", sa.LargeBinary))
    urgent = {report["case"] for report in _documents("intake_reports", "report") if report.get("urgent_harm")}
    marked = (
        {"of": claim["case"], "new": json.dumps(claim | {"urgent": True}).encode()}
        for claim in _documents("requests_claims", "doc")
        if claim["case"] in urgent
    )
    change = sa.update(whole).where(whole.c.case == sa.bindparam("of"))
    _update(change.values(urgent=sa.true(), doc=sa.bindparam("new", type_=sa.LargeBinary)), marked)


def _fill_reports() -> None:
    reports = sa.table("intake_reports", sa.column("case"), sa.column("fingerprint"), sa.column("lacking"))
    other = reports.alias()
    followed = sa.exists().where(other.c.case == reports.c.case, other.c.fingerprint.is_not(None))
    op.execute(sa.update(reports).values(lacking=~followed))


def _documents(name: str, column: str) -> Iterator[dict[str, Any]]:
    table = sa.table(name, sa.column(column, sa.LargeBinary))
    # Read whole before anything is changed: a cursor must not walk over rows that it moves.
    for document in op.get_bind().execute(sa.select(table.c[column])).scalars().all():
        yield json.loads(document)


def _update(statement: sa.Update, rows: Iterator[dict[str, Any]]) -> None:
    several: list[dict[str, Any]] = []
    for row in rows:
        several.append(row)
        if len(several) == _CHUNK:
            op.get_bind().execute(statement, several)
            several = []
    if several:
        op.get_bind().execute(statement, several)
