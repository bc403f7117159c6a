"""Deterministic simulation: the product's own code on a disk, a network and a clock that fail by seed."""
