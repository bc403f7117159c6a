"""What a gateway fetches from its authority, lists, and what it brings to it, counts."""
