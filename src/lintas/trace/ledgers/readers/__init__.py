"""Readers of ledgers: one file per layout, each giving checked transfers to a Collector; `trace.transfers` is the door."""
