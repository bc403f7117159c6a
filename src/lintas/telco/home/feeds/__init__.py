"""Adapters between what an operator's network says and the changes that its table takes, each in a file of its own.

An adapter reads a number, what became of it, when, and for a call whom it goes to. Whatever else stands in an event (identity
in the network, country, cell, last contact) is dropped here.
"""
