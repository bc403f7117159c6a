"""Floor 5: people and machines that may use the node: officers, their sessions, and the API keys of banks and programs.

An *officer* has a login, a name, one role and an organisation ("" is the authority itself); a *session* is one browser or
program that signed in with password and code; a *key* is a long secret for a program. Events in and out: none; acts that make
or renew powers are entered in the ledger as commitments. Invariants: passwords, codes, keys, sessions and one-time addresses
are stored as hashes, the secret of a second factor sealed with a key outside the database; who is disabled, or waits for a
second administrator, is nobody at once; no two enabled officers have one name, because rules that ask for two people go by
names; whatever an administrator does to somebody's access stays readable for that person.
Legal notes: none of it is ever logged.
"""
