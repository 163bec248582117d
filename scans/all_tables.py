"""Every table, for the migrations and for tests that empty them."""

from scans import people_tables
from scans.tables import Table

__all__ = ["Table", "people_tables"]
