"""The CAMARA face of an operator: roaming status, SIM swap and number recycling over HTTP, opened by OAuth 2.0 clients.

What must hold: no number stands in a log, a counter or an address; a country is told only to a client whose profile allows
it, from a source that the operator configured for that; no answer tells when anybody crossed a border; a number that is
protected, one that is nobody's and one of another operator get the same answer.
"""
