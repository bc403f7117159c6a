"""The use cases of intake: file a report, in a case of its own or in one that is there, and list what was filed."""

from collections.abc import Callable

from lintas.bus.service import Bus
from lintas.intake import rules, store
from lintas.intake.records import HarmReported, Report, ReportFiled, ReportForm
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotFound
from lintas.model.identifiers import Identifier
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.text.extract import extract
from lintas.text.report import read_claim


class Intake:
    """Intake of one authority."""

    def __init__(
        self, *, jurisdiction: str, is_own_bank: Callable[[str], bool], bus: Bus, clock: Clock, ids: IdSource
    ) -> None:
        self._jurisdiction, self._is_own_bank = jurisdiction, is_own_bank
        self._bus, self._clock, self._ids = bus, clock, ids

    def read(self, form: ReportForm) -> tuple[list[Identifier], Callable[[Transaction, str], Report]]:
        """Read a form outside any transaction; returns what was found and the use case that files it.

        That use case raises NotFound when the form names a case that no report is in, and Conflict when another case follows
        the same transfer already.
        """
        if form.bank and not self._is_own_bank(form.bank):
            raise BadInput(f"no bank {form.bank!r} is connected here", "choose one of the listed banks", where="bank")
        found = rules.together(rules.form_identifiers(form), extract(form.text, self._jurisdiction))
        claim, missing = rules.claim_of(form, read_claim(form.text, self._jurisdiction), found)
        if not form.text.strip() and claim is None and not found:
            raise BadInput("the report is empty", "write what happened, or fill in bank, amount and account")

        def file(tx: Transaction, officer: str) -> Report:
            mark = rules.fingerprint(claim)
            earlier = store.by_fingerprint(tx, mark) if mark else None
            others = _named(tx, form.case, earlier) if form.case else []
            # A case follows the money of one claim; another one in its reports stays on paper, and its fingerprint unkept:
            # a later report of that transfer, in a case of its own, is then followed.
            follows = claim is not None and earlier is None and all(other.claim is None for other in others)
            new = not form.case and earlier is None
            report = Report(
                id=self._ids.new("report"),
                case=form.case or (earlier.case if earlier else self._ids.new("case")),
                received_at=times.render(self._clock.now()),
                officer=officer,
                scheme=form.scheme,
                urgent_harm=form.urgent_harm,
                identifiers=tuple(found),
                claim=claim,
                missing=missing,
                duplicate_of=earlier.id if earlier else None,
            )
            store.keep(tx, report, form.text, mark if follows or earlier else None)
            if new or follows:
                scheme = rules.scheme_of(form, others)
                urgent = form.urgent_harm or any(other.urgent_harm for other in others)
                self._bus.emit(tx, ReportFiled(report.id, report.case, scheme, officer, claim, urgent))
            elif form.urgent_harm:
                self._bus.emit(tx, HarmReported(report.id, report.case))
            return report

        return found, file

    def warm(self) -> None:
        """Load what reading a text needs, so that the first caller does not wait for it."""
        extract("+999 1234 5678", self._jurisdiction)
        read_claim("1.00 XAK", self._jurisdiction)

    def of_case(self, tx: Transaction, case: str) -> list[Report]:
        """Return the reports of a case, oldest first."""
        return store.of_case(tx, case)

    def reports(self, tx: Transaction, after: str = "~", *, incomplete: bool = False, limit: int = 50) -> list[Report]:
        """Return reports, newest first (keyset paging by report id); ``incomplete``: those whose case has no claim yet."""
        return store.listed(tx, after, incomplete=incomplete, limit=limit)


def _named(tx: Transaction, case: str, earlier: Report | None) -> list[Report]:
    """Return the reports of the case that a form names, oldest first."""
    others = store.of_case(tx, case)
    if not others:
        raise NotFound(f"no report is in a case {case!r}", "take the case from the list of reports", where="case")
    if earlier is not None and earlier.case != case:
        raise Conflict(
            f"this transfer is followed in case {earlier.case} already",
            "file the report without a case, and it joins that one",
            where="case",
        )
    return others
