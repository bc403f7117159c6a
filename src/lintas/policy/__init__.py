"""Floor 2: decision tables, one per jurisdiction, and the small total evaluator that answers from them. Pure.

Events in and out: none. Questions answered: may this be released to, admitted from, or ordered for that peer, for that purpose?

Invariants: default deny; an unknown value, plane D, and a table whose status does not fit the node are refused; any `forbid`
wins, then an unmet condition or approver asks, then any `permit` permits. Deciding reads no clock and no file and never raises;
an approval that does not cover what is asked changes no decision.

Legal notes: a decision names its rule and its section of law, or says that no section was found. The tables shipped here
are exercise tables under fictional law, and drafts for real jurisdictions that nobody has signed and that release nothing
personal; a real table is written and signed by its own authority.
"""
