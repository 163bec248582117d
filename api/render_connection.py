"""Connections and errands to the bodies that the API gives, and a request to what it wants."""

from api.connection_schemas import ConnectionBody, ConnectionRequest, ErrandBody
from scans.connections import WantedConnection
from scans.image_url import canonical_url
from scans.integration_tables import Connection, Errand

OPTIONS = {
    "mastodon": ("rule_id", "writes_notes", "when_away"),
    "ozone": ("identifier", "labeler_did", "when_away"),
    "matrix": ("refuses", "when_away"),
    "pict_rs": ("refuses",),
}
SECRETS = {
    "mastodon": ("access_token", "webhook_secret"),
    "ozone": ("app_password",),
    "matrix": ("access_token",),
    "pict_rs": (),
}
RECEIVERS = {
    "mastodon": "/integrations/mastodon/{id}",
    "ozone": "/xrpc/com.atproto.unspecced.reportBlob",
    "matrix": "/integrations/matrix/{id}",
    "pict_rs": "/integrations/pict-rs/{id}",
}


def read_wanted(body: ConnectionRequest) -> WantedConnection:
    """What of the request belongs to this kind.

    Raises:
        UrlNotCanonical: the address is none that can be called.
    """
    options = {name: getattr(body, name) for name in OPTIONS[body.kind]}
    return WantedConnection(
        kind=body.kind,
        address=canonical_url(body.address).rstrip("/") if body.address else None,
        options={name: value for name, value in options.items() if value is not None},
        secrets={name: getattr(body, name).get_secret_value() for name in SECRETS[body.kind]},
        has_own_secret=body.kind == "mastodon",
    )


def render_connection(connection: Connection) -> ConnectionBody:
    """A connection without its secrets."""
    return ConnectionBody(
        id=connection.id,
        kind=connection.kind,
        address=connection.address,
        options=connection.options,
        created_at=connection.created_at,
    )


def receiver_path(connection: Connection) -> str:
    """Where the other system calls us."""
    return RECEIVERS[connection.kind].format(id=connection.id)


def render_errand(errand: Errand) -> ErrandBody:
    """An errand as it stands."""
    ended = "done" if errand.done_at else "dead" if errand.dead_at else "waiting"
    return ErrandBody(
        id=errand.id,
        connection_id=errand.connection_id,
        external_id=errand.external_id,
        state=ended,
        attempts=errand.attempts,
        last_status=errand.last_status,
        last_error=errand.last_error,
        created_at=errand.created_at,
        done_at=errand.done_at,
        dead_at=errand.dead_at,
    )
