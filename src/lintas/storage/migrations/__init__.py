"""The forms that the database has had, in order; Alembic runs them."""
