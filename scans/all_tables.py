"""Every table, for the migrations and for tests that empty them."""

from scans import (
    coop_tables,
    integration_tables,
    model_tables,
    people_tables,
    policy_tables,
    request_tables,
    review_tables,
)
from scans.tables import Table

__all__ = [
    "Table",
    "coop_tables",
    "integration_tables",
    "model_tables",
    "people_tables",
    "policy_tables",
    "request_tables",
    "review_tables",
]
