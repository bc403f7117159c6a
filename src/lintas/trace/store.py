"""The table of questions to banks. Statements are made once: banks that wait ask them after every commit."""

import msgspec
from sqlalchemy import Column, Index, LargeBinary, Row, String, Table, bindparam, insert, select, update

from lintas.model.tainted import LedgerAnswer
from lintas.storage.engine import Transaction
from lintas.storage.schema import metadata
from lintas.trace.records import TraceQuestion

questions = Table(
    "trace_questions",
    metadata,
    Column("id", String(400), primary_key=True),
    Column("case", String(64), nullable=False, index=True),
    Column("bank", String(40), nullable=False),
    Column("question", LargeBinary, nullable=False),
    Column("answered_at", String(32)),
    Column("answer", LargeBinary),
    Index("ix_trace_questions_open", "bank", "answered_at"),
)


_NEW = insert(questions)
_ONE = select(questions.c.question, questions.c.answer).where(questions.c.id == bindparam("of_id"))
_OPEN = (
    select(questions.c.question)
    .where(questions.c.bank == bindparam("of_bank"), questions.c.answered_at.is_(None))
    .order_by(questions.c.id)
    .limit(bindparam("most"))
)
_OF_CASE = (
    select(questions.c.question, questions.c.answer)
    .where(questions.c.case == bindparam("of_case"))
    .order_by(questions.c.id)
)


def keep(tx: Transaction, question: TraceQuestion) -> None:
    """Store a question."""
    values = {"id": question.id, "case": question.case, "bank": question.bank}
    tx.execute(_NEW, values | {"question": msgspec.json.encode(question)})


def get(tx: Transaction, question_id: str) -> tuple[TraceQuestion, LedgerAnswer | None] | None:
    """Return a question with its answer, None if there is none of that id."""
    row = tx.execute(_ONE, {"of_id": question_id}).first()
    return None if row is None else _read(row)


def _read(row: Row[bytes, bytes | None]) -> tuple[TraceQuestion, LedgerAnswer | None]:
    answer = None if row.answer is None else msgspec.json.decode(row.answer, type=LedgerAnswer)
    return msgspec.json.decode(row.question, type=TraceQuestion), answer


def open_of(tx: Transaction, bank: str, limit: int) -> list[TraceQuestion]:
    """Return the questions that a bank has not answered, oldest first."""
    rows = tx.execute(_OPEN, {"of_bank": bank, "most": limit})
    return [msgspec.json.decode(row.question, type=TraceQuestion) for row in rows]


def keep_answer(tx: Transaction, question_id: str, answer: LedgerAnswer, at: str) -> None:
    """Store the answer to a question."""
    values = {"answer": msgspec.json.encode(answer), "answered_at": at}
    tx.execute(update(questions).where(questions.c.id == question_id).values(**values))


def of_case(tx: Transaction, case: str) -> list[tuple[TraceQuestion, LedgerAnswer | None]]:
    """Return the questions of a case with their answers, oldest first."""
    return [_read(row) for row in tx.execute(_OF_CASE, {"of_case": case})]
