"""The door to the rows for `ntf admin`: what is refused becomes a line, not a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

tenant_option = click.option("--tenant", required=True, help="Name of the tenant.")


@contextmanager
def open_rows() -> "Iterator[Session]":
    """One transaction on NTF_DATABASE_URL."""
    from scans.database import open_sessions
    from scans.errors import ScanError
    from scans.settings import load_settings

    sessions = open_sessions(load_settings().database_url)
    try:
        with sessions.begin() as rows:
            yield rows
    except ScanError as error:
        raise click.ClickException(str(error)) from error
    finally:
        sessions.kw["bind"].dispose()
