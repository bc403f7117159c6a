"""The authority's book of lists: who proposed, approved and withdrew each entry, whose word it rests on, whom it was told."""
