"""`ntf dead-letters`: what failed or was given up, with reasons, on NTF_DATABASE_URL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import click
from sqlalchemy.orm import Session, sessionmaker

if TYPE_CHECKING:
    from scans.integration_tables import Errand
    from scans.tables import WebhookDelivery

KIND = click.Choice(["checks", "deliveries", "errands"])


@click.group()
def command() -> None:
    """List what ended badly, and send it on its way again."""


@command.command("list")
@click.argument("kind", type=KIND)
@click.option("--reason", help="Only those with this error code.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1))
def list_letters(kind: str, reason: str | None, limit: int) -> None:
    """Print a line for each, the newest first: id, when, reason, about what."""
    from scans.dead_letters import list_dead_deliveries, list_dead_errands, list_failed_checks

    with open_rows() as sessions, sessions.begin() as session:
        if kind == "checks":
            for check in list_failed_checks(session, reason, limit):
                print_line(check.id, check.finished_at, check.error_code, check.subject)
        elif kind == "deliveries":
            for one in list_dead_deliveries(session, reason, limit):
                print_line(one.id, one.dead_at, describe_reason(one), one.event_id)
        else:
            for errand in list_dead_errands(session, reason, limit):
                about = f"{errand.connection.kind} {errand.external_id}"
                print_line(errand.id, errand.dead_at, describe_reason(errand), about)


def describe_reason(one: "WebhookDelivery | Errand") -> str:
    """The error's word, and what the other side answered, if it did."""
    return f"{one.last_error} {one.last_status}" if one.last_status else f"{one.last_error}"


@command.command("replay")
@click.argument("kind", type=KIND)
@click.argument("ids", type=click.UUID, nargs=-1, required=True)
def replay_letters(kind: str, ids: tuple[UUID, ...]) -> None:
    """Begin again with each of IDS; a worker finds them at its next sweep."""
    from scans.dead_letters import replay_check
    from scans.errands import replay_errand
    from scans.errors import ScanError
    from scans.webhook_deliveries import replay_delivery

    replays: dict[str, Callable[[Session, UUID], object]] = {
        "checks": replay_check,
        "deliveries": replay_delivery,
        "errands": replay_errand,
    }
    refused = 0
    with open_rows() as sessions:
        for one in ids:
            try:
                with sessions.begin() as session:
                    replays[kind](session, one)
            except ScanError as error:
                refused += 1
                click.echo(f"{one}: {error}", err=True)
    click.echo(f"{len(ids) - refused} of {len(ids)} begin again.")
    if refused:
        raise SystemExit(1)


@contextmanager
def open_rows() -> Iterator[sessionmaker[Session]]:
    """The database, until the command ends."""
    from scans.database import open_sessions
    from scans.settings import load_settings

    sessions = open_sessions(load_settings().database_url)
    try:
        yield sessions
    finally:
        sessions.kw["bind"].dispose()


def print_line(*fields: object) -> None:
    """Separated by tabs, for `cut` and `xargs`."""
    click.echo("\t".join(str(field) for field in fields))
