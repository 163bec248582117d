"""Runs the migrations over one connection. Gives up waiting for a lock after four seconds.

A migration that waits for a lock makes every query behind it wait too; failing and being tried
again is the lesser evil.
"""

from alembic import context
from sqlalchemy import create_engine, pool, text

from scans.all_tables import Table

LOCK_TIMEOUT = "4s"


def run() -> None:
    """Run what is asked for on the database that `cli/migrate.py` or a test names."""
    url = context.config.get_main_option("sqlalchemy.url") or ""
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        context.configure(
            connection=connection, target_metadata=Table.metadata, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()


run()
