"""What is asked of an index: where money went by each method, what to hold first, and whose it is."""
