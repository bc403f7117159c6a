"""Floor 5: requests with clocks and the orders they lead to; the money bar of every case.

A *hold* asks that an amount be held; an *order* is the holding authority's own act under its own law, with a named approver.
Events in: ``intake.ReportFiled``, ``trace.Answered`` (by way of the assembly), ``border.Admitted``, ``border.Answered``.
Events out: ``OrderIssued``. Invariants: held + moved + spent + returned + released + unknown = stolen, exact, per currency;
a hold never exceeds its interval; every order has local legal basis, an expiry and a named approver; idempotent by order id.
Legal notes: nobody acts on a foreign message; a foreign hold request leads to nothing until an officer here approves it.
"""
