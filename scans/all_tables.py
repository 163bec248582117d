"""Every table, for the migrations and for tests that empty them."""

from scans import request_tables, review_tables
from scans.tables import Table

__all__ = ["Table", "request_tables", "review_tables"]
