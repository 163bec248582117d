"""Every table, for the migrations and for tests that empty them."""

from scans import integration_tables, people_tables, request_tables, review_tables
from scans.tables import Table

__all__ = ["Table", "integration_tables", "people_tables", "request_tables", "review_tables"]
