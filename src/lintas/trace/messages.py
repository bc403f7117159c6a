"""Take the transfers of pacs.008 messages into a holder's ledger: its own accounts by its own bank code."""

from lintas.interop.iso20022 import CreditTransfer, read_pacs008
from lintas.model.errors import BadInput
from lintas.trace.ledger import Collector, microseconds


def add_messages(collector: Collector, data: bytes, *, bank: str, where: str) -> None:
    """Add every credit transfer of one pacs.008; ``bank`` is the holder's code as the message writes it.

    The settlement amount is the transfer's own; where the instructed amount is in another currency, it is what the
    debtor's account lost. Raises BadInput where neither agent is this holder, or its own side has no account.
    """
    if not bank:
        raise BadInput("a pacs.008 needs the holder's own bank code", "give it (--bank CODE)", where=where)
    for number, transfer in enumerate(read_pacs008(data, where=where), 1):
        _add(collector, transfer, bank, f"{where}, transaction {number}")


def _add(collector: Collector, transfer: CreditTransfer, bank: str, where: str) -> None:
    goes_out, comes_in = transfer.creditor_agent != bank, transfer.debtor_agent != bank
    if goes_out and comes_in:
        raise BadInput(f"neither agent is {bank}", "leave it out: it is another holder's", where=where)
    if (not comes_in and not transfer.debtor_account) or (not goes_out and not transfer.creditor_account):
        raise BadInput("the account at this holder is missing", "send DbtrAcct and CdtrAcct", where=where)
    instructed = None
    if transfer.instructed_currency not in (None, transfer.currency) and transfer.instructed_minor:
        instructed = (transfer.instructed_minor, str(transfer.instructed_currency))
    other = transfer.debtor_agent if comes_in else transfer.creditor_agent
    collector.add(
        transfer.reference,
        microseconds(transfer.time),
        None if comes_in else transfer.debtor_account,
        None if goes_out else transfer.creditor_account,
        (transfer.amount_minor, transfer.currency),
        where=where,
        debited=instructed,
        bank=other if (comes_in or goes_out) and other else "",
        party=(transfer.debtor_account if comes_in else transfer.creditor_account if goes_out else None) or "",
    )
