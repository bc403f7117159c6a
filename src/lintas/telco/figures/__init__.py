"""Figures of the telco room: what gateways counted, minute by minute, and how each operator carried out what it was ordered.

No number, nobody's call and no time finer than a minute is in them. Events out: none. Invariants: a minute of a gateway counts
once; an operator's figures are its own and the authority's.
"""
