"""Which connection another system's request comes from: by the secret that was made for it."""

from uuid import UUID

from flask import g, request

from api.problems import ConnectionRefused, TooManyRequests
from api.services import services
from scans.connections import recognise_connection
from scans.errors import ConnectionSecretWrong
from scans.integration_tables import Connection

HOW_TO = "Send this connection's secret, as docs/integrations/ says."


def require_connection(kind: str, connection_id: UUID | None = None) -> Connection:
    """The connection of this kind whose secret the request carries.

    The secret comes as a bearer token, or as the password of HTTP Basic (RFC 6750, RFC 7617).

    Raises:
        ConnectionRefused: no secret, or one of another connection, tenant or kind.
    """
    given = request.authorization
    secret = given.token or given.password if given is not None else None
    if not secret:
        raise ConnectionRefused(HOW_TO)
    try:
        with services().sessions.begin() as rows:
            return recognise_connection(rows, kind, secret, connection_id)
    except ConnectionSecretWrong as error:
        raise ConnectionRefused(f"{error} {HOW_TO}") from error


def spend_call(connection: Connection) -> None:
    """Count a call that makes work.

    Raises:
        TooManyRequests: the connection has none left in this minute.
    """
    limit = services().settings.requests_per_minute
    g.budget = services().rate_limits.spend(f"connection:{connection.id}", limit)
    if g.budget is not None and g.budget.is_spent:
        raise TooManyRequests(f"This connection may ask {limit} times a minute.")
