"""Floor 4: the one door of an authority. What leaves passes ``release``, what comes in passes ``admit``; nothing goes round.

Both run inside the caller's transaction: policy decides, the ledger records, and the outbox (or an event) carries on. Sealing
and opening envelopes happen outside. What a peer in quarantine sends waits in ``Review`` until two people accept it.
Events out: ``Admitted``, ``Answered`` (a peer's receipt for something we released).
Invariants: no release without a permit; every admission and every release has its ledger entry in the same commit; an object
is admitted once, whatever arrives twice; a document on file counts by its issuer's signature, inside its limits, no more often
than it says; a statement and its salt are erased when its obligation expires, the ledger stays.
Legal notes: a refusal names the rule and the section of law, or says that no rule permits it (default deny).
"""
