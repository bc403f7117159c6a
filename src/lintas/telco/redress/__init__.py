"""Redress: every block has an id, a public page and a way to contest it, and undoing travels as far and as fast as doing.

Events out: none. Questions: the list's entries (``find``), and what takes one back (``withdraw``). Invariants: whoever listed an
entry never decides on an objection to it; the page of an id that was withdrawn and of one that never was are the same; who
objects stays at the authority where they did, only what they say travels to the authority that listed it.
"""
