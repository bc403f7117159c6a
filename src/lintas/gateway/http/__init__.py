"""The HTTP face of verdicts: a protocol of its own on uvloop, since a call waits for each answer.

``connection`` reads requests and keeps its bounds, ``routes`` says what each means, ``answers`` writes, ``server`` runs them.
"""
