"""`camt.029` (resolution of investigation): what a bank answers to a recall."""

from lintas.interop.iso20022.element import Element
from lintas.interop.iso20022.header import read_assignment, read_case, write_assignment, write_case
from lintas.interop.iso20022.original import read_original, write_group_of, write_ids, write_settled, write_sides
from lintas.interop.iso20022.reasons import read_reason, write_reason
from lintas.interop.iso20022.records import Case, Header, Outcome, RecallAnswer
from lintas.interop.iso20022.writing import Writer
from lintas.model.errors import BadInput

#: What a whole answer says (`Sts/Conf`), in our words.
OUTCOMES: dict[Outcome, str] = {
    "CNCL": "done: the money comes back",
    "RJCR": "refused",
    "PDCR": "pending",
    "PECR": "done in part",
}
#: What it says of one transfer (`TxCxlSts`).
_OF_TRANSFER: dict[Outcome, str] = {"CNCL": "ACCR", "RJCR": "RJCR", "PDCR": "PDCR"}


def read_answers(body: Element) -> tuple[Header, tuple[RecallAnswer, ...]]:
    """Read the answer about each transfer; where none is named, the one answer about the case.

    Raises BadInput for the answer to something else than a recall.
    """
    header, case = read_assignment(body), read_case(body, "RslvdCase")
    told = body.text("Sts/Conf")
    if told is None:
        where = body.at("Sts/Conf")
        raise BadInput("the answer is not about a recall", "only answers with Conf are read", where=where)
    found = [*body.all("CxlDtls/TxInfAndSts"), *body.all("CxlDtls/OrgnlPmtInfAndSts/TxInfAndSts")]
    if found:
        return header, tuple(_answer(each, told, case) for each in found)
    return header, (RecallAnswer(outcome=_outcome(told, body.at("Sts/Conf")), case=case),)


def write_answers(writer: Writer, header: Header, answers: tuple[RecallAnswer, ...]) -> None:
    """Write a `camt.029`; answers that differ make the whole one `PECR`."""
    write_assignment(writer, header)
    outcomes = {answer.outcome for answer in answers}
    writer.text(writer.body, "Sts/Conf", outcomes.pop() if len(outcomes) == 1 else "PECR")
    if len(answers) == 1 and answers[0].original is None:
        _write_bare(writer, answers[0])
        return
    details = writer.under(writer.body, "CxlDtls")
    for answer in answers:
        if answer.original is None:
            raise BadInput("one of several answers names no transfer", "give its original", where=writer.kind)
        if answer.outcome not in _OF_TRANSFER:
            do = "answer each part by itself: done, refused or pending"
            raise BadInput(f"{answer.outcome} cannot be said of one transfer", do, where=writer.kind)
        element = writer.under(details, "TxInfAndSts")
        writer.text(element, "CxlStsId", answer.id)
        write_case(writer, element, "RslvdCase", answer.case)
        write_group_of(writer, element, answer.original)
        write_ids(writer, element, answer.original)
        writer.text(element, "TxCxlSts", _OF_TRANSFER[answer.outcome])
        write_reason(writer, element, "CxlStsRsnInf", answer)
        writer.amount(element, "RsltnRltdInf/IntrBkSttlmAmt", answer.amount_minor, answer.currency)
        write_settled(writer, element, answer.original)
        write_sides(writer, element, answer.original)


def _write_bare(writer: Writer, answer: RecallAnswer) -> None:
    """An answer about a whole case: the case stands before the status, and there is no place for more."""
    if answer.case is None or answer != RecallAnswer(outcome=answer.outcome, case=answer.case):
        do = "name the original transfer beside reasons, lines and amounts"
        raise BadInput("an answer without a transfer says only what became of its case", do, where=writer.kind)
    write_case(writer, writer.body, "RslvdCase", answer.case)
    case, status = writer.body[-1], writer.body[-2]
    status.addprevious(case)


def _answer(element: Element, told: str, case: Case | None) -> RecallAnswer:
    status = element.text("TxCxlSts")
    whole = {said: outcome for outcome, said in _OF_TRANSFER.items()}.get(status or "", status or told)
    amount = element.amount("RsltnRltdInf/IntrBkSttlmAmt")
    said = read_reason(element, "CxlStsRsnInf")
    return RecallAnswer(
        outcome=_outcome(whole, element.at("TxCxlSts")),
        original=read_original(element),
        id=element.text("CxlStsId") or "",
        case=read_case(element, "RslvdCase") or case,
        amount_minor=amount[0] if amount else None,
        currency=amount[1] if amount else None,
        reason=said.reason,
        order=said.order,
        part=said.part,
        info=said.info,
    )


def _outcome(text: str, where: str) -> Outcome:
    for outcome in OUTCOMES:
        if outcome == text:
            return outcome
    raise BadInput(f"{text!r} is no answer to a recall", f"use one of {', '.join(OUTCOMES)}", where=where)
