"""The table of questions to banks."""

import msgspec
from sqlalchemy import Column, LargeBinary, String, Table, insert, select, update

from lintas.model.tainted import LedgerAnswer
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.trace.records import TraceQuestion

questions = Table(
    "trace_questions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("case", String(64), nullable=False, index=True),
    Column("bank", String(40), nullable=False, index=True),
    Column("question", LargeBinary, nullable=False),
    Column("answered_at", String(32), index=True),
    Column("answer", LargeBinary),
)


def keep(tx: Transaction, question: TraceQuestion) -> None:
    """Store a question."""
    values = {"id": question.id, "case": question.case, "bank": question.bank}
    tx.execute(insert(questions), values | {"question": msgspec.json.encode(question)})


def get(tx: Transaction, question_id: str) -> tuple[TraceQuestion, LedgerAnswer | None] | None:
    """Return a question with its answer, None if there is none of that id."""
    row = tx.execute(select(questions.c.question, questions.c.answer).where(questions.c.id == question_id)).first()
    if row is None:
        return None
    answer = None if row.answer is None else msgspec.json.decode(row.answer, type=LedgerAnswer)
    return msgspec.json.decode(row.question, type=TraceQuestion), answer


def open_of(tx: Transaction, bank: str, limit: int) -> list[TraceQuestion]:
    """Return the questions that a bank has not answered, oldest first."""
    query = (
        select(questions.c.question)
        .where(questions.c.bank == bank, questions.c.answered_at.is_(None))
        .order_by(questions.c.id)
        .limit(limit)
    )
    return [msgspec.json.decode(row.question, type=TraceQuestion) for row in tx.execute(query)]


def keep_answer(tx: Transaction, question_id: str, answer: LedgerAnswer, at: str) -> None:
    """Store the answer to a question."""
    values = {"answer": msgspec.json.encode(answer), "answered_at": at}
    tx.execute(update(questions).where(questions.c.id == question_id).values(**values))


def of_case(tx: Transaction, case: str) -> list[tuple[TraceQuestion, LedgerAnswer | None]]:
    """Return the questions of a case with their answers, oldest first."""
    rows = tx.execute(select(questions.c.id).where(questions.c.case == case).order_by(questions.c.id)).all()
    found = [get(tx, row.id) for row in rows]
    return [pair for pair in found if pair is not None]
