"""Floor 5: requests with clocks and the orders they lead to; release and appeal; the money bar of every case.

A *hold* asks that an amount be held; an *order* is the holding authority's own act under its own law, with a named
approver; an *amendment* is its own change of that order. ``chase`` follows and ``asking`` asks, ``undo`` takes back;
``orders`` holds and ``amendments`` lets go, ``effects`` says what follows, ``endings`` closes by the clock,
``returns`` pays back. ``clocks`` says who has to act by when, ``rail`` what banks say on their own rail beside an
order, ``figures`` what a month's orders came to. Events in: ``intake.ReportFiled``, ``intake.HarmReported``,
``trace.Answered`` (by way of the assembly), ``border.Admitted``, ``border.Answered``. Events out: ``OrderIssued``,
``OrderAmended``, ``MovedOn``, ``HoldOpened`` (heard here), ``Escalated``.
Invariants: held + moved + spent + returned + released + unknown = stolen, exact, per currency; a hold never exceeds its
interval; every order has local legal basis, an end and, above the cap of its own table, a named approver; every hold
ends; a returned amount is final; idempotent by order id; a release reaches whoever asked, a withdrawal whoever was
asked. Legal notes: nobody acts on a foreign message; a foreign request, or its withdrawal, leads to nothing until an
officer here approves it.
"""
