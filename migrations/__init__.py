"""The database's history (Alembic). Every step works with the release that is running."""
