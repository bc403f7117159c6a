"""The authority's use cases of trace: ask a bank, take its answer, pass batons on inside the jurisdiction."""

from collections.abc import Callable

from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotFound
from lintas.model.ids import IdSource
from lintas.model.tainted import Baton, Find, LedgerAnswer, check_answer, part_id, sent_by
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.trace import store
from lintas.trace.records import Answered, Asked, TraceQuestion

#: How often money of one report is passed on between banks here: honest banks need a handful, a lying one could go on for ever.
MAX_HOPS = 32


class Tracing:
    """The authority's side of tracing: it asks the banks of its own jurisdiction, each about its own ledger."""

    def __init__(self, *, is_own_bank: Callable[[str], bool], bus: Bus, clock: Clock, ids: IdSource) -> None:
        self._is_own_bank, self._bus, self._clock, self._ids = is_own_bank, bus, clock, ids

    def ask(
        self,
        tx: Transaction,
        case: str,
        bank: str,
        *,
        find: Find | None = None,
        baton: Baton | None = None,
        question: str = "",
    ) -> str:
        """Ask one bank; returns the question's id (``question`` if given: a baton's share keeps its name)."""
        asked = TraceQuestion(
            id=question or self._ids.new("trace"),
            case=case,
            bank=bank,
            asked_at=times.render(self._clock.now()),
            find=find,
            baton=baton,
        )
        store.keep(tx, asked)
        self._bus.emit(tx, Asked(asked.id, case, bank))
        return asked.id

    def work(self, tx: Transaction, bank: str, limit: int = 50) -> list[TraceQuestion]:
        """Return what a bank has still to answer, oldest first."""
        return store.open_of(tx, bank, limit)

    def answer(self, tx: Transaction, bank: str, question_id: str, answer: LedgerAnswer) -> None:
        """Take a bank's answer; the same answer again is fine, another one is a Conflict.

        A baton to a bank of this jurisdiction is asked on in the same commit; batons that leave it are for ``requests``.
        """
        found = store.get(tx, question_id)
        if found is None or found[0].bank != bank:
            raise NotFound(f"no question {question_id!r} to {bank}", "take the ids from the work list")
        question, earlier = found
        answer = sent_by(answer, bank)
        if earlier is not None:
            if earlier == answer:
                return
            raise Conflict("this question has another answer already", "a correction needs a new question")
        self._check(question, answer)
        store.keep_answer(tx, question_id, answer, times.render(self._clock.now()))
        self._bus.emit(tx, Answered(question_id, question.case, bank, answer))
        for number, part in enumerate(answer.parts):
            follow = question_id.count(".") < MAX_HOPS
            if part.baton is not None and follow and self._is_own_bank(part.baton.holder):
                self.ask(tx, question.case, part.baton.holder, baton=part.baton, question=part_id(question_id, number))

    def _check(self, question: TraceQuestion, answer: LedgerAnswer) -> None:
        if question.baton is not None:
            asked = question.baton
            if answer.found and (answer.transfer, answer.currency) != (asked.transfer, asked.currency):
                raise BadInput("the answer speaks of another transfer or currency", "answer the baton that was asked")
            check_answer(answer, asked.start, asked.end)
        elif question.find is not None:
            check_answer(answer, 0, answer.end)
            find = question.find
            if answer.found and (answer.end, answer.currency) != (find.amount_minor, find.currency):
                # What the victim reported is the bound: a bank cannot make a claim larger, or another one.
                raise BadInput(
                    f"the transfer found is of {answer.end} {answer.currency} (minor units), reported were "
                    f"{find.amount_minor} {find.currency}",
                    "answer that it was not found; an officer then corrects the report",
                )

    def of_case(self, tx: Transaction, case: str) -> list[tuple[TraceQuestion, LedgerAnswer | None]]:
        """Return the trail of a case: questions and answers, oldest first."""
        return store.of_case(tx, case)
