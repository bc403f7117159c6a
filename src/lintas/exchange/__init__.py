"""Floor 5: the room that knows peers: seals what is due into envelopes, delivers, opens what arrives, keeps receipts.

Order is gap-free per peer and lane; delivery is at least once, admission exactly once. Events out: none of its own (the
border speaks). Questions answered: who is a member now, with which keys (``Directory``); how far this authority trusts it
(``Standings``: one person lowers it at once, two people restore it, the border obeys). Invariants: nothing is accepted
without a valid signature of a current member; a key whose revocation was seen is never accepted again; an envelope is
sent byte for byte as it was first sealed, however often.
"""
