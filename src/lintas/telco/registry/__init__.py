"""The registry of sender IDs at one authority: what its officers file, what peers say, what gateways get.

In: ``border.Admitted``. Out: the messages of ``lintas.model.senders``, and a signed list for gateways. Must always hold:
nothing is registered but by two officers and after ``names.claims.judge`` said ready; a peer changes nothing but what it said
itself; what was taken back leaves every list in the same commit. A registration names organisations, never persons.
"""
