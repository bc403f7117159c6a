"""Floor 2: the database engine, the single writer with group commit, and migrations (SQLite here; PostgreSQL by address)."""
