"""The roaming repository on spoofing scams: lists are pushed to every gateway, state is asked of the home operator.

Nobody stores anybody's movements: there is no central table of who is where, only lists (do-not-originate, unallocated ranges,
numbers, URLs, domains, sender IDs, wallets) and questions that are answered ``pass``, ``fail`` or ``unknown``.
"""
