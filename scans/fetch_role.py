"""The database role of the workers that fetch: whoever captures one must find little there.

The list below is all that the step `fetch` and the sweep do. A table or a column that is not in it
stays closed, those of later releases too.
"""

from psycopg import sql
from sqlalchemy import Connection, make_url, text

GRANTS = (
    "SELECT (id, tenant_id, url, image_sha256, status, due_at, attempts, run_after, lease_token, "
    "lease_until, created_at, request_id, traceparent, page_url, error_code, error_message, "
    "finished_at) ON checks",
    "UPDATE (status, image_sha256, attempts, run_after, lease_token, lease_until, fetched_at, "
    "error_code, error_message, finished_at) ON checks",
    "SELECT (sha256), INSERT, UPDATE ON images",
    "SELECT, INSERT, UPDATE ON fetched_urls",
    "SELECT, INSERT, UPDATE, DELETE ON host_turns",
    # To tell of a failure. A row can be locked only by who may write in one of its columns: the
    # moment of its making is one that nothing depends on.
    "SELECT (id, tenant_id, events), UPDATE (created_at) ON webhook_endpoints",
    "SELECT (id, created_at), INSERT ON webhook_events",
    "SELECT (id, attempts, next_attempt_at, created_at), INSERT ON webhook_deliveries",
)


def grant_fetch_role(connection: Connection, fetch_database_url: str) -> None:
    """Give the role in the address what fetching needs and take all else; make it if it is missing.

    The password of a role that there is already stays as it is. Run it after each migration.

    Raises:
        ValueError: the address names no user.
    """
    url = make_url(fetch_database_url)
    if not url.username:
        raise ValueError("NTF_FETCH_DATABASE_URL names no user.")
    role = sql.Identifier(url.username)
    known = text("SELECT 1 FROM pg_roles WHERE rolname = :name")
    statements = [
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role),
        *(sql.SQL("GRANT {} TO {}").format(sql.SQL(what), role) for what in GRANTS),
    ]
    if connection.scalar(known, {"name": url.username}) is None:
        password = sql.Literal(str(url.password or ""))
        statements.insert(0, sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
    cursor = connection.connection.cursor()
    for statement in statements:
        cursor.execute(statement)
