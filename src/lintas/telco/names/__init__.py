"""Names that people meet in messages: web addresses, domains, sender IDs — checked, registered, exported to filters.

In: entries of the lists (``lintas.telco.records.Entry``). Out: a check that does not learn what was asked (``hashes``,
``wire``, ``inquiry``), a registry of sender IDs (``senders``, ``claims``) and files for resolvers and filters (``exports``).
Must always hold: a canonical form is its own canonical form; nothing that an entry says can begin a line of its own in an
export; no export names a public suffix or a host that strangers share.
"""
