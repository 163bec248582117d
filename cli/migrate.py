"""`ntf migrate`: bring the database to the newest shape."""

import click


@click.command()
def command() -> None:
    """Run the migrations on NTF_DATABASE_URL."""
    from cli.bootstrap import migrate
    from scans.settings import load_settings

    migrate(load_settings().database_url)
    click.echo("The database is up to date.")
