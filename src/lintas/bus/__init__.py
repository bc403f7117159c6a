"""Floor 3: events inside the node and the outbox of what may leave it.

An event is past tense and stored with the change that caused it; each hearer handles it in a transaction of its own, once.
The outbox holds only what ``border.release`` has permitted; ``exchange`` empties it.
"""
