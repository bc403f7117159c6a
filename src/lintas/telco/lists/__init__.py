"""Lists of numbers as a gateway holds them: a mapped base file, signed deltas over it, and what either says of a number."""
