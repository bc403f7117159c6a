"""Who said what: keys, sealed envelopes, receipts, the members' charter, and the two C2SP forms a ledger is made of.

The room is pure: it opens no socket, reads no clock and stores nothing, except that ``keys`` loads and saves a key file
when it is told the path. Time and the sender's order (epoch, seq, previous header) are passed in.

Events in and out: none. Questions asked: none.

Invariants:

- What is signed is a string of bytes that is kept as it was; nothing is written anew before it is verified.
- Everything that is signed names its own kind inside the signed bytes, so a receipt can never pass for an envelope.
- Verification returns what was verified, or raises ``Refused`` with a reason of its own; it never answers true or false.
- Replay, gaps in the sequence and second copies are not judged here: they need a memory, and the border has one.

Legal notes: a signature proves who said something and when, not that it is true. The commitments in an envelope are salted:
a ledger that holds them holds no personal data once salt and statement are deleted.
"""
