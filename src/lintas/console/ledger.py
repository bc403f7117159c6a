"""The page of the ledger: how it stands, what has no receipt, what the members' ledgers show, and the proof of one entry."""

from lintas.http.routing import Route

LEDGER_PAGES: list[Route] = []
