"""Floor 7: the agent beside a bank's core system: indexes the bank's own ledger, answers its authority, places holds.

It uses the authority's public API alone, with the bank's own key, and opens no port. What leaves the bank are intervals,
amounts and batons; accounts and customers stay. Invariants: an order is carried out once, however often it is seen; a hold
never exceeds the order; the answer tiles the asked interval to the minor unit.
"""
