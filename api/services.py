"""What every request works with: made once for each process, found through the current app."""

from dataclasses import dataclass
from typing import cast

from flask import current_app
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session, sessionmaker

from scans.database import Reads, open_sessions
from scans.image_store import ImageStore
from scans.open_store import open_image_store
from scans.rate_limits import RateLimits
from scans.settings import Settings
from scans.traces import Traces, open_traces
from scans.wake import Waker
from scans.webhook_secrets import SecretBox

EXTENSION = "ntf"


@dataclass(frozen=True, slots=True)
class Services:
    """The doors out of the web process: rows, files, broker, counts, traces, signer of links."""

    settings: Settings
    sessions: sessionmaker[Session]
    reads: Reads
    store: ImageStore
    waker: Waker
    picture_signer: URLSafeTimedSerializer
    secret_box: SecretBox
    rate_limits: RateLimits
    traces: Traces


def open_services(settings: Settings) -> Services:
    """Make the doors; nothing is connected to before it is needed."""
    return Services(
        settings=settings,
        sessions=open_sessions(settings.database_url),
        reads=Reads(settings.database_url),
        store=open_image_store(settings),
        waker=Waker(settings.broker_url),
        picture_signer=URLSafeTimedSerializer(
            settings.secret_key.get_secret_value(), salt="pictures"
        ),
        secret_box=SecretBox(settings.secret_key.get_secret_value()),
        rate_limits=RateLimits(settings.broker_url),
        traces=open_traces(settings, "ntf-api"),
    )


def services() -> Services:
    """The services of the app that answers this request."""
    return cast(Services, current_app.extensions[EXTENSION])
