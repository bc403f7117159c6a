"""Floor 3: the transparency log in the C2SP formats, which tools that we did not write can verify off-line.

Events in and out: none; other rooms append inside their own transaction and the node publishes on a beat.
Questions answered: size, root, entry, inclusion and consistency proofs.
Invariants: entries are never changed or removed; one tree for one origin; a witness never cosigns a tree that does not
extend the last one it cosigned; a checkpoint is published after everything that it covers.
Legal notes: leaves hold salted commitments and pseudonyms, never personal data. Deleting a salt erases what it
covered while the tree stays valid. A log proves who said what and when, not that it is true.
"""
