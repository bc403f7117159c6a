"""Redress: every block has an id, a public page and a way to contest it, and undoing travels as far and as fast as doing.

Events out: none. Questions: the book's entries. Invariants: whoever listed an entry never decides on an objection to it; the
page of an id that was withdrawn and of one that never was are the same; who objects, and their words, stay at the authority
where they did.
"""
