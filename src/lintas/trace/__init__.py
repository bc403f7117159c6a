"""Floor 5: follows stolen money through each holder's own ledger, by intervals and batons.

The engine (index, FIFO question) runs where a ledger is: in a bank's agent or on the command line. The authority's part
(records, store, service) asks banks of its own jurisdiction and passes batons between them. Events in: ``intake.ReportFiled``.
Events out: ``Asked``, ``Answered``. Invariants: the parts of an answer tile what was asked, to the minor unit; an answer is
taken once and only from the bank that was asked. Legal notes: the authority sees intervals, never customers.
"""
