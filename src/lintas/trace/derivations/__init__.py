"""The lines of a trail that a court can redo by hand, for each method, and how people read them."""
