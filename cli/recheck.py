"""`ntf recheck`: judge again what an older model judged, on NTF_DATABASE_URL."""

import click


@click.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1))
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1))
def command(days: int, limit: int) -> None:
    """Queue images of the last DAYS whose verdicts are not by the live model.

    They wait behind all other checks. Run it again, or by a timer, until it prints 0.
    """
    from cli.dead_letters import open_rows
    from scans.recheck import recheck_stale

    with open_rows() as sessions, sessions.begin() as session:
        click.echo(f"{recheck_stale(session, days=days, limit=limit)} checks are queued.")
